/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/force.c - an operator starts a guest from an outdated copy
 *
 * For when every node with a current copy is lost for good (F32).  Refused
 * while one of them is here, while an owner may still run the guest, and for
 * what was never copied to its end; see HAM_OP_FORCE.  Nothing is taken from
 * the copies that were current: where they return, hamd neither starts from
 * them nor copies over them before `hamctl disk accept`.
 */
#include "hamd/core/state.h"

void
ham_force_current_text(const ham_core *core, const struct ham_guest *guest,
		       char *out, size_t size)
{
	char away[48];

	out[0] = '\0';
	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		uint32_t node = guest->replica[i].node;
		int k = ham_node_index(core, node);

		if (node == 0 || guest->replica[i].state != HAM_REPLICA_CURRENT)
			continue;
		if (out[0])
			g_strlcat(out, ", ", size);
		g_strlcat(out, ham_core_node_name(core, node), size);
		if (k < 0 || !core->peers[k].left_us ||
		    ham_is_joined(core, node))
			continue;
		g_snprintf(away, sizeof(away),
			   " (away for %" G_GINT64_FORMAT " s)",
			   (core->now_us - core->peers[k].left_us) / 1000000);
		g_strlcat(out, away, size);
	}
}

/* 0: no node with a current copy is here. */
static uint32_t
current_here(const ham_core *core, const struct ham_guest *guest)
{
	bool doubt = guest->phase == HAM_GUEST_IN_DOUBT;

	for (int i = 0; i < HAM_MAX_REPLICAS; i++) {
		uint32_t node = guest->replica[i].node;

		/* in doubt it is the two of the hand-over that decide */
		if (node && guest->replica[i].state == HAM_REPLICA_CURRENT &&
		    ham_is_joined(core, node) &&
		    (!doubt || node == guest->owner || node == guest->dst))
			return node;
	}
	return 0;
}

/* It has a copy there, and that is whole; otherwise the answer was given. */
static bool
has_whole_copy(ham_core *core, const struct ham_event *event,
	       const struct ham_guest *guest, uint32_t on)
{
	const struct ham_replica *r = ham_guest_replica(guest, on);
	const char *node = ham_core_node_name(core, on);

	if (ham_guest_has_whole(guest, on))
		return true;
	if (r)
		ham_fx_reply(core, event->token, "Refused",
			     "the copy of %s on %s was not made to its end: "
			     "nothing can be started from it",
			     guest->name, node);
	else
		ham_fx_reply(core, event->token, "Refused",
			     "%s holds no copy of the disks of %s", node,
			     guest->name);
	return false;
}

bool
ham_force_is_outlived(const ham_core *core, const struct ham_op *op)
{
	const struct ham_guest *guest =
		ham_record_lookup(&core->record, op->guest);

	return op->kind == HAM_OP_FORCE && guest && current_here(core, guest);
}

const char *
ham_force_hint(const ham_core *core, const struct ham_guest *guest,
	       uint32_t node)
{
	return !guest->common && !guest->shared && !current_here(core, guest) &&
			       ham_guest_has_whole(guest, node)
		       ? "; --force starts it from the old copy there, and "
			 "gives up what was written since"
		       : "";
}

bool
ham_force_order(ham_core *core, const struct ham_event *event,
		const struct ham_guest *guest, struct ham_op *op)
{
	uint32_t here = current_here(core, guest);
	char names[HAM_TEXT_MAX / 2];

	if (here) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s is here, and has a current copy of the disks "
			     "of %s%s; to give that copy up, stop hamd there "
			     "first",
			     ham_core_node_name(core, here), guest->name,
			     guest->phase == HAM_GUEST_STOPPED
				     ? ": start it there"
				     : "");
		return false;
	}
	if (guest->shared || op->flag || (uint8_t)op->txn) {
		ham_fx_reply(core, event->token, "Refused",
			     "%s shares a disk with other nodes, and an old "
			     "copy of others does not fit that",
			     guest->name);
		return false;
	}
	if (!has_whole_copy(core, event, guest, op->node))
		return false;
	ham_force_current_text(core, guest, names, sizeof(names));
	op->kind = HAM_OP_FORCE;
	g_snprintf(op->reason, sizeof(op->reason),
		   "started from an old copy: the writes that it lacks are "
		   "given up, current was: %s",
		   names[0] ? names : "none");
	return true;
}
