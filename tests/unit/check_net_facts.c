/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_facts.c - netmigrate/facts.c: what must be on both sides
 *
 * The pure half; what is read from a node's bridges is in
 * tests/net/test-bridge.sh.
 */
#include <check.h>

#include "netmigrate/netmigrate.h"
#include "tests/unit/leaf_run.h"

static const struct ham_net_port_spec plain = {.bridge = "br0"};

/* What is refused, or "". */
static char *
fit(const struct ham_net_port_spec *spec, struct ham_net_facts here,
    struct ham_net_facts there)
{
	g_autoptr(GError) error = NULL;

	if (ham_net_facts_fit(spec, &here, &there, "n1", "n2", &error)) {
		ck_assert_ptr_null(error);
		return g_strdup("");
	}
	return g_strdup(error->message);
}

#define FIT(spec, here, there, want)                                           \
	do {                                                                   \
		g_autofree char *got = fit(spec, (struct ham_net_facts)here,   \
					   (struct ham_net_facts)there);       \
		ck_assert_str_eq(got, want);                                   \
	} while (0)
#define FACTS(...)                                                             \
	{                                                                      \
		__VA_ARGS__                                                    \
	}

START_TEST(equal_ones_fit)
{
	FIT(&plain, FACTS(1500, true, true), FACTS(1500, true, true), "");
	FIT(&plain, FACTS(1500, false, false), FACTS(1500, false, false), "");
}
END_TEST

START_TEST(a_smaller_mtu)
{
	static const struct ham_net_port_spec told = {.bridge = "br0",
						      .mtu = 1400};

	FIT(&plain, FACTS(9000, true, false), FACTS(1500, true, false),
	    "bridge 'br0' has an MTU of 1500 on n2, and of 9000 on n1");
	FIT(&plain, FACTS(1500, true, false), FACTS(9000, true, false), "");
	/* a guest that was told a smaller one never used the bridge's */
	FIT(&told, FACTS(9000, true, false), FACTS(1500, true, false), "");
}
END_TEST

START_TEST(nothing_leads_out)
{
	FIT(&plain, FACTS(1500, true, false), FACTS(1500, false, false),
	    "bridge 'br0' has no uplink with a carrier on n2, and has one "
	    "on n1");
	FIT(&plain, FACTS(1500, false, false), FACTS(1500, true, false), "");
}
END_TEST

START_TEST(nothing_leads_out_in_a_vlan)
{
	static const struct ham_net_port_spec access = {.bridge = "br0",
							.vlan = 30};
	static const struct ham_net_port_spec trunk = {.bridge = "br0",
						       .trunk = {1 << 10}};

	FIT(&access, FACTS(1500, true, false), FACTS(1500, false, false),
	    "bridge 'br0' has no uplink with a carrier in VLAN 30 on n2, and "
	    "has one on n1");
	FIT(&trunk, FACTS(1500, true, false), FACTS(1500, false, false),
	    "bridge 'br0' has no uplink with a carrier in all of the port's "
	    "VLANs on n2, and has one on n1");
}
END_TEST

START_TEST(vhost_on_one_side)
{
	FIT(&plain, FACTS(1500, true, true), FACTS(1500, true, false),
	    "its bridge is 'br0', and vhost would be used on n1 alone: set "
	    "vhost = no, or load vhost_net on both and start it anew");
	FIT(&plain, FACTS(1500, true, false), FACTS(1500, true, true),
	    "its bridge is 'br0', and vhost would be used on n2 alone: set "
	    "vhost = no, or load vhost_net on both and start it anew");
}
END_TEST

START_TEST(there_and_back)
{
	static const struct ham_net_facts all[] = {
		{0, false, false},
		{1500, true, false},
		{9000, false, true},
		{2147483647, true, true},
	};
	char text[HAM_NET_FACTS_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
		struct ham_net_facts got = {0};

		ham_net_facts_write(&all[i], text);
		ck_assert(ham_net_facts_read(text, &got));
		ck_assert_uint_eq(got.mtu, all[i].mtu);
		ck_assert_int_eq(got.leads_out, all[i].leads_out);
		ck_assert_int_eq(got.vhost, all[i].vhost);
	}
}
END_TEST

START_TEST(what_is_no_text_of_facts)
{
	static const char *const bad[] = {
		"",	    "1500",	"1500:1", "1500:1:0:0",	    "-1:1:0",
		"1500:2:0", "1500:1:2", "x:1:0",  "2147483648:1:0", "1500::0",
	};
	struct ham_net_facts out;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		ck_assert_msg(!ham_net_facts_read(bad[i], &out), "%s", bad[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("net_facts");
	TCase *tc = tcase_create("facts");

	tcase_add_test(tc, equal_ones_fit);
	tcase_add_test(tc, a_smaller_mtu);
	tcase_add_test(tc, nothing_leads_out);
	tcase_add_test(tc, nothing_leads_out_in_a_vlan);
	tcase_add_test(tc, vhost_on_one_side);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, what_is_no_text_of_facts);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
