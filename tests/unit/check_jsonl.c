/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_jsonl.c - lines are cut right, limits hold, ends are told */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/io/json.h"
#include "hamd/io/jsonl.h"
#include "tests/unit/io_wait.h"

struct side {
	ham_jsonl *conn;
	int peer;      /* the test's own end */
	GString *seen; /* "n" members of the objects, each followed by ; */
	int ends;
	int code; /* of the last end */
	char *why;
	bool free_at_object;
	bool reply_at_end;
};

static bool
collect(const char *line, size_t len, void *data)
{
	g_string_append_len(data, line, (gssize)len);
	g_string_append_c(data, ';');
	return true;
}

START_TEST(split_any_way)
{
	const char text[] = "one\ntwo\r\n\nlonger line\nrest";
	size_t n = strlen(text);

	for (size_t i = 0; i <= n; i++)
		for (size_t j = i; j <= n; j++) {
			g_autoptr(GString) seen = g_string_new(NULL);
			g_autoptr(GByteArray) pending = g_byte_array_new();
			struct ham_jsonl_splitter s = {.pending = pending,
						       .max_line = 20};

			ck_assert(ham_jsonl_split(&s, text, i, collect, seen));
			ck_assert(ham_jsonl_split(&s, text + i, j - i, collect,
						  seen));
			ck_assert(ham_jsonl_split(&s, text + j, n - j, collect,
						  seen));
			ck_assert_str_eq(seen->str, "one;two;;longer line;");
			ck_assert_uint_eq(pending->len, 4);
		}
}
END_TEST

START_TEST(split_limit)
{
	for (size_t len = 7; len <= 10; len++) {
		g_autoptr(GString) seen = g_string_new(NULL);
		g_autoptr(GByteArray) pending = g_byte_array_new();
		struct ham_jsonl_splitter s = {.pending = pending,
					       .max_line = 8};
		g_autofree char *line = g_strnfill(len, 'x');

		line[len - 1] = '\n';
		ck_assert(ham_jsonl_split(&s, line, 3, collect, seen));
		ck_assert_int_eq(
			ham_jsonl_split(&s, line + 3, len - 3, collect, seen),
			len - 1 <= 8);
		/* once over, for ever over */
		ck_assert_int_eq(ham_jsonl_split(&s, "a\n", 2, collect, seen),
				 len - 1 <= 8);
	}
}
END_TEST

static char *
nested(int depth)
{
	g_autoptr(GString) text = g_string_new("{\"a\":");

	for (int i = 1; i < depth; i++)
		g_string_append_c(text, '[');
	g_string_append_c(text, '1');
	for (int i = 1; i < depth; i++)
		g_string_append_c(text, ']');
	g_string_append_c(text, '}');
	return g_string_free(g_steal_pointer(&text), FALSE);
}

START_TEST(parse_takes)
{
	static const char *const good[] = {
		"{}",
		" { } \t\r",
		"{\"a\":1}",
		"{\"a\":[],\"b\":{},\"c\":[1,-2,3.5,1e9,0.1E-2,true,false,null]"
		"}",
		"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u20ac\\ud83d\\ude00\"}",
		"{\"\":\"\xe2\x82\xac\"}",
		"{\"a\":[18446744073709551615,-9223372036854775808,1e308]}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonObject) object =
			ham_jsonl_parse(good[i], strlen(good[i]), &error);

		ck_assert_msg(object != NULL, "%s: %s", good[i],
			      error ? error->message : "");
	}
}
END_TEST

/* What is parsed can be written, and parsed again. */
START_TEST(writes_what_it_takes)
{
	static const char text[] = "{\"a\":\"x\\u001fy\"}";
	g_autoptr(JsonObject) object =
		ham_jsonl_parse(text, strlen(text), NULL);
	g_autoptr(JsonObject) again = NULL;
	g_autofree char *written = ham_json_text(object);

	again = ham_jsonl_parse(written, strlen(written), NULL);
	ck_assert_ptr_nonnull(again);
	ck_assert_str_eq(ham_json_string(again, "a"), "x y");
}
END_TEST

