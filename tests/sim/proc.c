/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/proc.c - processes of guests: found by a new hamd, or dying
 *
 * They survive hamd, and end with their node.
 */
#include "tests/sim/sim.h"

void
sim_vm_did(struct sim *sim, unsigned int i, unsigned int g, enum ham_did what,
	   bool flag, bool blob_flag)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	struct ham_blob blob = {.len = 2,
				.bytes = {(uint8_t)(i + 1), blob_flag}};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)what,
				  .guest = sim->guest[g].name,
				  .flag = flag,
				  .text = "as the seed has it",
				  .value = (uint64_t)sim->now_us,
				  .epoch = vm->epoch,
				  .txn = vm->txn,
				  .node = vm->slot_node,
				  .blob = &blob};

	sim_say(sim, "n%u %s did %s%s", i + 1, sim->guest[g].name,
		ham_did_name(what), flag ? " +" : "");
	sim_moment(sim, i, SIM_ON_DID + what);
	sim_step(sim, i, &event);
}

static enum ham_found
kind_of(const struct sim_vm *vm)
{
	if (vm->q == SIM_Q_NONE)
		return HAM_FOUND_REPLICA;
	switch ((enum sim_role)vm->role) {
	case SIM_ROLE_HELD:
		return HAM_FOUND_HELD;
	case SIM_ROLE_OWNER:
		if (vm->q == SIM_Q_RUNNING || vm->q == SIM_Q_IO_ERROR)
			return HAM_FOUND_RUNNING;
		return vm->q == SIM_Q_WHOLE ? HAM_FOUND_HELD : HAM_FOUND_PAUSED;
	case SIM_ROLE_SOURCE:
		return vm->q == SIM_Q_RUNNING ? HAM_FOUND_RUNNING
					      : HAM_FOUND_PAUSED;
	case SIM_ROLE_INCOMING:
	case SIM_ROLE_REPLICA:
	case SIM_ROLE_NONE:
		break;
	}
	return HAM_FOUND_INCOMING;
}

void
sim_vm_find(struct sim *sim, unsigned int i)
{
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		struct sim_vm *vm = &sim->node[i].vm[g];
		struct ham_event event = {.kind = HAM_EV_DID,
					  .did = HAM_DID_FOUND,
					  .guest = sim->guest[g].name,
					  .epoch = vm->epoch,
					  .txn = vm->txn,
					  .node = vm->slot_node};

		if (vm->q == SIM_Q_NONE && vm->qsd == 0)
			continue;
		vm->slot_bad = false; /* hamd's knowledge */
		event.found = (uint8_t)kind_of(vm);
		event.flag = vm->q == SIM_Q_IO_ERROR;
		sim_say(sim, "n%u %s found %s", i + 1, sim->guest[g].name,
			ham_found_name(event.found));
		sim_step(sim, i, &event);
	}
}

void
sim_vm_lost(struct sim *sim, unsigned int i)
{
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		struct sim_vm *vm = &sim->node[i].vm[g];

		*vm = (struct sim_vm){.work = vm->work + 1,
				      .voids = vm->voids + 1};
	}
}

void
sim_vm_kill_qemu(struct sim *sim, unsigned int i, unsigned int g)
{
	sim_vm_end_qemu(sim, i, g, false);
}

void
sim_vm_end_qemu(struct sim *sim, unsigned int i, unsigned int g, bool clean)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	if (vm->q == SIM_Q_NONE)
		return;
	sim_say(sim, "n%u %s: %s", i + 1, sim->guest[g].name,
		clean ? "it powers off" : "QEMU dies");
	vm->work++;
	vm->q = SIM_Q_NONE;
	vm->mirror = 0;
	vm->write = 0;
	if (vm->role == SIM_ROLE_OWNER) {
		vm->qsd = 0;
		vm->role = SIM_ROLE_NONE;
		vm->slot_node = 0;
	}
	sim_vm_did(sim, i, g, HAM_DID_GONE, clean, false);
}

void
sim_vm_kill_qsd(struct sim *sim, unsigned int i, unsigned int g)
{
	struct sim_vm *vm = &sim->node[i].vm[g];

	if (vm->qsd == 0)
		return;
	sim_say(sim, "n%u %s: the storage daemon dies", i + 1,
		sim->guest[g].name);
	vm->qsd = 0;
	if (vm->q != SIM_Q_NONE || vm->role != SIM_ROLE_REPLICA)
		return;
	vm->work++;
	vm->role = SIM_ROLE_NONE;
	sim_vm_did(sim, i, g, HAM_DID_CLOSED, false, false);
}
