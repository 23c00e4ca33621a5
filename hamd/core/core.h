/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/core.h - the decisions of one node: (state, event) -> effects
 *
 * Read this header first.  The core knows the replicated record, who is in the
 * view, and what runs on this node; it is told everything by events (time
 * included) and answers with effects, which are data.  It makes no system
 * call, reads no clock, and cannot fail: bad input is refused by an answer.
 *
 * Duties of whoever carries out the effects, in the order given:
 *  - effects of one step are carried out in their order;
 *  - HAM_FX_PERSIST is durable (fsync) before HAM_EV_PERSISTED is told;
 *  - HAM_DO_SILENCE: the tap is down before HAM_DID_SILENCED is told (only
 *    then the core sends YIELD);
 *  - HAM_DO_DISCARD, HAM_DO_KILL, HAM_DO_CLOSE: the process is reaped, or the
 *    export's end was seen, before their HAM_DID_* is told (the node says
 *    STORED for the new epoch only afterwards);
 *  - nothing but HAM_DO_LAUNCH, HAM_DO_RESUME and HAM_DO_RUN may let vCPUs run;
 *    HAM_DO_UNDO, HAM_DO_SLOT_DROP and HAM_DO_RETRY may go on with a guest
 *    that ran before;
 *  - HAM_DO_SERVE, HAM_DO_NARROW: nothing but the newest asked epoch (while
 *    both are asked for, these two) can be written to when it is told;
 *  - HAM_DO_SLOT_FILL: when HAM_DID_SLOT_FILLED is told, that copy has each
 *    acknowledged write on its disk, and none is acknowledged without it;
 *  - HAM_FX_FENCE: the node was switched off and then seen off twice before
 *    HAM_EV_FENCED says so (doc/faults.md, F60);
 *  - once the clock has jumped by a second, a HAM_EV_TICK comes before all
 *    else, and a HAM_FX_FREEZE that answers it before anything that takes time;
 *  - HAM_FX_LEASE reaches whoever ends the guests if this hamd falls silent.
 */
#ifndef HAM_CORE_H
#define HAM_CORE_H

#include <glib.h>

#include "hamd/core/message.h"
#include "hamd/core/record.h"
#include "hamd/core/trial.h"
#include "hamd/core/types.h"

typedef struct ham_core ham_core;

struct ham_core_node {
	uint32_t id;
	char name[HAM_NAME_SIZE];
	bool witness; /* holds no guests */
	bool fenced;  /* HAM_FX_FENCE can reach it */
	uint64_t reserve_mib; /* of its memory, not for guests */
};

struct ham_core_guest {
	char name[HAM_NAME_SIZE];
	unsigned int replicas;	 /* other nodes to be kept current */
	struct ham_policy policy; /* of its live migrations */
	/* how long a copy that takes no writes is waited for */
	int64_t replica_timeout_us;
	int64_t verify_interval_us; /* 0: only when an operator asks */
	/* as in the record, for the next start */
	uint8_t shared;
	bool common;
	/* where it is to be (plan.h) */
	unsigned int priority; /* higher is earlier */
	uint64_t memory_mib;
	unsigned int n_prefer;
	uint32_t prefer[HAM_MAX_NODES]; /* nodes, the best one first */
	/* of other guests, indices into the configuration's; borrowed as these
	 * are.  Each of two names the other. */
	unsigned int n_with;
	unsigned int n_apart;
	const uint16_t *with;  /* on their node, if that can be */
	const uint16_t *apart; /* never on their node */
};

