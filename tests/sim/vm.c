/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/vm.c - a model of hamd/guest/: what is asked of QEMU and daemons
 *
 * Each act takes its time and may fail; a step between may be the last one of
 * a hamd.  Frozen guests answer nothing, but can be ended.
 */
#include <string.h>

#include "tests/sim/sim.h"

struct work {
	unsigned int node;
	unsigned int guest;
	uint64_t life;
	uint64_t work;
	unsigned int stage;
	uint8_t act;
	bool flag;
	uint32_t target;
	uint64_t epoch;
	uint64_t txn;
	uint32_t peer; /* of the blob */
	bool peer_replica;
	uint64_t generation;
	struct ham_blob blob;
};

static struct sim_vm *
vm_at(struct sim *sim, uint32_t id, unsigned int g)
{
	return &sim->node[id - 1].vm[g];
}

static void
did(struct sim *sim, const struct work *w, enum ham_did what, bool flag)
{
	sim_vm_did(sim, w->node, w->guest, what, flag, w->flag);
}

/* vCPUs are about to go on with this image. */
static void
run_image(struct sim *sim, const struct work *w, const char *how)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	const struct sim_disk *disk = sim_disk_of(sim, w->node, w->guest);
	struct sim_guest *guest = &sim->guest[w->guest];

	if (vm->cold)
		sim_fail(sim, "%s %s on n%u, and was to be moved only",
			 guest->name, how, w->node + 1);
	if (vm->image != guest->written)
		sim_fail(sim,
			 "I2: %s %s on n%u with an image of write "
			 "%" G_GUINT64_FORMAT ", but write %" G_GUINT64_FORMAT
			 " was tried since",
			 guest->name, how, w->node + 1, vm->image,
			 guest->written);
	if (disk->hole || disk->fork != guest->fork ||
	    disk->writes < guest->acked)
		sim_fail(sim,
			 "I3: %s %s on n%u, whose disk has %" G_GUINT64_FORMAT
			 "%s of %" G_GUINT64_FORMAT " acknowledged writes",
			 guest->name, how, w->node + 1, disk->writes,
			 disk->hole		     ? " (with a hole)"
			 : disk->fork != guest->fork ? " (of before a FORCE)"
						     : "",
			 guest->acked);
	vm->q = SIM_Q_RUNNING;
	vm->role = SIM_ROLE_OWNER;
	vm->epoch = w->epoch;
	sim_see_disks(sim, w->node, w->guest);
	sim_say(sim, "n%u %s runs (%s)", w->node + 1, guest->name, how);
}

/* ---- acts, stage by stage ---- */

static void go(struct sim *sim, void *data);

static void
later(struct sim *sim, const struct work *w, int64_t min_us, int64_t max_us)
{
	struct work *next = g_memdup2(w, sizeof(*w));
	int64_t after_us = sim_between(sim, min_us, max_us);

	next->stage++;
	if (sim_chance(sim, sim->rates.slow))
		after_us *= 20;
	sim_at(sim, after_us, go, next);
}

static bool
fails(struct sim *sim, const struct work *w)
{
	return sim_once_act(sim, w->node, w->guest, w->act) ||
	       sim_chance(sim, sim->rates.act_fails);
}

/* Each node that the blob names; `first_only`: the source's idle disk is served
 * as it is, the others at the epoch to come.  0: all are connected, else who
 * is not. */
static uint32_t
connect_all(struct sim *sim, const struct work *w, bool launch)
{
	bool first = true;
	uint32_t failed = 0;

	for (uint16_t at = 0; at < w->blob.len; at++) {
		uint32_t node = w->blob.bytes[at];

		if (!sim_slot_connect(sim, w->node, w->guest, node,
				      !first && !launch))
			failed = node;
		first = false;
		while (at < w->blob.len && w->blob.bytes[at] != '\n')
			at++;
	}
	return failed;
}

