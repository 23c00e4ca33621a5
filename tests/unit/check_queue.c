/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_queue.c - the core: migrations wait for their turn
 *
 * Each test is one course on the bus of bus.h: a, b and c run on n1, d on
 * n4 and e on n5.
 * The guest layer answers nothing but what the test tells, unless it says so.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

enum {
	SECOND_US = 1000000,
	NODES = 5,
};

static const struct ham_core_guest guests[] = {
	{.name = "a", .policy = {.priority = 50}},
	{.name = "b", .policy = {.priority = 50, .max_duration_us = 60000000}},
	{.name = "c", .policy = {.priority = 90}},
	{.name = "d", .policy = {.priority = 95}},
	{.name = "e", .policy = {.priority = 10}},
};

static uint32_t
home(size_t guest)
{
	return guest < 3 ? 1 : (uint32_t)guest + 1;
}

/* What all disks have: each guest runs at home, and n3 has an old copy of b. */
static struct ham_record *
record_new(void)
{
	struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_guest *b;

	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
		struct ham_op op = {.kind = HAM_OP_START, .node = home(i)};

		g_strlcpy(op.guest, guests[i].name, sizeof(op.guest));
		ck_assert_ptr_null(ham_record_apply(record, &op));
	}
	b = ham_record_find(record, "b");
	b->replica[1] = (struct ham_replica){
		.node = 3, .state = HAM_REPLICA_OUTDATED, .generation = 7};
	return record;
}

static void
fill_disk(GHashTable *disk, const struct ham_record *record)
{
	uint64_t head[3] = {GUINT64_TO_BE(1),
			    GUINT64_TO_BE(G_N_ELEMENTS(guests)),
			    GUINT64_TO_BE(ham_record_checksum(record))};

	g_hash_table_insert(disk, g_strdup("head"),
			    g_bytes_new(head, sizeof(head)));
	for (unsigned int k = 0; k < record->n_guests; k++) {
		uint8_t bytes[HAM_GUEST_WIRE_MAX];
		size_t len = ham_guest_encode(&record->guests[k], bytes);

		g_hash_table_insert(
			disk,
			g_strconcat("guest/", record->guests[k].name, NULL),
			g_bytes_new(bytes, len));
	}
}

static void
found(struct bus *bus, size_t guest)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = HAM_FOUND_RUNNING,
				  .guest = guests[guest].name,
				  .epoch = 1};

	bus_event(bus, home(guest) - 1, &event);
}

static struct bus *
course(unsigned int parallel, unsigned int cluster)
{
	g_autofree struct ham_record *record = record_new();
	struct bus *bus = bus_new(NODES, 0);

	bus->guests = guests;
	bus->n_guests = G_N_ELEMENTS(guests);
	bus->fences = true;
	bus->parallel_migrations = parallel;
	bus->cluster_migrations = cluster;
	for (unsigned int i = 0; i < NODES; i++) {
		fill_disk(bus->node[i].disk, record);
		bus->node[i].silent = UINT64_MAX;
		bus_up(bus, i);
	}
	for (size_t k = 0; k < G_N_ELEMENTS(guests); k++)
		found(bus, k);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	return bus;
}

static void
order(struct bus *bus, enum ham_command command, const char *guest, uint32_t to)
{
	static uint64_t token = 9000;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = guest,
				  .node = to,
				  .token = ++token};

	g_strlcpy(bus->node[1].last_error, "no answer",
		  sizeof(bus->node[1].last_error));
	bus_event(bus, 1, &event);
	bus_run(bus);
}

static void
migrate(struct bus *bus, const char *guest, uint32_t to)
{
	order(bus, HAM_CMD_MIGRATE, guest, to);
	ck_assert_str_eq(bus->node[1].last_error, "");
}

static void
tell(struct bus *bus, uint32_t node, const char *guest, enum ham_did did,
     bool flag)
{
	static const struct ham_blob blob = {.len = 1, .bytes = {42}};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)did,
				  .guest = guest,
				  .flag = flag,
				  .text = "it said so",
				  .blob = &blob};

	bus_event(bus, node - 1, &event);
	bus_run(bus);
}

static const struct ham_guest *
guest_at(struct bus *bus, uint32_t node, const char *name)
{
	return ham_record_lookup(ham_core_record(bus->node[node - 1].core),
				 name);
}

