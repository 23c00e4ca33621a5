/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/message.c - see message.h */
#include "hamd/core/message.h"

#include <glib.h>
#include <string.h>

#include "hamd/core/wire.h"

#define MAGIC UINT32_C(0x48414d44) /* "HAMD" */

enum {
	/* everything but an ADOPT's guests fits well */
	FRAME_ROOM = 2048,
	PHASES = 8, /* bound of the phase byte of a PROGRESS */
	NOTES = 64, /* bound of the kind byte of a NOTE */
};

static const char *const names[] = {
	"none",	    "EXCHANGE", "ADOPT",   "STORED",	"PROPOSE",  "RECORD",
	"CHECK",    "PREPARED", "REFUSED", "CANCEL",	"EXPORTED", "WIRED",
	"DRAINED",  "CAPTURED", "TAKE",	   "YIELD",	"ABORT",    "ABORTED",
	"STANDING", "PROGRESS", "NOTE",	   "HEARTBEAT", "LEASES",   "SERVED",
	"WHERE",    "VERIFY",	"MEMORY",  "FORECAST",	"SET",	    "BEGIN",
	"TRIAL",    "TRIED",
};
G_STATIC_ASSERT(G_N_ELEMENTS(names) == HAM_MSG_N_KINDS);

const char *
ham_msg_name(unsigned int kind)
{
	return kind < HAM_MSG_N_KINDS ? names[kind] : "?";
}

static void
put_pos(struct ham_writer *w, struct ham_pos pos)
{
	ham_put_u64(w, pos.term);
	ham_put_u64(w, pos.count);
}

static struct ham_pos
get_pos(struct ham_reader *r)
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

static void
get_guest(struct ham_reader *r, struct ham_guest *out)
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

	get_guest(&r, out);
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

static void
get_node(struct ham_reader *r, struct ham_node_state *out)
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

	get_node(&r, out);
	return r.bad || r.at != len ? "not a node's state" : NULL;
}

static void
put_op(struct ham_writer *w, const struct ham_op *op)
{
	ham_put_u8(w, op->kind);
	ham_put_u8(w, op->flag);
	ham_put_text(w, op->guest, false);
	ham_put_u32(w, op->node);
	ham_put_u64(w, op->epoch);
	ham_put_u64(w, op->txn);
	ham_put_text(w, op->reason, false);
}

static void
get_op(struct ham_reader *r, struct ham_op *op)
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

static void
put_progress(struct ham_writer *w, const struct ham_progress *p)
{
	ham_put_u8(w, p->phase);
	ham_put_u64(w, p->disk_done);
	ham_put_u64(w, p->disk_total);
	ham_put_u64(w, p->ram_done);
	ham_put_u64(w, p->ram_total);
	ham_put_u64(w, p->ram_remaining);
	ham_put_u64(w, p->rate);
	ham_put_u64(w, (uint64_t)p->left_ms[1]);
	ham_put_u64(w, p->passes);
	ham_put_u64(w, (uint64_t)p->elapsed_ms);
}

static void
get_progress(struct ham_reader *r, struct ham_progress *p)
{
	p->phase = ham_get_u8(r);
	p->disk_done = ham_get_u64(r);
	p->disk_total = ham_get_u64(r);
	p->ram_done = ham_get_u64(r);
	p->ram_total = ham_get_u64(r);
	p->ram_remaining = ham_get_u64(r);
	p->rate = ham_get_u64(r);
	p->left_ms[0] = p->left_ms[1] = (int64_t)ham_get_u64(r);
	p->passes = ham_get_u64(r);
	p->elapsed_ms = (int64_t)ham_get_u64(r);
	if (p->phase >= PHASES)
		r->bad = true;
}

static void
put_forecast(struct ham_writer *w, const struct ham_progress *p)
{
	ham_put_u64(w, (uint64_t)p->left_ms[0]);
	ham_put_u64(w, (uint64_t)p->pause_us[0]);
	ham_put_u64(w, (uint64_t)p->pause_us[1]);
	ham_put_u32(w, p->done);
	ham_put_u64(w, p->dirty_rate);
	ham_put_u8(w, p->throttle);
	ham_put_u8(w, p->verdict);
	ham_put_u64(w, p->needs_rate);
	ham_put_u64(w, (uint64_t)p->needs_pause_us);
}

