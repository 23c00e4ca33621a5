/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/model/view.pml - from a ring to a view that has one state
 *
 * Part of commit.pml: hamd/core/exchange.c, message by message.  A promise is
 * stored and said with the hamds heard so far; ADOPT comes when all have said
 * the same of both, and is void if that is no longer so where it stands in the
 * order, or if the group is another one there than it names; a hamd that comes
 * into a ring with a state is given it by the leader.
 * Refused: a second ADOPT that a node asks for because the first left it out.
 */
#define M(n) group[n]
#define TWO_IN(j) ((j) != 0 && (j) != 1 && (j) != 2 && (j) != 4)
#define QUORATE(n) TWO_IN(M(n))
/* whom n has heard of `mask`: a number in base 5 instead of a hash */
#define LIFE(n, i, mask) (((mask) & NB(i)) -> life[3 * (n) + (i)] : 4)
#define HEARING(n, mask) (LIFE(n, 0, mask) + 5 * LIFE(n, 1, mask) + \
	25 * LIFE(n, 2, mask))
#define HAS(n, i) (!(M(n) & NB(i)) || life[3 * (n) + (i)])
#define ALL_HEARD(n) (HAS(n, 0) && HAS(n, 1) && HAS(n, 2))
#define PROMISED(n, i, p) (life[3 * (n) + (i)] && heard[3 * (n) + (i)] == (p))
#ifdef NO_HEARD
#define SAID(n, i, mask, p) (!((mask) & NB(i)) || PROMISED(n, i, p))
#else
#define SAID(n, i, mask, p) (!((mask) & NB(i)) || (PROMISED(n, i, p) && \
	hof[3 * (n) + (i)] == HEARING(n, mask)))
#endif
#define AGREED(n, mask, p) (SAID(n, 0, mask, p) && SAID(n, 1, mask, p) && \
	SAID(n, 2, mask, p))
#define HP(n, i) ((M(n) & NB(i)) -> heard_pos[3 * (n) + (i)] + 1 : 0)
#ifdef ADOPT_ANY
#define SOURCE(n) ((M(n) & 1) -> 0 : 1)
#else
/* the highest position; among equals the lowest id */
#define SOURCE(n) ( \
	(HP(n, 0) >= HP(n, 1) && HP(n, 0) >= HP(n, 2)) -> 0 : \
	((HP(n, 1) >= HP(n, 2)) -> 1 : 2))
#endif

inline forget_heard(n, i)
{
	heard[3 * n + i] = 0;
	heard_pos[3 * n + i] = 0;
	hof[3 * n + i] = 0
}

inline forget(n)
{
	exchanging[n] = 0;
	joined[n] = 0;
	wanted[n] = 0;
	base[n] = 0;
	committed[n] = 0;
	told[n] = 0;
	adopt_sent[n] = 0;
	assigned[n] = 0;
	said_hof[n] = 0;
	h_i = 0;
	do
	:: h_i < 3 ->
		forget_heard(n, h_i);
		stored[3 * n + h_i] = 0;
		life[3 * n + h_i] = 0;
		h_i++
	:: else -> break
	od;
	h_i = 0
}

inline send_exchange(n)
{
	said_hof[n] = HEARING(n, M(n));
	w_what = d_pos[n] | said_hof[n] << 6;
	w_num = promise[n] | lives[n] << 4;
	send(n, EXCHANGE, w_num, w_what);
	w_what = 0;
	w_num = 0
}

/* A promise is on its way to the disk and a crash meets it there: as if the
 * ring had not been seen.  So it is stored at once.
 * The store works in order: a promise on it means all before is, too. */
inline store_promise(n, number)
{
	d_pos[n] = pos[n];
	d_rec[n] = rec[n];
	promise[n] = number;
	d_promise[n] = promise[n];
	exchanging[n] = 1;
	send_exchange(n)
}

inline open_view(n)
{
	if
	:: !joined[n] && !exchanging[n] && QUORATE(n) ->
		store_promise(n, promise[n] + 1)
	:: else
	fi
}

inline on_conf(n)
{
	view[n] = h_a;
	forget(n);
	group[n] = h_r;
	open_view(n)
}

inline say_who_was_heard(n)
{
	if
	:: exchanging[n] && ALL_HEARD(n) && said_hof[n] != HEARING(n, M(n)) ->
		send_exchange(n)
	:: else
	fi
}

