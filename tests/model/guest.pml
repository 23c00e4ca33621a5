/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/guest.pml - the record, what each node knows, and its guest
 *
 * Part of handover.pml: names, the record in one number, each node's state, and
 * the steps of a guest: pause, resume, run, end, and what of it contradicts the
 * record (hamd/core/local.c).  A stage here is one there; those that only wait
 * for the guest layer are left out.
 * Refused: knowing more than a node would.  What is true is in the ghosts, which
 * nothing but MUST() and the fault layer looks at.
 */
/* messages */
#define ADOPT 2
#define RECORD 3
#define CAPTURED 4
#define TAKE 5
#define YIELD 6
#define ABORT 7
#define ABORTED 8
#define STANDING 9
#define LEFT 10    /* the hamd of `number` left the group */
#define WELCOME 11 /* ADOPT for the newcomer `number` */

/* stages, as in hamd/core/state.h */
#define NONE 0
#define RUNNING 1
#define GATE 2
#define CAPT 4 /* S_CAPTURED */
#define YIELDED 6
#define HALTING 7
#define HALTED 8
#define EMPTY 9
#define REPLICA 11
#define READY 12
#define HELD 14
#define DRUN 15
#define DISCARD 16
#define KILL 17

#define HOLDS 1
#define LACKS 2
#define DISK 3

/* the record: phase, owner, whose disk is current, who died since, epoch */
#define MIGRATING 0
#define DOUBT 1
#define STARTED 2
#define STOPPED 3
#define PHASE(r) ((r) & 3)
#define OWNER(r) (((r) >> 2) & 1)
#define CURRENT(r, x) (((r) >> (3 + (x))) & 1)
#define DEAD(r, x) (((r) >> (5 + (x))) & 1)
#define EPOCH(r) ((r) >> 7)
#define REC(phase, owner, disks, dead, epoch) \
	((phase) | (owner) << 2 | (disks) << 3 | (dead) << 5 | (epoch) << 7)
#define DISKS(r) (((r) >> 3) & 3)
#define OTHER(x) (1 - (x))

/* operations; those about a node are followed by the one about the next */
#define CUTOVER 0
#define MIGRATE_END 1
#define OUTCOME_S 2 /* and _D */
#define OUTDATED_S 4
#define DEAD_S 6
#define PROMOTE_S 8
#define STOP 10
#define NOTHING 11

#ifndef PROMOTE_STEP
#define PROMOTE_STEP 3
#endif
#define FIRST REC(MIGRATING, S, 1, 0, 1)

/* each node's record, in memory and on its disk, with its position */
byte mt[3], mc[3], dt[3], dc[3];
short mr[3] = FIRST, dr[3] = FIRST;
byte joined[3] = 7;
byte told[3] = 1; /* STORED in ring `cur`, number + 1 */
byte late[3];     /* what it knows committed of a ring that is over */
bit late_both;    /* and S: by S and D both */
byte term, assigned;
byte last_op = NOTHING;
bit formed = 1;   /* ADOPT was sent in ring `cur` */
bit away[3];      /* its hamd has restarted in this ring: waits for WELCOME */

/* volatile, of each node's hamd */
bit calm_ring[3]; /* cutover_ring: undisturbed since CUTOVER */
bit take_seen[3], abort_seen[3];
byte src[3], dst[3]; /* standings heard */
byte said[2];
bit launch[2], ran[2], dropped[2];
bit whole;        /* D knows: every mirror ended (DRAINED) */
byte st[2], ep[2];

/* ghosts: what is true, whatever anyone knows */
bit cpu[2];
bit spent[2];      /* another ran since this image was taken */
bit stale[2];     /* this disk lacks an acknowledged write */
byte top;         /* highest epoch that ever ran */

byte faults = FAULTS, changes = CHANGES;
bit calm;
byte x, w_to;

#define LEADER_OF(j) ((j) & 1 -> 0 : ((j) & 2 -> 1 : 2))
#define LEADER(n) (joined[n] && LEADER_OF(joined[n]) == n)
#define TWO(a, b, c) ((a) + (b) + (c) >= 2)
#ifdef NO_COMMIT
#define KNOWS(n) (joined[n] != 0)
#else
#define KNOWS(n) (late[n] > mc[n] || (view[n] == cur && \
	TWO(told[0] > mc[n], told[1] > mc[n], told[2] > mc[n])))
#endif
#define TWO_IN(j) ((j) != 0 && (j) != 1 && (j) != 2 && (j) != 4)
#define ACTIVE(n) (TWO_IN(joined[n]) && KNOWS(n))
#define IN(n, y) ((joined[n] >> (y)) & 1)
/* nobody speaks up while another is far behind; answers always find room */
#define ROOM (len(box[0]) < Q - 5 && len(box[1]) < Q - 5 && \
	len(box[2]) < Q - 4)
#define OPEN (assigned < 6 && ROOM)
#define HOLD(n) (n < 2 && (st[n] == DISCARD || st[n] == KILL))

