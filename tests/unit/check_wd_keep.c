/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_wd_keep.c - when the watchdog is petted, and when not */
#include <check.h>
#include <string.h>

#include "fence/wd_keep.h"
#include "tests/unit/leaf_run.h"

enum {
	S = 1000000
};

static const int64_t begin_us = INT64_C(5000000000);
static struct ham_wd_keep keep;

/* Armed with 8 s, so petted each 2 s. */
static void
setup(void)
{
	memset(&keep, 0, sizeof(keep));
	ham_wd_keep_open(&keep, HAM_WD_ARMED, 8 * S, begin_us);
}

static void
expect(int64_t at_us, enum ham_wd_todo todo, int64_t wake_us)
{
	struct ham_wd_next next = ham_wd_keep_next(&keep, at_us);

	ck_assert_int_eq(next.todo, todo);
	ck_assert_int_eq(next.wake_us, wake_us);
}

static void
deadline(int64_t us, int64_t now)
{
	ck_assert_ptr_null(ham_wd_keep_deadline(&keep, us, now));
}

START_TEST(closed_it_asks_for_nothing)
{
	ham_wd_keep_closed(&keep);
	expect(begin_us + 100 * S, HAM_WD_REST, INT64_MAX);
}
END_TEST

START_TEST(a_pet_each_quarter)
{
	deadline(begin_us + 60 * S, begin_us);
	expect(begin_us, HAM_WD_REST, begin_us + 2 * S);
	expect(begin_us + 2 * S - 1, HAM_WD_REST, begin_us + 2 * S);
	ck_assert_int_eq(ham_wd_keep_next(&keep, begin_us + 2 * S).todo,
			 HAM_WD_PET);
	ham_wd_keep_petted(&keep, true, begin_us + 2 * S);
	expect(begin_us + 2 * S, HAM_WD_REST, begin_us + 4 * S);
}
END_TEST

/* Late is not made up for: what counts is the last pet. */
START_TEST(after_a_late_pet_a_quarter_again)
{
	deadline(begin_us + 60 * S, begin_us);
	ham_wd_keep_petted(&keep, true, begin_us + 7 * S);
	expect(begin_us + 7 * S, HAM_WD_REST, begin_us + 9 * S);
}
END_TEST

START_TEST(it_wakes_for_the_deadline)
{
	deadline(begin_us + 9 * S, begin_us);
	ham_wd_keep_petted(&keep, true, begin_us + 8 * S);
	expect(begin_us + 8 * S, HAM_WD_REST, begin_us + 9 * S);
}
END_TEST

START_TEST(no_pet_at_the_deadline_but_killing)
{
	int64_t end = begin_us + 20 * S;

	deadline(end, begin_us);
	ck_assert_int_eq(ham_wd_keep_next(&keep, end - 1).todo, HAM_WD_PET);
	expect(end, HAM_WD_KILL, end + HAM_WD_KILL_EVERY_US);
	expect(end + 100 * S, HAM_WD_KILL,
	       end + 100 * S + HAM_WD_KILL_EVERY_US);
}
END_TEST

START_TEST(one_timeout_until_a_first_deadline)
{
	ham_wd_keep_petted(&keep, true, begin_us + 7 * S);
	ck_assert_int_eq(ham_wd_keep_next(&keep, begin_us + 8 * S - 1).todo,
			 HAM_WD_REST);
	ck_assert_int_eq(ham_wd_keep_next(&keep, begin_us + 8 * S).todo,
			 HAM_WD_KILL);
}
END_TEST

START_TEST(a_deadline_never_moves_back)
{
	deadline(begin_us + 30 * S, begin_us);
	deadline(begin_us + 10 * S, begin_us);
	ck_assert_int_eq(keep.deadline_us, begin_us + 30 * S);
}
END_TEST

START_TEST(a_later_deadline_ends_the_killing)
{
	int64_t late = begin_us + 12 * S;

	ck_assert_int_eq(ham_wd_keep_next(&keep, late).todo, HAM_WD_KILL);
	deadline(late + 5 * S, late);
	ck_assert_int_eq(ham_wd_keep_next(&keep, late).todo, HAM_WD_PET);
}
END_TEST

