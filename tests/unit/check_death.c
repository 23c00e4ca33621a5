/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_death.c - proofs of death, what follows, and leases
 *
 * Courses on the bus of bus.h, as those of courses.h: three nodes, guest "g",
 * which n1 hands to n2 first so that n1 holds its live replica, or not.
 */
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

START_TEST(fenced_then_promoted)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE2"));
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->epoch, 5);
	ck_assert(strstr(bus->node[2].notes->str, "NODE_DEAD:n2 is dead"));
	/* n2 is back: a newcomer whose copy is old */
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(bus_equal(bus, 1));
	ck_assert(!ham_guest_is_current(bus_guest(bus, 1), 2));
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

/* Nobody fences a node whose guest would have no place. */
START_TEST(no_room_then_some)
{
	struct bus *bus = bus_new(3, 1);
	struct ham_core_guest_info info;
	unsigned int n;
	g_autofree struct ham_core_place *plan = NULL;

	bus->fences = true;
	bus->guest.memory_mib = 600;
	bus->memory_mib[0] = bus->memory_mib[2] = 500;
	bus->memory_mib[1] = 800;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 1);
	ck_assert_str_eq(bus->node[0].last_error,
			 "g has no place on n1: n1 has 500 MiB free, it needs "
			 "600");
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	ck_assert(bus->node[1].vcpus);
	for (unsigned int i = 0; i < 50; i++)
		bus_time(bus, 100000); /* it is given a copy on n1 */
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), 1));
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	ck_assert(strstr(bus->node[2].last_error, "it needs 600"));
	plan = ham_core_plan_failure(bus->node[2].core, 2, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(plan[0].node, 0);
	ck_assert(!plan[0].lonely);
	ck_assert_str_eq(plan[0].reason, "n1 has 500 MiB free, it needs 600");
	power_cut(bus, 1, "121");
	for (unsigned int i = 0; i < 50; i++)
		bus_time(bus, 100000);
	ck_assert(!did(bus, 0, "FENCE"));
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	bus_time(bus, 1000000);
	ck_assert(bus_guest(bus, 2)->owner_dead);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ham_core_guest_info(bus->node[2].core, bus_guest(bus, 2), &info);
	ck_assert_str_eq(info.waits_for, "a node that can run it (n1 has 500 "
					 "MiB free, it needs 600; n2 is away)");
	ck_assert(strstr(bus->node[2].notes->str,
			 "ALARM:it can't be started elsewhere: n1 has 500"));
	bus_down(bus, 0);
	bus->memory_mib[0] = 1000;
	bus_up(bus, 0);
	bus_run(bus);
	bus_time(bus, 1000000);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	bus_free(bus);
}
END_TEST

/* A migration would bring its disks: they are no reason, memory is. */
START_TEST(no_room_where_it_has_no_copy)
{
	struct bus *bus = bus_new(3, 0);

	bus->guest.memory_mib = 600;
	bus->memory_mib[0] = 800;
	bus->memory_mib[1] = bus->memory_mib[2] = 500;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	ck_assert(strstr(bus->node[0].last_error, "it needs 600"));
	bus_free(bus);
}
END_TEST

/* Stopped on n2; n1 has a copy, too. */
static struct bus *
stopped_on_n2(void)
{
	struct bus *bus = with_replica(0, true);

	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), 1));
	return bus;
}

