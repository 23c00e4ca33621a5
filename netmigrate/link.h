/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/link.h - what netmigrate asks of the kernel, in its own terms
 *
 * Inside this folder only.  Each call opens a route netlink socket of its own,
 * does one exchange and closes it: no state is kept that could go stale.
 * libnl's error numbers end here; callers see a GError that names the link.
 * Refuses to remove by ham_link_delete_tap() what is no tap; what else may be
 * touched is the callers' to know.
 */
#ifndef HAM_NET_LINK_H
#define HAM_NET_LINK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "netmigrate/netmigrate.h"

enum {
	/* What hamd writes into the alias of a bridge that it made: "hamd", and
	 * of an uplink that it put into it its name, and how it was before. */
	HAM_LINK_MARK_MAX = 31,
};

enum ham_link_kind {
	HAM_LINK_ABSENT = 0, /* no such link */
	HAM_LINK_TAP,	     /* tun or tap */
	HAM_LINK_BRIDGE,
	HAM_LINK_OTHER,
};

struct ham_link {
	enum ham_link_kind kind;
	int index;
	int master; /* 0: none */
	unsigned int mtu;
	bool up;
	bool carrier;	 /* frames can leave by it */
	bool veth;	 /* one end of a pair: another namespace, as a rule */
	bool ours;	 /* a bridge that hamd made */
	char mark[HAM_LINK_MARK_MAX + 1]; /* ours: the alias */
	uint64_t frames; /* received by it: of a tap, what its guest sent */
};

/* By name, or by index where name is NULL.  An absent link is not an error. */
bool ham_link_get(const char *name, int index, struct ham_link *out,
		  GError **error);

/* While it is still down: an interface that comes up with IPv6 speaks, and
 * takes what routers of the guests' network say for its own. */
bool ham_link_disable_ipv6(const char *name, GError **error);

/* Makes a bridge without IPv6 of its own, marks it as hamd's and brings it up.
 * `mtu` 0: the kernel's default.  `mark` begins with "hamd". */
bool ham_link_make_bridge(const char *name, unsigned int mtu, const char *mark,
			  GError **error);

/* Another mark for a bridge that hamd made. */
bool ham_link_mark_bridge(const char *name, int index, const char *mark,
			  GError **error);

/* Puts an interface that is not a tap into a bridge; `bridge_index` 0: out of
 * any, where one that is gone is no error. */
bool ham_link_set_master(const char *name, int index, int bridge_index,
			 GError **error);

/* Removes a bridge, whatever is in it. */
bool ham_link_delete_bridge(const char *name, int index, GError **error);

/* All that is in a bridge: struct ham_link_port, the caller's.  NULL with
 * *error. */
struct ham_link_port {
	char name[HAM_NET_IFNAME_MAX + 1];
	struct ham_link link;
};
GArray *ham_link_ports(const char *bridge, int bridge_index, GError **error);

/* Gives the tap its address and MTU, then puts it into the bridge. */
bool ham_link_enslave(const char *name, const struct ham_link *tap,
		      const uint8_t mac[6], const char *bridge_name,
		      const struct ham_link *bridge, GError **error);

/* Sets the administrative state and reads it back.  An absent link is down. */
bool ham_link_set_up(const char *name, int index, bool up, GError **error);

/* Removes a tap.  One that is gone is no error. */
bool ham_link_delete_tap(const char *name, int index, GError **error);

#endif
