/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/say.h - well-formed messages from the bytes of a fuzz input
 *
 * The fields are what the core may expect now, moved by the input: random
 * bytes alone would never name its ring, term and position.
 *
 * Body: guest, text, then by kind (flags: SAY_*)
 *
 *	EXCHANGE        rel term, rel count, rel promise, flags, seconds away
 *	STORED, CHECK   rel term, rel count, flags
 *	ADOPT           rel term, rel count, members, joined, flags: 1: guests
 *			of the input, 2: another sum; then their number and
 *			each guest's: name, phase, owner, dst, rel epoch, rel
 *			txn, two replicas (node, state), flags
 *	PROPOSE, RECORD rel term, rel count, proposer, proposal, op, op's flag,
 *			op's node, rel epoch, rel txn
 *	HEARTBEAT       rel time, rel to the core's last, tenths of a second of
 *			lease and watchdog, flags
 *	others		rel epoch, rel txn, standing, note, blob's length
 */
#ifndef HAM_FUZZ_SAY_H
#define HAM_FUZZ_SAY_H

#include "tests/fuzz/reader.h"
#include "tests/fuzz/world.h"

enum say_flags {
	/* EXCHANGE, STORED, CHECK, HEARTBEAT */
	SAY_HAS_STORE = 1,
	SAY_OTHER = 2, /* configuration, sum, or the negative time */
	SAY_HEARD_OTHERS = 4,
	SAY_FOREIGN = 8, /* knows of the core's state, has no place in it */
	SAY_NO_NODES = 16,
	/* of a guest */
	SAY_OWNER_DEAD = 1,
	SAY_DST_DEAD = 2,
	SAY_NOT_WANTED = 4,
};

void fuzz_say(struct world *world, struct fuzz_reader *in);

/* NULL for SCRIPT_TEXT_NULL. */
const char *fuzz_text(uint8_t which);

#endif
