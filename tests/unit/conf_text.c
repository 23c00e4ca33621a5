/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/conf_text.c - problems as text, for the tests of config/ */
#include "tests/unit/conf_text.h"

#include <string.h>

char *
conf_text_of(const GPtrArray *problems)
{
	GString *out = g_string_new(NULL);

	for (unsigned int i = 0; i < problems->len; i++) {
		g_autofree char *text =
			ham_conf_problem_text(problems->pdata[i]);

		g_string_append_printf(out, "%s\n", text);
	}
	return g_string_free(out, FALSE);
}

char *
conf_text_parse(const char *text, size_t len)
{
	g_autoptr(GPtrArray) problems = NULL;
	g_autoptr(ham_conf) conf = NULL;

	conf = ham_conf_parse("c", text, len, &problems);
	ck_assert_msg(!conf == (problems->len > 0),
		      "a configuration and problems exclude each other");
	return conf_text_of(problems);
}

ham_conf *
conf_text_valid(const char *text)
{
	g_autoptr(GPtrArray) problems = NULL;
	ham_conf *conf = ham_conf_parse("c", text, strlen(text), &problems);
	g_autofree char *shown = conf_text_of(problems);

	ck_assert_str_eq(shown, "");
	ck_assert_ptr_nonnull(conf);
	return conf;
}

int
conf_text_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
