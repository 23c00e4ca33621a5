/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_store.c - what is done is on the disk, and failure is final
 *
 * The disk that fails is faulty_vfs.h; the death of the node is SIGKILL of a
 * child, which shows order and atomicity, not the disk's cache.
 */
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/io/store.h"
#include "tests/unit/faulty_vfs.h"
#include "tests/unit/io_wait.h"

static char *folder;
static char *path;
static ham_store *store;
static GPtrArray *loaded;
static GString *told; /* callbacks, in order */
static uint64_t last_done;
static bool free_in_callback;
static int pipe_to_parent;

static void
on_done(uint64_t ticket, void *data)
{
	ck_assert_ptr_eq(data, &told);
	g_string_append_printf(told, "%d;", (int)ticket);
	last_done = ticket;
	if (free_in_callback) {
		ham_store_free(store);
		store = NULL;
	}
}

static void
on_fail(const char *reason, void *data)
{
	ck_assert_ptr_eq(data, &told);
	ck_assert_int_gt((int)strlen(reason), 0);
	g_string_append(told, "fail;");
	if (free_in_callback) {
		ham_store_free(store);
		store = NULL;
	}
}

static bool
open_store(GError **error)
{
	ck_assert_ptr_null(store);
	g_clear_pointer(&loaded, g_ptr_array_unref);
	store = ham_store_open(path, &loaded, on_done, on_fail, &told, error);
	return store != NULL;
}

static void
must_open(void)
{
	g_autoptr(GError) error = NULL;

	ck_assert_msg(open_store(&error), "%s", error ? error->message : "");
}

static void
close_store(void)
{
	g_clear_pointer(&store, ham_store_free);
}

static void
set_up(void)
{
	faulty_vfs_use();
	folder = g_dir_make_tmp("check-store-XXXXXX", NULL);
	path = g_build_filename(folder, "state.db", NULL);
	told = g_string_new(NULL);
	store = NULL;
	loaded = NULL;
	last_done = 0;
	free_in_callback = false;
}

static void
tear_down(void)
{
	g_autoptr(GDir) dir = NULL;
	const char *name;

	close_store();
	g_clear_pointer(&loaded, g_ptr_array_unref);
	dir = g_dir_open(folder, 0, NULL);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(folder, name, NULL);

		unlink(file);
	}
	rmdir(folder);
	g_free(folder);
	g_free(path);
	g_string_free(told, TRUE);
	faulty_vfs_drop();
}

/* "k=v" puts, "k" deletes; words apart. */
static void
put(const char *text, bool replace_all, uint64_t ticket)
{
	g_auto(GStrv) words = g_strsplit(text, " ", 0);
	GPtrArray *items = ham_store_items_new();

	for (size_t i = 0; words[i] && *words[i]; i++) {
		char *value = strchr(words[i], '=');

		if (value)
			*value++ = '\0';
		g_ptr_array_add(items,
				ham_store_item_new(words[i], value,
						   value ? strlen(value) : 0));
	}
	ham_store_put(store, items, replace_all, ticket);
}

/* What was loaded, in the form of put(). */
static char *
content(void)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < loaded->len; i++) {
		const struct ham_store_item *item =
			g_ptr_array_index(loaded, i);
		gsize len;
		const char *value = g_bytes_get_data(item->value, &len);

		g_string_append_printf(text, "%s%s=%.*s", i ? " " : "",
				       item->key, (int)len, value ? value : "");
	}
	return g_string_free(text, FALSE);
}

#define EXPECT_CONTENT(text)                                                   \
	do {                                                                   \
		g_autofree char *io_content = content();                       \
                                                                               \
		ck_assert_str_eq(io_content, text);                            \
	} while (0)

START_TEST(round_trip)
{
	static const char bytes[] = "\0\xff\n\0z";
	const struct ham_store_item *item;
	GPtrArray *items;
	gsize len;

	must_open();
	EXPECT_CONTENT("");
	put("b=2 a=1 empty= ", false, 1);
	put("a=3 b c=4", false, 2);
	items = ham_store_items_new();
	g_ptr_array_add(items, ham_store_item_new("z", bytes, 5));
	ham_store_put(store, items, false, 3);
	WAIT_FOR(last_done == 3);
	ck_assert_str_eq(told->str, "1;2;3;");
	close_store();
	must_open();
	ck_assert_uint_eq(loaded->len, 4);
	item = g_ptr_array_index(loaded, 3);
	ck_assert_str_eq(item->key, "z");
	ck_assert_mem_eq(g_bytes_get_data(item->value, &len), bytes, 5);
	ck_assert_uint_eq(len, 5);
	put("z", false, 4);
	close_store();
	must_open();
	EXPECT_CONTENT("a=3 c=4 empty=");
}
END_TEST

