/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/disk.c - a model of disks: numbered writes and who has which
 *
 * The local disk takes a write, then each slot's, and only then it is
 * acknowledged; a mirror never holds one up.  The disk of a common guest is
 * the first node's, wherever that guest is.  Left out: disks that fail of their
 * own, and locks, which would hide a second writer.
 */
#include <string.h>

#include "tests/sim/sim.h"

struct sim_disk *
sim_disk_of(struct sim *sim, unsigned int i, unsigned int g)
{
	return &sim->node[sim->plan->common >> g & 1 ? 0 : i].image[g];
}

static void
apply(struct sim_disk *disk, uint64_t k)
{
	if (disk->writes + 1 == k)
		disk->writes = k;
	else if (disk->writes < k)
		disk->hole = true;
}

static void
copy_to_mirror(struct sim *sim, unsigned int i, unsigned int g, uint64_t k)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	if (!vm->mirror || vm->mirror_broken)
		return;
	if (!sim_data(sim, i, vm->mirror - 1) ||
	    sim->node[vm->mirror - 1].vm[g].qsd != vm->mirror_qsd)
		vm->mirror_broken = true;
	else if (vm->mirror_ready)
		apply(sim_disk_of(sim, vm->mirror - 1, g), k);
}

void
sim_slot_refused(struct sim *sim, unsigned int i, unsigned int g,
		 struct sim_slot *slot)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	vm->q = SIM_Q_IO_ERROR;
	if (slot->bad)
		return;
	slot->bad = true;
	sim_say(sim, "n%u %s: write %" G_GUINT64_FORMAT " refused by n%u",
		i + 1, sim->guest[g].name, vm->write, slot->node);
	sim_vm_did_of(sim, i, g, HAM_DID_REPLICA_ERROR, false, slot->node, 0);
}

static bool
takes(const struct sim *sim, unsigned int g, const struct sim_slot *slot)
{
	const struct sim_vm *vm = &sim->node[slot->node - 1].vm[g];

	return vm->qsd_active &&
	       ((vm->qsd != 0 && vm->qsd == slot->qsd) ||
		(vm->qsd_next != 0 && vm->qsd_next == slot->qsd));
}

void
sim_open_disks(struct sim *sim, unsigned int i, unsigned int g)
{
	const struct ham_guest *guest = ham_record_lookup(
		ham_core_record(sim->node[i].core), sim->guest[g].name);
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct sim_disk *disk = sim_disk_of(sim, i, g);

	for (int k = 0; guest && k < HAM_MAX_DISKS; k++) {
		vm->size[k] = guest->disk_size[k];
		/* it grew, and may have been seen */
		if (guest->grow_size && guest->grow_disk == k &&
		    disk->size[k] >= guest->grow_size)
			vm->size[k] = guest->grow_size;
		/* by what a FORCE gave up; its operator has removed it then
		 * (hamctl disk accept) */
		if (disk->size[k] > vm->size[k] && !sim->guest[g].forced)
			sim_fail(sim, "n%u %s: its image is too large", i + 1,
				 guest->name);
		disk->size[k] = vm->size[k];
	}
}

void
sim_disk_forced(struct sim *sim, unsigned int i, unsigned int g)
{
	const struct ham_guest *record = ham_record_lookup(
		ham_core_record(sim->node[i].core), sim->guest[g].name);
	struct sim_guest *guest = &sim->guest[g];
	struct sim_disk *disk = sim_disk_of(sim, i, g);

	if (!record || guest->history == record->history)
		return;
	if (guest->history) {
		if (!guest->forced)
			sim_fail(sim,
				 "I3: %s has another history, and nobody "
				 "ordered that",
				 guest->name);
		disk->fork = ++guest->fork;
		guest->acked = disk->writes;
		memset(guest->seen, 0, sizeof(guest->seen));
	}
	guest->history = record->history;
}

bool
sim_disks_ahead(struct sim *sim, unsigned int i, unsigned int g)
{
	const struct ham_guest *guest = ham_record_lookup(
		ham_core_record(sim->node[i].core), sim->guest[g].name);
	const struct sim_disk *disk = sim_disk_of(sim, i, g);

	for (int k = 0; guest && guest->common && k < HAM_MAX_DISKS; k++)
		if (disk->size[k] > guest->disk_size[k] &&
		    !(guest->grow_size && guest->grow_disk == k &&
		      disk->size[k] >= guest->grow_size))
			return true;
	return false;
}

