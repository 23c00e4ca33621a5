/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/main.c - options, the cluster file, start, run, stop
 *
 * Refuses to start with a cluster file that has any error, without corosync,
 * with settings of corosync that are not safe, or with a QEMU before 10.0.
 * SIGTERM disarms this node, stops hamd and leaves the guests running; SIGUSR1
 * writes the blackbox.
 */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"
#include "hamd/digest_tool.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

enum {
	EXIT_CONFIG = 2,
	BLACKBOX_BYTES = 1 << 20,
};

static gboolean
on_term(gpointer data)
{
	ham_daemon *daemon = data;

	if (daemon->core && daemon->guests)
		ham_daemon_leave(daemon);
	else /* it is only being started */
		ham_daemon_stop(daemon, 0, "a signal asked for it");
	return G_SOURCE_CONTINUE;
}

static gboolean
on_usr1(gpointer data)
{
	(void)data;
	(void)ham_log_dump("/var/log/hamd/blackbox");
	return G_SOURCE_CONTINUE;
}

static ham_conf *
load(const char *path)
{
	g_autoptr(GPtrArray) problems = NULL;
	ham_conf *conf = ham_conf_load(path, &problems);

	for (guint i = 0; !conf && i < problems->len; i++) {
		g_autofree char *line =
			ham_conf_problem_text(g_ptr_array_index(problems, i));

		fprintf(stderr, "hamd: %s\n", line);
	}
	return conf;
}

static int
run(ham_daemon *daemon)
{
	g_autoptr(GError) error = NULL;

	daemon->loop = g_main_loop_new(NULL, FALSE);
	g_unix_signal_add(SIGTERM, on_term, daemon);
	g_unix_signal_add(SIGINT, on_term, daemon);
	g_unix_signal_add(SIGUSR1, on_usr1, daemon);
	if (ham_daemon_start(daemon, &error)) {
		g_main_loop_run(daemon->loop);
	} else {
		ham_err("%s", error->message);
		fprintf(stderr, "hamd: %s\n", error->message);
		daemon->exit_status = 1;
	}
	ham_daemon_clear(daemon);
	g_main_loop_unref(daemon->loop);
	return daemon->exit_status;
}

int
main(int argc, char **argv)
{
	ham_daemon daemon = {0};
	g_autoptr(GError) error = NULL;
	g_autoptr(GOptionContext) context = NULL;
	g_autofree char *path = NULL;
	gboolean foreground = FALSE;
	gboolean verbose = FALSE;
	gboolean version = FALSE;
	int status = 0;
	const GOptionEntry entries[] = {
		{"config", 'c', 0, G_OPTION_ARG_FILENAME, &path,
		 "the cluster file [/etc/hamd/cluster.conf]", "FILE"},
		{"foreground", 'f', 0, G_OPTION_ARG_NONE, &foreground,
		 "log to standard error, too", NULL},
		{"verbose", 'v', 0, G_OPTION_ARG_NONE, &verbose,
		 "with -f: everything down to debug", NULL},
		{"version", 0, 0, G_OPTION_ARG_NONE, &version,
		 "print the version and exit", NULL},
		{0},
	};

	if (ham_digest_tool(argc, argv, &status))
		return status;
	context = g_option_context_new("- keeps virtual machines alive");
	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error) ||
	    argc > 1) {
		fprintf(stderr, "hamd: %s\n",
			error ? error->message : "too many arguments");
		return EXIT_CONFIG;
	}
	if (version) {
		printf("hamd %s\n", PACKAGE_VERSION);
		return 0;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "hamd: must be run as root\n");
		return 1;
	}
	daemon.counters.since_us = ham_clock_wall_us();
	daemon.config_path = path ? path : "/etc/hamd/cluster.conf";
	daemon.conf = load(daemon.config_path);
	if (!daemon.conf)
		return EXIT_CONFIG;
	signal(SIGPIPE, SIG_IGN);
	ham_log_open("hamd", foreground ? (verbose ? LOG_DEBUG : LOG_INFO) : -1,
		     true, BLACKBOX_BYTES);
	status = run(&daemon);
	ham_log_close();
	return status;
}
