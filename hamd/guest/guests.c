/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/guests.c - see guest.h: the door of this folder */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

/* "QEMU emulator version 10.0.2 (...)" -> "10.0.2" */
static char *
version_of(const char *program, GError **error)
{
	const char *argv[] = {program, "--version", NULL};
	g_autofree char *out = NULL;
	const char *at;

	if (!g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_STDERR_TO_DEV_NULL,
			  NULL, NULL, &out, NULL, NULL, error))
		return NULL;
	at = out ? strstr(out, "version ") : NULL;
	if (!at) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s --version says nothing of a version", program);
		return NULL;
	}
	at += strlen("version ");
	return g_strndup(at, strcspn(at, " \n"));
}

static bool
find_qemu(ham_guests *guests, GError **error)
{
	guests->qemu = g_find_program_in_path("qemu-system-x86_64");
	guests->qsd = g_find_program_in_path("qemu-storage-daemon");
	if (!guests->qemu || !guests->qsd) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s is not installed: on Debian it comes with %s",
			    guests->qemu ? "qemu-storage-daemon"
					 : "qemu-system-x86_64",
			    guests->qemu ? "qemu-utils" : "qemu-system-x86");
		return false;
	}
	guests->version = version_of(guests->qemu, error);
	if (!guests->version)
		return false;
	if (g_ascii_strtoull(guests->version, NULL, 10) >= 10)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "%s is QEMU %s; 10.0 is the oldest that hamd trusts with "
		    "a hand-over (older ones lose dirty pages under TCG and "
		    "can't activate disks on command)",
		    guests->qemu, guests->version);
	return false;
}

static bool
make_folders(ham_guests *guests, GError **error)
{
	g_autofree char *dir =
		g_build_filename(guests->spec.run_dir, "guests", NULL);

	g_autofree char *labels =
		g_build_filename(guests->spec.state_dir, "labels", NULL);

	if (g_mkdir_with_parents(dir, 0700) != 0)
		return ham_error_errno(error, errno, "cannot make %s", dir);
	if (g_mkdir_with_parents(labels, 0700) != 0)
		return ham_error_errno(error, errno, "cannot make %s", labels);
	if (g_mkdir_with_parents(guests->spec.log_dir, 0711) != 0 ||
	    chmod(guests->spec.log_dir, 0711) != 0)
		return ham_error_errno(error, errno, "cannot make %s",
				       guests->spec.log_dir);
	return true;
}

ham_guests *
ham_guests_new(const struct ham_guests_spec *spec, GError **error)
{
	ham_guests *guests = g_new0(ham_guests, 1);
	g_autofree char *boot_id = NULL;
	g_autoptr(GError) no_cgroups = NULL;

	guests->spec = *spec;
	guests->vms = g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
					    (GDestroyNotify)ham_vm_free);
	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &boot_id,
				 NULL, error) ||
	    !find_qemu(guests, error) || !make_folders(guests, error)) {
		ham_guests_free(guests);
		return NULL;
	}
	guests->knows = ham_knows_new(
		guests->qemu, spec->conf->accel == HAM_CONF_KVM ? "kvm" : "tcg",
		spec->conf->uid_last);
	guests->looks = ham_looks_new();
	guests->cgroups = ham_cgroups_new("/sys/fs/cgroup", &no_cgroups);
	if (!guests->cgroups)
		g_strlcpy(guests->no_cgroups, no_cgroups->message,
			  sizeof(guests->no_cgroups));
	g_strlcpy(guests->boot_id, g_strchomp(boot_id),
		  sizeof(guests->boot_id));
	return guests;
}

void
ham_guests_free(ham_guests *guests)
{
	if (!guests)
		return;
	g_clear_handle_id(&guests->yield_ticker, g_source_remove);
	g_hash_table_destroy(guests->vms);
	if (guests->looks)
		g_ptr_array_free(guests->looks, TRUE);
	ham_knows_free(guests->knows);
	ham_cgroups_free(guests->cgroups);
	g_free(guests->qemu);
	g_free(guests->qsd);
	g_free(guests->version);
	g_free(guests);
}

typedef void (*act_fn)(struct ham_vm *vm);

