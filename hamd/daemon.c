/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/daemon.c - see daemon.h */
#include "hamd/daemon.h"

#include <grp.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

/* Whose members may do everything, or only ask, where the groups exist. */
#define WRITE_GROUP "hamd"
#define READ_GROUP "hamd-read"

enum {
	TICK_MS = 250,
	LATE_US = 2 * TICK_MS * 1000, /* the loop's wait took that long */
	REJOIN_MS = 500,
};

/* An event with everything it points to. */
struct event_copy {
	struct ham_event event;
	uint32_t ids[HAM_MAX_NODES * 8];
	uint8_t *bytes;
	char *guest;
	char *text;
	struct ham_blob blob;
	struct ham_progress progress;
	struct ham_policy policy;
};

static struct event_copy *
copy_event(const struct ham_event *event)
{
	struct event_copy *copy = g_new0(struct event_copy, 1);

	copy->event = *event;
	if (event->ids) {
		copy->event.n_ids = MIN(event->n_ids, G_N_ELEMENTS(copy->ids));
		memcpy(copy->ids, event->ids,
		       copy->event.n_ids * sizeof(copy->ids[0]));
		copy->event.ids = copy->ids;
	}
	if (event->bytes) {
		copy->bytes = g_memdup2(event->bytes, event->len);
		copy->event.bytes = copy->bytes;
	}
	copy->guest = g_strdup(event->guest);
	copy->text = g_strdup(event->text);
	copy->event.guest = copy->guest;
	copy->event.text = copy->text;
	if (event->blob) {
		copy->blob = *event->blob;
		copy->event.blob = &copy->blob;
	}
	if (event->progress) {
		copy->progress = *event->progress;
		copy->event.progress = &copy->progress;
	}
	if (event->policy) {
		copy->policy = *event->policy;
		copy->event.policy = &copy->policy;
	}
	return copy;
}

static void
event_free(gpointer data)
{
	struct event_copy *copy = data;

	g_free(copy->bytes);
	g_free(copy->guest);
	g_free(copy->text);
	g_free(copy);
}

static void
put_in_store(ham_daemon *daemon, const struct ham_effect *effect)
{
	GPtrArray *items = ham_store_items_new();

	for (size_t i = 0; i < effect->n_items; i++)
		g_ptr_array_add(items,
				ham_store_item_new(effect->items[i].key,
						   effect->items[i].value,
						   effect->items[i].len));
	ham_store_put(daemon->store, items, effect->flag, effect->value);
}

static gboolean try_join(gpointer data);

static void
leave(ham_daemon *daemon)
{
	struct ham_event lost = {.kind = HAM_EV_LOST};

	g_clear_pointer(&daemon->cluster, ham_cluster_free);
	ham_daemon_fence_cancel(daemon);
	ham_daemon_post(daemon, &lost);
	if (!daemon->rejoin && !daemon->parted)
		daemon->rejoin = g_timeout_add(REJOIN_MS, try_join, daemon);
}

void
ham_daemon_part(ham_daemon *daemon)
{
	daemon->parted = true;
	g_clear_handle_id(&daemon->rejoin, g_source_remove);
	leave(daemon);
}

static void
carry_out(ham_daemon *daemon, const struct ham_effect *effect)
{
	switch ((enum ham_effect_kind)effect->kind) {
	case HAM_FX_SEND:
		if (daemon->cluster &&
		    !ham_cluster_send(daemon->cluster, effect->bytes,
				      effect->len, effect->flag))
			ham_warn("a message could not be sent");
		break;
	case HAM_FX_PERSIST:
		put_in_store(daemon, effect);
		break;
	case HAM_FX_GUEST:
		ham_guests_do(daemon->guests, effect);
		break;
	case HAM_FX_REPLY:
		ham_daemon_reply(daemon, effect);
		break;
	case HAM_FX_NOTE:
		ham_daemon_note(daemon, effect);
		break;
	case HAM_FX_REJOIN:
		ham_warn("a message of the order is missing: joining anew");
		leave(daemon);
		break;
	case HAM_FX_FATAL:
		ham_daemon_stop(daemon, 1, effect->text);
		break;
	case HAM_FX_FENCE_DOUBT:
		ham_daemon_fence_doubt(daemon, effect->node);
		break;
	case HAM_FX_FENCE:
		ham_daemon_fence(daemon, effect);
		break;
	case HAM_FX_LEASE:
		ham_daemon_watchdog_lease(daemon, (int64_t)effect->value);
		ham_guests_mark(daemon->guests);
		break;
	case HAM_FX_FREEZE:
		ham_guests_freeze(daemon->guests, effect->flag);
		ham_notice("guests here %s%s",
			   effect->flag ? "stand still: " : "may run",
			   effect->text);
		break;
	case HAM_FX_DISARM:
		ham_daemon_watchdog_disarm(daemon, effect->flag);
		break;
	case HAM_FX_TRIAL:
		ham_daemon_trial(daemon, effect);
		break;
	case HAM_FX_TRIED:
		ham_daemon_tried(daemon, effect);
		break;
	}
}

