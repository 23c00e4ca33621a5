/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_share.c - the copies of a node share its bandwidth */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/leaf_run.h"

enum {
	M = HAM_BM_COPY_MIGRATION,
	F = HAM_BM_COPY_FILL,
	C = HAM_BM_COPY_COMPARE,
};

START_TEST(alone_it_has_all)
{
	for (uint8_t kind = 0; kind < HAM_BM_N_COPIES; kind++) {
		struct ham_bm_copy one = {kind, 0, 0, 77};

		ham_bm_share(1000, &one, 1);
		ck_assert_uint_eq(one.share, 1000);
	}
}
END_TEST

START_TEST(but_for_its_own_limit)
{
	struct ham_bm_copy one = {M, 50, 300, 0};

	ham_bm_share(1000, &one, 1);
	ck_assert_uint_eq(one.share, 300);
	one.limit = 1001;
	ham_bm_share(1000, &one, 1);
	ck_assert_uint_eq(one.share, 1000);
}
END_TEST

START_TEST(alike)
{
	struct ham_bm_copy all[] = {{M, 50, 0, 0}, {M, 50, 0, 0}};

	ham_bm_share(1000, all, 2);
	ck_assert_uint_eq(all[0].share, 500);
	ck_assert_uint_eq(all[1].share, 500);
}
END_TEST

START_TEST(by_priority)
{
	struct ham_bm_copy all[] = {{M, 0, 0, 0}, {M, 100, 0, 0}};

	ham_bm_share(1200, all, 2);
	ck_assert_uint_eq(all[0].share, 100);
	ck_assert_uint_eq(all[1].share, 1100);
}
END_TEST

START_TEST(by_kind)
{
	struct ham_bm_copy all[] = {
		{C, 50, 0, 0}, {M, 50, 0, 0}, {F, 50, 0, 0}};

	ham_bm_share(2100, all, 3);
	ck_assert_uint_eq(all[0].share, 100);
	ck_assert_uint_eq(all[1].share, 1600);
	ck_assert_uint_eq(all[2].share, 400);
}
END_TEST

/* By their weights, 1 to 11. */
START_TEST(what_one_leaves_others_get)
{
	struct ham_bm_copy all[] = {
		{M, 100, 300, 0}, {M, 0, 0, 0}, {M, 100, 0, 0}};

	ham_bm_share(1500, all, 3);
	ck_assert_uint_eq(all[0].share, 300);
	ck_assert_uint_eq(all[1].share, 100);
	ck_assert_uint_eq(all[2].share, 1100);
}
END_TEST

/* The second is held back only by what it gets of the first one's. */
START_TEST(until_nobody_is_held_back)
{
	struct ham_bm_copy all[] = {
		{M, 50, 100, 0}, {M, 50, 400, 0}, {M, 50, 0, 0}};

	ham_bm_share(1000, all, 3);
	ck_assert_uint_eq(all[0].share, 100);
	ck_assert_uint_eq(all[1].share, 400);
	ck_assert_uint_eq(all[2].share, 500);
}
END_TEST

START_TEST(all_are_held_back)
{
	struct ham_bm_copy all[] = {{M, 50, 100, 0}, {F, 50, 200, 0}};

	ham_bm_share(1000, all, 2);
	ck_assert_uint_eq(all[0].share, 100);
	ck_assert_uint_eq(all[1].share, 200);
}
END_TEST

static void
check_sum(uint64_t total, struct ham_bm_copy *copies, unsigned int n)
{
	unsigned __int128 sum = 0;

	ham_bm_share(total, copies, n);
	for (unsigned int i = 0; i < n; i++) {
		ck_assert_uint_gt(copies[i].share, 0);
		if (copies[i].limit)
			ck_assert_uint_le(copies[i].share, copies[i].limit);
		sum += copies[i].share;
	}
	/* a byte for each may be more than there is for it */
	ck_assert(sum <= (unsigned __int128)total + n);
	if (total > 400 * n)
		ck_assert(sum <= total);
}

/* Every combination of extremes, and many copies. */
START_TEST(never_zero_never_above)
{
	static const uint64_t totals[] = {0, 1, 100, 1 << 20, UINT64_MAX};
	static const uint64_t limits[] = {0, 1, 1 << 20, UINT64_MAX};
	static const uint8_t priorities[] = {0, 100, 255};
	struct ham_bm_copy many[1000];

	for (unsigned int n = 1; n <= G_N_ELEMENTS(many); n += 1 + n / 3) {
		for (unsigned int i = 0; i < n; i++)
			many[i] = (struct ham_bm_copy){
				.kind = (uint8_t)((i + n) % HAM_BM_N_COPIES),
				.priority = priorities[i / 3 % 3],
				.limit = limits[(i / 9 + n) % 4],
			};
		check_sum(totals[_i], many, n);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_share");
	TCase *tc = tcase_create("share");

	tcase_add_test(tc, alone_it_has_all);
	tcase_add_test(tc, but_for_its_own_limit);
	tcase_add_test(tc, alike);
	tcase_add_test(tc, by_priority);
	tcase_add_test(tc, by_kind);
	tcase_add_test(tc, what_one_leaves_others_get);
	tcase_add_test(tc, until_nobody_is_held_back);
	tcase_add_test(tc, all_are_held_back);
	tcase_add_loop_test(tc, never_zero_never_above, 0, 5);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
