/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/ring.c - a model of corosync: totem's order, CPG, quorum
 *
 * One order a ring.  A breaking ring gives each group of nodes that goes on
 * together what any of them has received, past gaps too; views are installed at
 * different times, quorum's news come apart from CPG's, and a message is sent
 * in the ring that is there when its turn comes.  An accepted message may be
 * dropped, or reach one node late; a hamd that is gone may stay in CPG's list
 * (a ghost), corosync may die alone, a hamd may lose it and find it again in
 * the same ring.  Left out: two rings at once over one network, a token that is
 * merely late, links that work one way.
 */
#include "tests/sim/sim.h"

enum {
	AGAIN_US = 5 * SIM_S, /* a ring that breaks before is the story */
};

enum frame_kind {
	FRAME_MESSAGE,
	FRAME_JOIN,
	FRAME_LEAVE,
	FRAME_PRESENT, /* after a new ring: a hamd is here */
};

struct frame {
	uint8_t kind;
	unsigned int from;
	uint16_t has; /* nodes that have received it */
	GBytes *bytes;
};

struct sim_ring {
	struct ham_ring id;
	uint16_t members;
	GPtrArray *log; /* struct frame */
};

struct wire { /* what a timer carries */
	unsigned int node;
	uint64_t life;
	uint64_t incarnation;
	struct sim_ring *ring;
	unsigned int index;
	GQueue *outbox;	   /* turn: of the corosync that was */
	uint16_t together; /* install: who goes on together */
};

static void
frame_free(gpointer data)
{
	struct frame *frame = data;

	if (frame->bytes)
		g_bytes_unref(frame->bytes);
	g_free(frame);
}

static bool
turns(const struct sim *sim, unsigned int i)
{
	return sim->node[i].corosync && !sim_asleep(sim, i);
}

static bool
connected(const struct sim *sim, unsigned int a, unsigned int b)
{
	return turns(sim, a) && turns(sim, b) &&
	       sim->node[a].part == sim->node[b].part;
}

bool
sim_data(const struct sim *sim, unsigned int a, unsigned int b)
{
	return sim->node[a].power && sim->node[b].power &&
	       !sim_asleep(sim, a) && !sim_asleep(sim, b) &&
	       sim->node[a].data_part == sim->node[b].data_part;
}

static size_t
list(uint16_t mask, uint32_t *ids)
{
	size_t n = 0;

	for (unsigned int i = 0; i < SIM_NODES; i++)
		if (mask & (1u << i))
			ids[n++] = i + 1;
	return n;
}

static void
tell(struct sim *sim, unsigned int i, uint8_t kind)
{
	struct sim_node *node = &sim->node[i];
	uint32_t ids[SIM_NODES];
	struct ham_event event = {.kind = kind, .ids = ids};
	uint16_t mask =
		kind == HAM_EV_GROUP ? node->group : node->ring->members;

	event.n_ids = list(mask, ids);
	event.ring = node->ring->id;
	/* two_node and wait_for_all, votequorum(5) */
	event.flag = sim->n == 2 ? node->seen_all : event.n_ids > sim->n / 2;
	if (node->hamd && !node->cut)
		sim_step(sim, i, &event);
}

void
sim_ring_go_alone(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];

	if (!node->ring || node->cut)
		return;
	node->seen_all = true;
	tell(sim, i, HAM_EV_QUORUM);
}

/* ---- delivery ---- */

static void
deliver_one(struct sim *sim, unsigned int i, const struct frame *frame)
{
	struct sim_node *node = &sim->node[i];
	struct ham_event event = {.kind = HAM_EV_MESSAGE,
				  .node = frame->from + 1};
	gsize len;

	switch ((enum frame_kind)frame->kind) {
	case FRAME_MESSAGE:
		if (!node->hamd || !node->joined || node->cut)
			return;
		event.bytes = g_bytes_get_data(frame->bytes, &len);
		event.len = len;
		sim_step(sim, i, &event);
		return;
	case FRAME_JOIN:
	case FRAME_PRESENT:
		node->group |= (uint16_t)(1u << frame->from);
		if (frame->from == i && frame->kind == FRAME_JOIN)
			node->joined = true;
		break;
	case FRAME_LEAVE:
		node->group &= (uint16_t) ~(1u << frame->from);
		break;
	}
	if (node->joined)
		tell(sim, i, HAM_EV_GROUP);
}

