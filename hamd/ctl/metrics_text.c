/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/metrics_text.c - see metrics_text.h */
#include "hamd/ctl/metrics_text.h"

#include <stdbool.h>
#include <string.h>

#include "hamd/ctl/json.h"

enum family {
	UP,
	BUILD_INFO,
	START_TIME,
	CONFIG_VERSION,
	QUORATE,
	DECISIONS,
	NODES,
	NODE_ONLINE,
	NODE_JOINED,
	NODE_CONFIG,
	NODE_STATE,
	NODE_ARMED,
	NODE_GUESTS,
	NODE_GUEST_MEMORY,
	NODE_USABLE_MEMORY,
	NODE_FREE_MEMORY,
	GUEST_STATE,
	GUEST_OWNER,
	GUEST_WANTED,
	GUEST_EPOCH,
	GUEST_MEMORY,
	GUEST_REPLICAS,
	GUEST_REPLICAS_WANTED,
	REPLICA_DONE,
	REPLICA_RATE,
	MIGRATION_PHASE,
	MIGRATION_DONE,
	MIGRATION_ELAPSED,
	MIGRATION_REMAINING,
	MIGRATION_RATE,
	MIGRATION_DIRTY_RATE,
	MIGRATION_THROTTLE,
	MIGRATION_PASSES,
	MIGRATION_ETA_MIN,
	MIGRATION_ETA_MAX,
	MIGRATION_PAUSE_MIN,
	MIGRATION_PAUSE_MAX,
	LAST_OK,
	LAST_DURATION,
	LAST_STOPPED,
	LAST_BLACKOUT,
	LAST_BYTES,
	WARNINGS,
	MIGRATIONS,
	FAILOVERS,
	LONG_PAUSES,
	EVENTS,
	MESSAGES_DROPPED,
	N_FAMILIES
};

#define LAST "last_migration_"
#define OF_LAST "of the newest migration that ended"
#define TO_HAND_OVER "until the hand-over of the migration, as expected"
#define OF_PAUSE "the hand-over that it comes to stops the guest, as expected"

