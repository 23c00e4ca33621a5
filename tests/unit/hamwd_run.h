/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/hamwd_run.h - the real hamwd, hamd's real client, and a fake of
 * the kernel's watchdog (fake_watchdog.c), which notes what is done with it
 *
 * The device counts in seconds, so its tests take some.  hamwd wants uid 0.
 */
#ifndef HAMWD_RUN_H
#define HAMWD_RUN_H

#include <check.h>
#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "fence/fence.h"
#include "hamd/base/clock.h"

enum {
	S = 1000000,
	MS = 1000,
	PATIENCE_US = 20 * S
};

extern char *folder;
extern char *socket_path;
extern pid_t hamwd;
extern ham_watchdog *client;

/* What the client heard. */
extern struct ham_watchdog_state state;
extern char error[128];
extern char identity[32];
extern unsigned int answers;
extern unsigned int losses;

/* Turns the main loop until it is true; only a hang reaches the deadline. */
#define UNTIL(what)                                                            \
	do {                                                                   \
		int64_t limit_ = ham_clock_us() + PATIENCE_US;                 \
		while (!(what)) {                                              \
			ck_assert_msg(ham_clock_us() < limit_, "never: %s",    \
				      #what);                                  \
			turn();                                                \
		}                                                              \
	} while (0)

void turn(void);
void run_for(int64_t us);

void hamwd_setup(void);
void hamwd_teardown(void);

/* The caller frees it. */
char *in_folder(const char *name);

/* With what the fake is to be, and one more option or NULL. */
void start_hamwd(const char *mode, const char *option, const char *value);
void stop_hamwd(void);
/* The client, which has or has not been answered when it returns. */
void connect_client(void);
void new_client(void);
/* Both. */
void begin(const char *mode);
/* A connection of its own, once hamwd listens; the caller closes it. */
int raw_connect(void);

/* Each waits for the answer, which is in `state` and `error` then. */
void arm(int64_t timeout_us);
void disarm(void);
void deadline_at(int64_t us);

/* What the device has seen: so often that word; the time of the last pet; the
 * words of all lines, one after the other. */
unsigned int times(const char *word);
int64_t last_pet(void);
void expect_log(const char *wanted);

/* hamwd has written that on its standard error. */
bool err_has(const char *word);

#endif
