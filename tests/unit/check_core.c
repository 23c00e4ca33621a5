/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_core.c - whole courses of the core, on the bus of bus.h
 *
 * Each test is one course: its start, one disturbance, its end.  The bus
 * asserts after every step that the guest's vCPUs run on one node at most.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/bus.h"

enum {
	SETTLED_US = 1100000, /* evaluate.c: all is tidied up by then */
};

static struct bus *
three(unsigned int replicas)
{
	struct bus *bus = bus_new(3, replicas);

	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	return bus;
}

static struct bus *
three_with_guest(unsigned int replicas)
{
	struct bus *bus = three(replicas);

	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(bus->node[0].vcpus);
	return bus;
}

/* A migration 1 -> 2 begun at node 3 and stopped where `act` of `node` would
 * have been answered. */
static struct bus *
migrating_until(unsigned int node, uint64_t act)
{
	struct bus *bus = three_with_guest(1);

	bus->node[node].silent = act;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	return bus;
}

static void
expect_owner(struct bus *bus, unsigned int node, uint64_t epoch)
{
	for (unsigned int i = 0; i < bus->n; i++) {
		const struct ham_guest *g;

		if (!bus->node[i].up || !bus_active(bus, i))
			continue;
		g = bus_guest(bus, i);
		ck_assert_int_eq(g->phase, HAM_GUEST_STARTED);
		ck_assert_uint_eq(g->owner, node + 1);
		ck_assert_uint_eq(g->epoch, epoch);
	}
	ck_assert(bus->node[node].vcpus);
	ck_assert_uint_eq(bus_runners(bus), 1);
}

START_TEST(first_start_needs_all)
{
	struct bus *bus = bus_new(3, 0);
	struct ham_core_view view;

	bus_up(bus, 0);
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(!bus_active(bus, 0));
	ham_core_get_view(bus->node[0].core, &view);
	ck_assert_ptr_nonnull(strstr(view.waiting_for, "n3"));
	bus_up(bus, 2);
	bus_run(bus);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(bus_active(bus, i));
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(start_stop)
{
	struct bus *bus = three_with_guest(0);

	ck_assert_uint_eq(bus_guest(bus, 2)->epoch, 1);
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[1].last_error, "");
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert(!bus_guest(bus, 2)->wanted);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(start_refused_without_current_copy)
{
	struct bus *bus = three_with_guest(0);

	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_command(bus, 1, HAM_CMD_START, 2);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].last_error, "no current copy"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(no_start_without_quorum)
{
	struct bus *bus = three(0);

	bus_split(bus, "123");
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[0].last_error, "no decisions"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* PROMOTE before QEMU starts: nothing runs while only one disk has it. */
START_TEST(start_waits_for_commit)
{
	struct bus *bus = three(0);

	bus->node[1].store_held = bus->node[2].store_held = true;
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_store_go(bus, 2);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(migrate_keeps_replica)
{
	struct bus *bus = three_with_guest(1);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_time(bus, SETTLED_US);
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
	struct bus *bus = three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_time(bus, SETTLED_US);
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
	struct bus *bus = three_with_guest(1);

	for (unsigned int k = 0; k < 4; k++) {
		unsigned int to = k % 2 ? 0 : 1;

		bus_command(bus, 2, HAM_CMD_MIGRATE, to + 1);
		bus_run(bus);
		ck_assert_str_eq(bus->node[2].last_error, "");
		expect_owner(bus, to, k + 2);
	}
	bus_free(bus);
}
END_TEST

/* Back at once: what is left of the old copy is closed, then built anew. */
START_TEST(back_before_the_old_copy_is_closed)
{
	struct bus *bus = three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, SETTLED_US);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[0].acts->str, "FINISH CLOSE PREPARE WIRE"));
	bus_free(bus);
}
END_TEST

