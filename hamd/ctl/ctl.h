/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/ctl.h - what the files of hamctl share: exit codes, options, table
 *
 * hamctl asks and orders through the admin socket alone; it decides nothing
 * and never touches a guest, a disk or corosync by itself.
 */
#ifndef HAM_CTL_H
#define HAM_CTL_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/conf.h"

/* hamctl(8), EXIT STATUS.  A signal that ends a wait gives 128 + its number. */
enum ham_ctl_exit {
	HAM_CTL_OK = 0,
	HAM_CTL_FAILED = 1,	 /* failed, or refused by a rule */
	HAM_CTL_USAGE = 2,	 /* the command line is wrong */
	HAM_CTL_UNREACHABLE = 3, /* no talking to hamd */
	HAM_CTL_NO_QUORUM = 4,
	HAM_CTL_NOT_FOUND = 5,
	HAM_CTL_ABORTED = 6, /* the migration was cancelled or undone */
	HAM_CTL_TIMED_OUT = 7,
};

/* One bit for each option: "given" is not the same as "not zero". */
enum ham_ctl_option {
	HAM_CTL_JSON = 1 << 0,
	HAM_CTL_SOCKET = 1 << 1,
	HAM_CTL_TIMEOUT = 1 << 2,
	HAM_CTL_NO_COLOR = 1 << 3,
	HAM_CTL_HELP = 1 << 4,
	HAM_CTL_NO_WAIT = 1 << 5,
	HAM_CTL_NODE = 1 << 6,
	HAM_CTL_KILL = 1 << 7,
	HAM_CTL_FOLLOW = 1 << 8,
	HAM_CTL_SINCE = 1 << 9,
	HAM_CTL_LIMIT = 1 << 10,
	HAM_CTL_COROSYNC = 1 << 11,
	HAM_CTL_MODE = 1 << 12,
	HAM_CTL_YES = 1 << 13,
	HAM_CTL_RETURN = 1 << 14,
	HAM_CTL_FORCE = 1 << 15,
	HAM_CTL_NO_AGENTS = 1 << 16,
	HAM_CTL_FOR = 1 << 17,
	HAM_CTL_DRY_RUN = 1 << 18,
	HAM_CTL_CA = 1 << 19,
	HAM_CTL_OUT = 1 << 20,
	HAM_CTL_DAYS = 1 << 21,
	HAM_CTL_CSR = 1 << 22,
	HAM_CTL_DIR = 1 << 23,
	HAM_CTL_GUEST = 1 << 24,
	HAM_CTL_EXPORT = 1 << 25,
	HAM_CTL_SVG = 1 << 26,
	HAM_CTL_OUTPUT = 1 << 27,
	/* taken by every command */
	HAM_CTL_GLOBAL = HAM_CTL_JSON | HAM_CTL_SOCKET | HAM_CTL_TIMEOUT |
			 HAM_CTL_NO_COLOR | HAM_CTL_HELP,
};

struct ham_ctl_options {
	unsigned int given;   /* HAM_CTL_... bits */
	const char *socket;   /* never NULL */
	int64_t timeout_ms;   /* --timeout; 0: not given */
	const char *node;     /* --node */
	const char *mode;     /* --mode */
	const char *corosync; /* --corosync */
	int64_t since;	      /* --since, an event's number */
	int64_t limit;	      /* --limit, a count of events or entries */
	int64_t seconds;      /* --for */
	const char *guest;    /* --guest */
	const char *export;   /* --export */
	const char *svg;      /* --svg */
	const char *output;   /* --output */
	const char *ca;	      /* --ca */
	const char *out;      /* --out */
	const char *dir;      /* --dir */
	const char *csr;      /* --csr */
	int64_t days;	      /* --days */
	bool color;	      /* standard output wants colours */
};

typedef int (*ham_ctl_run_fn)(const struct ham_ctl_options *options,
			      char **args);

