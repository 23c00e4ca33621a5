/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/lease.c - how long this node may run guests without a word
 *
 * Each node says a HEARTBEAT every tenth of its lease, with its own time and
 * the newest time it has heard of everyone else in this ring; and once more
 * with the step after it has heard of another there.  The lease ends `lease`
 * after the sending time of our last heartbeat that a majority has heard in the
 * present ring: after a change of view nobody there answers for the old one, so
 * that survivors can tell when ours is over (death.c).
 *
 * Out of quorum the guests are frozen, back in time they go on; at the lease's
 * end they are killed.  After a standstill of this node they are frozen before
 * anything else, until a majority has heard us since (stale.c).  Nothing is
 * started or resumed without a lease.  A cluster without leases (config: 0)
 * does none of this.
 *
 * Sources: doc/protocol.md, "Leases"; T_wait and the factor 2 after sbd(8).
 */
#include <string.h>

#include "hamd/core/state.h"
#include "hamd/core/wire.h"

enum {
	BEATS = 10,
	LEASES_US = 1000000,
	/* A step comes every 250 ms.  No ring was made without us in a shorter
	 * time than this, or corosync tells us of it. */
	STANDSTILL_US = 1000000,
};

bool
ham_lease_valid(const ham_core *core)
{
	return core->config.lease_us == 0 || core->leaseless ||
	       core->now_us < core->lease_until_us;
}

static void
send_heartbeat(ham_core *core)
{
	struct ham_msg msg = {.kind = HAM_MSG_HEARTBEAT};

	core->beat_us = core->now_us;
	msg.beat_us = core->now_us;
	msg.lease_ms = (uint32_t)(core->config.lease_us / 1000);
	msg.watchdog_ms = (uint32_t)(core->config.watchdog_us / 1000);
	msg.n_nodes = (uint8_t)core->config.n_nodes;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		msg.seen_us[i] = core->peers[i].seen_us;
	ham_fx_send(core, &msg, false);
}

int64_t
ham_lease_heard_us(const ham_core *core)
{
	int64_t best = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		int64_t candidate = core->peers[i].heard_us;
		unsigned int n = 0;

		for (unsigned int k = 0; k < core->config.n_nodes; k++)
			n += (core->counted & (1u << k)) &&
			     core->peers[k].heard_us >= candidate;
		if (n >= ham_majority(core) && candidate > best)
			best = candidate;
	}
	return best;
}

static void
renew(ham_core *core)
{
	int64_t heard = ham_lease_heard_us(core);
	struct ham_effect *effect;
	bool first;

	if (heard == 0 || heard + core->config.lease_us <= core->lease_until_us)
		return;
	first = !ham_lease_valid(core);
	core->lease_until_us = heard + core->config.lease_us;
	effect = ham_fx(core, HAM_FX_LEASE);
	effect->value = (uint64_t)core->lease_until_us;
	if (first) {
		ham_lease_mind(core);
		ham_evaluate_all(core);
	}
}

/* Heard of for the first time in this ring, it waits for our word: with the
 * next step, or who speaks first would be answered with our next heartbeat
 * alone, a tenth of a lease later, and may have no more left of its last one.
 */
static void
note_seen(ham_core *core, unsigned int i)
{
	struct ham_peer *peer = &core->peers[i];

	if (peer->seen_us == 0 && i != core->self)
		core->beat_us = 0;
	peer->seen_us = peer->came_us;
}

/* What it says of its lease is on our disk before we say that we have heard it:
 * when its lease is over must be known to whoever let it renew it, also after a
 * restart. */
static bool
remember(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	struct ham_peer *peer = &core->peers[from];
	struct ham_heard heard = {(int64_t)msg->lease_ms * 1000,
				  (int64_t)msg->watchdog_ms * 1000};

	if (heard.lease_us != peer->heard.lease_us ||
	    heard.watchdog_us != peer->heard.watchdog_us) {
		peer->heard = heard;
		peer->heard_ticket = ham_persist_heard(core, from);
	}
	return peer->heard_ticket == 0;
}

