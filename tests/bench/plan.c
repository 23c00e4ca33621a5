/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/bench/plan.c - how long a plan takes
 *
 * 1000 guests on 16 nodes, each with two copies, some kept apart or together;
 * prints the median and the longest of 200 plans in microseconds:
 *
 *	make tests/bench/plan && tests/bench/plan
 *
 * one node fails: its guests are placed among all others;
 * all at once: each of the 1000 is placed anew, on 16 empty nodes;
 * too small: the same with room for half of them, so that each order is tried;
 * each node: what `hamctl status` asks, 16 plans.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/core/plan.h"

enum {
	NODES = 16,
	GUESTS = 1000,
	ROUNDS = 200,
};

static struct ham_record record;
static struct ham_core_node nodes[NODES];
static struct ham_core_guest guests[GUESTS];
static uint16_t lists[GUESTS][4];
static struct ham_plan_input in;
static struct ham_plan_item items[GUESTS];

static void
fill_guest(unsigned int i)
{
	struct ham_guest *g = &record.guests[i];
	struct ham_core_guest *c = &guests[i];

	g_snprintf(g->name, sizeof(g->name), "guest%04u", i);
	g->phase = HAM_GUEST_STARTED;
	g->wanted = true;
	g->owner = 1 + i % NODES;
	for (unsigned int k = 0; k < 3; k++)
		g->replica[k] = (struct ham_replica){
			.node = 1 + (i + k * (1 + i % 5)) % NODES,
			.state = HAM_REPLICA_CURRENT,
			.generation = k + 1};
	g_strlcpy(c->name, g->name, sizeof(c->name));
	c->memory_mib = 512u << i % 4;
	c->priority = i % 7;
	c->n_prefer = 1;
	c->prefer[0] = 1 + i % 3;
	for (unsigned int k = 0; k < 4; k++)
		lists[i][k] = (uint16_t)(i ^ (1u << k) % GUESTS) % GUESTS;
	c->with = lists[i];
	c->n_with = 2;
	c->apart = lists[i] + 2;
	c->n_apart = 2;
	g_hash_table_insert(in.by_name, c->name, c);
}

static void
fill(uint64_t room_mib)
{
	in.record = &record;
	in.n_nodes = NODES;
	in.nodes = nodes;
	in.n_guests = record.n_guests = GUESTS;
	in.guests = guests;
	for (unsigned int i = 0; i < NODES; i++) {
		nodes[i].id = i + 1;
		g_snprintf(nodes[i].name, sizeof(nodes[i].name), "n%u", i + 1);
		in.state[i] = (struct ham_plan_node){.known = true,
						     .room_mib = room_mib};
	}
}

/* Of the guests of one node, 0: of all. */
static unsigned int
plan(uint32_t node)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < NODES; i++)
		in.state[i].bar =
			nodes[i].id == node ? HAM_PLAN_FAILS : HAM_PLAN_OPEN;
	for (unsigned int i = 0; i < GUESTS; i++)
		if (node == 0 || record.guests[i].owner == node)
			items[n++] = (struct ham_plan_item){
				.guest = &record.guests[i],
				.config = &guests[i]};
	ham_plan(&in, items, n);
	return n;
}

static int
compare(const void *a, const void *b)
{
	gint64 x = *(const gint64 *)a;
	gint64 y = *(const gint64 *)b;

	return x < y ? -1 : x > y;
}

static void
measure(const char *what, unsigned int first, unsigned int last)
{
	gint64 took[ROUNDS];
	unsigned int n = 0, placed = 0;

	for (int round = 0; round < ROUNDS; round++) {
		gint64 began = g_get_monotonic_time();

		n = placed = 0;
		for (unsigned int node = first; node <= last; node++) {
			unsigned int some = plan(node);

			n += some;
			for (unsigned int i = 0; i < some; i++)
				placed += items[i].node != 0;
		}
		took[round] = g_get_monotonic_time() - began;
	}
	qsort(took, ROUNDS, sizeof(took[0]), compare);
	printf("%-16s %4u guests, %4u placed: %6" G_GINT64_FORMAT
	       " us, at most %6" G_GINT64_FORMAT " us\n",
	       what, n, placed, took[ROUNDS / 2], took[ROUNDS - 1]);
}

int
main(void)
{
	in.by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned int i = 0; i < GUESTS; i++)
		fill_guest(i);
	fill(256 * 1024);
	measure("one node fails", 1, 1);
	measure("all at once", 0, 0);
	measure("each node", 1, NODES);
	fill(64 * 1024);
	measure("too small", 0, 0);
	g_hash_table_destroy(in.by_name);
	return 0;
}
