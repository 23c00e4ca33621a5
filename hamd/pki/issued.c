/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/issued.c - what a CA has issued: listed, renewed, revoked: see pki.h
 */
#include <openssl/err.h>
#include <string.h>

#include "hamd/base/error.h"
#include "hamd/pki/ca.h"

/* One of the CA's folder. */
struct issued {
	X509 *x509;
	struct ham_cert *cert;
};

static void
issued_free(gpointer data)
{
	struct issued *one = data;

	X509_free(one->x509);
	ham_cert_free(one->cert);
	g_free(one);
}

/* Newest first; of the same second by number, so that it is an order. */
static int
compare(gconstpointer a, gconstpointer b)
{
	const struct ham_cert *x = (*(struct issued *const *)a)->cert;
	const struct ham_cert *y = (*(struct issued *const *)b)->cert;

	if (x->not_before != y->not_before)
		return x->not_before < y->not_before ? 1 : -1;
	return strcmp(x->serial, y->serial);
}

static GPtrArray *
read_all(struct ham_ca *ca, GError **error)
{
	g_autofree char *path = g_build_filename(ca->dir, "issued", NULL);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(issued_free);
	g_autoptr(GDir) dir = g_dir_open(path, 0, error);
	const char *name;

	if (!dir)
		return NULL;
	while ((name = g_dir_read_name(dir))) {
		struct issued *one;
		X509_REVOKED *revoked = NULL;
		X509 *x509;

		/* others are of a write that was cut short */
		if (!g_str_has_suffix(name, ".pem"))
			continue;
		x509 = ham_pki_read_cert(path, name, error);
		if (!x509)
			return NULL;
		one = g_new0(struct issued, 1);
		one->x509 = x509;
		one->cert = ham_pki_describe(x509);
		one->cert->revoked =
			X509_CRL_get0_by_cert(ca->crl, &revoked, x509) == 1;
		g_ptr_array_add(all, one);
	}
	g_ptr_array_sort(all, compare);
	return g_steal_pointer(&all);
}

GPtrArray *
ham_pki_issued(const char *dir, GError **error)
{
	g_autoptr(GPtrArray) all = NULL;
	GPtrArray *certs;
	struct ham_ca ca;

	if (!ham_ca_open(&ca, dir, error))
		return NULL;
	all = read_all(&ca, error);
	ham_ca_close(&ca);
	if (!all)
		return NULL;
	certs = g_ptr_array_new_with_free_func((GDestroyNotify)ham_cert_free);
	for (guint i = 0; i < all->len; i++) {
		struct issued *one = g_ptr_array_index(all, i);

		g_ptr_array_add(certs, g_steal_pointer(&one->cert));
	}
	return certs;
}

static bool
is_of(const struct ham_cert *cert, const char *node)
{
	return g_strv_contains((const char *const *)cert->names, node);
}

bool
ham_pki_renew(const char *dir, const struct ham_pki_order *order,
	      GError **error)
{
	struct ham_pki_order full = *order;
	g_autoptr(GPtrArray) all = ham_pki_issued(dir, error);
	const struct ham_cert *last = NULL;

	if (!all)
		return false;
	for (guint i = 0; i < all->len && !last; i++)
		if (is_of(g_ptr_array_index(all, i), order->node))
			last = g_ptr_array_index(all, i);
	if (!last)
		return ham_refuse(error, "%s: %s has no certificate of this CA",
				  dir, order->node);
	if (!full.addresses)
		full.addresses = (const char *const *)last->addresses;
	return ham_pki_issue(dir, &full, error);
}

static bool
add_to_list(struct ham_ca *ca, X509 *x509)
{
	X509_REVOKED *entry = X509_REVOKED_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	bool ok = entry && now &&
		  X509_REVOKED_set_serialNumber(
			  entry, X509_get_serialNumber(x509)) == 1 &&
		  X509_REVOKED_set_revocationDate(entry, now) == 1 &&
		  X509_CRL_add0_revoked(ca->crl, entry) == 1;

	ASN1_TIME_free(now);
	if (!ok)
		X509_REVOKED_free(entry);
	return ok;
}

static bool
revoke_of(struct ham_ca *ca, const char *what, unsigned int *n, GError **error)
{
	g_autoptr(GPtrArray) all = read_all(ca, error);
	bool known = false;

	if (!all)
		return false;
	for (guint i = 0; i < all->len; i++) {
		struct issued *one = g_ptr_array_index(all, i);

		if (!is_of(one->cert, what) &&
		    g_ascii_strcasecmp(one->cert->serial, what) != 0)
			continue;
		known = true;
		if (one->cert->revoked)
			continue;
		if (!add_to_list(ca, one->x509))
			return ham_pki_failed(error, "%s: crl.pem", ca->dir);
		(*n)++;
	}
	if (!known)
		return ham_refuse(error,
				  "%s: no certificate of this CA is of a node "
				  "%s, or has that serial",
				  ca->dir, what);
	if (*n == 0)
		return true;
	if (!ham_ca_sign_crl(ca))
		return ham_pki_failed(error, "%s: crl.pem", ca->dir);
	return ham_pki_write_crl(ca->dir, "crl.pem", ca->crl, error);
}

bool
ham_pki_revoke(const char *dir, const char *what, unsigned int *n,
	       GError **error)
{
	struct ham_ca ca;
	bool ok;

	*n = 0;
	if (!ham_ca_open(&ca, dir, error))
		return false;
	ok = revoke_of(&ca, what, n, error);
	ham_ca_close(&ca);
	return ok;
}
