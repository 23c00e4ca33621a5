/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_message.c - what is said arrives, and nothing else does
 *
 * Every kind there and back; every shorter frame refused; random damage never
 * crashes, and what is still taken for a message means exactly its bytes.
 * Frames lie in memory of their exact size, so that a sanitizer sees a read
 * one byte too far.
 */
#include <check.h>
#include <glib.h>
#include <string.h>

#include "hamd/core/message.h"
#include "tests/unit/leaf_run.h"

enum {
	KIND_AT = 5,		    /* magic, level, kind */
	BODY_AT = 26,		    /* incarnation, ring */
	HANDOVER_FIXED = 8 + 8 + 1, /* epoch, txn, standing */
	MUTATIONS = 20000,
};

static struct ham_record *
three_guests(void)
{
	static const char *const names[] = {"a", "db.1", "web-1"};
	struct ham_record *record = g_new0(struct ham_record, 1);

	record->pos = (struct ham_pos){48, 17};
	record->n_guests = G_N_ELEMENTS(names);
	for (unsigned int i = 0; i < record->n_guests; i++) {
		struct ham_guest *g = &record->guests[i];

		g_strlcpy(g->name, names[i], sizeof(g->name));
		g->slot = (uint16_t)(2 - i);
		g->phase = (uint8_t)(HAM_GUEST_STARTED + i);
		g->wanted = i != 1;
		g->clean = i == 1;
		g->owner_dead = i == 1;
		g->dst_dead = i == 2;
		g->owner = 1 + i;
		g->dst = i > 0 ? 5 : 0;
		g->epoch = UINT64_C(0x0102030405060708) + i;
		g->txn = UINT64_C(0x1112131415161718) + i;
		for (unsigned int k = 0; k <= i; k++) {
			g->replica[k].node = k == 0 ? g->owner : 4 + k;
			g->replica[k].state = HAM_REPLICA_CURRENT;
			g->replica[k].generation = UINT64_C(1) << (60 - k);
		}
		g_strlcpy(g->reason, "why not", sizeof(g->reason));
	}
	return record;
}

static void
fill_op(struct ham_op *op)
{
	op->kind = HAM_OP_OUTCOME;
	op->flag = true;
	g_strlcpy(op->guest, "web1", sizeof(op->guest));
	op->node = 0xa1a2a3a4;
	op->epoch = UINT64_C(0xb1b2b3b4b5b6b7b8);
	op->txn = 12;
	memset(op->reason, 'r', sizeof(op->reason) - 1);
}

/* Every field a message may carry, each with a value of its own. */
static struct ham_msg *
full_message(enum ham_msg_kind kind, const struct ham_record *record)
{
	struct ham_msg *m = g_new0(struct ham_msg, 1);

	m->kind = (uint8_t)kind;
	m->incarnation = UINT64_C(0xc1c2c3c4c5c6c7c8);
	m->ring = (struct ham_ring){0xd1d2d3d4, UINT64_C(0xd5d6d7d8d9dadbdc)};
	m->pos = (struct ham_pos){UINT64_C(0xe1e2e3e4e5e6e7e8), 77};
	m->checksum = kind == HAM_MSG_ADOPT ? ham_record_checksum(record)
					    : UINT64_C(0xf1f2f3f4f5f6f7f8);
	m->promise = UINT64_C(0x2122232425262728);
	m->has_store = true;
	m->members = 0x8001;
	m->joined = 0x7ffe;
	m->heard = UINT64_C(0x8182838485868788);
	m->foreign_term = UINT64_C(0x9192939495969798);
	m->n_nodes = HAM_MAX_NODES;
	for (unsigned int i = 0; i < HAM_MAX_NODES; i++) {
		m->away_ms[i] = UINT32_MAX - i;
		m->seen_us[i] = INT64_MAX - i;
		m->leases_ms[i] = 0x41424344 + i;
		m->watchdogs_ms[i] = 0x51525354 + i;
	}
	m->beat_us = INT64_C(0x2122232425262729);
	m->lease_ms = 0x31323334;
	m->watchdog_ms = 0x35363738;
	m->memory_mib = 0x61626364;
	m->config_digest = UINT64_C(0x3132333435363738);
	memset(m->version, 'v', sizeof(m->version) - 1);
	m->proposer = 0x41424344;
	m->proposal = UINT64_C(0x5152535455565758);
	fill_op(&m->op);
	memset(m->guest, 'g', HAM_NAME_SIZE - 2);
	m->epoch = UINT64_C(0x6162636465666768);
	m->txn = UINT64_C(0x7172737475767778);
	m->standing = HAM_STANDING_LACKS;
	m->note = 11;
	memset(m->text, 't', sizeof(m->text) - 1);
	m->blob.len = HAM_BLOB_MAX;
	for (unsigned int i = 0; i < HAM_BLOB_MAX; i++)
		m->blob.bytes[i] = (uint8_t)i;
	m->sets = HAM_SET_ALL;
	m->policy = (struct ham_policy){
		.max_pause_us = 1,
		.max_duration_us = HAM_MAX_DURATION_US,
		.bandwidth = UINT64_MAX,
		.priority = 100,
		.auto_converge = true,
		.on_limit = HAM_LIMIT_FORCE,
	};
	m->progress = (struct ham_progress){
		.phase = 3,
		.disk_done = 1,
		.disk_total = UINT64_MAX,
		.ram_done = 2,
		.ram_total = 3,
		.ram_remaining = 4,
		.rate = 5,
		.left_ms = {-1, 9000},
		.pause_us = {21000, 42000},
		.done = 777,
		.dirty_rate = 5,
		.throttle = 20,
		.verdict = HAM_CONVERGE_DOUBT,
		.needs_rate = 6,
		.needs_pause_us = 7,
		.passes = 6,
		.elapsed_ms = INT64_MIN,
	};
	return m;
}

