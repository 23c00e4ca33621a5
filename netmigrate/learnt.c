/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/learnt.c - the table of a guest's addresses, and its export
 *
 * Sixteen entries, newest first; what falls off the end was not seen for the
 * longest.  Sorted at all times, so that all else is simple.
 *
 * What hamd itself announces comes from the tap, as if the guest had sent it.
 * So an announcement teaches an address that is not known but does not make
 * a known one younger: otherwise one that the guest gave up would live as long
 * as the guest is moved every few hours.
 *
 * An ARP answer does not say for whom it is.  Most servers say no more of an
 * address than that, so it teaches; but not an address that another host has
 * claimed since: that one is there, and the guest its proxy.
 *
 * Pure.  Refuses an import as a whole if any of it is not as export writes it.
 */
#include "netmigrate/learn.h"

#include <arpa/inet.h>
#include <string.h>

#include "hamd/base/error.h"

/* The export, numbers with the high byte first:
 *	0	version, 1
 *	1	flags: bit 0, is_host
 *	2	the guest's MAC
 *	8	number of entries
 *	9	entries, newest first: length of the address (4 or 16),
 *		age in seconds (2 bytes), address */
enum {
	EXPORT_VERSION = 1,
	EXPORT_IS_HOST = 1,
	EXPORT_HEAD = 9,
	EXPORT_ENTRY = 3, /* before the address */
	AGE_MAX_S = HAM_NET_LEARNT_HOURS * 3600,
};

#define SECOND_US ((int64_t)1000000)

G_STATIC_ASSERT(HAM_NET_LEARNT_EXPORT_MAX ==
		EXPORT_HEAD + HAM_NET_LEARNT_MAX * (EXPORT_ENTRY + 16));
G_STATIC_ASSERT(AGE_MAX_S <= UINT16_MAX);

static bool
counts(const struct ham_net_learnt_entry *entry, int64_t now_us)
{
	return now_us - entry->seen_us < AGE_MAX_S * SECOND_US;
}

