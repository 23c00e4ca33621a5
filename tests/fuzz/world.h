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

struct world_core {
	ham_core *core;
	uint32_t self;
	struct ham_ring ring; /* that corosync is in */
	struct ham_ring told; /* that this life of hamd knows of */
	size_t heard;	      /* frames of the order */
	GHashTable *disk;     /* key -> GBytes */
	GQueue *tickets;      /* struct world_ticket * */
	GArray *acts;	      /* struct world_act */
	uint64_t incarnation;
	/* what world_check.c remembers of this life */
	uint64_t last_ticket;
	struct ham_pos durable;
	GHashTable *asked;  /* token -> 1: not answered yet */
	GHashTable *epochs; /* name -> uint64_t * */
	bool fatal;
};

struct world {
	unsigned int n;
	struct world_core node[WORLD_NODES];
	GPtrArray *order;	    /* struct world_frame * */
	struct ham_effects effects; /* of the step under way */
	int64_t now_us;
	uint64_t ring_seq;
	uint64_t token;
	unsigned int steps; /* left to this input */
};

struct world *world_new(unsigned int cores);
void world_free(struct world *world);

GHashTable *world_disk_new(void);
/* A new life with what the disk holds; what was not durable is lost. */
void world_restart(struct world *world, unsigned int i);
/* A new life with this disk (key -> GBytes; the world's from now on), if the
 * core believes it. */
void world_load(struct world *world, unsigned int i, GHashTable *disk);

/* `now_us` is filled in. */
void world_step(struct world *world, unsigned int i, struct ham_event *event);
void world_message(struct world *world, unsigned int i, uint32_t from,
		   const uint8_t *bytes, size_t len);
/* Whatever the order has next for this core; false: nothing. */
bool world_deliver(struct world *world, unsigned int i);
bool world_persisted(struct world *world, unsigned int i, uint64_t ticket);
/* The oldest of what was asked ends well or badly. */
bool world_answer(struct world *world, unsigned int i, bool well, bool flag);
/* All of it until nothing is left; with `voices`, nodes without a core say
 * EXCHANGE and STORED as the core does. */
void world_settle(struct world *world, bool voices);

/* world_check.c */
void world_check_step(struct world_core *node,
		      const struct ham_effects *effects);

#endif
