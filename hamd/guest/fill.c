/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/fill.c - owner: a copy is made while the guest writes (SLOT_FILL)
 *
 *	greeted -> both jobs of blockmirror/fill.c on every disk -> the backups
 *	are through -> guest stopped: each mirror is in step, and ends; the slot
 *	takes its node; the bitmap begins anew -> goes on
 *
 * The stop takes some ms; QEMU flushes all nodes in it, so what the copy has
 * is on its disk.  A copy that is cut keeps its bitmap, and the next one to
 * that node goes on from there: after a boot of that node only if it was whole
 * before.  Whether a copy counts is the core's; here it is never lost that it
 * does not.
 *
 * A mirror is only ended while the guest stands: doc/design.md, "How a mirror
 *is ended".
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	TICK_MS = 100,
	PROGRESS_US = 500000,
	TRY_MS = 20,
};

static void
names(struct ham_vm *vm, unsigned int i, char **mirror, char **backup)
{
	struct ham_bm_disk disk = ham_vm_disk(vm, i);

	*mirror = ham_bm_fill_mirror_job(&disk, vm->fill.slot);
	*backup = ham_bm_fill_backup_job(&disk, vm->fill.slot);
}

/* ---- calling off what there is ---- */

static void
jobs_seen(struct ham_vm *vm, JsonNode *value)
{
	vm->fill.jobs = vm->fill.mirrors = 0;
	HAM_EACH_COPIED (vm, i) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;
		struct ham_bm_progress p;

		names(vm, i, &mirror, &backup);
		ham_bm_read_job(value, mirror, &p);
		vm->fill.jobs += p.present;
		vm->fill.mirrors += p.present;
		ham_bm_read_job(value, backup, &p);
		vm->fill.jobs += p.present;
	}
}

void
ham_fill_call_off(struct ham_vm *vm)
{
	vm->fill.ending = true;
	vm->fill.called_off = false;
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now = ham_bm_nbd_node(&disk, vm->fill.slot,
						       vm->fill.serial);
		g_autofree char *old = ham_bm_fill_node(&disk, vm->fill.slot,
							vm->fill.serial);
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;

		names(vm, i, &mirror, &backup);
		ham_flow_send_oob(vm, vm->qmp, "yank", ham_bm_yank(now));
		ham_flow_send_oob(vm, vm->qmp, "yank", ham_bm_yank(old));
		ham_flow_send(vm, vm->qmp, "block-job-cancel",
			      ham_bm_job_end(backup), HAM_FLOW_MAY, NULL);
	}
	ham_qemu_query_status(vm);
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      jobs_seen);
}

static void
cancel_mirrors(struct ham_vm *vm, enum ham_flow_how how)
{
	HAM_EACH_COPIED (vm, i) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;

		names(vm, i, &mirror, &backup);
		ham_flow_send(vm, vm->qmp, "block-job-cancel",
			      ham_bm_job_end(mirror), how, NULL);
	}
}

/* With both connections cut, nothing of the guest waits for long any more. */
static void
call_off_mirrors(struct ham_vm *vm)
{
	vm->fill.called_off = true;
	if (ham_vm_is_live(vm)) {
		/* as for a swap: whatever cuts this short, the next flow about
		 * slots lets it go on */
		vm->swap_stopped = true;
		ham_slot_stop(vm);
	}
	cancel_mirrors(vm, HAM_FLOW_MAY);
}

static void
drop_nodes(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now = ham_bm_nbd_node(&disk, vm->fill.slot,
						       vm->fill.serial);
		g_autofree char *old = ham_bm_fill_node(&disk, vm->fill.slot,
							vm->fill.serial);

		/* refused, where there is none; and while it is in a slot */
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(now), HAM_FLOW_MAY, NULL);
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(old), HAM_FLOW_MAY, NULL);
	}
}

bool
ham_fill_is_off(struct ham_vm *vm)
{
	if (!vm->fill.ending)
		return true;
	if (vm->fill.jobs > 0) {
		if (vm->fill.mirrors > 0 && !vm->fill.called_off)
			call_off_mirrors(vm);
		/* events change that; ask again with the next of them */
		ham_vm_nudge(vm, 10);
		ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL,
			      HAM_FLOW_MUST, jobs_seen);
		return false;
	}
	vm->fill.ending = false;
	ham_vm_nudge_end(vm);
	drop_nodes(vm);
	/* refused to one that has powered off: that is no failure of a copy */
	if (vm->swap_stopped && !vm->held)
		ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MAY, NULL);
	return false;
}

