/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/renew.c - a slot's bitmap and the one that takes its place
 *
 * Both sit on the guest's own file.  The one in use keeps its name, s0; its
 * successor, n0, is merged into it when it was cleared, in one transaction.
 *
 * Pure.  Refuses nothing.
 */
#include "blockmirror/blockmirror.h"

#include "blockmirror/stack.h"

JsonObject *
ham_bm_renew_new(void)
{
	JsonObject *args = json_object_new();

	json_object_set_array_member(args, "actions", json_array_new());
	return args;
}

/* {node, name or target}; of a transaction's action, borrowed. */
static JsonObject *
action(JsonObject *args, const char *type, const struct ham_bm_disk *disk,
       const char *member, char letter, unsigned int slot)
{
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *name = g_strdup_printf("%c%u", letter, slot);
	JsonObject *object = json_object_new();
	JsonObject *data = json_object_new();

	json_object_set_string_member(data, "node", node);
	json_object_set_string_member(data, member, name);
	json_object_set_string_member(object, "type", type);
	json_object_set_object_member(object, "data", data);
	json_array_add_object_element(
		json_object_get_array_member(args, "actions"), object);
	return data;
}

void
ham_bm_renew_add(JsonObject *args, const struct ham_bm_disk *disk,
		 unsigned int slot)
{
	json_object_set_int_member(action(args, "block-dirty-bitmap-add", disk,
					  "name", 'n', slot),
				   "granularity", HAM_BM_GRANULARITY);
}

void
ham_bm_renew_swap(JsonObject *args, const struct ham_bm_disk *disk,
		  unsigned int slot)
{
	g_autofree char *from = g_strdup_printf("n%u", slot);
	JsonArray *bitmaps = json_array_new();

	json_array_add_string_element(bitmaps, from);
	(void)action(args, "block-dirty-bitmap-clear", disk, "name", 's', slot);
	json_object_set_array_member(action(args, "block-dirty-bitmap-merge",
					    disk, "target", 's', slot),
				     "bitmaps", bitmaps);
	(void)action(args, "block-dirty-bitmap-remove", disk, "name", 'n',
		     slot);
}

JsonObject *
ham_bm_renew_remove(const struct ham_bm_disk *disk, unsigned int slot)
{
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *name = g_strdup_printf("n%u", slot);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "name", name);
	return args;
}

JsonObject *
ham_bm_renew_flush(const struct ham_bm_disk *disk)
{
	g_autofree char *line =
		g_strdup_printf("qemu-io d%u-top flush", disk->index);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "command-line", line);
	return args;
}
