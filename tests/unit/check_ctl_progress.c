/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_ctl_progress.c - a migration's line never lies backwards */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/ctl/progress.h"
#include "hamd/ctl/table.h"

#define MIB (1ull << 20)

static struct ham_ctl_progress progress;

static JsonObject *
parse(const char *text)
{
	g_autoptr(JsonNode) node = json_from_string(text, NULL);

	ck_assert_ptr_nonnull(node);
	return json_node_dup_object(node);
}

static void
update(const char *phase, uint64_t disk_mib, uint64_t ram_mib, int64_t now_us)
{
	g_autoptr(JsonObject) object = json_object_new();

	json_object_set_string_member(object, "phase", phase);
	json_object_set_int_member(object, "disk_done_bytes",
				   (gint64)(disk_mib * MIB));
	json_object_set_int_member(object, "disk_total_bytes",
				   (gint64)(512 * MIB));
	json_object_set_int_member(object, "ram_done_bytes",
				   (gint64)(ram_mib * MIB));
	json_object_set_int_member(object, "ram_total_bytes",
				   (gint64)(256 * MIB));
	json_object_set_int_member(object, "rate_bytes_per_s",
				   (gint64)(95 * MIB));
	json_object_set_int_member(object, "eta_min_ms", 4000);
	json_object_set_int_member(object, "eta_max_ms", 4000);
	json_object_set_int_member(object, "elapsed_ms", now_us / 1000);
	ham_ctl_progress_update(&progress, object, now_us);
}

static void
set_up(void)
{
	ham_ctl_progress_start(&progress, 0);
}

START_TEST(percent_follows_the_bytes)
{
	update("copy", 256, 128, 1000000);
	ck_assert_int_eq(progress.percent, 49);
	update("copy", 512, 256, 2000000);
	ck_assert_int_eq(progress.percent, 98);
}
END_TEST

START_TEST(percent_never_falls)
{
	update("copy", 256, 128, 1000000);
	update("copy", 200, 10, 2000000);
	ck_assert_int_eq(progress.percent, 49);
}
END_TEST

START_TEST(memory_sent_twice_is_not_counted_twice)
{
	update("copy", 0, 2560, 1000000);
	ck_assert_int_eq(progress.percent, 32);
}
END_TEST

/* A MIGRATION object in its copy, with other members beside. */
static JsonObject *
copying(const char *members)
{
	g_autofree char *text = g_strconcat(
		"{\"phase\":\"copy\",\"disk_done_bytes\":268435456,"
		"\"disk_total_bytes\":536870912,\"elapsed_ms\":2000,",
		members, "}", NULL);

	return parse(text);
}

static void
hear(const char *members, int64_t now_us)
{
	g_autoptr(JsonObject) object = copying(members);

	ham_ctl_progress_update(&progress, object, now_us);
}

/* The plain line from its first figure of the forecast on. */
static char *
plain_of(const char *members)
{
	g_autofree char *line = NULL;

	ham_ctl_progress_start(&progress, 0);
	hear(members, 2000000);
	line = ham_ctl_progress_plain(&progress, "web1", 2000000);
	return g_strdup(strchr(line, ','));
}

START_TEST(percent_is_what_hamd_reckons)
{
	hear("\"done_permille\":437", 1000000);
	ck_assert_int_eq(progress.percent, 43);
	hear("\"done_permille\":1000", 2000000);
	ck_assert_int_eq(progress.percent, 98);
}
END_TEST

START_TEST(percent_as_reckoned_never_falls)
{
	hear("\"done_permille\":437", 1000000);
	hear("\"done_permille\":120", 2000000);
	ck_assert_int_eq(progress.percent, 43);
}
END_TEST

START_TEST(source_that_reckons_nothing_has_its_bytes_counted)
{
	hear("\"done_permille\":0,\"forecast\":\"unknown\"", 1000000);
	ck_assert_int_eq(progress.percent, 49);
}
END_TEST

START_TEST(reckoned_nothing_done_is_nothing_done)
{
	hear("\"done_permille\":0,\"forecast\":\"never\"", 1000000);
	ck_assert_int_eq(progress.percent, 0);
}
END_TEST

