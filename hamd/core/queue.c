/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/queue.c - how many migrations at once, and who waits for its turn
 *
 *	RECORD MIGRATE -> there is room, all see that alike: it has begun
 *	RECORD MIGRATE -> there is none: S and D do nothing yet
 *	-> its turn, as its source S sees it: BEGIN -> it has begun
 *	It has begun: D prepares, S waits for PREPARED
 *
 * Whose turn it is: of the highest priority first, then as they were ordered,
 * each as soon as fewer than parallel_migrations have begun on both its nodes,
 * and fewer than cluster_migrations in all.  The first that has to wait keeps
 * its place on both meanwhile, so that it is not overtaken for ever.
 *
 * Each source decides for its own guests, by the record, the BEGINs that it has
 * heard and the policies in force; to who may not know that one has begun S
 * says BEGIN again.  Who came later may know less, so two may begin at once
 * where one should: that is one too many, and no harm.  That two give way to
 * each other would be: a source does so for some seconds only.
 *
 * Nothing ends here.  What ends a migration in S_PREPARE ends one that waits,
 * and nothing is to be undone.  A move by a stop makes a copy as any other: it
 * neither waits nor counts.  A hand-over in doubt counts while both are here.
 */
#include <stdlib.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	GIVE_WAY_US = 3000000,
	SAY_AGAIN_US = 1000000,
};

struct tally {
	unsigned int all;
	unsigned int node[HAM_MAX_NODES];
};

struct waiter {
	const struct ham_guest *guest;
	struct ham_pos ordered_at;
	unsigned int priority;
	bool goes; /* it is its turn */
	bool may;  /* or would be, if those of others did not come first */
};

struct queue {
	struct tally begun;
	unsigned int n;
	struct waiter list[];
};

static bool
has_begun(const struct ham_local *local, const struct ham_guest *guest)
{
	return local && local->begun_txn == guest->txn;
}

/* BEGIN was sent, and is still to come. */
static bool
is_said(const ham_core *core, const struct ham_local *local,
	const struct ham_guest *guest)
{
	return local && local->said_txn == guest->txn &&
	       ham_ring_equal(local->said_ring, core->totem);
}

static void
add(const ham_core *core, struct tally *tally, const struct ham_guest *guest)
{
	int s = ham_node_index(core, guest->owner);
	int d = ham_node_index(core, guest->dst);

	tally->all++;
	if (s >= 0)
		tally->node[s]++;
	if (d >= 0)
		tally->node[d]++;
}

static bool
is_below(unsigned int n, unsigned int limit)
{
	return limit == 0 || n < limit;
}

/* One more may be under way there. */
static bool
has_room(const ham_core *core, const struct tally *tally, uint32_t node)
{
	int i = ham_node_index(core, node);

	return i < 0 ||
	       is_below(tally->node[i], core->config.parallel_migrations);
}

static bool
fits(const ham_core *core, const struct tally *tally,
     const struct ham_guest *guest)
{
	return is_below(tally->all, core->config.cluster_migrations) &&
	       has_room(core, tally, guest->owner) &&
	       has_room(core, tally, guest->dst);
}

/* Highest priority first, then who was ordered first; who was ordered before
 * this node came, before all others. */
static int
compare(const void *a, const void *b)
{
	const struct waiter *x = a;
	const struct waiter *y = b;
	int by_time = ham_pos_compare(x->ordered_at, y->ordered_at);

	if (x->priority != y->priority)
		return x->priority > y->priority ? -1 : 1;
	return by_time ? by_time : strcmp(x->guest->name, y->guest->name);
}

static void
note_waiter(const ham_core *core, const struct ham_guest *guest,
	    struct waiter *out)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);

	out->guest = guest;
	out->priority = config ? config->policy.priority : 0;
	out->ordered_at = (struct ham_pos){0, 0};
	if (local && local->applied_txn == guest->txn) {
		out->priority = local->policy.priority;
		out->ordered_at = local->ordered_at;
	}
}

static void
judge(const ham_core *core, struct queue *queue)
{
	struct tally all = queue->begun;
	struct tally sure = queue->begun; /* without the turns of others */
	bool held = false;

	for (unsigned int i = 0; i < queue->n; i++) {
		struct waiter *w = &queue->list[i];
		bool keeps;

		w->goes = fits(core, &all, w->guest);
		w->may = fits(core, &sure, w->guest);
		keeps = !w->goes && !held;
		held = held || keeps;
		if (w->goes || keeps)
			add(core, &all, w->guest);
		if (keeps || (w->may && w->guest->owner == core->config.self))
			add(core, &sure, w->guest);
	}
}

/* Of those whose source is here, in their order; the caller's (g_free).
 * said: what this node has said counts as heard. */
