/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/check_versions.c - this version reads what others wrote
 *
 * Every frozen level (freeze.c): each message means what stands beside it and
 * is written again as the same bytes; the state is read, believed by a core,
 * and means what stands beside it.  Another level or format is refused by
 * name, and a core stops rather than skip a change that it can't read.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/io/store.h"
#include "tests/unit/leaf_run.h"
#include "tests/versions/describe.h"
#include "tests/versions/samples.h"

enum {
	LEVEL_AT = 4,	/* in a message */
	FORMAT_AT = 63, /* last byte of user_version, sqlite.org/fileformat */
};

typedef void (*level_fn)(const char *folder);

static char *
versions_folder(void)
{
	const char *srcdir = getenv("srcdir");

	return g_build_filename(srcdir ? srcdir : ".", "tests/versions", NULL);
}

static void
for_each_level(level_fn fn)
{
	g_autofree char *top = versions_folder();
	g_autoptr(GDir) dir = g_dir_open(top, 0, NULL);
	unsigned int n = 0;
	const char *name;

	ck_assert_ptr_nonnull(dir);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *folder = g_build_filename(top, name, NULL);

		if (!g_str_has_prefix(name, "level-"))
			continue;
		fn(folder);
		n++;
	}
	ck_assert_msg(n > 0, "nothing is frozen in %s", top);
}

static GBytes *
read_file(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *bytes;
	gsize len;

	ck_assert_msg(g_file_get_contents(path, &bytes, &len, NULL),
		      "cannot read %s", path);
	return g_bytes_new_take(bytes, len);
}

static char *
text_of(const char *folder, const char *name)
{
	gsize len;

	return g_bytes_unref_to_data(read_file(folder, name), &len);
}

/* Names of the level's messages, without their end. */
static GPtrArray *
messages_of(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	ck_assert_ptr_nonnull(dir);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".msg"))
			g_ptr_array_add(names,
					g_strndup(name, strlen(name) - 4));
	ck_assert_msg(names->len > 0, "no message in %s", folder);
	return names;
}

static GBytes *
read_message(const char *folder, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".msg", NULL);

	return read_file(folder, file);
}

static void
check_messages(const char *folder)
{
	g_autoptr(GPtrArray) names = messages_of(folder);

	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autofree char *text = g_strconcat(name, ".txt", NULL);
		g_autofree char *expected = text_of(folder, text);
		g_autoptr(GBytes) bytes = read_message(folder, name);
		g_autoptr(GBytes) again = rewrite_message(bytes);
		g_autofree char *got = describe_message(bytes);

		ck_assert_msg(strcmp(got, expected) == 0,
			      "%s/%s is read as:\n%s", folder, name, got);
		ck_assert_msg(again && g_bytes_equal(bytes, again),
			      "%s/%s is written in another way", folder, name);
	}
}

START_TEST(messages_mean_what_they_meant)
{
	for_each_level(check_messages);
}
END_TEST

/* ---- the state ---- */

static void
no_done(uint64_t ticket, void *data)
{
	(void)ticket;
	(void)data;
}

static void
no_fail(const char *reason, void *data)
{
	(void)data;
	ck_abort_msg("%s", reason);
}

