/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/handover.pml - who may run the guest, from CUTOVER to the end
 *
 * One guest, from S to D, C votes.  Covers: CUTOVER and its commit, TAKE,
 * YIELD, ABORT, GIVEBACK, OUTCOME and RUNNING, STANDING and the in-doubt table
 * with its fencing rows, promotion after a proven death; rings that break and
 * break again, the tails of broken rings, loss of power of one node or all,
 * restarts of hamd beside a living QEMU, the death of a QEMU.
 * Checked: I1, I2, I4 (a cold start finds every acknowledged write), I6, and
 * END: when the faults are over, someone runs or the record names why not.
 *
 * Left out: how a view agrees on its record (commit.pml), the disks in detail
 * (disks.pml), time (lease, watchdog: a fencing is proven or it is not), the
 * copy before the gate.  Variants that must be found broken: test-model.sh.
 */
#define S 0
#define D 1
#define C 2

#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef CHANGES
#define CHANGES 2
#endif
#ifndef ONLY
#define ONLY 0
#endif
/* property p is broken unless c; -DONLY=p looks for that one alone */
#define MUST(p, c) assert((c) || (ONLY != 0 && ONLY != p))
#define I1 1
#define I2 2
#define I4 4
#define I6 6
#define END 8

#ifdef NO_VIEW_CHECK
#define SENDABLE(x) (rm & NB(x))
#else
#define SENDABLE(x) (view[x] == cur && (rm & NB(x)))
#endif
/* C is cut by itself: it is sent the record alone */
#define CUTS(part) cut(part & 3); cut(1 & ~part); cut(2 & ~part); cut(4);
#include "ring.pml"
#define send(from, kind, num, what) send_to(7, from, kind, num, what)
/* C does nothing about these; its box has a tail of its own */
#define tell(from, kind, num) send_to(3, from, kind, num, 0)

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

#ifdef PROMOTE_NEXT
#define PROMOTE_STEP 1
#else
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
#define ROOM (len(box[0]) < Q - 3 && len(box[1]) < Q - 3)
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

inline on_conf(n)
{
	view[n] = h_a;
	joined[n] = 0;
	late[n] = 0;
	forget(n);
	if
	:: n == S -> late_both = 0;
#ifdef AUTO_RESUME
		/* the stream broke: QEMU starts the guest by itself */
		if
		:: st[S] == CAPT && !cpu[S] -> runs(S, 1)
		:: else
		fi
#endif
	:: else
	fi
}

/* number: the term; content: the record and the members */
inline on_adopt(n)
{
	mt[n] = h_a;
	mc[n] = 0;
	mr[n] = h_r & 1023;
	joined[n] = h_r >> 10;
	if
	:: n < 2 -> launch[n] = 0
	:: else
	fi;
	forget(n);
	reconcile(n, 1);
	settle(n)
}

inline peers_changed(n)
{
	if
	:: PHASE(mr[n]) == DOUBT && (joined[n] & 3) != 3 -> calm_ring[n] = 0
	:: else
	fi;
	if
	:: PHASE(mr[n]) == MIGRATING && n == D && !IN(n, S) &&
	   st[D] == READY -> st[D] = DISCARD
	:: else
	fi;
	settle(n)
}

/* number: the newcomer, whether the third is joined, the term; content: the
 * record and its count */
inline on_welcome(n)
{
	if
	:: (h_a & 3) == n ->
		mt[n] = h_a >> 3;
		mc[n] = h_r >> 10;
		mr[n] = h_r & 1023;
		joined[n] = NB(n) | NB(h_f) | (h_a & 4 ->
			7 & ~NB(n) & ~NB(h_f) : 0);
		away[n] = 0;
		forget(n);
		reconcile(n, 1);
		settle(n)
	:: (h_a & 3) != n && joined[n] ->
		joined[n] = joined[n] | NB(h_a & 3);
		if
		:: n < 2 && (h_a & 3) < 2 -> said[n] = 0
		:: else
		fi;
		peers_changed(n)
	:: else
	fi
}

