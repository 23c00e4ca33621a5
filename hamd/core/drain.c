/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/drain.c - guests leave a node before it does: drained, or not well
 *
 *	NODE committed: closed -> the leader orders a MIGRATE of each guest that
 *	runs there, highest priority first, a few at a time -> none is left
 *	NODE committed: open -> nothing more is ordered; what is under way ends
 *	by itself, and who has a `home` there goes back
 *
 * Only live: a guest that can't go so stays, is told of, and is tried again.
 * No guest is stopped here, and none that is stopped is moved.  The leader
 * remembers nothing that must not be lost: another one tries again at once.
 */
#include <stdlib.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	AT_ONCE = 1, /* migrations ordered from one node */
	PROPOSE_US = 2000000,
	BACKOFF_US = 10000000,
	BACKOFF_MAX_US = 300000000,
};

/* ---- where to ---- */

static bool
usable(const ham_core *core, unsigned int i)
{
	return (core->joined & ham_bit(i)) && !core->config.nodes[i].witness &&
	       core->exchange[i].config_digest == core->config.config_digest;
}

static bool
is_usable(const ham_core *core, uint32_t node)
{
	int i = ham_node_index(core, node);

	return i >= 0 && usable(core, (unsigned int)i);
}

/* Guests that are on each node, or on their way there. */
static void
count_guests(const ham_core *core, unsigned int counts[HAM_MAX_NODES])
{
	memset(counts, 0, HAM_MAX_NODES * sizeof(counts[0]));
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		uint32_t to = g->dst	   ? g->dst
			      : g->move_to ? g->move_to
					   : g->owner;
		int k = ham_node_index(core, to);

		if (g->phase != HAM_GUEST_STOPPED && k >= 0)
			counts[k]++;
	}
}

/* Where it failed last, others first; then where a copy is current, so that
 * less is sent; then where fewest guests are. */
static uint32_t
pick(const ham_core *core, const struct ham_guest *guest,
     const unsigned int counts[HAM_MAX_NODES])
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);
	uint32_t shunned = local && local->leave.from == guest->owner &&
					   local->leave.txn == 0
				   ? local->leave.to
				   : 0;
	unsigned int best_cost = 0;
	char why[HAM_TEXT_MAX];
	uint32_t best = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		uint32_t id = core->config.nodes[i].id;
		unsigned int cost = counts[i];

		if (!usable(core, i) || id == guest->owner ||
		    ham_node_is_closed(core, id) ||
		    ham_place_refuses(core, guest->name, guest, id, why,
				      sizeof(why)))
			continue;
		cost += ham_guest_may_own(guest, id) ? 0 : HAM_MAX_GUESTS + 1;
		cost += id == shunned ? 2 * (HAM_MAX_GUESTS + 1) : 0;
		if (best == 0 || cost < best_cost) {
			best = id;
			best_cost = cost;
		}
	}
	return best;
}

uint32_t
ham_pick_destination(const ham_core *core, const struct ham_guest *guest)
{
	unsigned int counts[HAM_MAX_NODES];

	count_guests(core, counts);
	return pick(core, guest, counts);
}

uint32_t
ham_pick_start(const ham_core *core, const struct ham_guest *guest,
	       const struct ham_op *op)
{
	unsigned int counts[HAM_MAX_NODES];
	unsigned int fewest = 0;
	uint32_t best = 0;

	count_guests(core, counts);
	if (ham_guest_never_ran(guest))
		return 0; /* only its operator knows where its images are */
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		uint32_t id = core->config.nodes[i].id;

		if (!usable(core, i) || ham_node_is_closed(core, id) ||
		    !ham_guest_may_start(guest, id, (uint8_t)op->txn,
					 op->flag) ||
		    (best && counts[i] >= fewest))
			continue;
		best = id;
		fewest = counts[i];
	}
	return best;
}

/* ---- who, and when ---- */

static unsigned int
priority(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);

	return config ? config->priority : 0;
}

/* Its node is to be empty of it, as far as it runs or will. */
static bool
is_to_leave(const ham_core *core, const struct ham_guest *guest)
{
	return guest->phase == HAM_GUEST_STARTED && guest->wanted &&
	       !guest->owner_dead && !guest->move_to &&
	       ham_node_is_to_empty(core, guest->owner) &&
	       ham_is_joined(core, guest->owner);
}

static bool
is_to_return(const ham_core *core, const struct ham_guest *guest)
{
	return guest->phase == HAM_GUEST_STARTED && guest->wanted &&
	       !guest->owner_dead && !guest->move_to && guest->home &&
	       guest->home != guest->owner &&
	       !ham_node_is_closed(core, guest->home) &&
	       is_usable(core, guest->home) &&
	       ham_is_joined(core, guest->owner);
}

static bool
is_under_way(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);

	return guest->dst || guest->move_to ||
	       (local && local->leave.from == guest->owner &&
		local->leave.txn == guest->txn + 1 &&
		core->now_us - local->leave.asked_us < PROPOSE_US);
}

