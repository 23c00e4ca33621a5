/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/proc.c - processes of guests: found by a new hamd, or dying
 *
 * They survive hamd, and end with their node.
 */
#include <string.h>

#include "tests/sim/sim.h"

static void
tell(struct sim *sim, unsigned int i, unsigned int g, struct ham_event *event)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	uint32_t ids[HAM_MAX_SLOTS];

	event->kind = HAM_EV_DID;
	event->guest = sim->guest[g].name;
	event->text = "as the seed has it";
	event->value =
		event->did == HAM_DID_GONE
			? (event->flag ? HAM_ENDED_EQUAL : HAM_ENDED_ANYHOW)
			: (uint64_t)sim->now_us;
	if (event->epoch == 0)
		event->epoch = vm->epoch;
	event->txn = vm->txn;
	event->ids = ids;
	for (int k = 0; k < HAM_MAX_SLOTS; k++)
		if (vm->slot[k].node && !vm->slot[k].filling)
			ids[event->n_ids++] = vm->slot[k].node;
	sim_say(sim, "n%u %s did %s%s", i + 1, sim->guest[g].name,
		ham_did_name(event->did), event->flag ? " +" : "");
	sim_moment(sim, i, SIM_ON_DID + event->did);
	sim_step(sim, i, event);
}

void
sim_vm_did(struct sim *sim, unsigned int i, unsigned int g, enum ham_did what,
	   bool flag, bool blob_flag)
{
	struct ham_blob blob = {.len = 2,
				.bytes = {(uint8_t)(i + 1), blob_flag}};
	struct ham_event event = {
		.did = (uint8_t)what, .flag = flag, .blob = &blob};

	tell(sim, i, g, &event);
}

void
sim_vm_did_of(struct sim *sim, unsigned int i, unsigned int g,
	      enum ham_did what, bool flag, uint32_t node, uint64_t epoch)
{
	struct sim_vm *vm = &sim->node[i].vm[g];
	/* the daemon's life, so that another one is another offer */
	uint64_t life = epoch > vm->epoch ? vm->qsd_next : vm->qsd;
	struct ham_blob blob = {.len = 4,
				.bytes = {(uint8_t)(i + 1), 0,
					  (uint8_t)(0x80 | (life >> 7)),
					  (uint8_t)(0x80 | life)}};
	struct ham_event event = {.did = (uint8_t)what,
				  .flag = flag,
				  .blob = &blob,
				  .node = node,
				  .epoch = epoch};

	tell(sim, i, g, &event);
}

void
sim_vm_resized(struct sim *sim, unsigned int i, unsigned int g, bool is,
	       bool is_not)
{
	struct ham_event event = {
		.did = HAM_DID_RESIZED, .flag = is, .value = is_not};

	tell(sim, i, g, &event);
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
		uint32_t ids[HAM_MAX_SLOTS];
		struct ham_blob blob = {
			.len = 4,
			.bytes = {(uint8_t)(i + 1), 0,
				  (uint8_t)(0x80 | (vm->qsd >> 7)),
				  (uint8_t)(0x80 | vm->qsd)}};
		struct ham_event event = {.kind = HAM_EV_DID,
					  .did = HAM_DID_FOUND,
					  .guest = sim->guest[g].name,
					  .epoch = vm->epoch,
					  .txn = vm->txn,
					  .value = vm->generation,
					  .blob = &blob,
					  .ids = ids};

		if (vm->q == SIM_Q_NONE && vm->qsd == 0)
			continue;
		vm->qsd_next = 0;
		memset(vm->slot_act, 0, sizeof(vm->slot_act));
		vm->drop_at = 0;
		for (int k = 0; k < HAM_MAX_SLOTS; k++) {
			vm->slot[k].bad = false; /* hamd's knowledge */
			if (vm->slot[k].filling)
				vm->slot[k] = (struct sim_slot){0};
			if (vm->slot[k].node)
				ids[event.n_ids++] = vm->slot[k].node;
		}
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
	clean = clean && vm->write == 0;
	sim_say(sim, "n%u %s: %s", i + 1, sim->guest[g].name,
		clean ? "it powers off" : "QEMU dies");
	vm->work++;
	vm->q = SIM_Q_NONE;
	vm->mirror = 0;
	vm->write = 0;
	if (vm->role == SIM_ROLE_OWNER) {
		vm->qsd = 0;
		vm->role = SIM_ROLE_NONE;
		memset(vm->slot, 0, sizeof(vm->slot));
	}
	memset(vm->slot_act, 0, sizeof(vm->slot_act));
	vm->drop_at = 0;
	vm->voids++;
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
	vm->qsd = vm->qsd_next = 0;
	if (vm->q != SIM_Q_NONE || vm->role != SIM_ROLE_REPLICA)
		return;
	vm->work++;
	vm->role = SIM_ROLE_NONE;
	sim_vm_did(sim, i, g, HAM_DID_CLOSED, false, false);
}