void
ham_fill_cut(struct ham_vm *vm)
{
	int64_t until = ham_clock_us() + 5 * G_USEC_PER_SEC;

	HAM_EACH_COPIED_WHEN (vm, i, vm->qmp) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now = ham_bm_nbd_node(&disk, vm->fill.slot,
						       vm->fill.serial);
		g_autofree char *old = ham_bm_fill_node(&disk, vm->fill.slot,
							vm->fill.serial);

		ham_qmp_execute_oob(vm->qmp, "yank", ham_bm_yank(now), until,
				    NULL, NULL);
		ham_qmp_execute_oob(vm->qmp, "yank", ham_bm_yank(old), until,
				    NULL, NULL);
	}
}

void
ham_fill_forget(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->fill.ticker, g_source_remove);
	if (vm->fill.comparing) {
		vm->fill.comparing = false;
		ham_compare_stop(vm);
		ham_compare_clear(vm);
	}
	g_clear_pointer(&vm->fill.ranges, g_array_unref);
	vm->fill.active = vm->fill.ending = false;
}

/* The end may have failed behind the swap. */
static void
take_out(struct ham_vm *vm)
{
	bool in_it = false;

	HAM_EACH_COPIED (vm, i)
		in_it = in_it || vm->graph[i][vm->fill.slot].replica;
	if (in_it)
		ham_slot_put(vm, vm->fill.slot, NULL);
	ham_qemu_query_status(vm);
}

/* The backup sends a block's old content before it lets a write go on: when
 * that fails, the guest's own write does, and it stands. */
static void
let_run(struct ham_vm *vm)
{
	if (vm->fill.stopped && strcmp(vm->run_state, "paused") == 0) {
		ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
	} else {
		vm->was_held = true;
		ham_slot_go_on(vm);
	}
	vm->fill.stopped = false;
}

static const struct ham_step clear_steps[] = {
	{"call off the copy", ham_fill_call_off, ham_fill_is_off, 0},
	{"look at the slots", ham_slot_query, NULL, 0},
	{"take it out", take_out, NULL, 0},
	{"let the guest run", let_run, NULL, 0},
};

static void
tell(struct ham_vm *vm, enum ham_did did, const char *text)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)did,
				  .node = vm->fill.node,
				  .text = text};

	vm->slot_act.act = HAM_DO_NONE;
	ham_vm_tell(vm, &event);
}

static void
cleared(struct ham_vm *vm, const GError *error)
{
	int k = ham_slot_index(vm, vm->fill.node);

	if (error) {
		/* a QEMU in which jobs can't be ended is lost */
		ham_err("%s: %s; ending QEMU", vm->name, error->message);
		ham_qemu_kill(vm);
		return;
	}
	ham_fill_forget(vm);
	if (k >= 0 && vm->slot[k].filling)
		ham_slot_clear(vm, (unsigned int)k);
	tell(vm, HAM_DID_SLOT_FILL_FAILED, vm->fill.failure);
}

static void
fail(struct ham_vm *vm, const char *text)
{
	g_clear_handle_id(&vm->fill.ticker, g_source_remove);
	g_strlcpy(vm->fill.failure, text, sizeof(vm->fill.failure));
	ham_vm_begin(vm, HAM_FLOW_SLOT, clear_steps, G_N_ELEMENTS(clear_steps),
		     cleared);
}

/* ---- the end: equal ---- */

static void
end_ask(struct ham_vm *vm)
{
	ham_qemu_query_status(vm);
}

static void
end_stop(struct ham_vm *vm)
{
	if (vm->cold && strcmp(vm->run_state, "prelaunch") == 0)
		return; /* it writes nothing */
	if (strcmp(vm->run_state, "running") != 0) {
		ham_flow_fail(vm, "the guest does not run: %s", vm->run_state);
		return;
	}
	vm->fill.stopped = true;
	ham_slot_stop(vm);
}

static void
mirrors_seen(struct ham_vm *vm, JsonNode *value)
{
	HAM_EACH_COPIED (vm, i) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;
		struct ham_bm_progress p;

		names(vm, i, &mirror, &backup);
		ham_bm_read_job(value, mirror, &p);
		if (!p.present || !p.ready || !p.actively_synced ||
		    p.offset != p.len) {
			ham_flow_fail(vm, "the copy of disk %u is not in step",
				      i);
			return;
		}
	}
}

