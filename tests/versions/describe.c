/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/versions/describe.c - see describe.h */
#include "tests/versions/describe.h"

#include <inttypes.h>
#include <string.h>

#include "hamd/core/core.h"
#include "hamd/core/wire.h"

enum {
	GUESTS_SHOWN = 16, /* of a longer list: its first and last */
};

static void
number(GString *out, const char *name, uint64_t value)
{
	if (value)
		g_string_append_printf(out, "%s %" PRIu64 "\n", name, value);
}

static void
text(GString *out, const char *name, const char *value)
{
	if (value[0])
		g_string_append_printf(out, "%s \"%s\"\n", name, value);
}

static void
signed_number(GString *out, const char *name, int64_t value)
{
	if (value)
		g_string_append_printf(out, "%s %" PRId64 "\n", name, value);
}

static void
hex(GString *out, const char *name, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return;
	g_string_append_printf(out, "%s %zu bytes:", name, len);
	for (size_t i = 0; i < len; i++)
		g_string_append_printf(out, "%s%02x", i % 32 ? "" : "\n\t",
				       bytes[i]);
	g_string_append_c(out, '\n');
}

static void
guest(GString *out, const struct ham_guest *g)
{
	g_string_append_printf(out,
			       "guest %s\n\tslot %u phase %s wanted %d "
			       "clean %d owner %u%s dst %u%s epoch %" PRIu64
			       " txn %" PRIu64 "\n",
			       g->name, g->slot, ham_phase_name(g->phase),
			       g->wanted, g->clean, g->owner,
			       g->owner_dead ? " dead" : "", g->dst,
			       g->dst_dead ? " dead" : "", g->epoch, g->txn);
	for (int r = 0; r < HAM_MAX_REPLICAS; r++)
		g_string_append_printf(
			out, "\treplica %d node %u %s generation %" PRIu64 "\n",
			r, g->replica[r].node,
			ham_replica_state_name(&g->replica[r]),
			g->replica[r].generation);
	g_string_append_printf(out, "\treason \"%s\"\n", g->reason);
	if (g->home)
		g_string_append_printf(out, "\thome %u\n", g->home);
}

static void
guests(GString *out, const struct ham_record *record)
{
	unsigned int n = record->n_guests;

	for (unsigned int i = 0; i < n; i++)
		if (n <= GUESTS_SHOWN || i == 0 || i == n - 1)
			guest(out, &record->guests[i]);
	for (unsigned int i = 0; i < record->n_nodes; i++) {
		g_string_append_printf(out, "node %u flags %u reason \"%s\"\n",
				       record->nodes[i].node,
				       record->nodes[i].flags,
				       record->nodes[i].reason);
		if (record->nodes[i].rest_s)
			g_string_append_printf(out, "  rests %u s\n",
					       record->nodes[i].rest_s);
		if (record->nodes[i].since)
			g_string_append_printf(
				out, "  since %" G_GUINT64_FORMAT "\n",
				record->nodes[i].since);
	}
}

static void
operation(GString *out, const struct ham_op *op)
{
	if (op->kind == HAM_OP_NONE)
		return;
	text(out, "op.kind", ham_op_name(op->kind));
	number(out, "op.flag", op->flag);
	text(out, "op.guest", op->guest);
	number(out, "op.node", op->node);
	number(out, "op.epoch", op->epoch);
	number(out, "op.txn", op->txn);
	text(out, "op.reason", op->reason);
}

static void
progress(GString *out, const struct ham_progress *p)
{
	number(out, "progress.phase", p->phase);
	number(out, "progress.disk_done", p->disk_done);
	number(out, "progress.disk_total", p->disk_total);
	number(out, "progress.ram_done", p->ram_done);
	number(out, "progress.ram_total", p->ram_total);
	number(out, "progress.ram_remaining", p->ram_remaining);
	number(out, "progress.rate", p->rate);
	number(out, "progress.passes", p->passes);
	if (p->left_ms[1])
		g_string_append_printf(out, "progress.eta_ms %" PRId64 "\n",
				       p->left_ms[1]);
	if (p->elapsed_ms)
		g_string_append_printf(out, "progress.elapsed_ms %" PRId64 "\n",
				       p->elapsed_ms);
}

static void
forecast(GString *out, const struct ham_progress *p)
{
	signed_number(out, "forecast.left_ms", p->left_ms[0]);
	signed_number(out, "forecast.pause_us", p->pause_us[0]);
	signed_number(out, "forecast.pause_most_us", p->pause_us[1]);
	number(out, "forecast.done", p->done);
	number(out, "forecast.dirty_rate", p->dirty_rate);
	number(out, "forecast.throttle", p->throttle);
	text(out, "forecast.verdict", ham_converge_name(p->verdict));
	number(out, "forecast.needs_rate", p->needs_rate);
	signed_number(out, "forecast.needs_pause_us", p->needs_pause_us);
}

static void
policy(GString *out, const struct ham_msg *m)
{
	number(out, "sets", m->sets);
	signed_number(out, "policy.max_pause_us", m->policy.max_pause_us);
	signed_number(out, "policy.max_duration_us", m->policy.max_duration_us);
	number(out, "policy.bandwidth", m->policy.bandwidth);
	number(out, "policy.priority", m->policy.priority);
	number(out, "policy.auto_converge", m->policy.auto_converge);
	number(out, "policy.on_limit", m->policy.on_limit);
}

