/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/death.c - a node is gone: prove it dead, then go on elsewhere
 *
 *	node left the ring, and its death would let a guest go on
 *	   -> proof: a fence device switched it off (asked by the leader), or
 *	      T_wait is over, or an operator's word
 *	   -> DEAD committed: no process of its guests is left at their epochs
 *	   -> PROMOTE (or OUTCOME, doubt.c) committed -> LAUNCH
 *
 * A proof holds for the ring in which it was found: in another one the node
 * may have been back with others and started guests.  T_wait counts from the
 * last moment at which any member of this view shared a ring with the node
 * (EXCHANGE says so): nobody has heard its heartbeats since, and two majorities
 * have a member in common.
 *
 * Nothing here starts a guest before the death of its node is committed (I5).
 * Which devices there are, and that "off" was seen twice, is fence/'s.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	/* of one member at fencing; the next has its turn, should it be that
	 * member's way to the devices that is broken */
	TURN_US = 20000000,
	/* for a node that boots: after a power failure of all of them some are
	 * quicker than others */
	STRANGER_US = 60000000,
	BACKOFF_US = 5000000,
	BACKOFF_MAX_US = 60000000,
	PROPOSE_US = 2000000,
};

static bool
is_gone(const ham_core *core, unsigned int i)
{
	return core->connected && !(core->totem_mask & (1u << i));
}

/* In doubt: is the other side's death what the outcome waits for? */
static bool
doubt_needs(ham_core *core, const struct ham_guest *guest, uint32_t node)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);

	if (!local)
		return false;
	if (node == guest->dst)
		return ham_is_joined(core, guest->owner) &&
		       local->standing_src == HAM_STANDING_LACKS;
	return ham_is_joined(core, guest->dst) &&
	       local->standing_dst == HAM_STANDING_DISK;
}

static bool
hangs_any(const ham_core *core, uint32_t node)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		if (ham_guest_hangs_on(&core->record.guests[i], node))
			return true;
	return false;
}

/* Would its death, proven, let any guest go on? */
static bool
is_needed(ham_core *core, uint32_t node)
{
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *guest = &core->record.guests[i];

		if (!ham_guest_hangs_on(guest, node))
			continue;
		if (guest->phase == HAM_GUEST_IN_DOUBT &&
		    doubt_needs(core, guest, node))
			return true;
	}
	return ham_place_saves_any(core, node);
}

/* ---- proofs ---- */

/* Since when nobody here has shared a ring with it.  Who was in this view
 * before us has not told us; it is in this ring, at least since we are. */
static int64_t
away_since(const ham_core *core, unsigned int i)
{
	int64_t since = 0;

	for (unsigned int k = 0; k < core->config.n_nodes; k++)
		if (core->joined & (1u << k))
			since = MAX(since,
				    core->exchange[k].valid
					    ? core->exchange[k].away_us[i]
					    : core->joined_us);
	return since;
}

/* What the members of this view have heard of node i, taken together. */
struct testimony {
	unsigned int hearers;
	int64_t lease_us;   /* the longest that was heard */
	bool unarmed;	    /* one has heard so */
	int64_t longest_us; /* watchdog of any node */
};

/* False: one of them has not spoken yet. */
static bool
hear(const ham_core *core, unsigned int i, struct testimony *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned int k = 0; k < core->config.n_nodes; k++) {
		const struct ham_peer *peer = &core->peers[k];
		const struct ham_heard *heard = &peer->told[i];

		if (!(core->joined & (1u << k)))
			continue;
		if (!peer->has_told)
			return false;
		for (unsigned int n = 0; n < core->config.n_nodes; n++)
			out->longest_us =
				MAX(out->longest_us, peer->told[n].watchdog_us);
		if (heard->lease_us == 0)
			continue;
		out->lease_us = MAX(out->lease_us, heard->lease_us);
		out->unarmed = out->unarmed || heard->watchdog_us == 0;
		out->hearers++;
	}
	return true;
}

/* Lease over, and whatever hung was reset by its watchdog.  One of us may have
 * been away when the node came back with a longer lease, or without its
 * watchdog; but what renewed its last lease is on the disks of a majority,
 * its own included, and of so many hearers one is among them. */
static bool
has_waited(const ham_core *core, unsigned int i)
{
	struct testimony t;

	if (core->config.lease_us == 0 || ham_disarm_is_leaseless(core, i) ||
	    !hear(core, i, &t) ||
	    t.hearers < core->config.n_nodes - ham_majority(core) + 1)
		return false;
	return !t.unarmed && core->now_us - away_since(core, i) >=
				     t.lease_us + 2 * t.longest_us;
}

