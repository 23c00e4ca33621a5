/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/fence.h - a node is switched off, and seen off; or by its own watchdog
 *
 * The order in which a node's devices are asked, the same in words for status,
 * and the asking; and whether an agent can do with its options what hamd will
 * ask.  What follows from an answer is hamd/core/'s; nothing here
 * decides that a node is to be fenced.
 *
 * And hamd's end of the socket of hamwd(8), which has this node's watchdog: it
 * is told until when it may be petted.  What is promised to other nodes on its
 * strength is hamd/core/'s, too.
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

/* The same, without what can't be asked. */
GPtrArray *ham_fence_power_order(const char *node,
				 const struct ham_fence_device *devices,
				 size_t n);

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

/* `on`: all devices of a level say so.  `words`: what became of each. */
typedef void (*ham_fence_on_fn)(bool on, const char *words, void *data);

typedef struct ham_fence_on ham_fence_on;

/* From the last level to the first, as a strip feeds what a board switches:
 * `on`, then `status` until it says so, for `watch_us` at most.  At least one
 * of the node's devices is a power device.  The answer comes once, from the
 * main loop, and frees it. */
ham_fence_on *ham_fence_switch_on(const struct ham_fence_job_spec *spec,
				  ham_fence_on_fn on_done, void *data);
void ham_fence_on_cancel(ham_fence_on *on);

enum ham_fence_state {
	HAM_FENCE_UNKNOWN,
	HAM_FENCE_ON,
	HAM_FENCE_OFF,
};

/* `why` NULL: nothing is against it; of UNKNOWN never NULL. */
typedef void (*ham_fence_looked_fn)(struct ham_fence_device *device,
				    enum ham_fence_state state, const char *why,
				    void *data);

typedef struct ham_fence_look ham_fence_look;

/* Only of a power device.  `up`: its node is in the cluster, and what it says
 * is held against that: seen_on and looked_off are set before the answer, and
 * off is against it.  Else they stay, and off is as good as on.  The answer
 * comes once, from the main loop, and frees it. */
ham_fence_look *ham_fence_look_at(struct ham_fence_device *device, bool up,
				  const char *agents, int64_t limit_us,
				  ham_fence_looked_fn on_looked, void *data);
void ham_fence_look_cancel(ham_fence_look *look);

/* ---- what an agent says of itself (FenceAgentAPI.md, metadata) ---- */

typedef struct ham_fence_description ham_fence_description;

/* From the agent's XML, up to its NUL; what stands before and behind it is not
 * looked at.  NULL with *error if it is none. */
ham_fence_description *ham_fence_description_parse(const char *text,
						   GError **error);
void ham_fence_description_free(ham_fence_description *description);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_fence_description, ham_fence_description_free)

/* `description` is the callee's; NULL: `why` says why there is none. */
typedef void (*ham_fence_described_fn)(ham_fence_description *description,
				       const char *why, void *data);

/* Where fence agents are: $HAMD_FENCE_AGENTS, or /usr/sbin, where the package
 * fence-agents has them. */
const char *ham_fence_agents(void);

typedef struct ham_fence_ask ham_fence_ask;

/* Asks the agent of that name in the folder for its metadata, which changes
 * nothing.  The answer comes once, from the main loop, and frees it. */
ham_fence_ask *ham_fence_describe(const char *agents, const char *agent,
				  int64_t limit_us,
				  ham_fence_described_fn on_described,
				  void *data);
void ham_fence_ask_cancel(ham_fence_ask *ask);

/* `key` NULL: the agent itself.  The texts are as they stand in the agent's
 * description and in the options: any bytes but NUL. */
typedef void (*ham_fence_problem_fn)(const char *key, const char *found,
				     const char *expected, void *data);

/* Holds a device's options against its agent's description: off and status can
 * be asked for, each option is known and has a possible value, and none is
 * missing.  Pure; in the order of keys. */
void ham_fence_check(const ham_fence_description *description,
		     GHashTable *options, ham_fence_problem_fn on_problem,
		     void *data);

/* ---- this node's watchdog ---- */

/* As hamwd says. */
struct ham_watchdog_state {
	bool armed;
	bool nowayout;	/* its driver lets nobody disarm it; known once armed */
	bool softdog;	/* a timer of the kernel, which resets no machine whose
			 * kernel hangs; no hardware */
	bool was_reset; /* the last boot was a watchdog's doing, as far as the
			 * driver knows; known once armed */
	unsigned int lapses; /* so often since hamwd's start a deadline passed
			      * and the guests' control groups were killed */
	int64_t timeout_us;  /* in force, as the driver says, which may be other
			      * than asked; 0: not armed */
	int64_t deadline_us; /* CLOCK_BOOTTIME; the one it holds; 0: not armed
			      */
	const char
		*identity; /* the driver's name; "" before the first arming */
	const char *error; /* why the last order was refused, or "" */
};

typedef struct ham_watchdog ham_watchdog;

/* hamwd has answered: to the greeting, which is sent whenever it is reached, or
 * to an order, one answer for each.  `state` is valid during the call. */
typedef void (*ham_watchdog_state_fn)(const struct ham_watchdog_state *state,
				      void *data);
/* It is not reached, or no more; told once, until it is.  What it was told
 * before holds: it goes on until the deadline, and then kills and lets the
 * machine be reset.  One that was started anew is not armed, and if it had
 * been, its machine is reset after the timeout unless it is armed again. */
typedef void (*ham_watchdog_lost_fn)(const char *why, void *data);

/* Connects to the socket at `path` from the main loop, and again each 500 ms
 * while it is not reached.  Nothing is called before this returns, nor after
 * ham_watchdog_free().  Never NULL. */
ham_watchdog *ham_watchdog_new(const char *path, ham_watchdog_state_fn on_state,
			       ham_watchdog_lost_fn on_lost, void *data);
void ham_watchdog_free(ham_watchdog *watchdog); /* changes nothing at hamwd */

/* Orders: sent at once, without waiting.  False: not sent, because hamwd is not
 * reached or reads nothing; nothing of it is kept for later.  They may be
 * called from the callbacks, ham_watchdog_free() may not. */

/* Opens the device with that timeout (at most an hour; rounded up to seconds).
 * Its first deadline is one timeout away, so orders of deadlines are to follow.
 * One that is armed takes the new timeout and keeps its deadline. */
bool ham_watchdog_arm(ham_watchdog *watchdog, int64_t timeout_us);
/* It may be petted before this time of CLOCK_BOOTTIME, at most an hour away.
 * The latest of all counts, so one that is earlier changes nothing.  Refused
 * while it is not armed. */
bool ham_watchdog_deadline(ham_watchdog *watchdog, int64_t boottime_us);
/* Refused, and armed as before, where the driver has nowayout. */
bool ham_watchdog_disarm(ham_watchdog *watchdog);

#endif
