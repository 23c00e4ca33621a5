/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/qmp.c - see qmp.h
 *
 * One GSource watches the earliest deadline by hamd's own clock, and tells of
 * failures that must not be told from inside a call.  Each entry from the loop
 * holds a reference, since any callback may free the client.
 */
#define HAM_LOG_TAG "io"
#include "hamd/io/qmp.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/base/log.h"
#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"
#include "hamd/io/listen.h"
#include "hamd/io/qmp_queue.h"

enum {
	MAX_LINE = 16 << 20, /* query-qmp-schema has some 100 KiB */
	MAX_UNSENT = 4 << 20,
	NEGOTIATION_US = 30 * 1000000, /* QEMU starts slowly on a busy host */
};

enum qmp_state {
	QMP_GREETING,
	QMP_NEGOTIATING,
	QMP_READY,
	QMP_ENDED,
};

struct ham_qmp {
	ham_jsonl *conn; /* NULL once ended */
	ham_qmp_event_fn on_event;
	ham_qmp_state_fn on_state;
	void *data;
	enum qmp_state state;
	bool oob;
	char *version;
	struct ham_qmp_queue queue;
	GSource *timer;
	int64_t ready_by_us; /* negotiation ends by then */
	int64_t wake_us;     /* no deadline is earlier */
	int64_t held_us;     /* since when it stands still; 0: it does not */
	unsigned int refs;
	bool freed;
};

static const char no_oob[] = "the server offers nothing out of band";

struct timer {
	GSource source;
	ham_qmp *qmp;
};

static void
unref(ham_qmp *qmp)
{
	if (--qmp->refs > 0)
		return;
	ham_qmp_queue_clear(&qmp->queue);
	g_free(qmp->version);
	g_free(qmp);
}

/* Takes the command out and tells its owner. */
static void
finish(ham_qmp *qmp, struct ham_qmp_command *command, JsonNode *reply,
       const GError *error)
{
	ham_qmp_queue_take(&qmp->queue, command);
	if (command->on_reply && command->state != HAM_QMP_LAPSED)
		command->on_reply(qmp, reply, error, command->data);
	ham_qmp_command_free(command);
}

static void
end(ham_qmp *qmp, const GError *reason)
{
	int64_t last_id = qmp->queue.last_id;
	struct ham_qmp_command *command;

	if (qmp->state == QMP_ENDED)
		return;
	qmp->state = QMP_ENDED;
	g_clear_pointer(&qmp->conn, ham_jsonl_free);
	while (!qmp->freed &&
	       (command = g_queue_peek_head(&qmp->queue.commands)) &&
	       command->id <= last_id)
		finish(qmp, command, NULL,
		       command->error ? command->error : reason);
	if (!qmp->freed)
		qmp->on_state(qmp, reason, qmp->data);
}

static G_GNUC_PRINTF(3, 4) void end_with(ham_qmp *qmp, int code,
					 const char *format, ...)
{
	g_autoptr(GError) reason = NULL;
	va_list ap;

	va_start(ap, format);
	reason = g_error_new_valist(HAM_ERROR, code, format, ap);
	va_end(ap);
	end(qmp, reason);
}

static void
transmit(ham_qmp *qmp, struct ham_qmp_command *command)
{
	g_autoptr(JsonObject) line = json_object_new();

	json_object_set_string_member(
		line, command->oob ? "exec-oob" : "execute", command->name);
	if (command->arguments)
		json_object_set_object_member(
			line, "arguments",
			g_steal_pointer(&command->arguments));
	json_object_set_int_member(line, "id", command->id);
	command->state = HAM_QMP_SENT;
	ham_jsonl_send(qmp->conn, line);
}

/* Sends what may go out now. */
static void
pump(ham_qmp *qmp)
{
	struct ham_qmp_command *command;

	while (qmp->state == QMP_READY &&
	       (command = ham_qmp_queue_sendable(&qmp->queue)))
		transmit(qmp, command);
}

