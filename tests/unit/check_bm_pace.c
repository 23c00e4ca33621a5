/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_pace.c - rates keep to the budget and arrive together */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/leaf_run.h"

#define MIB ((uint64_t)1 << 20)
#define GIB ((uint64_t)1 << 30)

static const uint64_t amounts[] = {0, 1, 4095, MIB, GIB, GIB << 20, UINT64_MAX};

/* Every combination of extremes. */
START_TEST(never_zero_never_above)
{
	for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
		for (size_t k = 0; k < G_N_ELEMENTS(amounts); k++)
			for (size_t m = 0; m < G_N_ELEMENTS(amounts); m++) {
				uint64_t budget = amounts[_i];
				uint64_t most = MAX(budget, 1);
				uint64_t ram =
					ham_bm_pace(amounts[i], amounts[k],
						    amounts[m], budget);
				uint64_t disk =
					ham_bm_pace_disk(amounts[i], amounts[k],
							 amounts[m], budget);

				ck_assert_uint_gt(ram, 0);
				ck_assert_uint_le(ram, most);
				ck_assert_uint_gt(disk, 0);
				ck_assert_uint_le(disk, most);
			}
}
END_TEST

/* While disks remain, both together stay within it. */
START_TEST(together_within_budget)
{
	for (size_t i = 0; i < G_N_ELEMENTS(amounts); i++)
		for (size_t k = 1; k < G_N_ELEMENTS(amounts); k++)
			for (size_t m = 0; m < G_N_ELEMENTS(amounts); m++) {
				uint64_t budget = amounts[_i];
				uint64_t ram =
					ham_bm_pace(amounts[i], amounts[k],
						    amounts[m], budget);
				uint64_t disk = ham_bm_pace_disk(
					amounts[k], amounts[k], ram, budget);

				ck_assert_uint_le(disk, budget - ram);
			}
}
END_TEST

START_TEST(ram_alone_has_all)
{
	ck_assert_uint_eq(ham_bm_pace(GIB, 0, 0, 100 * MIB), 100 * MIB);
	ck_assert_uint_eq(ham_bm_pace(GIB, 0, 7, 100 * MIB), 100 * MIB);
}
END_TEST

START_TEST(shares_by_what_remains)
{
	ck_assert_uint_eq(ham_bm_pace(GIB, 3 * GIB, 0, 100 * MIB), 25 * MIB);
	ck_assert_uint_eq(ham_bm_pace_disk(GIB, 3 * GIB, 25 * MIB, 100 * MIB),
			  25 * MIB);
	ck_assert_uint_eq(
		ham_bm_pace_disk(3 * GIB, 3 * GIB, 25 * MIB, 100 * MIB),
		75 * MIB);
}
END_TEST

/* The disks manage 30 MiB/s only: RAM does not run ahead. */
START_TEST(slow_disks_slow_ram)
{
	ck_assert_uint_eq(ham_bm_pace(GIB, 3 * GIB, 30 * MIB, 100 * MIB),
			  10 * MIB);
}
END_TEST

struct run {
	uint64_t ram, disk[2]; /* bytes to copy */
	uint64_t disk_limit;   /* bytes/s the images can do together */
	uint64_t budget;
};

static const struct run runs[] = {
	{256 * MIB, {512 * MIB, 0}, 1000 * MIB, 800 * MIB},
	{256 * MIB, {512 * MIB, 0}, 60 * MIB, 800 * MIB},
	{8 * GIB, {100 * MIB, 50 * MIB}, 1000 * MIB, 100 * MIB},
	{512 * MIB, {40 * GIB, 8 * GIB}, 200 * MIB, 1000 * MIB},
	{512 * MIB, {40 * GIB, 8 * GIB}, 2000 * MIB, 1000 * MIB},
};

static uint64_t
take(uint64_t *remaining, uint64_t bytes)
{
	uint64_t taken = MIN(*remaining, bytes);

	*remaining -= taken;
	return taken;
}

/* A copy in steps of 50 ms, revised at each, the rate of the disks measured
 * over the last step. */
START_TEST(arrive_together)
{
	struct run r = runs[_i];
	uint64_t rate = 0, step = 0, ram_at = 0, disk_at = 0;

	while (r.ram || r.disk[0] || r.disk[1]) {
		uint64_t disks = r.disk[0] + r.disk[1], done = 0;
		uint64_t ram = ham_bm_pace(r.ram, disks, rate, r.budget);

		for (int d = 0; d < 2; d++) {
			uint64_t speed = ham_bm_pace_disk(r.disk[d], disks, ram,
							  r.budget);

			speed = MIN(speed, r.disk_limit / 2);
			done += take(&r.disk[d], speed / 20);
		}
		rate = done * 20;
		take(&r.ram, ram / 20);
		step++;
		if (r.ram)
			ram_at = step;
		if (r.disk[0] + r.disk[1])
			disk_at = step;
		ck_assert_uint_lt(step, 1000000);
	}
	/* within a tenth of the whole, or the few steps of the start */
	ck_assert_msg(ABS((gint64)(ram_at - disk_at)) <=
			      (gint64)MAX(step / 10, 3),
		      "RAM at step %" G_GUINT64_FORMAT
		      ", disks at %" G_GUINT64_FORMAT,
		      ram_at, disk_at);
}
END_TEST

/* ---- room for the guest ---- */

START_TEST(copies_yield_to_a_guest_that_waits)
{
	unsigned int share = HAM_BM_WHOLE;

	for (int i = 0; i < 3; i++)
		share = ham_bm_yield(share, 100, 100 * 9000, 2000);
	ck_assert_uint_eq(share, HAM_BM_WHOLE / 8);
	for (int i = 0; i < 20; i++)
		share = ham_bm_yield(share, 100, 100 * 90000, 2000);
	ck_assert_uint_eq(share, HAM_BM_WHOLE / 16);
}
END_TEST

START_TEST(copies_grow_again)
{
	unsigned int share = HAM_BM_WHOLE / 16;

	for (int i = 0; i < 20; i++)
		share = ham_bm_yield(share, 100, 100 * 3000, 2000);
	ck_assert_uint_eq(share, HAM_BM_WHOLE);
	/* a guest that asks for nothing, or next to nothing, waits for nothing
	 */
	ck_assert_uint_gt(ham_bm_yield(500, 0, 0, 2000), 500);
	ck_assert_uint_gt(ham_bm_yield(500, 2, 2 * 900000, 2000), 500);
}
END_TEST

/* A mirror alone makes each write longer. */
START_TEST(copies_stay_where_they_are)
{
	ck_assert_uint_eq(ham_bm_yield(500, 100, 100 * 6000, 2000), 500);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_pace");
	TCase *tc = tcase_create("pace");

	tcase_add_loop_test(tc, never_zero_never_above, 0,
			    (int)G_N_ELEMENTS(amounts));
	/* from 4095 on: less can not be shared */
	tcase_add_loop_test(tc, together_within_budget, 2,
			    (int)G_N_ELEMENTS(amounts));
	tcase_add_test(tc, ram_alone_has_all);
	tcase_add_test(tc, shares_by_what_remains);
	tcase_add_test(tc, slow_disks_slow_ram);
	tcase_add_test(tc, copies_yield_to_a_guest_that_waits);
	tcase_add_test(tc, copies_grow_again);
	tcase_add_test(tc, copies_stay_where_they_are);
	tcase_add_loop_test(tc, arrive_together, 0, (int)G_N_ELEMENTS(runs));
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