/* clang-format off */
static const struct {
	const char *name; /* after hamd_ */
	bool counts;
	const char *help; /* no backslash and no newline */
} families[] = {
	[UP] = {"up", false, "hamd on this node answered."},
	[BUILD_INFO] = {"build_info", false,
		"The hamd that answered; the value is 1."},
	[START_TIME] = {"start_time_seconds", false,
		"When hamd started, since 1970."},
	[CONFIG_VERSION] = {"config_version", false,
		"Version of the cluster file in use."},
	[QUORATE] = {"quorate", false,
		"corosync says that this node has a quorum."},
	[DECISIONS] = {"decisions_possible", false,
		"Guests are started, moved and brought back."},
	[NODES] = {"nodes", false, "Nodes that the cluster file names."},
	[NODE_ONLINE] = {"node_online", false,
		"The node has a hamd in the group."},
	[NODE_JOINED] = {"node_joined", false,
		"The node holds the state of the cluster."},
	[NODE_CONFIG] = {"node_config_matches", false,
		"The node's cluster file is the one here."},
	[NODE_STATE] = {"node_state", false,
		"What is out of the ordinary with a node; the value is 1."},
	[NODE_ARMED] = {"node_watchdog_armed", false,
		"The node's watchdog is armed."},
	[NODE_GUESTS] = {"node_guests", false, "Guests that run on the node."},
	[NODE_GUEST_MEMORY] = {"node_guest_memory_bytes", false,
		"Memory of the guests that run on the node."},
	[NODE_USABLE_MEMORY] = {"node_usable_memory_bytes", false,
		"Memory of the node that guests may have."},
	[NODE_FREE_MEMORY] = {"node_free_memory_bytes", false,
		"Of that, what its guests leave; below 0 if they need more."},
	[GUEST_STATE] = {"guest_state", false,
		"The state that the guest is in; the value is 1."},
	[GUEST_OWNER] = {"guest_owner", false,
		"The node that may run the guest; the value is 1."},
	[GUEST_WANTED] = {"guest_wanted", false, "The guest is to run."},
	[GUEST_EPOCH] = {"guest_epoch", false,
		"Grows with each change of the guest's owner."},
	[GUEST_MEMORY] = {"guest_memory_bytes", false,
		"Memory of the guest."},
	[GUEST_REPLICAS] = {"guest_replicas", false,
		"Copies of the guest's disks on other nodes, by state."},
	[GUEST_REPLICAS_WANTED] = {"guest_replicas_wanted", false,
		"Copies of the guest's disks that are to be current."},
	[REPLICA_DONE] = {"replica_done_ratio", false,
		"How much of a copy that is being made is there."},
	[REPLICA_RATE] = {"replica_bytes_per_second", false,
		"How fast a copy is being made."},
	[MIGRATION_PHASE] = {"migration_phase", false,
		"The phase that the migration is in; the value is 1."},
	[MIGRATION_DONE] = {"migration_done_ratio", false,
		"How much of the migration is done, with what the guest is "
		"expected to write."},
	[MIGRATION_ELAPSED] = {"migration_elapsed_seconds", false,
		"Time since the begin of the migration."},
	[MIGRATION_REMAINING] = {"migration_remaining_bytes", false,
		"What is still to be copied, as known."},
	[MIGRATION_RATE] = {"migration_bytes_per_second", false,
		"How fast the migration copies."},
	[MIGRATION_DIRTY_RATE] = {"migration_dirty_bytes_per_second", false,
		"How fast the guest writes its memory."},
	[MIGRATION_THROTTLE] = {"migration_throttle_ratio", false,
		"How much the guest is slowed down for the migration."},
	[MIGRATION_PASSES] = {"migration_passes", false,
		"How often the guest's memory was looked through."},
	[MIGRATION_ETA_MIN] = {"migration_eta_min_seconds", false,
		"Least time " TO_HAND_OVER "."},
	[MIGRATION_ETA_MAX] = {"migration_eta_max_seconds", false,
		"Most time " TO_HAND_OVER "."},
	[MIGRATION_PAUSE_MIN] = {"migration_pause_min_seconds", false,
		"Least time that " OF_PAUSE "."},
	[MIGRATION_PAUSE_MAX] = {"migration_pause_max_seconds", false,
		"Most time that " OF_PAUSE "."},
	[LAST_OK] = {LAST "success", false,
		"The newest migration that ended went well."},
	[LAST_DURATION] = {LAST "duration_seconds", false,
		"Time " OF_LAST "."},
	[LAST_STOPPED] = {LAST "stopped_seconds", false,
		"How long the guest stood still in the newest migration that "
		"ended."},
	[LAST_BLACKOUT] = {LAST "blackout_seconds", false,
		"How long the network did not hear the guest in it."},
	[LAST_BYTES] = {LAST "bytes", false, "Bytes " OF_LAST "."},
	[WARNINGS] = {"warnings", false, "Warnings in hamctl status."},
	[MIGRATIONS] = {"migrations_total", true,
		"Migrations that this node saw end."},
	[FAILOVERS] = {"failovers_total", true,
		"Guests given to another node because theirs was dead."},
	[LONG_PAUSES] = {"migration_pauses_too_long_total", true,
		"Live migrations whose pause was longer than max_pause."},
	[EVENTS] = {"events_total", true, "Events told on this node."},
	[MESSAGES_DROPPED] = {"messages_dropped_total", true,
		"Messages of the group that this node dropped."},
};
/* clang-format on */
G_STATIC_ASSERT(G_N_ELEMENTS(families) == N_FAMILIES);

struct metrics {
	GString *samples[N_FAMILIES];
	GHashTable *seen;   /* name and labels of each */
	GHashTable *guests; /* names */
};

/* A label as "name", value; at most three of them, ended by NULL. */
struct labels {
	const char *pair[7];
};

#define NO_LABELS ((struct labels){{NULL}})
#define LABELS(...) ((struct labels){{__VA_ARGS__, NULL}})

static void
add_value(GString *text, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	for (const char *p = valid; *p; p++) {
		if (*p == '\\' || *p == '"')
			g_string_append_c(text, '\\');
		if (*p == '\n')
			g_string_append(text, "\\n");
		else
			g_string_append_c(text, *p);
	}
}

