/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/incoming.c - destination: all built beforehand, silent and paused
 *
 * The storage daemon holds the image while the mirror fills it; QEMU has it
 * open inactive.  The slot is wired to the source's disk during the copy, so
 * that only activation is left for the pause.  `late-block-activate` keeps
 * QEMU from activating by itself.
 */
#include <string.h>

#include "hamd/base/error.h"
#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	/* 1000BASE-T takes up to 4 s to agree with its other end */
	CARRIER_WAIT_US = 6000000,
	CARRIER_LOOK_MS = 100,
};

/* ---- PREPARE ---- */

bool
ham_memory_available(uint64_t *bytes, GError **error)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents("/proc/meminfo", &text, NULL, error))
		return false;
	at = strstr(text, "MemAvailable:");
	*bytes = at ? g_ascii_strtoull(at + 13, NULL, 10) * 1024 : 0;
	return true;
}

bool
ham_guests_memory_fits(const struct ham_conf_guest *guest,
		       const struct ham_conf_node *node, uint64_t available,
		       GError **error)
{
	if (available >= guest->memory + node->memory_reserve)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s has %" G_GUINT64_FORMAT " MiB of memory left, %s needs "
		    "%" G_GUINT64_FORMAT " MiB and %" G_GUINT64_FORMAT
		    " MiB are reserved",
		    node->name, available >> 20, guest->name,
		    guest->memory >> 20, node->memory_reserve >> 20);
	return false;
}

static bool
memory_free(struct ham_vm *vm, GError **error)
{
	const struct ham_conf_node *node = ham_conf_find_node(
		vm->guests->spec.conf, vm->guests->spec.node);
	uint64_t available;

	return ham_memory_available(&available, error) &&
	       ham_guests_memory_fits(vm->conf, node, available, error);
}

static void
prepare_check(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!vm->conf) {
		ham_flow_fail(vm, "the cluster file on %s does not name it",
			      vm->guests->spec.node);
		return;
	}
	if (!memory_free(vm, &error) || !ham_ports_check(vm, &error) ||
	    !ham_knows_check(vm->guests, vm->conf, &error)) {
		ham_flow_fail(vm, "%s", error->message);
	} else if (vm->effect.flag && !ham_images_in_use(vm, vm->qsd, &error)) {
		/* what takes the guest's writes here is not what QEMU would
		 * open: a copy that can't be started from is none */
		vm->effect.flag = false;
		ham_err("%s: the copy here is given up: %s", vm->name,
			error->message);
		ham_flow_fail(vm, "%s", error->message);
	}
}

static void
prepare_images(struct ham_vm *vm)
{
	/* a live copy has its images */
	ham_images_prepare(vm, !vm->effect.flag);
}

static void
prepare_clear(struct ham_vm *vm)
{
	if (!vm->effect.flag)
		ham_qsd_kill(vm);
}

static bool
prepare_clean(struct ham_vm *vm)
{
	return vm->effect.flag || ham_qsd_gone(vm);
}

static void
prepare_daemon(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (vm->effect.flag)
		return; /* the replica's daemon is there already */
	if (!ham_qsd_start(vm, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
prepare_export(struct ham_vm *vm)
{
	HAM_EACH_COPIED_WHEN (vm, i, !vm->effect.flag) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *name = ham_vm_disk_export(vm, i, vm->epoch, 0,
							   vm->guests->boot_id);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-add",
			      ham_bm_qsd_open(&disk, true), HAM_FLOW_MUST,
			      NULL);
		ham_flow_send(vm, vm->qsd_qmp, "block-export-add",
			      ham_bm_qsd_export(&disk, vm->epoch, name),
			      HAM_FLOW_MUST, NULL);
	}
}

static void
prepare_process(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_INCOMING;
	if (!ham_ports_open(vm, &error) || !ham_qemu_start(vm, true, &error))
		ham_flow_fail(vm, "%s", error->message);
}

static void
add_capability(JsonArray *array, const char *name)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "capability", name);
	json_object_set_boolean_member(object, "state", true);
	json_array_add_object_element(array, object);
}

static void
prepare_incoming(struct ham_vm *vm)
{
	JsonObject *caps = json_object_new();
	JsonObject *args = json_object_new();
	JsonArray *list = json_array_new();
	const char *address = ham_vm_address(vm);
	bool v6 = strchr(address, ':') != NULL;
	g_autofree char *uri = g_strdup_printf("tcp:%s%s%s:0", v6 ? "[" : "",
					       address, v6 ? "]" : "");

	add_capability(list, "events");
	add_capability(list, "return-path");
	add_capability(list, "pause-before-switchover");
	add_capability(list, "late-block-activate");
	json_object_set_array_member(caps, "capabilities", list);
	ham_flow_send(vm, vm->qmp, "migrate-set-capabilities", caps,
		      HAM_FLOW_MUST, NULL);
	json_object_set_string_member(args, "uri", uri);
	ham_flow_send(vm, vm->qmp, "migrate-incoming", args, HAM_FLOW_MUST,
		      NULL);
}

