/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/options.c - options of hamctl, and the names it does not know yet
 *
 * An option may stand anywhere on the line; "--" ends them.  Names are never
 * abbreviated: a script that used "--no" would change its meaning with the
 * next option added.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hamd-config.h"
#include "hamd/ctl/ctl.h"
#include "hamd/pki/pki.h"

#define DEFAULT_SOCKET "/run/hamd/admin.sock"

enum {
	MAX_TIMEOUT_S = 365 * 24 * 3600,
	MAX_FOR_S = 24 * 3600,
};

struct option_entry {
	enum ham_ctl_option bit;
	const char *name;
	const char *argument; /* NULL: takes none */
	const char *help;
};

/* clang-format off */
static const struct option_entry entries[] = {
	{ HAM_CTL_NODE, "node", "NODE", "start it there" },
	{ HAM_CTL_MODE, "mode", "MODE",
	  "live (its memory goes with it), warm or cold" },
	{ HAM_CTL_DRY_RUN, "dry-run", NULL,
	  "only say whether it can be done, and how" },
	{ HAM_CTL_KILL, "kill", NULL,
	  "end it at once, as if its power were cut" },
	{ HAM_CTL_NO_WAIT, "no-wait", NULL,
	  "return as soon as the order is accepted" },
	{ HAM_CTL_YES, "yes", NULL, "do not ask" },
	{ HAM_CTL_RETURN, "return", NULL,
	  "the guests that it moved away come back" },
	{ HAM_CTL_FOLLOW, "follow", NULL, "go on with each event as it comes" },
	{ HAM_CTL_SINCE, "since", "N", "events after number N" },
	{ HAM_CTL_LIMIT, "limit", "N", "N events, or entries of the past, at most" },
	{ HAM_CTL_COROSYNC, "corosync", "FILE",
	  "hold the file against this corosync.conf" },
	{ HAM_CTL_FORCE, "force", NULL, "although it costs what runs there, or was written" },
	{ HAM_CTL_FOR, "for", "S", "that many seconds [600]" },
	{ HAM_CTL_OUTPUT, "output", "FILE",
	  "into that file, replaced as a whole" },
	{ HAM_CTL_NO_AGENTS, "no-agents", NULL,
	  "do not ask the fence agents here" },
	{ HAM_CTL_CA, "ca", "DIR", "the CA's folder [/etc/hamd/ca]" },
	{ HAM_CTL_OUT, "out", "DIR", "the certificate goes there, with its key" },
	{ HAM_CTL_DIR, "dir", "DIR", "a node's folder [/etc/hamd/pki]" },
	{ HAM_CTL_DAYS, "days", "N",
	  "so long it is valid [a CA 3650, a node 365]" },
	{ HAM_CTL_CSR, "csr", "FILE",
	  "for the key of this request, which stays where it is" },
	{ HAM_CTL_GUEST, "guest", "NAME", "of that guest alone" },
	{ HAM_CTL_EXPORT, "export", "FORMAT",
	  "csv or json, for other programs" },
	{ HAM_CTL_SVG, "svg", "FILE", "a plot of it, as SVG" },
	{ HAM_CTL_JSON, "json", NULL,
	  "hamd's own answer objects, one a line" },
	{ HAM_CTL_SOCKET, "socket", "PATH",
	  "admin socket [$HAMD_SOCKET or " DEFAULT_SOCKET "]" },
	{ HAM_CTL_TIMEOUT, "timeout", "S", "give up after S seconds" },
	{ HAM_CTL_NO_COLOR, "no-color", NULL, "no colours on a terminal" },
	{ HAM_CTL_HELP, "help", NULL, "this text" },
};

/* Named in the design, refused by name here. */
static const char *const planned[] = {
	"cluster init", "cluster join", "cluster leave", "cluster remove",
	"cluster cpu", "config diff", "config apply",
};
/* clang-format on */

static const struct option_entry *
find_entry(const char *name, size_t len)
{
	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
		if (strlen(entries[i].name) == len &&
		    strncmp(entries[i].name, name, len) == 0)
			return &entries[i];
	return NULL;
}

