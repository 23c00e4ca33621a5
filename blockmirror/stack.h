/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/stack.h - the one node that QEMU and daemon share */
#ifndef HAM_BM_STACK_H
#define HAM_BM_STACK_H

#include <json-glib/json-glib.h>

#include "blockmirror/blockmirror.h"

enum {
	HAM_BM_GRANULARITY = 65536, /* bytes, of bitmaps */
};

/* dN-LETTER, the file or device itself: each driver refuses what the other is
 * for. */
JsonObject *ham_bm_protocol_node(const struct ham_bm_disk *disk, char letter);
#endif
