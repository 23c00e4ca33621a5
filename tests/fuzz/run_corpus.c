/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/run_corpus.c - replays a corpus through a fuzz target
 *
 * Runs the files given, or all of tests/fuzz/corpus/HAM_CORPUS, each also cut
 * short at every length up to HAM_CUTS and at the middle.  An empty corpus is
 * a failure: a test that ran nothing has shown nothing.
 */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fuzz.h"

#ifndef HAM_CUTS
#define HAM_CUTS 64
#endif

static void
run_bytes(const char *bytes, size_t len)
{
	/* a copy of the exact size, so that sanitizers see a read behind it */
	g_autofree uint8_t *copy = g_malloc(len + !len);

	memcpy(copy, bytes, len);
	LLVMFuzzerTestOneInput(copy, len);
}

static void
run_file(const char *path)
{
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, NULL)) {
		fprintf(stderr, "cannot read %s\n", path);
		exit(1);
	}
	for (gsize n = 0; n < MIN(len, HAM_CUTS); n++)
		run_bytes(text, n);
	run_bytes(text, len / 2);
	run_bytes(text, len);
}

static unsigned int
run_folder(const char *path)
{
	GDir *folder = g_dir_open(path, 0, NULL);
	unsigned int n = 0;
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		run_file(file);
		n++;
	}
	if (folder)
		g_dir_close(folder);
	return n;
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	g_autofree char *folder = g_build_filename(
		srcdir ? srcdir : ".", "tests/fuzz/corpus", HAM_CORPUS, NULL);
	unsigned int n = (unsigned int)argc - 1;

	for (int i = 1; i < argc; i++)
		run_file(argv[i]);
	if (!n)
		n = run_folder(folder);
	printf("%u files of %s\n", n, HAM_CORPUS);
	return n ? 0 : 1;
}
