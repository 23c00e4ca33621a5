/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/replicate.c - from a proposal to a committed record
 *
 *	anyone: PROPOSE -> leader: RECORD(n) -> everyone: apply, store
 *	-> everyone: STORED(n) -> a majority said so: committed
 *
 * Only the leader numbers operations.  CPG's AGREED order lets a node of a
 * breaking ring deliver messages past a gap that others never see; with one
 * numbering sender and "apply n only after n-1" every node of a term holds a
 * prefix of one sequence, so that equal positions mean equal records
 * (doc/protocol.md, "Why the leader numbers").
 *
 * What is not committed is tentative: it may be dropped by an ADOPT, and
 * nothing that must not be taken back is done for it.
 */
#include <string.h>

#include "hamd/core/state.h"
#include "hamd/core/wire.h"

enum {
	RETRY_US = 2000000,
	STRANGER_US = 3000000,
	HEAD_LEN = 24,
};

static void
item_set(struct ham_item *item, const char *key, const uint8_t *value,
	 size_t len)
{
	g_strlcpy(item->key, key, sizeof(item->key));
	item->value = g_memdup2(value, len);
	item->len = len;
}

static void
item_head(const ham_core *core, struct ham_item *item)
{
	uint8_t bytes[HEAD_LEN];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	ham_put_u64(&w, core->record.pos.term);
	ham_put_u64(&w, core->record.pos.count);
	ham_put_u64(&w, ham_record_checksum(&core->record));
	item_set(item, "head", bytes, w.len);
}

static void
item_guest(const struct ham_guest *guest, struct ham_item *item)
{
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(guest, bytes);
	g_autofree char *key = g_strconcat("guest/", guest->name, NULL);

	item_set(item, key, bytes, len);
}

static void
item_node(const struct ham_node_state *state, struct ham_item *item)
{
	uint8_t bytes[HAM_NODE_WIRE_MAX];
	size_t len = ham_node_encode(state, bytes);
	g_autofree char *key = g_strdup_printf("node/%u", state->node);

	item_set(item, key, bytes, len);
}

static void
item_promise(uint64_t promise, struct ham_item *item)
{
	uint8_t bytes[8];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	ham_put_u64(&w, promise);
	item_set(item, "promise", bytes, w.len);
}

static void
item_boot(ham_core *core, struct ham_item *item)
{
	uint8_t bytes[8];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	core->owes = core->owes && ham_again_owes(core);
	ham_put_u64(&w, core->owes ? core->boot_before : core->boot);
	item_set(item, "boot", bytes, w.len);
}

/* That boot is still to end HALTED here. */
static void
item_opens(const ham_core *core, struct ham_item *item)
{
	uint8_t bytes[8];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	ham_put_u64(&w, core->boot);
	item_set(item, "opens", bytes, w.len);
}

static void
item_heard(const ham_core *core, unsigned int i, struct ham_item *item)
{
	const struct ham_heard *heard = &core->peers[i].heard;
	g_autofree char *key =
		g_strdup_printf("heard/%u", core->config.nodes[i].id);
	uint8_t bytes[8];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	ham_put_u32(&w, (uint32_t)(heard->lease_us / 1000));
	ham_put_u32(&w, (uint32_t)(heard->watchdog_us / 1000));
	item_set(item, key, bytes, w.len);
}

static void
item_fork(const struct ham_local *local, struct ham_item *item)
{
	uint8_t bytes[HAM_FORK_WIRE_MAX];
	size_t len = ham_fork_encode(local, bytes);
	g_autofree char *key = g_strconcat("fork/", local->name, NULL);

	item_set(item, key, bytes, len);
}

static void
persist(ham_core *core, struct ham_item *items, size_t n, bool all,
	uint64_t promise)
{
	struct ham_effect *effect = ham_fx(core, HAM_FX_PERSIST);
	struct ham_ticket *t;

	effect->items = items;
	effect->n_items = n;
	effect->flag = all;
	effect->value = ++core->next_ticket;
	if (core->n_tickets == HAM_MAX_TICKETS) {
		ham_fx_fatal(core, "the store does not keep up: %u writes wait",
			     core->n_tickets);
		return;
	}
	t = &core->tickets[(core->ticket_head + core->n_tickets) %
			   HAM_MAX_TICKETS];
	t->ticket = effect->value;
	t->promise = promise;
	t->pos = core->record.pos;
	core->n_tickets++;
}

