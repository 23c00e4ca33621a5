/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/plot.c - see plot.h
 *
 * Numbers are written with a point, whatever the locale.
 */
#include "hamd/ctl/plot.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/phases.h"
#include "hamd/ctl/table.h"

enum {
	WIDTH = 960,
	HEIGHT = 480,
	LEFT = 80,
	RIGHT = WIDTH - 80,
	TOP = 90,
	BOTTOM = HEIGHT - 50,
	TICKS = 6,  /* at most */
	LETTER = 7, /* of a label, about */
	DOTS = 60,  /* fewer points are marked */
};

struct curve {
	const char *name;
	const char *color;
	const char *dashes; /* stroke-dasharray */
	bool right;	    /* its scale is on the right */
	double (*value)(JsonObject *sample);
};

struct scale {
	double max; /* in units, a whole number of steps */
	double step;
	double unit;
	const char *name;
};

struct plot {
	GString *out;
	JsonObject *answer;
	JsonObject *entry;
	JsonArray *samples;
	struct scale time;
	struct scale left, right;
};

static double
sent(JsonObject *sample)
{
	return ham_ctl_json_number(sample, "rate", 0);
}

static double
written(JsonObject *sample)
{
	return ham_ctl_json_number(sample, "dirty_rate", 0);
}

static double
remaining(JsonObject *sample)
{
	double disk = ham_ctl_json_number(sample, "disk_total", 0) -
		      ham_ctl_json_number(sample, "disk_done", 0);

	return MAX(disk, 0) + ham_ctl_json_number(sample, "ram_remaining", 0);
}

static const struct curve curves[] = {
	{"throughput", "#0072b2", "none", false, sent},
	{"dirty rate (what the guest writes)", "#d55e00", "6,3", false,
	 written},
	{"remaining (right)", "#009e73", "2,3", true, remaining},
};

/* ---- text ---- */

static void
number(GString *out, double value)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(out,
			g_ascii_formatd(text, sizeof(text), "%.1f", value));
}

static void
escaped(GString *out, const char *text)
{
	g_autofree char *clean = ham_ctl_clean(text);
	g_autofree char *safe = g_markup_escape_text(clean, -1);

	g_string_append(out, safe);
}

static void
label(struct plot *plot, double x, double y, const char *anchor,
      const char *text)
{
	g_string_append(plot->out, "<text x=\"");
	number(plot->out, x);
	g_string_append(plot->out, "\" y=\"");
	number(plot->out, y);
	g_string_append_printf(plot->out, "\" text-anchor=\"%s\">", anchor);
	escaped(plot->out, text);
	g_string_append(plot->out, "</text>\n");
}

static void
line(struct plot *plot, double x1, double y1, double x2, double y2,
     const char *color, const char *dashes)
{
	const double at[] = {x1, y1, x2, y2};
	static const char *const names[] = {"x1", "y1", "x2", "y2"};

	g_string_append(plot->out, "<line");
	for (size_t i = 0; i < G_N_ELEMENTS(at); i++) {
		g_string_append_printf(plot->out, " %s=\"", names[i]);
		number(plot->out, at[i]);
		g_string_append_c(plot->out, '"');
	}
	g_string_append_printf(plot->out,
			       " stroke=\"%s\" stroke-dasharray=\"%s\"/>\n",
			       color, dashes);
}

/* ---- scales ---- */

/* The least of 1, 2, 5, 10, ... with which `max` has at most TICKS of them. */
static double
nice_step(double max)
{
	static const double factors[] = {2, 2.5, 2};
	double step = 0.001;

	for (int i = 0; step * TICKS < max; i++)
		step *= factors[i % 3];
	return step;
}

static struct scale
scale_for(double max, double unit, const char *name)
{
	struct scale scale = {.unit = unit, .name = name};

	scale.step = nice_step(max / unit);
	while (scale.max * unit < max || scale.max == 0)
		scale.max += scale.step;
	return scale;
}

