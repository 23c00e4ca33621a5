/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/fuzz_learn.c - any frames and imports of a guest's addresses
 *
 * A string of acts, each a byte that says which and two of length, then so
 * many bytes: a frame from the guest, one to it, an import; for PASS the
 * length is seconds and nothing follows.  After each the table holds together,
 * and what it exports is taken as it is.  A frame that has changed the table
 * is one that the filter lets through.
 */
#include <arpa/inet.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <string.h>

#include "netmigrate/learn.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/reader.h"
#include "tests/unit/bpf_run.h"

enum act {
	FROM_GUEST,
	TO_GUEST,
	IMPORT,
	PASS,
	N_ACTS
};

static const uint8_t mac[6] = {0x52, 0x54, 0x00, 0x12, 0x34, 0x56};

struct exported {
	size_t len;
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
};

static struct exported
export_of(const struct ham_net_learnt *table, int64_t now)
{
	struct exported out;

	out.len = ham_net_learnt_export(table, now, out.bytes);
	g_assert(out.len <= sizeof(out.bytes));
	return out;
}

static bool
is_same(const struct exported *a, const struct exported *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static void
check_list(const struct ham_net_learnt *table, int64_t now)
{
	g_auto(GStrv) list = ham_net_learnt_list(table, now);
	uint8_t bytes[16];

	g_assert(g_strv_length(list) <= table->n);
	for (char **a = list; *a; a++)
		g_assert(inet_pton(strchr(*a, ':') ? AF_INET6 : AF_INET, *a,
				   bytes) == 1);
}

static void
check_table(const struct ham_net_learnt *table, int64_t now)
{
	struct exported whole = export_of(table, now), again;
	struct ham_net_learnt other;

	g_assert(table->n <= HAM_NET_LEARNT_MAX);
	for (unsigned int i = 0; i < table->n; i++) {
		g_assert(ham_net_address_valid(&table->entries[i].address));
		g_assert(table->entries[i].seen_us <= now);
		g_assert(i == 0 || table->entries[i - 1].seen_us >=
					   table->entries[i].seen_us);
	}
	check_list(table, now);
	ham_net_learnt_init(&other, mac);
	g_assert(ham_net_learnt_import(&other, whole.bytes, whole.len, now,
				       NULL));
	again = export_of(&other, now);
	g_assert(is_same(&whole, &again));
}

static void
take_frame(struct ham_net_learnt *table, const uint8_t *bytes, size_t len,
	   bool from_guest, int64_t now)
{
	struct exported before = export_of(table, now), after;
	struct sock_filter code[HAM_NET_FILTER_MAX];
	struct bpf_packet packet = {
		bytes, len, from_guest ? PACKET_BROADCAST : PACKET_OUTGOING, 0,
		0};
	unsigned int n = ham_net_learnt_filter(table, code);
	uint32_t passed = bpf_run(code, n, &packet);

	ham_net_learnt_frame(table, bytes, len, from_guest, now);
	after = export_of(table, now);
	g_assert(passed > 0 || is_same(&before, &after));
}

static void
take_import(struct ham_net_learnt *table, const uint8_t *bytes, size_t len,
	    int64_t now)
{
	struct exported before = export_of(table, now), after;
	g_autoptr(GError) error = NULL;
	struct ham_net_learnt alone;

	if (!ham_net_learnt_import(table, bytes, len, now, &error)) {
		g_assert(error && g_utf8_validate(error->message, -1, NULL));
		after = export_of(table, now);
		g_assert(is_same(&before, &after));
		return;
	}
	g_assert(!error);
	ham_net_learnt_init(&alone, mac);
	g_assert(ham_net_learnt_import(&alone, bytes, len, now, NULL));
	after = export_of(&alone, now);
	g_assert_cmpmem(after.bytes, after.len, bytes, len);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t data_len)
{
	struct fuzz_reader in = {data, data_len};
	struct ham_net_learnt table;
	int64_t now = 0;

	ham_net_learnt_init(&table, mac);
	while (in.left > 0) {
		enum act act = fuzz_u8(&in) % N_ACTS;
		size_t len = fuzz_u16(&in);

		if (act == PASS) {
			now += (int64_t)len * 1000000;
		} else {
			const uint8_t *bytes = fuzz_bytes(&in, &len);
			/* of the exact size, for the sanitizers */
			g_autofree uint8_t *copy = g_malloc(len + !len);

			memcpy(copy, bytes, len);
			if (act == IMPORT)
				take_import(&table, copy, len, now);
			else
				take_frame(&table, copy, len, act == FROM_GUEST,
					   now);
		}
		check_table(&table, now);
	}
	return 0;
}
