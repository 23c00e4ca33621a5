/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/vm.c - see vm.h: the table of guests, and the way to the core */
#include "hamd/guest/vm.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	MAX_MARKS = 400
};

struct mark {
	int64_t at_us;
	char what[48];
};

struct ham_vm *
ham_vm_get(ham_guests *guests, const char *name)
{
	struct ham_vm *vm = g_hash_table_lookup(guests->vms, name);

	if (vm)
		return vm;
	vm = g_new0(struct ham_vm, 1);
	vm->guests = guests;
	vm->name = g_strdup(name);
	vm->dir = g_strdup_printf("%s/guests/%s", guests->spec.run_dir, name);
	vm->conf = ham_conf_find_guest(guests->spec.conf, name);
	vm->ports = g_ptr_array_new_with_free_func(
		(GDestroyNotify)ham_net_port_free);
	vm->learners = g_ptr_array_new_with_free_func(
		(GDestroyNotify)ham_net_learner_free);
	vm->tails = g_ptr_array_new_with_free_func(
		(GDestroyNotify)ham_net_tail_free);
	vm->made_images = g_ptr_array_new_with_free_func(g_free);
	vm->waiting = g_queue_new();
	vm->timeline = g_array_new(FALSE, FALSE, sizeof(struct mark));
	g_hash_table_insert(guests->vms, vm->name, vm);
	return vm;
}

void
ham_vm_free(struct ham_vm *vm)
{
	ham_flow_cancel(vm->flow);
	ham_copy_stop_watching(vm);
	ham_copy_pause_ends(vm);
	ham_announce_stop(vm);
	g_clear_handle_id(&vm->powerdown, g_source_remove);
	ham_vm_nudge_end(vm);
	ham_slot_unwatch(vm);
	ham_verify_forget(vm, NULL);
	ham_slots_forget(vm);
	ham_probe_free(vm->probe);
	g_clear_handle_id(&vm->qsd_watch, g_source_remove);
	g_clear_handle_id(&vm->qsd_end, g_source_remove);
	g_clear_handle_id(&vm->paused, g_source_remove);
	ham_qmp_free(vm->qmp);
	ham_qmp_free(vm->qsd_qmp);
	ham_child_free(vm->qemu);
	ham_child_free(vm->qsd);
	ham_child_free(vm->digest);
	ham_compare_stop(vm);
	ham_compare_clear(vm);
	g_clear_pointer(&vm->resize.nulls, g_ptr_array_unref);
	ham_seen_stop(vm);
	ham_learn_close(vm);
	g_ptr_array_free(vm->learners, TRUE);
	ham_quiet_forget(vm);
	g_ptr_array_free(vm->tails, TRUE);
	g_ptr_array_free(vm->ports, TRUE);
	g_ptr_array_free(vm->made_images, TRUE);
	g_queue_free_full(vm->waiting, g_free);
	g_array_free(vm->timeline, TRUE);
	for (unsigned int i = 0; i < HAM_CONF_MAX_DISKS; i++)
		g_free(vm->job[i].error);
	g_free(vm->dir);
	g_free(vm->name);
	g_free(vm);
}

void
ham_vm_tell(struct ham_vm *vm, struct ham_event *event)
{
	event->kind = HAM_EV_DID;
	event->now_us = ham_clock_us();
	event->guest = vm->name;
	vm->guests->spec.on_event(event, vm->guests->spec.data);
}

void
ham_vm_did(struct ham_vm *vm, enum ham_did did, const char *text, bool flag)
{
	struct ham_event event = {.did = (uint8_t)did,
				  .text = text,
				  .flag = flag,
				  .value = (uint64_t)vm->copy.stop_us,
				  .epoch = vm->epoch,
				  .txn = vm->txn,
				  .progress = &vm->copy.progress};

	ham_vm_tell(vm, &event);
}

void
ham_vm_did_blob(struct ham_vm *vm, enum ham_did did, const char *blob)
{
	struct ham_blob bytes = {0};
	struct ham_event event = {.did = (uint8_t)did, .blob = &bytes};

	g_assert(strlen(blob) <= sizeof(bytes.bytes));
	bytes.len = (uint16_t)strlen(blob);
	memcpy(bytes.bytes, blob, bytes.len);
	ham_vm_tell(vm, &event);
}

unsigned int
ham_vm_n_disks(const struct ham_vm *vm)
{
	return vm->conf ? vm->conf->disks->len : 0;
}

bool
ham_vm_is_shared(const struct ham_vm *vm, unsigned int i)
{
	return vm->shared & (1u << i);
}

unsigned int
ham_vm_copied(const struct ham_vm *vm, unsigned int i)
{
	while (i < ham_vm_n_disks(vm) && ham_vm_is_shared(vm, i))
		i++;
	return i;
}

unsigned int
ham_vm_n_copied(const struct ham_vm *vm)
{
	unsigned int n = 0;

	HAM_EACH_COPIED (vm, i)
		n++;
	return n;
}

struct ham_bm_disk
ham_vm_disk(const struct ham_vm *vm, unsigned int i)
{
	const struct ham_conf_disk *disk =
		g_ptr_array_index(vm->conf->disks, i);

	return (struct ham_bm_disk){
		.index = i,
		.path = disk->path,
		.size = vm->size[i] ? vm->size[i] : disk->size,
		.device = vm->devices & (1u << i),
		.shared = ham_vm_is_shared(vm, i),
	};
}

