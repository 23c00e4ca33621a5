/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf_man.c - hamd-cluster.conf(5) has the schema's keys
 *
 * Every key with its default and range is in the page under its section, and
 * the page has no key that the schema does not.
 */
#include <stdlib.h>
#include <string.h>

#include "config/schema.h"
#include "config/value.h"
#include "tests/unit/conf_text.h"

static char *page;

static void
load_page(void)
{
	const char *srcdir = getenv("srcdir");
	g_autofree char *path = g_build_filename(
		srcdir ? srcdir : ".", "doc/hamd-cluster.conf.5", NULL);

	ck_assert_msg(g_file_get_contents(path, &page, NULL, NULL), "%s", path);
}

static void
free_page(void)
{
	g_free(page);
}

/* The text of one kind of section: from its .Ss to the next heading. */
static char *
section_text(enum ham_section_kind kind)
{
	g_autofree char *heading =
		g_strdup_printf("\n.Ss [%s", ham_section_words[kind]);
	const char *at = strstr(page, heading), *end;

	ck_assert_msg(at, "%s", heading);
	end = strstr(at + 1, "\n.S");
	return g_strndup(at, end ? (size_t)(end - at) : strlen(at));
}

/* The text of one key: from its .It to the next. NULL if there is none. */
static char *
key_text(const char *section, const char *name)
{
	g_autofree char *item = g_strdup_printf("\n.It Cm %s No =", name);
	const char *at = strstr(section, item), *end;

	if (!at)
		return NULL;
	end = strstr(at + 1, "\n.It ");
	return g_strndup(at, end ? (size_t)(end - at) : strlen(at));
}

START_TEST(key_is_documented)
{
	const struct ham_key *key = &ham_schema[_i];
	g_autofree char *section = section_text(key->kind);
	g_autofree char *text = key_text(section, key->name);
	g_autofree char *status =
		key->fallback
			? g_strdup_printf("\nDefault: %s.\n", key->fallback)
			: g_strdup(key->required ? "\nRequired.\n"
						 : "\nOptional");
	g_autofree char *range = NULL;

	ck_assert_msg(text, "[%s] %s", ham_section_words[key->kind], key->name);
	ck_assert_msg(strstr(text, status), "%s:%s", key->name, status);
	for (unsigned int i = 0; key->words && key->words[i]; i++)
		ck_assert_msg(strstr(text, key->words[i]), "%s: %s", key->name,
			      key->words[i]);
	if (key->expected || !key->max)
		return;
	if (key->type <= HAM_VALUE_COUNT) {
		range = g_strdup_printf("%" G_GUINT64_FORMAT
					" to %" G_GUINT64_FORMAT,
					key->min, key->max);
	} else if (key->type <= HAM_VALUE_DURATION) {
		bool size = key->type == HAM_VALUE_SIZE;
		g_autofree char *min =
			size ? ham_value_show_size(key->min)
			     : ham_value_show_duration((int64_t)key->min);
		g_autofree char *max =
			size ? ham_value_show_size(key->max)
			     : ham_value_show_duration((int64_t)key->max);

		range = g_strdup_printf("%s to %s", min, max);
	} else if (key->type == HAM_VALUE_NAMES) {
		range = g_strdup_printf("Up to %" G_GUINT64_FORMAT " ",
					key->max);
	} else {
		range = g_strdup_printf("%" G_GUINT64_FORMAT " bytes",
					key->max);
	}
	ck_assert_msg(strstr(text, range), "%s: %s", key->name, range);
}
END_TEST

START_TEST(documented_is_a_key)
{
	g_autofree char *section = section_text((enum ham_section_kind)_i);
	g_auto(GStrv) items = g_strsplit(section, "\n.It Cm ", -1);

	ck_assert_uint_gt(g_strv_length(items), 1);
	for (char **item = items + 1; *item; item++) {
		char *end = strstr(*item, " No =");

		ck_assert_ptr_nonnull(end);
		*end = '\0';
		ck_assert_msg(ham_schema_find((enum ham_section_kind)_i, *item),
			      "%s", *item);
	}
}
END_TEST

/* The page's own example. */
START_TEST(example_is_valid)
{
	const char *start = strstr(page, "\n.Sh EXAMPLES");
	const char *text = strstr(start, "\n[cluster]") + 1;
	g_autofree char *example =
		g_strndup(text, (size_t)(strstr(text, "\n.Ed") + 1 - text));
	g_autoptr(ham_conf) conf = conf_text_valid(example);

	ck_assert_uint_eq(conf->guests->len, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_man");
	TCase *tc = tcase_create("man");

	tcase_add_unchecked_fixture(tc, load_page, free_page);
	tcase_add_loop_test(tc, key_is_documented, 0, (int)ham_schema_len);
	tcase_add_loop_test(tc, documented_is_a_key, 0, HAM_SECTION_N_KINDS);
	tcase_add_test(tc, example_is_valid);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
