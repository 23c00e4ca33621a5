/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/admin.c - see admin.h
 *
 * A question is remembered by its token until it is answered or its client is
 * gone.  ham_jsonl_send() never calls back, so answers and events may be sent
 * from anywhere.
 */
#define HAM_LOG_TAG "io"
#include "hamd/io/admin.h"

#include <errno.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/base/log.h"
#include "hamd/io/admin_line.h"
#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"
#include "hamd/io/listen.h"
#include "hamd/io/peer.h"

enum {
	MAX_LINE = 64 << 10,
	MAX_UNSENT = 1 << 20,
	MAX_OUTSTANDING = 32, /* unanswered questions of a client */
	COMMANDS_A_SECOND = 100,
	COMMANDS_AT_ONCE = 200,
	COMMAND_US = 1000000 / COMMANDS_A_SECOND,
	LINE_TIMEOUT_MS = 10000,
	ACCEPTS_A_TURN = 8,
	ACCEPT_PAUSE_MS = 500, /* when descriptors have run out */
};

static const struct ham_jsonl_limits limits = {
	.max_line = MAX_LINE,
	.max_unsent = MAX_UNSENT,
};

struct client {
	ham_admin *admin;
	ham_jsonl *conn;
	struct ham_peer peer;
	bool follows;
	unsigned int outstanding;
	int64_t credit_us; /* token bucket: a command costs COMMAND_US */
	int64_t credit_at_us;
	int64_t line_since_us; /* 0: no unfinished line seen */
};

struct question {
	ham_admin_token token;
	struct client *client;
	JsonNode *id; /* NULL: none given */
};

struct ham_admin {
	char *path;
	char *node;
	char *version;
	dev_t device; /* of our socket's file, so that no other is removed */
	ino_t inode;
	gid_t readers;
	gid_t writers;
	unsigned int max_clients;
	int64_t line_timeout_us;
	ham_admin_request_fn on_request;
	void *data;
	int fd;
	guint accept_source; /* or the pause's timer */
	guint tick_source;   /* while there are clients */
	GPtrArray *clients;
	GHashTable *questions; /* by token */
	ham_admin_token last_token;
};

static void
question_free(struct question *question)
{
	g_clear_pointer(&question->id, json_node_unref);
	g_free(question);
}

static gboolean
is_of_client(gpointer key, gpointer value, gpointer client)
{
	(void)key;
	return ((struct question *)value)->client == client;
}

static void
client_free(struct client *client)
{
	g_hash_table_foreach_remove(client->admin->questions, is_of_client,
				    client);
	ham_jsonl_free(client->conn);
	g_free(client);
}

static void
send_error(ham_jsonl *conn, JsonNode *id, const char *class, const char *desc)
{
	g_autoptr(JsonObject) line = ham_admin_line_error(class, desc, id);

	ham_jsonl_send(conn, line);
}

static void
drop(struct client *client, const char *class, const char *why)
{
	ham_notice("admin client of uid %u, pid %d dropped: %s",
		   (unsigned int)client->peer.uid, (int)client->peer.pid, why);
	send_error(client->conn, NULL, class, why);
	g_ptr_array_remove_fast(client->admin->clients, client);
}

static bool
within_rate(struct client *client)
{
	int64_t now_us = ham_clock_us();

	client->credit_us += now_us - client->credit_at_us;
	client->credit_at_us = now_us;
	if (client->credit_us > (int64_t)COMMANDS_AT_ONCE * COMMAND_US)
		client->credit_us = (int64_t)COMMANDS_AT_ONCE * COMMAND_US;
	if (client->credit_us < COMMAND_US)
		return false;
	client->credit_us -= COMMAND_US;
	return true;
}

static void
ask(struct client *client, JsonObject *line, JsonNode *id)
{
	ham_admin *admin = client->admin;
	JsonObject *given = ham_json_object(line, "arguments");
	g_autoptr(JsonObject) arguments =
		given ? json_object_ref(given) : json_object_new();
	struct question *question = g_new0(struct question, 1);
	struct ham_admin_request request = {
		.token = ++admin->last_token,
		.command = ham_json_string(line, "execute"),
		.arguments = arguments,
		.uid = client->peer.uid,
		.pid = client->peer.pid,
		.may_write = client->peer.access == HAM_PEER_WRITE,
	};

	question->token = request.token;
	question->client = client;
	question->id = id ? json_node_copy(id) : NULL;
	g_hash_table_insert(admin->questions, &question->token, question);
	client->outstanding++;
	ham_jsonl_hold(client->conn);
	/* the owner may answer, or free all of us, before it returns */
	admin->on_request(&request, admin->data);
}

