/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/peer.c - where the other side is, as the text both understand
 *
 * Fields separated by blanks: host, RAM port, NBD port, boot id, epoch,
 * generation, node, replica flag, fresh flag, port and token of the digests,
 * and what tells its images from others ("-": none, unknown), and what its
 * ports are on. Travels as a blob the core does not read; it may put several
 * after each other, a line each.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/guest/vm.h"

char *
ham_peer_write(const struct ham_peer *peer)
{
	return g_strdup_printf("%s %u %u %s %" G_GUINT64_FORMAT
			       " %" G_GUINT64_FORMAT " %u %d %d %u %s %s %s",
			       peer->host, peer->ram_port, peer->nbd_port,
			       peer->boot_id, peer->epoch, peer->generation,
			       peer->node, peer->replica, peer->fresh,
			       peer->digest_port,
			       peer->digest_token[0] ? peer->digest_token : "-",
			       peer->image_id[0] ? peer->image_id : "-",
			       peer->ports[0] ? peer->ports : "-");
}

static bool
number(const char *text, guint64 max, guint64 *out)
{
	return g_ascii_string_to_unsigned(text, 10, 0, max, out, NULL);
}

bool
ham_peer_read(const struct ham_blob *blob, struct ham_peer *out)
{
	g_autofree char *text = g_strndup((const char *)blob->bytes, blob->len);
	g_auto(GStrv) f = g_strsplit(text, " ", 14);
	guint64 ram;
	guint64 nbd;
	guint64 epoch;
	guint64 generation;
	guint64 node;
	guint64 replica;
	guint64 fresh;
	guint64 digest;

	memset(out, 0, sizeof(*out));
	if (g_strv_length(f) != 13 || strlen(f[0]) >= sizeof(out->host) ||
	    strlen(f[3]) >= sizeof(out->boot_id) || f[0][0] == '\0' ||
	    f[3][0] == '\0' || !number(f[1], 65535, &ram) ||
	    !number(f[2], 65535, &nbd) || !number(f[4], G_MAXUINT64, &epoch) ||
	    !number(f[5], G_MAXUINT64, &generation) ||
	    !number(f[6], G_MAXUINT32, &node) || !number(f[7], 1, &replica) ||
	    !number(f[8], 1, &fresh) || !number(f[9], 65535, &digest) ||
	    strlen(f[10]) >= sizeof(out->digest_token) ||
	    strlen(f[11]) >= sizeof(out->image_id) ||
	    strlen(f[12]) >= sizeof(out->ports))
		return false;
	g_strlcpy(out->host, f[0], sizeof(out->host));
	out->ram_port = (unsigned int)ram;
	out->nbd_port = (unsigned int)nbd;
	g_strlcpy(out->boot_id, f[3], sizeof(out->boot_id));
	out->epoch = epoch;
	out->generation = generation;
	out->node = (uint32_t)node;
	out->replica = replica == 1;
	out->fresh = fresh == 1;
	if (f[11][0] != '-')
		g_strlcpy(out->image_id, f[11], sizeof(out->image_id));
	if (f[12][0] != '-')
		g_strlcpy(out->ports, f[12], sizeof(out->ports));
	if (strlen(f[10]) == HAM_BM_DIGEST_TOKEN) {
		out->digest_port = (unsigned int)digest;
		g_strlcpy(out->digest_token, f[10], sizeof(out->digest_token));
	}
	return true;
}
