/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/look.c - a device is tried: does it say `on` while its node is up?
 *
 * Changes nothing.  What that proves is kept in the device (seen_on), and
 * switch_off.c believes no other.  Of a node that is not up its word is passed
 * on and held against nothing.
 */
#include "fence/agent.h"
#include "fence/fence.h"

struct ham_fence_look {
	ham_fence_agent *agent;
	struct ham_fence_device *device;
	bool up;
	ham_fence_looked_fn on_looked;
	void *data;
};

/* An error says nothing; and the node may just be dying: off twice. */
static void
hold_against(struct ham_fence_device *device, enum ham_fence_answer what)
{
	if (what == HAM_FENCE_DONE)
		device->seen_on = true;
	if (what != HAM_FENCE_IS_OFF)
		device->looked_off = 0;
	else if (++device->looked_off == 2)
		device->seen_on = false;
}

static void
said(enum ham_fence_answer what, const char *words, void *data)
{
	static const enum ham_fence_state states[] = {
		[HAM_FENCE_DONE] = HAM_FENCE_ON,
		[HAM_FENCE_IS_OFF] = HAM_FENCE_OFF,
		[HAM_FENCE_FAILED] = HAM_FENCE_UNKNOWN,
	};
	struct ham_fence_look look = *(struct ham_fence_look *)data;
	const char *why = NULL;

	g_free(data);
	if (look.up)
		hold_against(look.device, what);
	if (what == HAM_FENCE_FAILED)
		why = words;
	else if (what == HAM_FENCE_IS_OFF && look.up)
		why = "says off, and the node is up";
	look.on_looked(look.device, states[what], why, look.data);
}

ham_fence_look *
ham_fence_look_at(struct ham_fence_device *device, bool up, const char *agents,
		  int64_t limit_us, ham_fence_looked_fn on_looked, void *data)
{
	struct ham_fence_look *look = g_new0(struct ham_fence_look, 1);
	g_autofree char *program =
		g_build_filename(agents, device->agent, NULL);
	struct ham_fence_agent_spec spec = {.program = program,
					    .action = "status",
					    .options = device->options,
					    .limit_us = limit_us};

	look->device = device;
	look->up = up;
	look->on_looked = on_looked;
	look->data = data;
	look->agent = ham_fence_agent_run(&spec, said, look);
	return look;
}

void
ham_fence_look_cancel(ham_fence_look *look)
{
	if (!look)
		return;
	ham_fence_agent_cancel(look->agent);
	g_free(look);
}
