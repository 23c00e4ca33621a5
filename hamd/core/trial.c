/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/trial.c - see trial.h */
#include "hamd/core/trial.h"

#include <glib.h>
#include <string.h>

#include "hamd/core/converge.h"

#define US ((uint64_t)1000000)
#define NEVER_US (INT64_MAX / 4)

enum {
	PASSES_MAX = 64,
	/* before the first byte and around the hand-over: QEMU's start at the
	 * destination, a commit, the copy's end; as seen in the lab */
	AROUND_LEAST_US = 400000,
	AROUND_MOST_US = 4000000,
	/* of a pause, beside the bytes: device state, disks, the group's word
	 */
	FIXED_LEAST_US = 10000,
	FIXED_LIKELY_US = 40000,
	FIXED_MOST_US = 150000,
	THROTTLE_MAX = 99,
	/* what the reckoning counts as seen for long enough */
	SEEN_US = 10000000,
	SEEN_SYNCS = 8,
};

const char *
ham_trial_name(unsigned int kind)
{
	static const char *const names[] = {"live", "live-slowed",
					    "live-doubtful", "warm", "cold"};

	G_STATIC_ASSERT(G_N_ELEMENTS(names) == HAM_TRIAL_N);
	return kind < HAM_TRIAL_N ? names[kind] : "?";
}

bool
ham_trial_is_live(unsigned int kind)
{
	return kind == HAM_TRIAL_LIVE || kind == HAM_TRIAL_SLOWED ||
	       kind == HAM_TRIAL_DOUBT;
}

static int64_t
time_for(uint64_t bytes, uint64_t rate)
{
	unsigned __int128 us = (unsigned __int128)bytes * US;

	if (bytes == 0)
		return 0;
	if (rate == 0 || us / rate > (uint64_t)NEVER_US)
		return NEVER_US;
	return (int64_t)(us / rate);
}

static uint64_t
known_ram(const struct ham_trial_facts *facts)
{
	return MIN(facts->ram_used, facts->ram_total);
}

/* A guest of which nothing was measured may write anything. */
static bool
note_dirt(const struct ham_trial_facts *facts, struct ham_dirty *dirty)
{
	bool any = false;

	memset(dirty, 0, sizeof(*dirty));
	dirty->total = facts->ram_total;
	for (int i = 0; i < HAM_TRIAL_LOOKS; i++) {
		if (facts->dirty[i].span_us <= 0)
			continue;
		ham_dirty_note(dirty, facts->dirty[i].span_us,
			       facts->dirty[i].bytes, SEEN_US);
		any = true;
	}
	return any;
}

/* A copy that has begun just now, of a guest that was watched before: what is
 * known of its writing is all there is to be known. */
static void
begin(const struct ham_trial_facts *facts, uint64_t rate,
      struct ham_converge *c)
{
	ham_converge_begin(c, facts->ram_total, FIXED_LIKELY_US);
	c->hopeful = true;
	(void)note_dirt(facts, &c->dirty);
	c->first.now_us = 1;
	c->last.now_us = SEEN_US;
	c->last.remaining = known_ram(facts);
	c->last.disks_ready = true; /* their time is added (below) */
	c->synced = c->last;
	c->syncs = SEEN_SYNCS;
	c->rate = c->peak = rate; /* a pause is not sounded for this */
}

/* The last pass of memory, at least and at most: passes get shorter until they
 * find as much as they send. */
static int64_t
last_pass(const struct ham_trial_facts *facts, uint64_t rate,
	  unsigned int throttle, bool most)
{
	struct ham_dirty dirty;
	uint64_t known = known_ram(facts);
	uint64_t best = known;

	(void)note_dirt(facts, &dirty);
	for (int i = 0; i < PASSES_MAX; i++) {
		uint64_t next[2];

		ham_dirty_in(&dirty, time_for(known, rate), &next[0], &next[1]);
		next[most] = (uint64_t)((unsigned __int128)next[most] *
					(100 - throttle) / 100);
		best = MIN(best, next[most]);
		if (next[most] >= known - known / 50)
			break;
		known = next[most];
	}
	return time_for(best, rate);
}

