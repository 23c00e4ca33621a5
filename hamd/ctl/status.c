/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/status.c - hamctl status: quorum first, then what is wrong, then all
 *
 * Answered by the hamd of this node, as it sees the cluster.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/guest.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/node.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/status.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/terminal.h"

/* A line, wrapped at words on a terminal; a script gets it whole. */
static void
print_line(const struct ham_ctl_options *options, enum ham_ctl_style style,
	   const char *text)
{
	bool terminal = isatty(STDOUT_FILENO);
	g_autofree char *clean = ham_ctl_clean(text);
	g_autofree char *wrapped = ham_ctl_wrap(
		clean, terminal ? ham_ctl_terminal_columns() : SIZE_MAX);
	g_autofree char *styled =
		ham_ctl_styled(style, wrapped, options->color);

	puts(styled);
}

bool
ham_ctl_quorum_works(JsonObject *status)
{
	JsonObject *quorum = ham_ctl_json_object(status, "quorum");

	return ham_ctl_json_bool(quorum, "quorate") &&
	       ham_ctl_json_bool(quorum, "active");
}

char *
ham_ctl_quorum_text(JsonObject *status)
{
	JsonObject *quorum = ham_ctl_json_object(status, "quorum");
	JsonObject *cluster = ham_ctl_json_object(status, "cluster");
	bool quorate = ham_ctl_json_bool(quorum, "quorate");
	const char *leader = ham_ctl_json_text(quorum, "leader");
	const char *ring = ham_ctl_json_text(quorum, "ring");
	g_autofree char *nodes = ham_ctl_plural(
		ham_ctl_json_count(quorum, "configured"), "node");
	GString *line = g_string_new("cluster ");

	g_string_append_printf(
		line, "%s: %u of %s, %s", ham_ctl_json_text(cluster, "name"),
		ham_ctl_json_length(ham_ctl_json_array(quorum, "members")),
		nodes, quorate ? "quorate" : "NO QUORUM");
	if (quorate && !ham_ctl_json_bool(quorum, "active"))
		g_string_append(line, " but NOT ACTIVE");
	if (leader[0])
		g_string_append_printf(line, ", leader %s", leader);
	if (ring[0])
		g_string_append_printf(line, ", ring %s", ring);
	return g_string_free(line, FALSE);
}

char *
ham_ctl_quorum_trouble(JsonObject *status)
{
	const char *waiting_for = ham_ctl_json_text(
		ham_ctl_json_object(status, "quorum"), "waiting_for");

	if (ham_ctl_quorum_works(status))
		return NULL;
	return g_strconcat("No guest is started, stopped or moved",
			   waiting_for[0] ? "; waiting for " : "", waiting_for,
			   NULL);
}

static void
print_quorum(const struct ham_ctl_options *options, JsonObject *status)
{
	g_autofree char *text = ham_ctl_quorum_text(status);
	g_autofree char *trouble = ham_ctl_quorum_trouble(status);

	print_line(options, trouble ? HAM_CTL_BAD : HAM_CTL_STRONG, text);
	if (trouble)
		print_line(options, HAM_CTL_BAD, trouble);
}

static void
print_warnings(const struct ham_ctl_options *options, JsonObject *status)
{
	JsonArray *warnings = ham_ctl_json_array(status, "warnings");

	for (guint i = 0; i < ham_ctl_json_length(warnings); i++) {
		g_autofree char *line = g_strdup_printf(
			"WARNING: %s", ham_ctl_json_string_at(warnings, i));

		print_line(options, HAM_CTL_CAUTION, line);
	}
}

