/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_claim.c - an operator has a cluster of two go on with the
 * state of one, and what that costs
 */
#include <string.h>

#include "tests/unit/deaths.h"
#include "tests/unit/leaf_run.h"

/* Each half is, as corosync's two_node has it. */
static struct bus *
quorate_alone(void)
{
	struct bus *bus = two();

	bus->two_node = true;
	return bus;
}

static void
boots(struct bus *bus, unsigned int i)
{
	bus->node[i].boot++;
	bus_up(bus, i);
	bus_run(bus);
}

/* n2 went on alone, as n1 was off; then it is lost, and n1 has booted. */
static struct bus *
only_the_older_is_left(void)
{
	struct bus *bus = quorate_alone();

	power_cut(bus, 0, "12");
	pass(bus, 15);
	bus_fenced(bus, 1, true);
	ck_assert(bus_active(bus, 1));
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_command(bus, 1, HAM_CMD_START, 2);
	bus_run(bus);
	power_cut(bus, 1, "12");
	boots(bus, 0);
	pass(bus, 20);
	ck_assert(!bus_active(bus, 0));
	g_string_truncate(bus->node[0].acts, 0);
	return bus;
}

START_TEST(of_two_the_one_that_is_left)
{
	struct bus *bus = only_the_older_is_left();
	uint64_t history = bus_guest(bus, 0)->history;
	struct ham_fork forks[HAM_MAX_FORKS];

	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	ck_assert(!bus_active(bus, 0)); /* nobody is proven off */
	pass(bus, 15);
	ck_assert(did(bus, 0, "FENCE2"));
	bus_fenced(bus, 0, true);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus->node[0].vcpus);
	ck_assert_uint_ne(bus_guest(bus, 0)->history, history);
	ck_assert_uint_eq(ham_core_forks(bus->node[0].core, "g", forks), 1);
	ck_assert_uint_eq(forks[0].history, history);
	ck_assert(strstr(bus->node[0].notes->str,
			 "ALARM:an operator claims the state of n1"));
	bus_free(bus);
}
END_TEST

START_TEST(of_two_by_an_operators_word_alone)
{
	struct bus *bus = only_the_older_is_left();

	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	ck_assert(strstr(bus->node[0].last_error, "or hamctl cluster claim"));
	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* Its record had more, and does not count any more. */
START_TEST(who_was_lost_returns)
{
	struct bus *bus = only_the_older_is_left();
	uint64_t epoch;

	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	epoch = bus_guest(bus, 0)->epoch;
	bus_split(bus, "11");
	boots(bus, 1);
	pass(bus, 5);
	ck_assert(bus_active(bus, 0));
	ck_assert(bus_equal(bus, 1));
	ck_assert_uint_eq(bus_guest(bus, 1)->owner, 1);
	ck_assert_uint_eq(bus_guest(bus, 1)->epoch, epoch);
	ck_assert_uint_eq(bus_runners(bus), 1);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}
END_TEST

/* Both are back before anything has come of it: the newer state counts. */
START_TEST(void_in_the_next_ring)
{
	struct bus *bus = only_the_older_is_left();
	struct ham_fork forks[HAM_MAX_FORKS];

	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	bus_split(bus, "11");
	boots(bus, 1);
	pass(bus, 5);
	ck_assert(bus_active(bus, 0));
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 2);
	ck_assert_uint_eq(ham_core_forks(bus->node[0].core, "g", forks), 0);
	ck_assert(strstr(bus->node[0].notes->str, "the claim of its state is "
						  "void"));
	bus_free(bus);
}
END_TEST

/* Who holds a state knows nothing of what others have started since. */
START_TEST(of_three_never)
{
	struct bus *bus = with_replica_on(1, 0, false);

	for (unsigned int i = 0; i < 3; i++)
		bus_down(bus, i);
	bus->node[1].vcpus = false;
	for (unsigned int i = 1; i < 3; i++)
		g_hash_table_remove_all(bus->node[i].disk);
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	pass(bus, 5);
	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error,
			 "only one of two nodes can claim the cluster's state");
	ck_assert(!bus_active(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(not_while_the_cluster_decides)
{
	struct bus *bus = quorate_alone();

	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	ck_assert_str_eq(bus->node[0].last_error,
			 "the cluster decides: there is nothing to claim");
	bus_free(bus);
}
END_TEST

START_TEST(not_by_one_that_has_lost_its_state)
{
	struct bus *bus = only_the_older_is_left();

	bus_down(bus, 0);
	g_hash_table_remove_all(bus->node[0].disk);
	boots(bus, 0);
	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	ck_assert_str_eq(bus->node[0].last_error,
			 "n1 has no state that could be the cluster's");
	bus_free(bus);
}
END_TEST

/* It went on since the other was off: a proof is all that lacks. */
START_TEST(not_by_one_that_is_newest)
{
	struct bus *bus = quorate_alone();

	power_cut(bus, 1, "12");
	bus_command(bus, 0, HAM_CMD_CLAIM, 0);
	ck_assert_str_eq(bus->node[0].last_error,
			 "that would not help; it waits for n2, or proof that "
			 "it is off");
	bus_free(bus);
}
END_TEST

/* Each claimed its own, one after the other: the later word counts. */
START_TEST(of_two_claims_the_later)
{
	struct bus *bus = only_the_older_is_left();
	struct ham_fork forks[HAM_MAX_FORKS];
	struct ham_event later = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_CLAIM,
				  .guest = "",
				  .value = 30000000,
				  .token = 900};

	bus_event(bus, 0, &later);
	bus_command(bus, 0, HAM_CMD_CONFIRM_OFF, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	power_cut(bus, 0, "12");
	boots(bus, 1);
	later.value++;
	bus_event(bus, 1, &later);
	bus_command(bus, 1, HAM_CMD_CONFIRM_OFF, 1);
	bus_run(bus);
	pass(bus, 3);
	ck_assert(bus_active(bus, 1));
	ck_assert(bus->node[1].vcpus);
	bus_split(bus, "11");
	boots(bus, 0);
	pass(bus, 5);
	ck_assert(bus_equal(bus, 0));
	ck_assert_uint_eq(bus_guest(bus, 0)->owner, 2);
	/* what n1 had claimed leads nowhere now */
	ck_assert_uint_eq(ham_core_forks(bus->node[0].core, "g", forks), 0);
	ck_assert_uint_eq(ham_core_forks(bus->node[1].core, "g", forks), 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("claim");
	TCase *tc = tcase_create("claim");

	tcase_add_test(tc, of_two_the_one_that_is_left);
	tcase_add_test(tc, of_two_by_an_operators_word_alone);
	tcase_add_test(tc, who_was_lost_returns);
	tcase_add_test(tc, void_in_the_next_ring);
	tcase_add_test(tc, of_three_never);
	tcase_add_test(tc, not_while_the_cluster_decides);
	tcase_add_test(tc, not_by_one_that_has_lost_its_state);
	tcase_add_test(tc, not_by_one_that_is_newest);
	tcase_add_test(tc, of_two_claims_the_later);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
