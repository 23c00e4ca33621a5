/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/history.c - see history.h */
#include "hamd/history_track.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_GAP_US = 900000,	  /* figures come once a second */
	AFTERWARDS_US = 60000000, /* what is seen of it then still counts */
};

static void
course_free(struct ham_course *course)
{
	g_free(course->migration);
	g_free(course->failover);
	g_free(course);
}

static void
away_free(struct ham_away *away)
{
	g_array_unref(away->fencings);
	g_free(away);
}

ham_history *
ham_history_new(const struct ham_history_sink *sink, void *data)
{
	ham_history *history = g_new0(ham_history, 1);

	history->sink = *sink;
	history->data = data;
	history->courses = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)course_free);
	history->away = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)away_free);
	history->waiting = g_ptr_array_new();
	return history;
}

void
ham_history_free(ham_history *history)
{
	if (!history)
		return;
	g_hash_table_destroy(history->courses);
	g_hash_table_destroy(history->away);
	g_ptr_array_unref(history->waiting);
	g_free(history);
}

/* ---- entries ---- */

struct ham_course *
ham_history_course(ham_history *history, const char *guest)
{
	struct ham_course *course =
		g_hash_table_lookup(history->courses, guest);

	if (!course) {
		course = g_new0(struct ham_course, 1);
		g_hash_table_insert(history->courses, g_strdup(guest), course);
	}
	return course;
}

struct ham_track *
ham_track_new(const char *kind, const char *guest, int64_t number,
	      struct ham_history_stamp at)
{
	struct ham_track *track = g_new0(struct ham_track, 1);
	struct ham_history_entry *e = &track->entry;

	e->kind = kind;
	e->mode = "";
	e->number = number;
	e->began = at;
	e->total_us = e->stopped_us = e->blackout_us = e->max_pause_us = -1;
	e->disk_bytes = e->ram_bytes = e->passes = -1;
	g_strlcpy(e->guest, guest, sizeof(e->guest));
	track->gap_us = SAMPLE_GAP_US;
	return track;
}

void
ham_track_put(ham_history *history, const struct ham_track *track, bool begins)
{
	history->sink.put(&track->entry, begins, history->data);
}

void
ham_track_add_step(ham_history *history, struct ham_track *track,
		   const struct ham_history_step *step)
{
	if (track->n_steps >= HAM_HISTORY_STEPS)
		return;
	track->n_steps++;
	history->sink.step(track->entry.id, step, history->data);
}

void
ham_track_step(ham_history *history, struct ham_track *track, const char *what,
	       const char *node, const char *text, struct ham_history_stamp at)
{
	struct ham_history_step new = {.at = at, .what = what};

	g_strlcpy(new.node, node, sizeof(new.node));
	g_strlcpy(new.text, text, sizeof(new.text));
	ham_track_add_step(history, track, &new);
}

void
ham_track_phase(ham_history *history, struct ham_track *track, const char *node,
		const char *name, struct ham_history_stamp at)
{
	if (strcmp(track->phase, name) == 0)
		return;
	g_strlcpy(track->phase, name, sizeof(track->phase));
	ham_track_step(history, track, "phase", node, name, at);
}

void
ham_track_end(ham_history *history, struct ham_track *track,
	      enum ham_history_result result, const char *reason,
	      struct ham_history_stamp at)
{
	track->entry.result = result;
	track->entry.ended = at;
	g_strlcpy(track->entry.reason, reason, sizeof(track->entry.reason));
	g_ptr_array_remove(history->waiting, track);
	ham_track_put(history, track, false);
}

/* ---- migrations ---- */

static void
take_facts(struct ham_history_entry *entry,
	   const struct ham_history_heard *heard)
{
	if (heard->mode[0])
		entry->mode = heard->mode;
	if (!entry->from[0])
		g_strlcpy(entry->from, heard->from, sizeof(entry->from));
	if (!entry->to[0])
		g_strlcpy(entry->to, heard->to, sizeof(entry->to));
	if (heard->max_pause_us >= 0)
		entry->max_pause_us = heard->max_pause_us;
}

