/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/read.c - what QEMU answers about nodes and jobs
 *
 * Every value is asked for its type first: a QEMU that a guest has broken into
 * may answer anything, and must only get "not understood".
 *
 * Pure.  Refuses to guess: what is missing is absent or an error.
 */
#include "blockmirror/blockmirror.h"

#include <string.h>

#include "hamd/base/error.h"

static const char *
text(JsonObject *object, const char *member)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;

	if (!node || json_node_get_value_type(node) != G_TYPE_STRING)
		return NULL;
	return json_node_get_string(node);
}

/* False if it is not a number of 0 or more. */
static bool
number(JsonObject *object, const char *member, uint64_t *out)
{
	JsonNode *node = object ? json_object_get_member(object, member) : NULL;

	if (!node || json_node_get_value_type(node) != G_TYPE_INT64 ||
	    json_node_get_int(node) < 0)
		return false;
	*out = (uint64_t)json_node_get_int(node);
	return true;
}

static bool
truth(JsonObject *object, const char *member)
{
	JsonNode *node = json_object_get_member(object, member);

	return node && json_node_get_value_type(node) == G_TYPE_BOOLEAN &&
	       json_node_get_boolean(node);
}

static JsonArray *
as_array(JsonNode *node)
{
	return node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node)
						   : NULL;
}

static JsonArray *
array_member(JsonNode *node, const char *member)
{
	if (!node || !JSON_NODE_HOLDS_OBJECT(node))
		return NULL;
	return as_array(
		json_object_get_member(json_node_get_object(node), member));
}

static guint
length(JsonArray *array)
{
	return array ? json_array_get_length(array) : 0;
}

/* Element i if it is an object, else NULL. */
static JsonObject *
element(JsonArray *array, guint i)
{
	JsonNode *node = json_array_get_element(array, i);

	return JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
}

/* The graph's nodes have numbers, by which the edges know them. */
static bool
find_by_name(JsonArray *nodes, const char *name, uint64_t *id)
{
	for (guint i = 0; i < length(nodes); i++) {
		JsonObject *node = element(nodes, i);

		if (g_strcmp0(text(node, "name"), name) == 0 &&
		    number(node, "id", id))
			return true;
	}
	return false;
}

static const char *
find_by_id(JsonArray *nodes, uint64_t wanted)
{
	for (guint i = 0; i < length(nodes); i++) {
		JsonObject *node = element(nodes, i);
		uint64_t id;

		if (number(node, "id", &id) && id == wanted)
			return text(node, "name");
	}
	return NULL;
}

/* Is `node` of this slot?  "PREFIXnull7" or "PREFIXnbd7". */
static bool
parse_slot_node(const char *node, const char *prefix, bool *replica,
		unsigned int *serial)
{
	guint64 value;
	char *end;

	if (!g_str_has_prefix(node, prefix))
		return false;
	node += strlen(prefix);
	*replica = g_str_has_prefix(node, "nbd");
	if (!*replica && !g_str_has_prefix(node, "null"))
		return false;
	node += *replica ? 3 : 4;
	if (!g_ascii_isdigit(*node))
		return false;
	value = g_ascii_strtoull(node, &end, 10);
	*serial = (unsigned int)value;
	return *end == '\0' && value <= G_MAXUINT;
}

/* Of two nodes in one slot the one with the higher serial is in it. */
static void
take_child(struct ham_bm_slot *slot, const struct ham_bm_slot *found)
{
	struct ham_bm_slot before = *slot;
	bool newer = !before.child[0] || found->serial > before.serial;

	if (newer)
		*slot = *found;
	if (before.child[0]) {
		const struct ham_bm_slot *older = newer ? &before : found;

		g_strlcpy(slot->older, older->child, sizeof(slot->older));
		g_strlcpy(slot->older_node, older->node,
			  sizeof(slot->older_node));
	}
}

bool
ham_bm_read_slot(JsonNode *block_graph, const struct ham_bm_disk *disk,
		 unsigned int slot, struct ham_bm_slot *out, GError **error)
{
	g_autofree char *quorum = g_strdup_printf("d%u-q", disk->index);
	g_autofree char *prefix =
		g_strdup_printf("d%u-s%u-", disk->index, slot);
	JsonArray *nodes = array_member(block_graph, "nodes");
	JsonArray *edges = array_member(block_graph, "edges");
	uint64_t quorum_id, parent, child;

	memset(out, 0, sizeof(*out));
	if (!find_by_name(nodes, quorum, &quorum_id)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "the block graph has no node '%s'", quorum);
		return false;
	}
	for (guint i = 0; i < length(edges); i++) {
		JsonObject *edge = element(edges, i);
		struct ham_bm_slot found = {0};
		const char *node, *name = text(edge, "name");

		if (!name || !number(edge, "parent", &parent) ||
		    !number(edge, "child", &child) || parent != quorum_id)
			continue;
		node = find_by_id(nodes, child);
		if (!node || !parse_slot_node(node, prefix, &found.replica,
					      &found.serial))
			continue;
		g_strlcpy(found.child, name, sizeof(found.child));
		g_strlcpy(found.node, node, sizeof(found.node));
		take_child(out, &found);
	}
	if (!out->child[0])
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "nothing is in slot %u of '%s'", slot, quorum);
	return out->child[0];
}