/* vCPUs begin at node n.  Its first write comes at once. */
inline runs(n, image)
{
	MUST(I1, !cpu[OTHER(n)]);
	MUST(I2, !(image) || !spent[n]);
	MUST(I4, !stale[n]);
	MUST(I6, ep[n] >= top);
	cpu[n] = 1;
	spent[n] = 0;
	spent[OTHER(n)] = 1;
	top = ep[n]
}

/* It held no write up, and S's QEMU goes on at once, whoever drives it. */
inline mirror_breaks(why)
{
	if
	:: (why) && cpu[S] -> stale[D] = 1
	:: else
	fi
}

inline writes_alone(n)
{
	dropped[n] = 1;
	stale[OTHER(n)] = 1
}

/* through the leader: it numbers */
inline propose(who, op)
{
	send(LEADER_OF(joined[who]), RECORD, (assigned + 1) | term << 4, op);
	assigned++;
	last_op = op
}
/* the leader is there, and this is not under way */
#define CAN(n, op) (view[n] == cur && OPEN && last_op != op && ACTIVE(n) && \
	view[LEADER_OF(joined[n])] == cur && \
	joined[LEADER_OF(joined[n])] == joined[n] && \
	ACTIVE(LEADER_OF(joined[n])))

inline end_here(n, how)
{
	if
	:: st[n] != how -> st[n] = how
	:: else
	fi
}

/* what is no more makes no difference */
inline forget_image(n)
{
	ep[n] = 0;
	spent[n] = 0
}

/* hamd/core/local.c, ham_reconcile() */
inline reconcile(n, fresh_view)
{
	if
	:: n < 2 ->
		if
		:: st[n] == RUNNING || st[n] == GATE ->
			if
			:: PHASE(mr[n]) != STOPPED && OWNER(mr[n]) == n &&
			   EPOCH(mr[n]) == ep[n] && !DEAD(mr[n], n)
			:: PHASE(mr[n]) == DOUBT && OWNER(mr[n]) != n &&
			   EPOCH(mr[n]) + 1 == ep[n] && !DEAD(mr[n], n)
			:: else -> end_here(n, KILL)
			fi
		:: st[n] >= CAPT && st[n] <= EMPTY ->
			if
			:: PHASE(mr[n]) != STOPPED && OWNER(mr[n]) == n &&
			   ((EPOCH(mr[n]) == ep[n] && !DEAD(mr[n], n)) ||
			    EPOCH(mr[n]) == ep[n] + 2)
			:: PHASE(mr[n]) != STOPPED && OWNER(mr[n]) != n &&
			   EPOCH(mr[n]) == ep[n] + 1
			:: else -> end_here(n, KILL)
			fi
		:: st[n] >= READY && st[n] <= DRUN ->
			if
			:: OWNER(mr[n]) == n && st[n] >= HELD &&
			   EPOCH(mr[n]) == ep[n] && PHASE(mr[n]) != STOPPED
			:: OWNER(mr[n]) != n && EPOCH(mr[n]) + 1 == ep[n] &&
			   PHASE(mr[n]) == DOUBT && !DEAD(mr[n], n) &&
			   (st[n] >= HELD || !fresh_view)
			:: OWNER(mr[n]) != n && EPOCH(mr[n]) + 1 == ep[n] &&
			   PHASE(mr[n]) == MIGRATING && st[n] < HELD
			:: else -> end_here(n, DISCARD)
			fi
		:: st[n] == REPLICA && OWNER(mr[n]) == n -> st[n] = NONE
		:: else
		fi
	:: else
	fi
}

inline ask_back(n)
{
	if
	:: calm_ring[n] -> tell(n, ABORT, 0)
	:: else
	fi
}

/* paused for good; told only when QEMU has stopped */
inline halted()
{
	cpu[S] = 0;
	st[S] = HALTED;
	if
	:: PHASE(mr[S]) == DOUBT && OWNER(mr[S]) == S -> ask_back(S)
	:: else
	fi
}

/* what stands still already is halted at once */
inline halt()
{
	if
	:: cpu[S] -> st[S] = HALTING
	:: else -> halted()
	fi
}

/* number: DRAINED only, and the rest fails */
inline capture(part)
{
	cpu[S] = 0;
	st[S] = CAPT;
	tell(S, CAPTURED, part)
}

inline resume(epoch)
{
	ep[S] = epoch;
	st[S] = RUNNING;
	runs(S, 1);
	writes_alone(S)
}

inline dest_runs()
{
	st[D] = RUNNING;
	ran[D] = 1;
	dropped[D] = 0;
	runs(D, 1)
}

/* hamd/core/doubt.c, settle() */
inline settle(n)
{
	if
	:: n < 2 && PHASE(mr[n]) == DOUBT && !calm_ring[n] ->
		if
		:: OWNER(mr[n]) == n && (st[n] == RUNNING || st[n] == GATE ||
					 st[n] == CAPT) ->
			halt()
		:: OWNER(mr[n]) != n && st[n] == READY ->
			st[n] = DISCARD
		:: else
		fi
	:: else
	fi
}

inline forget(n)
{
	calm_ring[n] = 0;
	take_seen[n] = 0;
	abort_seen[n] = 0;
	src[n] = 0;
	dst[n] = 0;
	if
	:: n < 2 -> said[n] = 0
	:: else
	fi
}