START_TEST(replace_all_deletes_the_rest)
{
	must_open();
	put("a=1 b=2 c=3", false, 1);
	put("b=9 d=4", true, 2);
	close_store();
	must_open();
	EXPECT_CONTENT("b=9 d=4");
	put("", true, 3);
	close_store();
	must_open();
	EXPECT_CONTENT("");
}
END_TEST

START_TEST(tickets_come_in_order)
{
	g_autoptr(GString) want = g_string_new(NULL);
	int syncs;

	must_open();
	syncs = atomic_load(&faulty_vfs.log_syncs);
	for (int i = 1; i <= 500; i++) {
		g_autofree char *text =
			g_strdup_printf("k%d=%d n=%d", i % 7, i, i);

		put(text, false, (uint64_t)i);
		g_string_append_printf(want, "%d;", i);
	}
	/* not from inside ham_store_put() */
	ck_assert_str_eq(told->str, "");
	WAIT_FOR(last_done == 500);
	ck_assert_str_eq(told->str, want->str);
	syncs = atomic_load(&faulty_vfs.log_syncs) - syncs;
	/* each was synced, and they shared the syncs */
	ck_assert_int_ge(syncs, 500 / 64);
	ck_assert_int_lt(syncs, 500);
	close_store();
	must_open();
	EXPECT_CONTENT(
		"k0=497 k1=498 k2=499 k3=500 k4=494 k5=495 k6=496 n=500");
}
END_TEST

START_TEST(done_is_told_after_the_sync)
{
	int syncs;

	must_open();
	for (uint64_t i = 1; i <= 20; i++) {
		g_autofree char *text = g_strdup_printf("a=%d", (int)i);

		syncs = atomic_load(&faulty_vfs.log_syncs);
		put(text, false, i);
		WAIT_FOR(last_done == i);
		ck_assert_int_gt(atomic_load(&faulty_vfs.log_syncs), syncs);
	}
}
END_TEST

START_TEST(close_finishes_what_is_queued)
{
	must_open();
	for (int i = 1; i <= 200; i++) {
		g_autofree char *text = g_strdup_printf("n=%d", i);

		put(text, false, (uint64_t)i);
	}
	close_store();
	io_settle();
	ck_assert_str_eq(told->str, "");
	must_open();
	EXPECT_CONTENT("n=200");
}
END_TEST

