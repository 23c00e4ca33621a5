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
static const struct ham_label noted = {"00000000000000aa", 7, 12, 0};

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
	bool ok = ham_label_check(path, "web1", now, &error);

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
	later.epoch++;
	expect(&later, NULL);
}
END_TEST

START_TEST(another_history)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history = 8;
	now.epoch = 99;
	now.written = 86400;
	expect(&now, "of another history, last at 1970-01-0");
	expect(&now, "hamctl disk accept web1");
	now.history = 0; /* a record of before there were any */
	expect(&now, "of another history");
}
END_TEST

/* The record was restored from a backup. */
START_TEST(an_epoch_of_the_future)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.epoch--;
	expect(&now, "of a later history");
}
END_TEST

/* It speaks of files that are not there any more. */
START_TEST(other_files)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history = 8;
	now.image[15] = 'b';
	expect(&now, NULL);
}
END_TEST

START_TEST(written_anew)
{
	struct ham_label now = noted;

	ck_assert(ham_label_write(path, &noted, NULL));
	now.history = 8;
	ck_assert(ham_label_write(path, &now, NULL));
	expect(&now, NULL);
	expect(&noted, "another history");
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
	tcase_add_test(tc, an_epoch_of_the_future);
	tcase_add_test(tc, other_files);
	tcase_add_test(tc, written_anew);
	tcase_add_test(tc, damaged);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
