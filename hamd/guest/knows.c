/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/knows.c - see knows.h */
#include "hamd/guest/knows.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/child.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	LIMIT_MS = 4000,
	ANSWER_MAX = 8 << 20, /* bytes; QEMU 10.0's is 130 KiB */
};

/* All at once: what comes later is asked before QEMU has read it. */
static const char questions[] = "{\"execute\":\"qmp_capabilities\"}\n"
				"{\"execute\":\"query-machines\"}\n"
				"{\"execute\":\"query-cpu-definitions\"}\n"
				"{\"execute\":\"quit\"}\n";

struct cpu {
	char *type;
	char *lacks;
};

struct waiter {
	ham_knows_fn on_known;
	void *data;
};

struct ham_knows {
	const char *program;
	const char *accel;
	uid_t uid;
	struct stat asked;    /* the program, when it was asked */
	GHashTable *machines; /* NULL: not known */
	GHashTable *cpus;     /* name -> struct cpu */
	GString *answer;
	GArray *waiters;
	ham_child *child;
	int fd;
	guint source;
	guint limit;
	guint idle;
	char why[128];
};

static void
cpu_free(gpointer data)
{
	struct cpu *cpu = data;

	g_free(cpu->type);
	g_free(cpu->lacks);
	g_free(cpu);
}

ham_knows *
ham_knows_new(const char *program, const char *accel, uid_t uid)
{
	ham_knows *knows = g_new0(ham_knows, 1);

	knows->program = program;
	knows->accel = accel;
	knows->uid = uid;
	knows->fd = -1;
	knows->answer = g_string_new(NULL);
	knows->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	g_strlcpy(knows->why, "QEMU was not asked", sizeof(knows->why));
	return knows;
}

/* ---- reading ---- */

static void
add_machine(ham_knows *knows, JsonObject *machine)
{
	static const char *const names[] = {"name", "alias"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (ham_json_string(machine, names[i]))
			g_hash_table_add(
				knows->machines,
				g_strdup(ham_json_string(machine, names[i])));
}

static void
add_cpu(ham_knows *knows, JsonObject *definition)
{
	JsonArray *list = ham_json_array(definition, "unavailable-features");
	const char *name = ham_json_string(definition, "name");
	GString *lacks = g_string_new(NULL);
	struct cpu *cpu = g_new0(struct cpu, 1);

	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);

		if (json_node_get_value_type(node) == G_TYPE_STRING)
			g_string_append_printf(lacks, "%s%s",
					       lacks->len ? "," : "",
					       json_node_get_string(node));
	}
	cpu->lacks = g_string_free(lacks, FALSE);
	cpu->type = g_strdup(ham_json_string(definition, "typename"));
	if (name)
		g_hash_table_replace(knows->cpus, g_strdup(name), cpu);
	else
		cpu_free(cpu);
}

/* Machines and CPU models have a member that the other does not. */
static void
add_list(ham_knows *knows, JsonArray *list)
{
	for (guint i = 0; i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);
		JsonObject *object = JSON_NODE_HOLDS_OBJECT(node)
					     ? json_node_get_object(node)
					     : NULL;

		if (object && json_object_has_member(object, "typename"))
			add_cpu(knows, object);
		else if (object && json_object_has_member(object, "cpu-max"))
			add_machine(knows, object);
	}
}

bool
ham_knows_read(ham_knows *knows, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);

	g_clear_pointer(&knows->machines, g_hash_table_destroy);
	g_clear_pointer(&knows->cpus, g_hash_table_destroy);
	knows->machines =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	knows->cpus = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					    cpu_free);
	for (char **line = lines; *line; line++) {
		g_autoptr(JsonParser) parser = json_parser_new();
		JsonObject *object;

		g_strchomp(*line);
		if (!ham_json_check(*line, strlen(*line), NULL) ||
		    !json_parser_load_from_data(parser, *line, -1, NULL))
			continue;
		object = json_node_get_object(json_parser_get_root(parser));
		if (ham_json_array(object, "return"))
			add_list(knows, ham_json_array(object, "return"));
	}
	if (g_hash_table_size(knows->machines) > 0)
		return true;
	g_clear_pointer(&knows->machines, g_hash_table_destroy);
	return false;
}

