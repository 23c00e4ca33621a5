/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_db.c - see history_db.h: the file, and what is written to it
 */
#include "hamd/io/history_db.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/io/history_sql.h"

enum {
	FORMAT = 1,
	APPLICATION = 0x68616d68, /* "hamh" */
	BUSY_MS = 1000,
	DAMAGED = 1, /* code of open_file(): what is there is of no use */
};

static const char schema[] =
	"BEGIN IMMEDIATE;"
	"CREATE TABLE entry("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" kind TEXT NOT NULL, mode TEXT NOT NULL, guest TEXT NOT NULL,"
	" number INTEGER NOT NULL, source TEXT NOT NULL, target TEXT NOT NULL,"
	" began_wall_us INTEGER NOT NULL, began_boot_us INTEGER NOT NULL,"
	" ended_wall_us INTEGER, ended_boot_us INTEGER, boot TEXT NOT NULL,"
	" result TEXT NOT NULL, reason TEXT NOT NULL, asked TEXT NOT NULL,"
	" total_us INTEGER, stopped_us INTEGER, blackout_us INTEGER,"
	" max_pause_us INTEGER, disk_bytes INTEGER, ram_bytes INTEGER,"
	" passes INTEGER) STRICT;"
	"CREATE INDEX entry_guest ON entry(guest, n);"
	"CREATE TABLE step("
	" entry INTEGER NOT NULL REFERENCES entry(n) ON DELETE CASCADE,"
	" wall_us INTEGER NOT NULL, boot_us INTEGER NOT NULL,"
	" node TEXT NOT NULL, what TEXT NOT NULL, text TEXT NOT NULL) STRICT;"
	"CREATE INDEX step_entry ON step(entry);"
	"CREATE TABLE sample("
	" entry INTEGER NOT NULL REFERENCES entry(n) ON DELETE CASCADE,"
	" wall_us INTEGER NOT NULL, boot_us INTEGER NOT NULL,"
	" disk_done INTEGER, disk_total INTEGER, ram_done INTEGER,"
	" ram_remaining INTEGER, rate INTEGER, dirty_rate INTEGER,"
	" throttle INTEGER, pause_min_us INTEGER, pause_max_us INTEGER,"
	" passes INTEGER) STRICT;"
	"CREATE INDEX sample_entry ON sample(entry);"
	"PRAGMA application_id=%d; PRAGMA user_version=%d; COMMIT";

/* ---- statements ---- */

bool
ham_history_fail(ham_history_db *db, const char *doing, GError **error)
{
	int code = sqlite3_errcode(db->sqlite) & 0xff;

	db->damaged |= code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	return ham_refuse(error, "%s: cannot %s: %s (SQLite code %d)", db->path,
			  doing, sqlite3_errmsg(db->sqlite),
			  sqlite3_extended_errcode(db->sqlite));
}

sqlite3_stmt *
ham_history_prepare(ham_history_db *db, const char *sql, GError **error)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) ==
	    SQLITE_OK)
		return statement;
	ham_history_fail(db, "use it", error);
	return NULL;
}

bool
ham_history_run(ham_history_db *db, sqlite3_stmt *statement, GError **error)
{
	int code = SQLITE_ROW;

	if (!statement)
		return false;
	while (code == SQLITE_ROW)
		code = sqlite3_step(statement);
	if (code != SQLITE_DONE)
		ham_history_fail(db, "write to it", error);
	sqlite3_finalize(statement);
	return code == SQLITE_DONE;
}

void
ham_history_bind_text(sqlite3_stmt *statement, const char *name,
		      const char *value)
{
	int i = sqlite3_bind_parameter_index(statement, name);

	g_assert(i > 0);
	/* text of other nodes: SQLite takes any bytes, JSON does not */
	if (g_utf8_validate(value, -1, NULL))
		sqlite3_bind_text(statement, i, value, -1, SQLITE_TRANSIENT);
	else
		sqlite3_bind_text(statement, i, g_utf8_make_valid(value, -1),
				  -1, g_free);
}

void
ham_history_bind_int(sqlite3_stmt *statement, const char *name, int64_t value)
{
	int i = sqlite3_bind_parameter_index(statement, name);

	g_assert(i > 0);
	sqlite3_bind_int64(statement, i, value);
}

static bool
execute(ham_history_db *db, const char *sql, const char *doing, GError **error)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       ham_history_fail(db, doing, error);
}

/* ---- opening ---- */