static void
got_port(struct ham_vm *vm, JsonNode *value)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(value)
				     ? json_node_get_object(value)
				     : NULL;
	JsonArray *list =
		object ? ham_json_array(object, "socket-address") : NULL;
	JsonNode *first = list && json_array_get_length(list) > 0
				  ? json_array_get_element(list, 0)
				  : NULL;
	const char *port =
		first && JSON_NODE_HOLDS_OBJECT(first)
			? ham_json_string(json_node_get_object(first), "port")
			: NULL;

	vm->ram_port =
		port ? (unsigned int)g_ascii_strtoull(port, NULL, 10) : 0;
	if (vm->ram_port == 0 || vm->ram_port > 65535)
		ham_flow_fail(vm, "QEMU told no port for the memory");
}

static void
prepare_port(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "query-migrate", NULL, HAM_FLOW_MUST,
		      got_port);
}

static void
pause_prepare(struct ham_vm *vm)
{
	ham_pause_point(vm, "prepare");
}

/* Of an uplink that was just brought up.  Without one the answer to S says so,
 * and that is S's to judge. */
static void
prepare_carrier(struct ham_vm *vm)
{
	vm->carrier_until_us = ham_clock_us() + CARRIER_WAIT_US;
}

static bool
has_carrier(struct ham_vm *vm)
{
	if (ham_ports_have_carrier(vm) ||
	    ham_clock_us() >= vm->carrier_until_us)
		return true;
	ham_vm_nudge(vm, CARRIER_LOOK_MS);
	return false;
}

/* It may have ended since it was ready. */
static void
prepare_last(struct ham_vm *vm)
{
	if (!vm->qsd)
		ham_flow_fail(vm, "the storage daemon ended");
}

static const struct ham_step prepare_steps[] = {
	{"check", prepare_check, NULL, 0},
	{"end what was left", prepare_clear, prepare_clean, 0},
	{"images", prepare_images, NULL, 600000},
	{"start the storage daemon", prepare_daemon, ham_qsd_ready, 0},
	{"serve the image", prepare_export, NULL, 0},
	{"start QEMU", prepare_process, ham_qemu_ready, 20000},
	{"listen", prepare_incoming, NULL, 0},
	{"ask for the port", prepare_port, NULL, 0},
	{"wait for a carrier", prepare_carrier, has_carrier, 0},
	{"pause point", pause_prepare, ham_pause_over, 600000},
	{"check", prepare_last, NULL, 0},
};

/* ---- DISCARD: also what a failed PREPARE does ---- */

static void
discard_kill(struct ham_vm *vm)
{
	vm->ending = true;
	ham_qemu_kill(vm);
	if (!vm->keep_daemon)
		ham_qsd_kill(vm);
}

static bool
discard_gone(struct ham_vm *vm)
{
	return ham_qemu_gone(vm) && (vm->keep_daemon || ham_qsd_gone(vm));
}

/* A replica that stays takes its image again. */
static void
discard_retake(struct ham_vm *vm)
{
	HAM_EACH_COPIED_WHEN (vm, i, vm->keep_daemon && vm->released) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-set-active",
			      ham_bm_qsd_set_active(&disk, true), HAM_FLOW_MAY,
			      NULL);
	}
}

static const struct ham_step discard_steps[] = {
	{"end what was built", discard_kill, discard_gone, 60000},
	{"keep the replica", discard_retake, NULL, 0},
};

static void
discard_clean(struct ham_vm *vm)
{
	ham_ports_close(vm);
	ham_images_remove_made(vm);
	vm->released = false;
	if (vm->keep_daemon && vm->qsd) {
		vm->role = HAM_ROLE_REPLICA;
		vm->epoch--; /* that of its export */
		(void)ham_state_write(vm, NULL);
	} else {
		vm->role = HAM_ROLE_NONE;
		ham_state_remove(vm);
	}
}

static void
discard_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		ham_err("%s: %s", vm->name, error->message);
		ham_do_discard(vm);
		return;
	}
	discard_clean(vm);
	ham_vm_did(vm, HAM_DID_DISCARDED, NULL, vm->role == HAM_ROLE_REPLICA);
}

