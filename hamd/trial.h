/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/trial.h - what the two files of a trial share: facts, and checks
 *
 * Facts are the lines of hamd/guest/guest.h, of one node each; checks are rows
 * for people with both sides' values.  Only reads them: no system call.
 */
#ifndef HAM_TRIAL_DAEMON_H
#define HAM_TRIAL_DAEMON_H

#include "hamd/daemon.h"

/* One side of a migration. */
struct ham_trial_side {
	uint32_t node;
	const char *name;
	char **lines; /* NULL: it was silent */
};

/* The first line of that key, behind it; NULL: there is none. */
const char *ham_trial_line(const struct ham_trial_side *side, const char *key);
/* The same of those that count from 0: "port 1 ..." */
const char *ham_trial_line_of(const struct ham_trial_side *side,
			      const char *key, unsigned int i);
/* A line's number, 0 if it has none. */
uint64_t ham_trial_number(const struct ham_trial_side *side, const char *key);

/* Rows of {"check","source","destination","ok","why"} in `list`; false: one of
 * them forbids it, and `why` (may be longer than one) says which. */
bool ham_trial_checks(ham_daemon *daemon, const struct ham_guest *guest,
		      const struct ham_trial_side *src,
		      const struct ham_trial_side *dst, JsonArray *list,
		      GString *why);

#endif
