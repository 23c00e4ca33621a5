/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/cgroup.c - see cgroup.h */
#include "hamd/base/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

struct ham_cgroups {
	char *path;
	bool v1;
};

/* Where each hierarchy may be, the best first. */
static const struct {
	const char *folder;
	const char *mark; /* a file that tells it */
	bool v1;
} places[] = {
	{"", "cgroup.controllers", false},
	{"unified", "cgroup.controllers", false},
	{"freezer", "cgroup.procs", true},
};

static const char *
freeze_file(const ham_cgroups *cgroups)
{
	return cgroups->v1 ? "freezer.state" : "cgroup.freeze";
}

/* The folder exists, and processes in it can be stopped. */
static bool
make_folder(const ham_cgroups *cgroups, GError **error)
{
	g_autofree char *probe = g_build_filename(cgroups->path, "hamd", NULL);
	g_autofree char *file =
		g_build_filename(probe, freeze_file(cgroups), NULL);
	bool good;

	if ((mkdir(cgroups->path, 0755) != 0 && errno != EEXIST) ||
	    (mkdir(probe, 0755) != 0 && errno != EEXIST))
		return ham_error_errno(error, errno, "cannot make %s",
				       cgroups->path);
	good = access(file, W_OK) == 0;
	rmdir(probe);
	if (!good)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s has no %s",
			    cgroups->path, freeze_file(cgroups));
	return good;
}

ham_cgroups *
ham_cgroups_new(const char *root, GError **error)
{
	for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
		g_autofree char *top =
			g_build_filename(root, places[i].folder, NULL);
		g_autofree char *mark =
			g_build_filename(top, places[i].mark, NULL);
		ham_cgroups *cgroups;

		if (access(mark, F_OK) != 0)
			continue;
		cgroups = g_new0(ham_cgroups, 1);
		cgroups->v1 = places[i].v1;
		cgroups->path = g_build_filename(top, HAM_CGROUP_FOLDER, NULL);
		g_clear_error(error);
		if (make_folder(cgroups, error))
			return cgroups;
		ham_cgroups_free(cgroups);
	}
	if (error && !*error)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "no control groups below %s", root);
	return NULL;
}

void
ham_cgroups_free(ham_cgroups *cgroups)
{
	if (!cgroups)
		return;
	g_free(cgroups->path);
	g_free(cgroups);
}

const char *
ham_cgroups_path(const ham_cgroups *cgroups)
{
	return cgroups->path;
}

static bool
put(const char *path, const char *text, GError **error)
{
	ham_autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return ham_error_errno(error, errno, "%s", path);
	return true;
}

static char *
file_of(const ham_cgroups *cgroups, const char *guest, const char *file)
{
	return g_build_filename(cgroups->path, guest, file, NULL);
}

static bool
make_group(ham_cgroups *cgroups, const char *guest, GError **error)
{
	g_autofree char *dir = file_of(cgroups, guest, NULL);

	if (mkdir(dir, 0755) != 0 && errno != EEXIST)
		return ham_error_errno(error, errno, "cannot make %s", dir);
	return true;
}

int
ham_cgroups_open(ham_cgroups *cgroups, const char *guest, GError **error)
{
	g_autofree char *procs = file_of(cgroups, guest, "cgroup.procs");
	int fd;

	if (!make_group(cgroups, guest, error) ||
	    !ham_cgroups_freeze(cgroups, guest, false, error))
		return -1;
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		ham_error_errno(error, errno, "%s", procs);
	return fd;
}

bool
ham_cgroups_adopt(ham_cgroups *cgroups, const char *guest, pid_t pid,
		  GError **error)
{
	g_autofree char *procs = file_of(cgroups, guest, "cgroup.procs");
	g_autofree char *text = g_strdup_printf("%d", (int)pid);

	return make_group(cgroups, guest, error) && put(procs, text, error);
}

bool
ham_cgroups_freeze(ham_cgroups *cgroups, const char *guest, bool freeze,
		   GError **error)
{
	g_autofree char *path = file_of(cgroups, guest, freeze_file(cgroups));

	if (cgroups->v1)
		return put(path, freeze ? "FROZEN" : "THAWED", error);
	return put(path, freeze ? "1" : "0", error);
}

void
ham_cgroups_remove(ham_cgroups *cgroups, const char *guest)
{
	g_autofree char *dir = file_of(cgroups, guest, NULL);

	(void)rmdir(dir);
}
