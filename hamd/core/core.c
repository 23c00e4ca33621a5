/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/core.c - see core.h: start, dispatch, and questions about state */
#include "hamd/core/core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/core/state.h"
#include "hamd/core/wire.h"

enum {
	CHECK_EVERY_US = 60 * 1000000
};

static int
compare_nodes(const void *a, const void *b)
{
	const struct ham_core_node *x = a;
	const struct ham_core_node *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

ham_core *
ham_core_new(const struct ham_core_config *config)
{
	ham_core *core = g_new0(ham_core, 1);
	int self;

	g_assert(config->n_nodes > 0 && config->n_nodes <= HAM_MAX_NODES);
	core->config = *config;
	core->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	core->file_guests = g_hash_table_new(g_str_hash, g_str_equal);
	for (unsigned int i = 0; i < config->n_guests; i++)
		g_hash_table_insert(core->file_guests,
				    (gpointer)config->guests[i].name,
				    (gpointer)&config->guests[i]);
	qsort(core->config.nodes, config->n_nodes, sizeof(config->nodes[0]),
	      compare_nodes);
	self = ham_node_index(core, config->self);
	g_assert(self >= 0 && config->incarnation != 0);
	core->self = (unsigned int)self;
	core->peers[self].memory_mib = config->memory_mib;
	core->lease_until_us = config->lease_until_us;
	return core;
}

void
ham_core_free(ham_core *core)
{
	if (!core)
		return;
	g_hash_table_destroy(core->by_name);
	g_hash_table_destroy(core->file_guests);
	ham_place_free(core);
	for (unsigned int i = 0; i < core->n_locals; i++)
		for (int k = 0; k < HAM_MAX_SLOTS; k++)
			g_free(core->locals[i].offers[k]);
	g_free(core);
}

static const char *
load_head(ham_core *core, const uint8_t *value, size_t len)
{
	struct ham_reader r = {value, len, 0, false};

	core->loaded_pos.term = ham_get_u64(&r);
	core->loaded_pos.count = ham_get_u64(&r);
	core->loaded_sum = ham_get_u64(&r);
	core->has_store = true;
	return r.bad || r.at != len ? "the stored head is damaged" : NULL;
}

static const char *
load_node(ham_core *core, const char *key, const uint8_t *value, size_t len)
{
	struct ham_node_state state;
	const char *refusal = ham_node_decode(value, len, &state);
	g_autofree char *name = NULL;

	if (refusal)
		return "a stored node is damaged";
	name = g_strdup_printf("node/%u", state.node);
	if (strcmp(name, key) != 0)
		return "a stored node is damaged";
	return ham_record_add_node(&core->record, &state)
		       ? NULL
		       : "the store holds too many nodes";
}

const char *
ham_core_load(ham_core *core, const char *key, const uint8_t *value, size_t len)
{
	struct ham_guest guest;
	const char *refusal;
	unsigned int at;

	if (strcmp(key, "head") == 0)
		return load_head(core, value, len);
	if (strcmp(key, "promise") == 0) {
		struct ham_reader r = {value, len, 0, false};

		core->promise = ham_get_u64(&r);
		return r.bad || r.at != len ? "the stored promise is damaged"
					    : NULL;
	}
	if (strcmp(key, "boot") == 0) {
		struct ham_reader r = {value, len, 0, false};

		core->boot = core->boot_before = ham_get_u64(&r);
		core->booted = core->owes = core->config.boot != 0 &&
					    core->boot != core->config.boot;
		return r.bad || r.at != len ? "the stored boot is damaged"
					    : NULL;
	}
	if (strcmp(key, "opens") == 0) {
		struct ham_reader r = {value, len, 0, false};

		core->opens = ham_get_u64(&r) == core->config.boot;
		return r.bad || r.at != len ? "the stored boot is damaged"
					    : NULL;
	}
	if (g_str_has_prefix(key, "fork/"))
		return ham_fork_load(core, key, value, len);
	if (g_str_has_prefix(key, "heard/"))
		return ham_lease_load(core, key, value, len);
	if (g_str_has_prefix(key, "node/"))
		return load_node(core, key, value, len);
	if (!g_str_has_prefix(key, "guest/"))
		return "the store holds an entry of unknown kind";
	refusal = ham_guest_decode(value, len, &guest);
	if (refusal || strcmp(guest.name, key + strlen("guest/")) != 0)
		return "a stored guest is damaged";
	if (core->record.n_guests == HAM_MAX_GUESTS ||
	    ham_record_lookup(&core->record, guest.name))
		return "the store holds too many guests";
	at = core->record.n_guests++;
	while (at > 0 &&
	       strcmp(core->record.guests[at - 1].name, guest.name) > 0) {
		core->record.guests[at] = core->record.guests[at - 1];
		at--;
	}
	core->record.guests[at] = guest;
	return NULL;
}

const char *
ham_core_loaded(ham_core *core)
{
	if (!core->has_store)
		return core->record.n_guests + core->record.n_nodes > 0
			       ? "the store holds guests or nodes but no head"
			       : NULL;
	core->record.pos = core->loaded_pos;
	core->durable = core->loaded_pos;
	if (ham_record_checksum(&core->record) != core->loaded_sum)
		return "the stored record does not match its checksum";
	ham_disarm_loaded(core);
	return NULL;
}

/* ---- messages ---- */

static void
on_standing(ham_core *core, struct ham_local *local,
	    const struct ham_guest *guest, uint32_t sender,
	    enum ham_standing standing, const char *text)
{
	if (sender == guest->owner) {
		/* its TAKE came first: it yields, whatever it said */
		if (standing == HAM_STANDING_HOLDS && local->take_seen)
			return;
		if (standing == HAM_STANDING_HOLDS)
			local->abort_seen = true;
		local->standing_src = (uint8_t)standing;
	} else if (sender == guest->dst) {
		local->standing_dst = (uint8_t)standing;
	} else {
		return;
	}
	if (text[0])
		g_strlcpy(local->reason, text, sizeof(local->reason));
	ham_evaluate_all(core);
}

/* A hand-over message is for those whose record has this very migration. */
static void
on_handover(ham_core *core, uint32_t sender, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_local *local;

	if (!guest || guest->txn != msg->txn ||
	    core->phase != HAM_VIEW_JOINED || !ham_is_joined(core, sender))
		return;
	local = ham_local_get(core, msg->guest);
	switch (msg->kind) {
	case HAM_MSG_TAKE:
		/* a source that is not here does not hear it */
		if (local->abort_seen || sender != guest->dst ||
		    !ham_is_joined(core, guest->owner))
			return;
		local->take_seen = true;
		break;
	case HAM_MSG_ABORT:
		if (local->take_seen || sender != guest->owner)
			return;
		local->abort_seen = true;
		break;
	case HAM_MSG_YIELD:
		if (sender != guest->owner)
			return;
		/* whatever it said before it had heard TAKE, and whoever has
		 * come since and did not hear that: D may run from here on */
		local->standing_src = HAM_STANDING_LACKS;
		break;
	case HAM_MSG_ABORTED:
		if (sender != guest->dst)
			return;
		/* also a GIVEBACK: the source's YIELD is void */
		local->take_seen = false;
		on_standing(core, local, guest, sender, HAM_STANDING_LACKS,
			    msg->text);
		break;
	case HAM_MSG_STANDING:
		on_standing(core, local, guest, sender,
			    (enum ham_standing)msg->standing, msg->text);
		return;
	case HAM_MSG_BEGIN:
		ham_queue_on_begin(core, local, guest, sender, msg);
		return;
	case HAM_MSG_DRAINED:
		local->mig_phase = HAM_MIG_HANDOVER;
		ham_fx_note(core, HAM_NOTE_MIGRATION_PHASE, msg->guest,
			    "handover");
		break;
	default:
		break;
	}
	if (guest->owner == core->config.self ||
	    (msg->kind == HAM_MSG_NOTE && sender != core->config.self))
		ham_source_msg(core, local, msg);
	if (guest->dst == core->config.self)
		ham_dest_msg(core, local, msg);
}

static void
on_note(ham_core *core, uint32_t sender, const struct ham_msg *msg)
{
	bool ran = msg->note == HAM_NOTE_MIGRATION_RAN;
	struct ham_effect *effect;

	if (msg->note >= HAM_NOTE_N)
		return;
	/* one message for two pieces of news: each costs the guest that just
	 * came some of its first milliseconds */
	if (ran)
		on_handover(core, sender, msg);
	effect = ham_fx(core, HAM_FX_NOTE);
	effect->note = ran ? HAM_NOTE_GUEST_RUNNING : msg->note;
	effect->node = sender;
	effect->epoch = msg->epoch;
	effect->txn = msg->txn;
	g_strlcpy(effect->guest, msg->guest, sizeof(effect->guest));
	if (ran)
		g_snprintf(effect->text, sizeof(effect->text), "running on %s",
			   ham_core_node_name(core, sender));
	else
		g_strlcpy(effect->text, msg->text, sizeof(effect->text));
	if (effect->note == HAM_NOTE_GUEST_RUNNING &&
	    ham_record_lookup(&core->record, msg->guest))
		ham_local_get(core, msg->guest)->starting_epoch = 0;
	if (msg->note == HAM_NOTE_FRAMES_LEAKED)
		ham_stale_on_note(core, sender, msg);
	if (msg->note == HAM_NOTE_GUEST_UNSEEN)
		ham_seen_on_note(core, msg);
	if ((msg->note == HAM_NOTE_GUEST_HELD ||
	     msg->note == HAM_NOTE_GUEST_FREED) &&
	    ham_record_lookup(&core->record, msg->guest))
		g_strlcpy(ham_local_get(core, msg->guest)->held,
			  msg->note == HAM_NOTE_GUEST_HELD ? msg->text : "",
			  HAM_REASON_SIZE);
	if (msg->note == HAM_NOTE_DRAIN_WAITS &&
	    ham_record_lookup(&core->record, msg->guest)) {
		struct ham_local *local = ham_local_get(core, msg->guest);

		g_strlcpy(local->stays, msg->text, sizeof(local->stays));
		local->stays_on =
			ham_record_lookup(&core->record, msg->guest)->owner;
	}
	if ((msg->note == HAM_NOTE_DISK_FAILED ||
	     msg->note == HAM_NOTE_DISK_MENDED) &&
	    ham_record_lookup(&core->record, msg->guest))
		g_strlcpy(ham_local_get(core, msg->guest)->broken,
			  msg->note == HAM_NOTE_DISK_FAILED ? msg->text : "",
			  HAM_REASON_SIZE);
	if ((msg->note == HAM_NOTE_MIGRATION_DONE ||
	     msg->note == HAM_NOTE_MIGRATION_FAILED) &&
	    ham_record_lookup(&core->record, msg->guest))
		ham_move_over(core, msg->guest);
	if (msg->note == HAM_NOTE_MIGRATION_PHASE &&
	    ham_record_lookup(&core->record, msg->guest)) {
		struct ham_local *local = ham_local_get(core, msg->guest);

		if (strcmp(msg->text, "copy") == 0 &&
		    ham_record_lookup(&core->record, msg->guest)->phase ==
			    HAM_GUEST_MIGRATING)
			local->mig_phase = HAM_MIG_COPY;
	}
}

/* All of it but what PROGRESS says, which comes next and is told to people. */
static void
on_forecast(ham_core *core, const struct ham_msg *msg)
{
	if (ham_record_lookup(&core->record, msg->guest))
		ham_local_get(core, msg->guest)->forecast = msg->progress;
}

/* A hamd that says no FORECAST leaves that unknown. */
static void
add_forecast(struct ham_local *local)
{
	struct ham_progress *p = &local->progress;
	const struct ham_progress *f = &local->forecast;

	p->left_ms[0] = f->left_ms[0];
	memcpy(p->pause_us, f->pause_us, sizeof(p->pause_us));
	p->done = f->done;
	p->dirty_rate = f->dirty_rate;
	p->throttle = f->throttle;
	p->verdict = f->verdict;
	p->needs_rate = f->needs_rate;
	p->needs_pause_us = f->needs_pause_us;
	ham_progress_clear(&local->forecast, HAM_MIG_NONE);
}

static void
on_progress(ham_core *core, const struct ham_msg *msg)
{
	struct ham_effect *effect;
	struct ham_local *local;

	if (!ham_record_lookup(&core->record, msg->guest))
		return;
	local = ham_local_get(core, msg->guest);
	if (msg->progress.phase == HAM_MIG_SYNC) {
		local->sync_at = (uint32_t)msg->txn;
		local->sync = msg->progress;
		return;
	}
	local->progress = msg->progress;
	add_forecast(local);
	effect = ham_fx(core, HAM_FX_NOTE);
	effect->flag = true; /* figures, not words */
	effect->note = HAM_NOTE_MIGRATION_PHASE;
	effect->txn = msg->txn;
	effect->progress = local->progress;
	g_strlcpy(effect->guest, msg->guest, sizeof(effect->guest));
}

static void
on_decoded(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	uint32_t sender = core->config.nodes[from].id;

	switch ((enum ham_msg_kind)msg->kind) {
	case HAM_MSG_EXCHANGE:
		ham_exchange_msg(core, from, msg);
		break;
	case HAM_MSG_ADOPT:
		ham_exchange_adopt(core, from, msg);
		break;
	case HAM_MSG_STORED:
		ham_on_stored(core, from, msg);
		break;
	case HAM_MSG_PROPOSE:
		ham_on_propose(core, from, msg);
		break;
	case HAM_MSG_RECORD:
		ham_on_record(core, from, msg);
		break;
	case HAM_MSG_CHECK:
		ham_on_check(core, from, msg);
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
	case HAM_MSG_BEGIN:
		on_handover(core, sender, msg);
		break;
	case HAM_MSG_PROGRESS:
		on_progress(core, msg);
		break;
	case HAM_MSG_FORECAST:
		on_forecast(core, msg);
		break;
	case HAM_MSG_SET:
		ham_policy_on_set(core, sender, msg);
		break;
	case HAM_MSG_NOTE:
		on_note(core, sender, msg);
		break;
	case HAM_MSG_HEARTBEAT:
		ham_lease_on_heartbeat(core, from, msg);
		break;
	case HAM_MSG_LEASES:
		ham_lease_on_leases(core, from, msg);
		break;
	case HAM_MSG_SERVED:
		ham_copies_on_served(core, sender, msg);
		break;
	case HAM_MSG_WHERE:
		ham_serve_on_where(core, msg);
		break;
	case HAM_MSG_VERIFY:
		ham_copies_on_verify(core, msg);
		break;
	case HAM_MSG_TRIAL:
		ham_trial_on_trial(core, msg);
		break;
	case HAM_MSG_TRIED:
		ham_trial_on_tried(core, from, msg);
		break;
	case HAM_MSG_MEMORY:
		core->peers[from].memory_mib = msg->memory_mib;
		break;
	case HAM_MSG_NONE:
	case HAM_MSG_N_KINDS:
		break;
	}
}

/* A change of the record that this version can't read must not be skipped:
 * the states would part.  Anything else unreadable is dropped and counted. */
static bool
changes_record(const uint8_t *bytes, size_t len)
{
	return len > 5 && memcmp(bytes, "HAMD", 4) == 0 &&
	       (bytes[5] == HAM_MSG_RECORD || bytes[5] == HAM_MSG_ADOPT);
}

static void
on_message(ham_core *core, const struct ham_event *event)
{
	int from = ham_node_index(core, event->node);
	struct ham_msg msg;
	const char *refusal;

	if (from < 0) {
		core->dropped++;
		return;
	}
	refusal = ham_msg_decode(event->bytes, event->len, &msg);
	if (refusal) {
		core->dropped++;
		if (changes_record(event->bytes, event->len))
			ham_fx_fatal(core,
				     "a change of the record from %s can't be "
				     "read: %s",
				     core->config.nodes[from].name, refusal);
		return;
	}
	if (!ham_ring_equal(msg.ring, core->totem)) {
		core->dropped++;
		return;
	}
	on_decoded(core, (unsigned int)from, &msg);
}

/* ---- the step ---- */

static void
on_tick(ham_core *core)
{
	ham_view_recheck(core);
	ham_view_tick(core);
	ham_lease_tick(core);
	ham_lease_mind(core);
	ham_replicate_tick(core);
	ham_command_tick(core);
	ham_trial_tick(core);
	ham_death_tick(core);
	if (!ham_is_active(core))
		return;
	ham_local_tick(core);
	ham_stale_tick(core);
	ham_again_tick(core);
	ham_node_tick(core);
	ham_drain_tick(core);
	if (ham_leader(core) == core->config.self &&
	    core->now_us - core->check_us > CHECK_EVERY_US) {
		core->check_us = core->now_us;
		ham_send_check(core);
	}
}

void
ham_core_step(ham_core *core, const struct ham_event *event,
	      struct ham_effects *effects)
{
	int64_t before_us;

	if (core->dead)
		return;
	core->fx = effects;
	before_us = core->now_us;
	if (event->now_us > core->now_us)
		core->now_us = event->now_us;
	ham_lease_begin(core, before_us);
	switch ((enum ham_event_kind)event->kind) {
	case HAM_EV_TICK:
		on_tick(core);
		break;
	case HAM_EV_READY:
		core->ready = true;
		ham_view_recheck(core);
		break;
	case HAM_EV_TOTEM:
		ham_view_totem(core, event);
		break;
	case HAM_EV_GROUP:
		ham_view_group(core, event);
		break;
	case HAM_EV_QUORUM:
		ham_view_quorum(core, event);
		break;
	case HAM_EV_LOST:
		ham_view_lost(core);
		break;
	case HAM_EV_MESSAGE:
		on_message(core, event);
		break;
	case HAM_EV_PERSISTED:
		ham_on_persisted(core, event->value);
		break;
	case HAM_EV_COMMAND:
		ham_command(core, event);
		break;
	case HAM_EV_DID:
		ham_local_did(core, event);
		break;
	case HAM_EV_WATCHDOG:
		core->config.watchdog_us = (int64_t)event->value;
		core->beat_us = 0; /* said at the next tick */
		ham_disarm_told(core, event);
		break;
	case HAM_EV_FENCED:
		ham_death_fenced(core, event);
		break;
	case HAM_EV_HEALTH:
		ham_node_health(core, event);
		break;
	case HAM_EV_TRIED:
		ham_trial_tried(core, event);
		break;
	}
	ham_lease_mind(core);
	ham_lease_woken(core);
	ham_view_tell(core);
	core->fx = NULL;
}

/* ---- questions ---- */

const struct ham_record *
ham_core_record(const ham_core *core)
{
	return &core->record;
}

const struct ham_core_node *
ham_core_nodes(const ham_core *core, unsigned int *n)
{
	*n = core->config.n_nodes;
	return core->config.nodes;
}

uint32_t
ham_core_self(const ham_core *core)
{
	return core->config.self;
}

const char *
ham_core_node_name(const ham_core *core, uint32_t id)
{
	int i = ham_node_index(core, id);

	return i >= 0 ? core->config.nodes[i].name : "?";
}

const char *
ham_core_node_version(const ham_core *core, uint32_t id)
{
	int i = ham_node_index(core, id);

	return i >= 0 ? core->exchange[i].version : "";
}

void
ham_core_get_counters(const ham_core *core, struct ham_core_counters *out)
{
	out->failovers = core->failovers;
	out->messages_dropped = core->dropped;
}

void
ham_core_get_view(const ham_core *core, struct ham_core_view *out)
{
	memset(out, 0, sizeof(*out));
	out->ring = core->totem;
	out->quorate =
		core->quorate && ham_ring_equal(core->quorum, core->totem);
	out->active = ham_is_active(core);
	out->leader = ham_leader(core);
	out->online = ham_members(core);
	out->joined = core->joined;
	out->counted = core->counted;
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (core->exchange[i].version[0] &&
		    core->exchange[i].config_digest !=
			    core->config.config_digest)
			out->differs |= (uint16_t)(1u << i);
	out->position = core->record.pos;
	out->committed = core->committed;
	ham_view_waiting_for(core, out->waiting_for, sizeof(out->waiting_for));
}

static const char *
state_word(const ham_core *core, const struct ham_guest *guest,
	   const struct ham_local *local)
{
	switch ((enum ham_guest_phase)guest->phase) {
	case HAM_GUEST_STOPPED:
		return guest->again && (ham_record_node_flags(&core->record,
							      guest->owner) &
					HAM_NODE_HALTED)
			       ? "halted"
		       : guest->again  ? "recovering"
		       : guest->wanted ? "failed"
				       : "stopped";
	case HAM_GUEST_STARTED:
		if (guest->owner_dead)
			return "recovering";
		if (core->frozen && guest->owner == core->config.self &&
		    local && ham_owner_stage(local->stage))
			return "frozen";
		if (!ham_is_joined(core, guest->owner))
			return "unknown";
		if (guest->cold)
			return "moving";
		if (!guest->wanted)
			return "stopping";
		if (local && local->starting_epoch == guest->epoch)
			return "starting";
		return "running";
	case HAM_GUEST_MIGRATING:
		return guest->owner_dead ? "recovering" : "migrating";
	case HAM_GUEST_IN_DOUBT:
		return ham_is_joined(core, guest->owner) &&
				       ham_is_joined(core, guest->dst)
			       ? "migrating"
			       : "in-doubt";
	case HAM_GUEST_N_PHASES:
		break;
	}
	return "?";
}

/* Of what was told, what comes behind "waits for". */
static void
waits_for_disk(const struct ham_local *local, struct ham_core_guest_info *out)
{
	static const char held[] = "its writes wait for ";
	const char *text = local->held;

	if (local->stage == HAM_L_S_HALTED && local->resume_us)
		g_strlcpy(out->waits_for,
			  "the lock of its shared disk, which the node that it "
			  "was to move to still holds",
			  sizeof(out->waits_for));
	else if (local->broken[0])
		g_snprintf(out->waits_for, sizeof(out->waits_for),
			   "its own disk (%s)", local->broken);
	else
		g_strlcpy(out->waits_for,
			  g_str_has_prefix(text, held) ? text + strlen(held)
						       : text,
			  sizeof(out->waits_for));
}

/* Of a move, what is told of the copy that is made there. */
static void
move_progress(const struct ham_local *local, const struct ham_guest *guest,
	      struct ham_core_guest_info *out)
{
	out->mig_phase = ham_guest_may_own(guest, guest->move_to)
				 ? HAM_MIG_HANDOVER /* it shuts down */
				 : HAM_MIG_COPY;
	out->progress.phase = out->mig_phase;
	if (local->sync_at != guest->move_to)
		return;
	out->progress.disk_done = local->sync.disk_done;
	out->progress.disk_total = local->sync.disk_total;
	out->progress.rate = local->sync.rate;
	memcpy(out->progress.left_ms, local->sync.left_ms,
	       sizeof(out->progress.left_ms));
	out->progress.done = local->sync.done;
	out->progress.elapsed_ms = local->sync.elapsed_ms;
}

static void
queue_progress(const ham_core *core, const struct ham_local *local,
	       const struct ham_guest *guest, struct ham_core_guest_info *out)
{
	if (ham_queue_waits_for(core, guest, out->waits_for,
				sizeof(out->waits_for), &out->queued_behind))
		out->mig_phase = HAM_MIG_QUEUED;
	else if (local->mig_phase == HAM_MIG_QUEUED &&
		 ham_is_joined(core, guest->owner))
		out->mig_phase = HAM_MIG_PREPARE; /* as soon as it is heard */
}

void
ham_core_guest_info(const ham_core *core, const struct ham_guest *guest,
		    struct ham_core_guest_info *out)
{
	const struct ham_local *local = ham_local_lookup(core, guest->name);

	memset(out, 0, sizeof(*out));
	out->state = state_word(core, guest, local);
	if (local) {
		out->mig_phase = local->mig_phase;
		out->progress = local->progress;
		if (guest->move_to)
			move_progress(local, guest, out);
		queue_progress(core, local, guest, out);
	}
	for (int i = 0; i < HAM_MAX_REPLICAS; i++)
		if (guest->replica[i].state == HAM_REPLICA_SYNCING)
			out->sync_node = guest->replica[i].node;
	if (local && out->sync_node && local->sync_at == out->sync_node)
		out->sync = local->sync;
	g_strlcpy(out->reason, guest->reason, sizeof(out->reason));
	if (local && local->stays_on == guest->owner &&
	    guest->phase == HAM_GUEST_STARTED &&
	    ham_node_is_closed(core, guest->owner))
		g_strlcpy(out->stays, local->stays, sizeof(out->stays));
	if (guest->phase == HAM_GUEST_IN_DOUBT) {
		out->waits_for_node = ham_doubt_waits_for(
			core, guest, out->waits_for, sizeof(out->waits_for));
	} else if (guest->again) {
		ham_again_waits_for(core, guest, out->waits_for,
					  sizeof(out->waits_for));
	} else if (guest->owner_dead) {
		ham_death_waits_for(core, guest, out->waits_for,
				    sizeof(out->waits_for));
	} else if (guest->phase != HAM_GUEST_STOPPED && core->joined &&
		   !ham_is_joined(core, guest->owner)) {
		char why[HAM_TEXT_MAX / 2];

		out->waits_for_node = guest->owner;
		/* then nobody fences it for this guest */
		if (ham_is_active(core) && guest->wanted &&
		    ham_place_is_nowhere_else(core, guest, why, sizeof(why))) {
			g_snprintf(out->waits_for, sizeof(out->waits_for),
				   "the return of %s: no other node could run "
				   "it (%s)",
				   ham_core_node_name(core, guest->owner), why);
			return;
		}
		g_snprintf(out->waits_for, sizeof(out->waits_for),
			   "the return of %s, which may still run it, or proof "
			   "that it is dead",
			   ham_core_node_name(core, guest->owner));
	} else if (local && local->queued &&
		   guest->owner == core->config.self) {
		g_snprintf(out->waits_for, sizeof(out->waits_for),
			   "its turn: %s starts %u at a time, those of the "
			   "highest priority first",
			   ham_core_node_name(core, core->config.self),
			   core->config.parallel_starts);
	} else if (guest->phase == HAM_GUEST_STARTED && local) {
		waits_for_disk(local, out);
	}
}
