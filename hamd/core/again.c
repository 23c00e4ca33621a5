/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/again.c - a guest that ended with its node is started again
 *
 * Its node was cut off for longer than its lease, or lost its power and has
 * booted, it alone or all of them: the owner says so (STOPPED, AGAIN), and the
 * leader starts the guest where the plan has a place for it, at home first.
 * Only copies that the record calls current count, as for every START; none
 * here: it waits, and status says for whom.
 *
 * Once for each such end: a start that fails is the guest's own failure.  One
 * whose QEMU died alone is left as it is, and so is one that its operator has
 * stopped since.
 */
#include "hamd/core/state.h"

static uint32_t
place(const ham_core *core, const struct ham_guest *guest, char *why,
      size_t size)
{
	return ham_place_start(core, guest->name, guest, guest->owner, why,
			       size);
}

static void
start(ham_core *core, const struct ham_guest *guest)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);
	struct ham_op op = {.kind = HAM_OP_START, .epoch = guest->epoch};
	char why[HAM_TEXT_MAX];

	if (!config) /* it is in the cluster file no more */
		return;
	op.node = place(core, guest, why, sizeof(why));
	op.flag = config->common;
	op.txn = config->shared;
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	if (op.node)
		ham_propose_for(core, ham_local_get(core, guest->name), &op);
}

void
ham_again_tick(ham_core *core)
{
	if (ham_leader(core) != core->config.self)
		return;
	for (unsigned int i = 0; i < core->record.n_guests; i++)
		if (core->record.guests[i].again)
			start(core, &core->record.guests[i]);
}

bool
ham_again_waits_for(const ham_core *core, const struct ham_guest *guest,
		    char *out, size_t size)
{
	if (!ham_guest_config(core, guest->name)) {
		g_strlcpy(out, "its section in the cluster file", size);
		return true;
	}
	if (place(core, guest, out, size) == 0)
		return true;
	out[0] = '\0';
	return false;
}
