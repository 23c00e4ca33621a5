/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/guest/record.h - one record of the test guest's disk
 *
 * Record N lies in slot (N - 1) % slots of a ring of 4 KiB slots that begins
 * at 1 MiB.  All fields little endian; tests/lab/audit reads the same form.
 * The ring's size is kept in each record, so that the image tells it.
 */
#ifndef LAB_RECORD_H
#define LAB_RECORD_H

#include <stdint.h>

#define RECORD_MAGIC 0x314345524d414821ULL /* "!HAMREC1" */

enum {
	RECORD_BYTES = 4096,
	RECORD_WORDS = RECORD_BYTES / 8,
	RECORD_HEAD_WORDS = 5,
	RING_START = 1 << 20,
};

struct record {
	uint64_t magic;
	uint64_t number; /* from 1, over all boots */
	uint64_t boot;	 /* random, of the boot that wrote it */
	uint32_t slots;
	uint32_t crc;	     /* CRC-32 (IEEE) of the record with this field 0 */
	uint64_t written_ms; /* guest's uptime */
	uint64_t fill[RECORD_WORDS - RECORD_HEAD_WORDS]; /* from number, boot */
};

_Static_assert(sizeof(struct record) == RECORD_BYTES, "a record is 4 KiB");

/* Fills in all of *r. */
void record_make(struct record *r, uint64_t number, uint64_t boot,
		 uint32_t slots, uint64_t now_ms);

/* NULL if r is an intact record, else what is wrong with it. */
const char *record_check(struct record *r);

#endif
