/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_history.c - what is kept of what a node hears
 *
 * The sink writes a line for each thing kept; tests compare the story.
 */
#include <stdlib.h>
#include <string.h>

#include "hamd/history.h"
#include "tests/unit/leaf_run.h"

static ham_history *history;
static GString *kept;
static struct ham_history_entry last;
static unsigned int samples, thinned;
static int64_t now_us;

static struct ham_history_stamp
now(void)
{
	return (struct ham_history_stamp){now_us + 1000000000, now_us};
}

static void
put(const struct ham_history_entry *e, bool begins, void *data)
{
	static const char *const results[] = {"runs", "done", "failed",
					      "unknown"};

	ck_assert_ptr_eq(data, &kept);
	last = *e;
	g_string_append_printf(kept, "%s%s %s %s->%s %s\n", begins ? "+" : "",
			       e->id, e->mode, e->from, e->to,
			       results[e->result]);
}

static void
step(const char *id, const struct ham_history_step *s, void *data)
{
	(void)data;
	g_string_append_printf(kept, "%s %s %s: %s @%d\n", id, s->what, s->node,
			       s->text, (int)(s->at.boot_us / 1000));
}

static void
sample(const char *id, const struct ham_history_sample *s, void *data)
{
	(void)id;
	(void)s;
	(void)data;
	samples++;
}

static void
thin(const char *id, void *data)
{
	(void)id;
	(void)data;
	thinned++;
}

static void
set_up(void)
{
	static const struct ham_history_sink sink = {put, step, sample, thin};

	kept = g_string_new(NULL);
	samples = thinned = 0;
	now_us = 1000000;
	history = ham_history_new(&sink, &kept);
}

static void
tear_down(void)
{
	ham_history_free(history);
	g_string_free(kept, TRUE);
}

static struct ham_history_heard
heard(enum ham_note note, const char *by, const char *text, uint64_t txn)
{
	now_us += 1000;
	return (struct ham_history_heard){.at = now(),
					  .note = note,
					  .by = by,
					  .guest = "web1",
					  .text = text,
					  .epoch = 5,
					  .txn = txn,
					  .mode = "",
					  .from = "",
					  .to = "",
					  .max_pause_us = -1};
}

static void
hear(enum ham_note note, const char *by, const char *text, uint64_t txn)
{
	struct ham_history_heard h = heard(note, by, text, txn);

	ham_history_hear(history, &h);
}

static void
begin(uint64_t txn)
{
	struct ham_history_heard h =
		heard(HAM_NOTE_MIGRATION_PHASE, "n3", "prepare", txn);

	h.mode = "live";
	h.from = "n1";
	h.to = "n2";
	h.max_pause_us = 150000;
	ham_history_hear(history, &h);
}

static void
expect(const char *story)
{
	ck_assert_str_eq(kept->str, story);
	g_string_truncate(kept, 0);
}

START_TEST(a_migration)
{
	begin(17);
	hear(HAM_NOTE_MIGRATION_ASKED, "n1", "uid 0 on n1: migrate to n2", 17);
	hear(HAM_NOTE_MIGRATION_PHASE, "n1", "copy", 17);
	hear(HAM_NOTE_MIGRATION_PHASE, "n1", "copy", 17);
	hear(HAM_NOTE_MIGRATION_DECIDED, "n1", "slow it down by 20 %", 17);
	hear(HAM_NOTE_MIGRATION_ASKED, "n2", "uid 7 on n2: set priority 9", 17);
	hear(HAM_NOTE_GUEST_RUNNING, "n2", "running on n2", 17);
	expect("+web1-17 live n1->n2 runs\n"
	       "web1-17 phase n3: prepare @1001\n"
	       "web1-17 asked n1: uid 0 on n1: migrate to n2 @1002\n"
	       "web1-17 live n1->n2 runs\n"
	       "web1-17 phase n1: copy @1003\n"
	       "web1-17 decided n1: slow it down by 20 % @1005\n"
	       "web1-17 asked n2: uid 7 on n2: set priority 9 @1006\n"
	       "web1-17 live n1->n2 runs\n"
	       "web1-17 guest n2: running on n2 @1007\n");
	ck_assert_str_eq(last.asked, "uid 0 on n1: migrate to n2");
	ck_assert_int_eq(last.max_pause_us, 150000);
	hear(HAM_NOTE_MIGRATION_DONE, "n1",
	     "stopped_us=43000 total_us=2100000 disk=9 ram=8 passes=3 "
	     "blackout_us=51000",
	     17);
	expect("web1-17 live n1->n2 done\n");
	ck_assert_int_eq(last.stopped_us, 43000);
	ck_assert_int_eq(last.blackout_us, 51000);
	ck_assert_int_eq(last.total_us, 2100000);
	ck_assert_int_eq(last.disk_bytes, 9);
	ck_assert_int_eq(last.ram_bytes, 8);
	ck_assert_int_eq(last.passes, 3);
	ck_assert_int_eq(last.began.boot_us, 1001000);
	ck_assert_int_eq(last.ended.boot_us, 1008000);
	ck_assert_int_eq(last.ended.wall_us, 1001008000);
}
END_TEST

