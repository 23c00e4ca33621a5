/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/claim.c - an operator has the cluster go on with this node's state
 *
 * Of two nodes, when the other one, which may know more, is lost for good: it
 * may have gone on alone while this one was off.  What was decided without this
 * node is void from then on.  Should the other turn up after all, it is told by
 * its lower term; and its images, which may have writes that nobody here knows
 * of, by another history of each guest (label.c): hamd neither starts from them
 * nor copies over them.
 *
 * That the other one is off is not believed of devices that were last seen to
 * switch it before this node was off: an operator vouches for it.  Void in the
 * next ring, if nothing has come of it.
 *
 * Refused to more than two nodes: where a majority of their states is lost,
 * those who still hold one know nothing of a guest that was started since, and
 * no proof of death is asked for before one that is stopped is started.
 */
#include "hamd/core/state.h"

enum {
	/* above its last term, and as many in each minute: views come slower */
	CLAIM_TERMS = 1 << 16,
	TERMS_A_MINUTE = 1 << 6,
};

void
ham_claim(ham_core *core, const struct ham_event *event)
{
	const char *self = ham_core_node_name(core, core->config.self);
	char waiting[HAM_TEXT_MAX / 2];

	ham_view_waiting_for(core, waiting, sizeof(waiting));
	if (core->config.n_nodes != 2) {
		ham_fx_reply(core, event->token, "Refused",
			     "only one of two nodes can claim the cluster's "
			     "state");
	} else if (ham_is_active(core)) {
		ham_fx_reply(core, event->token, "Refused",
			     "the cluster decides: there is nothing to claim");
	} else if (!core->has_store) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s has no state that could be the cluster's",
			     self);
	} else if (!ham_two_alone(core) ||
		   (!core->claims && ham_two_is_newest(core))) {
		ham_fx_reply(core, event->token, "Refused",
			     "that would not help; it waits for %s%s", waiting,
			     core->connected && !core->quorate
				     ? ", see quorum.cancel_wait_for_all in "
				       "cmap_keys(7)"
				     : "");
	} else {
		ham_fx_note(core, HAM_NOTE_ALARM, NULL,
			    "an operator claims the state of %s: what was "
			    "decided without it is void",
			    self);
		ham_fx_reply(core, event->token, NULL, "%s", "");
		core->claims = MAX(MAX(core->promise, core->last_promise) +
					   CLAIM_TERMS,
				   event->value * TERMS_A_MINUTE);
		ham_fx(core, HAM_FX_FENCE_DOUBT)->node =
			core->config.nodes[ham_two_other(core)].id;
	}
}

void
ham_claim_fork(ham_core *core)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		struct ham_guest *guest = &core->record.guests[i];

		uint64_t before = guest->history;

		if (before == 0)
			continue;
		core->next_proposal++;
		guest->history = ham_new_history(core);
		ham_fork_add(ham_local_get(core, guest->name), before,
			     guest->epoch, guest->history);
	}
}
