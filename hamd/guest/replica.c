/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/replica.c - owner: a copy is let go, or connected anew (SLOT_DROP,
 * SLOT_SET, RETRY), and the guest goes on
 *
 * Only a stop that a copy caused, or may have caused, is ended here: on a disk
 * of its own the guest would fail again at once.
 */
#include <string.h>

#include "hamd/base/error.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	GREETING_MS = 1000
};

/* ---- is it there? ---- */

static void
probed(enum ham_probe_answer answer, void *data)
{
	struct ham_vm *vm = data;

	g_clear_pointer(&vm->probe, ham_probe_free);
	vm->probe_answer = answer;
	ham_flow_poke(vm);
}

void
ham_replica_probe(struct ham_vm *vm)
{
	ham_probe_free(vm->probe);
	vm->probe = ham_probe_new(vm->peer.host, vm->peer.nbd_port, GREETING_MS,
				  probed, vm);
}

bool
ham_replica_answers(struct ham_vm *vm)
{
	if (vm->probe)
		return false;
	if (vm->probe_answer != HAM_PROBE_GREETED)
		ham_flow_fail(vm, "nothing answers at %s", vm->peer.host);
	return true;
}

/* ---- for the swap it stands still (ham_slot_put) ---- */

static void
swap_stop(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	if (k < 0 || vm->slot[k].filling ||
	    strcmp(vm->run_state, "running") != 0)
		return;
	vm->swap_stopped = true;
	ham_slot_stop(vm);
}

/* ---- going on ---- */

/* After an error QEMU may still say "running": its own stop is on the way, and
 * `cont` alone would call that off and leave the held requests lying
 * (vm_prepare_start() in QEMU). */
void
ham_slot_go_on(struct ham_vm *vm)
{
	bool running = strcmp(vm->run_state, "running") == 0;
	bool ours = vm->swap_stopped && strcmp(vm->run_state, "paused") == 0;

	if (!vm->was_held ||
	    (!running && !ours && strcmp(vm->run_state, "io-error") != 0))
		return; /* powered off, say: what failed stays failed */
	if (vm->own_error || vm->held)
		return; /* it stands because of that, not of a copy */
	vm->unclear_error = false;
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].node == vm->slot_act.node)
			vm->slot[k].error = false;
	if (running)
		ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, NULL);
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static void
tell(struct ham_vm *vm, enum ham_did did, const GError *error)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)did,
				  .node = vm->slot_act.node,
				  .flag = error == NULL,
				  .text = error ? error->message : NULL};

	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_tell(vm, &event);
}

/* ---- SLOT_DROP ---- */

static void
drop_cut(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	if (k < 0)
		return;
	if (vm->slot[k].filling)
		ham_fill_call_off(vm);
	else
		ham_slot_yank(vm, (unsigned int)k);
}

static void
drop_empty(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	if (k >= 0 && !vm->slot[k].filling)
		ham_slot_put(vm, (unsigned int)k, NULL);
}

static void
drop_ask(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	/* a write that was under way has failed with its connection */
	vm->was_held = true;
	if (k >= 0) {
		bool error = vm->slot[k].error && !vm->slot[k].filling;

		ham_slot_clear(vm, (unsigned int)k);
		vm->unclear_error = vm->unclear_error || error;
	}
	ham_qemu_query_status(vm);
}

/* What is in band may wait for this very connection. */
static void
drop_look(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	if (k >= 0 && !vm->slot[k].filling && vm->slot_seen)
		ham_slot_yank(vm, (unsigned int)k);
	ham_slot_query(vm);
}

static const struct ham_step drop_steps[] = {
	{"look at the slots", drop_look, NULL, 0},
	{"cut the connection", drop_cut, ham_fill_is_off, 0},
	{"see whether the guest runs", ham_qemu_query_status, NULL, 0},
	{"stop the guest", swap_stop, NULL, 0},
	{"empty the slot", drop_empty, NULL, 0},
	{"ask for the state", drop_ask, NULL, 0},
	{"go on", ham_slot_go_on, NULL, 0},
};