START_TEST(started_where_it_was)
{
	struct bus *bus = stopped_on_n2();

	bus_command(bus, 0, HAM_CMD_START, 0);
	bus_run(bus);
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

/* The file calls a disk shared that was local: the copy on n1 has another one,
 * whatever it prefers. */
START_TEST(started_with_other_disks_where_it_was)
{
	struct bus *bus = stopped_on_n2();

	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	bus_run(bus);
	bus->guest.shared = 1;
	bus->guest.n_prefer = 1;
	bus->guest.prefer[0] = 1;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

/* An order without a node: where it was is away, and a copy counts elsewhere.
 */
START_TEST(started_where_its_copy_is)
{
	struct bus *bus = stopped_on_n2();

	power_cut(bus, 1, "121");
	bus_command(bus, 2, HAM_CMD_START, 0);
	bus_run(bus);
	bus_time(bus, 1000000);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(promotion_waits_for_the_deaths_commit)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	bus->node[2].store_held = true;
	bus_fenced(bus, 0, true);
	ck_assert(bus_guest(bus, 0)->owner_dead);
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 2);
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_store_go(bus, 2);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(a_view_must_settle)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 900000);
	ck_assert(!did(bus, 0, "FENCE"));
	bus_time(bus, 200000);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

START_TEST(failed_fencing_is_tried_again)
{
	struct bus *bus = with_replica(0, true);
	struct ham_core_guest_info info;

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	bus_fenced(bus, 0, false);
	g_string_truncate(bus->node[0].acts, 0);
	bus_time(bus, 4000000);
	ck_assert(!did(bus, 0, "FENCE"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	ham_core_guest_info(bus->node[0].core, bus_guest(bus, 0), &info);
	ck_assert_uint_eq(info.waits_for_node, 2);
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* F11: whoever leads next asks again. */
START_TEST(next_leader_fences)
{
	struct bus *bus = bus_new(5, 1);

	bus->fences = true;
	for (unsigned int i = 0; i < 5; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_START, 3);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 4);
	bus_run(bus);
	bus_time(bus, 300000);
	power_cut(bus, 3, "11121");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE4"));
	bus_down(bus, 0);
	bus_run(bus);
	bus_time(bus, 1000000);
	ck_assert(did(bus, 1, "FENCE4"));
	bus_fenced(bus, 1, true);
	ck_assert(bus->node[2].vcpus);
	bus_free(bus);
}
END_TEST

/* Its way to the devices may be what is broken. */
START_TEST(another_member_takes_its_turn)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	bus_fenced(bus, 0, false);
	for (unsigned int i = 0; i < 17; i++)
		bus_time(bus, 1000000);
	ck_assert(!did(bus, 2, "FENCE"));
	for (unsigned int i = 0; i < 3; i++)
		bus_time(bus, 1000000);
	ck_assert(did(bus, 2, "FENCE2"));
	bus_fenced(bus, 2, true);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* What hangs at n1 must not hit n2 when that boots. */
START_TEST(a_death_that_is_known_calls_fencings_off)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE2"));
	pass(bus, 22);
	ck_assert(did(bus, 2, "FENCE2"));
	bus_fenced(bus, 2, true);
	pass(bus, 1);
	ck_assert(bus->node[0].vcpus);
	ck_assert(did(bus, 0, "CALLED_OFF2"));
	bus_free(bus);
}
END_TEST

START_TEST(a_node_with_a_guest_that_moves_cold_is_fenced)
{
	struct bus *bus = with_replica(0, true);
	struct ham_event e = {.kind = HAM_EV_COMMAND,
			      .command = HAM_CMD_MOVE,
			      .flag = true,
			      .guest = "g",
			      .node = 3,
			      .token = 99999};

	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus->node[1].silent = BUS_ACT(SLOT_FILL);
	bus_event(bus, 0, &e);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(bus_guest(bus, 0)->cold);
	power_cut(bus, 1, "121");
	pass(bus, 5);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* Nobody fences for a guest that has no place elsewhere, and it is said why. */
START_TEST(no_place_is_told)
{
	struct bus *bus = bus_new(3, 1);
	struct ham_core_guest_info info;

	bus->fences = true;
	bus->guest.memory_mib = 600;
	bus->memory_mib[0] = bus->memory_mib[2] = 500;
	bus->memory_mib[1] = 800;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	pass(bus, 8);
	power_cut(bus, 1, "121");
	pass(bus, 5);
	ck_assert(!did(bus, 0, "FENCE"));
	ham_core_guest_info(bus->node[0].core, bus_guest(bus, 0), &info);
	ck_assert(strstr(info.waits_for, "no other node could run it"));
	ck_assert(strstr(info.waits_for, "500 MiB"));
	bus_free(bus);
}
END_TEST

/* All lost their power, and one boots more slowly than the others. */
START_TEST(who_may_be_booting_is_not_fenced)
{
	struct bus *bus = with_replica(0, true);

	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].vcpus = false;
	}
	bus_split(bus, "121");
	bus_up(bus, 0);
	bus_up(bus, 2);
	bus_run(bus);
	for (unsigned int i = 0; i < 58; i++)
		bus_time(bus, 1000000);
	ck_assert(!did(bus, 0, "FENCE"));
	for (unsigned int i = 0; i < 4; i++)
		bus_time(bus, 1000000);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

START_TEST(nobody_to_inherit_nobody_fenced)
{
	struct bus *bus = three(0, true);

	power_cut(bus, 0, "211");
	bus_time(bus, 5000000);
	ck_assert(!did(bus, 1, "FENCE"));
	bus_free(bus);
}
END_TEST

/* The answer comes in another ring: in between the node may have been back. */
START_TEST(proof_of_another_ring_is_void)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	bus_split(bus, "121");
	bus_run(bus);
	bus_fenced(bus, 0, true);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	bus_time(bus, 2000000);
	ck_assert(!did(bus, 0, "FENCE2 FENCE2")); /* one may be under way */
	bus_time(bus, 3000000);
	ck_assert(did(bus, 0, "FENCE2 FENCE2"));
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* F68: the fence lied.  What was declared gone is ended before it counts. */
START_TEST(declared_dead_and_back_with_its_guest)
{
	struct bus *bus = with_replica(0, true);

	bus_split(bus, "121");
	bus_run(bus);
	bus->node[1].vcpus = false; /* or the bus would see the lie's price */
	bus_time(bus, 2000000);
	bus->node[0].silent = BUS_ACT(LAUNCH);
	bus_fenced(bus, 0, true);
	bus->node[0].vcpus = false;
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert(did(bus, 1, "KILL"));
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(operator_confirms)
{
	struct bus *bus = with_replica(0, false);

	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	ck_assert_str_eq(bus->node[0].last_error,
			 "n2 is in the cluster and alive");
	power_cut(bus, 1, "121");
	bus_time(bus, 60000000);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert(bus->node[0].vcpus);
	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error,
			 "n2: no guest hangs on its death");
	bus_free(bus);
}
END_TEST

/* Not numbered before the node is back, and asked again since a hamd went. */
START_TEST(operators_word_of_another_ring_is_void)
{
	struct bus *bus = with_replica(0, false);

	power_cut(bus, 1, "121");
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus->node[1].vcpus = true;
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_run(bus);
	ck_assert(strstr(bus->node[0].last_error, "look at n2 again"));
	bus_down(bus, 2);
	bus_run(bus);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 2);
	bus_free(bus);
}
END_TEST

/* In-doubt table, row 3: S has yielded, D is gone. */
START_TEST(doubt_destination_dead)
{
	struct bus *bus = three(0, true);

	bus->node[1].silent = BUS_ACT(RUN);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	ck_assert(did(bus, 0, "KILL LAUNCH"));
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 3);
	bus_free(bus);
}
END_TEST

