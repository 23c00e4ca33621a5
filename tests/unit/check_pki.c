/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_pki.c - the CA, and what is wrong with a node's certificate
 *
 * Each test has a folder of its own, which goes with it.
 */
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "hamd/pki/pki.h"
#include "tests/unit/leaf_run.h"

enum {
	DAY_S = 86400
};

static char *top, *ca, *node;

static char *
in(const char *dir, const char *name)
{
	return g_build_filename(dir, name, NULL);
}

static void
setup(void)
{
	top = g_dir_make_tmp("check_pki.XXXXXX", NULL);
	ck_assert_ptr_nonnull(top);
	ca = in(top, "ca");
	node = in(top, "n1");
}

static void
remove_all(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *sub = in(path, name);

		remove_all(sub);
	}
	if (dir)
		g_dir_close(dir);
	(void)remove(path);
}

static void
teardown(void)
{
	remove_all(top);
	g_clear_pointer(&top, g_free);
	g_clear_pointer(&ca, g_free);
	g_clear_pointer(&node, g_free);
}

static void
make_ca(const char *dir)
{
	GError *error = NULL;

	ck_assert_msg(ham_pki_init(dir, "lab", HAM_PKI_CA_DAYS, &error), "%s",
		      error ? error->message : "no reason");
}

static const char *const two[] = {"10.0.0.1", "fd00::1", NULL};

static struct ham_pki_order
order_of(const char *name)
{
	return (struct ham_pki_order){.node = name,
				      .addresses = two,
				      .days = HAM_PKI_NODE_DAYS,
				      .out = node};
}

static void
issue(const char *dir, const char *name)
{
	struct ham_pki_order order = order_of(name);
	GError *error = NULL;

	ck_assert_msg(ham_pki_issue(dir, &order, &error), "%s",
		      error ? error->message : "no reason");
}

/* The problems in days from now, one a line. */
static char *
problems_in(int days, const char *name)
{
	g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(ham_cert) cert = NULL;

	ham_pki_check(node, name, (int64_t)time(NULL) + (int64_t)days * DAY_S,
		      problems, &cert);
	g_ptr_array_add(problems, NULL);
	return g_strjoinv("\n", (char **)problems->pdata);
}

static void
assert_refused(bool ok, GError **error, const char *text)
{
	ck_assert(!ok);
	ck_assert_ptr_nonnull(*error);
	ck_assert_msg(strstr((*error)->message, text) != NULL, "'%s' in '%s'",
		      text, (*error)->message);
	g_clear_error(error);
}

static unsigned int
mode_of(const char *dir, const char *name)
{
	g_autofree char *path = in(dir, name);
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_mode & 07777;
}

START_TEST(keys_are_for_their_owner)
{
	make_ca(ca);
	issue(ca, "n1");
	ck_assert_uint_eq(mode_of(ca, "ca.key"), 0600);
	ck_assert_uint_eq(mode_of(node, "node.key"), 0600);
	ck_assert_uint_eq(mode_of(node, "node.pem"), 0644);
	ck_assert_uint_eq(mode_of(top, "ca"), 0700);
}
END_TEST

START_TEST(a_ca_is_not_written_over)
{
	GError *error = NULL;
	g_autofree char *before = NULL;
	g_autofree char *after = NULL;
	g_autofree char *path = in(ca, "ca.pem");

	make_ca(ca);
	ck_assert(g_file_get_contents(path, &before, NULL, NULL));
	assert_refused(ham_pki_init(ca, "lab", 10, &error), &error,
		       "is there already");
	ck_assert(g_file_get_contents(path, &after, NULL, NULL));
	ck_assert_str_eq(before, after);
}
END_TEST

START_TEST(what_is_issued_holds)
{
	g_autofree char *path = in(node, "node.pem");
	g_autofree char *problems = NULL;
	g_autoptr(ham_cert) cert = NULL;

	make_ca(ca);
	issue(ca, "n1");
	problems = problems_in(0, "n1");
	ck_assert_str_eq(problems, "");
	cert = ham_cert_read(path, NULL);
	ck_assert_ptr_nonnull(cert);
	ck_assert_str_eq(cert->subject, "n1");
	ck_assert_str_eq(cert->names[0], "n1");
	ck_assert_ptr_null(cert->names[1]);
	ck_assert_str_eq(cert->addresses[0], "10.0.0.1");
	ck_assert_str_eq(cert->addresses[1], "fd00::1");
	ck_assert_int_eq(ham_cert_days(cert, cert->not_after - 1), 0);
	ck_assert_int_eq(ham_cert_days(cert, cert->not_after - DAY_S), 1);
	ck_assert_int_eq(ham_cert_days(cert, cert->not_after + 1), -1);
}
END_TEST

