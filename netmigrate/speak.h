/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/speak.h - a bridge's own interface, as one that speaks
 *
 * Inside this folder only.  What is sent by it goes out as if the node itself
 * had said it, by any port.  On a bridge that filters by VLAN it is in one, as
 * all is.  Refuses a VLAN that the bridge itself is not in: the kernel would
 * drop the frames without a word.
 */
#ifndef HAM_NET_SPEAK_H
#define HAM_NET_SPEAK_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmigrate/vlan.h"

struct ham_speak {
	int index; /* of the bridge */
	bool filters;
	unsigned int vlan;	/* its tag; 0: none is needed */
	bool untagged;		/* what comes in it may come without */
	bool own;		/* the node's own IP addresses are in it */
	struct ham_vlans vlans; /* all of the bridge's own, if it filters */
};

/* `vlan` 0: that of what the node says untagged.  False with *error. */
bool ham_speak_choose(const char *bridge, unsigned int vlan,
		      struct ham_speak *out, GError **error);

/* A packet socket that hears nothing, to speak by; -errno. */
int ham_speak_open(void);

/* Sends a whole frame, tag included, by the interface.  0 or -errno. */
int ham_speak_send(int fd, int index, const uint8_t *frame, size_t len);

#endif
