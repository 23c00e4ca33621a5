/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/place.c - plans (plan.h) of what this node knows
 *
 * Nothing is decided by a plan: the leader proposes what it says (death.c), and
 * everyone can ask what would be proposed.
 */
#include <string.h>

#include "hamd/core/state.h"

/* The last plan for guests that are to be started by themselves, and of what it
 * was made. */
struct ham_places {
	struct ham_pos pos;
	uint16_t joined;
	uint64_t nodes; /* a hash of what is known of them */
	struct ham_plan_input in;
	struct ham_plan_item *items;
	unsigned int n;
	GHashTable *of; /* a guest's name -> its item */
};

static uint8_t
node_bar(const ham_core *core, unsigned int i)
{
	if (core->config.nodes[i].witness)
		return HAM_PLAN_WITNESS;
	if (!(core->joined & (1u << i)))
		return HAM_PLAN_AWAY;
	return core->exchange[i].config_digest == core->config.config_digest
		       ? HAM_PLAN_OPEN
		       : HAM_PLAN_DIFFERS;
}

static void
survey(const ham_core *core, struct ham_plan_input *in)
{
	memset(in, 0, sizeof(*in));
	in->record = &core->record;
	in->n_nodes = core->config.n_nodes;
	in->nodes = core->config.nodes;
	in->n_guests = core->config.n_guests;
	in->guests = core->config.guests;
	in->by_name = core->file_guests;
	for (unsigned int i = 0; i < in->n_nodes; i++) {
		uint64_t all = core->peers[i].memory_mib;
		uint64_t reserve = core->config.nodes[i].reserve_mib;

		in->state[i].bar = node_bar(core, i);
		in->state[i].closed =
			ham_node_is_closed(core, core->config.nodes[i].id);
		in->state[i].known = all != 0;
		in->state[i].room_mib = all > reserve ? all - reserve : 0;
	}
}

static uint64_t
hash_of_nodes(const ham_core *core)
{
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		sum = (sum ^ ((uint64_t)core->peers[i].memory_mib << 3 |
			      node_bar(core, i))) *
		      UINT64_C(0x100000001b3);
	return sum;
}

static void
set_item(const ham_core *core, const struct ham_guest *guest,
	 struct ham_plan_item *item)
{
	item->guest = guest;
	item->config = ham_guest_config(core, guest->name);
}

/* One that was asked for and is under way stays where it was asked for: else
 * two plans could be mixed. */
static uint32_t
pinned(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);
	uint8_t kind = guest->again ? HAM_OP_START : HAM_OP_PROMOTE;

	return local && local->proposed_kind == kind &&
			       local->proposed_epoch == guest->epoch
		       ? local->proposed_node
		       : 0;
}

static bool
is_fresh(const ham_core *core, const struct ham_places *places)
{
	return places && ham_pos_compare(places->pos, core->record.pos) == 0 &&
	       places->joined == core->joined &&
	       places->nodes == hash_of_nodes(core);
}

static void
places_free(struct ham_places *places)
{
	if (!places)
		return;
	g_hash_table_destroy(places->of);
	g_free(places->items);
	g_free(places);
}

void
ham_place_free(ham_core *core)
{
	places_free(core->places);
	core->places = NULL;
}

static bool
is_placed(const struct ham_guest *guest)
{
	return guest->again || (guest->owner_dead && guest->wanted &&
				guest->phase != HAM_GUEST_IN_DOUBT);
}

static struct ham_places *
places_new(const ham_core *core)
{
	const struct ham_record *record = &core->record;
	struct ham_places *places = g_new0(struct ham_places, 1);
	unsigned int n = 0;

	for (unsigned int i = 0; i < record->n_guests; i++)
		n += is_placed(&record->guests[i]);
	places->pos = record->pos;
	places->joined = core->joined;
	places->nodes = hash_of_nodes(core);
	places->of = g_hash_table_new(g_str_hash, g_str_equal);
	places->items = g_new0(struct ham_plan_item, MAX(n, 1u));
	survey(core, &places->in);
	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *guest = &record->guests[i];
		struct ham_plan_item *item = &places->items[places->n];

		if (!is_placed(guest))
			continue;
		set_item(core, guest, item);
		item->pinned = pinned(core, guest);
		if (guest->again) {
			item->disks = HAM_PLAN_STARTS;
			item->home = guest->owner;
		}
		places->n++;
	}
	ham_plan(&places->in, places->items, places->n);
	for (unsigned int i = 0; i < places->n; i++)
		g_hash_table_insert(places->of,
				    (gpointer)places->items[i].guest->name,
				    &places->items[i]);
	return places;
}

static const struct ham_places *
places_of(const ham_core *core)
{
	/* what it keeps is no state: it follows from the rest */
	ham_core *own = (ham_core *)core;

	if (!is_fresh(core, core->places)) {
		places_free(own->places);
		own->places = places_new(core);
	}
	return core->places;
}

const struct ham_plan_item *
ham_place_all(const ham_core *core, unsigned int *n)
{
	const struct ham_places *places = places_of(core);

	*n = places->n;
	return places->items;
}

const struct ham_plan_item *
ham_place_of(const ham_core *core, const struct ham_guest *guest)
{
	return g_hash_table_lookup(places_of(core)->of, guest->name);
}

