/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/samples.c - see samples.h */
#include "tests/versions/samples.h"

#include <string.h>

#include "hamd/core/wire.h"

enum {
	FEW = HAM_GUEST_N_PHASES + 1, /* one a phase, and the largest */
	INCARNATION = 77,
};

static void
fill(char *text, size_t size, char with)
{
	memset(text, with, size - 1);
	text[size - 1] = '\0';
}

/* ---- guests ---- */

static void
set_guest(struct ham_guest *g, unsigned int phase)
{
	bool moving =
		phase == HAM_GUEST_MIGRATING || phase == HAM_GUEST_IN_DOUBT;

	g_snprintf(g->name, sizeof(g->name), "web-%u.%s", phase,
		   ham_phase_name(phase));
	g->slot = (uint16_t)(10 + phase);
	g->phase = (uint8_t)phase;
	g->wanted = phase != HAM_GUEST_STOPPED;
	g->clean = phase == HAM_GUEST_STOPPED;
	g->owner_dead = phase == HAM_GUEST_MIGRATING;
	g->dst_dead = phase == HAM_GUEST_IN_DOUBT;
	g->owner = 1;
	g->dst = moving ? 2 : 0;
	g->epoch = 5 + phase;
	g->txn = 3 + phase;
	for (unsigned int r = 0; r < HAM_MAX_REPLICAS; r++) {
		/* the destination's is current in doubt, and none before */
		unsigned int state = phase == HAM_GUEST_IN_DOUBT && r == 1
					     ? HAM_REPLICA_CURRENT
					     : (HAM_REPLICA_CURRENT + r) %
						       HAM_REPLICA_N_STATES;

		g->replica[r].node = state == HAM_REPLICA_ABSENT ? 0 : 1 + r;
		g->replica[r].state = (uint8_t)state;
		g->replica[r].generation = g->replica[r].node;
	}
	if (phase == HAM_GUEST_STOPPED)
		g_strlcpy(g->reason, "it powered off", sizeof(g->reason));
}

static void
set_largest_guest(struct ham_guest *g)
{
	set_guest(g, HAM_GUEST_IN_DOUBT);
	fill(g->name, sizeof(g->name), 'x');
	g->slot = HAM_MAX_GUESTS - 1;
	g->owner_dead = true;
	g->epoch = UINT64_C(0x0102030405060708);
	g->txn = UINT64_C(0x1112131415161718);
	g->owner = UINT32_MAX;
	g->dst = UINT32_MAX - 1;
	for (unsigned int r = 0; r < HAM_MAX_REPLICAS; r++) {
		g->replica[r].node = UINT32_MAX - r;
		g->replica[r].state =
			r < 2 ? HAM_REPLICA_CURRENT : HAM_REPLICA_OUTDATED;
		g->replica[r].generation = UINT64_MAX - r;
	}
	fill(g->reason, sizeof(g->reason), 'r');
}

/* Ordered by name, as a record is. */
static struct ham_record *
few_guests(void)
{
	struct ham_record *record = g_new0(struct ham_record, 1);

	record->pos = (struct ham_pos){48, 17};
	record->n_guests = FEW;
	for (unsigned int i = 0; i < HAM_GUEST_N_PHASES; i++)
		set_guest(&record->guests[i], i);
	set_largest_guest(&record->guests[FEW - 1]);
	return record;
}

static struct ham_record *
full_record(void)
{
	struct ham_record *record = g_new0(struct ham_record, 1);

	record->n_guests = HAM_MAX_GUESTS;
	for (unsigned int i = 0; i < HAM_MAX_GUESTS; i++) {
		struct ham_guest *g = &record->guests[i];

		set_guest(g, i % HAM_GUEST_N_PHASES);
		g_snprintf(g->name, sizeof(g->name), "g%04u", i);
		g->slot = (uint16_t)i;
		g->reason[0] = '\0';
	}
	return record;
}

static void
set_node(struct ham_record *record, uint32_t node, unsigned int flags,
	 const char *reason)
{
	struct ham_node_state state = {.node = node, .flags = (uint8_t)flags};

	g_strlcpy(state.reason, reason, sizeof(state.reason));
	g_assert(ham_record_add_node(record, &state));
}

