/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_plan.c - where guests are placed, and what is said of those
 * that are not
 *
 * Guests of node 1 that fails, nodes 2 to 4 as told; memory in MiB.
 */
#include <check.h>
#include <glib.h>
#include <string.h>

#include "hamd/core/plan.h"
#include "tests/unit/leaf_run.h"

enum {
	NODES = 4,
	MOST = 40,
};

struct world {
	struct ham_record record;
	struct ham_core_node nodes[NODES];
	struct ham_core_guest guests[MOST];
	uint16_t lists[MOST][2][MOST];
	GHashTable *by_name;
	struct ham_plan_input in;
	struct ham_plan_item items[MOST];
	unsigned int n;
};

static struct world *
world_new(uint64_t room_mib)
{
	struct world *w = g_new0(struct world, 1);

	w->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned int i = 0; i < NODES; i++) {
		w->nodes[i].id = i + 1;
		g_snprintf(w->nodes[i].name, sizeof(w->nodes[i].name), "n%u",
			   i + 1);
		w->in.state[i].known = room_mib != 0;
		w->in.state[i].room_mib = room_mib;
	}
	w->in.state[0].bar = HAM_PLAN_FAILS;
	w->in.record = &w->record;
	w->in.n_nodes = NODES;
	w->in.nodes = w->nodes;
	w->in.guests = w->guests;
	w->in.by_name = w->by_name;
	return w;
}

static void
world_free(struct world *w)
{
	g_hash_table_destroy(w->by_name);
	g_free(w);
}

/* Its names in alphabetical order, please.  `copies`: "23" for n2 and n3. */
static struct ham_core_guest *
guest(struct world *w, const char *name, uint64_t memory_mib,
      unsigned int priority, uint32_t owner, const char *copies)
{
	unsigned int i = w->record.n_guests++;
	struct ham_guest *g = &w->record.guests[i];
	struct ham_core_guest *c = &w->guests[w->in.n_guests++];

	g_strlcpy(g->name, name, sizeof(g->name));
	g->phase = HAM_GUEST_STARTED;
	g->wanted = true;
	g->owner = owner;
	g->replica[0] = (struct ham_replica){
		.node = owner, .state = HAM_REPLICA_CURRENT, .generation = 1};
	for (unsigned int k = 0; copies[k]; k++)
		g->replica[k + 1] = (struct ham_replica){
			.node = (uint32_t)(copies[k] - '0'),
			.state = HAM_REPLICA_CURRENT,
			.generation = k + 2};
	g_strlcpy(c->name, name, sizeof(c->name));
	c->memory_mib = memory_mib;
	c->priority = priority;
	c->with = w->lists[i][0];
	c->apart = w->lists[i][1];
	g_hash_table_insert(w->by_name, c->name, c);
	return c;
}

static void
relate(struct world *w, struct ham_core_guest *a, struct ham_core_guest *b,
       bool apart)
{
	unsigned int i = (unsigned int)(a - w->guests);
	unsigned int k = (unsigned int)(b - w->guests);

	w->lists[i][apart][apart ? a->n_apart++ : a->n_with++] = (uint16_t)k;
	w->lists[k][apart][apart ? b->n_apart++ : b->n_with++] = (uint16_t)i;
}

static void
prefer(struct ham_core_guest *c, const char *nodes)
{
	for (; *nodes; nodes++)
		c->prefer[c->n_prefer++] = (uint32_t)(*nodes - '0');
}

static struct ham_plan_item *
find(struct world *w, const char *name)
{
	for (unsigned int i = 0; i < w->n; i++)
		if (strcmp(w->items[i].guest->name, name) == 0)
			return &w->items[i];
	ck_abort_msg("%s is not placed", name);
}

static void
add(struct world *w, unsigned int i)
{
	w->items[w->n++] = (struct ham_plan_item){
		.guest = &w->record.guests[i],
		.config = g_hash_table_lookup(w->by_name,
					      w->record.guests[i].name)};
}