static void
fail_soon(ham_qmp *qmp, struct ham_qmp_command *command, int code,
	  const char *why)
{
	ham_qmp_command_fail(command, code, why);
	qmp->wake_us = 0;
}

static void
lapse(ham_qmp *qmp, struct ham_qmp_command *command)
{
	bool sent = command->state == HAM_QMP_SENT;
	g_autoptr(GError) error = g_error_new(
		HAM_ERROR, HAM_ERROR_TIMEOUT, "%s: no answer in time%s",
		command->name, sent ? "" : " (not sent)");

	if (!sent) {
		finish(qmp, command, NULL, error);
		return;
	}
	command->state = HAM_QMP_LAPSED;
	if (command->on_reply)
		command->on_reply(qmp, NULL, error, command->data);
}

static gboolean
timer_dispatch(GSource *source, GSourceFunc callback, gpointer callback_data)
{
	ham_qmp *qmp = ((struct timer *)source)->qmp;
	int64_t last_id = qmp->queue.last_id; /* later ones: next turn */
	int64_t now_us = ham_clock_us();
	struct ham_qmp_command *command;

	(void)callback;
	(void)callback_data;
	qmp->refs++;
	if (qmp->held_us)
		now_us = INT64_MIN; /* only what has failed already */
	if (qmp->state < QMP_READY && qmp->ready_by_us <= now_us)
		end_with(qmp, HAM_ERROR_TIMEOUT, "no QMP greeting in time");
	while (!qmp->freed &&
	       (command = ham_qmp_queue_due(&qmp->queue, now_us, last_id))) {
		if (command->state == HAM_QMP_FAILED)
			finish(qmp, command, NULL, command->error);
		else
			lapse(qmp, command);
	}
	qmp->wake_us = ham_qmp_queue_due_us(&qmp->queue);
	if (qmp->state < QMP_READY)
		qmp->wake_us = MIN(qmp->wake_us, qmp->ready_by_us);
	if (qmp->held_us)
		qmp->wake_us = INT64_MAX;
	unref(qmp);
	return G_SOURCE_CONTINUE;
}

static gboolean
timer_prepare(GSource *source, gint *timeout_ms)
{
	const ham_qmp *qmp = ((struct timer *)source)->qmp;
	int64_t left_us;

	*timeout_ms = -1;
	if (qmp->wake_us == INT64_MAX)
		return FALSE;
	left_us = qmp->wake_us - ham_clock_us();
	*timeout_ms = (gint)CLAMP((left_us + 999) / 1000, 0, G_MAXINT);
	return left_us <= 0;
}

static gboolean
timer_check(GSource *source)
{
	return ((struct timer *)source)->qmp->wake_us <= ham_clock_us();
}

static GSourceFuncs timer_funcs = {
	.prepare = timer_prepare,
	.check = timer_check,
	.dispatch = timer_dispatch,
};

static void
become_ready(ham_qmp *qmp)
{
	qmp->state = QMP_READY;
	for (GList *l = qmp->queue.commands.head; l; l = l->next) {
		struct ham_qmp_command *command = l->data;

		if (command->oob && !qmp->oob)
			fail_soon(qmp, command, HAM_ERROR_REFUSED, no_oob);
	}
	pump(qmp);
	qmp->on_state(qmp, NULL, qmp->data);
}

static bool
offers_oob(JsonArray *capabilities)
{
	for (guint i = 0; i < json_array_get_length(capabilities); i++) {
		JsonNode *node = json_array_get_element(capabilities, i);

		if (JSON_NODE_HOLDS_VALUE(node) &&
		    json_node_get_value_type(node) == G_TYPE_STRING &&
		    g_str_equal(json_node_get_string(node), "oob"))
			return true;
	}
	return false;
}

static void
negotiate(ham_qmp *qmp)
{
	g_autoptr(JsonObject) line = json_object_new();
	JsonArray *enable = json_array_new();
	JsonObject *arguments = json_object_new();

	if (qmp->oob)
		json_array_add_string_element(enable, "oob");
	json_object_set_array_member(arguments, "enable", enable);
	json_object_set_string_member(line, "execute", "qmp_capabilities");
	json_object_set_object_member(line, "arguments", arguments);
	json_object_set_int_member(line, "id", 0);
	qmp->state = QMP_NEGOTIATING;
	ham_jsonl_send(qmp->conn, line);
}

