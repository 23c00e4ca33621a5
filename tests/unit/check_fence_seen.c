/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fence_seen.c - what was seen of devices is known after a
 * restart, of these devices and no others
 *
 * The file is SEEN_PATH in a folder made for it, and written at once.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/fencing.h"
#include "hamd/io/kept_file.h"
#include "tests/unit/leaf_run.h"

struct ham_kept_file {
	char *path;
};

static char *folder;
static ham_daemon daemon_;
static bool fails; /* the disk, from now on */
static bool failed;
static unsigned int writes;

ham_kept_file *
ham_kept_file_new(const char *path)
{
	ham_kept_file *file = g_new0(ham_kept_file, 1);

	file->path = g_strdup(path);
	return file;
}

void
ham_kept_file_write(ham_kept_file *file, char *text)
{
	writes++;
	failed = fails;
	if (!fails)
		ck_assert(g_file_set_contents(file->path, text, -1, NULL));
	g_free(text);
}

bool
ham_kept_file_failed(const ham_kept_file *file)
{
	(void)file;
	return failed;
}

void
ham_kept_file_free(ham_kept_file *file)
{
	g_free(file->path);
	g_free(file);
}

static struct ham_fence_device *
device(unsigned int i)
{
	return &g_array_index(daemon_.fence_devices, struct ham_fence_device,
			      i);
}

static void
add(const char *name, const char *agent, const char *plug)
{
	struct ham_fence_device d = {
		.node = "n2",
		.name = name,
		.agent = agent,
		.options = g_hash_table_new(g_str_hash, g_str_equal)};

	g_hash_table_insert(d.options, (gpointer) "plug", (gpointer)plug);
	g_hash_table_insert(d.options, (gpointer) "ip", (gpointer) "10.0.0.2");
	g_array_append_val(daemon_.fence_devices, d);
}

static void
begin(void)
{
	folder = g_dir_make_tmp("check-seen-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	ck_assert_int_eq(chdir(folder), 0);
	fails = failed = false;
	writes = 0;
	daemon_.fence_devices =
		g_array_new(FALSE, TRUE, sizeof(struct ham_fence_device));
	add("a", "fence_x", "1");
	add("b", "fence_x", "2");
	ham_daemon_seen_open(&daemon_);
}

static void
end(void)
{
	ham_daemon_seen_close(&daemon_);
	for (guint i = 0; i < daemon_.fence_devices->len; i++)
		g_hash_table_unref(device(i)->options);
	g_array_unref(daemon_.fence_devices);
	g_remove(SEEN_PATH);
	ck_assert_int_eq(chdir("/"), 0);
	g_rmdir(folder);
	g_free(folder);
}

/* hamd is started anew: nothing is known but what the file says. */
static void
restart(void)
{
	ham_daemon_seen_close(&daemon_);
	for (guint i = 0; i < daemon_.fence_devices->len; i++)
		device(i)->seen_on = false;
	ham_daemon_seen_open(&daemon_);
}

static void
see_all(void)
{
	for (guint i = 0; i < daemon_.fence_devices->len; i++)
		device(i)->seen_on = true;
	ham_daemon_seen_save(&daemon_);
}

START_TEST(without_a_file_nothing_was_seen)
{
	ck_assert(!device(0)->seen_on);
	ck_assert(!device(1)->seen_on);
}
END_TEST

START_TEST(what_was_seen_is_known_after_a_restart)
{
	device(1)->seen_on = true;
	ham_daemon_seen_save(&daemon_);
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(device(1)->seen_on);
}
END_TEST

START_TEST(what_is_doubted_is_forgotten)
{
	see_all();
	device(0)->seen_on = false;
	ham_daemon_seen_save(&daemon_);
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(device(1)->seen_on);
}
END_TEST

/* It may be at another machine's power. */
START_TEST(with_another_option_it_is_another_device)
{
	see_all();
	g_hash_table_insert(device(0)->options, (gpointer) "plug",
			    (gpointer) "7");
	g_hash_table_remove(device(1)->options, "ip");
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(!device(1)->seen_on);
}
END_TEST

START_TEST(with_another_agent_it_is_another_device)
{
	see_all();
	device(0)->agent = "fence_y";
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(device(1)->seen_on);
}
END_TEST

START_TEST(of_another_node_it_is_another_device)
{
	see_all();
	device(0)->node = "n3";
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(device(1)->seen_on);
}
END_TEST

/* It has no state that anybody could see. */
START_TEST(a_watchdog_is_never_seen_on)
{
	add("dog", "watchdog", "3");
	see_all();
	restart();
	ck_assert(!device(2)->seen_on);
	ck_assert(device(1)->seen_on);
}
END_TEST

START_TEST(a_damaged_file_proves_nothing)
{
	see_all();
	ck_assert(g_file_set_contents(SEEN_PATH, "n2/a=yes\n", -1, NULL));
	restart();
	ck_assert(!device(0)->seen_on);
	ck_assert(!device(1)->seen_on);
}
END_TEST

START_TEST(written_only_if_it_changed)
{
	see_all();
	ham_daemon_seen_save(&daemon_);
	ck_assert_uint_eq(writes, 1);
}
END_TEST

START_TEST(written_again_if_that_failed)
{
	fails = true;
	see_all();
	fails = false;
	ham_daemon_seen_save(&daemon_);
	ck_assert_uint_eq(writes, 2);
	restart();
	ck_assert(device(0)->seen_on);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fence_seen");
	TCase *tc = tcase_create("file");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, without_a_file_nothing_was_seen);
	tcase_add_test(tc, what_was_seen_is_known_after_a_restart);
	tcase_add_test(tc, what_is_doubted_is_forgotten);
	tcase_add_test(tc, with_another_option_it_is_another_device);
	tcase_add_test(tc, with_another_agent_it_is_another_device);
	tcase_add_test(tc, of_another_node_it_is_another_device);
	tcase_add_test(tc, a_watchdog_is_never_seen_on);
	tcase_add_test(tc, a_damaged_file_proves_nothing);
	tcase_add_test(tc, written_only_if_it_changed);
	tcase_add_test(tc, written_again_if_that_failed);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
