/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/world.h - one or three cores, and whatever a script does to them
 *
 * For fuzz_step.c.  Here corosync, the store and the guest layer do what the
 * script says, in any order, true or not: that is not a model of them
 * (tests/sim has one), so it asks only what a core promises whatever it is
 * told (world_check.c).  A failed promise aborts, as a fuzzer wants it.
 */
#ifndef HAM_FUZZ_WORLD_H
#define HAM_FUZZ_WORLD_H

#include "hamd/core/core.h"

enum {
	WORLD_NODES = 3, /* with one core, the others are voices only */
	WORLD_NAMES = 6,
	WORLD_LEASE_US = 8000000,
	WORLD_STANDSTILL_US = 1000000,
	WORLD_WATCHDOG_US = 5000000,
	WORLD_WAIT_US = WORLD_LEASE_US + 2 * WORLD_WATCHDOG_US,
};

enum world_flags {
	WORLD_THREE = 1,   /* three cores, or else one */
	WORLD_LEASES = 2,  /* with watchdogs */
	WORLD_FENCES = 4,  /* a device for each node */
	WORLD_BOTH = 8,	   /* fence_and_wait */
	WORLD_WITNESS = 16 /* the last node is one */
};

extern const char *const world_names[WORLD_NAMES];

struct world_frame { /* in the order that all hear alike */
	uint32_t from;
	struct ham_ring ring;
	uint8_t kind;
	uint8_t *bytes;
	size_t len;
};

struct world_act { /* asked of the guest layer */
	uint8_t act;
	char guest[HAM_NAME_SIZE];
	uint64_t epoch;
	uint64_t txn;
	uint32_t node;
};

struct world_ticket {
	uint64_t number;
	bool all;
	bool has_head;
	struct ham_pos pos;
	GPtrArray *items; /* struct world_item * */
};

struct world_item {
	char *key;
	uint8_t *value;
	size_t len;
};

struct world_fence { /* asked of the fence devices */
	uint32_t node;
	uint64_t attempt;
};

/* What this life of hamd was told of a node (world_death.c). */
struct world_seen {
	bool here;	  /* in its ring */
	int64_t left_us;  /* the last ring with it ended; 0: there was none */
	uint64_t attempt; /* of this ring, not answered; 0: none */
	bool off;	  /* fenced, in this ring */
};

struct world_core {
	ham_core *core;
	uint32_t self;
	struct ham_ring ring; /* that corosync is in */
	struct ham_ring told; /* that this life of hamd knows of */
	size_t heard;	      /* frames of the order */
	GHashTable *disk;     /* key -> GBytes */
	GQueue *tickets;      /* struct world_ticket * */
	GArray *acts;	      /* struct world_act */
	GArray *fences;	      /* struct world_fence, in any order answered */
	uint64_t incarnation;
	int64_t lease_until_us; /* the watchdog's keeper outlives hamd */
	/* what world_death.c remembers of this life */
	struct world_seen seen[WORLD_NODES];
	bool odd_ring; /* its nodes changed; no corosync does that */
	bool frozen;
	bool freeze_said;	/* in this life */
	int64_t stepped_us;	/* last; 0: not yet */
	bool woke;		/* by this step, after a standstill */
	bool lost;		/* corosync, that it had */
	struct ham_ring quorum; /* the last that was told, */
	bool quorate;		/* and what it said */
	uint64_t last_attempt;
	/* what world_check.c remembers of this life */
	uint64_t last_ticket;
	struct ham_pos durable;
	GHashTable *asked;  /* token -> 1: not answered yet */
	GHashTable *epochs; /* name -> struct world_epoch * */
	bool adopting;	    /* this step is about an ADOPT */
	bool fatal;
};

struct world {
	unsigned int flags; /* WORLD_* */
	unsigned int n;
	bool honest; /* nobody has spoken in another's name */
	struct world_core node[WORLD_NODES];
	GPtrArray *order;	    /* struct world_frame * */
	struct ham_effects effects; /* of the step under way */
	int64_t now_us;
	uint64_t ring_seq;
	uint64_t token;
	unsigned int steps; /* left to this input */
};

/* world_life.c */
struct world *world_new(unsigned int flags);
void world_free(struct world *world);

GHashTable *world_disk_new(void);
/* A new life with what the disk holds; what was not durable is lost. */
void world_restart(struct world *world, unsigned int i);
/* A new life with this disk (key -> GBytes; the world's from now on), if the
 * core believes it. */
void world_load(struct world *world, unsigned int i, GHashTable *disk);

/* GDestroyNotify of a struct world_ticket */
void world_ticket_free(gpointer data);

/* `now_us` is filled in. */
void world_step(struct world *world, unsigned int i, struct ham_event *event);
void world_message(struct world *world, unsigned int i, uint32_t from,
		   const uint8_t *bytes, size_t len);
/* Whatever the order has next for this core; false: nothing. */
bool world_deliver(struct world *world, unsigned int i);
bool world_persisted(struct world *world, unsigned int i, uint64_t ticket);
/* The oldest of what was asked ends well or badly. */
bool world_answer(struct world *world, unsigned int i, bool well, bool flag);
/* A fence device tells of one of the FENCEs (flags: SCRIPT_FENCED_*). */
bool world_fenced(struct world *world, unsigned int i, unsigned int which,
		  unsigned int flags, const char *text);
/* All of it until nothing is left (flags: SCRIPT_SETTLE_*); voices, that is
 * nodes without a core, say EXCHANGE, STORED and HEARTBEAT as the core does. */
void world_settle(struct world *world, unsigned int flags);

/* world_check.c */
void world_check_step(const struct world *world, struct world_core *node,
		      const struct ham_effects *effects);

/* world_death.c */
void world_death_begin(const struct world *world, struct world_core *node);
/* Before the core hears of it. */
void world_death_told(const struct world *world, struct world_core *node,
		      const struct ham_event *event);
/* FENCE, LEASE, FREEZE */
void world_death_check(const struct world *world, struct world_core *node,
		       const struct ham_effect *fx);
/* This core asks for an operation. */
void world_death_check_op(const struct world *world,
			  const struct world_core *node,
			  const struct ham_msg *msg);
/* It lets vCPUs run: by this record, or by a YIELD. */
void world_death_check_run(const struct world *world,
			   const struct world_core *node, enum ham_do act);

#endif
