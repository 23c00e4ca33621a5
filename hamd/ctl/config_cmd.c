/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/config_cmd.c - hamctl config check: a cluster file, read here
 *
 * hamd is not asked: a file is to be checked before there is a cluster.  All
 * problems are named, one a line.  Fence agents are asked once the file is
 * right in itself.
 */
#include <stdio.h>

#include "config/conf.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"

static void
set_text(JsonObject *object, const char *name, const char *text)
{
	if (text)
		json_object_set_string_member(object, name, text);
	else
		json_object_set_null_member(object, name);
}

static JsonObject *
problem_object(const struct ham_conf_problem *problem)
{
	g_autofree char *text = ham_conf_problem_text(problem);
	JsonObject *object = json_object_new();

	set_text(object, "file", problem->file);
	json_object_set_int_member(object, "line", problem->line);
	set_text(object, "section", problem->section);
	set_text(object, "key", problem->key);
	set_text(object, "found", problem->found);
	set_text(object, "expected", problem->expected);
	set_text(object, "text", text);
	return object;
}

static void
print_json(const char *path, const ham_conf *conf, GPtrArray *problems)
{
	g_autoptr(JsonObject) result = json_object_new();
	JsonArray *list = json_array_new();

	for (guint i = 0; i < problems->len; i++)
		json_array_add_object_element(
			list, problem_object(g_ptr_array_index(problems, i)));
	json_object_set_string_member(result, "file", path);
	json_object_set_boolean_member(result, "ok", problems->len == 0);
	json_object_set_int_member(result, "nodes",
				   conf ? conf->nodes->len : 0);
	json_object_set_int_member(result, "guests",
				   conf ? conf->guests->len : 0);
	json_object_set_array_member(result, "problems", list);
	ham_ctl_json_print(result);
}

static void
print_text(const char *path, const ham_conf *conf, GPtrArray *problems)
{
	for (guint i = 0; i < problems->len; i++) {
		g_autofree char *text =
			ham_conf_problem_text(g_ptr_array_index(problems, i));

		puts(text);
	}
	if (problems->len == 0) {
		g_autofree char *nodes =
			ham_ctl_plural(conf->nodes->len, "node");
		g_autofree char *guests =
			ham_ctl_plural(conf->guests->len, "guest");

		printf("%s: ok (%s, %s)\n", path, nodes, guests);
	}
}

int
ham_ctl_config_check(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(GPtrArray) changed = NULL;
	g_autoptr(ham_conf) conf = NULL;

	ham_conf_check_file(args[0], options->corosync, problems);
	/* read again; it may have been written since */
	conf = ham_conf_load(args[0], &changed);
	if (problems->len == 0 && conf == NULL) {
		ham_ctl_complain("%s changed while it was checked", args[0]);
		return HAM_CTL_FAILED;
	}
	if (conf && !(options->given & HAM_CTL_NO_AGENTS))
		ham_ctl_check_agents(conf, problems);
	if (options->given & HAM_CTL_JSON)
		print_json(args[0], conf, problems);
	else
		print_text(args[0], conf, problems);
	return problems->len ? HAM_CTL_FAILED : HAM_CTL_OK;
}
