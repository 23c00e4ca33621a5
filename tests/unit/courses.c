/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/courses.c - see courses.h */
#include <check.h>

#include "tests/unit/courses.h"

struct bus *
course_three(unsigned int replicas)
{
	struct bus *bus = bus_new(3, replicas);

	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	return bus;
}

struct bus *
course_three_with_guest(unsigned int replicas)
{
	struct bus *bus = course_three(replicas);

	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_str_eq(bus->node[0].last_error, "");
	ck_assert(bus->node[0].vcpus);
	return bus;
}

struct bus *
course_migrating_until(unsigned int node, uint64_t act)
{
	struct bus *bus = course_three_with_guest(1);

	bus->node[node].silent = act;
	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	ck_assert_str_eq(bus->node[2].last_error, "");
	return bus;
}

void
course_expect_owner(struct bus *bus, unsigned int node, uint64_t epoch)
{
	for (unsigned int i = 0; i < bus->n; i++) {
		const struct ham_guest *g;

		if (!bus->node[i].up || !bus_active(bus, i))
			continue;
		g = bus_guest(bus, i);
		ck_assert_int_eq(g->phase, HAM_GUEST_STARTED);
		ck_assert_uint_eq(g->owner, node + 1);
		ck_assert_uint_eq(g->epoch, epoch);
	}
	ck_assert(bus->node[node].vcpus);
	ck_assert_uint_eq(bus_runners(bus), 1);
}
