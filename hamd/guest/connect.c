/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/connect.c - the slots of a QEMU that does not run the guest yet
 *
 * Copies that are equal already are put into its slots: before a start those
 * that went through the last stop, at a destination the source's disk and the
 * copies that go on.  From then on a bitmap of each slot remembers what is
 * written.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

bool
ham_connect_read(struct ham_vm *vm, const struct ham_blob *blob)
{
	g_autofree char *text = g_strndup((const char *)blob->bytes, blob->len);
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	ham_slots_forget(vm);
	for (unsigned int k = 0; lines[k] && lines[k][0]; k++) {
		struct ham_blob one = {.len = (uint16_t)strlen(lines[k])};

		if (k == HAM_BM_SLOTS)
			return false;
		memcpy(one.bytes, lines[k], one.len);
		if (!ham_peer_read(&one, &vm->slot[k].peer))
			return false;
		vm->slot[k].node = vm->slot[k].peer.node;
	}
	return true;
}

static void
joined(struct ham_vm *vm, JsonNode *value)
{
	(void)value;
	vm->joined++;
}

static void
join(struct ham_vm *vm, unsigned int k)
{
	vm->joined = 0;
	if (vm->slot[k].node == 0)
		return;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_nbd_node(
			&disk, k, vm->graph[i][k].serial + 1);

		ham_slot_connect(vm, i, node, &vm->slot[k].peer, HAM_FLOW_MAY,
				 joined);
	}
}

static bool
has_joined(struct ham_vm *vm, unsigned int k)
{
	if (vm->slot[k].node == 0 || vm->joined == ham_vm_n_copied(vm))
		return true;
	ham_warn("%s: the copy at %s can't be connected", vm->name,
		 vm->slot[k].peer.host);
	/* the source's own disk, or one that a start was to count on */
	if (k == 0 || vm->role == HAM_ROLE_OWNER) {
		vm->unconnected = vm->slot[k].node;
		ham_flow_fail(vm, "the copy at %s can't be connected",
			      vm->slot[k].peer.host);
	}
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_nbd_node(
			&disk, k, vm->graph[i][k].serial + 1);

		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), HAM_FLOW_MAY, NULL);
	}
	vm->slot[k].node = 0;
	return false;
}

void
ham_connect_0(struct ham_vm *vm)
{
	join(vm, 0);
}

bool
ham_connected_0(struct ham_vm *vm)
{
	return has_joined(vm, 0);
}

void
ham_connect_1(struct ham_vm *vm)
{
	join(vm, 1);
}

bool
ham_connected_1(struct ham_vm *vm)
{
	return has_joined(vm, 1);
}

void
ham_connect_2(struct ham_vm *vm)
{
	join(vm, 2);
}

bool
ham_connected_2(struct ham_vm *vm)
{
	return has_joined(vm, 2);
}

void
ham_connect_swap(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		if (vm->slot[k].node == 0)
			continue;
		HAM_EACH_COPIED (vm, i) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);
			g_autofree char *node = ham_bm_nbd_node(
				&disk, k, vm->graph[i][k].serial + 1);

			ham_slot_exchange(vm, i, k, node);
		}
	}
}

void
ham_connect_bitmaps(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		struct ham_vm_slot *slot = &vm->slot[k];

		if (slot->node == 0)
			continue;
		ham_slot_whole(slot);
		HAM_EACH_COPIED (vm, i) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);

			ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-add",
				      ham_bm_bitmap_add(&disk, k),
				      HAM_FLOW_MUST, NULL);
		}
	}
}
