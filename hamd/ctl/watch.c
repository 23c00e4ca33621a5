/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/watch.c - hamctl watch: the cluster as it changes, until q is
 * pressed
 *
 * On a terminal the whole screen, drawn anew; elsewhere each line that is new;
 * with --json each status that differs from the one before.  It asks for the
 * status once a second, and at once when an event tells that something has
 * happened.  Only asks: what is watched does not notice it.
 */
#include <gio/gio.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/screen.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/terminal.h"
#include "hamd/io/json.h"

#define GO_ON (-1)

enum {
	ANSWER_MS = 10000,
	LOOK_MS = 5000,		 /* to a status */
	RETRY_MS = 500,		 /* between two tries to connect, */
	CONNECT_MS = 1000,	 /* each of which may take so long */
	RECONNECT_US = 10000000, /* without a screen */
	LOOK_US = 1000000,
	LOOK_AGAIN_US = 200000, /* after an event */
	DRAW_US = 200000,
	PAST_EVENTS = 50,
};

struct watch {
	const struct ham_ctl_options *options;
	struct ham_ctl_screen screen;
	struct ham_ctl_terminal terminal;
	ham_ctl_client *client; /* NULL: lost */
	bool follows;		/* it sends events */
	bool complained;	/* that it does not answer, until it does */
	int signal_fd;
	int key_fd; /* -1: there are no keys */
	int64_t deadline_us;
	int64_t looked_us; /* when the last status was asked for, */
	int64_t look_us;   /* and when the next one is */
	int64_t draw_us;
	int64_t lost_us;     /* without a client: since when */
	int64_t last_seq;    /* of the events seen; -1: none */
	char *last;	     /* the last status of --json */
	GHashTable *printed; /* the plain lines of the last time */
};

static bool
wants_json(const struct watch *watch)
{
	return watch->options->given & HAM_CTL_JSON;
}

/* ---- what is shown ---- */

static void
draw(struct watch *watch)
{
	g_autoptr(GPtrArray) lines = NULL;
	size_t rows;
	size_t columns;

	ham_ctl_terminal_size(&rows, &columns);
	lines = ham_ctl_screen_lines(&watch->screen, ham_clock_us(), rows,
				     columns, watch->options->color);
	ham_ctl_terminal_show(&watch->terminal,
			      (const char *const *)lines->pdata, lines->len);
	watch->draw_us = ham_clock_us() + DRAW_US;
}

static void
print_new_lines(struct watch *watch)
{
	g_autoptr(GPtrArray) lines =
		ham_ctl_screen_plain(&watch->screen, ham_clock_us());
	GHashTable *printed =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < lines->len; i++) {
		const char *line = g_ptr_array_index(lines, i);

		if (!g_hash_table_contains(watch->printed, line))
			puts(line);
		g_hash_table_add(printed, g_strdup(line));
	}
	fflush(stdout);
	g_hash_table_unref(watch->printed);
	watch->printed = printed;
}

static void
print_if_changed(struct watch *watch, JsonObject *status)
{
	g_autofree char *text = ham_json_text(status);

	if (g_strcmp0(text, watch->last) == 0)
		return;
	puts(text);
	fflush(stdout);
	g_free(watch->last);
	watch->last = g_steal_pointer(&text);
}

static void
show(struct watch *watch, JsonObject *status)
{
	watch->complained = false;
	g_clear_pointer(&watch->screen.trouble, g_free);
	ham_ctl_screen_status(&watch->screen, status, ham_clock_us());
	if (wants_json(watch))
		print_if_changed(watch, status);
	else if (watch->terminal.full)
		draw(watch);
	else
		print_new_lines(watch);
}

/* News that the screen is not up to date. */
static void
trouble(struct watch *watch, const char *text)
{
	g_free(watch->screen.trouble);
	watch->screen.trouble = g_strdup(text);
	if (watch->terminal.full)
		draw(watch);
}

/* ---- keys and signals ---- */

