/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_record.c - what each operation does, and when it is refused
 *
 * A refused operation changes nothing: that is checked at every refusal.
 */
#include <check.h>
#include <glib.h>
#include <string.h>

#include "hamd/core/message.h"
#include "hamd/core/record.h"
#include "tests/unit/leaf_run.h"

enum {
	A = 1,
	B = 2,
	C = 3,
	D = 4,
	E = 5
};

static struct ham_op
op(enum ham_op_kind kind, const char *guest)
{
	struct ham_op o = {.kind = (uint8_t)kind};

	g_strlcpy(o.guest, guest, sizeof(o.guest));
	return o;
}

/* An operation that fits the guest as it stands, but for its kind. */
static struct ham_op
fitting(const struct ham_record *record, enum ham_op_kind kind, uint32_t node)
{
	const struct ham_guest *g = ham_record_lookup(record, "g");
	struct ham_op o = op(kind, "g");

	o.node = node;
	o.epoch = g ? g->epoch : 0;
	o.txn = g && kind != HAM_OP_START ? g->txn : 0;
	/* there it says: by itself, or for the cluster's stop */
	if (kind != HAM_OP_START && kind != HAM_OP_WANT_STOP)
		g_strlcpy(o.reason, "because", sizeof(o.reason));
	return o;
}

static void
accept(struct ham_record *record, const struct ham_op *o)
{
	const char *why = ham_record_check(record, o);

	ck_assert_msg(!why, "%s: %s", ham_op_name(o->kind), why);
	ck_assert_ptr_null(ham_record_apply(record, o));
}

static void
refuse(struct ham_record *record, const struct ham_op *o, const char *part)
{
	g_autofree struct ham_record *before =
		g_memdup2(record, sizeof(*record));
	const char *why = ham_record_check(record, o);

	ck_assert_msg(why && strstr(why, part), "%s: '%s', not '%s'",
		      ham_op_name(o->kind), why ? why : "accepted", part);
	ck_assert_str_eq(ham_record_apply(record, o), why);
	ck_assert_mem_eq(record, before, sizeof(*record));
}

static void
go(struct ham_record *record, enum ham_op_kind kind, uint32_t node)
{
	struct ham_op o = fitting(record, kind, node);

	accept(record, &o);
}

static void
no_go(struct ham_record *record, enum ham_op_kind kind, uint32_t node,
      const char *part)
{
	struct ham_op o = fitting(record, kind, node);

	refuse(record, &o, part);
}

/* Guest g, started on A and taken as far as `phase` on its way to B. */
static struct ham_record *
record_in(enum ham_guest_phase phase)
{
	struct ham_record *record = g_new0(struct ham_record, 1);

	go(record, HAM_OP_START, A);
	if (phase == HAM_GUEST_STOPPED)
		go(record, HAM_OP_STOPPED, 0);
	if (phase >= HAM_GUEST_MIGRATING)
		go(record, HAM_OP_MIGRATE, B);
	if (phase == HAM_GUEST_IN_DOUBT)
		go(record, HAM_OP_CUTOVER, 0);
	ck_assert_uint_eq(ham_record_lookup(record, "g")->phase, phase);
	return record;
}

static const struct ham_guest *
guest(const struct ham_record *record)
{
	return ham_record_lookup(record, "g");
}

static void
expect_replica(const struct ham_record *record, uint32_t node,
	       enum ham_replica_state state, uint64_t generation)
{
	const struct ham_replica *r = ham_guest_replica(guest(record), node);

	ck_assert_ptr_nonnull(r);
	ck_assert_int_eq(r->state, state);
	ck_assert_uint_eq(r->generation, generation);
	ck_assert_int_eq(ham_guest_is_current(guest(record), node),
			 state == HAM_REPLICA_CURRENT);
}

/* Which operation fits in which phase; a cell holds its refusal. */
START_TEST(phases_and_operations)
{
	static const struct {
		enum ham_op_kind kind;
		uint32_t node;
		const char *refusal[HAM_GUEST_N_PHASES]; /* NULL: accepted */
	} rows[] = {
		{HAM_OP_START,
		 A,
		 {NULL, "not stopped", "not stopped", "not stopped"}},
		{HAM_OP_WANT_STOP,
		 0,
		 {NULL, NULL, "being migrated", "being migrated"}},
		{HAM_OP_STOPPED, 0, {"not started", NULL, NULL, "not started"}},
		{HAM_OP_MIGRATE,
		 C,
		 {"not running", NULL, "migrated already", "migrated already"}},
		{HAM_OP_MIGRATE_END,
		 0,
		 {"is over", "is over", NULL, "is over"}},
		{HAM_OP_CUTOVER, 0, {"is over", "is over", NULL, "is over"}},
		{HAM_OP_OUTCOME,
		 A,
		 {"not in doubt", "not in doubt", "not in doubt", NULL}},
		{HAM_OP_OUTCOME,
		 B,
		 {"not in doubt", "not in doubt", "not in doubt", NULL}},
		{HAM_OP_OUTDATED,
		 C,
		 {"not started", "not current", "not current", "not started"}},
		{HAM_OP_SYNC,
		 C,
		 {"not started", NULL, "being migrated", "being migrated"}},
		{HAM_OP_CURRENT,
		 C,
		 {"not started", "any more", "being migrated",
		  "being migrated"}},
		{HAM_OP_RESIZED,
		 0,
		 {"being resized", "being resized", "being resized",
		  "being resized"}},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
		for (int p = 0; p < HAM_GUEST_N_PHASES; p++) {
			g_autofree struct ham_record *record = record_in(p);

			if (rows[i].refusal[p])
				no_go(record, rows[i].kind, rows[i].node,
				      rows[i].refusal[p]);
			else
				go(record, rows[i].kind, rows[i].node);
		}
}
END_TEST

START_TEST(what_is_no_operation)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);

	no_go(record, HAM_OP_NONE, A, "unknown operation");
	no_go(record, HAM_OP_N_KINDS, A, "unknown operation");
	no_go(record, 200, A, "unknown operation");
}
END_TEST

