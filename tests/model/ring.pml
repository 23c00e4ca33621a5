/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/ring.pml - corosync's AGREED delivery and its rings, abstracted
 *
 * Included by the models that send messages.  Three nodes, so that at most one
 * part of a broken cluster has a majority: `cur` numbers the changes, `rm` is
 * the part of two or three nodes (0: none), everyone else is LONE.
 *
 * Each node has a box of what is still to be delivered to it.  A message goes
 * into the boxes of all members at once, so all see one order, each in its own
 * time.  A change of the ring (nested ones too) loses, for each part, a tail
 * of any length that no member of the part has delivered yet, but not what
 * the part's own members sent: the gap rule.  Then follows a CONF.
 *
 * What a node says while its ring is over would be sent in the next one under
 * the old ring's name, and dropped there: send() drops it at once.
 * Refused: message loss within a ring (see README.md).
 */
#define NB(x) (1 << (x))
#define LONE 255
#define CONF 1

#ifndef Q
#define Q 7
#endif

/* kind, sender, number, content */
chan box[3] = [Q] of { byte, byte, byte, short };
byte fresh[3];    /* of the box: how many came after its last CONF */
byte view[3];     /* ring this node was told of */
byte cur;         /* changes so far: name of the newest ring */
byte rm = 7;      /* its members */
byte up = 7;      /* nodes that have power */

byte w_t, w_part;  /* while a change is chosen; else 0 */
short w_ok;
/* no part of the state: used within one step only; spin's breadth first search
 * wants them to be */
#ifdef SHORTEST
#define SCRATCH
#else
#define SCRATCH hidden
#endif
SCRATCH byte h_i, h_n;
SCRATCH byte h_k, h_f, h_a;
SCRATCH short h_r;

inline push(to, kind, from, num, what)
{
	if
	:: (up & NB(to)) ->
		box[to]!kind, from, num, what;
		fresh[to]++
	:: else
	fi
}

inline send_to(mask, from, kind, num, what)
{
	if
	:: SENDABLE(from) ->
		h_n = 0;
		do
		:: h_n < 3 ->
			if
			:: (rm & (mask) & NB(h_n)) ->
				push(h_n, kind, from, num, what)
			:: else
			fi;
			h_n++
		:: else -> break
		od
	:: else
	fi
}

/* One part of what is left of the old ring agrees on its tail.  w_ok: tails
 * that differ in what they lose. */
inline cut(part)
{
	atomic {
		d_step {
			w_part = (part) & rm & up;
			w_t = 255;
			h_n = 0;
			do
			:: h_n < 3 ->
				if
				:: (w_part & NB(h_n)) && fresh[h_n] < w_t ->
					w_t = fresh[h_n]
				:: else
				fi;
				h_n++
			:: else -> break
			od;
			w_ok = 0;
			h_n = 0;
			do
			:: h_n < 3 && w_part != 0 && w_t > 0 ->
				if
				:: (w_part & NB(h_n)) -> losable()
				:: else
				fi;
				h_n++
			:: else -> break
			od
		}
		if
		:: (w_ok & 2) -> w_t = 1
		:: (w_ok & 4) -> w_t = 2
		:: (w_ok & 8) -> w_t = 3
		:: (w_ok & 16) -> w_t = 4
		:: (w_ok & 32) -> w_t = 5
		:: (w_ok & 64) -> w_t = 6
		:: (w_ok & 128) -> w_t = 7
		:: (w_ok & 256) -> w_t = 8
		:: (w_ok & 512) -> w_t = 9
		:: (w_ok & 1024) -> w_t = 10
		:: (w_ok & 2048) -> w_t = 11
		:: w_t = 0
		fi;
		d_step {
			h_n = 0;
			do
			:: h_n < 3 && w_t > 0 ->
				if
				:: (w_part & NB(h_n)) -> cut_box()
				:: else
				fi;
				h_n++
			:: else -> break
			od;
			w_ok = 0
		}
	}
}

/* Which of the last w_t messages of box h_n a cut would lose. */
inline losable()
{
	h_i = len(box[h_n]);
	do
	:: h_i > 0 ->
		box[h_n]?h_k, h_f, h_a, h_r;
		box[h_n]!h_k, h_f, h_a, h_r;
		if
		:: h_i <= w_t && !(w_part & NB(h_f)) && h_k != CONF ->
			w_ok = w_ok | (1 << h_i)
		:: else
		fi;
		h_i--
	:: else -> break
	od;
	h_k = 0; h_f = 0; h_a = 0; h_r = 0
}

/* The last w_t messages of box h_n: only those of the part stay. */
inline cut_box()
{
	h_i = len(box[h_n]);
	do
	:: h_i > 0 ->
		box[h_n]?h_k, h_f, h_a, h_r;
		if
		:: h_i > w_t || (w_part & NB(h_f)) || h_k == CONF ->
			box[h_n]!h_k, h_f, h_a, h_r
		:: else ->
			fresh[h_n]--
		fi;
		h_i--
	:: else -> break
	od;
	h_k = 0; h_f = 0; h_a = 0; h_r = 0
}

/* The parts are `part` and every other node alone. */
inline change(part)
{
	CUTS(part)
	d_step {
		cur++;
		h_n = 0;
		do
		:: h_n < 3 ->
			if
			:: (up & part & NB(h_n)) ->
				push(h_n, CONF, 0, cur, part);
				fresh[h_n] = 0
			:: (up & rm & NB(h_n)) && !(part & NB(h_n)) ->
				push(h_n, CONF, 0, LONE, 0);
				fresh[h_n] = 0
			:: else
			fi;
			h_n++
		:: else -> break
		od;
		rm = part;
		w_t = 0; w_part = 0; h_n = 0
	}
}

/* x takes the next message out of its box: h_k, h_f, h_a, h_r. */
inline take_next(x)
{
	if
	:: fresh[x] == len(box[x]) -> fresh[x]--
	:: else
	fi;
	box[x]?h_k, h_f, h_a, h_r
}

inline empty_box(x)
{
	do
	:: nempty(box[x]) -> box[x]?h_k, h_f, h_a, h_r
	:: empty(box[x]) -> break
	od;
	fresh[x] = 0;
	h_k = 0; h_f = 0; h_a = 0; h_r = 0
}

/* Without power, or its hamd ended: what was to be delivered is lost. */
inline power_off(x)
{
	up = up & ~NB(x);
	empty_box(x);
	view[x] = LONE
}