static void
get_forecast(struct ham_reader *r, struct ham_progress *p)
{
	uint32_t done;

	p->left_ms[0] = (int64_t)ham_get_u64(r);
	p->pause_us[0] = (int64_t)ham_get_u64(r);
	p->pause_us[1] = (int64_t)ham_get_u64(r);
	done = ham_get_u32(r);
	p->done = (uint16_t)done;
	p->dirty_rate = ham_get_u64(r);
	p->throttle = ham_get_u8(r);
	p->verdict = ham_get_u8(r);
	p->needs_rate = ham_get_u64(r);
	p->needs_pause_us = (int64_t)ham_get_u64(r);
	if (done > 1000 || p->throttle > 100 || p->verdict >= HAM_CONVERGE_N)
		r->bad = true;
}

static void
put_policy(struct ham_writer *w, const struct ham_msg *msg)
{
	ham_put_u8(w, msg->sets);
	ham_put_u64(w, (uint64_t)msg->policy.max_pause_us);
	ham_put_u64(w, (uint64_t)msg->policy.max_duration_us);
	ham_put_u64(w, msg->policy.bandwidth);
	ham_put_u8(w, msg->policy.priority);
	ham_put_u8(w, msg->policy.auto_converge);
	ham_put_u8(w, msg->policy.on_limit);
}

static void
get_policy(struct ham_reader *r, struct ham_msg *msg)
{
	uint8_t slows;

	msg->sets = ham_get_u8(r);
	msg->policy.max_pause_us = (int64_t)ham_get_u64(r);
	msg->policy.max_duration_us = (int64_t)ham_get_u64(r);
	msg->policy.bandwidth = ham_get_u64(r);
	msg->policy.priority = ham_get_u8(r);
	slows = ham_get_u8(r);
	msg->policy.auto_converge = slows;
	msg->policy.on_limit = ham_get_u8(r);
	if (msg->sets == 0 || (msg->sets & ~HAM_SET_ALL) || slows > 1 ||
	    msg->policy.on_limit >= HAM_LIMIT_N ||
	    msg->policy.max_pause_us < 0 ||
	    msg->policy.max_pause_us > HAM_MAX_PAUSE_US ||
	    msg->policy.max_duration_us < 0 ||
	    msg->policy.max_duration_us > HAM_MAX_DURATION_US)
		r->bad = true;
}

static void
put_exchange(struct ham_writer *w, const struct ham_msg *msg)
{
	put_pos(w, msg->pos);
	ham_put_u64(w, msg->checksum);
	ham_put_u64(w, msg->promise);
	ham_put_u8(w, msg->has_store);
	ham_put_u64(w, msg->heard);
	ham_put_u64(w, msg->foreign_term);
	ham_put_u64(w, msg->config_digest);
	ham_put_text(w, msg->version, false);
	ham_put_u8(w, msg->n_nodes);
	for (unsigned int i = 0; i < msg->n_nodes; i++)
		ham_put_u32(w, msg->away_ms[i]);
}

static void
put_heartbeat(struct ham_writer *w, const struct ham_msg *msg)
{
	ham_put_u64(w, (uint64_t)msg->beat_us);
	ham_put_u32(w, msg->lease_ms);
	ham_put_u32(w, msg->watchdog_ms);
	ham_put_u8(w, msg->n_nodes);
	for (unsigned int i = 0; i < msg->n_nodes; i++)
		ham_put_u64(w, (uint64_t)msg->seen_us[i]);
}

static void
put_leases(struct ham_writer *w, const struct ham_msg *msg)
{
	ham_put_u8(w, msg->n_nodes);
	for (unsigned int i = 0; i < msg->n_nodes; i++) {
		ham_put_u32(w, msg->leases_ms[i]);
		ham_put_u32(w, msg->watchdogs_ms[i]);
	}
}

