/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_hamwd.c - the real hamwd, hamd's real client, and a fake of
 * the kernel's watchdog (fake_watchdog.c), which notes what is done with it
 *
 * The device counts in seconds, so these tests take some.  Needs uid 0.
 */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence/fence.h"
#include "fence/hamwd_wire.h"
#include "hamd/base/clock.h"
#include "hamd/base/fd.h"
#include "tests/unit/leaf_run.h"

enum {
	S = 1000000,
	MS = 1000,
	PATIENCE_US = 20 * S
};

static char *folder;
static char *socket_path;
static char *log_path;
static char *err_path;
static pid_t hamwd;
static ham_watchdog *client;

/* What the client heard. */
static struct ham_watchdog_state state;
static char error[128];
static char identity[32];
static unsigned int answers;
static unsigned int losses;

static char *
in_folder(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void
on_state(const struct ham_watchdog_state *said, void *data)
{
	(void)data;
	state = *said;
	g_strlcpy(error, said->error, sizeof(error));
	g_strlcpy(identity, said->identity, sizeof(identity));
	answers++;
}

static void
on_lost(const char *why, void *data)
{
	(void)data;
	ck_assert_str_ne(why, "");
	losses++;
}

/* Turns the main loop until it is true; only a hang reaches the deadline. */
#define UNTIL(what)                                                            \
	do {                                                                   \
		int64_t limit_ = ham_clock_us() + PATIENCE_US;                 \
		while (!(what)) {                                              \
			ck_assert_msg(ham_clock_us() < limit_, "never: %s",    \
				      #what);                                  \
			turn();                                                \
		}                                                              \
	} while (0)

static void
turn(void)
{
	if (!g_main_context_iteration(NULL, FALSE))
		g_usleep(1000);
}

static void
run_for(int64_t us)
{
	int64_t end = ham_clock_us() + us;

	while (ham_clock_us() < end)
		turn();
}

/* With what the fake is to be, and one more option or NULL. */
static void
start_hamwd(const char *mode, const char *option, const char *value)
{
	g_autofree char *fake =
		g_canonicalize_filename("tests/unit/fake_watchdog.so", NULL);
	g_autofree char *device = in_folder("watchdog");

	hamwd = fork();
	ck_assert_int_ge(hamwd, 0);
	if (hamwd > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	g_setenv("LD_PRELOAD", fake, TRUE);
	/* the fake is no part of a program built with sanitizers */
	g_setenv("ASAN_OPTIONS", "verify_asan_link_order=0", TRUE);
	g_setenv("FAKE_WATCHDOG", device, TRUE);
	g_setenv("FAKE_WATCHDOG_LOG", log_path, TRUE);
	g_setenv("FAKE_WATCHDOG_MODE", mode, TRUE);
	if (!freopen(err_path, "a", stderr))
		_exit(126);
	dup2(fileno(stderr), STDERR_FILENO);
	execl("fence/hamwd", "hamwd", "--device", device, "--socket",
	      socket_path, option, value, NULL);
	_exit(127);
}

/* Once hamwd listens. */
static int
raw_connect(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	g_strlcpy(at.sun_path, socket_path, sizeof(at.sun_path));
	UNTIL(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

static void
connect_client(void)
{
	/* not to wait for its second attempt */
	close(raw_connect());
	answers = losses = 0;
	client = ham_watchdog_new(socket_path, on_state, on_lost, NULL);
	UNTIL(answers == 1);
}

static void
setup(void)
{
	folder = g_dir_make_tmp("check-hamwd-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	socket_path = in_folder("hamwd.sock");
	log_path = in_folder("log");
	err_path = in_folder("err");
	ck_assert(g_file_set_contents(log_path, "", -1, NULL));
	ck_assert(g_file_set_contents(err_path, "", -1, NULL));
	state = (struct ham_watchdog_state){0};
}

static void
stop_hamwd(void)
{
	kill(hamwd, SIGKILL);
	waitpid(hamwd, NULL, 0);
}

static void
teardown(void)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	ham_watchdog_free(client);
	client = NULL;
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = in_folder(name);

		g_remove(path);
	}
	g_rmdir(folder);
	g_free(folder);
	g_free(socket_path);
	g_free(log_path);
	g_free(err_path);
}

static void
begin(const char *mode)
{
	start_hamwd(mode, NULL, NULL);
	connect_client();
}

/* ---- what the device has seen ---- */

/* The time of the last line with that word; -1: there is none. */
static int64_t
last_of(const char *word, unsigned int *count)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	int64_t at = -1;

	*count = 0;
	ck_assert(g_file_get_contents(log_path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		const char *said = strchr(*line, ' ');

		if (!said || strcmp(said + 1, word) != 0)
			continue;
		at = g_ascii_strtoll(*line, NULL, 10);
		++*count;
	}
	return at;
}

static unsigned int
times(const char *word)
{
	unsigned int count;

	(void)last_of(word, &count);
	return count;
}

static int64_t
last_pet(void)
{
	unsigned int count;

	return last_of("pet", &count);
}

/* The words of all lines, one after the other. */
static void
expect_log(const char *wanted)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	GString *words = g_string_new(NULL);

	ck_assert(g_file_get_contents(log_path, &text, NULL, NULL));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++)
		if (strchr(*line, ' '))
			g_string_append_printf(words, "%s%s",
					       words->len ? "," : "",
					       strchr(*line, ' ') + 1);
	ck_assert_str_eq(words->str, wanted);
	g_string_free(words, TRUE);
}

static bool
err_has(const char *word)
{
	g_autofree char *text = NULL;

	ck_assert(g_file_get_contents(err_path, &text, NULL, NULL));
	return strstr(text, word);
}

/* Its answer is waited for. */
static void
arm(int64_t timeout_us)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_arm(client, timeout_us));
	UNTIL(answers == before + 1);
}

static void
disarm(void)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_disarm(client));
	UNTIL(answers == before + 1);
}

static void
deadline_at(int64_t us)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_deadline(client, us));
	UNTIL(answers == before + 1);
}

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
	UNTIL(err_has("hamctl node disarm"));
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

/* ---- the socket ---- */

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
	losses = answers = 0;
	client = ham_watchdog_new(socket_path, on_state, on_lost, NULL);
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
	Suite *suite = suite_create("hamwd");
	TCase *tc = tcase_create("hamwd");

	if (geteuid() != 0) {
		puts("needs uid 0, as hamwd does");
		return 77;
	}
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, setup, teardown);
	add_tests(tc);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
