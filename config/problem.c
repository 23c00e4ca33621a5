/* SPDX-License-Identifier: BSD-3-Clause */
/* config/problem.c - problems: printable text, order, a bound on their number
 *
 * Refuses to pass a byte of a file on unless it is printable UTF-8.
 */
#include "config/problem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "config/conf.h"

enum {
	PRINTABLE_MAX = 120
};

static void
problem_free(void *data)
{
	struct ham_conf_problem *problem = data;

	g_free(problem->file);
	g_free(problem->section);
	g_free(problem->key);
	g_free(problem->found);
	g_free(problem->expected);
	g_free(problem);
}

GPtrArray *
ham_conf_problems_new(void)
{
	return g_ptr_array_new_with_free_func(problem_free);
}

static char *
printable(const char *bytes, size_t len, size_t max)
{
	GString *out = g_string_sized_new(MIN(len, max) + 1);
	size_t done = 0;

	while (done < len) {
		gunichar c = g_utf8_get_char_validated(bytes + done,
						       (gssize)(len - done));
		size_t n = 1;

		if (out->len >= max) {
			g_string_append(out, "...");
			break;
		}
		/* the two error values have the top bit set */
		if (c < 0x110000 && c != 0 && g_unichar_isprint(c)) {
			n = (size_t)(g_utf8_next_char(bytes + done) -
				     (bytes + done));
			g_string_append_len(out, bytes + done, (gssize)n);
		} else {
			g_string_append_printf(out, "\\x%02x",
					       (unsigned char)bytes[done]);
		}
		done += n;
	}
	return g_string_free(out, FALSE);
}

char *
ham_conf_printable(const char *bytes, size_t len)
{
	return printable(bytes, len, PRINTABLE_MAX);
}

static char *
printable_or_null(const char *text)
{
	return text ? ham_conf_printable(text, strlen(text)) : NULL;
}

void
ham_conf_problem_add(GPtrArray *problems, const struct ham_conf_place *place,
		     const char *found, const char *expected, ...)
{
	struct ham_conf_problem *problem;
	va_list args;

	if (problems->len > HAM_CONF_PROBLEMS_MAX)
		return;
	problem = g_new0(struct ham_conf_problem, 1);
	problem->file = printable(place->file, strlen(place->file), SIZE_MAX);
	g_ptr_array_add(problems, problem);
	if (problems->len > HAM_CONF_PROBLEMS_MAX) {
		problem->found = g_strdup_printf("more than %d problems",
						 HAM_CONF_PROBLEMS_MAX);
		problem->expected = g_strdup("none; the rest is not shown");
		return;
	}
	problem->line = place->line;
	problem->section = printable_or_null(place->section);
	problem->key = printable_or_null(place->key);
	problem->found = printable_or_null(found && *found ? found : "nothing");
	va_start(args, expected);
	problem->expected = g_strdup_vprintf(expected, args);
	va_end(args);
}

void
ham_conf_fence_problem(const ham_conf *conf, const struct ham_conf_fence *fence,
		       const char *key, const char *found, const char *expected,
		       GPtrArray *problems)
{
	g_autofree char *section =
		g_strdup_printf("fence %s/%s", fence->node, fence->name);
	g_autofree char *clean =
		printable(expected, strlen(expected), SIZE_MAX);
	struct ham_conf_place place = {.file = conf->path,
				       .line = fence->line,
				       .section = section,
				       .key = key ? key : "agent"};
	gpointer line = g_hash_table_lookup(fence->lines, place.key);

	if (line)
		place.line = GPOINTER_TO_UINT(line);
	ham_conf_problem_add(problems, &place, found, "%s", clean);
}

static int
compare_places(const void *a, const void *b, void *file)
{
	const struct ham_conf_problem *left = *(void *const *)a;
	const struct ham_conf_problem *right = *(void *const *)b;
	int left_other = strcmp(left->file, file) != 0;
	int right_other = strcmp(right->file, file) != 0;

	if (left_other != right_other)
		return left_other - right_other;
	return (left->line > right->line) - (left->line < right->line);
}

void
ham_conf_problems_sort(GPtrArray *problems, unsigned int first,
		       const char *file)
{
	g_autofree char *shown = printable(file, strlen(file), SIZE_MAX);

	if (first >= problems->len)
		return;
	/* GLib's is stable since 2.32 */
	g_qsort_with_data(problems->pdata + first, (int)(problems->len - first),
			  sizeof(void *), compare_places, shown);
}

char *
ham_conf_problem_text(const struct ham_conf_problem *problem)
{
	GString *out = g_string_new(problem->file);

	if (problem->line)
		g_string_append_printf(out, ":%u", problem->line);
	g_string_append_c(out, ':');
	if (problem->section)
		g_string_append_printf(out, " [%s]", problem->section);
	if (problem->key)
		g_string_append_printf(out, " %s", problem->key);
	if (problem->section || problem->key)
		g_string_append_c(out, ':');
	g_string_append_printf(out, " found %s, expected %s", problem->found,
			       problem->expected);
	return g_string_free(out, FALSE);
}

char *
ham_conf_read(const char *path, size_t max, size_t *len, GPtrArray *problems)
{
	const struct ham_conf_place place = {.file = path};
	g_autofree char *text = g_malloc(max + 2);
	FILE *file = fopen(path, "re");
	size_t n = 0;
	int failed = errno;

	if (file) {
		n = fread(text, 1, max + 1, file);
		failed = ferror(file) ? errno : 0;
		fclose(file);
	}
	if (!file || failed) {
		ham_conf_problem_add(problems, &place, g_strerror(failed),
				     "a file that can be read");
		return NULL;
	}
	if (n > max) {
		ham_conf_problem_add(problems, &place, "a longer file",
				     "at most %zu bytes", max);
		return NULL;
	}
	text[n] = '\0';
	*len = n;
	return g_steal_pointer(&text);
}