/* Row 4: D has the whole disk but never got the whole image, S is gone. */
START_TEST(doubt_source_dead)
{
	struct bus *bus = three(0, true);

	bus->node[0].silent = BUS_ACT(CAPTURE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_did(bus, 0, HAM_DID_DRAINED, NULL, false);
	bus_run(bus);
	power_cut(bus, 0, "211");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 1, "DISCARD"));
	ck_assert(did(bus, 1, "FENCE1"));
	ck_assert(!did(bus, 1, "LAUNCH"));
	bus_fenced(bus, 1, true);
	ck_assert(bus->node[1].vcpus);
	ck_assert(did(bus, 1, "LAUNCH"));
	ck_assert_uint_eq(bus_guest(bus, 1)->owner, 2);
	bus_free(bus);
}
END_TEST

/* The same before the mirrors ended: S may have gone on writing without D, so
 * its death alone makes D's copy no better. */
START_TEST(doubt_source_dead_before_the_disk_was_whole)
{
	struct bus *bus = three(0, true);
	struct ham_core_guest_info info;

	bus->node[0].silent = BUS_ACT(CAPTURE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	power_cut(bus, 0, "211");
	bus_time(bus, 2000000);
	ck_assert(!did(bus, 1, "FENCE1"));
	ham_core_guest_info(bus->node[1].core, bus_guest(bus, 1), &info);
	ck_assert_str_eq(info.waits_for,
			 "the return of n1: the copy on n2 may lack its last "
			 "writes");
	bus_command(bus, 1, HAM_CMD_CONFIRM_OFF, 1);
	bus_run(bus);
	bus_time(bus, 2000000);
	ck_assert(bus_guest(bus, 1)->owner_dead);
	ck_assert(!did(bus, 1, "LAUNCH"));
	/* back, rebooted: its disk has it all */
	bus_split(bus, "111");
	bus_up(bus, 0);
	bus_run(bus);
	bus_time(bus, 2000000);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 1)->owner, 1);
	bus_free(bus);
}
END_TEST

