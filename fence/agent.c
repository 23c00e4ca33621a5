/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/agent.c - see agent.h
 *
 * An agent may hang, lie, say megabytes, or leave processes behind: it has a
 * deadline, what it says is bounded, with its end all of its process group
 * ends, and with ours it does: nobody would hear its answer.
 *
 * Refuses to judge what an answer proves.
 */
#include "fence/agent.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/child.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"

enum {
	SAID_MAX = 4096,
	WHOLE_MAX = 256 * 1024, /* metadata of all known agents: 5 to 11 KiB */
	WORDS_MAX = 160,
};

/* A pipe from it, and what came through. */
struct ear {
	ham_fence_agent *agent;
	int fd;
	guint source;
	gsize max;
	GString *text;
};

struct ham_fence_agent {
	ham_child *child;
	pid_t group;
	struct ear out;
	struct ear err; /* only with `whole`, else both are `out` */
	bool whole;
	guint limit;
	guint refused;
	char *name;
	char *failure; /* of its start */
	int64_t limit_us;
	ham_fence_agent_fn on_answer;
	void *data;
};

static void
ear_open(struct ear *ear, ham_fence_agent *agent, gsize max)
{
	ear->agent = agent;
	ear->fd = -1;
	ear->max = max;
	ear->text = g_string_new(NULL);
}

static void
ear_clear(struct ear *ear)
{
	g_clear_handle_id(&ear->source, g_source_remove);
	ham_clear_fd(&ear->fd);
	g_string_free(ear->text, TRUE);
}

static void
agent_free(ham_fence_agent *agent)
{
	g_clear_handle_id(&agent->limit, g_source_remove);
	g_clear_handle_id(&agent->refused, g_source_remove);
	ham_child_free(agent->child);
	ear_clear(&agent->out);
	ear_clear(&agent->err);
	g_free(agent->name);
	g_free(agent->failure);
	g_free(agent);
}

/* Its process group outlives it as long as anything of it runs. */
static void
end_group(const ham_fence_agent *agent)
{
	if (agent->group > 1)
		(void)kill(-agent->group, SIGKILL);
}

/* Whether it ends or not: one that the kernel holds is waited for by nobody. */
static void
end_now(ham_fence_agent *agent)
{
	if (!agent->child)
		return;
	ham_child_signal(agent->child, SIGKILL);
	end_group(agent);
	ham_child_abandon(agent->child);
	agent->child = NULL;
}

/* ---- what it says ---- */

static void answer(ham_fence_agent *agent, enum ham_fence_answer what,
		   const char *how);

static bool
wants_all(const struct ear *ear)
{
	return ear->agent->whole && ear == &ear->agent->out;
}

/* False: nothing is there now. */
static bool
listen_to(struct ear *ear)
{
	char bytes[SAID_MAX];
	ssize_t n = ear->fd < 0 ? 0 : read(ear->fd, bytes, sizeof(bytes));

	if (n <= 0)
		return false;
	g_string_append_len(ear->text, bytes, n);
	if (ear->text->len > ear->max && !wants_all(ear))
		g_string_erase(ear->text, 0,
			       (gssize)(ear->text->len - ear->max));
	return true;
}

static bool
is_too_much(const struct ear *ear)
{
	return ear->text->len > ear->max;
}

static gboolean
on_said(gint fd, GIOCondition condition, gpointer data)
{
	struct ear *ear = data;

	(void)fd;
	/* once a turn: one that talks without end must not keep us here */
	listen_to(ear);
	if (is_too_much(ear)) {
		ear->source = 0;
		end_now(ear->agent);
		answer(ear->agent, HAM_FENCE_FAILED, "says too much");
		return G_SOURCE_REMOVE;
	}
	if (condition & G_IO_IN)
		return G_SOURCE_CONTINUE;
	ear->source = 0;
	return G_SOURCE_REMOVE;
}

/* What fence-agents' own library logs begins with the time, which would make
 * the same failure a new one each time. */
static const char *
without_time(const char *line)
{
	int end = 0;

	(void)sscanf(line, "%*4d-%*2d-%*2d %*2d:%*2d:%*2d,%*3d %n", &end);
	return line + end;
}

/* What was left in the pipe; of what is wanted in full, all of it. */
static void
listen_to_the_end(struct ear *ear)
{
	while (listen_to(ear) && wants_all(ear) && !is_too_much(ear))
		;
}

/* The last line that is not empty, printable; NULL: there is none. */
static char *
last_line_of(const GString *text)
{
	g_auto(GStrv) lines = g_strsplit(text->str, "\n", -1);
	g_autofree char *clean = NULL;

	for (guint i = g_strv_length(lines); i-- > 0;) {
		if (!*g_strstrip(lines[i]))
			continue;
		clean = g_utf8_make_valid(without_time(lines[i]), -1);
		for (char *c = clean; *c; c++)
			if (g_ascii_iscntrl(*c))
				*c = ' ';
		return g_utf8_substring(
			clean, 0, MIN(g_utf8_strlen(clean, -1), WORDS_MAX));
	}
	return NULL;
}

static char *
last_line(const ham_fence_agent *agent)
{
	char *line = last_line_of(agent->err.text);

	if (!line)
		line = last_line_of(agent->out.text);
	return line ? line : g_strdup("");
}

/* ---- the end ---- */