static struct queue *
queue_new(const ham_core *core, bool said)
{
	const struct ham_record *record = &core->record;
	struct queue *queue = g_malloc0(
		sizeof(*queue) + record->n_guests * sizeof(queue->list[0]));

	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *g = &record->guests[i];
		const struct ham_local *local = ham_local_lookup(core, g->name);

		if (g->dst == 0 || g->owner_dead ||
		    !ham_is_joined(core, g->owner))
			continue;
		if (g->phase == HAM_GUEST_IN_DOUBT &&
		    ham_is_joined(core, g->dst))
			add(core, &queue->begun, g);
		if (g->phase != HAM_GUEST_MIGRATING)
			continue;
		if (has_begun(local, g) || (said && is_said(core, local, g)))
			add(core, &queue->begun, g);
		else
			note_waiter(core, g, &queue->list[queue->n++]);
	}
	qsort(queue->list, queue->n, sizeof(queue->list[0]), compare);
	judge(core, queue);
	return queue;
}

/* ---- who waits, and for what ---- */

static bool
shares_node(const struct ham_guest *a, const struct ham_guest *b)
{
	return a->owner == b->owner || a->owner == b->dst ||
	       a->dst == b->owner || a->dst == b->dst;
}

static void
under_way(char *out, size_t size, unsigned int n, const char *node,
	  const char *key)
{
	g_snprintf(out, size, "its turn: %u migration%s under way%s%s (%s)", n,
		   n == 1 ? " is" : "s are", node ? " on " : "",
		   node ? node : "", key);
}

/* What `w` waits for, and how many come first of those that bear on it. */
static unsigned int
describe(const ham_core *core, const struct queue *queue,
	 const struct waiter *w, char *out, size_t size)
{
	const struct tally *begun = &queue->begun;
	const struct waiter *first = NULL;
	bool full = !is_below(begun->all, core->config.cluster_migrations);
	uint32_t node = 0;
	unsigned int n = 0;

	for (const struct waiter *k = queue->list; k < w; k++)
		if (full || shares_node(k->guest, w->guest)) {
			first = first ? first : k;
			n++;
		}
	if (!has_room(core, begun, w->guest->owner))
		node = w->guest->owner;
	else if (!has_room(core, begun, w->guest->dst))
		node = w->guest->dst;
	if (full)
		under_way(out, size, begun->all, NULL, "cluster_migrations");
	else if (node)
		under_way(out, size, begun->node[ham_node_index(core, node)],
			  ham_core_node_name(core, node),
			  "parallel_migrations");
	else
		g_snprintf(out, size, "its turn: %s comes first",
			   first ? first->guest->name
				 : queue->list[0].guest->name);
	return n;
}

static bool
waits(const ham_core *core, const struct ham_guest *guest, bool said, char *out,
      size_t size, unsigned int *behind)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);
	g_autofree struct queue *queue = NULL;

	if (guest->phase != HAM_GUEST_MIGRATING || has_begun(local, guest))
		return false;
	queue = queue_new(core, said);
	for (unsigned int i = 0; i < queue->n; i++) {
		unsigned int n;

		if (queue->list[i].guest != guest || queue->list[i].goes)
			continue;
		n = describe(core, queue, &queue->list[i], out, size);
		if (behind)
			*behind = n;
		return true;
	}
	return false;
}

bool
ham_queue_waits_for(const ham_core *core, const struct ham_guest *guest,
		    char *out, size_t size, unsigned int *behind)
{
	return waits(core, guest, true, out, size, behind);
}

/* ---- the source ---- */

static bool
is_ours(const ham_core *core, const struct ham_guest *guest)
{
	return guest->phase == HAM_GUEST_MIGRATING && !guest->owner_dead &&
	       guest->owner == core->config.self;
}

/* It is not called off, nor a rest of an earlier life. */
static bool
is_ready(const struct ham_local *local)
{
	return local->migrate_due || local->stage == HAM_L_S_PREPARE;
}

static void
say_begin(ham_core *core, struct ham_local *local,
	  const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_BEGIN,
			      .epoch = guest->epoch,
			      .txn = guest->txn};

	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	local->said_txn = guest->txn;
	local->said_ring = core->totem;
	local->begin_said_us = core->now_us;
	ham_fx_send(core, &msg, false);
}

static void
mind_waiter(ham_core *core, const struct waiter *w)
{
	struct ham_local *local = ham_local_get(core, w->guest->name);

	if (!w->may)
		local->may_since_us = 0;
	else if (local->may_since_us == 0)
		local->may_since_us = core->now_us;
	if (w->goes ||
	    (w->may && core->now_us - local->may_since_us >= GIVE_WAY_US))
		say_begin(core, local, w->guest);
}

