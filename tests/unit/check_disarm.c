/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_disarm.c - the core: a node's guests go on without a lease
 *
 * Each test is one course on the bus of bus.h: three nodes, guest "g" on n2,
 * its copy on n1 (deaths.h).
 */
#include <string.h>

#include "hamd/core/state.h"
#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

enum {
	SHORT_S = 60
};

static void
order(struct bus *bus, unsigned int i, enum ham_command command,
      uint64_t seconds)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = "",
				  .node = 2,
				  .value = seconds,
				  .token = command == HAM_CMD_REST ? 0 : 7};

	bus->node[i].last_error[0] = '\0';
	bus_event(bus, i, &event);
	bus_run(bus);
}

/* Its watchdog is as it was ordered. */
static void
answer(struct bus *bus, unsigned int i)
{
	struct ham_event event = {.kind = HAM_EV_WATCHDOG,
				  .value =
					  bus->node[i].disarmed ? 0 : LEASE_US};

	bus_event(bus, i, &event);
	bus_run(bus);
}

static unsigned int
flags(struct bus *bus)
{
	return ham_record_node_flags(ham_core_record(bus->node[0].core), 2);
}

static struct bus *
disarmed(bool fences)
{
	struct bus *bus = with_replica(LEASE_US, fences);

	pass(bus, 3);
	order(bus, 0, HAM_CMD_DISARM, SHORT_S);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(did(bus, 1, "DISARM"));
	answer(bus, 1);
	pass(bus, 3);
	ck_assert(!ham_core_is_armed(bus->node[0].core, 2));
	return bus;
}

/* corosync is restarted there, and that takes longer than the lease. */
START_TEST(it_goes_on_without_a_quorum)
{
	struct bus *bus = disarmed(false);

	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 4 * WAIT_US / 1000000);
	ck_assert(bus->node[1].vcpus);
	ck_assert(!bus->node[1].frozen);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	bus_free(bus);
}
END_TEST

