/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/frame.c - the three announcements, byte by byte
 *
 * RARP moves the MAC in the tables of switches and is ignored by hosts, so it
 * goes out always.  ARP and neighbour advertisement refresh what hosts know
 * and need an address.  Nothing here asks the network or waits for it: a
 * moved guest keeps addresses it already owned, so no probe precedes.
 *
 * Pure.  Refuses nothing: every MAC and address gives a frame.
 */
#include "netmigrate/netmigrate.h"

#include <string.h>

enum {
	FRAME_MIN = 60, /* Ethernet's 64 without the checksum */
	MAC_LEN = 6,

	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV6 = 0x86dd,

	ARP_HARDWARE_ETHERNET = 1,
	ARP_OP_REQUEST = 1,
	RARP_OP_REQUEST = 3,

	IPV6_HEADER_LEN = 40,
	IPV6_HOP_LIMIT = 255, /* anything less is dropped, RFC 4861 7.1.2 */
	IPPROTO_NEIGHBOUR = 58,
	ICMP6_NA = 136,
	NA_OVERRIDE = 0x20,
	ND_OPTION_TARGET_MAC = 2,
	NA_LEN = 32, /* with the one option */
};

static const uint8_t broadcast[MAC_LEN] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

struct cursor {
	uint8_t *at;
};

static void
put8(struct cursor *c, unsigned int value)
{
	*c->at++ = (uint8_t)value;
}

static void
put16(struct cursor *c, unsigned int value)
{
	put8(c, value >> 8);
	put8(c, value & 0xff);
}

static void
put(struct cursor *c, const uint8_t *bytes, size_t len)
{
	memcpy(c->at, bytes, len);
	c->at += len;
}

static void
put_ethernet(struct cursor *c, const uint8_t to[6], const uint8_t from[6],
	     unsigned int type)
{
	put(c, to, MAC_LEN);
	put(c, from, MAC_LEN);
	put16(c, type);
}

/* The body that RFC 826 and RFC 903 share. */
static size_t
put_arp(uint8_t *out, unsigned int type, unsigned int op, const uint8_t mac[6],
	const uint8_t target_mac[6], const uint8_t ipv4[4])
{
	struct cursor c = {out};

	memset(out, 0, FRAME_MIN);
	put_ethernet(&c, broadcast, mac, type);
	put16(&c, ARP_HARDWARE_ETHERNET);
	put16(&c, 0x0800);
	put8(&c, MAC_LEN);
	put8(&c, 4);
	put16(&c, op);
	put(&c, mac, MAC_LEN);
	put(&c, ipv4, 4);
	put(&c, target_mac, MAC_LEN);
	put(&c, ipv4, 4);
	return FRAME_MIN;
}

size_t
ham_net_frame_rarp(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6])
{
	static const uint8_t none[4];

	return put_arp(out, ETHERTYPE_RARP, RARP_OP_REQUEST, mac, mac, none);
}

size_t
ham_net_frame_garp(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
		   const uint8_t ipv4[4])
{
	static const uint8_t unknown[6];

	return put_arp(out, ETHERTYPE_ARP, ARP_OP_REQUEST, mac, unknown, ipv4);
}

/* One's complement sum of 16-bit words (RFC 1071); `len` is even here. */
static uint32_t
sum16(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

/* Over the pseudo-header of RFC 8200 8.1 and the message. */
static unsigned int
icmp6_checksum(const uint8_t *addresses, const uint8_t *message, size_t len)
{
	uint32_t sum = (uint32_t)len + IPPROTO_NEIGHBOUR;

	sum = sum16(sum, addresses, 32);
	sum = sum16(sum, message, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

size_t
ham_net_frame_na(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
		 const uint8_t ipv6[16])
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct cursor c = {out};
	uint8_t *addresses, *message;

	put_ethernet(&c, all_nodes_mac, mac, ETHERTYPE_IPV6);
	put16(&c, 0x6000);
	put16(&c, 0);
	put16(&c, NA_LEN);
	put8(&c, IPPROTO_NEIGHBOUR);
	put8(&c, IPV6_HOP_LIMIT);
	addresses = c.at;
	put(&c, ipv6, 16);
	put(&c, all_nodes, 16);
	message = c.at;
	put8(&c, ICMP6_NA);
	put8(&c, 0);
	put16(&c, 0); /* the checksum, below */
	put8(&c, NA_OVERRIDE);
	put8(&c, 0);
	put16(&c, 0);
	put(&c, ipv6, 16);
	put8(&c, ND_OPTION_TARGET_MAC);
	put8(&c, 1); /* in units of 8 bytes */
	put(&c, mac, MAC_LEN);

	c.at = message + 2;
	put16(&c, icmp6_checksum(addresses, message, NA_LEN));
	return (size_t)(message - out) + NA_LEN;
}
