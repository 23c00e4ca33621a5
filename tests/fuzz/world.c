/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/world.c - see world.h; what a step asks for, and its answers */
#include "tests/fuzz/world.h"

#include <string.h>

#include "hamd/core/wire.h"
#include "tests/fuzz/script.h"

enum {
	SETTLE_ROUNDS = 200,
	KIND_AT = 5, /* in a frame: doc/protocol.md, "Wire format" */
};

/* What a guest layer answers if all goes well, and if not. */
static const uint8_t answers[HAM_DO_N][2] = {
	[HAM_DO_LAUNCH] = {HAM_DID_LAUNCH_FAILED, HAM_DID_LAUNCHED},
	[HAM_DO_SHUTDOWN] = {HAM_DID_GONE, HAM_DID_GONE},
	[HAM_DO_KILL] = {HAM_DID_GONE, HAM_DID_GONE},
	[HAM_DO_PREPARE] = {HAM_DID_PREPARE_FAILED, HAM_DID_PREPARED},
	[HAM_DO_COPY] = {HAM_DID_COPY_FAILED, HAM_DID_GATE},
	[HAM_DO_UNDO] = {HAM_DID_UNDONE, HAM_DID_UNDONE},
	[HAM_DO_CAPTURE] = {HAM_DID_CAPTURE_FAILED, HAM_DID_CAPTURED},
	[HAM_DO_HALT] = {HAM_DID_HALTED, HAM_DID_HALTED},
	[HAM_DO_SILENCE] = {HAM_DID_SILENCED, HAM_DID_SILENCED},
	[HAM_DO_RESUME] = {HAM_DID_RESUME_FAILED, HAM_DID_RESUMED},
	[HAM_DO_FINISH] = {HAM_DID_FINISHED, HAM_DID_FINISHED},
	[HAM_DO_WIRE] = {HAM_DID_NONE, HAM_DID_WIRED},
	[HAM_DO_TAKEOVER] = {HAM_DID_TAKEOVER_FAILED, HAM_DID_HELD},
	[HAM_DO_RUN] = {HAM_DID_RUN_FAILED, HAM_DID_RAN},
	[HAM_DO_DISCARD] = {HAM_DID_DISCARDED, HAM_DID_DISCARDED},
	[HAM_DO_CLOSE] = {HAM_DID_CLOSED, HAM_DID_CLOSED},
	[HAM_DO_SLOT_DROP] = {HAM_DID_SLOT_DROPPED, HAM_DID_SLOT_DROPPED},
	[HAM_DO_LOOK] = {HAM_DID_LOOKED, HAM_DID_LOOKED},
	[HAM_DO_SERVE] = {HAM_DID_SERVE_FAILED, HAM_DID_SERVED},
	[HAM_DO_NARROW] = {HAM_DID_NARROWED, HAM_DID_NARROWED},
	[HAM_DO_SLOT_FILL] = {HAM_DID_SLOT_FILL_FAILED, HAM_DID_SLOT_FILLED},
	[HAM_DO_SLOT_SET] = {HAM_DID_SLOT_SET, HAM_DID_SLOT_SET},
	[HAM_DO_VERIFY] = {HAM_DID_VERIFIED, HAM_DID_VERIFIED},
	[HAM_DO_RESIZE] = {HAM_DID_RESIZED, HAM_DID_RESIZED},
};

/* ---- effects ---- */

static void
item_free(gpointer data)
{
	struct world_item *item = data;

	g_free(item->key);
	g_free(item->value);
	g_free(item);
}

void
world_ticket_free(gpointer data)
{
	struct world_ticket *ticket = data;

	g_ptr_array_unref(ticket->items);
	g_free(ticket);
}

static void
queue_frame(struct world *world, const struct world_core *node,
	    const struct ham_effect *fx)
{
	struct world_frame *frame = g_new0(struct world_frame, 1);

	frame->from = node->self;
	frame->ring = node->told;
	frame->kind = fx->bytes[5];
	frame->bytes = g_memdup2(fx->bytes, fx->len);
	frame->len = fx->len;
	g_ptr_array_add(world->order, frame);
}

