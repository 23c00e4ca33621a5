/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/ca.c - the CA: made, and issuing: see pki.h
 *
 * What was issued is kept in the CA's folder before anybody gets it: what
 * nobody knows of can't be revoked.
 */
#include "hamd/pki/ca.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hamd/base/error.h"

enum {
	DAY_S = 86400,
	/* clocks of nodes differ */
	BACKDATED_S = 3600,
	SERIAL_BITS = 127, /* RFC 5280, 4.1.2.2: positive, 20 bytes at most */
	NAME_MAX_LEN = 47, /* a node's, as in the cluster file */
	MIN_SECURITY_BITS = 112,
	X509_V3 = 2, /* as it is encoded */
};

/* ---- the folder ---- */

void
ham_ca_close(struct ham_ca *ca)
{
	g_clear_pointer(&ca->cert, X509_free);
	g_clear_pointer(&ca->key, EVP_PKEY_free);
	g_clear_pointer(&ca->crl, X509_CRL_free);
	if (ca->lock >= 0)
		close(ca->lock); /* and unlocks it */
	ca->lock = -1;
}

static bool
lock(struct ham_ca *ca, GError **error)
{
	g_autofree char *path = g_build_filename(ca->dir, "lock", NULL);

	ca->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (ca->lock < 0 || flock(ca->lock, LOCK_EX) != 0)
		return ham_error_errno(error, errno, "%s", path);
	return true;
}

bool
ham_ca_open(struct ham_ca *ca, const char *dir, GError **error)
{
	g_autofree char *path = g_build_filename(dir, "ca.pem", NULL);

	*ca = (struct ham_ca){.dir = dir, .lock = -1};
	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return ham_refuse(
			error, "%s: there is no CA here: hamctl pki init", dir);
	if (!lock(ca, error)) {
		ham_ca_close(ca);
		return false;
	}
	ca->cert = ham_pki_read_cert(dir, "ca.pem", error);
	ca->key = ca->cert ? ham_pki_read_key(dir, "ca.key", error) : NULL;
	ca->crl = ca->key ? ham_pki_read_crl(dir, "crl.pem", error) : NULL;
	if (ca->crl && X509_check_private_key(ca->cert, ca->key) == 1)
		return true;
	if (ca->crl)
		ham_refuse(error, "%s: ca.key is not the key of ca.pem", dir);
	ERR_clear_error();
	ham_ca_close(ca);
	return false;
}

static bool
make_folder(const char *dir, GError **error)
{
	g_autofree char *issued = g_build_filename(dir, "issued", NULL);
	static const char *const files[] = {"ca.pem", "ca.key"};
	struct stat st;

	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = g_build_filename(dir, files[i], NULL);

		if (g_file_test(path, G_FILE_TEST_EXISTS))
			return ham_refuse(error, "%s is there already", path);
	}
	if (g_mkdir_with_parents(issued, 0700) != 0)
		return ham_error_errno(error, errno, "%s", issued);
	if (stat(dir, &st) != 0)
		return ham_error_errno(error, errno, "%s", dir);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return ham_refuse(
			error,
			"%s: uid %u's, mode %04o: others may write in "
			"it, expected yours and 0700",
			dir, (unsigned int)st.st_uid,
			(unsigned int)(st.st_mode & 07777));
	return true;
}

/* ---- what certificates and lists have in common ---- */

static bool
add_ext(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	int ok;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = ext && X509_add_ext(cert, ext, -1);
	X509_EXTENSION_free(ext);
	return ok == 1;
}

static bool
set_serial(X509 *cert)
{
	BIGNUM *serial = BN_new();
	bool ok = serial &&
		  BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE,
			  BN_RAND_BOTTOM_ANY) == 1 &&
		  BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert));

	BN_free(serial);
	return ok;
}

static bool
set_names(X509 *cert, const char *common, X509 *issuer)
{
	X509_NAME *name = X509_get_subject_name(cert);

	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_UTF8,
					  (const unsigned char *)"hamd", -1, -1,
					  0) == 1 &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8,
					  (const unsigned char *)common, -1, -1,
					  0) == 1 &&
	       X509_set_issuer_name(cert, issuer ? X509_get_subject_name(issuer)
						 : name) == 1;
}

static bool
set_times(X509 *cert, unsigned int days)
{
	return X509_gmtime_adj(X509_getm_notBefore(cert), -BACKDATED_S) &&
	       X509_time_adj_ex(X509_getm_notAfter(cert), (int)days, 0, NULL);
}

/* NULL if OpenSSL refuses: out of memory, or no random numbers. */
static X509 *
begin_cert(const char *common, X509 *issuer, EVP_PKEY *key, unsigned int days)
{
	X509 *cert = X509_new();

	if (cert && X509_set_version(cert, X509_V3) == 1 && set_serial(cert) &&
	    set_names(cert, common, issuer) && set_times(cert, days) &&
	    X509_set_pubkey(cert, key) == 1)
		return cert;
	X509_free(cert);
	return NULL;
}

