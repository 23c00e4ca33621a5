/* SPDX-License-Identifier: BSD-3-Clause */
/* config/scan.c - line by line over the cluster file, before GKeyFile
 *
 * Every line is a comment, a group, a key with its value, or a problem; a
 * line with a problem does not stop the scan.  Values are not looked into
 * beyond what GKeyFile would misread; their types are schema.c's.
 */
#include "config/scan.h"

#include <string.h>

#include "config/conf.h"
#include "config/value.h"

const char *const ham_section_words[HAM_SECTION_N_KINDS] = {
	"cluster", "node", "guest", "bridge", "disk", "port", "fence", "uplink",
};

#define GROUP_FORMS                                                            \
	"[cluster], [node NODE], [guest GUEST], [bridge BRIDGE], "             \
	"[disk GUEST/DISK], [port GUEST/PORT], [fence NODE/DEVICE] or "        \
	"[uplink NODE/BRIDGE]"

/* A scan under way. */
struct scan {
	ham_doc *doc;
	struct ham_section *section; /* NULL: none yet, or one refused */
	bool group_seen;
	GHashTable *titles; /* title -> struct ham_section *, not owned */
	GHashTable *keys;   /* key -> struct ham_entry *, of this section */
	GString *copy;	    /* what GKeyFile will read */
	unsigned int line;
};

bool
ham_scan_is_secret(const char *key)
{
	g_autofree char *lower = g_ascii_strdown(key, -1);

	return strstr(lower, "passw") && !g_str_has_suffix(lower, "_file") &&
	       !g_str_has_suffix(lower, "_script");
}

/* `key` NULL: `found` may be a whole line, with a secret in it. */
static void
complain(struct scan *scan, const char *key, const char *found,
	 const char *expected)
{
	const struct ham_conf_place place = {
		.file = scan->doc->path,
		.line = scan->line,
		.section = scan->section ? scan->section->title : NULL,
		.key = key,
	};

	if (ham_scan_is_secret(key ? key : found))
		found = "text that is not shown";
	ham_conf_problem_add(scan->doc->problems, &place, found, "%s",
			     expected);
}

static void
entry_free(void *data)
{
	struct ham_entry *entry = data;

	g_free(entry->key);
	g_free(entry->value);
	g_free(entry);
}

static void
section_free(void *data)
{
	struct ham_section *section = data;

	g_free(section->title);
	g_free(section->name);
	g_free(section->child);
	g_ptr_array_unref(section->entries);
	if (section->discard)
		section->discard(section->object);
	g_free(section);
}

/* What is between the brackets -> kind and names.  NULL if malformed. */
static struct ham_section *
parse_title(const char *title)
{
	g_autofree struct ham_section *section = g_new0(struct ham_section, 1);
	g_auto(GStrv) words = g_strsplit(title, " ", 3);
	g_auto(GStrv) names = NULL;
	unsigned int kind, wanted, n;

	for (kind = 0; kind < HAM_SECTION_N_KINDS; kind++)
		if (g_strcmp0(words[0], ham_section_words[kind]) == 0)
			break;
	if (kind == HAM_SECTION_N_KINDS)
		return NULL;
	wanted = kind == HAM_SECTION_CLUSTER  ? 0
		 : kind <= HAM_SECTION_BRIDGE ? 1
					      : 2;
	if (g_strv_length(words) != (wanted ? 2 : 1))
		return NULL;
	names = g_strsplit(wanted ? words[1] : "", "/", 3);
	n = g_strv_length(names);
	if (n != wanted)
		return NULL;
	for (unsigned int i = 0; i < n; i++)
		if (!ham_value_is_name(names[i]))
			return NULL;
	section->kind = kind;
	section->title = g_strdup(title);
	section->name = n > 0 ? g_strdup(names[0]) : NULL;
	section->child = n > 1 ? g_strdup(names[1]) : NULL;
	section->entries = g_ptr_array_new_with_free_func(entry_free);
	return g_steal_pointer(&section);
}

