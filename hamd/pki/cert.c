/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/cert.c - what a certificate says, and whether a node's folder holds
 * together: see pki.h */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "hamd/base/error.h"
#include "hamd/pki/tool.h"

enum {
	DAY_S = 86400,
	/* NIST SP 800-57 part 1, table 2: 112 bits of strength and more */
	MIN_SECURITY_BITS = 112,
};

void
ham_cert_free(struct ham_cert *cert)
{
	if (!cert)
		return;
	g_free(cert->subject);
	g_free(cert->serial);
	g_strfreev(cert->names);
	g_strfreev(cert->addresses);
	g_free(cert);
}

/* 0 if it is beyond what a year of four digits can say (RFC 5280, 4.1.2.5). */
static int64_t
seconds(const ASN1_TIME *when)
{
	struct tm tm;

	return ASN1_TIME_to_tm(when, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

/* Bytes that a terminal would act on are not passed on. */
static char *
common_name(X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	char *text;
	int len;

	if (at < 0)
		return g_strdup("");
	len = ASN1_STRING_to_UTF8(
		&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
	if (len < 0)
		return g_strdup("");
	text = g_strndup((const char *)utf8, (gsize)len);
	OPENSSL_free(utf8);
	for (char *c = text; *c; c++)
		if (!g_ascii_isprint(*c))
			*c = '?';
	return text;
}

static void
take_name(const GENERAL_NAME *name, GPtrArray *names, GPtrArray *addresses)
{
	const ASN1_STRING *text = NULL;
	char address[INET6_ADDRSTRLEN];
	int type, len;
	const unsigned char *bytes;

	text = GENERAL_NAME_get0_value(name, &type);
	if (type != GEN_DNS && type != GEN_IPADD)
		return;
	bytes = ASN1_STRING_get0_data(text);
	len = ASN1_STRING_length(text);
	if (type == GEN_DNS) {
		char *dns = g_strndup((const char *)bytes, (gsize)len);

		g_ptr_array_add(names, dns);
		for (char *c = dns; *c; c++)
			if (!g_ascii_isgraph(*c))
				*c = '?';
		return;
	}
	if ((len == 4 || len == 16) &&
	    inet_ntop(len == 4 ? AF_INET : AF_INET6, bytes, address,
		      sizeof(address)))
		g_ptr_array_add(addresses, g_strdup(address));
}

struct ham_cert *
ham_pki_describe(X509 *x509)
{
	struct ham_cert *cert = g_new0(struct ham_cert, 1);
	BIGNUM *serial = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), NULL);
	char *hex = serial ? BN_bn2hex(serial) : NULL;
	GENERAL_NAMES *alt =
		X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
	GPtrArray *names = g_ptr_array_new();
	GPtrArray *addresses = g_ptr_array_new();

	cert->subject = common_name(x509);
	cert->serial = g_strdup(hex ? hex : "");
	cert->not_before = seconds(X509_get0_notBefore(x509));
	cert->not_after = seconds(X509_get0_notAfter(x509));
	for (int i = 0; alt && i < sk_GENERAL_NAME_num(alt); i++)
		take_name(sk_GENERAL_NAME_value(alt, i), names, addresses);
	g_ptr_array_add(names, NULL);
	g_ptr_array_add(addresses, NULL);
	cert->names = (char **)g_ptr_array_free(names, FALSE);
	cert->addresses = (char **)g_ptr_array_free(addresses, FALSE);
	GENERAL_NAMES_free(alt);
	OPENSSL_free(hex);
	BN_free(serial);
	ERR_clear_error();
	return cert;
}

struct ham_cert *
ham_cert_read(const char *path, GError **error)
{
	g_autoptr(X509) x509 = ham_pki_read_cert("", path, error);

	return x509 ? ham_pki_describe(x509) : NULL;
}

int64_t
ham_cert_days(const struct ham_cert *cert, int64_t now)
{
	int64_t left = cert->not_after - now;

	return left >= 0 ? left / DAY_S : -((-left + DAY_S - 1) / DAY_S);
}

/* ---- a node's folder ---- */

static void add(GPtrArray *problems, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void
add(GPtrArray *problems, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	g_ptr_array_add(problems, g_strdup_vprintf(format, args));
	va_end(args);
}

/* What cannot be read is a problem; NULL then. */
static void
take_error(GPtrArray *problems, GError *error)
{
	add(problems, "%s", error->message);
	g_error_free(error);
}

/* Signed by that CA, in time, not revoked, and for `purpose`. */
static void
check_chain(const char *dir, X509 *ca, X509_CRL *crl, X509 *cert, int purpose,
	    int64_t now, GPtrArray *problems)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *param;

	g_assert(store && ctx);
	X509_STORE_add_cert(store, ca);
	if (crl)
		X509_STORE_add_crl(store, crl);
	g_assert(X509_STORE_CTX_init(ctx, store, cert, NULL) == 1);
	param = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(param, (time_t)now);
	X509_VERIFY_PARAM_set_purpose(param, purpose);
	if (crl)
		X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_CRL_CHECK);
	if (X509_verify_cert(ctx) != 1)
		add(problems, "%s/node.pem: as the %s of a connection: %s", dir,
		    purpose == X509_PURPOSE_SSL_SERVER ? "server" : "client",
		    X509_verify_cert_error_string(
			    X509_STORE_CTX_get_error(ctx)));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
}

