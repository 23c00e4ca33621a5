/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_learn.c - the table of a guest's addresses */
#include <check.h>
#include <stdarg.h>

#include "netmigrate/learn.h"
#include "tests/unit/leaf_run.h"
#include "tests/unit/net_frames.h"

#define SECOND ((int64_t)1000000)
#define TOO_OLD (HAM_NET_LEARNT_HOURS * 3600 * SECOND)
#define GLOBAL "2001:db8::10"

static struct ham_net_learnt table;

static void
setup(void)
{
	ham_net_learnt_init(&table, guest_mac);
}

static void
from_guest(struct frame f, int64_t now)
{
	ham_net_learnt_frame(&table, f.bytes, f.len, true, now);
}

static void
to_guest(struct frame f, int64_t now)
{
	ham_net_learnt_frame(&table, f.bytes, f.len, false, now);
}

/* The guest asks its router for something. */
static void
use(const char *ipv4, int64_t now)
{
	from_guest(arp(guest_mac, 1, ipv4, "192.0.2.254"), now);
}

static void
announce(const char *ipv4, int64_t now)
{
	from_guest(arp(guest_mac, 1, ipv4, ipv4), now);
}

/* The guest answers, and is no router. */
static void
answer_as_host(const char *ipv6, int64_t now)
{
	from_guest(advertisement(guest_mac, NA_SOLICITED | NA_OVERRIDE, ipv6,
				 NULL),
		   now);
}

static void
listed(const struct ham_net_learnt *of, int64_t now, const char *want)
{
	g_auto(GStrv) list = ham_net_learnt_list(of, now);
	g_autofree char *text = g_strjoinv(" ", list);

	ck_assert_str_eq(text, want);
}

static const char *
numbered(unsigned int i)
{
	static char text[16];

	g_snprintf(text, sizeof(text), "192.0.2.%u", i);
	return text;
}

START_TEST(newest_first)
{
	listed(&table, 0, "");
	use("192.0.2.10", 1);
	use("192.0.2.11", 2);
	listed(&table, 2, "192.0.2.11 192.0.2.10");
	use("192.0.2.10", 3);
	listed(&table, 3, "192.0.2.10 192.0.2.11");
	to_guest(dhcp(guest_mac, DHCP_ACK, "192.0.2.12"), 3);
	listed(&table, 3, "192.0.2.12 192.0.2.10 192.0.2.11");
}
END_TEST

START_TEST(both_families)
{
	from_guest(solicitation(guest_mac, "fe80::10", guest_mac), 1);
	answer_as_host(GLOBAL, 2);
	use("192.0.2.10", 3);
	/* four bytes in common are not the same address */
	from_guest(solicitation(guest_mac, "c000:20a::", guest_mac), 4);
	listed(&table, 4, "c000:20a:: 192.0.2.10 " GLOBAL " fe80::10");
}
END_TEST

START_TEST(when_full_the_oldest_goes)
{
	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++)
		use(numbered(i), i);
	use("192.0.2.1", 50);
	use("192.0.2.99", 51);
	ck_assert_uint_eq(table.n, HAM_NET_LEARNT_MAX);
	listed(&table, 51,
	       "192.0.2.99 192.0.2.1 192.0.2.16 192.0.2.15 192.0.2.14 "
	       "192.0.2.13 192.0.2.12 192.0.2.11 192.0.2.10 192.0.2.9 "
	       "192.0.2.8 192.0.2.7 192.0.2.6 192.0.2.5 192.0.2.4 192.0.2.3");
}
END_TEST

START_TEST(age)
{
	use("192.0.2.10", 5);
	use("192.0.2.11", 6);
	listed(&table, TOO_OLD + 4, "192.0.2.11 192.0.2.10");
	listed(&table, TOO_OLD + 5, "192.0.2.11");
	listed(&table, TOO_OLD + 6, "");
	use("192.0.2.11", TOO_OLD + 5);
	listed(&table, TOO_OLD + 6, "192.0.2.11");
}
END_TEST

/* It could be hamd's own, and would live for ever. */
START_TEST(an_announcement_makes_nothing_younger)
{
	announce("192.0.2.10", 5);
	from_guest(advertisement(guest_mac, NA_OVERRIDE, GLOBAL, guest_mac), 5);
	announce("192.0.2.10", TOO_OLD);
	from_guest(advertisement(guest_mac, NA_OVERRIDE, GLOBAL, guest_mac),
		   TOO_OLD);
	answer_as_host("fe80::10", TOO_OLD);
	listed(&table, TOO_OLD + 4, "fe80::10 " GLOBAL " 192.0.2.10");
	listed(&table, TOO_OLD + 5, "fe80::10");
	/* but teaches one that was given up */
	announce("192.0.2.10", TOO_OLD + 5);
	listed(&table, TOO_OLD + 5, "192.0.2.10 fe80::10");
}
END_TEST

