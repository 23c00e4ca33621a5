/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/notes.c - what is told to people: log, followers, the last 1000 kept */
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"
#include "hamd/progress_text.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

enum {
	KEPT = 1000
};

static struct ham_last_migration *
last_of(ham_daemon *daemon, const char *guest)
{
	struct ham_last_migration *last =
		g_hash_table_lookup(daemon->last, guest);

	if (!last) {
		last = g_new0(struct ham_last_migration, 1);
		g_hash_table_insert(daemon->last, g_strdup(guest), last);
	}
	return last;
}

static void
began(ham_daemon *daemon, const struct ham_effect *effect)
{
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), effect->guest);
	struct ham_last_migration *last = last_of(daemon, effect->guest);

	if (!g || last->txn == effect->txn)
		return;
	memset(last, 0, sizeof(*last));
	last->txn = effect->txn;
	last->from = effect->value ? (uint32_t)effect->value : g->owner;
	last->to = g->dst ? g->dst : g->move_to ? g->move_to : g->owner;
	last->began_us = ham_clock_us();
	last->stopped_us = last->blackout_us = -1;
}

/* The figures travel as text: name=value, blanks between. */
static int64_t
figure(const char *text, const char *name)
{
	g_autofree char *key = g_strconcat(name, "=", NULL);
	const char *at = strstr(text, key);

	return at ? g_ascii_strtoll(at + strlen(key), NULL, 10) : -1;
}

static void
ended(ham_daemon *daemon, const struct ham_effect *effect)
{
	struct ham_last_migration *last = last_of(daemon, effect->guest);
	int64_t elapsed = (ham_clock_us() - last->began_us) / 1000;

	if (last->txn != effect->txn)
		return;
	last->over = true;
	last->ok = effect->note == HAM_NOTE_MIGRATION_DONE;
	last->total_ms = elapsed;
	if (!last->ok) {
		g_strlcpy(last->reason, effect->text, sizeof(last->reason));
		return;
	}
	last->stopped_us = figure(effect->text, "stopped_us");
	last->limit_us = figure(effect->text, "limit_us");
	if (last->limit_us > 0)
		daemon->counters.long_pauses++;
	ham_guests_stopped_for(daemon->guests, effect->guest, last->stopped_us);
	last->blackout_us = figure(effect->text, "blackout_us");
	if (figure(effect->text, "total_us") >= 0)
		last->total_ms = figure(effect->text, "total_us") / 1000;
	last->disk_bytes = (uint64_t)MAX(figure(effect->text, "disk"), 0);
	last->ram_bytes = (uint64_t)MAX(figure(effect->text, "ram"), 0);
	last->passes = (uint64_t)MAX(figure(effect->text, "passes"), 0);
}

JsonObject *
ham_daemon_result(ham_daemon *daemon, const char *guest, bool timeline)
{
	const struct ham_last_migration *last =
		g_hash_table_lookup(daemon->last, guest);
	JsonObject *o;
	g_autofree char *txn = NULL;

	if (!last || !last->over)
		return NULL;
	o = json_object_new();
	txn = g_strdup_printf("%" G_GUINT64_FORMAT, last->txn);
	json_object_set_string_member(o, "txn", txn);
	json_object_set_string_member(
		o, "from", ham_core_node_name(daemon->core, last->from));
	json_object_set_string_member(
		o, "to", ham_core_node_name(daemon->core, last->to));
	json_object_set_boolean_member(o, "ok", last->ok);
	json_object_set_string_member(o, "reason", last->reason);
	json_object_set_int_member(o, "total_ms", last->total_ms);
	if (last->stopped_us >= 0)
		json_object_set_double_member(
			o, "stopped_ms",
			/* tenths of a ms: more is noise */
			(double)((last->stopped_us + 50) / 100) / 10.0);
	if (last->limit_us > 0)
		json_object_set_int_member(o, "max_pause_ms",
					   last->limit_us / 1000);
	if (last->blackout_us >= 0)
		json_object_set_double_member(
			o, "blackout_ms",
			(double)((last->blackout_us + 50) / 100) / 10.0);
	json_object_set_int_member(o, "disk_bytes", (int64_t)last->disk_bytes);
	json_object_set_int_member(o, "ram_bytes", (int64_t)last->ram_bytes);
	json_object_set_int_member(o, "passes", (int64_t)last->passes);
	if (timeline)
		json_object_set_array_member(
			o, "timeline",
			ham_guests_timeline(daemon->guests, guest));
	return o;
}