static const struct {
	const char *members;
	const char *text;
} forecasts[] = {
	{"\"eta_min_ms\":8000,\"eta_max_ms\":15000", ", ETA 8-15 s"},
	{"\"eta_min_ms\":100000,\"eta_max_ms\":110000", ", ETA 110 s"},
	{"\"eta_min_ms\":8000,\"eta_max_ms\":8400", ", ETA 8 s"},
	{"\"eta_min_ms\":-1,\"eta_max_ms\":8400", ", ETA 8 s"},
	{"\"eta_min_ms\":8000,\"eta_max_ms\":-1", ", ETA > 8 s"},
	{"\"eta_min_ms\":9000,\"eta_max_ms\":8000", ", ETA 8 s"},
	{"\"eta_min_ms\":300000,\"eta_max_ms\":1200000", ", ETA 5-20 min"},
	{"\"eta_min_ms\":-1,\"eta_max_ms\":-1", ""},
	{"\"pause_min_ms\":30,\"pause_max_ms\":60", ", pause 30-60 ms"},
	{"\"pause_min_ms\":44,\"pause_max_ms\":44", ", pause 44 ms"},
	{"\"pause_min_ms\":800,\"pause_max_ms\":20000", ", pause 1-20 s"},
	{"\"throttle_percent\":20,\"passes\":3", ", throttle 20%, pass 3"},
	{"\"throttle_percent\":0,\"passes\":0", ""},
	{"\"forecast\":\"doubtful\",\"needs_bytes_per_s\":125829120,"
	 "\"needs_pause_ms\":800",
	 ", needs 120 MiB/s or a pause of 800 ms"},
	{"\"forecast\":\"never\",\"needs_pause_ms\":800",
	 ", needs a pause of 800 ms"},
	{"\"forecast\":\"never\",\"needs_bytes_per_s\":125829120",
	 ", needs 120 MiB/s"},
	{"\"forecast\":\"never\"", ", does not end with its limits"},
	{"\"forecast\":\"doubtful\"", ", may not end with its limits"},
	{"\"forecast\":\"ends\",\"needs_pause_ms\":800", ""},
};

START_TEST(forecast_as_text)
{
	g_autofree char *line = plain_of(forecasts[_i].members);
	g_autofree char *want = g_strdup_printf(", disk 256/512 MiB%s, 2.0 s",
						forecasts[_i].text);

	ck_assert_str_eq(line, want);
}
END_TEST

START_TEST(both_ends_of_a_forecast_come_nearer)
{
	g_autofree char *line = NULL;

	hear("\"eta_min_ms\":8000,\"eta_max_ms\":15000", 2000000);
	line = ham_ctl_progress_plain(&progress, "web1", 12000000);
	ck_assert_ptr_nonnull(strstr(line, ", ETA 0-5 s,"));
}
END_TEST

START_TEST(forecast_is_of_the_copy_alone)
{
	g_autofree char *line = NULL;

	hear("\"eta_max_ms\":8000,\"pause_max_ms\":40,\"passes\":4,"
	     "\"throttle_percent\":20,\"forecast\":\"never\"",
	     2000000);
	ham_ctl_progress_phase(&progress, "handover");
	line = ham_ctl_progress_plain(&progress, "web1", 2000000);
	ck_assert_str_eq(line, "web1: handover 99%, disk 256/512 MiB, 2.0 s");
}
END_TEST

START_TEST(dearest_figures_get_the_room)
{
	g_autofree char *narrow = NULL;
	g_autofree char *wide = NULL;

	hear("\"eta_min_ms\":8000,\"eta_max_ms\":15000,\"pause_min_ms\":30,"
	     "\"pause_max_ms\":60,\"done_permille\":430,\"passes\":3,"
	     "\"rate_bytes_per_s\":99614720",
	     2000000);
	narrow = ham_ctl_progress_bar(&progress, 2000000, 46, false);
	ck_assert_str_eq(narrow,
			 "copy [###.....] 43% ETA  8-15 s pause 30-60 ms");
	wide = ham_ctl_progress_bar(&progress, 2000000, 85, false);
	ck_assert_str_eq(wide, "copy [##....] 43% disk 256/512 MiB   95 MiB/s "
			       "ETA  8-15 s pause 30-60 ms pass 3 2.0 s");
}
END_TEST

