/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/input.c - what an agent gets on its standard input
 *
 * A device's options, secrets among them, are never on a command line nor in an
 * environment nor in a log; the files that hold secrets are read right before.
 *
 * Refuses whatever could be read as an option that is not meant: a secret of
 * two lines, an action other than ours.
 */
#include <string.h>
#include <sys/stat.h>

#include "fence/agent.h"
#include "hamd/base/error.h"

enum {
	SECRET_MAX = 4096,
	INPUT_MAX = 32768, /* fits a pipe: pipe(7), 64 KiB */
};

/* Other options may end in _file, too, and are the agent's own. */
size_t
ham_fence_secret_len(const char *key)
{
	static const char *const secrets[] = {"password_file",
					      "passwd_file",
					      "passphrase_file",
					      "snmp_priv_passwd_file",
					      "snmp_auth_passwd_file",
					      "community_file",
					      "token_file",
					      "secret_key_file",
					      "apikey_file",
					      NULL};

	return g_strv_contains(secrets, key) ? strlen(key) - strlen("_file")
					     : 0;
}

bool
ham_fence_is_action(const char *key)
{
	/* what agents of different age take for it; of two the last one counts
	 */
	static const char *const names[] = {"action", "option", "o"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(key, names[i]) == 0)
			return true;
	return false;
}

/* NAME_file=PATH is NAME=CONTENT for the agent, without a last newline. */
static bool
add_secret(GString *input, const char *key, const char *path, GError **error)
{
	g_autofree char *text = NULL;
	struct stat st;
	gsize len = 0;

	if (stat(path, &st) == 0 && (st.st_mode & 077)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s may be read by others: chmod 0600", path);
		return false;
	}
	if (!g_file_get_contents(path, &text, &len, error))
		return false;
	if (len > SECRET_MAX) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s has more than %d bytes", path, SECRET_MAX);
		return false;
	}
	if (len > 0 && text[len - 1] == '\n')
		text[--len] = '\0';
	if (strlen(text) == len && !strchr(text, '\n')) {
		/* printf would leave a copy of it on the heap */
		g_string_append_len(input, key,
				    (gssize)ham_fence_secret_len(key));
		g_string_append_c(input, '=');
		g_string_append_len(input, text, (gssize)len);
		g_string_append_c(input, '\n');
		memset(text, 0, len);
		return true;
	}
	memset(text, 0, len);
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s is not one line of text", path);
	return false;
}

GString *
ham_fence_input(const struct ham_fence_agent_spec *spec, GError **error)
{
	GString *input = g_string_sized_new(INPUT_MAX + 1);
	GHashTableIter iter;
	gpointer key, value;

	if (spec->options)
		g_hash_table_iter_init(&iter, spec->options);
	while (spec->options && g_hash_table_iter_next(&iter, &key, &value)) {
		if (ham_fence_is_action(key))
			continue;
		if (!ham_fence_secret_len(key))
			g_string_append_printf(input, "%s=%s\n", (char *)key,
					       (char *)value);
		else if (!add_secret(input, key, value, error))
			break;
	}
	/* behind all others: should one have been taken for it, this counts */
	g_string_append_printf(input, "action=%s\n", spec->action);
	if (!*error && input->len <= INPUT_MAX)
		return input;
	if (!*error)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "more than %d bytes of options", INPUT_MAX);
	memset(input->str, 0, input->len);
	g_string_free(input, TRUE);
	return NULL;
}
