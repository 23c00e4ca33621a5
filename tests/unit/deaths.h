/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/deaths.h - how tests of deaths begin, on the bus of bus.h
 *
 * Three nodes, guest "g", which n1 hands to n2 first so that n1 holds its live
 * replica, or not.
 */
#ifndef DEATHS_H
#define DEATHS_H

#include <check.h>
#include <string.h>

#include "tests/unit/bus.h"

enum {
	LEASE_US = 10 * 1000000,
	/* watchdog as long as the lease: T_wait */
	WAIT_US = 3 * LEASE_US,
};

static inline struct bus *
three_from(unsigned int node, int64_t lease_us, bool fences)
{
	struct bus *bus = bus_new(3, 1);

	bus->lease_us = lease_us;
	bus->fences = fences;
	for (unsigned int i = 0; i < 3; i++)
		bus_up(bus, i);
	bus_run(bus);
	for (int k = 0; lease_us && k < 2; k++)
		bus_time(bus, LEASE_US / 20); /* say, and be heard */
	bus_command(bus, 0, HAM_CMD_START, node);
	bus_run(bus);
	ck_assert(bus->node[node - 1].vcpus);
	return bus;
}

static inline struct bus *
three(int64_t lease_us, bool fences)
{
	return three_from(1, lease_us, fences);
}

/* The guest runs on n2 at epoch 2, its copy on `node` is current. */
static inline struct bus *
with_replica_on(unsigned int node, int64_t lease_us, bool fences)
{
	struct bus *bus = three_from(node, lease_us, fences);

	bus_command(bus, 2, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, 300000); /* S tidies up: now it serves its copy */
	ck_assert(bus->node[1].vcpus);
	ck_assert(ham_guest_is_current(bus_guest(bus, 0), node));
	for (unsigned int i = 0; i < 3; i++)
		g_string_truncate(bus->node[i].acts, 0);
	return bus;
}

static inline struct bus *
with_replica(int64_t lease_us, bool fences)
{
	return with_replica_on(1, lease_us, fences);
}

static inline void
power_cut(struct bus *bus, unsigned int i, const char *parts)
{
	bus_down(bus, i);
	bus->node[i].vcpus = false;
	bus_split(bus, parts);
	bus_run(bus);
}

static inline bool
did(struct bus *bus, unsigned int i, const char *act)
{
	return strstr(bus->node[i].acts->str, act) != NULL;
}

static inline void
pass(struct bus *bus, unsigned int seconds)
{
	for (unsigned int i = 0; i < seconds; i++)
		bus_time(bus, 1000000);
}

/* Two nodes: n1 has handed the guest to n2, and holds its live replica. */
static inline struct bus *
two(void)
{
	struct bus *bus = bus_new(2, 1);

	bus->fences = true;
	for (unsigned int i = 0; i < 2; i++) {
		bus->config_digest[i] = 7;
		bus_up(bus, i);
	}
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, 300000);
	ck_assert(bus->node[1].vcpus);
	for (unsigned int i = 0; i < 2; i++)
		g_string_truncate(bus->node[i].acts, 0);
	return bus;
}

#endif