START_TEST(one_that_is_over_ends_nothing)
{
	int64_t late = begin_us + 12 * S;

	deadline(late - 1, late);
	ck_assert_int_eq(ham_wd_keep_next(&keep, late).todo, HAM_WD_KILL);
}
END_TEST

START_TEST(each_lapse_counts_once)
{
	int64_t late = begin_us + 12 * S;

	(void)ham_wd_keep_next(&keep, late);
	(void)ham_wd_keep_next(&keep, late + S);
	ck_assert_uint_eq(keep.lapses, 1);
	deadline(late + 2 * S, late + S);
	(void)ham_wd_keep_next(&keep, late + 2 * S);
	ck_assert_uint_eq(keep.lapses, 2);
}
END_TEST

START_TEST(a_deadline_wants_an_armed_one)
{
	ham_wd_keep_closed(&keep);
	ck_assert_ptr_nonnull(
		ham_wd_keep_deadline(&keep, begin_us + S, begin_us));
}
END_TEST

START_TEST(no_deadline_for_ever)
{
	ck_assert_ptr_nonnull(ham_wd_keep_deadline(&keep, INT64_MAX, begin_us));
	ck_assert_int_eq(keep.deadline_us, begin_us + 8 * S);
	deadline(begin_us + HAM_WD_LONGEST_US, begin_us);
}
END_TEST

START_TEST(a_failed_pet_is_tried_soon_but_not_at_once)
{
	deadline(begin_us + 60 * S, begin_us);
	ham_wd_keep_petted(&keep, false, begin_us + 2 * S);
	expect(begin_us + 2 * S, HAM_WD_REST, begin_us + 2 * S + S / 2);
}
END_TEST

START_TEST(another_timeout_keeps_the_deadline)
{
	deadline(begin_us + 30 * S, begin_us);
	ham_wd_keep_open(&keep, HAM_WD_ARMED, 4 * S, begin_us + S);
	ck_assert_int_eq(keep.deadline_us, begin_us + 30 * S);
	expect(begin_us + S, HAM_WD_REST, begin_us + 2 * S);
}
END_TEST

START_TEST(armed_anew_it_has_a_deadline_of_its_own)
{
	deadline(begin_us + 30 * S, begin_us);
	ham_wd_keep_closed(&keep);
	ham_wd_keep_open(&keep, HAM_WD_ARMED, 4 * S, begin_us + S);
	ck_assert_int_eq(keep.deadline_us, begin_us + 5 * S);
}
END_TEST

START_TEST(one_that_is_held_is_petted_for_ever)
{
	ham_wd_keep_closed(&keep);
	ham_wd_keep_open(&keep, HAM_WD_HELD, 8 * S, begin_us);
	expect(begin_us + 1000 * S, HAM_WD_PET, begin_us + 2 * S);
	ham_wd_keep_petted(&keep, true, begin_us + 1000 * S);
	expect(begin_us + 1000 * S, HAM_WD_REST, begin_us + 1002 * S);
	ck_assert_ptr_nonnull(
		ham_wd_keep_deadline(&keep, begin_us + S, begin_us));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wd_keep");
	TCase *tc = tcase_create("keep");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, closed_it_asks_for_nothing);
	tcase_add_test(tc, a_pet_each_quarter);
	tcase_add_test(tc, after_a_late_pet_a_quarter_again);
	tcase_add_test(tc, it_wakes_for_the_deadline);
	tcase_add_test(tc, no_pet_at_the_deadline_but_killing);
	tcase_add_test(tc, one_timeout_until_a_first_deadline);
	tcase_add_test(tc, a_deadline_never_moves_back);
	tcase_add_test(tc, a_later_deadline_ends_the_killing);
	tcase_add_test(tc, one_that_is_over_ends_nothing);
	tcase_add_test(tc, each_lapse_counts_once);
	tcase_add_test(tc, a_deadline_wants_an_armed_one);
	tcase_add_test(tc, no_deadline_for_ever);
	tcase_add_test(tc, a_failed_pet_is_tried_soon_but_not_at_once);
	tcase_add_test(tc, another_timeout_keeps_the_deadline);
	tcase_add_test(tc, armed_anew_it_has_a_deadline_of_its_own);
	tcase_add_test(tc, one_that_is_held_is_petted_for_ever);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
