/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/view.c - corosync's news: who is here, and may we decide
 *
 * Ring, quorum and group come apart and in any order; only where all three
 * agree is there a view.  It becomes one that decides in exchange.c:
 *
 *	NONE -quorum-> PROMISING -> EXCHANGE -> JOINED -stored by a majority->
 *	active
 *
 * A new ring ends it at once: what was said in the old one is void.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

enum {
	AGAIN_US = 3000000
};

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
	return ham_two_solo(core) ? 1 : core->config.n_nodes / 2 + 1;
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

	return i >= 0 && (core->joined & ham_bit((unsigned int)i));
}

bool
ham_view_has_quorum(const ham_core *core)
{
	return core->connected && core->quorate &&
	       ham_ring_equal(core->quorum, core->totem) &&
	       ham_popcount(ham_members(core)) >= ham_majority(core) &&
	       (ham_members(core) & ham_bit(core->self));
}

bool
ham_is_active(const ham_core *core)
{
	return !core->dead && core->phase == HAM_VIEW_JOINED &&
	       ham_view_has_quorum(core) &&
	       core->committed.term == core->base.term &&
	       ham_popcount(core->joined) >= ham_majority(core) &&
	       ham_pos_compare(core->committed, core->base) >= 0;
}

uint32_t
ham_leader(const ham_core *core)
{
	if (core->phase != HAM_VIEW_JOINED)
		return 0;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (core->joined & ham_bit(i))
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
	if (core->claims)
		ham_fx_note(core, HAM_NOTE_ALARM, NULL,
			    "the cluster's members have changed: the claim of "
			    "its state is void");
	core->claims = 0;
	core->n_waiting = 0;
	core->n_flying = 0;
	core->asked_promise = 0;
	ham_lease_view_closed(core);
	memset(core->exchange, 0, sizeof(core->exchange));
	memset(core->stored, 0, sizeof(core->stored));
	core->told = (struct ham_pos){0, 0};
}

void
ham_view_recheck(ham_core *core)
{
	if (core->dead || !core->ready)
		return;
	if (core->phase != HAM_VIEW_NONE)
		ham_exchange_go_on(core);
	else if (ham_view_has_quorum(core))
		ham_exchange_open(core);
}

void
ham_view_totem(ham_core *core, const struct ham_event *event)
{
	uint16_t mask = 0;

	for (size_t i = 0; i < event->n_ids; i++) {
		int index = ham_node_index(core, event->ids[i]);

		if (index >= 0)
			mask |= ham_bit((unsigned int)index);
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
			mask |= ham_bit((unsigned int)index);
	}
	core->connected = core->was_connected = true;
	gone = core->joined & (uint16_t)~mask;
	come = mask & (uint16_t)~core->group_mask;
	core->group_mask = mask;
	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		if (mask & ham_bit(i))
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
		ham_exchange_say(core);
	else
		ham_exchange_say_who_was_heard(core);
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
		ham_exchange_say(core);
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
	if (active) {
		ham_command_again(core);
		ham_death_tick(core); /* who is gone is fenced at once */
	}
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
		if (!(mask & ham_bit(i)))
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
	} else if (ham_two_alone(core) && !ham_two_solo(core)) {
		const char *other =
			core->config.nodes[ham_two_other(core)].name;

		if (ham_two_is_newest(core))
			g_snprintf(out, size, "%s, or proof that it is off%s",
				   other,
				   ham_two_differ(core)
					   ? ", which its fence devices don't "
					     "give as its cluster file differed"
					   : "");
		else
			g_snprintf(out, size,
				   "%s, which may have gone on while this node "
				   "was off",
				   other);
	} else if (ham_popcount(members) < ham_majority(core)) {
		add_names(core, all & (uint16_t)~members, names, sizeof(names));
		g_snprintf(out, size, "hamd on %u more of: %s",
			   ham_majority(core) - ham_popcount(members), names);
	} else if (ham_exchange_lacks_source(core)) {
		add_names(core, all & (uint16_t)~members, names, sizeof(names));
		g_snprintf(out, size,
			   "nodes that hold the cluster's state, missing: %s "
			   "(a new cluster must see all its nodes once)",
			   names);
	} else {
		uint16_t silent = 0;

		for (unsigned int i = 0; i < core->config.n_nodes; i++)
			if ((members & ham_bit(i)) &&
			    (core->phase == HAM_VIEW_JOINED
				     ? !(core->counted & ham_bit(i))
				     : !core->exchange[i].valid))
				silent |= ham_bit(i);
		add_names(core, silent, names, sizeof(names));
		g_snprintf(out, size, "the exchange of states with: %s", names);
	}
}
