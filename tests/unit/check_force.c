/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_force.c - a guest is started from an outdated copy (FORCE):
 * when that may be, what the record says then, and what operators are told
 */
#include "tests/unit/deaths.h"

#include <glib.h>

#include "hamd/core/message.h"
#include "tests/unit/leaf_run.h"

enum {
	A = 1,
	B = 2,
	C = 3,
	OLD = 77, /* its history */
	NEW = 78,
};

static const struct ham_guest *
guest(const struct ham_record *record)
{
	return ham_record_lookup(record, "g");
}

static const char *
say(struct ham_record *record, enum ham_op_kind kind, uint32_t node,
    uint64_t txn)
{
	const struct ham_guest *g = guest(record);
	struct ham_op op = {.kind = (uint8_t)kind, .node = node, .txn = txn};

	if (kind != HAM_OP_DEAD)
		g_strlcpy(op.guest, "g", sizeof(op.guest));
	op.epoch = g && kind != HAM_OP_DEAD ? g->epoch : 0;
	g_strlcpy(op.reason, "as it was told", sizeof(op.reason));
	return ham_record_apply(record, &op);
}

static void
go(struct ham_record *record, enum ham_op_kind kind, uint32_t node,
   uint64_t txn)
{
	const char *why = say(record, kind, node, txn);

	ck_assert_msg(!why, "%s: %s", ham_op_name(kind), why);
}

static const char *
force(struct ham_record *record, uint32_t node)
{
	return say(record, HAM_OP_FORCE, node, (uint64_t)NEW << HAM_MAX_DISKS);
}

static void
copy_to(struct ham_record *record, uint32_t node)
{
	go(record, HAM_OP_SYNC, node, 0);
	go(record, HAM_OP_CURRENT, node,
	   ham_guest_replica(guest(record), node)->generation);
}

/* A runs it, B has an outdated copy, and nobody else one. */
static struct ham_record *
with_old_copy(void)
{
	struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_op start = {.kind = HAM_OP_START,
			       .guest = "g",
			       .node = A,
			       .txn = (uint64_t)OLD << HAM_MAX_DISKS};

	ck_assert_ptr_null(ham_record_apply(record, &start));
	copy_to(record, B);
	go(record, HAM_OP_OUTDATED, B, 0);
	return record;
}

static bool
is_torn(const struct ham_record *record, uint32_t node)
{
	const struct ham_replica *r = ham_guest_replica(guest(record), node);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->state, HAM_REPLICA_OUTDATED);
	ck_assert_str_eq(ham_replica_state_name(r),
			 r->torn ? "partial" : "outdated");
	ck_assert_int_eq(ham_guest_has_whole(guest(record), node), !r->torn);
	return r->torn;
}

static uint8_t
state_of(const struct ham_record *record, uint32_t node)
{
	const struct ham_replica *r = ham_guest_replica(guest(record), node);

	return r ? r->state : HAM_REPLICA_ABSENT;
}

static void
check_encoding(const struct ham_record *record)
{
	uint8_t bytes[HAM_GUEST_WIRE_MAX], again[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(guest(record), bytes);
	struct ham_guest got;

	ck_assert_ptr_null(ham_guest_decode(bytes, len, &got));
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		ck_assert_int_eq(got.replica[i].torn,
				 guest(record)->replica[i].torn);
	ck_assert_uint_eq(got.wanted, guest(record)->wanted);
	ck_assert_uint_eq(ham_guest_encode(&got, again), len);
	ck_assert_mem_eq(bytes, again, len);
}

/* ---- the record ---- */

START_TEST(of_a_dead_owner)
{
	g_autofree struct ham_record *record = with_old_copy();

	ck_assert_str_eq(force(record, B),
			 "it is not stopped, nor its owner proven dead");
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(guest(record)->owner, B);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert(!guest(record)->owner_dead && guest(record)->wanted);
	ck_assert_uint_eq(guest(record)->epoch, 4);
	ck_assert_uint_eq(guest(record)->history, NEW);
	ck_assert_uint_eq(state_of(record, B), HAM_REPLICA_CURRENT);
	ck_assert_uint_eq(state_of(record, A), HAM_REPLICA_OUTDATED);
	ck_assert_str_eq(guest(record)->reason, "as it was told");
	check_encoding(record);
}
END_TEST

START_TEST(of_a_stopped_guest)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_WANT_STOP, 0, 0);
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW);
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(guest(record)->owner, B);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest(record)->epoch, 4);
}
END_TEST

