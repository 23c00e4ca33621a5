/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/watch.c - a model of the lease's keeper and of the watchdog
 *
 * The keeper knows only until when guests may run (HAM_FX_LEASE): up to then it
 * pets the watchdog, after that it pets no more, and kills the guests if hamd,
 * whose part that is, is gone or hangs.  It sleeps when its node does; the
 * watchdog does not, and resets the node.  Disarmed (HAM_FX_DISARM), neither
 * does anything.  A hamd that was to rest ends then, and another comes later.
 * Left out: a keeper that dies alone, a watchdog that does not fire.
 */
#include "tests/sim/sim.h"

enum {
	PET_US = 200 * SIM_MS,
	BARK_US = 500 * SIM_MS,
	ANSWER_US = 20 * SIM_MS,
	LEAVE_US = 5 * SIM_S, /* hamd/leave.c */
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
	if (node->disarmed ||
	    sim_host_now(sim, k->node) < node->lease_until_us) {
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
	if (!node->disarmed &&
	    sim->now_us - node->pet_us > sim->plan->watchdog_us) {
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

/* ---- disarmed ---- */

struct resting {
	unsigned int node;
	uint64_t incarnation;
};

static void
end(struct sim *sim, void *data)
{
	const struct resting *r = data;
	struct sim_node *node = &sim->node[r->node];

	if (!node->hamd || !node->resting ||
	    node->incarnation != r->incarnation ||
	    sim_defer(sim, r->node, end, r, sizeof(*r)))
		return;
	sim_hamd_end(sim, r->node,
		     node->disarmed ? "it rests" : "it is stopped");
}

void
sim_watch_rest(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	struct resting r = {i, node->incarnation};

	node->resting = true;
	sim_at(sim, LEAVE_US, end, g_memdup2(&r, sizeof(r)));
}

static void
answer(struct sim *sim, void *data)
{
	const struct resting *r = data;
	struct sim_node *node = &sim->node[r->node];
	struct ham_event told = {.kind = HAM_EV_WATCHDOG};

	if (!node->hamd || node->incarnation != r->incarnation)
		return;
	told.value = node->disarmed ? 0 : (uint64_t)sim->plan->watchdog_us;
	sim_step(sim, r->node, &told);
	if (node->disarmed)
		end(sim, data);
}

void
sim_watch_disarm(struct sim *sim, unsigned int i, bool disarm)
{
	struct sim_node *node = &sim->node[i];
	struct resting r = {i, node->incarnation};

	sim_say(sim, "n%u is %s", i + 1, disarm ? "disarmed" : "armed");
	node->disarmed = disarm;
	node->pet_us = sim->now_us;
	sim_at(sim, ANSWER_US, answer, g_memdup2(&r, sizeof(r)));
}