/* As to a router that knows the MAC and asks whether it still holds. */
START_TEST(an_answer_keeps_what_is_known)
{
	struct frame f = advertisement(guest_mac, NA_SOLICITED, GLOBAL, NULL);

	from_guest(f, 5);
	listed(&table, 5, "");
	from_guest(solicitation(guest_mac, GLOBAL, NULL), 6);
	listed(&table, 6, GLOBAL);
	from_guest(f, 100);
	listed(&table, TOO_OLD + 99, GLOBAL);
	listed(&table, TOO_OLD + 100, "");
	from_guest(f, TOO_OLD + 100);
	listed(&table, TOO_OLD + 100, "");
}
END_TEST

/* hamd's announcement says "no router", and hosts would believe it. */
/* The guest answers for it: its own, or of a host for which it is the proxy. */
static void
answer(const char *ipv4, int64_t now)
{
	from_guest(arp(guest_mac, 2, ipv4, "192.0.2.254"), now);
}

START_TEST(an_arp_answer_teaches)
{
	answer("192.0.2.10", 1);
	listed(&table, 1, "192.0.2.10");
}
END_TEST

START_TEST(an_arp_answer_for_what_another_claimed_does_not)
{
	answer("192.0.2.10", 1);
	to_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.1"), 2);
	answer("192.0.2.10", 3);
	listed(&table, 3, "");
	use("192.0.2.10", 4);
	listed(&table, 4, "192.0.2.10");
}
END_TEST

START_TEST(a_claim_is_forgotten_like_an_address)
{
	answer("192.0.2.10", 1);
	to_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.1"), 2);
	answer("192.0.2.10", 1 + TOO_OLD);
	listed(&table, 1 + TOO_OLD, "");
	answer("192.0.2.10", 2 + TOO_OLD);
	listed(&table, 2 + TOO_OLD, "192.0.2.10");
}
END_TEST

START_TEST(of_many_claims_the_last_count)
{
	for (unsigned int i = 1; i <= HAM_NET_CLAIMED_MAX + 1; i++) {
		answer(numbered(i), i);
		to_guest(arp(other_mac, 1, numbered(i), "192.0.2.254"), i);
	}
	for (unsigned int i = 1; i <= HAM_NET_CLAIMED_MAX + 1; i++)
		answer(numbered(i), 100);
	listed(&table, 100, numbered(1));
}
END_TEST

START_TEST(ipv6_of_hosts_only)
{
	use("192.0.2.10", 1);
	from_guest(solicitation(guest_mac, GLOBAL, NULL), 1);
	listed(&table, 1, "192.0.2.10");
	answer_as_host(GLOBAL, 2);
	listed(&table, 2, GLOBAL " 192.0.2.10");
	from_guest(advertisement(guest_mac,
				 NA_ROUTER | NA_SOLICITED | NA_OVERRIDE, GLOBAL,
				 NULL),
		   3);
	listed(&table, 3, "192.0.2.10");
	from_guest(advertisement(guest_mac, NA_OVERRIDE, "fe80::10", guest_mac),
		   4);
	listed(&table, 4, "192.0.2.10");
	answer_as_host(GLOBAL, 5);
	listed(&table, 5, GLOBAL " fe80::10 192.0.2.10");
}
END_TEST

START_TEST(what_another_claims_goes_at_once)
{
	use("192.0.2.10", 1);
	use("192.0.2.11", 2);
	answer_as_host(GLOBAL, 3);
	to_guest(arp(other_mac, 1, "192.0.2.12", "192.0.2.12"), 4);
	to_guest(arp(other_mac, 1, "192.0.2.12", "192.0.2.11"), 4);
	listed(&table, 4, GLOBAL " 192.0.2.11 192.0.2.10");
	to_guest(arp(other_mac, 1, "192.0.2.10", "192.0.2.10"), 5);
	listed(&table, 5, GLOBAL " 192.0.2.11");
	to_guest(advertisement(other_mac, NA_OVERRIDE, GLOBAL, other_mac), 6);
	listed(&table, 6, "192.0.2.11");
	to_guest(arp(other_mac, 2, "192.0.2.11", "192.0.2.1"), 7);
	listed(&table, 7, "");
	/* and may come back */
	use("192.0.2.10", 8);
	listed(&table, 8, "192.0.2.10");
}
END_TEST

