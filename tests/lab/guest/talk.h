/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/guest/talk.h - says something on the network all the time
 *
 * A numbered broadcast each `every_ms`, so that whoever watches the ports of a
 * guest that moves sees by which it speaks, and when (tests/lab/portwatch.py).
 */
#ifndef TALK_H
#define TALK_H

#include <stdbool.h>
#include <stdint.h>

/* By eth0, for the rest of this boot: "talk NUMBER BOOT" to the port that is
 * called discard (9).  Until eth0 has an address nothing leaves, and nothing is
 * numbered.  False: there is no thread for it. */
bool talk_begin(unsigned int every_ms, uint32_t boot_id);

#endif
