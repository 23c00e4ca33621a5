/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/leave.c - hamd is stopped, and the guests here go on without it
 *
 *	a signal -> the cluster records that this node rests (core/disarm.c)
 *	-> the watchdog is closed -> hamd ends
 *
 * Where that can't be decided, or not within LEAVE_MS, or the watchdog can't be
 * closed, hamd ends with a warning: then the lease binds, and an armed watchdog
 * resets the node unless a hamd is back before that is over.  But where no guest
 * runs, nor may, nobody counts on this node's end: hamd leaves the group, so that
 * none can come, and the watchdog is closed without a word.
 */
#include "hamd/daemon.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

enum {
	LEAVE_MS = 5000,
	/* for the core's word that it rests not */
	REFUSED_MS = 500,
	/* for an upgrade of corosync as well */
	REST_S = 300,
};

static void
warn(const ham_daemon *daemon, const char *why_not)
{
	if (ham_core_lease_us(daemon->core) == 0)
		ham_warn("this node is not disarmed (%s): once it leaves the "
			 "cluster it may be fenced at once",
			 why_not);
	else
		ham_warn("this node is not disarmed (%s): if its watchdog is "
			 "armed, guests here end and the machine is reset, "
			 "unless a hamd is back before the lease is over",
			 why_not);
}

static void
end(ham_daemon *daemon, const char *why_not)
{
	g_clear_handle_id(&daemon->leaving, g_source_remove);
	if (why_not)
		warn(daemon, why_not);
	ham_daemon_stop(daemon, 0, "a signal asked for it");
}

static gboolean
is_said(gpointer data)
{
	ham_daemon *daemon = data;

	daemon->leaving = 0;
	end(daemon, NULL);
	return G_SOURCE_REMOVE;
}

static gboolean
is_late(gpointer data)
{
	ham_daemon *daemon = data;

	daemon->leaving = 0;
	end(daemon, daemon->parted ? "hamwd did not answer in time"
				   : "the cluster did not answer in time");
	return G_SOURCE_REMOVE;
}

void
ham_daemon_leave(ham_daemon *daemon)
{
	struct ham_event rest = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_REST,
				 .value = REST_S};
	const char *self =
		ham_core_node_name(daemon->core, ham_core_self(daemon->core));
	bool armed = ham_daemon_watchdog_armed(daemon, self);
	bool idle = !ham_guests_any(daemon->guests) &&
		    !ham_core_may_run(daemon->core);
	struct ham_core_view view;

	if (daemon->leaving) {
		end(daemon, "a second signal came");
		return;
	}
	ham_core_get_view(daemon->core, &view);
	if (idle && !armed) {
		end(daemon, NULL);
	} else if (idle && !view.active) {
		daemon->leaving = g_timeout_add(LEAVE_MS, is_late, daemon);
		ham_daemon_part(daemon);
		ham_daemon_watchdog_disarm(daemon, true);
	} else if (!view.active) {
		end(daemon, ham_core_is_leaseless(daemon->core)
				    ? NULL
				    : "no decisions are possible");
	} else {
		daemon->leaving = g_timeout_add(LEAVE_MS, is_late, daemon);
		ham_daemon_post(daemon, &rest);
	}
}

void
ham_daemon_disarmed(ham_daemon *daemon, const char *why_not)
{
	if (!daemon->leaving)
		return;
	if (!why_not) {
		end(daemon, NULL);
		return;
	}
	/* the core has still to say that the lease binds */
	warn(daemon, why_not);
	g_source_remove(daemon->leaving);
	daemon->leaving = g_timeout_add(REFUSED_MS, is_said, daemon);
}