static int
open_signals(bool screen)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGQUIT);
	if (screen) {
		sigaddset(&set, SIGWINCH);
		sigaddset(&set, SIGTSTP);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* The shell gets its screen until it lets us go on. */
static void
stand_still(struct watch *watch)
{
	ham_ctl_terminal_leave(&watch->terminal);
	kill(getpid(), SIGSTOP);
	ham_ctl_terminal_enter(&watch->terminal);
}

/* Takes what woke us; an exit code, or GO_ON. */
static int
take_wake(struct watch *watch)
{
	struct pollfd fds[] = {
		{.fd = watch->signal_fd, .events = POLLIN},
		{.fd = watch->key_fd, .events = POLLIN},
	};
	struct signalfd_siginfo info;
	char keys[64];
	ssize_t n;

	if (poll(fds, G_N_ELEMENTS(fds), 0) <= 0)
		return GO_ON;
	while (fds[0].revents &&
	       read(watch->signal_fd, &info, sizeof(info)) == sizeof(info)) {
		if (info.ssi_signo == SIGTSTP)
			stand_still(watch);
		else if (info.ssi_signo != SIGWINCH)
			return 128 + (int)info.ssi_signo;
		watch->draw_us = 0;
	}
	if (!fds[1].revents)
		return GO_ON;
	n = read(watch->key_fd, keys, sizeof(keys));
	if (n <= 0) {
		watch->key_fd = -1;
		if (watch->client)
			ham_ctl_client_wake_too(watch->client, -1);
	}
	for (ssize_t i = 0; i < n; i++)
		if (keys[i] == 'q' || keys[i] == 'Q')
			return HAM_CTL_OK;
	return GO_ON;
}

/* Waits until then, or for a key or a signal. */
static int
pause_until(struct watch *watch, int64_t until_us)
{
	struct pollfd fds[] = {
		{.fd = watch->signal_fd, .events = POLLIN},
		{.fd = watch->key_fd, .events = POLLIN},
	};
	int64_t left_us = until_us - ham_clock_us();

	if (left_us > 0 &&
	    poll(fds, G_N_ELEMENTS(fds), (int)(left_us / 1000 + 1)) <= 0)
		return GO_ON;
	return take_wake(watch);
}

/* ---- hamd ---- */

/* Progress bears the number of the event before it. */
static void
take_event(struct watch *watch, JsonObject *event)
{
	JsonObject *event_data = ham_ctl_json_object(event, "data");
	int64_t seq = ham_ctl_json_int(event_data, "seq", INT64_MAX);
	bool progress = strcmp(ham_ctl_json_text(event, "event"),
			       "MIGRATION_PROGRESS") == 0;
	const char *line;

	if (!progress && seq != INT64_MAX) {
		if (seq <= watch->last_seq)
			return;
		watch->last_seq = seq;
	}
	line = ham_ctl_screen_event(&watch->screen, event, ham_clock_us());
	if (line && !watch->terminal.full && !wants_json(watch)) {
		puts(line);
		fflush(stdout);
	}
	if (!progress)
		watch->look_us =
			MIN(watch->look_us, watch->looked_us + LOOK_AGAIN_US);
}

/* What happened before, or while the connection was lost. */
static bool
ask_past_events(struct watch *watch, GError **error)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	JsonArray *events;

	if (watch->last_seq >= 0)
		json_object_set_int_member(arguments, "since", watch->last_seq);
	json_object_set_int_member(arguments, "limit", PAST_EVENTS);
	answer = ham_ctl_client_ask(watch->client, "events-list", arguments,
				    ham_ctl_deadline(LOOK_MS), error);
	events = ham_ctl_json_array(answer, "events");
	for (guint i = 0; i < ham_ctl_json_length(events); i++)
		take_event(watch, ham_ctl_json_element(events, i));
	return answer != NULL;
}

/* Follows first: what comes between the two answers is had twice, not never. */
static bool
subscribe(struct watch *watch, GError **error)
{
	g_autoptr(JsonObject) answer = NULL;
	int64_t next;

	ham_ctl_client_wake_too(watch->client, watch->key_fd);
	answer = ham_ctl_client_ask(watch->client, "events-follow", NULL,
				    ham_ctl_deadline(LOOK_MS), error);
	if (answer == NULL)
		return false;
	next = ham_ctl_json_int(answer, "next", 0);
	if (next <= watch->last_seq)
		watch->last_seq = -1; /* a hamd that has begun anew */
	else if (watch->last_seq < 0 && !watch->terminal.full)
		watch->last_seq = next - 1; /* a log begins now */
	watch->follows = ask_past_events(watch, error);
	watch->look_us = 0;
	return watch->follows;
}

/* It may go on for long: elsewhere than on a screen one line says so. */
static void
no_answer(struct watch *watch)
{
	trouble(watch, "hamd does not answer");
	if (!watch->terminal.full && !watch->complained)
		ham_ctl_complain("hamd does not answer, waiting for it");
	watch->complained = true;
}

