/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/json.c - see json.h */
#include "hamd/ctl/json.h"

#include <stdio.h>

#include "hamd/io/json.h"

/* The member's node if it holds a plain value of that type. */
static JsonNode *
find_value(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;

	return node && JSON_NODE_HOLDS_VALUE(node) ? node : NULL;
}

const char *
ham_ctl_json_text(JsonObject *object, const char *name)
{
	JsonNode *node = find_value(object, name);

	if (node == NULL || json_node_get_value_type(node) != G_TYPE_STRING)
		return "";
	return json_node_get_string(node);
}

char *
ham_ctl_json_label(JsonObject *object, const char *name)
{
	JsonNode *node = find_value(object, name);

	if (node && json_node_get_value_type(node) == G_TYPE_INT64)
		return g_strdup_printf("%" G_GINT64_FORMAT,
				       json_node_get_int(node));
	return g_strdup(ham_ctl_json_text(object, name));
}

int64_t
ham_ctl_json_int(JsonObject *object, const char *name, int64_t fallback)
{
	JsonNode *node = find_value(object, name);
	double value;

	if (node && json_node_get_value_type(node) == G_TYPE_INT64)
		return json_node_get_int(node);
	if (node == NULL || json_node_get_value_type(node) != G_TYPE_DOUBLE)
		return fallback;
	value = json_node_get_double(node);
	if (value >= 9.2e18)
		return INT64_MAX;
	if (value <= -9.2e18)
		return INT64_MIN;
	return (int64_t)(value < 0 ? value - 0.5 : value + 0.5);
}

double
ham_ctl_json_number(JsonObject *object, const char *name, double fallback)
{
	JsonNode *node = find_value(object, name);

	if (node && json_node_get_value_type(node) == G_TYPE_INT64)
		return (double)json_node_get_int(node);
	if (node && json_node_get_value_type(node) == G_TYPE_DOUBLE)
		return json_node_get_double(node);
	return fallback;
}

uint64_t
ham_ctl_json_count(JsonObject *object, const char *name)
{
	int64_t value = ham_ctl_json_int(object, name, 0);

	return value > 0 ? (uint64_t)value : 0;
}

bool
ham_ctl_json_bool(JsonObject *object, const char *name)
{
	JsonNode *node = find_value(object, name);

	return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN &&
	       json_node_get_boolean(node);
}

JsonObject *
ham_ctl_json_object(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;

	return node && JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node)
						    : NULL;
}

JsonArray *
ham_ctl_json_array(JsonObject *object, const char *name)
{
	JsonNode *node = object ? json_object_get_member(object, name) : NULL;

	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node)
						   : NULL;
}

guint
ham_ctl_json_length(JsonArray *array)
{
	return array ? json_array_get_length(array) : 0;
}

JsonObject *
ham_ctl_json_element(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

const char *
ham_ctl_json_string_at(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	if (!JSON_NODE_HOLDS_VALUE(node) ||
	    json_node_get_value_type(node) != G_TYPE_STRING)
		return "";
	return json_node_get_string(node);
}

char *
ham_ctl_json_join(JsonArray *array, const char *separator)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < ham_ctl_json_length(array); i++)
		g_string_append_printf(text, "%s%s", i ? separator : "",
				       ham_ctl_json_string_at(array, i));
	return g_string_free(text, FALSE);
}

char *
ham_ctl_json_time(JsonObject *object, const char *name)
{
	JsonObject *stamp = ham_ctl_json_object(object, name);
	int64_t s = ham_ctl_json_int(stamp, "seconds", 0);
	int64_t us = ham_ctl_json_int(stamp, "microseconds", 0);
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_local(s);
	g_autofree char *text = NULL;

	if (s == 0 || time == NULL)
		return g_strdup("-");
	text = g_date_time_format(time, "%Y-%m-%d %H:%M:%S");
	return g_strdup_printf("%s.%03d", text, (int)(us / 1000 % 1000));
}

void
ham_ctl_json_print(JsonObject *object)
{
	g_autofree char *text = ham_json_text(object);

	puts(text);
	fflush(stdout);
}
