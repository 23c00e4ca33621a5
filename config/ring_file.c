/* SPDX-License-Identifier: BSD-3-Clause */
/* config/ring_file.c - reads what hamd needs of a corosync.conf(5)
 *
 * Works out the values in force as corosync does: defaults, the token that
 * grows with the number of nodes, what secauth and two_node imply.  Refuses
 * what corosync itself refuses to parse; judges nothing else (ring.c does).
 */
#include <stdio.h>
#include <string.h>

#include "config/conf.h"
#include "config/problem.h"
#include "config/value.h"

enum {
	FILE_MAX_BYTES = 1 << 20,
	DEPTH_MAX = 8,
	NAME_MAX_BYTES = 64, /* of a section */

	/* corosync.conf(5), 3.1 */
	TOKEN_MS = 3000,
	TOKEN_COEFFICIENT_MS = 650,
	TIME_MAX_MS = 24 * 3600 * 1000,
};

struct reading {
	const char *file;
	struct ham_conf_ring *ring;
	GPtrArray *problems;
	unsigned int line;
	GString *path;	    /* "nodelist.node" */
	unsigned int depth; /* of open sections; those too deep only count */
	size_t outer[DEPTH_MAX]; /* the path's length outside of each */
	uint64_t token_ms;
	uint64_t coefficient_ms;
	uint64_t consensus_ms; /* 0: not set */
	bool secauth;
	bool has_wait_for_all;
	bool overflow; /* more nodes than the array has room for */
};

static void
complain(const struct reading *r, const char *key, const char *found,
	 const char *expected)
{
	const struct ham_conf_place place = {
		.file = r->file,
		.line = r->line,
		.section = r->path->len ? r->path->str : NULL,
		.key = key,
	};

	ham_conf_problem_add(r->problems, &place, found, "%s", expected);
}

static bool
number(const struct reading *r, const char *key, const char *value,
       uint64_t max, uint64_t *out)
{
	if (ham_value_number(value, out) && *out <= max)
		return true;
	complain(r, key, value, "a number");
	return false;
}

static void
take_word(struct reading *r, const char *key, const char *value, char *field,
	  size_t size)
{
	if (strlen(value) >= size)
		complain(r, key, value, "a word that corosync knows");
	else
		g_strlcpy(field, value, size);
}

static bool
take_flag(const struct reading *r, const char *key, const char *value,
	  bool *field)
{
	uint64_t n;

	if (!number(r, key, value, 255, &n))
		return false;
	*field = n != 0;
	return true;
}

static void
take_totem(struct reading *r, const char *key, const char *value)
{
	struct ham_conf_ring *ring = r->ring;

	if (strcmp(key, "crypto_cipher") == 0) {
		ring->lines[HAM_CONF_RING_CIPHER] = r->line;
		take_word(r, key, value, ring->crypto_cipher,
			  sizeof(ring->crypto_cipher));
	} else if (strcmp(key, "crypto_hash") == 0) {
		ring->lines[HAM_CONF_RING_HASH] = r->line;
		take_word(r, key, value, ring->crypto_hash,
			  sizeof(ring->crypto_hash));
	} else if (strcmp(key, "secauth") == 0) {
		r->secauth = strcmp(value, "on") == 0;
	} else if (strcmp(key, "transport") == 0) {
		ring->lines[HAM_CONF_RING_TRANSPORT] = r->line;
		take_word(r, key, value, ring->transport,
			  sizeof(ring->transport));
	} else if (strcmp(key, "token") == 0) {
		number(r, key, value, TIME_MAX_MS, &r->token_ms);
	} else if (strcmp(key, "token_coefficient") == 0) {
		number(r, key, value, TIME_MAX_MS, &r->coefficient_ms);
	} else if (strcmp(key, "consensus") == 0) {
		number(r, key, value, TIME_MAX_MS, &r->consensus_ms);
	}
}

static void
take_quorum(struct reading *r, const char *key, const char *value)
{
	struct ham_conf_ring *ring = r->ring;
	const struct {
		const char *name;
		enum ham_conf_ring_key index;
		bool *field;
	} flags[] = {
		{"last_man_standing", HAM_CONF_RING_LAST_MAN_STANDING,
		 &ring->last_man_standing},
		{"allow_downscale", HAM_CONF_RING_ALLOW_DOWNSCALE,
		 &ring->allow_downscale},
		{"auto_tie_breaker", HAM_CONF_RING_AUTO_TIE_BREAKER,
		 &ring->auto_tie_breaker},
		{"two_node", HAM_CONF_RING_TWO_NODE, &ring->two_node},
		{"wait_for_all", HAM_CONF_RING_WAIT_FOR_ALL,
		 &ring->wait_for_all},
	};
	uint64_t n;

	if (strcmp(key, "provider") == 0) {
		ring->lines[HAM_CONF_RING_PROVIDER] = r->line;
		take_word(r, key, value, ring->provider,
			  sizeof(ring->provider));
		return;
	}
	if (strcmp(key, "expected_votes") == 0) {
		ring->lines[HAM_CONF_RING_EXPECTED_VOTES] = r->line;
		if (number(r, key, value, 65535, &n))
			ring->expected_votes = (unsigned int)n;
		return;
	}
	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
		if (strcmp(key, flags[i].name) != 0)
			continue;
		ring->lines[flags[i].index] = r->line;
		take_flag(r, key, value, flags[i].field);
		if (flags[i].index == HAM_CONF_RING_WAIT_FOR_ALL)
			r->has_wait_for_all = true;
	}
}