#define SAME(field) ck_assert_uint_eq(a->field, b->field)
#define SAME_TEXT(field) ck_assert_str_eq(a->field, b->field)

static void
same_pos(const struct ham_msg *a, const struct ham_msg *b)
{
	SAME(pos.term);
	SAME(pos.count);
}

static void
same_op(const struct ham_msg *a, const struct ham_msg *b)
{
	SAME(proposer);
	SAME(proposal);
	SAME(op.kind);
	SAME(op.flag);
	SAME_TEXT(op.guest);
	SAME(op.node);
	SAME(op.epoch);
	SAME(op.txn);
	SAME_TEXT(op.reason);
}

static void
same_handover(const struct ham_msg *a, const struct ham_msg *b)
{
	SAME_TEXT(guest);
	SAME(epoch);
	SAME(txn);
	SAME(standing);
	SAME_TEXT(text);
	SAME(blob.len);
	ck_assert_mem_eq(a->blob.bytes, b->blob.bytes, a->blob.len);
}

static void
same_progress(const struct ham_msg *a, const struct ham_msg *b)
{
	SAME(progress.phase);
	SAME(progress.disk_done);
	SAME(progress.disk_total);
	SAME(progress.ram_done);
	SAME(progress.ram_total);
	SAME(progress.ram_remaining);
	SAME(progress.rate);
	ck_assert_int_eq(a->progress.left_ms[1], b->progress.left_ms[1]);
	SAME(progress.passes);
	ck_assert_int_eq(a->progress.elapsed_ms, b->progress.elapsed_ms);
}

static void
same_forecast(const struct ham_msg *a, const struct ham_msg *b)
{
	ck_assert_int_eq(a->progress.left_ms[0], b->progress.left_ms[0]);
	ck_assert_int_eq(a->progress.pause_us[0], b->progress.pause_us[0]);
	ck_assert_int_eq(a->progress.pause_us[1], b->progress.pause_us[1]);
	SAME(progress.done);
	SAME(progress.dirty_rate);
	SAME(progress.throttle);
	SAME(progress.verdict);
	SAME(progress.needs_rate);
	ck_assert_int_eq(a->progress.needs_pause_us,
			 b->progress.needs_pause_us);
}

static void
same_policy(const struct ham_msg *a, const struct ham_msg *b)
{
	SAME(sets);
	ck_assert_int_eq(a->policy.max_pause_us, b->policy.max_pause_us);
	ck_assert_int_eq(a->policy.max_duration_us, b->policy.max_duration_us);
	SAME(policy.bandwidth);
	SAME(policy.priority);
	SAME(policy.auto_converge);
	SAME(policy.on_limit);
}

static void
same_heartbeat(const struct ham_msg *a, const struct ham_msg *b)
{
	ck_assert_int_eq(a->beat_us, b->beat_us);
	SAME(lease_ms);
	SAME(watchdog_ms);
	SAME(n_nodes);
	ck_assert_mem_eq(a->seen_us, b->seen_us, sizeof(a->seen_us));
}

