/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/watchdog.c - this node's watchdog, by hamwd(8): armed, fed by the lease
 *
 * A node whose cluster file gives it a watchdog has it armed before it says so
 * to anybody, and hamwd is told each new end of the lease.  A node on which no
 * guest runs, nor may, is fed without a lease as well: there is nothing on it
 * that would have to end, and a reset helps nobody.  By the core's order it is
 * closed for a while, and armed again.
 *
 * Refuses to arm one inside a virtual machine: when that is suspended so is its
 * watchdog, and others would count on a reset that does not come.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"
#include "hamd/fencing.h"

#define HAM_LOG_TAG "watchdog"
#include "hamd/base/log.h"

#define SOCKET "/run/hamd/hamwd.sock"

enum {
	START_US = 2 * 1000000, /* how long hamd's start waits for hamwd */
};

struct ham_daemon_watchdog {
	ham_watchdog *hamwd; /* NULL: it is not to be armed, `why` */
	bool heard;	     /* an answer, or that it is not reached */
	bool lost;	     /* the latter, when it was heard of last */
	bool wanted;	     /* it is to be armed; else only fed, if it is */
	bool ready;	     /* hamd has started: it may be armed */
	bool asked;	     /* to arm it, since it was last reached */
	bool held;	     /* it is not to be armed for now */
	bool closing;	     /* it was asked to be closed, */
	bool reopens;	     /* and, since, to be armed again */
	bool answer_due;     /* the core waits for what became of its order */
	bool armed;
	bool softdog;
	int64_t timeout_us;	/* in force; 0: not armed */
	int64_t deadline_us;	/* that it held when it was last heard of */
	char why[HAM_TEXT_MAX]; /* it is not armed; "": it is */
};

static bool
is_wanted(const ham_daemon *daemon, const char *node)
{
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		const struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);

		if (!ham_fence_is_power(d) && strcmp(d->node, node) == 0)
			return true;
	}
	return false;
}

/* The CPUs' flag "hypervisor" (Intel SDM, CPUID.01H:ECX.31: always 0 on a real
 * one). */
static bool
is_virtual(void)
{
	g_autofree char *text = NULL;

	return g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL) &&
	       strstr(text, " hypervisor") != NULL;
}

static void
tell_core(ham_daemon *daemon)
{
	struct ham_event event = {
		.kind = HAM_EV_WATCHDOG,
		/* one that is only fed is nothing that others may count on */
		.value = daemon->watchdog->wanted
				 ? (uint64_t)daemon->watchdog->timeout_us
				 : 0};

	if (daemon->core)
		ham_daemon_post(daemon, &event);
}

static void
closed(ham_daemon *daemon, const char *why_not)
{
	struct ham_daemon_watchdog *w = daemon->watchdog;
	struct ham_event event = {.kind = HAM_EV_WATCHDOG,
				  .value = w->wanted ? (uint64_t)w->timeout_us
						     : 0,
				  .flag = why_not != NULL,
				  .text = why_not};

	w->closing = false;
	if (w->reopens) {
		/* the order to close it is outlived, and so is its answer */
		ham_daemon_watchdog_disarm(daemon, false);
		return;
	}
	w->held = why_not == NULL;
	if (why_not) {
		ham_err("not disarmed: %s", why_not);
	} else {
		ham_notice("disarmed");
		g_strlcpy(w->why, "this node is disarmed", sizeof(w->why));
	}
	ham_daemon_post(daemon, &event);
	ham_daemon_disarmed(daemon, why_not);
}

void
ham_daemon_watchdog_disarm(ham_daemon *daemon, bool disarm)
{
	struct ham_daemon_watchdog *w = daemon->watchdog;

	w->held = disarm;
	w->reopens = w->closing && !disarm;
	/* what is being closed is not armed, whatever was heard last */
	if (w->reopens)
		return;
	if (disarm && w->armed) {
		w->closing = ham_watchdog_disarm(w->hamwd);
		if (!w->closing)
			closed(daemon, "hamwd is not reached");
	} else if (disarm && w->wanted && w->lost) {
		/* whatever it was told before holds, for all we know */
		closed(daemon, "hamwd is not reached");
	} else if (disarm) {
		closed(daemon, NULL);
	} else if (w->wanted && !w->armed && w->heard) {
		w->answer_due = w->asked =
			ham_watchdog_arm(w->hamwd, daemon->conf->watchdog_us);
		if (!w->asked)
			tell_core(daemon);
	} else {
		tell_core(daemon);
	}
}

static void
on_state(const struct ham_watchdog_state *state, void *data)
{
	ham_daemon *daemon = data;
	struct ham_daemon_watchdog *w = daemon->watchdog;
	int64_t timeout_us = state->armed ? state->timeout_us : 0;
	bool changed = w->timeout_us != timeout_us;

	if (!state->armed && w->wanted && w->ready && !w->asked && !w->held &&
	    !w->closing) {
		w->asked =
			ham_watchdog_arm(w->hamwd, daemon->conf->watchdog_us);
		return; /* its answer is what counts */
	}
	w->heard = true;
	w->lost = false;
	w->armed = state->armed;
	w->softdog = state->softdog;
	w->timeout_us = timeout_us;
	w->deadline_us = state->deadline_us;
	if (w->wanted)
		g_strlcpy(w->why, state->armed ? "" : state->error,
			  sizeof(w->why));
	if (w->closing && (!state->armed || state->error[0])) {
		closed(daemon, state->armed ? state->error : NULL);
		return;
	}
	if (!changed && !w->answer_due)
		return;
	w->answer_due = false;
	if (state->armed)
		ham_notice("armed: %s, %" G_GINT64_FORMAT " ms%s",
			   state->identity, timeout_us / 1000,
			   state->softdog ? ", no hardware" : "");
	else
		ham_err("not armed: %s", w->why);
	tell_core(daemon);
}

