/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/main.c - ham-sim: seeds, and what goes wrong in each
 *
 * A seed turns on a random subset of faults (swarm), lets them happen for a
 * while and then watches a cluster that nothing disturbs any more.  Exits 1
 * with the seeds that broke a rule.
 */
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

enum {
	FAULTS_US = 40 * 1000000,
	QUIET_US = 90 * 1000000,
	WRITE_US = 20 * SIM_MS,
};

static void
split(struct sim *sim)
{
	if (sim_chance(sim, 5000)) {
		for (unsigned int i = 0; i < sim->n; i++)
			sim->node[i].part = 0;
		sim_say(sim, "the network is whole");
	} else {
		for (unsigned int i = 0; i < sim->n; i++)
			sim->node[i].part =
				(unsigned int)sim_pick(sim, i == 0 ? 1 : 2);
		sim_say(sim, "the network is split: %u%u%u%u%u",
			sim->node[0].part, sim->node[1].part, sim->node[2].part,
			sim->node[3].part, sim->node[4].part);
	}
	sim_ring_changed(sim);
}

static void
operator(struct sim *sim)
{
	static const enum ham_command commands[] = {
		HAM_CMD_START,	 HAM_CMD_START,	  HAM_CMD_MIGRATE,
		HAM_CMD_MIGRATE, HAM_CMD_MIGRATE, HAM_CMD_MIGRATE,
		HAM_CMD_CANCEL,	 HAM_CMD_STOP};
	enum ham_command command =
		commands[sim_pick(sim, G_N_ELEMENTS(commands))];
	uint32_t target = (uint32_t)sim_pick(sim, sim->n) + 1;

	if (command == HAM_CMD_START && sim_chance(sim, 5000))
		target = 0;
	sim_command(sim, (unsigned int)sim_pick(sim, sim->n), command,
		    (unsigned int)sim_pick(sim, sim->n_guests), target);
}

static void
mishap(struct sim *sim, void *data)
{
	unsigned int i = (unsigned int)sim_pick(sim, sim->n);
	unsigned int g = (unsigned int)sim_pick(sim, sim->n_guests);

	(void)data;
	if (sim->quiet)
		return;
	if (sim_chance(sim, sim->rates.split))
		split(sim);
	if (sim_chance(sim, sim->rates.power))
		sim_host_power(sim, i, !sim->node[i].power);
	if (sim_chance(sim, sim->rates.crash_hamd))
		sim_hamd_end(sim, i, "it crashes");
	if (sim_chance(sim, sim->rates.kill_qemu))
		sim_vm_kill_qemu(sim, i, g);
	if (sim_chance(sim, sim->rates.kill_qsd))
		sim_vm_kill_qsd(sim, i, g);
	if (sim_chance(sim, sim->rates.command))
		operator(sim);
	sim_check(sim);
	sim_at(sim, sim_between(sim, SIM_MS, 100 * SIM_MS), mishap, NULL);
}

static void
writes(struct sim *sim, void *data)
{
	(void)data;
	sim_vm_write(sim);
	sim_at(sim, WRITE_US, writes, NULL);
}

static void
be_quiet(struct sim *sim, void *data)
{
	(void)data;
	sim->quiet = true;
	memset(&sim->rates, 0, sizeof(sim->rates));
	sim_say(sim, "no more faults");
	for (unsigned int i = 0; i < sim->n; i++) {
		sim->node[i].part = 0;
		sim_host_power(sim, i, true);
	}
	sim_ring_changed(sim);
}

static unsigned int
maybe(struct sim *sim, unsigned int most)
{
	return sim_chance(sim, 5000) ? (unsigned int)sim_pick(sim, most) + 1
				     : 0;
}

