/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/labinit.c - the processes that hold a lab together
 *
 * guard: one per lab, outside all of its namespaces.  It starts the lab's
 * root, which is PID 1 of a PID namespace that all nodes are nested in, and
 * ends it when told to or when the process it is tied to is gone: the kernel
 * then kills everything in every node, so no list of processes is needed and
 * none can be missed.  The guard's own death ends the root too.
 * pid1: what a node boots; reaps, and does nothing else.
 * gone, sweep: waiting and killing that a shell can't do without races.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	EXIT_UP_ALREADY = 4
};

static int
fail(const char *what)
{
	fprintf(stderr, "labinit: %s: %s\n", what, strerror(errno));
	return 1;
}

static long long
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

/* A PID 1 has no default signal actions, so all but SIGCHLD is as good as
 * blocked here; a node can only be ended by SIGKILL from outside. */
static _Noreturn void
pid1(void)
{
	sigset_t chld;

	sigemptyset(&chld);
	sigaddset(&chld, SIGCHLD);
	sigprocmask(SIG_BLOCK, &chld, NULL);
	for (;;) {
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		sigwaitinfo(&chld, NULL);
	}
}

static int
gone(pid_t pid, int seconds)
{
	struct pollfd p = {.events = POLLIN};

	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		return errno == ESRCH ? 0 : fail("pidfd_open");
	return poll(&p, 1, seconds * 1000) == 1 ? 0 : 1;
}

/* Parent of a process, 0 if it is gone. */
static pid_t
parent_of(pid_t pid)
{
	char path[64], line[512];
	const char *end;
	int parent = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return 0;
	if (fgets(line, sizeof(line), f)) {
		/* the name in parentheses may hold anything */
		end = strrchr(line, ')');
		if (!end || sscanf(end, ") %*c %d", &parent) != 1)
			parent = 0;
	}
	fclose(f);
	return parent;
}

static bool
is_ancestor(pid_t pid)
{
	for (pid_t p = getpid(); p > 0; p = parent_of(p))
		if (p == pid)
			return true;
	return false;
}

static bool
has_cookie(pid_t pid, const char *cookie)
{
	char path[64], want[256];
	bool found = false;
	char *buf = NULL;
	size_t size = 0;
	FILE *f;

	snprintf(want, sizeof(want), "HAMLAB_COOKIE=%s", cookie);
	snprintf(path, sizeof(path), "/proc/%d/environ", (int)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (!found && getdelim(&buf, &size, '\0', f) > 0)
		found = strcmp(buf, want) == 0;
	free(buf);
	fclose(f);
	return found;
}

/* Kills what carries the cookie in its environment, wherever it hid (another
 * session, another parent), except the caller and those it came from.  Again
 * until none is found: a process may fork while the list is read. */
static int
sweep(const char *cookie)
{
	struct dirent *e;
	bool found;
	DIR *d;

	for (int round = 0; round < 50; round++) {
		found = false;
		d = opendir("/proc");
		if (!d)
			return fail("/proc");
		while ((e = readdir(d))) {
			pid_t pid = (pid_t)atoi(e->d_name);

			if (pid <= 1 || is_ancestor(pid) ||
			    !has_cookie(pid, cookie))
				continue;
			found = true;
			if (kill(pid, SIGKILL) == 0)
				gone(pid, 1);
		}
		closedir(d);
		if (!found)
			return 0;
	}
	fprintf(stderr, "labinit: processes of the run do not end\n");
	return 1;
}

static int
rm_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)flag;
	(void)ftw;
	remove(path);
	return 0;
}

static int
rmdir_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st;
	(void)ftw;
	if (flag == FTW_DP)
		rmdir(path);
	return 0;
}

/* The kernel lets a cgroup go some time after its last process is reaped. */
static bool
remove_cgroup(const char *path)
{
	struct timespec pause = {.tv_nsec = 20 * 1000000};
	long long end = now_ms() + 5000;

	while (access(path, F_OK) == 0) {
		nftw(path, rmdir_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (access(path, F_OK) != 0)
			break;
		if (now_ms() > end)
			return false;
		nanosleep(&pause, NULL);
	}
	return true;
}

/* Only a folder that `hamlab up` marked as a lab's is ever removed. */
static int
clean(const char *dir, const char *cgroup)
{
	char mark[4096];
	int ret = 0;

	if (cgroup[0] == '/' && !remove_cgroup(cgroup))
		ret = fail(cgroup);
	snprintf(mark, sizeof(mark), "%s/.hamlab", dir);
	if (access(mark, F_OK) == 0) {
		nftw(dir, rm_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
		if (access(dir, F_OK) == 0)
			ret = fail(dir);
	}
	return ret;
}

/* -1 if the machine does not allow it. */
static pid_t
start_root(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC))
		return -1;
	/* clone without a stack of its own is fork with flags */
	pid = (pid_t)syscall(SYS_clone,
			     CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS |
				     CLONE_NEWIPC | CLONE_NEWUTS | SIGCHLD,
			     NULL, NULL, NULL, NULL);
	if (pid != 0) {
		close(ready[1]);
		if (pid > 0 && read(ready[0], &byte, 1) != 1)
			pid = -1;
		close(ready[0]);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "lab-root");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    write(ready[1], "", 1) != 1)
		_exit(1);
	close_range(3, ~0U, 0);
	pid1();
}

