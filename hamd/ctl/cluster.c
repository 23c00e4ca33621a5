/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/cluster.c - hamctl cluster stop and start
 *
 *	stop: asked on a terminal -> each node is halted -> guests are shut down
 *	by hamd, and said as they end -> none runs
 *
 * What is ordered goes on without hamctl.  Stops no hamd and switches nothing
 * off: that is the administrator's, when this has ended with 0.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"

enum {
	WAIT_MS = 300000,
	LOOK_US = 300000,
};

/* Of every node, in the file's order; ends at the first that is refused. */
static int
order_all(const struct ham_ctl_options *options, const char *command)
{
	g_autoptr(JsonObject) answer = NULL;
	JsonArray *nodes;
	int code;

	answer = ham_ctl_ask_once(options, "node-list", NULL, &code);
	if (answer == NULL)
		return code;
	nodes = ham_ctl_json_array(answer, "nodes");
	for (guint i = 0; i < ham_ctl_json_length(nodes); i++) {
		g_autoptr(JsonObject) arguments = json_object_new();
		g_autoptr(JsonObject) done = NULL;
		const char *name = ham_ctl_json_text(
			ham_ctl_json_element(nodes, i), "name");

		json_object_set_string_member(arguments, "node", name);
		done = ham_ctl_ask_once(options, command, arguments, &code);
		if (done == NULL)
			return code;
	}
	return HAM_CTL_OK;
}

/* One whose node is gone may run there all the same. */
static bool
is_down(JsonObject *guest)
{
	static const char *const down[] = {"stopped", "halted", "failed",
					   "recovering"};

	for (size_t i = 0; i < G_N_ELEMENTS(down); i++)
		if (strcmp(ham_ctl_json_text(guest, "state"), down[i]) == 0)
			return true;
	return false;
}

/* Those that are up, and the text of them; what went down is said. */
static guint
count_up(JsonObject *answer, GHashTable *up, bool say, GString *names)
{
	JsonArray *guests = ham_ctl_json_array(answer, "guests");
	guint n = 0;

	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		JsonObject *guest = ham_ctl_json_element(guests, i);
		const char *name = ham_ctl_json_text(guest, "name");

		if (is_down(guest)) {
			if (g_hash_table_remove(up, name) && say)
				printf("%s: stopped\n", name);
			continue;
		}
		n++;
		g_hash_table_add(up, g_strdup(name));
		g_string_append_printf(names, "%s%s (%s)",
				       names->len ? ", " : "", name,
				       ham_ctl_json_text(guest, "state"));
	}
	fflush(stdout);
	return n;
}

static int
wait_for_all(const struct ham_ctl_options *options)
{
	g_autoptr(GHashTable) up =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) names = g_string_new(NULL);
	bool say = !(options->given & HAM_CTL_JSON);
	int64_t end_us = ham_ctl_deadline(
		options->timeout_ms ? options->timeout_ms : WAIT_MS);
	int code;

	for (;;) {
		g_autoptr(JsonObject) answer = NULL;

		answer = ham_ctl_ask_once(options, "guest-list", NULL, &code);
		if (answer == NULL)
			return code;
		g_string_truncate(names, 0);
		if (count_up(answer, up, say, names) == 0)
			return HAM_CTL_OK;
		if (ham_clock_us() >= end_us)
			break;
		g_usleep(LOOK_US);
	}
	ham_ctl_complain("not stopped yet: %s; hamctl guest stop NAME --kill "
			 "ends one at once",
			 names->str);
	return HAM_CTL_TIMED_OUT;
}

/* Only a person is asked. */
static bool
is_agreed(const struct ham_ctl_options *options)
{
	char line[16] = "";

	if (options->given & HAM_CTL_YES || !isatty(STDIN_FILENO))
		return true;
	fputs("Shut all guests of this cluster down? [y/N] ", stderr);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	return line[0] == 'y' || line[0] == 'Y';
}

int
ham_ctl_cluster_stop(const struct ham_ctl_options *options, char **args)
{
	int code;

	(void)args;
	if (!is_agreed(options)) {
		ham_ctl_complain("nothing was changed");
		return HAM_CTL_FAILED;
	}
	code = order_all(options, "node-halt");
	if (code == HAM_CTL_OK)
		code = wait_for_all(options);
	if (code == HAM_CTL_OK && !(options->given & HAM_CTL_JSON))
		puts("no guest runs: hamd may be stopped, and the nodes "
		     "switched off; the guests start again when the nodes have "
		     "booted, or by hamctl cluster start");
	return code;
}

int
ham_ctl_cluster_start(const struct ham_ctl_options *options, char **args)
{
	int code;

	(void)args;
	code = order_all(options, "node-unhalt");
	if (code == HAM_CTL_OK && !(options->given & HAM_CTL_JSON))
		puts("the nodes take guests again, and those that ran before "
		     "start by themselves");
	return code;
}
