/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/status.c - the state of things as JSON, and why it is not as wanted */
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"

static void
set_pos(JsonObject *o, const char *name, struct ham_pos pos)
{
	g_autofree char *text =
		g_strdup_printf("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT,
				pos.term, pos.count);

	json_object_set_string_member(o, name, text);
}

static JsonObject *
quorum_object(ham_daemon *daemon, const struct ham_core_view *view)
{
	JsonObject *o = json_object_new();
	JsonArray *members = json_array_new();
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);
	g_autofree char *ring = g_strdup_printf("%u.%" G_GUINT64_FORMAT,
						view->ring.rep, view->ring.seq);

	for (unsigned int i = 0; i < n; i++)
		if (view->joined & (1u << i))
			json_array_add_string_element(members, nodes[i].name);
	json_object_set_boolean_member(o, "quorate", view->quorate);
	json_object_set_boolean_member(o, "active", view->active);
	json_object_set_string_member(o, "waiting_for", view->waiting_for);
	json_object_set_string_member(o, "ring", ring);
	json_object_set_string_member(
		o, "leader",
		view->leader ? ham_core_node_name(daemon->core, view->leader)
			     : "");
	json_object_set_array_member(o, "members", members);
	json_object_set_int_member(o, "configured", n);
	set_pos(o, "position", view->position);
	set_pos(o, "committed", view->committed);
	return o;
}

static JsonArray *
node_array(ham_daemon *daemon, const struct ham_core_view *view)
{
	JsonArray *list = json_array_new();
	unsigned int n;

	(void)ham_core_nodes(daemon->core, &n);
	for (unsigned int i = 0; i < n; i++)
		json_array_add_object_element(list,
					      ham_daemon_node(daemon, i, view));
	return list;
}

static void
add_forecast(JsonObject *o, const struct ham_progress *p)
{
	json_object_set_int_member(o, "done_permille", p->done);
	json_object_set_int_member(o, "eta_min_ms", p->left_ms[0]);
	json_object_set_int_member(o, "eta_max_ms", p->left_ms[1]);
	json_object_set_int_member(o, "pause_min_ms",
				   ham_us_to_ms_up(p->pause_us[0]));
	json_object_set_int_member(o, "pause_max_ms",
				   ham_us_to_ms_up(p->pause_us[1]));
	json_object_set_int_member(o, "dirty_bytes_per_s",
				   (int64_t)p->dirty_rate);
	json_object_set_int_member(o, "throttle_percent", p->throttle);
	json_object_set_string_member(o, "forecast",
				      ham_converge_name(p->verdict));
	json_object_set_int_member(o, "needs_bytes_per_s",
				   (int64_t)p->needs_rate);
	json_object_set_int_member(o, "needs_pause_ms",
				   ham_us_to_ms_up(p->needs_pause_us));
}

JsonObject *
ham_daemon_migration(ham_daemon *daemon, const struct ham_guest *guest,
		     const struct ham_progress *p)
{
	JsonObject *o;
	g_autofree char *txn = NULL;
	struct ham_core_guest_info info;
	uint32_t to = guest->dst ? guest->dst : guest->move_to;

	if (to == 0)
		return NULL;
	ham_core_guest_info(daemon->core, guest, &info);
	if (!p)
		p = &info.progress;
	o = json_object_new();
	txn = g_strdup_printf("%" G_GUINT64_FORMAT, guest->txn);
	json_object_set_string_member(o, "txn", txn);
	json_object_set_string_member(
		o, "from", ham_core_node_name(daemon->core, guest->owner));
	json_object_set_string_member(o, "to",
				      ham_core_node_name(daemon->core, to));
	json_object_set_string_member(o, "phase",
				      ham_mig_phase_name(info.mig_phase));
	if (info.mig_phase == HAM_MIG_QUEUED)
		json_object_set_int_member(o, "queued_behind",
					   info.queued_behind);
	json_object_set_int_member(o, "disk_done_bytes", (int64_t)p->disk_done);
	json_object_set_int_member(o, "disk_total_bytes",
				   (int64_t)p->disk_total);
	json_object_set_int_member(o, "ram_done_bytes", (int64_t)p->ram_done);
	json_object_set_int_member(o, "ram_total_bytes", (int64_t)p->ram_total);
	json_object_set_int_member(o, "ram_remaining_bytes",
				   (int64_t)p->ram_remaining);
	json_object_set_int_member(o, "rate_bytes_per_s", (int64_t)p->rate);
	add_forecast(o, p);
	json_object_set_int_member(o, "passes", (int64_t)p->passes);
	json_object_set_int_member(o, "elapsed_ms", p->elapsed_ms);
	return o;
}

