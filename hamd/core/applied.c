/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/applied.c - what follows here from an operation or a change of view
 *
 * Before it is committed: only what can be called off (a destination prepares)
 * or is told.  What must wait for the commit is evaluate.c's.
 */
#include <string.h>

#include "hamd/core/state.h"

static void
prepare(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	local->prepare_due = false;
	local->was_replica = local->stage == HAM_L_REPLICA;
	if (!local->was_replica &&
	    ham_guest_is_current(guest, core->config.self))
		return; /* a copy would void it while it counts: OUTDATED first,
			 * which ends this migration (evaluate.c) */
	local->txn = guest->txn;
	local->epoch = guest->epoch + 1;
	local->drained = local->wired = local->wiring = false;
	local->ran = false;
	local->ended_as = HAM_ENDED_ANYHOW;
	local->offer.len = 0;
	ham_slots_clear(local);
	local->reason[0] = '\0';
	ham_stage(core, local, HAM_L_D_PREPARE);
	ham_fx_guest(core, local, HAM_DO_PREPARE);
	core->fx->list[core->fx->n - 1].flag = local->was_replica;
}

/* A migration came while the rest of an older life was still being ended. */
void
ham_prepare_if_due(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	if (!local->prepare_due ||
	    (local->stage != HAM_L_NONE && local->stage != HAM_L_REPLICA))
		return;
	if (!guest || guest->phase != HAM_GUEST_MIGRATING ||
	    guest->dst != core->config.self)
		local->prepare_due = false;
	else if (local->stage == HAM_L_REPLICA &&
		 !ham_guest_is_current(guest, core->config.self))
		ham_end_here(core, local, HAM_L_CLOSE, HAM_DO_CLOSE);
	else
		prepare(core, local, guest);
}

void
ham_prepare(ham_core *core, struct ham_local *local,
	    const struct ham_guest *guest)
{
	if (local->stage == HAM_L_REPLICA &&
	    !ham_guest_is_current(guest, core->config.self)) {
		local->prepare_due = true;
		ham_end_here(core, local, HAM_L_CLOSE, HAM_DO_CLOSE);
	} else if (local->stage == HAM_L_NONE ||
		   local->stage == HAM_L_REPLICA) {
		prepare(core, local, guest);
	} else {
		local->prepare_due = true;
	}
}

/* The record has given up what was being made, which counted for nothing. */
static void
drop_unfilled(ham_core *core, struct ham_local *local)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_slot *slot = &local->slot[i];

		if (!slot->filling || slot->dropping)
			continue;
		slot->dropping = true;
		ham_fx_guest(core, local, HAM_DO_SLOT_DROP);
		core->fx->list[core->fx->n - 1].node = slot->node;
	}
}

static void
applied_migrate(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	ham_policy_begin(core, local);
	ham_queue_applied(core, local, guest);
	local->migrate_due = local->prepared_due = false;
	local->ended_clean = false;
	local->sync_node = 0;
	drop_unfilled(core, local);
	local->prepare_due = false;
	if (guest->owner == core->config.self && local->stage == HAM_L_RUNNING)
		ham_source_begin(core, local, guest);
	else if (guest->owner == core->config.self)
		local->migrate_due = true;
	else if (guest->dst == core->config.self &&
		 ham_queue_has_begun(local, guest))
		ham_prepare(core, local, guest);
}

void
ham_local_due(struct ham_local *local, const struct ham_guest *guest)
{
	local->launch_epoch = guest->epoch;
	local->kill = false;
	local->launch_us = 0;
	local->looked = false;
	local->reason[0] = '\0';
	local->ended_clean = local->ran = false;
	local->ended_as = HAM_ENDED_ANYHOW;
}

static void
applied_outcome(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	/* nothing of it is left here, and it never ran at this epoch: cold,
	 * but for a guest that has powered itself off */
	if (guest->owner == core->config.self && !local->ran &&
	    !local->ended_clean &&
	    (local->stage == HAM_L_NONE || local->stage == HAM_L_S_EMPTY ||
	     local->stage == HAM_L_REPLICA))
		ham_local_due(local, guest);
	local->mig_phase = HAM_MIG_NONE;
}

/* START, PROMOTE or OUTCOME, which this node has not seen as such.  An epoch
 * that its record did not have was never launched here. */
