/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/about.c - hamctl blackbox and version: about hamd itself */
#include <stdio.h>

#include "hamd-config.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

enum {
	GREETING_MS = 2000
};

int
ham_ctl_blackbox(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) answer = NULL;
	g_autofree char *path = NULL;
	int code;

	(void)args;
	answer = ham_ctl_ask_once(options, "blackbox-dump", NULL, &code);
	if (answer == NULL || options->given & HAM_CTL_JSON)
		return code;
	path = ham_ctl_clean(ham_ctl_json_text(answer, "path"));
	printf("%s (read it with: qb-blackbox %s)\n", path, path);
	return code;
}

/* An order about one thing, done when it is answered; `done` is printed then.
 */
static int
order_one(const struct ham_ctl_options *options, const char *command,
	  const char *kind, const char *name, const char *done)
{
	JsonObject *arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	g_autofree char *clean = ham_ctl_clean(name);
	int code;

	json_object_set_string_member(arguments, kind, name);
	answer = ham_ctl_ask_once(options, command, arguments, &code);
	if (answer && !(options->given & HAM_CTL_JSON))
		printf("%s: %s\n", clean, done);
	return code;
}

int
ham_ctl_disk_accept(const struct ham_ctl_options *options, char **args)
{
	return order_one(options, "disk-accept", "name", args[0],
			 "its images on this node may be copied over or "
			 "started from");
}

int
ham_ctl_fence_confirm_off(const struct ham_ctl_options *options, char **args)
{
	return order_one(options, "fence-confirm-off", "node", args[0],
			 "counts as dead, its guests start where a current "
			 "copy of their disks is");
}

/* Of use most of all when hamd is not there or is of another version, so
 * neither is an error. */
int
ham_ctl_version(const struct ham_ctl_options *options, char **args)
{
	int64_t ms = options->timeout_ms ? options->timeout_ms : GREETING_MS;
	g_autoptr(GError) error = NULL;
	g_autoptr(ham_ctl_client) client = ham_ctl_client_connect(
		options->socket, -1, ham_ctl_deadline(ms), &error);
	g_autofree char *line = NULL;
	g_autofree char *clean = NULL;

	(void)args;
	if (options->given & HAM_CTL_JSON) {
		g_autoptr(JsonObject) object = json_object_new();

		json_object_set_string_member(object, "hamctl",
					      PACKAGE_VERSION);
		if (client)
			json_object_set_string_member(
				object, "hamd", ham_ctl_client_version(client));
		else
			json_object_set_null_member(object, "hamd");
		ham_ctl_json_print(object);
		return HAM_CTL_OK;
	}
	if (client)
		line = g_strdup_printf("hamd %s on node %s",
				       ham_ctl_client_version(client),
				       ham_ctl_client_node(client));
	else
		line = g_strdup_printf("hamd not reached at %s: %s",
				       options->socket, error->message);
	clean = ham_ctl_clean(line);
	printf("hamctl %s\n%s\n", PACKAGE_VERSION, clean);
	return HAM_CTL_OK;
}