static void
on_lost(const char *why, void *data)
{
	ham_daemon *daemon = data;
	struct ham_daemon_watchdog *w = daemon->watchdog;
	bool changed = w->armed || w->answer_due;

	w->answer_due = false;
	w->lost = true;
	w->heard = true;
	w->armed = w->asked = false;
	w->timeout_us = 0;
	if (w->wanted) {
		g_snprintf(w->why, sizeof(w->why), "hamwd is not reached: %s",
			   why);
		ham_err("%s", w->why);
	}
	if (w->closing)
		closed(daemon, "hamwd is not reached");
	else if (changed)
		tell_core(daemon);
}

void
ham_daemon_watchdog_start(ham_daemon *daemon, const char *node,
			  struct ham_core_config *config)
{
	struct ham_daemon_watchdog *w = g_new0(struct ham_daemon_watchdog, 1);
	int64_t until_us = ham_clock_us() + START_US;

	daemon->watchdog = w;
	w->wanted = is_wanted(daemon, node);
	if (!w->wanted) {
		g_strlcpy(w->why, "none in the cluster file", sizeof(w->why));
	} else if (is_virtual() && !g_getenv("HAMD_WATCHDOG_ANYWHERE")) {
		w->wanted = false;
		g_strlcpy(w->why,
			  "this is a virtual machine, whose watchdog stands "
			  "still when it does",
			  sizeof(w->why));
		ham_err("not armed: %s", w->why);
	}
	/* one that an earlier life has armed is fed, whatever the file says now
	 */
	w->hamwd = ham_watchdog_new(SOCKET, on_state, on_lost, daemon);
	/* no loop runs yet; a wakeup for the deadline comes from the client's
	 * own timer, which tries to connect */
	while (!w->heard && ham_clock_us() < until_us)
		g_main_context_iteration(NULL, TRUE);
	if (!w->armed)
		return;
	config->watchdog_us = w->wanted ? w->timeout_us : 0;
	/* what an earlier life was granted; it may be over */
	config->lease_until_us = MIN(config->lease_until_us, w->deadline_us);
}

void
ham_daemon_watchdog_ready(ham_daemon *daemon)
{
	struct ham_daemon_watchdog *w = daemon->watchdog;

	w->ready = true;
	w->held = ham_core_is_leaseless(daemon->core);
	if (w->held)
		g_strlcpy(w->why, "this node is disarmed", sizeof(w->why));
	if (!w->held && w->wanted && w->heard && !w->armed && !w->asked)
		w->asked =
			ham_watchdog_arm(w->hamwd, daemon->conf->watchdog_us);
}

void
ham_daemon_watchdog_lease(ham_daemon *daemon, int64_t until_us)
{
	struct ham_daemon_watchdog *w = daemon->watchdog;

	if (w->armed)
		ham_watchdog_deadline(w->hamwd, until_us);
}

void
ham_daemon_watchdog_tick(ham_daemon *daemon)
{
	struct ham_daemon_watchdog *w = daemon->watchdog;
	bool idle = !ham_core_may_run(daemon->core) &&
		    !ham_guests_any(daemon->guests);

	/* No farther than one timeout: what is launched right after that, under
	 * a lease of before, must end before others may count on it.  Without
	 * leases nobody counts on anything. */
	if (w->armed && (idle || ham_core_lease_us(daemon->core) == 0))
		ham_watchdog_deadline(w->hamwd, ham_clock_us() + w->timeout_us);
}

bool
ham_daemon_watchdog_armed(const ham_daemon *daemon, const char *node)
{
	uint32_t id = ham_daemon_node_id(daemon, node);

	return id == ham_core_self(daemon->core)
		       ? daemon->watchdog && daemon->watchdog->wanted &&
				 daemon->watchdog->armed
		       : ham_core_is_armed(daemon->core, id);
}

void
ham_daemon_watchdog_problems(ham_daemon *daemon, JsonArray *list)
{
	const struct ham_daemon_watchdog *w = daemon->watchdog;

	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		const struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		uint32_t id = ham_daemon_node_id(daemon, d->node);
		bool ours = id == ham_core_self(daemon->core);
		bool armed = ham_daemon_watchdog_armed(daemon, d->node);
		g_autofree char *text = NULL;

		if (ham_fence_is_power(d) || !ham_daemon_is_up(daemon, d->node))
			continue;
		if (ours && !armed)
			text = g_strdup_printf("the watchdog of %s is not "
					       "armed, and proves nothing: %s",
					       d->node, w->why);
		else if (!armed)
			text = g_strdup_printf("the watchdog of %s is not "
					       "armed, and proves nothing: see "
					       "hamctl status there",
					       d->node);
		else if (ours && w->softdog)
			text = g_strdup_printf(
				"the watchdog of %s is a timer of its kernel, "
				"and resets no machine whose kernel hangs",
				d->node);
		if (text)
			json_array_add_string_element(list, text);
	}
}

void
ham_daemon_watchdog_stop(ham_daemon *daemon)
{
	if (!daemon->watchdog)
		return;
	ham_watchdog_free(daemon->watchdog->hamwd);
	g_clear_pointer(&daemon->watchdog, g_free);
}
