/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/undo.c - source: a copy is called off before CUTOVER (UNDO)
 *
 * The guest goes on where it is.  Ending a mirror under a running, writing
 * guest can crash QEMU 10.0 (doc/design.md, "How a mirror is ended"), so it is
 * stopped for those milliseconds; the RAM stream ends before that, or `stop`
 * would complete it.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

/* Before anything else: a destination that hangs may hold a write of the guest,
 * and a guest that resets its disk then waits for that with QEMU's main loop,
 * which answers nothing in band. */
static void
undo_cut(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		ham_flow_send_oob(vm, vm->qmp, "yank", ham_bm_yank(node));
	}
}

static void
undo_stop(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "migrate_cancel", NULL, HAM_FLOW_MAY, NULL);
	ham_qemu_query_status(vm);
}

static void
undo_jobs(struct ham_vm *vm)
{
	bool any = false;

	HAM_EACH_COPIED (vm, i)
		any = any || (vm->job[i].started && !vm->job[i].ended);
	if (!any)
		return;
	ham_slot_stop(vm);
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		if (vm->job[i].started && !vm->job[i].ended)
			ham_flow_send(vm, vm->qmp, "block-job-cancel",
				      ham_bm_job_cancel(&disk, true),
				      HAM_FLOW_MAY, NULL);
	}
}

static bool
undo_quiet(struct ham_vm *vm)
{
	static const char *const over[] = {"", "cancelled", "failed",
					   "completed", NULL};

	HAM_EACH_COPIED (vm, i)
		if (vm->job[i].started && !vm->job[i].ended)
			return false;
	return g_strv_contains(over, vm->mig_status);
}

static void
undo_nodes(struct ham_vm *vm)
{
	ham_copy_drop_targets(vm, HAM_FLOW_MAY);
	ham_qsd_kill(vm);
	if (ham_vm_is_live(vm))
		ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static void
undo_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		/* QEMU does not obey: its end is the only way to be sure */
		ham_err("%s: undo: %s; ending QEMU", vm->name, error->message);
		vm->ending = false;
		ham_qemu_kill(vm);
		return;
	}
	(void)ham_state_write(vm, NULL);
	ham_vm_did(vm, HAM_DID_UNDONE, NULL, true);
}

/* Only QEMU knows which jobs there are: one may have been refused, and a
 * restarted hamd was not there. */
static void
assume_all(struct ham_vm *vm, JsonNode *value)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		struct ham_bm_progress p;

		ham_bm_read_progress(value, &disk, &p);
		vm->job[i].started = p.present;
		vm->job[i].ended = !p.present;
	}
}

static void
undo_look(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      assume_all);
	ham_qemu_query_migrate(vm);
}

static const struct ham_step undo_steps[] = {
	{"cut the connections", undo_cut, NULL, 0},
	{"look", undo_look, NULL, 0},
	{"cancel", undo_stop, NULL, 0},
	{"end the copies", undo_jobs, undo_quiet, 0},
	{"clean up", undo_nodes, ham_qsd_gone, 0},
};

void
ham_do_undo(struct ham_vm *vm)
{
	ham_copy_stop_watching(vm);
	ham_vm_begin(vm, "undo", undo_steps, G_N_ELEMENTS(undo_steps),
		     undo_end);
}
