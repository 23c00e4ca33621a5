/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_frame.c - announcements and questions against their RFCs
 *
 * The expected bytes were written down field by field from the documents
 * named, not taken from the code.
 */
#include <check.h>
#include <string.h>

#include "netmigrate/netmigrate.h"
#include "tests/unit/leaf_run.h"

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

static void
same(const uint8_t *frame, size_t len, const uint8_t *want, size_t want_len)
{
	ck_assert_uint_eq(len, want_len);
	for (size_t i = 0; i < len; i++)
		ck_assert_msg(frame[i] == want[i],
			      "byte %zu is 0x%02x, expected 0x%02x", i,
			      frame[i], want[i]);
}

/* RFC 903: ARP's packet under EtherType 0x8035, opcode 3, both hardware
 * addresses the sender's; no protocol address is known. */
START_TEST(rarp)
{
	/* clang-format off */
	static const uint8_t want[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,	/* to everybody */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* from the guest */
		0x80, 0x35,				/* RARP */
		0x00, 0x01,				/* Ethernet */
		0x08, 0x00,				/* IPv4 */
		6, 4,					/* lengths */
		0x00, 0x03,				/* request reverse */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* source hardware */
		0, 0, 0, 0,				/* source protocol */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* target hardware */
		0, 0, 0, 0,				/* target protocol */
	};
	/* clang-format on */
	uint8_t frame[HAM_NET_FRAME_MAX];

	memset(frame, 0xaa, sizeof(frame));
	same(frame, ham_net_frame_rarp(frame, mac), want, sizeof(want));
}
END_TEST

/* RFC 5227, 2.3: an ARP request whose sender and target protocol address are
 * both the one announced, the target hardware address zero. */
START_TEST(garp)
{
	static const uint8_t ipv4[4] = {192, 0, 2, 10};
	/* clang-format off */
	static const uint8_t want[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
		0x08, 0x06,				/* ARP */
		0x00, 0x01,				/* Ethernet */
		0x08, 0x00,				/* IPv4 */
		6, 4,
		0x00, 0x01,				/* request */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* sender hardware */
		192, 0, 2, 10,				/* sender protocol */
		0, 0, 0, 0, 0, 0,			/* target hardware */
		192, 0, 2, 10,				/* target protocol */
	};
	/* clang-format on */
	uint8_t frame[HAM_NET_FRAME_MAX];

	memset(frame, 0xaa, sizeof(frame));
	same(frame, ham_net_frame_garp(frame, mac, ipv4), want, sizeof(want));
}
END_TEST

/* RFC 5227, 2.1.1: an ARP request whose sender protocol address is zero, as is
 * the target hardware address. */
START_TEST(arp_probe)
{
	static const uint8_t ipv4[4] = {192, 0, 2, 10};
	/* clang-format off */
	static const uint8_t want[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
		0x08, 0x06,				/* ARP */
		0x00, 0x01,				/* Ethernet */
		0x08, 0x00,				/* IPv4 */
		6, 4,
		0x00, 0x01,				/* request */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* sender hardware */
		0, 0, 0, 0,				/* sender protocol */
		0, 0, 0, 0, 0, 0,			/* target hardware */
		192, 0, 2, 10,				/* target protocol */
	};
	/* clang-format on */
	uint8_t frame[HAM_NET_FRAME_MAX];

	memset(frame, 0xaa, sizeof(frame));
	same(frame, ham_net_frame_arp_request(frame, mac, NULL, ipv4), want,
	     sizeof(want));
}
END_TEST

/* RFC 4861, 4.3: from the link-local address of that MAC (RFC 4291, appendix
 * A), with the option of the source; to the solicited-node address (RFC 4291,
 * 2.7.1), whose MAC is by RFC 2464, 7. */
START_TEST(neighbour_solicitation)
{
	/* clang-format off */
	static const uint8_t ipv6[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
		0, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d,
	};
	static const uint8_t want[86] = {
		0x33, 0x33, 0xff, 0x0b, 0x0c, 0x0d,	/* of the below */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
		0x86, 0xdd,				/* IPv6 */
		0x60, 0x00, 0x00, 0x00,			/* version 6 */
		0x00, 0x20,				/* payload: 32 bytes */
		58, 255,				/* ICMPv6, hop limit */
		0xfe, 0x80, 0, 0, 0, 0, 0, 0,		/* link-local */
		0x50, 0x54, 0x00, 0xff, 0xfe, 0x12, 0x34, 0x56,
		0xff, 0x02, 0, 0, 0, 0, 0, 0,		/* solicited-node */
		0, 0, 0, 0x01, 0xff, 0x0b, 0x0c, 0x0d,
		135, 0,					/* type, code */
		0x20, 0xbc,				/* added up by hand */
		0, 0, 0, 0,				/* reserved */
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,	/* target */
		0, 0, 0, 0, 0x0a, 0x0b, 0x0c, 0x0d,
		1, 1,					/* source's link layer */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* address, 8 bytes */
	};
	/* clang-format on */
	uint8_t frame[HAM_NET_FRAME_MAX];

	memset(frame, 0xaa, sizeof(frame));
	same(frame, ham_net_frame_ns(frame, mac, ipv6), want, sizeof(want));
}
END_TEST

