/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/jsonl.c - see jsonl.h
 *
 * A callback may free the connection, so each entry from the loop holds a
 * reference and looks at `ended` after every call to the outside.  A failing
 * write does not end the connection at once: what the peer said last is read
 * and delivered first.
 */
#include "hamd/io/jsonl.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/io/json.h"

enum {
	READ_BYTES = 16384,
	READS_A_TURN = 4, /* then others of the loop have theirs */
	READS_AT_END = 256,
};

struct ham_jsonl {
	int fd;
	struct ham_jsonl_limits limits;
	ham_jsonl_object_fn on_object;
	ham_jsonl_end_fn on_end;
	void *data;
	struct ham_jsonl_splitter in;
	GByteArray *out; /* [sent, len) is still to go */
	size_t sent;
	int64_t read_us;
	guint read_source;  /* 0: none; so for the others */
	guint write_source; /* while there is unsent output */
	guint end_source;   /* while `reason` waits for its turn */
	GError *reason;
	unsigned int refs;
	unsigned int holds;
	bool eof;     /* the peer will not send any more */
	bool no_more; /* the peer does not take any more */
	bool ended;
	bool last_words; /* inside on_end, one object may go out */
};

static bool
emit_line(ham_jsonl_line_fn on_line, const char *line, size_t len, void *data)
{
	if (len > 0 && line[len - 1] == '\r')
		len--;
	return on_line(line, len, data);
}

bool
ham_jsonl_split(struct ham_jsonl_splitter *splitter, const char *bytes,
		size_t len, ham_jsonl_line_fn on_line, void *data)
{
	while (len > 0 && !splitter->over) {
		const char *newline = memchr(bytes, '\n', len);
		size_t n = newline ? (size_t)(newline - bytes) : len;
		bool go_on;

		if (n > splitter->max_line - splitter->pending->len) {
			splitter->over = true;
			break;
		}
		if (splitter->pending->len > 0 || !newline)
			g_byte_array_append(splitter->pending,
					    (const guint8 *)bytes, (guint)n);
		if (!newline)
			break;
		if (splitter->pending->len > 0)
			go_on = emit_line(on_line,
					  (char *)splitter->pending->data,
					  splitter->pending->len, data);
		else
			go_on = emit_line(on_line, bytes, n, data);
		g_byte_array_set_size(splitter->pending, 0);
		if (!go_on)
			break;
		bytes += n + 1;
		len -= n + 1;
	}
	return !splitter->over;
}

JsonObject *
ham_jsonl_parse(const char *line, size_t len, GError **error)
{
	g_autoptr(JsonParser) parser = NULL;
	g_autoptr(GError) local = NULL;

	if (!ham_json_check(line, len, error))
		return NULL;
	parser = json_parser_new();
	if (!json_parser_load_from_data(parser, line, (gssize)len, &local)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL, "%s",
			    local->message);
		return NULL;
	}
	return json_object_ref(
		json_node_get_object(json_parser_get_root(parser)));
}

static void
unref(ham_jsonl *conn)
{
	if (--conn->refs > 0)
		return;
	g_clear_error(&conn->reason);
	g_byte_array_unref(conn->in.pending);
	g_byte_array_unref(conn->out);
	g_free(conn);
}

static void
shut(ham_jsonl *conn)
{
	g_clear_handle_id(&conn->read_source, g_source_remove);
	g_clear_handle_id(&conn->write_source, g_source_remove);
	g_clear_handle_id(&conn->end_source, g_source_remove);
	conn->ended = true;
}

/* Ends now.  The caller holds a reference and touches nothing of the owner's
 * afterwards. */
static void
end(ham_jsonl *conn, const GError *reason)
{
	if (conn->ended)
		return;
	shut(conn);
	conn->last_words =
		reason->code == HAM_ERROR_PROTOCOL && conn->out->len == 0;
	conn->on_end(conn, reason, conn->data);
	conn->last_words = false;
	ham_clear_fd(&conn->fd);
}

