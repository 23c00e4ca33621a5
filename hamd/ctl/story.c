/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/story.c - see story.h */
#include "hamd/ctl/story.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/phases.h"
#include "hamd/ctl/table.h"

struct story {
	GString *text;
	size_t columns;
	JsonObject *answer;
	JsonObject *entry;
	bool failover;
};

static bool
is(JsonObject *object, const char *name, const char *value)
{
	return strcmp(ham_ctl_json_text(object, name), value) == 0;
}

static void say(struct story *story, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void
say(struct story *story, const char *format, ...)
{
	g_autofree char *line = NULL;
	g_autofree char *clean = NULL;
	g_autofree char *wrapped = NULL;
	va_list ap;

	va_start(ap, format);
	line = g_strdup_vprintf(format, ap);
	va_end(ap);
	clean = ham_ctl_clean(line);
	wrapped = ham_ctl_wrap(clean, story->columns);
	g_string_append_printf(story->text, "%s\n", wrapped);
}

static const char *
name_or(JsonObject *object, const char *name, const char *otherwise)
{
	const char *text = ham_ctl_json_text(object, name);

	return text[0] ? text : otherwise;
}

/* ---- what it was ---- */

static void
say_title(struct story *story, bool color)
{
	JsonObject *e = story->entry;
	const char *result = ham_ctl_json_text(e, "result");
	enum ham_ctl_style style = is(e, "result", "done") ? HAM_CTL_GOOD
				   : is(e, "result", "failed")
					   ? HAM_CTL_BAD
					   : HAM_CTL_CAUTION;
	const char *words = is(e, "result", "runs") ? "under way"
			    : is(e, "result", "unknown")
				    ? "its end was not heard"
				    : result;
	g_autofree char *clean_words = ham_ctl_clean(words);
	g_autofree char *end = ham_ctl_styled(style, clean_words, color);
	g_autofree char *line = g_strdup_printf(
		"%s: %s%s%s of %s, %s -> %s: ", ham_ctl_json_text(e, "id"),
		ham_ctl_json_text(e, "mode"),
		ham_ctl_json_text(e, "mode")[0] ? " " : "",
		ham_ctl_json_text(e, "kind"), ham_ctl_json_text(e, "guest"),
		name_or(e, "from", "?"), name_or(e, "to", "?"));
	g_autofree char *clean = ham_ctl_clean(line);

	g_string_append_printf(story->text, "%s%s\n", clean, end);
}

static void
say_who(struct story *story)
{
	const char *asked = ham_ctl_json_text(story->entry, "asked");

	if (!asked[0])
		say(story, "Who asked for it was not heard here.");
	else if (g_str_has_prefix(asked, "uid "))
		say(story, "Ordered by %s.", asked);
	else
		say(story, "Reason: %s.", asked);
}

static void
say_when(struct story *story)
{
	JsonObject *e = story->entry;
	g_autofree char *began = ham_ctl_json_time(e, "began");
	g_autofree char *took =
		ham_ctl_fine_duration(ham_ctl_json_number(e, "total_ms", -1));
	g_autofree char *lasts = ham_ctl_fine_duration(
		(double)ham_ctl_length_us(story->answer) / 1000.0);

	if (is(e, "result", "done"))
		say(story, "It began on %s and took %s.", began, took);
	else if (is(e, "result", "failed"))
		say(story, "It began on %s and failed after %s: %s.", began,
		    took, name_or(e, "reason", "no reason was given"));
	else if (is(e, "result", "runs"))
		say(story, "It began on %s and has gone on for %s or longer.",
		    began, lasts);
	else
		say(story, "It began on %s and was heard of for %s: %s.", began,
		    lasts, name_or(e, "reason", "then nothing more"));
}

/* ---- its phases ---- */

static char *
copied_text(JsonObject *entry)
{
	g_autofree char *disk =
		ham_ctl_bytes(ham_ctl_json_count(entry, "disk_bytes"));
	g_autofree char *ram =
		ham_ctl_bytes(ham_ctl_json_count(entry, "ram_bytes"));
	uint64_t passes = ham_ctl_json_count(entry, "passes");

	if (!is(entry, "result", "done"))
		return g_strdup("disks and memory, while the guest ran");
	if (is(entry, "mode", "live"))
		return g_strdup_printf(
			"%s of disks and %s of memory in "
			"%" G_GUINT64_FORMAT " %s, while the guest ran",
			disk, ram, passes, passes == 1 ? "pass" : "passes");
	return g_strdup_printf("%s of disks, %s", disk,
			       is(entry, "mode", "cold")
				       ? "the guest being stopped"
				       : "while the guest ran");
}

/* "Copying", and what was done in it; NULL: a phase of another version. */
static const char *
phase_words(struct story *story, const char *name, char **what)
{
	JsonObject *e = story->entry;
	const char *from = name_or(e, "from", "the source");
	const char *to = name_or(e, "to", "the destination");

	if (strcmp(name, "queued") == 0) {
		*what = g_strdup("other migrations came first");
		return "Waiting";
	}
	if (strcmp(name, "prepare") == 0) {
		*what = g_strdup_printf("%s looked whether it can take the "
					"guest, and built what that needs",
					to);
		return "Preparing";
	}
	if (strcmp(name, "copy") == 0) {
		*what = copied_text(e);
		return "Copying";
	}
	if (strcmp(name, "cutover") == 0) {
		*what = g_strdup_printf("the cluster recorded that %s and %s "
					"are about to change over",
					from, to);
		return "Agreeing";
	}
	if (strcmp(name, "handover") == 0) {
		*what = is(e, "mode", "live")
				? g_strdup_printf(
					  "the last of it was sent and %s "
					  "took the guest",
					  to)
				: g_strdup_printf("the guest was shut down, "
						  "and belongs to %s",
						  to);
		return "Handing over";
	}
	if (strcmp(name, "proof") == 0) {
		*what = g_strdup_printf("until %s was certainly dead", from);
		return "Proving";
	}
	if (strcmp(name, "placing") == 0) {
		*what = g_strdup("until the guest was given to a node that "
				 "can run it");
		return "Placing";
	}
	if (strcmp(name, "start") == 0) {
		*what = g_strdup_printf("until the guest ran on %s", to);
		return "Starting";
	}
	return NULL;
}

static void
say_phases(struct story *story, const GArray *phases)
{
	for (guint i = 0; i < phases->len; i++) {
		const struct ham_ctl_stretch *p =
			&g_array_index(phases, struct ham_ctl_stretch, i);
		bool last = i + 1 == phases->len;
		g_autofree char *what = NULL;
		const char *words = phase_words(story, p->name, &what);
		g_autofree char *took = ham_ctl_fine_duration(
			(double)(p->to_us - p->from_us) / 1000.0);

		if (last && is(story->entry, "result", "failed"))
			say(story, "%s was cut short after %s.",
			    words ? words : p->name, took);
		else if (last && !is(story->entry, "result", "done"))
			say(story, "%s: heard of for %s.",
			    words ? words : p->name, took);
		else if (words)
			say(story, "%s took %s: %s.", words, took, what);
		else
			say(story, "Phase %s took %s.", p->name, took);
	}
}

/* ---- what it cost ---- */

static void
say_pause(struct story *story)
{
	JsonObject *e = story->entry;
	double stopped = ham_ctl_json_number(e, "stopped_ms", -1);
	double blackout = ham_ctl_json_number(e, "blackout_ms", -1);
	double limit = ham_ctl_json_number(e, "max_pause_ms", -1);
	g_autofree char *stopped_text = ham_ctl_fine_duration(stopped);
	g_autofree char *blackout_text = ham_ctl_fine_duration(blackout);
	g_autofree char *limit_text = ham_ctl_fine_duration(limit);

	if (!is(e, "result", "done"))
		return;
	if (story->failover) {
		say(story, "It ran again %s after %s had left the cluster.",
		    stopped_text, name_or(e, "from", "its node"));
		return;
	}
	if (!is(e, "mode", "live"))
		return;
	if (stopped < 0)
		say(story, "How long the guest stood still was not measured.");
	else if (limit < 0)
		say(story, "The guest stood still for %s.", stopped_text);
	else
		say(story, "The guest stood still for %s, %s its limit of %s.",
		    stopped_text, stopped <= limit ? "within" : "MORE than",
		    limit_text);
	if (blackout >= 0)
		say(story, "The network had nothing of it for %s.",
		    blackout_text);
}

static void
say_figures(struct story *story)
{
	JsonArray *samples = ham_ctl_json_array(story->answer, "samples");
	uint64_t rate = 0, dirty = 0, throttle = 0;
	g_autofree char *rate_text = NULL;
	g_autofree char *dirty_text = NULL;
	g_autofree char *slowed = NULL;

	for (guint i = 0; i < ham_ctl_json_length(samples); i++) {
		JsonObject *s = ham_ctl_json_element(samples, i);

		rate = MAX(rate, ham_ctl_json_count(s, "rate"));
		dirty = MAX(dirty, ham_ctl_json_count(s, "dirty_rate"));
		throttle = MAX(throttle, ham_ctl_json_count(s, "throttle"));
	}
	if (rate == 0 && dirty == 0)
		return;
	rate_text = ham_ctl_bytes(rate);
	dirty_text = ham_ctl_bytes(dirty);
	slowed = throttle ? g_strdup_printf("; it was slowed down by up to "
					    "%" G_GUINT64_FORMAT " %%",
					    throttle)
			  : g_strdup("");
	say(story,
	    "Up to %s/s were sent; the guest wrote up to %s/s of its memory%s.",
	    rate_text, dirty_text, slowed);
}

static void
say_steps(struct story *story)
{
	JsonArray *steps = ham_ctl_json_array(story->answer, "steps");

	for (guint i = 0; i < ham_ctl_json_length(steps); i++) {
		JsonObject *step = ham_ctl_json_element(steps, i);
		double s = (double)ham_ctl_since_began(story->entry, step) /
			   1000000.0;
		const char *what = ham_ctl_json_text(step, "what");

		say(story, "%9.3f s  %s  %s%s%s", s, name_or(step, "node", "-"),
		    strcmp(what, "guest") == 0 || strcmp(what, "node") == 0
			    ? ""
			    : what,
		    strcmp(what, "guest") == 0 || strcmp(what, "node") == 0
			    ? ""
			    : ": ",
		    ham_ctl_json_text(step, "text"));
	}
}

char *
ham_ctl_story(JsonObject *answer, size_t columns, bool utf8, bool color)
{
	struct story story = {
		.text = g_string_new(NULL),
		.columns = columns,
		.answer = answer,
		.entry = ham_ctl_json_object(answer, "entry"),
		.failover = is(ham_ctl_json_object(answer, "entry"), "kind",
			       "failover"),
	};
	g_autoptr(GArray) phases = ham_ctl_phases(answer);
	g_autofree char *bar = ham_ctl_timeline(
		phases, ham_ctl_length_us(answer), columns, utf8);

	say_title(&story, color);
	say_who(&story);
	say_when(&story);
	say_phases(&story, phases);
	say_pause(&story);
	say_figures(&story);
	if (bar[0])
		g_string_append_printf(story.text, "\n%s", bar);
	if (ham_ctl_json_length(ham_ctl_json_array(answer, "steps")) > 0) {
		g_string_append_c(story.text, '\n');
		say(&story, "As %s heard it, time since it began:",
		    name_or(answer, "node", "this node"));
		say_steps(&story);
	}
	return g_string_free(story.text, FALSE);
}
