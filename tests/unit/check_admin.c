/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_admin.c - the admin socket: answers, bounds, permissions
 *
 * The owner's side answers by the command's name: see on_request().
 */
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hamd/io/admin.h"
#include "tests/unit/io_client.h"

static char *folder;
static char *path;
static ham_admin *admin;
static ham_admin_token later; /* of the last "later" */
static int requests;

static void
on_request(const struct ham_admin_request *request, void *data)
{
	JsonObject *result;

	ck_assert_ptr_eq(data, &path);
	requests++;
	if (g_str_equal(request->command, "echo")) {
		ham_admin_return(admin, request->token,
				 json_object_ref(request->arguments));
	} else if (g_str_equal(request->command, "who")) {
		result = json_object_new();
		json_object_set_int_member(result, "uid", request->uid);
		json_object_set_int_member(result, "pid", request->pid);
		json_object_set_boolean_member(result, "write",
					       request->may_write);
		ham_admin_return(admin, request->token, result);
	} else if (g_str_equal(request->command, "follow")) {
		ham_admin_event_to(admin, request->token, "MISSED", NULL);
		ham_admin_follow(admin, request->token);
		ham_admin_return(admin, request->token, NULL);
	} else if (g_str_equal(request->command, "later")) {
		later = request->token;
	} else if (g_str_equal(request->command, "stop")) {
		ham_admin_free(admin);
		admin = NULL;
	} else {
		ham_admin_error(admin, request->token, "CommandNotFound",
				request->command);
	}
}

static ham_admin *
open_admin(const char *readers, const char *writers, unsigned int max_clients,
	   unsigned int line_timeout_ms, GError **error)
{
	const struct ham_admin_spec spec = {
		.path = path,
		.node = "n1",
		.version = "1.2.3",
		.read_group = readers,
		.write_group = writers,
		.max_clients = max_clients,
		.line_timeout_ms = line_timeout_ms,
	};

	return ham_admin_new(&spec, on_request, &path, error);
}

static void
set_up(void)
{
	folder = g_dir_make_tmp("check-admin-XXXXXX", NULL);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	path = g_build_filename(folder, "admin.sock", NULL);
	admin = NULL;
	later = 0;
	requests = 0;
}

static void
tear_down(void)
{
	ham_admin_free(admin);
	ck_assert_int_eq(rmdir(folder), 0);
	g_free(path);
	g_free(folder);
}

static void
begin(void)
{
	g_autoptr(GError) error = NULL;

	admin = open_admin(NULL, NULL, 8, 0, &error);
	ck_assert_msg(admin != NULL, "%s", error ? error->message : "");
}

#define HELLO                                                                  \
	"{\"hamd\":{\"version\":\"1.2.3\",\"node\":\"n1\",\"protocol\":1},"    \
	"\"capabilities\":[]}"

static int
greeted_client(void)
{
	int fd = io_connect(path);

	ck_assert_int_ge(fd, 0);
	EXPECT(fd, HELLO);
	return fd;
}

START_TEST(two_clients_get_their_own_answers)
{
	int one, two;

	begin();
	one = greeted_client();
	two = greeted_client();
	ck_assert_uint_eq(ham_admin_clients(admin), 2);
	io_say(one,
	       "{\"execute\":\"echo\",\"arguments\":{\"a\":1},\"id\":1}\n");
	io_say(two, "{\"execute\":\"nonsense\",\"id\":\"x\"}\n");
	EXPECT(one, "{\"return\":{\"a\":1},\"id\":1}");
	EXPECT(two, "{\"error\":{\"class\":\"CommandNotFound\",\"desc\":"
		    "\"nonsense\"},\"id\":\"x\"}");
	close(one);
	WAIT_FOR(ham_admin_clients(admin) == 1);
	io_say(two, "{\"execute\":\"echo\",\"id\":[1,{\"k\":null}]}\n");
	EXPECT(two, "{\"return\":{},\"id\":[1,{\"k\":null}]}");
	io_say(two, "{\"execute\":\"echo\"}\n");
	EXPECT(two, "{\"return\":{}}");
	close(two);
}
END_TEST

