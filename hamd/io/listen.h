/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/listen.h - a listening UNIX socket at a path
 *
 * A socket that a dead process left behind is replaced; one that somebody
 * listens on, or anything that is no socket, is refused.
 */
#ifndef HAM_LISTEN_H
#define HAM_LISTEN_H

#include <glib.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

/* False with *error set if the path does not fit sun_path. */
bool ham_listen_address(const char *path, struct sockaddr_un *address,
			GError **error);

/* The socket's file gets exactly `mode` and, unless gid is (gid_t)-1, the
 * group; it never has more than that, not even for a moment.  The descriptor
 * is close-on-exec.  -1 with *error set. */
int ham_listen_unix(const char *path, mode_t mode, gid_t gid, GError **error);

#endif
