/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/cluster.c - hamctl cluster stop, start and claim
 *
 *	stop: asked on a terminal -> each node is halted -> guests are shut down
 *	by hamd, and said as they end -> none runs
 *
 * What is ordered goes on without hamctl.  Stops no hamd and switches nothing
 * off: that is the administrator's, when this has ended with 0.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/until.h"

enum {
	WAIT_MS = 300000
};

/* Of every node, in the file's order; ends at the first that is refused. */
static int
order_all(const struct ham_ctl_options *options, const char *command,
	  const char *undo)
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
		if (done == NULL && i > 0)
			ham_ctl_complain(
				"that was said of %s; the nodes before "
				"it have the order already: give it "
				"again, or hamctl cluster %s",
				name, undo);
		if (done == NULL)
			return code;
	}
	return HAM_CTL_OK;
}

/* One whose node is gone may run there all the same, and one that is recovering
 * is about to. */
static bool
is_down(JsonObject *guest)
{
	static const char *const down[] = {"stopped", "halted", "failed"};

	for (size_t i = 0; i < G_N_ELEMENTS(down); i++)
		if (strcmp(ham_ctl_json_text(guest, "state"), down[i]) == 0)
			return true;
	return false;
}

struct stopping {
	GHashTable *up; /* names of those that were, when last asked */
	GString *names; /* as text */
	bool say;
};

/* What went down since is said. */
static bool
all_down(JsonObject *answer, void *data)
{
	struct stopping *stopping = data;
	JsonArray *guests = ham_ctl_json_array(answer, "guests");

	g_string_truncate(stopping->names, 0);
	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		JsonObject *guest = ham_ctl_json_element(guests, i);
		const char *name = ham_ctl_json_text(guest, "name");

		if (is_down(guest)) {
			if (g_hash_table_remove(stopping->up, name) &&
			    stopping->say)
				printf("%s: stopped\n", name);
			continue;
		}
		g_hash_table_add(stopping->up, g_strdup(name));
		g_string_append_printf(stopping->names, "%s%s (%s)",
				       stopping->names->len ? ", " : "", name,
				       ham_ctl_json_text(guest, "state"));
	}
	fflush(stdout);
	return stopping->names->len == 0;
}

static int
wait_for_all(const struct ham_ctl_options *options)
{
	g_autoptr(GHashTable) up =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) names = g_string_new(NULL);
	struct stopping stopping = {up, names,
				    !(options->given & HAM_CTL_JSON)};
	int code = ham_ctl_until(options, "guest-list", WAIT_MS, all_down,
				 &stopping);

	if (code == HAM_CTL_TIMED_OUT)
		ham_ctl_complain("not stopped yet: %s; hamctl guest stop NAME "
				 "--kill ends one at once",
				 names->len ? names->str : "hamd says nothing");
	return code;
}

int
ham_ctl_cluster_stop(const struct ham_ctl_options *options, char **args)
{
	int code;

	(void)args;
	if (!ham_ctl_agreed(options, "Shut all guests of this cluster down?")) {
		ham_ctl_complain("nothing was changed");
		return HAM_CTL_FAILED;
	}
	code = order_all(options, "node-halt", "start");
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
	code = order_all(options, "node-unhalt", "stop");
	if (code == HAM_CTL_OK && !(options->given & HAM_CTL_JSON))
		puts("the nodes take guests again, and those that ran before "
		     "start by themselves");
	return code;
}

int
ham_ctl_cluster_claim(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) answer = NULL;
	int code;

	(void)args;
	if (!ham_ctl_agreed(options,
			    "Go on with the state of this node, and lose what "
			    "was decided and written without it?")) {
		ham_ctl_complain("nothing was changed");
		return HAM_CTL_FAILED;
	}
	answer = ham_ctl_ask_once(options, "cluster-claim", NULL, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	puts("this node's state is the cluster's as soon as the other node is "
	     "proven off: hamctl fence confirm-off NODE");
	return code;
}
