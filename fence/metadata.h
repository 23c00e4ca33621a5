/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/metadata.h - an agent's description of itself; only fence/ includes it
 *
 * As far as options can be held against it.  Names are looked up with - and _
 * taken for the same, as agents do.
 */
#ifndef HAM_FENCE_METADATA_H
#define HAM_FENCE_METADATA_H

#include "fence/fence.h"

enum ham_fence_type {
	HAM_FENCE_STRING, /* and whatever we do not know */
	HAM_FENCE_BOOLEAN,
	HAM_FENCE_INTEGER, /* `second`, too */
	HAM_FENCE_SELECT,
};

struct ham_fence_parameter {
	char *name;
	char *obsoletes; /* the older name of the same; or NULL */
	bool required;
	bool has_default;
	enum ham_fence_type type;
	GPtrArray *choices; /* char *, of SELECT */
};

struct ham_fence_description {
	GPtrArray *parameters; /* struct ham_fence_parameter * */
	GHashTable *actions;   /* char *, a set */
};

/* NULL: it has none of that name. */
const struct ham_fence_parameter *
ham_fence_find_parameter(const ham_fence_description *description,
			 const char *name);

bool ham_fence_same_name(const char *a, const char *b);

#endif
