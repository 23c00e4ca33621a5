/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/bridge.h - the bridge that a port needs, with its uplink
 *
 * Inside this folder only.  What hamd made it removes, and puts the uplink back
 * as it was; what it found it holds against what the port needs, and leaves as
 * it is.  Refuses an uplink that has addresses of its own: in a bridge the node
 * would be cut off from them, maybe from its cluster.
 */
#ifndef HAM_NET_BRIDGE_H
#define HAM_NET_BRIDGE_H

#include <glib.h>
#include <stdbool.h>

#include "netmigrate/link.h"
#include "netmigrate/netmigrate.h"

/* Holds what is there against what the port needs; changes nothing.  *bridge is
 * as it was found. */
bool ham_bridge_check(const struct ham_net_port_spec *spec,
		      struct ham_link *bridge, GError **error);

/* The same, and makes what is missing and may be made. */
bool ham_bridge_need(const struct ham_net_port_spec *spec,
		     struct ham_link *bridge, GError **error);

/* Puts a port that is in it, the tap with that index, into its VLANs. */
bool ham_bridge_set_vlans(const struct ham_net_port_spec *spec,
			  const struct ham_link *bridge, int index,
			  GError **error);

/* Removes the bridge if hamd made it and nothing but its uplink is in it any
 * more; leaves any other alone, which is no error. */
bool ham_bridge_drop(const char *name, GError **error);

#endif
