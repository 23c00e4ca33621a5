/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/converge.c - see converge.h */
#include "hamd/core/converge.h"

#include <string.h>

enum {
	PASSES_MAX = 64,      /* that are looked ahead */
	RATE_SPAN_US = 250000, /* over which a rate is measured */
	SURE_SYNCS = 3,	      /* before anything is impossible, */
	SURE_US = 2000000,    /* and for so long */
	THROTTLE_STEP = 10,
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

static uint64_t
less(uint64_t bytes, unsigned int percent)
{
	return (uint64_t)((unsigned __int128)bytes * (100 - percent) / 100);
}

void
ham_converge_begin(struct ham_converge *c, uint64_t ram_total, int64_t fixed_us)
{
	memset(c, 0, sizeof(*c));
	c->dirty.total = ram_total;
	c->fixed_us = fixed_us;
}

/* ---- what was seen ---- */

static void
measure_rate(struct ham_converge *c, const struct ham_converge_sample *s)
{
	int64_t span_us = s->now_us - c->timed.now_us;
	uint64_t rate;

	if (s->paced || c->timed.paced || s->sent < c->timed.sent) {
		c->timed = *s;
		return;
	}
	if (span_us < RATE_SPAN_US)
		return;
	rate = (uint64_t)((unsigned __int128)(s->sent - c->timed.sent) * US /
			  (uint64_t)span_us);
	/* near the end nothing is left to send, and that is no slow network */
	if (rate > c->rate)
		c->rate = rate;
	else if (s->remaining > rate)
		c->rate = c->rate / 4 * 3 + rate / 4;
	c->timed = *s;
}

/* Between two samples the writes were looked up once or more: what was found by
 * each of them on average.  Under a throttle the guest writes less than it
 * would. */
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
	if (s->throttle < 100 && s->throttle == c->synced.throttle)
		found = (uint64_t)((unsigned __int128)found * 100 /
				   (100 - s->throttle));
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
	if (sample->throttle != c->last.throttle)
		c->throttled_us = sample->now_us;
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
};

static uint64_t
dirty_in(const struct course *course, int64_t span_us)
{
	uint64_t least, most;

	ham_dirty_in(&course->c->dirty, span_us, &least, &most);
	return less(course->most ? most : least, course->throttle);
}

/* How long until what is left fits; NEVER_US, with *best the least that it
 * comes to: from there on passes find as much as they send. */
static int64_t
run(const struct course *course, uint64_t *best)
{
	const struct ham_converge_sample *last = &course->c->last;
	uint64_t known = last->remaining;
	int64_t unseen_us = last->now_us - course->c->synced.now_us;
	int64_t left_us = 0;

	*best = UINT64_MAX;
	for (int i = 0; i < PASSES_MAX; i++) {
		int64_t pass_us = time_for(known, course->rate);
		uint64_t next;

		if (pass_us >= NEVER_US / 4)
			return NEVER_US;
		left_us += pass_us;
		next = dirty_in(course, pass_us + unseen_us);
		unseen_us = 0;
		if (next < *best)
			*best = next;
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
fits_into(const struct ham_converge *c, int64_t pause_us, uint64_t rate)
{
	uint64_t fast = c->rate > rate ? c->rate : rate;
	int64_t us = pause_us - c->fixed_us;

	return us <= 0 ? 0
		       : (uint64_t)((unsigned __int128)fast * (uint64_t)us /
				    US);
}

static int64_t
pause_for(const struct ham_converge *c, uint64_t bytes, uint64_t rate)
{
	uint64_t fast = c->rate > rate ? c->rate : rate;

	return time_for(bytes, fast) + c->fixed_us;
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
	struct course course = {c, rate ? rate : 1 << 20, 0, true, 0};
	uint64_t best;

	for (int i = 0; i < 60; i++) {
		course.fits =
			fits_into(c, limits->max_pause_us, course.rate);
		if (run(&course, &best) != NEVER_US)
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
		c, rate, 0, true, fits_into(c, limits->max_pause_us, rate)};
	uint64_t best;

	*does = false;
	for (unsigned int p = 0; p <= limits->throttle_max;
	     p += THROTTLE_STEP) {
		int64_t us;

		course.throttle = p;
		us = run(&course, &best);
		*does = us != NEVER_US &&
			(!limits->end_us || c->last.now_us + us < limits->end_us);
		if (*does)
			return p;
	}
	return limits->throttle_max;
}

/* The pause now, and whether waiting makes it much shorter. */
static bool
is_best(const struct ham_converge *c, int64_t pause_us, int64_t max_us,
	uint64_t best, uint64_t rate)
{
	int64_t later_us = best == UINT64_MAX ? 0 : pause_for(c, best, rate);

	return pause_us <= max_us / 4 || pause_us <= later_us + later_us / 4;
}

void
ham_converge_look(const struct ham_converge *c,
		  const struct ham_converge_limits *limits,
		  struct ham_converge_view *out)
{
	uint64_t rate = rate_of(c, limits), best[2], now[2];
	int64_t left[2], disks = disks_us(c);
	bool sure = c->syncs >= SURE_SYNCS &&
		    c->last.now_us - c->first.now_us >= SURE_US;
	bool throttled;

	memset(out, 0, sizeof(*out));
	out->rate = rate;
	out->pause_us[0] = out->pause_us[1] = -1;
	out->left_us[0] = out->left_us[1] = -1;
	out->throttle = c->last.throttle;
	if (rate == 0 || c->syncs == 0)
		return;
	ham_dirty_in(&c->dirty, c->last.now_us - c->synced.now_us, &now[0],
		     &now[1]);
	for (int i = 0; i < 2; i++) {
		struct course course = {c, rate, c->last.throttle, i == 1,
					fits_into(c, limits->max_pause_us,
						  rate)};

		left[i] = run(&course, &best[i]);
		out->pause_us[i] =
			pause_for(c, c->last.remaining + now[i], rate);
		if (left[i] != NEVER_US && disks >= 0)
			out->left_us[i] = left[i] > disks ? left[i] : disks;
	}
	if (c->last.disks_ready && out->pause_us[1] <= limits->max_pause_us &&
	    is_best(c, out->pause_us[1], limits->max_pause_us, best[1], rate)) {
		out->verdict = HAM_CONVERGE_NOW;
		out->left_us[0] = out->left_us[1] = 0;
		return;
	}
	out->throttle = needed_throttle(c, limits, rate, &throttled);
	out->verdict = left[1] != NEVER_US || throttled ? HAM_CONVERGE_GOES_ON
		       : left[0] != NEVER_US || !sure	? HAM_CONVERGE_DOUBT
							: HAM_CONVERGE_NEVER;
	if (out->verdict == HAM_CONVERGE_GOES_ON)
		return;
	out->needs_rate = needed_rate(c, limits, rate);
	out->needs_pause_us = pause_for(c, best[1], rate);
}