inline new_outcome(n, who, disks, more)
{
	mr[n] = REC(STARTED, who, disks, 0, EPOCH(mr[n]) + more);
	forget(n);
	if
	:: n == who && !ran[n] &&
	   (st[n] == NONE || st[n] == EMPTY || st[n] == REPLICA) ->
		launch[n] = 1
	:: else
	fi
}

inline applied_cutover(n)
{
	mr[n] = REC(DOUBT, S, 3, 0, EPOCH(mr[n]));
	forget(n);
	calm_ring[n] = 1;
	if
	:: n == S && (st[S] == HALTED || st[S] == EMPTY || st[S] == NONE) ->
		ask_back(n)
	:: n == S && st[S] == RUNNING -> halt()
	:: else
	fi
}

/* A cold start at D has nothing in its slot: S's disk counts no more. */
#ifdef COLD_KEEPS
#define S_STAYS(n) 1
#else
#define S_STAYS(n) (!DEAD(mr[n], S))
#endif

/* hamd/core/record.c; what does not fit takes up its number only */
inline apply(n, op)
{
	if
	:: op == CUTOVER && PHASE(mr[n]) == MIGRATING && !DEAD(mr[n], S) ->
		applied_cutover(n)
	:: op == MIGRATE_END && PHASE(mr[n]) == MIGRATING && !DEAD(mr[n], S) ->
		mr[n] = REC(STARTED, S, 1, 0, EPOCH(mr[n]))
	:: op == OUTCOME_S && PHASE(mr[n]) == DOUBT ->
		new_outcome(n, S, 1, 2)
	:: op == OUTCOME_S + 1 && PHASE(mr[n]) == DOUBT ->
		new_outcome(n, D, (S_STAYS(n) -> 3 : 2), 1)
	:: (op == OUTDATED_S || op == OUTDATED_S + 1) &&
	   PHASE(mr[n]) == STARTED && OWNER(mr[n]) != op - OUTDATED_S &&
	   !DEAD(mr[n], OWNER(mr[n])) ->
		mr[n] = mr[n] & ~(8 << (op - OUTDATED_S))
	:: (op == DEAD_S || op == DEAD_S + 1) &&
	   PHASE(mr[n]) != STOPPED &&
	   (PHASE(mr[n]) == DOUBT || OWNER(mr[n]) == op - DEAD_S) ->
		mr[n] = mr[n] | (32 << (op - DEAD_S))
	:: (op == PROMOTE_S || op == PROMOTE_S + 1) && PHASE(mr[n]) == STARTED &&
	   OWNER(mr[n]) != op - PROMOTE_S && DEAD(mr[n], OWNER(mr[n])) &&
	   CURRENT(mr[n], op - PROMOTE_S) ->
		new_outcome(n, (op - PROMOTE_S), 1 << (op - PROMOTE_S), PROMOTE_STEP)
	:: op == STOP && (PHASE(mr[n]) == STARTED ||
			  PHASE(mr[n]) == MIGRATING) ->
		mr[n] = (mr[n] & ~3) | STOPPED
	:: else
	fi;
	reconcile(n, 0)
}

inline on_record(n)
{
	if
	:: joined[n] && mt[n] == h_a >> 4 && (h_a & 15) == mc[n] + 1 ->
		mc[n] = mc[n] + 1;
		apply(n, h_r)
	:: else
	fi
}

inline on_take(n)
{
	if
	:: PHASE(mr[n]) == DOUBT && !abort_seen[n] ->
		take_seen[n] = 1;
#ifdef VARIANT_A
		/* D goes by its own word, and S by its clock */
		if
		:: n == D && st[D] == HELD -> st[D] = DRUN
		:: else
		fi;
#endif
#ifdef VARIANT_C
		if
		:: n == D && st[D] == HELD -> st[D] = DRUN
		:: else
		fi;
#endif
		if
		:: n == S && (st[S] == CAPT || st[S] == HALTING ||
			      st[S] == HALTED || st[S] == EMPTY) ->
			st[S] = YIELDED;
			cpu[S] = 0;
			tell(S, YIELD, 0)
		:: else
		fi
	:: else
	fi
}