/* What is not as usual about nodes, and a guest that is away from one. */
static struct ham_record *
closed_nodes(void)
{
	struct ham_record *record = few_guests();

	record->guests[1].home = 3;
	set_node(record, 1, HAM_NODE_UNHEALTHY, "load: 12.0, at most 4.0");
	set_node(record, 3, HAM_NODE_DRAINED, "");
	set_node(record, UINT32_MAX, HAM_NODE_CLOSED, "3 times in an hour");
	return record;
}

/* Some go on without a lease for a while. */
static struct ham_record *
resting_nodes(void)
{
	struct ham_record *record = closed_nodes();

	record->nodes[0].flags |= HAM_NODE_RESTS;
	record->nodes[0].rest_s = 300;
	record->nodes[0].since = UINT64_C(0x3300000008);
	record->nodes[2].flags |= HAM_NODE_DISARMED;
	record->nodes[2].rest_s = HAM_MAX_REST_S;
	record->nodes[2].since = UINT64_C(0x3300000009);
	return record;
}

/* ---- messages ---- */

static void
set_op(struct ham_op *op, unsigned int kind)
{
	op->kind = (uint8_t)kind;
	op->flag = true;
	g_strlcpy(op->guest, ham_op_is_of_node(kind) ? "" : "web-1",
		  sizeof(op->guest));
	op->node = 2;
	op->epoch = 6;
	op->txn = kind == HAM_OP_NODE ? ham_op_node_txn(HAM_NODE_UNHEALTHY, 0)
				      : 4;
	g_strlcpy(op->reason, "an operator's wish", sizeof(op->reason));
}

/* How long others have been away, and what was heard of them. */
static void
set_nodes(struct ham_msg *m, unsigned int n)
{
	m->n_nodes = (uint8_t)n;
	for (unsigned int i = 0; i < n; i++) {
		m->away_ms[i] = i == n - 1 ? UINT32_MAX : 1500 * i;
		m->seen_us[i] = i == n - 1 ? INT64_MAX : 7000000 * (int64_t)i;
		m->leases_ms[i] = i == n - 1 ? UINT32_MAX : 10000 * i;
		m->watchdogs_ms[i] = i == n - 1 ? UINT32_MAX : 5000 * i;
	}
}

/* Every field that any message carries, each with a value of its own. */
static struct ham_msg *
plain(unsigned int kind)
{
	struct ham_msg *m = g_new0(struct ham_msg, 1);

	m->kind = (uint8_t)kind;
	m->incarnation = UINT64_C(0xc1c2c3c4c5c6c7c8);
	m->ring = (struct ham_ring){1, 48};
	m->pos = (struct ham_pos){48, 17};
	m->checksum = UINT64_C(0xf1f2f3f4f5f6f7f8);
	m->promise = 52;
	m->has_store = true;
	m->members = 0x0007;
	m->joined = 0x0003;
	m->heard = UINT64_C(0x2122232425262728);
	m->foreign_term = 44;
	set_nodes(m, 3);
	m->beat_us = 8000000;
	m->lease_ms = 10000;
	m->watchdog_ms = 5000;
	m->memory_mib = 65536;
	m->sets = HAM_SET_MAX_PAUSE | HAM_SET_ON_LIMIT;
	m->policy = (struct ham_policy){
		.max_pause_us = 150000,
		.max_duration_us = 180000000,
		.bandwidth = 17,
		.priority = 50,
		.auto_converge = true,
		.on_limit = HAM_LIMIT_WARM,
	};
	m->config_digest = UINT64_C(0x3132333435363738);
	g_strlcpy(m->version, "0.1.0", sizeof(m->version));
	m->proposer = 3;
	m->proposal = 9;
	set_op(&m->op, HAM_OP_START);
	g_strlcpy(m->guest, "web-1", sizeof(m->guest));
	m->epoch = 6;
	m->txn = 4;
	m->standing = HAM_STANDING_HOLDS;
	m->note = HAM_NOTE_MIGRATION_RAN;
	g_strlcpy(m->text, "1500", sizeof(m->text));
	m->blob.len = 4;
	memcpy(m->blob.bytes, "\x01\x00\xff\x80", 4);
	m->progress = (struct ham_progress){
		.phase = HAM_MIG_COPY,
		.disk_done = 1,
		.disk_total = 2,
		.ram_done = 3,
		.ram_total = 4,
		.ram_remaining = 5,
		.rate = 6,
		.left_ms = {9, 9},
		.pause_us = {10, 11},
		.passes = 7,
		.elapsed_ms = 8,
		.done = 12,
		.dirty_rate = 13,
		.throttle = 14,
		.verdict = HAM_CONVERGE_DOUBT,
		.needs_rate = 15,
		.needs_pause_us = 16,
	};
	return m;
}

