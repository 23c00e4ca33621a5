/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/admin_line.c - see admin_line.h */
#include "hamd/io/admin_line.h"

#include "hamd/io/json.h"

enum {
	PROTOCOL = 1,
};

char *
ham_admin_line_malformed(JsonObject *line)
{
	g_autoptr(GList) members = json_object_get_members(line);

	for (GList *l = members; l; l = l->next)
		if (!g_str_equal(l->data, "execute") &&
		    !g_str_equal(l->data, "arguments") &&
		    !g_str_equal(l->data, "id"))
			return g_strdup_printf("unexpected member '%s'",
					       (const char *)l->data);
	if (!ham_json_string(line, "execute"))
		return g_strdup("'execute' must name a command");
	if (json_object_has_member(line, "arguments") &&
	    !ham_json_object(line, "arguments"))
		return g_strdup("'arguments' must be an object");
	return NULL;
}

JsonObject *
ham_admin_line_greeting(const char *version, const char *node)
{
	JsonObject *line = json_object_new();
	JsonObject *hamd = json_object_new();

	json_object_set_string_member(hamd, "version", version);
	json_object_set_string_member(hamd, "node", node);
	json_object_set_int_member(hamd, "protocol", PROTOCOL);
	json_object_set_object_member(line, "hamd", hamd);
	json_object_set_array_member(line, "capabilities", json_array_new());
	return line;
}

static void
set_id(JsonObject *line, JsonNode *id)
{
	if (id)
		json_object_set_member(line, "id", json_node_copy(id));
}

JsonObject *
ham_admin_line_return(JsonObject *result, JsonNode *id)
{
	JsonObject *line = json_object_new();

	json_object_set_object_member(line, "return",
				      result ? result : json_object_new());
	set_id(line, id);
	return line;
}

JsonObject *
ham_admin_line_error(const char *error_class, const char *description,
		     JsonNode *id)
{
	JsonObject *line = json_object_new();
	JsonObject *error = json_object_new();

	json_object_set_string_member(error, "class", error_class);
	json_object_set_string_member(error, "desc", description);
	json_object_set_object_member(line, "error", error);
	set_id(line, id);
	return line;
}

JsonObject *
ham_admin_line_event(const char *name, JsonObject *event_data, int64_t wall_us)
{
	JsonObject *line = json_object_new();
	JsonObject *timestamp = json_object_new();

	json_object_set_int_member(timestamp, "seconds", wall_us / 1000000);
	json_object_set_int_member(timestamp, "microseconds",
				   wall_us % 1000000);
	json_object_set_string_member(line, "event", name);
	json_object_set_object_member(
		line, "data", event_data ? event_data : json_object_new());
	json_object_set_object_member(line, "timestamp", timestamp);
	return line;
}
