/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_db.h - migrations and failovers on the disk, used by one
 * thread
 *
 * SQLite in WAL mode with synchronous=NORMAL: the last second may be lost in a
 * power cut, which costs people some lines and nobody a guest.  Nothing is ever
 * decided by what stands here.  A file of a newer format is refused, named and
 * left as it is; one that is damaged is put aside (PATH.damaged), and another
 * begun.  Any call may fail and be tried again: what was not written is lost,
 * what was stays.
 *
 * Bounded: HAM_HISTORY_ENTRIES of the newest, none older than
 * HAM_HISTORY_AGE_S, figures of the HAM_HISTORY_PLOTS newest that have any.
 */
#ifndef HAM_HISTORY_DB_H
#define HAM_HISTORY_DB_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_HISTORY_ENTRIES = 10000,
	HAM_HISTORY_AGE_S = 366 * 24 * 3600,
	HAM_HISTORY_PLOTS = 200,
	HAM_HISTORY_POINTS = 600, /* of figures in one answer, at most */
	HAM_HISTORY_LIST = 500,	  /* entries in one answer, at most */
	HAM_HISTORY_ID_SIZE = 80,
	HAM_HISTORY_NAME_SIZE = 48,
	HAM_HISTORY_TEXT_SIZE = 400,
};

typedef struct ham_history_db ham_history_db;

/* One moment by both clocks of this node; wall: since 1970, boot:
 * CLOCK_BOOTTIME, us. */
struct ham_history_stamp {
	int64_t wall_us;
	int64_t boot_us;
};

enum ham_history_result {
	HAM_HISTORY_RUNS,
	HAM_HISTORY_DONE,
	HAM_HISTORY_FAILED,
	HAM_HISTORY_UNKNOWN, /* this node did not hear its end */
	HAM_HISTORY_N_RESULTS
};

/* What is known of a migration or failover; what is not: 0, "", -1. */
struct ham_history_entry {
	char id[HAM_HISTORY_ID_SIZE]; /* "web1-17", "web1-e5" */
	const char *kind;	      /* static: migration, failover */
	const char *mode; /* static: live, warm, cold; "" of a failover */
	char guest[HAM_HISTORY_NAME_SIZE];
	int64_t number; /* transaction; of a failover the epoch that died */
	char from[HAM_HISTORY_NAME_SIZE];
	char to[HAM_HISTORY_NAME_SIZE];
	struct ham_history_stamp began;
	struct ham_history_stamp ended; /* 0, 0: it has not */
	enum ham_history_result result;
	char reason[HAM_HISTORY_TEXT_SIZE]; /* of its failing */
	char asked[HAM_HISTORY_TEXT_SIZE];  /* by whom, and how */
	int64_t total_us;
	int64_t stopped_us;  /* the guest stood still */
	int64_t blackout_us; /* nothing of it was on the network */
	int64_t max_pause_us;
	int64_t disk_bytes;
	int64_t ram_bytes;
	int64_t passes;
};

struct ham_history_step {
	struct ham_history_stamp at;
	char node[HAM_HISTORY_NAME_SIZE]; /* who said so */
	const char *what; /* static: phase, asked, decided, guest, node */
	char text[HAM_HISTORY_TEXT_SIZE];
};

/* Bytes, and bytes a second; -1: not known. */
struct ham_history_sample {
	struct ham_history_stamp at;
	int64_t disk_done;
	int64_t disk_total;
	int64_t ram_done;
	int64_t ram_remaining;
	int64_t rate;
	int64_t dirty_rate;
	int64_t throttle; /* percent */
	int64_t pause_min_us;
	int64_t pause_max_us;
	int64_t passes;
};

struct ham_history_query {
	char guest[HAM_HISTORY_NAME_SIZE]; /* "": any */
	int64_t since;	/* numbers greater than that; 0: all */
	int64_t before; /* numbers less than that; 0: all */
	int64_t limit;	/* at most so many; clamped to HAM_HISTORY_LIST */
};

/* `boot`: names this boot of the machine; CLOCK_BOOTTIME of another one means
 * nothing.  What was under way in the file is UNKNOWN from now on.  *note (out,
 * the caller's) tells people of a damaged file that was put aside, else NULL.
 */
ham_history_db *ham_history_db_open(const char *path, const char *boot,
				    char **note, GError **error);

bool ham_history_db_begin(ham_history_db *db, GError **error);
bool ham_history_db_commit(ham_history_db *db, GError **error);
void ham_history_db_rollback(ham_history_db *db);

/* Adds it, or changes it where something more is known.  `begins`: it is new to
 * who says so; if the file has an ended one of that id (the cluster has begun
 * to count anew: hamctl cluster claim), that is "ID.1" from now on. */
bool ham_history_db_put(ham_history_db *db,
			const struct ham_history_entry *entry, bool begins,
			GError **error);

/* To the entry of that id; none: nothing happens. */
bool ham_history_db_add_step(ham_history_db *db, const char *id,
			     const struct ham_history_step *step,
			     GError **error);
bool ham_history_db_add_sample(ham_history_db *db, const char *id,
			       const struct ham_history_sample *sample,
			       GError **error);
/* Drops every second sample of it. */
bool ham_history_db_thin(ham_history_db *db, const char *id, GError **error);

/* Down to the bounds; `entries` and `plots` as in HAM_HISTORY_..., tests have
 * less. */
bool ham_history_db_prune(ham_history_db *db, int64_t now_wall_us,
			  int64_t entries, int64_t plots, GError **error);

/* {"entries":[...],"more":bool}, newest first, as in doc/protocol.md; the
 * caller's. */
JsonObject *ham_history_db_list(ham_history_db *db,
				const struct ham_history_query *query,
				GError **error);

/* {"entry":{...},"steps":[...],"samples":[...]}, the last one if `samples`; the
 * caller's.  NULL without *error: there is no such entry. */
JsonObject *ham_history_db_show(ham_history_db *db, const char *id,
				bool samples, GError **error);

/* A call above failed because the file is damaged: to be closed, and opened
 * again, which puts it aside if it is found so. */
bool ham_history_db_damaged(const ham_history_db *db);

void ham_history_db_close(ham_history_db *db);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_history_db, ham_history_db_close)

#endif