static void
end_look(struct ham_vm *vm)
{
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      mirrors_seen);
	ham_slot_query(vm);
}

static void
end_mirrors(struct ham_vm *vm)
{
	vm->fill.jobs = 1;
	cancel_mirrors(vm, HAM_FLOW_MUST);
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      jobs_seen);
}

static bool
mirrors_ended(struct ham_vm *vm)
{
	if (vm->fill.jobs == 0) {
		ham_vm_nudge_end(vm);
		return true;
	}
	ham_vm_nudge(vm, 5);
	ham_flow_send(vm, vm->qmp, "query-block-jobs", NULL, HAM_FLOW_MUST,
		      jobs_seen);
	return false;
}

static void
end_put(struct ham_vm *vm)
{
	unsigned int k = vm->fill.slot;

	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now =
			ham_bm_nbd_node(&disk, k, vm->fill.serial);
		g_autofree char *old =
			ham_bm_fill_node(&disk, k, vm->fill.serial);

		ham_slot_exchange(vm, i, k, now);
		vm->graph[i][k].serial = vm->fill.serial;
		ham_flow_send(vm, vm->qmp, "blockdev-del",
			      ham_bm_node_del(old), HAM_FLOW_MAY, NULL);
		/* equal from here on: what is written later is in the new one
		 */
		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-remove",
			      ham_bm_bitmap_remove(&disk, k), HAM_FLOW_MAY,
			      NULL);
		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-add",
			      ham_bm_bitmap_add(&disk, k), HAM_FLOW_MUST, NULL);
	}
}

static void
end_cont(struct ham_vm *vm)
{
	struct ham_vm_slot *slot = &vm->slot[vm->fill.slot];
	g_autoptr(GError) error = NULL;

	slot->filling = slot->error = false;
	ham_slot_whole(slot);
	if (!ham_state_write(vm, &error)) {
		slot->filling = true;
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	if (vm->fill.stopped)
		ham_flow_send(vm, vm->qmp, "cont", NULL, HAM_FLOW_MUST, NULL);
}

static const struct ham_step end_steps[] = {
	{"ask for the state", end_ask, NULL, 0},
	{"stop the guest", end_stop, NULL, 0},
	{"look at the mirrors", end_look, NULL, 0},
	{"end the mirrors", end_mirrors, mirrors_ended, 0},
	{"let it take all writes", end_put, NULL, 0},
	{"go on", end_cont, NULL, 0},
};

static void
end_end(struct ham_vm *vm, const GError *error)
{
	if (error) {
		vm->slot[vm->fill.slot].filling = true;
		fail(vm, error->message);
		return;
	}
	vm->fill.stopped = false;
	ham_notice("%s: the copy at %s is equal, after %" G_GINT64_FORMAT " ms "
		   "and %" G_GUINT64_FORMAT " bytes",
		   vm->name, vm->slot[vm->fill.slot].peer.host,
		   (ham_clock_us() - vm->fill.begun_us) / 1000,
		   vm->fill.total);
	ham_fill_forget(vm);
	tell(vm, HAM_DID_SLOT_FILLED, NULL);
}

/* ---- watching ---- */

/* Others have begun, or ended: each disk gets its part of what is ours now. */
static void
pace(struct ham_vm *vm)
{
	uint64_t speed =
		MAX(ham_vm_disk_budget(vm) / MAX(ham_vm_n_copied(vm), 1), 1);

	if (speed == vm->fill.speed)
		return;
	vm->fill.speed = speed;
	HAM_EACH_COPIED (vm, i) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;

		names(vm, i, &mirror, &backup);
		ham_qmp_execute(vm->qmp, "block-job-set-speed",
				ham_bm_fill_speed(backup, speed),
				ham_clock_us() + 5 * G_USEC_PER_SEC, NULL,
				NULL);
	}
}

static void
tell_progress(struct ham_vm *vm)
{
	struct ham_fill *f = &vm->fill;
	int64_t now = ham_clock_us();
	struct ham_progress progress = {.disk_done = f->done,
					.disk_total = f->total,
					.left_ms = {-1, -1},
					.pause_us = {-1, -1}};
	struct ham_event event = {.did = HAM_DID_PROGRESS,
				  .node = f->node,
				  .progress = &progress};

	if (now - f->told_us < PROGRESS_US)
		return;
	if (f->told_us && f->done >= f->told_done)
		f->rate = (f->done - f->told_done) * G_USEC_PER_SEC /
			  (uint64_t)(now - f->told_us);
	f->told_us = now;
	f->told_done = f->done;
	progress.rate = f->rate;
	if (f->total)
		progress.done = (uint16_t)(f->done * 1000 / f->total);
	if (f->rate)
		progress.left_ms[0] = progress.left_ms[1] =
			(int64_t)((f->total - f->done) * 1000 / f->rate);
	ham_vm_tell(vm, &event);
}

