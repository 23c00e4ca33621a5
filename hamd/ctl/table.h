/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/table.h - text for people: aligned tables, sizes, times
 *
 * Pure.  Sizes are in IEC units, times in ms as far as that is readable.
 * Text that came from elsewhere loses its control characters here, so that no
 * guest's name or error can drive the terminal.
 */
#ifndef HAM_CTL_TABLE_H
#define HAM_CTL_TABLE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum ham_ctl_style {
	HAM_CTL_PLAIN,
	HAM_CTL_STRONG,
	HAM_CTL_GOOD,
	HAM_CTL_CAUTION,
	HAM_CTL_BAD,
	HAM_CTL_N_STYLES
};

struct ham_ctl_column {
	const char *title;
	bool right; /* numbers: aligned at their end */
};

typedef struct ham_ctl_table ham_ctl_table;

/* `columns` must outlive the table. */
ham_ctl_table *ham_ctl_table_new(const struct ham_ctl_column *columns,
				 size_t n_columns);

/* Adds the next cell, row after row.  "-" stands for an empty one, except in
 * the last column, where notes are. */
void ham_ctl_table_cell(ham_ctl_table *table, enum ham_ctl_style style,
			const char *text);

/* Titles and rows; each line ends in a newline, none in blanks.  A last row
 * that is not full is left out.  The caller frees it. */
char *ham_ctl_table_text(const ham_ctl_table *table, bool color);

void ham_ctl_table_free(ham_ctl_table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_ctl_table, ham_ctl_table_free)

/* The rest gives text that the caller frees. */

/* Newlines and tabs become blanks, other control characters '?'. */
char *ham_ctl_clean(const char *text);

/* Columns that the text takes on a terminal. */
size_t ham_ctl_width(const char *text);

/* The text, cut after so many columns. */
char *ham_ctl_cut(const char *text, size_t columns);

/* The text with newlines put in at blanks, so that no line is wider than
 * `columns` unless one word is; later lines begin with two blanks. */
char *ham_ctl_wrap(const char *text, size_t columns);

/* The text in a style, if `color`. */
char *ham_ctl_styled(enum ham_ctl_style style, const char *text, bool color);

/* "0 B", "95.1 MiB", "512 MiB", "8 GiB" */
char *ham_ctl_bytes(uint64_t bytes);

/* "  9/512 MiB", "1.2/8.0 GiB": both in the unit of the greater one, the first
 * padded so that the text keeps its width while it grows. */
char *ham_ctl_bytes_of(uint64_t done, uint64_t total);

/* "43 ms", "2.1 s", "3 min 12 s", "1 h 02 min"; "?" below 0 */
char *ham_ctl_duration(int64_t ms);

/* "1 node", "3 nodes" */
char *ham_ctl_plural(uint64_t n, const char *noun);

#endif
