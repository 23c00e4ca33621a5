/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/ports.c - a guest's network ports: made, silent, up
 *
 * vm->ports has one for each of the cluster file's, in its order; NULL is one
 * of a guest that was found running, and that could not be adopted.
 */
#include <net/if.h>
#include <string.h>

#include "hamd/base/error.h"
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
	const ham_conf *conf = vm->guests->spec.conf;
	const struct ham_conf_bridge *bridge =
		ham_conf_find_bridge(conf, port->bridge);
	struct ham_net_port_spec spec = {
		.ifname = ifname,
		.bridge = port->bridge,
		.bridge_create = bridge ? bridge->create : port->bridge_create,
		.bridge_mtu = bridge ? bridge->mtu : 0,
		.vlan_filtering = bridge && bridge->vlan_filtering,
		.uplink = ham_conf_uplink_of(conf, vm->guests->spec.node,
					     port->bridge),
		.mtu = port->mtu,
		.addresses = port->addresses,
		.vlan = port->vlan,
		.queues = port->queues,
	};

	memcpy(spec.mac, port->mac, sizeof(spec.mac));
	memcpy(spec.trunk, port->trunk, sizeof(spec.trunk));
	return spec;
}

/* As its QEMU was started, whatever the node has by now. */
static bool
has_vhost(const struct ham_vm *vm, guint i)
{
	return vm->vhosts >> i & 1;
}

bool
ham_port_leads_out(const struct ham_vm *vm, guint i)
{
	g_autofree char *name = ham_port_ifname(vm, i);
	struct ham_net_port_spec spec = spec_of(vm, i, name);
	struct ham_net_facts facts;

	return ham_net_facts_get(&spec, false, &facts, NULL) && facts.leads_out;
}

char *
ham_port_facts(const struct ham_vm *vm, guint i, GError **error)
{
	g_autofree char *name = ham_port_ifname(vm, i);
	struct ham_net_port_spec spec = spec_of(vm, i, name);
	g_autofree char *text = g_malloc(HAM_NET_FACTS_MAX);
	struct ham_net_facts facts;

	if (!ham_net_facts_get(&spec, has_vhost(vm, i), &facts, error))
		return NULL;
	ham_net_facts_write(&facts, text);
	return g_steal_pointer(&text);
}

char *
ham_ports_facts(const struct ham_vm *vm, GError **error)
{
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < vm->conf->ports->len; i++) {
		g_autofree char *text = ham_port_facts(vm, i, error);

		if (!text) {
			g_string_free(out, TRUE);
			return NULL;
		}
		g_string_append_printf(out, "%s%s", i ? "/" : "", text);
	}
	return g_string_free(out, FALSE);
}

bool
ham_ports_fit(const struct ham_vm *vm, const struct ham_peer *peer,
	      const char *to, GError **error)
{
	const char *from = vm->guests->spec.node;
	g_auto(GStrv) theirs = g_strsplit(peer->ports, "/", -1);

	for (guint i = 0; i < vm->conf->ports->len; i++) {
		const struct ham_conf_port *port =
			g_ptr_array_index(vm->conf->ports, i);
		g_autofree char *name = ham_port_ifname(vm, i);
		struct ham_net_port_spec spec = spec_of(vm, i, name);
		struct ham_net_facts here, there;

		if (!ham_net_facts_get(&spec, has_vhost(vm, i), &here, error))
			return false;
		if (i >= g_strv_length(theirs) ||
		    !ham_net_facts_read(theirs[i], &there))
			return ham_refuse(error,
					  "%s does not say what its port %s is "
					  "on: is its hamd of another version?",
					  to, port->name);
		if (!ham_net_facts_fit(&spec, &here, &there, from, to, error)) {
			g_prefix_error(error, "port %s: ", port->name);
			return false;
		}
	}
	return true;
}

bool
ham_ports_have_carrier(const struct ham_vm *vm)
{
	for (guint i = 0; i < vm->conf->ports->len; i++) {
		g_autofree char *name = ham_port_ifname(vm, i);
		struct ham_net_port_spec spec = spec_of(vm, i, name);

		if (!ham_net_has_carrier(&spec))
			return false;
	}
	return true;
}

static bool
check_port(const struct ham_vm *vm, guint i,
	   const struct ham_net_port_spec *spec, GError **error)
{
	const struct ham_conf_port *port =
		g_ptr_array_index(vm->conf->ports, i);

	if (port->vhost == HAM_CONF_VHOST_YES && !ham_net_has_vhost())
		return ham_refuse(error,
				  "vhost = yes, and this node has no "
				  "/dev/vhost-net (modprobe vhost_net, or "
				  "vhost = auto)");
	return ham_net_check(spec, error);
}

bool
ham_ports_check(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < vm->conf->ports->len; i++) {
		const struct ham_conf_port *port =
			g_ptr_array_index(vm->conf->ports, i);
		g_autofree char *name = ham_port_ifname(vm, i);
		struct ham_net_port_spec spec = spec_of(vm, i, name);

		if (!check_port(vm, i, &spec, error)) {
			g_prefix_error(error, "port %s: ", port->name);
			return false;
		}
	}
	return true;
}

