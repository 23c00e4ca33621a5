/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/bridge.c - see bridge.h
 *
 * The mark of a bridge that hamd made says which uplink it put in: "hamd", or
 * "hamd eth0 up", where "up" or "down" is how that one was found.
 */
#include "netmigrate/bridge.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/error.h"
#include "netmigrate/vlan.h"

/* ---- the uplink ---- */

/* One that is made by itself (fe80::...) leads nowhere. */
static bool
counts(const struct sockaddr *address)
{
	const struct sockaddr_in6 *in6 = (const void *)address;

	return address->sa_family == AF_INET ||
	       (address->sa_family == AF_INET6 &&
		!IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr));
}

static bool
has_no_address(const char *ifname, GError **error)
{
	struct ifaddrs *all = NULL;
	char text[NI_MAXHOST] = "";

	if (getifaddrs(&all) != 0)
		return ham_error_errno(error, errno,
				       "cannot look up the addresses of '%s'",
				       ifname);
	for (struct ifaddrs *a = all; a && !text[0]; a = a->ifa_next)
		if (a->ifa_addr && strcmp(a->ifa_name, ifname) == 0 &&
		    counts(a->ifa_addr) &&
		    getnameinfo(a->ifa_addr,
				a->ifa_addr->sa_family == AF_INET
					? sizeof(struct sockaddr_in)
					: sizeof(struct sockaddr_in6),
				text, sizeof(text), NULL, 0,
				NI_NUMERICHOST) != 0)
			g_strlcpy(text, "unknown", sizeof(text));
	freeifaddrs(all);
	return !text[0] ||
	       ham_refuse(error,
			  "uplink '%s' has an address of its own (%s): in a "
			  "bridge nobody would reach the node by it any more",
			  ifname, text);
}

static unsigned int
bridge_mtu(const struct ham_net_port_spec *spec)
{
	return spec->bridge_mtu ? spec->bridge_mtu : spec->mtu;
}

/* The port's, in `out`; false: it has none of its own. */
static bool
vlans_of(const struct ham_net_port_spec *spec, struct ham_vlans *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int id = 1; id <= HAM_VLAN_MAX; id++)
		if (id == spec->vlan || ham_net_in_trunk(spec, id))
			ham_vlans_add(out, id);
	out->own = (uint16_t)spec->vlan;
	return ham_net_has_vlans(spec);
}

/* On a bridge that hamd made it is put into them (join_vlans). */
static bool
is_in_vlans(const struct ham_net_port_spec *spec, const struct ham_link *uplink,
	    GError **error)
{
	struct ham_vlans wanted, has;

	if (!vlans_of(spec, &wanted))
		return true;
	if (!ham_vlan_get(spec->uplink, uplink->index, &has, error))
		return false;
	for (unsigned int id = 1; id <= HAM_VLAN_MAX; id++)
		if (ham_vlans_has(&wanted, id) && !ham_vlans_has(&has, id))
			return ham_refuse(error,
					  "uplink '%s' of bridge '%s' is not "
					  "in VLAN %u",
					  spec->uplink, spec->bridge, id);
	return true;
}

/* The uplink that hamd has put into a bridge of its own, by its mark: empty,
 * none.  *was_down: as hamd found it. */
static void
marked_uplink(const struct ham_link *bridge, char name[HAM_NET_IFNAME_MAX + 1],
	      bool *was_down)
{
	g_auto(GStrv) words = g_strsplit(bridge->mark, " ", 3);
	bool any = bridge->ours && g_strv_length(words) == 3;

	g_strlcpy(name, any ? words[1] : "", HAM_NET_IFNAME_MAX + 1);
	*was_down = any && strcmp(words[2], "down") == 0;
}

/* Two ways out of one bridge are a loop in the network. */
static bool
check_other_uplink(const struct ham_net_port_spec *spec,
		   const struct ham_link *bridge, GError **error)
{
	char old[HAM_NET_IFNAME_MAX + 1];
	struct ham_link link;
	bool was_down;

	marked_uplink(bridge, old, &was_down);
	if (!old[0] || strcmp(old, spec->uplink) == 0)
		return true;
	if (!ham_link_get(old, 0, &link, error))
		return false;
	if (link.kind == HAM_LINK_ABSENT || link.master != bridge->index)
		return true;
	return ham_refuse(error,
			  "bridge '%s' has '%s' as its uplink, by an earlier "
			  "configuration, and can't have '%s' as well: the "
			  "bridge goes with the last guest that is on it",
			  spec->bridge, old, spec->uplink);
}

static bool
check_joined(const struct ham_net_port_spec *spec,
	     const struct ham_link *bridge, const struct ham_link *uplink,
	     GError **error)
{
	/* of one that hamd made it is mended (ham_bridge_need) */
	if (bridge->ours)
		return true;
	if (!uplink->up)
		return ham_refuse(error, "uplink '%s' of bridge '%s' is down",
				  spec->uplink, spec->bridge);
	return is_in_vlans(spec, uplink, error);
}

