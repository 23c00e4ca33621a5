/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/check.c - what must hold after every event, and after all faults
 *
 * I1, I5 and I6 here; I2 and I3/I4 where an image or a disk is about to be
 * used (vm.c, run_image).  At the end, when nothing has gone wrong for a while:
 * one record everywhere, and each guest runs once, is stopped, or says what it
 * waits for; one whose node is gone, can be proven dead and left a copy here
 * has no excuse.
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

/* A frozen or sleeping guest, or one that a disk holds up, is not dead. */
void
sim_check_boot(struct sim *sim, unsigned int i, unsigned int g)
{
	for (unsigned int k = 0; k < sim->n; k++)
		if (k != i && (sim->node[k].vm[g].q == SIM_Q_RUNNING ||
			       sim->node[k].vm[g].q == SIM_Q_IO_ERROR))
			sim_fail(sim,
				 "I5: %s boots on n%u and is not dead on n%u",
				 sim->guest[g].name, i + 1, k + 1);
}

void
sim_committed(struct sim *sim, unsigned int i, unsigned int g, uint64_t epoch)
{
	uint64_t *last = &sim->node[i].last_epoch[g];

	*last = MAX(*last, epoch);
}

void
sim_check_epochs(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	const struct ham_record *record;
	struct ham_core_view view;

	if (!node->hamd)
		return;
	ham_core_get_view(node->core, &view);
	if (!view.active || ham_pos_compare(view.position, view.committed) != 0)
		return;
	record = ham_core_record(node->core);
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		const struct ham_guest *guest =
			ham_record_lookup(record, sim->guest[g].name);
		uint64_t epoch = guest ? guest->epoch : 0;

		if (epoch < node->last_epoch[g])
			sim_fail(sim,
				 "I6: %s was committed at epoch "
				 "%" G_GUINT64_FORMAT " on n%u, now it is "
				 "%" G_GUINT64_FORMAT,
				 sim->guest[g].name, node->last_epoch[g], i + 1,
				 epoch);
		node->last_epoch[g] = epoch;
	}
}

/* ---- the end ---- */

/* As others see it: it may stay away for a while yet, up to five minutes. */
static bool
rests(const struct sim *sim, uint32_t id)
{
	for (unsigned int i = 0; i < sim->n; i++)
		if (sim->node[i].hamd && sim->node[i].core &&
		    ham_core_rest_left_us(sim->node[i].core, id) > 0)
			return true;
	return false;
}

/* Nothing is in the way of proving that node dead. */
static bool
provable(const struct sim *sim, uint32_t id)
{
	const struct sim_node *node = &sim->node[id - 1];

	if (rests(sim, id))
		return false;
	if (sim->plan->fence_and_wait)
		return false; /* what it was is not known to a new hamd */
	return node->fence == SIM_FENCE_OK || node->fence == SIM_FENCE_SLOW;
}

static bool
has_heir(const struct sim *sim, const struct ham_guest *guest)
{
	for (unsigned int i = 0; i < sim->n; i++)
		if (sim->node[i].hamd && ham_guest_may_own(guest, i + 1) &&
		    !ham_guest_tried(guest, i + 1) &&
		    !((sim->plan->witness | sim->plan->differs) >> i & 1))
			return true;
	return false;
}

static void
check_gone(struct sim *sim, const struct ham_guest *guest,
	   const struct ham_core_guest_info *info)
{
	if (info->waits_for[0] == '\0')
		sim_fail(sim, "end: %s is %s, nobody says why", guest->name,
			 info->state);
	else if (guest->wanted && has_heir(sim, guest) &&
		 (guest->owner_dead || provable(sim, guest->owner)))
		sim_fail(sim, "end: %s is %s, waits for %s, and has an heir",
			 guest->name, info->state, info->waits_for);
}

