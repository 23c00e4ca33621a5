/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/commit.pml - what is committed is never lost, nor ever two things
 *
 * How a view agrees on its record (doc/protocol.md, "A view begins", "A
 * record's way", "A restarted hamd joins"; hamd/core/exchange.c, replicate.c):
 * view.pml, then RECORDs numbered by the leader, STORED, committed by a
 * majority.  Rings break and break again while states are exchanged, tails are
 * read past a gap, nodes and the whole cluster lose power at any moment, hamds
 * end and come back while the ring stands, stores lag behind memory.
 * Corosync's ring numbers are not used for terms: they may be lost.
 * Checked: EQUAL, at equal positions equal records; KEPT, what anyone knew
 * committed is in every record that is adopted; ONE, one state in a ring.
 *
 * A record is the set of operations in it, each a bit: operations are
 * numbered as they are made, so a set has one order only.
 * Left out: what operations mean (handover.pml), message loss in a ring.
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
/* nodes whose hamds are gone when the story begins */
#ifndef BEGIN_OUT
#define BEGIN_OUT 0
#endif
#define BEGIN_IN (7 & ~BEGIN_OUT)
#ifndef ONLY
#define ONLY 0
#endif
#define MUST(p, c) assert((c) || (ONLY != 0 && ONLY != p))
#define EQUAL 1
#define KEPT 2
#define ONE 3

#define SENDABLE(x) (view[x] == cur && (rm & NB(x)))
#define Q 14
#define CUTS(part) cut(part); cut(1 & ~part); cut(2 & ~part); cut(4 & ~part);
#include "ring.pml"
#define send(from, kind, num, what) send_to(7, from, kind, num, what)

#define EXCHANGE 2 /* number: promise, life; content: position, hearing */
#define ADOPT 3    /* number: position; content: record, members, joined */
#define RECORD 4   /* number: position; content: its operation */
#define STORED 5   /* number: position */
#define LEFT 6     /* number: whose hamd */
#define CAME 7     /* content: the hamds of the ring */

#define POS(term, count) ((term) << 3 | (count))
#define TERM(pos) ((pos) >> 3)
#define COUNT(pos) ((pos) & 7)

/* on disk */
byte d_promise[3], d_pos[3];
byte d_rec[3];
/* in memory */
byte promise[3], pos[3];
byte rec[3];
bit exchanging[3];
byte joined[3];    /* whom n believes to be in its view; 0: n is not */
byte wanted[3];    /* who asks n's view for its state */
byte group[3] = 7; /* hamds in the ring, as n was told */
byte life[9];      /* [3 n + i]: of the hamd of i that n heard, 0: none */
byte hof[9];       /* [3 n + i]: whom i said it had heard */
byte said_hof[3];
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
byte lives[3] = 1; /* of each node's hamd */
byte out;          /* nodes whose hamd is gone, in a ring that stands */
byte x, w_to;
SCRATCH byte w_new, w_num;
SCRATCH short w_what;

/* nobody speaks up while another is far behind; promises always find room */
#define ROOM (len(box[0]) < Q - 9 && len(box[1]) < Q - 9 && \
	len(box[2]) < Q - 9)
#define LEADER(n) (joined[n] && (joined[n] & (NB(n) - 1)) == 0)
#define TWO(a, b, c) ((a) + (b) + (c) >= 2)
#ifdef ONE_STORED
#define MAJORITY(n, p) (stored[3 * (n)] >= p || stored[3 * (n) + 1] >= p || \
	stored[3 * (n) + 2] >= p)
#else
#define MAJORITY(n, p) TWO(stored[3 * (n)] >= p, stored[3 * (n) + 1] >= p, \
	stored[3 * (n) + 2] >= p)
#endif
#define ACTIVE(n) (TWO_IN(joined[n]) && committed[n] >= base[n])

inline tell_stored(n)
{
	told[n] = pos[n];
	send(n, STORED, pos[n], 0)
}

