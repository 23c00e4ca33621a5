/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/plan.c - what would become of the guests if a node failed, as JSON
 *
 * The core plans; here it is told: all of it for `plan failure`, and for status
 * what could not be started elsewhere.  A plan of 1000 guests takes well below
 * a millisecond (tests/bench/plan), so nothing of it is kept.
 */
#include "hamd/daemon.h"

static JsonObject *
place_object(ham_daemon *daemon, const struct ham_core_place *place)
{
	JsonObject *o = json_object_new();

	json_object_set_string_member(o, "guest", place->guest);
	json_object_set_int_member(o, "priority", place->priority);
	json_object_set_int_member(o, "memory_bytes",
				   (int64_t)(place->memory_mib << 20));
	json_object_set_string_member(
		o, "to",
		place->node ? ham_core_node_name(daemon->core, place->node)
			    : "");
	json_object_set_string_member(o, "reason", place->reason);
	return o;
}

JsonObject *
ham_daemon_plan_failure(ham_daemon *daemon, uint32_t node)
{
	unsigned int n;
	g_autofree struct ham_core_place *places =
		ham_core_plan_failure(daemon->core, node, &n);
	JsonObject *o = json_object_new();
	JsonArray *list = json_array_new();

	for (unsigned int i = 0; i < n; i++)
		json_array_add_object_element(list,
					      place_object(daemon, &places[i]));
	json_object_set_string_member(o, "node",
				      ham_core_node_name(daemon->core, node));
	json_object_set_boolean_member(o, "majority_left",
				       ham_core_can_lose(daemon->core, node));
	json_object_set_array_member(o, "guests", list);
	return o;
}

/* One line a node, whatever is wrong there. */
static void
warn_of(ham_daemon *daemon, const struct ham_core_node *node, JsonArray *list)
{
	unsigned int n;
	g_autofree struct ham_core_place *places =
		ham_core_plan_failure(daemon->core, node->id, &n);
	const struct ham_core_place *first = NULL;
	unsigned int lost = 0;
	g_autofree char *text = NULL;

	for (unsigned int i = 0; i < n; i++) {
		/* of which nobody wants a copy: that is no news */
		if (places[i].node || places[i].lonely)
			continue;
		if (!first)
			first = &places[i];
		lost++;
	}
	if (lost == 0)
		return;
	if (lost == 1)
		text = g_strdup_printf("if %s failed, %s could not run: %s",
				       node->name, first->guest, first->reason);
	else
		text = g_strdup_printf("if %s failed, %u guests could not run, "
				       "first %s: %s (all: hamctl plan failure "
				       "%s)",
				       node->name, lost, first->guest,
				       first->reason, node->name);
	json_array_add_string_element(list, text);
}

void
ham_daemon_plan_warnings(ham_daemon *daemon, const struct ham_core_view *view,
			 JsonArray *list)
{
	unsigned int n;
	const struct ham_core_node *nodes = ham_core_nodes(daemon->core, &n);

	for (unsigned int i = 0; view->active && i < n; i++)
		if (!nodes[i].witness && (view->joined & (1u << i)))
			warn_of(daemon, &nodes[i], list);
}
