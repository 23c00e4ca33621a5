/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/stale.c - a guest that ran on here while it ran elsewhere already
 *
 * A machine that stood still (suspended, or starved) does not know what it has
 * missed: its guests run again before its hamd does.  So the first act after a
 * standstill is to have them stand still (lease.c), until a majority has heard
 * us in the present ring.  Frames that left meanwhile can't be called back:
 *
 *	FRAMES		the guest layer counted them as it stopped the guest
 *	a state is adopted, and that guest's epoch there is a newer one: it ran
 *			twice, if only for a moment
 *	FRAMES_LEAKED	tells all nodes, until we have heard it ourselves
 *	its owner	announces it again: switches may have learned our port
 *
 * Disks need nothing: the exports of an old epoch are closed before a newer one
 * is stored (serve.c).  Where nobody had started it, the count is forgotten.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	SAY_US = 1000000,
};

/* What the count means is known when we are back among the others. */
void
ham_stale_frames(ham_core *core, struct ham_local *local,
		 const struct ham_event *event)
{
	struct ham_leak *leak = &local->leak;

	if (!local->stale && (core->woke_us == 0 || !local->moved))
		return; /* it stopped in time */
	*leak = (struct ham_leak){.epoch = local->epoch,
				  .frames = event->value,
				  .counted = event->flag,
				  .certain = local->stale};
	if (leak->counted)
		ham_fx_note(core, HAM_NOTE_ALARM, local->name,
			    "it ran here after a standstill: %" G_GUINT64_FORMAT
			    " frames left its ports since this node's lease "
			    "was renewed last",
			    leak->frames);
	else
		ham_fx_note(core, HAM_NOTE_ALARM, local->name,
			    "it may have run here after a standstill; how many "
			    "frames left its ports is not known");
}

/* vCPUs may run here while all is asked to stand still. */
void
ham_stale_woke(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++)
		core->locals[i].moved = ham_may_run(&core->locals[i]);
}

/* The others have gone on without us, or with us. */
void
ham_stale_adopted(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++) {
		struct ham_local *local = &core->locals[i];
		const struct ham_guest *guest =
			ham_record_lookup(&core->record, local->name);

		if (local->leak.epoch && guest &&
		    guest->epoch > local->leak.epoch)
			local->leak.certain = true;
	}
}

/* We were heard in the present ring: what it does not know of did not happen.
 */
void
ham_stale_heard(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++) {
		struct ham_local *local = &core->locals[i];

		local->moved = false;
		if (!local->leak.certain)
			local->leak = (struct ham_leak){0};
	}
}

static void
say(ham_core *core, struct ham_local *local)
{
	const struct ham_leak *leak = &local->leak;
	struct ham_msg msg = {.kind = HAM_MSG_NOTE,
			      .note = HAM_NOTE_FRAMES_LEAKED,
			      .epoch = leak->epoch};
	const char *name = ham_core_node_name(core, core->config.self);

	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	if (leak->counted)
		g_snprintf(msg.text, sizeof(msg.text),
			   "up to %" G_GUINT64_FORMAT
			   " frames left its ports on "
			   "%s while it may have been started elsewhere",
			   leak->frames, name);
	else
		g_snprintf(msg.text, sizeof(msg.text),
			   "frames left its ports on %s while it may have been "
			   "started elsewhere; how many is not known",
			   name);
	ham_fx_send(core, &msg, false);
}

void
ham_stale_tick(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++) {
		struct ham_local *local = &core->locals[i];

		if (!local->leak.certain ||
		    (local->leak.said_us &&
		     core->now_us - local->leak.said_us < SAY_US))
			continue;
		local->leak.said_us = core->now_us;
		say(core, local);
	}
}

void
ham_stale_on_note(ham_core *core, uint32_t sender, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_local *local;

	if (!guest)
		return;
	local = ham_local_get(core, msg->guest);
	if (sender == core->config.self && local->leak.epoch == msg->epoch)
		local->leak = (struct ham_leak){0};
	/* one that starts, or comes, is announced then */
	if (ham_owner_stage(local->stage) && local->stage != HAM_L_STARTING &&
	    local->epoch > msg->epoch)
		ham_fx_guest(core, local, HAM_DO_ANNOUNCE);
}
