/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/learn.h - which addresses a guest was seen using: the pure half
 *
 * Inside this folder and its tests; what others call is in netmigrate.h.
 * Three steps: a filter keeps out what teaches nothing (learn_filter.c), a
 * frame is read for the one thing it says (hear.c), a table keeps that
 * (learnt.c).  No clock and no system call: time comes with each call.
 * Refuses to guess: what is malformed, cut too short or of a kind not named
 * here says nothing.
 *
 * Checksums are not looked at: a sender with checksum offload leaves them to
 * a network card that is not there.  Whoever is on the guest's network can
 * claim any address, here as in ARP itself.
 */
#ifndef HAM_NET_LEARN_H
#define HAM_NET_LEARN_H

#include <glib.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netmigrate/netmigrate.h"

enum {
	/* As much of a frame as the filter lets through: Ethernet 14, IPv4 60
	 * at most, UDP 8, and a DHCP message of 576 (RFC 2131, 2: what every
	 * client takes), by whose end its type has come. */
	HAM_NET_HEAR_LEN = 14 + 60 + 8 + 576,
	HAM_NET_FILTER_MAX = 80 + 2 * HAM_NET_LEARNT_MAX,
	HAM_NET_CLAIMED_MAX = 8,
};

struct ham_net_address {
	uint8_t len; /* 4 or 16 */
	uint8_t bytes[16];
};

enum ham_net_heard_kind {
	HAM_NET_HEARD_NOTHING = 0,
	HAM_NET_HEARD_USED, /* the guest uses the address */
	/* It answers for it, maybe for another host: of IPv6 an advertisement
	 * that says so, of IPv4 any answer (proxy ARP, RFC 1027). */
	HAM_NET_HEARD_ANSWERED,
	HAM_NET_HEARD_ANNOUNCED, /* it told all, unasked; or hamd did */
	HAM_NET_HEARD_CLAIMED,	 /* another MAC has it */
};

enum ham_net_heard_role {
	HAM_NET_ROLE_UNSAID = 0,
	HAM_NET_ROLE_HOST,
	HAM_NET_ROLE_ROUTER, /* of IPv6 */
};

struct ham_net_heard {
	enum ham_net_heard_kind kind;
	struct ham_net_address address; /* unset if NOTHING */
	uint8_t holder[6];		/* if CLAIMED: the MAC that has it */
	enum ham_net_heard_role role;	/* what the guest says it is */
};

/* What one Ethernet frame, without vnet header, of a guest's port says.
 * `from_guest`: the guest sent it; else it goes to the guest. */
struct ham_net_heard ham_net_hear(const uint8_t mac[6], const uint8_t *bytes,
				  size_t len, bool from_guest);

/* May a host have it as its own: not unspecified, loopback, multicast or
 * broadcast.  An address of a length other than 4 and 16 is none. */
bool ham_net_address_valid(const struct ham_net_address *address);

struct ham_net_learnt_entry {
	struct ham_net_address address;
	int64_t seen_us;
};

struct ham_net_learnt {
	uint8_t mac[6];
	/* The guest has said, asked, that it is no IPv6 router, and has not
	 * unsaid it.  False until it did. */
	bool is_host;
	unsigned int n;
	/* newest first */
	struct ham_net_learnt_entry entries[HAM_NET_LEARNT_MAX];
	/* IPv4 addresses that another claimed, of more the last: that the guest
	 * answers for them, too, teaches nothing. */
	struct ham_net_learnt_entry claimed[HAM_NET_CLAIMED_MAX];
	unsigned int next_claimed; /* the place of the next */
};

void ham_net_learnt_init(struct ham_net_learnt *table, const uint8_t mac[6]);

/* Takes in what a frame says.  `now_us`, here and below: of one clock that
 * does not go back. */
void ham_net_learnt_frame(struct ham_net_learnt *table, const uint8_t *bytes,
			  size_t len, bool from_guest, int64_t now_us);

/* As ham_net_learner_list(), _export() and _import() in netmigrate.h. */
char **ham_net_learnt_list(const struct ham_net_learnt *table, int64_t now_us);
size_t ham_net_learnt_export(const struct ham_net_learnt *table, int64_t now_us,
			     uint8_t out[HAM_NET_LEARNT_EXPORT_MAX]);
bool ham_net_learnt_import(struct ham_net_learnt *table, const uint8_t *bytes,
			   size_t len, int64_t now_us, GError **error);

/* The classic BPF program for a packet socket on the guest's tap: all that
 * could change the table, and little else.  Returns its length. */
unsigned int ham_net_learnt_filter(const struct ham_net_learnt *table,
				   struct sock_filter out[HAM_NET_FILTER_MAX]);

#endif
