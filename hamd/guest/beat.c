/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/beat.c - a heartbeat on the storage path, from owner to replicas
 *
 * A replica that hangs, or a link that is silent, gives QEMU no event: the
 * guest's writes would wait for good.  So each is asked for a sign of life,
 * twice in replica_timeout and more; when none came in that time, its
 * connections are cut (yank), which makes the writes fail, and the core is
 * told.  It decides what becomes of that copy.
 *
 * A hamd that stood still itself counts nothing: only questions that were asked
 * and waited for.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/qmp.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	QUESTIONS = 3, /* unanswered in a row: silent */
};

static unsigned int
limit_ms(const struct ham_vm *vm)
{
	int64_t us = vm->guests->spec.conf->replica_timeout_us;

	return (unsigned int)CLAMP(us / 1000 / QUESTIONS, 50, 60000);
}

/* Out of any flow: the one that runs may be what waits for this very node. */
static void
cut(struct ham_vm *vm, unsigned int k)
{
	if (vm->slot[k].filling) {
		ham_fill_cut(vm);
		return;
	}
	HAM_EACH_COPIED_WHEN (vm, i, vm->qmp)
		if (vm->graph[i][k].replica)
			ham_qmp_execute_oob(
				vm->qmp, "yank",
				ham_bm_yank(vm->graph[i][k].node),
				ham_clock_us() + 5 * G_USEC_PER_SEC, NULL,
				NULL);
}

void
ham_beat_cut(struct ham_vm *vm, uint32_t node)
{
	int k = ham_slot_index(vm, node);

	if (k >= 0)
		cut(vm, (unsigned int)k);
}

static void
answered(enum ham_probe_answer answer, void *data)
{
	struct ham_vm_slot *slot = data;
	struct ham_vm *vm = slot->vm;
	unsigned int k = (unsigned int)(slot - vm->slot);

	g_clear_pointer(&slot->probe, ham_probe_free);
	if (slot->node == 0 || vm->role != HAM_ROLE_OWNER)
		return;
	/* a guest that stands still waits for no copy */
	if (answer == HAM_PROBE_GREETED || vm->guests->frozen) {
		slot->unanswered = 0;
		return;
	}
	if (answer == HAM_PROBE_REFUSED) {
		/* it has ended; another one may be on its way */
		ham_slot_failed(vm, k, false);
		return;
	}
	if (++slot->unanswered < QUESTIONS)
		return;
	slot->unanswered = 0;
	ham_warn("%s: nothing was heard of a replica at %s; cutting it off",
		 vm->name, slot->peer.host);
	cut(vm, k);
	ham_slot_failed(vm, k, true);
}

static gboolean
beat(gpointer data)
{
	struct ham_vm *vm = data;
	bool any = false;

	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		struct ham_vm_slot *slot = &vm->slot[k];

		if (slot->node == 0 || vm->role != HAM_ROLE_OWNER)
			continue;
		any = true;
		slot->vm = vm;
		if (!slot->probe)
			slot->probe = ham_probe_new(slot->peer.host,
						    slot->peer.nbd_port,
						    limit_ms(vm), answered,
						    slot);
	}
	if (any)
		return G_SOURCE_CONTINUE;
	vm->beat = 0;
	return G_SOURCE_REMOVE;
}

void
ham_beat_start(struct ham_vm *vm)
{
	ham_renew_start(vm);
	if (!vm->beat)
		vm->beat = g_timeout_add(MAX(limit_ms(vm) / 2, 25), beat, vm);
}

void
ham_beat_stop(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->beat, g_source_remove);
	ham_renew_stop(vm);
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		g_clear_pointer(&vm->slot[k].probe, ham_probe_free);
		vm->slot[k].unanswered = 0;
	}
}