static const struct {
	const char *behind;
	const char *text;
} queues[] = {
	{"2", "web1: queued 0%, behind 2, 2.0 s"},
	{"null", "web1: queued 0%, 2.0 s"},
	{"0", "web1: queued 0%, 2.0 s"},
	{"-1", "web1: queued 0%, 2.0 s"},
	{"\"db1\"", "web1: queued 0%, 2.0 s"},
};

START_TEST(queue_comes_before_all_else)
{
	g_autofree char *text =
		g_strdup_printf("{\"phase\":\"queued\",\"elapsed_ms\":2000,"
				"\"queued_behind\":%s}",
				queues[_i].behind);
	g_autoptr(JsonObject) object = parse(text);
	g_autofree char *line = NULL;

	ham_ctl_progress_update(&progress, object, 2000000);
	line = ham_ctl_progress_plain(&progress, "web1", 2000000);
	ck_assert_str_eq(line, queues[_i].text);
	ham_ctl_progress_phase(&progress, "prepare");
	ck_assert_int_eq(progress.phase, HAM_CTL_PREPARE);
	ham_ctl_progress_phase(&progress, "queued");
	ck_assert_int_eq(progress.phase, HAM_CTL_PREPARE);
}
END_TEST

START_TEST(nothing_is_whole_before_the_result)
{
	update("copy", 9999, 9999, 1000000);
	ham_ctl_progress_phase(&progress, "cutover");
	ck_assert_int_eq(progress.percent, 98);
	ham_ctl_progress_phase(&progress, "handover");
	ck_assert_int_eq(progress.percent, 99);
}
END_TEST

START_TEST(phase_never_goes_back)
{
	ham_ctl_progress_phase(&progress, "cutover");
	update("copy", 256, 128, 1000000);
	ck_assert_int_eq(progress.phase, HAM_CTL_CUTOVER);
	ham_ctl_progress_phase(&progress, "a phase of tomorrow");
	ck_assert_int_eq(progress.phase, HAM_CTL_CUTOVER);
}
END_TEST

START_TEST(clock_goes_on_between_news_and_never_back)
{
	g_autoptr(JsonObject) late =
		parse("{\"phase\":\"prepare\",\"elapsed_ms\":1000}");
	g_autofree char *later = NULL;
	g_autofree char *behind = NULL;

	update("prepare", 0, 0, 1000000);
	later = ham_ctl_progress_plain(&progress, "web1", 3500000);
	ck_assert_ptr_nonnull(strstr(later, ", 3.5 s"));
	ham_ctl_progress_update(&progress, late, 3600000);
	behind = ham_ctl_progress_plain(&progress, "web1", 3600000);
	ck_assert_ptr_nonnull(strstr(behind, ", 3.6 s"));
}
END_TEST

START_TEST(plain_line_has_every_figure)
{
	g_autofree char *line = NULL;

	update("copy", 221, 101, 1200000);
	line = ham_ctl_progress_plain(&progress, "web1", 2200000);
	ck_assert_str_eq(line, "web1: copy 41%, disk 221/512 MiB, RAM 101/256 "
			       "MiB, 95 MiB/s, ETA 3 s, 2.2 s");
}
END_TEST

START_TEST(bar_of_80_columns_has_every_figure)
{
	g_autofree char *line = NULL;

	update("copy", 221, 101, 1200000);
	line = ham_ctl_progress_bar(&progress, 2200000, 77, false);
	ck_assert_str_eq(line, "copy [##.....] 41% disk 221/512 MiB RAM "
			       "101/256 MiB   95 MiB/s ETA  3 s 2.2 s");
}
END_TEST

START_TEST(bar_is_never_wider_than_it_may_be)
{
	static const char *const phases[] = {"prepare", "copy", "cutover",
					     "handover"};

	for (size_t p = 0; p < G_N_ELEMENTS(phases); p++) {
		update(phases[p], 221, 101, 1200000);
		for (size_t columns = 13; columns < 200; columns++) {
			g_autofree char *line = ham_ctl_progress_bar(
				&progress, 2200000, columns, false);

			ck_assert_msg(ham_ctl_width(line) <= columns, "%zu: %s",
				      columns, line);
		}
	}
}
END_TEST