inline on_abort(n)
{
	if
	:: !take_seen[n] ->
		abort_seen[n] = 1;
#ifdef VARIANT_C
		if
		:: n == S && st[S] == HALTED -> resume(3)
		:: else
		fi;
#endif
		if
		:: n == D && (st[D] == READY || st[D] == HELD) -> st[D] = DISCARD
		:: else
		fi
	:: else
	fi
}

inline on_aborted(n)
{
	take_seen[n] = 0;
	dst[n] = LACKS;
	if
	:: n == S && (st[S] == CAPT || st[S] == GATE || st[S] == YIELDED) ->
		halt()
	:: else
	fi
}

inline on_standing(n)
{
	if
	:: n == C
	:: n != C && h_f == D -> dst[n] = h_a
#ifndef HOLDS_AFTER_TAKE
	:: n != C && h_f == S && h_a == HOLDS && take_seen[n]
	:: n != C && h_f == S && h_a == HOLDS && !take_seen[n] ->
		abort_seen[n] = 1;
		src[n] = HOLDS
	:: n != C && h_f == S && h_a == LACKS -> src[n] = LACKS
#else
	:: n != C && h_f == S -> src[n] = h_a
#endif
	fi
}

inline on_handover(n)
{
	if
	:: h_k == CAPTURED ->
		if
		:: n == D && st[D] == READY ->
			whole = 1;
			if
			:: h_a == 0 -> st[D] = HELD; tell(D, TAKE, 0)
			:: else
			fi
		:: else
		fi
	:: h_k == TAKE -> on_take(n)
	:: h_k == YIELD ->
		if
		:: n == D && st[D] == HELD -> st[D] = DRUN
		:: else
		fi
	:: h_k == ABORT -> on_abort(n)
	:: h_k == ABORTED -> on_aborted(n)
	:: h_k == STANDING -> on_standing(n)
	fi
}

#define STORES(n) ((up & NB(n)) && (dt[n] != mt[n] || dc[n] != mc[n]))
#define TELLS_STORED(n) (joined[n] && view[n] == cur && (rm & NB(n)) && \
	dt[n] == mt[n] && told[n] <= dc[n] && !HOLD(n))

inline store(n)
{
	dt[n] = mt[n];
	dc[n] = mc[n];
	dr[n] = mr[n];
	if
	:: TELLS_STORED(n) -> told[n] = dc[n] + 1
	:: else
	fi
}

inline deliver(n)
{
	take_next(n);
	if
	:: h_k == CONF -> on_conf(n)
	:: h_k == ADOPT -> on_adopt(n)
	:: h_k == RECORD -> on_record(n)
	:: h_k == WELCOME -> on_welcome(n)
	:: h_k == LEFT ->
		if
		:: joined[n] ->
			joined[n] = joined[n] & ~NB(h_a);
			peers_changed(n)
		:: else
		fi
	:: else ->
		if
		:: n != C && joined[n] && IN(n, h_f) && PHASE(mr[n]) == DOUBT ->
			on_handover(n)
		:: else
		fi
	fi;
	h_k = 0; h_f = 0; h_a = 0; h_r = 0;
	/* Stored at once where nobody can tell the difference: at C, as what
	 * it has not stored is as if it had not come; at all, if nothing can
	 * be lost any more. */
	if
	:: STORES(n) && (n == C || faults == 0) -> store(n)
	:: else
	fi
}

/* ---- what a node does by itself ---- */

#define COUNTED(n) (told[n] || late[n])
#define EVALUATES(n) (ACTIVE(n) && COUNTED(n))

/* CUTOVER is committed, and stored by both; the mirrors end without error */
#define CAPTURES (st[S] == GATE && !stale[D] && PHASE(mr[S]) == DOUBT && calm_ring[S] && \
	EVALUATES(S) && \
	((view[S] == cur && told[S] > mc[S] && told[D] > mc[S]) || \
	 (late[S] > mc[S] && late_both)))

/* OUTCOME(D) is committed: the image at S is void */
#define FINISH_DUE (st[S] >= CAPT && st[S] <= EMPTY && EVALUATES(S) && \
	PHASE(mr[S]) != DOUBT && PHASE(mr[S]) != STOPPED && \
	OWNER(mr[S]) == D && EPOCH(mr[S]) == ep[S] + 1)

