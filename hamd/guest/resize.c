/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/resize.c - a disk grows while its guest runs (RESIZE)
 *
 * The image first, then QEMU by the steps of blockmirror/resize.c.  Each step
 * may have been done by an earlier try that did not come to its end, of this
 * hamd or another: what is there already is no error, and what is not undone by
 * a failure is gone on with by the next try.
 *
 * Refuses while a copy is in a slot, and to make anything smaller.
 */
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	MARK_BYTES = 1 << 30,
};

static struct ham_bm_disk
grown(const struct ham_vm *vm)
{
	struct ham_bm_disk disk = ham_vm_disk(vm, vm->resize.disk);

	disk.size = vm->resize.to;
	return disk;
}

static bool
is_done(const struct ham_vm *vm)
{
	return ham_vm_disk(vm, vm->resize.disk).size == vm->resize.to;
}

/* Its nodes have no size of their own. */
static bool
stays(const struct ham_vm *vm)
{
	return is_done(vm) || ham_vm_is_shared(vm, vm->resize.disk);
}

static void
send(struct ham_vm *vm, const char *command, JsonObject *args,
     enum ham_flow_how how)
{
	ham_flow_send(vm, vm->qmp, command, args, how, NULL);
}

static void
delete_node(struct ham_vm *vm, const char *name)
{
	send(vm, "blockdev-del", ham_bm_node_del(name), HAM_FLOW_MAY);
}

static void
image(struct ham_vm *vm)
{
	if (ham_slots_any(vm))
		ham_flow_fail(vm, "a copy is connected still");
	else if (!is_done(vm))
		ham_images_prepare(vm, false);
}

static void
keep_nulls(struct ham_vm *vm, JsonNode *nodes)
{
	struct ham_bm_disk disk = grown(vm);

	g_clear_pointer(&vm->resize.nulls, g_ptr_array_unref);
	vm->resize.nulls = ham_bm_nulls(nodes, &disk);
}

static void
prepare(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);

	if (stays(vm))
		return;
	ham_flow_send(vm, vm->qmp, "query-named-block-nodes", NULL,
		      HAM_FLOW_MUST, keep_nulls);
	send(vm, "blockdev-add", ham_bm_bypass_add(&disk), HAM_FLOW_MAY);
	send(vm, "block-dirty-bitmap-add", ham_bm_bypass_bitmap(&disk),
	     HAM_FLOW_MAY);
}

static void
bypass(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);
	g_autoptr(GError) error = NULL;

	if (is_done(vm))
		return;
	vm->resize.begun = true;
	if (!ham_state_write(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	vm->slot_seen = false;
	if (!stays(vm))
		send(vm, "blockdev-reopen", ham_bm_top_reopen(&disk, true),
		     HAM_FLOW_MUST);
	send(vm, "block_resize", ham_bm_top_resize(&disk), HAM_FLOW_MUST);
}

static void
take_down(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);
	g_autofree char *quorum = ham_bm_stack_node(&disk, 'q');
	g_autofree char *sized = ham_bm_stack_node(&disk, 'r');
	g_autofree char *file = ham_bm_stack_node(&disk, 'f');

	if (stays(vm))
		return;
	delete_node(vm, quorum);
	delete_node(vm, sized);
	for (guint i = 0; i < vm->resize.nulls->len; i++)
		delete_node(vm, vm->resize.nulls->pdata[i]);
	if (disk.device)
		delete_node(vm, file);
	else
		send(vm, "block_resize", ham_bm_image_resize(&disk),
		     HAM_FLOW_MUST);
}

static void
build(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);

	if (stays(vm))
		return;
	if (disk.device)
		send(vm, "blockdev-add", ham_bm_image_add(&disk),
		     HAM_FLOW_MUST);
	send(vm, "blockdev-add", ham_bm_sized_add(&disk), HAM_FLOW_MUST);
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		g_autofree char *null = ham_bm_null_node(&disk, k, 0);

		send(vm, "blockdev-add", ham_bm_null_add(&disk, null),
		     HAM_FLOW_MUST);
	}
	send(vm, "blockdev-add", ham_bm_quorum_add(&disk), HAM_FLOW_MUST);
	send(vm, "blockdev-reopen", ham_bm_top_reopen(&disk, false),
	     HAM_FLOW_MUST);
}

/* QEMU tells nobody whether a mark was made. */
static void
all_marked(struct ham_vm *vm, JsonNode *nodes)
{
	struct ham_bm_disk disk = grown(vm);
	uint64_t wanted = disk.size - ham_vm_disk(vm, vm->resize.disk).size;
	uint64_t marked = 0;

	if (!ham_bm_read_marked(nodes, &disk, &marked) || marked < wanted)
		ham_flow_fail(vm,
			      "QEMU marked %" G_GUINT64_FORMAT
			      " of %" G_GUINT64_FORMAT " bytes that are new",
			      marked, wanted);
}