/* What is left of the move waits until the guest has warmed up. */
START_TEST(tidies_up_later)
{
	struct bus *bus = three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_time(bus, 1000);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "FINISH"));
	bus_time(bus, 300000);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "FINISH"));
	ck_assert_ptr_null(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_time(bus, SETTLED_US);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	bus_free(bus);
}
END_TEST

/* Back before that: the old copy is still equal, and nothing is copied. */
START_TEST(back_before_tidied_up)
{
	struct bus *bus = three_with_guest(0);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	bus_command(bus, 0, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[0].acts->str, "FINISH PREPARE WIRE"));
	bus_free(bus);
}
END_TEST

/* Its old disk is given up while the old QEMU is still being ended: the daemon
 * serves on until the owner has let go, and nothing is killed. */
START_TEST(given_up_while_finishing)
{
	struct bus *bus = three_with_guest(0);

	bus->node[0].silent = BUS_ACT(FINISH);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, SETTLED_US);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "SLOT_DROP"));
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_FINISHED, NULL, false);
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
	struct bus *bus = three_with_guest(1);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, SETTLED_US);
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
	expect_owner(bus, 1, 2);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].acts->str, "COPY UNDO SLOT_DROP"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "MIGRATION_FAILED"));
	bus_did(bus, 1, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

/* The same behind the gate: whichever of OUTDATED and CUTOVER is first in the
 * order voids the other. */
START_TEST(replica_fails_at_the_gate)
{
	struct bus *bus = moving_back_to_replica(0);

	expect_owner(bus, 0, 3);
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
	expect_owner(bus, 1, 2);
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
	expect_owner(bus, 2, 3);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].acts->str, "UNDO SLOT_DROP COPY CAPTURE"));
	bus_free(bus);
}
END_TEST

/* A copy that nobody serves is given up by its own node: the owner of an idle
 * guest would not notice, and a move there would copy over what counts. */
START_TEST(unserved_copy_gives_itself_up)
{
	struct bus *bus = three_with_guest(1);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, SETTLED_US);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	bus_did(bus, 0, HAM_DID_CLOSED, NULL, false);
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
	bus_did(bus, 0, HAM_DID_DISCARDED, NULL, false);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "CLOSE"));
	bus_free(bus);
}
END_TEST

START_TEST(second_migration_refused)
{
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus_command(bus, 1, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].last_error, "migration 1, n1 -> n2"));
	bus_free(bus);
}
END_TEST

START_TEST(cancel_in_copy)
{
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus_time(bus, 100000);
	ck_assert_str_eq(bus->node[2].last_error, "");
	expect_owner(bus, 0, 1);
	ck_assert_str_eq(bus_guest(bus, 2)->reason, "cancelled by an operator");
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "DISCARD"));
	bus_free(bus);
}
END_TEST

START_TEST(cancel_in_prepare)
{
	struct bus *bus = migrating_until(1, BUS_ACT(PREPARE));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	bus_time(bus, 100000);
	ck_assert_str_eq(bus->node[2].last_error, "");
	expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

START_TEST(cancel_refused_in_handover)
{
	struct bus *bus = migrating_until(1, BUS_ACT(TAKEOVER));

	bus_command(bus, 2, HAM_CMD_CANCEL, 0);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].last_error, "phase handover"));
	bus_did(bus, 1, HAM_DID_HELD, NULL, false);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(refused_by_destination)
{
	struct bus *bus = migrating_until(1, BUS_ACT(PREPARE));

	bus_did(bus, 1, HAM_DID_PREPARE_FAILED, "bridge br0 is missing", false);
	bus_run(bus);
	expect_owner(bus, 0, 1);
	ck_assert_str_eq(bus_guest(bus, 0)->reason, "bridge br0 is missing");
	bus_free(bus);
}
END_TEST

