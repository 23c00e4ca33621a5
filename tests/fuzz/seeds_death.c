/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/seeds_death.c - seeds in which nodes are gone, and leases end
 *
 * Three cores: owners and both sides of a hand-over cut off or fenced, with
 * devices that answer well, badly, late or for another; nodes that wait for
 * T_wait; an operator who confirms.
 */
#include "tests/fuzz/course.h"

enum {
	WAITS = 8, /* of 3 s: longer than T_wait, and a view's settling */
};

static const uint8_t worlds[] = {
	THREE, LEASES, FENCES, LEASES | FENCES, LEASES | FENCES | WORLD_BOTH,
};

static void
settle_fenced(GByteArray *s)
{
	PUT(s, SCRIPT_SETTLE, SCRIPT_SETTLE_VOICES | SCRIPT_SETTLE_FENCES);
}

/* 2, the owner of G, is cut off: 1 leads, and holds a current copy. */
static GByteArray *
owner_gone(uint8_t world)
{
	GByteArray *s = course_with_replica(world);

	course_view(s, SECOND_ALONE);
	course_pass(s, SCRIPT_3S);
	return s;
}

static void
back(GByteArray *s, const char *name, uint8_t world)
{
	course_end(s);
	course_view(s, TOGETHER);
	course_end(s);
	course_save(s, "%s-%u", name, world);
}

static void
owners(uint8_t world)
{
	GByteArray *s = owner_gone(world);

	course_fenced(s, 0, SCRIPT_FENCED_OFF);
	course_wait(s, WAITS);
	back(s, "owner-gone", world);
	/* it comes back with its guest, though declared dead */
	s = owner_gone(world);
	course_fenced(s, 0, SCRIPT_FENCED_OFF);
	course_view(s, TOGETHER);
	back(s, "owner-back", world);
	/* no copy but its own */
	s = course_with_guest(world, A, 2);
	course_view(s, SECOND_ALONE);
	course_wait(s, WAITS);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_CONFIRM_OFF, 0, 2, 0);
	course_settle(s);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, A, 0, 0);
	back(s, "no-heir", world);
	/* it was to stop */
	s = course_with_replica(world);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_STOP, G, 0, 0);
	course_talk(s);
	course_view(s, SECOND_ALONE);
	course_wait(s, WAITS);
	PUT(s, SCRIPT_COMMAND, 2, HAM_CMD_CONFIRM_OFF, 0, 2, 0);
	back(s, "stopping-owner-gone", world);
	/* all ways apart, then those who remain meet */
	s = course_with_replica(world);
	PUT(s, SCRIPT_VIEW, SECOND_ALONE | THIRD_ALONE << 1);
	course_settle(s);
	course_wait(s, 2);
	course_view(s, SECOND_ALONE);
	course_wait(s, WAITS);
	settle_fenced(s);
	back(s, "apart", world);
	/* a restart within quorum: the group is told before the ring */
	s = course_with_replica(world);
	PUT(s, SCRIPT_RESTART, 1);
	course_found(s, 1, HAM_FOUND_RUNNING, 0);
	PUT(s, SCRIPT_READY, 1);
	course_view(s, TOGETHER);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, A, 2, 0);
	course_settle(s);
	course_save(s, "restarted-in-quorum-%u", world);
	/* the ring before the group */
	s = course_with_replica(world);
	course_restart(s, 1, HAM_FOUND_RUNNING, 0, SCRIPT_ALL);
	course_settle(s);
	course_wait(s, 2);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, A, 2, 0);
	course_settle(s);
	course_save(s, "restarted-ring-first-%u", world);
	/* the keeper of the watchdog still holds a lease */
	s = course_with_replica(world);
	course_restart(s, 1, HAM_FOUND_RUNNING, 2, SCRIPT_ALL);
	course_settle(s);
	course_view(s, SECOND_ALONE);
	course_wait(s, WAITS);
	back(s, "restarted-owner-gone", world);
}

