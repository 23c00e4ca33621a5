/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/run.c - a guest's plain life: launch, shut down, kill */
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
	vm->unclear_error = vm->own_error = vm->own_reads = false;
	vm->called_off_us = 0;
	vm->failed_with_it = vm->own_bad = false;
	vm->swap_stopped = false;
	if (!ham_ports_check(vm, &error) || !ham_ports_open(vm, &error) ||
	    !ham_qemu_start(vm, false, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
launch_slots(struct ham_vm *vm)
{
	ham_connect_swap(vm);
	ham_connect_bitmaps(vm);
}

static void
launch_cont(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!ham_state_write(vm, &error) ||
	    (!vm->cold && !ham_ports_up(vm, &error))) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	if (vm->cold)
		return;
	vm->cont_asked = true;
	vm->cont_us = ham_clock_us();
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step launch_steps[] = {
	/* a captured guest's daemon holds the lock of the image */
	{"end what was left", ham_qsd_kill, ham_qsd_gone, 60000},
	{"images", launch_images, NULL, 60000},
	{"start QEMU", launch_process, ham_qemu_ready, 20000},
	{"look at the slots", ham_slot_query, NULL, 0},
	{"connect to a copy", ham_connect_0, ham_connected_0, 0},
	{"connect to another", ham_connect_1, ham_connected_1, 0},
	{"connect to the third", ham_connect_2, ham_connected_2, 0},
	{"put them into the slots", launch_slots, NULL, 0},
	{"run", launch_cont, NULL, 0},
};

static void
launch_cleared(struct ham_vm *vm, const GError *error)
{
	struct ham_event event = {.did = HAM_DID_LAUNCH_FAILED,
				  .text = vm->failure,
				  .flag = !vm->cont_asked,
				  .node = vm->unconnected};

	(void)error;
	/* a bridge goes with its last port, and QEMU holds those */
	ham_ports_close(vm);
	vm->role = HAM_ROLE_NONE;
	ham_slots_forget(vm);
	ham_state_remove(vm);
	ham_vm_tell(vm, &event);
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
		if (vm->cont_asked)
			ham_announce(vm, vm->cont_us);
		ham_beat_start(vm);
		ham_vm_did(vm, HAM_DID_LAUNCHED, NULL, false);
		return;
	}
	g_strlcpy(vm->failure, error->message, sizeof(vm->failure));
	ham_ports_try_down(vm);
	ham_vm_begin(vm, "clear a failed launch", clear_steps,
		     G_N_ELEMENTS(clear_steps), launch_cleared);
}

void
ham_do_launch(struct ham_vm *vm)
{
	vm->epoch = vm->effect.epoch;
	vm->txn = vm->effect.txn;
	vm->cold = vm->effect.flag;
	vm->cont_asked = false;
	vm->unconnected = 0;
	ham_images_keep_made(vm);
	if (!ham_connect_read(vm, &vm->effect.blob)) {
		ham_vm_did(vm, HAM_DID_LAUNCH_FAILED,
			   "where the copies are can't be read", true);
		return;
	}
	ham_vm_begin(vm, HAM_FLOW_LAUNCH, launch_steps,
		     G_N_ELEMENTS(launch_steps), launch_end);
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
	ham_slots_forget(vm);
	ham_ports_close(vm);
	ham_state_remove(vm);
	ham_vm_did(vm, HAM_DID_GONE, "it was ended by hamd", false);
}

void
ham_do_kill(struct ham_vm *vm)
{
	ham_copy_stop_watching(vm);
	ham_copy_pause_ends(vm);
	ham_vm_begin(vm, "kill", kill_steps, G_N_ELEMENTS(kill_steps),
		     kill_end);
}