static void
setup(struct sim *sim, uint64_t seed, unsigned int nodes, unsigned int guests)
{
	sim->seed = seed;
	sim->rng[0] = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sim->rng[1] = seed ^ UINT64_C(0xbf58476d1ce4e5b9);
	for (int k = 0; k < 8; k++)
		(void)sim_random(sim);
	sim->hash = UINT64_C(0xcbf29ce484222325);
	sim->rings = g_ptr_array_new();
	sim->n = nodes ? nodes : 3 + 2 * (unsigned int)sim_pick(sim, 2);
	sim->n_guests = guests ? guests : 1 + (unsigned int)sim_pick(sim, 3);
	sim->replicas = (unsigned int)sim_pick(sim, 2);
	sim->now_us = 1000000;
	sim->rates.split = maybe(sim, 150);
	sim->rates.crash_hamd = maybe(sim, 150);
	sim->rates.power = maybe(sim, 100);
	sim->rates.kill_qemu = maybe(sim, 100);
	sim->rates.kill_qsd = maybe(sim, 200);
	sim->rates.act_fails = maybe(sim, 800);
	sim->rates.drop = maybe(sim, 60);
	sim->rates.command = 200 + (unsigned int)sim_pick(sim, 1500);
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		g_snprintf(sim->guest[g].name, HAM_NAME_SIZE, "g%u", g + 1);
		sim->config[g].replicas = sim->replicas;
		sim->config[g].max_duration_us = 20 * 1000000;
		g_strlcpy(sim->config[g].name, sim->guest[g].name,
			  HAM_NAME_SIZE);
	}
	for (unsigned int i = 0; i < sim->n; i++) {
		sim_host_init(sim, i);
		sim_host_power(sim, i, true);
	}
	sim_at(sim, 0, writes, NULL);
	sim_at(sim, 5 * 1000000, mishap, NULL);
	sim_at(sim, FAULTS_US, be_quiet, NULL);
}

/* True if no rule was broken. */
static bool
run(uint64_t seed, bool trace, unsigned int nodes, unsigned int guests,
    uint64_t *steps)
{
	struct sim *sim = g_new0(struct sim, 1);
	int64_t end;
	bool good;

	sim->trace = trace;
	setup(sim, seed, nodes, guests);
	end = sim->now_us + FAULTS_US + QUIET_US;
	while (!sim->failure[0] && sim->now_us < end && sim_next(sim))
		;
	if (!sim->failure[0])
		sim_check_end(sim);
	good = sim->failure[0] == '\0';
	if (!good) {
		printf("seed %" G_GUINT64_FORMAT ": %s\n", seed, sim->failure);
		fflush(stdout);
	}
	if (trace)
		printf("hash %016" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT
		       " steps\n",
		       sim->hash, sim->steps);
	*steps += sim->steps;
	for (unsigned int i = 0; i < sim->n; i++)
		sim_host_free(sim, i);
	sim_time_free(sim);
	sim_ring_free(sim);
	g_free(sim);
	return good;
}

int
main(int argc, char **argv)
{
	gint64 seeds = 500;
	gint64 first = 1;
	gint64 seed = -1;
	gint nodes = 0;
	gint guests = 0;
	gboolean trace = FALSE;
	GOptionEntry entries[] = {
		{"seeds", 'n', 0, G_OPTION_ARG_INT64, &seeds,
		 "run so many seeds", "N"},
		{"first", 0, 0, G_OPTION_ARG_INT64, &first, "from this one on",
		 "S"},
		{"seed", 's', 0, G_OPTION_ARG_INT64, &seed, "run this one only",
		 "S"},
		{"nodes", 0, 0, G_OPTION_ARG_INT, &nodes,
		 "2 to 5; by the seed if not given", "N"},
		{"guests", 0, 0, G_OPTION_ARG_INT, &guests,
		 "1 to 20; by the seed if not given", "N"},
		{"trace", 't', 0, G_OPTION_ARG_NONE, &trace, "print all", NULL},
		G_OPTION_ENTRY_NULL};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- searches for a broken rule");
	g_autoptr(GError) error = NULL;
	gint64 begin = g_get_monotonic_time();
	uint64_t steps = 0;
	unsigned int broken = 0;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) ||
	    nodes < 0 || nodes > SIM_NODES || guests < 0 ||
	    guests > SIM_GUESTS) {
		fprintf(stderr, "ham-sim: %s\n",
			error ? error->message : "out of range");
		return 2;
	}
	if (seed >= 0) {
		first = seed;
		seeds = 1;
	}
	for (gint64 s = first; s < first + seeds; s++)
		broken += !run((uint64_t)s, trace, (unsigned int)nodes,
			       (unsigned int)guests, &steps);
	printf("%" G_GINT64_FORMAT " seeds, %" G_GUINT64_FORMAT
	       " steps, %.1f s, %u broken\n",
	       seeds, steps, (double)(g_get_monotonic_time() - begin) / 1e6,
	       broken);
	return broken > 0;
}
