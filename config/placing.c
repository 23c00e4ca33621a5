/* SPDX-License-Identifier: BSD-3-Clause */
/* config/placing.c - prefer, with and apart: names that are there and agree
 *
 * What one guest says of another holds for both, so two sections can
 * contradict each other.  Whether there are nodes enough for all of it is not
 * asked here: that changes with every node that comes and goes, and is told by
 * `hamctl plan failure`.
 */
#include <string.h>

#include "config/build.h"

static bool
has_name(char **names, const char *name)
{
	return names && g_strv_contains((const char *const *)names, name);
}

/* Every name once; true for the first of its kind. */
static bool
is_first(char **names, char **at)
{
	for (char **name = names; name < at; name++)
		if (strcmp(*name, *at) == 0)
			return false;
	return true;
}

static void
relate_prefer(ham_doc *doc, const struct ham_section *section,
	      GHashTable *nodes)
{
	const struct ham_conf_guest *guest = section->object;

	for (char **name = guest->prefer; name && *name; name++) {
		const struct ham_section *other =
			g_hash_table_lookup(nodes, *name);
		const struct ham_conf_node *node =
			other ? other->object : NULL;

		if (!node)
			ham_section_problem(doc, section, "prefer", *name,
					    "a node that has a section "
					    "[node NAME]");
		else if (node->witness)
			ham_section_problem(doc, section, "prefer", *name,
					    "a node that holds guests ([%s] in "
					    "line %u is a witness)",
					    other->title, other->line);
		else if (!is_first(guest->prefer, name))
			ham_section_problem(doc, section, "prefer", *name,
					    "each name once");
	}
}

static void
relate_names(ham_doc *doc, const struct ham_section *section, const char *key,
	     char **names, GHashTable *guests)
{
	for (char **name = names; name && *name; name++) {
		if (!g_hash_table_contains(guests, *name))
			ham_section_problem(doc, section, key, *name,
					    "a guest that has a section "
					    "[guest NAME]");
		else if (strcmp(*name, section->name) == 0)
			ham_section_problem(doc, section, key, *name,
					    "another guest than this one");
		else if (!is_first(names, name))
			ham_section_problem(doc, section, key, *name,
					    "each name once");
	}
}

/* Every contradiction has a `with` in it: that is blamed. */
static void
relate_contradictions(ham_doc *doc, const struct ham_section *section,
		      GHashTable *guests)
{
	const struct ham_conf_guest *guest = section->object;

	for (char **name = guest->with; name && *name; name++) {
		const struct ham_section *other =
			g_hash_table_lookup(guests, *name);
		const struct ham_conf_guest *second =
			other ? other->object : NULL;
		const struct ham_section *says = NULL;

		if (has_name(guest->apart, *name))
			says = section;
		else if (second && has_name(second->apart, guest->name))
			says = other;
		if (says)
			ham_section_problem(doc, section, "with", *name,
					    "a guest that it is not apart from "
					    "([%s] apart in line %u)",
					    says->title,
					    ham_section_line(says, "apart"));
	}
}

void
ham_conf_relate_placing(ham_doc *doc, const struct ham_section *section,
			GHashTable *nodes, GHashTable *guests)
{
	const struct ham_conf_guest *guest = section->object;

	relate_prefer(doc, section, nodes);
	relate_names(doc, section, "with", guest->with, guests);
	relate_names(doc, section, "apart", guest->apart, guests);
	relate_contradictions(doc, section, guests);
}
