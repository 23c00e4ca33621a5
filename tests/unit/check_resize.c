/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_resize.c - the core: a disk grows while its guest runs
 *
 * Each test is one course on the bus of bus.h.
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
did(struct bus *bus, const char *act)
{
	return strstr(bus->node[0].acts->str, act) != NULL;
}

static bool
is_told(struct bus *bus, const char *words)
{
	return strstr(bus->node[2].notes->str, words) != NULL;
}

static void
order(struct bus *bus, unsigned int i, uint32_t disk, uint64_t bytes)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_RESIZE,
				  .guest = "g",
				  .node = disk,
				  .value = bytes,
				  .token = 1000 + bytes + disk};

	bus_event(bus, i, &event);
	bus_run(bus);
}

static void
resized(struct bus *bus, bool is, bool certainly_not)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_RESIZED,
				  .guest = "g",
				  .flag = is,
				  .value = certainly_not,
				  .text = is ? NULL : "no room"};

	bus_event(bus, 0, &event);
	bus_run(bus);
}

/* It runs on n1, n2 has a copy, and RESIZE gets no answer. */
static struct bus *
with_copy(void)
{
	struct bus *bus = course_three_with_guest(1);

	pass(bus, 3);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 2));
	g_string_truncate(bus->node[0].acts, 0);
	bus->node[0].silent = BUS_ACT(RESIZE);
	return bus;
}

START_TEST(copies_are_out_before_it_grows)
{
	struct bus *bus = with_copy();

	bus->node[0].silent |= BUS_ACT(SLOT_DROP);
	order(bus, 2, 0, 4096);
	ck_assert(!ham_guest_is_current(bus_guest(bus, 2), 2));
	ck_assert(did(bus, "SLOT_DROP") && !did(bus, "RESIZE"));
	bus_free(bus);
}
END_TEST

START_TEST(copies_are_made_again)
{
	struct bus *bus = with_copy();

	order(bus, 2, 1, 4096);
	ck_assert(did(bus, "RESIZE"));
	pass(bus, 5);
	ck_assert(!did(bus, "SLOT_FILL"));
	resized(bus, true, false);
	ck_assert_uint_eq(bus_guest(bus, 2)->disk_size[1], 4096);
	ck_assert(is_told(bus, "DISK_RESIZED"));
	pass(bus, 3);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 2));
	bus_free(bus);
}
END_TEST

START_TEST(what_certainly_did_not_grow_is_what_it_was)
{
	struct bus *bus = with_copy();

	order(bus, 2, 0, 4096);
	resized(bus, false, true);
	ck_assert_uint_eq(bus_guest(bus, 2)->grow_size, 0);
	ck_assert_uint_eq(bus_guest(bus, 2)->disk_size[0], 0);
	ck_assert(is_told(bus, "DISK_NOT_RESIZED:no room"));
	pass(bus, 3);
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 2));
	bus_free(bus);
}
END_TEST

/* The guest may have seen it. */
START_TEST(what_nobody_knows_is_tried_again)
{
	struct bus *bus = with_copy();

	order(bus, 2, 0, 4096);
	resized(bus, false, false);
	ck_assert_uint_eq(bus_guest(bus, 2)->grow_size, 4096);
	g_string_truncate(bus->node[0].acts, 0);
	pass(bus, 29);
	ck_assert(!did(bus, "RESIZE"));
	pass(bus, 2);
	ck_assert(did(bus, "RESIZE"));
	bus_free(bus);
}
END_TEST

/* The same size, and another disk. */
START_TEST(each_order_is_carried_out)
{
	struct bus *bus = with_copy();

	order(bus, 2, 0, 4096);
	resized(bus, true, false);
	g_string_truncate(bus->node[0].acts, 0);
	order(bus, 2, 1, 4096);
	pass(bus, 2);
	ck_assert(did(bus, "RESIZE"));
	ck_assert_uint_eq(bus_guest(bus, 2)->disk_size[1], 0);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resize");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, copies_are_out_before_it_grows);
	tcase_add_test(tc, copies_are_made_again);
	tcase_add_test(tc, what_certainly_did_not_grow_is_what_it_was);
	tcase_add_test(tc, what_nobody_knows_is_tried_again);
	tcase_add_test(tc, each_order_is_carried_out);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
