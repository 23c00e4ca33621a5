/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/disarm.c - hamctl node disarm and arm: ordered, and waited for
 *
 * The order is done when the record has it, and what the node's own hamd does
 * then a moment later: only when its watchdog is closed may hamd or corosync be
 * stopped there, so that is waited for.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/until.h"

enum {
	WAIT_MS = 15000,
	FOR_S = 600,
};

static bool
has_state(JsonObject *node, const char *state)
{
	JsonArray *states = ham_ctl_json_array(node, "states");

	for (guint i = 0; i < ham_ctl_json_length(states); i++)
		if (strcmp(ham_ctl_json_string_at(states, i), state) == 0)
			return true;
	return false;
}

struct wanted {
	const char *node;
	bool disarm;
};

static bool
is_done(JsonObject *answer, void *data)
{
	const struct wanted *wanted = data;
	JsonArray *nodes = ham_ctl_json_array(answer, "nodes");

	for (guint i = 0; i < ham_ctl_json_length(nodes); i++) {
		JsonObject *node = ham_ctl_json_element(nodes, i);

		if (strcmp(ham_ctl_json_text(node, "name"), wanted->node) != 0)
			continue;
		if (wanted->disarm)
			return has_state(node, "disarmed") &&
			       !ham_ctl_json_bool(node, "armed");
		return !has_state(node, "disarmed") &&
		       !has_state(node, "resting");
	}
	return false;
}

static int
order(const struct ham_ctl_options *options, const char *name, int64_t seconds)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	bool disarm = seconds > 0;
	struct wanted wanted = {name, disarm};
	int code;

	json_object_set_string_member(arguments, "node", name);
	if (disarm)
		json_object_set_int_member(arguments, "seconds", seconds);
	answer = ham_ctl_ask_once(options, disarm ? "node-disarm" : "node-arm",
				  arguments, &code);
	if (answer == NULL)
		return code;
	code = ham_ctl_until(options, "node-list", WAIT_MS, is_done, &wanted);
	if (code == HAM_CTL_TIMED_OUT)
		ham_ctl_complain("%s: it is ordered, but not done yet: see "
				 "hamctl status and hamctl events",
				 name);
	return code;
}

int
ham_ctl_node_disarm(const struct ham_ctl_options *options, char **args)
{
	int64_t seconds =
		options->given & HAM_CTL_FOR ? options->seconds : FOR_S;
	int code = order(options, args[0], seconds);

	if (code == HAM_CTL_OK && !(options->given & HAM_CTL_JSON))
		printf("%s: disarmed for %" G_GINT64_FORMAT
		       " s: hamd and corosync may be stopped there, its guests "
		       "go on; if it fails meanwhile, nobody brings them "
		       "back\n",
		       args[0], seconds);
	return code;
}

int
ham_ctl_node_arm(const struct ham_ctl_options *options, char **args)
{
	int code = order(options, args[0], 0);

	if (code == HAM_CTL_OK && !(options->given & HAM_CTL_JSON))
		printf("%s: not disarmed any more\n", args[0]);
	return code;
}
