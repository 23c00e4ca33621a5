/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/cmap.c - corosync's settings, see cluster.h
 *
 * Each value becomes text, whatever its type.  Key material (totem.key) stays
 * where it is.
 */
#include "hamd/io/cluster.h"

#include <corosync/cmap.h>
#include <inttypes.h>
#include <stdlib.h>

#include "hamd/base/error.h"

union number {
	int8_t i8;
	uint8_t u8;
	int16_t i16;
	uint16_t u16;
	int32_t i32;
	uint32_t u32;
	int64_t i64;
	uint64_t u64;
	float f;
	double d;
};

static char *
number_text(cmap_value_types_t type, const union number *n)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];

	switch (type) {
	case CMAP_VALUETYPE_INT8:
		return g_strdup_printf("%d", n->i8);
	case CMAP_VALUETYPE_UINT8:
		return g_strdup_printf("%u", n->u8);
	case CMAP_VALUETYPE_INT16:
		return g_strdup_printf("%d", n->i16);
	case CMAP_VALUETYPE_UINT16:
		return g_strdup_printf("%u", n->u16);
	case CMAP_VALUETYPE_INT32:
		return g_strdup_printf("%" PRId32, n->i32);
	case CMAP_VALUETYPE_UINT32:
		return g_strdup_printf("%" PRIu32, n->u32);
	case CMAP_VALUETYPE_INT64:
		return g_strdup_printf("%" PRId64, n->i64);
	case CMAP_VALUETYPE_UINT64:
		return g_strdup_printf("%" PRIu64, n->u64);
	case CMAP_VALUETYPE_FLOAT:
		return g_strdup(
			g_ascii_dtostr(buffer, sizeof(buffer), (double)n->f));
	case CMAP_VALUETYPE_DOUBLE:
		return g_strdup(g_ascii_dtostr(buffer, sizeof(buffer), n->d));
	case CMAP_VALUETYPE_STRING:
	case CMAP_VALUETYPE_BINARY:
		break;
	}
	return NULL;
}

/* Adds one key.  One that vanished meanwhile is left out. */
static bool
add(cmap_handle_t cmap, const char *key, cmap_value_types_t type,
    GHashTable *settings)
{
	union number number = {0};
	size_t len = sizeof(number);
	char *string = NULL;
	char *text;
	cs_error_t code;

	if (type == CMAP_VALUETYPE_BINARY || g_str_has_suffix(key, ".key"))
		return true;
	if (type == CMAP_VALUETYPE_STRING) {
		code = cmap_get_string(cmap, key, &string);
		text = g_strdup(string);
		free(string);
	} else {
		code = cmap_get(cmap, key, &number, &len, &type);
		text = number_text(type, &number);
	}
	if (code == CS_OK && text)
		g_hash_table_replace(settings, g_strdup(key),
				     g_steal_pointer(&text));
	g_free(text);
	return code == CS_OK || code == CS_ERR_NOT_EXIST;
}

static bool
add_all(cmap_handle_t cmap, const char *prefix, GHashTable *settings)
{
	char key[CMAP_KEYNAME_MAXLEN + 1];
	cmap_iter_handle_t iter;
	cmap_value_types_t type;
	cs_error_t code;
	size_t len;
	bool ok = true;

	if (cmap_iter_init(cmap, prefix, &iter) != CS_OK)
		return false;
	while (ok &&
	       (code = cmap_iter_next(cmap, iter, key, &len, &type)) == CS_OK)
		ok = add(cmap, key, type, settings);
	cmap_iter_finalize(cmap, iter);
	return ok && code == CS_ERR_NO_SECTIONS;
}

GHashTable *
ham_cluster_settings(GError **error)
{
	static const char *const prefixes[] = {"nodelist.", "totem.", "quorum.",
					       "runtime.config."};
	g_autoptr(GHashTable) settings =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	cmap_handle_t cmap;
	bool ok = true;

	if (cmap_initialize(&cmap) != CS_OK) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
			    "cannot connect to corosync: is it running?");
		return NULL;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(prefixes) && ok; i++)
		ok = add_all(cmap, prefixes[i], settings);
	cmap_finalize(cmap);
	if (ok)
		return g_steal_pointer(&settings);
	g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
		    "cannot read corosync's settings");
	return NULL;
}

GHashTable *
ham_cluster_link_stats(GError **error)
{
	g_autoptr(GHashTable) stats =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	cmap_handle_t cmap;
	bool ok;

	if (cmap_initialize_map(&cmap, CMAP_MAP_STATS) != CS_OK) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
			    "cannot connect to corosync: is it running?");
		return NULL;
	}
	ok = add_all(cmap, "stats.knet.", stats);
	cmap_finalize(cmap);
	if (ok)
		return g_steal_pointer(&stats);
	g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
		    "cannot read corosync's figures");
	return NULL;
}

const char *
ham_cluster_node_name(GHashTable *settings, uint32_t id)
{
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, settings);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const char *prefix = "nodelist.node.";
		const char *end = g_strrstr(key, ".nodeid");
		g_autofree char *name_key = NULL;

		if (!g_str_has_prefix(key, prefix) || !end ||
		    g_ascii_strtoull(value, NULL, 10) != id)
			continue;
		name_key = g_strdup_printf("%.*s.name",
					   (int)(end - (const char *)key),
					   (const char *)key);
		return g_hash_table_lookup(settings, name_key);
	}
	return NULL;
}
