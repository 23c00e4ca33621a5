/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_drain.c - the core: guests leave a node that is closed
 *
 * Each test is one course on the bus of bus.h: three nodes, guest "g".
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

enum {
	SECOND_US = 1000000
};

static void
pass(struct bus *bus, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++) {
		bus_time(bus, SECOND_US);
		bus_run(bus);
	}
}

static bool
is_told(struct bus *bus, const char *words)
{
	return strstr(bus->node[2].notes->str, words) != NULL;
}

static unsigned int
flags_of(struct bus *bus, uint32_t node)
{
	return ham_record_node_flags(ham_core_record(bus->node[2].core), node);
}

static void
order(struct bus *bus, enum ham_command command, uint32_t node, bool flag)
{
	static uint64_t token = 7000;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = "",
				  .node = node,
				  .flag = flag,
				  .token = ++token};

	bus->node[2].last_error[0] = '\0';
	bus_event(bus, 2, &event);
	bus_run(bus);
}

static void
drain(struct bus *bus, uint32_t node)
{
	order(bus, HAM_CMD_DRAIN, node, false);
	ck_assert_str_eq(bus->node[2].last_error, "");
}

static void
health(struct bus *bus, uint32_t node, unsigned int flags)
{
	struct ham_event event = {.kind = HAM_EV_HEALTH,
				  .value = flags,
				  .text = flags ? "load: 12.0, at most 4.0"
						: ""};

	bus_event(bus, node - 1, &event);
	bus_run(bus);
}

static bool
refused(struct bus *bus, const char *words)
{
	return strstr(bus->node[2].last_error, words) != NULL;
}

START_TEST(drained)
{
	struct bus *bus = course_three_with_guest(0);

	drain(bus, 1);
	pass(bus, 3);
	course_expect_owner(bus, 1, 2);
	ck_assert_uint_eq(bus_guest(bus, 2)->home, 1);
	ck_assert(is_told(bus, "NODE_STATE:n1 is drained"));
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* Though n1 would come first. */
START_TEST(goes_where_its_copy_is)
{
	struct bus *bus = bus_new(3, 1);

	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	bus_run(bus);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 2));
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 1));
	drain(bus, 3);
	pass(bus, 3);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	bus_free(bus);
}
END_TEST

START_TEST(a_closed_node_is_refused)
{
	struct bus *bus = course_three_with_guest(0);

	drain(bus, 2);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(refused(bus, "n2 is drained"));
	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	drain(bus, 1);
	bus_command(bus, 2, HAM_CMD_START, 0);
	bus_run(bus);
	ck_assert(refused(bus, "hamctl node undrain n1"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* An order that names no node finds another one. */
START_TEST(starts_elsewhere)
{
	struct bus *bus = course_three_with_guest(1);
	uint32_t copy;

	pass(bus, 3);
	copy = ham_guest_is_current(bus_guest(bus, 2), 2) ? 2 : 3;
	bus_command(bus, 2, HAM_CMD_STOP, 0);
	bus_run(bus);
	drain(bus, 1);
	bus_command(bus, 2, HAM_CMD_START, 0);
	bus_run(bus);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, copy);
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

START_TEST(nowhere_to_go)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_core_guest_info info;
	struct ham_core_leave *plan;
	unsigned int n;

	drain(bus, 2);
	drain(bus, 3);
	drain(bus, 1);
	pass(bus, 3);
	course_expect_owner(bus, 0, 1);
	ck_assert(is_told(bus, "DRAIN_WAITS:no other node"));
	ham_core_guest_info(bus->node[1].core, bus_guest(bus, 1), &info);
	ck_assert(strstr(info.stays, "no other node can take it"));
	plan = ham_core_drain_plan(bus->node[1].core, 1, &n);
	ck_assert_uint_eq(n, 1);
	ck_assert_uint_eq(plan[0].to, 0);
	g_free(plan);
	/* it is tried again */
	order(bus, HAM_CMD_UNDRAIN, 3, false);
	pass(bus, 15);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 3);
	bus_free(bus);
}
END_TEST

/* Elsewhere next, and not at once. */
START_TEST(a_failure_is_tried_again)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[1].silent = BUS_ACT(PREPARE);
	drain(bus, 1);
	pass(bus, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 2);
	bus_did(bus, 1, HAM_DID_PREPARE_FAILED, "no bridge there", false);
	bus_run(bus);
	pass(bus, 2);
	course_expect_owner(bus, 0, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 0);
	ck_assert(is_told(bus, "DRAIN_WAITS:"));
	pass(bus, 12);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 3);
	bus_free(bus);
}
END_TEST

