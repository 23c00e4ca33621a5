/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/hamd.c - a model of hamd around the core: start, loop, end
 *
 * Events go into the core one by one and its effects are carried out in their
 * order, as hamd/daemon.c does.  A hamd that hangs reads its events later, with
 * the time of then; its guests run on meanwhile.
 */
#include <string.h>

#include "tests/sim/sim.h"

enum {
	REJOIN_US = 500 * SIM_MS, /* as hamd/daemon.c */
	FENCE_DELAY_US = 2 * SIM_S,
	TWO_NODE_DELAY_US = 5 * SIM_S,
};

struct beat {
	unsigned int node;
	uint64_t incarnation;
};

/* An event that waits for a hung hamd; its texts follow it. */
struct waiting {
	struct ham_event event;
	struct ham_blob blob;
	uint32_t ids[SIM_NODES];
	size_t len;
	uint8_t bytes[];
};

bool
sim_hamd_hung(const struct sim *sim, unsigned int i)
{
	return sim->node[i].hung_until_us > sim->now_us;
}

static void
carry_out(struct sim *sim, unsigned int i, const struct ham_effect *fx)
{
	switch ((enum ham_effect_kind)fx->kind) {
	case HAM_FX_SEND:
		sim_ring_send(sim, i, fx->bytes, fx->len, fx->flag);
		break;
	case HAM_FX_PERSIST:
		sim_persist(sim, i, fx);
		break;
	case HAM_FX_GUEST:
		sim_vm_do(sim, i, fx);
		break;
	case HAM_FX_REPLY:
		if (fx->error_class)
			sim_say(sim, "n%u refuses: %s", i + 1, fx->text);
		break;
	case HAM_FX_NOTE:
		if (fx->node == i + 1 && !fx->flag)
			sim_say(sim, "n%u note %s %s %s", i + 1,
				ham_note_name(fx->note), fx->guest, fx->text);
		break;
	case HAM_FX_REJOIN:
		sim_say(sim, "n%u has lost its place in the order", i + 1);
		sim_ring_cut(sim, i, REJOIN_US);
		break;
	case HAM_FX_FATAL:
		sim_fail(sim, "n%u: fatal: %s", i + 1, fx->text);
		break;
	case HAM_FX_FENCE_DOUBT: /* its devices do not lie */
		break;
	case HAM_FX_FENCE:
		sim_fence(sim, i, fx);
		break;
	case HAM_FX_LEASE:
		sim_watch_lease(sim, i, (int64_t)fx->value);
		break;
	case HAM_FX_FREEZE:
		if (sim->node[i].frozen != fx->flag)
			sim_say(sim, "n%u guests %s", i + 1,
				fx->flag ? "are frozen" : "move again");
		sim->node[i].frozen = fx->flag;
		break;
	case HAM_FX_DISARM:
		sim_watch_disarm(sim, i, fx->flag);
		break;
	case HAM_FX_TRIAL: /* nothing is asked here */
	case HAM_FX_TRIED:
		break;
	}
}

static void
step_now(struct sim *sim, unsigned int i, struct ham_event *event)
{
	struct sim_node *node = &sim->node[i];
	uint64_t incarnation = node->incarnation;
	struct ham_effects fx = {0};

	event->now_us = sim_host_now(sim, i);
	sim->steps++;
	ham_core_step(node->core, event, &fx);
	for (size_t k = 0; k < fx.n; k++)
		if (node->hamd && node->incarnation == incarnation)
			carry_out(sim, i, &fx.list[k]);
	ham_effects_free(&fx);
	sim_check(sim);
}

static void
keep_for_later(struct sim_node *node, const struct ham_event *event)
{
	struct waiting *w = g_malloc0(sizeof(*w) + event->len);

	w->event = *event;
	if (event->len)
		memcpy(w->bytes, event->bytes, event->len);
	w->event.bytes = w->bytes;
	if (event->blob) {
		w->blob = *event->blob;
		w->event.blob = &w->blob;
	}
	if (event->n_ids)
		memcpy(w->ids, event->ids, event->n_ids * sizeof(w->ids[0]));
	w->event.ids = w->ids;
	g_queue_push_tail(node->backlog, w);
}

void
sim_step(struct sim *sim, unsigned int i, struct ham_event *event)
{
	struct sim_node *node = &sim->node[i];

	if (!node->hamd)
		return;
	if (sim_hamd_hung(sim, i) ||
	    (!node->draining && !g_queue_is_empty(node->backlog)))
		keep_for_later(node, event);
	else
		step_now(sim, i, event);
}

static void
unhang(struct sim *sim, void *data)
{
	const struct beat *beat = data;
	struct sim_node *node = &sim->node[beat->node];
	struct waiting *w;

	node->draining = true;
	while (node->hamd && node->incarnation == beat->incarnation &&
	       !sim_hamd_hung(sim, beat->node) &&
	       (w = g_queue_pop_head(node->backlog))) {
		step_now(sim, beat->node, &w->event);
		g_free(w);
	}
	node->draining = false;
}

void
sim_hamd_hang(struct sim *sim, unsigned int i, int64_t for_us)
{
	struct sim_node *node = &sim->node[i];
	struct beat beat = {.node = i, .incarnation = node->incarnation};

	if (!node->hamd || node->hung_until_us > sim->now_us + for_us)
		return;
	sim_say(sim, "n%u hamd hangs", i + 1);
	node->hung_until_us = sim->now_us + for_us;
	sim_at(sim, for_us, unhang, g_memdup2(&beat, sizeof(beat)));
}