static JsonArray *
replica_array(ham_daemon *daemon, const struct ham_guest *guest)
{
	JsonArray *list = json_array_new();
	struct ham_core_guest_info info = {0};

	if (guest)
		ham_core_guest_info(daemon->core, guest, &info);
	for (int i = 0; guest && i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];
		JsonObject *o;

		if (r->node == 0 || r->node == guest->owner)
			continue;
		o = json_object_new();
		json_object_set_string_member(
			o, "node", ham_core_node_name(daemon->core, r->node));
		json_object_set_string_member(o, "state",
					      ham_replica_state_name(r));
		json_object_set_int_member(o, "generation",
					   (int64_t)r->generation);
		if (r->node == info.sync_node && info.sync.disk_total) {
			json_object_set_int_member(
				o, "done_bytes", (int64_t)info.sync.disk_done);
			json_object_set_int_member(
				o, "total_bytes",
				(int64_t)info.sync.disk_total);
			json_object_set_int_member(o, "rate_bytes_per_s",
						   (int64_t)info.sync.rate);
			json_object_set_int_member(o, "eta_min_ms",
						   info.sync.left_ms[0]);
			json_object_set_int_member(o, "eta_max_ms",
						   info.sync.left_ms[1]);
		}
		json_array_add_object_element(list, o);
	}
	return list;
}

static JsonArray *
disk_array(const struct ham_conf_guest *conf, const struct ham_guest *guest)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; conf && i < conf->disks->len; i++) {
		const struct ham_conf_disk *d =
			g_ptr_array_index(conf->disks, i);
		JsonObject *o = json_object_new();

		json_object_set_string_member(o, "name", d->name);
		json_object_set_string_member(o, "path", d->path);
		json_object_set_int_member(
			o, "size_bytes",
			(int64_t)(guest ? MAX(d->size, guest->disk_size[i])
					: d->size));
		json_object_set_string_member(
			o, "kind",
			(guest ? guest->shared >> i & 1 : d->shared) ? "shared"
								     : "local");
		if (guest && guest->grow_size && guest->grow_disk == i)
			json_object_set_int_member(o, "grows_to_bytes",
						   (int64_t)guest->grow_size);
		json_array_add_object_element(list, o);
	}
	return list;
}

static JsonArray *
port_array(const struct ham_conf_guest *conf)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; conf && i < conf->ports->len; i++) {
		const struct ham_conf_port *p =
			g_ptr_array_index(conf->ports, i);
		JsonObject *o = json_object_new();
		JsonArray *addresses = json_array_new();
		g_autofree char *mac = g_strdup_printf(
			"%02x:%02x:%02x:%02x:%02x:%02x", p->mac[0], p->mac[1],
			p->mac[2], p->mac[3], p->mac[4], p->mac[5]);

		for (char **a = p->addresses; a && *a; a++)
			json_array_add_string_element(addresses, *a);
		json_object_set_string_member(o, "name", p->name);
		json_object_set_string_member(o, "bridge", p->bridge);
		json_object_set_string_member(o, "mac", mac);
		if (p->vlan)
			json_object_set_int_member(o, "vlan", p->vlan);
		if (p->queues > 1)
			json_object_set_int_member(o, "queues", p->queues);
		json_object_set_array_member(o, "addresses", addresses);
		json_array_add_object_element(list, o);
	}
	return list;
}

/* What proof of death would end the wait, in words. */
static void
set_wait(ham_daemon *daemon, JsonObject *o,
	 const struct ham_core_guest_info *info)
{
	const char *node;
	const char *what;
	g_autofree char *how = NULL;
	g_autofree char *text = NULL;

	if (info->waits_for_node == 0) {
		json_object_set_string_member(o, "waits_for", info->waits_for);
		return;
	}
	node = ham_core_node_name(daemon->core, info->waits_for_node);
	how = ham_fence_wanted_text(
		node,
		(const struct ham_fence_device *)daemon->fence_devices->data,
		daemon->fence_devices->len);
	what = strstr(how, ": ");
	text = g_strdup_printf("%s (%s)", info->waits_for,
			       what ? what + 2 : how);
	json_object_set_string_member(o, "waits_for", text);
}

