/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/copy.c - source: disks and memory go to the destination
 *
 * Mirror and RAM go at the same time under one budget; RAM is paced to arrive
 * with the disks.  `switchover-ack` is set here and not at the destination, so
 * QEMU can't complete while the guest runs; it does as soon as it is stopped.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	TICK_MS = 40,
	PROGRESS_US = 200000,
	FLOOR_BANDWIDTH = 4 << 20,
	GATE_REMAINING = 16 << 20, /* bytes of RAM that fit into the pause */
};

/* ---- offering our disk ---- */

static void
start_daemon(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!ham_qsd_start(vm, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
open_idle(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *name = ham_vm_disk_export(
			vm, i, vm->epoch + 1, 0, vm->guests->boot_id);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-add",
			      ham_bm_qsd_open(&disk, false), HAM_FLOW_MUST,
			      NULL);
		ham_flow_send(vm, vm->qsd_qmp, "block-export-add",
			      ham_bm_qsd_export(&disk, vm->epoch + 1, name),
			      HAM_FLOW_MUST, NULL);
	}
}

static void
offer(struct ham_vm *vm)
{
	struct ham_peer me = {.nbd_port = vm->qsd_port,
			      .epoch = vm->epoch + 1,
			      .node = vm->guests->spec.node_id};
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	/* asked only when this is a copy; but where, the other side hears now */
	ham_digest_start(vm);
	if (!ham_state_write(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	me.digest_port = vm->digest_port;
	if (vm->digest_port)
		g_strlcpy(me.digest_token, vm->digest_token,
			  sizeof(me.digest_token));
	g_strlcpy(me.host, ham_vm_address(vm), sizeof(me.host));
	g_strlcpy(me.boot_id, vm->guests->boot_id, sizeof(me.boot_id));
	g_strlcpy(me.image_id, vm->image_id, sizeof(me.image_id));
	text = ham_peer_write(&me);
	vm->qsd_exports = true;
	ham_vm_did_blob(vm, HAM_DID_OFFERED, text);
}

/* ---- the copy ---- */

static void
add_capability(JsonArray *array, const char *name, bool state)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "capability", name);
	json_object_set_boolean_member(object, "state", state);
	json_array_add_object_element(array, object);
}

static void
set_parameters(struct ham_vm *vm, int64_t downtime_ms, int64_t bandwidth,
	       int64_t switchover)
{
	JsonObject *args = json_object_new();

	json_object_set_int_member(args, "downtime-limit", downtime_ms);
	json_object_set_int_member(args, "max-bandwidth", bandwidth);
	json_object_set_int_member(args, "avail-switchover-bandwidth",
				   switchover);
	ham_flow_send(vm, vm->qmp, "migrate-set-parameters", args,
		      HAM_FLOW_MUST, NULL);
}

static void
set_up(struct ham_vm *vm)
{
	JsonObject *args = json_object_new();
	JsonArray *caps = json_array_new();

	add_capability(caps, "events", true);
	add_capability(caps, "return-path", true);
	add_capability(caps, "pause-before-switchover", true);
	add_capability(caps, "switchover-ack", true);
	add_capability(caps, "auto-converge", vm->conf->auto_converge);
	json_object_set_array_member(args, "capabilities", caps);
	ham_flow_send(vm, vm->qmp, "migrate-set-capabilities", args,
		      HAM_FLOW_MUST, NULL);
	set_parameters(vm, 1,
		       vm->copy.mirror ? FLOOR_BANDWIDTH
				       : (int64_t)ham_vm_budget(vm),
		       0);
}

static void
start_mirrors(struct ham_vm *vm)
{
	if (!vm->copy.mirror)
		return;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *name =
			ham_vm_disk_export(vm, i, vm->copy.peer.epoch, 0,
					   vm->copy.peer.boot_id);
		g_autofree char *node = ham_bm_target_node(&disk);
		struct ham_bm_export export = {vm->copy.peer.host,
					       vm->copy.peer.nbd_port, name};

		g_clear_pointer(&vm->job[i].error, g_free);
		vm->job[i] = (struct ham_job){0};
		ham_flow_send(vm, vm->qmp, "blockdev-add",
			      ham_bm_nbd_add(node, &export), HAM_FLOW_MUST,
			      NULL);
		ham_flow_send(vm, vm->qmp, "blockdev-mirror",
			      ham_bm_mirror(&disk, ham_vm_disk_budget(vm)),
			      HAM_FLOW_MUST, NULL);
	}
}

static void
start_ram(struct ham_vm *vm)
{
	JsonObject *args = json_object_new();
	bool v6 = strchr(vm->copy.peer.host, ':') != NULL;
	g_autofree char *uri = g_strdup_printf(
		"tcp:%s%s%s:%u", v6 ? "[" : "", vm->copy.peer.host,
		v6 ? "]" : "", vm->copy.peer.ram_port);

	vm->mig_status[0] = '\0';
	json_object_set_string_member(args, "uri", uri);
	ham_flow_send(vm, vm->qmp, "migrate", args, HAM_FLOW_MUST, NULL);
}

