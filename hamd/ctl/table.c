/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/table.c - see table.h */
#include "hamd/ctl/table.h"

#include <string.h>

static const char *const units[] = {"B",   "KiB", "MiB", "GiB",
				    "TiB", "PiB", "EiB"};

/* Colours of ECMA-48, the eight that every terminal has. */
static const char *const sequences[] = {
	[HAM_CTL_PLAIN] = "",	      [HAM_CTL_STRONG] = "\033[1m",
	[HAM_CTL_GOOD] = "\033[32m",  [HAM_CTL_CAUTION] = "\033[33m",
	[HAM_CTL_BAD] = "\033[1;31m",
};
G_STATIC_ASSERT(G_N_ELEMENTS(sequences) == HAM_CTL_N_STYLES);

struct cell {
	enum ham_ctl_style style;
	char *text;
};

struct ham_ctl_table {
	const struct ham_ctl_column *columns;
	size_t n_columns;
	GArray *cells; /* struct cell, row after row */
};

static void
clear_cell(gpointer data)
{
	g_free(((struct cell *)data)->text);
}

ham_ctl_table *
ham_ctl_table_new(const struct ham_ctl_column *columns, size_t n_columns)
{
	ham_ctl_table *table = g_new0(ham_ctl_table, 1);

	table->columns = columns;
	table->n_columns = n_columns;
	table->cells = g_array_new(FALSE, FALSE, sizeof(struct cell));
	g_array_set_clear_func(table->cells, clear_cell);
	return table;
}

void
ham_ctl_table_cell(ham_ctl_table *table, enum ham_ctl_style style,
		   const char *text)
{
	bool last =
		table->cells->len % table->n_columns + 1 == table->n_columns;
	const char *shown = text[0] || last ? text : "-";
	struct cell cell = {style, ham_ctl_clean(shown)};

	g_array_append_val(table->cells, cell);
}

void
ham_ctl_table_free(ham_ctl_table *table)
{
	if (table == NULL)
		return;
	g_array_unref(table->cells);
	g_free(table);
}

static const struct cell *
cell_at(const ham_ctl_table *table, size_t row, size_t column)
{
	return &g_array_index(table->cells, struct cell,
			      row * table->n_columns + column);
}

static void
add_padding(GString *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		g_string_append_c(line, ' ');
}

static void
add_cell(GString *line, const char *text, const char *shown, size_t width,
	 bool right)
{
	size_t padding = width - ham_ctl_width(text);

	if (right)
		add_padding(line, padding);
	g_string_append(line, shown);
	if (!right)
		add_padding(line, padding);
	g_string_append(line, "  ");
}

static void
end_line(GString *line)
{
	while (line->len > 0 && line->str[line->len - 1] == ' ')
		g_string_truncate(line, line->len - 1);
	g_string_append_c(line, '\n');
}

char *
ham_ctl_table_text(const ham_ctl_table *table, bool color)
{
	size_t n_rows = table->cells->len / table->n_columns;
	g_autofree size_t *widths = g_new0(size_t, table->n_columns);
	GString *text = g_string_new(NULL);

	for (size_t c = 0; c < table->n_columns; c++) {
		widths[c] = ham_ctl_width(table->columns[c].title);
		for (size_t r = 0; r < n_rows; r++)
			widths[c] =
				MAX(widths[c],
				    ham_ctl_width(cell_at(table, r, c)->text));
	}
	for (size_t c = 0; c < table->n_columns; c++) {
		const char *title = table->columns[c].title;
		g_autofree char *shown =
			ham_ctl_styled(HAM_CTL_STRONG, title, color);

		add_cell(text, title, shown, widths[c],
			 table->columns[c].right);
	}
	end_line(text);
	for (size_t r = 0; r < n_rows; r++) {
		for (size_t c = 0; c < table->n_columns; c++) {
			const struct cell *cell = cell_at(table, r, c);
			g_autofree char *shown =
				ham_ctl_styled(cell->style, cell->text, color);

			add_cell(text, cell->text, shown, widths[c],
				 table->columns[c].right);
		}
		end_line(text);
	}
	return g_string_free(text, FALSE);
}