static int
guard_loop(const char *dir, pid_t tie, const char *cgroup, const char *cookie,
	   int report)
{
	struct signalfd_siginfo info;
	struct pollfd p[3];
	bool tied_gone = false;
	sigset_t set;
	pid_t root;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	root = start_root();
	if (root < 0)
		return fail("clone");
	p[0].fd = (int)syscall(SYS_pidfd_open, root, 0);
	p[1].fd = signalfd(-1, &set, SFD_CLOEXEC);
	p[2].fd = (int)syscall(SYS_pidfd_open, tie, 0);
	tied_gone = p[2].fd < 0 && errno == ESRCH;
	dprintf(report, "%d %d\n", (int)getpid(), (int)root);
	close(report);
	while (!tied_gone) {
		for (int i = 0; i < 3; i++)
			p[i].events = POLLIN, p[i].revents = 0;
		if (poll(p, 3, -1) < 0)
			continue;
		if (p[1].revents && read(p[1].fd, &info, sizeof(info)) > 0 &&
		    info.ssi_signo == SIGUSR1) {
			close(p[2].fd);
			p[2].fd = -1;
			continue;
		}
		tied_gone = p[2].revents != 0;
		if (tied_gone || p[0].revents || p[1].revents)
			break;
	}
	if (tied_gone && *cookie)
		sweep(cookie);
	kill(root, SIGKILL);
	/* ends when all that lived in there has */
	waitpid(root, NULL, 0);
	return clean(dir, cgroup);
}

/* A session of its own, no descriptor of the caller's: one who waits for the
 * end of a pipe must not wait for what was started in the background. */
static void
leave_caller(const char *log)
{
	int in = open("/dev/null", O_RDONLY);
	int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);

	setsid();
	if (in < 0 || out < 0)
		_exit(fail(log));
	dup2(in, 0);
	dup2(out, 1);
	dup2(out, 2);
}

/* Closes all but the standard ones and these, a < b; a range may be empty. */
static void
keep_two(int a, int b)
{
	close_range(3, (unsigned int)a - 1, 0);
	close_range((unsigned int)a + 1, (unsigned int)b - 1, 0);
	close_range((unsigned int)b + 1, ~0U, 0);
}

/* Runs a command in the background, its output appended to a file. */
static int
detach(const char *log, char **argv)
{
	pid_t pid = fork();

	if (pid < 0)
		return fail("fork");
	if (pid > 0)
		return 0;
	leave_caller(log);
	close_range(3, ~0U, 0);
	execvp(argv[0], argv);
	_exit(fail(argv[0]));
}

/* Returns when the lab's root runs; prints "GUARD ROOT", their PIDs. */
static int
guard(const char *dir, pid_t tie, const char *cgroup, const char *cookie)
{
	char line[64];
	ssize_t got;
	int ends[2];
	pid_t pid;
	int lock;

	lock = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lock < 0)
		return fail(dir);
	if (flock(lock, LOCK_EX | LOCK_NB)) {
		fprintf(stderr, "labinit: %s: a lab is up there\n", dir);
		return EXIT_UP_ALREADY;
	}
	if (pipe2(ends, O_CLOEXEC))
		return fail("pipe");
	pid = fork();
	if (pid < 0)
		return fail("fork");
	if (pid == 0) {
		leave_caller("/dev/null");
		if (chdir("/"))
			_exit(1);
		keep_two(lock, ends[1]);
		_exit(guard_loop(dir, tie, cgroup, cookie, ends[1]));
	}
	close(ends[1]);
	got = read(ends[0], line, sizeof(line));
	if (got <= 0) {
		fprintf(stderr, "labinit: this machine allows no namespaces "
				"or no mounts in them\n");
		return 1;
	}
	printf("%.*s", (int)got, line);
	return 0;
}

int
main(int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";

	if (strcmp(verb, "pid1") == 0)
		pid1();
	if (strcmp(verb, "gone") == 0 && argc == 4)
		return gone((pid_t)atoi(argv[2]), atoi(argv[3]));
	if (strcmp(verb, "sweep") == 0 && argc == 3)
		return sweep(argv[2]);
	if (strcmp(verb, "clean") == 0 && argc == 4)
		return clean(argv[2], argv[3]);
	if (strcmp(verb, "detach") == 0 && argc > 3)
		return detach(argv[2], argv + 3);
	if (strcmp(verb, "guard") == 0 && argc == 6)
		return guard(argv[2], (pid_t)atoi(argv[3]), argv[4], argv[5]);
	fprintf(stderr, "usage: labinit pid1 | gone PID SECONDS | "
			"sweep COOKIE | clean DIR CGROUP |\n"
			"       detach LOG CMD... |\n"
			"       guard DIR TIE_PID CGROUP|- COOKIE\n");
	return 2;
}