START_TEST(not_disarmed_it_ends)
{
	struct bus *bus = with_replica(LEASE_US, false);

	pass(bus, 3);
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	pass(bus, WAIT_US / 1000000);
	ck_assert(!bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

/* It says so to nobody, and closes nothing, before a majority has stored it. */
START_TEST(nothing_is_closed_before_it_is_committed)
{
	struct bus *bus = with_replica(LEASE_US, false);

	pass(bus, 3);
	bus->node[0].store_held = bus->node[2].store_held = true;
	order(bus, 0, HAM_CMD_DISARM, SHORT_S);
	bus_time(bus, 1000000);
	ck_assert_uint_eq(flags(bus), HAM_NODE_DISARMED);
	ck_assert(!did(bus, 1, "DISARM"));
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	bus_free(bus);
}
END_TEST

START_TEST(its_devices_wait_until_it_is_over)
{
	struct bus *bus = disarmed(true);

	power_cut(bus, 1, "121");
	pass(bus, SHORT_S - 10);
	ck_assert(!did(bus, 0, "FENCE2"));
	pass(bus, 10);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_fenced(bus, 0, true);
	bus_run(bus);
	pass(bus, 2);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 1);
	ck_assert_uint_eq(flags(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(an_operators_word_counts_at_once)
{
	struct bus *bus = disarmed(true);

	power_cut(bus, 1, "121");
	order(bus, 0, HAM_CMD_CONFIRM_OFF, 0);
	pass(bus, 2);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 1);
	bus_free(bus);
}
END_TEST

/* It is bound by a lease, and armed, before others count on that. */
START_TEST(armed_again_by_order)
{
	struct bus *bus = disarmed(false);

	order(bus, 2, HAM_CMD_ARM, 0);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert(did(bus, 1, " ARM"));
	pass(bus, 3);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	answer(bus, 1);
	pass(bus, 3);
	ck_assert_uint_eq(flags(bus), 0);
	ck_assert(ham_core_is_armed(bus->node[0].core, 2));
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	bus_free(bus);
}
END_TEST

START_TEST(armed_again_when_it_is_over)
{
	struct bus *bus = disarmed(false);

	pass(bus, SHORT_S - 10);
	ck_assert(!did(bus, 1, " ARM"));
	pass(bus, 10);
	ck_assert(did(bus, 1, " ARM"));
	answer(bus, 1);
	pass(bus, 1);
	ck_assert_uint_eq(flags(bus), 0);
	bus_free(bus);
}
END_TEST

/* Alone it has no lease, so that nothing may be armed. */
START_TEST(not_armed_without_a_lease)
{
	struct bus *bus = disarmed(false);

	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 2 * SHORT_S);
	ck_assert(!did(bus, 1, " ARM"));
	ck_assert(bus->node[1].vcpus);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 3);
	ck_assert(did(bus, 1, " ARM"));
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(who_is_not_armed_again_proves_nothing)
{
	struct bus *bus = disarmed(false);

	order(bus, 2, HAM_CMD_ARM, 0);
	bus_split(bus, "121");
	bus_run(bus);
	/* but its lease binds from then on */
	ck_assert(bus->node[1].frozen);
	pass(bus, 4 * WAIT_US / 1000000);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	bus_free(bus);
}
END_TEST

/* A driver lets nobody close its watchdog. */
START_TEST(what_cannot_be_disarmed_stays_bound)
{
	struct bus *bus = with_replica(LEASE_US, false);
	struct ham_event refused = {.kind = HAM_EV_WATCHDOG,
				    .value = LEASE_US,
				    .flag = true,
				    .text = "its driver has nowayout"};

	pass(bus, 3);
	order(bus, 0, HAM_CMD_DISARM, SHORT_S);
	bus_event(bus, 1, &refused);
	bus_run(bus);
	pass(bus, 2);
	ck_assert_uint_eq(flags(bus), 0);
	ck_assert(strstr(bus->node[0].notes->str,
			 "n2 is not disarmed: its driver has nowayout"));
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	bus_free(bus);
}
END_TEST

static struct bus *
rested(void)
{
	struct bus *bus = with_replica(LEASE_US, true);

	pass(bus, 3);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	ck_assert(did(bus, 1, "DISARM"));
	answer(bus, 1);
	bus_down(bus, 1);
	bus_run(bus);
	return bus;
}

/* hamd is away for longer than the lease, and arms it when it is back. */
START_TEST(a_hamd_that_was_stopped_comes_back)
{
	struct bus *bus = rested();

	pass(bus, 2 * LEASE_US / 1000000);
	g_string_truncate(bus->node[1].acts, 0);
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert(bus->node[1].vcpus);
	ck_assert(did(bus, 1, "ARM"));
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	answer(bus, 1);
	pass(bus, 3);
	ck_assert_uint_eq(flags(bus), 0);
	ck_assert(bus->node[1].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 2);
	bus_free(bus);
}
END_TEST

/* Its corosync is restarted with it, and it comes back to nobody at first. */
START_TEST(and_comes_back_without_a_quorum)
{
	struct bus *bus = rested();

	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 2 * LEASE_US / 1000000);
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 2 * LEASE_US / 1000000);
	ck_assert(bus->node[1].vcpus);
	ck_assert(!bus->node[1].frozen);
	ck_assert(!did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* It was declared dead meanwhile, by an operator: what it runs is no more. */
START_TEST(dead_meanwhile_it_is_a_newcomer)
{
	struct bus *bus = rested();

	bus_split(bus, "121");
	bus_run(bus);
	/* what the operator saw was this */
	bus->node[1].vcpus = false;
	order(bus, 0, HAM_CMD_CONFIRM_OFF, 0);
	pass(bus, 2);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 1);
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert(!ham_core_is_leaseless(bus->node[1].core));
	ck_assert(!bus->node[1].disarmed);
	ck_assert_uint_eq(bus_guest(bus, 1)->owner, 1);
	bus_free(bus);
}
END_TEST

START_TEST(an_operators_time_outlives_a_restart)
{
	struct bus *bus = disarmed(true);

	order(bus, 1, HAM_CMD_REST, 5);
	ck_assert_uint_eq(flags(bus), HAM_NODE_DISARMED);
	bus_down(bus, 1);
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 10);
	ck_assert_uint_eq(flags(bus), HAM_NODE_DISARMED);
	ck_assert(!did(bus, 1, " ARM"));
	bus_free(bus);
}
END_TEST

START_TEST(orders_that_do_not_fit)
{
	struct bus *bus = with_replica(LEASE_US, false);

	pass(bus, 3);
	order(bus, 0, HAM_CMD_ARM, 0);
	ck_assert_str_eq(bus->node[0].last_error, "n2: it is not disarmed");
	bus_down(bus, 1);
	bus_run(bus);
	order(bus, 0, HAM_CMD_DISARM, SHORT_S);
	ck_assert_str_eq(bus->node[0].last_error,
			 "n2: its hamd is not here to do that");
	bus_free(bus);
}
END_TEST

