/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/watchdog/feeder.c - feeds hamwd by hamd's own client, step by step
 *
 *	feeder SOCKET STEP...
 *
 *	arm=MS           and the answer is waited for, as with disarm
 *	feed=LEASE,FOR   each LEASE / 10 ms a deadline LEASE ms away, FOR ms
 *	                 long
 *	rest=MS          nothing is sent
 *	disarm
 *
 * Each step is printed as it begins, each answer that is waited for in one
 * line; exit 1 if that is a refusal, or if the connection is lost.
 */
#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fence/fence.h"
#include "hamd/base/clock.h"

struct feeder {
	GMainLoop *loop;
	ham_watchdog *watchdog;
	char **step; /* the one at work */
	bool waits;  /* for an answer */
	bool ready;  /* the greeting was answered */
	int status;
	int64_t lease_us;
	int64_t feed_until;
};

static void next_step(struct feeder *f);

static void
end(struct feeder *f, int status)
{
	f->status = status;
	g_main_loop_quit(f->loop);
}

static gboolean
on_rested(gpointer data)
{
	next_step(data);
	return G_SOURCE_REMOVE;
}

static gboolean
on_feed(gpointer data)
{
	struct feeder *f = data;
	int64_t now = ham_clock_us();

	if (now >= f->feed_until) {
		next_step(f);
		return G_SOURCE_REMOVE;
	}
	if (!ham_watchdog_deadline(f->watchdog, now + f->lease_us))
		end(f, 1);
	return G_SOURCE_CONTINUE;
}

static void
begin_feed(struct feeder *f, const char *how)
{
	char *rest = NULL;
	int64_t lease_ms = g_ascii_strtoll(how, &rest, 10);
	int64_t for_ms = *rest == ',' ? g_ascii_strtoll(rest + 1, NULL, 10) : 0;

	f->lease_us = lease_ms * 1000;
	f->feed_until = ham_clock_us() + for_ms * 1000;
	(void)on_feed(f);
	g_timeout_add((guint)(lease_ms / 10), on_feed, f);
}

static void
next_step(struct feeder *f)
{
	const char *step = *++f->step;
	const char *value;
	bool sent = true;

	if (!step) {
		end(f, 0);
		return;
	}
	printf("%" PRId64 " %s\n", ham_clock_us(), step);
	value = strchr(step, '=');
	value = value ? value + 1 : "0";
	f->waits = true;
	if (g_str_has_prefix(step, "arm=")) {
		sent = ham_watchdog_arm(
			f->watchdog, g_ascii_strtoll(value, NULL, 10) * 1000);
	} else if (strcmp(step, "disarm") == 0) {
		sent = ham_watchdog_disarm(f->watchdog);
	} else if (g_str_has_prefix(step, "feed=")) {
		f->waits = false;
		begin_feed(f, value);
	} else if (g_str_has_prefix(step, "rest=")) {
		f->waits = false;
		g_timeout_add((guint)atoi(value), on_rested, f);
	} else {
		fprintf(stderr, "feeder: no such step: %s\n", step);
		end(f, 2);
	}
	if (!sent)
		end(f, 1);
}

static void
on_state(const struct ham_watchdog_state *s, void *data)
{
	struct feeder *f = data;

	bool greeted = !f->ready;

	if (!f->waits && !greeted)
		return;
	f->ready = true;
	f->waits = false;
	printf("%" PRId64 " armed=%d timeout_ms=%" PRId64 " nowayout=%d "
	       "softdog=%d was_reset=%d lapses=%u identity='%s' error='%s'\n",
	       ham_clock_us(), s->armed, s->timeout_us / 1000, s->nowayout,
	       s->softdog, s->was_reset, s->lapses, s->identity, s->error);
	if (s->error[0] != '\0' && !greeted)
		end(f, 1);
	else
		next_step(f);
}

static void
on_lost(const char *why, void *data)
{
	struct feeder *f = data;

	fprintf(stderr, "feeder: %s\n", why);
	if (f->ready)
		end(f, 1);
}

int
main(int argc, char **argv)
{
	struct feeder f = {0};

	if (argc < 3) {
		fprintf(stderr, "usage: feeder SOCKET STEP...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	f.step = argv + 1;
	f.loop = g_main_loop_new(NULL, FALSE);
	f.watchdog = ham_watchdog_new(argv[1], on_state, on_lost, &f);
	g_main_loop_run(f.loop);
	ham_watchdog_free(f.watchdog);
	g_main_loop_unref(f.loop);
	return f.status;
}
