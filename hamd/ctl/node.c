/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/node.c - hamctl node list and undrain, the plan of a drain; what
 * waits is drain.c's
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/node.h"
#include "hamd/ctl/report.h"

char *
ham_ctl_node_state(JsonObject *node, enum ham_ctl_style *style)
{
	JsonArray *states = ham_ctl_json_array(node, "states");

	*style = HAM_CTL_BAD;
	if (!ham_ctl_json_bool(node, "online"))
		return g_strdup("offline");
	*style = HAM_CTL_CAUTION;
	if (!ham_ctl_json_bool(node, "member"))
		return g_strdup("joining");
	if (ham_ctl_json_length(states))
		return ham_ctl_json_join(states, ", ");
	*style = HAM_CTL_GOOD;
	return g_strdup("online");
}

static void
add_node(ham_ctl_table *table, JsonObject *node)
{
	enum ham_ctl_style style;
	g_autofree char *state = ham_ctl_node_state(node, &style);
	g_autofree char *guests = g_strdup_printf(
		"%" G_GUINT64_FORMAT, ham_ctl_json_count(node, "guests"));
	g_autofree char *memory =
		ham_ctl_bytes(ham_ctl_json_count(node, "guest_memory_bytes"));

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "name"));
	ham_ctl_table_cell(table, style, state);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "role"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, guests);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, memory);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(node, "reason"));
}

int
ham_ctl_node_list(const struct ham_ctl_options *options, char **args)
{
	static const struct ham_ctl_column columns[] = {
		{"NODE", false},  {"STATE", false}, {"ROLE", false},
		{"GUESTS", true}, {"MEMORY", true}, {"REASON", false},
	};
	g_autoptr(JsonObject) answer = NULL;
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;
	JsonArray *nodes;
	int code;

	(void)args;
	answer = ham_ctl_ask_once(options, "node-list", NULL, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	nodes = ham_ctl_json_array(answer, "nodes");
	for (guint i = 0; i < ham_ctl_json_length(nodes); i++)
		add_node(table, ham_ctl_json_element(nodes, i));
	text = ham_ctl_table_text(table, options->color);
	fputs(text, stdout);
	return code;
}

static void
print_guest(JsonObject *guest)
{
	const char *to = ham_ctl_json_text(guest, "to");
	const char *why = ham_ctl_json_text(guest, "why");
	const char *action = ham_ctl_json_text(guest, "action");
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;

	if (strcmp(action, "leaving") == 0)
		text = g_strdup_printf("on its way to %s", to);
	else if (to[0])
		text = g_strdup_printf("live to %s%s%s", to,
				       why[0] ? ", tried before: " : "", why);
	else
		text = g_strdup_printf("stays: %s", why);
	clean = ham_ctl_clean(text);
	printf("  %-16s %s\n", ham_ctl_json_text(guest, "name"), clean);
}

void
ham_ctl_node_print_plan(const char *node, JsonObject *plan)
{
	JsonArray *guests = ham_ctl_json_array(plan, "guests");
	guint n = ham_ctl_json_length(guests);
	g_autofree char *count = ham_ctl_plural(n, "guest");

	printf("%s: %s%s\n", node, count, n ? ", in this order:" : "");
	for (guint i = 0; i < n; i++)
		print_guest(ham_ctl_json_element(guests, i));
	fflush(stdout);
}

int
ham_ctl_node_undrain(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	bool back = options->given & HAM_CTL_RETURN;
	int code;

	json_object_set_string_member(arguments, "node", args[0]);
	json_object_set_string_member(arguments, "guests",
				      back ? "return" : "stay");
	answer = ham_ctl_ask_once(options, "node-undrain", arguments, &code);
	if (answer && !(options->given & HAM_CTL_JSON))
		printf("%s: not drained any more%s\n", args[0],
		       back ? ", its guests come back one after the other"
			    : "");
	return code;
}
