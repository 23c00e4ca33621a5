/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_ctl_table.c - hamctl's text: tables, sizes, times */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/ctl/table.h"

static const struct ham_ctl_column columns[] = {
	{"NAME", false},
	{"EPOCH", true},
	{"NOTE", false},
};

static ham_ctl_table *
make_table(const char *const *cells)
{
	ham_ctl_table *table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));

	for (size_t i = 0; cells[i]; i++)
		ham_ctl_table_cell(table, HAM_CTL_PLAIN, cells[i]);
	return table;
}

static void
expect_table(const char *const *cells, const char *expected)
{
	g_autoptr(ham_ctl_table) table = make_table(cells);
	g_autofree char *text = ham_ctl_table_text(table, false);

	ck_assert_str_eq(text, expected);
}

START_TEST(columns_are_aligned)
{
	static const char *const cells[] = {"web1",    "7", "a", "database",
					    "1234567", "b", NULL};

	expect_table(cells, "NAME        EPOCH  NOTE\n"
			    "web1            7  a\n"
			    "database  1234567  b\n");
}
END_TEST

START_TEST(wide_characters_count_double)
{
	static const char *const cells[] = {"数据库", "7", "a", "abc",
					    "8",      "b", NULL};

	expect_table(cells, "NAME    EPOCH  NOTE\n"
			    "数据库      7  a\n"
			    "abc         8  b\n");
}
END_TEST

START_TEST(empty_cells_are_shown_but_no_line_ends_in_blanks)
{
	static const char *const cells[] = {"", "", "", NULL};

	expect_table(cells, "NAME  EPOCH  NOTE\n"
			    "-         -\n");
}
END_TEST

START_TEST(unfinished_row_is_left_out)
{
	static const char *const cells[] = {"web1", "7", NULL};

	expect_table(cells, "NAME  EPOCH  NOTE\n");
}
END_TEST

START_TEST(colours_do_not_move_columns)
{
	g_autoptr(ham_ctl_table) table =
		ham_ctl_table_new(columns, G_N_ELEMENTS(columns));
	g_autofree char *text = NULL;

	ham_ctl_table_cell(table, HAM_CTL_BAD, "a");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, "7");
	ham_ctl_table_cell(table, HAM_CTL_PLAIN, "x");
	text = ham_ctl_table_text(table, true);
	ck_assert_ptr_nonnull(
		strstr(text, "\n\033[1;31ma\033[0m         7  x\n"));
}
END_TEST

START_TEST(a_cell_cannot_drive_the_terminal)
{
	static const char *const cells[] = {"a\033[2Jb\n", "7",
					    "\302\233"
					    "31m",
					    NULL};

	expect_table(cells, "NAME     EPOCH  NOTE\n"
			    "a?[2Jb       7  ?31m\n");
}
END_TEST

START_TEST(clean_takes_any_bytes)
{
	g_autofree char *text = ham_ctl_clean("a\377b\tc\342\200\256d");

	ck_assert_str_eq(text, "a\357\277\275b c?d");
}
END_TEST

/* clang-format off */
static const struct {
	uint64_t bytes;
	const char *text;
} sizes[] = {
	{ 0, "0 B" },
	{ 1023, "1023 B" },
	{ 1024, "1 KiB" },
	{ 1536, "1.5 KiB" },
	{ 99719577, "95.1 MiB" },
	{ 104826143, "100 MiB" }, /* not "100.0 MiB" */
	{ 512ull << 20, "512 MiB" },
	{ 636485632, "607 MiB" },
	{ (1ull << 20) - 1, "1.0 MiB" }, /* not "1024 KiB" */
	{ 8ull << 30, "8 GiB" },
	{ UINT64_MAX, "16 EiB" },
};
/* clang-format on */

START_TEST(sizes_are_iec)
{
	g_autofree char *text = ham_ctl_bytes(sizes[_i].bytes);

	ck_assert_str_eq(text, sizes[_i].text);
}
END_TEST

/* clang-format off */
static const struct {
	uint64_t done;
	uint64_t total;
	const char *text;
} parts[] = {
	{ 0, 512ull << 20, "  0/512 MiB" },
	{ 221ull << 20, 512ull << 20, "221/512 MiB" },
	{ 1288490189, 8ull << 30, "1.2/8.0 GiB" },
	{ 1ull << 30, 12ull << 30, " 1.0/12.0 GiB" },
	{ 300ull << 20, 256ull << 20, "300/256 MiB" },
	{ 0, 0, "0/0 B" },
};
/* clang-format on */

START_TEST(parts_share_a_unit)
{
	g_autofree char *text =
		ham_ctl_bytes_of(parts[_i].done, parts[_i].total);

	ck_assert_str_eq(text, parts[_i].text);
}
END_TEST

/* clang-format off */
static const struct {
	int64_t ms;
	const char *text;
} times[] = {
	{ -1, "?" },
	{ 0, "0 ms" },
	{ 43, "43 ms" },
	{ 999, "999 ms" },
	{ 2149, "2.1 s" },
	{ 59949, "59.9 s" },
	{ 59950, "1 min 00 s" },
	{ 192000, "3 min 12 s" },
	{ 3599499, "59 min 59 s" },
	{ 3599500, "1 h 00 min" },
	{ 7384000, "2 h 03 min" },
};
/* clang-format on */

START_TEST(times_are_readable)
{
	g_autofree char *text = ham_ctl_duration(times[_i].ms);

	ck_assert_str_eq(text, times[_i].text);
}
END_TEST

START_TEST(text_is_wrapped_at_words)
{
	g_autofree char *text = ham_ctl_wrap("ab cde f ghijklmnopqrst u", 8);

	ck_assert_str_eq(text, "ab cde f\n  ghijklmnopqrst\n  u");
}
END_TEST

START_TEST(text_is_cut_at_columns_not_bytes)
{
	g_autofree char *text = ham_ctl_cut("é数据", 4);

	ck_assert_str_eq(text, "é数");
}
END_TEST

START_TEST(one_is_singular)
{
	g_autofree char *one = ham_ctl_plural(1, "guest");
	g_autofree char *none = ham_ctl_plural(0, "guest");

	ck_assert_str_eq(one, "1 guest");
	ck_assert_str_eq(none, "0 guests");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_table");
	TCase *tcase = tcase_create("text");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tcase, columns_are_aligned);
	tcase_add_test(tcase, wide_characters_count_double);
	tcase_add_test(tcase, empty_cells_are_shown_but_no_line_ends_in_blanks);
	tcase_add_test(tcase, unfinished_row_is_left_out);
	tcase_add_test(tcase, colours_do_not_move_columns);
	tcase_add_test(tcase, a_cell_cannot_drive_the_terminal);
	tcase_add_test(tcase, clean_takes_any_bytes);
	tcase_add_loop_test(tcase, sizes_are_iec, 0, G_N_ELEMENTS(sizes));
	tcase_add_loop_test(tcase, parts_share_a_unit, 0, G_N_ELEMENTS(parts));
	tcase_add_loop_test(tcase, times_are_readable, 0, G_N_ELEMENTS(times));
	tcase_add_test(tcase, text_is_wrapped_at_words);
	tcase_add_test(tcase, text_is_cut_at_columns_not_bytes);
	tcase_add_test(tcase, one_is_singular);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