static bool
is_told(struct bus *bus, unsigned int i)
{
	return did(bus, i, "DISARM");
}

/* What it said to end the state of before comes behind a new order, and is no
 * end of that: else others would wait for its lease, which it has none of. */
START_TEST(an_old_end_ends_no_new_order)
{
	struct bus *bus = disarmed(false);
	struct ham_event again = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_DISARM,
				  .guest = "",
				  .node = 2,
				  .value = SHORT_S,
				  .token = 8};
	struct ham_event armed = {.kind = HAM_EV_WATCHDOG, .value = LEASE_US};
	struct ham_event closed = {.kind = HAM_EV_WATCHDOG};
	struct ham_event tick = {.kind = HAM_EV_TICK};

	order(bus, 2, HAM_CMD_ARM, 0);
	pass(bus, 1);
	ck_assert(did(bus, 1, " ARM"));
	g_string_truncate(bus->node[1].acts, 0);
	/* the others hear that it is armed, and its word of the end is late */
	bus_event(bus, 0, &again);
	bus_event(bus, 1, &armed);
	bus_event(bus, 1, &tick);
	while (!is_told(bus, 1))
		ck_assert(bus_step(bus));
	/* cut off as soon as it was told to close its watchdog */
	bus->node[1].ring = (struct ham_ring){9, 9};
	bus_run(bus);
	bus_event(bus, 1, &closed);
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(!did(bus, 1, "KILL"));
	pass(bus, 4 * WAIT_US / 1000000);
	ck_assert(bus->node[1].vcpus);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	bus_free(bus);
}
END_TEST

/* A hamd that is stopped says so until it is recorded. */
START_TEST(a_word_that_was_lost_is_said_again)
{
	struct bus *bus = with_replica(LEASE_US, false);
	struct ham_event rest = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_REST,
				 .guest = "",
				 .value = SHORT_S};

	pass(bus, 3);
	bus_event(bus, 1, &rest);
	bus_split(bus, "111"); /* and it is lost */
	bus_run(bus);
	pass(bus, 4);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	ck_assert(is_told(bus, 1));
	bus_free(bus);
}
END_TEST

/* It was in the record here alone, and the others have gone on without. */
START_TEST(what_was_not_committed_is_said_again)
{
	struct bus *bus = with_replica(LEASE_US, false);
	struct ham_event rest = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_REST,
				 .guest = "",
				 .value = SHORT_S};

	pass(bus, 3);
	bus_event(bus, 1, &rest);
	ck_assert(bus_step(bus));
	bus->node[0].ring = bus->node[2].ring = (struct ham_ring){9, 9};
	bus_run(bus);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[1].core), 2),
		HAM_NODE_RESTS);
	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 1);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 3);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	ck_assert(is_told(bus, 1));
	bus_free(bus);
}
END_TEST

/* What an operator asked for is no more than asked for, yet. */
START_TEST(a_stop_closes_nothing_before_it_is_committed)
{
	struct bus *bus = with_replica(LEASE_US, false);

	pass(bus, 3);
	bus->node[0].store_held = bus->node[2].store_held = true;
	order(bus, 0, HAM_CMD_DISARM, SHORT_S * 2);
	ck_assert_uint_eq(flags(bus), HAM_NODE_DISARMED);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	ck_assert(!is_told(bus, 1));
	bus_free(bus);
}
END_TEST

/* Its hamd was killed before it had closed its watchdog. */
START_TEST(whose_watchdog_is_armed_is_bound)
{
	struct bus *bus = with_replica(LEASE_US, false);

	pass(bus, 3);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	bus->node[1].disarmed = false;
	bus_down(bus, 1);
	bus_split(bus, "121");
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(!ham_core_is_leaseless(bus->node[1].core));
	bus_free(bus);
}
END_TEST

/* n1 was away from the end of one rest to the begin of the next. */
START_TEST(each_rest_has_its_own_time)
{
	struct bus *bus = disarmed(true);

	bus_split(bus, "211");
	bus_run(bus);
	pass(bus, SHORT_S + 5);
	answer(bus, 1);
	pass(bus, 3);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[2].core), 2),
		0);
	pass(bus, 60);
	order(bus, 2, HAM_CMD_DISARM, SHORT_S);
	answer(bus, 1);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 2);
	ck_assert_uint_eq(flags(bus), HAM_NODE_DISARMED);
	power_cut(bus, 1, "121");
	pass(bus, SHORT_S - 20);
	ck_assert(!did(bus, 0, "FENCE2"));
	pass(bus, 30);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* Of two, who is left may be restarted meanwhile. */
