/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/clock.c - see clock.h */
#include "hamd/base/clock.h"

#include <glib.h>
#include <time.h>

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	if (clock_gettime(id, &ts) != 0)
		g_error("clock_gettime(%d) failed", (int)id);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
ham_clock_us(void)
{
	return read_us(CLOCK_BOOTTIME);
}

int64_t
ham_clock_wall_us(void)
{
	return read_us(CLOCK_REALTIME);
}

int64_t
ham_us_to_ms_up(int64_t us)
{
	return us < 0 ? -1 : us / 1000 + (us % 1000 > 0);
}