/* An error of a question or while events are awaited; an exit code or GO_ON. */
static int
take_error(struct watch *watch, const GError *error)
{
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return take_wake(watch);
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED)) {
		g_clear_pointer(&watch->client, ham_ctl_client_free);
		watch->follows = false;
		watch->lost_us = ham_clock_us();
		trouble(watch, "connection to hamd lost, trying again");
		if (!watch->terminal.full)
			ham_ctl_complain("connection to hamd lost, trying "
					 "again for %d s",
					 RECONNECT_US / 1000000);
		return GO_ON;
	}
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_TIMEOUT)) {
		if (ham_clock_us() - watch->looked_us >= LOOK_MS * 1000)
			no_answer(watch);
		return GO_ON;
	}
	ham_ctl_terminal_leave(&watch->terminal);
	return ham_ctl_report(watch->options, watch->client, error);
}

static int
look(struct watch *watch)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) status = NULL;
	int64_t limit_us;

	watch->looked_us = ham_clock_us();
	watch->look_us = watch->looked_us + LOOK_US;
	limit_us = MIN(watch->looked_us + LOOK_MS * 1000, watch->deadline_us);
	status = ham_ctl_client_ask(watch->client, "status", NULL, limit_us,
				    &error);
	if (status) {
		show(watch, status);
		return GO_ON;
	}
	/* a key must not put off the news by a second */
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		watch->look_us = watch->looked_us + LOOK_AGAIN_US;
	return take_error(watch, error);
}

static int
reconnect(struct watch *watch)
{
	int64_t now_us = ham_clock_us();
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	watch->client =
		ham_ctl_client_connect(watch->options->socket, watch->signal_fd,
				       ham_ctl_deadline(CONNECT_MS), &error);
	if (watch->client)
		return GO_ON;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return take_wake(watch);
	if (!watch->terminal.full && now_us - watch->lost_us >= RECONNECT_US) {
		ham_ctl_complain("cannot reach hamd at %s: %s",
				 watch->options->socket, error->message);
		return HAM_CTL_UNREACHABLE;
	}
	text = g_strdup_printf("connection to hamd lost, trying again: %s",
			       error->message);
	trouble(watch, text);
	return pause_until(watch,
			   MIN(now_us + RETRY_MS * 1000, watch->deadline_us));
}

/* One event, or none until there is something to ask or to draw. */
static int
step(struct watch *watch)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) event = NULL;
	int64_t until_us;
	int code = GO_ON;

	if (ham_clock_us() >= watch->deadline_us)
		return HAM_CTL_OK; /* so long was asked for */
	if (watch->client == NULL)
		return reconnect(watch);
	if (!watch->follows && !subscribe(watch, &error))
		return take_error(watch, error);
	if (ham_clock_us() >= watch->look_us)
		code = look(watch);
	if (code != GO_ON || watch->client == NULL)
		return code;
	if (watch->terminal.full && ham_clock_us() >= watch->draw_us)
		draw(watch);
	until_us = MIN(watch->look_us, watch->deadline_us);
	if (watch->terminal.full)
		until_us = MIN(until_us, watch->draw_us);
	event = ham_ctl_client_event(watch->client, until_us, &error);
	if (event == NULL)
		return take_error(watch, error);
	take_event(watch, event);
	return GO_ON;
}

static int
run(struct watch *watch)
{
	int code = HAM_CTL_FAILED;

	watch->client = ham_ctl_connect(watch->options, watch->signal_fd,
					ANSWER_MS, &code);
	if (watch->client == NULL)
		return code;
	if (!wants_json(watch))
		ham_ctl_terminal_enter(&watch->terminal);
	if (watch->terminal.keys)
		watch->key_fd = STDIN_FILENO;
	do
		code = step(watch);
	while (code == GO_ON);
	return code;
}

int
ham_ctl_watch(const struct ham_ctl_options *options, char **args)
{
	struct watch watch = {
		.options = options,
		.key_fd = -1,
		.last_seq = -1,
		.deadline_us = ham_ctl_deadline(options->timeout_ms),
		.printed = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, NULL),
	};
	ham_autofd int signal_fd = -1;
	int code;

	(void)args;
	ham_ctl_terminal_open(&watch.terminal);
	signal_fd = open_signals(watch.terminal.live && !wants_json(&watch));
	watch.signal_fd = signal_fd;
	ham_ctl_screen_open(&watch.screen);
	code = run(&watch);
	ham_ctl_terminal_leave(&watch.terminal);
	ham_ctl_client_free(watch.client);
	ham_ctl_screen_clear(&watch.screen);
	g_hash_table_unref(watch.printed);
	g_free(watch.last);
	return code;
}
