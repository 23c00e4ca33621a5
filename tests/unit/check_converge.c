/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_converge.c - what is said of migrations, against a model of
 * them (converge_model.h)
 *
 * Each workload is run to the end that the forecast asks for, and that is held
 * against what the model then has.
 */
#include <check.h>
#include <glib.h>

#include "tests/unit/converge_model.h"
#include "tests/unit/leaf_run.h"

#define RAM 1e9
#define FIXED_US 20000
#define MAX_PAUSE_US 150000

enum {
	LOOK_MS = 40,
	THROTTLE_MS = 1000, /* QEMU changes it with a pass, not at once */
	RUN_MS = 200000,
};

struct run {
	struct model model;
	struct ham_converge converge;
	struct ham_converge_limits limits;
	struct ham_converge_view view;
	bool unlimited;
};

static void
begin(struct run *run, struct model model, double link)
{
	*run = (struct run){.model = model};
	run->limits.max_pause_us = MAX_PAUSE_US;
	model_begin(&run->model, RAM, link);
	run->limits.end_us = run->model.now_us + 180 * SECOND;
	ham_converge_begin(&run->converge, (uint64_t)RAM, FIXED_US);
}

static void
look(struct run *run)
{
	struct ham_converge_sample sample = model_sample(&run->model);

	sample.unlimited = run->unlimited;
	ham_converge_take(&run->converge, &sample);
	ham_converge_look(&run->converge, &run->limits, &run->view);
}

/* Until that verdict; false: it never came. */
static bool
until(struct run *run, enum ham_converge_verdict verdict)
{
	for (int ms = 0; ms < RUN_MS; ms++) {
		model_step(&run->model);
		if (ms % LOOK_MS == 0)
			look(run);
		if (run->view.verdict == verdict)
			return true;
		if (ms % THROTTLE_MS == 0)
			run->model.throttle = run->view.throttle;
	}
	return false;
}

static double
real_pause_us(const struct run *run)
{
	return model_all(&run->model) / run->model.link * 1e6 + FIXED_US;
}

static const struct {
	const char *name;
	struct model model;
	double link;
} fitting[] = {
	{"idle", {.set = {{50e6, 1e5, 0, 0}}}, 1e9},
	{"a tenth of the link", {.set = {{500e6, 100e6, 0, 0}}}, 1e9},
	{"half of it", {.set = {{800e6, 500e6, 0, 0}}}, 1e9},
	{"a hot place that fits",
	 {.set = {{20e6, 500e6, 0, 0}, {200e6, 20e6, 0, 0}}},
	 1e9},
	{"a slow link", {.set = {{300e6, 20e6, 0, 0}}}, 125e6},
	{"with disks", {.set = {{300e6, 20e6, 0, 0}}, .disk = 4e9}, 250e6},
	{"with disks, and busy",
	 {.set = {{400e6, 150e6, 0, 0}}, .disk = 2e9},
	 500e6},
};

START_TEST(what_fits_ends_with_the_pause_that_was_said)
{
	struct run run;

	begin(&run, fitting[_i].model, fitting[_i].link);
	ck_assert_msg(until(&run, HAM_CONVERGE_NOW), "%s", fitting[_i].name);
	ck_assert_double_le(real_pause_us(&run), MAX_PAUSE_US);
	/* a millisecond for the model's steps */
	ck_assert_double_ge(real_pause_us(&run),
			    (double)run.view.pause_us[0] - 1000);
	ck_assert_double_le(real_pause_us(&run),
			    (double)run.view.pause_us[1] + 1000);
	ck_assert_int_eq(run.model.throttle, 0);
}
END_TEST

START_TEST(a_long_limit_is_no_reason_for_a_long_pause)
{
	struct run run;

	begin(&run, fitting[_i].model, fitting[_i].link);
	run.limits.max_pause_us = 60 * SECOND;
	ck_assert_msg(until(&run, HAM_CONVERGE_NOW), "%s", fitting[_i].name);
	ck_assert_double_le(real_pause_us(&run), MAX_PAUSE_US);
}
END_TEST

