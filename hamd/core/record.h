/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record.h - the replicated record, and the only way to change it
 *
 * Every node holds the same record and changes it by the same operations in
 * the same order.  ham_record_apply() is a function of (record, operation)
 * alone; an operation that no longer fits is refused by every node alike and
 * changes nothing.
 *
 * One guest, as the record sees it:
 *
 *               START               MIGRATE               CUTOVER
 *   STOPPED ------------> STARTED -----------> MIGRATING ----------> IN_DOUBT
 *      ^                  |  ^  ^                |  |                  |
 *      |     STOPPED      |  |  |  MIGRATE_END   |  |                  |
 *      +------------------+  |  +----------------+  |  STOPPED         |
 *      +----------------------------------------------+                |
 *                            |            OUTCOME                      |
 *                            +-----------------------------------------+
 *
 * SYNC begins a copy on another node, CURRENT ends that: from then on it
 * counts. RESIZE outdates all copies but the guest's own, as no write may go to
 * disks of two sizes; only RESIZED ends that, whatever becomes of the guest
 * meanwhile. DEAD marks each guest whose owner, or whose destination in doubt,
 * is that node: no process of it is left there at this epoch.  PROMOTE gives a
 * guest with a dead owner to a node that holds a current copy.  STOPPED of a
 * guest that never ran there leaves all copies as they were before that, and it
 * is as if its owner were dead: another node gets it, HAM_MAX_STARTS times at
 * most.  FORCE starts a guest that is stopped, or whose owner is dead, from a
 * copy that is outdated: whatever was written since is lost, by an operator's
 * order.  The guest's history is another one from then on, so that the copies
 * that were current are known for what they are when they return; which images
 * the new one has begun with, their node alone knows (fork.c).
 *
 * MOVE of a guest that runs (warm) or is stopped (cold, then it is STARTED and
 * `cold`) has a copy made on that node; once it is current the guest is
 * stopped, and STOPPED, if all copies are equal, gives it to that node: STARTED
 * there, or STOPPED if it was.  Else it is STARTED again where it was.
 *
 * A guest whose disks are all shared has no copies: any node may start it, and
 * the one entry of `replica` is its owner's.  Which of its disks are shared is
 * said by START, and holds until the next: so it is of the QEMU that runs, and
 * not of a cluster file that was changed since.
 *
 * NODE says what state a node is in, for people or by its own health: one that
 * is closed gets no guest by START, MIGRATE or MOVE, and the leader moves those
 * that run there away (drain.c).  Its copies stay, and count.  `home` is where
 * a guest was moved away from so; it goes back only if that is asked for.
 * DEAD of a node ends its being without a lease: it returns as any other.
 *
 * Epochs only grow (I6): OUTCOME gives e+1 if the destination won and e+2 if
 * the source did; START, PROMOTE, FORCE and a move give e+3, so that a source
 * that was away can tell its own outcome from all else.
 *
 * Order that binds whoever acts on it (doc/design.md, sections 3 and 5):
 *  - START is committed before QEMU is started;
 *  - CUTOVER is committed, with source and destination among those that stored
 *    it, before the source is paused;
 *  - an OUTCOME is committed before the source resumes, or before the
 *    destination runs without the source's YIELD;
 *  - OUTDATED is committed before writes held for that replica go on;
 *  - a copy takes every write of the guest, and has all older ones, before
 *    CURRENT is proposed;
 *  - RESIZE is committed before an image grows;
 *  - MOVE_STOP is committed before a guest is asked to power off for a move: it
 *    is started again, wherever it is then;
 *  - START leaves other copies as they are: each takes the guest's writes or
 *    its OUTDATED is committed before QEMU is started;
 *  - NODE with one of LEASELESS is committed before the watchdog there is
 *    closed, and before a guest goes on without a lease; it is armed again, and
 *    bound by its lease, before NODE that ends that is proposed;
 *  - a death is proven before DEAD is proposed, DEAD is committed before
 * PROMOTE is proposed, PROMOTE is committed before QEMU is started.
 */
#ifndef HAM_RECORD_H
#define HAM_RECORD_H

#include <stddef.h>

#include "hamd/core/types.h"