START_TEST(file_is_the_owners_alone)
{
	struct stat st;

	must_open();
	put("a=1", false, 1);
	WAIT_FOR(last_done == 1);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(log_is_kept_short)
{
	g_autofree char *log = g_strconcat(path, "-wal", NULL);
	struct stat st;

	must_open();
	for (uint64_t i = 1; i <= 400; i++) {
		g_autofree char *value =
			g_strnfill(100000, 'a' + (char)(i % 2));
		g_autofree char *text = g_strconcat("k=", value, NULL);

		put(text, false, i);
		WAIT_FOR(last_done == i);
	}
	ck_assert_int_eq(stat(log, &st), 0);
	/* 40 MB were written */
	ck_assert_int_lt(st.st_size, 12 << 20);
}
END_TEST

/* In the child: puts for ever, tells the parent each number that is done. */
static void
child_done(uint64_t ticket, void *data)
{
	(void)data;
	if (write(pipe_to_parent, &ticket, sizeof(ticket)) != sizeof(ticket))
		_exit(1);
}

static void
child_fail(const char *reason, void *data)
{
	(void)reason;
	(void)data;
	_exit(2);
}

static G_GNUC_NORETURN void
child_runs(void)
{
	store = ham_store_open(path, &loaded, child_done, child_fail, NULL,
			       NULL);
	if (!store)
		_exit(3);
	for (uint64_t i = 1;; i++) {
		g_autofree char *text =
			g_strdup_printf("a=%d b=%d k%d=%d", (int)i, (int)i,
					(int)(i % 9), (int)i);

		put(text, false, i);
		if (i % 8 == 0)
			g_main_context_iteration(NULL, TRUE);
	}
}

START_TEST(sigkill_keeps_what_was_done)
{
	const struct ham_store_item *a, *b;
	uint64_t done = 0, ticket;
	int fds[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		pipe_to_parent = fds[1];
		child_runs();
	}
	close(fds[1]);
	while (done < (uint64_t)(40 + _i * 25)) {
		ck_assert_int_eq(read(fds[0], &ticket, sizeof(ticket)),
				 sizeof(ticket));
		ck_assert_uint_eq(ticket, done + 1);
		done = ticket;
	}
	kill(pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	while (read(fds[0], &ticket, sizeof(ticket)) == sizeof(ticket))
		done = ticket;
	close(fds[0]);

	must_open();
	a = g_ptr_array_index(loaded, 0);
	b = g_ptr_array_index(loaded, 1);
	ck_assert_str_eq(a->key, "a");
	ck_assert_str_eq(b->key, "b");
	ck_assert(g_bytes_equal(a->value, b->value));
	ck_assert_uint_ge(
		g_ascii_strtoull(g_bytes_get_data(a->value, NULL), NULL, 10),
		done);
}
END_TEST

START_TEST(second_opener_is_refused)
{
	g_autoptr(GError) error = NULL;
	int status;
	pid_t pid;

	must_open();
	put("a=1", false, 1);
	WAIT_FOR(last_done == 1);
	pid = fork();
	if (pid == 0) {
		/* what the parent holds is not the child's to use */
		store = NULL;
		loaded = NULL;
		if (open_store(&error))
			_exit(1);
		_exit(strstr(error->message, "in use") ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* and it did no harm */
	put("a=2", false, 2);
	close_store();
	must_open();
	EXPECT_CONTENT("a=2");
}
END_TEST

START_TEST(second_opener_in_the_same_process_is_refused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) items = NULL;

	must_open();
	ck_assert_ptr_null(
		ham_store_open(path, &items, on_done, on_fail, &told, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "in use"));
}
END_TEST

static void
run_sql(const char *sql)
{
	sqlite3 *sqlite = NULL;

	ck_assert_int_eq(sqlite3_open(path, &sqlite), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(sqlite, sql, NULL, NULL, NULL),
			 SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(sqlite), SQLITE_OK);
}

static void
fill_and_close(void)
{
	must_open();
	for (int i = 1; i <= 100; i++) {
		g_autofree char *text =
			g_strdup_printf("key%d=some-value-that-is-known", i);

		put(text, false, (uint64_t)i);
	}
	close_store();
}

/* Overwrites part of the file. */
static void
scribble(off_t at, const void *bytes, size_t len)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, bytes, len, at), (ssize_t)len);
	close(fd);
}

static void
must_be_refused(const char *part)
{
	g_autoptr(GError) error = NULL;

	ck_assert(!open_store(&error));
	ck_assert_msg(strstr(error->message, part) != NULL, "%s",
		      error->message);
	ck_assert_msg(strstr(error->message, path) != NULL, "%s",
		      error->message);
}

START_TEST(flipped_bit_in_a_value_is_refused)
{
	g_autofree char *text = NULL;
	const char *found;
	gsize len;

	fill_and_close();
	ck_assert(g_file_get_contents(path, &text, &len, NULL));
	found = memmem(text, len, "value-that", 10);
	ck_assert_ptr_nonnull(found);
	scribble(found - text, "vAlue", 5);
	must_be_refused("is damaged: the checksum of record 'key");
}
END_TEST

START_TEST(broken_structure_is_refused)
{
	static const char junk[3000] = "junk";

	fill_and_close();
	scribble(4096 + 8, junk, sizeof(junk));
	must_be_refused("is damaged");
}
END_TEST

START_TEST(other_files_are_refused)
{
	ck_assert(g_file_set_contents(path,
				      "this is no database at all, "
				      "but longer than its header....."
				      "............................"
				      "............................",
				      -1, NULL));
	must_be_refused("not a database");
	/* empty: what was there is gone, which is no fresh start */
	ck_assert_int_eq(truncate(path, 0), 0);
	must_be_refused("is damaged: this is not hamd's state");
}
END_TEST

