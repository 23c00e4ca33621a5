/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_hamwd.c - hamwd arms, pets until the deadline, kills,
 * disarms
 *
 * Needs uid 0.
 */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/hamwd_run.h"
#include "tests/unit/leaf_run.h"

/* ---- arming ---- */

START_TEST(nothing_is_opened_before_it_is_armed)
{
	begin("");
	run_for(300 * MS);
	ck_assert(!state.armed);
	expect_log("");
	stop_hamwd();
}
END_TEST

START_TEST(armed_with_the_timeout_wanted)
{
	begin("");
	arm(1500 * MS);
	ck_assert(state.armed);
	ck_assert_int_eq(state.timeout_us, 2 * S);
	ck_assert_str_eq(error, "");
	ck_assert_str_eq(identity, "a fake");
	ck_assert(!state.softdog);
	ck_assert(!state.was_reset);
	expect_log("open,timeout 2,pet");
	stop_hamwd();
}
END_TEST

START_TEST(the_timeout_in_force_is_told)
{
	begin("doubles softdog was-reset");
	arm(2 * S);
	ck_assert(state.armed);
	ck_assert_int_eq(state.timeout_us, 4 * S);
	ck_assert(state.softdog);
	ck_assert(state.was_reset);
	stop_hamwd();
}
END_TEST

static const struct {
	const char *mode;
	const char *error;
} refusals[] = {
	{"absent", "cannot open"},
	{"busy", "Device or resource busy"},
	{"no-settimeout", "takes no timeout"},
	{"no-keepalive", "can't be petted"},
	{"no-magicclose", "would stop if hamwd died"},
	{"alarm-only", "resets nothing"},
	{"at-most-60", "refuses a timeout of 61 s: Invalid argument"},
	{"deaf", "can't be petted: Input/output error"},
};

/* And nothing counts after it: it is closed as it should be. */
START_TEST(what_is_of_no_use_is_refused)
{
	begin(refusals[_i].mode);
	arm(61 * S);
	ck_assert(!state.armed);
	ck_assert_int_eq(state.timeout_us, 0);
	ck_assert_msg(strstr(error, refusals[_i].error), "%s", error);
	ck_assert_uint_eq(times("magic"), times("open"));
	ck_assert_uint_eq(times("close"), times("open"));
	stop_hamwd();
}
END_TEST

/* It counts, and nobody can close it: a refusal is no reason for a reset. */
START_TEST(of_no_use_and_not_to_be_closed)
{
	unsigned int before;

	begin("no-settimeout nowayout");
	arm(2 * S);
	ck_assert(!state.armed);
	ck_assert(state.nowayout);
	before = times("pet");
	/* its timeout is 60 s */
	UNTIL(times("pet") > before);
	stop_hamwd();
}
END_TEST

START_TEST(a_timeout_of_nothing_is_refused)
{
	begin("");
	arm(0);
	ck_assert_str_ne(error, "");
	arm(INT64_MAX);
	ck_assert_str_ne(error, "");
	expect_log("");
	stop_hamwd();
}
END_TEST

START_TEST(armed_again_is_armed)
{
	int64_t deadline = ham_clock_us() + 30 * S;

	begin("");
	arm(2 * S);
	deadline_at(deadline);
	arm(2 * S);
	expect_log("open,timeout 2,pet");
	arm(3 * S);
	ck_assert(state.armed);
	ck_assert_int_eq(state.timeout_us, 3 * S);
	ck_assert_int_eq(state.deadline_us, deadline);
	expect_log("open,timeout 2,pet,timeout 3,pet");
	stop_hamwd();
}
END_TEST

START_TEST(an_armed_one_keeps_the_timeout_that_it_has)
{
	begin("at-most-60");
	arm(2 * S);
	arm(61 * S);
	ck_assert(state.armed);
	ck_assert_int_eq(state.timeout_us, 2 * S);
	ck_assert_str_ne(error, "");
	stop_hamwd();
}
END_TEST

/* ---- petting ---- */

