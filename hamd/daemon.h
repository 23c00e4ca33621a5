/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/daemon.h - hamd around its core: events in, effects out
 *
 * One thread, one GMainLoop.  Every event goes through daemon_post(), which
 * queues: a step's effects are carried out in full, in their order, before the
 * next event is looked at.  No decisions here.
 */
#ifndef HAM_DAEMON_H
#define HAM_DAEMON_H

#include <json-glib/json-glib.h>

#include "config/conf.h"
#include "fence/fence.h"
#include "hamd/core/core.h"
#include "hamd/guest/guest.h"
#include "hamd/io/admin.h"
#include "hamd/io/cluster.h"
#include "hamd/io/store.h"

/* What was told last, for `events-list` and late followers. */
struct ham_note_entry {
	uint64_t seq;
	int64_t wall_us;
	const char *name; /* static */
	JsonObject *data;
};

/* A guest's newest migration, as far as this node heard of it. */
struct ham_last_migration {
	uint64_t txn;
	uint32_t from;
	uint32_t to;
	bool over;
	bool ok;
	char reason[HAM_TEXT_MAX];
	int64_t total_ms;
	int64_t stopped_us;  /* -1: not measured, */
	int64_t blackout_us; /* and so is this: from its last frame to the first
			      */
	int64_t limit_us;    /* max_pause, which it broke; -1: it did not */
	uint64_t disk_bytes;
	uint64_t ram_bytes;
	uint64_t passes;
	int64_t began_us;
	int64_t log_us; /* when its figures are logged next; 0: not yet known */
};

/* Of this hamd, from its start (wall time). */
struct ham_counters {
	int64_t since_us;
	uint64_t notes[HAM_NOTE_N]; /* told here */
	uint64_t long_pauses;	    /* longer than max_pause */
};

typedef struct ham_daemon {
	const char *config_path;
	ham_conf *conf;
	ham_core *core;
	struct ham_core_guest *core_guests; /* the core borrows them */
	ham_store *store;
	ham_cluster *cluster;
	ham_guests *guests;
	ham_admin *admin;
	GMainLoop *loop;
	GQueue events; /* of struct event_copy */
	bool stepping;
	guint ticker;
	GSource *guard; /* after a standstill, before all else */
	guint rejoin;
	int exit_status;
	bool parted;   /* it does not join the group again */
	guint leaving; /* leave.c: its deadline; 0: hamd is not to end */
	bool found;   /* what ran before us is known */
	GQueue notes; /* struct ham_note_entry *, oldest first */
	uint64_t note_seq;
	GArray *fence_devices; /* struct ham_fence_device, of all nodes */
	GPtrArray *fence_looks; /* struct watch, fence_watch.c */
	GArray *fence_tests;	/* ham_admin_token of those who wait */
	guint fence_ticker;
	GHashTable
		*fence_orders; /* node id -> struct order, fence_commands.c */
	struct ham_fence_history *fence_history; /* fence_history.c */
	struct ham_fence_seen *fence_seen;	 /* fence_seen.c */
	struct ham_daemon_watchdog *watchdog;	 /* watchdog.c */
	GHashTable *fencing;   /* node id -> struct fencing, fencing.c */
	GHashTable *last; /* guest -> struct ham_last_migration */
	struct ham_counters counters;
	struct ham_health_watch *health; /* health.c */
	GHashTable *trials; /* token -> what was told so far, trial.c */
	struct ham_past *past;		 /* past.c; NULL: not open */
	char stop_reason[HAM_TEXT_MAX];
} ham_daemon;

/* daemon.c */
void ham_daemon_post(ham_daemon *daemon, const struct ham_event *event);
bool ham_daemon_start(ham_daemon *daemon, GError **error);
void ham_daemon_stop(ham_daemon *daemon, int status, const char *reason);
void ham_daemon_clear(ham_daemon *daemon);
uint32_t ham_daemon_node_id(const ham_daemon *daemon, const char *name);

/* ring.c: what corosync was told, held against the cluster file */
bool ham_daemon_read_ring(ham_daemon *daemon, uint32_t self,
			  struct ham_core_config *config, GError **error);
void ham_daemon_free_guests(ham_daemon *daemon);

/* notes.c */
void ham_daemon_note(ham_daemon *daemon, const struct ham_effect *effect);
JsonObject *ham_daemon_events(ham_daemon *daemon, int64_t since, int64_t limit);
JsonObject *ham_daemon_result(ham_daemon *daemon, const char *guest,
			      bool timeline);

/* counters.c */
void ham_daemon_count(ham_daemon *daemon, enum ham_note note);
JsonObject *ham_daemon_counters(ham_daemon *daemon);

/* fencing.c, and the files that hamd/fencing.h names */
void ham_daemon_fence_devices(ham_daemon *daemon);
bool ham_daemon_can_fence(const ham_daemon *daemon, const char *node);
void ham_daemon_fence(ham_daemon *daemon, const struct ham_effect *effect);
/* Ends what is under way, without an answer. */
void ham_daemon_fence_cancel(ham_daemon *daemon);
/* What devices have against being used, for status: lines of text. */
void ham_daemon_fence_problems(ham_daemon *daemon, JsonArray *list);
/* What that node's devices showed before proves nothing any more. */
void ham_daemon_fence_doubt(ham_daemon *daemon, uint32_t node);
void ham_daemon_fence_stop(ham_daemon *daemon);
/* Of what is told to people, what the history of fencing keeps. */
void ham_daemon_fence_heard(ham_daemon *daemon,
			    const struct ham_effect *effect);

