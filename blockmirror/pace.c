/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/pace.c - RAM and disks share a bandwidth and arrive together
 *
 * RAM that arrives first keeps a guest that writes memory going round in
 * passes for nothing; disks that arrive first wait.  So each gets the part of
 * the budget that its remaining bytes are of all; and where the disks cannot
 * use theirs (a slow image at either end) RAM slows down with them.
 *
 * And all of that makes room for the guest: a budget says what the network may
 * carry, and nothing of what a disk can do.
 *
 * Pure.  Refuses 0 and anything above the budget as an answer.
 */
#include "blockmirror/blockmirror.h"

/* Below this QEMU's limiter, which deals in slices of 100 ms, crawls in steps
 * that are hard to leave. */
static const uint64_t least_rate = 1 << 20;

/* a * b / c without overflow; at most UINT64_MAX. */
static uint64_t
scale(uint64_t a, uint64_t b, uint64_t c)
{
	unsigned __int128 result = (unsigned __int128)a * b / c;

	return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

/* What neither side may be pushed below: little of a small budget. */
static uint64_t
floor_of(uint64_t budget)
{
	return MAX(MIN(least_rate, budget / 8), 1);
}

uint64_t
ham_bm_pace(uint64_t ram_remaining, uint64_t disk_remaining, uint64_t disk_rate,
	    uint64_t budget)
{
	uint64_t least, most, disk_share, ram;
	unsigned __int128 all = ram_remaining;

	budget = MAX(budget, 1);
	if (disk_remaining == 0)
		return budget;
	all += disk_remaining;
	disk_share =
		(uint64_t)((unsigned __int128)budget * disk_remaining / all);
	if (disk_rate && disk_rate < disk_share)
		disk_share = disk_rate;
	ram = scale(ram_remaining, disk_share, disk_remaining);
	least = floor_of(budget);
	most = budget > least ? budget - least : budget;
	return CLAMP(ram, least, most);
}

uint64_t
ham_bm_pace_disk(uint64_t this_remaining, uint64_t disk_remaining,
		 uint64_t ram_rate, uint64_t budget)
{
	uint64_t left, least;

	budget = MAX(budget, 1);
	least = floor_of(budget);
	left = ram_rate < budget ? budget - ram_rate : 0;
	if (disk_remaining && this_remaining < disk_remaining)
		left = scale(left, this_remaining, disk_remaining);
	return CLAMP(left, least, budget);
}

enum {
	/* a mirror writes each of the guest's blocks twice: that much longer is
	 * no sign of too much copying */
	TOO_LONG = 3,
	LONG = 2,
	SLACK_US = 1000,
	LEAST = HAM_BM_WHOLE / 16,
	FEW = 3,
};

unsigned int
ham_bm_yield(unsigned int share, uint64_t ops, uint64_t waited_us,
	     uint64_t usual_us)
{
	uint64_t each = ops ? waited_us / ops : 0;

	if (ops >= FEW && each > TOO_LONG * usual_us + SLACK_US)
		return MAX(share / 2, LEAST);
	if (ops >= FEW && each > LONG * usual_us + SLACK_US)
		return MAX(share, LEAST);
	return CLAMP(share + share / 4, LEAST, HAM_BM_WHOLE);
}