/* Those of n1. */
static void
plan(struct world *w)
{
	w->n = 0;
	for (unsigned int i = 0; i < w->record.n_guests; i++)
		if (w->record.guests[i].owner == 1)
			add(w, i);
	ham_plan(&w->in, w->items, w->n);
}

static uint32_t
node_of(struct world *w, const char *name)
{
	return find(w, name)->node;
}

static void
says(struct world *w, const char *name, const char *expected)
{
	char text[HAM_TEXT_MAX];

	ck_assert_uint_eq(node_of(w, name), 0);
	ham_plan_text(&w->in, find(w, name), text, sizeof(text));
	ck_assert_str_eq(text, expected);
}

START_TEST(highest_priority_is_placed_first)
{
	struct world *w = world_new(1024);

	guest(w, "a", 1024, 10, 1, "2");
	guest(w, "b", 1024, 90, 1, "2");
	plan(w);
	ck_assert_uint_eq(node_of(w, "b"), 2);
	says(w, "a", "n2 has 0 MiB free, it needs 1024");
	ck_assert_str_eq(w->items[0].guest->name, "b");
	world_free(w);
}
END_TEST

START_TEST(what_runs_there_takes_its_memory)
{
	struct world *w = world_new(2048);

	guest(w, "a", 1024, 50, 1, "2");
	guest(w, "z", 1536, 50, 2, "");
	plan(w);
	says(w, "a", "n2 has 512 MiB free, it needs 1024");
	w->record.guests[1].phase = HAM_GUEST_STOPPED;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	world_free(w);
}
END_TEST

/* It needs its memory on both nodes. */
START_TEST(what_comes_there_takes_its_memory)
{
	struct world *w = world_new(2048);

	guest(w, "a", 1024, 50, 1, "2");
	guest(w, "z", 1536, 50, 3, "");
	w->record.guests[1].phase = HAM_GUEST_MIGRATING;
	w->record.guests[1].dst = 2;
	plan(w);
	says(w, "a", "n2 has 512 MiB free, it needs 1024");
	world_free(w);
}
END_TEST

/* Its own, where it was to go, is there for it. */
START_TEST(its_own_memory_is_not_in_its_way)
{
	struct world *w = world_new(1024);

	guest(w, "a", 1024, 50, 1, "2");
	w->record.guests[0].phase = HAM_GUEST_MIGRATING;
	w->record.guests[0].dst = 2;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	world_free(w);
}
END_TEST

START_TEST(only_where_its_disks_are)
{
	struct world *w = world_new(0);

	guest(w, "a", 1, 50, 1, "3");
	guest(w, "b", 1, 50, 1, "");
	guest(w, "c", 1, 50, 1, "4");
	w->record.guests[2].replica[1].state = HAM_REPLICA_OUTDATED;
	w->guests[2].common = true;
	guest(w, "d", 1, 50, 1, "");
	w->record.guests[3].common = true;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	says(w, "b", "no other node has a current copy of its disks");
	says(w, "c", "no other node has a current copy of its disks");
	ck_assert_uint_ne(node_of(w, "d"), 0);
	world_free(w);
}
END_TEST

START_TEST(only_where_a_guest_may_be)
{
	struct world *w = world_new(0);

	guest(w, "a", 1, 50, 1, "234");
	w->in.state[1].bar = HAM_PLAN_AWAY;
	w->in.state[2].bar = HAM_PLAN_DIFFERS;
	w->in.state[3].bar = HAM_PLAN_WITNESS;
	plan(w);
	says(w, "a", "n2 is away; the cluster file on n3 differs");
	w->record.guests[0].common = true;
	w->in.state[1].bar = w->in.state[2].bar = HAM_PLAN_WITNESS;
	plan(w);
	says(w, "a", "there is no other node that holds guests");
	world_free(w);
}
END_TEST

