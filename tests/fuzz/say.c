/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/say.c - see say.h */
#include "tests/fuzz/say.h"

#include <string.h>

#include "tests/fuzz/script.h"

enum {
	GUESTS_MAX = 5,
	TEXT_LONG = 600,
};

const char *
fuzz_text(uint8_t which)
{
	static char text_long[TEXT_LONG];

	switch (which % SCRIPT_TEXTS) {
	case SCRIPT_TEXT_EMPTY:
		return "";
	case SCRIPT_TEXT_WHY:
		return "why not";
	case SCRIPT_TEXT_LONG:
		memset(text_long, 'l', sizeof(text_long) - 1);
		return text_long;
	case SCRIPT_TEXT_COPY:
		return "copy";
	case SCRIPT_TEXT_NUMBER:
		return "1500";
	case SCRIPT_TEXT_MIN:
		return "-9223372036854775808";
	case SCRIPT_TEXT_MAX:
		return "9223372036854775807";
	default:
		return NULL;
	}
}

/* The newest of its kind that the core itself said; false: none. */
static bool
last_said(const struct world *world, unsigned int i, enum ham_msg_kind kind,
	  struct ham_msg *msg)
{
	for (size_t k = world->order->len; k-- > 0;) {
		const struct world_frame *frame = world->order->pdata[k];

		if (frame->kind == kind && frame->from == world->node[i].self &&
		    !ham_msg_decode(frame->bytes, frame->len, msg))
			return true;
	}
	memset(msg, 0, sizeof(*msg));
	return false;
}

static void
read_guest(struct fuzz_reader *in, struct ham_guest *guest, unsigned int k)
{
	uint8_t flags;

	memset(guest, 0, sizeof(*guest));
	g_strlcpy(guest->name, world_names[fuzz_u8(in) % WORLD_NAMES],
		  sizeof(guest->name));
	guest->slot = (uint16_t)k;
	guest->phase = fuzz_u8(in);
	guest->owner = fuzz_u8(in);
	guest->dst = fuzz_u8(in);
	guest->epoch = fuzz_rel(in, 1);
	guest->txn = fuzz_rel(in, 1);
	for (unsigned int r = 0; r < 2; r++) {
		guest->replica[r].node = fuzz_u8(in);
		guest->replica[r].state = fuzz_u8(in);
		guest->replica[r].generation = guest->epoch;
	}
	flags = fuzz_u8(in);
	guest->owner_dead = flags & SAY_OWNER_DEAD;
	guest->dst_dead = flags & SAY_DST_DEAD;
	guest->wanted = !(flags & SAY_NOT_WANTED);
}

static int
compare_guests(const void *a, const void *b)
{
	return strcmp(((const struct ham_guest *)a)->name,
		      ((const struct ham_guest *)b)->name);
}

/* What a leader would send: the core's own guests, or the input's. */
static void
read_adopt(struct fuzz_reader *in, const struct world_core *node,
	   struct ham_msg *msg, struct ham_record *record)
{
	const struct ham_record *now = ham_core_record(node->core);
	uint8_t flags;

	msg->members = fuzz_u8(in);
	msg->joined = fuzz_u8(in);
	flags = fuzz_u8(in);
	record->n_guests = now->n_guests;
	memcpy(record->guests, now->guests,
	       now->n_guests * sizeof(now->guests[0]));
	if (flags & 1) {
		record->n_guests = fuzz_u8(in) % (GUESTS_MAX + 1);
		for (unsigned int k = 0; k < record->n_guests; k++)
			read_guest(in, &record->guests[k], k);
		qsort(record->guests, record->n_guests,
		      sizeof(record->guests[0]), compare_guests);
	}
	msg->checksum = ham_record_checksum(record) ^ (flags & 2);
}

static void
read_op(struct fuzz_reader *in, const struct world_core *node, const char *name,
	struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(node->core), name);
	struct ham_op *op = &msg->op;

	msg->proposer = fuzz_u8(in);
	msg->proposal = fuzz_u8(in);
	op->kind = fuzz_u8(in);
	op->flag = fuzz_u8(in) & 1;
	op->node = fuzz_u8(in);
	op->epoch = fuzz_rel(in, guest ? guest->epoch : 0);
	op->txn = fuzz_rel(in, guest ? guest->txn : 0);
	if (!ham_op_is_of_node(op->kind))
		g_strlcpy(op->guest, name, sizeof(op->guest));
	g_strlcpy(op->reason, msg->text, sizeof(op->reason));
}

static void
read_handover(struct fuzz_reader *in, const struct world_core *node,
	      const char *name, struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(node->core), name);

	g_strlcpy(msg->guest, name, sizeof(msg->guest));
	msg->epoch = fuzz_rel(in, guest ? guest->epoch : 0);
	msg->txn = fuzz_rel(in, guest ? guest->txn : 0);
	msg->standing = fuzz_u8(in);
	msg->note = fuzz_u8(in);
	msg->blob.len = fuzz_u8(in);
	memset(msg->blob.bytes, 'b', msg->blob.len);
	msg->progress.phase = msg->note;
	msg->progress.left_ms[0] = msg->progress.left_ms[1] = -1;
}

