/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/policy.c - the limits of a migration, and other ones while it runs
 *
 * A migration begins with what the cluster file says.  An operator's SET
 * changes that of the one under way, on all nodes alike as it is ordered; it is
 * gone with that migration, and with its source's hamd, as the migration is.
 * Refuses a guest that isn't being migrated, and one whose hand-over has begun:
 * from there nothing could follow from it.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	WARM_US = 30 * 1000000, /* from its undo to its MOVE, at most */
};

void
ham_policy_begin(ham_core *core, struct ham_local *local)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, local->name);

	memset(&local->policy, 0, sizeof(local->policy));
	if (config)
		local->policy = config->policy;
	local->forced = false;
	local->warm_to = 0;
}

bool
ham_core_policy(const ham_core *core, const char *guest, struct ham_policy *out)
{
	const struct ham_local *local = ham_local_lookup(core, guest);

	if (!local || local->policy.max_pause_us <= 0)
		return false;
	*out = local->policy;
	return true;
}

static void
merge(struct ham_policy *into, const struct ham_policy *from, unsigned int sets)
{
	if (sets & HAM_SET_MAX_PAUSE)
		into->max_pause_us = from->max_pause_us;
	if (sets & HAM_SET_MAX_DURATION)
		into->max_duration_us = from->max_duration_us;
	if (sets & HAM_SET_BANDWIDTH)
		into->bandwidth = from->bandwidth;
	if (sets & HAM_SET_PRIORITY)
		into->priority = from->priority;
	if (sets & HAM_SET_AUTO_CONVERGE)
		into->auto_converge = from->auto_converge;
	if (sets & HAM_SET_ON_LIMIT)
		into->on_limit = from->on_limit;
}

/* NULL, or why nothing can be set now. */
static const char *
refusal(const struct ham_guest *guest)
{
	if (guest->phase == HAM_GUEST_IN_DOUBT)
		return "its hand-over has begun";
	if (guest->move_to)
		return "it is moved by a stop, which none of that is for";
	if (guest->phase != HAM_GUEST_MIGRATING)
		return "it is not being migrated; what holds for every "
		       "migration is in the cluster file";
	return NULL;
}

void
ham_policy_order(ham_core *core, const struct ham_event *event,
		 const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_SET,
			      .epoch = guest->epoch,
			      .txn = guest->txn,
			      .sets = (uint8_t)event->value};
	const char *why = refusal(guest);

	if (why) {
		ham_fx_reply(core, event->token, "Refused", "%s: %s",
			     guest->name, why);
		return;
	}
	if (!ham_command_awaits(core, event, guest))
		return;
	msg.policy = *event->policy;
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
}

/* The source's guest layer hears what is in force; COPY tells it first. */
void
ham_policy_tell(ham_core *core, struct ham_local *local)
{
	ham_fx_guest(core, local, HAM_DO_POLICY);
	core->fx->list[core->fx->n - 1].policy = local->policy;
	core->fx->list[core->fx->n - 1].flag = local->forced;
}

void
ham_policy_on_set(ham_core *core, uint32_t sender, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_local *local;
	const char *why;

	if (!guest)
		return;
	local = ham_local_get(core, msg->guest);
	why = guest->txn == msg->txn ? refusal(guest)
				     : "the migration is over";
	if (!why)
		merge(&local->policy, &msg->policy, msg->sets);
	if (!why && local->policy.on_limit != HAM_LIMIT_WARM)
		local->warm_to = 0;
	if (sender == core->config.self)
		ham_command_heard(core, HAM_CMD_SET, guest, msg->txn, why);
	if (!why && guest->owner == core->config.self &&
	    local->stage == HAM_L_S_COPY)
		ham_policy_tell(core, local);
}

/* ---- what can't be kept ---- */

static void
decide(ham_core *core, struct ham_local *local, const char *what,
       const char *why)
{
	ham_fx_tell(core, HAM_NOTE_MIGRATION_DECIDED, local, "%s: %s", what,
		    why);
}

void
ham_policy_limit(ham_core *core, struct ham_local *local, const char *text)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	const char *why = text ? text : "it can't keep its limits";

	switch (local->policy.on_limit) {
	case HAM_LIMIT_FORCE:
		local->forced = true;
		decide(core, local, "it is handed over whatever the pause",
		       why);
		ham_policy_tell(core, local);
		return;
	case HAM_LIMIT_WARM:
		local->warm_to = guest ? guest->dst : 0;
		local->warm_txn = local->txn;
		decide(core, local, "it is shut down and started there instead",
		       why);
		break;
	default:
		decide(core, local, "it stays where it is", why);
		break;
	}
	ham_source_undo(core, local, why);
}

/* Asked for once: whatever stands against it is told as of any order. */
void
ham_policy_mind(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_MOVE,
			    .node = local->warm_to,
			    .epoch = guest->epoch,
			    .txn = guest->txn};

	if (!local->warm_to || guest->phase != HAM_GUEST_STARTED)
		return;
	if (core->now_us - local->since_us > WARM_US ||
	    guest->txn != local->warm_txn || guest->move_to || !guest->wanted ||
	    guest->owner == local->warm_to ||
	    !ham_is_joined(core, local->warm_to)) {
		local->warm_to = 0; /* it is moved, or something else came */
		return;
	}
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	ham_propose_for(core, local, &op);
}
