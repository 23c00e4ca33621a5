/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/client.c - see client.h */
#include "hamd/ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/ctl/json.h"
#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"

enum {
	MAX_LINE = 32 << 20, /* the status of 1000 guests is some 2 MiB */
	MAX_EVENTS = 65536,  /* kept while an answer is awaited */
	RETRY_MS = 200,
	PROTOCOL = 1, /* of the greeting */
};

struct ham_ctl_client {
	int fd;
	int wake_fd;	 /* not owned; -1: none */
	int wake_too_fd; /* the same */
	int64_t last_id; /* of the last question */
	struct ham_jsonl_splitter splitter;
	GQueue arrived; /* JsonObject *, not looked at yet */
	GQueue events;	/* JsonObject *, arrived while an answer was awaited */
	GError *broken; /* why nothing more will arrive */
	JsonObject *greeting;
	JsonObject *refusal;
};

static bool
on_line(const char *line, size_t len, void *data)
{
	ham_ctl_client *client = data;
	g_autoptr(GError) error = NULL;
	JsonObject *object;

	if (client->broken)
		return true;
	object = ham_jsonl_parse(line, len, &error);
	if (object)
		g_queue_push_tail(&client->arrived, object);
	else
		g_set_error(&client->broken, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "hamd sent what is no JSON object: %s",
			    error->message);
	return true;
}

/* Waits until the socket is ready for `what`. */
static bool
wait_ready(ham_ctl_client *client, short what, int64_t deadline_us,
	   GError **error)
{
	struct pollfd fds[] = {
		{.fd = client->fd, .events = what},
		{.fd = client->wake_fd, .events = POLLIN}, /* -1 is skipped */
		{.fd = client->wake_too_fd, .events = POLLIN},
	};

	for (;;) {
		int timeout_ms = -1;
		int n;

		if (deadline_us != HAM_CTL_NEVER) {
			int64_t left_us = deadline_us - ham_clock_us();

			if (left_us <= 0) {
				g_set_error(error, HAM_ERROR, HAM_ERROR_TIMEOUT,
					    "hamd did not answer in time");
				return false;
			}
			timeout_ms = (int)MIN(left_us / 1000 + 1, G_MAXINT);
		}
		n = poll(fds, G_N_ELEMENTS(fds), timeout_ms);
		if (n < 0 && errno != EINTR)
			return ham_error_errno(error, errno, "poll");
		if (n > 0 && (fds[1].revents || fds[2].revents)) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
				    "interrupted");
			return false;
		}
		if (n > 0 && fds[0].revents)
			return true;
	}
}

/* Reads what is there.  The end of the connection goes to client->broken,
 * because objects read before it are still to be handed out. */
static void
read_some(ham_ctl_client *client)
{
	char bytes[65536];
	ssize_t n = recv(client->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		g_set_error(&client->broken, HAM_ERROR, HAM_ERROR_CLOSED,
			    "hamd closed the connection%s%s", n < 0 ? ": " : "",
			    n < 0 ? g_strerror(errno) : "");
		return;
	}
	if (!ham_jsonl_split(&client->splitter, bytes, (size_t)n, on_line,
			     client) &&
	    !client->broken)
		g_set_error(&client->broken, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "hamd sent a line of more than %d MiB",
			    MAX_LINE >> 20);
}

static JsonObject *
next_object(ham_ctl_client *client, int64_t deadline_us, GError **error)
{
	while (g_queue_is_empty(&client->arrived)) {
		if (client->broken) {
			if (error)
				*error = g_error_copy(client->broken);
			return NULL;
		}
		if (!wait_ready(client, POLLIN, deadline_us, error))
			return NULL;
		read_some(client);
	}
	return g_queue_pop_head(&client->arrived);
}

static bool
send_all(ham_ctl_client *client, const char *bytes, size_t len,
	 int64_t deadline_us, GError **error)
{
	while (len > 0) {
		ssize_t n = send(client->fd, bytes, len, MSG_NOSIGNAL);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (errno == EAGAIN || errno == EWOULDBLOCK) {
			if (!wait_ready(client, POLLOUT, deadline_us, error))
				return false;
		} else if (errno != EINTR) {
			g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
				    "hamd closed the connection: %s",
				    g_strerror(errno));
			return false;
		}
	}
	return true;
}

