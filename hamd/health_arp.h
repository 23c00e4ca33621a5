/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_arp.h - does an address answer by a bridge?
 *
 * Waits for the answer: for a worker thread, never for the main loop.
 */
#ifndef HAM_HEALTH_ARP_H
#define HAM_HEALTH_ARP_H

#include <stdbool.h>

/* Asks three times within a second.  What can't be asked is as if it answered:
 * a kernel that refuses is no dead router. */
bool ham_health_answers(const char *bridge, const char *target);

#endif
