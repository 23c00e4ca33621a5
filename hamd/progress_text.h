/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/progress_text.h - a migration's figures as a line of the log
 *
 * Pure.  Refuses to say what is not known: such a figure is left out.
 */
#ifndef HAM_PROGRESS_TEXT_H
#define HAM_PROGRESS_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "hamd/core/core.h"

/* "web1: copy 43 %, 95.2 MiB/s, dirty 12.0 MiB/s, 8-15 s left, pause 30-60 ms,
 * throttle 20 %", and what it needs where it does not end.  The caller frees
 * it. */
char *ham_progress_text(const char *guest, const struct ham_progress *progress);

/* True once in 10 s, for the first time 10 s after the begin.  `next_us` is
 * kept by the caller for each migration, and 0 at its begin. */
bool ham_progress_due(int64_t *next_us, int64_t began_us, int64_t now_us);

#endif
