/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/bus.c - see bus.h */
#include "tests/unit/bus.h"

#include <check.h>
#include <string.h>

/* What a healthy guest layer answers; FOUND stands for "nothing". */
static const enum ham_did answers[HAM_DO_N] = {
	[HAM_DO_LAUNCH] = HAM_DID_LAUNCHED,
	[HAM_DO_SHUTDOWN] = HAM_DID_GONE,
	[HAM_DO_KILL] = HAM_DID_GONE,
	[HAM_DO_PREPARE] = HAM_DID_PREPARED,
	[HAM_DO_COPY] = HAM_DID_GATE,
	[HAM_DO_WIRE] = HAM_DID_WIRED,
	[HAM_DO_UNDO] = HAM_DID_UNDONE,
	[HAM_DO_CAPTURE] = HAM_DID_CAPTURED,
	[HAM_DO_HALT] = HAM_DID_HALTED,
	[HAM_DO_SILENCE] = HAM_DID_SILENCED,
	[HAM_DO_RESUME] = HAM_DID_RESUMED,
	[HAM_DO_FINISH] = HAM_DID_FINISHED,
	[HAM_DO_TAKEOVER] = HAM_DID_HELD,
	[HAM_DO_RUN] = HAM_DID_RAN,
	[HAM_DO_DISCARD] = HAM_DID_DISCARDED,
	[HAM_DO_CLOSE] = HAM_DID_CLOSED,
	[HAM_DO_SLOT_DROP] = HAM_DID_SLOT_DROPPED,
	[HAM_DO_LOOK] = HAM_DID_LOOKED,
	[HAM_DO_SERVE] = HAM_DID_SERVED,
	[HAM_DO_NARROW] = HAM_DID_NARROWED,
	[HAM_DO_SLOT_FILL] = HAM_DID_SLOT_FILLED,
	[HAM_DO_SLOT_SET] = HAM_DID_SLOT_SET,
	[HAM_DO_VERIFY] = HAM_DID_VERIFIED,
	[HAM_DO_RESIZE] = HAM_DID_RESIZED,
};

struct bus_frame {
	unsigned int from;
	uint64_t incarnation;
	struct ham_ring ring;
	GBytes *bytes; /* NULL: a group change */
	unsigned int part;
};

static void step(struct bus *bus, unsigned int i, struct ham_event *event);

static void
frame_free(gpointer data)
{
	struct bus_frame *f = data;

	if (f->bytes)
		g_bytes_unref(f->bytes);
	g_free(f);
}

struct bus *
bus_new(unsigned int n, unsigned int replicas)
{
	struct bus *bus = g_new0(struct bus, 1);

	bus->n = n;
	bus->queue = g_queue_new();
	bus->all_acts = g_string_new("");
	bus->now_us = 1000000;
	bus->ring_seq = 4;
	bus->fence_delay_us = G_USEC_PER_SEC;
	g_strlcpy(bus->guest.name, "g", sizeof(bus->guest.name));
	bus->guest.replicas = replicas;
	bus->guest.policy.max_duration_us = 180 * G_USEC_PER_SEC;
	for (unsigned int i = 0; i < n; i++) {
		struct bus_node *node = &bus->node[i];

		node->disk =
			g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      (GDestroyNotify)g_bytes_unref);
		node->tickets = g_array_new(FALSE, FALSE, sizeof(uint64_t));
		node->acts = g_string_new("");
		node->boot = 1;
		/* random in life: no two are alike */
		node->incarnation = 1000 * i;
		node->notes = g_string_new("");
		node->tried = g_string_new("");
		node->ring = (struct ham_ring){1, bus->ring_seq};
		node->quorate = true;
	}
	return bus;
}

void
bus_free(struct bus *bus)
{
	for (unsigned int i = 0; i < bus->n; i++) {
		struct bus_node *node = &bus->node[i];

		ham_core_free(node->core);
		g_hash_table_destroy(node->disk);
		g_array_free(node->tickets, TRUE);
		g_string_free(node->acts, TRUE);
		g_string_free(node->notes, TRUE);
		g_string_free(node->tried, TRUE);
	}
	g_queue_free_full(bus->queue, frame_free);
	g_string_free(bus->all_acts, TRUE);
	g_free(bus);
}