static void
became_owner(ham_core *core, const struct ham_guest *guest,
	     const struct ham_guest *before)
{
	struct ham_local *local = ham_local_get(core, guest->name);

	if (local->stage != HAM_L_NONE && local->epoch == guest->epoch)
		return; /* it is here */
	if (before && before->phase == HAM_GUEST_IN_DOUBT &&
	    before->txn == guest->txn && guest->epoch - before->epoch <= 2) {
		applied_outcome(core, local, guest);
		return;
	}
	ham_local_due(local, guest);
}

/* A start: nothing is written at that epoch before each current copy serves,
 * or is given up. */
static void
may_serve(ham_core *core, struct ham_local *local,
	  const struct ham_guest *guest)
{
	if (guest->clean && ham_guest_is_current(guest, core->config.self))
		local->serve_epoch = guest->epoch;
}

void
ham_adopted(ham_core *core, const struct ham_record *before)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		const struct ham_guest *b = ham_record_lookup(before, g->name);

		ham_queue_adopted(core, g, b);
		if (g->owner == core->config.self && !g->owner_dead &&
		    (g->phase == HAM_GUEST_STARTED ||
		     g->phase == HAM_GUEST_MIGRATING) &&
		    (!b || b->epoch < g->epoch))
			became_owner(core, g, b);
		else if (b && b->phase == HAM_GUEST_STOPPED &&
			 b->epoch < g->epoch && g->phase == HAM_GUEST_STARTED)
			may_serve(core, ham_local_get(core, g->name), g);
	}
}

static void
applied_stopped(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest, const struct ham_op *op)
{
	bool halts;

	if (guest->owner_dead) { /* as if its node had died */
		ham_fx_note(core, HAM_NOTE_ALARM, op->guest,
			    "it did not start, and is to be started "
			    "elsewhere");
		return;
	}
	/* to start again, and by no failing: that was asked for (halt.c) */
	halts = guest->again && op->txn != HAM_ENDED_AGAIN;
	if (guest->phase == HAM_GUEST_STOPPED && !local->cold)
		ham_fx_note(core,
			    guest->wanted && !halts ? HAM_NOTE_GUEST_FAILED
						    : HAM_NOTE_GUEST_STOPPED,
			    op->guest, "%s", guest->reason);
	ham_move_applied(core, local, guest, op);
	if (guest->phase == HAM_GUEST_STARTED)
		may_serve(core, local, guest);
}

static void
applied_cutover(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	local->mig_phase = HAM_MIG_CUTOVER;
	ham_fx_note(core, HAM_NOTE_MIGRATION_PHASE, guest->name, "cutover");
	local->cutover_ring = core->totem;
	local->src = guest->owner;
	local->take_seen = local->abort_seen = false;
	local->standing_src = local->standing_dst = HAM_STANDING_UNKNOWN;
	if (guest->owner == core->config.self)
		ham_source_cutover(core, local, guest);
	else if (guest->dst == core->config.self && local->txn != guest->txn) {
		/* an earlier life prepared it: nothing of it is here,
		 * and the source waits to hear that (ham_repeat) */
		local->txn = guest->txn;
		local->epoch = guest->epoch + 1;
		local->drained = local->ran = false;
	}
}

static void
applied_outdated(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest, const struct ham_op *op)
{
	ham_fx_note(core, HAM_NOTE_REPLICA_OUTDATED, op->guest,
		    "the copy on %s is given up: %s",
		    ham_core_node_name(core, op->node), op->reason);
	core->fx->list[core->fx->n - 1].value = op->node;
	ham_copies_lost(core, local, op->node);
	if (local->mig_phase == HAM_MIG_NONE ||
	    guest->phase != HAM_GUEST_STARTED || local->move_txn == guest->txn)
		return;
	/* the destination's: that was its end */
	local->mig_phase = HAM_MIG_NONE;
	ham_fx_note(core, HAM_NOTE_MIGRATION_FAILED, op->guest,
		    "the destination's copy is given up: %s", op->reason);
}

/* Also PROMOTE and FORCE. */
static void
applied_start(ham_core *core, struct ham_local *local,
	      const struct ham_guest *guest, const struct ham_op *op)
{
	local->starting_epoch = guest->epoch;
	if (op->kind == HAM_OP_PROMOTE)
		core->failovers++;
	if (op->kind == HAM_OP_FORCE)
		ham_fx_note(core, HAM_NOTE_ALARM, op->guest, "%s", op->reason);
	if (op->kind != HAM_OP_START && local->mig_phase != HAM_MIG_NONE)
		ham_fx_note(core, HAM_NOTE_MIGRATION_FAILED, op->guest,
			    "the source died");
	local->mig_phase = HAM_MIG_NONE;
	if (guest->owner == core->config.self)
		ham_local_due(local, guest);
	local->reason[0] = '\0';
	local->ended_clean = local->ran = false;
	may_serve(core, local, guest);
}

