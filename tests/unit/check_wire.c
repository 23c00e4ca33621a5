/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_wire.c - the writer's bytes and the reader's bounds
 *
 * Input lies in memory of its exact size, so that a sanitizer sees a read one
 * byte too far.
 */
#include <check.h>
#include <glib.h>
#include <signal.h>
#include <string.h>

#include "hamd/core/wire.h"
#include "tests/unit/leaf_run.h"

static struct ham_reader
reader(const void *bytes, size_t len)
{
	return (struct ham_reader){g_memdup2(bytes, len), len, 0, false};
}

static void
reader_done(struct ham_reader *r)
{
	g_free((void *)r->bytes);
}

START_TEST(integers_are_big_endian)
{
	static const uint8_t want[] = {
		0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08,
		0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f,
	};
	uint8_t out[32];
	struct ham_writer w = {out, 0, sizeof(out)};
	struct ham_reader r;

	ham_put_u8(&w, 0x01);
	ham_put_u16(&w, 0x0203);
	ham_put_u32(&w, 0x04050607);
	ham_put_u64(&w, UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert_uint_eq(w.len, sizeof(want));
	ck_assert_mem_eq(out, want, sizeof(want));
	r = reader(out, w.len);
	ck_assert_uint_eq(ham_get_u8(&r), 0x01);
	ck_assert_uint_eq(ham_get_u16(&r), 0x0203);
	ck_assert_uint_eq(ham_get_u32(&r), 0x04050607);
	ck_assert_uint_eq(ham_get_u64(&r), UINT64_C(0x08090a0b0c0d0e0f));
	ck_assert(!r.bad);
	ck_assert_uint_eq(r.at, r.len);
	reader_done(&r);
}
END_TEST

START_TEST(short_reads_are_zero_and_stay_bad)
{
	static const uint8_t bytes[] = {0xff, 0xff, 0xff};
	struct ham_reader r = reader(bytes, sizeof(bytes));

	ck_assert_uint_eq(ham_get_u32(&r), 0);
	ck_assert(r.bad);
	ck_assert_uint_eq(ham_get_u8(&r), 0);
	ck_assert_uint_eq(ham_get_u16(&r), 0);
	ck_assert_uint_eq(ham_get_u64(&r), 0);
	ck_assert_ptr_null(ham_get_bytes(&r, 1));
	ck_assert_uint_eq(r.at, 0);
	ck_assert(r.bad);
	reader_done(&r);
}
END_TEST

START_TEST(a_huge_length_does_not_wrap)
{
	static const uint8_t bytes[] = {1, 2, 3};
	struct ham_reader r = reader(bytes, sizeof(bytes));

	ck_assert_uint_eq(ham_get_u8(&r), 1);
	ck_assert_ptr_null(ham_get_bytes(&r, SIZE_MAX));
	ck_assert(r.bad);
	reader_done(&r);
}
END_TEST

START_TEST(nothing_is_left_at_the_end)
{
	struct ham_reader r = reader("", 0);

	ck_assert_ptr_eq(ham_get_bytes(&r, 0), r.bytes);
	ck_assert(!r.bad);
	ck_assert_uint_eq(ham_get_u8(&r), 0);
	ck_assert(r.bad);
	reader_done(&r);
}
END_TEST

START_TEST(a_bool_is_0_or_1)
{
	static const uint8_t bytes[] = {0, 1, 2};
	struct ham_reader r = reader(bytes, sizeof(bytes));

	ck_assert(!ham_get_bool(&r));
	ck_assert(ham_get_bool(&r));
	ck_assert(!r.bad);
	ck_assert(!ham_get_bool(&r));
	ck_assert(r.bad);
	reader_done(&r);
}
END_TEST

static void
text_there_and_back(const char *text, bool wide)
{
	uint8_t bytes[512];
	char out[300];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};
	struct ham_reader r;

	ham_put_text(&w, text, wide);
	ck_assert_uint_eq(w.len, strlen(text) + (wide ? 2 : 1));
	r = reader(bytes, w.len);
	ham_get_text(&r, out, sizeof(out), wide);
	ck_assert(!r.bad);
	ck_assert_uint_eq(r.at, r.len);
	ck_assert_str_eq(out, text);
	reader_done(&r);
}

START_TEST(texts)
{
	g_autofree char *full = g_strnfill(255, 'x');
	g_autofree char *longer = g_strnfill(299, 'y');

	text_there_and_back("", false);
	text_there_and_back("", true);
	text_there_and_back("web1", false);
	text_there_and_back(full, false);
	text_there_and_back(longer, true);
}
END_TEST

static void
text_refused(const void *bytes, size_t len, size_t room, bool wide)
{
	struct ham_reader r = reader(bytes, len);
	char out[16];

	memset(out, '#', sizeof(out));
	ham_get_text(&r, out, room, wide);
	ck_assert(r.bad);
	ck_assert_str_eq(out, "");
	for (size_t i = room; i < sizeof(out); i++)
		ck_assert_int_eq(out[i], '#');
	reader_done(&r);
}

START_TEST(bad_texts)
{
	/* as long as its room: no place for the NUL */
	text_refused("\4abcd", 5, 4, false);
	text_refused("\0\4abcd", 6, 4, true);
	/* a NUL inside would make two of one text */
	text_refused("\4ab\0d", 5, 16, false);
	/* longer than the frame */
	text_refused("\5abcd", 5, 16, false);
	text_refused("\1\0abcd", 6, 16, true);
	text_refused("", 0, 16, false);
	text_refused("\0", 1, 16, true);
}
END_TEST

START_TEST(the_longest_text_that_fits)
{
	struct ham_reader r = reader("\3abc", 4);
	char out[4];

	ham_get_text(&r, out, sizeof(out), false);
	ck_assert(!r.bad);
	ck_assert_str_eq(out, "abc");
	reader_done(&r);
}
END_TEST

START_TEST(a_writer_without_room_stops)
{
	uint8_t bytes[2];
	struct ham_writer w = {bytes, 0, sizeof(bytes)};

	ham_put_u8(&w, 1);
	ham_put_u16(&w, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("wire");
	TCase *tc = tcase_create("wire");

	tcase_add_test(tc, integers_are_big_endian);
	tcase_add_test(tc, short_reads_are_zero_and_stay_bad);
	tcase_add_test(tc, a_huge_length_does_not_wrap);
	tcase_add_test(tc, nothing_is_left_at_the_end);
	tcase_add_test(tc, a_bool_is_0_or_1);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, bad_texts);
	tcase_add_test(tc, the_longest_text_that_fits);
	/* a signal can only be awaited in a process of its own */
	if (g_strcmp0(g_getenv("CK_FORK"), "no") != 0)
		tcase_add_test_raise_signal(tc, a_writer_without_room_stops,
					    SIGABRT);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