START_TEST(lost_database_is_no_fresh_start)
{
	g_autofree char *log = g_strconcat(path, "-wal", NULL);
	g_autoptr(GError) error = NULL;

	ck_assert(g_file_set_contents(log, "left behind", -1, NULL));
	ck_assert(!open_store(&error));
	ck_assert_ptr_nonnull(strstr(error->message, "the database is not"));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(unknown_format_is_refused)
{
	fill_and_close();
	run_sql("PRAGMA user_version=2");
	must_be_refused("has format 2, this hamd knows format 1 only");
}
END_TEST

START_TEST(missing_folder_is_refused)
{
	rmdir(folder);
	must_be_refused("cannot create");
	ck_assert_int_eq(mkdir(folder, 0700), 0);
}
END_TEST

START_TEST(sync_failure_is_final)
{
	must_open();
	put("a=1", false, 1);
	WAIT_FOR(last_done == 1);
	atomic_store(&faulty_vfs.fail_sync, FAULTY_LOG);
	put("a=2", false, 2);
	WAIT_FOR(strstr(told->str, "fail;"));
	/* the disk is well again, but nobody can know what it has */
	atomic_store(&faulty_vfs.fail_sync, FAULTY_NONE);
	put("a=3", false, 3);
	put("a=4", false, 4);
	close_store();
	io_settle();
	ck_assert_str_eq(told->str, "1;fail;");
	ck_assert_int_eq(atomic_load(&faulty_vfs.failures), 1);
	ck_assert_int_eq(atomic_load(&faulty_vfs.writes_after_failure), 0);
	faulty_vfs_use();
	must_open();
	ck_assert_uint_eq(loaded->len, 1);
	/* what is read now has been synced anew */
	ck_assert_int_gt(atomic_load(&faulty_vfs.syncs), 0);
}
END_TEST

START_TEST(write_failure_is_final)
{
	must_open();
	atomic_store(&faulty_vfs.fail_write, FAULTY_LOG);
	put("a=1", false, 1);
	put("a=2", false, 2);
	WAIT_FOR(strstr(told->str, "fail;"));
	put("a=3", false, 3);
	close_store();
	io_settle();
	ck_assert_str_eq(told->str, "fail;");
}
END_TEST

START_TEST(failure_of_a_checkpoint_is_final)
{
	must_open();
	atomic_store(&faulty_vfs.fail_sync, FAULTY_DATABASE);
	for (uint64_t i = 1; i <= 20 && !strstr(told->str, "fail;"); i++) {
		g_autofree char *value = g_strnfill(1000000, 'a' + (char)i);
		g_autofree char *text = g_strconcat("k=", value, NULL);

		put(text, false, i);
		WAIT_FOR(last_done == i || strstr(told->str, "fail;"));
	}
	WAIT_FOR(strstr(told->str, "fail;"));
	ck_assert_int_gt((int)last_done, 0);
	close_store();
	ck_assert_int_eq(atomic_load(&faulty_vfs.failures), 1);
	ck_assert_int_eq(atomic_load(&faulty_vfs.writes_after_failure), 0);
}
END_TEST

START_TEST(freed_by_its_callback)
{
	must_open();
	free_in_callback = true;
	if (_i)
		atomic_store(&faulty_vfs.fail_sync, FAULTY_LOG);
	put("a=1", false, 1);
	put("a=2", false, 2);
	WAIT_FOR(store == NULL);
	io_settle();
	ck_assert_str_eq(told->str, _i ? "fail;" : "1;");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("store");
	TCase *tcase = tcase_create("store");

	tcase_set_timeout(tcase, 300);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, round_trip);
	tcase_add_test(tcase, replace_all_deletes_the_rest);
	tcase_add_test(tcase, tickets_come_in_order);
	tcase_add_test(tcase, done_is_told_after_the_sync);
	tcase_add_test(tcase, close_finishes_what_is_queued);
	tcase_add_test(tcase, file_is_the_owners_alone);
	tcase_add_test(tcase, log_is_kept_short);
	tcase_add_loop_test(tcase, sigkill_keeps_what_was_done, 0, 4);
	tcase_add_test(tcase, second_opener_is_refused);
	tcase_add_test(tcase, second_opener_in_the_same_process_is_refused);
	tcase_add_test(tcase, flipped_bit_in_a_value_is_refused);
	tcase_add_test(tcase, broken_structure_is_refused);
	tcase_add_test(tcase, other_files_are_refused);
	tcase_add_test(tcase, lost_database_is_no_fresh_start);
	tcase_add_test(tcase, unknown_format_is_refused);
	tcase_add_test(tcase, missing_folder_is_refused);
	tcase_add_test(tcase, sync_failure_is_final);
	tcase_add_test(tcase, write_failure_is_final);
	tcase_add_test(tcase, failure_of_a_checkpoint_is_final);
	tcase_add_loop_test(tcase, freed_by_its_callback, 0, 2);
	suite_add_tcase(suite, tcase);
	return io_run(suite);
}
