/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/progress.c - see progress.h */
#include "hamd/ctl/progress.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/table.h"

enum {
	COPIED = 98, /* percent when the copy is whole */
	HANDING_OVER = 99,
	MIN_BAR = 8, /* columns, with its brackets */
	MAX_BAR = 40,
};

/* No figure is believed beyond it, so that sums of times cannot overflow. */
#define MAX_MS (INT64_C(10) * 365 * 86400 * 1000)

static const char *const phase_names[] = {
	[HAM_CTL_UNKNOWN] = "waiting", [HAM_CTL_QUEUED] = "queued",
	[HAM_CTL_PREPARE] = "prepare", [HAM_CTL_COPY] = "copy",
	[HAM_CTL_CUTOVER] = "cutover", [HAM_CTL_HANDOVER] = "handover",
};
G_STATIC_ASSERT(G_N_ELEMENTS(phase_names) == HAM_CTL_N_PHASES);

void
ham_ctl_progress_start(struct ham_ctl_progress *progress, int64_t now_us)
{
	memset(progress, 0, sizeof(*progress));
	progress->eta_ms = -1;
	progress->at_us = now_us;
}

const char *
ham_ctl_phase_name(enum ham_ctl_phase phase)
{
	g_assert(phase < HAM_CTL_N_PHASES);
	return phase_names[phase];
}

static enum ham_ctl_phase
find_phase(const char *name)
{
	for (int phase = HAM_CTL_QUEUED; phase < HAM_CTL_N_PHASES; phase++)
		if (strcmp(phase_names[phase], name) == 0)
			return (enum ham_ctl_phase)phase;
	return HAM_CTL_UNKNOWN;
}

/* RAM is sent again and again while the guest writes it, so what was sent may
 * exceed what there is: more than the whole counts as the whole. */
static int
copy_percent(const struct ham_ctl_progress *p)
{
	double total = (double)p->disk_total + (double)p->ram_total;
	double done = (double)MIN(p->disk_done, p->disk_total) +
		      (double)MIN(p->ram_done, p->ram_total);

	return total > 0 ? (int)(done / total * COPIED) : 0;
}

static void
raise_percent(struct ham_ctl_progress *p)
{
	int percent = 0;

	if (p->phase == HAM_CTL_COPY)
		percent = copy_percent(p);
	else if (p->phase == HAM_CTL_CUTOVER)
		percent = COPIED;
	else if (p->phase == HAM_CTL_HANDOVER)
		percent = HANDING_OVER;
	p->percent = MAX(p->percent, percent);
}

void
ham_ctl_progress_phase(struct ham_ctl_progress *progress, const char *name)
{
	progress->phase = MAX(progress->phase, find_phase(name));
	raise_percent(progress);
}

static int64_t
elapsed_ms(const struct ham_ctl_progress *p, int64_t now_us)
{
	return p->elapsed_ms + MAX(now_us - p->at_us, 0) / 1000;
}

void
ham_ctl_progress_update(struct ham_ctl_progress *progress,
			JsonObject *migration, int64_t now_us)
{
	/* the clock shown does not jump back when hamd's is a bit behind */
	int64_t shown_ms = elapsed_ms(progress, now_us);

	progress->disk_done = ham_ctl_json_count(migration, "disk_done_bytes");
	progress->disk_total =
		ham_ctl_json_count(migration, "disk_total_bytes");
	progress->ram_done = ham_ctl_json_count(migration, "ram_done_bytes");
	progress->ram_total = ham_ctl_json_count(migration, "ram_total_bytes");
	progress->rate = ham_ctl_json_count(migration, "rate_bytes_per_s");
	progress->eta_ms =
		MIN(ham_ctl_json_int(migration, "eta_max_ms", -1), MAX_MS);
	progress->elapsed_ms =
		MIN(ham_ctl_json_int(migration, "elapsed_ms", 0), MAX_MS);
	progress->elapsed_ms = MAX(progress->elapsed_ms, shown_ms);
	progress->at_us = now_us;
	ham_ctl_progress_phase(progress, ham_ctl_json_text(migration, "phase"));
}

int
ham_ctl_progress_percent(JsonObject *migration)
{
	struct ham_ctl_progress progress;

	ham_ctl_progress_start(&progress, 0);
	ham_ctl_progress_update(&progress, migration, 0);
	return progress.percent;
}

static int64_t
eta_ms(const struct ham_ctl_progress *p, int64_t now_us)
{
	if (p->eta_ms < 0 || p->phase != HAM_CTL_COPY)
		return -1;
	return MAX(p->eta_ms - MAX(now_us - p->at_us, 0) / 1000, 0);
}

/* Whole seconds: tenths of a forecast are noise. */
static char *
forecast(int64_t ms, int width)
{
	if (ms < 999500)
		return g_strdup_printf("ETA %*d s", width,
				       (int)((ms + 500) / 1000));
	return g_strdup_printf("ETA %" G_GINT64_FORMAT " min",
			       ms / 60000 + (ms % 60000 >= 30000));
}

/* Of the live line, where "1 min 02 s" is too long. */
static char *
stopwatch(int64_t ms)
{
	if (ms < 100000)
		return g_strdup_printf("%.1f s", (double)ms / 1000.0);
	return g_strdup_printf("%d s", (int)(ms / 1000));
}