/* So many copies are wanted, and so many nodes could hold one. */
static void
check_copies(struct sim *sim, const struct ham_guest *guest)
{
	unsigned int have = 0;
	unsigned int can = 0;

	for (unsigned int i = 0; i < sim->n; i++) {
		if (i + 1 == guest->owner)
			continue;
		can += sim->node[i].hamd &&
		       !((sim->plan->witness | sim->plan->differs) >> i & 1);
		have += ham_guest_is_current(guest, i + 1);
	}
	can = guest->common ? 0 : MIN(sim->plan->replicas, can);
	if (have != can)
		sim_fail(sim, "end: %s has %u current copies of %u",
			 guest->name, have, can);
}

static void
check_started(struct sim *sim, const struct ham_guest *guest, unsigned int g,
	      const struct ham_core_guest_info *info)
{
	unsigned int n = runners(sim, g);

	if (guest->owner_dead || !sim->node[guest->owner - 1].hamd)
		check_gone(sim, guest, info);
	else if (n != 1)
		sim_fail(sim, "end: %s is %s on n%u and does not run",
			 guest->name, info->state, guest->owner);
	else if (sim->node[guest->owner - 1].vm[g].q != SIM_Q_RUNNING)
		sim_fail(sim, "end: %s runs, but not on n%u", guest->name,
			 guest->owner);
	else if (guest->phase == HAM_GUEST_STARTED && guest->wanted)
		check_copies(sim, guest);
	else if (guest->phase == HAM_GUEST_MIGRATING)
		sim_fail(sim, "end: %s is still being migrated: %s %s",
			 guest->name, ham_mig_phase_name(info->mig_phase),
			 info->waits_for);
}

static void
check_guest(struct sim *sim, const ham_core *core,
	    const struct ham_guest *guest, unsigned int g)
{
	struct ham_core_guest_info info;

	ham_core_guest_info(core, guest, &info);
	switch ((enum ham_guest_phase)guest->phase) {
	case HAM_GUEST_STOPPED:
		if (runners(sim, g) != 0)
			sim_fail(sim, "end: %s is stopped and runs",
				 guest->name);
		else if (guest->wanted && guest->reason[0] == '\0')
			sim_fail(sim, "end: %s has failed, nobody says why",
				 guest->name);
		break;
	case HAM_GUEST_IN_DOUBT:
		if (info.waits_for[0] == '\0')
			sim_fail(sim, "end: %s is in doubt, nobody says why",
				 guest->name);
		else if (strstr(info.waits_for, "proof") &&
			 info.waits_for_node &&
			 provable(sim, info.waits_for_node))
			sim_fail(sim, "end: %s is in doubt, waits for %s",
				 guest->name, info.waits_for);
		break;
	case HAM_GUEST_STARTED:
	case HAM_GUEST_MIGRATING:
		check_started(sim, guest, g, &info);
		break;
	case HAM_GUEST_N_PHASES:
		break;
	}
}

void
sim_check_end(struct sim *sim)
{
	const ham_core *first = NULL;
	uint64_t sum = 0;
	uint16_t joined = 0;

	for (unsigned int i = 0; i < sim->n; i++) {
		const ham_core *core = sim->node[i].core;
		struct ham_core_view view;

		if (i + 1 == sim->plan->absent)
			continue;
		if (!core) {
			sim_fail(sim, "end: n%u has no hamd", i + 1);
			return;
		}
		ham_core_get_view(core, &view);
		if (!view.active && sim->plan->absent &&
		    strstr(view.waiting_for, "a new cluster must see"))
			return; /* and it never has */
		if (!view.active) {
			sim_fail(sim, "end: n%u makes no decisions: %s", i + 1,
				 view.waiting_for);
			return;
		}
		if (first && joined != view.joined)
			sim_fail(sim, "end: n%u sees other members", i + 1);
		joined = view.joined;
		if (first && sum != ham_record_checksum(ham_core_record(core)))
			sim_fail(sim, "end: n%u has another record", i + 1);
		sum = ham_record_checksum(ham_core_record(core));
		first = core;
	}
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		const struct ham_guest *guest = ham_record_lookup(
			ham_core_record(first), sim->guest[g].name);

		if (guest)
			check_guest(sim, first, guest, g);
	}
}
