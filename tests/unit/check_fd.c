/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fd.c - descriptors close once; a file is replaced whole */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/fd.h"
#include "tests/unit/leaf_run.h"

static char *folder;

static void
make_folder(void)
{
	folder = g_dir_make_tmp("check-fd-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
}

static void
remove_folder(void)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_remove(path);
	}
	g_rmdir(folder);
	g_clear_pointer(&folder, g_free);
}

static bool
is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(clear_closes_and_keeps_errno)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;

	errno = EEXIST;
	ham_clear_fd(&fd);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(fd, -1);
	ck_assert(!is_open(number));
	/* of a close that fails, too */
	errno = ENOSPC;
	ham_clear_fd(&number);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_int_eq(number, -1);
	ham_clear_fd(&fd);
	ck_assert_int_eq(errno, ENOSPC);
}
END_TEST

START_TEST(steal_leaves_it_open)
{
	int kept = -1;
	int number;

	{
		ham_autofd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		number = fd;
		kept = ham_steal_fd(&fd);
		ck_assert_int_eq(fd, -1);
	}
	ck_assert_int_eq(kept, number);
	ck_assert(is_open(kept));
	ham_clear_fd(&kept);
}
END_TEST

START_TEST(autofd_closes_at_the_end_of_its_block)
{
	int number;

	{
		ham_autofd int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		number = fd;
		ck_assert(is_open(number));
	}
	ck_assert(!is_open(number));
}
END_TEST

static void
expect_content(const char *path, const char *want, size_t len)
{
	g_autofree char *text = NULL;
	gsize got;

	ck_assert(g_file_get_contents(path, &text, &got, NULL));
	ck_assert_uint_eq(got, len);
	ck_assert_mem_eq(text, want, len);
}

START_TEST(write_replaces_the_whole_file)
{
	g_autofree char *path = g_build_filename(folder, "state", NULL);
	g_autofree char *temp = g_strconcat(path, ".new", NULL);
	GError *error = NULL;
	struct stat st;

	ck_assert(ham_write_file(path, "long old text", 13, &error));
	ck_assert(ham_write_file(path, "a\0b", 3, &error));
	ck_assert_ptr_null(error);
	expect_content(path, "a\0b", 3);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
	ck_assert_int_ne(access(temp, F_OK), 0);
}
END_TEST

/* A crash between writing and renaming leaves one. */
START_TEST(a_temporary_file_left_behind_does_no_harm)
{
	g_autofree char *path = g_build_filename(folder, "state", NULL);
	g_autofree char *temp = g_strconcat(path, ".new", NULL);

	ck_assert(g_file_set_contents(temp, "left behind", -1, NULL));
	ck_assert(ham_write_file(path, "new", 3, NULL));
	expect_content(path, "new", 3);
}
END_TEST

START_TEST(a_reader_sees_the_old_file_or_the_new)
{
	g_autofree char *path = g_build_filename(folder, "state", NULL);
	ham_autofd int old = -1;
	char text[8] = "";

	ck_assert(ham_write_file(path, "one", 3, NULL));
	old = open(path, O_RDONLY | O_CLOEXEC);
	ck_assert(ham_write_file(path, "two", 3, NULL));
	ck_assert_int_eq(read(old, text, sizeof(text)), 3);
	ck_assert_str_eq(text, "one");
	expect_content(path, "two", 3);
}
END_TEST

START_TEST(a_missing_folder_is_an_error)
{
	g_autofree char *path = g_build_filename(folder, "no", "state", NULL);
	g_autoptr(GError) error = NULL;

	ck_assert(!ham_write_file(path, "x", 1, &error));
	ck_assert_ptr_nonnull(error);
	ck_assert_ptr_nonnull(strstr(error->message, path));
}
END_TEST

START_TEST(what_cannot_be_replaced_stays)
{
	g_autofree char *path = g_build_filename(folder, "state", NULL);
	g_autoptr(GError) error = NULL;
	struct stat st;

	ck_assert_int_eq(g_mkdir(path, 0700), 0);
	ck_assert(!ham_write_file(path, "x", 1, &error));
	ck_assert_ptr_nonnull(strstr(error->message, path));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert(S_ISDIR(st.st_mode));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fd");
	TCase *tc = tcase_create("fd");

	tcase_add_checked_fixture(tc, make_folder, remove_folder);
	tcase_add_test(tc, clear_closes_and_keeps_errno);
	tcase_add_test(tc, steal_leaves_it_open);
	tcase_add_test(tc, autofd_closes_at_the_end_of_its_block);
	tcase_add_test(tc, write_replaces_the_whole_file);
	tcase_add_test(tc, a_temporary_file_left_behind_does_no_harm);
	tcase_add_test(tc, a_reader_sees_the_old_file_or_the_new);
	tcase_add_test(tc, a_missing_folder_is_an_error);
	tcase_add_test(tc, what_cannot_be_replaced_stays);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
