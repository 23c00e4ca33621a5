/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_network.c - the core: what the network saw of a migration
 *
 * The blackout, the addresses that travel with CAPTURED, and who looks for the
 * guest afterwards.  On the bus of bus.h.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

static void
quiet(struct bus *bus, uint64_t us)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .guest = "g",
				  .did = HAM_DID_QUIET,
				  .value = us};

	bus_event(bus, 0, &event);
}

/* A migration whose source said so between YIELD and RAN; how its end was told
 * at a third node. */
static char *
told_after(struct bus *bus)
{
	const char *at;

	bus_did(bus, 1, HAM_DID_RAN, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	at = strstr(bus->node[2].notes->str, "MIGRATION_DONE");
	ck_assert_ptr_nonnull(at);
	return g_strndup(at, strcspn(at, "\n"));
}

START_TEST(blackout_is_more_than_the_stop)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));
	g_autofree char *text = NULL;
	const char *stopped, *blackout;

	quiet(bus, 7000);
	text = told_after(bus);
	stopped = strstr(text, "stopped_us=");
	blackout = strstr(text, "blackout_us=");
	ck_assert_ptr_nonnull(stopped);
	ck_assert_msg(blackout != NULL, "%s", text);
	ck_assert_int_eq(g_ascii_strtoll(strchr(blackout, '=') + 1, NULL, 10),
			 g_ascii_strtoll(strchr(stopped, '=') + 1, NULL, 10) +
				 7000);
	bus_free(bus);
}
END_TEST

START_TEST(no_blackout_of_a_guest_that_said_nothing)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));
	g_autofree char *text = told_after(bus);

	ck_assert_msg(!strstr(text, "blackout"), "%s", text);
	bus_free(bus);
}
END_TEST

START_TEST(a_time_that_is_none_is_no_blackout)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));
	g_autofree char *text = NULL;

	quiet(bus, INT64_MAX);
	text = told_after(bus);
	ck_assert_msg(!strstr(text, "blackout"), "%s", text);
	bus_free(bus);
}
END_TEST

static void
seen(struct bus *bus, unsigned int i, bool yes)
{
	g_string_truncate(bus->node[1].acts, 0);
	bus_did(bus, i, HAM_DID_SEEN, yes ? "br0 by eth0" : "br0 by nothing",
		yes);
	bus_run(bus);
}

static struct bus *
migrated(void)
{
	struct bus *bus = course_migrating_until(1, BUS_ACT(RUN));

	bus_did(bus, 1, HAM_DID_RAN, NULL, false);
	bus_run(bus);
	course_expect_owner(bus, 1, 2);
	return bus;
}

START_TEST(seen_is_told_to_all)
{
	struct bus *bus = migrated();

	seen(bus, 0, true);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(strstr(bus->node[i].notes->str,
					     "GUEST_SEEN:br0 by eth0"));
	ck_assert_str_eq(bus->node[1].acts->str, "");
	bus_free(bus);
}
END_TEST

START_TEST(unseen_is_announced_again_each_time)
{
	struct bus *bus = migrated();

	for (int i = 0; i < 2; i++) {
		seen(bus, 0, false);
		ck_assert_ptr_nonnull(
			strstr(bus->node[1].acts->str, "ANNOUNCE"));
	}
	ck_assert_ptr_nonnull(
		strstr(bus->node[2].notes->str, "GUEST_UNSEEN:br0 by nothing"));
	bus_free(bus);
}
END_TEST

/* Who looks for what is here again has nothing to say. */
START_TEST(the_owner_looks_for_nothing)
{
	struct bus *bus = migrated();

	seen(bus, 1, false);
	ck_assert_str_eq(bus->node[1].acts->str, "");
	ck_assert_ptr_null(strstr(bus->node[2].notes->str, "UNSEEN"));
	bus_free(bus);
}
END_TEST

START_TEST(nobody_looks_for_what_is_stopped)
{
	struct bus *bus = migrated();

	bus_command(bus, 0, HAM_CMD_STOP, 0);
	bus_run(bus);
	seen(bus, 0, false);
	ck_assert_ptr_null(strstr(bus->node[2].notes->str, "UNSEEN"));
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("network");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, blackout_is_more_than_the_stop);
	tcase_add_test(tc, no_blackout_of_a_guest_that_said_nothing);
	tcase_add_test(tc, a_time_that_is_none_is_no_blackout);
	tcase_add_test(tc, seen_is_told_to_all);
	tcase_add_test(tc, unseen_is_announced_again_each_time);
	tcase_add_test(tc, the_owner_looks_for_nothing);
	tcase_add_test(tc, nobody_looks_for_what_is_stopped);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