START_TEST(names_are_checked)
{
	static const char *const good[] = {"a", "web1", "A.b_c-9", "9"};
	static const char *const bad[] = {"",	 "-a",	".a",	    "a/b",
					  "a b", "a\n", "\xc3\xa4", "a:b"};
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	g_autofree char *longest = g_strnfill(HAM_NAME_SIZE - 1, 'n');
	g_autofree char *longer = g_strnfill(HAM_NAME_SIZE, 'n');

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++)
		ck_assert(ham_name_valid(good[i]));
	ck_assert(ham_name_valid(longest));
	ck_assert(!ham_name_valid(longer));
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct ham_op o = op(HAM_OP_START, bad[i]);

		ck_assert_msg(!ham_name_valid(bad[i]), "'%s'", bad[i]);
		o.node = A;
		refuse(record, &o, "name is not valid");
	}
}
END_TEST

START_TEST(old_epochs_are_refused)
{
	for (int kind = HAM_OP_WANT_STOP; kind < HAM_OP_N_KINDS; kind++) {
		if (ham_op_is_of_node(kind))
			continue;
		g_autofree struct ham_record *record =
			record_in(HAM_GUEST_MIGRATING);
		struct ham_op o = fitting(record, kind, C);

		o.epoch = guest(record)->epoch - 1;
		refuse(record, &o, "epoch");
		o.epoch = guest(record)->epoch + 1;
		refuse(record, &o, "epoch");
	}
}
END_TEST

START_TEST(another_transaction_is_refused)
{
	g_autofree struct ham_record *moving = record_in(HAM_GUEST_MIGRATING);
	g_autofree struct ham_record *doubt = record_in(HAM_GUEST_IN_DOUBT);
	struct ham_op end = fitting(moving, HAM_OP_MIGRATE_END, 0);
	struct ham_op cut = fitting(moving, HAM_OP_CUTOVER, 0);
	struct ham_op out = fitting(doubt, HAM_OP_OUTCOME, B);
	g_autofree struct ham_record *still = record_in(HAM_GUEST_STARTED);
	struct ham_op again = fitting(still, HAM_OP_MIGRATE, B);

	end.txn = cut.txn = out.txn = guest(moving)->txn + 1;
	/* an order that was asked twice is done once */
	accept(still, &again);
	go(still, HAM_OP_MIGRATE_END, 0);
	refuse(still, &again, "migrated since");
	refuse(moving, &end, "is over");
	refuse(moving, &cut, "is over");
	refuse(doubt, &out, "not in doubt");
}
END_TEST

START_TEST(an_unknown_guest_is_refused)
{
	for (int kind = HAM_OP_WANT_STOP; kind < HAM_OP_N_KINDS; kind++) {
		if (ham_op_is_of_node(kind))
			continue;
		g_autofree struct ham_record *record =
			record_in(HAM_GUEST_STARTED);
		struct ham_op o = op(kind, "other");

		o.node = A;
		refuse(record, &o, "never started");
	}
}
END_TEST

START_TEST(first_start)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);

	no_go(record, HAM_OP_START, 0, "no node");
	go(record, HAM_OP_START, B);
	ck_assert_uint_eq(record->n_guests, 1);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert(guest(record)->wanted);
	ck_assert_uint_eq(guest(record)->owner, B);
	ck_assert_uint_eq(guest(record)->dst, 0);
	ck_assert_uint_eq(guest(record)->epoch, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 1);
	ck_assert_ptr_null(ham_guest_replica(guest(record), A));
}
END_TEST

START_TEST(start_again_only_with_a_current_copy)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STOPPED);
	struct ham_guest *g = ham_record_find(record, "g");

	no_go(record, HAM_OP_START, C, "no current copy");
	go(record, HAM_OP_START, A);
	/* not the next one: that may be a destination's, which a source that
	 * missed both would take for its own outcome */
	ck_assert_uint_eq(guest(record)->epoch, 4);
	ck_assert_str_eq(guest(record)->reason, "");
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	go(record, HAM_OP_STOPPED, 0);
	g->replica[0].state = HAM_REPLICA_OUTDATED;
	no_go(record, HAM_OP_START, A, "no node holds a current copy");
}
END_TEST

/* Its owner gives up what it does not connect, before it runs. */
START_TEST(start_leaves_other_copies)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	go(record, HAM_OP_OUTCOME, B);
	go(record, HAM_OP_STOPPED, 0);
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	go(record, HAM_OP_START, A);
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 2);
}
END_TEST

START_TEST(stop_clean_and_not)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = fitting(record, HAM_OP_STOPPED, 0);

	/* crashed: still wanted */
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert(guest(record)->wanted);
	ck_assert(!guest(record)->clean);
	ck_assert_str_eq(guest(record)->reason, "because");
	go(record, HAM_OP_START, A);
	o = fitting(record, HAM_OP_STOPPED, 0);
	o.flag = true;
	o.txn = HAM_ENDED_EQUAL;
	/* shut itself down: it is where it wanted to be */
	accept(record, &o);
	ck_assert(!guest(record)->wanted);
	ck_assert(guest(record)->clean);
	no_go(record, HAM_OP_WANT_STOP, 0, "it is stopped");
}
END_TEST

START_TEST(a_crashed_guest_can_be_unwanted)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STOPPED);

	ck_assert(guest(record)->wanted);
	go(record, HAM_OP_WANT_STOP, 0);
	ck_assert(!guest(record)->wanted);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
}
END_TEST

