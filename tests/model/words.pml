/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/words.pml - what is delivered to a node, and what it does then
 *
 * Part of handover.pml: views, records and the words of a hand-over, as in
 * hamd/core/record.c, applied.c, source.c, dest.c.  A view's exchange is one
 * step (commit.pml takes it apart).
 * Refused: anything that a node does without having been told something.
 */
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
	:: n == D -> whole = 0
	:: else
	fi;
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
	:: n != C && h_f == S && h_a == HOLDS && take_seen[n]
	:: n != C && h_f == S && h_a == HOLDS && !take_seen[n] ->
		abort_seen[n] = 1;
		src[n] = HOLDS
	:: n != C && h_f == S && h_a == LACKS -> src[n] = LACKS
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

