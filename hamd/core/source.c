/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/source.c - a migration seen from the node the guest leaves
 *
 *	S_PREPARE -PREPARED-> S_COPY -gate-> S_GATE -CUTOVER committed->
 *	S_CAPTURE -> S_CAPTURED -TAKE-> S_SILENCE -tap down-> S_YIELDED
 *	-OUTCOME(D) committed-> S_FINISH -> REPLICA
 *
 * Up to S_GATE every trouble leads to S_UNDO, and the guest never stopped.
 * From S_CAPTURE on it leads to S_HALTING: paused, it asks for the image back
 * (ABORT) and resumes only after an OUTCOME in its favour is committed.  If
 * TAKE came before our ABORT in the order, TAKE stands.
 *
 * Order: tap down (HAM_DID_SILENCED) before YIELD.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	/* D may have to reserve all of a disk: incoming.c, "images" */
	PREPARE_LIMIT_US = 660 * 1000000,
	HANDOVER_LIMIT_US = 15 * 1000000,
	RESUME_AGAIN_US = 2 * 1000000,
	QUIET_MAX_US = 60 * 1000000, /* more is no figure */
};

void
ham_progress_clear(struct ham_progress *progress, unsigned int phase)
{
	memset(progress, 0, sizeof(*progress));
	progress->phase = (uint8_t)phase;
	for (int i = 0; i < 2; i++)
		progress->left_ms[i] = progress->pause_us[i] = -1;
}

static void
tell_phase(ham_core *core, struct ham_local *local, enum ham_mig_phase phase)
{
	local->mig_phase = (uint8_t)phase;
	local->progress.phase = (uint8_t)phase;
	ham_fx_tell(core, HAM_NOTE_MIGRATION_PHASE, local, "%s",
		    ham_mig_phase_name(phase));
}

static void
set_reason(struct ham_local *local, const char *reason)
{
	g_strlcpy(local->reason, reason ? reason : "it failed",
		  sizeof(local->reason));
}

void
ham_source_undo(ham_core *core, struct ham_local *local, const char *reason)
{
	if (local->stage == HAM_L_S_UNDO)
		return;
	if (local->stage == HAM_L_S_GATE) {
		/* CUTOVER may be on its way and name D's disk as current: from
		 * here no write may go on without D until the record says so */
		ham_source_halt(core, local, reason);
		return;
	}
	set_reason(local, reason);
	local->undone = false;
	ham_stage(core, local, HAM_L_S_UNDO);
	ham_fx_guest(core, local, HAM_DO_UNDO);
}

void
ham_source_halt(ham_core *core, struct ham_local *local, const char *reason)
{
	if (local->stage == HAM_L_S_HALTING || local->stage == HAM_L_S_HALTED)
		return;
	set_reason(local, reason);
	ham_stage(core, local, HAM_L_S_HALTING);
	ham_fx_guest(core, local, HAM_DO_HALT);
}

static void
ask_back(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	if (ham_ring_equal(local->cutover_ring, core->totem))
		ham_handover_msg(core, local, HAM_MSG_ABORT, local->reason);
	ham_doubt_tell(core, local, guest);
}

void
ham_source_cutover(ham_core *core, struct ham_local *local,
		   const struct ham_guest *guest)
{
	local->txn = guest->txn;
	switch (local->stage) {
	case HAM_L_S_HALTED:
	case HAM_L_S_EMPTY:
	case HAM_L_NONE: /* its QEMU ended while CUTOVER was on its way */
		ask_back(core, local, guest);
		break;
	case HAM_L_S_UNDO:
	case HAM_L_S_COPY:
	case HAM_L_S_PREPARE:
	case HAM_L_RUNNING:
	case HAM_L_S_YIELDED:
		/* never proposed from these, or by an earlier life: nothing was
		 * captured, and nothing may go on */
		ham_source_halt(core, local, "the copy had ended");
		break;
	default:
		break;
	}
}

