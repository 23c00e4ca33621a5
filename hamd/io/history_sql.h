/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_sql.h - between the files of history_db.h alone
 *
 * Every statement is prepared anew: there are few a second.
 */
#ifndef HAM_HISTORY_SQL_H
#define HAM_HISTORY_SQL_H

#include <sqlite3.h>

#include "hamd/io/history_db.h"

struct ham_history_db {
	sqlite3 *sqlite;
	char *path;
	char *boot;
	bool damaged; /* SQLite said so of what it read */
};

/* Sets *error to what SQLite has to say, and notes damage; false. */
bool ham_history_fail(ham_history_db *db, const char *doing, GError **error);

/* NULL with *error.  For sqlite3_finalize(). */
sqlite3_stmt *ham_history_prepare(ham_history_db *db, const char *sql,
				  GError **error);

/* Runs it to its end and finalizes it; takes NULL of a failed prepare. */
bool ham_history_run(ham_history_db *db, sqlite3_stmt *statement,
		     GError **error);

/* By its name in the statement, which must have it. */
void ham_history_bind_text(sqlite3_stmt *statement, const char *name,
			   const char *value);
void ham_history_bind_int(sqlite3_stmt *statement, const char *name,
			  int64_t value);

#endif
