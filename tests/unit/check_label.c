/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_label.c - which images may be used, by what was noted of
 * them
 */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

static char *folder, *path;
static bool begins; /* as the last check said */
static const struct ham_label noted = {
	.guest = "web1",
	.history = {.id = 7, .epoch = 12},
	.n = 2,
	.disk = {{.path = "/d/root", .there = true, .id = "00000000000000aa"},
		 {.path = "/d/data", .there = true, .id = "00000000000000bb"}},
};

static void
begin(void)
{
	folder = g_dir_make_tmp("check-label-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	path = g_build_filename(folder, "web1", NULL);
}

static void
end(void)
{
	g_remove(path);
	g_rmdir(folder);
	g_clear_pointer(&path, g_free);
	g_clear_pointer(&folder, g_free);
}

/* Refused with that in its words, or taken (NULL). */
static void
expect(const struct ham_label *now, const char *words)
{
	g_autoptr(GError) error = NULL;
	bool ok = ham_label_check(path, now, &begins, &error);

	ck_assert_int_eq(ok, words == NULL);
	if (words)
		ck_assert_msg(strstr(error->message, words), "%s",
			      error->message);
}

START_TEST(without_a_label_all_is_taken)
{
	expect(&noted, NULL);
}
END_TEST

START_TEST(as_noted_and_later)
{
	struct ham_label later = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	expect(&noted, NULL);
	later.history.epoch++;
	expect(&later, NULL);
}
END_TEST

START_TEST(another_history)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.id = 8;
	now.history.epoch = 99;
	expect(&now, "of another history: ");
	now.disk[0].written = 86400;
	expect(&now, "of another history, last at 1970-01-0");
	expect(&now, "hamctl disk accept web1");
	now.history.id = 0; /* a record of before there were any */
	expect(&now, "of another history");
}
END_TEST

/* An old copy that was made the newest, and no more than what it was then. */
START_TEST(histories_that_it_has_begun_with)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.id = 8;
	now.history.epoch = 99;
	now.history.before[0].id = 7;
	now.history.before[0].epoch = 12;
	expect(&now, NULL);
	ck_assert(begins);
	now.history.before[0].epoch = 11;
	expect(&now, "of another history");
	now.history.before[1].id = 7;
	now.history.before[1].epoch = 13;
	expect(&now, NULL);
	now.history.before[1].id = 6;
	expect(&now, "of another history");
	/* and once it was used */
	ck_assert(ham_label_write(path, &now, NULL));
	expect(&now, NULL);
	ck_assert(!begins);
}
END_TEST

/* The record was restored from a backup. */
START_TEST(an_epoch_of_the_future)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.epoch--;
	expect(&now, "of a later history");
}
END_TEST

/* It speaks of files that are not there any more. */
START_TEST(other_files)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.id = 8;
	now.disk[0].id[15] = 'c';
	now.disk[1].there = false;
	expect(&now, NULL);
	/* one that is made anew says nothing of the other */
	now.disk[1].there = true;
	expect(&now, "another history");
}
END_TEST

START_TEST(written_anew)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.id = 8;
	ck_assert(ham_label_write(path, &now, NULL));
	expect(&now, NULL);
	expect(&noted, "another history");
}
END_TEST

/* A serving node speaks of what it has for itself alone. */
START_TEST(other_disks_stay_noted)
{
	struct ham_label one = noted;
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	one.n = 1;
	one.history.epoch++;
	ck_assert(ham_label_write(path, &one, NULL));
	now.history.id = 8;
	now.disk[0].there = false;
	expect(&now, "another history");
}
END_TEST

static struct ham_label
shared(void)
{
	struct ham_label label = noted;

	label.disk[1].shared = true;
	return label;
}

START_TEST(a_shared_disk_has_no_history)
{
	struct ham_label now = shared();

	ck_assert(ham_label_write(path, &now, NULL));
	now.history.id = 8;
	now.disk[0].there = false;
	expect(&now, NULL);
}
END_TEST

/* What it is below is not mounted. */
START_TEST(a_shared_disk_is_the_same_file)
{
	struct ham_label now = shared();

	ck_assert(ham_label_write(path, &now, NULL));
	expect(&now, NULL);
	now.disk[1].id[15] = 'c';
	expect(&now, "/d/data is not the shared file of before");
}
END_TEST

START_TEST(a_copy_is_no_shared_disk)
{
	struct ham_label now = shared();

	ck_assert(ham_label_write(path, &noted, NULL));
	expect(&now, "/d/data is not the shared file of before");
	now.disk[1].id[15] = 'c';
	expect(&now, NULL);
}
END_TEST

START_TEST(a_path_that_another_ends_with)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history.id = 8;
	now.disk[0].path = "/root";
	now.disk[1].path = "/data";
	expect(&now, NULL);
}
END_TEST

/* Nobody knows then. */
START_TEST(damaged)
{
	ck_assert(g_file_set_contents(path, "history 7 epo", -1, NULL));
	expect(&noted, "can't be understood");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("label");
	TCase *tc = tcase_create("label");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, without_a_label_all_is_taken);
	tcase_add_test(tc, as_noted_and_later);
	tcase_add_test(tc, another_history);
	tcase_add_test(tc, histories_that_it_has_begun_with);
	tcase_add_test(tc, an_epoch_of_the_future);
	tcase_add_test(tc, other_files);
	tcase_add_test(tc, written_anew);
	tcase_add_test(tc, other_disks_stay_noted);
	tcase_add_test(tc, a_shared_disk_has_no_history);
	tcase_add_test(tc, a_shared_disk_is_the_same_file);
	tcase_add_test(tc, a_copy_is_no_shared_disk);
	tcase_add_test(tc, a_path_that_another_ends_with);
	tcase_add_test(tc, damaged);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