static const act_fn acts[HAM_DO_N] = {
	[HAM_DO_LAUNCH] = ham_do_launch,
	[HAM_DO_SHUTDOWN] = ham_do_shutdown,
	[HAM_DO_KILL] = ham_do_kill,
	[HAM_DO_PREPARE] = ham_do_prepare,
	[HAM_DO_COPY] = ham_do_copy,
	[HAM_DO_UNDO] = ham_do_undo,
	[HAM_DO_CAPTURE] = ham_do_capture,
	[HAM_DO_HALT] = ham_do_halt,
	[HAM_DO_SILENCE] = ham_do_silence,
	[HAM_DO_RESUME] = ham_do_resume,
	[HAM_DO_FINISH] = ham_do_finish,
	[HAM_DO_WIRE] = ham_do_wire,
	[HAM_DO_RELEASE] = ham_do_release,
	[HAM_DO_TAKEOVER] = ham_do_takeover,
	[HAM_DO_RUN] = ham_do_run,
	[HAM_DO_DISCARD] = ham_do_discard,
	[HAM_DO_CLOSE] = ham_do_close,
	[HAM_DO_SLOT_DROP] = ham_do_slot_drop,
	[HAM_DO_RETRY] = ham_do_retry,
	[HAM_DO_LOOK] = ham_do_look,
	[HAM_DO_SERVE] = ham_do_serve,
	[HAM_DO_NARROW] = ham_do_narrow,
	[HAM_DO_SLOT_FILL] = ham_do_slot_fill,
	[HAM_DO_SLOT_SET] = ham_do_slot_set,
	[HAM_DO_RESIZE] = ham_do_resize,
};

static void
begin(struct ham_vm *vm, const struct ham_effect *effect)
{
	vm->effect = *effect;
	vm->effect.bytes = NULL;
	vm->effect.items = NULL;
	acts[effect->act](vm);
}

static bool
is_slot_act(unsigned int act)
{
	return act == HAM_DO_SLOT_DROP || act == HAM_DO_SLOT_SET ||
	       act == HAM_DO_SLOT_FILL || act == HAM_DO_RESIZE;
}

/* What goes on from where the running flow ends.  A slot that is being changed
 * may hold the guest's writes, and a guest that is tried again stands until it
 * is: only an end of it all comes before these. */
static bool
waits(const struct ham_vm *vm, unsigned int act)
{
	const char *flow = ham_flow_name(vm->flow);

	if (is_slot_act(act) || act == HAM_DO_TAKEOVER || act == HAM_DO_RETRY)
		return true;
	return act != HAM_DO_KILL && act != HAM_DO_DISCARD &&
	       act != HAM_DO_HALT &&
	       (g_str_equal(flow, HAM_FLOW_SLOT) ||
		g_str_equal(flow, HAM_FLOW_RETRY));
}

/* The core asks again. */
static void
overtaken(struct ham_vm *vm, unsigned int act, uint32_t node)
{
	static const enum ham_did answers[HAM_DO_N] = {
		[HAM_DO_SLOT_DROP] = HAM_DID_SLOT_DROPPED,
		[HAM_DO_SLOT_SET] = HAM_DID_SLOT_SET,
		[HAM_DO_SLOT_FILL] = HAM_DID_SLOT_FILL_FAILED,
		[HAM_DO_RESIZE] = HAM_DID_RESIZED,
	};
	struct ham_event event = {.did = (uint8_t)answers[act],
				  .node = node,
				  .text = "overtaken"};

	ham_vm_tell(vm, &event);
}

static void
make_void(struct ham_vm *vm)
{
	struct ham_slot_act under_way = vm->slot_act;
	g_autoptr(GPtrArray) waiting = g_ptr_array_new_with_free_func(g_free);
	struct ham_effect *e;

	vm->slot_act.act = HAM_DO_NONE;
	while ((e = g_queue_pop_head(vm->waiting)))
		g_ptr_array_add(waiting, e);
	if (vm->flow && g_str_equal(ham_flow_name(vm->flow), HAM_FLOW_SLOT) &&
	    under_way.act)
		overtaken(vm, under_way.act, under_way.node);
	for (guint i = 0; i < waiting->len; i++) {
		e = g_ptr_array_index(waiting, i);
		if (is_slot_act(e->act))
			overtaken(vm, e->act, e->node);
	}
}

/* A copy that is given up need not be looked for to its limit. */
static bool
stopped_looking(struct ham_vm *vm, const struct ham_effect *effect)
{
	struct ham_slot_act under_way = vm->slot_act;

	if (effect->act != HAM_DO_SLOT_DROP || !vm->probe ||
	    under_way.act != HAM_DO_SLOT_SET || under_way.node != effect->node)
		return false;
	vm->slot_act.act = HAM_DO_NONE;
	g_clear_pointer(&vm->probe, ham_probe_free);
	ham_flow_cancel(vm->flow);
	g_queue_push_head(vm->waiting, g_memdup2(effect, sizeof(*effect)));
	ham_vm_next(vm);
	overtaken(vm, under_way.act, under_way.node);
	return true;
}

