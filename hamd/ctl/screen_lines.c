/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/screen_lines.c - see screen.h: who gets which of the lines */
#include <string.h>

#include "hamd/ctl/guest.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/node.h"
#include "hamd/ctl/screen.h"
#include "hamd/ctl/status.h"
#include "hamd/ctl/table.h"

enum {
	SPACIOUS = 16,	   /* rows from which parts stand apart */
	MIN_PROGRESS = 13, /* columns of "handover  99%" */
};

/* In their order on the screen. */
enum part {
	HEAD,
	WARNINGS,
	NODES,
	GUESTS,
	BARS,
	EVENTS,
	N_PARTS
};

/* And in that in which they get room; events get what is left. */
static const enum part dearest[] = {HEAD,   BARS,  WARNINGS,
				    GUESTS, NODES, EVENTS};
G_STATIC_ASSERT(G_N_ELEMENTS(dearest) == N_PARTS);

/* Lines of one part, and how they are made. */
struct page {
	size_t columns;
	bool color;
	GPtrArray *parts[N_PARTS];
};

/* Adds a line to a part, cut to the page. */
static void
add_line(struct page *page, enum part part, enum ham_ctl_style style,
	 const char *text)
{
	g_autofree char *clean = ham_ctl_clean(text);
	g_autofree char *cut = ham_ctl_cut(clean, page->columns);

	g_ptr_array_add(page->parts[part],
			ham_ctl_styled(style, cut, page->color));
}

static void
add_head(struct page *page, JsonObject *status)
{
	g_autofree char *quorum = ham_ctl_quorum_text(status);
	g_autofree char *trouble = ham_ctl_quorum_trouble(status);
	JsonArray *warnings = ham_ctl_json_array(status, "warnings");

	add_line(page, HEAD, trouble ? HAM_CTL_BAD : HAM_CTL_STRONG, quorum);
	if (trouble)
		add_line(page, HEAD, HAM_CTL_BAD, trouble);
	for (guint i = 0; i < ham_ctl_json_length(warnings); i++) {
		g_autofree char *line = g_strconcat(
			"WARNING: ", ham_ctl_json_string_at(warnings, i), NULL);

		add_line(page, WARNINGS, HAM_CTL_CAUTION, line);
	}
}

/* "nodes: n1 online, n2 drained", on as many lines as that takes. */
static void
add_nodes(struct page *page, JsonObject *status)
{
	JsonArray *nodes = ham_ctl_json_array(status, "nodes");
	GString *line = g_string_new("nodes:");
	size_t width = line->len;

	for (guint i = 0; i < ham_ctl_json_length(nodes); i++) {
		JsonObject *node = ham_ctl_json_element(nodes, i);
		enum ham_ctl_style style;
		g_autofree char *state = ham_ctl_node_state(node, &style);
		g_autofree char *text = g_strdup_printf(
			"%s %s%s", ham_ctl_json_text(node, "name"), state,
			i + 1 < ham_ctl_json_length(nodes) ? "," : "");
		g_autofree char *clean = ham_ctl_clean(text);
		g_autofree char *cut = ham_ctl_cut(
			clean, page->columns > 2 ? page->columns - 2 : 1);
		g_autofree char *shown =
			ham_ctl_styled(style, cut, page->color);

		if (width + 1 + ham_ctl_width(cut) > page->columns) {
			g_ptr_array_add(page->parts[NODES],
					g_strdup(line->str));
			g_string_assign(line, page->columns > 2 ? " " : "");
			width = line->len;
		}
		g_string_append_printf(line, "%s%s", width ? " " : "", shown);
		width += (width ? 1 : 0) + ham_ctl_width(cut);
	}
	if (width <= page->columns)
		g_ptr_array_add(page->parts[NODES], g_strdup(line->str));
	g_string_free(line, TRUE);
}