static struct ham_msg *
largest(unsigned int kind)
{
	struct ham_msg *m = plain(kind);

	m->incarnation = m->promise = m->proposal = UINT64_MAX;
	m->checksum = m->config_digest = UINT64_MAX;
	m->ring = (struct ham_ring){UINT32_MAX, UINT64_MAX};
	m->pos = (struct ham_pos){UINT64_MAX, UINT64_MAX};
	m->members = m->joined = UINT16_MAX;
	m->heard = m->foreign_term = UINT64_MAX;
	set_nodes(m, HAM_MAX_NODES);
	m->beat_us = INT64_MAX;
	m->lease_ms = m->watchdog_ms = m->memory_mib = UINT32_MAX;
	m->proposer = m->op.node = UINT32_MAX;
	m->epoch = m->op.epoch = m->txn = m->op.txn = UINT64_MAX;
	m->standing = HAM_STANDING_N - 1;
	m->note = HAM_NOTE_N - 1;
	m->op.kind = HAM_OP_MOVE_STOP;
	m->sets = HAM_SET_ALL;
	m->policy = (struct ham_policy){
		.max_pause_us = HAM_MAX_PAUSE_US,
		.max_duration_us = HAM_MAX_DURATION_US,
		.bandwidth = UINT64_MAX,
		.priority = UINT8_MAX,
		.auto_converge = true,
		.on_limit = HAM_LIMIT_N - 1,
	};
	fill(m->version, sizeof(m->version), 'v');
	fill(m->guest, sizeof(m->guest), 'x');
	fill(m->text, sizeof(m->text), 't');
	fill(m->op.guest, sizeof(m->op.guest), 'x');
	fill(m->op.reason, sizeof(m->op.reason), 'r');
	m->blob.len = HAM_BLOB_MAX;
	for (unsigned int i = 0; i < HAM_BLOB_MAX; i++)
		m->blob.bytes[i] = (uint8_t)i;
	m->progress = (struct ham_progress){
		.phase = HAM_MIG_N - 1,
		.disk_done = UINT64_MAX,
		.disk_total = UINT64_MAX,
		.ram_done = UINT64_MAX,
		.ram_total = UINT64_MAX,
		.ram_remaining = UINT64_MAX,
		.rate = UINT64_MAX,
		.left_ms = {INT64_MAX, INT64_MAX},
		.pause_us = {INT64_MAX, INT64_MIN},
		.passes = UINT64_MAX,
		.elapsed_ms = INT64_MIN,
		.done = 1000,
		.dirty_rate = UINT64_MAX,
		.throttle = 100,
		.verdict = HAM_CONVERGE_N - 1,
		.needs_rate = UINT64_MAX,
		.needs_pause_us = INT64_MAX,
	};
	return m;
}

static void
sample_free(gpointer data)
{
	struct sample *sample = data;

	g_free(sample->name);
	g_bytes_unref(sample->bytes);
	g_free(sample);
}

static void
add(GPtrArray *samples, char *name, GBytes *bytes)
{
	struct sample *sample = g_new0(struct sample, 1);

	sample->name = name;
	sample->bytes = bytes;
	g_ptr_array_add(samples, sample);
}

static void
add_message(GPtrArray *samples, char *name, struct ham_msg *msg,
	    const struct ham_record *record)
{
	uint8_t *bytes;
	size_t len;

	if (msg->kind == HAM_MSG_ADOPT)
		msg->checksum = ham_record_checksum(record);
	bytes = ham_msg_encode(msg, record, &len);
	add(samples, name, g_bytes_new_take(bytes, len));
	g_free(msg);
}

