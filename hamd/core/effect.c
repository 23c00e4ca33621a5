/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/effect.c - the list of effects that a step answers with */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hamd/core/state.h"

static const char *const note_names[] = {
	"GUEST_STARTING",
	"GUEST_RUNNING",
	"GUEST_STOPPING",
	"GUEST_STOPPED",
	"GUEST_FAILED",
	"MIGRATION_PHASE",
	"MIGRATION_RAN",
	"MIGRATION_DONE",
	"MIGRATION_FAILED",
	"REPLICA_OUTDATED",
	"MEMBERSHIP",
	"QUORUM",
	"ALARM",
	"FENCING",
	"NODE_DEAD",
	"REPLICA_SYNCING",
	"REPLICA_CURRENT",
	"GUEST_HELD",
	"GUEST_FREED",
	"DISK_FAILED",
	"DISK_MENDED",
	"DISK_VERIFIED",
	"DISK_DIFFERS",
	"DISK_UNVERIFIED",
	"DISK_RESIZING",
	"DISK_RESIZED",
	"DISK_NOT_RESIZED",
	"NODE_STATE",
	"DRAIN_WAITS",
	"HEALTH_UNMEASURED",
	"HEALTH_MEASURED",
	"FRAMES_LEAKED",
	"GUEST_SEEN",
	"GUEST_UNSEEN",
	"MIGRATION_ASKED",
	"MIGRATION_DECIDED",
};
G_STATIC_ASSERT(G_N_ELEMENTS(note_names) == HAM_NOTE_N);

static const char *const mig_phase_names[] = {
	"none", "prepare", "copy", "cutover", "handover", "sync", "queued",
};
G_STATIC_ASSERT(G_N_ELEMENTS(mig_phase_names) == HAM_MIG_N);

const char *
ham_note_name(unsigned int note)
{
	return note < HAM_NOTE_N ? note_names[note] : "?";
}

const char *
ham_mig_phase_name(unsigned int phase)
{
	return phase < HAM_MIG_N ? mig_phase_names[phase] : "?";
}

static void
effect_clear(struct ham_effect *effect)
{
	g_free(effect->bytes);
	for (size_t i = 0; i < effect->n_items; i++)
		g_free(effect->items[i].value);
	g_free(effect->items);
	memset(effect, 0, sizeof(*effect));
}

void
ham_effects_clear(struct ham_effects *effects)
{
	for (size_t i = 0; i < effects->n; i++)
		effect_clear(&effects->list[i]);
	effects->n = 0;
}

void
ham_effects_free(struct ham_effects *effects)
{
	ham_effects_clear(effects);
	g_free(effects->list);
	effects->list = NULL;
	effects->room = 0;
}

/* The pointer is good until the next effect is added. */
struct ham_effect *
ham_fx(ham_core *core, enum ham_effect_kind kind)
{
	struct ham_effects *fx = core->fx;
	struct ham_effect *effect;

	if (fx->n == fx->room) {
		fx->room = fx->room ? 2 * fx->room : 16;
		fx->list = g_renew(struct ham_effect, fx->list, fx->room);
	}
	effect = &fx->list[fx->n++];
	memset(effect, 0, sizeof(*effect));
	effect->kind = (uint8_t)kind;
	return effect;
}

void
ham_fx_send(ham_core *core, const struct ham_msg *msg, bool droppable)
{
	struct ham_msg stamped = *msg;
	struct ham_effect *effect = ham_fx(core, HAM_FX_SEND);

	stamped.incarnation = core->config.incarnation;
	stamped.ring = core->totem;
	effect->flag = droppable;
	effect->bytes = ham_msg_encode(&stamped, &core->record, &effect->len);
}

void
ham_fx_guest(ham_core *core, struct ham_local *local, enum ham_do act)
{
	struct ham_effect *effect = ham_fx(core, HAM_FX_GUEST);

	effect->act = (uint8_t)act;
	g_strlcpy(effect->guest, local->name, sizeof(effect->guest));
	effect->epoch = local->epoch;
	effect->txn = local->txn;
	effect->blob = local->blob;
}

void
ham_fx_note(ham_core *core, enum ham_note note, const char *guest,
	    const char *format, ...)
{
	struct ham_effect *effect = ham_fx(core, HAM_FX_NOTE);
	va_list ap;

	effect->note = (uint8_t)note;
	effect->node = core->config.self;
	if (guest) {
		const struct ham_guest *g =
			ham_record_lookup(&core->record, guest);

		g_strlcpy(effect->guest, guest, sizeof(effect->guest));
		effect->epoch = g ? g->epoch : 0;
		effect->txn = g ? g->txn : 0;
	}
	va_start(ap, format);
	g_vsnprintf(effect->text, sizeof(effect->text), format, ap);
	va_end(ap);
}

void
ham_fx_tell(ham_core *core, enum ham_note note, const struct ham_local *local,
	    const char *format, ...)
{
	struct ham_msg msg = {.kind = HAM_MSG_NOTE};
	va_list ap;

	msg.note = (uint8_t)note;
	if (local) {
		g_strlcpy(msg.guest, local->name, sizeof(msg.guest));
		msg.epoch = local->epoch;
		msg.txn = local->txn;
	}
	va_start(ap, format);
	g_vsnprintf(msg.text, sizeof(msg.text), format, ap);
	va_end(ap);
	ham_fx_send(core, &msg, false);
}

void
ham_fx_fatal(ham_core *core, const char *format, ...)
{
	struct ham_effect *effect;
	va_list ap;

	if (core->dead)
		return;
	core->dead = true;
	effect = ham_fx(core, HAM_FX_FATAL);
	va_start(ap, format);
	g_vsnprintf(effect->text, sizeof(effect->text), format, ap);
	va_end(ap);
}

void
ham_fx_reply(ham_core *core, uint64_t token, const char *error_class,
	     const char *format, ...)
{
	struct ham_effect *effect = ham_fx(core, HAM_FX_REPLY);
	va_list ap;

	effect->value = token;
	effect->error_class = error_class;
	va_start(ap, format);
	g_vsnprintf(effect->text, sizeof(effect->text), format, ap);
	va_end(ap);
}
