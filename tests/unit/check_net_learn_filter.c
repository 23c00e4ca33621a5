/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_learn_filter.c - which frames the kernel is to show
 *
 * The program is run here by bpf_run.h; tests/net/test-learn.sh has a kernel
 * run it.
 */
#include <check.h>
#include <linux/if_packet.h>

#include "netmigrate/learn.h"
#include "tests/unit/bpf_run.h"
#include "tests/unit/leaf_run.h"
#include "tests/unit/net_frames.h"

#define GLOBAL "2001:db8::10"

static struct ham_net_learnt table;

static void
setup(void)
{
	ham_net_learnt_init(&table, guest_mac);
}

static bool
passes_as(const struct frame *f, uint8_t type, uint8_t vlan_tag)
{
	struct sock_filter code[HAM_NET_FILTER_MAX];
	unsigned int n = ham_net_learnt_filter(&table, code);
	struct bpf_packet packet = {f->bytes, f->len, type, vlan_tag, 0};
	uint32_t len = bpf_run(code, n, &packet);

	ck_assert(len == 0 || len == HAM_NET_HEAR_LEN);
	return len > 0;
}

static bool
from_guest(struct frame f)
{
	bool passes = passes_as(&f, PACKET_BROADCAST, 0);

	/* it is the same to whomever the guest speaks */
	ck_assert(passes_as(&f, PACKET_HOST, 0) == passes);
	ck_assert(passes_as(&f, PACKET_MULTICAST, 0) == passes);
	ck_assert(passes_as(&f, PACKET_OTHERHOST, 0) == passes);
	/* nothing with a tag, whatever it is */
	ck_assert(!passes_as(&f, PACKET_BROADCAST, 1));
	return passes;
}

static bool
to_guest(struct frame f)
{
	ck_assert(!passes_as(&f, PACKET_OUTGOING, 1));
	return passes_as(&f, PACKET_OUTGOING, 0);
}

static struct frame
changed(struct frame f, size_t at, uint8_t value)
{
	f.bytes[at] = value;
	return f;
}

START_TEST(what_the_guest_says)
{
	ck_assert(from_guest(arp(guest_mac, 1, "192.0.2.10", "192.0.2.1")));
	ck_assert(from_guest(arp(guest_mac, 2, "192.0.2.10", "192.0.2.1")));
	ck_assert(from_guest(solicitation(guest_mac, GLOBAL, guest_mac)));
	ck_assert(from_guest(advertisement(guest_mac, 0, GLOBAL, NULL)));
}
END_TEST