enum ham_guest_phase {
	HAM_GUEST_STOPPED,   /* nobody may run it */
	HAM_GUEST_STARTED,   /* the owner may run it */
	HAM_GUEST_MIGRATING, /* as STARTED; dst prepares and copies */
	HAM_GUEST_IN_DOUBT,  /* src or dst; only an OUTCOME says which */
	HAM_GUEST_N_PHASES
};

enum ham_replica_state {
	HAM_REPLICA_ABSENT,
	HAM_REPLICA_SYNCING,  /* is being copied to; only while STARTED */
	HAM_REPLICA_CURRENT,  /* has every acknowledged write */
	HAM_REPLICA_OUTDATED, /* may lack some */
	HAM_REPLICA_N_STATES
};

struct ham_replica {
	uint32_t node; /* 0: unused entry */
	uint8_t state;
	/* what is there is of no moment that ever was: it is being copied over,
	 * or was and not to the end, or it was found not to be what it should.
	 * Never while CURRENT. */
	bool torn;
	/* grows in each guest with each copy that is begun; two copies of one
	 * generation were never made apart */
	uint64_t generation;
};

struct ham_guest {
	char name[HAM_NAME_SIZE];
	uint16_t slot; /* of guest_uids; no two guests share one */
	uint8_t phase;
	bool wanted;	 /* running */
	bool clean;	 /* the last stop left all current copies equal */
	bool again;	 /* STOPPED, and to be started by itself (again.c) */
	bool halts;	 /* it is being stopped, and will be `again` then */
	bool owner_dead; /* proven, at this epoch; never while STOPPED */
	bool dst_dead;	 /* only while IN_DOUBT */
	uint32_t owner;
	uint32_t dst; /* only while MIGRATING or IN_DOUBT; src is the owner */
	uint64_t epoch;
	uint64_t txn; /* of the newest migration */
	struct ham_replica replica[HAM_MAX_REPLICAS];
	/* bytes, 0: as the cluster file says; it only grows */
	uint64_t disk_size[HAM_MAX_DISKS];
	/* random, 56 bits, given by the first START: images that were written
	 * under another one know of writes that this record does not; 0: of a
	 * record of before there were any */
	uint64_t history;
	uint8_t shared; /* bit i: all nodes have the same disk i */
	bool common;	 /* all of them are so */
	uint8_t grow_disk;  /* that one is being resized, */
	uint64_t grow_size; /* to so many bytes; 0: none is */
	uint32_t move_to; /* it moves there by a stop, 0: it does not */
	bool cold;	  /* STARTED for that alone: its vCPUs never run */
	bool leaving;	  /* it is asked to power off for that */
	uint32_t home;	  /* it was moved away from there, 0: or has settled */
	/* It was given to its owner by PROMOTE, and has not done since what
	 * only a guest that runs does: */
	bool failover;
	/* bit i: entry i of `replica` was current, too, and is so again if it
	 * never ran there */
	uint8_t spare;
	uint32_t tried[HAM_MAX_STARTS - 1]; /* nodes it did not start on */
	char reason[HAM_REASON_SIZE]; /* of the last stop or failed migration */
};

/* What is not as usual about a node. */
enum ham_node_flag {
	HAM_NODE_DRAINED = 1,	  /* an operator wants it empty */
	HAM_NODE_UNHEALTHY = 2,	  /* its own checks say that it may fail */
	HAM_NODE_QUARANTINED = 4, /* it did so too often */
	HAM_NODE_DISARMED = 8,	  /* an operator wants no watchdog there */
	/* nor has it one now, as its hamd was stopped in order; that one ends
	 * it when it is there again */
	HAM_NODE_RESTS = 16,
	/* the whole cluster is stopped: its guests are shut down and start
	 * again when it has booted, or an operator says so (halt.c) */
	HAM_NODE_HALTED = 32,
	HAM_NODE_CLOSED = HAM_NODE_DRAINED | HAM_NODE_UNHEALTHY |
			  HAM_NODE_QUARANTINED | HAM_NODE_HALTED,
	/* what its own hamd says, and no operator */
	HAM_NODE_HEALTH = HAM_NODE_UNHEALTHY | HAM_NODE_QUARANTINED,
	/* its guests go on without a lease: its silence is no proof of its
	 * death, and for `rest_s` no reason to fence it, either (disarm.c) */
	HAM_NODE_LEASELESS = HAM_NODE_DISARMED | HAM_NODE_RESTS,
	/* the node's own hamd ends it, as it was: not what was said since */
	HAM_NODE_DATED = HAM_NODE_LEASELESS | HAM_NODE_HALTED,
	HAM_NODE_FLAGS = HAM_NODE_CLOSED | HAM_NODE_LEASELESS, /* all */
};

