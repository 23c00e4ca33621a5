/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_send_queue.c - order is kept, bounds hold, and what goes
 * overboard is what may
 */
#include <string.h>

#include "hamd/io/send_queue.h"
#include "tests/unit/io_wait.h"

static struct ham_send_queue queue;

static void
set_up(void)
{
	queue = (struct ham_send_queue){.max_messages = 4, .max_bytes = 20};
}

static void
tear_down(void)
{
	ham_send_queue_clear(&queue);
	ck_assert_uint_eq(queue.bytes, 0);
	ck_assert_uint_eq(queue.droppable, 0);
}

/* Each word is a message; one in capitals may be dropped. */
static bool
push(const char *word)
{
	return ham_send_queue_push(&queue, word, strlen(word),
				   g_ascii_isupper(word[0]));
}

static char *
drain(void)
{
	GString *text = g_string_new(NULL);
	const struct ham_send_message *message;

	while ((message = ham_send_queue_peek(&queue))) {
		g_string_append_len(text, (const char *)message->bytes,
				    (gssize)message->len);
		g_string_append_c(text, ' ');
		ham_send_queue_pop(&queue);
	}
	return g_string_free(text, FALSE);
}

#define EXPECT(text)                                                           \
	do {                                                                   \
		g_autofree char *drained = drain();                            \
                                                                               \
		ck_assert_str_eq(drained, text);                               \
	} while (0)

START_TEST(order_is_kept)
{
	ck_assert(push("a") && push("B") && push("c"));
	EXPECT("a B c ");
	ck_assert(push("d"));
	EXPECT("d ");
	ck_assert_uint_eq(queue.dropped, 0);
}
END_TEST

START_TEST(full_refuses)
{
	ck_assert(push("a") && push("b") && push("c") && push("d"));
	ck_assert(!push("e"));
	ck_assert(!push("E"));
	ck_assert_uint_eq(queue.dropped, 2);
	EXPECT("a b c d ");
}
END_TEST

START_TEST(droppable_make_room_oldest_first)
{
	ck_assert(push("a") && push("B") && push("C") && push("d"));
	ck_assert(push("e"));
	ck_assert_uint_eq(queue.dropped, 1);
	ck_assert_uint_eq(queue.droppable, 1);
	EXPECT("a C d e ");
}
END_TEST

START_TEST(droppable_push_out_none)
{
	ck_assert(push("A") && push("B") && push("C") && push("D"));
	ck_assert(!push("E"));
	EXPECT("A B C D ");
}
END_TEST

START_TEST(bytes_are_bounded)
{
	ck_assert(push("0123456789") && push("ABCDEFGH"));
	ck_assert(push("abc"));
	ck_assert_uint_eq(queue.dropped, 1);
	ck_assert(!push("01234567"));
	ck_assert(push("0123456"));
	EXPECT("0123456789 abc 0123456 ");
	ck_assert_uint_eq(queue.bytes, 0);
}
END_TEST

START_TEST(what_never_fits_costs_nobody_his_place)
{
	ck_assert(push("A") && push("B"));
	ck_assert(!push("012345678901234567890"));
	EXPECT("A B ");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("send_queue");
	TCase *tcase = tcase_create("send_queue");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, order_is_kept);
	tcase_add_test(tcase, full_refuses);
	tcase_add_test(tcase, droppable_make_room_oldest_first);
	tcase_add_test(tcase, droppable_push_out_none);
	tcase_add_test(tcase, bytes_are_bounded);
	tcase_add_test(tcase, what_never_fits_costs_nobody_his_place);
	suite_add_tcase(suite, tcase);
	return io_run(suite);
}
