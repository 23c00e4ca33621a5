/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/store_db.c - see store_db.h
 *
 * SQLite's own checkpoint at commit is switched off because it swallows I/O
 * errors (sqlite.org/c3ref/wal_hook.html); ham_store_db_tidy() does it and
 * looks at the result.
 */
#include "hamd/io/store_db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

enum {
	FORMAT = 1,
	APPLICATION = 0x68616d64, /* "hamd" */
	LOG_PAGES = 1000,
	SUM_BYTES = 32,
};

struct ham_store_db {
	sqlite3 *sqlite;
	char *path;
	sqlite3_stmt *begin;
	sqlite3_stmt *put;
	sqlite3_stmt *delete_one;
	sqlite3_stmt *delete_all;
	sqlite3_stmt *commit;
	int log_pages;
	bool failed;
};

static bool
fail(ham_store_db *db, const char *doing, GError **error)
{
	int code = sqlite3_errcode(db->sqlite) & 0xff;

	db->failed = true;
	if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is in use by another process", db->path);
	else
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s: cannot %s: %s (SQLite code %d)", db->path,
			    doing, sqlite3_errmsg(db->sqlite),
			    sqlite3_extended_errcode(db->sqlite));
	return false;
}

static bool
damaged(ham_store_db *db, const char *what, GError **error)
{
	db->failed = true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s is damaged: %s",
		    db->path, what);
	return false;
}

static bool
run(ham_store_db *db, const char *sql, const char *doing, GError **error)
{
	return sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL) == SQLITE_OK ||
	       fail(db, doing, error);
}

static bool
step(ham_store_db *db, sqlite3_stmt *statement, const char *doing,
     GError **error)
{
	if (sqlite3_step(statement) != SQLITE_DONE)
		return fail(db, doing, error);
	/* reports nothing that step has not */
	(void)sqlite3_reset(statement);
	return true;
}

/* The first column of the first row, as text; NULL with *error. */
static char *
ask(ham_store_db *db, const char *sql, GError **error)
{
	sqlite3_stmt *statement = NULL;
	char *answer = NULL;

	if (sqlite3_prepare_v2(db->sqlite, sql, -1, &statement, NULL) ==
		    SQLITE_OK &&
	    sqlite3_step(statement) == SQLITE_ROW)
		answer = g_strdup(
			(const char *)sqlite3_column_text(statement, 0));
	if (!answer)
		fail(db, "open it", error);
	sqlite3_finalize(statement);
	return answer;
}

static void
sum_of(const char *key, const void *value, size_t len, guint8 sum[SUM_BYTES])
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize n = SUM_BYTES;

	/* the key's NUL parts it from the value */
	g_checksum_update(checksum, (const guchar *)key,
			  (gssize)strlen(key) + 1);
	g_checksum_update(checksum, value, (gssize)len);
	g_checksum_get_digest(checksum, sum, &n);
}

static bool
sync_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	ham_autofd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) != 0)
		return ham_error_errno(error, errno, "cannot sync %s", folder);
	return true;
}

static bool
open_sqlite(ham_store_db *db, const char *path, GError **error)
{
	/* handed from thread to thread, never used by two at a time */
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		    SQLITE_OPEN_EXRESCODE;

	return sqlite3_open_v2(path, &db->sqlite, flags, NULL) == SQLITE_OK ||
	       fail(db, "open it", error);
}

/* Makes an empty database at `temp` and closes it.  Close-on-error is the
 * caller's, who removes the file. */
static bool
fill_new(const char *temp, GError **error)
{
	g_autoptr(ham_store_db) db = g_new0(ham_store_db, 1);
	g_autofree char *sql = g_strdup_printf(
		"PRAGMA synchronous=FULL;"
		"PRAGMA application_id=%d;"
		"PRAGMA user_version=%d;"
		"CREATE TABLE item(key TEXT PRIMARY KEY NOT NULL,"
		" value BLOB NOT NULL, sum BLOB NOT NULL) STRICT;",
		APPLICATION, FORMAT);

	db->path = g_strdup(temp);
	return open_sqlite(db, temp, error) && run(db, sql, "create it", error);
}

/* The file appears at `path` only when it is complete, so that an empty or
 * half-made one there is known for damage. */
