/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/child.c - see child.h
 *
 * Between fork and exec only async-signal-safe calls are made, since other
 * threads of hamd may hold locks.
 */
#include "hamd/base/child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

enum {
	FIRST_SAFE_FD = 200, /* above any number a child_fd asks for */
};

struct ham_child {
	pid_t pid;
	int pidfd;
	guint source; /* 0 once the end was seen */
	bool gone;
	ham_child_exit_fn on_exit;
	void *data;
};

static gboolean
pidfd_ready(int fd, GIOCondition condition, gpointer data)
{
	ham_child *child = data;
	siginfo_t info = {0};

	(void)condition;
	/* ECHILD for an adopted process: init reaps that one. */
	if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED | WNOHANG) != 0)
		info.si_code = info.si_status = 0;
	child->source = 0;
	child->gone = true;
	child->on_exit(child, info.si_code, info.si_status, child->data);
	return G_SOURCE_REMOVE;
}

static ham_child *
child_new(pid_t pid, int pidfd, ham_child_exit_fn on_exit, void *data)
{
	ham_child *child = g_new0(ham_child, 1);

	child->pid = pid;
	child->pidfd = pidfd;
	child->on_exit = on_exit;
	child->data = data;
	child->source = g_unix_fd_add(pidfd, G_IO_IN, pidfd_ready, child);
	return child;
}

/* In the child: numbers wanted by the program may collide with numbers the
 * parent uses, so all are first lifted out of the way. */
static bool
place_fds(const struct ham_child_spec *spec, int *report)
{
	int lifted[FIRST_SAFE_FD];

	*report = fcntl(*report, F_DUPFD_CLOEXEC, FIRST_SAFE_FD);
	if (*report < 0)
		return false;
	for (size_t i = 0; i < spec->n_fds; i++) {
		lifted[i] =
			fcntl(spec->fds[i].parent_fd, F_DUPFD, FIRST_SAFE_FD);
		if (lifted[i] < 0)
			return false;
	}
	for (size_t i = 0; i < spec->n_fds; i++)
		if (dup2(lifted[i], spec->fds[i].child_fd) < 0)
			return false;
	return true;
}

static bool
close_others(const struct ham_child_spec *spec, int report)
{
	unsigned int top = 2;

	for (size_t i = 0; i < spec->n_fds; i++)
		if ((unsigned int)spec->fds[i].child_fd > top)
			top = (unsigned int)spec->fds[i].child_fd;
	/* holes below `top` hold nothing that lacks FD_CLOEXEC */
	return close_range(top + 1, (unsigned int)report - 1, 0) == 0 &&
	       close_range((unsigned int)report + 1, ~0u, 0) == 0;
}

static bool
drop_ids(const struct ham_child_spec *spec)
{
	if (spec->uid == 0)
		return true;
	return setgroups(0, NULL) == 0 &&
	       setresgid(spec->gid, spec->gid, spec->gid) == 0 &&
	       setresuid(spec->uid, spec->uid, spec->uid) == 0;
}

static G_GNUC_NORETURN void
run_child(const struct ham_child_spec *spec, int log_fd, int report)
{
	sigset_t none;
	int null_fd = open("/dev/null", O_RDWR);
	int code;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0 || setsid() < 0 ||
	    null_fd < 0 || dup2(null_fd, 0) < 0 ||
	    dup2(log_fd >= 0 ? log_fd : null_fd, 1) < 0 ||
	    dup2(log_fd >= 0 ? log_fd : null_fd, 2) < 0 ||
	    (spec->cgroup_fd > 0 && write(spec->cgroup_fd, "0", 1) != 1) ||
	    !place_fds(spec, &report) || !close_others(spec, report) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || !drop_ids(spec) ||
	    (spec->ends_with_us && prctl(PR_SET_PDEATHSIG, SIGKILL) != 0))
		goto fail;
	execv(spec->program, (char *const *)spec->argv);
fail:
	code = errno;
	(void)!write(report, &code, sizeof(code));
	_exit(127);
}

/* Waits for exec: the pipe closes when it succeeds, or brings its errno.
 * The wait ends within the time of an exec, whatever the child does. */
static bool
exec_succeeded(int fd, pid_t pid, const char *program, GError **error)
{
	int code = 0;
	ssize_t n;

	do
		n = read(fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	if (n != sizeof(code))
		return true;
	waitpid(pid, NULL, 0);
	return ham_error_errno(error, code, "cannot start %s", program);
}

ham_child *
ham_child_spawn(const struct ham_child_spec *spec, ham_child_exit_fn on_exit,
		void *data, GError **error)
{
	ham_autofd int log_fd = -1;
	ham_autofd int pipe_r = -1;
	ham_autofd int pipe_w = -1;
	int fds[2];
	int pidfd;
	pid_t pid;

	g_assert(spec->n_fds < FIRST_SAFE_FD);
	if (spec->log_path) {
		log_fd = open(spec->log_path,
			      O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (log_fd < 0) {
			ham_error_errno(error, errno, "cannot open %s",
					spec->log_path);
			return NULL;
		}
	}
	if (pipe2(fds, O_CLOEXEC) != 0) {
		ham_error_errno(error, errno, "pipe2");
		return NULL;
	}
	pipe_r = fds[0];
	pipe_w = fds[1];
	pid = fork();
	if (pid < 0) {
		ham_error_errno(error, errno, "fork");
		return NULL;
	}
	if (pid == 0)
		run_child(spec, log_fd, pipe_w);
	ham_clear_fd(&pipe_w);
	if (!exec_succeeded(pipe_r, pid, spec->program, error))
		return NULL;
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0) {
		ham_error_errno(error, errno, "pidfd_open");
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return NULL;
	}
	return child_new(pid, pidfd, on_exit, data);
}

ham_child *
ham_child_adopt(pid_t pid, uint64_t start_ticks, ham_child_exit_fn on_exit,
		void *data, GError **error)
{
	ham_autofd int pidfd = pidfd_open(pid, 0);

	if (pidfd < 0) {
		ham_error_errno(error, errno, "process %d", (int)pid);
		return NULL;
	}
	if (ham_child_start_ticks(pid) != start_ticks) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
			    "process %d is another one by now", (int)pid);
		return NULL;
	}
	return child_new(pid, ham_steal_fd(&pidfd), on_exit, data);
}

pid_t
ham_child_pid(const ham_child *child)
{
	return child->pid;
}

uint64_t
ham_child_start_ticks(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	const char *p;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	/* the name in field 2 may hold blanks and parentheses */
	p = strrchr(text, ')');
	for (int field = 2; p && field < 22; field++)
		p = strchr(p + 1, ' ');
	return p ? g_ascii_strtoull(p + 1, NULL, 10) : 0;
}

void
ham_child_signal(const ham_child *child, int sig)
{
	if (!child->gone)
		(void)pidfd_send_signal(child->pidfd, sig, NULL, 0);
}

bool
ham_child_gone(const ham_child *child)
{
	return child->gone;
}

static void
abandoned_ended(ham_child *child, int code, int status, void *data)
{
	(void)code;
	(void)status;
	(void)data;
	ham_child_free(child);
}

void
ham_child_abandon(ham_child *child)
{
	if (child->gone)
		ham_child_free(child);
	else
		child->on_exit = abandoned_ended;
}

void
ham_child_free(ham_child *child)
{
	if (!child)
		return;
	if (child->source)
		g_source_remove(child->source);
	ham_clear_fd(&child->pidfd);
	g_free(child);
}