START_TEST(want_stop_keeps_the_phase)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);

	go(record, HAM_OP_WANT_STOP, 0);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert(!guest(record)->wanted);
	no_go(record, HAM_OP_MIGRATE, B, "being stopped");
}
END_TEST

START_TEST(migrate)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);

	no_go(record, HAM_OP_MIGRATE, A, "runs on that node already");
	no_go(record, HAM_OP_MIGRATE, 0, "that node");
	go(record, HAM_OP_MIGRATE, B);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_MIGRATING);
	ck_assert_uint_eq(guest(record)->owner, A);
	ck_assert_uint_eq(guest(record)->dst, B);
	ck_assert_uint_eq(guest(record)->txn, 1);
	ck_assert_uint_eq(guest(record)->epoch, 1);
	ck_assert_ptr_null(ham_guest_replica(guest(record), B));
	go(record, HAM_OP_MIGRATE_END, 0);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest(record)->dst, 0);
	ck_assert_uint_eq(guest(record)->epoch, 1);
	ck_assert_str_eq(guest(record)->reason, "because");
	/* each migration has a number of its own */
	go(record, HAM_OP_MIGRATE, C);
	ck_assert_uint_eq(guest(record)->txn, 2);
	ck_assert_str_eq(guest(record)->reason, "");
}
END_TEST

START_TEST(a_guest_that_ends_ends_its_migration)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_MIGRATING);

	go(record, HAM_OP_STOPPED, 0);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert_uint_eq(guest(record)->dst, 0);
}
END_TEST

START_TEST(cutover_makes_both_current_and_no_other)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	go(record, HAM_OP_OUTCOME, B); /* e 2, A and B current */
	go(record, HAM_OP_MIGRATE, C);
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	go(record, HAM_OP_CUTOVER, 0);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_IN_DOUBT);
	ck_assert_uint_eq(guest(record)->owner, B);
	ck_assert_uint_eq(guest(record)->epoch, 2);
	expect_replica(record, A, HAM_REPLICA_OUTDATED, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 2);
	expect_replica(record, C, HAM_REPLICA_CURRENT, 3);
}
END_TEST

START_TEST(outcome_destination)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	no_go(record, HAM_OP_OUTCOME, C, "no part in the hand-over");
	no_go(record, HAM_OP_OUTCOME, 0, "no part in the hand-over");
	go(record, HAM_OP_OUTCOME, B);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest(record)->owner, B);
	ck_assert_uint_eq(guest(record)->dst, 0);
	ck_assert_uint_eq(guest(record)->epoch, 2);
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 2);
}
END_TEST

START_TEST(outcome_source_has_an_epoch_of_its_own)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	go(record, HAM_OP_OUTCOME, A);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest(record)->owner, A);
	ck_assert_uint_eq(guest(record)->epoch, 3);
	ck_assert_str_eq(guest(record)->reason, "because");
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	expect_replica(record, B, HAM_REPLICA_OUTDATED, 2);
	no_go(record, HAM_OP_OUTCOME, B, "not in doubt");
}
END_TEST

START_TEST(outdated)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	go(record, HAM_OP_OUTCOME, B);
	no_go(record, HAM_OP_OUTDATED, B, "own copy is never outdated");
	go(record, HAM_OP_OUTDATED, A);
	expect_replica(record, A, HAM_REPLICA_OUTDATED, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 2);
	no_go(record, HAM_OP_OUTDATED, A, "not current");
	no_go(record, HAM_OP_OUTDATED, 0, "not current");
}
END_TEST

static struct ham_op
resize(const struct ham_record *record, enum ham_op_kind kind, uint64_t size)
{
	struct ham_op o = op(kind, "g");

	o.epoch = guest(record)->epoch;
	o.txn = size;
	return o;
}

/* No write may go to disks of two sizes. */
START_TEST(resize_outdates_all_copies)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = resize(record, HAM_OP_RESIZE, 1024);

	go(record, HAM_OP_SYNC, C);
	accept(record, &o);
	expect_replica(record, C, HAM_REPLICA_OUTDATED, 2);
	no_go(record, HAM_OP_SYNC, C, "being resized");
	no_go(record, HAM_OP_MIGRATE, B, "being resized");
	refuse(record, &o, "being resized already");
	o = resize(record, HAM_OP_RESIZED, 2048);
	refuse(record, &o, "being resized to that");
}
END_TEST

START_TEST(resize_is_done_or_not)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op begin = resize(record, HAM_OP_RESIZE, 1024);
	struct ham_op end = resize(record, HAM_OP_RESIZED, 1024);

	accept(record, &begin);
	accept(record, &end);
	ck_assert_uint_eq(guest(record)->disk_size[0], 0);
	accept(record, &begin);
	end.flag = true;
	accept(record, &end);
	ck_assert_uint_eq(guest(record)->disk_size[0], 1024);
	ck_assert_uint_eq(guest(record)->grow_size, 0);
	refuse(record, &begin, "only grows");
	begin.node = HAM_MAX_DISKS;
	refuse(record, &begin, "no such disk");
}
END_TEST

/* The guest may have seen it. */
START_TEST(resize_outlives_the_guest)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = resize(record, HAM_OP_RESIZE, 1024);

	accept(record, &o);
	go(record, HAM_OP_STOPPED, 0);
	go(record, HAM_OP_START, A);
	ck_assert_uint_eq(guest(record)->grow_size, 1024);
	o = resize(record, HAM_OP_RESIZED, 1024);
	o.flag = true;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->disk_size[0], 1024);
}
END_TEST

static void
die(struct ham_record *record, uint32_t node)
{
	struct ham_op o = op(HAM_OP_DEAD, "");

	o.node = node;
	accept(record, &o);
}