static struct scale
bytes_scale(double max)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double unit = 1;
	size_t i = 0;

	while (max >= 1024 * unit && i + 1 < G_N_ELEMENTS(units)) {
		unit *= 1024;
		i++;
	}
	return scale_for(max, unit, units[i]);
}

static double
x_of(const struct plot *plot, int64_t us)
{
	return LEFT +
	       (RIGHT - LEFT) * ((double)us / plot->time.unit) / plot->time.max;
}

static double
y_of(const struct scale *scale, double value)
{
	return BOTTOM - (BOTTOM - TOP) * (value / scale->unit) / scale->max;
}

static char *
tick_text(double value, double step)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];

	return g_strdup(g_ascii_formatd(text, sizeof(text),
					step >= 1      ? "%.0f"
					: step >= 0.1  ? "%.1f"
					: step >= 0.01 ? "%.2f"
						       : "%.3f",
					value));
}

static void
draw_scales(struct plot *plot)
{
	const struct scale *t = &plot->time;
	g_autofree char *left = g_strdup_printf("%s/s", plot->left.name);

	for (double v = 0; v <= t->max + t->step / 2; v += t->step) {
		double x = x_of(plot, (int64_t)(v * t->unit));
		g_autofree char *text = tick_text(v, t->step);

		line(plot, x, BOTTOM, x, BOTTOM + 5, "#000000", "none");
		label(plot, x, BOTTOM + 20, "middle", text);
	}
	for (int side = 0; side < 2; side++) {
		const struct scale *s = side ? &plot->right : &plot->left;
		double edge = side ? RIGHT : LEFT;
		double out = side ? 5 : -5;

		for (double v = 0; v <= s->max + s->step / 2; v += s->step) {
			double y = y_of(s, v * s->unit);
			g_autofree char *text = tick_text(v, s->step);

			if (!side && v > 0)
				line(plot, LEFT, y, RIGHT, y, "#cccccc",
				     "none");
			line(plot, edge, y, edge + out, y, "#000000", "none");
			label(plot, edge + 2 * out, y + 4,
			      side ? "start" : "end", text);
		}
		line(plot, edge, TOP, edge, BOTTOM, "#000000", "none");
		label(plot, edge, TOP - 8, "middle", side ? s->name : left);
	}
	line(plot, LEFT, BOTTOM, RIGHT, BOTTOM, "#000000", "none");
	label(plot, (LEFT + RIGHT) / 2.0, HEIGHT - 12, "middle",
	      "time since it began, s");
}

/* ---- what is in them ---- */

static void
draw_phases(struct plot *plot)
{
	g_autoptr(GArray) phases = ham_ctl_phases(plot->answer);

	for (guint i = 0; i < phases->len; i++) {
		const struct ham_ctl_stretch *p =
			&g_array_index(phases, struct ham_ctl_stretch, i);
		double x = x_of(plot, p->from_us);
		double width = MAX(x_of(plot, p->to_us) - x, 0.5);

		g_string_append(plot->out, "<rect x=\"");
		number(plot->out, x);
		g_string_append_printf(plot->out, "\" y=\"%d\" width=\"", TOP);
		number(plot->out, width);
		g_string_append_printf(
			plot->out, "\" height=\"%d\" fill=\"%s\"><title>",
			BOTTOM - TOP, i % 2 ? "#e4e4e4" : "#f3f3f3");
		escaped(plot->out, p->name);
		g_string_append(plot->out, "</title></rect>\n");
		if (width >= LETTER * (double)ham_ctl_width(p->name))
			label(plot, x + width / 2, TOP + 14, "middle", p->name);
	}
}