struct ham_ctl_command {
	const char *name;      /* one word, or group and verb */
	const char *arguments; /* for the usage line; "" if it takes none */
	unsigned int n_args;   /* so many, and those in [] at will;
				  with "..." or more */
	unsigned int options;  /* HAM_CTL_... bits besides the global ones */
	const char *help;      /* one line */
	ham_ctl_run_fn run;
};

/* Takes the options out of argv wherever they stand; what is left is put into
 * *words (NULL-terminated, pointing into argv, the caller frees the array).
 * False after it said on standard error what is wrong. */
bool ham_ctl_options_parse(int argc, char **argv,
			   struct ham_ctl_options *options, char ***words);

/* Name of the first option given that is not in `allowed`, or NULL. */
const char *ham_ctl_options_stranger(const struct ham_ctl_options *options,
				     unsigned int allowed);

/* Appends "  --name ARG   help" lines of the options in `which`. */
void ham_ctl_options_help(GString *text, unsigned int which);

/* "[--node NODE] [--no-wait]" of the options in `which`; the caller's. */
char *ham_ctl_options_usage(unsigned int which);

/* True if `words` (NULL-terminated) begin with a planned command that this
 * version has not got: says so on standard error. */
bool ham_ctl_planned(char **words);

/* Holds the fence devices against their agents on this machine, which are asked
 * what they can do; appends to problems. */
void ham_ctl_check_agents(const ham_conf *conf, GPtrArray *problems);

/* The commands; each answers with an exit code. */
int ham_ctl_status(const struct ham_ctl_options *options, char **args);
int ham_ctl_watch(const struct ham_ctl_options *options, char **args);
int ham_ctl_metrics(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_list(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_show(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_start(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_stop(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_migrate(const struct ham_ctl_options *options, char **args);
int ham_ctl_fence_status(const struct ham_ctl_options *options, char **args);
int ham_ctl_fence_test(const struct ham_ctl_options *options, char **args);
int ham_ctl_fence_off(const struct ham_ctl_options *options, char **args);
int ham_ctl_fence_on(const struct ham_ctl_options *options, char **args);
int ham_ctl_cluster_claim(const struct ham_ctl_options *options, char **args);
int ham_ctl_fence_confirm_off(const struct ham_ctl_options *options,
			      char **args);
int ham_ctl_plan_failure(const struct ham_ctl_options *options, char **args);
int ham_ctl_disk_accept(const struct ham_ctl_options *options, char **args);
int ham_ctl_disk_resize(const struct ham_ctl_options *options, char **args);
int ham_ctl_disk_verify(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_set(const struct ham_ctl_options *options, char **args);
int ham_ctl_guest_cancel(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_list(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_drain(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_undrain(const struct ham_ctl_options *options, char **args);
int ham_ctl_cluster_stop(const struct ham_ctl_options *options, char **args);
int ham_ctl_cluster_start(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_disarm(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_arm(const struct ham_ctl_options *options, char **args);
int ham_ctl_node_evacuate(const struct ham_ctl_options *options, char **args);
int ham_ctl_events(const struct ham_ctl_options *options, char **args);
int ham_ctl_history(const struct ham_ctl_options *options, char **args);
int ham_ctl_explain(const struct ham_ctl_options *options, char **args);
int ham_ctl_config_check(const struct ham_ctl_options *options, char **args);
int ham_ctl_pki_init(const struct ham_ctl_options *options, char **args);
int ham_ctl_pki_issue(const struct ham_ctl_options *options, char **args);
int ham_ctl_pki_renew(const struct ham_ctl_options *options, char **args);
int ham_ctl_pki_revoke(const struct ham_ctl_options *options, char **args);
int ham_ctl_pki_status(const struct ham_ctl_options *options, char **args);
int ham_ctl_blackbox(const struct ham_ctl_options *options, char **args);
int ham_ctl_version(const struct ham_ctl_options *options, char **args);

#endif
