/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/trial.c - hamctl guest migrate --dry-run: what would it be like?
 *
 * One destination: what was checked, with the values of both sides, then the
 * forecast and what is advised.  All of them: a line for each, the best one
 * marked.  Orders nothing.  Exit status 1 if it can't be done without a reboot,
 * so that a script can ask before it orders.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/trial.h"

enum {
	LIMIT_MS = 20000, /* hamd itself gives up after 8 s */
};

/* "1.2 s to 3.4 s", "at least 1.2 s", "2 s" */
static char *
range_text(JsonObject *forecast, const char *min, const char *max)
{
	int64_t least = ham_ctl_json_int(forecast, min, -1);
	int64_t most = ham_ctl_json_int(forecast, max, -1);
	g_autofree char *from = ham_ctl_duration(least);
	g_autofree char *to = ham_ctl_duration(most);

	if (least < 0 && most < 0)
		return g_strdup("not known");
	if (most < 0)
		return g_strdup_printf("at least %s", from);
	if (least < 0 || strcmp(from, to) == 0)
		return g_steal_pointer(&to);
	return g_strdup_printf("%s to %s", from, to);
}

/* ---- one destination ---- */

static void
add_check(ham_ctl_table *table, JsonObject *check)
{
	const char *why = ham_ctl_json_text(check, "why");
	bool ok = ham_ctl_json_bool(check, "ok");

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(check, "check"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(check, "source"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(check, "destination"));
	ham_ctl_table_cell(table,
			   !ok	    ? HAM_CTL_BAD
			   : why[0] ? HAM_CTL_CAUTION
				    : HAM_CTL_GOOD,
			   ok ? "ok" : "no");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, why);
}

static void
print_checks(const struct ham_ctl_options *options, JsonObject *candidate)
{
	static const struct ham_ctl_column columns[] = {
		{"CHECK", false}, {"SOURCE", false}, {"DESTINATION", false},
		{"OK", false},	  {"WHY", false},
	};
	JsonArray *checks = ham_ctl_json_array(candidate, "checks");
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	if (ham_ctl_json_length(checks) == 0)
		return;
	for (guint i = 0; i < ham_ctl_json_length(checks); i++)
		add_check(table, ham_ctl_json_element(checks, i));
	text = ham_ctl_table_text(table, options->color);
	printf("%s\n", text);
}

static void
print_forecast(JsonObject *forecast)
{
	g_autofree char *duration =
		range_text(forecast, "duration_min_ms", "duration_max_ms");
	g_autofree char *pause =
		range_text(forecast, "pause_min_ms", "pause_max_ms");
	g_autofree char *disks =
		ham_ctl_bytes(ham_ctl_json_count(forecast, "disk_bytes"));
	g_autofree char *memory =
		ham_ctl_bytes(ham_ctl_json_count(forecast, "ram_bytes"));
	g_autofree char *rate =
		ham_ctl_bytes(ham_ctl_json_count(forecast, "rate_bytes_per_s"));

	if (!forecast)
		return;
	printf("to copy:   %s of disks, %s of memory, at %s/s\n"
	       "duration:  %s\n"
	       "pause:     %s\n",
	       disks, memory, rate, duration, pause);
}

/* The sentence for a verdict; %s is the node. */
static const struct {
	const char *verdict;
	const char *text;
} advice[] = {
	{"live", "can be migrated live to %s"},
	{"live-slowed", "can be migrated live to %s, slowed down"},
	{"live-doubtful", "may be migrated live to %s, if it keeps its limits"},
	{"warm", "can go to %s only by a reboot: --mode warm"},
	{"cold", "is stopped, and can be moved to %s: --mode cold"},
	{"refused", "can't go to %s"},
};

static char *
advice_text(JsonObject *answer, JsonObject *candidate)
{
	const char *verdict = ham_ctl_json_text(candidate, "verdict");
	const char *node = ham_ctl_json_text(candidate, "node");
	const char *why = ham_ctl_json_text(candidate, "why");
	const char *format = "may or may not be able to go to %s";
	const char *at;

	for (size_t i = 0; i < G_N_ELEMENTS(advice); i++)
		if (strcmp(advice[i].verdict, verdict) == 0)
			format = advice[i].text;
	at = strstr(format, "%s");
	return g_strdup_printf("%s %.*s%s%s%s%s",
			       ham_ctl_json_text(answer, "guest"),
			       (int)(at - format), format, node, at + 2,
			       why[0] ? ": " : "", why);
}