START_TEST(one_slow_pause_does_not_forbid_others)
{
	struct run run;

	begin(&run, fitting[0].model, fitting[0].link);
	ham_converge_begin(&run.converge, (uint64_t)RAM, MAX_PAUSE_US * 2);
	ck_assert(until(&run, HAM_CONVERGE_NOW));
}
END_TEST

static const struct {
	struct model model;
	double link;
} endless[] = {
	{{.set = {{800e6, 2000e6, 0, 0}}}, 1e9},
	{{.set = {{800e6, 200e6, 0, 0}}}, 125e6},
	{{.set = {{300e6, 600e6, 0, 0}, {600e6, 900e6, 0, 0}}}, 1e9},
};

START_TEST(what_never_fits_is_said_to)
{
	struct run run;

	begin(&run, endless[_i].model, endless[_i].link);
	ck_assert(until(&run, HAM_CONVERGE_NEVER));
	/* with a third of its time left, and not at the first look */
	ck_assert_int_lt(run.model.now_us, 60 * SECOND);
	ck_assert_uint_ge(run.converge.syncs, 3);
}
END_TEST

START_TEST(with_the_pause_that_it_needs_it_ends)
{
	struct run run;
	int64_t needed;

	begin(&run, endless[_i].model, endless[_i].link);
	ck_assert(until(&run, HAM_CONVERGE_NEVER));
	needed = run.view.needs_pause_us;
	ck_assert_int_gt(needed, MAX_PAUSE_US);
	begin(&run, endless[_i].model, endless[_i].link);
	run.limits.max_pause_us = needed * 5 / 4;
	ck_assert(until(&run, HAM_CONVERGE_NOW));
	ck_assert_double_le(real_pause_us(&run),
			    (double)run.limits.max_pause_us);
}
END_TEST

START_TEST(with_the_rate_that_it_needs_it_ends)
{
	struct run run;
	double needed;

	begin(&run, endless[_i].model, endless[_i].link);
	ck_assert(until(&run, HAM_CONVERGE_NEVER));
	needed = (double)run.view.needs_rate;
	ck_assert_double_gt(needed, endless[_i].link);
	begin(&run, endless[_i].model, needed * 1.25);
	ck_assert(until(&run, HAM_CONVERGE_NOW));
	ck_assert_double_le(real_pause_us(&run), MAX_PAUSE_US);
}
END_TEST

START_TEST(what_never_fits_ends_with_a_throttle)
{
	struct run run;

	begin(&run, endless[_i].model, endless[_i].link);
	run.limits.throttle_max = 99;
	ck_assert(until(&run, HAM_CONVERGE_NOW));
	ck_assert_double_le(real_pause_us(&run), MAX_PAUSE_US);
	ck_assert_uint_gt(run.model.throttle, 0);
}
END_TEST

START_TEST(no_more_throttle_than_the_policy_has)
{
	struct run run;

	begin(&run, endless[_i].model, endless[_i].link);
	run.limits.throttle_max = 10;
	for (int ms = 0; ms < 30000; ms++) {
		model_step(&run.model);
		if (ms % LOOK_MS == 0)
			look(&run);
		ck_assert_uint_le(run.view.throttle, 10);
		run.model.throttle = run.view.throttle;
	}
}
END_TEST

/* A place that is written over again and again within a pass: half of the time
 * it is written as a whole all the same. */
START_TEST(the_throttle_that_an_area_needs_is_found_at_once)
{
	struct run run;
	unsigned int most = 0, back = 0;

	begin(&run, (struct model){.set = {{96e6, 300e6, 0, 0}}}, 48e6);
	run.limits.max_pause_us = 800000;
	run.limits.throttle_max = 99;
	for (int ms = 0; ms < 60000; ms++) {
		model_step(&run.model);
		if (ms % LOOK_MS == 0)
			look(&run);
		if (run.view.verdict == HAM_CONVERGE_NOW)
			break;
		if (ms % THROTTLE_MS == 0) {
			back += run.view.throttle + 10 < run.model.throttle;
			run.model.throttle = run.view.throttle;
			most = MAX(most, run.model.throttle);
		}
	}
	ck_assert_int_eq(run.view.verdict, HAM_CONVERGE_NOW);
	ck_assert_uint_ge(most, 80);
	ck_assert_uint_eq(back, 0);
}
END_TEST

