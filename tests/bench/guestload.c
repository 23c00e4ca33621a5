/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/bench/guestload.c - the load of converge.sh's guest, for guestwork
 *
 * Rewrites a share of an area of memory each second, and blocks of the disk, at
 * the rates of area=MiB ram=PERCENT seq=MiB/s rnd=MiB/s on the kernel's command
 * line; says each second what it has really done.  Never writes the same twice,
 * checks what it finds before it writes over it, and all once more when the
 * power button is pressed.  Refuses to catch up what was not reached, and to go
 * on quietly: what is not as it was written is a line CORRUPT.
 *
 * The console:  ready PAGES BLOCKS            the area is filled
 *               load MS PAGES BLOCKS          written so far, at that uptime
 *               verified PAGES BLOCKS BAD     all that there is, at the end
 */
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
#include <sys/reboot.h>
#include <time.h>
#include <unistd.h>

enum {
	PAGE_BYTES = 4096,
	PAGE_WORDS = PAGE_BYTES / 8,
	PAGES_PER_MIB = 256,
	BLOCK_BYTES = 65536,
	BLOCK_WORDS = BLOCK_BYTES / 8,
	BLOCKS_PER_MIB = 16,
	PACE_MS = 10,
	TELL_MS = 1000,
	CATCH_UP_MS = 250, /* who was held up for longer has lost the rest */
	READ_BACK = 8,	   /* one of so many writes */
	COMPLAINTS = 20,
};

static struct {
	unsigned int area_mib;
	unsigned int percent; /* of the area, a second */
	unsigned int seq_mib; /* a second, as the next */
	unsigned int rnd_mib;
} opt;

static struct {
	uint64_t *words;
	uint32_t *generation; /* of each page */
	size_t pages;
	atomic_uint_fast64_t written;
} area;

static struct {
	int fd; /* -1: none */
	uint64_t *buf;
	uint32_t *generation; /* of each block; 0: it is not ours */
	size_t blocks;
	uint32_t last; /* generation given out last */
	size_t next;   /* where seq goes on */
	uint64_t dice;
	atomic_uint_fast64_t written;
} disk = {.fd = -1};

static atomic_bool stopping;
static atomic_uint bad;
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
	line[n++] = '\n';
	pthread_mutex_lock(&console);
	for (ssize_t done = 0, w; done < n; done += w) {
		w = write(1, line + done, (size_t)(n - done));
		if (w < 0)
			w = 0;
	}
	pthread_mutex_unlock(&console);
}

