/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/lab/guest/guestwork.c - what the test guest does all its life
 *
 * Three threads that give a lost write, damaged memory or a second life away:
 * one writes numbered records to the disk and says which are stored, one
 * dirties memory and checks what it finds there, one counts.  A fourth turns
 * the machine off when the power button is pressed, a fifth talks to the
 * network (talk.c).  Options come from the kernel's command line
 * (tests/lab/README.md); lines for tests/lab/audit go to the console, each
 * whole in one write.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/input.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

#include "record.h"
#include "talk.h"

enum {
	TICK_MS = 100,
	ACK_MS = 100,
	PACE_MS = 10,
	BATCH_MAX = 256, /* records in one write */
	LATENCIES = 65536,
	SCATTER_REST_MS = 20000, /* hamd notes anew what a copy would lack */
	SCATTER_SOON_MS = 5000,	 /* a copy is lost within it */
	PAGE_WORDS = 512,
};

static struct {
	char disk[64];
	unsigned int ring_mib;
	unsigned int write_mib_s; /* 0: no writes */
	unsigned int dirty_mib;
	unsigned int dirty_mib_s;
	unsigned int bench_s; /* 0: no figures */
	unsigned int scatter; /* blocks in one go, 0: none */
	unsigned int talk_ms; /* 0: it says nothing by itself */
} opt = {"/dev/vda", 64, 0, 0, 4, 0, 0, 0};

static uint32_t boot_id; /* told in each line, so that logs can be joined */
static atomic_bool stopping;
static pthread_mutex_t console = PTHREAD_MUTEX_INITIALIZER;

__attribute__((format(printf, 1, 2))) static void
say(const char *format, ...)
{
	char line[256];
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(line, sizeof(line) - 1, format, ap);
	va_end(ap);
	if (n > (int)sizeof(line) - 2)
		n = (int)sizeof(line) - 2;
	line[n++] = '\n';
	pthread_mutex_lock(&console);
	for (ssize_t done = 0, w; done < n; done += w) {
		w = write(1, line + done, (size_t)(n - done));
		if (w < 0)
			w = 0;
	}
	pthread_mutex_unlock(&console);
}

