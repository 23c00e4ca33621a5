/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/resize.c - the owner of a guest lets its disks grow
 *
 *	RESIZE committed: no other copy counts -> each slot is empty -> RESIZE
 *	-> RESIZED -> RESIZED committed: copies are made again
 *
 * The guest runs throughout.  A disk that certainly did not grow stays what it
 * was; one of which nobody knows, as the guest may have seen it and written
 * there, is resized again until it is known.
 */
#include "hamd/core/state.h"

enum {
	AGAIN_US = 30 * 1000000,
};

static bool
any_slot(const struct ham_local *local)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++)
		if (local->slot[i].node)
			return true;
	return false;
}

/* Tells one order from another: a size is a multiple of 512. */
static uint64_t
resize_key(const struct ham_guest *guest)
{
	return guest->grow_size | guest->grow_disk;
}

static void
propose(ham_core *core, struct ham_local *local, const struct ham_guest *guest,
	bool done, const char *reason)
{
	struct ham_op op = {.kind = HAM_OP_RESIZED,
			    .flag = done,
			    .epoch = guest->epoch,
			    .txn = guest->grow_size};

	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	g_strlcpy(op.reason, reason, sizeof(op.reason));
	ham_propose_for(core, local, &op);
}

void
ham_resize_mind(ham_core *core, struct ham_local *local,
		const struct ham_guest *guest)
{
	if (guest->grow_size == 0 || local->resizing)
		return;
	if (local->resized == resize_key(guest)) {
		propose(core, local, guest, true, "");
		return;
	}
	if (any_slot(local) || core->now_us < local->resize_us)
		return;
	local->resizing = resize_key(guest);
	ham_fx_guest(core, local, HAM_DO_RESIZE);
}

void
ham_resize_did(ham_core *core, struct ham_local *local,
	       const struct ham_event *event)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, local->name);
	const char *text = event->text ? event->text : "it was called off";
	uint64_t asked = local->resizing;

	local->resizing = 0;
	if (event->flag)
		local->resized = asked;
	else
		local->resize_us = core->now_us + AGAIN_US;
	if (event->flag || !guest || guest->owner != core->config.self ||
	    asked == 0 || asked != resize_key(guest))
		return;
	if (event->value == 1)
		propose(core, local, guest, false, text);
	else
		ham_fx_tell(core, HAM_NOTE_ALARM, local,
			    "whether its disk was resized is not known yet: %s",
			    text);
}
