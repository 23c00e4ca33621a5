/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/doubt.c - who goes on when a hand-over was cut in two
 *
 * After CUTOVER the record says: source or destination.  Each of them that is
 * in the view says what it holds (STANDING); the leader turns that into an
 * OUTCOME by the table of doc/faults.md, "In doubt", and acts only when it is
 * committed.  Where a death must be proven first the guest stays down until
 * DEAD is committed (death.c), and status names the node.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

static enum ham_standing
my_standing_as_source(const struct ham_local *local)
{
	switch (local->stage) {
	case HAM_L_S_HALTED:
		return HAM_STANDING_HOLDS;
	case HAM_L_NONE:
	case HAM_L_S_EMPTY:
	case HAM_L_S_YIELDED:
		return HAM_STANDING_LACKS;
	default:
		return HAM_STANDING_UNKNOWN; /* told when it has settled */
	}
}

static enum ham_standing
my_standing_as_dest(const struct ham_local *local,
		    const struct ham_guest *guest)
{
	switch (local->stage) {
	case HAM_L_D_HELD:
	case HAM_L_D_RUN:
	case HAM_L_RUNNING:
		return HAM_STANDING_HOLDS;
	case HAM_L_NONE:
		if (local->ran)
			return HAM_STANDING_HOLDS;
		if (guest->common)
			return HAM_STANDING_DISK;
		/* before that the guest may still have been writing, to a
		 * mirror that nothing held it to */
		return local->drained && local->txn == guest->txn
			       ? HAM_STANDING_DISK
			       : HAM_STANDING_LACKS;
	case HAM_L_REPLICA: /* no write was acknowledged without it */
		return HAM_STANDING_DISK;
	default:
		return HAM_STANDING_UNKNOWN;
	}
}

bool
ham_doubt_undisturbed(const ham_core *core, const struct ham_local *local,
		      const struct ham_guest *guest)
{
	return ham_ring_equal(local->cutover_ring, core->totem) &&
	       ham_is_joined(core, guest->owner) &&
	       ham_is_joined(core, guest->dst);
}

/* A source whose hand-over was disturbed asks for its image back; a
 * destination that does not hold the whole image gives up. */
static void
settle(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	if (guest->owner == core->config.self) {
		switch (local->stage) {
		case HAM_L_RUNNING:
		case HAM_L_S_PREPARE:
		case HAM_L_S_COPY:
		case HAM_L_S_UNDO:
		case HAM_L_S_GATE:
		case HAM_L_S_CAPTURE:
		case HAM_L_S_CAPTURED:
			ham_source_halt(core, local,
					"the hand-over was disturbed");
			break;
		case HAM_L_S_SILENCE:
			local->yield_us = -1;
			ham_stage(core, local, HAM_L_S_YIELDED);
			break;
		default:
			break;
		}
	} else if (local->stage == HAM_L_D_PREPARE ||
		   local->stage == HAM_L_D_READY ||
		   local->stage == HAM_L_D_TAKEOVER) {
		ham_dest_discard(core, local);
	}
}

void
ham_doubt_tell(ham_core *core, struct ham_local *local,
	       const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_STANDING};
	bool source = guest->owner == core->config.self;

	if ((!source && guest->dst != core->config.self) ||
	    core->phase != HAM_VIEW_JOINED)
		return;
	if (!ham_doubt_undisturbed(core, local, guest))
		settle(core, local, guest);
	else if (!(source && (local->stage == HAM_L_S_HALTED ||
			      local->stage == HAM_L_S_EMPTY ||
			      local->stage == HAM_L_NONE)))
		return;
	msg.standing = (uint8_t)(source ? my_standing_as_source(local)
					: my_standing_as_dest(local, guest));
	if (msg.standing == HAM_STANDING_UNKNOWN)
		return;
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	msg.epoch = guest->epoch;
	msg.txn = guest->txn;
	g_strlcpy(msg.text, local->reason, sizeof(msg.text));
	ham_fx_send(core, &msg, false);
}

/* The table of doc/faults.md, "In doubt", row by row (tests/sim/coverage.sh
 * looks for these words).  0: not decidable without a return or a proof of
 * death. */
static uint32_t
winner(enum ham_standing source, enum ham_standing dest,
       const struct ham_guest *guest, bool source_here, bool dest_here)
{
	if (dest_here && dest == HAM_STANDING_HOLDS)
		return guest->dst; /* row 1: its memory goes on */
	if (source_here && source == HAM_STANDING_HOLDS)
		return guest->owner; /* row 2: its memory goes on */
	if (source_here && dest_here)
		return guest->owner; /* row 6: no usable image, cold */
	if (source_here && guest->dst_dead)
		return guest->owner; /* row 3: D dead, cold */
	if (dest_here && guest->owner_dead && dest == HAM_STANDING_DISK)
		return guest->dst; /* row 4: S dead, D's disk whole, cold */
	return 0;		   /* row 5 and row 7: wait */
}

void
ham_doubt_resolve(ham_core *core, const struct ham_guest *guest)
{
	struct ham_local *local = ham_local_get(core, guest->name);
	bool source_here = ham_is_joined(core, guest->owner);
	bool dest_here = ham_is_joined(core, guest->dst);
	struct ham_op op = {.kind = HAM_OP_OUTCOME};

	if (ham_leader(core) != core->config.self)
		return;
	if (local->standing_src == HAM_STANDING_UNKNOWN &&
	    local->standing_dst == HAM_STANDING_UNKNOWN)
		return;
	if ((source_here && local->standing_src == HAM_STANDING_UNKNOWN) ||
	    (dest_here && local->standing_dst == HAM_STANDING_UNKNOWN))
		return; /* one is still to speak */
	op.node = winner(local->standing_src, local->standing_dst, guest,
			 source_here, dest_here);
	if (op.node == 0)
		return;
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.epoch = guest->epoch;
	op.txn = guest->txn;
	if (op.node == guest->owner)
		g_strlcpy(op.reason,
			  local->reason[0] ? local->reason
					   : "the hand-over was disturbed",
			  sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

/* The source's death would not help: the destination's disk is not whole. */
static bool
lacks_disk(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);

	return local && local->standing_dst == HAM_STANDING_LACKS;
}

uint32_t
ham_doubt_waits_for(const ham_core *core, const struct ham_guest *guest,
		    char *out, size_t size)
{
	bool source_here = ham_is_joined(core, guest->owner);
	bool dest_here = ham_is_joined(core, guest->dst);
	const char *s = ham_core_node_name(core, guest->owner);
	const char *d = ham_core_node_name(core, guest->dst);

	out[0] = '\0';
	if (guest->phase != HAM_GUEST_IN_DOUBT || (source_here && dest_here))
		return 0;
	if (!source_here && !dest_here) {
		g_snprintf(out, size, "in doubt between %s and %s: one of them",
			   s, d);
		return 0;
	}
	if (!source_here && lacks_disk(core, guest)) {
		g_snprintf(out, size,
			   "the return of %s: the copy on %s may lack its last "
			   "writes",
			   s, d);
		return guest->owner;
	}
	if (source_here) {
		g_snprintf(out, size,
			   "the return of %s, which may hold or run it, or "
			   "proof that it is dead",
			   d);
		return guest->dst;
	}
	g_snprintf(out, size,
		   "the return of %s, which may hold it, or proof that it is "
		   "dead",
		   s);
	return guest->owner;
}
