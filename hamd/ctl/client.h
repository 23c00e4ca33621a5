/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/client.h - a blocking client of hamd's admin socket
 *
 * Every wait has a deadline (of ham_clock_us) and can be broken by a second
 * descriptor.  A frame is bounded, and so is the number of events kept while
 * an answer is awaited; a peer that passes a bound, or sends what is no JSON
 * object, ends the connection with HAM_ERROR_PROTOCOL.  It never asks twice
 * by itself: whether an order whose answer was lost was given is not known.
 */
#ifndef HAM_CTL_CLIENT_H
#define HAM_CTL_CLIENT_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdint.h>

#define HAM_CTL_NEVER INT64_MAX

typedef struct ham_ctl_client ham_ctl_client;

/* Connects and reads the greeting.  `wake_fd` (-1: none) breaks a wait, this
 * and later ones, when it becomes readable: G_IO_ERROR_CANCELLED. */
ham_ctl_client *ham_ctl_client_connect(const char *path, int wake_fd,
				       int64_t deadline_us, GError **error);

/* The same, tried again and again until the deadline.  What is wrong with the
 * peer's protocol or its rules is not tried again. */
ham_ctl_client *ham_ctl_client_reconnect(const char *path, int wake_fd,
					 int64_t deadline_us, GError **error);

/* Another descriptor that breaks its waits, those for keys; -1: none. */
void ham_ctl_client_wake_too(ham_ctl_client *client, int fd);

/* Of the greeting; "" if it had none. */
const char *ham_ctl_client_version(const ham_ctl_client *client);
const char *ham_ctl_client_node(const ham_ctl_client *client);

/* Sends one command and waits for its answer, whose reference is the
 * caller's.  `arguments` (may be NULL) stays the caller's.  HAM_ERROR_REFUSED:
 * hamd answered with an error, see ham_ctl_client_refusal(). */
JsonObject *ham_ctl_client_ask(ham_ctl_client *client, const char *command,
			       JsonObject *arguments, int64_t deadline_us,
			       GError **error);

/* The "error" object of the last refusal, borrowed; NULL if there is none. */
JsonObject *ham_ctl_client_refusal(const ham_ctl_client *client);

/* The next event, whole; the reference is the caller's.  HAM_ERROR_TIMEOUT at
 * the deadline. */
JsonObject *ham_ctl_client_event(ham_ctl_client *client, int64_t deadline_us,
				 GError **error);

void ham_ctl_client_free(ham_ctl_client *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_ctl_client, ham_ctl_client_free)

#endif