static void
add(struct metrics *m, enum family family, struct labels labels, double value)
{
	GString *series = g_string_new("hamd_");
	/* a locale's comma would be no number */
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(series, families[family].name);
	for (size_t i = 0; labels.pair[i]; i += 2) {
		g_string_append_printf(series, "%s%s=\"", i ? "," : "{",
				       labels.pair[i]);
		add_value(series, labels.pair[i + 1]);
		g_string_append_c(series, '"');
	}
	if (labels.pair[0])
		g_string_append_c(series, '}');
	if (!g_hash_table_contains(m->seen, series->str)) {
		g_ascii_formatd(number, sizeof(number), "%.15g", value);
		g_string_append_printf(m->samples[family], "%s %s\n",
				       series->str, number);
		g_hash_table_add(m->seen, g_strdup(series->str));
	}
	g_string_free(series, TRUE);
}

/* A number, in units of `unit`; nothing if hamd does not tell it. */
static void
add_number(struct metrics *m, enum family family, struct labels labels,
	   JsonObject *from, const char *member, double unit)
{
	JsonNode *node = from ? json_object_get_member(from, member) : NULL;

	if (node && JSON_NODE_HOLDS_VALUE(node) &&
	    (json_node_get_value_type(node) == G_TYPE_INT64 ||
	     json_node_get_value_type(node) == G_TYPE_DOUBLE))
		add(m, family, labels, json_node_get_double(node) * unit);
}

/* The same of what is not known below 0. */
static void
add_known(struct metrics *m, enum family family, struct labels labels,
	  JsonObject *from, const char *member, double unit)
{
	if (ham_ctl_json_int(from, member, -1) >= 0)
		add_number(m, family, labels, from, member, unit);
}

static void
add_bool(struct metrics *m, enum family family, struct labels labels,
	 JsonObject *from, const char *member)
{
	JsonNode *node = from ? json_object_get_member(from, member) : NULL;

	if (node && JSON_NODE_HOLDS_VALUE(node) &&
	    json_node_get_value_type(node) == G_TYPE_BOOLEAN)
		add(m, family, labels, json_node_get_boolean(node));
}

static void
add_cluster(struct metrics *m, JsonObject *status)
{
	JsonObject *cluster = ham_ctl_json_object(status, "cluster");
	JsonObject *quorum = ham_ctl_json_object(status, "quorum");
	JsonArray *warnings = ham_ctl_json_array(status, "warnings");

	add(m, BUILD_INFO,
	    LABELS("version", ham_ctl_json_text(status, "hamd"), "node",
		   ham_ctl_json_text(status, "node"), "cluster",
		   ham_ctl_json_text(cluster, "name")),
	    1);
	add_number(m, CONFIG_VERSION, NO_LABELS, cluster, "version", 1);
	add_bool(m, QUORATE, NO_LABELS, quorum, "quorate");
	add_bool(m, DECISIONS, NO_LABELS, quorum, "active");
	add_number(m, NODES, NO_LABELS, quorum, "configured", 1);
	if (warnings)
		add(m, WARNINGS, NO_LABELS, ham_ctl_json_length(warnings));
}

static void
add_node(struct metrics *m, JsonObject *node)
{
	const char *name = ham_ctl_json_text(node, "name");
	struct labels labels = LABELS("node", name);
	JsonArray *states = ham_ctl_json_array(node, "states");

	add_bool(m, NODE_ONLINE, labels, node, "online");
	add_bool(m, NODE_JOINED, labels, node, "member");
	add_bool(m, NODE_CONFIG, labels, node, "config_matches");
	for (guint i = 0; i < ham_ctl_json_length(states); i++)
		add(m, NODE_STATE,
		    LABELS("node", name, "state",
			   ham_ctl_json_string_at(states, i)),
		    1);
	add_bool(m, NODE_ARMED, labels, node, "armed");
	add_number(m, NODE_GUESTS, labels, node, "guests", 1);
	add_number(m, NODE_GUEST_MEMORY, labels, node, "guest_memory_bytes", 1);
	add_number(m, NODE_USABLE_MEMORY, labels, node, "usable_memory_bytes",
		   1);
	add_number(m, NODE_FREE_MEMORY, labels, node, "free_memory_bytes", 1);
}

