/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_read.c - see history_db.h: what is read, as JSON */
#include <string.h>

#include "hamd/io/history_sql.h"

static const char columns[] =
	"SELECT n AS number, id, kind, mode, guest, source AS 'from',"
	" target AS 'to', result, reason, asked, began_wall_us, began_boot_us,"
	" ended_wall_us, ended_boot_us, boot, total_us, stopped_us,"
	" blackout_us, max_pause_us, disk_bytes, ram_bytes, passes,"
	" CASE kind WHEN 'migration' THEN CAST(number AS TEXT) END AS txn,"
	" CASE kind WHEN 'failover' THEN number END AS epoch FROM entry ";

enum {
	BEGAN_WALL = 10,
	BEGAN_BOOT,
	ENDED_WALL,
	ENDED_BOOT,
};

static JsonObject *
stamp(int64_t wall_us)
{
	JsonObject *o = json_object_new();

	json_object_set_int_member(o, "seconds", wall_us / G_USEC_PER_SEC);
	json_object_set_int_member(o, "microseconds", wall_us % G_USEC_PER_SEC);
	return o;
}

static bool
is_us(const char *name)
{
	return g_str_has_suffix(name, "_us") &&
	       !g_str_has_suffix(name, "boot_us");
}

/* A row's columns as members: times of the wall clock as stamps, times that
 * something took in ms, others as they are; NULL: none. */
static JsonObject *
row_object(sqlite3_stmt *row)
{
	JsonObject *o = json_object_new();

	for (int i = 0; i < sqlite3_column_count(row); i++) {
		const char *name = sqlite3_column_name(row, i);
		int64_t value = sqlite3_column_int64(row, i);
		int type = sqlite3_column_type(row, i);
		g_autofree char *other = NULL;

		if (g_str_has_suffix(name, "wall_us")) {
			other = g_strndup(name, strlen(name) - 7);
			/* "began_" of "began_wall_us"; of "wall_us" nothing */
			if (other[0])
				other[strlen(other) - 1] = '\0';
			if (type == SQLITE_INTEGER)
				json_object_set_object_member(
					o, other[0] ? other : "time",
					stamp(value));
			else
				json_object_set_null_member(o, other);
		} else if (type == SQLITE_NULL) {
			continue;
		} else if (type == SQLITE_TEXT) {
			json_object_set_string_member(
				o, name,
				(const char *)sqlite3_column_text(row, i));
		} else if (is_us(name)) {
			other = g_strdup_printf("%.*s_ms",
						(int)strlen(name) - 3, name);
			/* tenths of a ms: more is noise */
			json_object_set_double_member(
				o, other, (double)((value + 50) / 100) / 10.0);
		} else {
			json_object_set_int_member(o, name, value);
		}
	}
	return o;
}

/* What was not measured follows from the clocks, if it has ended. */
static JsonObject *
entry_object(sqlite3_stmt *row)
{
	JsonObject *o = row_object(row);
	int64_t began_us = sqlite3_column_int64(row, BEGAN_WALL);
	int64_t ended_us = sqlite3_column_int64(row, ENDED_WALL);
	int64_t boot_us = sqlite3_column_int64(row, ENDED_BOOT) -
			  sqlite3_column_int64(row, BEGAN_BOOT);
	int64_t took_us = sqlite3_column_type(row, ENDED_BOOT) == SQLITE_NULL ||
					  boot_us < 0
				  ? ended_us - began_us
				  : boot_us;

	if (!json_object_has_member(o, "total_ms") && ended_us)
		json_object_set_double_member(
			o, "total_ms", (double)((took_us + 50) / 100) / 10.0);
	return o;
}