static void
go_launch(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	uint32_t unconnected;

	if (sim_once_act(sim, w->node, w->guest, w->act)) {
		did(sim, w, HAM_DID_LAUNCH_FAILED, true);
		return;
	}
	if (sim_chance(sim, sim->rates.act_fails)) {
		did(sim, w, HAM_DID_LAUNCH_FAILED, sim_chance(sim, 5000));
		return;
	}
	*vm = (struct sim_vm){.work = vm->work, .voids = vm->voids};
	sim_disk_forced(sim, w->node, w->guest);
	sim_open_disks(sim, w->node, w->guest);
	unconnected = connect_all(sim, w, true);
	if (unconnected) {
		memset(vm->slot, 0, sizeof(vm->slot));
		sim_vm_did_of(sim, w->node, w->guest, HAM_DID_LAUNCH_FAILED,
			      true, unconnected, w->epoch);
		return;
	}
	if (w->flag) { /* cold: paused for good */
		vm->cold = true;
		vm->q = SIM_Q_PAUSED;
		vm->role = SIM_ROLE_OWNER;
		vm->epoch = w->epoch;
		vm->txn = w->txn;
		did(sim, w, HAM_DID_LAUNCHED, false);
		return;
	}
	sim_check_boot(sim, w->node, w->guest);
	vm->image = sim_disk_of(sim, w->node, w->guest)->writes;
	/* what was tried and not acknowledged may be gone */
	sim->guest[w->guest].written = vm->image;
	run_image(sim, w, "boots");
	did(sim, w, HAM_DID_LAUNCHED, false);
}

static void
go_end(struct sim *sim, struct work *w, enum ham_did what)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (w->act == HAM_DO_SHUTDOWN && vm->write) {
		/* no guest powers off before its disks have answered */
		w->stage--;
		later(sim, w, 100 * SIM_MS, 100 * SIM_MS);
		return;
	}
	*vm = (struct sim_vm){.work = vm->work, .voids = vm->voids};
	did(sim, w, what, w->act == HAM_DO_SHUTDOWN);
}

static void
go_prepare(struct sim *sim, struct work *w)
{
	struct sim_node *node = &sim->node[w->node];
	struct sim_vm *vm = &node->vm[w->guest];

	if (fails(sim, w) || sim_disks_ahead(sim, w->node, w->guest)) {
		did(sim, w, HAM_DID_PREPARE_FAILED, w->flag && vm->qsd);
		return;
	}
	sim_open_disks(sim, w->node, w->guest);
	vm->cold = false;
	vm->q = SIM_Q_INCOMING;
	vm->role = SIM_ROLE_INCOMING;
	vm->epoch = w->epoch;
	vm->txn = w->txn;
	memset(vm->slot, 0, sizeof(vm->slot));
	vm->qsd_next = 0;
	if (!w->flag) {
		vm->qsd = ++sim->next_qsd;
		vm->qsd_active = true;
	}
	did(sim, w, HAM_DID_PREPARED, false);
}

static void
go_copy(struct sim *sim, struct work *w)
{
	struct sim_node *node = &sim->node[w->node];
	struct sim_vm *vm = &node->vm[w->guest];
	struct sim_vm *dst = vm_at(sim, w->target, w->guest);
	bool there = sim_data(sim, w->node, w->target - 1) &&
		     dst->q == SIM_Q_INCOMING;

	switch (w->stage) {
	case 1:
		vm->qsd = ++sim->next_qsd;
		vm->qsd_active = false;
		vm->txn = w->txn;
		vm->mirror = w->peer_replica && sim_slot_of(vm, w->target)
				     ? 0
				     : w->target;
		vm->mirror_qsd = dst->qsd;
		vm->mirror_ready = vm->mirror_broken = false;
		/* from here on it is written to, and only from here on */
		if (vm->mirror && there && !w->peer_replica &&
		    !(sim->plan->common >> w->guest & 1))
			sim_disk_of(sim, w->target - 1, w->guest)->hole = true;
		later(sim, w, 200 * SIM_MS, 1500 * SIM_MS);
		did(sim, w, HAM_DID_OFFERED, false);
		return;
	case 2:
		if (!there || fails(sim, w) || vm->mirror_broken ||
		    (vm->mirror && w->peer_replica) ||
		    (vm->mirror && dst->qsd != vm->mirror_qsd)) {
			did(sim, w, HAM_DID_COPY_FAILED, false);
			return;
		}
		if (vm->mirror) {
			*sim_disk_of(sim, w->target - 1, w->guest) =
				*sim_disk_of(sim, w->node, w->guest);
			vm->mirror_ready = true;
		}
		later(sim, w, 40 * SIM_MS, 40 * SIM_MS);
		/* forced it goes all the same, if it is still asked to */
		if (sim_chance(sim, sim->rates.limits))
			did(sim, w, HAM_DID_LIMIT, false);
		did(sim, w, HAM_DID_GATE, false);
		return;
	default: /* watched until it is replaced */
		if (!there || vm->mirror_broken) {
			did(sim, w, HAM_DID_COPY_FAILED, false);
			return;
		}
		later(sim, w, 40 * SIM_MS, 40 * SIM_MS);
	}
}