/* As that node sees it. */
static struct ham_core_guest_info
info_at(struct bus *bus, uint32_t node, const char *name)
{
	struct ham_core_guest_info info;

	ham_core_guest_info(bus->node[node - 1].core, guest_at(bus, node, name),
			    &info);
	return info;
}

static unsigned int
times(struct bus *bus, const char *act)
{
	unsigned int n = 0;

	for (const char *at = bus->all_acts->str; (at = strstr(at, act)); at++)
		n++;
	return n;
}

static void
expect_waits(struct bus *bus, const char *name, unsigned int behind,
	     const char *why)
{
	for (uint32_t node = 1; node <= NODES; node++) {
		struct ham_core_guest_info info;

		if (!bus->node[node - 1].up)
			continue;
		info = info_at(bus, node, name);
		ck_assert_int_eq(guest_at(bus, node, name)->phase,
				 HAM_GUEST_MIGRATING);
		ck_assert_str_eq(ham_mig_phase_name(info.mig_phase), "queued");
		ck_assert_uint_eq(info.queued_behind, behind);
		ck_assert_msg(strstr(info.waits_for, why), "%s",
			      info.waits_for);
	}
}

/* Once, and nowhere else. */
static void
expect_begun(struct bus *bus, const char *name, uint32_t to)
{
	g_autofree char *all = g_strdup_printf(":PREPARE:%s ", name);
	g_autofree char *there = g_strdup_printf("%u:PREPARE:%s ", to, name);

	ck_assert_uint_eq(times(bus, all), 1);
	ck_assert_uint_eq(times(bus, there), 1);
	for (uint32_t node = 1; node <= NODES; node++)
		if (bus->node[node - 1].up)
			ck_assert_str_eq(
				ham_mig_phase_name(
					info_at(bus, node, name).mig_phase),
				"prepare");
}

static void
expect_untouched(struct bus *bus, const char *name)
{
	g_autofree char *all = g_strdup_printf(":PREPARE:%s ", name);

	ck_assert_uint_eq(times(bus, all), 0);
}

/* Its destination refuses: that is its end. */
static void
end(struct bus *bus, const char *name, uint32_t from, uint32_t to)
{
	tell(bus, to, name, HAM_DID_PREPARE_FAILED, false);
	tell(bus, from, name, HAM_DID_UNDONE, true);
	ck_assert_int_eq(guest_at(bus, 2, name)->phase, HAM_GUEST_STARTED);
}

static void
say_begin(struct bus *bus, uint32_t from, uint32_t to, const char *guest,
	  uint64_t epoch, uint64_t txn)
{
	struct ham_msg msg = {
		.kind = HAM_MSG_BEGIN, .epoch = epoch, .txn = txn};

	g_strlcpy(msg.guest, guest, sizeof(msg.guest));
	bus_say(bus, from - 1, to - 1, &msg);
	bus_run(bus);
}

/* ---- the limits ---- */

START_TEST(without_limits)
{
	struct bus *bus = course(0, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 2);
	migrate(bus, "c", 2);
	expect_begun(bus, "a", 2);
	expect_begun(bus, "b", 2);
	expect_begun(bus, "c", 2);
	ck_assert_ptr_null(strstr(bus->node[1].notes->str, "queued"));
	bus_free(bus);
}
END_TEST

START_TEST(limit_of_the_source)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	expect_begun(bus, "a", 2);
	expect_untouched(bus, "b");
	expect_waits(bus, "b", 0,
		     "its turn: 1 migration is under way on n1 "
		     "(parallel_migrations)");
	ck_assert_ptr_nonnull(
		strstr(bus->node[4].notes->str, "MIGRATION_PHASE:queued"));
	bus_free(bus);
}
END_TEST

START_TEST(limit_of_the_destination)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "d", 2);
	expect_waits(bus, "d", 0, "on n2 (parallel_migrations)");
	expect_untouched(bus, "d");
	end(bus, "a", 1, 2);
	expect_begun(bus, "d", 2);
	bus_free(bus);
}
END_TEST

START_TEST(limit_of_the_cluster)
{
	struct bus *bus = course(0, 2);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	migrate(bus, "d", 5);
	expect_waits(bus, "d", 0,
		     "its turn: 2 migrations are under way "
		     "(cluster_migrations)");
	end(bus, "a", 1, 2);
	expect_begun(bus, "d", 5);
	bus_free(bus);
}
END_TEST

