/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/admin.h - the admin socket, one JSON object a line in QMP's manner
 *
 *	<-
 *{"hamd":{"version":"0.1.0","node":"n1","protocol":1},"capabilities":[]}
 *	->
 *{"execute":"guest-migrate","arguments":{"name":"web1","node":"n2"},"id":1}
 *	<- {"return":{...},"id":1}   or
 *	<- {"error":{"class":"...","desc":"..."},"id":1}
 *	<-
 *{"event":"...","data":{...},"timestamp":{"seconds":..,"microseconds":..}}
 *
 * Peer credentials (SO_PEERCRED, unix(7)) decide: uid 0 and members of the
 * write group may do everything, members of the read group may ask, others
 * are refused at accept.  Clients, frame length, unread output, the time a
 * line may take and commands a second are bounded; a client over a bound is
 * dropped, told why where that is possible.  What a command means, and which
 * ones need may_write, is the owner's.
 */
#ifndef HAM_ADMIN_H
#define HAM_ADMIN_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ham_admin ham_admin;

/* Names one question until it is answered; unique over hamd's life. */
typedef uint64_t ham_admin_token;

struct ham_admin_request {
	ham_admin_token token;
	const char *command;
	JsonObject *arguments; /* never NULL, borrowed */
	uint32_t uid;
	int32_t pid;
	bool may_write;
};

/* The owner answers now or later, exactly once, with ham_admin_return() or
 * ham_admin_error(). */
typedef void (*ham_admin_request_fn)(const struct ham_admin_request *request,
				     void *data);

struct ham_admin_spec {
	const char *path;
	const char *node; /* for the greeting */
	const char *version;
	const char *read_group;	  /* NULL: none */
	const char *write_group;  /* NULL: root only */
	unsigned int max_clients; /* one user other than root: half of them */
	unsigned int line_timeout_ms; /* a line once begun; 0: 10 s */
};

/* Listens.  The socket's mode is 0600 without groups, 0660 with one (or twice
 * the same), 0666 with two: then only the check at accept can tell.  NULL with
 * *error: no such group, another process listens there. */
ham_admin *ham_admin_new(const struct ham_admin_spec *spec,
			 ham_admin_request_fn on_request, void *data,
			 GError **error);

/* `result` may be NULL for an empty object; the reference is taken.  A token
 * whose client is gone is ignored. */
void ham_admin_return(ham_admin *admin, ham_admin_token token,
		      JsonObject *result);
void ham_admin_error(ham_admin *admin, ham_admin_token token,
		     const char *error_class, const char *description);

/* Turns the client of this request into a follower of events; call it before
 * the answer, which then precedes every event. */
void ham_admin_follow(ham_admin *admin, ham_admin_token token);

/* To the client of this request alone, which must not have been answered yet:
 * events it missed and asks for.  The reference is taken. */
void ham_admin_event_to(ham_admin *admin, ham_admin_token token,
			const char *name, JsonObject *event_data);

/* To every follower.  The reference is taken. */
void ham_admin_event(ham_admin *admin, const char *name,
		     JsonObject *event_data);

unsigned int ham_admin_clients(const ham_admin *admin);

void ham_admin_free(ham_admin *admin);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_admin, ham_admin_free)

#endif