#include "view.pml"

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
	:: (joined[n] & NB(h_f)) && TERM(h_a) == TERM(base[n]) ->
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
	:: h_k == LEFT -> on_left(n)
	:: h_k == CAME -> on_came(n)
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

inline store(n)
{
	d_pos[n] = pos[n];
	d_rec[n] = rec[n];
	if
	:: TELLS_STORED(n) -> tell_stored(n)
	:: else
	fi
}

#ifdef NO_NUMBERS
#define LEADS(n) joined[n]
#else
#define LEADS(n) LEADER(n)
#endif
#define NUMBERS(n) (LEADS(n) && ACTIVE(n) && view[n] == cur && \
	!wanted[n] && made < RECORDS && ROOM)
inline number(n)
{
	assigned[n]++;
	h_a = POS(TERM(base[n]), assigned[n]);
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
	group[n] = 0;
	power_off(n);
	out = out & ~NB(n);
	equal()
}

/* n's hamd leaves the group, or comes into it; the ring stands */
inline tell_group(n, kind)
{
	h_n = 0;
	do
	:: h_n < 3 ->
		if
		:: (rm & up & NB(h_n)) -> push(h_n, kind, n, n, rm & ~out)
		:: else
		fi;
		h_n++
	:: else -> break
	od;
	h_n = 0
}

#define ENDS(n) (faults > 0 && (rm & up & NB(n)) && view[n] == cur && ROOM)
inline hamd_ends(n)
{
	lose_power(n);
	lives[n]++;
	out = out | NB(n);
	tell_group(n, LEFT)
}

#define COMES(n) ((out & NB(n)) && ROOM)
inline hamd_comes(n)
{
	out = out & ~NB(n);
	up = up | NB(n);
	view[n] = cur;
	tell_group(n, CAME)
}

active proctype cluster()
{
	d_step {
		up = BEGIN_IN;
		out = BEGIN_OUT;
		x = 0;
		do
		:: x < 9 ->
			if
			:: (BEGIN_IN & NB(x / 3)) && (BEGIN_IN & NB(x % 3)) ->
				life[x] = 1;
				stored[x] = POS(1, 0)
			:: else
			fi;
			x++
		:: else -> break
		od;
		x = 0;
		do
		:: x < 3 ->
			promise[x] = 1; d_promise[x] = 1;
			pos[x] = POS(1, 0); d_pos[x] = pos[x];
			if
			:: BEGIN_IN & NB(x) ->
				joined[x] = BEGIN_IN; group[x] = BEGIN_IN;
				base[x] = pos[x]; told[x] = pos[x];
				committed[x] = pos[x]
			:: else -> lives[x] = 2; group[x] = 0; view[x] = LONE
			fi;
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
	:: d_step { WELCOMES(0) -> welcomes(0) }
	:: d_step { WELCOMES(1) -> welcomes(1) }
	:: d_step { WELCOMES(2) -> welcomes(2) }
	:: d_step { NUMBERS(0) -> number(0) }
	:: d_step { NUMBERS(1) -> number(1) }
	:: d_step { NUMBERS(2) -> number(2) }
	:: d_step { faults > 0 && (up & 1) -> faults--; lose_power(0) }
	:: d_step { faults > 0 && (up & 2) -> faults--; lose_power(1) }
	:: d_step { faults > 0 && (up & 4) -> faults--; lose_power(2) }
	:: d_step { faults > 0 && up == 7 -> faults--;
		lose_power(0); lose_power(1); lose_power(2) }
	:: d_step { ENDS(0) -> faults--; hamd_ends(0) }
	:: d_step { ENDS(1) -> faults--; hamd_ends(1) }
	:: d_step { ENDS(2) -> faults--; hamd_ends(2) }
	:: d_step { COMES(0) -> hamd_comes(0) }
	:: d_step { COMES(1) -> hamd_comes(1) }
	:: d_step { COMES(2) -> hamd_comes(2) }
	:: d_step { (up | out) != 7 && changes > 0 -> up = 7 & ~out }
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
		out = 0;
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