START_TEST(two_of_a_node)
{
	struct bus *bus = course(2, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	migrate(bus, "c", 5);
	expect_begun(bus, "b", 3);
	expect_waits(bus, "c", 0, "2 migrations are under way on n1");
	bus_free(bus);
}
END_TEST

/* ---- the order ---- */

START_TEST(by_order)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "c", 2);
	migrate(bus, "b", 3);
	migrate(bus, "a", 5);
	expect_waits(bus, "a", 1, "on n1");
	end(bus, "c", 1, 2);
	expect_begun(bus, "b", 3);
	expect_untouched(bus, "a");
	bus_free(bus);
}
END_TEST

START_TEST(by_priority)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	migrate(bus, "c", 5);
	expect_waits(bus, "b", 1, "on n1");
	expect_waits(bus, "c", 0, "on n1");
	end(bus, "a", 1, 2);
	expect_begun(bus, "c", 5);
	expect_untouched(bus, "b");
	bus_free(bus);
}
END_TEST

/* Also of what waits for another source's. */
START_TEST(by_priority_of_all_nodes)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 2);
	migrate(bus, "d", 2);
	end(bus, "a", 1, 2);
	expect_begun(bus, "d", 2);
	expect_untouched(bus, "b");
	end(bus, "d", 4, 2);
	expect_begun(bus, "b", 2);
	bus_free(bus);
}
END_TEST

START_TEST(priority_is_changed)
{
	struct bus *bus = course(1, 0);
	struct ham_policy policy = {.priority = 91};
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_SET,
				  .guest = "b",
				  .policy = &policy,
				  .value = HAM_SET_PRIORITY,
				  .token = 77};

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	migrate(bus, "c", 5);
	bus_event(bus, 4, &event);
	bus_run(bus);
	ck_assert_str_eq(bus->node[4].last_error, "");
	expect_waits(bus, "c", 1, "on n1");
	end(bus, "a", 1, 2);
	expect_begun(bus, "b", 3);
	expect_untouched(bus, "c");
	bus_free(bus);
}
END_TEST

/* d waits for n2 alone, and would do so for ever if others came to n4. */
START_TEST(the_first_keeps_its_place)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "d", 2);
	migrate(bus, "e", 4);
	expect_waits(bus, "e", 1, "its turn: d comes first");
	for (int i = 0; i < 5; i++)
		bus_time(bus, SECOND_US);
	expect_untouched(bus, "e");
	end(bus, "a", 1, 2);
	expect_begun(bus, "d", 2);
	bus_free(bus);
}
END_TEST

/* It is only the first: e needs neither of its nodes. */
START_TEST(others_go_on)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "c", 2);
	migrate(bus, "b", 3);
	migrate(bus, "e", 3);
	expect_begun(bus, "e", 3);
	bus_free(bus);
}
END_TEST

/* ---- each end lets the next begin ---- */

START_TEST(done)
{
	struct bus *bus = course(1, 0);

	bus->node[0].silent = bus->node[1].silent = 0;
	bus->node[1].silent = BUS_ACT(PREPARE);
	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	expect_untouched(bus, "b");
	tell(bus, 2, "a", HAM_DID_PREPARED, false);
	ck_assert_uint_eq(guest_at(bus, 2, "a")->owner, 2);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

START_TEST(in_doubt_is_not_over)
{
	struct bus *bus = course(1, 0);

	bus->node[0].silent = 0;
	bus->node[1].silent = BUS_ACT(TAKEOVER);
	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	ck_assert_int_eq(guest_at(bus, 2, "a")->phase, HAM_GUEST_IN_DOUBT);
	expect_waits(bus, "b", 0, "on n1");
	tell(bus, 2, "a", HAM_DID_HELD, false);
	ck_assert_uint_eq(guest_at(bus, 2, "a")->owner, 2);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

START_TEST(cancelled_while_it_waits)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	order(bus, HAM_CMD_CANCEL, "b", 0);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	bus_time(bus, SECOND_US);
	ck_assert_str_eq(bus->node[1].last_error, "");
	ck_assert_int_eq(guest_at(bus, 3, "b")->phase, HAM_GUEST_STARTED);
	ck_assert_str_eq(guest_at(bus, 3, "b")->reason,
			 "cancelled by an operator");
	/* nothing was copied over it */
	ck_assert(!ham_guest_replica(guest_at(bus, 3, "b"), 3)->torn);
	expect_untouched(bus, "b");
	end(bus, "a", 1, 2);
	expect_untouched(bus, "b");
	bus_free(bus);
}
END_TEST

START_TEST(destination_leaves_while_it_waits)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	bus_split(bus, "11211");
	bus_run(bus);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	ck_assert_int_eq(guest_at(bus, 2, "b")->phase, HAM_GUEST_STARTED);
	ck_assert_str_eq(guest_at(bus, 2, "b")->reason,
			 "the destination left the cluster");
	ck_assert(!ham_guest_replica(guest_at(bus, 2, "b"), 3)->torn);
	bus_free(bus);
}
END_TEST

