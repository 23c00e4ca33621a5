/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_probe.c - who answers for a guest's addresses
 *
 * The filter is run here by bpf_run.h; tests/net/test-probe.sh has a kernel
 * run it.
 */
#include <check.h>
#include <linux/if_packet.h>

#include "netmigrate/probe.h"
#include "tests/unit/bpf_run.h"
#include "tests/unit/leaf_run.h"
#include "tests/unit/net_frames.h"

#define V4 "192.0.2.10"
#define V6 "2001:db8::10"

static const uint8_t own_mac[6] = {0x52, 0x54, 0x00, 0x00, 0x00, 0x01};
static char *both[] = {(char *)V4, (char *)V6, NULL};
static struct ham_net_probe probe;

static void
setup(void)
{
	ck_assert(ham_net_probe_init(&probe, guest_mac, both, NULL));
}

/* Of a copy of the exact size, so that sanitizers see a read behind it. */
static void
hear_bytes(const uint8_t *bytes, size_t len, int64_t now_us)
{
	g_autofree uint8_t *copy = g_memdup2(bytes, len);

	ham_net_probe_hear(&probe, copy, len, now_us);
}

static void
hear(struct frame f)
{
	hear_bytes(f.bytes, f.len, 1);
}

static void
heard(const char *answered, const char *stranger)
{
	ck_assert_str_eq(probe.answered, answered);
	ck_assert_str_eq(probe.stranger, stranger);
}

/* ---- what is asked ---- */

START_TEST(questions)
{
	static const uint8_t ipv4[4] = {192, 0, 2, 10};
	static const uint8_t ipv6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 0x10};
	static const uint8_t own[4] = {192, 0, 2, 1};
	uint8_t frame[HAM_NET_FRAME_MAX], want[HAM_NET_FRAME_MAX];
	size_t len;

	/* a guest may be about to take it into use: no probe */
	ck_assert_uint_eq(ham_net_probe_ask(&probe, 0, own_mac, frame), 0);
	probe.has_own = true;
	memcpy(probe.own, own, sizeof(own));
	len = ham_net_frame_arp_request(want, own_mac, own, ipv4);
	ck_assert_uint_eq(ham_net_probe_ask(&probe, 0, own_mac, frame), len);
	ck_assert_mem_eq(frame, want, len);
	probe.has_own = false;
	probe.anyone = true;
	len = ham_net_frame_arp_request(want, own_mac, NULL, ipv4);
	ck_assert_uint_eq(ham_net_probe_ask(&probe, 0, own_mac, frame), len);
	ck_assert_mem_eq(frame, want, len);
	len = ham_net_frame_ns(want, own_mac, ipv6);
	ck_assert_uint_eq(ham_net_probe_ask(&probe, 1, own_mac, frame), len);
	ck_assert_mem_eq(frame, want, len);
	probe.vlan = 30;
	len = ham_net_frame_tag(want, len, 30);
	ck_assert_uint_eq(ham_net_probe_ask(&probe, 1, own_mac, frame), len);
	ck_assert_mem_eq(frame, want, len);
}
END_TEST

START_TEST(what_is_no_address_of_a_host)
{
	static const char *const texts[] = {"10.0.0",	 "",	"0.0.0.0",
					    "127.0.0.1", "::1", "ff02::1",
					    "224.0.0.1", "host"};
	char *addresses[] = {(char *)V4, (char *)texts[_i], NULL};
	g_autoptr(GError) error = NULL;
	g_autofree char *named = g_strdup_printf("'%s'", texts[_i]);

	ck_assert(!ham_net_probe_init(&probe, guest_mac, addresses, &error));
	ck_assert_ptr_nonnull(strstr(error->message, named));
}
END_TEST

START_TEST(nothing_to_ask)
{
	char *none[] = {NULL};
	g_autoptr(GError) error = NULL;

	ck_assert(!ham_net_probe_init(&probe, guest_mac, none, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "no address"));
	ck_assert(!ham_net_probe_init(&probe, guest_mac, NULL, NULL));
}
END_TEST