char *
ham_vm_disk_export(const struct ham_vm *vm, unsigned int i, uint64_t epoch,
		   uint64_t generation, const char *boot_id)
{
	const struct ham_conf_disk *disk =
		g_ptr_array_index(vm->conf->disks, i);

	return ham_bm_export_name(vm->name, disk->name, epoch, generation,
				  boot_id);
}

const char *
ham_vm_address(const struct ham_vm *vm)
{
	const struct ham_conf_node *node = ham_conf_find_node(
		vm->guests->spec.conf, vm->guests->spec.node);

	return node->address_migration;
}

const char *
ham_vm_node_name(const struct ham_vm *vm, uint32_t node)
{
	return vm->guests->spec.name_of(node, vm->guests->spec.data);
}

bool
ham_vm_is_copying(const struct ham_vm *vm)
{
	return vm->copy.watching || vm->fill.active;
}

/* HAM_BM_N_COPIES: none is made of it. */
static enum ham_bm_copy_kind
copy_kind(const struct ham_vm *vm)
{
	if (vm->copy.watching || (vm->flow && vm->effect.act == HAM_DO_COPY))
		return HAM_BM_COPY_MIGRATION;
	if (vm->fill.active)
		return HAM_BM_COPY_FILL;
	return vm->verify.active ? HAM_BM_COPY_COMPARE : HAM_BM_N_COPIES;
}

/* Of a migration the policy in force counts, which may have been set since. */
static struct ham_bm_copy
copy_of(const struct ham_vm *vm, enum ham_bm_copy_kind kind)
{
	struct ham_bm_copy copy = {.kind = (uint8_t)kind};

	if (kind == HAM_BM_COPY_MIGRATION) {
		copy.priority = vm->copy.policy.priority;
		copy.limit = vm->copy.policy.bandwidth;
	} else if (vm->conf) {
		copy.priority = (uint8_t)vm->conf->priority;
		copy.limit = vm->conf->bandwidth;
	}
	return copy;
}

/* All copies of a node share its bandwidth (blockmirror/share.c).  One that
 * none is made of yet is about to be compared.  A comparison keeps the rate
 * that it began with: little but digests goes over the network. */
uint64_t
ham_vm_budget(const struct ham_vm *vm)
{
	GHashTable *vms = vm->guests->vms;
	g_autofree struct ham_bm_copy *copies =
		g_new(struct ham_bm_copy, g_hash_table_size(vms) + 1);
	enum ham_bm_copy_kind kind = copy_kind(vm);
	GHashTableIter iter;
	gpointer value;
	unsigned int n = 1;

	copies[0] = copy_of(vm, kind < HAM_BM_N_COPIES ? kind
						       : HAM_BM_COPY_COMPARE);
	g_hash_table_iter_init(&iter, vms);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		kind = copy_kind(value);
		if (value != vm && kind < HAM_BM_N_COPIES)
			copies[n++] = copy_of(value, kind);
	}
	ham_bm_share(vm->guests->spec.conf->migration_bandwidth, copies, n);
	return copies[0].share;
}

uint64_t
ham_vm_disk_budget(const struct ham_vm *vm)
{
	return ham_yield_of(vm->guests, ham_vm_budget(vm));
}

void
ham_vm_mark(struct ham_vm *vm, const char *format, ...)
{
	struct mark mark = {.at_us = ham_clock_us()};
	va_list ap;

	if (!vm->tracing || vm->timeline->len >= MAX_MARKS)
		return;
	va_start(ap, format);
	g_vsnprintf(mark.what, sizeof(mark.what), format, ap);
	va_end(ap);
	g_array_append_val(vm->timeline, mark);
}

JsonArray *
ham_guests_timeline(const ham_guests *guests, const char *name)
{
	struct ham_vm *vm = g_hash_table_lookup(guests->vms, name);
	JsonArray *array = json_array_new();

	for (guint i = 0; vm && i < vm->timeline->len; i++) {
		const struct mark *m =
			&g_array_index(vm->timeline, struct mark, i);
		JsonObject *object = json_object_new();

		json_object_set_string_member(object, "node",
					      guests->spec.node);
		json_object_set_int_member(object, "at_us", m->at_us);
		json_object_set_string_member(object, "what", m->what);
		json_array_add_object_element(array, object);
	}
	return array;
}

static gboolean
nudge(gpointer data)
{
	struct ham_vm *vm = data;

	vm->nudge = 0;
	ham_flow_poke(vm);
	return G_SOURCE_REMOVE;
}

void
ham_vm_nudge(struct ham_vm *vm, unsigned int after_ms)
{
	ham_vm_nudge_end(vm);
	vm->nudge = g_timeout_add(after_ms, nudge, vm);
}

void
ham_vm_nudge_end(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->nudge, g_source_remove);
}

void
ham_vm_begin(struct ham_vm *vm, const char *name, const struct ham_step *steps,
	     unsigned int n, ham_flow_end_fn on_end)
{
	ham_flow_cancel(vm->flow);
	ham_slot_unwatch(vm);
	g_clear_pointer(&vm->probe, ham_probe_free);
	ham_debug("%s: %s", vm->name, name);
	vm->flow = ham_flow_new(vm, name, steps, n, on_end);
	ham_flow_start(vm->flow);
}

const char *
ham_guests_qemu_version(const ham_guests *guests)
{
	return guests->version;
}