char *
ham_ctl_clean(const char *text)
{
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_sized_new(strlen(valid));

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\n' || c == '\t')
			g_string_append_c(clean, ' ');
		else if (g_unichar_iscntrl(c) ||
			 g_unichar_type(c) == G_UNICODE_FORMAT)
			g_string_append_c(clean, '?');
		else
			g_string_append_unichar(clean, c);
	}
	return g_string_free(clean, FALSE);
}

static size_t
char_width(gunichar c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

size_t
ham_ctl_width(const char *text)
{
	size_t width = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p))
		width += char_width(g_utf8_get_char(p));
	return width;
}

char *
ham_ctl_cut(const char *text, size_t columns)
{
	size_t width = 0;
	const char *p = text;

	for (; *p; p = g_utf8_next_char(p)) {
		width += char_width(g_utf8_get_char(p));
		if (width > columns)
			break;
	}
	return g_strndup(text, (gsize)(p - text));
}

char *
ham_ctl_wrap(const char *text, size_t columns)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	GString *wrapped = g_string_new(NULL);
	size_t at = 0; /* columns of this line in use */

	for (size_t i = 0; words[i]; i++) {
		size_t width = ham_ctl_width(words[i]);

		if (i > 0 && at + 1 + width > columns) {
			g_string_append(wrapped, "\n  ");
			at = 2;
		} else if (i > 0) {
			g_string_append_c(wrapped, ' ');
			at++;
		}
		g_string_append(wrapped, words[i]);
		at += width;
	}
	return g_string_free(wrapped, FALSE);
}

char *
ham_ctl_styled(enum ham_ctl_style style, const char *text, bool color)
{
	g_assert(style < HAM_CTL_N_STYLES);
	if (!color || style == HAM_CTL_PLAIN)
		return g_strdup(text);
	return g_strconcat(sequences[style], text, "\033[0m", NULL);
}

/* The unit in which the size reads best, and its factor.  One that would be
 * rounded to 1024 belongs to the next unit. */
static size_t
pick_unit(uint64_t bytes, double *factor)
{
	size_t unit = 0;

	*factor = 1;
	while (unit + 1 < G_N_ELEMENTS(units) &&
	       (double)bytes / *factor >= 1023.5) {
		*factor *= 1024;
		unit++;
	}
	return unit;
}

char *
ham_ctl_bytes(uint64_t bytes)
{
	double factor;
	size_t unit = pick_unit(bytes, &factor);
	double value = (double)bytes / factor;
	bool whole = value >= 99.95 || (double)(uint64_t)value == value;

	return g_strdup_printf("%.*f %s", whole ? 0 : 1, value, units[unit]);
}

char *
ham_ctl_bytes_of(uint64_t done, uint64_t total)
{
	double factor;
	size_t unit = pick_unit(MAX(done, total), &factor);
	int digits = unit >= 3 ? 1 : 0; /* from GiB on */
	g_autofree char *of =
		g_strdup_printf("%.*f", digits, (double)total / factor);

	return g_strdup_printf("%*.*f/%s %s", (int)strlen(of), digits,
			       (double)done / factor, of, units[unit]);
}

char *
ham_ctl_duration(int64_t ms)
{
	int64_t s = (ms + 500) / 1000;

	if (ms < 0)
		return g_strdup("?");
	if (ms < 1000)
		return g_strdup_printf("%d ms", (int)ms);
	if (ms < 59950)
		return g_strdup_printf("%.1f s", (double)ms / 1000.0);
	if (s < 3600)
		return g_strdup_printf("%d min %02d s", (int)(s / 60),
				       (int)(s % 60));
	return g_strdup_printf("%" G_GINT64_FORMAT " h %02d min", s / 3600,
			       (int)(s % 3600 / 60));
}

char *
ham_ctl_plural(uint64_t n, const char *noun)
{
	return g_strdup_printf("%" G_GUINT64_FORMAT " %s%s", n, noun,
			       n == 1 ? "" : "s");
}