static void
watched(ham_qmp *qmp, JsonNode *value, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	bool running = false;

	(void)qmp;
	if (error || !vm->fill.active || !vm->fill.ticker)
		return;
	vm->fill.done = vm->fill.total = 0;
	HAM_EACH_COPIED (vm, i) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;
		struct ham_bm_progress p;

		names(vm, i, &mirror, &backup);
		ham_bm_read_job(value, backup, &p);
		running = running || p.present;
		if (p.present) {
			vm->fill.at[i] = p.offset;
			vm->fill.len[i] = p.len;
		}
		vm->fill.done += vm->fill.at[i];
		vm->fill.total += vm->fill.len[i];
		ham_bm_read_job(value, mirror, &p);
		if ((!p.present || p.trouble || vm->fill.broken) &&
		    vm->fill.failure[0] == '\0')
			g_strlcpy(vm->fill.failure,
				  p.trouble ? p.trouble
					    : "the copy was cut off",
				  sizeof(vm->fill.failure));
	}
	pace(vm);
	tell_progress(vm);
	if (vm->flow)
		return; /* what it is about comes first */
	if (vm->fill.failure[0]) {
		g_autofree char *why = g_strdup(vm->fill.failure);

		fail(vm, why);
	} else if (!running) {
		g_clear_handle_id(&vm->fill.ticker, g_source_remove);
		ham_vm_begin(vm, HAM_FLOW_SLOT, end_steps,
			     G_N_ELEMENTS(end_steps), end_end);
	}
}

static gboolean
tick(gpointer data)
{
	struct ham_vm *vm = data;

	if (vm->qmp)
		ham_qmp_execute(vm->qmp, "query-block-jobs", NULL,
				ham_clock_us() + 5 * G_USEC_PER_SEC, watched,
				vm);
	return G_SOURCE_CONTINUE;
}

void
ham_fill_job_stopped(struct ham_vm *vm, const char *job)
{
	HAM_EACH_COPIED_WHEN (vm, i, vm->fill.active) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;

		names(vm, i, &mirror, &backup);
		if (strcmp(job, mirror) == 0)
			vm->fill.broken = true;
	}
}

void
ham_fill_job_ended(struct ham_vm *vm, const char *job, uint64_t bytes,
		   const char *error)
{
	HAM_EACH_COPIED_WHEN (vm, i, vm->fill.active) {
		g_autofree char *mirror = NULL;
		g_autofree char *backup = NULL;

		names(vm, i, &mirror, &backup);
		if (!error && strcmp(job, backup) == 0)
			vm->fill.at[i] = vm->fill.len[i] = bytes;
		if (error &&
		    ((strcmp(job, mirror) == 0 && !vm->fill.stopped) ||
		     strcmp(job, backup) == 0))
			g_strlcpy(vm->fill.failure, error,
				  sizeof(vm->fill.failure));
	}
}

/* ---- the beginning ---- */

/* Of a copy that was cut, and could not be called off then. */
static void
begin_clear(struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i)
		vm->fill.serial =
			MAX(vm->fill.serial,
			    vm->graph[i][vm->fill.slot].serial + 1);
	ham_fill_call_off(vm);
}

static void
begin_bitmaps(struct ham_vm *vm)
{
	struct ham_vm_slot *slot = &vm->slot[vm->fill.slot];
	g_autoptr(GError) error = NULL;

	/* what was begun is to be copied whole, until the jobs are there; a
	 * restarted hamd must not take the empty bitmap for the one before */
	if (!vm->fill.incremental) {
		slot->delta_node = 0;
		if (!ham_state_write(vm, &error)) {
			ham_flow_fail(vm, "%s", error->message);
			return;
		}
	}
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);

		if (vm->fill.incremental)
			continue;
		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-remove",
			      ham_bm_bitmap_remove(&disk, vm->fill.slot),
			      HAM_FLOW_MAY, NULL);
		ham_flow_send(vm, vm->qmp, "block-dirty-bitmap-add",
			      ham_bm_bitmap_add(&disk, vm->fill.slot),
			      HAM_FLOW_MUST, NULL);
	}
	/* what it takes from here on is there for that boot alone */
	g_strlcpy(slot->delta_boot, slot->peer.boot_id,
		  sizeof(slot->delta_boot));
}

