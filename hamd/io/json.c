/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/json.c - see json.h
 *
 * The check is a pushdown automaton: what is open is one bit a level, and
 * `expect` says which token may come next.  No recursion, no allocation.
 */
#include "hamd/io/json.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "hamd/base/error.h"

enum {
	NUMBER_BYTES = 64, /* more than any that a double tells apart */
};

enum expect {
	EXPECT_VALUE,
	EXPECT_VALUE_OR_END, /* just behind '[' */
	EXPECT_NAME,
	EXPECT_NAME_OR_END, /* just behind '{' */
	EXPECT_COLON,
	EXPECT_COMMA_OR_END,
	EXPECT_NOTHING, /* the object is complete */
};

struct scan {
	const char *p;
	const char *end;
	uint64_t in_object; /* bit n: level n + 1 is an object, not an array */
	unsigned int depth;
	enum expect expect;
};

G_STATIC_ASSERT(HAM_JSON_MAX_DEPTH <= 64);

static bool
take(struct scan *s, char c)
{
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

static bool
take_digits(struct scan *s)
{
	const char *start = s->p;

	while (s->p < s->end && g_ascii_isdigit(*s->p))
		s->p++;
	return s->p > start;
}

/* json-glib would make something else of a number that its types cannot hold:
 * -1 of a large integer, "inf" (which is no JSON) of a large fraction. */
static bool
holds(const char *start, const char *end, bool whole)
{
	char text[NUMBER_BYTES];
	size_t len = (size_t)(end - start);

	if (len >= sizeof(text))
		return false;
	memcpy(text, start, len);
	text[len] = '\0';
	errno = 0;
	if (!whole)
		return isfinite(g_ascii_strtod(text, NULL));
	if (text[0] == '-')
		(void)g_ascii_strtoll(text, NULL, 10);
	else
		(void)g_ascii_strtoull(text, NULL, 10);
	return errno == 0;
}

static bool
take_number(struct scan *s)
{
	const char *start = s->p;
	bool whole = true;

	take(s, '-');
	if (!take(s, '0') && !take_digits(s))
		return false;
	if (take(s, '.')) {
		whole = false;
		if (!take_digits(s))
			return false;
	}
	if (take(s, 'e') || take(s, 'E')) {
		whole = false;
		if (!take(s, '+'))
			take(s, '-');
		if (!take_digits(s))
			return false;
	}
	return holds(start, s->p, whole);
}

static bool
take_word(struct scan *s, const char *word)
{
	size_t len = strlen(word);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, word, len) != 0)
		return false;
	s->p += len;
	return true;
}

/* Behind "\u".  Returns the code unit, or -1. */
static int
take_hex4(struct scan *s)
{
	int unit = 0;

	if (s->end - s->p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = g_ascii_xdigit_value(*s->p++);

		if (digit < 0)
			return -1;
		unit = unit << 4 | digit;
	}
	return unit;
}

static bool
take_escape(struct scan *s)
{
	int unit;

	if (s->p == s->end)
		return false;
	if (*s->p != 'u')
		return memchr("\"\\/bfnrt", *s->p++, 8) != NULL;
	s->p++;
	unit = take_hex4(s);
	if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff))
		return false;
	if (unit < 0xd800 || unit > 0xdbff)
		return true;
	if (!take(s, '\\') || !take(s, 'u'))
		return false;
	unit = take_hex4(s);
	return unit >= 0xdc00 && unit <= 0xdfff;
}

static bool
take_string(struct scan *s)
{
	if (!take(s, '"'))
		return false;
	while (s->p < s->end) {
		unsigned char c = (unsigned char)*s->p++;

		if (c == '"')
			return true;
		if (c < 0x20 || (c == '\\' && !take_escape(s)))
			return false;
	}
	return false;
}

static bool
open_level(struct scan *s, bool object)
{
	if (s->depth == HAM_JSON_MAX_DEPTH)
		return false;
	s->in_object = s->in_object << 1 | object;
	s->depth++;
	s->expect = object ? EXPECT_NAME_OR_END : EXPECT_VALUE_OR_END;
	s->p++;
	return true;
}