/* It was done, it has been stopped since, and the leader had changed. */
START_TEST(one_that_is_asked_again_is_over)
{
	g_autofree struct ham_record *record = with_old_copy();
	struct ham_op again = {.kind = HAM_OP_FORCE,
			       .guest = "g",
			       .node = B,
			       .epoch = 1,
			       .txn = (uint64_t)NEW << HAM_MAX_DISKS};

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW);
	ck_assert_ptr_null(ham_record_apply(record, &again));
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW);
	ck_assert_str_eq(ham_record_apply(record, &again),
			 "its epoch is another one by now");
}
END_TEST

/* Its destination may run by the source's word alone. */
START_TEST(in_doubt_when_both_are_dead)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, C);
	go(record, HAM_OP_MIGRATE, C, 0);
	go(record, HAM_OP_CUTOVER, 0, 1);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_str_eq(force(record, B),
			 "it is not stopped, nor its owner proven dead");
	go(record, HAM_OP_DEAD, C, 0);
	ck_assert_str_eq(force(record, A), "that copy is current");
	ck_assert_str_eq(force(record, C), "that copy is current");
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert(!guest(record)->dst_dead);
	ck_assert(is_torn(record, C));
	ck_assert(!is_torn(record, A));
	check_encoding(record);
}
END_TEST

/* It took all that either side wrote. */
START_TEST(in_doubt_a_third_copy_is_current)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, B);
	go(record, HAM_OP_MIGRATE, C, 0);
	go(record, HAM_OP_CUTOVER, 2, 1);
	ck_assert_uint_eq(state_of(record, B), HAM_REPLICA_CURRENT);
	go(record, HAM_OP_DEAD, A, 0);
	go(record, HAM_OP_DEAD, C, 0);
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(guest(record)->owner, B);
}
END_TEST

START_TEST(not_beside_a_shared_disk)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_ptr_nonnull(strstr(say(record, HAM_OP_FORCE, B,
					 (uint64_t)NEW << HAM_MAX_DISKS | 1),
				     "shares a disk"));
	ham_record_find(record, "g")->shared = 1;
	ck_assert_ptr_nonnull(strstr(force(record, B), "shares a disk"));
}
END_TEST

/* Nothing could tell the newer images from it. */
START_TEST(not_without_a_history)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_DEAD, A, 0);
	ham_record_find(record, "g")->history = 0;
	ck_assert_str_eq(force(record, B), "its images have no history");
}
END_TEST

START_TEST(only_an_outdated_copy)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, C);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_str_eq(force(record, C), "that copy is current");
	ck_assert_str_eq(force(record, 4),
			 "that node holds no copy of its disks");
	ck_assert(!ham_guest_has_whole(guest(record), 0));
	ck_assert_str_eq(say(record, HAM_OP_FORCE, B, 0),
			 "it is given no history");
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(state_of(record, C), HAM_REPLICA_OUTDATED);
}
END_TEST

/* What was copied over and not to its end was at no moment what it is. */
START_TEST(half_a_copy_is_none)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_SYNC, B, 0);
	check_encoding(record);
	go(record, HAM_OP_OUTDATED, B, HAM_LOST_LEFT);
	ck_assert(is_torn(record, B));
	check_encoding(record);
	go(record, HAM_OP_SYNC, B, 0);
	go(record, HAM_OP_OUTDATED, B, HAM_LOST_UNTOUCHED);
	ck_assert(is_torn(record, B));
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_str_eq(force(record, B), "that copy was not made to its end");
}
END_TEST

START_TEST(half_a_copy_while_its_owner_dies)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_SYNC, B, 0);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_str_eq(force(record, B), "that copy was not made to its end");
}
END_TEST

START_TEST(half_a_copy_when_its_owner_stops)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_SYNC, B, 0);
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW);
	ck_assert(is_torn(record, B));
}
END_TEST

/* Its node would not have it copied over. */
START_TEST(one_that_was_not_touched_is_what_it_was)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_SYNC, B, 0);
	go(record, HAM_OP_OUTDATED, B, HAM_LOST_UNTOUCHED);
	ck_assert(!is_torn(record, B));
}
END_TEST

