/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/view.c - from corosync's news to a view that may decide
 *
 *	ring, quorum and group agree
 *	   -> promise a new term, store the promise      PROMISING
 *	   -> EXCHANGE: promise and stored position      EXCHANGE
 *	   -> all promised the same term (who promised less promises again),
 *	      and said so when they had heard all others
 *	   -> the lowest node that holds the highest position sends ADOPT
 *	   -> ADOPT delivered: everyone has position (term, 0)      JOINED
 *	   -> STORED by a majority: active
 *
 * The promise is stored before it is said, and is higher than any this node
 * gave or followed before; so two terms with a majority each have a member in
 * common that knows of the older one, and no term is ever used twice, even if
 * corosync forgets its ring sequence.  "I have heard these hamds" makes sure
 * that nobody counts a word said before it came, by one who has a state since:
 * else a newcomer could make a second state in one ring.  A hamd that comes to
 *a joined view gets the leader's state by an ADOPT of its own and changes
 *nothing for the others.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	AGAIN_US = 3000000
};

static unsigned int
popcount(uint16_t mask)
{
	return (unsigned int)__builtin_popcount(mask);
}

static uint16_t
bit(unsigned int index)
{
	return (uint16_t)(1u << index);
}

int
ham_node_index(const ham_core *core, uint32_t id)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (core->config.nodes[i].id == id)
			return (int)i;
	return -1;
}

unsigned int
ham_majority(const ham_core *core)
{
	return core->config.n_nodes / 2 + 1;
}

/* CPG's list alone may hold ghosts (doc/faults.md, F21). */
uint16_t
ham_members(const ham_core *core)
{
	return core->connected ? core->group_mask & core->totem_mask : 0;
}

bool
ham_is_joined(const ham_core *core, uint32_t id)
{
	int i = ham_node_index(core, id);

	return i >= 0 && (core->joined & bit((unsigned int)i));
}

static bool
has_quorum(const ham_core *core)
{
	return core->connected && core->quorate &&
	       ham_ring_equal(core->quorum, core->totem) &&
	       popcount(ham_members(core)) >= ham_majority(core) &&
	       (ham_members(core) & bit(core->self));
}

bool
ham_is_active(const ham_core *core)
{
	return !core->dead && core->phase == HAM_VIEW_JOINED &&
	       has_quorum(core) && core->committed.term == core->base.term &&
	       popcount(core->joined) >= ham_majority(core) &&
	       ham_pos_compare(core->committed, core->base) >= 0;
}

uint32_t
ham_leader(const ham_core *core)
{
	if (core->phase != HAM_VIEW_JOINED)
		return 0;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (core->joined & bit(i))
			return core->config.nodes[i].id;
	return 0;
}

static void
close_view(ham_core *core)
{
	core->phase = HAM_VIEW_NONE;
	core->joined = 0;
	core->counted = 0;
	core->adopt_wanted = 0;
	core->adopt_sent = false;
	core->foreign_term = 0;
	core->n_waiting = 0;
	core->n_flying = 0;
	core->asked_promise = 0;
	ham_lease_view_closed(core);
	memset(core->exchange, 0, sizeof(core->exchange));
	memset(core->stored, 0, sizeof(core->stored));
	core->told = (struct ham_pos){0, 0};
}

static void
open_view(ham_core *core)
{
	uint64_t promise = core->promise + 1;

	if (core->totem.seq > promise)
		promise = core->totem.seq;
	core->phase = HAM_VIEW_PROMISING;
	core->asked_promise = promise;
	ham_persist_promise(core, promise);
}

/* Names the present hamds of `members`, as far as they were heard. */
static uint64_t
heard_of(const ham_core *core, uint16_t members)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		uint64_t life = core->exchange[i].valid
					? core->exchange[i].incarnation
					: 0;

		if (!(members & bit(i)))
			continue;
		for (unsigned int k = 0; k < 64; k += 8)
			sum = (sum ^ ((life >> k) & 255)) *
			      UINT64_C(0x100000001b3);
		sum = (sum ^ i) * UINT64_C(0x100000001b3);
	}
	return sum;
}

static bool
all_heard(const ham_core *core, uint16_t members)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if ((members & bit(i)) && !core->exchange[i].valid)
			return false;
	return true;
}

/* Each of them has promised that term, and said so when it had heard all the
 * others. */
static bool
agreed(const ham_core *core, uint16_t members, uint64_t term)
{
	uint64_t heard = heard_of(core, members);

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		const struct ham_exchange *e = &core->exchange[i];

		if ((members & bit(i)) &&
		    (!e->valid || e->promise != term || e->heard != heard))
			return false;
	}
	return true;
}

static bool
exchange_complete(const ham_core *core)
{
	return agreed(core, ham_members(core), core->promise);
}

