/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fence.c - a node is switched off by agents that lie, hang,
 * fail and leave processes behind
 *
 * The agents are one shell script, a fake: what it is to do stands in its
 * options, and what it was asked in its log.
 */
#include <check.h>
#include <errno.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fence/fence.h"
#include "tests/unit/leaf_run.h"

enum {
	ACTION_US = 400000,
	WATCH_US = 700000,
	PATIENCE_US = 20000000,
	MAX_DEVICES = 4,
};

static const char fake[] =
	"#!/bin/sh\n"
	"while IFS= read -r line; do\n"
	"	case $line in\n"
	"	action=* | Option=*)\n"
	"		[ -z \"${action-}\" ] || echo twice >>\"${0%/*}/log\"\n"
	"		action=${line#*=} ;;\n"
	"	plug=*) plug=${line#*=} ;;\n"
	"	mode=*) mode=${line#*=} ;;\n"
	"	password=*) password=${line#*=} ;;\n"
	"	esac\n"
	"done\n"
	"cd \"${0%/*}\"\n"
	"echo \"$plug $action${password:+ $password}${*:+ ARGS $*}\" >>log\n"
	"count=$(grep -c \"^$plug $action\" log)\n"
	"case $mode.$action in\n"
	"hang.*) sleep 1000 & echo $! >left; wait ;;\n"
	"fail.*) echo 'trying'; echo 'no route to host' >&2; exit 1 ;;\n"
	"late-fail.status) [ -e $plug.off ] && [ $count -eq 2 ] && exit 1\n"
	"	[ -e $plug.off ] && exit 2; exit 0 ;;\n"
	"late-fail.off) : >$plug.off; exit 1 ;;\n"
	"stamps.*) date '+%F %T,123 ERROR: no route' >&2; exit 1 ;;\n"
	"dies.*) kill -9 $$ ;;\n"
	"talks.*) yes 2>&1 | head -c 1000000; exit 1 ;;\n"
	"slow.on) exit 0 ;;\n"
	"slow.status) [ $count -gt 2 ] && exit 0; exit 2 ;;\n"
	"error.on) rm -f $plug.off; echo 'it said no' >&2; exit 1 ;;\n"
	"dead.on) echo 'no such plug' >&2; exit 1 ;;\n"
	"flaps.status)\n"
	"	[ -e $plug.off ] || exit 0\n"
	"	case $count in 2 | 4 | 5) exit 2 ;; *) exit 0 ;; esac ;;\n"
	"late.status)\n"
	"	[ -e $plug.off ] && [ $count -gt 3 ] && exit 2\n"
	"	exit 0 ;;\n"
	"back.status)\n"
	"	[ -e $plug.off ] && [ $count -le 3 ] && exit 2\n"
	"	exit 0 ;;\n"
	"clock.status)\n"
	"	[ -e $plug.off ] || exit 0\n"
	"	cut -d ' ' -f 1 /proc/uptime >>clock; exit 2 ;;\n"
	"*.status) [ -e $plug.off ] && exit 2; exit 0 ;;\n"
	"lie.off) exit 0 ;;\n"
	"error.off) : >$plug.off; echo 'it said no' >&2; exit 1 ;;\n"
	"*.off) : >$plug.off; exit 0 ;;\n"
	"*.on) rm -f $plug.off; exit 0 ;;\n"
	"esac\n";

static char *folder;
static struct ham_fence_device device[MAX_DEVICES];
static unsigned int n_devices;
static unsigned int answers;
static bool is_well;
static char *words;

static char *
in_folder(const char *name)
{
	return g_build_filename(folder, name, NULL);
}

static void
begin(void)
{
	g_autofree char *path = NULL;

	folder = g_dir_make_tmp("check-fence-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	path = in_folder("fence_fake");
	ck_assert(g_file_set_contents(path, fake, -1, NULL));
	ck_assert_int_eq(g_chmod(path, 0700), 0);
	n_devices = answers = 0;
	is_well = false;
}

static void
end(void)
{
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = in_folder(name);

		g_remove(path);
	}
	g_rmdir(folder);
	for (unsigned int i = 0; i < n_devices; i++)
		g_hash_table_unref(device[i].options);
	g_clear_pointer(&folder, g_free);
	g_clear_pointer(&words, g_free);
}