void
ham_persist_promise(ham_core *core, uint64_t promise)
{
	struct ham_item *items = g_new0(struct ham_item, 1);

	core->last_promise = MAX(core->last_promise, promise);
	item_promise(promise, &items[0]);
	persist(core, items, 1, false, promise);
}

uint64_t
ham_persist_heard(ham_core *core, unsigned int i)
{
	struct ham_item *items = g_new0(struct ham_item, 1);

	item_heard(core, i, &items[0]);
	persist(core, items, 1, false, 0);
	return core->next_ticket;
}

void
ham_persist_all(ham_core *core)
{
	unsigned int n = core->record.n_guests;
	struct ham_item *items = g_new0(
		struct ham_item, n + 4 + core->config.n_nodes +
					 core->record.n_nodes + core->n_locals);
	unsigned int last = n + 2;

	for (unsigned int i = 0; i < core->n_locals; i++)
		if (core->locals[i].n_forks)
			item_fork(&core->locals[i], &items[last++]);
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (core->peers[i].heard.lease_us)
			item_heard(core, i, &items[last++]);
	if (core->boot)
		item_boot(core, &items[last++]);
	if (core->reopens)
		item_opens(core, &items[last++]);
	item_head(core, &items[0]);
	item_promise(MAX(core->promise, core->last_promise), &items[1]);
	for (unsigned int i = 0; i < n; i++)
		item_guest(&core->record.guests[i], &items[i + 2]);
	for (unsigned int i = 0; i < core->record.n_nodes; i++)
		item_node(&core->record.nodes[i], &items[last++]);
	persist(core, items, last, true, 0);
}

static void
persist_one(ham_core *core, const struct ham_guest *guest)
{
	const struct ham_local *local =
		guest ? ham_local_lookup(core, guest->name) : NULL;
	struct ham_item *items = g_new0(struct ham_item, 3);
	size_t n = 1;

	item_head(core, &items[0]);
	if (guest)
		item_guest(guest, &items[n++]);
	if (local && local->n_forks)
		item_fork(local, &items[n++]);
	persist(core, items, n, false, 0);
}

/* STORED covers all up to our durable position, but not while something that
 * the record forbids still stands on this node. */
void
ham_tell_stored(ham_core *core, bool again)
{
	struct ham_msg msg = {.kind = HAM_MSG_STORED};

	if (core->phase != HAM_VIEW_JOINED || ham_any_hold(core) ||
	    core->durable.term != core->base.term ||
	    ham_pos_compare(core->durable, core->base) < 0)
		return;
	if (!again && ham_pos_compare(core->durable, core->told) <= 0)
		return;
	if (core->told.term == 0)
		for (unsigned int i = 0; i < core->record.n_guests; i++) {
			const struct ham_guest *g = &core->record.guests[i];

			if (g->phase == HAM_GUEST_IN_DOUBT)
				ham_doubt_tell(core,
					       ham_local_get(core, g->name), g);
		}
	if (core->config.memory_mib && (again || core->told.term == 0)) {
		struct ham_msg memory = {.kind = HAM_MSG_MEMORY};

		memory.memory_mib = core->config.memory_mib;
		ham_fx_send(core, &memory, false);
	}
	core->told = core->durable;
	core->stored_us = core->now_us;
	msg.pos = core->durable;
	msg.config_digest = core->config.config_digest;
	g_strlcpy(msg.version, core->config.version, sizeof(msg.version));
	ham_fx_send(core, &msg, false);
}

void
ham_on_persisted(ham_core *core, uint64_t ticket)
{
	while (core->n_tickets > 0) {
		struct ham_ticket t = core->tickets[core->ticket_head];

		if (t.ticket > ticket)
			break;
		core->ticket_head = (core->ticket_head + 1) % HAM_MAX_TICKETS;
		core->n_tickets--;
		if (t.promise)
			ham_exchange_promised(core, t.promise);
		else
			core->durable = t.pos;
		ham_lease_persisted(core, t.ticket);
	}
	ham_tell_stored(core, false);
}

