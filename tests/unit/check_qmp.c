/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_qmp.c - the QMP client against a server played here
 *
 * The server's end is this test itself: it reads and writes lines on the
 * accepted socket while the main loop serves the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/io/jsonl.h"
#include "hamd/io/qmp.h"
#include "tests/unit/io_wait.h"

#define GREETING                                                               \
	"{\"QMP\":{\"version\":{\"qemu\":{\"micro\":2,\"minor\":0,"            \
	"\"major\":10},\"package\":\"\"},\"capabilities\":[%s]}}\r\n"

static char *folder;
static char *path;
static int listener;
static int peer;       /* the server's end */
static GString *heard; /* received there, not looked at yet */
static ham_qmp *qmp;
static GString *log_text; /* the client's callbacks, in order */
static int64_t event_us;
static bool free_in_callback;
static bool execute_in_callback;

static void
on_event(ham_qmp *client, const char *name, JsonObject *event_data,
	 int64_t at_us, void *data)
{
	ck_assert_ptr_eq(data, &log_text);
	g_string_append_printf(log_text, "event %s %u;", name,
			       json_object_get_size(event_data));
	event_us = at_us;
	if (free_in_callback) {
		ham_qmp_free(client);
		qmp = NULL;
	}
}

static void
on_state(ham_qmp *client, const GError *reason, void *data)
{
	(void)client;
	ck_assert_ptr_eq(data, &log_text);
	if (reason)
		g_string_append_printf(log_text, "end %d;", reason->code);
	else
		g_string_append(log_text, "ready;");
}

static void
on_reply(ham_qmp *client, JsonNode *reply, const GError *error, void *data)
{
	ck_assert((reply != NULL) != (error != NULL));
	if (!error)
		g_string_append_printf(log_text, "%s ok;", (char *)data);
	else if (error->code == HAM_ERROR_REFUSED)
		g_string_append_printf(log_text, "%s '%s';", (char *)data,
				       error->message);
	else
		g_string_append_printf(log_text, "%s error %d;", (char *)data,
				       error->code);
	if (execute_in_callback) {
		execute_in_callback = false;
		ham_qmp_execute(client, "again", NULL, INT64_MAX, on_reply,
				"again");
	}
	if (free_in_callback) {
		ham_qmp_free(client);
		qmp = NULL;
	}
}

static void
set_up(void)
{
	g_autoptr(GError) error = NULL;

	folder = g_dir_make_tmp("check-qmp-XXXXXX", NULL);
	path = g_build_filename(folder, "qmp.sock", NULL);
	listener = ham_qmp_listen(path, &error);
	ck_assert_msg(listener >= 0, "%s", error ? error->message : "");
	log_text = g_string_new(NULL);
	heard = g_string_new(NULL);
	free_in_callback = execute_in_callback = false;
	qmp = ham_qmp_connect(path, on_event, on_state, &log_text, &error);
	ck_assert_ptr_nonnull(qmp);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(fcntl(peer, F_SETFL, O_NONBLOCK), 0);
}

static void
tear_down(void)
{
	ham_qmp_free(qmp);
	qmp = NULL;
	close(peer);
	close(listener);
	unlink(path);
	rmdir(folder);
	g_free(path);
	g_free(folder);
	g_string_free(log_text, TRUE);
	g_string_free(heard, TRUE);
}

static G_GNUC_PRINTF(1, 2) void say(const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	ck_assert_int_eq(send(peer, text, strlen(text), MSG_NOSIGNAL),
			 (ssize_t)strlen(text));
}

static bool
has_line(void)
{
	char buffer[4096];
	ssize_t n = recv(peer, buffer, sizeof(buffer), 0);

	if (n > 0)
		g_string_append_len(heard, buffer, n);
	return strchr(heard->str, '\n') != NULL;
}

/* The next line the client sends: "COMMAND ARGUMENTS", or "oob COMMAND ...";
 * *id is its id. */