static void
did_halted(ham_core *core, struct ham_local *local,
	   const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	ham_stage(core, local, event->flag ? HAM_L_S_HALTED : HAM_L_S_EMPTY);
	if (guest && guest->phase == HAM_GUEST_IN_DOUBT &&
	    guest->owner == core->config.self)
		ask_back(core, local, guest);
	ham_evaluate_all(core);
}

static void
did_silenced(ham_core *core, struct ham_local *local)
{
	local->yield_us = core->now_us;
	ham_stage(core, local, HAM_L_S_YIELDED);
	ham_handover_msg(core, local, HAM_MSG_YIELD, NULL);
}

static void
did_progress(ham_core *core, struct ham_local *local,
	     const struct ham_event *event)
{
	struct ham_msg msg = {.kind = HAM_MSG_PROGRESS};

	if (event->progress && event->node) {
		g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
		msg.epoch = local->epoch;
		msg.txn = event->node;
		msg.progress = *event->progress;
		msg.progress.phase = HAM_MIG_SYNC;
		ham_fx_send(core, &msg, true);
		return;
	}
	if (!event->progress || local->mig_phase == HAM_MIG_NONE)
		return;
	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	msg.epoch = local->epoch;
	msg.txn = local->txn;
	msg.progress = *event->progress;
	msg.progress.phase = local->mig_phase;
	msg.progress.elapsed_ms = (core->now_us - local->started_us) / 1000;
	msg.kind = HAM_MSG_FORECAST;
	ham_fx_send(core, &msg, true);
	msg.kind = HAM_MSG_PROGRESS;
	ham_fx_send(core, &msg, true);
}

static void
did_finished(ham_core *core, struct ham_local *local,
	     const struct ham_event *event)
{
	bool served = event->flag;
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	const struct ham_replica *r =
		guest ? ham_guest_replica(guest, core->config.self) : NULL;

	local->epoch++;
	ham_stage(core, local, served ? HAM_L_REPLICA : HAM_L_NONE);
	ham_slots_clear(local);
	/* it has been served at that epoch since its first moment */
	local->serve_epoch = served ? local->epoch : 0;
	/* of a copy that is begun meanwhile it is none */
	local->generation =
		r && r->state == HAM_REPLICA_CURRENT ? r->generation : 0;
	local->served.len = 0;
	if (event->blob)
		local->served = *event->blob;
	local->next = HAM_NEXT_NONE;
	ham_prepare_if_due(core, local);
	ham_evaluate_all(core);
}

/* The copy is through and the destination is wired to our disk. */
static void
gate_reached(ham_core *core, struct ham_local *local)
{
	if (local->stage != HAM_L_S_COPY || !local->gate || !local->wired)
		return;
	ham_stage(core, local, HAM_L_S_GATE);
	ham_evaluate_all(core);
}

/* Events that end a stage before CUTOVER. */
static bool
did_before_cutover(ham_core *core, struct ham_local *local,
		   const struct ham_event *event)
{
	switch (event->did) {
	case HAM_DID_OFFERED:
		if (local->stage != HAM_L_S_COPY || !event->blob)
			return true;
		local->offer = *event->blob;
		ham_handover_msg(core, local, HAM_MSG_EXPORTED, NULL);
		return true;
	case HAM_DID_GATE:
		local->gate = true;
		gate_reached(core, local);
		return true;
	case HAM_DID_GATE_LOST:
		/* while CUTOVER is not asked for */
		if (local->stage == HAM_L_S_COPY)
			local->gate = false;
		return true;
	case HAM_DID_COPY_FAILED:
		if (local->stage == HAM_L_S_COPY ||
		    local->stage == HAM_L_S_PREPARE)
			ham_source_undo(core, local, event->text);
		else if (local->stage == HAM_L_S_GATE)
			ham_source_halt(core, local, event->text);
		return true;
	case HAM_DID_DECIDED:
		if (local->stage == HAM_L_S_COPY)
			ham_fx_tell(core, HAM_NOTE_MIGRATION_DECIDED, local,
				    "%s", event->text ? event->text : "");
		return true;
	case HAM_DID_LIMIT:
		if (local->stage == HAM_L_S_COPY)
			ham_policy_limit(core, local, event->text);
		return true;
	case HAM_DID_UNDONE:
		if (local->stage != HAM_L_S_UNDO)
			return true;
		local->undone = true;
		ham_evaluate_all(core);
		return true;
	case HAM_DID_PROGRESS:
		did_progress(core, local, event);
		return true;
	default:
		return false;
	}
}

