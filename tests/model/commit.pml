/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/commit.pml - what is committed is never lost, nor ever two things
 *
 * How a view agrees on its record (doc/protocol.md, "A view begins", "A
 * record's way"; hamd/core/exchange.c, replicate.c): promise stored, EXCHANGE,
 * the same promise from all, ADOPT by the highest position, RECORDs numbered
 * by the leader, STORED, committed by a majority.  Rings break and break
 * again while states are exchanged, tails are read past a gap, nodes and the
 * whole cluster lose power at any moment, stores lag behind memory.
 * Corosync's ring numbers are not used for terms: they may be lost.
 * Checked: EQUAL, at equal positions equal records; KEPT, what anyone knew
 * committed is in every record that a view adopts, and in its place.
 *
 * A record is the set of operations in it, each a bit: operations are
 * numbered as they are made, so a set has one order only.
 * Left out: what operations mean (handover.pml), joining a view that stands
 * (a restart of hamd is a change of the ring here), message loss in a ring.
 */
#ifndef FAULTS
#define FAULTS 1
#endif
#ifndef CHANGES
#define CHANGES 2
#endif
#ifndef RECORDS
#define RECORDS 2
#endif
#ifndef ONLY
#define ONLY 0
#endif
#define MUST(p, c) assert((c) || (ONLY != 0 && ONLY != p))
#define EQUAL 1
#define KEPT 2

#ifdef NO_VIEW_CHECK
#define SENDABLE(x) (rm & NB(x))
#else
#define SENDABLE(x) (view[x] == cur && (rm & NB(x)))
#endif
#define Q 11
#define CUTS(part) cut(part); cut(1 & ~part); cut(2 & ~part); cut(4 & ~part);
#include "ring.pml"
#define send(from, kind, num, what) send_to(7, from, kind, num, what)

#define EXCHANGE 2 /* number: promise; content: position, record */
#define ADOPT 3    /* number: term; content: record */
#define RECORD 4   /* number: term, count; content: its operation */
#define STORED 5   /* number: term, count */

#define POS(term, count) ((term) << 3 | (count))
#define TERM(pos) ((pos) >> 3)
#define COUNT(pos) ((pos) & 7)

/* on disk */
byte d_promise[3], d_pos[3];
byte d_rec[3];
/* in memory */
byte promise[3], pos[3];
byte rec[3];
byte asked[3];     /* a promise that is being stored */
bit exchanging[3], joined[3];
byte base[3];      /* of the term joined */
byte heard[9];     /* [3 n + i]: promise of i heard by n, 0: none */
byte heard_pos[9];
byte stored[9];    /* [3 n + i]: position i said it stored, as n heard */
byte committed[3];
byte told[3];
bit adopt_sent[3];
byte assigned[3];

/* ghosts */
byte made;         /* operations made so far */
byte kept_pos, kept_rec; /* the highest anyone knew committed */
byte faults = FAULTS, changes = CHANGES;
byte x, w_to;

/* nobody speaks up while another is far behind; promises always find room */
#define ROOM (len(box[0]) < Q - 6 && len(box[1]) < Q - 6 && \
	len(box[2]) < Q - 6)
#define M(n) mask_of[n]
byte mask_of[3] = 7; /* members of the ring as node n was told */
#define ALL_SAID(n) ( \
	(!(M(n) & 1) || heard[3 * (n)] == promise[n]) && \
	(!(M(n) & 2) || heard[3 * (n) + 1] == promise[n]) && \
	(!(M(n) & 4) || heard[3 * (n) + 2] == promise[n]))
#define HP(n, i) ((M(n) & NB(i)) -> heard_pos[3 * (n) + (i)] + 1 : 0)
#ifdef ADOPT_ANY
#define SOURCE(n) ((M(n) & 1) -> 0 : 1)
#else
/* the highest position; among equals the lowest id */
#define SOURCE(n) ( \
	(HP(n, 0) >= HP(n, 1) && HP(n, 0) >= HP(n, 2)) -> 0 : \
	((HP(n, 1) >= HP(n, 2)) -> 1 : 2))
#endif
#define LEADER(n) (joined[n] && (M(n) & (NB(n) - 1)) == 0)
#define TWO(a, b, c) ((a) + (b) + (c) >= 2)
#ifdef ONE_STORED
#define MAJORITY(n, p) (stored[3 * (n)] >= p || stored[3 * (n) + 1] >= p || \
	stored[3 * (n) + 2] >= p)
#else
#define MAJORITY(n, p) TWO(stored[3 * (n)] >= p, stored[3 * (n) + 1] >= p, \
	stored[3 * (n) + 2] >= p)
