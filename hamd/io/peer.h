/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/peer.h - who is at the other end of a UNIX socket, and what it may
 *
 * By the kernel's word alone: SO_PEERCRED and SO_PEERGROUPS say what the
 * process was when it connected.  No user database is asked then, since that
 * could wait for a network.
 */
#ifndef HAM_PEER_H
#define HAM_PEER_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#define HAM_PEER_NO_GROUP ((gid_t)-1)

enum ham_peer_access {
	HAM_PEER_NONE,
	HAM_PEER_READ,
	HAM_PEER_WRITE, /* includes reading */
};

struct ham_peer {
	uid_t uid;
	pid_t pid;
	enum ham_peer_access access;
};

/* *gid of the group called `name`; HAM_PEER_NO_GROUP for NULL.  False with
 * *error if there is none.  May wait; for use at start. */
bool ham_peer_group(const char *name, gid_t *gid, GError **error);

/* uid 0, hamd's own user and members of `writers` may write, members of
 * `readers` may read. */
bool ham_peer_identify(int fd, gid_t readers, gid_t writers,
		       struct ham_peer *peer, GError **error);

#endif
