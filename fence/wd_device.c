/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_device.c - see wd_device.h
 *
 * Refuses to decide when it is armed or petted.
 */
#include "fence/wd_device.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

enum {
	MISC_MAJOR = 10,
	WATCHDOG_MINOR = 130, /* /dev/watchdog is the first one's older name */
};

static void __attribute__((format(printf, 2, 3)))
say_why(struct ham_wd_device *device, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)vsnprintf(device->error, sizeof(device->error), format, args);
	va_end(args);
}

/* False where sysfs does not say, too: a driver is asked again at closing. */
static bool
sysfs_nowayout(const char *path)
{
	char name[64] = "/sys/class/watchdog/watchdog0/nowayout";
	char said = '0';
	struct stat st;
	int fd;

	if (stat(path, &st) != 0 || !S_ISCHR(st.st_mode))
		return false;
	if (major(st.st_rdev) != MISC_MAJOR ||
	    minor(st.st_rdev) != WATCHDOG_MINOR)
		(void)snprintf(name, sizeof(name),
			       "/sys/dev/char/%u:%u/nowayout",
			       major(st.st_rdev), minor(st.st_rdev));
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, &said, 1) != 1)
		said = '0';
	close(fd);
	return said == '1';
}

/* Stops it in two ways, for not every driver has both: by order, which tells of
 * nowayout (EBUSY), and by the magic close. */
static bool
close_device(struct ham_wd_device *device)
{
	int disable = WDIOS_DISABLECARD;
	bool stopped;

	if (device->nowayout)
		return false;
	stopped = ioctl(device->fd, WDIOC_SETOPTIONS, &disable) == 0;
	if (!stopped && errno == EBUSY) {
		device->nowayout = true;
		return false;
	}
	if (write(device->fd, "V", 1) != 1 && !stopped)
		return false;
	close(device->fd);
	device->fd = -1;
	device->asked_s = 0;
	device->in_force = 0;
	return true;
}

/* What the driver is, once it is open; false if it is of no use. */
static bool
look_at(struct ham_wd_device *device)
{
	struct watchdog_info info = {0};
	int status = 0;

	if (ioctl(device->fd, WDIOC_GETSUPPORT, &info) != 0) {
		say_why(device, "%s says nothing of itself: %s", device->path,
			strerror(errno));
		return false;
	}
	(void)snprintf(device->identity, sizeof(device->identity), "%.31s",
		       (const char *)info.identity);
	device->softdog = strcmp(device->identity, "Software Watchdog") == 0;
	device->was_reset =
		ioctl(device->fd, WDIOC_GETBOOTSTATUS, &status) == 0 &&
		status & WDIOF_CARDRESET;
	if (!(info.options & WDIOF_SETTIMEOUT))
		say_why(device, "%s (%s) takes no timeout", device->path,
			device->identity);
	else if (!(info.options & WDIOF_KEEPALIVEPING))
		say_why(device, "%s (%s) can't be petted", device->path,
			device->identity);
	else if (info.options & WDIOF_ALARMONLY)
		say_why(device, "%s (%s) raises an alarm and resets nothing",
			device->path, device->identity);
	/* watchdog_release() stops such a one at each close, a crash's too */
	else if (!(info.options & WDIOF_MAGICCLOSE) && !device->nowayout)
		say_why(device, "%s (%s) would stop if hamwd died",
			device->path, device->identity);
	return device->error[0] == '\0';
}

static bool
set_timeout(struct ham_wd_device *device, int seconds)
{
	int said = seconds;

	if (ioctl(device->fd, WDIOC_SETTIMEOUT, &said) != 0) {
		say_why(device, "%s (%s) refuses a timeout of %d s: %s",
			device->path, device->identity, seconds,
			strerror(errno));
		return false;
	}
	said = 0;
	if (ioctl(device->fd, WDIOC_GETTIMEOUT, &said) != 0 || said <= 0) {
		say_why(device, "%s (%s) does not say its timeout",
			device->path, device->identity);
		return false;
	}
	device->asked_s = seconds;
	device->in_force = said;
	return true;
}

/* Left behind by an arming that failed. */
static enum ham_wd_mode
give_up(struct ham_wd_device *device, bool was_armed)
{
	int said = 0;

	if (was_armed)
		return HAM_WD_ARMED;
	if (close_device(device))
		return HAM_WD_OFF;
	/* what it counts with, or else what no driver is shorter than */
	if (ioctl(device->fd, WDIOC_GETTIMEOUT, &said) != 0 || said <= 0)
		said = 1;
	device->asked_s = 0;
	device->in_force = said;
	return HAM_WD_HELD;
}

enum ham_wd_mode
ham_wd_device_arm(struct ham_wd_device *device, int64_t timeout_us)
{
	int seconds = (int)((timeout_us + 999999) / 1000000);
	bool was_armed = device->fd >= 0 && device->asked_s > 0;

	device->error[0] = '\0';
	if (was_armed && seconds == device->asked_s)
		return HAM_WD_ARMED;
	if (device->fd < 0) {
		device->nowayout = sysfs_nowayout(device->path);
		device->fd = open(device->path, O_WRONLY | O_CLOEXEC);
	}
	if (device->fd < 0) {
		say_why(device, "cannot open %s: %s", device->path,
			strerror(errno));
		return HAM_WD_OFF;
	}
	if ((!was_armed && !look_at(device)) || !set_timeout(device, seconds))
		return give_up(device, was_armed);
	if (!ham_wd_device_pet(device)) {
		say_why(device, "%s (%s) can't be petted: %s", device->path,
			device->identity, strerror(errno));
		return give_up(device, was_armed);
	}
	return HAM_WD_ARMED;
}

bool
ham_wd_device_pet(const struct ham_wd_device *device)
{
	return ioctl(device->fd, WDIOC_KEEPALIVE, 0) == 0;
}

bool
ham_wd_device_disarm(struct ham_wd_device *device)
{
	device->error[0] = '\0';
	if (device->fd < 0 || close_device(device))
		return true;
	if (device->nowayout)
		say_why(device,
			"%s (%s) can't be disarmed: its driver has nowayout "
			"set",
			device->path, device->identity);
	else
		say_why(device, "%s (%s) can't be disarmed: %s", device->path,
			device->identity, strerror(errno));
	return false;
}
