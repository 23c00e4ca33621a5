/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/probe.c - does a storage daemon answer?
 *
 * A connection of our own to its NBD port, which must greet (the NBD protocol,
 * "Newstyle negotiation": the server speaks first).  QEMU is not asked to
 * connect where nothing answers: blockdev-add would wait in its main loop, and
 * with it the guest and all other commands.
 *
 * One question, one answer, never after ham_probe_free(); nothing blocks.
 */
#include "hamd/guest/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/fd.h"

static const char greeting[] = "NBDMAGIC";

struct ham_probe {
	int fd;
	guint source;
	guint limit;
	size_t got;
	ham_probe_fn on_answer;
	void *data;
};

static void
quiet(ham_probe *probe)
{
	g_clear_handle_id(&probe->source, g_source_remove);
	g_clear_handle_id(&probe->limit, g_source_remove);
	ham_clear_fd(&probe->fd);
}

static void
answer(ham_probe *probe, enum ham_probe_answer what)
{
	quiet(probe);
	probe->on_answer(what, probe->data);
}

static gboolean
limit_passed(gpointer data)
{
	ham_probe *probe = data;

	probe->limit = 0;
	answer(probe, HAM_PROBE_SILENT);
	return G_SOURCE_REMOVE;
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer data)
{
	ham_probe *probe = data;
	char bytes[sizeof(greeting) - 1];
	ssize_t n = recv(fd, bytes, sizeof(bytes) - probe->got, 0);

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0 || memcmp(bytes, greeting + probe->got, (size_t)n) != 0) {
		probe->source = 0;
		answer(probe, HAM_PROBE_REFUSED);
		return G_SOURCE_REMOVE;
	}
	probe->got += (size_t)n;
	if (probe->got < sizeof(bytes))
		return G_SOURCE_CONTINUE;
	probe->source = 0;
	answer(probe, HAM_PROBE_GREETED);
	return G_SOURCE_REMOVE;
}

static gboolean
connected(gint fd, GIOCondition condition, gpointer data)
{
	ham_probe *probe = data;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)condition;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error) {
		probe->source = 0;
		answer(probe, error == ECONNREFUSED || error == ECONNRESET
				      ? HAM_PROBE_REFUSED
				      : HAM_PROBE_SILENT);
		return G_SOURCE_REMOVE;
	}
	probe->source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
				      readable, probe);
	return G_SOURCE_REMOVE;
}

/* -1: not even begun, errno says why. */
static int
begin(const char *host, unsigned int port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)port)};
	bool is_v4 = inet_pton(AF_INET, host, &v4.sin_addr) == 1;
	ham_autofd int fd = -1;
	int rc;

	if (!is_v4 && inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
		return -1;
	fd = socket(is_v4 ? AF_INET : AF_INET6,
		    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -1;
	rc = is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
		   : connect(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (rc != 0 && errno != EINPROGRESS)
		return -1;
	return ham_steal_fd(&fd);
}

static gboolean
refused(gpointer data)
{
	ham_probe *probe = data;

	probe->limit = 0;
	/* the trouble is ours, or the network's: nothing was asked */
	answer(probe, HAM_PROBE_SILENT);
	return G_SOURCE_REMOVE;
}

ham_probe *
ham_probe_new(const char *host, unsigned int port, unsigned int limit_ms,
	      ham_probe_fn on_answer, void *data)
{
	ham_probe *probe = g_new0(ham_probe, 1);

	probe->on_answer = on_answer;
	probe->data = data;
	probe->fd = begin(host, port);
	if (probe->fd < 0) { /* told later, as every answer is */
		probe->limit = g_timeout_add(0, refused, probe);
		return probe;
	}
	probe->source = g_unix_fd_add(probe->fd, G_IO_OUT | G_IO_HUP | G_IO_ERR,
				      connected, probe);
	probe->limit = g_timeout_add(limit_ms, limit_passed, probe);
	return probe;
}

void
ham_probe_free(ham_probe *probe)
{
	if (!probe)
		return;
	quiet(probe);
	g_free(probe);
}
