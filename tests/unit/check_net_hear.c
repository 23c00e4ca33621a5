/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_hear.c - what one frame says of a guest's addresses */
#include <check.h>

#include "netmigrate/learn.h"
#include "tests/unit/leaf_run.h"
#include "tests/unit/net_frames.h"

#define GLOBAL "2001:db8::10"
#define LINK_LOCAL "fe80::5054:ff:fe12:3456"

/* Of a copy of the exact size, so that sanitizers see a read behind it. */
static struct ham_net_heard
hear_bytes(const uint8_t *bytes, size_t len, bool from_guest)
{
	g_autofree uint8_t *copy = g_memdup2(bytes, len);

	return ham_net_hear(guest_mac, copy, len, from_guest);
}

static struct ham_net_heard
hear(struct frame f, bool from_guest)
{
	return hear_bytes(f.bytes, f.len, from_guest);
}

static void
says(struct frame f, bool from_guest, enum ham_net_heard_kind kind,
     const char *address)
{
	struct ham_net_heard heard = hear(f, from_guest);
	char text[INET6_ADDRSTRLEN] = "";

	ck_assert_int_eq(heard.kind, kind);
	if (kind == HAM_NET_HEARD_NOTHING)
		return;
	inet_ntop(heard.address.len == 4 ? AF_INET : AF_INET6,
		  heard.address.bytes, text, sizeof(text));
	ck_assert_str_eq(text, address);
}

static void
nothing(struct frame f, bool from_guest)
{
	says(f, from_guest, HAM_NET_HEARD_NOTHING, NULL);
}

START_TEST(arp_sender)
{
	says(arp(guest_mac, 1, "192.0.2.10", "192.0.2.1"), true,
	     HAM_NET_HEARD_USED, "192.0.2.10");
}
END_TEST

START_TEST(arp_answer_may_be_for_another_host)
{
	says(arp(guest_mac, 2, "192.0.2.10", "192.0.2.1"), true,
	     HAM_NET_HEARD_ANSWERED, "192.0.2.10");
}
END_TEST

START_TEST(arp_announcement)
{
	for (uint8_t op = 1; op <= 2; op++)
		says(arp(guest_mac, op, "192.0.2.10", "192.0.2.10"), true,
		     HAM_NET_HEARD_ANNOUNCED, "192.0.2.10");
}
END_TEST

START_TEST(arp_probe)
{
	nothing(arp(guest_mac, 1, "0.0.0.0", "192.0.2.10"), true);
	nothing(arp(other_mac, 1, "0.0.0.0", "192.0.2.10"), false);
}
END_TEST

START_TEST(arp_of_another_mac_from_the_guest)
{
	struct frame virtual = arp(other_mac, 1, "192.0.2.10", "192.0.2.1");
	struct frame proxied = arp(guest_mac, 2, "192.0.2.10", "192.0.2.1");

	nothing(virtual, true);
	memcpy(proxied.bytes + AT_IP + 8, other_mac, 6);
	nothing(proxied, true);
}
END_TEST

START_TEST(arp_claim)
{
	for (uint8_t op = 1; op <= 2; op++)
		says(arp(other_mac, op, "192.0.2.10", "192.0.2.1"), false,
		     HAM_NET_HEARD_CLAIMED, "192.0.2.10");
}
END_TEST

START_TEST(who_claims)
{
	struct frame f = arp(other_mac, 2, "192.0.2.10", "192.0.2.1");

	memcpy(f.bytes + 6, guest_mac, 6); /* passed on by another */
	ck_assert_mem_eq(hear(f, false).holder, other_mac, 6);
	f = advertisement(other_mac, NA_OVERRIDE, GLOBAL, NULL);
	ck_assert_mem_eq(hear(f, false).holder, other_mac, 6);
	f = advertisement(guest_mac, NA_OVERRIDE, GLOBAL, other_mac);
	ck_assert_mem_eq(hear(f, false).holder, other_mac, 6);
}
END_TEST

/* An adopted port announces by the bridge, which sends it to the guest too. */
START_TEST(the_guests_own_mac_claims_nothing)
{
	nothing(arp(guest_mac, 1, "192.0.2.10", "192.0.2.10"), false);
	nothing(advertisement(guest_mac, NA_OVERRIDE, GLOBAL, guest_mac),
		false);
}
END_TEST

START_TEST(arp_of_other_kinds)
{
	static const struct {
		uint8_t at, value;
	} damage[] = {{0, 1},  {1, 6}, {2, 0x86}, {3, 1}, {4, 8},
		      {5, 16}, {6, 1}, {7, 0},	  {7, 3}, {7, 4}};
	struct frame f = arp(guest_mac, 1, "192.0.2.10", "192.0.2.1");

	f.bytes[AT_IP + damage[_i].at] = damage[_i].value;
	nothing(f, true);
}
END_TEST

