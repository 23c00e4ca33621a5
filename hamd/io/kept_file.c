/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/kept_file.c - see kept_file.h */
#define HAM_LOG_TAG "io"
#include "hamd/io/kept_file.h"

#include <glib.h>

#include "hamd/base/log.h"

struct ham_kept_file {
	char *path;
	GThreadPool *writer; /* one thread: the newest text is written last */
	gint failed;	     /* atomic */
};

static gboolean
tell_failure(gpointer data)
{
	ham_warn("%s", (const char *)data);
	g_free(data);
	return G_SOURCE_REMOVE;
}

/* In the thread. */
static void
write_file(gpointer text, gpointer data)
{
	ham_kept_file *file = data;
	g_autoptr(GError) error = NULL;
	bool ok = g_file_set_contents_full(file->path, text, -1,
					   G_FILE_SET_CONTENTS_CONSISTENT |
						   G_FILE_SET_CONTENTS_DURABLE,
					   0600, &error);

	g_atomic_int_set(&file->failed, !ok);
	if (!ok)
		g_idle_add(tell_failure, g_strdup(error->message));
	g_free(text);
}

ham_kept_file *
ham_kept_file_new(const char *path)
{
	ham_kept_file *file = g_new0(ham_kept_file, 1);

	file->path = g_strdup(path);
	file->writer = g_thread_pool_new(write_file, file, 1, FALSE, NULL);
	return file;
}

void
ham_kept_file_write(ham_kept_file *file, char *text)
{
	g_thread_pool_push(file->writer, text, NULL);
}

bool
ham_kept_file_failed(const ham_kept_file *file)
{
	return g_atomic_int_get(&file->failed);
}

void
ham_kept_file_free(ham_kept_file *file)
{
	if (!file)
		return;
	g_thread_pool_free(file->writer, FALSE, TRUE);
	g_free(file->path);
	g_free(file);
}
