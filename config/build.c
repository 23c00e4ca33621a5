/* SPDX-License-Identifier: BSD-3-Clause */
/* config/build.c - sections become nodes, guests, disks, ports and devices
 *
 * Goes on behind every error, so that one run shows them all.  What is
 * repeated, orphaned or too much is checked like the rest but hangs nowhere.
 */
#include "config/build.h"

#include <string.h>

#include "config/schema.h"
#include "config/value.h"

/* RFC 4122, 4.3: made once, so that a guest's UUID depends on its name only */
static const uint8_t uuid_space[16] = {
	0x5d, 0x0e, 0x8a, 0x3b, 0x6c, 0x57, 0x4f, 0x1e,
	0x9b, 0x21, 0x7a, 0xd4, 0x03, 0xc6, 0xe8, 0x95,
};

static char *
uuid_of_name(const char *name)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA1);
	uint8_t b[20];
	gsize len = sizeof(b);

	g_checksum_update(sum, uuid_space, sizeof(uuid_space));
	g_checksum_update(sum, (const guchar *)name, (gssize)strlen(name));
	g_checksum_get_digest(sum, b, &len);
	b[6] = (uint8_t)((b[6] & 0x0f) | 0x50);
	b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
	return g_strdup_printf("%02x%02x%02x%02x-%02x%02x-%02x%02x-"
			       "%02x%02x-%02x%02x%02x%02x%02x%02x",
			       b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
			       b[8], b[9], b[10], b[11], b[12], b[13], b[14],
			       b[15]);
}

static void *
new_object(const struct ham_section *section, ham_conf *conf)
{
	switch (section->kind) {
	case HAM_SECTION_NODE: {
		struct ham_conf_node *node = g_new0(struct ham_conf_node, 1);

		node->name = g_strdup(section->name);
		node->line = section->line;
		return node;
	}
	case HAM_SECTION_GUEST: {
		struct ham_conf_guest *guest = g_new0(struct ham_conf_guest, 1);

		guest->name = g_strdup(section->name);
		guest->disks = g_ptr_array_new_with_free_func(
			ham_conf_free_fn(HAM_SECTION_DISK));
		guest->ports = g_ptr_array_new_with_free_func(
			ham_conf_free_fn(HAM_SECTION_PORT));
		return guest;
	}
	case HAM_SECTION_DISK: {
		struct ham_conf_disk *disk = g_new0(struct ham_conf_disk, 1);

		disk->name = g_strdup(section->child);
		return disk;
	}
	case HAM_SECTION_PORT: {
		struct ham_conf_port *port = g_new0(struct ham_conf_port, 1);

		port->name = g_strdup(section->child);
		return port;
	}
	case HAM_SECTION_FENCE: {
		struct ham_conf_fence *fence = g_new0(struct ham_conf_fence, 1);

		fence->node = g_strdup(section->name);
		fence->name = g_strdup(section->child);
		fence->options = g_hash_table_new_full(g_str_hash, g_str_equal,
						       g_free, g_free);
		fence->line = section->line;
		fence->lines = g_hash_table_new_full(g_str_hash, g_str_equal,
						     g_free, NULL);
		for (guint i = 0; i < section->entries->len; i++) {
			const struct ham_entry *e =
				g_ptr_array_index(section->entries, i);

			g_hash_table_insert(fence->lines, g_strdup(e->key),
					    GUINT_TO_POINTER(e->line));
		}
		return fence;
	}
	case HAM_SECTION_BRIDGE: {
		struct ham_conf_bridge *bridge =
			g_new0(struct ham_conf_bridge, 1);

		bridge->name = g_strdup(section->name);
		return bridge;
	}
	case HAM_SECTION_UPLINK: {
		struct ham_conf_uplink *uplink =
			g_new0(struct ham_conf_uplink, 1);

		uplink->node = g_strdup(section->name);
		uplink->bridge = g_strdup(section->child);
		return uplink;
	}
	case HAM_SECTION_CLUSTER:
	case HAM_SECTION_N_KINDS:
		break;
	}
	return conf;
}

/* An agent takes the last of them on its standard input, and of some age any of
 * these names for it: a file's would be done in place of hamd's. */
static bool
is_action(const char *key)
{
	static const char *const names[] = {"action", "option", "o"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (g_ascii_strcasecmp(key, names[i]) == 0)
			return true;
	return false;
}

static bool
has_control(const char *text)
{
	while (*text && !g_ascii_iscntrl(*text))
		text++;
	return *text;
}

/* What fence agents take beyond the schema is theirs, but for what hamd says
 * itself and for secrets. */
static void
add_option(ham_doc *doc, const struct ham_section *section,
	   struct ham_entry *entry)
{
	struct ham_conf_fence *fence = section->object;
	const char *value = entry->value;

	if (ham_scan_is_secret(entry->key)) {
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       "a secret in this file",
				       "it in a file of mode 0600 that "
				       "%s_file names",
				       entry->key);
	} else if (is_action(entry->key)) {
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       value, "no action (hamd chooses it)");
	} else if (value &&
		   (!*value || strlen(value) > 1024 || has_control(value))) {
		/* a second line would be another option of the agent */
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       value,
				       "1 to 1024 bytes of text, one line");
	} else if (value && g_str_has_suffix(entry->key, "_file") &&
		   !ham_value_is_path(value)) {
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       value,
				       "an absolute path without "
				       "empty, . and .. parts");
	} else if (value) {
		entry->ok = true;
		g_hash_table_insert(fence->options, g_strdup(entry->key),
				    g_strdup(value));
	}
}