static bool
is_same(const struct ham_net_address *a, const struct ham_net_address *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

/* Its place, or `n`. */
static unsigned int
find(const struct ham_net_learnt *table, const struct ham_net_address *address)
{
	unsigned int i = 0;

	while (i < table->n && !is_same(&table->entries[i].address, address))
		i++;
	return i;
}

static void
take_out(struct ham_net_learnt *table, unsigned int i)
{
	table->n--;
	memmove(&table->entries[i], &table->entries[i + 1],
		(table->n - i) * sizeof(table->entries[0]));
}

/* Before those that are older or as old; one that is there already becomes no
 * older by it. */
static void
put_in(struct ham_net_learnt *table, const struct ham_net_address *address,
       int64_t seen_us)
{
	struct ham_net_learnt_entry entry = {*address, seen_us};
	unsigned int i = find(table, address);

	if (i < table->n) {
		entry.seen_us = MAX(seen_us, table->entries[i].seen_us);
		take_out(table, i);
	}
	for (i = 0; i < table->n; i++)
		if (table->entries[i].seen_us <= entry.seen_us)
			break;
	if (i == HAM_NET_LEARNT_MAX)
		return;
	if (table->n < HAM_NET_LEARNT_MAX)
		table->n++;
	memmove(&table->entries[i + 1], &table->entries[i],
		(table->n - 1 - i) * sizeof(table->entries[0]));
	table->entries[i] = entry;
}

static void
note_claimed(struct ham_net_learnt *table,
	     const struct ham_net_address *address, int64_t now_us)
{
	if (address->len != 4)
		return;
	table->claimed[table->next_claimed] =
		(struct ham_net_learnt_entry){*address, now_us};
	table->next_claimed = (table->next_claimed + 1) % HAM_NET_CLAIMED_MAX;
}

static bool
was_claimed(const struct ham_net_learnt *table,
	    const struct ham_net_address *address, int64_t now_us)
{
	for (unsigned int i = 0; i < HAM_NET_CLAIMED_MAX; i++)
		if (is_same(&table->claimed[i].address, address) &&
		    counts(&table->claimed[i], now_us))
			return true;
	return false;
}

void
ham_net_learnt_init(struct ham_net_learnt *table, const uint8_t mac[6])
{
	memset(table, 0, sizeof(*table));
	memcpy(table->mac, mac, sizeof(table->mac));
}

void
ham_net_learnt_frame(struct ham_net_learnt *table, const uint8_t *bytes,
		     size_t len, bool from_guest, int64_t now_us)
{
	struct ham_net_heard heard =
		ham_net_hear(table->mac, bytes, len, from_guest);
	unsigned int i;
	bool known;

	/* one that is too old is as unknown as one never seen */
	while (table->n > 0 && !counts(&table->entries[table->n - 1], now_us))
		table->n--;
	i = find(table, &heard.address);
	known = i < table->n;
	switch (heard.kind) {
	case HAM_NET_HEARD_NOTHING:
		break;
	case HAM_NET_HEARD_USED:
		put_in(table, &heard.address, now_us);
		break;
	case HAM_NET_HEARD_ANSWERED:
		if (known || (heard.address.len == 4 &&
			      !was_claimed(table, &heard.address, now_us)))
			put_in(table, &heard.address, now_us);
		break;
	case HAM_NET_HEARD_ANNOUNCED:
		if (!known)
			put_in(table, &heard.address, now_us);
		break;
	case HAM_NET_HEARD_CLAIMED:
		if (known) {
			take_out(table, i);
			note_claimed(table, &heard.address, now_us);
		}
		break;
	}
	if (heard.role != HAM_NET_ROLE_UNSAID)
		table->is_host = heard.role == HAM_NET_ROLE_HOST;
}

static bool
is_listed(const struct ham_net_learnt *table,
	  const struct ham_net_learnt_entry *entry, int64_t now_us)
{
	return counts(entry, now_us) &&
	       (entry->address.len == 4 || table->is_host);
}

char **
ham_net_learnt_list(const struct ham_net_learnt *table, int64_t now_us)
{
	char **list = g_new0(char *, HAM_NET_LEARNT_MAX + 1);
	unsigned int n = 0;

	for (unsigned int i = 0; i < table->n; i++) {
		const struct ham_net_learnt_entry *entry = &table->entries[i];
		char text[INET6_ADDRSTRLEN];

		if (!is_listed(table, entry, now_us))
			continue;
		inet_ntop(entry->address.len == 4 ? AF_INET : AF_INET6,
			  entry->address.bytes, text, sizeof(text));
		list[n++] = g_strdup(text);
	}
	return list;
}

size_t
ham_net_learnt_export(const struct ham_net_learnt *table, int64_t now_us,
		      uint8_t out[HAM_NET_LEARNT_EXPORT_MAX])
{
	uint8_t *at = out + EXPORT_HEAD;
	uint8_t n = 0;

	for (unsigned int i = 0; i < table->n; i++) {
		const struct ham_net_learnt_entry *entry = &table->entries[i];
		const struct ham_net_address *address = &entry->address;
		int64_t age = MAX(now_us - entry->seen_us, 0) / SECOND_US;

		if (!counts(entry, now_us))
			continue;
		*at++ = address->len;
		*at++ = (uint8_t)(age >> 8);
		*at++ = (uint8_t)(age & 0xff);
		memcpy(at, address->bytes, address->len);
		at += address->len;
		n++;
	}
	out[0] = EXPORT_VERSION;
	out[1] = table->is_host ? EXPORT_IS_HOST : 0;
	memcpy(out + 2, table->mac, sizeof(table->mac));
	out[8] = n;
	return (size_t)(at - out);
}

static bool refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool
refuse(GError **error, const char *format, ...)
{
	g_autofree char *what = NULL;
	va_list ap;

	va_start(ap, format);
	what = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_set_error(error, HAM_ERROR, HAM_ERROR_PROTOCOL,
		    "the addresses a guest was seen using: %s", what);
	return false;
}

static bool
check_head(const struct ham_net_learnt *table, const uint8_t *bytes, size_t len,
	   GError **error)
{
	if (len < EXPORT_HEAD || len > HAM_NET_LEARNT_EXPORT_MAX)
		return refuse(error, "%zu bytes, expected %d to %d", len,
			      EXPORT_HEAD, HAM_NET_LEARNT_EXPORT_MAX);
	if (bytes[0] != EXPORT_VERSION)
		return refuse(error, "version %u, expected %d", bytes[0],
			      EXPORT_VERSION);
	if (bytes[1] & ~EXPORT_IS_HOST)
		return refuse(error, "unknown flags 0x%02x", bytes[1]);
	if (memcmp(bytes + 2, table->mac, sizeof(table->mac)) != 0)
		return refuse(error,
			      "of a guest with the MAC "
			      "%02x:%02x:%02x:%02x:%02x:%02x, not this one's",
			      bytes[2], bytes[3], bytes[4], bytes[5], bytes[6],
			      bytes[7]);
	if (bytes[8] > HAM_NET_LEARNT_MAX)
		return refuse(error, "%u entries, at most %d", bytes[8],
			      HAM_NET_LEARNT_MAX);
	return true;
}

/* Adds the next entry to those read so far. */
static bool
read_entry(struct ham_net_learnt *read, const uint8_t **at, const uint8_t *end,
	   int64_t now_us, GError **error)
{
	struct ham_net_learnt_entry *entry = &read->entries[read->n];
	struct ham_net_address *address = &entry->address;
	const uint8_t *p = *at;
	unsigned int age;

	if (end - p < EXPORT_ENTRY)
		return refuse(error, "entry %u is cut off", read->n);
	address->len = p[0];
	age = (unsigned int)p[1] << 8 | p[2];
	if (address->len != 4 && address->len != 16)
		return refuse(error, "entry %u is of %u bytes, not 4 or 16",
			      read->n, address->len);
	p += EXPORT_ENTRY;
	if (end - p < address->len)
		return refuse(error, "entry %u is cut off", read->n);
	memcpy(address->bytes, p, address->len);
	if (!ham_net_address_valid(address))
		return refuse(error, "entry %u is no address of a host",
			      read->n);
	if (age >= AGE_MAX_S)
		return refuse(error, "entry %u was seen %u s ago, at most %d",
			      read->n, age, AGE_MAX_S - 1);
	entry->seen_us = now_us - age * SECOND_US;
	if (read->n > 0 && entry[-1].seen_us < entry->seen_us)
		return refuse(error, "entry %u is newer than the one before",
			      read->n);
	if (find(read, address) < read->n)
		return refuse(error, "entry %u is there twice", read->n);
	read->n++;
	*at = p + address->len;
	return true;
}

bool
ham_net_learnt_import(struct ham_net_learnt *table, const uint8_t *bytes,
		      size_t len, int64_t now_us, GError **error)
{
	struct ham_net_learnt read = {0};
	const uint8_t *at, *end;

	if (!check_head(table, bytes, len, error))
		return false;
	at = bytes + EXPORT_HEAD;
	end = bytes + len;
	for (unsigned int i = 0; i < bytes[8]; i++)
		if (!read_entry(&read, &at, end, now_us, error))
			return false;
	if (at != end)
		return refuse(error, "%zu bytes too many", (size_t)(end - at));
	/* the last first, so that those of one age keep their order */
	for (unsigned int i = read.n; i-- > 0;)
		put_in(table, &read.entries[i].address,
		       read.entries[i].seen_us);
	table->is_host = bytes[1] & EXPORT_IS_HOST;
	return true;
}
