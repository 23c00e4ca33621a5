/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/copies.c - the owner of a guest and its copies on other nodes
 *
 *	too few -> SYNC committed -> SERVED -> SLOT_FILL -> SLOT_FILLED:
 *	it takes each write -> CURRENT committed: it counts
 *
 *	takes no writes -> served anew in time: SLOT_SET, goes on
 *			-> else OUTDATED committed -> SLOT_DROP, goes on
 *
 * A copy that the record calls current has each acknowledged write (I3): so it
 * is connected before CURRENT is proposed, and the guest's writes wait for it
 * until OUTDATED is committed.  A start connects all of them or gives up the
 * rest first.  Which disks are equal, and how they are made so, is the guest
 * layer's.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	/* the old image is ended before its disk is given up */
	SURPLUS_US = 1000000,
	/* a node that serves its copy for a start may have to boot a daemon */
	LAUNCH_WAIT_US = 5000000,
	BACKOFF_US = 1000000,
	BACKOFF_MAX_US = 30000000,
	STEADY_US = 10000000, /* a copy that was current so long is no trouble */
	SAME_US = 250000,
	SHY = 3, /* failures in a row, then another node is tried first */
};

void
ham_copies_ask(ham_core *core, const struct ham_local *local, uint64_t epoch)
{
	struct ham_msg msg = {.kind = HAM_MSG_WHERE, .epoch = epoch};

	g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
}

/* QEMU passes no flush to a node that it has not written to: what the lost
 * connection has written is never made durable by a new one to the same daemon.
 * So it is given up, if its end is not just being heard of: a node may answer
 * before it hears that its daemon has ended.  Whether a guess was right is seen
 * by SLOT_SET, which refuses the same daemon too. */
static void
same_daemon(ham_core *core, const struct ham_local *local,
	    struct ham_slot *slot, struct ham_offer *offer)
{
	if (offer->use == HAM_USE_GUESSED)
		offer->use = HAM_USE_NONE;
	else if (core->now_us - slot->failed_us < SAME_US)
		return; /* it is asked again: ham_copies_repeat() */
	else if (slot->same++ == 0)
		ham_copies_ask(core, local, local->epoch);
	else
		slot->again = true;
}

void
ham_copies_on_served(ham_core *core, uint32_t sender, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	const struct ham_replica *r =
		guest ? ham_guest_replica(guest, sender) : NULL;
	struct ham_local *local;
	struct ham_offer *offer;
	struct ham_slot *slot;
	bool first, same;

	if (!r || r->generation != msg->txn || !ham_is_joined(core, sender))
		return;
	if (!(guest->owner == core->config.self &&
	      msg->epoch == guest->epoch) &&
	    !(guest->dst == core->config.self &&
	      msg->epoch == guest->epoch + 1))
		return;
	local = ham_local_get(core, msg->guest);
	slot = ham_slot_of(local, sender);
	offer = ham_offer_room(local, guest, sender);
	first = offer->node != sender || offer->epoch != msg->epoch;
	same = !first && offer->blob.len == msg->blob.len &&
	       memcmp(offer->blob.bytes, msg->blob.bytes, msg->blob.len) == 0;
	/* what an earlier life of this hamd has connected is not connected anew
	 * as long as it takes writes */
	if (slot && slot->failed && same && offer->use)
		same_daemon(core, local, slot, offer);
	else if (first && slot && !slot->failed)
		offer->use = HAM_USE_GUESSED;
	else if (!same)
		offer->use = HAM_USE_NONE;
	offer->node = sender;
	offer->epoch = msg->epoch;
	offer->generation = msg->txn;
	offer->blob = msg->blob;
	if (guest->dst == core->config.self)
		ham_dest_wire(core, local);
	ham_evaluate_all(core);
}

/* ---- giving up ---- */

static const char surplus[] = "no replica is wanted";