static void
add_replicas(struct metrics *m, const char *name, JsonObject *guest)
{
	static const char *const states[] = {"current", "syncing", "outdated",
					     "partial", "absent"};
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");

	for (size_t s = 0; replicas && s < G_N_ELEMENTS(states); s++) {
		unsigned int n = 0;

		for (guint i = 0; i < ham_ctl_json_length(replicas); i++)
			n += strcmp(states[s],
				    ham_ctl_json_text(
					    ham_ctl_json_element(replicas, i),
					    "state")) == 0;
		add(m, GUEST_REPLICAS,
		    LABELS("guest", name, "state", states[s]), n);
	}
	for (guint i = 0; i < ham_ctl_json_length(replicas); i++) {
		JsonObject *replica = ham_ctl_json_element(replicas, i);
		struct labels labels =
			LABELS("guest", name, "node",
			       ham_ctl_json_text(replica, "node"));
		uint64_t total = ham_ctl_json_count(replica, "total_bytes");

		if (total == 0)
			continue;
		add_number(m, REPLICA_DONE, labels, replica, "done_bytes",
			   1 / (double)total);
		add_number(m, REPLICA_RATE, labels, replica, "rate_bytes_per_s",
			   1);
	}
}

static void
add_migration(struct metrics *m, const char *name, JsonObject *migration)
{
	const char *from = ham_ctl_json_text(migration, "from");
	const char *to = ham_ctl_json_text(migration, "to");
	struct labels labels = LABELS("guest", name, "from", from, "to", to);
	uint64_t disk_done = ham_ctl_json_count(migration, "disk_done_bytes");
	uint64_t disk_total = ham_ctl_json_count(migration, "disk_total_bytes");

	add(m, MIGRATION_PHASE,
	    LABELS("guest", name, "phase",
		   ham_ctl_json_text(migration, "phase")),
	    1);
	add_known(m, MIGRATION_DONE, labels, migration, "done_permille", 1e-3);
	add_number(m, MIGRATION_ELAPSED, labels, migration, "elapsed_ms", 1e-3);
	if (json_object_has_member(migration, "disk_total_bytes"))
		add(m, MIGRATION_REMAINING,
		    LABELS("guest", name, "kind", "disk"),
		    (double)(disk_total - MIN(disk_done, disk_total)));
	add_number(m, MIGRATION_REMAINING,
		   LABELS("guest", name, "kind", "memory"), migration,
		   "ram_remaining_bytes", 1);
	add_number(m, MIGRATION_RATE, labels, migration, "rate_bytes_per_s", 1);
	add_known(m, MIGRATION_DIRTY_RATE, labels, migration,
		  "dirty_bytes_per_s", 1);
	add_known(m, MIGRATION_THROTTLE, labels, migration, "throttle_percent",
		  1e-2);
	add_number(m, MIGRATION_PASSES, labels, migration, "passes", 1);
	add_known(m, MIGRATION_ETA_MIN, labels, migration, "eta_min_ms", 1e-3);
	add_known(m, MIGRATION_ETA_MAX, labels, migration, "eta_max_ms", 1e-3);
	add_known(m, MIGRATION_PAUSE_MIN, labels, migration, "pause_min_ms",
		  1e-3);
	add_known(m, MIGRATION_PAUSE_MAX, labels, migration, "pause_max_ms",
		  1e-3);
}

static void
add_last(struct metrics *m, const char *name, JsonObject *last)
{
	struct labels labels = LABELS("guest", name);

	add_bool(m, LAST_OK, labels, last, "ok");
	add_known(m, LAST_DURATION, labels, last, "total_ms", 1e-3);
	add_known(m, LAST_STOPPED, labels, last, "stopped_ms", 1e-3);
	add_known(m, LAST_BLACKOUT, labels, last, "blackout_ms", 1e-3);
	add_number(m, LAST_BYTES, LABELS("guest", name, "kind", "disk"), last,
		   "disk_bytes", 1);
	add_number(m, LAST_BYTES, LABELS("guest", name, "kind", "memory"), last,
		   "ram_bytes", 1);
}

