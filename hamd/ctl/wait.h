/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/wait.h - give an order, then hear of it until its end
 *
 *	follow events -> order -> look -> events ... -> end
 *	                                  | silent for 2 s: look again
 *	                                  | connection lost: connect again, look
 *
 * Events are followed before the order is given, so that none of its own is
 * missed; "look" is guest-show, which tells an end whose event was lost.  The
 * end of hamctl, by signal or timeout, never undoes an order.
 */
#ifndef HAM_CTL_WAIT_H
#define HAM_CTL_WAIT_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "hamd/ctl/client.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/terminal.h"

/* Answer of a callback that has seen no end yet; else it is an exit code. */
#define HAM_CTL_GO_ON (-1)

struct ham_ctl_wait {
	/* Set by the command. */
	const struct ham_ctl_options *options;
	const char *guest;
	const char *command;   /* of the admin socket */
	JsonObject *arguments; /* the command's; not owned */
	int64_t limit_ms;      /* without --timeout; 0: none */
	const char *noun;      /* "migration": what goes on */
	const char *goal;      /* "running": what it is not in time */
	const char *undo;      /* "guest cancel", told on Ctrl-C; or NULL */
	/* An event of the guest, its own kind to be judged here. */
	int (*on_event)(struct ham_ctl_wait *wait, const char *name,
			JsonObject *event_data);
	/* The guest as guest-show has it, `n_looks` times since the order or
	 * the connection anew: the first may be older than the order. */
	int (*on_look)(struct ham_ctl_wait *wait, JsonObject *guest,
		       unsigned int n_looks);
	void (*on_tick)(struct ham_ctl_wait *wait); /* 5/s on a terminal */
	void *data;
	unsigned int ends;	  /* of those wanted, where there are several */
	unsigned int ends_wanted;

	/* Set here, to be read by the callbacks. */
	struct ham_ctl_terminal terminal;
	JsonObject *answer; /* to the order */
	JsonObject *seen;   /* the guest as last looked at, or NULL */
	int64_t begin_us;
	/* Private. */
	ham_ctl_client *client;
	int signal_fd;
	int64_t deadline_us;
	int64_t heard_us;
	int64_t tick_us;
	unsigned int n_looks;
};

/* Does it all.  With --no-wait it ends after the answer. */
int ham_ctl_wait_run(struct ham_ctl_wait *wait);

/* Looks at the guest once more, for the text of a result. */
void ham_ctl_wait_refresh(struct ham_ctl_wait *wait);

/* "web1 is running on n1", with its reason and what it waits for; "" if
 * nothing is known.  The caller frees it. */
char *ham_ctl_wait_seen_text(const struct ham_ctl_wait *wait);

#endif