/* What that copy has then, as far as this node knows. */
static enum ham_lost
what_is_left(const ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest, uint32_t node)
{
	const struct ham_slot *slot = ham_slot_of(local, node);
	const struct ham_replica *r = ham_guest_replica(guest, node);

	if (guest->owner == core->config.self)
		return slot && slot->differs ? HAM_LOST_DIFFERS : HAM_LOST_LEFT;
	if (node == core->config.self && r &&
	    local->begun_generation == r->generation &&
	    local->refused_generation == r->generation &&
	    local->served_generation != r->generation)
		return HAM_LOST_UNTOUCHED;
	return HAM_LOST_LEFT;
}

void
ham_propose_outdated(ham_core *core, struct ham_local *local,
		     const struct ham_guest *guest, uint32_t node,
		     const char *reason)
{
	struct ham_op op = {.kind = HAM_OP_OUTDATED};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	op.epoch = guest->epoch;
	op.node = node;
	op.flag = reason == surplus;
	op.txn = what_is_left(core, local, guest, node);
	g_strlcpy(op.reason, reason, sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

bool
ham_in_ring(const ham_core *core, uint32_t node)
{
	int i = ham_node_index(core, node);

	return i >= 0 && (core->totem_mask & (1u << i));
}

static unsigned int
wanted(const ham_core *core, const struct ham_guest *guest)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);

	return config ? MIN(config->replicas, HAM_MAX_SLOTS) : 0;
}

static int64_t
timeout_us(const ham_core *core, const char *name)
{
	const struct ham_core_guest *config = ham_guest_config(core, name);

	return config ? config->replica_timeout_us : 0;
}

static bool
has_waited(const ham_core *core, const struct ham_guest *guest,
	   const struct ham_slot *slot)
{
	/* while it moves, the other side can't serve anew */
	return slot->silent || guest->phase != HAM_GUEST_STARTED ||
	       core->now_us - slot->failed_us >=
		       timeout_us(core, guest->name);
}

/* Why that copy has to be given up; NULL: it has not. */
static const char *
why_not(const ham_core *core, struct ham_local *local,
	const struct ham_guest *guest, const struct ham_replica *r,
	unsigned int *kept)
{
	const struct ham_slot *slot = ham_slot_of(local, r->node);

	if (slot && slot->differs)
		return "it is not the same";
	if (slot && slot->failed && slot->again && !slot->filling)
		return slot->same ? "it took no write, and its daemon is there"
				  : "it took no write again";
	if (slot && slot->failed && !slot->filling &&
	    has_waited(core, guest, slot))
		return slot->silent ? "it does not answer"
				    : "it refused a write";
	if (!ham_in_ring(core, r->node))
		return "its node is gone";
	if (guest->phase != HAM_GUEST_STARTED)
		return NULL;
	if (r->node == guest->move_to && r->state == HAM_REPLICA_SYNCING)
		return NULL;
	if (r->state == HAM_REPLICA_CURRENT && (!slot || slot->filling))
		return "its disk is not connected";
	if (r->node != guest->move_to && ++*kept > wanted(core, guest) &&
	    core->now_us - local->since_us >= SURPLUS_US)
		return surplus;
	return NULL;
}

static bool
is_alive(const struct ham_guest *guest, const struct ham_replica *r)
{
	return r->node != 0 && r->node != guest->owner &&
	       (r->state == HAM_REPLICA_CURRENT ||
		r->state == HAM_REPLICA_SYNCING);
}

static bool
give_up(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	unsigned int kept = 0;

	/* those that count come first */
	for (int pass = 0; pass < 2; pass++)
		for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
			const struct ham_replica *r = &guest->replica[i];
			const char *why;

			if (!is_alive(guest, r) ||
			    (r->state == HAM_REPLICA_SYNCING) != (pass == 1))
				continue;
			why = why_not(core, local, guest, r, &kept);
			if (!why)
				continue;
			ham_propose_outdated(core, local, guest, r->node, why);
			return true;
		}
	return false;
}