/* A bridge that hamd makes has the port's MTU, unless it is given one. */
bool
ham_port_look(struct ham_vm *vm, guint i, char *text, GError **error)
{
	enum {
		ETHERNET_MTU = 1500
	};
	g_autofree char *name = ham_port_ifname(vm, i);
	struct ham_net_port_spec spec = spec_of(vm, i, name);
	bool vhost =
		ham_port_may_have_vhost(g_ptr_array_index(vm->conf->ports, i));
	struct ham_net_facts facts = {.vhost = vhost};

	if (!check_port(vm, i, &spec, error))
		return false;
	if (if_nametoindex(spec.bridge)) {
		if (!ham_net_facts_get(&spec, vhost, &facts, error))
			return false;
	} else {
		facts.mtu = spec.bridge_mtu ? spec.bridge_mtu
			    : spec.mtu	    ? spec.mtu
					    : ETHERNET_MTU;
		facts.leads_out = spec.uplink && ham_net_has_carrier(&spec);
	}
	ham_net_facts_write(&facts, text);
	return true;
}

char *
ham_guests_port_fits(ham_guests *guests, const char *guest, unsigned int port,
		     const struct ham_net_facts *here,
		     const struct ham_net_facts *there, const char *from,
		     const char *to, enum ham_net_fit aspect)
{
	struct ham_vm *vm = ham_vm_get(guests, guest);
	g_autofree char *name = ham_port_ifname(vm, port);
	struct ham_net_port_spec spec = spec_of(vm, port, name);
	g_autoptr(GError) error = NULL;

	return ham_net_fits(&spec, aspect, here, there, from, to, &error)
		       ? NULL
		       : g_strdup(error->message);
}

bool
ham_ports_open(struct ham_vm *vm, GError **error)
{
	ham_seen_stop(vm);
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
	ham_learn_open(vm);
	return true;
}

static ham_net_port *
adopt(const struct ham_vm *vm, guint i, GError **error)
{
	g_autofree char *name = ham_port_ifname(vm, i);
	struct ham_net_port_spec spec = spec_of(vm, i, name);

	return ham_net_port_adopt(&spec, error);
}

void
ham_ports_adopt(struct ham_vm *vm)
{
	g_ptr_array_set_size(vm->ports, 0);
	for (guint i = 0; vm->conf && i < vm->conf->ports->len; i++) {
		g_autoptr(GError) error = NULL;

		g_ptr_array_add(vm->ports, adopt(vm, i, &error));
		if (error)
			ham_warn("%s: port %u: %s", vm->name, i,
				 error->message);
	}
	ham_learn_adopt(vm);
}

bool
ham_ports_up(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < vm->ports->len; i++) {
		gpointer *port = &g_ptr_array_index(vm->ports, i);

		if (!*port)
			*port = adopt(vm, i, error);
		if (!*port || !ham_net_port_up(*port, error))
			return false;
	}
	return true;
}

/* Down, or else gone. */
static bool
take_down(struct ham_vm *vm, ham_net_port *port, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (ham_net_port_down(port, &local))
		return true;
	ham_warn("%s: %s; deleting the tap", vm->name, local->message);
	return ham_net_port_delete(port, error);
}

/* One that could not be adopted, or that the cluster file does not name any
 * more: QEMU has it all the same. */
static bool
remove_unknown(struct ham_vm *vm, guint i, GError **error)
{
	g_autofree char *name = ham_port_ifname(vm, i);

	if (if_nametoindex(name) == 0)
		return true;
	ham_warn("%s: deleting tap %s, which hamd has no hold of", vm->name,
		 name);
	return ham_net_remove_stale(name, error);
}

/* Nothing may speak any more. */
bool
ham_ports_down(struct ham_vm *vm, GError **error)
{
	for (guint i = 0; i < HAM_CONF_MAX_PORTS; i++) {
		ham_net_port *port = i < vm->ports->len
					     ? g_ptr_array_index(vm->ports, i)
					     : NULL;

		if (!(port ? take_down(vm, port, error)
			   : remove_unknown(vm, i, error)))
			return false;
	}
	return true;
}

void
ham_ports_try_down(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->ports->len; i++)
		if (g_ptr_array_index(vm->ports, i))
			(void)ham_net_port_down(g_ptr_array_index(vm->ports, i),
						NULL);
}

/* What has left by all of its ports; false: of one it is not known. */
static bool
add_frames(const struct ham_vm *vm, uint64_t *sum)
{
	*sum = 0;
	for (guint i = 0; i < vm->ports->len; i++) {
		const ham_net_port *port = g_ptr_array_index(vm->ports, i);
		uint64_t frames;

		if (!port || !ham_net_port_frames(port, &frames, NULL))
			return false;
		*sum += frames;
	}
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
	ham_announce_stop(vm);
	ham_learn_close(vm);
	ham_quiet_forget(vm);
	g_ptr_array_set_size(vm->ports, 0);
}

void
ham_ports_tidy(const ham_guests *guests)
{
	const ham_conf *conf = guests->spec.conf;
	g_autoptr(GHashTable) bridges =
		g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer bridge;

	for (guint g = 0; g < conf->guests->len; g++) {
		const struct ham_conf_guest *guest =
			g_ptr_array_index(conf->guests, g);

		for (guint i = 0; i < guest->ports->len; i++) {
			const struct ham_conf_port *port =
				g_ptr_array_index(guest->ports, i);

			g_hash_table_add(bridges, port->bridge);
		}
	}
	g_hash_table_iter_init(&iter, bridges);
	while (g_hash_table_iter_next(&iter, &bridge, NULL))
		ham_net_tidy(bridge);
}
