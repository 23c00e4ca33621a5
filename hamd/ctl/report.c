/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/report.c - see report.h */
#include "hamd/ctl/report.h"

#include <gio/gio.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd-config.h"
#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/table.h"

enum {
	ANSWER_MS = 10000
};

static const struct {
	const char *error_class;
	enum ham_ctl_exit code;
} classes[] = {
	{"NoQuorum", HAM_CTL_NO_QUORUM},
	{"NotFound", HAM_CTL_NOT_FOUND},
	{"BadArgument", HAM_CTL_USAGE},
	{"NotBuilt", HAM_CTL_USAGE},
};

void
ham_ctl_complain(const char *format, ...)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	clean = ham_ctl_clean(text);
	fflush(stdout);
	fprintf(stderr, "hamctl: %s\n", clean);
}

bool
ham_ctl_agreed(const struct ham_ctl_options *options, const char *question)
{
	char line[16] = "";

	if (options->given & HAM_CTL_YES || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "%s [y/N] ", question);
	if (!fgets(line, sizeof(line), stdin))
		line[0] = '\0';
	return line[0] == 'y' || line[0] == 'Y';
}

int64_t
ham_ctl_deadline(int64_t ms)
{
	return ms ? ham_clock_us() + ms * 1000 : HAM_CTL_NEVER;
}

ham_ctl_client *
ham_ctl_connect(const struct ham_ctl_options *options, int wake_fd,
		int64_t default_ms, int *code)
{
	int64_t ms = options->timeout_ms ? options->timeout_ms : default_ms;
	g_autoptr(GError) error = NULL;
	ham_ctl_client *client;

	client = ham_ctl_client_connect(options->socket, wake_fd,
					ham_ctl_deadline(ms), &error);
	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
		*code = 128 + SIGINT; /* whoever pressed it knows */
	} else if (client == NULL) {
		ham_ctl_complain("cannot reach hamd at %s: %s", options->socket,
				 error->message);
		*code = HAM_CTL_UNREACHABLE;
	}
	return client;
}

static int
report_refusal(const struct ham_ctl_options *options,
	       const ham_ctl_client *client, const GError *error)
{
	JsonObject *refusal = ham_ctl_client_refusal(client);
	const char *error_class = ham_ctl_json_text(refusal, "class");

	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) whole = json_object_new();

		json_object_set_object_member(whole, "error",
					      json_object_ref(refusal));
		ham_ctl_json_print(whole);
	}
	if (strcmp(error_class, "CommandNotFound") == 0)
		ham_ctl_complain("%s (hamd %s, hamctl %s)", error->message,
				 ham_ctl_client_version(client),
				 PACKAGE_VERSION);
	else
		ham_ctl_complain("%s", error->message);
	for (size_t i = 0; i < G_N_ELEMENTS(classes); i++)
		if (strcmp(classes[i].error_class, error_class) == 0)
			return classes[i].code;
	return HAM_CTL_FAILED;
}

int
ham_ctl_report(const struct ham_ctl_options *options,
	       const ham_ctl_client *client, const GError *error)
{
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_REFUSED))
		return report_refusal(options, client, error);
	ham_ctl_complain("%s (%s)", error->message, options->socket);
	if (g_error_matches(error, HAM_ERROR, HAM_ERROR_TIMEOUT))
		return HAM_CTL_TIMED_OUT;
	return HAM_CTL_UNREACHABLE;
}

JsonObject *
ham_ctl_ask_once(const struct ham_ctl_options *options, const char *command,
		 JsonObject *arguments, int *code)
{
	return ham_ctl_ask_for(options, command, arguments, ANSWER_MS, code);
}

JsonObject *
ham_ctl_ask_for(const struct ham_ctl_options *options, const char *command,
		JsonObject *arguments, int64_t default_ms, int *code)
{
	int64_t ms = options->timeout_ms ? options->timeout_ms : default_ms;
	g_autoptr(ham_ctl_client) client = NULL;
	g_autoptr(GError) error = NULL;
	JsonObject *answer;

	client = ham_ctl_connect(options, -1, ms, code);
	if (client == NULL)
		return NULL;
	answer = ham_ctl_client_ask(client, command, arguments,
				    ham_ctl_deadline(ms), &error);
	if (answer == NULL) {
		*code = ham_ctl_report(options, client, error);
		return NULL;
	}
	if (options->given & HAM_CTL_JSON)
		ham_ctl_json_print(answer);
	*code = HAM_CTL_OK;
	return answer;
}
