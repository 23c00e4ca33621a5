/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/sim.h - a cluster of cores in one process, by one seed
 *
 * The object files of hamd/core/ are run as they are; all around them is a
 * model: corosync (ring.c), a node's power and sleep (host.c), hamd's life
 * (hamd.c) and store (store.c), lease keeper and watchdog (watch.c), fence
 * devices (fence.c), QEMU and its daemons (vm.c, proc.c), disks (disk.c).  What
 * goes wrong is a list (fault.c), by a seed's chance (run.c) or by hand
 * (story.c, once.c); shrink.c makes a long one short.  Time is virtual, chance
 * comes from the seed alone: the same seed gives the same trace.  The models
 * refuse nothing that the real parts were seen to do; what they leave out
 * stands in each file's head.  After every event check.c looks whether a rule
 * is broken.
 */
#ifndef SIM_H
#define SIM_H

#include "hamd/core/core.h"
#include "hamd/core/message.h"

enum {
	SIM_NODES = 5,
	SIM_GUESTS = 20,
	SIM_MS = 1000, /* us */
	SIM_S = 1000000,
};

/* ---- vm.c ---- */

enum sim_q {
	SIM_Q_NONE,
	SIM_Q_RUNNING,	/* vCPUs run */
	SIM_Q_IO_ERROR, /* stopped by a disk */
	SIM_Q_PAUSED,
	SIM_Q_INCOMING, /* the image is not complete */
	SIM_Q_WHOLE,	/* complete, paused, never ran here */
};

enum sim_role { /* what the state file says */
	SIM_ROLE_NONE,
	SIM_ROLE_OWNER,
	SIM_ROLE_SOURCE,
	SIM_ROLE_INCOMING,
	SIM_ROLE_HELD,
	SIM_ROLE_REPLICA,
};

/* A copy that QEMU writes to: whose daemon, which life. */
struct sim_slot {
	uint32_t node;
	uint64_t qsd;
	bool bad;     /* refused a write */
	bool filling; /* takes no writes yet */
	uint64_t fill; /* its number */
};

/* An act on a slot that is under way, or waits for another. */
struct sim_slot_act {
	uint8_t act;
	uint32_t node;
};

/* One guest on one node: survives hamd, not the node. */
struct sim_vm {
	uint8_t q;
	uint8_t role;
	uint64_t epoch;
	uint64_t txn;
	uint64_t image; /* writes its memory knows of */
	uint64_t size[HAM_MAX_DISKS]; /* as opened here */
	bool cold; /* its vCPUs never ran */
	/* storage daemon; `qsd` is its life, 0: none */
	uint64_t qsd;
	bool qsd_active;
	uint64_t qsd_next;  /* its export of the epoch to come */
	uint64_t generation; /* that is served */
	struct sim_slot slot[HAM_MAX_SLOTS];
	uint64_t write;	 /* tried and not acknowledged, 0: none */
	uint32_t mirror; /* node + 1 copied to, 0: none */
	uint64_t mirror_qsd;
	bool mirror_ready;
	bool mirror_broken;
	uint32_t copy_to;
	int64_t drop_at; /* an act on a slot under way ends then */
	struct sim_slot_act slot_act[2 * HAM_MAX_SLOTS];
	uint64_t work;	 /* changes when the flow under way is replaced, */
	uint64_t voids;	 /* and this when all that waits behind it is void */
};

/* One guest's disk on one node: survives all. */
struct sim_disk {
	uint64_t writes; /* it has all up to this one */
	bool hole;	 /* it lacks one before that, or is half copied */
	unsigned int fork; /* of which the writes are: after so many FORCEs */
	uint64_t size[HAM_MAX_DISKS];
};

struct sim_guest {
	char name[HAM_NAME_SIZE];
	uint64_t written; /* last write any image tried */
	uint64_t acked;
	uint64_t seen[HAM_MAX_DISKS]; /* the sizes that it has seen */
	bool forced;	   /* an operator has ordered that, once at least */
	unsigned int fork; /* so often that was done */
	uint64_t history;  /* as the record had it at its last boot */
};

/* ---- nodes ---- */

enum sim_fence {
	SIM_FENCE_NONE, /* no device */
	SIM_FENCE_OK,
	SIM_FENCE_SLOW,
	SIM_FENCE_HANG,
	SIM_FENCE_ERROR,
	SIM_FENCE_LIE,	 /* says it did; its status tells the truth */
	SIM_FENCE_WRONG, /* switches off another node */
	SIM_FENCE_LIAR,	 /* its status lies as well */
	SIM_FENCE_N
};

