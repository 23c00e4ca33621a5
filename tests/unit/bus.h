/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/bus.h - several cores on one table, for tests of the core
 *
 * A stand-in for corosync (one order, views given by the test), for the store
 * (durable at once, unless held) and for the guest layer (answers what a
 * healthy one would, unless told to keep silent).  After every step it asserts
 * that no guest's vCPUs run on two nodes.  Not a simulator: no faults of its
 * own, no time but what the test passes.
 */
#ifndef BUS_H
#define BUS_H

#include "hamd/core/core.h"
#include "hamd/core/message.h"

enum {
	BUS_MAX = 5,
	BUS_TWO_NODE_US = 5000000,
};

struct bus_node {
	ham_core *core;
	bool up;	   /* its hamd runs and is in the group */
	unsigned int part; /* nodes of one part share a ring */
	struct ham_ring ring;
	bool quorate;
	uint64_t incarnation;
	GHashTable *disk; /* char * -> GBytes *, survives a restart */
	bool store_held;  /* tickets wait in `tickets` */
	GArray *tickets;  /* uint64_t */
	uint64_t silent;  /* bit act: the guest layer does not answer */
	bool vcpus;	  /* of guest "g", whatever hamd does */
	GString *acts;	  /* "LAUNCH PREPARE ..." since last cleared */
	uint64_t boot;	  /* of the machine; grows by the test */
	unsigned int life; /* of its storage daemon, in what SERVED says */
	GString *notes;
	char last_error[HAM_TEXT_MAX]; /* of the last command; "" accepted */
	unsigned int answers;
	char fatal[HAM_TEXT_MAX];
	uint64_t attempt; /* the last FENCE asked of it */
	uint32_t target;
	bool frozen;
	int64_t lease_until_us; /* as HAM_FX_LEASE said */
	bool disarmed;		/* as HAM_FX_DISARM said; the test answers */
	bool mute;		/* it does not answer to TRIAL, */
	unsigned int facts;	/* or with so many bytes */
	GString *tried;		/* what TRIED told: "1:oo 2:d over:0:" */
};

struct bus {
	unsigned int n;
	struct bus_node node[BUS_MAX];
	GQueue *queue; /* struct bus_frame * in the order of the bus */
	uint64_t ring_seq;
	int64_t now_us;
	struct ham_core_guest guest;
	/* instead of that one, for tests of orders alone; or NULL */
	const struct ham_core_guest *guests;
	unsigned int n_guests;
	GString *all_acts; /* "2:PREPARE:g ...", of all nodes, in their order */
	/* for hamds that start after they are set */
	unsigned int parallel_migrations;
	unsigned int cluster_migrations;
	int64_t lease_us;
	bool fences; /* each node has a fence device */
	int64_t fence_delay_us;
	bool two_node; /* each half is quorate, after the next split */
	unsigned int quarantine_after; /* within an hour */
	uint32_t memory_mib[BUS_MAX]; /* of each node, 0: it is not told */
	uint64_t config_digest[BUS_MAX]; /* of its cluster file */
};

struct bus *bus_new(unsigned int n, unsigned int replicas);
void bus_free(struct bus *bus);

/* Starts or restarts a node's hamd with what its disk holds; `vcpus` and
 * what the test tells by bus_found() survive. */
void bus_up(struct bus *bus, unsigned int i);
void bus_down(struct bus *bus, unsigned int i);
/* All nodes get a part number each ("112": first two together, third alone)
 * and a new ring per part; messages in flight of an old ring reach nobody. */
void bus_split(struct bus *bus, const char *parts);
/* Delivers the next message to all; false: there is none. */
bool bus_step(struct bus *bus);
/* Delivers until nothing is left. */
void bus_run(struct bus *bus);
void bus_time(struct bus *bus, int64_t us);
void bus_command(struct bus *bus, unsigned int i, enum ham_command command,
		 unsigned int target);
void bus_event(struct bus *bus, unsigned int i, struct ham_event *event);
/* Node `to` alone hears that of node `from`, in the ring of `to`, before all
 * that is under way. */
void bus_say(struct bus *bus, unsigned int from, unsigned int to,
	     const struct ham_msg *msg);
void bus_did(struct bus *bus, unsigned int i, enum ham_did did,
	     const char *text, bool flag);
void bus_found(struct bus *bus, unsigned int i, enum ham_found found,
	       uint64_t epoch, uint64_t txn);
/* Answers the last FENCE. */
void bus_fenced(struct bus *bus, unsigned int i, bool off);
/* Lets a held store finish. */
void bus_store_go(struct bus *bus, unsigned int i);

const struct ham_guest *bus_guest(struct bus *bus, unsigned int i);
bool bus_active(struct bus *bus, unsigned int i);
/* How many nodes run the guest. */
unsigned int bus_runners(struct bus *bus);
/* True if all up nodes of node i's part have equal records. */
bool bus_equal(struct bus *bus, unsigned int i);

#define BUS_ACT(x) (UINT64_C(1) << HAM_DO_##x)

#endif
