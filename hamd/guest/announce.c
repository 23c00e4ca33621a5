/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/announce.c - tells the network where a guest runs: at `cont`, and
 * again at the times that netmigrate gives
 *
 * Refuses to speak for a guest that may be elsewhere by now: one that is held
 * or that stands still, and after a time in which this node itself may have
 * stood still.  What is left is said anew when the group lets it go on.
 */
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/clock.h"
#include "hamd/base/log.h"

enum {
	/* Far below the shortest lease, which is 2 s and more: a node that
	 * slept for less still has its guests. */
	LATE_US = 500000,
};

static void
announce_once(struct ham_vm *vm)
{
	for (guint i = 0; i < vm->ports->len; i++) {
		ham_net_port *port = g_ptr_array_index(vm->ports, i);
		g_autoptr(GError) error = NULL;

		if (!port)
			continue;
		ham_learn_refresh(vm, port, i);
		(void)ham_net_port_announce(port, &error);
		if (error)
			ham_debug("%s: announce: %s", vm->name, error->message);
	}
}

static bool
may_speak(const struct ham_vm *vm)
{
	return vm->qemu && vm->role == HAM_ROLE_OWNER && !vm->held &&
	       !vm->guests->frozen;
}

/* Since when it was to be done.  Without leases (two nodes) nobody concludes
 * anything from this node's silence, and nothing would be made up for. */
static bool
is_late(const struct ham_vm *vm, int64_t due_us)
{
	return vm->guests->leased && ham_clock_us() - due_us > LATE_US;
}

static gboolean announce_again(gpointer data);

static void
wait_for_next(struct ham_vm *vm)
{
	int next = ham_net_announce_at_ms[vm->announced];
	int64_t now = ham_clock_us();

	vm->announcer = 0;
	if (next < 0)
		return;
	vm->announce_at_us = vm->announce_begun_us + next * 1000LL;
	vm->announcer = g_timeout_add(
		(guint)((MAX(vm->announce_at_us - now, 0) + 999) / 1000),
		announce_again, vm);
}

static gboolean
announce_again(gpointer data)
{
	struct ham_vm *vm = data;

	vm->announcer = 0;
	if (!may_speak(vm) || is_late(vm, vm->announce_at_us)) {
		vm->announce_due = true;
		return G_SOURCE_REMOVE;
	}
	announce_once(vm);
	vm->announced++;
	wait_for_next(vm);
	return G_SOURCE_REMOVE;
}

static void
begin(struct ham_vm *vm)
{
	ham_announce_stop(vm);
	vm->announce_begun_us = ham_clock_us();
	announce_once(vm);
	vm->announced = 1; /* the first is at 0 */
	wait_for_next(vm);
}

void
ham_announce(struct ham_vm *vm, int64_t cont_us)
{
	ham_announce_stop(vm);
	if (may_speak(vm) && !is_late(vm, cont_us))
		begin(vm);
	else
		vm->announce_due = true;
}

void
ham_announce_due(struct ham_vm *vm)
{
	if (vm->announce_due && may_speak(vm))
		begin(vm);
}

void
ham_announce_stop(struct ham_vm *vm)
{
	vm->announce_due = false;
	g_clear_handle_id(&vm->announcer, g_source_remove);
}

void
ham_do_announce(struct ham_vm *vm)
{
	if (!may_speak(vm))
		return;
	ham_notice("%s: announced again", vm->name);
	begin(vm);
}