/* As one who has heard whom the core has heard. */
static void
read_exchange(struct fuzz_reader *in, const struct world *world, unsigned int i,
	      struct ham_msg *msg)
{
	const struct ham_record *now = ham_core_record(world->node[i].core);
	struct ham_msg own;
	bool said = last_said(world, i, HAM_MSG_EXCHANGE, &own);
	uint8_t flags, away;

	msg->promise = fuzz_rel(in, said ? own.promise : now->pos.term);
	flags = fuzz_u8(in);
	away = fuzz_u8(in);
	msg->has_store = flags & SAY_HAS_STORE;
	msg->config_digest = flags & SAY_OTHER ? 8 : 7;
	msg->heard = own.heard ^ (flags & SAY_HEARD_OTHERS);
	msg->foreign_term = flags & SAY_FOREIGN ? now->pos.term : 0;
	msg->n_nodes = flags & SAY_NO_NODES ? 0 : WORLD_NODES;
	for (unsigned int k = 0; k < msg->n_nodes; k++)
		msg->away_ms[k] = away == UINT8_MAX ? UINT32_MAX : away * 1000u;
}

static int64_t
read_time(struct fuzz_reader *in, int64_t base)
{
	uint64_t time = fuzz_rel(in, (uint64_t)base);

	return time == UINT64_MAX ? INT64_MAX : (int64_t)time;
}

static void
read_heartbeat(struct fuzz_reader *in, const struct world *world,
	       unsigned int i, struct ham_msg *msg)
{
	struct ham_msg own;
	int64_t seen;
	uint8_t flags;

	last_said(world, i, HAM_MSG_HEARTBEAT, &own);
	msg->beat_us = read_time(in, world->now_us);
	seen = read_time(in, own.beat_us);
	msg->lease_ms = fuzz_u8(in) * 100u;
	msg->watchdog_ms = fuzz_u8(in) * 100u;
	flags = fuzz_u8(in);
	msg->n_nodes = flags & SAY_NO_NODES ? 0 : WORLD_NODES;
	for (unsigned int k = 0; k < msg->n_nodes; k++)
		msg->seen_us[k] = flags & SAY_OTHER ? -seen : seen;
}

static void
read_leases(struct fuzz_reader *in, struct ham_msg *msg)
{
	uint8_t flags = fuzz_u8(in);

	msg->n_nodes = flags & SAY_NO_NODES ? 0 : WORLD_NODES;
	for (unsigned int k = 0; k < msg->n_nodes; k++) {
		msg->leases_ms[k] = fuzz_u8(in) * 100u;
		msg->watchdogs_ms[k] = fuzz_u8(in) * 100u;
	}
}

static void
read_body(struct fuzz_reader *in, struct world *world, unsigned int i,
	  struct ham_msg *msg, struct ham_record *record)
{
	const struct world_core *node = &world->node[i];
	const struct ham_record *now = ham_core_record(node->core);
	const char *name = world_names[fuzz_u8(in) % WORLD_NAMES];
	const char *text = fuzz_text(fuzz_u8(in));

	g_strlcpy(msg->text, text ? text : "", sizeof(msg->text));
	g_strlcpy(msg->version, "voice", sizeof(msg->version));
	if (msg->kind <= HAM_MSG_CHECK) {
		msg->pos.term = fuzz_rel(in, now->pos.term);
		msg->pos.count = fuzz_rel(in, now->pos.count);
	}
	switch (msg->kind) {
	case HAM_MSG_EXCHANGE:
		read_exchange(in, world, i, msg);
		break;
	case HAM_MSG_STORED:
		msg->config_digest = fuzz_u8(in) & SAY_OTHER ? 8 : 7;
		break;
	case HAM_MSG_CHECK:
		msg->checksum =
			ham_record_checksum(now) ^ (fuzz_u8(in) & SAY_OTHER);
		break;
	case HAM_MSG_HEARTBEAT:
		read_heartbeat(in, world, i, msg);
		break;
	case HAM_MSG_LEASES:
		read_leases(in, msg);
		break;
	case HAM_MSG_ADOPT:
		read_adopt(in, node, msg, record);
		break;
	case HAM_MSG_PROPOSE:
	case HAM_MSG_RECORD:
		read_op(in, node, name, msg);
		break;
	default:
		read_handover(in, node, name, msg);
		break;
	}
}

void
fuzz_say(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	uint32_t sender = fuzz_u8(in);
	static struct ham_record record; /* large, so not made anew */
	g_autofree uint8_t *bytes = NULL;
	struct ham_msg msg = {0};
	size_t len;

	world->honest = false;
	msg.kind = (uint8_t)(1 + fuzz_u8(in) % (HAM_MSG_N_KINDS - 1));
	msg.ring = world->node[i].ring;
	msg.incarnation = sender;
	record.n_guests = 0;
	read_body(in, world, i, &msg, &record);
	bytes = ham_msg_encode(&msg, &record, &len);
	world_message(world, i, sender, bytes, len);
}