static void
note_vcpus(struct bus *bus, unsigned int i, enum ham_do act)
{
	struct bus_node *node = &bus->node[i];

	switch (act) {
	case HAM_DO_LAUNCH:
	case HAM_DO_RESUME:
	case HAM_DO_RUN:
		node->vcpus = true;
		break;
	case HAM_DO_CAPTURE:
	case HAM_DO_HALT:
	case HAM_DO_KILL:
	case HAM_DO_SHUTDOWN:
	case HAM_DO_FINISH:
	case HAM_DO_DISCARD:
		node->vcpus = false;
		break;
	default:
		break;
	}
	ck_assert_msg(bus_runners(bus) <= 1, "I1: the guest runs twice");
}

static void
answer(struct bus *bus, unsigned int i, const struct ham_effect *fx)
{
	struct bus_node *node = &bus->node[i];
	enum ham_do act = (enum ham_do)fx->act;
	/* each tells its node; the core puts a line's end between two */
	struct ham_blob blob = {
		.len = 2,
		.bytes = {(uint8_t)(i + 1), (uint8_t)(0x80 | node->life)}};
	uint32_t ids[HAM_MAX_SLOTS];
	struct ham_event event = {.kind = HAM_EV_DID,
				  .guest = fx->guest,
				  .blob = &blob,
				  .ids = ids,
				  .node = fx->node,
				  .epoch = fx->epoch};

	if (act == HAM_DO_SERVE)
		blob.bytes[1] = (uint8_t)(0x80 | ++node->life);
	g_string_append_printf(node->acts, "%s ", ham_do_name(act));
	g_string_append_printf(bus->all_acts, "%u:%s:%s ", i + 1,
			       ham_do_name(act), fx->guest);
	if (act != HAM_DO_LAUNCH || !fx->flag) /* else it is not to run */
		note_vcpus(bus, i, act);
	if ((node->silent >> act & 1) || answers[act] == HAM_DID_NONE)
		return;
	event.flag = act == HAM_DO_HALT || act == HAM_DO_SHUTDOWN ||
		     act == HAM_DO_UNDO || act == HAM_DO_SLOT_DROP ||
		     act == HAM_DO_FINISH || act == HAM_DO_LOOK ||
		     act == HAM_DO_SLOT_SET || act == HAM_DO_VERIFY ||
		     act == HAM_DO_RESIZE ||
		     (act == HAM_DO_DISCARD && fx->flag);
	event.value = act == HAM_DO_SHUTDOWN ? HAM_ENDED_EQUAL : 0;
	for (uint16_t k = 0; act == HAM_DO_WIRE && k < fx->blob.len; k++)
		if (fx->blob.bytes[k] != '\n' && fx->blob.bytes[k] < 0x80)
			ids[event.n_ids++] = fx->blob.bytes[k];
	if (act == HAM_DO_CAPTURE) {
		event.did = HAM_DID_DRAINED;
		step(bus, i, &event);
	}
	if (act == HAM_DO_COPY) {
		event.did = HAM_DID_OFFERED;
		step(bus, i, &event);
	}
	event.did = (uint8_t)answers[act];
	step(bus, i, &event);
}

static void
store(struct bus_node *node, const struct ham_effect *fx)
{
	if (fx->flag)
		g_hash_table_remove_all(node->disk);
	for (size_t k = 0; k < fx->n_items; k++)
		g_hash_table_insert(
			node->disk, g_strdup(fx->items[k].key),
			g_bytes_new(fx->items[k].value, fx->items[k].len));
}

/* "o" of an owner, "d" of a destination, as many as it is to tell. */
static void
tell_facts(struct bus *bus, unsigned int i, const struct ham_effect *fx)
{
	const struct bus_node *node = &bus->node[i];
	g_autofree char *text =
		g_strnfill(MAX(node->facts, 1u), fx->flag ? 'o' : 'd');
	struct ham_event event = {.kind = HAM_EV_TRIED,
				  .guest = fx->guest,
				  .epoch = fx->epoch,
				  .txn = fx->txn,
				  .bytes = (const uint8_t *)text,
				  .len = strlen(text)};

	if (!node->mute)
		step(bus, i, &event);
}

static void
hear_facts(struct bus_node *node, const struct ham_effect *fx)
{
	if (fx->node)
		g_string_append_printf(node->tried, "%u:%.*s ", fx->node,
				       (int)fx->len, (const char *)fx->bytes);
	else
		g_string_append_printf(node->tried, "over:%x:%s",
				       (unsigned int)fx->txn, fx->text);
}