struct ham_node_state {
	uint32_t node;
	uint8_t flags;		      /* enum ham_node_flag; never 0 */
	uint32_t rest_s; /* of HAM_NODE_LEASELESS, from its being recorded; else
			    0, at most HAM_MAX_REST_S */
	/* which NODE said so last, of HAM_NODE_DATED; else 0 */
	uint64_t since;
	char reason[HAM_REASON_SIZE]; /* of HAM_NODE_HEALTH, else empty */
};

enum {
	HAM_MAX_REST_S = 24 * 3600
};

struct ham_record {
	struct ham_pos pos;
	/* ordered by id; no entry: nothing is unusual about it */
	unsigned int n_nodes;
	struct ham_node_state nodes[HAM_MAX_NODES];
	unsigned int n_guests;
	struct ham_guest guests[HAM_MAX_GUESTS]; /* ordered by name */
};

enum ham_op_kind {
	HAM_OP_NONE,
	HAM_OP_START,	    /* node; txn: `shared` in 8 bits, above it `history`
			       if it has none, and flag: `common`, from then
			       on; creates the guest's entry if need be.
			       reason: by itself, only while it is `again` */
	HAM_OP_WANT_STOP, /* flag: kill; reason: the cluster's, so it halts; or
			     empty */
	HAM_OP_STOPPED,	    /* flag: it powered off; txn: enum ham_ended; node:
			       of MOVE, if that one is here; reason */
	HAM_OP_MIGRATE,	    /* node: destination; flag: by a drain, or back */
	HAM_OP_MIGRATE_END, /* txn; reason; flag: nothing was copied yet */
	HAM_OP_CUTOVER,	    /* txn; node: bit i: entry i of `replica` goes on */
	HAM_OP_OUTCOME,	    /* txn, node: the winner; reason */
	HAM_OP_OUTDATED,    /* node; reason; flag: it is good, and one too many:
			       not if the guest is coming there; txn: enum
			       ham_lost */
	HAM_OP_DEAD,	    /* node; reason: how it was proven; no guest */
	HAM_OP_PROMOTE,	    /* node: the new owner */
	HAM_OP_SYNC,	    /* node: a copy is begun there */
	HAM_OP_CURRENT,	    /* node; txn: the generation that SYNC gave it */
	HAM_OP_RESIZE,	    /* node: a disk's number; txn: its size, bytes */
	HAM_OP_RESIZED,	    /* txn: as of RESIZE; flag: it is, else reason */
	HAM_OP_MOVE,	    /* node: to; txn: of the newest migration before */
	HAM_OP_MOVE_END,    /* txn; reason: it stays where it is */
	HAM_OP_MOVE_STOP,   /* txn: it may be asked to power off for that */
	HAM_OP_NODE,	    /* node; txn: flags to set, above 8 bits those to
			       clear, above 16 `rest_s`, if it sets one of
			       LEASELESS; reason; flag: guests that were moved
			       away are to come back; epoch: only while `since`
			       is that, 0: anyhow; no guest */
	HAM_OP_FORCE,	    /* node: of the outdated copy; txn: as of START, but
			       `history` always; reason: what is given up */
	HAM_OP_N_KINDS
};

/* What the end of a guest means for its current copies. */
enum ham_ended {
	HAM_ENDED_ANYHOW, /* of what was not acknowledged one may have more */
	HAM_ENDED_UNRUN,  /* it never ran: they are what they were */
	HAM_ENDED_EQUAL,  /* all its writes are on all of them */
	HAM_ENDED_AGAIN,  /* as ANYHOW, and by its node's failing, not its own:
			     it is to be started again */
};

/* What a copy has that is given up. */
enum ham_lost {
	HAM_LOST_LEFT,	    /* all up to a moment, if it was whole */
	HAM_LOST_UNTOUCHED, /* what it had before SYNC: nothing was copied */
	HAM_LOST_DIFFERS,   /* something else than the guest wrote */
};

