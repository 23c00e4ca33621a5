/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/pki/tool.c - see tool.h */
#include "hamd/pki/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/base/error.h"

bool
ham_pki_failed(GError **error, const char *format, ...)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = code ? ERR_reason_error_string(code) : NULL;
	g_autofree char *context = NULL;
	va_list args;

	va_start(args, format);
	context = g_strdup_vprintf(format, args);
	va_end(args);
	ERR_clear_error();
	return ham_refuse(error, "%s: %s", context,
			  reason ? reason : "OpenSSL gives no reason");
}

/* ---- reading ---- */

/* NULL with error; of a key `closed` is asked of the open file, so that it
 * can't be another one. */
static BIO *
open_file(const char *path, bool closed, GError **error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	FILE *file;

	if (fd < 0) {
		ham_error_errno(error, errno, "%s", path);
		return NULL;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		ham_refuse(error, "%s: not a regular file", path);
		close(fd);
		return NULL;
	}
	if (closed && st.st_uid != 0 && st.st_uid != geteuid()) {
		ham_refuse(error, "%s: uid %u's, expected yours or root's",
			   path, (unsigned int)st.st_uid);
		close(fd);
		return NULL;
	}
	if (closed && (st.st_mode & 077)) {
		ham_refuse(error,
			   "%s: mode %04o, expected 0600 or 0400: others may "
			   "read it",
			   path, (unsigned int)(st.st_mode & 07777));
		close(fd);
		return NULL;
	}
	file = fdopen(fd, "r");
	if (!file) {
		ham_error_errno(error, errno, "%s", path);
		close(fd);
		return NULL;
	}
	return BIO_new_fp(file, BIO_CLOSE);
}

/* A passphrase would be asked for on a terminal that may not be there. */
static int
no_passphrase(char *buf, int size, int writing, void *data)
{
	(void)buf;
	(void)size;
	(void)writing;
	(void)data;
	return -1;
}

#define READ(type, read)                                                       \
	g_autofree char *path = g_build_filename(dir, name, NULL);             \
	BIO *bio = open_file(path, closed, error);                             \
	type *got;                                                             \
                                                                               \
	if (!bio)                                                              \
		return NULL;                                                   \
	got = read(bio, NULL, no_passphrase, NULL);                            \
	BIO_free(bio);                                                         \
	if (!got)                                                              \
		ham_pki_failed(error, "%s", path);                             \
	ERR_clear_error();                                                     \
	return got

X509 *
ham_pki_read_cert(const char *dir, const char *name, GError **error)
{
	const bool closed = false;

	READ(X509, PEM_read_bio_X509);
}

X509_CRL *
ham_pki_read_crl(const char *dir, const char *name, GError **error)
{
	const bool closed = false;

	READ(X509_CRL, PEM_read_bio_X509_CRL);
}

EVP_PKEY *
ham_pki_read_key(const char *dir, const char *name, GError **error)
{
	const bool closed = true;

	READ(EVP_PKEY, PEM_read_bio_PrivateKey);
}

X509_REQ *
ham_pki_read_csr(const char *name, GError **error)
{
	const char *dir = "";
	const bool closed = false;

	READ(X509_REQ, PEM_read_bio_X509_REQ);
}

/* ---- writing ---- */

static bool
write_bio(const char *dir, const char *name, BIO *bio, int mode, GError **error)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);
	char *bytes = NULL;
	long len = BIO_get_mem_data(bio, &bytes);

	return g_file_set_contents_full(path, bytes, len,
					G_FILE_SET_CONTENTS_CONSISTENT |
						G_FILE_SET_CONTENTS_DURABLE,
					mode, error);
}

#define WRITE(write, mode)                                                     \
	BIO *bio = BIO_new(BIO_s_secmem());                                    \
	bool ok = bio && (write);                                              \
                                                                               \
	if (!ok)                                                               \
		ham_pki_failed(error, "%s/%s", dir, name);                     \
	else                                                                   \
		ok = write_bio(dir, name, bio, mode, error);                   \
	BIO_free(bio);                                                         \
	return ok

bool
ham_pki_write_cert(const char *dir, const char *name, X509 *cert,
		   GError **error)
{
	WRITE(PEM_write_bio_X509(bio, cert), 0644);
}

bool
ham_pki_write_crl(const char *dir, const char *name, X509_CRL *crl,
		  GError **error)
{
	WRITE(PEM_write_bio_X509_CRL(bio, crl), 0644);
}

bool
ham_pki_write_key(const char *dir, const char *name, EVP_PKEY *key,
		  GError **error)
{
	WRITE(PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL,
					    NULL),
	      0600);
}