void
ham_guests_do(ham_guests *guests, const struct ham_effect *effect)
{
	struct ham_vm *vm = ham_vm_get(guests, effect->guest);

	if (effect->act == HAM_DO_VERIFY) {
		/* beside any flow, whose effect is not touched */
		ham_do_verify(vm, effect->node, effect->flag);
		return;
	}
	if (effect->act == HAM_DO_ANNOUNCE) {
		ham_do_announce(vm);
		return;
	}
	if (effect->act == HAM_DO_POLICY) {
		/* also for a COPY that has to wait for something */
		for (GList *l = vm->waiting->head; l; l = l->next) {
			struct ham_effect *waits = l->data;

			if (waits->act != HAM_DO_COPY)
				continue;
			waits->policy = effect->policy;
			waits->flag = effect->flag;
		}
		ham_copy_policy(vm, &effect->policy, effect->flag);
		return;
	}
	g_assert(effect->act < HAM_DO_N && acts[effect->act]);
	if (effect->act == HAM_DO_SHUTDOWN) {
		ham_do_shutdown(vm); /* no flow */
		return;
	}
	if (effect->act == HAM_DO_COPY)
		ham_verify_stop(vm, "the guest is being migrated");
	if (stopped_looking(vm, effect))
		return;
	if (vm->flow && waits(vm, effect->act)) {
		/* what this waits for may wait for a copy that does not answer,
		 * and is given up */
		if (effect->act == HAM_DO_SLOT_DROP)
			ham_beat_cut(vm, effect->node);
		g_queue_push_tail(vm->waiting,
				  g_memdup2(effect, sizeof(*effect)));
		return;
	}
	make_void(vm);
	begin(vm, effect);
}

void
ham_vm_next(struct ham_vm *vm)
{
	g_autofree struct ham_effect *effect = NULL;

	if (vm->flow)
		return;
	effect = g_queue_pop_head(vm->waiting);
	if (effect)
		begin(vm, effect);
}

/* ---- after a restart ---- */

static void
found_one(ham_guests *guests)
{
	if (--guests->finding > 0)
		return;
	guests->on_ready(guests->spec.data);
}

/* Stands, because it was never let run or was stopped on purpose.  Any other
 * state (of a disk's error, a sleep, a crash) is one of a guest that ran. */
static bool
stands_still(const struct ham_vm *vm)
{
	static const char *const still[] = {"inmigrate",      "paused",
					    "prelaunch",      "postmigrate",
					    "finish-migrate", NULL};

	return g_strv_contains(still, vm->run_state);
}

/* A source that has sent its state is "postmigrate". */
static bool
has_arrived(const struct ham_vm *vm)
{
	return vm->txn && strcmp(vm->mig_status, "completed") == 0 &&
	       strcmp(vm->run_state, "postmigrate") != 0;
}

static enum ham_found
kind_of(const struct ham_vm *vm)
{
	if (!vm->qemu)
		return HAM_FOUND_REPLICA;
	switch (vm->role) {
	case HAM_ROLE_HELD:
		return HAM_FOUND_HELD;
	case HAM_ROLE_OWNER:
		if (!stands_still(vm))
			return HAM_FOUND_RUNNING;
		/* died between the state file and cont: holds, did not run */
		return has_arrived(vm) ? HAM_FOUND_HELD : HAM_FOUND_PAUSED;
	case HAM_ROLE_SOURCE:
		return strcmp(vm->run_state, "running") == 0 ? HAM_FOUND_RUNNING
							     : HAM_FOUND_PAUSED;
	case HAM_ROLE_INCOMING:
	case HAM_ROLE_REPLICA:
	case HAM_ROLE_NONE:
	case HAM_ROLE_N:
		break;
	}
	return HAM_FOUND_INCOMING;
}