START_TEST(answers_may_come_later)
{
	int fd;

	begin();
	fd = greeted_client();
	io_say(fd, "{\"execute\":\"later\",\"id\":1}\n"
		   "{\"execute\":\"echo\",\"id\":2}\n");
	EXPECT(fd, "{\"return\":{},\"id\":2}");
	ham_admin_error(admin, later, "NoQuorum", "wait");
	EXPECT(fd, "{\"error\":{\"class\":\"NoQuorum\",\"desc\":\"wait\"},"
		   "\"id\":1}");
	/* a second answer, and one to nobody, are ignored */
	ham_admin_return(admin, later, json_object_new());
	ham_admin_return(admin, 12345, NULL);
	ham_admin_error(admin, 12345, "X", "y");
	io_say(fd, "{\"execute\":\"echo\",\"id\":3}\n");
	EXPECT(fd, "{\"return\":{},\"id\":3}");
	close(fd);
}
END_TEST

START_TEST(answer_to_a_client_that_is_gone)
{
	int fd;

	begin();
	fd = greeted_client();
	io_say(fd, "{\"execute\":\"later\",\"id\":1}\n");
	WAIT_FOR(later != 0);
	close(fd);
	WAIT_FOR(ham_admin_clients(admin) == 0);
	ham_admin_return(admin, later, json_object_new());
}
END_TEST

START_TEST(client_that_only_ended_its_side_is_answered)
{
	int fd;

	begin();
	fd = greeted_client();
	io_say(fd, "{\"execute\":\"later\",\"id\":1}\n");
	shutdown(fd, SHUT_WR);
	WAIT_FOR(later != 0);
	io_settle();
	ham_admin_return(admin, later, NULL);
	EXPECT(fd, "{\"return\":{},\"id\":1}");
	WAIT_FOR(io_at_end(fd));
	ck_assert_uint_eq(ham_admin_clients(admin), 0);
	close(fd);
}
END_TEST

START_TEST(peer_is_known)
{
	g_autofree char *want = NULL;
	int fd;

	begin();
	fd = greeted_client();
	io_say(fd, "{\"execute\":\"who\"}\n");
	want = g_strdup_printf(
		"{\"return\":{\"uid\":%d,\"pid\":%d,\"write\":true}}",
		(int)geteuid(), (int)getpid());
	EXPECT(fd, want);
	close(fd);
}
END_TEST

START_TEST(events_go_to_followers)
{
	int follower, other;

	begin();
	follower = greeted_client();
	other = greeted_client();
	io_say(follower, "{\"execute\":\"follow\"}\n");
	EXPECT_PART(follower, "{\"event\":\"MISSED\",\"data\":{},");
	EXPECT(follower, "{\"return\":{}}");
	/* a follower may end its side: `echo ... | socat - UNIX:...` */
	shutdown(follower, SHUT_WR);
	io_settle();
	ham_admin_event(admin, "QUORUM", json_object_new());
	EXPECT_PART(follower, "{\"event\":\"QUORUM\",\"data\":{},"
			      "\"timestamp\":{\"seconds\":");
	io_say(other, "{\"execute\":\"echo\"}\n");
	EXPECT(other, "{\"return\":{}}");
	close(follower);
	WAIT_FOR(ham_admin_clients(admin) == 1);
	close(other);
}
END_TEST

static const struct {
	const char *line;
	const char *answer;
	bool ends;
} wrong[] = {
	{"garbage", "not a JSON object", true},
	{"[1]", "not a JSON object", true},
	{"{\"execute\":\"echo\"", "not JSON", true},
	{"{\"a\":\"\\ud800\\u0041\"}", "not JSON", true},
	{"{}", "'execute' must name a command", false},
	{"{\"execute\":1,\"id\":7}", "must name a command\"},\"id\":7", false},
	{"{\"execute\":\"echo\",\"arguments\":[]}", "must be an object", false},
	{"{\"execute\":\"echo\",\"more\":1}", "unexpected member 'more'",
	 false},
};

