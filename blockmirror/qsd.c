/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/qsd.c - what the storage daemon is started with and told
 *
 * One daemon a guest and node; per disk the image dN-f and an export dN-eE for
 * each epoch E at which it is served.  It starts empty: images are opened by
 * command, so that a daemon that is to take an image over can be ready before
 * the hand-over.
 *
 * The export is not writethrough: a ready mirror that is completed has QEMU
 * flush the target first, and before that the replica does not count.
 *
 * Pure.
 */
#include "blockmirror/blockmirror.h"
#include "blockmirror/stack.h"

char **
ham_bm_qsd_argv(const char *program, int monitor_fd, int nbd_fd)
{
	GPtrArray *argv = g_ptr_array_new();

	g_ptr_array_add(argv, g_strdup(program));
	g_ptr_array_add(argv, g_strdup("--chardev"));
	g_ptr_array_add(argv, g_strdup_printf("socket,id=qmp,fd=%d,server=on,"
					      "wait=on",
					      monitor_fd));
	g_ptr_array_add(argv, g_strdup("--monitor"));
	g_ptr_array_add(argv, g_strdup("chardev=qmp,mode=control"));
	g_ptr_array_add(argv, g_strdup("--nbd-server"));
	g_ptr_array_add(argv, g_strdup_printf("addr.type=fd,addr.str=%d,"
					      "max-connections=0",
					      nbd_fd));
	g_ptr_array_add(argv, NULL);
	return (char **)g_ptr_array_free(argv, false);
}

JsonObject *
ham_bm_qsd_open(const struct ham_bm_disk *disk, bool active)
{
	JsonObject *args = ham_bm_image_add(disk);

	json_object_set_boolean_member(args, "active", active);
	if (disk->device)
		json_object_set_boolean_member(
			json_object_get_object_member(args, "file"), "active",
			active);
	return args;
}

char *
ham_bm_qsd_export_id(const struct ham_bm_disk *disk, uint64_t epoch)
{
	return g_strdup_printf("d%u-e%" G_GUINT64_FORMAT, disk->index, epoch);
}

static JsonObject *
with_image(const struct ham_bm_disk *disk)
{
	g_autofree char *node = g_strdup_printf("d%u-f", disk->index);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node-name", node);
	return args;
}

JsonObject *
ham_bm_qsd_export(const struct ham_bm_disk *disk, uint64_t epoch,
		  const char *export_name)
{
	g_autofree char *id = ham_bm_qsd_export_id(disk, epoch);
	JsonObject *args = with_image(disk);

	json_object_set_string_member(args, "type", "nbd");
	json_object_set_string_member(args, "id", id);
	json_object_set_string_member(args, "name", export_name);
	json_object_set_boolean_member(args, "writable", true);
	/* without it the node could not change to inactive either */
	json_object_set_boolean_member(args, "allow-inactive", true);
	return args;
}

JsonObject *
ham_bm_qsd_set_active(const struct ham_bm_disk *disk, bool active)
{
	JsonObject *args = with_image(disk);

	json_object_set_boolean_member(args, "active", active);
	return args;
}

JsonObject *
ham_bm_qsd_export_del(const struct ham_bm_disk *disk, uint64_t epoch)
{
	g_autofree char *id = ham_bm_qsd_export_id(disk, epoch);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "id", id);
	/* hard: a client that is still connected is cut off */
	json_object_set_string_member(args, "mode", "hard");
	return args;
}
