/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/jsonl.h - JSON objects, one a line, over a stream socket
 *
 * The codec of QMP and of hamd's own admin socket.  Bounded on both sides: a
 * line longer than the limit, or a peer that does not read, closes the
 * connection with an error; nothing waits.  Only objects are let through.
 */
#ifndef HAM_JSONL_H
#define HAM_JSONL_H

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct ham_jsonl ham_jsonl;

/* Called for each object received (borrowed; take a reference to keep it).
 * The handler may call ham_jsonl_free(). */
typedef void (*ham_jsonl_object_fn)(ham_jsonl *conn, JsonObject *object,
				    void *data);

/* Called once when the connection ended: peer closed (HAM_ERROR_CLOSED),
 * garbage or over-long line (HAM_ERROR_PROTOCOL), unread output over the
 * limit (HAM_ERROR_TIMEOUT).  No object is delivered afterwards.  After
 * HAM_ERROR_PROTOCOL one object may still be sent from here, to tell the peer
 * why; it goes out at once or not at all. */
typedef void (*ham_jsonl_end_fn)(ham_jsonl *conn, const GError *reason,
				 void *data);

struct ham_jsonl_limits {
	size_t max_line;   /* bytes in one line from the peer */
	size_t max_unsent; /* bytes queued towards the peer */
};

/* Takes the descriptor (made non-blocking). */
ham_jsonl *ham_jsonl_new(int fd, const struct ham_jsonl_limits *limits,
			 ham_jsonl_object_fn on_object, ham_jsonl_end_fn on_end,
			 void *data);

/* Queues one object; the caller keeps it.  Errors come through on_end, never
 * from inside this call. */
void ham_jsonl_send(ham_jsonl *conn, JsonObject *object);

/* Bytes waiting to be sent. */
size_t ham_jsonl_unsent(const ham_jsonl *conn);

/* Bytes received of a line whose end has not come yet. */
size_t ham_jsonl_unfinished(const ham_jsonl *conn);

/* When the bytes that completed the current object were read (ham_clock_us);
 * for use inside on_object. */
int64_t ham_jsonl_read_us(const ham_jsonl *conn);

/* An answer is still owed: a peer that has only ended its own direction
 * (`echo ... | socat - UNIX:...`) is not closed before as many releases. */
void ham_jsonl_hold(ham_jsonl *conn);
void ham_jsonl_release(ham_jsonl *conn);

int ham_jsonl_fd(const ham_jsonl *conn);

/* Closes at once; on_end is not called.  Safe inside the callbacks. */
void ham_jsonl_free(ham_jsonl *conn);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_jsonl, ham_jsonl_free)

/* Pure splitter behind it, for the fuzzer: feeds bytes, calls on_line for each
 * complete line without its end (\n or \r\n).  False once the limit was
 * passed, and ever after.  on_line returns false to drop the rest. */
struct ham_jsonl_splitter {
	GByteArray *pending; /* the caller's; a line without its newline yet */
	size_t max_line;
	bool over;
};
typedef bool (*ham_jsonl_line_fn)(const char *line, size_t len, void *data);
bool ham_jsonl_split(struct ham_jsonl_splitter *splitter, const char *bytes,
		     size_t len, ham_jsonl_line_fn on_line, void *data);

/* Parses one line; NULL with *error unless it is a JSON object nested no
 * deeper than 64. */
JsonObject *ham_jsonl_parse(const char *line, size_t len, GError **error);

#endif