void
ham_place_text(const ham_core *core, const struct ham_plan_item *item,
	       char *out, size_t size)
{
	ham_plan_text(&places_of(core)->in, item, out, size);
}

/* ---- what if ---- */

/* The items are the caller's (g_free). */
static struct ham_plan_item *
plan_failure(const ham_core *core, uint32_t node, struct ham_plan_input *in,
	     unsigned int *n)
{
	const struct ham_record *record = &core->record;
	int index = ham_node_index(core, node);
	struct ham_plan_item *items;

	*n = 0;
	for (unsigned int i = 0; i < record->n_guests; i++)
		*n += record->guests[i].owner == node;
	items = g_new0(struct ham_plan_item, MAX(*n, 1u));
	*n = 0;
	survey(core, in);
	if (index >= 0 && !core->config.nodes[index].witness)
		in->state[index].bar = HAM_PLAN_FAILS;
	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *guest = &record->guests[i];

		if (guest->owner == node && !guest->owner_dead &&
		    (guest->wanted || guest->cold) &&
		    guest->phase != HAM_GUEST_STOPPED)
			set_item(core, guest, &items[(*n)++]);
	}
	ham_plan(in, items, *n);
	return items;
}

bool
ham_place_saves_any(const ham_core *core, uint32_t node)
{
	struct ham_plan_input in;
	unsigned int n;
	g_autofree struct ham_plan_item *items =
		plan_failure(core, node, &in, &n);

	for (unsigned int i = 0; i < n; i++)
		if (items[i].node &&
		    items[i].guest->phase != HAM_GUEST_IN_DOUBT)
			return true;
	return false;
}

struct ham_core_place *
ham_core_plan_failure(const ham_core *core, uint32_t node, unsigned int *n)
{
	struct ham_plan_input in;
	g_autofree struct ham_plan_item *items =
		plan_failure(core, node, &in, n);
	struct ham_core_place *places =
		g_new0(struct ham_core_place, MAX(*n, 1u));

	for (unsigned int i = 0; i < *n; i++) {
		const struct ham_core_guest *config = items[i].config;

		g_strlcpy(places[i].guest, items[i].guest->name,
			  sizeof(places[i].guest));
		places[i].priority = config ? config->priority : 0;
		places[i].memory_mib = config ? config->memory_mib : 0;
		places[i].node = items[i].node;
		places[i].lonely = !items[i].guest->common &&
				   (!config || config->replicas == 0);
		if (!items[i].node)
			ham_plan_text(&in, &items[i], places[i].reason,
				      sizeof(places[i].reason));
	}
	return places;
}

bool
ham_core_can_lose(const ham_core *core, uint32_t node)
{
	int i = ham_node_index(core, node);

	return i >= 0 && ham_popcount(core->joined &
				      (uint16_t)~ham_bit((unsigned int)i)) >=
				 ham_majority(core);
}

bool
ham_core_node_memory(const ham_core *core, uint32_t node, uint64_t *room_mib,
		     int64_t *free_mib)
{
	int i = ham_node_index(core, node);
	int64_t left[HAM_MAX_NODES];
	struct ham_plan_input in;

	if (i < 0 || core->peers[i].memory_mib == 0)
		return false;
	survey(core, &in);
	ham_plan_free(&in, left);
	*room_mib = in.state[i].room_mib;
	*free_mib = left[i];
	return true;
}

/* ---- orders ---- */

static struct ham_plan_item
plan_order(const ham_core *core, const char *name,
	   const struct ham_guest *guest, enum ham_plan_disks disks,
	   uint32_t home, struct ham_plan_input *in)
{
	struct ham_plan_item item = {.guest = guest,
				     .config = ham_guest_config(core, name),
				     .disks = disks,
				     .home = home};

	survey(core, in);
	ham_plan(in, &item, 1);
	return item;
}

uint32_t
ham_place_start(const ham_core *core, const char *name,
		const struct ham_guest *guest, uint32_t home, char *text,
		size_t size)
{
	struct ham_plan_input in;
	struct ham_plan_item item =
		plan_order(core, name, guest, HAM_PLAN_STARTS, home, &in);

	ham_plan_text(&in, &item, text, size);
	return item.node;
}

bool
ham_place_is_nowhere_else(const ham_core *core, const struct ham_guest *guest,
			  char *text, size_t size)
{
	struct ham_plan_item item = {
		.guest = guest, .config = ham_guest_config(core, guest->name)};
	int owner = ham_node_index(core, guest->owner);
	struct ham_plan_input in;

	survey(core, &in);
	if (owner >= 0 && in.state[owner].bar != HAM_PLAN_WITNESS)
		in.state[owner].bar = HAM_PLAN_FAILS;
	ham_plan(&in, &item, 1);
	if (item.node)
		return false;
	ham_plan_text(&in, &item, text, size);
	return true;
}

bool
ham_place_refuses(const ham_core *core, const char *name,
		  const struct ham_guest *guest, uint32_t node, char *text,
		  size_t size)
{
	struct ham_plan_input in;
	struct ham_plan_item item =
		plan_order(core, name, guest, HAM_PLAN_BROUGHT, 0, &in);
	int i = ham_node_index(core, node);

	if (i < 0 || (item.bar[i] != HAM_PLAN_APART &&
		      item.bar[i] != HAM_PLAN_NO_MEMORY))
		return false;
	ham_plan_bar_text(&in, &item, (unsigned int)i, text, size);
	return true;
}
