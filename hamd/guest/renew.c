/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/renew.c - owner: what a copy would lack if it were lost, noted anew
 *
 * The bitmap of a slot grows with each write.  But a write that has ended on
 * all disks and was flushed to all of them is on the copy for good, and its bit
 * may go.  So, when there are many:
 *
 *	a second bitmap is begun: QEMU drains all disks before a transaction, so
 *	each write is in it, or had ended everywhere before;
 *	all disks are flushed;
 *	no error was told since, and as long after as QEMU may hold one back;
 *	the second takes the first one's place, again drained, in one step.
 *
 * A bitmap that is in use is never cleared otherwise: a write that had ended on
 * the own disk alone would lose its bit.  Whatever goes wrong leaves the first
 * bitmap as it is, which has more than is needed.
 */
#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/qmp.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	LOOK_MS = 10000,
	MANY_BYTES = 8 << 20,
	/* QUORUM_REPORT_BAD is told at most once a second (QMP reference) */
	ERRORS_MS = 1500,
};

static bool
is_steady(const struct ham_vm *vm, unsigned int k)
{
	const struct ham_vm_slot *slot = &vm->slot[k];

	return slot->node != 0 && !slot->filling && !slot->error &&
	       slot->delta_node == slot->node;
}

static bool
may_begin(const struct ham_vm *vm)
{
	return vm->qmp && vm->role == HAM_ROLE_OWNER && !vm->flow &&
	       !vm->fill.active && !ham_slot_in_error(vm) &&
	       g_queue_is_empty(vm->waiting);
}

/* ---- the second takes its place ---- */

static void
swap(struct ham_vm *vm)
{
	JsonObject *args = ham_bm_renew_new();

	ham_slot_watch(vm);
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		HAM_EACH_COPIED_WHEN (vm, i, vm->renew.node[k]) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);

			ham_bm_renew_swap(args, &disk, k);
		}
	ham_flow_send(vm, vm->qmp, "transaction", args, HAM_FLOW_MUST, NULL);
}

static const struct ham_step swap_steps[] = {
	{"take the new bitmaps", swap, NULL, 0},
};

static void
swapped(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_info("%s: the bitmaps stay as they are: %s", vm->name,
			 error->message);
	else
		ham_info("%s: what its copies would lack is noted anew",
			 vm->name);
}

static gboolean
rested(gpointer data)
{
	struct ham_vm *vm = data;

	vm->renew.rest = 0;
	vm->renew.flushing = false;
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->renew.node[k] != 0 &&
		    (!is_steady(vm, k) ||
		     vm->slot[k].node != vm->renew.node[k]))
			return G_SOURCE_REMOVE;
	if (vm->renew.failed || !may_begin(vm) ||
	    vm->io_errors != vm->renew.io_errors)
		return G_SOURCE_REMOVE;
	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_begin(vm, HAM_FLOW_SLOT, swap_steps, G_N_ELEMENTS(swap_steps),
		     swapped);
	return G_SOURCE_REMOVE;
}

/* ---- the second is begun ---- */

static void
sweep(struct ham_vm *vm)
{
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		HAM_EACH_COPIED_WHEN (vm, i, vm->renew.node[k]) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);

			ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-remove",
				      ham_bm_renew_remove(&disk, k),
				      HAM_FLOW_MAY, NULL);
		}
}

static void
add(struct ham_vm *vm)
{
	JsonObject *args = ham_bm_renew_new();

	ham_slot_watch(vm);
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		HAM_EACH_COPIED_WHEN (vm, i, vm->renew.node[k]) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);

			ham_bm_renew_add(args, &disk, k);
		}
	ham_flow_send(vm, vm->qmp, "transaction", args, HAM_FLOW_MUST, NULL);
}

static void
flush(struct ham_vm *vm)
{
	ham_slot_watch(vm);
	vm->renew.flushing = true;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qmp, "human-monitor-command",
			      ham_bm_renew_flush(&disk), HAM_FLOW_MUST, NULL);
	}
}

static const struct ham_step add_steps[] = {
	{"remove what was left", sweep, NULL, 0},
	{"begin new bitmaps", add, NULL, 0},
	{"flush the disks", flush, NULL, 0},
};

static void
added(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_info("%s: the bitmaps stay as they are: %s", vm->name,
			 error->message);
	g_clear_handle_id(&vm->renew.rest, g_source_remove);
	vm->renew.failed = error != NULL;
	vm->renew.rest = g_timeout_add(ERRORS_MS, rested, vm);
}

/* ---- looking ---- */

static bool
choose(struct ham_vm *vm, JsonNode *nodes)
{
	bool any = false;

	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		uint64_t sum = 0;

		HAM_EACH_COPIED (vm, i) {
			struct ham_bm_disk disk = ham_vm_disk(vm, i);
			uint64_t bytes = 0;

			if (!ham_bm_read_noted(nodes, &disk, k, &bytes))
				return false;
			sum += bytes;
		}
		vm->renew.node[k] = is_steady(vm, k) && sum >= MANY_BYTES
					    ? vm->slot[k].node
					    : 0;
		any = any || vm->renew.node[k] != 0;
	}
	return any;
}

static void
looked(ham_qmp *qmp, JsonNode *value, const GError *error, void *data)
{
	struct ham_vm *vm = data;

	(void)qmp;
	if (error || !vm->renew.ticker || vm->renew.rest || !may_begin(vm) ||
	    !choose(vm, value))
		return;
	vm->renew.io_errors = vm->io_errors;
	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_begin(vm, HAM_FLOW_SLOT, add_steps, G_N_ELEMENTS(add_steps),
		     added);
}

static gboolean
look(gpointer data)
{
	struct ham_vm *vm = data;

	if (may_begin(vm) && !vm->renew.rest && ham_slots_any(vm))
		ham_qmp_execute(vm->qmp, "query-named-block-nodes", NULL,
				ham_clock_us() + 5 * G_USEC_PER_SEC, looked,
				vm);
	return G_SOURCE_CONTINUE;
}

void
ham_renew_start(struct ham_vm *vm)
{
	if (!vm->renew.ticker)
		vm->renew.ticker = g_timeout_add(LOOK_MS, look, vm);
}

void
ham_renew_stop(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->renew.ticker, g_source_remove);
	g_clear_handle_id(&vm->renew.rest, g_source_remove);
	vm->renew.flushing = false;
}