static bool
create(const char *path, GError **error)
{
	g_autofree char *temp = g_strconcat(path, ".new", NULL);
	g_autofree char *journal = g_strconcat(temp, "-journal", NULL);
	g_autofree char *log = g_strconcat(path, "-wal", NULL);
	ham_autofd int fd = -1;
	bool ok;

	if (access(log, F_OK) == 0)
		return ham_error_errno(error, ENOENT,
				       "%s is there, but the database is not",
				       log);
	unlink(temp);
	unlink(journal);
	fd = open(temp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return ham_error_errno(error, errno, "cannot create %s", temp);
	/* before SQLite opens it: closing later would drop SQLite's locks */
	ham_clear_fd(&fd);
	ok = fill_new(temp, error);
	if (ok && link(temp, path) != 0 && errno != EEXIST)
		ok = ham_error_errno(error, errno, "cannot create %s", path);
	unlink(temp);
	unlink(journal);
	return ok && sync_folder(path, error);
}

static bool
check_kind(ham_store_db *db, GError **error)
{
	g_autofree char *application = NULL;
	g_autofree char *format = NULL;

	application = ask(db, "PRAGMA application_id", error);
	if (!application)
		return false;
	if (g_ascii_strtoll(application, NULL, 10) != APPLICATION)
		return damaged(db, "this is not hamd's state", error);
	format = ask(db, "PRAGMA user_version", error);
	if (!format)
		return false;
	if (g_ascii_strtoll(format, NULL, 10) == FORMAT)
		return true;
	db->failed = true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s has format %s, this hamd knows format %d only",
		    db->path, format, FORMAT);
	return false;
}

static bool
load_row(ham_store_db *db, sqlite3_stmt *row, GPtrArray *items, GError **error)
{
	const char *key = (const char *)sqlite3_column_text(row, 0);
	const void *value = sqlite3_column_blob(row, 1);
	size_t len = (size_t)sqlite3_column_bytes(row, 1);
	guint8 sum[SUM_BYTES];
	g_autofree char *what = NULL;

	if (!key)
		return damaged(db, "a record without a key", error);
	sum_of(key, value, len, sum);
	if (sqlite3_column_bytes(row, 2) == SUM_BYTES &&
	    memcmp(sqlite3_column_blob(row, 2), sum, SUM_BYTES) == 0) {
		g_ptr_array_add(items, ham_store_item_new(
					       key, value ? value : "", len));
		return true;
	}
	what = g_strdup_printf("the checksum of record '%s' is wrong", key);
	return damaged(db, what, error);
}

static GPtrArray *
load(ham_store_db *db, GError **error)
{
	g_autoptr(GPtrArray) items = ham_store_items_new();
	sqlite3_stmt *rows = NULL;
	bool ok = true;
	int code;

	if (sqlite3_prepare_v2(db->sqlite,
			       "SELECT key, value, sum FROM item ORDER BY key",
			       -1, &rows, NULL) != SQLITE_OK) {
		fail(db, "read it", error);
		return NULL;
	}
	while ((code = sqlite3_step(rows)) == SQLITE_ROW && ok)
		ok = load_row(db, rows, items, error);
	if (ok && code != SQLITE_DONE)
		ok = fail(db, "read it", error);
	sqlite3_finalize(rows);
	return ok ? g_steal_pointer(&items) : NULL;
}

static bool
prepare(ham_store_db *db, GError **error)
{
	const struct {
		sqlite3_stmt **statement;
		const char *sql;
	} all[] = {
		{&db->begin, "BEGIN IMMEDIATE"},
		{&db->put, "INSERT INTO item(key, value, sum) VALUES(?,?,?)"
			   " ON CONFLICT(key) DO UPDATE"
			   " SET value=excluded.value, sum=excluded.sum"},
		{&db->delete_one, "DELETE FROM item WHERE key=?"},
		{&db->delete_all, "DELETE FROM item"},
		{&db->commit, "COMMIT"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(all); i++)
		if (sqlite3_prepare_v3(db->sqlite, all[i].sql, -1,
				       SQLITE_PREPARE_PERSISTENT,
				       all[i].statement, NULL) != SQLITE_OK)
			return fail(db, "open it", error);
	return true;
}

static int
committed(void *data, sqlite3 *sqlite, const char *name, int pages)
{
	ham_store_db *db = data;

	(void)sqlite;
	(void)name;
	db->log_pages = pages;
	return SQLITE_OK;
}

static bool
checkpoint(ham_store_db *db, int mode, GError **error)
{
	if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, mode, NULL, NULL) !=
	    SQLITE_OK)
		return fail(db, "write it", error);
	db->log_pages = 0;
	return true;
}

