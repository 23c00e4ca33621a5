/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fencing.c - the core wants a node fenced: its devices are asked
 *
 * One job a node: a new order ends what is left of an older one, whose answer
 * nobody waits for any more.  Who is to be fenced, when again, and what follows
 * from the answer is the core's (hamd/core/death.c).
 */
#include "hamd/fencing.h"

#include <string.h>

#include "hamd/base/clock.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

struct fencing {
	ham_daemon *daemon;
	uint32_t node;
	uint64_t attempt;
	int64_t began_us; /* wall clock */
	ham_fence_job *job;
};

bool
ham_daemon_is_up(const ham_daemon *daemon, const char *name)
{
	struct ham_core_view view;
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	ham_core_get_view(daemon->core, &view);
	for (unsigned int i = 0; i < n; i++)
		if (strcmp(nodes[i].name, name) == 0)
			return view.active && (view.joined & (1u << i));
	return false;
}

struct ham_fence_job_spec
ham_daemon_fence_spec(const ham_daemon *daemon, const char *node)
{
	return (struct ham_fence_job_spec){
		.node = node,
		.devices = (const struct ham_fence_device *)
				   daemon->fence_devices->data,
		.n = daemon->fence_devices->len,
		.agents = ham_fence_agents(),
		.action_us = HAM_FENCE_ACTION_US,
		.watch_us = HAM_FENCE_WATCH_US,
	};
}

bool
ham_daemon_is_fencing(const ham_daemon *daemon, uint32_t node)
{
	const struct fencing *f =
		g_hash_table_lookup(daemon->fencing, GUINT_TO_POINTER(node));

	return (f && f->job) || ham_daemon_fence_ordered(daemon, node);
}

JsonObject *
ham_daemon_stamp(int64_t wall_us)
{
	JsonObject *stamp = json_object_new();

	json_object_set_int_member(stamp, "seconds", wall_us / G_USEC_PER_SEC);
	json_object_set_int_member(stamp, "microseconds",
				   wall_us % G_USEC_PER_SEC);
	return stamp;
}

void
ham_daemon_fence_jobs(ham_daemon *daemon, JsonArray *list)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, daemon->fencing);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct fencing *f = value;
		JsonObject *o;

		if (!f->job)
			continue;
		o = json_object_new();
		json_object_set_string_member(
			o, "node", ham_core_node_name(daemon->core, f->node));
		json_object_set_string_member(o, "what", "fencing");
		json_object_set_object_member(o, "since",
					      ham_daemon_stamp(f->began_us));
		json_array_add_object_element(list, o);
	}
}

void
ham_daemon_fence_devices(ham_daemon *daemon)
{
	daemon->fence_devices =
		g_array_new(FALSE, TRUE, sizeof(struct ham_fence_device));
	daemon->fencing = g_hash_table_new_full(g_direct_hash, g_direct_equal,
						NULL, g_free);
	for (guint i = 0; i < daemon->conf->fences->len; i++) {
		const struct ham_conf_fence *f =
			g_ptr_array_index(daemon->conf->fences, i);
		struct ham_fence_device d = {.node = f->node,
					     .name = f->name,
					     .agent = f->agent,
					     .level = f->level,
					     .options = f->options};

		g_array_append_val(daemon->fence_devices, d);
	}
	ham_daemon_watch_start(daemon);
	ham_daemon_history_open(daemon);
	ham_daemon_seen_open(daemon);
}

bool
ham_daemon_can_fence(const ham_daemon *daemon, const char *node)
{
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		const struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);

		if (ham_fence_is_power(d) && strcmp(d->node, node) == 0)
			return true;
	}
	return false;
}

static void
on_done(bool off, const char *words, void *data)
{
	struct fencing *f = data;
	ham_daemon *daemon = f->daemon;
	struct ham_event event = {.kind = HAM_EV_FENCED,
				  .node = f->node,
				  .value = f->attempt,
				  .flag = off,
				  .text = words};

	const char *node = ham_core_node_name(daemon->core, f->node);

	ham_notice("%s: %s", node, words);
	f->job = NULL;
	/* the contrary is told to all nodes */
	if (off)
		ham_daemon_history_add(
			daemon, node, "off",
			ham_core_node_name(daemon->core,
					   ham_core_self(daemon->core)),
			words);
	ham_daemon_post(daemon, &event);
}

void
ham_daemon_fence(ham_daemon *daemon, const struct ham_effect *effect)
{
	struct fencing *f = g_hash_table_lookup(daemon->fencing,
						GUINT_TO_POINTER(effect->node));
	struct ham_fence_job_spec spec = ham_daemon_fence_spec(
		daemon, ham_core_node_name(daemon->core, effect->node));

	if (!f) {
		f = g_new0(struct fencing, 1);
		f->daemon = daemon;
		f->node = effect->node;
		g_hash_table_insert(daemon->fencing,
				    GUINT_TO_POINTER(effect->node), f);
	}
	ham_fence_job_cancel(f->job);
	f->job = NULL;
	f->attempt = effect->value;
	if (f->attempt == 0)
		return;
	f->began_us = ham_clock_wall_us();
	f->job = ham_fence_switch_off(&spec, on_done, f);
}

void
ham_daemon_fence_cancel(ham_daemon *daemon)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, daemon->fencing);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct fencing *f = value;

		ham_fence_job_cancel(f->job);
		f->job = NULL;
	}
}

void
ham_daemon_fence_stop(ham_daemon *daemon)
{
	if (!daemon->fencing)
		return;
	ham_daemon_watch_stop(daemon);
	ham_daemon_fence_orders_stop(daemon);
	ham_daemon_fence_cancel(daemon);
	ham_daemon_history_close(daemon);
	ham_daemon_seen_close(daemon);
	g_clear_pointer(&daemon->fencing, g_hash_table_unref);
	g_clear_pointer(&daemon->fence_devices, g_array_unref);
}
