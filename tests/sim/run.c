/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/run.c - one plan from its start to its last look */
#include <string.h>

#include "tests/sim/sim.h"

enum {
	WRITE_US = 20 * SIM_MS
};

static void
writes(struct sim *sim, void *data)
{
	(void)data;
	sim_vm_write(sim);
	sim_at(sim, WRITE_US, writes, NULL);
}

struct sim *
sim_new(const struct sim_plan *plan)
{
	struct sim *sim = g_new0(struct sim, 1);

	sim->plan = plan;
	sim_seed(sim, plan->seed);
	sim->hash = UINT64_C(0xcbf29ce484222325);
	sim->rings = g_ptr_array_new();
	sim->armed = g_array_new(FALSE, FALSE, sizeof(struct sim_fault));
	sim->n = plan->n;
	sim->n_guests = plan->n_guests;
	sim->rates = plan->rates;
	sim->now_us = SIM_S;
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		g_snprintf(sim->guest[g].name, HAM_NAME_SIZE, "g%u", g + 1);
		sim->config[g].replicas = plan->replicas;
		sim->config[g].common = plan->common >> g & 1;
		sim->config[g].shared = sim->config[g].common;
		sim->config[g].policy.max_duration_us = 20 * SIM_S;
		sim->config[g].policy.on_limit =
			(uint8_t)(plan->seed % HAM_LIMIT_N);
		sim->config[g].policy.priority = (uint8_t)(g * 7 % 3);
		sim->config[g].replica_timeout_us = 3 * SIM_S;
		sim->config[g].verify_interval_us = plan->verify_us;
		g_strlcpy(sim->config[g].name, sim->guest[g].name,
			  HAM_NAME_SIZE);
	}
	for (unsigned int i = 0; i < sim->n; i++)
		sim->node[i].fence = plan->fence[i];
	for (unsigned int i = 0; i < sim->n; i++) {
		sim_host_init(sim, i);
		sim_host_power(sim, i, true);
	}
	sim_at(sim, 0, writes, NULL);
	return sim;
}

void
sim_free(struct sim *sim)
{
	for (unsigned int i = 0; i < sim->n; i++)
		sim_host_free(sim, i);
	sim_time_free(sim);
	sim_ring_free(sim);
	g_array_unref(sim->armed);
	g_free(sim);
}

void
sim_be_quiet(struct sim *sim)
{
	sim->quiet = true;
	g_array_set_size(sim->armed, 0);
	memset(&sim->rates, 0, sizeof(sim->rates));
	sim_say(sim, "no more faults");
	for (unsigned int i = 0; i < sim->n; i++) {
		sim->node[i].part = sim->node[i].data_part = 0;
		/* somebody has seen what it does */
		if (sim->node[i].fence == SIM_FENCE_WRONG)
			sim->node[i].fence = SIM_FENCE_ERROR;
		if (i + 1 != sim->plan->absent)
			sim_host_power(sim, i, true);
	}
	sim_ring_changed(sim);
}

static void
open_node(struct sim *sim, unsigned int k, unsigned int i)
{
	unsigned int flags;

	if (!sim->node[k].core)
		return;
	flags = ham_record_node_flags(ham_core_record(sim->node[k].core),
				      i + 1);
	if (flags)
		sim_command(sim, k, HAM_CMD_UNDRAIN, 1, i + 1);
	if (flags & HAM_NODE_HALTED)
		sim_command(sim, k, HAM_CMD_UNHALT, 1, i + 1);
}

/* Guests that are to leave would come and go to the end. */
static void
open_nodes(struct sim *sim, void *data)
{
	(void)data;
	for (unsigned int i = 0; i < sim->n; i++)
		for (unsigned int k = 0; k < sim->n; k++)
			open_node(sim, k, i);
}

static void
quiet(struct sim *sim, void *data)
{
	(void)data;
	sim_be_quiet(sim);
	sim_at(sim, sim->plan->quiet_us / 4, open_nodes, NULL);
}

static void
fault(struct sim *sim, void *data)
{
	if (sim->quiet)
		return;
	sim_fault_do(sim, data);
	sim_check(sim);
}

bool
sim_run(struct sim *sim)
{
	const struct sim_plan *plan = sim->plan;
	int64_t end = sim->now_us + plan->faults_us + plan->quiet_us;

	for (guint k = 0; k < plan->faults->len; k++) {
		const struct sim_fault *f =
			&g_array_index(plan->faults, struct sim_fault, k);

		sim_at(sim, f->at_us, fault, g_memdup2(f, sizeof(*f)));
	}
	sim_at(sim, plan->faults_us, quiet, NULL);
	while (!sim->failure[0] && sim->now_us < end && sim_next(sim))
		;
	if (!sim->failure[0])
		sim_check_end(sim);
	return sim->failure[0] == '\0';
}
