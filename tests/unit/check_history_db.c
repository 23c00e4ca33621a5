/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_history_db.c - the history's file: kept, bounded, refused
 *
 * The disk that fails is faulty_vfs.h.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/io/history_store.h"
#include "hamd/io/json.h"
#include "tests/unit/faulty_vfs.h"
#include "tests/unit/io_wait.h"

#define DAY_US ((int64_t)24 * 3600 * 1000000)

static char *folder;
static char *path;
static ham_history_store *store;
static uint64_t asked, answered;
static JsonObject *answer;
static char *refusal;
static GString *troubles;

static void
on_answer(uint64_t token, JsonObject *object, const char *error_class,
	  const char *text, void *data)
{
	ck_assert_ptr_eq(data, &troubles);
	ck_assert(!object == !!error_class);
	g_clear_pointer(&answer, json_object_unref);
	g_free(refusal);
	answer = object;
	refusal = g_strdup_printf("%s: %s", error_class ? error_class : "",
				  text ? text : "");
	answered = token;
}

static void
on_trouble(const char *text, bool once, void *data)
{
	ck_assert_ptr_eq(data, &troubles);
	g_string_append_printf(troubles, "%s%s\n", once ? "once: " : "",
			       text ? text : "over");
}

static void
open_boot(const char *boot)
{
	static const struct ham_history_callbacks callbacks = {
		.on_answer = on_answer, .on_trouble = on_trouble};

	store = ham_history_store_open(path, boot, &callbacks, &troubles);
}

static void
open_store(void)
{
	open_boot("boot-1");
}

static void
close_store(void)
{
	g_clear_pointer(&store, ham_history_store_free);
}

static void
set_up(void)
{
	faulty_vfs_use();
	folder = g_dir_make_tmp("check-history-XXXXXX", NULL);
	path = g_build_filename(folder, "history.db", NULL);
	troubles = g_string_new(NULL);
	asked = answered = 0;
}

static void
tear_down(void)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	close_store();
	g_clear_pointer(&answer, json_object_unref);
	g_clear_pointer(&refusal, g_free);
	dir = g_dir_open(folder, 0, NULL);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, NULL);

		unlink(file);
	}
	rmdir(folder);
	g_free(folder);
	g_free(path);
	g_string_free(troubles, TRUE);
	faulty_vfs_drop();
}

static struct ham_history_entry
entry(const char *guest, int64_t number)
{
	struct ham_history_entry e = {.kind = "migration",
				      .mode = "live",
				      .number = number,
				      .began = {2000 * DAY_US, 5000000},
				      .total_us = -1,
				      .stopped_us = -1,
				      .blackout_us = -1,
				      .max_pause_us = 150000,
				      .disk_bytes = -1,
				      .ram_bytes = -1,
				      .passes = -1};

	e.began.wall_us = ham_clock_wall_us();
	g_snprintf(e.id, sizeof(e.id), "%s-%d", guest, (int)number);
	g_strlcpy(e.guest, guest, sizeof(e.guest));
	g_strlcpy(e.from, "n1", sizeof(e.from));
	g_strlcpy(e.to, "n2", sizeof(e.to));
	return e;
}

static void
finish(struct ham_history_entry *e)
{
	e->result = HAM_HISTORY_DONE;
	e->ended.wall_us = e->began.wall_us + 2100000;
	e->ended.boot_us = e->began.boot_us + 2100000;
	e->stopped_us = 43210;
}

static JsonArray *
list(const char *guest, int64_t since, int64_t before, int64_t limit)
{
	struct ham_history_query query = {
		.since = since, .before = before, .limit = limit};

	g_strlcpy(query.guest, guest, sizeof(query.guest));
	ham_history_store_list(store, ++asked, &query);
	WAIT_FOR(answered == asked);
	ck_assert_msg(answer != NULL, "%s", refusal);
	return json_object_get_array_member(answer, "entries");
}

static JsonObject *
show(const char *id, bool samples)
{
	ham_history_store_show(store, ++asked, id, samples);
	WAIT_FOR(answered == asked);
	return answer ? json_object_get_object_member(answer, "entry") : NULL;
}