static bool
is_proven(const ham_core *core, unsigned int i)
{
	bool waited = has_waited(core, i);

	return core->config.fence_and_wait ? core->peers[i].off && waited
					   : core->peers[i].off || waited;
}

static void
propose_dead(ham_core *core, unsigned int i)
{
	struct ham_peer *peer = &core->peers[i];
	struct ham_op op = {.kind = HAM_OP_DEAD,
			    .node = core->config.nodes[i].id};

	if (core->now_us - peer->proposed_us < PROPOSE_US)
		return;
	peer->proposed_us = core->now_us;
	g_strlcpy(op.reason,
		  peer->off ? peer->text
			    : "its lease and its watchdog's time are over",
		  sizeof(op.reason));
	ham_propose(core, &op, 0);
}

void
ham_death_fence(ham_core *core, unsigned int i)
{
	struct ham_peer *peer = &core->peers[i];
	struct ham_effect *effect;

	if (!core->config.nodes[i].fenced || peer->off || peer->attempt ||
	    core->now_us < peer->fence_at_us)
		return;
	peer->attempt = ++core->next_attempt;
	/* whatever the rings do: an agent may still be at it */
	peer->fence_at_us = core->now_us + BACKOFF_US;
	effect = ham_fx(core, HAM_FX_FENCE);
	effect->node = core->config.nodes[i].id;
	effect->value = peer->attempt;
	ham_fx_tell(core, HAM_NOTE_FENCING, NULL, "%s is gone, fencing it",
		    core->config.nodes[i].name);
}

void
ham_death_call_off(ham_core *core, unsigned int i)
{
	struct ham_effect *effect;

	if (core->peers[i].attempt == 0)
		return;
	core->peers[i].attempt = 0;
	effect = ham_fx(core, HAM_FX_FENCE);
	effect->node = core->config.nodes[i].id;
	effect->value = 0;
}

/* Who was not seen since hamd was started may still be on its way. */
static bool
may_come(const ham_core *core, const struct ham_peer *peer)
{
	return !peer->met && core->now_us - core->ring_us < STRANGER_US;
}

/* What is a node's outlet is said by the cluster file: an old one would cut
 * another's power, or find an empty outlet off. */
static bool
one_file(const ham_core *core)
{
	for (unsigned int k = 0; k < core->config.n_nodes; k++)
		if ((core->joined & (1u << k)) &&
		    core->exchange[k].config_digest !=
			    core->config.config_digest)
			return false;
	return true;
}

/* The leader first, then each of the others in turn: asked twice, a device does
 * it once. */
static bool
is_our_turn(const ham_core *core, const struct ham_peer *peer)
{
	unsigned int turn =
		(unsigned int)((core->now_us - peer->due_us) / TURN_US);
	uint16_t before = core->joined & (uint16_t)(ham_bit(core->self) - 1);

	return turn % ham_popcount(core->joined) == ham_popcount(before);
}

/* Somebody is to fence it, now. */
static bool
is_due(ham_core *core, unsigned int i)
{
	return !may_come(core, &core->peers[i]) && one_file(core) &&
	       !ham_disarm_is_expected(core, i) &&
	       core->now_us - away_since(core, i) >=
		       core->config.fence_delay_us &&
	       is_needed(core, core->config.nodes[i].id);
}

static void
mind_node(ham_core *core, unsigned int i)
{
	struct ham_peer *peer = &core->peers[i];
	uint32_t node = core->config.nodes[i].id;

	if (!is_gone(core, i) || !hangs_any(core, node)) {
		peer->due_us = 0;
		ham_death_call_off(core, i);
		return;
	}
	if (is_proven(core, i)) {
		propose_dead(core, i);
		return;
	}
	if (!is_due(core, i)) {
		peer->due_us = 0;
		return;
	}
	if (peer->due_us == 0)
		peer->due_us = core->now_us;
	if (is_our_turn(core, peer))
		ham_death_fence(core, i);
}

void
ham_death_tick(ham_core *core)
{
	if (!ham_is_active(core)) {
		ham_two_tick(core);
		return;
	}
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		mind_node(core, i);
}

void
ham_death_fenced(ham_core *core, const struct ham_event *event)
{
	int i = ham_node_index(core, event->node);
	struct ham_peer *peer;

	if (i < 0 || event->value == 0 ||
	    core->peers[i].attempt != event->value)
		return; /* of another ring, or it came back */
	peer = &core->peers[i];
	peer->attempt = 0;
	if (peer->off)
		return; /* proven otherwise meanwhile */
	peer->off = event->flag;
	g_strlcpy(peer->text, event->text ? event->text : "",
		  sizeof(peer->text));
	if (!event->flag) {
		peer->backoff_us =
			CLAMP(2 * peer->backoff_us, BACKOFF_US, BACKOFF_MAX_US);
		peer->fence_at_us = core->now_us + peer->backoff_us;
		ham_fx_tell(core, HAM_NOTE_ALARM, NULL,
			    "%s could not be fenced: %s",
			    core->config.nodes[i].name, peer->text);
	}
	ham_view_recheck(core); /* one of two is its own majority now */
	ham_death_tick(core);
}

