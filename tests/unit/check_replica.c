/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_replica.c - the core: copies of a guest's disk
 *
 * Who holds one after a migration, when it is given up, who serves it.
 * Each test is one course on the bus of bus.h: its start, one disturbance, its
 * end.  The bus asserts after every step that the guest's vCPUs run on one node
 * at most.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

START_TEST(migrate_keeps_replica)
{
	struct bus *bus = course_three_with_guest(1);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_time(bus, COURSE_SETTLED_US);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_str_eq(bus->node[0].acts->str,
			 "LAUNCH COPY CAPTURE SILENCE FINISH ");
	ck_assert_str_eq(bus->node[1].acts->str,
			 "PREPARE WIRE RELEASE TAKEOVER RUN ");
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "MIGRATION_DONE"));
	bus_free(bus);
}
END_TEST

START_TEST(migrate_without_replicas_drops_the_old_disk)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_time(bus, COURSE_SETTLED_US);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	/* served until the owner has let go, then closed */
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "CLOSE"));
	bus_time(bus, 3000000);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "CLOSE"));
	bus_free(bus);
}
END_TEST

START_TEST(there_and_back)
{
	struct bus *bus = course_three_with_guest(1);

	for (unsigned int k = 0; k < 4; k++) {
		unsigned int to = k % 2 ? 0 : 1;

		bus_command(bus, 2, HAM_CMD_MIGRATE, to + 1);
		bus_run(bus);
		ck_assert_str_eq(bus->node[2].last_error, "");
		course_expect_owner(bus, to, k + 2);
	}
	bus_free(bus);
}
END_TEST

/* Back at once: what is left of the old copy is closed, then built anew. */
START_TEST(back_before_the_old_copy_is_closed)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[0].acts->str, "FINISH CLOSE PREPARE WIRE"));
	bus_free(bus);
}
END_TEST

/* What is left of the move waits until the guest has warmed up. */
START_TEST(tidies_up_later)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_time(bus, 1000);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "FINISH"));
	bus_time(bus, 300000);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "FINISH"));
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_time(bus, COURSE_SETTLED_US);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_free(bus);
}
END_TEST

/* Back before that: the old copy is still equal, and nothing is copied. */
START_TEST(back_before_tidied_up)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	bus_command(bus, 0, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[0].acts->str, "FINISH PREPARE WIRE"));
	bus_free(bus);
}
END_TEST

/* Its old disk is given up while the old QEMU is still being ended: the daemon
 * serves on until the owner has let go, and nothing is killed. */
START_TEST(given_up_while_finishing)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(FINISH);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_FINISHED, NULL, true);
	bus_time(bus, 3000000);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "CLOSE"));
	bus_free(bus);
}
END_TEST

/* Back to a live replica only memory is copied: once the replica has refused a
 * write, CUTOVER must not call its disk current again. */
static struct bus *
moving_back_to_replica(uint64_t silent)
{
	struct bus *bus = course_three_with_guest(1);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	bus->node[1].silent = silent;
	bus_command(bus, 0, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "COPY"));
	return bus;
}

static void
replica_refuses(struct bus *bus)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_REPLICA_ERROR,
				  .guest = "g",
				  .node = 1};

	bus_event(bus, 1, &event);
	bus_run(bus);
}

START_TEST(replica_fails_while_memory_goes_to_it)
{
	struct bus *bus = moving_back_to_replica(BUS_ACT(COPY));

	replica_refuses(bus);
	course_expect_owner(bus, 1, 2);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].acts->str, "COPY UNDO SLOT_DROP"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "MIGRATION_FAILED"));
	bus_did(bus, 1, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

/* The same behind the gate: whichever of OUTDATED and CUTOVER is first in the
 * order voids the other. */
START_TEST(replica_fails_at_the_gate)
{
	struct bus *bus = moving_back_to_replica(0);

	course_expect_owner(bus, 0, 3);
	bus_free(bus);
	bus = moving_back_to_replica(BUS_ACT(COPY));
	bus->node[0].store_held = bus->node[2].store_held = true;
	replica_refuses(bus);
	bus_did(bus, 1, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 1, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "CAPTURE"));
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_store_go(bus, 0);
	bus_store_go(bus, 2);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "CAPTURE"));
	bus_free(bus);
}
END_TEST

/* A next migration comes before the end of the last one is committed: the old
 * copy's gate is not the new one's. */
START_TEST(next_migration_before_the_undo)
{
	struct bus *bus = moving_back_to_replica(BUS_ACT(COPY));

	bus->node[0].store_held = bus->node[2].store_held = true;
	replica_refuses(bus);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	bus_did(bus, 1, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 1, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	bus->node[1].silent = 0;
	bus_store_go(bus, 0);
	bus_store_go(bus, 2);
	bus_run(bus);
	bus_time(bus, 1000000);
	course_expect_owner(bus, 2, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].acts->str, "UNDO SLOT_DROP COPY CAPTURE"));
	bus_free(bus);
}
END_TEST

/* A copy that can't be served any more is given up by its own node: the owner
 * of an idle guest would not notice, and a move there would copy over what
 * counts. */
START_TEST(unserved_copy_gives_itself_up)
{
	struct bus *bus = course_three_with_guest(1);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	bus->node[0].silent = BUS_ACT(SERVE);
	bus_did(bus, 0, HAM_DID_CLOSED, NULL, false);
	bus_did(bus, 0, HAM_DID_SERVE_FAILED, "as the test has it", false);
	bus_run(bus);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_free(bus);
}
END_TEST

/* Again to the replica that is still ending the last attempt. */
START_TEST(replica_prepares_after_discard)
{
	struct bus *bus = moving_back_to_replica(BUS_ACT(COPY));

	bus->node[0].silent = BUS_ACT(DISCARD);
	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus->node[1].silent = 0;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	bus->node[0].silent = 0;
	bus_did(bus, 0, HAM_DID_DISCARDED, NULL, true);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "CLOSE"));
	bus_free(bus);
}
END_TEST

/* OUTDATED is committed before held writes go on. */
START_TEST(lost_replica)
{
	struct bus *bus = course_three_with_guest(1);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	g_string_truncate(bus->node[1].acts, 0);
	bus->node[2].store_held = true;
	bus_split(bus, "211");
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_store_go(bus, 2);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	ck_assert(!ham_guest_is_current(bus_guest(bus, 1), 1));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("replica");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, migrate_keeps_replica);
	tcase_add_test(tc, migrate_without_replicas_drops_the_old_disk);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, back_before_the_old_copy_is_closed);
	tcase_add_test(tc, tidies_up_later);
	tcase_add_test(tc, back_before_tidied_up);
	tcase_add_test(tc, given_up_while_finishing);
	tcase_add_test(tc, replica_fails_while_memory_goes_to_it);
	tcase_add_test(tc, replica_fails_at_the_gate);
	tcase_add_test(tc, next_migration_before_the_undo);
	tcase_add_test(tc, unserved_copy_gives_itself_up);
	tcase_add_test(tc, replica_prepares_after_discard);
	tcase_add_test(tc, lost_replica);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
