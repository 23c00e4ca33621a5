/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_metadata.c - any bytes as what a fence agent says of itself
 *
 * Nothing may crash, what is no description says why, and every problem of
 * options has words.
 */
#include <glib.h>
#include <string.h>

#include "fence/fence.h"
#include "tests/fuzz/fuzz.h"

static void
on_problem(const char *key, const char *found, const char *expected, void *data)
{
	unsigned int *n = data;

	g_assert(!key || strlen(key) < G_MAXINT);
	g_assert(!found || strlen(found) < G_MAXINT);
	g_assert(strlen(expected) > 0);
	(*n)++;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const options[][2] = {
		{"auth", "md5"},
		{"ipaddr", "10.0.0.9"},
		{"lanplus", "maybe"},
		{"ipport", "-1"},
		{"password_file", "/secrets"},
		{"", ""},
	};
	g_autofree char *text = g_strndup((const char *)data, len);
	g_autoptr(GHashTable) table = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(ham_fence_description) description = NULL;
	g_autoptr(GError) error = NULL;
	unsigned int n = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++)
		g_hash_table_insert(table, (gpointer)options[i][0],
				    (gpointer)options[i][1]);
	description = ham_fence_description_parse(text, &error);
	g_assert((description == NULL) == (error != NULL));
	if (description)
		ham_fence_check(description, table, on_problem, &n);
	return 0;
}
