/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_handover.c - the core: CUTOVER to OUTCOME
 *
 * Each row of the in-doubt table in doc/protocol.md, and what leads there.
 * Each test is one course on the bus of bus.h: its start, one disturbance, its
 * end.  The bus asserts after every step that the guest's vCPUs run on one node
 * at most.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

START_TEST(cancel_refused_in_handover)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(TAKEOVER));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].last_error, "phase handover"));
	bus_did(bus, 1, HAM_DID_HELD, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(capture_waits_for_destinations_disk)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus->node[1].store_held = true;
	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_IN_DOUBT);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "CAPTURE"));
	bus_store_go(bus, 1);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(capture_failed)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(CAPTURE));

	bus_did(bus, 0, HAM_DID_CAPTURE_FAILED, "the stream broke", false);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_str_eq(bus_guest(bus, 1)->reason, "the stream broke");
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "DISCARD"));
	ck_assert(!ham_guest_is_current(bus_guest(bus, 0), 2));
	bus_free(bus);
}
END_TEST

/* The mirror breaks while CUTOVER is on its way: no write may go on, since
 * the record is about to call the destination's disk current. */
START_TEST(copy_fails_behind_cutover)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_did(bus, 0, HAM_DID_COPY_FAILED, "the mirror broke", false);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_str_eq(bus_guest(bus, 1)->reason, "the mirror broke");
	ck_assert(!ham_guest_is_current(bus_guest(bus, 0), 2));
	bus_free(bus);
}
END_TEST

START_TEST(takeover_failed)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(TAKEOVER));

	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "no lock", false);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

START_TEST(giveback)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));

	bus->node[1].vcpus = false;
	bus_did(bus, 1, HAM_DID_RUN_FAILED, "cont failed", true);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "RESUME"));
	bus_free(bus);
}
END_TEST

/* F2: TAKE went nowhere; D with a majority resumes the very same memory. */
START_TEST(source_cut_off_while_held)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(SILENCE));

	bus_split(bus, "211");
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "RUN"));
	bus_free(bus);
}
END_TEST

/* F3: the other way round; S has not yielded and gets its guest back. */
START_TEST(destination_cut_off_before_take)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(TAKEOVER));

	bus_split(bus, "121");
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert(bus_equal(bus, 0));
	course_expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

/* F5: S has yielded and may not go on; the guest stays down and says why. */
START_TEST(destination_cut_off_after_yield)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));
	struct ham_core_guest_info info;

	bus->node[1].vcpus = false; /* it died before it ran */
	bus_split(bus, "121");
	bus_run(bus);
	bus_time(bus, 5000000);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ham_core_guest_info(bus->node[0].core, bus_guest(bus, 0), &info);
	ck_assert_str_eq(info.state, "in-doubt");
	ck_assert_uint_eq(info.waits_for_node, 2);
	bus_free(bus);
}
END_TEST

/* F6: nobody has a majority; two that meet again decide. */
START_TEST(three_ways_apart)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(SILENCE));

	bus_split(bus, "123");
	bus_run(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_split(bus, "122");
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_split(bus, "111");
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* F35: restarted source, QEMU still running: not yielded. */
START_TEST(source_hamd_restarts_before_stop)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(CAPTURE));

	bus->node[0].vcpus = true; /* `stop` was not sent yet */
	bus_down(bus, 0);
	bus_run(bus);
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_RUNNING, 1, 1);
	bus_run(bus);
	course_expect_owner(bus, 0, 3);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(destination_hamd_restarts_while_held)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(SILENCE));

	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_found(bus, 1, HAM_FOUND_HELD, 2, 1);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

/* The destination ran and died before its OUTCOME was committed: it may not be
 * taken for one that never ran, or the source would go on in the past (I2). */
START_TEST(destination_dies_before_its_outcome)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));

	bus_did(bus, 1, HAM_DID_RAN, NULL, false);
	bus->node[1].vcpus = false;
	bus_did(bus, 1, HAM_DID_GONE, "QEMU died", false);
	bus_split(bus, "111"); /* its proposal is lost */
	bus_run(bus);
	bus_time(bus, 2000000);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "HALT"));
	ck_assert_ptr_null(strstr(bus->node[0].acts->str,
				  "LAUNCH COPY CAPTURE SILENCE LAUNCH"));
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 2);
	bus_free(bus);
}
END_TEST

