/* SPDX-License-Identifier: BSD-3-Clause */
/* config/network.c - bridges, uplinks and ports: that they fit together
 *
 * Within the file only.  What a node really has is asked there when a port is
 * made (netmigrate/), and again before a guest is copied to it.
 */
#include <string.h>

#include "config/build.h"
#include "config/value.h"

const struct ham_conf_bridge *
ham_conf_find_bridge(const ham_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->bridges->len; i++) {
		const struct ham_conf_bridge *bridge = conf->bridges->pdata[i];

		if (strcmp(bridge->name, name) == 0)
			return bridge;
	}
	return NULL;
}

static const struct ham_conf_uplink *
find_uplink(const ham_conf *conf, const char *node, const char *bridge)
{
	for (unsigned int i = 0; i < conf->uplinks->len; i++) {
		const struct ham_conf_uplink *uplink = conf->uplinks->pdata[i];

		if (strcmp(uplink->node, node) == 0 &&
		    strcmp(uplink->bridge, bridge) == 0)
			return uplink;
	}
	return NULL;
}

const char *
ham_conf_uplink_of(const ham_conf *conf, const char *node, const char *bridge)
{
	const struct ham_conf_uplink *own = find_uplink(conf, node, bridge);
	const struct ham_conf_bridge *all = ham_conf_find_bridge(conf, bridge);

	return own && own->interface ? own->interface
	       : all		     ? all->uplink
				     : NULL;
}

const char *
ham_conf_arp_target_of(const ham_conf *conf, const char *node,
		       const char *bridge)
{
	const struct ham_conf_uplink *own = find_uplink(conf, node, bridge);
	const struct ham_conf_bridge *all = ham_conf_find_bridge(conf, bridge);

	return own && own->arp_target ? own->arp_target
	       : all		      ? all->arp_target
				      : NULL;
}

/* Whether all who use a bridge agree on who makes it. */
static void
agree_on_making(ham_doc *doc, GHashTable *seen,
		const struct ham_section *section)
{
	const struct ham_conf_port *port = section->object;
	const struct ham_section *first =
		g_hash_table_lookup(seen, port->bridge);
	const struct ham_conf_port *other = first ? first->object : NULL;

	if (!first)
		g_hash_table_insert(seen, port->bridge, (void *)section);
	else if (port->bridge_create != other->bridge_create)
		ham_section_problem(
			doc, section, "create_bridge",
			port->bridge_create ? "yes" : "no",
			"%s as in [%s] (line %u), which is on %s, too",
			other->bridge_create ? "yes" : "no", first->title,
			first->line, port->bridge);
}

static void
relate_port(ham_doc *doc, const ham_conf *conf,
	    const struct ham_section *section)
{
	const struct ham_conf_port *port = section->object;
	const struct ham_conf_bridge *bridge =
		ham_conf_find_bridge(conf, port->bridge);
	const char *key = port->vlan ? "vlan" : "trunk";
	g_autofree char *mtu = g_strdup_printf("%u", port->mtu);
	g_autofree char *vlan = g_strdup_printf("%u", port->vlan);

	if (bridge && ham_section_has(section, "create_bridge"))
		ham_section_problem(doc, section, "create_bridge",
				    port->bridge_create ? "yes" : "no",
				    "the key create in [bridge %s], for all "
				    "ports on it",
				    bridge->name);
	if (port->vlan && (port->trunk[port->vlan / 64] >> port->vlan % 64 & 1))
		ham_section_problem(doc, section, "trunk", vlan,
				    "VLANs other than the port's own (vlan), "
				    "which leaves untagged");
	if (!bridge && port->bridge_create && ham_section_has(section, key))
		ham_section_problem(doc, section, key,
				    "it on a bridge that hamd makes without "
				    "VLAN filtering",
				    "a section [bridge %s] with "
				    "vlan_filtering = yes",
				    port->bridge);
	if (bridge && !bridge->vlan_filtering && ham_section_has(section, key))
		ham_section_problem(doc, section, key,
				    "it on a bridge without VLAN filtering",
				    "vlan_filtering = yes in [bridge %s]",
				    bridge->name);
	if (bridge && bridge->mtu && port->mtu > bridge->mtu)
		ham_section_problem(doc, section, "mtu", mtu,
				    "at most that of [bridge %s] (%u)",
				    bridge->name, bridge->mtu);
}