START_TEST(another_nodes_name)
{
	g_autofree char *problems = NULL;

	make_ca(ca);
	issue(ca, "n1");
	problems = problems_in(0, "n2");
	ck_assert_ptr_nonnull(strstr(problems, "no DNS name n2"));
}
END_TEST

static const struct {
	int days;
	const char *text;
} times[] = {
	{HAM_PKI_NODE_DAYS - HAM_PKI_WARN_DAYS - 2, NULL},
	{HAM_PKI_NODE_DAYS - HAM_PKI_WARN_DAYS + 1, "ends in 2"},
	{HAM_PKI_NODE_DAYS + 1, "certificate has expired"},
	{-1, "not yet valid"},
};

START_TEST(in_time)
{
	g_autofree char *problems = NULL;

	make_ca(ca);
	issue(ca, "n1");
	problems = problems_in(times[_i].days, "n1");
	if (times[_i].text)
		ck_assert_msg(strstr(problems, times[_i].text) != NULL, "%s",
			      problems);
	else
		ck_assert_str_eq(problems, "");
}
END_TEST

START_TEST(a_key_that_others_may_read)
{
	g_autofree char *key = in(node, "node.key");
	g_autofree char *problems = NULL;
	struct ham_pki_order order = order_of("n2");
	GError *error = NULL;

	make_ca(ca);
	issue(ca, "n1");
	ck_assert_int_eq(chmod(key, 0640), 0);
	problems = problems_in(0, "n1");
	ck_assert_ptr_nonnull(strstr(problems, "mode 0640"));
	g_free(key);
	key = in(ca, "ca.key");
	ck_assert_int_eq(chmod(key, 0604), 0);
	assert_refused(ham_pki_issue(ca, &order, &error), &error, "mode 0604");
}
END_TEST

/* What nobody knows of nobody can revoke. */
START_TEST(what_could_not_be_handed_out)
{
	g_autofree char *file = in(top, "file");
	struct ham_pki_order order = order_of("n1");
	g_autoptr(GPtrArray) issued = NULL;
	GError *error = NULL;

	make_ca(ca);
	ck_assert(g_file_set_contents(file, "x", -1, NULL));
	order.out = file;
	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       "is issued, and could not be handed out");
	issued = ham_pki_issued(ca, NULL);
	ck_assert_uint_eq(issued->len, 1);
}
END_TEST

START_TEST(a_folder_in_which_others_may_write)
{
	GError *error = NULL;

	ck_assert_int_eq(mkdir(ca, 0700), 0);
	ck_assert_int_eq(chmod(ca, 0770), 0);
	assert_refused(ham_pki_init(ca, "lab", 10, &error), &error,
		       "mode 0770");
}
END_TEST

START_TEST(a_key_that_is_anothers)
{
	g_autofree char *key = in(node, "node.key");
	g_autofree char *problems = NULL;

	make_ca(ca);
	issue(ca, "n1");
	if (geteuid() != 0)
		return; /* nobody else can give files away */
	ck_assert_int_eq(chown(key, 12345, (gid_t)-1), 0);
	problems = problems_in(0, "n1");
	ck_assert_ptr_nonnull(strstr(problems, "uid 12345"));
}
END_TEST

START_TEST(the_key_of_another)
{
	g_autofree char *key = in(node, "node.key");
	g_autofree char *kept = in(top, "kept");
	g_autofree char *problems = NULL;

	make_ca(ca);
	issue(ca, "n1");
	ck_assert_int_eq(rename(key, kept), 0);
	issue(ca, "n1");
	ck_assert_int_eq(rename(kept, key), 0);
	problems = problems_in(0, "n1");
	ck_assert_ptr_nonnull(strstr(problems, "not the key of node.pem"));
}
END_TEST

START_TEST(of_another_ca)
{
	g_autofree char *other = in(top, "other");
	g_autofree char *from = in(other, "ca.pem");
	g_autofree char *to = in(node, "ca.pem");
	g_autofree char *problems = NULL;

	make_ca(ca);
	make_ca(other);
	issue(ca, "n1");
	ck_assert_int_eq(rename(from, to), 0);
	problems = problems_in(0, "n1");
	ck_assert_ptr_nonnull(strstr(problems, "as the server"));
	ck_assert_ptr_nonnull(strstr(problems, "as the client"));
}
END_TEST

