/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/share.c - the copies of a node share its bandwidth
 *
 * By weight: that of a guest grows with its priority (100: eleven times that of
 * 0), and at the same priority a migration has four times that of a copy that
 * is brought up to date, and that four times that of a comparison.  What one
 * can't use because of a limit of its own the others get, by their weights.
 *
 * Pure.  Refuses nobody everything: each gets a byte a second at least, if need
 * be beyond the total; else the sum is never more than that.
 */
#include "blockmirror/blockmirror.h"

static const uint64_t kind_weight[HAM_BM_N_COPIES] = {
	[HAM_BM_COPY_MIGRATION] = 16,
	[HAM_BM_COPY_FILL] = 4,
	[HAM_BM_COPY_COMPARE] = 1,
};

static uint64_t
weight(const struct ham_bm_copy *copy)
{
	return kind_weight[copy->kind] * (10 + (uint64_t)copy->priority);
}

/* Of what is left, for all without a share yet. */
static uint64_t
part(uint64_t rest, const struct ham_bm_copy *copy, uint64_t weights)
{
	return (uint64_t)((unsigned __int128)rest * weight(copy) / weights);
}

/* Whoever is held back by its limit gets that; true if there was one. */
static bool
settle_limited(struct ham_bm_copy *copies, unsigned int n, uint64_t *rest,
	       uint64_t *weights)
{
	uint64_t all = *weights;
	uint64_t now = *rest;
	bool any = false;

	for (unsigned int i = 0; i < n; i++) {
		struct ham_bm_copy *c = &copies[i];

		if (c->share || c->limit == 0 || c->limit > part(now, c, all))
			continue;
		c->share = c->limit;
		*rest -= c->limit;
		*weights -= weight(c);
		any = true;
	}
	return any;
}

void
ham_bm_share(uint64_t total, struct ham_bm_copy *copies, unsigned int n)
{
	uint64_t weights = 0;
	uint64_t rest = total;

	for (unsigned int i = 0; i < n; i++) {
		copies[i].share = 0;
		weights += weight(&copies[i]);
	}
	while (settle_limited(copies, n, &rest, &weights))
		;
	for (unsigned int i = 0; i < n; i++)
		if (copies[i].share == 0)
			copies[i].share =
				MAX(part(rest, &copies[i], weights), 1);
}