static void
on_object(ham_jsonl *conn, JsonObject *line, void *data)
{
	struct client *client = data;
	JsonNode *id = json_object_get_member(line, "id");
	g_autofree char *why = NULL;

	client->line_since_us = 0;
	if (!within_rate(client)) {
		why = g_strdup_printf("more than %d commands a second",
				      COMMANDS_A_SECOND);
		drop(client, "Busy", why);
		return;
	}
	why = ham_admin_line_malformed(line);
	if (why)
		send_error(conn, id, "GenericError", why);
	else if (client->outstanding >= MAX_OUTSTANDING)
		send_error(conn, id, "Busy", "too many unanswered commands");
	else
		ask(client, line, id);
}

static void
on_end(ham_jsonl *conn, const GError *reason, void *data)
{
	struct client *client = data;

	(void)conn;
	if (reason->code == HAM_ERROR_CLOSED) {
		g_ptr_array_remove_fast(client->admin->clients, client);
		return;
	}
	drop(client, "GenericError", reason->message);
}

static gboolean
tick(gpointer data)
{
	ham_admin *admin = data;
	int64_t now_us = ham_clock_us();

	if (admin->clients->len == 0) {
		admin->tick_source = 0;
		return G_SOURCE_REMOVE;
	}
	/* downwards: a dropped one's place is taken by the last */
	for (guint i = admin->clients->len; i > 0; i--) {
		struct client *client =
			g_ptr_array_index(admin->clients, i - 1);

		if (ham_jsonl_unfinished(client->conn) == 0)
			client->line_since_us = 0;
		else if (client->line_since_us == 0)
			client->line_since_us = now_us;
		else if (now_us - client->line_since_us >
			 admin->line_timeout_us)
			drop(client, "GenericError",
			     "a line was begun and not ended");
	}
	return G_SOURCE_CONTINUE;
}

/* Root's share of the places cannot be taken by others, nor all of theirs by
 * one of them. */
static bool
has_place(const ham_admin *admin, const struct ham_peer *peer)
{
	bool own = peer->uid == 0 || peer->uid == geteuid();
	unsigned int others = 0, same = 0;

	for (guint i = 0; i < admin->clients->len; i++) {
		const struct client *c = g_ptr_array_index(admin->clients, i);

		others += c->peer.uid != 0 && c->peer.uid != geteuid();
		same += c->peer.uid == peer->uid;
	}
	return admin->clients->len < admin->max_clients &&
	       (own || (others < MAX(admin->max_clients / 2, 1) &&
			same < MAX(admin->max_clients / 4, 1)));
}

static void
refuse(int fd, const char *class, const char *why)
{
	g_autoptr(ham_jsonl) conn =
		ham_jsonl_new(fd, &limits, NULL, NULL, NULL);

	send_error(conn, NULL, class, why);
}

static void
admit(ham_admin *admin, int fd)
{
	g_autoptr(JsonObject) greeting = NULL;
	g_autoptr(GError) error = NULL;
	struct ham_peer peer;
	struct client *client;

	if (!ham_peer_identify(fd, admin->readers, admin->writers, &peer,
			       &error)) {
		refuse(fd, "NotPermitted", error->message);
		return;
	}
	if (peer.access == HAM_PEER_NONE) {
		ham_notice("admin client of uid %u, pid %d refused",
			   (unsigned int)peer.uid, (int)peer.pid);
		refuse(fd, "NotPermitted",
		       "only root and the admin groups may ask hamd");
		return;
	}
	if (!has_place(admin, &peer)) {
		refuse(fd, "Busy", "too many admin clients");
		return;
	}
	client = g_new0(struct client, 1);
	client->admin = admin;
	client->peer = peer;
	client->credit_us = (int64_t)COMMANDS_AT_ONCE * COMMAND_US;
	client->credit_at_us = ham_clock_us();
	client->conn = ham_jsonl_new(fd, &limits, on_object, on_end, client);
	g_ptr_array_add(admin->clients, client);
	if (!admin->tick_source)
		admin->tick_source = g_timeout_add(
			(guint)MAX(admin->line_timeout_us / 4000, 1), tick,
			admin);
	greeting = ham_admin_line_greeting(admin->version, admin->node);
	ham_jsonl_send(client->conn, greeting);
}

static gboolean accept_ready(int fd, GIOCondition condition, gpointer data);

static gboolean
accept_again(gpointer data)
{
	ham_admin *admin = data;

	admin->accept_source =
		g_unix_fd_add(admin->fd, G_IO_IN, accept_ready, admin);
	return G_SOURCE_REMOVE;
}

static gboolean
accept_ready(int fd, GIOCondition condition, gpointer data)
{
	ham_admin *admin = data;

	(void)condition;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int peer =
			accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (peer >= 0) {
			admit(admin, peer);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS ||
		    errno == ENOMEM) {
			ham_warn("admin socket: %s", g_strerror(errno));
			admin->accept_source = g_timeout_add(
				ACCEPT_PAUSE_MS, accept_again, admin);
			return G_SOURCE_REMOVE;
		}
		break;
	}
	return G_SOURCE_CONTINUE;
}