struct ham_core_config {
	uint32_t self;
	unsigned int n_nodes;
	struct ham_core_node nodes[HAM_MAX_NODES]; /* any order */
	unsigned int n_guests;
	const struct ham_core_guest *guests; /* borrowed, outlives the core */
	uint64_t incarnation; /* random, never 0, new with each start of hamd */
	uint64_t config_digest;
	char version[HAM_VERSION_SIZE];
	/* 0: no leases; guests out of quorum run on, no silence proves death */
	int64_t lease_us;
	int64_t watchdog_us; /* of this node; 0: not armed */
	/* what the watchdog's keeper still holds from an earlier life; 0: none
	 */
	int64_t lease_until_us;
	/* a node that died under guests so often within that time is
	 * quarantined when it is back; 0: never */
	unsigned int quarantine_after;
	int64_t quarantine_window_us;
	uint32_t memory_mib; /* of this node, all there is; 0: not known */
	unsigned int parallel_starts; /* here, at once; 0: any number */
	/* live migrations at once, of each node and of all; 0: any number */
	unsigned int parallel_migrations;
	unsigned int cluster_migrations;
	/* a fence device's word is not enough: T_wait as well */
	bool fence_and_wait;
	/* from a node's leaving the ring to its fencing */
	int64_t fence_delay_us;
	/* two nodes: the one with fewer guests waits that much longer, so that
	 * a cut between them ends with one of them alive (doc/faults.md, F64)
	 */
	int64_t two_node_delay_us;
	/* names this boot of the machine; 0: not known, and two nodes then
	 * never decide one without the other (two.c) */
	uint64_t boot;
};

/* ---- what happens here, to the guests of this node ---- */

enum ham_do {
	HAM_DO_NONE,
	HAM_DO_LAUNCH,	  /* build the port, start QEMU, run; blob: the copies
			     in its slots, one after the other; flag: it is
			     not to run, only its disks are wanted */
	HAM_DO_SHUTDOWN,  /* ask the guest to power off */
	HAM_DO_KILL,	  /* end QEMU and its storage daemon, reap both */
	HAM_DO_PREPARE,	  /* D: build all, silent and paused */
	HAM_DO_COPY,	  /* S: disks and memory to D; blob: D's; node: D;
			     policy; value: when the migration began, us */
	HAM_DO_UNDO,	  /* S, before CUTOVER: back to plain running */
	HAM_DO_CAPTURE,	  /* S: stop, drain, send state, serve the disk */
	HAM_DO_HALT,	  /* S, in doubt: stop what moves, stay paused */
	HAM_DO_SILENCE,	  /* S: tap down */
	HAM_DO_RESUME,	  /* S: take the disk back, cont at the new epoch;
			     blob: ids of whose slots stay, the rest is emptied
			     first */
	HAM_DO_FINISH,	  /* S: end QEMU; the storage daemon stays */
	HAM_DO_WIRE,	  /* D: connect the slots; blob: S's idle disk, then
			     the copies that go on */
	HAM_DO_RELEASE,	  /* D: its storage daemon lets go of the image */
	HAM_DO_TAKEOVER,  /* D: the state is whole; activate the disks; blob:
			     CAPTURED's */
	HAM_DO_RUN,	  /* D: tap up, cont, announce; blob: as of RESUME */
	HAM_DO_DISCARD,	  /* D: destroy the memory image and all built for it;
			     flag: but a replica's daemon goes on; value 1:
			     the disks may be current, they are kept */
	HAM_DO_CLOSE,	  /* replica: end the storage daemon */
	HAM_DO_SLOT_DROP, /* owner: go on without that replica: node */
	HAM_DO_RETRY,	  /* owner, found stopped by an I/O error: cont, so
			     that QEMU tells again which disk it was */
	HAM_DO_LOOK,	  /* can it be started from the images here? */
	HAM_DO_SERVE,	  /* replica: serve the images to the owner; value: the
			     generation; flag: a copy is begun, make them.
			     While they are served at the epoch before: both */
	HAM_DO_NARROW,	  /* replica: serve them at that epoch alone */
	HAM_DO_SLOT_FILL, /* owner: make that copy equal, while the guest runs,
			     and let it take all writes; node, blob */
	HAM_DO_SLOT_SET,  /* owner: connect a slot anew; node, blob */
	HAM_DO_RESIZE,	  /* owner, no slot is used: a disk grows as the record
			     says, while the guest runs */
	HAM_DO_VERIFY,	  /* owner: compare that copy, beside all else; node;
			     flag: nobody waits for it */
	HAM_DO_ANNOUNCE,  /* owner: tell the network again where it is; without
			     an answer, beside all else */
	HAM_DO_POLICY,	  /* S, after COPY: another policy; flag: it is to be
			     handed over whatever the pause; without an answer,
			     beside all else */
	HAM_DO_N
};