/* SYNC, CURRENT. */
static void
applied_copy(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest, const struct ham_op *op)
{
	const char *node = ham_core_node_name(core, op->node);

	if (op->kind == HAM_OP_SYNC) {
		ham_fx_note(core, HAM_NOTE_REPLICA_SYNCING, op->guest,
			    "a copy is made on %s", node);
		local->sync_node = op->node;
		local->sync_at = 0;
		if (op->node == core->config.self)
			local->begun_generation =
				ham_guest_replica(guest, op->node)->generation;
	} else {
		ham_fx_note(core, HAM_NOTE_REPLICA_CURRENT, op->guest,
			    "the copy on %s is current", node);
		local->made_node = op->node;
		local->made_us = core->now_us;
		local->sync_node = 0;
	}
	core->fx->list[core->fx->n - 1].value = op->node;
}

static bool
starts(unsigned int kind)
{
	return kind == HAM_OP_START || kind == HAM_OP_PROMOTE ||
	       kind == HAM_OP_FORCE;
}

void
ham_applied(ham_core *core, const struct ham_op *op)
{
	struct ham_guest *guest = ham_record_find(&core->record, op->guest);
	struct ham_local *local = ham_local_get(core, op->guest);

	local->proposed_kind = HAM_OP_NONE;
	if (starts(op->kind) || op->kind == HAM_OP_OUTCOME ||
	    op->kind == HAM_OP_OUTDATED || op->kind == HAM_OP_RESIZE)
		local->held[0] = '\0'; /* what was said of it is over */
	if (starts(op->kind) || op->kind == HAM_OP_OUTCOME ||
	    op->kind == HAM_OP_STOPPED) {
		local->broken[0] = '\0';
		local->kill = false; /* of an order that is carried out */
	}
	switch ((enum ham_op_kind)op->kind) {
	case HAM_OP_START:
	case HAM_OP_PROMOTE:
	case HAM_OP_FORCE:
		applied_start(core, local, guest, op);
		break;
	case HAM_OP_WANT_STOP:
		local->kill = op->flag;
		ham_fx_note(core, HAM_NOTE_GUEST_STOPPING, op->guest, "%s",
			    op->flag ? "ending it at once"
				     : "asking it to power off");
		break;
	case HAM_OP_STOPPED:
		applied_stopped(core, local, guest, op);
		break;
	case HAM_OP_MOVE:
		if (guest->cold) {
			local->starting_epoch = guest->epoch;
			may_serve(core, local, guest);
		}
		ham_move_applied(core, local, guest, op);
		break;
	case HAM_OP_MOVE_STOP:
		ham_fx_note(core, HAM_NOTE_GUEST_STOPPING, op->guest,
			    "asking it to power off, to start it on %s",
			    ham_core_node_name(core, guest->move_to));
		break;
	case HAM_OP_MOVE_END:
		ham_move_applied(core, local, guest, op);
		break;
	case HAM_OP_MIGRATE:
		applied_migrate(core, local, guest);
		if (op->flag)
			ham_asked_by_drain(core, guest);
		break;
	case HAM_OP_MIGRATE_END:
		local->mig_phase = HAM_MIG_NONE;
		ham_fx_note(core, HAM_NOTE_MIGRATION_FAILED, op->guest, "%s",
			    op->reason);
		break;
	case HAM_OP_CUTOVER:
		applied_cutover(core, local, guest);
		break;
	case HAM_OP_OUTCOME:
		applied_outcome(core, local, guest);
		if (op->reason[0])
			ham_fx_note(core, HAM_NOTE_MIGRATION_FAILED, op->guest,
				    "%s", op->reason);
		else if (!ham_is_joined(core, local->src))
			/* who measured it is gone */
			ham_fx_note(core, HAM_NOTE_MIGRATION_DONE, op->guest,
				    "stopped_us=-1");
		break;
	case HAM_OP_OUTDATED:
		applied_outdated(core, local, guest, op);
		break;
	case HAM_OP_SYNC:
	case HAM_OP_CURRENT:
		applied_copy(core, local, guest, op);
		break;
	case HAM_OP_RESIZE:
		ham_fx_note(core, HAM_NOTE_DISK_RESIZING, op->guest,
			    "a disk grows to %" G_GUINT64_FORMAT
			    " bytes; its copies are given up until it has",
			    op->txn);
		break;
	case HAM_OP_RESIZED:
		ham_fx_note(core,
			    op->flag ? HAM_NOTE_DISK_RESIZED
				     : HAM_NOTE_DISK_NOT_RESIZED,
			    op->guest, "%s",
			    op->flag ? "the disk has its new size"
				     : op->reason);
		break;
	case HAM_OP_NONE:
	case HAM_OP_DEAD: /* death.c */
	case HAM_OP_NODE: /* node.c */
	case HAM_OP_N_KINDS:
		break;
	}
	local->cold = guest && guest->cold;
	local->last_owner = guest ? guest->owner : 0;
	ham_reconcile(core, local, false);
}

