/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/trial.h - what a migration would be like: forecast and advice
 *
 * Of what was measured of a guest before anything is copied it says how long a
 * live migration would take, how long the guest would stand still, and which
 * kind of migration is advised.  The same reckoning as that of a migration
 * under way (converge.h) decides; what this one knows less, its ranges are
 * wider.
 *
 * Pure.  Refuses to judge whether the destination fits: that is checked before,
 * and one that does not fit has no forecast.
 */
#ifndef HAM_TRIAL_H
#define HAM_TRIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hamd/core/types.h"

enum {
	HAM_TRIAL_LOOKS = 2,	 /* measurements of what a guest writes */
	HAM_TRIAL_WHY_MAX = 320, /* bytes of a sentence, with its NUL */
};

struct ham_trial_facts {
	bool runs;
	uint64_t ram_total; /* bytes */
	uint64_t ram_used;  /* of that, what holds something */
	uint64_t disk_left; /* bytes that are to be copied: what is allocated in
			     * images that are not current there */
	/* in so long it wrote so many different bytes of memory; span 0: this
	 * was not measured */
	struct {
		int64_t span_us;
		uint64_t bytes;
	} dirty[HAM_TRIAL_LOOKS];
	uint64_t budget; /* bytes/s that it may use at most; > 0 */
	uint64_t seen;	 /* bytes/s of an earlier migration; 0: none is known */
	int64_t paused_us; /* the guest stood still so long in that; 0: the same
			    */
	struct ham_policy policy;
};

enum ham_trial_kind {
	HAM_TRIAL_LIVE,
	HAM_TRIAL_SLOWED, /* live, with its vCPUs slowed down */
	HAM_TRIAL_DOUBT,  /* live, but it may reach its limits */
	HAM_TRIAL_WARM,
	HAM_TRIAL_COLD,
	HAM_TRIAL_N
};

struct ham_trial_view {
	enum ham_trial_kind kind;
	/* [0] at least, [1] at most; -1: no bound is known */
	int64_t duration_us[2]; /* from the order to the hand-over's end */
	int64_t pause_us[2];
	uint64_t bytes;	       /* to be copied, without what is written anew */
	uint64_t rate;	       /* bytes/s, as reckoned with */
	unsigned int throttle; /* percent */
	/* of WARM and DOUBT: either would do; 0: none would */
	uint64_t needs_rate;
	int64_t needs_pause_us;
	char why[HAM_TRIAL_WHY_MAX]; /* a sentence, without its full stop */
};

/* "live", "live-slowed", "live-doubtful", "warm", "cold" */
const char *ham_trial_name(unsigned int kind);

/* False: its guest would reboot, or does not run. */
bool ham_trial_is_live(unsigned int kind);

void ham_trial_look(const struct ham_trial_facts *facts,
		    struct ham_trial_view *out);

#endif