/* What fence devices may answer. */
static void
devices(uint8_t world)
{
	static const uint8_t odd[] = {
		0,
		SCRIPT_FENCED_AGAIN,
		SCRIPT_FENCED_OFF | SCRIPT_FENCED_OTHER_NODE,
		SCRIPT_FENCED_OFF | SCRIPT_FENCED_OTHER_ATTEMPT,
		SCRIPT_FENCED_OFF | SCRIPT_FENCED_AGAIN,
	};
	GByteArray *s;

	for (unsigned int k = 0; k < G_N_ELEMENTS(odd); k++) {
		s = owner_gone(world);
		course_fenced(s, 0, odd[k]);
		course_wait(s, 2);
		course_fenced(s, 0, SCRIPT_FENCED_OFF);
		course_pass(s, SCRIPT_31S);
		course_pass(s, SCRIPT_3S);
		course_fenced(s, 0, SCRIPT_FENCED_OFF);
		course_end(s);
		course_save(s, "fenced-%u-%u", k, world);
	}
	/* the answer comes in another ring, without and with the node */
	for (uint8_t parts = TOGETHER; parts <= SECOND_ALONE;
	     parts += SECOND_ALONE) {
		s = owner_gone(world);
		course_view(s, parts);
		course_fenced(s, 0, SCRIPT_FENCED_OFF);
		course_pass(s, SCRIPT_3S);
		settle_fenced(s);
		course_end(s);
		course_save(s, "fenced-late-%u-%u", parts, world);
	}
	/* the proof's ring ends before DEAD is numbered */
	s = owner_gone(world);
	PUT(s, SCRIPT_FENCED, 0, 0, SCRIPT_FENCED_OFF, SCRIPT_TEXT_WHY);
	course_view(s, SECOND_ALONE);
	course_end(s);
	course_save(s, "proof-lost-%u", world);
	/* the leader that asked is gone */
	s = course_with_guest(world, G, 3);
	course_command(s, HAM_CMD_MIGRATE, G, 2);
	course_settle(s);
	course_pass(s, SCRIPT_300MS);
	course_view(s, SECOND_ALONE);
	course_pass(s, SCRIPT_3S);
	PUT(s, SCRIPT_GROUP, 0, 4, SCRIPT_GROUP, 2, 4);
	course_fenced(s, 0, SCRIPT_FENCED_OFF);
	PUT(s, SCRIPT_GROUP, 0, 5, SCRIPT_GROUP, 2, 5);
	course_pass(s, SCRIPT_3S);
	settle_fenced(s);
	back(s, "next-leader", world);
}

static void
operators(uint8_t world)
{
	static const uint8_t nodes[] = {0, 1, 2, 3, 9};
	GByteArray *s = owner_gone(world);

	for (uint8_t core = 0; core < 3; core++)
		for (unsigned int k = 0; k < G_N_ELEMENTS(nodes); k++) {
			PUT(s, SCRIPT_COMMAND, core, HAM_CMD_CONFIRM_OFF, 0,
			    nodes[k], 0);
			course_settle(s);
		}
	back(s, "confirm-off", world);
	/* the node is back before the order is numbered */
	for (uint8_t core = 0; core < 3; core += 2) {
		s = owner_gone(world);
		PUT(s, SCRIPT_COMMAND, core, HAM_CMD_CONFIRM_OFF, 0, 2, 0);
		course_view(s, TOGETHER);
		/* a hamd goes: what was asked is asked again */
		PUT(s, SCRIPT_GROUP, 0, 3, SCRIPT_GROUP, 1, 3);
		PUT(s, SCRIPT_GROUP, 2, 6, SCRIPT_GROUP, 1, 6);
		course_end(s);
		course_save(s, "confirm-off-late-%u-%u", core, world);
	}
}