static void
take_node(struct reading *r, const char *key, const char *value)
{
	struct ham_conf_ring_node *node;
	uint64_t n;

	if (r->overflow)
		return;
	node = &r->ring->nodes[r->ring->n_nodes - 1];
	if (strcmp(key, "name") == 0) {
		if (!ham_value_is_name(value))
			complain(r, key, value,
				 "a name that a [node NAME] can have (at most "
				 "47 letters, digits and . _ -)");
		else
			g_strlcpy(node->name, value, sizeof(node->name));
	} else if (strcmp(key, "nodeid") == 0) {
		if (number(r, key, value, G_MAXUINT32, &n))
			node->id = (uint32_t)n;
	} else if (strcmp(key, "quorum_votes") == 0) {
		if (number(r, key, value, 65535, &n))
			node->votes = (unsigned int)n;
	}
}

static void
open_node(struct reading *r)
{
	struct ham_conf_ring *ring = r->ring;

	if (ring->n_nodes == G_N_ELEMENTS(ring->nodes)) {
		if (!r->overflow)
			complain(r, NULL, "one more", "at most 64 nodes");
		r->overflow = true;
		return;
	}
	ring->nodes[ring->n_nodes].votes = 1;
	ring->nodes[ring->n_nodes].line = r->line;
	ring->n_nodes++;
}

static void
open_section(struct reading *r, const char *name)
{
	if (r->depth >= DEPTH_MAX) {
		if (r->depth++ == DEPTH_MAX)
			complain(r, NULL, name, "at most 8 sections deep");
		return;
	}
	if (!*name || strlen(name) > NAME_MAX_BYTES) {
		complain(r, NULL, name, "a section's name before {");
		name = "?";
	}
	r->outer[r->depth++] = r->path->len;
	g_string_append_printf(r->path, "%s%s", r->path->len ? "." : "", name);
	if (strcmp(r->path->str, "quorum.device") == 0) {
		r->ring->has_device = true;
		r->ring->lines[HAM_CONF_RING_DEVICE] = r->line;
	}
	if (strcmp(r->path->str, "nodelist.node") == 0)
		open_node(r);
}

static void
close_section(struct reading *r)
{
	if (!r->depth)
		complain(r, NULL, "}", "as many { before it");
	else if (--r->depth < DEPTH_MAX)
		g_string_truncate(r->path, r->outer[r->depth]);
}

static void
take_item(struct reading *r, const char *key, const char *value)
{
	if (strcmp(r->path->str, "totem") == 0)
		take_totem(r, key, value);
	else if (strcmp(r->path->str, "quorum") == 0)
		take_quorum(r, key, value);
	else if (strcmp(r->path->str, "nodelist.node") == 0)
		take_node(r, key, value);
}

/* As corosync: a { makes a section whatever else the line holds, then a :
 * makes an item, and # is a comment at the start only. */
static void
take_line(struct reading *r, char *text)
{
	char *brace = strchr(text, '{');
	char *colon = strchr(text, ':');

	if (!*text || *text == '#')
		return;
	if (brace) {
		if (brace[1])
			complain(r, NULL, brace + 1, "nothing behind {");
		*brace = '\0';
		/* "totem: {" is a section, too */
		while (brace > text && strchr(" \t:", brace[-1]))
			*--brace = '\0';
		open_section(r, text);
	} else if (colon) {
		*colon = '\0';
		take_item(r, g_strstrip(text), g_strstrip(colon + 1));
	} else if (strcmp(text, "}") == 0) {
		close_section(r);
	} else {
		complain(r, NULL, text, "SECTION {, KEY: VALUE or }");
	}
}

/* What follows from other values, as corosync works it out. */
static void
derive(struct reading *r)
{
	struct ham_conf_ring *ring = r->ring;
	uint64_t token = r->token_ms ? r->token_ms : TOKEN_MS;

	if (ring->n_nodes > 2)
		token += r->coefficient_ms * (ring->n_nodes - 2);
	ring->token_ms = (unsigned int)token;
	ring->consensus_ms = (unsigned int)(r->consensus_ms ? r->consensus_ms
							    : token * 12 / 10);
	if (!ring->crypto_cipher[0])
		g_strlcpy(ring->crypto_cipher, r->secauth ? "aes256" : "none",
			  sizeof(ring->crypto_cipher));
	if (!ring->crypto_hash[0])
		g_strlcpy(ring->crypto_hash, r->secauth ? "sha256" : "none",
			  sizeof(ring->crypto_hash));
	if (ring->two_node && !r->has_wait_for_all)
		ring->wait_for_all = true;
}

bool
ham_conf_ring_parse(const char *path, const char *text, size_t len,
		    struct ham_conf_ring *ring, GPtrArray *problems)
{
	struct reading r = {
		.file = path,
		.ring = ring,
		.problems = problems,
		.path = g_string_new(NULL),
		.coefficient_ms = TOKEN_COEFFICIENT_MS,
	};
	unsigned int before = problems->len;

	memset(ring, 0, sizeof(*ring));
	ring->source = path;
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t n = end ? (size_t)(end - (text + at)) : len - at;
		g_autofree char *line = g_strndup(text + at, n);

		r.line++;
		if (strlen(line) < n)
			complain(&r, NULL, "a NUL byte", "text");
		take_line(&r, g_strstrip(line));
		at += n + 1;
	}
	if (r.depth)
		complain(&r, NULL, "the end of the file",
			 "a } for each section");
	derive(&r);
	g_string_free(r.path, TRUE);
	ham_conf_problems_sort(problems, before, path);
	return problems->len == before;
}

bool
ham_conf_ring_load(const char *path, struct ham_conf_ring *ring,
		   GPtrArray *problems)
{
	g_autofree char *text = NULL;
	size_t len;

	text = ham_conf_read(path, FILE_MAX_BYTES, &len, problems);
	if (!text)
		return false;
	return ham_conf_ring_parse(path, text, len, ring, problems);
}
