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

/* A boot that nobody can tell from another is none. */
START_TEST(without_a_number_of_its_boot_it_has_not_booted)
{
	struct bus *bus = with_replica(0, false);

	for (unsigned int i = 0; i < 3; i++)
		bus->node[i].boot = 0;
	all_down(bus, false);
	all_up(bus);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ck_assert(!bus_guest(bus, 0)->again);
	bus_free(bus);
}
END_TEST

/* Its node has booted, but that was before. */
START_TEST(qemu_that_died_since_its_node_booted_is_left)
{
	struct bus *bus = with_replica(0, false);

	all_down(bus, true);
	all_up(bus);
	ck_assert(bus->node[1].vcpus);
	bus_did(bus, 1, HAM_DID_GONE, "QEMU was ended by signal 11", false);
	bus_run(bus);
	pass(bus, 5);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ck_assert(!bus_guest(bus, 0)->again);
	ck_assert_str_eq(bus_guest(bus, 0)->reason,
			 "QEMU was ended by signal 11");
	bus_free(bus);
}
END_TEST

static uint64_t
term_on(struct bus *bus, unsigned int i)
{
	struct ham_core_view view;

	ham_core_get_view(bus->node[i].core, &view);
	return view.position.term;
}

/* hamd there is restarted before anybody heard what has become of it. */
START_TEST(a_boot_that_could_not_be_told)
{
	struct bus *bus = with_replica(0, false);
	uint64_t term = term_on(bus, 1);

	all_down(bus, true);
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	while (term_on(bus, 1) == term) /* it has the state, and stored it */
		ck_assert(bus_step(bus));
	ck_assert_uint_eq(bus_guest(bus, 1)->phase, HAM_GUEST_STARTED);
	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert_uint_eq(bus_runners(bus), 1);
	ck_assert(bus->node[1].vcpus);
	/* and once is enough */
	bus_down(bus, 1);
	bus->node[1].vcpus = false;
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert_uint_eq(bus_runners(bus), 0);
	ck_assert(!bus_guest(bus, 0)->again);
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
	 .memory_mib = 1024,
	 .priority = 90,
	 .n_prefer = 1,
	 .prefer = {2},
	 .n_apart = 1,
	 .apart = &b_index},
	{.name = "b",
	 .memory_mib = 1024,
	 .n_prefer = 1,
	 .prefer = {2},
	 .n_apart = 1,
	 .apart = &a_index},
};
static const struct ham_core_guest alone[] = {
	{.name = "a", .n_prefer = 1, .prefer = {2}},
};
/* As it was when it started: its disks were all its own. */
static const struct ham_core_guest shares[] = {
	{.name = "a", .n_prefer = 1, .prefer = {2}, .shared = 1},
};
static const struct ham_core_guest common[] = {
	{.name = "a", .common = true},
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

/* Nodes 1 to 3 of `n` have stored that record, and hold guests of so much
 * memory. */
static struct bus *
bus_of(unsigned int n, const struct ham_record *record,
       const struct ham_core_guest *guests, unsigned int n_guests,
       const uint32_t memory_mib[3])
{
	struct bus *bus = bus_new(n, 0);

	bus->guests = guests;
	bus->n_guests = n_guests;
	if (n > 3)
		bus_split(bus, "1112");
	for (unsigned int i = 0; i < 3; i++) {
		bus->memory_mib[i] = memory_mib ? memory_mib[i] : 0;
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

static void
lost_its_node(struct ham_record *record, const char *guest, uint32_t owner,
	      const char *copies)
{
	uint64_t generation = 2;

	op(record, guest, HAM_OP_START, owner, UINT64_C(77) << HAM_MAX_DISKS);
	for (; *copies; copies++, generation++) {
		op(record, guest, HAM_OP_SYNC, (uint32_t)(*copies - '0'), 0);
		op(record, guest, HAM_OP_CURRENT, (uint32_t)(*copies - '0'),
		   generation);
	}
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
	bus = bus_of(3, record, pair, G_N_ELEMENTS(pair), NULL);
	pass(bus, 3);
	ck_assert_uint_eq(guest_of(bus, "a")->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(guest_of(bus, "b")->phase, HAM_GUEST_STARTED);
	ck_assert_uint_ne(guest_of(bus, "a")->owner, guest_of(bus, "b")->owner);
	bus_free(bus);
}
END_TEST

/* Guest "a" alone, which ended on `owner`; where it is started. */
static uint32_t
started_on(const struct ham_core_guest *guests, uint32_t owner, uint32_t copy,
	   struct ham_guest *out)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct bus *bus;

	ended_with_its_node(record, "a", owner, copy);
	bus = bus_of(3, record, guests, 1, NULL);
	pass(bus, 3);
	*out = *guest_of(bus, "a");
	bus_free(bus);
	return out->phase == HAM_GUEST_STARTED ? out->owner : 0;
}

/* It would rather be on n2, which has none. */
START_TEST(only_where_a_copy_is)
{
	struct ham_guest guest;

	ck_assert_uint_eq(started_on(alone, 1, 3, &guest), 1);
}
END_TEST

START_TEST(at_home_if_that_is_as_good)
{
	struct ham_guest guest;

	ck_assert_uint_eq(started_on(alone, 3, 1, &guest), 3);
}
END_TEST

/* A disk that was moved meanwhile is as it was where it ran last, alone. */
START_TEST(where_it_was_if_the_file_has_other_disks)
{
	struct ham_guest guest;

	ck_assert_uint_eq(started_on(shares, 1, 2, &guest), 1);
}
END_TEST

START_TEST(with_the_shared_disks_of_the_file)
{
	struct ham_guest guest;

	started_on(shares, 1, 2, &guest);
	ck_assert_uint_eq(guest.shared, 1);
	ck_assert(!guest.common);
	started_on(common, 1, 2, &guest);
	ck_assert(guest.common);
}
END_TEST

/* n2 gets room, and n3 while the start of "a" on n2 is under way; n2 is the
 * only place for "b", who is to be apart from it. */
static struct bus *
room_while_under_way(unsigned int n, const struct ham_record *record)
{
	const uint32_t memory_mib[3] = {512, 512, 512};
	const struct ham_msg more = {.kind = HAM_MSG_MEMORY,
				     .memory_mib = 4096};
	struct ham_event tick = {.kind = HAM_EV_TICK};
	struct bus *bus =
		bus_of(n, record, pair, G_N_ELEMENTS(pair), memory_mib);

	for (unsigned int i = 1; i <= 2; i++) {
		bus_say(bus, i, 0, &more);
		bus_event(bus, 0, &tick);
	}
	bus_run(bus);
	pass(bus, 3);
	return bus;
}

START_TEST(a_promotion_under_way_is_not_planned_anew)
{
	const struct ham_op dead = {.kind = HAM_OP_DEAD, .node = 4};
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct bus *bus;

	lost_its_node(record, "a", 4, "23");
	lost_its_node(record, "b", 4, "21");
	ck_assert_ptr_null(ham_record_apply(record, &dead));
	bus = room_while_under_way(4, record);
	ck_assert_uint_eq(guest_of(bus, "a")->owner, 2);
	ck_assert(!guest_of(bus, "a")->owner_dead);
	ck_assert(guest_of(bus, "b")->owner_dead);
	bus_free(bus);
}
END_TEST

START_TEST(a_start_under_way_is_not_planned_anew)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct bus *bus;

	ended_with_its_node(record, "a", 3, 2);
	ended_with_its_node(record, "b", 2, 1);
	bus = room_while_under_way(3, record);
	ck_assert_uint_eq(guest_of(bus, "a")->owner, 2);
	ck_assert_uint_eq(guest_of(bus, "a")->phase, HAM_GUEST_STARTED);
	ck_assert(guest_of(bus, "b")->again);
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
	tcase_add_test(tc, without_a_number_of_its_boot_it_has_not_booted);
	tcase_add_test(tc, qemu_that_died_since_its_node_booted_is_left);
	tcase_add_test(tc, a_boot_that_could_not_be_told);
	tcase_add_test(tc, an_operator_stops_what_would_start_again);
	tcase_add_test(tc, a_stop_that_was_answered_is_not_undone);
	tcase_add_test(tc, ended_by_hamwd_and_it_starts_again);
	tcase_add_test(tc, lease_over_and_it_starts_again);
	tcase_add_test(tc, those_of_one_moment_are_placed_together);
	tcase_add_test(tc, only_where_a_copy_is);
	tcase_add_test(tc, at_home_if_that_is_as_good);
	tcase_add_test(tc, where_it_was_if_the_file_has_other_disks);
	tcase_add_test(tc, with_the_shared_disks_of_the_file);
	tcase_add_test(tc, a_start_under_way_is_not_planned_anew);
	tcase_add_test(tc, a_promotion_under_way_is_not_planned_anew);
	tcase_add_test(tc, a_closed_node_is_named);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