static void
carry_out(struct bus *bus, unsigned int i, const struct ham_effect *fx)
{
	struct bus_node *node = &bus->node[i];
	struct ham_event done = {.kind = HAM_EV_PERSISTED};
	struct bus_frame *f;

	switch ((enum ham_effect_kind)fx->kind) {
	case HAM_FX_SEND:
		f = g_new0(struct bus_frame, 1);
		f->from = i;
		f->incarnation = node->incarnation;
		f->ring = node->ring;
		f->bytes = g_bytes_new(fx->bytes, fx->len);
		g_queue_push_tail(bus->queue, f);
		break;
	case HAM_FX_PERSIST:
		if (node->store_held) {
			g_array_append_val(node->tickets, fx->value);
			break;
		}
		store(node, fx);
		done.value = fx->value;
		step(bus, i, &done);
		break;
	case HAM_FX_GUEST:
		answer(bus, i, fx);
		break;
	case HAM_FX_REPLY:
		node->answers++;
		g_strlcpy(node->last_error, fx->error_class ? fx->text : "",
			  sizeof(node->last_error));
		break;
	case HAM_FX_NOTE:
		if (!fx->flag)
			g_string_append_printf(node->notes, "%s:%s\n",
					       ham_note_name(fx->note),
					       fx->text);
		break;
	case HAM_FX_REJOIN:
		ck_abort_msg("node %u lost its place in the order", i + 1);
		break;
	case HAM_FX_FATAL:
		g_strlcpy(node->fatal, fx->text, sizeof(node->fatal));
		break;
	case HAM_FX_FENCE_DOUBT:
		g_string_append_printf(node->acts, "DOUBT%u ", fx->node);
		break;
	case HAM_FX_FENCE:
		g_string_append_printf(node->acts, "%s%u ",
				       fx->value ? "FENCE" : "CALLED_OFF",
				       fx->node);
		node->attempt = fx->value;
		node->target = fx->node;
		break;
	case HAM_FX_LEASE:
		node->lease_until_us = (int64_t)fx->value;
		break;
	case HAM_FX_FREEZE:
		node->frozen = fx->flag;
		g_string_append(node->acts, fx->flag ? "FREEZE " : "THAW ");
		break;
	case HAM_FX_DISARM:
		node->disarmed = fx->flag;
		g_string_append(node->acts, fx->flag ? "DISARM " : "ARM ");
		break;
	case HAM_FX_TRIAL:
		tell_facts(bus, i, fx);
		break;
	case HAM_FX_TRIED:
		hear_facts(node, fx);
		break;
	}
}

static void
step(struct bus *bus, unsigned int i, struct ham_event *event)
{
	struct ham_effects fx = {0};

	event->now_us = bus->now_us;
	ham_core_step(bus->node[i].core, event, &fx);
	/* what is answered at once comes after all that was said with it */
	for (size_t k = 0; k < fx.n; k++)
		if (fx.list[k].kind != HAM_FX_GUEST)
			carry_out(bus, i, &fx.list[k]);
	for (size_t k = 0; k < fx.n; k++)
		if (fx.list[k].kind == HAM_FX_GUEST)
			carry_out(bus, i, &fx.list[k]);
	ham_effects_free(&fx);
}

static void
tell_group(struct bus *bus, unsigned int i)
{
	uint32_t ids[BUS_MAX];
	struct ham_event event = {.kind = HAM_EV_GROUP, .ids = ids};

	for (unsigned int k = 0; k < bus->n; k++)
		if (bus->node[k].up && bus->node[k].part == bus->node[i].part)
			ids[event.n_ids++] = k + 1;
	step(bus, i, &event);
}

static void
tell_ring(struct bus *bus, unsigned int i)
{
	uint32_t ids[BUS_MAX];
	struct ham_event event = {.kind = HAM_EV_TOTEM, .ids = ids};

	for (unsigned int k = 0; k < bus->n; k++)
		if (bus->node[k].part == bus->node[i].part)
			ids[event.n_ids++] = k + 1;
	event.ring = bus->node[i].ring;
	step(bus, i, &event);
	event.kind = HAM_EV_QUORUM;
	event.flag = bus->node[i].quorate;
	step(bus, i, &event);
}

