/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/slot.c - what hangs in the replica slots, changed in a flow
 *
 * A slot is of all disks at once, and holds one node's copy of each.  The new
 * node goes in before the old one leaves: a quorum never has fewer children
 * than its threshold.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	PATIENCE_MS = 1000
};

int
ham_slot_index(const struct ham_vm *vm, uint32_t node)
{
	for (int k = 0; node && k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].node == node)
			return k;
	return -1;
}

bool
ham_slots_any(const struct ham_vm *vm)
{
	for (int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].node)
			return true;
	return false;
}

bool
ham_slot_in_error(const struct ham_vm *vm)
{
	for (int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].error && !vm->slot[k].filling)
			return true;
	return vm->unclear_error;
}

void
ham_slots_forget(struct ham_vm *vm)
{
	ham_beat_stop(vm);
	ham_fill_forget(vm);
	memset(vm->slot, 0, sizeof(vm->slot));
	vm->slot_seen = false;
	/* last: the core may want another one compared */
	ham_verify_forget(vm, "the guest does not run here any more");
}

void
ham_slot_whole(struct ham_vm_slot *slot)
{
	slot->delta_node = slot->node;
	slot->delta_boot[0] = '\0';
	g_strlcpy(slot->delta_image, slot->peer.image_id,
		  sizeof(slot->delta_image));
}

void
ham_slot_clear(struct ham_vm *vm, unsigned int k)
{
	struct ham_vm_slot *slot = &vm->slot[k];

	if (slot->filling)
		ham_fill_forget(vm);
	else if (vm->verify.node == slot->node)
		ham_verify_stop(vm, "the copy is given up");
	g_clear_pointer(&slot->probe, ham_probe_free);
	slot->node = 0;
	slot->filling = slot->error = false;
	slot->unanswered = 0;
}

bool
ham_slot_stays(const struct ham_vm *vm, unsigned int k)
{
	const struct ham_blob *ids = &vm->effect.blob;

	for (unsigned int at = 0; at + 4 <= ids->len; at += 4) {
		uint32_t id = 0;

		for (unsigned int i = at; i < at + 4; i++)
			id = id << 8 | ids->bytes[i];
		if (id == vm->slot[k].node)
			return true;
	}
	return vm->slot[k].node == 0;
}

static void
got_graph(struct ham_vm *vm, JsonNode *value)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
			g_autoptr(GError) error = NULL;

			if (!ham_bm_read_slot(value, &disk, k,
					      &vm->graph[i][k], &error)) {
				ham_flow_fail(vm, "%s", error->message);
				return;
			}
		}
	}
	vm->slot_seen = true;
}

void
ham_slot_query(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "x-debug-query-block-graph", NULL,
		      HAM_FLOW_MUST, got_graph);
}

static void
remove_child(struct ham_vm *vm, const struct ham_bm_disk *disk,
	     const char *child, const char *node)
{
	if (child[0] == '\0')
		return;
	ham_flow_send(vm, vm->qmp, "x-blockdev-change",
		      ham_bm_slot_remove(disk, child), HAM_FLOW_MUST, NULL);
	ham_flow_send(vm, vm->qmp, "blockdev-del", ham_bm_node_del(node),
		      HAM_FLOW_MAY, NULL);
}

void
ham_slot_exchange(struct ham_vm *vm, unsigned int i, unsigned int k,
		  const char *node)
{
	struct ham_bm_disk disk = ham_vm_disk(vm, i);
	struct ham_bm_slot was = vm->graph[i][k];
	struct ham_bm_slot *is = &vm->graph[i][k];

	/* the names of children are known again only after a look */
	vm->slot_seen = false;
	memset(is, 0, sizeof(*is));
	g_strlcpy(is->node, node, sizeof(is->node));
	is->replica = ham_bm_slot_of_node(node) >= 0;
	is->serial = was.serial + 1;
	ham_flow_send(vm, vm->qmp, "x-blockdev-change",
		      ham_bm_slot_add(&disk, node), HAM_FLOW_MUST, NULL);
	remove_child(vm, &disk, was.older, was.older_node);
	remove_child(vm, &disk, was.child, was.node);
}

