/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_arp.h - does an address answer by a bridge?
 *
 * Waits for the answer: for a worker thread, never for the main loop.
 */
#ifndef HAM_HEALTH_ARP_H
#define HAM_HEALTH_ARP_H

#include <glib.h>
#include <stdbool.h>

/* Asks three times within a second.  False: nobody answered, or with *error it
 * could not be asked: a kernel that refuses is no dead router. */
bool ham_health_answers(const char *bridge, const char *target, GError **error);

#endif
