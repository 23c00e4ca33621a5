/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/vlan.h - which VLANs a port of a bridge is in
 *
 * Inside this folder only.  Bridge VLAN filtering as bridge(8) has it: a port
 * is in a set of VLANs; one of them may be its own (PVID): what comes untagged
 * is in that one, and leaves untagged.  IDs 1 to 4094 (IEEE 802.1Q; 0 and 4095
 * are reserved).  Each call is one exchange with the kernel (rtnetlink,
 * AF_BRIDGE, linux/if_bridge.h) and keeps nothing.
 *
 * Refuses nothing of what a caller asks: whether the bridge filters at all is
 * for the caller to look at first (ham_vlan_filtering).
 */
#ifndef HAM_NET_VLAN_H
#define HAM_NET_VLAN_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_VLAN_MAX = 4094,
	HAM_VLAN_WORDS = 4096 / 64,
};

struct ham_vlans {
	uint16_t own;			 /* PVID; 0: none */
	uint64_t member[HAM_VLAN_WORDS]; /* a bit each, the own one too */
	/* As it was read: what leaves by the port leaves without a tag. */
	uint64_t untagged[HAM_VLAN_WORDS];
};

static inline bool
ham_vlans_has(const struct ham_vlans *vlans, unsigned int id)
{
	return id <= HAM_VLAN_MAX && (vlans->member[id / 64] >> id % 64 & 1);
}

static inline void
ham_vlans_add(struct ham_vlans *vlans, unsigned int id)
{
	vlans->member[id / 64] |= UINT64_C(1) << id % 64;
}

static inline bool
ham_vlans_untagged(const struct ham_vlans *vlans, unsigned int id)
{
	return id <= HAM_VLAN_MAX && (vlans->untagged[id / 64] >> id % 64 & 1);
}

/* Does the bridge filter by VLAN?  Of a kernel without that: no. */
bool ham_vlan_filtering(const char *bridge, bool *out, GError **error);
bool ham_vlan_set_filtering(const char *bridge, bool on, GError **error);

/* The VLANs of a port of a bridge, or of the bridge itself, by its own index:
 * those in which the node speaks by it.  False with *error. */
bool ham_vlan_get(const char *name, int index, struct ham_vlans *out,
		  GError **error);

/* One more for a bridge itself, tagged: the node can then speak in it. */
bool ham_vlan_join_self(const char *bridge, int index, unsigned int id,
			GError **error);

/* Makes them exactly these; all but the own one pass tagged. */
bool ham_vlan_set(const char *name, int index, const struct ham_vlans *wanted,
		  GError **error);

#endif