static void
put_adopt(struct ham_writer *w, const struct ham_msg *msg,
	  const struct ham_record *record)
{
	put_pos(w, msg->pos);
	ham_put_u64(w, msg->checksum);
	ham_put_u16(w, msg->members);
	ham_put_u16(w, msg->joined);
	ham_put_u32(w, record->n_guests);
	for (unsigned int i = 0; i < record->n_guests; i++) {
		uint8_t bytes[HAM_GUEST_WIRE_MAX];
		size_t len = ham_guest_encode(&record->guests[i], bytes);

		ham_put_bytes(w, bytes, len);
	}
	for (unsigned int i = 0; i < record->n_nodes; i++) {
		uint8_t bytes[HAM_NODE_WIRE_MAX];
		size_t len = ham_node_encode(&record->nodes[i], bytes);

		ham_put_bytes(w, bytes, len);
	}
}

static void
put_handover(struct ham_writer *w, const struct ham_msg *msg)
{
	ham_put_text(w, msg->guest, false);
	ham_put_u64(w, msg->epoch);
	ham_put_u64(w, msg->txn);
	ham_put_u8(w, msg->standing);
	ham_put_text(w, msg->text, true);
	ham_put_u16(w, msg->blob.len);
	ham_put_bytes(w, msg->blob.bytes, msg->blob.len);
}

static void
put_body(struct ham_writer *w, const struct ham_msg *msg,
	 const struct ham_record *record)
{
	switch ((enum ham_msg_kind)msg->kind) {
	case HAM_MSG_EXCHANGE:
		put_exchange(w, msg);
		break;
	case HAM_MSG_ADOPT:
		put_adopt(w, msg, record);
		break;
	case HAM_MSG_STORED:
		put_pos(w, msg->pos);
		ham_put_u64(w, msg->config_digest);
		ham_put_text(w, msg->version, false);
		break;
	case HAM_MSG_CHECK:
		put_pos(w, msg->pos);
		ham_put_u64(w, msg->checksum);
		break;
	case HAM_MSG_RECORD:
		put_pos(w, msg->pos);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PROPOSE:
		ham_put_u32(w, msg->proposer);
		ham_put_u64(w, msg->proposal);
		put_op(w, &msg->op);
		break;
	case HAM_MSG_PREPARED:
	case HAM_MSG_REFUSED:
	case HAM_MSG_CANCEL:
	case HAM_MSG_DRAINED:
	case HAM_MSG_EXPORTED:
	case HAM_MSG_WIRED:
	case HAM_MSG_CAPTURED:
	case HAM_MSG_TAKE:
	case HAM_MSG_YIELD:
	case HAM_MSG_ABORT:
	case HAM_MSG_ABORTED:
	case HAM_MSG_STANDING:
	case HAM_MSG_SERVED:
	case HAM_MSG_WHERE:
	case HAM_MSG_VERIFY:
	case HAM_MSG_BEGIN:
	case HAM_MSG_TRIAL:
	case HAM_MSG_TRIED:
		put_handover(w, msg);
		break;
	case HAM_MSG_PROGRESS:
		put_handover(w, msg);
		put_progress(w, &msg->progress);
		break;
	case HAM_MSG_FORECAST:
		put_handover(w, msg);
		put_forecast(w, &msg->progress);
		break;
	case HAM_MSG_SET:
		put_handover(w, msg);
		put_policy(w, msg);
		break;
	case HAM_MSG_NOTE:
		ham_put_u8(w, msg->note);
		put_handover(w, msg);
		break;
	case HAM_MSG_HEARTBEAT:
		put_heartbeat(w, msg);
		break;
	case HAM_MSG_LEASES:
		put_leases(w, msg);
		break;
	case HAM_MSG_MEMORY:
		ham_put_u32(w, msg->memory_mib);
		break;
	case HAM_MSG_NONE:
	case HAM_MSG_N_KINDS:
		g_assert_not_reached();
	}
}

uint8_t *
ham_msg_encode(const struct ham_msg *msg, const struct ham_record *record,
	       size_t *len)
{
	struct ham_writer w = {NULL, 0, FRAME_ROOM};

	if (msg->kind == HAM_MSG_ADOPT)
		w.room += (size_t)record->n_guests * HAM_GUEST_WIRE_MAX +
			  (size_t)record->n_nodes * HAM_NODE_WIRE_MAX;
	w.bytes = g_malloc(w.room);
	ham_put_u32(&w, MAGIC);
	ham_put_u8(&w, HAM_PROTOCOL_LEVEL);
	ham_put_u8(&w, msg->kind);
	ham_put_u64(&w, msg->incarnation);
	ham_put_u32(&w, msg->ring.rep);
	ham_put_u64(&w, msg->ring.seq);
	put_body(&w, msg, record);
	*len = w.len;
	return w.bytes;
}

