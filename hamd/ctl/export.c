/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/export.c - see export.h */
#include "hamd/ctl/export.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/table.h"

/* Members of an entry; "began" and "ended" are times. */
static const char *const columns[] = {
	"id",
	"number",
	"kind",
	"mode",
	"guest",
	"from",
	"to",
	"result",
	"began",
	"ended",
	"total_ms",
	"stopped_ms",
	"blackout_ms",
	"max_pause_ms",
	"disk_bytes",
	"ram_bytes",
	"passes",
	"asked",
	"reason",
	"txn",
	"epoch",
	"began_boot_us",
	"ended_boot_us",
	"boot",
};

void
ham_ctl_csv_field(GString *out, const char *text)
{
	if (!text || !strpbrk(text, ",\"\r\n")) {
		g_string_append(out, text ? text : "");
		return;
	}
	g_string_append_c(out, '"');
	for (const char *p = text; *p; p++) {
		if (*p == '"')
			g_string_append_c(out, '"');
		g_string_append_c(out, *p);
	}
	g_string_append_c(out, '"');
}

void
ham_ctl_csv_header(GString *out)
{
	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
		if (i)
			g_string_append_c(out, ',');
		ham_ctl_csv_field(out, columns[i]);
	}
	g_string_append(out, "\r\n");
}

/* "2026-11-30T14:22:52.123456Z"; NULL: none. */
static char *
utc(JsonObject *stamp)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(
		ham_ctl_json_int(stamp, "seconds", 0));
	g_autofree char *text =
		stamp && time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S")
			      : NULL;

	return text ? g_strdup_printf(
			      "%s.%06dZ", text,
			      (int)ham_ctl_json_int(stamp, "microseconds", 0))
		    : NULL;
}

static char *
value(JsonObject *entry, const char *name)
{
	JsonNode *node = json_object_get_member(entry, name);
	char number[G_ASCII_DTOSTR_BUF_SIZE];
	GType type;

	if (!node)
		return NULL;
	if (JSON_NODE_HOLDS_OBJECT(node))
		return utc(json_node_get_object(node));
	if (!JSON_NODE_HOLDS_VALUE(node))
		return NULL;
	type = json_node_get_value_type(node);
	if (type == G_TYPE_STRING)
		return ham_ctl_clean(json_node_get_string(node));
	if (type == G_TYPE_INT64)
		return g_strdup_printf("%" G_GINT64_FORMAT,
				       json_node_get_int(node));
	if (type == G_TYPE_DOUBLE) /* tenths of a ms, whatever the locale */
		return g_strdup(g_ascii_formatd(number, sizeof(number), "%.1f",
						json_node_get_double(node)));
	return NULL;
}

void
ham_ctl_csv_entry(GString *out, JsonObject *entry)
{
	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
		g_autofree char *text = value(entry, columns[i]);

		if (i)
			g_string_append_c(out, ',');
		ham_ctl_csv_field(out, text);
	}
	g_string_append(out, "\r\n");
}
