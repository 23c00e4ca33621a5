/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/plan.h - which guest is started on which node
 *
 * A function of what it is given and of nothing else: nodes that know the same
 * make the same plan.  It decides nothing: what follows from a plan is proposed
 * like any other operation, and checked again by the record.
 *
 * What may never be: a node that may hold no guest now, or that has no current
 * copy of its disks; one that it was started on already since its node's death;
 * a guest that it is kept apart from; more memory than there is.  What is
 * better, in this order: a node that is not closed, with the guests it belongs
 * to, a node that it prefers, where it was, more free memory (if that is known
 * of all nodes that may hold guests), fewer guests, the lower number.
 *
 * Guests get their place in the order of their priority; of one priority those
 * first that have fewer nodes to go to, then the larger ones, then by name. One
 * that finds no room is given that of another, if the other has a second
 * choice.
 */
#ifndef HAM_PLAN_H
#define HAM_PLAN_H

#include <glib.h>

#include "hamd/core/core.h"

/* What its disks ask of a node. */
enum ham_plan_disks {
	HAM_PLAN_CURRENT, /* as PROMOTE: a current copy, or the same disks */
	HAM_PLAN_STARTS,  /* as START */
	HAM_PLAN_BROUGHT, /* nothing: a migration brings them */
};

/* What stands against a node. */
enum ham_plan_bar {
	HAM_PLAN_OPEN,	   /* nothing */
	HAM_PLAN_WITNESS,  /* it holds no guests */
	HAM_PLAN_AWAY,	   /* it is not in the cluster */
	HAM_PLAN_DIFFERS,  /* its cluster file is another one */
	HAM_PLAN_FAILS,	   /* its failure is what is planned for */
	HAM_PLAN_NO_COPY,  /* it has no current copy of the guest's disks */
	HAM_PLAN_TRIED,	   /* it was started there in vain, just now */
	HAM_PLAN_APART,	   /* `other` is there */
	HAM_PLAN_NO_MEMORY /* `free_mib` is all it has */
};

struct ham_plan_node {
	uint8_t bar; /* for all guests: OPEN to FAILS */
	bool closed; /* the last resort: better there than nowhere */
	bool known;  /* its memory is; else it is no reason */
	/* that guests may use, without what those that are there do; MiB */
	uint64_t room_mib;
};

struct ham_plan_input {
	const struct ham_record *record;
	unsigned int n_nodes;
	const struct ham_core_node *nodes;	   /* sorted by id, */
	struct ham_plan_node state[HAM_MAX_NODES]; /* as these */
	unsigned int n_guests;
	const struct ham_core_guest *guests; /* of the cluster file */
	GHashTable *by_name; /* name -> struct ham_core_guest * of `guests` */
};

/* A guest that is to be placed. */
struct ham_plan_item {
	const struct ham_guest *guest;	     /* NULL: it has no entry yet */
	const struct ham_core_guest *config; /* NULL: it is in no file now */
	enum ham_plan_disks disks;
	uint32_t pinned; /* asked for there already; 0: it is not */
	uint32_t home;	 /* the better one of two that are alike; 0: none */
	unsigned int choices; /* ham_plan()'s own */
	/* the answer */
	uint32_t node; /* 0: none; then, of each node as in `nodes`: */
	uint8_t bar[HAM_MAX_NODES];
	int64_t free_mib[HAM_MAX_NODES];
	const struct ham_core_guest *other[HAM_MAX_NODES];
};

/* Sorts the items as said above and answers in them. */
void ham_plan(const struct ham_plan_input *input, struct ham_plan_item *items,
	      unsigned int n);

/* What is left of each node's room; less than nothing: there is too much. */
void ham_plan_free(const struct ham_plan_input *input,
		   int64_t free_mib[HAM_MAX_NODES]);

/* Why it has no place, in words: of each node that could hold it but for that.
 */
void ham_plan_text(const struct ham_plan_input *input,
		   const struct ham_plan_item *item, char *out, size_t size);

/* What is said of one node, of the item's `bar`. */
void ham_plan_bar_text(const struct ham_plan_input *input,
		       const struct ham_plan_item *item, unsigned int node,
		       char *out, size_t size);

#endif