/* A destination that is cut off holds the lock on what is shared, until it is
 * back and hears the outcome, or is dead: the image here is good, and waits. */
static void
did_not_resume(ham_core *core, struct ham_local *local,
	       const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	bool waits = event->flag && guest && guest->shared;

	if (!waits || local->resume_us == 0)
		ham_fx_tell(core, HAM_NOTE_ALARM, local,
			    "the guest could not be resumed%s: %s",
			    waits ? ", and is tried again" : "",
			    event->text ? event->text : "it failed");
	if (waits) {
		local->resume_us = core->now_us + RESUME_AGAIN_US;
		ham_stage(core, local, HAM_L_S_HALTED);
		return;
	}
	local->resume_us = 0;
	ham_stage(core, local, HAM_L_KILL);
	ham_fx_guest(core, local, HAM_DO_KILL);
}

/* Before TAKE the image is certainly nowhere else; after it, the way forward is
 * the shorter one. */
static void
overdue(ham_core *core, struct ham_local *local)
{
	char text[HAM_REASON_SIZE];

	if (local->forced || (local->stage != HAM_L_S_CAPTURE &&
			      local->stage != HAM_L_S_CAPTURED))
		return;
	g_snprintf(text, sizeof(text),
		   "its pause reached max_pause, %d ms, and the destination "
		   "had not taken it",
		   (int)(local->policy.max_pause_us / 1000));
	ham_source_halt(core, local, text);
}

bool
ham_source_did(ham_core *core, struct ham_local *local,
	       const struct ham_event *event)
{
	if (did_before_cutover(core, local, event))
		return true;
	switch (event->did) {
	case HAM_DID_DRAINED:
		local->mig_phase = HAM_MIG_HANDOVER;
		if (local->stage == HAM_L_S_CAPTURE)
			ham_handover_msg(core, local, HAM_MSG_DRAINED, NULL);
		return true;
	case HAM_DID_CAPTURED:
		if (local->stage != HAM_L_S_CAPTURE)
			return true;
		local->stop_us = (int64_t)event->value;
		local->quiet_us = -1;
		local->heard.len = 0;
		if (event->blob)
			local->heard = *event->blob;
		ham_stage(core, local, HAM_L_S_CAPTURED);
		ham_handover_msg(core, local, HAM_MSG_CAPTURED, NULL);
		return true;
	case HAM_DID_QUIET:
		local->quiet_us = event->value < QUIET_MAX_US
					  ? (int64_t)event->value
					  : -1;
		return true;
	case HAM_DID_CAPTURE_FAILED:
		if (local->stage == HAM_L_S_CAPTURE ||
		    local->stage == HAM_L_S_CAPTURED)
			ham_source_halt(core, local, event->text);
		return true;
	case HAM_DID_OVERDUE:
		overdue(core, local);
		return true;
	case HAM_DID_HALTED:
		if (local->stage == HAM_L_S_HALTING)
			did_halted(core, local, event);
		return true;
	case HAM_DID_SILENCED:
		if (local->stage == HAM_L_S_SILENCE)
			did_silenced(core, local);
		return true;
	case HAM_DID_RESUMED:
		local->resume_us = 0;
		if (local->stage == HAM_L_S_RESUME)
			ham_stage(core, local, HAM_L_RUNNING);
		ham_evaluate_all(core);
		return true;
	case HAM_DID_RESUME_FAILED:
		if (local->stage == HAM_L_S_RESUME)
			did_not_resume(core, local, event);
		return true;
	case HAM_DID_FINISHED:
		if (local->stage == HAM_L_S_FINISH)
			did_finished(core, local, event);
		return true;
	default:
		return false;
	}
}

static void copy(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest);