START_TEST(petted_until_the_deadline_and_no_more)
{
	int64_t deadline;

	begin("");
	arm(1 * S);
	deadline = ham_clock_us() + 1600 * MS;
	deadline_at(deadline);
	ck_assert_int_eq(state.deadline_us, deadline);
	UNTIL(err_has("deadline has passed"));
	ck_assert_int_ge(ham_clock_us(), deadline);
	run_for(1 * S);
	ck_assert_int_lt(last_pet(), deadline);
	/* at 0, then each quarter of a second */
	ck_assert_uint_ge(times("pet"), 4);
	ck_assert_uint_eq(times("close"), 0);
	stop_hamwd();
}
END_TEST

START_TEST(a_late_packet_shortens_nothing)
{
	int64_t deadline = ham_clock_us() + 30 * S;

	begin("");
	arm(1 * S);
	deadline_at(deadline);
	deadline_at(deadline - 20 * S);
	ck_assert_int_eq(state.deadline_us, deadline);
	stop_hamwd();
}
END_TEST

START_TEST(hamd_that_comes_back_in_time)
{
	unsigned int before;

	begin("");
	arm(1 * S);
	UNTIL(err_has("deadline has passed"));
	before = times("pet");
	/* the device is told nothing, not even its timeout: that is a pet */
	arm(2 * S);
	ck_assert_str_ne(error, "");
	ck_assert_uint_eq(times("timeout 2"), 0);
	deadline_at(ham_clock_us() + 30 * S);
	ck_assert_uint_eq(state.lapses, 1);
	UNTIL(times("pet") > before);
	stop_hamwd();
}
END_TEST

START_TEST(no_deadline_for_one_that_is_not_armed)
{
	begin("");
	deadline_at(ham_clock_us() + S);
	ck_assert_str_ne(error, "");
	ck_assert_int_eq(state.deadline_us, 0);
	stop_hamwd();
}
END_TEST

START_TEST(a_closed_connection_changes_nothing)
{
	unsigned int before;

	begin("");
	arm(1 * S);
	deadline_at(ham_clock_us() + 30 * S);
	ham_watchdog_free(client);
	client = NULL;
	before = times("pet");
	UNTIL(times("pet") >= before + 3);
	connect_client();
	ck_assert(state.armed);
	stop_hamwd();
}
END_TEST

/* A driver that takes no more pets is told soon, and not without end. */
START_TEST(pets_that_fail_are_no_flood)
{
	begin("deafens");
	arm(2 * S);
	deadline_at(ham_clock_us() + 30 * S);
	UNTIL(times("failed") >= 1);
	run_for(1 * S);
	ck_assert_uint_ge(times("failed"), 2);
	ck_assert_uint_lt(times("failed"), 20);
	stop_hamwd();
}
END_TEST

/* hamd is stopped, or the machine is short of everything: its feeder stands
 * still, and the guests' time runs out. */
START_TEST(a_client_that_is_stopped)
{
	pid_t feeder;
	int64_t stopped;
	unsigned int before;

	start_hamwd("", NULL, NULL);
	feeder = fork();
	ck_assert_int_ge(feeder, 0);
	if (feeder == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (!freopen("/dev/null", "w", stdout))
			_exit(126);
		execl("tests/watchdog/feeder", "feeder", socket_path,
		      "arm=1000", "feed=1500,100000", NULL);
		_exit(127);
	}
	UNTIL(times("pet") >= 8);
	kill(feeder, SIGSTOP);
	stopped = ham_clock_us();
	before = times("pet");
	/* deadlines that it sent hold */
	UNTIL(times("pet") >= before + 2);
	UNTIL(err_has("deadline has passed"));
	ck_assert_int_lt(last_pet(), stopped + 1500 * MS);
	kill(feeder, SIGKILL);
	waitpid(feeder, NULL, 0);
	stop_hamwd();
}
END_TEST

/* ---- the end of the guests ---- */

