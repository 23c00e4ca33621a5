/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_admin_access.c - who may use the admin socket
 *
 * Needs uid 0, to become other users; skipped (77) without.
 */
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "hamd/io/admin.h"
#include "tests/unit/io_client.h"

enum {
	NOBODY = 65534,
	SOME_GROUP = 1, /* daemon, on Debian */
};

static char *folder;
static char *path;
static ham_admin *admin;
static int requests;

static void
on_request(const struct ham_admin_request *request, void *data)
{
	JsonObject *result = json_object_new();

	(void)data;
	requests++;
	json_object_set_int_member(result, "uid", request->uid);
	json_object_set_boolean_member(result, "write", request->may_write);
	ham_admin_return(admin, request->token, result);
}

static void
set_up(void)
{
	folder = g_dir_make_tmp("check-access-XXXXXX", NULL);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	path = g_build_filename(folder, "admin.sock", NULL);
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
open_admin(const char *readers, const char *writers)
{
	const struct ham_admin_spec spec = {
		.path = path,
		.node = "n1",
		.version = "1.2.3",
		.read_group = readers,
		.write_group = writers,
		.max_clients = 8,
	};

	admin = ham_admin_new(&spec, on_request, NULL, NULL);
	ck_assert_ptr_nonnull(admin);
}

static const struct {
	const char *readers;
	const char *writers;
	unsigned int mode;
	gid_t gid;
} modes[] = {
	{NULL, NULL, 0600, 0},
	{"daemon", NULL, 0660, SOME_GROUP},
	{NULL, "daemon", 0660, SOME_GROUP},
	{"daemon", "daemon", 0660, SOME_GROUP},
	{"root", "daemon", 0666, SOME_GROUP},
};

START_TEST(mode_of_the_socket)
{
	struct stat st;

	open_admin(modes[_i].readers, modes[_i].writers);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, modes[_i].mode);
	ck_assert_uint_eq(st.st_gid, modes[_i].gid);
}
END_TEST

/* A child of another user connects and says `text`; what it hears within the
 * loop's reach comes back by a pipe. */
static char *
hear_as(gid_t gid, gid_t extra, const char *text, int lines)
{
	GString *heard = g_string_new(NULL);
	char buffer[4096];
	int fds[2];
	int status;
	pid_t pid;
	ssize_t n = -1;

	ck_assert_int_eq(pipe(fds), 0);
	pid = fork();
	if (pid == 0) {
		int fd;

		if (setgroups(1, &extra) != 0 || setgid(gid) != 0 ||
		    setuid(NOBODY) != 0)
			_exit(1);
		fd = io_connect(path);
		if (fd < 0) {
			(void)!write(fds[1], "no way in", 9);
			_exit(0);
		}
		(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
		while (lines > 0 && (n = recv(fd, buffer, 1, 0)) == 1) {
			(void)!write(fds[1], buffer, 1);
			lines -= buffer[0] == '\n';
		}
		_exit(0);
	}
	close(fds[1]);
	ck_assert_int_eq(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
	WAIT_FOR((n = read(fds[0], buffer, sizeof(buffer))) == 0 ||
		 (n > 0 && (g_string_append_len(heard, buffer, n), false)));
	close(fds[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	return g_string_free(heard, FALSE);
}

static const struct {
	const char *readers;
	const char *writers;
	gid_t gid;
	gid_t extra;
	const char *part;
} access_of[] = {
	/* the file's mode keeps a stranger out */
	{NULL, NULL, NOBODY, NOBODY, "no way in"},
	{"daemon", NULL, NOBODY, NOBODY, "no way in"},
	/* two groups: the credentials do */
	{"daemon", "root", NOBODY, NOBODY, "\"class\":\"NotPermitted\""},
	{"daemon", NULL, SOME_GROUP, NOBODY, "\"write\":false"},
	{"daemon", NULL, NOBODY, SOME_GROUP, "\"write\":false"},
	{NULL, "daemon", SOME_GROUP, NOBODY, "\"write\":true"},
	{NULL, "daemon", NOBODY, SOME_GROUP, "\"write\":true"},
	{"root", "daemon", NOBODY, SOME_GROUP, "\"write\":true"},
	{"daemon", "root", NOBODY, SOME_GROUP, "\"write\":false"},
};

START_TEST(credentials_decide)
{
	g_autofree char *heard = NULL;

	open_admin(access_of[_i].readers, access_of[_i].writers);
	heard = hear_as(access_of[_i].gid, access_of[_i].extra,
			"{\"execute\":\"who\"}\n", 2);
	ck_assert_msg(strstr(heard, access_of[_i].part) != NULL, "%s", heard);
	if (strstr(access_of[_i].part, "write"))
		ck_assert_ptr_nonnull(strstr(heard, "\"uid\":65534"));
	else
		ck_assert_int_eq(requests, 0);
}
END_TEST

START_TEST(one_user_cannot_take_all_places)
{
	g_autofree char *heard = NULL;
	int fds[2];
	int own;

	/* of 8 places, 4 are root's alone and 2 at most one other user's */
	open_admin("daemon", NULL);
	ck_assert_int_eq(setegid(SOME_GROUP), 0);
	ck_assert_int_eq(seteuid(NOBODY), 0);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		fds[i] = io_connect(path);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(setegid(0), 0);
	WAIT_FOR(ham_admin_clients(admin) == 2);
	heard = hear_as(SOME_GROUP, NOBODY, "", 1);
	ck_assert_msg(strstr(heard, "\"class\":\"Busy\"") != NULL, "%s", heard);
	own = io_connect(path);
	EXPECT_PART(own, "\"hamd\"");
	close(own);
	for (size_t i = 0; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("admin_access");
	TCase *tcase = tcase_create("admin_access");

	if (geteuid() != 0) {
		puts("check_admin_access: needs uid 0 to be other users");
		return 77;
	}
	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, mode_of_the_socket, 0,
			    (int)G_N_ELEMENTS(modes));
	tcase_add_loop_test(tcase, credentials_decide, 0,
			    (int)G_N_ELEMENTS(access_of));
	tcase_add_test(tcase, one_user_cannot_take_all_places);
	suite_add_tcase(suite, tcase);
	return io_run(suite);
}
