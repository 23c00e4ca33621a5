/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/shrink.c - from a seed that breaks a rule to a short story
 *
 * Leaves out faults, half of them, a quarter, ... one by one, then guests,
 * rates and devices, as long as the same rule breaks (the word before the
 * colon). Whatever is left out shifts the models' chances, so each smaller plan
 * is tried with several seeds of the models.
 */
#include <string.h>

#include "tests/sim/sim.h"

struct search {
	char rule[32];
	unsigned int tries;
};

static bool
breaks(const struct search *s, struct sim_plan *plan)
{
	uint64_t first = plan->seed;

	for (unsigned int k = 0; k < s->tries; k++) {
		struct sim *sim;
		bool same;

		plan->seed = first + k;
		sim = sim_new(plan);
		same = !sim_run(sim) &&
		       strncmp(sim->failure, s->rule, strlen(s->rule)) == 0;
		sim_free(sim);
		if (same)
			return true;
	}
	plan->seed = first;
	return false;
}

/* Takes over what `smaller` is, if it still breaks. */
static bool
settle(const struct search *s, struct sim_plan **plan, struct sim_plan *smaller)
{
	if (!breaks(s, smaller)) {
		sim_plan_free(smaller);
		return false;
	}
	sim_plan_free(*plan);
	*plan = smaller;
	return true;
}

static void
fewer_faults(const struct search *s, struct sim_plan **plan)
{
	for (guint size = (*plan)->faults->len; size > 0; size /= 2) {
		guint at = 0;

		while (at < (*plan)->faults->len) {
			struct sim_plan *smaller = sim_plan_copy(*plan);

			g_array_remove_range(
				smaller->faults, at,
				MIN(size, smaller->faults->len - at));
			if (!settle(s, plan, smaller))
				at += size;
		}
	}
}

static void
fewer_chances(const struct search *s, struct sim_plan **plan)
{
	unsigned int n_rates = sizeof(struct sim_rates) / sizeof(unsigned int);

	for (unsigned int k = 0; k < n_rates; k++) {
		struct sim_plan *smaller = sim_plan_copy(*plan);

		((unsigned int *)&smaller->rates)[k] = 0;
		settle(s, plan, smaller);
	}
}

static void
fewer_guests(const struct search *s, struct sim_plan **plan)
{
	for (unsigned int g = 0; g < (*plan)->n_guests; g++) {
		struct sim_plan *smaller = sim_plan_copy(*plan);
		guint kept = 0;

		for (guint k = 0; k < smaller->faults->len; k++) {
			struct sim_fault f = g_array_index(smaller->faults,
							   struct sim_fault, k);
			bool of_guest = f.kind == SIM_F_COMMAND ||
					f.kind == SIM_F_KILL_QEMU ||
					f.kind == SIM_F_KILL_QSD;

			if (of_guest && f.guest != g)
				continue;
			f.guest = 0;
			g_array_index(smaller->faults, struct sim_fault,
				      kept++) = f;
		}
		g_array_set_size(smaller->faults, kept);
		smaller->n_guests = 1;
		if (settle(s, plan, smaller))
			return;
	}
}

static void
less_else(const struct search *s, struct sim_plan **plan)
{
	struct sim_plan *smaller = sim_plan_copy(*plan);

	smaller->lease_us = smaller->watchdog_us = 0;
	smaller->fence_and_wait = false;
	settle(s, plan, smaller);
	smaller = sim_plan_copy(*plan);
	memset(smaller->at_once, 0, sizeof(smaller->at_once));
	settle(s, plan, smaller);
	smaller = sim_plan_copy(*plan);
	memset(smaller->fence, 0, sizeof(smaller->fence));
	settle(s, plan, smaller);
	smaller = sim_plan_copy(*plan);
	smaller->absent = 0;
	settle(s, plan, smaller);
}

struct sim_plan *
sim_shrink(const struct sim_plan *plan, const char *failure, unsigned int tries)
{
	struct search s = {.tries = tries};
	struct sim_plan *best = sim_plan_copy(plan);
	const char *colon = strchr(failure, ':');

	g_strlcpy(s.rule, failure,
		  colon ? MIN(sizeof(s.rule), (size_t)(colon - failure) + 2)
			: sizeof(s.rule));
	fewer_faults(&s, &best);
	fewer_guests(&s, &best);
	fewer_chances(&s, &best);
	less_else(&s, &best);
	fewer_faults(&s, &best);
	return best;
}
