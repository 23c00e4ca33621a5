/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/state_file.c - what a restarted hamd must know of running guests
 *
 * Lives in /run, so a reboot forgets it, as it should.  Written before what it
 * says takes effect: "owner" before cont, "incoming" before QEMU's image can
 * be whole.
 */
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"

static const char *const role_names[] = {
	"none", "owner", "source", "incoming", "held", "replica",
};
G_STATIC_ASSERT(G_N_ELEMENTS(role_names) == HAM_ROLE_N);

static char *
path_of(const struct ham_vm *vm)
{
	return g_build_filename(vm->dir, "state.json", NULL);
}

static JsonObject *
process(const ham_child *child)
{
	JsonObject *object = json_object_new();
	pid_t pid = ham_child_pid(child);

	json_object_set_int_member(object, "pid", pid);
	json_object_set_int_member(object, "start",
				   (int64_t)ham_child_start_ticks(pid));
	return object;
}

/* Each with what its peer's blob says. */
static JsonArray *
slots(const struct ham_vm *vm)
{
	JsonArray *list = json_array_new();

	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		const struct ham_vm_slot *slot = &vm->slot[k];
		JsonObject *o = json_object_new();
		g_autofree char *peer = ham_peer_write(&slot->peer);

		json_object_set_int_member(o, "node", slot->node);
		json_object_set_int_member(o, "filling", slot->filling);
		json_object_set_string_member(o, "peer", peer);
		json_object_set_int_member(o, "delta_node", slot->delta_node);
		json_object_set_string_member(o, "delta_boot",
					      slot->delta_boot);
		json_object_set_string_member(o, "delta_image",
					      slot->delta_image);
		json_array_add_object_element(list, o);
	}
	return list;
}

static void
read_slots(struct ham_vm *vm, JsonArray *list)
{
	guint n = list ? json_array_get_length(list) : 0;

	for (guint k = 0; k < n && k < HAM_BM_SLOTS; k++) {
		JsonNode *node = json_array_get_element(list, k);
		struct ham_vm_slot *slot = &vm->slot[k];
		struct ham_blob blob = {0};
		JsonObject *o;
		const char *text;
		int64_t value = 0;

		if (!JSON_NODE_HOLDS_OBJECT(node))
			continue;
		o = json_node_get_object(node);
		text = ham_json_string(o, "peer");
		if (text && strlen(text) <= sizeof(blob.bytes)) {
			blob.len = (uint16_t)strlen(text);
			memcpy(blob.bytes, text, blob.len);
			(void)ham_peer_read(&blob, &slot->peer);
		}
		if (ham_json_int(o, "node", &value))
			slot->node = (uint32_t)value;
		if (ham_json_int(o, "delta_node", &value))
			slot->delta_node = (uint32_t)value;
		text = ham_json_string(o, "delta_boot");
		g_strlcpy(slot->delta_boot, text ? text : "",
			  sizeof(slot->delta_boot));
		text = ham_json_string(o, "delta_image");
		g_strlcpy(slot->delta_image, text ? text : "",
			  sizeof(slot->delta_image));
		if (ham_json_int(o, "filling", &value))
			slot->filling = value != 0;
	}
}

static JsonArray *
sizes(const struct ham_vm *vm)
{
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < HAM_CONF_MAX_DISKS; i++)
		json_array_add_int_element(list, (gint64)vm->size[i]);
	return list;
}

static void
read_sizes(struct ham_vm *vm, JsonArray *list)
{
	guint n = list ? json_array_get_length(list) : 0;

	for (guint i = 0; i < n && i < HAM_CONF_MAX_DISKS; i++)
		if (JSON_NODE_HOLDS_VALUE(json_array_get_element(list, i)))
			vm->size[i] =
				(uint64_t)json_array_get_int_element(list, i);
}

