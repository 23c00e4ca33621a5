/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/converge.c - see converge.h */
#include "hamd/core/converge.h"

#include <glib.h>
#include <string.h>

enum {
	PASSES_MAX = 64,      /* that are looked ahead */
	RATE_SPAN_US = 200000, /* over which a rate is measured, */
	PEAK_SPAN_US = 60000,  /* and one without a limit */
	SURE_SYNCS = 3,	      /* before anything is impossible, */
	NO_MATTER_US = 20000, /* of a pause */
	PATIENCE_US = 2000000,
	SURE_US = 2000000,	  /* and for so long; */
	SURE_DISKS_US = 10000000, /* so long where only the disks are late */
	THROTTLE_STEP = 10,
	MUCH = 16 << 20, /* bytes that tell of the network, and not of how
			  * little there was to send */
};

#define NEVER_US INT64_MAX
#define US ((uint64_t)1000000)

const char *
ham_converge_name(unsigned int verdict)
{
	static const char *const names[HAM_CONVERGE_N] = {
		"unknown", "ends", "ends-now", "doubtful", "never"};

	return verdict < HAM_CONVERGE_N ? names[verdict] : "?";
}

/* Of bytes at a rate; 0 bytes/s takes for ever. */
static int64_t
time_for(uint64_t bytes, uint64_t rate)
{
	unsigned __int128 us = (unsigned __int128)bytes * US;

	if (bytes == 0)
		return 0;
	if (rate == 0 || us / rate > (uint64_t)NEVER_US / 4)
		return NEVER_US / 4;
	return (int64_t)(us / rate);
}

/* A throttle lets the guest run for the rest of the time only: in that it
 * writes what it would, the same pages again included. */
static int64_t
running(int64_t span_us, unsigned int percent)
{
	return percent < 100 ? span_us / 100 * (100 - (int64_t)percent) : 0;
}

void
ham_converge_begin(struct ham_converge *c, uint64_t ram_total, int64_t fixed_us)
{
	memset(c, 0, sizeof(*c));
	c->dirty.total = ram_total;
	c->fixed_us = fixed_us;
}

/* ---- what was seen ---- */

void
ham_converge_hint(struct ham_converge *c, int64_t span_us, uint64_t bytes,
		  int64_t now_us)
{
	c->hinted = true;
	c->dirty_rate =
		(uint64_t)((unsigned __int128)bytes * US / (uint64_t)span_us);
	ham_dirty_note(&c->dirty, span_us, bytes, now_us);
}

/* Only while there was something to send all along: near the end nothing is
 * left, and that is no slow network. */
static void
measure_rate(struct ham_converge *c, const struct ham_converge_sample *s)
{
	int64_t span_us = s->now_us - c->timed.now_us;
	uint64_t rate;

	/* what both together use, it could use alone */
	if (s->paced && s->flow)
		c->rate = s->flow;
	if (s->paced || c->timed.paced || s->sent < c->timed.sent ||
	    s->unlimited != c->timed.unlimited) {
		c->timed = *s;
		return;
	}
	if (span_us < (s->unlimited ? PEAK_SPAN_US : RATE_SPAN_US))
		return;
	rate = (uint64_t)((unsigned __int128)(s->sent - c->timed.sent) * US /
			  (uint64_t)span_us);
	if (s->unlimited) {
		/* it may have run out of what there was to send */
		if (rate > c->peak || s->remaining > rate / 10)
			c->peak = rate;
	} else if (rate > c->rate) {
		if (c->rate || s->remaining > s->sent - c->timed.sent ||
		    s->sent - c->timed.sent >= MUCH)
			c->rate = c->rate ? c->rate / 2 + rate / 2 : rate;
	} else if (s->remaining > rate / 4) {
		c->rate = c->rate / 4 * 3 + rate / 4;
	}
	c->timed = *s;
}

/* Between two samples the writes were looked up once or more: what was found by
 * each of them on average. */
static void
measure_dirt(struct ham_converge *c, const struct ham_converge_sample *s)
{
	uint64_t syncs = s->passes - c->synced.passes;
	int64_t span_us = s->now_us - c->synced.now_us;
	uint64_t sent = s->sent - c->synced.sent;
	uint64_t found;

	if (s->passes <= c->synced.passes || s->sent < c->synced.sent ||
	    span_us <= 0) {
		if (s->passes < c->synced.passes || s->sent < c->synced.sent)
			c->synced = *s;
		return;
	}
	found = s->remaining + sent > c->synced.remaining
			? s->remaining + sent - c->synced.remaining
			: 0;
	c->dirty_rate =
		(uint64_t)((unsigned __int128)found * US / (uint64_t)span_us);
	if (s->throttle == c->synced.throttle)
		span_us = MAX(running(span_us, s->throttle), 1);
	ham_dirty_note(&c->dirty, span_us / (int64_t)syncs, found / syncs,
		       s->now_us);
	c->syncs += syncs;
	c->synced = *s;
}