/* Any folder will do: without a file cgroup.kill it is read as version 1. */
START_TEST(guests_die_at_the_deadline)
{
	g_autofree char *group = in_folder("group");
	g_autofree char *procs = g_build_filename(group, "cgroup.procs", NULL);
	g_autofree char *text = NULL;
	int64_t armed_us;
	int status;
	pid_t guest = fork();

	ck_assert_int_ge(guest, 0);
	if (guest == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	ck_assert_int_eq(g_mkdir(group, 0700), 0);
	text = g_strdup_printf("0\n1\n%d\n", guest);
	ck_assert(g_file_set_contents(procs, text, -1, NULL));
	start_hamwd("", "--kill", group);
	connect_client();
	armed_us = ham_clock_us();
	arm(1 * S);
	ck_assert_int_eq(waitpid(guest, &status, 0), guest);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	ck_assert_int_ge(ham_clock_us(), armed_us + 1 * S);
	UNTIL(err_has("the guests' processes are dead"));
	stop_hamwd();
	g_remove(procs);
}
END_TEST

/* ---- disarming ---- */

START_TEST(disarmed_by_the_magic_close)
{
	begin("");
	arm(2 * S);
	disarm();
	ck_assert(!state.armed);
	ck_assert_str_eq(error, "");
	expect_log("open,timeout 2,pet,disable,magic,close");
	arm(3 * S);
	ck_assert(state.armed);
	stop_hamwd();
}
END_TEST

START_TEST(not_disarmed_where_there_is_no_way_out)
{
	unsigned int before;

	begin("nowayout");
	arm(1 * S);
	deadline_at(ham_clock_us() + 30 * S);
	disarm();
	ck_assert(state.armed);
	ck_assert(state.nowayout);
	ck_assert_ptr_nonnull(strstr(error, "nowayout"));
	ck_assert_uint_eq(times("close"), 0);
	before = times("pet");
	UNTIL(times("pet") > before);
	stop_hamwd();
}
END_TEST

START_TEST(armed_it_does_not_end)
{
	begin("");
	arm(1 * S);
	deadline_at(ham_clock_us() + 30 * S);
	kill(hamwd, SIGTERM);
	UNTIL(err_has("would have the machine reset"));
	kill(hamwd, SIGINT);
	kill(hamwd, SIGHUP);
	deadline_at(ham_clock_us() + 30 * S);
	ck_assert_int_eq(waitpid(hamwd, NULL, WNOHANG), 0);
	ck_assert_uint_eq(times("close"), 0);
	stop_hamwd();
}
END_TEST

START_TEST(not_armed_it_ends)
{
	int status;

	begin("");
	arm(1 * S);
	disarm();
	kill(hamwd, SIGTERM);
	ck_assert_int_eq(waitpid(hamwd, &status, 0), hamwd);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	ck_assert(!g_file_test(socket_path, G_FILE_TEST_EXISTS));
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, nothing_is_opened_before_it_is_armed);
	tcase_add_test(tc, armed_with_the_timeout_wanted);
	tcase_add_test(tc, the_timeout_in_force_is_told);
	tcase_add_loop_test(tc, what_is_of_no_use_is_refused, 0,
			    G_N_ELEMENTS(refusals));
	tcase_add_test(tc, of_no_use_and_not_to_be_closed);
	tcase_add_test(tc, a_timeout_of_nothing_is_refused);
	tcase_add_test(tc, armed_again_is_armed);
	tcase_add_test(tc, an_armed_one_keeps_the_timeout_that_it_has);
	tcase_add_test(tc, petted_until_the_deadline_and_no_more);
	tcase_add_test(tc, a_late_packet_shortens_nothing);
	tcase_add_test(tc, hamd_that_comes_back_in_time);
	tcase_add_test(tc, no_deadline_for_one_that_is_not_armed);
	tcase_add_test(tc, a_closed_connection_changes_nothing);
	tcase_add_test(tc, pets_that_fail_are_no_flood);
	tcase_add_test(tc, a_client_that_is_stopped);
	tcase_add_test(tc, guests_die_at_the_deadline);
	tcase_add_test(tc, disarmed_by_the_magic_close);
	tcase_add_test(tc, not_disarmed_where_there_is_no_way_out);
	tcase_add_test(tc, armed_it_does_not_end);
	tcase_add_test(tc, not_armed_it_ends);
}

int
main(void)
{
	Suite *suite = suite_create("hamwd");
	TCase *tc = tcase_create("hamwd");

	if (geteuid() != 0) {
		puts("needs uid 0, as hamwd does");
		return 77;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, hamwd_setup, hamwd_teardown);
	add_tests(tc);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
