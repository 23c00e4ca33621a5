/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/dest.c - a migration seen from the node the guest comes to
 *
 *	D_PREPARE -> D_READY (EXPORTED: wire the slot; DRAINED: let go of the
 *	image) -CAPTURED-> D_TAKEOVER -held-> D_HELD
 *	-YIELD, or OUTCOME(D) committed-> D_RUN -> RUNNING, propose OUTCOME(D)
 *
 * Nothing runs here before the source yielded or an OUTCOME said so.  Trouble
 * before `cont` destroys the image (HAM_DO_DISCARD) and only then says so:
 * REFUSED before CUTOVER, ABORTED after it.  Once `cont` was asked the guest
 * may have run, and the only way is forward.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	WIRE_WAIT_US = 2000000,
};

static const struct ham_guest *
guest_of(const ham_core *core, const struct ham_local *local)
{
	return ham_record_lookup(&core->record, local->name);
}

void
ham_dest_discard(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest = guest_of(core, local);

	if (local->stage == HAM_L_DISCARD)
		return;
	ham_stage(core, local, HAM_L_DISCARD);
	ham_hold(core, local, true);
	ham_fx_guest(core, local, HAM_DO_DISCARD);
	core->fx->list[core->fx->n - 1].flag = local->was_replica;
	core->fx->list[core->fx->n - 1].value =
		guest && ham_guest_is_current(guest, core->config.self);
}

/* The image is gone; tell whoever waits for that word. */
void
ham_dest_say_gone(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest = guest_of(core, local);
	const char *why =
		local->reason[0] ? local->reason : "the destination gave it up";

	if (!guest || guest->dst != core->config.self ||
	    guest->txn != local->txn)
		return;
	if (guest->phase == HAM_GUEST_MIGRATING) {
		ham_handover_msg(core, local, HAM_MSG_REFUSED, why);
	} else if (guest->phase == HAM_GUEST_IN_DOUBT) {
		ham_handover_msg(core, local, HAM_MSG_ABORTED, why);
	}
}

/* `served`: a replica's daemon goes on; without one the copy here is none. */
static void
did_discarded(ham_core *core, struct ham_local *local, bool served)
{
	bool was_replica = local->was_replica && served;

	local->was_replica = false;
	ham_dest_say_gone(core, local);
	ham_stage(core, local, was_replica ? HAM_L_REPLICA : HAM_L_NONE);
	if (was_replica)
		local->epoch--; /* that its export was opened with */
	ham_prepare_if_due(core, local);
	if (local->stage == HAM_L_REPLICA)
		ham_reconcile(core, local, false);
	if (local->stage == HAM_L_CLOSE)
		return; /* it holds on */
	ham_hold(core, local, false);
	ham_evaluate_all(core);
}

static void
fail(ham_core *core, struct ham_local *local, const char *reason)
{
	g_strlcpy(local->reason, reason ? reason : "it failed",
		  sizeof(local->reason));
	ham_dest_discard(core, local);
}

static void
did_gone(ham_core *core, struct ham_local *local, const struct ham_event *event)
{
	if (local->stage != HAM_L_D_RUN) {
		g_autofree char *why = g_strdup_printf(
			"the destination's %s",
			event->text ? event->text : "QEMU ended");

		fail(core, local, why);
		return;
	}
	local->ran = true;
	local->ended_as = HAM_ENDED_ANYHOW; /* not as it ended here before */
	ham_stage(core, local, HAM_L_NONE);
	g_strlcpy(local->reason, event->text ? event->text : "QEMU ended",
		  sizeof(local->reason));
	ham_evaluate_all(core);
}

void
ham_dest_run(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest = guest_of(core, local);

	local->yield_us = core->now_us;
	ham_stage(core, local, HAM_L_D_RUN);
	ham_fx_guest(core, local, HAM_DO_RUN);
	if (guest)
		ham_slots_keep(local, guest,
			       &core->fx->list[core->fx->n - 1].blob);
}

static void
did_ran(ham_core *core, struct ham_local *local)
{
	struct ham_msg msg = {.kind = HAM_MSG_NOTE};

	local->was_replica = false;
	local->ran = true;
	ham_stage(core, local, HAM_L_RUNNING);
	msg.note = HAM_NOTE_MIGRATION_RAN;
	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	msg.epoch = local->epoch;
	msg.txn = local->txn;
	g_snprintf(msg.text, sizeof(msg.text), "%" G_GINT64_FORMAT,
		   core->now_us - local->yield_us);
	ham_evaluate_all(core);
	ham_fx_send(core, &msg, false);
}

static bool
did_prepare(ham_core *core, struct ham_local *local,
	    const struct ham_event *event)
{
	if (event->did == HAM_DID_PREPARED) {
		if (local->stage != HAM_L_D_PREPARE)
			return true;
		if (event->blob)
			local->blob = *event->blob;
		ham_stage(core, local, HAM_L_D_READY);
		ham_handover_msg(core, local, HAM_MSG_PREPARED, NULL);
		return true;
	}
	if (event->did == HAM_DID_PREPARE_FAILED) {
		if (local->stage != HAM_L_D_PREPARE)
			return true;
		g_strlcpy(local->reason, event->text ? event->text : "",
			  sizeof(local->reason));
		did_discarded(core, local, event->flag);
		return true;
	}
	return false;
}