bool
ham_state_write(struct ham_vm *vm, GError **error)
{
	g_autoptr(JsonObject) object = json_object_new();
	g_autofree char *path = path_of(vm);
	g_autofree char *text = NULL;

	json_object_set_string_member(object, "role", role_names[vm->role]);
	json_object_set_int_member(object, "epoch", (int64_t)vm->epoch);
	json_object_set_int_member(object, "txn", (int64_t)vm->txn);
	json_object_set_int_member(object, "generation",
				   (int64_t)vm->generation);
	json_object_set_int_member(object, "export_generation",
				   (int64_t)vm->export_generation);
	json_object_set_string_member(object, "image_id", vm->image_id);
	json_object_set_int_member(object, "devices", vm->devices);
	json_object_set_int_member(object, "shared", vm->shared);
	json_object_set_int_member(object, "vhosts", vm->vhosts);
	json_object_set_array_member(object, "sizes", sizes(vm));
	if (vm->resize.begun)
		json_object_set_int_member(object, "resize_to",
					   (int64_t)vm->resize.to);
	json_object_set_array_member(object, "slots", slots(vm));
	json_object_set_int_member(object, "uid", vm->uid);
	json_object_set_int_member(object, "qsd_port", vm->qsd_port);
	if (vm->qemu && !ham_child_gone(vm->qemu))
		json_object_set_object_member(object, "qemu",
					      process(vm->qemu));
	json_object_set_int_member(object, "digest_port", vm->digest_port);
	json_object_set_string_member(object, "digest_token", vm->digest_token);
	if (vm->digest && !ham_child_gone(vm->digest))
		json_object_set_object_member(object, "digest",
					      process(vm->digest));
	if (vm->qsd && !ham_child_gone(vm->qsd))
		json_object_set_object_member(object, "qsd", process(vm->qsd));
	text = ham_json_text(object);
	return ham_write_file(path, text, strlen(text), error);
}

void
ham_state_remove(struct ham_vm *vm)
{
	static const char *const names[] = {"state.json", "qmp.sock",
					    "qsd.sock", HAM_LEARN_FILE};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path =
			g_build_filename(vm->dir, names[i], NULL);

		unlink(path);
	}
	rmdir(vm->dir);
}

static ham_child *
adopt(JsonObject *object, const char *name, ham_child_exit_fn on_exit,
      void *data)
{
	JsonObject *p = ham_json_object(object, name);
	int64_t pid = 0;
	int64_t start = 0;

	if (!p || !ham_json_int(p, "pid", &pid) ||
	    !ham_json_int(p, "start", &start) || pid <= 1)
		return NULL;
	return ham_child_adopt((pid_t)pid, (uint64_t)start, on_exit, data,
			       NULL);
}

static enum ham_role
role_from(const char *name)
{
	for (unsigned int i = 0; name && i < HAM_ROLE_N; i++)
		if (g_str_equal(name, role_names[i]))
			return (enum ham_role)i;
	return HAM_ROLE_NONE;
}

static void
read_digest(struct ham_vm *vm, JsonObject *object)
{
	JsonObject *p = ham_json_object(object, "digest");
	const char *token = ham_json_string(object, "digest_token");
	int64_t port = 0;
	int64_t pid = 0;
	int64_t start = 0;

	if (!p || !token || !ham_json_int(object, "digest_port", &port) ||
	    !ham_json_int(p, "pid", &pid) ||
	    !ham_json_int(p, "start", &start) || pid <= 1)
		return;
	vm->digest_port = (unsigned int)port;
	g_strlcpy(vm->digest_token, token, sizeof(vm->digest_token));
	ham_digest_adopt(vm, (pid_t)pid, (uint64_t)start);
}

bool
ham_state_read(struct ham_vm *vm, GError **error)
{
	g_autofree char *path = path_of(vm);
	g_autofree char *text = NULL;
	g_autoptr(JsonObject) object = NULL;
	const char *image;
	int64_t value = 0;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, error))
		return false;
	object = ham_jsonl_parse(text, len, error);
	if (!object)
		return false;
	vm->role = role_from(ham_json_string(object, "role"));
	if (ham_json_int(object, "epoch", &value))
		vm->epoch = (uint64_t)value;
	if (ham_json_int(object, "txn", &value))
		vm->txn = (uint64_t)value;
	if (ham_json_int(object, "generation", &value))
		vm->generation = (uint64_t)value;
	if (ham_json_int(object, "export_generation", &value))
		vm->export_generation = (uint64_t)value;
	image = ham_json_string(object, "image_id");
	g_strlcpy(vm->image_id, image ? image : "", sizeof(vm->image_id));
	if (ham_json_int(object, "devices", &value))
		vm->devices = (uint32_t)value;
	if (ham_json_int(object, "shared", &value))
		vm->shared = (uint32_t)value;
	if (ham_json_int(object, "vhosts", &value))
		vm->vhosts = (uint32_t)value;
	read_sizes(vm, ham_json_array(object, "sizes"));
	vm->resize.begun = ham_json_int(object, "resize_to", &value);
	if (vm->resize.begun)
		vm->resize.to = (uint64_t)value;
	read_slots(vm, ham_json_array(object, "slots"));
	if (ham_json_int(object, "uid", &value))
		vm->uid = (uint32_t)value;
	if (ham_json_int(object, "qsd_port", &value))
		vm->qsd_port = (unsigned int)value;
	vm->qemu = adopt(object, "qemu", ham_qemu_exited, vm);
	ham_freeze_adopt(vm);
	vm->qsd = adopt(object, "qsd", ham_qsd_exited, vm);
	read_digest(vm, object);
	return true;
}
