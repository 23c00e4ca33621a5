/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/main.c - hamctl: the table of subcommands, the help made of it */
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "hamd/ctl/ctl.h"

#define WAITS HAM_CTL_NO_WAIT

/* clang-format off */
static const struct ham_ctl_command commands[] = {
	{ "status", "", 0, 0,
	  "quorum, nodes and guests, and what is not as wanted",
	  ham_ctl_status },
	{ "watch", "", 0, 0,
	  "the same on a screen of its own, as it changes", ham_ctl_watch },
	{ "guest list", "", 0, 0,
	  "all guests with their sizes", ham_ctl_guest_list },
	{ "guest show", "NAME", 1, 0,
	  "all that is known of one guest", ham_ctl_guest_show },
	{ "guest start", "NAME", 1, HAM_CTL_NODE | HAM_CTL_FORCE | WAITS,
	  "start a guest and wait until it runs", ham_ctl_guest_start },
	{ "guest stop", "NAME", 1, HAM_CTL_KILL | WAITS,
	  "shut a guest down and wait for its end", ham_ctl_guest_stop },
	{ "guest migrate", "NAME [NODE]", 1,
	  HAM_CTL_DRY_RUN | HAM_CTL_MODE | WAITS,
	  "move a guest with its disks to another node",
	  ham_ctl_guest_migrate },
	{ "guest cancel", "NAME", 1, WAITS,
	  "call a migration off: the guest stays where it is",
	  ham_ctl_guest_cancel },
	{ "guest set", "NAME SETTING...", 2, 0,
	  "change the limits of a migration under way", ham_ctl_guest_set },
	{ "disk accept", "NAME", 1, 0,
	  "use or lose images here that hamd guards",
	  ham_ctl_disk_accept },
	{ "disk resize", "NAME DISK SIZE", 3, WAITS,
	  "let a disk of a running guest grow",
	  ham_ctl_disk_resize },
	{ "disk verify", "NAME", 1, WAITS,
	  "compare a guest's disks with each current copy",
	  ham_ctl_disk_verify },
	{ "fence status", "", 0, HAM_CTL_LIMIT,
	  "fence devices, and what became of fencings",
	  ham_ctl_fence_status },
	{ "fence test", "", 0, 0,
	  "ask all fence devices what they see",
	  ham_ctl_fence_test },
	{ "fence off", "NODE", 1, HAM_CTL_FORCE,
	  "cut a node's power by its fence devices",
	  ham_ctl_fence_off },
	{ "fence on", "NODE", 1, 0,
	  "give a node its power again",
	  ham_ctl_fence_on },
	{ "node list", "", 0, 0,
	  "all nodes, their states and what runs there", ham_ctl_node_list },
	{ "node drain", "NODE", 1, HAM_CTL_YES | WAITS,
	  "move all guests away and let none come", ham_ctl_node_drain },
	{ "node undrain", "NODE", 1, HAM_CTL_RETURN,
	  "let guests come again; ends a drain", ham_ctl_node_undrain },
	{ "node evacuate", "NODE", 1, HAM_CTL_YES,
	  "drain a node and wait until it is empty",
	  ham_ctl_node_evacuate },
	{ "node disarm", "NODE", 1, HAM_CTL_FOR,
	  "let hamd and corosync be stopped there for a while",
	  ham_ctl_node_disarm },
	{ "node arm", "NODE", 1, 0,
	  "end that: its failure counts again", ham_ctl_node_arm },
	{ "fence confirm-off", "NODE", 1, 0,
	  "vouch that a node is off; guests start elsewhere",
	  ham_ctl_fence_confirm_off },
	{ "cluster stop", "", 0, HAM_CTL_YES,
	  "shut all guests down, to start again with the nodes",
	  ham_ctl_cluster_stop },
	{ "cluster claim", "", 0, HAM_CTL_YES,
	  "go on with this node's state; others are lost",
	  ham_ctl_cluster_claim },
	{ "cluster start", "", 0, 0,
	  "end that: let all guests start again",
	  ham_ctl_cluster_start },
	{ "plan failure", "NODE", 1, 0,
	  "where a node's guests would go if it failed",
	  ham_ctl_plan_failure },
	{ "events", "", 0, HAM_CTL_FOLLOW | HAM_CTL_SINCE | HAM_CTL_LIMIT,
	  "what has happened, or what happens now", ham_ctl_events },
	{ "history", "", 0, HAM_CTL_GUEST | HAM_CTL_LIMIT | HAM_CTL_EXPORT,
	  "migrations and failovers of the past", ham_ctl_history },
	{ "explain", "ID", 1, HAM_CTL_SVG,
	  "one of them: who asked, what happened, why", ham_ctl_explain },
	{ "metrics", "", 0, HAM_CTL_OUTPUT,
	  "the status in the text format of Prometheus", ham_ctl_metrics },
	{ "config check", "FILE", 1, HAM_CTL_COROSYNC | HAM_CTL_NO_AGENTS,
	  "read a cluster file and name every error in it",
	  ham_ctl_config_check },
	{ "pki init", "NAME", 1, HAM_CTL_CA | HAM_CTL_DAYS,
	  "make a CA for a cluster", ham_ctl_pki_init },
	{ "pki issue", "NODE [ADDR]...", 1,
	  HAM_CTL_CA | HAM_CTL_OUT | HAM_CTL_DAYS | HAM_CTL_CSR,
	  "issue a node's certificate", ham_ctl_pki_issue },
	{ "pki renew", "NODE [ADDR]...", 1,
	  HAM_CTL_CA | HAM_CTL_OUT | HAM_CTL_DAYS | HAM_CTL_CSR,
	  "issue it anew, for the same addresses", ham_ctl_pki_renew },
	{ "pki revoke", "NODE|SERIAL", 1, HAM_CTL_CA,
	  "make certificates void before their end", ham_ctl_pki_revoke },
	{ "pki status", "", 0, HAM_CTL_DIR | HAM_CTL_NODE | HAM_CTL_CA,
	  "is a certificate right, or what was issued",
	  ham_ctl_pki_status },
	{ "blackbox", "", 0, 0,
	  "have hamd write its flight recorder to a file", ham_ctl_blackbox },
	{ "version", "", 0, 0,
	  "versions of hamctl and of the hamd it talks to", ham_ctl_version },
};
/* clang-format on */

