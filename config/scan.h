/* SPDX-License-Identifier: BSD-3-Clause */
/* config/scan.h - the cluster file as sections and entries with their lines
 *
 * Finds what GKeyFile swallows without a word: a group or a key that comes
 * twice, a comment behind a value, a key before the first group.  GKeyFile
 * then reads a copy in which groups and keys are numbered, so that it can
 * merge nothing, and interprets the values (its escapes such as \s).
 */
#ifndef HAM_CONF_SCAN_H
#define HAM_CONF_SCAN_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/problem.h"

enum ham_section_kind {
	HAM_SECTION_CLUSTER,
	HAM_SECTION_NODE,
	HAM_SECTION_GUEST,
	HAM_SECTION_BRIDGE,
	HAM_SECTION_DISK,
	HAM_SECTION_PORT,
	HAM_SECTION_FENCE,
	HAM_SECTION_UPLINK,
	HAM_SECTION_N_KINDS
};

enum {
	HAM_SCAN_LINE_MAX = 4096, /* bytes of a line */
};

struct ham_entry {
	unsigned int line;
	char *key;
	char *value; /* NULL: refused, a problem says why */
	bool ok;     /* the value is in the section's object */
};

struct ham_section {
	enum ham_section_kind kind;
	unsigned int line;
	char *title;		/* "disk web1/root" */
	char *name;		/* "web1"; NULL for [cluster] */
	char *child;		/* "root" of a disk, port or fence; else NULL */
	bool repeated;		/* checked, but not part of the configuration */
	GPtrArray *entries;	/* struct ham_entry *, in the file's order */
	void *object;		/* struct ham_conf_guest * and so on */
	GDestroyNotify discard; /* set: the object is not part of the
				 * configuration and is freed with this */
};

typedef struct ham_doc {
	const char *path;
	GPtrArray *problems; /* the caller's */
	GPtrArray *sections; /* struct ham_section *, in the file's order */
} ham_doc;

/* "cluster", "node", ... */
extern const char *const ham_section_words[HAM_SECTION_N_KINDS];

/* Takes any bytes.  Problems are appended to `problems`, which is kept, as is
 * `path`, by the result. */
ham_doc *ham_scan(const char *path, const char *text, size_t len,
		  GPtrArray *problems);

/* Whether a value under such a key must not be shown. */
bool ham_scan_is_secret(const char *key);

/* The first entry of that key; NULL if there is none. */
struct ham_entry *ham_section_find(const struct ham_section *section,
				   const char *key);

/* The line of the key, or of the section if the key is not there. */
unsigned int ham_section_line(const struct ham_section *section,
			      const char *key);

/* Whether the key stands in the section with a value that was taken. */
bool ham_section_has(const struct ham_section *section, const char *key);

/* Appends a problem with a key of a section (NULL: with the section). */
#define ham_section_problem(doc, sec, at_key, found, ...)                      \
	ham_section_problem_at(doc, sec, at_key,                               \
			       ham_section_line(sec, at_key), found,           \
			       __VA_ARGS__)
#define ham_section_problem_at(doc, sec, at_key, at_line, found, ...)          \
	ham_conf_problem_add((doc)->problems,                                  \
			     &(const struct ham_conf_place){                   \
				     .file = (doc)->path,                      \
				     .line = (at_line),                        \
				     .section = (sec)->title,                  \
				     .key = (at_key),                          \
			     },                                                \
			     found, __VA_ARGS__)

void ham_doc_free(ham_doc *doc);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_doc, ham_doc_free)

#endif
