/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf_scan.c - what GKeyFile swallows, the scan does not */
#include <string.h>

#include "config/scan.h"
#include "tests/unit/conf_text.h"

#define COMMENT_BEHIND                                                         \
	"the value alone (comments have lines of their own; a ; or # after "   \
	"a space is written \\s; or \\s#)"
#define FORMS                                                                  \
	"[cluster], [node NODE], [guest GUEST], [bridge BRIDGE], [disk "       \
	"GUEST/DISK], "                                                        \
	"[port GUEST/PORT], [fence NODE/DEVICE] or [uplink NODE/BRIDGE]"
#define AB "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"

/* clang-format off */
static const struct {
	const char *text;
	size_t len; /* 0: of the string */
	const char *problems;
} cases[] = {
	{ "", 0, "" },
	{ "\n  \n\t\n# c\n  # c\n", 0, "" },
	{ "[cluster]\na = 1\n", 0, "" },
	{ "[cluster]\r\na = 1\r\n", 0, "" },
	{ "  [cluster]  \n\ta\t=\t1\t\n", 0, "" },
	{ "[cluster]\na = 1", 0, "" },
	/* comments behind values */
	{ "[cluster]\na = 1 ; x\n", 0,
	  "c:2: [cluster] a: found 1 ; x, expected " COMMENT_BEHIND "\n" },
	{ "[cluster]\na = 1\t# x\n", 0,
	  "c:2: [cluster] a: found 1\\x09# x, expected " COMMENT_BEHIND "\n" },
	{ "[cluster]\na = # x\n", 0,
	  "c:2: [cluster] a: found # x, expected " COMMENT_BEHIND "\n" },
	{ "[cluster]\na = x;y#z\n", 0, "" },
	{ "[cluster]\na = x\\s;y\\s#z\n", 0, "" },
	{ "; x\n", 0, "c:1: found ; x, expected # before a comment\n" },
	{ "[cluster] # x\n", 0,
	  "c:1: found [cluster] # x, expected " FORMS "\n" },
	/* twice */
	{ "[node a]\n[node b]\n[node a]\n", 0,
	  "c:3: [node a]: found this section again, expected it once (it is "
	  "on line 1)\n" },
	{ "[node a]\nx=1\ny=1\nx=1\n[node b]\nx=1\n", 0,
	  "c:4: [node a] x: found this key again, expected it once (it is on "
	  "line 2)\n" },
	/* order and form */
	{ "a = 1\n[cluster]\n", 0,
	  "c:1: found a, expected a [SECTION] before the first key\n" },
	{ "[cluster]\nabc\n", 0,
	  "c:2: [cluster]: found abc, expected KEY = VALUE, [SECTION] or # "
	  "COMMENT\n" },
	{ "[cluster]\n= 1\n", 0,
	  "c:2: [cluster]: found nothing, expected a key (letters, digits, and "
	  ". _ -)\n" },
	{ "[cluster]\na[de] = 1\n", 0,
	  "c:2: [cluster]: found a[de], expected a key (letters, digits, and . "
	  "_ -)\n" },
	{ "[]\n", 0, "c:1: found [], expected " FORMS "\n" },
	{ "[\n", 0, "c:1: found [, expected " FORMS "\n" },
	{ "[node]\n", 0, "c:1: found [node], expected " FORMS "\n" },
	{ "[node a\n", 0, "c:1: found [node a, expected " FORMS "\n" },
	{ "[node  a]\n", 0, "c:1: found [node  a], expected " FORMS "\n" },
	{ "[node a b]\n", 0, "c:1: found [node a b], expected " FORMS "\n" },
	{ "[node a/b]\n", 0, "c:1: found [node a/b], expected " FORMS "\n" },
	{ "[node ../a]\n", 0, "c:1: found [node ../a], expected " FORMS "\n" },
	{ "[disk a]\n", 0, "c:1: found [disk a], expected " FORMS "\n" },
	{ "[disk a/]\n", 0, "c:1: found [disk a/], expected " FORMS "\n" },
	{ "[disk a/b/c]\n", 0,
	  "c:1: found [disk a/b/c], expected " FORMS "\n" },
	{ "[cluster x]\n", 0, "c:1: found [cluster x], expected " FORMS "\n" },
	{ "[Cluster]\n", 0, "c:1: found [Cluster], expected " FORMS "\n" },
	/* 47 bytes are a name, 48 are not */
	{ "[node " AB "]\n", 0,
	  "c:1: found [node " AB "], expected " FORMS "\n" },
	/* keys under a refused section are not held against another one */
	{ "[cluster]\n[what]\nabc = 1\nabc = 2\n", 0,
	  "c:2: found [what], expected " FORMS "\n" },
	/* bytes */
	{ "[cluster]\na = x\0y\n", 18,
	  "c:2: [cluster]: found a = x\\x00y, expected text without NUL "
	  "bytes\n" },
	{ "[cluster]\na = \xc3\x28\n", 0,
	  "c:2: [cluster]: found a = \\xc3(, expected UTF-8 text\n" },
	{ "# \xff\n", 0, "c:1: found # \\xff, expected UTF-8 text\n" },
	{ "\xef\xbb\xbf[cluster]\n", 0,
	  "c:1: found \\xef\\xbb\\xbf[cluster], expected KEY = VALUE, "
	  "[SECTION] or # COMMENT\n" },
	{ "[cluster]\na = \x1b[2J\n", 0,
	  "c:2: [cluster]: found a = \\x1b[2J, expected text without control "
	  "characters\n" },
	{ "[cluster]\na = x\ry\n", 0,
	  "c:2: [cluster]: found a = x\\x0dy, expected text without control "
	  "characters\n" },
	{ "[cluster]\na = x\r", 0,
	  "c:2: [cluster]: found a = x\\x0d, expected text without control "
	  "characters\n" },
	{ "[cluster]\na = \xe2\x80\xae\n", 0, "" },
	/* what GKeyFile makes of a backslash */
	{ "[cluster]\na = \\q\n", 0,
	  "c:2: [cluster] a: found \\q, expected \\s, \\t, \\n, \\r or \\\\ "
	  "where a \\ stands\n" },
	/* secrets are not repeated */
	{ "[fence n/b]\npassword = top ; secret\n", 0,
	  "c:2: [fence n/b] password: found text that is not shown, expected "
	  COMMENT_BEHIND "\n" },
	{ "[fence n/b]\npasswd = top\\q\n", 0,
	  "c:2: [fence n/b] passwd: found text that is not shown, expected "
	  "\\s, \\t, \\n, \\r or \\\\ where a \\ stands\n" },
	{ "[fence n/b]\npassword top\n", 0,
	  "c:2: [fence n/b]: found text that is not shown, expected KEY = "
	  "VALUE, [SECTION] or # COMMENT\n" },
};
/* clang-format on */