/* What a story has ordered to go wrong, once.c. */
struct sim_once {
	uint8_t act[SIM_GUESTS];       /* enum ham_do; fails */
	uint8_t slow[SIM_GUESTS];
	uint8_t lose[HAM_MSG_N_KINDS]; /* so many */
	uint8_t miss[HAM_MSG_N_KINDS]; /* of others */
	uint8_t hold;		       /* HAM_MSG_* */
	int64_t hold_us;
	bool store;
	int64_t quorum_us;
};

struct sim_node {
	bool power;
	bool hamd;
	ham_core *core;
	uint64_t life; /* of the node's power */
	int64_t boot_us;
	int64_t asleep_until_us; /* the whole node stands still */
	int64_t hung_until_us;	 /* its hamd does */
	GQueue *backlog;	 /* events a hung hamd has not read */
	bool draining;
	uint64_t incarnation; /* of its hamd */
	int64_t store_us;     /* when its last PERSIST is durable */
	GQueue *writes;	      /* PERSISTs under way */
	GHashTable *disk;     /* key -> GBytes: what was fsynced */
	uint64_t last_epoch[SIM_GUESTS];
	uint8_t fence; /* enum sim_fence */
	uint64_t fencing[SIM_NODES]; /* of each node: the attempt under way */
	struct sim_once once;
	bool frozen; /* the guests' cgroups */
	/* watch.c */
	bool armed;
	bool disarmed;
	bool resting;		/* its hamd is to end when it is */
	int64_t lease_until_us; /* by the node's clock */
	int64_t pet_us;
	/* ring.c */
	unsigned int part;	/* network component: cluster, */
	unsigned int data_part; /* and migration */
	bool corosync;
	struct sim_ring *ring;
	unsigned int delivered;	    /* frames of it */
	struct sim_ring *next_ring; /* being installed */
	GQueue *outbox;		    /* accepted, waits for the token */
	int64_t held_until_us;	    /* it all waits so long */
	bool turn_due;
	uint16_t group;	  /* hamds that this corosync knows of */
	bool cut;	  /* our hamd has lost its connection to it */
	bool joined;	  /* our hamd's JOIN was delivered here */
	bool quorum_told; /* of this ring */
	bool seen_all;	  /* this corosync has seen a ring of all nodes */
	struct sim_vm vm[SIM_GUESTS];
	struct sim_disk image[SIM_GUESTS]; /* by sim_disk_of() */
};

/* ---- what goes wrong ---- */

enum sim_fault_kind {
	SIM_F_SPLIT,	  /* parts: of the cluster network */
	SIM_F_DATA_SPLIT, /* parts: of the migration network */
	SIM_F_POWER_OFF,
	SIM_F_POWER_ON,
	SIM_F_CRASH,	/* hamd */
	SIM_F_HANG,	/* hamd, for_us */
	SIM_F_SLEEP,	/* the node, for_us */
	SIM_F_COROSYNC, /* dies, back after for_us */
	SIM_F_KILL_QEMU,
	SIM_F_KILL_QSD,
	SIM_F_COMMAND,
	SIM_F_BLACKOUT, /* every node loses power; back after for_us or later */
	SIM_F_CUT,	/* hamd from its corosync, for_us; the ring holds */
	SIM_F_LOOK,	/* target is off: an operator has seen it */
	SIM_F_N
};

struct sim_fault {
	int64_t at_us; /* since the start; armed from then if `on` is set */
	/* 0: at that time.  Else when this next happens anywhere, and nodes
	 * count from the one where it does: enum sim_moment. */
	uint16_t on;
	uint8_t kind;
	uint8_t node; /* index */
	uint8_t guest;
	uint8_t command;
	uint32_t target; /* node id */
	int64_t for_us;
	uint8_t parts[SIM_NODES];
};

/* What a fault can wait for: with a number of the core's added. */
enum sim_moment {
	SIM_ON_SEND = 0x100,	/* + HAM_MSG_*: handed to corosync */
	SIM_ON_DO = 0x200,	/* + HAM_DO_*: asked */
	SIM_ON_DID = 0x300,	/* + HAM_DID_*: told */
	SIM_ON_PERSIST = 0x400, /* a write to the store is asked */
};

