/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/record_wire.h - what the record consists of, as bytes
 *
 * Entries of guests and nodes, operations and positions, as messages and the
 * database have them.  Reading refuses what no record can hold and what has
 * another encoding than the one that writing gives: it marks the reader as bad
 * (wire.h).  Whole entries by themselves are in message.h.
 *
 * Pure.
 */
#ifndef HAMD_CORE_RECORD_WIRE_H
#define HAMD_CORE_RECORD_WIRE_H

#include "hamd/core/message.h"
#include "hamd/core/wire.h"

void ham_put_pos(struct ham_writer *w, struct ham_pos pos);
struct ham_pos ham_get_pos(struct ham_reader *r);

void ham_put_op(struct ham_writer *w, const struct ham_op *op);
void ham_get_op(struct ham_reader *r, struct ham_op *op);

/* Filled in any case; of use only if the reader is not bad afterwards. */
void ham_get_guest(struct ham_reader *r, struct ham_guest *out);
void ham_get_node(struct ham_reader *r, struct ham_node_state *out);

#endif
