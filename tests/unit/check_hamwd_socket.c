/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_hamwd_socket.c - whom hamwd hears, and how hamd's end of the
 * socket finds it again
 *
 * Needs uid 0.
 */
#include <check.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence/hamwd_wire.h"
#include "hamd/base/fd.h"
#include "tests/unit/hamwd_run.h"
#include "tests/unit/leaf_run.h"

START_TEST(its_socket_is_roots_alone)
{
	GStatBuf st;

	begin("");
	ck_assert_int_eq(g_stat(socket_path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
	stop_hamwd();
}
END_TEST

/* Even if somebody opened the socket to all. */
START_TEST(others_are_not_heard)
{
	struct ham_wd_ask ask = {HAM_WD_MAGIC, HAM_WD_VERSION, HAM_WD_ARM, S};
	int status;
	pid_t other;

	begin("");
	g_chmod(socket_path, 0666);
	g_chmod(folder, 0755);
	other = fork();
	ck_assert_int_ge(other, 0);
	if (other == 0) {
		char byte;
		int fd;

		if (setgid(65534) != 0 || setuid(65534) != 0)
			_exit(2);
		fd = raw_connect();
		(void)send(fd, &ask, sizeof(ask), MSG_NOSIGNAL);
		_exit(recv(fd, &byte, 1, 0) > 0);
	}
	ck_assert_int_eq(waitpid(other, &status, 0), other);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* and it took nobody's place */
	deadline_at(0);
	ck_assert_uint_eq(losses, 0);
	expect_log("");
	stop_hamwd();
}
END_TEST

START_TEST(a_newer_connection_replaces_the_older)
{
	struct ham_wd_ask ask = {HAM_WD_MAGIC, HAM_WD_VERSION, HAM_WD_HELLO, 0};
	struct ham_wd_state said;
	ham_autofd int fd = -1;

	begin("");
	fd = raw_connect();
	UNTIL(losses == 1);
	ck_assert_int_eq(send(fd, &ask, sizeof(ask), 0), sizeof(ask));
	ck_assert_int_eq(recv(fd, &said, sizeof(said), 0), sizeof(said));
	/* and the client takes its place again, by and by */
	UNTIL(answers == 2);
	stop_hamwd();
}
END_TEST

START_TEST(another_version_is_told_so)
{
	struct ham_wd_ask ask = {HAM_WD_MAGIC, HAM_WD_VERSION + 1, HAM_WD_ARM,
				 S};
	struct ham_wd_state said;
	ham_autofd int fd = -1;

	start_hamwd("", NULL, NULL);
	fd = raw_connect();
	ck_assert_int_eq(send(fd, &ask, sizeof(ask), 0), sizeof(ask));
	ck_assert_int_eq(recv(fd, &said, sizeof(said), 0), sizeof(said));
	ck_assert_ptr_nonnull(strstr(said.error, "version"));
	expect_log("");
	stop_hamwd();
}
END_TEST

static const struct {
	uint32_t magic;
	size_t size;
} garbage[] = {
	{HAM_WD_MAGIC + 1, sizeof(struct ham_wd_ask)},
	{HAM_WD_MAGIC, sizeof(struct ham_wd_ask) - 1},
	{HAM_WD_MAGIC, sizeof(struct ham_wd_ask) + 1},
};

START_TEST(garbage_ends_the_connection)
{
	struct {
		struct ham_wd_ask ask;
		char more;
	} packet = {{garbage[_i].magic, HAM_WD_VERSION, HAM_WD_ARM, S}, 0};
	ham_autofd int fd = -1;
	char byte;

	start_hamwd("", NULL, NULL);
	fd = raw_connect();
	ck_assert_int_eq(send(fd, &packet, garbage[_i].size, 0),
			 garbage[_i].size);
	ck_assert_int_eq(recv(fd, &byte, 1, 0), 0);
	expect_log("");
	stop_hamwd();
}
END_TEST

START_TEST(one_hamwd_for_a_socket)
{
	pid_t first;
	int status;

	begin("");
	first = hamwd;
	start_hamwd("", NULL, NULL);
	ck_assert_int_eq(waitpid(hamwd, &status, 0), hamwd);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 1);
	ck_assert(err_has("another hamwd"));
	hamwd = first;
	deadline_at(0);
	ck_assert_uint_eq(losses, 0);
	stop_hamwd();
}
END_TEST

/* ---- hamd's end ---- */

START_TEST(the_client_connects_by_itself)
{
	new_client();
	ck_assert_uint_eq(losses, 0);
	UNTIL(losses == 1);
	ck_assert(!ham_watchdog_arm(client, S));
	/* told once, however often it tries */
	run_for(1200 * MS);
	ck_assert_uint_eq(losses, 1);
	start_hamwd("", NULL, NULL);
	UNTIL(answers == 1);
	arm(1 * S);
	ck_assert(state.armed);
	/* it dies, armed; the next one knows nothing of that */
	stop_hamwd();
	UNTIL(losses == 2);
	ck_assert(!ham_watchdog_deadline(client, ham_clock_us() + S));
	answers = 0;
	start_hamwd("", NULL, NULL);
	UNTIL(answers == 1);
	ck_assert(!state.armed);
	ck_assert_uint_eq(times("magic"), 0);
	stop_hamwd();
}
END_TEST

static void
add_tests(TCase *tc)
{
	tcase_add_test(tc, its_socket_is_roots_alone);
	tcase_add_test(tc, others_are_not_heard);
	tcase_add_test(tc, a_newer_connection_replaces_the_older);
	tcase_add_test(tc, another_version_is_told_so);
	tcase_add_loop_test(tc, garbage_ends_the_connection, 0,
			    G_N_ELEMENTS(garbage));
	tcase_add_test(tc, one_hamwd_for_a_socket);
	tcase_add_test(tc, the_client_connects_by_itself);
}

int
main(void)
{
	Suite *suite = suite_create("hamwd_socket");
	TCase *tc = tcase_create("hamwd_socket");

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
