/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/handover.c - source: the pause (CAPTURE, SILENCE, FINISH)
 *
 *	threshold up -> stop, mirrors end -> disks inactive
 *	-> migrate-continue || our daemon takes the disk || DRAINED -> CAPTURED
 *	-> tap down -> (YIELD) -> QEMU quits
 *
 * Nothing here lets the guest run again; the way back is halt.c.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	THRESHOLD_PASSES = 3, /* the new threshold holds after so many */
	THRESHOLD_WAIT_US = 400000,
	SWITCHOVER_BANDWIDTH = 1 << 30, /* "always": bytes/s, far too much */
	QUIT_LIMIT_MS = 5000,
};

/* ---- CAPTURE ---- */

static void
raise_threshold(struct ham_vm *vm)
{
	JsonObject *args = json_object_new();

	json_object_set_int_member(args, "downtime-limit", 2000);
	json_object_set_int_member(args, "max-bandwidth", 0);
	json_object_set_int_member(args, "avail-switchover-bandwidth",
				   (int64_t)SWITCHOVER_BANDWIDTH * 10);
	vm->copy.sync_at_gate = vm->copy.syncs;
	vm->copy.stop_us = ham_clock_us();
	ham_quiet_open(vm);
	/* of an earlier arrival; nothing of it is to follow the guest */
	ham_announce_stop(vm);
	ham_vm_nudge(vm, THRESHOLD_WAIT_US / 1000 + 1);
	ham_flow_send(vm, vm->qmp, "migrate-set-parameters", args,
		      HAM_FLOW_MUST, NULL);
}

static bool
threshold_holds(struct ham_vm *vm)
{
	if (strcmp(vm->mig_status, "active") != 0)
		ham_flow_fail(vm, "the memory stream is %s", vm->mig_status);
	return vm->copy.syncs >= vm->copy.sync_at_gate + THRESHOLD_PASSES ||
	       ham_clock_us() - vm->copy.stop_us > THRESHOLD_WAIT_US;
}

static void
stopped(struct ham_vm *vm, JsonNode *value)
{
	(void)value;
	vm->held = true;
}

static void
stop_guest(struct ham_vm *vm)
{
	vm->tracing = true;
	vm->copy.stop_us = ham_clock_us();
	ham_vm_mark(vm, "stop");
	ham_copy_pause_begins(vm);
	ham_quiet_stop(vm);
	ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, stopped);
	HAM_EACH_COPIED_WHEN (vm, i, vm->copy.mirror) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qmp, "block-job-cancel",
			      ham_bm_job_cancel(&disk, false), HAM_FLOW_MUST,
			      NULL);
	}
}

static bool
stream_broken(struct ham_vm *vm)
{
	return strcmp(vm->mig_status, "failed") == 0 ||
	       strcmp(vm->mig_status, "cancelled") == 0;
}

static bool
drained(struct ham_vm *vm)
{
	if (stream_broken(vm))
		ham_flow_fail(vm, "the memory stream failed");
	HAM_EACH_COPIED_WHEN (vm, i, vm->copy.mirror) {
		if (vm->job[i].error)
			ham_flow_fail(vm, "the copy of disk %u failed: %s", i,
				      vm->job[i].error);
		if (!vm->job[i].ended)
			return false;
	}
	return strcmp(vm->mig_status, "pre-switchover") == 0;
}

/* The order the commands are sent in is the order QEMU takes them in. */
static void
let_go(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	/* else a hamd that is restarted would take the image for an owner's */
	vm->role = HAM_ROLE_SOURCE;
	if (!ham_state_write(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	if (vm->copy.mirror)
		ham_copy_drop_targets(vm, HAM_FLOW_MUST);
	ham_flow_send(vm, vm->qmp, "blockdev-set-active",
		      ham_bm_set_active(false), HAM_FLOW_MUST, NULL);
}

/* The message to D goes when QEMU has work of its own: corosync's threads run
 * before all others, and would hold up what stands before it. */
static void
send_state(struct ham_vm *vm)
{
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "state", "pre-switchover");
	ham_flow_send(vm, vm->qmp, "migrate-continue", args, HAM_FLOW_MUST,
		      NULL);
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-set-active",
			      ham_bm_qsd_set_active(&disk, true), HAM_FLOW_MUST,
			      NULL);
	}
	ham_vm_did(vm, HAM_DID_DRAINED, NULL, false);
	/* what SILENCE makes sure of takes the kernel 1 - 2 ms, and now they
	 * are free */
	ham_ports_try_down(vm);
}

static bool
state_sent(struct ham_vm *vm)
{
	if (stream_broken(vm))
		ham_flow_fail(vm, "the memory stream failed");
	return strcmp(vm->mig_status, "completed") == 0;
}

static void
pause_cutover(struct ham_vm *vm)
{
	ham_copy_stop_watching(vm);
	ham_pause_point(vm, "cutover");
}

