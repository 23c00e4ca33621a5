/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_stale.c - a node that stood still and wakes: its guests stop
 * first, and frames that left are told where the guest runs by then
 */
#include <check.h>
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

#define SECOND 1000000

/* n2 has slept for so long; what it does first is in its acts. */
static void
wake(struct bus *bus, int64_t us)
{
	struct ham_event tick = {.kind = HAM_EV_TICK};

	bus->now_us += us;
	g_string_truncate(bus->node[1].acts, 0);
	bus_event(bus, 1, &tick);
}

static void
frames_left(struct bus *bus, uint64_t frames, bool counted)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FRAMES,
				  .guest = "g",
				  .value = frames,
				  .flag = counted};

	bus_event(bus, 1, &event);
}

static unsigned int
times_told(struct bus *bus, unsigned int i, const char *words)
{
	unsigned int n = 0;

	for (const char *at = bus->node[i].notes->str; (at = strstr(at, words));
	     at += strlen(words))
		n++;
	return n;
}

START_TEST(who_wakes_freezes_first_and_goes_on_when_heard)
{
	struct bus *bus = with_replica(LEASE_US, false);

	wake(bus, 3 * SECOND);
	ck_assert_str_eq(bus->node[1].acts->str, "FREEZE ");
	/* the others answer at once: no time has passed */
	bus_run(bus);
	ck_assert_str_eq(bus->node[1].acts->str, "FREEZE THAW ");
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(whatever_wakes_it_comes_after_the_freeze)
{
	struct bus *bus = with_replica(LEASE_US, false);

	/* asleep while it was to be stopped by a migration's end, or the like:
	 * here an order of an operator is what comes first */
	bus->now_us += 3 * SECOND;
	bus_command(bus, 1, HAM_CMD_MIGRATE, 1);
	ck_assert(g_str_has_prefix(bus->node[1].acts->str, "FREEZE "));
	bus_free(bus);
}
END_TEST

START_TEST(a_short_pause_freezes_nobody)
{
	struct bus *bus = with_replica(LEASE_US, false);

	for (int i = 0; i < 5; i++) {
		wake(bus, SECOND);
		ck_assert_str_eq(bus->node[1].acts->str, "");
		bus_run(bus);
	}
	bus_free(bus);
}
END_TEST

START_TEST(a_node_without_guests_need_not_freeze)
{
	struct bus *bus = with_replica(LEASE_US, false);

	g_string_truncate(bus->node[0].acts, 0);
	bus_time(bus, 3 * SECOND);
	ck_assert(!did(bus, 0, "FREEZE"));
	ck_assert(did(bus, 1, "FREEZE"));
	bus_free(bus);
}
END_TEST

START_TEST(over_its_lease_it_is_frozen_and_ended)
{
	struct bus *bus = with_replica(LEASE_US, false);

	wake(bus, 2 * (int64_t)LEASE_US);
	ck_assert_str_eq(bus->node[1].acts->str, "FREEZE KILL ");
	ck_assert(!bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

/* n2 sleeps for less than its lease, an operator vouches for its death, and the
 * guest is started on n1; then n2 wakes. */
static struct bus *
taken_over(void)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus->node[1].up = false; /* it hears nothing, and loses nothing */
	bus->node[1].vcpus = false;
	bus_split(bus, "121");
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	bus_time(bus, SECOND);
	bus_time(bus, SECOND);
	ck_assert(bus->node[0].vcpus);
	bus->node[1].up = true;
	wake(bus, SECOND);
	ck_assert_str_eq(bus->node[1].acts->str, "FREEZE ");
	for (unsigned int i = 0; i < 3; i++)
		g_string_truncate(bus->node[i].notes, 0);
	g_string_truncate(bus->node[0].acts, 0);
	g_string_truncate(bus->node[2].acts, 0);
	return bus;
}

static void
come_back(struct bus *bus)
{
	bus_split(bus, "111");
	bus_run(bus);
	for (int i = 0; i < 30; i++)
		bus_time(bus, SECOND / 4);
}

START_TEST(frames_that_left_are_told_and_the_owner_announces)
{
	struct bus *bus = taken_over();

	frames_left(bus, 7, true);
	ck_assert_uint_eq(times_told(bus, 1,
				     "ALARM:it ran here after a "
				     "standstill: 7 frames"),
			  1);
	come_back(bus);
	ck_assert(did(bus, 1, "KILL"));
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_uint_eq(
			times_told(bus, i,
				   "FRAMES_LEAKED:up to 7 frames left its "
				   "ports on n2 while it may have"),
			1);
	ck_assert(did(bus, 0, "ANNOUNCE"));
	ck_assert(!did(bus, 1, "ANNOUNCE") && !did(bus, 2, "ANNOUNCE"));
	bus_free(bus);
}
END_TEST

START_TEST(frames_that_nobody_counted_are_told_too)
{
	struct bus *bus = taken_over();

	frames_left(bus, 0, false);
	come_back(bus);
	ck_assert_uint_eq(times_told(bus, 0, "FRAMES_LEAKED:frames left"), 1);
	ck_assert(did(bus, 0, "ANNOUNCE"));
	bus_free(bus);
}
END_TEST

START_TEST(what_nobody_else_ran_is_forgotten)
{
	struct bus *bus = with_replica(LEASE_US, false);

	wake(bus, 3 * SECOND);
	frames_left(bus, 7, true);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1); /* a newer epoch */
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	bus_split(bus, "121");
	bus_run(bus);
	come_back(bus);
	ck_assert_uint_eq(times_told(bus, 0, "FRAMES_LEAKED"), 0);
	ck_assert(!did(bus, 0, "ANNOUNCE"));
	bus_free(bus);
}
END_TEST

START_TEST(who_was_frozen_in_time_has_leaked_nothing)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	frames_left(bus, 7, true);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus->node[1].vcpus = false; /* it stands still */
	bus_run(bus);
	bus_time(bus, SECOND / 4);
	bus_time(bus, SECOND / 4);
	ck_assert(bus->node[0].vcpus);
	come_back(bus);
	ck_assert_uint_eq(times_told(bus, 0, "FRAMES_LEAKED"), 0);
	bus_free(bus);
}
END_TEST