START_TEST(what_else_it_says)
{
	struct frame nd = solicitation(guest_mac, GLOBAL, guest_mac);
	struct frame ip = dhcp(other_mac, DHCP_ACK, "192.0.2.10");

	ck_assert(!from_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.1")));
	ck_assert(!from_guest(advertisement(other_mac, 0, GLOBAL, NULL)));
	for (size_t i = 6; i < 12; i++)
		ck_assert(!from_guest(changed(nd, i, 0xee)));
	ck_assert(!from_guest(changed(nd, AT_IP + 6, 6)));   /* TCP */
	ck_assert(!from_guest(changed(nd, AT_ICMPV6, 128))); /* echo */
	ck_assert(!from_guest(changed(nd, AT_ICMPV6, 134))); /* RA */
	memcpy(ip.bytes + 6, guest_mac, 6);
	ck_assert(!from_guest(ip));
	nd.len = AT_ICMPV6;
	ck_assert(!from_guest(nd));
	nd.len = 0;
	ck_assert(!from_guest(nd));
}
END_TEST

START_TEST(arp_to_the_guest)
{
	ck_assert(to_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.10")));
	ck_assert(to_guest(arp(other_mac, 2, "192.0.2.10", "192.0.2.99")));
	ck_assert(!to_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.99")));
	ck_assert(!to_guest(arp(other_mac, 1, "0.0.0.0", "192.0.2.10")));
}
END_TEST

/* Of a full table the first and the last as well. */
START_TEST(arp_from_an_address_in_the_table)
{
	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++) {
		g_autofree char *text = g_strdup_printf("192.0.2.%u", i);
		struct frame f = arp(guest_mac, 1, text, "192.0.2.99");

		ck_assert(!to_guest(arp(other_mac, 1, text, "192.0.2.99")));
		ham_net_learnt_frame(&table, f.bytes, f.len, true, i);
	}
	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++) {
		g_autofree char *text = g_strdup_printf("192.0.2.%u", i);

		ck_assert(to_guest(arp(other_mac, 1, text, "192.0.2.99")));
	}
	ck_assert(!to_guest(arp(other_mac, 1, "192.0.2.17", "192.0.2.99")));
}
END_TEST

START_TEST(ipv6_to_the_guest)
{
	struct frame na = advertisement(other_mac, NA_OVERRIDE, GLOBAL, NULL);

	ck_assert(to_guest(na));
	ck_assert(!to_guest(changed(na, AT_IP + 6, 17)));
	ck_assert(!to_guest(solicitation(other_mac, GLOBAL, other_mac)));
	na.len = AT_ICMPV6;
	ck_assert(!to_guest(na));
}
END_TEST

START_TEST(dhcp_to_the_guest)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");

	ck_assert(to_guest(f));
	ck_assert(!to_guest(changed(f, AT_IP + 9, 6)));	   /* TCP */
	ck_assert(!to_guest(changed(f, AT_IP + 6, 0x20))); /* a fragment */
	ck_assert(!to_guest(changed(f, AT_IP + 7, 5)));	   /* another */
	ck_assert(!to_guest(changed(f, AT_IP + 21, 53)));  /* DNS */
	ck_assert(!to_guest(changed(f, AT_IP + 23, 67)));  /* a request */
	ck_assert(!to_guest(changed(f, AT_IP, 0x46)));	   /* ports behind */
	memmove(f.bytes + AT_IP + 24, f.bytes + AT_IP + 20, f.len - AT_IP - 20);
	ck_assert(to_guest(changed(f, AT_IP, 0x46)));
	f.len = AT_IP + 22;
	ck_assert(!to_guest(f));
}
END_TEST

START_TEST(other_protocols_to_the_guest)
{
	struct frame f = dhcp(guest_mac, DHCP_ACK, "192.0.2.10");
	struct frame na = advertisement(other_mac, NA_OVERRIDE, GLOBAL, NULL);

	ck_assert(!to_guest(changed(na, 12, 0x88)));
	ck_assert(!to_guest(changed(f, 13, 0x35)));
	ck_assert(!to_guest(changed(f, 12, 0x88)));
	f.len = 13;
	ck_assert(!to_guest(f));
}
END_TEST

/* The kernel takes no more than that (linux/bpf_common.h), and a jump reaches
 * no farther than 255. */
START_TEST(length)
{
	struct sock_filter code[HAM_NET_FILTER_MAX];
	struct frame f;

	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++) {
		g_autofree char *text = g_strdup_printf("192.0.2.%u", i);

		f = arp(guest_mac, 1, text, "192.0.2.99");
		ham_net_learnt_frame(&table, f.bytes, f.len, true, i);
	}
	ck_assert_uint_le(ham_net_learnt_filter(&table, code), BPF_MAXINSNS);
	ck_assert_uint_le(HAM_NET_FILTER_MAX, 255);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_learn_filter");
	TCase *tc = tcase_create("filter");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, what_the_guest_says);
	tcase_add_test(tc, what_else_it_says);
	tcase_add_test(tc, arp_to_the_guest);
	tcase_add_test(tc, arp_from_an_address_in_the_table);
	tcase_add_test(tc, ipv6_to_the_guest);
	tcase_add_test(tc, dhcp_to_the_guest);
	tcase_add_test(tc, other_protocols_to_the_guest);
	tcase_add_test(tc, length);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
