/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/hear.c - what one frame says of the guest's addresses
 *
 * From the guest: ARP's sender, the source of a neighbour solicitation, the
 * target of an advertisement.  To the guest: the address a DHCP server gave
 * it, and another's claim to an address.  Only frames of the guest's own MAC
 * are the guest's: one that speaks from a virtual MAC (RFC 9568, 7.3) has
 * addresses that are not to be announced with its own.
 *
 * Pure.  Refuses VLAN-tagged frames: in the guest's own trunk an address
 * belongs to a VLAN, and an announcement without the tag would be wrong.
 */
#include "netmigrate/learn.h"

#include <string.h>

enum {
	MAC_LEN = 6,
	ETHERNET_LEN = 14,
	ETHERTYPE_ARP = 0x0806,
	ETHERTYPE_IPV4 = 0x0800,
	ETHERTYPE_IPV6 = 0x86dd,

	ARP_LEN = 28,
	ARP_REQUEST = 1,
	ARP_REPLY = 2,

	IPV6_LEN = 40,
	IPV6_HOP_LIMIT = 255, /* anything less came through a router */
	PROTOCOL_ICMPV6 = 58,
	ICMPV6_NS = 135,
	ICMPV6_NA = 136,
	ND_LEN = 24, /* before the options */
	ND_SOURCE_MAC = 1,
	ND_TARGET_MAC = 2,
	NA_ROUTER = 0x80,
	NA_SOLICITED = 0x40,
	NA_OVERRIDE = 0x20,

	IPV4_LEN = 20,
	PROTOCOL_UDP = 17,
	UDP_LEN = 8,
	PORT_DHCP_SERVER = 67,
	PORT_DHCP_CLIENT = 68,
	DHCP_LEN = 240, /* with the cookie, before the options */
	DHCP_REPLY = 2,
	DHCP_MESSAGE_TYPE = 53,
	DHCP_ACK = 5,
};

/* A frame's addresses of the link, and what comes behind its header. */
struct frame {
	const uint8_t *mac; /* the guest's */
	bool from_guest;
	const uint8_t *source;
	const uint8_t *body;
	size_t len;
};

static unsigned int
get16(const uint8_t *at)
{
	return (unsigned int)at[0] << 8 | at[1];
}

static bool
is_mac(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, MAC_LEN) == 0;
}

bool
ham_net_address_valid(const struct ham_net_address *address)
{
	static const uint8_t nearly_zero[15];
	const uint8_t *a = address->bytes;

	/* 0/8: this host on this network; 224/4: multicast; 240/4: reserved,
	 * with the broadcast */
	if (address->len == 4)
		return a[0] != 0 && a[0] != 127 && a[0] < 224;
	/* neither :: nor ::1 */
	return address->len == 16 && a[0] != 0xff &&
	       (memcmp(a, nearly_zero, 15) != 0 || a[15] > 1);
}

/* Says it of a valid address; else nothing is said. */
static void
say(struct ham_net_heard *out, enum ham_net_heard_kind kind,
    const uint8_t *bytes, uint8_t len)
{
	struct ham_net_address address = {.len = len};

	memcpy(address.bytes, bytes, len);
	if (!ham_net_address_valid(&address))
		return;
	out->kind = kind;
	out->address = address;
}

/* Says that another has the address. */
static void
blame(struct ham_net_heard *out, const uint8_t *mac, const uint8_t *bytes,
      uint8_t len)
{
	say(out, HAM_NET_HEARD_CLAIMED, bytes, len);
	memcpy(out->holder, mac, MAC_LEN);
}

static enum ham_net_heard_kind
kind_of_arp(unsigned int op, const uint8_t *sender, const uint8_t *target)
{
	if (memcmp(sender, target, 4) == 0)
		return HAM_NET_HEARD_ANNOUNCED;
	return op == ARP_REQUEST ? HAM_NET_HEARD_USED : HAM_NET_HEARD_ANSWERED;
}

