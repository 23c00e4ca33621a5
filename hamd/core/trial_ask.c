/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/trial_ask.c - what would a migration be like?  Asked and answered
 *
 *	order -> TRIAL to all -> the owner, and each node that it may go
 *	to, have their guest layers look, and say TRIED, piece by piece
 *	-> all have, or 8 s are over -> the answer, with the names of
 *	those who were silent
 *
 * Nothing is proposed, reserved or remembered by anybody but who was asked, and
 * that forgets it with the view: facts of two views fit nothing.  What they
 * mean is reckoned by trial.h, where they are all together.
 */
#include <string.h>

#include "hamd/core/state.h"

enum {
	LIMIT_US = 8000000,
	ID_LEN = 4,
	PIECES_MAX = HAM_TRIED_MAX / HAM_BLOB_MAX + 1,
};

static void
put_id(struct ham_blob *blob, uint32_t id)
{
	for (int i = 0; i < ID_LEN; i++)
		blob->bytes[blob->len++] = (uint8_t)(id >> (24 - 8 * i));
}

static bool
has_id(const struct ham_blob *blob, uint32_t id)
{
	struct ham_blob one = {0};

	put_id(&one, id);
	for (size_t at = 0; at + ID_LEN <= blob->len; at += ID_LEN)
		if (memcmp(blob->bytes + at, one.bytes, ID_LEN) == 0)
			return true;
	return false;
}

static struct ham_trial *
find(ham_core *core, uint64_t txn)
{
	for (unsigned int i = 0; i < HAM_MAX_TRIALS; i++)
		if (core->trials[i].token && core->trials[i].txn == txn)
			return &core->trials[i];
	return NULL;
}

static struct ham_trial *
find_free(ham_core *core)
{
	for (unsigned int i = 0; i < HAM_MAX_TRIALS; i++)
		if (core->trials[i].token == 0)
			return &core->trials[i];
	return NULL;
}

static struct ham_effect *
fx_tried(ham_core *core, const struct ham_trial *trial)
{
	struct ham_effect *effect = ham_fx(core, HAM_FX_TRIED);

	effect->value = trial->token;
	g_strlcpy(effect->guest, trial->guest, sizeof(effect->guest));
	return effect;
}

static void
end(ham_core *core, struct ham_trial *trial, const char *why)
{
	struct ham_effect *effect = fx_tried(core, trial);

	effect->txn = trial->asked & (uint16_t)~trial->answered;
	if (why)
		g_strlcpy(effect->text, why, sizeof(effect->text));
	memset(trial, 0, sizeof(*trial));
}

/* ---- asking ---- */

static bool
may_go_to(const ham_core *core, const struct ham_event *event,
	  const struct ham_guest *guest, unsigned int i)
{
	const struct ham_core_node *node = &core->config.nodes[i];

	return node->id != guest->owner && !node->witness &&
	       (core->joined & ham_bit(i)) &&
	       (event->node == 0 || event->node == node->id);
}

/* Why a live look at it is impossible, or NULL. */
static const char *
refusal(const ham_core *core, const struct ham_guest *guest)
{
	if (!ham_is_joined(core, guest->owner))
		return "its node is not in the cluster now";
	if (guest->dst || guest->move_to)
		return "it is being migrated already";
	return NULL;
}

void
ham_trial_order(ham_core *core, const struct ham_event *event,
		const struct ham_guest *guest)
{
	struct ham_msg msg = {.kind = HAM_MSG_TRIAL, .epoch = guest->epoch};
	struct ham_trial *trial = find_free(core);
	const char *why = refusal(core, guest);
	uint16_t asked = 0;

	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (may_go_to(core, event, guest, i)) {
			asked |= ham_bit(i);
			put_id(&msg.blob, core->config.nodes[i].id);
		}
	if (!why && !asked)
		why = "no other node is in the cluster that could hold it";
	if (why) {
		ham_fx_reply(core, event->token, "Refused", "%s: %s",
			     guest->name, why);
		return;
	}
	if (!trial) {
		ham_fx_reply(core, event->token, "Busy",
			     "%u trials are under way already", HAM_MAX_TRIALS);
		return;
	}
	core->next_proposal++;
	trial->token = event->token;
	trial->txn = msg.txn = ham_new_history(core);
	trial->ring = core->totem;
	trial->asked =
		asked |
		ham_bit((unsigned int)ham_node_index(core, guest->owner));
	trial->deadline_us = core->now_us + LIMIT_US;
	g_strlcpy(trial->guest, guest->name, sizeof(trial->guest));
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	ham_fx_send(core, &msg, false);
}

