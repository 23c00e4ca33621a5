/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/handover.c - source: the pause, and the ways out of it
 *
 *	threshold up -> stop, mirrors end -> DRAINED -> disks inactive
 *	-> migrate-continue || our daemon takes the disk -> CAPTURED
 *	-> tap down -> (YIELD) -> QEMU quits, or is given the disk back
 *
 * Nothing here lets the guest run but RESUME.  Whether it may is the core's.
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

static gboolean
poke(gpointer data)
{
	struct ham_vm *vm = data;

	vm->nudge = 0;
	ham_flow_poke(vm);
	return G_SOURCE_REMOVE;
}

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
	g_clear_handle_id(&vm->nudge, g_source_remove);
	vm->nudge = g_timeout_add(THRESHOLD_WAIT_US / 1000 + 1, poke, vm);
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
stop_guest(struct ham_vm *vm)
{
	vm->tracing = true;
	vm->copy.stop_us = ham_clock_us();
	ham_vm_mark(vm, "stop");
	ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, NULL);
	for (unsigned int i = 0; vm->copy.mirror && i < ham_vm_n_disks(vm);
	     i++) {
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
	for (unsigned int i = 0; vm->copy.mirror && i < ham_vm_n_disks(vm);
	     i++) {
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
	vm->role = HAM_ROLE_SOURCE;
	(void)ham_state_write(vm, NULL);
	for (unsigned int i = 0; vm->copy.mirror && i < ham_vm_n_disks(vm);
	     i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		vm->job[i].started = false;
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), HAM_FLOW_MUST, NULL);
	}
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
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-set-active",
			      ham_bm_qsd_set_active(&disk, true), HAM_FLOW_MUST,
			      NULL);
	}
	ham_vm_did(vm, HAM_DID_DRAINED, NULL, false);
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

static const struct ham_step capture_steps[] = {
	{"pause point", pause_cutover, ham_pause_over, 600000},
	{"raise the threshold", raise_threshold, threshold_holds, 0},
	{"stop and drain", stop_guest, drained, 0},
	{"let go of the disks", let_go, NULL, 0},
	{"send the state", send_state, state_sent, 0},
};

static void
capture_end(struct ham_vm *vm, const GError *error)
{
	g_clear_handle_id(&vm->nudge, g_source_remove);
	if (error)
		ham_vm_did(vm, HAM_DID_CAPTURE_FAILED, error->message, false);
	else
		ham_vm_did(vm, HAM_DID_CAPTURED, NULL, false);
}

void
ham_do_capture(struct ham_vm *vm)
{
	ham_vm_begin(vm, "capture", capture_steps, G_N_ELEMENTS(capture_steps),
		     capture_end);
}

/* ---- HALT: whatever moves ends; the guest stays paused ---- */

static void
halt_stop(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->nudge, g_source_remove);
	if (!vm->qemu)
		return;
	ham_slot_watch(vm);
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		ham_flow_send_oob(vm, vm->qmp, "yank", ham_bm_yank(node));
	}
	ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, NULL);
	ham_flow_send(vm, vm->qmp, "migrate_cancel", NULL, HAM_FLOW_MAY, NULL);
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qmp, "block-job-cancel",
			      ham_bm_job_cancel(&disk, true), HAM_FLOW_MAY,
			      NULL);
	}
}

static void
note_jobs(struct ham_vm *vm, JsonNode *value)
{
	vm->jobs_left =
		JSON_NODE_HOLDS_ARRAY(value)
			? json_array_get_length(json_node_get_array(value))
			: 0;
}

static void
note_status(struct ham_vm *vm, JsonNode *value)
{
	const char *status =
		JSON_NODE_HOLDS_OBJECT(value)
			? ham_json_string(json_node_get_object(value), "status")
			: NULL;

	g_strlcpy(vm->mig_status, status ? status : "", sizeof(vm->mig_status));
}

static void
halt_look(struct ham_vm *vm)
{
	if (!vm->qemu)
		return;
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      note_jobs);
	ham_flow_send(vm, vm->qmp, "query-migrate", NULL, HAM_FLOW_MUST,
		      note_status);
	ham_qemu_query_status(vm);
}

static bool
halted(struct ham_vm *vm)
{
	static const char *const moving[] = {"active",	   "setup",
					     "device",	   "pre-switchover",
					     "cancelling", NULL};

	if (!vm->qemu)
		return true;
	if (vm->jobs_left > 0 || g_strv_contains(moving, vm->mig_status)) {
		/* events change both; ask again with the next of them */
		if (!vm->nudge)
			vm->nudge = g_timeout_add(10, poke, vm);
		halt_look(vm);
		return false;
	}
	return true;
}