/* A slot that the record gave up is emptied. */
static void
free_slots(ham_core *core, struct ham_local *local,
	   const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_slot *slot = &local->slot[i];

		if (slot->node == 0 || slot->dropping ||
		    ham_guest_is_current(guest, slot->node) ||
		    ham_guest_is_syncing(guest, slot->node))
			continue;
		slot->dropping = true;
		ham_fx_guest(core, local, HAM_DO_SLOT_DROP);
		core->fx->list[core->fx->n - 1].node = slot->node;
	}
}

/* ---- connecting anew ---- */

static void
reconnect(ham_core *core, struct ham_local *local,
	  const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_slot *slot = &local->slot[i];
		struct ham_offer *offer =
			slot->node ? ham_offer_of(local, slot->node,
						  guest->epoch)
				   : NULL;
		struct ham_effect *effect;

		if (!offer || offer->use || slot->dropping || slot->setting ||
		    slot->filling || guest->phase != HAM_GUEST_STARTED ||
		    !ham_guest_is_current(guest, slot->node))
			continue;
		offer->use = HAM_USE_MADE;
		slot->setting = true;
		ham_fx_guest(core, local, HAM_DO_SLOT_SET);
		effect = &core->fx->list[core->fx->n - 1];
		effect->node = slot->node;
		effect->blob = offer->blob;
	}
}

/* ---- making one ---- */

static void
propose_copy(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest, enum ham_op_kind kind,
	     uint32_t node, uint64_t generation)
{
	struct ham_op op = {.kind = (uint8_t)kind,
			    .node = node,
			    .epoch = guest->epoch,
			    .txn = generation};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	ham_propose_for(core, local, &op);
}

static void
begin_fill(ham_core *core, struct ham_local *local,
	   const struct ham_replica *r, struct ham_offer *offer)
{
	struct ham_slot *slot = ham_slot_take(local, r->node);
	struct ham_effect *effect;

	if (!slot)
		return;
	slot->filling = true;
	offer->use = HAM_USE_MADE;
	ham_fx_guest(core, local, HAM_DO_SLOT_FILL);
	effect = &core->fx->list[core->fx->n - 1];
	effect->node = r->node;
	effect->value = r->generation;
	effect->blob = offer->blob;
}

/* True: one is under way, and no other is begun. */
static bool
mind_syncing(ham_core *core, struct ham_local *local,
	     const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];
		struct ham_slot *slot = ham_slot_of(local, r->node);
		struct ham_offer *offer;

		if (!is_alive(guest, r) || r->state != HAM_REPLICA_SYNCING)
			continue;
		if (slot && slot->found) {
			/* who filled it is gone, and what became of its node
			 * since nobody has seen */
			ham_propose_outdated(core, local, guest, r->node,
					     "hamd was restarted");
			return true;
		}
		if (!slot && !ham_is_joined(core, r->node)) {
			ham_propose_outdated(core, local, guest, r->node,
					     "its hamd is gone");
			return true;
		}
		if (slot && !slot->filling && !slot->failed &&
		    !slot->dropping)
			propose_copy(core, local, guest, HAM_OP_CURRENT,
				     r->node, r->generation);
		offer = ham_offer_of(local, r->node, guest->epoch);
		if (!slot && offer && offer->generation == r->generation &&
		    core->now_us >= local->next_sync_us)
			begin_fill(core, local, r, offer);
		return true;
	}
	return false;
}

static bool
usable(const ham_core *core, unsigned int i)
{
	return (core->joined & (1u << i)) && !core->config.nodes[i].witness &&
	       core->exchange[i].config_digest == core->config.config_digest;
}

/* How many guests and copies are there. */
static unsigned int
copies_on(const ham_core *core, uint32_t node)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *g = &core->record.guests[i];
		const struct ham_replica *r = ham_guest_replica(g, node);

		n += g->owner == node || (r && is_alive(g, r));
	}
	return n;
}

