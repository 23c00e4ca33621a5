/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/store.c - a model of the store: transactions, one after the other
 *
 * A PERSIST is durable some milliseconds after it was asked, in order, or a
 * second if the disk is busy.  When
 * hamd or its node ends, what was asked and is not durable is lost; the first
 * of it may just have been done, and nobody was told.  An fsync may fail, and
 * that ends hamd (doc/faults.md, F57).  Left out: a file that is damaged
 * afterwards; hamd refuses to start on one (tests/unit/check_store.c).
 */
#include "tests/sim/sim.h"

struct persist {
	unsigned int node;
	uint64_t incarnation;
	uint64_t ticket;
	bool replace;
	GHashTable *items;
};

struct due {
	unsigned int node;
	uint64_t incarnation;
};

static void
persist_free(gpointer data)
{
	struct persist *p = data;

	g_hash_table_unref(p->items);
	g_free(p);
}

static void
write_down(struct sim_node *node, const struct persist *p)
{
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	if (p->replace)
		g_hash_table_remove_all(node->disk);
	g_hash_table_iter_init(&iter, p->items);
	while (g_hash_table_iter_next(&iter, &key, &value))
		g_hash_table_insert(node->disk, g_strdup(key),
				    g_bytes_ref(value));
}

/* The next of its writes is through, or has failed. */
static void
durable(struct sim *sim, void *data)
{
	const struct due *due = data;
	struct sim_node *node = &sim->node[due->node];
	struct ham_event event = {.kind = HAM_EV_PERSISTED};
	struct persist *p;

	if (!node->hamd || node->incarnation != due->incarnation)
		return;
	if (sim_defer(sim, due->node, durable, due, sizeof(*due)))
		return;
	if (sim_once_store(sim, due->node) ||
	    sim_chance(sim, sim->rates.store)) {
		sim_hamd_end(sim, due->node, "its store fails");
		return;
	}
	p = g_queue_pop_head(node->writes);
	write_down(node, p);
	event.value = p->ticket;
	persist_free(p);
	sim_step(sim, due->node, &event);
}

static int64_t
fsync_us(struct sim *sim)
{
	if (sim_chance(sim, sim->rates.fsync))
		return sim_between(sim, 6 * SIM_MS, SIM_S);
	return sim_between(sim, 300, 6 * SIM_MS);
}

void
sim_persist(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	struct sim_node *node = &sim->node[i];
	struct persist *p = g_new0(struct persist, 1);
	struct due due = {.node = i, .incarnation = node->incarnation};

	p->node = i;
	p->incarnation = node->incarnation;
	p->ticket = fx->value;
	p->replace = fx->flag;
	p->items = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					 (GDestroyNotify)g_bytes_unref);
	for (size_t k = 0; k < fx->n_items; k++)
		g_hash_table_insert(
			p->items, g_strdup(fx->items[k].key),
			g_bytes_new(fx->items[k].value, fx->items[k].len));
	g_queue_push_tail(node->writes, p);
	sim_moment(sim, i, SIM_ON_PERSIST);
	node->store_us = MAX(node->store_us, sim->now_us) + fsync_us(sim);
	sim_at(sim, node->store_us - sim->now_us, durable,
	       g_memdup2(&due, sizeof(due)));
}

void
sim_store_cut(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	struct persist *first = g_queue_peek_head(node->writes);

	if (first && sim_chance(sim, 5000))
		write_down(node, first);
	g_queue_clear_full(node->writes, persist_free);
	node->store_us = 0;
}

void
sim_store_free(struct sim_node *node)
{
	g_queue_free_full(node->writes, persist_free);
}