static JsonObject *
common(ham_daemon *daemon, const struct ham_effect *effect)
{
	JsonObject *o = json_object_new();

	json_object_set_string_member(
		o, "node",
		ham_core_node_name(daemon->core,
				   effect->node ? effect->node
						: ham_core_self(daemon->core)));
	if (effect->guest[0])
		json_object_set_string_member(o, "guest", effect->guest);
	json_object_set_string_member(o, "text", effect->text);
	if (effect->guest[0])
		json_object_set_int_member(o, "epoch", (int64_t)effect->epoch);
	return o;
}

static void
merge(JsonObject *into, JsonObject *from)
{
	g_autoptr(GList) names = from ? json_object_get_members(from) : NULL;

	for (GList *l = names; l; l = l->next)
		json_object_set_member(
			into, l->data,
			json_node_copy(json_object_get_member(from, l->data)));
	if (from)
		json_object_unref(from);
}

static JsonArray *
members(ham_daemon *daemon)
{
	JsonArray *list = json_array_new();
	struct ham_core_view view;
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	ham_core_get_view(daemon->core, &view);
	for (unsigned int i = 0; i < n; i++)
		if (view.joined & (1u << i))
			json_array_add_string_element(list, nodes[i].name);
	return list;
}

static void
add_details(ham_daemon *daemon, const struct ham_effect *effect, JsonObject *o)
{
	g_autofree char *txn =
		g_strdup_printf("%" G_GUINT64_FORMAT, effect->txn);

	switch (effect->note) {
	case HAM_NOTE_GUEST_STOPPED:
		json_object_set_boolean_member(o, "clean", true);
		break;
	case HAM_NOTE_QUORUM:
		json_object_set_boolean_member(o, "quorate",
					       effect->value != 0);
		break;
	case HAM_NOTE_MEMBERSHIP:
		json_object_set_array_member(o, "members", members(daemon));
		break;
	case HAM_NOTE_REPLICA_OUTDATED:
	case HAM_NOTE_REPLICA_SYNCING:
	case HAM_NOTE_REPLICA_CURRENT:
		json_object_set_string_member(
			o, "replica",
			ham_core_node_name(daemon->core,
					   (uint32_t)effect->value));
		break;
	case HAM_NOTE_GUEST_FAILED:
		json_object_set_string_member(o, "reason", effect->text);
		break;
	case HAM_NOTE_NODE_DEAD:
		json_object_set_string_member(
			o, "dead",
			ham_core_node_name(daemon->core,
					   (uint32_t)effect->value));
		break;
	case HAM_NOTE_NODE_STATE:
		json_object_set_string_member(
			o, "about",
			ham_core_node_name(daemon->core,
					   effect->value
						   ? (uint32_t)effect->value
						   : effect->node));
		break;
	case HAM_NOTE_MIGRATION_PHASE:
		json_object_set_string_member(o, "txn", txn);
		json_object_set_string_member(o, "phase", effect->text);
		break;
	case HAM_NOTE_MIGRATION_DONE:
	case HAM_NOTE_MIGRATION_FAILED:
		merge(o, ham_daemon_result(daemon, effect->guest, false));
		break;
	default:
		break;
	}
}

static const char *
words(const struct ham_effect *effect, const struct ham_last_migration *last,
      char *out, size_t size)
{
	if (effect->note != HAM_NOTE_MIGRATION_DONE || !last)
		return effect->text;
	if (last->stopped_us < 0)
		g_snprintf(out, size, "migrated");
	else
		g_snprintf(out, size,
			   "migrated in %.1f s, guest stopped %.1f ms",
			   (double)last->total_ms / 1000.0,
			   (double)last->stopped_us / 1000.0);
	if (last->limit_us > 0)
		g_snprintf(out + strlen(out), size - strlen(out),
			   ", longer than its max_pause of %" G_GINT64_FORMAT
			   " ms",
			   last->limit_us / 1000);
	return out;
}