START_TEST(revoked_by_its_node)
{
	g_autofree char *from = in(ca, "crl.pem");
	g_autofree char *to = in(node, "crl.pem");
	g_autofree char *problems = NULL;
	unsigned int n = 9;

	make_ca(ca);
	issue(ca, "n2");
	issue(ca, "n1");
	ck_assert(ham_pki_revoke(ca, "n1", &n, NULL));
	ck_assert_uint_eq(n, 1);
	ck_assert(ham_pki_revoke(ca, "n1", &n, NULL));
	ck_assert_uint_eq(n, 0);
	problems = problems_in(0, "n1");
	ck_assert_str_eq(problems, "");
	ck_assert_int_eq(rename(from, to), 0);
	g_free(problems);
	problems = problems_in(0, "n1");
	ck_assert_ptr_nonnull(strstr(problems, "certificate revoked"));
}
END_TEST

START_TEST(revoked_by_its_serial)
{
	g_autoptr(GPtrArray) issued = NULL;
	g_autofree char *serial = NULL;
	const struct ham_cert *cert;
	unsigned int n, revoked = 0;

	make_ca(ca);
	issue(ca, "n1");
	issue(ca, "n1");
	issued = ham_pki_issued(ca, NULL);
	ck_assert_ptr_nonnull(issued);
	ck_assert_uint_eq(issued->len, 2);
	cert = g_ptr_array_index(issued, 1);
	serial = g_ascii_strdown(cert->serial, -1);
	ck_assert(ham_pki_revoke(ca, serial, &n, NULL));
	ck_assert_uint_eq(n, 1);
	g_clear_pointer(&issued, g_ptr_array_unref);
	issued = ham_pki_issued(ca, NULL);
	for (guint i = 0; i < issued->len; i++) {
		cert = g_ptr_array_index(issued, i);
		if (cert->revoked) {
			ck_assert_int_eq(
				g_ascii_strcasecmp(cert->serial, serial), 0);
			revoked++;
		}
	}
	ck_assert_uint_eq(revoked, 1);
}
END_TEST

START_TEST(nothing_to_revoke)
{
	GError *error = NULL;
	unsigned int n;

	make_ca(ca);
	issue(ca, "n1");
	assert_refused(ham_pki_revoke(ca, "n3", &n, &error), &error,
		       "of a node n3");
}
END_TEST

START_TEST(renewed_with_its_addresses)
{
	struct ham_pki_order order = order_of("n1");
	g_autofree char *path = in(node, "node.pem");
	g_autofree char *problems = NULL;
	g_autoptr(ham_cert) first = NULL;
	g_autoptr(ham_cert) second = NULL;

	make_ca(ca);
	issue(ca, "n1");
	first = ham_cert_read(path, NULL);
	order.addresses = NULL;
	ck_assert(ham_pki_renew(ca, &order, NULL));
	second = ham_cert_read(path, NULL);
	ck_assert_str_ne(first->serial, second->serial);
	ck_assert_str_eq(second->addresses[1], "fd00::1");
	problems = problems_in(0, "n1");
	ck_assert_str_eq(problems, "");
}
END_TEST

START_TEST(nothing_to_renew)
{
	struct ham_pki_order order = order_of("n2");
	GError *error = NULL;

	make_ca(ca);
	issue(ca, "n1");
	assert_refused(ham_pki_renew(ca, &order, &error), &error,
		       "n2 has no certificate");
}
END_TEST

static void
write_csr(const char *path, EVP_PKEY *key, EVP_PKEY *signer)
{
	X509_REQ *csr = X509_REQ_new();
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_eq(
		X509_NAME_add_entry_by_txt(
			X509_REQ_get_subject_name(csr), "CN", MBSTRING_ASC,
			(const unsigned char *)"somebody else", -1, -1, 0),
		1);
	ck_assert_int_eq(X509_REQ_set_pubkey(csr, key), 1);
	ck_assert_int_gt(X509_REQ_sign(csr, signer, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_X509_REQ(file, csr), 1);
	ck_assert_int_eq(fclose(file), 0);
	X509_REQ_free(csr);
}

START_TEST(of_a_request_the_key_alone)
{
	struct ham_pki_order order = order_of("n1");
	EVP_PKEY *key = EVP_EC_gen("P-384");
	g_autofree char *csr = in(top, "n1.csr");
	g_autofree char *path = in(node, "node.pem");
	g_autofree char *key_path = in(node, "node.key");
	g_autoptr(ham_cert) cert = NULL;
	FILE *file;
	X509 *x509;

	make_ca(ca);
	write_csr(csr, key, key);
	order.csr = csr;
	ck_assert(ham_pki_issue(ca, &order, NULL));
	cert = ham_cert_read(path, NULL);
	ck_assert_str_eq(cert->subject, "n1");
	ck_assert_int_ne(access(key_path, F_OK), 0);
	file = fopen(path, "r");
	x509 = PEM_read_X509(file, NULL, NULL, NULL);
	fclose(file);
	ck_assert_int_eq(X509_check_private_key(x509, key), 1);
	X509_free(x509);
	EVP_PKEY_free(key);
}
END_TEST

START_TEST(a_request_that_proves_nothing)
{
	struct ham_pki_order order = order_of("n1");
	EVP_PKEY *key = EVP_EC_gen("P-256");
	EVP_PKEY *other = EVP_EC_gen("P-256");
	EVP_PKEY *weak = EVP_RSA_gen(1024);
	g_autofree char *csr = in(top, "n1.csr");
	GError *error = NULL;

	make_ca(ca);
	order.csr = csr;
	write_csr(csr, key, other);
	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       "prove to have its key");
	write_csr(csr, weak, weak);
	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       "bits of strength");
	EVP_PKEY_free(key);
	EVP_PKEY_free(other);
	EVP_PKEY_free(weak);
}
END_TEST