/* Up to `limit` rows, the rest is left; the statement is finalized. */
static JsonArray *
rows_array(ham_history_db *db, sqlite3_stmt *rows, guint limit, bool *more,
	   JsonObject *(*make)(sqlite3_stmt *row), GError **error)
{
	JsonArray *list = json_array_new();
	int code;

	*more = false;
	while ((code = sqlite3_step(rows)) == SQLITE_ROW) {
		if (json_array_get_length(list) >= limit) {
			*more = true;
			break;
		}
		json_array_add_object_element(list, make(rows));
	}
	if (code != SQLITE_DONE && code != SQLITE_ROW) {
		ham_history_fail(db, "read it", error);
		g_clear_pointer(&list, json_array_unref);
	}
	sqlite3_finalize(rows);
	return list;
}

JsonObject *
ham_history_db_list(ham_history_db *db, const struct ham_history_query *query,
		    GError **error)
{
	g_autofree char *sql =
		g_strconcat(columns,
			    "WHERE (:guest = '' OR guest = :guest)"
			    " AND n > :since AND n < :before"
			    " ORDER BY n DESC",
			    NULL);
	sqlite3_stmt *rows = ham_history_prepare(db, sql, error);
	JsonObject *answer;
	JsonArray *list;
	bool more;

	if (!rows)
		return NULL;
	ham_history_bind_text(rows, ":guest", query->guest);
	ham_history_bind_int(rows, ":since", query->since);
	ham_history_bind_int(rows, ":before",
			     query->before ? query->before : INT64_MAX);
	list = rows_array(db, rows,
			  (guint)CLAMP(query->limit, 1, HAM_HISTORY_LIST),
			  &more, entry_object, error);
	if (!list)
		return NULL;
	answer = json_object_new();
	json_object_set_array_member(answer, "entries", list);
	json_object_set_boolean_member(answer, "more", more);
	return answer;
}

/* All rows of that entry, in their order; each k-th only, and the last, if
 * there are more than HAM_HISTORY_POINTS. */
static bool
add_rows(ham_history_db *db, JsonObject *answer, const char *name,
	 const char *what, int64_t n, GError **error)
{
	g_autofree char *sql = g_strdup_printf(
		"SELECT %s FROM (SELECT *, row_number() OVER (ORDER BY rowid)"
		" AS k, count(*) OVER () AS c FROM %.*s WHERE entry = :n)"
		" WHERE k = c OR (k - 1) %% ((c + %d) / %d) = 0 ORDER BY k",
		what, (int)strlen(name) - 1, name, HAM_HISTORY_POINTS - 2,
		HAM_HISTORY_POINTS - 1);
	sqlite3_stmt *rows = ham_history_prepare(db, sql, error);
	JsonArray *list;
	bool more;

	if (!rows)
		return false;
	ham_history_bind_int(rows, ":n", n);
	list = rows_array(db, rows, G_MAXUINT, &more, row_object, error);
	if (list)
		json_object_set_array_member(answer, name, list);
	return list != NULL;
}

JsonObject *
ham_history_db_show(ham_history_db *db, const char *id, bool samples,
		    GError **error)
{
	g_autoptr(JsonObject) answer = json_object_new();
	g_autofree char *sql = g_strconcat(columns, "WHERE id = :id", NULL);
	sqlite3_stmt *row = ham_history_prepare(db, sql, error);
	JsonArray *list;
	int64_t n;
	bool more;

	if (!row)
		return NULL;
	ham_history_bind_text(row, ":id", id);
	list = rows_array(db, row, 1, &more, entry_object, error);
	if (!list || json_array_get_length(list) == 0) {
		g_clear_pointer(&list, json_array_unref);
		return NULL;
	}
	json_object_set_object_member(
		answer, "entry",
		json_object_ref(json_array_get_object_element(list, 0)));
	json_array_unref(list);
	n = json_object_get_int_member(
		json_object_get_object_member(answer, "entry"), "number");
	if (!add_rows(db, answer, "steps", "wall_us, boot_us, node, what, text",
		      n, error) ||
	    (samples && !add_rows(db, answer, "samples",
				  "boot_us, disk_done, disk_total, ram_done,"
				  " ram_remaining, rate, dirty_rate, throttle,"
				  " pause_min_us, pause_max_us, passes",
				  n, error)))
		return NULL;
	return g_steal_pointer(&answer);
}
