/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/converge.h - does a migration end, when, and with which pause?
 *
 * Told what a copy has moved and what is left (QEMU's query-migrate), it says
 * what to do: hand over now, go on, slow the guest down, or that it will never
 * end within the limits, and what it would need.  All forecasts are ranges:
 * what is known of the guest's writing bounds them from both sides (dirty.h).
 *
 * The pause is what is left, at the rate of the switch-over, and a fixed part
 * that was measured: device state, disks, the word of the group.
 *
 * Pure; decides for S alone and is not replicated.  Refuses to call anything
 * impossible before it has seen the guest for a while.
 */
#ifndef HAM_CONVERGE_H
#define HAM_CONVERGE_H

#include <stdbool.h>
#include <stdint.h>

#include "hamd/core/dirty.h"

struct ham_converge_limits {
	int64_t max_pause_us;
	int64_t end_us;	      /* when max_duration is over; 0: never */
	uint64_t bandwidth;   /* bytes/s that memory may use when the disks are
			       * there; 0: whatever the network carries */
	unsigned int throttle_max; /* percent; 0: the guest is left alone */
};

/* As of one moment. */
struct ham_converge_sample {
	int64_t now_us;
	uint64_t passes;    /* how often the guest's writes were looked up */
	uint64_t remaining; /* bytes of pages that are to be sent, as known */
	uint64_t sent;	    /* bytes of pages that were, from the start */
	bool paced;	    /* memory is held back for the disks */
	bool unlimited;	    /* memory was sent without any limit since the
			     * sample before */
	uint64_t flow;	    /* bytes/s of disks and memory together, over some
			     * seconds; 0: not known */
	uint64_t disk_left; /* bytes */
	uint64_t disk_rate; /* bytes/s; 0: not known */
	bool disks_ready;   /* and will stay so */
	unsigned int throttle; /* percent, as it is */
};

enum ham_converge_verdict {
	HAM_CONVERGE_UNKNOWN, /* nothing is known of the guest yet */
	HAM_CONVERGE_GOES_ON, /* it gets there */
	HAM_CONVERGE_NOW,     /* hand over: it does not get better */
	HAM_CONVERGE_DOUBT,   /* it may get there, or not */
	HAM_CONVERGE_NEVER,   /* not with these limits */
	HAM_CONVERGE_N
};

struct ham_converge_view {
	enum ham_converge_verdict verdict;
	/* [0] at least, [1] at most; -1: no bound is known */
	int64_t pause_us[2]; /* of a hand-over now, */
	int64_t then_us[2];  /* and of the one that it comes to */
	int64_t left_us[2];  /* until one that fits */
	uint64_t rate;	     /* bytes/s of memory, as reckoned with */
	uint64_t left;	     /* bytes to be moved until then, at most; what is
				found written meanwhile included */
	unsigned int throttle; /* percent that the guest is to be slowed by */
	/* NEVER and DOUBT: either of these would do; 0: none would */
	uint64_t needs_rate;
	int64_t needs_pause_us;
};

struct ham_converge {
	struct ham_dirty dirty; /* as without any throttle */
	/* a forecast before there is a copy: little is known of the short times
	 * that a throttle leaves, so the least is taken */
	bool hopeful;
	int64_t fixed_us;
	struct ham_converge_sample first, last;
	struct ham_converge_sample synced; /* of when passes last grew */
	struct ham_converge_sample timed;  /* where the rate is measured from */
	uint64_t syncs;			   /* seen since the first */
	bool hinted;
	uint64_t rate;	     /* bytes/s of memory; 0: not measured */
	uint64_t peak;	     /* the same without a limit, as in a pause */
	uint64_t dirty_rate; /* bytes/s that the guest wrote, seen last */
	int64_t fixed_now_us; /* with the limits looked at last */
	uint64_t fits_syncs;  /* syncs, then: */
	int64_t fits_us; /* since when a hand-over would keep its limits; 0: it
			  * would not */
};

const char *ham_converge_name(unsigned int verdict);

/* `ram_total` in bytes; `fixed_us`: of the last hand-overs, or a guess. */
void ham_converge_begin(struct ham_converge *c, uint64_t ram_total,
			int64_t fixed_us);

/* Measured otherwise, as by sampling: in so long (> 0) it wrote that many
 * different bytes.  `now_us` as of the samples. */
void ham_converge_hint(struct ham_converge *c, int64_t span_us, uint64_t bytes,
		       int64_t now_us);

void ham_converge_take(struct ham_converge *c,
		       const struct ham_converge_sample *sample);

/* What is to be done, as of the last sample. */
void ham_converge_look(struct ham_converge *c,
		       const struct ham_converge_limits *limits,
		       struct ham_converge_view *out);

#endif
