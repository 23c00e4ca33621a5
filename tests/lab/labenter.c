/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/labenter.c - runs a command in all namespaces of a process
 *
 * labenter PID CGROUP|- CMD...   Exits as CMD does, 128 + N if signal N
 * ended it, 126 if it cannot be run.  Unlike nsenter(1) it passes signals on
 * and takes CMD along when it is killed itself: a test that ends a background
 * `hamlab sh n3 ping` must not leave the ping behind.  And CMD's parent is in
 * there too: a PID namespace ends only when all that was in it is reaped, so
 * it must not depend on who reaps out here.
 *
 *   labenter <-- socket --> keeper (child of the node's PID 1) --> CMD
 *     signals ->      <- CMD's exit status; end of file: the peer is gone
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int
fail(const char *what)
{
	fprintf(stderr, "labenter: %s: %s\n", what, strerror(errno));
	return 1;
}

static int
join_cgroup(const char *path)
{
	char procs[4096];
	int fd, ret = 0;

	if (path[0] != '/')
		return 0;
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		ret = fail(procs);
	close(fd);
	return ret;
}

static int
join_namespaces(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return fail("pidfd_open");
	if (setns(fd, CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWIPC |
			      CLONE_NEWUTS | CLONE_NEWCGROUP))
		return fail("setns");
	close(fd);
	return chdir("/") ? fail("/") : 0;
}

static void
all_signals(sigset_t *set)
{
	static const int taken[] = {SIGTERM, SIGINT,  SIGHUP, SIGQUIT,
				    SIGUSR1, SIGUSR2, SIGCHLD};

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		sigaddset(set, taken[i]);
}

/* Inside: holds CMD for the peer; what ends one of them ends the other. */
static _Noreturn void
keep(char **argv, int sock, const sigset_t *set, const sigset_t *old)
{
	struct signalfd_siginfo info;
	struct pollfd p[2];
	unsigned char byte;
	int status;
	pid_t cmd;

	cmd = fork();
	if (cmd == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		sigprocmask(SIG_SETMASK, old, NULL);
		signal(SIGPIPE, SIG_DFL);
		execvp(argv[0], argv);
		_exit(fail(argv[0]) + 125);
	}
	p[0] = (struct pollfd){.fd = sock, .events = POLLIN};
	p[1] = (struct pollfd){.fd = signalfd(-1, set, SFD_CLOEXEC),
			       .events = POLLIN};
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents) {
			if (read(sock, &byte, 1) != 1)
				break;
			kill(cmd, byte);
		}
		if (!p[1].revents || read(p[1].fd, &info, sizeof(info)) <= 0 ||
		    waitpid(cmd, &status, WNOHANG) != cmd)
			continue;
		byte = (unsigned char)(WIFSIGNALED(status)
					       ? 128 + WTERMSIG(status)
					       : WEXITSTATUS(status));
		_exit(write(sock, &byte, 1) != 1);
	}
	kill(cmd, SIGKILL);
	waitpid(cmd, NULL, 0);
	_exit(0);
}

/* Outside.  What the terminal sends reaches the whole process group by
 * itself; only what a process sent to this one is passed on. */
static int
relay(int sock, const sigset_t *set)
{
	struct signalfd_siginfo info;
	struct pollfd p[2];
	unsigned char byte;

	p[0] = (struct pollfd){.fd = sock, .events = POLLIN};
	p[1] = (struct pollfd){.fd = signalfd(-1, set, SFD_CLOEXEC),
			       .events = POLLIN};
	while (poll(p, 2, -1) > 0) {
		if (p[0].revents)
			/* no status: the node's power was cut */
			return read(sock, &byte, 1) == 1 ? byte : 128 + SIGKILL;
		if (read(p[1].fd, &info, sizeof(info)) != sizeof(info) ||
		    info.ssi_signo == SIGCHLD || info.ssi_code > 0)
			continue;
		byte = (unsigned char)info.ssi_signo;
		if (write(sock, &byte, 1) != 1)
			return 128 + SIGKILL;
	}
	return fail("poll");
}

int
main(int argc, char **argv)
{
	sigset_t set, old;
	int ends[2];
	pid_t child;

	if (argc < 4) {
		fprintf(stderr, "usage: labenter PID CGROUP|- CMD...\n");
		return 2;
	}
	signal(SIGPIPE, SIG_IGN);
	all_signals(&set);
	sigprocmask(SIG_BLOCK, &set, &old);
	if (join_cgroup(argv[2]) || join_namespaces((pid_t)atoi(argv[1])))
		return 1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return fail("socketpair");
	child = fork();
	if (child < 0)
		return fail("fork");
	if (child == 0) {
		close(ends[0]);
		/* the second child's parent ends, so the node's PID 1 has it */
		if (fork() == 0)
			keep(argv + 3, ends[1], &set, &old);
		_exit(0);
	}
	close(ends[1]);
	waitpid(child, NULL, 0);
	return relay(ends[0], &set);
}
