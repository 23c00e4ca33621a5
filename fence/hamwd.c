/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/hamwd.c - keeps the watchdog for hamd, and only until hamd's deadline
 *
 * hamd says until when this node may run guests.  When that time comes and no
 * later one was given, the guests' control groups are killed and the watchdog
 * is petted no more, so the machine is reset.  After the start nothing is
 * allocated, and nothing is written to a log before the guests are dead.
 *
 * Refuses to end while the watchdog is armed, to listen to any but uid 0, and
 * to arm what would not reset the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "fence/hamwd_wire.h"
#include "fence/wd_device.h"
#include "fence/wd_keep.h"
#include "fence/wd_kill.h"

enum {
	MAX_FOLDERS = 8,
	STACK_BYTES = 64 * 1024,
	TELL_AFTER_US = 500000, /* what can't be killed keeps no word back */
};

static const char version[] = PACKAGE_VERSION;

struct hamwd {
	const char *socket_path;
	const char *folders[MAX_FOLDERS]; /* to be killed at the deadline */
	unsigned int n_folders;
	struct ham_wd_device device;
	struct ham_wd_keep keep;
	const char *refused; /* why the last that was asked was; or NULL */
	bool told;	     /* of the deadline that has passed */
	int listener;
	int client; /* -1: none */
	int timer;
	int signals;
	int log; /* to /dev/log; -1: nobody listens there */
	bool stop;
};

static int64_t
now_us(void)
{
	struct timespec ts = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- words, which wait for nobody ---- */

static void
open_log(struct hamwd *wd)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};

	wd->log = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (wd->log >= 0 &&
	    connect(wd->log, (struct sockaddr *)&to, sizeof(to)) != 0) {
		close(wd->log);
		wd->log = -1;
	}
}

