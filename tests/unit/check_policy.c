/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_policy.c - the core: the limits of a migration
 *
 * What follows from on_limit, from an operator who sets others meanwhile, and
 * from a pause that takes longer than max_pause.  The bus asserts after every
 * step that the guest's vCPUs run on one node at most.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

#define WHY "it writes more than can be sent"

static void
pass(struct bus *bus, unsigned int seconds)
{
	for (unsigned int i = 0; i < 10 * seconds; i++) {
		bus_time(bus, 100000);
		bus_run(bus);
	}
}

static bool
did(struct bus *bus, unsigned int i, const char *acts)
{
	return strstr(bus->node[i].acts->str, acts) != NULL;
}

static bool
is_told(struct bus *bus, const char *text)
{
	return strstr(bus->node[2].notes->str, text) != NULL;
}

/* Its copy is under way from n1 to n2, and can't keep its limits. */
static struct bus *
at_its_limit(enum ham_on_limit on_limit)
{
	struct bus *bus = course_three_with_guest(1);

	bus->guest.policy.on_limit = (uint8_t)on_limit;
	bus->guest.policy.max_pause_us = 150000;
	bus->node[0].silent = BUS_ACT(COPY);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_LIMIT, WHY, false);
	bus_run(bus);
	return bus;
}

START_TEST(limit_abort_leaves_it_where_it_is)
{
	struct bus *bus = at_its_limit(HAM_LIMIT_ABORT);

	pass(bus, 1);
	course_expect_owner(bus, 0, 1);
	ck_assert_str_eq(bus_guest(bus, 2)->reason, WHY);
	ck_assert(is_told(bus, "MIGRATION_DECIDED"));
	ck_assert(is_told(bus, "MIGRATION_FAILED"));
	bus_free(bus);
}
END_TEST

START_TEST(limit_force_hands_it_over)
{
	struct bus *bus = at_its_limit(HAM_LIMIT_FORCE);

	ck_assert(did(bus, 0, "POLICY"));
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_MIGRATING);
	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(forced_it_may_stand_longer)
{
	struct bus *bus = at_its_limit(HAM_LIMIT_FORCE);

	bus->node[0].silent = BUS_ACT(CAPTURE);
	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	ck_assert(did(bus, 0, "CAPTURE"));
	bus_did(bus, 0, HAM_DID_OVERDUE, NULL, false);
	bus_run(bus);
	ck_assert(!did(bus, 0, "HALT"));
	bus_free(bus);
}
END_TEST

START_TEST(limit_warm_moves_it_by_a_stop)
{
	struct bus *bus = at_its_limit(HAM_LIMIT_WARM);

	pass(bus, 6);
	ck_assert(did(bus, 0, "UNDO"));
	ck_assert(did(bus, 0, "SHUTDOWN"));
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(limit_warm_and_the_destination_is_gone)
{
	struct bus *bus = course_three_with_guest(1);

	bus->guest.policy.on_limit = HAM_LIMIT_WARM;
	bus->node[0].silent = BUS_ACT(COPY) | BUS_ACT(UNDO);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_LIMIT, WHY, false);
	bus_run(bus);
	bus_split(bus, "121");
	bus_run(bus);
	bus->node[0].silent = 0;
	bus_did(bus, 0, HAM_DID_UNDONE, NULL, true);
	bus_run(bus);
	pass(bus, 4);
	ck_assert(!did(bus, 0, "SHUTDOWN"));
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 0);
	course_expect_owner(bus, 0, bus_guest(bus, 2)->epoch);
	bus_free(bus);
}
END_TEST

START_TEST(limit_warm_gives_way_to_a_cancel)
{
	struct bus *bus = course_three_with_guest(1);

	bus->guest.policy.on_limit = HAM_LIMIT_WARM;
	bus->node[0].silent = BUS_ACT(COPY) | BUS_ACT(UNDO);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_LIMIT, WHY, false);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus->node[0].silent = 0;
	bus_did(bus, 0, HAM_DID_UNDONE, NULL, true);
	bus_run(bus);
	pass(bus, 6);
	ck_assert(!did(bus, 0, "SHUTDOWN"));
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	bus_free(bus);
}
END_TEST

