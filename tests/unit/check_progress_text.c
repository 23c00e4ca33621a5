/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_progress_text.c - a migration in the log, every 10 seconds
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/progress_text.h"
#include "tests/unit/leaf_run.h"

#define S INT64_C(1000000)

static struct ham_progress
whole(void)
{
	struct ham_progress p = {
		.phase = HAM_MIG_COPY,
		.rate = 99824435, /* 95.2 MiB */
		.left_ms = {8200, 14600},
		.pause_us = {29100, 60000},
		.done = 437,
		.dirty_rate = 12 << 20,
		.throttle = 20,
		.verdict = HAM_CONVERGE_GOES_ON,
		.needs_rate = 120 << 20,
		.needs_pause_us = 800000,
	};

	return p;
}

static void
expect(const struct ham_progress *p, const char *text)
{
	g_autofree char *line = ham_progress_text("web1", p);

	ck_assert_str_eq(line, text);
}

START_TEST(every_figure)
{
	struct ham_progress p = whole();

	expect(&p,
	       "web1: copy 43 %, 95.2 MiB/s, dirty 12.0 MiB/s, 8-15 s left, "
	       "pause 30-60 ms, throttle 20 %");
}
END_TEST

START_TEST(what_is_unknown_is_left_out)
{
	struct ham_progress p = {.phase = HAM_MIG_PREPARE,
				 .left_ms = {-1, -1},
				 .pause_us = {-1, -1}};

	expect(&p, "web1: prepare");
	p.phase = HAM_MIG_COPY;
	p.left_ms[1] = 3000;
	p.pause_us[0] = 30000;
	expect(&p, "web1: copy, 3 s left, pause > 30 ms");
}
END_TEST

START_TEST(ends_that_are_the_same_are_one_figure)
{
	struct ham_progress p = whole();

	p.left_ms[0] = 14700;
	p.pause_us[1] = p.pause_us[0];
	expect(&p, "web1: copy 43 %, 95.2 MiB/s, dirty 12.0 MiB/s, 15 s left, "
		   "pause 30 ms, throttle 20 %");
}
END_TEST

START_TEST(one_that_does_not_end_says_what_it_needs)
{
	struct ham_progress p = {.phase = HAM_MIG_COPY,
				 .left_ms = {-1, -1},
				 .pause_us = {-1, -1},
				 .verdict = HAM_CONVERGE_NEVER,
				 .needs_rate = 120 << 20,
				 .needs_pause_us = 800000};

	expect(&p, "web1: copy 0 %, does not end with its limits: needs "
		   "120.0 MiB/s or a pause of 800 ms");
	p.needs_rate = 0;
	p.verdict = HAM_CONVERGE_DOUBT;
	expect(&p, "web1: copy 0 %, may not end with its limits: needs a pause "
		   "of 800 ms");
	p.needs_pause_us = 0;
	expect(&p, "web1: copy 0 %, may not end with its limits");
}
END_TEST

START_TEST(due_once_in_ten_seconds)
{
	int64_t next_us = 0;
	unsigned int n = 0;

	/* figures come once a second and a bit */
	for (int64_t now_us = 5 * S; now_us < 65 * S; now_us += 1040000)
		n += ham_progress_due(&next_us, 5 * S, now_us);
	ck_assert_uint_eq(n, 5);
}
END_TEST

START_TEST(not_due_before_ten_seconds)
{
	int64_t next_us = 0;

	ck_assert(!ham_progress_due(&next_us, 5 * S, 6 * S));
	ck_assert(!ham_progress_due(&next_us, 5 * S, 15 * S - 1));
	ck_assert(ham_progress_due(&next_us, 5 * S, 15 * S));
	ck_assert(!ham_progress_due(&next_us, 5 * S, 15 * S + 1));
}
END_TEST

START_TEST(a_long_silence_is_not_made_up_for)
{
	int64_t next_us = 0;

	ck_assert(ham_progress_due(&next_us, 5 * S, 100 * S));
	ck_assert(!ham_progress_due(&next_us, 5 * S, 101 * S));
	ck_assert(ham_progress_due(&next_us, 5 * S, 110 * S));
}
END_TEST

START_TEST(ms_are_rounded_up)
{
	ck_assert_int_eq(ham_us_to_ms_up(0), 0);
	ck_assert_int_eq(ham_us_to_ms_up(1), 1);
	ck_assert_int_eq(ham_us_to_ms_up(1000), 1);
	ck_assert_int_eq(ham_us_to_ms_up(1001), 2);
	ck_assert_int_eq(ham_us_to_ms_up(-1), -1);
	ck_assert_int_eq(ham_us_to_ms_up(INT64_MAX), INT64_MAX / 1000 + 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("progress_text");
	TCase *tcase = tcase_create("log");

	tcase_add_test(tcase, ms_are_rounded_up);
	tcase_add_test(tcase, every_figure);
	tcase_add_test(tcase, what_is_unknown_is_left_out);
	tcase_add_test(tcase, ends_that_are_the_same_are_one_figure);
	tcase_add_test(tcase, one_that_does_not_end_says_what_it_needs);
	tcase_add_test(tcase, due_once_in_ten_seconds);
	tcase_add_test(tcase, not_due_before_ten_seconds);
	tcase_add_test(tcase, a_long_silence_is_not_made_up_for);
	suite_add_tcase(suite, tcase);
	return leaf_run(suite);
}
