/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/story_cmd.c - hamctl explain: one entry of the history, told or
 * drawn
 *
 * A plot takes the place of a regular file as a whole, or nothing is changed;
 * links and devices are refused.
 */
#include <errno.h>
#include <langinfo.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hamd/base/error.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/plot.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/story.h"

enum {
	COLUMNS = 79,
};

/* Renaming over a link or a device would put the file in its place. */
static bool
is_replaceable(const char *path, GError **error)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno == ENOENT ||
		       ham_error_errno(error, errno, "%s", path);
	return S_ISREG(st.st_mode) ||
	       ham_refuse(error, "%s is there, and is no regular file", path);
}

static int
write_plot(const struct ham_ctl_options *options, JsonObject *answer,
	   const char *id)
{
	g_autofree char *svg = ham_ctl_plot(answer);
	g_autoptr(GError) error = NULL;

	if (!svg) {
		ham_ctl_complain("%s has no figures to draw: only a live "
				 "migration has, for as long as they are kept",
				 id);
		return HAM_CTL_FAILED;
	}
	if (!is_replaceable(options->svg, &error) ||
	    !g_file_set_contents_full(options->svg, svg, -1,
				      G_FILE_SET_CONTENTS_CONSISTENT, 0644,
				      &error)) {
		ham_ctl_complain("cannot write the plot: %s", error->message);
		return HAM_CTL_FAILED;
	}
	if (!(options->given & HAM_CTL_JSON))
		printf("%s: drawn in %s\n", id, options->svg);
	return HAM_CTL_OK;
}

int
ham_ctl_explain(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	g_autofree char *text = NULL;
	int code;

	json_object_set_string_member(arguments, "id", args[0]);
	json_object_set_boolean_member(arguments, "samples", TRUE);
	answer = ham_ctl_ask_once(options, "history-show", arguments, &code);
	if (answer == NULL)
		return code;
	if (options->given & HAM_CTL_SVG)
		return write_plot(options, answer, args[0]);
	if (options->given & HAM_CTL_JSON)
		return code;
	text = ham_ctl_story(answer, COLUMNS,
			     strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
			     options->color);
	fputs(text, stdout);
	return code;
}