static void
pause_captured(struct ham_vm *vm)
{
	ham_pause_point(vm, "captured");
}

static const struct ham_step capture_steps[] = {
	{"pause point", pause_cutover, ham_pause_over, 600000},
	{"raise the threshold", raise_threshold, threshold_holds, 0},
	{"stop and drain", stop_guest, drained, 0},
	{"let go of the disks", let_go, NULL, 0},
	{"send the state", send_state, state_sent, 0},
	{"pause point", pause_captured, ham_pause_over, 600000},
};

static void
tell_captured(struct ham_vm *vm)
{
	struct ham_blob blob;
	struct ham_event event = {.did = HAM_DID_CAPTURED,
				  .value = (uint64_t)vm->copy.stop_us,
				  .blob = &blob};

	ham_learn_write(vm, &blob);
	ham_vm_tell(vm, &event);
}

static void
capture_end(struct ham_vm *vm, const GError *error)
{
	ham_vm_nudge_end(vm);
	if (error)
		ham_vm_did(vm, HAM_DID_CAPTURE_FAILED, error->message, false);
	else
		tell_captured(vm);
}

void
ham_do_capture(struct ham_vm *vm)
{
	ham_vm_begin(vm, "capture", capture_steps, G_N_ELEMENTS(capture_steps),
		     capture_end);
}

/* ---- SILENCE ---- */

static void
pause_yield(struct ham_vm *vm)
{
	ham_pause_point(vm, "yield");
}

static void
tap_down(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (ham_ports_down(vm, &error))
		return;
	ham_err("%s: %s; ending QEMU to silence it", vm->name, error->message);
	vm->ending = true;
	ham_qemu_kill(vm);
}

static bool
silent(struct ham_vm *vm)
{
	return !vm->ending || ham_qemu_gone(vm);
}

static const struct ham_step silence_steps[] = {
	{"pause point", pause_yield, ham_pause_over, 600000},
	{"tap down", tap_down, silent, 60000},
};

static void
silence_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		/* the kernel still has it: it is not silent yet */
		ham_err("%s: %s", vm->name, error->message);
		ham_do_silence(vm);
		return;
	}
	ham_vm_mark(vm, "silent");
	ham_vm_did(vm, HAM_DID_SILENCED, NULL, false);
	ham_quiet_end(vm);
}

void
ham_do_silence(struct ham_vm *vm)
{
	ham_copy_pause_ends(vm);
	ham_vm_begin(vm, "silence", silence_steps, G_N_ELEMENTS(silence_steps),
		     silence_end);
}

/* ---- FINISH ---- */

static void
quit(struct ham_vm *vm)
{
	vm->tracing = false;
	vm->ending = true;
	/* with a copy that is gone it would wait to flush; it has nothing */
	if (vm->qmp && !ham_slots_any(vm))
		ham_qmp_execute(vm->qmp, "quit", NULL,
				ham_clock_us() + G_USEC_PER_SEC, NULL, NULL);
	else
		ham_qemu_kill(vm);
}

static const struct ham_step finish_steps[] = {
	{"end QEMU", quit, ham_qemu_gone, QUIT_LIMIT_MS},
};
static const struct ham_step finish_hard_steps[] = {
	{"end QEMU", ham_qemu_kill, ham_qemu_gone, 60000},
};

static void
tell_finished(struct ham_vm *vm)
{
	g_autofree char *text = ham_serve_blob(vm, vm->epoch);
	struct ham_blob blob = {.len = (uint16_t)strlen(text)};
	struct ham_event event = {.did = HAM_DID_FINISHED,
				  .flag = vm->qsd != NULL,
				  .blob = &blob};

	memcpy(blob.bytes, text, blob.len);
	ham_vm_tell(vm, &event);
}

static void
finish_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_vm_begin(vm, "finish", finish_hard_steps,
			     G_N_ELEMENTS(finish_hard_steps), finish_end);
		return;
	}
	ham_ports_close(vm);
	vm->copy.peer.host[0] = '\0';
	ham_slots_forget(vm);
	vm->generation = vm->effect.value;
	vm->export_generation = 0;
	vm->epoch++;
	if (vm->qsd) {
		vm->role = HAM_ROLE_REPLICA;
		if (!vm->digest)
			ham_digest_start(vm);
		(void)ham_state_write(vm, NULL);
	} else {
		vm->role = HAM_ROLE_NONE;
		ham_state_remove(vm);
	}
	tell_finished(vm);
}

void
ham_do_finish(struct ham_vm *vm)
{
	/* before QEMU ends, and with it what its ports were heard using */
	ham_seen_begin(vm);
	ham_vm_begin(vm, "finish", finish_steps, G_N_ELEMENTS(finish_steps),
		     finish_end);
}
