/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/commands.c - arguments of the commands to a running QEMU
 *
 * Pure.  Refuses nothing: what may be sent when is the migration's to know
 * (hamd/guest/).
 */
#include "blockmirror/blockmirror.h"

enum {
	OPEN_TIMEOUT_S = 2,
};

static JsonObject *
with_node(const char *node)
{
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "node-name", node);
	return args;
}

/* {"parent": the disk's quorum, MEMBER: VALUE} */
static JsonObject *
change_quorum(const struct ham_bm_disk *disk, const char *member,
	      const char *value)
{
	g_autofree char *quorum = g_strdup_printf("d%u-q", disk->index);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "parent", quorum);
	json_object_set_string_member(args, member, value);
	return args;
}

JsonObject *
ham_bm_nbd_add(const char *node, const struct ham_bm_export *export)
{
	g_autofree char *port = g_strdup_printf("%u", export->port);
	JsonObject *args = json_object_new();
	JsonObject *server = json_object_new();

	json_object_set_string_member(args, "driver", "nbd");
	json_object_set_string_member(args, "node-name", node);
	json_object_set_string_member(server, "type", "inet");
	json_object_set_string_member(server, "host", export->host);
	json_object_set_string_member(server, "port", port);
	json_object_set_object_member(args, "server", server);
	json_object_set_string_member(args, "export", export->name);
	/* QEMU's main loop waits for this, and the guest with it */
	json_object_set_int_member(args, "open-timeout", OPEN_TIMEOUT_S);
	return args;
}

JsonObject *
ham_bm_node_del(const char *node)
{
	return with_node(node);
}

JsonObject *
ham_bm_slot_add(const struct ham_bm_disk *disk, const char *node)
{
	return change_quorum(disk, "node", node);
}

JsonObject *
ham_bm_slot_remove(const struct ham_bm_disk *disk, const char *child)
{
	return change_quorum(disk, "child", child);
}

JsonObject *
ham_bm_yank(const char *node)
{
	JsonObject *args = json_object_new();
	JsonObject *instance = with_node(node);
	JsonArray *instances = json_array_new();

	json_object_set_string_member(instance, "type", "block-node");
	json_array_add_object_element(instances, instance);
	json_object_set_array_member(args, "instances", instances);
	return args;
}

JsonObject *
ham_bm_set_active(bool active)
{
	JsonObject *args = json_object_new();

	json_object_set_boolean_member(args, "active", active);
	return args;
}

JsonObject *
ham_bm_mirror(const struct ham_bm_disk *disk, uint64_t speed)
{
	g_autofree char *job = ham_bm_job_id(disk);
	g_autofree char *device = g_strdup_printf("d%u-top", disk->index);
	g_autofree char *target = ham_bm_target_node(disk);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "job-id", job);
	json_object_set_string_member(args, "device", device);
	json_object_set_string_member(args, "target", target);
	json_object_set_string_member(args, "sync", "full");
	json_object_set_string_member(args, "copy-mode", "write-blocking");
	json_object_set_string_member(args, "on-source-error", "stop");
	json_object_set_string_member(args, "on-target-error", "stop");
	json_object_set_int_member(args, "speed",
				   (gint64)MIN(speed, G_MAXINT64));
	return args;
}

JsonObject *
ham_bm_job_speed(const struct ham_bm_disk *disk, uint64_t speed)
{
	g_autofree char *job = ham_bm_job_id(disk);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "device", job);
	json_object_set_int_member(args, "speed",
				   (gint64)MIN(speed, G_MAXINT64));
	return args;
}

JsonObject *
ham_bm_job_cancel(const struct ham_bm_disk *disk, bool force)
{
	g_autofree char *job = ham_bm_job_id(disk);
	JsonObject *args = json_object_new();

	json_object_set_string_member(args, "device", job);
	if (force)
		json_object_set_boolean_member(args, "force", true);
	return args;
}