static char *
listen_for(int64_t *id)
{
	g_autoptr(JsonObject) object = NULL;
	g_autofree char *arguments = NULL;
	const char *newline;
	const char *name;
	bool oob;

	WAIT_FOR(has_line());
	newline = strchr(heard->str, '\n');
	object = ham_jsonl_parse(heard->str, (size_t)(newline - heard->str),
				 NULL);
	ck_assert_ptr_nonnull(object);
	g_string_erase(heard, 0, newline - heard->str + 1);
	*id = json_object_get_int_member(object, "id");
	oob = json_object_has_member(object, "exec-oob");
	name = json_object_get_string_member(object,
					     oob ? "exec-oob" : "execute");
	if (json_object_has_member(object, "arguments"))
		arguments = json_to_string(
			json_object_get_member(object, "arguments"), FALSE);
	return g_strdup_printf("%s%s %s", oob ? "oob " : "", name,
			       arguments ? arguments : "-");
}

#define EXPECT(text)                                                           \
	({                                                                     \
		int64_t expect_id;                                             \
		g_autofree char *expect_line = listen_for(&expect_id);         \
                                                                               \
		ck_assert_str_eq(expect_line, text);                           \
		expect_id;                                                     \
	})

static void
become_ready(const char *capabilities)
{
	g_autofree char *want =
		g_strdup_printf("qmp_capabilities {\"enable\":[%s]}",
				strstr(capabilities, "oob") ? "\"oob\"" : "");
	int64_t id;

	say(GREETING, capabilities);
	id = EXPECT(want);
	say("{\"return\":{},\"id\":%d}\r\n", (int)id);
	WAIT_FOR(strstr(log_text->str, "ready;"));
}

static void
answer(int64_t id)
{
	say("{\"return\":{},\"id\":%d}\r\n", (int)id);
}

static void
ask(const char *command)
{
	ham_qmp_execute(qmp, command, NULL, INT64_MAX, on_reply,
			(void *)command);
}

START_TEST(negotiates_oob)
{
	ck_assert_ptr_null(ham_qmp_version(qmp));
	ck_assert(!ham_qmp_ready(qmp));
	become_ready("\"x\",\"oob\"");
	ck_assert(ham_qmp_ready(qmp));
	ck_assert_str_eq(ham_qmp_version(qmp), "10.0.2");
}
END_TEST

START_TEST(refuses_oob_where_not_offered)
{
	ham_qmp_execute_oob(qmp, "early", NULL, INT64_MAX, on_reply, "early");
	become_ready("");
	ham_qmp_execute_oob(qmp, "late", NULL, INT64_MAX, on_reply, "late");
	ck_assert_ptr_null(strstr(log_text->str, "late"));
	WAIT_FOR(strstr(log_text->str, "late"));
	ck_assert_str_eq(
		log_text->str,
		"ready;early 'early: the server offers nothing out of band';"
		"late 'late: the server offers nothing out of band';");
}
END_TEST

START_TEST(early_commands_go_out_in_order)
{
	JsonObject *arguments = json_object_new();

	json_object_set_string_member(arguments, "k", "v");
	ham_qmp_execute(qmp, "one", arguments, INT64_MAX, on_reply, "one");
	ask("two");
	become_ready("\"oob\"");
	answer(EXPECT("one {\"k\":\"v\"}"));
	answer(EXPECT("two -"));
	WAIT_FOR(strstr(log_text->str, "two"));
	ck_assert_str_eq(log_text->str, "ready;one ok;two ok;");
}
END_TEST

START_TEST(replies_find_their_command)
{
	int64_t one, two;

	become_ready("\"oob\"");
	ask("one");
	ask("two");
	one = EXPECT("one -");
	two = EXPECT("two -");
	say("{\"return\":{},\"id\":%d}\n{\"id\":%d,\"error\":{\"class\":"
	    "\"DeviceNotFound\",\"desc\":\"no such\"}}\n",
	    (int)two, (int)one);
	WAIT_FOR(strstr(log_text->str, "one"));
	ck_assert_str_eq(log_text->str,
			 "ready;two ok;one 'DeviceNotFound: no such';");
}
END_TEST

START_TEST(answer_to_nothing_is_dropped)
{
	become_ready("\"oob\"");
	ask("one");
	say("{\"return\":{},\"id\":99}\n{\"return\":{}}\n"
	    "{\"error\":{},\"id\":\"1\"}\n{\"event\":\"E\"}\n");
	WAIT_FOR(strstr(log_text->str, "event E"));
	ck_assert_str_eq(log_text->str, "ready;event E 0;");
}
END_TEST

