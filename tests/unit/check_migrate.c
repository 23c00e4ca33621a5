/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_migrate.c - the core: a migration up to its gate
 *
 * Refused, called off, failed before CUTOVER, and the next one.
 * Each test is one course on the bus of bus.h: its start, one disturbance, its
 * end.  The bus asserts after every step that the guest's vCPUs run on one node
 * at most.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

START_TEST(second_migration_refused)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_command(bus, 1, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].last_error, "migration 1, n1 -> n2"));
	bus_free(bus);
}
END_TEST

START_TEST(cancel_in_copy)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus_time(bus, 100000);
	ck_assert_str_eq(bus->node[2].last_error, "");
	course_expect_owner(bus, 0, 1);
	ck_assert_str_eq(bus_guest(bus, 2)->reason, "cancelled by an operator");
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "DISCARD"));
	bus_free(bus);
}
END_TEST

START_TEST(cancel_in_prepare)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(PREPARE));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus_time(bus, 100000);
	ck_assert_str_eq(bus->node[2].last_error, "");
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

START_TEST(refused_by_destination)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(PREPARE));

	bus_did(bus, 1, HAM_DID_PREPARE_FAILED, "bridge br0 is missing", false);
	bus_run(bus);
	course_expect_owner(bus, 0, 1);
	ck_assert_str_eq(bus_guest(bus, 0)->reason, "bridge br0 is missing");
	bus_free(bus);
}
END_TEST

START_TEST(destination_qemu_dies_in_copy)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_did(bus, 1, HAM_DID_GONE, "QEMU was killed by signal 9", false);
	bus_run(bus);
	course_expect_owner(bus, 0, 1);
	ck_assert_ptr_nonnull(strstr(bus_guest(bus, 0)->reason, "signal 9"));
	bus_free(bus);
}
END_TEST

START_TEST(destination_lost_in_copy)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_split(bus, "121");
	bus_run(bus);
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

/* An order to go back comes before the source has ended its old QEMU. */
START_TEST(back_while_finishing)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(FINISH));

	course_expect_owner(bus, 1, 2);
	bus_time(bus, COURSE_SETTLED_US);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_FINISHED, NULL, true);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

/* And one that comes before the source has resumed after an abort. */
START_TEST(migrate_while_resuming)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(TAKEOVER));

	bus->node[0].silent = BUS_ACT(RESUME);
	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "no lock", false);
	bus_run(bus);
	bus->node[1].silent = 0;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_RESUMED, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 4);
	bus_free(bus);
}
END_TEST

/* hamd ends amid an undo, which had stopped the guest: the record knows no
 * CUTOVER, so the guest goes on. */
START_TEST(undo_cut_short_by_restart)
{
	struct bus *bus = course_three_with_guest(1);

	bus->node[0].silent = BUS_ACT(COPY) | BUS_ACT(UNDO);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "COPY UNDO"));
	bus_down(bus, 0);
	bus_run(bus);
	bus->node[0].silent = 0;
	bus->node[0].vcpus = false;
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_PAUSED, 1, 1);
	bus_run(bus);
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("migrate");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, second_migration_refused);
	tcase_add_test(tc, cancel_in_copy);
	tcase_add_test(tc, cancel_in_prepare);
	tcase_add_test(tc, refused_by_destination);
	tcase_add_test(tc, destination_qemu_dies_in_copy);
	tcase_add_test(tc, destination_lost_in_copy);
	tcase_add_test(tc, back_while_finishing);
	tcase_add_test(tc, migrate_while_resuming);
	tcase_add_test(tc, undo_cut_short_by_restart);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