static void
go_undo(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (w->stage == 1) {
		w->flag = vm->q == SIM_Q_RUNNING;
		if (vm->mirror && vm->q == SIM_Q_RUNNING)
			vm->q = SIM_Q_PAUSED;
		later(sim, w, 2 * SIM_MS, 20 * SIM_MS);
		return;
	}
	vm->mirror = 0;
	vm->qsd = 0;
	if (w->flag && vm->q == SIM_Q_PAUSED)
		vm->q = SIM_Q_RUNNING;
	did(sim, w, HAM_DID_UNDONE, true);
}

struct guard {
	unsigned int node;
	unsigned int guest;
	uint64_t life;
};

static void
guard(struct sim *sim, void *data)
{
	const struct guard *g = data;

	if (sim->node[g->node].life == g->life &&
	    !sim_defer(sim, g->node, guard, g, sizeof(*g)))
		sim_vm_kill_qemu(sim, g->node, g->guest);
}

/* Nobody asked it to: the guest layer sees RESUME and ends it (F44). */
static void
resume_by_itself(struct sim *sim, const struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	struct guard g = {w->node, w->guest, w->life};

	sim_say(sim, "n%u %s: QEMU goes on by itself", w->node + 1,
		sim->guest[w->guest].name);
	vm->q = SIM_Q_RUNNING;
	sim_at(sim, sim_between(sim, SIM_MS, 10 * SIM_MS), guard,
	       g_memdup2(&g, sizeof(g)));
}

static void
overdue(struct sim *sim, void *data)
{
	struct work *w = data;

	if (sim->node[w->node].life == w->life &&
	    !sim_defer(sim, w->node, overdue, w, sizeof(*w)))
		did(sim, w, HAM_DID_OVERDUE, false);
}

/* max_pause passes, maybe long after the guest is gone. */
static void
may_take_too_long(struct sim *sim, const struct work *w)
{
	if (sim_chance(sim, sim->rates.overdue))
		sim_at(sim, sim_between(sim, SIM_MS, 150 * SIM_MS), overdue,
		       g_memdup2(w, sizeof(*w)));
}

static void
go_capture(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	struct sim_vm *dst = vm_at(sim, w->target, w->guest);

	switch (w->stage) {
	case 1:
		if (sim_write_hangs(sim, w->node, w->guest)) {
			w->stage--;
			later(sim, w, 50 * SIM_MS, 50 * SIM_MS);
			return;
		}
		vm->q = SIM_Q_PAUSED;
		may_take_too_long(sim, w);
		later(sim, w, 2 * SIM_MS, 12 * SIM_MS);
		return;
	case 2:
		if (sim_chance(sim, sim->rates.resumes)) {
			resume_by_itself(sim, w);
			return;
		}
		if (fails(sim, w) || (vm->mirror && vm->mirror_broken)) {
			did(sim, w, HAM_DID_CAPTURE_FAILED, false);
			return;
		}
		vm->role = SIM_ROLE_SOURCE;
		vm->mirror = 0;
		vm->qsd_active = vm->qsd != 0;
		later(sim, w, 4 * SIM_MS, 40 * SIM_MS);
		did(sim, w, HAM_DID_DRAINED, false);
		return;
	default:
		if (!sim_data(sim, w->node, w->target - 1)) {
			later(sim, w, 100 * SIM_MS, 100 * SIM_MS);
			return;
		}
		if (dst->q != SIM_Q_INCOMING || fails(sim, w) || vm->qsd == 0) {
			did(sim, w, HAM_DID_CAPTURE_FAILED, false);
			return;
		}
		dst->q = SIM_Q_WHOLE;
		dst->image = vm->image;
		dst->write = vm->write;
		did(sim, w, HAM_DID_CAPTURED, false);
	}
}

static void
go_run(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (sim_once_act(sim, w->node, w->guest, w->act)) {
		did(sim, w, HAM_DID_RUN_FAILED, true);
		return;
	}
	if (fails(sim, w) || vm->q != SIM_Q_WHOLE) {
		/* now and then it can't be told whether it ran */
		did(sim, w, HAM_DID_RUN_FAILED, sim_chance(sim, 7000));
		return;
	}
	sim_slots_keep(vm, &w->blob);
	vm->qsd = 0;
	run_image(sim, w, "is taken over");
	did(sim, w, HAM_DID_RAN, false);
}

