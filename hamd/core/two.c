/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/two.c - a cluster of two nodes, of which one is gone
 *
 * Half of two is no majority, and corosync's two_node (votequorum(5)) lets each
 * half go on.  Here the one that is left decides alone, "solo", when
 *  - corosync calls it quorate, which with wait_for_all it does only to one that
 *    has seen the other since it was started;
 *  - the other is off, proven in this very ring by a fence device or vouched
 *    for by an operator;
 *  - its own record is the newest: whatever the other decided solo, it did after
 *    this machine had been switched off.  So the record must have been adopted
 *    in the present boot of this machine, from a view of both or by itself.
 * Then it is its own majority until the ring changes.  It never is when it has
 * only booted, lest it start guests from old copies; but for an operator who
 * says that its record is to be the newest (claim.c).
 *
 * Both may fence each other: the one with fewer guests waits (F64).  A silence
 * proves nothing among two, there is no watchdog's word here.
 */
#include "hamd/core/state.h"

unsigned int
ham_two_other(const ham_core *core)
{
	return 1 - core->self;
}

bool
ham_two_alone(const ham_core *core)
{
	return core->config.n_nodes == 2 && core->connected && core->quorate &&
	       ham_ring_equal(core->quorum, core->totem) &&
	       core->totem_mask == ham_bit(core->self);
}

bool
ham_two_is_newest(const ham_core *core)
{
	return core->claims || (core->has_store && core->config.boot != 0 &&
				core->boot == core->config.boot);
}

bool
ham_two_solo(const ham_core *core)
{
	return ham_two_alone(core) && ham_two_is_newest(core) &&
	       core->peers[ham_two_other(core)].off;
}

static unsigned int
guests_of(const ham_core *core, uint32_t node)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < core->record.n_guests; i++) {
		const struct ham_guest *guest = &core->record.guests[i];

		n += guest->phase != HAM_GUEST_STOPPED &&
		     (guest->owner == node || guest->dst == node);
	}
	return n;
}

int64_t
ham_two_delay_us(const ham_core *core)
{
	uint32_t other = core->config.nodes[ham_two_other(core)].id;
	unsigned int ours = guests_of(core, core->config.self);
	unsigned int theirs = guests_of(core, other);

	if (ours > theirs || (ours == theirs && core->self == 0))
		return 0;
	return core->config.two_node_delay_us;
}

/* Without any guest on either side nothing is decided, and nobody shot. */
static bool
matters(const ham_core *core)
{
	for (unsigned int i = 0; i < core->config.n_nodes; i++)
		if (guests_of(core, core->config.nodes[i].id) > 0)
			return true;
	return false;
}

/* What is its outlet is said by a file that both have. */
bool
ham_two_differ(const ham_core *core)
{
	return core->other_digest &&
	       core->other_digest != core->config.config_digest;
}

void
ham_two_tick(ham_core *core)
{
	const struct ham_peer *other;

	if (!ham_two_alone(core) || core->dead || !core->ready ||
	    !ham_two_is_newest(core))
		return;
	other = &core->peers[ham_two_other(core)];
	if (ham_two_differ(core))
		return;
	if (!other->off && matters(core) &&
	    !ham_disarm_is_expected(core, ham_two_other(core)) &&
	    core->now_us - other->left_us >=
		    core->config.fence_delay_us + ham_two_delay_us(core))
		ham_death_fence(core, ham_two_other(core));
}

void
ham_two_confirm_off(ham_core *core, const struct ham_event *event)
{
	unsigned int i = ham_two_other(core);
	struct ham_peer *other = &core->peers[i];

	if (event->node != core->config.nodes[i].id) {
		ham_fx_reply(core, event->token, "Refused",
			     "that is this node itself");
		return;
	}
	if (!ham_two_is_newest(core)) {
		ham_fx_reply(core, event->token, "Refused",
			     "this node has booted since it was last in one "
			     "cluster with %s, which may have gone on without "
			     "it: only both together can say what is newest, "
			     "or hamctl cluster claim",
			     core->config.nodes[i].name);
		return;
	}
	ham_death_call_off(core, i);
	other->off = true;
	g_strlcpy(other->text, "an operator has seen it off",
		  sizeof(other->text));
	ham_fx_reply(core, event->token, NULL, "%s", "");
	ham_view_recheck(core);
}
