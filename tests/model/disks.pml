/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/disks.pml - an acknowledged write is on every disk that counts
 *
 * S runs the guest, D is the destination, C may hold a third replica.  Each
 * disk has the number of the newest write it took.  Covers: a write held until
 * every connected replica took it or OUTDATED is committed; CUTOVER racing
 * OUTDATED (of the destination: it ends the migration; of the third: CUTOVER
 * outdates it); a copy to D that breaks and holds no write up, also while S's
 * hamd is gone and its QEMU writes on; D's standing "disk"; the slot that D runs
 * with; OUTCOME either way; promotion of any current disk once the owner's death
 * is proven; storage links that break apart from the ring, and power.
 * Checked: I3 and I4 in one: who runs next has every acknowledged write; and
 * END, when nothing can move the guest runs, or its writes wait for a death
 * that cannot be proven.
 *
 * The record is one here, applied in one order, and becomes committed in its
 * own time (commit.pml shows that this may be assumed); so operations are
 * proposed and take effect at each node late, but in order.
 * Left out: memory images and consent (handover.pml), resync, epochs of
 * exports (a copy that was given up is not written to again).
 */
#define S 0
#define D 1
#define C 2
#define NB(x) (1 << (x))
#define ALL 7

#ifndef WRITES
#define WRITES 3
#endif
#ifndef FAULTS
#define FAULTS 3
#endif
#ifndef ONLY
#define ONLY 0
#endif
#define MUST(p, c) assert((c) || (ONLY != 0 && ONLY != p))
#define I34 3
#define END 8

/* operations, as bits of `want` */
#define CUTOVER 1
#define MIGRATE_END 2
#define OUTDATED 4 /* << node: 4, 8, 16 */
#define OUTCOME 32 /* << S or D: 32, 64 */

#define MIGRATING 0
#define DOUBT 1
#define STARTED 2

/* with -DWAS_REPLICA D is a live replica before: memory goes alone */
#ifdef WAS_REPLICA
#define CURRENT0 (NB(S) | NB(D) | NB(C))
#define COPIES 0
#else
#define CURRENT0 (NB(S) | NB(C))
#define COPIES 1
#endif
#define NOBODY 3

byte phase = MIGRATING, owner = S;
byte current = CURRENT0; /* by the record */
byte want;               /* proposed; the order takes any of them next */
bit gate;                /* S has proposed CUTOVER */
bit captured, drained;   /* S stands still; D's disk took all S tried */
bit hamd = 1;            /* S's; its QEMU goes on without it */

byte runner = S;
byte slots = NB(D) | NB(C); /* copies the runner's writes go to */
byte linked = 7, up = 7;
byte disk[3];
byte acked, tried;       /* writes acknowledged, and begun */
bit halted;
byte faults = FAULTS;

#define LOST(n) ((slots & NB(n)) && !(linked & up & NB(n)))
#define TOOK(n) (!(slots & NB(n)) || disk[n] == tried)
#define RUNS (runner != NOBODY && !halted)
/* somebody there to drive the runner's QEMU */
#define LED (runner != NOBODY && (runner != S || hamd))
/* D's disk hangs on a mirror, which never holds a write up */
#define MIRROR (COPIES && runner == S && (slots & NB(D)))
#ifdef COLD_UNDRAINED
#define D_WHOLE 1
#else
#define D_WHOLE (drained || !COPIES)
#endif

/* What is found on n's disk is what the guest sees from now on. */
inline takes_over(n, others)
{
	MUST(I34, disk[n] >= acked);
	runner = n;
	slots = others;
	halted = 0;
	acked = disk[n];
	tried = disk[n]
}

