/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/world_death.c - what a core promises of deaths and leases
 *
 * FENCE goes out once, by the leader, for a node with a device that is not in
 * the ring; DEAD is asked for on a proof of this very ring only: fenced, or as
 * long without it as T_wait says, by all that share the view.  The lease only
 * grows, never beyond its length; no vCPU is set going without one.  FREEZE
 * alternates, and nobody is frozen who was not told that quorum is gone, has
 * not stood still, and has a lease.
 *
 * DEAD is judged only where nobody spoke in another's name: whom a node hears
 * it believes.
 */
#include <string.h>

#include "tests/fuzz/world.h"

void
world_death_begin(const struct world *world, struct world_core *node)
{
	memset(node->seen, 0, sizeof(node->seen));
	node->odd_ring = false;
	node->frozen = world->flags & WORLD_LEASES;
	node->freeze_said = false;
	node->stepped_us = 0;
	node->last_attempt = 0;
	node->lost = node->quorate = false;
	node->quorum = (struct ham_ring){0, 0};
}

static void
told_totem(const struct world *world, struct world_core *node,
	   const struct ham_event *event)
{
	bool same = ham_ring_equal(event->ring, node->told);

	if (!same)
		node->odd_ring = false;
	for (uint32_t k = 0; k < WORLD_NODES; k++) {
		struct world_seen *seen = &node->seen[k];
		bool here = false;

		for (size_t n = 0; n < event->n_ids; n++)
			here |= event->ids[n] == k + 1;
		if (same && here != seen->here)
			node->odd_ring = true;
		if (!here && (seen->here || seen->left_us == 0))
			seen->left_us = world->now_us;
		seen->here = here;
		if (same)
			continue;
		seen->off = false;
		seen->attempt = 0;
	}
}

void
world_death_told(const struct world *world, struct world_core *node,
		 const struct ham_event *event)
{
	struct world_seen *seen;

	node->woke = node->stepped_us &&
		     world->now_us - node->stepped_us > WORLD_STANDSTILL_US;
	node->stepped_us = world->now_us;
	if (event->kind == HAM_EV_TOTEM)
		told_totem(world, node, event);
	if (event->kind == HAM_EV_TOTEM || event->kind == HAM_EV_GROUP)
		node->lost = false;
	if (event->kind == HAM_EV_QUORUM) {
		node->quorum = event->ring;
		node->quorate = event->flag;
	}
	if (event->kind == HAM_EV_LOST) {
		node->lost = true;
		node->quorum = (struct ham_ring){0, 0};
	}
	if (event->kind != HAM_EV_FENCED)
		return;
	g_assert(event->node >= 1 && event->node <= WORLD_NODES);
	seen = &node->seen[event->node - 1];
	if (event->value == 0 || seen->attempt != event->value)
		return;
	seen->attempt = 0;
	seen->off = event->flag;
}

static void
check_fence(const struct world *world, struct world_core *node,
	    const struct ham_effect *fx)
{
	struct world_seen *seen;
	struct ham_core_view view;

	ham_core_get_view(node->core, &view);
	g_assert(world->flags & WORLD_FENCES);
	/* the leader first, the others in turn */
	g_assert(view.active);
	g_assert(fx->node >= 1 && fx->node <= WORLD_NODES);
	seen = &node->seen[fx->node - 1];
	if (fx->value == 0) { /* called off */
		g_assert(seen->attempt != 0);
		seen->attempt = 0;
		return;
	}
	g_assert(!seen->here && !seen->off && seen->attempt == 0);
	g_assert_cmpuint(fx->value, >, node->last_attempt);
	node->last_attempt = seen->attempt = fx->value;
}

void
world_death_check(const struct world *world, struct world_core *node,
		  const struct ham_effect *fx)
{
	if (fx->kind == HAM_FX_FENCE) {
		check_fence(world, node, fx);
		return;
	}
	g_assert(world->flags & WORLD_LEASES);
	if (fx->kind == HAM_FX_LEASE) {
		g_assert_cmpint((int64_t)fx->value, >, node->lease_until_us);
		g_assert_cmpint((int64_t)fx->value, <=,
				world->now_us + WORLD_LEASE_US);
		node->lease_until_us = (int64_t)fx->value;
	} else {
		g_assert(!node->freeze_said || fx->flag != node->frozen);
		/* not on the way to corosync, nor between two rings */
		g_assert(!fx->flag || node->lost || node->woke ||
			 world->now_us >= node->lease_until_us ||
			 (!node->quorate && node->told.rep != 0 &&
			  ham_ring_equal(node->quorum, node->told)));
		node->freeze_said = true;
		node->frozen = fx->flag;
	}
}

/* All that share this core's view have been without it for T_wait. */
static bool
has_waited(const struct world *world, const struct world_core *node, uint32_t k)
{
	struct ham_core_view view;

	ham_core_get_view(node->core, &view);
	for (unsigned int i = 0; i < world->n; i++) {
		const struct world_core *other = &world->node[i];

		if ((view.joined & (1u << i)) &&
		    ham_ring_equal(other->told, node->told) &&
		    (other->seen[k].here ||
		     world->now_us - other->seen[k].left_us < WORLD_WAIT_US))
			return false;
	}
	return true;
}

void
world_death_check_op(const struct world *world, const struct world_core *node,
		     const struct ham_msg *msg)
{
	const struct world_seen *seen;
	bool waited;

	/* another's, whom the leader believes, or said in this core's name */
	if (msg->op.kind != HAM_OP_DEAD || msg->proposer != node->self ||
	    !world->honest)
		return;
	g_assert(msg->op.node >= 1 && msg->op.node <= WORLD_NODES);
	seen = &node->seen[msg->op.node - 1];
	g_assert(!seen->here || node->odd_ring);
	if (msg->proposal != 0)
		return; /* an operator's word */
	waited = world->flags & WORLD_LEASES &&
		 (node->odd_ring || has_waited(world, node, msg->op.node - 1));
	g_assert(world->flags & WORLD_BOTH ? seen->off && waited
					   : seen->off || waited);
}

void
world_death_check_run(const struct world *world, const struct world_core *node,
		      enum ham_do act)
{
	if (!(world->flags & WORLD_LEASES))
		return;
	g_assert_cmpint(world->now_us, <, node->lease_until_us);
	/* RUN after a YIELD may come first: FREEZE then holds it */
	g_assert(act == HAM_DO_RUN || !node->frozen);
}
