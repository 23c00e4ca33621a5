/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/local.c - what the record asks of this node, guest by guest
 *
 * Two rules, applied again whenever something changed, so that a lost message
 * or a restart needs no case of its own:
 *
 *  reconcile (here):       what runs here and contradicts the record, committed
 *                          or not, is ended, and STORED waits for it (`hold`);
 *  evaluate (evaluate.c):  what a *committed* record wants here is begun.
 *
 * What an operation means beside that is in applied.c.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	REPEAT_US = 1000000
};

static const char *const stage_names[] = {
	"none",	     "looking",	  "starting",  "running",   "stopping",  "s-prepare",
	"s-copy",    "s-gate",	  "s-undo",    "s-capture", "s-captured",
	"s-silence", "s-yielded", "s-halting", "s-halted",  "s-empty",
	"s-resume",  "s-finish",  "d-prepare", "d-ready",   "d-takeover",
	"d-held",    "d-run",	  "discard",   "kill",	    "close",
	"narrow",    "serve",	  "replica",
};
G_STATIC_ASSERT(G_N_ELEMENTS(stage_names) == HAM_L_N_STAGES);

const char *
ham_stage_name(unsigned int stage)
{
	return stage < HAM_L_N_STAGES ? stage_names[stage] : "?";
}

const struct ham_local *
ham_local_lookup(const ham_core *core, const char *name)
{
	return g_hash_table_lookup(core->by_name, name);
}

struct ham_local *
ham_local_get(ham_core *core, const char *name)
{
	struct ham_local *local =
		(struct ham_local *)ham_local_lookup(core, name);

	if (local)
		return local;
	g_assert(core->n_locals < HAM_MAX_LOCALS);
	local = &core->locals[core->n_locals++];
	g_strlcpy(local->name, name, sizeof(local->name));
	g_hash_table_insert(core->by_name, local->name, local);
	return local;
}

void
ham_stage(ham_core *core, struct ham_local *local, enum ham_stage stage)
{
	local->stage = (uint8_t)stage;
	local->since_us = core->now_us;
}

bool
ham_any_hold(const ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++)
		if (core->locals[i].hold)
			return true;
	return false;
}

void
ham_hold(ham_core *core, struct ham_local *local, bool hold)
{
	bool before = local->hold;

	local->hold = hold;
	if (before && !hold)
		ham_tell_stored(core, false);
}

/* vCPUs run here, or would but for a disk. */
bool
ham_owner_stage(unsigned int stage)
{
	return stage >= HAM_L_STARTING && stage <= HAM_L_S_UNDO;
}

bool
ham_source_stage(unsigned int stage)
{
	return stage >= HAM_L_S_CAPTURE && stage <= HAM_L_S_FINISH;
}

static bool
dest_stage(unsigned int stage)
{
	return stage >= HAM_L_D_PREPARE && stage <= HAM_L_D_RUN;
}

void
ham_handover_msg(ham_core *core, struct ham_local *local,
		 enum ham_msg_kind kind, const char *text)
{
	struct ham_msg msg = {.kind = (uint8_t)kind};

	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	msg.epoch = local->epoch;
	msg.txn = local->txn;
	if (text)
		g_strlcpy(msg.text, text, sizeof(msg.text));
	if (kind == HAM_MSG_PREPARED)
		msg.blob = local->blob;
	if (kind == HAM_MSG_EXPORTED)
		msg.blob = local->offer;
	if (kind == HAM_MSG_CAPTURED)
		msg.blob = local->heard;
	for (int k = 0; kind == HAM_MSG_WIRED && k < HAM_MAX_SLOTS; k++)
		if (local->slot[k].node)
			ham_blob_put_id(&msg.blob, local->slot[k].node);
	ham_fx_send(core, &msg, false);
}

/* ---- reconcile ---- */

void
ham_end_here(ham_core *core, struct ham_local *local, enum ham_stage stage,
	     enum ham_do act)
{
	if (local->stage == stage)
		return;
	ham_stage(core, local, stage);
	ham_hold(core, local, true);
	ham_fx_guest(core, local, act);
}

static bool
keeps_owner(const ham_core *core, const struct ham_local *local,
	    const struct ham_guest *guest)
{
	uint32_t self = core->config.self;

	if (!guest || guest->phase == HAM_GUEST_STOPPED)
		return false;
	/* declared dead, and back: what was proven gone may not come back */
	if (guest->owner == self && guest->epoch == local->epoch)
		return !guest->owner_dead;
	/* a destination that runs; RUNNING is not in the record yet */
	return guest->phase == HAM_GUEST_IN_DOUBT && guest->dst == self &&
	       guest->epoch + 1 == local->epoch && !guest->dst_dead;
}

static bool
keeps_source(const ham_core *core, const struct ham_local *local,
	     const struct ham_guest *guest)
{
	uint32_t self = core->config.self;

	/* outcomes have epochs of their own; a next migration may have begun */
	if (!guest || guest->phase == HAM_GUEST_STOPPED)
		return false;
	if (guest->owner == self)
		return (guest->epoch == local->epoch && !guest->owner_dead) ||
		       guest->epoch == local->epoch + 2;
	return guest->epoch == local->epoch + 1;
}