/* hamd/core/record.c: op is committed, if it fits */
inline commit(op)
{
	want = want & ~(op);
	if
	:: op == CUTOVER && phase == MIGRATING ->
		phase = DOUBT;
		current = NB(S) | NB(D)
	:: op == MIGRATE_END && phase == MIGRATING -> phase = STARTED
	:: op == OUTCOME && phase == DOUBT ->
		phase = STARTED;
		current = NB(S);
		if
		:: up & NB(S) -> takes_over(S, 0)
		:: else
		fi
	:: op == OUTCOME << 1 && phase == DOUBT ->
		phase = STARTED;
		owner = D;
		if
		:: runner == D
		:: runner != D && (up & NB(S)) && drained && (up & NB(D)) ->
			takes_over(D, NB(S))
		:: runner != D && !((up & NB(S)) && drained) && (up & NB(D)) ->
#ifndef COLD_KEEPS
			current = NB(D);
#endif
			takes_over(D, 0)
		:: else
		fi
	:: else
	fi
}

inline commit_outdated(n)
{
	want = want & ~(OUTDATED << n);
	if
#ifdef OUTDATED_IN_DOUBT
	:: owner != n && (current & NB(n)) ->
#else
	:: owner != n && (current & NB(n)) && phase != DOUBT ->
#endif
		current = current & ~NB(n);
#ifndef OUTDATED_GOES_ON
		if
		:: n == D && phase == MIGRATING -> phase = STARTED
		:: else
		fi
#endif
	:: else
	fi
}

#define MAY_TAKE(n) (RUNS && (slots & linked & up & NB(n)) && disk[n] < tried)
#define ALL_TOOK (disk[runner] == tried && TOOK(S) && TOOK(D) && TOOK(C))
/* its OUTDATED is committed, or it never counted */
#ifdef DROP_EARLY
#define MAY_DROP(n) (LED && LOST(n))
#else
#define MAY_DROP(n) (LED && !(current & NB(n)) && LOST(n))
#endif
#define GIVES_UP(n) (LED && LOST(n) && (current & NB(n)) && \
	runner != n && !(want & (OUTDATED << n)))
#define PROMOTABLE(n) (phase != DOUBT && runner == NOBODY && (up & NB(n)) && \
	(current & NB(n)) && (n == owner || !(up & NB(owner))))

inline mirror_breaks()
{
	if
	:: MIRROR -> slots = slots & ~NB(D)
	:: else
	fi
}

inline loses_power(n)
{
	up = up & ~NB(n);
	if
	:: runner == n -> runner = NOBODY; slots = 0
	:: else
	fi;
	if
	:: n == S -> want = 0; gate = 0; captured = 0; hamd = 1
	:: n == D -> captured = 0; drained = 0; mirror_breaks()
	:: else
	fi
}

/* S's new hamd: what was proposed before has its place in the order by now,
 * and what it finds of a hand-over it calls off. */
inline hamd_returns()
{
	hamd = 1;
	if
	:: phase == DOUBT && runner == S -> captured = 1; halted = 1
	:: phase == MIGRATING && runner == S ->
		gate = 0;
		want = want | MIGRATE_END;
		mirror_breaks()
	:: else
	fi
}

