/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/script.h - how bytes are read as what happens to the cores
 *
 * Byte 0: the world (WORLD_* of world.h).  Then one operation after the other:
 * its byte (modulo SCRIPT_N), then its fields as written here, a byte each
 * unless said otherwise; what is missing reads as zero.  Everything has a
 * meaning, so that no mutation is lost.  Relative numbers ("rel") are a signed
 * byte added to what the core has now, but 127 is the largest there is and -128
 * is zero.
 *
 * New operations go at the end, so that old seeds keep their meaning.
 */
#ifndef HAM_FUZZ_SCRIPT_H
#define HAM_FUZZ_SCRIPT_H

enum script_op {
	/* nothing left to do, flags: 1: the voices speak as the core does, 2:
	 * fence devices answer, too */
	SCRIPT_SETTLE,
	/* parts: two bits a node; all of corosync's news, to all cores.  Nodes
	 * of part 3 are not in the group */
	SCRIPT_VIEW,
	SCRIPT_READY,	  /* core */
	SCRIPT_TOTEM,	  /* core, nodes, rel to the ring's sequence */
	SCRIPT_GROUP,	  /* core, nodes */
	SCRIPT_QUORUM,	  /* core, flag, rel to the ring's sequence */
	SCRIPT_LOST,	  /* core */
	SCRIPT_TIME,	  /* core (255: all), how long */
	SCRIPT_DELIVER,	  /* core, how many */
	SCRIPT_PERSISTED, /* core, rel to the oldest ticket */
	SCRIPT_ANSWER,	  /* core, flags: 1: well, 2: the event's flag */
	SCRIPT_DID,	  /* core, did, guest, flag, found, rel epoch, rel txn,
			     node, text, value */
	SCRIPT_COMMAND,	  /* core, command, guest, node, flag */
	SCRIPT_BYTES,	  /* core, sender, 2 bytes length, bytes */
	SCRIPT_SAY,	  /* core, sender, kind, a body (say.c) */
	SCRIPT_RESTART,	  /* core */
	SCRIPT_LOAD,	  /* core, number of items; each: key, 2 bytes length,
			     bytes */
	SCRIPT_TWIST,	  /* core, which frame back, at (2 bytes), with */
	SCRIPT_AGAIN,	  /* core, which frame back, as whom */
	SCRIPT_FENCED,	  /* core, which of its FENCEs, flags, text */
	SCRIPT_REJOIN,	  /* core, whose ring and group it comes to anew */
	SCRIPT_N
};

enum {
	SCRIPT_SETTLE_VOICES = 1,
	SCRIPT_SETTLE_FENCES = 2,
	SCRIPT_ALL = 255,
	SCRIPT_ANSWER_WELL = 1,
	SCRIPT_ANSWER_FLAG = 2,
	SCRIPT_FENCED_OFF = 1,
	SCRIPT_FENCED_OTHER_NODE = 2,
	SCRIPT_FENCED_OTHER_ATTEMPT = 4,
	SCRIPT_FENCED_AGAIN = 8, /* will be told once more */
};

/* SCRIPT_TIME */
enum script_time {
	SCRIPT_0,
	SCRIPT_1MS,
	SCRIPT_300MS,
	SCRIPT_1S,
	SCRIPT_3S,
	SCRIPT_11S,
	SCRIPT_31S,
	SCRIPT_200S,
	SCRIPT_TIMES
};

/* Texts, in messages and of the guest layer. */
enum script_text {
	SCRIPT_TEXT_NULL, /* in a message: empty */
	SCRIPT_TEXT_EMPTY,
	SCRIPT_TEXT_WHY,
	SCRIPT_TEXT_LONG,
	SCRIPT_TEXT_COPY,
	SCRIPT_TEXT_NUMBER,
	SCRIPT_TEXT_MIN,
	SCRIPT_TEXT_MAX,
	SCRIPT_TEXTS
};

#endif
