/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/history.h - of what a node hears, the course of migrations and failovers
 *
 * Pure: told what was heard and when, it says what is to be kept.  The notes of
 * the core (core.h) reach all nodes, so each keeps a history of its own, of all
 * that it has heard while it ran; an entry has the same ID on all of them:
 *
 *	web1-17    the migration with transaction 17 of guest web1
 *	web1-e5    its failover after the node died that had it at epoch 5
 *
 * Transactions and epochs of a guest only grow, unless an operator has the
 * cluster go on with an older state (hamctl cluster claim); history_db.h says
 * what becomes of an ID that comes again.  Decides nothing.
 */
#ifndef HAM_HISTORY_H
#define HAM_HISTORY_H

#include "hamd/core/core.h"
#include "hamd/io/history_db.h"

enum {
	HAM_HISTORY_STEPS = 500,    /* of an entry, at most */
	HAM_HISTORY_SAMPLES = 2000, /* then every second one goes */
};

typedef struct ham_history ham_history;

/* What is to be kept, in this order. */
struct ham_history_sink {
	void (*put)(const struct ham_history_entry *entry, bool begins,
		    void *data);
	void (*step)(const char *id, const struct ham_history_step *step,
		     void *data);
	void (*sample)(const char *id, const struct ham_history_sample *sample,
		       void *data);
	void (*thin)(const char *id, void *data);
};

/* A note about a guest or a node, with what the record says of it now. */
struct ham_history_heard {
	struct ham_history_stamp at;
	enum ham_note note;
	const char *by;	   /* the node that said so */
	const char *guest; /* "": of no guest */
	const char *text;
	uint64_t epoch;
	uint64_t txn;
	const struct ham_progress *progress; /* NULL: words, not figures */
	/* of a migration; "" or -1: not known */
	const char *mode; /* static: live, warm, cold */
	const char *from;
	const char *to;
	int64_t max_pause_us;
};

ham_history *ham_history_new(const struct ham_history_sink *sink, void *data);

void ham_history_hear(ham_history *history,
		      const struct ham_history_heard *heard);

/* A node has left the cluster, or is back. */
void ham_history_node(ham_history *history, const char *node, bool here,
		      struct ham_history_stamp at);

/* Its death is proven (`text` says how), and it had that guest at that epoch,
 * which is to run elsewhere now. */
void ham_history_dead(ham_history *history, const char *node, const char *text,
		      const char *guest, uint64_t epoch,
		      struct ham_history_stamp at);

/* Guests that wait for their failover to go on; 0: none, the usual case. */
unsigned int ham_history_failovers(const ham_history *history);
/* The name of one of them, in any order. */
const char *ham_history_failover(const ham_history *history, unsigned int i);

/* Of such a guest: it was given to that node, or it is stopped for good (`to`
 * NULL) and why. */
void ham_history_placed(ham_history *history, const char *guest, const char *to,
			const char *reason, struct ham_history_stamp at);

void ham_history_free(ham_history *history);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_history, ham_history_free)

#endif
