/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/metrics_text.h - STATUS in the text format of Prometheus, 0.0.4
 *
 * Pure.  Names begin with hamd_, units are seconds, bytes and ratios (1 is the
 * whole); what counts from hamd's start is a counter and ends in _total, all
 * else is a gauge.  What hamd does not tell is left out, never 0; a series that
 * would come twice comes once, since a scrape with two of them is lost whole.
 */
#ifndef HAM_CTL_METRICS_TEXT_H
#define HAM_CTL_METRICS_TEXT_H

#include <json-glib/json-glib.h>

/* All of a STATUS (doc/protocol.md); NULL: hamd_up 0 and nothing else.  The
 * caller frees it. */
char *ham_ctl_metrics_text(JsonObject *status);

#endif