/* As after a restart of hamd, whose guest was taken over meanwhile. */
START_TEST(a_stale_guest_that_runs_is_counted_when_it_is_ended)
{
	struct bus *bus = taken_over();

	bus->node[1].silent = BUS_ACT(KILL);
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert(did(bus, 1, "KILL"));
	frames_left(bus, 3, true);
	bus_did(bus, 1, HAM_DID_GONE, "ended", false);
	for (int i = 0; i < 8; i++)
		bus_time(bus, SECOND / 4);
	ck_assert_uint_eq(times_told(bus, 0, "FRAMES_LEAKED:up to 3 frames"),
			  1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("stale");
	TCase *tc = tcase_create("standstill");

	tcase_add_test(tc, who_wakes_freezes_first_and_goes_on_when_heard);
	tcase_add_test(tc, whatever_wakes_it_comes_after_the_freeze);
	tcase_add_test(tc, a_short_pause_freezes_nobody);
	tcase_add_test(tc, a_node_without_guests_need_not_freeze);
	tcase_add_test(tc, over_its_lease_it_is_frozen_and_ended);
	tcase_add_test(tc, frames_that_left_are_told_and_the_owner_announces);
	tcase_add_test(tc, frames_that_nobody_counted_are_told_too);
	tcase_add_test(tc, what_nobody_else_ran_is_forgotten);
	tcase_add_test(tc, who_was_frozen_in_time_has_leaked_nothing);
	tcase_add_test(tc, a_stale_guest_that_runs_is_counted_when_it_is_ended);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