START_TEST(wrong_lines)
{
	g_autofree char *line = g_strconcat(wrong[_i].line, "\n", NULL);
	int bad, good;

	begin();
	bad = greeted_client();
	good = greeted_client();
	io_say(bad, line);
	EXPECT_PART(bad, wrong[_i].answer);
	if (wrong[_i].ends) {
		WAIT_FOR(io_at_end(bad));
	} else {
		io_say(bad, "{\"execute\":\"echo\"}\n");
		EXPECT(bad, "{\"return\":{}}");
	}
	ck_assert_uint_eq(ham_admin_clients(admin), wrong[_i].ends ? 1 : 2);
	io_say(good, "{\"execute\":\"echo\"}\n");
	EXPECT(good, "{\"return\":{}}");
	close(bad);
	close(good);
}
END_TEST

START_TEST(long_frame_drops)
{
	g_autofree char *text = g_strnfill((64 << 10) + 1, 'x');
	int fd;

	begin();
	fd = greeted_client();
	io_say(fd, text);
	EXPECT_PART(fd, "longer than 65536 bytes");
	WAIT_FOR(io_at_end(fd));
	close(fd);
}
END_TEST

START_TEST(half_a_line_drops)
{
	g_autoptr(GError) error = NULL;
	int slow, idle;

	admin = open_admin(NULL, NULL, 8, 40, &error);
	ck_assert_ptr_nonnull(admin);
	slow = greeted_client();
	idle = greeted_client();
	io_say(slow, "{\"execute\":\"ec");
	EXPECT_PART(slow, "begun and not ended");
	WAIT_FOR(io_at_end(slow));
	ck_assert_uint_eq(ham_admin_clients(admin), 1);
	io_say(idle, "{\"execute\":\"echo\"}\n");
	EXPECT(idle, "{\"return\":{}}");
	close(slow);
	close(idle);
}
END_TEST

START_TEST(slow_reader_drops)
{
	g_autofree char *text = g_strnfill(10000, 'x');
	int slow, good;
	int sent = 0;

	begin();
	slow = greeted_client();
	good = greeted_client();
	io_say(slow, "{\"execute\":\"follow\"}\n");
	EXPECT_PART(slow, "MISSED");
	EXPECT(slow, "{\"return\":{}}");
	while (ham_admin_clients(admin) == 2 && sent < 10000) {
		JsonObject *object = json_object_new();

		json_object_set_string_member(object, "text", text);
		ham_admin_event(admin, "ALARM", object);
		sent++;
		io_settle();
	}
	/* what the socket takes, and about a MiB */
	ck_assert_int_gt(sent, 100);
	ck_assert_int_lt(sent, 10000);
	io_say(good, "{\"execute\":\"echo\"}\n");
	EXPECT(good, "{\"return\":{}}");
	close(slow);
	close(good);
}
END_TEST

START_TEST(flood_of_commands_drops)
{
	GString *all = g_string_new(NULL);
	int fd;

	begin();
	fd = greeted_client();
	for (int i = 0; i < 1000; i++)
		g_string_append(all, "{\"execute\":\"echo\"}\n");
	io_say(fd, all->str);
	g_string_free(all, TRUE);
	WAIT_FOR(ham_admin_clients(admin) == 0);
	ck_assert_int_ge(requests, 200);
	ck_assert_int_lt(requests, 1000);
	close(fd);
}
END_TEST

