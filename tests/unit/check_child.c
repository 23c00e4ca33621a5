/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_child.c - processes as hamd starts, adopts and hears them
 *
 * Every wait is for the event itself; a test that hears nothing is ended by
 * the deadline of the test framework.
 */
#include <check.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/child.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "tests/unit/leaf_run.h"

#define SH "/bin/sh"

struct heard {
	unsigned int times;
	int code;
	int status;
	ham_child *child;
	GMainLoop *loop;
};

static char *log_path;

static void
setup(void)
{
	int fd = g_file_open_tmp("check-child-XXXXXX", &log_path, NULL);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void
teardown(void)
{
	g_unlink(log_path);
	g_clear_pointer(&log_path, g_free);
}

static void
on_exit_heard(ham_child *child, int code, int status, void *data)
{
	struct heard *heard = data;

	heard->times++;
	heard->code = code;
	heard->status = status;
	heard->child = child;
	ck_assert(ham_child_gone(child));
	if (heard->loop)
		g_main_loop_quit(heard->loop);
}

static void
wait_end(struct heard *heard)
{
	g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);

	heard->loop = loop;
	if (heard->times == 0)
		g_main_loop_run(loop);
	heard->loop = NULL;
	ck_assert_uint_eq(heard->times, 1);
}

/* Runs a script to its end and returns what it printed. */
static char *
output_of(const char *script, struct ham_child_spec spec)
{
	const char *argv[] = {"sh (guest)", "-c", script, NULL};
	struct heard heard = {0};
	GError *error = NULL;
	g_autoptr(ham_child) child = NULL;
	char *text = NULL;

	spec.program = SH;
	spec.argv = argv;
	spec.log_path = log_path;
	child = ham_child_spawn(&spec, on_exit_heard, &heard, &error);
	ck_assert_msg(child != NULL, "%s", error ? error->message : "");
	wait_end(&heard);
	ck_assert_int_eq(heard.code, CLD_EXITED);
	ck_assert_int_eq(heard.status, 0);
	ck_assert(g_file_get_contents(log_path, &text, NULL, NULL));
	return text;
}

static ham_child *
spawn(const char *script, struct heard *heard)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct ham_child_spec spec = {.program = SH, .argv = argv};
	GError *error = NULL;
	ham_child *child = ham_child_spawn(&spec, on_exit_heard, heard, &error);

	ck_assert_msg(child != NULL, "%s", error ? error->message : "");
	return child;
}

