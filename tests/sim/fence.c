/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/fence.c - a model of fence devices and of whoever drives them
 *
 * The driver does what the order rule of core.h asks: off, then status twice,
 * a deadline for a device that hangs.  What the device does is its kind.  A
 * node that was switched off is switched on again after a while.  The answer
 * goes to the hamd that asked, if it still lives.
 */
#include "tests/sim/sim.h"

enum {
	DEADLINE_US = 10 * SIM_S
};

struct job {
	unsigned int node; /* who asked */
	uint64_t incarnation;
	uint64_t attempt;
	unsigned int target;
	unsigned int stage;
};

static const char *const names[] = {
	"none", "ok", "slow", "hang", "error", "lie", "wrong", "liar",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == SIM_FENCE_N);

const char *
sim_fence_name(unsigned int kind)
{
	return kind < SIM_FENCE_N ? names[kind] : "?";
}

static void
answer(struct sim *sim, const struct job *job, bool off, const char *text)
{
	struct ham_event event = {.kind = HAM_EV_FENCED,
				  .node = job->target + 1,
				  .value = job->attempt,
				  .flag = off,
				  .text = text};

	sim_say(sim, "n%u fencing n%u: %s", job->node + 1, job->target + 1,
		text);
	if (sim->node[job->node].hamd &&
	    sim->node[job->node].incarnation == job->incarnation)
		sim_step(sim, job->node, &event);
}

static void
switch_off(struct sim *sim, unsigned int i)
{
	if (!sim->node[i].power)
		return;
	sim_host_power(sim, i, false);
	sim_host_boot_later(sim, i, sim_between(sim, 5 * SIM_S, 20 * SIM_S));
}

static bool
seen_off(const struct sim *sim, unsigned int target)
{
	return !sim->node[target].power ||
	       sim->node[target].fence == SIM_FENCE_LIAR;
}

static void
go(struct sim *sim, void *data)
{
	struct job *job = data;
	struct job next = *job;

	/* whoever ran it is gone, or has called it off */
	if (sim->node[job->node].incarnation != job->incarnation ||
	    sim->node[job->node].fencing[job->target] != job->attempt)
		return;
	next.stage++;
	switch (job->stage) {
	case 0:
		switch ((enum sim_fence)sim->node[job->target].fence) {
		case SIM_FENCE_OK:
		case SIM_FENCE_SLOW:
			switch_off(sim, job->target);
			break;
		case SIM_FENCE_WRONG:
			switch_off(sim, (job->target + 1) % sim->n);
			break;
		case SIM_FENCE_HANG:
			answer(sim, job, false, "no answer in 10 s");
			return;
		case SIM_FENCE_NONE:
		case SIM_FENCE_ERROR:
			answer(sim, job, false, "the device failed");
			return;
		case SIM_FENCE_LIE:
		case SIM_FENCE_LIAR:
		case SIM_FENCE_N:
			break;
		}
		break;
	case 1:
	case 2:
		if (!seen_off(sim, job->target)) {
			answer(sim, job, false, "it is still on");
			return;
		}
		break;
	default:
		answer(sim, job, true, "switched off, seen off twice");
		return;
	}
	sim_at(sim, sim_between(sim, 200 * SIM_MS, SIM_S), go,
	       g_memdup2(&next, sizeof(next)));
}

void
sim_fence(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	struct job job = {.node = i,
			  .incarnation = sim->node[i].incarnation,
			  .attempt = fx->value,
			  .target = fx->node - 1};
	int64_t after = sim_between(sim, 300 * SIM_MS, 2 * SIM_S);

	sim->node[i].fencing[job.target] = fx->value;
	if (fx->value == 0) {
		sim_say(sim, "n%u calls the fencing of n%u off", i + 1,
			fx->node);
		return;
	}
	if (sim->node[job.target].fence == SIM_FENCE_SLOW)
		after = sim_between(sim, 4 * SIM_S, 9 * SIM_S);
	else if (sim->node[job.target].fence == SIM_FENCE_HANG)
		after = DEADLINE_US;
	sim_say(sim, "n%u fences n%u", i + 1, fx->node);
	sim_at(sim, after, go, g_memdup2(&job, sizeof(job)));
}