/* "3 guests: 2 running, 1 failed", then those that are not as wanted. */
static void
add_guests(struct page *page, JsonObject *status)
{
	JsonArray *guests = ham_ctl_json_array(status, "guests");
	g_autofree char *n =
		ham_ctl_plural(ham_ctl_json_length(guests), "guest");
	GString *line = g_string_new(n);
	g_autoptr(GPtrArray) states = g_ptr_array_new();

	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		const char *state = ham_ctl_json_text(
			ham_ctl_json_element(guests, i), "state");

		if (!g_ptr_array_find_with_equal_func(states, state,
						      g_str_equal, NULL))
			g_ptr_array_add(states, (gpointer)state);
	}
	for (guint s = 0; s < states->len; s++) {
		const char *state = g_ptr_array_index(states, s);
		unsigned int count = 0;

		for (guint i = 0; i < ham_ctl_json_length(guests); i++)
			count += strcmp(state,
					ham_ctl_json_text(
						ham_ctl_json_element(guests, i),
						"state")) == 0;
		g_string_append_printf(line, "%s %u %s", s ? "," : ":", count,
				       state);
	}
	add_line(page, GUESTS, HAM_CTL_PLAIN, line->str);
	g_string_free(line, TRUE);
	for (guint i = 0; i < ham_ctl_json_length(guests); i++) {
		JsonObject *guest = ham_ctl_json_element(guests, i);
		g_autofree char *why = ham_ctl_guest_explain(guest, status);

		if (why)
			add_line(page, GUESTS, ham_ctl_guest_style(guest), why);
	}
}

/* Columns of the labels: as the longest needs, but no more than a third. */
static size_t
label_columns(const struct ham_ctl_screen *screen, size_t columns)
{
	size_t longest = 0;

	for (guint i = 0; i < screen->bars->len; i++) {
		const struct ham_ctl_bar *bar =
			g_ptr_array_index(screen->bars, i);

		longest = MAX(longest, ham_ctl_width(bar->label));
	}
	return MIN(longest, columns / 3);
}

/* A line, and a second one of what it needs where it does not end. */
static void
add_bar_lines(struct page *page, const struct ham_ctl_bar *bar,
	      size_t label_width, int64_t now_us)
{
	struct ham_ctl_progress progress = bar->progress;
	g_autofree char *label = ham_ctl_cut(bar->label, label_width);
	int padding = (int)(label_width - ham_ctl_width(label));
	g_autofree char *needs = ham_ctl_progress_needs(&progress);
	g_autofree char *second = g_strdup_printf("%*s %s", (int)label_width,
						  "", needs ? needs : "");
	g_autofree char *shown = NULL;

	progress.doubtful = false; /* said below */
	shown = ham_ctl_progress_bar(&progress, now_us,
				     page->columns - label_width - 1,
				     page->color);
	if (page->columns < MIN_PROGRESS + label_width + 1)
		add_line(page, BARS, HAM_CTL_PLAIN, label);
	else
		g_ptr_array_add(
			page->parts[BARS],
			g_strdup_printf("%s%*s %s", label, padding, "", shown));
	if (needs)
		add_line(page, BARS, HAM_CTL_CAUTION, second);
}

static void
add_bars(struct page *page, const struct ham_ctl_screen *screen, int64_t now_us)
{
	size_t columns = label_columns(screen, page->columns);

	for (guint i = 0; i < screen->bars->len; i++)
		add_bar_lines(page, g_ptr_array_index(screen->bars, i), columns,
			      now_us);
}

static void
add_events(struct page *page, const struct ham_ctl_screen *screen)
{
	for (GList *l = screen->events.head; l; l = l->next)
		add_line(page, EVENTS, HAM_CTL_PLAIN, l->data);
}

static void
fill(struct page *page, const struct ham_ctl_screen *screen, int64_t now_us)
{
	for (int i = 0; i < N_PARTS; i++)
		page->parts[i] = g_ptr_array_new_with_free_func(g_free);
	if (screen->status) {
		add_head(page, screen->status);
		add_nodes(page, screen->status);
		add_guests(page, screen->status);
	}
	add_bars(page, screen, now_us);
	add_events(page, screen);
}

/* How many lines of each part are shown: first one of each, then the dearest
 * get all of theirs.  Events keep a few. */