static bool
check_joining(const struct ham_net_port_spec *spec,
	      const struct ham_link *bridge, const struct ham_link *uplink,
	      GError **error)
{
	if (uplink->master) {
		char master[IF_NAMESIZE] = "something else";

		if_indextoname((unsigned int)uplink->master, master);
		return ham_refuse(error,
				  "uplink '%s' is in '%s', not in bridge '%s'",
				  spec->uplink, master, spec->bridge);
	}
	if (bridge->kind == HAM_LINK_BRIDGE && !bridge->ours)
		return ham_refuse(error,
				  "uplink '%s' is not in bridge '%s', which "
				  "hamd did not make",
				  spec->uplink, spec->bridge);
	return has_no_address(spec->uplink, error) &&
	       check_other_uplink(spec, bridge, error);
}

static bool
check_uplink(const struct ham_net_port_spec *spec,
	     const struct ham_link *bridge, GError **error)
{
	const char *name = spec->uplink;
	struct ham_link uplink;

	if (!name)
		return true;
	if (!ham_link_get(name, 0, &uplink, error))
		return false;
	if (uplink.kind == HAM_LINK_ABSENT)
		return ham_refuse(error,
				  "there is no uplink '%s' for bridge '%s'",
				  name, spec->bridge);
	if (uplink.kind != HAM_LINK_OTHER)
		return ham_refuse(error,
				  "'%s' is no uplink for bridge '%s': it is a "
				  "%s",
				  name, spec->bridge,
				  uplink.kind == HAM_LINK_TAP ? "tap"
							      : "bridge");
	if (uplink.mtu < bridge_mtu(spec))
		return ham_refuse(error,
				  "uplink '%s' has an MTU of %u, bridge '%s' "
				  "needs %u",
				  name, uplink.mtu, spec->bridge,
				  bridge_mtu(spec));
	return bridge->kind == HAM_LINK_BRIDGE && uplink.master == bridge->index
		       ? check_joined(spec, bridge, &uplink, error)
		       : check_joining(spec, bridge, &uplink, error);
}

/* ---- the bridge ---- */

static bool
check_filtering(const struct ham_net_port_spec *spec,
		const struct ham_link *bridge, GError **error)
{
	bool filters;

	if ((!ham_net_has_vlans(spec) && !spec->vlan_filtering) ||
	    (bridge->ours && spec->vlan_filtering))
		return true;
	if (!ham_vlan_filtering(spec->bridge, &filters, error))
		return false;
	return filters ||
	       ham_refuse(error, "bridge '%s' does not filter by VLAN%s",
			  spec->bridge,
			  spec->vlan_filtering
				  ? ", and the configuration says that it does"
				  : ": a port in one can't be on it");
}

bool
ham_bridge_check(const struct ham_net_port_spec *spec, struct ham_link *bridge,
		 GError **error)
{
	const char *name = spec->bridge;
	unsigned int mtu = MAX(spec->mtu, spec->bridge_mtu);

	if (!ham_link_get(name, 0, bridge, error))
		return false;
	if (bridge->kind == HAM_LINK_ABSENT && spec->bridge_create)
		return check_uplink(spec, bridge, error);
	if (bridge->kind == HAM_LINK_ABSENT)
		return ham_refuse(
			error,
			"bridge '%s' does not exist here, and the "
			"configuration does not say that hamd may make it "
			"(a section [bridge %s] does)",
			name, name);
	if (bridge->kind != HAM_LINK_BRIDGE)
		return ham_refuse(error, "'%s' is not a bridge", name);
	if (!bridge->up)
		return ham_refuse(
			error,
			"bridge '%s' is down: a port on it would reach "
			"nobody",
			name);
	if (mtu > bridge->mtu)
		return ham_refuse(
			error, "bridge '%s' has an MTU of %u, %s needs %u",
			name, bridge->mtu,
			mtu > spec->mtu ? "its section" : "the port", mtu);
	return check_filtering(spec, bridge, error) &&
	       check_uplink(spec, bridge, error);
}

/* It is what brings the port's VLANs in and out; those of other ports it has
 * already.  What is untagged stays in the first, as on a bridge by default. */
static bool
join_vlans(const struct ham_net_port_spec *spec, GError **error)
{
	struct ham_vlans wanted, all;
	struct ham_link uplink;
	bool any = false;

	if (!spec->uplink || !vlans_of(spec, &wanted))
		return true;
	if (!ham_link_get(spec->uplink, 0, &uplink, error) ||
	    !ham_vlan_get(spec->uplink, uplink.index, &all, error))
		return false;
	for (unsigned int id = 1; id <= HAM_VLAN_MAX; id++)
		if (ham_vlans_has(&wanted, id) && !ham_vlans_has(&all, id)) {
			ham_vlans_add(&all, id);
			any = true;
		}
	return !any || ham_vlan_set(spec->uplink, uplink.index, &all, error);
}

