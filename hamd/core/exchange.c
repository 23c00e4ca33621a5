/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/exchange.c - the members of a ring agree on one state
 *
 *	promise a new term, store the promise            PROMISING
 *	   -> EXCHANGE: promise and stored position      EXCHANGE
 *	   -> all promised the same term (who promised less promises again),
 *	      and said so when they had heard all others
 *	   -> the lowest node that holds the highest position sends ADOPT
 *	   -> ADOPT delivered: everyone has position (term, 0)      JOINED
 *
 * The promise is stored before it is said, and is higher than any this node
 * gave or followed before; so two terms with a majority each have a member in
 * common that knows of the older one, and no term is ever used twice, even if
 * corosync forgets its ring sequence.  "I have heard these hamds" makes sure
 * that nobody counts a word said before it came, by one who has a state since:
 * else a newcomer could make a second state in one ring.  A hamd that comes to
 * a joined view gets the leader's state by an ADOPT of its own, and nothing
 * changes for the others.
 */
#include <string.h>

#include "hamd/core/state.h"

void
ham_exchange_open(ham_core *core)
{
	uint64_t promise = MAX(core->promise, core->last_promise) + 1;

	if (core->totem.seq > promise)
		promise = core->totem.seq;
	if (core->claims > promise)
		promise = core->claims;
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

		if (!(members & ham_bit(i)))
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
		if ((members & ham_bit(i)) && !core->exchange[i].valid)
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

		if ((members & ham_bit(i)) &&
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

void
ham_exchange_say(ham_core *core)
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
ham_exchange_promised(ham_core *core, uint64_t promise)
{
	if (promise > core->promise)
		core->promise = promise;
	if (promise != core->asked_promise || core->phase == HAM_VIEW_NONE)
		return;
	core->asked_promise = 0;
	if (core->phase == HAM_VIEW_PROMISING)
		core->phase = HAM_VIEW_EXCHANGE;
	if (core->phase == HAM_VIEW_EXCHANGE)
		ham_exchange_say(core);
}

/* The index of who is to send ADOPT, or -1 with nobody able to. */
static int
choose_source(const ham_core *core)
{
	uint16_t members = ham_members(core);
	unsigned int with_store = 0;
	bool empty = true;
	int best = -1;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		const struct ham_exchange *e = &core->exchange[i];

		if (!(members & ham_bit(i)) || !e->has_store)
			continue;
		with_store++;
		empty = empty && e->no_guests;
		if (best < 0 ||
		    ham_pos_compare(e->pos, core->exchange[best].pos) > 0)
			best = (int)i;
	}
	if (with_store >= ham_majority(core))
		return best;
	/* the other of two has lost its state, and decided nothing alone */
	if (best == (int)core->self && ham_two_is_newest(core) &&
	    core->config.n_nodes == 2 && ham_popcount(members) == 2)
		return best;
	/* The very first start, or one that was cut short before a majority had
	 * stored it: nobody may have a state that we do not see. */
	if (empty && ham_popcount(members) == core->config.n_nodes)
		return MAX(best, 0);
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
ham_exchange_go_on(ham_core *core)
{
	if (core->phase == HAM_VIEW_EXCHANGE && !core->adopt_sent &&
	    exchange_complete(core) && ham_view_has_quorum(core) &&
	    choose_source(core) == (int)core->self) {
		core->adopt_sent = true;
		send_adopt(core, ham_members(core),
			   (struct ham_pos){core->promise, 0});
	}
	if (core->phase == HAM_VIEW_JOINED)
		welcome(core);
}

bool
ham_exchange_lacks_source(const ham_core *core)
{
	return core->phase == HAM_VIEW_EXCHANGE && exchange_complete(core) &&
	       choose_source(core) < 0;
}

void
ham_exchange_say_who_was_heard(ham_core *core)
{
	uint16_t members = ham_members(core);

	if (core->phase == HAM_VIEW_EXCHANGE && core->asked_promise == 0 &&
	    all_heard(core, members) &&
	    core->said_heard != heard_of(core, members))
		ham_exchange_say(core);
}

void
ham_exchange_msg(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	struct ham_exchange *e = &core->exchange[from];

	/* said before the ADOPT that admitted it, delivered after; unless it
	 * knows of our state and has found no place in it */
	if (core->phase == HAM_VIEW_JOINED && (core->joined & ham_bit(from)) &&
	    (from == core->self ||
	     (e->valid && e->incarnation == msg->incarnation &&
	      msg->foreign_term != core->base.term)))
		return;
	e->valid = true;
	e->has_store = msg->has_store;
	e->incarnation = msg->incarnation;
	e->no_guests = msg->checksum == HAM_RECORD_CHECKSUM_EMPTY;
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
	core->joined &= (uint16_t)~ham_bit(from);
	core->counted &= (uint16_t)~ham_bit(from);
	if (core->phase == HAM_VIEW_JOINED && from != core->self)
		core->adopt_wanted |= ham_bit(from);
	else if ((core->phase == HAM_VIEW_PROMISING ||
		  core->phase == HAM_VIEW_EXCHANGE) &&
		 msg->promise > core->promise &&
		 msg->promise > core->asked_promise) {
		core->asked_promise = msg->promise;
		ham_persist_promise(core, msg->promise);
	}
	ham_exchange_say_who_was_heard(core);
	ham_view_recheck(core);
}

/* Guests came to nodes while this one was away: those were up, maybe on other
 * outlets than the devices were seen to switch here. */
static void
doubt_devices(ham_core *core, const struct ham_record *before)
{
	uint16_t up = 0;

	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		const struct ham_guest *b = ham_record_lookup(before, g->name);
		int owner = ham_node_index(core, g->owner);
		int dst = g->dst ? ham_node_index(core, g->dst) : -1;

		if (owner >= 0 && (!b || b->epoch != g->epoch))
			up |= ham_bit((unsigned int)owner);
		if (dst >= 0 && (!b || b->txn != g->txn))
			up |= ham_bit((unsigned int)dst);
	}
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if ((up & ham_bit(i)) && i != core->self)
			ham_fx(core, HAM_FX_FENCE_DOUBT)->node =
				core->config.nodes[i].id;
}

/* This node takes over the state of the view. */
static void
adopt(ham_core *core, const struct ham_msg *msg)
{
	bool had_store = core->has_store;
	g_autofree struct ham_record *before =
		g_memdup2(&core->record, sizeof(core->record));
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
	if (core->claims)
		ham_claim_fork(core);
	core->claims = 0;
	core->boot = core->config.boot;
	core->phase = HAM_VIEW_JOINED;
	core->check_us = core->joined_us = core->now_us;
	ham_node_adopted(core); /* what a boot has to say is stored, too */
	ham_persist_all(core);
	ham_disarm_adopted(core);
	doubt_devices(core, before);
	if (had_store) /* else it may have forgotten what ran here */
		ham_adopted(core, before);
	ham_reconcile_all(core);
}

/* Those it admits: only whose present hamd has said EXCHANGE before it in the
 * order, which every receiver sees alike. */
static uint16_t
admitted(const ham_core *core, const struct ham_msg *msg)
{
	uint16_t mask = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if ((msg->members & ham_bit(i)) && core->exchange[i].valid)
			mask |= ham_bit(i);
	return mask & ham_members(core);
}

/* The first ADOPT of a ring is void if a state is there, or the group is not
 * the one it names, or a member it names has come anew or promised another term
 * by then.  All members judge alike, whatever they have promised themselves
 * since; who came since and is not named can't, and would count words of theirs
 * that were said before they read it. */
static bool
is_void(const ham_core *core, const struct ham_msg *msg)
{
	return msg->joined == 0 && (core->phase == HAM_VIEW_JOINED ||
				    msg->members != ham_members(core) ||
				    !agreed(core, msg->members, msg->pos.term));
}

void
ham_exchange_adopt(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	uint16_t newcomers = admitted(core, msg) & (uint16_t)~core->joined;

	if (from == core->self)
		core->adopt_sent = false;
	if (is_void(core, msg)) {
		/* whoever stands highest says it again, if that is due */
		ham_view_recheck(core);
		return;
	}
	if (core->phase != HAM_VIEW_JOINED) {
		/* whom we have not heard we could not count alike */
		if (core->phase != HAM_VIEW_EXCHANGE ||
		    !(newcomers & ham_bit(core->self)) ||
		    (msg->members & ham_members(core) & ~newcomers)) {
			/* for EXCHANGE to say: we ask, though they may believe
			 * that we are in */
			core->foreign_term = msg->pos.term;
			return;
		}
		core->adopt_sent = false;
		core->stranger_us = 0;
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
	if (newcomers || (msg->members & ham_bit(core->self))) {
		/* if something here still stands in the way: as soon as not */
		core->told = (struct ham_pos){0, 0};
		ham_tell_stored(core, true);
		ham_peers_changed(core, false);
	}
	ham_assign_waiting(core);
	ham_view_recheck(core);
}
