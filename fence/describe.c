/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/describe.c - an agent is asked what it can do
 *
 * It gets the action alone, no option of any device.
 */
#include "fence/agent.h"
#include "fence/fence.h"

struct ham_fence_ask {
	ham_fence_agent *agent;
	char *name;
	ham_fence_described_fn on_described;
	void *data;
};

static void
ask_free(struct ham_fence_ask *ask)
{
	g_free(ask->name);
	g_free(ask);
}

const char *
ham_fence_agents(void)
{
	const char *folder = g_getenv("HAMD_FENCE_AGENTS");

	return folder ? folder : "/usr/sbin";
}

static void
said(enum ham_fence_answer what, const char *words, void *data)
{
	struct ham_fence_ask *ask = data;
	ham_fence_described_fn on_described = ask->on_described;
	void *theirs = ask->data;
	g_autoptr(GError) error = NULL;
	g_autofree char *why = NULL;
	ham_fence_description *description = NULL;

	if (what == HAM_FENCE_DONE)
		description = ham_fence_description_parse(words, &error);
	if (what == HAM_FENCE_FAILED)
		why = g_strdup(words);
	else if (!description)
		why = g_strdup_printf(
			"%s does not describe itself: %s", ask->name,
			error ? error->message : "ended with exit status 2");
	ask_free(ask);
	on_described(description, why, theirs);
}

ham_fence_ask *
ham_fence_describe(const char *agents, const char *agent, int64_t limit_us,
		   ham_fence_described_fn on_described, void *data)
{
	struct ham_fence_ask *ask = g_new0(struct ham_fence_ask, 1);
	g_autofree char *program = g_build_filename(agents, agent, NULL);
	struct ham_fence_agent_spec spec = {.program = program,
					    .action = "metadata",
					    .limit_us = limit_us,
					    .whole = true};

	ask->name = g_strdup(agent);
	ask->on_described = on_described;
	ask->data = data;
	ask->agent = ham_fence_agent_run(&spec, said, ask);
	return ask;
}

void
ham_fence_ask_cancel(ham_fence_ask *ask)
{
	if (!ask)
		return;
	ham_fence_agent_cancel(ask->agent);
	ask_free(ask);
}
