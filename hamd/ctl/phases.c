/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/phases.c - see phases.h */
#include "hamd/ctl/phases.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/table.h"

static const char *const ascii[] = {".", "=", "#", "%", "+", "~"};
static const char *const blocks[] = {"░", "▒", "▓", "█", "▚", "╱"};
G_STATIC_ASSERT(G_N_ELEMENTS(ascii) == G_N_ELEMENTS(blocks));

static int64_t
wall_us(JsonObject *stamp)
{
	return ham_ctl_json_int(stamp, "seconds", 0) * G_USEC_PER_SEC +
	       ham_ctl_json_int(stamp, "microseconds", 0);
}

int64_t
ham_ctl_since_began(JsonObject *entry, JsonObject *thing)
{
	int64_t boot_us = ham_ctl_json_int(thing, "boot_us", -1) -
			  ham_ctl_json_int(entry, "began_boot_us", 0);
	JsonObject *time = ham_ctl_json_object(thing, "time");

	if (boot_us >= 0)
		return boot_us;
	return time ? MAX(wall_us(time) -
				  wall_us(ham_ctl_json_object(entry, "began")),
			  0)
		    : 0;
}

int64_t
ham_ctl_length_us(JsonObject *answer)
{
	JsonObject *entry = ham_ctl_json_object(answer, "entry");
	JsonArray *steps = ham_ctl_json_array(answer, "steps");
	JsonObject *ended = ham_ctl_json_object(entry, "ended");
	int64_t last_us = 0;

	if (ham_ctl_json_int(entry, "ended_boot_us", -1) >=
	    ham_ctl_json_int(entry, "began_boot_us", 0))
		return ham_ctl_json_int(entry, "ended_boot_us", 0) -
		       ham_ctl_json_int(entry, "began_boot_us", 0);
	if (ended)
		return MAX(wall_us(ended) -
				   wall_us(ham_ctl_json_object(entry, "began")),
			   0);
	for (guint i = 0; i < ham_ctl_json_length(steps); i++)
		last_us = MAX(last_us,
			      ham_ctl_since_began(
				      entry, ham_ctl_json_element(steps, i)));
	return last_us;
}

GArray *
ham_ctl_phases(JsonObject *answer)
{
	JsonObject *entry = ham_ctl_json_object(answer, "entry");
	JsonArray *steps = ham_ctl_json_array(answer, "steps");
	GArray *phases =
		g_array_new(FALSE, FALSE, sizeof(struct ham_ctl_stretch));
	struct ham_ctl_stretch phase = {0};

	for (guint i = 0; i < ham_ctl_json_length(steps); i++) {
		JsonObject *step = ham_ctl_json_element(steps, i);
		int64_t at_us;

		if (strcmp(ham_ctl_json_text(step, "what"), "phase") != 0)
			continue;
		at_us = MAX(ham_ctl_since_began(entry, step), phase.from_us);
		phase.to_us = at_us;
		if (phase.name)
			g_array_append_val(phases, phase);
		phase.name = ham_ctl_json_text(step, "text");
		phase.from_us = at_us;
	}
	phase.to_us = MAX(ham_ctl_length_us(answer), phase.from_us);
	if (phase.name)
		g_array_append_val(phases, phase);
	return phases;
}

/* How many of the columns each has: one at least, which the longest ones give,
 * as long as there are more columns than phases. */
static void
share(const GArray *phases, size_t columns, size_t *cells)
{
	int64_t all_us = 0;
	size_t used = 0;

	for (guint i = 0; i < phases->len; i++) {
		const struct ham_ctl_stretch *p =
			&g_array_index(phases, struct ham_ctl_stretch, i);

		all_us += p->to_us - p->from_us;
	}
	for (guint i = 0; i < phases->len; i++) {
		const struct ham_ctl_stretch *p =
			&g_array_index(phases, struct ham_ctl_stretch, i);

		cells[i] = (size_t)((double)(p->to_us - p->from_us) *
				    (double)columns / (double)MAX(all_us, 1));
		cells[i] = MAX(cells[i], 1);
		used += cells[i];
	}
	while (used != columns) {
		guint longest = 0;

		for (guint i = 1; i < phases->len; i++)
			if (cells[i] > cells[longest])
				longest = i;
		cells[longest] += used < columns ? 1 : (size_t)-1;
		used += used < columns ? 1 : (size_t)-1;
	}
}

static void
add_legend(GString *text, const GArray *phases, const char *const *marks,
	   size_t columns)
{
	size_t used = 0;

	for (guint i = 0; i < phases->len; i++) {
		const struct ham_ctl_stretch *p =
			&g_array_index(phases, struct ham_ctl_stretch, i);
		g_autofree char *name = ham_ctl_clean(p->name);
		g_autofree char *took = ham_ctl_fine_duration(
			(double)(p->to_us - p->from_us) / 1000.0);
		g_autofree char *item = g_strdup_printf(
			"%s %s %s", marks[i % G_N_ELEMENTS(ascii)], name, took);
		size_t width = ham_ctl_width(item);

		if (used && used + 3 + width > columns) {
			g_string_append_c(text, '\n');
			used = 0;
		}
		g_string_append_printf(text, "%s%s", used ? "   " : "", item);
		used += width + (used ? 3 : 0);
	}
	g_string_append_c(text, '\n');
}

char *
ham_ctl_timeline(const GArray *phases, int64_t length_us, size_t columns,
		 bool utf8)
{
	const char *const *marks = utf8 ? blocks : ascii;
	g_autofree size_t *cells = g_new0(size_t, MAX(phases->len, 1));
	g_autofree char *length =
		ham_ctl_fine_duration((double)length_us / 1000.0);
	GString *text = g_string_new(NULL);

	if (phases->len == 0)
		return g_string_free(text, FALSE);
	columns = MAX(columns, 20);
	share(phases, columns - 2, cells);
	g_string_append_c(text, '|');
	for (guint i = 0; i < phases->len; i++)
		for (size_t k = 0; k < cells[i]; k++)
			g_string_append(text, marks[i % G_N_ELEMENTS(ascii)]);
	g_string_append_printf(text, "|\n0%*s\n", (int)columns - 1, length);
	add_legend(text, phases, marks, columns);
	return g_string_free(text, FALSE);
}

char *
ham_ctl_fine_duration(double ms)
{
	if (ms < 0)
		return g_strdup("?");
	if (ms < 999.95)
		return g_strdup_printf("%.1f ms", ms);
	return ham_ctl_duration((int64_t)(ms + 0.5));
}