static void
answer(ham_fence_agent *agent, enum ham_fence_answer what, const char *how)
{
	g_autofree char *said = how ? last_line(agent) : NULL;
	g_autofree char *words =
		how ? g_strdup_printf("%s %s%s%s", agent->name, how,
				      *said ? ": " : "", said)
		    : g_strdup(agent->whole ? agent->out.text->str : "");
	ham_fence_agent_fn on_answer = agent->on_answer;
	void *data = agent->data;

	agent_free(agent);
	on_answer(what, words, data);
}

static void
ended(ham_child *child, int code, int status, void *data)
{
	ham_fence_agent *agent = data;
	g_autofree char *how = NULL;

	(void)child;
	end_group(agent);
	listen_to_the_end(&agent->out);
	listen_to_the_end(&agent->err);
	if (is_too_much(&agent->out))
		answer(agent, HAM_FENCE_FAILED, "says too much");
	else if (code == CLD_EXITED && status == 0)
		answer(agent, HAM_FENCE_DONE, NULL);
	else if (code == CLD_EXITED && status == 2)
		answer(agent, HAM_FENCE_IS_OFF, NULL);
	else {
		how = g_strdup_printf(code == CLD_EXITED
					      ? "ended with exit status %d"
					      : "was ended by signal %d",
				      status);
		answer(agent, HAM_FENCE_FAILED, how);
	}
}

static gboolean
too_long(gpointer data)
{
	ham_fence_agent *agent = data;
	g_autofree char *how =
		g_strdup_printf("did not end in %" G_GINT64_FORMAT " ms",
				agent->limit_us / 1000);

	agent->limit = 0;
	end_now(agent);
	answer(agent, HAM_FENCE_FAILED, how);
	return G_SOURCE_REMOVE;
}

static gboolean
could_not_start(gpointer data)
{
	ham_fence_agent *agent = data;

	agent->refused = 0;
	answer(agent, HAM_FENCE_FAILED, agent->failure);
	return G_SOURCE_REMOVE;
}

/* ---- the start ---- */

/* Our end goes to `ear`, the other one is its to write to. */
static bool
open_pipe(struct ear *ear, int *theirs, GError **error)
{
	int pair[2];

	if (!g_unix_open_pipe(pair, FD_CLOEXEC, error))
		return false;
	ear->fd = pair[0];
	*theirs = pair[1];
	return g_unix_set_fd_nonblocking(ear->fd, TRUE, error);
}

static void
hear(struct ear *ear)
{
	if (ear->fd >= 0)
		ear->source = g_unix_fd_add(
			ear->fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_said, ear);
}

/* The whole of it fits: nobody waits for an agent that does not read. */
static bool
start(ham_fence_agent *agent, const struct ham_fence_agent_spec *spec,
      GString *input, GError **error)
{
	const char *argv[] = {agent->name, NULL};
	ham_autofd int in_r = -1;
	ham_autofd int in_w = -1;
	ham_autofd int out_w = -1;
	ham_autofd int err_w = -1;
	struct ham_child_fd fds[3];
	struct ham_child_spec child = {.program = spec->program,
				       .argv = argv,
				       .fds = fds,
				       .n_fds = 3,
				       .ends_with_us = true};
	int pair[2];

	if (!g_unix_open_pipe(pair, FD_CLOEXEC, error))
		return false;
	in_r = pair[0];
	in_w = pair[1];
	if (!open_pipe(&agent->out, &out_w, error) ||
	    (agent->whole && !open_pipe(&agent->err, &err_w, error)) ||
	    !g_unix_set_fd_nonblocking(in_w, TRUE, error))
		return false;
	if (write(in_w, input->str, input->len) != (ssize_t)input->len)
		return ham_error_errno(error, errno, "its options");
	fds[0] = (struct ham_child_fd){in_r, 0};
	fds[1] = (struct ham_child_fd){out_w, 1};
	fds[2] = (struct ham_child_fd){agent->whole ? err_w : out_w, 2};
	agent->child = ham_child_spawn(&child, ended, agent, error);
	if (!agent->child)
		return false;
	agent->group = ham_child_pid(agent->child);
	hear(&agent->out);
	hear(&agent->err);
	agent->limit =
		g_timeout_add((guint)(spec->limit_us / 1000), too_long, agent);
	return true;
}

ham_fence_agent *
ham_fence_agent_run(const struct ham_fence_agent_spec *spec,
		    ham_fence_agent_fn on_answer, void *data)
{
	ham_fence_agent *agent = g_new0(ham_fence_agent, 1);
	GError *error = NULL;
	GString *input = ham_fence_input(spec, &error);

	agent->whole = spec->whole;
	ear_open(&agent->out, agent, spec->whole ? WHOLE_MAX : SAID_MAX);
	ear_open(&agent->err, agent, SAID_MAX);
	agent->name = g_path_get_basename(spec->program);
	agent->limit_us = spec->limit_us;
	agent->on_answer = on_answer;
	agent->data = data;
	if (!input || !start(agent, spec, input, &error)) {
		agent->failure =
			g_strdup_printf("can't be run: %s", error->message);
		agent->refused = g_idle_add(could_not_start, agent);
	}
	if (input) {
		memset(input->str, 0, input->len);
		g_string_free(input, TRUE);
	}
	g_clear_error(&error);
	return agent;
}

void
ham_fence_agent_cancel(ham_fence_agent *agent)
{
	if (!agent)
		return;
	end_now(agent);
	agent_free(agent);
}
