/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/guest.c - hamctl guest list and show */
#include "hamd/ctl/guest.h"

#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/forecast.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/progress.h"
#include "hamd/ctl/report.h"

/* One "  name   value" line of guest show; the value is freed. */
static void
print_field(const char *name, char *value)
{
	g_autofree char *clean = ham_ctl_clean(value);

	if (clean[0])
		printf("  %-16s %s\n", name, clean);
	g_free(value);
}

static uint64_t
sum_disks(JsonObject *guest)
{
	JsonArray *disks = ham_ctl_json_array(guest, "disks");
	uint64_t sum = 0;

	for (guint i = 0; i < ham_ctl_json_length(disks); i++)
		sum += ham_ctl_json_count(ham_ctl_json_element(disks, i),
					  "size_bytes");
	return sum;
}

static void
add_guest(ham_ctl_table *table, JsonObject *guest)
{
	g_autofree char *memory =
		ham_ctl_bytes(ham_ctl_json_count(guest, "memory_bytes"));
	g_autofree char *disks = ham_ctl_bytes(sum_disks(guest));
	g_autofree char *cpus = g_strdup_printf(
		"%" G_GINT64_FORMAT, ham_ctl_json_int(guest, "cpus", 0));
	g_autofree char *replicas = ham_ctl_guest_replicas(guest);

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(guest, "name"));
	ham_ctl_table_cell(table, ham_ctl_guest_style(guest),
			   ham_ctl_json_text(guest, "state"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(guest, "wanted"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(guest, "owner"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, memory);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, cpus);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, disks);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, replicas);
}