void
ham_slot_connect(struct ham_vm *vm, unsigned int i, const char *node,
		 const struct ham_peer *to, enum ham_flow_how how,
		 ham_flow_reply_fn on_reply)
{
	g_autofree char *name =
		ham_vm_disk_export(vm, i, to->epoch, to->generation,
				   to->boot_id);
	struct ham_bm_export export = {to->host, to->nbd_port, name};

	ham_flow_send(vm, vm->qmp, "blockdev-add",
		      ham_bm_nbd_add(node, &export), how, on_reply);
}

void
ham_slot_put(struct ham_vm *vm, unsigned int k, const struct ham_peer *to)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		unsigned int serial = vm->graph[i][k].serial + 1;
		g_autofree char *node =
			to ? ham_bm_nbd_node(&disk, k, serial)
			   : ham_bm_null_node(&disk, k, serial);

		if (to)
			ham_slot_connect(vm, i, node, to, HAM_FLOW_MUST, NULL);
		else
			ham_flow_send(vm, vm->qmp, "blockdev-add",
				      ham_bm_null_add(&disk, node),
				      HAM_FLOW_MUST, NULL);
		ham_slot_exchange(vm, i, k, node);
	}
}

static gboolean
impatient(gpointer data)
{
	struct ham_vm *vm = data;

	vm->slot_watch = 0;
	if (vm->fill.active && !vm->fill.cut) {
		/* it holds nobody's only other copy: it goes first */
		vm->fill.cut = true;
		ham_fill_cut(vm);
		vm->slot_watch = g_timeout_add(
			(guint)(vm->guests->spec.conf->replica_timeout_us /
				1000),
			impatient, vm);
		return G_SOURCE_REMOVE;
	}
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		if (vm->slot[k].node == 0 || vm->slot[k].filling)
			continue;
		ham_warn("%s: a write is under way, and a replica may not "
			 "answer; cutting it off",
			 vm->name);
		ham_slot_yank(vm, k);
		ham_slot_failed(vm, k, false);
	}
	return G_SOURCE_REMOVE;
}

static void
stopped(struct ham_vm *vm, JsonNode *value)
{
	(void)value;
	ham_slot_unwatch(vm);
}

void
ham_slot_watch(struct ham_vm *vm)
{
	if (ham_slots_any(vm) && !vm->slot_seen)
		ham_slot_query(vm);
	ham_slot_unwatch(vm);
	vm->fill.cut = false;
	if (ham_slots_any(vm))
		vm->slot_watch = g_timeout_add(
			vm->fill.active
				? PATIENCE_MS
				: (guint)(vm->guests->spec.conf
						  ->replica_timeout_us /
					  1000),
			impatient, vm);
}

void
ham_slot_stop(struct ham_vm *vm)
{
	ham_slot_watch(vm);
	ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, stopped);
}

void
ham_slot_unwatch(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->slot_watch, g_source_remove);
}

/* A connection that hangs would hold everything sent in band. */
void
ham_slot_yank(struct ham_vm *vm, unsigned int k)
{
	HAM_EACH_COPIED (vm, i)
		if (vm->graph[i][k].replica)
			ham_flow_send_oob(vm, vm->qmp, "yank",
					  ham_bm_yank(vm->graph[i][k].node));
}

void
ham_slot_failed(struct ham_vm *vm, unsigned int k, bool silent)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_REPLICA_ERROR,
				  .node = vm->slot[k].node,
				  .flag = silent};

	if (vm->slot[k].node == 0 || (vm->slot[k].error && !silent))
		return;
	vm->slot[k].error = true;
	ham_vm_tell(vm, &event);
}

/* ---- steps for flows that end with a guest that runs ---- */

void
ham_slots_look(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (!ham_slot_stays(vm, k)) {
			ham_slot_query(vm);
			return;
		}
}

void
ham_slots_cut(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (!ham_slot_stays(vm, k))
			ham_slot_yank(vm, k);
}

void
ham_slots_empty(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (!ham_slot_stays(vm, k)) {
			ham_slot_put(vm, k, NULL);
			ham_slot_clear(vm, k);
		}
}
