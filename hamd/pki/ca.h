/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/ca.h - an open CA, as the files of hamd/pki/ share it
 *
 * One at a time: the folder is locked until it is closed, another one waits.
 */
#ifndef HAMD_PKI_CA_H
#define HAMD_PKI_CA_H

#include "hamd/pki/tool.h"

struct ham_ca {
	const char *dir;
	X509 *cert;
	EVP_PKEY *key;
	X509_CRL *crl;
	int lock; /* -1: not locked */
};

/* False with error, and nothing open. */
bool ham_ca_open(struct ham_ca *ca, const char *dir, GError **error);
void ham_ca_close(struct ham_ca *ca);

/* Numbers, dates and signs the list as it is now; false: OpenSSL's queue of
 * errors says why.  It is not written by that. */
bool ham_ca_sign_crl(struct ham_ca *ca);

#endif