static void
same_body(const struct ham_msg *a, const struct ham_msg *b)
{
	switch ((enum ham_msg_kind)a->kind) {
	case HAM_MSG_EXCHANGE:
		SAME(checksum);
		SAME(promise);
		SAME(has_store);
		SAME(heard);
		SAME(foreign_term);
		SAME(n_nodes);
		ck_assert_mem_eq(a->away_ms, b->away_ms, sizeof(a->away_ms));
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_STORED:
		same_pos(a, b);
		SAME(config_digest);
		SAME_TEXT(version);
		break;
	case HAM_MSG_ADOPT:
		SAME(members);
		SAME(joined);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_CHECK:
		same_pos(a, b);
		SAME(checksum);
		break;
	case HAM_MSG_RECORD:
		same_pos(a, b);
		G_GNUC_FALLTHROUGH;
	case HAM_MSG_PROPOSE:
		same_op(a, b);
		break;
	case HAM_MSG_PROGRESS:
		same_progress(a, b);
		same_handover(a, b);
		break;
	case HAM_MSG_FORECAST:
		same_forecast(a, b);
		same_handover(a, b);
		break;
	case HAM_MSG_SET:
		same_policy(a, b);
		same_handover(a, b);
		break;
	case HAM_MSG_NOTE:
		SAME(note);
		same_handover(a, b);
		break;
	case HAM_MSG_HEARTBEAT:
		same_heartbeat(a, b);
		break;
	case HAM_MSG_LEASES:
		SAME(n_nodes);
		ck_assert_mem_eq(a->leases_ms, b->leases_ms,
				 sizeof(a->leases_ms));
		ck_assert_mem_eq(a->watchdogs_ms, b->watchdogs_ms,
				 sizeof(a->watchdogs_ms));
		break;
	case HAM_MSG_MEMORY:
		SAME(memory_mib);
		break;
	default:
		same_handover(a, b);
	}
}

/* The frame in memory of its own size. */
static uint8_t *
encode(const struct ham_msg *msg, const struct ham_record *record, size_t *len)
{
	g_autofree uint8_t *roomy = ham_msg_encode(msg, record, len);

	return g_memdup2(roomy, *len);
}

/* As a receiver of this kind of frame would judge it. */
static const char *
take(const uint8_t *bytes, size_t len, struct ham_msg *out,
     struct ham_record *record)
{
	const char *why = ham_msg_decode(bytes, len, out);

	if (!why && out->kind == HAM_MSG_ADOPT)
		why = ham_msg_adopt_guests(out, record);
	return why;
}

START_TEST(every_kind_there_and_back)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *a = full_message(_i, record);
	g_autofree struct ham_msg *b = g_new(struct ham_msg, 1);
	size_t len;
	g_autofree uint8_t *bytes = encode(a, record, &len);

	/* what the last message left must not shine through */
	memset(b, 0xff, sizeof(*b));
	ck_assert_ptr_null(take(bytes, len, b, got));
	SAME(kind);
	SAME(incarnation);
	SAME(ring.rep);
	SAME(ring.seq);
	same_body(a, b);
	if (_i != HAM_MSG_EXCHANGE)
		ck_assert_uint_eq(b->promise, 0);
}
END_TEST

START_TEST(adopt_brings_the_guests)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *m = full_message(HAM_MSG_ADOPT, record);
	struct ham_msg out;
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);

	ck_assert_ptr_null(take(bytes, len, &out, got));
	ck_assert_uint_eq(got->pos.term, m->pos.term);
	ck_assert_uint_eq(got->pos.count, m->pos.count);
	ck_assert_uint_eq(got->n_guests, record->n_guests);
	for (unsigned int i = 0; i < got->n_guests; i++) {
		const struct ham_guest *a = &record->guests[i];
		const struct ham_guest *b = &got->guests[i];

		SAME_TEXT(name);
		SAME(slot);
		SAME(phase);
		SAME(wanted);
		SAME(clean);
		SAME(owner_dead);
		SAME(dst_dead);
		SAME(owner);
		SAME(dst);
		SAME(epoch);
		SAME(txn);
		for (int k = 0; k < HAM_MAX_REPLICAS; k++) {
			SAME(replica[k].node);
			SAME(replica[k].state);
			SAME(replica[k].generation);
		}
		SAME_TEXT(reason);
	}
}
END_TEST

