/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/plan.c - see plan.h */
#include "hamd/core/plan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* other orders that are looked at in one plan: a bound for a cluster
	 * that is too small for all of its guests */
	SWAPS_MAX = 4096,
};

struct room {
	const struct ham_plan_input *in;
	int64_t free_mib[HAM_MAX_NODES]; /* where it is known */
	unsigned int guests[HAM_MAX_NODES];
	bool by_memory; /* known of every node that may hold guests */
	uint16_t *on;	/* of each of in->guests: a bit per node */
	unsigned int swaps;
};

static int
index_of(const struct ham_plan_input *in, uint32_t node)
{
	for (unsigned int i = 0; node && i < in->n_nodes; i++)
		if (in->nodes[i].id == node)
			return (int)i;
	return -1;
}

static int64_t
memory_of(const struct ham_core_guest *config)
{
	return config ? (int64_t)config->memory_mib : 0;
}

/* It is there from now on, or not any more. */
static void
put(struct room *room, const struct ham_core_guest *config, unsigned int node,
    bool there)
{
	uint16_t bit = (uint16_t)(1u << node);

	room->free_mib[node] += there ? -memory_of(config) : memory_of(config);
	room->guests[node] += there ? 1u : -1u;
	if (config && there)
		room->on[config - room->in->guests] |= bit;
	else if (config)
		room->on[config - room->in->guests] &= (uint16_t)~bit;
}

static void
put_guest(struct room *room, const struct ham_guest *guest, bool there)
{
	const struct ham_core_guest *config =
		g_hash_table_lookup(room->in->by_name, guest->name);
	uint32_t at[] = {guest->owner_dead ? 0 : guest->owner, guest->dst,
			 guest->move_to};

	for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
		int node = index_of(room->in, at[i]);

		if (node >= 0)
			put(room, config, (unsigned int)node, there);
	}
}

/* As if the items were nowhere. */
static void
survey(struct room *room, const struct ham_plan_input *in,
       const struct ham_plan_item *items, unsigned int n)
{
	memset(room, 0, sizeof(*room));
	room->in = in;
	room->by_memory = true;
	room->on = g_new0(uint16_t, MAX(in->n_guests, 1u));
	for (unsigned int i = 0; i < in->n_nodes; i++) {
		room->free_mib[i] = (int64_t)in->state[i].room_mib;
		if (in->state[i].bar == HAM_PLAN_OPEN && !in->state[i].known)
			room->by_memory = false;
	}
	for (unsigned int i = 0; i < in->record->n_guests; i++)
		if (in->record->guests[i].phase != HAM_GUEST_STOPPED)
			put_guest(room, &in->record->guests[i], true);
	for (unsigned int i = 0; i < n; i++)
		if (items[i].guest &&
		    items[i].guest->phase != HAM_GUEST_STOPPED)
			put_guest(room, items[i].guest, false);
}

/* ---- one guest, one node ---- */

static bool
has_disks(const struct ham_plan_item *item, uint32_t node)
{
	if (!item->guest || item->disks == HAM_PLAN_BROUGHT)
		return true;
	if (item->disks == HAM_PLAN_STARTS)
		return ham_guest_may_start(
			item->guest, node,
			item->config ? item->config->shared : 0,
			item->config && item->config->common);
	return ham_guest_may_own(item->guest, node);
}

static const struct ham_core_guest *
apart_from(const struct room *room, const struct ham_core_guest *config,
	   unsigned int node)
{
	for (unsigned int i = 0; config && i < config->n_apart; i++)
		if (room->on[config->apart[i]] & (1u << node))
			return &room->in->guests[config->apart[i]];
	return NULL;
}

static unsigned int
friends_on(const struct room *room, const struct ham_core_guest *config,
	   unsigned int node)
{
	unsigned int n = 0;

	for (unsigned int i = 0; config && i < config->n_with; i++)
		n += room->on[config->with[i]] >> node & 1;
	return n;
}

/* What no other guest changes. */
static enum ham_plan_bar
own_bar(const struct ham_plan_input *in, const struct ham_plan_item *item,
	unsigned int node)
{
	uint32_t id = in->nodes[node].id;

	if (in->state[node].bar != HAM_PLAN_OPEN)
		return (enum ham_plan_bar)in->state[node].bar;
	if (!has_disks(item, id))
		return HAM_PLAN_NO_COPY;
	if (item->disks == HAM_PLAN_CURRENT && item->guest &&
	    item->guest->owner_dead && ham_guest_tried(item->guest, id))
		return HAM_PLAN_TRIED;
	return HAM_PLAN_OPEN;
}