static uint64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void
sleep_until_ms(uint64_t when)
{
	struct timespec t = {.tv_sec = (time_t)(when / 1000),
			     .tv_nsec = (long)(when % 1000) * 1000000};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

/* Work due at a rate since *base beside what was taken before, *done, at most
 * `most` at a time: who was held up does not catch up in one burst. */
static unsigned int
due(uint64_t *base, uint64_t *done, uint64_t per_s, unsigned int most)
{
	uint64_t now = now_ms();
	uint64_t n = (now - *base) * per_s / 1000 - *done;

	if (n >= most) {
		*base = now;
		*done = 0;
		return most;
	}
	*done += n;
	return (unsigned int)n;
}

/* ---- disk ---- */

static struct {
	int fd; /* -1: none */
	uint64_t size;
	uint32_t slots;
	uint64_t last;	    /* number of the newest record */
	struct record *buf; /* BATCH_MAX records, aligned for O_DIRECT */
} disk = {.fd = -1};

static off_t
place(uint64_t number)
{
	return RING_START + (off_t)((number - 1) % disk.slots) * RECORD_BYTES;
}

static bool
holds(uint64_t number)
{
	if (pread(disk.fd, disk.buf, RECORD_BYTES, place(number)) !=
	    RECORD_BYTES)
		return false;
	return disk.buf->number == number && disk.buf->slots == disk.slots &&
	       !record_check(disk.buf);
}

/* The highest number in the ring, then down to where the records before it
 * are whole: a write cut short by a power cut may have left later parts of
 * its batch and not the earlier ones.  None of that batch was acknowledged. */
static void
find_last(void)
{
	uint64_t top = 0, low;
	ssize_t got;

	for (uint32_t at = 0; at < disk.slots; at += BATCH_MAX) {
		got = pread(disk.fd, disk.buf, BATCH_MAX * RECORD_BYTES,
			    RING_START + (off_t)at * RECORD_BYTES);
		for (ssize_t i = 0; i < got / RECORD_BYTES; i++) {
			struct record *r = &disk.buf[i];

			if (at + i < disk.slots && r->magic == RECORD_MAGIC &&
			    r->slots == disk.slots && r->number > top &&
			    (r->number - 1) % disk.slots == (uint64_t)(at + i))
				top = r->number;
		}
	}
	low = top > BATCH_MAX ? top - BATCH_MAX : 0;
	for (disk.last = low; disk.last < top; disk.last++)
		if (!holds(disk.last + 1))
			break;
}

static void
disk_open(void)
{
	uint64_t size = 0, slots;

	disk.fd = open(opt.disk, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk.fd < 0)
		return;
	slots = (uint64_t)opt.ring_mib * 256;
	if (ioctl(disk.fd, BLKGETSIZE64, &size) == 0 &&
	    slots > (size - RING_START) / RECORD_BYTES)
		slots = (size - RING_START) / RECORD_BYTES;
	disk.slots = (uint32_t)slots;
	disk.buf = aligned_alloc(RECORD_BYTES, BATCH_MAX * RECORD_BYTES);
	if (size <= RING_START + BATCH_MAX * RECORD_BYTES || !disk.buf) {
		close(disk.fd);
		disk.fd = -1;
		return;
	}
	disk.size = size;
	find_last();
}

/* Its last block is written, too: it is there. */
static void
look_at_size(void)
{
	uint64_t size = 0;

	if (ioctl(disk.fd, BLKGETSIZE64, &size) != 0 || size == disk.size)
		return;
	memset(disk.buf, 0x5a, RECORD_BYTES);
	if (pwrite(disk.fd, disk.buf, RECORD_BYTES,
		   (off_t)(size - RECORD_BYTES)) != RECORD_BYTES ||
	    fdatasync(disk.fd))
		say("CORRUPT disk: write at the end of %" PRIu64 " bytes: %s",
		    size, strerror(errno));
	disk.size = size;
	say("size %" PRIu64, size);
}

/* Writes and flushes `count` records after disk.last. */
static bool
write_batch(unsigned int count)
{
	uint64_t first = disk.last + 1;
	uint32_t left = disk.slots - (uint32_t)((first - 1) % disk.slots);
	ssize_t bytes;

	if (count > left)
		count = left;
	for (unsigned int i = 0; i < count; i++)
		record_make(&disk.buf[i], first + i, boot_id, disk.slots,
			    now_ms());
	bytes = (ssize_t)count * RECORD_BYTES;
	if (pwrite(disk.fd, disk.buf, (size_t)bytes, place(first)) != bytes ||
	    fdatasync(disk.fd)) {
		say("CORRUPT disk: write of record %" PRIu64 ": %s", first,
		    strerror(errno));
		return false;
	}
	disk.last += count;
	return true;
}

/* Reads one record of those that must be there, any of the ring's. */
static void
verify_one(void)
{
	uint64_t back, number;
	const char *wrong;

	if (disk.last == 0)
		return;
	back = disk.last < disk.slots ? disk.last : disk.slots;
	number = disk.last - (uint64_t)random() % back;
	if (pread(disk.fd, disk.buf, RECORD_BYTES, place(number)) !=
	    RECORD_BYTES) {
		say("CORRUPT disk: read of record %" PRIu64 ": %s", number,
		    strerror(errno));
		return;
	}
	wrong = record_check(disk.buf);
	if (wrong)
		say("CORRUPT disk: record %" PRIu64 ": %s", number, wrong);
	else if (disk.buf->number != number)
		say("CORRUPT disk: record %" PRIu64 " found for %" PRIu64,
		    disk.buf->number, number);
}

static uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int
by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* As fast as it goes for a while: large writes, or records one by one; each is
 * flushed. */
static void
measure(unsigned int batch)
{
	static uint32_t took[LATENCIES];
	uint64_t begin = now_us(), end = begin + opt.bench_s * 1000000ull;
	uint64_t first = disk.last, t = begin, longest = 0;
	size_t n = 0;

	while (!stopping && t < end) {
		uint64_t before = t;

		if (!write_batch(batch))
			return;
		t = now_us();
		if (t - before > longest)
			longest = t - before;
		if (n < LATENCIES)
			took[n++] = (uint32_t)(t - before);
	}
	if (n == 0)
		return;
	qsort(took, n, sizeof(took[0]), by_value);
	say("bench %u %" PRIu64 " %" PRIu64 " %" PRIu32 " %" PRIu32 " %" PRIu64,
	    batch, (disk.last - first) * RECORD_BYTES, t - begin, took[n / 2],
	    took[n * 99 / 100], longest);
	say("ack %" PRIu64 " %08" PRIx32, disk.last, boot_id);
}

/* Blocks at random places of what lies behind the ring. */
static bool
scatter(void)
{
	static uint64_t total;
	uint64_t first = RING_START / RECORD_BYTES + disk.slots;
	uint64_t blocks = disk.size / RECORD_BYTES - first;

	for (unsigned int i = 0; i < opt.scatter && blocks > 0; i++) {
		uint64_t at = first + (uint64_t)random() % blocks;

		record_make(disk.buf, ++total, boot_id, disk.slots, now_ms());
		if (pwrite(disk.fd, disk.buf, RECORD_BYTES,
			   (off_t)(at * RECORD_BYTES)) != RECORD_BYTES)
			return false;
	}
	if (fdatasync(disk.fd))
		return false;
	say("scatter done %" PRIu64, total);
	return true;
}

static void
rest(unsigned int ms)
{
	uint64_t end = now_ms() + ms;

	while (!stopping && now_ms() < end)
		sleep_until_ms(now_ms() + PACE_MS);
}

/* Whoever looks from outside knows what was written up to then, and has time to
 * do something to the disk before more is. */
static void
scatter_and_rest(void)
{
	say("scatter soon");
	rest(SCATTER_SOON_MS);
	say("scatter now");
	if (!scatter())
		say("CORRUPT disk: random writes: %s", strerror(errno));
	rest(SCATTER_REST_MS);
}

static void *
disk_work(void *unused)
{
	uint64_t base = now_ms(), done = 0, acked_ms = 0;
	uint64_t rate = (uint64_t)opt.write_mib_s * 256;
	unsigned int count;

	(void)unused;
	while (!stopping && opt.bench_s > 0) {
		measure(BATCH_MAX);
		measure(1);
	}
	while (!stopping && opt.scatter > 0)
		scatter_and_rest();
	while (!stopping) {
		count = due(&base, &done, rate, BATCH_MAX);
		if (count == 0 || !write_batch(count)) {
			sleep_until_ms(now_ms() + PACE_MS);
			continue;
		}
		verify_one();
		if (now_ms() - acked_ms >= ACK_MS) {
			acked_ms = now_ms();
			look_at_size();
			say("ack %" PRIu64 " %08" PRIx32, disk.last, boot_id);
		}
	}
	say("ack %" PRIu64 " %08" PRIx32, disk.last, boot_id);
	return NULL;
}

/* ---- memory ---- */

static uint64_t
page_seed(size_t page, uint32_t generation)
{
	return ((uint64_t)page << 32 | generation) * 0x9e3779b97f4a7c15ULL ^
	       boot_id;
}

static void
fill_page(uint64_t *p, size_t page, uint32_t generation)
{
	uint64_t x = page_seed(page, generation);

	for (int i = 0; i < PAGE_WORDS; i++)
		p[i] = x += 0xbf58476d1ce4e5b9ULL;
}

static bool
page_is(const uint64_t *p, size_t page, uint32_t generation)
{
	uint64_t x = page_seed(page, generation);

	for (int i = 0; i < PAGE_WORDS; i++)
		if (p[i] != (x += 0xbf58476d1ce4e5b9ULL))
			return false;
	return true;
}

static void *
memory_work(void *unused)
{
	size_t pages = (size_t)opt.dirty_mib * 256, page;
	uint64_t base, done = 0, rate = (uint64_t)opt.dirty_mib_s * 256;
	uint32_t *generation = calloc(pages, sizeof(*generation));
	uint64_t *mem =
		mmap(NULL, pages * PAGE_WORDS * 8, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned int count;

	(void)unused;
	if (!generation || mem == MAP_FAILED) {
		say("CORRUPT memory: %u MiB are not to be had", opt.dirty_mib);
		return NULL;
	}
	for (page = 0; page < pages; page++)
		fill_page(mem + page * PAGE_WORDS, page, 0);
	for (base = now_ms(), page = 0; !stopping;) {
		count = due(&base, &done, rate, (unsigned int)rate / 4 + 1);
		for (; count > 0; count--, page = (page + 1) % pages) {
			uint64_t *p = mem + page * PAGE_WORDS;

			if (!page_is(p, page, generation[page]))
				say("CORRUPT memory: page %zu generation %u",
				    page, generation[page]);
			fill_page(p, page, ++generation[page]);
		}
		sleep_until_ms(now_ms() + PACE_MS);
	}
	return NULL;
}

/* ---- the rest ---- */

/* Returns when the power button is pressed; never if there is none. */
static void *
button_work(void *unused)
{
	struct pollfd p[8];
	struct input_event e;
	char path[32];
	int n = 0;

	(void)unused;
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		p[n].fd = open(path, O_RDONLY | O_CLOEXEC);
		p[n].events = POLLIN;
		if (p[n].fd >= 0)
			n++;
	}
	for (;;) {
		if (poll(p, (nfds_t)n, -1) <= 0)
			continue;
		for (int i = 0; i < n; i++)
			if (p[i].revents &&
			    read(p[i].fd, &e, sizeof(e)) == sizeof(e) &&
			    e.type == EV_KEY && e.code == KEY_POWER &&
			    e.value == 1) {
				say("powerbutton");
				stopping = true;
				return NULL;
			}
	}
}

static void
read_options(void)
{
	static const struct {
		const char *name;
		unsigned int *value;
	} numbers[] = {
		{"ring=", &opt.ring_mib},
		{"wr=", &opt.write_mib_s},
		{"dirty=", &opt.dirty_mib},
		{"rate=", &opt.dirty_mib_s},
		{"bench=", &opt.bench_s},
		{"scatter=", &opt.scatter},
		{"talk=", &opt.talk_ms},
	};
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "re");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = 0;
	for (char *s = strtok(line, " \n"); s; s = strtok(NULL, " \n")) {
		if (strncmp(s, "disk=", 5) == 0)
			snprintf(opt.disk, sizeof(opt.disk), "%s", s + 5);
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers);
		     i++) {
			size_t len = strlen(numbers[i].name);

			if (strncmp(s, numbers[i].name, len) == 0)
				*numbers[i].value = (unsigned int)strtoul(
					s + len, NULL, 10);
		}
	}
	if (f)
		fclose(f);
}

