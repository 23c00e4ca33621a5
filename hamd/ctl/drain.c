/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/drain.c - hamctl node drain and evacuate: plan, order, see its end
 *
 *	node-plan, shown -> asked on a terminal -> events followed -> node-drain
 *	-> events of its guests; node-plan again after each end, and when it is
 *	silent -> empty, or nothing more can leave
 *
 * The end of hamctl never undoes the order: hamctl node undrain does.
 */
#include <gio/gio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/ctl/client.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/node.h"
#include "hamd/ctl/progress.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/terminal.h"

enum {
	ANSWER_MS = 30000,
	RECONNECT_MS = 10000,
	TICK_LIVE_US = 200000,
	TICK_PLAIN_US = 1000000,
	LOOK_US = 2000000, /* of silence */
	GO_ON = -1,
};

struct drain {
	const struct ham_ctl_options *options;
	const char *node;
	bool until_empty; /* evacuate: what can't leave now is waited for */
	bool json;
	ham_ctl_client *client;
	int signal_fd;
	const sigset_t *signals; /* that it is of */
	JsonObject *plan;	 /* newest */
	GHashTable *ours;	 /* names of all guests that were in one */
	bool ordered;		 /* or hamd may have heard it at least */
	int64_t begin_us;
	int64_t deadline_us;
	int64_t look_us; /* when to ask for the plan again */
	int64_t tick_us;
	int64_t empty_us; /* since when the plan has nobody left, 0: it has */
	struct ham_ctl_terminal terminal;
	/* of the guest that is on its way */
	char *guest;
	struct ham_ctl_progress progress;
	char *last; /* plain line */
};

static JsonObject *
ask(struct drain *drain, const char *command, GError **error)
{
	g_autoptr(JsonObject) arguments = json_object_new();

	json_object_set_string_member(arguments, "node", drain->node);
	return ham_ctl_client_ask(
		drain->client, command, arguments,
		MIN(ham_ctl_deadline(ANSWER_MS), drain->deadline_us), error);
}

static int
interrupted(struct drain *drain)
{
	struct signalfd_siginfo info;
	int number = SIGINT;

	if (read(drain->signal_fd, &info, sizeof(info)) == sizeof(info))
		number = (int)info.ssi_signo;
	ham_ctl_terminal_clear(&drain->terminal);
	if (drain->ordered) {
		ham_ctl_complain("%s: what was ordered goes on; to call "
				 "it off:",
				 drain->node);
		fprintf(stderr, "  hamctl node undrain %s\n", drain->node);
	}
	return 128 + number;
}

static int
failed(struct drain *drain, const GError *error)
{
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(drain);
	ham_ctl_terminal_clear(&drain->terminal);
	return ham_ctl_report(drain->options, drain->client, error);
}

static void
keep_plan(struct drain *drain, JsonObject *plan)
{
	JsonArray *guests = ham_ctl_json_array(plan, "guests");

	g_clear_pointer(&drain->plan, json_object_unref);
	drain->plan = plan;
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		g_hash_table_add(
			drain->ours,
			g_strdup(ham_ctl_json_text(
				ham_ctl_json_element(guests, i), "name")));
}

/* ---- the plan ---- */

static void
print_plan(struct drain *drain)
{
	if (drain->json)
		ham_ctl_json_print(drain->plan);
	else
		ham_ctl_node_print_plan(drain->node, drain->plan);
}

static bool
is_agreed(struct drain *drain)
{
	g_autofree char *question = g_strdup_printf("Drain %s?", drain->node);
	bool agreed;

	sigprocmask(SIG_UNBLOCK, drain->signals, NULL);
	agreed = ham_ctl_agreed(drain->options, question);
	sigprocmask(SIG_BLOCK, drain->signals, NULL);
	return agreed;
}

/* ---- how it goes ---- */

static void
draw(struct drain *drain)
{
	int64_t now_us = ham_clock_us();
	g_autofree char *text = NULL;

	if (drain->guest == NULL || drain->json)
		return;
	if (drain->terminal.live) {
		g_autofree char *name = g_strdup_printf("%s: ", drain->guest);
		size_t own = ham_ctl_width(name);
		size_t columns = ham_ctl_terminal_columns();
		g_autofree char *bar =
			ham_ctl_progress_bar(&drain->progress, now_us,
					     columns > own ? columns - own : 0,
					     drain->options->color);

		text = g_strconcat(name, bar, NULL);
		ham_ctl_terminal_draw(&drain->terminal, text);
		return;
	}
	text = ham_ctl_progress_plain(&drain->progress, drain->guest, now_us);
	if (g_strcmp0(text, drain->last) == 0)
		return;
	puts(text);
	fflush(stdout);
	g_free(drain->last);
	drain->last = g_steal_pointer(&text);
}