/* Of a copy, since opening it writes; with its format changed by `change`. */
static GPtrArray *
open_state(const char *folder, int change, GError **error)
{
	g_autofree char *temp = g_dir_make_tmp("check-versions-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(temp, "state.db", NULL);
	g_autofree char *log = g_strconcat(path, "-wal", NULL);
	g_autoptr(GBytes) bytes = read_file(folder, "state.db");
	GPtrArray *items = NULL;
	gsize len;
	char *data = g_bytes_unref_to_data(g_steal_pointer(&bytes), &len);

	ck_assert_uint_gt(len, FORMAT_AT);
	data[FORMAT_AT] = (char)(data[FORMAT_AT] + change);
	ck_assert(g_file_set_contents(path, data, (gssize)len, NULL));
	ham_store_free(
		ham_store_open(path, &items, no_done, no_fail, NULL, error));
	g_remove(path);
	g_remove(log);
	g_rmdir(temp);
	g_free(data);
	return items;
}

static void
check_state(const char *folder)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = open_state(folder, 0, &error);
	g_autoptr(GString) got = g_string_new(NULL);
	g_autofree char *expected = text_of(folder, "state.txt");

	ck_assert_msg(items != NULL, "%s", error ? error->message : "");
	for (guint i = 0; i < items->len; i++) {
		const struct ham_store_item *item = items->pdata[i];
		g_autofree char *text = describe_item(item->key, item->value);
		g_autoptr(GBytes) again = NULL;

		g_string_append(got, text);
		if (!g_str_has_prefix(item->key, "guest/"))
			continue;
		again = rewrite_guest(item->value);
		ck_assert_msg(again && g_bytes_equal(again, item->value),
			      "%s is written in another way", item->key);
	}
	ck_assert_msg(strcmp(got->str, expected) == 0,
		      "the state of %s is read as:\n%s", folder, got->str);
}

START_TEST(the_state_means_what_it_meant)
{
	for_each_level(check_state);
}
END_TEST

static void
check_believed(const char *folder)
{
	g_autoptr(GPtrArray) items = open_state(folder, 0, NULL);
	ham_core *core = samples_core();
	unsigned int guests = 0;

	ck_assert_ptr_nonnull(items);
	for (guint i = 0; i < items->len; i++) {
		const struct ham_store_item *item = items->pdata[i];
		gsize len;
		const uint8_t *bytes = g_bytes_get_data(item->value, &len);

		ck_assert_ptr_null(ham_core_load(core, item->key, bytes, len));
		guests += g_str_has_prefix(item->key, "guest/");
	}
	ck_assert_ptr_null(ham_core_loaded(core));
	ck_assert_uint_ge(guests, HAM_GUEST_N_PHASES);
	ck_assert_uint_eq(ham_core_record(core)->n_guests, guests);
	ham_core_free(core);
}

START_TEST(a_core_believes_the_state)
{
	for_each_level(check_believed);
}
END_TEST

static void
check_format(const char *folder)
{
	for (int change = -1; change <= 1; change += 2) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) items = open_state(folder, change, &error);
		g_autofree char *said = g_strdup_printf(
			"has format %d, this hamd knows format 1", 1 + change);

		ck_assert_ptr_null(items);
		ck_assert_ptr_nonnull(error);
		ck_assert_msg(strstr(error->message, said) != NULL, "%s",
			      error->message);
	}
}

START_TEST(another_format_is_refused_by_its_number)
{
	for_each_level(check_format);
}
END_TEST

/* ---- this version's own level ---- */

static char *
own_folder(void)
{
	g_autofree char *top = versions_folder();

	return g_strdup_printf("%s/level-%d", top, HAM_PROTOCOL_LEVEL);
}

/* What is new is frozen, too, from its first day. */
START_TEST(every_kind_is_frozen)
{
	g_autofree char *folder = own_folder();
	g_autoptr(GPtrArray) samples = samples_messages();

	for (guint i = 0; i < samples->len; i++) {
		const struct sample *sample = samples->pdata[i];
		g_autofree char *path =
			g_strdup_printf("%s/%s.msg", folder, sample->name);

		ck_assert_msg(g_file_test(path, G_FILE_TEST_EXISTS),
			      "%s is not frozen", path);
	}
}
END_TEST

static GBytes *
with_level(GBytes *bytes, int change)
{
	gsize len;
	const uint8_t *old = g_bytes_get_data(bytes, &len);
	uint8_t *data = g_memdup2(old, len);

	ck_assert_uint_gt(len, LEVEL_AT);
	data[LEVEL_AT] = (uint8_t)(data[LEVEL_AT] + change);
	return g_bytes_new_take(data, len);
}

START_TEST(another_level_is_refused_by_name)
{
	g_autofree char *folder = own_folder();
	g_autoptr(GPtrArray) names = messages_of(folder);

	for (guint i = 0; i < names->len; i++) {
		g_autoptr(GBytes) bytes = read_message(folder, names->pdata[i]);

		for (int change = -1; change <= 1; change += 2) {
			g_autoptr(GBytes) other = with_level(bytes, change);
			g_autofree char *got = describe_message(other);

			ck_assert_str_eq(got,
					 "refused: another protocol level\n");
		}
	}
}
END_TEST

