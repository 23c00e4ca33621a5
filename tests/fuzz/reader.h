/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/reader.h - fields of a fuzz input; past its end all is zero */
#ifndef HAM_FUZZ_READER_H
#define HAM_FUZZ_READER_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_reader {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t
fuzz_u8(struct fuzz_reader *in)
{
	if (in->left == 0)
		return 0;
	in->left--;
	return *in->at++;
}

static inline uint16_t
fuzz_u16(struct fuzz_reader *in)
{
	unsigned int high = fuzz_u8(in);

	return (uint16_t)(high << 8 | fuzz_u8(in));
}

/* `*len` is cut down to what is there. */
static inline const uint8_t *
fuzz_bytes(struct fuzz_reader *in, size_t *len)
{
	const uint8_t *bytes = in->at;

	if (*len > in->left)
		*len = in->left;
	in->at += *len;
	in->left -= *len;
	return bytes;
}

/* See script.h. */
static inline uint64_t
fuzz_rel(struct fuzz_reader *in, uint64_t base)
{
	int8_t by = (int8_t)fuzz_u8(in);

	if (by == INT8_MAX)
		return UINT64_MAX;
	if (by == INT8_MIN)
		return 0;
	return base + (uint64_t)(int64_t)by;
}

#endif