static void
corrupt(const char *what, size_t at, uint32_t generation)
{
	if (atomic_fetch_add(&bad, 1) < COMPLAINTS)
		say("CORRUPT %s %zu generation %" PRIu32, what, at, generation);
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

struct pace {
	uint64_t base_ms;
	uint64_t done;
	uint64_t per_s;
};

static uint64_t
due(struct pace *pace)
{
	uint64_t now = now_ms();
	uint64_t want = (now - pace->base_ms) * pace->per_s / 1000;
	uint64_t most = pace->per_s * CATCH_UP_MS / 1000 + 1;
	uint64_t n = want - pace->done;

	if (n <= most) {
		pace->done = want;
		return n;
	}
	pace->base_ms = now;
	pace->done = 0;
	return most;
}

/* What is at `at` in its n-th generation: first word, and what each next one
 * has more. */
static uint64_t
seed_of(uint64_t at, uint32_t generation)
{
	return (at + 1) * 0x9e3779b97f4a7c15ULL ^
	       generation * 0xda942042e4dd58b5ULL;
}

#define STEP 0xbf58476d1ce4e5b9ULL

static void
fill(uint64_t *p, size_t words, uint64_t x)
{
	for (size_t i = 0; i < words; i++)
		p[i] = x += STEP;
}

static bool
is_filled(const uint64_t *p, size_t words, uint64_t x)
{
	for (size_t i = 0; i < words; i++)
		if (p[i] != (x += STEP))
			return false;
	return true;
}

/* ---- memory ---- */

static uint64_t *
page_at(size_t page)
{
	return area.words + page * PAGE_WORDS;
}

/* First and last word: to check them all would cost as much as the writing. */
static bool
page_looks_right(size_t page)
{
	uint64_t seed = seed_of(page, area.generation[page]);
	const uint64_t *p = page_at(page);

	return p[0] == seed + STEP &&
	       p[PAGE_WORDS - 1] == seed + STEP * PAGE_WORDS;
}

static bool
area_make(void)
{
	area.pages = (size_t)opt.area_mib * PAGES_PER_MIB;
	area.generation = calloc(area.pages, sizeof(*area.generation));
	area.words = mmap(NULL, area.pages * PAGE_BYTES, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (!area.generation || area.words == MAP_FAILED)
		return false;
	for (size_t page = 0; page < area.pages; page++)
		fill(page_at(page), PAGE_WORDS, seed_of(page, 0));
	return true;
}

static void *
memory_work(void *unused)
{
	struct pace pace = {.base_ms = now_ms(),
			    .per_s = (uint64_t)area.pages * opt.percent / 100};
	size_t page = 0;

	(void)unused;
	while (!stopping) {
		for (uint64_t n = due(&pace); n > 0 && !stopping; n--) {
			if (!page_looks_right(page))
				corrupt("page", page, area.generation[page]);
			fill(page_at(page), PAGE_WORDS,
			     seed_of(page, ++area.generation[page]));
			area.written++;
			page = (page + 1) % area.pages;
		}
		sleep_until_ms(now_ms() + PACE_MS);
	}
	return NULL;
}

/* ---- disk ---- */

/* The first MiB is left alone. */
static off_t
place(size_t block)
{
	return (off_t)(block + BLOCKS_PER_MIB) * BLOCK_BYTES;
}

static void
disk_open(void)
{
	uint64_t size = 0;

	disk.fd = open("/dev/vda", O_RDWR | O_DIRECT | O_CLOEXEC);
	if (disk.fd < 0)
		return;
	if (ioctl(disk.fd, BLKGETSIZE64, &size) != 0)
		size = 0;
	if (size / BLOCK_BYTES > BLOCKS_PER_MIB)
		disk.blocks = size / BLOCK_BYTES - BLOCKS_PER_MIB;
	disk.buf = aligned_alloc(PAGE_BYTES, BLOCK_BYTES);
	disk.generation = calloc(disk.blocks + 1, sizeof(*disk.generation));
	disk.dice = (uint64_t)time(NULL) | 1;
	if (disk.blocks == 0 || !disk.buf || !disk.generation) {
		close(disk.fd);
		disk.fd = -1;
	}
}

static size_t
any_block(void)
{
	disk.dice ^= disk.dice << 13;
	disk.dice ^= disk.dice >> 7;
	disk.dice ^= disk.dice << 17;
	return (size_t)(disk.dice % disk.blocks);
}

static void
check_block(size_t block)
{
	uint32_t generation = disk.generation[block];

	if (generation == 0)
		return;
	if (pread(disk.fd, disk.buf, BLOCK_BYTES, place(block)) !=
		    BLOCK_BYTES ||
	    !is_filled(disk.buf, BLOCK_WORDS, seed_of(block, generation)))
		corrupt("block", block, generation);
}

static void
write_block(size_t block)
{
	uint32_t generation = ++disk.last;

	fill(disk.buf, BLOCK_WORDS, seed_of(block, generation));
	if (pwrite(disk.fd, disk.buf, BLOCK_BYTES, place(block)) != BLOCK_BYTES)
		corrupt("write of block", block, generation);
	disk.generation[block] = generation;
	disk.written++;
}

static void *
disk_work(void *unused)
{
	struct pace seq = {.base_ms = now_ms(),
			   .per_s = (uint64_t)opt.seq_mib * BLOCKS_PER_MIB};
	struct pace rnd = {.base_ms = seq.base_ms,
			   .per_s = (uint64_t)opt.rnd_mib * BLOCKS_PER_MIB};

	(void)unused;
	while (!stopping) {
		for (uint64_t n = due(&seq); n > 0 && !stopping; n--) {
			write_block(disk.next);
			disk.next = (disk.next + 1) % disk.blocks;
		}
		for (uint64_t n = due(&rnd); n > 0 && !stopping; n--)
			write_block(any_block());
		if (disk.written > 0 && any_block() % READ_BACK == 0)
			check_block(any_block());
		sleep_until_ms(now_ms() + PACE_MS);
	}
	return NULL;
}

/* ---- the rest ---- */

static void *
button_work(void *unused)
{
	struct pollfd p[8];
	struct input_event e;
	char path[32];
	nfds_t n = 0;

	(void)unused;
	for (int i = 0; i < 8; i++) {
		snprintf(path, sizeof(path), "/dev/input/event%d", i);
		p[n].fd = open(path, O_RDONLY | O_CLOEXEC);
		p[n].events = POLLIN;
		if (p[n].fd >= 0)
			n++;
	}
	while (!stopping) {
		if (poll(p, n, -1) <= 0)
			continue;
		for (nfds_t i = 0; i < n; i++)
			if (p[i].revents &&
			    read(p[i].fd, &e, sizeof(e)) == sizeof(e) &&
			    e.type == EV_KEY && e.code == KEY_POWER &&
			    e.value == 1)
				stopping = true;
	}
	return NULL;
}

static void
read_options(void)
{
	static const struct {
		const char *name;
		unsigned int *value;
	} numbers[] = {{"area=", &opt.area_mib},
		       {"ram=", &opt.percent},
		       {"seq=", &opt.seq_mib},
		       {"rnd=", &opt.rnd_mib}};
	char line[4096] = "";
	FILE *f = fopen("/proc/cmdline", "re");

	if (f && !fgets(line, sizeof(line), f))
		line[0] = 0;
	for (char *s = strtok(line, " \n"); s; s = strtok(NULL, " \n"))
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers);
		     i++) {
			size_t len = strlen(numbers[i].name);

			if (strncmp(s, numbers[i].name, len) == 0)
				*numbers[i].value = (unsigned int)strtoul(
					s + len, NULL, 10);
		}
	if (f)
		fclose(f);
}