START_TEST(every_shorter_frame_is_refused)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *m = full_message(_i, record);
	struct ham_msg out;
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);

	for (size_t n = 0; n < len; n++) {
		g_autofree uint8_t *cut = g_memdup2(bytes, n);

		ck_assert_msg(take(cut, n, &out, got) != NULL,
			      "%s of %zu bytes was taken with %zu",
			      ham_msg_name((unsigned int)_i), len, n);
	}
}
END_TEST

START_TEST(a_longer_frame_is_refused)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *m = full_message(_i, record);
	struct ham_msg out;
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);
	g_autofree uint8_t *longer = g_malloc0(len + 1);

	memcpy(longer, bytes, len);
	ck_assert_ptr_nonnull(take(longer, len + 1, &out, got));
}
END_TEST

/* A message that is taken says the same when it is sent on: no two frames
 * mean one thing, so nothing is read that is not meant. */
START_TEST(damage_never_crashes)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *m = full_message(_i, record);
	g_autoptr(GRand) rand = g_rand_new_with_seed(0x48414d44 + (guint)_i);
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);
	unsigned int taken = 0;

	for (unsigned int i = 0; i < MUTATIONS; i++) {
		g_autofree uint8_t *bad = g_memdup2(bytes, len);
		g_autofree uint8_t *again = NULL;
		size_t n = len;
		size_t n_again;
		struct ham_msg out;

		for (int k = g_rand_int_range(rand, 1, 4); k > 0; k--)
			bad[g_rand_int_range(rand, 0, (gint32)len)] =
				(uint8_t)g_rand_int(rand);
		if (g_rand_boolean(rand))
			n = (size_t)g_rand_int_range(rand, 0, (gint32)len + 1);
		bad = g_realloc(bad, MAX(n, 1));
		if (take(bad, n, &out, got))
			continue;
		taken++;
		again = ham_msg_encode(&out, got, &n_again);
		ck_assert_uint_eq(n_again, n);
		ck_assert_mem_eq(again, bad, n);
	}
	/* else the above has compared nothing */
	ck_assert_uint_gt(taken, 0);
}
END_TEST

static const char *
verdict(const struct ham_msg *m, size_t at, uint8_t value)
{
	static struct ham_msg out;
	g_autofree struct ham_record *record = three_guests();
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);

	ck_assert_uint_lt(at, len);
	bytes[at] = value;
	return ham_msg_decode(bytes, len, &out);
}

START_TEST(the_frame_is_checked)
{
	g_autofree struct ham_msg *m = full_message(HAM_MSG_CHECK, NULL);

	ck_assert_ptr_null(verdict(m, 0, 'H'));
	ck_assert_str_eq(verdict(m, 0, 'h'), "not a message of hamd");
	ck_assert_str_eq(verdict(m, 3, 'd'), "not a message of hamd");
	ck_assert_str_eq(verdict(m, 4, HAM_PROTOCOL_LEVEL + 1),
			 "another protocol level");
	ck_assert_str_eq(verdict(m, 4, 0), "another protocol level");
	ck_assert_str_eq(verdict(m, KIND_AT, HAM_MSG_NONE),
			 "unknown kind of message");
	ck_assert_str_eq(verdict(m, KIND_AT, HAM_MSG_N_KINDS),
			 "unknown kind of message");
	ck_assert_str_eq(verdict(m, KIND_AT, 255), "unknown kind of message");
}
END_TEST

START_TEST(ranges_are_checked)
{
	g_autofree struct ham_msg *op = full_message(HAM_MSG_PROPOSE, NULL);
	g_autofree struct ham_msg *note = full_message(HAM_MSG_NOTE, NULL);
	g_autofree struct ham_msg *progress =
		full_message(HAM_MSG_PROGRESS, NULL);
	g_autofree struct ham_msg *yield = full_message(HAM_MSG_YIELD, NULL);
	g_autofree struct ham_msg *exchange =
		full_message(HAM_MSG_EXCHANGE, NULL);
	size_t standing = BODY_AT + 1 + HAM_NAME_SIZE - 2 + 16;
	size_t blob = standing + 1 + 2 + HAM_TEXT_MAX - 1;

	ck_assert_ptr_null(verdict(op, BODY_AT + 12, HAM_OP_MOVE_STOP));
	ck_assert_ptr_nonnull(verdict(op, BODY_AT + 12, HAM_OP_NONE));
	ck_assert_ptr_nonnull(verdict(op, BODY_AT + 12, HAM_OP_N_KINDS));
	ck_assert_ptr_nonnull(verdict(op, BODY_AT + 13, 2));
	ck_assert_ptr_null(verdict(note, BODY_AT, 63));
	ck_assert_ptr_nonnull(verdict(note, BODY_AT, 64));
	ck_assert_ptr_null(verdict(yield, standing, HAM_STANDING_N - 1));
	ck_assert_ptr_nonnull(verdict(yield, standing, HAM_STANDING_N));
	ck_assert_ptr_nonnull(verdict(yield, blob, 0xff));
	ck_assert_ptr_nonnull(verdict(exchange, BODY_AT + 32, 2));
	progress->progress.phase = 7;
	ck_assert_ptr_null(verdict(progress, 0, 'H'));
	progress->progress.phase = 8;
	ck_assert_ptr_nonnull(verdict(progress, 0, 'H'));
}
END_TEST