/* A load that ends: what was taken is given back. */
START_TEST(a_throttle_is_taken_back)
{
	struct run run;

	begin(&run, endless[0].model, endless[0].link);
	run.limits.throttle_max = 30;
	ck_assert(!until(&run, HAM_CONVERGE_NOW));
	ck_assert_uint_eq(run.model.throttle, 30);
	run.limits.end_us += 2 * RUN_MS * 1000LL;
	run.model.disks_lag = true; /* so that it goes on */
	for (int i = 0; i < MODEL_SETS; i++)
		run.model.set[i].rate = 1e6;
	ck_assert(!until(&run, HAM_CONVERGE_NOW));
	ck_assert_uint_eq(run.model.throttle, 0);
}
END_TEST

START_TEST(nothing_is_said_before_anything_is_known)
{
	struct run run;

	begin(&run, fitting[1].model, fitting[1].link);
	for (int ms = 0; ms < 500; ms++)
		model_step(&run.model);
	look(&run);
	model_step(&run.model);
	look(&run);
	ck_assert_int_eq(run.view.verdict, HAM_CONVERGE_UNKNOWN);
	ck_assert_int_eq(run.view.pause_us[1], -1);
	ck_assert_int_eq(run.view.left_us[1], -1);
}
END_TEST

START_TEST(without_its_disks_it_is_not_handed_over)
{
	struct run run;
	struct ham_converge_sample sample;

	begin(&run, fitting[0].model, fitting[0].link);
	ck_assert(until(&run, HAM_CONVERGE_NOW));
	sample = model_sample(&run.model);
	sample.now_us += 1000;
	sample.disks_ready = false;
	sample.disk_left = 100 * MIB;
	sample.disk_rate = 50 * MIB;
	ham_converge_take(&run.converge, &sample);
	ham_converge_look(&run.converge, &run.limits, &run.view);
	ck_assert_int_eq(run.view.verdict, HAM_CONVERGE_GOES_ON);
	ck_assert_int_eq(run.view.left_us[0], 2 * SECOND);
	ck_assert_int_eq(run.view.left_us[1], 2 * SECOND);
}
END_TEST

START_TEST(disks_that_are_late_are_said_to_be)
{
	struct ham_converge c;
	struct ham_converge_view view = {0};
	struct ham_converge_limits limits = {.max_pause_us = MAX_PAUSE_US,
					     .end_us = 60 * SECOND};
	struct ham_converge_sample sample = {.passes = 1,
					     .remaining = 256 * MIB,
					     .paced = true,
					     .disk_rate = 10 * MIB};

	ham_converge_begin(&c, (uint64_t)RAM, FIXED_US);
	for (int64_t s = 1; s <= 30; s++) {
		sample.now_us = s * SECOND;
		sample.disk_left = (uint64_t)(3000 - 10 * s) * MIB;
		ham_converge_take(&c, &sample);
		ham_converge_look(&c, &limits, &view);
		if (view.verdict == HAM_CONVERGE_NEVER)
			break;
	}
	ck_assert_int_eq(view.verdict, HAM_CONVERGE_NEVER);
	ck_assert_int_ge(sample.now_us, 10 * SECOND);
	/* with that it would be in time */
	ck_assert_uint_ge((view.needs_rate + 1) * (uint64_t)(60 - 11),
			  sample.disk_left + sample.remaining);
}
END_TEST

/* The limit is not the network's, which the pause may use. */
START_TEST(a_pause_uses_what_there_is)
{
	struct run run;

	begin(&run, endless[0].model, endless[0].link / 8);
	run.limits.bandwidth = (uint64_t)(endless[0].link / 8);
	for (int ms = 0; ms < 60000; ms++) {
		model_step(&run.model);
		/* for a moment eight times as fast */
		run.model.link = ms % 10000 < 9800 ? endless[0].link / 8
						   : endless[0].link;
		run.unlimited = ms % 10000 >= 9800 + LOOK_MS;
		if (ms % LOOK_MS == 0)
			look(&run);
		ck_assert_int_ne(run.view.verdict, HAM_CONVERGE_NOW);
	}
	ck_assert_uint_ge(run.converge.peak, (uint64_t)(endless[0].link * 0.9));
	ck_assert_double_ge((double)run.view.needs_pause_us * 2,
			    800e6 / endless[0].link * 1e6);
	ck_assert_double_le((double)run.view.needs_pause_us,
			    1000e6 / endless[0].link * 1e6 + FIXED_US);
}
END_TEST