START_TEST(late_reply_is_dropped)
{
	int64_t slow;

	become_ready("\"oob\"");
	ham_qmp_execute(qmp, "slow", NULL, ham_clock_us() + 20000, on_reply,
			"slow");
	slow = EXPECT("slow -");
	WAIT_FOR(strstr(log_text->str, "slow"));
	answer(slow);
	ask("next");
	answer(EXPECT("next -"));
	WAIT_FOR(strstr(log_text->str, "next"));
	ck_assert_str_eq(log_text->str, "ready;slow error 1;next ok;");
}
END_TEST

START_TEST(deadline_is_not_early)
{
	int64_t deadline_us = ham_clock_us() + 30000;

	become_ready("\"oob\"");
	ham_qmp_execute(qmp, "slow", NULL, deadline_us, on_reply, "slow");
	WAIT_FOR(strstr(log_text->str, "slow"));
	ck_assert_int_ge(ham_clock_us(), deadline_us);
}
END_TEST

START_TEST(no_deadline_passes_while_held)
{
	int64_t deadline_us = ham_clock_us() + 20000;

	become_ready("\"oob\"");
	ham_qmp_execute(qmp, "slow", NULL, deadline_us, on_reply, "slow");
	ham_qmp_execute(qmp, "endless", NULL, INT64_MAX, on_reply, "endless");
	ham_qmp_hold(qmp, true);
	WAIT_FOR(ham_clock_us() > deadline_us + 30000);
	ck_assert_str_eq(log_text->str, "ready;");
	ham_qmp_hold(qmp, false);
	WAIT_FOR(strstr(log_text->str, "slow"));
	ck_assert_str_eq(log_text->str, "ready;slow error 1;");
}
END_TEST

START_TEST(lapsed_before_it_was_sent_is_never_sent)
{
	size_t one = strlen("early error 1;");

	/* as many as the server may have at a time: none takes up a place */
	for (int i = 0; i < 7; i++)
		ham_qmp_execute(qmp, "early", NULL, ham_clock_us() + 1000,
				on_reply, "early");
	WAIT_FOR(log_text->len == 7 * one);
	become_ready("\"oob\"");
	ask("next");
	EXPECT("next -");
}
END_TEST

START_TEST(events_carry_the_time_of_reading)
{
	int64_t before_us;

	become_ready("\"oob\"");
	before_us = ham_clock_us();
	say("{\"event\":\"STOP\",\"timestamp\":{\"seconds\":1,"
	    "\"microseconds\":2}}\r\n"
	    "{\"event\":\"JOB\",\"data\":{\"id\":\"j\"},\"timestamp\":{}}\r\n");
	WAIT_FOR(strstr(log_text->str, "JOB"));
	ck_assert_str_eq(log_text->str, "ready;event STOP 0;event JOB 1;");
	ck_assert_int_ge(event_us, before_us);
	ck_assert_int_le(event_us, ham_clock_us());
}
END_TEST

START_TEST(oob_overtakes_a_full_server)
{
	int64_t ids[7];
	int64_t yank;

	become_ready("\"oob\"");
	for (int i = 0; i < 9; i++)
		ask("hangs");
	for (int i = 0; i < 7; i++)
		ids[i] = EXPECT("hangs -");
	ham_qmp_execute_oob(qmp, "yank", NULL, INT64_MAX, on_reply, "yank");
	yank = EXPECT("oob yank -");
	answer(yank);
	WAIT_FOR(strstr(log_text->str, "yank ok;"));
	answer(ids[0]);
	EXPECT("hangs -");
	io_settle();
	ck_assert(!has_line());
}
END_TEST

START_TEST(lapsed_commands_keep_their_place)
{
	int64_t id = 0;

	become_ready("\"oob\"");
	for (int i = 0; i < 7; i++)
		ham_qmp_execute(qmp, "hangs", NULL, ham_clock_us() + 1000,
				on_reply, "hangs");
	for (int i = 0; i < 7; i++)
		id = EXPECT("hangs -");
	WAIT_FOR(log_text->len ==
		 strlen("ready;") + 7 * strlen("hangs error 1;"));
	ask("next");
	io_settle();
	ck_assert(!has_line());
	answer(id);
	EXPECT("next -");
}
END_TEST