/* Both sides of a hand-over, gone after each of its acts. */
static void
in_doubt(uint8_t world, unsigned int n)
{
	for (uint8_t gone = 0; gone < 3; gone++) {
		GByteArray *s = course_migration_in(world, n);

		course_view(s, (uint8_t)(1 << 2 * gone));
		course_pass(s, SCRIPT_3S);
		settle_fenced(s);
		course_wait(s, WAITS);
		settle_fenced(s);
		course_view(s, TOGETHER);
		course_wait(s, 2);
		course_end(s);
		course_save(s, "dead-side-%u-%u-%u", n, gone + 1, world);
	}
}

static void
leases_end(uint8_t world)
{
	GByteArray *s;

	for (unsigned int n = 0; n <= COURSE_ACTS; n++) {
		/* a hamd that is stuck, or cut off, for longer than its lease
		 */
		s = course_migration_in(world, n);
		course_pass(s, SCRIPT_11S);
		course_wait(s, 3);
		course_save(s, "stuck-%u-%u", n, world);
		s = course_migration_in(world, n);
		PUT(s, SCRIPT_VIEW, SECOND_ALONE | THIRD_ALONE << 1);
		course_pass(s, SCRIPT_3S);
		course_pass(s, SCRIPT_11S);
		course_view(s, TOGETHER);
		course_wait(s, 3);
		course_save(s, "lease-over-%u-%u", n, world);
	}
	/* back in time */
	s = course_with_replica(world);
	course_view(s, SECOND_ALONE);
	course_pass(s, SCRIPT_1S);
	course_view(s, TOGETHER);
	course_wait(s, 3);
	PUT(s, SCRIPT_LOST, 1);
	course_pass(s, SCRIPT_11S);
	course_save(s, "frozen-%u", world);
	/* a START whose lease is over before it is committed */
	s = course_cores(world);
	course_command(s, HAM_CMD_START, G, 1);
	PUT(s, SCRIPT_DELIVER, 0, 9, SCRIPT_DELIVER, 1, 9);
	PUT(s, SCRIPT_TIME, 1, SCRIPT_11S);
	course_settle(s);
	course_wait(s, 3);
	course_save(s, "start-without-lease-%u", world);
}

/* 3 was alone for long and has a state again; then its hamd comes anew to the
 * view, where 1 has seen 2 a moment ago and 3 has not heard 1 say so. */
static void
newcomer_waits_too(uint8_t world)
{
	GByteArray *s = course_with_replica(world);

	course_view(s, THIRD_ALONE);
	course_wait(s, WAITS);
	course_view(s, SECOND_ALONE);
	PUT(s, SCRIPT_LOST, 2, SCRIPT_GROUP, 0, 1);
	course_settle(s);
	/* the same ring: the sequence that 1 has */
	PUT(s, SCRIPT_REJOIN, 2, 0);
	course_settle(s);
	course_wait(s, WAITS);
	course_save(s, "newcomer-waits-%u", world);
}

static void
witness(void)
{
	GByteArray *s = course_with_replica(FENCES | WORLD_WITNESS);

	course_command(s, HAM_CMD_MIGRATE, G, 3);
	course_command(s, HAM_CMD_START, A, 3);
	course_view(s, SECOND_ALONE);
	course_pass(s, SCRIPT_3S);
	settle_fenced(s);
	back(s, "witness", FENCES | WORLD_WITNESS);
}

void
seeds_death(void)
{
	for (unsigned int k = 0; k < G_N_ELEMENTS(worlds); k++) {
		uint8_t world = worlds[k];

		owners(world);
		operators(world);
		if (world & WORLD_FENCES)
			devices(world);
		if (world & WORLD_LEASES) {
			leases_end(world);
			newcomer_waits_too(world);
		}
		/* without devices and leases the same as "cut" */
		for (unsigned int n = 3; world != THREE && n <= COURSE_ACTS;
		     n++)
			in_doubt(world, n);
	}
	witness();
}