enum ham_did {
	HAM_DID_NONE,
	HAM_DID_FOUND,		/* at start: something of this guest runs */
	HAM_DID_LAUNCHED,	/* vCPUs run */
	HAM_DID_LAUNCH_FAILED,	/* text; nothing is left; flag: it certainly
				   never ran; node: because of that copy */
	HAM_DID_GONE,		/* QEMU ended; flag: the guest powered off;
				   value: enum ham_ended; text */
	HAM_DID_PREPARED,	/* blob */
	HAM_DID_PREPARE_FAILED, /* text; flag: as of DISCARDED */
	HAM_DID_OFFERED,	/* blob: where S's disk will be served */
	HAM_DID_GATE,		/* ready to cut over */
	HAM_DID_COPY_FAILED,	/* text; still to be undone */
	HAM_DID_UNDONE,		/* plain running again; flag: still running */
	HAM_DID_DRAINED,	/* all mirrors complete */
	HAM_DID_CAPTURED,	/* value: when `stop` was sent, us; blob: which
				   addresses its ports were heard using */
	HAM_DID_CAPTURE_FAILED, /* text; paused */
	HAM_DID_HALTED,		/* flag: QEMU still holds the image */
	HAM_DID_SILENCED,
	HAM_DID_RESUMED,
	HAM_DID_RESUME_FAILED, /* text; flag: nothing was let run */
	HAM_DID_FINISHED,      /* QEMU is gone; flag: the disk is served; blob:
				  where */
	HAM_DID_WIRED,		 /* ids: whose copies are connected */
	HAM_DID_HELD,		 /* the whole image, S's disk connected */
	HAM_DID_TAKEOVER_FAILED, /* text */
	HAM_DID_RAN,
	HAM_DID_RUN_FAILED, /* text; flag: it certainly never ran */
	HAM_DID_DISCARDED,  /* flag: a replica is still served */
	HAM_DID_CLOSED,
	HAM_DID_SLOT_DROPPED,  /* node; flag: it is */
	HAM_DID_REPLICA_ERROR, /* a slot refuses writes; node; flag: or has
				  been silent for replica_timeout */
	HAM_DID_DISK_ERROR,    /* the guest's own disk failed; flag: it stands,
				  else a copy was read instead; text */
	HAM_DID_DISK_MENDED,   /* and it goes on */
	HAM_DID_PROGRESS,      /* progress; node: of the copy that is made there,
				  0: of a migration */
	HAM_DID_LOOKED,	       /* flag: yes; text */
	HAM_DID_SERVED,	       /* blob; epoch */
	HAM_DID_SERVE_FAILED,  /* text */
	HAM_DID_NARROWED,
	HAM_DID_SLOT_FILLED,	  /* node */
	HAM_DID_SLOT_FILL_FAILED, /* node, text */
	HAM_DID_SLOT_SET,	  /* node; flag: it is; text */
	HAM_DID_RESIZED,	  /* flag: it is; value 1: it certainly is not;
				     else nobody knows; text */
	HAM_DID_VERIFIED,	  /* node; flag: equal; value 1: not; else text
				     says why nobody knows */
	HAM_DID_FRAMES,		  /* value: so many left its ports since
				     HAM_FX_LEASE came last, until it was
				     frozen, or ended; flag: they were counted */
	HAM_DID_QUIET,		  /* S: value: how long before `stop` its ports
				     had sent their last frame, us */
	HAM_DID_SEEN,		  /* S, after FINISHED: the network here sees it
				     where it is; flag: yes; text: how, or what
				     was found instead; the latter repeatedly */
	HAM_DID_DECIDED,	  /* S: text: what of the copy, and why */
	HAM_DID_LIMIT,		  /* S: the copy can't keep its limits; text */
	HAM_DID_OVERDUE,	  /* S: max_pause is over since `stop` */
	HAM_DID_GATE_LOST,	  /* S: no longer ready to cut over */
	HAM_DID_N
};