/* To standard error and syslog, as far as they take it at once. */
static void __attribute__((format(printf, 3, 4)))
tell(struct hamwd *wd, int level, const char *format, ...)
{
	static char line[512];
	struct pollfd err = {.fd = STDERR_FILENO, .events = POLLOUT};
	va_list args;
	size_t from;
	size_t length;

	from = (size_t)snprintf(line, sizeof(line), "<%d>", LOG_DAEMON | level);
	(void)snprintf(line + from, sizeof(line) - from, "hamwd: ");
	length = strlen(line);
	va_start(args, format);
	(void)vsnprintf(line + length, sizeof(line) - length - 1, format, args);
	va_end(args);
	if (wd->log < 0)
		open_log(wd);
	length = strlen(line);
	if (wd->log >= 0 &&
	    send(wd->log, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		close(wd->log);
		wd->log = -1;
	}
	line[length++] = '\n';
	if (poll(&err, 1, 0) == 1 && err.revents & POLLOUT &&
	    write(STDERR_FILENO, line + from, length - from) < 0)
		return;
}

/* ---- what hamd asks ---- */

static void
drop_client(struct hamwd *wd)
{
	if (wd->client >= 0)
		close(wd->client);
	wd->client = -1;
}

/* One who does not read its answers loses them. */
static void
answer(struct hamwd *wd, uint16_t kind)
{
	const struct ham_wd_device *device = &wd->device;
	bool armed = wd->keep.mode == HAM_WD_ARMED;
	struct ham_wd_state state = {
		.magic = HAM_WD_MAGIC,
		.version = HAM_WD_VERSION,
		.answers = kind,
		.flags = (armed ? HAM_WD_IS_ARMED : 0) |
			 (device->nowayout ? HAM_WD_NOWAYOUT : 0) |
			 (device->softdog ? HAM_WD_SOFTDOG : 0) |
			 (device->was_reset ? HAM_WD_WAS_RESET : 0),
		.lapses = wd->keep.lapses,
		.timeout_us = armed ? wd->keep.timeout_us : 0,
		.deadline_us = armed ? wd->keep.deadline_us : 0,
	};

	(void)snprintf(state.identity, sizeof(state.identity), "%s",
		       device->identity);
	(void)snprintf(state.error, sizeof(state.error), "%s",
		       wd->refused ? wd->refused : "");
	(void)send(wd->client, &state, sizeof(state),
		   MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* To set a timeout is to pet, so not after the deadline. */
static const char *
arm(struct hamwd *wd, int64_t timeout_us)
{
	int64_t now = now_us();
	enum ham_wd_mode mode;

	if (timeout_us < 1 || timeout_us > HAM_WD_LONGEST_US)
		return "a timeout is longer than 0 and at most an hour";
	if (wd->keep.mode == HAM_WD_ARMED && now >= wd->keep.deadline_us)
		return "its deadline has passed: it resets the machine unless "
		       "a later one comes";
	mode = ham_wd_device_arm(&wd->device, timeout_us);
	if (mode == HAM_WD_OFF)
		ham_wd_keep_closed(&wd->keep);
	else if (mode != wd->keep.mode ||
		 wd->keep.timeout_us != (int64_t)wd->device.in_force * 1000000)
		ham_wd_keep_open(&wd->keep, mode,
				 (int64_t)wd->device.in_force * 1000000, now);
	return wd->device.error[0] ? wd->device.error : NULL;
}

static const char *
disarm(struct hamwd *wd)
{
	if (!ham_wd_device_disarm(&wd->device))
		return wd->device.error;
	ham_wd_keep_closed(&wd->keep);
	return NULL;
}

static void
obey(struct hamwd *wd, const struct ham_wd_ask *ask)
{
	static char other[64];

	if (ask->version != HAM_WD_VERSION) {
		(void)snprintf(other, sizeof(other),
			       "hamwd speaks version %d, not %u",
			       HAM_WD_VERSION, ask->version);
		wd->refused = other;
		return;
	}
	switch (ask->kind) {
	case HAM_WD_HELLO:
		break;
	case HAM_WD_ARM:
		wd->refused = arm(wd, ask->us);
		break;
	case HAM_WD_DEADLINE:
		wd->refused =
			ham_wd_keep_deadline(&wd->keep, ask->us, now_us());
		break;
	case HAM_WD_DISARM:
		wd->refused = disarm(wd);
		break;
	default:
		wd->refused = "hamwd knows no such order";
	}
}

/* One packet, so that a flood of them keeps no pet back. */
static void
hear_client(struct hamwd *wd)
{
	struct ham_wd_ask ask;
	ssize_t got =
		recv(wd->client, &ask, sizeof(ask), MSG_DONTWAIT | MSG_TRUNC);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got != sizeof(ask) || ask.magic != HAM_WD_MAGIC) {
		drop_client(wd);
		return;
	}
	obey(wd, &ask);
	answer(wd, ask.kind);
}

/* A newer one replaces the older: hamd was started anew. */
static void
hear_caller(struct hamwd *wd)
{
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t size = sizeof(peer);
	int fd =
		accept4(wd->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 ||
	    peer.uid != 0) {
		close(fd);
		return;
	}
	drop_client(wd);
	wd->client = fd;
}

static void
hear_signal(struct hamwd *wd)
{
	struct signalfd_siginfo info;

	if (read(wd->signals, &info, sizeof(info)) != sizeof(info))
		return;
	if (wd->keep.mode == HAM_WD_OFF)
		wd->stop = true;
	else
		tell(wd, LOG_WARNING,
		     "signal %u is ignored while the watchdog is armed: "
		     "its end would have the machine reset",
		     info.ssi_signo);
}

/* ---- the watchdog ---- */

static void
kill_guests(struct hamwd *wd, int64_t now)
{
	bool gone = true;

	for (unsigned int i = 0; i < wd->n_folders; i++)
		gone &= ham_wd_kill(wd->folders[i]);
	if (wd->told || (!gone && now < wd->keep.deadline_us + TELL_AFTER_US))
		return;
	wd->told = true;
	tell(wd, LOG_CRIT,
	     "hamd's deadline has passed (boot time %" PRId64 " us): %s; "
	     "the watchdog (%s) resets this machine within %d s",
	     wd->keep.deadline_us,
	     wd->n_folders == 0 ? "it was told of no guests to kill"
	     : gone		? "the guests' processes are dead"
		    : "guests' processes were killed and are not all gone",
	     wd->device.identity, wd->device.in_force);
}

static void
wake_at(const struct hamwd *wd, int64_t us)
{
	struct itimerspec when = {0};

	if (us != INT64_MAX) {
		when.it_value.tv_sec = (time_t)(us / 1000000);
		when.it_value.tv_nsec = (long)(us % 1000000) * 1000;
	}
	(void)timerfd_settime(wd->timer, TFD_TIMER_ABSTIME, &when, NULL);
}

/* Does what is due, and has the timer set for what will be. */
static void
keep_watchdog(struct hamwd *wd)
{
	struct ham_wd_next next;
	int64_t now;

	for (;;) {
		now = now_us();
		next = ham_wd_keep_next(&wd->keep, now);
		if (next.todo != HAM_WD_PET)
			break;
		ham_wd_keep_petted(&wd->keep, ham_wd_device_pet(&wd->device),
				   now);
	}
	if (next.todo == HAM_WD_KILL)
		kill_guests(wd, now);
	else
		wd->told = false;
	wake_at(wd, next.wake_us);
}

static void
run(struct hamwd *wd)
{
	enum {
		TIMER,
		SIGNALS,
		LISTENER,
		CLIENT,
		N
	};
	struct pollfd p[N];
	uint64_t ticks;

	while (!wd->stop) {
		keep_watchdog(wd);
		p[TIMER] = (struct pollfd){wd->timer, POLLIN, 0};
		p[SIGNALS] = (struct pollfd){wd->signals, POLLIN, 0};
		p[LISTENER] = (struct pollfd){wd->listener, POLLIN, 0};
		p[CLIENT] = (struct pollfd){wd->client, POLLIN, 0};
		if (poll(p, N, -1) <= 0)
			continue;
		if (p[TIMER].revents &&
		    read(wd->timer, &ticks, sizeof(ticks)) < 0)
			continue;
		if (p[CLIENT].revents)
			hear_client(wd);
		if (p[LISTENER].revents)
			hear_caller(wd);
		if (p[SIGNALS].revents)
			hear_signal(wd);
	}
}

/* ---- the start ---- */

static bool
failed(const char *what, const char *of)
{
	fprintf(stderr, "hamwd: %s%s%s: %s\n", what, *of ? " " : "", of,
		strerror(errno));
	return false;
}

/* The lock tells a socket left behind from one of another hamwd. */
static bool
listen_at(struct hamwd *wd)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char name[sizeof(at.sun_path) + 8];
	const char *slash = strrchr(wd->socket_path, '/');
	int lock;

	if (strlen(wd->socket_path) >= sizeof(at.sun_path)) {
		fprintf(stderr, "hamwd: %s is too long for a socket's name\n",
			wd->socket_path);
		return false;
	}
	memcpy(at.sun_path, wd->socket_path, strlen(wd->socket_path) + 1);
	if (slash && slash > wd->socket_path) {
		(void)snprintf(name, sizeof(name), "%.*s",
			       (int)(slash - wd->socket_path), wd->socket_path);
		if (mkdir(name, 0700) != 0 && errno != EEXIST)
			return failed("cannot make", name);
	}
	(void)snprintf(name, sizeof(name), "%s.lock", wd->socket_path);
	/* stays open, and locked, until the end */
	lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (lock < 0)
		return failed("cannot open", name);
	if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
		fprintf(stderr, "hamwd: another hamwd has %s\n",
			wd->socket_path);
		return false;
	}
	wd->listener = socket(AF_UNIX,
			      SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	(void)unlink(wd->socket_path);
	(void)umask(0177);
	if (wd->listener < 0 ||
	    bind(wd->listener, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    listen(wd->listener, 4) != 0)
		return failed("cannot listen at", wd->socket_path);
	return true;
}

static bool
open_events(struct hamwd *wd)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	wd->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	wd->timer = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (wd->signals < 0 || wd->timer < 0)
		return failed("cannot wait for events", "");
	return true;
}

/* From here on no page of ours has to be read or found. */
static bool
lock_memory(void)
{
	volatile char stack[STACK_BYTES];

	if (mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		return failed("cannot lock its memory", "");
	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
	return true;
}

/* Helps where the kernel allows it, and is no condition. */
static void
be_the_last_to_suffer(void)
{
	struct sched_param param = {.sched_priority =
					    sched_get_priority_max(SCHED_RR)};
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	(void)sched_setscheduler(0, SCHED_RR | SCHED_RESET_ON_FORK, &param);
	if (fd < 0)
		return;
	if (write(fd, "-1000", 5) != 5)
		fprintf(stderr, "hamwd: the OOM killer may take it: %s\n",
			strerror(errno));
	close(fd);
}

static void
usage(FILE *to)
{
	fputs("usage: hamwd [--device FILE] [--socket FILE] [--kill "
	      "FOLDER]...\n"
	      "Keeps the watchdog for hamd; see hamwd(8).\n"
	      "  --device FILE   the watchdog [/dev/watchdog]\n"
	      "  --socket FILE   where hamd finds it "
	      "[/run/hamd/hamwd.sock]\n"
	      "  --kill FOLDER   a control group that is killed at the "
	      "deadline\n"
	      "  --version       print the version and end\n"
	      "  -h, --help      print this and end\n",
	      to);
}

/* True: go on; else `status` is what to end with. */
static bool
read_options(struct hamwd *wd, int argc, char **argv, int *status)
{
	enum {
		DEVICE = 256,
		SOCKET,
		FOLDER,
		VERSION
	};
	static const struct option options[] = {
		{"device", required_argument, NULL, DEVICE},
		{"socket", required_argument, NULL, SOCKET},
		{"kill", required_argument, NULL, FOLDER},
		{"version", no_argument, NULL, VERSION},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	*status = 2;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (option) {
		case DEVICE:
			wd->device.path = optarg;
			break;
		case SOCKET:
			wd->socket_path = optarg;
			break;
		case FOLDER:
			if (wd->n_folders == MAX_FOLDERS) {
				fprintf(stderr,
					"hamwd: --kill: %s is one more than "
					"%d folders\n",
					optarg, MAX_FOLDERS);
				return false;
			}
			wd->folders[wd->n_folders++] = optarg;
			break;
		case VERSION:
			printf("hamwd %s\n", version);
			*status = 0;
			return false;
		case 'h':
			usage(stdout);
			*status = 0;
			return false;
		default:
			usage(stderr);
			return false;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "hamwd: '%s' is no option\n", argv[optind]);
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	static struct hamwd wd = {.socket_path = "/run/hamd/hamwd.sock",
				  .device = {.path = "/dev/watchdog", .fd = -1},
				  .client = -1,
				  .log = -1};
	int status;

	if (!read_options(&wd, argc, argv, &status))
		return status;
	if (geteuid() != 0) {
		fprintf(stderr, "hamwd: must be run as root\n");
		return 1;
	}
	if (!listen_at(&wd) || !open_events(&wd) || !lock_memory())
		return 1;
	be_the_last_to_suffer();
	open_log(&wd);
	run(&wd);
	(void)unlink(wd.socket_path);
	return 0;
}