static void
take_greeting(ham_qmp *qmp, JsonObject *object)
{
	JsonObject *greeting = ham_json_object(object, "QMP");
	JsonObject *version =
		greeting ? ham_json_object(greeting, "version") : NULL;
	JsonObject *qemu = version ? ham_json_object(version, "qemu") : NULL;
	JsonArray *capabilities =
		greeting ? ham_json_array(greeting, "capabilities") : NULL;
	int64_t major, minor, micro;

	if (!qemu || !capabilities || !ham_json_int(qemu, "major", &major) ||
	    !ham_json_int(qemu, "minor", &minor) ||
	    !ham_json_int(qemu, "micro", &micro)) {
		end_with(qmp, HAM_ERROR_PROTOCOL, "this is no QMP greeting");
		return;
	}
	qmp->version = g_strdup_printf("%" PRId64 ".%" PRId64 ".%" PRId64,
				       major, minor, micro);
	qmp->oob = offers_oob(capabilities);
	negotiate(qmp);
}

static GError *
error_of(JsonObject *object)
{
	JsonObject *error = ham_json_object(object, "error");
	const char *class = error ? ham_json_string(error, "class") : NULL;
	const char *desc = error ? ham_json_string(error, "desc") : NULL;

	return g_error_new(HAM_ERROR, HAM_ERROR_REFUSED, "%s: %s",
			   class ? class : "GenericError",
			   desc ? desc : "no reason given");
}

static void
take_reply(ham_qmp *qmp, JsonObject *object)
{
	JsonNode *reply = json_object_get_member(object, "return");
	g_autoptr(GError) error = reply ? NULL : error_of(object);
	struct ham_qmp_command *command = NULL;
	int64_t id;

	if (qmp->state == QMP_NEGOTIATING) {
		if (reply)
			become_ready(qmp);
		else
			end_with(qmp, HAM_ERROR_REFUSED, "qmp_capabilities: %s",
				 error->message);
		return;
	}
	if (ham_json_int(object, "id", &id))
		command = ham_qmp_queue_find(&qmp->queue, id);
	if (!command) {
		ham_warn("QMP answer to nothing that was asked%s%s",
			 error ? ": " : "", error ? error->message : "");
		return;
	}
	if (command->state == HAM_QMP_LAPSED)
		ham_debug("%s answered too late", command->name);
	finish(qmp, command, reply, error);
	pump(qmp);
}

static void
take_event(ham_qmp *qmp, JsonObject *object, const char *name)
{
	JsonObject *given = ham_json_object(object, "data");
	g_autoptr(JsonObject) event_data =
		given ? json_object_ref(given) : json_object_new();

	qmp->on_event(qmp, name, event_data, ham_jsonl_read_us(qmp->conn),
		      qmp->data);
}

static void
on_object(ham_jsonl *conn, JsonObject *object, void *data)
{
	ham_qmp *qmp = data;
	const char *event = ham_json_string(object, "event");

	(void)conn;
	qmp->refs++;
	if (qmp->state == QMP_GREETING)
		take_greeting(qmp, object);
	else if (event)
		take_event(qmp, object, event);
	else if (json_object_has_member(object, "return") ||
		 json_object_has_member(object, "error"))
		take_reply(qmp, object);
	else
		end_with(qmp, HAM_ERROR_PROTOCOL,
			 "neither an answer nor an event");
	unref(qmp);
}

static void
on_end(ham_jsonl *conn, const GError *reason, void *data)
{
	ham_qmp *qmp = data;

	(void)conn;
	qmp->refs++;
	end(qmp, reason);
	unref(qmp);
}