START_TEST(one_that_is_called_off)
{
	begin(17);
	hear(HAM_NOTE_MIGRATION_ASKED, "n3", "uid 0 on n3: cancel", 17);
	hear(HAM_NOTE_MIGRATION_FAILED, "n3", "cancelled by an operator", 17);
	expect("+web1-17 live n1->n2 runs\n"
	       "web1-17 phase n3: prepare @1001\n"
	       "web1-17 asked n3: uid 0 on n3: cancel @1002\n"
	       "web1-17 live n1->n2 runs\n"
	       "web1-17 live n1->n2 failed\n");
	ck_assert_str_eq(last.reason, "cancelled by an operator");
	/* who wanted the end did not want it to begin */
	ck_assert_str_eq(last.asked, "");
	hear(HAM_NOTE_MIGRATION_DONE, "n1", "stopped_us=-1", 17);
	hear(HAM_NOTE_GUEST_HELD, "n1", "a copy is slow", 17);
	expect("");
}
END_TEST

/* The source measured it, and the record says so as well. */
START_TEST(done_is_heard_twice)
{
	begin(17);
	hear(HAM_NOTE_MIGRATION_DONE, "n2", "stopped_us=-1", 17);
	hear(HAM_NOTE_MIGRATION_DONE, "n1", "stopped_us=43000 passes=2", 17);
	hear(HAM_NOTE_MIGRATION_FAILED, "n1", "the source died", 17);
	expect("+web1-17 live n1->n2 runs\n"
	       "web1-17 phase n3: prepare @1001\n"
	       "web1-17 live n1->n2 done\n"
	       "web1-17 live n1->n2 done\n");
	ck_assert_int_eq(last.stopped_us, 43000);
	ck_assert_int_eq(last.ended.boot_us, 1002000);
}
END_TEST

START_TEST(the_next_one_begins)
{
	begin(17);
	begin(18);
	expect("+web1-17 live n1->n2 runs\n"
	       "web1-17 phase n3: prepare @1001\n"
	       "web1-17 live n1->n2 unknown\n"
	       "+web1-18 live n1->n2 runs\n"
	       "web1-18 phase n3: prepare @1002\n");
}
END_TEST

/* hamd was started in the middle of it. */
START_TEST(heard_from_its_middle_on)
{
	hear(HAM_NOTE_MIGRATION_FAILED, "n1", "no space", 17);
	expect("+web1-17  -> runs\n"
	       "web1-17  -> failed\n");
}
END_TEST

START_TEST(the_network_has_seen_it)
{
	begin(17);
	hear(HAM_NOTE_MIGRATION_DONE, "n1", "stopped_us=1", 17);
	g_string_truncate(kept, 0);
	hear(HAM_NOTE_GUEST_SEEN, "n1", "seen behind eth0", 17);
	expect("web1-17 guest n1: seen behind eth0 @1003\n");
	now_us += 61000000;
	hear(HAM_NOTE_GUEST_UNSEEN, "n1", "not seen", 17);
	expect("");
}
END_TEST

static void
figures(int64_t after_us)
{
	struct ham_progress progress = {.rate = 5};
	struct ham_history_heard h =
		heard(HAM_NOTE_MIGRATION_PHASE, "n1", "", 17);

	now_us += after_us - 1000;
	h.at = now();
	h.progress = &progress;
	ham_history_hear(history, &h);
}

START_TEST(figures_once_a_second)
{
	begin(17);
	for (int i = 0; i < 100; i++)
		figures(100000);
	ck_assert_uint_ge(samples, 9);
	ck_assert_uint_le(samples, 12);
	hear(HAM_NOTE_MIGRATION_DONE, "n1", "stopped_us=1", 17);
	samples = 0;
	figures(2000000);
	ck_assert_uint_eq(samples, 0);
}
END_TEST

START_TEST(figures_of_a_long_one_are_thinned)
{
	begin(17);
	for (int i = 0; i < HAM_HISTORY_SAMPLES; i++)
		figures(1000000);
	ck_assert_uint_eq(samples, HAM_HISTORY_SAMPLES);
	ck_assert_uint_eq(thinned, 1);
	for (int i = 0; i < HAM_HISTORY_SAMPLES; i++)
		figures(1000000);
	ck_assert_uint_eq(samples, HAM_HISTORY_SAMPLES * 3 / 2);
	ck_assert_uint_eq(thinned, 2);
}
END_TEST

