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
	/* of each bridge an address that must answer by it, or ""; NULL: of
	 * none.  `answers` may take a second; with *error it could not ask. */
	char **targets;
	bool (*answers)(const char *bridge, const char *target, GError **error);
};

/* Fills in what `limits` asks for, as far as it can be read; sample->unknown
 * says of each of the others why not. */
void ham_health_read(const struct ham_health_places *places,
		     const struct ham_conf_health *limits,
		     struct ham_health_sample *sample);

/* Fills in the link that reaches no other node while another one does, of
 * corosync's figures (ham_cluster_link_stats); NULL: there are none, `why`. */
void ham_health_read_links(GHashTable *stats, const char *why, uint32_t self,
			   struct ham_health_sample *sample);

#endif
