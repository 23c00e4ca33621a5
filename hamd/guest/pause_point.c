/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/pause_point.c - holds a flow at a named point, for tests
 *
 * With HAMD_PAUSE_AT=prepare|copy|cutover|handover in hamd's environment
 * (hamd(8)) the flow makes RUN_DIR/paused-at there and goes on when
 * RUN_DIR/continue exists.  The loop goes on meanwhile; without the variable
 * nothing here does anything.
 */
#include <string.h>

#include "hamd/base/fd.h"
#include "hamd/guest/vm.h"

enum {
	LOOK_MS = 20
};

static gboolean
look(gpointer data)
{
	struct ham_vm *vm = data;
	g_autofree char *path =
		g_build_filename(vm->guests->spec.run_dir, "continue", NULL);

	if (!g_file_test(path, G_FILE_TEST_EXISTS))
		return G_SOURCE_CONTINUE;
	vm->paused = 0;
	ham_flow_poke(vm);
	return G_SOURCE_REMOVE;
}

void
ham_pause_point(struct ham_vm *vm, const char *point)
{
	const char *at = vm->guests->spec.pause_at;
	g_autofree char *path = NULL;

	g_clear_handle_id(&vm->paused, g_source_remove);
	if (!at || strcmp(at, point) != 0)
		return;
	path = g_build_filename(vm->guests->spec.run_dir, "paused-at", NULL);
	(void)ham_write_file(path, point, strlen(point), NULL);
	vm->paused = g_timeout_add(LOOK_MS, look, vm);
}

bool
ham_pause_over(struct ham_vm *vm)
{
	return vm->paused == 0;
}