/* Its name is its plug's, too. */
static struct ham_fence_device *
add(const char *name, const char *mode, unsigned int level)
{
	struct ham_fence_device *d = &device[n_devices++];

	*d = (struct ham_fence_device){
		.node = "n2",
		.name = name,
		.agent = "fence_fake",
		.level = level,
		.seen_on = true,
		.options = g_hash_table_new_full(g_str_hash, g_str_equal,
						 g_free, g_free)};
	g_hash_table_insert(d->options, g_strdup("plug"), g_strdup(name));
	g_hash_table_insert(d->options, g_strdup("mode"), g_strdup(mode));
	return d;
}

static void
on_done(bool well, const char *why, void *data)
{
	(void)data;
	answers++;
	is_well = well;
	g_free(words);
	words = g_strdup(why);
}

static ham_fence_job *
ask(void)
{
	struct ham_fence_job_spec spec = {.node = "n2",
					  .devices = device,
					  .n = n_devices,
					  .agents = folder,
					  .action_us = ACTION_US,
					  .watch_us = WATCH_US};

	return ham_fence_switch_off(&spec, on_done, NULL);
}

static void
switch_off(void)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_US;

	(void)ask();
	while (answers == 0) {
		ck_assert_int_lt(g_get_monotonic_time(), limit);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	ck_assert_uint_eq(answers, 1);
}

static char *
text_of(const char *name)
{
	g_autofree char *path = in_folder(name);
	char *text = NULL;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return g_strdup("");
	return text;
}

/* What the agents were asked, one after the other. */
static void
expect_asked(const char *wanted)
{
	g_autofree char *log = text_of("log");

	g_strdelimit(g_strchomp(log), "\n", ',');
	ck_assert_str_eq(log, wanted);
}

START_TEST(seen_off_twice)
{
	add("a", "ok", 1);
	switch_off();
	ck_assert(is_well);
	ck_assert_str_eq(words, "switched off and seen off twice by a");
	expect_asked("a status,a off,a status,a status");
}
END_TEST

/* F60 */
START_TEST(off_already_is_not_switched)
{
	g_autofree char *path = in_folder("a.off");

	ck_assert(g_file_set_contents(path, "", -1, NULL));
	add("a", "ok", 1);
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a status");
}
END_TEST

START_TEST(an_error_is_no_proof_that_it_is_on)
{
	add("a", "error", 1);
	switch_off();
	ck_assert(is_well);
}
END_TEST

START_TEST(done_is_no_proof_that_it_is_well)
{
	add("a", "lie", 1);
	switch_off();
	ck_assert(!is_well);
	ck_assert_str_eq(words, "a: it is still on");
}
END_TEST

START_TEST(the_power_may_take_its_time)
{
	add("a", "late", 1);
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status,a status,a status");
}
END_TEST

START_TEST(off_once_is_not_off)
{
	add("a", "flaps", 1);
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status,a status,a status");
}
END_TEST

/* A supply may bounce: not within 100 ms of each other, told in steps of 10. */
START_TEST(off_twice_is_not_at_once)
{
	g_autofree char *clock = NULL;
	char *second;

	add("a", "clock", 1);
	switch_off();
	ck_assert(is_well);
	clock = text_of("clock");
	second = strchr(clock, '\n');
	ck_assert_ptr_nonnull(second);
	ck_assert_double_ge(g_ascii_strtod(second, NULL) -
				    g_ascii_strtod(clock, NULL),
			    0.0899);
}
END_TEST

START_TEST(an_agent_that_hangs_is_ended_with_all_it_started)
{
	g_autofree char *left = NULL;
	pid_t pid;

	add("a", "hang", 1);
	switch_off();
	ck_assert(!is_well);
	ck_assert_ptr_nonnull(strstr(words, "did not end in 400 ms"));
	left = text_of("left");
	pid = (pid_t)atoi(left);
	ck_assert_int_gt(pid, 1);
	/* killed, and reaped by whoever inherits it */
	for (int i = 0; i < 2000 && kill(pid, 0) == 0; i++) {
		g_autofree char *stat = g_strdup_printf("/proc/%d/stat", pid);
		g_autofree char *text = NULL;

		if (g_file_get_contents(stat, &text, NULL, NULL) &&
		    strstr(text, ") Z "))
			return;
		g_usleep(1000);
	}
	ck_assert_int_ne(kill(pid, 0), 0);
}
END_TEST

START_TEST(the_next_level_where_one_fails)
{
	g_autofree char *log = NULL;

	add("a", "fail", 1);
	add("b", "ok", 2);
	add("c", "ok", 3);
	switch_off();
	ck_assert(is_well);
	ck_assert_str_eq(words, "switched off and seen off twice by b");
	log = text_of("log");
	ck_assert(g_str_has_suffix(log, "a off\nb status\nb off\nb status\n"
					"b status\n"));
}
END_TEST

