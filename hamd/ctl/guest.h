/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/guest.h - guests as text, for status and the guest commands
 *
 * Input is hamd's GUEST object (doc/protocol.md); whatever it lacks is shown
 * as "-" or left out.
 */
#ifndef HAM_CTL_GUEST_H
#define HAM_CTL_GUEST_H

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "hamd/ctl/table.h"

enum ham_ctl_style ham_ctl_guest_style(JsonObject *guest);

/* "1/1", "0/1 n3 syncing", "-": current of wanted, then those not current. */
char *ham_ctl_guest_replicas(JsonObject *guest);

/* "-> n2 43%", "wanted running" or "". */
char *ham_ctl_guest_note(JsonObject *guest);

/* "web1 n1 -> n2: copy 43%, ETA 8-15 s, pause 30-60 ms": of one that is being
 * migrated, else NULL.  The caller frees it, and cleans it of what a terminal
 * must not get. */
char *ham_ctl_guest_moves(JsonObject *guest);

/* Why it is not as wanted, what it waits for, what to do: one line, NULL if it
 * is as wanted.  `status` is the whole answer to "status". */
char *ham_ctl_guest_explain(JsonObject *guest, JsonObject *status);

#endif
