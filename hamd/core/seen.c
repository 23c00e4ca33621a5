/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/seen.c - does the network see a guest where it is now?
 *
 * The node that it has left looks: it is one of those who must not look for it
 * at the old place.  What it finds is told to people; that it does not see it,
 * also to the owner, who announces it again.  Nothing else depends on it: the
 * guest runs, whoever sees it.
 */
#include "hamd/core/state.h"

void
ham_seen_did(ham_core *core, struct ham_local *local,
	     const struct ham_event *event)
{
	struct ham_msg msg = {.kind = HAM_MSG_NOTE,
			      .note = event->flag ? HAM_NOTE_GUEST_SEEN
						  : HAM_NOTE_GUEST_UNSEEN};
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);

	/* it is here again, stopped, or gone */
	if (!guest || guest->owner == core->config.self ||
	    guest->phase == HAM_GUEST_STOPPED)
		return;
	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	msg.epoch = guest->epoch;
	msg.txn = guest->txn;
	if (event->text)
		g_strlcpy(msg.text, event->text, sizeof(msg.text));
	ham_fx_send(core, &msg, false);
}

void
ham_seen_on_note(ham_core *core, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_local *local;

	if (!guest || guest->owner != core->config.self ||
	    guest->epoch != msg->epoch)
		return;
	local = ham_local_get(core, msg->guest);
	/* one that starts is announced then */
	if (ham_owner_stage(local->stage) && local->stage != HAM_L_STARTING)
		ham_fx_guest(core, local, HAM_DO_ANNOUNCE);
}
