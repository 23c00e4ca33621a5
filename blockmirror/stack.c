/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/stack.c - a disk's nodes: their names and how they hang together
 *
 *	dN-top > dN-q > { dN-r > dN-f, one node a slot }
 *
 * dN-f is the image, and of the disk's size: a block device dN-d may be larger.
 * dN-r looks idle and is not: a raw node without a size is a filter, and under
 * one the quorum's demand to be the only writer keeps the lock on the image
 * even when all is inactive, so that nobody could take the image over at a
 * hand-over.  With a size it lets go.
 *
 * Pure.  Refuses an image smaller than the disk by that same size, at open.
 */
#include "blockmirror/blockmirror.h"

#include <string.h>

#include "blockmirror/stack.h"

enum {
	FIRST_PCI_DEVICE = 0x10,
};

JsonObject *
ham_bm_protocol_node(const struct ham_bm_disk *disk, char letter)
{
	g_autofree char *node = g_strdup_printf("d%u-%c", disk->index, letter);
	JsonObject *file = json_object_new();
	JsonObject *cache = json_object_new();

	json_object_set_string_member(file, "driver",
				      disk->device ? "host_device" : "file");
	json_object_set_string_member(file, "node-name", node);
	json_object_set_string_member(file, "filename", disk->path);
	json_object_set_boolean_member(cache, "direct", true);
	json_object_set_object_member(file, "cache", cache);
	json_object_set_string_member(file, "aio", "threads");
	return file;
}

JsonObject *
ham_bm_image_add(const struct ham_bm_disk *disk)
{
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	JsonObject *image;

	if (!disk->device || disk->shared)
		return ham_bm_protocol_node(disk, 'f');
	image = json_object_new();
	json_object_set_string_member(image, "driver", "raw");
	json_object_set_string_member(image, "node-name", node);
	json_object_set_int_member(image, "size", (gint64)disk->size);
	json_object_set_object_member(image, "file",
				      ham_bm_protocol_node(disk, 'd'));
	return image;
}

static JsonObject *
null_node(const struct ham_bm_disk *disk)
{
	JsonObject *null = json_object_new();

	json_object_set_string_member(null, "driver", "null-co");
	json_object_set_int_member(null, "size", (gint64)disk->size);
	json_object_set_boolean_member(null, "read-zeroes", true);
	return null;
}

JsonObject *
ham_bm_marks_add(const struct ham_bm_disk *disk, const char *node)
{
	JsonObject *null = null_node(disk);

	json_object_set_string_member(null, "node-name", node);
	return null;
}

/* A quorum that can't read from the local image asks its other children, one
 * after the other, and the guest must not be given zeroes. */
JsonObject *
ham_bm_null_add(const struct ham_bm_disk *disk, const char *node)
{
	JsonObject *debug = json_object_new();
	JsonObject *rule = json_object_new();
	JsonArray *rules = json_array_new();

	json_object_set_string_member(rule, "event", "none");
	json_object_set_string_member(rule, "iotype", "read");
	json_object_set_boolean_member(rule, "immediately", true);
	json_array_add_object_element(rules, rule);
	json_object_set_string_member(debug, "driver", "blkdebug");
	json_object_set_string_member(debug, "node-name", node);
	json_object_set_object_member(debug, "image", null_node(disk));
	json_object_set_array_member(debug, "inject-error", rules);
	return debug;
}

JsonObject *
ham_bm_sized_add(const struct ham_bm_disk *disk)
{
	g_autofree char *node = g_strdup_printf("d%u-r", disk->index);
	g_autofree char *file = g_strdup_printf("d%u-f", disk->index);
	JsonObject *raw = json_object_new();

	json_object_set_string_member(raw, "driver", "raw");
	json_object_set_string_member(raw, "node-name", node);
	json_object_set_string_member(raw, "file", file);
	json_object_set_int_member(raw, "size", (gint64)disk->size);
	return raw;
}

