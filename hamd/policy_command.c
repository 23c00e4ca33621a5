/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/policy_command.c - guest-set: other limits for a migration under way
 *
 * Refuses what the cluster file would refuse for the same key, each for itself:
 * not, as the file does, keys that contradict each other.  Whether there is a
 * migration to set them for is the core's to say.
 */
#include <string.h>

#include "hamd/daemon.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "admin"
#include "hamd/base/log.h"

static const struct {
	const char *name;
	unsigned int bit;
	int64_t min;
	int64_t max;
	const char *expected;
} numbers[] = {
	/* the ranges of config/schema.c */
	{"max_pause_ms", HAM_SET_MAX_PAUSE, 1, 60000, "from 1 to 60000"},
	{"max_duration_ms", HAM_SET_MAX_DURATION, 1000, 86400000,
	 "from 1000 to 86400000"},
	{"bandwidth_bytes_per_s", HAM_SET_BANDWIDTH, 1 << 20,
	 INT64_C(100) << 30, "from 1 MiB to 100 GiB"},
	{"priority", HAM_SET_PRIORITY, 0, 100, "from 0 to 100"},
};

static const char *const on_limits[HAM_LIMIT_N] = {"abort", "force", "warm"};

static void
take_number(struct ham_policy *policy, unsigned int bit, int64_t value)
{
	switch (bit) {
	case HAM_SET_MAX_PAUSE:
		policy->max_pause_us = value * 1000;
		break;
	case HAM_SET_MAX_DURATION:
		policy->max_duration_us = value * 1000;
		break;
	case HAM_SET_BANDWIDTH:
		policy->bandwidth = (uint64_t)value;
		break;
	default:
		policy->priority = (uint8_t)value;
		break;
	}
}

/* NULL, or what is wrong with one of them. */
static char *
take_numbers(JsonObject *arguments, struct ham_policy *policy,
	     unsigned int *sets)
{
	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
		int64_t value;

		if (!json_object_has_member(arguments, numbers[i].name))
			continue;
		if (!ham_json_int(arguments, numbers[i].name, &value) ||
		    value < numbers[i].min || value > numbers[i].max)
			return g_strdup_printf("'%s' is a number %s",
					       numbers[i].name,
					       numbers[i].expected);
		*sets |= numbers[i].bit;
		take_number(policy, numbers[i].bit, value);
	}
	return NULL;
}

static char *
take_words(JsonObject *arguments, struct ham_policy *policy, unsigned int *sets)
{
	const char *word = ham_json_string(arguments, "on_limit");
	unsigned int i = 0;

	if (json_object_has_member(arguments, "auto_converge")) {
		JsonNode *node =
			json_object_get_member(arguments, "auto_converge");

		if (json_node_get_value_type(node) != G_TYPE_BOOLEAN)
			return g_strdup("'auto_converge' is true or false");
		policy->auto_converge = json_node_get_boolean(node);
		*sets |= HAM_SET_AUTO_CONVERGE;
	}
	if (!json_object_has_member(arguments, "on_limit"))
		return NULL;
	while (word && i < HAM_LIMIT_N && strcmp(on_limits[i], word) != 0)
		i++;
	if (!word || i == HAM_LIMIT_N)
		return g_strdup("'on_limit' is 'abort', 'force' or 'warm'");
	policy->on_limit = (uint8_t)i;
	*sets |= HAM_SET_ON_LIMIT;
	return NULL;
}

void
ham_daemon_guest_set(ham_daemon *daemon,
		     const struct ham_admin_request *request)
{
	const char *name = ham_json_string(request->arguments, "name");
	struct ham_policy policy = {0};
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_SET,
				  .token = request->token,
				  .guest = name,
				  .policy = &policy};
	unsigned int sets = 0;
	g_autofree char *problem = NULL;
	g_autofree char *by = NULL;

	if (!name || !ham_name_valid(name))
		problem = g_strdup("the argument 'name' (a guest's name) is "
				   "missing, or is none");
	if (!problem)
		problem = take_numbers(request->arguments, &policy, &sets);
	if (!problem)
		problem = take_words(request->arguments, &policy, &sets);
	if (!problem && sets == 0)
		problem = g_strdup("nothing is given that is to be set");
	if (problem) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				problem);
		return;
	}
	by = g_strdup_printf("uid %u, pid %d", request->uid, request->pid);
	ham_notice("%s %s, asked by %s", request->command, name, by);
	event.text = by;
	event.value = sets;
	ham_daemon_post(daemon, &event);
}