/* Of all copies, as no image elsewhere has what is new. */
static void
mark(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);
	g_autofree char *node = ham_bm_differ_node(&disk);
	uint64_t at = ham_vm_disk(vm, vm->resize.disk).size;

	if (stays(vm) || disk.device)
		return;
	delete_node(vm, node);
	send(vm, "blockdev-add", ham_bm_marks_add(&disk, node), HAM_FLOW_MUST);
	send(vm, "block-dirty-bitmap-add", ham_bm_differ_bitmap(&disk),
	     HAM_FLOW_MUST);
	for (; at < disk.size; at += MIN(disk.size - at, MARK_BYTES))
		send(vm, "human-monitor-command",
		     ham_bm_differ_mark(&disk, at,
					MIN(disk.size - at, MARK_BYTES)),
		     HAM_FLOW_MUST);
	ham_flow_send(vm, vm->qmp, "query-named-block-nodes", NULL,
		      HAM_FLOW_MUST, all_marked);
}

static void
merge(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);

	if (stays(vm))
		return;
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		if (disk.device) /* its bitmaps are gone */
			vm->slot[k].delta_node = 0;
		if (vm->slot[k].delta_node == 0)
			continue;
		send(vm, "block-dirty-bitmap-merge",
		     ham_bm_bypass_merge(&disk, k), HAM_FLOW_MUST);
		send(vm, "block-dirty-bitmap-merge",
		     ham_bm_differ_merge(&disk, k), HAM_FLOW_MUST);
	}
}

/* What is in their bitmaps is needed until all are merged. */
static void
clear(struct ham_vm *vm)
{
	struct ham_bm_disk disk = grown(vm);
	g_autofree char *node = ham_bm_differ_node(&disk);
	g_autofree char *bypass_node = ham_bm_stack_node(&disk, 'g');

	if (stays(vm))
		return;
	delete_node(vm, node);
	delete_node(vm, bypass_node);
}

static const struct ham_step steps[] = {
	{"grow the image", image, NULL, 600000},
	{"open it once more", prepare, NULL, 0},
	{"resize the disk", bypass, NULL, 0},
	{"take its nodes down", take_down, NULL, 0},
	{"build them anew", build, NULL, 0},
	{"mark what is new", mark, NULL, 600000},
	{"keep what was written", merge, NULL, 0},
	{"clear up", clear, NULL, 0},
};

static void
ended(struct ham_vm *vm, const GError *error)
{
	struct ham_event event = {.did = HAM_DID_RESIZED,
				  .flag = error == NULL,
				  .value = error && vm->resize.refused &&
					   !vm->resize.begun,
				  .text = error ? ham_flow_words(error) : NULL};
	g_autoptr(GError) unsaid = NULL;

	g_clear_pointer(&vm->resize.nulls, g_ptr_array_unref);
	if (error) {
		ham_err("%s: a disk is not resized: %s", vm->name,
			error->message);
	} else {
		vm->size[vm->resize.disk] = vm->resize.to;
		vm->resize.begun = false;
		if (!ham_state_write(vm, &unsaid)) {
			/* the next hamd would not know it: again */
			event.flag = false;
			event.text = unsaid->message;
		}
	}
	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_tell(vm, &event);
}

/* Nobody knows whether an earlier try did it. */
static void
tell_not(struct ham_vm *vm, const char *why)
{
	struct ham_event event = {.did = HAM_DID_RESIZED, .text = why};

	ham_vm_tell(vm, &event);
}

void
ham_do_resize(struct ham_vm *vm)
{
	uint64_t to = 0;

	for (unsigned int i = 0; i < ham_vm_n_disks(vm) && to == 0; i++) {
		(void)vm->guests->spec.size_of(vm->name, i, &to,
					       vm->guests->spec.data);
		vm->resize.disk = i;
	}
	if (to == 0 || vm->resize.working) {
		tell_not(vm, to ? "an earlier try is not at its end"
				: "no disk is to be resized");
		return;
	}
	/* what an earlier try has begun stays so */
	vm->resize.begun = vm->resize.begun && vm->resize.to == to;
	vm->resize.to = to;
	vm->resize.refused = false;
	vm->slot_act = (struct ham_slot_act){HAM_DO_RESIZE, 0};
	ham_vm_begin(vm, HAM_FLOW_SLOT, steps, G_N_ELEMENTS(steps), ended);
}