START_TEST(the_ca_ends_before)
{
	struct ham_pki_order order = order_of("n1");
	GError *error = NULL;

	ck_assert(ham_pki_init(ca, "lab", 100, NULL));
	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       "before the certificate would");
	order.days = 99;
	ck_assert(ham_pki_issue(ca, &order, NULL));
}
END_TEST

static const char *const not_an_address[] = {"10.0.0.1,DNS:n9", NULL};
static const struct {
	const char *node;
	const char *const *addresses;
	unsigned int days;
	const char *text;
} wrong[] = {
	{"", two, 10, "expected a name"},
	{"n1,DNS:n9", two, 10, "expected a name"},
	{"-n1", two, 10, "expected a name"},
	{"n1", two, 0, "0 days"},
	{"n1", two, HAM_PKI_MAX_DAYS + 1, "days: expected"},
	{"n1", not_an_address, 10, "numeric address"},
};

START_TEST(wrong_orders)
{
	struct ham_pki_order order = {.node = wrong[_i].node,
				      .addresses = wrong[_i].addresses,
				      .days = wrong[_i].days,
				      .out = node};
	g_autoptr(GPtrArray) issued = NULL;
	GError *error = NULL;

	make_ca(ca);
	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       wrong[_i].text);
	issued = ham_pki_issued(ca, NULL);
	ck_assert_uint_eq(issued->len, 0);
}
END_TEST

START_TEST(no_ca_there)
{
	struct ham_pki_order order = order_of("n1");
	GError *error = NULL;

	assert_refused(ham_pki_issue(ca, &order, &error), &error,
		       "there is no CA here");
}
END_TEST

static const char *const garbage[] = {
	"",
	"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n",
};

START_TEST(files_that_are_none)
{
	static const char *const files[] = {"ca.pem", "node.pem", "node.key",
					    "crl.pem"};

	make_ca(ca);
	issue(ca, "n1");
	for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *path = in(node, files[i]);
		g_autofree char *problems = NULL;
		g_autofree char *before = NULL;

		ck_assert(g_file_get_contents(path, &before, NULL, NULL));
		ck_assert(g_file_set_contents_full(
			path, garbage[_i], -1, G_FILE_SET_CONTENTS_CONSISTENT,
			0600, NULL));
		problems = problems_in(0, "n1");
		ck_assert_msg(strstr(problems, path) != NULL, "%s: %s", path,
			      problems);
		ck_assert(g_file_set_contents_full(
			path, before, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
			NULL));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("pki");
	TCase *tc = tcase_create("files");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, keys_are_for_their_owner);
	tcase_add_test(tc, a_ca_is_not_written_over);
	tcase_add_test(tc, what_is_issued_holds);
	tcase_add_test(tc, another_nodes_name);
	tcase_add_loop_test(tc, in_time, 0, G_N_ELEMENTS(times));
	tcase_add_test(tc, a_key_that_others_may_read);
	tcase_add_test(tc, what_could_not_be_handed_out);
	tcase_add_test(tc, a_folder_in_which_others_may_write);
	tcase_add_test(tc, a_key_that_is_anothers);
	tcase_add_test(tc, the_key_of_another);
	tcase_add_test(tc, of_another_ca);
	tcase_add_test(tc, revoked_by_its_node);
	tcase_add_test(tc, revoked_by_its_serial);
	tcase_add_test(tc, nothing_to_revoke);
	tcase_add_test(tc, renewed_with_its_addresses);
	tcase_add_test(tc, nothing_to_renew);
	tcase_add_test(tc, of_a_request_the_key_alone);
	tcase_add_test(tc, a_request_that_proves_nothing);
	tcase_add_test(tc, the_ca_ends_before);
	tcase_add_loop_test(tc, wrong_orders, 0, G_N_ELEMENTS(wrong));
	tcase_add_test(tc, no_ca_there);
	tcase_add_loop_test(tc, files_that_are_none, 0, G_N_ELEMENTS(garbage));
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
