/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_digest.c - two images compared by their digests
 *
 * The serving side is a process of its own, as it is in use; both sides talk
 * over loopback.
 */
#include <arpa/inet.h>
#include <check.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "blockmirror/digest.h"
#include "tests/unit/leaf_run.h"

enum {
	SIZE = 20 * HAM_BM_DIGEST_BLOCK + 512 /* the last one is short */
};

static const char token[] = "0123456789abcdef0123456789abcdef";

struct pair {
	char folder[64];
	char *mine;
	char *theirs;
	struct ham_bm_image image[2];
	unsigned int port;
	pid_t server;
};

static void
fill(const char *path)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	/* the second half is zeroes, as most of a new disk is */
	for (unsigned int i = 0; i < SIZE; i++)
		ck_assert_int_ne(
			fputc(i < SIZE / 2 ? (int)(i * 31 >> 7 & 0xff) : 0, f),
			EOF);
	ck_assert_int_eq(fclose(f), 0);
}

static int
listener(unsigned int *port)
{
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	*port = ntohs(at.sin_port);
	return fd;
}

static void
open_pair(struct pair *p)
{
	int fd = listener(&p->port);

	g_strlcpy(p->folder, "/tmp/check-digest-XXXXXX", sizeof(p->folder));
	ck_assert_ptr_nonnull(mkdtemp(p->folder));
	p->mine = g_build_filename(p->folder, "mine", NULL);
	p->theirs = g_build_filename(p->folder, "theirs", NULL);
	fill(p->mine);
	fill(p->theirs);
	p->image[0] = (struct ham_bm_image){p->mine, SIZE};
	p->image[1] = (struct ham_bm_image){p->theirs, SIZE};
	p->server = fork();
	ck_assert_int_ge(p->server, 0);
	if (p->server == 0)
		_exit(ham_bm_digest_serve(fd, token, &p->image[1], 1));
	close(fd);
}

static void
close_pair(struct pair *p)
{
	kill(p->server, SIGKILL);
	waitpid(p->server, NULL, 0);
	unlink(p->mine);
	unlink(p->theirs);
	rmdir(p->folder);
	g_free(p->mine);
	g_free(p->theirs);
}

static void
poke(const char *path, off_t at, char byte)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pwrite(fd, &byte, 1, at), 1);
	close(fd);
}

/* What it tells, without the lines that only say how far it is. */
static char *
compare(const struct pair *p, const char *with, bool settle)
{
	g_autofree char *all = NULL;
	GString *told = g_string_new("");
	g_auto(GStrv) lines = NULL;
	int out[2];
	int in[2];
	struct ham_bm_compare spec = {.host = "127.0.0.1",
				      .port = p->port,
				      .token = with,
				      .images = p->image,
				      .n = 1,
				      .settle = settle};
	char bytes[4096];
	ssize_t n;

	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(pipe(in), 0);
	ck_assert_int_eq(write(in[1], "go\n", 3), 3);
	spec.out = out[1];
	spec.in = in[0];
	(void)ham_bm_digest_compare(&spec);
	n = read(out[0], bytes, sizeof(bytes) - 1);
	ck_assert_int_gt(n, 0);
	all = g_strndup(bytes, (gsize)n);
	lines = g_strsplit(all, "\n", -1);
	for (unsigned int i = 0; lines[i]; i++)
		if (!g_str_has_prefix(lines[i], "at ") && lines[i][0])
			g_string_append_printf(told, "%s;", lines[i]);
	close(out[0]);
	close(in[0]);
	close(in[1]);
	return g_string_free(told, FALSE);
}

static void
expect(const struct pair *p, const char *with, bool settle, const char *want)
{
	g_autofree char *told = compare(p, with, settle);

	ck_assert_str_eq(told, want);
}

static void expect_f(const struct pair *p, const char *with,
		     const char *format, ...) G_GNUC_PRINTF(3, 4);

static void
expect_f(const struct pair *p, const char *with, const char *format, ...)
{
	g_autofree char *want = NULL;
	va_list ap;

	va_start(ap, format);
	want = g_strdup_vprintf(format, ap);
	va_end(ap);
	expect(p, with, false, want);
}

START_TEST(equal)
{
	struct pair p;

	open_pair(&p);
	expect(&p, token, false, "end 1311232;");
	close_pair(&p);
}
END_TEST

START_TEST(one_bit)
{
	struct pair p;

	open_pair(&p);
	poke(p.theirs, 3 * HAM_BM_DIGEST_BLOCK + 17, 'x');
	expect(&p, token, false, "differs 0 196608 65536;end 1311232;");
	close_pair(&p);
}
END_TEST