START_TEST(apart_from_who_runs_there)
{
	struct world *w = world_new(0);
	struct ham_core_guest *a = guest(w, "a", 1, 50, 1, "23");
	struct ham_core_guest *y = guest(w, "y", 1, 50, 2, "");

	relate(w, a, y, true);
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	w->in.state[2].bar = HAM_PLAN_AWAY;
	plan(w);
	says(w, "a", "apart from y, which is on n2; n3 is away");
	world_free(w);
}
END_TEST

START_TEST(apart_from_who_is_placed_as_well)
{
	struct world *w = world_new(0);
	struct ham_core_guest *a = guest(w, "a", 1, 50, 1, "23");
	struct ham_core_guest *b = guest(w, "b", 1, 50, 1, "23");
	struct ham_core_guest *c = guest(w, "c", 1, 40, 1, "23");

	relate(w, a, b, true);
	relate(w, b, c, true);
	relate(w, a, c, true);
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	ck_assert_uint_eq(node_of(w, "b"), 3);
	says(w, "c",
	     "apart from a, which is on n2; apart from b, which is on "
	     "n3");
	world_free(w);
}
END_TEST

START_TEST(with_its_friends_if_that_can_be)
{
	struct world *w = world_new(4096);
	struct ham_core_guest *a = guest(w, "a", 1024, 50, 1, "234");
	struct ham_core_guest *z = guest(w, "z", 2048, 50, 4, "");

	relate(w, a, z, false);
	prefer(a, "2");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 4);
	a->memory_mib = 3000;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	world_free(w);
}
END_TEST

START_TEST(preferred_nodes_in_their_order)
{
	struct world *w = world_new(4096);
	struct ham_core_guest *a = guest(w, "a", 1024, 50, 1, "234");

	prefer(a, "43");
	guest(w, "z", 2048, 50, 4, "");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 4);
	w->in.state[3].bar = HAM_PLAN_AWAY;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	world_free(w);
}
END_TEST

START_TEST(most_free_memory_first)
{
	struct world *w = world_new(4096);

	guest(w, "a", 1024, 50, 1, "23");
	guest(w, "y", 64, 50, 3, "");
	guest(w, "z", 128, 50, 2, "");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	world_free(w);
}
END_TEST

START_TEST(closed_ones_last)
{
	struct world *w = world_new(4096);

	guest(w, "a", 1024, 50, 1, "23");
	guest(w, "y", 64, 50, 3, "");
	guest(w, "z", 128, 50, 2, "");
	w->in.state[2].closed = true;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	w->in.state[1].bar = HAM_PLAN_AWAY;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	world_free(w);
}
END_TEST

/* Of one node it is not known: what is known of the others is no measure. */
START_TEST(fewest_guests_where_memory_is_not_known)
{
	struct world *w = world_new(4096);

	guest(w, "a", 1024, 50, 1, "234");
	guest(w, "x", 64, 50, 2, "");
	guest(w, "y", 64, 50, 2, "");
	guest(w, "z", 2048, 50, 3, "");
	w->in.state[3].known = false;
	w->in.state[3].room_mib = 0;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 4);
	w->in.state[3].bar = HAM_PLAN_AWAY;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2); /* known of all again */
	w->in.state[1].known = false;
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	world_free(w);
}
END_TEST

START_TEST(spread_over_nodes_in_one_plan)
{
	struct world *w = world_new(0);

	guest(w, "a", 1, 50, 1, "23");
	guest(w, "b", 1, 50, 1, "23");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	ck_assert_uint_eq(node_of(w, "b"), 3);
	world_free(w);
}
END_TEST

START_TEST(who_has_one_choice_is_first_of_its_priority)
{
	struct world *w = world_new(1024);

	guest(w, "a", 1024, 50, 1, "23");
	guest(w, "b", 1024, 50, 1, "2");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	ck_assert_uint_eq(node_of(w, "b"), 2);
	ck_assert_str_eq(w->items[0].guest->name, "b");
	world_free(w);
}
END_TEST

/* a comes first and would take b's only place. */
START_TEST(who_has_another_choice_makes_room)
{
	struct world *w = world_new(1024);

	prefer(guest(w, "a", 1024, 90, 1, "23"), "2");
	guest(w, "b", 1024, 50, 1, "2");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	ck_assert_uint_eq(node_of(w, "b"), 2);
	world_free(w);
}
END_TEST

