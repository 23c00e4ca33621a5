/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/slot.c - what hangs in a disk's replica slot, changed in a flow
 *
 * The new node goes in before the old one leaves (a quorum never has fewer
 * children than its threshold), for all disks at once.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	PATIENCE_MS = 1000
};

static void
got_graph(struct ham_vm *vm, JsonNode *value)
{
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autoptr(GError) error = NULL;

		if (!ham_bm_read_slot(value, &disk, 0, &vm->slot[i], &error)) {
			ham_flow_fail(vm, "%s", error->message);
			return;
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

/* vm->swap_to says what goes in. */
void
ham_slot_swap(struct ham_vm *vm)
{
	const struct ham_peer *to = &vm->swap_to;

	vm->slot_seen = false;
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		const struct ham_bm_slot *slot = &vm->slot[i];
		unsigned int serial = slot->serial + 1;
		g_autofree char *node = NULL;
		g_autofree char *name = NULL;

		if (to->host[0]) {
			struct ham_bm_export export = {to->host, to->nbd_port,
						       NULL};

			name = ham_vm_disk_export(vm, i, to->epoch,
						  to->boot_id);
			export.name = name;
			node = ham_bm_nbd_node(&disk, 0, serial);
			ham_flow_send(vm, vm->qmp, "blockdev-add",
				      ham_bm_nbd_add(node, &export),
				      HAM_FLOW_MUST, NULL);
		} else {
			node = ham_bm_null_node(&disk, 0, serial);
			ham_flow_send(vm, vm->qmp, "blockdev-add",
				      ham_bm_null_add(&disk, node),
				      HAM_FLOW_MUST, NULL);
		}
		ham_flow_send(vm, vm->qmp, "x-blockdev-change",
			      ham_bm_slot_add(&disk, node), HAM_FLOW_MUST,
			      NULL);
		remove_child(vm, &disk, slot->older, slot->older_node);
		remove_child(vm, &disk, slot->child, slot->node);
	}
}

static gboolean
impatient(gpointer data)
{
	struct ham_vm *vm = data;

	vm->slot_watch = 0;
	ham_warn("%s: its replica does not answer; cutting it off", vm->name);
	ham_slot_yank(vm);
	if (!vm->slot_error) {
		vm->slot_error = true;
		ham_vm_did(vm, HAM_DID_REPLICA_ERROR, NULL, false);
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
ham_slot_stop(struct ham_vm *vm)
{
	if (vm->slot_node && !vm->slot_seen)
		ham_slot_query(vm);
	ham_slot_unwatch(vm);
	if (vm->slot_node)
		vm->slot_watch = g_timeout_add(PATIENCE_MS, impatient, vm);
	ham_flow_send(vm, vm->qmp, "stop", NULL, HAM_FLOW_MUST, stopped);
}

void
ham_slot_unwatch(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->slot_watch, g_source_remove);
}

/* A connection that hangs would hold everything sent in band. */
void
ham_slot_yank(struct ham_vm *vm)
{
	for (unsigned int i = 0; i < ham_vm_n_disks(vm); i++)
		if (vm->slot[i].replica)
			ham_flow_send_oob(vm, vm->qmp, "yank",
					  ham_bm_yank(vm->slot[i].node));
}
