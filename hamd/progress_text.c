/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/progress_text.c - see progress_text.h */
#include "hamd/progress_text.h"

#include "hamd/base/clock.h"

enum {
	EVERY_US = 10 * 1000000
};

static void
add_rate(GString *line, const char *what, uint64_t rate)
{
	if (rate > 0)
		g_string_append_printf(line, ", %s%.1f MiB/s", what,
				       (double)rate / (1 << 20));
}

/* ", pause 30-60 ms": at least and at most, one where they are the same. */
static void
add_range(GString *line, const char *before, int64_t least, int64_t most,
	  const char *after)
{
	if (least < 0 && most < 0)
		return;
	g_string_append_printf(line, ", %s", before);
	if (most < 0)
		g_string_append_printf(line, "> %" G_GINT64_FORMAT, least);
	else if (least < 0 || least >= most)
		g_string_append_printf(line, "%" G_GINT64_FORMAT, most);
	else
		g_string_append_printf(line,
				       "%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT,
				       least, most);
	g_string_append(line, after);
}

/* Rounded to the nearest; unknown stays so. */
static int64_t
to_s(int64_t ms)
{
	return ms < 0 ? -1 : ms / 1000 + (ms % 1000 >= 500);
}

static void
add_needs(GString *line, const struct ham_progress *p)
{
	bool never = p->verdict == HAM_CONVERGE_NEVER;
	const char *before = ": needs ";

	if (!never && p->verdict != HAM_CONVERGE_DOUBT)
		return;
	g_string_append(line, never ? ", does not end with its limits"
				    : ", may not end with its limits");
	if (p->needs_rate > 0) {
		g_string_append_printf(line, "%s%.1f MiB/s", before,
				       (double)p->needs_rate / (1 << 20));
		before = " or ";
	}
	if (p->needs_pause_us > 0)
		g_string_append_printf(
			line, "%sa pause of %" G_GINT64_FORMAT " ms", before,
			ham_us_to_ms_up(p->needs_pause_us));
}

char *
ham_progress_text(const char *guest, const struct ham_progress *progress)
{
	GString *line = g_string_new(guest);

	g_string_append_printf(line, ": %s",
			       ham_mig_phase_name(progress->phase));
	/* a source that reckons nothing leaves it at 0 */
	if (progress->done > 0 || progress->verdict != HAM_CONVERGE_UNKNOWN)
		g_string_append_printf(line, " %u %%", progress->done / 10u);
	add_rate(line, "", progress->rate);
	add_rate(line, "dirty ", progress->dirty_rate);
	add_range(line, "", to_s(progress->left_ms[0]),
		  to_s(progress->left_ms[1]), " s left");
	add_range(line, "pause ", ham_us_to_ms_up(progress->pause_us[0]),
		  ham_us_to_ms_up(progress->pause_us[1]), " ms");
	if (progress->throttle > 0)
		g_string_append_printf(line, ", throttle %u %%",
				       progress->throttle);
	add_needs(line, progress);
	return g_string_free(line, FALSE);
}

bool
ham_progress_due(int64_t *next_us, int64_t began_us, int64_t now_us)
{
	if (*next_us == 0)
		*next_us = began_us + EVERY_US;
	if (now_us < *next_us)
		return false;
	*next_us += EVERY_US;
	if (*next_us <= now_us)
		*next_us = now_us + EVERY_US;
	return true;
}
