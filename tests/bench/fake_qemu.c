/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/bench/fake_qemu.c - a QEMU that runs nothing, for starts.sh alone
 *
 * Two hundred real ones do not fit a lab's machine.  This one takes hamd's
 * command line, locks the disk images as QEMU does, waits $FAKE_QEMU_MS (100)
 * for what QEMU needs to come up, and speaks as much QMP as a cold start, a
 * stop and a kill take.  Refuses all else with QMP's error, so that nobody
 * takes it for a guest that migrates or has copies.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	LOCKS_FROM = 100, /* QEMU's file-posix.c: both of its ranges */
	LOCKS = 200,
	LINE_MAX_BYTES = 65536,
};

static const char greeting[] =
	"{\"QMP\": {\"version\": {\"qemu\": {\"major\": 10, \"minor\": 0, "
	"\"micro\": 2}, \"package\": \"a fake\"}, \"capabilities\": "
	"[\"oob\"]}}";

static const char *state = "prelaunch";

static __attribute__((noreturn, format(printf, 1, 2))) void
die(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("qemu-system-x86_64 (fake): ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

/* The image of a -blockdev, if that is of a file; its lock goes with us. */
static void
lock_image(const char *blockdev)
{
	static const char key[] = "\"filename\":\"";
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = LOCKS_FROM,
			     .l_len = LOCKS};
	const char *at = strstr(blockdev, key);
	char path[4096];
	int fd;

	if (!at)
		return;
	at += strlen(key);
	snprintf(path, sizeof(path), "%.*s", (int)strcspn(at, "\""), at);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		die("cannot open %s: %s", path, strerror(errno));
	if (fcntl(fd, F_OFD_SETLK, &lock) != 0)
		die("Failed to get \"write\" lock on %s", path);
}

/* QMP's listening socket. */
static int
take_arguments(int argc, char **argv)
{
	int fd = -1;

	for (int i = 1; i + 1 < argc; i++) {
		if (strcmp(argv[i], "-blockdev") == 0)
			lock_image(argv[i + 1]);
		else if (strcmp(argv[i], "-chardev") == 0)
			sscanf(argv[i + 1], "socket,id=qmp,fd=%d,", &fd);
	}
	if (fd < 0)
		die("no -chardev socket,id=qmp,fd=N");
	return fd;
}

static void
come_up(void)
{
	const char *text = getenv("FAKE_QEMU_MS");
	long ms = text ? strtol(text, NULL, 10) : 100;
	struct timespec t = {.tv_sec = ms / 1000,
			     .tv_nsec = ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static bool
is_for(const char *line, const char *command)
{
	char quoted[64];

	snprintf(quoted, sizeof(quoted), "\"%s\"", command);
	return strstr(line, quoted) != NULL;
}

static void
tell(FILE *out, const char *event, const char *data)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	fprintf(out,
		"{\"event\": \"%s\", \"data\": %s, \"timestamp\": "
		"{\"seconds\": %lld, \"microseconds\": %ld}}\r\n",
		event, data, (long long)t.tv_sec, t.tv_nsec / 1000);
}

/* Commands are told by their quoted names: no argument of hamd's is like one.
 */
static void
obey(FILE *out, const char *line)
{
	const char *at = strstr(line, "\"id\":");
	long id = at ? strtol(at + strlen("\"id\":"), NULL, 10) : 0;

	if (is_for(line, "query-status")) {
		fprintf(out,
			"{\"return\": {\"status\": \"%s\", \"running\": %s}, "
			"\"id\": %ld}\r\n",
			state, strcmp(state, "running") ? "false" : "true", id);
		return;
	}
	if (is_for(line, "cont")) {
		state = "running";
		tell(out, "RESUME", "{}");
	} else if (is_for(line, "system_powerdown")) {
		state = "shutdown";
		tell(out, "SHUTDOWN",
		     "{\"guest\": true, \"reason\": \"guest-shutdown\"}");
	} else if (!is_for(line, "qmp_capabilities") &&
		   !is_for(line, "x-debug-query-block-graph") &&
		   !is_for(line, "query-migrate") && !is_for(line, "quit")) {
		fprintf(out,
			"{\"error\": {\"class\": \"CommandNotFound\", "
			"\"desc\": \"a fake does not do this\"}, "
			"\"id\": %ld}\r\n",
			id);
		return;
	}
	fprintf(out, "{\"return\": {}, \"id\": %ld}\r\n", id);
}

/* Until the client goes; hamd may come back after a restart. */
static void
serve(int fd)
{
	static char line[LINE_MAX_BYTES];
	FILE *in = fdopen(fd, "r");
	FILE *out = fdopen(dup(fd), "w");

	if (!in || !out)
		die("no streams: %s", strerror(errno));
	fprintf(out, "%s\r\n", greeting);
	while (fflush(out) == 0 && fgets(line, sizeof(line), in)) {
		obey(out, line);
		if (is_for(line, "quit")) {
			fflush(out);
			exit(0);
		}
	}
	fclose(in);
	fclose(out);
}

int
main(int argc, char **argv)
{
	int listener;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("QEMU emulator version 10.0.2 (a fake)");
		return 0;
	}
	listener = take_arguments(argc, argv);
	come_up();
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			serve(fd);
		else if (errno != EINTR)
			die("accept: %s", strerror(errno));
	}
}