static void
tell_found(struct ham_vm *vm)
{
	uint32_t ids[HAM_BM_SLOTS];
	struct ham_blob blob = {0};
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .guest = vm->name,
				  .found = (uint8_t)kind_of(vm),
				  .epoch = vm->epoch,
				  .txn = vm->txn,
				  .value = vm->generation,
				  .blob = &blob,
				  .ids = ids,
				  .flag = strcmp(vm->run_state, "io-error") ==
						  0 ||
					  vm->failed_with_it};

	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].node)
			ids[event.n_ids++] = vm->slot[k].node;
	if (event.found == HAM_FOUND_REPLICA) {
		g_autofree char *text = ham_serve_blob(vm, vm->epoch);

		blob.len = (uint16_t)strlen(text);
		memcpy(blob.bytes, text, blob.len);
	}
	/* what the last writes of one that has powered off met with was told to
	 * nobody */
	vm->unclear_error = strcmp(vm->run_state, "io-error") == 0 ||
			    strcmp(vm->run_state, "shutdown") == 0;
	vm->failed_with_it = false;
	if (vm->called_off_us)
		vm->called_off_us = ham_clock_us();
	vm->held = event.found != HAM_FOUND_RUNNING;
	ham_notice("%s: found, epoch %" G_GUINT64_FORMAT ", %s", vm->name,
		   vm->epoch, vm->qemu ? vm->run_state : "replica");
	vm->guests->spec.on_event(&event, vm->guests->spec.data);
	/* what failed while it was found the core had no ear for */
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++) {
		if (!vm->slot[k].error || vm->slot[k].filling)
			continue;
		vm->slot[k].error = false;
		ham_slot_failed(vm, k, false);
	}
}

static void
find_ask(struct ham_vm *vm)
{
	if (!vm->qemu)
		return;
	ham_qemu_query_status(vm);
	ham_qemu_query_migrate(vm);
	/* in the middle of a resize there is no quorum to look at, and all slots
	 * are empty */
	if (vm->conf && (!vm->resize.begun || ham_slots_any(vm)))
		ham_slot_query(vm);
}

/* A copy that the last hamd was making: nobody minds it any more, and it may
 * hold up the guest. */
static void
find_call_off(struct ham_vm *vm)
{
	for (unsigned int k = 0; vm->qemu && k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].filling) {
			vm->called_off_us = ham_clock_us();
			vm->fill.slot = k;
			vm->fill.serial =
				vm->graph[ham_vm_copied(vm, 0)][k].serial + 1;
			ham_fill_call_off(vm);
			return;
		}
}

static bool
find_is_off(struct ham_vm *vm)
{
	if (!ham_fill_is_off(vm))
		return false;
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		if (vm->slot[k].filling)
			ham_slot_clear(vm, k);
	return true;
}

/* A write that has failed with the copy stops the guest. */
static void
find_look(struct ham_vm *vm)
{
	if (vm->called_off_us && vm->qemu)
		ham_qemu_query_status(vm);
}

static bool
find_connected(struct ham_vm *vm)
{
	return (!vm->qemu || ham_qemu_ready(vm)) &&
	       (!vm->qsd || ham_qsd_ready(vm));
}

static bool
is_filled(const struct ham_vm *vm, unsigned int k)
{
	bool any = false;

	HAM_EACH_COPIED (vm, i)
		any = any || vm->graph[i][k].replica;
	return any;
}

/* The last hamd had put it in, and did not come to say so. */
static void
find_empty(struct ham_vm *vm)
{
	for (unsigned int k = 0; vm->qemu && vm->role == HAM_ROLE_OWNER &&
				 vm->slot_seen && k < HAM_BM_SLOTS;
	     k++)
		if (vm->slot[k].node == 0 && is_filled(vm, k))
			ham_slot_put(vm, k, NULL);
}

static const struct ham_step find_steps[] = {
	{"connect", NULL, find_connected, 5000},
	{"ask", find_ask, NULL, 5000},
	{"call off a copy", find_call_off, find_is_off, 5000},
	{"see what that did", find_look, NULL, 5000},
	{"empty what nobody knows", find_empty, NULL, 5000},
};

static void
end_both(struct ham_vm *vm)
{
	vm->ending = true;
	ham_qemu_kill(vm);
	ham_qsd_kill(vm);
}

static bool
both_ended(struct ham_vm *vm)
{
	return ham_qemu_gone(vm) && ham_qsd_gone(vm);
}

static const struct ham_step end_steps[] = {
	{"end it", end_both, both_ended, 600000},
};

static void
ended(struct ham_vm *vm, const GError *error)
{
	if (error) /* the kernel does not let go: nor do we, without READY */
		return;
	vm->role = HAM_ROLE_NONE;
	ham_state_remove(vm);
	found_one(vm->guests);
}

static void
nothing_found(struct ham_vm *vm)
{
	ham_digest_end(vm); /* it may have outlived the daemon */
	ham_state_remove(vm);
	vm->role = HAM_ROLE_NONE;
}

/* A guest that was never let run may lack copies in its slots, and so may one
 * whose hamd died between noting them and putting them in. */
static bool
is_as_noted(const struct ham_vm *vm)
{
	if (strcmp(vm->run_state, "prelaunch") == 0)
		return false;
	for (unsigned int k = 0; k < HAM_BM_SLOTS; k++)
		HAM_EACH_COPIED (vm, i)
			if (vm->slot[k].node && !vm->graph[i][k].replica)
				return false;
	return true;
}

