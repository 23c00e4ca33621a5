/* SPDX-License-Identifier: BSD-3-Clause */
/* config/problem.h - gathering what is wrong, for all parsers of this folder
 *
 * Text from a file goes into a problem only through here, so that no file can
 * write control characters to a terminal or a log.
 */
#ifndef HAM_CONF_PROBLEM_H
#define HAM_CONF_PROBLEM_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	HAM_CONF_PROBLEMS_MAX = 1000, /* of one array; then one says "more" */
};

/* Where a problem is.  `section` and `key` may be NULL, `line` 0. */
struct ham_conf_place {
	const char *file;
	unsigned int line;
	const char *section;
	const char *key;
};

/* Appends a problem.  `found` may hold any bytes up to its NUL. */
void ham_conf_problem_add(GPtrArray *problems,
			  const struct ham_conf_place *place, const char *found,
			  const char *expected, ...) G_GNUC_PRINTF(4, 5);

/* Stable, by line, from element `first` on; those of `file` stand before those
 * of other files. */
void ham_conf_problems_sort(GPtrArray *problems, unsigned int first,
			    const char *file);

/* A printable copy: control characters and broken UTF-8 as \xNN, cut after
 * some 120 characters.  What is printable already stays as it is. */
char *ham_conf_printable(const char *bytes, size_t len);

/* The whole of a regular or special file, NUL-terminated behind *len bytes;
 * NULL with a problem if it cannot be read or is longer than `max`. */
char *ham_conf_read(const char *path, size_t max, size_t *len,
		    GPtrArray *problems);

#endif