static void
go_halt(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (w->stage == 1 && sim_write_hangs(sim, w->node, w->guest)) {
		later(sim, w, 1000 * SIM_MS, 1000 * SIM_MS);
		return;
	}
	for (int k = 0; k < HAM_MAX_SLOTS; k++)
		if (sim_write_hangs(sim, w->node, w->guest) &&
		    vm->slot[k].node && !vm->slot[k].filling &&
		    !sim_data(sim, w->node, vm->slot[k].node - 1))
			sim_slot_refused(sim, w->node, w->guest, &vm->slot[k]);
	if (vm->q != SIM_Q_NONE)
		vm->q = SIM_Q_PAUSED;
	vm->mirror = 0;
	vm->qsd = 0;
	vm->role = SIM_ROLE_SOURCE;
	did(sim, w, HAM_DID_HALTED, vm->q != SIM_Q_NONE);
}

static void
go_resume(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (fails(sim, w) || vm->q != SIM_Q_PAUSED) {
		did(sim, w, HAM_DID_RESUME_FAILED, false);
		return;
	}
	vm->qsd = 0;
	sim_slots_keep(vm, &w->blob);
	run_image(sim, w, "goes on");
	did(sim, w, HAM_DID_RESUMED, false);
}

static void
go_discard(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	vm->q = SIM_Q_NONE;
	if (w->flag && vm->qsd) {
		vm->qsd_active = true;
		vm->role = SIM_ROLE_REPLICA;
		vm->epoch--;
	} else {
		*vm = (struct sim_vm){.work = vm->work, .voids = vm->voids};
	}
	did(sim, w, HAM_DID_DISCARDED, vm->qsd != 0);
}

static void
go_wire(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	const struct sim_vm *src = vm_at(sim, w->peer, w->guest);

	if (fails(sim, w) || !sim_data(sim, w->node, w->peer - 1) ||
	    src->qsd == 0) {
		did(sim, w, HAM_DID_TAKEOVER_FAILED, false);
		return;
	}
	memset(vm->slot, 0, sizeof(vm->slot));
	(void)connect_all(sim, w, false);
	did(sim, w, HAM_DID_WIRED, false);
}

static void
go_serve(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];
	bool next = vm->qsd != 0 && vm->role == SIM_ROLE_REPLICA &&
		    vm->epoch + 1 == w->epoch;

	if (fails(sim, w)) {
		sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SERVE_FAILED,
			      false, 0, w->epoch);
		return;
	}
	if (next) {
		vm->qsd_next = ++sim->next_qsd;
	} else {
		*vm = (struct sim_vm){.work = vm->work, .voids = vm->voids};
		sim_open_disks(sim, w->node, w->guest);
		vm->qsd = ++sim->next_qsd;
		vm->qsd_active = true;
		vm->role = SIM_ROLE_REPLICA;
		vm->epoch = w->epoch;
		vm->txn = w->txn;
	}
	vm->generation = w->generation;
	sim_vm_did_of(sim, w->node, w->guest, HAM_DID_SERVED, false, 0,
		      w->epoch);
}

static void
go_narrow(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	if (w->epoch != vm->epoch) {
		vm->qsd = vm->qsd_next;
		vm->epoch = w->epoch;
	}
	vm->qsd_next = 0;
	if (vm->qsd == 0) { /* the daemon died meanwhile */
		go_end(sim, w, HAM_DID_CLOSED);
		return;
	}
	did(sim, w, HAM_DID_NARROWED, false);
}