static void say(struct drain *drain, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void
say(struct drain *drain, const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;
	va_list ap;

	if (drain->json)
		return;
	ham_ctl_terminal_clear(&drain->terminal);
	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	clean = ham_ctl_clean(text);
	puts(clean);
	fflush(stdout);
}

static void
take_event(struct drain *drain, JsonObject *event)
{
	JsonObject *news = ham_ctl_json_object(event, "data");
	const char *kind = ham_ctl_json_text(event, "event");
	const char *guest = ham_ctl_json_text(news, "guest");
	bool node_state = strcmp(kind, "NODE_STATE") == 0;

	/* also of one that has left the plan by now */
	if (!g_hash_table_contains(drain->ours, guest) && !node_state)
		return;
	if (drain->json)
		ham_ctl_json_print(event);
	if (g_str_has_prefix(kind, "MIGRATION_P") &&
	    g_strcmp0(guest, drain->guest) != 0) {
		g_free(drain->guest);
		drain->guest = g_strdup(guest);
		ham_ctl_progress_start(&drain->progress, ham_clock_us());
	}
	if (strcmp(kind, "MIGRATION_PROGRESS") == 0) {
		ham_ctl_progress_update(&drain->progress, news, ham_clock_us());
		return; /* drawn by the second */
	}
	if (strcmp(kind, "MIGRATION_PHASE") == 0) {
		ham_ctl_progress_phase(&drain->progress,
				       ham_ctl_json_text(news, "phase"));
		draw(drain);
		return;
	}
	if (strcmp(kind, "MIGRATION_DONE") == 0 ||
	    strcmp(kind, "MIGRATION_FAILED") == 0) {
		g_autofree char *text = ham_ctl_progress_result(guest, news);

		say(drain, "%s", text);
		if (g_strcmp0(guest, drain->guest) == 0)
			g_clear_pointer(&drain->guest, g_free);
	} else if (strcmp(kind, "DRAIN_WAITS") == 0) {
		say(drain, "%s: could not leave yet: %s", guest,
		    ham_ctl_json_text(news, "text"));
	}
	drain->look_us = 0;
}

static bool
is_drained(struct drain *drain)
{
	JsonArray *states = ham_ctl_json_array(drain->plan, "states");

	for (guint i = 0; i < ham_ctl_json_length(states); i++)
		if (strcmp(ham_ctl_json_string_at(states, i), "drained") == 0)
			return true;
	return false;
}

/* A guest has left before its result was told: that comes within a moment. */
static bool
awaits_result(struct drain *drain)
{
	int64_t now_us = ham_clock_us();

	if (drain->empty_us == 0)
		drain->empty_us = now_us;
	return drain->guest && now_us - drain->empty_us < LOOK_US;
}

/* What the plan says of those that are still there. */
static int
judge(struct drain *drain)
{
	JsonArray *guests = ham_ctl_json_array(drain->plan, "guests");
	GString *stay = g_string_new(NULL);
	unsigned int left = 0;
	bool any_moves = false;
	int code = GO_ON;
	g_autofree char *after =
		ham_ctl_duration((ham_clock_us() - drain->begin_us) / 1000);

	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		JsonObject *guest = ham_ctl_json_element(guests, i);
		const char *why = ham_ctl_json_text(guest, "why");

		if (!ham_ctl_json_bool(guest, "runs"))
			continue;
		left++;
		any_moves = any_moves || why[0] == '\0';
		g_string_append_printf(stay, "; %s: %s",
				       ham_ctl_json_text(guest, "name"), why);
	}
	if (left == 0 && awaits_result(drain)) {
		code = GO_ON;
	} else if (left == 0) {
		say(drain, "%s: empty after %s", drain->node, after);
		code = HAM_CTL_OK;
	} else if (!is_drained(drain)) {
		ham_ctl_terminal_clear(&drain->terminal);
		ham_ctl_complain("%s: the drain was called off, guests are "
				 "left there: %u",
				 drain->node, left);
		code = HAM_CTL_ABORTED;
	} else if (!any_moves && !drain->until_empty) {
		ham_ctl_terminal_clear(&drain->terminal);
		ham_ctl_complain("%s: not empty, it stays drained and hamd "
				 "tries again%s",
				 drain->node, stay->str);
		code = HAM_CTL_FAILED;
	}
	if (code != GO_ON && drain->json)
		ham_ctl_json_print(drain->plan);
	g_string_free(stay, TRUE);
	return code;
}

/* What is not answered is asked again; a lost connection is seen by the next
 * read. */
static int
look(struct drain *drain)
{
	g_autoptr(GError) error = NULL;
	JsonObject *plan = ask(drain, "node-plan", &error);

	drain->look_us = ham_clock_us() + LOOK_US;
	if (plan) {
		keep_plan(drain, plan);
		return judge(drain);
	}
	return g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED) ||
			       g_error_matches(error, HAM_ERROR,
					       HAM_ERROR_TIMEOUT)
		       ? GO_ON
		       : failed(drain, error);
}

static int
timed_out(struct drain *drain)
{
	g_autofree char *after =
		ham_ctl_duration((ham_clock_us() - drain->begin_us) / 1000);

	ham_ctl_terminal_clear(&drain->terminal);
	ham_ctl_complain("%s: not empty after %s; the drain goes on",
			 drain->node, after);
	return HAM_CTL_TIMED_OUT;
}