START_TEST(addresses_of_no_host)
{
	static const char *const ipv4[] = {
		"0.0.0.0",   "0.1.2.3",		"127.0.0.1", "127.1.2.3",
		"224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"};
	static const char *const ipv6[] = {"::", "::1", "ff02::1", "ff0e::5"};

	nothing(arp(guest_mac, 1, ipv4[_i], "192.0.2.1"), true);
	nothing(arp(other_mac, 1, ipv4[_i], "192.0.2.1"), false);
	nothing(dhcp(guest_mac, DHCP_ACK, ipv4[_i]), false);
	nothing(solicitation(guest_mac, ipv6[_i % 4], NULL), true);
	nothing(advertisement(guest_mac, NA_OVERRIDE, ipv6[_i % 4], NULL),
		true);
}
END_TEST

START_TEST(addresses_of_a_host)
{
	static const char *const ipv4[] = {"1.0.0.0", "126.255.255.255",
					   "128.0.0.1", "169.254.1.1",
					   "223.255.255.255"};
	static const char *const ipv6[] = {"::2", "::100", LINK_LOCAL,
					   "fd00::1", "feff::1"};

	says(arp(guest_mac, 1, ipv4[_i], "192.0.2.1"), true, HAM_NET_HEARD_USED,
	     ipv4[_i]);
	says(solicitation(guest_mac, ipv6[_i], NULL), true, HAM_NET_HEARD_USED,
	     ipv6[_i]);
}
END_TEST

START_TEST(solicitation_source)
{
	says(solicitation(guest_mac, GLOBAL, guest_mac), true,
	     HAM_NET_HEARD_USED, GLOBAL);
	nothing(solicitation(guest_mac, GLOBAL, other_mac), true);
	nothing(solicitation(other_mac, GLOBAL, NULL), true);
	/* who asks another for an address has not claimed the guest's */
	nothing(solicitation(other_mac, GLOBAL, other_mac), false);
	nothing(solicitation(other_mac, GLOBAL, NULL), false);
}
END_TEST

/* An option of a type that has no business there says nothing. */
START_TEST(solicitation_with_another_option)
{
	struct frame f = solicitation(guest_mac, GLOBAL, other_mac);

	f.bytes[AT_ICMPV6 + 24] = 2;
	says(f, true, HAM_NET_HEARD_USED, GLOBAL);
}
END_TEST

START_TEST(advertisement_target)
{
	static const struct {
		uint8_t flags;
		enum ham_net_heard_kind kind;
	} want[] = {
		{NA_SOLICITED | NA_OVERRIDE, HAM_NET_HEARD_USED},
		{NA_SOLICITED, HAM_NET_HEARD_ANSWERED},
		{NA_OVERRIDE, HAM_NET_HEARD_ANNOUNCED},
		{0, HAM_NET_HEARD_NOTHING},
	};

	says(advertisement(guest_mac, want[_i].flags, GLOBAL, guest_mac), true,
	     want[_i].kind, GLOBAL);
	says(advertisement(guest_mac, want[_i].flags, GLOBAL, NULL), true,
	     want[_i].kind, GLOBAL);
	nothing(advertisement(guest_mac, want[_i].flags, GLOBAL, other_mac),
		true);
	says(advertisement(other_mac, want[_i].flags, GLOBAL, NULL), false,
	     HAM_NET_HEARD_CLAIMED, GLOBAL);
	says(advertisement(guest_mac, want[_i].flags, GLOBAL, other_mac), false,
	     HAM_NET_HEARD_CLAIMED, GLOBAL);
}
END_TEST

/* Only who was asked says that it is a host: hamd's announcement does not know
 * it. */
START_TEST(role)
{
	static const struct {
		uint8_t flags;
		enum ham_net_heard_role role;
	} want[] = {
		{NA_SOLICITED, HAM_NET_ROLE_HOST},
		{NA_SOLICITED | NA_OVERRIDE, HAM_NET_ROLE_HOST},
		{NA_SOLICITED | NA_ROUTER, HAM_NET_ROLE_ROUTER},
		{NA_OVERRIDE | NA_ROUTER, HAM_NET_ROLE_ROUTER},
		{NA_ROUTER, HAM_NET_ROLE_ROUTER},
		{NA_OVERRIDE, HAM_NET_ROLE_UNSAID},
	};
	uint8_t flags = want[_i].flags;

	ck_assert_int_eq(
		hear(advertisement(guest_mac, flags, GLOBAL, NULL), true).role,
		want[_i].role);
	ck_assert_int_eq(
		hear(advertisement(other_mac, flags, GLOBAL, NULL), false).role,
		HAM_NET_ROLE_UNSAID);
	ck_assert_int_eq(
		hear(advertisement(guest_mac, flags, GLOBAL, other_mac), true)
			.role,
		HAM_NET_ROLE_UNSAID);
}
END_TEST