static bool
mark_uplink(const struct ham_net_port_spec *spec, const struct ham_link *bridge,
	    const struct ham_link *uplink, GError **error)
{
	char mark[HAM_LINK_MARK_MAX + 1];

	g_snprintf(mark, sizeof(mark), "hamd %s %s", spec->uplink,
		   uplink->up ? "up" : "down");
	return ham_link_mark_bridge(spec->bridge, bridge->index, mark, error);
}

/* After the bridge has its address and MTU: it is no port like others.  Marked
 * before, so that it is taken out again whenever hamd ends in between. */
static bool
join_uplink(const struct ham_net_port_spec *spec, const struct ham_link *bridge,
	    GError **error)
{
	struct ham_link uplink;

	if (!spec->uplink)
		return true;
	if (!ham_link_get(spec->uplink, 0, &uplink, error))
		return false;
	if (uplink.master != bridge->index &&
	    (!mark_uplink(spec, bridge, &uplink, error) ||
	     !ham_link_set_master(spec->uplink, uplink.index, bridge->index,
				  error)))
		return false;
	return uplink.up ||
	       ham_link_set_up(spec->uplink, uplink.index, true, error);
}

static bool
set_filtering(const struct ham_net_port_spec *spec, GError **error)
{
	return !spec->vlan_filtering ||
	       ham_vlan_set_filtering(spec->bridge, true, error);
}

static bool
make_bridge(const struct ham_net_port_spec *spec, GError **error)
{
	return ham_link_make_bridge(spec->bridge, bridge_mtu(spec), "hamd",
				    error) &&
	       set_filtering(spec, error);
}

bool
ham_bridge_need(const struct ham_net_port_spec *spec, struct ham_link *bridge,
		GError **error)
{
	if (!ham_bridge_check(spec, bridge, error))
		return false;
	if (bridge->kind == HAM_LINK_BRIDGE && !bridge->ours)
		return true;
	/* an earlier hamd may have ended in the midst of making it */
	if (bridge->kind == HAM_LINK_BRIDGE)
		return set_filtering(spec, error) &&
		       join_uplink(spec, bridge, error);
	if (make_bridge(spec, error) &&
	    ham_link_get(spec->bridge, 0, bridge, error) &&
	    join_uplink(spec, bridge, error) &&
	    ham_bridge_check(spec, bridge, error))
		return true;
	ham_bridge_drop(spec->bridge, NULL);
	return false;
}

/* Who looks for the guest there asks by the bridge itself.  In its own VLAN it
 * is already, and would lose that as its own. */
static bool
join_self(const struct ham_net_port_spec *spec, const struct ham_link *bridge,
	  GError **error)
{
	struct ham_vlans has;

	return ham_vlan_get(spec->bridge, bridge->index, &has, error) &&
	       (ham_vlans_has(&has, spec->vlan) ||
		ham_vlan_join_self(spec->bridge, bridge->index, spec->vlan,
				   error));
}

bool
ham_bridge_set_vlans(const struct ham_net_port_spec *spec,
		     const struct ham_link *bridge, int index, GError **error)
{
	struct ham_vlans wanted;

	if (!vlans_of(spec, &wanted))
		return true; /* as the kernel has it: the bridge's default */
	if (!ham_vlan_set(spec->ifname, index, &wanted, error))
		return false;
	if (!bridge->ours)
		return true;
	return join_vlans(spec, error) &&
	       (!spec->vlan || join_self(spec, bridge, error));
}

/* Out of the bridge, and as it was found. */
static bool
release_uplink(const struct ham_link *bridge, GError **error)
{
	char name[HAM_NET_IFNAME_MAX + 1];
	struct ham_link uplink;
	bool was_down;

	marked_uplink(bridge, name, &was_down);
	if (!name[0])
		return true;
	if (!ham_link_get(name, 0, &uplink, error))
		return false;
	if (uplink.kind == HAM_LINK_ABSENT || uplink.master != bridge->index)
		return true;
	return ham_link_set_master(name, uplink.index, 0, error) &&
	       (!was_down || ham_link_set_up(name, uplink.index, false, error));
}

bool
ham_bridge_drop(const char *name, GError **error)
{
	g_autoptr(GArray) ports = NULL;
	char uplink[HAM_NET_IFNAME_MAX + 1];
	struct ham_link bridge;
	bool was_down;

	if (!ham_link_get(name, 0, &bridge, error))
		return false;
	if (!bridge.ours)
		return true;
	ports = ham_link_ports(name, bridge.index, error);
	if (!ports)
		return false;
	marked_uplink(&bridge, uplink, &was_down);
	for (guint i = 0; i < ports->len; i++)
		if (strcmp(uplink, g_array_index(ports, struct ham_link_port, i)
					   .name) != 0)
			return true;
	return release_uplink(&bridge, error) &&
	       ham_link_delete_bridge(name, bridge.index, error);
}