/* A BMC that hangs costs an agent 20 s a question. */
START_TEST(neither_status_nor_off_and_it_is_left)
{
	add("a", "fail", 1);
	switch_off();
	ck_assert(!is_well);
	expect_asked("a status,a off");
}
END_TEST

/* It is known to answer: a BMC may lose its link when the power goes. */
START_TEST(silent_after_off_is_asked_again)
{
	add("a", "late-fail", 1);
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status,a status");
}
END_TEST

/* Two supplies of one node. */
START_TEST(all_devices_of_a_level)
{
	add("a", "ok", 1);
	add("b", "ok", 1);
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status,b status,b off,"
		     "b status,b status,a status,b status");
}
END_TEST

/* It was off, and is on again when the other one is off. */
START_TEST(supplies_that_were_never_off_together)
{
	add("a", "back", 1);
	add("b", "ok", 1);
	switch_off();
	ck_assert(!is_well);
	ck_assert_str_eq(words, "a: it is still on");
}
END_TEST

/* Its plug may be another one's, or its agent broken: 2 is `off`, too. */
START_TEST(never_seen_on_is_not_asked)
{
	add("a", "ok", 1)->seen_on = false;
	switch_off();
	ck_assert(!is_well);
	ck_assert_str_eq(words,
			 "a: it was never seen on while the node was up");
	expect_asked("");
}
END_TEST

/* Of two lines one would be done in place of ours. */
START_TEST(the_action_is_ours_alone)
{
	struct ham_fence_device *d = add("a", "ok", 1);

	g_hash_table_insert(d->options, g_strdup("action"), g_strdup("on"));
	g_hash_table_insert(d->options, g_strdup("Option"), g_strdup("on"));
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status");
}
END_TEST

static void
switch_on(void)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_US;
	struct ham_fence_job_spec spec = {.node = "n2",
					  .devices = device,
					  .n = n_devices,
					  .agents = folder,
					  .action_us = ACTION_US,
					  .watch_us = WATCH_US};

	(void)ham_fence_switch_on(&spec, on_done, NULL);
	while (answers == 0) {
		ck_assert_int_lt(g_get_monotonic_time(), limit);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	ck_assert_uint_eq(answers, 1);
}

static void
have_off(const char *name)
{
	g_autofree char *file = g_strconcat(name, ".off", NULL);
	g_autofree char *path = in_folder(file);

	ck_assert(g_file_set_contents(path, "", -1, NULL));
}

START_TEST(on_again_the_last_level_first)
{
	add("a", "ok", 1);
	add("b", "ok", 2);
	add("dog", "ok", 3)->agent = "watchdog";
	have_off("a");
	have_off("b");
	switch_on();
	ck_assert(is_well);
	ck_assert_str_eq(words, "b: on; a: on");
	expect_asked("b on,b status,a on,a status");
}
END_TEST

START_TEST(on_may_take_its_time)
{
	add("a", "slow", 1);
	switch_on();
	ck_assert(is_well);
	expect_asked("a on,a status,a status,a status");
}
END_TEST

START_TEST(an_error_is_no_proof_that_it_stays_off)
{
	add("a", "error", 1);
	have_off("a");
	switch_on();
	ck_assert(is_well);
}
END_TEST

START_TEST(one_level_on_is_power)
{
	add("a", "dead", 1);
	add("b", "ok", 2);
	have_off("a");
	have_off("b");
	switch_on();
	ck_assert(is_well);
	ck_assert_str_eq(words, "b: on; a: fence_fake ended with exit status "
				"1: no such plug");
}
END_TEST

/* Two supplies of one node. */
START_TEST(half_a_level_on_is_not)
{
	add("a", "ok", 1);
	add("b", "dead", 1);
	have_off("a");
	have_off("b");
	switch_on();
	ck_assert(!is_well);
}
END_TEST

static unsigned int looks;
static char *why_not;
static enum ham_fence_state seen;

static void
on_looked(struct ham_fence_device *d, enum ham_fence_state state,
	  const char *why, void *data)
{
	(void)data;
	ck_assert_ptr_eq(d, &device[0]);
	looks++;
	seen = state;
	g_free(why_not);
	why_not = g_strdup(why);
}

