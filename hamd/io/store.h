/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/store.h - what must outlive the node: SQLite, fsynced
 *
 * A map from key to bytes plus one head; each put is one transaction with
 * synchronous=FULL (SQLite: pragma.html#pragma_synchronous), done by a worker
 * thread, so that the loop never waits for a disk.  Puts are done in order;
 * several queued ones may share a transaction.  on_done comes in the main
 * loop after the data is on the disk.  A failing write or fsync is final:
 * on_fail, after which nothing is written any more (doc/faults.md, F57);
 * hamd then stops.
 */
#ifndef HAM_STORE_H
#define HAM_STORE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ham_store ham_store;

struct ham_store_item {
	char *key;
	GBytes *value; /* NULL: delete */
};

typedef void (*ham_store_done_fn)(uint64_t ticket, void *data);
typedef void (*ham_store_fail_fn)(const char *reason, void *data);

/* Opens or creates the database and reads all of it.  NULL with *error if it
 * is damaged (PRAGMA quick_check), locked by another process, or of an
 * unknown format.  *items (out, the caller's): struct ham_store_item *, by
 * key.  A damaged or missing piece is never taken for an empty store. */
ham_store *ham_store_open(const char *path, GPtrArray **items,
			  ham_store_done_fn on_done, ham_store_fail_fn on_fail,
			  void *data, GError **error);

/* Queues a transaction: `items` (struct ham_store_item *; reference taken) are
 * put or deleted; with `replace_all` everything else is deleted first.
 * on_done gets `ticket` when it is durable. */
void ham_store_put(ham_store *store, GPtrArray *items, bool replace_all,
		   uint64_t ticket);

/* `value` NULL: the key is to be deleted. */
struct ham_store_item *ham_store_item_new(const char *key, const void *value,
					  size_t len);
/* An empty array that owns its items. */
GPtrArray *ham_store_items_new(void);

/* Finishes what is queued, then closes.  Callbacks do not come any more. */
void ham_store_free(ham_store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_store, ham_store_free)

#endif