/* RFC 826.  A probe (RFC 5227) has no sender address, and so says nothing. */
static void
hear_arp(const struct frame *f, struct ham_net_heard *out)
{
	static const uint8_t ethernet_ipv4[6] = {0, 1, 8, 0, MAC_LEN, 4};
	const uint8_t *arp = f->body, *sender_mac, *sender, *target;
	unsigned int op;

	if (f->len < ARP_LEN ||
	    memcmp(arp, ethernet_ipv4, sizeof(ethernet_ipv4)) != 0)
		return;
	op = get16(arp + 6);
	sender_mac = arp + 8;
	sender = arp + 14;
	target = arp + 24;
	if (op != ARP_REQUEST && op != ARP_REPLY)
		return;
	if (f->from_guest && is_mac(sender_mac, f->mac))
		say(out, kind_of_arp(op, sender, target), sender, 4);
	else if (!f->from_guest && !is_mac(sender_mac, f->mac))
		blame(out, sender_mac, sender, 4);
}

/* The MAC in an option of that type, in *out, NULL if there is none.  False:
 * the options are malformed, and with them the whole (RFC 4861, 7.1). */
static bool
find_mac(const uint8_t *at, size_t left, uint8_t type, const uint8_t **out)
{
	*out = NULL;
	while (left > 0) {
		size_t len;

		if (left < 8 || at[1] == 0)
			return false;
		len = (size_t)at[1] * 8;
		if (len > left)
			return false;
		if (at[0] == type && len == 8)
			*out = at + 2;
		at += len;
		left -= len;
	}
	return true;
}

static void
hear_solicitation(const struct frame *f, const uint8_t *source, size_t len,
		  struct ham_net_heard *out)
{
	const uint8_t *options = f->body + IPV6_LEN + ND_LEN;
	const uint8_t *mac;

	if (!f->from_guest ||
	    !find_mac(options, len - ND_LEN, ND_SOURCE_MAC, &mac) ||
	    (mac && !is_mac(mac, f->mac)))
		return;
	/* of ::, while it asks whether an address is free, it says nothing */
	say(out, HAM_NET_HEARD_USED, source, 16);
}

/* RFC 4861, 7.2.4: who answers for another, or for one address of many hosts,
 * does not override; nor does who answers one that knew the MAC already. */
static enum ham_net_heard_kind
kind_of(unsigned int flags)
{
	if (flags & NA_SOLICITED)
		return flags & NA_OVERRIDE ? HAM_NET_HEARD_USED
					   : HAM_NET_HEARD_ANSWERED;
	return flags & NA_OVERRIDE ? HAM_NET_HEARD_ANNOUNCED
				   : HAM_NET_HEARD_NOTHING;
}

static void
hear_advertisement(const struct frame *f, const uint8_t *target, size_t len,
		   struct ham_net_heard *out)
{
	const uint8_t *nd = f->body + IPV6_LEN;
	bool to_many = f->body[24] == 0xff;
	unsigned int flags = nd[4];
	const uint8_t *mac;

	if ((to_many && flags & NA_SOLICITED) ||
	    !find_mac(nd + ND_LEN, len - ND_LEN, ND_TARGET_MAC, &mac))
		return;
	if (!mac)
		mac = f->source;
	if (!f->from_guest) {
		if (!is_mac(mac, f->mac))
			blame(out, mac, target, 16);
		return;
	}
	if (!is_mac(mac, f->mac))
		return;
	say(out, kind_of(flags), target, 16);
	/* our own announcements say neither "asked" nor "router" */
	if (flags & NA_ROUTER)
		out->role = HAM_NET_ROLE_ROUTER;
	else if (flags & NA_SOLICITED)
		out->role = HAM_NET_ROLE_HOST;
}