#ifdef COLD_UNDRAINED
#define D_DISK DISK
#else
#define D_DISK (whole -> DISK : LACKS)
#endif
#define STANDING_S (st[S] == HALTED -> HOLDS : \
	(st[S] == NONE || st[S] == EMPTY || st[S] == YIELDED -> LACKS : 0))
#define STANDING_D (st[D] == HELD || st[D] == DRUN || st[D] == RUNNING -> \
	HOLDS : (st[D] == NONE -> (ran[D] -> HOLDS : D_DISK) : 0))
#define STANDING_OF(n) (n == S -> STANDING_S : STANDING_D)
#define TELLS(n) (joined[n] && PHASE(mr[n]) == DOUBT && view[n] == cur && \
	STANDING_OF(n) != 0 && said[n] != STANDING_OF(n) && ROOM && \
	(!calm_ring[n] || (n == S && st[S] != YIELDED)))

/* DISCARD and KILL: reaped; only then STORED may be said */
inline ended(n)
{
	cpu[n] = 0;
	mirror_breaks(n == D);
	if
	:: st[n] == DISCARD && n == D && PHASE(mr[n]) == DOUBT ->
		tell(n, ABORTED, 0)
	:: else
	fi;
	st[n] = NONE;
	if
	:: TELLS_STORED(n) -> told[n] = dc[n] + 1
	:: else
	fi
}

#define OWNS(n) (EVALUATES(n) && OWNER(mr[n]) == n && \
	PHASE(mr[n]) == STARTED && !DEAD(mr[n], n))
#define LAUNCHES(n) (OWNS(n) && launch[n] && \
	(st[n] == NONE || st[n] == EMPTY || st[n] == REPLICA))
#define LOST(n) (EVALUATES(n) && OWNER(mr[n]) == n && !DEAD(mr[n], n) && \
	(PHASE(mr[n]) == STARTED || PHASE(mr[n]) == MIGRATING) && \
	!launch[n] && (st[n] == NONE || st[n] == EMPTY))
#define GIVES_UP(n) (OWNS(n) && st[n] == RUNNING && \
	CURRENT(mr[n], OTHER(n)) && !(rm & NB(OTHER(n))))
#define DROPS(n) (OWNS(n) && st[n] == RUNNING && \
	!CURRENT(mr[n], OTHER(n)) && !dropped[n])

inline cold(n)
{
	launch[n] = 0;
	ep[n] = EPOCH(mr[n]);
	st[n] = RUNNING;
	runs(n, 0);
	writes_alone(n)
}

/* n leads, y's hamd was restarted, and no RECORD is under way */
#define WELCOMES(n, y) (away[y] && LEADER(n) && view[n] == cur && \
	!IN(n, y) && mc[n] == assigned)

inline welcome(n, y)
{
	away[y] = 0;
	h_r = mr[n] | mc[n] << 10;
	h_a = y | mt[n] << 3 | (joined[n] != NB(n) -> 4 : 0);
	send(n, WELCOME, h_a, h_r);
	h_a = 0; h_r = 0
}

/* ---- faults ---- */

inline forget_life(n)
{
	mt[n] = dt[n];
	mc[n] = dc[n];
	mr[n] = dr[n];
	joined[n] = 0;
	told[n] = 0;
	late[n] = 0;
	forget(n);
	if
	:: n == S -> late_both = 0
	:: else
	fi;
	if
	:: n < 2 ->
		launch[n] = 0;
		ran[n] = 0;
		if
		:: n == D -> whole = 0
		:: else
		fi
	:: else
	fi
}

inline lose_power(n)
{
	forget_life(n);
	away[n] = 0;
	power_off(n);
	if
	:: n < 2 ->
		cpu[n] = 0;
		st[n] = NONE;
		dropped[n] = 0;
		ep[n] = 0;
		mirror_breaks(n == D)
	:: else
	fi
}

