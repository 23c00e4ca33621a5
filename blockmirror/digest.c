/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/digest.c - see digest.h: images, their digests, and serving them
 *
 * A thread reads the next part while the digests of the last are made: one
 * after the other a fast disk and a fast digest are half as fast together.
 *
 * Refuses an image smaller than the disk.
 */
#include "blockmirror/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "blockmirror/digest_peer.h"

enum {
	ALIGN = 4096,
	READ_BLOCKS = 32, /* at once: a disk is slow with less */
	NICE = 10, /* guests and daemons come first */
	PATIENCE_S = 60,
	GREETING_S = 2,
};

static const uint8_t zeroes[HAM_BM_DIGEST_BLOCK];

struct part {
	unsigned int disk;
	uint64_t first;
	uint64_t n;
	uint8_t *buffer;
	int error; /* 0: it was read */
};

static gpointer reader(gpointer data);

struct ham_digester *
ham_digester_new(const struct ham_bm_image *images, unsigned int n,
		 const char **why)
{
	struct ham_digester *d = calloc(1, sizeof(*d));

	*why = "no memory";
	if (!d)
		return NULL;
	for (unsigned int i = 0; i < n && i < HAM_DIGEST_DISKS; i++) {
		d->size[i] = images[i].size;
		d->fd[i] = open(images[i].path,
				O_RDONLY | O_CLOEXEC | O_DIRECT);
		if (d->fd[i] < 0 && errno == EINVAL)
			d->fd[i] = open(images[i].path, O_RDONLY | O_CLOEXEC);
		if (d->fd[i] < 0) {
			*why = strerror(errno);
			ham_digester_free(d);
			return NULL;
		}
		d->n = i + 1;
	}
	if (posix_memalign((void **)&d->buffer, ALIGN,
			   2 * READ_BLOCKS * HAM_BM_DIGEST_BLOCK)) {
		ham_digester_free(d);
		return NULL;
	}
	(void)EVP_Digest(zeroes, sizeof(zeroes), d->zero, NULL, EVP_sha256(),
			 NULL);
	(void)setpriority(PRIO_PROCESS, 0, NICE);
	d->asked = g_async_queue_new();
	d->read = g_async_queue_new();
	d->reader = g_thread_new("reader", reader, d);
	return d;
}

void
ham_digester_free(struct ham_digester *d)
{
	if (!d)
		return;
	if (d->reader) {
		struct part last = {.n = 0};

		g_async_queue_push(d->asked, &last);
		g_thread_join(d->reader);
		g_async_queue_unref(d->asked);
		g_async_queue_unref(d->read);
	}
	for (unsigned int i = 0; i < d->n; i++)
		close(d->fd[i]);
	free(d->buffer);
	free(d);
}

uint64_t
ham_digester_blocks(const struct ham_digester *d, unsigned int disk)
{
	return (d->size[disk] + HAM_BM_DIGEST_BLOCK - 1) / HAM_BM_DIGEST_BLOCK;
}

uint64_t
ham_digester_length(const struct ham_digester *d, unsigned int disk,
		    uint64_t block)
{
	uint64_t at = block * HAM_BM_DIGEST_BLOCK;

	return MIN(d->size[disk] - at, HAM_BM_DIGEST_BLOCK);
}