/* What HAM_DID_FOUND found. */
enum ham_found {
	HAM_FOUND_RUNNING, /* QEMU, vCPUs run (or stopped by an I/O error) */
	HAM_FOUND_PAUSED,  /* QEMU of an owner, paused: captured, maybe given */
	HAM_FOUND_INCOMING, /* QEMU, image not complete */
	HAM_FOUND_HELD,	    /* QEMU, whole image, S's disk connected */
	HAM_FOUND_REPLICA,  /* only a storage daemon */
};

const char *ham_do_name(unsigned int act);
const char *ham_did_name(unsigned int did);
const char *ham_found_name(unsigned int found);

enum ham_mig_phase {
	HAM_MIG_NONE,
	HAM_MIG_PREPARE,
	HAM_MIG_COPY,
	HAM_MIG_CUTOVER,
	HAM_MIG_HANDOVER,
	HAM_MIG_SYNC, /* no migration: of figures, a copy that is made */
	HAM_MIG_QUEUED, /* before PREPARE: others come first */
	HAM_MIG_N
};
const char *ham_mig_phase_name(unsigned int phase);

enum ham_note {
	HAM_NOTE_GUEST_STARTING,
	HAM_NOTE_GUEST_RUNNING,
	HAM_NOTE_GUEST_STOPPING,
	HAM_NOTE_GUEST_STOPPED,
	HAM_NOTE_GUEST_FAILED,
	HAM_NOTE_MIGRATION_PHASE,
	HAM_NOTE_MIGRATION_RAN, /* between nodes only */
	HAM_NOTE_MIGRATION_DONE,
	HAM_NOTE_MIGRATION_FAILED,
	HAM_NOTE_REPLICA_OUTDATED,
	HAM_NOTE_MEMBERSHIP,
	HAM_NOTE_QUORUM,
	HAM_NOTE_ALARM,
	HAM_NOTE_FENCING,
	HAM_NOTE_NODE_DEAD, /* value: node */
	HAM_NOTE_REPLICA_SYNCING,
	HAM_NOTE_REPLICA_CURRENT,
	HAM_NOTE_GUEST_HELD, /* it stands still: a copy takes no writes */
	HAM_NOTE_GUEST_FREED, /* and goes on */
	HAM_NOTE_DISK_FAILED, /* it stands still: its own disk failed */
	HAM_NOTE_DISK_MENDED, /* and goes on */
	HAM_NOTE_DISK_VERIFIED,
	HAM_NOTE_DISK_DIFFERS,
	HAM_NOTE_DISK_UNVERIFIED,
	HAM_NOTE_DISK_RESIZING,
	HAM_NOTE_DISK_RESIZED,
	HAM_NOTE_DISK_NOT_RESIZED,
	HAM_NOTE_NODE_STATE,  /* value: node */
	HAM_NOTE_DRAIN_WAITS, /* it is to leave its node, and can't */
	/* a limit of this node's health is not applied, or is again; never made
	 * by the core */
	HAM_NOTE_HEALTH_UNMEASURED,
	HAM_NOTE_HEALTH_MEASURED,
	HAM_NOTE_FRAMES_LEAKED, /* by a node where it ran on; epoch: as which */
	HAM_NOTE_GUEST_SEEN,	/* by the node that it has left, */
	HAM_NOTE_GUEST_UNSEEN,	/* or not */
	HAM_NOTE_MIGRATION_ASKED,   /* text: who ordered it, and how */
	HAM_NOTE_MIGRATION_DECIDED, /* text: what was decided of it, and why */
	HAM_NOTE_N
};
const char *ham_note_name(unsigned int note);

/* ---- events ---- */

