/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fence_plan.c - the order of devices, and its words */
#include <check.h>

#include "fence/fence.h"
#include "tests/unit/leaf_run.h"

static const struct ham_fence_device devices[] = {
	{.node = "n2", .name = "dog", .agent = "watchdog", .level = 3},
	{.node = "n2", .name = "pdu-b", .agent = "fence_apc", .level = 2},
	{.node = "n1", .name = "bmc", .agent = "fence_ipmilan", .level = 1},
	{.node = "n2", .name = "bmc", .agent = "fence_ipmilan", .level = 1},
	{.node = "n2", .name = "pdu-a", .agent = "fence_apc", .level = 2},
};

START_TEST(by_level_then_file)
{
	static const char *const want[] = {"bmc", "pdu-b", "pdu-a", "dog"};
	g_autoptr(GPtrArray) order =
		ham_fence_order("n2", devices, G_N_ELEMENTS(devices));

	ck_assert_uint_eq(order->len, G_N_ELEMENTS(want));
	for (guint i = 0; i < order->len; i++) {
		const struct ham_fence_device *d = order->pdata[i];

		ck_assert_str_eq(d->name, want[i]);
		ck_assert_str_eq(d->node, "n2");
	}
}
END_TEST

START_TEST(none_for_a_node_without)
{
	g_autoptr(GPtrArray) order =
		ham_fence_order("n3", devices, G_N_ELEMENTS(devices));

	ck_assert_uint_eq(order->len, 0);
}
END_TEST

START_TEST(one_device_in_words)
{
	g_autofree char *text =
		ham_fence_wanted_text("n1", devices, G_N_ELEMENTS(devices));

	ck_assert_str_eq(text, "waits for proof that n1 is dead: device bmc "
			       "(fence_ipmilan)");
}
END_TEST

START_TEST(levels_in_words)
{
	g_autofree char *text =
		ham_fence_wanted_text("n2", devices, G_N_ELEMENTS(devices));

	ck_assert_msg(strstr(text, "dead: device bmc (fence_ipmilan), else "
				   "device pdu-b (fence_apc) and device pdu-a "
				   "(fence_apc), else device dog (watchdog)"),
		      "%s", text);
}
END_TEST

START_TEST(no_device_in_words)
{
	g_autofree char *text = ham_fence_wanted_text("n3", NULL, 0);

	ck_assert_str_eq(text, "waits for proof that n3 is dead: no fence "
			       "device is configured for it; else power n3 "
			       "off, see that it is, then: hamctl fence "
			       "confirm-off n3");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fence_plan");
	TCase *tc = tcase_create("plan");

	tcase_add_test(tc, by_level_then_file);
	tcase_add_test(tc, none_for_a_node_without);
	tcase_add_test(tc, one_device_in_words);
	tcase_add_test(tc, levels_in_words);
	tcase_add_test(tc, no_device_in_words);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