/* "web1-3 web1-2", newest first */
static char *
ids(JsonArray *entries)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < json_array_get_length(entries); i++)
		g_string_append_printf(
			text, "%s%s", i ? " " : "",
			ham_json_string(json_array_get_object_element(entries,
								      i),
					"id"));
	return g_string_free(text, FALSE);
}

#define EXPECT_IDS(entries, want)                                              \
	do {                                                                   \
		g_autofree char *io_ids = ids(entries);                        \
                                                                               \
		ck_assert_str_eq(io_ids, want);                                \
	} while (0)

START_TEST(round_trip)
{
	struct ham_history_entry e = entry("web1", 17);
	struct ham_history_step step = {.at = {7, 8},
					.node = "n1",
					.what = "phase",
					.text = "copy \xff"};
	struct ham_history_sample sample = {
		.at = {7, 8}, .rate = 5, .pause_min_us = -1};
	JsonObject *got;

	open_store();
	ham_history_store_put(store, &e, true);
	ham_history_store_step(store, e.id, &step);
	ham_history_store_sample(store, e.id, &sample);
	g_strlcpy(e.asked, "uid 0", sizeof(e.asked));
	finish(&e);
	ham_history_store_put(store, &e, false);
	close_store();
	open_boot("boot-2");
	got = show("web1-17", true);
	ck_assert_ptr_nonnull(got);
	ck_assert_str_eq(ham_json_string(got, "result"), "done");
	ck_assert_str_eq(ham_json_string(got, "asked"), "uid 0");
	ck_assert_str_eq(ham_json_string(got, "txn"), "17");
	ck_assert_str_eq(ham_json_string(got, "boot"), "boot-1");
	ck_assert(!json_object_has_member(got, "epoch"));
	ck_assert(!json_object_has_member(got, "blackout_ms"));
	ck_assert(json_object_get_double_member(got, "stopped_ms") == 43.2);
	ck_assert(json_object_get_double_member(got, "total_ms") == 2100.0);
	ck_assert_int_eq(json_object_get_int_member(
				 ham_json_object(got, "began"), "seconds"),
			 e.began.wall_us / 1000000);
	got = json_array_get_object_element(ham_json_array(answer, "steps"), 0);
	ck_assert_str_eq(ham_json_string(got, "text"), "copy \xef\xbf\xbd");
	ck_assert_int_eq(json_object_get_int_member(got, "boot_us"), 8);
	got = json_array_get_object_element(ham_json_array(answer, "samples"),
					    0);
	ck_assert_int_eq(json_object_get_int_member(got, "rate"), 5);
	ck_assert(!json_object_has_member(got, "pause_min_ms"));
	show("web1-17", false);
	ck_assert(!json_object_has_member(answer, "samples"));
	ck_assert_str_eq(troubles->str, "");
}
END_TEST

START_TEST(not_found)
{
	open_store();
	ck_assert_ptr_null(show("web1-1", false));
	ck_assert(g_str_has_prefix(refusal, "NotFound: "));
}
END_TEST

START_TEST(listed_newest_first_and_bounded)
{
	open_store();
	for (int i = 1; i <= 6; i++) {
		struct ham_history_entry e = entry(i % 2 ? "a-1" : "b", i);

		ham_history_store_put(store, &e, true);
	}
	EXPECT_IDS(list("", 0, 0, 50), "b-6 a-1-5 b-4 a-1-3 b-2 a-1-1");
	ck_assert(!ham_json_true(answer, "more"));
	EXPECT_IDS(list("", 0, 0, 2), "b-6 a-1-5");
	ck_assert(ham_json_true(answer, "more"));
	EXPECT_IDS(list("", 0, 5, 2), "b-4 a-1-3");
	EXPECT_IDS(list("", 4, 0, 50), "b-6 a-1-5");
	EXPECT_IDS(list("a-1", 0, 0, 50), "a-1-5 a-1-3 a-1-1");
	EXPECT_IDS(list("a", 0, 0, 50), "");
}
END_TEST