/* What the core says when it hears these bytes; NULL: nothing. */
static char *
fatal_of(GBytes *bytes)
{
	struct ham_event event = {.kind = HAM_EV_MESSAGE, .node = 1};
	struct ham_effects effects = {0};
	ham_core *core = samples_core();
	char *said = NULL;

	event.bytes = g_bytes_get_data(bytes, &event.len);
	ham_core_step(core, &event, &effects);
	for (size_t i = 0; i < effects.n; i++)
		if (effects.list[i].kind == HAM_FX_FATAL)
			said = g_strdup(effects.list[i].text);
	ham_effects_free(&effects);
	ham_core_free(core);
	return said;
}

START_TEST(a_change_of_another_level_stops_the_core)
{
	g_autofree char *folder = own_folder();
	g_autoptr(GPtrArray) names = messages_of(folder);

	for (guint i = 0; i < names->len; i++) {
		const char *name = names->pdata[i];
		g_autoptr(GBytes) bytes = read_message(folder, name);
		g_autoptr(GBytes) other = with_level(bytes, 1);
		g_autofree char *said = fatal_of(other);
		bool change = g_str_has_prefix(name, "RECORD") ||
			      g_str_has_prefix(name, "ADOPT");

		if (change)
			ck_assert_msg(said && strstr(said, "another protocol "
							   "level"),
				      "%s: %s", name, said ? said : "nothing");
		else
			ck_assert_ptr_null(said);
	}
}
END_TEST

static int
freeze(const char *folder)
{
	char *argv[] = {"tests/versions/freeze", (char *)folder, NULL};
	g_autoptr(GError) error = NULL;
	int status = -1;

	ck_assert_msg(g_spawn_sync(NULL, argv, NULL,
				   G_SPAWN_STDOUT_TO_DEV_NULL |
					   G_SPAWN_STDERR_TO_DEV_NULL,
				   NULL, NULL, NULL, NULL, &status, &error),
		      "%s", error ? error->message : "");
	return status;
}

static void
remove_folder(const char *folder)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		g_remove(path);
	}
	g_rmdir(folder);
}

START_TEST(what_is_frozen_is_not_written_again)
{
	g_autofree char *top = g_dir_make_tmp("check-versions-XXXXXX", NULL);
	g_autofree char *folder =
		g_strdup_printf("%s/level-%d", top, HAM_PROTOCOL_LEVEL);
	g_autofree char *old = g_build_filename(folder, "STORED.msg", NULL);
	g_autofree char *new = g_build_filename(folder, "ADOPT.msg", NULL);
	g_autofree char *kept = NULL;

	ck_assert_int_eq(freeze(top), 0);
	ck_assert(g_file_test(old, G_FILE_TEST_EXISTS));
	check_messages(folder);
	check_state(folder);
	/* a kind that is not there yet is added, and that alone */
	ck_assert(g_file_set_contents(old, "kept", -1, NULL));
	ck_assert_int_eq(g_remove(new), 0);
	ck_assert_int_eq(freeze(top), 0);
	ck_assert(g_file_get_contents(old, &kept, NULL, NULL));
	ck_assert_str_eq(kept, "kept");
	ck_assert(g_file_test(new, G_FILE_TEST_EXISTS));
	remove_folder(folder);
	g_rmdir(top);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("versions");
	TCase *tc = tcase_create("frozen");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, messages_mean_what_they_meant);
	tcase_add_test(tc, the_state_means_what_it_meant);
	tcase_add_test(tc, a_core_believes_the_state);
	tcase_add_test(tc, another_format_is_refused_by_its_number);
	tcase_add_test(tc, every_kind_is_frozen);
	tcase_add_test(tc, another_level_is_refused_by_name);
	tcase_add_test(tc, a_change_of_another_level_stops_the_core);
	tcase_add_test(tc, what_is_frozen_is_not_written_again);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
