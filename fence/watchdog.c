/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/watchdog.c - hamd's end of hamwd's socket, see fence.h
 *
 * A packet is sent at once or not at all: a deadline that waits here is worth
 * nothing, and a later one follows.
 *
 * Refuses to decide on deadlines, and to remember orders for a hamwd that is
 * not there.
 */
#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fence/fence.h"
#include "fence/hamwd_wire.h"
#include "hamd/base/fd.h"

enum {
	AGAIN_MS = 500
};

struct ham_watchdog {
	char *path;
	int fd;	      /* -1: not connected */
	guint source; /* of fd */
	guint retry;  /* timer of the next attempt */
	bool told_lost;
	ham_watchdog_state_fn on_state;
	ham_watchdog_lost_fn on_lost;
	void *data;
};

static gboolean try_connect(gpointer data);

static void
lose(ham_watchdog *watchdog, const char *why)
{
	bool told = watchdog->told_lost;

	g_clear_handle_id(&watchdog->source, g_source_remove);
	ham_clear_fd(&watchdog->fd);
	if (watchdog->retry == 0)
		watchdog->retry =
			g_timeout_add(AGAIN_MS, try_connect, watchdog);
	watchdog->told_lost = true;
	if (!told)
		watchdog->on_lost(why, watchdog->data);
}

static void
tell_state(ham_watchdog *watchdog, struct ham_wd_state *said)
{
	struct ham_watchdog_state state = {
		.armed = said->flags & HAM_WD_IS_ARMED,
		.nowayout = said->flags & HAM_WD_NOWAYOUT,
		.softdog = said->flags & HAM_WD_SOFTDOG,
		.was_reset = said->flags & HAM_WD_WAS_RESET,
		.lapses = said->lapses,
		.timeout_us = said->timeout_us,
		.deadline_us = said->deadline_us,
		.identity = said->identity,
		.error = said->error,
	};

	said->identity[sizeof(said->identity) - 1] = '\0';
	said->error[sizeof(said->error) - 1] = '\0';
	watchdog->on_state(&state, watchdog->data);
}

static gboolean
on_readable(gint fd, GIOCondition condition, gpointer data)
{
	ham_watchdog *watchdog = data;
	struct ham_wd_state said;
	ssize_t got = recv(fd, &said, sizeof(said), MSG_DONTWAIT | MSG_TRUNC);

	(void)condition;
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (got == sizeof(said) && said.magic == HAM_WD_MAGIC &&
	    said.version == HAM_WD_VERSION) {
		tell_state(watchdog, &said);
		return G_SOURCE_CONTINUE;
	}
	/* this source ends by what is returned */
	watchdog->source = 0;
	lose(watchdog, got < 0	 ? strerror(errno)
		       : got > 0 ? "hamwd is of another version than hamd"
				 : "hamwd has closed the connection");
	return G_SOURCE_REMOVE;
}

static bool
send_order(ham_watchdog *watchdog, enum ham_wd_kind kind, int64_t us)
{
	struct ham_wd_ask ask = {.magic = HAM_WD_MAGIC,
				 .version = HAM_WD_VERSION,
				 .kind = (uint16_t)kind,
				 .us = us};

	/* one that broke is seen by the source, too, which tells of it */
	return watchdog->fd >= 0 &&
	       send(watchdog->fd, &ask, sizeof(ask),
		    MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)sizeof(ask);
}

static gboolean
try_connect(gpointer data)
{
	ham_watchdog *watchdog = data;
	struct sockaddr_un at = {.sun_family = AF_UNIX};

	watchdog->retry = 0;
	if (g_strlcpy(at.sun_path, watchdog->path, sizeof(at.sun_path)) >=
	    sizeof(at.sun_path)) {
		lose(watchdog, "the path of its socket is too long");
		return G_SOURCE_REMOVE;
	}
	watchdog->fd = socket(AF_UNIX,
			      SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (watchdog->fd < 0 ||
	    connect(watchdog->fd, (struct sockaddr *)&at, sizeof(at)) != 0) {
		g_autofree char *why =
			g_strdup_printf("hamwd is not reached at %s: %s",
					watchdog->path, strerror(errno));

		lose(watchdog, why);
		return G_SOURCE_REMOVE;
	}
	watchdog->source =
		g_unix_fd_add(watchdog->fd, G_IO_IN, on_readable, watchdog);
	watchdog->told_lost = false;
	(void)send_order(watchdog, HAM_WD_HELLO, 0);
	return G_SOURCE_REMOVE;
}

ham_watchdog *
ham_watchdog_new(const char *path, ham_watchdog_state_fn on_state,
		 ham_watchdog_lost_fn on_lost, void *data)
{
	ham_watchdog *watchdog = g_new0(ham_watchdog, 1);

	watchdog->path = g_strdup(path);
	watchdog->fd = -1;
	watchdog->on_state = on_state;
	watchdog->on_lost = on_lost;
	watchdog->data = data;
	watchdog->retry = g_timeout_add(0, try_connect, watchdog);
	return watchdog;
}

void
ham_watchdog_free(ham_watchdog *watchdog)
{
	if (!watchdog)
		return;
	g_clear_handle_id(&watchdog->source, g_source_remove);
	g_clear_handle_id(&watchdog->retry, g_source_remove);
	ham_clear_fd(&watchdog->fd);
	g_free(watchdog->path);
	g_free(watchdog);
}

bool
ham_watchdog_arm(ham_watchdog *watchdog, int64_t timeout_us)
{
	return send_order(watchdog, HAM_WD_ARM, timeout_us);
}

bool
ham_watchdog_deadline(ham_watchdog *watchdog, int64_t boottime_us)
{
	return send_order(watchdog, HAM_WD_DEADLINE, boottime_us);
}

bool
ham_watchdog_disarm(ham_watchdog *watchdog)
{
	return send_order(watchdog, HAM_WD_DISARM, 0);
}