static void
step(ham_daemon *daemon, const struct ham_event *event)
{
	struct ham_effects effects = {0};

	ham_core_step(daemon->core, event, &effects);
	for (size_t i = 0; i < effects.n; i++)
		carry_out(daemon, &effects.list[i]);
	ham_effects_free(&effects);
	ham_daemon_past_look(daemon);
}

void
ham_daemon_post(ham_daemon *daemon, const struct ham_event *event)
{
	struct event_copy *copy = copy_event(event);

	copy->event.now_us = ham_clock_us();
	g_queue_push_tail(&daemon->events, copy);
	if (daemon->stepping)
		return;
	daemon->stepping = true;
	while ((copy = g_queue_pop_head(&daemon->events))) {
		step(daemon, &copy->event);
		event_free(copy);
	}
	daemon->stepping = false;
}

/* ---- corosync ---- */

static void
on_message(uint32_t sender, uint32_t pid, const void *bytes, size_t len,
	   void *data)
{
	struct ham_event event = {.kind = HAM_EV_MESSAGE,
				  .node = sender,
				  .bytes = bytes,
				  .len = len};

	(void)pid;
	ham_daemon_post(data, &event);
}

static void
on_group(const uint32_t *ids, const uint32_t *pids, size_t n, void *data)
{
	struct ham_event event = {.kind = HAM_EV_GROUP, .ids = ids, .n_ids = n};

	(void)pids;
	ham_daemon_post(data, &event);
}

static void
on_totem(struct ham_cluster_ring ring, const uint32_t *ids, size_t n,
	 void *data)
{
	struct ham_event event = {.kind = HAM_EV_TOTEM,
				  .ring = {ring.rep, ring.seq},
				  .ids = ids,
				  .n_ids = n};

	/* who is to be off in one ring may be back in the next */
	ham_daemon_fence_cancel(data);
	ham_info("ring %u.%" G_GUINT64_FORMAT ", %zu nodes", ring.rep, ring.seq,
		 n);
	ham_daemon_past_ring(data, ids, n);
	ham_daemon_post(data, &event);
}

static void
on_quorum(struct ham_cluster_ring ring, bool quorate, void *data)
{
	struct ham_event event = {.kind = HAM_EV_QUORUM,
				  .ring = {ring.rep, ring.seq},
				  .flag = quorate};

	ham_info("ring %u.%" G_GUINT64_FORMAT " is %squorate", ring.rep,
		 ring.seq, quorate ? "" : "not ");
	ham_daemon_post(data, &event);
}

static void
on_lost(const char *reason, void *data)
{
	ham_err("corosync: %s; trying to come back", reason);
	leave(data);
}

static const struct ham_cluster_callbacks callbacks = {
	.on_message = on_message,
	.on_group = on_group,
	.on_totem = on_totem,
	.on_quorum = on_quorum,
	.on_lost = on_lost,
};

static gboolean
try_join(gpointer data)
{
	ham_daemon *daemon = data;
	g_autoptr(GError) error = NULL;

	if (daemon->cluster || !daemon->found) {
		daemon->rejoin = 0;
		return G_SOURCE_REMOVE;
	}
	daemon->cluster = ham_cluster_join("hamd", &callbacks, daemon, &error);
	if (!daemon->cluster) {
		ham_debug("corosync: %s", error->message);
		return G_SOURCE_CONTINUE;
	}
	daemon->rejoin = 0;
	ham_notice("joined the group through corosync");
	return G_SOURCE_REMOVE;
}

/* ---- start and stop ---- */

static void
on_stored(uint64_t ticket, void *data)
{
	struct ham_event event = {.kind = HAM_EV_PERSISTED, .value = ticket};

	ham_daemon_post(data, &event);
}

static void
on_store_failed(const char *reason, void *data)
{
	g_autofree char *text =
		g_strdup_printf("the state can't be stored: %s", reason);

	ham_daemon_stop(data, 1, text);
}

static void
on_guest_event(const struct ham_event *event, void *data)
{
	ham_daemon_health_hear(data, event);
	ham_daemon_post(data, event);
}

static const char *
name_of(uint32_t node, void *data)
{
	const ham_daemon *daemon = data;

	return ham_core_node_name(daemon->core, node);
}

