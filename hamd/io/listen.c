/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/listen.c - see listen.h */
#include "hamd/io/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

enum {
	BACKLOG = 64,
};

bool
ham_listen_address(const char *path, struct sockaddr_un *address,
		   GError **error)
{
	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(address->sun_path))
		return ham_error_errno(error, ENAMETOOLONG, "socket %s", path);
	memcpy(address->sun_path, path, strlen(path));
	return true;
}

/* Makes room at the path.  Only a refused connection proves that nobody
 * listens; a full backlog (EAGAIN) proves the opposite. */
static bool
clear_stale(const char *path, const struct sockaddr_un *address, GError **error)
{
	ham_autofd int fd = -1;
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		       ham_error_errno(error, errno, "socket %s", path);
	if (!S_ISSOCK(st.st_mode))
		return ham_error_errno(error, EEXIST,
				       "%s is there and is no socket", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return ham_error_errno(error, errno, "socket");
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) ==
		    0 ||
	    errno != ECONNREFUSED)
		return ham_error_errno(error, EADDRINUSE,
				       "another process listens at %s", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return ham_error_errno(error, errno,
				       "cannot remove the stale socket %s",
				       path);
	return true;
}

int
ham_listen_unix(const char *path, mode_t mode, gid_t gid, GError **error)
{
	ham_autofd int fd = -1;
	struct sockaddr_un address;

	if (!ham_listen_address(path, &address, error) ||
	    !clear_stale(path, &address, error))
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		ham_error_errno(error, errno, "socket");
		return -1;
	}
	/* bind() gives the file the mode of the descriptor (Linux), so the
	 * file is the owner's alone until it has the right group */
	if (fchmod(fd, 0600) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		ham_error_errno(error, errno, "cannot bind %s", path);
		return -1;
	}
	if ((gid != (gid_t)-1 && lchown(path, (uid_t)-1, gid) != 0) ||
	    chmod(path, mode) != 0 || listen(fd, BACKLOG) != 0) {
		ham_error_errno(error, errno, "cannot listen at %s", path);
		unlink(path);
		return -1;
	}
	return ham_steal_fd(&fd);
}