active proctype guest()
{
	do
	/* the guest writes; each copy in its own time, then the answer */
	:: d_step { RUNS && tried == acked && tried < WRITES -> tried++ }
	:: d_step { RUNS && disk[runner] < tried -> disk[runner] = tried }
	:: d_step { MAY_TAKE(S) -> disk[S] = tried }
	:: d_step { MAY_TAKE(D) -> disk[D] = tried }
	:: d_step { MAY_TAKE(C) -> disk[C] = tried }
	:: d_step { RUNS && acked < tried && ALL_TOOK -> acked = tried }
	/* a copy that cannot be reached */
	:: d_step { GIVES_UP(S) -> want = want | OUTDATED << S }
	:: d_step { GIVES_UP(D) -> want = want | OUTDATED << D }
	:: d_step { GIVES_UP(C) -> want = want | OUTDATED << C }
	:: d_step { MAY_DROP(S) -> slots = slots & ~NB(S) }
	:: d_step { MAY_DROP(C) -> slots = slots & ~NB(C) }
	:: d_step { MAY_DROP(D) -> slots = slots & ~NB(D) }
	/* the copy broke: over; behind CUTOVER with the guest paused */
	:: d_step { COPIES && runner == S && hamd && phase == MIGRATING &&
		!(slots & NB(D)) && !(want & MIGRATE_END) ->
			halted = gate;
			want = want | MIGRATE_END }
	:: d_step { runner == S && hamd && (halted || gate) && phase == STARTED ->
		halted = 0; gate = 0 }
	/* the hand-over */
	:: d_step { runner == S && hamd && phase == MIGRATING && !gate && !LOST(D) &&
		(slots & NB(D)) && disk[D] == tried ->
			gate = 1; want = want | CUTOVER }
	:: d_step { runner == S && hamd && owner == S && phase == DOUBT && !captured ->
		captured = 1;
		halted = 1;
		drained = ((slots & NB(D)) && !LOST(D) && disk[S] == tried &&
			   disk[D] == tried) }
	:: d_step { runner == S && captured && phase == DOUBT && drained &&
		(up & NB(D)) -> takes_over(D, NB(S)); captured = 0 }
	:: d_step { captured && hamd && phase == DOUBT && runner == S &&
		!(want & OUTCOME) -> want = want | OUTCOME }
	:: d_step { runner == D && phase == DOUBT && !(want & OUTCOME << 1) ->
		want = want | OUTCOME << 1 }
	/* cold, by the table: the other is proven dead, or both are here */
	:: d_step { phase == DOUBT && runner == NOBODY && (up & NB(S)) &&
		!(want & (OUTCOME | OUTCOME << 1)) -> want = want | OUTCOME }
	:: d_step { phase == DOUBT && runner == NOBODY && (up & NB(D)) &&
		D_WHOLE && !(up & NB(S)) && !(want & (OUTCOME | OUTCOME << 1)) ->
			want = want | OUTCOME << 1 }
	/* the order */
	:: d_step { (want & CUTOVER) -> commit(CUTOVER) }
	:: d_step { (want & MIGRATE_END) -> commit(MIGRATE_END) }
	:: d_step { (want & OUTCOME) && runner != D -> commit(OUTCOME) }
	:: d_step { (want & OUTCOME << 1) -> commit((OUTCOME << 1)) }
	:: d_step { (want & OUTDATED << S) -> commit_outdated(S) }
	:: d_step { (want & OUTDATED << D) -> commit_outdated(D) }
	:: d_step { (want & OUTDATED << C) -> commit_outdated(C) }
	/* who was to run it is dead, or came back: a current copy goes on */
#ifdef PROMOTE_ANY
	:: d_step { phase != DOUBT && runner == NOBODY && (up & NB(C)) &&
		!(up & NB(owner)) ->
#else
	:: d_step { PROMOTABLE(C) ->
#endif
		phase = STARTED; owner = C; current = NB(C); takes_over(C, 0) }
	:: d_step { PROMOTABLE(S) ->
		phase = STARTED; owner = S; current = NB(S); takes_over(S, 0) }
	:: d_step { PROMOTABLE(D) ->
		phase = STARTED; owner = D; current = NB(D); takes_over(D, 0) }
	/* faults; links do not heal, what was lost is resynced or given up */
	:: d_step { faults > 0 && (linked & NB(S)) -> faults--; linked = linked & ~NB(S) }
	:: d_step { faults > 0 && (linked & NB(D)) -> faults--; linked = linked & ~NB(D);
		mirror_breaks() }
	:: d_step { faults > 0 && (linked & NB(C)) -> faults--; linked = linked & ~NB(C) }
	:: d_step { faults > 0 && (up & NB(S)) -> faults--; loses_power(S) }
	:: d_step { faults > 0 && (up & NB(D)) -> faults--; loses_power(D) }
	:: d_step { faults > 0 && (up & NB(C)) -> faults--; loses_power(C) }
	:: d_step { faults > 0 && runner == S && hamd -> faults--; hamd = 0 }
	:: d_step { !hamd && !(want & CUTOVER) -> hamd_returns() }
	:: d_step { up != 7 -> up = 7; linked = 7 }
	:: else -> break
	od;
	skip;
	/* all are up here: someone runs, and has no write hanging */
	d_step { MUST(END, RUNS && acked == tried) }
}