static void
add_guest(struct metrics *m, JsonObject *guest)
{
	const char *name = ham_ctl_json_text(guest, "name");
	const char *state = ham_ctl_json_text(guest, "state");
	const char *owner = ham_ctl_json_text(guest, "owner");
	const char *wanted = ham_ctl_json_text(guest, "wanted");
	struct labels labels = LABELS("guest", name);
	JsonObject *migration = ham_ctl_json_object(guest, "migration");
	JsonObject *last = ham_ctl_json_object(guest, "last_migration");

	/* one state, also of a guest that comes twice */
	if (!state[0] || !g_hash_table_add(m->guests, g_strdup(name)))
		return;
	add(m, GUEST_STATE, LABELS("guest", name, "state", state), 1);
	if (owner[0])
		add(m, GUEST_OWNER, LABELS("guest", name, "node", owner), 1);
	if (wanted[0])
		add(m, GUEST_WANTED, labels, strcmp(wanted, "running") == 0);
	add_number(m, GUEST_EPOCH, labels, guest, "epoch", 1);
	add_number(m, GUEST_MEMORY, labels, guest, "memory_bytes", 1);
	add_number(m, GUEST_REPLICAS_WANTED, labels, guest, "replicas_wanted",
		   1);
	add_replicas(m, name, guest);
	if (migration)
		add_migration(m, name, migration);
	if (last)
		add_last(m, name, last);
}

static void
add_counters(struct metrics *m, JsonObject *counters)
{
	JsonObject *events = ham_ctl_json_object(counters, "events");
	JsonObject *since = ham_ctl_json_object(counters, "since");
	g_autoptr(GList) names =
		events ? json_object_get_members(events) : NULL;

	add_number(m, START_TIME, NO_LABELS, since, "seconds", 1);
	add_number(m, MIGRATIONS, LABELS("result", "done"), events,
		   "MIGRATION_DONE", 1);
	add_number(m, MIGRATIONS, LABELS("result", "failed"), events,
		   "MIGRATION_FAILED", 1);
	add_number(m, FAILOVERS, NO_LABELS, counters, "failovers", 1);
	add_number(m, LONG_PAUSES, NO_LABELS, counters, "pauses_too_long", 1);
	add_number(m, MESSAGES_DROPPED, LABELS("direction", "received"),
		   counters, "messages_unread", 1);
	add_number(m, MESSAGES_DROPPED, LABELS("direction", "sent"), counters,
		   "messages_unsent", 1);
	for (GList *l = names; l; l = l->next)
		add_number(m, EVENTS, LABELS("event", l->data), events, l->data,
			   1);
}

/* Families that have samples, each with its two comments. */
static char *
finish(struct metrics *m)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < N_FAMILIES; i++) {
		if (m->samples[i]->len > 0)
			g_string_append_printf(
				text,
				"# HELP hamd_%s %s\n# TYPE hamd_%s %s\n%s",
				families[i].name, families[i].help,
				families[i].name,
				families[i].counts ? "counter" : "gauge",
				m->samples[i]->str);
		g_string_free(m->samples[i], TRUE);
	}
	g_hash_table_unref(m->seen);
	g_hash_table_unref(m->guests);
	return g_string_free(text, FALSE);
}

char *
ham_ctl_metrics_text(JsonObject *status)
{
	JsonArray *nodes = ham_ctl_json_array(status, "nodes");
	JsonArray *guests = ham_ctl_json_array(status, "guests");
	struct metrics m = {
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      NULL),
		.guests = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						NULL),
	};

	for (int i = 0; i < N_FAMILIES; i++)
		m.samples[i] = g_string_new(NULL);
	add(&m, UP, NO_LABELS, status != NULL);
	if (status == NULL)
		return finish(&m);
	add_cluster(&m, status);
	for (guint i = 0; i < ham_ctl_json_length(nodes); i++)
		add_node(&m, ham_ctl_json_element(nodes, i));
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		add_guest(&m, ham_ctl_json_element(guests, i));
	add_counters(&m, ham_ctl_json_object(status, "counters"));
	return finish(&m);
}
