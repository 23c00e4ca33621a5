/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/port.h - a port as port.c makes it and announce.c announces it
 *
 * Inside this folder only.
 */
#ifndef HAM_NET_PORT_H
#define HAM_NET_PORT_H

#include <glib.h>
#include <net/if.h>
#include <stdint.h>

#include "netmigrate/netmigrate.h"

struct ham_net_port {
	char ifname[IFNAMSIZ];
	char bridge[IFNAMSIZ];
	uint8_t mac[6];
	int index; /* of the tap; never used again by the kernel soon */
	int fds[HAM_NET_QUEUES_MAX]; /* the tap's queues */
	unsigned int n_fds;	     /* 0 if adopted */
	unsigned int vlan;	     /* its own; 0: none */
	int packet; /* of an adopted port that has announced; else < 0 */
	GArray *frames; /* announcements, in the order of sending */
	/* how many of them come from the configuration; then the others */
	unsigned int configured;
};

/* The announcements that a port begins with.  NULL with *error: an address is
 * none. */
GArray *ham_port_announcements(const struct ham_net_port_spec *spec,
			       GError **error);

#endif