/* RFC 4861, 7.1.1 and 7.1.2: what is to be dropped in silence. */
START_TEST(malformed_neighbour_discovery)
{
	static const struct {
		size_t at;
		uint8_t value;
	} damage[] = {
		{AT_IP, 0x40},		 /* version */
		{AT_IP + 4, 1},		 /* longer than the frame */
		{AT_IP + 5, 33},	 /* by one byte */
		{AT_IP + 5, 31},	 /* an option that is cut off */
		{AT_IP + 5, 25},	 /* that has no length */
		{AT_IP + 5, 23},	 /* not the whole message */
		{AT_IP + 6, 0},		 /* next header */
		{AT_IP + 7, 254},	 /* hop limit */
		{AT_ICMPV6, 134},	 /* type */
		{AT_ICMPV6 + 1, 1},	 /* code */
		{AT_ICMPV6 + 8, 0xff},	 /* a multicast target */
		{AT_ICMPV6 + 24 + 1, 0}, /* an option of no length */
		{AT_ICMPV6 + 24 + 1, 2}, /* of more than there is */
		{AT_ICMPV6 + 24 + 1, 255},
	};
	struct frame frames[] = {
		solicitation(guest_mac, GLOBAL, guest_mac),
		advertisement(guest_mac, NA_OVERRIDE, GLOBAL, guest_mac),
		advertisement(other_mac, NA_OVERRIDE, GLOBAL, other_mac),
	};

	for (unsigned int i = 0; i < G_N_ELEMENTS(frames); i++) {
		frames[i].bytes[damage[_i].at] = damage[_i].value;
		nothing(frames[i], i < 2);
	}
}
END_TEST

START_TEST(one_byte_of_an_option)
{
	struct frame f = solicitation(guest_mac, GLOBAL, guest_mac);

	f.bytes[AT_IP + 5] = 25;
	f.len = AT_ICMPV6 + 25;
	nothing(f, true);
}
END_TEST

START_TEST(answers_to_many_are_malformed)
{
	struct frame f = advertisement(guest_mac, NA_OVERRIDE, GLOBAL, NULL);

	f.bytes[AT_ICMPV6 + 4] |= NA_SOLICITED;
	nothing(f, true);
}
END_TEST

/* Behind others, whatever they are. */
START_TEST(option_is_found)
{
	struct frame f = advertisement(guest_mac, NA_OVERRIDE, GLOBAL, NULL);

	PUT(&f, 14, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 1);
	put_bytes(&f, other_mac, 6);
	f.bytes[AT_IP + 5] = 24 + 24;
	nothing(f, true);
	says(f, false, HAM_NET_HEARD_CLAIMED, GLOBAL);
}
END_TEST

START_TEST(dhcp_ack)
{
	says(dhcp(guest_mac, DHCP_ACK, "192.0.2.10"), false, HAM_NET_HEARD_USED,
	     "192.0.2.10");
	nothing(dhcp(guest_mac, DHCP_OFFER, "192.0.2.10"), false);
	nothing(dhcp(other_mac, DHCP_ACK, "192.0.2.10"), false);
}
END_TEST

START_TEST(dhcp_from_the_guest)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	memcpy(f.bytes + 6, guest_mac, 6);
	nothing(f, true);
}
END_TEST

START_TEST(dhcp_with_ip_options)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	memmove(f.bytes + AT_IP + 60, f.bytes + AT_IP + 20, f.len - AT_IP - 20);
	memset(f.bytes + AT_IP + 20, 1, 40);
	f.len += 40;
	f.bytes[AT_IP] = 0x4f;
	f.bytes[AT_IP + 3] += 40;
	says(f, false, HAM_NET_HEARD_USED, "192.0.2.10");
}
END_TEST

/* All is in its place, but the header is said to be of 16 bytes. */
START_TEST(dhcp_behind_a_short_header)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	memmove(f.bytes + AT_IP + 16, f.bytes + AT_IP + 20, f.len - AT_IP - 20);
	f.len -= 4;
	f.bytes[AT_IP] = 0x44;
	f.bytes[AT_IP + 3] -= 4;
	nothing(f, false);
}
END_TEST

