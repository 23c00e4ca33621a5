/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_trial.c - what a migration would be like: reckoned, asked
 *
 * The reckoning with made-up facts; the asking on the bus of bus.h, where a
 * node's facts are so many letters.
 */
#include <string.h>

#include "hamd/core/trial.h"
#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

#define MIB ((uint64_t)1 << 20)
#define MS ((int64_t)1000)
#define SECOND (1000 * MS)

/* ---- the reckoning ---- */

static struct ham_trial_facts facts;
static struct ham_trial_view view;

/* A quiet guest of 1 GiB and a network of 100 MiB/s. */
static void
setup(void)
{
	facts = (struct ham_trial_facts){
		.runs = true,
		.ram_total = 1024 * MIB,
		.ram_used = 500 * MIB,
		.disk_left = 1000 * MIB,
		.dirty = {{100 * MS, MIB}, {SECOND, 4 * MIB}},
		.budget = 100 * MIB,
		.policy = {.max_pause_us = 150 * MS,
			   .max_duration_us = 180 * SECOND},
	};
}

static void
look(void)
{
	ham_trial_look(&facts, &view);
}

static void
says(const char *words)
{
	ck_assert_msg(strstr(view.why, words) != NULL, "%s", view.why);
}

START_TEST(a_quiet_guest_goes_live)
{
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_LIVE);
	ck_assert(ham_trial_is_live(view.kind));
	ck_assert_uint_eq(view.bytes, 1500 * MIB);
	/* 15 s of bytes, and what is around them */
	ck_assert_int_ge(view.duration_us[0], 15 * SECOND);
	ck_assert_int_le(view.duration_us[0], 17 * SECOND);
	ck_assert_int_gt(view.duration_us[1], view.duration_us[0]);
	ck_assert_int_le(view.duration_us[1], 30 * SECOND);
	ck_assert_int_gt(view.pause_us[0], 0);
	ck_assert_int_le(view.pause_us[0], view.pause_us[1]);
	ck_assert_int_le(view.pause_us[1], 150 * MS);
	says("writes 4.0 MiB/s");
}
END_TEST

START_TEST(memory_that_is_empty_is_not_sent)
{
	facts.disk_left = 0;
	facts.ram_used = 2000 * MIB; /* the process is larger than its guest */
	look();
	ck_assert_uint_eq(view.bytes, 1024 * MIB);
}
END_TEST

START_TEST(a_busy_guest_goes_warm)
{
	facts.ram_total = facts.ram_used = 16384 * MIB;
	facts.dirty[0].bytes = 80 * MIB;
	facts.dirty[1].bytes = 800 * MIB;
	facts.policy.max_duration_us = 0;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_WARM);
	ck_assert(!ham_trial_is_live(view.kind));
	ck_assert_uint_gt(view.needs_rate, 100 * MIB);
	ck_assert_int_gt(view.needs_pause_us, 150 * MS);
	says("writes 800 MiB/s of memory and 100 MiB/s are copied");
	says("it needs at least");
	says("or a pause of");
	says("auto_converge = yes");
}
END_TEST

START_TEST(a_busy_guest_that_may_be_slowed_goes_live)
{
	facts.ram_total = facts.ram_used = 16384 * MIB;
	facts.dirty[0].bytes = 80 * MIB;
	facts.dirty[1].bytes = 800 * MIB;
	facts.policy.max_duration_us = 0;
	facts.policy.auto_converge = true;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_SLOWED);
	ck_assert(ham_trial_is_live(view.kind));
	ck_assert_uint_gt(view.throttle, 50);
	ck_assert_int_gt(view.duration_us[1], 0);
	says("slowed down");
}
END_TEST

START_TEST(disks_that_take_too_long_are_copied_before)
{
	facts.disk_left = 1000000 * MIB;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_WARM);
	says("max_duration, which is 180 s");
}
END_TEST

/* At best it is through in 16 s. */
START_TEST(what_may_take_too_long_is_doubtful)
{
	facts.policy.max_duration_us = 18 * SECOND;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_DOUBT);
	ck_assert(ham_trial_is_live(view.kind));
	says("may take longer than max_duration");
}
END_TEST

