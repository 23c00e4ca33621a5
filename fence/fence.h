/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/fence.h - what would prove that a node is dead
 *
 * A pure plan: the order in which a node's configured devices would be asked,
 * and the same in words for status.  This version runs no fence agent, powers
 * nothing off and takes nobody's word for a death: where one has to be proven
 * the guest stays down.
 */
#ifndef HAM_FENCE_H
#define HAM_FENCE_H

#include <glib.h>

struct ham_fence_device {
	const char *node;
	const char *name;
	const char *agent; /* "fence_ipmilan", ... or "watchdog" */
	unsigned int level;
};

/* The devices of `node` in the order of asking: by level, then as they stand
 * in `devices` (the file's order).  Elements point into `devices`; the array
 * is the caller's (g_ptr_array_unref). */
GPtrArray *ham_fence_order(const char *node,
			   const struct ham_fence_device *devices, size_t n);

/* "waits for proof that n2 is dead: ...": what could prove it and what to do
 * instead.  The caller frees it. */
char *ham_fence_wanted_text(const char *node,
			    const struct ham_fence_device *devices, size_t n);

#endif