START_TEST(other_dhcp)
{
	static const struct {
		size_t at;
		uint8_t value;
	} damage[] = {
		{AT_IP, 0x65},		    /* version */
		{AT_IP, 0x44},		    /* header too short */
		{AT_IP, 0x4f},		    /* too long for the rest */
		{AT_IP + 2, 0},		    /* total length: 28 */
		{AT_IP + 6, 0x20},	    /* more fragments */
		{AT_IP + 7, 1},		    /* a later fragment */
		{AT_IP + 9, 6},		    /* TCP */
		{AT_IP + 21, 68},	    /* from a client */
		{AT_IP + 23, 67},	    /* to a server */
		{AT_DHCP, 1},		    /* a request */
		{AT_DHCP + 1, 6},	    /* not Ethernet */
		{AT_DHCP + 2, 16},	    /* length of a MAC */
		{AT_DHCP + 236, 98},	    /* no cookie */
		{AT_DHCP_OPTIONS + 1, 255}, /* the end, before the type */
		{AT_DHCP_OPTIONS + 2, 3},   /* the next begins inside */
		{AT_DHCP_OPTIONS + 2, 15},  /* longer than the packet */
		{AT_DHCP_OPTIONS + 8, 2},   /* a type of two bytes */
	};
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	f.bytes[damage[_i].at] = damage[_i].value;
	nothing(f, false);
}
END_TEST

/* What stands behind the packet is no part of it. */
START_TEST(dhcp_padding)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	f.bytes[AT_IP + 3] = 0x16; /* it ends with the type */
	says(f, false, HAM_NET_HEARD_USED, "192.0.2.10");
	f.bytes[AT_IP + 3] = 0x15;
	nothing(f, false);
}
END_TEST

START_TEST(vlan_tags)
{
	struct frame f = arp(guest_mac, 1, "192.0.2.10", "192.0.2.1");

	memmove(f.bytes + 16, f.bytes + 12, f.len - 12);
	memcpy(f.bytes + 12, (const uint8_t[]){0x81, 0x00, 0, 5}, 4);
	f.len += 4;
	nothing(f, true);
	f.bytes[12] = 0x88;
	f.bytes[13] = 0xa8;
	nothing(f, true);
}
END_TEST

/* The shortest of each that says something, and every part of it. */
START_TEST(cut_short)
{
	const struct {
		struct frame frame;
		bool from_guest;
	} whole[] = {
		{arp(guest_mac, 1, "192.0.2.10", "192.0.2.1"), true},
		{arp(other_mac, 1, "192.0.2.10", "192.0.2.1"), false},
		{solicitation(guest_mac, GLOBAL, NULL), true},
		{advertisement(guest_mac, NA_OVERRIDE, GLOBAL, guest_mac),
		 true},
		{advertisement(other_mac, NA_OVERRIDE, GLOBAL, NULL), false},
		{dhcp(guest_mac, DHCP_ACK, "192.0.2.10"), false},
	};
	const struct frame *f = &whole[_i].frame;
	bool from_guest = whole[_i].from_guest;
	/* what follows DHCP's type is not needed */
	size_t len = _i == 5 ? AT_DHCP_OPTIONS + 10 : f->len;

	ck_assert_int_ne(hear_bytes(f->bytes, len, from_guest).kind,
			 HAM_NET_HEARD_NOTHING);
	while (len-- > 0)
		ck_assert_int_eq(hear_bytes(f->bytes, len, from_guest).kind,
				 HAM_NET_HEARD_NOTHING);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_hear");
	TCase *tc = tcase_create("frames");

	tcase_add_test(tc, arp_sender);
	tcase_add_test(tc, arp_answer_may_be_for_another_host);
	tcase_add_test(tc, arp_announcement);
	tcase_add_test(tc, arp_probe);
	tcase_add_test(tc, arp_of_another_mac_from_the_guest);
	tcase_add_test(tc, arp_claim);
	tcase_add_test(tc, who_claims);
	tcase_add_test(tc, the_guests_own_mac_claims_nothing);
	tcase_add_loop_test(tc, arp_of_other_kinds, 0, 10);
	tcase_add_loop_test(tc, addresses_of_no_host, 0, 8);
	tcase_add_loop_test(tc, addresses_of_a_host, 0, 5);
	tcase_add_test(tc, solicitation_source);
	tcase_add_test(tc, solicitation_with_another_option);
	tcase_add_loop_test(tc, advertisement_target, 0, 4);
	tcase_add_loop_test(tc, role, 0, 6);
	tcase_add_loop_test(tc, malformed_neighbour_discovery, 0, 14);
	tcase_add_test(tc, one_byte_of_an_option);
	tcase_add_test(tc, answers_to_many_are_malformed);
	tcase_add_test(tc, option_is_found);
	tcase_add_test(tc, dhcp_ack);
	tcase_add_test(tc, dhcp_from_the_guest);
	tcase_add_test(tc, dhcp_with_ip_options);
	tcase_add_test(tc, dhcp_behind_a_short_header);
	tcase_add_loop_test(tc, other_dhcp, 0, 17);
	tcase_add_test(tc, dhcp_padding);
	tcase_add_test(tc, vlan_tags);
	tcase_add_loop_test(tc, cut_short, 0, 6);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