static uint32_t
away_ms(const ham_core *core, unsigned int i)
{
	int64_t left = core->peers[i].left_us;

	if (left == 0)
		return 0;
	return (uint32_t)CLAMP((core->now_us - left) / 1000, 1,
			       (int64_t)UINT32_MAX);
}

static void
send_exchange(ham_core *core)
{
	struct ham_msg msg = {.kind = HAM_MSG_EXCHANGE};

	core->said_us = core->now_us;
	msg.pos = core->durable;
	msg.checksum = ham_record_checksum(&core->record);
	msg.promise = core->promise;
	msg.has_store = core->has_store;
	msg.foreign_term = core->foreign_term;
	msg.heard = core->said_heard = heard_of(core, ham_members(core));
	msg.config_digest = core->config.config_digest;
	g_strlcpy(msg.version, core->config.version, sizeof(msg.version));
	msg.n_nodes = (uint8_t)core->config.n_nodes;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		msg.away_ms[i] = away_ms(core, i);
	ham_fx_send(core, &msg, false);
}

void
ham_view_promised(ham_core *core, uint64_t promise)
{
	if (promise > core->promise)
		core->promise = promise;
	if (promise != core->asked_promise || core->phase == HAM_VIEW_NONE)
		return;
	core->asked_promise = 0;
	if (core->phase == HAM_VIEW_PROMISING)
		core->phase = HAM_VIEW_EXCHANGE;
	if (core->phase == HAM_VIEW_EXCHANGE)
		send_exchange(core);
}

/* The index of who is to send ADOPT, or -1 with nobody able to. */
static int
choose_source(const ham_core *core)
{
	uint16_t members = ham_members(core);
	unsigned int with_store = 0;
	int best = -1;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		const struct ham_exchange *e = &core->exchange[i];

		if (!(members & bit(i)) || !e->has_store)
			continue;
		with_store++;
		if (best < 0 ||
		    ham_pos_compare(e->pos, core->exchange[best].pos) > 0)
			best = (int)i;
	}
	if (with_store >= ham_majority(core))
		return best;
	/* The very first start: nobody may have a state that we do not see. */
	if (with_store == 0 && popcount(members) == core->config.n_nodes)
		return 0;
	return -1;
}

static void
send_adopt(ham_core *core, uint16_t members, struct ham_pos pos)
{
	struct ham_msg msg = {.kind = HAM_MSG_ADOPT};

	msg.pos = pos;
	msg.members = members;
	msg.joined = core->joined;
	core->said_us = core->now_us;
	msg.checksum = ham_record_checksum(&core->record);
	ham_fx_send(core, &msg, false);
}

/* Leader of a joined view: a newcomer waits until no RECORD is under way, so
 * that the state it is given is that of its place in the order. */
static void
welcome(ham_core *core)
{
	if (core->adopt_wanted == 0 || core->adopt_sent ||
	    ham_leader(core) != core->config.self ||
	    core->assigned != core->record.pos.count)
		return;
	core->adopt_sent = true;
	send_adopt(core, core->adopt_wanted, core->record.pos);
}

void
ham_view_recheck(ham_core *core)
{
	if (core->dead || !core->ready)
		return;
	if (core->phase == HAM_VIEW_NONE) {
		if (has_quorum(core))
			open_view(core);
		return;
	}
	if (core->phase == HAM_VIEW_EXCHANGE && !core->adopt_sent &&
	    exchange_complete(core) && has_quorum(core) &&
	    choose_source(core) == (int)core->self) {
		core->adopt_sent = true;
		send_adopt(core, ham_members(core),
			   (struct ham_pos){core->promise, 0});
	}
	if (core->phase == HAM_VIEW_JOINED)
		welcome(core);
}

static void
say_who_was_heard(ham_core *core)
{
	uint16_t members = ham_members(core);

	if (core->phase == HAM_VIEW_EXCHANGE && core->asked_promise == 0 &&
	    all_heard(core, members) &&
	    core->said_heard != heard_of(core, members))
		send_exchange(core);
}

void
ham_view_on_exchange(ham_core *core, unsigned int from,
		     const struct ham_msg *msg)
{
	struct ham_exchange *e = &core->exchange[from];

	/* said before the ADOPT that admitted it, delivered after; unless it
	 * knows of our state and has found no place in it */
	if (core->phase == HAM_VIEW_JOINED && (core->joined & bit(from)) &&
	    (from == core->self ||
	     (e->valid && e->incarnation == msg->incarnation &&
	      msg->foreign_term != core->base.term)))
		return;
	e->valid = true;
	e->has_store = msg->has_store;
	e->incarnation = msg->incarnation;
	e->pos = msg->pos;
	e->promise = msg->promise;
	e->heard = msg->heard;
	e->config_digest = msg->config_digest;
	g_strlcpy(e->version, msg->version, sizeof(e->version));
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		e->away_us[i] =
			i < msg->n_nodes
				? core->now_us - (int64_t)msg->away_ms[i] * 1000
				: core->now_us;
	/* who asks has no state, whatever we believed */
	core->joined &= (uint16_t)~bit(from);
	core->counted &= (uint16_t)~bit(from);
	if (core->phase == HAM_VIEW_JOINED && from != core->self)
		core->adopt_wanted |= bit(from);
	else if ((core->phase == HAM_VIEW_PROMISING ||
		  core->phase == HAM_VIEW_EXCHANGE) &&
		 msg->promise > core->promise &&
		 msg->promise > core->asked_promise) {
		core->asked_promise = msg->promise;
		ham_persist_promise(core, msg->promise);
	}
	say_who_was_heard(core);
	ham_view_recheck(core);
}