static void
print_errors(JsonObject *answer)
{
	JsonArray *errors = ham_ctl_json_array(answer, "errors");

	for (guint i = 0; i < ham_ctl_json_length(errors); i++) {
		g_autofree char *text =
			ham_ctl_clean(ham_ctl_json_string_at(errors, i));

		printf("not found out: %s\n", text);
	}
}

static void
print_one(const struct ham_ctl_options *options, JsonObject *answer,
	  JsonObject *candidate)
{
	g_autofree char *text = advice_text(answer, candidate);
	g_autofree char *clean = ham_ctl_clean(text);

	print_checks(options, candidate);
	print_forecast(ham_ctl_json_object(candidate, "forecast"));
	print_errors(answer);
	puts(clean);
}

/* ---- all of them ---- */

static void
add_candidate(ham_ctl_table *table, JsonObject *candidate, const char *best)
{
	JsonObject *forecast = ham_ctl_json_object(candidate, "forecast");
	const char *node = ham_ctl_json_text(candidate, "node");
	g_autofree char *duration =
		range_text(forecast, "duration_min_ms", "duration_max_ms");
	g_autofree char *pause =
		range_text(forecast, "pause_min_ms", "pause_max_ms");

	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   strcmp(node, best) == 0 ? "*" : "");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, node);
	ham_ctl_table_cell(table,
			   ham_ctl_json_bool(candidate, "live") ? HAM_CTL_GOOD
			   : forecast ? HAM_CTL_CAUTION
				      : HAM_CTL_BAD,
			   ham_ctl_json_text(candidate, "verdict"));
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, forecast ? duration : "");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, forecast ? pause : "");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN,
			   ham_ctl_json_text(candidate, "why"));
}

static void
print_all(const struct ham_ctl_options *options, JsonObject *answer,
	  JsonObject *chosen)
{
	static const struct ham_ctl_column columns[] = {
		{"BEST", false},    {"NODE", false}, {"VERDICT", false},
		{"DURATION", true}, {"PAUSE", true}, {"WHY", false},
	};
	JsonArray *candidates = ham_ctl_json_array(answer, "candidates");
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;
	g_autofree char *end = NULL;
	g_autofree char *clean = NULL;

	for (guint i = 0; i < ham_ctl_json_length(candidates); i++)
		add_candidate(table, ham_ctl_json_element(candidates, i),
			      ham_ctl_json_text(answer, "best"));
	text = ham_ctl_table_text(table, options->color);
	printf("%s\n", text);
	print_errors(answer);
	end = chosen ? advice_text(answer, chosen)
		     : g_strdup_printf("%s can't go to any node",
				       ham_ctl_json_text(answer, "guest"));
	clean = ham_ctl_clean(end);
	puts(clean);
}

/* Without a node: the best one; NULL: none would do. */
static JsonObject *
find_candidate(JsonObject *answer, const char *node)
{
	JsonArray *candidates = ham_ctl_json_array(answer, "candidates");
	const char *wanted = node ? node : ham_ctl_json_text(answer, "best");

	for (guint i = 0; i < ham_ctl_json_length(candidates); i++) {
		JsonObject *c = ham_ctl_json_element(candidates, i);

		if (strcmp(ham_ctl_json_text(c, "node"), wanted) == 0)
			return c;
	}
	return NULL;
}

/* What is stopped has nothing to lose by it. */
static bool
is_fine(JsonObject *candidate)
{
	return candidate &&
	       (ham_ctl_json_bool(candidate, "live") ||
		strcmp(ham_ctl_json_text(candidate, "verdict"), "cold") == 0);
}

int
ham_ctl_guest_trial(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	const char *node = args[1];
	JsonObject *candidate;
	int code;

	json_object_set_string_member(arguments, "name", args[0]);
	if (node)
		json_object_set_string_member(arguments, "node", node);
	answer = ham_ctl_ask_for(options, "guest-trial", arguments, LIMIT_MS,
				 &code);
	if (answer == NULL)
		return code;
	candidate = find_candidate(answer, node);
	if (node && !candidate) {
		ham_ctl_complain("hamd's answer says nothing of %s", node);
		return HAM_CTL_FAILED;
	}
	if (!(options->given & HAM_CTL_JSON)) {
		if (node)
			print_one(options, answer, candidate);
		else
			print_all(options, answer, candidate);
	}
	return is_fine(candidate) ? HAM_CTL_OK : HAM_CTL_FAILED;
}