enum ham_event_kind {
	HAM_EV_TICK,	  /* nothing but time */
	HAM_EV_READY,	  /* all HAM_DID_FOUND were told */
	HAM_EV_TOTEM,	  /* CPG's ring: ring, ids */
	HAM_EV_GROUP,	  /* hamds in the group: ids */
	HAM_EV_QUORUM,	  /* ring, flag: quorate */
	HAM_EV_LOST,	  /* corosync is gone */
	HAM_EV_MESSAGE,	  /* node: sender; bytes */
	HAM_EV_PERSISTED, /* value: ticket */
	HAM_EV_COMMAND,	  /* an operator asks */
	HAM_EV_DID,	  /* the guest layer tells */
	HAM_EV_WATCHDOG, /* value: its timeout in force, us; 0: not armed; flag:
			    it can't be disarmed, text: why; the answer to
			    DISARM, and told whenever it changes */
	HAM_EV_FENCED,	  /* node; value: of FENCE; flag: off, seen twice */
	HAM_EV_HEALTH,	  /* this node; value: of HAM_NODE_HEALTH; text: why */
	HAM_EV_TRIED, /* the answer to HAM_FX_TRIAL: guest, txn; bytes: text,
			 HAM_TRIED_MAX at most */
};

enum ham_command {
	HAM_CMD_START, /* node 0: as a plan says (plan.h) */
	HAM_CMD_STOP,  /* flag: kill */
	HAM_CMD_MIGRATE, /* node 0: where it fits best, as of a drain */
	HAM_CMD_CANCEL,
	HAM_CMD_CONFIRM_OFF, /* node: the operator has seen it off; no guest */
	HAM_CMD_VERIFY,	     /* each current copy */
	HAM_CMD_RESIZE,	     /* node: a disk's number; value: bytes */
	HAM_CMD_MOVE,	     /* node; flag: as it is stopped, else by a stop */
	HAM_CMD_DRAIN,	     /* node; no guest */
	HAM_CMD_UNDRAIN,     /* node; flag: its guests come back; no guest */
	HAM_CMD_DISARM,	     /* node; value: for so many seconds; no guest */
	HAM_CMD_ARM,	     /* node; no guest */
	HAM_CMD_HALT,	     /* node; no guest */
	HAM_CMD_UNHALT,	     /* node; no guest */
	HAM_CMD_REST, /* this hamd is to be stopped: DISARM follows, if it can
			 be decided; value: seconds; no guest, no answer */
	HAM_CMD_FORCE, /* as START; node: whose copy may be an outdated one */
	/* this node's state is to be the cluster's; value: minutes since 1970:
	 * of two that were claimed the later one counts; no guest */
	HAM_CMD_CLAIM,
	HAM_CMD_SET, /* policy; value: which of it (HAM_SET_...) */
	/* what a migration would be like; node: to there, 0: to any; answered
	 * by HAM_FX_TRIED once it was accepted */
	HAM_CMD_TRIAL,
};

/* Of a guest that is looked at, to the node that looks. */
enum {
	HAM_LOOK_CURRENT = 1, /* its copy there is current */
	HAM_LOOK_RUNS = 2,
};

enum {
	HAM_TRIED_MAX = 8 * HAM_BLOB_MAX - 1, /* bytes that a node answers */
};

struct ham_event {
	uint8_t kind;
	int64_t now_us; /* CLOCK_BOOTTIME */
	struct ham_ring ring;
	bool flag;
	uint32_t node;
	uint64_t value;
	const uint32_t *ids;
	size_t n_ids;
	const uint8_t *bytes;
	size_t len;
	/* COMMAND */
	uint8_t command;
	uint64_t token;
	/* COMMAND, DID */
	const char *guest;
	uint8_t did;
	uint8_t found;
	uint64_t epoch;
	uint64_t txn;
	const char *text; /* may be NULL */
	const struct ham_blob *blob;
	const struct ham_progress *progress;
	const struct ham_policy *policy; /* SET; else NULL */
};

/* ---- effects ---- */

