/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_sample.h - what the kernel says of a node's health
 *
 * Reads files that may block (a hung disk, a slow sensor): for a worker thread,
 * never for the main loop.  Touches nothing else, and nothing of hamd's.
 */
#ifndef HAM_HEALTH_SAMPLE_H
#define HAM_HEALTH_SAMPLE_H

#include "hamd/health_rules.h"

struct ham_health_places {
	const char *root; /* "" in use; for tests a folder with /proc, /sys */
	char **bridges;	  /* that guests' ports are on */
	char **folders;	  /* where images are */
};

/* Fills in what `limits` asks for, as far as it can be read. */
void ham_health_read(const struct ham_health_places *places,
		     const struct ham_conf_health *limits,
		     struct ham_health_sample *sample);

/* The number of a link that reaches no other node while another one does, of
 * corosync's figures (ham_cluster_link_stats); -1: there is none. */
int ham_health_lost_link(GHashTable *stats, uint32_t self);

#endif