bool
ham_dest_did(ham_core *core, struct ham_local *local,
	     const struct ham_event *event)
{
	bool here =
		local->stage >= HAM_L_D_PREPARE && local->stage <= HAM_L_D_RUN;

	if (did_prepare(core, local, event))
		return true;
	switch (event->did) {
	case HAM_DID_DISCARDED:
		if (local->stage == HAM_L_DISCARD)
			did_discarded(core, local, event->flag);
		return true;
	case HAM_DID_WIRED:
		if (local->stage != HAM_L_D_READY)
			return true;
		local->wired = true;
		ham_slots_clear(local);
		for (size_t k = 0; k < event->n_ids; k++)
			(void)ham_slot_take(local, event->ids[k]);
		ham_handover_msg(core, local, HAM_MSG_WIRED, NULL);
		return true;
	case HAM_DID_HELD:
		if (local->stage != HAM_L_D_TAKEOVER)
			return true;
		ham_stage(core, local, HAM_L_D_HELD);
		ham_handover_msg(core, local, HAM_MSG_TAKE, NULL);
		return true;
	case HAM_DID_TAKEOVER_FAILED:
		/* not once `cont` may have been asked */
		if (here && local->stage != HAM_L_D_RUN)
			fail(core, local, event->text);
		return true;
	case HAM_DID_RAN:
		if (local->stage == HAM_L_D_RUN)
			did_ran(core, local);
		return true;
	case HAM_DID_RUN_FAILED:
		if (local->stage != HAM_L_D_RUN)
			return true;
		if (event->flag)
			fail(core, local, event->text);
		else
			ham_fx_guest(core, local, HAM_DO_KILL);
		return true;
	case HAM_DID_GONE:
		if (!here)
			return false;
		did_gone(core, local, event);
		return true;
	default:
		return false;
	}
}

static void
on_exported(ham_core *core, struct ham_local *local, const struct ham_msg *msg)
{
	if (local->stage != HAM_L_D_READY)
		return;
	if (local->wired) {
		ham_handover_msg(core, local, HAM_MSG_WIRED, NULL);
		return;
	}
	if (local->wiring)
		return; /* said again */
	if (local->offer.len == 0)
		local->offer_us = core->now_us;
	local->offer = msg->blob;
	ham_dest_wire(core, local);
}

/* A copy elsewhere goes on with the guest, if its node is quick enough; one
 * that is not made part of e+1 is outdated by CUTOVER. */
void
ham_dest_wire(ham_core *core, struct ham_local *local)
{
	const struct ham_guest *guest = guest_of(core, local);
	bool late = core->now_us - local->offer_us >= WIRE_WAIT_US;
	struct ham_blob all = local->offer;
	unsigned int n = 1;

	if (local->stage != HAM_L_D_READY || local->wired || local->wiring ||
	    !guest || local->offer.len == 0)
		return;
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];
		struct ham_offer *offer;

		if (r->node == 0 || r->node == guest->owner ||
		    r->node == core->config.self ||
		    r->state != HAM_REPLICA_CURRENT || n == HAM_MAX_SLOTS)
			continue;
		offer = ham_offer_of(local, r->node, local->epoch);
		if (!offer && !late && ham_in_ring(core, r->node))
			return; /* is still to be heard of */
		if (offer && ham_blob_add(&all, &offer->blob)) {
			offer->use = HAM_USE_MADE;
			n++;
		}
	}
	local->wiring = true;
	ham_fx_guest(core, local, HAM_DO_WIRE);
	core->fx->list[core->fx->n - 1].blob = all;
}

void
ham_dest_msg(ham_core *core, struct ham_local *local, const struct ham_msg *msg)
{
	const struct ham_guest *guest = guest_of(core, local);

	switch (msg->kind) {
	case HAM_MSG_DRAINED:
		/* a source that stops without a CUTOVER is in error */
		if (local->stage != HAM_L_D_READY || local->drained || !guest ||
		    guest->phase != HAM_GUEST_IN_DOUBT)
			break;
		local->drained = true;
		local->mig_phase = HAM_MIG_HANDOVER;
		ham_fx_guest(core, local, HAM_DO_RELEASE);
		break;
	case HAM_MSG_EXPORTED:
		on_exported(core, local, msg);
		break;
	case HAM_MSG_CAPTURED:
		if (local->stage != HAM_L_D_READY || !local->drained ||
		    !local->wired || !guest ||
		    guest->phase != HAM_GUEST_IN_DOUBT)
			break;
		ham_stage(core, local, HAM_L_D_TAKEOVER);
		ham_fx_guest(core, local, HAM_DO_TAKEOVER);
		core->fx->list[core->fx->n - 1].blob = msg->blob;
		break;
	case HAM_MSG_YIELD:
		/* without a lease not now: TAKE is said again, and YIELD too */
		if (local->stage == HAM_L_D_HELD && ham_lease_valid(core))
			ham_dest_run(core, local);
		break;
	case HAM_MSG_ABORT:
		/* ours to obey only if it came before our TAKE */
		if (local->take_seen || local->stage < HAM_L_D_PREPARE ||
		    local->stage > HAM_L_D_HELD)
			break;
		fail(core, local, msg->text);
		break;
	default:
		break;
	}
}
