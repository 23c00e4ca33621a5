/* SPDX-License-Identifier: BSD-3-Clause */
/* config/unique.c - values that may stand only once in the file
 *
 * MAC and IP addresses, UUIDs and image paths.  The second one is blamed and
 * the first one named.
 */
#include <string.h>

#include "config/build.h"

/* Who had a value first. */
struct holder {
	const struct ham_section *section;
	unsigned int line;
};

struct search {
	ham_doc *doc;
	GHashTable *seen; /* "KIND VALUE" -> struct holder * */
};

/* `word` is the kind of value, a namespace of its own. */
static void
once(const struct search *search, const struct ham_section *section,
     const char *key, const char *word, const char *value)
{
	g_autofree char *index = g_strdup_printf("%s %s", word, value);
	const struct holder *first = g_hash_table_lookup(search->seen, index);
	struct holder *holder;

	if (first) {
		ham_section_problem(search->doc, section, key, value,
				    "%s that is not in [%s] (line %u), too",
				    word, first->section->title, first->line);
		return;
	}
	holder = g_new0(struct holder, 1);
	holder->section = section;
	holder->line = ham_section_line(section, key);
	g_hash_table_insert(search->seen, g_steal_pointer(&index), holder);
}

static void
once_port(const struct search *search, const struct ham_section *section)
{
	const struct ham_conf_port *port = section->object;
	const uint8_t *m = port->mac;

	if (ham_section_has(section, "mac")) {
		g_autofree char *mac =
			g_strdup_printf("%02x:%02x:%02x:%02x:%02x:%02x", m[0],
					m[1], m[2], m[3], m[4], m[5]);

		once(search, section, "mac", "a MAC address", mac);
	}
	for (char **address = port->addresses; address && *address; address++)
		once(search, section, "address", "an address", *address);
}

static void
once_section(const struct search *search, const struct ham_section *section)
{
	const struct ham_conf_node *node = section->object;
	const struct ham_conf_guest *guest = section->object;
	const struct ham_conf_disk *disk = section->object;

	switch (section->kind) {
	case HAM_SECTION_NODE:
		if (node->address_migration)
			once(search, section, "address.migration", "an address",
			     node->address_migration);
		break;
	case HAM_SECTION_GUEST:
		if (guest->uuid)
			once(search, section, "uuid", "a UUID", guest->uuid);
		break;
	case HAM_SECTION_DISK:
		if (disk->path)
			once(search, section, "path", "an image's path",
			     disk->path);
		break;
	case HAM_SECTION_PORT:
		once_port(search, section);
		break;
	case HAM_SECTION_CLUSTER:
	case HAM_SECTION_BRIDGE:
	case HAM_SECTION_FENCE:
	case HAM_SECTION_UPLINK:
	case HAM_SECTION_N_KINDS:
		break;
	}
}

/* A kernel may serve many guests, but no guest may write to it. */
static void
not_a_disk(const struct search *search, const struct ham_section *section,
	   const char *key, const char *path)
{
	g_autofree char *index =
		path ? g_strdup_printf("an image's path %s", path) : NULL;
	const struct holder *disk =
		index ? g_hash_table_lookup(search->seen, index) : NULL;

	if (disk)
		ham_section_problem(search->doc, section, key, path,
				    "a file that is not the image of [%s] "
				    "(line %u)",
				    disk->section->title, disk->line);
}

void
ham_conf_unique(ham_doc *doc)
{
	struct search search = {
		.doc = doc,
		.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
					      g_free),
	};

	for (unsigned int i = 0; i < doc->sections->len; i++) {
		const struct ham_section *section = doc->sections->pdata[i];

		if (!section->repeated)
			once_section(&search, section);
	}
	for (unsigned int i = 0; i < doc->sections->len; i++) {
		const struct ham_section *section = doc->sections->pdata[i];
		const struct ham_conf_guest *guest = section->object;

		if (section->kind != HAM_SECTION_GUEST || section->repeated)
			continue;
		not_a_disk(&search, section, "kernel", guest->kernel);
		not_a_disk(&search, section, "initrd", guest->initrd);
	}
	g_hash_table_unref(search.seen);
}