START_TEST(reports)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	const char *text = cases[_i].text;
	g_autoptr(ham_doc) doc = ham_scan(
		"c", text, cases[_i].len ? cases[_i].len : strlen(text),
		problems);
	g_autofree char *shown = conf_text_of(problems);

	ck_assert_str_eq(shown, cases[_i].problems);
}
END_TEST

START_TEST(keeps_lines_and_values)
{
	static const char text[] = "# c\n[guest web1]\n\nappend = a \\sb\n"
				   "[disk web1/root]\n  path=/x  \n";
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(ham_doc) doc = ham_scan("c", text, strlen(text), problems);
	const struct ham_section *guest, *disk;
	const struct ham_entry *append, *path;

	ck_assert_uint_eq(doc->sections->len, 2);
	guest = doc->sections->pdata[0];
	disk = doc->sections->pdata[1];
	ck_assert_int_eq(guest->kind, HAM_SECTION_GUEST);
	ck_assert_str_eq(guest->name, "web1");
	ck_assert_uint_eq(guest->line, 2);
	append = ham_section_find(guest, "append");
	ck_assert_str_eq(append->value, "a  b");
	ck_assert_uint_eq(append->line, 4);
	ck_assert_int_eq(disk->kind, HAM_SECTION_DISK);
	ck_assert_str_eq(disk->title, "disk web1/root");
	ck_assert_str_eq(disk->child, "root");
	path = ham_section_find(disk, "path");
	ck_assert_str_eq(path->value, "/x");
	ck_assert_ptr_null(ham_section_find(disk, "append"));
}
END_TEST

/* The copy that GKeyFile gets is numbered: "0" of the file is not its "0". */
START_TEST(numbered_copy_does_not_mix)
{
	static const char text[] = "[node 1]\n1 = a\n0 = b\n[node 0]\n0 = c\n";
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(ham_doc) doc = ham_scan("c", text, strlen(text), problems);
	const struct ham_section *first = doc->sections->pdata[0];
	const struct ham_section *second = doc->sections->pdata[1];

	ck_assert_str_eq(ham_section_find(first, "1")->value, "a");
	ck_assert_str_eq(ham_section_find(first, "0")->value, "b");
	ck_assert_str_eq(ham_section_find(second, "0")->value, "c");
}
END_TEST

START_TEST(long_line)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autofree char *line = g_strnfill(HAM_SCAN_LINE_MAX - 4, 'x');
	g_autofree char *text =
		g_strdup_printf("[cluster]\na = %s\nb = %sx\n", line, line);
	g_autoptr(ham_doc) doc = ham_scan("c", text, strlen(text), problems);
	const struct ham_conf_problem *problem;

	ck_assert_uint_eq(problems->len, 1);
	problem = problems->pdata[0];
	ck_assert_uint_eq(problem->line, 3);
	ck_assert_str_eq(problem->expected, "a line of at most 4096 bytes");
	ck_assert_uint_lt(strlen(problem->found), 200);
}
END_TEST

START_TEST(bounded_number_of_problems)
{
	GString *text = g_string_new(NULL);
	g_autofree char *shown = NULL;
	g_auto(GStrv) lines = NULL;

	for (int i = 0; i < 5000; i++)
		g_string_append(text, "x\n");
	shown = conf_text_parse(text->str, text->len);
	g_string_free(text, TRUE);
	lines = g_strsplit(shown, "\n", -1);
	ck_assert_uint_eq(g_strv_length(lines), 1001 + 1);
	ck_assert_str_eq(lines[0], "c: found more than 1000 problems, expected "
				   "none; the rest is not shown");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_scan");
	TCase *tc = tcase_create("scan");

	tcase_add_loop_test(tc, reports, 0, (int)G_N_ELEMENTS(cases));
	tcase_add_test(tc, keeps_lines_and_values);
	tcase_add_test(tc, numbered_copy_does_not_mix);
	tcase_add_test(tc, long_line);
	tcase_add_test(tc, bounded_number_of_problems);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