static bool
follow(struct drain *drain, GError **error)
{
	g_autoptr(JsonObject) answer = ham_ctl_client_ask(
		drain->client, "events-follow", NULL,
		MIN(ham_ctl_deadline(ANSWER_MS), drain->deadline_us), error);

	return answer != NULL;
}

static int
lost(struct drain *drain)
{
	g_autoptr(GError) error = NULL;

	ham_ctl_terminal_clear(&drain->terminal);
	ham_ctl_complain("connection to hamd lost, trying again for %d s",
			 RECONNECT_MS / 1000);
	ham_ctl_client_free(drain->client);
	drain->client = ham_ctl_client_reconnect(
		drain->options->socket, drain->signal_fd,
		MIN(ham_ctl_deadline(RECONNECT_MS), drain->deadline_us),
		&error);
	drain->look_us = 0;
	if (drain->client && follow(drain, &error))
		return GO_ON;
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return interrupted(drain);
	if (drain->client &&
	    g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED))
		return GO_ON;
	ham_ctl_complain("hamd at %s did not come back: %s; the drain of %s "
			 "goes on without hamctl as far as it can",
			 drain->options->socket, error->message, drain->node);
	return HAM_CTL_UNREACHABLE;
}

/* One event, or none until the next tick. */
static int
step(struct drain *drain)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) event = NULL;
	int64_t now_us = ham_clock_us();
	int code;

	if (now_us >= drain->deadline_us)
		return timed_out(drain);
	if (now_us >= drain->tick_us) {
		drain->tick_us =
			now_us +
			(drain->terminal.live ? TICK_LIVE_US : TICK_PLAIN_US);
		draw(drain);
	}
	if (now_us >= drain->look_us) {
		code = look(drain);
		if (code != GO_ON)
			return code;
	}
	event = ham_ctl_client_event(
		drain->client, MIN(drain->tick_us, drain->deadline_us), &error);
	if (event)
		take_event(drain, event);
	else if (g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED))
		return lost(drain);
	else if (!g_error_matches(error, HAM_ERROR, HAM_ERROR_TIMEOUT))
		return failed(drain, error);
	return GO_ON;
}

/* The order, and what was asked for before it. */
static int
give(struct drain *drain)
{
	bool waits = !(drain->options->given & HAM_CTL_NO_WAIT);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) answer = NULL;
	JsonObject *plan;

	plan = ask(drain, "node-plan", &error);
	if (plan == NULL)
		return failed(drain, error);
	keep_plan(drain, plan);
	print_plan(drain);
	if (!is_agreed(drain)) {
		ham_ctl_complain("%s: nothing was changed", drain->node);
		return HAM_CTL_FAILED;
	}
	if (!waits || follow(drain, &error)) {
		drain->ordered = true;
		answer = ask(drain, "node-drain", &error);
	}
	if (answer == NULL)
		return failed(drain, error);
	if (drain->json)
		ham_ctl_json_print(answer);
	else if (!waits)
		printf("%s: drain ordered\n", drain->node);
	return waits ? GO_ON : HAM_CTL_OK;
}

/* A signal wakes each wait; while a person is asked, it ends hamctl as ever. */
static int
open_signals(sigset_t *set)
{
	sigemptyset(set);
	sigaddset(set, SIGINT);
	sigaddset(set, SIGTERM);
	sigprocmask(SIG_BLOCK, set, NULL);
	return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
}

static int
run(const struct ham_ctl_options *options, const char *node, bool until_empty)
{
	struct drain drain = {
		.options = options,
		.node = node,
		.until_empty = until_empty,
		.json = options->given & HAM_CTL_JSON,
		.begin_us = ham_clock_us(),
		.deadline_us = ham_ctl_deadline(options->timeout_ms),
	};
	sigset_t signals;
	ham_autofd int signal_fd = open_signals(&signals);
	int code = HAM_CTL_FAILED;

	drain.ours =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	drain.signal_fd = signal_fd;
	drain.signals = &signals;
	drain.client = ham_ctl_connect(options, signal_fd, ANSWER_MS, &code);
	if (drain.client)
		code = give(&drain);
	ham_ctl_terminal_open(&drain.terminal);
	while (code == GO_ON)
		code = step(&drain);
	ham_ctl_terminal_clear(&drain.terminal);
	g_clear_pointer(&drain.client, ham_ctl_client_free);
	g_clear_pointer(&drain.plan, json_object_unref);
	g_hash_table_destroy(drain.ours);
	g_free(drain.guest);
	g_free(drain.last);
	return code;
}

int
ham_ctl_node_drain(const struct ham_ctl_options *options, char **args)
{
	return run(options, args[0], false);
}

int
ham_ctl_node_evacuate(const struct ham_ctl_options *options, char **args)
{
	return run(options, args[0], true);
}
