/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/bm_json.h - JSON of blockmirror against text
 *
 * In the text a single quote stands for a double one; the order of members
 * does not matter.
 */
#ifndef BM_JSON_H
#define BM_JSON_H

#include <check.h>
#include <json-glib/json-glib.h>

/* The caller's; fails the test if it is no JSON. */
static inline JsonNode *
bm_json(const char *text)
{
	g_autofree char *quoted = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(GError) error = NULL;
	JsonNode *node = json_from_string(quoted, &error);

	ck_assert_msg(node != NULL, "%s: %s", text,
		      error ? error->message : "nothing in it");
	return node;
}

/* Takes the object. */
static inline void
bm_assert_object(JsonObject *object, const char *want_text)
{
	g_autoptr(JsonNode) want = bm_json(want_text);
	g_autoptr(JsonNode) got = json_node_new(JSON_NODE_OBJECT);
	g_autofree char *got_text = NULL;

	json_node_take_object(got, object);
	got_text = json_to_string(got, FALSE);
	ck_assert_msg(json_node_equal(got, want), "got %s\nexpected %s",
		      got_text, want_text);
}

static inline void
bm_assert_text(const char *got_text, const char *want_text)
{
	g_autoptr(JsonNode) got = bm_json(got_text);
	g_autoptr(JsonNode) want = bm_json(want_text);

	ck_assert_msg(json_node_equal(got, want), "got %s\nexpected %s",
		      got_text, want_text);
}

#endif