/* RFC 4861, 4.4 and 7.2.6, in the header of RFC 8200; the destination's MAC by
 * RFC 2464, 7. */
START_TEST(neighbour_advertisement)
{
	/* clang-format off */
	static const uint8_t ipv6[16] = {
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 0, 0, 0x10,
	};
	static const uint8_t want[86] = {
		0x33, 0x33, 0x00, 0x00, 0x00, 0x01,	/* of ff02::1 */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,
		0x86, 0xdd,				/* IPv6 */
		0x60, 0x00, 0x00, 0x00,			/* version 6 */
		0x00, 0x20,				/* payload: 32 bytes */
		58, 255,				/* ICMPv6, hop limit */
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,	/* source: the address */
		0, 0, 0, 0, 0, 0, 0, 0x10,
		0xff, 0x02, 0, 0, 0, 0, 0, 0,		/* to all nodes */
		0, 0, 0, 0, 0, 0, 0, 0x01,
		136, 0,					/* type, code */
		0x74, 0x51,				/* added up by hand */
		0x20, 0, 0, 0,				/* not solicited, override */
		0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0,	/* target */
		0, 0, 0, 0, 0, 0, 0, 0x10,
		2, 1,					/* target's link layer */
		0x52, 0x54, 0x00, 0x12, 0x34, 0x56,	/* address, 8 bytes */
	};
	/* clang-format on */
	uint8_t frame[HAM_NET_FRAME_MAX];

	memset(frame, 0xaa, sizeof(frame));
	same(frame, ham_net_frame_na(frame, mac, ipv6), want, sizeof(want));
}
END_TEST

/* What a receiver does (RFC 4443, 2.3; RFC 1071): pseudo-header and message,
 * the checksum in it, add up to all ones. */
static unsigned int
received_sum(const uint8_t *frame, size_t len)
{
	size_t message_len = len - 14 - 40;
	unsigned int sum = (unsigned int)message_len + 58;

	for (size_t i = 14 + 8; i < len; i++)
		sum += i % 2 ? frame[i] : (unsigned int)frame[i] << 8;
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return sum;
}

/* Patterns that carry not at all and often. */
START_TEST(checksum)
{
	static const uint8_t fill[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
	uint8_t address[16], some_mac[6], frame[HAM_NET_FRAME_MAX];

	memset(address, fill[_i], sizeof(address));
	for (size_t k = 0; k < G_N_ELEMENTS(fill); k++) {
		memset(some_mac, fill[k], sizeof(some_mac));
		ck_assert_uint_eq(
			received_sum(frame, ham_net_frame_na(frame, some_mac,
							     address)),
			0xffff);
	}
	ck_assert_uint_eq(
		received_sum(frame, ham_net_frame_ns(frame, mac, address)),
		0xffff);
}
END_TEST

/* Here all adds up to 0x2fffe, folded 0x10000: it has to be folded again. */
START_TEST(checksum_carries_twice)
{
	static const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10};
	static const uint8_t some_mac[6] = {0x52, 0x54, 0x00, 0x12, 0xa8, 0xa8};
	uint8_t frame[HAM_NET_FRAME_MAX];
	size_t len = ham_net_frame_na(frame, some_mac, ipv6);

	ck_assert_uint_eq(received_sum(frame, len), 0xffff);
}
END_TEST

/* IEEE 802.1Q, 9.3: behind the addresses; priority 0, VLAN 0xabc. */
START_TEST(tagged)
{
	uint8_t plain[HAM_NET_FRAME_MAX], frame[HAM_NET_FRAME_MAX];
	size_t len = ham_net_frame_rarp(plain, mac);

	memcpy(frame, plain, sizeof(frame));
	ck_assert_uint_eq(ham_net_frame_tag(frame, len, 0xabc), len + 4);
	ck_assert_mem_eq(frame, plain, 12);
	ck_assert_mem_eq(frame + 12, "\x81\x00\x0a\xbc", 4);
	ck_assert_mem_eq(frame + 16, plain + 12, len - 12);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_frame");
	TCase *tc = tcase_create("frames");

	tcase_add_test(tc, rarp);
	tcase_add_test(tc, garp);
	tcase_add_test(tc, arp_probe);
	tcase_add_test(tc, neighbour_solicitation);
	tcase_add_test(tc, neighbour_advertisement);
	tcase_add_loop_test(tc, checksum, 0, 6);
	tcase_add_test(tc, checksum_carries_twice);
	tcase_add_test(tc, tagged);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
