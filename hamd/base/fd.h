/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/fd.h - file descriptors that close themselves
 *
 *	ham_autofd int fd = open(...);
 *	...
 *	return ham_steal_fd(&fd);
 */
#ifndef HAM_FD_H
#define HAM_FD_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Closes *fd unless it is -1, and sets it to -1. */
void ham_clear_fd(int *fd);

/* The same by a thread of its own, for what the kernel takes milliseconds to
 * close: a packet socket waits for all processors to have let go of it
 * (synchronize_net in the kernel's packet_release).  The number may be in use
 * for as long. */
void ham_clear_fd_aside(int *fd);

/* Gives *fd away: returns it and leaves -1 behind. */
int ham_steal_fd(int *fd);

/* Replaces a small file whole: writes `len` bytes to a temporary
 * file beside `path` (mode 0600) and renames it over `path`.  Not synced:
 * meant for run-time state that dies with the node.  False with *error set. */
bool ham_write_file(const char *path, const char *data, size_t len,
		    GError **error);

#define ham_autofd __attribute__((cleanup(ham_clear_fd)))

#endif