START_TEST(figures_make_room_for_the_bar)
{
	update("copy", 221, 101, 1200000);
	for (size_t columns = 20; columns < 200; columns++) {
		g_autofree char *line = ham_ctl_progress_bar(&progress, 2200000,
							     columns, false);

		ck_assert_msg(strchr(line, '['), "%zu: %s", columns, line);
	}
}
END_TEST

START_TEST(colour_adds_no_width)
{
	g_autofree char *plain = NULL;
	g_autofree char *color = NULL;

	update("copy", 221, 101, 1200000);
	plain = ham_ctl_progress_bar(&progress, 1200000, 100, false);
	color = ham_ctl_progress_bar(&progress, 1200000, 100, true);
	ck_assert_uint_eq(strlen(color), strlen(plain) + strlen("\033[32m") +
						 strlen("\033[0m"));
}
END_TEST

START_TEST(unknown_figures_are_left_out)
{
	g_autofree char *line = ham_ctl_progress_bar(&progress, 0, 77, false);

	ck_assert_str_eq(line,
			 "waiting [......................................]"
			 "  0% 0.0 s");
}
END_TEST

static const char *const garbage[] = {
	"{}",
	"{\"phase\":1,\"disk_done_bytes\":\"x\",\"eta_max_ms\":[]}",
	"{\"phase\":\"copy\",\"disk_done_bytes\":-5,\"disk_total_bytes\":-1,"
	"\"ram_done_bytes\":9223372036854775807,\"ram_total_bytes\":1,"
	"\"eta_max_ms\":9223372036854775807,\"elapsed_ms\":-7}",
	"{\"elapsed_ms\":9223372036854775807}",
	"{\"phase\":\"copy\",\"done_permille\":-9e300,\"eta_min_ms\":9e300,"
	"\"eta_max_ms\":9e300,\"pause_min_ms\":-9e300,\"pause_max_ms\":9e300,"
	"\"throttle_percent\":9e300,\"passes\":9e300,\"queued_behind\":{},"
	"\"forecast\":\"never\",\"needs_bytes_per_s\":9e300,"
	"\"needs_pause_ms\":9e300}",
	"{\"phase\":\"copy\",\"disk_done_bytes\":1e300,"
	"\"disk_total_bytes\":1e300,\"rate_bytes_per_s\":1e300}",
};

START_TEST(garbage_gives_a_line_all_the_same)
{
	g_autoptr(JsonObject) object = parse(garbage[_i]);
	g_autofree char *bar = NULL;
	g_autofree char *plain = NULL;

	ham_ctl_progress_update(&progress, object, 1000000);
	bar = ham_ctl_progress_bar(&progress, 2000000, 77, false);
	plain = ham_ctl_progress_plain(&progress, "web1", 2000000);
	ck_assert_int_ge(progress.percent, 0);
	ck_assert_int_le(progress.percent, 99);
	ck_assert_uint_le(ham_ctl_width(bar), 77);
	/* a time that has overflown reads as unknown */
	ck_assert_ptr_null(strchr(plain, '?'));
}
END_TEST

START_TEST(result_is_one_line)
{
	g_autoptr(JsonObject) result = parse(
		"{\"from\":\"n1\",\"to\":\"n2\",\"ok\":true,\"total_ms\":2100,"
		"\"stopped_ms\":43,\"disk_bytes\":536870912,"
		"\"ram_bytes\":99614720}");
	g_autofree char *text = ham_ctl_progress_result("web1", result);

	ck_assert_str_eq(text, "web1: n1 -> n2 in 2.1 s, guest stopped 43 ms, "
			       "607 MiB moved");
}
END_TEST

