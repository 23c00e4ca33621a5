/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_keep.c - see wd_keep.h
 *
 * Refuses to know how late it is: every time comes with the question.
 */
#include "fence/wd_keep.h"

#include <stddef.h>

enum {
	PETS = 4,   /* in a timeout: three may be lost */
	TRIES = 16, /* in a timeout, while pets fail */
};

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
ham_wd_keep_open(struct ham_wd_keep *keep, enum ham_wd_mode mode,
		 int64_t timeout_us, int64_t now_us)
{
	if (mode == HAM_WD_ARMED && keep->mode != HAM_WD_ARMED) {
		keep->deadline_us = now_us + timeout_us;
		keep->lapsed = false;
	}
	keep->mode = mode;
	keep->timeout_us = timeout_us;
	keep->next_pet_us = now_us + timeout_us / PETS;
}

void
ham_wd_keep_closed(struct ham_wd_keep *keep)
{
	keep->mode = HAM_WD_OFF;
	keep->timeout_us = 0;
	keep->deadline_us = 0;
	keep->lapsed = false;
}

const char *
ham_wd_keep_deadline(struct ham_wd_keep *keep, int64_t deadline_us,
		     int64_t now_us)
{
	if (keep->mode != HAM_WD_ARMED)
		return "the watchdog is not armed, it takes no deadline";
	if (deadline_us > now_us + HAM_WD_LONGEST_US)
		return "a deadline more than an hour away";
	if (deadline_us > keep->deadline_us)
		keep->deadline_us = deadline_us;
	if (keep->deadline_us > now_us)
		keep->lapsed = false;
	return NULL;
}

struct ham_wd_next
ham_wd_keep_next(struct ham_wd_keep *keep, int64_t now_us)
{
	struct ham_wd_next next = {HAM_WD_REST, INT64_MAX};

	if (keep->mode == HAM_WD_OFF)
		return next;
	if (keep->mode == HAM_WD_ARMED && now_us >= keep->deadline_us) {
		keep->lapses += !keep->lapsed;
		keep->lapsed = true;
		next.todo = HAM_WD_KILL;
		next.wake_us = now_us + HAM_WD_KILL_EVERY_US;
		return next;
	}
	if (now_us >= keep->next_pet_us)
		next.todo = HAM_WD_PET;
	next.wake_us = keep->next_pet_us;
	if (keep->mode == HAM_WD_ARMED)
		next.wake_us = earlier(next.wake_us, keep->deadline_us);
	return next;
}

void
ham_wd_keep_petted(struct ham_wd_keep *keep, bool done, int64_t now_us)
{
	keep->next_pet_us = now_us + keep->timeout_us / (done ? PETS : TRIES);
}
