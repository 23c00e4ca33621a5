/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/say.h - well-formed messages from the bytes of a fuzz input
 *
 * The fields are what the core may expect now, moved by the input: random
 * bytes alone would never name its ring, term and position.
 *
 * Body: guest, text, then by kind
 *	EXCHANGE        rel term, rel count, rel promise, flags: 1: has a store,
 *			2: another configuration
 *	STORED, CHECK   rel term, rel count, flags: 2: another sum
 *	ADOPT           rel term, rel count, members, joined, flags: 1: guests
 *of the input, 2: another sum; then their number and each guest's: name, phase,
 *owner, dst, rel epoch, rel txn, two replicas (node, state) PROPOSE, RECORD
 *rel term, rel count, proposer, proposal, op, op's flag, op's node, rel epoch,
 *rel txn others		rel epoch, rel txn, standing, note, blob's
 *length
 */
#ifndef HAM_FUZZ_SAY_H
#define HAM_FUZZ_SAY_H

#include "tests/fuzz/reader.h"
#include "tests/fuzz/world.h"

void fuzz_say(struct world *world, struct fuzz_reader *in);

/* NULL for SCRIPT_TEXT_NULL. */
const char *fuzz_text(uint8_t which);

#endif
