/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/report.h - one question, and how an error reaches the user
 *
 * An error is one line on standard error, "hamctl: WHAT", and an exit code;
 * with --json hamd's error object goes to standard output as well.
 */
#ifndef HAM_CTL_REPORT_H
#define HAM_CTL_REPORT_H

#include <glib.h>
#include <json-glib/json-glib.h>

#include "hamd/ctl/client.h"
#include "hamd/ctl/ctl.h"

/* Prints "hamctl: " and the text, without control characters. */
void ham_ctl_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Connects within the time of --timeout (`default_ms` without it).  NULL after
 * it complained; *code is set then. */
ham_ctl_client *ham_ctl_connect(const struct ham_ctl_options *options,
				int wake_fd, int64_t default_ms, int *code);

/* Says what became of a question that failed; the exit code. */
int ham_ctl_report(const struct ham_ctl_options *options,
		   const ham_ctl_client *client, const GError *error);

/* Connects, asks one question, prints the answer if --json is given.  NULL
 * after it complained; *code is set in any case. */
JsonObject *ham_ctl_ask_once(const struct ham_ctl_options *options,
			     const char *command, JsonObject *arguments,
			     int *code);

/* The same, for what takes its time: `default_ms` without --timeout. */
JsonObject *ham_ctl_ask_for(const struct ham_ctl_options *options,
			    const char *command, JsonObject *arguments,
			    int64_t default_ms, int *code);

/* A person at the terminal is asked "question [y/N]"; true without one, or with
 * --yes. */
bool ham_ctl_agreed(const struct ham_ctl_options *options,
		    const char *question);

/* Now plus so many milliseconds; HAM_CTL_NEVER for 0. */
int64_t ham_ctl_deadline(int64_t ms);

#endif
