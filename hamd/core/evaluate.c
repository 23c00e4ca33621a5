/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/evaluate.c - what a committed record wants begun on this node
 *
 * A function of the record and of where the guest stands here, called again
 * after every change; it does nothing while this node can't know that the
 * record is committed.  Order rules it carries: START committed before LAUNCH;
 * CUTOVER committed, by source and destination too, before CAPTURE; OUTCOME
 * committed before RESUME, FINISH, or RUN without a YIELD; OUTDATED committed
 * before SLOT_DROP lets held writes go.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	/* A guest that just came has cold caches and a backlog of packets: what
	 * is left to tidy up waits this long (measured: doc/design.md). */
	SETTLE_US = 200000,
};

/* One of several in the guest's `reason`, each with its node. */
static void
name_trouble(const ham_core *core, const struct ham_local *local, char *out,
	     size_t size)
{
	size_t room = (HAM_REASON_SIZE - 1) / HAM_MAX_STARTS - 1;

	g_snprintf(out, size, "%s: %s",
		   ham_core_node_name(core, core->config.self), local->reason);
	if (strlen(out) <= room)
		return;
	while (room && ((unsigned char)out[room] & 0xc0) == 0x80)
		room--; /* no half of a character */
	out[room] = '\0';
}

static void
propose_stopped(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_STOPPED};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.epoch = guest->epoch;
	op.flag = local->ended_clean;
	op.txn = local->ended_as;
	op.node = ham_is_joined(core, guest->move_to) ? guest->move_to : 0;
	g_strlcpy(op.reason,
		  local->reason[0] ? local->reason
		  : core->booted   ? "its node has booted"
				   : "its QEMU was gone when hamd came back",
		  sizeof(op.reason));
	/* the machine has booted since, and hamd knows no other end of it */
	if (local->reason[0] == '\0' && core->booted)
		op.txn = HAM_ENDED_AGAIN;
	if (guest->failover && op.txn == HAM_ENDED_UNRUN)
		name_trouble(core, local, op.reason, sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

static bool
is_dropping(const struct ham_local *local)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++)
		if (local->slot[i].dropping)
			return true;
	return false;
}

static void
evaluate_running(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	if (guest->phase == HAM_GUEST_IN_DOUBT) {
		/* we are the destination and run: repeat RUNNING */
		struct ham_op op = {.kind = HAM_OP_OUTCOME};

		if (guest->dst != core->config.self)
			return;
		g_strlcpy(op.guest, guest->name, sizeof(op.guest));
		op.epoch = guest->epoch;
		op.txn = guest->txn;
		op.node = core->config.self;
		ham_propose_for(core, local, &op);
		return;
	}
	if (guest->phase == HAM_GUEST_MIGRATING) {
		if (local->migrate_due)
			ham_source_begin(core, local, guest);
		else {
			/* this hamd began no copy: an earlier life did */
			local->txn = guest->txn;
			local->pristine = false;
			ham_source_undo(core, local,
					"hamd was restarted on the source");
		}
		return;
	}
	/* before a stop: a guest that stands still can't power off */
	if (local->retry && !is_dropping(local)) {
		local->retry = false;
		ham_fx_guest(core, local, HAM_DO_RETRY);
	}
	if (ham_move_ends_it(core, local, guest) ||
	    (!guest->wanted && !guest->cold)) {
		bool kill = guest->cold || (local->kill && !guest->wanted);

		ham_stage(core, local, HAM_L_STOPPING);
		ham_fx_guest(core, local, kill ? HAM_DO_KILL : HAM_DO_SHUTDOWN);
		local->kill = false;
		return;
	}
	ham_copies_mind(core, local, guest);
	ham_move_mind(core, local, guest);
	ham_policy_mind(core, local, guest);
}