static int
slot_of(const char *guest, void *data)
{
	ham_daemon *daemon = data;
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), guest);

	return g ? g->slot : -1;
}

G_STATIC_ASSERT((int)HAM_MAX_DISKS == (int)HAM_CONF_MAX_DISKS);

static uint64_t
size_of(const char *guest, unsigned int disk, uint64_t *grows_to, void *data)
{
	ham_daemon *daemon = data;
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), guest);

	*grows_to = g && g->grow_disk == disk ? g->grow_size : 0;
	return g ? g->disk_size[disk] : 0;
}

static uint32_t
shared_of(const char *guest, void *data)
{
	ham_daemon *daemon = data;
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), guest);

	return g ? g->shared : 0;
}

static void
history_of(const char *guest, struct ham_guests_history *out, void *data)
{
	ham_daemon *daemon = data;
	const struct ham_guest *g =
		ham_record_lookup(ham_core_record(daemon->core), guest);

	struct ham_fork forks[HAM_MAX_FORKS];
	unsigned int n = ham_core_forks(daemon->core, guest, forks);

	memset(out, 0, sizeof(*out));
	G_STATIC_ASSERT(G_N_ELEMENTS(out->before) == HAM_MAX_FORKS);
	for (unsigned int i = 0; i < n; i++) {
		out->before[i].id = forks[i].history;
		out->before[i].epoch = forks[i].epoch;
	}
	out->id = g ? g->history : 0;
	out->epoch = g ? g->epoch : 0;
}

static void
on_found(void *data)
{
	ham_daemon *daemon = data;
	struct ham_event ready = {.kind = HAM_EV_READY};

	daemon->found = true;
	ham_daemon_post(daemon, &ready);
	if (try_join(daemon) == G_SOURCE_CONTINUE && !daemon->rejoin)
		daemon->rejoin = g_timeout_add(REJOIN_MS, try_join, daemon);
}

static gboolean
tick(gpointer data)
{
	struct ham_event event = {.kind = HAM_EV_TICK};

	ham_daemon_post(data, &event);
	ham_daemon_watchdog_tick(data);
	return G_SOURCE_CONTINUE;
}

/* ---- after a standstill ---- */

struct guard {
	GSource source;
	ham_daemon *daemon;
	int64_t last_us; /* when the loop last looked at its sources */
};

/* Looks at the clock right after the loop's wait, and goes before all that has
 * become ready meanwhile: whoever stood still must know of it first. */
static gboolean
guard_check(GSource *source)
{
	struct guard *guard = (struct guard *)source;
	int64_t now_us = ham_clock_us();
	bool late = now_us - guard->last_us > LATE_US;

	guard->last_us = now_us;
	return late;
}

static gboolean
guard_dispatch(GSource *source, GSourceFunc unused, gpointer data)
{
	struct ham_event event = {.kind = HAM_EV_TICK};

	(void)unused;
	(void)data;
	ham_daemon_post(((struct guard *)source)->daemon, &event);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs guard_funcs = {.check = guard_check,
				   .dispatch = guard_dispatch};

static void
guard_start(ham_daemon *daemon)
{
	daemon->guard = g_source_new(&guard_funcs, sizeof(struct guard));
	((struct guard *)daemon->guard)->daemon = daemon;
	((struct guard *)daemon->guard)->last_us = ham_clock_us();
	g_source_set_priority(daemon->guard, 2 * G_PRIORITY_HIGH);
	g_source_attach(daemon->guard, NULL);
}

static bool
open_store(ham_daemon *daemon, GError **error)
{
	g_autoptr(GPtrArray) items = NULL;
	const char *refusal = NULL;

	if (g_mkdir_with_parents("/var/lib/hamd", 0711) != 0) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot make /var/lib/hamd");
		return false;
	}
	daemon->store =
		ham_store_open("/var/lib/hamd/state.db", &items, on_stored,
			       on_store_failed, daemon, error);
	if (!daemon->store)
		return false;
	for (guint i = 0; i < items->len && !refusal; i++) {
		const struct ham_store_item *item = g_ptr_array_index(items, i);
		gsize len;
		const uint8_t *value = g_bytes_get_data(item->value, &len);

		refusal = ham_core_load(daemon->core, item->key, value, len);
	}
	if (!refusal)
		refusal = ham_core_loaded(daemon->core);
	if (!refusal)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "/var/lib/hamd/state.db: %s", refusal);
	return false;
}

