/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record_wire.c - see record_wire.h and message.h */
#include "hamd/core/record_wire.h"

#include <glib.h>
#include <string.h>

void
ham_put_pos(struct ham_writer *w, struct ham_pos pos)
{
	ham_put_u64(w, pos.term);
	ham_put_u64(w, pos.count);
}

struct ham_pos
ham_get_pos(struct ham_reader *r)
{
	struct ham_pos pos;

	pos.term = ham_get_u64(r);
	pos.count = ham_get_u64(r);
	return pos;
}

/* Beside dst_dead. */
enum {
	HAS_SIZES = 2,
	HAS_MOVE = 4,
	HAS_SHARED = 8,
	HAS_HISTORY = 16,
	HAS_HOME = 32,
	HAS_FAILOVER = 64,
	IS_AGAIN = 128, /* all that is to be said of it */
	/* in place of `wanted` */
	IS_HALTING = 2,
	/* in place of a copy's state, with it */
	IS_TORN = 16,
};

/* A disk was resized once, or is being. */
static bool
has_sizes(const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_DISKS; i++)
		if (guest->disk_size[i])
			return true;
	return guest->grow_size != 0;
}

static bool
has_move(const struct ham_guest *guest)
{
	return guest->move_to || guest->cold;
}

static bool
has_shared(const struct ham_guest *guest)
{
	return guest->shared || guest->common;
}

size_t
ham_guest_encode(const struct ham_guest *guest, uint8_t out[HAM_GUEST_WIRE_MAX])
{
	struct ham_writer w = {out, 0, HAM_GUEST_WIRE_MAX};

	ham_put_text(&w, guest->name, false);
	ham_put_u16(&w, guest->slot);
	ham_put_u8(&w, guest->phase);
	ham_put_u8(&w, guest->halts ? IS_HALTING : guest->wanted);
	ham_put_u8(&w, guest->clean);
	ham_put_u8(&w, guest->owner_dead);
	ham_put_u8(&w, guest->dst_dead | (has_sizes(guest) ? HAS_SIZES : 0) |
			       (has_move(guest) ? HAS_MOVE : 0) |
			       (has_shared(guest) ? HAS_SHARED : 0) |
			       (guest->history ? HAS_HISTORY : 0) |
			       (guest->home ? HAS_HOME : 0) |
			       (guest->failover ? HAS_FAILOVER : 0) |
			       (guest->again ? IS_AGAIN : 0));
	ham_put_u32(&w, guest->owner);
	ham_put_u32(&w, guest->dst);
	ham_put_u64(&w, guest->epoch);
	ham_put_u64(&w, guest->txn);
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		ham_put_u32(&w, guest->replica[i].node);
		ham_put_u8(&w, guest->replica[i].state |
				       (guest->replica[i].torn ? IS_TORN : 0));
		ham_put_u64(&w, guest->replica[i].generation);
	}
	ham_put_text(&w, guest->reason, false);
	for (int i = 0; has_sizes(guest) && i < HAM_MAX_DISKS; i++)
		ham_put_u64(&w, guest->disk_size[i]);
	if (has_sizes(guest)) {
		ham_put_u8(&w, guest->grow_disk);
		ham_put_u64(&w, guest->grow_size);
	}
	if (has_move(guest)) {
		ham_put_u32(&w, guest->move_to);
		ham_put_u8(&w, (uint8_t)(guest->cold | guest->leaving << 1));
	}
	if (has_shared(guest)) {
		ham_put_u8(&w, guest->shared);
		ham_put_u8(&w, guest->common);
	}
	if (guest->history)
		ham_put_u64(&w, guest->history);
	if (guest->home)
		ham_put_u32(&w, guest->home);
	if (guest->failover) {
		ham_put_u8(&w, guest->spare);
		for (int i = 0; i < HAM_MAX_STARTS - 1; i++)
			ham_put_u32(&w, guest->tried[i]);
	}
	return w.len;
}

/* A node has one entry at most.  What runs or may run has a current copy where
 * it does, and in doubt on both sides: record.c counts on it. */
static bool
replicas_sane(const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];

		if (r->state >= HAM_REPLICA_N_STATES ||
		    (r->torn &&
		     (r->node == 0 || r->state == HAM_REPLICA_CURRENT)))
			return false;
		for (int k = 0; k < i; k++)
			if (r->node && guest->replica[k].node == r->node)
				return false;
	}
	return guest->phase == HAM_GUEST_STOPPED ||
	       (ham_guest_is_current(guest, guest->owner) &&
		(guest->phase != HAM_GUEST_IN_DOUBT ||
		 ham_guest_is_current(guest, guest->dst)));
}