bool
ham_ca_sign_crl(struct ham_ca *ca)
{
	ASN1_TIME *since = X509_gmtime_adj(NULL, -BACKDATED_S);
	long number = 0;
	ASN1_INTEGER *n =
		X509_CRL_get_ext_d2i(ca->crl, NID_crl_number, NULL, NULL);
	bool ok;

	if (n)
		number = ASN1_INTEGER_get(n);
	else
		n = ASN1_INTEGER_new();
	ok = since && n && ASN1_INTEGER_set(n, number + 1) == 1 &&
	     X509_CRL_add1_ext_i2d(ca->crl, NID_crl_number, n, 0,
				   X509V3_ADD_REPLACE) == 1 &&
	     X509_CRL_set1_lastUpdate(ca->crl, since) == 1 &&
	     X509_CRL_set1_nextUpdate(ca->crl, X509_get0_notAfter(ca->cert)) ==
		     1 &&
	     X509_CRL_sort(ca->crl) == 1 &&
	     X509_CRL_sign(ca->crl, ca->key, EVP_sha256()) > 0;
	ASN1_INTEGER_free(n);
	ASN1_TIME_free(since);
	return ok;
}

/* ---- init ---- */

static bool
make_ca(struct ham_ca *ca, const char *name, unsigned int days)
{
	g_autofree char *common = g_strdup_printf("%s CA", name);
	X509 *cert;

	ca->key = EVP_EC_gen("P-256");
	cert = ca->key ? begin_cert(common, NULL, ca->key, days) : NULL;
	ca->cert = cert;
	ca->crl = X509_CRL_new();
	return cert && ca->crl &&
	       add_ext(cert, cert, NID_basic_constraints,
		       "critical,CA:TRUE,pathlen:0") &&
	       add_ext(cert, cert, NID_key_usage,
		       "critical,keyCertSign,cRLSign") &&
	       add_ext(cert, cert, NID_subject_key_identifier, "hash") &&
	       X509_sign(cert, ca->key, EVP_sha256()) > 0 &&
	       X509_CRL_set_version(ca->crl, 1) == 1 &&
	       X509_CRL_set_issuer_name(ca->crl, X509_get_subject_name(cert)) ==
		       1 &&
	       ham_ca_sign_crl(ca);
}

static bool
good_days(unsigned int days, GError **error)
{
	return (days >= 1 && days <= HAM_PKI_MAX_DAYS) ||
	       ham_refuse(error, "%u days: expected 1 to %d", days,
			  HAM_PKI_MAX_DAYS);
}

/* The same names as in the cluster file. */
static bool
good_name(const char *name, GError **error)
{
	size_t len = strlen(name);

	if (len >= 1 && len <= NAME_MAX_LEN && g_ascii_isalnum(name[0]) &&
	    strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "0123456789-_.") == len)
		return true;
	return ham_refuse(error,
			  "'%s': expected a name of 1 to %d letters, digits "
			  "and . _ -, with a letter or digit first",
			  name, NAME_MAX_LEN);
}

bool
ham_pki_init(const char *dir, const char *name, unsigned int days,
	     GError **error)
{
	struct ham_ca ca = {.dir = dir, .lock = -1};
	bool ok;

	if (!good_name(name, error) || !good_days(days, error) ||
	    !make_folder(dir, error))
		return false;
	ok = lock(&ca, error) && make_folder(dir, error);
	if (ok && !make_ca(&ca, name, days))
		ok = ham_pki_failed(error, "%s: no CA could be made", dir);
	/* the certificate last: with it the CA is there */
	ok = ok && ham_pki_write_key(dir, "ca.key", ca.key, error) &&
	     ham_pki_write_crl(dir, "crl.pem", ca.crl, error) &&
	     ham_pki_write_cert(dir, "ca.pem", ca.cert, error);
	ham_ca_close(&ca);
	return ok;
}

/* ---- issue ---- */

static char *
alternatives(const struct ham_pki_order *order, GError **error)
{
	GString *text = g_string_new("DNS:");

	g_string_append(text, order->node);
	for (int i = 0; order->addresses && order->addresses[i]; i++) {
		unsigned char bytes[16];
		const char *address = order->addresses[i];

		if (inet_pton(AF_INET, address, bytes) != 1 &&
		    inet_pton(AF_INET6, address, bytes) != 1) {
			ham_refuse(error, "'%s': expected a numeric address",
				   address);
			g_string_free(text, TRUE);
			return NULL;
		}
		g_string_append_printf(text, ",IP:%s", address);
	}
	return g_string_free(text, FALSE);
}

