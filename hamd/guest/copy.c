/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/copy.c - source: disks and memory go to the destination
 *
 * Mirror and RAM go at the same time under one budget (steer.c).
 * `switchover-ack` is set here and not at the destination, so QEMU can't
 * complete while the guest runs; it does as soon as it is stopped.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	FLOOR_BANDWIDTH = 4 << 20,
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
	ham_copy_throttle(args, 0, false);
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
	/* it can't be set later; judge.c says how much, if any */
	vm->copy.slowable = vm->copy.policy.auto_converge ||
			    vm->guests->spec.conf->accel == HAM_CONF_KVM;
	add_capability(caps, "auto-converge", vm->copy.slowable);
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

/* ---- its end ---- */

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

static void
copy_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_copy_failed(vm, "%s", error->message);
		return;
	}
	ham_copy_watch(vm);
}

void
ham_do_copy(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;
	struct ham_peer peer;

	ham_copy_stop_watching(vm);
	ham_copy_pause_ends(vm);
	memset(&vm->copy, 0, sizeof(vm->copy));
	g_array_set_size(vm->timeline, 0);
	vm->tracing = false;
	vm->txn = vm->effect.txn;
	vm->copy.policy = vm->effect.policy;
	vm->copy.forced = vm->effect.flag;
	vm->copy.began_us = (int64_t)vm->effect.value;
	vm->copy.bandwidth = UINT64_MAX; /* not set by steer.c yet */
	if (!vm->conf) {
		ham_copy_failed(vm, "the cluster file here does not name it");
		return;
	}
	if (!ham_peer_read(&vm->effect.blob, &peer)) {
		ham_copy_failed(vm, "the destination's answer can't be read");
		return;
	}
	if (!ham_ports_fit(vm, &peer, ham_vm_node_name(vm, vm->effect.node),
			   &error)) {
		ham_copy_failed(vm, "%s", error->message);
		return;
	}
	vm->copy.peer = peer;
	vm->copy.peer_node = vm->effect.node;
	vm->copy.mirror =
		!(peer.replica && ham_slot_index(vm, vm->effect.node) >= 0);
	vm->copy.progress.left_ms[0] = vm->copy.progress.left_ms[1] = -1;
	vm->copy.progress.pause_us[0] = vm->copy.progress.pause_us[1] = -1;
	if (vm->copy.mirror && peer.replica) {
		ham_copy_failed(vm, "the destination's copy is not connected");
		return;
	}
	ham_vm_begin(vm, "copy", copy_steps, G_N_ELEMENTS(copy_steps),
		     copy_end);
}
