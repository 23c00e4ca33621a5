/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/history.c - see history.h */
#include "hamd/history.h"

#include <stdlib.h>
#include <string.h>

enum {
	SAMPLE_GAP_US = 900000,	  /* figures come once a second */
	AFTERWARDS_US = 60000000, /* what is seen of it then still counts */
	FENCINGS = 8, /* of a node that is away, kept for its dead */
};

/* One entry, while more may be heard of it. */
struct track {
	struct ham_history_entry entry;
	unsigned int n_steps;
	unsigned int n_samples;
	int64_t gap_us;
	int64_t sampled_us;
	bool placed;	/* failover: given to a node that lives */
	char phase[16]; /* told last */
};

struct course {
	struct track *migration; /* NULL: none was heard of */
	struct track *failover;
};

/* Of a node that has left. */
struct away {
	struct ham_history_stamp since;
	GArray *fencings; /* struct ham_history_step */
};

struct ham_history {
	struct ham_history_sink sink;
	void *data;
	GHashTable *courses; /* guest -> struct course */
	GHashTable *away;    /* node -> struct away */
	GPtrArray *waiting;  /* struct track, failovers that are not over */
};

static void
course_free(struct course *course)
{
	g_free(course->migration);
	g_free(course->failover);
	g_free(course);
}

static void
away_free(struct away *away)
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

static struct course *
course_of(ham_history *history, const char *guest)
{
	struct course *course = g_hash_table_lookup(history->courses, guest);

	if (!course) {
		course = g_new0(struct course, 1);
		g_hash_table_insert(history->courses, g_strdup(guest), course);
	}
	return course;
}

static bool
is_open(const struct track *track)
{
	return track && track->entry.result == HAM_HISTORY_RUNS;
}

