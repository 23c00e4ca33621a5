/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/differ.c - what a comparison found goes into a slot's bitmap
 *
 * By a node that takes writes for nothing and remembers where they were: QEMU
 * has no command that sets bits.  Whether a mark was made it tells nobody, so
 * what the bitmap has is counted before it is merged.
 */
#include "hamd/guest/vm.h"

enum {
	MARK_BYTES = 1 << 30,
};

/* Bytes of that disk that differ, in whole blocks of the bitmap. */
static uint64_t
differing(const struct ham_vm *vm, unsigned int disk)
{
	GArray *ranges = vm->fill.ranges;
	uint64_t sum = 0;

	for (guint k = 0; k < ranges->len; k++) {
		struct ham_range r = g_array_index(ranges, struct ham_range, k);

		if (r.disk == disk)
			sum += (r.len + HAM_BM_DIGEST_BLOCK - 1) /
			       HAM_BM_DIGEST_BLOCK * HAM_BM_DIGEST_BLOCK;
	}
	return sum;
}

static void
all_marked(struct ham_vm *vm, JsonNode *nodes)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		uint64_t wanted = differing(vm, i);
		uint64_t marked = 0;

		if (!ham_bm_read_marked(nodes, &disk, &marked) ||
		    marked != wanted) {
			ham_flow_fail(vm,
				      "QEMU marked %" G_GUINT64_FORMAT
				      " of %" G_GUINT64_FORMAT
				      " bytes that differ",
				      marked, wanted);
			return;
		}
	}
}

static void
mark(struct ham_vm *vm, const struct ham_bm_disk *disk, uint64_t at,
     uint64_t len)
{
	while (len > 0) {
		uint64_t part = MIN(len, MARK_BYTES);

		ham_flow_send(vm, vm->qmp, "human-monitor-command",
			      ham_bm_differ_mark(disk, at, part), HAM_FLOW_MUST,
			      NULL);
		at += part;
		len -= part;
	}
}

void
ham_differ_mark(struct ham_vm *vm)
{
	GArray *ranges = vm->fill.ranges;

	HAM_EACH_COPIED_WHEN (vm, i, vm->fill.compared) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_differ_node(&disk);

		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), HAM_FLOW_MAY, NULL);
		ham_flow_send(vm, vm->qmp, "blockdev-add",
			      ham_bm_marks_add(&disk, node), HAM_FLOW_MUST,
			      NULL);
		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-add",
			      ham_bm_differ_bitmap(&disk), HAM_FLOW_MUST, NULL);
		for (guint k = 0; k < ranges->len; k++) {
			struct ham_range r =
				g_array_index(ranges, struct ham_range, k);

			if (r.disk == i)
				mark(vm, &disk, r.at, r.len);
		}
	}
	if (vm->fill.compared)
		ham_flow_send(vm, vm->qmp, "query-named-block-nodes", NULL,
			      HAM_FLOW_MUST, all_marked);
}

void
ham_differ_merge(struct ham_vm *vm)
{
	HAM_EACH_COPIED_WHEN (vm, i, vm->fill.compared) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *node = ham_bm_differ_node(&disk);

		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-merge",
			      ham_bm_differ_merge(&disk, vm->fill.slot),
			      HAM_FLOW_MUST, NULL);
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(node), HAM_FLOW_MUST, NULL);
	}
}