/* ---- being asked ---- */

void
ham_trial_on_trial(ham_core *core, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_trial *ours = find(core, msg->txn);
	struct ham_effect *effect;
	bool owner;

	if (core->phase != HAM_VIEW_JOINED || !guest)
		return;
	if (guest->epoch != msg->epoch) {
		if (ours)
			end(core, ours,
			    "it was started, stopped or moved just "
			    "now");
		return;
	}
	owner = guest->owner == core->config.self;
	if (!owner && !has_id(&msg->blob, core->config.self))
		return;
	effect = ham_fx(core, HAM_FX_TRIAL);
	effect->flag = owner;
	if (ham_guest_is_current(guest, core->config.self))
		effect->value |= HAM_LOOK_CURRENT;
	if (guest->phase != HAM_GUEST_STOPPED)
		effect->value |= HAM_LOOK_RUNS;
	effect->txn = msg->txn;
	effect->epoch = msg->epoch;
	g_strlcpy(effect->guest, guest->name, sizeof(effect->guest));
}

/* In pieces; the last is shorter than a whole one, if only by being empty. */
void
ham_trial_tried(ham_core *core, const struct ham_event *event)
{
	size_t len = MIN(event->len, (size_t)HAM_TRIED_MAX);
	struct ham_msg msg = {.kind = HAM_MSG_TRIED,
			      .epoch = event->epoch,
			      .txn = event->txn};

	/* nobody waits any more */
	if (core->phase != HAM_VIEW_JOINED || !ham_name_valid(event->guest))
		return;
	g_strlcpy(msg.guest, event->guest, sizeof(msg.guest));
	for (size_t at = 0;; at += HAM_BLOB_MAX) {
		msg.blob.len = (uint16_t)MIN(len - at, (size_t)HAM_BLOB_MAX);
		if (msg.blob.len)
			memcpy(msg.blob.bytes, event->bytes + at, msg.blob.len);
		ham_fx_send(core, &msg, false);
		if (msg.blob.len < HAM_BLOB_MAX)
			return;
	}
}

/* ---- being answered ---- */

static bool
is_all(const ham_core *core, const struct ham_trial *trial)
{
	return (trial->asked & core->joined & (uint16_t)~trial->answered) == 0;
}

void
ham_trial_on_tried(ham_core *core, unsigned int from, const struct ham_msg *msg)
{
	struct ham_trial *trial = find(core, msg->txn);
	struct ham_effect *effect;

	if (!trial || !(trial->asked & ham_bit(from)) ||
	    (trial->answered & ham_bit(from)) ||
	    trial->pieces[from] >= PIECES_MAX)
		return;
	trial->pieces[from]++;
	effect = fx_tried(core, trial);
	effect->node = core->config.nodes[from].id;
	effect->bytes = g_memdup2(msg->blob.bytes, msg->blob.len);
	effect->len = msg->blob.len;
	if (msg->blob.len < HAM_BLOB_MAX)
		trial->answered |= ham_bit(from);
	if (is_all(core, trial))
		end(core, trial, NULL);
}

void
ham_trial_tick(ham_core *core)
{
	for (unsigned int i = 0; i < HAM_MAX_TRIALS; i++) {
		struct ham_trial *trial = &core->trials[i];

		if (trial->token == 0)
			continue;
		if (!ham_ring_equal(trial->ring, core->totem))
			end(core, trial,
			    "the cluster's members have changed meanwhile: ask "
			    "again");
		else if (is_all(core, trial) ||
			 core->now_us >= trial->deadline_us)
			end(core, trial, NULL);
	}
}
