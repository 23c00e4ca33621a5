/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/world_life.c - cores begin, end, and begin anew with their disks
 *
 * What a disk holds is believed by the next life: a core that refused what it
 * had stored itself aborts here.  A disk made up by a script may be refused.
 */
#include <string.h>

#include "tests/fuzz/world.h"

enum {
	STEPS = 3000, /* a bound for an input that makes the cores talk on */
};

/* Three that the cluster file names, two that it does not, the longest. */
const char *const world_names[WORLD_NAMES] = {
	"g",	 "a",	  "db.1",
	"web-1", "stray", "x2345678901234567890123456789012345678901234567",
};

static const struct ham_core_guest guests[] = {
	{.name = "g",
	 .replicas = 1,
	 .policy.max_duration_us = 180 * (int64_t)G_USEC_PER_SEC,
	 .replica_timeout_us = 3 * G_USEC_PER_SEC,
	 .verify_interval_us = 60 * (int64_t)G_USEC_PER_SEC},
	{.name = "a", .policy.max_duration_us = 20 * (int64_t)G_USEC_PER_SEC},
	{.name = "db.1",
	 .replicas = 2,
	 .replica_timeout_us = 3 * G_USEC_PER_SEC},
};

static void
frame_free(gpointer data)
{
	struct world_frame *frame = data;

	g_free(frame->bytes);
	g_free(frame);
}

static ham_core *
new_core(const struct world *world, const struct world_core *node)
{
	struct ham_core_config config = {
		.self = node->self,
		.n_nodes = WORLD_NODES,
		.n_guests = G_N_ELEMENTS(guests),
		.guests = guests,
		.incarnation = node->incarnation,
		.config_digest = 7,
		.version = "fuzz",
		.fence_and_wait = world->flags & WORLD_BOTH,
	};

	if (world->flags & WORLD_LEASES) {
		config.lease_us = WORLD_LEASE_US;
		config.watchdog_us = WORLD_WATCHDOG_US;
		config.lease_until_us = node->lease_until_us;
	}
	/* any order: the core sorts them */
	for (unsigned int k = 0; k < WORLD_NODES; k++) {
		config.nodes[k].id = WORLD_NODES - k;
		g_snprintf(config.nodes[k].name, HAM_NAME_SIZE, "n%u",
			   WORLD_NODES - k);
		config.nodes[k].fenced = world->flags & WORLD_FENCES;
	}
	config.nodes[0].witness = world->flags & WORLD_WITNESS;
	return ham_core_new(&config);
}

/* NULL, or why the core does not believe its disk. */
static const char *
load_disk(const struct world_core *node, ham_core *core)
{
	const char *refusal = NULL;
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, node->disk);
	while (!refusal && g_hash_table_iter_next(&iter, &key, &value)) {
		gsize len;
		const uint8_t *bytes = g_bytes_get_data(value, &len);
		/* of the exact size, for the sanitizer */
		g_autofree uint8_t *copy = g_memdup2(bytes, len);

		refusal = ham_core_load(core, key, copy, len);
	}
	return refusal ? refusal : ham_core_loaded(core);
}

static void
forget_life(struct world_core *node)
{
	g_clear_pointer(&node->core, ham_core_free);
	g_queue_clear_full(node->tickets, world_ticket_free);
	g_array_set_size(node->acts, 0);
	g_array_set_size(node->fences, 0);
	g_hash_table_remove_all(node->asked);
	g_hash_table_remove_all(node->epochs);
	node->last_ticket = 0;
	node->fatal = false;
	node->told = (struct ham_ring){0, 0};
}

static void
begin_life(struct world *world, struct world_core *node)
{
	node->incarnation += 16;
	node->core = new_core(world, node);
	world_death_begin(world, node);
	node->heard = world->order->len;
	/* whatever was stored, it is believed again */
	g_assert_cmpstr(load_disk(node, node->core), ==, NULL);
	node->durable = ham_core_record(node->core)->pos;
}

void
world_restart(struct world *world, unsigned int i)
{
	forget_life(&world->node[i]);
	begin_life(world, &world->node[i]);
}

void
world_load(struct world *world, unsigned int i, GHashTable *disk)
{
	struct world_core *node = &world->node[i];
	GHashTable *before = node->disk;
	ham_core *trial = new_core(world, node);

	node->disk = disk;
	if (load_disk(node, trial)) {
		node->disk = before;
		before = disk;
	}
	ham_core_free(trial);
	g_hash_table_destroy(before);
	world_restart(world, i);
}

GHashTable *
world_disk_new(void)
{
	return g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
				     (GDestroyNotify)g_bytes_unref);
}

struct world *
world_new(unsigned int flags)
{
	struct world *world = g_new0(struct world, 1);

	world->flags = flags;
	world->n = flags & WORLD_THREE ? WORLD_NODES : 1;
	world->honest = true;
	world->now_us = 1000000;
	world->ring_seq = 4;
	world->steps = STEPS;
	world->order = g_ptr_array_new_with_free_func(frame_free);
	for (unsigned int i = 0; i < world->n; i++) {
		struct world_core *node = &world->node[i];

		node->self = i + 1;
		node->incarnation = i + 1;
		node->disk = world_disk_new();
		node->tickets = g_queue_new();
		node->acts =
			g_array_new(FALSE, FALSE, sizeof(struct world_act));
		node->fences =
			g_array_new(FALSE, FALSE, sizeof(struct world_fence));
		node->asked = g_hash_table_new(NULL, NULL);
		node->epochs = g_hash_table_new_full(g_str_hash, g_str_equal,
						     g_free, g_free);
		begin_life(world, node);
	}
	return world;
}

void
world_free(struct world *world)
{
	for (unsigned int i = 0; i < world->n; i++) {
		struct world_core *node = &world->node[i];

		forget_life(node);
		g_hash_table_destroy(node->disk);
		g_queue_free(node->tickets);
		g_array_free(node->acts, TRUE);
		g_array_free(node->fences, TRUE);
		g_hash_table_destroy(node->asked);
		g_hash_table_destroy(node->epochs);
	}
	ham_effects_free(&world->effects);
	g_ptr_array_unref(world->order);
	g_free(world);
}