static JsonObject *
guest_object(ham_daemon *daemon, const char *name, bool timeline)
{
	const struct ham_conf_guest *conf =
		ham_conf_find_guest(daemon->conf, name);
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(daemon->core), name);
	struct ham_core_guest_info info = {.state = "stopped"};
	JsonObject *o = json_object_new();
	JsonObject *migration = NULL;
	JsonObject *last = ham_daemon_result(daemon, name, timeline);

	if (guest) {
		ham_core_guest_info(daemon->core, guest, &info);
		migration = ham_daemon_migration(daemon, guest, NULL);
	}
	json_object_set_string_member(o, "name", name);
	json_object_set_string_member(
		o, "wanted", guest && guest->wanted ? "running" : "stopped");
	json_object_set_string_member(o, "state", info.state);
	json_object_set_string_member(
		o, "owner",
		guest ? ham_core_node_name(daemon->core, guest->owner) : "");
	json_object_set_int_member(o, "epoch",
				   guest ? (int64_t)guest->epoch : 0);
	json_object_set_string_member(
		o, "reason", guest ? info.reason : "it was never started");
	set_wait(daemon, o, &info);
	if (conf) {
		json_object_set_int_member(o, "memory_bytes",
					   (int64_t)conf->memory);
		json_object_set_int_member(o, "cpus", conf->cpus);
		json_object_set_int_member(o, "replicas_wanted",
					   conf->replicas);
		json_object_set_int_member(o, "priority", conf->priority);
		json_object_set_string_member(o, "uuid", conf->uuid);
	}
	json_object_set_array_member(o, "replicas",
				     replica_array(daemon, guest));
	json_object_set_array_member(o, "disks", disk_array(conf, guest));
	json_object_set_array_member(o, "ports", port_array(conf));
	if (migration)
		json_object_set_object_member(o, "migration", migration);
	else
		json_object_set_null_member(o, "migration");
	if (last)
		json_object_set_object_member(o, "last_migration", last);
	else
		json_object_set_null_member(o, "last_migration");
	return o;
}

JsonObject *
ham_daemon_guest(ham_daemon *daemon, const char *name, bool timeline)
{
	JsonObject *result;

	if (!ham_conf_find_guest(daemon->conf, name) &&
	    !ham_record_lookup(ham_core_record(daemon->core), name))
		return NULL;
	result = json_object_new();
	json_object_set_object_member(result, "guest",
				      guest_object(daemon, name, timeline));
	return result;
}

static JsonArray *
guest_array(ham_daemon *daemon)
{
	const struct ham_record *record = ham_core_record(daemon->core);
	JsonArray *list = json_array_new();

	for (guint i = 0; i < daemon->conf->guests->len; i++) {
		const struct ham_conf_guest *g =
			g_ptr_array_index(daemon->conf->guests, i);

		json_array_add_object_element(
			list, guest_object(daemon, g->name, false));
	}
	for (unsigned int i = 0; i < record->n_guests; i++)
		if (!ham_conf_find_guest(daemon->conf, record->guests[i].name))
			json_array_add_object_element(
				list,
				guest_object(daemon, record->guests[i].name,
					     false));
	return list;
}

JsonObject *
ham_daemon_guest_list(ham_daemon *daemon)
{
	JsonObject *result = json_object_new();

	json_object_set_array_member(result, "guests", guest_array(daemon));
	return result;
}

/* A node that takes no guests is easily forgotten. */
static void
add_closed(ham_daemon *daemon, uint32_t id, JsonArray *list)
{
	const struct ham_node_state *state =
		ham_record_node(ham_core_record(daemon->core), id);
	g_autofree char *text = NULL;

	if (!state || !(state->flags & HAM_NODE_CLOSED))
		return;
	text = g_strdup_printf(
		"%s is %s%s%s: it takes no guests",
		ham_core_node_name(daemon->core, id),
		ham_node_flag_name(state->flags & HAM_NODE_CLOSED),
		state->reason[0] ? ", " : "", state->reason);
	json_array_add_string_element(list, text);
}