START_TEST(a_death_marks_whom_it_concerns)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);
	struct ham_op o = op(HAM_OP_DEAD, "");

	o.node = C;
	refuse(record, &o, "no guest hangs on its death");
	die(record, B);
	ck_assert(guest(record)->dst_dead && !guest(record)->owner_dead);
	o.node = B;
	refuse(record, &o, "no guest hangs on its death");
	die(record, A);
	ck_assert(guest(record)->owner_dead);
	go(record, HAM_OP_OUTCOME, A);
	ck_assert(!guest(record)->owner_dead && !guest(record)->dst_dead);
}
END_TEST

START_TEST(a_death_is_of_a_node)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = op(HAM_OP_DEAD, "g");

	o.node = A;
	refuse(record, &o, "a node dies");
	o = op(HAM_OP_DEAD, "");
	refuse(record, &o, "a node dies");
}
END_TEST

START_TEST(promotion_needs_a_death_and_a_current_copy)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	go(record, HAM_OP_OUTCOME, B); /* owner B, A's copy current */
	no_go(record, HAM_OP_PROMOTE, A, "not proven dead");
	die(record, B);
	no_go(record, HAM_OP_PROMOTE, C, "no current copy");
	go(record, HAM_OP_PROMOTE, A);
	ck_assert_uint_eq(guest(record)->owner, A);
	ck_assert_uint_eq(guest(record)->epoch, 5);
	ck_assert(!guest(record)->owner_dead);
	expect_replica(record, A, HAM_REPLICA_CURRENT, 1);
	expect_replica(record, B, HAM_REPLICA_OUTDATED, 2);
}
END_TEST

/* A destination that starts cold after the source's death has nobody who takes
 * its writes as well. */
START_TEST(outcome_outdates_a_dead_source)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_IN_DOUBT);

	die(record, A);
	go(record, HAM_OP_OUTCOME, B);
	expect_replica(record, A, HAM_REPLICA_OUTDATED, 1);
	expect_replica(record, B, HAM_REPLICA_CURRENT, 2);
}
END_TEST

START_TEST(a_dead_owner_asks_for_nothing)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_MIGRATING);

	die(record, A);
	no_go(record, HAM_OP_CUTOVER, 0, "proven dead");
	no_go(record, HAM_OP_MIGRATE_END, 0, "proven dead");
	go(record, HAM_OP_STOPPED, 0);
	ck_assert(!guest(record)->owner_dead);
	no_go(record, HAM_OP_PROMOTE, A, "not started");
}
END_TEST

/* More nodes than entries: an outdated one gives way, a current one never. */
START_TEST(entries_are_used_again)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	static const uint32_t way[] = {B, C, D, E, A};

	for (size_t i = 0; i < G_N_ELEMENTS(way); i++) {
		uint32_t from = guest(record)->owner;

		go(record, HAM_OP_MIGRATE, way[i]);
		go(record, HAM_OP_CUTOVER, 0);
		go(record, HAM_OP_OUTCOME, way[i]);
		ck_assert(ham_guest_is_current(guest(record), from));
		ck_assert(ham_guest_is_current(guest(record), way[i]));
	}
	ck_assert_uint_eq(guest(record)->owner, A);
	ck_assert_uint_eq(guest(record)->epoch, 6);
}
END_TEST

static void
start_named(struct ham_record *record, const char *name)
{
	struct ham_op o = op(HAM_OP_START, name);

	o.node = A;
	accept(record, &o);
}

START_TEST(guests_are_ordered_by_name)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	static const char *const names[] = {"m", "z", "a", "mm", "B"};
	static const char *const want[] = {"B", "a", "m", "mm", "z"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		start_named(record, names[i]);
	for (size_t i = 0; i < G_N_ELEMENTS(want); i++) {
		ck_assert_str_eq(record->guests[i].name, want[i]);
		ck_assert_ptr_eq(ham_record_find(record, want[i]),
				 &record->guests[i]);
	}
	ck_assert_ptr_null(ham_record_lookup(record, "ma"));
	ck_assert_ptr_null(ham_record_lookup(record, "zz"));
}
END_TEST

/* The user id of a guest is its slot's: two must never share one. */
START_TEST(slots_are_unique)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	bool seen[HAM_MAX_GUESTS] = {false};

	for (unsigned int i = 0; i < HAM_MAX_GUESTS; i++) {
		g_autofree char *name =
			g_strdup_printf("g%u", (i * 617) % HAM_MAX_GUESTS);

		start_named(record, name);
	}
	for (unsigned int i = 0; i < HAM_MAX_GUESTS; i++) {
		ck_assert_uint_lt(record->guests[i].slot, HAM_MAX_GUESTS);
		ck_assert(!seen[record->guests[i].slot]);
		seen[record->guests[i].slot] = true;
	}
	no_go(record, HAM_OP_START, A, "full of guests");
}
END_TEST

START_TEST(a_slot_is_kept)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);

	start_named(record, "g");
	start_named(record, "a");
	ck_assert_uint_eq(guest(record)->slot, 0);
	ck_assert_uint_eq(ham_record_lookup(record, "a")->slot, 1);
	go(record, HAM_OP_STOPPED, 0);
	go(record, HAM_OP_START, A);
	ck_assert_uint_eq(guest(record)->slot, 0);
}
END_TEST

