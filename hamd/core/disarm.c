/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/disarm.c - a node whose guests go on without a lease, for a while
 *
 *	an operator: DISARMED, for so long; or this hamd, to be stopped: RESTS
 *	-> NODE committed: no lease binds here any more -> DISARM: the watchdog
 *	   is closed -> a hamd that is stopped ends
 *	that time over, the operator's word, or the hamd that comes after a stop
 *	-> a lease is valid: it binds again -> DISARM (flag false): armed
 *	-> WATCHDOG is told -> NODE proposed: a node like any other
 *
 * While the record says one of them no silence of that node proves its death
 * (death.c), so a guest that goes on there can't run twice; and before its time
 * is over, nobody fences it because it is gone. Only a state that was committed
 * is believed, or, after a start, what is on this disk while no watchdog is
 * armed: then nobody counts on this node's end either way.
 *
 * Closes no watchdog before that, and lets nobody count on one again before it
 * is armed.
 */
#include "hamd/core/state.h"

enum {
	PROPOSE_US = 2000000,
	/* of a node that is to be armed again, and is not */
	ARM_S = 300,
};

static unsigned int
flags_of(const ham_core *core, unsigned int i)
{
	return ham_record_node_flags(&core->record, core->config.nodes[i].id) &
	       HAM_NODE_LEASELESS;
}

bool
ham_disarm_is_expected(const ham_core *core, unsigned int i)
{
	return flags_of(core, i) && core->now_us < core->peers[i].rest_until_us;
}

bool
ham_disarm_is_leaseless(const ham_core *core, unsigned int i)
{
	return flags_of(core, i) != 0;
}

int64_t
ham_core_rest_left_us(const ham_core *core, uint32_t node)
{
	int i = ham_node_index(core, node);

	return i >= 0 && ham_disarm_is_expected(core, (unsigned int)i)
		       ? core->peers[i].rest_until_us - core->now_us
		       : 0;
}

bool
ham_core_is_leaseless(const ham_core *core)
{
	return core->leaseless;
}

/* ---- what the record says ---- */

void
ham_disarm_loaded(ham_core *core)
{
	core->leaseless =
		flags_of(core, core->self) && core->config.watchdog_us == 0;
}

static void
expect(ham_core *core, unsigned int i, const struct ham_node_state *state)
{
	core->peers[i].rest_until_us =
		core->now_us + (int64_t)state->rest_s * 1000000;
	core->peers[i].rest_since = state->since;
}

/* After a start: of two, who is left may have to wait for the other. */
static void
expect_loaded(ham_core *core)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (i != core->self && flags_of(core, i) &&
		    core->peers[i].rest_until_us == 0)
			expect(core, i,
			       ham_record_node(&core->record,
					       core->config.nodes[i].id));
}

static void
begin(ham_core *core, unsigned int i)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, core->config.nodes[i].id);

	expect(core, i, state);
	if (i != core->self)
		return;
	core->rest_taken = state->flags & HAM_NODE_RESTS;
	core->disarm_at = core->record.pos;
	core->disarm_said = core->arming = false;
}

void
ham_disarm_adopted(ham_core *core)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		const struct ham_peer *peer = &core->peers[i];

		if (!flags_of(core, i))
			core->peers[i].rest_until_us = 0;
		else if (peer->rest_until_us == 0 ||
			 peer->rest_since !=
				 ham_record_node(&core->record,
						 core->config.nodes[i].id)
					 ->since)
			begin(core, i);
	}
	if (!(flags_of(core, core->self) & HAM_NODE_RESTS))
		core->rest_taken = false;
}

void
ham_disarm_applied(ham_core *core, const struct ham_op *op)
{
	int i = ham_node_index(core, op->node);

	if (i < 0)
		return;
	if (op->kind == HAM_OP_NODE && (op->txn & HAM_NODE_LEASELESS))
		begin(core, (unsigned int)i);
	else if (!flags_of(core, (unsigned int)i))
		core->peers[i].rest_until_us = 0;
}

/* ---- this node ---- */

static void
say(ham_core *core, bool disarm)
{
	core->disarm_said = disarm;
	core->arming = !disarm;
	core->armed_told = false;
	core->leaseless = disarm;
	core->disarm_us = 0;
	if (disarm)
		core->rest_s = 0; /* it is committed, if that was wanted */
	ham_fx(core, HAM_FX_DISARM)->flag = disarm;
}

static bool
is_over(const ham_core *core)
{
	return !(flags_of(core, core->self) & HAM_NODE_DISARMED) ||
	       core->now_us >= core->peers[core->self].rest_until_us;
}

static void
propose_end(ham_core *core)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, core->config.self);
	/* of an order that comes before it, others may not count on it */
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = core->config.self,
			    .epoch = state->since,
			    .flag = true,
			    .txn = ham_op_node_txn(0, HAM_NODE_LEASELESS)};

	if (core->disarm_us && core->now_us - core->disarm_us < PROPOSE_US)
		return;
	core->disarm_us = core->now_us;
	ham_propose(core, &op, 0);
}