static void
fill(char *addresses[HAM_NET_PROBE_MAX + 2], unsigned int n, const char *prefix)
{
	for (unsigned int i = 0; i < n; i++)
		addresses[i] = g_strdup_printf("%s%u", prefix, i + 1);
}

START_TEST(too_much_to_ask)
{
	char *addresses[HAM_NET_PROBE_MAX + 2] = {NULL};
	g_autoptr(GError) error = NULL;

	fill(addresses, HAM_NET_PROBE_MAX + 1, "192.0.2.");
	ck_assert(!ham_net_probe_init(&probe, guest_mac, addresses, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "at most 32"));
	g_clear_pointer(&addresses[HAM_NET_PROBE_MAX], g_free);
	ck_assert(ham_net_probe_init(&probe, guest_mac, addresses, NULL));
	for (char **a = addresses; *a; a++)
		g_free(*a);
}
END_TEST

/* ---- what is heard ---- */

START_TEST(arp_answers)
{
	hear(arp(guest_mac, 2, V4, "0.0.0.0"));
	heard(V4, "");
}
END_TEST

START_TEST(other_arp_answers_as_well)
{
	hear(arp(guest_mac, 1, V4, _i ? V4 : "192.0.2.1"));
	heard(V4, "");
}
END_TEST

/* To one that has no address yet it goes to all, and so is not "solicited"
 * (RFC 4861, 7.2.4). */
START_TEST(advertisement_answers)
{
	static const uint8_t flags[] = {NA_OVERRIDE, 0,
					NA_SOLICITED | NA_OVERRIDE,
					NA_ROUTER | NA_OVERRIDE};

	hear(advertisement(guest_mac, flags[_i], V6, guest_mac));
	heard(V6, "");
}
END_TEST

START_TEST(the_first_answer_counts)
{
	struct frame first = arp(guest_mac, 2, V4, "0.0.0.0");
	struct frame second = advertisement(guest_mac, NA_OVERRIDE, V6, NULL);

	hear_bytes(first.bytes, first.len, 7);
	hear_bytes(second.bytes, second.len, 8);
	heard(V4, "");
	ck_assert_int_eq(probe.when_us, 7);
}
END_TEST

START_TEST(what_answers_nothing)
{
	struct frame na = advertisement(guest_mac, NA_OVERRIDE, V6, NULL);

	hear(arp(guest_mac, 2, "192.0.2.11", "0.0.0.0"));
	hear(arp(guest_mac, 1, "0.0.0.0", V4)); /* asks itself */
	hear(arp(other_mac, 1, "192.0.2.1", V4));
	hear(advertisement(guest_mac, NA_OVERRIDE, "2001:db8::11", NULL));
	hear(solicitation(guest_mac, V6, guest_mac));
	hear(dhcp(guest_mac, DHCP_ACK, V4));
	hear(dhcp((const uint8_t[6]){0}, DHCP_ACK, V4));
	na.bytes[AT_IP + 7] = 254; /* through a router */
	hear(na);
	heard("", "");
}
END_TEST

START_TEST(another_mac_is_a_stranger)
{
	hear(arp(other_mac, 2, V4, "0.0.0.0"));
	heard("", V4 " is at 52:54:00:aa:bb:cc");
	hear(advertisement(other_mac, NA_OVERRIDE, V6, NULL));
	heard("", V4 " is at 52:54:00:aa:bb:cc");
	hear(advertisement(guest_mac, NA_OVERRIDE, V6, NULL));
	heard(V6, V4 " is at 52:54:00:aa:bb:cc");
}
END_TEST