static void
begin_connect(struct ham_vm *vm)
{
	g_autoptr(GError) error = NULL;

	/* a restarted hamd has to know what to call off */
	if (!ham_state_write(vm, &error)) {
		ham_flow_fail(vm, "%s", error->message);
		return;
	}
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now = ham_bm_nbd_node(&disk, vm->fill.slot,
						       vm->fill.serial);
		g_autofree char *old = ham_bm_fill_node(&disk, vm->fill.slot,
							vm->fill.serial);

		ham_slot_connect(vm, i, now, &vm->peer, HAM_FLOW_MUST, NULL);
		ham_slot_connect(vm, i, old, &vm->peer, HAM_FLOW_MUST, NULL);
	}
}

static void
begin_jobs(struct ham_vm *vm)
{
	unsigned int k = vm->fill.slot;

	vm->fill.speed =
		MAX(ham_vm_disk_budget(vm) / MAX(ham_vm_n_copied(vm), 1), 1);
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		g_autofree char *now =
			ham_bm_nbd_node(&disk, k, vm->fill.serial);
		g_autofree char *old =
			ham_bm_fill_node(&disk, k, vm->fill.serial);

		ham_flow_send(vm, vm->qmp, "blockdev-mirror",
			      ham_bm_fill_mirror(&disk, k, now), HAM_FLOW_MUST,
			      NULL);
		ham_flow_send(vm, vm->qmp, "blockdev-backup",
			      ham_bm_fill_backup(&disk, k, old,
						 vm->fill.incremental,
						 vm->fill.speed),
			      HAM_FLOW_MUST, NULL);
	}
}

static const struct ham_step begin_steps[] = {
	{"look for the replica", ham_replica_probe, ham_replica_answers, 0},
	{"look at the slots", ham_slot_query, NULL, 0},
	{"call off what is left", begin_clear, ham_fill_is_off, 0},
	{"begin the bitmaps", begin_bitmaps, NULL, 0},
};

static const struct ham_step copy_steps[] = {
	{"look for the replica", ham_replica_probe, ham_replica_answers, 0},
	{"note what differs", ham_differ_mark, NULL, 60000},
	{"take it into the bitmap", ham_differ_merge, NULL, 0},
	{"connect", begin_connect, NULL, 0},
	{"begin the copy", begin_jobs, NULL, 0},
};

static void
copy_end(struct ham_vm *vm, const GError *error)
{
	struct ham_vm_slot *slot = &vm->slot[vm->fill.slot];

	g_clear_pointer(&vm->fill.ranges, g_array_unref);
	if (error) {
		slot->delta_node = 0; /* whatever it was: not again so */
		fail(vm, error->message);
		return;
	}
	slot->delta_node = vm->fill.node;
	g_strlcpy(slot->delta_image, slot->peer.image_id,
		  sizeof(slot->delta_image));
	(void)ham_state_write(vm, NULL);
	vm->slot_act.act = HAM_DO_NONE; /* others may go on beside it */
	vm->fill.ticker = g_timeout_add(TICK_MS, tick, vm);
	ham_beat_start(vm);
}

static void
copy(struct ham_vm *vm)
{
	if (vm->fill.peer.host[0]) /* other acts came between */
		vm->peer = vm->fill.peer;
	vm->slot_act = (struct ham_slot_act){HAM_DO_SLOT_FILL, vm->fill.node};
	ham_vm_begin(vm, HAM_FLOW_SLOT, copy_steps, G_N_ELEMENTS(copy_steps),
		     copy_end);
}

static gboolean
try_to_copy(gpointer data)
{
	struct ham_vm *vm = data;

	if (vm->flow)
		return G_SOURCE_CONTINUE; /* what it is about comes first */
	vm->fill.ticker = 0;
	copy(vm);
	return G_SOURCE_REMOVE;
}