static void
take_group(struct scan *scan, char *text)
{
	g_autofree char *shown = g_strdup(text);
	struct ham_section *section = NULL, *first;
	size_t len = strlen(text);

	scan->group_seen = true;
	scan->section = NULL;
	g_hash_table_remove_all(scan->keys);
	if (text[len - 1] == ']') {
		text[len - 1] = '\0';
		section = parse_title(text + 1);
	}
	if (!section) {
		complain(scan, NULL, shown, GROUP_FORMS);
		return;
	}
	section->line = scan->line;
	scan->section = section;
	g_ptr_array_add(scan->doc->sections, section);
	g_string_append_printf(scan->copy, "[%u]\n",
			       scan->doc->sections->len - 1);
	first = g_hash_table_lookup(scan->titles, section->title);
	if (!first) {
		g_hash_table_insert(scan->titles, section->title, section);
		return;
	}
	section->repeated = true;
	ham_section_problem(scan->doc, section, NULL, "this section again",
			    "it once (it is on line %u)", first->line);
}

static bool
is_key(const char *key)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return *key && strlen(key) <= 64 && key[strspn(key, set)] == '\0';
}

/* GKeyFile knows no comment behind a value: it would become part of it. */
static bool
has_comment(const char *value)
{
	for (const char *p = value; *p; p++)
		if ((*p == ';' || *p == '#') &&
		    (p == value || p[-1] == ' ' || p[-1] == '\t'))
			return true;
	return false;
}

/* `value` NULL: refused already.  The entry is kept all the same, so that its
 * key does not count as missing. */
static void
add_entry(struct scan *scan, const char *key, const char *value)
{
	struct ham_entry *entry = g_new0(struct ham_entry, 1), *first;
	GPtrArray *entries = scan->section->entries;

	entry->line = scan->line;
	entry->key = g_strdup(key);
	if (value)
		g_string_append_printf(scan->copy, "%u=%s\n", entries->len,
				       value);
	g_ptr_array_add(entries, entry);
	first = g_hash_table_lookup(scan->keys, key);
	if (first)
		ham_section_problem_at(scan->doc, scan->section, key,
				       scan->line, "this key again",
				       "it once (it is on line %u)",
				       first->line);
	else
		g_hash_table_insert(scan->keys, entry->key, entry);
}

static void
take_entry(struct scan *scan, char *text, bool clean)
{
	char *equals = strchr(text, '=');
	const char *value;

	if (!equals) {
		if (clean)
			complain(scan, NULL, text,
				 "KEY = VALUE, [SECTION] or # COMMENT");
		return;
	}
	*equals = '\0';
	g_strchomp(text);
	value = equals + 1 + strspn(equals + 1, " \t");
	if (!scan->group_seen) {
		if (clean)
			complain(scan, NULL, text,
				 "a [SECTION] before the first key");
		return;
	}
	if (!is_key(text)) {
		if (clean)
			complain(scan, NULL, text,
				 "a key (letters, digits, and . _ -)");
		return;
	}
	if (!scan->section)
		return;
	if (clean && has_comment(value)) {
		complain(scan, text, value,
			 "the value alone (comments have lines of their own; "
			 "a ; or # after a space is written \\s; or \\s#)");
		clean = false;
	}
	add_entry(scan, text, clean ? value : NULL);
}

/* Bytes that no line may have.  True if there are none. */
static bool
check_bytes(struct scan *scan, const char *line, size_t len)
{
	const char *expected = NULL;
	g_autofree char *shown = NULL;

	if (len > HAM_SCAN_LINE_MAX)
		expected = "a line of at most 4096 bytes";
	else if (memchr(line, '\0', len))
		expected = "text without NUL bytes";
	else if (!g_utf8_validate_len(line, len, NULL))
		expected = "UTF-8 text";
	else
		for (size_t i = 0; i < len; i++)
			if (g_ascii_iscntrl(line[i]) && line[i] != '\t')
				expected = "text without control characters";
	if (!expected)
		return true;
	shown = ham_conf_printable(line, len);
	complain(scan, NULL, shown, expected);
	return false;
}