void
ham_lease_persisted(ham_core *core, uint64_t ticket)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		struct ham_peer *peer = &core->peers[i];

		if (peer->heard_ticket == 0 || peer->heard_ticket > ticket)
			continue;
		peer->heard_ticket = 0;
		note_seen(core, i);
	}
}

const char *
ham_lease_load(ham_core *core, const char *key, const uint8_t *value,
	       size_t len)
{
	struct ham_reader r = {value, len, 0, false};
	uint64_t id = g_ascii_strtoull(key + strlen("heard/"), NULL, 10);
	int i = id <= UINT32_MAX ? ham_node_index(core, (uint32_t)id) : -1;
	struct ham_heard heard;

	heard.lease_us = (int64_t)ham_get_u32(&r) * 1000;
	heard.watchdog_us = (int64_t)ham_get_u32(&r) * 1000;
	if (r.bad || r.at != len)
		return "what was heard of a lease is damaged";
	if (i >= 0) /* else of a node that is no more */
		core->peers[i].heard = heard;
	return NULL;
}

static int64_t
standstill_us(const ham_core *core)
{
	return MIN(2 * core->config.lease_us / BEATS, STANDSTILL_US);
}

/* It stood still, and can't go on before it has heard of us: at once, or its
 * guests would wait for our next heartbeat. */
static void
answer_who_woke(ham_core *core, unsigned int from, int64_t before_us)
{
	if (from != core->self && before_us != 0 &&
	    core->peers[from].came_us - before_us > standstill_us(core) &&
	    core->peers[from].seen_us == core->peers[from].came_us)
		send_heartbeat(core);
}

void
ham_lease_on_heartbeat(ham_core *core, unsigned int from,
		       const struct ham_msg *msg)
{
	struct ham_peer *peer = &core->peers[from];
	int64_t before_us = peer->came_us;

	if (core->phase != HAM_VIEW_JOINED || !(core->joined & (1u << from)) ||
	    msg->n_nodes != core->config.n_nodes)
		return;
	peer->came_us = msg->beat_us;
	if (remember(core, from, msg))
		note_seen(core, from);
	peer->heard_us =
		from == core->self ? msg->beat_us : msg->seen_us[core->self];
	if (peer->heard_us > core->now_us)
		peer->heard_us = 0; /* we never said that */
	if (core->config.lease_us == 0)
		return;
	renew(core);
	answer_who_woke(core, from, before_us);
}

/* Somebody is gone, and how long its lease is may be known to one of us. */
static void
send_leases(ham_core *core)
{
	struct ham_msg msg = {.kind = HAM_MSG_LEASES};

	core->leases_us = core->now_us;
	msg.n_nodes = (uint8_t)core->config.n_nodes;
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		const struct ham_heard *heard = &core->peers[i].heard;

		msg.leases_ms[i] = (uint32_t)(heard->lease_us / 1000);
		msg.watchdogs_ms[i] = (uint32_t)(heard->watchdog_us / 1000);
	}
	ham_fx_send(core, &msg, false);
}

void
ham_lease_on_leases(ham_core *core, unsigned int from,
		    const struct ham_msg *msg)
{
	struct ham_peer *peer = &core->peers[from];

	if (core->phase != HAM_VIEW_JOINED || !(core->joined & (1u << from)) ||
	    msg->n_nodes != core->config.n_nodes)
		return;
	peer->has_told = true;
	for (unsigned int i = 0; i < msg->n_nodes; i++)
		peer->told[i] = (struct ham_heard){
			.lease_us = (int64_t)msg->leases_ms[i] * 1000,
			.watchdog_us = (int64_t)msg->watchdogs_ms[i] * 1000};
}

/* What was heard in a ring counts in that ring alone. */
void
ham_lease_view_closed(ham_core *core)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		core->peers[i].came_us = core->peers[i].seen_us = 0;
		core->peers[i].heard_us = 0;
		core->peers[i].has_told = false;
	}
	core->beat_us = core->leases_us = 0;
}

/* vCPUs may run here, or are about to; also where `stop` was asked and is not
 * answered yet. */
bool
ham_may_run(const struct ham_local *local)
{
	return ham_owner_stage(local->stage) || local->stage == HAM_L_D_RUN ||
	       local->stage == HAM_L_S_CAPTURE ||
	       local->stage == HAM_L_S_HALTING ||
	       local->stage == HAM_L_S_RESUME;
}