START_TEST(parse_refuses)
{
	static const char *const bad[] = {
		"",
		" ",
		"[]",
		"1",
		"null",
		"\"a\"",
		"{",
		"}",
		"{]",
		"{}{}",
		"{} x",
		"{\"a\"}",
		"{\"a\":}",
		"{\"a\":1,}",
		"{,}",
		"{1:2}",
		"{a:1}",
		"{'a':1}",
		"{\"a\":[1,]}",
		"{\"a\":[1 2]}",
		"{\"a\":1 \"b\":2}",
		"{\"a\"::1}",
		"{\"a\":01}",
		"{\"a\":+1}",
		"{\"a\":-}",
		"{\"a\":1.}",
		"{\"a\":.5}",
		"{\"a\":1e}",
		"{\"a\":0x10}",
		"{\"a\":nul}",
		"{\"a\":True}",
		"{\"a\":\"}",
		"{\"a\":\"\\",
		"{\"a\":\"\\x\"}",
		"{\"a\":\"\\1\"}",
		"{\"a\":\"\\u12\"}",
		"{\"a\":\"\\u0000\"}",
		"{\"a\":\"\\ud800\\u0041 and on\"}",
		"{\"a\":\"\\ud800x\"}",
		"{\"a\":\"\\udc00\"}",
		"{\"a\":\"\t\"}",
		"{\"a\":1}/* */",
		"// \n{}",
		"var a = {}",
		"{\"a\":\"\xff\"}",
		"{\"a\":\"\xed\xa0\x80\"}",
		"{\"a\":1e309}",
		"{\"a\":-2.5e99999999999999999999}",
		"{\"a\":18446744073709551616}",
		"{\"a\":-9223372036854775809}",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonObject) object =
			ham_jsonl_parse(bad[i], strlen(bad[i]), &error);

		ck_assert_msg(object == NULL, "%s", bad[i]);
		ck_assert(
			g_error_matches(error, HAM_ERROR, HAM_ERROR_PROTOCOL));
	}
	ck_assert_ptr_null(ham_jsonl_parse("{\"a\0\":1}", 8, NULL));
}
END_TEST

START_TEST(parse_depth)
{
	g_autofree char *deep = nested(64);
	g_autofree char *deeper = nested(65);
	g_autoptr(JsonObject) object =
		ham_jsonl_parse(deep, strlen(deep), NULL);

	ck_assert_ptr_nonnull(object);
	ck_assert_ptr_null(ham_jsonl_parse(deeper, strlen(deeper), NULL));
}
END_TEST

static void
on_object(ham_jsonl *conn, JsonObject *object, void *data)
{
	struct side *side = data;

	g_string_append_printf(side->seen, "%d;",
			       (int)json_object_get_int_member(object, "n"));
	if (side->free_at_object) {
		ham_jsonl_free(conn);
		side->conn = NULL;
	}
}

static void
on_end(ham_jsonl *conn, const GError *reason, void *data)
{
	struct side *side = data;
	g_autoptr(JsonObject) object = json_object_new();

	side->ends++;
	side->code = reason->code;
	g_free(side->why);
	side->why = g_strdup(reason->message);
	if (side->reply_at_end) {
		json_object_set_int_member(object, "last", 1);
		ham_jsonl_send(conn, object);
	}
}

static void
start(struct side *side, size_t max_line, size_t max_unsent)
{
	const struct ham_jsonl_limits limits = {.max_line = max_line,
						.max_unsent = max_unsent};
	int fds[2];

	memset(side, 0, sizeof(*side));
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	side->peer = fds[1];
	side->seen = g_string_new(NULL);
	side->conn = ham_jsonl_new(fds[0], &limits, on_object, on_end, side);
}

