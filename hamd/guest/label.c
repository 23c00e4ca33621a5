/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/label.c - which writes the images of a guest here may have
 *
 * A note beside the record, which may be lost, or belong to a cluster that was
 * set up anew: images that were written in another history of the guest, or at
 * an epoch that the record does not know, are neither copied over nor started
 * from before an operator has accepted that.  And a file that was a copy of
 * this node, or another than the last time, is not taken for a shared one: what
 * it should be is not mounted.
 *
 *	history HEX epoch NUMBER
 *	local|shared ID PATH		a line for each disk
 *
 * It speaks of the very files it was written for; images without a line are
 * taken as they are.  Written before images are used, with the epoch of then,
 * and synced: for workers.  Refuses nothing by itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"

char *
ham_label_path(const ham_guests *guests, const char *name)
{
	return g_strdup_printf("%s/labels/%s", guests->spec.state_dir, name);
}

/* The lines; NULL with *error if it is there and can't be read, NULL alone if
 * there is none. */
static char **
read_lines(const char *path, uint64_t *history, uint64_t *epoch, GError **error)
{
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;
	g_autoptr(GError) local = NULL;

	if (!g_file_get_contents(path, &text, NULL, &local)) {
		if (!g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
			g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	lines = g_strsplit(text, "\n", -1);
	if (sscanf(text, "history %" SCNx64 " epoch %" SCNu64 "\n", history,
		   epoch) == 2 &&
	    g_str_has_suffix(text, "\n"))
		return g_steal_pointer(&lines);
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s can't be understood: hamctl disk accept removes it",
		    path);
	return NULL;
}

/* The path in a line, NULL if it is none of a disk. */
static const char *
path_in(const char *line)
{
	const char *at = strstr(line, " /");

	return at && (g_str_has_prefix(line, "local ") ||
		      g_str_has_prefix(line, "shared "))
		       ? at + 1
		       : NULL;
}

static const char *
line_of(char **lines, const char *path)
{
	for (char **line = lines; *line; line++)
		if (g_strcmp0(path_in(*line), path) == 0)
			return *line;
	return NULL;
}

static bool
refuse_history(const struct ham_label *now, bool later,
	       const struct ham_label_disk *disk, GError **error)
{
	g_autoptr(GDateTime) last =
		g_date_time_new_from_unix_local(disk->written);
	g_autofree char *when =
		disk->written ? g_date_time_format(last, ", last at %F %T")
			      : g_strdup("");

	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "its images have writes of %s history%s: to use or to lose "
		    "them, on that node: hamctl disk accept %s",
		    later ? "a later" : "another", when, now->guest);
	return false;
}

static bool
refuse_file(const struct ham_label_disk *disk, GError **error)
{
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s is not the shared file of before: is its file system "
		    "mounted? (else: hamctl disk accept)",
		    disk->path);
	return false;
}

static bool
was_before(const struct ham_guests_history *now, uint64_t id, uint64_t epoch)
{
	for (size_t i = 0; i < G_N_ELEMENTS(now->before); i++)
		if (now->before[i].id && now->before[i].id == id &&
		    epoch <= now->before[i].epoch)
			return true;
	return false;
}

bool
ham_label_check(const char *path, const struct ham_label *now, bool *begins,
		GError **error)
{
	g_autoptr(GError) local = NULL;
	uint64_t history = 0, epoch = 0;
	g_auto(GStrv) lines = read_lines(path, &history, &epoch, &local);
	bool other = history != now->history.id;
	bool foreign = history && (other || epoch > now->history.epoch);

	*begins = foreign && was_before(&now->history, history, epoch);
	foreign = foreign && !*begins;
	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	for (unsigned int i = 0; lines && i < now->n; i++) {
		const struct ham_label_disk *disk = &now->disk[i];
		const char *line = line_of(lines, disk->path);
		bool same = line && strstr(line, disk->id);
		bool shared = line && line[0] == 's';

		if (!line || !disk->there)
			continue;
		if (disk->shared && shared != same)
			return refuse_file(disk, error);
		if (foreign && !disk->shared && same)
			return refuse_history(now, !other, disk, error);
	}
	return true;
}

static bool
names(const struct ham_label *label, const char *path)
{
	for (unsigned int i = 0; i < label->n; i++)
		if (strcmp(label->disk[i].path, path) == 0)
			return true;
	return false;
}

/* What is not of the disks in `label` stays. */
static GString *
text_of(const struct ham_label *label, char **old)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "history %" PRIx64 " epoch %" PRIu64 "\n",
			       label->history.id, label->history.epoch);
	for (unsigned int i = 0; i < label->n; i++)
		g_string_append_printf(text, "%s %s %s\n",
				       label->disk[i].shared ? "shared"
							     : "local",
				       label->disk[i].id, label->disk[i].path);
	for (char **line = old; line && *line; line++)
		if (path_in(*line) && !names(label, path_in(*line)))
			g_string_append_printf(text, "%s\n", *line);
	return text;
}

static bool
sync_folder(const char *path, GError **error)
{
	g_autofree char *folder = g_path_get_dirname(path);
	ham_autofd int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0 && fsync(fd) == 0)
		return true;
	return ham_error_errno(error, errno, "cannot sync %s", folder);
}

bool
ham_label_write(const char *path, const struct ham_label *label, GError **error)
{
	uint64_t history = 0, epoch = 0;
	g_auto(GStrv) old = read_lines(path, &history, &epoch, NULL);
	GString *text = text_of(label, old);
	g_autofree char *wanted = g_string_free(text, FALSE);
	g_autofree char *is = old ? g_strjoinv("\n", old) : NULL;
	g_autofree char *temp = g_strconcat(path, ".new", NULL);
	ham_autofd int fd = -1;
	size_t len = strlen(wanted);

	if (g_strcmp0(is, wanted) == 0)
		return true;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, wanted, len) != (ssize_t)len || fsync(fd) != 0)
		return ham_error_errno(error, errno, "cannot write %s", temp);
	if (rename(temp, path) != 0)
		return ham_error_errno(error, errno, "cannot rename %s", temp);
	return sync_folder(path, error);
}

bool
ham_guests_accept(ham_guests *guests, const char *name, GError **error)
{
	g_autofree char *path = ham_label_path(guests, name);
	struct ham_vm *vm = g_hash_table_lookup(guests->vms, name);

	if (vm && vm->role != HAM_ROLE_NONE) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "its images on this node are in use");
		return false;
	}
	if (unlink(path) == 0 || errno == ENOENT)
		return true;
	return ham_error_errno(error, errno, "cannot remove %s", path);
}
