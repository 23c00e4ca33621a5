/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/fill.c - what QEMU is told to make a copy while the guest writes
 *
 *	dN-top   <- mirror without a copy of its own: each new write goes there
 *	 ...
 *	  dN-f   <- backup by a bitmap: what was written before
 *
 * Both go to the same image by a connection each; on one node QEMU refuses the
 * second job.  The backup sends a block's old content before a write to it goes
 * on, so the mirror's is the later one.  A backup that is cut leaves in the
 * bitmap what is not copied yet (`always`), and the guest's writes are in it,
 * too: the next one goes on from there.
 *
 * The bitmap of slot K begins when its copy is equal, or with the full copy.
 *
 * Pure.
 */
#include "blockmirror/blockmirror.h"
#include "blockmirror/stack.h"

char *
ham_bm_fill_node(const struct ham_bm_disk *disk, unsigned int slot,
		 unsigned int serial)
{
	return g_strdup_printf("d%u-s%u-old%u", disk->index, slot, serial);
}

char *
ham_bm_fill_mirror_job(const struct ham_bm_disk *disk, unsigned int slot)
{
	return g_strdup_printf("d%u-s%u-new", disk->index, slot);
}

char *
ham_bm_fill_backup_job(const struct ham_bm_disk *disk, unsigned int slot)
{
	return g_strdup_printf("d%u-s%u-old", disk->index, slot);
}

static JsonObject *
of_bitmap(const struct ham_bm_disk *disk, unsigned int slot)
{
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *name = g_strdup_printf("s%u", slot);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "name", name);
	return args;
}

JsonObject *
ham_bm_bitmap_add(const struct ham_bm_disk *disk, unsigned int slot)
{
	JsonObject *args = of_bitmap(disk, slot);

	json_object_set_int_member(args, "granularity", HAM_BM_GRANULARITY);
	return args;
}

JsonObject *
ham_bm_bitmap_remove(const struct ham_bm_disk *disk, unsigned int slot)
{
	return of_bitmap(disk, slot);
}

JsonObject *
ham_bm_fill_mirror(const struct ham_bm_disk *disk, unsigned int slot,
		   const char *target)
{
	g_autofree char *job = ham_bm_fill_mirror_job(disk, slot);
	g_autofree char *device = g_strdup_printf("d%u-top", disk->index);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "job-id", job);
	json_object_set_string_member(args, "device", device);
	json_object_set_string_member(args, "target", target);
	json_object_set_string_member(args, "sync", "none");
	json_object_set_string_member(args, "copy-mode", "write-blocking");
	json_object_set_string_member(args, "on-source-error", "stop");
	json_object_set_string_member(args, "on-target-error", "stop");
	return args;
}

JsonObject *
ham_bm_fill_backup(const struct ham_bm_disk *disk, unsigned int slot,
		   const char *target, bool incremental, uint64_t speed)
{
	g_autofree char *job = ham_bm_fill_backup_job(disk, slot);
	g_autofree char *device = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *bitmap = g_strdup_printf("s%u", slot);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "job-id", job);
	json_object_set_string_member(args, "device", device);
	json_object_set_string_member(args, "target", target);
	json_object_set_string_member(args, "sync",
				      incremental ? "bitmap" : "full");
	json_object_set_string_member(args, "bitmap", bitmap);
	json_object_set_string_member(args, "bitmap-mode", "always");
	json_object_set_string_member(args, "on-target-error", "report");
	json_object_set_string_member(args, "on-source-error", "report");
	json_object_set_int_member(args, "speed",
				   (gint64)MIN(speed, G_MAXINT64));
	return args;
}

char *
ham_bm_differ_node(const struct ham_bm_disk *disk)
{
	return g_strdup_printf("d%u-differ", disk->index);
}

JsonObject *
ham_bm_differ_bitmap(const struct ham_bm_disk *disk)
{
	g_autofree char *node = ham_bm_differ_node(disk);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "name", "differ");
	json_object_set_int_member(args, "granularity", HAM_BM_GRANULARITY);
	return args;
}

JsonObject *
ham_bm_differ_mark(const struct ham_bm_disk *disk, uint64_t at, uint64_t len)
{
	g_autofree char *node = ham_bm_differ_node(disk);
	g_autofree char *line = g_strdup_printf(
		"qemu-io %s \"write -q -z %" G_GUINT64_FORMAT
		" %" G_GUINT64_FORMAT "\"",
		node, at, len);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "command-line", line);
	return args;
}

JsonObject *
ham_bm_differ_merge(const struct ham_bm_disk *disk, unsigned int slot)
{
	g_autofree char *from = ham_bm_differ_node(disk);
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *target = g_strdup_printf("s%u", slot);
	JsonObject *args = json_object_new();
	JsonObject *source = json_object_new();
	JsonArray *sources = json_array_new();

	json_object_set_string_member(source, "node", from);
	json_object_set_string_member(source, "name", "differ");
	json_array_add_object_element(sources, source);
	json_object_set_string_member(args, "node", node);
	json_object_set_string_member(args, "target", target);
	json_object_set_array_member(args, "bitmaps", sources);
	return args;
}

JsonObject *
ham_bm_fill_speed(const char *job, uint64_t speed)
{
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "device", job);
	json_object_set_int_member(args, "speed",
				   (gint64)MIN(speed, G_MAXINT64));
	return args;
}

JsonObject *
ham_bm_job_end(const char *job)
{
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "device", job);
	json_object_set_boolean_member(args, "force", true);
	return args;
}