static G_GNUC_PRINTF(3, 4) void end_with(ham_jsonl *conn, int code,
					 const char *format, ...)
{
	g_autoptr(GError) reason = NULL;
	va_list ap;

	va_start(ap, format);
	reason = g_error_new_valist(HAM_ERROR, code, format, ap);
	va_end(ap);
	end(conn, reason);
}

static bool
take_line(const char *line, size_t len, void *data)
{
	ham_jsonl *conn = data;
	g_autoptr(JsonObject) object = NULL;
	g_autoptr(GError) error = NULL;

	if (len == 0)
		return true;
	object = ham_jsonl_parse(line, len, &error);
	if (!object)
		end(conn, error);
	else
		conn->on_object(conn, object, conn->data);
	return !conn->ended;
}

/* Reads at most `turns` buffers.  False when there is nothing more now. */
static bool
read_some(ham_jsonl *conn, int turns)
{
	char buffer[READ_BYTES];
	ssize_t n = -1;

	while (!conn->ended && !conn->eof && turns-- > 0) {
		n = recv(conn->fd, buffer, sizeof(buffer), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return false;
		if (n < 0) {
			end_with(conn, HAM_ERROR_CLOSED, "%s",
				 g_strerror(errno));
			return false;
		}
		if (n == 0) {
			conn->eof = true;
			return false;
		}
		conn->read_us = ham_clock_us();
		if (!ham_jsonl_split(&conn->in, buffer, (size_t)n, take_line,
				     conn))
			end_with(conn, HAM_ERROR_PROTOCOL,
				 "a line is longer than %zu bytes",
				 conn->limits.max_line);
	}
	return !conn->ended && !conn->eof;
}

static gboolean
end_ready(gpointer data)
{
	ham_jsonl *conn = data;
	g_autoptr(GError) reason = g_steal_pointer(&conn->reason);

	conn->end_source = 0;
	conn->refs++;
	if (reason->code == HAM_ERROR_CLOSED)
		read_some(conn, READS_AT_END);
	end(conn, reason);
	unref(conn);
	return G_SOURCE_REMOVE;
}

/* Ends from the loop; the first reason wins. */
static void
end_soon(ham_jsonl *conn, int code, const char *why)
{
	if (conn->ended || conn->reason)
		return;
	g_clear_handle_id(&conn->write_source, g_source_remove);
	conn->reason = g_error_new_literal(HAM_ERROR, code, why);
	conn->end_source =
		g_idle_add_full(G_PRIORITY_DEFAULT, end_ready, conn, NULL);
}

static bool
hung_up(const ham_jsonl *conn)
{
	struct pollfd p = {.fd = conn->fd};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLHUP | POLLERR));
}

static gboolean
hup_ready(int fd, GIOCondition condition, gpointer data)
{
	ham_jsonl *conn = data;

	(void)fd;
	(void)condition;
	conn->read_source = 0;
	conn->refs++;
	end_with(conn, HAM_ERROR_CLOSED, "the peer closed the connection");
	unref(conn);
	return G_SOURCE_REMOVE;
}

/* The peer sends no more.  It may still wait for answers. */
static void
at_eof(ham_jsonl *conn)
{
	g_clear_handle_id(&conn->read_source, g_source_remove);
	if (hung_up(conn) ||
	    (conn->holds == 0 && ham_jsonl_unsent(conn) == 0)) {
		end_with(conn, HAM_ERROR_CLOSED,
			 "the peer closed the connection");
		return;
	}
	conn->read_source =
		g_unix_fd_add(conn->fd, G_IO_HUP | G_IO_ERR, hup_ready, conn);
}

static gboolean
read_ready(int fd, GIOCondition condition, gpointer data)
{
	ham_jsonl *conn = data;

	(void)fd;
	(void)condition;
	conn->refs++;
	read_some(conn, READS_A_TURN);
	if (!conn->ended && conn->eof)
		at_eof(conn);
	unref(conn);
	return G_SOURCE_CONTINUE;
}

