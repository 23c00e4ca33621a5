/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_move.c - the core: a guest moves by a stop, warm or cold
 *
 * Each test is one course on the bus of bus.h.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

enum {
	SECOND_US = 1000000
};

static void
pass(struct bus *bus, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++) {
		bus_time(bus, SECOND_US);
		bus_run(bus);
	}
}

static bool
did(struct bus *bus, unsigned int node, const char *act)
{
	return strstr(bus->node[node].acts->str, act) != NULL;
}

static bool
is_told(struct bus *bus, const char *words)
{
	return strstr(bus->node[2].notes->str, words) != NULL;
}

static void
move(struct bus *bus, uint32_t node, bool cold)
{
	static uint64_t token = 5000;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_MOVE,
				  .guest = "g",
				  .node = node,
				  .flag = cold,
				  .token = ++token};

	bus_event(bus, 2, &event);
	bus_run(bus);
}

static void
forget(struct bus *bus)
{
	for (unsigned int i = 0; i < bus->n; i++)
		g_string_truncate(bus->node[i].acts, 0);
}

START_TEST(warm)
{
	struct bus *bus = course_three_with_guest(0);
	uint64_t epoch = bus_guest(bus, 2)->epoch;

	forget(bus);
	move(bus, 2, false);
	pass(bus, 4);
	ck_assert(did(bus, 0, "SLOT_FILL SHUTDOWN"));
	course_expect_owner(bus, 1, epoch + 3);
	ck_assert(is_told(bus, "MIGRATION_DONE"));
	bus_command(bus, 2, HAM_CMD_STOP, 0); /* another matter */
	bus_run(bus);
	ck_assert(!is_told(bus, "MIGRATION_FAILED"));
	bus_free(bus);
}
END_TEST

START_TEST(warm_leaves_a_copy)
{
	struct bus *bus = course_three_with_guest(1);

	pass(bus, 3);
	forget(bus);
	move(bus, 2, false);
	pass(bus, 2);
	ck_assert(did(bus, 0, "SHUTDOWN SERVE") && did(bus, 1, "LAUNCH"));
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	bus_free(bus);
}
END_TEST

/* It has what its owner has, but for nobody knows what. */
START_TEST(warm_and_not_equal_stays)
{
	struct bus *bus = course_three_with_guest(0);
	uint64_t epoch = bus_guest(bus, 2)->epoch;

	bus->node[0].silent = BUS_ACT(SHUTDOWN);
	move(bus, 2, false);
	pass(bus, 4);
	ck_assert(did(bus, 0, "SHUTDOWN"));
	bus_did(bus, 0, HAM_DID_GONE, "it powered off", true);
	bus_run(bus);
	pass(bus, 2);
	course_expect_owner(bus, 0, epoch + 3);
	ck_assert(is_told(bus, "MIGRATION_FAILED"));
	bus_free(bus);
}
END_TEST

/* It may power off at any time, and is started again then. */
START_TEST(not_called_off_once_it_was_asked)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SHUTDOWN);
	move(bus, 2, false);
	pass(bus, 4);
	bus_command(bus, 1, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].last_error, "shut down to be moved"));
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 2);
	bus_free(bus);
}
END_TEST

/* Its storage daemon took all writes; but nobody could start it there. */
START_TEST(warm_and_its_destinations_hamd_is_away)
{
	struct bus *bus = course_three_with_guest(0);
	uint64_t epoch = bus_guest(bus, 2)->epoch;
	struct ham_event gone = {.kind = HAM_EV_DID,
				 .did = HAM_DID_GONE,
				 .guest = "g",
				 .flag = true,
				 .value = HAM_ENDED_EQUAL};

	bus->node[0].silent = BUS_ACT(SHUTDOWN);
	move(bus, 2, false);
	pass(bus, 4);
	bus_down(bus, 1);
	bus_run(bus);
	bus->node[0].vcpus = false;
	bus_event(bus, 0, &gone);
	bus_run(bus);
	pass(bus, 8);
	course_expect_owner(bus, 0, epoch + 3);
	bus_free(bus);
}
END_TEST

/* An order of an earlier life of the guest, given on every node. */
START_TEST(warm_after_a_kill)
{
	struct bus *bus = course_three_with_guest(1);
	struct ham_event kill = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_STOP,
				 .guest = "g",
				 .flag = true,
				 .token = 4999};

	pass(bus, 3);
	bus_event(bus, 2, &kill);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_START, 2);
	bus_run(bus);
	pass(bus, 6);
	forget(bus);
	move(bus, 3, false);
	pass(bus, 4);
	ck_assert(did(bus, 1, "SHUTDOWN") && !did(bus, 1, "KILL"));
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 3);
	bus_free(bus);
}
END_TEST

/* Before it was asked to. */
START_TEST(warm_and_the_guest_powers_off)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	move(bus, 2, false);
	pass(bus, 3);
	bus_did(bus, 0, HAM_DID_GONE, "it powered off", true);
	bus_run(bus);
	pass(bus, 2);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert(!bus_guest(bus, 2)->wanted);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	bus_free(bus);
}
END_TEST

