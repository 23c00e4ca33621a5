/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_store.h - the history of migrations, written by a worker
 * thread
 *
 * Nothing here waits for a disk: what is put is queued, what is asked is
 * answered later, in the main loop and in the order of the questions.  It never
 * fails as a whole: while the file (history_db.h) can't be opened or written,
 * what is put is lost, questions are refused with the reason, and it is tried
 * again with what comes next, at most every HAM_HISTORY_RETRY_US.
 */
#ifndef HAM_HISTORY_STORE_H
#define HAM_HISTORY_STORE_H

#include "hamd/io/history_db.h"

#define HAM_HISTORY_RETRY_US ((int64_t)10 * 1000000)

typedef struct ham_history_store ham_history_store;

struct ham_history_callbacks {
	/* `answer` (the callee's) or NULL with an error class and text */
	void (*on_answer)(uint64_t token, JsonObject *answer,
			  const char *error_class, const char *text,
			  void *data);
	/* Nothing can be kept, and why; NULL: it can again.  Told when that
	 * changes.  `once`: only to be told, it works. */
	void (*on_trouble)(const char *text, bool once, void *data);
};

ham_history_store *
ham_history_store_open(const char *path, const char *boot,
		       const struct ham_history_callbacks *callbacks,
		       void *data);

/* As of history_db.h; copied.  Once the queue is long, steps and samples are
 * dropped. */
void ham_history_store_put(ham_history_store *store,
			   const struct ham_history_entry *entry, bool begins);
void ham_history_store_step(ham_history_store *store, const char *id,
			    const struct ham_history_step *step);
void ham_history_store_sample(ham_history_store *store, const char *id,
			      const struct ham_history_sample *sample);
void ham_history_store_thin(ham_history_store *store, const char *id);

/* Each is answered by on_answer. */
void ham_history_store_list(ham_history_store *store, uint64_t token,
			    const struct ham_history_query *query);
void ham_history_store_show(ham_history_store *store, uint64_t token,
			    const char *id, bool samples);

/* Finishes what is queued, then closes.  Callbacks do not come any more. */
void ham_history_store_free(ham_history_store *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_history_store, ham_history_store_free)

#endif