GPtrArray *
samples_messages(void)
{
	GPtrArray *samples = g_ptr_array_new_with_free_func(sample_free);
	g_autofree struct ham_record *few = few_guests();
	g_autofree struct ham_record *full = full_record();
	g_autofree struct ham_record *none = g_new0(struct ham_record, 1);
	g_autofree struct ham_record *closed = closed_nodes();
	g_autofree struct ham_record *resting = resting_nodes();

	for (unsigned int kind = 1; kind < HAM_MSG_N_KINDS; kind++) {
		const char *word = ham_msg_name(kind);

		add_message(samples, g_strdup(word), plain(kind), few);
		add_message(samples, g_strconcat(word, "-largest", NULL),
			    largest(kind), full);
	}
	add_message(samples, g_strdup("ADOPT-empty"), plain(HAM_MSG_ADOPT),
		    none);
	add_message(samples, g_strdup("ADOPT-nodes"), plain(HAM_MSG_ADOPT),
		    closed);
	add_message(samples, g_strdup("ADOPT-resting"), plain(HAM_MSG_ADOPT),
		    resting);
	for (unsigned int op = 1; op < HAM_OP_N_KINDS; op++) {
		struct ham_msg *m = plain(HAM_MSG_RECORD);

		set_op(&m->op, op);
		add_message(samples,
			    g_strconcat("RECORD-", ham_op_name(op), NULL), m,
			    NULL);
	}
	return samples;
}

/* ---- stored items ---- */

ham_core *
samples_core(void)
{
	static const struct ham_core_guest guest = {.name = "web-1",
						     .replicas = 1};
	struct ham_core_config config = {
		.self = 1,
		.n_nodes = 1,
		.nodes = {{.id = 1, .name = "n1"}},
		.n_guests = 1,
		.guests = &guest,
		.incarnation = INCARNATION,
		.version = "sample",
	};

	return ham_core_new(&config);
}

static void
load_few(ham_core *core)
{
	g_autofree struct ham_record *few = few_guests();
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	struct ham_writer head = {bytes, 0, sizeof(bytes)};
	const char *refusal;

	ham_put_u64(&head, few->pos.term);
	ham_put_u64(&head, few->pos.count);
	ham_put_u64(&head, ham_record_checksum(few));
	refusal = ham_core_load(core, "head", bytes, head.len);
	for (unsigned int i = 0; i < few->n_guests && !refusal; i++) {
		g_autofree char *key =
			g_strconcat("guest/", few->guests[i].name, NULL);
		size_t len = ham_guest_encode(&few->guests[i], bytes);

		refusal = ham_core_load(core, key, bytes, len);
	}
	if (!refusal)
		refusal = ham_core_loaded(core);
	g_assert_cmpstr(refusal, ==, NULL);
}

/* The PERSIST with all items that the core asks for, once it has a view: its
 * own messages come back to it, its writes are done at once. */
static void
run_core(ham_core *core, const struct ham_event *first, GPtrArray *samples)
{
	struct ham_effects effects = {0};

	ham_core_step(core, first, &effects);
	for (size_t k = 0; k < effects.n; k++) {
		const struct ham_effect *fx = &effects.list[k];
		struct ham_event next = {.node = 1, .now_us = first->now_us};

		if (fx->kind == HAM_FX_PERSIST && fx->flag)
			for (size_t i = 0; i < fx->n_items; i++)
				add(samples, g_strdup(fx->items[i].key),
				    g_bytes_new(fx->items[i].value,
						fx->items[i].len));
		if (fx->kind == HAM_FX_PERSIST) {
			next.kind = HAM_EV_PERSISTED;
			next.value = fx->value;
		} else if (fx->kind == HAM_FX_SEND && samples->len == 0) {
			next.kind = HAM_EV_MESSAGE;
			next.bytes = fx->bytes;
			next.len = fx->len;
		} else {
			continue;
		}
		run_core(core, &next, samples);
	}
	ham_effects_free(&effects);
}

/* As the store gives them back. */
static int
by_name(gconstpointer a, gconstpointer b)
{
	return strcmp((*(struct sample *const *)a)->name,
		      (*(struct sample *const *)b)->name);
}

GPtrArray *
samples_items(void)
{
	GPtrArray *samples = g_ptr_array_new_with_free_func(sample_free);
	static const uint32_t self = 1;
	ham_core *core = samples_core();
	static const uint8_t kinds[] = {HAM_EV_TOTEM, HAM_EV_GROUP,
					HAM_EV_QUORUM, HAM_EV_READY};

	load_few(core);
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		struct ham_event event = {.kind = kinds[k],
					  .ids = &self,
					  .n_ids = 1,
					  .ring = {1, 52},
					  .flag = true,
					  .now_us = 1000000};

		run_core(core, &event, samples);
	}
	ham_core_free(core);
	g_assert_cmpuint(samples->len, >=, FEW + 2);
	g_ptr_array_sort(samples, by_name);
	return samples;
}