inline on_exchange(n)
{
	if
	:: joined[n] && (joined[n] & NB(h_f)) &&
	   (h_f == n || life[3 * n + h_f] == h_a >> 4)
		/* said before the ADOPT that admitted it */
	:: joined[n] && !((joined[n] & NB(h_f)) &&
	   (h_f == n || life[3 * n + h_f] == h_a >> 4)) ->
		life[3 * n + h_f] = h_a >> 4;
		joined[n] = joined[n] & ~NB(h_f);
		wanted[n] = wanted[n] | NB(h_f)
	:: !joined[n] && (M(n) & NB(h_f)) ->
		life[3 * n + h_f] = h_a >> 4;
		heard[3 * n + h_f] = h_a & 15;
		heard_pos[3 * n + h_f] = h_r & 63;
		hof[3 * n + h_f] = h_r >> 6;
		if
		:: exchanging[n] && (h_a & 15) > promise[n] ->
			store_promise(n, h_a & 15)
		:: else
		fi;
		say_who_was_heard(n)
	:: !joined[n] && !(M(n) & NB(h_f))
	fi
}

inline on_left(n)
{
	group[n] = group[n] & ~NB(h_a);
	joined[n] = joined[n] & ~NB(h_a);
	wanted[n] = wanted[n] & ~NB(h_a);
	forget_heard(n, h_a);
	life[3 * n + h_a] = 0;
	stored[3 * n + h_a] = 0;
	say_who_was_heard(n)
}

/* who comes now has not heard what was said before */
inline on_came(n)
{
	group[n] = h_r;
	if
	:: exchanging[n] -> send_exchange(n)
	:: else -> open_view(n)
	fi
}

#define ONE_WITH(n, i) (!joined[i] || view[i] != view[n] || view[n] == LONE || \
	TERM(base[i]) == TERM(base[n]))

/* it takes over the record h_r, at position h_a */
inline takes_over(n)
{
	exchanging[n] = 0;
	adopt_sent[n] = 0;
	pos[n] = h_a;
	base[n] = h_a;
	rec[n] = h_r & 7;
	assigned[n] = COUNT(h_a);
	told[n] = 0;
	committed[n] = 0;
	said_hof[n] = 0;
	h_i = 0;
	do
	:: h_i < 3 -> forget_heard(n, h_i); h_i++
	:: else -> break
	od;
	h_i = 0;
	MUST(KEPT, kept_pos >= pos[n] || (rec[n] & kept_rec) == kept_rec);
	MUST(ONE, ONE_WITH(n, 0) && ONE_WITH(n, 1) && ONE_WITH(n, 2))
}

#define MEMBERS (h_r >> 3 & 7)
#define JOINED_BY (h_r >> 6 & 7)
#define HEARD_BIT(n, i) (life[3 * (n) + (i)] -> NB(i) : 0)
#define ADMITTED(n) (MEMBERS & M(n) & \
	(HEARD_BIT(n, 0) | HEARD_BIT(n, 1) | HEARD_BIT(n, 2)))
/* The group is that of its place in the order.  Else who came since could count
 * words said by those who had not read this ADOPT yet, and have a state now. */
#ifdef ANY_GROUP
#define VOID(n) (JOINED_BY == 0 && \
	(joined[n] || !AGREED(n, MEMBERS, TERM(h_a))))
#else
#define VOID(n) (JOINED_BY == 0 && \
	(joined[n] || MEMBERS != M(n) || !AGREED(n, MEMBERS, TERM(h_a))))
#endif

inline on_adopt(n)
{
	if
	:: h_f == n -> adopt_sent[n] = 0
	:: else
	fi;
	w_new = (VOID(n) -> 0 : ADMITTED(n) & ~joined[n]);
	if
	:: !joined[n] && exchanging[n] && (w_new & NB(n)) ->
		joined[n] = w_new | (JOINED_BY & M(n));
		takes_over(n)
	:: joined[n] && w_new ->
		wanted[n] = wanted[n] & ~w_new;
		joined[n] = joined[n] | w_new;
		if
		:: d_pos[n] == pos[n] -> tell_stored(n)
		:: else
		fi
	:: else
	fi;
	w_new = 0
}

#define ADOPTS(n) (exchanging[n] && !adopt_sent[n] && QUORATE(n) && \
	view[n] == cur && AGREED(n, M(n), promise[n]) && SOURCE(n) == n)
inline adopts(n)
{
	adopt_sent[n] = 1;
	h_a = POS(promise[n], 0);
	h_r = rec[n] | M(n) << 3;
	send(n, ADOPT, h_a, h_r);
	h_a = 0;
	h_r = 0
}

/* A newcomer waits until no RECORD is under way. */
#define WELCOMES(n) (wanted[n] && !adopt_sent[n] && LEADER(n) && \
	view[n] == cur && assigned[n] == COUNT(pos[n]))
inline welcomes(n)
{
	adopt_sent[n] = 1;
	h_a = pos[n];
	h_r = rec[n] | wanted[n] << 3 | joined[n] << 6;
	send(n, ADOPT, h_a, h_r);
	h_a = 0;
	h_r = 0
}