/* hamd starts anew and looks at what runs (local.c, did_found()) */
inline restart(n)
{
	forget_life(n);
	empty_box(n);
	if
	:: n < 2 && cpu[n] -> st[n] = RUNNING
	:: n == S && !cpu[n] && st[n] != NONE && st[n] != EMPTY &&
	   st[n] != REPLICA ->
#ifdef RESTART_HOLDS
		st[n] = HALTED
#else
		st[n] = YIELDED
#endif
	:: n == S && !cpu[n] && st[n] == EMPTY -> st[n] = NONE
	:: n == D && !cpu[n] && (st[n] == HELD || st[n] == DRUN) -> st[n] = HELD
	:: n == D && !cpu[n] && (st[n] == READY || st[n] == KILL) ->
		st[n] = DISCARD
	:: else
	fi;
	if
	:: rm & NB(n) ->
		h_n = 0;
		do
		:: h_n < 3 ->
			if
			:: h_n != n && (rm & NB(h_n)) ->
				push(h_n, LEFT, n, n, 0)
			:: else
			fi;
			h_n++
		:: else -> break
		od;
		away[n] = formed
	:: else
	fi
}

#define RESTARTS(n) (faults > 0 && (up & NB(n)) && fresh[n] == len(box[n]) && \
	!away[n] && (view[n] == cur || !(rm & NB(n))))
#define QEMU_DIES(n) (faults > 0 && st[n] != NONE && st[n] != REPLICA && \
	st[n] != EMPTY && !HOLD(n))
inline qemu_dies(n)
{
	cpu[n] = 0;
	if
	:: n == S && (PHASE(mr[S]) == DOUBT ||
		      (st[S] >= CAPT && st[S] <= EMPTY)) -> st[S] = EMPTY
	:: n == D && st[D] >= READY && st[D] <= HELD -> st[D] = DISCARD
	:: n == D && st[D] == DRUN -> st[D] = NONE; ran[D] = 1
	:: else -> st[n] = NONE
	fi
}

/* what is known committed of the ring that ends may reach n in its tail */
inline tail_stored(n)
{
	atomic {
		if
		:: view[n] == cur && (rm & up & NB(n)) ->
			if
			:: skip
			:: (term > 0 || TWO(told[0] > 1, told[1] > 1,
					    told[2] > 1)) ->
				late[n] = (TWO(told[0] > 0, told[1] > 0,
					  told[2] > 0) ->
				(told[0] > told[1] ->
				 (told[1] > told[2] -> told[1] :
				  (told[0] > told[2] -> told[2] : told[0])) :
				 (told[0] > told[2] -> told[0] :
				  (told[1] > told[2] -> told[2] : told[1]))) : 0);
				if
				:: n == S -> late_both =
					(told[S] >= late[S] && told[D] >= late[S])
				:: else
				fi
			fi
		:: else
		fi
	}
}

#define AT_ONCE(n) (n == C || ((rm & NB(n)) && changes == 0))

inline ring_changes(part)
{
	tail_stored(0);
	tail_stored(1);
	change(part);
	d_step {
		told[0] = 0; told[1] = 0; told[2] = 0;
		away[0] = 0; away[1] = 0; away[2] = 0;
		formed = 0;
		assigned = 0;
		last_op = NOTHING;
		mirror_breaks((rm & 3) != 3);
		/* nothing said in a tail goes out, so its place in time matters
		 * only to who stays behind: outside the ring, or in front of
		 * another change */
		x = 0;
		do
		:: x < 3 && len(box[x]) > 0 && AT_ONCE(x) ->
			deliver(x);
			dt[x] = mt[x];
			dc[x] = mc[x];
			dr[x] = mr[x]
		:: x < 3 && !(len(box[x]) > 0 && AT_ONCE(x)) -> x++
		:: x == 3 -> break
		od;
		x = 0
	}
}

inline boot(n)
{
	if
	:: !(up & NB(n)) -> up = up | NB(n)
	:: else
	fi
}

inline fence(y)
{
#ifndef FENCE_LIES
	if
	:: (up & NB(y)) -> lose_power(y)
	:: else
	fi
#else
	skip
#endif
}

/* ---- the leader ---- */

