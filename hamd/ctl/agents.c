/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/agents.c - a cluster file's fence devices, held against their agents
 *
 * Each agent that is named is asked once what it can do (action metadata); no
 * device is asked, and no option leaves this program.  An agent is the
 * machine's that hamctl runs on.
 */
#include <string.h>

#include "fence/fence.h"
#include "hamd/ctl/ctl.h"

enum {
	LIMIT_US = 10 * 1000000
};

struct asking {
	GMainLoop *loop;
	unsigned int open;
	const char *folder;
	GHashTable *agents; /* name -> struct agent */
};

struct agent {
	struct asking *asking;
	char *path;
	ham_fence_description *description; /* NULL: `why` */
	char *why;
};

/* What a problem is about. */
struct device {
	const ham_conf *conf;
	const struct ham_conf_fence *fence;
	GPtrArray *problems;
};

static void
agent_free(gpointer data)
{
	struct agent *agent = data;

	ham_fence_description_free(agent->description);
	g_free(agent->path);
	g_free(agent->why);
	g_free(agent);
}

static void
on_described(ham_fence_description *description, const char *why, void *data)
{
	struct agent *agent = data;

	agent->description = description;
	agent->why = g_strdup(why);
	if (--agent->asking->open == 0)
		g_main_loop_quit(agent->asking->loop);
}

static bool
is_installed(const struct agent *agent)
{
	return g_file_test(agent->path, G_FILE_TEST_IS_EXECUTABLE);
}

static void
ask(struct asking *asking, const char *name)
{
	struct agent *agent;

	if (strcmp(name, "watchdog") == 0 ||
	    g_hash_table_contains(asking->agents, name))
		return;
	agent = g_new0(struct agent, 1);
	agent->asking = asking;
	agent->path = g_build_filename(asking->folder, name, NULL);
	g_hash_table_insert(asking->agents, g_strdup(name), agent);
	if (!is_installed(agent))
		return;
	asking->open++;
	(void)ham_fence_describe(asking->folder, name, LIMIT_US, on_described,
				 agent);
}

static void
on_problem(const char *key, const char *found, const char *expected, void *data)
{
	const struct device *device = data;

	ham_conf_fence_problem(device->conf, device->fence, key, found,
			       expected, device->problems);
}

static void
check(const struct agent *agent, struct device *device)
{
	g_autofree char *missing = NULL;

	if (agent->description) {
		ham_fence_check(agent->description, device->fence->options,
				on_problem, device);
	} else if (agent->why) {
		on_problem(NULL, agent->why,
			   "an agent that says what it can do", device);
	} else {
		missing = g_strdup_printf("%s, which is not on this machine",
					  agent->path);
		on_problem(NULL, missing,
			   "an agent that is installed (or --no-agents, to "
			   "check the file without them)",
			   device);
	}
}

static int
compare_lines(const void *a, const void *b)
{
	const struct ham_conf_problem *left = *(void *const *)a;
	const struct ham_conf_problem *right = *(void *const *)b;

	return (left->line > right->line) - (left->line < right->line);
}

void
ham_ctl_check_agents(const ham_conf *conf, GPtrArray *problems)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
	struct asking asking = {
		.loop = loop,
		.folder = ham_fence_agents(),
		.agents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
						agent_free),
	};
	GPtrArray *found = ham_conf_problems_new();

	for (guint i = 0; i < conf->fences->len; i++) {
		const struct ham_conf_fence *fence = conf->fences->pdata[i];

		ask(&asking, fence->agent);
	}
	if (asking.open)
		g_main_loop_run(loop);
	for (guint i = 0; i < conf->fences->len; i++) {
		struct device device = {.conf = conf,
					.fence = conf->fences->pdata[i],
					.problems = found};
		const struct agent *agent =
			g_hash_table_lookup(asking.agents, device.fence->agent);

		if (agent)
			check(agent, &device);
	}
	g_ptr_array_sort(found, compare_lines);
	g_ptr_array_extend_and_steal(problems, found);
	g_hash_table_unref(asking.agents);
}
