/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/digest.c - the processes that compare copies, and what they tell
 *
 * On the node of a copy one serves digests as long as the storage daemon serves
 * the images; the owner starts another that asks it.  Both are hamd's own
 * program, as the guest's user (hamd/digest_tool.c).
 */
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "blockmirror/digest.h"
#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	CHILD_FIRST_FD = 3,
	CHILD_TOKEN_FD = 4,
	CHILD_GO_FD = 5,
	LINE_MAX_BYTES = 4096,
	MAX_RANGES = 512,
};

/* What the children run: this very program, also after an upgrade. */
static const char program[] = "/proc/self/exe";

/* A pipe with the token in it; its read end. */
static int
token_pipe(const char *token, GError **error)
{
	int fds[2];
	ssize_t n;

	if (!g_unix_open_pipe(fds, FD_CLOEXEC, error))
		return -1;
	n = write(fds[1], token, HAM_BM_DIGEST_TOKEN);
	close(fds[1]);
	if (n == HAM_BM_DIGEST_TOKEN)
		return fds[0];
	close(fds[0]);
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "no room in a pipe");
	return -1;
}

static void
add_images(const struct ham_vm *vm, GPtrArray *argv)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		g_ptr_array_add(argv, g_strdup(disk.path));
		g_ptr_array_add(argv, g_strdup_printf("%" G_GUINT64_FORMAT,
						      disk.size));
	}
	g_ptr_array_add(argv, NULL);
}

/* ---- the side that is asked ---- */

static void
server_exited(ham_child *child, int code, int status, void *data)
{
	struct ham_vm *vm = data;

	(void)code;
	(void)status;
	if (vm->digest == child) {
		vm->digest = NULL;
		vm->digest_port = 0;
	}
	ham_child_free(child);
}

