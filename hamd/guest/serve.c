/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/serve.c - replica: a storage daemon serves the images here (SERVE,
 * NARROW, CLOSE)
 *
 * An export is named by epoch, generation and this boot.  While the guest is
 * handed over between two other nodes there are two: the one of the epoch to
 * come is opened beside the other, and NARROW cuts off whoever still has the
 * old one.  A daemon whose exports can't be closed is ended instead.
 */
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

/* ---- SERVE ---- */

static bool
goes_on(const struct ham_vm *vm)
{
	return vm->qsd && vm->role == HAM_ROLE_REPLICA &&
	       vm->epoch + 1 == vm->effect.epoch;
}

static void
serve_check(struct ham_vm *vm)
{
	if (!vm->conf)
		ham_flow_fail(vm, "the cluster file on %s does not name it",
			      vm->guests->spec.node);
}

static void
serve_images(struct ham_vm *vm)
{
	ham_images_prepare(vm, vm->effect.flag);
}

static void
serve_start(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_REPLICA;
	if (!ham_qsd_start(vm, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
serve_open(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-add",
			      ham_bm_qsd_open(&disk, true), HAM_FLOW_MUST,
			      NULL);
	}
}

static void
serve_export(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *name = ham_vm_disk_export(
			vm, i, vm->effect.epoch, vm->effect.value,
			vm->guests->boot_id);

		ham_flow_send(vm, vm->qsd_qmp, "block-export-add",
			      ham_bm_qsd_export(&disk, vm->effect.epoch, name),
			      HAM_FLOW_MUST, NULL);
	}
}

static const struct ham_step serve_steps[] = {
	{"check", serve_check, NULL, 0},
	{"end what was left", ham_qsd_kill, ham_qsd_gone, 60000},
	{"images", serve_images, NULL, 600000},
	{"start the storage daemon", serve_start, ham_qsd_ready, 0},
	{"open the images", serve_open, NULL, 0},
	{"serve them", serve_export, NULL, 0},
};

static const struct ham_step next_steps[] = {
	{"serve the images at the epoch to come", serve_export, NULL, 0},
};

static void
tell(struct ham_vm *vm, enum ham_did did, const char *text, const char *blob)
{
	struct ham_blob bytes = {0};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)did,
				  .epoch = vm->effect.epoch,
				  .text = text,
				  .blob = &bytes};

	if (blob) {
		bytes.len = (uint16_t)strlen(blob);
		memcpy(bytes.bytes, blob, bytes.len);
	}
	ham_vm_tell(vm, &event);
}

char *
ham_serve_blob(const struct ham_vm *vm, uint64_t epoch)
{
	struct ham_peer me = {.nbd_port = vm->qsd_port,
			      .epoch = epoch,
			      .generation = vm->export_generation,
			      .node = vm->guests->spec.node_id,
			      .fresh = vm->made_images->len > 0,
			      .digest_port = vm->digest_port};

	g_strlcpy(me.image_id, vm->image_id, sizeof(me.image_id));
	if (vm->digest_port)
		g_strlcpy(me.digest_token, vm->digest_token,
			  sizeof(me.digest_token));
	g_strlcpy(me.host, ham_vm_address(vm), sizeof(me.host));
	g_strlcpy(me.boot_id, vm->guests->boot_id, sizeof(me.boot_id));
	return ham_peer_write(&me);
}

static void
told_served(struct ham_vm *vm)
{
	uint64_t now = vm->export_generation;
	g_autofree char *blob = NULL;

	vm->export_generation = vm->effect.value;
	blob = ham_serve_blob(vm, vm->effect.epoch);
	if (vm->effect.epoch != vm->epoch) /* that one goes on */
		vm->export_generation = now;

	/* they are the copy now, and what made them does not undo them */
	ham_images_keep_made(vm);
	tell(vm, HAM_DID_SERVED, NULL, blob);
}

static void
unserved(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_err("%s: %s", vm->name, error->message);
		ham_do_close(vm);
		return;
	}
	vm->role = HAM_ROLE_NONE;
	ham_images_remove_made(vm);
	ham_state_remove(vm);
	tell(vm, HAM_DID_SERVE_FAILED, vm->failure, NULL);
}

static const struct ham_step clear_steps[] = {
	{"end the storage daemon", ham_qsd_kill, ham_qsd_gone, 60000},
};