START_TEST(checksum_tells_records_apart)
{
	g_autofree struct ham_record *a = record_in(HAM_GUEST_MIGRATING);
	g_autofree struct ham_record *b = record_in(HAM_GUEST_MIGRATING);
	struct ham_guest *g = ham_record_find(b, "g");

	ck_assert_uint_eq(ham_record_checksum(a), ham_record_checksum(b));
	b->pos.count++; /* the position is compared by itself */
	ck_assert_uint_eq(ham_record_checksum(a), ham_record_checksum(b));
	g->wanted = false;
	ck_assert_uint_ne(ham_record_checksum(a), ham_record_checksum(b));
	g->wanted = true;
	g->replica[0].generation++;
	ck_assert_uint_ne(ham_record_checksum(a), ham_record_checksum(b));
	g->replica[0].generation--;
	g->reason[0] = 'x';
	ck_assert_uint_ne(ham_record_checksum(a), ham_record_checksum(b));
}
END_TEST

/* Both were asked at once, and a copy that is one too many is what a migration
 * there needs. */
START_TEST(one_too_many_but_the_guest_comes)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o;

	go(record, HAM_OP_SYNC, B);
	o = fitting(record, HAM_OP_CURRENT, B);
	o.txn = ham_guest_replica(guest(record), B)->generation;
	accept(record, &o);
	go(record, HAM_OP_MIGRATE, B);
	o = fitting(record, HAM_OP_OUTDATED, B);
	o.flag = true;
	refuse(record, &o, "being migrated there");
	o.flag = false;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
}
END_TEST

/* ---- disks that all nodes share ---- */

static void
start_common(struct ham_record *record, uint32_t node, bool common)
{
	struct ham_op o = fitting(record, HAM_OP_START, node);

	o.flag = common;
	o.txn = common ? 1 : 0;
	accept(record, &o);
}

static struct ham_record *
common_on(uint32_t node)
{
	struct ham_record *record = g_new0(struct ham_record, 1);

	start_common(record, node, true);
	ck_assert(guest(record)->common);
	ck_assert_uint_eq(guest(record)->shared, 1);
	return record;
}

/* That node's entry alone is left. */
static void
expect_only(const struct ham_record *record, uint32_t node)
{
	ck_assert_uint_eq(guest(record)->owner, node);
	ck_assert(ham_guest_is_current(guest(record), node));
	for (uint32_t k = A; k <= E; k++) {
		ck_assert(ham_guest_may_own(guest(record), k));
		if (k != node)
			ck_assert_ptr_null(ham_guest_replica(guest(record), k));
	}
}

START_TEST(common_is_started_anywhere)
{
	g_autofree struct ham_record *record = common_on(A);

	go(record, HAM_OP_STOPPED, 0);
	start_common(record, C, true);
	expect_only(record, C);
}
END_TEST

/* What the file says now is no proof of what is on another node's disk. */
START_TEST(not_anywhere_just_because_it_was_said)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STOPPED);
	struct ham_op o = fitting(record, HAM_OP_START, B);

	o.flag = true;
	o.txn = 1;
	refuse(record, &o, "no current copy");
	start_common(record, A, true);
	expect_only(record, A);
	go(record, HAM_OP_STOPPED, 0);
	/* and back: the disk is where it last ran */
	o = fitting(record, HAM_OP_START, B);
	o.txn = 0;
	refuse(record, &o, "no current copy");
	start_common(record, A, false);
	ck_assert(!ham_guest_may_own(guest(record), B));
}
END_TEST

START_TEST(common_is_migrated_and_leaves_nothing)
{
	g_autofree struct ham_record *record = common_on(A);

	no_go(record, HAM_OP_SYNC, B, "nothing to copy");
	go(record, HAM_OP_MIGRATE, B);
	go(record, HAM_OP_CUTOVER, 0);
	go(record, HAM_OP_OUTCOME, B);
	expect_only(record, B);
	go(record, HAM_OP_MIGRATE, C);
	go(record, HAM_OP_CUTOVER, 0);
	go(record, HAM_OP_OUTCOME, B);
	expect_only(record, B);
}
END_TEST

START_TEST(common_is_promoted_anywhere)
{
	g_autofree struct ham_record *record = common_on(A);
	struct ham_op dead = {.kind = HAM_OP_DEAD, .node = A};

	no_go(record, HAM_OP_PROMOTE, C, "not proven dead");
	accept(record, &dead);
	go(record, HAM_OP_PROMOTE, C);
	expect_only(record, C);
}
END_TEST

/* Whatever it was doing when it ended: what was acknowledged is on the disk. */
START_TEST(common_moves_by_a_stop)
{
	g_autofree struct ham_record *record = common_on(A);
	struct ham_op o;

	go(record, HAM_OP_MOVE, B);
	go(record, HAM_OP_MOVE_STOP, 0);
	o = fitting(record, HAM_OP_STOPPED, B);
	o.txn = HAM_ENDED_ANYHOW;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	expect_only(record, B);
	go(record, HAM_OP_WANT_STOP, 0);
	go(record, HAM_OP_STOPPED, 0);
	go(record, HAM_OP_MOVE, C);
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	expect_only(record, C);
}
END_TEST

/* ---- histories ---- */

/* Disk 0 is local, and of both; disk 1 is shared. */
static struct ham_record *
mixed_on_a_and_b(void)
{
	struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_op o = fitting(record, HAM_OP_START, A);

	o.txn = 2;
	accept(record, &o);
	go(record, HAM_OP_SYNC, B);
	o = fitting(record, HAM_OP_CURRENT, B);
	o.txn = ham_guest_replica(guest(record), B)->generation;
	accept(record, &o);
	o = fitting(record, HAM_OP_STOPPED, 0);
	o.txn = HAM_ENDED_EQUAL;
	accept(record, &o);
	return record;
}

/* B never had disk 1, and what lies at its path there nobody knows. */
START_TEST(a_disk_that_is_local_now_has_no_copy)
{
	g_autofree struct ham_record *record = mixed_on_a_and_b();
	struct ham_op o = fitting(record, HAM_OP_START, B);

	o.txn = 0;
	refuse(record, &o, "no current copy");
	o = fitting(record, HAM_OP_START, A);
	o.txn = 0;
	accept(record, &o);
	ck_assert(!ham_guest_is_current(guest(record), B));
}
END_TEST

