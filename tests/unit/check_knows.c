/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_knows.c - hamd/guest/knows.c: what a QEMU says that it has
 *
 * A script stands in for QEMU and says what the test has put beside it.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#include "hamd/guest/knows.h"
#include "tests/unit/leaf_run.h"

static const char answers[] =
	"{\"QMP\": {\"version\": {}, \"capabilities\": []}}\n"
	"{\"return\": {}}\n"
	"{\"return\": [{\"name\": \"pc-q35-10.0\", \"alias\": \"q35\","
	" \"cpu-max\": 288}, {\"name\": \"none\", \"cpu-max\": 1}]}\n"
	"{\"return\": [{\"name\": \"qemu64\", \"typename\": "
	"\"qemu64-x86_64-cpu\", \"unavailable-features\": []}, {\"name\": "
	"\"EPYC\", \"typename\": \"EPYC-x86_64-cpu\", "
	"\"unavailable-features\": [\"avx\", \"fma\"]}]}\n"
	"{\"return\": {}}\n";

static char *folder, *program, *said, *asked;
static ham_knows *knows;
static unsigned int n_known;
static GMainLoop *loop;

/* It says what is in the file, and notes that it was asked. */
static void
install(const char *text)
{
	g_autofree char *script = g_strdup_printf(
		"#!/bin/sh\necho x >>%s\n%s\n", asked,
		text ? "cat \"$(dirname \"$0\")/said\"" : "exec sleep 1000");

	ck_assert(g_file_set_contents(program, script, -1, NULL));
	ck_assert(g_file_set_contents(said, text ? text : "", -1, NULL));
	ck_assert_int_eq(g_chmod(program, 0700), 0);
}

static void
begin(void)
{
	folder = g_dir_make_tmp("check-knows-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	program = g_build_filename(folder, "qemu", NULL);
	said = g_build_filename(folder, "said", NULL);
	asked = g_build_filename(folder, "asked", NULL);
	install(answers);
	knows = ham_knows_new(program, "tcg", 0);
	loop = g_main_loop_new(NULL, FALSE);
	n_known = 0;
}

static void
end(void)
{
	ham_knows_free(knows);
	g_main_loop_unref(loop);
	g_unlink(program);
	g_unlink(said);
	g_unlink(asked);
	g_rmdir(folder);
	g_free(program);
	g_free(said);
	g_free(asked);
	g_free(folder);
}

static void
on_known(const ham_knows *who, void *data)
{
	ck_assert_ptr_eq(who, knows);
	ck_assert_ptr_eq(data, &n_known);
	n_known++;
	g_main_loop_quit(loop);
}

static void
ask(void)
{
	ham_knows_ask(knows, on_known, &n_known);
	ck_assert_uint_eq(n_known, 0);
	g_main_loop_run(loop);
}

static size_t
times_asked(void)
{
	g_autofree char *text = NULL;
	gsize len = 0;

	return g_file_get_contents(asked, &text, &len, NULL) ? len / 2 : 0;
}

START_TEST(nothing_is_known_before)
{
	ck_assert(!ham_knows_any(knows));
	ck_assert(!ham_knows_machine(knows, "pc-q35-10.0"));
	ck_assert_str_eq(ham_knows_lacks(knows, "qemu64"), "");
	ck_assert_str_eq(ham_knows_why(knows), "QEMU was not asked");
}
END_TEST

START_TEST(machines_and_models)
{
	ask();
	ck_assert(ham_knows_any(knows));
	ck_assert(ham_knows_machine(knows, "pc-q35-10.0"));
	ck_assert(ham_knows_machine(knows, "q35"));
	ck_assert(!ham_knows_machine(knows, "pc-q35-11.0"));
	ck_assert(ham_knows_cpu(knows, "qemu64"));
	ck_assert(ham_knows_cpu(knows, "qemu64,+ssse3"));
	ck_assert(!ham_knows_cpu(knows, "pc-q35-10.0"));
	ck_assert_str_eq(ham_knows_cpu_type(knows, "EPYC"), "EPYC-x86_64-cpu");
	ck_assert_str_eq(ham_knows_lacks(knows, "EPYC"), "avx,fma");
	ck_assert_str_eq(ham_knows_lacks(knows, "qemu64"), "");
}
END_TEST

START_TEST(asked_once_until_it_is_replaced)
{
	struct utimbuf old = {1000, 1000};

	ask();
	n_known = 0;
	ask();
	ck_assert_uint_eq(times_asked(), 1);
	install("{\"return\": [{\"name\": \"new\", \"cpu-max\": 1}]}\n");
	ck_assert_int_eq(g_utime(program, &old), 0);
	n_known = 0;
	ask();
	ck_assert_uint_eq(times_asked(), 2);
	ck_assert(ham_knows_machine(knows, "new"));
	ck_assert(!ham_knows_machine(knows, "q35"));
}
END_TEST

START_TEST(nonsense_is_nothing)
{
	install("qemu: no such option\n{\"return\": 1}\n{\"return\": [1, "
		"{}]}\n");
	ask();
	ck_assert(!ham_knows_any(knows));
	ck_assert_str_eq(ham_knows_why(knows),
			 "QEMU ended without telling what it knows");
}
END_TEST

START_TEST(one_that_hangs_is_given_up)
{
	install(NULL);
	ask();
	ck_assert(!ham_knows_any(knows));
	ck_assert(strstr(ham_knows_why(knows), "within 4 s") != NULL);
}
END_TEST

START_TEST(a_program_that_is_not_there)
{
	g_unlink(program);
	ask();
	ck_assert(!ham_knows_any(knows));
	ck_assert(strstr(ham_knows_why(knows), "No such file") != NULL);
}
END_TEST

static void
not_to_be_called(const ham_knows *who, void *data)
{
	(void)who;
	(void)data;
	ck_abort_msg("forgotten, and called");
}

START_TEST(who_is_forgotten_hears_nothing)
{
	ham_knows_ask(knows, not_to_be_called, &loop);
	ham_knows_forget(knows, &loop);
	ask();
	ck_assert_uint_eq(n_known, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("knows");
	TCase *tcase = tcase_create("knows");

	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, begin, end);
	tcase_add_test(tcase, nothing_is_known_before);
	tcase_add_test(tcase, machines_and_models);
	tcase_add_test(tcase, asked_once_until_it_is_replaced);
	tcase_add_test(tcase, nonsense_is_nothing);
	tcase_add_test(tcase, one_that_hangs_is_given_up);
	tcase_add_test(tcase, a_program_that_is_not_there);
	tcase_add_test(tcase, who_is_forgotten_hears_nothing);
	suite_add_tcase(suite, tcase);
	return leaf_run(suite);
}