static void
compared(struct ham_vm *vm, const char *why)
{
	g_autoptr(GError) error = NULL;

	if (!vm->fill.active || !vm->fill.comparing)
		return;
	vm->fill.comparing = false;
	/* what was read has to have been what QEMU writes to */
	if (!why && !ham_images_in_use(vm, vm->qemu, &error))
		why = error->message;
	if (why) {
		ham_compare_clear(vm);
		/* all of it, then: that needs no comparison */
		ham_warn("%s: the copies could not be compared: %s", vm->name,
			 why);
	} else {
		ham_notice("%s: %" G_GUINT64_FORMAT " bytes differ", vm->name,
			   vm->compare.differ);
		vm->fill.ranges = g_steal_pointer(&vm->compare.ranges);
		ham_ranges_merge(vm->fill.ranges);
		vm->fill.incremental = vm->fill.compared = true;
	}
	vm->fill.ticker = g_timeout_add(TRY_MS, try_to_copy, vm);
}

static bool
any_sparse(const struct ham_vm *vm)
{
	HAM_EACH_COPIED (vm, i) {
		const struct ham_conf_disk *disk =
			g_ptr_array_index(vm->conf->disks, i);

		if (disk->sparse)
			return true;
	}
	return false;
}

/* A full backup fills holes (blockdev-backup writes zeroes without leave to
 * unmap), so what a new sparse image lacks is found by comparing it. */
static bool
to_compare(const struct ham_vm *vm)
{
	return !vm->fill.incremental && vm->peer.digest_port != 0 &&
	       (!vm->peer.fresh || any_sparse(vm));
}

static void
begin_end(struct ham_vm *vm, const GError *error)
{
	g_autoptr(GError) local = NULL;

	if (error) {
		fail(vm, error->message);
		return;
	}
	if (!to_compare(vm)) {
		copy(vm);
		return;
	}
	vm->slot_act.act = HAM_DO_NONE;
	/* before the other one's end is told: the core may want a next one */
	vm->fill.comparing = true;
	vm->fill.peer = vm->peer;
	ham_verify_stop(vm, "a copy is to be made, and that comes first");
	if (!ham_compare_start(vm, &vm->peer, ham_vm_budget(vm), NULL, compared,
			       &local))
		compared(vm, local->message);
}

/* The slot whose bitmaps go back to that node's image, else a free one. */
static int
choose_slot(const struct ham_vm *vm, uint32_t node)
{
	int best = -1;

	for (int k = 0; k < HAM_BM_SLOTS; k++) {
		const struct ham_vm_slot *slot = &vm->slot[k];

		if (slot->node != 0)
			continue;
		if (slot->delta_node == node)
			return k;
		if (best < 0 || slot->delta_node == 0)
			best = k;
	}
	return best;
}

static bool
has_delta(const struct ham_vm *vm, const struct ham_vm_slot *slot)
{
	return slot->delta_node == vm->fill.node && !vm->peer.fresh &&
	       slot->delta_image[0] != '\0' &&
	       strcmp(slot->delta_image, vm->peer.image_id) == 0 &&
	       (slot->delta_boot[0] == '\0' ||
		strcmp(slot->delta_boot, vm->peer.boot_id) == 0);
}

void
ham_do_slot_fill(struct ham_vm *vm)
{
	int k = choose_slot(vm, vm->effect.node);

	vm->slot_act = (struct ham_slot_act){HAM_DO_SLOT_FILL, vm->effect.node};
	ham_fill_forget(vm);
	memset(&vm->fill, 0, sizeof(vm->fill));
	vm->fill.node = vm->effect.node;
	if (k < 0 || !ham_peer_read(&vm->effect.blob, &vm->peer)) {
		tell(vm, HAM_DID_SLOT_FILL_FAILED,
		     k < 0 ? "all slots are taken"
			   : "where it is can't be read");
		return;
	}
	vm->fill.active = true;
	ham_yield_begin(vm->guests);
	vm->fill.slot = (unsigned int)k;
	vm->fill.begun_us = ham_clock_us();
	vm->fill.incremental = has_delta(vm, &vm->slot[k]);
	if (!vm->fill.incremental)
		vm->slot[k].delta_node = 0;
	vm->slot[k].node = vm->effect.node;
	vm->slot[k].peer = vm->peer;
	vm->slot[k].filling = true;
	vm->slot[k].error = false;
	ham_notice("%s: making a copy at %s, %s", vm->name, vm->peer.host,
		   vm->fill.incremental	 ? "of what has changed since"
		   : vm->peer.fresh	 ? "of all"
					 : "of what differs");
	ham_vm_begin(vm, HAM_FLOW_SLOT, begin_steps, G_N_ELEMENTS(begin_steps),
		     begin_end);
}