unsigned int
ham_bm_qsd_count_exports(JsonNode *exports, uint64_t epoch)
{
	g_autofree char *kept = g_strdup_printf("-e%" G_GUINT64_FORMAT, epoch);
	JsonArray *list = as_array(exports);
	unsigned int n = 0;

	for (guint i = 0; i < length(list); i++) {
		const char *id = text(element(list, i), "id");

		n += !id || !g_str_has_suffix(id, kept);
	}
	return n;
}

void
ham_bm_read_progress(JsonNode *block_jobs, const struct ham_bm_disk *disk,
		     struct ham_bm_progress *out)
{
	g_autofree char *id = ham_bm_job_id(disk);

	ham_bm_read_job(block_jobs, id, out);
}

static const char *
trouble(const char *io_status)
{
	if (!io_status || strcmp(io_status, "ok") == 0)
		return NULL;
	return strcmp(io_status, "nospace") == 0 ? "No space left on device"
						 : "Input/output error";
}

void
ham_bm_read_job(JsonNode *block_jobs, const char *id,
		struct ham_bm_progress *out)
{
	JsonArray *jobs = as_array(block_jobs);

	memset(out, 0, sizeof(*out));
	for (guint i = 0; i < length(jobs); i++) {
		JsonObject *job = element(jobs, i);

		if (g_strcmp0(text(job, "device"), id) != 0)
			continue;
		if (!number(job, "offset", &out->offset) ||
		    !number(job, "len", &out->len))
			break;
		out->present = true;
		out->ready = truth(job, "ready");
		out->actively_synced = truth(job, "actively-synced");
		out->trouble = trouble(text(job, "io-status"));
		return;
	}
	memset(out, 0, sizeof(*out));
}

bool
ham_bm_job_completed_well(JsonObject *event_data, GError **error)
{
	const char *job = text(event_data, "device");
	const char *reason = text(event_data, "error");
	uint64_t offset = 0, len = 0;

	if (!job)
		job = "(unnamed)";
	if (json_object_has_member(event_data, "error")) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "block job '%s' ended with an error: %s", job,
			    reason ? reason : "(none given)");
		return false;
	}
	if (!number(event_data, "offset", &offset) ||
	    !number(event_data, "len", &len)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
			    "block job '%s' ended and did not say how far it "
			    "got",
			    job);
		return false;
	}
	if (offset != len)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "block job '%s' ended at %" G_GUINT64_FORMAT
			    " of %" G_GUINT64_FORMAT " bytes",
			    job, offset, len);
	return offset == len;
}

/* False if the node is not there, or says nonsense. */
static bool
read_count(JsonNode *named_nodes, const char *name, const char *bitmap,
	   uint64_t *bytes)
{
	JsonArray *nodes = as_array(named_nodes);

	for (guint i = 0; i < length(nodes); i++) {
		JsonObject *node = element(nodes, i);
		JsonArray *bitmaps;

		if (g_strcmp0(text(node, "node-name"), name) != 0)
			continue;
		bitmaps = as_array(
			json_object_get_member(node, "dirty-bitmaps"));
		for (guint k = 0; k < length(bitmaps); k++)
			if (g_strcmp0(text(element(bitmaps, k), "name"),
				      bitmap) == 0)
				return number(element(bitmaps, k), "count",
					      bytes);
		*bytes = 0;
		return true;
	}
	return false;
}

bool
ham_bm_read_marked(JsonNode *named_nodes, const struct ham_bm_disk *disk,
		   uint64_t *bytes)
{
	g_autofree char *name = ham_bm_differ_node(disk);

	return read_count(named_nodes, name, "differ", bytes);
}

bool
ham_bm_read_noted(JsonNode *named_nodes, const struct ham_bm_disk *disk,
		  unsigned int slot, uint64_t *bytes)
{
	g_autofree char *name = g_strdup_printf("d%u-f", disk->index);
	g_autofree char *bitmap = g_strdup_printf("s%u", slot);

	return read_count(named_nodes, name, bitmap, bytes);
}

bool
ham_bm_read_io(JsonNode *blockstats, struct ham_bm_io *out)
{
	static const char *const kinds[] = {"rd", "wr", "flush"};
	JsonArray *list = as_array(blockstats);

	*out = (struct ham_bm_io){0};
	for (guint i = 0; list && i < json_array_get_length(list); i++) {
		JsonNode *node = json_array_get_element(list, i);
		JsonNode *stats =
			JSON_NODE_HOLDS_OBJECT(node)
				? json_object_get_member(
					  json_node_get_object(node), "stats")
				: NULL;

		if (!stats || !JSON_NODE_HOLDS_OBJECT(stats))
			return false;
		for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
			JsonObject *o = json_node_get_object(stats);
			g_autofree char *ops =
				g_strdup_printf("%s_operations", kinds[k]);
			g_autofree char *time =
				g_strdup_printf("%s_total_time_ns", kinds[k]);
			uint64_t n, ns;

			if (!number(o, ops, &n) || !number(o, time, &ns))
				return false;
			out->ops += n;
			out->waited_ns += ns;
		}
	}
	return list != NULL;
}