/* The destination is slow to be wired, and the guest writes on. */
START_TEST(a_gate_that_is_lost_is_none)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_did(bus, 0, HAM_DID_GATE_LOST, NULL, false);
	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_MIGRATING);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

static void
set(struct bus *bus, unsigned int sets, struct ham_policy policy)
{
	static uint64_t token = 1000000;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_SET,
				  .guest = "g",
				  .value = sets,
				  .policy = &policy,
				  .token = ++token};

	g_strlcpy(bus->node[2].last_error, "no answer",
		  sizeof(bus->node[2].last_error));
	bus_event(bus, 2, &event);
	bus_run(bus);
}

START_TEST(what_is_set_is_told_with_its_figures)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));
	struct ham_policy policy = {.max_pause_us = 5000,
				    .max_duration_us = 7 * G_USEC_PER_SEC,
				    .bandwidth = 1 << 20,
				    .priority = 9,
				    .auto_converge = true,
				    .on_limit = HAM_LIMIT_WARM};
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_SET,
				  .guest = "g",
				  .value = HAM_SET_ALL,
				  .policy = &policy,
				  .text = "uid 5, pid 6",
				  .token = 77};

	bus_event(bus, 2, &event);
	bus_run(bus);
	ck_assert(is_told(bus, "MIGRATION_ASKED:uid 5, pid 6 on n3: set "
			       "max_pause 5 ms, max_duration 7 s, bandwidth "
			       "1048576 bytes/s, priority 9, auto_converge "
			       "yes, on_limit warm"));
	bus_free(bus);
}
END_TEST

/* As the source has them, on each node. */
START_TEST(figures_are_heard_by_all)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));
	struct ham_progress told = {.disk_done = 1,
				    .disk_total = 2,
				    .left_ms = {3000, 4000},
				    .pause_us = {5000, 6000},
				    .done = 700,
				    .throttle = 20,
				    .verdict = HAM_CONVERGE_DOUBT,
				    .needs_rate = 8,
				    .needs_pause_us = 9000};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_PROGRESS,
				  .guest = "g",
				  .progress = &told};

	bus_event(bus, 0, &event);
	bus_did(bus, 0, HAM_DID_DECIDED, "it is slowed down", false);
	bus_run(bus);
	for (unsigned int i = 0; i < 3; i++) {
		struct ham_core_guest_info info;

		ham_core_guest_info(bus->node[i].core, bus_guest(bus, i),
				    &info);
		ck_assert_uint_eq(info.progress.disk_total, 2);
		ck_assert_int_eq(info.progress.left_ms[0], 3000);
		ck_assert_int_eq(info.progress.left_ms[1], 4000);
		ck_assert_int_eq(info.progress.pause_us[1], 6000);
		ck_assert_uint_eq(info.progress.done, 700);
		ck_assert_uint_eq(info.progress.throttle, 20);
		ck_assert_int_eq(info.progress.needs_pause_us, 9000);
	}
	ck_assert(is_told(bus, "MIGRATION_DECIDED:it is slowed down"));
	bus_free(bus);
}
END_TEST

START_TEST(set_is_heard_by_the_copy)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	set(bus, HAM_SET_MAX_PAUSE, (struct ham_policy){.max_pause_us = 5});
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert(did(bus, 0, "POLICY"));
	bus_free(bus);
}
END_TEST

START_TEST(set_holds_for_what_is_set_alone)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	set(bus, HAM_SET_MAX_DURATION,
	    (struct ham_policy){.max_duration_us = 400 * G_USEC_PER_SEC,
				.on_limit = HAM_LIMIT_FORCE});
	pass(bus, 200); /* longer than the cluster file has */
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_MIGRATING);
	bus_did(bus, 0, HAM_DID_LIMIT, WHY, false);
	bus_run(bus);
	pass(bus, 1);
	course_expect_owner(bus, 0, 1); /* on_limit is abort as before */
	bus_free(bus);
}
END_TEST

