/* SPDX-License-Identifier: BSD-3-Clause */
/* blockmirror/compare.c - see digest.h: the side that asks, and tells
 *
 * The next question is out before the own digests of this chunk are made, so
 * both sides work at the same time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "blockmirror/digest_peer.h"

enum {
	ROUNDS = 8,	       /* of another look */
	ROUND_NS = 200000000,
	MAX_SUSPECTS = 65536, /* more are no writes under way */
};

struct range {
	unsigned int disk;
	uint64_t first;
	uint64_t n;
};

struct run {
	const struct ham_bm_compare *spec;
	struct ham_digester *d;
	int fd;
	FILE *out;
	GArray *suspects; /* struct range of one block each */
	struct range range; /* being told, n 0: none */
	uint64_t bytes;
	bool cut_short;
	char words[320];
	struct timespec begun;
};

static int
dial(const struct ham_bm_compare *spec)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET,
				 .sin_port = htons((uint16_t)spec->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
				  .sin6_port = htons((uint16_t)spec->port)};
	bool is_v4 = inet_pton(AF_INET, spec->host, &v4.sin_addr) == 1;
	int one = 1;
	int fd;

	if (!is_v4 && inet_pton(AF_INET6, spec->host, &v6.sin6_addr) != 1)
		return -1;
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	ham_digest_patience(fd);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if ((is_v4 ? connect(fd, (struct sockaddr *)&v4, sizeof(v4))
		   : connect(fd, (struct sockaddr *)&v6, sizeof(v6))) == 0 &&
	    ham_digest_send(fd, spec->token, HAM_BM_DIGEST_TOKEN))
		return fd;
	close(fd);
	return -1;
}

/* ---- why not ---- */

static const char *
nobody(struct run *run)
{
	snprintf(run->words, sizeof(run->words),
		 "nobody answers at %s, port %u", run->spec->host,
		 run->spec->port);
	return run->words;
}

static const char *
other_side(struct run *run)
{
	snprintf(run->words, sizeof(run->words),
		 "the other side, %s port %u, ended",
		 run->spec->host, run->spec->port);
	return run->words;
}

static const char *
cannot_read(struct run *run, unsigned int disk)
{
	const char *path = run->spec->images[disk].path;

	if (errno == ENODATA)
		snprintf(run->words, sizeof(run->words),
			 "%s is shorter here than the disk", path);
	else
		snprintf(run->words, sizeof(run->words), "%s here: %s", path,
			 strerror(errno));
	return run->words;
}

static bool
ask(struct run *run, const struct range *range)
{
	struct ham_digest_question q = {.first = GUINT64_TO_BE(range->first),
					.disk = GUINT32_TO_BE(range->disk),
					.n = GUINT32_TO_BE(
						(uint32_t)range->n)};

	return ham_digest_send(run->fd, &q, sizeof(q));
}

/* ---- what is told ---- */

static void
tell_range(struct run *run)
{
	const struct range *r = &run->range;
	uint64_t at = r->first * HAM_BM_DIGEST_BLOCK;
	uint64_t end;

	if (r->n == 0)
		return;
	end = MIN(at + r->n * HAM_BM_DIGEST_BLOCK, run->d->size[r->disk]);
	fprintf(run->out, "differs %u %" PRIu64 " %" PRIu64 "\n", r->disk, at,
		end - at);
	run->range.n = 0;
}

static void
tell_block(struct run *run, unsigned int disk, uint64_t block)
{
	struct range *r = &run->range;

	if (r->n > 0 && r->disk == disk && r->first + r->n == block) {
		r->n++;
		return;
	}
	tell_range(run);
	*r = (struct range){disk, block, 1};
}

static void
differs(struct run *run, unsigned int disk, uint64_t block)
{
	struct range one = {disk, block, 1};

	if (run->spec->settle)
		g_array_append_val(run->suspects, one);
	else
		tell_block(run, disk, block);
}

/* ---- another look at what differed ---- */

/* Those that differ still stay. */
static const char *
look_again(struct run *run)
{
	guint kept = 0;

	for (guint i = 0; i < run->suspects->len; i++) {
		struct range r = g_array_index(run->suspects, struct range, i);
		uint8_t mine[HAM_BM_DIGEST_SIZE];
		uint8_t theirs[HAM_BM_DIGEST_SIZE];

		if (!ask(run, &r) ||
		    !ham_digest_receive(run->fd, theirs, sizeof(theirs)))
			return other_side(run);
		if (!ham_digester_make(run->d, r.disk, r.first, 1, mine))
			return cannot_read(run, r.disk);
		if (memcmp(mine, theirs, sizeof(mine)) != 0)
			g_array_index(run->suspects, struct range, kept++) = r;
	}
	g_array_set_size(run->suspects, kept);
	return NULL;
}

/* ---- the whole of it ---- */

static void
keep_to_the_rate(const struct run *run)
{
	struct timespec now;
	uint64_t took_ns, wanted_ns;

	if (run->spec->rate == 0)
		return;
	clock_gettime(CLOCK_BOOTTIME, &now);
	took_ns = (uint64_t)(now.tv_sec - run->begun.tv_sec) * 1000000000u +
		  (uint64_t)now.tv_nsec - (uint64_t)run->begun.tv_nsec;
	wanted_ns = (uint64_t)((double)run->bytes /
			       (double)run->spec->rate * 1e9);
	if (wanted_ns > took_ns) {
		struct timespec rest = {
			(time_t)((wanted_ns - took_ns) / 1000000000u),
			(long)((wanted_ns - took_ns) % 1000000000u)};

		(void)clock_nanosleep(CLOCK_BOOTTIME, 0, &rest, NULL);
	}
}

