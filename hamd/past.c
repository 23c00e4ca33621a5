/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/past.c - the history of migrations and failovers: fed, asked, its
 * troubles
 *
 * Gives hamd/history.h what this node hears, with names for numbers, and what
 * that keeps to the worker of hamd/io/history_store.h.  A history that can't be
 * kept is told once and shows in status; nothing else depends on it.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"
#include "hamd/history.h"
#include "hamd/io/history_store.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

#define PATH "/var/lib/hamd/history.db"

enum {
	LIST_DEFAULT = 50,
};

/* A disk that is full now and then is no news each time. */
#define TELL_US ((int64_t)3600 * 1000000)

struct ham_past {
	ham_daemon *daemon;
	ham_history *history;
	ham_history_store *store;
	char *trouble;	 /* NULL: none */
	int64_t told_us; /* of it, to people; 0: never */
};

static struct ham_history_stamp
now(void)
{
	return (struct ham_history_stamp){ham_clock_wall_us(), ham_clock_us()};
}

/* ---- to the worker ---- */

static void
keep_entry(const struct ham_history_entry *entry, bool begins, void *data)
{
	ham_history_store_put(((struct ham_past *)data)->store, entry, begins);
}

static void
keep_step(const char *id, const struct ham_history_step *step, void *data)
{
	ham_history_store_step(((struct ham_past *)data)->store, id, step);
}

static void
keep_sample(const char *id, const struct ham_history_sample *sample, void *data)
{
	ham_history_store_sample(((struct ham_past *)data)->store, id, sample);
}

static void
thin(const char *id, void *data)
{
	ham_history_store_thin(((struct ham_past *)data)->store, id);
}

/* ---- from the worker ---- */

static void
on_answer(uint64_t token, JsonObject *answer, const char *error_class,
	  const char *text, void *data)
{
	ham_daemon *daemon = ((struct ham_past *)data)->daemon;

	if (!answer) {
		ham_admin_error(daemon->admin, token, error_class, text);
		return;
	}
	json_object_set_string_member(
		answer, "node",
		ham_core_node_name(daemon->core, ham_core_self(daemon->core)));
	ham_admin_return(daemon->admin, token, answer);
}

static void
on_trouble(const char *text, bool once, void *data)
{
	struct ham_past *past = data;
	struct ham_effect effect = {.kind = HAM_FX_NOTE,
				    .note = HAM_NOTE_ALARM};
	int64_t now_us = ham_clock_us();

	if (!once) {
		g_free(past->trouble);
		past->trouble = g_strdup(text);
	}
	if (!text) {
		ham_notice("the history of migrations is kept again");
		return;
	}
	g_snprintf(effect.text, sizeof(effect.text), "%s%s",
		   once ? "" : "no history of migrations is kept here: ", text);
	if (!once && past->told_us && now_us - past->told_us < TELL_US) {
		ham_warn("%s", effect.text);
		return;
	}
	past->told_us = once ? past->told_us : now_us;
	ham_daemon_note(past->daemon, &effect);
}

void
ham_daemon_past_problems(const ham_daemon *daemon, JsonArray *list)
{
	g_autofree char *text = NULL;

	if (!daemon->past || !daemon->past->trouble)
		return;
	text = g_strdup_printf("no history of migrations is kept here: %s",
			       daemon->past->trouble);
	json_array_add_string_element(list, text);
}

/* ---- start and end ---- */

void
ham_daemon_past_open(ham_daemon *daemon)
{
	static const struct ham_history_sink sink = {
		.put = keep_entry,
		.step = keep_step,
		.sample = keep_sample,
		.thin = thin,
	};
	static const struct ham_history_callbacks callbacks = {
		.on_answer = on_answer,
		.on_trouble = on_trouble,
	};
	struct ham_past *past = g_new0(struct ham_past, 1);
	g_autofree char *boot = NULL;

	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot, NULL,
				 NULL))
		boot = g_strdup("");
	past->daemon = daemon;
	past->history = ham_history_new(&sink, past);
	past->store = ham_history_store_open(PATH, g_strstrip(boot), &callbacks,
					     past);
	daemon->past = past;
}

void
ham_daemon_past_close(ham_daemon *daemon)
{
	struct ham_past *past = daemon->past;

	if (!past)
		return;
	ham_history_store_free(past->store);
	ham_history_free(past->history);
	g_free(past->trouble);
	g_clear_pointer(&daemon->past, g_free);
}

/* ---- what is heard ---- */