static void
go_other(struct sim *sim, struct work *w)
{
	struct sim_vm *vm = &sim->node[w->node].vm[w->guest];

	switch (w->act) {
	case HAM_DO_RELEASE:
		vm->qsd_active = false;
		break;
	case HAM_DO_TAKEOVER:
		if (fails(sim, w) || vm->q != SIM_Q_WHOLE) {
			did(sim, w, HAM_DID_TAKEOVER_FAILED, false);
			break;
		}
		vm->role = SIM_ROLE_HELD;
		did(sim, w, HAM_DID_HELD, false);
		break;
	case HAM_DO_SILENCE:
		did(sim, w, HAM_DID_SILENCED, false);
		break;
	case HAM_DO_FINISH:
		vm->q = SIM_Q_NONE;
		vm->role = SIM_ROLE_REPLICA;
		vm->epoch++;
		memset(vm->slot, 0, sizeof(vm->slot));
		vm->write = 0;
		did(sim, w, HAM_DID_FINISHED, vm->qsd != 0);
		break;
	case HAM_DO_LOOK:
		did(sim, w, HAM_DID_LOOKED, !fails(sim, w));
		break;
	case HAM_DO_SERVE:
		go_serve(sim, w);
		break;
	case HAM_DO_NARROW:
		go_narrow(sim, w);
		break;
	case HAM_DO_RETRY:
		if (vm->q == SIM_Q_IO_ERROR) {
			vm->q = SIM_Q_RUNNING;
			sim_try_write(sim, w->node, w->guest);
		}
		break;
	default:
		sim_fail(sim, "the model does not know act %d", w->act);
	}
}

static bool
needs_qemu(uint8_t act)
{
	return act != HAM_DO_KILL && act != HAM_DO_DISCARD &&
	       act != HAM_DO_CLOSE && act != HAM_DO_LAUNCH &&
	       act != HAM_DO_PREPARE && act != HAM_DO_LOOK &&
	       act != HAM_DO_SERVE && act != HAM_DO_NARROW;
}

static bool
stands_still(const struct sim *sim, const struct work *w)
{
	return sim_hamd_hung(sim, w->node) ||
	       (sim->node[w->node].frozen && needs_qemu(w->act));
}

static void
go(struct sim *sim, void *data)
{
	struct work *w = data;
	const struct sim_node *node = &sim->node[w->node];

	if (node->life != w->life || !node->hamd ||
	    node->vm[w->guest].work != w->work)
		return;
	if (stands_still(sim, w)) {
		sim_at(sim, 50 * SIM_MS, go, g_memdup2(w, sizeof(*w)));
		return;
	}
	switch (w->act) {
	case HAM_DO_LAUNCH:
		go_launch(sim, w);
		break;
	case HAM_DO_SHUTDOWN:
	case HAM_DO_KILL:
		go_end(sim, w, HAM_DID_GONE);
		break;
	case HAM_DO_CLOSE:
		go_end(sim, w, HAM_DID_CLOSED);
		break;
	case HAM_DO_PREPARE:
		go_prepare(sim, w);
		break;
	case HAM_DO_COPY:
		go_copy(sim, w);
		break;
	case HAM_DO_UNDO:
		go_undo(sim, w);
		break;
	case HAM_DO_CAPTURE:
		go_capture(sim, w);
		break;
	case HAM_DO_RUN:
		go_run(sim, w);
		break;
	case HAM_DO_HALT:
		go_halt(sim, w);
		break;
	case HAM_DO_RESUME:
		go_resume(sim, w);
		break;
	case HAM_DO_DISCARD:
		go_discard(sim, w);
		break;
	case HAM_DO_WIRE:
		go_wire(sim, w);
		break;
	default:
		go_other(sim, w);
	}
}

/* How long each act takes to its first effect, ms. */
static const struct {
	int64_t min, max;
} takes[HAM_DO_N] = {
	[HAM_DO_LAUNCH] = {60, 300},  [HAM_DO_SHUTDOWN] = {100, 2000},
	[HAM_DO_KILL] = {5, 60},      [HAM_DO_PREPARE] = {50, 250},
	[HAM_DO_COPY] = {20, 60},     [HAM_DO_UNDO] = {5, 60},
	[HAM_DO_CAPTURE] = {20, 150}, [HAM_DO_HALT] = {5, 60},
	[HAM_DO_SILENCE] = {1, 4},    [HAM_DO_RESUME] = {5, 30},
	[HAM_DO_FINISH] = {5, 100},   [HAM_DO_WIRE] = {2, 20},
	[HAM_DO_RELEASE] = {1, 3},    [HAM_DO_TAKEOVER] = {1, 3},
	[HAM_DO_RUN] = {2, 8},	      [HAM_DO_DISCARD] = {5, 60},
	[HAM_DO_CLOSE] = {5, 60},     [HAM_DO_RETRY] = {1, 5},
	[HAM_DO_LOOK] = {1, 10},      [HAM_DO_SERVE] = {20, 150},
	[HAM_DO_NARROW] = {2, 20},
};

