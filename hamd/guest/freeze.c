/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/freeze.c - out of quorum no vCPU of any guest here moves
 *
 * By control groups and not by QMP `stop`: with writes held for a copy that
 * waits for their end, and QMP with it (doc/design.md, section 4).  Replicas'
 * storage daemons go on: they write nothing by themselves.
 */
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

static void
freeze(struct ham_vm *vm, bool hold)
{
	g_autoptr(GError) error = NULL;

	if (!vm->qemu || !vm->guests->cgroups)
		return;
	if (vm->qmp)
		ham_qmp_hold(vm->qmp, hold);
	if (!ham_cgroups_freeze(vm->guests->cgroups, vm->name, hold, &error))
		ham_err("%s can't be made to %s: %s", vm->name,
			hold ? "stand still" : "go on", error->message);
	else if (hold)
		ham_ports_count(vm);
}

void
ham_guests_freeze(ham_guests *guests, bool hold)
{
	bool goes_on = guests->frozen && !hold;
	GHashTableIter iter;
	gpointer vm;

	if (!guests->cgroups)
		return;
	guests->frozen = hold;
	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm)) {
		freeze(vm, hold);
		if (goes_on) {
			ham_flow_anew(vm);
			ham_announce_due(vm);
		}
	}
}

void
ham_guests_mark(ham_guests *guests)
{
	GHashTableIter iter;
	gpointer vm;

	guests->leased = true;
	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm)) {
		if (!((struct ham_vm *)vm)->qemu)
			continue;
		ham_ports_mark(vm);
		ham_announce_due(vm);
	}
}

bool
ham_guests_any(const ham_guests *guests)
{
	GHashTableIter iter;
	gpointer vm;

	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &vm))
		if (((struct ham_vm *)vm)->qemu)
			return true;
	return false;
}

const char *
ham_guests_cannot_freeze(const ham_guests *guests)
{
	return guests->cgroups ? NULL : guests->no_cgroups;
}

int
ham_freeze_group(struct ham_vm *vm, GError **error)
{
	return vm->guests->cgroups
		       ? ham_cgroups_open(vm->guests->cgroups, vm->name, error)
		       : -1;
}

void
ham_freeze_adopt(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (vm->guests->cgroups && vm->qemu &&
	    !ham_cgroups_adopt(vm->guests->cgroups, vm->name,
			       ham_child_pid(vm->qemu), &error))
		ham_warn("%s: %s", vm->name, error->message);
	/* it has to say what it is before the core can say that it is not to
	 * move */
	freeze(vm, false);
}

void
ham_freeze_new(struct ham_vm *vm)
{
	if (vm->guests->frozen)
		freeze(vm, true);
}

void
ham_freeze_let_die(struct ham_vm *vm)
{
	if (vm->guests->frozen && vm->qemu)
		freeze(vm, false);
}

void
ham_freeze_forget(struct ham_vm *vm)
{
	if (vm->guests->cgroups)
		ham_cgroups_remove(vm->guests->cgroups, vm->name);
}
