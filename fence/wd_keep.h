/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_keep.h - when the watchdog is petted, and when no more
 *
 * Pure: no system call, no clock, no allocation; hamwd.c acts on the answers.
 * The rule protected: no pet at or after the deadline, and what must not run
 * after it is killed before anything else is done.
 *
 *	 ARM          pet pet pet pet pet pet        (the machine is reset)
 *	  |------------+---+---+---+---+---+|-----------------+
 *	                                    |  kill, kill, ...
 *	                                 deadline    at most one timeout later
 *
 * A deadline only moves forward, so a late packet shortens nothing.
 */
#ifndef HAM_WD_KEEP_H
#define HAM_WD_KEEP_H

#include <stdbool.h>
#include <stdint.h>

/* A timeout or a deadline farther away is refused: one wrong packet would have
 * the watchdog petted for good, for deadlines do not move back. */
#define HAM_WD_LONGEST_US INT64_C(3600000000)
#define HAM_WD_KILL_EVERY_US INT64_C(50000)

enum ham_wd_mode {
	HAM_WD_OFF,  /* the device is closed */
	HAM_WD_HELD, /* open, of no use, and can't be closed: petted for ever,
		      * so that a refusal resets no machine */
	HAM_WD_ARMED,
};

struct ham_wd_keep {
	enum ham_wd_mode mode;
	int64_t timeout_us; /* in force */
	int64_t deadline_us;
	int64_t next_pet_us;
	bool lapsed; /* the deadline has passed; another one ends it */
	uint32_t lapses;
};

enum ham_wd_todo {
	HAM_WD_REST,
	HAM_WD_PET,
	HAM_WD_KILL, /* the guests; no pet */
};

struct ham_wd_next {
	enum ham_wd_todo todo;
	int64_t wake_us; /* ask again then, at the latest; INT64_MAX: never */
};

/* The device is open since `now_us`, petted once.  Until a first deadline comes
 * it is now plus the timeout.  Of one that was armed before: only the timeout
 * is taken over. */
void ham_wd_keep_open(struct ham_wd_keep *keep, enum ham_wd_mode mode,
		      int64_t timeout_us, int64_t now_us);

/* The device is closed. */
void ham_wd_keep_closed(struct ham_wd_keep *keep);

/* NULL, or why it is refused.  One that is not later than the one held changes
 * nothing. */
const char *ham_wd_keep_deadline(struct ham_wd_keep *keep, int64_t deadline_us,
				 int64_t now_us);

/* What is to be done at `now_us`.  After a pet it is asked again. */
struct ham_wd_next ham_wd_keep_next(struct ham_wd_keep *keep, int64_t now_us);

/* A pet was tried; one that failed is tried again soon, but not at once. */
void ham_wd_keep_petted(struct ham_wd_keep *keep, bool done, int64_t now_us);

#endif
