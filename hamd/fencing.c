/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fencing.c - the core wants a node fenced: its devices are asked
 *
 * And before that: every device is looked at as long as its node is up, as one
 * that never said `on` proves nothing.  One job a node: a new order ends what
 * is left of an older one, whose answer nobody waits for any more.  Who is to
 * be fenced, when again, and what follows from the answer is the core's
 * (hamd/core/death.c).
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

enum {
	/* a BMC's session and its answer; ipmitool tries again for 20 s */
	ACTION_US = 30 * 1000000,
	/* from `off` until the supply's voltage is gone */
	WATCH_US = 20 * 1000000,
};

enum {
	LOOK_MS = 1000,
	SOON_US = 15 * 1000000,	   /* until it was seen on */
	RARELY_US = 300 * 1000000, /* then */
};

/* A power device, looked at while its node is up. */
struct watch {
	ham_daemon *daemon;
	struct ham_fence_device *device;
	ham_fence_look *look;
	int64_t next_us;
	char why[HAM_TEXT_MAX]; /* "": it said on */
};

struct fencing {
	ham_daemon *daemon;
	uint32_t node;
	uint64_t attempt;
	ham_fence_job *job;
};

static void
watch_free(gpointer data)
{
	struct watch *watch = data;

	ham_fence_look_cancel(watch->look);
	g_free(watch);
}

static void
on_looked(struct ham_fence_device *device, enum ham_fence_state state,
	  const char *why, void *data)
{
	struct watch *watch = data;

	(void)state;
	watch->look = NULL;
	watch->next_us = ham_clock_us() +
			 (device->seen_on && !why ? RARELY_US : SOON_US);
	if (why && strcmp(watch->why, why) != 0)
		ham_warn("device %s of %s: %s", device->name, device->node,
			 why);
	else if (!why && watch->why[0])
		ham_notice("device %s of %s: seen on", device->name,
			   device->node);
	g_strlcpy(watch->why, why ? why : "", sizeof(watch->why));
}

static bool
is_up(const ham_daemon *daemon, const char *name)
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

static const char *
agents(void)
{
	const char *folder = g_getenv("HAMD_FENCE_AGENTS");

	return folder ? folder : "/usr/sbin";
}

static gboolean
look(gpointer data)
{
	ham_daemon *daemon = data;

	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		struct watch *watch = g_ptr_array_index(daemon->fence_looks, i);

		if (!is_up(daemon, watch->device->node)) {
			/* its answer would be held against a node that is not
			 */
			ham_fence_look_cancel(watch->look);
			watch->look = NULL;
			watch->next_us = 0;
		} else if (!watch->look && ham_clock_us() >= watch->next_us) {
			watch->look =
				ham_fence_look_at(watch->device, true, agents(),
						  ACTION_US, on_looked, watch);
		}
	}
	return G_SOURCE_CONTINUE;
}

static void
watch_devices(ham_daemon *daemon)
{
	daemon->fence_looks = g_ptr_array_new_with_free_func(watch_free);
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		struct watch *watch;

		if (!ham_fence_is_power(d))
			continue;
		watch = g_new0(struct watch, 1);
		watch->daemon = daemon;
		watch->device = d;
		g_strlcpy(watch->why, "not looked at yet", sizeof(watch->why));
		g_ptr_array_add(daemon->fence_looks, watch);
	}
	daemon->fence_ticker = g_timeout_add(LOOK_MS, look, daemon);
}

void
ham_daemon_fence_problems(ham_daemon *daemon, JsonArray *list)
{
	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		const struct watch *watch =
			g_ptr_array_index(daemon->fence_looks, i);
		g_autofree char *text = g_strdup_printf(
			"device %s of %s%s: %s", watch->device->name,
			watch->device->node,
			watch->device->seen_on ? "" : " proves nothing",
			watch->why);

		if (watch->why[0] && is_up(daemon, watch->device->node))
			json_array_add_string_element(list, text);
	}
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		const struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		g_autofree char *text = g_strdup_printf(
			"%s has a watchdog in the cluster file, but this "
			"version of hamd keeps no leases: it proves nothing",
			d->node);

		if (!ham_fence_is_power(d))
			json_array_add_string_element(list, text);
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
	watch_devices(daemon);
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
	struct fencing *f = g_hash_table_lookup(daemon->fencing,
						GUINT_TO_POINTER(effect->node));
	struct ham_fence_job_spec spec = {
		.node = ham_core_node_name(daemon->core, effect->node),
		.devices = (const struct ham_fence_device *)
				   daemon->fence_devices->data,
		.n = daemon->fence_devices->len,
		.agents = agents(),
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
	g_clear_handle_id(&daemon->fence_ticker, g_source_remove);
	ham_daemon_fence_cancel(daemon);
	g_clear_pointer(&daemon->fence_looks, g_ptr_array_unref);
	g_clear_pointer(&daemon->fencing, g_hash_table_unref);
	g_clear_pointer(&daemon->fence_devices, g_array_unref);
}
