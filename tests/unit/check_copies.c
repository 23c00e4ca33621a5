/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_copies.c - the core: copies made, kept and waited for
 *
 * Each test is one course on the bus of bus.h.  What becomes of copies in and
 * after a migration alone is in check_replica.c.
 */
#include <string.h>

#include "hamd/core/message.h"
#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

enum {
	SECOND_US = 1000000
};

static enum ham_replica_state
state_of(struct bus *bus, uint32_t node)
{
	const struct ham_replica *r =
		ham_guest_replica(bus_guest(bus, 2), node);

	return r ? (enum ham_replica_state)r->state : HAM_REPLICA_ABSENT;
}

static bool
did(struct bus *bus, unsigned int node, const char *acts)
{
	return strstr(bus->node[node].acts->str, acts) != NULL;
}

static void
forget_acts(struct bus *bus)
{
	for (unsigned int i = 0; i < bus->n; i++)
		g_string_truncate(bus->node[i].acts, 0);
}

/* Seconds, with a tick in each. */
static void
pass(struct bus *bus, unsigned int seconds)
{
	for (unsigned int k = 0; k < seconds; k++)
		bus_time(bus, SECOND_US);
}

/* On n1, with so many current copies: on n2, then n3. */
static struct bus *
with_copies(unsigned int n)
{
	struct bus *bus = course_three_with_guest(n);

	bus->guest.replica_timeout_us = 3 * SECOND_US;
	pass(bus, 2 + n);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_int_eq(state_of(bus, 3),
			 n > 1 ? HAM_REPLICA_CURRENT : HAM_REPLICA_ABSENT);
	forget_acts(bus);
	return bus;
}

static void
stop(struct bus *bus)
{
	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
}

static void
refuses_a_write(struct bus *bus, unsigned int owner, uint32_t node, bool silent)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_REPLICA_ERROR,
				  .guest = "g",
				  .flag = silent,
				  .node = node};

	bus_event(bus, owner, &event);
	bus_run(bus);
}

START_TEST(made_by_itself)
{
	struct bus *bus = course_three_with_guest(1);

	pass(bus, 2);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_str_eq(bus->node[0].acts->str, "LAUNCH SLOT_FILL ");
	ck_assert_str_eq(bus->node[1].acts->str, "SERVE ");
	ck_assert_str_eq(bus->node[2].acts->str, "");
	pass(bus, 5);
	ck_assert_str_eq(bus->node[0].acts->str, "LAUNCH SLOT_FILL ");
	bus_free(bus);
}
END_TEST

START_TEST(counts_only_when_filled)
{
	struct bus *bus = course_three_with_guest(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_SLOT_FILLED,
				  .guest = "g",
				  .node = 2};

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 60);
	ck_assert(did(bus, 0, "SLOT_FILL"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_SYNCING);
	bus_event(bus, 0, &event);
	bus_run(bus);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* Whatever made it fail, that offer is used up; what QEMU has of the first try
 * is lost by a second one. */
START_TEST(not_filled_again_before_it_is_outdated)
{
	struct bus *bus = course_three_with_guest(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_SLOT_FILL_FAILED,
				  .guest = "g",
				  .text = "it was cut off",
				  .node = 2};

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 2);
	ck_assert(did(bus, 0, "SLOT_FILL"));
	forget_acts(bus);
	bus_event(bus, 0, &event);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_SYNCING);
	ck_assert(!did(bus, 0, "SLOT_FILL"));
	bus_run(bus);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_OUTDATED);
	bus_free(bus);
}
END_TEST

START_TEST(tried_again_where_it_was)
{
	struct bus *bus = course_three_with_guest(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_SLOT_FILL_FAILED,
				  .guest = "g",
				  .text = "the disk is full",
				  .node = 2};

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 2);
	bus->node[0].silent = 0;
	bus_event(bus, 0, &event);
	bus_run(bus);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_OUTDATED);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "the disk is full"));
	pass(bus, 4);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_ABSENT);
	bus_free(bus);
}
END_TEST