static bool
ram_flows(struct ham_vm *vm)
{
	if (strcmp(vm->mig_status, "failed") == 0)
		ham_flow_fail(vm, "the memory stream failed");
	return strcmp(vm->mig_status, "active") == 0;
}

static void
pause_copy(struct ham_vm *vm)
{
	ham_pause_point(vm, "copy");
}

static void
copy_check(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!ham_images_in_use(vm, vm->qemu, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static const struct ham_step copy_steps[] = {
	{"check", copy_check, NULL, 0},
	{"end what served the last copy", ham_qsd_kill, ham_qsd_gone, 0},
	{"look at the slots", ham_slot_query, NULL, 0},
	{"start the storage daemon", start_daemon, ham_qsd_ready, 0},
	{"offer the disk", open_idle, NULL, 0},
	{"set up the copy", offer, NULL, 0},
	{"pause point", pause_copy, ham_pause_over, 600000},
	{"set the limits", set_up, NULL, 0},
	{"copy the disks", start_mirrors, NULL, 0},
	{"copy the memory", start_ram, ram_flows, 0},
};

/* ---- watching it ---- */

static void copy_failed(struct ham_vm *vm, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void
copy_failed(struct ham_vm *vm, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	if (vm->copy.failed)
		return;
	vm->copy.failed = true;
	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	ham_copy_stop_watching(vm);
	ham_vm_did(vm, HAM_DID_COPY_FAILED, text, false);
}

static void
quiet(struct ham_vm *vm, const char *command, JsonObject *args,
      ham_qmp_reply_fn on_reply)
{
	if (!vm->qmp) {
		if (args)
			json_object_unref(args);
		return;
	}
	ham_qmp_execute(vm->qmp, command, args,
			ham_clock_us() + 5 * G_USEC_PER_SEC, on_reply, vm);
}

static int64_t
number(JsonObject *object, const char *name)
{
	int64_t value = 0;

	(void)(object && ham_json_int(object, name, &value));
	return value;
}

/* Bytes/s over the last second or so. */
static void
measure(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	uint64_t moved = c->progress.disk_done + c->progress.ram_done;
	int64_t now = ham_clock_us();

	if (c->rate_since_us == 0 || moved < c->rate_from) {
		c->rate_since_us = now;
		c->rate_from = moved;
	} else if (now - c->rate_since_us > 300000) {
		c->rate = (moved - c->rate_from) * G_USEC_PER_SEC /
			  (uint64_t)(now - c->rate_since_us);
		c->rate_since_us = now;
		c->rate_from = moved;
	}
	if (c->disk_seen_us == 0) {
		c->disk_seen = c->progress.disk_done;
		c->disk_seen_us = now;
	} else if (now - c->disk_seen_us > 150000) {
		c->disk_rate = (c->progress.disk_done - c->disk_seen) *
			       G_USEC_PER_SEC /
			       (uint64_t)(now - c->disk_seen_us);
		c->disk_seen = c->progress.disk_done;
		c->disk_seen_us = now;
	}
	c->progress.rate = c->rate;
	c->progress.left_ms[0] = c->progress.left_ms[1] =
		c->rate ? (int64_t)((c->progress.disk_total -
				     c->progress.disk_done +
				     c->progress.ram_remaining) *
				    1000 / c->rate)
			: -1;
}

static void
set_bandwidth(struct ham_vm *vm, uint64_t bytes)
{
	JsonObject *args = json_object_new();

	json_object_set_int_member(args, "max-bandwidth", (int64_t)bytes);
	quiet(vm, "migrate-set-parameters", args, NULL);
}

static void
pace(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	uint64_t rest = c->progress.disk_total - c->progress.disk_done;
	uint64_t budget = ham_vm_disk_budget(vm);
	uint64_t ram;

	if (!c->mirror || c->jobs_ready)
		return;
	ram = ham_bm_pace(c->progress.ram_remaining, rest, c->disk_rate,
			  budget);
	set_bandwidth(vm, ram);
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		uint64_t speed =
			ham_bm_pace_disk(c->disk_rest[i], rest, ram, budget);
		uint64_t old = c->disk_speed[i];

		/* each change begins a new time slice in QEMU */
		if (speed > old - old / 8 && speed < old + old / 8)
			continue;
		c->disk_speed[i] = speed;
		quiet(vm, "block-job-set-speed", ham_bm_job_speed(&disk, speed),
		      NULL);
	}
}

static void
look_for_gate(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;

	if (c->gated || !c->jobs_ready || c->progress.passes < 2 ||
	    c->progress.ram_remaining > GATE_REMAINING)
		return;
	c->gated = true;
	ham_vm_did(vm, HAM_DID_GATE, NULL, false);
}

static void
got_migrate(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	struct ham_copy *c = &vm->copy;
	JsonObject *object;
	JsonObject *ram;

	(void)qmp;
	if (error || !c->watching || !JSON_NODE_HOLDS_OBJECT(reply))
		return;
	object = json_node_get_object(reply);
	ram = ham_json_object(object, "ram");
	c->progress.ram_total = (uint64_t)number(ram, "total");
	c->progress.ram_remaining = (uint64_t)number(ram, "remaining");
	c->progress.ram_done = (uint64_t)number(ram, "transferred");
	c->progress.passes = (uint64_t)number(ram, "dirty-sync-count");
	c->syncs = c->progress.passes;
	if (!vm->flow && strcmp(vm->mig_status, "active") != 0) {
		copy_failed(vm, "the memory stream to %s failed%s%s",
			    c->peer.host,
			    ham_json_string(object, "error-desc") ? ": " : "",
			    ham_json_string(object, "error-desc")
				    ? ham_json_string(object, "error-desc")
				    : "");
		return;
	}
	measure(vm);
	pace(vm);
	look_for_gate(vm);
	if (ham_clock_us() >= c->next_progress_us) {
		c->next_progress_us = ham_clock_us() + PROGRESS_US;
		ham_vm_did(vm, HAM_DID_PROGRESS, NULL, false);
	}
}

static void
got_jobs(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	struct ham_copy *c = &vm->copy;
	bool all = true;

	(void)qmp;
	if (error || !c->watching)
		return;
	c->progress.disk_done = c->progress.disk_total = 0;
	HAM_EACH_COPIED_WHEN (vm, i, c->mirror) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		struct ham_bm_progress p;

		ham_bm_read_progress(reply, &disk, &p);
		c->progress.disk_done += p.offset;
		c->progress.disk_total += p.len;
		c->disk_rest[i] = p.len - p.offset;
		if (vm->job[i].ended) {
			copy_failed(vm, "the copy of disk %u to %s failed: %s",
				    i, c->peer.host,
				    vm->job[i].error ? vm->job[i].error
						     : "it ended early");
			return;
		}
		if (!vm->job[i].ready)
			all = false;
	}
	if (all && !c->jobs_ready) {
		c->jobs_ready = true;
		set_bandwidth(vm, ham_vm_budget(vm));
	}
	quiet(vm, "query-migrate", NULL, got_migrate);
}

static gboolean
tick(gpointer data)
{
	struct ham_vm *vm = data;

	if (!vm->copy.watching) {
		vm->copy.ticker = 0;
		return G_SOURCE_REMOVE;
	}
	quiet(vm, "query-block-jobs", NULL, got_jobs);
	return G_SOURCE_CONTINUE;
}

void
ham_copy_drop_targets(struct ham_vm *vm, enum ham_flow_how how)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_target_node(&disk);

		vm->job[i].started = false;
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), how, NULL);
	}
}