static void
share(const struct page *page, size_t room, size_t shown[N_PARTS])
{
	size_t kept = MIN(room / 5, (size_t)page->parts[EVENTS]->len);

	for (int i = 0; i < N_PARTS; i++)
		shown[i] = 0;
	for (int i = 0; i < N_PARTS && room > 0; i++)
		if (page->parts[dearest[i]]->len > 0) {
			shown[dearest[i]] = 1;
			room--;
		}
	kept = kept > shown[EVENTS] ? MIN(kept - shown[EVENTS], room) : 0;
	room -= kept;
	for (int i = 0; i < N_PARTS; i++) {
		size_t *n = &shown[dearest[i]];
		size_t more = page->parts[dearest[i]]->len - *n;

		if (dearest[i] == EVENTS)
			room += kept;
		more = MIN(more, room);
		*n += more;
		room -= more;
	}
}

/* The newest events, and of all else the first lines; what is left out is
 * counted in the last one. */
static void
put_part(GPtrArray *lines, const struct page *page, enum part part, size_t n)
{
	const GPtrArray *of = page->parts[part];
	size_t from = part == EVENTS ? of->len - n : 0;

	for (size_t i = from; i < from + n; i++) {
		g_autofree char *more = g_strdup_printf(
			"... and %zu more", (size_t)of->len - n + 1);

		if (part != EVENTS && n > 1 && n < of->len && i == n - 1)
			g_ptr_array_add(lines,
					ham_ctl_cut(more, page->columns));
		else
			g_ptr_array_add(lines,
					g_strdup(g_ptr_array_index(of, i)));
	}
}

static void
put_foot(GPtrArray *lines, const struct ham_ctl_screen *screen,
	 const struct page *page)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;
	g_autofree char *cut = NULL;

	if (screen->trouble)
		text = g_strconcat("q: quit   ", screen->trouble, NULL);
	else
		text = g_strdup_printf(
			"q: quit   asked: %s, hamd %s",
			ham_ctl_json_text(screen->status, "node"),
			ham_ctl_json_text(screen->status, "hamd"));
	clean = ham_ctl_clean(text);
	cut = ham_ctl_cut(clean, page->columns);
	g_ptr_array_add(lines, ham_ctl_styled(screen->trouble ? HAM_CTL_BAD
							      : HAM_CTL_PLAIN,
					      cut, page->color));
}

GPtrArray *
ham_ctl_screen_lines(const struct ham_ctl_screen *screen, int64_t now_us,
		     size_t rows, size_t columns, bool color)
{
	struct page page = {.columns = columns, .color = color};
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	size_t shown[N_PARTS];
	bool foot = rows > 2;
	bool apart = rows >= SPACIOUS;
	size_t room = rows - foot;

	fill(&page, screen, now_us);
	if (apart)
		room -= 3;
	share(&page, room, shown);
	for (int i = 0; i < N_PARTS; i++) {
		if (apart && (i == NODES || i == BARS || i == EVENTS) &&
		    shown[i] > 0)
			g_ptr_array_add(lines, g_strdup(""));
		put_part(lines, &page, (enum part)i, shown[i]);
		g_ptr_array_unref(page.parts[i]);
	}
	while (foot && lines->len + 1 < rows)
		g_ptr_array_add(lines, g_strdup(""));
	if (foot)
		put_foot(lines, screen, &page);
	return lines;
}

GPtrArray *
ham_ctl_screen_plain(const struct ham_ctl_screen *screen, int64_t now_us)
{
	GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
	struct page page = {.columns = SIZE_MAX, .color = false};

	for (int i = 0; i < N_PARTS; i++)
		page.parts[i] = g_ptr_array_new_with_free_func(g_free);
	if (screen->status) {
		add_head(&page, screen->status);
		add_nodes(&page, screen->status);
		add_guests(&page, screen->status);
	}
	for (guint i = 0; i < screen->bars->len; i++) {
		const struct ham_ctl_bar *bar =
			g_ptr_array_index(screen->bars, i);

		g_ptr_array_add(page.parts[BARS],
				ham_ctl_progress_plain(&bar->progress,
						       bar->label, now_us));
	}
	for (int i = 0; i < N_PARTS; i++) {
		put_part(lines, &page, (enum part)i, page.parts[i]->len);
		g_ptr_array_unref(page.parts[i]);
	}
	return lines;
}