static void
keep(ham_daemon *daemon, const char *name, JsonObject *data)
{
	struct ham_note_entry *entry = g_new0(struct ham_note_entry, 1);

	entry->seq = ++daemon->note_seq;
	entry->wall_us = ham_clock_wall_us();
	entry->name = name;
	entry->data = json_object_ref(data);
	json_object_set_int_member(data, "seq", (int64_t)entry->seq);
	g_queue_push_tail(&daemon->notes, entry);
	if (daemon->notes.length > KEPT) {
		entry = g_queue_pop_head(&daemon->notes);
		json_object_unref(entry->data);
		g_free(entry);
	}
}

/* By the source alone: there it is looked for, and once is enough. */
static void
log_progress(ham_daemon *daemon, const struct ham_guest *guest,
	     const struct ham_effect *effect)
{
	struct ham_last_migration *last = last_of(daemon, guest->name);
	g_autofree char *text = NULL;

	if (guest->owner != ham_core_self(daemon->core) ||
	    last->txn != effect->txn ||
	    !ham_progress_due(&last->log_us, last->began_us, ham_clock_us()))
		return;
	text = ham_progress_text(guest->name, &effect->progress);
	ham_notice("%s", text);
}

static void
tell_progress(ham_daemon *daemon, const struct ham_effect *effect)
{
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), effect->guest);
	JsonObject *o = common(daemon, effect);

	if (g)
		log_progress(daemon, g, effect);
	if (g)
		merge(o, ham_daemon_migration(daemon, g, &effect->progress));
	json_object_set_int_member(o, "seq", (int64_t)daemon->note_seq);
	ham_admin_event(daemon->admin, "MIGRATION_PROGRESS", o);
}

void
ham_daemon_note(ham_daemon *daemon, const struct ham_effect *effect)
{
	char line[HAM_TEXT_MAX];
	const char *text;
	JsonObject *o;

	ham_daemon_past_hear(daemon, effect);
	if (effect->flag) {
		tell_progress(daemon, effect);
		return;
	}
	ham_daemon_count(daemon, effect->note);
	if (effect->note == HAM_NOTE_MIGRATION_PHASE)
		began(daemon, effect);
	if (effect->note == HAM_NOTE_MIGRATION_DONE ||
	    effect->note == HAM_NOTE_MIGRATION_FAILED)
		ended(daemon, effect);
	ham_daemon_fence_heard(daemon, effect);
	o = common(daemon, effect);
	add_details(daemon, effect, o);
	text = words(effect,
		     effect->guest[0]
			     ? g_hash_table_lookup(daemon->last, effect->guest)
			     : NULL,
		     line, sizeof(line));
	json_object_set_string_member(o, "text", text);
	ham_notice("%s%s%s: %s", ham_note_name(effect->note),
		   effect->guest[0] ? " " : "", effect->guest, text);
	keep(daemon, ham_note_name(effect->note), o);
	ham_admin_event(daemon->admin, ham_note_name(effect->note), o);
}

JsonObject *
ham_daemon_events(ham_daemon *daemon, int64_t since, int64_t limit)
{
	JsonObject *result = json_object_new();
	JsonArray *list = json_array_new();
	int64_t fitting = 0;

	for (GList *l = daemon->notes.head; l; l = l->next)
		if ((int64_t)((struct ham_note_entry *)l->data)->seq > since)
			fitting++;
	for (GList *l = daemon->notes.head; l; l = l->next) {
		const struct ham_note_entry *e = l->data;
		JsonObject *o;
		JsonObject *stamp;

		if ((int64_t)e->seq <= since)
			continue;
		if (limit >= 0 && fitting-- > limit)
			continue;
		o = json_object_new();
		stamp = json_object_new();
		json_object_set_string_member(o, "event", e->name);
		json_object_set_object_member(o, "data",
					      json_object_ref(e->data));
		json_object_set_int_member(stamp, "seconds",
					   e->wall_us / G_USEC_PER_SEC);
		json_object_set_int_member(stamp, "microseconds",
					   e->wall_us % G_USEC_PER_SEC);
		json_object_set_object_member(o, "timestamp", stamp);
		json_array_add_object_element(list, o);
	}
	json_object_set_array_member(result, "events", list);
	return result;
}