START_TEST(nobody_makes_room_and_stays_without)
{
	struct world *w = world_new(1024);

	guest(w, "a", 1024, 90, 1, "2");
	guest(w, "b", 512, 50, 1, "2");
	plan(w);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	says(w, "b", "n2 has 0 MiB free, it needs 512");
	world_free(w);
}
END_TEST

START_TEST(what_was_asked_for_is_not_changed)
{
	struct world *w = world_new(1024);

	guest(w, "a", 1024, 90, 1, "23");
	guest(w, "b", 1024, 50, 1, "23");
	add(w, 0);
	add(w, 1);
	w->items[1].pinned = 3;
	ham_plan(&w->in, w->items, w->n);
	ck_assert_uint_eq(node_of(w, "b"), 3);
	ck_assert_uint_eq(node_of(w, "a"), 2);
	find(w, "b")->pinned = 2;
	ham_plan(&w->in, w->items, w->n);
	ck_assert_uint_eq(node_of(w, "b"), 2);
	ck_assert_uint_eq(node_of(w, "a"), 3);
	world_free(w);
}
END_TEST

START_TEST(an_order_starts_it_where_it_was)
{
	struct world *w = world_new(4096);

	guest(w, "a", 1024, 50, 3, "24");
	w->record.guests[0].phase = HAM_GUEST_STOPPED;
	add(w, 0);
	w->items[0].disks = HAM_PLAN_STARTS;
	w->items[0].home = 3;
	ham_plan(&w->in, w->items, 1);
	ck_assert_uint_eq(w->items[0].node, 3);
	prefer(&w->guests[0], "4");
	ham_plan(&w->in, w->items, 1);
	ck_assert_uint_eq(w->items[0].node, 4);
	world_free(w);
}
END_TEST

static uint32_t
placed(struct world *w, enum ham_plan_disks disks)
{
	w->n = 0;
	add(w, 0);
	w->items[0].disks = disks;
	ham_plan(&w->in, w->items, 1);
	return w->items[0].node;
}

START_TEST(a_start_needs_a_copy_and_a_migration_brings_it)
{
	struct world *w = world_new(4096);

	prefer(guest(w, "a", 1024, 50, 3, "4"), "2");
	w->record.guests[0].phase = HAM_GUEST_STOPPED;
	ck_assert_uint_eq(placed(w, HAM_PLAN_STARTS), 3);
	ck_assert_uint_eq(placed(w, HAM_PLAN_BROUGHT), 2);
	world_free(w);
}
END_TEST

/* What the file says of shared disks is what it is started with. */
START_TEST(other_disks_are_those_of_where_it_was)
{
	struct world *w = world_new(4096);
	struct ham_core_guest *a = guest(w, "a", 1024, 50, 3, "4");

	prefer(a, "4");
	a->shared = 1;
	w->record.guests[0].phase = HAM_GUEST_STOPPED;
	ck_assert_uint_eq(placed(w, HAM_PLAN_STARTS), 3);
	ck_assert_uint_eq(placed(w, HAM_PLAN_CURRENT), 4);
	world_free(w);
}
END_TEST

/* ---- any world ---- */

static void
fill(struct world *w, GRand *rand)
{
	static const char *const copies[] = {"",   "2",	 "3",  "4",
					     "23", "34", "24", "234"};
	char name[8];

	for (unsigned int i = 0; i < MOST; i++) {
		g_snprintf(name, sizeof(name), "g%02u", i);
		guest(w, name, (uint64_t)g_rand_int_range(rand, 1, 64),
		      (unsigned int)g_rand_int_range(rand, 0, 3),
		      i < 25 ? 1 : (uint32_t)g_rand_int_range(rand, 2, 5),
		      i < 25 ? copies[g_rand_int_range(rand, 0, 8)] : "");
	}
	for (unsigned int i = 0; i < MOST; i++) {
		unsigned int k = (unsigned int)g_rand_int_range(rand, 0, MOST);

		if (k != i)
			relate(w, &w->guests[i], &w->guests[k],
			       g_rand_boolean(rand));
	}
	w->in.state[1].room_mib = 300;
	w->in.state[2].room_mib = 400;
	w->in.state[3].room_mib = 2000;
}

