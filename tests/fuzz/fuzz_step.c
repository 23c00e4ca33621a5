/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_step.c - any course of events, and what the core promises
 *
 * The bytes are a script (script.h) of what happens to one core or to three.
 * Nothing may crash or leak, and every step is held against world_check.c.
 * Refuses nothing but an endless course.
 */
#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/say.h"
#include "tests/fuzz/script.h"

enum {
	ITEMS_MAX = 8, /* on a disk that is made up */
};

static const int64_t times_us[SCRIPT_TIMES] = {
	0, 1000, 300000, 1100000, 3100000, 11000000, 31000000, 200000000,
};

static void
tell_nodes(struct world *world, unsigned int i, enum ham_event_kind kind,
	   unsigned int nodes, struct ham_ring ring)
{
	uint32_t ids[WORLD_NODES + 1];
	struct ham_event event = {
		.kind = (uint8_t)kind, .ids = ids, .ring = ring};

	for (uint32_t k = 0; k < WORLD_NODES; k++)
		if (nodes & (1u << k))
			ids[event.n_ids++] = k + 1;
	if (nodes & (1u << WORLD_NODES))
		ids[event.n_ids++] = 77; /* of no cluster file */
	world_step(world, i, &event);
}

static void
view(struct world *world, struct fuzz_reader *in)
{
	unsigned int parts = fuzz_u8(in);

	world->ring_seq += 4;
	for (unsigned int i = 0; i < world->n; i++) {
		unsigned int own = parts >> 2 * i & 3;
		unsigned int nodes = 0;
		struct ham_event event = {.kind = HAM_EV_QUORUM};

		for (unsigned int k = 0; k < WORLD_NODES; k++)
			if ((parts >> 2 * k & 3) == own)
				nodes |= 1u << k;
		event.ring = (struct ham_ring){1 + own, world->ring_seq};
		event.flag = __builtin_popcount(nodes) > WORLD_NODES / 2;
		tell_nodes(world, i, HAM_EV_GROUP, own == 3 ? 0 : nodes,
			   event.ring);
		tell_nodes(world, i, HAM_EV_TOTEM, nodes, event.ring);
		world_step(world, i, &event);
	}
}

/* A hamd that had lost corosync connects to it again: the ring goes on. */
static void
rejoin(struct world *world, struct fuzz_reader *in)
{
	struct world_core *node = &world->node[fuzz_u8(in) % world->n];
	struct world_core *other = &world->node[fuzz_u8(in) % world->n];
	struct ham_event event = {.kind = HAM_EV_QUORUM, .ring = other->told};
	unsigned int nodes = 0;

	for (unsigned int k = 0; k < WORLD_NODES; k++)
		nodes |= (unsigned int)other->seen[k].here << k;
	event.flag = __builtin_popcount(nodes) > WORLD_NODES / 2;
	node->heard = world->order->len;
	tell_nodes(world, node->self - 1, HAM_EV_TOTEM, nodes, event.ring);
	for (unsigned int i = 0; i < world->n; i++)
		if (ham_ring_equal(world->node[i].told, event.ring))
			tell_nodes(world, i, HAM_EV_GROUP, nodes, event.ring);
	world_step(world, node->self - 1, &event);
}

static void
pass_time(struct world *world, struct fuzz_reader *in)
{
	unsigned int core = fuzz_u8(in);

	world->now_us += times_us[fuzz_u8(in) % SCRIPT_TIMES];
	for (unsigned int i = 0; i < world->n; i++) {
		struct ham_event event = {.kind = HAM_EV_TICK};

		if (core == SCRIPT_ALL || core % world->n == i)
			world_step(world, i, &event);
	}
}

