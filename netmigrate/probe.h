/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/probe.h - who answers for a guest's addresses: the pure half
 *
 * Inside this folder and its tests; what others call is in netmigrate.h.
 * Writes the questions and the filter, and keeps what an answer says; hear.c
 * reads the frames.  No system call and no clock: time comes with each call.
 * Refuses addresses that no host has; of what the network says, nothing.
 */
#ifndef HAM_NET_PROBE_H
#define HAM_NET_PROBE_H

#include <arpa/inet.h>
#include <glib.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmigrate/learn.h"
#include "netmigrate/netmigrate.h"

enum {
	HAM_NET_PROBE_FILTER_MAX = 40 + 2 * HAM_NET_PROBE_MAX,
	/* "ADDRESS is at MAC" */
	HAM_NET_STRANGER_MAX = INET6_ADDRSTRLEN + 7 + 17,
};

struct ham_net_probe {
	uint8_t mac[6]; /* who is to answer */
	bool anyone;	/* any MAC may */
	/* Answers come with this tag, as the questions go; 0: with none. */
	unsigned int vlan;
	bool untagged; /* they may come with none, too */

	/* An IPv4 address of who asks; without one IPv4 addresses are asked for
	 * by a probe where anyone may answer, else not at all. */
	bool has_own;
	uint8_t own[4];

	unsigned int n;
	struct ham_net_address asked[HAM_NET_PROBE_MAX];

	/* What was heard first; empty: nothing yet. */
	char answered[INET6_ADDRSTRLEN];
	int64_t when_us;
	char stranger[HAM_NET_STRANGER_MAX];
};

/* As ham_net_prober_open(); the VLAN is the caller's to set. */
bool ham_net_probe_init(struct ham_net_probe *probe, const uint8_t *mac,
			char **addresses, GError **error);

/* The question for address `i`, asked by `from`; its length, 0: it is not to be
 * asked. */
size_t ham_net_probe_ask(const struct ham_net_probe *probe, unsigned int i,
			 const uint8_t from[6], uint8_t out[HAM_NET_FRAME_MAX]);

/* Takes in what a frame that came in says, its tag taken off. */
void ham_net_probe_hear(struct ham_net_probe *probe, const uint8_t *bytes,
			size_t len, int64_t now_us);

/* The classic BPF program for a packet socket on the bridge: what came in, in
 * the VLAN, and may be an answer for one of the addresses.  Of an IPv6 address
 * it looks at the last four bytes.  Returns its length. */
unsigned int
ham_net_probe_filter(const struct ham_net_probe *probe,
		     struct sock_filter out[HAM_NET_PROBE_FILTER_MAX]);

#endif
