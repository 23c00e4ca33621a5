/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/fake_watchdog.c - a fake of the kernel's watchdog, for LD_PRELOAD
 *
 * Stands in for the device's file in a machine without one: what is done with
 * it is noted, and nothing is ever reset.  From the environment:
 *
 *	FAKE_WATCHDOG        the file that it is [/dev/watchdog]
 *	FAKE_WATCHDOG_LOG    a file that gets a line for each thing done: its
 *	                     CLOCK_BOOTTIME in us, then open, pet, failed,
 *	                     disable, magic, close, or "timeout SECONDS"
 *	FAKE_WATCHDOG_STATE  a file that is replaced whole at each change:
 *	                     "ARMED TIMEOUT_US LAST_PET_US"
 *	FAKE_WATCHDOG_MODE   words: absent, busy, no-settimeout, no-keepalive,
 *	                     no-magicclose, alarm-only, nowayout, softdog,
 *	                     doubles (the timeout asked), at-most-60, was-reset,
 *	                     deaf (pets fail), deafens (all but the first)
 *
 * Refuses to be opened twice; anything but this file it leaves alone.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/watchdog.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

static int device = -1;
static bool armed;
static bool magic;
static bool petted;
static int timeout_s = 60;
static long long pet_us;

static void *
next(const char *name)
{
	return dlsym(RTLD_NEXT, name);
}

static int
real_open(const char *path, int flags, mode_t mode)
{
	int (*call)(const char *, int, ...) =
		(int (*)(const char *, int, ...))next("open");

	return call(path, flags, mode);
}

static ssize_t
real_write(int fd, const void *data, size_t size)
{
	ssize_t (*call)(int, const void *, size_t) =
		(ssize_t(*)(int, const void *, size_t))next("write");

	return call(fd, data, size);
}

static int
real_close(int fd)
{
	int (*call)(int) = (int (*)(int))next("close");

	return call(fd);
}

static bool
has(const char *word)
{
	const char *at = getenv("FAKE_WATCHDOG_MODE");
	size_t length = strlen(word);

	while (at && *at) {
		if (strncmp(at, word, length) == 0 &&
		    (at[length] == ' ' || at[length] == '\0'))
			return true;
		at = strchr(at, ' ');
		at += at != NULL;
	}
	return false;
}

static long long
now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_BOOTTIME, &ts);
	return ts.tv_sec * 1000000LL + ts.tv_nsec / 1000;
}

static void
put(const char *path, int flags, const char *text)
{
	int fd = real_open(path, flags | O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return;
	if (real_write(fd, text, strlen(text)) < 0)
		perror(path);
	real_close(fd);
}

/* Whole at every moment, for one who looks from outside. */
static void
note_state(void)
{
	const char *path = getenv("FAKE_WATCHDOG_STATE");
	char aside[4096];
	char text[128];

	if (!path)
		return;
	snprintf(aside, sizeof(aside), "%s.new", path);
	snprintf(text, sizeof(text), "%d %lld %lld\n", armed,
		 timeout_s * 1000000LL, pet_us);
	put(aside, O_TRUNC, text);
	rename(aside, path);
}

static void
note(const char *what)
{
	const char *path = getenv("FAKE_WATCHDOG_LOG");
	char text[128];

	snprintf(text, sizeof(text), "%lld %s\n", now_us(), what);
	if (path)
		put(path, O_APPEND, text);
	note_state();
}

static bool
is_ours(const char *path)
{
	const char *ours = getenv("FAKE_WATCHDOG");

	return strcmp(path, ours ? ours : "/dev/watchdog") == 0;
}

static int
fake_open(void)
{
	if (has("absent")) {
		errno = ENOENT;
		return -1;
	}
	if (has("busy") || device >= 0) {
		errno = EBUSY;
		return -1;
	}
	device = real_open("/dev/null", O_WRONLY | O_CLOEXEC, 0);
	armed = true;
	magic = false;
	pet_us = now_us();
	note("open");
	return device;
}

static int
pet(void)
{
	if (has("deaf") || (has("deafens") && petted)) {
		note("failed");
		errno = EIO;
		return -1;
	}
	petted = true;
	pet_us = now_us();
	note("pet");
	return 0;
}

static int
set_timeout(int *seconds)
{
	char text[32];

	if (has("at-most-60") && *seconds > 60) {
		errno = EINVAL;
		return -1;
	}
	timeout_s = has("doubles") ? *seconds * 2 : *seconds;
	*seconds = timeout_s;
	pet_us = now_us(); /* the kernel pets here */
	snprintf(text, sizeof(text), "timeout %d", timeout_s);
	note(text);
	return 0;
}

static int
set_options(int what)
{
	if (!(what & WDIOS_DISABLECARD))
		return 0;
	if (has("nowayout")) {
		errno = EBUSY;
		return -1;
	}
	armed = false;
	note("disable");
	return 0;
}

static int
fake_ioctl(unsigned long request, void *arg)
{
	struct watchdog_info info = {
		.options = WDIOF_SETTIMEOUT | WDIOF_KEEPALIVEPING |
			   WDIOF_MAGICCLOSE | WDIOF_CARDRESET};

	switch (request) {
	case WDIOC_GETSUPPORT:
		if (has("no-settimeout"))
			info.options &= ~(unsigned int)WDIOF_SETTIMEOUT;
		if (has("no-keepalive"))
			info.options &= ~(unsigned int)WDIOF_KEEPALIVEPING;
		if (has("no-magicclose"))
			info.options &= ~(unsigned int)WDIOF_MAGICCLOSE;
		if (has("alarm-only"))
			info.options |= WDIOF_ALARMONLY;
		strcpy((char *)info.identity,
		       has("softdog") ? "Software Watchdog" : "a fake");
		memcpy(arg, &info, sizeof(info));
		return 0;
	case WDIOC_GETBOOTSTATUS:
		*(int *)arg = has("was-reset") ? WDIOF_CARDRESET : 0;
		return 0;
	case WDIOC_SETTIMEOUT:
		return set_timeout(arg);
	case WDIOC_GETTIMEOUT:
		*(int *)arg = timeout_s;
		return 0;
	case WDIOC_KEEPALIVE:
		return pet();
	case WDIOC_SETOPTIONS:
		return set_options(*(int *)arg);
	default:
		errno = ENOTTY;
		return -1;
	}
}

/* ---- what takes the place of libc's ---- */

int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;
	va_list args;

	if (is_ours(path))
		return fake_open();
	if (flags & (O_CREAT | O_TMPFILE)) {
		va_start(args, flags);
		mode = va_arg(args, mode_t);
		va_end(args);
	}
	return real_open(path, flags, mode);
}

int open64(const char *path, int flags, ...) __attribute__((alias("open")));

int
ioctl(int fd, unsigned long request, ...)
{
	int (*call)(int, unsigned long, ...) =
		(int (*)(int, unsigned long, ...))next("ioctl");
	va_list args;
	void *arg;

	va_start(args, request);
	arg = va_arg(args, void *);
	va_end(args);
	if (fd >= 0 && fd == device)
		return fake_ioctl(request, arg);
	return call(fd, request, arg);
}

ssize_t
write(int fd, const void *data, size_t size)
{
	if (fd < 0 || fd != device)
		return real_write(fd, data, size);
	magic = memchr(data, 'V', size) != NULL;
	note(magic ? "magic" : "pet");
	return (ssize_t)size;
}

int
close(int fd)
{
	if (fd >= 0 && fd == device) {
		device = -1;
		armed &= !magic || has("nowayout");
		note("close");
	}
	return real_close(fd);
}