static int
open_socket(const char *path, int64_t deadline_us, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int64_t left_us = MAX(deadline_us - ham_clock_us(), 1000);
	/* bounds connect(2), which waits while the peer's backlog is full */
	struct timeval limit = {.tv_sec = MIN(left_us / 1000000, 86400),
				.tv_usec = left_us % 1000000};
	ham_autofd int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "the path is longer than %zu bytes",
			    sizeof(address.sun_path) - 1);
		return -1;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
				 sizeof(limit)) < 0) {
		ham_error_errno(error, errno, "socket");
		return -1;
	}
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		const char *hint = "";

		if (errno == ENOENT || errno == ECONNREFUSED)
			hint = " (is hamd running?)";
		else if (errno == EACCES)
			hint = " (root and hamd's groups may)";
		g_set_error(error, HAM_ERROR,
			    errno == EAGAIN ? HAM_ERROR_TIMEOUT
					    : HAM_ERROR_CLOSED,
			    "%s%s",
			    errno == EAGAIN ? "it does not take connections"
					    : g_strerror(errno),
			    hint);
		return -1;
	}
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		ham_error_errno(error, errno, "fcntl");
		return -1;
	}
	return ham_steal_fd(&fd);
}

static bool
read_greeting(ham_ctl_client *client, int64_t deadline_us, GError **error)
{
	JsonObject *hamd;
	JsonObject *refusal;

	client->greeting = next_object(client, deadline_us, error);
	if (client->greeting == NULL) {
		if (client->broken && client->broken->code == HAM_ERROR_CLOSED)
			g_prefix_error(error,
				       "no greeting (root and members "
				       "of hamd's groups may connect): ");
		return false;
	}
	refusal = ham_ctl_json_object(client->greeting, "error");
	hamd = ham_ctl_json_object(client->greeting, "hamd");
	if (refusal) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s",
			    ham_ctl_json_text(refusal, "desc"));
		return false;
	}
	if (hamd == NULL) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "what listens there is not hamd");
		return false;
	}
	if (ham_ctl_json_int(hamd, "protocol", 0) != PROTOCOL) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "hamd %s speaks protocol %" G_GINT64_FORMAT
			    ", this hamctl %d: install the hamctl of that hamd",
			    ham_ctl_json_text(hamd, "version"),
			    ham_ctl_json_int(hamd, "protocol", 0), PROTOCOL);
		return false;
	}
	return true;
}

ham_ctl_client *
ham_ctl_client_connect(const char *path, int wake_fd, int64_t deadline_us,
		       GError **error)
{
	g_autoptr(ham_ctl_client) client = NULL;
	int fd = open_socket(path, deadline_us, error);

	if (fd < 0)
		return NULL;
	client = g_new0(ham_ctl_client, 1);
	client->fd = fd;
	client->wake_fd = wake_fd;
	client->wake_too_fd = -1;
	client->splitter.pending = g_byte_array_new();
	client->splitter.max_line = MAX_LINE;
	if (!read_greeting(client, deadline_us, error))
		return NULL;
	return g_steal_pointer(&client);
}

ham_ctl_client *
ham_ctl_client_reconnect(const char *path, int wake_fd, int64_t deadline_us,
			 GError **error)
{
	for (;;) {
		struct pollfd wake = {.fd = wake_fd, .events = POLLIN};
		g_autoptr(GError) reason = NULL;
		ham_ctl_client *client;

		client = ham_ctl_client_connect(path, wake_fd, deadline_us,
						&reason);
		if (client)
			return client;
		if (!g_error_matches(reason, HAM_ERROR, HAM_ERROR_CLOSED) ||
		    ham_clock_us() + RETRY_MS * 1000 >= deadline_us) {
			g_propagate_error(error, g_steal_pointer(&reason));
			return NULL;
		}
		if (poll(&wake, 1, RETRY_MS) > 0) {
			g_set_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
				    "interrupted");
			return NULL;
		}
	}
}

void
ham_ctl_client_wake_too(ham_ctl_client *client, int fd)
{
	client->wake_too_fd = fd;
}

