/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/label.c - which writes the images of a guest here may have
 *
 * A note beside the record, which may be lost, be restored from a backup or
 * belong to a cluster that was set up anew: images that were written in another
 * history of the guest, or at an epoch that the record does not know yet, are
 * neither copied over nor started from before an operator has accepted that.
 * It speaks of the very files it was written for; images without a note are
 * taken as they are.
 *
 * Written before an image is used, with the epoch of then, and synced: for
 * workers.  Refuses nothing by itself.
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

enum {
	MAX_BYTES = 256
};

char *
ham_label_path(const ham_guests *guests, const char *name)
{
	return g_strdup_printf("%s/labels/%s", guests->spec.state_dir, name);
}

/* False with *error if it is there and can't be read; without a label all is
 * zero. */
static bool
read_label(const char *path, struct ham_label *out, GError **error)
{
	ham_autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[MAX_BYTES + 1] = "";
	char image[HAM_IMAGE_ID_SIZE] = "";
	ssize_t n;

	memset(out, 0, sizeof(*out));
	if (fd < 0 && errno == ENOENT)
		return true;
	n = fd < 0 ? -1 : read(fd, text, MAX_BYTES);
	if (n < 0)
		return ham_error_errno(error, errno, "cannot read %s", path);
	if (sscanf(text, "history %" SCNx64 " epoch %" SCNu64 " image %16s",
		   &out->history, &out->epoch, image) != 3) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s can't be understood: hamctl disk accept "
			    "removes it",
			    path);
		return false;
	}
	g_strlcpy(out->image, image, sizeof(out->image));
	return true;
}

bool
ham_label_check(const char *path, const char *guest,
		const struct ham_label *now, GError **error)
{
	g_autoptr(GDateTime) last = NULL;
	g_autofree char *when = NULL;
	struct ham_label was;

	if (!read_label(path, &was, error))
		return false;
	if (was.history == 0 || strcmp(was.image, now->image) != 0 ||
	    (was.history == now->history && was.epoch <= now->epoch))
		return true;
	last = g_date_time_new_from_unix_local(now->written);
	when = last ? g_date_time_format(last, "%F %T") : g_strdup("?");
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "its images have writes of %s history, last at %s: to use "
		    "or to lose them, on that node: hamctl disk accept %s",
		    was.history == now->history ? "a later" : "another", when,
		    guest);
	return false;
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
	g_autofree char *text = g_strdup_printf(
		"history %" PRIx64 " epoch %" PRIu64 " image %s\n",
		label->history, label->epoch, label->image);
	g_autofree char *temp = g_strconcat(path, ".new", NULL);
	ham_autofd int fd = -1;
	size_t len = strlen(text);
	struct ham_label was;

	if (read_label(path, &was, NULL) && was.history == label->history &&
	    was.epoch == label->epoch && strcmp(was.image, label->image) == 0)
		return true;
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text, len) != (ssize_t)len || fsync(fd) != 0)
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