static void
on_prepared(ham_core *core, struct ham_local *local, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	/* a destination that knows less may have begun before its turn */
	if (local->migrate_due) {
		local->blob = msg->blob;
		local->prepared_due =
			guest && ham_queue_has_begun(local, guest);
		return;
	}
	/* the record may have ended the migration, uncommitted as yet */
	if (local->stage != HAM_L_S_PREPARE || !guest ||
	    guest->phase != HAM_GUEST_MIGRATING ||
	    !ham_queue_has_begun(local, guest))
		return;
	local->blob = msg->blob;
	copy(core, local, guest);
}

static void
copy(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	local->pristine = false;
	ham_stage(core, local, HAM_L_S_COPY);
	ham_fx_guest(core, local, HAM_DO_COPY);
	core->fx->list[core->fx->n - 1].node = guest->dst;
	core->fx->list[core->fx->n - 1].policy = local->policy;
	core->fx->list[core->fx->n - 1].value = (uint64_t)local->started_us;
	tell_phase(core, local, HAM_MIG_COPY);
}

void
ham_source_begin(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	bool prepared = local->prepared_due;

	local->migrate_due = local->prepared_due = false;
	local->txn = guest->txn;
	local->reason[0] = '\0';
	local->gate = local->wired = false;
	local->pristine = !ham_queue_has_begun(local, guest);
	local->resume_us = 0; /* of an image that died as it waited */
	local->offer.len = 0;
	ham_stage(core, local, HAM_L_S_PREPARE);
	if (prepared && ham_queue_has_begun(local, guest))
		copy(core, local, guest);
}

void
ham_source_begun(ham_core *core, struct ham_local *local)
{
	local->pristine = false;
	if (local->stage == HAM_L_S_PREPARE) /* its time counts from here */
		ham_stage(core, local, HAM_L_S_PREPARE);
}

static void
on_take(ham_core *core, struct ham_local *local)
{
	switch (local->stage) {
	case HAM_L_S_CAPTURED:
	case HAM_L_S_HALTING:
	case HAM_L_S_HALTED:
	case HAM_L_S_EMPTY:
		/* dead or alive, it will not run here */
		ham_stage(core, local, HAM_L_S_SILENCE);
		ham_fx_guest(core, local, HAM_DO_SILENCE);
		break;
	case HAM_L_S_YIELDED:
		/* our YIELD was lost */
		local->yield_us = -1;
		if (ham_ring_equal(local->cutover_ring, core->totem))
			ham_handover_msg(core, local, HAM_MSG_YIELD, NULL);
		break;
	default:
		break;
	}
}

/* The destination runs: how long the guest stood still.  The one-way time is
 * half of what YIELD and this answer took beyond D's own share. */
static void
on_ran(ham_core *core, struct ham_local *local, const struct ham_msg *msg)
{
	int64_t held_us = g_ascii_strtoll(msg->text, NULL, 10);
	int64_t both_ways, stopped;
	char blackout[40] = "", limit[40] = "";

	if (held_us < 0 || held_us > core->now_us)
		held_us = 0; /* no time that can have passed */
	both_ways = core->now_us - local->yield_us - held_us;
	stopped = local->yield_us - local->stop_us +
		  (both_ways > 0 ? both_ways / 2 : 0) + held_us;
	/* said twice, or an OUTCOME let it run: nobody measured that */
	if (local->yield_us < 0 ||
	    !ham_ring_equal(local->cutover_ring, core->totem))
		stopped = -1;
	/* D announces with `cont`: that is its first frame */
	if (stopped >= 0 && local->quiet_us >= 0)
		g_snprintf(blackout, sizeof(blackout),
			   " blackout_us=%" G_GINT64_FORMAT,
			   stopped + local->quiet_us);
	if (local->policy.max_pause_us && stopped > local->policy.max_pause_us)
		g_snprintf(limit, sizeof(limit), " limit_us=%" G_GINT64_FORMAT,
			   local->policy.max_pause_us);
	local->progress.elapsed_ms = (core->now_us - local->started_us) / 1000;
	ham_fx_tell(core, HAM_NOTE_MIGRATION_DONE, local,
		    "stopped_us=%" G_GINT64_FORMAT " total_us=%" G_GINT64_FORMAT
		    " disk=%" G_GUINT64_FORMAT " ram=%" G_GUINT64_FORMAT
		    " passes=%" G_GUINT64_FORMAT "%s%s",
		    stopped, core->now_us - local->started_us,
		    local->progress.disk_done, local->progress.ram_done,
		    local->progress.passes, blackout, limit);
}

