/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/serve.c - the copy of a guest's disks on this node
 *
 *	SYNCING here: SERVE -> REPLICA, told to the owner (SERVED)
 *	a start at which ours is current: the same, nothing is made
 *	a hand-over between others: served at the epoch to come as well;
 *	  its OUTCOME: the old export is closed (NARROW), then STORED
 *
 * A copy is served anew only if it has missed no write of that epoch: it was
 * served at it by this life of hamd, or nothing can have been written yet.  So
 * a node that booted again never serves one that it had called current: what
 * its kernel had not written out is gone.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	/* for the owner to empty its slot before its old copy is closed */
	LET_GO_US = 2000000,
};

static void
say_served(ham_core *core, const struct ham_local *local, uint64_t epoch,
	   const struct ham_blob *blob)
{
	struct ham_msg msg = {.kind = HAM_MSG_SERVED,
			      .epoch = epoch,
			      .txn = local->generation,
			      .blob = *blob};

	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
}

void
ham_serve_on_where(ham_core *core, const struct ham_msg *msg)
{
	const struct ham_local *local = ham_local_lookup(core, msg->guest);

	if (!local || local->stage != HAM_L_REPLICA)
		return;
	if (msg->epoch == local->epoch && local->served.len > 0)
		say_served(core, local, local->epoch, &local->served);
	else if (msg->epoch == local->epoch + 1 &&
		 local->next == HAM_NEXT_SERVED)
		say_served(core, local, msg->epoch, &local->served_next);
}

static void
serve(ham_core *core, struct ham_local *local, const struct ham_guest *guest,
      const struct ham_replica *r)
{
	struct ham_effect *effect;

	local->epoch = guest->epoch;
	local->txn = guest->txn;
	local->generation = r->generation;
	local->next = HAM_NEXT_NONE;
	local->reason[0] = '\0';
	ham_stage(core, local, HAM_L_SERVE);
	ham_fx_guest(core, local, HAM_DO_SERVE);
	effect = &core->fx->list[core->fx->n - 1];
	effect->value = r->generation;
	effect->flag = r->state == HAM_REPLICA_SYNCING;
}

static void
serve_next(ham_core *core, struct ham_local *local)
{
	struct ham_effect *effect;

	local->next = HAM_NEXT_ASKED;
	ham_fx_guest(core, local, HAM_DO_SERVE);
	effect = &core->fx->list[core->fx->n - 1];
	effect->epoch = local->epoch + 1;
	effect->value = local->generation;
}

/* Exports of any other epoch are closed. */
static void
narrow(ham_core *core, struct ham_local *local, uint64_t epoch)
{
	local->epoch = epoch;
	ham_stage(core, local, HAM_L_NARROW);
	ham_fx_guest(core, local, HAM_DO_NARROW);
}

bool
ham_serve_keeps(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	if (!guest || guest->phase == HAM_GUEST_STOPPED ||
	    guest->owner == core->config.self)
		return false;
	if (guest->epoch == local->epoch)
		return true;
	if (local->stage != HAM_L_REPLICA || local->next != HAM_NEXT_SERVED ||
	    guest->epoch != local->epoch + 1 ||
	    !ham_guest_is_current(guest, core->config.self))
		return false;
	local->served = local->served_next;
	ham_hold(core, local, true);
	narrow(core, local, guest->epoch);
	return true;
}

static void
mind_replica(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest, const struct ham_replica *r)
{
	bool current = r && r->state == HAM_REPLICA_CURRENT;
	bool syncing = r && r->state == HAM_REPLICA_SYNCING;

	if (syncing && r->generation != local->generation) {
		/* another one; whoever wrote to this one has let go of it */
		ham_end_here(core, local, HAM_L_CLOSE, HAM_DO_CLOSE);
	} else if (!current && !syncing) {
		if (core->now_us - local->changed_us > LET_GO_US)
			ham_end_here(core, local, HAM_L_CLOSE, HAM_DO_CLOSE);
	} else if (current && guest->phase == HAM_GUEST_MIGRATING &&
		   guest->dst != core->config.self &&
		   local->next == HAM_NEXT_NONE) {
		serve_next(core, local);
	} else if (guest->phase == HAM_GUEST_STARTED &&
		   local->next != HAM_NEXT_NONE) {
		narrow(core, local, local->epoch);
	}
}

