/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/halt.c - source: out of a hand-over that failed (HALT, RESUME)
 *
 * HALT ends all that moves and leaves the guest paused, whatever was under way.
 * Nothing here lets it run but RESUME, and whether it may is the core's.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

/* ---- HALT: whatever moves ends; the guest stays paused ---- */

static void
halt_stop(struct ham_vm *vm)
{
	ham_vm_nudge_end(vm);
	ham_copy_pause_ends(vm);
	if (!vm->qemu)
		return;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		ham_flow_send_oob(vm, vm->qmp, "yank", ham_bm_yank(node));
	}
	ham_slot_stop(vm);
	ham_flow_send(vm, vm->qmp, "migrate_cancel", NULL, HAM_FLOW_MAY, NULL);
	HAM_EACH_COPIED (vm, i) {
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
halt_look(struct ham_vm *vm)
{
	if (!vm->qemu)
		return;
	vm->held = true; /* `stop` was answered */
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      note_jobs);
	ham_qemu_query_migrate(vm);
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
		ham_vm_nudge(vm, 10);
		halt_look(vm);
		return false;
	}
	if (strcmp(vm->run_state, "running") == 0)
		ham_flow_fail(vm, "QEMU resumed the guest by itself");
	return true;
}

static void
halt_clean(struct ham_vm *vm)
{
	if (vm->qemu)
		ham_copy_drop_targets(vm, HAM_FLOW_MAY);
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
	ham_vm_nudge_end(vm);
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
	ham_quiet_forget(vm);
	/* its flow ends without a word, and nothing is to run now */
	ham_verify_forget(vm, "the guest is being migrated");
	ham_vm_begin(vm, "halt", halt_steps, G_N_ELEMENTS(halt_steps),
		     halt_end);
}

/* ---- RESUME ---- */

static void
end_daemon(struct ham_vm *vm)
{
	ham_qsd_kill(vm);
}

/* Activates the disks first: an inactive graph can't change its slots. */
static void
resume_activate(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "blockdev-set-active",
		      ham_bm_set_active(true),
		      vm->shared ? HAM_FLOW_MUST : HAM_FLOW_MAY, NULL);
}

static void
resume_cont(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_OWNER;
	vm->cold = false;
	vm->epoch = vm->effect.epoch;
	if (!ham_state_write(vm, &error) || !ham_ports_up(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	vm->held = false;
	vm->cont_us = ham_clock_us();
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step resume_steps[] = {
	{"take the disk back", end_daemon, ham_qsd_gone, 0},
	{"look at the slots", ham_slots_look, NULL, 0},
	{"cut the connections", ham_slots_cut, NULL, 0},
	{"activate the disks", resume_activate, NULL, 0},
	{"empty the slots", ham_slots_empty, NULL, 0},
	{"run", resume_cont, NULL, 0},
};

static void
resume_end(struct ham_vm *vm, const GError *error)
{
	bool was_asked = vm->role == HAM_ROLE_OWNER;

	vm->copy.peer.host[0] = '\0';
	if (error) {
		ham_vm_did(vm, HAM_DID_RESUME_FAILED, error->message,
			   !was_asked);
		return;
	}
	ham_announce(vm, vm->cont_us);
	ham_beat_start(vm);
	ham_vm_did(vm, HAM_DID_RESUMED, NULL, false);
}

void
ham_do_resume(struct ham_vm *vm)
{
	ham_vm_begin(vm, "resume", resume_steps, G_N_ELEMENTS(resume_steps),
		     resume_end);
}
