/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/halt.c - the whole cluster is stopped, and comes up again
 *
 *	an operator: HALTED, of each node -> committed: it takes no guests
 *	-> the leader: WANT_STOP of each guest there, which halts -> it is shut
 *	down as ever -> STOPPED: it is to start again
 *	a halted node has booted, or the operator says so -> HALTED ends
 *	-> again.c starts what has its disks there
 *
 * In part, too, and in any order: a guest waits for a node with a current copy
 * of its disks that is not halted, and status says for whom.  Ends no guest by
 * force, and switches nothing off.
 */
#include "hamd/core/state.h"

enum {
	PROPOSE_US = 2000000,
};

static bool
is_halted(const ham_core *core, uint32_t node)
{
	return ham_record_node_flags(&core->record, node) & HAM_NODE_HALTED;
}

/* A life of hamd has booted with its machine, if it finds at the first state it
 * adopts that it has, or an earlier one did, and could not say so; what is said
 * of the node later is of this boot. */
void
ham_halt_adopted(ham_core *core)
{
	if (!core->adopted)
		core->reopens = core->booted || core->opens;
	core->adopted = true;
	ham_halt_applied(core);
}

/* That is over with HALTED, however it ended. */
void
ham_halt_applied(ham_core *core)
{
	if (!is_halted(core, core->config.self))
		core->reopens = false;
}

static void
reopen(ham_core *core)
{
	struct ham_op op = {.kind = HAM_OP_NODE,
			    .node = core->config.self,
			    .flag = true,
			    .txn = ham_op_node_txn(0, HAM_NODE_HALTED)};

	if (!core->reopens ||
	    (core->reopen_us && core->now_us - core->reopen_us < PROPOSE_US))
		return;
	core->reopen_us = core->now_us;
	op.epoch = ham_record_node(&core->record, op.node)->since;
	ham_propose(core, &op, 0);
}

static void
stop(ham_core *core, const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_WANT_STOP, .epoch = guest->epoch};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	g_strlcpy(op.reason, "the cluster is stopped", sizeof(op.reason));
	ham_propose_for(core, ham_local_get(core, guest->name), &op);
}

void
ham_halt_tick(ham_core *core)
{
	reopen(core);
	if (ham_leader(core) != core->config.self)
		return;
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *guest = &core->record.guests[i];

		if (guest->phase == HAM_GUEST_STARTED && guest->wanted &&
		    !guest->owner_dead && is_halted(core, guest->owner))
			stop(core, guest);
	}
}

bool
ham_halt_order(ham_core *core, const struct ham_event *event, struct ham_op *op)
{
	int i = ham_node_index(core, event->node);
	bool halt = event->command == HAM_CMD_HALT;

	if (i < 0) {
		ham_fx_reply(core, event->token, "NotFound",
			     "the cluster file names no such node");
		return false;
	}
	/* said twice it is true already */
	if (is_halted(core, event->node) == halt) {
		ham_fx_reply(core, event->token, NULL, "%s", "");
		return false;
	}
	*op = (struct ham_op){
		.kind = HAM_OP_NODE, .node = event->node, .flag = true};
	op->txn = halt ? ham_op_node_txn(HAM_NODE_HALTED, 0)
		       : ham_op_node_txn(0, HAM_NODE_HALTED);
	return true;
}