START_TEST(one_that_was_found_damaged)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, B);
	go(record, HAM_OP_OUTDATED, B, HAM_LOST_DIFFERS);
	ck_assert(is_torn(record, B));
	copy_to(record, B);
	go(record, HAM_OP_OUTDATED, B, HAM_LOST_LEFT);
	ck_assert(!is_torn(record, B));
	copy_to(record, B);
	ck_assert_ptr_nonnull(
		say(record, HAM_OP_OUTDATED, B, HAM_LOST_DIFFERS + 1));
}
END_TEST

static void
migrate_ends(struct ham_record *record, bool untouched)
{
	struct ham_op op = {.kind = HAM_OP_MIGRATE_END,
			    .guest = "g",
			    .epoch = guest(record)->epoch,
			    .txn = guest(record)->txn,
			    .flag = untouched};

	ck_assert_ptr_null(ham_record_apply(record, &op));
}

/* One that counts takes all writes meanwhile. */
START_TEST(a_migration_copies_over_it)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_MIGRATE, B, 0);
	migrate_ends(record, true);
	ck_assert(!is_torn(record, B));
	go(record, HAM_OP_MIGRATE, B, 1);
	migrate_ends(record, false);
	ck_assert(is_torn(record, B));
	copy_to(record, B);
	go(record, HAM_OP_MIGRATE, B, 2);
	go(record, HAM_OP_OUTDATED, B, 0);
	ck_assert(!is_torn(record, B));
}
END_TEST

START_TEST(its_owner_dies_while_it_is_copied_over)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, C);
	go(record, HAM_OP_MIGRATE, B, 0);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_str_eq(force(record, B), "that copy was not made to its end");
	go(record, HAM_OP_PROMOTE, C, 0);
	ck_assert(is_torn(record, B));
}
END_TEST

START_TEST(it_powers_off_while_it_is_copied_over)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_MIGRATE, B, 0);
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW);
	ck_assert(is_torn(record, B));
}
END_TEST

/* A mirror is cut disk by disk, and was never flushed. */
START_TEST(a_destination_that_lost)
{
	g_autofree struct ham_record *record = with_old_copy();
	struct ham_op outcome = {.kind = HAM_OP_OUTCOME,
				 .guest = "g",
				 .node = A,
				 .epoch = 1,
				 .txn = 1};

	go(record, HAM_OP_MIGRATE, C, 0);
	go(record, HAM_OP_CUTOVER, 0, 1);
	ck_assert_ptr_null(ham_record_apply(record, &outcome));
	ck_assert(is_torn(record, C));
}
END_TEST

/* The second was made from nothing of the first. */
START_TEST(by_force_again)
{
	g_autofree struct ham_record *record = with_old_copy();

	copy_to(record, C);
	go(record, HAM_OP_OUTDATED, C, 0);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_ptr_null(force(record, B));
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN);
	ck_assert_ptr_null(say(record, HAM_OP_FORCE, C,
			       (uint64_t)(NEW + 1) << HAM_MAX_DISKS));
	ck_assert_uint_eq(guest(record)->history, NEW + 1);
	ck_assert(!is_torn(record, B));
}
END_TEST

/* What was to grow is lost with its owner. */
START_TEST(no_resize_is_left)
{
	g_autofree struct ham_record *record = with_old_copy();

	go(record, HAM_OP_RESIZE, 0, 1 << 20);
	go(record, HAM_OP_DEAD, A, 0);
	ck_assert_ptr_null(force(record, B));
	ck_assert_uint_eq(guest(record)->grow_size, 0);
	ck_assert_uint_eq(guest(record)->disk_size[0], 0);
	check_encoding(record);
}
END_TEST

/* ---- what operators see ---- */

/* n2 has gone on without n1's copy, and n3 gets none. */
static struct bus *
one_is_left_behind(void)
{
	struct bus *bus = with_replica_on(1, 0, false);

	bus->node[2].silent = BUS_ACT(SERVE);
	power_cut(bus, 0, "122");
	pass(bus, 5);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 1), 1));
	return bus;
}

/* And then it is gone, with the only current copy. */
static struct bus *
newest_is_gone(void)
{
	struct bus *bus = one_is_left_behind();

	power_cut(bus, 1, "131");
	bus_up(bus, 0);
	bus_run(bus);
	ck_assert(bus_active(bus, 2));
	return bus;
}