static void
queue_group(struct bus *bus, unsigned int i)
{
	struct bus_frame *f = g_new0(struct bus_frame, 1);

	f->from = i;
	f->part = bus->node[i].part;
	f->ring = bus->node[i].ring;
	g_queue_push_tail(bus->queue, f);
}

void
bus_up(struct bus *bus, unsigned int i)
{
	struct bus_node *node = &bus->node[i];
	struct ham_core_config config = {
		.self = i + 1,
		.n_nodes = bus->n,
		.n_guests = bus->guests ? bus->n_guests : 1,
		.guests = bus->guests ? bus->guests : &bus->guest,
		.lease_us = bus->lease_us,
		.watchdog_us = node->disarmed ? 0 : bus->lease_us,
		/* what an earlier life may have been granted, as hamd has it */
		.lease_until_us = node->vcpus ? bus->now_us + bus->lease_us : 0,
		.fence_delay_us = bus->fence_delay_us,
		.two_node_delay_us = BUS_TWO_NODE_US,
		.parallel_migrations = bus->parallel_migrations,
		.cluster_migrations = bus->cluster_migrations,
		.boot = node->boot,
		.quarantine_after = bus->quarantine_after,
		.quarantine_window_us = INT64_C(3600) * 1000000,
		.version = "test"};
	struct ham_event ready = {.kind = HAM_EV_READY};
	GHashTableIter iter;
	gpointer key;
	gpointer value;

	ck_assert(!node->up);
	for (unsigned int k = 0; k < bus->n; k++) {
		config.nodes[k].id = k + 1;
		g_snprintf(config.nodes[k].name, HAM_NAME_SIZE, "n%u", k + 1);
		config.nodes[k].fenced = bus->fences;
	}
	config.memory_mib = bus->memory_mib[i];
	config.config_digest = bus->config_digest[i];
	config.incarnation = ++node->incarnation;
	ham_core_free(node->core);
	node->core = ham_core_new(&config);
	g_hash_table_iter_init(&iter, node->disk);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		gsize len;
		const uint8_t *bytes = g_bytes_get_data(value, &len);

		ck_assert_ptr_null(ham_core_load(node->core, key, bytes, len));
	}
	ck_assert_ptr_null(ham_core_loaded(node->core));
	node->up = true;
	(void)ready;
	tell_ring(bus, i);
	queue_group(bus, i);
}

static void
make_ready(struct bus *bus, unsigned int i)
{
	struct ham_event ready = {.kind = HAM_EV_READY};

	step(bus, i, &ready);
}

void
bus_down(struct bus *bus, unsigned int i)
{
	bus->node[i].up = false;
	bus->node[i].store_held = false;
	g_array_set_size(bus->node[i].tickets, 0);
	queue_group(bus, i);
}

void
bus_split(struct bus *bus, const char *parts)
{
	ck_assert_uint_eq(strlen(parts), bus->n);
	bus->ring_seq += 4;
	for (unsigned int i = 0; i < bus->n; i++) {
		struct bus_node *node = &bus->node[i];
		unsigned int size = 0;
		unsigned int rep = 0;

		node->part = (unsigned int)(parts[i] - '0');
		for (unsigned int k = bus->n; k-- > 0;)
			if (parts[k] == parts[i]) {
				size++;
				rep = k + 1;
			}
		node->ring = (struct ham_ring){rep, bus->ring_seq};
		node->quorate = bus->two_node || size > bus->n / 2;
	}
	for (unsigned int i = 0; i < bus->n; i++) {
		if (!bus->node[i].up)
			continue;
		tell_group(bus, i);
		tell_ring(bus, i);
	}
}

static void
deliver(struct bus *bus, const struct bus_frame *f)
{
	for (unsigned int i = 0; i < bus->n; i++) {
		struct ham_event event = {.kind = HAM_EV_MESSAGE,
					  .node = f->from + 1};
		gsize len;

		if (!bus->node[i].up ||
		    !ham_ring_equal(bus->node[i].ring, f->ring))
			continue;
		if (!f->bytes) {
			tell_group(bus, i);
			if (i == f->from)
				make_ready(bus, i);
			continue;
		}
		event.bytes = g_bytes_get_data(f->bytes, &len);
		event.len = len;
		step(bus, i, &event);
	}
}

