/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/cluster.h - corosync: group messages, membership, quorum, settings
 *
 * libcpg (model v1), libquorum (model v1) and libcmap behind callbacks of
 * GLib's loop.  cs_error_t does not leave cluster.c and cmap.c (CS_OK is 1).
 * CS_ERR_TRY_AGAIN queues (bounded) and tries again by timer.  Losing the
 * connection is told once by on_lost, never mended here: hamd then has no
 * quorum (doc/faults.md, F23) and the owner connects anew.
 *
 * News of the group, of totem and of quorum come in no fixed order to each
 * other; their ring ids join them.  A message taken by corosync may go out in
 * a later view, and in rare cases (its queue runs full while a view forms) is
 * dropped there without a word: only its own delivery shows that it was sent.
 *
 * Joining, leaving and reading settings ask the local corosync and wait for
 * its answer; everything else never waits.
 */
#ifndef HAM_CLUSTER_H
#define HAM_CLUSTER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ham_cluster ham_cluster;

struct ham_cluster_ring {
	uint32_t rep;
	uint64_t seq;
};

/* Each of them may send, or free the ham_cluster. */
struct ham_cluster_callbacks {
	/* a message, in the group's order; bytes are borrowed */
	void (*on_message)(uint32_t sender, uint32_t sender_pid,
			   const void *bytes, size_t len, void *data);
	/* the processes in the group now: pairs of node id and pid */
	void (*on_group)(const uint32_t *ids, const uint32_t *pids, size_t n,
			 void *data);
	/* totem's ring and its nodes, from CPG's side */
	void (*on_totem)(struct ham_cluster_ring ring, const uint32_t *ids,
			 size_t n, void *data);
	/* quorum's news: the ring it speaks of, and whether it is quorate */
	void (*on_quorum)(struct ham_cluster_ring ring, bool quorate,
			  void *data);
	/* once; afterwards nothing is sent and no callback comes */
	void (*on_lost)(const char *reason, void *data);
};

/* Connects and joins the group `group`.  NULL with *error if corosync is not
 * there (HAM_ERROR_CLOSED). */
ham_cluster *ham_cluster_join(const char *group,
			      const struct ham_cluster_callbacks *callbacks,
			      void *data, GError **error);

uint32_t ham_cluster_self(const ham_cluster *cluster);

/* AGREED order.  Queued under back-pressure; false if the queue is full (then
 * the message is dropped and counted), the connection lost, or the message
 * longer than ham_cluster_max_message().  `droppable` ones (progress) are
 * dropped first, the oldest before the others. */
bool ham_cluster_send(ham_cluster *cluster, const void *bytes, size_t len,
		      bool droppable);

unsigned int ham_cluster_queued(const ham_cluster *cluster);

/* Messages dropped so far because the queue was full. */
uint64_t ham_cluster_dropped(const ham_cluster *cluster);

/* Largest message, in bytes (cpg_max_atomic_msgsize_get(3)). */
size_t ham_cluster_max_message(const ham_cluster *cluster);

/* Leaves the group and closes; callbacks do not come any more.  What is still
 * queued is lost. */
void ham_cluster_free(ham_cluster *cluster);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_cluster, ham_cluster_free)

/* corosync's settings in force, from cmap (cmap_keys(7)): a flat table, key ->
 * value as text, of everything under nodelist., totem., quorum. and
 * runtime.config. except key material.  The table is the caller's. */
GHashTable *ham_cluster_settings(GError **error);

/* What corosync counts of its links (cmap_keys(7), stats.knet.), in the same
 * form.  Waits for corosync: for a worker thread. */
GHashTable *ham_cluster_link_stats(GError **error);

/* The name of a node in such a table, borrowed; NULL if there is none. */
const char *ham_cluster_node_name(GHashTable *settings, uint32_t id);

#endif