static struct ham_track *
migration_of(ham_history *history, const struct ham_history_heard *heard)
{
	struct ham_course *course = ham_history_course(history, heard->guest);
	struct ham_track *track = course->migration;

	if (track && track->entry.number == (int64_t)heard->txn)
		return track;
	if (ham_track_is_open(track))
		ham_track_end(history, track, HAM_HISTORY_UNKNOWN,
			      "its end was not heard here", heard->at);
	g_free(track);
	track = ham_track_new("migration", heard->guest, (int64_t)heard->txn,
			      heard->at);
	g_snprintf(track->entry.id, sizeof(track->entry.id),
		   "%s-%" G_GUINT64_FORMAT, heard->guest, heard->txn);
	take_facts(&track->entry, heard);
	course->migration = track;
	ham_track_put(history, track, true);
	return track;
}

static void
add_sample(ham_history *history, const struct ham_history_heard *heard)
{
	const struct ham_progress *p = heard->progress;
	struct ham_track *track = migration_of(history, heard);
	struct ham_history_sample s = {
		.at = heard->at,
		.disk_done = (int64_t)p->disk_done,
		.disk_total = (int64_t)p->disk_total,
		.ram_done = (int64_t)p->ram_done,
		.ram_remaining = (int64_t)p->ram_remaining,
		.rate = (int64_t)p->rate,
		.dirty_rate = (int64_t)p->dirty_rate,
		.throttle = p->throttle,
		.pause_min_us = p->pause_us[0],
		.pause_max_us = p->pause_us[1],
		.passes = (int64_t)p->passes,
	};

	if (!ham_track_is_open(track) ||
	    (track->sampled_us &&
	     heard->at.boot_us - track->sampled_us < track->gap_us))
		return;
	track->sampled_us = heard->at.boot_us;
	history->sink.sample(track->entry.id, &s, history->data);
	if (++track->n_samples < HAM_HISTORY_SAMPLES)
		return;
	track->n_samples /= 2;
	track->gap_us *= 2;
	history->sink.thin(track->entry.id, history->data);
}

/* The figures of MIGRATION_DONE: name=value, blanks between. */
static int64_t
figure(const char *text, const char *name)
{
	g_autofree char *key = g_strconcat(" ", name, "=", NULL);
	g_autofree char *line = g_strconcat(" ", text, NULL);
	const char *at = strstr(line, key);

	return at ? g_ascii_strtoll(at + strlen(key), NULL, 10) : -1;
}

static void
take_figures(struct ham_history_entry *entry, const char *text)
{
	const struct {
		const char *name;
		int64_t *value;
	} figures[] = {
		{"total_us", &entry->total_us},
		{"stopped_us", &entry->stopped_us},
		{"blackout_us", &entry->blackout_us},
		{"disk", &entry->disk_bytes},
		{"ram", &entry->ram_bytes},
		{"passes", &entry->passes},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(figures); i++)
		if (figure(text, figures[i].name) >= 0)
			*figures[i].value = figure(text, figures[i].name);
}

/* Both may come twice, in any order: from who measured it, and of the record.
 * What has failed did not succeed after all. */
static void
ended(ham_history *history, struct ham_track *track,
      const struct ham_history_heard *heard)
{
	bool done = heard->note == HAM_NOTE_MIGRATION_DONE;

	if (track->entry.result == HAM_HISTORY_FAILED ||
	    (!done && track->entry.result == HAM_HISTORY_DONE))
		return;
	if (done)
		take_figures(&track->entry, heard->text);
	take_facts(&track->entry, heard);
	if (ham_track_is_open(track))
		ham_track_end(history, track,
			      done ? HAM_HISTORY_DONE : HAM_HISTORY_FAILED,
			      done ? "" : heard->text, heard->at);
	else
		ham_track_put(history, track, false);
}

