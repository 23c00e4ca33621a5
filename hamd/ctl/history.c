/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/history.c - hamctl history: migrations and failovers of the past
 *
 * What the node that is asked has heard; newest first.  hamd gives a few
 * hundred at a time, so that more are asked for page by page.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/export.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/phases.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/io/json.h"

enum {
	LIMIT = 50, /* entries in the table, without --limit */
	PAGE = 500,
};

typedef void (*entry_fn)(JsonObject *entry, void *data);

static JsonObject *
ask(const struct ham_ctl_options *options, int64_t limit, int64_t before,
    int *code)
{
	g_autoptr(JsonObject) arguments = json_object_new();

	json_object_set_int_member(arguments, "limit", MIN(limit, PAGE));
	if (before)
		json_object_set_int_member(arguments, "before", before);
	if (options->given & HAM_CTL_GUEST)
		json_object_set_string_member(arguments, "guest",
					      options->guest);
	return ham_ctl_ask_once(options, "history-list", arguments, code);
}

/* Each of the newest `limit` entries; the exit code. */
static int
each(const struct ham_ctl_options *options, int64_t limit, entry_fn fn,
     void *data)
{
	int64_t before = 0;
	bool more = true;
	int code = HAM_CTL_OK;

	while (more && limit > 0) {
		g_autoptr(JsonObject) answer =
			ask(options, limit, before, &code);
		JsonArray *entries = ham_ctl_json_array(answer, "entries");
		guint n = ham_ctl_json_length(entries);

		if (!answer)
			return code;
		for (guint i = 0; i < n; i++) {
			JsonObject *entry = ham_ctl_json_element(entries, i);

			before = ham_ctl_json_int(entry, "number", 0);
			if (entry)
				fn(entry, data);
		}
		limit -= n;
		more = n > 0 && before > 0 && ham_ctl_json_bool(answer, "more");
	}
	return code;
}

/* ---- for people ---- */

static void
add_ms(ham_ctl_table *table, JsonObject *entry, const char *name)
{
	double ms = ham_ctl_json_number(entry, name, -1);
	g_autofree char *text =
		ms < 0 ? g_strdup("") : ham_ctl_duration((int64_t)(ms + 0.5));

	ham_ctl_table_cell(table, HAM_CTL_PLAIN, text);
}

static enum ham_ctl_style
result_style(const char *result)
{
	return strcmp(result, "done") == 0     ? HAM_CTL_GOOD
	       : strcmp(result, "failed") == 0 ? HAM_CTL_BAD
					       : HAM_CTL_CAUTION;
}

static void
add_row(JsonObject *entry, void *data)
{
	ham_ctl_table *table = data;
	const char *mode = ham_ctl_json_text(entry, "mode");
	const char *result = ham_ctl_json_text(entry, "result");
	const char *from = ham_ctl_json_text(entry, "from");
	const char *to = ham_ctl_json_text(entry, "to");
	g_autofree char *time = ham_ctl_json_time(entry, "began");
	g_autofree char *way = g_strdup_printf("%s -> %s", from[0] ? from : "?",
					       to[0] ? to : "?");

	if (strlen(time) > 4)
		time[strlen(time) - 4] = '\0'; /* no ms */
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(entry, "id"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, time);
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   mode[0] ? mode : ham_ctl_json_text(entry, "kind"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(entry, "guest"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, way);
	ham_ctl_table_cell(table, result_style(result), result);
	add_ms(table, entry, "total_ms");
	add_ms(table, entry, "stopped_ms");
	add_ms(table, entry, "blackout_ms");
}

static int
print_table(const struct ham_ctl_options *options, int64_t limit)
{
	static const struct ham_ctl_column columns[] = {
		{"ID", false},	  {"BEGAN", false},  {"KIND", false},
		{"GUEST", false}, {"WAY", false},    {"RESULT", false},
		{"TOTAL", true},  {"STOPPED", true}, {"NETWORK", true},
	};
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;
	int code = each(options, limit, add_row, table);

	if (code != HAM_CTL_OK)
		return code;
	text = ham_ctl_table_text(table, options->color);
	fputs(text, stdout);
	return code;
}

/* ---- for programs ---- */

static void
add_csv(JsonObject *entry, void *data)
{
	ham_ctl_csv_entry(data, entry);
}

static void
add_json(JsonObject *entry, void *data)
{
	GString *out = data;
	g_autofree char *text = ham_json_text(entry);

	g_string_append_printf(out, "%s\n%s", out->len > 1 ? "," : "", text);
}

/* All or nothing: half a file would be taken for a whole one. */
static int export(const struct ham_ctl_options *options, int64_t limit)
{
	bool csv = strcmp(options->export, "csv") == 0;
	g_autoptr(GString) out = g_string_new(csv ? NULL : "[");
	int code;

	if (csv)
		ham_ctl_csv_header(out);
	code = each(options, limit, csv ? add_csv : add_json, out);
	if (code != HAM_CTL_OK)
		return code;
	if (!csv)
		g_string_append(out, "\n]\n");
	fputs(out->str, stdout);
	return code;
}

int
ham_ctl_history(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) answer = NULL;
	int64_t limit = options->limit;
	int code;

	(void)args;
	if (options->given & HAM_CTL_EXPORT && options->given & HAM_CTL_JSON) {
		ham_ctl_complain("--export and --json can't both be given");
		return HAM_CTL_USAGE;
	}
	if (!(options->given & HAM_CTL_LIMIT))
		limit = options->given & HAM_CTL_EXPORT ? INT64_MAX : LIMIT;
	if (options->given & HAM_CTL_EXPORT)
		return export(options, limit);
	if (!(options->given & HAM_CTL_JSON))
		return print_table(options, limit);
	answer = ask(options, limit, 0, &code);
	return code;
}