/* Adjoining blocks are one; zeroes against something; the short last one. */
START_TEST(ranges)
{
	struct pair p;

	open_pair(&p);
	poke(p.theirs, 0, 'x');
	poke(p.mine, HAM_BM_DIGEST_BLOCK, 'y');
	poke(p.mine, 15 * HAM_BM_DIGEST_BLOCK, 'z');
	poke(p.theirs, SIZE - 1, 'z');
	expect(&p, token, false,
	       "differs 0 0 131072;differs 0 983040 65536;"
	       "differs 0 1310720 512;end 1311232;");
	close_pair(&p);
}
END_TEST

START_TEST(what_stays_is_told_after_the_last_look)
{
	struct pair p;

	open_pair(&p);
	poke(p.theirs, HAM_BM_DIGEST_BLOCK, 'x');
	expect(&p, token, true,
	       "suspects 1;differs 0 65536 65536;end 1311232;");
	close_pair(&p);
}
END_TEST

/* A write that was under way has come to both sides at the last look. */
START_TEST(what_has_settled_is_not_told)
{
	struct pair p;
	pid_t writer;
	int in[2], out[2];
	struct ham_bm_compare spec = {.host = "127.0.0.1",
				      .token = token,
				      .n = 1,
				      .settle = true};
	char bytes[4096];
	ssize_t n = 0, got;

	open_pair(&p);
	poke(p.theirs, HAM_BM_DIGEST_BLOCK, 'x');
	ck_assert_int_eq(pipe(out), 0);
	ck_assert_int_eq(pipe(in), 0);
	spec.port = p.port;
	spec.images = p.image;
	spec.out = out[1];
	spec.in = in[0];
	writer = fork();
	ck_assert_int_ge(writer, 0);
	if (writer == 0)
		_exit(ham_bm_digest_compare(&spec));
	close(out[1]);
	bytes[0] = '\0';
	while (!strstr(bytes, "suspects 1")) {
		got = read(out[0], bytes + n, sizeof(bytes) - 1 - (size_t)n);
		ck_assert_int_gt(got, 0);
		n += got;
		bytes[n] = '\0';
	}
	poke(p.mine, HAM_BM_DIGEST_BLOCK, 'x');
	ck_assert_int_eq(write(in[1], "go\n", 3), 3);
	while ((got = read(out[0], bytes + n,
			   sizeof(bytes) - 1 - (size_t)n)) > 0)
		n += got;
	bytes[n] = '\0';
	ck_assert_ptr_nonnull(strstr(bytes, "end 1311232"));
	ck_assert_ptr_null(strstr(bytes, "differs"));
	waitpid(writer, NULL, 0);
	close(out[0]);
	close(in[0]);
	close(in[1]);
	close_pair(&p);
}
END_TEST

START_TEST(without_the_token_nothing)
{
	struct pair p;

	open_pair(&p);
	expect_f(&p, "ffffffffffffffffffffffffffffffff",
		 "error the other side, 127.0.0.1 port %u, ended;", p.port);
	/* and others are still served */
	expect(&p, token, false, "end 1311232;");
	close_pair(&p);
}
END_TEST

/* It has said half of a token, and says no more. */
START_TEST(a_silent_stranger_gives_way)
{
	struct pair p;
	struct sockaddr_in at = {.sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int stranger = socket(AF_INET, SOCK_STREAM, 0);

	open_pair(&p);
	at.sin_port = htons((uint16_t)p.port);
	ck_assert_int_eq(connect(stranger, (struct sockaddr *)&at, sizeof(at)),
			 0);
	ck_assert_int_eq(send(stranger, token, 16, 0), 16);
	expect(&p, token, false, "end 1311232;");
	close(stranger);
	close_pair(&p);
}
END_TEST

START_TEST(nobody_there)
{
	struct pair p;

	open_pair(&p);
	kill(p.server, SIGKILL);
	waitpid(p.server, NULL, 0);
	expect_f(&p, token, "error nobody answers at 127.0.0.1, port %u;",
		 p.port);
	close_pair(&p);
}
END_TEST

START_TEST(an_image_that_is_too_small)
{
	struct pair p;

	open_pair(&p);
	ck_assert_int_eq(truncate(p.mine, SIZE / 2), 0);
	expect_f(&p, token, "error %s is shorter here than the disk;", p.mine);
	close_pair(&p);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_digest");
	TCase *tc = tcase_create("digest");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, equal);
	tcase_add_test(tc, one_bit);
	tcase_add_test(tc, ranges);
	tcase_add_test(tc, what_stays_is_told_after_the_last_look);
	tcase_add_test(tc, what_has_settled_is_not_told);
	tcase_add_test(tc, without_the_token_nothing);
	tcase_add_test(tc, a_silent_stranger_gives_way);
	tcase_add_test(tc, nobody_there);
	tcase_add_test(tc, an_image_that_is_too_small);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