/* Of a request only the key is believed, once it proves to have it. */
static EVP_PKEY *
key_of_csr(const char *path, GError **error)
{
	g_autoptr(X509_REQ) csr = ham_pki_read_csr(path, error);
	EVP_PKEY *key;

	if (!csr)
		return NULL;
	key = X509_REQ_get0_pubkey(csr);
	if (!key || X509_REQ_verify(csr, key) != 1) {
		ham_pki_failed(error, "%s: it does not prove to have its key",
			       path);
		return NULL;
	}
	if (EVP_PKEY_get_security_bits(key) < MIN_SECURITY_BITS) {
		ham_refuse(error,
			   "%s: a key of %d bits of strength, expected at "
			   "least %d",
			   path, EVP_PKEY_get_security_bits(key),
			   MIN_SECURITY_BITS);
		return NULL;
	}
	EVP_PKEY_up_ref(key);
	return key;
}

static X509 *
make_cert(struct ham_ca *ca, const struct ham_pki_order *order,
	  const char *names, EVP_PKEY *key)
{
	X509 *cert = begin_cert(order->node, ca->cert, key, order->days);

	if (cert &&
	    add_ext(cert, ca->cert, NID_basic_constraints,
		    "critical,CA:FALSE") &&
	    add_ext(cert, ca->cert, NID_key_usage, "digitalSignature") &&
	    add_ext(cert, ca->cert, NID_ext_key_usage,
		    "serverAuth,clientAuth") &&
	    add_ext(cert, ca->cert, NID_subject_alt_name, names) &&
	    add_ext(cert, ca->cert, NID_subject_key_identifier, "hash") &&
	    add_ext(cert, ca->cert, NID_authority_key_identifier, "keyid") &&
	    X509_sign(cert, ca->key, EVP_sha256()) > 0)
		return cert;
	X509_free(cert);
	return NULL;
}

static bool
in_time(struct ham_ca *ca, X509 *cert, GError **error)
{
	g_autoptr(ham_cert) of_ca = ham_pki_describe(ca->cert);
	int64_t days;

	if (ASN1_TIME_compare(X509_get0_notAfter(cert),
			      X509_get0_notAfter(ca->cert)) <= 0)
		return true;
	days = ham_cert_days(of_ca, (int64_t)time(NULL));
	return ham_refuse(error,
			  "%s: the CA ends in %" G_GINT64_FORMAT
			  " days, before the certificate would",
			  ca->dir, days);
}

static bool
hand_out(struct ham_ca *ca, const struct ham_pki_order *order, X509 *cert,
	 EVP_PKEY *key, GError **error)
{
	if (!order->out)
		return true;
	if (g_mkdir_with_parents(order->out, 0700) != 0)
		return ham_error_errno(error, errno, "%s", order->out);
	return (order->csr ||
		ham_pki_write_key(order->out, "node.key", key, error)) &&
	       ham_pki_write_cert(order->out, "node.pem", cert, error) &&
	       ham_pki_write_cert(order->out, "ca.pem", ca->cert, error) &&
	       ham_pki_write_crl(order->out, "crl.pem", ca->crl, error);
}

static bool
issue(struct ham_ca *ca, const struct ham_pki_order *order, const char *names,
      GError **error)
{
	g_autofree char *issued = g_build_filename(ca->dir, "issued", NULL);
	g_autofree char *file = NULL;
	g_autoptr(EVP_PKEY) key = order->csr ? key_of_csr(order->csr, error)
					     : EVP_EC_gen("P-256");
	g_autoptr(X509) cert = NULL;
	g_autoptr(ham_cert) described = NULL;

	if (!key && order->csr)
		return false;
	cert = key ? make_cert(ca, order, names, key) : NULL;
	if (!cert)
		return ham_pki_failed(error, "no certificate for %s",
				      order->node);
	described = ham_pki_describe(cert);
	file = g_strdup_printf("%s.pem", described->serial);
	if (!in_time(ca, cert, error) ||
	    !ham_pki_write_cert(issued, file, cert, error))
		return false;
	if (hand_out(ca, order, cert, key, error))
		return true;
	g_prefix_error(error,
		       "%s/%s is issued, and could not be handed out: ", issued,
		       file);
	return false;
}

bool
ham_pki_issue(const char *dir, const struct ham_pki_order *order,
	      GError **error)
{
	g_autofree char *names = NULL;
	struct ham_ca ca;
	bool ok;

	if (!good_name(order->node, error) || !good_days(order->days, error))
		return false;
	names = alternatives(order, error);
	if (!names || !ham_ca_open(&ca, dir, error))
		return false;
	ok = issue(&ca, order, names, error);
	ham_ca_close(&ca);
	return ok;
}
