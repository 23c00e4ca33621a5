/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/disk.c - a model of disks: numbered writes and who has which
 *
 * The local disk takes a write, then the slot's, and only then it is
 * acknowledged; a mirror never holds one up.  Left out: disks that fail of
 * their own.
 */
#include "tests/sim/sim.h"

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
		apply(&sim->node[vm->mirror - 1].image[g], k);
}

void
sim_slot_refused(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	vm->q = SIM_Q_IO_ERROR;
	if (vm->slot_bad)
		return;
	vm->slot_bad = true;
	sim_say(sim, "n%u %s: write %" G_GUINT64_FORMAT " refused by n%u",
		i + 1, sim->guest[g].name, vm->write, vm->slot_node);
	sim_vm_did(sim, i, g, HAM_DID_REPLICA_ERROR, false, false);
}

void
sim_try_write(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct sim_guest *guest = &sim->guest[g];

	if (vm->write == 0) {
		vm->write = ++vm->image;
		guest->written = MAX(guest->written, vm->write);
	}
	apply(&sim->node[i].image[g], vm->write);
	copy_to_mirror(sim, i, g, vm->write);
	if (vm->slot_node) {
		const struct sim_vm *slot = &sim->node[vm->slot_node - 1].vm[g];

		if (!sim_data(sim, i, vm->slot_node - 1))
			return; /* hangs */
		if (slot->qsd == 0 || slot->qsd != vm->slot_qsd ||
		    !slot->qsd_active) {
			sim_slot_refused(sim, i, g);
			return;
		}
		apply(&sim->node[vm->slot_node - 1].image[g], vm->write);
	}
	guest->acked = MAX(guest->acked, vm->write);
	vm->write = 0;
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

	return vm->write && vm->q == SIM_Q_RUNNING && vm->slot_node &&
	       !sim_data(sim, i, vm->slot_node - 1);
}