/* This node takes over the state of the view. */
static void
adopt(ham_core *core, const struct ham_msg *msg)
{
	const char *refusal = ham_msg_adopt_guests(msg, &core->record);

	if (refusal) {
		/* what is on the disk is what it was; nobody reads the rest */
		ham_fx_fatal(core, "the state sent by the leader: %s", refusal);
		return;
	}
	core->base = msg->pos;
	core->assigned = msg->pos.count;
	core->n_flying = 0;
	core->committed = (struct ham_pos){0, 0};
	core->told = (struct ham_pos){0, 0};
	core->has_store = true;
	core->phase = HAM_VIEW_JOINED;
	core->check_us = core->joined_us = core->now_us;
	ham_persist_all(core);
	ham_reconcile_all(core);
}

/* Those it admits: only whose present hamd has said EXCHANGE before it in the
 * order, which every receiver sees alike. */
static uint16_t
admitted(const ham_core *core, const struct ham_msg *msg)
{
	uint16_t mask = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if ((msg->members & bit(i)) && core->exchange[i].valid)
			mask |= bit(i);
	return mask & ham_members(core);
}

/* The first ADOPT of a ring is void if a state is there, or a member it names
 * has come anew or promised another term by then.  All members judge alike,
 * whatever they have promised themselves since. */
static bool
is_void(const ham_core *core, const struct ham_msg *msg)
{
	return msg->joined == 0 && (core->phase == HAM_VIEW_JOINED ||
				    !agreed(core, msg->members, msg->pos.term));
}

void
ham_view_on_adopt(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	uint16_t newcomers = admitted(core, msg) & (uint16_t)~core->joined;

	if (from == core->self)
		core->adopt_sent = false;
	if (is_void(core, msg))
		return;
	if (core->phase != HAM_VIEW_JOINED) {
		if (core->phase != HAM_VIEW_EXCHANGE ||
		    !(newcomers & bit(core->self))) {
			/* for EXCHANGE to say: we ask, though they may believe
			 * that we are in */
			core->foreign_term = msg->pos.term;
			return;
		}
		core->adopt_sent = false;
		core->joined = newcomers | (msg->joined & ham_members(core));
		adopt(core, msg);
		return;
	}
	if (ham_pos_compare(msg->pos, core->record.pos) == 0 &&
	    msg->checksum != ham_record_checksum(&core->record)) {
		ham_fx_fatal(core,
			     "the record differs from the leader's at the "
			     "same position");
		return;
	}
	core->adopt_wanted &= (uint16_t)~newcomers;
	core->joined |= newcomers;
	if (newcomers || (msg->members & bit(core->self))) {
		ham_tell_stored(core, true);
		ham_peers_changed(core, false);
	}
	ham_assign_waiting(core);
	ham_view_recheck(core);
}

void
ham_view_totem(ham_core *core, const struct ham_event *event)
{
	uint16_t mask = 0;

	for (size_t i = 0; i < event->n_ids; i++) {
		int index = ham_node_index(core, event->ids[i]);

		if (index >= 0)
			mask |= bit((unsigned int)index);
	}
	core->connected = core->was_connected = true;
	if (!ham_ring_equal(core->totem, event->ring)) {
		uint16_t before = core->totem_mask;

		core->totem = event->ring;
		close_view(core);
		core->totem_mask = mask;
		ham_death_totem(core, before);
	}
	core->totem_mask = mask;
	ham_view_recheck(core);
}

void
ham_view_group(ham_core *core, const struct ham_event *event)
{
	uint16_t mask = 0;
	uint16_t gone;
	uint16_t come;

	for (size_t i = 0; i < event->n_ids; i++) {
		int index = ham_node_index(core, event->ids[i]);

		if (index >= 0)
			mask |= bit((unsigned int)index);
	}
	core->connected = core->was_connected = true;
	gone = core->joined & (uint16_t)~mask;
	come = mask & (uint16_t)~core->group_mask;
	core->group_mask = mask;
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		if (mask & bit(i))
			continue;
		core->exchange[i].valid = false;
		core->exchange[i].version[0] = '\0';
		core->stored[i] = (struct ham_pos){0, 0};
	}
	core->joined &= mask;
	core->counted &= mask;
	core->adopt_wanted &= mask;
	if (gone) {
		ham_command_again(core);
		ham_peers_changed(core, false);
	}
	/* who comes now has not heard what we said before */
	if (come && core->phase == HAM_VIEW_EXCHANGE)
		send_exchange(core);
	else
		say_who_was_heard(core);
	ham_view_recheck(core);
}