/* d waits for n2; its node dies, and nobody waits behind it any more. */
START_TEST(source_dies_while_it_waits)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "d", 2);
	migrate(bus, "c", 2);
	expect_waits(bus, "c", 1, "on n1");
	bus_down(bus, 3);
	bus_split(bus, "11121");
	bus_run(bus);
	expect_waits(bus, "c", 0, "on n1");
	end(bus, "a", 1, 2);
	expect_begun(bus, "c", 2);
	expect_untouched(bus, "d");
	bus_free(bus);
}
END_TEST

/* It is shut down by itself. */
START_TEST(ends_while_it_waits)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "c", 2);
	migrate(bus, "b", 3);
	tell(bus, 1, "c", HAM_DID_GONE, true);
	ck_assert_int_eq(guest_at(bus, 2, "c")->phase, HAM_GUEST_STOPPED);
	expect_waits(bus, "b", 0, "on n1");
	end(bus, "a", 1, 2);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

/* ---- what is said, and what is not heard ---- */

/* Ends the migration of a, until S has said that b begins: nobody has heard it.
 */
static void
until_said(struct bus *bus)
{
	struct ham_event undone = {.kind = HAM_EV_DID,
				   .did = HAM_DID_UNDONE,
				   .guest = "a",
				   .flag = true};
	struct ham_core_view view;

	tell(bus, 2, "a", HAM_DID_PREPARE_FAILED, false);
	bus_event(bus, 0, &undone);
	do {
		ck_assert(bus_step(bus));
		ham_core_get_view(bus->node[0].core, &view);
	} while (guest_at(bus, 1, "a")->phase == HAM_GUEST_MIGRATING ||
		 ham_pos_compare(view.committed, view.position) < 0);
	expect_untouched(bus, "b");
}

/* A new ring drops what was under way in the old one. */
START_TEST(begin_is_lost)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	until_said(bus);
	bus_split(bus, "11111");
	bus_run(bus);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

/* Corosync drops it, and the ring is as it was. */
START_TEST(begin_is_dropped)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	until_said(bus);
	for (unsigned int i = 0; i < NODES; i++)
		bus->node[i].ring.seq++;
	bus_run(bus);
	for (unsigned int i = 0; i < NODES; i++)
		bus->node[i].ring.seq--;
	expect_untouched(bus, "b");
	bus_time(bus, 1100000);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

/* D took it for its turn: S does not, and waits. */
START_TEST(prepared_too_early)
{
	struct bus *bus = course(1, 0);
	struct ham_msg msg = {
		.kind = HAM_MSG_PREPARED, .epoch = 2, .txn = 1, .guest = "b"};

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	bus_say(bus, 2, 0, &msg);
	bus_run(bus);
	ck_assert_uint_eq(times(bus, "1:COPY:b "), 0);
	end(bus, "a", 1, 2);
	bus_say(bus, 2, 0, &msg);
	bus_run(bus);
	ck_assert_uint_eq(times(bus, "1:COPY:b "), 1);
	bus_free(bus);
}
END_TEST