/* Where from and to, and how, as far as the record still says so. */
static void
add_facts(const ham_daemon *daemon, const struct ham_effect *effect,
	  struct ham_history_heard *heard)
{
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), effect->guest);
	struct ham_policy policy;
	uint32_t moved_from = effect->note == HAM_NOTE_MIGRATION_PHASE
				      ? (uint32_t)effect->value
				      : 0;
	uint32_t from = 0;
	uint32_t to = 0;

	if (!g || g->txn != effect->txn)
		return;
	if (g->dst || g->move_to) {
		from = g->owner;
		to = g->dst ? g->dst : g->move_to;
	} else if (moved_from) {
		from = moved_from;
		to = g->owner;
	} else if (effect->note == HAM_NOTE_MIGRATION_DONE) {
		to = g->owner;
	}
	if (g->dst)
		heard->mode = "live";
	else if (g->move_to || moved_from)
		heard->mode = g->cold || g->phase == HAM_GUEST_STOPPED ? "cold"
								       : "warm";
	if (from)
		heard->from = ham_core_node_name(daemon->core, from);
	if (to)
		heard->to = ham_core_node_name(daemon->core, to);
	if (g->dst && ham_core_policy(daemon->core, g->name, &policy))
		heard->max_pause_us = policy.max_pause_us;
}

/* It is to be started elsewhere, wherever that is. */
static void
node_died(ham_daemon *daemon, const struct ham_effect *effect,
	  struct ham_history_stamp at)
{
	const struct ham_record *record = ham_core_record(daemon->core);
	uint32_t node = (uint32_t)effect->value;

	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *g = &record->guests[i];

		if (g->owner == node && g->owner_dead && g->wanted)
			ham_history_dead(daemon->past->history,
					 ham_core_node_name(daemon->core, node),
					 effect->text, g->name, g->epoch, at);
	}
}

void
ham_daemon_past_hear(ham_daemon *daemon, const struct ham_effect *effect)
{
	struct ham_history_heard heard = {
		.at = now(),
		.note = (enum ham_note)effect->note,
		.by = ham_core_node_name(daemon->core,
					 effect->node
						 ? effect->node
						 : ham_core_self(daemon->core)),
		.guest = effect->guest,
		.text = effect->text,
		.epoch = effect->epoch,
		.txn = effect->txn,
		.progress = effect->flag ? &effect->progress : NULL,
		.mode = "",
		.from = "",
		.to = "",
		.max_pause_us = -1,
	};

	if (!daemon->past)
		return;
	if (effect->note == HAM_NOTE_NODE_DEAD)
		node_died(daemon, effect, heard.at);
	if (effect->guest[0])
		add_facts(daemon, effect, &heard);
	ham_history_hear(daemon->past->history, &heard);
}

void
ham_daemon_past_ring(ham_daemon *daemon, const uint32_t *ids, size_t n_ids)
{
	unsigned int n = 0;
	const struct ham_core_node *nodes =
		daemon->past ? ham_core_nodes(daemon->core, &n) : NULL;

	for (unsigned int i = 0; i < n; i++) {
		bool here = false;

		for (size_t k = 0; k < n_ids; k++)
			here |= ids[k] == nodes[i].id;
		ham_history_node(daemon->past->history, nodes[i].name, here,
				 now());
	}
}

void
ham_daemon_past_look(ham_daemon *daemon)
{
	const struct ham_record *record = ham_core_record(daemon->core);
	ham_history *history = daemon->past ? daemon->past->history : NULL;

	/* backwards: one that ends is taken off */
	for (unsigned int i = history ? ham_history_failovers(history) : 0;
	     i > 0; i--) {
		const char *name = ham_history_failover(history, i - 1);
		const struct ham_guest *g = ham_record_lookup(record, name);

		if (!g || g->phase == HAM_GUEST_STOPPED)
			ham_history_placed(history, name, NULL,
					   g ? g->reason : "", now());
		else if (!g->owner_dead)
			ham_history_placed(
				history, name,
				ham_core_node_name(daemon->core, g->owner), "",
				now());
	}
}

/* ---- what is asked ---- */

/* Stays as it is if it is not given; false: it is no number. */
static bool
take_number(JsonObject *arguments, const char *name, int64_t *value)
{
	return !arguments || !json_object_has_member(arguments, name) ||
	       ham_json_int(arguments, name, value);
}

void
ham_daemon_past_list(ham_daemon *daemon,
		     const struct ham_admin_request *request)
{
	const char *guest = ham_json_string(request->arguments, "guest");
	struct ham_history_query query = {.limit = LIST_DEFAULT};
	bool ok = take_number(request->arguments, "limit", &query.limit) &&
		  take_number(request->arguments, "since", &query.since) &&
		  take_number(request->arguments, "before", &query.before);

	if (guest && !ham_name_valid(guest)) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"that is not a guest's name");
		return;
	}
	if (!ok || query.limit < 1 || query.since < 0 || query.before < 0) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"'limit' is 1 or more, 'since' and 'before' "
				"are numbers of entries");
		return;
	}
	g_strlcpy(query.guest, guest ? guest : "", sizeof(query.guest));
	ham_history_store_list(daemon->past->store, request->token, &query);
}

void
ham_daemon_past_show(ham_daemon *daemon,
		     const struct ham_admin_request *request)
{
	const char *id = ham_json_string(request->arguments, "id");

	if (!id || strlen(id) >= HAM_HISTORY_ID_SIZE) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"the argument 'id' (of an entry, as web1-17) "
				"is missing, or is none");
		return;
	}
	ham_history_store_show(daemon->past->store, request->token, id,
			       ham_json_true(request->arguments, "samples"));
}