static void
check_cert(const char *dir, const char *node, X509 *x509,
	   const struct ham_cert *cert, int64_t now, GPtrArray *problems)
{
	int bits = EVP_PKEY_get_security_bits(X509_get0_pubkey(x509));
	int64_t days = ham_cert_days(cert, now);

	if (bits < MIN_SECURITY_BITS)
		add(problems,
		    "%s/node.pem: a key of %d bits of strength, expected at "
		    "least %d",
		    dir, bits, MIN_SECURITY_BITS);
	if (node && !g_strv_contains((const char *const *)cert->names, node))
		add(problems, "%s/node.pem: subjectAltName has no DNS name %s",
		    dir, node);
	if (days >= 0 && days < HAM_PKI_WARN_DAYS)
		add(problems,
		    "%s/node.pem: ends in %" G_GINT64_FORMAT
		    " days: hamctl pki renew %s",
		    dir, days, node ? node : cert->subject);
}

void
ham_pki_check(const char *dir, const char *node, int64_t now,
	      GPtrArray *problems, struct ham_cert **out)
{
	GError *error = NULL;
	g_autofree char *crl_path = g_build_filename(dir, "crl.pem", NULL);
	g_autoptr(X509) ca = ham_pki_read_cert(dir, "ca.pem", &error);
	g_autoptr(X509) cert = NULL;
	g_autoptr(X509_CRL) crl = NULL;
	g_autoptr(EVP_PKEY) key = NULL;

	*out = NULL;
	if (!ca)
		take_error(problems, g_steal_pointer(&error));
	cert = ham_pki_read_cert(dir, "node.pem", &error);
	if (!cert)
		take_error(problems, g_steal_pointer(&error));
	key = ham_pki_read_key(dir, "node.key", &error);
	if (!key)
		take_error(problems, g_steal_pointer(&error));
	if (g_file_test(crl_path, G_FILE_TEST_EXISTS)) {
		crl = ham_pki_read_crl(dir, "crl.pem", &error);
		if (!crl)
			take_error(problems, g_steal_pointer(&error));
	}
	if (cert) {
		*out = ham_pki_describe(cert);
		check_cert(dir, node, cert, *out, now, problems);
	}
	if (cert && key && X509_check_private_key(cert, key) != 1)
		add(problems, "%s/node.key: not the key of node.pem", dir);
	ERR_clear_error();
	if (ca && cert) {
		check_chain(dir, ca, crl, cert, X509_PURPOSE_SSL_SERVER, now,
			    problems);
		check_chain(dir, ca, crl, cert, X509_PURPOSE_SSL_CLIENT, now,
			    problems);
	}
}