ham_qmp *
ham_qmp_connect(const char *path, ham_qmp_event_fn on_event,
		ham_qmp_state_fn on_state, void *data, GError **error)
{
	static const struct ham_jsonl_limits limits = {
		.max_line = MAX_LINE,
		.max_unsent = MAX_UNSENT,
	};
	ham_autofd int fd = -1;
	struct sockaddr_un address;
	ham_qmp *qmp;

	if (!ham_listen_address(path, &address, error))
		return NULL;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		g_set_error(error, HAM_ERROR,
			    errno == ENOENT || errno == ECONNREFUSED
				    ? HAM_ERROR_CLOSED
				    : HAM_ERROR_FAILED,
			    "QMP socket %s: %s", path, g_strerror(errno));
		return NULL;
	}
	qmp = g_new0(ham_qmp, 1);
	qmp->refs = 1;
	qmp->on_event = on_event;
	qmp->on_state = on_state;
	qmp->data = data;
	qmp->ready_by_us = ham_clock_us() + NEGOTIATION_US;
	qmp->wake_us = qmp->ready_by_us;
	qmp->conn = ham_jsonl_new(ham_steal_fd(&fd), &limits, on_object, on_end,
				  qmp);
	qmp->timer = g_source_new(&timer_funcs, sizeof(struct timer));
	((struct timer *)qmp->timer)->qmp = qmp;
	g_source_attach(qmp->timer, NULL);
	return qmp;
}

static void
execute(ham_qmp *qmp, const char *name, JsonObject *arguments, bool oob,
	int64_t deadline_us, ham_qmp_reply_fn on_reply, void *data)
{
	struct ham_qmp_command *command = ham_qmp_queue_add(
		&qmp->queue, name, arguments, oob, deadline_us);

	command->on_reply = on_reply;
	command->data = data;
	qmp->wake_us = MIN(qmp->wake_us, deadline_us);
	if (qmp->state == QMP_ENDED)
		fail_soon(qmp, command, HAM_ERROR_CLOSED,
			  "the QMP connection is closed");
	else if (qmp->state == QMP_READY && oob && !qmp->oob)
		fail_soon(qmp, command, HAM_ERROR_REFUSED, no_oob);
	else
		pump(qmp);
}

void
ham_qmp_execute(ham_qmp *qmp, const char *command, JsonObject *arguments,
		int64_t deadline_us, ham_qmp_reply_fn on_reply, void *data)
{
	execute(qmp, command, arguments, false, deadline_us, on_reply, data);
}

void
ham_qmp_execute_oob(ham_qmp *qmp, const char *command, JsonObject *arguments,
		    int64_t deadline_us, ham_qmp_reply_fn on_reply, void *data)
{
	execute(qmp, command, arguments, true, deadline_us, on_reply, data);
}

void
ham_qmp_hold(ham_qmp *qmp, bool hold)
{
	int64_t for_us;

	if (hold == (qmp->held_us != 0))
		return;
	if (hold) {
		qmp->held_us = ham_clock_us();
		return;
	}
	for_us = ham_clock_us() - qmp->held_us;
	qmp->held_us = 0;
	qmp->ready_by_us += for_us;
	for (GList *l = qmp->queue.commands.head; l; l = l->next) {
		struct ham_qmp_command *command = l->data;

		if (command->deadline_us < INT64_MAX - for_us)
			command->deadline_us += for_us;
	}
	qmp->wake_us = 0; /* looked for anew */
}

bool
ham_qmp_ready(const ham_qmp *qmp)
{
	return qmp->state == QMP_READY;
}

const char *
ham_qmp_version(const ham_qmp *qmp)
{
	return qmp->version;
}

void
ham_qmp_free(ham_qmp *qmp)
{
	if (!qmp)
		return;
	qmp->freed = true;
	qmp->state = QMP_ENDED;
	g_clear_pointer(&qmp->conn, ham_jsonl_free);
	g_source_destroy(qmp->timer);
	g_source_unref(qmp->timer);
	unref(qmp);
}

int
ham_qmp_listen(const char *path, GError **error)
{
	return ham_listen_unix(path, 0600, (gid_t)-1, error);
}