/* DEAD and NODE are of a node; every other operation is of a guest. */
START_TEST(only_what_is_of_a_node_names_no_guest)
{
	g_autofree struct ham_msg *m = full_message(HAM_MSG_PROPOSE, NULL);

	m->op.kind = HAM_OP_DEAD;
	ck_assert_ptr_nonnull(verdict(m, 0, 'H'));
	m->op.kind = HAM_OP_NODE;
	ck_assert_ptr_nonnull(verdict(m, 0, 'H'));
	m->op.guest[0] = '\0';
	ck_assert_ptr_null(verdict(m, 0, 'H'));
	m->op.kind = HAM_OP_DEAD;
	ck_assert_ptr_null(verdict(m, 0, 'H'));
	m->op.kind = HAM_OP_PROMOTE;
	ck_assert_ptr_nonnull(verdict(m, 0, 'H'));
}
END_TEST

START_TEST(more_nodes_than_there_can_be)
{
	g_autofree struct ham_msg *m = full_message(HAM_MSG_HEARTBEAT, NULL);

	ck_assert_ptr_null(verdict(m, BODY_AT + 16, HAM_MAX_NODES));
	ck_assert_ptr_nonnull(verdict(m, BODY_AT + 16, HAM_MAX_NODES + 1));
}
END_TEST

/* A blob longer than its room, with all its bytes in the frame. */
START_TEST(a_longer_blob_is_refused)
{
	g_autofree struct ham_msg *m = full_message(HAM_MSG_PREPARED, NULL);
	size_t len;
	g_autofree uint8_t *bytes = ham_msg_encode(m, NULL, &len);
	g_autofree uint8_t *longer = g_malloc0(len + 1);
	size_t at = len - HAM_BLOB_MAX - 2;
	struct ham_msg out;

	memcpy(longer, bytes, len);
	ck_assert_uint_eq(longer[at] << 8 | longer[at + 1], HAM_BLOB_MAX);
	longer[at + 1] = (HAM_BLOB_MAX + 1) & 0xff;
	ck_assert_ptr_nonnull(ham_msg_decode(longer, len + 1, &out));
}
END_TEST

START_TEST(only_a_note_speaks_of_no_guest)
{
	g_autofree struct ham_msg *note = full_message(HAM_MSG_NOTE, NULL);
	g_autofree struct ham_msg *take_msg = full_message(HAM_MSG_TAKE, NULL);

	note->guest[0] = take_msg->guest[0] = '\0';
	ck_assert_ptr_null(verdict(note, 0, 'H'));
	ck_assert_ptr_nonnull(verdict(take_msg, 0, 'H'));
	g_strlcpy(note->guest, "../etc", sizeof(note->guest));
	g_strlcpy(take_msg->guest, "../etc", sizeof(take_msg->guest));
	ck_assert_ptr_nonnull(verdict(note, 0, 'H'));
	ck_assert_ptr_nonnull(verdict(take_msg, 0, 'H'));
}
END_TEST

static const char *
adopt_verdict(const struct ham_record *record, uint64_t checksum)
{
	g_autofree struct ham_record *got = g_new0(struct ham_record, 1);
	g_autofree struct ham_msg *m = full_message(HAM_MSG_ADOPT, record);
	struct ham_msg out;
	size_t len;
	g_autofree uint8_t *bytes = NULL;

	m->checksum = checksum;
	bytes = encode(m, record, &len);
	return take(bytes, len, &out, got);
}

START_TEST(adopt_with_another_checksum_is_refused)
{
	g_autofree struct ham_record *record = three_guests();
	uint64_t sum = ham_record_checksum(record);

	ck_assert_ptr_null(adopt_verdict(record, sum));
	ck_assert_str_eq(adopt_verdict(record, sum ^ 1),
			 "the checksum does not match");
}
END_TEST