void
ham_converge_take(struct ham_converge *c,
		  const struct ham_converge_sample *sample)
{
	if (c->first.now_us == 0) {
		c->first = c->last = c->synced = c->timed = *sample;
		return;
	}
	if (sample->now_us <= c->last.now_us)
		return;
	measure_rate(c, sample);
	measure_dirt(c, sample);
	c->last = *sample;
}

/* ---- what is to come ---- */

struct course {
	const struct ham_converge *c;
	uint64_t rate;
	unsigned int throttle;
	bool most; /* what the guest may write at most, else at least */
	uint64_t fits; /* so many bytes fit into the pause */
	/* of run() */
	uint64_t best;	/* the least that is left after a pass */
	uint64_t moved; /* bytes, until it fits */
};

static uint64_t
dirty_in(const struct course *course, int64_t span_us)
{
	uint64_t least, most;

	ham_dirty_in(&course->c->dirty, running(span_us, course->throttle),
		     &least, &most);
	return course->most && !(course->throttle && course->c->hopeful)
		       ? most
		       : least;
}

/* How long until what is left fits; NEVER_US: from course->best on passes find
 * as much as they send. */
static int64_t
run(struct course *course)
{
	const struct ham_converge_sample *last = &course->c->last;
	uint64_t known = last->remaining;
	int64_t unseen_us = last->now_us - course->c->synced.now_us;
	int64_t left_us = 0;

	course->best = UINT64_MAX;
	course->moved = 0;
	for (int i = 0; i < PASSES_MAX; i++) {
		/* until the disks are there they take their part, and what is
		 * sent early is written again */
		uint64_t disks = i == 0 && last->paced ? last->disk_left : 0;
		int64_t pass_us = time_for(known + disks, course->rate);
		uint64_t next;

		if (pass_us >= NEVER_US / 4)
			return NEVER_US;
		left_us += pass_us;
		course->moved += known;
		next = dirty_in(course,
				(pass_us + unseen_us) /
					(disks && !course->most ? 2 : 1));
		unseen_us = 0;
		if (next < course->best)
			course->best = next;
		if (next <= course->fits)
			return left_us;
		if (i > 0 && next >= known - known / 50)
			return NEVER_US;
		known = next;
	}
	return NEVER_US;
}

static uint64_t
rate_of(const struct ham_converge *c, const struct ham_converge_limits *limits)
{
	uint64_t rate = c->rate;

	if (limits->bandwidth && (rate == 0 || rate > limits->bandwidth))
		rate = limits->bandwidth;
	return rate;
}

/* The switch-over uses all that the network carries, as far as that was seen. */
static uint64_t
fastest(const struct ham_converge *c, uint64_t rate)
{
	return MAX(MAX(c->rate, c->peak), rate);
}

static uint64_t
fits_into(const struct ham_converge *c, int64_t pause_us, uint64_t rate)
{
	uint64_t fast = fastest(c, rate);
	int64_t us = pause_us - c->fixed_now_us;

	return us <= 0 ? 0
		       : (uint64_t)((unsigned __int128)fast * (uint64_t)us /
				    US);
}

static int64_t
pause_for(const struct ham_converge *c, uint64_t bytes, uint64_t rate)
{
	return time_for(bytes, fastest(c, rate)) + c->fixed_now_us;
}

static int64_t
disks_us(const struct ham_converge *c)
{
	if (c->last.disks_ready || c->last.disk_left == 0)
		return 0;
	return c->last.disk_rate ? time_for(c->last.disk_left,
					    c->last.disk_rate)
				 : -1;
}

/* The least rate with which it would end; 0: none that there is. */
static uint64_t
needed_rate(const struct ham_converge *c,
	    const struct ham_converge_limits *limits, uint64_t rate)
{
	struct course course = {
		.c = c, .rate = rate ? rate : 1 << 20, .most = true};

	for (int i = 0; i < 60; i++) {
		course.fits =
			fits_into(c, limits->max_pause_us, course.rate);
		if (run(&course) != NEVER_US)
			return course.rate;
		course.rate += course.rate / 4;
	}
	return 0;
}

/* The least throttle with which it ends in time; or the most that may be. */
static unsigned int
needed_throttle(const struct ham_converge *c,
		const struct ham_converge_limits *limits, uint64_t rate,
		bool *does)
{
	struct course course = {
		.c = c,
		.rate = rate,
		.most = true,
		.fits = fits_into(c, limits->max_pause_us, rate),
	};

	*does = false;
	for (unsigned int p = 0; p <= limits->throttle_max;
	     p += THROTTLE_STEP) {
		int64_t us;

		course.throttle = p;
		us = run(&course);
		*does = us != NEVER_US &&
			(!limits->end_us || c->last.now_us + us < limits->end_us);
		if (*does)
			return p;
	}
	return limits->throttle_max;
}

/* The pause now fits; but does it get much shorter by waiting?  That is not
 * waited for endlessly: what a guest writes varies. */
