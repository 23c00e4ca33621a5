/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/io_wait.h - run the main loop until something is true
 *
 * WAIT_FOR(condition) fails the test after a deadline that only a hang
 * reaches.  Nothing sleeps: each turn of the loop is followed by a look.
 */
#ifndef HAM_IO_WAIT_H
#define HAM_IO_WAIT_H

#include <check.h>
#include <glib.h>

#include "hamd/base/clock.h"

static inline gboolean
io_wait_tick(gpointer data)
{
	(void)data;
	return G_SOURCE_CONTINUE;
}

#define WAIT_FOR(condition)                                                    \
	do {                                                                   \
		int64_t io_end_us = ham_clock_us() + 60000000;                 \
		guint io_tick = g_timeout_add(10, io_wait_tick, NULL);         \
                                                                               \
		while (!(condition)) {                                         \
			ck_assert_msg(ham_clock_us() < io_end_us,              \
				      "never came: %s", #condition);           \
			g_main_context_iteration(NULL, TRUE);                  \
		}                                                              \
		g_source_remove(io_tick);                                      \
	} while (0)

/* Lets the loop do all that it can do now. */
static inline void
io_settle(void)
{
	while (g_main_context_iteration(NULL, FALSE))
		;
}

/* Runs one suite; the exit code of main(). */
static inline int
io_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? 1 : 0;
}

#endif