#ifdef NO_FENCE
#define DEATH(n, y) (!IN(n, y))
#else
#define DEATH(n, y) DEAD(mr[n], y)
#endif
#define SPOKEN(n) ((src[n] || dst[n]) && (!IN(n, S) || src[n]) && \
	(!IN(n, D) || dst[n]))
/* doc/faults.md, "In doubt"; 3: nobody, yet */
#define WINNER(n) ( \
	IN(n, D) && dst[n] == HOLDS -> D : ( \
	IN(n, S) && src[n] == HOLDS -> S : ( \
	IN(n, S) && (IN(n, D) || DEATH(n, D)) -> S : ( \
	IN(n, D) && DEATH(n, S) && dst[n] == DISK -> D : 3))))
#define DECIDES(n) (LEADER(n) && ACTIVE(n) && OPEN && view[n] == cur)
#define RESOLVES(n) (DECIDES(n) && PHASE(mr[n]) == DOUBT && SPOKEN(n) && \
	WINNER(n) != 3 && last_op != OUTCOME_S + WINNER(n))
/* whose death would help */
#define MISSED(n, y) (!IN(n, y) && !DEAD(mr[n], y) && ( \
	(PHASE(mr[n]) == DOUBT && SPOKEN(n) && WINNER(n) == 3 && \
	 (y == D || dst[n] == DISK)) || \
	(PHASE(mr[n]) == STARTED && OWNER(mr[n]) == y && \
	 CURRENT(mr[n], OTHER(y)) && IN(n, OTHER(y)))))
#define FENCES(n, y) (DECIDES(n) && MISSED(n, y) && !(rm & NB(y)) && \
	last_op != DEAD_S + y)
#define PROMOTES(n) (DECIDES(n) && PHASE(mr[n]) == STARTED && \
	DEATH(n, OWNER(mr[n])) && CURRENT(mr[n], OTHER(OWNER(mr[n]))) && \
	IN(n, OTHER(OWNER(mr[n]))) && last_op != PROMOTE_S + OTHER(OWNER(mr[n])))

/* ---- the end ---- */

#define QUIET(n) (ACTIVE(n) && LEADER(n))
#define NAMED(n) (PHASE(mr[n]) == STOPPED || \
	(PHASE(mr[n]) != DOUBT && !IN(n, OWNER(mr[n]))) || \
	(PHASE(mr[n]) == DOUBT && !IN(n, S) && (!IN(n, D) || dst[n] == LACKS)))

inline the_end()
{
	d_step {
#ifndef NO_END
		MUST(END, rm == 0 || cpu[S] || cpu[D] ||
			(QUIET(0) && NAMED(0)) || (QUIET(1) && NAMED(1)) ||
			(QUIET(2) && NAMED(2)))
#else
		skip
#endif
	}
}

