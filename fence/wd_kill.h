/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_kill.h - ends all processes of a control group, frozen ones too
 *
 * Version 2 has a file for it; in a freezer of version 1 each process is killed
 * and then thawed, for a frozen one dies only then.  Allocates nothing: it is
 * called when memory may be short, and right before a reset.
 */
#ifndef HAM_WD_KILL_H
#define HAM_WD_KILL_H

#include <stdbool.h>

/* The folder of a control group.  Of version 2 all that is below it ends; of
 * version 1 what is in it and in the groups right in it.  True when nothing
 * was found alive, so it is called until then.  A group that does not exist is
 * empty. */
bool ham_wd_kill(const char *folder);

#endif