static bool
replaces(uint8_t act)
{
	return act != HAM_DO_TAKEOVER && act != HAM_DO_RETRY &&
	       act != HAM_DO_SHUTDOWN && act != HAM_DO_WIRE;
}

/* As guests.c: what holds the guest's writes is ended first, unless all is. */
static bool
overtakes_drop(uint8_t act)
{
	return act == HAM_DO_KILL || act == HAM_DO_DISCARD ||
	       act == HAM_DO_HALT;
}

struct deferred {
	unsigned int node;
	unsigned int guest;
	uint64_t incarnation;
	uint64_t voids;
	struct ham_effect fx;
};

static void
do_deferred(struct sim *sim, void *data)
{
	struct deferred *d = data;
	const struct sim_node *node = &sim->node[d->node];

	if (node->hamd && node->incarnation == d->incarnation &&
	    node->vm[d->guest].voids == d->voids)
		sim_vm_do(sim, d->node, &d->fx);
}

static void
defer(struct sim *sim, unsigned int i, unsigned int g,
      const struct ham_effect *fx, int64_t until_us)
{
	struct deferred *d = g_new0(struct deferred, 1);

	d->node = i;
	d->guest = g;
	d->incarnation = sim->node[i].incarnation;
	d->voids = sim->node[i].vm[g].voids;
	d->fx = *fx;
	sim_at(sim, until_us - sim->now_us + 1, do_deferred, d);
}

void
sim_vm_do(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	struct work w = {.node = i,
			 .life = sim->node[i].life,
			 .act = fx->act,
			 .flag = fx->flag,
			 .target = fx->node,
			 .epoch = fx->epoch,
			 .txn = fx->txn,
			 .peer = fx->blob.len ? fx->blob.bytes[0] : 0,
			 .peer_replica = fx->blob.len && fx->blob.bytes[1],
			 .generation = fx->value,
			 .blob = fx->blob};
	struct sim_vm *vm;

	while (w.guest < sim->n_guests &&
	       strcmp(sim->guest[w.guest].name, fx->guest) != 0)
		w.guest++;
	if (w.guest == sim->n_guests) {
		sim_fail(sim, "an act for %s, which nobody knows", fx->guest);
		return;
	}
	if (fx->act == HAM_DO_COPY && fx->node == 0) {
		sim_fail(sim, "n%u copies %s to nowhere", i + 1, fx->guest);
		return;
	}
	vm = &sim->node[i].vm[w.guest];
	if (sim_is_slot_act(fx->act)) {
		sim_slot_do(sim, i, w.guest, fx);
		return;
	}
	if (fx->act == HAM_DO_POLICY) {
		sim_say(sim, "n%u %s do POLICY", i + 1, fx->guest);
		return;
	}
	if (fx->act == HAM_DO_ANNOUNCE) {
		sim_say(sim, "n%u %s do ANNOUNCE", i + 1, fx->guest);
		return;
	}
	if (fx->act == HAM_DO_VERIFY) {
		sim_verify(sim, i, w.guest, fx->node);
		return;
	}
	if (vm->drop_at > sim->now_us && !overtakes_drop(fx->act)) {
		defer(sim, i, w.guest, fx, vm->drop_at);
		return;
	}
	if (replaces(fx->act))
		vm->work++;
	w.work = vm->work;
	if (overtakes_drop(fx->act))
		sim_slot_void(sim, i, w.guest);
	if (fx->act == HAM_DO_CAPTURE)
		w.target = vm->copy_to;
	if (fx->act == HAM_DO_COPY)
		vm->copy_to = fx->node;
	sim_say(sim, "n%u %s do %s%s epoch %" G_GUINT64_FORMAT, i + 1,
		fx->guest, ham_do_name(fx->act), fx->flag ? " +" : "",
		fx->epoch);
	/* what is begun by a commit was committed (I6) */
	if (fx->act == HAM_DO_LAUNCH || fx->act == HAM_DO_RESUME)
		sim_committed(sim, i, w.guest, fx->epoch);
	sim_moment(sim, i, SIM_ON_DO + fx->act);
	if (sim_once_slow(sim, i, w.guest, fx->act))
		later(sim, &w, 5 * SIM_S, 5 * SIM_S);
	else
		later(sim, &w, takes[fx->act].min * SIM_MS,
		      takes[fx->act].max * SIM_MS);
}
