/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/facts.c - what source and destination must have in common
 *
 * Told by the destination before anything is copied, and held by the source
 * against what it has itself.  What the destination can judge alone is
 * ham_net_check()'s.
 */
#include "netmigrate/netmigrate.h"

#include <stdio.h>
#include <string.h>

#include "hamd/base/error.h"
#include "netmigrate/link.h"
#include "netmigrate/vlan.h"

/* The uplink that the configuration names, else any port that may be one, in
 * the port's VLANs: a pair of veths leads to a container of this node as a
 * rule. */
static bool
is_way_out(const struct ham_net_port_spec *spec,
	   const struct ham_link_port *port, bool filters)
{
	struct ham_vlans has;
	bool counts = spec->uplink ? strcmp(spec->uplink, port->name) == 0
				   : port->link.kind == HAM_LINK_OTHER &&
					     !port->link.veth;

	if (!counts || !port->link.carrier)
		return false;
	if (!filters || !ham_net_has_vlans(spec))
		return true;
	if (!ham_vlan_get(port->name, port->link.index, &has, NULL))
		return false;
	for (unsigned int id = 1; id <= HAM_VLAN_MAX; id++)
		if ((id == spec->vlan || ham_net_in_trunk(spec, id)) &&
		    !ham_vlans_has(&has, id))
			return false;
	return true;
}

static bool
leads_out(const struct ham_net_port_spec *spec, const GArray *ports,
	  bool filters)
{
	for (guint i = 0; i < ports->len; i++)
		if (is_way_out(spec,
			       &g_array_index(ports, struct ham_link_port, i),
			       filters))
			return true;
	return false;
}

bool
ham_net_facts_get(const struct ham_net_port_spec *spec, bool vhost,
		  struct ham_net_facts *out, GError **error)
{
	g_autoptr(GArray) ports = NULL;
	struct ham_link bridge;
	bool filters;

	memset(out, 0, sizeof(*out));
	if (!ham_link_get(spec->bridge, 0, &bridge, error))
		return false;
	if (bridge.kind != HAM_LINK_BRIDGE)
		return ham_refuse(error, "there is no bridge '%s'",
				  spec->bridge);
	ports = ham_link_ports(spec->bridge, bridge.index, error);
	if (!ports || !ham_vlan_filtering(spec->bridge, &filters, error))
		return false;
	out->mtu = bridge.mtu;
	out->vhost = vhost;
	out->leads_out = leads_out(spec, ports, filters);
	return true;
}

bool
ham_net_has_carrier(const struct ham_net_port_spec *spec)
{
	struct ham_link uplink;

	return !spec->uplink || !ham_link_get(spec->uplink, 0, &uplink, NULL) ||
	       uplink.carrier;
}

void
ham_net_facts_write(const struct ham_net_facts *facts,
		    char out[HAM_NET_FACTS_MAX])
{
	g_snprintf(out, HAM_NET_FACTS_MAX, "%u:%d:%d", facts->mtu,
		   facts->leads_out, facts->vhost);
}

bool
ham_net_facts_read(const char *text, struct ham_net_facts *out)
{
	g_auto(GStrv) words = g_strsplit(text, ":", 4);
	guint64 mtu, leads_out, vhost;

	if (g_strv_length(words) != 3 ||
	    !g_ascii_string_to_unsigned(words[0], 10, 0, G_MAXINT32, &mtu,
					NULL) ||
	    !g_ascii_string_to_unsigned(words[1], 10, 0, 1, &leads_out, NULL) ||
	    !g_ascii_string_to_unsigned(words[2], 10, 0, 1, &vhost, NULL))
		return false;
	out->mtu = (unsigned int)mtu;
	out->leads_out = leads_out;
	out->vhost = vhost;
	return true;
}

static bool
mtu_fits(const struct ham_net_port_spec *spec, const struct ham_net_facts *here,
	 const struct ham_net_facts *there, const char *from, const char *to,
	 GError **error)
{
	/* a guest that was told an MTU knows no other; one that was not may
	 * have been set to what the bridge carries */
	unsigned int needed = spec->mtu ? spec->mtu : here->mtu;

	return there->mtu >= needed ||
	       ham_refuse(error,
			  "bridge '%s' has an MTU of %u on %s, and of %u on "
			  "%s",
			  spec->bridge, there->mtu, to, here->mtu, from);
}

static bool
uplink_fits(const struct ham_net_port_spec *spec,
	    const struct ham_net_facts *here, const struct ham_net_facts *there,
	    const char *from, const char *to, GError **error)
{
	g_autofree char *vlans =
		spec->vlan ? g_strdup_printf(" in VLAN %u", spec->vlan)
		: ham_net_has_vlans(spec) ? g_strdup(" in all of the port's "
						     "VLANs")
					  : g_strdup("");

	return !here->leads_out || there->leads_out ||
	       ham_refuse(error,
			  "bridge '%s' has no uplink with a carrier%s on %s, "
			  "and has one on %s",
			  spec->bridge, vlans, to, from);
}

static bool
vhost_fits(const struct ham_net_port_spec *spec,
	   const struct ham_net_facts *here, const struct ham_net_facts *there,
	   const char *from, const char *to, GError **error)
{
	return here->vhost == there->vhost ||
	       ham_refuse(
		       error,
		       "its bridge is '%s', and vhost would be used on %s "
		       "alone: set vhost = no, or load vhost_net on both and "
		       "start it anew",
		       spec->bridge, here->vhost ? from : to);
}

bool
ham_net_fits(const struct ham_net_port_spec *spec, enum ham_net_fit aspect,
	     const struct ham_net_facts *here,
	     const struct ham_net_facts *there, const char *from,
	     const char *to, GError **error)
{
	switch (aspect) {
	case HAM_NET_FIT_MTU:
		return mtu_fits(spec, here, there, from, to, error);
	case HAM_NET_FIT_UPLINK:
		return uplink_fits(spec, here, there, from, to, error);
	case HAM_NET_FIT_VHOST:
		return vhost_fits(spec, here, there, from, to, error);
	case HAM_NET_N_FITS:
		break;
	}
	return true;
}

bool
ham_net_facts_fit(const struct ham_net_port_spec *spec,
		  const struct ham_net_facts *here,
		  const struct ham_net_facts *there, const char *from,
		  const char *to, GError **error)
{
	for (unsigned int i = 0; i < HAM_NET_N_FITS; i++)
		if (!ham_net_fits(spec, (enum ham_net_fit)i, here, there, from,
				  to, error))
			return false;
	return true;
}