void
ham_view_quorum(ham_core *core, const struct ham_event *event)
{
	core->quorum = event->ring;
	core->quorate = event->flag;
	ham_view_recheck(core);
}

/* corosync may drop a message while a ring forms, without a word. */
void
ham_view_tick(ham_core *core)
{
	if (core->now_us - core->said_us < AGAIN_US)
		return;
	if (core->phase == HAM_VIEW_EXCHANGE && core->asked_promise == 0) {
		core->adopt_sent = false;
		send_exchange(core);
	} else if (core->phase == HAM_VIEW_JOINED && core->adopt_sent) {
		core->adopt_sent = false;
		ham_view_recheck(core);
	}
}

void
ham_view_lost(ham_core *core)
{
	core->connected = false;
	core->quorate = false;
	core->totem_mask = 0;
	core->group_mask = 0;
	memset(&core->totem, 0, sizeof(core->totem));
	memset(&core->quorum, 0, sizeof(core->quorum));
	close_view(core);
}

static void add_names(const ham_core *core, uint16_t mask, char *out,
		      size_t size);

/* Once a step: what people follow changed? */
void
ham_view_tell(ham_core *core)
{
	bool active = ham_is_active(core);
	char names[HAM_TEXT_MAX / 2] = "";
	char waiting[HAM_TEXT_MAX];

	if (core->phase == HAM_VIEW_JOINED &&
	    core->joined != core->was_joined) {
		core->was_joined = core->joined;
		add_names(core, core->joined, names, sizeof(names));
		ham_fx_note(core, HAM_NOTE_MEMBERSHIP, NULL, "members: %s",
			    names);
	}
	if (active == core->was_active)
		return;
	core->was_active = active;
	if (active)
		ham_command_again(core);
	ham_view_waiting_for(core, waiting, sizeof(waiting));
	if (active)
		ham_fx_note(
			core, HAM_NOTE_QUORUM, NULL,
			"decisions are possible, ring %u.%" G_GUINT64_FORMAT,
			core->totem.rep, core->totem.seq);
	else
		ham_fx_note(core, HAM_NOTE_QUORUM, NULL,
			    "no decisions are possible, waiting for %s",
			    waiting);
	core->fx->list[core->fx->n - 1].value = active;
}

static void
add_names(const ham_core *core, uint16_t mask, char *out, size_t size)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		if (!(mask & bit(i)))
			continue;
		if (out[0])
			g_strlcat(out, ", ", size);
		g_strlcat(out, core->config.nodes[i].name, size);
	}
}

void
ham_view_waiting_for(const ham_core *core, char *out, size_t size)
{
	uint16_t all = (uint16_t)((1u << core->config.n_nodes) - 1);
	uint16_t members = ham_members(core);
	char names[HAM_TEXT_MAX / 2] = "";

	out[0] = '\0';
	if (ham_is_active(core))
		return;
	if (!core->connected) {
		g_strlcpy(out, "corosync on this node", size);
	} else if (!core->quorate) {
		g_strlcpy(out, "corosync's quorum", size);
	} else if (!ham_ring_equal(core->quorum, core->totem)) {
		g_strlcpy(out,
			  "corosync's group and quorum to agree on the ring",
			  size);
	} else if (popcount(members) < ham_majority(core)) {
		add_names(core, all & (uint16_t)~members, names, sizeof(names));
		g_snprintf(out, size, "hamd on %u more of: %s",
			   ham_majority(core) - popcount(members), names);
	} else if (core->phase == HAM_VIEW_EXCHANGE &&
		   exchange_complete(core) && choose_source(core) < 0) {
		add_names(core, all & (uint16_t)~members, names, sizeof(names));
		g_snprintf(out, size,
			   "nodes that hold the cluster's state, missing: %s "
			   "(a new cluster must see all its nodes once)",
			   names);
	} else {
		uint16_t silent = 0;

		for (unsigned int i = 0; i < core->config.n_nodes; i++)
			if ((members & bit(i)) &&
			    (core->phase == HAM_VIEW_JOINED
				     ? !(core->counted & bit(i))
				     : !core->exchange[i].valid))
				silent |= bit(i);
		add_names(core, silent, names, sizeof(names));
		g_snprintf(out, size, "the exchange of states with: %s", names);
	}
}