static void
make_token(char out[HAM_BM_DIGEST_TOKEN + 1])
{
	uint8_t bytes[HAM_BM_DIGEST_TOKEN / 2];

	g_assert(RAND_bytes(bytes, sizeof(bytes)) == 1);
	for (unsigned int i = 0; i < sizeof(bytes); i++)
		g_snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

void
ham_digest_start(struct ham_vm *vm)
{
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	ham_autofd int listener = -1;
	ham_autofd int token = -1;
	struct ham_child_fd fds[2];
	struct ham_child_spec spec = {.program = program,
				      .fds = fds,
				      .n_fds = 2,
				      .uid = vm->uid,
				      .gid = vm->uid};

	ham_digest_end(vm);
	make_token(vm->digest_token);
	listener = ham_vm_listen(ham_vm_address(vm), &vm->digest_port, &error);
	if (listener >= 0)
		token = token_pipe(vm->digest_token, &error);
	if (token >= 0) {
		g_ptr_array_add(argv, g_strdup_printf("hamd-digest %s/",
						      vm->dir));
		g_ptr_array_add(argv, g_strdup("--digest-serve"));
		add_images(vm, argv);
		fds[0] = (struct ham_child_fd){listener, CHILD_FIRST_FD};
		fds[1] = (struct ham_child_fd){token, CHILD_TOKEN_FD};
		spec.argv = (const char *const *)argv->pdata;
		vm->digest = ham_child_spawn(&spec, server_exited, vm, &error);
	}
	if (vm->digest)
		return;
	/* a copy is one without it; a fill takes longer then */
	ham_warn("%s: no digests can be served: %s", vm->name, error->message);
	vm->digest_port = 0;
}

void
ham_digest_adopt(struct ham_vm *vm, pid_t pid, uint64_t start)
{
	vm->digest = ham_child_adopt(pid, start, server_exited, vm, NULL);
	if (!vm->digest)
		vm->digest_port = 0;
}

void
ham_digest_end(struct ham_vm *vm)
{
	if (vm->digest)
		ham_child_signal(vm->digest, SIGKILL);
	vm->digest = NULL; /* freed when its end is seen */
	vm->digest_port = 0;
}

/* ---- the side that asks ---- */

static void
over(struct ham_vm *vm, const char *why)
{
	struct ham_compare *c = &vm->compare;
	ham_compare_end_fn on_end = c->on_end;
	g_autofree char *text = g_strdup(why);

	ham_compare_stop(vm);
	on_end(vm, text);
}

/* QEMU is told so many marks at most; what lies between two that are near each
 * other is copied along. */
void
ham_ranges_merge(GArray *ranges)
{
	uint64_t gap = 0;

	while (ranges->len > MAX_RANGES) {
		guint kept = 0;

		gap = gap ? 2 * gap : HAM_BM_DIGEST_BLOCK;
		for (guint k = 1; k < ranges->len; k++) {
			struct ham_range r =
				g_array_index(ranges, struct ham_range, k);
			struct ham_range *last = &g_array_index(
				ranges, struct ham_range, kept);

			if (r.disk == last->disk &&
			    r.at - (last->at + last->len) <= gap)
				last->len = r.at + r.len - last->at;
			else
				g_array_index(ranges, struct ham_range,
					      ++kept) = r;
		}
		g_array_set_size(ranges, kept + 1);
	}
}

/* The tool counts the images it was given. */
static unsigned int
disk_of_image(const struct ham_vm *vm, guint64 image)
{
	unsigned int i = ham_vm_copied(vm, 0);

	while (image-- > 0)
		i = ham_vm_copied(vm, i + 1);
	return i;
}

static void
take_line(struct ham_vm *vm, const char *line)
{
	struct ham_compare *c = &vm->compare;
	struct ham_range range;
	guint64 disk, at, len;
	g_auto(GStrv) f = g_strsplit(line, " ", 4);
	guint n = g_strv_length(f);

	if (n == 4 && g_str_equal(f[0], "differs") &&
	    g_ascii_string_to_unsigned(f[1], 10, 0,
				       MAX(ham_vm_n_copied(vm), 1) - 1, &disk,
				       NULL) &&
	    g_ascii_string_to_unsigned(f[2], 10, 0, G_MAXINT64, &at, NULL) &&
	    g_ascii_string_to_unsigned(f[3], 10, 1, G_MAXINT64, &len, NULL)) {
		range = (struct ham_range){disk_of_image(vm, disk), at, len};
		if (c->ranges->len >= 4 * MAX_RANGES)
			ham_ranges_merge(c->ranges);
		g_array_append_val(c->ranges, range);
		c->differ += len;
	} else if (n == 3 && g_str_equal(f[0], "at")) {
		c->done = g_ascii_strtoull(f[2], NULL, 10);
	} else if (n == 2 && g_str_equal(f[0], "suspects")) {
		if (c->on_suspects)
			c->on_suspects(vm);
	} else if (n == 2 && g_str_equal(f[0], "end")) {
		over(vm, NULL);
	} else if (g_str_has_prefix(line, "error ")) {
		over(vm, line + strlen("error "));
	}
}

static gboolean
readable(gint fd, GIOCondition condition, gpointer data)
{
	struct ham_vm *vm = data;
	struct ham_compare *c = &vm->compare;
	char bytes[LINE_MAX_BYTES];
	ssize_t n = read(fd, bytes, sizeof(bytes));
	char *end;

	(void)condition;
	if (n <= 0) {
		c->source = 0;
		over(vm, "it ended without a word");
		return G_SOURCE_REMOVE;
	}
	g_string_append_len(c->text, bytes, n);
	while (c->active && (end = strchr(c->text->str, '\n'))) {
		g_autofree char *line =
			g_strndup(c->text->str, (gsize)(end - c->text->str));

		g_string_erase(c->text, 0, (gssize)strlen(line) + 1);
		take_line(vm, line);
	}
	return c->active ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void
asker_exited(ham_child *child, int code, int status, void *data)
{
	struct ham_vm *vm = data;

	(void)code;
	(void)status;
	/* the end of its pipe tells it */
	if (vm->compare.child == child)
		vm->compare.child = NULL;
	ham_child_free(child);
}

static bool
start(struct ham_vm *vm, const struct ham_peer *peer, uint64_t rate,
      bool settle, GError **error)
{
	struct ham_compare *c = &vm->compare;
	g_autoptr(GPtrArray) argv = g_ptr_array_new_with_free_func(g_free);
	ham_autofd int token = -1;
	ham_autofd int theirs = -1;
	ham_autofd int go = -1;
	struct ham_child_fd fds[3];
	struct ham_child_spec spec = {.program = program,
				      .fds = fds,
				      .n_fds = 3,
				      .uid = vm->uid,
				      .gid = vm->uid};
	int pair[2];

	token = token_pipe(peer->digest_token, error);
	if (token < 0 || !g_unix_open_pipe(pair, FD_CLOEXEC, error))
		return false;
	c->fd = pair[0];
	theirs = pair[1];
	if (!g_unix_open_pipe(pair, FD_CLOEXEC, error))
		return false;
	go = pair[0];
	c->go = pair[1];
	g_ptr_array_add(argv, g_strdup_printf("hamd-digest %s/", vm->dir));
	g_ptr_array_add(argv, g_strdup("--digest-compare"));
	g_ptr_array_add(argv, g_strdup(peer->host));
	g_ptr_array_add(argv, g_strdup_printf("%u", peer->digest_port));
	g_ptr_array_add(argv, g_strdup_printf("%" G_GUINT64_FORMAT, rate));
	g_ptr_array_add(argv, g_strdup(settle ? "settle" : "once"));
	add_images(vm, argv);
	fds[0] = (struct ham_child_fd){theirs, CHILD_FIRST_FD};
	fds[1] = (struct ham_child_fd){token, CHILD_TOKEN_FD};
	fds[2] = (struct ham_child_fd){go, CHILD_GO_FD};
	spec.argv = (const char *const *)argv->pdata;
	c->child = ham_child_spawn(&spec, asker_exited, vm, error);
	if (!c->child)
		return false;
	c->active = true;
	c->source = g_unix_fd_add(c->fd, G_IO_IN | G_IO_HUP | G_IO_ERR,
				  readable, vm);
	return true;
}

bool
ham_compare_start(struct ham_vm *vm, const struct ham_peer *peer, uint64_t rate,
		  ham_compare_suspects_fn on_suspects,
		  ham_compare_end_fn on_end, GError **error)
{
	struct ham_compare *c = &vm->compare;

	ham_compare_stop(vm);
	ham_compare_clear(vm);
	memset(c, 0, sizeof(*c));
	c->fd = c->go = -1;
	c->ranges = g_array_new(FALSE, FALSE, sizeof(struct ham_range));
	c->text = g_string_new("");
	c->on_suspects = on_suspects;
	c->on_end = on_end;
	if (start(vm, peer, rate, on_suspects != NULL, error))
		return true;
	ham_compare_stop(vm);
	ham_compare_clear(vm);
	return false;
}

void
ham_compare_go(struct ham_vm *vm)
{
	if (vm->compare.active &&
	    write(vm->compare.go, "go\n", 3) != 3)
		ham_warn("%s: the comparison can't be told to go on", vm->name);
}

void
ham_compare_stop(struct ham_vm *vm)
{
	struct ham_compare *c = &vm->compare;

	if (c->child)
		ham_child_signal(c->child, SIGKILL);
	c->child = NULL; /* as above */
	c->active = false;
	g_clear_handle_id(&c->source, g_source_remove);
	if (c->text) {
		g_string_free(c->text, TRUE);
		c->text = NULL;
		ham_clear_fd(&c->fd);
		ham_clear_fd(&c->go);
	}
}

void
ham_compare_clear(struct ham_vm *vm)
{
	g_clear_pointer(&vm->compare.ranges, g_array_unref);
	vm->compare.on_end = NULL;
}