static struct bus *
common_on_n2(void)
{
	struct bus *bus = bus_new(3, 0);

	bus->fences = true;
	bus->guest.common = true;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_START, 2);
	bus_run(bus);
	ck_assert(bus->node[1].vcpus);
	return bus;
}

/* Its disks are everywhere, and so may it be. */
START_TEST(shared_disks_need_no_copy)
{
	struct bus *bus = common_on_n2();

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE2"));
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 1);
	bus_free(bus);
}
END_TEST

/* As doubt_source_dead_before_the_disk_was_whole, but there is but one disk. */
START_TEST(doubt_source_dead_on_shared_disks)
{
	struct bus *bus = common_on_n2();

	bus->node[1].silent = BUS_ACT(CAPTURE);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 1);
	bus_run(bus);
	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	ck_assert(did(bus, 0, "FENCE2"));
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	ck_assert(did(bus, 0, "LAUNCH"));
	bus_free(bus);
}
END_TEST

START_TEST(stop_of_a_dead_owner)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 1, "121");
	bus_time(bus, 2000000);
	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_fenced(bus, 0, true);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* ---- leases ---- */

START_TEST(no_start_without_a_lease)
{
	struct bus *bus = bus_new(3, 0);

	bus->lease_us = LEASE_US;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(!bus->node[0].vcpus);
	bus_time(bus, LEASE_US / 10);
	bus_time(bus, LEASE_US / 10);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(out_of_quorum_frozen_then_killed)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus->node[1].quorate = false;
	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	bus_time(bus, LEASE_US / 2);
	ck_assert(bus->node[1].vcpus);
	bus_time(bus, LEASE_US);
	ck_assert(did(bus, 1, "KILL"));
	ck_assert(!bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(a_restart_freezes_nobody)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_found(bus, 1, HAM_FOUND_RUNNING, 2, 1);
	bus_run(bus);
	bus_time(bus, LEASE_US / 20);
	bus_time(bus, LEASE_US / 20);
	ck_assert(!did(bus, 1, "FREEZE"));
	ck_assert(did(bus, 1, "THAW")); /* an earlier life may have */
	bus_free(bus);
}
END_TEST

START_TEST(back_within_the_lease)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_split(bus, "121");
	bus_run(bus);
	ck_assert(bus->node[1].frozen);
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert(!bus->node[1].frozen);
	bus_time(bus, LEASE_US / 10);
	bus_time(bus, LEASE_US / 10);
	ck_assert(bus->node[1].vcpus);
	ck_assert(!did(bus, 1, "KILL"));
	bus_free(bus);
}
END_TEST

/* The end of a lease is told by the clock of who holds it, from when the
 * majority heard it last, not from now. */
START_TEST(lease_counts_from_what_was_heard)
{
	struct bus *bus = with_replica(LEASE_US, false);
	int64_t before = bus->node[1].lease_until_us;

	ck_assert_int_le(before, bus->now_us + LEASE_US);
	bus_split(bus, "121");
	bus_run(bus);
	bus_time(bus, LEASE_US / 10);
	bus_time(bus, LEASE_US / 10);
	ck_assert_int_eq(bus->node[1].lease_until_us, before);
	ck_assert_int_gt(bus->node[0].lease_until_us, before);
	bus_free(bus);
}
END_TEST