static void
set_pause(const struct ham_trial_facts *facts, uint64_t rate,
	  struct ham_trial_view *out)
{
	bool ends =
		out->kind == HAM_TRIAL_LIVE || out->kind == HAM_TRIAL_SLOWED;

	out->pause_us[0] =
		FIXED_LEAST_US + last_pass(facts, rate, out->throttle, false);
	/* an earlier hand-over tells more than a guess, bytes included */
	out->pause_us[1] =
		facts->paused_us
			? MAX(facts->paused_us + facts->paused_us / 2,
			      out->pause_us[0])
			: FIXED_MOST_US +
				  last_pass(facts, rate, out->throttle, true);
	/* what ends within its limits is handed over as soon as it fits */
	if (ends)
		out->pause_us[1] =
			MIN(out->pause_us[1],
			    MAX(facts->policy.max_pause_us, out->pause_us[0]));
	out->pause_us[0] = MIN(out->pause_us[0], out->pause_us[1]);
}

/* Disks and memory share one budget and arrive together. */
static void
set_duration(const struct ham_trial_facts *facts, uint64_t rate,
	     const int64_t left_us[2], struct ham_trial_view *out)
{
	int64_t disks_us = time_for(facts->disk_left, rate);

	/* the first pass of memory is all that is known to be needed */
	out->duration_us[0] = AROUND_LEAST_US +
			      time_for(out->bytes, facts->budget) +
			      out->pause_us[0];
	out->duration_us[1] = left_us[1] < 0 || disks_us >= NEVER_US
				      ? -1
				      : AROUND_MOST_US + left_us[1] + disks_us +
						out->pause_us[1];
}

static char *
rate_text(uint64_t rate)
{
	return rate < US * 10
		       ? g_strdup_printf("%.1f MiB/s", (double)rate / (1 << 20))
		       : g_strdup_printf("%.0f MiB/s",
					 (double)rate / (1 << 20));
}

/* What it writes in a second, as far as that was measured. */
static uint64_t
writes(const struct ham_trial_facts *facts)
{
	struct ham_dirty dirty;
	uint64_t least, most;

	if (!note_dirt(facts, &dirty))
		return 0;
	ham_dirty_in(&dirty, (int64_t)US, &least, &most);
	return most;
}

/* Also what would be enough. */
static void
say_never(const struct ham_trial_facts *facts, const char *what,
	  struct ham_trial_view *out)
{
	g_autofree char *dirt = rate_text(writes(facts));
	g_autofree char *rate = rate_text(out->rate);
	g_autofree char *needs = rate_text(out->needs_rate);
	g_autofree char *pause = g_strdup_printf(
		"%s%" G_GINT64_FORMAT " ms",
		out->needs_rate ? " or a pause of " : "a pause of ",
		(out->needs_pause_us + 999) / 1000);

	g_snprintf(
		out->why, sizeof(out->why),
		"it writes %s of memory and %s are copied%s%s%s%s%s", dirt,
		rate, what,
		out->needs_rate || out->needs_pause_us ? ": it needs at least "
						       : "",
		out->needs_rate ? needs : "", out->needs_pause_us ? pause : "",
		!facts->policy.auto_converge &&
				(out->needs_rate || out->needs_pause_us)
			? ", or auto_converge = yes"
			: "");
}

/* Can it be done in the time that it has? */
static bool
is_late(const struct ham_trial_facts *facts, const struct ham_trial_view *out,
	int which)
{
	int64_t limit_us = facts->policy.max_duration_us;

	return limit_us && (out->duration_us[which] < 0 ||
			    out->duration_us[which] > limit_us);
}

static void
say_late(const struct ham_trial_facts *facts, struct ham_trial_view *out)
{
	g_autofree char *rate = rate_text(facts->budget);

	g_snprintf(out->why, sizeof(out->why),
		   "%" G_GUINT64_FORMAT " MiB at %s at best take longer than "
		   "max_duration, which is %" G_GINT64_FORMAT " s",
		   out->bytes >> 20, rate,
		   facts->policy.max_duration_us / (int64_t)US);
}