START_TEST(destination_qemu_dies_in_copy)
{
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus_did(bus, 1, HAM_DID_GONE, "QEMU was killed by signal 9", false);
	bus_run(bus);
	expect_owner(bus, 0, 1);
	ck_assert_ptr_nonnull(strstr(bus_guest(bus, 0)->reason, "signal 9"));
	bus_free(bus);
}
END_TEST

START_TEST(destination_lost_in_copy)
{
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus_split(bus, "121");
	bus_run(bus);
	expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

START_TEST(capture_waits_for_destinations_disk)
{
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus->node[1].store_held = true;
	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_IN_DOUBT);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "CAPTURE"));
	bus_store_go(bus, 1);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(capture_failed)
{
	struct bus *bus = migrating_until(0, BUS_ACT(CAPTURE));

	bus_did(bus, 0, HAM_DID_CAPTURE_FAILED, "the stream broke", false);
	bus_run(bus);
	expect_owner(bus, 0, 3);
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
	struct bus *bus = migrating_until(0, BUS_ACT(COPY));

	bus_did(bus, 0, HAM_DID_OFFERED, NULL, false);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_GATE, NULL, false);
	bus_did(bus, 0, HAM_DID_COPY_FAILED, "the mirror broke", false);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert_str_eq(bus_guest(bus, 1)->reason, "the mirror broke");
	ck_assert(!ham_guest_is_current(bus_guest(bus, 0), 2));
	bus_free(bus);
}
END_TEST

/* An order to go back comes before the source has ended its old QEMU. */
START_TEST(back_while_finishing)
{
	struct bus *bus = migrating_until(0, BUS_ACT(FINISH));

	expect_owner(bus, 1, 2);
	bus_time(bus, SETTLED_US);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_FINISHED, NULL, false);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

/* And one that comes before the source has resumed after an abort. */
START_TEST(migrate_while_resuming)
{
	struct bus *bus = migrating_until(1, BUS_ACT(TAKEOVER));

	bus->node[0].silent = BUS_ACT(RESUME);
	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "no lock", false);
	bus_run(bus);
	bus->node[1].silent = 0;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_did(bus, 0, HAM_DID_RESUMED, NULL, false);
	bus_run(bus);
	expect_owner(bus, 1, 4);
	bus_free(bus);
}
END_TEST

/* A guest that does not heed its power button can still be ended. */
START_TEST(kill_after_stop)
{
	struct bus *bus = three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SHUTDOWN);
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STARTED);
	{
		struct ham_event event = {.kind = HAM_EV_COMMAND,
					  .command = HAM_CMD_STOP,
					  .guest = "g",
					  .flag = true,
					  .token = 999};
		bus_event(bus, 1, &event);
	}
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	bus_free(bus);
}
END_TEST

START_TEST(takeover_failed)
{
	struct bus *bus = migrating_until(1, BUS_ACT(TAKEOVER));

	bus_did(bus, 1, HAM_DID_TAKEOVER_FAILED, "no lock", false);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

START_TEST(giveback)
{
	struct bus *bus = migrating_until(1, BUS_ACT(RUN));

	bus->node[1].vcpus = false;
	bus_did(bus, 1, HAM_DID_RUN_FAILED, "cont failed", true);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert_ptr_nonnull(strstr(bus->node[0].acts->str, "RESUME"));
	bus_free(bus);
}
END_TEST

/* F2: TAKE went nowhere; D with a majority resumes the very same memory. */
START_TEST(source_cut_off_while_held)
{
	struct bus *bus = migrating_until(0, BUS_ACT(SILENCE));

	bus_split(bus, "211");
	bus_run(bus);
	expect_owner(bus, 1, 2);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "RUN"));
	bus_free(bus);
}
END_TEST

/* F3: the other way round; S has not yielded and gets its guest back. */
START_TEST(destination_cut_off_before_take)
{
	struct bus *bus = migrating_until(1, BUS_ACT(TAKEOVER));

	bus_split(bus, "121");
	bus_run(bus);
	expect_owner(bus, 0, 3);
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert(bus_equal(bus, 0));
	expect_owner(bus, 0, 3);
	bus_free(bus);
}
END_TEST