/* The next of these disks after that one; n 0: that was all. */
static struct range
next_chunk(const struct run *run, struct range now)
{
	uint64_t blocks = ham_digester_blocks(run->d, now.disk);

	now.first += now.n;
	if (now.first >= blocks) {
		now.disk++;
		now.first = 0;
	}
	if (now.disk >= run->d->n)
		return (struct range){0};
	now.n = MIN(ham_digester_blocks(run->d, now.disk) - now.first,
		    HAM_BM_DIGEST_CHUNK);
	return now;
}

static const char *
compare_chunk(struct run *run, const struct range *r)
{
	uint8_t mine[HAM_BM_DIGEST_CHUNK][HAM_BM_DIGEST_SIZE];
	uint8_t theirs[HAM_BM_DIGEST_CHUNK][HAM_BM_DIGEST_SIZE];

	if (!ham_digester_make(run->d, r->disk, r->first, r->n, mine[0]))
		return cannot_read(run, r->disk);
	for (uint64_t i = 0; i < r->n; i++)
		run->bytes += ham_digester_length(run->d, r->disk,
						  r->first + i);
	if (!ham_digest_receive(run->fd, theirs, r->n * HAM_BM_DIGEST_SIZE))
		return other_side(run);
	for (uint64_t i = 0; i < r->n; i++)
		if (memcmp(mine[i], theirs[i], HAM_BM_DIGEST_SIZE) != 0)
			differs(run, r->disk, r->first + i);
	return NULL;
}

/* So many that the next chunk's might not be remembered. */
static bool
is_full(const struct run *run)
{
	return run->suspects->len > MAX_SUSPECTS - 2 * HAM_BM_DIGEST_CHUNK;
}

static const char *
compare_all(struct run *run)
{
	struct range now = {0};
	struct range next;

	now.n = MIN(ham_digester_blocks(run->d, 0), HAM_BM_DIGEST_CHUNK);
	if (now.n == 0 || !ask(run, &now))
		return other_side(run);
	while (now.n > 0) {
		const char *why;
		bool ahead = !is_full(run);

		next = next_chunk(run, now);
		if (ahead && next.n > 0 && !ask(run, &next))
			return other_side(run);
		why = compare_chunk(run, &now);
		if (!why && !ahead)
			why = look_again(run);
		if (why)
			return why;
		if (!ahead && is_full(run)) {
			run->cut_short = true; /* some of these may be proof */
			return NULL;
		}
		fprintf(run->out, "at %u %" PRIu64 "\n", now.disk,
			(now.first + now.n) * HAM_BM_DIGEST_BLOCK);
		fflush(run->out);
		keep_to_the_rate(run);
		if (!ahead && next.n > 0 && !ask(run, &next))
			return other_side(run);
		now = next;
	}
	return NULL;
}

/* Nothing differs of what was read. */
static const char *
unfinished(const struct run *run)
{
	return run->cut_short
		       ? "more is written at a time than can be looked at"
		       : NULL;
}

static const char *
settle(struct run *run)
{
	struct timespec pause = {0, ROUND_NS};
	const char *why = NULL;
	char line[8];

	for (int k = 0; k < ROUNDS && run->suspects->len > 0 && !why; k++) {
		(void)clock_nanosleep(CLOCK_BOOTTIME, 0, &pause, NULL);
		why = look_again(run);
	}
	if (why || run->suspects->len == 0)
		return why ? why : unfinished(run);
	/* the guest stands still meanwhile; one that differs is proof enough */
	g_array_set_size(run->suspects,
			 MIN(run->suspects->len, HAM_BM_DIGEST_LAST));
	fprintf(run->out, "suspects %u\n", run->suspects->len);
	fflush(run->out);
	if (read(run->spec->in, line, sizeof(line)) <= 0)
		return "called off";
	why = look_again(run);
	for (guint i = 0; !why && i < run->suspects->len; i++) {
		const struct range *r =
			&g_array_index(run->suspects, struct range, i);

		tell_block(run, r->disk, r->first);
	}
	return !why && run->suspects->len == 0 ? unfinished(run) : why;
}

int
ham_bm_digest_compare(const struct ham_bm_compare *compare)
{
	struct run run = {.spec = compare,
			  .out = fdopen(compare->out, "w"),
			  .fd = -1};
	const char *why = NULL;

	if (!run.out)
		return 1;
	run.suspects = g_array_new(FALSE, FALSE, sizeof(struct range));
	clock_gettime(CLOCK_BOOTTIME, &run.begun);
	run.d = ham_digester_new(compare->images, compare->n, &why);
	if (run.d) {
		run.fd = dial(compare);
		why = run.fd < 0 ? nobody(&run) : compare_all(&run);
	}
	if (!why && compare->settle)
		why = settle(&run);
	tell_range(&run);
	if (why)
		fprintf(run.out, "error %s\n", why);
	else
		fprintf(run.out, "end %" PRIu64 "\n", run.bytes);
	fclose(run.out);
	if (run.fd >= 0)
		close(run.fd);
	g_array_free(run.suspects, TRUE);
	ham_digester_free(run.d);
	return why ? 1 : 0;
}
