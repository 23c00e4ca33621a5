/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/wd_kill.c - see wd_kill.h
 *
 * Refuses to signal process 1, what is not in our PID namespace (read as 0),
 * and itself.
 */
#include "fence/wd_kill.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
	ENTRIES = 8192,
	TEXT = 4096
};

static bool
write_word(int folder, const char *name, const char *word)
{
	ssize_t length = (ssize_t)strlen(word);
	int fd = openat(folder, name, O_WRONLY | O_CLOEXEC);
	bool done;

	if (fd < 0)
		return false;
	done = write(fd, word, (size_t)length) == length;
	close(fd);
	return done;
}

static bool
kill_one(pid_t pid)
{
	if (pid <= 1 || pid == getpid())
		return false;
	return kill(pid, SIGKILL) == 0;
}

/* Returns true if it found one to kill. */
static bool
kill_listed(int folder)
{
	static char text[TEXT];
	int fd = openat(folder, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	bool found = false;
	pid_t pid = 0;
	ssize_t got;

	if (fd < 0)
		return false;
	while ((got = read(fd, text, sizeof(text))) > 0) {
		for (ssize_t i = 0; i < got; i++) {
			if (text[i] >= '0' && text[i] <= '9') {
				pid = pid * 10 + (text[i] - '0');
				continue;
			}
			found |= kill_one(pid);
			pid = 0;
		}
	}
	close(fd);
	return found;
}

static bool
thaw(int folder)
{
	(void)write_word(folder, "freezer.state", "THAWED");
	return false;
}

/* Calls it for each group right in this one; true if any call said so. */
static bool
in_each(int folder, bool (*call)(int group))
{
	static char entries[ENTRIES] __attribute__((aligned(8)));
	bool any = false;
	ssize_t got;

	if (lseek(folder, 0, SEEK_SET) != 0)
		return false;
	while ((got = getdents64(folder, entries, sizeof(entries))) > 0) {
		for (ssize_t at = 0; at < got;) {
			const struct dirent64 *e =
				(const struct dirent64
					 *)(const void *)(entries + at);
			int group;

			at += e->d_reclen;
			if (e->d_name[0] == '.' || e->d_type != DT_DIR)
				continue;
			group = openat(folder, e->d_name,
				       O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			if (group < 0)
				continue;
			any |= call(group);
			close(group);
		}
	}
	return any;
}

/* "populated 1": something lives in it or below. */
static bool
is_populated(int folder)
{
	static char text[TEXT];
	int fd = openat(folder, "cgroup.events", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	return strstr(text, "populated 1") != NULL;
}

bool
ham_wd_kill(const char *path)
{
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool found;

	if (folder < 0)
		return errno == ENOENT;
	if (write_word(folder, "cgroup.kill", "1")) {
		found = is_populated(folder);
	} else {
		found = kill_listed(folder);
		found |= in_each(folder, kill_listed);
		/* not before all are to die: a thawed one may be the outer
		 * group's, whose thaw lets those of the inner ones run */
		(void)in_each(folder, thaw);
		(void)thaw(folder);
	}
	close(folder);
	return !found;
}
