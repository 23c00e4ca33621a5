/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_halt.c - the core: the cluster is stopped, and comes up
 * again
 *
 * Each test is one course on the bus of bus.h: three nodes, guest "g" on n2,
 * its copy on n1 (deaths.h).
 */
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

static void
order(struct bus *bus, enum ham_command command, uint32_t node)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = "",
				  .node = node,
				  .token = 7};

	bus->node[0].last_error[0] = '\0';
	bus_event(bus, 0, &event);
	bus_run(bus);
}

static void
all(struct bus *bus, enum ham_command command)
{
	for (uint32_t node = 1; node <= 3; node++) {
		order(bus, command, node);
		ck_assert_str_eq(bus->node[0].last_error, "");
	}
}

static struct bus *
halted(void)
{
	struct bus *bus = with_replica(0, false);

	all(bus, HAM_CMD_HALT);
	pass(bus, 3);
	ck_assert(did(bus, 1, "SHUTDOWN"));
	return bus;
}

/* All have lost their power; those of `mask` are back. */
static void
boot(struct bus *bus, unsigned int mask, const char *parts)
{
	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].boot++;
		g_string_truncate(bus->node[i].acts, 0);
	}
	bus_split(bus, parts);
	for (unsigned int i = 0; i < 3; i++)
		if (mask & (1u << i))
			bus_up(bus, i);
	bus_run(bus);
	pass(bus, 6);
}

START_TEST(guests_are_shut_down_and_stay_down)
{
	struct bus *bus = halted();

	ck_assert_uint_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert(bus_guest(bus, 0)->again);
	ck_assert(strstr(bus->node[0].notes->str, "GUEST_STOPPED"));
	ck_assert(!strstr(bus->node[0].notes->str, "GUEST_FAILED"));
	pass(bus, 30);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_command(bus, 0, HAM_CMD_START, 2);
	ck_assert(strstr(bus->node[0].last_error, "n2 is halted"));
	bus_free(bus);
}
END_TEST

START_TEST(they_start_with_the_nodes)
{
	struct bus *bus = halted();

	boot(bus, 7, "111");
	ck_assert_uint_eq(bus_runners(bus), 1);
	ck_assert(bus->node[1].vcpus);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[0].core), 2),
		0);
	bus_free(bus);
}
END_TEST

/* n2, where it ran, is not back; n1 has a copy. */
START_TEST(in_part_they_start_where_a_copy_is)
{
	struct bus *bus = halted();

	boot(bus, 5, "121");
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* Restarted alone, a hamd does not take the order back. */
START_TEST(without_a_boot_they_stay_down)
{
	struct bus *bus = halted();

	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	pass(bus, 10);
	ck_assert_uint_eq(bus_runners(bus), 0);
	all(bus, HAM_CMD_UNHALT);
	pass(bus, 6);
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

/* What was halted since the boot is not opened by the boot. */
START_TEST(halted_again_it_stays)
{
	struct bus *bus = halted();

	boot(bus, 7, "111");
	ck_assert_uint_eq(bus_runners(bus), 1);
	all(bus, HAM_CMD_HALT);
	pass(bus, 5);
	bus_split(bus, "111"); /* nor by the next state it adopts */
	bus_run(bus);
	pass(bus, 5);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[0].core), 2),
		HAM_NODE_HALTED);
	bus_free(bus);
}
END_TEST

START_TEST(ended_at_once_it_starts_all_the_same)
{
	struct bus *bus = with_replica(0, false);
	struct ham_event kill = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_STOP,
				 .guest = "g",
				 .flag = true,
				 .token = 9};

	bus->node[1].silent = BUS_ACT(SHUTDOWN);
	all(bus, HAM_CMD_HALT);
	pass(bus, 3);
	bus_event(bus, 0, &kill);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	pass(bus, 3);
	ck_assert_uint_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert(bus_guest(bus, 0)->again);
	bus_free(bus);
}
END_TEST

START_TEST(an_operators_stop_counts)
{
	struct bus *bus = with_replica(0, false);

	bus->node[1].silent = BUS_ACT(SHUTDOWN);
	all(bus, HAM_CMD_HALT);
	pass(bus, 3);
	ck_assert(bus_guest(bus, 0)->halts);
	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert(!bus_guest(bus, 0)->halts);
	bus_free(bus);
}
END_TEST

/* No guest flees from one halted node to another. */
START_TEST(nobody_is_moved)
{
	struct bus *bus = with_replica(0, false);

	order(bus, HAM_CMD_HALT, 2);
	pass(bus, 6);
	ck_assert(!did(bus, 1, "COPY"));
	ck_assert(did(bus, 1, "SHUTDOWN"));
	bus_free(bus);
}
END_TEST

/* Its hamd ends between the state that it adopts and the end of that order. */
START_TEST(a_boot_counts_until_it_is_recorded)
{
	struct bus *bus = halted();

	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].boot++;
	}
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	ck_assert(bus_active(bus, 0)); /* a state was adopted, nothing more */
	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	pass(bus, 6);
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

/* The cluster is stopped anew as soon as it has opened. */
START_TEST(a_boot_opens_once)
{
	struct bus *bus = halted();
	struct ham_event halt = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_HALT,
				 .guest = "",
				 .token = 7};
	struct ham_event tick = {.kind = HAM_EV_TICK};

	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].boot++;
	}
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	for (unsigned int i = 0; i < 3; i++)
		bus_event(bus, i, &tick);
	bus_run(bus);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[0].core), 2),
		0);
	halt.node = 2;
	bus_event(bus, 0, &halt);
	bus_run(bus);
	pass(bus, 10);
	ck_assert_uint_eq(
		ham_record_node_flags(ham_core_record(bus->node[0].core), 2),
		HAM_NODE_HALTED);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("halt");
	TCase *tc = tcase_create("halt");

	tcase_add_test(tc, guests_are_shut_down_and_stay_down);
	tcase_add_test(tc, they_start_with_the_nodes);
	tcase_add_test(tc, in_part_they_start_where_a_copy_is);
	tcase_add_test(tc, without_a_boot_they_stay_down);
	tcase_add_test(tc, halted_again_it_stays);
	tcase_add_test(tc, ended_at_once_it_starts_all_the_same);
	tcase_add_test(tc, an_operators_stop_counts);
	tcase_add_test(tc, nobody_is_moved);
	tcase_add_test(tc, a_boot_counts_until_it_is_recorded);
	tcase_add_test(tc, a_boot_opens_once);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
