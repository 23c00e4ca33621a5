/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/export.h - the history for other programs: CSV and JSON
 *
 * Pure.  CSV is RFC 4180's: CRLF at the end of each line, a header first, and
 * quotes around what has a comma, a quote or a line's end in it.  Times are of
 * UTC, RFC 3339.  Control characters are gone, as for people.
 */
#ifndef HAM_CTL_EXPORT_H
#define HAM_CTL_EXPORT_H

#include <glib.h>
#include <json-glib/json-glib.h>

/* Appends one field; `text` may be NULL for an empty one. */
void ham_ctl_csv_field(GString *out, const char *text);

/* The header's line, and that of an entry of "history-list". */
void ham_ctl_csv_header(GString *out);
void ham_ctl_csv_entry(GString *out, JsonObject *entry);

#endif