static void
launch(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	struct ham_blob copies;

	local->launch_epoch = 0;
	local->launch_us = 0;
	local->looked = false;
	local->epoch = guest->epoch;
	ham_copies_launch(local, guest, &copies);
	ham_stage(core, local, HAM_L_STARTING);
	ham_fx_guest(core, local, HAM_DO_LAUNCH);
	core->fx->list[core->fx->n - 1].blob = copies;
	core->fx->list[core->fx->n - 1].flag = guest->cold;
	if (guest->cold)
		return;
	ham_fx_tell(core, HAM_NOTE_GUEST_STARTING, local, "starting on %s",
		    ham_core_node_name(core, core->config.self));
}

static unsigned int
n_starting(const ham_core *core)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < core->n_locals; i++)
		n += core->locals[i].stage == HAM_L_STARTING;
	return n;
}

/* Of those whose turn it may be the one of the highest priority, then the first
 * by name; NULL: there is none. */
static struct ham_local *
first_queued(ham_core *core)
{
	struct ham_local *first = NULL;
	unsigned int best = 0;

	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		struct ham_local *local =
			ham_local_get(core, core->record.guests[i].name);
		const struct ham_core_guest *config =
			ham_guest_config(core, local->name);
		unsigned int priority = config ? config->priority : 0;

		if (local->queued && (!first || priority > best)) {
			first = local;
			best = priority;
		}
	}
	return first;
}

/* A start costs a node what a guest that runs does not: so many at once. */
static void
launch_queued(ham_core *core)
{
	unsigned int most = core->config.parallel_starts;
	struct ham_local *local;

	if (core->n_queued == 0)
		return;
	for (unsigned int n = n_starting(core); most == 0 || n < most; n++) {
		local = first_queued(core);
		if (!local)
			return;
		local->queued = false;
		core->n_queued--;
		launch(core, local,
		       ham_record_lookup(&core->record, local->name));
	}
}

/* What else is current takes the guest's writes from the first one on, or the
 * record says before it that it does not.  It is its turn when all have been
 * looked at.
 *
 * Our own disk has the epoch before anything runs at it: who comes back takes
 * one that his record did not have for one that never ran here
 * (became_owner() in applied.c), and the majority that stored it need not be
 * with us. */
static void
queue(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	if (ham_pos_compare(core->durable, local->changed_at) < 0)
		return;
	if (!guest->wanted && !guest->cold) {
		local->launch_epoch = 0;
		local->launch_us = 0;
		local->ended_as = HAM_ENDED_UNRUN;
		g_strlcpy(local->reason, "it was stopped before it had begun",
			  sizeof(local->reason));
		propose_stopped(core, local, guest);
		return;
	}
	if (!ham_copies_ready(core, local, guest))
		return;
	local->queued = true;
	core->n_queued++;
}

/* Nothing of the copy is left: the record is to say so, too. */
static void
end_undo(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_MIGRATE_END};

	if (guest->phase != HAM_GUEST_MIGRATING || guest->txn != local->txn) {
		ham_stage(core, local, HAM_L_RUNNING);
		evaluate_running(core, local, guest);
		return;
	}
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.epoch = guest->epoch;
	op.txn = guest->txn;
	op.flag = local->pristine;
	g_strlcpy(op.reason, local->reason, sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

/* A copy is under way, or ready for CUTOVER. */
static void
evaluate_copy(ham_core *core, struct ham_local *local,
	      const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_CUTOVER};

	if (guest->phase != HAM_GUEST_MIGRATING || guest->txn != local->txn) {
		/* over, and maybe another one is asked for already */
		ham_source_undo(core, local,
				"the destination's copy is given up");
		return;
	}
	ham_copies_mind(core, local, guest);
	if (!ham_is_joined(core, guest->dst)) {
		ham_source_undo(core, local,
				"the destination left the cluster");
		return;
	}
	if (local->stage != HAM_L_S_GATE)
		return;
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.epoch = guest->epoch;
	op.txn = local->txn;
	for (unsigned int i = 0; i < HAM_MAX_REPLICAS; i++) {
		uint32_t node = guest->replica[i].node;
		const struct ham_slot *slot = ham_slot_of(local, node);

		if (slot && slot->differs && ham_guest_is_current(guest, node))
			return; /* OUTDATED, which says so, comes first */
		for (unsigned int k = 0; k < HAM_MAX_SLOTS; k++)
			if (node && node == local->goes_on[k])
				op.node |= 1u << i;
	}
	ham_propose_for(core, local, &op);
}