/* An order that begins one, not one to a migration under way. */
static bool
begins_it(const char *text)
{
	return !strstr(text, ": cancel") && !strstr(text, ": set ");
}

static void
asked(ham_history *history, struct ham_track *track,
      const struct ham_history_heard *heard)
{
	struct ham_history_entry *entry = &track->entry;

	ham_track_step(history, track, "asked", heard->by, heard->text,
		       heard->at);
	if (!entry->asked[0] && begins_it(heard->text))
		g_strlcpy(entry->asked, heard->text, sizeof(entry->asked));
	take_facts(entry, heard);
	ham_track_put(history, track, false);
}

/* True if the note is one of a migration. */
static bool
hear_migration(ham_history *history, const struct ham_history_heard *heard)
{
	struct ham_track *track;

	if (heard->note != HAM_NOTE_MIGRATION_PHASE &&
	    heard->note != HAM_NOTE_MIGRATION_ASKED &&
	    heard->note != HAM_NOTE_MIGRATION_DECIDED &&
	    heard->note != HAM_NOTE_MIGRATION_DONE &&
	    heard->note != HAM_NOTE_MIGRATION_FAILED)
		return false;
	if (heard->txn == 0)
		return true;
	track = migration_of(history, heard);
	if (heard->note == HAM_NOTE_MIGRATION_PHASE)
		ham_track_phase(history, track, heard->by, heard->text,
				heard->at);
	else if (heard->note == HAM_NOTE_MIGRATION_ASKED)
		asked(history, track, heard);
	else if (heard->note == HAM_NOTE_MIGRATION_DECIDED)
		ham_track_step(history, track, "decided", heard->by,
			       heard->text, heard->at);
	else
		ended(history, track, heard);
	return true;
}

/* ---- all else of a guest ---- */

static bool
is_of_guest(enum ham_note note)
{
	return note == HAM_NOTE_GUEST_STARTING ||
	       note == HAM_NOTE_GUEST_RUNNING ||
	       note == HAM_NOTE_GUEST_STOPPING ||
	       note == HAM_NOTE_GUEST_STOPPED ||
	       note == HAM_NOTE_GUEST_FAILED || note == HAM_NOTE_GUEST_HELD ||
	       note == HAM_NOTE_GUEST_FREED || note == HAM_NOTE_DISK_FAILED ||
	       note == HAM_NOTE_DISK_MENDED ||
	       note == HAM_NOTE_REPLICA_SYNCING ||
	       note == HAM_NOTE_REPLICA_CURRENT ||
	       note == HAM_NOTE_REPLICA_OUTDATED || note == HAM_NOTE_ALARM ||
	       note == HAM_NOTE_FRAMES_LEAKED;
}

static void
hear_guest(ham_history *history, const struct ham_history_heard *heard)
{
	const struct ham_course *course =
		g_hash_table_lookup(history->courses, heard->guest);
	struct ham_track *migration = course ? course->migration : NULL;
	bool seen = heard->note == HAM_NOTE_GUEST_SEEN ||
		    heard->note == HAM_NOTE_GUEST_UNSEEN;

	if (!course || (!seen && !is_of_guest(heard->note)))
		return;
	if (ham_track_is_open(migration) ||
	    (seen && migration &&
	     heard->at.boot_us - migration->entry.ended.boot_us <
		     AFTERWARDS_US))
		ham_track_step(history, migration, "guest", heard->by,
			       heard->text, heard->at);
	if (ham_track_is_open(course->failover))
		ham_history_recovering(history, course->failover, heard);
}

void
ham_history_hear(ham_history *history, const struct ham_history_heard *heard)
{
	if (heard->progress) {
		if (heard->txn)
			add_sample(history, heard);
	} else if (heard->guest[0] == '\0') {
		if (heard->note == HAM_NOTE_FENCING ||
		    heard->note == HAM_NOTE_ALARM)
			ham_history_fencing(history, heard);
	} else if (!hear_migration(history, heard)) {
		hear_guest(history, heard);
	}
}
