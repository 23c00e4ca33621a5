/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/phases.h - a migration's or failover's phases, and a line of them
 *
 * Pure.  Made of hamd's answer to "history-show" (doc/protocol.md).
 */
#ifndef HAM_CTL_PHASES_H
#define HAM_CTL_PHASES_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* A phase, and when it was. */
struct ham_ctl_stretch {
	const char *name; /* borrowed from the answer */
	int64_t from_us;  /* since it all began */
	int64_t to_us;
};

/* When that step or sample of the entry was, in us since it began: by
 * CLOCK_BOOTTIME, or by the wall clock if the node was started anew meanwhile.
 */
int64_t ham_ctl_since_began(JsonObject *entry, JsonObject *thing);

/* How long it took, or has gone on so far as was heard. */
int64_t ham_ctl_length_us(JsonObject *answer);

/* struct ham_ctl_stretch, in their order; the caller's. */
GArray *ham_ctl_phases(JsonObject *answer);

/* A bar of `columns` (at least 20) in which each phase has its share, one
 * character at least as far as they suffice, the ends of the scale below it,
 * and what the characters mean; each line ends in a newline.  "" without
 * phases.  The caller's. */
char *ham_ctl_timeline(const GArray *phases, int64_t length_us, size_t columns,
		       bool utf8);

/* "43.2 ms", "2.1 s": as ham_ctl_duration(), but tenths below a second.  The
 * caller's. */
char *ham_ctl_fine_duration(double ms);

#endif
