/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_again.c - guests that ended with their node start again by
 * themselves
 */
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

static void
all_down(struct bus *bus, bool boots)
{
	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].vcpus = false;
		bus->node[i].boot += boots;
		g_string_truncate(bus->node[i].acts, 0);
	}
}

static void
all_up(struct bus *bus)
{
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	pass(bus, 3);
}

/* F31: once, and where it was. */
START_TEST(all_lose_their_power_and_it_starts_again)
{
	struct bus *bus = with_replica(0, false);

	all_down(bus, true);
	all_up(bus);
	ck_assert_uint_eq(bus_runners(bus), 1);
	ck_assert(bus->node[1].vcpus);
	ck_assert(!bus_guest(bus, 0)->again);
	ck_assert(!did(bus, 0, "LAUNCH"));
	bus_free(bus);
}
END_TEST

/* That is no failure of its node. */
START_TEST(qemu_that_died_without_hamd_is_left)
{
	struct bus *bus = with_replica(0, false);

	all_down(bus, false);
	all_up(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ck_assert(!bus_guest(bus, 0)->again);
	ck_assert_uint_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	bus_free(bus);
}
END_TEST

START_TEST(an_operator_stops_what_would_start_again)
{
	struct bus *bus = with_replica(0, false);

	all_down(bus, true);
	bus->node[0].silent = bus->node[1].silent = BUS_ACT(LOOK);
	bus_split(bus, "112");
	bus_up(bus, 0);
	bus_up(bus, 1);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(!bus_guest(bus, 0)->wanted);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* Both were under way when the other was decided: the stop came first. */
START_TEST(a_stop_that_was_answered_is_not_undone)
{
	struct bus *bus = with_replica(0, false);
	struct ham_event ev = {.kind = HAM_EV_COMMAND,
			       .command = HAM_CMD_DRAIN,
			       .guest = "",
			       .token = 7};

	for (ev.node = 1; ev.node <= 3; ev.node++) {
		bus_event(bus, 2, &ev);
		bus_run(bus);
	}
	all_down(bus, true);
	all_up(bus);
	ck_assert(bus_guest(bus, 0)->again);
	ev.command = HAM_CMD_UNDRAIN;
	ev.node = 2;
	bus_event(bus, 2, &ev);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_time(bus, 100000);
	ck_assert_str_eq(bus->node[0].last_error, "");
	pass(bus, 5);
	ck_assert(!bus_guest(bus, 0)->wanted);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* hamd stood still, and heard of that before its lease's end. */
START_TEST(ended_by_hamwd_and_it_starts_again)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_split(bus, "121");
	bus_run(bus);
	bus->now_us += LEASE_US + 1000000;
	bus->node[1].vcpus = false;
	bus_did(bus, 1, HAM_DID_GONE, "QEMU was ended by signal 9", false);
	bus_run(bus);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 6);
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

START_TEST(lease_over_and_it_starts_again)
{
	struct bus *bus = with_replica(LEASE_US, false);

	bus_split(bus, "121");
	bus_run(bus);
	pass(bus, 12);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 5);
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

/* Both would rather be on n2, and must not be together. */
static const uint16_t a_index = 0, b_index = 1;
static const struct ham_core_guest pair[] = {
	{.name = "a",
	 .n_prefer = 1,
	 .prefer = {2},
	 .n_apart = 1,
	 .apart = &b_index},
	{.name = "b",
	 .n_prefer = 1,
	 .prefer = {2},
	 .n_apart = 1,
	 .apart = &a_index},
};

static void
op(struct ham_record *record, const char *guest, enum ham_op_kind kind,
   uint32_t node, uint64_t txn)
{
	const struct ham_guest *g = ham_record_lookup(record, guest);
	struct ham_op op = {.kind = (uint8_t)kind,
			    .node = node,
			    .txn = txn,
			    .epoch = g ? g->epoch : 0};

	g_strlcpy(op.guest, guest, sizeof(op.guest));
	ck_assert_ptr_null(ham_record_apply(record, &op));
}

static void
ended_with_its_node(struct ham_record *record, const char *guest,
		    uint32_t owner, uint32_t copy)
{
	op(record, guest, HAM_OP_START, owner, UINT64_C(77) << HAM_MAX_DISKS);
	op(record, guest, HAM_OP_SYNC, copy, 0);
	op(record, guest, HAM_OP_CURRENT, copy, 2);
	op(record, guest, HAM_OP_STOPPED, 0, HAM_ENDED_AGAIN);
}

/* Three nodes that have stored that record. */
static struct bus *
bus_of(const struct ham_record *record)
{
	struct bus *bus = bus_new(3, 0);

	bus->guests = pair;
	bus->n_guests = G_N_ELEMENTS(pair);
	for (unsigned int i = 0; i < 3; i++) {
		uint64_t head[3] = {GUINT64_TO_BE(1), GUINT64_TO_BE(8),
				    GUINT64_TO_BE(ham_record_checksum(record))};
		GHashTable *disk = bus->node[i].disk;

		g_hash_table_insert(disk, g_strdup("head"),
				    g_bytes_new(head, sizeof(head)));
		for (unsigned int k = 0; k < record->n_guests; k++) {
			uint8_t bytes[HAM_GUEST_WIRE_MAX];
			size_t len =
				ham_guest_encode(&record->guests[k], bytes);

			g_hash_table_insert(disk,
					    g_strconcat("guest/",
							record->guests[k].name,
							NULL),
					    g_bytes_new(bytes, len));
		}
		bus->node[i].silent = UINT64_MAX;
		bus_up(bus, i);
	}
	bus_run(bus);
	return bus;
}

static const struct ham_guest *
guest_of(struct bus *bus, const char *name)
{
	return ham_record_lookup(ham_core_record(bus->node[0].core), name);
}

START_TEST(those_of_one_moment_are_placed_together)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct bus *bus;

	ended_with_its_node(record, "a", 1, 2);
	ended_with_its_node(record, "b", 3, 2);
	bus = bus_of(record);
	pass(bus, 3);
	ck_assert_uint_eq(guest_of(bus, "a")->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest_of(bus, "b")->phase, HAM_GUEST_STARTED);
	ck_assert_uint_ne(guest_of(bus, "a")->owner, guest_of(bus, "b")->owner);
	bus_free(bus);
}
END_TEST

/* A START is refused there: it is said, and not asked for over and over. */
START_TEST(a_closed_node_is_named)
{
	struct bus *bus = with_replica(0, false);
	struct ham_event drain = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_DRAIN,
				  .guest = "",
				  .token = 7};
	struct ham_core_guest_info info;

	for (drain.node = 1; drain.node <= 3; drain.node++) {
		bus_event(bus, 2, &drain);
		bus_run(bus);
	}
	all_down(bus, true);
	all_up(bus);
	ck_assert(bus_guest(bus, 0)->again);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ham_core_guest_info(bus->node[0].core, bus_guest(bus, 0), &info);
	ck_assert_str_eq(info.state, "recovering");
	ck_assert(strstr(info.waits_for, "another node than n2, which is "
					 "drained"));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("again");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, all_lose_their_power_and_it_starts_again);
	tcase_add_test(tc, qemu_that_died_without_hamd_is_left);
	tcase_add_test(tc, an_operator_stops_what_would_start_again);
	tcase_add_test(tc, a_stop_that_was_answered_is_not_undone);
	tcase_add_test(tc, ended_by_hamwd_and_it_starts_again);
	tcase_add_test(tc, lease_over_and_it_starts_again);
	tcase_add_test(tc, those_of_one_moment_are_placed_together);
	tcase_add_test(tc, a_closed_node_is_named);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
