/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/history_track.h - between the files of history.h alone
 */
#ifndef HAM_HISTORY_TRACK_H
#define HAM_HISTORY_TRACK_H

#include "hamd/history.h"

/* One entry, while more may be heard of it. */
struct ham_track {
	struct ham_history_entry entry;
	unsigned int n_steps;
	unsigned int n_samples;
	int64_t gap_us;
	int64_t sampled_us;
	bool placed;	/* failover: given to a node that lives */
	char phase[16]; /* told last */
};

struct ham_course {
	struct ham_track *migration; /* NULL: none was heard of */
	struct ham_track *failover;
};

/* Of a node that has left. */
struct ham_away {
	struct ham_history_stamp since;
	GArray *fencings; /* struct ham_history_step */
};

struct ham_history {
	struct ham_history_sink sink;
	void *data;
	GHashTable *courses; /* guest -> struct ham_course */
	GHashTable *away;    /* node -> struct ham_away */
	GPtrArray *waiting;  /* struct ham_track, failovers that are not over */
};

static inline bool
ham_track_is_open(const struct ham_track *track)
{
	return track && track->entry.result == HAM_HISTORY_RUNS;
}

/* Made if need be. */
struct ham_course *ham_history_course(ham_history *history, const char *guest);

/* `kind` is static; the caller's. */
struct ham_track *ham_track_new(const char *kind, const char *guest,
				int64_t number, struct ham_history_stamp at);

/* To the sink. */
void ham_track_put(ham_history *history, const struct ham_track *track,
		   bool begins);
void ham_track_add_step(ham_history *history, struct ham_track *track,
			const struct ham_history_step *step);
/* `what` is static. */
void ham_track_step(ham_history *history, struct ham_track *track,
		    const char *what, const char *node, const char *text,
		    struct ham_history_stamp at);
/* Each node may say it; the first word counts. */
void ham_track_phase(ham_history *history, struct ham_track *track,
		     const char *node, const char *name,
		     struct ham_history_stamp at);
void ham_track_end(ham_history *history, struct ham_track *track,
		   enum ham_history_result result, const char *reason,
		   struct ham_history_stamp at);

/* history_failover.c: a note of fencing, or one about a guest whose failover is
 * under way. */
void ham_history_fencing(ham_history *history,
			 const struct ham_history_heard *heard);
void ham_history_recovering(ham_history *history, struct ham_track *track,
			    const struct ham_history_heard *heard);

#endif
