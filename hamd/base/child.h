/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/base/child.h - start a process and hear of its end at once
 *
 * The child leads a session of its own and outlives hamd, so that a restart
 * of hamd stops no guest.  Its end is heard through a pidfd (pidfd_open(2)),
 * which works for processes that an earlier hamd started, too.  Ids are taken
 * in the child before exec: QEMU's own -run-with user= dies of SIGSYS under
 * its -sandbox elevateprivileges=deny.
 */
#ifndef HAM_CHILD_H
#define HAM_CHILD_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct ham_child_fd {
	int parent_fd; /* open here; stays the caller's */
	int child_fd;  /* its number in the child; 0 to 2 replace what is said
			* below */
};

struct ham_child_spec {
	const char *program;	 /* absolute path */
	const char *const *argv; /* NULL-terminated; argv[0] is for ps(1) */
	const struct ham_child_fd *fds; /* the only ones inherited above 2 */
	size_t n_fds;
	uid_t uid; /* 0: stays root */
	gid_t gid; /* supplementary groups are dropped with uid != 0 */
	bool ends_with_us; /* killed when the thread that has started it ends */
	int cgroup_fd;	   /* its cgroup.procs, open for writing; 0: ours */
	const char *log_path; /* stdout and stderr, appended; NULL: /dev/null */
};

typedef struct ham_child ham_child;

/* `status` is that of waitid(2) (si_status) with `code` its si_code; for a
 * process that is not our child both are 0.  The ham_child is still valid and
 * is the caller's to free. */
typedef void (*ham_child_exit_fn)(ham_child *child, int code, int status,
				  void *data);

/* Starts it.  NULL with *error set when it could not be started; a failing
 * exec is such an error.  on_exit is called from the main loop. */
ham_child *ham_child_spawn(const struct ham_child_spec *spec,
			   ham_child_exit_fn on_exit, void *data,
			   GError **error);

/* Adopts a running process: `start_ticks` (ham_child_start_ticks) guards
 * against a pid that was used again.  NULL with *error if it is gone. */
ham_child *ham_child_adopt(pid_t pid, uint64_t start_ticks,
			   ham_child_exit_fn on_exit, void *data,
			   GError **error);

pid_t ham_child_pid(const ham_child *child);

/* Field 22 of /proc/PID/stat (proc(5)); 0 if there is no such process. */
uint64_t ham_child_start_ticks(pid_t pid);

/* Sends a signal to the process itself, never to a pid used again. */
void ham_child_signal(const ham_child *child, int sig);

/* True once its end was seen. */
bool ham_child_gone(const ham_child *child);

/* Its end is waited for, so that it is reaped, and told to nobody. */
void ham_child_abandon(ham_child *child);

/* Stops listening.  Does not end the process. */
void ham_child_free(ham_child *child);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_child, ham_child_free)

#endif