static void
queue_ticket(struct world_core *node, const struct ham_effect *fx)
{
	struct world_ticket *ticket = g_new0(struct world_ticket, 1);

	ticket->number = fx->value;
	ticket->all = fx->flag;
	ticket->items = g_ptr_array_new_with_free_func(item_free);
	for (size_t k = 0; k < fx->n_items; k++) {
		struct world_item *item = g_new0(struct world_item, 1);
		struct ham_reader r = {fx->items[k].value, fx->items[k].len, 0,
				       false};

		item->key = g_strdup(fx->items[k].key);
		item->value = g_memdup2(fx->items[k].value, fx->items[k].len);
		item->len = fx->items[k].len;
		g_ptr_array_add(ticket->items, item);
		if (strcmp(item->key, "head") != 0)
			continue;
		ticket->has_head = true;
		ticket->pos.term = ham_get_u64(&r);
		ticket->pos.count = ham_get_u64(&r);
	}
	g_queue_push_tail(node->tickets, ticket);
}

static void
queue_act(struct world_core *node, const struct ham_effect *fx)
{
	struct world_act act = {.act = fx->act,
				.epoch = fx->epoch,
				.txn = fx->txn,
				.node = fx->node};

	g_strlcpy(act.guest, fx->guest, sizeof(act.guest));
	g_array_append_val(node->acts, act);
}

static void
carry_out(struct world *world, struct world_core *node,
	  const struct ham_effect *fx)
{
	struct world_fence fence = {.node = fx->node, .attempt = fx->value};

	switch (fx->kind) {
	case HAM_FX_SEND:
		queue_frame(world, node, fx);
		break;
	case HAM_FX_PERSIST:
		queue_ticket(node, fx);
		break;
	case HAM_FX_GUEST:
		queue_act(node, fx);
		break;
	case HAM_FX_FENCE:
		g_array_append_val(node->fences, fence);
		break;
	case HAM_FX_LEASE:
		node->lease_until_us = (int64_t)fx->value;
		break;
	default:
		break;
	}
}

void
world_step(struct world *world, unsigned int i, struct ham_event *event)
{
	struct world_core *node = &world->node[i];
	struct ham_effects *effects = &world->effects;

	if (world->steps == 0)
		return;
	world->steps--;
	event->now_us = world->now_us;
	world_death_told(world, node, event);
	if (event->kind == HAM_EV_TOTEM)
		node->ring = node->told = event->ring;
	if (event->kind == HAM_EV_LOST)
		node->ring = node->told = (struct ham_ring){0, 0};
	if (event->kind == HAM_EV_COMMAND)
		g_hash_table_insert(node->asked, GUINT_TO_POINTER(event->token),
				    GUINT_TO_POINTER(1));
	node->adopting = event->kind == HAM_EV_MESSAGE &&
			 event->len > KIND_AT &&
			 event->bytes[KIND_AT] == HAM_MSG_ADOPT;
	ham_core_step(node->core, event, effects);
	world_check_step(world, node, effects);
	for (size_t k = 0; k < effects->n; k++)
		carry_out(world, node, &effects->list[k]);
	ham_effects_clear(effects);
}

void
world_message(struct world *world, unsigned int i, uint32_t from,
	      const uint8_t *bytes, size_t len)
{
	g_autofree uint8_t *copy = g_memdup2(bytes, len);
	struct ham_event event = {.kind = HAM_EV_MESSAGE,
				  .node = from,
				  .bytes = copy,
				  .len = len};

	world_step(world, i, &event);
}

bool
world_deliver(struct world *world, unsigned int i)
{
	struct world_core *node = &world->node[i];

	while (node->heard < world->order->len) {
		const struct world_frame *frame =
			world->order->pdata[node->heard++];

		if (!ham_ring_equal(frame->ring, node->ring))
			continue;
		world_message(world, i, frame->from, frame->bytes, frame->len);
		return true;
	}
	return false;
}

static void
put_to_disk(struct world_core *node, const struct world_ticket *ticket)
{
	if (ticket->all)
		g_hash_table_remove_all(node->disk);
	for (guint k = 0; k < ticket->items->len; k++) {
		const struct world_item *item = ticket->items->pdata[k];

		g_hash_table_insert(node->disk, g_strdup(item->key),
				    g_bytes_new(item->value, item->len));
	}
}