/* The longest text there is. */
START_TEST(a_strangers_long_address)
{
	static const char text[] = "2001:db8:1111:2222:3333:4444:5555:6666";
	char *addresses[] = {(char *)text, NULL};
	g_autofree char *want =
		g_strdup_printf("%s is at 52:54:00:aa:bb:cc", text);

	ck_assert(ham_net_probe_init(&probe, guest_mac, addresses, NULL));
	hear(advertisement(other_mac, NA_OVERRIDE, text, NULL));
	heard("", want);
}
END_TEST

/* A MAC is told by the message, if it is told there. */
START_TEST(passed_on_by_another)
{
	struct frame f = arp(guest_mac, 2, V4, "0.0.0.0");

	memcpy(f.bytes + 6, other_mac, 6);
	hear(f);
	heard(V4, "");
	setup();
	hear(advertisement(other_mac, NA_OVERRIDE, V6, guest_mac));
	heard(V6, "");
}
END_TEST

START_TEST(anyone_may_answer)
{
	ck_assert(ham_net_probe_init(&probe, NULL, both, NULL));
	hear(arp(other_mac, 2, V4, "0.0.0.0"));
	heard(V4, "");
}
END_TEST

START_TEST(cut_short)
{
	const struct frame whole[] = {
		arp(guest_mac, 2, V4, "0.0.0.0"),
		advertisement(guest_mac, NA_OVERRIDE, V6, NULL),
		advertisement(guest_mac, NA_OVERRIDE, V6, guest_mac),
		arp(other_mac, 2, V4, "0.0.0.0"),
		advertisement(other_mac, NA_OVERRIDE, V6, other_mac),
	};
	const struct frame *f = &whole[_i];

	for (size_t len = 0; len < f->len; len++) {
		hear_bytes(f->bytes, len, 1);
		heard("", "");
	}
	hear_bytes(f->bytes, f->len, 1);
	ck_assert(_i < 3 ? probe.answered[0] : probe.stranger[0]);
}
END_TEST

/* ---- what the kernel is to show ---- */

static bool
passes_as(const struct frame *f, uint8_t type, uint8_t vlan_tag, uint16_t tci)
{
	struct sock_filter code[HAM_NET_PROBE_FILTER_MAX];
	unsigned int n = ham_net_probe_filter(&probe, code);
	struct bpf_packet packet = {f->bytes, f->len, type, vlan_tag, tci};
	uint32_t len = bpf_run(code, n, &packet);

	ck_assert(len == 0 || len == HAM_NET_HEAR_LEN);
	return len > 0;
}

static bool
passes(struct frame f)
{
	bool good = passes_as(&f, PACKET_HOST, 0, 0);

	ck_assert(passes_as(&f, PACKET_BROADCAST, 0, 0) == good);
	ck_assert(passes_as(&f, PACKET_MULTICAST, 0, 0) == good);
	ck_assert(!passes_as(&f, PACKET_OUTGOING, 0, 0));
	return good;
}

static struct frame
changed(struct frame f, size_t at, uint8_t value)
{
	f.bytes[at] = value;
	return f;
}

START_TEST(answers_pass)
{
	ck_assert(passes(arp(guest_mac, 2, V4, "0.0.0.0")));
	ck_assert(passes(arp(other_mac, 1, V4, "192.0.2.1")));
	ck_assert(passes(advertisement(guest_mac, 0, V6, NULL)));
	ck_assert(passes(advertisement(other_mac, 0, V6, other_mac)));
}
END_TEST