START_TEST(its_owner_may_still_run_it)
{
	struct bus *bus = newest_is_gone();

	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error,
			 "g is started already, on n2, which is gone and may "
			 "still run it");
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(it_starts_from_the_old_copy)
{
	struct bus *bus = newest_is_gone();
	struct ham_guest before = *bus_guest(bus, 0);
	struct ham_fork forks[HAM_MAX_FORKS];

	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	ck_assert(strstr(bus->node[2].notes->str,
			 "ALARM:started from an old copy: the writes that it "
			 "lacks are given up, current was: n2"));
	ck_assert_uint_eq(ham_core_forks(bus->node[0].core, "g", forks), 1);
	ck_assert_uint_eq(forks[0].history, before.history);
	ck_assert_uint_eq(forks[0].epoch, before.epoch);
	ck_assert_uint_eq(ham_core_forks(bus->node[2].core, "g", forks), 0);
	/* who is back has nothing that counts */
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 1), 2));
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

/* A hamd that was restarted before it had started it there. */
START_TEST(what_it_has_begun_with_is_not_forgotten)
{
	struct bus *bus = newest_is_gone();
	struct ham_fork forks[HAM_MAX_FORKS];
	uint64_t history = bus_guest(bus, 0)->history;

	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	for (int k = 0; k < 2;
	     k++) { /* from its store, and when all is stored */
		bus_down(bus, 0);
		bus_up(bus, 0);
		bus_run(bus);
		ck_assert_uint_eq(ham_core_forks(bus->node[0].core, "g", forks),
				  1);
		ck_assert_uint_eq(forks[0].history, history);
	}
	bus_free(bus);
}
END_TEST