int
main(void)
{
	pthread_t disk_thread, memory_thread, button_thread;
	bool writes;
	uint64_t next;

	read_options();
	/* early in a boot the pool may not be seeded: the clock adds to it */
	if (getrandom(&boot_id, sizeof(boot_id), GRND_INSECURE) < 0)
		boot_id = 0;
	boot_id ^= (uint32_t)time(NULL);
	srandom(boot_id);
	disk_open();
	say("boot %08" PRIx32 " found %" PRIu64, boot_id, disk.last);
	writes = disk.fd >= 0 &&
		 (opt.write_mib_s > 0 || opt.bench_s > 0 || opt.scatter > 0);
	if (writes && pthread_create(&disk_thread, NULL, disk_work, NULL))
		say("CORRUPT disk: no thread");
	if (opt.dirty_mib && opt.dirty_mib_s &&
	    pthread_create(&memory_thread, NULL, memory_work, NULL))
		say("CORRUPT memory: no thread");
	if (pthread_create(&button_thread, NULL, button_work, NULL))
		say("CORRUPT button: no thread");
	if (opt.talk_ms && !talk_begin(opt.talk_ms, boot_id))
		say("CORRUPT talk: no thread");
	next = now_ms();
	for (uint64_t n = 1; !stopping; n++) {
		say("tick %" PRIu64 " %" PRIu64 " %08" PRIx32, n, now_ms(),
		    boot_id);
		next = next + TICK_MS > now_ms() ? next + TICK_MS : now_ms();
		sleep_until_ms(next);
	}
	if (writes)
		pthread_join(disk_thread, NULL);
	say("bye %" PRIu64, disk.last);
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
