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

bool
ham_again_owes(const ham_core *core)
{
	for (unsigned int i = 0; core->booted && i < core->record.n_guests;
	     i++) {
		const struct ham_guest *guest = &core->record.guests[i];
		const struct ham_local *local =
			ham_local_lookup(core, guest->name);

		if (guest->owner == core->config.self && !guest->owner_dead &&
		    (guest->phase == HAM_GUEST_STARTED ||
		     guest->phase == HAM_GUEST_MIGRATING) &&
		    (!local || (local->stage == HAM_L_NONE &&
				local->launch_epoch != guest->epoch)))
			return true;
	}
	return false;
}

/* Why it has no place, or a closed node for one, which a START is refused;
 * false: it has, *node. */
static bool
is_placeless(const ham_core *core, const struct ham_guest *guest,
	     uint32_t *node, char *why, size_t size)
{
	const struct ham_plan_item *item = ham_place_of(core, guest);
	char text[HAM_TEXT_MAX / 2];

	*node = item ? item->node : 0;
	if (!item || !item->config) {
		g_strlcpy(why, "its section in the cluster file", size);
	} else if (*node == 0) {
		ham_place_text(core, item, text, sizeof(text));
		g_snprintf(why, size, "a node that can run it (%s)", text);
	} else if (ham_node_is_closed(core, *node)) {
		ham_node_closed_text(core, *node, text, sizeof(text));
		g_snprintf(why, size, "another node than %s, which %s",
			   ham_core_node_name(core, *node), text);
	} else {
		return false;
	}
	return true;
}

static void
start(ham_core *core, const struct ham_guest *guest)
{
	const struct ham_core_guest *config =
		ham_guest_config(core, guest->name);
	struct ham_op op = {.kind = HAM_OP_START, .epoch = guest->epoch};
	char why[HAM_TEXT_MAX];

	if (is_placeless(core, guest, &op.node, why, sizeof(why)))
		return;
	op.flag = config->common;
	op.txn = config->shared;
	g_strlcpy(op.guest, guest->name, sizeof(op.guest));
	/* an operator's stop may be under way: it is not to be undone */
	g_strlcpy(op.reason, "by itself", sizeof(op.reason));
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

void
ham_again_waits_for(const ham_core *core, const struct ham_guest *guest,
		    char *out, size_t size)
{
	uint32_t node;

	if (!is_placeless(core, guest, &node, out, size))
		out[0] = '\0';
}