/* What sets the node apart; "" if nothing does. */
static char *
note_on_node(JsonObject *node, JsonObject *status)
{
	g_autoptr(GPtrArray) notes = g_ptr_array_new();
	const char *here = ham_ctl_json_text(status, "node");
	const char *version = ham_ctl_json_text(node, "version");

	if (here[0] && strcmp(ham_ctl_json_text(node, "name"), here) == 0)
		g_ptr_array_add(notes, "asked");
	if (ham_ctl_json_bool(node, "online") &&
	    !ham_ctl_json_bool(node, "config_matches"))
		g_ptr_array_add(notes, "ANOTHER CONFIGURATION");
	if (version[0] &&
	    strcmp(version, ham_ctl_json_text(status, "hamd")) != 0)
		g_ptr_array_add(notes, "another version");
	g_ptr_array_add(notes, NULL);
	return g_strjoinv(", ", (char **)notes->pdata);
}

static void
add_node(ham_ctl_table *table, JsonObject *node, JsonObject *status)
{
	enum ham_ctl_style style;
	g_autofree char *state = ham_ctl_node_state(node, &style);
	g_autofree char *id = g_strdup_printf("%" G_GINT64_FORMAT,
					      ham_ctl_json_int(node, "id", 0));
	g_autofree char *note = note_on_node(node, status);

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "name"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, id);
	ham_ctl_table_cell(table, style, state);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "role"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "version"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, note);
}

static void
print_nodes(const struct ham_ctl_options *options, JsonObject *status)
{
	static const struct ham_ctl_column columns[] = {
		{"NODE", false}, {"ID", true},	     {"STATE", false},
		{"ROLE", false}, {"VERSION", false}, {"NOTE", false},
	};
	JsonArray *nodes = ham_ctl_json_array(status, "nodes");
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	for (guint i = 0; i < ham_ctl_json_length(nodes); i++)
		add_node(table, ham_ctl_json_element(nodes, i), status);
	text = ham_ctl_table_text(table, options->color);
	printf("\n%s", text);
}

static void
add_guest(ham_ctl_table *table, JsonObject *guest)
{
	g_autofree char *epoch = g_strdup_printf(
		"%" G_GINT64_FORMAT, ham_ctl_json_int(guest, "epoch", 0));
	g_autofree char *replicas = ham_ctl_guest_replicas(guest);
	g_autofree char *note = ham_ctl_guest_note(guest);

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(guest, "name"));
	ham_ctl_table_cell(table, ham_ctl_guest_style(guest),
			   ham_ctl_json_text(guest, "state"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(guest, "owner"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, epoch);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, replicas);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, note);
}

/* Below the table, where each figure has room. */
static void
print_moves(const struct ham_ctl_options *options, JsonArray *guests)
{
	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		g_autofree char *moves =
			ham_ctl_guest_moves(ham_ctl_json_element(guests, i));
		g_autofree char *line = g_strconcat("  ", moves, NULL);

		if (moves)
			print_line(options, HAM_CTL_PLAIN, line);
	}
}

static void
print_guests(const struct ham_ctl_options *options, JsonObject *status)
{
	static const struct ham_ctl_column columns[] = {
		{"NAME", false}, {"STATE", false},    {"NODE", false},
		{"EPOCH", true}, {"REPLICAS", false}, {"NOTE", false},
	};
	JsonArray *guests = ham_ctl_json_array(status, "guests");
	g_autoptr(ham_ctl_table) table = NULL;
	g_autofree char *text = NULL;
	bool first = true;

	if (ham_ctl_json_length(guests) == 0) {
		puts("\nno guests");
		return;
	}
	table = ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		add_guest(table, ham_ctl_json_element(guests, i));
	text = ham_ctl_table_text(table, options->color);
	printf("\n%s", text);
	print_moves(options, guests);
	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		JsonObject *guest = ham_ctl_json_element(guests, i);
		g_autofree char *why = ham_ctl_guest_explain(guest, status);

		if (why == NULL)
			continue;
		if (first)
			putchar('\n');
		first = false;
		print_line(options, HAM_CTL_PLAIN, why);
	}
}

int
ham_ctl_status(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) status = NULL;
	int code;

	(void)args;
	status = ham_ctl_ask_once(options, "status", NULL, &code);
	if (status == NULL || options->given & HAM_CTL_JSON)
		return code;
	print_quorum(options, status);
	print_warnings(options, status);
	print_nodes(options, status);
	print_guests(options, status);
	return code;
}
