/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/steps.pml - what a node does by itself, and what is done to it
 *
 * Part of handover.pml: what a committed record wants begun
 * (hamd/core/evaluate.c), standings, welcome; then the faults: power, hamd,
 * QEMU, rings and what is still delivered of them, fencing.
 * Refused: a fault that takes effect by halves.
 */
/* ---- what a node does by itself ---- */

#define COUNTED(n) (told[n] || late[n])
#define EVALUATES(n) (ACTIVE(n) && COUNTED(n))

/* CUTOVER is committed, and stored by both; the mirrors end without error */
#define CAPTURES (st[S] == GATE && !stale[D] && PHASE(mr[S]) == DOUBT && calm_ring[S] && \
	EVALUATES(S) && \
	((view[S] == cur && told[S] > mc[S] && told[D] > mc[S]) || \
	 (late[S] > mc[S] && late_both)))

/* OUTCOME(D) is committed: the image at S is void, and ends in its own time */
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
	forget_image(n);
	if
	:: TELLS_STORED(n) -> told[n] = dc[n] + 1
	:: else
	fi
}

#define OWNS(n) (EVALUATES(n) && OWNER(mr[n]) == n && \
	PHASE(mr[n]) == STARTED && !DEAD(mr[n], n))
#define BOOTS(n) (OWNS(n) && launch[n] && \
	(st[n] == NONE || st[n] == EMPTY || st[n] == REPLICA))
#ifdef COLD_BESIDE
#define LAUNCHES(n) BOOTS(n)
#else
/* OUTDATED of the other copy is committed: from here it lacks writes */
#define LAUNCHES(n) (BOOTS(n) && !CURRENT(mr[n], OTHER(n)))
#endif
#define LOST(n) (EVALUATES(n) && OWNER(mr[n]) == n && !DEAD(mr[n], n) && \
	(PHASE(mr[n]) == STARTED || PHASE(mr[n]) == MIGRATING) && \
	!launch[n] && (st[n] == NONE || st[n] == EMPTY))
#define GIVES_UP(n) (CURRENT(mr[n], OTHER(n)) && (BOOTS(n) || \
	(OWNS(n) && st[n] == RUNNING && !(rm & NB(OTHER(n))))))
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
		forget_image(n);
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

