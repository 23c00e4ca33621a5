/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/json.h - what json-glib does not do for text of unknown origin
 *
 * json-glib's parser takes assignments and octal escapes, makes invalid UTF-8
 * of an unpaired surrogate and recurses as deep as the text says, until the
 * stack is full.  So text from outside is held against the grammar of RFC 8259
 * first, and members are read by functions that do not complain about another
 * type.
 */
#ifndef HAM_JSON_H
#define HAM_JSON_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HAM_JSON_MAX_DEPTH 64

/* True if `text` is exactly one JSON object in valid UTF-8, nested no deeper
 * than HAM_JSON_MAX_DEPTH.  Refuses \u0000, which C strings cannot hold, and
 * numbers beyond 64 bits or a double.  False with *error (HAM_ERROR_PROTOCOL)
 * set. */
bool ham_json_check(const char *text, size_t len, GError **error);

/* The object as one line without its end, for the caller to g_free().  json-glib
 * 1.6 leaves U+001F as it is, which RFC 8259, section 7, does not allow: it
 * becomes a space. */
char *ham_json_text(JsonObject *object);

/* The member, borrowed; NULL if it is not there or of another type. */
const char *ham_json_string(JsonObject *object, const char *name);
JsonObject *ham_json_object(JsonObject *object, const char *name);
JsonArray *ham_json_array(JsonObject *object, const char *name);

/* The member is there, a boolean, and true. */
bool ham_json_true(JsonObject *object, const char *name);

/* True with *value set if the member is an integer. */
bool ham_json_int(JsonObject *object, const char *name, int64_t *value);

#endif