static struct track *
track_new(const char *kind, const char *guest, int64_t number,
	  struct ham_history_stamp at)
{
	struct track *track = g_new0(struct track, 1);
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

static void
put(ham_history *history, const struct track *track, bool begins)
{
	history->sink.put(&track->entry, begins, history->data);
}

static void
add_step(ham_history *history, struct track *track,
	 const struct ham_history_step *step)
{
	if (track->n_steps >= HAM_HISTORY_STEPS)
		return;
	track->n_steps++;
	history->sink.step(track->entry.id, step, history->data);
}

static void
step(ham_history *history, struct track *track, const char *what,
     const char *node, const char *text, struct ham_history_stamp at)
{
	struct ham_history_step new = {.at = at, .what = what};

	g_strlcpy(new.node, node, sizeof(new.node));
	g_strlcpy(new.text, text, sizeof(new.text));
	add_step(history, track, &new);
}

/* Each node may say it; the first word counts. */
static void
phase(ham_history *history, struct track *track, const char *node,
      const char *name, struct ham_history_stamp at)
{
	if (strcmp(track->phase, name) == 0)
		return;
	g_strlcpy(track->phase, name, sizeof(track->phase));
	step(history, track, "phase", node, name, at);
}

static void
end(ham_history *history, struct track *track, enum ham_history_result result,
    const char *reason, struct ham_history_stamp at)
{
	track->entry.result = result;
	track->entry.ended = at;
	g_strlcpy(track->entry.reason, reason, sizeof(track->entry.reason));
	g_ptr_array_remove(history->waiting, track);
	put(history, track, false);
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

static struct track *
migration_of(ham_history *history, const struct ham_history_heard *heard)
{
	struct course *course = course_of(history, heard->guest);
	struct track *track = course->migration;

	if (track && track->entry.number == (int64_t)heard->txn)
		return track;
	if (is_open(track))
		end(history, track, HAM_HISTORY_UNKNOWN,
		    "its end was not heard here", heard->at);
	g_free(track);
	track = track_new("migration", heard->guest, (int64_t)heard->txn,
			  heard->at);
	g_snprintf(track->entry.id, sizeof(track->entry.id),
		   "%s-%" G_GUINT64_FORMAT, heard->guest, heard->txn);
	take_facts(&track->entry, heard);
	course->migration = track;
	put(history, track, true);
	return track;
}

static void
add_sample(ham_history *history, const struct ham_history_heard *heard)
{
	const struct ham_progress *p = heard->progress;
	struct track *track = migration_of(history, heard);
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

	if (!is_open(track) ||
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
ended(ham_history *history, struct track *track,
      const struct ham_history_heard *heard)
{
	bool done = heard->note == HAM_NOTE_MIGRATION_DONE;

	if (track->entry.result == HAM_HISTORY_FAILED ||
	    (!done && track->entry.result == HAM_HISTORY_DONE))
		return;
	if (done)
		take_figures(&track->entry, heard->text);
	take_facts(&track->entry, heard);
	if (is_open(track))
		end(history, track,
		    done ? HAM_HISTORY_DONE : HAM_HISTORY_FAILED,
		    done ? "" : heard->text, heard->at);
	else
		put(history, track, false);
}

/* An order that begins one, not one to a migration under way. */
static bool
begins_it(const char *text)
{
	return !strstr(text, ": cancel") && !strstr(text, ": set ");
}

static void
asked(ham_history *history, struct track *track,
      const struct ham_history_heard *heard)
{
	struct ham_history_entry *entry = &track->entry;

	step(history, track, "asked", heard->by, heard->text, heard->at);
	if (!entry->asked[0] && begins_it(heard->text))
		g_strlcpy(entry->asked, heard->text, sizeof(entry->asked));
	take_facts(entry, heard);
	put(history, track, false);
}

/* True if the note is one of a migration. */
static bool
hear_migration(ham_history *history, const struct ham_history_heard *heard)
{
	struct track *track;

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
		phase(history, track, heard->by, heard->text, heard->at);
	else if (heard->note == HAM_NOTE_MIGRATION_ASKED)
		asked(history, track, heard);
	else if (heard->note == HAM_NOTE_MIGRATION_DECIDED)
		step(history, track, "decided", heard->by, heard->text,
		     heard->at);
	else
		ended(history, track, heard);
	return true;
}

/* ---- failovers ---- */

/* Of the text's first word, if that is a node that is away. */
static struct away *
away_in(ham_history *history, const char *text)
{
	g_autofree char *node = g_strndup(text, strcspn(text, " "));

	return g_hash_table_lookup(history->away, node);
}

static void
hear_fencing(ham_history *history, const struct ham_history_heard *heard)
{
	struct away *away = away_in(history, heard->text);
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
	struct away *away;

	if (here) {
		g_hash_table_remove(history->away, node);
	} else if (!g_hash_table_contains(history->away, node)) {
		away = g_new0(struct away, 1);
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
	const struct away *away = g_hash_table_lookup(history->away, node);
	struct course *course = course_of(history, guest);
	struct ham_history_stamp since = away ? away->since : at;
	struct track *track = course->failover;
	g_autofree char *left = g_strdup_printf("%s left the cluster", node);

	if (is_open(course->migration))
		step(history, course->migration, "node", "", text, at);
	if (track && track->entry.number == (int64_t)epoch)
		return;
	if (is_open(track))
		end(history, track, HAM_HISTORY_FAILED, text, at);
	g_free(track);
	track = track_new("failover", guest, (int64_t)epoch, since);
	g_snprintf(track->entry.id, sizeof(track->entry.id),
		   "%s-e%" G_GUINT64_FORMAT, guest, epoch);
	g_strlcpy(track->entry.from, node, sizeof(track->entry.from));
	g_strlcpy(track->entry.asked, text, sizeof(track->entry.asked));
	course->failover = track;
	g_ptr_array_add(history->waiting, track);
	put(history, track, true);
	phase(history, track, "", "proof", since);
	if (away)
		step(history, track, "node", "", left, since);
	for (guint i = 0; away && i < away->fencings->len; i++)
		add_step(history, track,
			 &g_array_index(away->fencings, struct ham_history_step,
					i));
	step(history, track, "node", "", text, at);
	phase(history, track, "", "placing", at);
}

unsigned int
ham_history_failovers(const ham_history *history)
{
	return history->waiting->len;
}

const char *
ham_history_failover(const ham_history *history, unsigned int i)
{
	const struct track *track = g_ptr_array_index(history->waiting, i);

	return track->entry.guest;
}

void
ham_history_placed(ham_history *history, const char *guest, const char *to,
		   const char *reason, struct ham_history_stamp at)
{
	struct track *track = course_of(history, guest)->failover;
	g_autofree char *text = NULL;

	if (!is_open(track))
		return;
	if (!to) {
		end(history, track, HAM_HISTORY_FAILED,
		    reason[0] ? reason : "it is stopped", at);
		return;
	}
	if (track->placed && strcmp(track->entry.to, to) == 0)
		return;
	track->placed = true;
	text = g_strdup_printf("given to %s", to);
	g_strlcpy(track->entry.to, to, sizeof(track->entry.to));
	put(history, track, false);
	step(history, track, "guest", "", text, at);
	phase(history, track, "", "start", at);
}

static void
failover_heard(ham_history *history, struct track *track,
	       const struct ham_history_heard *heard)
{
	struct ham_history_entry *e = &track->entry;

	step(history, track, "guest", heard->by, heard->text, heard->at);
	if (heard->note == HAM_NOTE_GUEST_RUNNING &&
	    heard->epoch > (uint64_t)e->number) {
		g_strlcpy(e->to, heard->by, sizeof(e->to));
		e->stopped_us = heard->at.boot_us - e->began.boot_us;
		end(history, track, HAM_HISTORY_DONE, "", heard->at);
	} else if (heard->note == HAM_NOTE_GUEST_FAILED ||
		   heard->note == HAM_NOTE_GUEST_STOPPED) {
		end(history, track, HAM_HISTORY_FAILED, heard->text, heard->at);
	}
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
	const struct course *course =
		g_hash_table_lookup(history->courses, heard->guest);
	struct track *migration = course ? course->migration : NULL;
	bool seen = heard->note == HAM_NOTE_GUEST_SEEN ||
		    heard->note == HAM_NOTE_GUEST_UNSEEN;

	if (!course || (!seen && !is_of_guest(heard->note)))
		return;
	if (is_open(migration) ||
	    (seen && migration &&
	     heard->at.boot_us - migration->entry.ended.boot_us <
		     AFTERWARDS_US))
		step(history, migration, "guest", heard->by, heard->text,
		     heard->at);
	if (is_open(course->failover))
		failover_heard(history, course->failover, heard);
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
			hear_fencing(history, heard);
	} else if (!hear_migration(history, heard)) {
		hear_guest(history, heard);
	}
}
