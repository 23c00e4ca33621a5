/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/ports.c - a guest's network ports: made, silent, up, announced */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

/* Unique on the node and stable: the guest's uid slot and the port. */
char *
ham_port_ifname(const struct ham_vm *vm, unsigned int port)
{
	int slot = vm->guests->spec.slot_of(vm->name, vm->guests->spec.data);

	return g_strdup_printf("ham%d.%u", slot, port);
}

static struct ham_net_port_spec
spec_of(const struct ham_vm *vm, unsigned int i, const char *ifname)
{
	const struct ham_conf_port *port =
		g_ptr_array_index(vm->conf->ports, i);
	struct ham_net_port_spec spec = {.ifname = ifname,
					 .bridge = port->bridge,
					 .bridge_create = port->bridge_create,
					 .mtu = port->mtu,
					 .addresses = port->addresses};

	memcpy(spec.mac, port->mac, sizeof(spec.mac));
	return spec;
}

bool
ham_ports_check(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < vm->conf->ports->len; i++) {
		g_autofree char *name = ham_port_ifname(vm, i);
		struct ham_net_port_spec spec = spec_of(vm, i, name);

		if (!ham_net_check(&spec, error))
			return false;
	}
	return true;
}

bool
ham_ports_open(struct ham_vm *vm, GError **error)
{
	g_ptr_array_set_size(vm->ports, 0);
	for (guint i = 0; i < vm->conf->ports->len; i++) {
		g_autofree char *name = ham_port_ifname(vm, i);
		struct ham_net_port_spec spec = spec_of(vm, i, name);
		ham_net_port *port;

		if (!ham_net_remove_stale(name, error))
			return false;
		port = ham_net_port_open(&spec, error);
		if (!port)
			return false;
		g_ptr_array_add(vm->ports, port);
	}
	return true;
}

void
ham_ports_adopt(struct ham_vm *vm)
{
	g_ptr_array_set_size(vm->ports, 0);
	for (guint i = 0; vm->conf && i < vm->conf->ports->len; i++) {
		g_autofree char *name = ham_port_ifname(vm, i);
		g_autoptr(GError) error = NULL;
		struct ham_net_port_spec spec = spec_of(vm, i, name);
		ham_net_port *port = ham_net_port_adopt(&spec, &error);

		if (port)
			g_ptr_array_add(vm->ports, port);
		else
			ham_warn("%s: port %s: %s", vm->name, name,
				 error->message);
	}
}

bool
ham_ports_up(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < vm->ports->len; i++)
		if (!ham_net_port_up(g_ptr_array_index(vm->ports, i), error))
			return false;
	return true;
}

/* Down, or else gone: nothing may speak any more. */
bool
ham_ports_down(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < vm->ports->len; i++) {
		ham_net_port *port = g_ptr_array_index(vm->ports, i);
		g_autoptr(GError) local = NULL;

		if (ham_net_port_down(port, &local))
			continue;
		ham_warn("%s: %s; deleting the tap", vm->name, local->message);
		if (!ham_net_port_delete(port, error))
			return false;
	}
	return true;
}

void
ham_ports_try_down(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->ports->len; i++)
		(void)ham_net_port_down(g_ptr_array_index(vm->ports, i), NULL);
}

static void
announce_once(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->ports->len; i++) {
		g_autoptr(GError) error = NULL;

		(void)ham_net_port_announce(g_ptr_array_index(vm->ports, i),
					    &error);
		if (error)
			ham_debug("%s: announce: %s", vm->name, error->message);
	}
}

static gboolean
announce_again(gpointer data)
{
	struct ham_vm *vm = data;
	int at = ham_net_announce_at_ms[vm->announced];
	int next;

	announce_once(vm);
	next = ham_net_announce_at_ms[++vm->announced];
	vm->announcer = next < 0 ? 0
				 : g_timeout_add((guint)(next - at),
						 announce_again, vm);
	return G_SOURCE_REMOVE;
}

void
ham_ports_announce(struct ham_vm *vm)
{
	int first = ham_net_announce_at_ms[0];
	int next;

	g_clear_handle_id(&vm->announcer, g_source_remove);
	announce_once(vm);
	vm->announced = first == 0 ? 1 : 0;
	next = ham_net_announce_at_ms[vm->announced];
	if (next >= 0)
		vm->announcer = g_timeout_add((guint)next, announce_again, vm);
}

void
ham_do_announce(struct ham_vm *vm)
{
	if (!vm->qemu || vm->role != HAM_ROLE_OWNER || vm->held)
		return;
	ham_notice("%s: announced again", vm->name);
	ham_ports_announce(vm);
}

/* What has left by all of its ports; false: of one it is not known. */
static bool
add_frames(const struct ham_vm *vm, uint64_t *sum)
{
	*sum = 0;
	for (guint i = 0; i < vm->ports->len; i++) {
		uint64_t frames;

		if (!ham_net_port_frames(g_ptr_array_index(vm->ports, i),
					 &frames, NULL))
			return false;
		*sum += frames;
	}
	/* one that could not be adopted is not in the list */
	return vm->conf && vm->ports->len == vm->conf->ports->len;
}

void
ham_ports_mark(struct ham_vm *vm)
{
	vm->frames_known = add_frames(vm, &vm->frames);
	vm->frames_counted = false;
}

/* After a freeze it may lack what left in the microseconds in which the kernel
 * obeys. */
void
ham_ports_count(struct ham_vm *vm)
{
	struct ham_event event = {.did = HAM_DID_FRAMES};
	uint64_t now;

	if (vm->frames_counted)
		return;
	vm->frames_counted = true;
	event.flag = add_frames(vm, &now) && vm->frames_known;
	if (event.flag)
		event.value = now - vm->frames;
	ham_vm_tell(vm, &event);
}

void
ham_ports_close(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->announcer, g_source_remove);
	g_ptr_array_set_size(vm->ports, 0);
}