static void
deliver(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	struct sim_ring *ring = node->ring;

	while (!node->next_ring && node->ring == ring &&
	       node->delivered < ring->log->len) {
		struct frame *frame =
			g_ptr_array_index(ring->log, node->delivered);

		if (!(frame->has & (1u << i)))
			break;
		node->delivered++;
		deliver_one(sim, i, frame);
	}
}

static void receive(struct sim *sim, void *data);

static void
receive_later(struct sim *sim, const struct wire *wire, int64_t after_us)
{
	sim_at(sim, after_us, receive, g_memdup2(wire, sizeof(*wire)));
}

/* From whoever in the ring has it: totem sends again what is missing. */
static void
receive(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];
	struct frame *frame = g_ptr_array_index(wire->ring->log, wire->index);

	if (node->life != wire->life || !node->corosync ||
	    node->ring != wire->ring || node->next_ring ||
	    sim_defer(sim, wire->node, receive, wire, sizeof(*wire)))
		return;
	for (unsigned int k = 0; k < sim->n; k++)
		if ((frame->has & (1u << k)) &&
		    sim->node[k].ring == wire->ring &&
		    connected(sim, k, wire->node)) {
			frame->has |= (uint16_t)(1u << wire->node);
			deliver(sim, wire->node);
			return;
		}
	receive_later(sim, wire, 20 * SIM_MS);
}

static bool
token_turns(const struct sim *sim, const struct sim_ring *ring)
{
	unsigned int first = SIM_NODES;

	for (unsigned int k = 0; k < sim->n; k++) {
		if (!(ring->members & (1u << k)))
			continue;
		if (first == SIM_NODES)
			first = k;
		if (sim->node[k].ring != ring || sim->node[k].next_ring ||
		    !connected(sim, first, k))
			return false;
	}
	return true;
}

static struct sim_ring *
ring_new(struct sim *sim, uint16_t members)
{
	struct sim_ring *ring = g_new0(struct sim_ring, 1);

	sim->ring_seq += 4;
	ring->members = members;
	ring->id.rep = (uint32_t)g_bit_nth_lsf(members, -1) + 1;
	ring->id.seq = sim->ring_seq;
	ring->log = g_ptr_array_new_with_free_func(frame_free);
	g_ptr_array_add(sim->rings, ring);
	return ring;
}

/* What was lost on the way comes when it was sent again; whatever follows it
 * waits for it. */
static int64_t
way_us(struct sim *sim, unsigned int to, const struct frame *frame)
{
	gsize len = 0;
	const uint8_t *bytes =
		frame->bytes ? g_bytes_get_data(frame->bytes, &len) : NULL;

	if (sim_once_missed(sim, to, bytes, len))
		return AGAIN_US;
	if (sim_chance(sim, sim->rates.late))
		return sim_between(sim, 5 * SIM_MS, 300 * SIM_MS);
	return sim_between(sim, 50, 1500);
}

static void
sequence(struct sim *sim, unsigned int i, struct frame *frame)
{
	struct sim_ring *ring = sim->node[i].ring;
	struct wire to = {.ring = ring, .index = ring->log->len};

	frame->has = (uint16_t)(1u << i);
	g_ptr_array_add(ring->log, frame);
	for (unsigned int k = 0; k < sim->n; k++) {
		if (k == i || !(ring->members & (1u << k)))
			continue;
		to.node = k;
		to.life = sim->node[k].life;
		receive_later(sim, &to, way_us(sim, k, frame));
	}
	deliver(sim, i);
}

/* The token is here, if it turns at all. */
static void
turn(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];
	struct frame *frame;

	if (node->life != wire->life || !node->corosync ||
	    node->outbox != wire->outbox ||
	    sim_defer(sim, wire->node, turn, wire, sizeof(*wire)))
		return;
	while (node->held_until_us <= sim->now_us &&
	       token_turns(sim, node->ring) &&
	       (frame = g_queue_pop_head(node->outbox)))
		sequence(sim, wire->node, frame);
	node->turn_due = !g_queue_is_empty(node->outbox);
	if (node->turn_due)
		sim_at(sim, 5 * SIM_MS, turn, g_memdup2(wire, sizeof(*wire)));
}

static void
post(struct sim *sim, unsigned int i, enum frame_kind kind, GBytes *bytes)
{
	struct sim_node *node = &sim->node[i];
	struct frame *frame = g_new0(struct frame, 1);
	struct wire wire = {
		.node = i, .life = node->life, .outbox = node->outbox};

	frame->kind = (uint8_t)kind;
	frame->from = i;
	frame->bytes = bytes;
	g_queue_push_tail(node->outbox, frame);
	if (node->turn_due)
		return;
	node->turn_due = true;
	sim_at(sim, sim_between(sim, 50, 800), turn,
	       g_memdup2(&wire, sizeof(wire)));
}