enum ham_effect_kind {
	HAM_FX_SEND,	/* bytes to the group; flag: droppable */
	HAM_FX_PERSIST, /* items; value: ticket; flag: replace all */
	HAM_FX_GUEST,	/* do */
	HAM_FX_REPLY,	/* token; error_class NULL: accepted, else it and text;
			   node: where a guest is moved to */
	HAM_FX_NOTE,	/* something to tell people here */
	HAM_FX_REJOIN,	/* leave the group and join it again */
	HAM_FX_FATAL,	/* hamd must stop: text says why */
	HAM_FX_FENCE,	/* node; value: to be told by EV_FENCED; 0: what was
			   begun is called off, without an answer */
	HAM_FX_FENCE_DOUBT, /* node: it was up while this one was away, so what
			       its devices showed before is of another time:
			       none of them proves anything until it is seen
			       on anew.  Told before any FENCE of that view */
	HAM_FX_LEASE,	/* value: until when guests may run here, us */
	HAM_FX_FREEZE,	/* flag: no vCPU of any guest here moves, text: why; or
			   it may */
	HAM_FX_DISARM, /* flag: the watchdog is to be closed; else armed, if the
			  cluster file gives it to this node; then
			  HAM_EV_WATCHDOG, also if nothing has changed */
	HAM_FX_TRIAL,  /* guest, txn: what is to be known of it here, flag: as
			  its owner, else as a node that it may go to;
			  value: of HAM_LOOK_CURRENT, HAM_LOOK_RUNS;
			  HAM_EV_TRIED answers.  Nothing is changed by it */
	HAM_FX_TRIED,  /* token in value; guest; bytes: a piece of what `node`
			  has answered.  node 0: that was all; bit i of txn:
			  nodes[i] was asked and is silent; text: or why it
			  has failed */
};

struct ham_item {
	char key[HAM_NAME_SIZE + 8];
	uint8_t *value;
	size_t len;
};

struct ham_effect {
	uint8_t kind;
	bool flag;
	uint8_t act;  /* enum ham_do */
	uint8_t note; /* enum ham_note */
	uint32_t node;
	uint64_t value;
	uint64_t epoch;
	uint64_t txn;
	char guest[HAM_NAME_SIZE];
	char text[HAM_TEXT_MAX];
	const char *error_class; /* REPLY; static, NULL when accepted */
	uint8_t *bytes;
	size_t len;
	struct ham_item *items;
	size_t n_items;
	struct ham_blob blob;
	struct ham_progress progress;
	struct ham_policy policy; /* COPY, POLICY */
};

/* The answer of a step.  Owned by the caller, reused from step to step. */
struct ham_effects {
	struct ham_effect *list;
	size_t n;
	size_t room;
};

/* Frees what the effects hold and empties the list. */
void ham_effects_clear(struct ham_effects *effects);
void ham_effects_free(struct ham_effects *effects);

ham_core *ham_core_new(const struct ham_core_config *config);
void ham_core_free(ham_core *core);

/* Before the first step: one stored item after the other, then loaded.
 * Return NULL, or why the store cannot be believed. */
const char *ham_core_load(ham_core *core, const char *key, const uint8_t *value,
			  size_t len);
const char *ham_core_loaded(ham_core *core);

/* One event in, effects out (appended). */
void ham_core_step(ham_core *core, const struct ham_event *event,
		   struct ham_effects *effects);

/* ---- for status ---- */

struct ham_core_view {
	struct ham_ring ring;
	bool quorate;	 /* corosync says so, of this very ring */
	bool active;	 /* decisions may be made */
	uint32_t leader; /* 0: none */
	uint16_t online; /* bit i: nodes[i] has a hamd in the group */
	uint16_t joined; /* bit i: holds this view's state */
	uint16_t counted;
	uint16_t differs; /* bit i: its cluster file differs from ours */
	struct ham_pos position;
	struct ham_pos committed;
	char waiting_for[HAM_TEXT_MAX];
};
/* Since this core's start, as this node saw it. */
struct ham_core_counters {
	uint64_t failovers; /* guests given to another node, their own being
			       dead */
	uint64_t messages_dropped; /* of other rings, or that do not decode */
};
void ham_core_get_counters(const ham_core *core, struct ham_core_counters *out);
void ham_core_get_view(const ham_core *core, struct ham_core_view *out);
const struct ham_record *ham_core_record(const ham_core *core);
/* Sorted by id; the bits of the masks count in this order. */
const struct ham_core_node *ham_core_nodes(const ham_core *core,
					   unsigned int *n);