START_TEST(adopt_out_of_order_is_refused)
{
	g_autofree struct ham_record *record = three_guests();

	g_strlcpy(record->guests[2].name, "db.1", HAM_NAME_SIZE);
	ck_assert_ptr_nonnull(
		adopt_verdict(record, ham_record_checksum(record)));
	g_strlcpy(record->guests[2].name, "b", HAM_NAME_SIZE);
	ck_assert_ptr_nonnull(
		adopt_verdict(record, ham_record_checksum(record)));
	g_strlcpy(record->guests[2].name, "e", HAM_NAME_SIZE);
	ck_assert_ptr_null(adopt_verdict(record, ham_record_checksum(record)));
}
END_TEST

START_TEST(adopt_with_too_many_guests_is_refused)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_msg *m = full_message(HAM_MSG_ADOPT, record);
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);
	size_t at = BODY_AT + 16 + 8 + 4; /* position, checksum, members */
	struct ham_msg out;

	ck_assert_uint_eq(bytes[at + 3], 3);
	bytes[at + 2] = HAM_MAX_GUESTS >> 8;
	bytes[at + 3] = HAM_MAX_GUESTS & 0xff;
	ck_assert_ptr_null(ham_msg_decode(bytes, len, &out));
	bytes[at + 3]++;
	ck_assert_ptr_nonnull(ham_msg_decode(bytes, len, &out));
}
END_TEST

/* What no record holds is not believed, whoever sends it. */
#define GUEST_REFUSED(change)                                                  \
	do {                                                                   \
		g_autofree struct ham_record *record_ = three_guests();        \
		struct ham_guest *g = &record_->guests[0];                     \
		struct ham_guest out_;                                         \
		uint8_t bytes_[HAM_GUEST_WIRE_MAX];                            \
                                                                               \
		ck_assert_ptr_null(ham_guest_decode(                           \
			bytes_, ham_guest_encode(g, bytes_), &out_));          \
		change;                                                        \
		ck_assert_ptr_nonnull(ham_guest_decode(                        \
			bytes_, ham_guest_encode(g, bytes_), &out_));          \
	} while (0)

START_TEST(insane_guests_are_refused)
{
	GUEST_REFUSED(g->name[0] = '-');
	GUEST_REFUSED(g->name[0] = '\0');
	GUEST_REFUSED(g->slot = HAM_MAX_GUESTS);
	GUEST_REFUSED(g->phase = HAM_GUEST_N_PHASES);
	GUEST_REFUSED(g->owner = 0);
	GUEST_REFUSED(
		(g->phase = HAM_GUEST_MIGRATING, g->dst = 7, g->owner = 0));
	GUEST_REFUSED(g->dst = 7);
	GUEST_REFUSED(g->phase = HAM_GUEST_MIGRATING);
	GUEST_REFUSED((g->phase = HAM_GUEST_IN_DOUBT, g->dst = g->owner));
	GUEST_REFUSED(g->replica[3].state = HAM_REPLICA_N_STATES);
	GUEST_REFUSED(g->replica[3].node = g->replica[0].node);
	GUEST_REFUSED((g->phase = HAM_GUEST_IN_DOUBT, g->dst = 7));
	GUEST_REFUSED(
		(g->phase = HAM_GUEST_IN_DOUBT, g->dst = 5, g->owner = 7));
	GUEST_REFUSED(g->replica[0].state = HAM_REPLICA_OUTDATED);
	GUEST_REFUSED((g->phase = HAM_GUEST_IN_DOUBT, g->dst = 7,
		       g->replica[1].node = 7));
	GUEST_REFUSED((g->phase = HAM_GUEST_STOPPED, g->halts = true));
	GUEST_REFUSED(g->again = true);
	GUEST_REFUSED((g->phase = HAM_GUEST_STOPPED, g->wanted = false,
		       g->again = true));
}
END_TEST

START_TEST(a_guest_that_halts_there_and_back)
{
	g_autofree struct ham_record *record = three_guests();
	struct ham_guest *g = &record->guests[0];
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	struct ham_guest out;

	g->phase = HAM_GUEST_STARTED;
	g->wanted = false;
	g->halts = true;
	ck_assert_ptr_null(
		ham_guest_decode(bytes, ham_guest_encode(g, bytes), &out));
	ck_assert(out.halts);
	ck_assert(!out.wanted);
}
END_TEST

