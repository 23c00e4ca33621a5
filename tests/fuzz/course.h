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

enum {
	ONE = 0,
	THREE = 1,
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

/* ONE or THREE cores with a view. */
GByteArray *course_cores(uint8_t how_many);
GByteArray *course_with_guest(uint8_t how_many, uint8_t guest, uint8_t node);
/* Who is asked for what in a migration 1 -> 2; in this order. */
extern const uint8_t course_asked[COURSE_ACTS];
/* Three cores in a migration whose first `n` acts have ended. */
GByteArray *course_migration(unsigned int n);

void course_settle(GByteArray *s);
void course_command(GByteArray *s, enum ham_command what, uint8_t guest,
		    uint8_t node);
void course_pass(GByteArray *s, enum script_time time);
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

/* seeds_voices.c: one core and two voices */
void seeds_voices(void);

#endif
