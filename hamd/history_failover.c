/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/history_failover.c - see history.h: who died, and what became of its
 * guests
 */
#include <string.h>

#include "hamd/history_track.h"

enum {
	FENCINGS = 8, /* of a node that is away, kept for its dead */
};

/* Of the text's first word, if that is a node that is away. */
static struct ham_away *
away_in(ham_history *history, const char *text)
{
	g_autofree char *node = g_strndup(text, strcspn(text, " "));

	return g_hash_table_lookup(history->away, node);
}

void
ham_history_fencing(ham_history *history, const struct ham_history_heard *heard)
{
	struct ham_away *away = away_in(history, heard->text);
	struct ham_history_step new = {.at = heard->at, .what = "node"};

	if (!away || away->fencings->len >= FENCINGS)
		return;
	g_strlcpy(new.node, heard->by, sizeof(new.node));
	g_strlcpy(new.text, heard->text, sizeof(new.text));
	g_array_append_val(away->fencings, new);
}

void
ham_history_node(ham_history *history, const char *node, bool here,
		 struct ham_history_stamp at)
{
	struct ham_away *away;

	if (here) {
		g_hash_table_remove(history->away, node);
	} else if (!g_hash_table_contains(history->away, node)) {
		away = g_new0(struct ham_away, 1);
		away->since = at;
		away->fencings = g_array_new(FALSE, FALSE,
					     sizeof(struct ham_history_step));
		g_hash_table_insert(history->away, g_strdup(node), away);
	}
}

void
ham_history_dead(ham_history *history, const char *node, const char *text,
		 const char *guest, uint64_t epoch, struct ham_history_stamp at)
{
	const struct ham_away *away = g_hash_table_lookup(history->away, node);
	struct ham_course *course = ham_history_course(history, guest);
	struct ham_history_stamp since = away ? away->since : at;
	struct ham_track *track = course->failover;
	g_autofree char *left = g_strdup_printf("%s left the cluster", node);

	if (ham_track_is_open(course->migration))
		ham_track_step(history, course->migration, "node", "", text,
			       at);
	if (track && track->entry.number == (int64_t)epoch)
		return;
	if (ham_track_is_open(track))
		ham_track_end(history, track, HAM_HISTORY_FAILED, text, at);
	g_free(track);
	track = ham_track_new("failover", guest, (int64_t)epoch, since);
	g_snprintf(track->entry.id, sizeof(track->entry.id),
		   "%s-e%" G_GUINT64_FORMAT, guest, epoch);
	g_strlcpy(track->entry.from, node, sizeof(track->entry.from));
	g_strlcpy(track->entry.asked, text, sizeof(track->entry.asked));
	course->failover = track;
	g_ptr_array_add(history->waiting, track);
	ham_track_put(history, track, true);
	ham_track_phase(history, track, "", "proof", since);
	if (away)
		ham_track_step(history, track, "node", "", left, since);
	for (guint i = 0; away && i < away->fencings->len; i++)
		ham_track_add_step(history, track,
				   &g_array_index(away->fencings,
						  struct ham_history_step, i));
	ham_track_step(history, track, "node", "", text, at);
	ham_track_phase(history, track, "", "placing", at);
}

unsigned int
ham_history_failovers(const ham_history *history)
{
	return history->waiting->len;
}

const char *
ham_history_failover(const ham_history *history, unsigned int i)
{
	const struct ham_track *track = g_ptr_array_index(history->waiting, i);

	return track->entry.guest;
}

void
ham_history_placed(ham_history *history, const char *guest, const char *to,
		   const char *reason, struct ham_history_stamp at)
{
	struct ham_track *track = ham_history_course(history, guest)->failover;
	g_autofree char *text = NULL;

	if (!ham_track_is_open(track))
		return;
	if (!to) {
		ham_track_end(history, track, HAM_HISTORY_FAILED,
			      reason[0] ? reason : "it is stopped", at);
		return;
	}
	if (track->placed && strcmp(track->entry.to, to) == 0)
		return;
	track->placed = true;
	text = g_strdup_printf("given to %s", to);
	g_strlcpy(track->entry.to, to, sizeof(track->entry.to));
	ham_track_put(history, track, false);
	ham_track_step(history, track, "guest", "", text, at);
	ham_track_phase(history, track, "", "start", at);
}

void
ham_history_recovering(ham_history *history, struct ham_track *track,
		       const struct ham_history_heard *heard)
{
	struct ham_history_entry *e = &track->entry;

	ham_track_step(history, track, "guest", heard->by, heard->text,
		       heard->at);
	if (heard->note == HAM_NOTE_GUEST_RUNNING &&
	    heard->epoch > (uint64_t)e->number) {
		g_strlcpy(e->to, heard->by, sizeof(e->to));
		e->stopped_us = heard->at.boot_us - e->began.boot_us;
		ham_track_end(history, track, HAM_HISTORY_DONE, "", heard->at);
	} else if (heard->note == HAM_NOTE_GUEST_FAILED ||
		   heard->note == HAM_NOTE_GUEST_STOPPED) {
		ham_track_end(history, track, HAM_HISTORY_FAILED, heard->text,
			      heard->at);
	}
}
