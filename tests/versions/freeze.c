/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/freeze.c - keeps what this version writes for later ones
 *
 *	freeze FOLDER
 *
 * writes FOLDER/level-N, N being the protocol level of this tree: a .msg and
 * a .txt for each message, state.db as hamd/io's store writes it, state.txt.
 * In a level that is there it adds the kinds that are new and touches nothing
 * else: what was frozen was sent and stored by somebody's hamd.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hamd/io/store.h"
#include "tests/versions/describe.h"
#include "tests/versions/samples.h"

static void
fail(const char *doing, const char *why)
{
	fprintf(stderr, "freeze: %s: %s\n", doing, why);
	exit(1);
}

static void
write_file(const char *folder, const char *name, const char *end,
	   const void *bytes, gsize len)
{
	g_autofree char *file = g_strconcat(name, end, NULL);
	g_autofree char *path = g_build_filename(folder, file, NULL);
	g_autoptr(GError) error = NULL;

	if (!g_file_set_contents(path, bytes, (gssize)len, &error))
		fail(path, error->message);
}

static void
write_messages(const char *folder)
{
	g_autoptr(GPtrArray) samples = samples_messages();

	for (guint i = 0; i < samples->len; i++) {
		const struct sample *sample = samples->pdata[i];
		g_autofree char *text = describe_message(sample->bytes);
		g_autofree char *path =
			g_strdup_printf("%s/%s.msg", folder, sample->name);
		gsize len;
		const void *bytes = g_bytes_get_data(sample->bytes, &len);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			continue;
		write_file(folder, sample->name, ".msg", bytes, len);
		write_file(folder, sample->name, ".txt", text, strlen(text));
	}
}

static void
on_done(uint64_t ticket, void *data)
{
	*(uint64_t *)data = ticket;
}

static void
on_fail(const char *reason, void *data)
{
	(void)data;
	fail("state.db", reason);
}

static void
write_state(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "state.db", NULL);
	g_autoptr(GPtrArray) samples = samples_items();
	g_autoptr(GPtrArray) before = NULL;
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	GPtrArray *items = ham_store_items_new();
	uint64_t done = 0;
	ham_store *store =
		ham_store_open(path, &before, on_done, on_fail, &done, &error);

	if (!store)
		fail(path, error->message);
	for (guint i = 0; i < samples->len; i++) {
		const struct sample *sample = samples->pdata[i];
		g_autofree char *lines =
			describe_item(sample->name, sample->bytes);
		gsize len;
		const void *bytes = g_bytes_get_data(sample->bytes, &len);

		g_ptr_array_add(items,
				ham_store_item_new(sample->name, bytes, len));
		g_string_append(text, lines);
	}
	ham_store_put(store, items, true, 1);
	while (done != 1)
		g_main_context_iteration(NULL, TRUE);
	ham_store_free(store);
	write_file(folder, "state", ".txt", text->str, text->len);
}

int
main(int argc, char **argv)
{
	g_autofree char *folder = NULL;

	if (argc != 2) {
		fputs("usage: freeze FOLDER\n", stderr);
		return 2;
	}
	folder = g_strdup_printf("%s/level-%d", argv[1], HAM_PROTOCOL_LEVEL);
	if (mkdir(folder, 0777) == 0)
		write_state(folder);
	else if (errno != EEXIST)
		fail(folder, g_strerror(errno));
	write_messages(folder);
	printf("%s\n", folder);
	return 0;
}