static void
draw_curve(struct plot *plot, const struct curve *curve)
{
	guint n = ham_ctl_json_length(plot->samples);
	const struct scale *scale = curve->right ? &plot->right : &plot->left;
	g_autoptr(GString) dots = g_string_new(NULL);

	g_string_append_printf(plot->out,
			       "<polyline fill=\"none\" stroke=\"%s\" "
			       "stroke-width=\"2\" stroke-dasharray=\"%s\" "
			       "points=\"",
			       curve->color, curve->dashes);
	for (guint i = 0; i < n; i++) {
		JsonObject *s = ham_ctl_json_element(plot->samples, i);
		double x = x_of(plot, ham_ctl_since_began(plot->entry, s));
		double y = y_of(scale, curve->value(s));

		number(plot->out, x);
		g_string_append_c(plot->out, ',');
		number(plot->out, y);
		g_string_append_c(plot->out, i + 1 < n ? ' ' : '"');
		if (n >= DOTS)
			continue;
		g_string_append(dots, "<circle cx=\"");
		number(dots, x);
		g_string_append(dots, "\" cy=\"");
		number(dots, y);
		g_string_append_printf(dots, "\" r=\"2.5\" fill=\"%s\"/>\n",
				       curve->color);
	}
	g_string_append_printf(plot->out, "/>\n%s", dots->str);
}

static void
draw_legend(struct plot *plot)
{
	double x = LEFT;

	for (size_t i = 0; i < G_N_ELEMENTS(curves); i++) {
		line(plot, x, TOP - 34, x + 30, TOP - 34, curves[i].color,
		     curves[i].dashes);
		label(plot, x + 36, TOP - 30, "start", curves[i].name);
		x += 60 + LETTER * (double)strlen(curves[i].name);
	}
}

static void
set_scales(struct plot *plot)
{
	double time_us = (double)ham_ctl_length_us(plot->answer);
	double left = 1;
	double right = 1;

	for (guint i = 0; i < ham_ctl_json_length(plot->samples); i++) {
		JsonObject *s = ham_ctl_json_element(plot->samples, i);

		left = MAX(left, MAX(sent(s), written(s)));
		right = MAX(right, remaining(s));
		time_us = MAX(time_us,
			      (double)ham_ctl_since_began(plot->entry, s));
	}
	plot->time = scale_for(MAX(time_us, 1000), 1000000, "s");
	plot->left = bytes_scale(left);
	plot->right = bytes_scale(right);
}

static void
draw_title(struct plot *plot)
{
	JsonObject *e = plot->entry;
	g_autofree char *began = ham_ctl_json_time(e, "began");
	g_autofree char *title = g_strdup_printf(
		"%s: %s migration of %s, %s -> %s, %s, %s",
		ham_ctl_json_text(e, "id"), ham_ctl_json_text(e, "mode"),
		ham_ctl_json_text(e, "guest"), ham_ctl_json_text(e, "from"),
		ham_ctl_json_text(e, "to"), ham_ctl_json_text(e, "result"),
		began);

	g_string_append_printf(
		plot->out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<svg xmlns=\"http://www.w3.org/2000/svg\" version=\"1.1\""
		" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\""
		" font-family=\"sans-serif\" font-size=\"12\">\n<title>",
		WIDTH, HEIGHT, WIDTH, HEIGHT);
	escaped(plot->out, title);
	g_string_append_printf(plot->out,
			       "</title>\n<rect width=\"%d\" height=\"%d\""
			       " fill=\"#ffffff\"/>\n",
			       WIDTH, HEIGHT);
	label(plot, LEFT, 24, "start", title);
}

char *
ham_ctl_plot(JsonObject *answer)
{
	struct plot plot = {
		.answer = answer,
		.entry = ham_ctl_json_object(answer, "entry"),
		.samples = ham_ctl_json_array(answer, "samples"),
	};

	if (ham_ctl_json_length(plot.samples) == 0)
		return NULL;
	plot.out = g_string_new(NULL);
	set_scales(&plot);
	draw_title(&plot);
	draw_phases(&plot);
	draw_scales(&plot);
	for (size_t i = 0; i < G_N_ELEMENTS(curves); i++)
		draw_curve(&plot, &curves[i]);
	draw_legend(&plot);
	g_string_append(plot.out, "</svg>\n");
	return g_string_free(plot.out, FALSE);
}