static bool
open_guests(ham_daemon *daemon, uint32_t self, GError **error)
{
	struct ham_guests_spec spec = {
		.conf = daemon->conf,
		.node = ham_core_node_name(daemon->core, self),
		.node_id = self,
		.run_dir = "/run/hamd",
		.state_dir = "/var/lib/hamd",
		.log_dir = "/var/log/hamd",
		.pause_at = g_getenv("HAMD_PAUSE_AT"),
		.on_event = on_guest_event,
		.slot_of = slot_of,
		.name_of = name_of,
		.size_of = size_of,
		.shared_of = shared_of,
		.history_of = history_of,
		.data = daemon,
	};

	daemon->guests = ham_guests_new(&spec, error);
	return daemon->guests != NULL;
}

static bool
open_admin(ham_daemon *daemon, uint32_t self, GError **error)
{
	struct ham_admin_spec spec = {
		.path = "/run/hamd/admin.sock",
		.node = ham_core_node_name(daemon->core, self),
		.version = PACKAGE_VERSION,
		.read_group = getgrnam(READ_GROUP) ? READ_GROUP : NULL,
		.write_group = getgrnam(WRITE_GROUP) ? WRITE_GROUP : NULL,
		.max_clients = 64,
	};

	daemon->admin = ham_admin_new(&spec, ham_daemon_request, daemon, error);
	return daemon->admin != NULL;
}

static const char *
self_name(const struct ham_core_config *config)
{
	for (unsigned int i = 0; i < config->n_nodes; i++)
		if (config->nodes[i].id == config->self)
			return config->nodes[i].name;
	return "";
}

bool
ham_daemon_start(ham_daemon *daemon, GError **error)
{
	struct ham_core_config config = {0};
	g_autoptr(ham_cluster) probe = NULL;

	daemon->last =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	ham_daemon_fence_devices(daemon);
	/* only to learn which node we are; joined for good when all is known */
	probe = ham_cluster_join("hamd-probe", &callbacks, daemon, error);
	if (!probe)
		return false;
	if (!ham_daemon_read_ring(daemon, ham_cluster_self(probe), &config,
				  error))
		return false;
	g_clear_pointer(&probe, ham_cluster_free);
	ham_daemon_watchdog_start(daemon, self_name(&config), &config);
	daemon->core = ham_core_new(&config);
	if (!open_store(daemon, error) ||
	    !open_guests(daemon, config.self, error) ||
	    !open_admin(daemon, config.self, error))
		return false;
	ham_daemon_past_open(daemon);
	ham_daemon_watchdog_ready(daemon);
	daemon->ticker = g_timeout_add(TICK_MS, tick, daemon);
	guard_start(daemon);
	ham_daemon_health_start(daemon);
	ham_notice("hamd " PACKAGE_VERSION " on %s, QEMU %s",
		   ham_core_node_name(daemon->core, config.self),
		   ham_guests_qemu_version(daemon->guests));
	ham_guests_find(daemon->guests, on_found);
	return true;
}

void
ham_daemon_stop(ham_daemon *daemon, int status, const char *reason)
{
	if (status != 0)
		ham_err("stopping: %s", reason);
	else
		ham_notice("stopping: %s", reason);
	daemon->exit_status = status;
	g_main_loop_quit(daemon->loop);
}

void
ham_daemon_clear(ham_daemon *daemon)
{
	struct event_copy *copy;
	struct ham_note_entry *entry;

	g_clear_handle_id(&daemon->ticker, g_source_remove);
	if (daemon->guard)
		g_source_destroy(daemon->guard);
	g_clear_pointer(&daemon->guard, g_source_unref);
	g_clear_handle_id(&daemon->rejoin, g_source_remove);
	g_clear_pointer(&daemon->admin, ham_admin_free);
	g_clear_pointer(&daemon->cluster, ham_cluster_free);
	g_clear_pointer(&daemon->guests, ham_guests_free);
	g_clear_pointer(&daemon->store, ham_store_free);
	while ((copy = g_queue_pop_head(&daemon->events)))
		event_free(copy);
	while ((entry = g_queue_pop_head(&daemon->notes))) {
		json_object_unref(entry->data);
		g_free(entry);
	}
	ham_daemon_fence_stop(daemon);
	ham_daemon_watchdog_stop(daemon);
	ham_daemon_health_stop(daemon);
	ham_daemon_past_close(daemon);
	g_clear_pointer(&daemon->core, ham_core_free);
	ham_daemon_free_guests(daemon);
	g_clear_pointer(&daemon->last, g_hash_table_destroy);
	g_clear_pointer(&daemon->trials, g_hash_table_destroy);
	g_clear_pointer(&daemon->conf, ham_conf_free);
}

uint32_t
ham_daemon_node_id(const ham_daemon *daemon, const char *name)
{
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	for (unsigned int i = 0; i < n; i++)
		if (strcmp(nodes[i].name, name) == 0)
			return nodes[i].id;
	return 0;
}