/* An address that DHCP gave it is in use elsewhere: the guest asks, and the
 * other answers. */
START_TEST(a_conflict_takes_back_a_lease)
{
	to_guest(dhcp(guest_mac, DHCP_ACK, "192.0.2.10"), 1);
	from_guest(arp(guest_mac, 1, "0.0.0.0", "192.0.2.10"), 2);
	listed(&table, 2, "192.0.2.10");
	to_guest(arp(other_mac, 2, "192.0.2.10", "0.0.0.0"), 3);
	listed(&table, 3, "");
}
END_TEST

/* By another clock, which began later. */
START_TEST(export_and_import)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX], again[sizeof(bytes)];
	struct ham_net_learnt other;
	size_t len;

	use("192.0.2.9", 0);
	use("192.0.2.10", 8 * SECOND);
	use("192.0.2.11", 8 * SECOND);
	answer_as_host(GLOBAL, 3600 * SECOND);
	len = ham_net_learnt_export(&table, TOO_OLD, bytes);
	ck_assert_uint_eq(len, 9 + 19 + 2 * 7);

	ham_net_learnt_init(&other, guest_mac);
	ck_assert(ham_net_learnt_import(&other, bytes, len, 1, NULL));
	listed(&other, 1, GLOBAL " 192.0.2.11 192.0.2.10");
	listed(&other, 8 * SECOND, GLOBAL " 192.0.2.11 192.0.2.10");
	listed(&other, 8 * SECOND + 1, GLOBAL);
	listed(&other, 3600 * SECOND, GLOBAL);
	listed(&other, 3600 * SECOND + 1, "");
	ck_assert_uint_eq(ham_net_learnt_export(&other, 1, again), len);
	ck_assert_mem_eq(again, bytes, len);
}
END_TEST

START_TEST(export_of_nothing)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
	size_t len = ham_net_learnt_export(&table, 0, bytes);

	ck_assert_uint_eq(len, 9);
	ck_assert(ham_net_learnt_import(&table, bytes, len, 0, NULL));
	listed(&table, 0, "");
}
END_TEST

START_TEST(the_largest_export)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
	struct ham_net_learnt other;

	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++) {
		g_autofree char *text = g_strdup_printf("2001:db8::%x", i);

		answer_as_host(text, i);
	}
	ck_assert_uint_eq(ham_net_learnt_export(&table, 100, bytes),
			  HAM_NET_LEARNT_EXPORT_MAX);
	ham_net_learnt_init(&other, guest_mac);
	ck_assert(ham_net_learnt_import(&other, bytes, sizeof(bytes), 0, NULL));
	ck_assert_uint_eq(other.n, HAM_NET_LEARNT_MAX);
}
END_TEST

/* What is known already stays, and is as old as where it was seen last. */
START_TEST(import_adds)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
	size_t len;

	use("192.0.2.10", 0);
	use("192.0.2.11", 10 * SECOND);
	len = ham_net_learnt_export(&table, 20 * SECOND, bytes);
	ham_net_learnt_init(&table, guest_mac);
	use("192.0.2.12", 85 * SECOND);
	use("192.0.2.10", 95 * SECOND);
	ck_assert(
		ham_net_learnt_import(&table, bytes, len, 100 * SECOND, NULL));
	listed(&table, 100 * SECOND, "192.0.2.10 192.0.2.11 192.0.2.12");
}
END_TEST

START_TEST(import_into_a_full_table)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
	size_t len;

	use("192.0.2.10", 0);
	use("192.0.2.11", 10 * SECOND);
	len = ham_net_learnt_export(&table, 20 * SECOND, bytes);
	ham_net_learnt_init(&table, guest_mac);
	for (unsigned int i = 1; i <= HAM_NET_LEARNT_MAX; i++)
		use(numbered(100 + i), (84 + i) * SECOND);
	ck_assert(
		ham_net_learnt_import(&table, bytes, len, 100 * SECOND, NULL));
	/* of 90 s, as 106; the other of 80 s, older than all */
	listed(&table, 100 * SECOND,
	       "192.0.2.116 192.0.2.115 192.0.2.114 192.0.2.113 192.0.2.112 "
	       "192.0.2.111 192.0.2.110 192.0.2.109 192.0.2.108 192.0.2.107 "
	       "192.0.2.11 192.0.2.106 192.0.2.105 192.0.2.104 192.0.2.103 "
	       "192.0.2.102");
}
END_TEST