/* fence_commands.c: the answer is given there. */
void ham_daemon_fence_status(ham_daemon *daemon,
			     const struct ham_admin_request *request);
void ham_daemon_fence_off(ham_daemon *daemon,
			  const struct ham_admin_request *request,
			  uint32_t node);
void ham_daemon_fence_on(ham_daemon *daemon,
			 const struct ham_admin_request *request,
			 uint32_t node);
/* An operator vouches for a node: only kept, for people. */
void ham_daemon_fence_confirmed(ham_daemon *daemon,
				const struct ham_admin_request *request,
				uint32_t node);

/* watchdog.c */
/* Once, before there is a core: `config` gets what hamwd has, as soon as that
 * is known, or is given up after 2 s. */
void ham_daemon_watchdog_start(ham_daemon *daemon, const char *node,
			       struct ham_core_config *config);
/* All that hamd's start can fail of is done. */
void ham_daemon_watchdog_ready(ham_daemon *daemon);
void ham_daemon_watchdog_lease(ham_daemon *daemon, int64_t until_us);
void ham_daemon_watchdog_tick(ham_daemon *daemon);
/* That node's, as it said last; a reset by it can be waited for. */
bool ham_daemon_watchdog_armed(const ham_daemon *daemon, const char *node);
void ham_daemon_watchdog_problems(ham_daemon *daemon, JsonArray *list);
void ham_daemon_watchdog_stop(ham_daemon *daemon);

/* The core's order; it is told of the outcome in any case. */
void ham_daemon_watchdog_disarm(ham_daemon *daemon, bool disarm);

/* Leaves the group for good. */
void ham_daemon_part(ham_daemon *daemon);

/* leave.c */
/* Ends hamd, after this node was disarmed; asked twice: at once. */
void ham_daemon_leave(ham_daemon *daemon);
/* That was done, or can't be: why not. */
void ham_daemon_disarmed(ham_daemon *daemon, const char *why_not);

/* status.c */
JsonObject *ham_daemon_status(ham_daemon *daemon);
JsonObject *ham_daemon_guest_list(ham_daemon *daemon);
/* NULL if neither the file nor the record knows it */
JsonObject *ham_daemon_guest(ham_daemon *daemon, const char *name,
			     bool timeline);
JsonObject *ham_daemon_migration(ham_daemon *daemon,
				 const struct ham_guest *guest,
				 const struct ham_progress *progress);

/* health.c: this node's own health, told to the core */
void ham_daemon_health_start(ham_daemon *daemon);
/* An event of the guest layer: errors of disks count. */
void ham_daemon_health_hear(ham_daemon *daemon, const struct ham_event *event);
/* Limits that can't be measured here, for status: lines of text. */
void ham_daemon_health_problems(const ham_daemon *daemon, JsonArray *list);
void ham_daemon_health_stop(ham_daemon *daemon);

/* nodes.c: nodes as JSON, and what a drain of one does */
JsonObject *ham_daemon_node(ham_daemon *daemon, unsigned int i,
			    const struct ham_core_view *view);
JsonObject *ham_daemon_node_list(ham_daemon *daemon);
JsonObject *ham_daemon_node_plan(ham_daemon *daemon, uint32_t node);
/* plan.c */
JsonObject *ham_daemon_plan_failure(ham_daemon *daemon, uint32_t node);
/* What could not be started elsewhere if a node failed: lines of text. */
void ham_daemon_plan_warnings(ham_daemon *daemon,
			      const struct ham_core_view *view,
			      JsonArray *list);

/* trial.c: a migration that is not made */
/* HAM_FX_TRIAL, and HAM_FX_TRIED: the last one answers who asked. */
void ham_daemon_trial(ham_daemon *daemon, const struct ham_effect *effect);
void ham_daemon_tried(ham_daemon *daemon, const struct ham_effect *effect);

/* past.c: the history of migrations and failovers, on this node's disk */
void ham_daemon_past_open(ham_daemon *daemon);
void ham_daemon_past_close(ham_daemon *daemon);
/* Of what is told to people, what that history keeps. */
void ham_daemon_past_hear(ham_daemon *daemon, const struct ham_effect *effect);
/* These nodes are in corosync's ring. */
void ham_daemon_past_ring(ham_daemon *daemon, const uint32_t *ids,
			  size_t n_ids);
/* After each step: the record may have found a place for who waits for one. */
void ham_daemon_past_look(ham_daemon *daemon);
/* Answered when the disk was read. */
void ham_daemon_past_list(ham_daemon *daemon,
			  const struct ham_admin_request *request);
void ham_daemon_past_show(ham_daemon *daemon,
			  const struct ham_admin_request *request);
/* Why nothing is kept, for status: lines of text. */
void ham_daemon_past_problems(const ham_daemon *daemon, JsonArray *list);

/* policy_command.c */
void ham_daemon_guest_set(ham_daemon *daemon,
			  const struct ham_admin_request *request);

/* commands.c */
void ham_daemon_request(const struct ham_admin_request *request, void *data);
void ham_daemon_reply(ham_daemon *daemon, const struct ham_effect *effect);

#endif
