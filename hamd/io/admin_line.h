/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/admin_line.h - the admin protocol's lines as JSON objects, pure
 *
 * Knows the forms of admin.h and nothing of sockets or clients.  What is made
 * here is the caller's.
 */
#ifndef HAM_ADMIN_LINE_H
#define HAM_ADMIN_LINE_H

#include <json-glib/json-glib.h>
#include <stdint.h>

/* What is wrong with a command's form, for the sender's eyes; NULL: nothing. */
char *ham_admin_line_malformed(JsonObject *line);

JsonObject *ham_admin_line_greeting(const char *version, const char *node);

/* `result` and `event_data` may be NULL for an empty object; the reference is
 * taken.  `id` may be NULL, and stays the caller's. */
JsonObject *ham_admin_line_return(JsonObject *result, JsonNode *id);
JsonObject *ham_admin_line_error(const char *error_class,
				 const char *description, JsonNode *id);
JsonObject *ham_admin_line_event(const char *name, JsonObject *event_data,
				 int64_t wall_us);

#endif
