/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fencing.h - what the files about fencing share among themselves
 *
 *	fencing.c	the core wants a node off: its devices are asked
 *	fence_watch.c	devices are looked at, by themselves or for a test
 *	fence_seen.c	what was seen of them, over restarts
 *	fence_commands.c	an operator asks, tests, switches off and on
 *	fence_history.c	what became of it, for people
 */
#ifndef HAM_FENCING_H
#define HAM_FENCING_H

#include "hamd/daemon.h"

enum {
	/* a BMC's session and its answer; ipmitool tries again for 20 s */
	HAM_FENCE_ACTION_US = 30 * 1000000,
	/* from `off` until the supply's voltage is gone */
	HAM_FENCE_WATCH_US = 20 * 1000000,
};

/* fencing.c */
/* Of that node's name; what it points to lives as long as the daemon. */
struct ham_fence_job_spec ham_daemon_fence_spec(const ham_daemon *daemon,
						const char *node);
/* Whether the node's devices are at work here: for the core, or an operator. */
bool ham_daemon_is_fencing(const ham_daemon *daemon, uint32_t node);
/* Whether it is in the cluster, as far as this node can decide anything. */
bool ham_daemon_is_up(const ham_daemon *daemon, const char *node);
/* What is under way for the core is appended: objects. */
void ham_daemon_fence_jobs(ham_daemon *daemon, JsonArray *list);

/* fence_watch.c */
void ham_daemon_watch_start(ham_daemon *daemon);
void ham_daemon_watch_stop(ham_daemon *daemon);
JsonArray *ham_daemon_fence_device_list(ham_daemon *daemon);
/* All devices are looked at now; the token is answered with the list. */
void ham_daemon_fence_test(ham_daemon *daemon, ham_admin_token token);

/* fence_seen.c: sets each device's `seen_on`; keeps them if one has changed */
void ham_daemon_seen_open(ham_daemon *daemon);
void ham_daemon_seen_save(ham_daemon *daemon);
void ham_daemon_seen_close(ham_daemon *daemon);

/* fence_history.c */
void ham_daemon_history_open(ham_daemon *daemon);
/* What is to be written is written first. */
void ham_daemon_history_close(ham_daemon *daemon);
/* `what`: a word of doc/protocol.md; `by`: the node that did it, may be "". */
void ham_daemon_history_add(ham_daemon *daemon, const char *node,
			    const char *what, const char *by, const char *text);
/* The newest `limit` entries, oldest first; negative: all. */
JsonArray *ham_daemon_history(ham_daemon *daemon, int64_t limit);

/* fence_commands.c */
bool ham_daemon_fence_ordered(const ham_daemon *daemon, uint32_t node);
void ham_daemon_fence_orders_stop(ham_daemon *daemon);

/* {"seconds":..,"microseconds":..} of the wall clock, as events have it. */
JsonObject *ham_daemon_stamp(int64_t wall_us);

#endif
