/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/types.h - the words the whole core speaks
 *
 * Plain values without behaviour.  Node ids are corosync's (never 0).
 */
#ifndef HAM_CORE_TYPES_H
#define HAM_CORE_TYPES_H

#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_MAX_NODES = 16,
	HAM_MAX_GUESTS = 1000,
	HAM_MAX_REPLICAS = 4, /* the owner's own disk and three others */
	HAM_MAX_STARTS = 3, /* of a guest whose node has died, each elsewhere */
	HAM_MAX_SLOTS = HAM_MAX_REPLICAS - 1,
	HAM_MAX_DISKS = 8,    /* of a guest, counted as in the cluster file */
	HAM_NAME_SIZE = 48,   /* with the final NUL */
	HAM_REASON_SIZE = 160,
	HAM_BLOB_MAX = 512, /* bytes one side's guest layer tells the other's */
};

#define HAM_DISK_SIZE_MAX (UINT64_C(256) << 40) /* bytes; config/schema.c */

/* corosync's identifier of one membership. */
struct ham_ring {
	uint32_t rep;
	uint64_t seq;
};

static inline bool
ham_ring_equal(struct ham_ring a, struct ham_ring b)
{
	return a.rep == b.rep && a.seq == b.seq;
}

/* Where in history a node stands: `term` names one agreed view, `count` the
 * records applied in it.  Equal positions mean equal states (doc/protocol.md,
 * "Positions"). */
struct ham_pos {
	uint64_t term;
	uint64_t count;
};

static inline int
ham_pos_compare(struct ham_pos a, struct ham_pos b)
{
	if (a.term != b.term)
		return a.term < b.term ? -1 : 1;
	if (a.count != b.count)
		return a.count < b.count ? -1 : 1;
	return 0;
}

/* What a live migration does when it can't keep its limits. */
enum ham_on_limit {
	HAM_LIMIT_ABORT, /* the guest stays where it is */
	HAM_LIMIT_FORCE, /* it is handed over, whatever the pause */
	HAM_LIMIT_WARM,	 /* it is shut down, and boots there */
	HAM_LIMIT_N
};

/* config/schema.c: 1 min, 24 h */
#define HAM_MAX_PAUSE_US (INT64_C(60) * 1000000)
#define HAM_MAX_DURATION_US (INT64_C(86400) * 1000000)

/* How a guest is to be migrated: of the cluster file, until an operator sets
 * it otherwise for the migration under way. */
struct ham_policy {
	int64_t max_pause_us;
	int64_t max_duration_us; /* 0: no limit */
	uint64_t bandwidth;	 /* bytes/s; 0: the node's */
	uint8_t priority;	 /* higher is earlier, and gets more of it */
	bool auto_converge;	 /* its vCPUs may be slowed down */
	uint8_t on_limit;	 /* enum ham_on_limit */
};

/* Which of them an order sets. */
enum {
	HAM_SET_MAX_PAUSE = 1 << 0,
	HAM_SET_MAX_DURATION = 1 << 1,
	HAM_SET_BANDWIDTH = 1 << 2,
	HAM_SET_PRIORITY = 1 << 3,
	HAM_SET_AUTO_CONVERGE = 1 << 4,
	HAM_SET_ON_LIMIT = 1 << 5,
	HAM_SET_ALL = (1 << 6) - 1,
};

/* Opaque to the core: what one node's guest layer tells its peer's. */
struct ham_blob {
	uint16_t len;
	uint8_t bytes[HAM_BLOB_MAX];
};

#endif
