/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/clock.h - the only clock that decisions may be made by
 *
 * CLOCK_BOOTTIME: does not jump with the wall clock and goes on while the
 * machine is suspended (clock_gettime(2)), so a node that slept knows it.
 */
#ifndef HAM_CLOCK_H
#define HAM_CLOCK_H

#include <stdint.h>

/* Microseconds since boot.  Never fails. */
int64_t ham_clock_us(void);

/* Wall clock in microseconds since 1970, for people's eyes only. */
int64_t ham_clock_wall_us(void);

/* us to ms, rounded up: nothing is promised shorter than it is.  What is below
 * 0 is unknown: -1.  No value overflows. */
int64_t ham_us_to_ms_up(int64_t us);

#endif
