/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/node.c - why a node takes no guests, and who says so
 *
 *	a node's own hamd: unhealthy, quarantined, or well again
 *	an operator: drained (command.c)
 *	the leader: quarantined, if it died under guests again and again
 *
 * Each proposes NODE until the record says the same.  What follows for guests
 * is drain.c's; nothing here moves one.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	PROPOSE_US = 2000000,
};

bool
ham_node_is_closed(const ham_core *core, uint32_t node)
{
	return ham_record_node_flags(&core->record, node) & HAM_NODE_CLOSED;
}

bool
ham_node_is_to_empty(const ham_core *core, uint32_t node)
{
	unsigned int flags = ham_record_node_flags(&core->record, node);

	return (flags & HAM_NODE_CLOSED) && !(flags & HAM_NODE_HALTED);
}

void
ham_node_closed_text(const ham_core *core, uint32_t node, char *out,
		     size_t size)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, node);
	const char *name = ham_core_node_name(core, node);
	unsigned int flags = state ? state->flags : 0;

	if (flags & HAM_NODE_HALTED)
		g_snprintf(out, size,
			   "is halted: it takes no guests before it boots, or "
			   "hamctl cluster start");
	else if (flags & HAM_NODE_DRAINED)
		g_snprintf(out, size,
			   "is drained: it takes no guests before hamctl node "
			   "undrain %s",
			   name);
	else if (flags & HAM_NODE_QUARANTINED)
		g_snprintf(out, size,
			   "is quarantined (%s): it takes no guests before "
			   "that is over, or hamctl node undrain %s",
			   state->reason, name);
	else
		g_snprintf(out, size,
			   "is unhealthy (%s): it takes no guests before it "
			   "is well again",
			   state ? state->reason : "");
}

/* ---- this node's own health ---- */

static void
say_health(ham_core *core)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, core->config.self);
	unsigned int is = (state ? state->flags : 0) & HAM_NODE_HEALTH;
	unsigned int want = core->health_flags;
	struct ham_op op = {.kind = HAM_OP_NODE, .node = core->config.self};

	/* what changes of the reason alone is not worth a record */
	if (!core->health_known || is == want ||
	    (core->health_us && core->now_us - core->health_us < PROPOSE_US))
		return;
	core->health_us = core->now_us;
	op.txn = ham_op_node_txn(want & ~is, is & ~want);
	if (want)
		g_strlcpy(op.reason, core->health_reason, sizeof(op.reason));
	ham_propose(core, &op, 0);
}

void
ham_node_health(ham_core *core, const struct ham_event *event)
{
	if (event->value & ~(uint64_t)HAM_NODE_HEALTH)
		return;
	core->health_known = true;
	core->health_flags = (uint8_t)event->value;
	g_strlcpy(core->health_reason, event->text ? event->text : "",
		  sizeof(core->health_reason));
	if (ham_is_active(core))
		say_health(core);
}

void
ham_node_adopted(ham_core *core)
{
	core->health_known = false;
	ham_halt_adopted(core);
}

/* ---- a node that dies again and again ---- */

static void
has_died(ham_core *core, uint32_t node)
{
	int i = ham_node_index(core, node);
	int64_t *deaths;

	if (i < 0)
		return;
	deaths = core->peers[i].deaths;
	memmove(&deaths[0], &deaths[1],
		(HAM_MAX_DEATHS - 1) * sizeof(deaths[0]));
	deaths[HAM_MAX_DEATHS - 1] = core->now_us;
}

/* The leader, when it is back: its own hamd says when that is over. */
static void
mind_deaths(ham_core *core, unsigned int i)
{
	struct ham_peer *peer = &core->peers[i];
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = core->config.nodes[i].id,
			    .txn = ham_op_node_txn(HAM_NODE_QUARANTINED, 0)};
	int64_t window_us = core->config.quarantine_window_us;
	unsigned int n = 0;

	for (unsigned int k = 0; k < HAM_MAX_DEATHS; k++)
		n += peer->deaths[k] &&
		     core->now_us - peer->deaths[k] < window_us;
	if (core->config.quarantine_after == 0 ||
	    n < core->config.quarantine_after || !(core->joined & ham_bit(i)) ||
	    ham_record_node_flags(&core->record, op.node) &
		    HAM_NODE_QUARANTINED ||
	    (peer->quarantined_us &&
	     core->now_us - peer->quarantined_us < PROPOSE_US))
		return;
	peer->quarantined_us = core->now_us;
	g_snprintf(op.reason, sizeof(op.reason),
		   "it died under guests %u times within %u min", n,
		   (unsigned int)(window_us / 60000000));
	ham_propose(core, &op, 0);
}

/* ---- every node, as it is applied ---- */

/* This node's own health follows what others say of it, until it is looked at
 * anew: or a quarantine would be taken back, or said again, meanwhile. */
static void
follow(ham_core *core, unsigned int set, unsigned int clear)
{
	core->health_flags |= (uint8_t)(set & HAM_NODE_HEALTH);
	core->health_flags &= (uint8_t)~clear;
	core->health_us = 0;
}

void
ham_node_applied(ham_core *core, const struct ham_op *op)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, op->node);
	int i = ham_node_index(core, op->node);
	char why[HAM_TEXT_MAX / 2] = "takes guests again";

	if (op->kind == HAM_OP_DEAD) {
		has_died(core, op->node);
		return;
	}
	if (i >= 0 && state && (state->flags & HAM_NODE_QUARANTINED))
		/* it begins anew afterwards */
		memset(core->peers[i].deaths, 0, sizeof(core->peers[i].deaths));
	if (op->node == core->config.self)
		follow(core, op->txn & 0xff, op->txn >> 8 & 0xff);
	if (op->txn & HAM_NODE_LEASELESS)
		g_snprintf(why, sizeof(why),
			   "is %s: if it leaves, nobody fences it for %u s",
			   op->txn & HAM_NODE_DISARMED ? "to be disarmed"
						       : "to rest",
			   state ? state->rest_s : 0);
	else if (op->txn >> 8 & HAM_NODE_LEASELESS)
		g_strlcpy(why, "is no longer disarmed", sizeof(why));
	else if (state && state->flags & HAM_NODE_CLOSED)
		ham_node_closed_text(core, op->node, why, sizeof(why));
	ham_fx_note(core, HAM_NOTE_NODE_STATE, NULL, "%s %s",
		    ham_core_node_name(core, op->node), why);
	core->fx->list[core->fx->n - 1].value = op->node;
	/* what was tried before says nothing: an order is carried out at once
	 */
	for (unsigned int k = 0; k < core->record.n_guests; k++) {
		const struct ham_guest *guest = &core->record.guests[k];
		struct ham_local *local;

		if (guest->owner != op->node && guest->home != op->node)
			continue;
		local = ham_local_get(core, guest->name);
		local->leave.next_us = 0;
		local->stays_on = 0;
	}
}

void
ham_node_tick(ham_core *core)
{
	say_health(core);
	ham_halt_tick(core);
	if (ham_leader(core) != core->config.self)
		return;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		mind_deaths(core, i);
}