/* Its nodes are not ours: which of them is meant, nobody can say. */
START_TEST(a_heartbeat_of_other_nodes_renews_nothing)
{
	struct bus *bus = three(LEASE_US, false);
	int64_t before = bus->node[0].lease_until_us;
	struct ham_msg beat = {.kind = HAM_MSG_HEARTBEAT,
			       .n_nodes = 3,
			       .lease_ms = LEASE_US / 1000};

	bus->now_us += 1000000;
	beat.beat_us = beat.seen_us[0] = bus->now_us;
	bus_say(bus, 0, 0, &beat);
	beat.n_nodes = 2;
	bus_say(bus, 1, 0, &beat);
	ck_assert_int_eq(bus->node[0].lease_until_us, before);
	beat.n_nodes = 3;
	bus_say(bus, 1, 0, &beat);
	ck_assert_int_eq(bus->node[0].lease_until_us, bus->now_us + LEASE_US);
	bus_free(bus);
}
END_TEST

START_TEST(leases_of_other_nodes_prove_nothing)
{
	struct bus *bus = with_replica(LEASE_US, false);
	struct ham_event tick = {.kind = HAM_EV_TICK};
	struct ham_msg leases = {.kind = HAM_MSG_LEASES, .n_nodes = 2};

	power_cut(bus, 1, "121");
	pass(bus, 22); /* n3's watchdog is not among what they say */
	for (unsigned int k = 0; k < 2; k++)
		leases.leases_ms[k] = leases.watchdogs_ms[k] = 1;
	for (; leases.n_nodes <= 3; leases.n_nodes++) {
		ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 2);
		bus_say(bus, 0, 0, &leases);
		bus_say(bus, 2, 0, &leases);
		bus_event(bus, 0, &tick);
		bus_run(bus);
	}
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(dead_by_waiting)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_split(bus, "121");
	bus_run(bus);
	for (int k = 0; k < 58; k++)
		bus_time(bus, WAIT_US / 60);
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 2);
	ck_assert_uint_eq(bus_runners(bus), 0);
	for (int k = 0; k < 6; k++)
		bus_time(bus, WAIT_US / 60);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 5);
	bus_free(bus);
}
END_TEST

/* Nodes 1 and 3 part for a moment, and 3 was with 2 meanwhile: the time that
 * counts is that of whoever saw n2 last. */
START_TEST(waiting_counts_from_the_last_to_see_it)
{
	struct bus *bus = with_replica_on(3, LEASE_US, false);

	bus_split(bus, "122"); /* n1, the leader to be, alone */
	bus_run(bus);
	for (int k = 0; k < 20; k++)
		bus_time(bus, WAIT_US / 60);
	bus_split(bus, "121");
	bus_run(bus);
	for (int k = 0; k < 50; k++)
		bus_time(bus, WAIT_US / 60);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	for (int k = 0; k < 20; k++)
		bus_time(bus, WAIT_US / 60);
	ck_assert_uint_eq(bus_guest(bus, 0)->epoch, 5);
	bus_free(bus);
}
END_TEST

/* n3 was away when n2's hamd came back with a longer lease: what n3 knows of
 * it is old, and n1 knows better. */
START_TEST(an_old_lease_proves_nothing)
{
	struct bus *bus = three(LEASE_US, false);

	bus_split(bus, "112");
	bus_run(bus);
	bus_down(bus, 1);
	bus_run(bus);
	bus->lease_us = 10 * (int64_t)LEASE_US;
	bus_up(bus, 1);
	bus_run(bus);
	for (int k = 0; k < 4; k++)
		bus_time(bus, LEASE_US / 20);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, 300000);
	ck_assert(bus->node[1].vcpus);
	for (int k = 0; k < 50; k++)
		bus_time(bus, LEASE_US / 20);
	g_string_truncate(bus->node[0].acts, 0);
	bus_split(bus, "121"); /* n2 alone; n1 and n3 */
	bus_run(bus);
	for (int k = 0; k < 80; k++)
		bus_time(bus, LEASE_US / 20);
	ck_assert_int_gt(bus->node[1].lease_until_us, bus->now_us);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_free(bus);
}
END_TEST