static void
serve_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		g_snprintf(vm->failure, sizeof(vm->failure), "%s: %s",
			   vm->guests->spec.node, ham_flow_words(error));
		ham_vm_begin(vm, "clear a failed replica", clear_steps,
			     G_N_ELEMENTS(clear_steps), unserved);
		return;
	}
	vm->generation = vm->export_generation = vm->effect.value;
	ham_digest_start(vm);
	(void)ham_state_write(vm, NULL);
	told_served(vm);
}

static void
next_end(struct ham_vm *vm, const GError *error)
{
	if (error)
		tell(vm, HAM_DID_SERVE_FAILED, error->message, NULL);
	else
		told_served(vm);
	if (!vm->qsd && !vm->flow)
		ham_do_close(vm);
}

void
ham_do_serve(struct ham_vm *vm)
{
	if (goes_on(vm)) {
		ham_vm_begin(vm, "serve the next epoch", next_steps,
			     G_N_ELEMENTS(next_steps), next_end);
		return;
	}
	vm->epoch = vm->effect.epoch;
	vm->txn = vm->effect.txn;
	vm->generation = vm->export_generation = vm->effect.value;
	ham_images_keep_made(vm);
	ham_vm_begin(vm, "serve", serve_steps, G_N_ELEMENTS(serve_steps),
		     serve_end);
}

/* ---- NARROW ---- */

static void
exports_seen(struct ham_vm *vm, JsonNode *value)
{
	vm->exports_left = ham_bm_qsd_count_exports(value, vm->effect.epoch);
}

static void
narrow_ask(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qsd_qmp, "query-block-exports", NULL,
		      HAM_FLOW_MUST, exports_seen);
}

static void
narrow(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		for (uint64_t epoch = vm->epoch; epoch <= vm->epoch + 1;
		     epoch++)
			if (epoch != vm->effect.epoch)
				ham_flow_send(vm, vm->qsd_qmp,
					      "block-export-del",
					      ham_bm_qsd_export_del(&disk,
								    epoch),
					      HAM_FLOW_MAY, NULL);
	}
	narrow_ask(vm);
}

/* The event says that an export is gone; what is still there, the daemon. */
static bool
is_narrow(struct ham_vm *vm)
{
	if (vm->exports_left == 0) {
		ham_vm_nudge_end(vm);
		return true;
	}
	ham_vm_nudge(vm, 5);
	narrow_ask(vm);
	return false;
}

static const struct ham_step narrow_steps[] = {
	{"close the old exports", narrow, is_narrow, 2000},
};

static void
narrow_end(struct ham_vm *vm, const GError *error)
{
	ham_vm_nudge_end(vm);
	if (error) {
		ham_warn("%s: %s; ending the storage daemon", vm->name,
			 error->message);
		ham_do_close(vm);
		return;
	}
	if (vm->epoch != vm->effect.epoch)
		vm->export_generation = vm->generation;
	vm->epoch = vm->effect.epoch;
	(void)ham_state_write(vm, NULL);
	ham_vm_did(vm, HAM_DID_NARROWED, NULL, false);
}

void
ham_do_narrow(struct ham_vm *vm)
{
	vm->exports_left = 1;
	ham_vm_begin(vm, "narrow", narrow_steps, G_N_ELEMENTS(narrow_steps),
		     narrow_end);
}

/* ---- CLOSE ---- */

static const struct ham_step close_steps[] = {
	{"end the storage daemon", ham_qsd_kill, ham_qsd_gone, 60000},
};

static void
close_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_err("%s: %s", vm->name, error->message);
		ham_do_close(vm);
		return;
	}
	vm->role = HAM_ROLE_NONE;
	ham_state_remove(vm);
	ham_vm_did(vm, HAM_DID_CLOSED, NULL, false);
}

void
ham_do_close(struct ham_vm *vm)
{
	ham_vm_begin(vm, "close a replica", close_steps,
		     G_N_ELEMENTS(close_steps), close_end);
}

/* ---- LOOK: before a start, so that no other copy is given up for nothing ---- */

static void
look_images(struct ham_vm *vm)
{
	if (!vm->conf)
		ham_flow_fail(vm, "the cluster file on %s does not name it",
			      vm->guests->spec.node);
	else
		ham_images_prepare(vm, false);
}

static const struct ham_step look_steps[] = {
	{"check", look_images, NULL, 60000},
};

static void
look_end(struct ham_vm *vm, const GError *error)
{
	ham_vm_did(vm, HAM_DID_LOOKED, error ? ham_flow_words(error) : NULL,
		   error == NULL);
}

void
ham_do_look(struct ham_vm *vm)
{
	ham_vm_begin(vm, "look", look_steps, G_N_ELEMENTS(look_steps),
		     look_end);
}
