/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/world_check.c - what a core promises, whatever it is told
 *
 * Each effect is well formed; each question is answered once; STORED tells
 * nothing that is not on the disk (that this can be read again is asserted at
 * each restart, world.c); the record is one that would be believed, and no
 * epoch falls but by an ADOPT, nor has two owners (I6); no act begins that the
 * record forbids, nor before the change that allows it is committed (the order
 * rules at the head of hamd/core/record.h).  Deaths and leases: world_death.c.
 */
#include <string.h>

#include "tests/fuzz/world.h"

#define CHECK_TEXT(array) g_assert(memchr(array, '\0', sizeof(array)))

struct world_epoch {
	uint64_t epoch;
	uint32_t owner;
	struct ham_pos since; /* at the latest */
};

static void
check_sent(const struct world *world, const struct world_core *node,
	   const struct ham_effect *fx)
{
	static struct ham_record record; /* large, so not made anew */
	g_autofree uint8_t *copy = g_memdup2(fx->bytes, fx->len);
	struct ham_msg msg;
	const char *refusal = ham_msg_decode(copy, fx->len, &msg);

	g_assert_cmpstr(refusal, ==, NULL);
	g_assert(msg.incarnation == node->incarnation);
	g_assert(ham_ring_equal(msg.ring, node->told));
	/* what is not on our disk must not count for a commit */
	if (msg.kind == HAM_MSG_STORED)
		g_assert(ham_pos_compare(msg.pos, node->durable) == 0);
	if (msg.kind == HAM_MSG_EXCHANGE)
		g_assert(ham_pos_compare(msg.pos, node->durable) == 0);
	if (msg.kind == HAM_MSG_PROPOSE || msg.kind == HAM_MSG_RECORD)
		world_death_check_op(world, node, &msg);
	if (msg.kind == HAM_MSG_ADOPT)
		g_assert_cmpstr(ham_msg_adopt_guests(&msg, &record), ==, NULL);
}

static void
check_stored(struct world_core *node, const struct ham_effect *fx)
{
	g_assert(fx->value == node->last_ticket + 1);
	node->last_ticket = fx->value;
	g_assert(fx->n_items > 0);
	for (size_t k = 0; k < fx->n_items; k++) {
		const struct ham_item *item = &fx->items[k];
		struct ham_guest guest;

		CHECK_TEXT(item->key);
		g_assert(item->value && item->len > 0);
		if (!g_str_has_prefix(item->key, "guest/"))
			continue;
		g_assert_cmpstr(
			ham_guest_decode(item->value, item->len, &guest), ==,
			NULL);
		g_assert_cmpstr(guest.name, ==, item->key + strlen("guest/"));
	}
	/* another history, whose epochs are new to us */
	if (fx->flag && node->adopting)
		g_hash_table_remove_all(node->epochs);
}

/* Whatever gave it this epoch (START, PROMOTE, OUTCOME) is committed. */
static void
check_committed(const struct world_core *node, const struct ham_guest *guest,
		const struct ham_core_view *view)
{
	const struct world_epoch *known =
		g_hash_table_lookup(node->epochs, guest->name);

	/* known: not from this very step */
	g_assert(known && known->epoch == guest->epoch);
	g_assert(ham_pos_compare(known->since, view->committed) <= 0);
}

/* What only a record of this kind may begin. */
static void
check_act(const struct world *world, const struct world_core *node,
	  const struct ham_effect *fx)
{
	const struct ham_guest *guest =
		ham_record_lookup(ham_core_record(node->core), fx->guest);
	struct ham_core_view view;

	g_assert(fx->act > HAM_DO_NONE && fx->act < HAM_DO_N);
	g_assert(ham_name_valid(fx->guest));
	ham_core_get_view(node->core, &view);
	switch (fx->act) {
	case HAM_DO_LAUNCH:
	case HAM_DO_RESUME:
		g_assert(view.active && guest && guest->owner == node->self);
		g_assert(guest->epoch == fx->epoch);
		g_assert(guest->phase == HAM_GUEST_STARTED ||
			 guest->phase == HAM_GUEST_MIGRATING);
		g_assert(!guest->owner_dead);
		g_assert(ham_guest_is_current(guest, node->self));
		check_committed(node, guest, &view);
		world_death_check_run(world, node, (enum ham_do)fx->act);
		break;
	case HAM_DO_CAPTURE:
		g_assert(view.active && guest && guest->owner == node->self);
		g_assert(guest->phase == HAM_GUEST_IN_DOUBT);
		break;
	case HAM_DO_FINISH:
		g_assert(view.active && guest && guest->owner != node->self);
		g_assert(guest->epoch > fx->epoch);
		break;
	case HAM_DO_RUN: /* on a YIELD, also in a view that may not decide */
		g_assert(guest);
		world_death_check_run(world, node, HAM_DO_RUN);
		if (guest->phase == HAM_GUEST_IN_DOUBT)
			g_assert(guest->dst == node->self &&
				 guest->epoch + 1 == fx->epoch);
		else
			g_assert(guest->owner == node->self &&
				 guest->epoch == fx->epoch);
		break;
	default:
		break;
	}
}

