/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/host.c - a node: its power, its hamd, its store
 *
 * A PERSIST is durable some milliseconds after it was asked, in order; what was
 * asked and is not durable dies with hamd or with the node.  Left out: a store
 * that answers with an error or is torn (hamd refuses to start on it).
 */
#include <string.h>

#include "tests/sim/sim.h"

struct persist {
	unsigned int node;
	uint64_t life;
	uint64_t incarnation;
	uint64_t ticket;
	bool replace;
	GHashTable *items;
};

struct beat {
	unsigned int node;
	uint64_t incarnation;
};

void
sim_host_init(struct sim *sim, unsigned int i)
{
	sim->node[i].disk = g_hash_table_new_full(
		g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_bytes_unref);
}

void
sim_host_free(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];

	node->power = false;
	sim_ring_power(sim, i);
	ham_core_free(node->core);
	g_hash_table_destroy(node->disk);
}

static void
durable(struct sim *sim, void *data)
{
	struct persist *p = data;
	struct sim_node *node = &sim->node[p->node];
	struct ham_event event = {.kind = HAM_EV_PERSISTED, .value = p->ticket};
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	if (node->hamd && node->incarnation == p->incarnation) {
		if (p->replace)
			g_hash_table_remove_all(node->disk);
		g_hash_table_iter_init(&iter, p->items);
		while (g_hash_table_iter_next(&iter, &key, &value))
			g_hash_table_insert(node->disk, g_strdup(key),
					    g_bytes_ref(value));
		sim_step(sim, p->node, &event);
	}
	g_hash_table_unref(p->items);
}

static void
persist(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	struct sim_node *node = &sim->node[i];
	struct persist *p = g_new0(struct persist, 1);

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
	node->store_us = MAX(node->store_us, sim->now_us) +
			 sim_between(sim, 300, 6 * SIM_MS);
	sim_at(sim, node->store_us - sim->now_us, durable, p);
}

static void
carry_out(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	switch ((enum ham_effect_kind)fx->kind) {
	case HAM_FX_SEND:
		sim_ring_send(sim, i, fx->bytes, fx->len, fx->flag);
		break;
	case HAM_FX_PERSIST:
		persist(sim, i, fx);
		break;
	case HAM_FX_GUEST:
		sim_vm_do(sim, i, fx);
		break;
	case HAM_FX_REPLY:
		if (fx->error_class)
			sim_say(sim, "n%u refuses: %s", i + 1, fx->text);
		break;
	case HAM_FX_NOTE:
		if (fx->node == i + 1)
			sim_say(sim, "n%u note %s %s %s", i + 1,
				ham_note_name(fx->note), fx->guest, fx->text);
		break;
	case HAM_FX_REJOIN:
		sim_say(sim, "n%u rejoins", i + 1);
		sim_hamd_end(sim, i, "it lost its place in the order");
		break;
	case HAM_FX_FATAL:
		sim_fail(sim, "n%u: fatal: %s", i + 1, fx->text);
		break;
	}
}

void
sim_step(struct sim *sim, unsigned int i, struct ham_event *event)
{
	struct sim_node *node = &sim->node[i];
	uint64_t incarnation = node->incarnation;
	struct ham_effects fx = {0};

	if (!node->hamd)
		return;
	event->now_us = sim->now_us;
	sim->steps++;
	ham_core_step(node->core, event, &fx);
	for (size_t k = 0; k < fx.n; k++)
		if (node->hamd && node->incarnation == incarnation)
			carry_out(sim, i, &fx.list[k]);
	ham_effects_free(&fx);
	sim_check(sim);
}

static void
tick(struct sim *sim, void *data)
{
	struct beat *beat = data;
	struct ham_event event = {.kind = HAM_EV_TICK};

	if (!sim->node[beat->node].hamd ||
	    sim->node[beat->node].incarnation != beat->incarnation)
		return;
	sim_at(sim, 250 * SIM_MS, tick, g_memdup2(beat, sizeof(*beat)));
	sim_step(sim, beat->node, &event);
}

