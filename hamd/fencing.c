/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fencing.c - the core wants a node fenced: its devices are asked
 *
 * One job a node: a new order ends what is left of an older one, whose answer
 * nobody waits for any more.  Who is to be fenced, when again, and what follows
 * from the answer is the core's (hamd/core/death.c).
 */
#include <string.h>

#include "hamd/daemon.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

enum {
	/* a BMC's session and its answer; ipmitool tries again for 20 s */
	ACTION_US = 30 * 1000000,
	/* from `off` until the supply's voltage is gone */
	WATCH_US = 20 * 1000000,
};

struct fencing {
	ham_daemon *daemon;
	uint32_t node;
	uint64_t attempt;
	ham_fence_job *job;
};

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

	ham_notice("%s: %s", ham_core_node_name(daemon->core, f->node), words);
	f->job = NULL;
	ham_daemon_post(daemon, &event);
}

void
ham_daemon_fence(ham_daemon *daemon, const struct ham_effect *effect)
{
	const char *folder = g_getenv("HAMD_FENCE_AGENTS");
	struct fencing *f = g_hash_table_lookup(daemon->fencing,
						GUINT_TO_POINTER(effect->node));
	struct ham_fence_job_spec spec = {
		.node = ham_core_node_name(daemon->core, effect->node),
		.devices = (const struct ham_fence_device *)
				   daemon->fence_devices->data,
		.n = daemon->fence_devices->len,
		.agents = folder ? folder : "/usr/sbin",
		.action_us = ACTION_US,
		.watch_us = WATCH_US,
	};

	if (!f) {
		f = g_new0(struct fencing, 1);
		f->daemon = daemon;
		f->node = effect->node;
		g_hash_table_insert(daemon->fencing,
				    GUINT_TO_POINTER(effect->node), f);
	}
	ham_fence_job_cancel(f->job);
	f->attempt = effect->value;
	f->job = ham_fence_switch_off(&spec, on_done, f);
}

void
ham_daemon_fence_stop(ham_daemon *daemon)
{
	GHashTableIter iter;
	gpointer value;

	if (!daemon->fencing)
		return;
	g_hash_table_iter_init(&iter, daemon->fencing);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		ham_fence_job_cancel(((struct fencing *)value)->job);
	g_clear_pointer(&daemon->fencing, g_hash_table_unref);
	g_clear_pointer(&daemon->fence_devices, g_array_unref);
}