/* The highest position that a majority has stored in this term. */
void
ham_recount(ham_core *core)
{
	struct ham_pos best = core->committed;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		struct ham_pos candidate = core->stored[i];
		unsigned int n = 0;

		if (!(core->counted & (1u << i)) ||
		    ham_pos_compare(candidate, best) <= 0)
			continue;
		for (unsigned int k = 0; k < core->config.n_nodes; k++)
			if ((core->counted & (1u << k)) &&
			    ham_pos_compare(core->stored[k], candidate) >= 0)
				n++;
		if (n >= ham_majority(core))
			best = candidate;
	}
	core->committed = best;
	ham_lease_mind(core);
	ham_evaluate_all(core);
}

/* It has our state, and we know nothing of its coming: the ADOPT that took it in
 * was none for us, or we for it.  What hangs on it here would wait for good. */
static void
on_stranger(ham_core *core, unsigned int from)
{
	if (!(ham_members(core) & (1u << from)))
		return;
	if (core->stranger_us == 0) {
		core->stranger_us = core->now_us;
	} else if (core->now_us - core->stranger_us >= STRANGER_US) {
		core->stranger_us = 0;
		ham_fx(core, HAM_FX_REJOIN);
	}
}

void
ham_on_stored(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	if (core->phase != HAM_VIEW_JOINED ||
	    msg->pos.term != core->base.term)
		return;
	if (!(core->joined & (1u << from))) {
		on_stranger(core, from);
		return;
	}
	core->stored[from] = msg->pos;
	core->exchange[from].config_digest = msg->config_digest;
	if (core->config.n_nodes == 2 && from != core->self)
		core->other_digest = msg->config_digest;
	g_strlcpy(core->exchange[from].version, msg->version,
		  sizeof(core->exchange[from].version));
	core->counted |= (uint16_t)(1u << from);
	ham_recount(core);
}

static void
send_record(ham_core *core, uint64_t count, const struct ham_waiting *w)
{
	struct ham_msg msg = {.kind = HAM_MSG_RECORD};

	msg.pos.term = core->base.term;
	msg.pos.count = count;
	msg.proposer = w->proposer;
	msg.proposal = w->proposal;
	msg.op = w->op;
	core->said_us = core->now_us;
	ham_fx_send(core, &msg, false);
}

/* What finds no room is asked again by its proposer. */
static void
assign(ham_core *core, uint32_t proposer, uint64_t proposal,
       const struct ham_op *op)
{
	struct ham_waiting *w;

	if (core->adopt_wanted || core->adopt_sent) {
		if (core->n_waiting == HAM_MAX_WAITING)
			return;
		w = &core->waiting[core->n_waiting++];
	} else {
		if (core->n_flying == HAM_MAX_FLYING)
			return;
		w = &core->flying[core->n_flying++];
	}
	w->proposer = proposer;
	w->proposal = proposal;
	w->op = *op;
	if (core->n_flying > 0 && w == &core->flying[core->n_flying - 1])
		send_record(core, ++core->assigned, w);
}

/* A RECORD was delivered: one of ours is not under way any more. */
static void
landed(ham_core *core)
{
	if (core->n_flying == 0)
		return;
	core->n_flying--;
	memmove(&core->flying[0], &core->flying[1],
		core->n_flying * sizeof(core->flying[0]));
}

void
ham_assign_waiting(ham_core *core)
{
	struct ham_waiting held[HAM_MAX_WAITING];
	unsigned int n = core->n_waiting;

	if (core->adopt_wanted || core->adopt_sent || n == 0)
		return;
	memcpy(held, core->waiting, n * sizeof(held[0]));
	core->n_waiting = 0;
	if (ham_leader(core) != core->config.self)
		return;
	for (unsigned int i = 0; i < n; i++)
		assign(core, held[i].proposer, held[i].proposal, &held[i].op);
}

void
ham_propose(ham_core *core, const struct ham_op *op, uint64_t proposal)
{
	struct ham_msg msg = {.kind = HAM_MSG_PROPOSE};

	if (!ham_is_active(core))
		return;
	if (ham_leader(core) == core->config.self) {
		assign(core, core->config.self, proposal, op);
		return;
	}
	msg.proposer = core->config.self;
	msg.proposal = proposal;
	msg.op = *op;
	ham_fx_send(core, &msg, false);
}

