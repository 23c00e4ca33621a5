/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_wd_kill.c - control groups are killed, frozen ones too
 *
 * In groups of its own, in what trees this machine has: version 2, a freezer of
 * version 1, or both.  Needs uid 0 and one of them, else it is skipped.
 */
#include <check.h>
#include <errno.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fence/wd_kill.h"
#include "tests/unit/leaf_run.h"

enum {
	PATIENCE_MS = 20000
};

static char *trees[2]; /* of version 1 and 2; NULL: none */
static char *outer;
static char *inner;
static volatile unsigned int *count; /* what the processes count up */

/* Where such a tree is mounted and may be written to; the caller frees it. */
static char *
find_tree(const char *type, const char *option)
{
	g_autofree char *mounts = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents("/proc/mounts", &mounts, NULL, NULL))
		return NULL;
	lines = g_strsplit(mounts, "\n", -1);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit(*line, " ", -1);
		g_autofree char *probe = NULL;

		if (g_strv_length(words) < 4 || strcmp(words[2], type) != 0 ||
		    !strstr(words[3], option))
			continue;
		probe = g_strdup_printf("%s/hamd-probe-%d", words[1], getpid());
		if (g_mkdir(probe, 0755) != 0)
			continue;
		g_rmdir(probe);
		return g_strdup(words[1]);
	}
	return NULL;
}

static void
put(const char *group, const char *name, const char *word)
{
	g_autofree char *path = g_build_filename(group, name, NULL);
	FILE *f = fopen(path, "we");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	fputs(word, f);
	ck_assert_msg(fclose(f) == 0, "%s: %s", path, strerror(errno));
}

static bool
says(const char *group, const char *name, const char *word)
{
	g_autofree char *path = g_build_filename(group, name, NULL);
	g_autofree char *text = NULL;

	return g_file_get_contents(path, &text, NULL, NULL) &&
	       strstr(text, word);
}

static void
freeze(const char *group, int version)
{
	if (version == 2)
		put(group, "cgroup.freeze", "1");
	else
		put(group, "freezer.state", "FROZEN");
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (version == 2 ? says(group, "cgroup.events", "frozen 1")
				 : says(group, "freezer.state", "FROZEN"))
			return;
		g_usleep(1000);
	}
	ck_abort_msg("%s does not freeze", group);
}

/* Counts in there until it is killed. */
static pid_t
live_in(const char *group)
{
	unsigned int before = *count;
	pid_t pid = fork();
	char text[16];

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			++*count;
			sched_yield();
		}
	}
	snprintf(text, sizeof(text), "%d", pid);
	put(group, "cgroup.procs", text);
	while (*count == before)
		sched_yield();
	return pid;
}

static void
expect_killed(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void
kill_until_empty(void)
{
	for (int i = 0; i < PATIENCE_MS; i++) {
		if (ham_wd_kill(outer))
			return;
		g_usleep(1000);
	}
	ck_abort_msg("it is never empty");
}

static void
begin(int version)
{
	outer = g_strdup_printf("%s/hamd-test-%d", trees[version - 1],
				getpid());
	inner = g_build_filename(outer, "guest", NULL);
	ck_assert_int_eq(g_mkdir(outer, 0755), 0);
	ck_assert_int_eq(g_mkdir(inner, 0755), 0);
	count = mmap(NULL, sizeof(*count), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert(count != MAP_FAILED);
}

static void
end(void)
{
	for (int i = 0; i < PATIENCE_MS && g_rmdir(inner) != 0; i++)
		g_usleep(1000);
	for (int i = 0; i < PATIENCE_MS && g_rmdir(outer) != 0; i++)
		g_usleep(1000);
	ck_assert(!g_file_test(outer, G_FILE_TEST_EXISTS));
	g_clear_pointer(&inner, g_free);
	g_clear_pointer(&outer, g_free);
}

START_TEST(all_that_live_in_it_and_below)
{
	pid_t pids[2];

	begin(_i);
	pids[0] = live_in(inner);
	pids[1] = live_in(inner);
	kill_until_empty();
	expect_killed(pids[0]);
	expect_killed(pids[1]);
	end();
}
END_TEST

START_TEST(right_in_it)
{
	pid_t pid;

	begin(_i);
	pid = live_in(outer);
	kill_until_empty();
	expect_killed(pid);
	end();
}
END_TEST

/* And it does not run one instruction of its own any more. */
START_TEST(a_frozen_guest)
{
	unsigned int before;
	pid_t pid;

	begin(_i);
	pid = live_in(inner);
	freeze(inner, _i);
	before = *count;
	kill_until_empty();
	expect_killed(pid);
	ck_assert_uint_eq(*count, before);
	end();
}
END_TEST

START_TEST(all_frozen_at_once)
{
	unsigned int before;
	pid_t pid;

	begin(_i);
	pid = live_in(inner);
	freeze(outer, _i);
	before = *count;
	kill_until_empty();
	expect_killed(pid);
	ck_assert_uint_eq(*count, before);
	end();
}
END_TEST

START_TEST(not_empty_while_one_is_there)
{
	pid_t pid;

	begin(_i);
	pid = live_in(inner);
	ck_assert(!ham_wd_kill(outer));
	kill_until_empty();
	expect_killed(pid);
	end();
}
END_TEST

START_TEST(nothing_beside_it)
{
	g_autofree char *other = NULL;
	pid_t pid;

	begin(_i);
	other = g_strdup_printf("%s-other", outer);
	ck_assert_int_eq(g_mkdir(other, 0755), 0);
	pid = live_in(other);
	kill_until_empty();
	ck_assert_int_eq(waitpid(pid, NULL, WNOHANG), 0);
	kill(pid, SIGKILL);
	expect_killed(pid);
	for (int i = 0; i < PATIENCE_MS && g_rmdir(other) != 0; i++)
		g_usleep(1000);
	end();
}
END_TEST

START_TEST(none_is_empty)
{
	ck_assert(ham_wd_kill("/nonexistent/group"));
}
END_TEST

int
main(void)
{
	const TTest *const each[] = {
		all_that_live_in_it_and_below,
		right_in_it,
		a_frozen_guest,
		all_frozen_at_once,
		not_empty_while_one_is_there,
		nothing_beside_it,
	};
	Suite *suite = suite_create("wd_kill");
	TCase *tc = tcase_create("kill");

	if (geteuid() == 0) {
		trees[0] = find_tree("cgroup", "freezer");
		trees[1] = find_tree("cgroup2", "");
	}
	if (!trees[0] && !trees[1]) {
		puts("needs uid 0 and a tree of control groups");
		return 77;
	}
	printf("version 1: %s, version 2: %s\n", trees[0] ? trees[0] : "none",
	       trees[1] ? trees[1] : "none");
	tcase_set_timeout(tc, 60);
	for (size_t i = 0; i < G_N_ELEMENTS(each); i++)
		tcase_add_loop_test(tc, each[i], trees[0] ? 1 : 2,
				    trees[1] ? 3 : 2);
	tcase_add_test(tc, none_is_empty);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