/* Three answers that come too late, and are of no stage of now. */
START_TEST(late_takeover_failure)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));

	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "late", false);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "DISCARD"));
	bus_did(bus, 1, HAM_DID_RAN, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(late_resume_failure)
{
	struct bus *bus = course_three_with_guest(0);

	bus_did(bus, 0, HAM_DID_RESUME_FAILED, "late", false);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

static unsigned int
resumes(struct bus *bus)
{
	unsigned int n = 0;

	for (const char *at = bus->node[0].acts->str;
	     (at = strstr(at, "RESUME")); at++)
		n++;
	return n;
}

static void
resume_is_refused(struct bus *bus)
{
	bus->node[1].silent = BUS_ACT(TAKEOVER);
	bus->node[0].silent = BUS_ACT(RESUME);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "no", false);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_RESUME_FAILED, "a lock", true);
	bus_run(bus);
}

/* Taken back from a destination that has the lock still, or seems to. */
static struct bus *
resume_refused(void)
{
	struct bus *bus = course_three(0);

	bus->guest.common = true;
	bus->guest.shared = 1;
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	resume_is_refused(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	return bus;
}

START_TEST(a_shared_disk_that_is_locked_is_waited_for)
{
	struct bus *bus = resume_refused();
	struct ham_core_guest_info info;

	ck_assert_uint_eq(resumes(bus), 1);
	ham_core_guest_info(bus->node[0].core, bus_guest(bus, 0), &info);
	ck_assert_ptr_nonnull(strstr(info.waits_for, "lock of its shared"));
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str, "tried again"));
	bus_time(bus, 1900000);
	ck_assert_uint_eq(resumes(bus), 1);
	bus->node[0].silent = 0;
	bus_time(bus, 200000);
	bus_run(bus);
	ck_assert_uint_eq(resumes(bus), 2);
	course_expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

START_TEST(and_may_be_ended_meanwhile)
{
	struct bus *bus = resume_refused();
	struct ham_event kill = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_STOP,
				 .guest = "g",
				 .flag = true,
				 .token = 77};

	bus_event(bus, 2, &kill);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "KILL"));
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	bus_free(bus);
}
END_TEST

/* Its QEMU died as it waited; the next time is told as the first. */
START_TEST(each_hand_over_waits_for_itself)
{
	struct bus *bus = resume_refused();

	bus_did(bus, 0, HAM_DID_GONE, "died", false);
	bus_run(bus);
	bus->node[0].silent = bus->node[1].silent = 0;
	bus_time(bus, 3000000);
	bus_run(bus);
	if (bus_guest(bus, 0)->phase == HAM_GUEST_STOPPED) {
		bus_command(bus, 0, HAM_CMD_START, 1);
		bus_run(bus);
	}
	ck_assert(bus->node[0].vcpus);
	g_string_truncate(bus->node[2].notes, 0);
	resume_is_refused(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str, "tried again"));
	bus_free(bus);
}
END_TEST

/* It may have run: no second try. */
START_TEST(no_second_try_once_cont_was_asked)
{
	struct bus *bus = resume_refused();

	bus_time(bus, 2100000);
	bus_run(bus);
	ck_assert_uint_eq(resumes(bus), 2);
	bus_did(bus, 0, HAM_DID_RESUME_FAILED, "cont", false);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "KILL"));
	bus_free(bus);
}
END_TEST

START_TEST(late_launch_failure)
{
	struct bus *bus = course_three_with_guest(0);

	bus_did(bus, 0, HAM_DID_LAUNCH_FAILED, "late", false);
	bus_run(bus);
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("handover");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, cancel_refused_in_handover);
	tcase_add_test(tc, capture_waits_for_destinations_disk);
	tcase_add_test(tc, capture_failed);
	tcase_add_test(tc, copy_fails_behind_cutover);
	tcase_add_test(tc, takeover_failed);
	tcase_add_test(tc, giveback);
	tcase_add_test(tc, source_cut_off_while_held);
	tcase_add_test(tc, destination_cut_off_before_take);
	tcase_add_test(tc, destination_cut_off_after_yield);
	tcase_add_test(tc, three_ways_apart);
	tcase_add_test(tc, source_hamd_restarts_before_stop);
	tcase_add_test(tc, destination_hamd_restarts_while_held);
	tcase_add_test(tc, destination_dies_before_its_outcome);
	tcase_add_test(tc, late_takeover_failure);
	tcase_add_test(tc, late_resume_failure);
	tcase_add_test(tc, late_launch_failure);
	tcase_add_test(tc, a_shared_disk_that_is_locked_is_waited_for);
	tcase_add_test(tc, and_may_be_ended_meanwhile);
	tcase_add_test(tc, each_hand_over_waits_for_itself);
	tcase_add_test(tc, no_second_try_once_cont_was_asked);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
