/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/events.c - what QEMU tells unasked */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

static struct ham_job *
job_of(struct ham_vm *vm, JsonObject *data)
{
	const char *id = ham_json_string(data, "device");

	for (unsigned int i = 0; id && i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *ours = ham_bm_job_id(&disk);

		if (strcmp(id, ours) == 0)
			return &vm->job[i];
	}
	return NULL;
}

static void
job_event(struct ham_vm *vm, const char *name, JsonObject *data)
{
	struct ham_job *job = job_of(vm, data);
	g_autoptr(GError) error = NULL;

	if (!job)
		return;
	if (strcmp(name, "BLOCK_JOB_READY") == 0) {
		job->ready = true;
	} else if (strcmp(name, "BLOCK_JOB_COMPLETED") == 0) {
		job->ended = true;
		if (!ham_bm_job_completed_well(data, &error)) {
			g_free(job->error);
			job->error = g_strdup(error->message);
		}
	} else if (strcmp(name, "BLOCK_JOB_CANCELLED") == 0) {
		job->ended = true;
		g_free(job->error);
		job->error = g_strdup("it was cancelled");
	}
}

/* A write that our replica refused: the guest stands until OUTDATED. */
static void
report_bad(struct ham_vm *vm, JsonObject *data)
{
	const char *node = ham_json_string(data, "node-name");

	if (!node || !strstr(node, "-nbd") || vm->slot_node == 0 ||
	    vm->slot_error)
		return;
	vm->slot_error = true;
	ham_warn("%s: its replica refused a write (%s)", vm->name, node);
	ham_vm_did(vm, HAM_DID_REPLICA_ERROR, NULL, false);
}

/* QUORUM_REPORT_BAD, which would name the replica, may come up to a second
 * after the stop that it explains: QEMU limits its rate (QMP reference). */
static void
block_error(struct ham_vm *vm, JsonObject *data)
{
	const char *reason = ham_json_string(data, "reason");

	if (vm->slot_error)
		return;
	if (!reason)
		reason = "no reason given";
	if (vm->slot_node) {
		vm->unclear_error = true;
		ham_warn("%s: a write failed: %s", vm->name, reason);
	} else {
		ham_err("%s: its own disk failed: %s", vm->name, reason);
	}
}

/* Its twin may run, or soon will (doc/faults.md, F44): told as any other end
 * of QEMU. */
static void
resumed_unasked(struct ham_vm *vm)
{
	ham_err("%s: QEMU resumed the guest, and nobody had ordered it; "
		"ending QEMU",
		vm->name);
	vm->disobeyed = true;
	ham_qemu_kill(vm);
}

void
ham_vm_event(struct ham_vm *vm, const char *name, JsonObject *data)
{
	const char *status;
	int64_t pass;

	if (g_str_has_prefix(name, "BLOCK_JOB_")) {
		job_event(vm, name, data);
	} else if (strcmp(name, "MIGRATION") == 0) {
		status = ham_json_string(data, "status");
		if (status)
			g_strlcpy(vm->mig_status, status,
				  sizeof(vm->mig_status));
		ham_vm_mark(vm, "event %s", vm->mig_status);
	} else if (strcmp(name, "MIGRATION_PASS") == 0) {
		if (ham_json_int(data, "pass", &pass))
			vm->copy.syncs = (uint64_t)pass;
	} else if (strcmp(name, "SHUTDOWN") == 0) {
		vm->shutdown_seen = true;
	} else if (strcmp(name, "STOP") == 0) {
		ham_vm_mark(vm, "event STOP");
	} else if (strcmp(name, "RESUME") == 0) {
		vm->resume_seen = true;
		ham_vm_mark(vm, "event RESUME");
		if (vm->held)
			resumed_unasked(vm);
	} else if (strcmp(name, "QUORUM_REPORT_BAD") == 0) {
		report_bad(vm, data);
	} else if (strcmp(name, "BLOCK_IO_ERROR") == 0) {
		block_error(vm, data);
	}
	ham_flow_poke(vm);
}

void
ham_vm_qsd_event(struct ham_vm *vm, const char *name, JsonObject *data)
{
	(void)name;
	(void)data;
	ham_flow_poke(vm);
}
