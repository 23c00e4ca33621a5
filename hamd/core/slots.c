/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/slots.c - what hangs in a guest's disks, and where copies are served
 *
 * A slot is of one node's copy; an offer is what SERVED said of one.  Both are
 * of the owner, or of who may become it, and die with its hamd.  Decides
 * nothing.
 */
#include <string.h>

#include "hamd/core/state.h"

struct ham_slot *
ham_slot_of(struct ham_local *local, uint32_t node)
{
	for (int i = 0; node && i < HAM_MAX_SLOTS; i++)
		if (local->slot[i].node == node)
			return &local->slot[i];
	return NULL;
}

struct ham_slot *
ham_slot_take(struct ham_local *local, uint32_t node)
{
	struct ham_slot *slot = ham_slot_of(local, node);

	if (slot) {
		*slot = (struct ham_slot){.node = node};
		return slot;
	}
	for (int i = 0; i < HAM_MAX_SLOTS; i++)
		if (local->slot[i].node == 0) {
			local->slot[i] = (struct ham_slot){.node = node};
			return &local->slot[i];
		}
	return NULL;
}

void
ham_slots_clear(struct ham_local *local)
{
	memset(local->slot, 0, sizeof(local->slot));
}

void
ham_blob_put_id(struct ham_blob *blob, uint32_t id)
{
	for (int shift = 24; shift >= 0; shift -= 8)
		blob->bytes[blob->len++] = (uint8_t)(id >> shift);
}

uint32_t
ham_blob_id(const struct ham_blob *blob, unsigned int k)
{
	uint32_t id = 0;

	for (unsigned int i = 4 * k; i < 4 * k + 4; i++) {
		if (i >= blob->len)
			return 0;
		id = id << 8 | blob->bytes[i];
	}
	return id;
}

void
ham_slots_keep(struct ham_local *local, const struct ham_guest *guest,
	       struct ham_blob *out)
{
	out->len = 0;
	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_slot *slot = &local->slot[i];

		if (slot->node && !slot->filling &&
		    ham_guest_is_current(guest, slot->node))
			ham_blob_put_id(out, slot->node);
		else
			*slot = (struct ham_slot){0};
	}
}

struct ham_offer *
ham_offer_of(const struct ham_local *local, uint32_t node, uint64_t epoch)
{
	for (int i = 0; i < HAM_MAX_SLOTS; i++)
		if (local->offers[i] && local->offers[i]->node == node &&
		    local->offers[i]->epoch == epoch)
			return local->offers[i];
	return NULL;
}

struct ham_offer *
ham_offer_room(struct ham_local *local, const struct ham_guest *guest,
	       uint32_t node)
{
	struct ham_offer **room = NULL;

	for (int i = 0; i < HAM_MAX_SLOTS; i++) {
		struct ham_offer *o = local->offers[i];

		if (o && o->node == node)
			return o;
		if (!o || o->epoch < guest->epoch ||
		    !ham_guest_replica(guest, o->node))
			room = &local->offers[i];
	}
	if (!room)
		room = &local->offers[0];
	if (!*room)
		*room = g_new0(struct ham_offer, 1);
	return *room;
}

bool
ham_blob_add(struct ham_blob *blob, const struct ham_blob *more)
{
	if (more->len == 0 || blob->len + 1 + more->len > HAM_BLOB_MAX)
		return false;
	if (blob->len > 0)
		blob->bytes[blob->len++] = '\n';
	memcpy(blob->bytes + blob->len, more->bytes, more->len);
	blob->len = (uint16_t)(blob->len + more->len);
	return true;
}