static void
get_adopt(struct ham_reader *r, struct ham_msg *out)
{
	out->pos = get_pos(r);
	out->checksum = ham_get_u64(r);
	out->members = ham_get_u16(r);
	out->joined = ham_get_u16(r);
	out->n_guests = ham_get_u32(r);
	if (out->n_guests > HAM_MAX_GUESTS)
		r->bad = true;
	if (r->bad)
		return;
	out->guests_len = r->len - r->at;
	out->guests = ham_get_bytes(r, out->guests_len);
}

static bool
get_n_nodes(struct ham_reader *r, struct ham_msg *out)
{
	out->n_nodes = ham_get_u8(r);
	if (out->n_nodes > HAM_MAX_NODES) {
		out->n_nodes = 0;
		r->bad = true;
	}
	return !r->bad;
}

static void
get_exchange(struct ham_reader *r, struct ham_msg *out)
{
	out->pos = get_pos(r);
	out->checksum = ham_get_u64(r);
	out->promise = ham_get_u64(r);
	out->has_store = ham_get_bool(r);
	out->heard = ham_get_u64(r);
	out->foreign_term = ham_get_u64(r);
	out->config_digest = ham_get_u64(r);
	ham_get_text(r, out->version, sizeof(out->version), false);
	if (!get_n_nodes(r, out))
		return;
	for (unsigned int i = 0; i < out->n_nodes; i++)
		out->away_ms[i] = ham_get_u32(r);
}

static void
get_heartbeat(struct ham_reader *r, struct ham_msg *out)
{
	out->beat_us = (int64_t)ham_get_u64(r);
	out->lease_ms = ham_get_u32(r);
	out->watchdog_ms = ham_get_u32(r);
	if (!get_n_nodes(r, out))
		return;
	for (unsigned int i = 0; i < out->n_nodes; i++)
		out->seen_us[i] = (int64_t)ham_get_u64(r);
}

static void
get_leases(struct ham_reader *r, struct ham_msg *out)
{
	if (!get_n_nodes(r, out))
		return;
	for (unsigned int i = 0; i < out->n_nodes; i++) {
		out->leases_ms[i] = ham_get_u32(r);
		out->watchdogs_ms[i] = ham_get_u32(r);
	}
}

static void
get_handover(struct ham_reader *r, struct ham_msg *out)
{
	const uint8_t *bytes;

	ham_get_text(r, out->guest, sizeof(out->guest), false);
	out->epoch = ham_get_u64(r);
	out->txn = ham_get_u64(r);
	out->standing = ham_get_u8(r);
	ham_get_text(r, out->text, sizeof(out->text), true);
	out->blob.len = ham_get_u16(r);
	if (out->standing >= HAM_STANDING_N || out->blob.len > HAM_BLOB_MAX) {
		r->bad = true;
		return;
	}
	bytes = ham_get_bytes(r, out->blob.len);
	if (bytes)
		memcpy(out->blob.bytes, bytes, out->blob.len);
	/* only a NOTE may speak of no guest */
	if (out->kind == HAM_MSG_NOTE && out->guest[0] == '\0')
		return;
	if (!ham_name_valid(out->guest))
		r->bad = true;
}