static bool
keeps_dest(const ham_core *core, const struct ham_local *local,
	   const struct ham_guest *guest, bool new_view)
{
	uint32_t self = core->config.self;
	bool complete =
		local->stage == HAM_L_D_HELD || local->stage == HAM_L_D_RUN;

	if (!guest)
		return false;
	if (guest->owner == self)
		return complete && guest->epoch == local->epoch &&
		       guest->phase != HAM_GUEST_STOPPED;
	if (guest->txn != local->txn || guest->dst != self ||
	    guest->epoch + 1 != local->epoch)
		return false;
	if (guest->phase == HAM_GUEST_IN_DOUBT)
		return (complete || !new_view) && !guest->dst_dead;
	return !complete && guest->phase == HAM_GUEST_MIGRATING;
}

void
ham_reconcile(ham_core *core, struct ham_local *local, bool new_view)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	if (ham_owner_stage(local->stage)) {
		if (keeps_owner(core, local, guest))
			return;
		local->stale = local->stage == HAM_L_RUNNING && guest &&
			       guest->epoch > local->epoch;
		ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
		if (local->stale)
			ham_fx_note(core, HAM_NOTE_ALARM, local->name,
				    "it ran here at epoch %" G_GUINT64_FORMAT
				    ", which is over: ended",
				    local->epoch);
	} else if (ham_source_stage(local->stage)) {
		if (!keeps_source(core, local, guest))
			ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
	} else if (dest_stage(local->stage)) {
		if (!keeps_dest(core, local, guest, new_view))
			ham_dest_discard(core, local);
	} else if (local->stage == HAM_L_REPLICA ||
		   local->stage == HAM_L_SERVE ||
		   local->stage == HAM_L_NARROW) {
		/* A copy that was given up is served on until the owner has let
		 * go of it (serve.c), or no guest write could go on between
		 * CUTOVER and its outcome. */
		if (!ham_serve_keeps(core, local, guest))
			ham_end_here(core, local, HAM_L_CLOSE, HAM_DO_CLOSE);
	}
}

void
ham_reconcile_all(ham_core *core)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		struct ham_local *local =
			ham_local_get(core, core->record.guests[i].name);

		if (core->record.guests[i].phase == HAM_GUEST_IN_DOUBT)
			local->src = core->record.guests[i].owner;
		local->changed_at = core->base;
		local->changed_us = core->now_us;
		local->proposed_kind = HAM_OP_NONE;
	}
	ham_stale_adopted(core);
	for (unsigned int i = 0; i < core->n_locals; i++)
		ham_reconcile(core, &core->locals[i], true);
	ham_peers_changed(core, true);
}

/* ---- what the guest layer tells ---- */

static void
did_found(ham_core *core, struct ham_local *local,
	  const struct ham_event *event)
{
	local->epoch = event->epoch;
	local->txn = event->txn;
	ham_slots_clear(local);
	for (size_t k = 0; k < event->n_ids; k++) {
		struct ham_slot *slot = ham_slot_take(local, event->ids[k]);

		if (slot)
			slot->found = true;
	}
	local->retry = event->flag;
	switch ((enum ham_found)event->found) {
	case HAM_FOUND_RUNNING:
		ham_stage(core, local, HAM_L_RUNNING);
		break;
	case HAM_FOUND_PAUSED:
		/* a restarted hamd counts as yielded unless QEMU runs */
		ham_stage(core, local, HAM_L_S_YIELDED);
		break;
	case HAM_FOUND_INCOMING:
		ham_stage(core, local, HAM_L_D_PREPARE);
		ham_dest_discard(core, local);
		break;
	case HAM_FOUND_HELD:
		ham_stage(core, local, HAM_L_D_HELD);
		break;
	case HAM_FOUND_REPLICA:
		ham_stage(core, local, HAM_L_REPLICA);
		local->serve_epoch = event->epoch;
		local->generation = event->value;
		if (event->blob)
			local->served = *event->blob;
		break;
	}
}