/* A node that can't hold one does not keep the others from it. */
START_TEST(made_elsewhere_after_some_failures)
{
	struct bus *bus = course_three(1);

	bus->node[1].silent = BUS_ACT(SERVE);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	for (unsigned int k = 0; k < 40; k++) {
		if (state_of(bus, 2) == HAM_REPLICA_SYNCING)
			bus_did(bus, 1, HAM_DID_SERVE_FAILED, "no room", false);
		pass(bus, 1);
	}
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* Clean, so all are equal: nothing is copied, and the guest's first write goes
 * to all of them. */
START_TEST(kept_through_stop_and_start)
{
	struct bus *bus = with_copies(2);

	stop(bus);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(did(bus, 1, "CLOSE") && did(bus, 2, "CLOSE"));
	forget_acts(bus);
	bus->node[1].silent = BUS_ACT(SERVE);
	bus_command(bus, 0, HAM_CMD_START, 0);
	bus_run(bus);
	ck_assert(did(bus, 0, "LOOK"));
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_did(bus, 1, HAM_DID_SERVED, NULL, false);
	bus_run(bus);
	ck_assert(did(bus, 0, "LAUNCH"));
	pass(bus, 5);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_CURRENT);
	ck_assert(!did(bus, 0, "SLOT_FILL"));
	bus_free(bus);
}
END_TEST

