/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/trial.c - a migration that is not made: what would it be like?
 *
 *	HAM_FX_TRIAL: the guest layer here looks, and tells the core
 *	HAM_FX_TRIED: what each node has told, kept until all is there;
 *	then checks (trial_checks.c), forecast and advice
 *	(hamd/core/trial.h) for each node that it may go to, the best of
 *	them, and the answer to who asked
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/io/json.h"
#include "hamd/trial.h"

enum {
	/* a shorter one's rate is that of its overhead */
	SEEN_BYTES_MIN = 256 << 20,
};

/* From here on ranks are no kinds of a migration. */
enum {
	RANK_REFUSED = HAM_TRIAL_N,
	RANK_SILENT,
};

struct candidate {
	struct ham_trial_side side;
	JsonObject *json; /* the answer's */
	unsigned int rank;
	int64_t duration_us;
};

void
ham_daemon_trial(ham_daemon *daemon, const struct ham_effect *effect)
{
	ham_guests_look(daemon->guests, effect->guest, effect->epoch,
			effect->txn, effect->flag, (unsigned int)effect->value);
}

/* ---- one candidate ---- */

static void
set_ms(JsonObject *o, const char *name, int64_t us)
{
	json_object_set_int_member(o, name, ham_us_to_ms_up(us));
}

static JsonObject *
forecast(const struct ham_trial_view *view, const struct ham_trial_facts *facts)
{
	JsonObject *o = json_object_new();

	set_ms(o, "duration_min_ms", view->duration_us[0]);
	set_ms(o, "duration_max_ms", view->duration_us[1]);
	set_ms(o, "pause_min_ms", view->pause_us[0]);
	set_ms(o, "pause_max_ms", view->pause_us[1]);
	json_object_set_int_member(o, "disk_bytes", (int64_t)facts->disk_left);
	json_object_set_int_member(o, "ram_bytes",
				   (int64_t)(view->bytes - facts->disk_left));
	json_object_set_int_member(o, "rate_bytes_per_s", (int64_t)view->rate);
	json_object_set_int_member(o, "throttle_percent", view->throttle);
	json_object_set_int_member(o, "needs_bytes_per_s",
				   (int64_t)view->needs_rate);
	set_ms(o, "needs_pause_ms", view->needs_pause_us);
	return o;
}

/* "SPAN BYTES", once for each. */
static void
read_dirt(const struct ham_trial_side *src, struct ham_trial_facts *facts)
{
	unsigned int n = 0;

	for (char **line = src->lines; *line && n < HAM_TRIAL_LOOKS; line++) {
		uint64_t span;
		char *at;

		if (!g_str_has_prefix(*line, "dirty "))
			continue;
		span = g_ascii_strtoull(*line + strlen("dirty "), &at, 10);
		if (span == 0 || span > (uint64_t)G_USEC_PER_SEC * 60)
			continue;
		facts->dirty[n].span_us = (int64_t)span;
		facts->dirty[n++].bytes = g_ascii_strtoull(at, NULL, 10);
	}
}

/* What an earlier migration of it moved in a second. */
static uint64_t
seen_rate(const ham_daemon *daemon, const char *guest)
{
	const struct ham_last_migration *last =
		g_hash_table_lookup(daemon->last, guest);
	uint64_t moved = last ? last->disk_bytes + last->ram_bytes : 0;

	if (!last || !last->over || !last->ok || last->total_ms <= 0 ||
	    moved < SEEN_BYTES_MIN)
		return 0;
	return moved / (uint64_t)last->total_ms * 1000;
}

static void
read_facts(const ham_daemon *daemon, const struct ham_guest *guest,
	   const struct ham_trial_side *src, uint32_t dst,
	   struct ham_trial_facts *out)
{
	const struct ham_conf_guest *conf =
		ham_conf_find_guest(daemon->conf, guest->name);
	const struct ham_last_migration *last =
		g_hash_table_lookup(daemon->last, guest->name);
	uint64_t used = ham_trial_number(src, "ram-used");