/* RFC 4861, 4.3, 4.4 and 7.1, in the header of RFC 8200. */
static void
hear_nd(const struct frame *f, struct ham_net_heard *out)
{
	const uint8_t *ip = f->body, *nd;
	size_t len;

	if (f->len < IPV6_LEN || ip[0] >> 4 != 6 || ip[6] != PROTOCOL_ICMPV6 ||
	    ip[7] != IPV6_HOP_LIMIT)
		return;
	len = get16(ip + 4);
	nd = ip + IPV6_LEN;
	/* code 0; a target that is no multicast address */
	if (len < ND_LEN || len > f->len - IPV6_LEN || nd[1] != 0 ||
	    nd[8] == 0xff)
		return;
	if (nd[0] == ICMPV6_NS)
		hear_solicitation(f, ip + 8, len, out);
	else if (nd[0] == ICMPV6_NA)
		hear_advertisement(f, nd + 8, len, out);
}

/* RFC 2132, 9.6; -1 if the options end, or are cut off, before it. */
static int
message_type(const uint8_t *at, size_t left)
{
	enum {
		PAD = 0,
		END = 255,
	};

	while (left > 0 && at[0] != END) {
		size_t len = 1;

		if (at[0] != PAD) {
			if (left < 2)
				return -1;
			len = 2 + (size_t)at[1];
		}
		if (len > left)
			return -1;
		if (at[0] == DHCP_MESSAGE_TYPE && len == 3)
			return at[2];
		at += len;
		left -= len;
	}
	return -1;
}

/* RFC 2131, 2: an acknowledgement to the guest's MAC.  That of an INFORM has
 * no address in it. */
static void
hear_dhcp(const struct frame *f, struct ham_net_heard *out)
{
	static const uint8_t reply[3] = {DHCP_REPLY, 1, MAC_LEN};
	static const uint8_t cookie[4] = {99, 130, 83, 99};
	const uint8_t *ip = f->body, *udp, *dhcp;
	size_t header, len;

	if (f->from_guest || f->len < IPV4_LEN || ip[0] >> 4 != 4)
		return;
	header = (size_t)(ip[0] & 15) * 4;
	/* behind the packet there may be padding; of a fragment no more than
	 * "do not" may be said */
	len = MIN(f->len, get16(ip + 2));
	if (header < IPV4_LEN || len < header + UDP_LEN + DHCP_LEN ||
	    ip[9] != PROTOCOL_UDP || (get16(ip + 6) & 0x3fff) != 0)
		return;
	udp = ip + header;
	dhcp = udp + UDP_LEN;
	if (get16(udp) != PORT_DHCP_SERVER ||
	    get16(udp + 2) != PORT_DHCP_CLIENT ||
	    memcmp(dhcp, reply, sizeof(reply)) != 0 ||
	    !is_mac(dhcp + 28, f->mac) ||
	    memcmp(dhcp + 236, cookie, sizeof(cookie)) != 0)
		return;
	if (message_type(dhcp + DHCP_LEN, len - header - UDP_LEN - DHCP_LEN) ==
	    DHCP_ACK)
		say(out, HAM_NET_HEARD_USED, dhcp + 16, 4);
}

struct ham_net_heard
ham_net_hear(const uint8_t mac[6], const uint8_t *bytes, size_t len,
	     bool from_guest)
{
	struct ham_net_heard out = {0};
	struct frame f = {.mac = mac, .from_guest = from_guest};

	if (len < ETHERNET_LEN)
		return out;
	f.source = bytes + MAC_LEN;
	f.body = bytes + ETHERNET_LEN;
	f.len = len - ETHERNET_LEN;
	if (from_guest && !is_mac(f.source, mac))
		return out;
	switch (get16(bytes + 12)) {
	case ETHERTYPE_ARP:
		hear_arp(&f, &out);
		break;
	case ETHERTYPE_IPV6:
		hear_nd(&f, &out);
		break;
	case ETHERTYPE_IPV4:
		hear_dhcp(&f, &out);
		break;
	default:
		break;
	}
	return out;
}
