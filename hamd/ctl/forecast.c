/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/forecast.c - see forecast.h */
#include "hamd/ctl/forecast.h"

#include <glib.h>

#include "hamd/ctl/table.h"

struct unit {
	int64_t ms;
	const char *name;
};

static const struct unit milliseconds = {1, "ms"};
static const struct unit seconds = {1000, "s"};
static const struct unit minutes = {60000, "min"};

static int64_t
in_units(int64_t ms, const struct unit *unit)
{
	return ms / unit->ms + (ms % unit->ms * 2 >= unit->ms);
}

static char *
range(const int64_t ms[2], const struct unit *unit, int width)
{
	int64_t lo = in_units(ms[0], unit);
	int64_t hi = in_units(ms[1], unit);

	if (ms[1] < 0)
		return g_strdup_printf("> %*d %s", width, (int)lo, unit->name);
	/* a forecast that is a tenth apart says nothing by its two ends */
	if (ms[0] < 0 || hi - lo <= hi / 10)
		return g_strdup_printf("%*d %s", width, (int)hi, unit->name);
	return g_strdup_printf("%*d-%*d %s", width, (int)lo, width, (int)hi,
			       unit->name);
}

char *
ham_ctl_forecast_left(const int64_t ms[2], bool live)
{
	int64_t most = MAX(ms[0], ms[1]);

	if (most < 0)
		return NULL;
	/* whole seconds: tenths of a forecast are noise */
	return range(ms, most < 999500 ? &seconds : &minutes, live ? 2 : 0);
}

char *
ham_ctl_forecast_pause(const int64_t ms[2])
{
	int64_t most = MAX(ms[0], ms[1]);

	if (most < 0)
		return NULL;
	if (most < 10000)
		return range(ms, &milliseconds, 0);
	return range(ms, most < 999500 ? &seconds : &minutes, 0);
}

char *
ham_ctl_forecast_needs(uint64_t rate, int64_t pause_ms)
{
	const int64_t ends[2] = {pause_ms, pause_ms};
	g_autofree char *bytes = ham_ctl_bytes(rate);
	g_autofree char *pause = ham_ctl_forecast_pause(ends);

	if (rate > 0 && pause_ms > 0)
		return g_strdup_printf("needs %s/s or a pause of %s", bytes,
				       pause);
	if (rate > 0)
		return g_strdup_printf("needs %s/s", bytes);
	if (pause_ms > 0)
		return g_strdup_printf("needs a pause of %s", pause);
	return NULL;
}