static void
relate_queues(ham_doc *doc, const ham_conf *conf,
	      const struct ham_section *section)
{
	const struct ham_conf_guest *guest =
		ham_conf_find_guest(conf, section->name);
	const struct ham_conf_port *port = section->object;
	unsigned int sum = 0;
	g_autofree char *queues = g_strdup_printf("%u", port->queues);

	if (guest && guest->cpus && port->queues > guest->cpus)
		ham_section_problem(doc, section, "queues", queues,
				    "at most the guest's cpus (%u)",
				    guest->cpus);
	for (guint i = 0; guest && i < guest->ports->len; i++) {
		const struct ham_conf_port *p = guest->ports->pdata[i];

		sum += p->queues;
		if (p == port && sum > HAM_CONF_GUEST_QUEUES)
			ham_section_problem(doc, section, "queues", queues,
					    "at most %d in all ports of a "
					    "guest",
					    HAM_CONF_GUEST_QUEUES);
	}
}

static void
relate_bridge(ham_doc *doc, const struct ham_section *section)
{
	const struct ham_conf_bridge *bridge = section->object;

	if (!ham_value_is_ifname(section->name))
		ham_section_problem(doc, section, NULL, section->name,
				    "an interface's name (at most 15 letters, "
				    "digits and . _ -)");
	if (bridge->uplink && strcmp(bridge->uplink, bridge->name) == 0)
		ham_section_problem(doc, section, "uplink", bridge->uplink,
				    "another interface than the bridge");
}

static void
relate_uplink(ham_doc *doc, const ham_conf *conf, GHashTable *nodes,
	      const struct ham_section *section)
{
	const struct ham_section *node =
		g_hash_table_lookup(nodes, section->name);
	const struct ham_conf_node *object = node ? node->object : NULL;

	if (!node)
		ham_section_problem(doc, section, NULL,
				    "a node that is not in the file",
				    "a section [node %s]", section->name);
	else if (object->witness)
		ham_section_problem(doc, section, NULL, "a witness",
				    "a node that holds guests");
	if (!ham_conf_find_bridge(conf, section->child))
		ham_section_problem(doc, section, NULL,
				    "a bridge that is not in the file",
				    "a section [bridge %s]", section->child);
}

/* The section that gives the node's interface for a bridge. */
static const struct ham_section *
giver(const ham_doc *doc, const char *node, const char *bridge)
{
	const struct ham_section *found = NULL;

	for (unsigned int i = 0; i < doc->sections->len; i++) {
		const struct ham_section *section = doc->sections->pdata[i];

		if (section->kind == HAM_SECTION_UPLINK &&
		    strcmp(section->name, node) == 0 &&
		    strcmp(section->child, bridge) == 0)
			return section;
		if (section->kind == HAM_SECTION_BRIDGE &&
		    strcmp(section->name, bridge) == 0)
			found = section;
	}
	return found;
}

/* An interface is in one bridge at most. */
static void
uplinks_once(ham_doc *doc, const ham_conf *conf, const char *node)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned int i = 0; i < conf->bridges->len; i++) {
		const struct ham_conf_bridge *bridge = conf->bridges->pdata[i];
		const char *uplink =
			ham_conf_uplink_of(conf, node, bridge->name);
		const char *other =
			uplink ? g_hash_table_lookup(seen, uplink) : NULL;
		const struct ham_section *section =
			other ? giver(doc, node, bridge->name) : NULL;

		if (section)
			ham_section_problem(
				doc, section,
				section->kind == HAM_SECTION_UPLINK
					? "interface"
					: "uplink",
				uplink,
				"another interface: on %s it is the uplink of "
				"%s already",
				node, other);
		else if (uplink)
			g_hash_table_insert(seen, (void *)uplink, bridge->name);
	}
}

void
ham_conf_relate_network(ham_doc *doc, const ham_conf *conf, GHashTable *nodes)
{
	g_autoptr(GHashTable) makers =
		g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned int i = 0; i < doc->sections->len; i++) {
		const struct ham_section *section = doc->sections->pdata[i];
		const struct ham_conf_port *port = section->object;

		if (section->repeated)
			continue;
		if (section->kind == HAM_SECTION_PORT)
			relate_queues(doc, conf, section);
		if (section->kind == HAM_SECTION_PORT && port->bridge) {
			agree_on_making(doc, makers, section);
			relate_port(doc, conf, section);
		}
		if (section->kind == HAM_SECTION_BRIDGE)
			relate_bridge(doc, section);
		if (section->kind == HAM_SECTION_UPLINK)
			relate_uplink(doc, conf, nodes, section);
	}
	for (unsigned int i = 0; i < conf->nodes->len; i++) {
		const struct ham_conf_node *node = conf->nodes->pdata[i];

		if (!node->witness)
			uplinks_once(doc, conf, node->name);
	}
}
