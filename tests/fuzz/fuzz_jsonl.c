/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_jsonl.c - any bytes as JSON lines, in pieces of any size
 *
 * The first byte chooses the size of the pieces.  However they are cut, the
 * same lines come out, none over the limit, and what is taken for an object
 * is written as one line that is taken for the same object.
 */
#include <glib.h>
#include <string.h>

#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"
#include "tests/fuzz/fuzz.h"

enum {
	MAX_LINE = 512, /* small, so that the limit is met */
};

static bool
collect(const char *line, size_t len, void *data)
{
	g_assert(len <= MAX_LINE);
	g_assert(!memchr(line, '\n', len));
	g_ptr_array_add(data, g_bytes_new(line, len));
	return true;
}

static GPtrArray *
split(const char *bytes, size_t len, size_t piece, bool *within)
{
	GPtrArray *lines =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	struct ham_jsonl_splitter splitter = {
		.pending = g_byte_array_new(),
		.max_line = MAX_LINE,
	};

	*within = true;
	for (size_t at = 0; at < len; at += piece)
		*within = ham_jsonl_split(&splitter, bytes + at,
					  MIN(piece, len - at), collect, lines);
	g_byte_array_unref(splitter.pending);
	return lines;
}

static void
check_line(GBytes *line)
{
	gsize len;
	const char *text = g_bytes_get_data(line, &len);
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) object =
		ham_jsonl_parse(text ? text : "", len, &error);
	g_autoptr(JsonObject) again = NULL;
	g_autofree char *written = NULL;

	g_assert((object != NULL) == (error == NULL));
	if (!object)
		return;
	written = ham_json_text(object);
	g_assert(!strchr(written, '\n'));
	/* json-glib 1.6 writes 1e17 as 1e+17.0; hamd sends no fractions */
	if (g_regex_match_simple("e[+-][0-9]+\\.0", written, 0, 0))
		return;
	again = ham_jsonl_parse(written, strlen(written), NULL);
	g_assert(again != NULL);
	g_assert(json_object_get_size(again) == json_object_get_size(object));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const char *bytes = (const char *)data + 1;
	g_autoptr(GPtrArray) whole = NULL;
	g_autoptr(GPtrArray) pieces = NULL;
	bool whole_within, pieces_within;

	if (len == 0)
		return 0;
	whole = split(bytes, len - 1, len, &whole_within);
	pieces = split(bytes, len - 1, (size_t)data[0] + 1, &pieces_within);
	g_assert(whole_within == pieces_within);
	g_assert(whole->len == pieces->len);
	for (guint i = 0; i < whole->len; i++) {
		g_assert(g_bytes_equal(whole->pdata[i], pieces->pdata[i]));
		check_line(whole->pdata[i]);
	}
	return 0;
}