const char *
ham_ctl_client_version(const ham_ctl_client *client)
{
	return ham_ctl_json_text(ham_ctl_json_object(client->greeting, "hamd"),
				 "version");
}

const char *
ham_ctl_client_node(const ham_ctl_client *client)
{
	return ham_ctl_json_text(ham_ctl_json_object(client->greeting, "hamd"),
				 "node");
}

static bool
send_question(ham_ctl_client *client, const char *command,
	      JsonObject *arguments, int64_t deadline_us, GError **error)
{
	g_autoptr(JsonObject) question = json_object_new();
	g_autofree char *text = NULL;
	g_autofree char *line = NULL;

	json_object_set_string_member(question, "execute", command);
	if (arguments)
		json_object_set_object_member(question, "arguments",
					      json_object_ref(arguments));
	json_object_set_int_member(question, "id", ++client->last_id);
	text = ham_json_text(question);
	line = g_strconcat(text, "\n", NULL);
	return send_all(client, line, strlen(line), deadline_us, error);
}

/* Keeps the refusal and turns it into an error. */
static void
take_refusal(ham_ctl_client *client, JsonObject *refusal, GError **error)
{
	const char *desc = ham_ctl_json_text(refusal, "desc");

	g_clear_pointer(&client->refusal, json_object_unref);
	client->refusal = json_object_ref(refusal);
	g_set_error(error, HAM_ERROR, HAM_ERROR_REFUSED, "%s",
		    desc[0] ? desc : "hamd refused without a reason");
}

JsonObject *
ham_ctl_client_ask(ham_ctl_client *client, const char *command,
		   JsonObject *arguments, int64_t deadline_us, GError **error)
{
	if (!send_question(client, command, arguments, deadline_us, error))
		return NULL;
	for (;;) {
		g_autoptr(JsonObject) object = NULL;
		JsonObject *answer;
		JsonObject *refusal;

		object = next_object(client, deadline_us, error);
		if (object == NULL)
			return NULL;
		if (json_object_has_member(object, "event")) {
			if (g_queue_get_length(&client->events) >= MAX_EVENTS) {
				g_set_error(error, HAM_ERROR,
					    HAM_ERROR_PROTOCOL,
					    "hamd sends events, but no answer");
				return NULL;
			}
			g_queue_push_tail(&client->events,
					  g_steal_pointer(&object));
			continue;
		}
		answer = ham_ctl_json_object(object, "return");
		refusal = ham_ctl_json_object(object, "error");
		/* an error without id says the frame itself was bad */
		if (ham_ctl_json_int(object, "id",
				     refusal ? client->last_id : 0) !=
		    client->last_id)
			continue;
		if (answer)
			return json_object_ref(answer);
		if (refusal) {
			take_refusal(client, refusal, error);
			return NULL;
		}
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "hamd's answer is neither \"return\" nor "
			    "\"error\"");
		return NULL;
	}
}

JsonObject *
ham_ctl_client_refusal(const ham_ctl_client *client)
{
	return client->refusal;
}

JsonObject *
ham_ctl_client_event(ham_ctl_client *client, int64_t deadline_us,
		     GError **error)
{
	if (!g_queue_is_empty(&client->events))
		return g_queue_pop_head(&client->events);
	for (;;) {
		JsonObject *object = next_object(client, deadline_us, error);

		if (object == NULL || json_object_has_member(object, "event"))
			return object;
		json_object_unref(object); /* an answer nobody awaits now */
	}
}

static void
clear_queue(GQueue *queue)
{
	g_queue_clear_full(queue, (GDestroyNotify)json_object_unref);
}

void
ham_ctl_client_free(ham_ctl_client *client)
{
	if (client == NULL)
		return;
	ham_clear_fd(&client->fd);
	if (client->splitter.pending)
		g_byte_array_unref(client->splitter.pending);
	clear_queue(&client->arrived);
	clear_queue(&client->events);
	g_clear_error(&client->broken);
	g_clear_pointer(&client->greeting, json_object_unref);
	g_clear_pointer(&client->refusal, json_object_unref);
	g_free(client);
}
