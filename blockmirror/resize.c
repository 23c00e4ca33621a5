/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/resize.c - what QEMU is told to give a disk its new size
 *
 *	dN-top > dN-q > { dN-r > dN-f, nulls }	is told of its new size
 *	dN-top > dN-g				by way of this,
 *	dN-top > dN-q > { dN-r > dN-f, nulls }	and back, all of them anew
 *
 * QEMU can't resize a quorum, nor a raw node with a size.  dN-g is the image
 * once more, without a lock of its own, as dN-f has that; what is written by it
 * is in its own bitmap, and merged into those of dN-f.  A block device's dN-f
 * has a size of its own and is made anew, and its bitmaps go with it.
 *
 * Only while every slot holds nulls: what is written by dN-g goes to no copy.
 *
 * Pure.
 */
#include "blockmirror/blockmirror.h"
#include "blockmirror/stack.h"

#include <string.h>

static char *
node_of(const struct ham_bm_disk *disk, const char *which)
{
	return g_strdup_printf("d%u-%s", disk->index, which);
}

JsonObject *
ham_bm_bypass_add(const struct ham_bm_disk *disk)
{
	JsonObject *args = ham_bm_protocol_node(disk, 'g');

	json_object_set_string_member(args, "locking", "off");
	return args;
}

JsonObject *
ham_bm_bypass_bitmap(const struct ham_bm_disk *disk)
{
	g_autofree char *node = node_of(disk, "g");
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "name", "grown");
	json_object_set_int_member(args, "granularity", HAM_BM_GRANULARITY);
	return args;
}

JsonObject *
ham_bm_bypass_merge(const struct ham_bm_disk *disk, unsigned int slot)
{
	g_autofree char *from = node_of(disk, "g");
	g_autofree char *node = node_of(disk, "f");
	g_autofree char *target = g_strdup_printf("s%u", slot);
	JsonObject *args = json_object_new();
	JsonObject *source = json_object_new();
	JsonArray *sources = json_array_new();

	json_object_set_string_member(source, "node", from);
	json_object_set_string_member(source, "name", "grown");
	json_array_add_object_element(sources, source);
	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "target", target);
	json_object_set_array_member(args, "bitmaps", sources);
	return args;
}

JsonObject *
ham_bm_top_reopen(const struct ham_bm_disk *disk, bool bypass)
{
	g_autofree char *node = node_of(disk, "top");
	g_autofree char *file = node_of(disk, bypass ? "g" : "q");
	JsonObject *args = json_object_new();
	JsonObject *top = json_object_new();
	JsonArray *options = json_array_new();

	json_object_set_string_member(top, "driver", "raw");
	json_object_set_string_member(top, "node-name", node);
	json_object_set_string_member(top, "file", file);
	json_array_add_object_element(options, top);
	json_object_set_array_member(args, "options", options);
	return args;
}

static JsonObject *
resize(const struct ham_bm_disk *disk, const char *which)
{
	g_autofree char *node = node_of(disk, which);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node-name", node);
	json_object_set_int_member(args, "size", (gint64)disk->size);
	return args;
}

JsonObject *
ham_bm_top_resize(const struct ham_bm_disk *disk)
{
	return resize(disk, "top");
}

JsonObject *
ham_bm_image_resize(const struct ham_bm_disk *disk)
{
	return resize(disk, "f");
}

char *
ham_bm_stack_node(const struct ham_bm_disk *disk, char which)
{
	char letter[] = {which, '\0'};

	return node_of(disk, letter);
}

GPtrArray *
ham_bm_nulls(JsonNode *named_nodes, const struct ham_bm_disk *disk)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	JsonArray *list = JSON_NODE_HOLDS_ARRAY(named_nodes)
				  ? json_node_get_array(named_nodes)
				  : NULL;

	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);
		const char *name =
			JSON_NODE_HOLDS_OBJECT(node)
				? json_object_get_string_member_with_default(
					  json_node_get_object(node),
					  "node-name", "")
				: "";

		if (ham_bm_disk_of_node(name) == (int)disk->index &&
		    strstr(name, "-null"))
			g_ptr_array_add(names, g_strdup(name));
	}
	return names;
}
