/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/peer.c - see peer.h */
#include "hamd/io/peer.h"

#include <errno.h>
#include <grp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/error.h"

enum {
	GROUP_BYTES = 65536, /* a large group's members, as text */
};

bool
ham_peer_group(const char *name, gid_t *gid, GError **error)
{
	g_autofree char *buffer = NULL;
	struct group group, *found = NULL;
	int code;

	*gid = HAM_PEER_NO_GROUP;
	if (!name)
		return true;
	buffer = g_malloc(GROUP_BYTES);
	code = getgrnam_r(name, &group, buffer, GROUP_BYTES, &found);
	if (!found) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "group '%s': %s", name,
			    code ? g_strerror(code) : "there is no such group");
		return false;
	}
	*gid = found->gr_gid;
	return true;
}

/* The peer's supplementary groups; NULL with errno set on failure. */
static gid_t *
supplementary(int fd, size_t *n)
{
	socklen_t len = 64 * sizeof(gid_t);
	gid_t *groups = g_malloc(len);

	while (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0) {
		if (errno != ERANGE) {
			g_free(groups);
			return NULL;
		}
		/* len is what it takes now */
		groups = g_realloc(groups, len);
	}
	*n = len / sizeof(gid_t);
	return groups;
}

static bool
is_member(gid_t group, gid_t primary, const gid_t *groups, size_t n)
{
	if (group == HAM_PEER_NO_GROUP)
		return false;
	if (group == primary)
		return true;
	for (size_t i = 0; i < n; i++)
		if (groups[i] == group)
			return true;
	return false;
}

bool
ham_peer_identify(int fd, gid_t readers, gid_t writers, struct ham_peer *peer,
		  GError **error)
{
	struct ucred cred;
	socklen_t len = sizeof(cred);
	g_autofree gid_t *groups = NULL;
	size_t n = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0)
		return ham_error_errno(error, errno, "SO_PEERCRED");
	groups = supplementary(fd, &n);
	if (!groups)
		return ham_error_errno(error, errno, "SO_PEERGROUPS");
	peer->uid = cred.uid;
	peer->pid = cred.pid;
	if (cred.uid == 0 || cred.uid == geteuid() ||
	    is_member(writers, cred.gid, groups, n))
		peer->access = HAM_PEER_WRITE;
	else if (is_member(readers, cred.gid, groups, n))
		peer->access = HAM_PEER_READ;
	else
		peer->access = HAM_PEER_NONE;
	return true;
}