START_TEST(close_fails_pending_first)
{
	become_ready("\"oob\"");
	ask("one");
	ask("two");
	EXPECT("one -");
	say("{\"event\":\"SHUTDOWN\"}\n");
	shutdown(peer, SHUT_RDWR);
	WAIT_FOR(strstr(log_text->str, "end"));
	ck_assert_str_eq(log_text->str, "ready;event SHUTDOWN 0;one error 2;"
					"two error 2;end 2;");
	ck_assert(!ham_qmp_ready(qmp));
	ask("three");
	ck_assert_ptr_null(strstr(log_text->str, "three"));
	WAIT_FOR(strstr(log_text->str, "three error 2;"));
}
END_TEST

START_TEST(command_given_while_failing_fails_later)
{
	become_ready("\"oob\"");
	execute_in_callback = true;
	ask("one");
	shutdown(peer, SHUT_RDWR);
	WAIT_FOR(strstr(log_text->str, "again"));
	ck_assert_str_eq(log_text->str,
			 "ready;one error 2;end 2;again error 2;");
}
END_TEST

/* Each ends the connection: what the server says, and whether it is asked to
 * be ready before that. */
static const struct {
	bool ready;
	const char *text;
} nonsense[] = {
	{false, "hello\n"},
	{false, "{}\n"},
	{false, "{\"QMP\":1}\n"},
	{false, "{\"QMP\":{\"version\":{},\"capabilities\":[]}}\n"},
	{false, "{\"QMP\":{\"version\":{\"qemu\":{\"major\":\"x\"}},"
		"\"capabilities\":[]}}\n"},
	{false, "{\"event\":\"E\"}\n"},
	{true, "garbage\n"},
	{true, "{\"neither\":1}\n"},
	{true, "[]\n"},
};

START_TEST(nonsense_ends)
{
	g_autofree char *want = NULL;

	if (nonsense[_i].ready)
		become_ready("\"oob\"");
	ask("one");
	say("%s", nonsense[_i].text);
	WAIT_FOR(strstr(log_text->str, "end"));
	want = g_strdup_printf("%sone error %d;end %d;",
			       nonsense[_i].ready ? "ready;" : "",
			       HAM_ERROR_PROTOCOL, HAM_ERROR_PROTOCOL);
	ck_assert_str_eq(log_text->str, want);
}
END_TEST

START_TEST(long_line_ends)
{
	g_autofree char *piece = g_strnfill(65536, 'x');

	become_ready("\"oob\"");
	while (!strstr(log_text->str, "end")) {
		(void)!send(peer, piece, 65536, MSG_NOSIGNAL);
		g_main_context_iteration(NULL, FALSE);
	}
	ck_assert_str_eq(log_text->str, "ready;end 3;");
}
END_TEST

START_TEST(refused_negotiation_ends)
{
	int64_t id;

	say(GREETING, "");
	id = EXPECT("qmp_capabilities {\"enable\":[]}");
	say("{\"error\":{\"class\":\"C\",\"desc\":\"d\"},\"id\":%d}\n",
	    (int)id);
	WAIT_FOR(strstr(log_text->str, "end"));
	ck_assert_str_eq(log_text->str, "end 4;");
}
END_TEST

START_TEST(freed_by_a_reply)
{
	become_ready("\"oob\"");
	ask("one");
	ask("two");
	free_in_callback = true;
	answer(EXPECT("one -"));
	WAIT_FOR(qmp == NULL);
	io_settle();
	ck_assert_str_eq(log_text->str, "ready;one ok;");
}
END_TEST

START_TEST(freed_by_a_deadline)
{
	become_ready("\"oob\"");
	free_in_callback = true;
	for (int i = 0; i < 2; i++)
		ham_qmp_execute(qmp, "one", NULL, 0, on_reply, "one");
	WAIT_FOR(qmp == NULL);
	io_settle();
	ck_assert_str_eq(log_text->str, "ready;one error 1;");
}
END_TEST

START_TEST(freed_by_an_event)
{
	become_ready("\"oob\"");
	ask("one");
	free_in_callback = true;
	say("{\"event\":\"A\"}\n{\"event\":\"B\"}\n");
	WAIT_FOR(qmp == NULL);
	io_settle();
	ck_assert_str_eq(log_text->str, "ready;event A 0;");
}
END_TEST

