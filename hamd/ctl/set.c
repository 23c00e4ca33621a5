/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/set.c - hamctl guest set: other limits for a migration under way
 *
 * Keys and values are written as in the cluster file, which holds for every
 * migration and is not changed by this.
 */
#include <stdio.h>
#include <string.h>

#include "config/value.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"

enum kind {
	DURATION,
	SIZE,
	NUMBER,
	YES_NO,
	WORD,
};

static const struct {
	const char *key;
	enum kind kind;
	const char *member; /* of guest-set's arguments */
	const char *expected;
} keys[] = {
	{"max_pause", DURATION, "max_pause_ms", "a duration such as 150ms"},
	{"max_duration", DURATION, "max_duration_ms", "a duration such as 3m"},
	{"bandwidth", SIZE, "bandwidth_bytes_per_s", "a size such as 100M"},
	{"priority", NUMBER, "priority", "a number"},
	{"auto_converge", YES_NO, "auto_converge", "yes or no"},
	{"on_limit", WORD, "on_limit", "abort, force or warm"},
};

/* False: it can't be read as that. */
static bool
take_value(JsonObject *arguments, size_t k, const char *text)
{
	const char *member = keys[k].member;
	uint64_t number = 0;
	int64_t us = 0;

	switch (keys[k].kind) {
	case DURATION:
		if (!ham_value_duration(text, &us))
			return false;
		json_object_set_int_member(arguments, member, us / 1000);
		return true;
	case SIZE:
		if (!ham_value_size(text, &number) || number > INT64_MAX)
			return false;
		json_object_set_int_member(arguments, member, (int64_t)number);
		return true;
	case NUMBER:
		if (!ham_value_number(text, &number) || number > INT64_MAX)
			return false;
		json_object_set_int_member(arguments, member, (int64_t)number);
		return true;
	case YES_NO:
		json_object_set_boolean_member(arguments, member,
					       strcmp(text, "yes") == 0);
		return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
	case WORD:
		json_object_set_string_member(arguments, member, text);
		return text[0] != '\0';
	}
	return false;
}

static bool
take(JsonObject *arguments, const char *word)
{
	const char *value = strchr(word, '=');
	size_t len = value ? (size_t)(value - word) : strlen(word);

	for (size_t k = 0; k < G_N_ELEMENTS(keys); k++) {
		if (strlen(keys[k].key) != len ||
		    strncmp(keys[k].key, word, len) != 0)
			continue;
		if (value && take_value(arguments, k, value + 1))
			return true;
		fprintf(stderr,
			"hamctl: %s: found '%s', expected %s=VALUE, %s\n",
			keys[k].key, word, keys[k].key, keys[k].expected);
		return false;
	}
	fprintf(stderr,
		"hamctl: '%s' can't be set; max_pause, max_duration, bandwidth,"
		" priority,\nauto_converge and on_limit can\n",
		word);
	return false;
}

int
ham_ctl_guest_set(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	g_autoptr(JsonObject) answer = NULL;
	int code;

	json_object_set_string_member(arguments, "name", args[0]);
	for (char **word = args + 1; *word; word++)
		if (!take(arguments, *word))
			return HAM_CTL_USAGE;
	answer = ham_ctl_ask_once(options, "guest-set", arguments, &code);
	if (answer && !(options->given & HAM_CTL_JSON))
		printf("%s: set for this migration\n", args[0]);
	return code;
}