static void
evaluate_yielded(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	if (guest->epoch == local->epoch && guest->cold) {
		/* found by a restarted hamd; it is never to run */
		ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
	} else if (guest->epoch == local->epoch) {
		/* Found paused by a restarted hamd.  The record, which has all
		 * that was stored here, knows no CUTOVER of this epoch: it was
		 * stopped by an undo or not yet resumed, and nobody else has
		 * its image. */
		ham_source_halt(core, local,
				"hamd was restarted on the source");
	} else if (guest->epoch == local->epoch + 2) {
		/* OUTCOME: the source, but the destination may have run: this
		 * image is void (I2), its disk has every acknowledged write */
		local->launch_epoch = guest->epoch;
		ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
	}
}

static void
evaluate_halted(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	if (guest->phase == HAM_GUEST_MIGRATING && guest->txn == local->txn) {
		/* halted before CUTOVER: the record ends it first */
		end_undo(core, local, guest);
		return;
	}
	if (local->resume_us && local->kill) {
		local->resume_us = 0;
		local->kill = false;
		ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
		return;
	}
	if (core->now_us < local->resume_us)
		return;
	/* OUTCOME: the source; committed, so it may run again */
	local->epoch = guest->epoch;
	ham_stage(core, local, HAM_L_S_RESUME);
	ham_fx_guest(core, local, HAM_DO_RESUME);
	ham_slots_keep(local, guest, &core->fx->list[core->fx->n - 1].blob);
}

/* Owner, and the record says STARTED or MIGRATING. */
static void
evaluate_owner(ham_core *core, struct ham_local *local,
	       const struct ham_guest *guest)
{
	if (guest->phase == HAM_GUEST_STARTED)
		local->ran = false; /* its OUTCOME is committed */
	switch ((enum ham_stage)local->stage) {
	case HAM_L_NONE:
	case HAM_L_S_EMPTY:
		if (local->launch_epoch == guest->epoch)
			queue(core, local, guest);
		else
			propose_stopped(core, local, guest);
		break;
	case HAM_L_RUNNING:
		evaluate_running(core, local, guest);
		break;
	case HAM_L_S_PREPARE:
	case HAM_L_S_COPY:
	case HAM_L_S_GATE:
		evaluate_copy(core, local, guest);
		break;
	case HAM_L_STOPPING:
		if (local->kill) {
			local->kill = false;
			ham_fx_guest(core, local, HAM_DO_KILL);
		}
		ham_copies_mind(core, local, guest);
		break;
	case HAM_L_S_UNDO:
		ham_copies_mind(core, local, guest);
		if (local->undone)
			end_undo(core, local, guest);
		break;
	case HAM_L_S_YIELDED:
		evaluate_yielded(core, local, guest);
		break;
	case HAM_L_S_HALTED:
		evaluate_halted(core, local, guest);
		break;
	case HAM_L_D_HELD:
		/* OUTCOME: the destination, without a YIELD */
		ham_dest_run(core, local);
		break;
	case HAM_L_LOOKING:
	case HAM_L_STARTING:
	case HAM_L_S_CAPTURE:
	case HAM_L_S_CAPTURED:
	case HAM_L_S_SILENCE:
	case HAM_L_S_HALTING:
	case HAM_L_S_RESUME:
	case HAM_L_S_FINISH:
	case HAM_L_D_PREPARE:
	case HAM_L_D_READY:
	case HAM_L_D_TAKEOVER:
	case HAM_L_D_RUN:
	case HAM_L_DISCARD:
	case HAM_L_KILL:
	case HAM_L_CLOSE:
	case HAM_L_NARROW:
	case HAM_L_SERVE:
	case HAM_L_REPLICA:
	case HAM_L_N_STAGES:
		break;
	}
}

/* CUTOVER is committed: by a majority, and by source and destination. */
static bool
both_stored(const ham_core *core, const struct ham_guest *guest,
	    struct ham_pos pos)
{
	int s = ham_node_index(core, guest->owner);
	int d = ham_node_index(core, guest->dst);

