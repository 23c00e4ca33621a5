/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/steer.c - source: the copy is watched, and paced
 *
 * Every tick the mirrors and the stream of memory are asked how far they are.
 * Memory is paced so that its first pass arrives with the disks, and then held
 * back until they are there: what is sent before that would be sent again. What
 * follows for the hand-over is judge.c's.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	TICK_MS = 40,
	DISK_RATE_US = 150000,
	SLICE_US = 1000000,
	FIRST_SLICE_US = 300000, /* better than nothing */
	HELD_BANDWIDTH = 64 << 10, /* bytes/s, as good as nothing */
	SOUND_US = 100000,	   /* without a limit, */
	SOUND_AGAIN_US = 10000000, /* not more often, */
	SOUND_LEAST = 4 << 20,	   /* and not for less bytes */
};

void
ham_copy_failed(struct ham_vm *vm, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	if (vm->copy.failed)
		return;
	vm->copy.failed = true;
	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	ham_copy_stop_watching(vm);
	ham_vm_did(vm, HAM_DID_COPY_FAILED, text, false);
}

void
ham_copy_ask(struct ham_vm *vm, const char *command, JsonObject *args,
	     ham_qmp_reply_fn on_reply)
{
	if (!vm->qmp) {
		if (args)
			json_object_unref(args);
		return;
	}
	ham_qmp_execute(vm->qmp, command, args,
			ham_clock_us() + 5 * G_USEC_PER_SEC, on_reply, vm);
}

static uint64_t
number(JsonObject *object, const char *name)
{
	int64_t value = 0;

	(void)(object && ham_json_int(object, name, &value));
	return value > 0 ? (uint64_t)value : 0;
}

static uint64_t
per_second(uint64_t bytes, int64_t us)
{
	return bytes * G_USEC_PER_SEC / (uint64_t)us;
}

static uint64_t
blend(uint64_t old, uint64_t slice)
{
	return old ? old / 4 * 3 + slice / 4 : slice;
}

/* For forecasts, and for people: a mirror moves its bytes in bursts, of up to a
 * second. */
static void
measure_flow(struct ham_copy *c, int64_t now)
{
	uint64_t ram = c->progress.ram_done, disk = c->progress.disk_done;
	int64_t us = now - c->slice_us;

	if (c->slice_us && us < (c->flow ? SLICE_US : FIRST_SLICE_US))
		return;
	if (c->slice_us && ram >= c->slice_ram && disk >= c->slice_disk) {
		c->flow = blend(c->flow, per_second(ram - c->slice_ram + disk -
							    c->slice_disk,
						    us));
		c->disk_flow = blend(c->disk_flow,
				     per_second(disk - c->slice_disk, us));
	}
	c->slice_us = now;
	c->slice_ram = ram;
	c->slice_disk = disk;
}

static void
measure(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	int64_t now = ham_clock_us();

	/* for the pace, which is to follow at once */
	if (c->disk_seen_us == 0 || c->progress.disk_done < c->disk_seen) {
		c->disk_seen = c->progress.disk_done;
		c->disk_seen_us = now;
	} else if (now - c->disk_seen_us > DISK_RATE_US) {
		c->disk_rate = per_second(c->progress.disk_done - c->disk_seen,
					  now - c->disk_seen_us);
		c->disk_seen = c->progress.disk_done;
		c->disk_seen_us = now;
	}
	measure_flow(c, now);
	c->progress.rate = c->flow;
}

static void
bandwidth_set(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;

	(void)qmp;
	(void)reply;
	if (error)
		vm->copy.bandwidth = UINT64_MAX; /* nobody knows: again */
}

static void
set_bandwidth(struct ham_vm *vm, uint64_t bytes)
{
	JsonObject *args;

	if (bytes == vm->copy.bandwidth)
		return;
	vm->copy.bandwidth = bytes;
	args = json_object_new();
	json_object_set_int_member(args, "max-bandwidth", (int64_t)bytes);
	ham_copy_ask(vm, "migrate-set-parameters", args, bandwidth_set);
}

/* What the pause can use of the network shows only without a limit: now and
 * then there is none, for as long as two looks. */
static bool
sounds(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	int64_t now = ham_clock_us();

	if (c->sound_us && now - c->sound_us < SOUND_US)
		return true;
	if (c->progress.passes < 2 || c->gated ||
	    c->progress.ram_remaining < SOUND_LEAST ||
	    (c->sound_us && now - c->sound_us < SOUND_AGAIN_US))
		return false;
	c->sound_us = now;
	return true;
}