static void
refused(const uint8_t *bytes, size_t len, const char *why)
{
	g_autofree uint8_t *copy = g_memdup2(bytes, len);
	g_autoptr(GError) error = NULL;

	ck_assert(!ham_net_learnt_import(&table, copy, len, 50, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_msg(strstr(error->message, why), "%s", error->message);
	listed(&table, 50, "192.0.2.20");
}

/* 192.0.2.10 seen 1 s ago, 2001:db8::10 2 s ago. */
/* clang-format off */
static const uint8_t sample[] = {
	1, 1, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 2,
	4, 0, 1, 192, 0, 2, 10,
	16, 0, 2, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
};
/* clang-format on */

START_TEST(import_of_a_sample)
{
	ck_assert(
		ham_net_learnt_import(&table, sample, sizeof(sample), 0, NULL));
	listed(&table, 0, "192.0.2.10 " GLOBAL);
}
END_TEST

START_TEST(import_refuses)
{
	static const struct {
		uint8_t at, value;
		const char *why;
	} damage[] = {
		{0, 0, "version 0"},
		{0, 2, "version 2"},
		{1, 2, "flags 0x02"},
		{1, 0x81, "flags 0x81"},
		{7, 0x57, "52:54:00:12:34:57"},
		{8, 17, "17 entries"},
		{8, 3, "entry 2 is cut off"},
		{8, 1, "19 bytes too many"},
		{8, 0, "26 bytes too many"},
		{9, 0, "entry 0 is of 0 bytes"},
		{9, 5, "entry 0 is of 5 bytes"},
		{9, 16, "entry 1 is of"},
		{10, 0x39, "entry 0 was seen 14593 s ago"},
		{11, 3, "entry 1 is newer"},
		{12, 127, "entry 0 is no address"},
		{16, 4, "12 bytes too many"},
		{19, 0xff, "entry 1 is no address"},
	};
	uint8_t bytes[sizeof(sample)];

	use("192.0.2.20", 50);
	memcpy(bytes, sample, sizeof(sample));
	bytes[damage[_i].at] = damage[_i].value;
	refused(bytes, sizeof(bytes), damage[_i].why);
}
END_TEST

START_TEST(import_refuses_parts_and_more)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX + 1] = {0};

	use("192.0.2.20", 50);
	memcpy(bytes, sample, sizeof(sample));
	for (size_t len = 0; len < sizeof(sample); len++)
		refused(bytes, len, len < 9 ? "expected 9 to 313" : "cut off");
	refused(bytes, sizeof(sample) + 1, "1 bytes too many");
	refused(bytes, sizeof(bytes), "314 bytes, expected 9 to 313");
}
END_TEST

START_TEST(import_refuses_one_twice)
{
	/* clang-format off */
	static const uint8_t twice[] = {
		1, 0, 0x52, 0x54, 0x00, 0x12, 0x34, 0x56, 2,
		4, 0, 1, 192, 0, 2, 10,
		4, 0, 1, 192, 0, 2, 10,
	};
	/* clang-format on */

	use("192.0.2.20", 50);
	refused(twice, sizeof(twice), "entry 1 is there twice");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_learn");
	TCase *tc = tcase_create("table");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, newest_first);
	tcase_add_test(tc, both_families);
	tcase_add_test(tc, when_full_the_oldest_goes);
	tcase_add_test(tc, age);
	tcase_add_test(tc, an_announcement_makes_nothing_younger);
	tcase_add_test(tc, an_answer_keeps_what_is_known);
	tcase_add_test(tc, an_arp_answer_teaches);
	tcase_add_test(tc, an_arp_answer_for_what_another_claimed_does_not);
	tcase_add_test(tc, a_claim_is_forgotten_like_an_address);
	tcase_add_test(tc, of_many_claims_the_last_count);
	tcase_add_test(tc, ipv6_of_hosts_only);
	tcase_add_test(tc, what_another_claims_goes_at_once);
	tcase_add_test(tc, a_conflict_takes_back_a_lease);
	tcase_add_test(tc, export_and_import);
	tcase_add_test(tc, export_of_nothing);
	tcase_add_test(tc, the_largest_export);
	tcase_add_test(tc, import_adds);
	tcase_add_test(tc, import_into_a_full_table);
	tcase_add_test(tc, import_of_a_sample);
	tcase_add_loop_test(tc, import_refuses, 0, 17);
	tcase_add_test(tc, import_refuses_parts_and_more);
	tcase_add_test(tc, import_refuses_one_twice);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