static const char exit_codes[] =
	"Exit status: 0 done, 1 failed or refused, 2 wrong usage, 3 hamd cannot"
	" be\nreached, 4 no quorum, 5 not found, 6 migration cancelled or"
	" undone, 7 timed\nout, 130 interrupted.  Manual page: hamctl(8).\n";

static void
add_command_line(GString *text, const struct ham_ctl_command *command)
{
	g_autofree char *synopsis =
		g_strjoin(command->arguments[0] ? " " : "", command->name,
			  command->arguments, NULL);

	g_string_append_printf(text, "  %-26s %s\n", synopsis, command->help);
}

/* True if `name` starts with all the words given, each of them whole. */
static bool
begins_with(const char *name, char **words)
{
	g_autofree char *given = g_strjoinv(" ", words);
	size_t len = strlen(given);

	return strncmp(name, given, len) == 0 &&
	       (name[len] == '\0' || name[len] == ' ' || len == 0);
}

/* Help on every command that begins with `words`; on none: returns NULL. */
static char *
help_on_group(char **words)
{
	g_autofree char *given = g_strjoinv(" ", words);
	GString *text = g_string_new(NULL);
	bool any = false;

	g_string_append_printf(text,
			       "usage: hamctl %s%sCOMMAND [OPTION...]\n\n",
			       given, given[0] ? " " : "");
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (!begins_with(commands[i].name, words))
			continue;
		add_command_line(text, &commands[i]);
		any = true;
	}
	g_string_append(text, "\nOptions of every command:\n");
	ham_ctl_options_help(text, HAM_CTL_GLOBAL);
	g_string_append(text, "\nMore: hamctl COMMAND --help\n");
	if (given[0] == '\0')
		g_string_append(text, exit_codes);
	return g_string_free(text, !any);
}

