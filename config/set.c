/* SPDX-License-Identifier: BSD-3-Clause */
/* config/set.c - one value into the field that the schema names
 *
 * One small reader a type.  None of them looks at other values: what must fit
 * together is relate.c's and unique.c's.
 */
#include <glib.h>
#include <string.h>

#include "config/conf.h"
#include "config/schema.h"
#include "config/value.h"

typedef bool (*set_fn)(const struct ham_key *key, const char *text,
		       void *field);

static bool
in_range(const struct ham_key *key, uint64_t number)
{
	return number >= key->min && number <= key->max &&
	       (!key->step || number % key->step == 0);
}

static bool
set_number(const struct ham_key *key, const char *text, void *field)
{
	uint64_t number;

	if (!ham_value_number(text, &number) || !in_range(key, number))
		return false;
	*(uint64_t *)field = number;
	return true;
}

static bool
set_count(const struct ham_key *key, const char *text, void *field)
{
	uint64_t number;

	if (!set_number(key, text, &number))
		return false;
	*(unsigned int *)field = (unsigned int)number;
	return true;
}

static bool
set_size(const struct ham_key *key, const char *text, void *field)
{
	uint64_t bytes;

	if (!ham_value_size(text, &bytes) || !in_range(key, bytes))
		return false;
	*(uint64_t *)field = bytes;
	return true;
}

static bool
set_duration(const struct ham_key *key, const char *text, void *field)
{
	int64_t us = 0;

	if (key->zero && strcmp(text, key->zero) == 0) {
		*(int64_t *)field = 0;
		return true;
	}
	if (!ham_value_duration(text, &us) || !in_range(key, (uint64_t)us))
		return false;
	*(int64_t *)field = us;
	return true;
}

static bool
set_choice(const struct ham_key *key, const char *text, void *field)
{
	for (unsigned int i = 0; key->words[i]; i++)
		if (strcmp(key->words[i], text) == 0) {
			*(unsigned int *)field = i;
			return true;
		}
	return false;
}

static bool
set_bool(const struct ham_key *key, const char *text, void *field)
{
	unsigned int index;

	if (!set_choice(key, text, &index))
		return false;
	*(bool *)field = index != 0;
	return true;
}

static bool
set_uids(const struct ham_key *key, const char *text, void *field)
{
	(void)key;
	return ham_value_uids(text, field);
}

static bool
set_mac(const struct ham_key *key, const char *text, void *field)
{
	(void)key;
	return ham_value_mac(text, field);
}

static bool
set_vlans(const struct ham_key *key, const char *text, void *field)
{
	(void)key;
	return ham_value_vlans(text, field);
}

/* Takes `string`, which is NULL if the text was refused. */
static bool
take_string(char *string, void *field)
{
	char **old = field;

	if (!string)
		return false;
	g_free(*old);
	*old = string;
	return true;
}

static bool
set_address(const struct ham_key *key, const char *text, void *field)
{
	(void)key;
	return take_string(ham_value_address(text, HAM_ADDRESS_NODE), field);
}

static bool
set_ipv4(const struct ham_key *key, const char *text, void *field)
{
	char *address = ham_value_address(text, HAM_ADDRESS_NODE);

	(void)key;
	if (address && strchr(address, ':'))
		g_clear_pointer(&address, g_free);
	return take_string(address, field);
}

static bool
set_addresses(const struct ham_key *key, const char *text, void *field)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	char ***old = field;

	(void)key;
	if (g_strv_length(parts) > HAM_CONF_MAX_ADDRESSES || !*parts)
		return false;
	for (char **part = parts; *part; part++) {
		char *address =
			ham_value_address(g_strstrip(*part), HAM_ADDRESS_PORT);

		if (!take_string(address, part))
			return false;
	}
	g_strfreev(*old);
	*old = g_steal_pointer(&parts);
	return true;
}

static bool
set_names(const struct ham_key *key, const char *text, void *field)
{
	g_auto(GStrv) parts = g_strsplit(text, ",", -1);
	char ***old = field;

	if (g_strv_length(parts) > key->max || !*parts)
		return false;
	for (char **part = parts; *part; part++) {
		/* in place: the string stays its own */
		g_strstrip(*part);
		if (!ham_value_is_name(*part))
			return false;
	}
	g_strfreev(*old);
	*old = g_steal_pointer(&parts);
	return true;
}

static bool
set_uuid(const struct ham_key *key, const char *text, void *field)
{
	char uuid[37];

	(void)key;
	return take_string(ham_value_uuid(text, uuid) ? g_strdup(uuid) : NULL,
			   field);
}