void
ham_do_discard(struct ham_vm *vm)
{
	vm->keep_daemon = vm->effect.flag;
	if (vm->effect.value)
		ham_images_keep_made(vm);
	vm->tracing = false;
	ham_vm_begin(vm, "discard", discard_steps, G_N_ELEMENTS(discard_steps),
		     discard_end);
}

static void
prepare_cleared(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_err("%s: %s", vm->name, error->message);
	discard_clean(vm);
	ham_vm_did(vm, HAM_DID_PREPARE_FAILED, vm->failure,
		   vm->role == HAM_ROLE_REPLICA);
}

static void
prepare_end(struct ham_vm *vm, const GError *error)
{
	struct ham_peer me = {.ram_port = vm->ram_port,
			      .nbd_port = vm->qsd_port,
			      .epoch = vm->epoch,
			      .node = vm->guests->spec.node_id,
			      .replica = vm->effect.flag};
	g_autofree char *text = NULL, *facts = NULL;
	g_autoptr(GError) local = NULL;

	if (!error)
		facts = ham_ports_facts(vm, &local);
	if (!facts) {
		error = error ? error : local;
		g_snprintf(vm->failure, sizeof(vm->failure), "%s: %s",
			   vm->guests->spec.node, ham_flow_words(error));
		vm->keep_daemon = vm->effect.flag;
		ham_vm_begin(vm, "clear a failed preparation", discard_steps,
			     G_N_ELEMENTS(discard_steps), prepare_cleared);
		return;
	}
	g_strlcpy(me.host, ham_vm_address(vm), sizeof(me.host));
	g_strlcpy(me.boot_id, vm->guests->boot_id, sizeof(me.boot_id));
	g_strlcpy(me.ports, facts, sizeof(me.ports));
	text = ham_peer_write(&me);
	ham_vm_did_blob(vm, HAM_DID_PREPARED, text);
}

void
ham_do_prepare(struct ham_vm *vm)
{
	vm->epoch = vm->effect.epoch;
	vm->txn = vm->effect.txn;
	vm->cold = vm->released = false;
	ham_slots_forget(vm);
	ham_images_keep_made(vm);
	g_array_set_size(vm->timeline, 0);
	vm->tracing = false;
	ham_vm_begin(vm, "prepare", prepare_steps, G_N_ELEMENTS(prepare_steps),
		     prepare_end);
}

/* ---- WIRE ---- */

static const struct ham_step wire_steps[] = {
	{"look at the slots", ham_slot_query, NULL, 0},
	{"connect to the source's disk", ham_connect_0, ham_connected_0, 0},
	{"connect to a copy", ham_connect_1, ham_connected_1, 0},
	{"connect to another", ham_connect_2, ham_connected_2, 0},
	{"put them into the slots", ham_connect_swap, NULL, 0},
};

static void
wire_end(struct ham_vm *vm, const GError *error)
{
	uint32_t ids[HAM_BM_SLOTS];
	struct ham_event event = {.did = HAM_DID_WIRED, .ids = ids};

	if (error) {
		ham_vm_did(vm, HAM_DID_TAKEOVER_FAILED, error->message, false);
		return;
	}
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].node)
			ids[event.n_ids++] = vm->slot[k].node;
	ham_vm_tell(vm, &event);
}

void
ham_do_wire(struct ham_vm *vm)
{
	if (!ham_connect_read(vm, &vm->effect.blob)) {
		ham_vm_did(vm, HAM_DID_TAKEOVER_FAILED,
			   "where the copies are can't be read", false);
		return;
	}
	ham_vm_begin(vm, "wire", wire_steps, G_N_ELEMENTS(wire_steps),
		     wire_end);
}

/* ---- RELEASE, TAKEOVER ---- */

static void
release(struct ham_vm *vm)
{
	vm->tracing = true;
	vm->released = true;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		ham_flow_send(vm, vm->qsd_qmp, "blockdev-set-active",
			      ham_bm_qsd_set_active(&disk, false),
			      HAM_FLOW_MUST, NULL);
	}
}

/* While the state is still on its way: QEMU is paused, so nothing is written,
 * and an image that is not taken in the end is ended before the disk is given
 * to anyone else (HAM_DO_DISCARD). */
static void
activate(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "blockdev-set-active",
		      ham_bm_set_active(true), HAM_FLOW_MUST, NULL);
	ham_connect_bitmaps(vm);
}

static bool
state_came(struct ham_vm *vm)
{
	if (strcmp(vm->mig_status, "failed") == 0)
		ham_flow_fail(vm, "the memory stream failed");
	return strcmp(vm->mig_status, "completed") == 0;
}