/* Nobody counts on a watchdog that is not there: a majority has heard that it is
 * not, if it is not armed. */
static bool
is_heard(const ham_core *core)
{
	return core->config.watchdog_us > 0 || core->config.lease_us == 0 ||
	       ham_lease_heard_us(core) >= core->told_us;
}

/* Until it is committed; it may be lost with its leader, or with a view. */
static void
propose_rest(ham_core *core)
{
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = core->config.self,
			    .flag = true,
			    .txn = ham_op_node_txn(HAM_NODE_RESTS, 0) |
				   core->rest_s << 16};

	if (core->rest_s == 0 || core->rest_taken || !ham_is_active(core) ||
	    (core->rest_us && core->now_us - core->rest_us < PROPOSE_US))
		return;
	core->rest_us = core->now_us;
	ham_propose(core, &op, 0);
}

void
ham_disarm_mind(ham_core *core)
{
	expect_loaded(core);
	propose_rest(core);
	if (!flags_of(core, core->self)) {
		if (core->leaseless) /* it was dead, to the others */
			say(core, false);
		core->leaseless = core->arming = core->disarm_said = false;
		return;
	}
	if (!ham_is_active(core))
		return;
	if (!core->disarm_said && !core->arming &&
	    ham_pos_compare(core->disarm_at, core->committed) <= 0)
		say(core, true);
	/* but to say that its watchdog could not be closed */
	if (core->stopping && !core->arming)
		return;
	if (core->disarm_said && is_over(core) &&
	    (core->config.lease_us == 0 || core->now_us < core->lease_until_us))
		say(core, false);
	if (core->arming && core->armed_told && is_heard(core))
		propose_end(core);
}

void
ham_disarm_told(ham_core *core, const struct ham_event *event)
{
	if (event->flag && core->leaseless) {
		/* it goes on resetting, so the lease goes on binding */
		ham_fx_tell(core, HAM_NOTE_ALARM, NULL,
			    "%s is not disarmed: %s",
			    core->config.nodes[core->self].name,
			    event->text ? event->text : "");
		core->leaseless = core->disarm_said = false;
		core->arming = true;
	}
	if (!event->flag && event->value == 0 && core->leaseless &&
	    !core->armed_told)
		ham_fx_tell(core, HAM_NOTE_NODE_STATE, NULL,
			    "%s is disarmed: its silence proves nothing",
			    core->config.nodes[core->self].name);
	core->armed_told = true;
	core->told_us = core->now_us;
}

/* ---- orders ---- */

static void
rest(ham_core *core, const struct ham_event *event)
{
	int64_t until_us = core->now_us + (int64_t)event->value * 1000000;

	core->stopping = true;
	if (core->disarm_said &&
	    (flags_of(core, core->self) & HAM_NODE_DISARMED) &&
	    core->peers[core->self].rest_until_us >= until_us) {
		say(core, true); /* for longer, as was asked */
		return;
	}
	core->rest_s = event->value;
	core->rest_us = 0;
	core->rest_taken = false;
	propose_rest(core);
}

/* NULL: that may be asked of the node. */
static const char *
refuse(const ham_core *core, const struct ham_event *event, int i)
{
	if (i < 0)
		return "the cluster file names no such node";
	if (event->command == HAM_CMD_ARM && !flags_of(core, (unsigned int)i))
		return "it is not disarmed";
	if (!(core->joined & ham_bit((unsigned int)i)))
		return event->command == HAM_CMD_ARM
			       ? "its hamd is not here, and ends that when it "
				 "is"
			       : "its hamd is not here to do that";
	return NULL;
}

bool
ham_disarm_order(ham_core *core, const struct ham_event *event,
		 struct ham_op *op)
{
	int i = ham_node_index(core, event->node);
	const char *refusal;

	if (event->command == HAM_CMD_REST) {
		rest(core, event);
		return false;
	}
	refusal = refuse(core, event, i);
	if (refusal) {
		ham_fx_reply(core, event->token, i < 0 ? "NotFound" : "Refused",
			     "%s%s%s", i < 0 ? "" : core->config.nodes[i].name,
			     i < 0 ? "" : ": ", refusal);
		return false;
	}
	*op = (struct ham_op){
		.kind = HAM_OP_NODE, .node = event->node, .flag = true};
	if (event->command == HAM_CMD_DISARM)
		op->txn = ham_op_node_txn(HAM_NODE_DISARMED, 0) | event->value
									  << 16;
	else
		op->txn = ham_op_node_txn(HAM_NODE_RESTS, HAM_NODE_DISARMED) |
			  (uint64_t)ARM_S << 16;
	return true;
}
