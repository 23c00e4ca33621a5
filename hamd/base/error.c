/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/error.c - see error.h */
#include "hamd/base/error.h"

#include <stdarg.h>

/* clang-format off */
G_DEFINE_QUARK(ham-error-quark, ham_error)
/* clang-format on */

bool
ham_error_errno(GError **error, int errnum, const char *format, ...)
{
	g_autofree char *context = NULL;
	va_list ap;

	va_start(ap, format);
	context = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s: %s", context,
		    g_strerror(errnum));
	return false;
}

bool
ham_refuse(GError **error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	if (error)
		*error = g_error_new_valist(HAM_ERROR, HAM_ERROR_FAILED, format,
					    ap);
	va_end(ap);
	return false;
}
