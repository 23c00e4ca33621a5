/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/progress.h - a migration's progress as one line
 *
 * Pure: figures in, text out, the time is handed in.  Percent never falls and
 * the phase never goes back, though guest and disk may be written faster than
 * they are copied and news may come late; bytes are shown as they are told.
 */
#ifndef HAM_CTL_PROGRESS_H
#define HAM_CTL_PROGRESS_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ham_ctl_phase {
	HAM_CTL_UNKNOWN, /* nothing heard yet */
	HAM_CTL_QUEUED,	 /* others come first */
	HAM_CTL_PREPARE,
	HAM_CTL_COPY,
	HAM_CTL_CUTOVER,
	HAM_CTL_HANDOVER,
	HAM_CTL_N_PHASES
};

struct ham_ctl_progress {
	enum ham_ctl_phase phase;
	int percent; /* of the whole, 0 to 99: 100 is the result's */
	uint64_t disk_done;
	uint64_t disk_total;
	uint64_t ram_done;
	uint64_t ram_total;
	uint64_t rate; /* bytes/s */
	int done;      /* of 1000, as hamd reckons it; -1: it does not */
	/* at least and at most; -1: unknown */
	int64_t eta_ms[2];   /* until the hand-over */
	int64_t pause_ms[2]; /* of the hand-over that it comes to */
	uint64_t passes;
	int throttle;  /* percent */
	bool never;    /* not with its limits; */
	bool doubtful; /* perhaps not; what it needs then, 0 if nothing: */
	uint64_t needs_rate;	/* bytes/s */
	int64_t needs_pause_ms; /* or that */
	uint64_t behind;	/* QUEUED: so many come first */
	int64_t elapsed_ms;	/* at at_us; -1: unknown */
	int64_t at_us;	    /* when the figures were heard */
};

/* Nothing is known yet, except when it began. */
void ham_ctl_progress_start(struct ham_ctl_progress *progress, int64_t now_us);

/* Takes the figures of a MIGRATION object (doc/protocol.md). */
void ham_ctl_progress_update(struct ham_ctl_progress *progress,
			     JsonObject *migration, int64_t now_us);

/* Takes the figures of a replica that is being made. */
void ham_ctl_progress_copy(struct ham_ctl_progress *progress,
			   JsonObject *replica, int64_t now_us);

/* Takes a phase by name; unknown and earlier ones change nothing. */
void ham_ctl_progress_phase(struct ham_ctl_progress *progress,
			    const char *name);

const char *ham_ctl_phase_name(enum ham_ctl_phase phase);

/* Percent of a MIGRATION object by itself. */
int ham_ctl_progress_percent(JsonObject *migration);

/* The live line, no wider than `columns`: what does not fit is left out, the
 * least important first and the bar last.  The caller frees it. */
char *ham_ctl_progress_bar(const struct ham_ctl_progress *progress,
			   int64_t now_us, size_t columns, bool color);

/* The same as a sentence for a log.  The caller frees it. */
char *ham_ctl_progress_plain(const struct ham_ctl_progress *progress,
			     const char *guest, int64_t now_us);

/* Why it may not end, and what it needs: NULL if nothing is against it.  The
 * caller frees it. */
char *ham_ctl_progress_needs(const struct ham_ctl_progress *progress);

/* What became of it, from a RESULT object: "web1: n1 -> n2 in 2.1 s, guest
 * stopped 43 ms, 607 MiB moved".  The caller frees it. */
char *ham_ctl_progress_result(const char *guest, JsonObject *result);

#endif