/* False with errno. */
static bool
read_part(const struct ham_digester *d, const struct part *part)
{
	uint64_t at = part->first * HAM_BM_DIGEST_BLOCK;
	size_t room = part->n * HAM_BM_DIGEST_BLOCK;
	size_t wanted = MIN(d->size[part->disk] - at, room);
	size_t got = 0;

	while (got < wanted) {
		/* whole sectors, as reads past the cache want them */
		ssize_t r = pread(d->fd[part->disk], part->buffer + got,
				  room - got, (off_t)(at + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0) {
			errno = r == 0 ? ENODATA : errno;
			return false;
		}
		got += (size_t)r;
	}
	return true;
}

static gpointer
reader(gpointer data)
{
	struct ham_digester *d = data;
	struct part *part;

	while ((part = g_async_queue_pop(d->asked))->n > 0) {
		part->error = read_part(d, part) ? 0 : errno;
		g_async_queue_push(d->read, part);
	}
	return NULL;
}

static bool
digest(const struct ham_digester *d, const uint8_t *bytes, size_t length,
       uint8_t *out)
{
	if (length == sizeof(zeroes) &&
	    memcmp(bytes, zeroes, sizeof(zeroes)) == 0) {
		memcpy(out, d->zero, HAM_BM_DIGEST_SIZE);
		return true;
	}
	return EVP_Digest(bytes, length, out, NULL, EVP_sha256(), NULL) == 1;
}

static bool
digest_part(const struct ham_digester *d, const struct part *part, uint8_t *out)
{
	for (uint64_t i = 0; i < part->n; i++)
		if (!digest(d, part->buffer + i * HAM_BM_DIGEST_BLOCK,
			    ham_digester_length(d, part->disk, part->first + i),
			    out + i * HAM_BM_DIGEST_SIZE))
			return false;
	return true;
}

/* The part that begins so far into what is wanted is to be read. */
static void
ask_for(struct ham_digester *d, struct part *part, const struct part *whole,
	uint64_t from)
{
	*part = (struct part){
		.disk = whole->disk,
		.first = whole->first + from,
		.n = MIN(whole->n - from, READ_BLOCKS),
		.buffer = d->buffer + (from / READ_BLOCKS % 2) * READ_BLOCKS *
					      HAM_BM_DIGEST_BLOCK,
	};
	g_async_queue_push(d->asked, part);
}

bool
ham_digester_make(struct ham_digester *d, unsigned int disk, uint64_t first,
		  uint64_t n, uint8_t *out)
{
	struct part whole = {.disk = disk, .first = first, .n = n};
	struct part parts[2];
	bool good = true;

	if (n > 0)
		ask_for(d, &parts[0], &whole, 0);
	for (uint64_t at = 0; at < n; at += READ_BLOCKS) {
		struct part *part = g_async_queue_pop(d->read);

		if (part->error) { /* and no other is under way */
			errno = part->error;
			return false;
		}
		if (good && n - at > READ_BLOCKS)
			ask_for(d, &parts[(at / READ_BLOCKS + 1) % 2], &whole,
				at + READ_BLOCKS);
		good = good &&
		       digest_part(d, part, out + at * HAM_BM_DIGEST_SIZE);
		if (!good && n - at > READ_BLOCKS)
			(void)g_async_queue_pop(d->read);
		if (!good)
			return false;
	}
	return true;
}

bool
ham_digest_send(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = send(fd, at, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

bool
ham_digest_receive(int fd, void *bytes, size_t len)
{
	char *at = bytes;

	while (len > 0) {
		ssize_t n = recv(fd, at, len, 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

void
ham_digest_patience(int fd)
{
	struct timeval limit = {.tv_sec = PATIENCE_S};

	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

static bool
answer(struct ham_digester *d, int fd, const struct ham_digest_question *q)
{
	static uint8_t digests[HAM_BM_DIGEST_CHUNK * HAM_BM_DIGEST_SIZE];
	uint32_t disk = GUINT32_FROM_BE(q->disk);
	uint32_t n = GUINT32_FROM_BE(q->n);
	uint64_t first = GUINT64_FROM_BE(q->first);

	if (disk >= d->n || n == 0 || n > HAM_BM_DIGEST_CHUNK ||
	    first >= ham_digester_blocks(d, disk) ||
	    n > ham_digester_blocks(d, disk) - first)
		return false;
	return ham_digester_make(d, disk, first, n, digests) &&
	       ham_digest_send(fd, digests, (size_t)n * HAM_BM_DIGEST_SIZE);
}

static void
serve_one(struct ham_digester *d, int fd, const char *token)
{
	static const struct timeval greeting = {.tv_sec = GREETING_S};
	char said[HAM_BM_DIGEST_TOKEN];
	struct ham_digest_question q;

	/* a stranger gets no more of the only seat: MSG_WAITALL keeps to that
	 * time as a whole (tcp(7), socket(7)) */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &greeting,
			 sizeof(greeting));
	if (recv(fd, said, sizeof(said), MSG_WAITALL) != sizeof(said) ||
	    CRYPTO_memcmp(said, token, sizeof(said)) != 0)
		return;
	ham_digest_patience(fd);
	while (ham_digest_receive(fd, &q, sizeof(q)) && answer(d, fd, &q))
		;
}

int
ham_bm_digest_serve(int listener, const char *token,
		    const struct ham_bm_image *images, unsigned int n)
{
	const char *why;
	struct ham_digester *d = ham_digester_new(images, n, &why);

	if (!d || strlen(token) != HAM_BM_DIGEST_TOKEN) {
		fprintf(stderr, "hamd-digest: %s\n", d ? "no token" : why);
		ham_digester_free(d);
		return 1;
	}
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 && errno != EINTR && errno != ECONNABORTED) {
			ham_digester_free(d);
			return 1;
		}
		if (fd < 0)
			continue;
		serve_one(d, fd, token);
		close(fd);
	}
}
