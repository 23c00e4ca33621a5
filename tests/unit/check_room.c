/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_room.c - hamd/guest/room.c: what is to be reserved, and is
 * it there?
 *
 * On the file system of the temporary folder, whatever is free there.
 */
#include <check.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/guest/room.h"
#include "tests/unit/leaf_run.h"

#define MIB ((uint64_t)1 << 20)
#define TOO_MUCH (UINT64_C(1) << 50)

static char *folder, *path[2];
static struct ham_room room;

static void
begin(void)
{
	folder = g_dir_make_tmp("check-room-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	path[0] = g_build_filename(folder, "a.raw", NULL);
	path[1] = g_build_filename(folder, "b.raw", NULL);
}

static void
end(void)
{
	for (int i = 0; i < 2; i++) {
		g_unlink(path[i]);
		g_clear_pointer(&path[i], g_free);
	}
	g_rmdir(folder);
	g_clear_pointer(&folder, g_free);
}

/* Of the size, `whole` as far as that: the rest are holes. */
static void
make(const char *name, uint64_t size, uint64_t whole)
{
	int fd = open(name, O_CREAT | O_RDWR | O_TRUNC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert(whole == 0 || posix_fallocate(fd, 0, (off_t)whole) == 0);
	close(fd);
}

/* Refused with that in its words, or there is room (NULL). */
static void
expect(const struct ham_room_image *images, size_t n, const char *words)
{
	g_autoptr(GError) error = NULL;
	bool ok = ham_room_check(images, n, &room, &error);

	ck_assert_msg(ok == (words == NULL), "%s",
		      error ? error->message : "taken");
	if (words)
		ck_assert_msg(strstr(error->message, words), "%s",
			      error->message);
}

START_TEST(what_is_missing_is_to_be_reserved)
{
	struct ham_room_image one[] = {{path[0], 3 * MIB, false}};

	expect(one, 1, NULL);
	ck_assert_uint_eq(room.need, 3 * MIB);
	ck_assert_uint_gt(room.free, 3 * MIB);
	ck_assert_str_eq(room.folder, folder);
	ck_assert(!g_file_test(path[0], G_FILE_TEST_EXISTS));
}
END_TEST

START_TEST(too_much_is_refused_with_both_figures)
{
	struct ham_room_image one[] = {{path[0], TOO_MUCH, false}};

	expect(one, 1, "1073741824 MiB are to be reserved: No space left");
	ck_assert_uint_eq(room.need, TOO_MUCH);
}
END_TEST

START_TEST(images_of_one_file_system_add_up)
{
	struct ham_room_image two[] = {{path[0], 2 * MIB, false},
				       {path[1], 3 * MIB, false}};

	expect(two, 2, NULL);
	ck_assert_uint_eq(room.need, 5 * MIB);
}
END_TEST

START_TEST(what_is_there_needs_its_holes)
{
	struct ham_room_image one[] = {{path[0], 4 * MIB, false}};

	make(path[0], 4 * MIB, MIB);
	expect(one, 1, NULL);
	ck_assert_uint_eq(room.need, 3 * MIB);
}
END_TEST

START_TEST(what_is_whole_needs_nothing)
{
	struct ham_room_image one[] = {{path[0], 4 * MIB, false}};

	make(path[0], 4 * MIB, 4 * MIB);
	expect(one, 1, NULL);
	ck_assert_uint_eq(room.need, 0);
	one[0].size = MIB; /* less than it has */
	expect(one, 1, NULL);
	ck_assert_uint_eq(room.need, 0);
	ck_assert_str_eq(room.folder, "");
}
END_TEST

START_TEST(nothing_is_reserved_for_sparse_ones)
{
	struct ham_room_image one[] = {{path[0], TOO_MUCH, true}};

	expect(one, 1, NULL);
	ck_assert_str_eq(room.folder, "");
}
END_TEST

START_TEST(a_folder_that_is_missing)
{
	struct ham_room_image one[] = {{"/nowhere/at/all/a.raw", MIB, false}};

	expect(one, 1, "cannot make /nowhere/at/all/a.raw: No such file");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("room");
	TCase *tcase = tcase_create("room");

	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, what_is_missing_is_to_be_reserved);
	tcase_add_test(tcase, too_much_is_refused_with_both_figures);
	tcase_add_test(tcase, images_of_one_file_system_add_up);
	tcase_add_test(tcase, what_is_there_needs_its_holes);
	tcase_add_test(tcase, what_is_whole_needs_nothing);
	tcase_add_test(tcase, nothing_is_reserved_for_sparse_ones);
	tcase_add_test(tcase, a_folder_that_is_missing);
	suite_add_tcase(suite, tcase);
	return leaf_run(suite);
}
