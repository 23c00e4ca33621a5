/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/events.c - hamctl events: what has happened, or what happens now
 *
 * For people a line an event, without the progress figures, of which there is
 * one a second; --json leaves nothing out.
 */
#include <gio/gio.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

enum {
	ANSWER_MS = 10000,
	RECONNECT_MS = 10000
};

struct follower {
	const struct ham_ctl_options *options;
	int64_t deadline_us;
	int64_t last_seq; /* seen; -1: none */
	int64_t n_printed;
};

static bool
is_progress(JsonObject *event)
{
	return strcmp(ham_ctl_json_text(event, "event"),
		      "MIGRATION_PROGRESS") == 0;
}

/* False if it is none for people. */
static bool
print_event(const struct ham_ctl_options *options, JsonObject *event)
{
	JsonObject *event_data = ham_ctl_json_object(event, "data");
	const char *name = ham_ctl_json_text(event, "event");
	const char *guest = ham_ctl_json_text(event_data, "guest");
	g_autofree char *time = NULL;
	g_autofree char *line = NULL;
	g_autofree char *clean = NULL;

	if (options->given & HAM_CTL_JSON) {
		ham_ctl_json_print(event);
		return true;
	}
	if (is_progress(event))
		return false;
	time = ham_ctl_json_time(event, "timestamp");
	line = g_strdup_printf("%s  %" G_GINT64_FORMAT "  %s  %s%s%s  %s", time,
			       ham_ctl_json_int(event_data, "seq", 0),
			       ham_ctl_json_text(event_data, "node"), name,
			       guest[0] ? "  " : "", guest,
			       ham_ctl_json_text(event_data, "text"));
	clean = ham_ctl_clean(line);
	puts(clean);
	fflush(stdout);
	return true;
}

static int
list(const struct ham_ctl_options *options)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	JsonArray *events;
	int code;

	if (options->given & HAM_CTL_SINCE)
		json_object_set_int_member(arguments, "since", options->since);
	if (options->given & HAM_CTL_LIMIT)
		json_object_set_int_member(arguments, "limit", options->limit);
	answer = ham_ctl_ask_once(options, "events-list", arguments, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	events = ham_ctl_json_array(answer, "events");
	for (guint i = 0; i < ham_ctl_json_length(events); i++)
		print_event(options, ham_ctl_json_element(events, i));
	return code;
}

/* Asks for the events after those we have.  A hamd that counts from a lower
 * number than we have seen has begun anew. */
static bool
subscribe(struct follower *follower, ham_ctl_client *client, GError **error)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	bool from_start = follower->options->given & HAM_CTL_SINCE;

	if (follower->last_seq >= 0)
		json_object_set_int_member(arguments, "since",
					   follower->last_seq);
	else if (from_start)
		json_object_set_int_member(arguments, "since",
					   follower->options->since);
	answer = ham_ctl_client_ask(
		client, "events-follow", arguments,
		MIN(ham_ctl_deadline(ANSWER_MS), follower->deadline_us), error);
	if (answer &&
	    ham_ctl_json_int(answer, "next", INT64_MAX) <= follower->last_seq)
		follower->last_seq = -1;
	return answer != NULL;
}

/* False if it was had before the connection was lost.  Progress bears the
 * number of the event before it, and is never sent again. */
static bool
is_new(struct follower *follower, JsonObject *event)
{
	JsonObject *event_data = ham_ctl_json_object(event, "data");
	int64_t seq = ham_ctl_json_int(event_data, "seq", INT64_MAX);

	if (seq == INT64_MAX || is_progress(event))
		return true;
	if (seq <= follower->last_seq)
		return false;
	follower->last_seq = seq;
	return true;
}

/* Prints events until the connection or the time ends; true: all are had. */
static bool
pump(struct follower *follower, ham_ctl_client *client, GError **error)
{
	for (;;) {
		g_autoptr(JsonObject) event = ham_ctl_client_event(
			client, follower->deadline_us, error);

		if (event == NULL)
			return false;
		if (is_new(follower, event) &&
		    print_event(follower->options, event))
			follower->n_printed++;
		if (follower->options->given & HAM_CTL_LIMIT &&
		    follower->n_printed >= follower->options->limit)
			return true;
	}
}

static int
follow(const struct ham_ctl_options *options)
{
	struct follower follower = {
		.options = options,
		.deadline_us = ham_ctl_deadline(options->timeout_ms),
		.last_seq = -1,
	};
	g_autoptr(ham_ctl_client) client = NULL;
	int code = HAM_CTL_OK;

	client = ham_ctl_connect(options, -1, ANSWER_MS, &code);
	while (client) {
		g_autoptr(GError) error = NULL;

		if (subscribe(&follower, client, &error) &&
		    pump(&follower, client, &error))
			return HAM_CTL_OK;
		/* the time of --timeout is what was asked for */
		if (ham_clock_us() >= follower.deadline_us)
			return HAM_CTL_OK;
		if (!g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED))
			return ham_ctl_report(options, client, error);
		ham_ctl_complain("connection to hamd lost, trying again for "
				 "%d s",
				 RECONNECT_MS / 1000);
		g_clear_error(&error);
		g_clear_pointer(&client, ham_ctl_client_free);
		client = ham_ctl_client_reconnect(
			options->socket, -1,
			MIN(ham_ctl_deadline(RECONNECT_MS),
			    follower.deadline_us),
			&error);
		if (client == NULL) {
			ham_ctl_complain("cannot reach hamd at %s: %s",
					 options->socket, error->message);
			code = HAM_CTL_UNREACHABLE;
		}
	}
	return code;
}

int
ham_ctl_events(const struct ham_ctl_options *options, char **args)
{
	(void)args;
	return options->given & HAM_CTL_FOLLOW ? follow(options)
					       : list(options);
}