static bool
parse_timeout(const char *text, int64_t *ms)
{
	char *end = NULL;
	double s;

	errno = 0;
	s = g_ascii_strtod(text, &end);
	if (errno || end == text || *end || !(s >= 0.001 && s <= MAX_TIMEOUT_S))
		return false;
	*ms = (int64_t)(s * 1000.0 + 0.5);
	return true;
}

static bool
parse_count(const char *text, int64_t min, int64_t *count)
{
	guint64 value;

	if (!g_ascii_string_to_unsigned(text, 10, (guint64)min, INT64_MAX,
					&value, NULL))
		return false;
	*count = (int64_t)value;
	return true;
}

/* Takes over the value of an option; what it should be goes to *expected. */
static bool
set_value(struct ham_ctl_options *options, enum ham_ctl_option bit,
	  const char *value, const char **expected)
{
	switch (bit) {
	case HAM_CTL_SOCKET:
		*expected = "a path";
		options->socket = value;
		return value[0] != '\0';
	case HAM_CTL_TIMEOUT:
		*expected = "seconds, more than 0";
		return parse_timeout(value, &options->timeout_ms);
	case HAM_CTL_NODE:
		*expected = "the name of a node";
		options->node = value;
		return value[0] != '\0';
	case HAM_CTL_MODE:
		*expected = "live, warm or cold";
		options->mode = value;
		return strcmp(value, "live") == 0 ||
		       strcmp(value, "warm") == 0 || strcmp(value, "cold") == 0;
	case HAM_CTL_COROSYNC:
		*expected = "a file";
		options->corosync = value;
		return value[0] != '\0';
	case HAM_CTL_OUTPUT:
		*expected = "a file";
		options->output = value;
		return value[0] != '\0';
	case HAM_CTL_CA:
		*expected = "a folder";
		options->ca = value;
		return value[0] != '\0';
	case HAM_CTL_OUT:
		*expected = "a folder";
		options->out = value;
		return value[0] != '\0';
	case HAM_CTL_DIR:
		*expected = "a folder";
		options->dir = value;
		return value[0] != '\0';
	case HAM_CTL_CSR:
		*expected = "a file";
		options->csr = value;
		return value[0] != '\0';
	case HAM_CTL_DAYS:
		*expected = "days, from 1 to 36500";
		return parse_count(value, 1, &options->days) &&
		       options->days <= HAM_PKI_MAX_DAYS;
	case HAM_CTL_SINCE:
		*expected = "the number of an event";
		return parse_count(value, 0, &options->since);
	case HAM_CTL_LIMIT:
		*expected = "a number of 1 or more";
		return parse_count(value, 1, &options->limit);
	case HAM_CTL_GUEST:
		*expected = "the name of a guest";
		options->guest = value;
		return value[0] != '\0';
	case HAM_CTL_EXPORT:
		*expected = "csv or json";
		options->export = value;
		return strcmp(value, "csv") == 0 || strcmp(value, "json") == 0;
	case HAM_CTL_SVG:
		*expected = "a file";
		options->svg = value;
		return value[0] != '\0';
	case HAM_CTL_FOR:
		*expected = "seconds, from 1 to 86400";
		return parse_count(value, 1, &options->seconds) &&
		       options->seconds <= MAX_FOR_S;
	default:
		return true;
	}
}

/* argv[*i] is an option; moves *i on if the value is the next word. */
static bool
take_option(int argc, char **argv, int *i, struct ham_ctl_options *options)
{
	const char *text = argv[*i] + 2;
	const char *value = strchr(text, '=');
	size_t len = value ? (size_t)(value - text) : strlen(text);
	const struct option_entry *entry = find_entry(text, len);
	const char *expected = NULL;

	if (entry == NULL) {
		fprintf(stderr,
			"hamctl: unknown option '%s'; see hamctl "
			"--help\n",
			argv[*i]);
		return false;
	}
	options->given |= entry->bit;
	if (entry->argument == NULL && value) {
		fprintf(stderr, "hamctl: --%s takes no value\n", entry->name);
		return false;
	}
	if (entry->argument == NULL)
		return true;
	if (value)
		value++;
	else if (*i + 1 < argc)
		value = argv[++*i];
	if (value == NULL) {
		fprintf(stderr, "hamctl: --%s needs %s\n", entry->name,
			entry->argument);
		return false;
	}
	if (!set_value(options, entry->bit, value, &expected)) {
		fprintf(stderr, "hamctl: --%s: found '%s', expected %s\n",
			entry->name, value, expected);
		return false;
	}
	return true;
}