/* What has begun ends by itself, nothing more is begun. */
START_TEST(called_off)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[1].silent = bus->node[2].silent = BUS_ACT(PREPARE);
	drain(bus, 1);
	pass(bus, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 2);
	order(bus, HAM_CMD_UNDRAIN, 1, false);
	ck_assert_str_eq(bus->node[2].last_error, "");
	bus_did(bus, 1, HAM_DID_PREPARE_FAILED, "no bridge there", false);
	bus_run(bus);
	pass(bus, 60);
	course_expect_owner(bus, 0, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 0);
	ck_assert(is_told(bus, "NODE_STATE:n1 takes guests again"));
	bus_free(bus);
}
END_TEST

START_TEST(comes_back_if_asked)
{
	struct bus *bus = course_three_with_guest(0);

	drain(bus, 1);
	pass(bus, 3);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	order(bus, HAM_CMD_UNDRAIN, 1, true);
	pass(bus, 5);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->home, 0);
	bus_free(bus);
}
END_TEST

START_TEST(stays_away_else)
{
	struct bus *bus = course_three_with_guest(0);

	drain(bus, 1);
	pass(bus, 3);
	order(bus, HAM_CMD_UNDRAIN, 1, false);
	pass(bus, 60);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert_uint_eq(bus_guest(bus, 2)->home, 0);
	order(bus, HAM_CMD_UNDRAIN, 1, true);
	ck_assert(refused(bus, "n1 takes guests already"));
	bus_free(bus);
}
END_TEST

START_TEST(unhealthy_and_well_again)
{
	struct bus *bus = course_three_with_guest(0);

	health(bus, 1, 0);
	ck_assert_uint_eq(flags_of(bus, 1), 0);
	health(bus, 1, HAM_NODE_UNHEALTHY);
	pass(bus, 3);
	ck_assert_uint_eq(flags_of(bus, 1), HAM_NODE_UNHEALTHY);
	course_expect_owner(bus, 1, 2);
	order(bus, HAM_CMD_UNDRAIN, 1, false);
	ck_assert(refused(bus, "n1 is unhealthy (load: 12.0"));
	health(bus, 1, 0);
	pass(bus, 30);
	ck_assert_uint_eq(flags_of(bus, 1), 0);
	course_expect_owner(bus, 1, 2); /* not moved back */
	bus_free(bus);
}
END_TEST

/* What was found while nothing could be decided is said again, with each look;
 * what was said last is no word on a state that was adopted since. */
START_TEST(health_waits_for_quorum)
{
	struct bus *bus = course_three_with_guest(0);

	bus_split(bus, "122");
	bus_run(bus);
	health(bus, 1, HAM_NODE_UNHEALTHY);
	ck_assert_uint_eq(flags_of(bus, 1), 0);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 4);
	ck_assert_uint_eq(flags_of(bus, 1), 0);
	health(bus, 1, HAM_NODE_UNHEALTHY);
	ck_assert_uint_eq(flags_of(bus, 1), HAM_NODE_UNHEALTHY);
	bus_free(bus);
}
END_TEST

START_TEST(an_operator_lifts_a_quarantine)
{
	struct bus *bus = course_three_with_guest(0);

	health(bus, 2, HAM_NODE_QUARANTINED);
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_QUARANTINED);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert(refused(bus, "n2 is quarantined"));
	order(bus, HAM_CMD_UNDRAIN, 2, false);
	pass(bus, 5); /* the node does not insist */
	ck_assert_uint_eq(flags_of(bus, 2), 0);
	bus_free(bus);
}
END_TEST