bool
world_persisted(struct world *world, unsigned int i, uint64_t ticket)
{
	struct world_core *node = &world->node[i];
	struct ham_event event = {.kind = HAM_EV_PERSISTED, .value = ticket};
	bool any = false;

	while (!g_queue_is_empty(node->tickets)) {
		struct world_ticket *t = g_queue_peek_head(node->tickets);

		if (t->number > ticket)
			break;
		any = true;
		put_to_disk(node, t);
		if (t->has_head)
			node->durable = t->pos;
		world_ticket_free(g_queue_pop_head(node->tickets));
	}
	world_step(world, i, &event);
	return any;
}

bool
world_answer(struct world *world, unsigned int i, bool well, bool flag)
{
	struct world_core *node = &world->node[i];
	struct ham_blob blob = {.len = 1, .bytes = {42}};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .flag = flag,
				  .blob = &blob,
				  .text = "told"};
	struct world_act act;

	if (node->acts->len == 0)
		return false;
	act = g_array_index(node->acts, struct world_act, 0);
	g_array_remove_index(node->acts, 0);
	event.guest = act.guest;
	event.epoch = act.epoch;
	event.txn = act.txn;
	event.node = act.node;
	if (well && (act.act == HAM_DO_COPY || act.act == HAM_DO_CAPTURE)) {
		event.did = act.act == HAM_DO_COPY ? HAM_DID_OFFERED
						   : HAM_DID_DRAINED;
		world_step(world, i, &event);
		event.value = (uint64_t)world->now_us;
	}
	event.did = answers[act.act][well];
	if (event.did != HAM_DID_NONE)
		world_step(world, i, &event);
	return true;
}

bool
world_fenced(struct world *world, unsigned int i, unsigned int which,
	     unsigned int flags, const char *text)
{
	GArray *fences = world->node[i].fences;
	struct ham_event event = {.kind = HAM_EV_FENCED, .text = text};
	struct world_fence fence;

	if (fences->len == 0)
		return false;
	which %= fences->len;
	fence = g_array_index(fences, struct world_fence, which);
	if (!(flags & SCRIPT_FENCED_AGAIN))
		g_array_remove_index(fences, which);
	event.flag = flags & SCRIPT_FENCED_OFF;
	event.node = fence.node;
	event.value = fence.attempt;
	if (flags & SCRIPT_FENCED_OTHER_NODE)
		event.node = event.node % WORLD_NODES + 1;
	if (flags & SCRIPT_FENCED_OTHER_ATTEMPT)
		event.value--;
	world_step(world, i, &event);
	return true;
}

/* ---- until nothing is left ---- */

/* The order's frames from the only core, as from the others. */
static void
speak_as_voices(struct world *world, size_t from)
{
	for (size_t k = from; k < world->order->len; k++) {
		const struct world_frame *frame = world->order->pdata[k];

		if ((frame->kind != HAM_MSG_EXCHANGE &&
		     frame->kind != HAM_MSG_STORED &&
		     frame->kind != HAM_MSG_HEARTBEAT &&
		     frame->kind != HAM_MSG_LEASES) ||
		    !ham_ring_equal(frame->ring, world->node[0].ring))
			continue;
		for (uint32_t voice = 2; voice <= WORLD_NODES; voice++)
			world_message(world, 0, voice, frame->bytes,
				      frame->len);
	}
}

void
world_settle(struct world *world, unsigned int flags)
{
	bool voices = flags & SCRIPT_SETTLE_VOICES;
	bool more = true;

	for (unsigned int k = 0; more && k < SETTLE_ROUNDS; k++) {
		more = false;
		for (unsigned int i = 0; i < world->n; i++) {
			size_t heard = world->node[i].heard;
			size_t before = world->order->len;

			while (world->steps > 0 &&
			       world->node[i].heard < before &&
			       world_deliver(world, i))
				more = true;
			if (voices && world->n == 1 && heard < before)
				speak_as_voices(world, heard);
			if (!g_queue_is_empty(world->node[i].tickets))
				more |= world_persisted(
					world, i, world->node[i].last_ticket);
			while (world->steps > 0 &&
			       world_answer(world, i, true, true))
				more = true;
			while ((flags & SCRIPT_SETTLE_FENCES) &&
			       world->steps > 0 &&
			       world_fenced(world, i, 0, SCRIPT_FENCED_OFF,
					    "off"))
				more = true;
		}
	}
}