static bool
is_best(struct ham_converge *c, int64_t pause_us, uint64_t best, uint64_t rate)
{
	int64_t later_us = best == UINT64_MAX ? 0 : pause_for(c, best, rate);

	return pause_us <= later_us + later_us / 4 ||
	       pause_us <= c->fixed_now_us + NO_MATTER_US ||
	       (c->last.now_us - c->fits_us > PATIENCE_US &&
		c->syncs > c->fits_syncs);
}

/* The disks alone take longer than there is time. */
static bool
disks_are_late(const struct ham_converge *c,
	       const struct ham_converge_limits *limits, int64_t disks_us)
{
	int64_t left_us = limits->end_us - c->last.now_us;

	return limits->end_us && disks_us > 0 && left_us > 0 &&
	       disks_us / 3 * 2 > left_us &&
	       c->last.now_us - c->first.now_us >= SURE_DISKS_US;
}

/* The least that passes come to, if it goes on; with the least that the guest
 * may write, or the most. */
static uint64_t
best_of(const struct ham_converge *c, uint64_t rate, bool most)
{
	struct course course = {.c = c,
				.rate = rate,
				.throttle = c->last.throttle,
				.most = most};

	(void)run(&course);
	return course.best;
}

static void
forecast(const struct ham_converge *c, const struct ham_converge_limits *limits,
	 uint64_t rate, struct ham_converge_view *out, struct course course[2],
	 int64_t left[2])
{
	int64_t disks = disks_us(c);
	uint64_t now[2];

	ham_dirty_in(&c->dirty, c->last.now_us - c->synced.now_us, &now[0],
		     &now[1]);
	for (int i = 0; i < 2; i++) {
		course[i] = (struct course){
			.c = c,
			.rate = rate,
			.throttle = c->last.throttle,
			.most = i == 1,
			.fits = fits_into(c, limits->max_pause_us, rate),
		};
		left[i] = run(&course[i]);
		out->pause_us[i] =
			pause_for(c, c->last.remaining + now[i], rate);
		if (left[i] != NEVER_US && disks >= 0)
			out->left_us[i] = left[i] > disks ? left[i] : disks;
	}
	for (int i = 0; i < 2; i++) {
		out->then_us[i] = pause_for(c, best_of(c, rate, i == 1), rate);
		/* as soon as it fits, if it does */
		if (left[1] != NEVER_US)
			out->then_us[i] =
				MIN(out->then_us[i], limits->max_pause_us);
	}
	out->left = c->last.disk_left + course[1].moved;
}

void
ham_converge_look(struct ham_converge *c,
		  const struct ham_converge_limits *limits,
		  struct ham_converge_view *out)
{
	uint64_t rate = rate_of(c, limits);
	struct course course[2];
	int64_t left[2];
	/* nor while memory is held back, or before it is known what could be
	 * sent in the pause */
	bool sure = c->syncs >= SURE_SYNCS && !c->last.paced &&
		    c->last.now_us - c->first.now_us >= SURE_US &&
		    (c->peak || !limits->bandwidth);
	bool throttled;

	/* what earlier pauses took is no reason not to try one */
	c->fixed_now_us = MIN(c->fixed_us, limits->max_pause_us / 4 * 3);
	memset(out, 0, sizeof(*out));
	out->rate = rate;
	out->left = c->last.disk_left + c->last.remaining;
	out->pause_us[0] = out->pause_us[1] = -1;
	out->left_us[0] = out->left_us[1] = -1;
	out->then_us[0] = out->then_us[1] = -1;
	out->throttle = c->last.throttle;
	if (disks_are_late(c, limits, disks_us(c))) {
		out->verdict = HAM_CONVERGE_NEVER;
		out->left_us[0] = disks_us(c);
		out->needs_rate =
			(uint64_t)((unsigned __int128)out->left * US /
				   (uint64_t)(limits->end_us - c->last.now_us));
		return;
	}
	if (rate == 0 || (c->syncs == 0 && !c->hinted))
		return;
	forecast(c, limits, rate, out, course, left);
	if (!c->last.disks_ready || out->pause_us[1] > limits->max_pause_us) {
		c->fits_us = 0;
	} else if (c->fits_us == 0) {
		c->fits_us = c->last.now_us;
		c->fits_syncs = c->syncs;
	}
	if (c->fits_us &&
	    is_best(c, out->pause_us[1], best_of(c, rate, false), rate)) {
		out->verdict = HAM_CONVERGE_NOW;
		out->left_us[0] = out->left_us[1] = 0;
		memcpy(out->then_us, out->pause_us, sizeof(out->then_us));
		return;
	}
	out->throttle = needed_throttle(c, limits, rate, &throttled);
	out->verdict = left[1] != NEVER_US || throttled ? HAM_CONVERGE_GOES_ON
		       : left[0] != NEVER_US || !sure	? HAM_CONVERGE_DOUBT
							: HAM_CONVERGE_NEVER;
	if (out->verdict == HAM_CONVERGE_GOES_ON)
		return;
	out->needs_rate = needed_rate(c, limits, rate);
	out->needs_pause_us = pause_for(c, best_of(c, rate, true), rate);
}