START_TEST(guest_entry_there_and_back)
{
	g_autofree struct ham_record *record = three_guests();
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(&record->guests[2], bytes);
	struct ham_guest out;

	for (size_t n = 0; n < len; n++) {
		g_autofree uint8_t *cut = g_memdup2(bytes, n);

		ck_assert_ptr_nonnull(ham_guest_decode(cut, n, &out));
	}
	ck_assert_ptr_nonnull(ham_guest_decode(bytes, len + 1, &out));
	ck_assert_ptr_null(ham_guest_decode(bytes, len, &out));
	ck_assert_str_eq(out.name, "web-1");
	ck_assert_str_eq(out.reason, "why not");
}
END_TEST

/* The longest of everything fits the room of a guest's entry. */
START_TEST(the_largest_guest_fits)
{
	struct ham_guest g;
	struct ham_guest out;
	uint8_t bytes[HAM_GUEST_WIRE_MAX];

	memset(&g, 0, sizeof(g));
	memset(g.name, 'n', HAM_NAME_SIZE - 2);
	g.slot = HAM_MAX_GUESTS - 1;
	g.phase = HAM_GUEST_STARTED;
	g.owner = g.replica[0].node = UINT32_MAX;
	g.replica[0].state = HAM_REPLICA_CURRENT;
	g.epoch = g.txn = UINT64_MAX;
	g.grow_disk = 1;
	g.disk_size[0] = g.grow_size = HAM_DISK_SIZE_MAX;
	g.move_to = 1;
	g.leaving = true;
	g.shared = 0xff;
	g.common = true;
	g.history = UINT64_MAX >> HAM_MAX_DISKS;
	g.home = UINT32_MAX;
	g.failover = true;
	g.tried[0] = UINT32_MAX;
	g.tried[1] = UINT32_MAX - 1;
	memset(g.reason, 'r', HAM_REASON_SIZE - 1);
	ck_assert_ptr_null(
		ham_guest_decode(bytes, ham_guest_encode(&g, bytes), &out));
	ck_assert_str_eq(out.name, g.name);
	ck_assert_str_eq(out.reason, g.reason);
}
END_TEST

/* Entries of before there were shared disks are read as they were. */
START_TEST(shared_disks_there_and_back)
{
	g_autofree struct ham_record *record = three_guests();
	struct ham_guest g = record->guests[2];
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(&g, bytes);
	struct ham_guest out;

	g.shared = 2;
	ck_assert_uint_eq(ham_guest_encode(&g, bytes), len + 2);
	ck_assert_ptr_null(ham_guest_decode(bytes, len + 2, &out));
	ck_assert_uint_eq(out.shared, 2);
	ck_assert(!out.common);
	g.shared = 0;
	g.common = true;
	ck_assert_ptr_null(
		ham_guest_decode(bytes, ham_guest_encode(&g, bytes), &out));
	ck_assert(out.common);
	/* one state has one encoding */
	bytes[len + 1] = 0;
	ck_assert_ptr_nonnull(ham_guest_decode(bytes, len + 2, &out));
}
END_TEST

static void
set_node(struct ham_record *record, uint32_t node, unsigned int flags)
{
	record->nodes[record->n_nodes].node = node;
	record->nodes[record->n_nodes].flags = (uint8_t)flags;
	record->n_nodes++;
}

/* What `change` makes of it is refused as an ADOPT and as a stored entry. */
#define NODE_REFUSED(change)                                                   \
	do {                                                                   \
		struct ham_node_state s_ = {.node = 4, .flags = 2};            \
		struct ham_node_state *s = &s_;                                \
		uint8_t bytes_[HAM_NODE_WIRE_MAX];                             \
		struct ham_node_state out_;                                    \
                                                                               \
		ck_assert_ptr_null(ham_node_decode(                            \
			bytes_, ham_node_encode(s, bytes_), &out_));           \
		change;                                                        \
		ck_assert_ptr_nonnull(ham_node_decode(                         \
			bytes_, ham_node_encode(s, bytes_), &out_));           \
	} while (0)

START_TEST(insane_nodes_are_refused)
{
	NODE_REFUSED(s->node = 0);
	NODE_REFUSED(s->flags = 0);
	NODE_REFUSED(s->flags = HAM_NODE_FLAGS + 1);
	NODE_REFUSED((s->flags = HAM_NODE_DRAINED, s->reason[0] = 'x'));
	NODE_REFUSED(s->flags = HAM_NODE_RESTS);
	NODE_REFUSED(
		(s->flags = HAM_NODE_DISARMED, s->rest_s = HAM_MAX_REST_S + 1));
}
END_TEST