static void
check_rules(struct world *w)
{
	int64_t used[NODES + 1] = {0};
	uint32_t at[MOST];

	for (unsigned int i = 0; i < MOST; i++)
		at[i] = w->record.guests[i].owner;
	for (unsigned int i = 0; i < w->n; i++) {
		const struct ham_plan_item *item = &w->items[i];

		at[item->config - w->guests] = item->node;
		ck_assert(item->node == 0 ||
			  ham_guest_may_own(item->guest, item->node));
		ck_assert_uint_ne(item->node, 1);
	}
	for (unsigned int i = 0; i < MOST; i++)
		used[at[i]] += (int64_t)w->guests[i].memory_mib;
	for (unsigned int i = 0; i < w->n; i++) {
		const struct ham_plan_item *item = &w->items[i];

		for (unsigned int k = 0;
		     item->node && k < item->config->n_apart; k++)
			ck_assert_uint_ne(at[item->config->apart[k]],
					  item->node);
		if (item->node)
			ck_assert_int_le(
				used[item->node],
				(int64_t)w->in.state[item->node - 1].room_mib);
	}
}

START_TEST(rules_hold_whatever_the_order)
{
	g_autoptr(GRand) rand = g_rand_new_with_seed((guint)_i);
	struct world *w = world_new(1);
	uint32_t first[MOST];

	fill(w, rand);
	plan(w);
	check_rules(w);
	for (unsigned int i = 0; i < w->n; i++)
		first[i] = w->items[i].node;
	for (unsigned int i = w->n; i > 1; i--) {
		unsigned int k =
			(unsigned int)g_rand_int_range(rand, 0, (gint32)i);
		struct ham_plan_item item = w->items[k];

		w->items[k] = w->items[i - 1];
		w->items[i - 1] = item;
	}
	ham_plan(&w->in, w->items, w->n);
	for (unsigned int i = 0; i < w->n; i++)
		ck_assert_uint_eq(w->items[i].node, first[i]);
	world_free(w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("plan");
	TCase *tc = tcase_create("places");

	tcase_add_test(tc, highest_priority_is_placed_first);
	tcase_add_test(tc, what_runs_there_takes_its_memory);
	tcase_add_test(tc, what_comes_there_takes_its_memory);
	tcase_add_test(tc, its_own_memory_is_not_in_its_way);
	tcase_add_test(tc, only_where_its_disks_are);
	tcase_add_test(tc, only_where_a_guest_may_be);
	tcase_add_test(tc, apart_from_who_runs_there);
	tcase_add_test(tc, apart_from_who_is_placed_as_well);
	tcase_add_test(tc, with_its_friends_if_that_can_be);
	tcase_add_test(tc, preferred_nodes_in_their_order);
	tcase_add_test(tc, most_free_memory_first);
	tcase_add_test(tc, closed_ones_last);
	tcase_add_test(tc, fewest_guests_where_memory_is_not_known);
	tcase_add_test(tc, spread_over_nodes_in_one_plan);
	tcase_add_test(tc, who_has_one_choice_is_first_of_its_priority);
	tcase_add_test(tc, who_has_another_choice_makes_room);
	tcase_add_test(tc, nobody_makes_room_and_stays_without);
	tcase_add_test(tc, what_was_asked_for_is_not_changed);
	tcase_add_test(tc, an_order_starts_it_where_it_was);
	tcase_add_test(tc, a_start_needs_a_copy_and_a_migration_brings_it);
	tcase_add_test(tc, other_disks_are_those_of_where_it_was);
	tcase_add_loop_test(tc, rules_hold_whatever_the_order, 1, 200);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
