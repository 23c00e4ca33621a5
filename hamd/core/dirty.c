/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/dirty.c - see dirty.h */
#include "hamd/core/dirty.h"

#include <string.h>

/* bytes * a / b without overflow; at most UINT64_MAX. */
static uint64_t
scale(uint64_t bytes, int64_t a, int64_t b)
{
	unsigned __int128 result =
		(unsigned __int128)bytes * (uint64_t)a / (uint64_t)b;

	return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

static unsigned int
scale_of(int64_t span_us)
{
	unsigned int scale = 0;

	for (int64_t ms = span_us / 1000;
	     ms > 1 && scale < HAM_DIRTY_SCALES - 1; ms /= 2)
		scale++;
	return scale;
}

/* Half of what is told is new: one odd pass does not decide. */
void
ham_dirty_note(struct ham_dirty *dirty, int64_t span_us, uint64_t bytes,
	       int64_t now_us)
{
	unsigned int k = scale_of(span_us);

	for (unsigned int i = 0; i < HAM_DIRTY_SCALES; i++)
		if (now_us - dirty->seen[i].at_us > HAM_DIRTY_FORGET_US)
			memset(&dirty->seen[i], 0, sizeof(dirty->seen[i]));
	if (bytes > dirty->total)
		bytes = dirty->total;
	if (dirty->seen[k].span_us) {
		span_us = dirty->seen[k].span_us / 2 + span_us / 2;
		bytes = dirty->seen[k].bytes / 2 + bytes / 2;
	}
	dirty->seen[k].span_us = span_us > 0 ? span_us : 1;
	dirty->seen[k].bytes = bytes;
	dirty->seen[k].at_us = now_us;
}

void
ham_dirty_in(const struct ham_dirty *dirty, int64_t span_us, uint64_t *least,
	     uint64_t *most)
{
	*least = 0;
	*most = dirty->total;
	for (unsigned int i = 0; i < HAM_DIRTY_SCALES; i++) {
		int64_t seen_us = dirty->seen[i].span_us;
		uint64_t bytes = dirty->seen[i].bytes;
		uint64_t straight;

		if (!seen_us)
			continue;
		straight = scale(bytes, span_us, seen_us);
		if (seen_us <= span_us) {
			if (bytes > *least)
				*least = bytes;
			if (straight < *most)
				*most = straight;
		} else {
			if (straight > *least)
				*least = straight;
			if (bytes < *most)
				*most = bytes;
		}
	}
	/* passes of different moments may contradict each other */
	if (*least > *most) {
		uint64_t swap = *least;

		*least = *most;
		*most = swap;
	}
	if (*most > dirty->total)
		*most = dirty->total;
}