	memset(out, 0, sizeof(*out));
	out->runs = guest->phase != HAM_GUEST_STOPPED;
	out->ram_total = conf->memory;
	out->ram_used = used ? used : conf->memory;
	out->budget = MAX(ham_trial_number(src, "budget"), 1);
	out->seen = seen_rate(daemon, guest->name);
	out->paused_us = last && last->over && last->ok && last->stopped_us > 0
				 ? last->stopped_us
				 : 0;
	out->policy = (struct ham_policy){
		.max_pause_us = conf->max_pause_us,
		.max_duration_us = conf->max_duration_us,
		.auto_converge = conf->auto_converge,
	};
	read_dirt(src, out);
	for (unsigned int i = 0; i < conf->disks->len; i++) {
		const char *line = ham_trial_line_of(src, "disk", i);
		char *at = NULL;
		uint64_t held = line ? g_ascii_strtoull(line, &at, 10) : 0;

		if (at && strcmp(at, " 0") == 0 &&
		    !ham_guest_is_current(guest, dst))
			out->disk_left += held;
	}
}

static void
set_verdict(struct candidate *c, const char *verdict, bool live,
	    const char *why)
{
	json_object_set_string_member(c->json, "verdict", verdict);
	json_object_set_boolean_member(c->json, "live", live);
	json_object_set_string_member(c->json, "why", why);
}

static void
look_at(ham_daemon *daemon, const struct ham_guest *guest,
	const struct ham_trial_side *src, struct candidate *c)
{
	JsonArray *list = json_array_new();
	g_autoptr(GString) why = g_string_new(NULL);
	struct ham_trial_facts facts;
	struct ham_trial_view view;
	bool fits;

	json_object_set_string_member(c->json, "node", c->side.name);
	json_object_set_array_member(c->json, "checks", list);
	if (!c->side.lines || !src->lines) {
		c->rank = RANK_SILENT;
		g_string_printf(why, "%s did not answer",
				c->side.lines ? src->name : c->side.name);
		set_verdict(c, "unknown", false, why->str);
		return;
	}
	fits = ham_trial_checks(daemon, guest, src, &c->side, list, why);
	if (!fits) {
		c->rank = RANK_REFUSED;
		set_verdict(c, "refused", false, why->str);
		return;
	}
	read_facts(daemon, guest, src, c->side.node, &facts);
	ham_trial_look(&facts, &view);
	c->rank = view.kind;
	c->duration_us = view.duration_us[1];
	json_object_set_object_member(c->json, "forecast",
				      forecast(&view, &facts));
	set_verdict(c, ham_trial_name(view.kind), ham_trial_is_live(view.kind),
		    view.why);
}

/* ---- all of them ---- */

/* Of two that are alike, the one that a drain would take. */
static bool
is_better(const struct candidate *a, const struct candidate *b, uint32_t picked)
{
	if (a->rank != b->rank)
		return a->rank < b->rank;
	if (a->side.node == picked || b->side.node == picked)
		return a->side.node == picked;
	return a->duration_us >= 0 &&
	       (b->duration_us < 0 || a->duration_us < b->duration_us);
}

static const struct candidate *
best_of(const ham_daemon *daemon, const struct ham_guest *guest,
	const struct candidate *list, unsigned int n)
{
	uint32_t picked = ham_core_destination(daemon->core, guest->name);
	const struct candidate *best = NULL;

	for (unsigned int i = 0; i < n; i++)
		if (list[i].rank < RANK_REFUSED &&
		    (!best || is_better(&list[i], best, picked)))
			best = &list[i];
	return best;
}

/* What the owner could not find out. */
static JsonArray *
errors_of(const struct ham_trial_side *src)
{
	JsonArray *list = json_array_new();

	for (char **line = src->lines; line && *line; line++)
		if (g_str_has_prefix(*line, "error "))
			json_array_add_string_element(list,
						      *line + strlen("error "));
	return list;
}

/* Who was asked: who has answered, and of whom that is missing. */
static bool
was_asked(GHashTable *told, uint16_t silent, const struct ham_core_node *node,
	  unsigned int i)
{
	return g_hash_table_contains(told, GUINT_TO_POINTER(node->id)) ||
	       (silent & (1u << i));
}

/* One that was cut off has not answered. */
static char **
lines_of(GHashTable *told, uint16_t silent, uint32_t node, unsigned int i)
{
	const GString *text = g_hash_table_lookup(told, GUINT_TO_POINTER(node));

	return text && !(silent & (1u << i)) ? g_strsplit(text->str, "\n", -1)
					     : NULL;
}