/* ---- asking ---- */

static void
answer_all(ham_knows *knows)
{
	g_autoptr(GArray) waiters = g_steal_pointer(&knows->waiters);

	knows->waiters = g_array_new(FALSE, FALSE, sizeof(struct waiter));
	for (guint i = 0; i < waiters->len; i++) {
		struct waiter *w = &g_array_index(waiters, struct waiter, i);

		w->on_known(knows, w->data);
	}
}

static gboolean
answer_later(gpointer data)
{
	ham_knows *knows = data;

	knows->idle = 0;
	answer_all(knows);
	return G_SOURCE_REMOVE;
}

static void
end(ham_knows *knows)
{
	g_clear_handle_id(&knows->source, g_source_remove);
	g_clear_handle_id(&knows->limit, g_source_remove);
	ham_clear_fd(&knows->fd);
	if (!knows->child)
		return;
	if (!ham_child_gone(knows->child)) {
		ham_child_signal(knows->child, SIGKILL);
		ham_child_abandon(g_steal_pointer(&knows->child));
	}
	g_clear_pointer(&knows->child, ham_child_free);
}

static void
finish(ham_knows *knows, const char *why)
{
	end(knows);
	if (!why && !ham_knows_read(knows, knows->answer->str))
		why = "QEMU ended without telling what it knows";
	g_strlcpy(knows->why, why ? why : "", sizeof(knows->why));
	if (why)
		ham_warn("%s: %s", knows->program, why);
	g_string_truncate(knows->answer, 0);
	answer_all(knows);
}

static gboolean
limit_passed(gpointer data)
{
	ham_knows *knows = data;

	knows->limit = 0;
	finish(knows, "QEMU did not tell what it knows within 4 s");
	return G_SOURCE_REMOVE;
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer data)
{
	ham_knows *knows = data;
	char bytes[65536];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	(void)condition;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n > 0 && knows->answer->len + (size_t)n <= ANSWER_MAX) {
		g_string_append_len(knows->answer, bytes, n);
		return G_SOURCE_CONTINUE;
	}
	knows->source = 0;
	finish(knows, n > 0 ? "QEMU tells more than can be" : NULL);
	return G_SOURCE_REMOVE;
}

static void
exited(ham_child *child, int code, int status, void *data)
{
	/* what it said is read to its end first */
	(void)child;
	(void)code;
	(void)status;
	(void)data;
}

static bool
spawn(ham_knows *knows, GError **error)
{
	g_autofree char *machine =
		g_strdup_printf("none,accel=%s", knows->accel);
	const char *argv[] = {"qemu-system-x86_64",
			      "-machine",
			      machine,
			      "-nodefaults",
			      "-no-user-config",
			      "-display",
			      "none",
			      "-sandbox",
			      "on",
			      "-chardev",
			      "stdio,id=qmp,signal=off",
			      "-mon",
			      "chardev=qmp,mode=control",
			      NULL};
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	struct ham_child_fd fds[2];
	struct ham_child_spec spec = {.program = knows->program,
				      .argv = argv,
				      .fds = fds,
				      .n_fds = G_N_ELEMENTS(fds),
				      .uid = knows->uid,
				      .gid = (gid_t)knows->uid,
				      .ends_with_us = true};
	bool made = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
		    /* far less than a pipe holds */
		    write(in[1], questions, sizeof(questions) - 1) ==
			    (ssize_t)sizeof(questions) - 1 &&
		    fcntl(out[0], F_SETFL, O_NONBLOCK) == 0;

	if (!made)
		ham_error_errno(error, errno, "cannot make a pipe");
	fds[0] = (struct ham_child_fd){in[0], STDIN_FILENO};
	fds[1] = (struct ham_child_fd){out[1], STDOUT_FILENO};
	if (made)
		knows->child = ham_child_spawn(&spec, exited, knows, error);
	if (knows->child)
		knows->fd = ham_steal_fd(&out[0]);
	ham_clear_fd(&in[0]);
	ham_clear_fd(&in[1]);
	ham_clear_fd(&out[0]);
	ham_clear_fd(&out[1]);
	return knows->child != NULL;
}

