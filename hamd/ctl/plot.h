/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/plot.h - a migration's figures over its time, as SVG 1.1
 *
 * Pure.  One file that needs no other: what was sent and what the guest wrote
 * (left, bytes a second) and what was left to send (right, bytes), with the
 * phases as bands behind them.
 */
#ifndef HAM_CTL_PLOT_H
#define HAM_CTL_PLOT_H

#include <json-glib/json-glib.h>

/* Of hamd's answer to "history-show"; NULL: it has no samples.  The caller's.
 */
char *ham_ctl_plot(JsonObject *answer);

#endif