/* The same, of a guest that is being started at S. */
START_TEST(prepared_too_early_and_not_started)
{
	struct bus *bus = course(1, 0);
	struct ham_msg msg = {.kind = HAM_MSG_PREPARED, .guest = "b"};

	tell(bus, 1, "b", HAM_DID_GONE, true);
	order(bus, HAM_CMD_START, "b", 1);
	tell(bus, 1, "b", HAM_DID_LOOKED, true);
	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	msg.epoch = guest_at(bus, 1, "b")->epoch + 1;
	msg.txn = guest_at(bus, 1, "b")->txn;
	bus_say(bus, 2, 0, &msg);
	bus_run(bus);
	tell(bus, 1, "b", HAM_DID_LAUNCHED, false);
	ck_assert_uint_eq(times(bus, "1:COPY:b "), 0);
	end(bus, "a", 1, 2);
	bus_say(bus, 2, 0, &msg);
	bus_run(bus);
	ck_assert_uint_eq(times(bus, "1:COPY:b "), 1);
	bus_free(bus);
}
END_TEST

/* It was called off as its turn came. */
START_TEST(begin_comes_too_late)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	order(bus, HAM_CMD_CANCEL, "b", 0);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	for (uint32_t node = 1; node <= NODES; node++)
		say_begin(bus, 1, node, "b", 1, 1);
	expect_untouched(bus, "b");
	for (uint32_t node = 1; node <= NODES; node++)
		ck_assert_uint_eq(info_at(bus, node, "b").mig_phase,
				  HAM_MIG_NONE);
	bus_free(bus);
}
END_TEST

/* D has never heard it: S says it as long as D does not answer. */
START_TEST(begin_is_repeated)
{
	struct bus *bus = course(1, 0);
	struct ham_msg msg = {.kind = HAM_MSG_BEGIN, .epoch = 1, .txn = 1};

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	/* S alone hears it */
	g_strlcpy(msg.guest, "b", sizeof(msg.guest));
	bus_say(bus, 0, 0, &msg);
	bus_run(bus);
	expect_untouched(bus, "b");
	bus_time(bus, 1100000);
	expect_begun(bus, "b", 3);
	bus_time(bus, 1100000);
	bus_time(bus, 1100000);
	expect_begun(bus, "b", 3);
	bus_free(bus);
}
END_TEST

START_TEST(begin_of_others_counts_for_nothing)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	say_begin(bus, 2, 3, "b", 1, 1); /* not its source */
	say_begin(bus, 1, 3, "b", 2, 1); /* of another epoch */
	say_begin(bus, 1, 3, "b", 1, 2); /* of another migration */
	say_begin(bus, 1, 3, "c", 1, 0); /* of none */
	say_begin(bus, 1, 3, "x", 1, 1); /* of nobody */
	ck_assert_uint_eq(times(bus, "3:"), 0);
	say_begin(bus, 1, 2, "a", 1, 1); /* of what has begun */
	expect_begun(bus, "a", 2);
	end(bus, "a", 1, 2);
	say_begin(bus, 1, 2, "a", 1, 1); /* of what is over */
	ck_assert_uint_eq(times(bus, "2:PREPARE"), 1);
	bus_free(bus);
}
END_TEST

/* Its hamd prepares for nothing that an earlier one was asked. */
START_TEST(destination_restarts_while_it_waits)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	bus_down(bus, 2);
	bus_run(bus);
	bus_up(bus, 2);
	bus_run(bus);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	ck_assert_int_eq(guest_at(bus, 2, "b")->phase, HAM_GUEST_STARTED);
	end(bus, "a", 1, 2);
	bus_time(bus, 2 * SECOND_US);
	expect_untouched(bus, "b");
	bus_free(bus);
}
END_TEST

/* With a copy there as well: whoever has no part in it says so, when asked. */
START_TEST(a_new_life_refuses)
{
	struct bus *bus = course(1, 0);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = HAM_FOUND_REPLICA,
				  .guest = "b",
				  .epoch = 1};

	/* S does not end it when it goes: it has no quorum then */
	migrate(bus, "b", 3);
	bus_split(bus, "11222");
	bus_run(bus);
	bus_down(bus, 2);
	bus_run(bus);
	bus_up(bus, 2);
	bus_event(bus, 2, &event);
	bus_run(bus);
	bus->node[2].silent &= ~BUS_ACT(CLOSE);
	bus_split(bus, "11111");
	bus_run(bus);
	bus_time(bus, 1100000);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	ck_assert_int_eq(guest_at(bus, 2, "b")->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(times(bus, "3:PREPARE:b "), 1);
	bus_free(bus);
}
END_TEST

START_TEST(a_newcomer_hears_what_has_begun)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	bus_down(bus, 3);
	bus_run(bus);
	bus_up(bus, 3);
	found(bus, 3);
	bus_run(bus);
	migrate(bus, "d", 2);
	expect_waits(bus, "d", 0, "on n2");
	expect_untouched(bus, "d");
	bus_free(bus);
}
END_TEST