START_TEST(start_waits_only_so_long)
{
	struct bus *bus = with_copies(1);

	stop(bus);
	bus->node[1].silent = BUS_ACT(SERVE);
	bus_command(bus, 0, HAM_CMD_START, 0);
	bus_run(bus);
	pass(bus, 4);
	ck_assert(!did(bus, 0, "LAUNCH"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	pass(bus, 2);
	ck_assert(did(bus, 0, "LAUNCH"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "starts without it"));
	bus_free(bus);
}
END_TEST

/* OUTDATED is committed before the first write. */
START_TEST(start_after_a_crash_gives_up_before_it_runs)
{
	struct bus *bus = with_copies(1);

	bus_did(bus, 0, HAM_DID_GONE, "killed", false);
	bus->node[0].vcpus = false;
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert(did(bus, 0, "LOOK LAUNCH"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_OUTDATED);
	bus_free(bus);
}
END_TEST

/* An image that is missing where it is started costs no copy. */
START_TEST(a_look_that_fails_gives_up_nothing)
{
	struct bus *bus = with_copies(1);

	bus_did(bus, 0, HAM_DID_GONE, "killed", false);
	bus->node[0].vcpus = false;
	bus_run(bus);
	bus->node[0].silent = BUS_ACT(LOOK);
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_LOOKED, "its image is missing", false);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert_str_eq(bus_guest(bus, 2)->reason, "its image is missing");
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_free(bus);
}
END_TEST

/* What never ran has not made them differ. */
START_TEST(a_launch_that_fails_leaves_them_equal)
{
	struct bus *bus = with_copies(1);

	stop(bus);
	bus->node[0].silent = BUS_ACT(LAUNCH);
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	bus->node[0].vcpus = false;
	bus_did(bus, 0, HAM_DID_LAUNCH_FAILED, "no bridge", true);
	bus_run(bus);
	ck_assert(bus_guest(bus, 2)->wanted);
	ck_assert(bus_guest(bus, 2)->clean);
	bus->node[0].silent = 0;
	forget_acts(bus);
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(!did(bus, 0, "SLOT_FILL"));
	bus_free(bus);
}
END_TEST

START_TEST(a_daemon_that_died_is_back_in_time)
{
	struct bus *bus = with_copies(1);

	bus_did(bus, 1, HAM_DID_CLOSED, NULL, false);
	refuses_a_write(bus, 0, 2, false);
	pass(bus, 5);
	ck_assert(did(bus, 1, "SERVE"));
	ck_assert(did(bus, 0, "SLOT_SET"));
	ck_assert(!did(bus, 0, "SLOT_DROP"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "GUEST_FREED:goes on with"));
	bus_free(bus);
}
END_TEST

/* Another daemon is there, and its disk is full. */
START_TEST(one_that_refuses_again_is_given_up_at_once)
{
	struct bus *bus = with_copies(1);

	pass(bus, 12);
	bus_did(bus, 1, HAM_DID_CLOSED, NULL, false);
	refuses_a_write(bus, 0, 2, false);
	pass(bus, 1);
	ck_assert(did(bus, 0, "SLOT_SET"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	refuses_a_write(bus, 0, 2, false);
	ck_assert(did(bus, 0, "SLOT_DROP"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "it took no write again"));
	bus_free(bus);
}
END_TEST

/* What it took last would never be flushed by another connection to it. */
START_TEST(the_same_daemon_is_not_connected_again)
{
	struct bus *bus = with_copies(1);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	refuses_a_write(bus, 0, 2, false);
	/* its node may not have heard yet that it has ended */
	ck_assert(!did(bus, 0, "SLOT_DROP"));
	pass(bus, 2);
	ck_assert(!did(bus, 0, "SLOT_SET"));
	ck_assert(did(bus, 0, "SLOT_DROP"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "its daemon is there"));
	bus_free(bus);
}
END_TEST

/* The answer to SLOT_SET does not make good what came before it. */
START_TEST(refused_while_it_was_set_anew)
{
	struct bus *bus = with_copies(1);
	struct ham_event set = {.kind = HAM_EV_DID,
				.did = HAM_DID_SLOT_SET,
				.guest = "g",
				.flag = true,
				.node = 2};

	bus->node[0].silent = BUS_ACT(SLOT_SET) | BUS_ACT(SLOT_FILL);
	bus_did(bus, 1, HAM_DID_CLOSED, NULL, false);
	refuses_a_write(bus, 0, 2, false);
	pass(bus, 1);
	ck_assert(did(bus, 0, "SLOT_SET"));
	refuses_a_write(bus, 0, 2, false);
	bus_event(bus, 0, &set);
	bus_run(bus);
	ck_assert(did(bus, 0, "SLOT_DROP"));
	ck_assert_int_ne(state_of(bus, 2), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* That it once ended here with all copies equal says nothing of its next end
 * here, as a destination's. */
START_TEST(a_destination_that_ended_leaves_nothing_equal)
{
	struct bus *bus = with_copies(2);

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	stop(bus);
	ck_assert(bus_guest(bus, 2)->clean);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	pass(bus, 8);
	bus->node[1].silent = BUS_ACT(RUN);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 1, HAM_DID_GONE, "QEMU ended", false);
	bus_run(bus);
	pass(bus, 5);
	ck_assert_int_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert(!bus_guest(bus, 2)->clean);
	bus_free(bus);
}
END_TEST

/* A copy that is lost as soon as it is current is not made without end. */
START_TEST(lost_again_and_again_is_made_ever_later)
{
	struct bus *bus = with_copies(1);
	unsigned int n = 0;

	for (unsigned int k = 0; k < 60; k++) {
		if (state_of(bus, 2) == HAM_REPLICA_CURRENT) {
			refuses_a_write(bus, 0, 2, true);
			n++;
		}
		pass(bus, 1);
	}
	ck_assert_uint_ge(n, 3);
	ck_assert_uint_le(n, 10);
	bus_free(bus);
}
END_TEST

START_TEST(waited_for_and_then_given_up)
{
	struct bus *bus = with_copies(1);

	bus->node[1].silent = BUS_ACT(SERVE);
	bus_did(bus, 1, HAM_DID_CLOSED, NULL, false);
	refuses_a_write(bus, 0, 2, false);
	pass(bus, 2);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(!did(bus, 0, "SLOT_DROP"));
	pass(bus, 1);
	ck_assert_int_ne(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(did(bus, 0, "SLOT_DROP"));
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "GUEST_FREED:goes on without"));
	bus_free(bus);
}
END_TEST

/* It was waited for already. */
START_TEST(a_silent_one_is_given_up_at_once)
{
	struct bus *bus = with_copies(1);

	bus->node[0].silent = BUS_ACT(SLOT_SET);
	refuses_a_write(bus, 0, 2, true);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "it does not answer"));
	ck_assert(did(bus, 0, "SLOT_DROP"));
	ck_assert(!did(bus, 0, "SLOT_SET"));
	bus_free(bus);
}
END_TEST

/* What its kernel had not written out is gone: it must not serve, and the name
 * of its export would not tell. */
START_TEST(a_node_that_booted_serves_nothing_it_called_current)
{
	struct bus *bus = with_copies(1);

	bus_down(bus, 1);
	bus_run(bus);
	bus->node[1].silent = BUS_ACT(SERVE);
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert_int_ne(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "its storage daemon is gone"));
	ck_assert(!did(bus, 0, "SLOT_SET"));
	bus_free(bus);
}
END_TEST

START_TEST(goes_on_elsewhere_through_a_migration)
{
	struct bus *bus = with_copies(2);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	pass(bus, 4);
	ck_assert_int_eq(state_of(bus, 1), HAM_REPLICA_CURRENT);
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_CURRENT);
	ck_assert_str_eq(bus->node[2].acts->str, "SERVE NARROW ");
	ck_assert(!did(bus, 1, "SLOT_FILL"));
	bus_free(bus);
}
END_TEST

