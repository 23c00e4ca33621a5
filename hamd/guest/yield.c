/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/yield.c - copies make room for what guests read and write
 *
 * As long as disks are copied from this node, every guest that runs here is
 * asked now and then how long its requests take.  Where they take much longer
 * than they did before the copies, all copies of this node slow down, and grow
 * again when that is over (blockmirror/pace.c).  Memory is not held back: it
 * goes over no disk.  What the copies do to guests of the other node is not
 * looked at here.
 */
#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	LOOK_MS = 250,
	USUAL_MIN_US = 500,
	USUAL_MAX_US = 20000,
	USUAL_UNKNOWN_US = 2000,
};

static void
note_usual(struct ham_vm *vm, const struct ham_bm_io *io)
{
	vm->yield.usual_us =
		io->ops ? CLAMP(io->waited_ns / 1000 / io->ops, USUAL_MIN_US,
				USUAL_MAX_US)
			: USUAL_UNKNOWN_US;
	vm->yield.seen = true;
	vm->yield.share = HAM_BM_WHOLE;
}

static void
looked(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	ham_guests *guests = vm->guests;
	struct ham_yield *y = &vm->yield;
	struct ham_bm_io io;

	(void)qmp;
	if (error || !guests->yield_ticker || !ham_bm_read_io(reply, &io))
		return;
	if (!y->seen)
		note_usual(vm, &io);
	else if (io.ops >= y->last.ops && io.waited_ns >= y->last.waited_ns)
		y->share = ham_bm_yield(
			y->share, io.ops - y->last.ops,
			(io.waited_ns - y->last.waited_ns) / 1000, y->usual_us);
	y->last = io;
}

static bool
runs(const struct ham_vm *vm)
{
	return vm->qmp && vm->role == HAM_ROLE_OWNER && !vm->cold;
}

static gboolean
look(gpointer data)
{
	ham_guests *guests = data;
	GHashTableIter iter;
	gpointer value;
	bool copying = false;

	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		copying = copying || ham_vm_is_copying(value);
	if (!copying) {
		guests->yield_ticker = 0;
		return G_SOURCE_REMOVE;
	}
	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ham_vm *vm = value;

		if (runs(vm))
			ham_qmp_execute(vm->qmp, "query-blockstats", NULL,
					ham_clock_us() + 5 * G_USEC_PER_SEC,
					looked, vm);
		else
			vm->yield.seen = false;
	}
	return G_SOURCE_CONTINUE;
}

void
ham_yield_begin(ham_guests *guests)
{
	GHashTableIter iter;
	gpointer value;

	if (guests->yield_ticker)
		return;
	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ham_vm *vm = value;

		vm->yield.seen = false;
	}
	guests->yield_ticker = g_timeout_add(LOOK_MS, look, guests);
	(void)look(guests);
}

uint64_t
ham_yield_of(ham_guests *guests, uint64_t bytes)
{
	unsigned int share = HAM_BM_WHOLE;
	GHashTableIter iter;
	gpointer value;

	if (!guests->yield_ticker)
		return bytes;
	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct ham_vm *vm = value;

		if (runs(vm) && vm->yield.seen)
			share = MIN(share, vm->yield.share);
	}
	return MAX(bytes / HAM_BM_WHOLE * share, 1);
}
