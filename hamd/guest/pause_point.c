/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/pause_point.c - holds a flow at a named point, for tests
 *
 * With HAMD_PAUSE_AT=POINT in hamd's environment (hamd(8) names the points) the
 * flow makes RUN_DIR/paused-at there and goes on when RUN_DIR/continue exists.
 * With HAMD_PAUSE_AT=each the point is read from RUN_DIR/pause-at.GUEST when it
 * is reached, and the other two files are of that guest as well.  The loop goes
 * on meanwhile; without the variable nothing here does anything.
 */
#include <string.h>

#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"

enum {
	LOOK_MS = 20
};

static bool
each(const struct ham_vm *vm)
{
	return strcmp(vm->guests->spec.pause_at, "each") == 0;
}

static char *
mark(const struct ham_vm *vm, const char *name)
{
	const char *dir = vm->guests->spec.run_dir;

	return each(vm) ? g_strdup_printf("%s/%s.%s", dir, name, vm->name)
			: g_build_filename(dir, name, NULL);
}

static bool
is_at(const struct ham_vm *vm, const char *point)
{
	g_autofree char *path = NULL;
	g_autofree char *text = NULL;

	if (!each(vm))
		return strcmp(vm->guests->spec.pause_at, point) == 0;
	path = mark(vm, "pause-at");
	return g_file_get_contents(path, &text, NULL, NULL) &&
	       strcmp(g_strstrip(text), point) == 0;
}

static gboolean
look(gpointer data)
{
	struct ham_vm *vm = data;
	g_autofree char *path = mark(vm, "continue");

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return G_SOURCE_CONTINUE;
	vm->paused = 0;
	ham_flow_poke(vm);
	return G_SOURCE_REMOVE;
}

void
ham_pause_point(struct ham_vm *vm, const char *point)
{
	g_autofree char *path = NULL;

	g_clear_handle_id(&vm->paused, g_source_remove);
	if (!vm->guests->spec.pause_at || !is_at(vm, point))
		return;
	path = mark(vm, "paused-at");
	(void)ham_write_file(path, point, strlen(point), NULL);
	vm->paused = g_timeout_add(LOOK_MS, look, vm);
}

bool
ham_pause_over(struct ham_vm *vm)
{
	return vm->paused == 0;
}