static void
check_effect(const struct world *world, struct world_core *node,
	     const struct ham_effect *fx)
{
	CHECK_TEXT(fx->text);
	CHECK_TEXT(fx->guest);
	switch ((enum ham_effect_kind)fx->kind) {
	case HAM_FX_SEND:
		check_sent(world, node, fx);
		break;
	case HAM_FX_PERSIST:
		check_stored(node, fx);
		break;
	case HAM_FX_GUEST:
		check_act(world, node, fx);
		break;
	case HAM_FX_REPLY:
		g_assert(g_hash_table_remove(node->asked,
					     GUINT_TO_POINTER(fx->value)));
		g_assert((fx->error_class != NULL) == (fx->text[0] != '\0'));
		break;
	case HAM_FX_NOTE:
		g_assert(fx->note < HAM_NOTE_N);
		g_assert(fx->guest[0] == '\0' || ham_name_valid(fx->guest));
		break;
	case HAM_FX_REJOIN:
		break;
	case HAM_FX_FATAL:
		g_assert(fx->text[0] != '\0');
		node->fatal = true;
		break;
	case HAM_FX_FENCE_DOUBT:
		g_assert_cmpuint(fx->node, !=, 0);
		break;
	case HAM_FX_DISARM:
		break;
	case HAM_FX_TRIAL:
		g_assert(ham_name_valid(fx->guest));
		break;
	case HAM_FX_TRIED:
		g_assert(fx->len <= HAM_BLOB_MAX);
		if (fx->node == 0)
			g_assert(g_hash_table_remove(
				node->asked, GUINT_TO_POINTER(fx->value)));
		break;
	case HAM_FX_FENCE:
	case HAM_FX_LEASE:
	case HAM_FX_FREEZE:
		world_death_check(world, node, fx);
		break;
	default:
		g_assert_not_reached();
	}
}

static void
check_guest(struct world_core *node, const struct ham_guest *guest)
{
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(guest, bytes);
	struct world_epoch *known =
		g_hash_table_lookup(node->epochs, guest->name);
	struct ham_core_guest_info info;
	struct ham_guest again;

	g_assert_cmpstr(ham_guest_decode(bytes, len, &again), ==, NULL);
	ham_core_guest_info(node->core, guest, &info);
	g_assert(info.state && strcmp(info.state, "?") != 0);
	CHECK_TEXT(info.waits_for);
	CHECK_TEXT(info.reason);
	if (!known) {
		known = g_new0(struct world_epoch, 1);
		g_hash_table_insert(node->epochs, g_strdup(guest->name), known);
		known->since = ham_core_record(node->core)->pos;
		known->owner = guest->owner;
	}
	g_assert_cmpuint(guest->epoch, >=, known->epoch);
	g_assert(known->owner == guest->owner || guest->epoch > known->epoch);
	if (guest->epoch > known->epoch)
		known->since = ham_core_record(node->core)->pos;
	known->epoch = guest->epoch;
	known->owner = guest->owner;
}

void
world_check_step(const struct world *world, struct world_core *node,
		 const struct ham_effects *effects)
{
	const struct ham_record *record = ham_core_record(node->core);
	struct ham_core_view view;

	g_assert(!node->fatal || effects->n == 0);
	for (size_t k = 0; k < effects->n; k++)
		check_effect(world, node, &effects->list[k]);
	g_assert(record->n_guests <= HAM_MAX_GUESTS);
	/* a state that could not be read is left half read: hamd stops */
	for (unsigned int k = 0; k < record->n_guests && !node->fatal; k++) {
		check_guest(node, &record->guests[k]);
		g_assert(k == 0 || strcmp(record->guests[k - 1].name,
					  record->guests[k].name) < 0);
	}
	ham_core_get_view(node->core, &view);
	CHECK_TEXT(view.waiting_for);
	g_assert(!view.active || view.quorate);
	g_assert((view.counted & ~view.joined) == 0);
	/* nobody is told to wait for nothing */
	g_assert(view.active || view.waiting_for[0] != '\0' || node->fatal);
}