int
ham_ctl_guest_list(const struct ham_ctl_options *options, char **args)
{
	static const struct ham_ctl_column columns[] = {
		{"NAME", false}, {"STATE", false},    {"WANTED", false},
		{"NODE", false}, {"MEMORY", true},    {"CPUS", true},
		{"DISKS", true}, {"REPLICAS", false},
	};
	g_autoptr(JsonObject) answer = NULL;
	g_autoptr(ham_ctl_table) table = NULL;
	g_autofree char *text = NULL;
	JsonArray *guests;
	int code;

	(void)args;
	answer = ham_ctl_ask_once(options, "guest-list", NULL, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	guests = ham_ctl_json_array(answer, "guests");
	if (ham_ctl_json_length(guests) == 0) {
		puts("no guests");
		return code;
	}
	table = ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		add_guest(table, ham_ctl_json_element(guests, i));
	text = ham_ctl_table_text(table, options->color);
	fputs(text, stdout);
	return code;
}

/* ", 43 %, 95.1 MiB/s, 8-15 s left", or "". */
static char *
sync_text(JsonObject *replica)
{
	uint64_t total = ham_ctl_json_count(replica, "total_bytes");
	uint64_t done = ham_ctl_json_count(replica, "done_bytes");
	const int64_t ends[2] = {ham_ctl_json_int(replica, "eta_min_ms", -1),
				 ham_ctl_json_int(replica, "eta_max_ms", -1)};
	g_autofree char *rate = NULL;
	g_autofree char *left = NULL;

	if (total == 0)
		return g_strdup("");
	rate = ham_ctl_bytes(ham_ctl_json_count(replica, "rate_bytes_per_s"));
	left = ham_ctl_forecast_left(ends, false);
	return g_strdup_printf(
		", %.0f %%, %s/s%s%s%s", 100.0 * (double)done / (double)total,
		rate, left ? ", " : "", left ? left : "", left ? " left" : "");
}

static void
print_parts(JsonObject *guest)
{
	JsonArray *disks = ham_ctl_json_array(guest, "disks");
	JsonArray *ports = ham_ctl_json_array(guest, "ports");
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");

	for (guint i = 0; i < ham_ctl_json_length(disks); i++) {
		JsonObject *disk = ham_ctl_json_element(disks, i);
		g_autofree char *name = g_strdup_printf(
			"disk %s", ham_ctl_json_text(disk, "name"));
		g_autofree char *size =
			ham_ctl_bytes(ham_ctl_json_count(disk, "size_bytes"));

		print_field(
			name,
			g_strdup_printf("%s, %s%s", size,
					ham_ctl_json_text(disk, "path"),
					strcmp(ham_ctl_json_text(disk, "kind"),
					       "shared") == 0
						? ", shared by all nodes"
						: ""));
	}
	for (guint i = 0; i < ham_ctl_json_length(ports); i++) {
		JsonObject *port = ham_ctl_json_element(ports, i);
		g_autofree char *name = g_strdup_printf(
			"port %s", ham_ctl_json_text(port, "name"));
		g_autofree char *addresses = ham_ctl_json_join(
			ham_ctl_json_array(port, "addresses"), ", ");

		int64_t vlan = ham_ctl_json_int(port, "vlan", 0);
		g_autofree char *in_vlan =
			vlan ? g_strdup_printf(", VLAN %" G_GINT64_FORMAT, vlan)
			     : g_strdup("");

		print_field(
			name,
			g_strdup_printf("%s%s, %s%s%s",
					ham_ctl_json_text(port, "bridge"),
					in_vlan, ham_ctl_json_text(port, "mac"),
					addresses[0] ? ", " : "", addresses));
	}
	for (guint i = 0; i < ham_ctl_json_length(replicas); i++) {
		JsonObject *replica = ham_ctl_json_element(replicas, i);
		g_autofree char *name = g_strdup_printf(
			"replica on %s", ham_ctl_json_text(replica, "node"));
		g_autofree char *how_far = sync_text(replica);

		print_field(name,
			    g_strdup_printf("%s, generation %" G_GINT64_FORMAT
					    "%s",
					    ham_ctl_json_text(replica, "state"),
					    ham_ctl_json_int(replica,
							     "generation", 0),
					    how_far));
	}
}

/* Each node has a clock of its own, so each has a zero of its own, too: the
 * first entry of that node. */
static int64_t
first_of_node(JsonArray *timeline, const char *node)
{
	for (guint i = 0; i < ham_ctl_json_length(timeline); i++) {
		JsonObject *entry = ham_ctl_json_element(timeline, i);

		if (strcmp(ham_ctl_json_text(entry, "node"), node) == 0)
			return ham_ctl_json_int(entry, "at_us", 0);
	}
	return 0;
}

static void
print_timeline(JsonArray *timeline)
{
	static const struct ham_ctl_column columns[] = {
		{"    NODE", false},
		{"MS", true},
		{"WHAT", false},
	};
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	if (ham_ctl_json_length(timeline) == 0)
		return;
	for (guint i = 0; i < ham_ctl_json_length(timeline); i++) {
		JsonObject *entry = ham_ctl_json_element(timeline, i);
		const char *node = ham_ctl_json_text(entry, "node");
		double us = (double)ham_ctl_json_int(entry, "at_us", 0) -
			    (double)first_of_node(timeline, node);
		g_autofree char *ms = g_strdup_printf("%.1f", us / 1000.0);
		g_autofree char *indented = g_strconcat("    ", node, NULL);

		ham_ctl_table_cell(table, HAM_CTL_PLAIN, indented);
		ham_ctl_table_cell(table, HAM_CTL_PLAIN, ms);
		ham_ctl_table_cell(table, HAM_CTL_PLAIN,
				   ham_ctl_json_text(entry, "what"));
	}
	text = ham_ctl_table_text(table, false);
	printf("  its timeline, ms since each node's own first step:\n%s",
	       text);
}

char *
ham_ctl_guest_moves(JsonObject *guest)
{
	JsonObject *migration = ham_ctl_json_object(guest, "migration");
	struct ham_ctl_progress progress;
	g_autofree char *way = NULL;

	if (migration == NULL)
		return NULL;
	way = g_strdup_printf("%s %s -> %s", ham_ctl_json_text(guest, "name"),
			      ham_ctl_json_text(migration, "from"),
			      ham_ctl_json_text(migration, "to"));
	ham_ctl_progress_start(&progress, 0);
	ham_ctl_progress_update(&progress, migration, 0);
	return ham_ctl_progress_plain(&progress, way, 0);
}

static void
print_migrations(JsonObject *guest)
{
	JsonObject *under_way = ham_ctl_json_object(guest, "migration");
	JsonObject *last = ham_ctl_json_object(guest, "last_migration");
	const char *name = ham_ctl_json_text(guest, "name");
	struct ham_ctl_progress progress;

	if (under_way) {
		ham_ctl_progress_start(&progress, 0);
		ham_ctl_progress_update(&progress, under_way, 0);
		print_field("migration",
			    ham_ctl_progress_plain(
				    &progress,
				    ham_ctl_json_text(under_way, "to"), 0));
	}
	if (last) {
		print_field("last migration",
			    ham_ctl_progress_result(name, last));
		print_timeline(ham_ctl_json_array(last, "timeline"));
	}
}

int
ham_ctl_guest_show(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	g_autofree char *memory = NULL;
	JsonObject *guest;
	int code;

	json_object_set_string_member(arguments, "name", args[0]);
	answer = ham_ctl_ask_once(options, "guest-show", arguments, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	guest = ham_ctl_json_object(answer, "guest");
	memory = ham_ctl_bytes(ham_ctl_json_count(guest, "memory_bytes"));
	printf("%s\n", args[0]);
	print_field("state", g_strdup(ham_ctl_json_text(guest, "state")));
	print_field("wanted", g_strdup(ham_ctl_json_text(guest, "wanted")));
	print_field("node", g_strdup(ham_ctl_json_text(guest, "owner")));
	print_field("reason", g_strdup(ham_ctl_json_text(guest, "reason")));
	print_field("waits for",
		    g_strdup(ham_ctl_json_text(guest, "waits_for")));
	print_field("epoch", ham_ctl_json_label(guest, "epoch"));
	print_field("memory", g_steal_pointer(&memory));
	print_field("cpus", ham_ctl_json_label(guest, "cpus"));
	print_field("priority", ham_ctl_json_label(guest, "priority"));
	print_field("uuid", g_strdup(ham_ctl_json_text(guest, "uuid")));
	print_field("replicas wanted",
		    ham_ctl_json_label(guest, "replicas_wanted"));
	print_parts(guest);
	print_migrations(guest);
	return code;
}