static void
verify(void)
{
	size_t blocks = 0;

	for (size_t page = 0; page < area.pages; page++)
		if (!is_filled(page_at(page), PAGE_WORDS,
			       seed_of(page, area.generation[page])))
			corrupt("page", page, area.generation[page]);
	for (size_t block = 0; disk.fd >= 0 && block < disk.blocks; block++) {
		blocks += disk.generation[block] > 0;
		check_block(block);
	}
	say("verified %zu %zu %u", area.pages, blocks, (unsigned int)bad);
}

int
main(void)
{
	pthread_t memory_thread, disk_thread, button_thread;
	bool memory, writes;
	uint64_t next;

	read_options();
	disk_open();
	if (!area_make()) {
		say("CORRUPT area: %u MiB are not to be had", opt.area_mib);
		pause();
	}
	say("ready %zu %zu", area.pages, disk.blocks);
	memory = area.pages > 0 && opt.percent > 0 &&
		 !pthread_create(&memory_thread, NULL, memory_work, NULL);
	writes = disk.fd >= 0 && opt.seq_mib + opt.rnd_mib > 0 &&
		 !pthread_create(&disk_thread, NULL, disk_work, NULL);
	if (pthread_create(&button_thread, NULL, button_work, NULL))
		say("CORRUPT button: no thread");
	next = now_ms();
	while (!stopping) {
		if (now_ms() >= next) {
			say("load %" PRIu64 " %" PRIu64 " %" PRIu64, now_ms(),
			    (uint64_t)area.written, (uint64_t)disk.written);
			next = now_ms() + TELL_MS;
		}
		sleep_until_ms(now_ms() + PACE_MS * 5);
	}
	if (memory)
		pthread_join(memory_thread, NULL);
	if (writes)
		pthread_join(disk_thread, NULL);
	verify();
	sync();
	reboot(RB_POWER_OFF);
	return 1;
}
