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

#define SENDABLE(x) (view[x] == cur && (rm & NB(x)))
/* C is cut by itself: it is sent the record alone */
#define CUTS(part) cut(part & 3); cut(1 & ~part); cut(2 & ~part); cut(4);
#define Q 9
#include "ring.pml"
#define send(from, kind, num, what) send_to(7, from, kind, num, what)
/* C does nothing about these; its box has a tail of its own */
#define tell(from, kind, num) send_to(3, from, kind, num, 0)

#include "guest.pml"
#include "words.pml"
#include "steps.pml"

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
		:: nempty(box[0]) && !STORES(0) -> x = 0
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
	:: d_step { FINISH_DUE -> st[S] = REPLICA; cpu[S] = 0;
		forget_image(S) }
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