static void
tick(struct sim *sim, void *data)
{
	struct beat *beat = data;
	struct ham_event event = {.kind = HAM_EV_TICK};
	struct sim_node *node = &sim->node[beat->node];

	if (!node->hamd || node->incarnation != beat->incarnation)
		return;
	sim_at(sim, 250 * SIM_MS, tick, g_memdup2(beat, sizeof(*beat)));
	if (sim_hamd_hung(sim, beat->node))
		return;
	sim_step(sim, beat->node, &event);
	sim_check_epochs(sim, beat->node);
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

	if (sim->node[beat->node].incarnation != beat->incarnation ||
	    sim_defer(sim, beat->node, found_all, beat, sizeof(*beat)))
		return;
	sim_vm_find(sim, beat->node);
	sim_step(sim, beat->node, &ready);
}

static void
configure(const struct sim *sim, unsigned int i, struct ham_core_config *config)
{
	const struct sim_plan *plan = sim->plan;

	config->self = i + 1;
	config->n_nodes = sim->n;
	config->n_guests = sim->n_guests;
	config->guests = sim->config;
	/* of two, neither has a majority to renew it with (hamd/ring.c) */
	config->lease_us = sim->n == 2 ? 0 : plan->lease_us;
	config->watchdog_us = sim->node[i].disarmed ? 0 : plan->watchdog_us;
	config->lease_until_us = sim->node[i].lease_until_us;
	config->fence_and_wait = plan->fence_and_wait;
	config->parallel_migrations = plan->at_once[0];
	config->cluster_migrations = plan->at_once[1];
	config->fence_delay_us = FENCE_DELAY_US;
	config->two_node_delay_us = TWO_NODE_DELAY_US;
	config->boot = sim->node[i].life + 1;
	/* random, so no two of them are ever the same */
	config->incarnation = sim->node[i].incarnation * SIM_NODES + i;
	g_strlcpy(config->version, "sim", sizeof(config->version));
	config->config_digest = plan->differs & (1u << i) ? 2 : 1;
	for (unsigned int k = 0; k < sim->n; k++) {
		config->nodes[k].id = k + 1;
		config->nodes[k].fenced = sim->node[k].fence != SIM_FENCE_NONE;
		config->nodes[k].witness = plan->witness & (1u << k);
		g_snprintf(config->nodes[k].name, HAM_NAME_SIZE, "n%u", k + 1);
	}
}

void
sim_hamd_start(struct sim *sim, unsigned int i)
{
	struct sim_node *node = &sim->node[i];
	struct ham_core_config config = {0};
	struct beat beat = {.node = i};

	if (!node->power || node->hamd)
		return;
	beat.incarnation = ++node->incarnation;
	configure(sim, i, &config);
	node->core = ham_core_new(&config);
	load(sim, i);
	node->hamd = true;
	node->cut = false;
	sim_say(sim, "n%u hamd starts", i + 1);
	sim_at(sim, sim_between(sim, SIM_MS, 250 * SIM_MS), tick,
	       g_memdup2(&beat, sizeof(beat)));
	sim_at(sim, sim_between(sim, SIM_MS, 100 * SIM_MS), found_all,
	       g_memdup2(&beat, sizeof(beat)));
	if (node->corosync)
		sim_ring_group(sim, i);
}

static void
start_again(struct sim *sim, void *data)
{
	struct beat *beat = data;

	if (sim->node[beat->node].incarnation == beat->incarnation &&
	    !sim_defer(sim, beat->node, start_again, beat, sizeof(*beat)))
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
	bool rests = node->resting;
	ham_core **core;

	if (!node->hamd)
		return;
	sim_say(sim, "n%u hamd ends: %s", i + 1, why);
	node->hamd = node->resting = false;
	node->hung_until_us = node->asleep_until_us;
	g_queue_clear_full(node->backlog, g_free);
	sim_store_cut(sim, i);
	/* a step of it may be on the stack */
	core = g_new(ham_core *, 1);
	*core = node->core;
	node->core = NULL;
	sim_at(sim, 0, free_core, core);
	for (unsigned int g = 0; g < sim->n_guests; g++)
		node->vm[g].work++;
	if (!node->power)
		return;
	if (node->corosync)
		sim_ring_group(sim, i);
	sim_at(sim, sim_between(sim, 20 * SIM_MS, (rests ? 20 : 5) * SIM_S),
	       start_again, g_memdup2(&beat, sizeof(beat)));
}

void
sim_command(struct sim *sim, unsigned int i, enum ham_command command,
	    unsigned int guest, uint32_t target)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = sim->guest[guest].name,
				  .node = target,
				  .value = 512 * (sim->tokens + 1),
				  .token = ++sim->tokens};

	struct ham_policy policy = {
		.on_limit = (uint8_t)(sim->tokens % HAM_LIMIT_N),
		.max_duration_us = 30 * SIM_S};

	if (!sim->node[i].hamd)
		return;
	if (command == HAM_CMD_SET) {
		event.policy = &policy;
		event.value = HAM_SET_ON_LIMIT | HAM_SET_MAX_DURATION;
	}
	if (command == HAM_CMD_MOVE) {
		const struct ham_guest *g = ham_record_lookup(
			ham_core_record(sim->node[i].core), event.guest);

		event.flag = g && g->phase == HAM_GUEST_STOPPED;
	}
	if (command == HAM_CMD_DISARM || command == HAM_CMD_REST)
		event.value = sim->tokens % 40 + 1; /* seconds */
	if (command == HAM_CMD_REST)
		sim_watch_rest(sim, i);
	if (command == HAM_CMD_UNDRAIN)
		event.flag = guest % 2 == 0; /* back, or not */
	sim_say(sim, "n%u asked: %s %s n%u", i + 1, sim_command_names[command],
		sim->guest[guest].name, target);
	sim_step(sim, i, &event);
}