START_TEST(an_earlier_migration_tells_the_rate)
{
	facts.seen = 10 * MIB;
	facts.dirty[0].bytes = MIB / 4;
	look();
	ck_assert_uint_eq(view.rate, 10 * MIB);
	ck_assert_int_ge(view.duration_us[1], 150 * SECOND);
	/* it may have been slow for once */
	ck_assert_int_le(view.duration_us[0], 17 * SECOND);
	facts.seen = 1000 * MIB;
	look();
	ck_assert_uint_eq(view.rate, 100 * MIB);
}
END_TEST

START_TEST(an_earlier_hand_over_tells_the_pause)
{
	facts.paused_us = 60 * MS;
	look();
	ck_assert_int_le(view.pause_us[0], 60 * MS);
	ck_assert_int_eq(view.pause_us[1], 90 * MS);
}
END_TEST

START_TEST(what_was_not_measured_is_not_known)
{
	facts.dirty[0].span_us = facts.dirty[1].span_us = 0;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_DOUBT);
	ck_assert_int_eq(view.pause_us[1], -1);
	ck_assert_int_eq(view.duration_us[1], -1);
	ck_assert_int_ge(view.duration_us[0], 15 * SECOND);
	says("was not measured");
}
END_TEST

START_TEST(what_is_stopped_goes_cold)
{
	facts.runs = false;
	look();
	ck_assert_int_eq(view.kind, HAM_TRIAL_COLD);
	ck_assert_uint_eq(view.bytes, 1000 * MIB);
	ck_assert_int_eq(view.pause_us[1], -1);
	ck_assert_str_eq(ham_trial_name(view.kind), "cold");
}
END_TEST

/* ---- the asking ---- */

static void
ask(struct bus *bus, uint32_t node)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_TRIAL,
				  .guest = "g",
				  .node = node,
				  .token = 77};

	bus->node[2].last_error[0] = '\0';
	bus->node[2].answers = 0;
	g_string_truncate(bus->node[2].tried, 0);
	bus_event(bus, 2, &event);
	bus_run(bus);
}

static void
heard(struct bus *bus, const char *all)
{
	ck_assert_str_eq(bus->node[2].tried->str, all);
	ck_assert_uint_eq(bus->node[2].answers, 0);
}

/* "g" runs on n1, n3 is asked. */
START_TEST(owner_and_all_others_answer)
{
	struct bus *bus = course_three_with_guest(0);

	ask(bus, 0);
	heard(bus, "1:o 2:d 3:d over:0:");
	ck_assert(bus_equal(bus, 0));
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 0);
	ck_assert_str_eq(bus->node[0].tried->str, "");
	bus_free(bus);
}
END_TEST

START_TEST(only_the_named_one_is_asked)
{
	struct bus *bus = course_three_with_guest(0);

	ask(bus, 2);
	heard(bus, "1:o 2:d over:0:");
	bus_free(bus);
}
END_TEST

START_TEST(long_facts_come_in_pieces)
{
	struct bus *bus = course_three_with_guest(0);
	g_autofree char *whole = g_strnfill(HAM_BLOB_MAX, 'd');
	g_autofree char *all = g_strdup_printf("1:o 2:%s 2: over:0:", whole);
	g_autofree char *more = g_strdup_printf("1:o 2:%s 2:dd over:0:", whole);

	bus->node[1].facts = HAM_BLOB_MAX;
	ask(bus, 2);
	heard(bus, all);
	bus->node[1].facts = HAM_BLOB_MAX + 2;
	ask(bus, 2);
	heard(bus, more);
	bus_free(bus);
}
END_TEST

START_TEST(who_is_silent_is_named)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[1].mute = true;
	ask(bus, 0);
	heard(bus, "1:o 3:d ");
	bus_time(bus, 7 * SECOND);
	heard(bus, "1:o 3:d ");
	bus_time(bus, 2 * SECOND);
	heard(bus, "1:o 3:d over:2:");
	bus_free(bus);
}
END_TEST