static void
set_entry(ham_doc *doc, const struct ham_section *section,
	  struct ham_entry *entry)
{
	const struct ham_key *key = ham_schema_find(section->kind, entry->key);
	g_autofree char *expected = NULL;

	if (!key && section->kind == HAM_SECTION_FENCE) {
		add_option(doc, section, entry);
	} else if (!key) {
		expected = ham_schema_names(section->kind);
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       "an unknown key", "one of %s", expected);
	} else if (entry->value) {
		entry->ok = ham_schema_set(key, entry->value, section->object);
		if (entry->ok)
			return;
		expected = ham_schema_expected(key);
		ham_section_problem_at(doc, section, entry->key, entry->line,
				       entry->value, "%s", expected);
	}
}

static void
fill(ham_doc *doc, const struct ham_section *section)
{
	for (unsigned int i = 0; i < section->entries->len; i++)
		set_entry(doc, section, section->entries->pdata[i]);
	for (unsigned int i = 0; i < ham_schema_len; i++) {
		const struct ham_key *key = &ham_schema[i];

		if (key->kind != section->kind ||
		    ham_section_find(section, key->name))
			continue;
		if (key->fallback) {
			bool ok = ham_schema_set(key, key->fallback,
						 section->object);

			g_assert(ok);
		} else if (key->required && !section->repeated) {
			g_autofree char *expected = ham_schema_expected(key);

			ham_section_problem(doc, section, key->name, NULL,
					    "%s: %s", key->help, expected);
		}
	}
}

/* Hangs the object into `array` unless it is full. */
static void
attach(ham_doc *doc, struct ham_section *section, GPtrArray *array,
       unsigned int max, const char *what)
{
	if (!array || section->repeated || array->len >= max) {
		section->discard = ham_conf_free_fn(section->kind);
		if (array && !section->repeated)
			ham_section_problem(doc, section, NULL, "one more",
					    "at most %u %s", max, what);
		return;
	}
	g_ptr_array_add(array, section->object);
}

static void
place(ham_doc *doc, struct ham_section *section, ham_conf *conf,
      GHashTable *guests)
{
	struct ham_conf_guest *guest =
		section->name ? g_hash_table_lookup(guests, section->name)
			      : NULL;

	switch (section->kind) {
	case HAM_SECTION_CLUSTER:
		conf->lease_line = ham_section_has(section, "lease")
					   ? ham_section_line(section, "lease")
					   : 0;
		break;
	case HAM_SECTION_NODE:
		attach(doc, section, conf->nodes, HAM_CONF_MAX_NODES, "nodes");
		break;
	case HAM_SECTION_GUEST:
		attach(doc, section, conf->guests, HAM_CONF_MAX_GUESTS,
		       "guests");
		break;
	case HAM_SECTION_DISK:
		attach(doc, section, guest ? guest->disks : NULL,
		       HAM_CONF_MAX_DISKS, "disks of a guest");
		break;
	case HAM_SECTION_PORT:
		attach(doc, section, guest ? guest->ports : NULL,
		       HAM_CONF_MAX_PORTS, "ports of a guest");
		break;
	case HAM_SECTION_FENCE:
		attach(doc, section, conf->fences, G_MAXUINT, "devices");
		break;
	case HAM_SECTION_BRIDGE:
		attach(doc, section, conf->bridges, HAM_CONF_MAX_BRIDGES,
		       "bridges");
		break;
	case HAM_SECTION_UPLINK:
		attach(doc, section, conf->uplinks, G_MAXUINT, "uplinks");
		break;
	case HAM_SECTION_N_KINDS:
		break;
	}
}

static void
name_uuid(struct ham_conf_guest *guest, const struct ham_section *section)
{
	if (!guest->uuid && !ham_section_find(section, "uuid"))
		guest->uuid = uuid_of_name(guest->name);
}

void
ham_conf_build(ham_doc *doc, ham_conf *conf)
{
	/* disks and ports may stand before their guest */
	g_autoptr(GHashTable) guests =
		g_hash_table_new(g_str_hash, g_str_equal);

	for (unsigned int i = 0; i < doc->sections->len; i++) {
		struct ham_section *section = doc->sections->pdata[i];

		/* a second [cluster] overwrites, the file is refused anyway */
		section->object = new_object(section, conf);
		fill(doc, section);
		if (section->kind != HAM_SECTION_GUEST)
			continue;
		name_uuid(section->object, section);
		if (!section->repeated)
			g_hash_table_insert(guests, section->name,
					    section->object);
	}
	for (unsigned int i = 0; i < doc->sections->len; i++)
		place(doc, doc->sections->pdata[i], conf, guests);
}