START_TEST(one_of_two_waits_for_it_after_a_restart)
{
	struct bus *bus = bus_new(2, 1);

	bus->two_node = true;
	bus->fences = true;
	bus_split(bus, "11");
	for (unsigned int i = 0; i < 2; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	pass(bus, 2);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	bus_down(bus, 1);
	bus_split(bus, "12");
	bus_run(bus);
	pass(bus, 3);
	ck_assert(!did(bus, 0, "FENCE2"));
	bus_down(bus, 0);
	bus_up(bus, 0);
	bus_run(bus);
	pass(bus, SHORT_S - 10);
	ck_assert(!did(bus, 0, "FENCE2"));
	pass(bus, 20);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* An operator's time is nearly over: a stop has its own all the same. */
START_TEST(a_rest_outlives_an_operators_time)
{
	struct bus *bus = disarmed(true);

	pass(bus, SHORT_S - 10);
	g_string_truncate(bus->node[1].acts, 0);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	/* else the hamd that is stopped would wait for it */
	ck_assert(is_told(bus, 1));
	bus_down(bus, 1);
	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 20);
	ck_assert(!did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* A driver lets nobody close its watchdog, and hamd is stopped: its lease
 * binds, so that others may count on that. */
START_TEST(who_cannot_rest_says_so)
{
	struct bus *bus = with_replica(LEASE_US, false);
	struct ham_event refused = {.kind = HAM_EV_WATCHDOG,
				    .value = LEASE_US,
				    .flag = true,
				    .text = "its driver has nowayout"};

	pass(bus, 3);
	order(bus, 1, HAM_CMD_REST, SHORT_S);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	bus_event(bus, 1, &refused);
	bus_run(bus);
	ck_assert_uint_eq(flags(bus), 0);
	bus_free(bus);
}
END_TEST

/* Nothing is armed, as it can't be; others may still have heard of before. */
START_TEST(unarmed_it_is_heard_first)
{
	struct bus *bus = disarmed(false);
	struct ham_event none = {.kind = HAM_EV_WATCHDOG};

	order(bus, 2, HAM_CMD_ARM, 0);
	ck_assert(did(bus, 1, " ARM"));
	bus_event(bus, 1, &none);
	bus_run(bus);
	ck_assert_uint_eq(flags(bus), HAM_NODE_RESTS);
	pass(bus, 3);
	ck_assert_uint_eq(flags(bus), 0);
	ck_assert(!ham_core_is_armed(bus->node[0].core, 2));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("disarm");
	TCase *tc = tcase_create("disarm");

	tcase_add_test(tc, it_goes_on_without_a_quorum);
	tcase_add_test(tc, not_disarmed_it_ends);
	tcase_add_test(tc, nothing_is_closed_before_it_is_committed);
	tcase_add_test(tc, its_devices_wait_until_it_is_over);
	tcase_add_test(tc, an_operators_word_counts_at_once);
	tcase_add_test(tc, armed_again_by_order);
	tcase_add_test(tc, armed_again_when_it_is_over);
	tcase_add_test(tc, not_armed_without_a_lease);
	tcase_add_test(tc, who_is_not_armed_again_proves_nothing);
	tcase_add_test(tc, what_cannot_be_disarmed_stays_bound);
	tcase_add_test(tc, a_hamd_that_was_stopped_comes_back);
	tcase_add_test(tc, and_comes_back_without_a_quorum);
	tcase_add_test(tc, dead_meanwhile_it_is_a_newcomer);
	tcase_add_test(tc, an_operators_time_outlives_a_restart);
	tcase_add_test(tc, orders_that_do_not_fit);
	tcase_add_test(tc, an_old_end_ends_no_new_order);
	tcase_add_test(tc, a_word_that_was_lost_is_said_again);
	tcase_add_test(tc, what_was_not_committed_is_said_again);
	tcase_add_test(tc, a_stop_closes_nothing_before_it_is_committed);
	tcase_add_test(tc, whose_watchdog_is_armed_is_bound);
	tcase_add_test(tc, each_rest_has_its_own_time);
	tcase_add_test(tc, one_of_two_waits_for_it_after_a_restart);
	tcase_add_test(tc, a_rest_outlives_an_operators_time);
	tcase_add_test(tc, who_cannot_rest_says_so);
	tcase_add_test(tc, unarmed_it_is_heard_first);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