/* F5: S has yielded and may not go on; the guest stays down and says why. */
START_TEST(destination_cut_off_after_yield)
{
	struct bus *bus = migrating_until(1, BUS_ACT(RUN));
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
	struct bus *bus = migrating_until(0, BUS_ACT(SILENCE));

	bus_split(bus, "123");
	bus_run(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_split(bus, "122");
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_split(bus, "111");
	bus_run(bus);
	expect_owner(bus, 1, 2);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* F35: restarted source, QEMU still running: not yielded. */
START_TEST(source_hamd_restarts_before_stop)
{
	struct bus *bus = migrating_until(0, BUS_ACT(CAPTURE));

	bus->node[0].vcpus = true; /* `stop` was not sent yet */
	bus_down(bus, 0);
	bus_run(bus);
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_RUNNING, 1, 1);
	bus_run(bus);
	expect_owner(bus, 0, 3);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(destination_hamd_restarts_while_held)
{
	struct bus *bus = migrating_until(0, BUS_ACT(SILENCE));

	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_found(bus, 1, HAM_FOUND_HELD, 2, 1);
	bus_run(bus);
	expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

START_TEST(restart_with_guest_running)
{
	struct bus *bus = three_with_guest(0);

	bus_down(bus, 0);
	bus_run(bus);
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_RUNNING, 1, 0);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	expect_owner(bus, 0, 1);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_free(bus);
}
END_TEST

/* The destination ran and died before its OUTCOME was committed: it may not be
 * taken for one that never ran, or the source would go on in the past (I2). */
START_TEST(destination_dies_before_its_outcome)
{
	struct bus *bus = migrating_until(1, BUS_ACT(RUN));

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

/* hamd ends amid an undo, which had stopped the guest: the record knows no
 * CUTOVER, so the guest goes on. */
START_TEST(undo_cut_short_by_restart)
{
	struct bus *bus = three_with_guest(1);

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
	expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

/* Which disk it was only QEMU can tell, by trying again; no copy is given up
 * on a guess. */
START_TEST(found_stopped_by_an_error)
{
	struct bus *bus = three_with_guest(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = HAM_FOUND_RUNNING,
				  .flag = true,
				  .guest = "g",
				  .epoch = 2,
				  .node = 1};

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, SETTLED_US);
	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_event(bus, 1, &event);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "RETRY"));
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

/* F67: a QEMU of an old epoch is ended before its node counts again. */
START_TEST(stale_qemu_killed_before_stored)
{
	struct bus *bus = three_with_guest(0);
	struct ham_core_view view;

	bus_down(bus, 0);
	bus_run(bus);
	bus->node[0].silent = BUS_ACT(KILL);
	bus_up(bus, 0);
	bus->node[0].vcpus = false;
	bus_found(bus, 0, HAM_FOUND_RUNNING, 99, 0);
	bus_run(bus);
	ham_core_get_view(bus->node[1].core, &view);
	ck_assert_uint_eq(view.counted & 1, 0);
	bus_did(bus, 0, HAM_DID_GONE, "killed", false);
	bus_run(bus);
	ham_core_get_view(bus->node[1].core, &view);
	ck_assert_uint_eq(view.counted & 1, 1);
	bus_free(bus);
}
END_TEST

START_TEST(owner_gone_waits_for_proof)
{
	struct bus *bus = three_with_guest(0);
	struct ham_core_guest_info info;

	bus_split(bus, "211");
	bus_run(bus);
	bus_time(bus, 60000000);
	ck_assert_uint_eq(bus_runners(bus), 1);
	ham_core_guest_info(bus->node[1].core, bus_guest(bus, 1), &info);
	ck_assert_str_eq(info.state, "unknown");
	ck_assert_uint_eq(info.waits_for_node, 1);
	bus_free(bus);
}
END_TEST

/* OUTDATED is committed before held writes go on. */
START_TEST(lost_replica)
{
	struct bus *bus = three_with_guest(1);

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

/* What a minority delivered last is dropped when it returns. */
START_TEST(tentative_tail_dropped)
{
	struct bus *bus = three(0);

	bus->node[1].store_held = bus->node[2].store_held = true;
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(bus_guest(bus, 0));
	bus_down(bus, 1);
	bus_down(bus, 2);
	bus_split(bus, "122");
	bus_up(bus, 1);
	bus_up(bus, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 1));
	ck_assert_ptr_null(bus_guest(bus, 1));
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert_ptr_null(bus_guest(bus, 0));
	ck_assert(bus_equal(bus, 0));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(whole_cluster_restarts)
{
	struct bus *bus = three_with_guest(0);

	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].vcpus = false;
	}
	bus_run(bus);
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_up(bus, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 1));
	ck_assert_uint_eq(bus_guest(bus, 1)->epoch, 1);
	bus_up(bus, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("core");
	TCase *tc = tcase_create("courses");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, first_start_needs_all);
	tcase_add_test(tc, start_stop);
	tcase_add_test(tc, start_refused_without_current_copy);
	tcase_add_test(tc, no_start_without_quorum);
	tcase_add_test(tc, start_waits_for_commit);
	tcase_add_test(tc, migrate_keeps_replica);
	tcase_add_test(tc, migrate_without_replicas_drops_the_old_disk);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, back_before_the_old_copy_is_closed);
	tcase_add_test(tc, tidies_up_later);
	tcase_add_test(tc, back_before_tidied_up);
	tcase_add_test(tc, given_up_while_finishing);
	tcase_add_test(tc, replica_fails_while_memory_goes_to_it);
	tcase_add_test(tc, replica_fails_at_the_gate);
	tcase_add_test(tc, destination_dies_before_its_outcome);
	tcase_add_test(tc, next_migration_before_the_undo);
	tcase_add_test(tc, replica_prepares_after_discard);
	tcase_add_test(tc, unserved_copy_gives_itself_up);
	tcase_add_test(tc, undo_cut_short_by_restart);
	tcase_add_test(tc, found_stopped_by_an_error);
	tcase_add_test(tc, second_migration_refused);
	tcase_add_test(tc, cancel_in_copy);
	tcase_add_test(tc, cancel_in_prepare);
	tcase_add_test(tc, cancel_refused_in_handover);
	tcase_add_test(tc, refused_by_destination);
	tcase_add_test(tc, destination_qemu_dies_in_copy);
	tcase_add_test(tc, destination_lost_in_copy);
	tcase_add_test(tc, capture_waits_for_destinations_disk);
	tcase_add_test(tc, capture_failed);
	tcase_add_test(tc, copy_fails_behind_cutover);
	tcase_add_test(tc, back_while_finishing);
	tcase_add_test(tc, migrate_while_resuming);
	tcase_add_test(tc, kill_after_stop);
	tcase_add_test(tc, takeover_failed);
	tcase_add_test(tc, giveback);
	tcase_add_test(tc, source_cut_off_while_held);
	tcase_add_test(tc, destination_cut_off_before_take);
	tcase_add_test(tc, destination_cut_off_after_yield);
	tcase_add_test(tc, three_ways_apart);
	tcase_add_test(tc, source_hamd_restarts_before_stop);
	tcase_add_test(tc, destination_hamd_restarts_while_held);
	tcase_add_test(tc, restart_with_guest_running);
	tcase_add_test(tc, stale_qemu_killed_before_stored);
	tcase_add_test(tc, owner_gone_waits_for_proof);
	tcase_add_test(tc, lost_replica);
	tcase_add_test(tc, tentative_tail_dropped);
	tcase_add_test(tc, whole_cluster_restarts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