/* Stopped there, and n2 is away: the refusal says what could be done. */
START_TEST(what_the_refusal_says)
{
	struct bus *bus = one_is_left_behind();

	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_split(bus, "111");
	bus_up(bus, 0);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	ck_assert_str_eq(bus->node[2].last_error,
			 "n2 is here, and has a current copy of the disks of "
			 "g: start it there; to give that copy up, stop hamd "
			 "there first");
	ck_assert_uint_eq(bus_runners(bus), 0);
	power_cut(bus, 1, "121");
	pass(bus, 5);
	bus_command(bus, 2, HAM_CMD_START, 1);
	ck_assert_str_eq(bus->node[2].last_error,
			 "n1 holds no current copy of the disks of g; current: "
			 "n2 (away for 5 s); --force starts it from the old "
			 "copy there, and gives up what was written since");
	bus_command(bus, 2, HAM_CMD_FORCE, 3);
	ck_assert_str_eq(bus->node[2].last_error,
			 "the copy of g on n3 was not made to its end: nothing "
			 "can be started from it");
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* As --force on a start that needs none. */
START_TEST(a_current_copy_needs_no_force)
{
	struct bus *bus = three(0, false);
	uint64_t history = bus_guest(bus, 0)->history;

	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_eq(bus_guest(bus, 0)->history, history);
	bus_free(bus);
}
END_TEST

/* It was ordered, and was not done before n2 came back with the newest. */
START_TEST(an_order_that_was_outlived)
{
	struct bus *bus = one_is_left_behind();
	uint64_t history = bus_guest(bus, 2)->history;

	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	power_cut(bus, 1, "131");
	bus_up(bus, 0);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(strstr(bus->node[2].last_error,
			 "the cluster's members have changed meanwhile"));
	ck_assert_uint_eq(bus_guest(bus, 2)->history, history);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* Its disks are on all nodes, or one of them is. */
START_TEST(what_shares_disks_is_told_so)
{
	static const char *const why[] = {
		"holds no current copy of the disks",
		"g shares a disk with other nodes, and an old copy of others "
		"does not fit that"};
	struct bus *bus = one_is_left_behind();

	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	power_cut(bus, 1, "131");
	bus->guest.shared = 1;
	bus_down(bus, 2);
	bus_up(bus, 0);
	bus_up(bus, 2);
	bus_run(bus);
	for (int k = 0; k < 2; k++) {
		bus_command(bus, 2, k ? HAM_CMD_FORCE : HAM_CMD_START, 1);
		ck_assert_msg(strstr(bus->node[2].last_error, why[k]), "%s",
			      bus->node[2].last_error);
	}
	bus_free(bus);
}
END_TEST

/* ---- what a node has stored of it ---- */

START_TEST(stored_histories_are_checked)
{
	static const uint8_t bytes[24 * (HAM_MAX_FORKS + 1)] = {0, 1};
	struct bus *bus = three(0, false);
	ham_core *core = bus->node[0].core;

	ck_assert_ptr_nonnull(ham_core_load(core, "fork/g", bytes, 0));
	ck_assert_ptr_nonnull(ham_core_load(core, "fork/g", bytes, 15));
	ck_assert_ptr_nonnull(
		ham_core_load(core, "fork/g", bytes, sizeof(bytes)));
	ck_assert_ptr_nonnull(ham_core_load(core, "fork/-g", bytes, 24));
	ck_assert_ptr_null(ham_core_load(core, "fork/g", bytes, 24));
	bus_free(bus);
}
END_TEST

/* An order that was dropped, or one that another node has made void. */
START_TEST(what_led_elsewhere_says_nothing)
{
	static const uint8_t bytes[24] = {[7] = 1, [23] = 2};
	struct bus *bus = newest_is_gone();
	ham_core *core = bus->node[0].core;
	struct ham_fork forks[HAM_MAX_FORKS];

	ck_assert_ptr_null(ham_core_load(core, "fork/g", bytes, 24));
	ck_assert_uint_eq(ham_core_forks(core, "g", forks), 0);
	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert_uint_eq(ham_core_forks(core, "g", forks), 1);
	ck_assert_uint_ne(forks[0].history, 1);
	bus_free(bus);
}
END_TEST

START_TEST(the_oldest_history_goes)
{
	uint8_t bytes[24 * HAM_MAX_FORKS] = {0};
	struct bus *bus = newest_is_gone();
	ham_core *core = bus->node[0].core;
	struct ham_fork forks[HAM_MAX_FORKS];
	uint64_t history = bus_guest(bus, 0)->history;

	/* 1 -> 2 -> 3 -> 4 -> what it has now */
	for (unsigned int i = 0; i < HAM_MAX_FORKS; i++) {
		bytes[24 * i + 7] = (uint8_t)(i + 1);
		bytes[24 * i + 23] = (uint8_t)(i + 2);
	}
	for (int i = 0; i < 8; i++)
		bytes[sizeof(bytes) - 1 - i] = (uint8_t)(history >> 8 * i);
	ck_assert_ptr_null(ham_core_load(core, "fork/g", bytes, sizeof(bytes)));
	bus_command(bus, 2, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_FORCE, 1);
	bus_run(bus);
	ck_assert_uint_eq(ham_core_forks(core, "g", forks), HAM_MAX_FORKS);
	ck_assert_uint_eq(forks[0].history, history);
	ck_assert_uint_eq(forks[HAM_MAX_FORKS - 1].history, 2);
	ck_assert_uint_eq(ham_core_forks(core, "nobody", forks), 0);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("force");
	TCase *tc = tcase_create("force");

	tcase_add_test(tc, of_a_dead_owner);
	tcase_add_test(tc, of_a_stopped_guest);
	tcase_add_test(tc, one_that_is_asked_again_is_over);
	tcase_add_test(tc, in_doubt_when_both_are_dead);
	tcase_add_test(tc, in_doubt_a_third_copy_is_current);
	tcase_add_test(tc, not_beside_a_shared_disk);
	tcase_add_test(tc, not_without_a_history);
	tcase_add_test(tc, only_an_outdated_copy);
	tcase_add_test(tc, half_a_copy_is_none);
	tcase_add_test(tc, half_a_copy_while_its_owner_dies);
	tcase_add_test(tc, half_a_copy_when_its_owner_stops);
	tcase_add_test(tc, one_that_was_not_touched_is_what_it_was);
	tcase_add_test(tc, one_that_was_found_damaged);
	tcase_add_test(tc, a_migration_copies_over_it);
	tcase_add_test(tc, its_owner_dies_while_it_is_copied_over);
	tcase_add_test(tc, it_powers_off_while_it_is_copied_over);
	tcase_add_test(tc, a_destination_that_lost);
	tcase_add_test(tc, by_force_again);
	tcase_add_test(tc, no_resize_is_left);
	tcase_add_test(tc, its_owner_may_still_run_it);
	tcase_add_test(tc, it_starts_from_the_old_copy);
	tcase_add_test(tc, what_it_has_begun_with_is_not_forgotten);
	tcase_add_test(tc, what_the_refusal_says);
	tcase_add_test(tc, a_current_copy_needs_no_force);
	tcase_add_test(tc, an_order_that_was_outlived);
	tcase_add_test(tc, what_shares_disks_is_told_so);
	tcase_add_test(tc, stored_histories_are_checked);
	tcase_add_test(tc, what_led_elsewhere_says_nothing);
	tcase_add_test(tc, the_oldest_history_goes);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
