/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/dirty.h - how much memory a guest writes in a given time
 *
 * What a copy of memory sees of a guest are passes: in so long it has written so
 * many different bytes.  Longer passes see more, but less than in proportion,
 * as a guest writes the same places again: the amount over time is concave, and
 * passes of other lengths bound it from both sides.  That is all that is used
 * here; no shape of a workload is assumed.
 *
 * Pure.  Refuses to say more than it knows: with no pass seen, anything up to
 * the whole memory.
 */
#ifndef HAM_DIRTY_H
#define HAM_DIRTY_H

#include <stdint.h>

enum {
	HAM_DIRTY_SCALES = 16, /* passes of 1 ms to 32 s and more, by twos */
	/* A guest does something else after a minute, as likely as not. */
	HAM_DIRTY_FORGET_US = 60 * 1000000,
};

struct ham_dirty {
	uint64_t total; /* bytes of memory */
	struct {
		int64_t span_us; /* 0: none seen */
		uint64_t bytes;
		int64_t at_us;
	} seen[HAM_DIRTY_SCALES];
};

/* A pass of that length (> 0) found that many bytes written anew.  `now_us`,
 * here and below: of one clock that does not go back. */
void ham_dirty_note(struct ham_dirty *dirty, int64_t span_us, uint64_t bytes,
		    int64_t now_us);

/* In so long (>= 0) it will write at least and at most that many different
 * bytes, if it goes on as it does. */
void ham_dirty_in(const struct ham_dirty *dirty, int64_t span_us,
		  uint64_t *least, uint64_t *most);

#endif