#endif
#define ACTIVE(n) (joined[n] && committed[n] >= base[n])

inline forget(n)
{
	exchanging[n] = 0;
	joined[n] = 0;
	asked[n] = 0;
	base[n] = 0;
	committed[n] = 0;
	told[n] = 0;
	adopt_sent[n] = 0;
	assigned[n] = 0;
	h_i = 0;
	do
	:: h_i < 3 ->
		heard[3 * n + h_i] = 0;
		heard_pos[3 * n + h_i] = 0;
		stored[3 * n + h_i] = 0;
		h_i++
	:: else -> break
	od
}

/* A promise is on its way to the disk and a crash meets it there: as if the
 * ring had not been seen.  So it is stored at once.
 * The store works in order: a promise on it means all before is, too. */
inline store_promise(n)
{
	d_pos[n] = pos[n];
	d_rec[n] = rec[n];
#ifndef PROMISE_NOT_STORED
	d_promise[n] = asked[n];
#endif
	promise[n] = asked[n];
	asked[n] = 0;
	exchanging[n] = 1;
	h_r = d_pos[n];
	send(n, EXCHANGE, promise[n], h_r);
	h_r = 0
}

inline on_conf(n)
{
	view[n] = h_a;
	mask_of[n] = h_r;
	forget(n);
	if
	:: h_a != LONE -> asked[n] = promise[n] + 1; store_promise(n)
	:: else
	fi
}

inline on_exchange(n)
{
	if
	:: !joined[n] && view[n] != LONE ->
		heard[3 * n + h_f] = h_a;
		heard_pos[3 * n + h_f] = h_r;
		if
		:: h_a > promise[n] -> asked[n] = h_a; store_promise(n)
		:: else
		fi
	:: else
	fi
}

inline on_adopt(n)
{
	if
#ifdef NO_TERM_CHECK
	:: exchanging[n] && !joined[n] ->
#else
	:: exchanging[n] && !joined[n] && h_a == promise[n] ->
#endif
		exchanging[n] = 0;
		joined[n] = 1;
		pos[n] = POS(h_a, 0);
		base[n] = pos[n];
		rec[n] = h_r;
		assigned[n] = 0;
		told[n] = 0;
		h_i = 0;
		do
		:: h_i < 3 -> heard[3 * n + h_i] = 0; heard_pos[3 * n + h_i] = 0; h_i++
		:: else -> break
		od
	:: else
	fi
}

inline on_record(n)
{
	if
#ifdef NO_NUMBERS
	/* everyone counts what it delivers, as the plain way would be */
	:: joined[n] && TERM(h_a) == TERM(base[n]) ->
		pos[n] = pos[n] + 1;
#else
	:: joined[n] && h_a == pos[n] + 1 ->
		pos[n] = h_a;
#endif
		rec[n] = rec[n] | h_r;
		if
		:: assigned[n] < COUNT(pos[n]) -> assigned[n] = COUNT(pos[n])
		:: else
		fi
	:: else
	fi
}

inline on_stored(n)
{
	if
	:: joined[n] && TERM(h_a) == TERM(base[n]) ->
		stored[3 * n + h_f] = h_a;
		h_i = 0;
		do
		:: h_i < 3 ->
			if
			:: stored[3 * n + h_i] > committed[n] &&
			   MAJORITY(n, stored[3 * n + h_i]) ->
				committed[n] = stored[3 * n + h_i]
			:: else
			fi;
			h_i++
		:: else -> break
		od;
		/* n may know of a commit before it applies the record itself */
		if
		:: committed[n] == pos[n] && committed[n] > kept_pos ->
			kept_pos = pos[n];
			kept_rec = rec[n]
		:: else
		fi
	:: else
	fi
}

inline deliver(n)
{
	take_next(n);
	if
	:: h_k == CONF -> on_conf(n)
	:: h_k == EXCHANGE -> on_exchange(n)
	:: h_k == ADOPT -> on_adopt(n)
	:: h_k == RECORD -> on_record(n)
	:: h_k == STORED -> on_stored(n)
	fi;
	h_k = 0; h_f = 0; h_a = 0; h_r = 0; h_i = 0;
	equal()
}

#define SAME(a, b) (pos[a] != pos[b] || rec[a] == rec[b])
#define SAME_DISK(a, b) (d_pos[a] != d_pos[b] || d_rec[a] == d_rec[b])
inline equal()
{
	MUST(EQUAL, SAME(0, 1) && SAME(0, 2) && SAME(1, 2) &&
		SAME_DISK(0, 1) && SAME_DISK(0, 2) && SAME_DISK(1, 2))
}

