/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/guest/record.c - makes and checks records; see record.h */
#include "record.h"

static uint32_t crc_table[8][256];

/* Slicing by eight: the guest runs without hardware help. */
static void
crc_init(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int bit = 0; bit < 8; bit++)
			c = c & 1 ? 0xedb88320U ^ (c >> 1) : c >> 1;
		crc_table[0][i] = c;
	}
	for (int t = 1; t < 8; t++)
		for (int i = 0; i < 256; i++) {
			uint32_t c = crc_table[t - 1][i];

			crc_table[t][i] = crc_table[0][c & 0xff] ^ (c >> 8);
		}
}

static uint32_t
crc32_words(const uint64_t *p, int n)
{
	uint32_t c = ~0U;

	if (!crc_table[0][1])
		crc_init();
	for (; n > 0; n--, p++) {
		uint64_t w = *p ^ c;

		c = crc_table[7][w & 0xff] ^ crc_table[6][w >> 8 & 0xff] ^
		    crc_table[5][w >> 16 & 0xff] ^
		    crc_table[4][w >> 24 & 0xff] ^
		    crc_table[3][w >> 32 & 0xff] ^
		    crc_table[2][w >> 40 & 0xff] ^
		    crc_table[1][w >> 48 & 0xff] ^ crc_table[0][w >> 56];
	}
	return ~c;
}

static uint64_t
next(uint64_t x)
{
	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static uint64_t
seed_of(uint64_t number, uint64_t boot)
{
	uint64_t x = (number * 0x9e3779b97f4a7c15ULL) ^ boot;

	return x ? x : 1;
}

void
record_make(struct record *r, uint64_t number, uint64_t boot, uint32_t slots,
	    uint64_t now_ms)
{
	uint64_t x = seed_of(number, boot);

	r->magic = RECORD_MAGIC;
	r->number = number;
	r->boot = boot;
	r->slots = slots;
	r->crc = 0;
	r->written_ms = now_ms;
	for (int i = 0; i < RECORD_WORDS - RECORD_HEAD_WORDS; i++)
		r->fill[i] = x = next(x);
	r->crc = crc32_words((const uint64_t *)r, RECORD_WORDS);
}

const char *
record_check(struct record *r)
{
	uint64_t x = seed_of(r->number, r->boot);
	uint32_t crc = r->crc;
	uint32_t sum;

	if (r->magic != RECORD_MAGIC)
		return "no record";
	r->crc = 0;
	sum = crc32_words((const uint64_t *)r, RECORD_WORDS);
	r->crc = crc;
	if (sum != crc)
		return "wrong checksum";
	for (int i = 0; i < RECORD_WORDS - RECORD_HEAD_WORDS; i++) {
		x = next(x);
		if (r->fill[i] != x)
			return "wrong content";
	}
	return 0;
}
