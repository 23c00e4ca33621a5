/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/cgroup.h - a control group for each guest: stand still, go on
 *
 * /sys/fs/cgroup of version 2 (also where it is mounted beside version 1), else
 * the freezer of version 1 (Linux: Documentation/admin-guide/cgroup-v2.rst, and
 * cgroup-v1/freezer-subsystem.rst).  A frozen process runs no instruction; it
 * can be killed, in version 1 once it is thawed.  Every call is a write to a
 * file in memory, and waits for nothing.
 */
#ifndef HAM_CGROUP_H
#define HAM_CGROUP_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Below the hierarchy's root; also what hamwd(8) is told to kill. */
#define HAM_CGROUP_FOLDER "hamd"

typedef struct ham_cgroups ham_cgroups;

/* Finds the hierarchy below `root` ("/sys/fs/cgroup") and makes the folder of
 * all guests in it.  NULL with *error: there is none that can be written to. */
ham_cgroups *ham_cgroups_new(const char *root, GError **error);
void ham_cgroups_free(ham_cgroups *cgroups);

/* The folder of all guests. */
const char *ham_cgroups_path(const ham_cgroups *cgroups);

/* Makes the guest's group, thawed if it was there, and opens the file that a
 * process joins it by (ham_child_spec.cgroup_fd); the caller's.  -1 with
 * *error. */
int ham_cgroups_open(ham_cgroups *cgroups, const char *guest, GError **error);
/* Takes a running process in. */
bool ham_cgroups_adopt(ham_cgroups *cgroups, const char *guest, pid_t pid,
		       GError **error);
/* False with *error: it may run on. */
bool ham_cgroups_freeze(ham_cgroups *cgroups, const char *guest, bool freeze,
			GError **error);
/* Once its processes are reaped; one that is still used stays. */
void ham_cgroups_remove(ham_cgroups *cgroups, const char *guest);

#endif
