/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/fence.h - a node is switched off, and seen off
 *
 * The order in which a node's devices are asked, the same in words for status,
 * and the asking.  What follows from an answer is hamd/core/'s; nothing here
 * decides that a node is to be fenced.
 */
#ifndef HAM_FENCE_H
#define HAM_FENCE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ham_fence_device {
	const char *node;
	const char *name;
	const char *agent; /* "fence_ipmilan", ... or "watchdog" */
	unsigned int level;
	GHashTable *options; /* char * -> char *, borrowed; may be NULL */
	bool seen_on; /* its status said so while the node was up; else its word
		       * proves no death */
	unsigned int looked_off; /* so often in a row it said the contrary */
};

/* False of "watchdog", which is waited for and not asked. */
bool ham_fence_is_power(const struct ham_fence_device *device);

/* The devices of `node` in the order of asking: by level, then as they stand
 * in `devices` (the file's order).  Elements point into `devices`; the array
 * is the caller's (g_ptr_array_unref). */
GPtrArray *ham_fence_order(const char *node,
			   const struct ham_fence_device *devices, size_t n);

/* "waits for proof that n2 is dead: ...": what could prove it and what to do
 * instead.  The caller frees it. */
char *ham_fence_wanted_text(const char *node,
			    const struct ham_fence_device *devices, size_t n);

struct ham_fence_job_spec {
	const char *node;
	const struct ham_fence_device *devices; /* of all nodes; they and what
						 * they name outlive the job */
	size_t n;
	const char *agents; /* the folder of the agents, /usr/sbin */
	int64_t action_us;  /* an agent's deadline for one action */
	int64_t watch_us;   /* how long after `off` it may take to be off */
};

/* `off`: seen off twice in a row by all devices of a level.  `words`: by whom,
 * or what each that was asked had against it; no secret is among them. */
typedef void (*ham_fence_done_fn)(bool off, const char *words, void *data);

typedef struct ham_fence_job ham_fence_job;

/* At least one of the node's devices is a power device.  The answer comes once,
 * from the main loop, and frees the job. */
ham_fence_job *ham_fence_switch_off(const struct ham_fence_job_spec *spec,
				    ham_fence_done_fn on_done, void *data);
/* Ends the agent that runs, without an answer; it may have done its work. */
void ham_fence_job_cancel(ham_fence_job *job);

/* `why` NULL: its status says on.  The device's `seen_on` is set before. */
typedef void (*ham_fence_looked_fn)(struct ham_fence_device *device,
				    const char *why, void *data);

typedef struct ham_fence_look ham_fence_look;

/* Only of a power device, and while its node is in the cluster: what it says is
 * held against that.  The answer comes once, from the main loop, and frees it.
 */
ham_fence_look *ham_fence_look_at(struct ham_fence_device *device,
				  const char *agents, int64_t limit_us,
				  ham_fence_looked_fn on_looked, void *data);
void ham_fence_look_cancel(ham_fence_look *look);

#endif