static void
set_up(struct sim *sim, unsigned int i, bool up)
{
	struct sim_node *node = &sim->node[i];

	node->corosync = up;
	node->seen_all = false;
	if (node->outbox)
		g_queue_free_full(node->outbox, frame_free);
	node->outbox = up ? g_queue_new() : NULL;
	node->turn_due = false;
	node->held_until_us = 0;
	node->joined = false;
	node->group = 0;
	node->next_ring = NULL;
	node->delivered = 0;
	node->quorum_told = up;
	node->ring = up ? ring_new(sim, (uint16_t)(1u << i)) : NULL;
	sim_ring_changed(sim);
}

/* Corosync of a node that has power now, or has lost it. */
void
sim_ring_power(struct sim *sim, unsigned int i)
{
	set_up(sim, i, sim->node[i].power);
}

static void
live_again(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];

	if (node->life != wire->life || node->corosync ||
	    sim_defer(sim, wire->node, live_again, wire, sizeof(*wire)))
		return;
	sim_say(sim, "n%u corosync starts", wire->node + 1);
	set_up(sim, wire->node, true);
	if (node->hamd && !node->cut)
		sim_ring_group(sim, wire->node);
}

void
sim_ring_die(struct sim *sim, unsigned int i, int64_t for_us)
{
	struct sim_node *node = &sim->node[i];
	struct wire wire = {.node = i, .life = node->life};
	struct ham_event lost = {.kind = HAM_EV_LOST};

	if (!node->corosync || sim_asleep(sim, i))
		return;
	sim_say(sim, "n%u corosync dies", i + 1);
	set_up(sim, i, false);
	sim_at(sim, for_us, live_again, g_memdup2(&wire, sizeof(wire)));
	sim_step(sim, i, &lost);
}

void
sim_ring_send(struct sim *sim, unsigned int i, const uint8_t *bytes, size_t len,
	      bool droppable)
{
	int64_t held_us;

	sim_moment(sim, i, SIM_ON_SEND + (len > 5 ? bytes[5] : 0));
	if (!sim->node[i].corosync || sim->node[i].cut)
		return; /* the connection is broken, LOST is on its way */
	if (sim_once_lost(sim, i, bytes, len))
		return;
	if (sim_chance(sim,
		       droppable ? 20 * sim->rates.drop : sim->rates.drop)) {
		sim_say(sim, "n%u corosync drops a message", i + 1);
		return;
	}
	held_us = sim_once_held(sim, i, bytes, len);
	if (held_us)
		sim->node[i].held_until_us = sim->now_us + held_us;
	post(sim, i, FRAME_MESSAGE, g_bytes_new(bytes, len));
}

void
sim_ring_group(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];

	node->joined = node->cut = false;
	if (node->hamd) {
		tell(sim, i, HAM_EV_TOTEM);
		if (node->quorum_told)
			tell(sim, i, HAM_EV_QUORUM);
	}
	post(sim, i, node->hamd ? FRAME_JOIN : FRAME_LEAVE, NULL);
}

static void
connect_again(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];

	if (!node->hamd || node->incarnation != wire->incarnation || !node->cut)
		return;
	if (sim_hamd_hung(sim, wire->node)) {
		/* it first reads what it had not, and can't answer that */
		sim_at(sim, node->hung_until_us - sim->now_us + 1,
		       connect_again, g_memdup2(wire, sizeof(*wire)));
		return;
	}
	node->cut = false;
	if (node->corosync)
		sim_ring_group(sim, wire->node);
}

/* After the effects of the step that may have asked for it. */
static void
tell_lost(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];
	struct ham_event lost = {.kind = HAM_EV_LOST};

	if (node->hamd && node->incarnation == wire->incarnation && node->cut)
		sim_step(sim, wire->node, &lost);
}

void
sim_ring_cut(struct sim *sim, unsigned int i, int64_t for_us)
{
	struct sim_node *node = &sim->node[i];
	struct wire wire = {.node = i, .incarnation = node->incarnation};

	if (!node->hamd || !node->corosync || node->cut || sim_asleep(sim, i))
		return;
	sim_say(sim, "n%u hamd loses corosync", i + 1);
	node->cut = true;
	node->joined = false;
	post(sim, i, FRAME_LEAVE, NULL);
	sim_at(sim, 0, tell_lost, g_memdup2(&wire, sizeof(wire)));
	sim_at(sim, for_us, connect_again, g_memdup2(&wire, sizeof(wire)));
}

