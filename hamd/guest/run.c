/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/run.c - a guest's plain life: launch, shut down, kill, lose a
 * replica
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	POWERDOWN_AGAIN_MS = 3000
};

/* ---- LAUNCH ---- */

static void
launch_images(struct ham_vm *vm)
{
	if (!vm->conf)
		ham_flow_fail(vm, "the cluster file on this node does not name "
				  "it");
	else
		ham_images_prepare(vm, false);
}

static void
launch_process(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_OWNER;
	vm->slot_node = 0;
	vm->slot_error = vm->unclear_error = false;
	if (!ham_ports_check(vm, &error) || !ham_ports_open(vm, &error) ||
	    !ham_qemu_start(vm, false, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
launch_cont(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!ham_ports_up(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step launch_steps[] = {
	{"images", launch_images, NULL, 60000},
	{"start QEMU", launch_process, ham_qemu_ready, 20000},
	{"run", launch_cont, NULL, 0},
};

static void
launch_cleared(struct ham_vm *vm, const GError *error)
{
	(void)error;
	vm->role = HAM_ROLE_NONE;
	ham_state_remove(vm);
	ham_vm_did(vm, HAM_DID_LAUNCH_FAILED, vm->failure, false);
}

static void
kill_qemu(struct ham_vm *vm)
{
	vm->ending = true;
	ham_qemu_kill(vm);
}

static const struct ham_step clear_steps[] = {
	{"end QEMU", kill_qemu, ham_qemu_gone, 30000},
};

static void
launch_end(struct ham_vm *vm, const GError *error)
{
	if (!error) {
		ham_ports_announce(vm);
		ham_vm_did(vm, HAM_DID_LAUNCHED, NULL, false);
		return;
	}
	g_strlcpy(vm->failure, error->message, sizeof(vm->failure));
	ham_ports_close(vm);
	ham_vm_begin(vm, "clear a failed launch", clear_steps,
		     G_N_ELEMENTS(clear_steps), launch_cleared);
}

void
ham_do_launch(struct ham_vm *vm)
{
	vm->epoch = vm->effect.epoch;
	vm->txn = vm->effect.txn;
	ham_images_keep_made(vm);
	ham_vm_begin(vm, "launch", launch_steps, G_N_ELEMENTS(launch_steps),
		     launch_end);
}

/* ---- SHUTDOWN ---- */

/* A guest that has not loaded its button driver yet never hears the first. */
static gboolean
press_button(gpointer data)
{
	struct ham_vm *vm = data;

	if (!vm->qmp || vm->shutdown_seen) {
		vm->powerdown = 0;
		return G_SOURCE_REMOVE;
	}
	ham_qmp_execute(vm->qmp, "system_powerdown", NULL,
			ham_clock_us() + 10 * G_USEC_PER_SEC, NULL, NULL);
	return G_SOURCE_CONTINUE;
}

void
ham_do_shutdown(struct ham_vm *vm)
{
	if (vm->powerdown)
		return;
	vm->powerdown = g_timeout_add(POWERDOWN_AGAIN_MS, press_button, vm);
	press_button(vm);
}

/* ---- KILL: QEMU and the storage daemon ---- */

static void
kill_both(struct ham_vm *vm)
{
	vm->ending = true;
	ham_qemu_kill(vm);
	ham_qsd_kill(vm);
}

static bool
both_gone(struct ham_vm *vm)
{
	return ham_qemu_gone(vm) && ham_qsd_gone(vm);
}

static const struct ham_step kill_steps[] = {
	{"end QEMU and its storage daemon", kill_both, both_gone, 60000},
};

static void
kill_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		/* the kernel still has it: nothing may be said of it yet */
		ham_err("%s: %s", vm->name, error->message);
		ham_do_kill(vm);
		return;
	}
	vm->role = HAM_ROLE_NONE;
	vm->slot_node = 0;
	ham_ports_close(vm);
	ham_state_remove(vm);
	ham_vm_did(vm, HAM_DID_GONE, "it was ended by hamd", false);
}

void
ham_do_kill(struct ham_vm *vm)
{
	ham_copy_stop_watching(vm);
	ham_vm_begin(vm, "kill", kill_steps, G_N_ELEMENTS(kill_steps),
		     kill_end);
}

/* ---- SLOT_DROP: go on without a replica that the record gave up ---- */

static void
to_null(struct ham_vm *vm)
{
	memset(&vm->swap_to, 0, sizeof(vm->swap_to));
	ham_slot_swap(vm);
}

/* Only a stop that the replica caused, or may have caused, is ours to end: on a
 * disk of its own the guest fails again at once.  After an error QEMU may still
 * say "running": its own stop is on the way, and `cont` alone would call that
 * off and leave the held requests lying (vm_prepare_start() in QEMU). */
static void
go_on(struct ham_vm *vm)
{
	bool ours = vm->slot_error || vm->unclear_error;
	bool running = strcmp(vm->run_state, "running") == 0;

	vm->slot_error = vm->unclear_error = false;
	if (!ours || (!running && strcmp(vm->run_state, "io-error") != 0))
		return;
	if (running)
		ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, NULL);
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step drop_steps[] = {
	{"look at the slots", ham_slot_query, NULL, 0},
	{"cut the connection", ham_slot_yank, NULL, 0},
	{"empty the slots", to_null, NULL, 0},
	{"ask for the state", ham_qemu_query_status, NULL, 0},
	{"go on", go_on, NULL, 0},
};

static void
drop_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_err("%s: its slot could not be emptied: %s", vm->name,
			error->message);
		ham_vm_did(vm, HAM_DID_SLOT_DROPPED, error->message, false);
		return;
	}
	vm->slot_node = 0;
	(void)ham_state_write(vm, NULL);
	ham_vm_did(vm, HAM_DID_SLOT_DROPPED, NULL, true);
}

void
ham_do_slot_drop(struct ham_vm *vm)
{
	ham_vm_begin(vm, HAM_FLOW_DROP, drop_steps, G_N_ELEMENTS(drop_steps),
		     drop_end);
}

/* ---- RETRY: which disk was it? ---- */

static void
retry(struct ham_vm *vm)
{
	if (strcmp(vm->run_state, "io-error") == 0)
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
	ham_vm_begin(vm, "retry", retry_steps, G_N_ELEMENTS(retry_steps),
		     retry_end);
}

/* ---- CLOSE: a replica's daemon ends ---- */

static const struct ham_step close_steps[] = {
	{"end the storage daemon", ham_qsd_kill, ham_qsd_gone, 60000},
};

static void
close_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_err("%s: %s", vm->name, error->message);
		ham_do_close(vm);
		return;
	}
	vm->role = HAM_ROLE_NONE;
	ham_state_remove(vm);
	ham_vm_did(vm, HAM_DID_CLOSED, NULL, false);
}

void
ham_do_close(struct ham_vm *vm)
{
	ham_vm_begin(vm, "close a replica", close_steps,
		     G_N_ELEMENTS(close_steps), close_end);
}