/* The first value of the first row, -1: none; *text, if not NULL, as text. */
static int64_t
ask(ham_history_db *db, const char *sql, char **text)
{
	sqlite3_stmt *statement = ham_history_prepare(db, sql, NULL);
	int64_t value = -1;

	if (statement && sqlite3_step(statement) == SQLITE_ROW) {
		value = sqlite3_column_int64(statement, 0);
		if (text)
			*text = g_strdup((const char *)sqlite3_column_text(
				statement, 0));
	}
	sqlite3_finalize(statement);
	return value;
}

static bool
check_kind(ham_history_db *db, bool *damaged, GError **error)
{
	int64_t application = ask(db, "PRAGMA application_id", NULL);
	int64_t format = ask(db, "PRAGMA user_version", NULL);
	int64_t pages = ask(db, "PRAGMA page_count", NULL);
	int code = sqlite3_errcode(db->sqlite) & 0xff;
	g_autofree char *verdict = NULL;
	g_autofree char *sql = NULL;

	if (application < 0 || format < 0 || pages < 0) {
		*damaged = code == SQLITE_NOTADB || code == SQLITE_CORRUPT;
		return ham_history_fail(db, "open it", error);
	}
	if (pages == 0) {
		sql = g_strdup_printf(schema, APPLICATION, FORMAT);
		return execute(db, sql, "create it", error);
	}
	if (application != APPLICATION)
		return ham_refuse(error, "%s is not hamd's history", db->path);
	if (format != FORMAT)
		return ham_refuse(error,
				  "%s has format %" G_GINT64_FORMAT
				  ", this hamd knows format %d only",
				  db->path, format, FORMAT);
	(void)ask(db, "PRAGMA quick_check(1)", &verdict);
	*damaged = !verdict || !g_str_equal(verdict, "ok");
	return !*damaged || ham_refuse(error, "%s is damaged: %s", db->path,
				       verdict ? verdict : "it can't be read");
}

static ham_history_db *
open_file(const char *path, const char *boot, bool *damaged, GError **error)
{
	g_autoptr(ham_history_db) db = g_new0(ham_history_db, 1);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;

	*damaged = false;
	db->path = g_strdup(path);
	db->boot = g_strdup(boot);
	if (sqlite3_open_v2(path, &db->sqlite, flags, NULL) != SQLITE_OK) {
		ham_history_fail(db, "open it", error);
		return NULL;
	}
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	if (!check_kind(db, damaged, error) ||
	    !execute(db,
		     "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
		     "PRAGMA journal_size_limit=4194304;"
		     "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF;"
		     "UPDATE entry SET result='unknown', reason='the hamd here "
		     "ended before it did' WHERE result='runs'",
		     "set it up", error)) {
		*damaged |=
			(sqlite3_errcode(db->sqlite) & 0xff) == SQLITE_CORRUPT;
		return NULL;
	}
	return g_steal_pointer(&db);
}

static bool
put_aside(const char *path, GError **error)
{
	static const char *const parts[] = {"", "-wal", "-shm"};

	for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
		g_autofree char *from = g_strconcat(path, parts[i], NULL);
		g_autofree char *to =
			g_strconcat(path, ".damaged", parts[i], NULL);

		if (g_rename(from, to) != 0 && errno != ENOENT)
			return ham_error_errno(error, errno, "cannot rename %s",
					       from);
	}
	return true;
}

/* Nobody else's business, from its first byte on. */
static bool
make_private(const char *path, GError **error)
{
	int fd = g_open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return ham_error_errno(error, errno, "cannot open %s", path);
	close(fd);
	return true;
}

ham_history_db *
ham_history_db_open(const char *path, const char *boot, char **note,
		    GError **error)
{
	g_autoptr(GError) first = NULL;
	ham_history_db *db;
	bool damaged = false;

	*note = NULL;
	if (!make_private(path, error))
		return NULL;
	db = open_file(path, boot, &damaged, &first);
	if (db)
		return db;
	if (!damaged) {
		g_propagate_error(error, g_steal_pointer(&first));
		return NULL;
	}
	if (!put_aside(path, error) || !make_private(path, error))
		return NULL;
	db = open_file(path, boot, &damaged, error);
	if (db)
		*note = g_strdup_printf("the history of migrations begins "
					"anew: %s; it is %s.damaged now",
					first->message, path);
	return db;
}

bool
ham_history_db_damaged(const ham_history_db *db)
{
	return db->damaged;
}

/* ---- writing ---- */

bool
ham_history_db_begin(ham_history_db *db, GError **error)
{
	return execute(db, "BEGIN IMMEDIATE", "begin a change", error);
}