/* What happens inside the models, per 10,000 chances; 0: never. */
struct sim_rates {
	unsigned int act_fails, /* of an act */
		slow,		/* an act takes twenty times as long */
		drop,		/* corosync loses an accepted message */
		ghost,		/* a hamd that is gone stays in the group */
		store,		/* an fsync fails */
		fsync,		/* an fsync takes up to a second */
		late,		/* a message must be sent again to a node */
		resumes, /* QEMU goes on by itself while it is captured */
		limits,	 /* a copy can't keep its limits */
		overdue; /* a pause takes longer than it may */
};

/* What a run is made of: by chance (run.c) or by hand (story.c). */
struct sim_plan {
	uint64_t seed; /* of the models */
	unsigned int n;
	unsigned int n_guests;
	unsigned int replicas;
	uint16_t common;   /* bit g: all nodes have the disk of that guest */
	int64_t verify_us; /* verify_interval */
	/* live migrations at once, of a node and of all; 0: any number */
	unsigned int at_once[2];
	int64_t lease_us; /* 0: none */
	int64_t watchdog_us;
	bool fence_and_wait;
	uint8_t fence[SIM_NODES];
	struct sim_rates rates;
	GArray *faults;	     /* struct sim_fault, by time */
	int64_t faults_us;   /* then all is mended */
	int64_t quiet_us;    /* and watched so long */
	unsigned int absent; /* node id that stays off at the end, 0: none */
	/* bits, node 1 is bit 0; stories alone have them */
	uint16_t witness;  /* votes, and holds no guests */
	uint16_t differs;  /* has another cluster file */
	uint16_t tolerate; /* rule I<n>: told when it breaks, and no failure */
};

struct sim {
	const struct sim_plan *plan;
	uint64_t rng[2];
	int64_t now_us;
	uint64_t hash;
	bool trace;    /* print */
	GString *told; /* keep; NULL: don't */
	bool quiet;    /* faults are over */
	unsigned int n;
	unsigned int n_guests;
	struct sim_rates rates;
	struct sim_node node[SIM_NODES];
	struct sim_guest guest[SIM_GUESTS];
	struct ham_core_guest config[SIM_GUESTS];
	GArray *armed; /* struct sim_fault, each with its `on` */
	GPtrArray *rings;
	uint64_t ring_seq;
	uint64_t changes; /* of the network */
	uint64_t next_qsd;
	uint64_t next_fill;
	uint64_t tokens;
	uint64_t steps;
	/* time.c */
	struct sim_timer *heap;
	size_t n_heap, room;
	uint64_t next_timer;
	uint16_t tolerated; /* rules that broke and were told */
	char failure[512];  /* empty: none yet */
};