static void
get_body(struct ham_reader *r, struct ham_msg *out)
{
	switch ((enum ham_msg_kind)out->kind) {
	case HAM_MSG_EXCHANGE:
		get_exchange(r, out);
		break;
	case HAM_MSG_ADOPT:
		get_adopt(r, out);
		break;
	case HAM_MSG_STORED:
		out->pos = get_pos(r);
		out->config_digest = ham_get_u64(r);
		ham_get_text(r, out->version, sizeof(out->version), false);
		break;
	case HAM_MSG_CHECK:
		out->pos = get_pos(r);
		out->checksum = ham_get_u64(r);
		break;
	case HAM_MSG_RECORD:
		out->pos = get_pos(r);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PROPOSE:
		out->proposer = ham_get_u32(r);
		out->proposal = ham_get_u64(r);
		get_op(r, &out->op);
		break;
	case HAM_MSG_NOTE:
		out->note = ham_get_u8(r);
		if (out->note >= NOTES)
			r->bad = true;
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PREPARED:
	case HAM_MSG_REFUSED:
	case HAM_MSG_CANCEL:
	case HAM_MSG_DRAINED:
	case HAM_MSG_EXPORTED:
	case HAM_MSG_WIRED:
	case HAM_MSG_CAPTURED:
	case HAM_MSG_TAKE:
	case HAM_MSG_YIELD:
	case HAM_MSG_ABORT:
	case HAM_MSG_ABORTED:
	case HAM_MSG_STANDING:
	case HAM_MSG_SERVED:
	case HAM_MSG_WHERE:
	case HAM_MSG_VERIFY:
	case HAM_MSG_BEGIN:
	case HAM_MSG_TRIAL:
	case HAM_MSG_TRIED:
		get_handover(r, out);
		break;
	case HAM_MSG_PROGRESS:
		get_handover(r, out);
		get_progress(r, &out->progress);
		break;
	case HAM_MSG_FORECAST:
		get_handover(r, out);
		get_forecast(r, &out->progress);
		break;
	case HAM_MSG_SET:
		get_handover(r, out);
		get_policy(r, out);
		break;
	case HAM_MSG_HEARTBEAT:
		get_heartbeat(r, out);
		break;
	case HAM_MSG_LEASES:
		get_leases(r, out);
		break;
	case HAM_MSG_MEMORY:
		out->memory_mib = ham_get_u32(r);
		break;
	case HAM_MSG_NONE:
	case HAM_MSG_N_KINDS:
		r->bad = true;
	}
}

const char *
ham_msg_decode(const uint8_t *bytes, size_t len, struct ham_msg *out)
{
	struct ham_reader r = {bytes, len, 0, false};

	memset(out, 0, sizeof(*out));
	if (ham_get_u32(&r) != MAGIC)
		return "not a message of hamd";
	if (ham_get_u8(&r) != HAM_PROTOCOL_LEVEL)
		return "another protocol level";
	out->kind = ham_get_u8(&r);
	if (out->kind == HAM_MSG_NONE || out->kind >= HAM_MSG_N_KINDS)
		return "unknown kind of message";
	out->incarnation = ham_get_u64(&r);
	out->ring.rep = ham_get_u32(&r);
	out->ring.seq = ham_get_u64(&r);
	get_body(&r, out);
	if (r.bad)
		return "a field is short, too long or out of range";
	if (r.at != r.len)
		return "bytes are left over";
	return NULL;
}

/* Up to the frame's end. */
static const char *
adopt_nodes(struct ham_reader *r, struct ham_record *record)
{
	record->n_nodes = 0;
	while (r->at != r->len) {
		struct ham_node_state state;

		get_node(r, &state);
		if (r->bad ||
		    (record->n_nodes > 0 &&
		     record->nodes[record->n_nodes - 1].node >= state.node) ||
		    !ham_record_add_node(record, &state))
			return "a node's state is damaged, or bytes are left "
			       "over";
	}
	return NULL;
}

const char *
ham_msg_adopt_guests(const struct ham_msg *msg, struct ham_record *record)
{
	struct ham_reader r = {msg->guests, msg->guests_len, 0, false};
	const char *refusal;

	record->pos = msg->pos;
	record->n_guests = msg->n_guests;
	for (unsigned int i = 0; i < msg->n_guests; i++) {
		get_guest(&r, &record->guests[i]);
		if (r.bad || (i > 0 && strcmp(record->guests[i - 1].name,
					      record->guests[i].name) >= 0))
			return "a guest's entry is damaged";
	}
	refusal = adopt_nodes(&r, record);
	if (refusal)
		return refusal;
	if (ham_record_checksum(record) != msg->checksum)
		return "the checksum does not match";
	return NULL;
}
