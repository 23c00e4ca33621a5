/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/until.c - see until.h */
#include "hamd/ctl/until.h"

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/ctl/client.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"

enum {
	LOOK_MS = 300
};

static bool
is_timeout(const GError *error)
{
	return g_error_matches(error, HAM_ERROR, HAM_ERROR_TIMEOUT);
}

/* False with *error: the connection is of no use any more. */
static bool
await_event(ham_ctl_client *client, int64_t end_us, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(JsonObject) event = ham_ctl_client_event(
		client, MIN(ham_ctl_deadline(LOOK_MS), end_us), &local);

	if (event || is_timeout(local))
		return true;
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

static int
look(const struct ham_ctl_options *options, ham_ctl_client *client,
     const char *command, int64_t end_us, ham_ctl_until_fn is_so, void *data,
     GError **error)
{
	for (;;) {
		g_autoptr(JsonObject) answer = ham_ctl_client_ask(
			client, command, NULL, end_us, error);
		bool so = answer && is_so(answer, data);
		bool over = ham_clock_us() >= end_us;

		if (answer && (so || over) && options->given & HAM_CTL_JSON)
			ham_ctl_json_print(answer);
		if (so)
			return HAM_CTL_OK;
		if (answer == NULL || over ||
		    !await_event(client, end_us, error))
			return HAM_CTL_TIMED_OUT;
	}
}

int
ham_ctl_until(const struct ham_ctl_options *options, const char *command,
	      int64_t default_ms, ham_ctl_until_fn is_so, void *data)
{
	int64_t ms = options->timeout_ms ? options->timeout_ms : default_ms;
	int64_t end_us = ham_ctl_deadline(ms);
	g_autoptr(ham_ctl_client) client = NULL;
	g_autoptr(JsonObject) followed = NULL;
	g_autoptr(GError) error = NULL;
	int code;

	client = ham_ctl_connect(options, -1, ms, &code);
	if (client == NULL)
		return code;
	followed = ham_ctl_client_ask(client, "events-follow", NULL, end_us,
				      &error);
	code = followed ? look(options, client, command, end_us, is_so, data,
			       &error)
			: HAM_CTL_TIMED_OUT;
	return error && !is_timeout(error)
		       ? ham_ctl_report(options, client, error)
		       : code;
}
