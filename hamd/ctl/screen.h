/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/screen.h - what hamctl watch shows, as lines of text
 *
 * Pure: statuses and events in, lines out, the time and the size are handed in.
 * Nothing is wider or higher than the size; where there is too little room each
 * part gets a line before one gets two, and what is left out is counted.
 */
#ifndef HAM_CTL_SCREEN_H
#define HAM_CTL_SCREEN_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hamd/ctl/progress.h"

/* A migration, or a copy that is being made. */
struct ham_ctl_bar {
	char *label; /* clean */
	char *id; /* its transaction or generation: another one begins anew */
	bool copy;
	struct ham_ctl_progress progress;
};

struct ham_ctl_screen {
	JsonObject *status; /* the last one, or NULL */
	GPtrArray *bars;    /* struct ham_ctl_bar *, in its order */
	GQueue events;	    /* lines, oldest first */
	char *trouble;	    /* why this is old news, or NULL; owned */
};

void ham_ctl_screen_open(struct ham_ctl_screen *screen);
void ham_ctl_screen_clear(struct ham_ctl_screen *screen);

/* A STATUS (doc/protocol.md), of which a reference is taken.  A migration that
 * goes on never goes backwards. */
void ham_ctl_screen_status(struct ham_ctl_screen *screen, JsonObject *status,
			   int64_t now_us);

/* An event, whole.  The line that it makes for people, which stays the
 * screen's; NULL if it makes none, as progress. */
const char *ham_ctl_screen_event(struct ham_ctl_screen *screen,
				 JsonObject *event, int64_t now_us);

/* At most `rows` lines of at most `columns` each; both are at least 1.  The
 * caller unrefs it. */
GPtrArray *ham_ctl_screen_lines(const struct ham_ctl_screen *screen,
				int64_t now_us, size_t rows, size_t columns,
				bool color);

/* The same for a log, whole and without events.  The caller unrefs it. */
GPtrArray *ham_ctl_screen_plain(const struct ham_ctl_screen *screen,
				int64_t now_us);

#endif
