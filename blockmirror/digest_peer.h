/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/digest_peer.h - what both sides of a comparison share */
#ifndef HAM_BM_DIGEST_PEER_H
#define HAM_BM_DIGEST_PEER_H

#include "blockmirror/digest.h"

enum {
	HAM_DIGEST_DISKS = 8,
};

struct ham_digester {
	unsigned int n;
	int fd[HAM_DIGEST_DISKS];
	uint64_t size[HAM_DIGEST_DISKS];
	uint8_t *buffer; /* two of what is read at once, aligned */
	GThread *reader; /* takes from `asked`, gives to `read` */
	GAsyncQueue *asked;
	GAsyncQueue *read;
	uint8_t zero[HAM_BM_DIGEST_SIZE];
};

struct ham_digest_question {
	uint64_t first;
	uint32_t disk;
	uint32_t n;
};

/* NULL with *why. */
struct ham_digester *ham_digester_new(const struct ham_bm_image *images,
				      unsigned int n, const char **why);
void ham_digester_free(struct ham_digester *d); /* may be NULL */
uint64_t ham_digester_blocks(const struct ham_digester *d, unsigned int disk);
/* Bytes of that block: the last one may be shorter. */
uint64_t ham_digester_length(const struct ham_digester *d, unsigned int disk,
			     uint64_t block);
/* Of n blocks, HAM_BM_DIGEST_SIZE bytes each, as they are on the disk now.
 * False with errno: they can't be read. */
bool ham_digester_make(struct ham_digester *d, unsigned int disk,
		       uint64_t first, uint64_t n, uint8_t *out);

/* All of it, or false. */
bool ham_digest_send(int fd, const void *bytes, size_t len);
bool ham_digest_receive(int fd, void *bytes, size_t len);
/* A peer that is silent for a minute is gone. */
void ham_digest_patience(int fd);

#endif