	return s >= 0 && d >= 0 && ham_pos_compare(core->stored[s], pos) >= 0 &&
	       ham_pos_compare(core->stored[d], pos) >= 0;
}

static void
evaluate_in_doubt(ham_core *core, struct ham_local *local,
		  const struct ham_guest *guest)
{
	uint32_t self = core->config.self;

	if (guest->owner == self && local->stage == HAM_L_S_GATE &&
	    ham_ring_equal(local->cutover_ring, core->totem) &&
	    both_stored(core, guest, local->changed_at)) {
		local->mig_phase = HAM_MIG_CUTOVER;
		ham_stage(core, local, HAM_L_S_CAPTURE);
		ham_fx_guest(core, local, HAM_DO_CAPTURE);
	}
	if (guest->dst == self && (local->stage == HAM_L_RUNNING ||
				   (local->stage == HAM_L_NONE && local->ran)))
		evaluate_running(core, local, guest);
	ham_doubt_resolve(core, guest);
}

void
ham_evaluate(ham_core *core, struct ham_guest *guest)
{
	struct ham_local *local = ham_local_get(core, guest->name);
	uint32_t self = core->config.self;

	local->queued = false;
	if (!ham_is_active(core) || !(core->counted & (1u << core->self)) ||
	    ham_pos_compare(local->changed_at, core->committed) > 0 ||
	    !ham_lease_valid(core) || core->woke_us)
		return;
	if (guest->phase == HAM_GUEST_IN_DOUBT) {
		evaluate_in_doubt(core, local, guest);
		return;
	}
	if (guest->phase == HAM_GUEST_STOPPED)
		return;
	if (guest->owner_dead)
		ham_death_promote(core, local, guest);
	if (guest->owner == self) {
		if (!guest->owner_dead)
			evaluate_owner(core, local, guest);
		return;
	}
	ham_serve_mind(core, local, guest);
	if (ham_source_stage(local->stage) && local->stage != HAM_L_S_FINISH &&
	    guest->epoch == local->epoch + 1 &&
	    (local->prepare_due || local->stage != HAM_L_S_YIELDED ||
	     core->now_us - local->changed_us >= SETTLE_US)) {
		/* OUTCOME: the destination; committed, the image here is void
		 */
		const struct ham_replica *r = ham_guest_replica(guest, self);

		ham_stage(core, local, HAM_L_S_FINISH);
		ham_fx_guest(core, local, HAM_DO_FINISH);
		core->fx->list[core->fx->n - 1].value = r ? r->generation : 0;
	} else if (guest->phase == HAM_GUEST_MIGRATING && guest->dst == self &&
		   local->stage == HAM_L_NONE &&
		   (local->applied_txn != guest->txn ||
		    ham_queue_has_begun(local, guest))) {
		/* this hamd prepared nothing: an earlier life of it did */
		local->epoch = guest->epoch + 1;
		local->txn = guest->txn;
		ham_handover_msg(core, local, HAM_MSG_REFUSED,
				 "hamd was restarted on the destination");
	}
}

/* Those of the highest priority first: where much is under way the last have
 * to be asked for again. */
static void
evaluate_dead(ham_core *core)
{
	unsigned int n = 0;
	const struct ham_plan_item *items;
	g_autofree uint16_t *order = NULL;

	if (ham_leader(core) != core->config.self || !ham_is_active(core))
		return;
	items = ham_place_all(core, &n);
	/* a plan is made anew when something changes: not under our feet */
	order = g_new(uint16_t, MAX(n, 1u));
	for (unsigned int i = 0; i < n; i++)
		order[i] = (uint16_t)(items[i].guest - core->record.guests);
	for (unsigned int i = 0; i < n; i++)
		ham_evaluate(core, &core->record.guests[order[i]]);
}

void
ham_evaluate_all(ham_core *core)
{
	evaluate_dead(core);
	/* as it is now: what has changed may have put it out of the queue */
	core->n_queued = 0;
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		ham_evaluate(core, &core->record.guests[i]);
	launch_queued(core);
	ham_queue_mind(core);
}
