/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/nodes.c - nodes as JSON: their states, and what a drain would do
 *
 * Only asks the core; what is ordered of a node is commands.c's.
 */
#include "hamd/daemon.h"

static void
set_states(JsonObject *o, const struct ham_node_state *state)
{
	JsonArray *list = json_array_new();
	unsigned int flags = state ? state->flags : 0;

	for (unsigned int bit = 1; bit <= HAM_NODE_FLAGS; bit <<= 1)
		if (flags & bit)
			json_array_add_string_element(list,
						      ham_node_flag_name(bit));
	json_object_set_array_member(o, "states", list);
	json_object_set_string_member(o, "reason", state ? state->reason : "");
}

/* Guests that run there or are about to, and their memory. */
static void
set_load(ham_daemon *daemon, uint32_t id, JsonObject *o)
{
	const struct ham_record *record = ham_core_record(daemon->core);
	int64_t guests = 0;
	int64_t memory = 0;

	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *g = &record->guests[i];
		const struct ham_conf_guest *conf =
			ham_conf_find_guest(daemon->conf, g->name);

		if (g->owner != id || g->phase == HAM_GUEST_STOPPED)
			continue;
		guests++;
		memory += conf ? (int64_t)conf->memory : 0;
	}
	json_object_set_int_member(o, "guests", guests);
	json_object_set_int_member(o, "guest_memory_bytes", memory);
}

JsonObject *
ham_daemon_node(ham_daemon *daemon, unsigned int i,
		const struct ham_core_view *view)
{
	unsigned int n;
	const struct ham_core_node *node = &ham_core_nodes(daemon->core, &n)[i];
	JsonObject *o = json_object_new();
	uint64_t room_mib;
	int64_t free_mib;

	json_object_set_string_member(o, "name", node->name);
	json_object_set_int_member(o, "id", node->id);
	json_object_set_boolean_member(o, "online", view->online & (1u << i));
	json_object_set_boolean_member(o, "member", view->joined & (1u << i));
	json_object_set_string_member(o, "role",
				      node->witness ? "witness" : "guests");
	json_object_set_string_member(
		o, "version", ham_core_node_version(daemon->core, node->id));
	json_object_set_boolean_member(o, "config_matches",
				       !(view->differs & (1u << i)));
	set_states(o, ham_record_node(ham_core_record(daemon->core), node->id));
	json_object_set_boolean_member(
		o, "armed", ham_core_is_armed(daemon->core, node->id));
	json_object_set_int_member(
		o, "rest_seconds",
		(ham_core_rest_left_us(daemon->core, node->id) + 999999) /
			1000000);
	set_load(daemon, node->id, o);
	if (!node->witness && ham_core_node_memory(daemon->core, node->id,
						   &room_mib, &free_mib)) {
		json_object_set_int_member(o, "usable_memory_bytes",
					   (int64_t)(room_mib << 20));
		json_object_set_int_member(o, "free_memory_bytes",
					   free_mib * (1 << 20));
	}
	return o;
}

JsonObject *
ham_daemon_node_list(ham_daemon *daemon)
{
	JsonObject *result = json_object_new();
	JsonArray *list = json_array_new();
	struct ham_core_view view;
	unsigned int n;

	ham_core_get_view(daemon->core, &view);
	(void)ham_core_nodes(daemon->core, &n);
	for (unsigned int i = 0; i < n; i++)
		json_array_add_object_element(
			list, ham_daemon_node(daemon, i, &view));
	json_object_set_array_member(result, "nodes", list);
	return result;
}

static JsonObject *
leave_object(ham_daemon *daemon, const struct ham_core_leave *leave)
{
	JsonObject *o = json_object_new();

	json_object_set_string_member(o, "name", leave->guest);
	json_object_set_string_member(o, "action",
				      leave->begun ? "leaving"
				      : leave->to  ? "live"
						   : "stays");
	json_object_set_string_member(
		o, "to",
		leave->to ? ham_core_node_name(daemon->core, leave->to) : "");
	json_object_set_string_member(o, "why", leave->why);
	json_object_set_int_member(o, "priority", leave->priority);
	json_object_set_boolean_member(o, "runs", leave->runs);
	return o;
}

JsonObject *
ham_daemon_node_plan(ham_daemon *daemon, uint32_t node)
{
	JsonObject *result = json_object_new();
	JsonArray *list = json_array_new();
	unsigned int n;
	g_autofree struct ham_core_leave *plan =
		ham_core_drain_plan(daemon->core, node, &n);

	for (unsigned int i = 0; i < n; i++)
		json_array_add_object_element(list,
					      leave_object(daemon, &plan[i]));
	json_object_set_string_member(result, "node",
				      ham_core_node_name(daemon->core, node));
	set_states(result,
		   ham_record_node(ham_core_record(daemon->core), node));
	json_object_set_array_member(result, "guests", list);
	return result;
}
