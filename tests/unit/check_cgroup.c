/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_cgroup.c - a guest's processes stand still, by the kernel
 *
 * The kernel's own hierarchies, of both versions where this machine has both: a
 * folder whose one entry points to one of them stands for a machine that has
 * that alone.  Needs uid 0.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/cgroup.h"
#include "hamd/base/child.h"
#include "hamd/base/fd.h"
#include "tests/unit/leaf_run.h"

#define ROOT "/sys/fs/cgroup"

static char *root; /* of a machine with one hierarchy */
static char *link_path;
static ham_cgroups *cgroups;
static char guest[32];
static unsigned int ended;

static const struct version {
	const char *name; /* in the machine's root, and in ours */
	const char *mark;
	const char *state, *frozen;
} versions[] = {
	{"unified", ROOT "/unified/cgroup.controllers", "cgroup.events",
	 "frozen 1"},
	{"freezer", ROOT "/freezer/cgroup.procs", "freezer.state", "FROZEN"},
	{".", ROOT "/cgroup.controllers", "cgroup.events", "frozen 1"},
};

static bool
begin(const struct version *version)
{
	g_autofree char *target = g_build_filename(ROOT, version->name, NULL);
	g_autoptr(GError) error = NULL;

	if (!g_file_test(version->mark, G_FILE_TEST_EXISTS))
		return false;
	root = g_dir_make_tmp("check-cgroup-XXXXXX", NULL);
	link_path = g_build_filename(
		root, version->name[0] == '.' ? "unified" : version->name,
		NULL);
	ck_assert_int_eq(symlink(target, link_path), 0);
	g_snprintf(guest, sizeof(guest), "check-%d", (int)getpid());
	cgroups = ham_cgroups_new(root, &error);
	ck_assert_msg(cgroups != NULL, "%s", error ? error->message : "");
	ended = 0;
	return true;
}

static void
end(void)
{
	(void)rmdir(ham_cgroups_path(cgroups));
	g_clear_pointer(&cgroups, ham_cgroups_free);
	g_unlink(link_path);
	g_rmdir(root);
	g_clear_pointer(&link_path, g_free);
	g_clear_pointer(&root, g_free);
}

static char *
read_file(const char *name)
{
	g_autofree char *path =
		g_build_filename(ham_cgroups_path(cgroups), guest, name, NULL);
	char *text = NULL;

	ck_assert(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static bool
is_frozen(const struct version *version)
{
	g_autofree char *text = read_file(version->state);

	return strstr(text, version->frozen) != NULL;
}

static void
on_exit_heard(ham_child *child, int code, int status, void *data)
{
	(void)child;
	(void)code;
	(void)status;
	(void)data;
	ended++;
}

static ham_child *
spawn(int group)
{
	const char *argv[] = {"sleep", "1000", NULL};
	struct ham_child_spec spec = {.program = "/bin/sleep",
				      .argv = argv,
				      .ends_with_us = true,
				      .cgroup_fd = group};
	ham_child *child = ham_child_spawn(&spec, on_exit_heard, NULL, NULL);

	ck_assert_ptr_nonnull(child);
	return child;
}

/* The framework's deadline ends a wait for what never comes. */
static void
wait_frozen(const struct version *version, bool frozen)
{
	while (is_frozen(version) != frozen)
		g_usleep(1000);
}

static void
kill_and_remove(ham_child *child)
{
	g_autofree char *dir =
		g_build_filename(ham_cgroups_path(cgroups), guest, NULL);

	ham_child_signal(child, SIGKILL);
	ck_assert(ham_cgroups_freeze(cgroups, guest, false, NULL));
	while (!ended)
		g_main_context_iteration(NULL, TRUE);
	ham_child_free(child);
	ham_cgroups_remove(cgroups, guest);
	ck_assert(!g_file_test(dir, G_FILE_TEST_EXISTS));
}

START_TEST(started_in_it_and_frozen)
{
	const struct version *version = &versions[_i];
	ham_autofd int group = -1;
	g_autofree char *procs = NULL;
	g_autofree char *pid = NULL;
	ham_child *child;

	if (!begin(version))
		return; /* this machine has no such hierarchy */
	group = ham_cgroups_open(cgroups, guest, NULL);
	ck_assert_int_gt(group, 0);
	child = spawn(group);
	procs = read_file("cgroup.procs");
	pid = g_strdup_printf("%d\n", (int)ham_child_pid(child));
	ck_assert_str_eq(procs, pid);
	ck_assert(!is_frozen(version));
	ck_assert(ham_cgroups_freeze(cgroups, guest, true, NULL));
	wait_frozen(version, true);
	ck_assert(ham_cgroups_freeze(cgroups, guest, false, NULL));
	wait_frozen(version, false);
	ck_assert(ham_cgroups_freeze(cgroups, guest, true, NULL));
	wait_frozen(version, true);
	kill_and_remove(child);
	end();
}
END_TEST

START_TEST(adopted)
{
	ham_child *child;

	if (!begin(&versions[_i]))
		return;
	child = spawn(0);
	ck_assert(
		ham_cgroups_adopt(cgroups, guest, ham_child_pid(child), NULL));
	ck_assert(ham_cgroups_freeze(cgroups, guest, true, NULL));
	wait_frozen(&versions[_i], true);
	kill_and_remove(child);
	end();
}
END_TEST

/* A group that was left frozen must not hold what is started in it. */
START_TEST(opened_thawed)
{
	ham_autofd int group = -1;
	ham_autofd int again = -1;

	if (!begin(&versions[_i]))
		return;
	group = ham_cgroups_open(cgroups, guest, NULL);
	ck_assert(ham_cgroups_freeze(cgroups, guest, true, NULL));
	again = ham_cgroups_open(cgroups, guest, NULL);
	ck_assert_int_gt(again, 0);
	wait_frozen(&versions[_i], false);
	ham_cgroups_remove(cgroups, guest);
	end();
}
END_TEST

START_TEST(none_to_be_had)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(ham_cgroups_new("/proc", &error));
	ck_assert_str_eq(error->message, "no control groups below /proc");
}
END_TEST

/* Else all the others would pass for nothing. */
START_TEST(this_machine_has_one)
{
	unsigned int n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(versions); i++)
		n += g_file_test(versions[i].mark, G_FILE_TEST_EXISTS);
	ck_assert_uint_gt(n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("cgroup");
	TCase *tc = tcase_create("kernel");
	int n = (int)G_N_ELEMENTS(versions);

	tcase_set_timeout(tc, 20);
	tcase_add_test(tc, this_machine_has_one);
	tcase_add_loop_test(tc, started_in_it_and_frozen, 0, n);
	tcase_add_loop_test(tc, adopted, 0, n);
	tcase_add_loop_test(tc, opened_thawed, 0, n);
	tcase_add_test(tc, none_to_be_had);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