/* Who has come since it was said did not hear it. */
static void
tell_newcomers(ham_core *core)
{
	uint16_t told = ham_ring_equal(core->begin_ring, core->totem)
				? core->begin_told
				: 0;

	core->begin_ring = core->totem;
	core->begin_told = core->joined;
	if (!(core->joined & ~told))
		return;
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		struct ham_local *local;

		if (!is_ours(core, g))
			continue;
		local = ham_local_get(core, g->name);
		if (has_begun(local, g) &&
		    (is_ready(local) || local->stage == HAM_L_S_COPY ||
		     local->stage == HAM_L_S_GATE))
			say_begin(core, local, g);
	}
}

void
ham_queue_mind(ham_core *core)
{
	g_autofree struct queue *queue = NULL;
	bool any = false;

	if (core->phase != HAM_VIEW_JOINED)
		return;
	tell_newcomers(core);
	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		struct ham_local *local;

		if (!is_ours(core, g))
			continue;
		local = ham_local_get(core, g->name);
		if (has_begun(local, g) || !is_ready(local))
			continue;
		if (!is_said(core, local, g))
			any = true;
		else if (core->now_us - local->begin_said_us >= SAY_AGAIN_US)
			say_begin(core, local, g);
	}
	if (!any)
		return;
	queue = queue_new(core, true);
	for (unsigned int i = 0; i < queue->n; i++)
		if (is_ours(core, queue->list[i].guest) &&
		    is_ready(ham_local_get(core, queue->list[i].guest->name)))
			mind_waiter(core, &queue->list[i]);
}

void
ham_queue_repeat(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	if (is_ours(core, guest) && has_begun(local, guest) &&
	    local->stage == HAM_L_S_PREPARE)
		say_begin(core, local, guest);
}

/* ---- all nodes ---- */

/* What was seen here of that number may have been another migration. */
void
ham_queue_adopted(ham_core *core, const struct ham_guest *guest,
		  const struct ham_guest *before)
{
	struct ham_local *local;

	if (before && before->txn == guest->txn && before->dst == guest->dst &&
	    before->owner == guest->owner && before->epoch == guest->epoch &&
	    guest->dst)
		return;
	local = ham_local_get(core, guest->name);
	local->applied_txn = local->begun_txn = local->said_txn = 0;
	ham_policy_begin(core, local);
}

/* An earlier life had a part in it: this one prepares nothing. */
static void
refuse(ham_core *core, const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_REFUSED,
			      .epoch = guest->epoch + 1,
			      .txn = guest->txn,
			      .text = "hamd was restarted on the destination"};

	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
}

static void
tell_phase(ham_core *core, struct ham_local *local, enum ham_mig_phase phase)
{
	local->mig_phase = (uint8_t)phase;
	ham_progress_clear(&local->progress, phase);
	local->started_us = core->now_us;
	ham_fx_note(core, HAM_NOTE_MIGRATION_PHASE, local->name, "%s",
		    ham_mig_phase_name(phase));
}

void
ham_queue_applied(ham_core *core, struct ham_local *local,
		  const struct ham_guest *guest)
{
	char why[HAM_TEXT_MAX];

	local->applied_txn = guest->txn;
	local->begun_txn = local->said_txn = 0;
	local->may_since_us = 0;
	local->ordered_at = core->record.pos;
	if (waits(core, guest, false, why, sizeof(why), NULL)) {
		tell_phase(core, local, HAM_MIG_QUEUED);
		return;
	}
	local->begun_txn = guest->txn;
	tell_phase(core, local, HAM_MIG_PREPARE);
}

void
ham_queue_on_begin(ham_core *core, struct ham_local *local,
		   const struct ham_guest *guest, uint32_t sender,
		   const struct ham_msg *msg)
{
	bool again = has_begun(local, guest);
	bool known = local->applied_txn == guest->txn;

	if (guest->phase != HAM_GUEST_MIGRATING || sender != guest->owner ||
	    msg->epoch != guest->epoch)
		return;
	local->begun_txn = guest->txn;
	if (!known && guest->dst == core->config.self &&
	    (local->stage == HAM_L_NONE || local->stage == HAM_L_REPLICA))
		refuse(core, guest);
	if (again || !known)
		return;
	tell_phase(core, local, HAM_MIG_PREPARE);
	if (guest->owner == core->config.self)
		ham_source_begun(core, local);
	else if (guest->dst == core->config.self)
		ham_prepare(core, local, guest);
}

bool
ham_queue_has_begun(const struct ham_local *local,
		    const struct ham_guest *guest)
{
	return has_begun(local, guest);
}
