/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/verify.c - the owner of a guest has its copies compared
 *
 *	asked for, or due -> VERIFY, copy after copy -> VERIFIED: the same, or
 *	not compared, or it differs -> OUTDATED committed: it is made anew
 *
 * A comparison that was not asked for is due verify_interval after the guest
 * came to run here, and after each; on a node one guest's copies at a time, so
 * that a cluster that was started at once does not read all its disks at once.
 *
 * Which side of the two is damaged nobody can know: the guest's own disk is
 * what it goes on with.  Not to know is no reason to give a copy up.
 */
#include "hamd/core/state.h"

void
ham_copies_on_verify(ham_core *core, const struct ham_msg *msg)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, msg->guest);
	struct ham_local *local;

	if (!guest || guest->owner != core->config.self ||
	    guest->epoch != msg->epoch)
		return;
	local = ham_local_get(core, msg->guest);
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		local->slot[i].verify =
			ham_guest_is_current(guest, local->slot[i].node);
		local->slot[i].awaited = true;
	}
	local->verified_us = core->now_us;
	ham_evaluate_all(core);
}

static bool
any_compared(const ham_core *core)
{
	for (unsigned int i = 0; i < core->n_locals; i++)
		for (int k = 0; k < HAM_MAX_SLOTS; k++)
			if (core->locals[i].slot[k].verifying ||
			    (core->locals[i].slot[k].verify &&
			     core->locals[i].stage == HAM_L_RUNNING))
				return true;
	return false;
}

static void
begin_due(ham_core *core, struct ham_local *local,
	  const struct ham_guest *guest)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);
	int64_t from_us = MAX(local->since_us, local->verified_us);

	if (!config || config->verify_interval_us == 0 ||
	    core->now_us - from_us < config->verify_interval_us ||
	    any_compared(core))
		return;
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		if (!ham_guest_is_current(guest, local->slot[i].node))
			continue;
		local->slot[i].verify = true;
		local->slot[i].awaited = false;
		local->verified_us = core->now_us;
	}
}

void
ham_verify_mind(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	struct ham_slot *next = NULL;

	begin_due(core, local, guest);
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_slot *slot = &local->slot[i];

		if (slot->verifying)
			return;
		if (slot->node && slot->verify && !slot->failed &&
		    !slot->filling && !slot->dropping && !next)
			next = slot;
	}
	if (!next)
		return;
	next->verify = false;
	next->verifying = true;
	ham_fx_guest(core, local, HAM_DO_VERIFY);
	core->fx->list[core->fx->n - 1].node = next->node;
	core->fx->list[core->fx->n - 1].flag = !next->awaited;
}

void
ham_verify_did(ham_core *core, struct ham_local *local, struct ham_slot *slot,
	       const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	const char *name = ham_core_node_name(core, event->node);
	const char *text = event->text ? event->text : "it could not be read";

	if (slot)
		slot->verifying = false;
	if (event->flag) {
		ham_fx_tell(core, HAM_NOTE_DISK_VERIFIED, local,
			    "the copy on %s is the same", name);
	} else if (event->value != 1) {
		ham_fx_tell(core, HAM_NOTE_DISK_UNVERIFIED, local,
			    "the copy on %s was not compared: %s", name, text);
	} else {
		ham_fx_tell(core, HAM_NOTE_DISK_DIFFERS, local,
			    "the copy on %s is not the same: %s; one of the two "
			    "is damaged",
			    name, text);
		if (!guest || guest->owner != core->config.self ||
		    !ham_guest_is_current(guest, event->node))
			return;
		if (slot)
			slot->differs = true; /* and if this is not heard */
		ham_propose_outdated(core, local, guest, event->node, text);
	}
}
