/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/course.h - pieces that the seeds of fuzz_step are put together of
 *
 * A course is a script (script.h) that leads somewhere: to a view, to a guest
 * that runs, into a migration.  Refuses nothing: a wrong course is a seed like
 * any other.
 */
#ifndef HAM_FUZZ_COURSE_H
#define HAM_FUZZ_COURSE_H

#include <glib.h>

#include "hamd/core/core.h"
#include "tests/fuzz/script.h"
#include "tests/fuzz/world.h"

enum {
	/* worlds */
	ONE = 0,
	THREE = WORLD_THREE,
	LEASES = WORLD_THREE | WORLD_LEASES,
	FENCES = WORLD_THREE | WORLD_FENCES,
	/* names and views, see world.c and script.h */
	G = 0,
	A = 1,
	DB = 2,
	STRAY = 4,
	TOGETHER = 0,
	FIRST_ALONE = 1,
	SECOND_ALONE = 1 << 2,
	THIRD_ALONE = 1 << 4,
	ALL_NODES = 7,
	COURSE_ACTS = 9,
};

#define PUT(s, ...)                                                            \
	do {                                                                   \
		const uint8_t put_[] = {__VA_ARGS__};                          \
                                                                               \
		g_byte_array_append(s, put_, sizeof(put_));                    \
	} while (0)

extern const char *corpus_folder;
void corpus_save(const char *folder, const char *name, const void *bytes,
		 gsize len);
/* Into the corpus of fuzz_step; takes the script. */
void course_save(GByteArray *s, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* A world (WORLD_* of world.h) with a view, and leases if it has them. */
GByteArray *course_cores(uint8_t world);
GByteArray *course_with_guest(uint8_t world, uint8_t guest, uint8_t node);
/* Three cores; G runs on 2, its copy on 1 is current. */
GByteArray *course_with_replica(uint8_t world);
/* Who is asked for what in a migration 1 -> 2; in this order. */
extern const uint8_t course_asked[COURSE_ACTS];
/* Three cores in a migration whose first `n` acts have ended. */
GByteArray *course_migration_in(uint8_t world, unsigned int n);
GByteArray *course_migration(unsigned int n);

void course_settle(GByteArray *s);
void course_command(GByteArray *s, enum ham_command what, uint8_t guest,
		    uint8_t node);
void course_pass(GByteArray *s, enum script_time time);
/* All of corosync's news (script.h), and its leases. */
void course_view(GByteArray *s, uint8_t parts);
/* So often 3 s: leases are renewed meanwhile. */
void course_wait(GByteArray *s, unsigned int times);
/* The oldest FENCE of this core is answered (flags: SCRIPT_FENCED_*). */
void course_fenced(GByteArray *s, uint8_t core, uint8_t flags);
/* Messages and disks go on; the guest layers do not answer. */
void course_talk(GByteArray *s);
/* The same, but for one disk. */
void course_talk_without_disk(GByteArray *s, uint8_t slow);
/* All that was left to do, and what comes with time. */
void course_end(GByteArray *s);
void course_did(GByteArray *s, uint8_t core, enum ham_did what, uint8_t text);
void course_found(GByteArray *s, uint8_t core, enum ham_found what,
		  uint8_t epoch);
/* hamd of this node dies and comes back in the same ring; meanwhile one disk
 * may be slow. */
void course_restart(GByteArray *s, uint8_t core, enum ham_found what,
		    uint8_t epoch, uint8_t slow);
/* Everything an operator may ask, at the wrong time and of the wrong node. */
void course_ask_all(GByteArray *s);

/* seeds_death.c: nodes that are gone, and leases */
void seeds_death(void);
/* seeds_voices.c: one core and two voices */
void seeds_voices(void);

#endif