void
ham_source_msg(ham_core *core, struct ham_local *local,
	       const struct ham_msg *msg)
{
	switch (msg->kind) {
	case HAM_MSG_PREPARED:
		on_prepared(core, local, msg);
		break;
	case HAM_MSG_WIRED:
		local->wired = true;
		for (unsigned int k = 0; k < HAM_MAX_SLOTS; k++)
			local->goes_on[k] = ham_blob_id(&msg->blob, k);
		gate_reached(core, local);
		break;
	case HAM_MSG_REFUSED:
		/* it has made nothing, or removed that, before it said so */
		local->pristine = local->stage == HAM_L_S_PREPARE;
		if (local->stage >= HAM_L_S_PREPARE &&
		    local->stage <= HAM_L_S_GATE)
			ham_source_undo(core, local, msg->text);
		break;
	case HAM_MSG_CANCEL:
		local->warm_to = 0; /* nor is it moved otherwise */
		if (local->stage == HAM_L_S_PREPARE ||
		    local->stage == HAM_L_S_COPY ||
		    local->stage == HAM_L_S_GATE)
			ham_source_undo(core, local,
					"cancelled by an operator");
		break;
	case HAM_MSG_TAKE:
		on_take(core, local);
		break;
	case HAM_MSG_ABORTED:
		/* D gave up by itself: halt, so that we can say we hold it */
		if (local->stage == HAM_L_S_CAPTURE ||
		    local->stage == HAM_L_S_CAPTURED ||
		    local->stage == HAM_L_S_GATE)
			ham_source_halt(core, local, msg->text);
		else if (local->stage == HAM_L_S_SILENCE ||
			 local->stage == HAM_L_S_YIELDED) {
			/* GIVEBACK: it never ran there, the image is gone */
			ham_stage(core, local, HAM_L_S_HALTING);
			g_strlcpy(local->reason, msg->text,
				  sizeof(local->reason));
			ham_fx_guest(core, local, HAM_DO_HALT);
		}
		break;
	case HAM_MSG_NOTE:
		if (msg->note == HAM_NOTE_MIGRATION_RAN &&
		    (local->stage == HAM_L_S_YIELDED ||
		     local->stage == HAM_L_S_FINISH))
			on_ran(core, local, msg);
		break;
	default:
		break;
	}
}

void
ham_source_tick(ham_core *core, struct ham_local *local)
{
	int64_t limit = local->policy.max_duration_us;
	char text[HAM_REASON_SIZE];

	if (local->stage == HAM_L_S_PREPARE && local->begun_txn != local->txn)
		return; /* it waits for its turn */
	if (local->stage == HAM_L_S_PREPARE &&
	    core->now_us - local->since_us > PREPARE_LIMIT_US) {
		ham_source_undo(core, local,
				"the destination did not answer in 11 minutes");
	} else if ((local->stage == HAM_L_S_PREPARE ||
		    local->stage == HAM_L_S_COPY) &&
		   limit > 0 && core->now_us - local->started_us > limit) {
		g_snprintf(text, sizeof(text),
			   "it took longer than max_duration, %d s",
			   (int)(limit / 1000000));
		ham_source_undo(core, local, text);
	} else if ((local->stage == HAM_L_S_GATE ||
		    local->stage == HAM_L_S_CAPTURE ||
		    local->stage == HAM_L_S_CAPTURED) &&
		   core->now_us - local->since_us > HANDOVER_LIMIT_US) {
		ham_source_halt(core, local,
				"the hand-over took longer than 15 s");
	}
}