bool
bus_step(struct bus *bus)
{
	struct bus_frame *f = g_queue_pop_head(bus->queue);

	if (!f)
		return false;
	deliver(bus, f);
	frame_free(f);
	return true;
}

void
bus_run(struct bus *bus)
{
	unsigned int budget = 10000;

	while (bus_step(bus))
		ck_assert_msg(--budget > 0, "the cores talk without end");
}

void
bus_time(struct bus *bus, int64_t us)
{
	struct ham_event tick = {.kind = HAM_EV_TICK};

	bus->now_us += us;
	for (unsigned int i = 0; i < bus->n; i++)
		if (bus->node[i].up)
			step(bus, i, &tick);
	bus_run(bus);
}

void
bus_command(struct bus *bus, unsigned int i, enum ham_command command,
	    unsigned int target)
{
	static uint64_t token;
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .guest = "g",
				  .node = target,
				  .token = ++token};

	g_strlcpy(bus->node[i].last_error, "no answer",
		  sizeof(bus->node[i].last_error));
	step(bus, i, &event);
}

void
bus_event(struct bus *bus, unsigned int i, struct ham_event *event)
{
	step(bus, i, event);
}

void
bus_say(struct bus *bus, unsigned int from, unsigned int to,
	const struct ham_msg *msg)
{
	struct ham_msg said = *msg;
	struct ham_event event = {.kind = HAM_EV_MESSAGE, .node = from + 1};
	g_autofree uint8_t *bytes = NULL;

	said.incarnation = bus->node[from].incarnation;
	said.ring = bus->node[to].ring;
	bytes = ham_msg_encode(&said, NULL, &event.len);
	event.bytes = bytes;
	step(bus, to, &event);
}

void
bus_did(struct bus *bus, unsigned int i, enum ham_did did, const char *text,
	bool flag)
{
	struct ham_blob blob = {.len = 1, .bytes = {42}};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)did,
				  .guest = "g",
				  .text = text,
				  .flag = flag,
				  .blob = &blob};

	if (did == HAM_DID_GONE)
		bus->node[i].vcpus = false;
	step(bus, i, &event);
}

void
bus_found(struct bus *bus, unsigned int i, enum ham_found found, uint64_t epoch,
	  uint64_t txn)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = (uint8_t)found,
				  .guest = "g",
				  .epoch = epoch,
				  .txn = txn};

	step(bus, i, &event);
}

void
bus_fenced(struct bus *bus, unsigned int i, bool off)
{
	struct ham_event event = {.kind = HAM_EV_FENCED,
				  .node = bus->node[i].target,
				  .value = bus->node[i].attempt,
				  .flag = off,
				  .text = off ? "switched off"
					      : "no answer in 10 s"};

	step(bus, i, &event);
	bus_run(bus);
}

void
bus_store_go(struct bus *bus, unsigned int i)
{
	struct ham_event done = {.kind = HAM_EV_PERSISTED};
	struct bus_node *node = &bus->node[i];

	node->store_held = false;
	if (node->tickets->len == 0)
		return;
	done.value =
		g_array_index(node->tickets, uint64_t, node->tickets->len - 1);
	g_array_set_size(node->tickets, 0);
	step(bus, i, &done);
}

const struct ham_guest *
bus_guest(struct bus *bus, unsigned int i)
{
	return ham_record_lookup(ham_core_record(bus->node[i].core), "g");
}

bool
bus_active(struct bus *bus, unsigned int i)
{
	struct ham_core_view view;

	ham_core_get_view(bus->node[i].core, &view);
	return view.active;
}

unsigned int
bus_runners(struct bus *bus)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < bus->n; i++)
		n += bus->node[i].vcpus;
	return n;
}

bool
bus_equal(struct bus *bus, unsigned int i)
{
	const struct ham_record *a = ham_core_record(bus->node[i].core);

	for (unsigned int k = 0; k < bus->n; k++) {
		const struct ham_record *b;

		if (!bus->node[k].up || bus->node[k].part != bus->node[i].part)
			continue;
		b = ham_core_record(bus->node[k].core);
		if (ham_pos_compare(a->pos, b->pos) != 0 ||
		    ham_record_checksum(a) != ham_record_checksum(b))
			return false;
	}
	return true;
}