static void
did(struct world *world, struct fuzz_reader *in)
{
	static const uint32_t ids[] = {2, 3, 2, 1, 9};
	struct ham_blob blob = {.len = 3, .bytes = {1, 2, 3}};
	struct ham_progress progress = {.disk_done = 1, .left_ms = {-1, -1}};
	unsigned int i = fuzz_u8(in) % world->n;
	struct ham_event event = {.kind = HAM_EV_DID, .progress = &progress};
	const struct ham_guest *guest;
	uint8_t flags;

	event.did = fuzz_u8(in) % HAM_DID_N;
	event.guest = world_names[fuzz_u8(in) % WORLD_NAMES];
	guest = ham_record_lookup(ham_core_record(world->node[i].core),
				  event.guest);
	flags = fuzz_u8(in);
	event.flag = flags & 1;
	event.blob = flags & 2 ? NULL : &blob;
	event.found = fuzz_u8(in) % (HAM_FOUND_REPLICA + 1);
	event.epoch = fuzz_rel(in, guest ? guest->epoch : 0);
	event.txn = fuzz_rel(in, guest ? guest->txn : 0);
	event.node = fuzz_u8(in);
	event.text = fuzz_text(fuzz_u8(in));
	event.value = (uint64_t)world->now_us - fuzz_u8(in);
	/* more copies than there is room for, and one twice */
	event.ids = ids;
	event.n_ids = event.node % (G_N_ELEMENTS(ids) + 1);
	world_step(world, i, &event);
}

static void
command(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .token = ++world->token};
	uint8_t flags;

	event.command = fuzz_u8(in) % (HAM_CMD_VERIFY + 1);
	event.guest = world_names[fuzz_u8(in) % WORLD_NAMES];
	if (event.command == HAM_CMD_CONFIRM_OFF)
		event.guest = NULL;
	event.node = fuzz_u8(in);
	flags = fuzz_u8(in);
	event.flag = flags & 1;
	if (flags & 2) {
		event.command = HAM_CMD_DRAIN + (flags >> 2) % 5;
		event.value = flags >> 4;
		event.guest = NULL;
	} else if (flags == 8 && event.guest) {
		event.command = HAM_CMD_TRIAL;
	} else if (flags & 4) {
		event.kind = HAM_EV_HEALTH;
		event.value = flags >> 3;
		event.text = fuzz_text(event.node);
	}
	world_step(world, i, &event);
}

static char *
key_of(uint8_t which)
{
	switch (which) {
	case 0:
		return g_strdup("head");
	case 1:
		return g_strdup("promise");
	case 2:
		return g_strdup("guest");
	case 3:
		return g_strdup("node/1");
	default:
		return g_strconcat("guest/", world_names[which % WORLD_NAMES],
				   NULL);
	}
}

static void
load(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	unsigned int n = fuzz_u8(in) % ITEMS_MAX;
	GHashTable *disk = world_disk_new();

	while (n-- > 0) {
		char *key = key_of(fuzz_u8(in));
		size_t len = fuzz_u16(in);
		const uint8_t *bytes = fuzz_bytes(in, &len);

		g_hash_table_insert(disk, key, g_bytes_new(bytes, len));
	}
	world_load(world, i, disk);
}

/* Something that was said, again: damaged, or as another's word. */
static void
repeat(struct world *world, struct fuzz_reader *in, bool damaged)
{
	unsigned int i = fuzz_u8(in) % world->n;
	size_t back = fuzz_u8(in);
	const struct world_frame *frame;
	g_autofree uint8_t *bytes = NULL;
	uint32_t from;

	if (back >= world->order->len)
		return;
	world->honest = false;
	frame = world->order->pdata[world->order->len - 1 - back];
	bytes = g_memdup2(frame->bytes, frame->len);
	from = frame->from;
	if (damaged) {
		size_t at = fuzz_u16(in) % frame->len;

		bytes[at] ^= fuzz_u8(in);
	} else {
		from = fuzz_u8(in);
	}
	world_message(world, i, from, bytes, frame->len);
}