START_TEST(set_ends_with_its_migration)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	set(bus, HAM_SET_MAX_DURATION,
	    (struct ham_policy){.max_duration_us = 400 * G_USEC_PER_SEC});
	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	pass(bus, 1);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	pass(bus, 181);
	course_expect_owner(bus, 0, 1);
	ck_assert_ptr_nonnull(strstr(bus_guest(bus, 2)->reason, "180 s"));
	bus_free(bus);
}
END_TEST

START_TEST(set_without_a_migration_is_refused)
{
	struct bus *bus = course_three_with_guest(1);

	set(bus, HAM_SET_MAX_PAUSE, (struct ham_policy){.max_pause_us = 5});
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].last_error, "not being migrated"));
	bus_free(bus);
}
END_TEST

START_TEST(set_in_the_hand_over_is_refused)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(CAPTURE));

	set(bus, HAM_SET_MAX_PAUSE, (struct ham_policy){.max_pause_us = 5});
	ck_assert_ptr_nonnull(strstr(bus->node[2].last_error, "has begun"));
	bus_free(bus);
}
END_TEST

/* It came to the source after CUTOVER had. */
START_TEST(set_that_comes_too_late_is_refused)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(CAPTURE));
	struct ham_msg msg = {.kind = HAM_MSG_SET,
			      .guest = "g",
			      .epoch = bus_guest(bus, 0)->epoch,
			      .txn = bus_guest(bus, 0)->txn,
			      .sets = HAM_SET_MAX_PAUSE,
			      .policy = {.max_pause_us = 5}};

	bus_say(bus, 2, 0, &msg);
	bus_run(bus);
	ck_assert(!did(bus, 0, "POLICY"));
	bus_free(bus);
}
END_TEST

START_TEST(overdue_before_take_it_goes_on_where_it_was)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(CAPTURE));

	bus_did(bus, 0, HAM_DID_OVERDUE, NULL, false);
	bus_run(bus);
	pass(bus, 1);
	course_expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(strstr(bus_guest(bus, 2)->reason, "max_pause"));
	bus_free(bus);
}
END_TEST

START_TEST(overdue_as_the_destination_takes_it_goes_there)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(SILENCE));

	ck_assert(did(bus, 0, "SILENCE"));
	bus_did(bus, 0, HAM_DID_OVERDUE, NULL, false);
	bus_run(bus);
	ck_assert(!did(bus, 0, "HALT"));
	bus_did(bus, 0, HAM_DID_SILENCED, NULL, false);
	bus_run(bus);
	pass(bus, 2);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(a_broken_limit_is_told)
{
	struct bus *bus = course_three_with_guest(1);

	bus->guest.policy.max_pause_us = 1;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	while (!did(bus, 1, "RUN "))
		ck_assert(bus_step(bus));
	bus_time(bus, 5000); /* `stop` was sent at 0, as the bus has it */
	bus_run(bus);
	ck_assert(is_told(bus, "limit_us=1"));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("limits");

	tcase_add_test(tc, limit_abort_leaves_it_where_it_is);
	tcase_add_test(tc, limit_force_hands_it_over);
	tcase_add_test(tc, forced_it_may_stand_longer);
	tcase_add_test(tc, limit_warm_moves_it_by_a_stop);
	tcase_add_test(tc, limit_warm_and_the_destination_is_gone);
	tcase_add_test(tc, limit_warm_gives_way_to_a_cancel);
	tcase_add_test(tc, a_gate_that_is_lost_is_none);
	tcase_add_test(tc, what_is_set_is_told_with_its_figures);
	tcase_add_test(tc, figures_are_heard_by_all);
	tcase_add_test(tc, set_is_heard_by_the_copy);
	tcase_add_test(tc, set_holds_for_what_is_set_alone);
	tcase_add_test(tc, set_ends_with_its_migration);
	tcase_add_test(tc, set_without_a_migration_is_refused);
	tcase_add_test(tc, set_in_the_hand_over_is_refused);
	tcase_add_test(tc, set_that_comes_too_late_is_refused);
	tcase_add_test(tc, overdue_before_take_it_goes_on_where_it_was);
	tcase_add_test(tc, overdue_as_the_destination_takes_it_goes_there);
	tcase_add_test(tc, a_broken_limit_is_told);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
