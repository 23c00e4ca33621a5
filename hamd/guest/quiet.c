/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/quiet.c - when the network heard a guest's last word by S
 *
 * From shortly before `stop` until its ports are down the kernel's time of each
 * frame is kept (netmigrate's tails); they are read when YIELD is out and the
 * loop is idle, as that may take milliseconds.  A guest that said nothing, or
 * more than was kept, has no such figure, and nothing else depends on it.
 */
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

void
ham_quiet_open(struct ham_vm *vm)
{
	ham_quiet_forget(vm);
	for (guint i = 0; i < vm->ports->len; i++) {
		g_autofree char *name = ham_port_ifname(vm, i);
		g_autoptr(GError) error = NULL;
		ham_net_tail *tail = ham_net_tail_open(name, &error);

		if (tail)
			g_ptr_array_add(vm->tails, tail);
		else
			ham_debug("%s: %s", vm->name, error->message);
	}
}

void
ham_quiet_stop(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->tails->len; i++)
		(void)ham_net_tail_stop(g_ptr_array_index(vm->tails, i));
}

static gboolean
read_tails(gpointer data)
{
	struct ham_vm *vm = data;
	struct ham_event event = {.did = HAM_DID_QUIET};
	int64_t newest = 0;

	vm->tails_reader = 0;
	for (guint i = 0; i < vm->tails->len; i++) {
		int64_t last;

		if (!ham_net_tail_last(g_ptr_array_index(vm->tails, i), &last))
			continue;
		newest = MAX(newest, last);
	}
	g_ptr_array_set_size(vm->tails, 0);
	if (!newest)
		return G_SOURCE_REMOVE;
	/* what QEMU still sent out after `stop` was asked is before its end */
	event.value = (uint64_t)MAX(vm->copy.stop_us - newest, 0);
	ham_vm_tell(vm, &event);
	return G_SOURCE_REMOVE;
}

void
ham_quiet_end(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->tails_reader, g_source_remove);
	vm->tails_reader = g_idle_add(read_tails, vm);
}

void
ham_quiet_forget(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->tails_reader, g_source_remove);
	g_ptr_array_set_size(vm->tails, 0);
}