/* With nothing owed any more, a peer that will not ask again is let go. */
static void
settle(ham_jsonl *conn)
{
	if (conn->eof && conn->holds == 0 && ham_jsonl_unsent(conn) == 0)
		end_soon(conn, HAM_ERROR_CLOSED,
			 "the peer closed the connection");
}

static gboolean write_ready(int fd, GIOCondition condition, gpointer data);

static void
flush(ham_jsonl *conn)
{
	while (conn->sent < conn->out->len) {
		ssize_t n = send(conn->fd, conn->out->data + conn->sent,
				 conn->out->len - conn->sent, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			conn->no_more = true;
			conn->sent = conn->out->len;
			end_soon(conn, HAM_ERROR_CLOSED, g_strerror(errno));
			break;
		}
		conn->sent += (size_t)n;
	}
	if (conn->sent == conn->out->len || conn->sent > conn->out->len / 2) {
		g_byte_array_remove_range(conn->out, 0, (guint)conn->sent);
		conn->sent = 0;
	}
	if (conn->out->len == 0)
		g_clear_handle_id(&conn->write_source, g_source_remove);
	else if (!conn->write_source && !conn->ended && !conn->reason)
		conn->write_source =
			g_unix_fd_add(conn->fd, G_IO_OUT, write_ready, conn);
}

static gboolean
write_ready(int fd, GIOCondition condition, gpointer data)
{
	ham_jsonl *conn = data;

	(void)fd;
	(void)condition;
	flush(conn);
	settle(conn);
	return G_SOURCE_CONTINUE;
}

ham_jsonl *
ham_jsonl_new(int fd, const struct ham_jsonl_limits *limits,
	      ham_jsonl_object_fn on_object, ham_jsonl_end_fn on_end,
	      void *data)
{
	ham_jsonl *conn = g_new0(ham_jsonl, 1);

	/* FD_CLOEXEC as well: no child may keep the connection open */
	(void)g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	conn->fd = fd;
	conn->refs = 1;
	conn->limits = *limits;
	conn->on_object = on_object;
	conn->on_end = on_end;
	conn->data = data;
	conn->in.pending = g_byte_array_new();
	conn->in.max_line = limits->max_line;
	conn->out = g_byte_array_new();
	conn->read_source = g_unix_fd_add(fd, G_IO_IN, read_ready, conn);
	return conn;
}

void
ham_jsonl_send(ham_jsonl *conn, JsonObject *object)
{
	g_autofree char *text = NULL;

	if (conn->no_more || conn->reason || (conn->ended && !conn->last_words))
		return;
	text = ham_json_text(object);
	g_byte_array_append(conn->out, (const guint8 *)text,
			    (guint)strlen(text));
	g_byte_array_append(conn->out, (const guint8 *)"\n", 1);
	if (!conn->write_source)
		flush(conn);
	if (ham_jsonl_unsent(conn) > conn->limits.max_unsent)
		end_soon(conn, HAM_ERROR_TIMEOUT,
			 "the peer does not read what it is sent");
}

size_t
ham_jsonl_unsent(const ham_jsonl *conn)
{
	return conn->out->len - conn->sent;
}

size_t
ham_jsonl_unfinished(const ham_jsonl *conn)
{
	return conn->in.pending->len;
}

int64_t
ham_jsonl_read_us(const ham_jsonl *conn)
{
	return conn->read_us;
}

void
ham_jsonl_hold(ham_jsonl *conn)
{
	conn->holds++;
}

void
ham_jsonl_release(ham_jsonl *conn)
{
	g_assert(conn->holds > 0);
	conn->holds--;
	settle(conn);
}

int
ham_jsonl_fd(const ham_jsonl *conn)
{
	return conn->fd;
}

void
ham_jsonl_free(ham_jsonl *conn)
{
	if (!conn)
		return;
	shut(conn);
	ham_clear_fd(&conn->fd);
	unref(conn);
}