static void
drop_end(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_err("%s: its slot could not be emptied: %s", vm->name,
			error->message);
	else
		(void)ham_state_write(vm, NULL);
	tell(vm, HAM_DID_SLOT_DROPPED, error);
}

void
ham_do_slot_drop(struct ham_vm *vm)
{
	vm->slot_act = (struct ham_slot_act){HAM_DO_SLOT_DROP, vm->effect.node};
	ham_vm_begin(vm, HAM_FLOW_SLOT, drop_steps, G_N_ELEMENTS(drop_steps),
		     drop_end);
}

/* ---- SLOT_SET ---- */

static void
set_cut(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	if (k < 0 || vm->slot[k].filling)
		ham_flow_fail(vm, "no slot holds that copy");
	else if (strcmp(vm->slot[k].peer.boot_id, vm->peer.boot_id) != 0)
		ham_flow_fail(vm, "its node has booted since");
	else if (vm->slot[k].peer.nbd_port == vm->peer.nbd_port)
		/* what the last connection wrote it would not flush */
		ham_flow_fail(vm, "it is the same daemon still");
	else
		ham_slot_yank(vm, (unsigned int)k);
}

static void
set_put(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	g_assert(k >= 0);
	vm->slot[k].peer = vm->peer;
	ham_slot_put(vm, (unsigned int)k, &vm->peer);
}

static void
set_ask(struct ham_vm *vm)
{
	int k = ham_slot_index(vm, vm->slot_act.node);

	vm->was_held = true;
	if (k >= 0)
		vm->slot[k].unanswered = 0;
	ham_qemu_query_status(vm);
}

static const struct ham_step set_steps[] = {
	{"look for the replica", ham_replica_probe, ham_replica_answers, 0},
	{"look at the slots", ham_slot_query, NULL, 0},
	{"cut the old connection", set_cut, NULL, 0},
	{"see whether the guest runs", ham_qemu_query_status, NULL, 0},
	{"stop the guest", swap_stop, NULL, 0},
	{"connect", set_put, NULL, 0},
	{"ask for the state", set_ask, NULL, 0},
	{"go on", ham_slot_go_on, NULL, 0},
};

static void
set_end(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_warn("%s: a replica could not be connected anew: %s",
			 vm->name, error->message);
	else
		(void)ham_state_write(vm, NULL);
	tell(vm, HAM_DID_SLOT_SET, error);
}

void
ham_do_slot_set(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->slot_act = (struct ham_slot_act){HAM_DO_SLOT_SET, vm->effect.node};
	if (!ham_peer_read(&vm->effect.blob, &vm->peer)) {
		g_set_error(&error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "where it is can't be read");
		tell(vm, HAM_DID_SLOT_SET, error);
		return;
	}
	ham_vm_begin(vm, HAM_FLOW_SLOT, set_steps, G_N_ELEMENTS(set_steps),
		     set_end);
}

/* ---- RETRY: which disk was it? ---- */

static void
retry(struct ham_vm *vm)
{
	/* what fails again is told again; what has ended does not */
	if (strcmp(vm->run_state, "shutdown") != 0)
		vm->unclear_error = false;
	if (vm->own_error || vm->held || strcmp(vm->run_state, "io-error") != 0)
		return;
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MAY, NULL);
}

static const struct ham_step retry_steps[] = {
	{"ask for the state", ham_qemu_query_status, NULL, 0},
	{"try again", retry, NULL, 0},
};

static void
retry_end(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_warn("%s: it could not be tried again: %s", vm->name,
			 error->message);
}

/* A write that fails again is told by an event, as every one is. */
void
ham_do_retry(struct ham_vm *vm)
{
	ham_vm_begin(vm, HAM_FLOW_RETRY, retry_steps, G_N_ELEMENTS(retry_steps),
		     retry_end);
}
