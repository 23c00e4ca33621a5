/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_converge_traces.c - what is said of migrations that were recorded
 *
 * Each file of tests/unit/traces is one migration of a real QEMU, as
 * tests/bench/converge.sh --traces writes it: "# LINK; LOAD", then a line for each
 * look, ms, passes, bytes left, bytes sent.  The controller is fed with it; nothing
 * that it says changes what happened.
 */
#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/core/converge.h"
#include "tests/unit/leaf_run.h"

#define RAM ((uint64_t)256 << 20)
#define MAX_PAUSE_US 300000 /* QEMU's own downtime-limit, so that ends agree */
#define FIXED_US 20000

enum {
	MAX_TRACES = 32,
	MANY_SYNCS = 6,
};

struct trace {
	char *name;
	GArray *samples; /* struct ham_converge_sample */
};

static struct trace traces[MAX_TRACES];
static int n_traces;

static bool
read_line(const char *line, struct ham_converge_sample *out)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 4);

	if (g_strv_length(words) != 4)
		return false;
	memset(out, 0, sizeof(*out));
	out->now_us = (g_ascii_strtoll(words[0], NULL, 10) + 1) * 1000;
	out->passes = g_ascii_strtoull(words[1], NULL, 10);
	out->remaining = g_ascii_strtoull(words[2], NULL, 10);
	out->sent = g_ascii_strtoull(words[3], NULL, 10);
	out->disks_ready = true;
	return true;
}

static void
read_trace(const char *path, const char *name)
{
	struct trace *trace = &traces[n_traces];
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (n_traces == MAX_TRACES ||
	    !g_file_get_contents(path, &text, NULL, NULL))
		g_error("%s can't be taken", path);
	trace->name = g_strdup(name);
	trace->samples = g_array_new(FALSE, FALSE,
				     sizeof(struct ham_converge_sample));
	lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		struct ham_converge_sample sample;

		if (**line && **line != '#') {
			if (!read_line(*line, &sample))
				g_error("%s: no sample: %s", name, *line);
			g_array_append_val(trace->samples, sample);
		}
	}
	if (trace->samples->len <= 10)
		g_error("%s is short", name);
	n_traces++;
}

static void
read_traces(void)
{
	const char *srcdir = getenv("srcdir");
	g_autofree char *folder = g_build_filename(
		srcdir ? srcdir : ".", "tests/unit/traces", NULL);
	g_autoptr(GDir) dir = g_dir_open(folder, 0, NULL);
	const char *name;

	if (!dir)
		g_error("%s can't be read", folder);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);

		if (g_str_has_suffix(name, ".txt"))
			read_trace(path, name);
	}
}

static const struct ham_converge_sample *
at(const struct trace *trace, guint i)
{
	return &g_array_index(trace->samples, struct ham_converge_sample, i);
}

/* Each pass is foretold from those before it, and then looked at. */
START_TEST(passes_find_what_was_foretold)
{
	const struct trace *trace = &traces[_i];
	struct ham_converge c;
	unsigned int syncs = 0, right = 0;
	const struct ham_converge_sample *synced = at(trace, 0);

	ham_converge_begin(&c, RAM, FIXED_US);
	for (guint i = 0; i < trace->samples->len; i++) {
		const struct ham_converge_sample *s = at(trace, i);
		uint64_t least, most, found;

		if (s->passes == synced->passes + 1 && c.syncs >= 2) {
			found = s->remaining + s->sent - synced->sent -
				MIN(synced->remaining,
				    s->remaining + s->sent - synced->sent);
			ham_dirty_in(&c.dirty, s->now_us - synced->now_us,
				     &least, &most);
			syncs++;
			right += found + (4 << 20) >= least / 4 * 3 &&
				 found <= most / 4 * 5 + (4 << 20);
		}
		if (s->passes != synced->passes)
			synced = s;
		ham_converge_take(&c, s);
	}
	ck_assert_msg(syncs < MANY_SYNCS || right * 10 >= syncs * 8,
		      "%s: %u of %u", trace->name, right, syncs);
}
END_TEST

/* Where QEMU came to an end by its own rule, so does it; where it went on, no
 * hand-over is called for whose pause does not fit. */
START_TEST(it_ends_where_it_ended)
{
	const struct trace *trace = &traces[_i];
	bool endless = strstr(trace->name, "endless") != NULL;
	struct ham_converge_limits limits = {.max_pause_us = MAX_PAUSE_US};
	struct ham_converge_view view = {0};
	struct ham_converge c;

	ham_converge_begin(&c, RAM, FIXED_US);
	for (guint i = 0; i < trace->samples->len; i++) {
		const struct ham_converge_sample *s = at(trace, i);

		ham_converge_take(&c, s);
		ham_converge_look(&c, &limits, &view);
		if (view.verdict == HAM_CONVERGE_NOW)
			break;
	}
	if (endless) {
		ck_assert_msg(view.verdict == HAM_CONVERGE_NEVER ||
				      view.verdict == HAM_CONVERGE_DOUBT,
			      "%s: %s", trace->name,
			      ham_converge_name(view.verdict));
		ck_assert_int_gt(view.needs_pause_us, MAX_PAUSE_US);
	} else {
		ck_assert_msg(view.verdict == HAM_CONVERGE_NOW ||
				      view.left_us[0] < 2000000,
			      "%s: %s, %" G_GINT64_FORMAT " us", trace->name,
			      ham_converge_name(view.verdict),
			      view.left_us[0]);
	}
}
END_TEST

START_TEST(there_are_some)
{
	ck_assert_int_ge(n_traces, 6);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("converge traces");
	TCase *tc = tcase_create("recorded");

	read_traces();
	tcase_add_test(tc, there_are_some);
	tcase_add_loop_test(tc, passes_find_what_was_foretold, 0, n_traces);
	tcase_add_loop_test(tc, it_ends_where_it_ended, 0, n_traces);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
