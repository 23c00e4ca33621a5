/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/copies.c - a model of the slots: copies made, connected, let go
 *
 * Acts on slots are carried out one after the other, and all others wait for
 * them, but those that end everything.  A copy that is being filled holds
 * nothing of use until it is through; then it is equal.  Left out: what a fill
 * costs, and that it may go on where it was cut.
 */
#include <string.h>

#include "tests/sim/sim.h"

struct slot_work {
	unsigned int node;
	unsigned int guest;
	uint64_t life;
	uint64_t incarnation;
	uint64_t voids;
	uint64_t fill;
	struct sim_slot_act what;
};

struct sim_slot *
sim_slot_of(struct sim_vm *vm, uint32_t node)
{
	for (int k = 0; node && k < HAM_MAX_SLOTS; k++)
		if (vm->slot[k].node == node)
			return &vm->slot[k];
	return NULL;
}

static struct sim_slot *
slot_for(struct sim_vm *vm, uint32_t node)
{
	struct sim_slot *slot = sim_slot_of(vm, node);

	for (int k = 0; !slot && k < HAM_MAX_SLOTS; k++)
		if (vm->slot[k].node == 0)
			slot = &vm->slot[k];
	return slot;
}

bool
sim_slot_connect(struct sim *sim, unsigned int i, unsigned int g, uint32_t node,
		 bool next)
{
	const struct sim_vm *other = &sim->node[node - 1].vm[g];
	struct sim_slot *slot = slot_for(&sim->node[i].vm[g], node);
	uint64_t qsd = next ? other->qsd_next : other->qsd;

	if (!slot || qsd == 0 || !sim_data(sim, i, node - 1))
		return false;
	*slot = (struct sim_slot){.node = node, .qsd = qsd};
	return true;
}

void
sim_slots_keep(struct sim_vm *vm, const struct ham_blob *ids)
{
	for (int k = 0; k < HAM_MAX_SLOTS; k++) {
		bool stays = false;

		for (uint16_t at = 3; at < ids->len; at += 4)
			stays = stays || ids->bytes[at] == vm->slot[k].node;
		if (!stays)
			vm->slot[k] = (struct sim_slot){0};
	}
}

/* ---- acts ---- */

static void
go_on(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	if (vm->q == SIM_Q_IO_ERROR)
		vm->q = SIM_Q_RUNNING;
	if (vm->q == SIM_Q_RUNNING && vm->write)
		sim_try_write(sim, i, g);
}

static void
drop(struct sim *sim, const struct slot_work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	struct sim_slot *slot = sim_slot_of(vm, w->what.node);

	if (slot)
		*slot = (struct sim_slot){0};
	go_on(sim, w->node, w->guest);
	sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SLOT_DROPPED, true,
		      w->what.node, 0);
}

static void
set(struct sim *sim, const struct slot_work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	struct sim_slot *slot = sim_slot_of(vm, w->what.node);
	/* the same daemon is refused: replica.c, set_cut() */
	bool ok = slot &&
		  slot->qsd != sim->node[w->what.node - 1].vm[w->guest].qsd &&
		  !sim_once_act(sim, w->node, w->guest, w->what.act) &&
		  sim_slot_connect(sim, w->node, w->guest, w->what.node, false);

	if (ok)
		go_on(sim, w->node, w->guest);
	sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SLOT_SET, ok,
		      w->what.node, 0);
}

/* Told as done, as certainly not done, or neither; and seen by the guest or
 * not. */
static void
grow(struct sim *sim, const struct slot_work *w)
{
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(sim->node[w->node].core),
				  sim->guest[w->guest].name);
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	bool fails = sim_once_act(sim, w->node, w->guest, w->what.act) ||
		     vm->q == SIM_Q_NONE ||
		     sim_chance(sim, 3 * sim->rates.act_fails);
	bool seen = vm->q != SIM_Q_NONE && (!fails || sim_chance(sim, 3000));

	for (int k = 0; k < HAM_MAX_SLOTS; k++)
		if (vm->slot[k].node)
			sim_fail(sim,
				 "n%u %s: its disk grows, and not that on "
				 "n%u",
				 w->node + 1, sim->guest[w->guest].name,
				 vm->slot[k].node);
	if (seen && guest && guest->grow_size) {
		sim_disk_of(sim, w->node, w->guest)->size[guest->grow_disk] =
			guest->grow_size;
		vm->size[guest->grow_disk] = guest->grow_size;
		sim_see_disks(sim, w->node, w->guest);
	}
	sim_vm_resized(sim, w->node, w->guest, !fails,
		       !seen && sim_chance(sim, 5000));
}