START_TEST(the_rest_does_not)
{
	struct frame na = advertisement(guest_mac, 0, V6, NULL);
	struct frame a = arp(guest_mac, 2, V4, "0.0.0.0");

	ck_assert(!passes(arp(guest_mac, 2, "192.0.2.11", V4)));
	ck_assert(!passes(arp(guest_mac, 1, "0.0.0.0", V4)));
	ck_assert(!passes(advertisement(guest_mac, 0, "2001:db8::11", NULL)));
	ck_assert(!passes(solicitation(guest_mac, V6, guest_mac)));
	ck_assert(!passes(dhcp(guest_mac, DHCP_ACK, V4)));
	ck_assert(!passes(changed(a, 13, 0x35)));
	ck_assert(!passes(changed(na, 12, 0x88)));
	ck_assert(!passes(changed(na, AT_IP + 6, 6)));
	ck_assert(!passes(changed(na, AT_ICMPV6, 134)));
	a.len = AT_IP + 17;
	ck_assert(!passes(a));
	na.len = AT_ICMPV6 + 23;
	ck_assert(!passes(na));
	na.len = 0;
	ck_assert(!passes(na));
}
END_TEST

/* Of one VLAN that comes with and without a tag, or only with, or untagged. */
START_TEST(vlans)
{
	static const struct {
		unsigned int vlan;
		bool untagged;
		/* none; priority alone; 30; 30 with priority; 31 */
		bool want[5];
	} cases[] = {
		{0, false, {true, true, false, false, false}},
		{30, false, {false, false, true, true, false}},
		{30, true, {true, false, true, true, false}},
	};
	static const uint16_t tci[5] = {0, 5 << 13, 30, 5 << 13 | 30, 31};
	struct frame f = arp(guest_mac, 2, V4, "0.0.0.0");

	probe.vlan = cases[_i].vlan;
	probe.untagged = cases[_i].untagged;
	for (unsigned int k = 0; k < 5; k++) {
		ck_assert(passes_as(&f, PACKET_HOST, k > 0, tci[k]) ==
			  cases[_i].want[k]);
		ck_assert(!passes_as(&f, PACKET_OUTGOING, k > 0, tci[k]));
	}
	/* what the kernel leaves beside a frame without a tag says nothing */
	ck_assert(passes_as(&f, PACKET_HOST, 0, 30) == cases[_i].want[0]);
}
END_TEST

/* The first and the last of as many as there may be, of either kind. */
START_TEST(many_addresses)
{
	static const char *const prefix[] = {"192.0.2.", "2001:db8::"};
	char *addresses[HAM_NET_PROBE_MAX + 2] = {NULL};

	fill(addresses, HAM_NET_PROBE_MAX, prefix[_i]);
	ck_assert(ham_net_probe_init(&probe, guest_mac, addresses, NULL));
	for (char **a = addresses; *a; a++) {
		ck_assert(passes(
			_i ? advertisement(guest_mac, NA_OVERRIDE, *a, NULL)
			   : arp(guest_mac, 2, *a, "0.0.0.0")));
		g_free(*a);
	}
	ck_assert(!passes(arp(guest_mac, 2, "192.0.2.99", "0.0.0.0")));
	ck_assert(!passes(advertisement(guest_mac, 0, "2001:db8::99", NULL)));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_probe");
	TCase *tc = tcase_create("probe");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, questions);
	tcase_add_loop_test(tc, what_is_no_address_of_a_host, 0, 8);
	tcase_add_test(tc, nothing_to_ask);
	tcase_add_test(tc, too_much_to_ask);
	tcase_add_test(tc, arp_answers);
	tcase_add_loop_test(tc, other_arp_answers_as_well, 0, 2);
	tcase_add_loop_test(tc, advertisement_answers, 0, 4);
	tcase_add_test(tc, the_first_answer_counts);
	tcase_add_test(tc, what_answers_nothing);
	tcase_add_test(tc, another_mac_is_a_stranger);
	tcase_add_test(tc, a_strangers_long_address);
	tcase_add_test(tc, passed_on_by_another);
	tcase_add_test(tc, anyone_may_answer);
	tcase_add_loop_test(tc, cut_short, 0, 5);
	tcase_add_test(tc, answers_pass);
	tcase_add_test(tc, the_rest_does_not);
	tcase_add_loop_test(tc, vlans, 0, 3);
	tcase_add_loop_test(tc, many_addresses, 0, 2);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