static bool
listen_at(ham_admin *admin, const char *path, GError **error)
{
	gid_t gid = admin->writers;
	mode_t mode = 0660;
	struct stat st;

	if (gid == HAM_PEER_NO_GROUP)
		gid = admin->readers;
	else if (admin->readers != HAM_PEER_NO_GROUP && admin->readers != gid)
		mode = 0666;
	if (gid == HAM_PEER_NO_GROUP)
		mode = 0600;
	admin->fd = ham_listen_unix(path, mode, gid, error);
	if (admin->fd < 0)
		return false;
	admin->path = g_strdup(path);
	if (lstat(path, &st) == 0) {
		admin->device = st.st_dev;
		admin->inode = st.st_ino;
	}
	(void)g_unix_set_fd_nonblocking(admin->fd, TRUE, NULL);
	return true;
}

ham_admin *
ham_admin_new(const struct ham_admin_spec *spec,
	      ham_admin_request_fn on_request, void *data, GError **error)
{
	g_autoptr(ham_admin) admin = g_new0(ham_admin, 1);

	admin->fd = -1;
	admin->node = g_strdup(spec->node);
	admin->version = g_strdup(spec->version);
	admin->max_clients = spec->max_clients;
	admin->line_timeout_us =
		(spec->line_timeout_ms ? (int64_t)spec->line_timeout_ms
				       : LINE_TIMEOUT_MS) *
		1000;
	admin->on_request = on_request;
	admin->data = data;
	admin->clients =
		g_ptr_array_new_with_free_func((GDestroyNotify)client_free);
	admin->questions =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
				      (GDestroyNotify)question_free);
	if (!ham_peer_group(spec->read_group, &admin->readers, error) ||
	    !ham_peer_group(spec->write_group, &admin->writers, error) ||
	    !listen_at(admin, spec->path, error))
		return NULL;
	admin->accept_source =
		g_unix_fd_add(admin->fd, G_IO_IN, accept_ready, admin);
	return g_steal_pointer(&admin);
}

/* The question leaves the table; its client is still there. */
static struct question *
take_question(ham_admin *admin, ham_admin_token token)
{
	struct question *question =
		g_hash_table_lookup(admin->questions, &token);

	if (question)
		g_hash_table_steal(admin->questions, &token);
	return question;
}

static void
close_question(struct question *question)
{
	question->client->outstanding--;
	ham_jsonl_release(question->client->conn);
	question_free(question);
}

void
ham_admin_return(ham_admin *admin, ham_admin_token token, JsonObject *result)
{
	struct question *question = take_question(admin, token);
	g_autoptr(JsonObject) line =
		ham_admin_line_return(result, question ? question->id : NULL);

	if (!question)
		return;
	ham_jsonl_send(question->client->conn, line);
	close_question(question);
}

void
ham_admin_error(ham_admin *admin, ham_admin_token token,
		const char *error_class, const char *description)
{
	struct question *question = take_question(admin, token);

	if (!question)
		return;
	send_error(question->client->conn, question->id, error_class,
		   description);
	close_question(question);
}

void
ham_admin_follow(ham_admin *admin, ham_admin_token token)
{
	struct question *question =
		g_hash_table_lookup(admin->questions, &token);

	if (!question || question->client->follows)
		return;
	question->client->follows = true;
	/* never released: it is owed all events to come */
	ham_jsonl_hold(question->client->conn);
}

void
ham_admin_event(ham_admin *admin, const char *name, JsonObject *event_data)
{
	g_autoptr(JsonObject) line =
		ham_admin_line_event(name, event_data, ham_clock_wall_us());

	for (guint i = 0; i < admin->clients->len; i++) {
		struct client *client = g_ptr_array_index(admin->clients, i);

		if (client->follows)
			ham_jsonl_send(client->conn, line);
	}
}

void
ham_admin_event_to(ham_admin *admin, ham_admin_token token, const char *name,
		   JsonObject *event_data)
{
	struct question *question =
		g_hash_table_lookup(admin->questions, &token);
	g_autoptr(JsonObject) line =
		ham_admin_line_event(name, event_data, ham_clock_wall_us());

	if (question)
		ham_jsonl_send(question->client->conn, line);
}

unsigned int
ham_admin_clients(const ham_admin *admin)
{
	return admin->clients->len;
}

void
ham_admin_free(ham_admin *admin)
{
	struct stat st;

	if (!admin)
		return;
	g_clear_handle_id(&admin->accept_source, g_source_remove);
	g_clear_handle_id(&admin->tick_source, g_source_remove);
	g_ptr_array_unref(admin->clients);
	g_hash_table_unref(admin->questions);
	if (admin->path && lstat(admin->path, &st) == 0 &&
	    st.st_dev == admin->device && st.st_ino == admin->inode)
		unlink(admin->path);
	ham_clear_fd(&admin->fd);
	g_free(admin->path);
	g_free(admin->node);
	g_free(admin->version);
	g_free(admin);
}
