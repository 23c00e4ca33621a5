/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/hamwd_run.c - see hamwd_run.h */
#include "tests/unit/hamwd_run.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

char *folder;
char *socket_path;
static char *log_path;
static char *err_path;
pid_t hamwd;
ham_watchdog *client;

/* What the client heard. */
struct ham_watchdog_state state;
char error[128];
char identity[32];
unsigned int answers;
unsigned int losses;

char *
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

void
turn(void)
{
	if (!g_main_context_iteration(NULL, FALSE))
		g_usleep(1000);
}

void
run_for(int64_t us)
{
	int64_t end = ham_clock_us() + us;

	while (ham_clock_us() < end)
		turn();
}

/* With what the fake is to be, and one more option or NULL. */
void
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
int
raw_connect(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	g_strlcpy(at.sun_path, socket_path, sizeof(at.sun_path));
	UNTIL(connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0);
	return fd;
}

void
new_client(void)
{
	answers = losses = 0;
	client = ham_watchdog_new(socket_path, on_state, on_lost, NULL);
}

void
connect_client(void)
{
	/* not to wait for its second attempt */
	close(raw_connect());
	new_client();
	UNTIL(answers == 1);
}

void
hamwd_setup(void)
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

void
stop_hamwd(void)
{
	kill(hamwd, SIGKILL);
	waitpid(hamwd, NULL, 0);
}

void
hamwd_teardown(void)
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

void
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

unsigned int
times(const char *word)
{
	unsigned int count;

	(void)last_of(word, &count);
	return count;
}

int64_t
last_pet(void)
{
	unsigned int count;

	return last_of("pet", &count);
}

/* The words of all lines, one after the other. */
void
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

bool
err_has(const char *word)
{
	g_autofree char *text = NULL;

	ck_assert(g_file_get_contents(err_path, &text, NULL, NULL));
	return strstr(text, word);
}

/* Its answer is waited for. */
void
arm(int64_t timeout_us)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_arm(client, timeout_us));
	UNTIL(answers == before + 1);
}

void
disarm(void)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_disarm(client));
	UNTIL(answers == before + 1);
}

void
deadline_at(int64_t us)
{
	unsigned int before = answers;

	ck_assert(ham_watchdog_deadline(client, us));
	UNTIL(answers == before + 1);
}