bool
ham_copies_shun(const struct ham_local *local, uint32_t node)
{
	return node == local->shy_node && local->shy >= SHY;
}

/* What holds an older copy needs least; then where least is; 0: nowhere. */
static uint32_t
choose(const ham_core *core, struct ham_local *local,
       const struct ham_guest *guest)
{
	uint32_t best = 0;
	unsigned int best_cost = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++) {
		uint32_t node = core->config.nodes[i].id;
		const struct ham_replica *r = ham_guest_replica(guest, node);
		unsigned int cost;

		if (!usable(core, i) || node == guest->owner ||
		    (r && is_alive(guest, r)) || ham_slot_of(local, node))
			continue;
		cost = copies_on(core, node) + (r ? 0 : HAM_MAX_GUESTS + 1) +
		       (ham_node_is_closed(core, node) ? 2 * HAM_MAX_GUESTS
						       : 0) +
		       (ham_copies_shun(local, node) ? 4 * HAM_MAX_GUESTS : 0);
		if (best == 0 || cost < best_cost) {
			best = node;
			best_cost = cost;
		}
	}
	return best;
}

/* A copy that was given up hangs in the guest's disks still: where it is least
 * has to be sent, and that is known once it is out. */
static bool
one_leaves(struct ham_local *local, const struct ham_guest *guest)
{
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].node != 0 &&
		    !is_alive(guest, &guest->replica[i]) &&
		    ham_slot_of(local, guest->replica[i].node))
			return true;
	return false;
}

/* Where it moves to, 0: nothing is made there now. */
static uint32_t
movable(const ham_core *core, const struct ham_guest *guest)
{
	int i = ham_node_index(core, guest->move_to);

	return i >= 0 && usable(core, (unsigned int)i) ? guest->move_to : 0;
}

static void
begin_sync(ham_core *core, struct ham_local *local,
	   const struct ham_guest *guest)
{
	bool moves = guest->move_to &&
		     !ham_guest_is_current(guest, guest->move_to);
	unsigned int n = 0;
	uint32_t node;

	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		n += is_alive(guest, &guest->replica[i]) &&
		     guest->replica[i].node != guest->move_to;
	if (guest->common || (n >= wanted(core, guest) && !moves) ||
	    core->now_us < local->next_sync_us ||
	    core->now_us - local->since_us < SURPLUS_US ||
	    one_leaves(local, guest))
		return;
	node = moves ? movable(core, guest) : choose(core, local, guest);
	if (node)
		propose_copy(core, local, guest, HAM_OP_SYNC, node, 0);
}

void
ham_copies_mind(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	free_slots(core, local, guest);
	if (give_up(core, local, guest))
		return;
	reconnect(core, local, guest);
	if (guest->phase != HAM_GUEST_STARTED ||
	    !(guest->wanted || guest->cold) || local->stage != HAM_L_RUNNING)
		return;
	ham_resize_mind(core, local, guest);
	if (guest->grow_size)
		return;
	if (!mind_syncing(core, local, guest))
		begin_sync(core, local, guest);
	if (!guest->cold)
		ham_verify_mind(core, local, guest);
}

void
ham_copies_repeat(ham_core *core, struct ham_local *local,
		  const struct ham_guest *guest)
{
	bool ask = local->launch_us != 0;

	if (guest->owner != core->config.self ||
	    guest->phase != HAM_GUEST_STARTED)
		return;
	for (int i = 0; i < HAM_MAX_SLOTS; i++)
		ask = ask || (local->slot[i].node && local->slot[i].failed);
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		ask = ask ||
		      (guest->replica[i].state == HAM_REPLICA_SYNCING &&
		       !ham_slot_of(local, guest->replica[i].node));
	if (ask)
		ham_copies_ask(core, local, guest->epoch);
}

/* ---- before a start ---- */

static void
look(ham_core *core, struct ham_local *local, const struct ham_guest *guest)
{
	local->epoch = guest->epoch;
	ham_stage(core, local, HAM_L_LOOKING);
	ham_fx_guest(core, local, HAM_DO_LOOK);
}