#define TELLS_STORED(n) (joined[n] && d_pos[n] == pos[n] && told[n] < pos[n])
inline tell_stored(n)
{
	told[n] = pos[n];
	send(n, STORED, pos[n], 0)
}

inline store(n)
{
	d_pos[n] = pos[n];
	d_rec[n] = rec[n];
	if
	:: TELLS_STORED(n) -> tell_stored(n)
	:: else
	fi
}

#define ADOPTS(n) (exchanging[n] && !adopt_sent[n] && \
	view[n] == cur && ALL_SAID(n) && SOURCE(n) == n)
inline adopts(n)
{
	adopt_sent[n] = 1;
	/* everything that was committed, and nothing but what follows it */
	MUST(KEPT, (rec[n] & kept_rec) == kept_rec);
	h_r = rec[n];
	send(n, ADOPT, promise[n], h_r);
	h_r = 0
}

#ifdef EAGER_LEADER
#define MAY_LEAD(n) joined[n]
#else
#define MAY_LEAD(n) ACTIVE(n)
#endif
#ifdef NO_NUMBERS
#define LEADS(n) joined[n]
#else
#define LEADS(n) LEADER(n)
#endif
#define NUMBERS(n) (LEADS(n) && MAY_LEAD(n) && view[n] == cur && \
	made < RECORDS && ROOM)
inline number(n)
{
	assigned[n]++;
	h_a = base[n] + assigned[n];
	h_r = 1 << made;
	made++;
	send(n, RECORD, h_a, h_r);
	h_a = 0; h_r = 0
}

inline lose_power(n)
{
	pos[n] = d_pos[n];
	rec[n] = d_rec[n];
	promise[n] = d_promise[n];
	forget(n);
	mask_of[n] = 0;
	power_off(n);
	equal()
}

active proctype cluster()
{
	d_step {
		joined[0] = 1; joined[1] = 1; joined[2] = 1;
		promise[0] = 1; promise[1] = 1; promise[2] = 1;
		d_promise[0] = 1; d_promise[1] = 1; d_promise[2] = 1;
		x = 0;
		do
		:: x < 3 ->
			pos[x] = POS(1, 0); d_pos[x] = pos[x]; base[x] = pos[x];
			told[x] = pos[x]; committed[x] = pos[x];
			stored[3 * x] = pos[x]; stored[3 * x + 1] = pos[x];
			stored[3 * x + 2] = pos[x];
			x++
		:: else -> break
		od;
		kept_pos = POS(1, 0);
		x = 0
	}
	do
	:: atomic {
		if
		:: nempty(box[0]) -> x = 0
		:: nempty(box[1]) -> x = 1
		:: nempty(box[2]) -> x = 2
		fi;
		skip;
		d_step { deliver(x); x = 0 }
	}
	:: d_step { d_pos[0] != pos[0] && ROOM -> store(0) }
	:: d_step { d_pos[1] != pos[1] && ROOM -> store(1) }
	:: d_step { d_pos[2] != pos[2] && ROOM -> store(2) }
	:: d_step { ADOPTS(0) -> adopts(0) }
	:: d_step { ADOPTS(1) -> adopts(1) }
	:: d_step { ADOPTS(2) -> adopts(2) }
	:: d_step { NUMBERS(0) -> number(0) }
	:: d_step { NUMBERS(1) -> number(1) }
	:: d_step { NUMBERS(2) -> number(2) }
	:: d_step { faults > 0 && (up & 1) -> faults--; lose_power(0) }
	:: d_step { faults > 0 && (up & 2) -> faults--; lose_power(1) }
	:: d_step { faults > 0 && (up & 4) -> faults--; lose_power(2) }
	:: d_step { faults > 0 && up == 7 -> faults--;
		lose_power(0); lose_power(1); lose_power(2) }
	:: d_step { up != 7 && changes > 0 -> up = 7 }
	:: atomic {
		changes > 0 ->
		changes--;
		if
		:: w_to = 0
		:: (up & 3) == 3 -> w_to = 3
		:: (up & 5) == 5 -> w_to = 5
		:: (up & 6) == 6 -> w_to = 6
		:: up == 7 -> w_to = 7
		fi;
		change(w_to);
		/* what is said in a tail goes nowhere: its time does not matter */
		x = 0;
		do
		:: x < 3 && len(box[x]) > fresh[x] -> d_step { deliver(x) }
		:: x < 3 && len(box[x]) <= fresh[x] -> x++
		:: x == 3 -> break
		od;
		x = 0;
		w_to = 0
	}
	:: else -> break
	od
}