void
ham_propose_for(ham_core *core, struct ham_local *local,
		const struct ham_op *op)
{
	if (!ham_is_active(core))
		return;
	if (local->proposed_kind == op->kind &&
	    local->proposed_node == op->node &&
	    local->proposed_epoch == op->epoch &&
	    core->now_us - local->proposed_us < RETRY_US)
		return;
	local->proposed_kind = op->kind;
	local->proposed_node = op->node;
	local->proposed_epoch = op->epoch;
	local->proposed_us = core->now_us;
	ham_propose(core, op, 0);
}

void
ham_on_propose(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	if (ham_leader(core) != core->config.self || !ham_is_active(core) ||
	    msg->proposer != core->config.nodes[from].id)
		return;
	assign(core, msg->proposer, msg->proposal, &msg->op);
}

void
ham_on_record(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	const struct ham_guest *guest;
	const char *refusal;
	struct ham_local *local;
	struct ham_guest before;

	(void)from;
	if (core->phase != HAM_VIEW_JOINED ||
	    msg->pos.term != core->base.term ||
	    msg->pos.count <= core->record.pos.count)
		return;
	if (msg->pos.count != core->record.pos.count + 1) {
		/* Only the tail of a breaking ring has gaps.  If this is none,
		 * we have missed something and must ask for the state. */
		ham_fx(core, HAM_FX_REJOIN);
		return;
	}
	guest = ham_record_lookup(&core->record, msg->op.guest);
	before = guest ? *guest : (struct ham_guest){0};
	refusal = ham_record_apply(&core->record, &msg->op);
	core->record.pos = msg->pos;
	if (!refusal && msg->op.kind == HAM_OP_FORCE &&
	    msg->op.node == core->config.self)
		ham_fork_add(ham_local_get(core, before.name), before.history,
			     before.epoch, guest->history);
	if (core->assigned < msg->pos.count)
		core->assigned = msg->pos.count;
	landed(core);
	if (!refusal && ham_op_is_of_node(msg->op.kind)) {
		ham_halt_applied(core);
		/* entries may be gone, and guests are changed by it, too */
		ham_persist_all(core);
		if (msg->op.kind == HAM_OP_DEAD)
			ham_death_applied(core, &msg->op);
		ham_disarm_applied(core, &msg->op);
		ham_node_applied(core, &msg->op);
	} else if (core->owes && !ham_again_owes(core)) {
		ham_persist_all(core);
	} else {
		persist_one(core, refusal ? NULL
					  : ham_record_find(&core->record,
							    msg->op.guest));
	}
	if (!refusal && !ham_op_is_of_node(msg->op.kind)) {
		local = ham_local_get(core, msg->op.guest);
		local->changed_at = core->record.pos;
		local->changed_us = core->now_us;
		ham_applied(core, &msg->op);
	}
	if (msg->proposer == core->config.self && msg->proposal != 0)
		ham_command_verdict(core, msg->proposal, &msg->op, refusal);
	ham_view_recheck(core);
}

void
ham_replicate_tick(ham_core *core)
{
	if (core->phase != HAM_VIEW_JOINED)
		return;
	if (ham_pos_compare(core->told, core->stored[core->self]) > 0 &&
	    core->now_us - core->stored_us > RETRY_US)
		ham_tell_stored(core, true);
	/* corosync may have dropped what others had stored: that asks them */
	if (!ham_is_active(core) && core->now_us - core->check_us > RETRY_US) {
		core->check_us = core->now_us;
		ham_send_check(core);
	}
	/* the same operation under the same number: the first to come counts */
	if (core->n_flying > 0 && core->now_us - core->said_us > RETRY_US)
		for (unsigned int i = 0; i < core->n_flying; i++)
			send_record(core, core->record.pos.count + 1 + i,
				    &core->flying[i]);
}

void
ham_send_check(ham_core *core)
{
	struct ham_msg msg = {.kind = HAM_MSG_CHECK};

	msg.pos = core->record.pos;
	msg.checksum = ham_record_checksum(&core->record);
	ham_fx_send(core, &msg, true);
}

void
ham_on_check(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	if (core->phase != HAM_VIEW_JOINED)
		return;
	if (from != core->self)
		ham_tell_stored(core, true);
	if (ham_pos_compare(msg->pos, core->record.pos) != 0 ||
	    msg->checksum == ham_record_checksum(&core->record))
		return;
	ham_fx_fatal(core,
		     "the record differs from that of %s at the same position",
		     core->config.nodes[from].name);
}
