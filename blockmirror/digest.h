/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/digest.h - two copies of a disk compared without sending them
 *
 * Each side reads its own image and makes a SHA-256 of every 64 KiB; only the
 * digests travel.  Both run as processes of their own, since they read disks
 * and wait for the network: these functions block, and are called by a program
 * that does nothing else (hamd --digest-serve, hamd --digest-compare).
 *
 * The wire, all integers big-endian: the client says the token, then asks
 * (u32 disk, u64 first block, u32 blocks) and is answered 32 bytes a block.
 * What is out of range, or comes without the token, ends the connection.
 *
 * The bytes are read past the page cache where the file system allows it, as
 * QEMU and the storage daemon write them.
 */
#ifndef HAM_BM_DIGEST_H
#define HAM_BM_DIGEST_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_BM_DIGEST_BLOCK = 65536, /* bytes */
	HAM_BM_DIGEST_SIZE = 32,
	HAM_BM_DIGEST_LAST = 64,     /* blocks that are looked at last */
	HAM_BM_DIGEST_TOKEN = 32,    /* characters, hexadecimal */
	HAM_BM_DIGEST_CHUNK = 256,   /* blocks a question may be about */
};

struct ham_bm_image {
	const char *path;
	uint64_t size; /* bytes */
};

/* Serves one client after the other on that listening socket, until it is
 * ended.  Returns an exit status; only when it can't begin. */
int ham_bm_digest_serve(int listener, const char *token,
			const struct ham_bm_image *images, unsigned int n);

struct ham_bm_compare {
	const char *host; /* numeric */
	unsigned int port;
	const char *token;
	const struct ham_bm_image *images;
	unsigned int n;
	uint64_t rate;	/* bytes of an image a second; 0: no limit */
	bool settle;	/* look again at what differs, the guest writes */
	int out;	/* lines go there: */
	int in;		/* settle: one comes from there */
};

/* Lines on `out`: "at DISK OFFSET" now and then, "differs DISK OFFSET LENGTH"
 * in order, adjoining blocks as one, then "end BYTES"; or "error TEXT".  With
 * `settle` blocks that differ are compared again, some times within two seconds;
 * those that differ still are "suspects N", and compared a last time when a
 * line has come from `in`: the caller has seen to it that nothing is under way.
 * Returns an exit status. */
int ham_bm_digest_compare(const struct ham_bm_compare *compare);

#endif