bool
ham_history_db_commit(ham_history_db *db, GError **error)
{
	return execute(db, "COMMIT", "write to it", error);
}

void
ham_history_db_rollback(ham_history_db *db)
{
	/* SQLite may have done it: then there is nothing to undo */
	(void)sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
}

static const char *
result_name(enum ham_history_result result)
{
	static const char *const names[HAM_HISTORY_N_RESULTS] = {
		"runs", "done", "failed", "unknown"};

	return result < HAM_HISTORY_N_RESULTS ? names[result] : "unknown";
}

/* An ended one of that id makes room: under the first name that is free. */
static bool
make_room(ham_history_db *db, const char *id, GError **error)
{
	sqlite3_stmt *statement = ham_history_prepare(
		db,
		"WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k"
		" WHERE EXISTS (SELECT 1 FROM entry WHERE id = :id||'.'||i))"
		" UPDATE entry SET id = :id||'.'||(SELECT max(i) FROM k)"
		" WHERE id = :id AND result IN ('done', 'failed')",
		error);

	if (statement)
		ham_history_bind_text(statement, ":id", id);
	return ham_history_run(db, statement, error);
}

static void
bind_entry(sqlite3_stmt *statement, const struct ham_history_entry *entry)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{":number", entry->number},
		{":began_wall_us", entry->began.wall_us},
		{":began_boot_us", entry->began.boot_us},
		{":ended_wall_us", entry->ended.wall_us},
		{":ended_boot_us", entry->ended.boot_us},
		{":total_us", entry->total_us},
		{":stopped_us", entry->stopped_us},
		{":blackout_us", entry->blackout_us},
		{":max_pause_us", entry->max_pause_us},
		{":disk_bytes", entry->disk_bytes},
		{":ram_bytes", entry->ram_bytes},
		{":passes", entry->passes},
	};
	const struct {
		const char *name;
		const char *value;
	} texts[] = {
		{":id", entry->id},
		{":kind", entry->kind},
		{":mode", entry->mode},
		{":guest", entry->guest},
		{":source", entry->from},
		{":target", entry->to},
		{":reason", entry->reason},
		{":asked", entry->asked},
		{":result", result_name(entry->result)},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++)
		ham_history_bind_int(statement, numbers[i].name,
				     numbers[i].value);
	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		ham_history_bind_text(statement, texts[i].name, texts[i].value);
}

/* What a hamd that was started meanwhile does not know any more stays. */
bool
ham_history_db_put(ham_history_db *db, const struct ham_history_entry *entry,
		   bool begins, GError **error)
{
	static const char sql[] =
		"INSERT INTO entry(id, kind, mode, guest, number, source,"
		" target, began_wall_us, began_boot_us, ended_wall_us,"
		" ended_boot_us, boot, result, reason, asked, total_us,"
		" stopped_us, blackout_us, max_pause_us, disk_bytes, ram_bytes,"
		" passes) VALUES(:id, :kind, :mode, :guest, :number, :source,"
		" :target, :began_wall_us, :began_boot_us,"
		" nullif(:ended_wall_us, 0), nullif(:ended_boot_us, 0), :boot,"
		" :result, :reason, :asked, nullif(:total_us, -1),"
		" nullif(:stopped_us, -1), nullif(:blackout_us, -1),"
		" nullif(:max_pause_us, -1), nullif(:disk_bytes, -1),"
		" nullif(:ram_bytes, -1), nullif(:passes, -1))"
		" ON CONFLICT(id) DO UPDATE SET"
		" mode = coalesce(nullif(excluded.mode, ''), mode),"
		" source = coalesce(nullif(excluded.source, ''), source),"
		" target = coalesce(nullif(excluded.target, ''), target),"
		" ended_wall_us = excluded.ended_wall_us, ended_boot_us ="
		" CASE WHEN boot = :boot THEN excluded.ended_boot_us END,"
		" result = excluded.result, reason = excluded.reason,"
		" asked = coalesce(nullif(asked, ''), excluded.asked),"
		" total_us = coalesce(excluded.total_us, total_us),"
		" stopped_us = coalesce(excluded.stopped_us, stopped_us),"
		" blackout_us = coalesce(excluded.blackout_us, blackout_us),"
		" max_pause_us = coalesce(excluded.max_pause_us, max_pause_us),"
		" disk_bytes = coalesce(excluded.disk_bytes, disk_bytes),"
		" ram_bytes = coalesce(excluded.ram_bytes, ram_bytes),"
		" passes = coalesce(excluded.passes, passes)";
	sqlite3_stmt *statement;

	if (begins && !make_room(db, entry->id, error))
		return false;
	statement = ham_history_prepare(db, sql, error);
	if (statement) {
		bind_entry(statement, entry);
		ham_history_bind_text(statement, ":boot", db->boot);
	}
	return ham_history_run(db, statement, error);
}

