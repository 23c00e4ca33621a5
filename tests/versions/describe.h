/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/describe.h - what frozen bytes mean, in readable lines
 *
 * A line for each field that is not zero, whatever the kind: so a field that
 * is read from the wrong place shows, and a new one needs one line here.
 */
#ifndef HAM_VERSIONS_DESCRIBE_H
#define HAM_VERSIONS_DESCRIBE_H

#include <glib.h>

/* Of a message, or "refused: WHY". */
char *describe_message(GBytes *bytes);
/* Of a stored item. */
char *describe_item(const char *key, GBytes *bytes);

/* What this version writes for what it read; NULL if it can't read it. */
GBytes *rewrite_message(GBytes *bytes);
/* NULL also for what has no codec of its own. */
GBytes *rewrite_guest(GBytes *bytes);

#endif