/* Nor does anybody think of one whose guests nobody would bring back. */
static void
add_leaseless(ham_daemon *daemon, uint32_t id, JsonArray *list)
{
	const struct ham_node_state *state =
		ham_record_node(ham_core_record(daemon->core), id);
	int64_t left_us = ham_core_rest_left_us(daemon->core, id);
	const char *name = ham_core_node_name(daemon->core, id);
	g_autofree char *text = NULL;

	if (!state || !(state->flags & HAM_NODE_LEASELESS))
		return;
	if (left_us <= 0)
		text = g_strdup_printf(
			"%s is %s, and should have ended that by now: its "
			"silence proves nothing; see hamctl status there, or "
			"start its hamd",
			name,
			ham_node_flag_name(state->flags & HAM_NODE_LEASELESS));
	else if (state->flags & HAM_NODE_DISARMED)
		text = g_strdup_printf(
			"%s is disarmed: if it fails within the next "
			"%" G_GINT64_FORMAT
			" s, nobody fences it (hamctl node arm %s ends that)",
			name, (left_us + 999999) / 1000000, name);
	else
		text = g_strdup_printf(
			"%s is resting, as its hamd was stopped: if it fails "
			"within the next %" G_GINT64_FORMAT
			" s, nobody fences it (a hamd there ends that)",
			name, (left_us + 999999) / 1000000);
	json_array_add_string_element(list, text);
}

static JsonArray *
warnings(ham_daemon *daemon, const struct ham_core_view *view)
{
	JsonArray *list = json_array_new();
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	if (!view->active) {
		g_autofree char *text = g_strdup_printf(
			"no decisions are possible, waiting for %s",
			view->waiting_for);

		json_array_add_string_element(list, text);
	}
	for (unsigned int i = 0; i < n; i++) {
		g_autofree char *text = NULL;

		if (view->differs & (1u << i))
			text = g_strdup_printf(
				"the cluster file on %s differs from the one "
				"here: it gets no guests until they are equal",
				nodes[i].name);
		else if (view->active && !(view->joined & (1u << i)))
			text = g_strdup_printf("%s is not in the cluster",
					       nodes[i].name);
		if (text)
			json_array_add_string_element(list, text);
		add_closed(daemon, nodes[i].id, list);
		add_leaseless(daemon, nodes[i].id, list);
	}
	if (ham_core_lease_us(daemon->core) > 0 &&
	    ham_guests_cannot_freeze(daemon->guests)) {
		g_autofree char *text = g_strdup_printf(
			"guests here run on without a quorum, until the lease "
			"is over: %s",
			ham_guests_cannot_freeze(daemon->guests));

		json_array_add_string_element(list, text);
	}
	ham_daemon_fence_problems(daemon, list);
	ham_daemon_health_problems(daemon, list);
	ham_daemon_plan_warnings(daemon, view, list);
	ham_daemon_past_problems(daemon, list);
	return list;
}

JsonObject *
ham_daemon_status(ham_daemon *daemon)
{
	JsonObject *o = json_object_new();
	JsonObject *cluster = json_object_new();
	struct ham_core_view view;

	ham_core_get_view(daemon->core, &view);
	json_object_set_string_member(
		cluster, "name", daemon->conf->name ? daemon->conf->name : "");
	json_object_set_int_member(cluster, "version",
				   (int64_t)daemon->conf->version);
	json_object_set_string_member(cluster, "digest", daemon->conf->digest);
	json_object_set_object_member(o, "cluster", cluster);
	json_object_set_string_member(
		o, "node",
		ham_core_node_name(daemon->core, ham_core_self(daemon->core)));
	json_object_set_string_member(o, "hamd", PACKAGE_VERSION);
	json_object_set_object_member(o, "quorum",
				      quorum_object(daemon, &view));
	json_object_set_array_member(o, "nodes", node_array(daemon, &view));
	json_object_set_array_member(o, "guests", guest_array(daemon));
	json_object_set_array_member(o, "warnings", warnings(daemon, &view));
	json_object_set_object_member(o, "counters",
				      ham_daemon_counters(daemon));
	return o;
}