bool
ham_history_db_add_step(ham_history_db *db, const char *id,
			const struct ham_history_step *step, GError **error)
{
	sqlite3_stmt *statement = ham_history_prepare(
		db,
		"INSERT INTO step(entry, wall_us, boot_us, node, what, text)"
		" SELECT n, :wall_us, :boot_us, :node, :what, :text FROM entry"
		" WHERE id = :id",
		error);

	if (statement) {
		ham_history_bind_text(statement, ":id", id);
		ham_history_bind_int(statement, ":wall_us", step->at.wall_us);
		ham_history_bind_int(statement, ":boot_us", step->at.boot_us);
		ham_history_bind_text(statement, ":node", step->node);
		ham_history_bind_text(statement, ":what", step->what);
		ham_history_bind_text(statement, ":text", step->text);
	}
	return ham_history_run(db, statement, error);
}

bool
ham_history_db_add_sample(ham_history_db *db, const char *id,
			  const struct ham_history_sample *s, GError **error)
{
	const struct {
		const char *name;
		int64_t value;
	} numbers[] = {
		{":wall_us", s->at.wall_us},
		{":boot_us", s->at.boot_us},
		{":disk_done", s->disk_done},
		{":disk_total", s->disk_total},
		{":ram_done", s->ram_done},
		{":ram_remaining", s->ram_remaining},
		{":rate", s->rate},
		{":dirty_rate", s->dirty_rate},
		{":throttle", s->throttle},
		{":pause_min_us", s->pause_min_us},
		{":pause_max_us", s->pause_max_us},
		{":passes", s->passes},
	};
	sqlite3_stmt *statement = ham_history_prepare(
		db,
		"INSERT INTO sample SELECT n, :wall_us, :boot_us, :disk_done,"
		" :disk_total, :ram_done, :ram_remaining, :rate, :dirty_rate,"
		" :throttle, nullif(:pause_min_us, -1),"
		" nullif(:pause_max_us, -1), :passes FROM entry WHERE id = :id",
		error);

	if (statement)
		ham_history_bind_text(statement, ":id", id);
	for (size_t i = 0; statement && i < G_N_ELEMENTS(numbers); i++)
		ham_history_bind_int(statement, numbers[i].name,
				     numbers[i].value);
	return ham_history_run(db, statement, error);
}

bool
ham_history_db_thin(ham_history_db *db, const char *id, GError **error)
{
	sqlite3_stmt *statement = ham_history_prepare(
		db,
		"DELETE FROM sample WHERE rowid IN (SELECT r FROM (SELECT rowid"
		" AS r, row_number() OVER (ORDER BY rowid) AS k FROM sample"
		" WHERE entry = (SELECT n FROM entry WHERE id = :id))"
		" WHERE k % 2 = 0)",
		error);

	if (statement)
		ham_history_bind_text(statement, ":id", id);
	return ham_history_run(db, statement, error);
}

bool
ham_history_db_prune(ham_history_db *db, int64_t now_wall_us, int64_t entries,
		     int64_t plots, GError **error)
{
	int64_t oldest_us =
		now_wall_us - (int64_t)HAM_HISTORY_AGE_S * G_USEC_PER_SEC;
	/* not DISTINCT: SQLite 3.40 then forgets the OFFSET, and all go */
	g_autofree char *sql = g_strdup_printf(
		"DELETE FROM entry WHERE began_wall_us < %" G_GINT64_FORMAT
		" OR n <= (SELECT n FROM entry ORDER BY n DESC"
		" LIMIT 1 OFFSET %" G_GINT64_FORMAT ");"
		"DELETE FROM sample WHERE entry <= (SELECT entry FROM"
		" sample GROUP BY entry ORDER BY entry DESC LIMIT 1 OFFSET %" G_GINT64_FORMAT
		")",
		oldest_us, entries, plots);

	return execute(db, sql, "forget what is old", error);
}

void
ham_history_db_close(ham_history_db *db)
{
	if (!db)
		return;
	sqlite3_close(db->sqlite);
	g_free(db->path);
	g_free(db->boot);
	g_free(db);
}
