/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/samples.h - one of everything this version writes
 *
 * Each kind of message with every field set, once plain and once as large as
 * it gets; a RECORD of each operation; guests in each phase.  What freeze.c
 * keeps for later versions, and what the fuzzers begin with.  New kinds come
 * in by themselves, new fields must be set in samples.c.
 */
#ifndef HAM_VERSIONS_SAMPLES_H
#define HAM_VERSIONS_SAMPLES_H

#include <glib.h>

#include "hamd/core/core.h"

struct sample {
	char *name; /* of a file, or the key of a stored item */
	GBytes *bytes;
};

/* struct sample *, owned by the array. */
GPtrArray *samples_messages(void);
/* What a core stores that has guests in each phase: made by a core. */
GPtrArray *samples_items(void);

/* A core of the one node 1, which has loaded nothing yet. */
ham_core *samples_core(void);

#endif