START_TEST(steps_are_bounded)
{
	begin(17);
	g_string_truncate(kept, 0);
	for (int i = 0; i < 2 * HAM_HISTORY_STEPS; i++)
		hear(HAM_NOTE_GUEST_HELD, "n1", "x", 17);
	ck_assert_uint_eq(kept->len / strlen("web1-17 guest n1: x @1002\n"),
			  HAM_HISTORY_STEPS - 1);
}
END_TEST

static void
hear_node(enum ham_note note, const char *by, const char *text)
{
	struct ham_history_heard h = heard(note, by, text, 0);

	h.guest = "";
	ham_history_hear(history, &h);
}

static void
die(void)
{
	ham_history_node(history, "n1", true, now());
	hear_node(HAM_NOTE_FENCING, "n2", "n1 is gone, fencing it");
	now_us = 2000000;
	ham_history_node(history, "n1", false, now());
	ham_history_node(history, "n3", false, now());
	hear_node(HAM_NOTE_FENCING, "n2", "n1 is gone, fencing it");
	hear_node(HAM_NOTE_ALARM, "n2", "n3 could not be fenced: no answer");
	now_us = 3000000;
	ham_history_dead(history, "n1", "n1 is dead: off by bmc", "web1", 5,
			 now());
}

START_TEST(a_failover)
{
	struct ham_history_heard h;

	die();
	expect("+web1-e5  n1-> runs\n"
	       "web1-e5 phase : proof @2000\n"
	       "web1-e5 node : n1 left the cluster @2000\n"
	       "web1-e5 node n2: n1 is gone, fencing it @2001\n"
	       "web1-e5 node : n1 is dead: off by bmc @3000\n"
	       "web1-e5 phase : placing @3000\n");
	ck_assert_uint_eq(ham_history_failovers(history), 1);
	ck_assert_str_eq(ham_history_failover(history, 0), "web1");
	hear(HAM_NOTE_GUEST_RUNNING, "n1", "running on n1", 0);
	ham_history_placed(history, "web1", "n2", "", now());
	ham_history_placed(history, "web1", "n2", "", now());
	hear(HAM_NOTE_ALARM, "n2", "it did not start on n2: no bridge", 0);
	ham_history_placed(history, "web1", "n3", "", now());
	h = heard(HAM_NOTE_GUEST_RUNNING, "n3", "running on n3", 0);
	h.epoch = 11;
	ham_history_hear(history, &h);
	expect("web1-e5 guest n1: running on n1 @3001\n"
	       "web1-e5  n1->n2 runs\n"
	       "web1-e5 guest : given to n2 @3001\n"
	       "web1-e5 phase : start @3001\n"
	       "web1-e5 guest n2: it did not start on n2: no bridge @3002\n"
	       "web1-e5  n1->n3 runs\n"
	       "web1-e5 guest : given to n3 @3002\n"
	       "web1-e5 guest n3: running on n3 @3003\n"
	       "web1-e5  n1->n3 done\n");
	ck_assert_uint_eq(ham_history_failovers(history), 0);
	ck_assert_int_eq(last.stopped_us, 1003000);
	ck_assert_str_eq(last.asked, "n1 is dead: off by bmc");
}
END_TEST

START_TEST(a_failover_in_vain)
{
	die();
	ham_history_placed(history, "web1", NULL, "it did not start on n2",
			   now());
	ck_assert_int_eq(last.result, HAM_HISTORY_FAILED);
	ck_assert_str_eq(last.reason, "it did not start on n2");
	ck_assert_uint_eq(ham_history_failovers(history), 0);
}
END_TEST

/* The source of a migration dies. */
START_TEST(a_death_in_a_migration)
{
	begin(17);
	die();
	hear(HAM_NOTE_MIGRATION_FAILED, "n2", "the source died", 17);
	ck_assert_ptr_nonnull(strstr(
		kept->str, "web1-17 node : n1 is dead: off by bmc @3000\n"));
	ck_assert_ptr_nonnull(
		strstr(kept->str, "web1-17 live n1->n2 failed\n"));
	ck_assert_uint_eq(ham_history_failovers(history), 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("history");
	TCase *tc = tcase_create("history");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, a_migration);
	tcase_add_test(tc, one_that_is_called_off);
	tcase_add_test(tc, done_is_heard_twice);
	tcase_add_test(tc, the_next_one_begins);
	tcase_add_test(tc, heard_from_its_middle_on);
	tcase_add_test(tc, the_network_has_seen_it);
	tcase_add_test(tc, figures_once_a_second);
	tcase_add_test(tc, figures_of_a_long_one_are_thinned);
	tcase_add_test(tc, steps_are_bounded);
	tcase_add_test(tc, a_failover);
	tcase_add_test(tc, a_failover_in_vain);
	tcase_add_test(tc, a_death_in_a_migration);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