static void
nodes(GString *out, const struct ham_msg *m)
{
	number(out, "n_nodes", m->n_nodes);
	for (unsigned int i = 0; i < m->n_nodes; i++)
		if (m->kind == HAM_MSG_EXCHANGE)
			g_string_append_printf(out, "node %u away_ms %u\n", i,
					       m->away_ms[i]);
		else if (m->kind == HAM_MSG_LEASES)
			g_string_append_printf(
				out, "node %u lease_ms %u watchdog_ms %u\n", i,
				m->leases_ms[i], m->watchdogs_ms[i]);
		else
			g_string_append_printf(out,
					       "node %u seen_us %" PRId64 "\n",
					       i, m->seen_us[i]);
}

static void
fields(GString *out, const struct ham_msg *m)
{
	text(out, "kind", ham_msg_name(m->kind));
	number(out, "incarnation", m->incarnation);
	number(out, "ring.rep", m->ring.rep);
	number(out, "ring.seq", m->ring.seq);
	number(out, "pos.term", m->pos.term);
	number(out, "pos.count", m->pos.count);
	number(out, "checksum", m->checksum);
	number(out, "promise", m->promise);
	number(out, "has_store", m->has_store);
	number(out, "members", m->members);
	number(out, "joined", m->joined);
	number(out, "heard", m->heard);
	number(out, "foreign_term", m->foreign_term);
	nodes(out, m);
	number(out, "beat_us", (uint64_t)m->beat_us);
	number(out, "lease_ms", m->lease_ms);
	number(out, "watchdog_ms", m->watchdog_ms);
	number(out, "memory_mib", m->memory_mib);
	number(out, "config_digest", m->config_digest);
	text(out, "version", m->version);
	number(out, "n_guests", m->n_guests);
	number(out, "proposer", m->proposer);
	number(out, "proposal", m->proposal);
	operation(out, &m->op);
	text(out, "guest", m->guest);
	number(out, "epoch", m->epoch);
	number(out, "txn", m->txn);
	number(out, "standing", m->standing);
	if (m->kind == HAM_MSG_NOTE)
		text(out, "note", ham_note_name(m->note));
	text(out, "text", m->text);
	hex(out, "blob", m->blob.bytes, m->blob.len);
	progress(out, &m->progress);
	if (m->kind == HAM_MSG_FORECAST)
		forecast(out, &m->progress);
	if (m->kind == HAM_MSG_SET)
		policy(out, m);
}

/* NULL, or why it can't be read.  `record`: of an ADOPT, else NULL. */
static const char *
read_message(GBytes *bytes, struct ham_msg *msg, struct ham_record **record)
{
	gsize len;
	const uint8_t *at = g_bytes_get_data(bytes, &len);
	const char *refusal = ham_msg_decode(at, len, msg);

	if (refusal || msg->kind != HAM_MSG_ADOPT)
		return refusal;
	*record = g_new0(struct ham_record, 1);
	return ham_msg_adopt_guests(msg, *record);
}

char *
describe_message(GBytes *bytes)
{
	g_autofree struct ham_record *record = NULL;
	GString *out = g_string_new(NULL);
	struct ham_msg msg;
	const char *refusal = read_message(bytes, &msg, &record);

	if (refusal)
		g_string_append_printf(out, "refused: %s\n", refusal);
	else
		fields(out, &msg);
	if (!refusal && record)
		guests(out, record);
	return g_string_free(out, FALSE);
}

GBytes *
rewrite_message(GBytes *bytes)
{
	g_autofree struct ham_record *record = NULL;
	struct ham_msg msg;
	uint8_t *again;
	size_t len;

	if (read_message(bytes, &msg, &record))
		return NULL;
	again = ham_msg_encode(&msg, record, &len);
	return g_bytes_new_take(again, len);
}

char *
describe_item(const char *key, GBytes *bytes)
{
	GString *out = g_string_new(NULL);
	gsize len;
	const uint8_t *at = g_bytes_get_data(bytes, &len);
	struct ham_reader r = {at, len, 0, false};
	struct ham_guest g;

	g_string_append_printf(out, "[%s]\n", key);
	if (g_str_has_prefix(key, "guest/") && !ham_guest_decode(at, len, &g)) {
		guest(out, &g);
	} else if (strcmp(key, "head") == 0 && len == 24) {
		number(out, "term", ham_get_u64(&r));
		number(out, "count", ham_get_u64(&r));
		number(out, "checksum", ham_get_u64(&r));
	} else if (strcmp(key, "promise") == 0 && len == 8) {
		number(out, "promise", ham_get_u64(&r));
	} else {
		hex(out, "value", at, len);
	}
	return g_string_free(out, FALSE);
}

GBytes *
rewrite_guest(GBytes *bytes)
{
	uint8_t again[HAM_GUEST_WIRE_MAX];
	struct ham_guest g;
	gsize len;
	const uint8_t *at = g_bytes_get_data(bytes, &len);

	if (ham_guest_decode(at, len, &g))
		return NULL;
	return g_bytes_new(again, ham_guest_encode(&g, again));
}