static void
take_line(struct scan *scan, const char *line, size_t len)
{
	g_autofree char *text = NULL;
	bool clean;

	scan->line++;
	clean = check_bytes(scan, line, len);
	text = g_strstrip(g_strndup(line, len));
	if (*text == '[')
		take_group(scan, text);
	else if (*text == ';')
		complain(scan, NULL, text, "# before a comment");
	else if (*text && *text != '#')
		take_entry(scan, text, clean);
}

/* One value as GKeyFile understands it. */
static void
interpret_entry(struct scan *scan, GKeyFile *file,
		const struct ham_section *section, struct ham_entry *entry,
		const char *group, const char *key)
{
	g_autofree char *raw = g_key_file_get_value(file, group, key, NULL);
	g_autofree char *value = NULL;
	g_autoptr(GError) refused = NULL;

	if (!raw)
		return;
	value = g_key_file_get_string(file, group, key, &refused);
	if (!refused)
		entry->value = g_steal_pointer(&value);
	else
		ham_section_problem_at(scan->doc, section, entry->key,
				       entry->line,
				       ham_scan_is_secret(entry->key)
					       ? "text that is not shown"
					       : raw,
				       "\\s, \\t, \\n, \\r or \\\\ where a \\ "
				       "stands");
}

/* Lets GKeyFile read the numbered copy. */
static void
interpret(struct scan *scan)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	GPtrArray *sections = scan->doc->sections;

	if (!scan->copy->len)
		return;
	/* each of its lines was built here: [N] or N=VALUE */
	if (!g_key_file_load_from_data(file, scan->copy->str, scan->copy->len,
				       G_KEY_FILE_NONE, NULL))
		g_assert_not_reached();
	for (unsigned int i = 0; i < sections->len; i++) {
		const struct ham_section *section = sections->pdata[i];
		g_autofree char *group = g_strdup_printf("%u", i);

		for (unsigned int j = 0; j < section->entries->len; j++) {
			g_autofree char *key = g_strdup_printf("%u", j);

			interpret_entry(scan, file, section,
					section->entries->pdata[j], group, key);
		}
	}
}

ham_doc *
ham_scan(const char *path, const char *text, size_t len, GPtrArray *problems)
{
	ham_doc *doc = g_new0(ham_doc, 1);
	struct scan scan = {
		.doc = doc,
		.titles = g_hash_table_new(g_str_hash, g_str_equal),
		.keys = g_hash_table_new(g_str_hash, g_str_equal),
		.copy = g_string_new(NULL),
	};

	doc->path = path;
	doc->problems = problems;
	doc->sections = g_ptr_array_new_with_free_func(section_free);
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - (text + at)) : len - at;

		/* as GKeyFile: a \r counts only as part of a line's end */
		take_line(&scan, text + at,
			  end && n && end[-1] == '\r' ? n - 1 : n);
		at += n + 1;
	}
	interpret(&scan);
	g_hash_table_unref(scan.titles);
	g_hash_table_unref(scan.keys);
	g_string_free(scan.copy, TRUE);
	return doc;
}

struct ham_entry *
ham_section_find(const struct ham_section *section, const char *key)
{
	for (unsigned int i = 0; i < section->entries->len; i++) {
		struct ham_entry *entry = section->entries->pdata[i];

		if (g_strcmp0(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

unsigned int
ham_section_line(const struct ham_section *section, const char *key)
{
	const struct ham_entry *entry =
		key ? ham_section_find(section, key) : NULL;

	return entry ? entry->line : section->line;
}

bool
ham_section_has(const struct ham_section *section, const char *key)
{
	const struct ham_entry *entry = ham_section_find(section, key);

	return entry && entry->ok;
}

void
ham_doc_free(ham_doc *doc)
{
	if (!doc)
		return;
	g_ptr_array_unref(doc->sections);
	g_free(doc);
}
