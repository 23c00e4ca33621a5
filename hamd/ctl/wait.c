/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/wait.c - see wait.h */
#include "hamd/ctl/wait.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

enum {
	ANSWER_MS = 30000, /* to an order: it is committed first */
	LOOK_MS = 5000,	   /* to guest-show */
	SILENCE_US = 2000000,
	RECONNECT_MS = 10000,
	TICK_LIVE_US = 200000,
	TICK_PLAIN_US = 1000000,
};

/* A deadline `ms` from now, but none later than the whole wait's. */
static int64_t
within(const struct ham_ctl_wait *wait, int64_t ms)
{
	return MIN(ham_ctl_deadline(ms), wait->deadline_us);
}

/* The command line for the user's next step. */
static char *
next_step(const struct ham_ctl_wait *wait, const char *command)
{
	bool given = wait->options->given & HAM_CTL_SOCKET;

	return g_strdup_printf("hamctl %s%s%s%s %s", given ? "--socket " : "",
			       given ? wait->options->socket : "",
			       given ? " " : "", command, wait->guest);
}

static int
interrupted(struct ham_ctl_wait *wait)
{
	const char *undo = wait->answer ? wait->undo : NULL;
	g_autofree char *step = next_step(wait, undo ? undo : "guest show");
	struct signalfd_siginfo info;
	int number = SIGINT;

	if (read(wait->signal_fd, &info, sizeof(info)) == sizeof(info))
		number = (int)info.ssi_signo;
	ham_ctl_terminal_clear(&wait->terminal);
	if (wait->answer)
		ham_ctl_complain("%s: the %s goes on without hamctl; to %s it:",
				 wait->guest, wait->noun,
				 undo ? "cancel" : "look at");
	else
		ham_ctl_complain("%s: hamd has not answered yet, it may have "
				 "taken the order; to look at it:",
				 wait->guest);
	fprintf(stderr, "  %s\n", step);
	return 128 + number;
}

char *
ham_ctl_wait_seen_text(const struct ham_ctl_wait *wait)
{
	const char *state = ham_ctl_json_text(wait->seen, "state");
	const char *owner = ham_ctl_json_text(wait->seen, "owner");
	const char *reason = ham_ctl_json_text(wait->seen, "reason");
	const char *waits_for = ham_ctl_json_text(wait->seen, "waits_for");
	GString *text = g_string_new(NULL);

	if (state[0])
		g_string_append_printf(text, "%s is %s", wait->guest, state);
	if (state[0] && owner[0])
		g_string_append_printf(text, " on %s", owner);
	/* as it should be, its reason is but that of its last migration */
	if (state[0] && reason[0] &&
	    strcmp(state, ham_ctl_json_text(wait->seen, "wanted")) != 0)
		g_string_append_printf(text, ", %s", reason);
	if (state[0] && waits_for[0])
		g_string_append_printf(text, ", waits for %s", waits_for);
	return g_string_free(text, FALSE);
}

/* Asks guest-show; the answer is whole.  NULL with *error. */
static JsonObject *
show(struct ham_ctl_wait *wait, int64_t deadline_us, GError **error)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	JsonObject *answer;
	JsonObject *guest;

	json_object_set_string_member(arguments, "name", wait->guest);
	answer = ham_ctl_client_ask(wait->client, "guest-show", arguments,
				    deadline_us, error);
	guest = ham_ctl_json_object(answer, "guest");
	if (guest) {
		g_clear_pointer(&wait->seen, json_object_unref);
		wait->seen = json_object_ref(guest);
	}
	return answer;
}

void
ham_ctl_wait_refresh(struct ham_ctl_wait *wait)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) answer = NULL;

	if (wait->client)
		answer = show(wait, ham_ctl_deadline(LOOK_MS), &error);
}

static int
look(struct ham_ctl_wait *wait)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) answer = NULL;
	JsonObject *guest;
	int code;

	wait->heard_us = ham_clock_us();
	answer = show(wait, within(wait, LOOK_MS), &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(wait);
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_REFUSED) &&
	    strcmp(ham_ctl_json_text(ham_ctl_client_refusal(wait->client),
				     "class"),
		   "NotFound") == 0) {
		ham_ctl_terminal_clear(&wait->terminal);
		return ham_ctl_report(wait->options, wait->client, error);
	}
	/* no answer: the connection's end comes by the next read, and what is
	 * only late or refused is asked for again */
	guest = ham_ctl_json_object(answer, "guest");
	if (guest == NULL)
		return HAM_CTL_GO_ON;
	code = wait->on_look(wait, guest, ++wait->n_looks);
	if (code != HAM_CTL_GO_ON && (wait->options->given & HAM_CTL_JSON))
		ham_ctl_json_print(answer);
	return code;
}

static int
timed_out(struct ham_ctl_wait *wait)
{
	g_autofree char *after =
		ham_ctl_duration((ham_clock_us() - wait->begin_us) / 1000);
	g_autofree char *seen = NULL;

	ham_ctl_wait_refresh(wait);
	seen = ham_ctl_wait_seen_text(wait);
	ham_ctl_terminal_clear(&wait->terminal);
	ham_ctl_complain("%s: not %s after %s; the %s goes on%s%s", wait->guest,
			 wait->goal, after, wait->noun, seen[0] ? ": " : "",
			 seen);
	return HAM_CTL_TIMED_OUT;
}

static int
take_event(struct ham_ctl_wait *wait, JsonObject *event)
{
	JsonObject *event_data = ham_ctl_json_object(event, "data");

	if (strcmp(ham_ctl_json_text(event_data, "guest"), wait->guest) != 0)
		return HAM_CTL_GO_ON;
	wait->heard_us = ham_clock_us();
	if (wait->options->given & HAM_CTL_JSON)
		ham_ctl_json_print(event);
	return wait->on_event(wait, ham_ctl_json_text(event, "event"),
			      event_data);
}

