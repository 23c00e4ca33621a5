/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/net_frames.h - frames that say something of a host's addresses
 *
 * Written down from RFC 826, 2131, 4861 and 8200, each into `struct frame`,
 * for a test to damage.  Addresses are numeric text.  Checksums are zero.
 */
#ifndef NET_FRAMES_H
#define NET_FRAMES_H

#include <arpa/inet.h>
#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
	NA_ROUTER = 0x80,
	NA_SOLICITED = 0x40,
	NA_OVERRIDE = 0x20,
	DHCP_OFFER = 2,
	DHCP_ACK = 5,
	AT_IP = 14, /* where an IP or ARP header begins */
	AT_ICMPV6 = AT_IP + 40,
	AT_DHCP = AT_IP + 28,
	AT_DHCP_OPTIONS = AT_DHCP + 240,
};

struct frame {
	size_t len;
	uint8_t bytes[1600];
};

static const uint8_t guest_mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};
static const uint8_t other_mac[6] = {0x52, 0x54, 0x00, 0xaa, 0xbb, 0xcc};

static inline void
put_bytes(struct frame *f, const void *bytes, size_t len)
{
	g_assert(f->len + len <= sizeof(f->bytes));
	memcpy(f->bytes + f->len, bytes, len);
	f->len += len;
}

static inline void
put_ip(struct frame *f, const char *address)
{
	uint8_t bytes[16];
	bool is_ipv4 = inet_pton(AF_INET, address, bytes) == 1;

	g_assert(is_ipv4 || inet_pton(AF_INET6, address, bytes) == 1);
	put_bytes(f, bytes, is_ipv4 ? 4 : 16);
}

#define PUT(f, ...)                                                            \
	put_bytes((f), (const uint8_t[]){__VA_ARGS__},                         \
		  sizeof((const uint8_t[]){__VA_ARGS__}))

static inline void
put_ethernet(struct frame *f, const uint8_t source[6], unsigned int type)
{
	f->len = 0;
	PUT(f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
	put_bytes(f, source, 6);
	PUT(f, (uint8_t)(type >> 8), (uint8_t)type);
}

/* `op` 1: request, 2: reply; both MACs of the sender are `mac`. */
static inline struct frame
arp(const uint8_t mac[6], uint8_t op, const char *sender, const char *target)
{
	struct frame f;

	put_ethernet(&f, mac, 0x0806);
	PUT(&f, 0, 1, 8, 0, 6, 4, 0, op);
	put_bytes(&f, mac, 6);
	put_ip(&f, sender);
	PUT(&f, 0, 0, 0, 0, 0, 0);
	put_ip(&f, target);
	return f;
}

static inline void
put_ipv6(struct frame *f, const uint8_t mac[6], const char *from,
	 const char *to, unsigned int len)
{
	put_ethernet(f, mac, 0x86dd);
	PUT(f, 0x60, 0, 0, 0, (uint8_t)(len >> 8), (uint8_t)len, 58, 255);
	put_ip(f, from);
	put_ip(f, to);
}

/* `link`: the MAC in the option, or NULL for none. */
static inline struct frame
solicitation(const uint8_t mac[6], const char *from, const uint8_t *link)
{
	struct frame f;

	put_ipv6(&f, mac, from, "ff02::1:ff00:1", link ? 32 : 24);
	PUT(&f, 135, 0, 0, 0, 0, 0, 0, 0);
	put_ip(&f, "2001:db8::1");
	if (link) {
		PUT(&f, 1, 1);
		put_bytes(&f, link, 6);
	}
	return f;
}

static inline struct frame
advertisement(const uint8_t mac[6], uint8_t flags, const char *target,
	      const uint8_t *link)
{
	struct frame f;

	put_ipv6(&f, mac, target,
		 flags & NA_SOLICITED ? "2001:db8::1" : "ff02::1",
		 link ? 32 : 24);
	PUT(&f, 136, 0, 0, 0, flags, 0, 0, 0);
	put_ip(&f, target);
	if (link) {
		PUT(&f, 2, 1);
		put_bytes(&f, link, 6);
	}
	return f;
}

/* From a server to `mac`, with a few options before the type. */
static inline struct frame
dhcp(const uint8_t mac[6], uint8_t type, const char *yiaddr)
{
	static const uint8_t names[10 + 64 + 128];
	struct frame f;

	put_ethernet(&f, other_mac, 0x0800);
	PUT(&f, 0x45, 0, 0x01, 0x1c, 0, 0, 0x40, 0, 64, 17, 0, 0);
	put_ip(&f, "192.0.2.1");
	put_ip(&f, "255.255.255.255");
	PUT(&f, 0, 67, 0, 68, 0x01, 0x08, 0, 0);
	PUT(&f, 2, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0);
	put_ip(&f, "0.0.0.0");
	put_ip(&f, yiaddr);
	put_ip(&f, "192.0.2.1");
	put_ip(&f, "0.0.0.0");
	put_bytes(&f, mac, 6);
	put_bytes(&f, names, sizeof(names));
	PUT(&f, 99, 130, 83, 99);
	PUT(&f, 0, 54, 4, 192, 0, 2, 1, 53, 1, type, 255);
	PUT(&f, 0, 0, 0, 0, 0);
	g_assert(f.len == 14 + 0x011c);
	return f;
}

#endif