static bool
sizes_sane(const struct ham_guest *guest)
{
	if (guest->grow_disk >= HAM_MAX_DISKS ||
	    guest->grow_size > HAM_DISK_SIZE_MAX ||
	    guest->grow_size % 512 != 0 ||
	    (guest->grow_size == 0 && guest->grow_disk != 0) ||
	    (guest->grow_size &&
	     guest->grow_size <= guest->disk_size[guest->grow_disk]))
		return false;
	for (int i = 0; i < HAM_MAX_DISKS; i++)
		if (guest->disk_size[i] > HAM_DISK_SIZE_MAX ||
		    guest->disk_size[i] % 512 != 0)
			return false;
	return true;
}

/* What was current and may be so again is an outdated copy now. */
static bool
failover_sane(const struct ham_guest *guest)
{
	const uint32_t *tried = guest->tried;

	if (guest->failover && guest->phase != HAM_GUEST_STARTED)
		return false;
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if ((guest->spare & (1u << i)) &&
		    (guest->replica[i].node == 0 ||
		     guest->replica[i].state != HAM_REPLICA_OUTDATED))
			return false;
	for (int i = 0; i < HAM_MAX_STARTS - 1; i++)
		for (int k = 0; tried[i] && k < i; k++)
			if (tried[k] == 0 || tried[k] == tried[i])
				return false;
	return guest->spare < 1u << HAM_MAX_REPLICAS;
}

/* What the record never holds, whoever wrote it. */
static bool
guest_sane(const struct ham_guest *guest)
{
	bool moving = guest->phase == HAM_GUEST_MIGRATING ||
		      guest->phase == HAM_GUEST_IN_DOUBT;

	if (!ham_name_valid(guest->name) || guest->slot >= HAM_MAX_GUESTS ||
	    guest->phase >= HAM_GUEST_N_PHASES || guest->owner == 0 ||
	    moving != (guest->dst != 0) || guest->dst == guest->owner ||
	    (guest->owner_dead && guest->phase == HAM_GUEST_STOPPED) ||
	    (guest->dst_dead && guest->phase != HAM_GUEST_IN_DOUBT) ||
	    (has_move(guest) && guest->phase != HAM_GUEST_STARTED) ||
	    guest->move_to == guest->owner || (guest->cold && guest->wanted) ||
	    (guest->leaving && !guest->move_to) ||
	    (guest->halts &&
	     (guest->phase != HAM_GUEST_STARTED || guest->wanted)) ||
	    (guest->again &&
	     (guest->phase != HAM_GUEST_STOPPED || !guest->wanted)) ||
	    !sizes_sane(guest) || !failover_sane(guest))
		return false;
	return replicas_sane(guest);
}

void
ham_get_guest(struct ham_reader *r, struct ham_guest *out)
{
	uint8_t flags, how;

	memset(out, 0, sizeof(*out));
	ham_get_text(r, out->name, sizeof(out->name), false);
	out->slot = ham_get_u16(r);
	out->phase = ham_get_u8(r);
	how = ham_get_u8(r);
	out->wanted = how == 1;
	out->halts = how == IS_HALTING;
	if (how > IS_HALTING)
		r->bad = true;
	out->clean = ham_get_bool(r);
	out->owner_dead = ham_get_bool(r);
	flags = ham_get_u8(r);
	if (flags & ~(HAS_SIZES | HAS_MOVE | HAS_SHARED | HAS_HISTORY |
		      HAS_HOME | HAS_FAILOVER | IS_AGAIN | 1))
		r->bad = true;
	out->dst_dead = flags & 1;
	out->again = flags & IS_AGAIN;
	out->owner = ham_get_u32(r);
	out->dst = ham_get_u32(r);
	out->epoch = ham_get_u64(r);
	out->txn = ham_get_u64(r);
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		out->replica[i].node = ham_get_u32(r);
		how = ham_get_u8(r);
		out->replica[i].torn = how & IS_TORN;
		out->replica[i].state = how & (uint8_t)~IS_TORN;
		out->replica[i].generation = ham_get_u64(r);
	}
	ham_get_text(r, out->reason, sizeof(out->reason), false);
	for (int i = 0; (flags & HAS_SIZES) && i < HAM_MAX_DISKS; i++)
		out->disk_size[i] = ham_get_u64(r);
	if (flags & HAS_SIZES) {
		out->grow_disk = ham_get_u8(r);
		out->grow_size = ham_get_u64(r);
	}
	if (flags & HAS_MOVE) {
		out->move_to = ham_get_u32(r);
		how = ham_get_u8(r);
		out->cold = how & 1;
		out->leaving = how & 2;
		if (how > 2)
			r->bad = true; /* a cold one is not asked */
	}
	if (flags & HAS_SHARED) {
		out->shared = ham_get_u8(r);
		out->common = ham_get_bool(r);
	}
	if (flags & HAS_HISTORY)
		out->history = ham_get_u64(r);
	if (flags & HAS_HOME)
		out->home = ham_get_u32(r);
	out->failover = flags & HAS_FAILOVER;
	if (flags & HAS_FAILOVER) {
		out->spare = ham_get_u8(r);
		for (int i = 0; i < HAM_MAX_STARTS - 1; i++)
			out->tried[i] = ham_get_u32(r);
	}
	if (((flags & HAS_SIZES) && !has_sizes(out)) ||
	    ((flags & HAS_MOVE) && !has_move(out)) ||
	    ((flags & HAS_SHARED) && !has_shared(out)) ||
	    ((flags & HAS_HISTORY) && !out->history) ||
	    ((flags & HAS_HOME) && !out->home))
		r->bad = true; /* one state has one encoding */
	if (!guest_sane(out))
		r->bad = true;
}

