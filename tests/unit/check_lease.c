/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_lease.c - how soon a new ring renews its nodes' leases
 *
 * What a lease is for is in check_death.c.  On the bus of bus.h.
 */
#include "tests/unit/bus.h"
#include "tests/unit/leaf_run.h"

enum {
	LEASE_US = 10000000,
	TICK_US = 250000,
	NODES = 3,
};

static struct bus *
in_a_new_ring(void)
{
	struct bus *bus = bus_new(NODES, 0);

	bus->lease_us = LEASE_US;
	for (unsigned int i = 0; i < NODES; i++)
		bus_up(bus, i);
	bus_run(bus);
	bus_time(bus, TICK_US);
	bus_time(bus, TICK_US);
	bus_split(bus, "112");
	bus_run(bus);
	bus_time(bus, TICK_US);
	bus_split(bus, "111");
	bus_run(bus);
	return bus;
}

static void
tick(struct bus *bus, unsigned int i)
{
	struct ham_event event = {.kind = HAM_EV_TICK};

	bus_event(bus, i, &event);
	bus_run(bus);
}

/* All say a heartbeat.  One says what it has heard, by which it renews the
 * others' leases, and they its own. */
START_TEST(who_speaks_first_is_heard_as_soon_as_the_others)
{
	struct bus *bus = in_a_new_ring();

	for (int round = 0; round < 3; round++) {
		bus->now_us += TICK_US;
		for (unsigned int i = 0; i < NODES; i++)
			tick(bus, (i + (unsigned int)_i) % NODES);
	}
	for (unsigned int i = 0; i < NODES; i++)
		ck_assert_int_ge(bus->node[i].lease_until_us,
				 bus->now_us - 3 * TICK_US + LEASE_US);
	bus_free(bus);
}
END_TEST

static int64_t
last_said(const struct bus *bus, unsigned int i)
{
	return bus->node[i].lease_until_us - LEASE_US;
}

/* Then a tenth of the lease is enough. */
START_TEST(it_is_said_no_more_often_than_that)
{
	struct bus *bus = in_a_new_ring();
	int64_t before[NODES];

	for (int round = 0; round < 4; round++)
		bus_time(bus, TICK_US);
	for (unsigned int i = 0; i < NODES; i++)
		before[i] = last_said(bus, i);
	bus_time(bus, TICK_US);
	for (unsigned int i = 0; i < NODES; i++)
		ck_assert_int_eq(last_said(bus, i), before[i]);
	bus_time(bus, LEASE_US / 10);
	bus_time(bus, LEASE_US / 10);
	for (unsigned int i = 0; i < NODES; i++)
		ck_assert_int_gt(last_said(bus, i), before[i]);
	bus_free(bus);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("lease");
	TCase *tc = tcase_create("ring");

	tcase_add_loop_test(tc,
			    who_speaks_first_is_heard_as_soon_as_the_others, 0,
			    NODES);
	tcase_add_test(tc, it_is_said_no_more_often_than_that);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
