/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/error.h - the one GError domain of hamd
 *
 * Recoverable run-time errors only; a bug is a g_assert.  A code exists only
 * where some caller branches on it.  The message names what and where.
 */
#ifndef HAM_ERROR_H
#define HAM_ERROR_H

#include <glib.h>
#include <stdbool.h>

#define HAM_ERROR (ham_error_quark())

enum ham_error_code {
	HAM_ERROR_FAILED,   /* anything nobody branches on */
	HAM_ERROR_TIMEOUT,  /* a deadline passed, the outcome is unknown */
	HAM_ERROR_CLOSED,   /* the peer of a connection is gone */
	HAM_ERROR_PROTOCOL, /* the peer sent what the protocol forbids */
	HAM_ERROR_REFUSED,  /* the peer answered with an error of its own */
};

GQuark ham_error_quark(void);

/* Sets *error to "CONTEXT: strerror(errnum)".  Always returns false, so that
 * a caller can write `return ham_error_errno(error, errno, "open %s", p);`. */
bool ham_error_errno(GError **error, int errnum, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Sets *error to the text, as HAM_ERROR_FAILED.  Always returns false. */
bool ham_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
