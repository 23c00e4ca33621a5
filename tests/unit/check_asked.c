/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_asked.c - the core: all nodes are told who wants a migration
 *
 * Each test is one course on the bus of bus.h: three nodes, guest "g".
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

static void
order(struct bus *bus, enum ham_command command, uint32_t node,
      const char *guest, const struct ham_policy *policy, unsigned int sets)
{
	static uint64_t token = 9000;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = guest,
				  .node = node,
				  .policy = policy,
				  .value = sets,
				  .text = "uid 0, pid 77",
				  .token = ++token};

	bus_event(bus, 2, &event);
	bus_run(bus);
}

/* How often all have been told so; they were told alike. */
static unsigned int
times_told(struct bus *bus, const char *words)
{
	g_autofree char *line =
		g_strconcat("MIGRATION_ASKED:", words, "\n", NULL);
	unsigned int n[3] = {0};

	for (unsigned int i = 0; i < 3; i++)
		for (const char *at = bus->node[i].notes->str;
		     (at = strstr(at, line)); at++)
			n[i]++;
	ck_assert_uint_eq(n[0], n[1]);
	ck_assert_uint_eq(n[0], n[2]);
	return n[0];
}

START_TEST(a_migration)
{
	struct bus *bus = course_three_with_guest(0);

	order(bus, HAM_CMD_MIGRATE, 2, "g", NULL, 0);
	ck_assert_uint_eq(times_told(bus, "uid 0, pid 77 on n3: migrate to n2"),
			  1);
	bus_free(bus);
}
END_TEST

START_TEST(not_what_was_refused)
{
	struct bus *bus = course_three_with_guest(0);

	order(bus, HAM_CMD_MIGRATE, 1, "g", NULL, 0);
	ck_assert_ptr_nonnull(strstr(bus->node[2].last_error, "already"));
	ck_assert_ptr_null(strstr(bus->node[0].notes->str, "MIGRATION_ASKED"));
	bus_free(bus);
}
END_TEST

START_TEST(a_move)
{
	struct bus *bus = course_three_with_guest(0);

	order(bus, HAM_CMD_MOVE, 2, "g", NULL, 0);
	ck_assert_uint_eq(times_told(bus, "uid 0, pid 77 on n3: move to n2, by "
					  "a stop and a start (warm)"),
			  1);
	bus_free(bus);
}
END_TEST

START_TEST(a_cancel)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));

	order(bus, HAM_CMD_CANCEL, 0, "g", NULL, 0);
	bus_time(bus, 100000);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	ck_assert_uint_eq(times_told(bus, "uid 0, pid 77 on n3: cancel"), 1);
	course_expect_owner(bus, 0, 1);
	bus_free(bus);
}
END_TEST

START_TEST(other_limits)
{
	struct bus *bus = course_migrating_until(0, BUS_ACT(COPY));
	struct ham_policy policy = {.max_pause_us = 300000,
				    .on_limit = HAM_LIMIT_FORCE,
				    .priority = 9};
	struct ham_policy now;

	order(bus, HAM_CMD_SET, 0, "g", &policy,
	      HAM_SET_MAX_PAUSE | HAM_SET_ON_LIMIT);
	ck_assert_uint_eq(times_told(bus, "uid 0, pid 77 on n3: set max_pause "
					  "300 ms, on_limit force"),
			  1);
	ck_assert(ham_core_policy(bus->node[1].core, "g", &now));
	ck_assert_int_eq(now.max_pause_us, 300000);
	bus_free(bus);
}
END_TEST

START_TEST(a_drain_and_the_way_back)
{
	struct bus *bus = course_three_with_guest(0);

	order(bus, HAM_CMD_DRAIN, 1, "", NULL, 0);
	for (int i = 0; i < 3; i++) {
		bus_time(bus, 1000000);
		bus_run(bus);
	}
	ck_assert_uint_eq(times_told(bus, "drain of n1"), 1);
	ck_assert_uint_eq(bus_guest(bus, 2)->owner, 2);
	{
		struct ham_event back = {.kind = HAM_EV_COMMAND,
					 .command = HAM_CMD_UNDRAIN,
					 .guest = "",
					 .node = 1,
					 .flag = true,
					 .token = 1};

		bus_event(bus, 2, &back);
	}
	for (int i = 0; i < 3; i++) {
		bus_time(bus, 1000000);
		bus_run(bus);
	}
	ck_assert_uint_eq(
		times_told(bus, "return to n1, which it was moved away from"),
		1);
	bus_free(bus);
}
END_TEST

START_TEST(a_node_that_is_not_well)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_event health = {.kind = HAM_EV_HEALTH,
				   .value = HAM_NODE_UNHEALTHY,
				   .text = "load: 12.0, at most 4.0"};

	bus_event(bus, 0, &health);
	bus_run(bus);
	for (int i = 0; i < 3; i++) {
		bus_time(bus, 1000000);
		bus_run(bus);
	}
	ck_assert_uint_eq(
		times_told(bus, "n1 is unhealthy: load: 12.0, at most 4.0"), 1);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("asked");
	TCase *tc = tcase_create("asked");

	tcase_add_test(tc, a_migration);
	tcase_add_test(tc, not_what_was_refused);
	tcase_add_test(tc, a_move);
	tcase_add_test(tc, a_cancel);
	tcase_add_test(tc, other_limits);
	tcase_add_test(tc, a_drain_and_the_way_back);
	tcase_add_test(tc, a_node_that_is_not_well);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