static void
find_end(struct ham_vm *vm, const GError *error)
{
	ham_guests *guests = vm->guests;

	if (error) {
		/* it does not answer: nobody may believe that it stands still
		 */
		ham_err("%s: %s; ending it", vm->name, error->message);
		ham_vm_begin(vm, "end", end_steps, G_N_ELEMENTS(end_steps),
			     ended);
		return;
	}
	if (vm->qemu && vm->role == HAM_ROLE_OWNER && !is_as_noted(vm)) {
		ham_err("%s: its start was cut short; ending it", vm->name);
		ham_vm_begin(vm, "end", end_steps, G_N_ELEMENTS(end_steps),
			     ended);
		return;
	}
	if (!vm->qemu && !vm->qsd) { /* it ended while it was asked */
		nothing_found(vm);
		found_one(guests);
		return;
	}
	if (vm->qemu)
		ham_ports_adopt(vm);
	/* what has not run, or is not to, has no port that is up: D's hamd may
	 * have ended right before `cont` */
	if (vm->qemu &&
	    (kind_of(vm) == HAM_FOUND_HELD ||
	     kind_of(vm) == HAM_FOUND_INCOMING ||
	     (vm->role == HAM_ROLE_SOURCE && kind_of(vm) == HAM_FOUND_PAUSED)))
		ham_ports_try_down(vm);
	if (vm->qemu && vm->qsd && kind_of(vm) == HAM_FOUND_RUNNING)
		ham_qsd_kill_later(vm); /* of a copy that is over */
	if (vm->qemu && kind_of(vm) == HAM_FOUND_RUNNING)
		ham_beat_start(vm);
	if (strcmp(vm->run_state, "shutdown") == 0)
		ham_vm_powered_off(vm);
	tell_found(vm);
	found_one(guests);
}

void
ham_vm_ask(struct ham_vm *vm)
{
	ham_vm_begin(vm, HAM_FLOW_FIND, find_steps, G_N_ELEMENTS(find_steps),
		     find_end);
}

void
ham_vm_found(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	if (!ham_state_read(vm, &error))
		ham_warn("%s: %s", vm->name, error->message);
	if (!vm->qemu && !vm->qsd) {
		nothing_found(vm);
		return;
	}
	vm->guests->finding++;
	if ((vm->qemu && !ham_qemu_attach(vm, &error)) ||
	    (vm->qsd && !ham_qsd_attach(vm, &error)))
		ham_warn("%s: %s", vm->name, error->message);
	ham_vm_ask(vm);
}

static bool
known(const ham_guests *guests, pid_t pid)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, guests->vms);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct ham_vm *vm = value;

		if ((vm->qemu && ham_child_pid(vm->qemu) == pid) ||
		    (vm->qsd && ham_child_pid(vm->qsd) == pid) ||
		    (vm->digest && ham_child_pid(vm->digest) == pid))
			return true;
	}
	return false;
}

static void
stray_ended(ham_child *child, int code, int status, void *data)
{
	(void)code;
	(void)status;
	ham_child_free(child);
	found_one(data);
}

static void
end_stray(ham_guests *guests, pid_t pid)
{
	ham_child *child = ham_child_adopt(pid, ham_child_start_ticks(pid),
					   stray_ended, guests, NULL);

	if (!child)
		return; /* ended by itself meanwhile */
	ham_warn("ending process %d: no guest is known for it", (int)pid);
	guests->finding++;
	ham_child_signal(child, SIGKILL);
}

/* Processes of one of our uids that no state file speaks of: an earlier hamd
 * died right between starting one and writing so. */
static void
end_strays(ham_guests *guests)
{
	g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
	const ham_conf *conf = guests->spec.conf;
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename("/proc", name, NULL);
		pid_t pid = (pid_t)g_ascii_strtoll(name, NULL, 10);
		struct stat st;

		if (pid <= 1 || stat(path, &st) != 0 ||
		    st.st_uid < conf->uid_first || st.st_uid > conf->uid_last ||
		    known(guests, pid))
			continue;
		end_stray(guests, pid);
	}
}

void
ham_guests_find(ham_guests *guests, ham_guests_ready_fn on_ready)
{
	g_autofree char *path =
		g_build_filename(guests->spec.run_dir, "guests", NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	guests->on_ready = on_ready;
	guests->finding = 1;
	ham_ports_tidy(guests);
	while (dir && (name = g_dir_read_name(dir)))
		if (ham_name_valid(name))
			ham_vm_found(ham_vm_get(guests, name));
	end_strays(guests);
	found_one(guests);
}
