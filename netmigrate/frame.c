/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/frame.c - announcements and questions, byte by byte
 *
 * RARP moves the MAC in the tables of switches and is ignored by hosts, so it
 * goes out always.  ARP and neighbour advertisement refresh what hosts know
 * and need an address.  No question precedes them: a moved guest keeps
 * addresses it already owned.
 *
 * Pure.  Refuses nothing: every MAC and address gives a frame.
 */
#include "netmigrate/netmigrate.h"

#include <string.h>

enum {
	FRAME_MIN = 60, /* Ethernet's 64 without the checksum */
	MAC_LEN = 6,
	AFTER_MACS = 2 * MAC_LEN, /* where a tag stands */
	TAG_LEN = 4,

	ETHERTYPE_RARP = 0x8035,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_VLAN = 0x8100, /* IEEE 802.1Q */
	ETHERTYPE_IPV6 = 0x86dd,

	ARP_HARDWARE_ETHERNET = 1,
	ARP_SENDER = 28, /* where its IPv4 address stands in the frame */
	ARP_OP_REQUEST = 1,
	RARP_OP_REQUEST = 3,

	IPV6_HEADER_LEN = 40,
	IPV6_HOP_LIMIT = 255, /* anything less is dropped, RFC 4861 7.1.2 */
	IPPROTO_NEIGHBOUR = 58,
	ICMP6_NS = 135,
	ICMP6_NA = 136,
	NA_OVERRIDE = 0x20,
	ND_OPTION_SOURCE_MAC = 1,
	ND_OPTION_TARGET_MAC = 2,
	NS_LEN = 32, /* with the one option */
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

size_t
ham_net_frame_arp_request(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
			  const uint8_t from[4], const uint8_t ipv4[4])
{
	size_t len = ham_net_frame_garp(out, mac, ipv4);

	if (from)
		memcpy(out + ARP_SENDER, from, 4);
	else
		memset(out + ARP_SENDER, 0, 4);
	return len;
}

/* One's complement sum of 16-bit words (RFC 1071); `len` is even here. */
static uint32_t
sum16(uint32_t sum, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return sum;
}

/* Over the pseudo-header of RFC 8200 8.1 and the message; both addresses stand
 * right before it. */
static unsigned int
icmp6_checksum(const uint8_t *message, size_t len)
{
	uint32_t sum = (uint32_t)len + IPPROTO_NEIGHBOUR;

	sum = sum16(sum, message - 32, 32);
	sum = sum16(sum, message, len);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* For a message of `len` bytes. */
static void
put_ipv6(struct cursor *c, const uint8_t from[16], const uint8_t to[16],
	 unsigned int len)
{
	put16(c, 0x6000);
	put16(c, 0);
	put16(c, len);
	put8(c, IPPROTO_NEIGHBOUR);
	put8(c, IPV6_HOP_LIMIT);
	put(c, from, 16);
	put(c, to, 16);
}

/* What solicitation and advertisement share: RFC 4861, 4.3 and 4.4. */
static void
put_neighbour(struct cursor *c, unsigned int type, unsigned int flags,
	      const uint8_t ipv6[16])
{
	put8(c, type);
	put8(c, 0);
	put16(c, 0); /* the checksum, put_checksum() */
	put8(c, flags);
	put8(c, 0);
	put16(c, 0);
	put(c, ipv6, 16);
}

static void
put_checksum(uint8_t *message, size_t len)
{
	struct cursor c = {message + 2};

	put16(&c, icmp6_checksum(message, len));
}

size_t
ham_net_frame_na(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
		 const uint8_t ipv6[16])
{
	static const uint8_t all_nodes[16] = {0xff, 0x02, [15] = 1};
	static const uint8_t all_nodes_mac[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct cursor c = {out};
	uint8_t *message;

	put_ethernet(&c, all_nodes_mac, mac, ETHERTYPE_IPV6);
	put_ipv6(&c, ipv6, all_nodes, NA_LEN);
	message = c.at;
	put_neighbour(&c, ICMP6_NA, NA_OVERRIDE, ipv6);
	put8(&c, ND_OPTION_TARGET_MAC);
	put8(&c, 1); /* in units of 8 bytes */
	put(&c, mac, MAC_LEN);
	put_checksum(message, NA_LEN);
	return (size_t)(c.at - out);
}

size_t
ham_net_frame_ns(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
		 const uint8_t ipv6[16])
{
	/* RFC 4291, 2.5.6 and appendix A */
	const uint8_t from[16] = {0xfe, 0x80, [8] = mac[0] ^ 2, mac[1], mac[2],
				  0xff, 0xfe, mac[3],		mac[4], mac[5]};
	/* RFC 4291, 2.7.1, with the address' last three bytes behind */
	uint8_t solicited[16] = {0xff, 0x02, [11] = 1, [12] = 0xff};
	uint8_t solicited_mac[6] = {0x33, 0x33, 0xff};
	struct cursor c = {out};
	uint8_t *message;

	memcpy(solicited + 13, ipv6 + 13, 3);
	memcpy(solicited_mac + 3, ipv6 + 13, 3);
	put_ethernet(&c, solicited_mac, mac, ETHERTYPE_IPV6);
	put_ipv6(&c, from, solicited, NS_LEN);
	message = c.at;
	put_neighbour(&c, ICMP6_NS, 0, ipv6);
	put8(&c, ND_OPTION_SOURCE_MAC);
	put8(&c, 1);
	put(&c, mac, MAC_LEN);
	put_checksum(message, NS_LEN);
	return (size_t)(c.at - out);
}

size_t
ham_net_frame_tag(uint8_t frame[HAM_NET_FRAME_MAX], size_t len,
		  unsigned int vlan)
{
	struct cursor c = {frame + AFTER_MACS};

	g_assert(len >= AFTER_MACS && len + TAG_LEN <= HAM_NET_FRAME_MAX);
	memmove(frame + AFTER_MACS + TAG_LEN, frame + AFTER_MACS,
		len - AFTER_MACS);
	put16(&c, ETHERTYPE_VLAN);
	put16(&c, vlan); /* priority 0 */
	return len + TAG_LEN;
}
