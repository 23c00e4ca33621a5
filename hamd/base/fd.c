/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/fd.c - see fd.h */
#include "hamd/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "hamd/base/error.h"

void
ham_clear_fd(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}

static void
close_one(void *data, void *unused)
{
	(void)unused;
	close(GPOINTER_TO_INT(data) - 1);
}

void
ham_clear_fd_aside(int *fd)
{
	static GThreadPool *closers;

	if (g_once_init_enter(&closers)) {
		GThreadPool *pool =
			g_thread_pool_new(close_one, NULL, 1, FALSE, NULL);

		g_once_init_leave(&closers, pool);
	}
	/* 0 is no pointer that a pool takes */
	if (*fd >= 0)
		g_thread_pool_push(closers, GINT_TO_POINTER(*fd + 1), NULL);
	*fd = -1;
}

int
ham_steal_fd(int *fd)
{
	int given = *fd;

	*fd = -1;
	return given;
}

bool
ham_write_file(const char *path, const char *data, size_t len, GError **error)
{
	g_autofree char *temp = g_strconcat(path, ".new", NULL);
	ham_autofd int fd = -1;

	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return ham_error_errno(error, errno, "cannot write %s", temp);
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, data + done, len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ham_error_errno(error, errno, "cannot write %s",
					       temp);
		done += (size_t)n;
	}
	if (rename(temp, path) != 0)
		return ham_error_errno(error, errno, "cannot rename %s to %s",
				       temp, path);
	return true;
}
