/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record_node.c - the states of nodes in the record
 *
 * Who may say what of a node is not asked here: an operator's word and that of
 * the node's own health change different flags, so that neither takes the
 * other's back.
 */
#include <glib.h>
#include <string.h>

#include "hamd/core/record.h"

static const char *const flag_names[] = {
	"drained", "unhealthy", "quarantined", "disarmed", "resting", "halted",
};
G_STATIC_ASSERT((1 << G_N_ELEMENTS(flag_names)) - 1 == HAM_NODE_FLAGS);

const char *
ham_node_flag_name(unsigned int flags)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(flag_names); i++)
		if (flags & (1u << i))
			return flag_names[i];
	return "open";
}

/* Index of the first entry whose node is not below `node`. */
static unsigned int
place(const struct ham_record *record, uint32_t node)
{
	unsigned int i = 0;

	while (i < record->n_nodes && record->nodes[i].node < node)
		i++;
	return i;
}

const struct ham_node_state *
ham_record_node(const struct ham_record *record, uint32_t node)
{
	unsigned int i = place(record, node);

	return i < record->n_nodes && record->nodes[i].node == node
		       ? &record->nodes[i]
		       : NULL;
}

unsigned int
ham_record_node_flags(const struct ham_record *record, uint32_t node)
{
	const struct ham_node_state *state = ham_record_node(record, node);

	return state ? state->flags : 0;
}

const char *
ham_record_check_open(const struct ham_record *record, uint32_t node)
{
	unsigned int flags = ham_record_node_flags(record, node);

	if (flags & HAM_NODE_HALTED)
		return "that node is halted";
	if (flags & HAM_NODE_DRAINED)
		return "that node is drained";
	if (flags & HAM_NODE_QUARANTINED)
		return "that node is quarantined";
	if (flags & HAM_NODE_UNHEALTHY)
		return "that node is unhealthy";
	return NULL;
}

bool
ham_record_add_node(struct ham_record *record,
		    const struct ham_node_state *state)
{
	unsigned int i = place(record, state->node);

	if (record->n_nodes == HAM_MAX_NODES ||
	    (i < record->n_nodes && record->nodes[i].node == state->node))
		return false;
	memmove(&record->nodes[i + 1], &record->nodes[i],
		(record->n_nodes - i) * sizeof(record->nodes[0]));
	record->nodes[i] = *state;
	record->n_nodes++;
	return true;
}

static void
remove_node(struct ham_record *record, uint32_t node)
{
	unsigned int i = place(record, node);

	memmove(&record->nodes[i], &record->nodes[i + 1],
		(record->n_nodes - i - 1) * sizeof(record->nodes[0]));
	record->n_nodes--;
	memset(&record->nodes[record->n_nodes], 0, sizeof(record->nodes[0]));
}

/* What the node's entry is after it; flags 0: there is none. */
static struct ham_node_state
changed(const struct ham_record *record, const struct ham_op *op)
{
	const struct ham_node_state *old = ham_record_node(record, op->node);
	struct ham_node_state state = {.node = op->node};
	unsigned int set = op->txn & 0xff;
	unsigned int clear = op->txn >> 8 & 0xff;

	if (old)
		state = *old;
	state.flags = (uint8_t)((state.flags | set) & ~clear);
	if (set & HAM_NODE_LEASELESS)
		state.rest_s = (uint32_t)(op->txn >> 16);
	if (!(state.flags & HAM_NODE_LEASELESS))
		state.rest_s = 0;
	if (set & HAM_NODE_DATED) /* no other operation has that place */
		state.since =
			record->pos.term << 32 | (uint32_t)record->pos.count;
	if (!(state.flags & HAM_NODE_DATED))
		state.since = 0;
	if (set & HAM_NODE_HEALTH)
		g_strlcpy(state.reason, op->reason, sizeof(state.reason));
	if (!(state.flags & HAM_NODE_HEALTH))
		memset(state.reason, 0, sizeof(state.reason));
	return state;
}

static bool
has_guests_away(const struct ham_record *record, uint32_t node)
{
	for (unsigned int i = 0; i < record->n_guests; i++)
		if (record->guests[i].home == node)
			return true;
	return false;
}

const char *
ham_record_check_node(const struct ham_record *record, const struct ham_op *op)
{
	const struct ham_node_state *old = ham_record_node(record, op->node);
	struct ham_node_state state = changed(record, op);
	uint64_t both = (op->txn & 0xff) & (op->txn >> 8);

	if (op->guest[0] != '\0' || op->node == 0)
		return "a node has that state, not a guest";
	if (op->txn == 0 || both ||
	    (op->txn & 0xffff &
	     ~ham_op_node_txn(HAM_NODE_FLAGS, HAM_NODE_FLAGS)))
		return "a node has no such state";
	if (op->txn & HAM_NODE_LEASELESS
		    ? op->txn >> 16 == 0 || op->txn >> 16 > HAM_MAX_REST_S
		    : op->txn >> 16 != 0)
		return "it is for no such time";
	if (op->epoch && op->epoch != (old ? old->since : 0))
		return "that was said anew since";
	if (!old && state.flags && record->n_nodes == HAM_MAX_NODES)
		return "the record is full of nodes";
	if ((old ? old->flags : 0) == state.flags &&
	    !(op->txn & HAM_NODE_LEASELESS) &&
	    (!old || strcmp(old->reason, state.reason) == 0) &&
	    (op->flag || state.flags & HAM_NODE_CLOSED ||
	     !(op->txn >> 8 & HAM_NODE_CLOSED) ||
	     !has_guests_away(record, op->node)))
		return "it is in that state already";
	return NULL;
}

void
ham_record_node_died(struct ham_record *record, uint32_t node)
{
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = node,
			    .flag = true,
			    .txn = ham_op_node_txn(0, HAM_NODE_LEASELESS)};

	if (ham_record_node_flags(record, node) & HAM_NODE_LEASELESS)
		ham_record_apply_node(record, &op);
}

void
ham_record_apply_node(struct ham_record *record, const struct ham_op *op)
{
	struct ham_node_state state = changed(record, op);

	if (ham_record_node(record, op->node))
		remove_node(record, op->node);
	if (state.flags)
		(void)ham_record_add_node(record, &state);
	if (state.flags & HAM_NODE_CLOSED || op->flag ||
	    !(op->txn >> 8 & HAM_NODE_CLOSED))
		return;
	/* open, and nobody asked for them: they stay where they are */
	for (unsigned int i = 0; i < record->n_guests; i++)
		if (record->guests[i].home == op->node)
			record->guests[i].home = 0;
}