START_TEST(a_disk_that_stays_shared_costs_no_copy)
{
	g_autofree struct ham_record *record = mixed_on_a_and_b();
	struct ham_op o = fitting(record, HAM_OP_START, B);

	o.txn = 2;
	accept(record, &o);
	ck_assert(ham_guest_is_current(guest(record), A));
	ck_assert(ham_guest_is_current(guest(record), B));
}
END_TEST

/* Refused on A, where the images were no good: B is as free as before. */
START_TEST(a_first_start_that_failed_binds_to_no_node)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_op o = fitting(record, HAM_OP_START, A);

	o.txn = UINT64_C(5) << HAM_MAX_DISKS;
	accept(record, &o);
	o = fitting(record, HAM_OP_STOPPED, 0);
	o.txn = HAM_ENDED_UNRUN;
	accept(record, &o);
	ck_assert(ham_guest_never_ran(guest(record)));
	o = fitting(record, HAM_OP_START, B);
	o.txn = UINT64_C(6) << HAM_MAX_DISKS;
	accept(record, &o);
	/* what was noted of images meanwhile is of this one */
	ck_assert_uint_eq(guest(record)->history, 5);
	ck_assert(ham_guest_is_current(guest(record), B));
	ck_assert_ptr_null(ham_guest_replica(guest(record), A));
	/* from then on it is bound */
	o = fitting(record, HAM_OP_STOPPED, 0);
	o.txn = HAM_ENDED_UNRUN;
	accept(record, &o);
	o = fitting(record, HAM_OP_START, A);
	refuse(record, &o, "no current copy");
}
END_TEST

/* One that is older than histories gets one. */
START_TEST(a_history_is_given_once)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STOPPED);
	struct ham_op o = fitting(record, HAM_OP_START, A);

	ck_assert_uint_eq(guest(record)->history, 0);
	o.txn = UINT64_C(9) << HAM_MAX_DISKS;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->history, 9);
}
END_TEST

START_TEST(the_first_start_gives_the_history)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_op o = fitting(record, HAM_OP_START, A);

	o.txn = 3 | UINT64_C(77) << HAM_MAX_DISKS;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->history, 77);
	ck_assert_uint_eq(guest(record)->shared, 3);
	go(record, HAM_OP_STOPPED, 0);
	o = fitting(record, HAM_OP_START, A);
	o.txn = UINT64_C(78) << HAM_MAX_DISKS;
	accept(record, &o);
	ck_assert_uint_eq(guest(record)->history, 77);
	ck_assert_uint_eq(guest(record)->shared, 0);
}
END_TEST

/* ---- states of nodes ---- */

static struct ham_op
node_op(uint32_t node, unsigned int set, unsigned int clear)
{
	struct ham_op o = op(HAM_OP_NODE, "");

	o.node = node;
	o.txn = ham_op_node_txn(set, clear);
	g_strlcpy(o.reason, "because", sizeof(o.reason));
	return o;
}

static void
node_go(struct ham_record *record, uint32_t node, unsigned int set,
	unsigned int clear)
{
	struct ham_op o = node_op(node, set, clear);

	accept(record, &o);
}

static void
node_no_go(struct ham_record *record, uint32_t node, unsigned int set,
	   unsigned int clear, const char *part)
{
	struct ham_op o = node_op(node, set, clear);

	refuse(record, &o, part);
}

/* An operator's word and that of its health don't take each other back. */
START_TEST(a_nodes_states_are_of_their_own)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);

	node_go(record, B, HAM_NODE_UNHEALTHY, 0);
	node_go(record, A, HAM_NODE_DRAINED, 0);
	node_go(record, B, HAM_NODE_DRAINED, 0);
	ck_assert_uint_eq(record->n_nodes, 2);
	ck_assert_uint_eq(record->nodes[0].node, A);
	ck_assert_str_eq(record->nodes[0].reason, "");
	ck_assert_str_eq(record->nodes[1].reason, "because");
	node_go(record, B, 0, HAM_NODE_UNHEALTHY);
	ck_assert_uint_eq(ham_record_node_flags(record, B), HAM_NODE_DRAINED);
	ck_assert_str_eq(record->nodes[1].reason, "");
	node_go(record, A, 0, HAM_NODE_DRAINED);
	ck_assert_uint_eq(record->n_nodes, 1);
	ck_assert_ptr_null(ham_record_node(record, A));
}
END_TEST

START_TEST(what_is_no_state_of_a_node)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = node_op(A, HAM_NODE_DRAINED, 0);

	node_no_go(record, A, 0, 0, "no such state");
	node_no_go(record, A, HAM_NODE_FLAGS + 1, 0, "no such state");
	node_no_go(record, A, HAM_NODE_DRAINED, HAM_NODE_DRAINED,
		   "no such state");
	node_no_go(record, 0, HAM_NODE_DRAINED, 0, "not a guest");
	node_no_go(record, A, 0, HAM_NODE_DRAINED, "already");
	o.txn |= UINT64_C(1) << 16;
	refuse(record, &o, "no such time");
	o = node_op(A, HAM_NODE_RESTS, 0);
	refuse(record, &o, "no such time");
	o.txn |= (uint64_t)(HAM_MAX_REST_S + 1) << 16;
	refuse(record, &o, "no such time");
	o = node_op(A, HAM_NODE_DRAINED, 0);
	g_strlcpy(o.guest, "g", sizeof(o.guest));
	refuse(record, &o, "not a guest");
	node_go(record, A, HAM_NODE_DRAINED, 0);
	node_no_go(record, A, HAM_NODE_DRAINED, 0, "already");
	for (uint32_t n = 10; record->n_nodes < HAM_MAX_NODES; n++)
		node_go(record, n, HAM_NODE_DRAINED, 0);
	node_no_go(record, 99, HAM_NODE_DRAINED, 0, "full of nodes");
}
END_TEST

