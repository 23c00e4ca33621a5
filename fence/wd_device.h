/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_device.h - the kernel's watchdog device: armed, petted, closed
 *
 * The interface is the kernel's Documentation/watchdog/watchdog-api.rst; what
 * its core (drivers/watchdog/watchdog_dev.c) does beyond that is said where it
 * is relied upon.  Opening the device arms it, with any timeout that the driver
 * likes.  Refused is one that resets nothing, that can't be told its timeout,
 * or that stops when its holder dies.
 */
#ifndef HAM_WD_DEVICE_H
#define HAM_WD_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "fence/wd_keep.h"

struct ham_wd_device {
	const char *path;
	int fd;	      /* -1: closed */
	int asked_s;  /* the timeout that it was last set to; 0: none */
	int in_force; /* seconds, as the driver says */
	bool nowayout;
	bool softdog;
	bool was_reset;
	char identity[32];
	char error[128]; /* why the last arm or disarm failed, or "" */
};

/* Opens it, unless it is, and sets its timeout, rounded up to seconds; one that
 * is set already stays untouched, for setting is petting.  The mode is what the
 * device is in then; `error` is empty where it was done.  The timeout in
 * force may be another than asked, and is in in_force. */
enum ham_wd_mode ham_wd_device_arm(struct ham_wd_device *device,
				   int64_t timeout_us);

/* No log, no allocation, one system call. */
bool ham_wd_device_pet(const struct ham_wd_device *device);

/* True: it is closed and counts no more.  False: all is as before, and `error`
 * says why. */
bool ham_wd_device_disarm(struct ham_wd_device *device);

#endif
