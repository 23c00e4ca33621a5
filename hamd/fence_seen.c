/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fence_seen.c - which devices were seen on while their node was up
 *
 * Only their word proves a death (fence/switch_off.c), and a node that stays
 * dark can't show it any more to a hamd that was started since: what was seen
 * is kept in a file of this node's own.  It holds for a device as the cluster
 * file has it: with another agent or option it is to be seen anew.  Written by
 * a thread that does nothing else; a file that can't be read proves nothing.
 */
#include <string.h>

#include "hamd/fencing.h"
#include "hamd/io/kept_file.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

#ifndef SEEN_PATH /* of a test */
#define SEEN_PATH "/var/lib/hamd/fence-seen"
#endif
#define GROUP "seen"

struct ham_fence_seen {
	ham_kept_file *file;
	char *text; /* as it was written last */
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Of all that is asked of it and how; secrets are in files, by name alone. */
static char *
digest_of(const struct ham_fence_device *device)
{
	g_autoptr(GString) text = g_string_new(device->agent);
	guint n = 0;
	g_autofree char **keys =
		device->options ? (char **)g_hash_table_get_keys_as_array(
					  device->options, &n)
				: NULL;

	if (n)
		qsort(keys, n, sizeof(keys[0]), by_name);
	for (guint i = 0; i < n; i++)
		g_string_append_printf(
			text, "\n%s=%s", keys[i],
			(char *)g_hash_table_lookup(device->options, keys[i]));
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text->str, -1);
}

static char *
key_of(const struct ham_fence_device *device)
{
	return g_strconcat(device->node, "/", device->name, NULL);
}

void
ham_daemon_seen_open(ham_daemon *daemon)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	daemon->fence_seen = g_new0(struct ham_fence_seen, 1);
	daemon->fence_seen->file = ham_kept_file_new(SEEN_PATH);
	if (!g_key_file_load_from_file(file, SEEN_PATH, G_KEY_FILE_NONE,
				       &error)) {
		if (!g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			ham_warn("%s cannot be read, each device is to be seen "
				 "on anew: %s",
				 SEEN_PATH, error->message);
		return;
	}
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		g_autofree char *key = key_of(d);
		g_autofree char *now = digest_of(d);
		g_autofree char *then =
			g_key_file_get_string(file, GROUP, key, NULL);

		d->seen_on = ham_fence_is_power(d) && g_strcmp0(now, then) == 0;
	}
}

void
ham_daemon_seen_save(ham_daemon *daemon)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autofree char *text = NULL;

	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		const struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		g_autofree char *key = key_of(d);
		g_autofree char *now = digest_of(d);

		if (d->seen_on)
			g_key_file_set_string(file, GROUP, key, now);
	}
	text = g_key_file_to_data(file, NULL, NULL);
	if (g_strcmp0(text, daemon->fence_seen->text) == 0 &&
	    !ham_kept_file_failed(daemon->fence_seen->file))
		return;
	g_free(daemon->fence_seen->text);
	daemon->fence_seen->text = g_strdup(text);
	ham_kept_file_write(daemon->fence_seen->file, g_steal_pointer(&text));
}

void
ham_daemon_seen_close(ham_daemon *daemon)
{
	if (!daemon->fence_seen)
		return;
	ham_kept_file_free(daemon->fence_seen->file);
	g_free(daemon->fence_seen->text);
	g_clear_pointer(&daemon->fence_seen, g_free);
}
