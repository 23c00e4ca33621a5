/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_dirty.c - what passes tell of a guest's writing */
#include <check.h>

#include "hamd/core/dirty.h"
#include "tests/unit/leaf_run.h"

#define MIB ((uint64_t)1 << 20)
#define MS ((int64_t)1000)

static struct ham_dirty dirty;

static void
setup(void)
{
	dirty = (struct ham_dirty){.total = 1000 * MIB};
}

static void
is_between(int64_t span_us, uint64_t least, uint64_t most)
{
	uint64_t got[2];

	ham_dirty_in(&dirty, span_us, &got[0], &got[1]);
	ck_assert_uint_eq(got[0], least);
	ck_assert_uint_eq(got[1], most);
}

START_TEST(nothing_seen_is_anything)
{
	is_between(0, 0, 1000 * MIB);
	is_between(100 * MS, 0, 1000 * MIB);
}
END_TEST

START_TEST(a_pass_bounds_shorter_and_longer_ones)
{
	ham_dirty_note(&dirty, 100 * MS, 100 * MIB, 1);
	is_between(100 * MS, 100 * MIB, 100 * MIB);
	is_between(50 * MS, 50 * MIB, 100 * MIB);
	is_between(200 * MS, 100 * MIB, 200 * MIB);
	is_between(20000 * MS, 100 * MIB, 1000 * MIB);
	is_between(0, 0, 100 * MIB);
}
END_TEST

START_TEST(two_passes_bound_what_is_between)
{
	ham_dirty_note(&dirty, 100 * MS, 100 * MIB, 1);
	ham_dirty_note(&dirty, 1000 * MS, 400 * MIB, 1);
	is_between(200 * MS, 100 * MIB, 200 * MIB);
	is_between(500 * MS, 200 * MIB, 400 * MIB);
	is_between(50 * MS, 50 * MIB, 100 * MIB);
}
END_TEST

START_TEST(passes_of_one_length_are_averaged)
{
	ham_dirty_note(&dirty, 100 * MS, 100 * MIB, 1);
	ham_dirty_note(&dirty, 100 * MS, 200 * MIB, 2);
	is_between(100 * MS, 150 * MIB, 150 * MIB);
}
END_TEST

/* A quiet moment, then a busy one: a longer pass found less than a shorter. */
START_TEST(a_contradiction_is_a_range)
{
	ham_dirty_note(&dirty, 100 * MS, 500 * MIB, 1);
	ham_dirty_note(&dirty, 1000 * MS, 10 * MIB, 1);
	is_between(500 * MS, 10 * MIB, 500 * MIB);
}
END_TEST

START_TEST(what_is_long_ago_is_forgotten)
{
	ham_dirty_note(&dirty, 100 * MS, 500 * MIB, 1);
	ham_dirty_note(&dirty, 1000 * MS, 10 * MIB,
		       2 + HAM_DIRTY_FORGET_US);
	is_between(1000 * MS, 10 * MIB, 10 * MIB);
	is_between(100 * MS, 1 * MIB, 10 * MIB);
}
END_TEST

START_TEST(never_more_than_there_is)
{
	ham_dirty_note(&dirty, 1, UINT64_MAX, 1);
	is_between(1, 1000 * MIB, 1000 * MIB);
	is_between(INT64_MAX, 1000 * MIB, 1000 * MIB);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("dirty");
	TCase *tc = tcase_create("passes");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, nothing_seen_is_anything);
	tcase_add_test(tc, a_pass_bounds_shorter_and_longer_ones);
	tcase_add_test(tc, two_passes_bound_what_is_between);
	tcase_add_test(tc, passes_of_one_length_are_averaged);
	tcase_add_test(tc, a_contradiction_is_a_range);
	tcase_add_test(tc, what_is_long_ago_is_forgotten);
	tcase_add_test(tc, never_more_than_there_is);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