/* n3 was up while n1 was not: other outlets may be n3's by now. */
START_TEST(devices_of_who_got_a_guest_meanwhile_are_doubted)
{
	struct bus *bus = with_replica(0, true);

	power_cut(bus, 0, "311");
	bus_command(bus, 2, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	bus_time(bus, 300000);
	ck_assert(bus->node[2].vcpus);
	bus_split(bus, "111");
	bus_up(bus, 0);
	bus_run(bus);
	ck_assert(did(bus, 0, "DOUBT3"));
	ck_assert(!did(bus, 0, "DOUBT2"));
	ck_assert(!did(bus, 1, "DOUBT"));
	bus_free(bus);
}
END_TEST

START_TEST(nothing_decided_meanwhile_and_no_device_is_doubted)
{
	struct bus *bus = with_replica(0, true);

	bus_down(bus, 0);
	bus_up(bus, 0);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	ck_assert(!did(bus, 0, "DOUBT"));
	bus_free(bus);
}
END_TEST

/* n3 has never heard of n2's lease: somebody who is not here may know of a
 * longer one than n1 does. */
START_TEST(too_few_hearers_prove_nothing)
{
	struct bus *bus = three_from(2, 0, false);

	bus_split(bus, "112");
	bus_run(bus);
	bus->lease_us = LEASE_US;
	for (unsigned int i = 1; i <= 2; i++) {
		bus_down(bus, i);
		bus_run(bus);
		bus_up(bus, i);
		bus_run(bus);
	}
	bus_down(bus, 0);
	bus_run(bus);
	bus_up(bus, 0);
	bus_run(bus);
	for (int k = 0; k < 4; k++)
		bus_time(bus, LEASE_US / 20);
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	bus_time(bus, 300000);
	ck_assert(bus->node[1].vcpus);
	bus_split(bus, "121"); /* n2 alone; n1 and n3 */
	bus_run(bus);
	for (int64_t t = 0; t < 2 * (int64_t)WAIT_US; t += LEASE_US / 20)
		bus_time(bus, LEASE_US / 20);
	ck_assert(!bus_guest(bus, 0)->owner_dead);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("death");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, an_old_lease_proves_nothing);
	tcase_add_test(tc, too_few_hearers_prove_nothing);
	tcase_add_test(tc, devices_of_who_got_a_guest_meanwhile_are_doubted);
	tcase_add_test(tc, nothing_decided_meanwhile_and_no_device_is_doubted);
	tcase_add_test(tc, fenced_then_promoted);
	tcase_add_test(tc, no_room_then_some);
	tcase_add_test(tc, no_room_where_it_has_no_copy);
	tcase_add_test(tc, started_where_it_was);
	tcase_add_test(tc, started_with_other_disks_where_it_was);
	tcase_add_test(tc, started_where_its_copy_is);
	tcase_add_test(tc, promotion_waits_for_the_deaths_commit);
	tcase_add_test(tc, a_view_must_settle);
	tcase_add_test(tc, failed_fencing_is_tried_again);
	tcase_add_test(tc, next_leader_fences);
	tcase_add_test(tc, who_may_be_booting_is_not_fenced);
	tcase_add_test(tc, another_member_takes_its_turn);
	tcase_add_test(tc, no_place_is_told);
	tcase_add_test(tc, a_death_that_is_known_calls_fencings_off);
	tcase_add_test(tc, a_node_with_a_guest_that_moves_cold_is_fenced);
	tcase_add_test(tc, nobody_to_inherit_nobody_fenced);
	tcase_add_test(tc, proof_of_another_ring_is_void);
	tcase_add_test(tc, declared_dead_and_back_with_its_guest);
	tcase_add_test(tc, operator_confirms);
	tcase_add_test(tc, operators_word_of_another_ring_is_void);
	tcase_add_test(tc, doubt_destination_dead);
	tcase_add_test(tc, doubt_source_dead);
	tcase_add_test(tc, doubt_source_dead_before_the_disk_was_whole);
	tcase_add_test(tc, stop_of_a_dead_owner);
	tcase_add_test(tc, no_start_without_a_lease);
	tcase_add_test(tc, out_of_quorum_frozen_then_killed);
	tcase_add_test(tc, a_restart_freezes_nobody);
	tcase_add_test(tc, back_within_the_lease);
	tcase_add_test(tc, lease_counts_from_what_was_heard);
	tcase_add_test(tc, a_heartbeat_of_other_nodes_renews_nothing);
	tcase_add_test(tc, leases_of_other_nodes_prove_nothing);
	tcase_add_test(tc, dead_by_waiting);
	tcase_add_test(tc, shared_disks_need_no_copy);
	tcase_add_test(tc, doubt_source_dead_on_shared_disks);
	tcase_add_test(tc, waiting_counts_from_the_last_to_see_it);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
