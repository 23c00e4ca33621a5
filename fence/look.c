/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/look.c - a device is tried while its node is up: does it say `on`?
 *
 * Changes nothing.  What it proves is kept in the device (seen_on), and
 * switch_off.c believes no other.
 */
#include "fence/agent.h"
#include "fence/fence.h"

struct ham_fence_look {
	ham_fence_agent *agent;
	struct ham_fence_device *device;
	ham_fence_looked_fn on_looked;
	void *data;
};

static void
said(enum ham_fence_answer what, const char *words, void *data)
{
	struct ham_fence_look *look = data;
	struct ham_fence_device *device = look->device;
	ham_fence_looked_fn on_looked = look->on_looked;
	void *theirs = look->data;

	g_free(look);
	/* an error says nothing; and the node may just be dying: off twice */
	if (what == HAM_FENCE_DONE)
		device->seen_on = true;
	if (what != HAM_FENCE_IS_OFF)
		device->looked_off = 0;
	else if (++device->looked_off == 2)
		device->seen_on = false;
	on_looked(device,
		  what == HAM_FENCE_DONE     ? NULL
		  : what == HAM_FENCE_IS_OFF ? "says off, and the node is up"
					     : words,
		  theirs);
}

ham_fence_look *
ham_fence_look_at(struct ham_fence_device *device, const char *agents,
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