/* A hamd that was started meanwhile knows less than its file. */
START_TEST(goes_on_after_a_restart)
{
	struct ham_history_entry e = entry("web1", 3);
	JsonObject *got;

	open_store();
	g_strlcpy(e.asked, "uid 0", sizeof(e.asked));
	ham_history_store_put(store, &e, true);
	close_store();
	open_store();
	got = show("web1-3", false);
	ck_assert_str_eq(ham_json_string(got, "result"), "unknown");
	ck_assert_ptr_nonnull(strstr(ham_json_string(got, "reason"), "ended"));
	e.began.boot_us += 99;
	e.from[0] = e.asked[0] = '\0';
	e.max_pause_us = -1;
	e.mode = "";
	ham_history_store_put(store, &e, true);
	e.began.boot_us -= 99;
	finish(&e);
	ham_history_store_put(store, &e, false);
	got = show("web1-3", false);
	ck_assert_str_eq(ham_json_string(got, "result"), "done");
	ck_assert_str_eq(ham_json_string(got, "reason"), "");
	ck_assert_str_eq(ham_json_string(got, "asked"), "uid 0");
	ck_assert_str_eq(ham_json_string(got, "from"), "n1");
	ck_assert_str_eq(ham_json_string(got, "mode"), "live");
	ck_assert_int_eq(json_object_get_int_member(got, "began_boot_us"),
			 e.began.boot_us);
	ck_assert(json_object_get_double_member(got, "max_pause_ms") == 150.0);
	EXPECT_IDS(list("", 0, 0, 50), "web1-3");
}
END_TEST

/* The clock of another boot is another one. */
START_TEST(goes_on_after_a_reboot)
{
	struct ham_history_entry e = entry("web1", 3);
	JsonObject *got;

	open_store();
	ham_history_store_put(store, &e, true);
	close_store();
	open_boot("boot-2");
	finish(&e);
	e.ended.boot_us = 99000000;
	ham_history_store_put(store, &e, true);
	got = show("web1-3", false);
	ck_assert(!json_object_has_member(got, "ended_boot_us"));
	ck_assert(json_object_get_double_member(got, "total_ms") == 2100.0);
}
END_TEST

START_TEST(an_id_that_comes_again_keeps_both)
{
	open_store();
	for (int i = 0; i < 3; i++) {
		struct ham_history_entry e = entry("web1", 3);

		g_snprintf(e.to, sizeof(e.to), "n%d", i + 2);
		ham_history_store_put(store, &e, true);
		finish(&e);
		ham_history_store_put(store, &e, false);
	}
	EXPECT_IDS(list("", 0, 0, 50), "web1-3 web1-3.2 web1-3.1");
	ck_assert_str_eq(ham_json_string(show("web1-3", false), "to"), "n4");
	ck_assert_str_eq(ham_json_string(show("web1-3.1", false), "to"), "n2");
}
END_TEST

START_TEST(a_long_course_is_thinned)
{
	struct ham_history_entry e = entry("web1", 1);
	struct ham_history_sample sample = {0};
	JsonArray *samples;
	guint n;

	open_store();
	ham_history_store_put(store, &e, true);
	for (int i = 0; i < 1999; i++) {
		sample.at.boot_us = i;
		ham_history_store_sample(store, e.id, &sample);
		/* not faster than a disk: the queue is bounded */
		if (i % 500 == 0)
			show("web1-1", false);
	}
	show("web1-1", true);
	samples = ham_json_array(answer, "samples");
	n = json_array_get_length(samples);
	ck_assert_uint_le(n, HAM_HISTORY_POINTS);
	ck_assert_uint_gt(n, HAM_HISTORY_POINTS / 3);
	ck_assert_int_eq(json_object_get_int_member(
				 json_array_get_object_element(samples, 0),
				 "boot_us"),
			 0);
	ck_assert_int_eq(json_object_get_int_member(
				 json_array_get_object_element(samples, n - 1),
				 "boot_us"),
			 1998);
	for (int i = 0; i < 2; i++)
		ham_history_store_thin(store, e.id);
	show("web1-1", true);
	samples = ham_json_array(answer, "samples");
	ck_assert_uint_eq(json_array_get_length(samples), 500);
	ck_assert_int_eq(json_object_get_int_member(
				 json_array_get_object_element(samples, 1),
				 "boot_us"),
			 4);
}
END_TEST

static int64_t
count(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *row = NULL;
	int64_t n;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &row, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(row), SQLITE_ROW);
	n = sqlite3_column_int64(row, 0);
	sqlite3_finalize(row);
	sqlite3_close(db);
	return n;
}

