/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/power_on.c - a node's devices are switched on, the last level first
 *
 *	level 2: each device: on -> status until it says on
 *	level 1: the same
 *
 * Every device is switched on, as each may have been off: what feeds a board
 * comes before the board.  No agent's word that it is done counts, only that it
 * sees the node on.
 *
 * Refuses to say that a node is up: it has power, no more.
 */
#include "fence/agent.h"
#include "fence/fence.h"

enum {
	AGAIN_MS = 250
};

struct ham_fence_on {
	char *agents;
	GPtrArray *order; /* struct ham_fence_device *, the asker's */
	guint at;	  /* from the end to 0 */
	bool acted;	  /* `on` was asked for, now `status` is */
	int64_t action_us;
	int64_t watch_us;
	int64_t until_us;
	ham_fence_agent *agent;
	guint timer;
	char *trouble; /* of this device: the last error */
	bool level_on; /* all of this level so far */
	bool any_level_on;
	GString *words;
	ham_fence_on_fn on_done;
	void *data;
};

static void ask(ham_fence_on *on);

static const struct ham_fence_device *
device(const ham_fence_on *on)
{
	return g_ptr_array_index(on->order, on->at);
}

static void
on_free(ham_fence_on *on)
{
	ham_fence_agent_cancel(on->agent);
	g_clear_handle_id(&on->timer, g_source_remove);
	g_ptr_array_unref(on->order);
	g_string_free(on->words, TRUE);
	g_free(on->trouble);
	g_free(on->agents);
	g_free(on);
}

static void
done(ham_fence_on *on)
{
	ham_fence_on_fn on_done = on->on_done;
	g_autofree char *words = g_strdup(on->words->str);
	bool is_on = on->any_level_on;
	void *data = on->data;

	on_free(on);
	on_done(is_on, words, data);
}

static void
begin_device(ham_fence_on *on)
{
	on->acted = false;
	g_clear_pointer(&on->trouble, g_free);
	ask(on);
}

static void
end_device(ham_fence_on *on, bool is_on)
{
	unsigned int level = device(on)->level;
	const struct ham_fence_device *next;

	g_string_append_printf(on->words, "%s%s: %s",
			       on->words->len ? "; " : "", device(on)->name,
			       is_on	     ? "on"
			       : on->trouble ? on->trouble
					     : "it is still off");
	on->level_on = on->level_on && is_on;
	next = on->at > 0 ? g_ptr_array_index(on->order, on->at - 1) : NULL;
	if (!next || next->level != level) {
		on->any_level_on = on->any_level_on || on->level_on;
		on->level_on = true;
	}
	if (!next) {
		done(on);
		return;
	}
	on->at--;
	begin_device(on);
}

static gboolean
again(gpointer data)
{
	ham_fence_on *on = data;

	on->timer = 0;
	ask(on);
	return G_SOURCE_REMOVE;
}

static void
answered(enum ham_fence_answer what, const char *words, void *data)
{
	ham_fence_on *on = data;

	on->agent = NULL;
	if (what == HAM_FENCE_FAILED) {
		g_free(on->trouble);
		on->trouble = g_strdup(words);
	}
	if (!on->acted) {
		/* whatever it says of what it has done */
		on->acted = true;
		on->until_us = g_get_monotonic_time() + on->watch_us;
		ask(on);
	} else if (what == HAM_FENCE_DONE) {
		end_device(on, true);
	} else if (g_get_monotonic_time() >= on->until_us) {
		end_device(on, false);
	} else {
		on->timer = g_timeout_add(AGAIN_MS, again, on);
	}
}

static void
ask(ham_fence_on *on)
{
	g_autofree char *program =
		g_build_filename(on->agents, device(on)->agent, NULL);
	struct ham_fence_agent_spec spec = {
		.program = program,
		.action = on->acted ? "status" : "on",
		.options = device(on)->options,
		.limit_us = on->action_us,
	};

	on->agent = ham_fence_agent_run(&spec, answered, on);
}

ham_fence_on *
ham_fence_switch_on(const struct ham_fence_job_spec *spec,
		    ham_fence_on_fn on_done, void *data)
{
	ham_fence_on *on = g_new0(ham_fence_on, 1);

	on->agents = g_strdup(spec->agents);
	on->order = ham_fence_power_order(spec->node, spec->devices, spec->n);
	g_assert(on->order->len > 0);
	on->at = on->order->len - 1;
	on->level_on = true;
	on->action_us = spec->action_us;
	on->watch_us = spec->watch_us;
	on->words = g_string_new(NULL);
	on->on_done = on_done;
	on->data = data;
	begin_device(on);
	return on;
}

void
ham_fence_on_cancel(ham_fence_on *on)
{
	if (on)
		on_free(on);
}