/* d comes first and is called off, which takes its time. */
START_TEST(gives_way_for_a_while_only)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "d", 2);
	migrate(bus, "b", 2);
	migrate(bus, "c", 2);
	order(bus, HAM_CMD_CANCEL, "d", 0);
	end(bus, "a", 1, 2);
	bus_time(bus, SECOND_US);
	expect_untouched(bus, "c");
	expect_waits(bus, "c", 1, "its turn: d comes first");
	for (int i = 0; i < 4; i++)
		bus_time(bus, SECOND_US);
	expect_begun(bus, "c", 2);
	expect_untouched(bus, "b");
	expect_untouched(bus, "d");
	bus_free(bus);
}
END_TEST

START_TEST(its_time_counts_from_its_turn)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "b", 3);
	for (int i = 0; i < 90; i++)
		bus_time(bus, SECOND_US);
	expect_waits(bus, "b", 0, "on n1");
	end(bus, "a", 1, 2);
	for (int i = 0; i < 50; i++)
		bus_time(bus, SECOND_US);
	expect_begun(bus, "b", 3);
	ck_assert_uint_eq(times(bus, "1:UNDO:b "), 0);
	for (int i = 0; i < 12; i++)
		bus_time(bus, SECOND_US);
	tell(bus, 1, "b", HAM_DID_UNDONE, true);
	ck_assert_ptr_nonnull(
		strstr(guest_at(bus, 2, "b")->reason, "max_duration, 60 s"));
	bus_free(bus);
}
END_TEST

/* Also that after which D is given up. */
START_TEST(it_may_wait_for_long)
{
	struct bus *bus = course(1, 0);

	migrate(bus, "a", 2);
	migrate(bus, "c", 3);
	for (int i = 0; i < 12; i++)
		bus_time(bus, 60 * SECOND_US);
	expect_waits(bus, "c", 0, "on n1");
	order(bus, HAM_CMD_CANCEL, "a", 0);
	tell(bus, 1, "a", HAM_DID_UNDONE, true);
	for (int i = 0; i < 10; i++)
		bus_time(bus, 60 * SECOND_US);
	expect_begun(bus, "c", 3);
	ck_assert_uint_eq(times(bus, "1:UNDO:c "), 0);
	for (int i = 0; i < 2; i++)
		bus_time(bus, 60 * SECOND_US);
	ck_assert_uint_eq(times(bus, "1:UNDO:c "), 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("queue");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, without_limits);
	tcase_add_test(tc, limit_of_the_source);
	tcase_add_test(tc, limit_of_the_destination);
	tcase_add_test(tc, limit_of_the_cluster);
	tcase_add_test(tc, two_of_a_node);
	tcase_add_test(tc, by_order);
	tcase_add_test(tc, by_priority);
	tcase_add_test(tc, by_priority_of_all_nodes);
	tcase_add_test(tc, priority_is_changed);
	tcase_add_test(tc, the_first_keeps_its_place);
	tcase_add_test(tc, others_go_on);
	tcase_add_test(tc, done);
	tcase_add_test(tc, in_doubt_is_not_over);
	tcase_add_test(tc, cancelled_while_it_waits);
	tcase_add_test(tc, destination_leaves_while_it_waits);
	tcase_add_test(tc, source_dies_while_it_waits);
	tcase_add_test(tc, ends_while_it_waits);
	tcase_add_test(tc, begin_is_lost);
	tcase_add_test(tc, begin_is_dropped);
	tcase_add_test(tc, prepared_too_early);
	tcase_add_test(tc, prepared_too_early_and_not_started);
	tcase_add_test(tc, begin_comes_too_late);
	tcase_add_test(tc, begin_is_repeated);
	tcase_add_test(tc, begin_of_others_counts_for_nothing);
	tcase_add_test(tc, destination_restarts_while_it_waits);
	tcase_add_test(tc, a_new_life_refuses);
	tcase_add_test(tc, a_newcomer_hears_what_has_begun);
	tcase_add_test(tc, gives_way_for_a_while_only);
	tcase_add_test(tc, its_time_counts_from_its_turn);
	tcase_add_test(tc, it_may_wait_for_long);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