static void
load(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	const char *error = NULL;
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	g_hash_table_iter_init(&iter, node->disk);
	while (!error && g_hash_table_iter_next(&iter, &key, &value)) {
		gsize len;
		const uint8_t *bytes = g_bytes_get_data(value, &len);

		error = ham_core_load(node->core, key, bytes, len);
	}
	if (!error)
		error = ham_core_loaded(node->core);
	if (error)
		sim_fail(sim, "n%u cannot load its store: %s", i + 1, error);
}

static void
found_all(struct sim *sim, void *data)
{
	struct beat *beat = data;
	struct ham_event ready = {.kind = HAM_EV_READY};

	if (sim->node[beat->node].incarnation != beat->incarnation)
		return;
	sim_vm_find(sim, beat->node);
	sim_step(sim, beat->node, &ready);
}

void
sim_hamd_start(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	struct ham_core_config config = {.self = i + 1,
					 .n_nodes = sim->n,
					 .n_guests = sim->n_guests,
					 .guests = sim->config,
					 .version = "sim"};
	struct beat beat = {.node = i};

	if (!node->power || node->hamd)
		return;
	for (unsigned int k = 0; k < sim->n; k++) {
		config.nodes[k].id = k + 1;
		g_snprintf(config.nodes[k].name, HAM_NAME_SIZE, "n%u", k + 1);
	}
	beat.incarnation = config.incarnation = ++node->incarnation;
	node->core = ham_core_new(&config);
	load(sim, i);
	node->hamd = true;
	sim_say(sim, "n%u hamd starts", i + 1);
	sim_at(sim, sim_between(sim, SIM_MS, 250 * SIM_MS), tick,
	       g_memdup2(&beat, sizeof(beat)));
	sim_at(sim, sim_between(sim, SIM_MS, 100 * SIM_MS), found_all,
	       g_memdup2(&beat, sizeof(beat)));
	sim_ring_group(sim, i);
}

static void
start_again(struct sim *sim, void *data)
{
	struct beat *beat = data;

	if (sim->node[beat->node].incarnation == beat->incarnation)
		sim_hamd_start(sim, beat->node);
}

static void
free_core(struct sim *sim, void *data)
{
	(void)sim;
	ham_core_free(*(ham_core **)data);
}

void
sim_hamd_end(struct sim *sim, unsigned int i, const char *why)
{
	struct sim_node *node = &sim->node[i];
	struct beat beat = {.node = i, .incarnation = node->incarnation};
	ham_core **core = g_new(ham_core *, 1);

	if (!node->hamd) {
		g_free(core);
		return;
	}
	sim_say(sim, "n%u hamd ends: %s", i + 1, why);
	node->hamd = false;
	node->store_us = 0;
	/* a step of it may be on the stack */
	*core = node->core;
	node->core = NULL;
	sim_at(sim, 0, free_core, core);
	for (unsigned int g = 0; g < sim->n_guests; g++)
		node->vm[g].work++;
	if (!node->power)
		return;
	sim_ring_group(sim, i);
	sim_at(sim, sim_between(sim, 20 * SIM_MS, 5000 * SIM_MS), start_again,
	       g_memdup2(&beat, sizeof(beat)));
}

void
sim_host_power(struct sim *sim, unsigned int i, bool on)
{
	struct sim_node *node = &sim->node[i];

	if (node->power == on)
		return;
	sim_say(sim, "n%u power %s", i + 1, on ? "on" : "off");
	node->life++;
	node->power = on;
	if (!on) {
		sim_hamd_end(sim, i, "no power");
		sim_vm_lost(sim, i);
	}
	sim_ring_power(sim, i);
	if (on)
		sim_hamd_start(sim, i);
}

void
sim_command(struct sim *sim, unsigned int i, enum ham_command command,
	    unsigned int guest, uint32_t target)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = sim->guest[guest].name,
				  .node = target,
				  .token = ++sim->tokens};

	if (!sim->node[i].hamd)
		return;
	sim_say(sim, "n%u asked: command %d of %s, node %u", i + 1, command,
		sim->guest[guest].name, target);
	sim_step(sim, i, &event);
}
