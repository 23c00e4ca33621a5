/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/pki.h - who belongs: a small CA, certificates of nodes, their state
 *
 *	CA folder	ca.pem ca.key crl.pem issued/SERIAL.pem
 *	node's folder	ca.pem crl.pem node.pem node.key
 *
 * EC keys on P-256, ECDSA with SHA-256 (RFC 5480, RFC 5758); X.509v3 (RFC
 *5280). A certificate names its node in subjectAltName, as DNS name and
 *addresses, is for both ends of TLS and signs nothing itself.  Its key usage
 *has no keyEncipherment, which RFC 8813 forbids of EC keys, and is not
 *critical: QEMU 10.0.2 insists on keyEncipherment if it is.  Serials are 127
 *random bits.  A list of revoked ones is valid as long as its CA: GnuTLS, which
 *QEMU uses, refuses everything under an old one.
 *
 * Refuses a key that others own or may read, and to write over a CA.
 * Nothing here asks for a passphrase: a key that has one is refused.
 */
#ifndef HAMD_PKI_PKI_H
#define HAMD_PKI_PKI_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_PKI_CA_DAYS = 3650,
	HAM_PKI_NODE_DAYS = 365,
	HAM_PKI_MAX_DAYS = 36500,
	HAM_PKI_WARN_DAYS = 30, /* from here on its end is a problem */
};

/* What a certificate says of itself. */
typedef struct ham_cert ham_cert;
struct ham_cert {
	char *subject;	    /* its common name, or "" */
	char *serial;	    /* hexadecimal, capitals */
	char **names;	    /* DNS names of subjectAltName, NULL-terminated */
	char **addresses;   /* numeric addresses of the same */
	int64_t not_before; /* s since 1970, UTC */
	int64_t not_after;
	bool revoked; /* only ham_pki_issued() knows */
};

void ham_cert_free(struct ham_cert *cert);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_cert, ham_cert_free)

/* The first certificate of a PEM file; NULL with error. */
struct ham_cert *ham_cert_read(const char *path, GError **error);

/* Whole days until its end, rounded down: negative once it is over.  `now` in s
 * since 1970. */
int64_t ham_cert_days(const struct ham_cert *cert, int64_t now);

/* Makes the folder (0700), a key, a certificate for it and an empty list of
 * revoked ones.  `name` is the cluster's.  False with error, and nothing made,
 * if there is a CA already. */
bool ham_pki_init(const char *ca, const char *name, unsigned int days,
		  GError **error);

struct ham_pki_order {
	const char *node;
	const char *const
		*addresses; /* numeric, NULL-terminated; may be NULL */
	unsigned int days;
	const char *csr; /* PEM request to sign: key and nothing else is taken
			    of it; NULL: a key is made */
	const char *out; /* folder that gets node.pem, node.key (0600; not with
			    csr), ca.pem and crl.pem */
};

/* Issues a certificate.  False with error: a wrong order, no CA, one that ends
 * before the certificate would; nothing is issued then.  If only `out` can't be
 * written, the issued certificate is in the CA's folder, and the error says so.
 */
bool ham_pki_issue(const char *ca, const struct ham_pki_order *order,
		   GError **error);

/* The same, with the addresses of the newest certificate of that node, if the
 * order has none. */
bool ham_pki_renew(const char *ca, const struct ham_pki_order *order,
		   GError **error);

/* All that were issued, newest first; struct ham_cert.  NULL with error. */
GPtrArray *ham_pki_issued(const char *ca, GError **error);

/* Revokes a certificate by its serial, or all of a node; *n says how many were
 * not revoked before.  The new list is to be brought to all nodes.  False with
 * error: none has that name. */
bool ham_pki_revoke(const char *ca, const char *what, unsigned int *n,
		    GError **error);

/* Holds a node's folder against itself: certificate, key and CA belong
 * together, nothing is over, revoked, too weak, or open to others; `node` (if
 * not NULL) is in its names.  Adds a text a problem to `problems` (char *).
 * *cert, if it can be read, is the caller's. */
void ham_pki_check(const char *dir, const char *node, int64_t now,
		   GPtrArray *problems, struct ham_cert **cert);

#endif
