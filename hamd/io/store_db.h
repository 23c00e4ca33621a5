/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/store_db.h - the database behind the store, used by one thread
 *
 * SQLite in WAL mode, synchronous=FULL, locked exclusively while it is open.
 * Each record carries a SHA-256 sum, since SQLite would not see a flipped bit
 * in it.  After any call failed only ham_store_db_close() is allowed, which
 * then writes nothing: an fsync that failed once says nothing by succeeding
 * later.
 */
#ifndef HAM_STORE_DB_H
#define HAM_STORE_DB_H

#include "hamd/io/store.h"

typedef struct ham_store_db ham_store_db;

/* See ham_store_open().  What was read is on the disk for certain, even if
 * the last process died after a failed fsync. */
ham_store_db *ham_store_db_open(const char *path, GPtrArray **items,
				GError **error);

/* A transaction: begin, any number of puts, commit (fsynced). */
bool ham_store_db_begin(ham_store_db *db, GError **error);
bool ham_store_db_put(ham_store_db *db, const GPtrArray *items,
		      bool replace_all, GError **error);
bool ham_store_db_commit(ham_store_db *db, GError **error);

/* Moves the log into the database if it has grown.  Outside a transaction. */
bool ham_store_db_tidy(ham_store_db *db, GError **error);

void ham_store_db_close(ham_store_db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_store_db, ham_store_db_close)

#endif