/* A new hamd calls it off, or the node is off. */
static bool
is_void(const struct sim *sim, const struct slot_work *w)
{
	const struct sim_node *node = &sim->node[w->node];

	return node->life != w->life || !node->hamd ||
	       node->incarnation != w->incarnation;
}

static void
filled(struct sim *sim, void *data)
{
	struct slot_work *w = data;
	struct sim_node *node = &sim->node[w->node];
	struct sim_vm *vm = &node->vm[w->guest];
	struct sim_node *to = &sim->node[w->what.node - 1];
	struct sim_slot *slot = sim_slot_of(vm, w->what.node);

	if (is_void(sim, w) || !slot || slot->fill != w->fill)
		return;
	if (sim_hamd_hung(sim, w->node) || node->frozen ||
	    vm->drop_at > sim->now_us) {
		sim_at(sim, 50 * SIM_MS, filled, g_memdup2(w, sizeof(*w)));
		return;
	}
	if (!sim_data(sim, w->node, w->what.node - 1) ||
	    to->vm[w->guest].qsd != slot->qsd ||
	    (vm->q != SIM_Q_RUNNING && !vm->cold) ||
	    sim_chance(sim, sim->rates.act_fails)) {
		*slot = (struct sim_slot){0};
		sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SLOT_FILL_FAILED,
			      false, w->what.node, 0);
		return;
	}
	*sim_disk_of(sim, w->what.node - 1, w->guest) =
		*sim_disk_of(sim, w->node, w->guest);
	slot->filling = false;
	sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SLOT_FILLED, true,
		      w->what.node, 0);
}

static void
fill(struct sim *sim, const struct slot_work *w)
{
	struct slot_work *next;
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	struct sim_slot *slot;

	if (vm->q == SIM_Q_NONE || sim_slot_of(vm, w->what.node) ||
	    sim_once_act(sim, w->node, w->guest, w->what.act) ||
	    !sim_slot_connect(sim, w->node, w->guest, w->what.node, false)) {
		sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SLOT_FILL_FAILED,
			      false, w->what.node, 0);
		return;
	}
	slot = sim_slot_of(vm, w->what.node);
	slot->filling = true;
	slot->fill = ++sim->next_fill;
	sim_disk_of(sim, w->what.node - 1, w->guest)->hole = true;
	next = g_memdup2(w, sizeof(*w));
	next->fill = slot->fill;
	sim_at(sim, sim_between(sim, 50 * SIM_MS, 1500 * SIM_MS), filled, next);
}

static void begin_next(struct sim *sim, unsigned int i, unsigned int g);

static void
go(struct sim *sim, void *data)
{
	struct slot_work *w = data;
	struct sim_node *node = &sim->node[w->node];
	struct sim_vm *vm = &node->vm[w->guest];

	if (is_void(sim, w) || vm->voids != w->voids)
		return;
	if (sim_hamd_hung(sim, w->node) || node->frozen) {
		vm->drop_at = sim->now_us + 51 * SIM_MS;
		sim_at(sim, 50 * SIM_MS, go, g_memdup2(w, sizeof(*w)));
		return;
	}
	memmove(vm->slot_act, vm->slot_act + 1,
		sizeof(vm->slot_act) - sizeof(vm->slot_act[0]));
	memset(&vm->slot_act[G_N_ELEMENTS(vm->slot_act) - 1], 0,
	       sizeof(vm->slot_act[0]));
	vm->drop_at = 0;
	if (w->what.act == HAM_DO_SLOT_DROP)
		drop(sim, w);
	else if (w->what.act == HAM_DO_SLOT_SET)
		set(sim, w);
	else if (w->what.act == HAM_DO_RESIZE)
		grow(sim, w);
	else
		fill(sim, w);
	if (vm->drop_at <= sim->now_us && vm->slot_act[0].act)
		begin_next(sim, w->node, w->guest);
}

