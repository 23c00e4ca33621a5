/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/until.h - asks hamd again until what it answers is as wanted
 *
 *	follow events -> ask -> judge -> an event, or LOOK_MS of silence -> ask ...
 *
 * For what an order leads to that no single event tells.  Gives no order, and
 * the end of hamctl undoes none.
 */
#ifndef HAM_CTL_UNTIL_H
#define HAM_CTL_UNTIL_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "hamd/ctl/ctl.h"

/* True: it is as wanted. */
typedef bool (*ham_ctl_until_fn)(JsonObject *answer, void *data);

/* Asks `command`, without arguments, over one connection, for `default_ms`
 * without --timeout.  With --json the last answer is printed.  An exit code; of
 * HAM_CTL_TIMED_OUT nothing was said, as the caller knows what for. */
int ham_ctl_until(const struct ham_ctl_options *options, const char *command,
		  int64_t default_ms, ham_ctl_until_fn is_so, void *data);

#endif
