/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/courses.h - how courses on the bus begin, and what they end in
 *
 * Three nodes, n1 to n3, and one guest; each asserts what it says.
 */
#ifndef COURSES_H
#define COURSES_H

#include "tests/unit/bus.h"

enum {
	COURSE_SETTLED_US = 1100000, /* evaluate.c: all is tidied up by then */
};

struct bus *course_three(unsigned int replicas);

/* It runs on n1. */
struct bus *course_three_with_guest(unsigned int replicas);

/* A migration 1 -> 2 begun at n3 and stopped where `act` of `node` would have
 * been answered. */
struct bus *course_migrating_until(unsigned int node, uint64_t act);

/* All that decide say that `node` (0: n1) owns it, at that epoch; it runs there
 * and nowhere else. */
void course_expect_owner(struct bus *bus, unsigned int node, uint64_t epoch);

#endif