/* Nothing is served here. */
static void
mind_nothing(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest, const struct ham_replica *r)
{
	bool comes = guest->phase == HAM_GUEST_MIGRATING &&
		     guest->dst == core->config.self;

	if (!r || !ham_is_joined(core, guest->owner) || guest->owner_dead)
		return;
	if (r->state == HAM_REPLICA_SYNCING &&
	    guest->phase == HAM_GUEST_STARTED) {
		if (local->refused_generation == r->generation ||
		    local->begun_generation != r->generation)
			ham_propose_outdated(
				core, local, guest, core->config.self,
				local->refused_generation == r->generation
					? local->reason
					: "its node was restarted");
		else
			serve(core, local, guest, r);
	} else if (r->state != HAM_REPLICA_CURRENT) {
		return;
	} else if (!comes && local->serve_epoch == guest->epoch) {
		/* a life that knows no more of it would think that it may */
		if (ham_pos_compare(core->durable, local->changed_at) >= 0)
			serve(core, local, guest, r);
	} else if (comes || local->starting_epoch != guest->epoch) {
		/* It takes no more writes, and the owner of an idle guest would
		 * not notice.  Not without the owner: ours may be the one to
		 * start from; and not before a start, which may need it. */
		ham_propose_outdated(core, local, guest, core->config.self,
				     "its storage daemon is gone");
	}
}

void
ham_serve_mind(ham_core *core, struct ham_local *local,
	       const struct ham_guest *guest)
{
	const struct ham_replica *r =
		ham_guest_replica(guest, core->config.self);

	if (local->stage == HAM_L_NONE)
		mind_nothing(core, local, guest, r);
	else if (local->stage == HAM_L_REPLICA)
		mind_replica(core, local, guest, r);
}

static void
did_serve(ham_core *core, struct ham_local *local,
	  const struct ham_event *event)
{
	if (local->stage == HAM_L_SERVE && event->blob) {
		local->served = *event->blob;
		local->served_generation = local->generation;
		local->serve_epoch = local->epoch;
		ham_stage(core, local, HAM_L_REPLICA);
		say_served(core, local, local->epoch, &local->served);
		ham_prepare_if_due(core, local);
	} else if (local->stage == HAM_L_REPLICA && event->blob &&
		   local->next == HAM_NEXT_ASKED &&
		   event->epoch == local->epoch + 1) {
		local->served_next = *event->blob;
		local->next = HAM_NEXT_SERVED;
		say_served(core, local, event->epoch, &local->served_next);
	}
}

static void
did_not_serve(ham_core *core, struct ham_local *local,
	      const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	/* of the epoch to come: the hand-over goes on without this copy */
	if (local->stage != HAM_L_SERVE)
		return;
	ham_stage(core, local, HAM_L_NONE);
	local->refused_generation = local->generation;
	local->serve_epoch = 0;
	g_strlcpy(local->reason,
		  event->text ? event->text : "it can't be served",
		  sizeof(local->reason));
	ham_prepare_if_due(core, local);
	if (local->stage == HAM_L_NONE && guest &&
	    ham_guest_is_current(guest, core->config.self))
		ham_propose_outdated(core, local, guest, core->config.self,
				     local->reason);
}

bool
ham_serve_did(ham_core *core, struct ham_local *local,
	      const struct ham_event *event)
{
	switch (event->did) {
	case HAM_DID_SERVED:
		did_serve(core, local, event);
		break;
	case HAM_DID_SERVE_FAILED:
		did_not_serve(core, local, event);
		break;
	case HAM_DID_NARROWED:
		if (local->stage != HAM_L_NARROW)
			break;
		ham_stage(core, local, HAM_L_REPLICA);
		local->serve_epoch = local->epoch;
		local->next = HAM_NEXT_NONE;
		ham_prepare_if_due(core, local);
		ham_hold(core, local, false);
		break;
	default:
		return false;
	}
	ham_evaluate_all(core);
	return true;
}
