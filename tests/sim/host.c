/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/host.c - a node: its power, its clock, its sleep
 *
 * Each node's CLOCK_BOOTTIME starts when it boots, so no two agree.  A node
 * that sleeps (SIGSTOP of all, or a suspended outer machine) does nothing and
 * hears nothing; then it goes on as if no time had passed, but its clock says
 * so.  Left out: clocks that run at different speeds.
 */
#include "tests/sim/sim.h"

struct awaited {
	unsigned int node;
	uint64_t life;
};

void
sim_host_init(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];

	node->disk = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					   (GDestroyNotify)g_bytes_unref);
	node->backlog = g_queue_new();
	node->writes = g_queue_new();
}

void
sim_host_free(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];

	node->power = false;
	sim_ring_power(sim, i);
	ham_core_free(node->core);
	sim_store_free(node);
	g_queue_free_full(node->backlog, g_free);
	g_hash_table_destroy(node->disk);
}

int64_t
sim_host_now(const struct sim *sim, unsigned int i)
{
	return sim->now_us - sim->node[i].boot_us + SIM_S;
}

bool
sim_asleep(const struct sim *sim, unsigned int i)
{
	return sim->node[i].asleep_until_us > sim->now_us;
}

bool
sim_defer(struct sim *sim, unsigned int i, sim_fn fn, const void *data,
	  size_t size)
{
	if (!sim_asleep(sim, i))
		return false;
	sim_at(sim, sim->node[i].asleep_until_us - sim->now_us, fn,
	       g_memdup2(data, size));
	return true;
}

static void
wake(struct sim *sim, void *data)
{
	const struct awaited *w = data;

	if (sim->node[w->node].life != w->life || sim_asleep(sim, w->node))
		return;
	sim_say(sim, "n%u wakes", w->node + 1);
	sim_ring_changed(sim);
}

void
sim_host_sleep(struct sim *sim, unsigned int i, int64_t for_us)
{
	struct sim_node *node = &sim->node[i];
	struct awaited w = {.node = i, .life = node->life};

	if (!node->power || sim_asleep(sim, i))
		return;
	sim_say(sim, "n%u falls asleep", i + 1);
	node->asleep_until_us = sim->now_us + for_us;
	sim_hamd_hang(sim, i, for_us);
	sim_at(sim, for_us, wake, g_memdup2(&w, sizeof(w)));
	sim_ring_changed(sim);
}

void
sim_host_power(struct sim *sim, unsigned int i, bool on)
{
	struct sim_node *node = &sim->node[i];

	if (node->power == on)
		return;
	sim_say(sim, "n%u power %s", i + 1, on ? "on" : "off");
	node->life++;
	node->power = on;
	node->frozen = node->armed = node->disarmed = node->resting = false;
	node->lease_until_us = 0;
	node->asleep_until_us = node->hung_until_us = 0;
	if (!on) {
		sim_hamd_end(sim, i, "no power");
		sim_vm_lost(sim, i);
	} else {
		node->boot_us = sim->now_us;
	}
	sim_ring_power(sim, i);
	if (on)
		sim_hamd_start(sim, i);
}

static void
boot(struct sim *sim, void *data)
{
	const struct awaited *w = data;

	if (sim->node[w->node].life == w->life)
		sim_host_power(sim, w->node, true);
}

void
sim_host_boot_later(struct sim *sim, unsigned int i, int64_t after_us)
{
	struct awaited w = {.node = i, .life = sim->node[i].life};

	sim_at(sim, after_us, boot, g_memdup2(&w, sizeof(w)));
}