/* n2 asks node i where its copy is served. */
static void
asks_where(struct bus *bus, unsigned int i, uint64_t epoch)
{
	struct ham_msg where = {.kind = HAM_MSG_WHERE,
				.ring = bus->node[i].ring,
				.guest = "g",
				.epoch = epoch};
	struct ham_event event = {.kind = HAM_EV_MESSAGE, .node = 2};
	g_autofree uint8_t *bytes = ham_msg_encode(&where, NULL, &event.len);

	event.bytes = bytes;
	bus_event(bus, i, &event);
	bus_run(bus);
}

/* The daemon of a copy may be told of twice. */
START_TEST(told_of_again_while_it_is_wired)
{
	static const uint32_t copies[] = {1, 3};
	struct bus *bus = with_copies(2);
	struct ham_event wired = {.kind = HAM_EV_DID,
				  .did = HAM_DID_WIRED,
				  .guest = "g",
				  .ids = copies,
				  .n_ids = 2};

	bus->node[1].silent = BUS_ACT(WIRE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(did(bus, 1, "WIRE"));
	asks_where(bus, 2, bus_guest(bus, 1)->epoch + 1);
	bus_event(bus, 1, &wired);
	bus_run(bus);
	pass(bus, 4);
	course_expect_owner(bus, 1, 2);
	ck_assert(!did(bus, 1, "SLOT_SET"));
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* The old export is closed before its node says that it has the new epoch. */
START_TEST(narrowed_before_stored)
{
	struct bus *bus = with_copies(2);

	bus->node[2].silent = BUS_ACT(NARROW);
	bus->node[0].silent = BUS_ACT(FINISH);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	/* of n1 and n2: a majority, so it is committed; then one is away */
	course_expect_owner(bus, 1, 2);
	bus_split(bus, "122");
	bus_run(bus);
	ck_assert(!bus_active(bus, 1));
	bus_did(bus, 2, HAM_DID_NARROWED, NULL, false);
	bus_run(bus);
	ck_assert(bus_active(bus, 1));
	bus_free(bus);
}
END_TEST

/* A copy whose node is slow goes out, and the guest still comes. */
START_TEST(a_migration_does_not_wait_for_a_copy_for_ever)
{
	struct bus *bus = with_copies(2);

	bus->node[2].silent = BUS_ACT(SERVE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(!did(bus, 1, "WIRE"));
	bus->node[2].notes->len = 0;
	pass(bus, 3);
	course_expect_owner(bus, 1, 2);
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str,
				     "REPLICA_SYNCING:a copy is made on n3"));
	bus_free(bus);
}
END_TEST

/* It would hold up the guest's writes, and the record does not count it yet. */
START_TEST(a_migration_calls_off_a_copy_that_is_made)
{
	struct bus *bus = course_three_with_guest(1);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 2);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_SYNCING);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	course_expect_owner(bus, 2, 2);
	ck_assert(did(bus, 0, "SLOT_FILL SLOT_DROP COPY"));
	bus_free(bus);
}
END_TEST

