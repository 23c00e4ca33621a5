/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/fork.c - of which histories of a guest the images here may be
 *
 * A guest's history changes where an operator has it begin anew from what is
 * here (FORCE, claim.c).  Its images on this node still bear the label of the
 * one before, and are what the new one has begun with: up to the epoch of then.
 * Elsewhere images with that label have writes that may be lost.  So this is
 * no part of the record: each node stores its own, beside it.  What did not
 *lead to the history that the record has now says nothing: an order may have
 *been dropped with its view, or a later one have begun elsewhere.
 *
 *	fork/NAME	(u64 history, u64 epoch, u64 into which), newest last
 */
#include <string.h>

#include "hamd/core/state.h"
#include "hamd/core/wire.h"

enum {
	FORK_LEN = 24
};
G_STATIC_ASSERT((int)HAM_FORK_WIRE_MAX == FORK_LEN * HAM_MAX_FORKS);

/* The oldest goes where there is no room: what it says costs an operator's word
 * then, and no write. */
void
ham_fork_add(struct ham_local *local, uint64_t history, uint64_t epoch,
	     uint64_t into)
{
	struct ham_fork *forks = local->forks;

	if (history == 0)
		return;
	if (local->n_forks == HAM_MAX_FORKS)
		memmove(&forks[0], &forks[1],
			--local->n_forks * sizeof(forks[0]));
	forks[local->n_forks++] = (struct ham_fork){history, epoch, into};
}

size_t
ham_fork_encode(const struct ham_local *local, uint8_t out[HAM_FORK_WIRE_MAX])
{
	struct ham_writer w = {out, 0, HAM_FORK_WIRE_MAX};

	for (unsigned int i = 0; i < local->n_forks; i++) {
		ham_put_u64(&w, local->forks[i].history);
		ham_put_u64(&w, local->forks[i].epoch);
		ham_put_u64(&w, local->forks[i].into);
	}
	return w.len;
}

const char *
ham_fork_load(ham_core *core, const char *key, const uint8_t *value, size_t len)
{
	const char *name = key + strlen("fork/");
	struct ham_reader r = {value, len, 0, false};
	struct ham_local *local;

	if (!ham_name_valid(name) || len == 0 || len > HAM_FORK_WIRE_MAX ||
	    len % FORK_LEN != 0 ||
	    (!ham_local_lookup(core, name) && core->n_locals == HAM_MAX_LOCALS))
		return "what is known of a guest's history is damaged";
	local = ham_local_get(core, name);
	local->n_forks = 0;
	while (r.at < len) {
		uint64_t history = ham_get_u64(&r);
		uint64_t epoch = ham_get_u64(&r);

		ham_fork_add(local, history, epoch, ham_get_u64(&r));
	}
	return NULL;
}

unsigned int
ham_core_forks(const ham_core *core, const char *guest,
	       struct ham_fork out[HAM_MAX_FORKS])
{
	const struct ham_local *local = ham_local_lookup(core, guest);
	const struct ham_guest *now = ham_record_lookup(&core->record, guest);
	uint64_t into = now ? now->history : 0;
	unsigned int n = 0;

	for (unsigned int i = local ? local->n_forks : 0; i-- > 0;) {
		if (into == 0 || local->forks[i].into != into)
			continue;
		out[n++] = local->forks[i];
		into = local->forks[i].history;
	}
	return n;
}