/* The figures right of the bar, dearest first; NULL-terminated. */
static char **
figures(const struct ham_ctl_progress *p, int64_t now_us, bool live)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	g_autofree char *disk = ham_ctl_bytes_of(p->disk_done, p->disk_total);
	g_autofree char *ram = ham_ctl_bytes_of(p->ram_done, p->ram_total);
	g_autofree char *rate = ham_ctl_bytes(p->rate);
	int64_t ms = elapsed_ms(p, now_us);
	bool copies = p->phase == HAM_CTL_COPY;

	if (p->disk_total > 0)
		g_ptr_array_add(list, g_strdup_printf("disk %s", disk));
	if (p->ram_total > 0)
		g_ptr_array_add(list, g_strdup_printf("RAM %s", ram));
	/* kept at its width, lest all that is left of it jumps */
	if (copies && p->rate > 0)
		g_ptr_array_add(list,
				g_strdup_printf("%*s/s", live ? 8 : 0, rate));
	if (eta_ms(p, now_us) >= 0)
		g_ptr_array_add(list,
				forecast(eta_ms(p, now_us), live ? 2 : 0));
	g_ptr_array_add(list, live ? stopwatch(ms) : ham_ctl_duration(ms));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(g_steal_pointer(&list), FALSE);
}

static void
add_bar(GString *line, int percent, size_t width, bool color)
{
	size_t inner = width - 2;
	size_t full = inner * (size_t)percent / 100;
	GString *done = g_string_new(NULL);
	g_autofree char *shown = NULL;

	for (size_t i = 0; i < full; i++)
		g_string_append_c(done, '#');
	shown = ham_ctl_styled(HAM_CTL_GOOD, done->str, color && full > 0);
	g_string_append_printf(line, "[%s", shown);
	for (size_t i = full; i < inner; i++)
		g_string_append_c(line, '.');
	g_string_append_c(line, ']');
	g_string_free(done, TRUE);
}

char *
ham_ctl_progress_bar(const struct ham_ctl_progress *progress, int64_t now_us,
		     size_t columns, bool color)
{
	g_auto(GStrv) list = figures(progress, now_us, true);
	g_autofree char *head =
		g_strdup_printf("%s ", ham_ctl_phase_name(progress->phase));
	g_autofree char *percent = g_strdup_printf(" %2d%%", progress->percent);
	size_t fixed = strlen(head) + strlen(percent);
	GString *line = g_string_new(NULL);
	GString *tail = g_string_new(NULL);

	for (size_t i = 0; list[i]; i++) {
		if (fixed + MIN_BAR + tail->len + 1 + strlen(list[i]) > columns)
			break;
		g_string_append_printf(tail, " %s", list[i]);
	}
	fixed += tail->len;
	g_string_append(line, head);
	if (fixed + MIN_BAR <= columns)
		add_bar(line, progress->percent,
			MIN(columns - fixed, (size_t)MAX_BAR), color);
	g_string_append(line, percent);
	g_string_append(line, tail->str);
	g_string_free(tail, TRUE);
	return g_string_free(line, FALSE);
}

char *
ham_ctl_progress_plain(const struct ham_ctl_progress *progress,
		       const char *guest, int64_t now_us)
{
	g_auto(GStrv) list = figures(progress, now_us, false);
	g_autofree char *rest = g_strjoinv(", ", list);

	return g_strdup_printf("%s: %s %d%%, %s", guest,
			       ham_ctl_phase_name(progress->phase),
			       progress->percent, rest);
}

/* ", guest stopped 43 ms (47 ms on the network)", what was measured of it. */
static char *
pause_text(JsonObject *result)
{
	int64_t ms = ham_ctl_json_int(result, "stopped_ms", -1);
	int64_t out_ms = ham_ctl_json_int(result, "blackout_ms", -1);
	g_autofree char *stopped = ham_ctl_duration(ms);
	g_autofree char *out = ham_ctl_duration(out_ms);

	if (ms < 0)
		return g_strdup("");
	if (out_ms < 0)
		return g_strconcat(", guest stopped ", stopped, NULL);
	return g_strconcat(", guest stopped ", stopped, " (", out,
			   " on the network)", NULL);
}

char *
ham_ctl_progress_result(const char *guest, JsonObject *result)
{
	const char *from = ham_ctl_json_text(result, "from");
	const char *to = ham_ctl_json_text(result, "to");
	g_autofree char *total =
		ham_ctl_duration(ham_ctl_json_int(result, "total_ms", -1));
	g_autofree char *stopped = pause_text(result);
	g_autofree char *moved =
		ham_ctl_bytes(ham_ctl_json_count(result, "disk_bytes") +
			      ham_ctl_json_count(result, "ram_bytes"));
	const char *reason = ham_ctl_json_text(result, "reason");

	if (ham_ctl_json_bool(result, "ok"))
		return g_strdup_printf("%s: %s -> %s in %s%s, %s moved", guest,
				       from, to, total, stopped, moved);
	if (!reason[0])
		reason = "no reason told";
	/* begun by a hamd that has been restarted since */
	if (!from[0] || !to[0])
		return g_strdup_printf("%s: migration failed: %s", guest,
				       reason);
	return g_strdup_printf("%s: %s -> %s failed after %s: %s", guest, from,
			       to, total, reason);
}