/* Colours only where a person looks at them (no-color.org for the variable).
 */
static bool
wants_color(const struct ham_ctl_options *options)
{
	const char *term = g_getenv("TERM");
	const char *no_color = g_getenv("NO_COLOR");

	return !(options->given & (HAM_CTL_NO_COLOR | HAM_CTL_JSON)) &&
	       !(no_color && no_color[0]) && isatty(STDOUT_FILENO) && term &&
	       strcmp(term, "dumb") != 0;
}

bool
ham_ctl_options_parse(int argc, char **argv, struct ham_ctl_options *options,
		      char ***words)
{
	g_autofree char **kept = g_new0(char *, (gsize)argc + 1);
	const char *from_environment = g_getenv("HAMD_SOCKET");
	bool ended = false;
	size_t n = 0;

	memset(options, 0, sizeof(*options));
	options->socket = from_environment && from_environment[0]
				  ? from_environment
				  : DEFAULT_SOCKET;
	for (int i = 1; i < argc; i++) {
		/* hamd's protocol is UTF-8: other bytes could not be sent */
		if (!g_utf8_validate(argv[i], -1, NULL)) {
			fprintf(stderr, "hamctl: word %d is not UTF-8\n", i);
			return false;
		}
		if (!ended && strcmp(argv[i], "--") == 0) {
			ended = true;
		} else if (!ended && strcmp(argv[i], "-h") == 0) {
			options->given |= HAM_CTL_HELP;
		} else if (!ended && g_str_has_prefix(argv[i], "--")) {
			if (!take_option(argc, argv, &i, options))
				return false;
		} else if (!ended && argv[i][0] == '-' && argv[i][1]) {
			fprintf(stderr,
				"hamctl: unknown option '%s'; see "
				"hamctl --help\n",
				argv[i]);
			return false;
		} else {
			kept[n++] = argv[i];
		}
	}
	options->color = wants_color(options);
	*words = g_steal_pointer(&kept);
	return true;
}

const char *
ham_ctl_options_stranger(const struct ham_ctl_options *options,
			 unsigned int allowed)
{
	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++)
		if (options->given & entries[i].bit & ~allowed)
			return entries[i].name;
	return NULL;
}

void
ham_ctl_options_help(GString *text, unsigned int which)
{
	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
		const struct option_entry *e = &entries[i];
		g_autofree char *left = NULL;

		if (!(which & e->bit))
			continue;
		left = g_strdup_printf("%s--%s%s%s",
				       e->bit == HAM_CTL_HELP ? "-h, " : "",
				       e->name, e->argument ? " " : "",
				       e->argument ? e->argument : "");
		g_string_append_printf(text, "  %-26s %s\n", left, e->help);
	}
}

char *
ham_ctl_options_usage(unsigned int which)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(entries); i++) {
		const struct option_entry *e = &entries[i];

		if (!(which & e->bit))
			continue;
		g_string_append_printf(
			text, "%s[--%s%s%s]", text->len ? " " : "", e->name,
			e->argument ? " " : "", e->argument ? e->argument : "");
	}
	return g_string_free(text, FALSE);
}

bool
ham_ctl_planned(char **words)
{
	g_autofree char *pair = NULL;

	if (words[0] == NULL || words[1] == NULL)
		return false;
	pair = g_strconcat(words[0], " ", words[1], NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(planned); i++) {
		if (strcmp(planned[i], pair) != 0)
			continue;
		fprintf(stderr, "hamctl: '%s' is not part of hamd %s\n", pair,
			PACKAGE_VERSION);
		return true;
	}
	return false;
}