START_TEST(exit_status_is_told)
{
	struct heard heard = {0};
	g_autoptr(ham_child) child = spawn("exit 7", &heard);
	pid_t pid = ham_child_pid(child);

	wait_end(&heard);
	ck_assert_ptr_eq(heard.child, child);
	ck_assert_int_eq(heard.code, CLD_EXITED);
	ck_assert_int_eq(heard.status, 7);
	/* reaped: no zombie stays */
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(death_by_signal_is_told)
{
	struct heard heard = {0};
	g_autoptr(ham_child) child = spawn("exec sleep 100", &heard);

	ck_assert(!ham_child_gone(child));
	ham_child_signal(child, SIGKILL);
	wait_end(&heard);
	ck_assert_int_eq(heard.code, CLD_KILLED);
	ck_assert_int_eq(heard.status, SIGKILL);
	/* its number may be another process's by now */
	ham_child_signal(child, SIGKILL);
}
END_TEST

START_TEST(failing_exec_is_an_error)
{
	const char *argv[] = {"program", NULL};
	struct ham_child_spec spec = {.program = "/nonexistent/program",
				      .argv = argv};
	struct heard heard = {0};
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(
		ham_child_spawn(&spec, on_exit_heard, &heard, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "/nonexistent/program"));
	ck_assert_ptr_nonnull(strstr(error->message, "No such file"));
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(failing_log_is_an_error)
{
	const char *argv[] = {"sh", "-c", "exit 0", NULL};
	struct ham_child_spec spec = {
		.program = SH, .argv = argv, .log_path = "/nonexistent/log"};
	struct heard heard = {0};
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(
		ham_child_spawn(&spec, on_exit_heard, &heard, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "/nonexistent/log"));
}
END_TEST

START_TEST(output_is_appended)
{
	struct ham_child_spec spec = {0};
	g_autofree char *first = output_of("echo one", spec);
	g_autofree char *both = output_of("echo two >&2", spec);

	ck_assert_str_eq(first, "one\n");
	ck_assert_str_eq(both, "one\ntwo\n");
}
END_TEST

START_TEST(its_name_for_ps_is_argv_0)
{
	struct ham_child_spec spec = {0};
	g_autofree char *text =
		output_of("tr '\\0' '\\n' </proc/$$/cmdline", spec);

	ck_assert_msg(g_str_has_prefix(text, "sh (guest)\n-c\n"), "%s", text);
}
END_TEST

/* The numbers wanted in the child are those that the other has here. */
START_TEST(descriptors_change_places)
{
	int a[2];
	int b[2];
	struct ham_child_fd fds[2];
	struct ham_child_spec spec = {.fds = fds, .n_fds = 2};
	g_autofree char *text = NULL;
	char got = 0;

	ck_assert_int_eq(pipe2(a, O_CLOEXEC), 0);
	ck_assert_int_eq(pipe2(b, O_CLOEXEC), 0);
	fds[0] = (struct ham_child_fd){a[1], b[1]};
	fds[1] = (struct ham_child_fd){b[1], a[1]};
	{
		g_autofree char *script = g_strdup_printf(
			"printf A >&%d; printf B >&%d", b[1], a[1]);

		text = output_of(script, spec);
	}
	ck_assert_str_eq(text, "");
	ck_assert_int_eq(read(a[0], &got, 1), 1);
	ck_assert_int_eq(got, 'A');
	ck_assert_int_eq(read(b[0], &got, 1), 1);
	ck_assert_int_eq(got, 'B');
	for (int i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
}
END_TEST

START_TEST(no_other_descriptor_is_inherited)
{
	ham_autofd int careless = open("/dev/null", O_RDONLY);
	ham_autofd int far = fcntl(careless, F_DUPFD, 150);
	ham_autofd int given = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct ham_child_fd fds[] = {{given, 3}};
	struct ham_child_spec spec = {.fds = fds, .n_fds = 1};
	g_autofree char *text = NULL;

	ck_assert_int_ge(far, 150);
	/* the shell's own glob opens one for the folder while it looks */
	text = output_of("for n in 0 1 2 3 4 5 6 7 8 9 150 200 201 202 203; do"
			 " [ -e /proc/$$/fd/$n ] && printf '%s ' $n; done; :",
			 spec);
	ck_assert_str_eq(text, "0 1 2 3 ");
}
END_TEST

START_TEST(it_leads_a_session_without_signals_or_privileges)
{
	struct ham_child_spec spec = {0};
	g_autofree char *text = NULL;
	sigset_t set;
	sigset_t old;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, &old);
	signal(SIGPIPE, SIG_IGN);
	text = output_of(
		"read -r pid comm state ppid pgrp sid rest </proc/$$/stat"
		" && [ $pid = $sid ] && echo leader;"
		/* libc keeps 32 and 33 to itself, no reset */
		"exec sed -nE "
		"'s/^(SigIgn:.)0000000180000000/\\10000000000000000/;"
		"/^(SigBlk|SigIgn|NoNewPrivs)/p' "
		"/proc/self/status",
		spec);
	signal(SIGPIPE, SIG_DFL);
	sigprocmask(SIG_SETMASK, &old, NULL);
	ck_assert_str_eq(text, "leader\n"
			       "SigBlk:\t0000000000000000\n"
			       "SigIgn:\t0000000000000000\n"
			       "NoNewPrivs:\t1\n");
}
END_TEST

START_TEST(ids_are_dropped_before_exec)
{
	struct ham_child_spec spec = {.uid = 61999, .gid = 61998};
	g_autofree char *text = NULL;

	if (geteuid() != 0)
		return; /* nobody else may change ids */
	text = output_of("exec grep -E '^(Uid|Gid|Groups|CapEff)' "
			 "/proc/self/status",
			 spec);
	ck_assert_str_eq(text, "Uid:\t61999\t61999\t61999\t61999\n"
			       "Gid:\t61998\t61998\t61998\t61998\n"
			       "Groups:\t \n"
			       "CapEff:\t0000000000000000\n");
}
END_TEST

/* A process that another one started: not ours to wait for. */
static pid_t
strangers_pid(void)
{
	struct ham_child_spec spec = {0};
	g_autofree char *text =
		output_of("sleep 100 >/dev/null 2>&1 & echo $!", spec);

	return (pid_t)g_ascii_strtoll(text, NULL, 10);
}

START_TEST(the_end_of_an_adopted_process_is_heard)
{
	struct heard heard = {0};
	pid_t pid = strangers_pid();
	g_autoptr(GError) error = NULL;
	g_autoptr(ham_child) child = ham_child_adopt(
		pid, ham_child_start_ticks(pid), on_exit_heard, &heard, &error);

	ck_assert_ptr_nonnull(child);
	ck_assert_int_eq(ham_child_pid(child), pid);
	ck_assert_uint_eq(heard.times, 0);
	ham_child_signal(child, SIGKILL);
	wait_end(&heard);
	ck_assert_int_eq(heard.code, 0);
	ck_assert_int_eq(heard.status, 0);
}
END_TEST

START_TEST(a_number_used_again_is_not_adopted)
{
	struct heard heard = {0};
	g_autoptr(GError) error = NULL;
	uint64_t ticks = ham_child_start_ticks(getpid());

	ck_assert_uint_ne(ticks, 0);
	ck_assert_ptr_null(ham_child_adopt(getpid(), ticks + 1, on_exit_heard,
					   &heard, &error));
	ck_assert(g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED));
}
END_TEST

START_TEST(a_process_that_is_gone_is_not_adopted)
{
	struct heard heard = {0};
	g_autoptr(ham_child) child = spawn("exec sleep 100", &heard);
	pid_t pid = ham_child_pid(child);
	uint64_t ticks = ham_child_start_ticks(pid);
	g_autoptr(GError) error = NULL;

	ham_child_signal(child, SIGKILL);
	wait_end(&heard);
	ck_assert_ptr_null(
		ham_child_adopt(pid, ticks, on_exit_heard, &heard, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_uint_eq(ham_child_start_ticks(pid), 0);
}
END_TEST

START_TEST(start_ticks_whatever_the_name)
{
	uint64_t before = ham_child_start_ticks(getpid());

	ck_assert_uint_ne(before, 0);
	ck_assert_int_eq(prctl(PR_SET_NAME, "a) R 1 (b", 0, 0, 0), 0);
	ck_assert_uint_eq(ham_child_start_ticks(getpid()), before);
	ck_assert_uint_eq(ham_child_start_ticks(0x7ffffff0), 0);
}
END_TEST

START_TEST(free_only_stops_listening)
{
	struct heard heard = {0};
	struct heard other = {0};
	ham_child *child = spawn("exec sleep 100", &heard);
	pid_t pid = ham_child_pid(child);
	g_autoptr(ham_child) again = NULL;

	ham_child_free(child);
	again = ham_child_adopt(pid, ham_child_start_ticks(pid), on_exit_heard,
				&other, NULL);
	ck_assert_ptr_nonnull(again);
	ham_child_signal(again, SIGTERM);
	wait_end(&other);
	ck_assert_uint_eq(heard.times, 0);
	ham_child_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("child");
	TCase *tc = tcase_create("child");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, exit_status_is_told);
	tcase_add_test(tc, death_by_signal_is_told);
	tcase_add_test(tc, failing_exec_is_an_error);
	tcase_add_test(tc, failing_log_is_an_error);
	tcase_add_test(tc, output_is_appended);
	tcase_add_test(tc, its_name_for_ps_is_argv_0);
	tcase_add_test(tc, descriptors_change_places);
	tcase_add_test(tc, no_other_descriptor_is_inherited);
	tcase_add_test(tc, it_leads_a_session_without_signals_or_privileges);
	tcase_add_test(tc, ids_are_dropped_before_exec);
	tcase_add_test(tc, the_end_of_an_adopted_process_is_heard);
	tcase_add_test(tc, a_number_used_again_is_not_adopted);
	tcase_add_test(tc, a_process_that_is_gone_is_not_adopted);
	tcase_add_test(tc, start_ticks_whatever_the_name);
	tcase_add_test(tc, free_only_stops_listening);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