void
ham_copy_stop_watching(struct ham_vm *vm)
{
	vm->copy.watching = false;
	g_clear_handle_id(&vm->copy.ticker, g_source_remove);
}

static void
copy_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		copy_failed(vm, "%s", error->message);
		return;
	}
	vm->copy.watching = true;
	if (vm->copy.mirror)
		ham_yield_begin(vm->guests);
	vm->copy.ticker = g_timeout_add(TICK_MS, tick, vm);
}

void
ham_copy_policy(struct ham_vm *vm, const struct ham_policy *policy, bool forced)
{
	if (!vm->copy.watching)
		return;
	vm->copy.policy = *policy;
	vm->copy.forced = forced;
}

void
ham_do_copy(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;
	struct ham_peer peer;

	ham_copy_stop_watching(vm);
	memset(&vm->copy, 0, sizeof(vm->copy));
	g_array_set_size(vm->timeline, 0);
	vm->tracing = false;
	vm->txn = vm->effect.txn;
	vm->copy.policy = vm->effect.policy;
	if (!vm->conf) {
		copy_failed(vm, "the cluster file here does not name it");
		return;
	}
	if (!ham_peer_read(&vm->effect.blob, &peer)) {
		copy_failed(vm, "the destination's answer can't be read");
		return;
	}
	if (!ham_ports_fit(vm, &peer, ham_vm_node_name(vm, vm->effect.node),
			   &error)) {
		copy_failed(vm, "%s", error->message);
		return;
	}
	vm->copy.peer = peer;
	vm->copy.peer_node = vm->effect.node;
	vm->copy.mirror =
		!(peer.replica && ham_slot_index(vm, vm->effect.node) >= 0);
	vm->copy.progress.left_ms[0] = vm->copy.progress.left_ms[1] = -1;
	vm->copy.progress.pause_us[0] = vm->copy.progress.pause_us[1] = -1;
	if (vm->copy.mirror && peer.replica) {
		copy_failed(vm, "the destination's copy is not connected");
		return;
	}
	ham_vm_begin(vm, "copy", copy_steps, G_N_ELEMENTS(copy_steps),
		     copy_end);
}