static void
put_off(ham_core *core, struct ham_local *local, const char *why)
{
	struct ham_leave *leave = &local->leave;

	leave->txn = 0;
	leave->backoff_us =
		CLAMP(2 * leave->backoff_us, BACKOFF_US, BACKOFF_MAX_US);
	leave->next_us = core->now_us + leave->backoff_us;
	ham_fx_tell(core, HAM_NOTE_DRAIN_WAITS, local, "%s", why);
}

/* What became of the last order; a guest that need not go is forgotten. */
static void
look_back(ham_core *core, const struct ham_guest *guest)
{
	struct ham_local *local = ham_local_get(core, guest->name);
	struct ham_leave *leave = &local->leave;

	if (leave->from && leave->from != guest->owner)
		memset(leave, 0, sizeof(*leave));
	if (leave->from && leave->txn == guest->txn && leave->txn &&
	    guest->phase == HAM_GUEST_STARTED)
		put_off(core, local,
			guest->reason[0] ? guest->reason : "it was called off");
}

static void
order(ham_core *core, const struct ham_guest *guest)
{
	struct ham_local *local = ham_local_get(core, guest->name);
	struct ham_leave *leave = &local->leave;
	struct ham_op op = {.kind = HAM_OP_MIGRATE,
			    .flag = true,
			    .epoch = guest->epoch,
			    .txn = guest->txn};
	const char *refusal = "no other node can take it: each is away, "
			      "closed, or has another cluster file";

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.node = is_to_leave(core, guest) ? ham_pick_destination(core, guest)
					   : guest->home;
	leave->from = guest->owner;
	if (op.node)
		refusal = ham_record_check(&core->record, &op);
	if (refusal) {
		put_off(core, local, refusal);
		return;
	}
	leave->to = op.node;
	leave->txn = guest->txn + 1;
	leave->asked_us = core->now_us;
	ham_propose_for(core, local, &op);
}

static bool
is_due(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);

	return (is_to_leave(core, guest) || is_to_return(core, guest)) &&
	       !is_under_way(core, guest) &&
	       !(local && local->leave.from == guest->owner &&
		 core->now_us < local->leave.next_us);
}

static void
mind_node(ham_core *core, uint32_t node)
{
	const struct ham_guest *next = NULL;
	unsigned int under_way = 0;

	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];

		if (g->owner != node)
			continue;
		under_way += is_under_way(core, g);
		if (is_due(core, g) &&
		    (!next || priority(core, g) > priority(core, next)))
			next = g;
	}
	if (next && under_way < AT_ONCE)
		order(core, next);
}

void
ham_drain_tick(ham_core *core)
{
	if (ham_leader(core) != core->config.self)
		return;
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		look_back(core, &core->record.guests[i]);
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		mind_node(core, core->config.nodes[i].id);
}

/* ---- the plan, for people ---- */

static void
plan_guest(const ham_core *core, const struct ham_guest *guest,
	   unsigned int counts[HAM_MAX_NODES], struct ham_core_leave *out)
{
	struct ham_core_guest_info info;
	int k;

	ham_core_guest_info(core, guest, &info);
	g_strlcpy(out->guest, guest->name, sizeof(out->guest));
	out->priority = priority(core, guest);
	out->runs = guest->phase != HAM_GUEST_STOPPED;
	if (guest->phase == HAM_GUEST_STOPPED || !guest->wanted) {
		g_strlcpy(out->why, "it is stopped, or being so",
			  sizeof(out->why));
		return;
	}
	if (guest->dst || guest->move_to) {
		out->to = guest->dst ? guest->dst : guest->move_to;
		out->begun = true;
		return;
	}
	out->to = pick(core, guest, counts);
	if (guest->owner_dead || !ham_is_joined(core, guest->owner))
		g_strlcpy(out->why, "its node is not in the cluster",
			  sizeof(out->why));
	else if (guest->grow_size)
		g_strlcpy(out->why, "a disk of it is being resized",
			  sizeof(out->why));
	else if (out->to == 0)
		g_strlcpy(out->why, "no other node can take it",
			  sizeof(out->why));
	else
		g_strlcpy(out->why, info.stays, sizeof(out->why));
	if (out->why[0] && !info.stays[0])
		out->to = 0;
	k = ham_node_index(core, out->to);
	if (k >= 0)
		counts[k]++;
}

static int
by_priority(const void *a, const void *b)
{
	const struct ham_core_leave *x = a;
	const struct ham_core_leave *y = b;

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return strcmp(x->guest, y->guest);
}

struct ham_core_leave *
ham_core_drain_plan(const ham_core *core, uint32_t node, unsigned int *n)
{
	struct ham_core_leave *list = NULL;
	unsigned int counts[HAM_MAX_NODES];

	*n = 0;
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		*n += core->record.guests[i].owner == node;
	list = g_new0(struct ham_core_leave, MAX(*n, 1u));
	for (unsigned int i = 0, k = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *guest = &core->record.guests[i];

		if (guest->owner != node)
			continue;
		g_strlcpy(list[k].guest, guest->name, HAM_NAME_SIZE);
		list[k++].priority = priority(core, guest);
	}
	qsort(list, *n, sizeof(list[0]), by_priority);
	count_guests(core, counts);
	for (unsigned int i = 0; i < *n; i++)
		plan_guest(core,
			   ham_record_lookup(&core->record, list[i].guest),
			   counts, &list[i]);
	return list;
}