START_TEST(warm_and_called_off)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	move(bus, 2, false);
	pass(bus, 3);
	bus_command(bus, 1, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	pass(bus, 3);
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 0);
	ck_assert(is_told(bus, "MIGRATION_FAILED:an operator"));
	ck_assert(did(bus, 0, "SLOT_DROP") && !did(bus, 0, "SHUTDOWN"));
	bus_free(bus);
}
END_TEST

START_TEST(warm_and_its_destination_goes)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	move(bus, 2, false);
	pass(bus, 3);
	bus_down(bus, 1);
	bus_run(bus);
	pass(bus, 2);
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 0);
	ck_assert(!did(bus, 0, "SHUTDOWN"));
	bus_free(bus);
}
END_TEST

/* An order does not go on for ever where there is no room. */
START_TEST(warm_and_there_is_no_room)
{
	struct bus *bus = course_three_with_guest(0);
	unsigned int tries = 0;

	bus->node[1].silent = BUS_ACT(SERVE);
	forget(bus);
	move(bus, 2, false);
	for (unsigned int i = 0; i < 60 && bus_guest(bus, 2)->move_to; i++) {
		pass(bus, 1);
		if (!did(bus, 1, "SERVE"))
			continue;
		forget(bus);
		tries++;
		bus_did(bus, 1, HAM_DID_SERVE_FAILED, "no room", false);
		bus_run(bus);
	}
	ck_assert_uint_eq(tries, 3);
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 0);
	ck_assert(is_told(bus, "MIGRATION_FAILED:a copy can't be made"));
	ck_assert(!did(bus, 0, "SHUTDOWN"));
	/* another order is another matter */
	move(bus, 2, false);
	pass(bus, 2);
	ck_assert_uint_eq(bus_guest(bus, 2)->move_to, 2);
	bus_free(bus);
}
END_TEST

static struct bus *
stopped(unsigned int replicas)
{
	struct bus *bus = course_three_with_guest(replicas);

	pass(bus, 3);
	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	forget(bus);
	return bus;
}

START_TEST(cold)
{
	struct bus *bus = stopped(0);

	move(bus, 2, true);
	pass(bus, 4);
	ck_assert_str_eq(bus->node[0].acts->str, "LAUNCH SLOT_FILL KILL ");
	ck_assert(!did(bus, 1, "LAUNCH"));
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert(bus_guest(bus, 2)->clean);
	bus_free(bus);
}
END_TEST

START_TEST(cold_to_a_copy_is_at_once)
{
	struct bus *bus = stopped(1);

	move(bus, 2, true);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert_str_eq(bus->node[0].acts->str, "");
	ck_assert(is_told(bus, "MIGRATION_DONE"));
	bus_free(bus);
}
END_TEST

/* Found paused by another life of hamd: it is ended, and never resumed. */
START_TEST(cold_and_hamd_is_restarted)
{
	struct bus *bus = stopped(0);
	uint64_t epoch;

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	move(bus, 2, true);
	pass(bus, 3);
	epoch = bus_guest(bus, 2)->epoch;
	bus_down(bus, 0);
	bus_run(bus);
	forget(bus);
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_PAUSED, epoch, 0);
	bus_run(bus);
	pass(bus, 2);
	ck_assert(did(bus, 0, "KILL") && !did(bus, 0, "RESUME"));
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	bus_free(bus);
}
END_TEST

/* No copy is made, and none is waited for. */
START_TEST(warm_on_shared_disks)
{
	struct bus *bus = course_three(0);
	uint64_t epoch;

	bus->guest.common = true;
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	epoch = bus_guest(bus, 2)->epoch;
	forget(bus);
	move(bus, 2, false);
	pass(bus, 4);
	ck_assert(did(bus, 0, "SHUTDOWN"));
	ck_assert(!did(bus, 0, "SLOT_FILL"));
	ck_assert(!did(bus, 1, "SERVE"));
	course_expect_owner(bus, 1, epoch + 3);
	ck_assert(is_told(bus, "MIGRATION_DONE"));
	bus_free(bus);
}
END_TEST

START_TEST(refused)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].last_error, "runs on n1 already"));
	move(bus, 2, true);
	ck_assert_ptr_nonnull(strstr(bus->node[2].last_error, "is running"));
	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[2].last_error, "--mode cold"));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("move");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, warm);
	tcase_add_test(tc, warm_leaves_a_copy);
	tcase_add_test(tc, warm_and_not_equal_stays);
	tcase_add_test(tc, warm_and_the_guest_powers_off);
	tcase_add_test(tc, not_called_off_once_it_was_asked);
	tcase_add_test(tc, warm_and_its_destinations_hamd_is_away);
	tcase_add_test(tc, warm_after_a_kill);
	tcase_add_test(tc, warm_and_called_off);
	tcase_add_test(tc, warm_and_its_destination_goes);
	tcase_add_test(tc, warm_and_there_is_no_room);
	tcase_add_test(tc, cold);
	tcase_add_test(tc, cold_to_a_copy_is_at_once);
	tcase_add_test(tc, cold_and_hamd_is_restarted);
	tcase_add_test(tc, warm_on_shared_disks);
	tcase_add_test(tc, refused);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
