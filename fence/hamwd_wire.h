/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/hamwd_wire.h - what hamd and hamwd say to each other; only fence/
 * includes it
 *
 * One struct is one packet of a SOCK_SEQPACKET socket on one machine, so the
 * byte order is the machine's.  A packet of another size or magic ends the
 * connection; one of another version is answered with an error in words.
 *
 *	hamd                                             hamwd
 *	HELLO, ARM, DEADLINE or DISARM  ------------->
 *	                                <-------------  the state, once for each
 */
#ifndef HAM_HAMWD_WIRE_H
#define HAM_HAMWD_WIRE_H

#include <assert.h>
#include <stdint.h>

#define HAM_WD_MAGIC 0x686d7764U
#define HAM_WD_VERSION 1

enum ham_wd_kind {
	HAM_WD_HELLO = 1, /* asks for the state alone */
	HAM_WD_ARM,	  /* us: the timeout wanted */
	HAM_WD_DEADLINE,  /* us: CLOCK_BOOTTIME until which it may be petted */
	HAM_WD_DISARM,
};

struct ham_wd_ask {
	uint32_t magic;
	uint16_t version;
	uint16_t kind;
	int64_t us; /* 0 where it means nothing */
};

enum ham_wd_flag {
	HAM_WD_IS_ARMED = 1 << 0,
	HAM_WD_NOWAYOUT = 1 << 1,  /* once open it can't be closed */
	HAM_WD_SOFTDOG = 1 << 2,   /* the kernel's own timer, no hardware */
	HAM_WD_WAS_RESET = 1 << 3, /* the last boot was a watchdog's doing */
};

/* Words end with a zero. */
struct ham_wd_state {
	uint32_t magic;
	uint16_t version;
	uint16_t answers; /* the kind that was asked */
	uint32_t flags;
	uint32_t lapses;     /* so often since its start a deadline passed */
	int64_t timeout_us;  /* in force; 0: not armed */
	int64_t deadline_us; /* the one held; 0: not armed */
	char identity[32];   /* the driver's word; "" before the first ARM */
	char error[128]; /* why the last that was asked was refused; or "" */
};

static_assert(sizeof(struct ham_wd_ask) == 16, "no padding");
static_assert(sizeof(struct ham_wd_state) == 192, "no padding");

#endif