static JsonObject *
answer(ham_daemon *daemon, const struct ham_guest *guest, GHashTable *told,
       uint16_t silent)
{
	struct candidate list[HAM_MAX_NODES] = {{.rank = 0}};
	struct ham_trial_side src = {.node = guest->owner};
	JsonArray *candidates = json_array_new();
	JsonObject *result = json_object_new();
	const struct candidate *best;
	unsigned int n_nodes, n = 0;
	const struct ham_core_node *nodes =
		ham_core_nodes(daemon->core, &n_nodes);

	src.name = ham_core_node_name(daemon->core, guest->owner);
	for (unsigned int i = 0; i < n_nodes; i++) {
		struct ham_trial_side side = {nodes[i].id, nodes[i].name, NULL};

		if (!was_asked(told, silent, &nodes[i], i))
			continue;
		side.lines = lines_of(told, silent, nodes[i].id, i);
		if (nodes[i].id == guest->owner)
			src = side;
		else
			list[n++].side = side;
	}
	for (unsigned int i = 0; i < n; i++) {
		list[i].json = json_object_new();
		look_at(daemon, guest, &src, &list[i]);
		json_array_add_object_element(candidates, list[i].json);
	}
	best = best_of(daemon, guest, list, n);
	json_object_set_string_member(result, "guest", guest->name);
	json_object_set_string_member(result, "from", src.name);
	if (best)
		json_object_set_string_member(result, "best", best->side.name);
	else
		json_object_set_null_member(result, "best");
	json_object_set_array_member(result, "candidates", candidates);
	json_object_set_array_member(result, "errors", errors_of(&src));
	for (unsigned int i = 0; i < n; i++)
		g_strfreev(list[i].side.lines);
	g_strfreev(src.lines);
	return result;
}

static void
text_free(gpointer data)
{
	g_string_free(data, TRUE);
}

/* What the nodes have told so far of that trial: node -> GString. */
static GHashTable *
told_of(ham_daemon *daemon, uint64_t token)
{
	GHashTable *told;

	if (!daemon->trials)
		daemon->trials = g_hash_table_new_full(
			g_int64_hash, g_int64_equal, g_free,
			(GDestroyNotify)g_hash_table_destroy);
	told = g_hash_table_lookup(daemon->trials, &token);
	if (told)
		return told;
	told = g_hash_table_new_full(NULL, NULL, NULL, text_free);
	g_hash_table_insert(daemon->trials, g_memdup2(&token, sizeof(token)),
			    told);
	return told;
}

static void
add_piece(GHashTable *told, const struct ham_effect *effect)
{
	GString *text =
		g_hash_table_lookup(told, GUINT_TO_POINTER(effect->node));

	if (!text) {
		text = g_string_new(NULL);
		g_hash_table_insert(told, GUINT_TO_POINTER(effect->node), text);
	}
	g_string_append_len(text, (const char *)effect->bytes,
			    (gssize)effect->len);
}

/* It comes from other nodes: the answer is to be JSON whatever they say. */
static void
clean(gpointer key, gpointer value, gpointer data)
{
	GString *text = value;
	g_autofree char *valid = g_utf8_make_valid(text->str, -1);

	(void)key;
	(void)data;
	g_string_assign(text, valid);
}

void
ham_daemon_tried(ham_daemon *daemon, const struct ham_effect *effect)
{
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(daemon->core), effect->guest);
	GHashTable *told = told_of(daemon, effect->value);

	if (effect->node) {
		add_piece(told, effect);
		return;
	}
	g_hash_table_foreach(told, clean, NULL);
	if (effect->text[0] || !guest) {
		g_autofree char *text = g_strdup_printf(
			"%s: %s", effect->guest,
			guest ? effect->text : "it is not there any more");

		ham_admin_error(daemon->admin, effect->value, "Refused", text);
	} else {
		ham_admin_return(
			daemon->admin, effect->value,
			answer(daemon, guest, told, (uint16_t)effect->txn));
	}
	g_hash_table_remove(daemon->trials, &effect->value);
}
