/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_two.c - of two nodes one goes on alone, or does not
 *
 * n1 has handed guest "g" to n2, and holds its live replica.
 */
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

/* Each half is quorate, as corosync's two_node has it. */
static void
split_two(struct bus *bus)
{
	bus->two_node = true;
	bus_split(bus, "12");
	bus_run(bus);
}

static void
power_cut_of_two(struct bus *bus, unsigned int i)
{
	bus->two_node = true;
	power_cut(bus, i, "12");
}

/* F64: n2 runs the guest. */
START_TEST(of_two_the_one_with_guests_fences_first)
{
	struct bus *bus = two();

	split_two(bus);
	pass(bus, 2);
	ck_assert(did(bus, 1, "FENCE1"));
	ck_assert(!did(bus, 0, "FENCE2"));
	pass(bus, 5);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_free(bus);
}
END_TEST

/* The other one's outlet may be another one by its own file. */
START_TEST(of_two_with_two_files_nobody_fences)
{
	struct bus *bus = two();

	bus_down(bus, 0);
	bus_run(bus);
	bus->config_digest[0] = 8;
	bus_up(bus, 0);
	bus_run(bus);
	split_two(bus);
	pass(bus, 20);
	ck_assert(!did(bus, 0, "FENCE"));
	ck_assert(!did(bus, 1, "FENCE"));
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	ck_assert(strstr(bus->node[1].last_error, "its cluster file differed"));
	bus_free(bus);
}
END_TEST

START_TEST(of_two_nobody_decides_without_proof)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	pass(bus, 10);
	bus_fenced(bus, 0, false);
	ck_assert(!bus_active(bus, 0));
	ck_assert(!bus->node[0].vcpus);
	pass(bus, 10);
	bus_fenced(bus, 0, true);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(of_two_who_has_booted_decides_nothing_alone)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	bus_down(bus, 0);
	bus->node[0].boot++;
	bus_up(bus, 0);
	bus_run(bus);
	pass(bus, 70);
	ck_assert(!did(bus, 0, "FENCE"));
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	ck_assert(strstr(bus->node[0].last_error, "has booted since"));
	ck_assert(!bus_active(bus, 0));
	bus_free(bus);
}
END_TEST

/* Nor who can't tell one boot from another. */
START_TEST(of_two_who_may_have_booted_decides_nothing_alone)
{
	struct bus *bus = two();

	bus_down(bus, 0);
	bus_run(bus);
	bus->node[0].boot = 0;
	bus_up(bus, 0);
	bus_run(bus);
	power_cut_of_two(bus, 1);
	pass(bus, 20);
	ck_assert(!did(bus, 0, "FENCE"));
	bus_free(bus);
}
END_TEST

/* A restart of hamd alone is no boot: nothing can have happened elsewhere. */
START_TEST(of_two_a_restarted_hamd_goes_on_alone)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	bus_down(bus, 0);
	bus_up(bus, 0);
	bus_run(bus);
	pass(bus, 10);
	bus_fenced(bus, 0, true);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

START_TEST(of_two_an_operator_may_vouch)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	pass(bus, 1);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* A device that fails later says nothing of a node that somebody has seen. */
START_TEST(of_two_an_operators_word_outlives_the_device)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	pass(bus, 10);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert(did(bus, 0, "CALLED_OFF2"));
	ck_assert(bus_active(bus, 0));
	ck_assert(bus->node[0].vcpus);
	bus_fenced(bus, 0, false);
	ck_assert(bus_active(bus, 0));
	bus_free(bus);
}
END_TEST

/* A new machine with an empty disk takes n2's place. */
START_TEST(of_two_one_may_be_replaced)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	pass(bus, 10);
	bus_fenced(bus, 0, true);
	g_hash_table_remove_all(bus->node[1].disk);
	bus->node[1].boot++;
	bus_split(bus, "11");
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* n1 has booted while n2 went on alone, and n2 has lost its state then. */
START_TEST(of_two_an_old_state_is_not_the_states_heir)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 0);
	pass(bus, 15);
	bus_fenced(bus, 1, true);
	bus_run(bus);
	pass(bus, 3);
	ck_assert(bus_active(bus, 1));
	bus_down(bus, 1);
	bus->node[1].vcpus = false;
	g_hash_table_remove_all(bus->node[1].disk);
	for (unsigned int i = 0; i < 2; i++)
		bus->node[i].boot++;
	bus_split(bus, "11");
	bus_up(bus, 0);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(!bus_active(bus, 0));
	ck_assert(!bus_active(bus, 1));
	bus_free(bus);
}
END_TEST

/* Another majority may know what this one does not. */
START_TEST(of_three_one_state_is_not_enough)
{
	struct bus *bus = with_replica(0, false);

	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	bus->node[1].vcpus = false;
	g_hash_table_remove_all(bus->node[1].disk);
	bus_split(bus, "112");
	bus_up(bus, 0);
	bus_up(bus, 1);
	bus_run(bus);
	pass(bus, 5);
	ck_assert(!bus_active(bus, 0));
	bus_free(bus);
}
END_TEST

/* The proof was one of the ring without it. */
START_TEST(of_two_the_return_of_the_other_ends_it)
{
	struct bus *bus = two();

	power_cut_of_two(bus, 1);
	pass(bus, 10);
	bus_fenced(bus, 0, true);
	ck_assert(bus_active(bus, 0));
	bus_split(bus, "11");
	bus_run(bus);
	ck_assert(!bus_active(bus, 0));
	bus->node[1].boot++;
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus_equal(bus, 0));
	ck_assert(!ham_guest_is_current(bus_guest(bus, 1), 2));
	ck_assert_uint_eq(bus_runners(bus), 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("two");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, of_two_the_one_with_guests_fences_first);
	tcase_add_test(tc, of_two_with_two_files_nobody_fences);
	tcase_add_test(tc, of_two_nobody_decides_without_proof);
	tcase_add_test(tc, of_two_who_has_booted_decides_nothing_alone);
	tcase_add_test(tc, of_two_who_may_have_booted_decides_nothing_alone);
	tcase_add_test(tc, of_two_a_restarted_hamd_goes_on_alone);
	tcase_add_test(tc, of_two_an_operator_may_vouch);
	tcase_add_test(tc, of_two_an_operators_word_outlives_the_device);
	tcase_add_test(tc, of_two_one_may_be_replaced);
	tcase_add_test(tc, of_two_an_old_state_is_not_the_states_heir);
	tcase_add_test(tc, of_three_one_state_is_not_enough);
	tcase_add_test(tc, of_two_the_return_of_the_other_ends_it);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
