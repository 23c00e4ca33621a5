/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/wire.h - bounded big-endian writer and reader
 *
 * The reader never steps over its end: after a short read everything reads as
 * zero and `bad` stays set, so that a decoder can check once at the end.  The
 * writer asserts its room, which callers size for the largest message.
 */
#ifndef HAM_WIRE_H
#define HAM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ham_writer {
	uint8_t *bytes;
	size_t len;
	size_t room;
};

void ham_put_u8(struct ham_writer *w, uint8_t v);
void ham_put_u16(struct ham_writer *w, uint16_t v);
void ham_put_u32(struct ham_writer *w, uint32_t v);
void ham_put_u64(struct ham_writer *w, uint64_t v);
void ham_put_bytes(struct ham_writer *w, const void *bytes, size_t len);
/* One length byte or, for `wide`, two; then the text without its NUL. */
void ham_put_text(struct ham_writer *w, const char *text, bool wide);

struct ham_reader {
	const uint8_t *bytes;
	size_t len;
	size_t at;
	bool bad;
};

uint8_t ham_get_u8(struct ham_reader *r);
uint16_t ham_get_u16(struct ham_reader *r);
uint32_t ham_get_u32(struct ham_reader *r);
uint64_t ham_get_u64(struct ham_reader *r);
/* 0 or 1; anything else is bad. */
bool ham_get_bool(struct ham_reader *r);
/* Borrowed; NULL and bad if fewer are left. */
const uint8_t *ham_get_bytes(struct ham_reader *r, size_t len);
/* Into `out` with a NUL; bad if it does not fit or holds a NUL. */
void ham_get_text(struct ham_reader *r, char *out, size_t size, bool wide);

#endif