/* Its slots were noted before they were connected: nobody may believe that. */
START_TEST(found_before_it_ever_ran)
{
	struct bus *bus = with_copies(1);

	stop(bus);
	bus->node[0].silent = BUS_ACT(LAUNCH);
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert(did(bus, 0, "LAUNCH"));
	bus->node[0].vcpus = false;
	bus_down(bus, 0);
	bus_run(bus);
	bus->node[0].silent = 0;
	forget_acts(bus);
	/* the guest layer has ended what had never run */
	bus_up(bus, 0);
	bus_run(bus);
	pass(bus, 2);
	ck_assert(!did(bus, 0, "RESUME"));
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert(!bus_guest(bus, 2)->clean);
	bus_free(bus);
}
END_TEST

static void
found_on_n1(struct bus *bus, uint64_t epoch)
{
	static const uint32_t replica = 2;
	struct ham_event found = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = HAM_FOUND_RUNNING,
				  .guest = "g",
				  .epoch = epoch,
				  .ids = &replica,
				  .n_ids = 1};

	bus_up(bus, 0);
	bus_event(bus, 0, &found);
	bus_run(bus);
}

/* What it hears of is not what its slot was connected to. */
START_TEST(a_daemon_that_a_restarted_owner_has_not_met)
{
	struct bus *bus = with_copies(1);
	uint64_t epoch = bus_guest(bus, 2)->epoch;

	bus_down(bus, 0);
	bus_run(bus);
	found_on_n1(bus, epoch);
	bus_did(bus, 1, HAM_DID_CLOSED, NULL, false);
	pass(bus, 2);
	forget_acts(bus);
	refuses_a_write(bus, 0, 2, false);
	pass(bus, 1);
	ck_assert(did(bus, 0, "SLOT_SET"));
	ck_assert(!did(bus, 0, "SLOT_DROP"));
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* Filled, and not yet called so: its node may have booted since. */
START_TEST(a_copy_found_filled_is_not_called_current)
{
	struct bus *bus = course_three_with_guest(1);
	uint64_t epoch;

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 3);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_SYNCING);
	epoch = bus_guest(bus, 2)->epoch;
	bus_down(bus, 0);
	bus_down(bus, 1);
	bus_run(bus);
	forget_acts(bus);
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(!did(bus, 1, "SERVE"));
	found_on_n1(bus, epoch);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "the copy on n2 is given up"));
	ck_assert(!did(bus, 0, "SLOT_SET"));
	bus_free(bus);
}
END_TEST

START_TEST(a_restarted_owner_calls_nothing_current)
{
	struct bus *bus = course_three_with_guest(1);

	bus->node[0].silent = BUS_ACT(SLOT_FILL);
	pass(bus, 3);
	bus->node[0].silent = BUS_ACT(SLOT_DROP);
	bus_down(bus, 0);
	bus_run(bus);
	found_on_n1(bus, bus_guest(bus, 2)->epoch);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_OUTDATED);
	bus_free(bus);
}
END_TEST

/* A START that its own disk does not have: another life would not know that
 * something was written since. */