/* True: it serves for this start; else it is waited for, or given up. */
static bool
serves(ham_core *core, struct ham_local *local, const struct ham_guest *guest,
       uint32_t node)
{
	if (!guest->clean) {
		/* each has what was acknowledged, but of what was not one may
		 * have more than another */
		ham_propose_outdated(core, local, guest, node,
				     "the guest starts without it");
		return false;
	}
	if (local->launch_us == 0) {
		local->launch_us = core->now_us;
		ham_copies_ask(core, local, guest->epoch);
	}
	if (ham_offer_of(local, node, guest->epoch))
		return true;
	if (!ham_in_ring(core, node) ||
	    core->now_us - local->launch_us >= LAUNCH_WAIT_US)
		ham_propose_outdated(core, local, guest, node,
				     "the guest starts without it");
	return false;
}

bool
ham_copies_ready(ham_core *core, struct ham_local *local,
		 const struct ham_guest *guest)
{
	struct ham_blob all = {0};

	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];

		if (!is_alive(guest, r))
			continue;
		if (!local->looked) {
			look(core, local, guest);
			return false;
		}
		if (!serves(core, local, guest, r->node))
			return false;
		/* none that counts may be left out of LAUNCH */
		if (!ham_blob_add(&all, &ham_offer_of(local, r->node,
						      guest->epoch)
						 ->blob)) {
			ham_propose_outdated(core, local, guest, r->node,
					     "there is no room for it");
			return false;
		}
	}
	return true;
}

void
ham_copies_launch(struct ham_local *local,
		  const struct ham_guest *guest, struct ham_blob *out)
{
	ham_slots_clear(local);
	out->len = 0;
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		const struct ham_replica *r = &guest->replica[i];
		struct ham_offer *offer =
			is_alive(guest, r)
				? ham_offer_of(local, r->node, guest->epoch)
				: NULL;

		if (offer && ham_blob_add(out, &offer->blob)) {
			offer->use = HAM_USE_MADE;
			(void)ham_slot_take(local, r->node);
		}
	}
}

/* ---- what the guest layer tells ---- */

static void
told_held(ham_core *core, struct ham_local *local, struct ham_slot *slot)
{
	if (slot->told || !ham_owner_stage(local->stage))
		return;
	slot->told = true;
	ham_fx_tell(core, HAM_NOTE_GUEST_HELD, local,
		    "its writes wait for the copy on %s, which %s",
		    ham_core_node_name(core, slot->node),
		    slot->silent ? "does not answer" : "takes none");
}

static void
told_freed(ham_core *core, struct ham_local *local, struct ham_slot *slot,
	   const char *how)
{
	if (!slot->told)
		return;
	slot->told = false;
	if (local->broken[0])
		return; /* it stands still */
	ham_fx_tell(core, HAM_NOTE_GUEST_FREED, local,
		    "goes on %s the copy on %s, after %" G_GINT64_FORMAT " ms",
		    how, ham_core_node_name(core, slot->node),
		    (core->now_us - slot->failed_us) / 1000);
}

static void
told_broken(ham_core *core, const struct ham_local *local,
	    const struct ham_event *event)
{
	const char *text = event->text ? event->text : "nobody knows how";

	if (event->flag)
		ham_fx_tell(core, HAM_NOTE_DISK_FAILED, local,
			    "it stands still, as its own disk failed: %s",
			    text);
	else
		ham_fx_tell(core, HAM_NOTE_ALARM, local,
			    "its own disk can't be read (%s), and a copy is "
			    "read instead: migrate it",
			    text);
}