static void
say_live(const struct ham_trial_facts *facts, struct ham_trial_view *out)
{
	g_autofree char *dirt = rate_text(writes(facts));
	g_autofree char *rate = rate_text(out->rate);

	if (out->kind == HAM_TRIAL_SLOWED)
		g_snprintf(
			out->why, sizeof(out->why),
			"it writes %s of memory and %s are copied: its vCPUs "
			"are slowed down by up to %u %%",
			dirt, rate, out->throttle);
	else
		g_snprintf(out->why, sizeof(out->why),
			   "it writes %s of memory and %s are copied", dirt,
			   rate);
}

static void
judge(const struct ham_trial_facts *facts, const struct ham_converge_view *view,
      struct ham_trial_view *out)
{
	switch (view->verdict) {
	case HAM_CONVERGE_GOES_ON:
	case HAM_CONVERGE_NOW:
		out->throttle = view->throttle;
		out->kind = view->throttle ? HAM_TRIAL_SLOWED : HAM_TRIAL_LIVE;
		break;
	case HAM_CONVERGE_NEVER:
		out->kind = HAM_TRIAL_WARM;
		break;
	case HAM_CONVERGE_DOUBT:
	case HAM_CONVERGE_UNKNOWN:
	case HAM_CONVERGE_N:
		out->kind = HAM_TRIAL_DOUBT;
		break;
	}
	if (out->kind == HAM_TRIAL_WARM || out->kind == HAM_TRIAL_DOUBT) {
		out->needs_rate = view->needs_rate;
		out->needs_pause_us = view->needs_pause_us;
	}
	set_pause(facts, out->rate, out);
	set_duration(facts, out->rate, view->left_us, out);
	if (out->kind == HAM_TRIAL_WARM) {
		say_never(facts, "", out);
	} else if (is_late(facts, out, 0)) {
		out->kind = HAM_TRIAL_WARM;
		say_late(facts, out);
	} else if (out->kind == HAM_TRIAL_DOUBT) {
		say_never(facts, ", which may or may not be enough", out);
	} else if (is_late(facts, out, 1)) {
		out->kind = HAM_TRIAL_DOUBT;
		say_never(facts, ", which may take longer than max_duration",
			  out);
	} else {
		say_live(facts, out);
	}
}

void
ham_trial_look(const struct ham_trial_facts *facts, struct ham_trial_view *out)
{
	struct ham_converge_limits limits = {
		.max_pause_us = facts->policy.max_pause_us,
		.bandwidth = facts->budget,
		.throttle_max = facts->policy.auto_converge ? THROTTLE_MAX : 0};
	struct ham_converge_view view;
	struct ham_converge converge;
	struct ham_dirty dirty;

	memset(out, 0, sizeof(*out));
	out->bytes = facts->disk_left + (facts->runs ? known_ram(facts) : 0);
	out->rate =
		facts->seen ? MIN(facts->seen, facts->budget) : facts->budget;
	if (!facts->runs) {
		out->kind = HAM_TRIAL_COLD;
		out->pause_us[0] = out->pause_us[1] = -1;
		out->duration_us[0] = time_for(facts->disk_left, facts->budget);
		out->duration_us[1] =
			AROUND_MOST_US + time_for(facts->disk_left, out->rate);
		g_snprintf(out->why, sizeof(out->why), "it does not run");
		return;
	}
	begin(facts, out->rate, &converge);
	ham_converge_look(&converge, &limits, &view);
	if (view.throttle) { /* and how long it takes with that */
		converge.last.throttle = view.throttle;
		ham_converge_look(&converge, &limits, &view);
	}
	if (note_dirt(facts, &dirty)) {
		judge(facts, &view, out);
		return;
	}
	/* any verdict would be invented */
	view.verdict = HAM_CONVERGE_UNKNOWN;
	view.needs_rate = 0;
	view.needs_pause_us = 0;
	judge(facts, &view, out);
	if (out->kind == HAM_TRIAL_DOUBT) {
		out->pause_us[1] = out->duration_us[1] = -1;
		g_snprintf(out->why, sizeof(out->why),
			   "how much memory it writes was not measured");
	}
}
