/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/verify.c - owner: is that copy the same? (VERIFY)
 *
 * Digests of both sides are compared while the guest writes.  What differs may
 * be a write that has come to one side only; it is looked at again for a while,
 * and what is left a last time with the guest stopped for some ms, when nothing
 * is under way.  What differs then is damaged on one of the two sides.
 *
 * Changes nothing: what becomes of such a copy is the core's.  Its bitmap is
 * void, since it knows only of writes.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	LAST_LOOK_MS = 3000,
	TRY_MS = 20,
	/* more is not looked at while the guest stands */
	LAST_BYTES = HAM_BM_DIGEST_LAST * HAM_BM_DIGEST_BLOCK,
};

static void over(struct ham_vm *vm, const char *why);

/* It may be a fill's that is under way. */
static void
end_comparison(struct ham_vm *vm)
{
	if (vm->compare.on_end != over)
		return;
	ham_compare_stop(vm);
	ham_compare_clear(vm);
}

static void
tell(struct ham_vm *vm, bool equal, bool differs, const char *text)
{
	struct ham_event event = {.did = HAM_DID_VERIFIED,
				  .node = vm->verify.node,
				  .flag = equal,
				  .value = differs,
				  .text = text};

	g_clear_handle_id(&vm->verify.waiting, g_source_remove);
	vm->verify.active = false;
	end_comparison(vm);
	ham_vm_tell(vm, &event);
}

static void
result(struct ham_vm *vm, const char *why)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	int k = ham_slot_index(vm, vm->verify.node);
	guint n;
	uint64_t bytes = vm->compare.differ;

	if (!why && !ham_images_in_use(vm, vm->qemu, &error))
		why = error->message;
	if (!why && (vm->compare.on_end != over || !vm->compare.ranges))
		why = "it was called off";
	if (why) {
		tell(vm, false, false, why);
		return;
	}
	n = vm->compare.ranges->len;
	if (n == 0) {
		tell(vm, true, false, NULL);
		return;
	}
	if (k >= 0) {
		vm->slot[k].delta_node = 0;
		(void)ham_state_write(vm, NULL); /* a restarted hamd, too */
	}
	text = g_strdup_printf(
		"%s%" G_GUINT64_FORMAT " KiB differ, at %u place%s",
		bytes >= LAST_BYTES ? "at least " : "", bytes >> 10, n,
		n == 1 ? "" : "s");
	tell(vm, false, true, text);
}

/* ---- the last look ---- */

static void
last_ask(struct ham_vm *vm)
{
	ham_qemu_query_status(vm);
}

static void
last_stop(struct ham_vm *vm)
{
	if (strcmp(vm->run_state, "running") != 0) {
		ham_flow_fail(vm, "the guest does not run: %s", vm->run_state);
		return;
	}
	vm->verify.stopped = true;
	ham_slot_stop(vm);
}

static void
last_look(struct ham_vm *vm)
{
	ham_compare_go(vm);
}

static bool
looked(struct ham_vm *vm)
{
	return vm->verify.over;
}

static const struct ham_step last_steps[] = {
	{"ask for the state", last_ask, NULL, 0},
	{"stop the guest", last_stop, NULL, 0},
	{"look a last time", last_look, looked, LAST_LOOK_MS},
};

static void
let_run(struct ham_vm *vm)
{
	if (vm->verify.stopped)
		ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MAY, NULL);
	vm->verify.stopped = false;
}

static const struct ham_step run_steps[] = {
	{"let the guest run", let_run, NULL, 0},
};

static void
runs_again(struct ham_vm *vm, const GError *error)
{
	(void)error;
	vm->slot_act.act = HAM_DO_NONE;
	vm->verify.last = false;
	if (!vm->verify.active)
		return; /* the guest is gone, and that was told */
	result(vm, vm->verify.why[0] ? vm->verify.why : NULL);
}

static void
last_end(struct ham_vm *vm, const GError *error)
{
	if (error && vm->verify.why[0] == '\0')
		g_strlcpy(vm->verify.why, error->message,
			  sizeof(vm->verify.why));
	ham_vm_begin(vm, HAM_FLOW_SLOT, run_steps, G_N_ELEMENTS(run_steps),
		     runs_again);
}

static gboolean
try_last(gpointer data)
{
	struct ham_vm *vm = data;

	if (vm->flow)
		return G_SOURCE_CONTINUE; /* what it is about comes first */
	vm->verify.waiting = 0;
	vm->verify.last = true;
	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_begin(vm, HAM_FLOW_SLOT, last_steps, G_N_ELEMENTS(last_steps),
		     last_end);
	return G_SOURCE_REMOVE;
}

static void
suspects(struct ham_vm *vm)
{
	vm->verify.waiting = g_timeout_add(TRY_MS, try_last, vm);
}

static void
over(struct ham_vm *vm, const char *why)
{
	if (why)
		g_strlcpy(vm->verify.why, why, sizeof(vm->verify.why));
	vm->verify.over = true;
	if (vm->verify.last)
		ham_flow_poke(vm);
	else
		result(vm, why);
}

void
ham_verify_stop(struct ham_vm *vm, const char *why)
{
	if (!vm->verify.active)
		return;
	if (!vm->verify.last) {
		tell(vm, false, false, why);
		return;
	}
	/* the guest stands: its flow lets it run, and tells */
	end_comparison(vm);
	g_strlcpy(vm->verify.why, why, sizeof(vm->verify.why));
	vm->verify.over = true;
	ham_flow_poke(vm);
}

void
ham_verify_forget(struct ham_vm *vm, const char *why)
{
	vm->verify.last = vm->verify.stopped = false;
	if (vm->verify.active && why)
		tell(vm, false, false, why);
	g_clear_handle_id(&vm->verify.waiting, g_source_remove);
	vm->verify.active = false;
	end_comparison(vm);
}

void
ham_do_verify(struct ham_vm *vm, uint32_t node, bool by_itself)
{
	g_autoptr(GError) error = NULL;
	int k = ham_slot_index(vm, node);
	uint64_t rate = ham_vm_budget(vm);
	const char *why_not =
		!ham_images_in_use(vm, vm->qemu, &error) ? error->message
		: vm->verify.active || vm->fill.comparing
			? "another comparison is under way"
		: k < 0 || vm->slot[k].filling ? "no slot holds that copy"
		: vm->slot[k].peer.digest_port == 0
			? "that copy's node serves no digests"
			: NULL;

	if (why_not) {
		struct ham_event event = {.did = HAM_DID_VERIFIED,
					  .node = node,
					  .text = why_not};

		ham_vm_tell(vm, &event);
		return;
	}
	g_clear_error(&error);
	memset(&vm->verify, 0, sizeof(vm->verify));
	vm->verify.node = node;
	vm->verify.active = true;
	if (by_itself) /* nobody waits: the guests' own reads come first */
		rate = MIN(rate, vm->guests->spec.conf->verify_bandwidth);
	if (!ham_compare_start(vm, &vm->slot[k].peer, rate, suspects, over,
			       &error))
		tell(vm, false, false, error->message);
}