static char *
usage_of(const struct ham_ctl_command *command)
{
	g_autofree char *own = ham_ctl_options_usage(command->options);
	GString *text = g_string_new("usage: hamctl ");

	g_string_append(text, command->name);
	if (command->arguments[0])
		g_string_append_printf(text, " %s", command->arguments);
	if (own[0])
		g_string_append_printf(text, " %s", own);
	g_string_append(text, " [OPTION...]\n");
	return g_string_free(text, FALSE);
}

static void
print_help_on_command(const struct ham_ctl_command *command)
{
	g_autofree char *usage = usage_of(command);
	GString *text = g_string_new(usage);

	g_string_append_printf(text, "\n  %s\n\nOptions:\n", command->help);
	ham_ctl_options_help(text, command->options | HAM_CTL_GLOBAL);
	fputs(text->str, stdout);
	g_string_free(text, TRUE);
}

/* The command that the first words name; *n_words of them make its name. */
static const struct ham_ctl_command *
find_command(char **words, guint *n_words)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_auto(GStrv) name = g_strsplit(commands[i].name, " ", 2);
		guint n = 0;

		while (name[n] && words[n] && strcmp(name[n], words[n]) == 0)
			n++;
		if (name[n] == NULL) {
			*n_words = n;
			return &commands[i];
		}
	}
	return NULL;
}

/* No command is named: help is given, or it is said what is wrong. */
static int
run_none(const struct ham_ctl_options *options, char **words)
{
	g_autofree char *given = g_strjoinv(" ", words);
	g_autofree char *help = NULL;

	if (ham_ctl_planned(words))
		return HAM_CTL_USAGE;
	help = help_on_group(words);
	if (help == NULL) {
		fprintf(stderr,
			"hamctl: unknown command '%s'; see hamctl --help\n",
			given);
		return HAM_CTL_USAGE;
	}
	if (options->given & HAM_CTL_HELP) {
		fputs(help, stdout);
		return HAM_CTL_OK;
	}
	fputs(help, stderr);
	return HAM_CTL_USAGE;
}

/* Those in brackets come on top, or any number. */
static guint
most_args(const struct ham_ctl_command *command)
{
	guint most = command->n_args;

	if (g_str_has_suffix(command->arguments, "..."))
		return G_MAXUINT;
	for (const char *c = command->arguments; *c; c++)
		most += *c == '[';
	return most;
}

static int
run(const struct ham_ctl_options *options, char **words)
{
	const struct ham_ctl_command *command;
	g_autofree char *usage = NULL;
	const char *stranger;
	guint n_words = 0, n_args;

	command = find_command(words, &n_words);
	if (command == NULL)
		return run_none(options, words);
	if (options->given & HAM_CTL_HELP) {
		print_help_on_command(command);
		return HAM_CTL_OK;
	}
	usage = usage_of(command);
	stranger = ham_ctl_options_stranger(options,
					    command->options | HAM_CTL_GLOBAL);
	if (stranger) {
		fprintf(stderr, "hamctl: '%s' takes no --%s\n%s", command->name,
			stranger, usage);
		return HAM_CTL_USAGE;
	}
	n_args = g_strv_length(words + n_words);
	if (n_args < command->n_args || n_args > most_args(command)) {
		fprintf(stderr, "hamctl: '%s' takes %s\n%s", command->name,
			command->n_args ? command->arguments : "no argument",
			usage);
		return HAM_CTL_USAGE;
	}
	return command->run(options, words + n_words);
}

int
main(int argc, char **argv)
{
	struct ham_ctl_options options;
	g_autofree char **words = NULL;
	int code;

	setlocale(LC_ALL, "");
	/* before its options are looked at: they are unknown as well */
	if (argc > 1 && ham_ctl_planned(argv + 1))
		return HAM_CTL_USAGE;
	if (!ham_ctl_options_parse(argc, argv, &options, &words))
		return HAM_CTL_USAGE;
	code = run(&options, words);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		perror("hamctl: cannot write standard output");
		if (code == HAM_CTL_OK)
			code = HAM_CTL_FAILED;
	}
	return code;
}