/* What it said against it; NULL: it is on. */
static const char *
look_at(bool up)
{
	int64_t limit = g_get_monotonic_time() + PATIENCE_US;

	looks = 0;
	(void)ham_fence_look_at(&device[0], up, folder, ACTION_US, on_looked,
				NULL);
	while (looks == 0) {
		ck_assert_int_lt(g_get_monotonic_time(), limit);
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
	return why_not;
}

static const char *
look(void)
{
	return look_at(true);
}

START_TEST(looked_at_while_it_is_up)
{
	g_autofree char *path = in_folder("a.off");

	add("a", "ok", 1)->seen_on = false;
	ck_assert_ptr_null(look());
	ck_assert(device[0].seen_on);
	/* it may just be dying; the second time it is another node's outlet */
	ck_assert(g_file_set_contents(path, "", -1, NULL));
	ck_assert_str_eq(look(), "says off, and the node is up");
	ck_assert(device[0].seen_on);
	(void)look();
	ck_assert(!device[0].seen_on);
}
END_TEST

START_TEST(nothing_is_held_against_one_of_a_node_that_is_down)
{
	struct ham_fence_device *d = add("a", "ok", 1);

	have_off("a");
	for (int i = 0; i < 3; i++)
		ck_assert_ptr_null(look_at(false));
	ck_assert_int_eq(seen, HAM_FENCE_OFF);
	ck_assert(d->seen_on);
	d->seen_on = false;
	g_hash_table_insert(d->options, g_strdup("mode"), g_strdup("lie"));
	g_hash_table_insert(d->options, g_strdup("plug"), g_strdup("b"));
	ck_assert_ptr_null(look_at(false));
	ck_assert_int_eq(seen, HAM_FENCE_ON);
	ck_assert(!d->seen_on);
	g_hash_table_insert(d->options, g_strdup("mode"), g_strdup("fail"));
	ck_assert_ptr_nonnull(strstr(look_at(false), "no route to host"));
	ck_assert_int_eq(seen, HAM_FENCE_UNKNOWN);
}
END_TEST

START_TEST(an_error_says_nothing_of_it)
{
	struct ham_fence_device *d = add("a", "ok", 1);

	ck_assert_ptr_null(look());
	g_hash_table_insert(d->options, g_strdup("mode"), g_strdup("fail"));
	ck_assert_ptr_nonnull(strstr(look(), "no route to host"));
	ck_assert(d->seen_on);
}
END_TEST

/* Else each look would find something new to tell of. */
START_TEST(the_time_is_not_told)
{
	add("a", "stamps", 1);
	ck_assert_str_eq(look(), "fence_fake ended with exit status 1: "
				 "ERROR: no route");
}
END_TEST

START_TEST(one_supply_is_left)
{
	add("a", "ok", 1);
	add("b", "lie", 1);
	switch_off();
	ck_assert(!is_well);
	ck_assert_str_eq(words, "b: it is still on");
}
END_TEST

START_TEST(all_fail_and_each_says_why)
{
	add("a", "fail", 1);
	add("b", "dies", 2);
	switch_off();
	ck_assert(!is_well);
	ck_assert_str_eq(words, "a: fence_fake ended with exit status 1: no "
				"route to host; b: fence_fake was ended by "
				"signal 9");
}
END_TEST

START_TEST(no_such_agent)
{
	add("a", "ok", 1)->agent = "fence_none";
	switch_off();
	ck_assert(!is_well);
	ck_assert_ptr_nonnull(strstr(words, "a: fence_none can't be run: "));
}
END_TEST

/* What a file holds goes to the agent on its standard input, and nowhere else.
 */
START_TEST(secrets)
{
	struct ham_fence_device *d = add("a", "ok", 1);
	g_autofree char *path = in_folder("secret");

	ck_assert(g_file_set_contents_full(
		path, "s3cret\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	g_hash_table_insert(d->options, g_strdup("password_file"),
			    g_strdup(path));
	switch_off();
	ck_assert(is_well);
	ck_assert_ptr_null(strstr(words, "s3cret"));
	expect_asked("a status s3cret,a off s3cret,a status s3cret,"
		     "a status s3cret");
}
END_TEST

START_TEST(a_secret_that_is_not_there)
{
	struct ham_fence_device *d = add("a", "ok", 1);

	g_hash_table_insert(d->options, g_strdup("password_file"),
			    in_folder("none"));
	switch_off();
	ck_assert(!is_well);
	ck_assert_ptr_nonnull(strstr(words, "none"));
	expect_asked("");
}
END_TEST

START_TEST(a_secret_that_others_may_read)
{
	struct ham_fence_device *d = add("a", "ok", 1);
	g_autofree char *path = in_folder("secret");

	ck_assert(g_file_set_contents_full(
		path, "s3cret\n", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
	ck_assert_int_eq(g_chmod(path, 0640), 0);
	g_hash_table_insert(d->options, g_strdup("password_file"),
			    g_strdup(path));
	switch_off();
	ck_assert(!is_well);
	ck_assert_ptr_nonnull(strstr(words, "may be read by others"));
	expect_asked("");
}
END_TEST

/* An option of two lines would be two options. */
START_TEST(a_secret_of_two_lines)
{
	struct ham_fence_device *d = add("a", "ok", 1);
	g_autofree char *path = in_folder("secret");

	ck_assert(g_file_set_contents_full(path, "s3cret\naction=on\n", -1,
					   G_FILE_SET_CONTENTS_NONE, 0600,
					   NULL));
	g_hash_table_insert(d->options, g_strdup("password_file"),
			    g_strdup(path));
	switch_off();
	ck_assert(!is_well);
	ck_assert_ptr_nonnull(strstr(words, "is not one line of text"));
	ck_assert_ptr_null(strstr(words, "s3cret"));
	expect_asked("");
}
END_TEST

START_TEST(much_is_said)
{
	add("a", "talks", 1);
	switch_off();
	ck_assert(!is_well);
	ck_assert_uint_lt(strlen(words), 300);
}
END_TEST

START_TEST(called_off)
{
	int64_t until = g_get_monotonic_time() + 2 * ACTION_US;

	add("a", "hang", 1);
	ham_fence_job_cancel(ask());
	while (g_get_monotonic_time() < until)
		g_main_context_iteration(NULL, FALSE);
	ck_assert_uint_eq(answers, 0);
}
END_TEST

/* What is waited for, and not asked, and other nodes' devices. */
START_TEST(only_its_power_devices)
{
	add("dog", "ok", 1)->agent = "watchdog";
	add("other", "ok", 1)->node = "n3";
	add("a", "ok", 2);
	ck_assert(!ham_fence_is_power(&device[0]));
	switch_off();
	ck_assert(is_well);
	expect_asked("a status,a off,a status,a status");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fence");
	TCase *tc = tcase_create("off");

	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, seen_off_twice);
	tcase_add_test(tc, off_already_is_not_switched);
	tcase_add_test(tc, an_error_is_no_proof_that_it_is_on);
	tcase_add_test(tc, done_is_no_proof_that_it_is_well);
	tcase_add_test(tc, the_power_may_take_its_time);
	tcase_add_test(tc, off_once_is_not_off);
	tcase_add_test(tc, off_twice_is_not_at_once);
	tcase_add_test(tc, an_agent_that_hangs_is_ended_with_all_it_started);
	tcase_add_test(tc, the_next_level_where_one_fails);
	tcase_add_test(tc, neither_status_nor_off_and_it_is_left);
	tcase_add_test(tc, silent_after_off_is_asked_again);
	tcase_add_test(tc, all_devices_of_a_level);
	tcase_add_test(tc, supplies_that_were_never_off_together);
	tcase_add_test(tc, never_seen_on_is_not_asked);
	tcase_add_test(tc, the_action_is_ours_alone);
	tcase_add_test(tc, on_again_the_last_level_first);
	tcase_add_test(tc, on_may_take_its_time);
	tcase_add_test(tc, an_error_is_no_proof_that_it_stays_off);
	tcase_add_test(tc, one_level_on_is_power);
	tcase_add_test(tc, half_a_level_on_is_not);
	tcase_add_test(tc, looked_at_while_it_is_up);
	tcase_add_test(tc, nothing_is_held_against_one_of_a_node_that_is_down);
	tcase_add_test(tc, an_error_says_nothing_of_it);
	tcase_add_test(tc, the_time_is_not_told);
	tcase_add_test(tc, one_supply_is_left);
	tcase_add_test(tc, all_fail_and_each_says_why);
	tcase_add_test(tc, no_such_agent);
	tcase_add_test(tc, secrets);
	tcase_add_test(tc, a_secret_that_is_not_there);
	tcase_add_test(tc, a_secret_that_others_may_read);
	tcase_add_test(tc, a_secret_of_two_lines);
	tcase_add_test(tc, much_is_said);
	tcase_add_test(tc, called_off);
	tcase_add_test(tc, only_its_power_devices);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