static void
begin_next(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct slot_work w = {.node = i,
			      .guest = g,
			      .life = sim->node[i].life,
			      .incarnation = sim->node[i].incarnation,
			      .voids = vm->voids,
			      .what = vm->slot_act[0]};
	int64_t after_us = sim_between(sim, 2 * SIM_MS, 20 * SIM_MS);

	if (sim_chance(sim, sim->rates.slow))
		after_us *= 20;
	if (sim_once_slow(sim, i, g, w.what.act))
		after_us = 5 * SIM_S;
	vm->drop_at = sim->now_us + after_us;
	sim_at(sim, after_us, go, g_memdup2(&w, sizeof(w)));
}

static void
verified(struct sim *sim, void *data)
{
	const struct slot_work *w = data;
	struct sim_node *node = &sim->node[w->node];
	struct sim_vm *vm = &node->vm[w->guest];
	const struct sim_disk *mine = sim_disk_of(sim, w->node, w->guest);
	const struct sim_disk *theirs =
		sim_disk_of(sim, w->what.node - 1, w->guest);
	struct sim_slot *slot = sim_slot_of(vm, w->what.node);

	if (is_void(sim, w) || vm->q == SIM_Q_NONE)
		return;
	/* a migration has ended it: the guest may be writing elsewhere */
	if (vm->q != SIM_Q_RUNNING && vm->q != SIM_Q_IO_ERROR)
		slot = NULL;
	if (slot && !slot->filling && !slot->bad && !vm->write &&
	    (theirs->hole || theirs->writes != mine->writes))
		sim_fail(sim, "n%u %s: the copy on n%u is not the same",
			 w->node + 1, sim->guest[w->guest].name, w->what.node);
	sim_vm_did_of(sim, w->node, w->guest, HAM_DID_VERIFIED, slot != NULL,
		      w->what.node, 0);
}

void
sim_verify(struct sim *sim, unsigned int i, unsigned int g, uint32_t node)
{
	struct slot_work w = {.node = i,
			      .guest = g,
			      .life = sim->node[i].life,
			      .incarnation = sim->node[i].incarnation,
			      .what = {HAM_DO_VERIFY, node}};

	sim_at(sim, sim_between(sim, 10 * SIM_MS, 800 * SIM_MS), verified,
	       g_memdup2(&w, sizeof(w)));
}

bool
sim_is_slot_act(uint8_t act)
{
	return act == HAM_DO_SLOT_DROP || act == HAM_DO_SLOT_SET ||
	       act == HAM_DO_SLOT_FILL || act == HAM_DO_RESIZE;
}

void
sim_slot_do(struct sim *sim, unsigned int i, unsigned int g,
	    const struct ham_effect *fx)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	unsigned int k = 0;

	sim_say(sim, "n%u %s do %s n%u", i + 1, fx->guest, ham_do_name(fx->act),
		fx->node);
	sim_moment(sim, i, SIM_ON_DO + fx->act);
	while (k < G_N_ELEMENTS(vm->slot_act) && vm->slot_act[k].act)
		k++;
	if (k == G_N_ELEMENTS(vm->slot_act)) {
		sim_fail(sim, "n%u %s: more acts on slots than slots", i + 1,
			 fx->guest);
		return;
	}
	vm->slot_act[k] = (struct sim_slot_act){fx->act, fx->node};
	if (k == 0)
		begin_next(sim, i, g);
}

/* As guests.c, make_void(): the core asks again. */
void
sim_slot_void(struct sim *sim, unsigned int i, unsigned int g)
{
	static const enum ham_did answers[HAM_DO_N] = {
		[HAM_DO_SLOT_DROP] = HAM_DID_SLOT_DROPPED,
		[HAM_DO_SLOT_SET] = HAM_DID_SLOT_SET,
		[HAM_DO_RESIZE] = HAM_DID_RESIZED,
		[HAM_DO_SLOT_FILL] = HAM_DID_SLOT_FILL_FAILED,
	};
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct sim_slot_act was[G_N_ELEMENTS(vm->slot_act)];

	memcpy(was, vm->slot_act, sizeof(was));
	memset(vm->slot_act, 0, sizeof(vm->slot_act));
	vm->drop_at = 0;
	vm->voids++;
	for (unsigned int k = 0; k < G_N_ELEMENTS(was) && was[k].act; k++)
		sim_vm_did_of(sim, i, g, answers[was[k].act], false,
			      was[k].node, 0);
}
