/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/plan.c - hamctl plan failure: what would go where, before it does
 *
 * Exit status 1 if a guest could not be started elsewhere, so that a script
 * can ask whether the cluster bears the loss.
 */
#include <stdio.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

static void
add_place(ham_ctl_table *table, JsonObject *place)
{
	const char *to = ham_ctl_json_text(place, "to");
	g_autofree char *memory =
		ham_ctl_bytes(ham_ctl_json_count(place, "memory_bytes"));
	g_autofree char *priority = g_strdup_printf(
		"%" G_GUINT64_FORMAT, ham_ctl_json_count(place, "priority"));

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(place, "guest"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, priority);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, memory);
	ham_ctl_table_cell(table, to[0] ? HAM_CTL_GOOD : HAM_CTL_BAD,
			   to[0] ? to : "nowhere");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(place, "reason"));
}

static void
print_plan(const struct ham_ctl_options *options, JsonObject *answer,
	   guint lost)
{
	static const struct ham_ctl_column columns[] = {
		{"GUEST", false}, {"PRIORITY", true}, {"MEMORY", true},
		{"TO", false},	  {"REASON", false},
	};
	JsonArray *guests = ham_ctl_json_array(answer, "guests");
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;
	g_autofree char *node =
		ham_ctl_clean(ham_ctl_json_text(answer, "node"));
	g_autofree char *all =
		ham_ctl_plural(ham_ctl_json_length(guests), "guest");

	if (ham_ctl_json_length(guests) == 0) {
		printf("no guest would have to be started elsewhere if %s "
		       "failed\n",
		       node);
	} else {
		for (guint i = 0; i < ham_ctl_json_length(guests); i++)
			add_place(table, ham_ctl_json_element(guests, i));
		text = ham_ctl_table_text(table, options->color);
		printf("%s\nif %s failed: %s, %u without a place\n", text, node,
		       all, lost);
	}
	if (!ham_ctl_json_bool(answer, "majority_left"))
		printf("WARNING: without %s no majority is left, and nothing "
		       "would be started\n",
		       node);
}

int
ham_ctl_plan_failure(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	JsonArray *guests;
	guint lost = 0;
	int code;

	json_object_set_string_member(arguments, "node", args[0]);
	answer = ham_ctl_ask_once(options, "plan-failure", arguments, &code);
	if (answer == NULL)
		return code;
	guests = ham_ctl_json_array(answer, "guests");
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		lost += ham_ctl_json_text(ham_ctl_json_element(guests, i),
					  "to")[0] == '\0';
	if (!(options->given & HAM_CTL_JSON))
		print_plan(options, answer, lost);
	return lost || !ham_ctl_json_bool(answer, "majority_left")
		       ? HAM_CTL_FAILED
		       : HAM_CTL_OK;
}