START_TEST(states_survive_restarts)
{
	struct bus *bus = course_three_with_guest(0);

	health(bus, 2, HAM_NODE_UNHEALTHY);
	drain(bus, 3);
	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	bus->node[0].vcpus = false;
	bus_run(bus);
	bus_split(bus, "111");
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_UNHEALTHY);
	ck_assert_uint_eq(flags_of(bus, 3), HAM_NODE_DRAINED);
	order(bus, HAM_CMD_UNDRAIN, 3, false);
	bus_down(bus, 2);
	bus_run(bus);
	bus_up(bus, 2);
	bus_run(bus);
	ck_assert_uint_eq(flags_of(bus, 3), 0);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* Of two heirs the one that is open, though the other comes first. */
START_TEST(a_dead_nodes_guest_avoids_it)
{
	struct bus *bus = bus_new(3, 2);

	bus->fences = true;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 3);
	bus_run(bus);
	pass(bus, 8);
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), 1));
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), 2));
	drain(bus, 1);
	bus_down(bus, 2);
	bus->node[2].vcpus = false;
	bus_split(bus, "112");
	bus_run(bus);
	pass(bus, 3);
	bus_fenced(bus, 0, true);
	bus_run(bus);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 2);
	ck_assert(bus->node[1].vcpus);
	bus_free(bus);
}
END_TEST

/* Better there than nowhere. */
START_TEST(a_dead_nodes_guest_goes_there_at_last)
{
	struct bus *bus = course_three_with_guest(0);

	bus_free(bus);
	bus = bus_new(3, 1);
	bus->fences = true;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 3);
	bus_run(bus);
	pass(bus, 8);
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), 1));
	health(bus, 1, HAM_NODE_QUARANTINED);
	bus_down(bus, 2);
	bus->node[2].vcpus = false;
	bus_split(bus, "112");
	bus_run(bus);
	pass(bus, 3);
	bus_fenced(bus, 0, true);
	bus_run(bus);
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 1);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

static void
die_and_return(struct bus *bus, unsigned int i, unsigned int leader,
	       const char *parts)
{
	bus_down(bus, i);
	bus->node[i].vcpus = false;
	bus_split(bus, parts);
	bus_run(bus);
	pass(bus, 3);
	bus_fenced(bus, leader, true);
	bus_run(bus);
	bus_split(bus, "111");
	bus_up(bus, i);
	bus_run(bus);
	pass(bus, 10); /* its copies are made anew */
}

/* Under guests, so that each time costs them their lives. */
START_TEST(who_dies_again_and_again_is_quarantined)
{
	struct bus *bus = bus_new(3, 2);

	bus->fences = true;
	bus->quarantine_after = 2;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 2);
	bus_run(bus);
	pass(bus, 8);
	die_and_return(bus, 1, 0, "121");
	ck_assert_uint_eq(flags_of(bus, 2), 0);
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	pass(bus, 5);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	health(bus, 2, 0); /* it knows of nothing */
	die_and_return(bus, 1, 0, "121");
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_QUARANTINED);
	ck_assert(is_told(bus, "n2 is quarantined (it died under guests 2"));
	/* its hamd has heard of it, and says when it is over */
	health(bus, 2, HAM_NODE_QUARANTINED);
	pass(bus, 3);
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_QUARANTINED);
	health(bus, 2, 0);
	pass(bus, 3);
	ck_assert_uint_eq(flags_of(bus, 2), 0);
	bus_free(bus);
}
END_TEST

/* By n3, to the leader. */
static void
propose(struct bus *bus, const struct ham_op *op)
{
	struct ham_msg msg = {.kind = HAM_MSG_PROPOSE,
			      .incarnation = bus->node[2].incarnation,
			      .ring = bus->node[0].ring,
			      .proposer = 3,
			      .op = *op};
	struct ham_event event = {.kind = HAM_EV_MESSAGE, .node = 3};
	uint8_t *bytes = ham_msg_encode(&msg, NULL, &event.len);

	event.bytes = bytes;
	bus_event(bus, 0, &event);
	bus_run(bus);
	g_free(bytes);
}