START_TEST(what_is_old_is_forgotten)
{
	g_autoptr(GError) error = NULL;
	char *note = NULL;
	g_autoptr(ham_history_db) db =
		ham_history_db_open(path, "b", &note, &error);
	struct ham_history_sample sample = {0};
	struct ham_history_step step = {.what = "phase"};

	ck_assert_ptr_nonnull(db);
	for (int i = 1; i <= 9; i++) {
		struct ham_history_entry e = entry("web1", i);

		if (i == 7) /* its clock was wrong, say */
			e.began.wall_us -= 367 * DAY_US;
		ck_assert(ham_history_db_put(db, &e, true, &error));
		ck_assert(ham_history_db_add_step(db, e.id, &step, &error));
		if (i != 9)
			ck_assert(ham_history_db_add_sample(db, e.id, &sample,
							    &error));
	}
	ck_assert(
		ham_history_db_prune(db, ham_clock_wall_us(), 5, 2, &error));
	/* 5 to 9 without 7; figures of 6 and 8 */
	ck_assert_int_eq(count("SELECT count(*) FROM entry"), 4);
	ck_assert_int_eq(count("SELECT min(number) FROM entry"), 5);
	ck_assert_int_eq(count("SELECT count(*) FROM step"), 4);
	ck_assert_int_eq(count("SELECT count(*) FROM sample"), 2);
	ck_assert_int_eq(count("SELECT min(entry) FROM sample"), 6);
}
END_TEST

static void
make_file(const char *bytes, size_t len)
{
	ck_assert(g_file_set_contents(path, bytes, (gssize)len, NULL));
}

START_TEST(a_damaged_file_is_put_aside)
{
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	struct ham_history_entry e = entry("web1", 1);

	make_file("this is no database, whatever its name says it may be", 53);
	open_store();
	ham_history_store_put(store, &e, true);
	EXPECT_IDS(list("", 0, 0, 50), "web1-1");
	ck_assert(g_file_test(aside, G_FILE_TEST_EXISTS));
	ck_assert(g_str_has_prefix(troubles->str, "once: the history"));
	ck_assert_ptr_nonnull(strstr(troubles->str, ".damaged"));
	ck_assert_ptr_null(strstr(strchr(troubles->str, '\n') + 1, "\n"));
}
END_TEST

/* A page of it was overwritten. */
START_TEST(damage_inside_is_seen)
{
	static char zeros[4096];
	int fd;

	open_store();
	for (int i = 0; i < 400; i++) {
		struct ham_history_entry e = entry("web1", i);

		ham_history_store_put(store, &e, true);
	}
	close_store();
	fd = open(path, O_WRONLY | O_CLOEXEC);
	memset(zeros, 0x55, sizeof(zeros));
	for (int i = 8; i < 16; i++)
		ck_assert_int_eq(pwrite(fd, zeros, sizeof(zeros), i * 4096),
				 sizeof(zeros));
	close(fd);
	open_store();
	EXPECT_IDS(list("", 0, 0, 50), "");
	ck_assert(g_str_has_prefix(troubles->str, "once: the history"));
}
END_TEST