/* QEMU of an owner ended. */
static void
did_gone(ham_core *core, struct ham_local *local, const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	const char *text =
		local->lease_over
			? "its node was cut off for longer than its lease"
		: event->text ? event->text
			      : "QEMU ended";
	bool doubt = guest && guest->phase == HAM_GUEST_IN_DOUBT;
	/* it wrote nothing, and each copy that counts was made or connected */
	bool unrun = guest && guest->cold && local->stage == HAM_L_STOPPING;
	/* who feeds the watchdog may have ended it before we saw that */
	bool again = local->lease_over || !ham_lease_valid(core);

	local->lease_over = local->stale = false;
	if (ham_source_stage(local->stage) ||
	    (doubt && guest->owner == core->config.self)) {
		/* an image that never got whole: D need not wait for it */
		if (local->stage == HAM_L_S_CAPTURE)
			ham_handover_msg(core, local, HAM_MSG_ABORT, text);
		/* the disk is still served; the record decides the rest */
		ham_stage(core, local, HAM_L_S_EMPTY);
		g_strlcpy(local->reason, text, sizeof(local->reason));
		local->ended_clean = event->flag;
		local->ended_as = HAM_ENDED_ANYHOW;
		ham_hold(core, local, false);
		if (doubt)
			ham_doubt_tell(core, local, guest);
		return;
	}
	ham_stage(core, local, HAM_L_NONE);
	ham_slots_clear(local);
	local->resizing = 0;
	local->ended_clean = event->flag;
	local->ended_as = event->value == HAM_ENDED_EQUAL || unrun
				  ? HAM_ENDED_EQUAL
			  : again ? HAM_ENDED_AGAIN
				  : HAM_ENDED_ANYHOW;
	g_strlcpy(local->reason, text, sizeof(local->reason));
	ham_prepare_if_due(core, local);
	ham_hold(core, local, false);
	ham_evaluate_all(core);
}

void
ham_local_not_launched(ham_core *core, struct ham_local *local,
		       const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	local->launch_epoch = 0;
	local->launch_us = 0;
	local->ended_clean = false;
	local->ended_as = event->did == HAM_DID_LOOKED || event->flag
				  ? HAM_ENDED_UNRUN
				  : HAM_ENDED_ANYHOW;
	g_strlcpy(local->reason, event->text ? event->text : "it did not start",
		  sizeof(local->reason));
	/* the record has room for less of each node's trouble */
	if (guest && guest->failover && guest->owner == core->config.self)
		ham_fx_tell(core, HAM_NOTE_ALARM, local,
			    "it did not start on %s: %s",
			    ham_core_node_name(core, core->config.self),
			    event->text ? event->text : local->reason);
	ham_evaluate_all(core);
}

static void
did_launch(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	ham_stage(core, local, HAM_L_RUNNING);
	if (!guest || guest->cold)
		return;
	ham_fx_tell(core, HAM_NOTE_GUEST_RUNNING, local, "running on %s",
		    ham_core_node_name(core, core->config.self));
	ham_move_ran(core, local, guest);
}

static void
did_launch_failed(ham_core *core, struct ham_local *local,
		  const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	struct ham_offer *offer =
		ham_offer_of(local, event->node, local->epoch);

	ham_stage(core, local, HAM_L_NONE);
	ham_slots_clear(local);
	if (!event->flag || !offer || !guest || guest->epoch != local->epoch) {
		ham_local_not_launched(core, local, event);
		return;
	}
	/* that copy is given up, then it starts without it */
	offer->epoch = 0;
	local->looked = true;
	local->launch_epoch = local->epoch;
	local->launch_us = 1;
	ham_evaluate_all(core);
}

void
ham_local_did(ham_core *core, const struct ham_event *event)
{
	struct ham_local *local;

	if (!ham_name_valid(event->guest))
		return;
	local = ham_local_get(core, event->guest);
	if (ham_source_did(core, local, event) ||
	    ham_dest_did(core, local, event) ||
	    ham_copies_did(core, local, event) ||
	    ham_serve_did(core, local, event))
		return;
	switch (event->did) {
	case HAM_DID_FRAMES:
		ham_stale_frames(core, local, event);
		break;
	case HAM_DID_SEEN:
		ham_seen_did(core, local, event);
		break;
	case HAM_DID_FOUND:
		did_found(core, local, event);
		break;
	case HAM_DID_LAUNCHED:
		if (local->stage != HAM_L_STARTING)
			break;
		did_launch(core, local);
		ham_evaluate_all(core);
		break;
	case HAM_DID_LAUNCH_FAILED:
		if (local->stage != HAM_L_STARTING)
			break;
		did_launch_failed(core, local, event);
		break;
	case HAM_DID_GONE:
		did_gone(core, local, event);
		break;
	case HAM_DID_CLOSED:
		/* not what it may serve at a start that has come since */
		if (local->stage == HAM_L_CLOSE &&
		    local->serve_epoch <= local->epoch)
			local->serve_epoch = 0;
		ham_stage(core, local, HAM_L_NONE);
		ham_prepare_if_due(core, local);
		ham_hold(core, local, false);
		ham_evaluate_all(core);
		break;
	default:
		/* late news of something that was given up meanwhile */
		break;
	}
}

void
ham_local_tick(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++) {
		struct ham_local *local = &core->locals[i];
		const struct ham_guest *guest =
			ham_record_lookup(&core->record, local->name);

		ham_source_tick(core, local);
		if (!guest || core->phase != HAM_VIEW_JOINED ||
		    (guest->owner != core->config.self &&
		     guest->dst != core->config.self) ||
		    core->now_us - MAX(local->since_us, local->said_us) <
			    REPEAT_US)
			continue;
		local->said_us = core->now_us;
		ham_repeat(core, local, guest);
	}
	ham_evaluate_all(core);
}
