/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fence_history.c - what became of fencings, for people
 *
 * The last 200 entries are kept over restarts in a file of this node's own:
 * what it heard of others, and what was ordered here.  A write that fails is
 * told, and costs the entries of this life of hamd only.
 *
 * Refuses to be a proof: nothing is decided by what stands here.
 */
#include "hamd/fencing.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/io/json.h"
#include "hamd/io/kept_file.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

#define PATH "/var/lib/hamd/fencing.json"

enum {
	KEPT = 200,
	FILE_MAX_BYTES = 1 << 20, /* 200 entries of full texts: a quarter */
};

struct ham_fence_history {
	GQueue entries; /* JsonObject *, oldest first */
	ham_kept_file *file;
};

/* ---- the file ---- */

static void
save(struct ham_fence_history *history)
{
	g_autoptr(JsonObject) whole = json_object_new();
	JsonArray *list = json_array_new();

	for (GList *l = history->entries.head; l; l = l->next)
		json_array_add_object_element(list, json_object_ref(l->data));
	json_object_set_array_member(whole, "history", list);
	ham_kept_file_write(history->file, ham_json_text(whole));
}

static bool
is_entry(JsonObject *entry)
{
	JsonObject *time = entry ? ham_json_object(entry, "time") : NULL;
	int64_t number;

	return time && ham_json_int(time, "seconds", &number) &&
	       ham_json_int(time, "microseconds", &number) &&
	       ham_json_string(entry, "node") &&
	       ham_json_string(entry, "what") && ham_json_string(entry, "by") &&
	       ham_json_string(entry, "text");
}

/* False with *error: the file is damaged. */
static bool
parse(struct ham_fence_history *history, const char *text, gsize len,
      GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new();
	JsonArray *list;

	if (len > FILE_MAX_BYTES || !ham_json_check(text, len, error) ||
	    !json_parser_load_from_data(parser, text, (gssize)len, error)) {
		if (!*error)
			g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
				    "more than %d bytes", FILE_MAX_BYTES);
		return false;
	}
	list = ham_json_array(
		json_node_get_object(json_parser_get_root(parser)), "history");
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);
		JsonObject *entry = JSON_NODE_HOLDS_OBJECT(node)
					    ? json_node_get_object(node)
					    : NULL;

		if (!is_entry(entry)) {
			g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
				    "entry %u is none", i);
			return false;
		}
		g_queue_push_tail(&history->entries, json_object_ref(entry));
	}
	if (list)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "no list in it");
	return false;
}

static void
forget(struct ham_fence_history *history, guint keep)
{
	while (history->entries.length > keep)
		json_object_unref(g_queue_pop_head(&history->entries));
}

/* What was damaged is put aside, for whoever wants to look at it. */
static void
load(struct ham_fence_history *history)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	gsize len = 0;

	if (g_file_get_contents(PATH, &text, &len, &error) &&
	    parse(history, text, len, &error)) {
		forget(history, KEPT);
		return;
	}
	if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return;
	forget(history, 0);
	ham_warn("the history of fencing begins anew, as " PATH " (now " PATH
		 ".damaged) can't be used: %s",
		 error->message);
	if (g_rename(PATH, PATH ".damaged") != 0)
		ham_warn(PATH ": %s", g_strerror(errno));
}

void
ham_daemon_history_open(ham_daemon *daemon)
{
	struct ham_fence_history *history = g_new0(struct ham_fence_history, 1);

	g_queue_init(&history->entries);
	history->file = ham_kept_file_new(PATH);
	load(history);
	daemon->fence_history = history;
}

void
ham_daemon_history_close(ham_daemon *daemon)
{
	struct ham_fence_history *history = daemon->fence_history;

	if (!history)
		return;
	ham_kept_file_free(history->file);
	forget(history, 0);
	g_clear_pointer(&daemon->fence_history, g_free);
}

/* ---- entries ---- */

void
ham_daemon_history_add(ham_daemon *daemon, const char *node, const char *what,
		       const char *by, const char *text)
{
	struct ham_fence_history *history = daemon->fence_history;
	JsonObject *entry = json_object_new();

	json_object_set_object_member(entry, "time",
				      ham_daemon_stamp(ham_clock_wall_us()));
	json_object_set_string_member(entry, "node", node);
	json_object_set_string_member(entry, "what", what);
	json_object_set_string_member(entry, "by", by);
	json_object_set_string_member(entry, "text", text);
	g_queue_push_tail(&history->entries, entry);
	forget(history, KEPT);
	save(history);
}

JsonArray *
ham_daemon_history(ham_daemon *daemon, int64_t limit)
{
	struct ham_fence_history *history = daemon->fence_history;
	JsonArray *list = json_array_new();
	int64_t skip = limit < 0 ? 0 : history->entries.length - limit;

	for (GList *l = history->entries.head; l; l = l->next)
		if (skip-- <= 0)
			json_array_add_object_element(list,
						      json_object_ref(l->data));
	return list;
}

/* ---- what all nodes hear ---- */

/* The node that the text begins with, NULL: none. */
static const char *
first_word(const ham_daemon *daemon, const char *text)
{
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	for (unsigned int i = 0; i < n; i++)
		if (g_str_has_prefix(text, nodes[i].name) &&
		    text[strlen(nodes[i].name)] == ' ')
			return nodes[i].name;
	return NULL;
}

void
ham_daemon_fence_heard(ham_daemon *daemon, const struct ham_effect *effect)
{
	const char *by = ham_core_node_name(
		daemon->core,
		effect->node ? effect->node : ham_core_self(daemon->core));
	const char *node = first_word(daemon, effect->text);
	const char *what = NULL;

	/* value: an operator's, which is in it already */
	if (effect->note == HAM_NOTE_FENCING && effect->value == 0)
		what = "fencing";
	else if (effect->note == HAM_NOTE_ALARM && !effect->guest[0] &&
		 strstr(effect->text, " could not be fenced: "))
		what = "failed";
	else if (effect->note == HAM_NOTE_NODE_DEAD) {
		/* the word of a majority */
		node = ham_core_node_name(daemon->core,
					  (uint32_t)effect->value);
		by = "";
		what = "dead";
	}
	if (what && node)
		ham_daemon_history_add(daemon, node, what, by, effect->text);
}