START_TEST(served_only_when_the_start_is_on_its_disk)
{
	struct bus *bus = with_copies(1);

	stop(bus);
	bus->node[1].store_held = true;
	bus_command(bus, 2, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert(!did(bus, 1, "SERVE"));
	bus_store_go(bus, 1);
	bus_run(bus);
	bus_time(bus, 1000);
	ck_assert(did(bus, 1, "SERVE"));
	bus_free(bus);
}
END_TEST

START_TEST(powered_off_while_a_copy_lacked_a_write)
{
	struct bus *bus = with_copies(1);
	struct ham_event gone = {.kind = HAM_EV_DID,
				 .did = HAM_DID_GONE,
				 .guest = "g",
				 .flag = true,
				 .value = HAM_ENDED_ANYHOW};

	bus->node[0].vcpus = false;
	bus_event(bus, 0, &gone);
	bus_run(bus);
	ck_assert(!bus_guest(bus, 2)->wanted);
	ck_assert(!bus_guest(bus, 2)->clean);
	bus_free(bus);
}
END_TEST

START_TEST(each_copy_is_verified)
{
	struct bus *bus = with_copies(2);

	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert_str_eq(bus->node[0].acts->str, "VERIFY VERIFY ");
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str,
				     "DISK_VERIFIED:the copy on n2"));
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str,
				     "DISK_VERIFIED:the copy on n3"));
	bus_free(bus);
}
END_TEST

/* It is given up, and made anew. */
START_TEST(a_copy_that_differs)
{
	struct bus *bus = with_copies(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_VERIFIED,
				  .guest = "g",
				  .text = "64 KiB differ",
				  .value = 1,
				  .node = 2};

	bus->node[0].silent = BUS_ACT(VERIFY);
	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	bus_run(bus);
	bus_event(bus, 0, &event);
	bus_run(bus);
	ck_assert(did(bus, 0, "VERIFY SLOT_DROP"));
	ck_assert_ptr_nonnull(strstr(bus->node[2].notes->str, "DISK_DIFFERS"));
	pass(bus, 3);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(did(bus, 0, "SLOT_FILL"));
	bus_free(bus);
}
END_TEST

/* Though its slot is not free yet, another node is not taken for it. */
START_TEST(a_copy_that_differs_is_mended_where_it_is)
{
	struct bus *bus = with_copies(1);
	struct ham_event differs = {.kind = HAM_EV_DID,
				    .did = HAM_DID_VERIFIED,
				    .guest = "g",
				    .text = "64 KiB differ",
				    .value = 1,
				    .node = 2};
	struct ham_event dropped = {.kind = HAM_EV_DID,
				    .did = HAM_DID_SLOT_DROPPED,
				    .guest = "g",
				    .flag = true,
				    .node = 2};

	bus->node[0].silent = BUS_ACT(VERIFY) | BUS_ACT(SLOT_DROP);
	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	bus_run(bus);
	bus_event(bus, 0, &differs);
	bus_run(bus);
	pass(bus, 2);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_OUTDATED);
	ck_assert_int_eq(state_of(bus, 3), HAM_REPLICA_ABSENT);
	bus_event(bus, 0, &dropped);
	bus_run(bus);
	pass(bus, 3);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	bus_free(bus);
}
END_TEST

/* Not to know is no reason to give it up. */
START_TEST(a_copy_that_could_not_be_compared)
{
	struct bus *bus = with_copies(1);

	bus->node[0].silent = BUS_ACT(VERIFY);
	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_VERIFIED, "nobody answers", false);
	bus_run(bus);
	ck_assert_int_eq(state_of(bus, 2), HAM_REPLICA_CURRENT);
	ck_assert(!did(bus, 0, "SLOT_DROP"));
	bus_free(bus);
}
END_TEST

static unsigned int
compared(struct bus *bus)
{
	unsigned int n = 0;

	for (const char *at = bus->node[0].acts->str;
	     (at = strstr(at, "VERIFY ")) != NULL; at++)
		n++;
	return n;
}