static void
halt_clean(struct ham_vm *vm)
{
	for (unsigned int i = 0; vm->qemu && i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), HAM_FLOW_MAY, NULL);
		vm->job[i].started = false;
	}
	/* its lock on our disk goes with it */
	ham_qsd_kill(vm);
}

static const struct ham_step halt_steps[] = {
	{"stop all", halt_stop, NULL, 0},
	{"wait for its end", halt_look, halted, 0},
	{"clean up", halt_clean, ham_qsd_gone, 0},
};

static void
halt_end(struct ham_vm *vm, const GError *error)
{
	g_clear_handle_id(&vm->nudge, g_source_remove);
	ham_slot_unwatch(vm);
	if (error) {
		/* an image that does not obey is no image */
		ham_err("%s: halt: %s; ending QEMU", vm->name, error->message);
		ham_do_kill(vm);
		return;
	}
	vm->role = HAM_ROLE_SOURCE;
	(void)ham_state_write(vm, NULL);
	ham_vm_did(vm, HAM_DID_HALTED, NULL, vm->qemu != NULL);
}

void
ham_do_halt(struct ham_vm *vm)
{
	ham_copy_stop_watching(vm);
	ham_vm_begin(vm, "halt", halt_steps, G_N_ELEMENTS(halt_steps),
		     halt_end);
}

/* ---- SILENCE ---- */

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
}

void
ham_do_silence(struct ham_vm *vm)
{
	ham_vm_begin(vm, "silence", silence_steps, G_N_ELEMENTS(silence_steps),
		     silence_end);
}

/* ---- RESUME ---- */

static void
end_daemon(struct ham_vm *vm)
{
	ham_qsd_kill(vm);
}

static void
resume_look(struct ham_vm *vm)
{
	if (vm->effect.flag)
		ham_slot_query(vm);
}

static void
resume_yank(struct ham_vm *vm)
{
	if (vm->effect.flag)
		ham_slot_yank(vm);
}

/* Activates the disks first: an inactive graph can't change its slots. */
static void
resume_activate(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "blockdev-set-active",
		      ham_bm_set_active(true), HAM_FLOW_MAY, NULL);
}

static void
resume_slot(struct ham_vm *vm)
{
	if (!vm->effect.flag)
		return;
	memset(&vm->swap_to, 0, sizeof(vm->swap_to));
	ham_slot_swap(vm);
	vm->slot_node = 0;
}

static void
resume_cont(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_OWNER;
	vm->epoch = vm->effect.epoch;
	if (!ham_state_write(vm, &error) || !ham_ports_up(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step resume_steps[] = {
	{"take the disk back", end_daemon, ham_qsd_gone, 0},
	{"look at the slots", resume_look, NULL, 0},
	{"cut the connection", resume_yank, NULL, 0},
	{"activate the disks", resume_activate, NULL, 0},
	{"empty the slots", resume_slot, NULL, 0},
	{"run", resume_cont, NULL, 0},
};

static void
resume_end(struct ham_vm *vm, const GError *error)
{
	vm->copy.peer.host[0] = '\0';
	if (error) {
		ham_vm_did(vm, HAM_DID_RESUME_FAILED, error->message, false);
		return;
	}
	ham_ports_announce(vm);
	ham_vm_did(vm, HAM_DID_RESUMED, NULL, false);
}

void
ham_do_resume(struct ham_vm *vm)
{
	ham_vm_begin(vm, "resume", resume_steps, G_N_ELEMENTS(resume_steps),
		     resume_end);
}

/* ---- FINISH ---- */

static void
quit(struct ham_vm *vm)
{
	vm->tracing = false;
	vm->ending = true;
	if (vm->qmp)
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
finish_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_vm_begin(vm, "finish", finish_hard_steps,
			     G_N_ELEMENTS(finish_hard_steps), finish_end);
		return;
	}
	ham_ports_close(vm);
	vm->copy.peer.host[0] = '\0';
	vm->slot_node = 0;
	vm->epoch++;
	vm->role = HAM_ROLE_REPLICA;
	(void)ham_state_write(vm, NULL);
	ham_vm_did(vm, HAM_DID_FINISHED, NULL, false);
}

void
ham_do_finish(struct ham_vm *vm)
{
	ham_vm_begin(vm, "finish", finish_steps, G_N_ELEMENTS(finish_steps),
		     finish_end);
}