START_TEST(nobody_listens)
{
	g_autoptr(GError) error = NULL;

	close(listener);
	listener = -1;
	ck_assert_ptr_null(
		ham_qmp_connect(path, on_event, on_state, NULL, &error));
	ck_assert(g_error_matches(error, HAM_ERROR, HAM_ERROR_CLOSED));
}
END_TEST

START_TEST(listening_socket_is_the_owners_alone)
{
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0600);
}
END_TEST

START_TEST(listen_replaces_only_what_is_dead)
{
	g_autofree char *file = g_strconcat(path, ".txt", NULL);
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;

	ck_assert_int_eq(ham_qmp_listen(path, &error), -1);
	ck_assert_ptr_nonnull(strstr(error->message, "listens"));
	g_clear_error(&error);
	close(listener);
	listener = ham_qmp_listen(path, &error);
	ck_assert_int_ge(listener, 0);

	ck_assert(g_file_set_contents(file, "mine", -1, NULL));
	ck_assert_int_eq(ham_qmp_listen(file, &error), -1);
	ck_assert(g_file_get_contents(file, &text, NULL, NULL));
	ck_assert_str_eq(text, "mine");
	unlink(file);
}
END_TEST

/* Nobody accepts there, but somebody listens. */
START_TEST(full_backlog_is_not_dead)
{
	g_autoptr(GError) error = NULL;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fds[300];
	size_t n = 0;

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	while (n < G_N_ELEMENTS(fds)) {
		fds[n] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
		if (connect(fds[n++], (struct sockaddr *)&address,
			    sizeof(address)) != 0)
			break;
	}
	ck_assert_int_eq(errno, EAGAIN);
	ck_assert_int_eq(ham_qmp_listen(path, &error), -1);
	ck_assert_ptr_nonnull(strstr(error->message, "listens"));
	while (n > 0)
		close(fds[--n]);
}
END_TEST

START_TEST(long_path_is_refused)
{
	g_autofree char *name = g_strnfill(200, 'x');
	g_autofree char *far = g_build_filename(folder, name, NULL);
	g_autoptr(GError) error = NULL;

	ck_assert_int_eq(ham_qmp_listen(far, &error), -1);
	ck_assert_ptr_nonnull(error);
	ck_assert_ptr_null(
		ham_qmp_connect(far, on_event, on_state, NULL, NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("qmp");
	TCase *tcase = tcase_create("qmp");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, negotiates_oob);
	tcase_add_test(tcase, refuses_oob_where_not_offered);
	tcase_add_test(tcase, early_commands_go_out_in_order);
	tcase_add_test(tcase, replies_find_their_command);
	tcase_add_test(tcase, answer_to_nothing_is_dropped);
	tcase_add_test(tcase, late_reply_is_dropped);
	tcase_add_test(tcase, deadline_is_not_early);
	tcase_add_test(tcase, no_deadline_passes_while_held);
	tcase_add_test(tcase, lapsed_before_it_was_sent_is_never_sent);
	tcase_add_test(tcase, events_carry_the_time_of_reading);
	tcase_add_test(tcase, oob_overtakes_a_full_server);
	tcase_add_test(tcase, lapsed_commands_keep_their_place);
	tcase_add_test(tcase, close_fails_pending_first);
	tcase_add_test(tcase, command_given_while_failing_fails_later);
	tcase_add_loop_test(tcase, nonsense_ends, 0,
			    (int)G_N_ELEMENTS(nonsense));
	tcase_add_test(tcase, long_line_ends);
	tcase_add_test(tcase, refused_negotiation_ends);
	tcase_add_test(tcase, freed_by_a_reply);
	tcase_add_test(tcase, freed_by_a_deadline);
	tcase_add_test(tcase, freed_by_an_event);
	tcase_add_test(tcase, nobody_listens);
	tcase_add_test(tcase, listening_socket_is_the_owners_alone);
	tcase_add_test(tcase, listen_replaces_only_what_is_dead);
	tcase_add_test(tcase, full_backlog_is_not_dead);
	tcase_add_test(tcase, long_path_is_refused);
	suite_add_tcase(suite, tcase);
	return io_run(suite);
}