const char *
ham_guest_decode(const uint8_t *bytes, size_t len, struct ham_guest *out)
{
	struct ham_reader r = {bytes, len, 0, false};

	ham_get_guest(&r, out);
	return r.bad || r.at != len ? "not a guest's entry" : NULL;
}

size_t
ham_node_encode(const struct ham_node_state *state,
		uint8_t out[HAM_NODE_WIRE_MAX])
{
	struct ham_writer w = {out, 0, HAM_NODE_WIRE_MAX};

	ham_put_u32(&w, state->node);
	ham_put_u8(&w, state->flags);
	ham_put_text(&w, state->reason, false);
	if (state->flags & HAM_NODE_LEASELESS)
		ham_put_u32(&w, state->rest_s);
	if (state->flags & HAM_NODE_DATED)
		ham_put_u64(&w, state->since);
	return w.len;
}

void
ham_get_node(struct ham_reader *r, struct ham_node_state *out)
{
	memset(out, 0, sizeof(*out));
	out->node = ham_get_u32(r);
	out->flags = ham_get_u8(r);
	ham_get_text(r, out->reason, sizeof(out->reason), false);
	if (out->flags & HAM_NODE_LEASELESS) {
		out->rest_s = ham_get_u32(r);
		if (out->rest_s == 0 || out->rest_s > HAM_MAX_REST_S)
			r->bad = true;
	}
	if (out->flags & HAM_NODE_DATED)
		out->since = ham_get_u64(r);
	if (out->node == 0 || out->flags == 0 ||
	    (out->flags & ~HAM_NODE_FLAGS) ||
	    (out->reason[0] && !(out->flags & HAM_NODE_HEALTH)))
		r->bad = true;
}

const char *
ham_node_decode(const uint8_t *bytes, size_t len, struct ham_node_state *out)
{
	struct ham_reader r = {bytes, len, 0, false};

	ham_get_node(&r, out);
	return r.bad || r.at != len ? "not a node's state" : NULL;
}

void
ham_put_op(struct ham_writer *w, const struct ham_op *op)
{
	ham_put_u8(w, op->kind);
	ham_put_u8(w, op->flag);
	ham_put_text(w, op->guest, false);
	ham_put_u32(w, op->node);
	ham_put_u64(w, op->epoch);
	ham_put_u64(w, op->txn);
	ham_put_text(w, op->reason, false);
}

void
ham_get_op(struct ham_reader *r, struct ham_op *op)
{
	op->kind = ham_get_u8(r);
	op->flag = ham_get_bool(r);
	ham_get_text(r, op->guest, sizeof(op->guest), false);
	op->node = ham_get_u32(r);
	op->epoch = ham_get_u64(r);
	op->txn = ham_get_u64(r);
	ham_get_text(r, op->reason, sizeof(op->reason), false);
	if (op->kind == HAM_OP_NONE || op->kind >= HAM_OP_N_KINDS ||
	    (op->guest[0] == '\0') != ham_op_is_of_node(op->kind))
		r->bad = true;
}
