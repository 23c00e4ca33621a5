/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/forecast.h - what is expected of a copy, as text
 *
 * Pure.  A forecast is two ends, at least and at most, of which either may be
 * unknown; it is shown as one figure where the two say the same, and not at all
 * where nothing is known.
 */
#ifndef HAM_CTL_FORECAST_H
#define HAM_CTL_FORECAST_H

#include <stdbool.h>
#include <stdint.h>

/* Each gives text that the caller frees; NULL: nothing is known.  Ends are in
 * ms, below 0 if they are unknown.  `live`: of a line that is drawn again and
 * again, whose figures keep their width as they change. */

/* "8-15 s", "3 s", "> 8 s", "20-40 min" */
char *ham_ctl_forecast_left(const int64_t ms[2], bool live);

/* "30-60 ms", "44 ms", "8-15 s" */
char *ham_ctl_forecast_pause(const int64_t ms[2]);

/* "needs 120 MiB/s or a pause of 800 ms", either alone; NULL: none would do
 * (both 0 or less). */
char *ham_ctl_forecast_needs(uint64_t rate, int64_t pause_ms);

#endif