START_TEST(compared_by_itself)
{
	struct bus *bus = with_copies(2);

	bus->guest.verify_interval_us = 60 * SECOND_US;
	pass(bus, 50);
	ck_assert_uint_eq(compared(bus), 0);
	pass(bus, 11);
	ck_assert_uint_eq(compared(bus), 2); /* one of each */
	pass(bus, 50);
	ck_assert_uint_eq(compared(bus), 2);
	pass(bus, 11);
	ck_assert_uint_eq(compared(bus), 4);
	bus_free(bus);
}
END_TEST

/* An operator's comparison counts like one that is due. */
START_TEST(not_compared_twice)
{
	struct bus *bus = with_copies(1);

	bus->guest.verify_interval_us = 60 * SECOND_US;
	pass(bus, 50);
	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	bus_run(bus);
	pass(bus, 50);
	ck_assert_uint_eq(compared(bus), 1);
	pass(bus, 15);
	ck_assert_uint_eq(compared(bus), 2);
	bus_free(bus);
}
END_TEST

START_TEST(nothing_to_compare_with)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 2, HAM_CMD_VERIFY, 0);
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].last_error, "no other current copy"));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("copies");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, made_by_itself);
	tcase_add_test(tc, counts_only_when_filled);
	tcase_add_test(tc, not_filled_again_before_it_is_outdated);
	tcase_add_test(tc, tried_again_where_it_was);
	tcase_add_test(tc, made_elsewhere_after_some_failures);
	tcase_add_test(tc, kept_through_stop_and_start);
	tcase_add_test(tc, start_waits_only_so_long);
	tcase_add_test(tc, start_after_a_crash_gives_up_before_it_runs);
	tcase_add_test(tc, a_look_that_fails_gives_up_nothing);
	tcase_add_test(tc, a_launch_that_fails_leaves_them_equal);
	tcase_add_test(tc, a_daemon_that_died_is_back_in_time);
	tcase_add_test(tc, one_that_refuses_again_is_given_up_at_once);
	tcase_add_test(tc, the_same_daemon_is_not_connected_again);
	tcase_add_test(tc, refused_while_it_was_set_anew);
	tcase_add_test(tc, a_destination_that_ended_leaves_nothing_equal);
	tcase_add_test(tc, lost_again_and_again_is_made_ever_later);
	tcase_add_test(tc, waited_for_and_then_given_up);
	tcase_add_test(tc, a_silent_one_is_given_up_at_once);
	tcase_add_test(tc, a_node_that_booted_serves_nothing_it_called_current);
	tcase_add_test(tc, goes_on_elsewhere_through_a_migration);
	tcase_add_test(tc, told_of_again_while_it_is_wired);
	tcase_add_test(tc, narrowed_before_stored);
	tcase_add_test(tc, a_migration_does_not_wait_for_a_copy_for_ever);
	tcase_add_test(tc, a_migration_calls_off_a_copy_that_is_made);
	tcase_add_test(tc, found_before_it_ever_ran);
	tcase_add_test(tc, a_daemon_that_a_restarted_owner_has_not_met);
	tcase_add_test(tc, a_copy_found_filled_is_not_called_current);
	tcase_add_test(tc, a_restarted_owner_calls_nothing_current);
	tcase_add_test(tc, served_only_when_the_start_is_on_its_disk);
	tcase_add_test(tc, powered_off_while_a_copy_lacked_a_write);
	tcase_add_test(tc, each_copy_is_verified);
	tcase_add_test(tc, a_copy_that_differs);
	tcase_add_test(tc, a_copy_that_differs_is_mended_where_it_is);
	tcase_add_test(tc, a_copy_that_could_not_be_compared);
	tcase_add_test(tc, compared_by_itself);
	tcase_add_test(tc, not_compared_twice);
	tcase_add_test(tc, nothing_to_compare_with);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
