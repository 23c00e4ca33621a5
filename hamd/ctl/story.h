/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/story.h - what happened in a migration or failover, in plain words
 *
 * Pure.  Made of hamd's answer to "history-show" (doc/protocol.md): what it
 * was, who asked, how long each phase took, how long the guest stood still and
 * whether that kept its limit, why it failed, a line of the phases, and each
 * step with its time.  What that node did not hear is said to be unknown, never
 * guessed.
 */
#ifndef HAM_CTL_STORY_H
#define HAM_CTL_STORY_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Lines of at most `columns`; the caller's. */
char *ham_ctl_story(JsonObject *answer, size_t columns, bool utf8, bool color);

#endif
