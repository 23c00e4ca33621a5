/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/link.h - what netmigrate asks of the kernel, in its own terms
 *
 * Inside this folder only.  Each call opens a route netlink socket of its own,
 * does one exchange and closes it: no state is kept that could go stale.
 * libnl's error numbers end here; callers see a GError that names the link.
 * Refuses to change or remove a link that is not a tap, or a bridge that hamd
 * did not make.
 */
#ifndef HAM_NET_LINK_H
#define HAM_NET_LINK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "netmigrate/netmigrate.h"

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
	bool ours;	 /* a bridge that hamd made */
	uint64_t frames; /* received by it: of a tap, what its guest sent */
};

/* By name, or by index where name is NULL.  An absent link is not an error. */
bool ham_link_get(const char *name, int index, struct ham_link *out,
		  GError **error);

/* Makes a bridge, marks it as hamd's and brings it up.  `mtu` 0: the
 * kernel's default. */
bool ham_link_make_bridge(const char *name, unsigned int mtu, GError **error);

/* Gives the tap its address and MTU, then puts it into the bridge. */
bool ham_link_enslave(const char *name, const struct ham_link *tap,
		      const uint8_t mac[6], const char *bridge_name,
		      const struct ham_link *bridge, GError **error);

/* Sets the administrative state and reads it back.  An absent link is down. */
bool ham_link_set_up(const char *name, int index, bool up, GError **error);

/* Removes a tap.  One that is gone is no error. */
bool ham_link_delete_tap(const char *name, int index, GError **error);

/* Removes the bridge if hamd made it and nothing is enslaved to it; leaves
 * any other alone, which is no error. */
bool ham_link_drop_bridge(const char *name, GError **error);

#endif
