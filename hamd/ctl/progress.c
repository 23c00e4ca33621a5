/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/progress.c - see progress.h */
#include "hamd/ctl/progress.h"

#include <string.h>

#include "hamd/ctl/forecast.h"
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
	progress->done = -1;
	for (int i = 0; i < 2; i++)
		progress->eta_ms[i] = progress->pause_ms[i] = -1;
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

/* hamd's own reckoning has what the guest will write meanwhile in it.  Of one
 * that has none: RAM is sent again and again while the guest writes it, so what
 * was sent may exceed what there is: more than the whole counts as the whole.
 */
static int
copy_percent(const struct ham_ctl_progress *p)
{
	double total = (double)p->disk_total + (double)p->ram_total;
	double done = (double)MIN(p->disk_done, p->disk_total) +
		      (double)MIN(p->ram_done, p->ram_total);

	if (p->done >= 0)
		return MIN(p->done / 10, COPIED);
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

static bool
is(JsonObject *object, const char *name, const char *value)
{
	return strcmp(ham_ctl_json_text(object, name), value) == 0;
}

static void
read_range(JsonObject *o, const char *least, const char *most, int64_t ms[2])
{
	ms[0] = CLAMP(ham_ctl_json_int(o, least, -1), -1, MAX_MS);
	ms[1] = CLAMP(ham_ctl_json_int(o, most, -1), -1, MAX_MS);
}

static void
read_forecast(struct ham_ctl_progress *p, JsonObject *o)
{
	int64_t done = ham_ctl_json_int(o, "done_permille", -1);

	/* a source that reckons nothing leaves it at 0 */
	if (done == 0 && is(o, "forecast", "unknown"))
		done = -1;
	p->done = (int)CLAMP(done, -1, 1000);
	read_range(o, "eta_min_ms", "eta_max_ms", p->eta_ms);
	read_range(o, "pause_min_ms", "pause_max_ms", p->pause_ms);
	p->passes = ham_ctl_json_count(o, "passes");
	p->throttle = (int)MIN(ham_ctl_json_count(o, "throttle_percent"), 100);
	p->never = is(o, "forecast", "never");
	p->doubtful = p->never || is(o, "forecast", "doubtful");
	p->needs_rate = ham_ctl_json_count(o, "needs_bytes_per_s");
	p->needs_pause_ms =
		MIN((int64_t)ham_ctl_json_count(o, "needs_pause_ms"), MAX_MS);
}

void
ham_ctl_progress_copy(struct ham_ctl_progress *progress, JsonObject *replica,
		      int64_t now_us)
{
	progress->disk_done = ham_ctl_json_count(replica, "done_bytes");
	progress->disk_total = ham_ctl_json_count(replica, "total_bytes");
	progress->rate = ham_ctl_json_count(replica, "rate_bytes_per_s");
	read_range(replica, "eta_min_ms", "eta_max_ms", progress->eta_ms);
	progress->elapsed_ms = -1;
	progress->at_us = now_us;
	if (progress->disk_total > 0)
		ham_ctl_progress_phase(progress, phase_names[HAM_CTL_COPY]);
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
	read_forecast(progress, migration);
	progress->behind = ham_ctl_json_count(migration, "queued_behind");
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

/* Until the hand-over, as heard less what has passed since; NULL if that is
 * unknown, or near enough. */
static char *
left_text(const struct ham_ctl_progress *p, int64_t now_us, bool live)
{
	int64_t passed_ms = MAX(now_us - p->at_us, 0) / 1000;
	int64_t ms[2];

	if (p->phase != HAM_CTL_COPY)
		return NULL;
	for (int i = 0; i < 2; i++)
		ms[i] = p->eta_ms[i] < 0 ? -1
					 : MAX(p->eta_ms[i] - passed_ms, 0);
	return ham_ctl_forecast_left(ms, live);
}

char *
ham_ctl_progress_needs(const struct ham_ctl_progress *progress)
{
	char *needs = NULL;

	if (progress->phase != HAM_CTL_COPY || !progress->doubtful)
		return NULL;
	needs = ham_ctl_forecast_needs(progress->needs_rate,
				       progress->needs_pause_ms);
	if (needs)
		return needs;
	return g_strdup(progress->never ? "does not end with its limits"
					: "may not end with its limits");
}

/* Of the live line, where "1 min 02 s" is too long. */
static char *
stopwatch(int64_t ms)
{
	if (ms < 100000)
		return g_strdup_printf("%.1f s", (double)ms / 1000.0);
	return g_strdup_printf("%d s", (int)(ms / 1000));
}

/* The figures right of the bar, in their order there. */
enum figure {
	BEHIND,
	DISK,
	RAM,
	RATE,
	LEFT,
	PAUSE,
	THROTTLE,
	PASS,
	NEEDS,
	ELAPSED,
	N_FIGURES
};

/* And the order in which they get room. */
static const enum figure dearest[] = {
	LEFT, PAUSE, NEEDS, THROTTLE, BEHIND, DISK, RAM, RATE, ELAPSED, PASS,
};
G_STATIC_ASSERT(G_N_ELEMENTS(dearest) == N_FIGURES);

/* Text with a word before it; NULL if there is none.  Takes `text`. */
static char *
with_word(const char *word, char *text)
{
	char *whole = text ? g_strconcat(word, " ", text, NULL) : NULL;

	g_free(text);
	return whole;
}

static void
copy_figures(const struct ham_ctl_progress *p, bool live, char *list[N_FIGURES])
{
	g_autofree char *rate = ham_ctl_bytes(p->rate);

	/* kept at its width, lest all that is left of it jumps */
	if (p->rate > 0)
		list[RATE] = g_strdup_printf("%*s/s", live ? 8 : 0, rate);
	list[PAUSE] = with_word("pause", ham_ctl_forecast_pause(p->pause_ms));
	if (p->throttle > 0)
		list[THROTTLE] = g_strdup_printf("throttle %d%%", p->throttle);
	if (p->passes > 0)
		list[PASS] =
			g_strdup_printf("pass %" G_GUINT64_FORMAT, p->passes);
	list[NEEDS] = ham_ctl_progress_needs(p);
}

/* NULL stands for what is unknown, or not of this phase. */
static void
make_figures(const struct ham_ctl_progress *p, int64_t now_us, bool live,
	     char *list[N_FIGURES])
{
	int64_t ms = p->elapsed_ms < 0 ? -1 : elapsed_ms(p, now_us);

	if (p->phase == HAM_CTL_QUEUED && p->behind > 0)
		list[BEHIND] =
			g_strdup_printf("behind %" G_GUINT64_FORMAT, p->behind);
	if (p->disk_total > 0)
		list[DISK] = with_word(
			"disk", ham_ctl_bytes_of(p->disk_done, p->disk_total));
	if (p->ram_total > 0)
		list[RAM] = with_word(
			"RAM", ham_ctl_bytes_of(p->ram_done, p->ram_total));
	list[LEFT] = with_word("ETA", left_text(p, now_us, live));
	if (p->phase == HAM_CTL_COPY)
		copy_figures(p, live, list);
	if (ms >= 0)
		list[ELAPSED] = live ? stopwatch(ms) : ham_ctl_duration(ms);
}

static void
free_figures(char *list[N_FIGURES])
{
	for (int i = 0; i < N_FIGURES; i++)
		g_clear_pointer(&list[i], g_free);
}

/* Leaves out what there is no room for. */
static void
fit(char *list[N_FIGURES], size_t room)
{
	for (size_t i = 0; i < N_FIGURES; i++) {
		char **text = &list[dearest[i]];
		size_t width = *text ? 1 + ham_ctl_width(*text) : 0;

		if (width > room)
			g_clear_pointer(text, g_free);
		else
			room -= width;
	}
}

static char *
join_figures(char *list[N_FIGURES], const char *separator)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < N_FIGURES; i++)
		if (list[i])
			g_string_append_printf(text, "%s%s", separator,
					       list[i]);
	return g_string_free(text, FALSE);
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
	char *list[N_FIGURES] = {NULL};
	g_autofree char *head =
		g_strdup_printf("%s ", ham_ctl_phase_name(progress->phase));
	g_autofree char *percent = g_strdup_printf(" %2d%%", progress->percent);
	g_autofree char *tail = NULL;
	size_t fixed = strlen(head) + strlen(percent);
	GString *line = g_string_new(head);

	make_figures(progress, now_us, true, list);
	fit(list, columns > fixed + MIN_BAR ? columns - fixed - MIN_BAR : 0);
	tail = join_figures(list, " ");
	free_figures(list);
	fixed += ham_ctl_width(tail);
	if (fixed + MIN_BAR <= columns)
		add_bar(line, progress->percent,
			MIN(columns - fixed, (size_t)MAX_BAR), color);
	g_string_append(line, percent);
	g_string_append(line, tail);
	return g_string_free(line, FALSE);
}

char *
ham_ctl_progress_plain(const struct ham_ctl_progress *progress,
		       const char *guest, int64_t now_us)
{
	char *list[N_FIGURES] = {NULL};
	g_autofree char *rest = NULL;

	make_figures(progress, now_us, false, list);
	rest = join_figures(list, ", ");
	free_figures(list);
	return g_strdup_printf("%s: %s %d%%%s", guest,
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
	int64_t max_ms = ham_ctl_json_int(result, "max_pause_ms", -1);
	g_autofree char *limit = NULL;

	if (ms < 0)
		return g_strdup("");
	if (max_ms > 0) {
		g_autofree char *max = ham_ctl_duration(max_ms);

		limit = g_strconcat(", more than its max_pause of ", max, NULL);
	}
	if (out_ms < 0)
		return g_strconcat(", guest stopped ", stopped, limit, NULL);
	return g_strconcat(", guest stopped ", stopped, " (", out,
			   " on the network)", limit, NULL);
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
