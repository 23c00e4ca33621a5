/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/message.c - see message.h */
#include "hamd/core/message.h"

#include <glib.h>
#include <string.h>

#include "hamd/core/record_wire.h"

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
	ham_put_pos(w, msg->pos);
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
	ham_put_pos(w, msg->pos);
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
		ham_put_pos(w, msg->pos);
		ham_put_u64(w, msg->config_digest);
		ham_put_text(w, msg->version, false);
		break;
	case HAM_MSG_CHECK:
		ham_put_pos(w, msg->pos);
		ham_put_u64(w, msg->checksum);
		break;
	case HAM_MSG_RECORD:
		ham_put_pos(w, msg->pos);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PROPOSE:
		ham_put_u32(w, msg->proposer);
		ham_put_u64(w, msg->proposal);
		ham_put_op(w, &msg->op);
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
	out->pos = ham_get_pos(r);
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
	out->pos = ham_get_pos(r);
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
		out->pos = ham_get_pos(r);
		out->config_digest = ham_get_u64(r);
		ham_get_text(r, out->version, sizeof(out->version), false);
		break;
	case HAM_MSG_CHECK:
		out->pos = ham_get_pos(r);
		out->checksum = ham_get_u64(r);
		break;
	case HAM_MSG_RECORD:
		out->pos = ham_get_pos(r);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PROPOSE:
		out->proposer = ham_get_u32(r);
		out->proposal = ham_get_u64(r);
		ham_get_op(r, &out->op);
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

		ham_get_node(r, &state);
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
		ham_get_guest(&r, &record->guests[i]);
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