static bool
set_up(ham_store_db *db, GPtrArray **items, GError **error)
{
	g_autoptr(GPtrArray) loaded = NULL;
	g_autofree char *journal = NULL;
	g_autofree char *verdict = NULL;

	if (!run(db, "PRAGMA locking_mode=EXCLUSIVE", "lock it", error) ||
	    !check_kind(db, error))
		return false;
	journal = ask(db, "PRAGMA journal_mode=WAL", error);
	if (!journal)
		return false;
	if (!g_str_equal(journal, "wal"))
		return damaged(db, "it cannot have a write-ahead log", error);
	if (!run(db,
		 "PRAGMA synchronous=FULL; PRAGMA cell_size_check=ON;"
		 "PRAGMA trusted_schema=OFF; BEGIN EXCLUSIVE; COMMIT",
		 "lock it", error))
		return false;
	verdict = ask(db, "PRAGMA quick_check(1)", error);
	if (!verdict)
		return false;
	if (!g_str_equal(verdict, "ok"))
		return damaged(db, verdict, error);
	loaded = load(db, error);
	if (!loaded || !prepare(db, error))
		return false;
	sqlite3_wal_hook(db->sqlite, committed, db);
	/* what the log holds may never have been synced: write it again */
	if (!checkpoint(db, SQLITE_CHECKPOINT_TRUNCATE, error))
		return false;
	*items = g_steal_pointer(&loaded);
	return true;
}

ham_store_db *
ham_store_db_open(const char *path, GPtrArray **items, GError **error)
{
	g_autoptr(ham_store_db) db = g_new0(ham_store_db, 1);

	db->path = g_strdup(path);
	if (access(path, F_OK) != 0 && errno == ENOENT && !create(path, error))
		return NULL;
	if (!open_sqlite(db, path, error) || !set_up(db, items, error))
		return NULL;
	return g_steal_pointer(&db);
}

bool
ham_store_db_begin(ham_store_db *db, GError **error)
{
	return step(db, db->begin, "begin a change", error);
}

static bool
put_one(ham_store_db *db, const struct ham_store_item *item, GError **error)
{
	guint8 sum[SUM_BYTES];
	const void *value;
	gsize len;
	bool ok;

	if (!item->value) {
		ok = sqlite3_bind_text(db->delete_one, 1, item->key, -1,
				       SQLITE_STATIC) == SQLITE_OK;
		return (ok || fail(db, "delete a record", error)) &&
		       step(db, db->delete_one, "delete a record", error);
	}
	value = g_bytes_get_data(item->value, &len);
	sum_of(item->key, value, len, sum);
	/* a NULL pointer would be SQL's NULL, not an empty value */
	ok = sqlite3_bind_text(db->put, 1, item->key, -1, SQLITE_STATIC) ==
		     SQLITE_OK &&
	     sqlite3_bind_blob64(db->put, 2, value ? value : "", len,
				 SQLITE_STATIC) == SQLITE_OK &&
	     sqlite3_bind_blob(db->put, 3, sum, SUM_BYTES, SQLITE_STATIC) ==
		     SQLITE_OK;
	ok = (ok || fail(db, "write a record", error)) &&
	     step(db, db->put, "write a record", error);
	(void)sqlite3_clear_bindings(db->put);
	return ok;
}

bool
ham_store_db_put(ham_store_db *db, const GPtrArray *items, bool replace_all,
		 GError **error)
{
	if (replace_all && !step(db, db->delete_all, "delete all", error))
		return false;
	for (guint i = 0; i < items->len; i++)
		if (!put_one(db, g_ptr_array_index(items, i), error))
			return false;
	return true;
}

bool
ham_store_db_commit(ham_store_db *db, GError **error)
{
	return step(db, db->commit, "write to it", error);
}

bool
ham_store_db_tidy(ham_store_db *db, GError **error)
{
	return db->log_pages < LOG_PAGES ||
	       checkpoint(db, SQLITE_CHECKPOINT_PASSIVE, error);
}

void
ham_store_db_close(ham_store_db *db)
{
	if (!db)
		return;
	sqlite3_finalize(db->begin);
	sqlite3_finalize(db->put);
	sqlite3_finalize(db->delete_one);
	sqlite3_finalize(db->delete_all);
	sqlite3_finalize(db->commit);
	if (db->failed && db->sqlite)
		sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
				  1, NULL);
	sqlite3_close(db->sqlite);
	g_free(db->path);
	g_free(db);
}