JsonObject *
ham_bm_quorum_add(const struct ham_bm_disk *disk)
{
	g_autofree char *node = g_strdup_printf("d%u-q", disk->index);
	g_autofree char *local = g_strdup_printf("d%u-r", disk->index);
	JsonObject *quorum = json_object_new();
	JsonArray *children = json_array_new();

	json_array_add_string_element(children, local);
	for (unsigned int slot = 0; slot < HAM_BM_SLOTS; slot++) {
		g_autofree char *null = ham_bm_null_node(disk, slot, 0);

		json_array_add_string_element(children, null);
	}
	json_object_set_string_member(quorum, "driver", "quorum");
	json_object_set_string_member(quorum, "node-name", node);
	json_object_set_array_member(quorum, "children", children);
	json_object_set_int_member(quorum, "vote-threshold", HAM_BM_SLOTS + 1);
	/* fifo: the first child, the local image, is the one that is read */
	json_object_set_string_member(quorum, "read-pattern", "fifo");
	return quorum;
}

static JsonObject *
top_node(const struct ham_bm_disk *disk)
{
	g_autofree char *node = g_strdup_printf("d%u-top", disk->index);
	g_autofree char *below = g_strdup_printf("d%u-%c", disk->index,
						 disk->shared ? 'f' : 'q');
	JsonObject *top = json_object_new();

	json_object_set_string_member(top, "driver", "raw");
	json_object_set_string_member(top, "node-name", node);
	json_object_set_string_member(top, "file", below);
	return top;
}

/* Takes the object. */
static void
add_text(GPtrArray *texts, JsonObject *object)
{
	g_autoptr(JsonNode) node = json_node_alloc();

	json_node_init_object(node, object);
	g_ptr_array_add(texts, json_to_string(node, false));
	json_object_unref(object);
}

GPtrArray *
ham_bm_stack_args(const struct ham_bm_disk *disk)
{
	GPtrArray *texts = g_ptr_array_new_with_free_func(g_free);

	add_text(texts, ham_bm_image_add(disk));
	if (disk->shared) {
		add_text(texts, top_node(disk));
		return texts;
	}
	add_text(texts, ham_bm_sized_add(disk));
	for (unsigned int slot = 0; slot < HAM_BM_SLOTS; slot++) {
		g_autofree char *null = ham_bm_null_node(disk, slot, 0);

		add_text(texts, ham_bm_null_add(disk, null));
	}
	add_text(texts, ham_bm_quorum_add(disk));
	add_text(texts, top_node(disk));
	return texts;
}

char *
ham_bm_device_arg(const struct ham_bm_disk *disk)
{
	return g_strdup_printf("virtio-blk-pci,drive=d%u-top,id=d%u,"
			       "werror=stop,rerror=stop,bus=pcie.0,addr=0x%x",
			       disk->index, disk->index,
			       FIRST_PCI_DEVICE + disk->index);
}

char *
ham_bm_job_id(const struct ham_bm_disk *disk)
{
	return g_strdup_printf("d%u-mirror", disk->index);
}

char *
ham_bm_target_node(const struct ham_bm_disk *disk)
{
	return g_strdup_printf("d%u-t", disk->index);
}

char *
ham_bm_nbd_node(const struct ham_bm_disk *disk, unsigned int slot,
		unsigned int serial)
{
	return g_strdup_printf("d%u-s%u-nbd%u", disk->index, slot, serial);
}

char *
ham_bm_null_node(const struct ham_bm_disk *disk, unsigned int slot,
		 unsigned int serial)
{
	return g_strdup_printf("d%u-s%u-null%u", disk->index, slot, serial);
}

int
ham_bm_disk_of_node(const char *node)
{
	guint64 index;
	char *end;

	if (node[0] != 'd' || !g_ascii_isdigit(node[1]))
		return -1;
	index = g_ascii_strtoull(node + 1, &end, 10);
	return *end == '-' && index <= G_MAXINT ? (int)index : -1;
}

int
ham_bm_slot_of_node(const char *node)
{
	const char *at = strstr(node, "-s");
	guint64 slot;
	char *end;

	if (ham_bm_disk_of_node(node) < 0 || !at || !g_ascii_isdigit(at[2]))
		return -1;
	slot = g_ascii_strtoull(at + 2, &end, 10);
	return g_str_has_prefix(end, "-nbd") && slot < HAM_BM_SLOTS ? (int)slot
								    : -1;
}

char *
ham_bm_export_name(const char *guest, const char *disk, uint64_t epoch,
		   uint64_t generation, const char *boot_id)
{
	return g_strdup_printf("%s/%s/%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT
			       "/%s",
			       guest, disk, epoch, generation, boot_id);
}