static void
stop(struct side *side)
{
	ham_jsonl_free(side->conn);
	if (side->peer >= 0)
		close(side->peer);
	g_string_free(side->seen, TRUE);
	g_free(side->why);
}

static void
say(const struct side *side, const char *text)
{
	ck_assert_int_eq(send(side->peer, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

static void
send_number(const struct side *side, int n)
{
	g_autoptr(JsonObject) object = json_object_new();

	json_object_set_int_member(object, "n", n);
	ham_jsonl_send(side->conn, object);
}

START_TEST(objects_in_order)
{
	struct side side;
	int64_t before_us = ham_clock_us();

	start(&side, 100, 100);
	say(&side, "{\"n\":1}\r\n\n\r\n{\"n\":2}\n{\"n\"");
	WAIT_FOR(strcmp(side.seen->str, "1;2;") == 0);
	ck_assert_uint_eq(ham_jsonl_unfinished(side.conn), 4);
	say(&side, ":3}\n");
	WAIT_FOR(strcmp(side.seen->str, "1;2;3;") == 0);
	ck_assert_uint_eq(ham_jsonl_unfinished(side.conn), 0);
	ck_assert_int_ge(ham_jsonl_read_us(side.conn), before_us);
	ck_assert_int_eq(side.ends, 0);
	stop(&side);
}
END_TEST

START_TEST(garbage_ends_with_last_words)
{
	struct side side;
	char buffer[100] = "";

	start(&side, 100, 100);
	side.reply_at_end = true;
	say(&side, "{\"n\":1}\nhello\n{\"n\":2}\n");
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_PROTOCOL);
	ck_assert_str_eq(side.seen->str, "1;");
	ck_assert_int_gt(recv(side.peer, buffer, sizeof(buffer) - 1, 0), 0);
	ck_assert_str_eq(buffer, "{\"last\":1}\n");
	ck_assert_int_eq(recv(side.peer, buffer, sizeof(buffer), 0), 0);
	stop(&side);
}
END_TEST

START_TEST(long_line_ends)
{
	struct side side;

	start(&side, 10, 100);
	say(&side, "{\"n\":1}\n{\"n\":12345678");
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_PROTOCOL);
	ck_assert_str_eq(side.seen->str, "1;");
	stop(&side);
}
END_TEST

START_TEST(close_ends_after_what_was_said)
{
	struct side side;

	start(&side, 100, 100);
	say(&side, "{\"n\":1}\n{\"n\":2}\n{\"n\":");
	close(side.peer);
	side.peer = -1;
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_CLOSED);
	ck_assert_str_eq(side.seen->str, "1;2;");
	io_settle();
	ck_assert_int_eq(side.ends, 1);
	stop(&side);
}
END_TEST

/* more than is read in one turn of the loop */
START_TEST(failed_write_loses_no_object)
{
	g_autofree char *pad = g_strnfill(1000, ' ');
	g_autoptr(GString) text = g_string_new(NULL);
	struct side side;

	start(&side, 2000, 100);
	for (int i = 0; i < 100; i++)
		g_string_append_printf(text, "%s{\"n\":1}\n", pad);
	say(&side, text->str);
	close(side.peer);
	side.peer = -1;
	send_number(&side, 9);
	ck_assert_int_eq(side.ends, 0);
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_CLOSED);
	ck_assert_uint_eq(side.seen->len, 100 * strlen("1;"));
	stop(&side);
}
END_TEST

START_TEST(unread_output_ends)
{
	struct side side;
	int n = 0;

	start(&side, 100, 5000);
	while (ham_jsonl_unsent(side.conn) <= 5000 && n < 1000000)
		send_number(&side, n++);
	ck_assert_int_lt(n, 1000000);
	ck_assert_int_eq(side.ends, 0);
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_TIMEOUT);
	stop(&side);
}
END_TEST

