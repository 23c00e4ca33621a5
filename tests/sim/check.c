/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/check.c - what must hold after every event, and after all faults
 *
 * I1 here; I2 and I3/I4 where an image or a disk is about to be used (vm.c,
 * run_image).  At the end, when all nodes are back and nothing has gone wrong
 * for a while: one record everywhere, and each guest runs once, is stopped, or
 * says what it waits for.
 */
#include <string.h>

#include "tests/sim/sim.h"

static unsigned int
runners(const struct sim *sim, unsigned int g)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < sim->n; i++)
		n += sim->node[i].vm[g].q == SIM_Q_RUNNING;
	return n;
}

void
sim_check(struct sim *sim)
{
	for (unsigned int g = 0; g < sim->n_guests; g++)
		if (runners(sim, g) > 1)
			sim_fail(sim, "I1: %s runs twice", sim->guest[g].name);
}

static void
check_guest(struct sim *sim, const ham_core *core,
	    const struct ham_guest *guest, unsigned int g)
{
	unsigned int n = runners(sim, g);
	struct ham_core_guest_info info;

	ham_core_guest_info(core, guest, &info);
	switch ((enum ham_guest_phase)guest->phase) {
	case HAM_GUEST_STOPPED:
		if (n != 0)
			sim_fail(sim, "end: %s is stopped and runs",
				 guest->name);
		break;
	case HAM_GUEST_IN_DOUBT:
		if (info.waits_for[0] == '\0')
			sim_fail(sim, "end: %s is in doubt, nobody says why",
				 guest->name);
		break;
	case HAM_GUEST_STARTED:
	case HAM_GUEST_MIGRATING:
		if (n != 1)
			sim_fail(sim, "end: %s is %s on n%u and does not run",
				 guest->name, info.state, guest->owner);
		else if (sim->node[guest->owner - 1].vm[g].q != SIM_Q_RUNNING)
			sim_fail(sim, "end: %s runs, but not on n%u",
				 guest->name, guest->owner);
		break;
	case HAM_GUEST_N_PHASES:
		break;
	}
}

void
sim_check_end(struct sim *sim)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < sim->n; i++) {
		struct ham_core_view view;

		if (!sim->node[i].core) {
			sim_fail(sim, "end: n%u has no hamd", i + 1);
			return;
		}
		ham_core_get_view(sim->node[i].core, &view);
		if (!view.active) {
			sim_fail(sim, "end: n%u makes no decisions: %s", i + 1,
				 view.waiting_for);
			return;
		}
		if (i > 0 && sum != ham_record_checksum(
					    ham_core_record(sim->node[i].core)))
			sim_fail(sim, "end: n%u has another record than n1",
				 i + 1);
		sum = ham_record_checksum(ham_core_record(sim->node[i].core));
	}
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		const ham_core *core = sim->node[0].core;
		const struct ham_guest *guest = ham_record_lookup(
			ham_core_record(core), sim->guest[g].name);

		if (guest)
			check_guest(sim, core, guest, g);
	}
}
