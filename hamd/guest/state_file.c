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

bool
ham_state_write(struct ham_vm *vm, GError **error)
{
	g_autoptr(JsonObject) object = json_object_new();
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	g_autofree char *path = path_of(vm);
	g_autofree char *text = NULL;

	json_object_set_string_member(object, "role", role_names[vm->role]);
	json_object_set_int_member(object, "epoch", (int64_t)vm->epoch);
	json_object_set_int_member(object, "txn", (int64_t)vm->txn);
	json_object_set_int_member(object, "slot_node", vm->slot_node);
	json_object_set_int_member(object, "uid", vm->uid);
	json_object_set_int_member(object, "qsd_port", vm->qsd_port);
	if (vm->qemu && !ham_child_gone(vm->qemu))
		json_object_set_object_member(object, "qemu",
					      process(vm->qemu));
	if (vm->qsd && !ham_child_gone(vm->qsd))
		json_object_set_object_member(object, "qsd", process(vm->qsd));
	json_node_set_object(node, object);
	text = json_to_string(node, FALSE);
	return ham_write_file(path, text, strlen(text), error);
}

void
ham_state_remove(struct ham_vm *vm)
{
	static const char *const names[] = {"state.json", "qmp.sock",
					    "qsd.sock"};

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

bool
ham_state_read(struct ham_vm *vm, GError **error)
{
	g_autofree char *path = path_of(vm);
	g_autofree char *text = NULL;
	g_autoptr(JsonObject) object = NULL;
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
	if (ham_json_int(object, "slot_node", &value))
		vm->slot_node = (uint32_t)value;
	if (ham_json_int(object, "uid", &value))
		vm->uid = (uint32_t)value;
	if (ham_json_int(object, "qsd_port", &value))
		vm->qsd_port = (unsigned int)value;
	vm->qemu = adopt(object, "qemu", ham_qemu_exited, vm);
	vm->qsd = adopt(object, "qsd", ham_qsd_exited, vm);
	return true;
}
