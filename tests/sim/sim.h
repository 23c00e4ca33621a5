/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/sim.h - a cluster of cores in one process, by one seed
 *
 * The object files of hamd/core/ are run as they are; all around them is a
 * model: corosync (ring.c), the store and hamd's own life (host.c), QEMU and
 * its daemons (vm.c, proc.c), disks (disk.c), and what goes wrong (main.c).
 * Time is virtual, chance comes from the seed alone: the same seed gives the
 * same trace.  The models refuse nothing that the real parts were seen to do;
 * what they leave out stands in each file's head.  After every event check.c
 * looks whether a guest runs twice or an acknowledged write is lost.
 */
#ifndef SIM_H
#define SIM_H

#include "hamd/core/core.h"

enum {
	SIM_NODES = 5,
	SIM_GUESTS = 20,
	SIM_MS = 1000, /* us */
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

/* One guest on one node: survives hamd, not the node. */
struct sim_vm {
	uint8_t q;
	uint8_t role;
	uint64_t epoch;
	uint64_t txn;
	uint64_t image; /* writes its memory knows of */
	/* storage daemon; `qsd` is its life, 0: none */
	uint64_t qsd;
	bool qsd_active;
	/* the slot: whose daemon, which life */
	uint32_t slot_node;
	uint64_t slot_qsd;
	uint64_t wired_qsd; /* D: before RUN */
	uint32_t wired_node;
	bool slot_bad;	 /* refused a write */
	uint64_t write;	 /* tried and not acknowledged, 0: none */
	uint32_t mirror; /* node + 1 copied to, 0: none */
	uint64_t mirror_qsd;
	bool mirror_ready;
	bool mirror_broken;
	uint32_t copy_to;
	int64_t drop_at; /* a SLOT_DROP under way ends then */
	uint64_t work;	 /* changes when the flow under way is replaced */
};

/* One guest's disk on one node: survives all. */
struct sim_disk {
	uint64_t writes; /* it has all up to this one */
	bool hole;	 /* it lacks one before that, or is half copied */
};

struct sim_guest {
	char name[HAM_NAME_SIZE];
	uint64_t written; /* last write any image tried */
	uint64_t acked;
};

/* ---- host.c ---- */

struct sim_node {
	bool power;
	bool hamd;
	ham_core *core;
	uint64_t life;	      /* of the node's power */
	uint64_t incarnation; /* of its hamd */
	int64_t store_us;     /* when its last PERSIST is durable */
	GHashTable *disk;     /* key -> GBytes: what was fsynced */
	uint64_t last_epoch[SIM_GUESTS];
	/* ring.c */
	unsigned int part; /* network component */
	struct sim_ring *ring;
	unsigned int delivered;	    /* frames of it */
	struct sim_ring *next_ring; /* being installed */
	GQueue *outbox;		    /* accepted, waits for the token */
	bool turn_due;
	uint16_t group;	  /* hamds that this corosync knows of */
	bool joined;	  /* our hamd's JOIN was delivered here */
	bool quorum_told; /* of this ring */
	struct sim_vm vm[SIM_GUESTS];
	struct sim_disk image[SIM_GUESTS];
};

struct sim_rates { /* per 10,000 chances; 0: that fault is off */
	unsigned int split, crash_hamd, power, kill_qemu, kill_qsd, act_fails,
		drop, command;
};

struct sim {
	uint64_t seed;
	uint64_t rng[2];
	int64_t now_us;
	uint64_t hash;
	bool trace;
	bool quiet; /* faults are over */
	unsigned int n;
	unsigned int n_guests;
	unsigned int replicas;
	struct sim_rates rates;
	struct sim_node node[SIM_NODES];
	struct sim_guest guest[SIM_GUESTS];
	struct ham_core_guest config[SIM_GUESTS];
	GPtrArray *rings;
	uint64_t ring_seq;
	uint64_t changes; /* of the network */
	uint64_t next_qsd;
	uint64_t tokens;
	uint64_t steps;
	/* time.c */
	struct sim_timer *heap;
	size_t n_heap, room;
	uint64_t next_timer;
	char failure[512]; /* empty: none yet */
};

/* time.c */
uint64_t sim_random(struct sim *sim);
/* 0 .. n - 1 */
uint64_t sim_pick(struct sim *sim, uint64_t n);
bool sim_chance(struct sim *sim, unsigned int per_10000);
int64_t sim_between(struct sim *sim, int64_t min_us, int64_t max_us);
typedef void (*sim_fn)(struct sim *sim, void *data);
/* `data` is g_free()d afterwards, run or not. */
void sim_at(struct sim *sim, int64_t after_us, sim_fn fn, void *data);
bool sim_next(struct sim *sim);
void sim_time_free(struct sim *sim);
void sim_say(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
void sim_fail(struct sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* host.c */
void sim_host_init(struct sim *sim, unsigned int i);
void sim_host_free(struct sim *sim, unsigned int i);
void sim_host_power(struct sim *sim, unsigned int i, bool on);
void sim_hamd_start(struct sim *sim, unsigned int i);
void sim_hamd_end(struct sim *sim, unsigned int i, const char *why);
void sim_step(struct sim *sim, unsigned int i, struct ham_event *event);
void sim_command(struct sim *sim, unsigned int i, enum ham_command command,
		 unsigned int guest, uint32_t target);

/* ring.c */
void sim_ring_free(struct sim *sim);
void sim_ring_power(struct sim *sim, unsigned int i);
/* Connections or power changed: corosync will notice. */
void sim_ring_changed(struct sim *sim);
void sim_ring_send(struct sim *sim, unsigned int i, const uint8_t *bytes,
		   size_t len, bool droppable);
/* hamd of this node joined or left the group. */
void sim_ring_group(struct sim *sim, unsigned int i);
bool sim_connected(const struct sim *sim, unsigned int a, unsigned int b);

/* vm.c */
void sim_vm_do(struct sim *sim, unsigned int i, const struct ham_effect *fx);

/* proc.c */
/* Tells the core; of a blob: the node, and a replica's daemon is at it. */
void sim_vm_did(struct sim *sim, unsigned int i, unsigned int g,
		enum ham_did what, bool flag, bool blob_flag);
void sim_vm_find(struct sim *sim, unsigned int i);
void sim_vm_lost(struct sim *sim, unsigned int i);
void sim_vm_kill_qemu(struct sim *sim, unsigned int i, unsigned int g);
void sim_vm_kill_qsd(struct sim *sim, unsigned int i, unsigned int g);

/* disk.c */
/* Each running guest tries to write. */
void sim_vm_write(struct sim *sim);
void sim_try_write(struct sim *sim, unsigned int i, unsigned int g);
void sim_slot_refused(struct sim *sim, unsigned int i, unsigned int g);
/* A write waits for a slot that nothing is heard of. */
bool sim_write_hangs(const struct sim *sim, unsigned int i, unsigned int g);

/* check.c */
void sim_check(struct sim *sim);
void sim_check_end(struct sim *sim);

#endif
