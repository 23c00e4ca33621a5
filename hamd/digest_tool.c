/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/digest_tool.c - hamd as the process that compares two copies of disks
 *
 *	hamd --digest-serve PATH SIZE...	   3: listening socket, 4: token
 *	hamd --digest-compare HOST PORT RATE settle|once PATH SIZE...
 *						   3: answers, 4: token, 5: go
 *
 * Started by hamd alone, as the guest's own user; the token comes by a pipe,
 * since anybody can read a command line.  Refuses anything else.
 */
#include "hamd/digest_tool.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "blockmirror/digest.h"

enum {
	MAX_DISKS = 8,
	FIRST_FD = 3,
	TOKEN_FD = 4,
	GO_FD = 5,
	BAD = 2,
};

static bool
number(const char *text, guint64 *out)
{
	return g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, out, NULL);
}

/* 0: they make no sense. */
static unsigned int
read_images(int argc, char **argv, struct ham_bm_image out[MAX_DISKS])
{
	unsigned int n = 0;

	if (argc <= 0 || argc % 2 != 0 || argc / 2 > MAX_DISKS)
		return 0;
	for (int i = 0; i < argc; i += 2) {
		guint64 size;

		if (!number(argv[i + 1], &size) || size == 0)
			return 0;
		out[n++] = (struct ham_bm_image){argv[i], size};
	}
	return n;
}

static bool
read_token(char out[HAM_BM_DIGEST_TOKEN + 1])
{
	ssize_t n = read(TOKEN_FD, out, HAM_BM_DIGEST_TOKEN);

	out[HAM_BM_DIGEST_TOKEN] = '\0';
	return n == HAM_BM_DIGEST_TOKEN;
}

static int
compare(int argc, char **argv, const char *token)
{
	struct ham_bm_image images[MAX_DISKS];
	struct ham_bm_compare spec = {
		.token = token, .images = images, .out = FIRST_FD, .in = GO_FD};
	guint64 port, rate;

	if (argc < 4 || !number(argv[1], &port) || port > 65535 ||
	    !number(argv[2], &rate))
		return BAD;
	spec.host = argv[0];
	spec.port = (unsigned int)port;
	spec.rate = rate;
	spec.settle = strcmp(argv[3], "settle") == 0;
	spec.n = read_images(argc - 4, argv + 4, images);
	return spec.n ? ham_bm_digest_compare(&spec) : BAD;
}

bool
ham_digest_tool(int argc, char **argv, int *status)
{
	struct ham_bm_image images[MAX_DISKS];
	char token[HAM_BM_DIGEST_TOKEN + 1];
	bool serve = argc > 1 && strcmp(argv[1], "--digest-serve") == 0;
	unsigned int n;

	if (!serve && (argc < 2 || strcmp(argv[1], "--digest-compare") != 0))
		return false;
	*status = BAD;
	if (!read_token(token)) {
		fprintf(stderr, "hamd: %s is for hamd itself\n", argv[1]);
		return true;
	}
	if (!serve) {
		*status = compare(argc - 2, argv + 2, token);
		return true;
	}
	n = read_images(argc - 2, argv + 2, images);
	if (n > 0)
		*status = ham_bm_digest_serve(FIRST_FD, token, images, n);
	return true;
}
