/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/io_client.h - a plain client of the admin socket, for tests
 *
 * Works in one thread with the server it talks to: waiting for a line runs
 * the main loop.
 */
#ifndef HAM_IO_CLIENT_H
#define HAM_IO_CLIENT_H

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/io_wait.h"

/* -1 if nobody lets it in. */
static inline int
io_connect(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static inline void
io_say(int fd, const char *text)
{
	ck_assert_int_eq(send(fd, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

/* One byte at a time, so that nothing of the next line is taken. */
static inline bool
io_read_more(int fd, GString *line)
{
	char c;

	while (recv(fd, &c, 1, MSG_DONTWAIT) == 1) {
		if (c == '\n')
			return true;
		g_string_append_c(line, c);
	}
	return false;
}

static inline char *
io_line(int fd)
{
	GString *line = g_string_new(NULL);

	WAIT_FOR(io_read_more(fd, line));
	return g_string_free(line, FALSE);
}

/* Reads what there is; true once the other side has closed. */
static inline bool
io_at_end(int fd)
{
	char buffer[4096];
	ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

	return n == 0 || (n < 0 && errno != EAGAIN);
}

#define EXPECT(fd, text)                                                       \
	do {                                                                   \
		g_autofree char *io_expected = io_line(fd);                    \
                                                                               \
		ck_assert_str_eq(io_expected, text);                           \
	} while (0)

#define EXPECT_PART(fd, text)                                                  \
	do {                                                                   \
		g_autofree char *io_expected = io_line(fd);                    \
                                                                               \
		ck_assert_msg(strstr(io_expected, text) != NULL, "%s",         \
			      io_expected);                                    \
	} while (0)

#endif
