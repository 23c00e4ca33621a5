/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/metrics.c - hamctl metrics: the status for Prometheus
 *
 * To standard output, or to a file for a collector that reads a folder: the
 * file is replaced whole, so that nobody reads half of one, and says so when
 * hamd is not there.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/fd.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/metrics_text.h"
#include "hamd/ctl/report.h"

/* 0 or -errno. */
static int
write_all(int fd, const char *text)
{
	size_t len = strlen(text);

	while (len > 0) {
		ssize_t n = write(fd, text, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

/* For whoever the collector runs as. */
static int
write_durably(int fd, const char *text)
{
	int rc = write_all(fd, text);

	if (rc == 0 && fchmod(fd, 0644) < 0)
		rc = -errno;
	if (rc == 0 && fsync(fd) < 0)
		rc = -errno;
	return rc;
}

/* In the same folder, hidden, and not named as collectors want it. */
static int
replace(const char *path, const char *text)
{
	g_autofree char *folder = g_path_get_dirname(path);
	g_autofree char *base = g_path_get_basename(path);
	g_autofree char *hidden = g_strdup_printf(".%s.XXXXXX", base);
	g_autofree char *temporary = g_build_filename(folder, hidden, NULL);
	ham_autofd int fd = mkostemp(temporary, O_CLOEXEC);
	int rc;

	if (fd < 0)
		return -errno;
	rc = write_durably(fd, text);
	if (rc == 0 && rename(temporary, path) < 0)
		rc = -errno;
	if (rc < 0)
		unlink(temporary);
	return rc;
}

/* The exit code, which stays if it is a failure already. */
static int
put(const struct ham_ctl_options *options, const char *text, int code)
{
	int rc = replace(options->output, text);

	if (rc == 0)
		return code;
	ham_ctl_complain("cannot write %s: %s", options->output,
			 g_strerror(-rc));
	return code == HAM_CTL_OK ? HAM_CTL_FAILED : code;
}

int
ham_ctl_metrics(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) status = NULL;
	g_autofree char *text = NULL;
	int code;

	(void)args;
	status = ham_ctl_ask_once(options, "status", NULL, &code);
	text = ham_ctl_metrics_text(status);
	if (options->given & HAM_CTL_OUTPUT)
		return put(options, text, code);
	if (status && !(options->given & HAM_CTL_JSON))
		fputs(text, stdout);
	return code;
}