/* What was said in the old view may have been lost with it. */
static void
say_again(ham_core *core, struct ham_local *local)
{
	if (local->stage == HAM_L_D_READY) {
		ham_handover_msg(core, local, HAM_MSG_PREPARED, NULL);
		if (local->wired)
			ham_handover_msg(core, local, HAM_MSG_WIRED, NULL);
		else
			ham_copies_ask(core, local, local->epoch);
	}
	if (local->stage == HAM_L_S_COPY && local->offer.len > 0)
		ham_handover_msg(core, local, HAM_MSG_EXPORTED, NULL);
}

/* Corosync was seen to drop what it had accepted: each side of a hand-over
 * repeats its last word until something follows from it. */
void
ham_repeat(ham_core *core, struct ham_local *local,
	   const struct ham_guest *guest)
{
	ham_copies_repeat(core, local, guest);
	if (guest->phase == HAM_GUEST_MIGRATING) {
		ham_queue_repeat(core, local, guest);
		say_again(core, local);
		ham_dest_wire(core, local);
		return;
	}
	if (guest->phase != HAM_GUEST_IN_DOUBT)
		return;
	if (!ham_doubt_undisturbed(core, local, guest)) {
		ham_doubt_tell(core, local, guest);
		return;
	}
	switch (local->stage) {
	case HAM_L_S_CAPTURED:
		ham_handover_msg(core, local, HAM_MSG_DRAINED, NULL);
		ham_handover_msg(core, local, HAM_MSG_CAPTURED, NULL);
		break;
	case HAM_L_S_HALTED:
	case HAM_L_S_EMPTY:
		ham_source_cutover(core, local, guest);
		break;
	case HAM_L_D_HELD:
		ham_handover_msg(core, local, HAM_MSG_TAKE, NULL);
		break;
	case HAM_L_NONE:
	case HAM_L_REPLICA:
		if (guest->owner == core->config.self)
			ham_source_cutover(core, local, guest);
		else if (!local->ran)
			ham_dest_say_gone(core, local);
		break;
	default:
		break;
	}
}

void
ham_peers_changed(ham_core *core, bool new_view)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		struct ham_local *local = ham_local_get(core, g->name);

		if (new_view) {
			memset(&local->cutover_ring, 0,
			       sizeof(local->cutover_ring));
			local->take_seen = local->abort_seen = false;
			local->standing_src = local->standing_dst =
				HAM_STANDING_UNKNOWN;
			local->proposed_kind = HAM_OP_NONE;
		}
		/* what a hamd said is void with its life, and what was said
		 * to it may not have reached it */
		if (!ham_is_joined(core, g->owner)) {
			local->standing_src = HAM_STANDING_UNKNOWN;
			local->take_seen = false;
		}
		if (g->dst && !ham_is_joined(core, g->dst))
			local->standing_dst = HAM_STANDING_UNKNOWN;
		if (g->phase == HAM_GUEST_IN_DOUBT &&
		    (!ham_is_joined(core, g->owner) ||
		     !ham_is_joined(core, g->dst)))
			/* even if it comes back, it is not the same life */
			memset(&local->cutover_ring, 0,
			       sizeof(local->cutover_ring));
		if (g->phase == HAM_GUEST_MIGRATING && new_view)
			say_again(core, local);
		if (g->phase == HAM_GUEST_MIGRATING &&
		    (local->stage == HAM_L_D_PREPARE ||
		     local->stage == HAM_L_D_READY) &&
		    !ham_is_joined(core, g->owner))
			ham_dest_discard(core, local);
		if (g->phase == HAM_GUEST_IN_DOUBT)
			ham_doubt_tell(core, local, g);
	}
	ham_evaluate_all(core);
}