static bool
follow(struct ham_ctl_wait *wait, GError **error)
{
	g_autoptr(JsonObject) answer =
		ham_ctl_client_ask(wait->client, "events-follow", NULL,
				   within(wait, ANSWER_MS), error);

	return answer != NULL;
}

/* hamd is gone in the middle of it, maybe for a restart only. */
static int
lost(struct ham_ctl_wait *wait)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *step = next_step(wait, "guest show");

	ham_ctl_terminal_clear(&wait->terminal);
	ham_ctl_complain("connection to hamd lost, trying again for %d s",
			 RECONNECT_MS / 1000);
	ham_ctl_client_free(wait->client);
	wait->client =
		ham_ctl_client_reconnect(wait->options->socket, wait->signal_fd,
					 within(wait, RECONNECT_MS), &error);
	if (wait->client && follow(wait, &error)) {
		wait->n_looks = 0;
		return look(wait);
	}
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(wait);
	if (wait->client && g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED))
		return HAM_CTL_GO_ON; /* lost again: seen by the next read */
	if (ham_clock_us() >= wait->deadline_us)
		return timed_out(wait);
	ham_ctl_complain("hamd at %s did not come back: %s; the %s of %s goes "
			 "on without hamctl as far as it can; to look at it:",
			 wait->options->socket, error->message, wait->noun,
			 wait->guest);
	fprintf(stderr, "  %s\n", step);
	return HAM_CTL_UNREACHABLE;
}

static int
take_error(struct ham_ctl_wait *wait, const GError *error)
{
	int64_t now_us = ham_clock_us();

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(wait);
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED))
		return lost(wait);
	if (!g_error_matches(error, HAM_ERROR, HAM_ERROR_TIMEOUT)) {
		ham_ctl_terminal_clear(&wait->terminal);
		return ham_ctl_report(wait->options, wait->client, error);
	}
	if (now_us < wait->deadline_us && now_us - wait->heard_us >= SILENCE_US)
		return look(wait);
	return HAM_CTL_GO_ON;
}

/* One event, or none until the next tick. */
static int
step(struct ham_ctl_wait *wait)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) event = NULL;
	int64_t now_us = ham_clock_us();

	if (now_us >= wait->deadline_us)
		return timed_out(wait);
	if (now_us >= wait->tick_us) {
		wait->tick_us = now_us + (wait->terminal.live ? TICK_LIVE_US
							      : TICK_PLAIN_US);
		if (!(wait->options->given & HAM_CTL_JSON))
			wait->on_tick(wait);
	}
	event = ham_ctl_client_event(
		wait->client, MIN(wait->tick_us, wait->deadline_us), &error);
	return event ? take_event(wait, event) : take_error(wait, error);
}

/* The order was sent or not, and taken or not: only hamd knows. */
static int
unanswered(struct ham_ctl_wait *wait, const GError *error)
{
	g_autofree char *step = next_step(wait, "guest show");
	int code;

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(wait);
	code = ham_ctl_report(wait->options, wait->client, error);
	if (!g_error_matches(error, HAM_ERROR, HAM_ERROR_REFUSED)) {
		ham_ctl_complain("%s: hamd may have taken the order; to look "
				 "at it:",
				 wait->guest);
		fprintf(stderr, "  %s\n", step);
	}
	return code;
}

/* With what hamd has chosen by itself. */
static void
print_ordered(const struct ham_ctl_wait *wait)
{
	const char *to = ham_ctl_json_text(wait->answer, "to");
	g_autofree char *clean = ham_ctl_clean(to);

	if (to[0] && !json_object_has_member(wait->arguments, "node"))
		printf("%s: %s to %s ordered\n", wait->guest, wait->noun,
		       clean);
	else
		printf("%s: %s ordered\n", wait->guest, wait->noun);
}

/* Follows, then orders; the answer is printed with --json. */
static int
order(struct ham_ctl_wait *wait)
{
	bool waits = !(wait->options->given & HAM_CTL_NO_WAIT);
	g_autoptr(GError) error = NULL;

	if (!waits || follow(wait, &error))
		wait->answer = ham_ctl_client_ask(
			wait->client, wait->command, wait->arguments,
			within(wait, ANSWER_MS), &error);
	if (wait->answer == NULL)
		return unanswered(wait, error);
	if (wait->options->given & HAM_CTL_JSON)
		ham_ctl_json_print(wait->answer);
	else if (!waits)
		print_ordered(wait);
	return waits ? HAM_CTL_GO_ON : HAM_CTL_OK;
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int
ham_ctl_wait_run(struct ham_ctl_wait *wait)
{
	int64_t limit_ms = wait->options->timeout_ms ? wait->options->timeout_ms
						     : wait->limit_ms;
	ham_autofd int signal_fd = open_signals();
	int code = HAM_CTL_FAILED;

	ham_ctl_terminal_open(&wait->terminal);
	wait->signal_fd = signal_fd;
	wait->begin_us = wait->heard_us = ham_clock_us();
	wait->deadline_us = ham_ctl_deadline(limit_ms);
	wait->client =
		ham_ctl_connect(wait->options, signal_fd, ANSWER_MS, &code);
	if (wait->client) {
		code = order(wait);
		if (code == HAM_CTL_GO_ON)
			code = look(wait);
		while (code == HAM_CTL_GO_ON)
			code = step(wait);
	}
	g_clear_pointer(&wait->client, ham_ctl_client_free);
	g_clear_pointer(&wait->answer, json_object_unref);
	g_clear_pointer(&wait->seen, json_object_unref);
	return code;
}