static bool
set_string(const struct ham_key *key, const char *text, void *field)
{
	bool ok = false;

	if (key->type == HAM_VALUE_NAME)
		ok = ham_value_is_name(text);
	else if (key->type == HAM_VALUE_IFNAME)
		ok = ham_value_is_ifname(text);
	else if (key->type == HAM_VALUE_PATH)
		ok = ham_value_is_path(text);
	else if (key->type == HAM_VALUE_TEXT)
		ok = *text && strlen(text) <= key->max;
	else if (key->type == HAM_VALUE_MACHINE)
		ok = ham_value_is_machine(text);
	else if (key->type == HAM_VALUE_CPU)
		ok = ham_value_is_cpu(text);
	else if (key->type == HAM_VALUE_AGENT)
		ok = ham_value_is_agent(text);
	return take_string(ok ? g_strdup(text) : NULL, field);
}

/* clang-format off */
static const struct {
	set_fn set;
	const char *expected; /* NULL: made from the range or the words */
} types[HAM_VALUE_N_TYPES] = {
	[HAM_VALUE_NUMBER] = { set_number, NULL },
	[HAM_VALUE_COUNT] = { set_count, NULL },
	[HAM_VALUE_SIZE] = { set_size, NULL },
	[HAM_VALUE_DURATION] = { set_duration, NULL },
	[HAM_VALUE_BOOL] = { set_bool, NULL },
	[HAM_VALUE_CHOICE] = { set_choice, NULL },
	[HAM_VALUE_UIDS] = { set_uids,
			     "FIRST-LAST, uids above 999 without 65534 and "
			     "65535" },
	[HAM_VALUE_MAC] = { set_mac,
			    "a unicast MAC address such as "
			    "52:54:00:12:34:56" },
	[HAM_VALUE_VLANS] = { set_vlans,
			      "VLANs from 1 to 4094, upwards, such as "
			      "10,20-30" },
	[HAM_VALUE_IPV4] = { set_ipv4, "a numeric IPv4 address of a host" },
	[HAM_VALUE_ADDRESS] = { set_address,
				"a numeric IPv4 or IPv6 address that other "
				"nodes reach" },
	[HAM_VALUE_ADDRESSES] = { set_addresses,
				  "1 to 16 numeric IPv4 or IPv6 addresses "
				  "with commas between them" },
	[HAM_VALUE_NAMES] = { set_names, NULL },
	[HAM_VALUE_NAME] = { set_string,
			     "a name (at most 47 letters, digits and . _ -, "
			     "the first a letter or digit)" },
	[HAM_VALUE_IFNAME] = { set_string,
			       "an interface's name (at most 15 letters, "
			       "digits and . _ -)" },
	[HAM_VALUE_PATH] = { set_string,
			     "an absolute path without empty, . and .. "
			     "parts" },
	[HAM_VALUE_TEXT] = { set_string, NULL },
	[HAM_VALUE_MACHINE] = { set_string, "a machine type" },
	[HAM_VALUE_CPU] = { set_string, "a CPU model" },
	[HAM_VALUE_UUID] = { set_uuid,
			     "a UUID of 36 characters, not all zero" },
	[HAM_VALUE_AGENT] = { set_string,
			      "a fence agent (fence_...) or watchdog" },
};
/* clang-format on */

static char *
show_range(const struct ham_key *key)
{
	g_autofree char *min = NULL, *max = NULL, *step = NULL;

	if (key->type == HAM_VALUE_NUMBER || key->type == HAM_VALUE_COUNT)
		return g_strdup_printf("a number from %" G_GUINT64_FORMAT
				       " to %" G_GUINT64_FORMAT,
				       key->min, key->max);
	if (key->type == HAM_VALUE_SIZE) {
		min = ham_value_show_size(key->min);
		max = ham_value_show_size(key->max);
		step = ham_value_show_size(key->step);
		return g_strdup_printf("a size from %s to %s%s%s (K, M, G, T)",
				       min, max,
				       key->step ? ", a multiple of " : "",
				       key->step ? step : "");
	}
	min = ham_value_show_duration((int64_t)key->min);
	max = ham_value_show_duration((int64_t)key->max);
	return g_strdup_printf("%s%sa duration from %s to %s (ms, s, m, h)",
			       key->zero ? key->zero : "",
			       key->zero ? " or " : "", min, max);
}

char *
ham_schema_expected(const struct ham_key *key)
{
	if (key->expected)
		return g_strdup(key->expected);
	if (key->words)
		return g_strjoinv(" or ", (char **)key->words);
	if (key->type == HAM_VALUE_TEXT)
		return g_strdup_printf(
			"1 to %" G_GUINT64_FORMAT " bytes of text", key->max);
	if (key->type == HAM_VALUE_NAMES)
		return g_strdup_printf("1 to %" G_GUINT64_FORMAT
				       " names with commas between them",
				       key->max);
	if (types[key->type].expected)
		return g_strdup(types[key->type].expected);
	return show_range(key);
}

bool
ham_schema_set(const struct ham_key *key, const char *text, void *object)
{
	/* GKeyFile's \n and \t are read, and are good for nothing here */
	for (const char *p = text; *p; p++)
		if (g_ascii_iscntrl(*p))
			return false;
	return types[key->type].set(key, text, (char *)object + key->offset);
}