static const struct ham_step release_steps[] = {
	{"let go of the image", release, NULL, 0},
	{"activate the disks", activate, NULL, 0},
	{"receive the state", NULL, state_came, 20000},
};

static void
release_end(struct ham_vm *vm, const GError *error)
{
	if (error)
		ham_vm_did(vm, HAM_DID_TAKEOVER_FAILED, error->message, false);
}

void
ham_do_release(struct ham_vm *vm)
{
	ham_images_keep_made(vm);
	ham_vm_begin(vm, "release", release_steps, G_N_ELEMENTS(release_steps),
		     release_end);
}

static void
pause_handover(struct ham_vm *vm)
{
	ham_pause_point(vm, "handover");
}

static const struct ham_step takeover_steps[] = {
	{"pause point", pause_handover, ham_pause_over, 600000},
};

static void
takeover_end(struct ham_vm *vm, const GError *error)
{
	g_autoptr(GError) local = NULL;

	vm->role = HAM_ROLE_HELD;
	if (error || !ham_state_write(vm, &local)) {
		ham_vm_did(vm, HAM_DID_TAKEOVER_FAILED,
			   error ? error->message : local->message, false);
		return;
	}
	ham_learn_read(vm, &vm->effect.blob, ham_clock_us());
	ham_vm_did(vm, HAM_DID_HELD, NULL, false);
}

void
ham_do_takeover(struct ham_vm *vm)
{
	ham_vm_begin(vm, "takeover", takeover_steps,
		     G_N_ELEMENTS(takeover_steps), takeover_end);
}

/* ---- RUN ---- */

static void
pause_run(struct ham_vm *vm)
{
	ham_pause_point(vm, "run");
}

static void
pause_ran(struct ham_vm *vm)
{
	ham_pause_point(vm, "ran");
}

static void
run_cont(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	vm->role = HAM_ROLE_OWNER;
	vm->unclear_error = vm->own_error = vm->own_reads = false;
	vm->called_off_us = 0;
	vm->failed_with_it = vm->own_bad = false;
	vm->cont_asked = false;
	if (!ham_state_write(vm, &error) || !ham_ports_up(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	vm->cont_asked = true;
	vm->resume_seen = vm->held = false;
	vm->cont_us = ham_clock_us();
	ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step run_steps[] = {
	{"pause point", pause_run, ham_pause_over, 600000},
	{"look at the slots", ham_slots_look, NULL, 0},
	{"cut the connection", ham_slots_cut, NULL, 0},
	{"empty the slots", ham_slots_empty, NULL, 0},
	{"run", run_cont, NULL, 0},
	{"pause point", pause_ran, ham_pause_over, 600000},
};

/* Refused: did it run all the same?  Only QEMU's word, or its end, counts. */
static const struct ham_step asked_steps[] = {
	{"ask for the state", ham_qemu_query_status, NULL, 0},
};

static void
asked_end(struct ham_vm *vm, const GError *error)
{
	static const char *const still[] = {"inmigrate", "paused", "prelaunch",
					    NULL};
	bool never = !error && !vm->resume_seen &&
		     g_strv_contains(still, vm->run_state);

	vm->role = never ? HAM_ROLE_HELD : HAM_ROLE_OWNER;
	if (never)
		ham_ports_try_down(vm);
	ham_vm_did(vm, HAM_DID_RUN_FAILED, vm->failure, never);
}

static void
run_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		g_strlcpy(vm->failure, error->message, sizeof(vm->failure));
		if (!vm->cont_asked) {
			vm->role = HAM_ROLE_HELD;
			ham_ports_try_down(vm);
			ham_vm_did(vm, HAM_DID_RUN_FAILED, vm->failure, true);
			return;
		}
		ham_vm_begin(vm, "ask", asked_steps, G_N_ELEMENTS(asked_steps),
			     asked_end);
		return;
	}
	ham_announce(vm, vm->cont_us);
	ham_vm_mark(vm, "ran");
	ham_learn_keep(vm);
	vm->tracing = false;
	/* our own daemon served the incoming copy only */
	ham_qsd_kill_later(vm);
	ham_beat_start(vm);
	ham_vm_did(vm, HAM_DID_RAN, NULL, false);
}

void
ham_do_run(struct ham_vm *vm)
{
	vm->epoch = vm->effect.epoch;
	vm->cont_asked = false;
	ham_vm_begin(vm, HAM_FLOW_RUN, run_steps, G_N_ELEMENTS(run_steps),
		     run_end);
}
