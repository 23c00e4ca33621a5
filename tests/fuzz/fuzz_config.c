/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_config.c - any bytes as cluster file and as corosync.conf
 *
 * Nothing may crash, every problem is one printable line, and GKeyFile sees
 * the same sections in a file that was accepted.
 */
#include <glib.h>
#include <string.h>

#include "config/conf.h"
#include "tests/fuzz/fuzz.h"

static void
check_problems(const GPtrArray *problems)
{
	for (unsigned int i = 0; i < problems->len; i++) {
		g_autofree char *text =
			ham_conf_problem_text(problems->pdata[i]);

		g_assert(g_utf8_validate(text, -1, NULL));
		for (const char *p = text; *p; p = g_utf8_next_char(p))
			g_assert(g_unichar_isprint(g_utf8_get_char(p)));
	}
}

static void
check_accepted(const ham_conf *conf, const char *text, size_t len)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	unsigned int n = 1 + conf->nodes->len + conf->fences->len;
	g_auto(GStrv) groups = NULL;

	g_assert(g_key_file_load_from_data(file, text, len, 0, NULL));
	groups = g_key_file_get_groups(file, NULL);
	for (unsigned int i = 0; i < conf->guests->len; i++) {
		const struct ham_conf_guest *guest = conf->guests->pdata[i];

		n += 1 + guest->disks->len + guest->ports->len;
	}
	g_assert(g_strv_length(groups) == n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	g_autofree char *text = g_strndup((const char *)data, len);
	g_autoptr(GPtrArray) problems = NULL;
	g_autoptr(ham_conf) conf = NULL;
	struct ham_conf_ring ring;

	memcpy(text, data, len); /* g_strndup stops at a NUL */
	conf = ham_conf_parse("c", text, len, &problems);
	if (conf)
		check_accepted(conf, text, len);
	ham_conf_ring_parse("k", text, len, &ring, problems);
	if (conf)
		ham_conf_check_ring(conf, &ring, problems);
	check_problems(problems);
	return 0;
}