START_TEST(unanswered_commands_are_bounded)
{
	int fd;

	begin();
	fd = greeted_client();
	for (int i = 0; i < 33; i++)
		io_say(fd, "{\"execute\":\"later\"}\n");
	EXPECT_PART(fd, "too many unanswered commands");
	ham_admin_return(admin, later, NULL);
	EXPECT(fd, "{\"return\":{}}");
	io_say(fd, "{\"execute\":\"echo\",\"id\":1}\n");
	EXPECT(fd, "{\"return\":{},\"id\":1}");
	close(fd);
}
END_TEST

START_TEST(clients_are_bounded)
{
	int fds[8];
	int more;

	begin();
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = greeted_client();
	more = io_connect(path);
	ck_assert_int_ge(more, 0);
	EXPECT_PART(more, "{\"error\":{\"class\":\"Busy\"");
	WAIT_FOR(io_at_end(more));
	close(more);
	close(fds[0]);
	WAIT_FOR(ham_admin_clients(admin) == 7);
	fds[0] = greeted_client();
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
}
END_TEST

START_TEST(freed_by_a_request)
{
	int fd, other;

	begin();
	fd = greeted_client();
	other = greeted_client();
	io_say(fd, "{\"execute\":\"later\"}\n{\"execute\":\"stop\"}\n"
		   "{\"execute\":\"echo\"}\n");
	WAIT_FOR(admin == NULL);
	io_settle();
	ck_assert_int_eq(requests, 2);
	ck_assert(io_at_end(other));
	ck_assert_int_ne(access(path, F_OK), 0);
	close(fd);
	close(other);
}
END_TEST

START_TEST(second_one_is_refused)
{
	g_autoptr(GError) error = NULL;

	begin();
	ck_assert_ptr_null(open_admin(NULL, NULL, 8, 0, &error));
	ck_assert_ptr_nonnull(strstr(error->message, "listens"));
	close(greeted_client());
}
END_TEST

START_TEST(stale_socket_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);

	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	ck_assert_int_eq(
		bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	ck_assert_int_eq(access(path, F_OK), 0);
	begin();
	close(greeted_client());
}
END_TEST

START_TEST(another_ones_socket_is_not_removed)
{
	begin();
	unlink(path);
	ck_assert(g_file_set_contents(path, "", 0, NULL));
	ham_admin_free(admin);
	admin = NULL;
	ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(unknown_group_is_refused)
{
	g_autoptr(GError) error = NULL;

	ck_assert_ptr_null(
		open_admin("no-such-group-here", NULL, 8, 0, &error));
	ck_assert_str_eq(error->message, "group 'no-such-group-here': "
					 "there is no such group");
	g_clear_error(&error);
	ck_assert_ptr_null(
		open_admin(NULL, "no-such-group-here", 8, 0, &error));
	ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("admin");
	TCase *tcase = tcase_create("admin");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, two_clients_get_their_own_answers);
	tcase_add_test(tcase, answers_may_come_later);
	tcase_add_test(tcase, answer_to_a_client_that_is_gone);
	tcase_add_test(tcase, client_that_only_ended_its_side_is_answered);
	tcase_add_test(tcase, peer_is_known);
	tcase_add_test(tcase, events_go_to_followers);
	tcase_add_loop_test(tcase, wrong_lines, 0, (int)G_N_ELEMENTS(wrong));
	tcase_add_test(tcase, long_frame_drops);
	tcase_add_test(tcase, half_a_line_drops);
	tcase_add_test(tcase, slow_reader_drops);
	tcase_add_test(tcase, flood_of_commands_drops);
	tcase_add_test(tcase, unanswered_commands_are_bounded);
	tcase_add_test(tcase, clients_are_bounded);
	tcase_add_test(tcase, freed_by_a_request);
	tcase_add_test(tcase, second_one_is_refused);
	tcase_add_test(tcase, stale_socket_is_replaced);
	tcase_add_test(tcase, another_ones_socket_is_not_removed);
	tcase_add_test(tcase, unknown_group_is_refused);
	suite_add_tcase(suite, tcase);
	return io_run(suite);
}
