/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/tool.h - what the files of hamd/pki/ share: OpenSSL's objects and
 * PEM
 *
 * All paths are DIR/NAME.  Errors name the file and OpenSSL's reason.
 */
#ifndef HAMD_PKI_TOOL_H
#define HAMD_PKI_TOOL_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "hamd/pki/pki.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509, X509_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_CRL, X509_CRL_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(X509_REQ, X509_REQ_free)

/* Sets *error to "CONTEXT: OpenSSL's last reason".  Always returns false. */
bool ham_pki_failed(GError **error, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

X509 *ham_pki_read_cert(const char *dir, const char *name, GError **error);
X509_CRL *ham_pki_read_crl(const char *dir, const char *name, GError **error);
X509_REQ *ham_pki_read_csr(const char *path, GError **error);
/* Refuses one that others own or may read. */
EVP_PKEY *ham_pki_read_key(const char *dir, const char *name, GError **error);

/* Whole and on disk, or as it was.  Keys are for their owner alone. */
bool ham_pki_write_cert(const char *dir, const char *name, X509 *cert,
			GError **error);
bool ham_pki_write_crl(const char *dir, const char *name, X509_CRL *crl,
		       GError **error);
bool ham_pki_write_key(const char *dir, const char *name, EVP_PKEY *key,
		       GError **error);

/* A certificate's own words; never NULL. */
struct ham_cert *ham_pki_describe(X509 *cert);

#endif