START_TEST(pause_is_rounded_or_left_out)
{
	g_autoptr(JsonObject) result = parse(
		"{\"from\":\"n1\",\"to\":\"n2\",\"ok\":true,\"total_ms\":2100,"
		"\"stopped_ms\":43.6,\"disk_bytes\":1024}");
	g_autofree char *rounded = ham_ctl_progress_result("web1", result);
	g_autofree char *without = NULL, *network = NULL, *broken = NULL;

	ck_assert_str_eq(rounded, "web1: n1 -> n2 in 2.1 s, guest stopped "
				  "44 ms, 1 KiB moved");
	json_object_set_double_member(result, "blackout_ms", 46.6);
	network = ham_ctl_progress_result("web1", result);
	ck_assert_str_eq(network, "web1: n1 -> n2 in 2.1 s, guest stopped "
				  "44 ms (47 ms on the network), 1 KiB moved");
	json_object_set_int_member(result, "max_pause_ms", 40);
	broken = ham_ctl_progress_result("web1", result);
	ck_assert_ptr_nonnull(strstr(
		broken, "network), more than its max_pause of 40 ms, 1 KiB"));
	json_object_remove_member(result, "stopped_ms");
	without = ham_ctl_progress_result("web1", result);
	ck_assert_str_eq(without, "web1: n1 -> n2 in 2.1 s, 1 KiB moved");
}
END_TEST

START_TEST(failure_gives_its_reason)
{
	g_autoptr(JsonObject) result =
		parse("{\"from\":\"n1\",\"to\":\"n2\",\"ok\":false,"
		      "\"total_ms\":1200,\"reason\":\"disk full on n2\"}");
	g_autofree char *text = ham_ctl_progress_result("web1", result);

	ck_assert_str_eq(text, "web1: n1 -> n2 failed after 1.2 s: disk full "
			       "on n2");
}
END_TEST

START_TEST(failure_without_its_begin)
{
	g_autoptr(JsonObject) result =
		parse("{\"from\":\"\",\"to\":\"\",\"ok\":false,\"total_ms\":-1,"
		      "\"reason\":\"hamd was restarted on the source\"}");
	g_autofree char *text = ham_ctl_progress_result("web1", result);

	ck_assert_str_eq(text, "web1: migration failed: hamd was restarted on "
			       "the source");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_progress");
	TCase *tcase = tcase_create("line");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_checked_fixture(tcase, set_up, NULL);
	tcase_add_test(tcase, percent_follows_the_bytes);
	tcase_add_test(tcase, percent_never_falls);
	tcase_add_test(tcase, memory_sent_twice_is_not_counted_twice);
	tcase_add_test(tcase, percent_is_what_hamd_reckons);
	tcase_add_test(tcase, percent_as_reckoned_never_falls);
	tcase_add_test(tcase,
		       source_that_reckons_nothing_has_its_bytes_counted);
	tcase_add_test(tcase, reckoned_nothing_done_is_nothing_done);
	tcase_add_loop_test(tcase, forecast_as_text, 0,
			    G_N_ELEMENTS(forecasts));
	tcase_add_test(tcase, both_ends_of_a_forecast_come_nearer);
	tcase_add_test(tcase, forecast_is_of_the_copy_alone);
	tcase_add_test(tcase, dearest_figures_get_the_room);
	tcase_add_loop_test(tcase, queue_comes_before_all_else, 0,
			    G_N_ELEMENTS(queues));
	tcase_add_test(tcase, nothing_is_whole_before_the_result);
	tcase_add_test(tcase, phase_never_goes_back);
	tcase_add_test(tcase, clock_goes_on_between_news_and_never_back);
	tcase_add_test(tcase, plain_line_has_every_figure);
	tcase_add_test(tcase, bar_of_80_columns_has_every_figure);
	tcase_add_test(tcase, bar_is_never_wider_than_it_may_be);
	tcase_add_test(tcase, figures_make_room_for_the_bar);
	tcase_add_test(tcase, colour_adds_no_width);
	tcase_add_test(tcase, unknown_figures_are_left_out);
	tcase_add_loop_test(tcase, garbage_gives_a_line_all_the_same, 0,
			    G_N_ELEMENTS(garbage));
	tcase_add_test(tcase, result_is_one_line);
	tcase_add_test(tcase, pause_is_rounded_or_left_out);
	tcase_add_test(tcase, failure_gives_its_reason);
	tcase_add_test(tcase, failure_without_its_begin);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