struct ham_op {
	uint8_t kind;
	bool flag;
	char guest[HAM_NAME_SIZE];
	uint32_t node;
	uint64_t epoch; /* the epoch it was decided in; another one: refused */
	uint64_t txn;
	char reason[HAM_REASON_SIZE];
};

/* It speaks of a node, and of no guest. */
static inline bool
ham_op_is_of_node(unsigned int kind)
{
	return kind == HAM_OP_DEAD || kind == HAM_OP_NODE;
}

/* txn of HAM_OP_NODE. */
static inline uint64_t
ham_op_node_txn(unsigned int set, unsigned int clear)
{
	return (uint64_t)set | (uint64_t)clear << 8;
}

/* Why an operation was refused; NULL when it was applied. */
const char *ham_record_apply(struct ham_record *record,
			     const struct ham_op *op);

/* The same without changing anything. */
const char *ham_record_check(const struct ham_record *record,
			     const struct ham_op *op);

struct ham_guest *ham_record_find(struct ham_record *record, const char *name);
const struct ham_guest *ham_record_lookup(const struct ham_record *record,
					  const char *name);

/* NULL: nothing is unusual about that node. */
const struct ham_node_state *ham_record_node(const struct ham_record *record,
					     uint32_t node);
/* Its flags, 0: none. */
unsigned int ham_record_node_flags(const struct ham_record *record,
				   uint32_t node);
/* "drained", "unhealthy", ...: the lowest of these flags. */
const char *ham_node_flag_name(unsigned int flags);

/* record_node.c: the part of HAM_OP_NODE. */
const char *ham_record_check_node(const struct ham_record *record,
				  const struct ham_op *op);
/* Why a guest may not be brought there; NULL: it may. */
const char *ham_record_check_open(const struct ham_record *record,
				  uint32_t node);
void ham_record_apply_node(struct ham_record *record, const struct ham_op *op);
void ham_record_node_died(struct ham_record *record, uint32_t node);
/* One stored entry more; false: it has one of that node, or is full. */
bool ham_record_add_node(struct ham_record *record,
			 const struct ham_node_state *state);

/* "current", "partial": OUTDATED and torn, ... */
const char *ham_replica_state_name(const struct ham_replica *replica);

/* True if `node`'s death, once recorded, says something of this guest. */
bool ham_guest_hangs_on(const struct ham_guest *guest, uint32_t node);

/* The entry of a node's replica, or NULL. */
const struct ham_replica *ham_guest_replica(const struct ham_guest *guest,
					    uint32_t node);
bool ham_guest_is_current(const struct ham_guest *guest, uint32_t node);
bool ham_guest_is_syncing(const struct ham_guest *guest, uint32_t node);
/* All that it is, is there: a current copy of its disks, or the same disks. */
bool ham_guest_may_own(const struct ham_guest *guest, uint32_t node);
/* After its node's death it was started there already, in vain. */
bool ham_guest_tried(const struct ham_guest *guest, uint32_t node);
/* Its first start came to nothing: it has no disks yet that count. */
bool ham_guest_never_ran(const struct ham_guest *guest);
/* Whether it may be started there, with those disks shared, and then common:
 * what changes on a disk is known of the old owner's alone. */
bool ham_guest_may_start(const struct ham_guest *guest, uint32_t node,
			 uint8_t shared, bool common);
/* Old as it may be, a guest can be started from it. */
bool ham_guest_has_whole(const struct ham_guest *guest, uint32_t node);
/* It is current, or becomes so. */
bool ham_replica_is_alive(const struct ham_replica *replica);
/* For a copy on that node nothing that is needed has to go. */
bool ham_guest_has_room(const struct ham_guest *guest, uint32_t node);

/* A 64-bit FNV-1a over the encoded guests, and nodes if there are any: equal
 * records, equal sums. */
#define HAM_RECORD_CHECKSUM_EMPTY UINT64_C(0xcbf29ce484222325)
uint64_t ham_record_checksum(const struct ham_record *record);

/* 1 to 47 of [A-Za-z0-9._-], not starting with '-' or '.'. */
bool ham_name_valid(const char *name);

const char *ham_phase_name(unsigned int phase);
const char *ham_op_name(unsigned int kind);

#endif