/* ---- a new ring ---- */

static void
quorum_news(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];

	if (node->life != wire->life || node->ring != wire->ring ||
	    sim_defer(sim, wire->node, quorum_news, wire, sizeof(*wire)))
		return;
	node->quorum_told = true;
	tell(sim, wire->node, HAM_EV_QUORUM);
}

static void
install(struct sim *sim, void *data)
{
	struct wire *wire = data;
	struct sim_node *node = &sim->node[wire->node];
	struct sim_ring *old = node->ring;
	int64_t late_us;

	if (node->life != wire->life || node->next_ring != wire->ring ||
	    sim_defer(sim, wire->node, install, wire, sizeof(*wire)))
		return;
	for (; old && node->delivered < old->log->len; node->delivered++) {
		struct frame *frame =
			g_ptr_array_index(old->log, node->delivered);

		if (frame->has & wire->together)
			deliver_one(sim, wire->node, frame);
	}
	node->ring = wire->ring;
	if (node->ring->members == (1u << sim->n) - 1)
		node->seen_all = true;
	node->next_ring = NULL;
	node->delivered = 0;
	if (!sim_chance(sim, sim->rates.ghost))
		node->group &= wire->together; /* the others say PRESENT */
	node->quorum_told = false;
	tell(sim, wire->node, HAM_EV_TOTEM);
	if (node->joined)
		tell(sim, wire->node, HAM_EV_GROUP);
	if (node->hamd && node->joined)
		post(sim, wire->node, FRAME_PRESENT, NULL);
	late_us = sim_once_quorum(sim, wire->node);
	sim_at(sim, late_us ? late_us : sim_between(sim, 0, 200 * SIM_MS),
	       quorum_news, g_memdup2(wire, sizeof(*wire)));
}

static bool
is_stable(const struct sim *sim, uint16_t members)
{
	for (unsigned int k = 0; k < sim->n; k++)
		if ((members & (1u << k)) &&
		    (!sim->node[k].ring || sim->node[k].next_ring ||
		     sim->node[k].ring->members != members ||
		     sim->node[k].ring !=
			     sim->node[g_bit_nth_lsf(members, -1)].ring))
			return false;
	return true;
}

static void
form(struct sim *sim, uint16_t members)
{
	struct sim_ring *ring = ring_new(sim, members);
	GString *text = g_string_new("");

	for (unsigned int k = 0; k < sim->n; k++)
		if (members & (1u << k))
			g_string_append_printf(text, " n%u", k + 1);
	sim_say(sim, "ring %u.%" G_GUINT64_FORMAT ":%s", ring->id.rep,
		ring->id.seq, text->str);
	g_string_free(text, TRUE);
	for (unsigned int i = 0; i < sim->n; i++) {
		struct sim_node *node = &sim->node[i];
		struct wire *wire;

		if (!(members & (1u << i)))
			continue;
		wire = g_new0(struct wire, 1);
		wire->node = i;
		wire->life = node->life;
		wire->ring = ring;
		for (unsigned int k = 0; k < sim->n; k++)
			if ((members & (1u << k)) &&
			    sim->node[k].ring == node->ring)
				wire->together |= (uint16_t)(1u << k);
		node->next_ring = ring;
		sim_at(sim, sim_between(sim, 0, 30 * SIM_MS), install, wire);
	}
}

static void
reform(struct sim *sim, void *data)
{
	uint16_t done = 0;

	if (*(uint64_t *)data != sim->changes)
		return;
	for (unsigned int i = 0; i < sim->n; i++) {
		uint16_t members = 0;

		if (!turns(sim, i) || (done & (1u << i)))
			continue;
		for (unsigned int k = 0; k < sim->n; k++)
			if (connected(sim, i, k))
				members |= (uint16_t)(1u << k);
		done |= members;
		if (!is_stable(sim, members))
			form(sim, members);
	}
}

void
sim_ring_changed(struct sim *sim)
{
	uint64_t *change = g_new(uint64_t, 1);

	*change = ++sim->changes;
	sim_at(sim, sim_between(sim, 900 * SIM_MS, 1500 * SIM_MS), reform,
	       change);
}

static void
ring_free(gpointer data)
{
	struct sim_ring *ring = data;

	g_ptr_array_unref(ring->log);
	g_free(ring);
}

void
sim_ring_free(struct sim *sim)
{
	g_ptr_array_set_free_func(sim->rings, ring_free);
	g_ptr_array_unref(sim->rings);
}