/* A package that was replaced brings another file. */
static bool
is_fresh(const ham_knows *knows)
{
	struct stat st;

	return knows->machines && stat(knows->program, &st) == 0 &&
	       st.st_ino == knows->asked.st_ino &&
	       st.st_dev == knows->asked.st_dev &&
	       st.st_mtim.tv_sec == knows->asked.st_mtim.tv_sec &&
	       st.st_mtim.tv_nsec == knows->asked.st_mtim.tv_nsec;
}

void
ham_knows_ask(ham_knows *knows, ham_knows_fn on_known, void *data)
{
	struct waiter waiter = {on_known, data};
	g_autoptr(GError) error = NULL;

	g_array_append_val(knows->waiters, waiter);
	if (knows->child || knows->idle)
		return;
	if (is_fresh(knows)) {
		knows->idle = g_idle_add(answer_later, knows);
		return;
	}
	g_clear_pointer(&knows->machines, g_hash_table_destroy);
	memset(&knows->asked, 0, sizeof(knows->asked));
	(void)!stat(knows->program, &knows->asked);
	if (!spawn(knows, &error)) {
		g_strlcpy(knows->why, error->message, sizeof(knows->why));
		knows->idle = g_idle_add(answer_later, knows);
		return;
	}
	knows->source = g_unix_fd_add(knows->fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
				      readable, knows);
	knows->limit = g_timeout_add(LIMIT_MS, limit_passed, knows);
}

void
ham_knows_forget(ham_knows *knows, const void *data)
{
	for (guint i = knows->waiters->len; i-- > 0;)
		if (g_array_index(knows->waiters, struct waiter, i).data ==
		    data)
			g_array_remove_index(knows->waiters, i);
}

/* ---- what is known ---- */

bool
ham_knows_any(const ham_knows *knows)
{
	return knows->machines != NULL;
}

const char *
ham_knows_why(const ham_knows *knows)
{
	return knows->why;
}

bool
ham_knows_machine(const ham_knows *knows, const char *name)
{
	return knows->machines && g_hash_table_contains(knows->machines, name);
}

static const struct cpu *
cpu_of(const ham_knows *knows, const char *name)
{
	g_autofree char *model = g_strndup(name, strcspn(name, ","));

	return knows->machines ? g_hash_table_lookup(knows->cpus, model) : NULL;
}

bool
ham_knows_cpu(const ham_knows *knows, const char *name)
{
	return cpu_of(knows, name) != NULL;
}

const char *
ham_knows_lacks(const ham_knows *knows, const char *name)
{
	const struct cpu *cpu = cpu_of(knows, name);

	return cpu ? cpu->lacks : "";
}

const char *
ham_knows_cpu_type(const ham_knows *knows, const char *name)
{
	const struct cpu *cpu = cpu_of(knows, name);

	return cpu ? cpu->type : NULL;
}

void
ham_knows_free(ham_knows *knows)
{
	if (!knows)
		return;
	end(knows);
	g_clear_handle_id(&knows->idle, g_source_remove);
	g_clear_pointer(&knows->machines, g_hash_table_destroy);
	g_clear_pointer(&knows->cpus, g_hash_table_destroy);
	g_array_free(knows->waiters, TRUE);
	g_string_free(knows->answer, TRUE);
	g_free(knows);
}