/* time.c */
uint64_t sim_random(struct sim *sim);
/* 0 .. n - 1 */
uint64_t sim_pick(struct sim *sim, uint64_t n);
bool sim_chance(struct sim *sim, unsigned int per_10000);
int64_t sim_between(struct sim *sim, int64_t min_us, int64_t max_us);
void sim_seed(struct sim *sim, uint64_t seed);
typedef void (*sim_fn)(struct sim *sim, void *data);
/* `data` is g_free()d afterwards, run or not. */
void sim_at(struct sim *sim, int64_t after_us, sim_fn fn, void *data);
bool sim_next(struct sim *sim);
/* The same if it comes before that time, which it then is otherwise. */
bool sim_next_until(struct sim *sim, int64_t until_us);
void sim_time_free(struct sim *sim);
void sim_say(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
void sim_fail(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* host.c */
void sim_host_init(struct sim *sim, unsigned int i);
void sim_host_free(struct sim *sim, unsigned int i);
void sim_host_power(struct sim *sim, unsigned int i, bool on);
/* Switched on again by somebody, or by itself. */
void sim_host_boot_later(struct sim *sim, unsigned int i, int64_t after_us);
void sim_host_sleep(struct sim *sim, unsigned int i, int64_t for_us);
/* CLOCK_BOOTTIME of that node. */
int64_t sim_host_now(const struct sim *sim, unsigned int i);
bool sim_asleep(const struct sim *sim, unsigned int i);
/* True if the node sleeps: `fn` comes again with a copy when it wakes. */
bool sim_defer(struct sim *sim, unsigned int i, sim_fn fn, const void *data,
	       size_t size);

/* hamd.c */
void sim_hamd_start(struct sim *sim, unsigned int i);
void sim_hamd_end(struct sim *sim, unsigned int i, const char *why);
void sim_hamd_hang(struct sim *sim, unsigned int i, int64_t for_us);
/* Standing still: its events wait, its acts too. */
bool sim_hamd_hung(const struct sim *sim, unsigned int i);
void sim_step(struct sim *sim, unsigned int i, struct ham_event *event);
enum {
	SIM_COMMANDS = HAM_CMD_SET + 1,
};
extern const char *const sim_command_names[SIM_COMMANDS]; /* ham_command */
void sim_command(struct sim *sim, unsigned int i, enum ham_command command,
		 unsigned int guest, uint32_t target);

/* store.c */
void sim_persist(struct sim *sim, unsigned int i, const struct ham_effect *fx);
/* hamd ended: what was under way is lost, or just done. */
void sim_store_cut(struct sim *sim, unsigned int i);
void sim_store_free(struct sim_node *node);

/* watch.c */
void sim_watch_disarm(struct sim *sim, unsigned int i, bool disarm);
void sim_watch_rest(struct sim *sim, unsigned int i);
void sim_watch_lease(struct sim *sim, unsigned int i, int64_t until_us);

/* fence.c */
void sim_fence(struct sim *sim, unsigned int i, const struct ham_effect *fx);
const char *sim_fence_name(unsigned int kind);

/* ring.c */
void sim_ring_free(struct sim *sim);
void sim_ring_power(struct sim *sim, unsigned int i);
/* An administrator tells corosync there to wait for nobody (of two nodes). */
void sim_ring_go_alone(struct sim *sim, unsigned int i);
/* Connections or power changed: corosync will notice. */
void sim_ring_changed(struct sim *sim);
void sim_ring_send(struct sim *sim, unsigned int i, const uint8_t *bytes,
		   size_t len, bool droppable);
/* hamd of this node joined or left the group. */
void sim_ring_group(struct sim *sim, unsigned int i);
/* hamd alone loses it, and finds it again after a while. */
void sim_ring_cut(struct sim *sim, unsigned int i, int64_t for_us);
/* corosync alone dies; it is back after a while. */
void sim_ring_die(struct sim *sim, unsigned int i, int64_t for_us);
/* By the migration network. */
bool sim_data(const struct sim *sim, unsigned int a, unsigned int b);

/* vm.c */
void sim_vm_do(struct sim *sim, unsigned int i, const struct ham_effect *fx);

/* proc.c */
/* Tells the core; of a blob: the node, and a replica's daemon is at it. */
void sim_vm_did(struct sim *sim, unsigned int i, unsigned int g,
		enum ham_did what, bool flag, bool blob_flag);
/* The same of a copy: on `node`, or served at `epoch`. */
void sim_vm_resized(struct sim *sim, unsigned int i, unsigned int g, bool is,
		    bool is_not);
void sim_vm_did_of(struct sim *sim, unsigned int i, unsigned int g,
		   enum ham_did what, bool flag, uint32_t node, uint64_t epoch);
void sim_vm_find(struct sim *sim, unsigned int i);
void sim_vm_lost(struct sim *sim, unsigned int i);
void sim_vm_kill_qemu(struct sim *sim, unsigned int i, unsigned int g);
/* Cleanly: the guest powered off. */
void sim_vm_end_qemu(struct sim *sim, unsigned int i, unsigned int g,
		     bool clean);
void sim_vm_kill_qsd(struct sim *sim, unsigned int i, unsigned int g);

/* copies.c */
bool sim_is_slot_act(uint8_t act);
/* True: it is one, and was begun; or waits. */
void sim_slot_do(struct sim *sim, unsigned int i, unsigned int g,
		 const struct ham_effect *fx);
/* VERIFY, beside all else. */
void sim_verify(struct sim *sim, unsigned int i, unsigned int g, uint32_t node);
/* What is under way there is void. */
void sim_slot_void(struct sim *sim, unsigned int i, unsigned int g);
struct sim_slot *sim_slot_of(struct sim_vm *vm, uint32_t node);
/* Connects to the daemon of that node, or to what it serves at the epoch to
 * come; false: there is none, or no slot. */
bool sim_slot_connect(struct sim *sim, unsigned int i, unsigned int g,
		      uint32_t node, bool next);
/* All that are not in `ids` (bytes as the core puts them) are emptied. */
void sim_slots_keep(struct sim_vm *vm, const struct ham_blob *ids);

/* disk.c */
struct sim_disk *sim_disk_of(struct sim *sim, unsigned int i, unsigned int g);
/* The images of a guest there are opened, as the record there wants them. */
void sim_open_disks(struct sim *sim, unsigned int i, unsigned int g);
/* Its record may have another history since it booted last, by FORCE: what that
 * disk has is all that counts. */
void sim_disk_forced(struct sim *sim, unsigned int i, unsigned int g);
/* They are common, and larger than the record there knows: none is cut. */
bool sim_disks_ahead(struct sim *sim, unsigned int i, unsigned int g);
/* The guest sees its disks as they are open there: none may have shrunk. */
void sim_see_disks(struct sim *sim, unsigned int i, unsigned int g);
/* Each running guest tries to write. */
void sim_vm_write(struct sim *sim);
void sim_try_write(struct sim *sim, unsigned int i, unsigned int g);
void sim_slot_refused(struct sim *sim, unsigned int i, unsigned int g,
		      struct sim_slot *slot);
/* A write waits for a slot that nothing is heard of. */
bool sim_write_hangs(const struct sim *sim, unsigned int i, unsigned int g);

/* check.c */
void sim_check(struct sim *sim);
/* Epochs, now and then; and one that node i has just acted on. */
void sim_check_epochs(struct sim *sim, unsigned int i);
void sim_committed(struct sim *sim, unsigned int i, unsigned int g,
		   uint64_t epoch);
/* A guest is about to boot. */
void sim_check_boot(struct sim *sim, unsigned int i, unsigned int g);
void sim_check_end(struct sim *sim);

/* fault.c */
struct sim_plan *sim_plan_new(void);
struct sim_plan *sim_plan_copy(const struct sim_plan *plan);
void sim_plan_free(struct sim_plan *plan);
/* The swarm: what this seed turns on. */
struct sim_plan *sim_plan_random(uint64_t seed, unsigned int nodes,
				 unsigned int guests);
void sim_fault_do(struct sim *sim, const struct sim_fault *fault);
/* That has happened on node i: what waits for it comes within moments. */
void sim_moment(struct sim *sim, unsigned int i, unsigned int moment);
/* As a line of a story, without its time; the caller frees. */
char *sim_fault_text(const struct sim_fault *fault, unsigned int n);
/* NULL, or what is wrong. */
const char *sim_fault_parse(char **words, unsigned int n_words,
			    const struct sim_plan *plan, struct sim_fault *out);

/* once.c */
/* True if the line is of these; then `refusal` is set if it makes no sense. */
bool sim_once(struct sim *sim, char **words, unsigned int n,
	      const char **refusal);
/* Each is true, or not 0, once after it was ordered. */
bool sim_once_act(struct sim *sim, unsigned int i, unsigned int g, uint8_t act);
bool sim_once_slow(struct sim *sim, unsigned int i, unsigned int g,
		   uint8_t act);
bool sim_once_lost(struct sim *sim, unsigned int i, const uint8_t *bytes,
		   size_t len);
/* How long it waits. */
int64_t sim_once_held(struct sim *sim, unsigned int i, const uint8_t *bytes,
		      size_t len);
/* Of what others say. */
bool sim_once_missed(struct sim *sim, unsigned int i, const uint8_t *bytes,
		     size_t len);
bool sim_once_store(struct sim *sim, unsigned int i);
int64_t sim_once_quorum(struct sim *sim, unsigned int i);

/* run.c */
struct sim *sim_new(const struct sim_plan *plan);
void sim_free(struct sim *sim);
/* Everyone up, all networks whole, no more chance. */
void sim_be_quiet(struct sim *sim);
/* Faults, quiet and the last look; true if no rule was broken. */
bool sim_run(struct sim *sim);

/* story.c: 0 ok, 1 it went another way, 2 it can't be read */
int sim_story(const char *path, bool trace, GString *log);
/* A plan as the text of a story. */
char *sim_story_of(const struct sim_plan *plan);

/* shrink.c: fewer faults that break the same rule; the caller frees. */
struct sim_plan *sim_shrink(const struct sim_plan *plan, const char *failure,
			    unsigned int tries);

#endif