static enum ham_plan_bar
find_bar(const struct room *room, struct ham_plan_item *item, unsigned int node)
{
	enum ham_plan_bar bar = own_bar(room->in, item, node);
	int64_t needed = memory_of(item->config);

	if (bar != HAM_PLAN_OPEN)
		return bar;
	item->other[node] = apart_from(room, item->config, node);
	item->free_mib[node] = room->free_mib[node];
	if (item->other[node])
		return HAM_PLAN_APART;
	return room->in->state[node].known && needed > 0 &&
			       room->free_mib[node] < needed
		       ? HAM_PLAN_NO_MEMORY
		       : HAM_PLAN_OPEN;
}

static unsigned int
rank_of(const struct ham_core_guest *config, uint32_t node)
{
	unsigned int rank = 0;

	while (config && rank < config->n_prefer &&
	       config->prefer[rank] != node)
		rank++;
	return config && rank < config->n_prefer ? rank : HAM_MAX_NODES;
}

/* Both are open for it. */
static bool
is_better(const struct room *room, const struct ham_plan_item *item,
	  unsigned int a, unsigned int b)
{
	const struct ham_core_node *nodes = room->in->nodes;
	const struct ham_plan_node *state = room->in->state;
	unsigned int x = friends_on(room, item->config, a);
	unsigned int y = friends_on(room, item->config, b);

	if (state[a].closed != state[b].closed)
		return !state[a].closed;
	if (x != y)
		return x > y;
	x = rank_of(item->config, nodes[a].id);
	y = rank_of(item->config, nodes[b].id);
	if (x != y)
		return x < y;
	if ((nodes[a].id == item->home) != (nodes[b].id == item->home))
		return nodes[a].id == item->home;
	if (room->by_memory && room->free_mib[a] != room->free_mib[b])
		return room->free_mib[a] > room->free_mib[b];
	if (room->guests[a] != room->guests[b])
		return room->guests[a] < room->guests[b];
	return a < b;
}

static bool
place(struct room *room, struct ham_plan_item *item)
{
	int pinned = index_of(room->in, item->pinned);
	int best = -1;

	for (unsigned int i = 0; i < room->in->n_nodes; i++) {
		item->bar[i] = (uint8_t)find_bar(room, item, i);
		if (item->bar[i] == HAM_PLAN_OPEN &&
		    (best < 0 || is_better(room, item, i, (unsigned int)best)))
			best = (int)i;
	}
	if (pinned >= 0 &&
	    own_bar(room->in, item, (unsigned int)pinned) == HAM_PLAN_OPEN)
		best = pinned;
	item->node = best >= 0 ? room->in->nodes[best].id : 0;
	if (best >= 0)
		put(room, item->config, (unsigned int)best, true);
	return best >= 0;
}

/* ---- all of them ---- */

static unsigned int
choices(const struct ham_plan_input *in, const struct ham_plan_item *item)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < in->n_nodes; i++)
		n += own_bar(in, item, i) == HAM_PLAN_OPEN;
	return n;
}

static const char *
name_of(const struct ham_plan_item *item)
{
	return item->guest ? item->guest->name
			   : (item->config ? item->config->name : "");
}

static int
compare(const void *x, const void *y)
{
	const struct ham_plan_item *a = x;
	const struct ham_plan_item *b = y;
	unsigned int p = a->config ? a->config->priority : 0;
	unsigned int q = b->config ? b->config->priority : 0;

	if ((a->pinned != 0) != (b->pinned != 0))
		return a->pinned ? -1 : 1;
	if (p != q)
		return p > q ? -1 : 1;
	if (a->choices != b->choices)
		return a->choices < b->choices ? -1 : 1;
	if (memory_of(a->config) != memory_of(b->config))
		return memory_of(a->config) > memory_of(b->config) ? -1 : 1;
	return strcmp(name_of(a), name_of(b));
}

/* `other`, which has a place on that node, goes elsewhere if that makes the
 * room that `item` lacks. */
static bool
swap(struct room *room, struct ham_plan_item *item, struct ham_plan_item *other,
     unsigned int node)
{
	struct ham_plan_item saved = *other;
	struct ham_plan_item moved = *other;

	put(room, other->config, node, false);
	if (find_bar(room, item, node) == HAM_PLAN_OPEN) {
		put(room, item->config, node, true);
		if (place(room, &moved)) {
			item->node = room->in->nodes[node].id;
			*other = moved;
			return true;
		}
		put(room, item->config, node, false);
	}
	put(room, saved.config, node, true);
	return false;
}

