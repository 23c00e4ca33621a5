/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/qmp.h - a QMP client (QEMU's qmp-spec) on a UNIX socket
 *
 * Greeting and capabilities (with `oob` where the server offers it) are done
 * by the client; commands given before are queued.  Every command has a
 * deadline; one that passes it fails with HAM_ERROR_TIMEOUT, which means
 * "unknown", never "not done".  Replies that come later are dropped.
 * So few in-band commands are unanswered at a time that the server never
 * stops reading, or else nothing out of band would get through to it.
 */
#ifndef HAM_QMP_H
#define HAM_QMP_H

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ham_qmp ham_qmp;

/* `reply` is the "return" member (borrowed), NULL with `error` set:
 * HAM_ERROR_REFUSED carries "class: desc" of QMP's error. */
typedef void (*ham_qmp_reply_fn)(ham_qmp *qmp, JsonNode *reply,
				 const GError *error, void *data);

/* An asynchronous event: its name, its data (never NULL, maybe empty) and
 * when it was read here (ham_clock_us). */
typedef void (*ham_qmp_event_fn)(ham_qmp *qmp, const char *name,
				 JsonObject *event_data, int64_t at_us,
				 void *data);

/* Once each: the greeting and negotiation succeeded (reason NULL); later or
 * instead, the connection ended (reason set).  Pending commands fail first;
 * those given after the end fail from the loop. */
typedef void (*ham_qmp_state_fn)(ham_qmp *qmp, const GError *reason,
				 void *data);

/* Connects to a listening UNIX socket; ready or ended is told by on_state.
 * NULL with *error (HAM_ERROR_CLOSED if nobody listens). */
ham_qmp *ham_qmp_connect(const char *path, ham_qmp_event_fn on_event,
			 ham_qmp_state_fn on_state, void *data, GError **error);

/* Sends a command.  `arguments` may be NULL; the reference is taken.
 * `deadline_us` is a time of ham_clock_us().  `on_reply` may be NULL.  Never
 * calls on_reply before it returns.  In-band commands go out in order. */
void ham_qmp_execute(ham_qmp *qmp, const char *command, JsonObject *arguments,
		     int64_t deadline_us, ham_qmp_reply_fn on_reply,
		     void *data);

/* The same out of band (exec-oob): overtakes commands that hang.  Fails with
 * HAM_ERROR_REFUSED if the server did not offer oob. */
void ham_qmp_execute_oob(ham_qmp *qmp, const char *command,
			 JsonObject *arguments, int64_t deadline_us,
			 ham_qmp_reply_fn on_reply, void *data);

/* While the server is made to stand still (cgroup.h) no deadline passes, and
 * each is as far away afterwards as before. */
void ham_qmp_hold(ham_qmp *qmp, bool hold);

bool ham_qmp_ready(const ham_qmp *qmp);

/* "10.0.2" from the greeting, NULL before. */
const char *ham_qmp_version(const ham_qmp *qmp);

/* Closes; pending replies are not called. Safe inside callbacks. */
void ham_qmp_free(ham_qmp *qmp);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_qmp, ham_qmp_free)

/* Makes a listening UNIX socket (mode 0600) at `path`, replacing one that
 * nobody listens on, to be handed to QEMU by descriptor.  -1 with *error. */
int ham_qmp_listen(const char *path, GError **error);

#endif
