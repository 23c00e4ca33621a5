/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/json.h - members of hamd's answers, whatever they turn out to be
 *
 * A member that is missing or of another type reads as its fallback: a hamd
 * of another version must not crash hamctl.  json-glib's own getters would.
 */
#ifndef HAM_CTL_JSON_H
#define HAM_CTL_JSON_H

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

/* "" if it is no string.  Borrowed from the object. */
const char *ham_ctl_json_text(JsonObject *object, const char *name);

/* A name that may be a string or a whole number, such as a transaction; ""
 * if it is neither.  The caller frees it. */
char *ham_ctl_json_label(JsonObject *object, const char *name);

/* Numbers with a fraction are rounded, those out of range clamped. */
int64_t ham_ctl_json_int(JsonObject *object, const char *name,
			 int64_t fallback);

/* The same, at least 0. */
uint64_t ham_ctl_json_count(JsonObject *object, const char *name);

/* With its fraction, if it has one. */
double ham_ctl_json_number(JsonObject *object, const char *name,
			   double fallback);

bool ham_ctl_json_bool(JsonObject *object, const char *name);

/* NULL if it is none; borrowed.  All functions take a NULL object. */
JsonObject *ham_ctl_json_object(JsonObject *object, const char *name);
JsonArray *ham_ctl_json_array(JsonObject *object, const char *name);

/* Elements of an array that may be NULL. */
guint ham_ctl_json_length(JsonArray *array);

/* Element i: NULL if it is no object; "" if it is no string. */
JsonObject *ham_ctl_json_element(JsonArray *array, guint i);
const char *ham_ctl_json_string_at(JsonArray *array, guint i);

/* The strings of an array as "a, b, c"; the caller frees it. */
char *ham_ctl_json_join(JsonArray *array, const char *separator);

/* "2024-05-01 12:00:00.123", in the user's time zone, of a member with seconds
 * and microseconds; "-" if it is none.  The caller frees it. */
char *ham_ctl_json_time(JsonObject *object, const char *name);

/* The object on one line of standard output. */
void ham_ctl_json_print(JsonObject *object);

#endif