static void
change(const char *sql)
{
	sqlite3 *db = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static bool
put_and_look(const struct ham_history_entry *e, const char *file)
{
	ham_history_store_put(store, e, true);
	return g_file_test(file, G_FILE_TEST_EXISTS);
}

/* Whatever notices it first. */
START_TEST(damage_while_it_is_open_is_put_aside)
{
	g_autofree char *aside = g_strconcat(path, ".damaged", NULL);
	struct ham_history_entry e = entry("web1", 1);

	open_store();
	ham_history_store_put(store, &e, true);
	EXPECT_IDS(list("", 0, 0, 50), "web1-1");
	change("PRAGMA writable_schema=ON;"
	       "UPDATE sqlite_schema SET rootpage=99999 WHERE name='entry';"
	       "PRAGMA schema_version=99");
	if (_i == 0) {
		ck_assert_ptr_null(show("web1-1", false));
		ck_assert_ptr_nonnull(strstr(refusal, "malformed"));
	}
	WAIT_FOR(put_and_look(&e, aside));
	EXPECT_IDS(list("", 0, 0, 50), "web1-1");
	ck_assert_ptr_nonnull(strstr(troubles->str, "malformed"));
	ck_assert_ptr_nonnull(strstr(troubles->str, "once: the history"));
	ck_assert(g_str_has_suffix(troubles->str, "over\n"));
}
END_TEST

START_TEST(a_newer_format_is_refused_and_left)
{
	struct ham_history_entry e = entry("web1", 1);
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	gsize n[2];

	open_store();
	ham_history_store_put(store, &e, true);
	close_store();
	change("PRAGMA user_version=9");
	ck_assert(g_file_get_contents(path, &before, &n[0], NULL));
	open_store();
	ham_history_store_put(store, &e, true);
	ck_assert_ptr_null(show("web1-1", false));
	ck_assert(g_str_has_prefix(refusal, "GenericError: "));
	ck_assert_ptr_nonnull(strstr(refusal, "has format 9"));
	ck_assert_ptr_nonnull(strstr(troubles->str, "has format 9"));
	close_store();
	ck_assert(g_file_get_contents(path, &after, &n[1], NULL));
	ck_assert_uint_eq(n[0], n[1]);
	ck_assert_mem_eq(before, after, n[0]);
}
END_TEST

START_TEST(another_database_is_refused)
{
	change("CREATE TABLE t(x)");
	open_store();
	ck_assert_ptr_null(show("web1-1", false));
	ck_assert_ptr_nonnull(strstr(refusal, "is not hamd's history"));
}
END_TEST

START_TEST(no_folder_is_no_end)
{
	g_free(path);
	path = g_build_filename(folder, "none", "history.db", NULL);
	open_store();
	ck_assert_ptr_null(show("web1-1", false));
	ck_assert_ptr_nonnull(strstr(refusal, "No such file"));
	ck_assert_ptr_nonnull(strstr(troubles->str, "No such file"));
}
END_TEST

/* Full for a while: told once, what comes later is kept. */
START_TEST(a_write_that_fails_is_told_and_over)
{
	struct ham_history_entry e = entry("web1", 1);

	open_store();
	list("", 0, 0, 50);
	atomic_store(&faulty_vfs.fail_write, FAULTY_LOG);
	ham_history_store_put(store, &e, true);
	list("", 0, 0, 50);
	ham_history_store_put(store, &e, true);
	EXPECT_IDS(list("", 0, 0, 50), "");
	ck_assert_ptr_nonnull(strstr(troubles->str, "cannot write to it"));
	ck_assert_ptr_null(strstr(troubles->str, "over"));
	ck_assert_ptr_null(strstr(strchr(troubles->str, '\n') + 1, "\n"));
	atomic_store(&faulty_vfs.fail_write, FAULTY_NONE);
	ham_history_store_put(store, &e, true);
	EXPECT_IDS(list("", 0, 0, 50), "web1-1");
	ck_assert(g_str_has_suffix(troubles->str, "over\n"));
}
END_TEST

START_TEST(nobody_elses_business)
{
	struct stat st;

	open_store();
	list("", 0, 0, 50);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("history_db");
	TCase *tc = tcase_create("history_db");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, round_trip);
	tcase_add_test(tc, not_found);
	tcase_add_test(tc, listed_newest_first_and_bounded);
	tcase_add_test(tc, goes_on_after_a_restart);
	tcase_add_test(tc, goes_on_after_a_reboot);
	tcase_add_test(tc, an_id_that_comes_again_keeps_both);
	tcase_add_test(tc, a_long_course_is_thinned);
	tcase_add_test(tc, what_is_old_is_forgotten);
	tcase_add_test(tc, a_damaged_file_is_put_aside);
	tcase_add_test(tc, damage_inside_is_seen);
	tcase_add_loop_test(tc, damage_while_it_is_open_is_put_aside, 0, 2);
	tcase_add_test(tc, a_newer_format_is_refused_and_left);
	tcase_add_test(tc, another_database_is_refused);
	tcase_add_test(tc, no_folder_is_no_end);
	tcase_add_test(tc, a_write_that_fails_is_told_and_over);
	tcase_add_test(tc, nobody_elses_business);
	suite_add_tcase(suite, tc);
	return io_run(suite);
}
