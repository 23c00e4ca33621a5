/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/kept_file.h - a small file that is written whole, now and then
 *
 * By a thread that does nothing else, in the order of the calls, durably, and
 * atomically: whoever reads it finds the old text or the new one.  A write that
 * fails is logged, and the user may ask for it again.
 */
#ifndef HAM_KEPT_FILE_H
#define HAM_KEPT_FILE_H

#include <stdbool.h>

typedef struct ham_kept_file ham_kept_file;

/* `path` is copied; nothing is read or made. */
ham_kept_file *ham_kept_file_new(const char *path);
/* Takes the text (g_free), and does not wait. */
void ham_kept_file_write(ham_kept_file *file, char *text);
/* The write that ended last failed: the file has an older text, or none. */
bool ham_kept_file_failed(const ham_kept_file *file);
/* What is to be written is written first. */
void ham_kept_file_free(ham_kept_file *file);

#endif
