/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/status.h - the quorum as text
 *
 * Input is hamd's STATUS object (doc/protocol.md).  The caller frees the text,
 * and cleans it of what a terminal must not get.
 */
#ifndef HAM_CTL_STATUS_H
#define HAM_CTL_STATUS_H

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* Decisions are possible. */
bool ham_ctl_quorum_works(JsonObject *status);

/* "cluster lab: 3 of 3 nodes, quorate, leader n1, ring 1.48" */
char *ham_ctl_quorum_text(JsonObject *status);

/* What that keeps from being done, and what is waited for; NULL: nothing. */
char *ham_ctl_quorum_trouble(JsonObject *status);

#endif
