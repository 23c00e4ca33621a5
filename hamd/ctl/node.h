/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/node.h - a node's object as hamd sends it, in words */
#ifndef HAM_CTL_NODE_H
#define HAM_CTL_NODE_H

#include <json-glib/json-glib.h>

#include "hamd/ctl/table.h"

/* "online", "offline", "joining", or what sets it apart: "drained, unhealthy".
 * The caller frees it; *style is how it looks in a table. */
char *ham_ctl_node_state(JsonObject *node, enum ham_ctl_style *style);

/* The answer of node-plan, a line for each guest, on standard output. */
void ham_ctl_node_print_plan(const char *node, JsonObject *plan);

#endif