static void
corosync(struct world *world, struct fuzz_reader *in, enum ham_event_kind kind)
{
	unsigned int i = fuzz_u8(in) % world->n;
	struct ham_ring ring = world->node[i].ring;
	unsigned int nodes = fuzz_u8(in);
	struct ham_event event = {.kind = HAM_EV_QUORUM, .flag = nodes & 1};

	if (kind != HAM_EV_GROUP)
		ring.seq = fuzz_rel(in, ring.seq);
	if (kind != HAM_EV_QUORUM) {
		tell_nodes(world, i, kind, nodes, ring);
		return;
	}
	event.ring = ring;
	world_step(world, i, &event);
}

static void
bare(struct world *world, struct fuzz_reader *in, enum ham_event_kind kind)
{
	unsigned int i = fuzz_u8(in) % world->n;
	struct ham_event event = {.kind = (uint8_t)kind};

	world_step(world, i, &event);
}

static void
some_bytes(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	uint32_t from = fuzz_u8(in);
	size_t len = fuzz_u16(in);
	const uint8_t *bytes = fuzz_bytes(in, &len);

	world->honest = false;
	world_message(world, i, from, bytes, len);
}

static void
persisted(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	const struct world_ticket *oldest =
		g_queue_peek_head(world->node[i].tickets);

	world_persisted(world, i, fuzz_rel(in, oldest ? oldest->number : 0));
}

static void
deliver(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	unsigned int n = fuzz_u8(in);

	while (n-- > 0 && world->steps > 0 && world_deliver(world, i))
		;
}

static void
fenced(struct world *world, struct fuzz_reader *in)
{
	unsigned int i = fuzz_u8(in) % world->n;
	uint8_t which = fuzz_u8(in);
	uint8_t flags = fuzz_u8(in);

	world_fenced(world, i, which, flags, fuzz_text(fuzz_u8(in)));
}

static void
one_op(struct world *world, struct fuzz_reader *in)
{
	enum script_op op = fuzz_u8(in) % SCRIPT_N;
	unsigned int i;
	uint8_t flags;

	switch (op) {
	case SCRIPT_SETTLE:
		world_settle(world, fuzz_u8(in));
		break;
	case SCRIPT_VIEW:
		view(world, in);
		break;
	case SCRIPT_READY:
		bare(world, in, HAM_EV_READY);
		break;
	case SCRIPT_TOTEM:
		corosync(world, in, HAM_EV_TOTEM);
		break;
	case SCRIPT_GROUP:
		corosync(world, in, HAM_EV_GROUP);
		break;
	case SCRIPT_QUORUM:
		corosync(world, in, HAM_EV_QUORUM);
		break;
	case SCRIPT_LOST:
		bare(world, in, HAM_EV_LOST);
		break;
	case SCRIPT_TIME:
		pass_time(world, in);
		break;
	case SCRIPT_DELIVER:
		deliver(world, in);
		break;
	case SCRIPT_PERSISTED:
		persisted(world, in);
		break;
	case SCRIPT_ANSWER:
		i = fuzz_u8(in) % world->n;
		flags = fuzz_u8(in);
		world_answer(world, i, flags & SCRIPT_ANSWER_WELL,
			     flags & SCRIPT_ANSWER_FLAG);
		break;
	case SCRIPT_DID:
		did(world, in);
		break;
	case SCRIPT_COMMAND:
		command(world, in);
		break;
	case SCRIPT_BYTES:
		some_bytes(world, in);
		break;
	case SCRIPT_SAY:
		fuzz_say(world, in);
		break;
	case SCRIPT_RESTART:
		world_restart(world, fuzz_u8(in) % world->n);
		break;
	case SCRIPT_LOAD:
		load(world, in);
		break;
	case SCRIPT_TWIST:
		repeat(world, in, true);
		break;
	case SCRIPT_AGAIN:
		repeat(world, in, false);
		break;
	case SCRIPT_FENCED:
		fenced(world, in);
		break;
	case SCRIPT_REJOIN:
		rejoin(world, in);
		break;
	case SCRIPT_N:
		break;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_reader in = {data, len};
	struct world *world;

	/* what GLib only complains of is a mistake of ours */
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	world = world_new(fuzz_u8(&in));
	while (in.left > 0 && world->steps > 0)
		one_op(world, &in);
	world_free(world);
	return 0;
}