/* What was well before it knew is no word against it. */
START_TEST(a_quarantine_is_not_taken_back_unawares)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = 2,
			    .txn = ham_op_node_txn(HAM_NODE_QUARANTINED, 0)};

	health(bus, 2, 0);
	propose(bus, &op);
	pass(bus, 5);
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_QUARANTINED);
	/* not by a state that it adopts either */
	bus_split(bus, "112");
	bus_run(bus);
	bus_split(bus, "111");
	bus_run(bus);
	pass(bus, 5);
	ck_assert_uint_eq(flags_of(bus, 2), HAM_NODE_QUARANTINED);
	bus_free(bus);
}
END_TEST

START_TEST(what_is_no_node)
{
	struct bus *bus = course_three_with_guest(0);

	order(bus, HAM_CMD_DRAIN, 9, false);
	ck_assert(refused(bus, "names no such node"));
	order(bus, HAM_CMD_UNDRAIN, 1, false);
	ck_assert(refused(bus, "n1 takes guests already"));
	drain(bus, 2);
	drain(bus, 2); /* as asked */
	bus_free(bus);
}
END_TEST

/* ---- several guests ---- */

static void
load_guest(ham_core *core, const char *name, bool runs)
{
	struct ham_guest g = {.phase = runs ? HAM_GUEST_STARTED
					    : HAM_GUEST_STOPPED,
			      .wanted = runs,
			      .owner = 1,
			      .epoch = 1,
			      .replica = {{.node = 1,
					   .state = HAM_REPLICA_CURRENT}}};
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	g_autofree char *key = g_strconcat("guest/", name, NULL);
	size_t len;

	g_strlcpy(g.name, name, sizeof(g.name));
	len = ham_guest_encode(&g, bytes);
	ck_assert_ptr_null(ham_core_load(core, key, bytes, len));
}

static const struct ham_core_guest guests[] = {
	{.name = "a", .priority = 10},
	{.name = "b", .priority = 90},
	{.name = "c", .priority = 50},
	{.name = "d", .priority = 90},
};

START_TEST(highest_priority_first)
{
	struct ham_core_config config = {.self = 1,
					 .n_nodes = 1,
					 .nodes = {{.id = 1, .name = "n1"}},
					 .n_guests = G_N_ELEMENTS(guests),
					 .guests = guests,
					 .incarnation = 1,
					 .version = "t"};
	ham_core *core = ham_core_new(&config);
	struct ham_core_leave *plan;
	GString *order_ = g_string_new(NULL);
	unsigned int n;

	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++)
		load_guest(core, guests[i].name, i != 2);
	plan = ham_core_drain_plan(core, 1, &n);
	for (unsigned int i = 0; i < n; i++)
		g_string_append(order_, plan[i].guest);
	ck_assert_str_eq(order_->str, "bdca");
	ck_assert(strstr(plan[2].why, "stopped"));
	g_string_free(order_, TRUE);
	g_free(plan);
	ham_core_free(core);
}
END_TEST

/* As if all had run on n1 since ever; their QEMUs answer nothing more. */
static struct bus *
several(void)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct bus *bus = bus_new(3, 0);
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	size_t len;

	bus->guests = guests;
	bus->n_guests = G_N_ELEMENTS(guests);
	for (size_t i = 0; i < G_N_ELEMENTS(guests); i++) {
		struct ham_op op = {.kind = HAM_OP_START, .node = 1};

		g_strlcpy(op.guest, guests[i].name, sizeof(op.guest));
		ck_assert_ptr_null(ham_record_apply(record, &op));
	}
	for (unsigned int i = 0; i < 3; i++) {
		GHashTable *disk = bus->node[i].disk;
		uint64_t head[3] = {GUINT64_TO_BE(1), GUINT64_TO_BE(4),
				    GUINT64_TO_BE(ham_record_checksum(record))};

		g_hash_table_insert(disk, g_strdup("head"),
				    g_bytes_new(head, sizeof(head)));
		for (unsigned int k = 0; k < record->n_guests; k++) {
			len = ham_guest_encode(&record->guests[k], bytes);
			g_hash_table_insert(disk,
					    g_strconcat("guest/",
							record->guests[k].name,
							NULL),
					    g_bytes_new(bytes, len));
		}
		bus->node[i].silent = UINT64_MAX;
		bus_up(bus, i);
	}
	for (size_t k = 0; k < G_N_ELEMENTS(guests); k++) {
		struct ham_event found = {.kind = HAM_EV_DID,
					  .did = HAM_DID_FOUND,
					  .found = HAM_FOUND_RUNNING,
					  .guest = guests[k].name,
					  .epoch = 1};

		bus_event(bus, 0, &found);
	}
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	return bus;
}