START_TEST(another_view_ends_it)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[1].mute = true;
	ask(bus, 0);
	bus_split(bus, "121");
	bus_run(bus);
	bus_time(bus, SECOND);
	ck_assert(strstr(bus->node[2].tried->str,
			 "over:2:the cluster's members have changed") != NULL);
	bus_free(bus);
}
END_TEST

START_TEST(one_that_moves_is_refused)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[1].silent = BUS_ACT(PREPARE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ask(bus, 2);
	ck_assert_str_eq(bus->node[2].tried->str, "");
	ck_assert(strstr(bus->node[2].last_error, "being migrated already") !=
		  NULL);
	bus_free(bus);
}
END_TEST

START_TEST(nobody_to_go_to_is_refused)
{
	struct bus *bus = course_three_with_guest(0);

	ask(bus, 1);
	ck_assert_str_eq(bus->node[2].tried->str, "");
	ck_assert(strstr(bus->node[2].last_error, "no other node") != NULL);
	bus_free(bus);
}
END_TEST

/* ---- an order's checks, without the order ---- */

START_TEST(would_be_refused_for_the_same_reason)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_event drain = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_DRAIN,
				  .guest = "",
				  .node = 2,
				  .token = 78};
	const ham_core *core = bus->node[2].core;
	char why[HAM_TEXT_MAX];

	ck_assert(ham_core_may_migrate(core, "g", 2, why, sizeof(why)));
	ck_assert_str_eq(why, "");
	ck_assert(!ham_core_may_migrate(core, "g", 1, why, sizeof(why)));
	ck_assert_str_eq(why, "g runs on n1 already");
	bus_event(bus, 2, &drain);
	bus_run(bus);
	ck_assert(!ham_core_may_migrate(core, "g", 2, why, sizeof(why)));
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, why);
	ck_assert_uint_eq(ham_core_destination(core, "g"), 3);
	bus_free(bus);
}
END_TEST

START_TEST(without_a_node_it_goes_where_it_fits_best)
{
	struct bus *bus = course_three_with_guest(0);
	uint32_t best = ham_core_destination(bus->node[2].core, "g");

	ck_assert_uint_ne(best, 0);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, best);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("trial");
	TCase *reckoning = tcase_create("reckoning");
	TCase *asking = tcase_create("asking");

	tcase_add_checked_fixture(reckoning, setup, NULL);
	tcase_add_test(reckoning, a_quiet_guest_goes_live);
	tcase_add_test(reckoning, memory_that_is_empty_is_not_sent);
	tcase_add_test(reckoning, a_busy_guest_goes_warm);
	tcase_add_test(reckoning, a_busy_guest_that_may_be_slowed_goes_live);
	tcase_add_test(reckoning, disks_that_take_too_long_are_copied_before);
	tcase_add_test(reckoning, what_may_take_too_long_is_doubtful);
	tcase_add_test(reckoning, an_earlier_migration_tells_the_rate);
	tcase_add_test(reckoning, an_earlier_hand_over_tells_the_pause);
	tcase_add_test(reckoning, what_was_not_measured_is_not_known);
	tcase_add_test(reckoning, what_is_stopped_goes_cold);
	tcase_add_test(asking, owner_and_all_others_answer);
	tcase_add_test(asking, only_the_named_one_is_asked);
	tcase_add_test(asking, long_facts_come_in_pieces);
	tcase_add_test(asking, who_is_silent_is_named);
	tcase_add_test(asking, another_view_ends_it);
	tcase_add_test(asking, one_that_moves_is_refused);
	tcase_add_test(asking, nobody_to_go_to_is_refused);
	tcase_add_test(asking, would_be_refused_for_the_same_reason);
	tcase_add_test(asking, without_a_node_it_goes_where_it_fits_best);
	suite_add_tcase(suite, reckoning);
	suite_add_tcase(suite, asking);
	return leaf_run(suite);
}