/* A new ring: whatever was proven, or under way, is so no more. */
void
ham_death_totem(ham_core *core, uint16_t before)
{
	if (core->ring_us == 0)
		core->ring_us = core->now_us;
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		struct ham_peer *peer = &core->peers[i];
		bool here = core->totem_mask & (1u << i);

		peer->attempt = 0;
		peer->off = false;
		peer->proposed_us = peer->due_us = 0;
		peer->met = peer->met || here;
		if (here) {
			peer->left_us = 0;
			peer->backoff_us = 0;
		} else if (peer->left_us == 0 || (before & (1u << i))) {
			peer->left_us = core->now_us;
		}
	}
}

/* ---- what follows ---- */

/* It waits, and whoever can help is told once. */
static void
tell_placeless(ham_core *core, struct ham_local *local,
	       const struct ham_guest *guest, const struct ham_plan_item *item)
{
	char why[HAM_TEXT_MAX];

	if (local->placeless_epoch == guest->epoch)
		return;
	local->placeless_epoch = guest->epoch;
	ham_place_text(core, item, why, sizeof(why));
	ham_fx_tell(core, HAM_NOTE_ALARM, local,
		    "it can't be started elsewhere: %s", why);
}

/* A node of the cluster, here or not, on which it was not tried yet. */
static bool
has_hope(const ham_core *core, const struct ham_guest *guest)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		uint32_t id = core->config.nodes[i].id;

		if (!core->config.nodes[i].witness &&
		    ham_guest_may_own(guest, id) && !ham_guest_tried(guest, id))
			return true;
	}
	return false;
}

void
ham_death_promote(ham_core *core, struct ham_local *local,
		  const struct ham_guest *guest)
{
	struct ham_op op = {.kind = HAM_OP_PROMOTE, .epoch = guest->epoch};
	const struct ham_plan_item *item;

	if (ham_leader(core) != core->config.self)
		return;
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	item = guest->wanted ? ham_place_of(core, guest) : NULL;
	if (!guest->wanted) {
		op.kind = HAM_OP_STOPPED;
		g_strlcpy(op.reason,
			  guest->failover
				  ? guest->reason
				  : "its node died before it had stopped",
			  sizeof(op.reason));
	} else if (item && item->node) {
		op.node = item->node;
	} else if (guest->failover && !has_hope(core, guest)) {
		op.kind = HAM_OP_STOPPED;
		g_strlcpy(op.reason, guest->reason, sizeof(op.reason));
	} else {
		if (item)
			tell_placeless(core, local, guest, item);
		return;
	}
	ham_propose_for(core, local, &op);
}

void
ham_death_applied(ham_core *core, const struct ham_op *op)
{
	ham_fx_note(core, HAM_NOTE_NODE_DEAD, NULL, "%s is dead: %s",
		    ham_core_node_name(core, op->node), op->reason);
	core->fx->list[core->fx->n - 1].value = op->node;
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *guest = &core->record.guests[i];
		struct ham_local *local = ham_local_get(core, guest->name);

		if (guest->owner != op->node && guest->dst != op->node)
			continue;
		local->changed_at = core->record.pos;
		local->changed_us = core->now_us;
		local->proposed_kind = HAM_OP_NONE;
		ham_reconcile(core, local, false);
	}
}

static bool
is_short(const ham_core *core, const struct ham_plan_item *item)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (item->bar[i] == HAM_PLAN_APART ||
		    item->bar[i] == HAM_PLAN_TRIED ||
		    item->bar[i] == HAM_PLAN_NO_MEMORY)
			return true;
	return false;
}

void
ham_death_waits_for(const ham_core *core, const struct ham_guest *guest,
		    char *out, size_t size)
{
	const struct ham_plan_item *item = ham_place_of(core, guest);
	char why[HAM_TEXT_MAX];

	if (item && !item->node && is_short(core, item)) {
		ham_place_text(core, item, why, sizeof(why));
		g_snprintf(out, size, "a node that can run it (%s)", why);
		return;
	}
	g_snprintf(out, size,
		   guest->common ? "a node that can run it"
				 : "a node with a current copy of its disks:");
	for (int i = 0; !guest->common && i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node &&
		    guest->replica[i].state == HAM_REPLICA_CURRENT) {
			g_strlcat(out, " ", size);
			g_strlcat(out,
				  ham_core_node_name(core,
						     guest->replica[i].node),
				  size);
		}
}
