/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/fence.c - hamctl fence status, test, off, on
 *
 * Devices, what they say, and what became of fencings, as the hamd of this node
 * knows it; whatever is switched is switched by that hamd.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

enum {
	/* hamd gives each action of an agent 30 s, and 20 s to take effect;
	 * there are several devices and, of each, several actions */
	TEST_MS = 90000,
	SWITCH_MS = 600000,
	HISTORY = 20,
};

static bool
is(JsonObject *object, const char *name, const char *text)
{
	return strcmp(ham_ctl_json_text(object, name), text) == 0;
}

/* Whether its node could be fenced by it, as far as it was seen. */
static bool
is_well(JsonObject *device)
{
	bool up = ham_ctl_json_bool(device, "up");

	return is(device, "state", "on") || is(device, "state", "armed") ||
	       (!up && (is(device, "state", "off") ||
			is(device, "state", "unarmed")));
}

static void
add_device(ham_ctl_table *table, JsonObject *device)
{
	g_autofree char *level = g_strdup_printf(
		"%" G_GINT64_FORMAT, ham_ctl_json_int(device, "level", 0));
	g_autofree char *tested = ham_ctl_json_time(device, "tested");
	bool proves = ham_ctl_json_bool(device, "seen_on");

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(device, "node"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(device, "device"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(device, "agent"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, level);
	ham_ctl_table_cell(table, is_well(device) ? HAM_CTL_GOOD : HAM_CTL_BAD,
			   ham_ctl_json_text(device, "state"));
	ham_ctl_table_cell(table, proves ? HAM_CTL_PLAIN : HAM_CTL_CAUTION,
			   proves ? "yes" : "no");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, tested);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(device, "why"));
}

static void
print_devices(const struct ham_ctl_options *options, JsonObject *answer)
{
	static const struct ham_ctl_column columns[] = {
		{"NODE", false}, {"DEVICE", false}, {"AGENT", false},
		{"LEVEL", true}, {"STATE", false},  {"PROVES", false},
		{"SEEN", false}, {"NOTE", false},
	};
	JsonArray *devices = ham_ctl_json_array(answer, "devices");
	g_autoptr(ham_ctl_table) table = NULL;
	g_autofree char *text = NULL;

	if (ham_ctl_json_length(devices) == 0) {
		puts("no fence devices");
		return;
	}
	table = ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	for (guint i = 0; i < ham_ctl_json_length(devices); i++)
		add_device(table, ham_ctl_json_element(devices, i));
	text = ham_ctl_table_text(table, options->color);
	fputs(text, stdout);
}

static void
print_under_way(JsonObject *answer)
{
	JsonArray *list = ham_ctl_json_array(answer, "under_way");

	for (guint i = 0; i < ham_ctl_json_length(list); i++) {
		JsonObject *job = ham_ctl_json_element(list, i);
		g_autofree char *since = ham_ctl_json_time(job, "since");
		g_autofree char *line =
			g_strdup_printf("under way: %s of %s since %s",
					ham_ctl_json_text(job, "what"),
					ham_ctl_json_text(job, "node"), since);
		g_autofree char *clean = ham_ctl_clean(line);

		printf("%s%s\n", i ? "" : "\n", clean);
	}
}

static void
print_history(const struct ham_ctl_options *options, JsonObject *answer)
{
	static const struct ham_ctl_column columns[] = {
		{"TIME", false}, {"NODE", false}, {"WHAT", false},
		{"BY", false},	 {"TEXT", false},
	};
	static const char *const members[] = {"node", "what", "by", "text"};
	JsonArray *list = ham_ctl_json_array(answer, "history");
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	if (ham_ctl_json_length(list) == 0)
		return;
	for (guint i = 0; i < ham_ctl_json_length(list); i++) {
		JsonObject *entry = ham_ctl_json_element(list, i);
		g_autofree char *time = ham_ctl_json_time(entry, "time");

		ham_ctl_table_cell(table, HAM_CTL_PLAIN, time);
		for (size_t k = 0; k < G_N_ELEMENTS(members); k++)
			ham_ctl_table_cell(
				table, HAM_CTL_PLAIN,
				ham_ctl_json_text(entry, members[k]));
	}
	text = ham_ctl_table_text(table, options->color);
	printf("\n%s", text);
}

int
ham_ctl_fence_status(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	int code;

	(void)args;
	json_object_set_int_member(
		arguments, "limit",
		options->given & HAM_CTL_LIMIT ? options->limit : HISTORY);
	answer = ham_ctl_ask_once(options, "fence-status", arguments, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	print_devices(options, answer);
	print_under_way(answer);
	print_history(options, answer);
	return code;
}

int
ham_ctl_fence_test(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) answer = NULL;
	JsonArray *devices;
	guint n_bad = 0;
	int code;

	(void)args;
	answer = ham_ctl_ask_for(options, "fence-test", NULL, TEST_MS, &code);
	if (answer == NULL)
		return code;
	devices = ham_ctl_json_array(answer, "devices");
	for (guint i = 0; i < ham_ctl_json_length(devices); i++)
		n_bad += !is_well(ham_ctl_json_element(devices, i));
	if (!(options->given & HAM_CTL_JSON))
		print_devices(options, answer);
	if (n_bad == 0)
		return code;
	ham_ctl_complain("%u of %u devices cannot be relied on", n_bad,
			 ham_ctl_json_length(devices));
	return HAM_CTL_FAILED;
}

static int
switch_node(const struct ham_ctl_options *options, const char *command,
	    const char *node)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	g_autofree char *line = NULL;
	g_autofree char *clean = NULL;
	int code;

	json_object_set_string_member(arguments, "node", node);
	if (options->given & HAM_CTL_FORCE)
		json_object_set_boolean_member(arguments, "force", TRUE);
	answer = ham_ctl_ask_for(options, command, arguments, SWITCH_MS, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	line = g_strdup_printf("%s: %s", node,
			       ham_ctl_json_text(answer, "text"));
	clean = ham_ctl_clean(line);
	puts(clean);
	return code;
}

int
ham_ctl_fence_off(const struct ham_ctl_options *options, char **args)
{
	return switch_node(options, "fence-off", args[0]);
}

int
ham_ctl_fence_on(const struct ham_ctl_options *options, char **args)
{
	return switch_node(options, "fence-on", args[0]);
}
