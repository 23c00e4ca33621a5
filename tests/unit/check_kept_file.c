/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_kept_file.c - the newest text is in the file, and a write
 * that failed is known and can be repeated
 */
#include <glib/gstdio.h>

#include "hamd/io/kept_file.h"
#include "tests/unit/io_wait.h"

static char *folder, *path;

static void
setup(void)
{
	folder = g_dir_make_tmp("kept-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	path = g_build_filename(folder, "sub", "file", NULL);
}

static void
teardown(void)
{
	g_autofree char *sub = g_path_get_dirname(path);

	g_unlink(path);
	g_rmdir(sub);
	ck_assert_int_eq(g_rmdir(folder), 0);
	g_free(folder);
	g_free(path);
}

static bool
has(const char *text)
{
	g_autofree char *found = NULL;

	return g_file_get_contents(path, &found, NULL, NULL) &&
	       g_strcmp0(found, text) == 0;
}

static void
make_folder(void)
{
	g_autofree char *sub = g_path_get_dirname(path);

	ck_assert_int_eq(g_mkdir(sub, 0700), 0);
}

START_TEST(the_last_one_wins)
{
	ham_kept_file *file;

	make_folder();
	file = ham_kept_file_new(path);
	for (int i = 0; i < 100; i++)
		ham_kept_file_write(file, g_strdup_printf("%d", i));
	ham_kept_file_free(file);
	ck_assert(has("99"));
}
END_TEST

START_TEST(a_failure_is_known_until_one_succeeds)
{
	ham_kept_file *file = ham_kept_file_new(path);

	ck_assert(!ham_kept_file_failed(file));
	ham_kept_file_write(file, g_strdup("lost"));
	WAIT_FOR(ham_kept_file_failed(file));
	make_folder();
	ham_kept_file_write(file, g_strdup("kept"));
	WAIT_FOR(!ham_kept_file_failed(file));
	ck_assert(has("kept"));
	ham_kept_file_free(file);
	io_settle();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("kept_file");
	TCase *tc = tcase_create("kept_file");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, the_last_one_wins);
	tcase_add_test(tc, a_failure_is_known_until_one_succeeds);
	suite_add_tcase(suite, tc);
	return io_run(suite);
}