static bool
find_swap(struct room *room, struct ham_plan_item *items, unsigned int n,
	  struct ham_plan_item *item)
{
	struct ham_plan_item tried = *item;

	for (unsigned int i = 0; i < n; i++) {
		int node = index_of(room->in, items[i].node);

		if (node < 0 || items[i].pinned ||
		    (item->bar[node] != HAM_PLAN_APART &&
		     item->bar[node] != HAM_PLAN_NO_MEMORY))
			continue;
		if (room->swaps++ >= SWAPS_MAX)
			return false;
		if (!swap(room, &tried, &items[i], (unsigned int)node))
			continue;
		item->node = tried.node;
		return true;
	}
	return false;
}

void
ham_plan(const struct ham_plan_input *input, struct ham_plan_item *items,
	 unsigned int n)
{
	struct room room;

	if (n == 0)
		return;
	survey(&room, input, items, n);
	for (unsigned int i = 0; i < n; i++)
		items[i].choices = choices(input, &items[i]);
	qsort(items, n, sizeof(items[0]), compare);
	for (unsigned int i = 0; i < n; i++)
		if (!place(&room, &items[i]))
			(void)find_swap(&room, items, i, &items[i]);
	g_free(room.on);
}

void
ham_plan_free(const struct ham_plan_input *input,
	      int64_t free_mib[HAM_MAX_NODES])
{
	struct room room;

	survey(&room, input, NULL, 0);
	memcpy(free_mib, room.free_mib, sizeof(room.free_mib));
	g_free(room.on);
}

/* ---- in words ---- */

void
ham_plan_bar_text(const struct ham_plan_input *input,
		  const struct ham_plan_item *item, unsigned int node,
		  char *out, size_t size)
{
	const char *name = input->nodes[node].name;

	switch ((enum ham_plan_bar)item->bar[node]) {
	case HAM_PLAN_OPEN:
		g_strlcpy(out, "", size);
		break;
	case HAM_PLAN_WITNESS:
		g_snprintf(out, size, "%s is a witness", name);
		break;
	case HAM_PLAN_AWAY:
		g_snprintf(out, size, "%s is away", name);
		break;
	case HAM_PLAN_DIFFERS:
		g_snprintf(out, size, "the cluster file on %s differs", name);
		break;
	case HAM_PLAN_FAILS:
		g_snprintf(out, size, "%s has failed", name);
		break;
	case HAM_PLAN_NO_COPY:
		g_snprintf(out, size, "%s has no current copy", name);
		break;
	case HAM_PLAN_TRIED:
		g_snprintf(out, size, "it did not start on %s", name);
		break;
	case HAM_PLAN_APART:
		g_snprintf(out, size, "apart from %s, which is on %s",
			   item->other[node]->name, name);
		break;
	case HAM_PLAN_NO_MEMORY:
		g_snprintf(out, size,
			   "%s has %" G_GINT64_FORMAT
			   " MiB free, it needs %" G_GUINT64_FORMAT,
			   name, MAX(item->free_mib[node], 0),
			   item->config->memory_mib);
		break;
	}
}

/* Of a node that has its disks there is something to say. */
static bool
is_worth(const struct ham_plan_input *input, const struct ham_plan_item *item,
	 unsigned int node)
{
	switch ((enum ham_plan_bar)item->bar[node]) {
	case HAM_PLAN_OPEN:
	case HAM_PLAN_WITNESS:
	case HAM_PLAN_FAILS:
	case HAM_PLAN_NO_COPY:
		return false;
	case HAM_PLAN_AWAY:
	case HAM_PLAN_DIFFERS:
	case HAM_PLAN_TRIED:
	case HAM_PLAN_APART:
	case HAM_PLAN_NO_MEMORY:
		break;
	}
	return has_disks(item, input->nodes[node].id);
}

void
ham_plan_text(const struct ham_plan_input *input,
	      const struct ham_plan_item *item, char *out, size_t size)
{
	char one[HAM_TEXT_MAX];

	out[0] = '\0';
	for (unsigned int i = 0; i < input->n_nodes; i++) {
		if (item->node || !is_worth(input, item, i))
			continue;
		if (out[0])
			g_strlcat(out, "; ", size);
		ham_plan_bar_text(input, item, i, one, sizeof(one));
		g_strlcat(out, one, size);
	}
	if (!item->node && !out[0])
		g_strlcpy(out,
			  item->guest && !item->guest->common
				  ? "no other node has a current copy of its "
				    "disks"
				  : "there is no other node that holds guests",
			  size);
}