static bool
close_level(struct scan *s, char c)
{
	bool object = s->in_object & 1;

	if (c != (object ? '}' : ']'))
		return false;
	s->in_object >>= 1;
	s->depth--;
	s->expect = s->depth ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
	s->p++;
	return true;
}

static bool
take_value(struct scan *s, char c)
{
	if (c == '{' || c == '[')
		return open_level(s, c == '{');
	s->expect = EXPECT_COMMA_OR_END;
	switch (c) {
	case '"':
		return take_string(s);
	case 't':
		return take_word(s, "true");
	case 'f':
		return take_word(s, "false");
	case 'n':
		return take_word(s, "null");
	default:
		return take_number(s);
	}
}

static bool
take_token(struct scan *s)
{
	char c = *s->p;

	switch (s->expect) {
	case EXPECT_VALUE_OR_END:
		if (c == ']')
			return close_level(s, c);
		return take_value(s, c);
	case EXPECT_VALUE:
		return take_value(s, c);
	case EXPECT_NAME_OR_END:
		if (c == '}')
			return close_level(s, c);
		s->expect = EXPECT_COLON;
		return take_string(s);
	case EXPECT_NAME:
		s->expect = EXPECT_COLON;
		return take_string(s);
	case EXPECT_COLON:
		s->expect = EXPECT_VALUE;
		return take(s, ':');
	case EXPECT_COMMA_OR_END:
		if (c != ',')
			return close_level(s, c);
		s->expect = s->in_object & 1 ? EXPECT_NAME : EXPECT_VALUE;
		return take(s, ',');
	case EXPECT_NOTHING:
		break;
	}
	return false;
}

static void
skip_blanks(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\t' ||
				 *s->p == '\n' || *s->p == '\r'))
		s->p++;
}

bool
ham_json_check(const char *text, size_t len, GError **error)
{
	struct scan s = {.p = text, .end = text + len};

	if (!g_utf8_validate_len(text, len, NULL)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "not valid UTF-8");
		return false;
	}
	skip_blanks(&s);
	if (s.p == s.end || *s.p != '{' || !open_level(&s, true)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "not a JSON object");
		return false;
	}
	for (skip_blanks(&s); s.p < s.end; skip_blanks(&s))
		if (!take_token(&s))
			break;
	if (s.p == s.end && s.expect == EXPECT_NOTHING)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
		    "not JSON at byte %zu of %zu", (size_t)(s.p - text), len);
	return false;
}

char *
ham_json_text(JsonObject *object)
{
	g_autoptr(JsonNode) node =
		json_node_init_object(json_node_alloc(), object);

	return g_strdelimit(json_to_string(node, FALSE), "\x1f", ' ');
}

static JsonNode *
typed_member(JsonObject *object, const char *name, JsonNodeType type)
{
	JsonNode *node = json_object_get_member(object, name);

	return node && json_node_get_node_type(node) == type ? node : NULL;
}

const char *
ham_json_string(JsonObject *object, const char *name)
{
	JsonNode *node = typed_member(object, name, JSON_NODE_VALUE);

	return node && json_node_get_value_type(node) == G_TYPE_STRING
		       ? json_node_get_string(node)
		       : NULL;
}

JsonObject *
ham_json_object(JsonObject *object, const char *name)
{
	JsonNode *node = typed_member(object, name, JSON_NODE_OBJECT);

	return node ? json_node_get_object(node) : NULL;
}

JsonArray *
ham_json_array(JsonObject *object, const char *name)
{
	JsonNode *node = typed_member(object, name, JSON_NODE_ARRAY);

	return node ? json_node_get_array(node) : NULL;
}

bool
ham_json_true(JsonObject *object, const char *name)
{
	JsonNode *node = typed_member(object, name, JSON_NODE_VALUE);

	return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN &&
	       json_node_get_boolean(node);
}

bool
ham_json_int(JsonObject *object, const char *name, int64_t *value)
{
	JsonNode *node = typed_member(object, name, JSON_NODE_VALUE);

	if (!node || json_node_get_value_type(node) != G_TYPE_INT64)
		return false;
	*value = json_node_get_int(node);
	return true;
}