static void
pace(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	uint64_t rest = c->progress.disk_total - c->progress.disk_done;
	uint64_t budget = ham_vm_disk_budget(vm);
	uint64_t ram;

	if (!c->mirror || c->jobs_ready) {
		/* what was sent until now, before it is changed */
		c->unlimited = c->bandwidth == 0 && c->sound_us != 0;
		set_bandwidth(vm, sounds(vm) ? 0 : ham_vm_budget(vm));
		return;
	}
	if (c->progress.passes >= 2)
		ram = MIN((uint64_t)HELD_BANDWIDTH, budget);
	else
		ram = ham_bm_pace(c->progress.ram_remaining, rest, c->disk_rate,
				  budget);
	set_bandwidth(vm, ram);
	HAM_EACH_COPIED (vm, i) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		uint64_t speed =
			ham_bm_pace_disk(c->disk_rest[i], rest, ram, budget);
		uint64_t old = c->disk_speed[i];

		/* each change begins a new time slice in QEMU */
		if (speed > old - old / 8 && speed < old + old / 8)
			continue;
		c->disk_speed[i] = speed;
		ham_copy_ask(vm, "block-job-set-speed",
			     ham_bm_job_speed(&disk, speed), NULL);
	}
}

static void
read_memory(struct ham_copy *c, JsonObject *object)
{
	JsonObject *ram = ham_json_object(object, "ram");

	c->progress.ram_total = number(ram, "total");
	c->progress.ram_remaining = number(ram, "remaining");
	c->progress.ram_done = number(ram, "transferred");
	c->progress.passes = number(ram, "dirty-sync-count");
	c->progress.throttle =
		(uint8_t)MIN(number(object, "cpu-throttle-percentage"), 99);
	c->syncs = c->progress.passes;
	/* `remaining` is of pages, so that is what it is held against */
	c->pages_sent = number(ram, "normal-bytes") +
			number(ram, "duplicate") * number(ram, "page-size");
}

static void
got_migrate(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	struct ham_copy *c = &vm->copy;
	JsonObject *object;

	(void)qmp;
	if (error || !c->watching || !JSON_NODE_HOLDS_OBJECT(reply))
		return;
	object = json_node_get_object(reply);
	read_memory(c, object);
	if (!vm->flow && strcmp(vm->mig_status, "active") != 0) {
		const char *why = ham_json_string(object, "error-desc");

		ham_copy_failed(vm, "the memory stream to %s failed%s%s",
				c->peer.host, why ? ": " : "", why ? why : "");
		return;
	}
	measure(vm);
	pace(vm);
	ham_copy_judge(vm);
	ham_copy_sample(vm);
}

static void
got_jobs(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	struct ham_copy *c = &vm->copy;
	bool all = true;

	(void)qmp;
	if (error || !c->watching)
		return;
	c->progress.disk_done = c->progress.disk_total = 0;
	HAM_EACH_COPIED_WHEN (vm, i, c->mirror) {
		struct ham_bm_disk disk = ham_vm_disk(vm, i);
		struct ham_bm_progress p;

		ham_bm_read_progress(reply, &disk, &p);
		c->progress.disk_done += p.offset;
		c->progress.disk_total += p.len;
		c->disk_rest[i] = p.len - p.offset;
		if (p.trouble || vm->job[i].error || vm->job[i].ended) {
			ham_copy_failed(vm,
					"the copy of disk %u to %s failed: %s",
					i, c->peer.host,
					p.trouble	   ? p.trouble
					: vm->job[i].error ? vm->job[i].error
							   : "it ended early");
			return;
		}
		if (!vm->job[i].ready)
			all = false;
	}
	c->jobs_ready = c->jobs_ready || all;
	ham_copy_ask(vm, "query-migrate", NULL, got_migrate);
}

static gboolean
tick(gpointer data)
{
	struct ham_vm *vm = data;

	if (!vm->copy.watching) {
		vm->copy.ticker = 0;
		return G_SOURCE_REMOVE;
	}
	ham_copy_ask(vm, "query-block-jobs", NULL, got_jobs);
	return G_SOURCE_CONTINUE;
}

void
ham_copy_watch(struct ham_vm *vm)
{
	vm->copy.watching = true;
	if (vm->copy.mirror)
		ham_yield_begin(vm->guests);
	vm->copy.ticker = g_timeout_add(TICK_MS, tick, vm);
}

void
ham_copy_stop_watching(struct ham_vm *vm)
{
	vm->copy.watching = false;
	g_clear_handle_id(&vm->copy.ticker, g_source_remove);
}