active proctype cluster()
{
	st[S] = GATE; st[D] = READY; ep[S] = 1; ep[D] = 2;
	cpu[S] = 1; top = 1; term = 0; stale[D] = 0;
	do
	/* messages */
	:: atomic {
		if
		:: nempty(box[0]) && !STORES(0) && !FINISH_DUE -> x = 0
		:: nempty(box[1]) && !STORES(1) -> x = 1
		:: nempty(box[2]) && !STORES(2) -> x = 2
		fi;
		skip;
		d_step { deliver(x); x = 0 }
	}
	/* a view: all members of the ring have been told of it */
	:: d_step {
		!formed && rm != 0 && (rm & ~up) == 0 &&
		(!(rm & 1) || view[0] == cur) &&
		(!(rm & 2) || view[1] == cur) &&
		(!(rm & 4) || view[2] == cur) ->
			formed = 1;
			term++;
			h_a = 3;
			h_i = 0;
			do
			:: h_i < 3 ->
				if
				:: rm & NB(h_i) ->
					dt[h_i] = mt[h_i];
					dc[h_i] = mc[h_i];
					dr[h_i] = mr[h_i];
					if
					:: h_a == 3 -> h_a = h_i
					:: h_a < 3 && (mt[h_i] > mt[h_a] ||
					   (mt[h_i] == mt[h_a] &&
					    mc[h_i] > mc[h_a])) -> h_a = h_i
					:: else
					fi
				:: else
				fi;
				h_i++
			:: else -> break
			od;
			h_r = mr[h_a] | rm << 10;
			h_f = h_a;
			send(h_f, ADOPT, term, h_r);
			h_a = 0; h_i = 0; h_r = 0; h_f = 0
	}
	/* a hamd that was restarted is given the state */
	:: d_step { WELCOMES(0, 1) -> welcome(0, 1) }
	:: d_step { WELCOMES(0, 2) -> welcome(0, 2) }
	:: d_step { WELCOMES(1, 0) -> welcome(1, 0) }
	:: d_step { WELCOMES(1, 2) -> welcome(1, 2) }
	:: d_step { WELCOMES(2, 0) -> welcome(2, 0) }
	:: d_step { WELCOMES(2, 1) -> welcome(2, 1) }
	/* the store */
	:: d_step { STORES(0) -> store(0) }
	:: d_step { STORES(1) -> store(1) }
	:: d_step { STORES(2) -> store(2) }
	:: d_step { !STORES(0) && TELLS_STORED(0) -> told[0] = dc[0] + 1 }
	:: d_step { !STORES(1) && TELLS_STORED(1) -> told[1] = dc[1] + 1 }
	:: d_step { !STORES(2) && TELLS_STORED(2) -> told[2] = dc[2] + 1 }
	/* standings */
	:: d_step { TELLS(S) -> said[S] = STANDING_S; tell(S, STANDING, said[S]) }
	:: d_step { TELLS(D) -> said[D] = STANDING_D; tell(D, STANDING, said[D]) }
#ifndef SILENT_NEWCOMER
	/* a D that has nothing says so, also if it was born after MIGRATE */
	:: d_step { joined[D] && PHASE(mr[D]) == DOUBT && calm_ring[D] &&
		view[D] == cur && st[D] == NONE && !ran[D] && ROOM &&
		said[D] != LACKS -> said[D] = LACKS; tell(D, ABORTED, 0) }
#endif
	/* the guest layer */
	:: d_step { st[S] == HALTING -> halted() }
	:: d_step { st[D] == DRUN -> dest_runs() }
	:: d_step { HOLD(S) -> ended(S) }
	:: d_step { HOLD(D) -> ended(D) }
	/* S wants its guest back, whatever the reason */
	:: d_step { st[S] == GATE || st[S] == CAPT -> halt() }
#ifdef VARIANT_A
	:: d_step { st[S] == CAPT || st[S] == HALTED -> resume(3) }
#endif
#ifdef VARIANT_B
	:: d_step { st[S] == HALTED -> resume(3) }
#endif
	/* what a committed record wants begun */
	:: d_step { st[S] == GATE && PHASE(mr[S]) == MIGRATING &&
		IN(S, D) && CAN(S, CUTOVER) -> propose(S, CUTOVER) }
	:: d_step { (st[S] == HALTED || st[S] == RUNNING) &&
		PHASE(mr[S]) == MIGRATING && CAN(S, MIGRATE_END) &&
		last_op != CUTOVER -> propose(S, MIGRATE_END) }
	:: d_step { CAPTURES -> capture(0) }
	:: d_step { CAPTURES && view[S] == cur -> capture(1) }
	:: d_step { st[S] == HALTED && EVALUATES(S) && OWNER(mr[S]) == S &&
		PHASE(mr[S]) == STARTED -> resume(EPOCH(mr[S])) }
	:: d_step { FINISH_DUE -> st[S] = REPLICA; cpu[S] = 0 }
	:: d_step { st[S] == YIELDED && EVALUATES(S) && OWNER(mr[S]) == S &&
		PHASE(mr[S]) <= STARTED && PHASE(mr[S]) != DOUBT ->
			if
			:: EPOCH(mr[S]) == ep[S] -> halt()
			:: EPOCH(mr[S]) == ep[S] + 2 -> launch[S] = 1; st[S] = KILL
			:: else -> st[S] = KILL
			fi }
	:: d_step { st[D] == HELD && EVALUATES(D) && PHASE(mr[D]) == STARTED &&
		OWNER(mr[D]) == D -> st[D] = DRUN }
	:: d_step { (st[D] == RUNNING || (st[D] == NONE && ran[D])) &&
		PHASE(mr[D]) == DOUBT && COUNTED(D) && CAN(D, OUTCOME_S + D) ->
			propose(D, OUTCOME_S + D) }
	:: d_step { LAUNCHES(S) -> cold(S) }
	:: d_step { LAUNCHES(D) -> cold(D) }
	:: d_step { LOST(S) && CAN(S, STOP) -> propose(S, STOP) }
	:: d_step { LOST(D) && CAN(D, STOP) -> propose(D, STOP) }
	:: d_step { GIVES_UP(S) && CAN(S, OUTDATED_S + D) ->
		propose(S, OUTDATED_S + D) }
	:: d_step { GIVES_UP(D) && CAN(D, OUTDATED_S + S) ->
		propose(D, OUTDATED_S + S) }
	:: d_step { DROPS(S) -> writes_alone(S) }
	:: d_step { DROPS(D) -> writes_alone(D) }
	/* the leader */
	:: d_step { RESOLVES(0) -> propose(0, OUTCOME_S + WINNER(0)) }
	:: d_step { RESOLVES(1) -> propose(1, OUTCOME_S + WINNER(1)) }
	:: d_step { RESOLVES(2) -> propose(2, OUTCOME_S + WINNER(2)) }
#ifndef NO_FENCE
	:: d_step { FENCES(S, D) -> fence(D); propose(S, DEAD_S + D) }
	:: d_step { FENCES(D, S) -> fence(S); propose(D, DEAD_S + S) }
	:: d_step { FENCES(C, S) -> fence(S); propose(C, DEAD_S + S) }
	:: d_step { FENCES(C, D) -> fence(D); propose(C, DEAD_S + D) }
#endif
	:: d_step { PROMOTES(0) -> propose(0, PROMOTE_S + OTHER(OWNER(mr[0]))) }
	:: d_step { PROMOTES(1) -> propose(1, PROMOTE_S + OTHER(OWNER(mr[1]))) }
	:: d_step { PROMOTES(2) -> propose(2, PROMOTE_S + OTHER(OWNER(mr[2]))) }
	/* faults */
	:: d_step { faults > 0 && (up & 1) -> faults--; lose_power(0) }
	:: d_step { faults > 0 && (up & 2) -> faults--; lose_power(1) }
	:: d_step { faults > 0 && (up & 4) -> faults--; lose_power(2) }
	:: d_step { faults > 0 && up == 7 -> faults--;
		lose_power(0); lose_power(1); lose_power(2) }
	:: d_step { RESTARTS(0) -> faults--; restart(0) }
	:: d_step { RESTARTS(1) -> faults--; restart(1) }
	:: d_step { RESTARTS(2) -> faults--; restart(2) }
	:: d_step { QEMU_DIES(S) -> faults--; qemu_dies(S) }
	:: d_step { QEMU_DIES(D) -> faults--; qemu_dies(D) }
	/* `cont` failed, and the guest certainly never ran */
	:: d_step { faults > 0 && st[D] == DRUN -> faults--; st[D] = DISCARD }
	:: d_step { !calm && up != 7 && changes > 0 -> boot(0); boot(1); boot(2) }
#ifdef NO_END
	:: atomic {
		changes > 0 -> changes--;
#else
	/* at last the faults are over: all come back, or two stay together */
	:: atomic {
		if
		:: changes > 0 -> changes--
		:: !calm -> calm = 1; faults = 0; changes = 0
		fi;
#endif
		if
		:: !calm && rm != 0 -> w_to = 0
		:: calm -> boot(0); boot(1); boot(2); w_to = 7
		:: (up & 3) == 3 -> w_to = 3
		:: (up & 5) == 5 -> w_to = 5
		:: (up & 6) == 6 -> w_to = 6
		:: !calm && up == 7 -> w_to = 7
		fi;
		ring_changes(w_to);
		w_to = 0
	}
	:: else -> break
	od;
	skip;
	the_end()
}