static void
end_all(ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++) {
		struct ham_local *local = &core->locals[i];

		if (!ham_may_run(local))
			continue;
		if (local->stage == HAM_L_D_RUN)
			local->ran = true; /* or may have */
		local->lease_over = true;
		ham_end_here(core, local, HAM_L_KILL, HAM_DO_KILL);
	}
}

static bool
any_may_run(const ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++)
		if (ham_may_run(&core->locals[i]))
			return true;
	return false;
}

bool
ham_core_may_run(const ham_core *core)
{
	return any_may_run(core);
}

int64_t
ham_core_lease_us(const ham_core *core)
{
	return core->config.lease_us;
}

bool
ham_core_is_armed(const ham_core *core, uint32_t id)
{
	int i = ham_node_index(core, id);

	return i >= 0 && core->peers[i].heard.watchdog_us > 0;
}

/* Certainly out of quorum, not merely between two rings, or on the way to
 * corosync, which tells of the group before any ring: a restart of hamd is no
 * reason to stop guests. */
static bool
out_of_quorum(const ham_core *core)
{
	return (core->was_connected && !core->connected) ||
	       (core->connected && core->totem.rep != 0 &&
		ham_ring_equal(core->quorum, core->totem) && !core->quorate);
}

static void
freeze_all(ham_core *core, bool freeze, const char *why)
{
	struct ham_effect *effect;

	/* what an earlier life left is not known: say it once */
	if (core->freeze_said && freeze == core->frozen)
		return;
	core->freeze_said = true;
	core->frozen = freeze;
	effect = ham_fx(core, HAM_FX_FREEZE);
	effect->flag = freeze;
	g_strlcpy(effect->text, why, sizeof(effect->text));
}

void
ham_lease_mind(ham_core *core)
{
	bool over;

	if (core->dead)
		return;
	ham_disarm_mind(core);
	if (core->config.lease_us == 0)
		return;
	over = !ham_lease_valid(core) && any_may_run(core);
	if (core->woke_us && ham_lease_heard_us(core) >= core->woke_us) {
		core->woke_us = 0;
		ham_stale_heard(core);
	}
	if (core->leaseless)
		freeze_all(core, false, "");
	else if (core->woke_us)
		freeze_all(core, true, "this node stood still");
	else if (out_of_quorum(core))
		freeze_all(core, true, "no quorum");
	else if (over)
		freeze_all(core, true, "no lease");
	else if (ham_is_active(core) && ham_lease_valid(core))
		freeze_all(core, false, "");
	if (!over)
		return;
	end_all(core);
	ham_fx_note(core, HAM_NOTE_ALARM, NULL,
		    "the lease is over: all guests here are ended");
}

void
ham_lease_begin(ham_core *core, int64_t before_us)
{
	if (core->config.lease_us == 0 || core->leaseless || before_us == 0)
		return;
	if (core->now_us - before_us > standstill_us(core) &&
	    any_may_run(core)) {
		core->woke_us = core->now_us;
		core->beat_us = 0;
		ham_stale_woke(core);
	}
	/* what this step is about may begin something */
	if (core->woke_us || !ham_lease_valid(core))
		ham_lease_mind(core);
}

void
ham_lease_woken(ham_core *core)
{
	if (core->woke_us && core->beat_us == 0 &&
	    core->phase == HAM_VIEW_JOINED)
		send_heartbeat(core);
}

void
ham_lease_tick(ham_core *core)
{
	/* a new view has heard nobody yet: no guest starts before */
	int64_t every =
		ham_lease_heard_us(core) ? core->config.lease_us / BEATS : 0;

	if (core->config.lease_us > 0 && core->phase == HAM_VIEW_JOINED &&
	    core->now_us - core->beat_us >= every)
		send_heartbeat(core);
	if (core->config.lease_us > 0 && core->phase == HAM_VIEW_JOINED &&
	    ham_popcount(core->totem_mask) < core->config.n_nodes &&
	    core->now_us - core->leases_us >= LEASES_US)
		send_leases(core);
}