START_TEST(a_closed_node_gets_no_guest)
{
	static const struct {
		unsigned int flag;
		const char *refusal;
	} rows[] = {{HAM_NODE_DRAINED, "is drained"},
		    {HAM_NODE_UNHEALTHY, "is unhealthy"},
		    {HAM_NODE_QUARANTINED, "is quarantined"}};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree struct ham_record *off =
			record_in(HAM_GUEST_STOPPED);
		g_autofree struct ham_record *on = record_in(HAM_GUEST_STARTED);

		node_go(off, A, rows[i].flag, 0);
		no_go(off, HAM_OP_START, A, rows[i].refusal);
		node_go(on, B, rows[i].flag, 0);
		no_go(on, HAM_OP_MIGRATE, B, rows[i].refusal);
		no_go(on, HAM_OP_MOVE, B, rows[i].refusal);
		go(on, HAM_OP_MIGRATE, C);
	}
}
END_TEST

/* The leader's word that it halts comes behind an operator's that it stops. */
START_TEST(what_is_stopped_does_not_halt)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = op(HAM_OP_WANT_STOP, "g");

	o.epoch = guest(record)->epoch;
	accept(record, &o);
	g_strlcpy(o.reason, "the cluster is stopped", sizeof(o.reason));
	refuse(record, &o, "it is not to run");
	ck_assert(!guest(record)->halts);
}
END_TEST

/* What was said anew since is no longer what its end was meant for. */
START_TEST(the_end_of_a_state_names_it)
{
	static const uint8_t flags[] = {HAM_NODE_RESTS, HAM_NODE_HALTED};

	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
		g_autofree struct ham_record *record =
			record_in(HAM_GUEST_STARTED);
		struct ham_op o = node_op(A, flags[i], 0);
		struct ham_op over = node_op(A, 0, flags[i]);

		if (flags[i] & HAM_NODE_LEASELESS)
			o.txn |= UINT64_C(60) << 16;
		record->pos = (struct ham_pos){7, 3};
		accept(record, &o);
		over.epoch = ham_record_node(record, A)->since;
		record->pos.count++;
		node_go(record, A, 0, flags[i]);
		refuse(record, &over, "that was said anew since");
		record->pos.count++;
		accept(record, &o);
		refuse(record, &over, "that was said anew since");
		/* another flag does not date it anew */
		over.epoch = ham_record_node(record, A)->since;
		record->pos.count++;
		node_go(record, A, HAM_NODE_DRAINED, 0);
		accept(record, &over);
		ck_assert_uint_eq(ham_record_node(record, A)->since, 0);
	}
}
END_TEST

/* Its copies count, and it is better there than nowhere. */
/* Asked twice it is for that long from now on. */
START_TEST(a_node_rests_until_it_is_over_or_the_node_dead)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = node_op(A, HAM_NODE_DISARMED, 0);
	struct ham_op dead = op(HAM_OP_DEAD, "");

	ham_record_find(record, "g")->home = B;
	node_go(record, A, HAM_NODE_DRAINED, 0);
	o.txn |= UINT64_C(60) << 16;
	accept(record, &o);
	accept(record, &o);
	o = node_op(A, HAM_NODE_RESTS, HAM_NODE_DISARMED);
	o.txn |= UINT64_C(90) << 16;
	accept(record, &o);
	ck_assert_uint_eq(ham_record_node_flags(record, A),
			  HAM_NODE_DRAINED | HAM_NODE_RESTS);
	ck_assert_uint_eq(ham_record_node(record, A)->rest_s, 90);
	node_go(record, A, 0, HAM_NODE_LEASELESS);
	ck_assert_uint_eq(ham_record_node(record, A)->rest_s, 0);
	accept(record, &o);
	dead.node = A;
	accept(record, &dead);
	ck_assert_uint_eq(ham_record_node_flags(record, A), HAM_NODE_DRAINED);
	ck_assert_uint_eq(guest(record)->home, B);
}
END_TEST

START_TEST(rest_is_no_reason_to_settle)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op o = node_op(B, HAM_NODE_RESTS, 0);

	ham_record_find(record, "g")->home = B;
	o.txn |= UINT64_C(60) << 16;
	accept(record, &o);
	node_go(record, B, 0, HAM_NODE_LEASELESS);
	ck_assert_uint_eq(guest(record)->home, B);
	accept(record, &o);
	node_go(record, B, 0, HAM_NODE_DRAINED);
	ck_assert_uint_eq(guest(record)->home, 0);
}
END_TEST

START_TEST(a_closed_node_keeps_its_copies)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	struct ham_op dead = op(HAM_OP_DEAD, "");

	go(record, HAM_OP_SYNC, B);
	node_go(record, B, HAM_NODE_CLOSED, 0);
	{
		struct ham_op o = fitting(record, HAM_OP_CURRENT, B);

		o.txn = ham_guest_replica(guest(record), B)->generation;
		accept(record, &o);
	}
	dead.node = A;
	accept(record, &dead);
	go(record, HAM_OP_PROMOTE, B);
	ck_assert_uint_eq(guest(record)->owner, B);
}
END_TEST

static void
away(struct ham_record *record, uint32_t to, bool drained)
{
	struct ham_op o = fitting(record, HAM_OP_MIGRATE, to);

	o.flag = drained;
	accept(record, &o);
	go(record, HAM_OP_CUTOVER, 0);
	go(record, HAM_OP_OUTCOME, to);
}

