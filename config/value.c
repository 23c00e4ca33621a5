/* SPDX-License-Identifier: BSD-3-Clause */
/* config/value.c - numbers, sizes, durations, uids, names and words
 *
 * Strict on purpose: what is read two ways by two people is refused.
 */
#include "config/value.h"

#include <glib.h>
#include <string.h>

#include "config/conf.h"

#define DIGITS "0123456789"
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

struct unit {
	const char *name;
	uint64_t factor;
};

static const struct unit sizes[] = {
	{"", 1},	   {"K", 1ULL << 10}, {"M", 1ULL << 20},
	{"G", 1ULL << 30}, {"T", 1ULL << 40},
};

static const struct unit durations[] = {
	{"ms", 1000},
	{"s", 1000000},
	{"m", 60 * 1000000ULL},
	{"h", 3600 * 1000000ULL},
};

static bool
digits(const char *text, size_t len, uint64_t *out)
{
	uint64_t sum = 0;

	if (!len)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		if (__builtin_mul_overflow(sum, 10u, &sum) ||
		    __builtin_add_overflow(sum, (uint64_t)(text[i] - '0'),
					   &sum))
			return false;
	}
	*out = sum;
	return true;
}

bool
ham_value_number(const char *text, uint64_t *out)
{
	return digits(text, strlen(text), out);
}

/* A number behind which one of the units stands. */
static bool
with_unit(const char *text, const struct unit *units, size_t n, uint64_t *out)
{
	size_t len = strspn(text, DIGITS);
	uint64_t number;

	if (!digits(text, len, &number))
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(text + len, units[i].name) == 0)
			return !__builtin_mul_overflow(number, units[i].factor,
						       out);
	return false;
}

bool
ham_value_size(const char *text, uint64_t *bytes)
{
	uint64_t size;

	if (!with_unit(text, sizes, G_N_ELEMENTS(sizes), &size))
		return false;
	*bytes = size;
	return true;
}

bool
ham_value_duration(const char *text, int64_t *us)
{
	uint64_t all;

	if (!with_unit(text, durations, G_N_ELEMENTS(durations), &all) ||
	    all > INT64_MAX)
		return false;
	*us = (int64_t)all;
	return true;
}

bool
ham_value_uids(const char *text, uint32_t range[static 2])
{
	const char *dash = strchr(text, '-');
	uint64_t first, last;

	if (!dash || !digits(text, (size_t)(dash - text), &first) ||
	    !ham_value_number(dash + 1, &last))
		return false;
	/* 65534 is nobody, 65535 and 2^32-1 mean "no uid" */
	if (first < 1000 || first > last || last >= UINT32_MAX ||
	    (first <= 65535 && last >= 65534))
		return false;
	range[0] = (uint32_t)first;
	range[1] = (uint32_t)last;
	return true;
}

bool
ham_value_vlans(const char *text, uint64_t bits[static HAM_CONF_VLAN_WORDS])
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	uint64_t found[HAM_CONF_VLAN_WORDS] = {0};
	uint64_t before = 0;

	for (char **part = parts; *part; part++) {
		const char *word = g_strstrip(*part);
		const char *dash = strchr(word, '-');
		size_t len = dash ? (size_t)(dash - word) : strlen(word);
		uint64_t first, last;

		if (!digits(word, len, &first))
			return false;
		last = first;
		if (dash &&
		    (!ham_value_number(dash + 1, &last) || last <= first))
			return false;
		if (first <= before || last > HAM_CONF_VLAN_MAX)
			return false;
		for (uint64_t id = first; id <= last; id++)
			found[id / 64] |= UINT64_C(1) << id % 64;
		before = last;
	}
	if (before == 0)
		return false;
	memcpy(bits, found, sizeof(found));
	return true;
}

bool
ham_value_uuid(const char *text, char out[static 37])
{
	if (strlen(text) != 36)
		return false;
	for (int i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
			return false;
	}
	/* all zero means "none" to firmware and tools */
	if (text[strspn(text, "0-")] == '\0')
		return false;
	for (int i = 0; i <= 36; i++)
		out[i] = g_ascii_tolower(text[i]);
	return true;
}

/* `text` starts with a letter or digit and has only those and `more`. */
static bool
is_word(const char *text, const char *more, size_t max)
{
	g_autofree char *set = g_strconcat(ALNUM, more, NULL);

	return g_ascii_isalnum(*text) && strlen(text) <= max &&
	       text[strspn(text, set)] == '\0';
}

bool
ham_value_is_name(const char *text)
{
	return is_word(text, "._-", HAM_CONF_NAME_MAX);
}

bool
ham_value_is_ifname(const char *text)
{
	return is_word(text, "._-", 15);
}

bool
ham_value_is_path(const char *text)
{
	g_auto(GStrv) parts = NULL;

	if (*text != '/' || strlen(text) >= 1024)
		return false;
	parts = g_strsplit(text + 1, "/", -1);
	if (!parts[0])
		return false;
	for (char **part = parts; *part; part++)
		if (!**part || strcmp(*part, ".") == 0 ||
		    strcmp(*part, "..") == 0)
			return false;
	return true;
}

bool
ham_value_is_machine(const char *text)
{
	g_auto(GStrv) parts = NULL;
	uint64_t number;
	unsigned int n;

	if (!g_str_has_prefix(text, "pc-q35-"))
		return false;
	parts = g_strsplit(text + strlen("pc-q35-"), ".", 4);
	n = g_strv_length(parts);
	if (n != 2 && n != 3)
		return false;
	for (unsigned int i = 0; i < n; i++)
		if (strlen(parts[i]) > 3 ||
		    !ham_value_number(parts[i], &number))
			return false;
	return true;
}

bool
ham_value_is_cpu(const char *text)
{
	g_auto(GStrv) parts = NULL;
	static const char *const shifting[] = {"host", "max", NULL};

	if (!is_word(text, "._-+=,", 255))
		return false;
	parts = g_strsplit(text, ",", -1);
	for (char **part = parts; *part; part++)
		if (!**part)
			return false;
	return !g_strv_contains(shifting, parts[0]);
}

bool
ham_value_is_agent(const char *text)
{
	if (strcmp(text, "watchdog") == 0)
		return true;
	return g_str_has_prefix(text, "fence_") && strlen(text) > 6 &&
	       is_word(text, "_-", 64);
}

static char *
show(uint64_t number, const struct unit *units, size_t n)
{
	while (n > 1 && (!number || number % units[n - 1].factor))
		n--;
	return g_strdup_printf("%" G_GUINT64_FORMAT "%s",
			       number / units[n - 1].factor, units[n - 1].name);
}

char *
ham_value_show_size(uint64_t bytes)
{
	return show(bytes, sizes, G_N_ELEMENTS(sizes));
}

char *
ham_value_show_duration(int64_t us)
{
	return show((uint64_t)us, durations, G_N_ELEMENTS(durations));
}