START_TEST(backlog_is_sent_whole)
{
	struct side side;
	g_autoptr(GString) want = g_string_new(NULL);
	g_autoptr(GString) got = g_string_new(NULL);
	char buffer[4096];
	int n = 0;

	start(&side, 100, 1 << 20);
	while (ham_jsonl_unsent(side.conn) < 100000) {
		g_string_append_printf(want, "{\"n\":%d}\n", n);
		send_number(&side, n++);
	}
	while (got->len < want->len) {
		ssize_t got_now;

		g_main_context_iteration(NULL, FALSE);
		got_now = recv(side.peer, buffer, sizeof(buffer), MSG_DONTWAIT);
		if (got_now > 0)
			g_string_append_len(got, buffer, got_now);
		else
			ck_assert_int_eq(errno, EAGAIN);
	}
	ck_assert(g_string_equal(want, got));
	ck_assert_uint_eq(ham_jsonl_unsent(side.conn), 0);
	ck_assert_int_eq(side.ends, 0);
	stop(&side);
}
END_TEST

START_TEST(freed_by_its_own_callback)
{
	struct side side;

	start(&side, 100, 100);
	side.free_at_object = true;
	say(&side, "{\"n\":1}\n{\"n\":2}\n");
	WAIT_FOR(side.conn == NULL);
	io_settle();
	ck_assert_str_eq(side.seen->str, "1;");
	ck_assert_int_eq(side.ends, 0);
	stop(&side);
}
END_TEST

START_TEST(half_closed_peer_gets_what_it_is_owed)
{
	struct side side;
	char buffer[100] = "";

	start(&side, 100, 100);
	ham_jsonl_hold(side.conn);
	say(&side, "{\"n\":1}\n");
	ck_assert_int_eq(shutdown(side.peer, SHUT_WR), 0);
	WAIT_FOR(side.seen->len > 0);
	io_settle();
	ck_assert_int_eq(side.ends, 0);
	send_number(&side, 7);
	ham_jsonl_release(side.conn);
	WAIT_FOR(side.ends == 1);
	ck_assert_int_eq(side.code, HAM_ERROR_CLOSED);
	ck_assert_int_gt(recv(side.peer, buffer, sizeof(buffer) - 1, 0), 0);
	ck_assert_str_eq(buffer, "{\"n\":7}\n");
	stop(&side);
}
END_TEST

START_TEST(half_closed_peer_that_goes_is_noticed)
{
	struct side side;

	start(&side, 100, 100);
	ham_jsonl_hold(side.conn);
	ck_assert_int_eq(shutdown(side.peer, SHUT_WR), 0);
	io_settle();
	ck_assert_int_eq(side.ends, 0);
	close(side.peer);
	side.peer = -1;
	WAIT_FOR(side.ends == 1);
	stop(&side);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("jsonl");
	TCase *pure = tcase_create("pure");
	TCase *socket = tcase_create("socket");

	tcase_set_timeout(pure, 120);
	tcase_add_test(pure, split_any_way);
	tcase_add_test(pure, split_limit);
	tcase_add_test(pure, parse_takes);
	tcase_add_test(pure, writes_what_it_takes);
	tcase_add_test(pure, parse_refuses);
	tcase_add_test(pure, parse_depth);
	suite_add_tcase(suite, pure);
	tcase_set_timeout(socket, 120);
	tcase_add_test(socket, objects_in_order);
	tcase_add_test(socket, garbage_ends_with_last_words);
	tcase_add_test(socket, long_line_ends);
	tcase_add_test(socket, close_ends_after_what_was_said);
	tcase_add_test(socket, failed_write_loses_no_object);
	tcase_add_test(socket, unread_output_ends);
	tcase_add_test(socket, backlog_is_sent_whole);
	tcase_add_test(socket, freed_by_its_own_callback);
	tcase_add_test(socket, half_closed_peer_gets_what_it_is_owed);
	tcase_add_test(socket, half_closed_peer_that_goes_is_noticed);
	suite_add_tcase(suite, socket);
	return io_run(suite);
}