void
sim_see_disks(struct sim *sim, unsigned int i, unsigned int g)
{
	const struct sim_vm *vm = &sim->node[i].vm[g];
	struct sim_guest *guest = &sim->guest[g];

	for (int k = 0; k < HAM_MAX_DISKS; k++) {
		if (vm->size[k] < guest->seen[k])
			sim_fail(sim, "n%u %s: a disk shrinks", i + 1,
				 guest->name);
		guest->seen[k] = vm->size[k];
	}
}

/* No write counts that went to disks of two sizes. */
static void
check_size(struct sim *sim, unsigned int i, unsigned int g, uint32_t node)
{
	const struct sim_vm *vm = &sim->node[i].vm[g];
	const struct ham_guest *guest = NULL;

	if (sim->node[i].hamd)
		guest = ham_record_lookup(ham_core_record(sim->node[i].core),
					  sim->guest[g].name);
	if (guest && guest->epoch == vm->epoch &&
	    ham_guest_is_current(guest, node) &&
	    memcmp(sim->node[node - 1].vm[g].size, vm->size,
		   sizeof(vm->size)) != 0)
		sim_fail(sim, "the disks of %s have other sizes on n%u",
			 guest->name, node);
}

/* I3: whom the record here calls current has what is acknowledged; but for the
 * destination of a hand-over, which says itself what it has. */
static void
check_copies(struct sim *sim, unsigned int i, unsigned int g)
{
	const struct sim_node *node = &sim->node[i];
	const struct ham_guest *guest = NULL;
	struct ham_core_view view = {0};

	if (node->hamd)
		ham_core_get_view(node->core, &view);
	/* a hamd that has just come may know less than it did */
	if (view.active)
		guest = ham_record_lookup(ham_core_record(node->core),
					  sim->guest[g].name);
	for (unsigned int k = 0; guest && k < sim->n; k++)
		if (ham_guest_is_current(guest, k + 1) &&
		    !(guest->phase == HAM_GUEST_IN_DOUBT &&
		      guest->dst == k + 1) &&
		    guest->epoch == node->vm[g].epoch &&
		    (sim_disk_of(sim, k, g)->hole ||
		     sim_disk_of(sim, k, g)->fork != sim->guest[g].fork ||
		     sim_disk_of(sim, k, g)->writes < sim->guest[g].acked))
			sim_fail(sim,
				 "I3: write %" G_GUINT64_FORMAT " of %s was "
				 "acknowledged without n%u, which is current",
				 sim->guest[g].acked, guest->name, k + 1);
}

void
sim_try_write(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct sim_guest *guest = &sim->guest[g];
	bool hangs = false;

	if (vm->write == 0) {
		vm->write = ++vm->image;
		guest->written = MAX(guest->written, vm->write);
	}
	apply(sim_disk_of(sim, i, g), vm->write);
	copy_to_mirror(sim, i, g, vm->write);
	for (int k = 0; k < HAM_MAX_SLOTS; k++) {
		struct sim_slot *slot = &vm->slot[k];

		if (slot->node == 0 || slot->filling)
			continue;
		if (!sim_data(sim, i, slot->node - 1)) {
			hangs = true;
		} else if (!takes(sim, g, slot)) {
			sim_slot_refused(sim, i, g, slot);
			hangs = true;
		} else {
			apply(sim_disk_of(sim, slot->node - 1, g), vm->write);
			check_size(sim, i, g, slot->node);
		}
	}
	if (hangs)
		return;
	guest->acked = MAX(guest->acked, vm->write);
	vm->write = 0;
	check_copies(sim, i, g);
}

void
sim_vm_write(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->n; i++)
		for (unsigned int g = 0; g < sim->n_guests; g++)
			if (sim->node[i].power && !sim->node[i].frozen &&
			    !sim_asleep(sim, i) &&
			    sim->node[i].vm[g].q == SIM_Q_RUNNING &&
			    sim_chance(sim, 5000))
				sim_try_write(sim, i, g);
}

bool
sim_write_hangs(const struct sim *sim, unsigned int i, unsigned int g)
{
	const struct sim_vm *vm = &sim->node[i].vm[g];

	for (int k = 0; k < HAM_MAX_SLOTS; k++)
		if (vm->slot[k].node && !vm->slot[k].filling &&
		    !sim_data(sim, i, vm->slot[k].node - 1))
			return vm->write && vm->q == SIM_Q_RUNNING;
	return false;
}