START_TEST(who_was_moved_away_has_a_home)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);

	node_go(record, A, HAM_NODE_DRAINED, 0);
	away(record, B, true);
	ck_assert_uint_eq(guest(record)->home, A);
	away(record, C, true); /* from there as well */
	ck_assert_uint_eq(guest(record)->home, A);
	node_go(record, A, HAM_NODE_UNHEALTHY, HAM_NODE_DRAINED);
	ck_assert_uint_eq(guest(record)->home, A);
	{
		struct ham_op o = node_op(A, 0, HAM_NODE_FLAGS);

		o.flag = true; /* to come back */
		accept(record, &o);
	}
	ck_assert_uint_eq(guest(record)->home, A);
	away(record, A, true);
	ck_assert_uint_eq(guest(record)->home, 0);
}
END_TEST

START_TEST(who_settles_has_no_home)
{
	g_autofree struct ham_record *stays = record_in(HAM_GUEST_STARTED);
	g_autofree struct ham_record *goes = record_in(HAM_GUEST_STARTED);
	g_autofree struct ham_record *fails = record_in(HAM_GUEST_STARTED);

	away(stays, B, true);
	node_no_go(stays, C, 0, HAM_NODE_DRAINED, "already");
	node_go(stays, A, 0, HAM_NODE_DRAINED); /* it is open: only for that */
	ck_assert_uint_eq(guest(stays)->home, 0);
	away(goes, B, true);
	away(goes, C, false); /* an operator's own order */
	ck_assert_uint_eq(guest(goes)->home, 0);
	{
		struct ham_op o = fitting(fails, HAM_OP_MIGRATE, B);

		o.flag = true;
		accept(fails, &o);
	}
	go(fails, HAM_OP_MIGRATE_END, 0);
	ck_assert_uint_eq(guest(fails)->home, 0);
}
END_TEST

START_TEST(a_checksum_is_of_nodes_too)
{
	g_autofree struct ham_record *record = record_in(HAM_GUEST_STARTED);
	uint64_t sum = ham_record_checksum(record);

	node_go(record, A, HAM_NODE_DRAINED, 0);
	ck_assert_uint_ne(ham_record_checksum(record), sum);
	node_go(record, A, 0, HAM_NODE_DRAINED);
	ck_assert_uint_eq(ham_record_checksum(record), sum);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("record");
	TCase *tc = tcase_create("operations");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, phases_and_operations);
	tcase_add_test(tc, what_is_no_operation);
	tcase_add_test(tc, names_are_checked);
	tcase_add_test(tc, old_epochs_are_refused);
	tcase_add_test(tc, another_transaction_is_refused);
	tcase_add_test(tc, an_unknown_guest_is_refused);
	tcase_add_test(tc, first_start);
	tcase_add_test(tc, start_again_only_with_a_current_copy);
	tcase_add_test(tc, start_leaves_other_copies);
	tcase_add_test(tc, stop_clean_and_not);
	tcase_add_test(tc, a_crashed_guest_can_be_unwanted);
	tcase_add_test(tc, want_stop_keeps_the_phase);
	tcase_add_test(tc, migrate);
	tcase_add_test(tc, a_guest_that_ends_ends_its_migration);
	tcase_add_test(tc, cutover_makes_both_current_and_no_other);
	tcase_add_test(tc, outcome_destination);
	tcase_add_test(tc, outcome_source_has_an_epoch_of_its_own);
	tcase_add_test(tc, outdated);
	tcase_add_test(tc, resize_outdates_all_copies);
	tcase_add_test(tc, resize_is_done_or_not);
	tcase_add_test(tc, resize_outlives_the_guest);
	tcase_add_test(tc, a_death_marks_whom_it_concerns);
	tcase_add_test(tc, a_death_is_of_a_node);
	tcase_add_test(tc, promotion_needs_a_death_and_a_current_copy);
	tcase_add_test(tc, outcome_outdates_a_dead_source);
	tcase_add_test(tc, a_dead_owner_asks_for_nothing);
	tcase_add_test(tc, entries_are_used_again);
	tcase_add_test(tc, guests_are_ordered_by_name);
	tcase_add_test(tc, slots_are_unique);
	tcase_add_test(tc, a_slot_is_kept);
	tcase_add_test(tc, checksum_tells_records_apart);
	tcase_add_test(tc, one_too_many_but_the_guest_comes);
	tcase_add_test(tc, common_is_started_anywhere);
	tcase_add_test(tc, not_anywhere_just_because_it_was_said);
	tcase_add_test(tc, common_is_migrated_and_leaves_nothing);
	tcase_add_test(tc, common_is_promoted_anywhere);
	tcase_add_test(tc, common_moves_by_a_stop);
	tcase_add_test(tc, a_disk_that_is_local_now_has_no_copy);
	tcase_add_test(tc, a_disk_that_stays_shared_costs_no_copy);
	tcase_add_test(tc, a_first_start_that_failed_binds_to_no_node);
	tcase_add_test(tc, a_history_is_given_once);
	tcase_add_test(tc, the_first_start_gives_the_history);
	tcase_add_test(tc, a_nodes_states_are_of_their_own);
	tcase_add_test(tc, what_is_no_state_of_a_node);
	tcase_add_test(tc, a_closed_node_gets_no_guest);
	tcase_add_test(tc, a_closed_node_keeps_its_copies);
	tcase_add_test(tc, a_node_rests_until_it_is_over_or_the_node_dead);
	tcase_add_test(tc, the_end_of_a_state_names_it);
	tcase_add_test(tc, what_is_stopped_does_not_halt);
	tcase_add_test(tc, rest_is_no_reason_to_settle);
	tcase_add_test(tc, who_was_moved_away_has_a_home);
	tcase_add_test(tc, who_settles_has_no_home);
	tcase_add_test(tc, a_checksum_is_of_nodes_too);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