const char *ham_core_node_name(const ham_core *core, uint32_t id);
const char *ham_core_node_version(const ham_core *core, uint32_t id);
uint32_t ham_core_self(const ham_core *core);
int64_t ham_core_lease_us(const ham_core *core); /* 0: there are none */
/* No lease binds here, and no watchdog is to be armed (disarm.c). */
bool ham_core_is_leaseless(const ham_core *core);
/* How long that node may stay away before it is fenced for that; 0: it may not.
 */
int64_t ham_core_rest_left_us(const ham_core *core, uint32_t node);
/* vCPUs of a guest may run here, or are about to. */
bool ham_core_may_run(const ham_core *core);
/* That node's last heartbeat said that its watchdog is armed. */
bool ham_core_is_armed(const ham_core *core, uint32_t id);

/* A guest that would have to be started elsewhere. */
struct ham_core_place {
	char guest[HAM_NAME_SIZE];
	unsigned int priority;
	uint64_t memory_mib;
	uint32_t node;		   /* where; 0: nowhere, and then: */
	char reason[HAM_TEXT_MAX]; /* why */
	bool lonely; /* nobody asked for a copy of it, and it shares no disks */
};

/* What would become of the guests of `node` if that failed now, in the order
 * in which they would be placed.  The array is the caller's (g_free). */
struct ham_core_place *ham_core_plan_failure(const ham_core *core,
					     uint32_t node, unsigned int *n);
/* True: enough of the others are here to decide. */
bool ham_core_can_lose(const ham_core *core, uint32_t node);
/* Of a node: its memory less what guests may not use, and what is left of that;
 * false: it is not known. */
bool ham_core_node_memory(const ham_core *core, uint32_t node,
			  uint64_t *room_mib, int64_t *free_mib);

struct ham_core_guest_info {
	const char *state; /* for people: running, starting, in-doubt, ... */
	uint8_t mig_phase;
	struct ham_progress progress; /* newest figures heard */
	uint32_t sync_node;	      /* where a copy is made, 0: nowhere; */
	struct ham_progress sync;     /* newest figures of that, or zeroes */
	uint32_t waits_for_node;      /* whose death must be proven; 0: none */
	char waits_for[HAM_TEXT_MAX];
	unsigned int queued_behind; /* QUEUED: so many come first */
	char reason[HAM_TEXT_MAX]; /* why it is not as wanted; may be empty */
	char stays[HAM_REASON_SIZE]; /* it is to leave its node: why it can't,
					as far as that was found; or empty */
};
/* A history of a guest of which the images on this node may be: its writes up
 * to that epoch are what `into` has begun with. */
struct ham_fork {
	uint64_t history;
	uint64_t epoch;
	uint64_t into;
};
enum {
	HAM_MAX_FORKS = 4
};
/* Those that have led to its present history, newest first; how many. */
unsigned int ham_core_forks(const ham_core *core, const char *guest,
			    struct ham_fork out[HAM_MAX_FORKS]);

void ham_core_guest_info(const ham_core *core, const struct ham_guest *guest,
			 struct ham_core_guest_info *out);

/* Would an order to migrate the guest to that node be accepted now?  As it is:
 * live if it runs, else cold.  False with `why`. */
bool ham_core_may_migrate(const ham_core *core, const char *guest,
			  uint32_t node, char *why, size_t size);
/* Where it would go if no node was named; 0: nowhere, or no such guest. */
uint32_t ham_core_destination(const ham_core *core, const char *guest);

/* In force of the guest's newest live migration; false: not known here. */
bool ham_core_policy(const ham_core *core, const char *guest,
		     struct ham_policy *out);

/* What a drain of a node does with one of its guests. */
struct ham_core_leave {
	char guest[HAM_NAME_SIZE];
	uint32_t to;		   /* 0: it stays, */
	char why[HAM_REASON_SIZE]; /* because of that, or why it did so far */
	bool runs;		   /* the node is not empty before it is gone */
	bool begun;		   /* it is on its way */
	unsigned int priority;
};

/* Of the guests that are on that node, in the order in which they leave: where
 * each would go now.  It may be another place when its turn has come.  *n of
 * them; the caller's (g_free). */
struct ham_core_leave *ham_core_drain_plan(const ham_core *core, uint32_t node,
					   unsigned int *n);

#endif