static const char *
adopted(const struct ham_record *record, struct ham_record *out)
{
	g_autofree struct ham_msg *m = full_message(HAM_MSG_ADOPT, record);
	size_t len;
	g_autofree uint8_t *bytes = encode(m, record, &len);
	struct ham_msg msg;

	ck_assert_ptr_null(ham_msg_decode(bytes, len, &msg));
	return ham_msg_adopt_guests(&msg, out);
}

START_TEST(adopt_brings_the_nodes)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *out = g_new0(struct ham_record, 1);

	record->guests[0].home = 9;
	for (uint32_t n = 1; n <= HAM_MAX_NODES; n++)
		set_node(record, n, HAM_NODE_CLOSED);
	memset(record->nodes[0].reason, 'r', HAM_REASON_SIZE - 1);
	record->nodes[0].flags = HAM_NODE_FLAGS;
	record->nodes[0].rest_s = HAM_MAX_REST_S;
	record->nodes[0].since = UINT64_MAX;
	ck_assert_ptr_null(adopted(record, out));
	ck_assert_uint_eq(out->n_nodes, HAM_MAX_NODES);
	ck_assert_mem_eq(out->nodes, record->nodes, sizeof(out->nodes));
	ck_assert_uint_eq(out->guests[0].home, 9);
	/* what was there before is gone */
	record->n_nodes = 0;
	ck_assert_ptr_null(adopted(record, out));
	ck_assert_uint_eq(out->n_nodes, 0);
}
END_TEST

START_TEST(adopt_with_nodes_out_of_order_is_refused)
{
	g_autofree struct ham_record *record = three_guests();
	g_autofree struct ham_record *out = g_new0(struct ham_record, 1);

	set_node(record, 2, HAM_NODE_DRAINED);
	set_node(record, 2, HAM_NODE_DRAINED);
	ck_assert_ptr_nonnull(adopted(record, out));
	record->nodes[1].node = 1;
	ck_assert_ptr_nonnull(adopted(record, out));
	record->nodes[1].node = 3;
	ck_assert_ptr_null(adopted(record, out));
}
END_TEST

START_TEST(kinds_have_names)
{
	for (unsigned int i = 0; i < HAM_MSG_N_KINDS; i++)
		ck_assert_str_ne(ham_msg_name(i), "?");
	ck_assert_str_eq(ham_msg_name(HAM_MSG_N_KINDS), "?");
	ck_assert_str_eq(ham_msg_name(HAM_MSG_YIELD), "YIELD");
	ck_assert_str_eq(ham_msg_name(HAM_MSG_NOTE), "NOTE");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("message");
	TCase *tc = tcase_create("codec");
	int first = HAM_MSG_NONE + 1;

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, every_kind_there_and_back, first,
			    HAM_MSG_N_KINDS);
	tcase_add_loop_test(tc, every_shorter_frame_is_refused, first,
			    HAM_MSG_N_KINDS);
	tcase_add_loop_test(tc, a_longer_frame_is_refused, first,
			    HAM_MSG_N_KINDS);
	tcase_add_loop_test(tc, damage_never_crashes, first, HAM_MSG_N_KINDS);
	tcase_add_test(tc, adopt_brings_the_guests);
	tcase_add_test(tc, the_frame_is_checked);
	tcase_add_test(tc, ranges_are_checked);
	tcase_add_test(tc, only_what_is_of_a_node_names_no_guest);
	tcase_add_test(tc, more_nodes_than_there_can_be);
	tcase_add_test(tc, a_longer_blob_is_refused);
	tcase_add_test(tc, only_a_note_speaks_of_no_guest);
	tcase_add_test(tc, adopt_with_another_checksum_is_refused);
	tcase_add_test(tc, adopt_out_of_order_is_refused);
	tcase_add_test(tc, adopt_with_too_many_guests_is_refused);
	tcase_add_test(tc, insane_guests_are_refused);
	tcase_add_test(tc, a_guest_that_halts_there_and_back);
	tcase_add_test(tc, guest_entry_there_and_back);
	tcase_add_test(tc, the_largest_guest_fits);
	tcase_add_test(tc, shared_disks_there_and_back);
	tcase_add_test(tc, insane_nodes_are_refused);
	tcase_add_test(tc, adopt_brings_the_nodes);
	tcase_add_test(tc, adopt_with_nodes_out_of_order_is_refused);
	tcase_add_test(tc, kinds_have_names);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
