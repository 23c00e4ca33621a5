/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/events.c - what QEMU tells unasked */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	SHUTDOWN_LIMIT_US = 60 * 1000000,
	STATUS_LIMIT_US = 10 * 1000000,
	/* QUORUM_REPORT_BAD may be a second late (QMP reference) */
	CALLED_OFF_US = 3 * 1000000,
};

static struct ham_job *
job_of(struct ham_vm *vm, JsonObject *data)
{
	const char *id = ham_json_string(data, "device");

	HAM_EACH_COPIED_WHEN (vm, i, id) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *ours = ham_bm_job_id(&disk);

		if (strcmp(id, ours) == 0)
			return &vm->job[i];
	}
	return NULL;
}

static bool
is_known(struct ham_vm *vm, JsonObject *data)
{
	struct ham_job *job = job_of(vm, data);

	return job ? job->error != NULL : vm->fill.broken;
}

static void
job_event(struct ham_vm *vm, const char *name, JsonObject *data)
{
	struct ham_job *job = job_of(vm, data);
	const char *id = ham_json_string(data, "device");
	g_autoptr(GError) error = NULL;
	int64_t bytes = 0;

	if (!job && id && strcmp(name, "BLOCK_JOB_COMPLETED") == 0) {
		(void)ham_bm_job_completed_well(data, &error);
		(void)ham_json_int(data, "offset", &bytes);
		ham_fill_job_ended(vm, id, (uint64_t)MAX(bytes, 0),
				   error ? error->message : NULL);
	} else if (!job && id && strcmp(name, "BLOCK_JOB_ERROR") == 0) {
		ham_fill_job_stopped(vm, id);
	}
	if (!job)
		return;
	if (strcmp(name, "BLOCK_JOB_READY") == 0) {
		job->ready = true;
	} else if (strcmp(name, "BLOCK_JOB_ERROR") == 0) {
		/* it stands, and does not end before it is called off */
		if (!job->error)
			job->error = g_strdup("it can't be read or written");
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

static void
said_io_error(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	JsonObject *status = !error && JSON_NODE_HOLDS_OBJECT(reply)
				     ? json_node_get_object(reply)
				     : NULL;

	(void)qmp;
	if (!status || vm->own_error ||
	    g_strcmp0(ham_json_string(status, "status"), "io-error") != 0)
		return;
	vm->own_error = true;
	ham_err("%s: its own disk failed: %s", vm->name, vm->own_text);
	ham_vm_did(vm, HAM_DID_DISK_ERROR, vm->own_text, true);
}

/* It stands, and no copy that is there again lets it go on.  The event may be a
 * second late, and of what has been mended since: what counts is its state. */
static void
disk_failed(struct ham_vm *vm, const char *how)
{
	if (vm->own_error || !vm->qmp)
		return;
	g_strlcpy(vm->own_text, how, sizeof(vm->own_text));
	ham_qmp_execute(vm->qmp, "query-status", NULL,
			ham_clock_us() + STATUS_LIMIT_US, said_io_error, vm);
}

/* While the guest is being found, the core orders the retry by what it is told
 * of it. */
static void
failed_with_copy(struct ham_vm *vm)
{
	struct ham_effect again = {.act = HAM_DO_RETRY};

	ham_notice("%s: a write failed with the copy that was called off",
		   vm->name);
	if (vm->flow && g_str_equal(ham_flow_name(vm->flow), HAM_FLOW_FIND)) {
		vm->failed_with_it = true;
		return;
	}
	g_strlcpy(again.guest, vm->name, sizeof(again.guest));
	ham_guests_do(vm->guests, &again);
}

static void
own_disk_failed(struct ham_vm *vm, const char *how)
{
	if (vm->fill.active && !vm->fill.comparing) {
		/* a write may wait for what is being copied, and fail with
		 * that; called off, it is tried again */
		vm->fill.broken = true;
		return;
	}
	if (vm->called_off_us &&
	    ham_clock_us() - vm->called_off_us < CALLED_OFF_US)
		failed_with_copy(vm);
	else
		disk_failed(vm, how);
}

/* QEMU has asked the copies, one after the other; if none could be read, there
 * is a BLOCK_IO_ERROR, too. */
static void
own_disk_unread(struct ham_vm *vm, const char *how)
{
	if (vm->own_reads || !ham_slots_any(vm))
		return;
	vm->own_reads = true;
	ham_err("%s: its own disk can't be read: %s", vm->name, how);
	ham_vm_did(vm, HAM_DID_DISK_ERROR, how, false);
}

/* A write that a replica refused: the guest stands until OUTDATED.  The event
 * may come a second late (below), and be about a connection that was replaced.
 */
static void
report_bad(struct ham_vm *vm, JsonObject *data)
{
	const char *node = ham_json_string(data, "node-name");
	const char *error = ham_json_string(data, "error");
	int i = node ? ham_bm_disk_of_node(node) : -1;
	int k = node ? ham_bm_slot_of_node(node) : -1;

	vm->io_errors++;
	if (vm->renew.flushing && k < 0 &&
	    g_strcmp0(ham_json_string(data, "type"), "flush") == 0) {
		/* the guest's own flush would not meet with it any more */
		ham_err("%s: its own disk can't be flushed; ending QEMU",
			vm->name);
		ham_qemu_kill(vm);
		return;
	}
	if (!error)
		error = "it gave no reason";
	if (i >= 0 && g_strcmp0(ham_json_string(data, "type"), "read") == 0) {
		if (g_str_has_suffix(node, "-r"))
			own_disk_unread(vm, error);
		return; /* that a copy can't be read is no loss of a write */
	}
	if (i >= 0 && k < 0) {
		/* it stands only when all copies have answered, too */
		vm->own_bad = true;
		own_disk_failed(vm, error);
	}
	if (i < 0 || (unsigned int)i >= ham_vm_n_disks(vm) || k < 0 ||
	    vm->slot[k].node == 0 || vm->slot[k].error ||
	    strcmp(vm->graph[i][k].node, node) != 0)
		return;
	ham_warn("%s: its replica refused a write (%s)", vm->name, node);
	ham_slot_failed(vm, (unsigned int)k, false);
}

/* QUORUM_REPORT_BAD, which would name the replica, may come up to a second
 * after the stop that it explains: QEMU limits its rate (QMP reference). */
static void
block_error(struct ham_vm *vm, JsonObject *data)
{
	const char *reason = ham_json_string(data, "reason");
	const char *node = ham_json_string(data, "node-name");
	int i = node ? ham_bm_disk_of_node(node) : -1;

	vm->io_errors++;
	if (!reason)
		reason = "no reason given";
	if (i >= 0 && i < (int)ham_vm_n_disks(vm) &&
	    ham_vm_is_shared(vm, (unsigned int)i)) {
		disk_failed(vm, reason);
		return;
	}
	if (ham_slot_in_error(vm))
		return;
	if (g_strcmp0(ham_json_string(data, "operation"), "read") == 0) {
		own_disk_failed(vm, reason); /* nor could any copy be read */
	} else if (ham_slots_any(vm) && !vm->own_bad) {
		vm->unclear_error = true;
		ham_warn("%s: a write failed: %s", vm->name, reason);
	} else {
		own_disk_failed(vm, reason);
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

static void
said_status(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;

	(void)reply;
	if (error) {
		ham_err("%s: powered off, but: %s; ending QEMU", vm->name,
			error->message);
		ham_qemu_kill(vm);
		return;
	}
	vm->shutdown_seen = true;
	ham_qmp_execute(qmp, "quit", NULL, ham_clock_us() + SHUTDOWN_LIMIT_US,
			NULL, NULL);
}

/* QEMU has stopped, drained and flushed before it answers anything more, and
 * told before its answer what failed in that: only then it is known whether
 * all copies are equal. */
void
ham_vm_powered_off(struct ham_vm *vm)
{
	if (vm->qmp)
		ham_qmp_execute(vm->qmp, "query-status", NULL,
				ham_clock_us() + SHUTDOWN_LIMIT_US, said_status,
				vm);
}

void
ham_vm_event(struct ham_vm *vm, const char *name, JsonObject *data)
{
	const char *status;
	int64_t pass;

	if (strcmp(name, "BLOCK_JOB_ERROR") == 0 && is_known(vm, data))
		return; /* one comes for each write of the guest */
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
		if (ham_json_true(data, "guest"))
			ham_vm_powered_off(vm);
	} else if (strcmp(name, "STOP") == 0) {
		ham_vm_mark(vm, "event STOP");
	} else if (strcmp(name, "RESUME") == 0) {
		vm->resume_seen = true;
		vm->swap_stopped = vm->own_bad = false;
		if (vm->own_error) {
			vm->own_error = false;
			ham_vm_did(vm, HAM_DID_DISK_MENDED, NULL, false);
		}
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
