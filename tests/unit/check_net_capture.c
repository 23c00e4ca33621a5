/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_net_capture.c - frames against those that others were heard
 * to send: the captures of tests/net/captures, where make.sh says how they were
 * taken
 *
 * Refuses a capture that it can't read whole: a test of nothing would pass.
 */
#include <check.h>
#include <linux/if_packet.h>
#include <string.h>

#include "netmigrate/learn.h"
#include "tests/unit/bpf_run.h"
#include "tests/unit/leaf_run.h"
#include "tests/unit/net_frames.h"

enum {
	FILE_HEAD = 24, /* pcap-savefile(5), here in this host's byte order */
	FRAME_HEAD = 16,
	MAGIC = 0xa1b2c3d4,
	UNPADDED_ARP = 42,
};

static GArray *
read_capture(const char *name)
{
	const char *srcdir = getenv("srcdir");
	g_autofree char *path = g_build_filename(
		srcdir ? srcdir : ".", "tests/net/captures", name, NULL);
	GArray *frames = g_array_new(FALSE, TRUE, sizeof(struct frame));
	g_autofree char *bytes = NULL;
	gsize len, at = FILE_HEAD;
	uint32_t magic;

	ck_assert_msg(g_file_get_contents(path, &bytes, &len, NULL), "%s",
		      path);
	ck_assert_uint_ge(len, FILE_HEAD);
	memcpy(&magic, bytes, sizeof(magic));
	ck_assert_uint_eq(magic, MAGIC);
	while (at < len) {
		struct frame f = {0};
		uint32_t size;

		ck_assert_uint_ge(len - at, FRAME_HEAD);
		memcpy(&size, bytes + at + 8, sizeof(size));
		at += FRAME_HEAD;
		ck_assert_uint_le(size, len - at);
		put_bytes(&f, bytes + at, size);
		g_array_append_val(frames, f);
		at += size;
	}
	ck_assert_uint_gt(frames->len, 0);
	return frames;
}

static bool
is_guests(const struct frame *f)
{
	return memcmp(f->bytes + 6, guest_mac, 6) == 0;
}

/* The guest's first frame that begins like that one, to its MAC and type, must
 * be the same for `len` bytes; the rest of ours is padding. */
static void
is_said(const char *capture, const uint8_t *ours, size_t our_len, size_t len)
{
	g_autoptr(GArray) frames = read_capture(capture);

	ck_assert_uint_ge(our_len, len);
	for (size_t i = len; i < our_len; i++)
		ck_assert_uint_eq(ours[i], 0);
	for (guint i = 0; i < frames->len; i++) {
		const struct frame *f = &g_array_index(frames, struct frame, i);

		if (memcmp(f->bytes, ours, AT_IP) != 0)
			continue;
		ck_assert_uint_eq(f->len, len);
		ck_assert_mem_eq(f->bytes, ours, len);
		return;
	}
	ck_abort_msg("%s has no such frame", capture);
}

START_TEST(rarp_as_qemu_says_it)
{
	uint8_t ours[HAM_NET_FRAME_MAX];
	size_t len = ham_net_frame_rarp(ours, guest_mac);

	is_said("qemu.pcap", ours, len, len);
}
END_TEST

START_TEST(gratuitous_arp_as_linux_says_it)
{
	static const uint8_t ipv4[4] = {192, 0, 2, 10};
	uint8_t ours[HAM_NET_FRAME_MAX];
	size_t len = ham_net_frame_garp(ours, guest_mac, ipv4);

	is_said("linux.pcap", ours, len, UNPADDED_ARP);
}
END_TEST

START_TEST(advertisement_as_linux_says_it)
{
	uint8_t ours[HAM_NET_FRAME_MAX], ipv6[16];
	size_t len;

	ck_assert_int_eq(inet_pton(AF_INET6, "2001:db8::10", ipv6), 1);
	len = ham_net_frame_na(ours, guest_mac, ipv6);
	is_said("linux.pcap", ours, len, len);
}
END_TEST

static void
lists(const struct ham_net_learnt *table, const char *want)
{
	g_auto(GStrv) list = ham_net_learnt_list(table, 0);
	g_autofree char *text = g_strjoinv(" ", list);

	ck_assert_str_eq(text, want);
}

/* Its link's own, which it announced; the one of its lease; the two that it was
 * set to. */
#define LEARNT "2001:db8::10 192.0.2.20 fe80::5054:ff:fe12:3456 192.0.2.10"

START_TEST(what_a_linux_host_teaches)
{
	g_autoptr(GArray) frames = read_capture("linux.pcap");
	struct ham_net_learnt table;

	ham_net_learnt_init(&table, guest_mac);
	for (guint i = 0; i < frames->len; i++) {
		const struct frame *f = &g_array_index(frames, struct frame, i);

		ham_net_learnt_frame(&table, f->bytes, f->len, is_guests(f), 0);
	}
	lists(&table, LEARNT);
}
END_TEST

START_TEST(the_filter_shows_all_that_teaches_and_no_more)
{
	g_autoptr(GArray) frames = read_capture("linux.pcap");
	struct ham_net_learnt table;
	unsigned int shown = 0;

	ham_net_learnt_init(&table, guest_mac);
	for (guint i = 0; i < frames->len; i++) {
		const struct frame *f = &g_array_index(frames, struct frame, i);
		struct sock_filter code[HAM_NET_FILTER_MAX];
		unsigned int n = ham_net_learnt_filter(&table, code);
		struct bpf_packet packet = {f->bytes, f->len,
					    is_guests(f) ? PACKET_BROADCAST
							 : PACKET_OUTGOING,
					    0, 0};

		if (bpf_run(code, n, &packet) == 0)
			continue;
		shown++;
		ham_net_learnt_frame(&table, f->bytes, f->len, is_guests(f), 0);
	}
	lists(&table, LEARNT);
	/* of 36: ARP, neighbour discovery and the lease, of which the server's
	 * offer can't be told from it by a filter */
	ck_assert_uint_eq(shown, 12);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("net_capture");
	TCase *tc = tcase_create("capture");

	tcase_add_test(tc, rarp_as_qemu_says_it);
	tcase_add_test(tc, gratuitous_arp_as_linux_says_it);
	tcase_add_test(tc, advertisement_as_linux_says_it);
	tcase_add_test(tc, what_a_linux_host_teaches);
	tcase_add_test(tc, the_filter_shows_all_that_teaches_and_no_more);
	suite_add_tcase(s, tc);
	return s;
}

int
main(void)
{
	return leaf_run(suite());
}
