/* SPDX-License-Identifier: BSD-3-Clause */
/* config/build.h - from scanned sections to the configuration
 *
 * Three steps in this order, each of which appends what it finds wrong to
 * the document's problems and goes on: build (types, ranges, what is
 * missing), relate (values that must fit together), unique (values that may
 * stand only once).
 */
#ifndef HAM_CONF_BUILD_H
#define HAM_CONF_BUILD_H

#include "config/conf.h"
#include "config/scan.h"

/* Fills *conf, which is empty but for its arrays. */
void ham_conf_build(ham_doc *doc, ham_conf *conf);

void ham_conf_relate(ham_doc *doc, const ham_conf *conf);
void ham_conf_unique(ham_doc *doc);

/* Of relate's, for a guest: where it is to be.  nodes, guests: name -> section.
 */
void ham_conf_relate_placing(ham_doc *doc, const struct ham_section *section,
			     GHashTable *nodes, GHashTable *guests);

/* Of relate's, for all sections: bridges, uplinks and what ports ask of them.
 */
void ham_conf_relate_network(ham_doc *doc, const ham_conf *conf,
			     GHashTable *nodes);

/* Frees what a section of that kind becomes (not [cluster]). */
GDestroyNotify ham_conf_free_fn(enum ham_section_kind kind);

/* A file's text, with or without problems: the configuration as far as it
 * was understood, never NULL. */
ham_conf *ham_conf_understand(const char *path, const char *text, size_t len,
			      GPtrArray *problems);

#endif