/* Who is on its way to where: "b2". */
static char *
under_way(struct bus *bus)
{
	const struct ham_record *record = ham_core_record(bus->node[2].core);
	GString *out = g_string_new(NULL);

	for (unsigned int i = 0; i < record->n_guests; i++)
		if (record->guests[i].dst)
			g_string_append_printf(out, "%s%u",
					       record->guests[i].name,
					       record->guests[i].dst);
	return g_string_free(out, FALSE);
}

static void
prepare_fails(struct bus *bus, const char *guest, unsigned int node)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_PREPARE_FAILED,
				  .guest = guest,
				  .text = "no bridge there"};

	bus_event(bus, node - 1, &event);
	bus_run(bus);
	event.did = HAM_DID_UNDONE;
	event.flag = true;
	bus_event(bus, 0, &event);
	bus_run(bus);
	pass(bus, 1);
}

START_TEST(one_after_the_other)
{
	static const char *const order_[] = {"b2", "d2", "c2", "a2", "b3"};
	struct bus *bus = several();

	drain(bus, 1);
	pass(bus, 2);
	for (size_t i = 0; i < G_N_ELEMENTS(order_); i++) {
		g_autofree char *now = NULL;

		for (int k = 0; k < 12; k++) {
			g_free(now);
			now = under_way(bus);
			if (now[0])
				break;
			pass(bus, 1);
		}
		ck_assert_str_eq(now, order_[i]);
		prepare_fails(bus, (char[]){order_[i][0], 0},
			      (unsigned int)(order_[i][1] - '0'));
	}
	bus_free(bus);
}
END_TEST

/* Another leader knows nothing of what was tried, and goes on. */
START_TEST(the_leader_is_lost)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 3);
	bus_run(bus);
	pass(bus, 2);
	bus->node[1].silent = BUS_ACT(PREPARE);
	drain(bus, 1);
	drain(bus, 3);
	pass(bus, 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->dst, 2);
	bus_down(bus, 0);
	bus_split(bus, "122");
	bus_run(bus);
	bus_did(bus, 1, HAM_DID_PREPARE_FAILED, "no bridge there", false);
	bus_run(bus);
	bus->node[1].silent = 0;
	pass(bus, 15);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	ck_assert_uint_eq(bus_guest(bus, 2)->home, 3);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("drain");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, drained);
	tcase_add_test(tc, goes_where_its_copy_is);
	tcase_add_test(tc, a_closed_node_is_refused);
	tcase_add_test(tc, starts_elsewhere);
	tcase_add_test(tc, nowhere_to_go);
	tcase_add_test(tc, a_failure_is_tried_again);
	tcase_add_test(tc, called_off);
	tcase_add_test(tc, comes_back_if_asked);
	tcase_add_test(tc, stays_away_else);
	tcase_add_test(tc, unhealthy_and_well_again);
	tcase_add_test(tc, health_waits_for_quorum);
	tcase_add_test(tc, an_operator_lifts_a_quarantine);
	tcase_add_test(tc, states_survive_restarts);
	tcase_add_test(tc, a_dead_nodes_guest_avoids_it);
	tcase_add_test(tc, a_dead_nodes_guest_goes_there_at_last);
	tcase_add_test(tc, who_dies_again_and_again_is_quarantined);
	tcase_add_test(tc, a_quarantine_is_not_taken_back_unawares);
	tcase_add_test(tc, what_is_no_node);
	tcase_add_test(tc, highest_priority_first);
	tcase_add_test(tc, one_after_the_other);
	tcase_add_test(tc, the_leader_is_lost);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