static void
did_fail(ham_core *core, struct ham_local *local, struct ham_slot *slot,
	 bool silent)
{
	if (slot->failed || slot->filling) {
		slot->silent = slot->silent || silent;
		slot->missed = slot->missed || slot->setting;
		return;
	}
	slot->failed = true;
	slot->silent = silent;
	slot->failed_us = core->now_us;
	slot->same = 0;
	slot->again = slot->set_us && core->now_us - slot->set_us <
					      timeout_us(core, local->name);
	if (silent) /* it has waited as long already */
		slot->failed_us -= timeout_us(core, local->name);
	told_held(core, local, slot);
	ham_copies_ask(core, local, local->epoch);
}

/* Another try comes later, and in the end elsewhere, if it could not be made or
 * was lost again at once.  Else it is made anew without delay. */
void
ham_copies_lost(ham_core *core, struct ham_local *local, uint32_t node)
{
	bool soon = node == local->made_node &&
		    core->now_us - local->made_us < STEADY_US;

	if (node != local->sync_node && !soon) {
		local->backoff_us = 0;
		local->shy = 0;
		return;
	}
	local->backoff_us = CLAMP(2 * local->backoff_us, BACKOFF_US,
				  BACKOFF_MAX_US);
	local->next_sync_us = core->now_us + local->backoff_us;
	local->shy = node == local->shy_node ? local->shy + 1 : 1;
	local->shy_node = node;
	local->sync_node = 0;
}

static void
did_not_fill(ham_core *core, struct ham_local *local, struct ham_slot *slot,
	     const char *text)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	uint32_t node = slot->node;
	struct ham_offer *offer =
		guest ? ham_offer_of(local, node, guest->epoch) : NULL;

	*slot = (struct ham_slot){0};
	if (offer)
		offer->epoch = 0; /* not once more before it is outdated */
	if (guest && guest->owner == core->config.self &&
	    ham_guest_is_syncing(guest, node))
		ham_propose_outdated(core, local, guest, node,
				     text ? text : "it could not be copied to");
}

bool
ham_copies_did(ham_core *core, struct ham_local *local,
	       const struct ham_event *event)
{
	struct ham_slot *slot = ham_slot_of(local, event->node);

	switch (event->did) {
	case HAM_DID_REPLICA_ERROR:
		if (slot)
			did_fail(core, local, slot, event->flag);
		break;
	case HAM_DID_SLOT_SET:
		if (!slot || !slot->setting)
			break;
		slot->setting = false;
		if (!event->flag) {
			slot->missed = false;
			did_fail(core, local, slot, false);
			break;
		}
		if (slot->missed) { /* it is set, and the guest held again */
			slot->again = true;
			break;
		}
		told_freed(core, local, slot, "with");
		slot->failed = slot->silent = false;
		slot->set_us = core->now_us;
		break;
	case HAM_DID_SLOT_DROPPED:
		if (!slot)
			break;
		slot->dropping = false;
		if (!event->flag)
			break;
		told_freed(core, local, slot, "without");
		*slot = (struct ham_slot){0};
		break;
	case HAM_DID_SLOT_FILLED:
		if (slot)
			slot->filling = false;
		break;
	case HAM_DID_SLOT_FILL_FAILED:
		if (slot && slot->filling)
			did_not_fill(core, local, slot, event->text);
		break;
	case HAM_DID_DISK_ERROR:
		told_broken(core, local, event);
		break;
	case HAM_DID_DISK_MENDED:
		ham_fx_tell(core, HAM_NOTE_DISK_MENDED, local,
			    "its own disk takes its writes again");
		break;
	case HAM_DID_RESIZED:
		ham_resize_did(core, local, event);
		break;
	case HAM_DID_VERIFIED:
		ham_verify_did(core, local, slot, event);
		break;
	case HAM_DID_LOOKED:
		if (local->stage != HAM_L_LOOKING)
			break;
		ham_stage(core, local, HAM_L_NONE);
		local->looked = event->flag;
		ham_prepare_if_due(core, local);
		if (!event->flag)
			ham_local_not_launched(core, local, event);
		break;
	default:
		return false;
	}
	ham_evaluate_all(core);
	return true;
}
