/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/watch.c - a model of the lease's keeper and of the watchdog
 *
 * The keeper knows only until when guests may run (HAM_FX_LEASE): up to then it
 * pets the watchdog, after that it pets no more, and kills the guests if hamd,
 * whose part that is, is gone or hangs.  It sleeps when its node does; the
 * watchdog does not, and resets the node. Left out: a keeper that dies alone, a
 * watchdog that does not fire.
 */
#include "tests/sim/sim.h"

enum {
	PET_US = 200 * SIM_MS,
	BARK_US = 500 * SIM_MS,
};

struct keeper {
	unsigned int node;
	uint64_t life;
};

static void
keep(struct sim *sim, void *data)
{
	const struct keeper *k = data;
	struct sim_node *node = &sim->node[k->node];

	if (node->life != k->life ||
	    sim_defer(sim, k->node, keep, k, sizeof(*k)))
		return;
	if (sim_host_now(sim, k->node) < node->lease_until_us) {
		node->pet_us = sim->now_us;
	} else if (!node->hamd || sim_hamd_hung(sim, k->node)) {
		for (unsigned int g = 0; g < sim->n_guests; g++)
			if (node->vm[g].q == SIM_Q_RUNNING ||
			    node->vm[g].q == SIM_Q_IO_ERROR)
				sim_vm_kill_qemu(sim, k->node, g);
	}
	sim_at(sim, PET_US, keep, g_memdup2(k, sizeof(*k)));
}

static void
bark(struct sim *sim, void *data)
{
	const struct keeper *k = data;
	struct sim_node *node = &sim->node[k->node];

	if (node->life != k->life)
		return;
	if (sim->now_us - node->pet_us > sim->plan->watchdog_us) {
		sim_say(sim, "n%u is reset by its watchdog", k->node + 1);
		sim_host_power(sim, k->node, false);
		sim_host_boot_later(sim, k->node,
				    sim_between(sim, 3 * SIM_S, 8 * SIM_S));
		return;
	}
	sim_at(sim, BARK_US, bark, g_memdup2(k, sizeof(*k)));
}

void
sim_watch_lease(struct sim *sim, unsigned int i, int64_t until_us)
{
	struct sim_node *node = &sim->node[i];
	struct keeper k = {.node = i, .life = node->life};

	node->lease_until_us = until_us;
	if (node->armed)
		return;
	node->armed = true;
	node->pet_us = sim->now_us;
	sim_at(sim, 0, keep, g_memdup2(&k, sizeof(k)));
	sim_at(sim, BARK_US, bark, g_memdup2(&k, sizeof(k)));
}
