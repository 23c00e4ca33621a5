/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/move.c - a guest moves by a stop: warm, or cold
 *
 *	MOVE committed -> a copy there is made, or was current already
 *	-> the guest is asked to power off (cold: its QEMU, which never ran it,
 *	is ended)
 *	-> STOPPED committed: it belongs there, and is started there if it ran
 *
 * The record decides who owns it, in STOPPED; nothing here starts it.  While
 * its copy is made nothing is different from any other guest's, so it can be
 * called off until it is asked to power off.
 */
#include <string.h>

#include "hamd/core/state.h"

static bool
is_ready(struct ham_local *local, const struct ham_guest *guest)
{
	const struct ham_slot *slot = ham_slot_of(local, guest->move_to);

	if (guest->common)
		return true;
	return ham_guest_is_current(guest, guest->move_to) && slot &&
	       !slot->failed && !slot->filling && !slot->dropping &&
	       !slot->setting && !slot->differs;
}

static void
propose(ham_core *core, struct ham_local *local, const struct ham_guest *guest,
	enum ham_op_kind kind, const char *reason)
{
	struct ham_op op = {.kind = (uint8_t)kind,
			    .epoch = guest->epoch,
			    .txn = guest->txn};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	g_strlcpy(op.reason, reason, sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

bool
ham_move_ends_it(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	if (guest->cold)
		return !guest->move_to || is_ready(local, guest);
	if (guest->move_to && !guest->leaving && is_ready(local, guest) &&
	    ham_is_joined(core, guest->move_to))
		propose(core, local, guest, HAM_OP_MOVE_STOP, "");
	return guest->leaving;
}

void
ham_move_mind(ham_core *core, struct ham_local *local,
	      const struct ham_guest *guest)
{
	if (guest->move_to && !guest->leaving &&
	    !ham_is_joined(core, guest->move_to))
		propose(core, local, guest, HAM_OP_MOVE_END,
			"the destination left the cluster");
	else if (guest->move_to && !guest->leaving &&
		 ham_copies_shun(local, guest->move_to))
		propose(core, local, guest, HAM_OP_MOVE_END,
			"a copy can't be made there, tried three times: hamctl "
			"events says why");
}

static void
begun(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	local->mig_phase = HAM_MIG_COPY;
	local->sync_at = 0;
	/* what failed there before was no order */
	local->shy = 0;
	local->next_sync_us = local->backoff_us = 0;
	local->started_us = core->now_us;
	ham_progress_clear(&local->progress, HAM_MIG_COPY);
	ham_fx_note(core, HAM_NOTE_MIGRATION_PHASE, guest->name, "copy");
	core->fx->list[core->fx->n - 1].value = local->last_owner;
}

/* What was copied for it; the guest's pause is its reboot. */
static uint64_t
copied(const struct ham_local *local, const struct ham_guest *guest)
{
	return local->sync_at == guest->owner ? local->sync.disk_done : 0;
}

static void
done(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	local->mig_phase = HAM_MIG_NONE;
	ham_fx_note(core, HAM_NOTE_MIGRATION_DONE, guest->name,
		    "stopped_us=-1 disk=%" G_GUINT64_FORMAT,
		    copied(local, guest));
}

static void
failed(ham_core *core, struct ham_local *local, const struct ham_guest *guest,
       const char *reason)
{
	local->mig_phase = HAM_MIG_NONE;
	ham_fx_note(core, HAM_NOTE_MIGRATION_FAILED, guest->name, "%s", reason);
}

void
ham_move_applied(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest, const struct ham_op *op)
{
	bool here = guest->owner == core->config.self;

	if (op->kind == HAM_OP_STOPPED && guest->phase == HAM_GUEST_STARTED &&
	    here)
		ham_local_due(local, guest);
	if (op->kind == HAM_OP_MOVE_END) {
		failed(core, local, guest, op->reason);
	} else if (op->kind == HAM_OP_MOVE) {
		local->move_txn = guest->txn;
		begun(core, local, guest);
		if (guest->cold && here)
			ham_local_due(local, guest);
		if (guest->move_to == 0) /* a copy was current there */
			done(core, local, guest);
	} else if (local->move_txn != guest->txn) {
		return; /* STOPPED, in a live migration or in none */
	} else if (guest->phase == HAM_GUEST_STARTED) {
		local->mig_phase = HAM_MIG_HANDOVER;
		ham_fx_note(core, HAM_NOTE_MIGRATION_PHASE, guest->name,
			    "handover");
		local->starting_epoch = guest->epoch;
	} else if (local->mig_phase == HAM_MIG_COPY && local->cold &&
		   !guest->reason[0]) {
		done(core, local, guest);
	} else if (local->mig_phase == HAM_MIG_COPY ||
		   local->mig_phase == HAM_MIG_HANDOVER) {
		failed(core, local, guest, guest->reason);
	}
}

void
ham_move_over(ham_core *core, const char *name)
{
	const struct ham_guest *guest = ham_record_lookup(&core->record, name);
	struct ham_local *local = ham_local_get(core, name);

	if (guest && local->move_txn == guest->txn)
		local->mig_phase = HAM_MIG_NONE;
}

void
ham_move_ran(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest)
{
	if (local->mig_phase != HAM_MIG_HANDOVER ||
	    local->move_txn != guest->txn)
		return;
	if (guest->reason[0])
		ham_fx_tell(core, HAM_NOTE_MIGRATION_FAILED, local, "%s",
			    guest->reason);
	else
		ham_fx_tell(core, HAM_NOTE_MIGRATION_DONE, local,
			    "stopped_us=-1 disk=%" G_GUINT64_FORMAT,
			    copied(local, guest));
}