static void
hint(struct run *run, double seconds)
{
	ham_converge_hint(&run->converge, (int64_t)(seconds * 1e6),
			  (uint64_t)model_dirty(&run->model, seconds),
			  run->model.now_us);
}

/* Of all looks at which an end is foretold, how many were right within 30 %? */
START_TEST(forecasts_come_true)
{
	int64_t at[6000], said[6000][2], end_us;
	unsigned int n = 0, right = 0;
	struct run run;

	begin(&run, fitting[_i].model, fitting[_i].link);
	for (int ms = 0; ms < RUN_MS; ms++) {
		model_step(&run.model);
		if (ms % LOOK_MS != 0)
			continue;
		look(&run);
		/* as sampled when it begins: judge.c */
		if (ms == 200)
			hint(&run, 0.1);
		if (ms == 1200)
			hint(&run, 1);
		if (run.view.verdict == HAM_CONVERGE_NOW)
			break;
		if (run.view.left_us[1] < 0)
			continue;
		ck_assert_int_le(run.view.then_us[0], run.view.then_us[1]);
		ck_assert_int_le(run.view.then_us[1], MAX_PAUSE_US);
		at[n] = run.model.now_us;
		said[n][0] = run.view.left_us[0];
		said[n++][1] = run.view.left_us[1];
	}
	end_us = run.model.now_us;
	for (unsigned int i = 0; i < n; i++) {
		int64_t real = end_us - at[i];

		/* one look's time either way */
		if (real + 2 * LOOK_MS * 1000 >= said[i][0] * 7 / 10 &&
		    real - 2 * LOOK_MS * 1000 <= said[i][1] * 13 / 10)
			right++;
	}
	ck_assert_msg(right * 10 >= n * 8, "%s: %u of %u", fitting[_i].name,
		      right, n);
	/* and there was one after a third of the time */
	ck_assert_msg(n == 0 || at[0] - SECOND <= MAX(end_us / 3, 1300000),
		      "%s: not before %d ms", fitting[_i].name,
		      (int)(at[0] / 1000));
}
END_TEST

int
main(void)
{
	int n_fitting = G_N_ELEMENTS(fitting), n_endless = G_N_ELEMENTS(endless);
	Suite *suite = suite_create("converge");
	TCase *tc = tcase_create("model");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, what_fits_ends_with_the_pause_that_was_said, 0,
			    n_fitting);
	tcase_add_loop_test(tc, a_long_limit_is_no_reason_for_a_long_pause, 0,
			    n_fitting);
	tcase_add_test(tc, one_slow_pause_does_not_forbid_others);
	tcase_add_test(tc, disks_that_are_late_are_said_to_be);
	tcase_add_loop_test(tc, what_never_fits_is_said_to, 0, n_endless);
	tcase_add_loop_test(tc, with_the_pause_that_it_needs_it_ends, 0,
			    n_endless);
	tcase_add_loop_test(tc, with_the_rate_that_it_needs_it_ends, 0,
			    n_endless);
	tcase_add_loop_test(tc, what_never_fits_ends_with_a_throttle, 0,
			    n_endless);
	tcase_add_loop_test(tc, no_more_throttle_than_the_policy_has, 0,
			    n_endless);
	tcase_add_test(tc, the_throttle_that_an_area_needs_is_found_at_once);
	tcase_add_test(tc, a_throttle_is_taken_back);
	tcase_add_test(tc, nothing_is_said_before_anything_is_known);
	tcase_add_test(tc, without_its_disks_it_is_not_handed_over);
	tcase_add_test(tc, a_pause_uses_what_there_is);
	tcase_add_loop_test(tc, forecasts_come_true, 0, n_fitting);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
