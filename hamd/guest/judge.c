/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/judge.c - source: what follows from how far a copy is
 *
 * hamd/core/converge.c forecasts; here the figures are brought to it, and what
 * it says is done: the hand-over is called for (GATE), the guest is slowed down
 * or let go, the core hears when the limits can't be kept (LIMIT), and people
 * hear each decision with its reason.
 *
 * Refuses to slow a guest whose policy does not allow it.  Of a migration that
 * has begun QEMU may slow it by 1 % even then: auto-converge can't be switched
 * on later, and 1 % is the least that QEMU knows.  Without KVM that is left
 * out, for the looks at the memory that come with it (doc/design.md, "Memory
 * under TCG").
 */
#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/log.h"

enum {
	PROGRESS_US = 200000,
	FIXED_US = 30000, /* of a pause, before any was measured: doc/design.md,
			   * "What measurement changed" */
	/* one that took very long was held up by something else; and nothing is
	 * measured any more where a guest is refused for it */
	FIXED_MAX_US = 100000,
	FIXED_FORGET_US = 600000000,
	THROTTLE_MAX = 90,
	THROTTLE_STEP = 20,
	/* QEMU takes another throttle with its second look of a second each:
	 * migration/ram.c, migration_trigger_throttle() */
	THROTTLE_US = 2500000,
	/* the steps of a hand-over end after 10 s each (flow.h) */
	PAUSE_MAX_US = 8000000,
	NEVER_US = 1000000, /* it must be said for so long */
	LAST_US = 5000000,  /* before max_duration is over */
};

/* ---- what is set in QEMU ---- */

void
ham_copy_throttle(JsonObject *args, unsigned int percent, bool again)
{
	unsigned int most = CLAMP(percent, 1u, 99u);
	bool acts = percent || again;

	/* each look sets min(now + increment, max): up and down.  It does so
	 * only where more is written than that share of what was sent, so what
	 * lets go of a throttle must be as low as what has set it. */
	json_object_set_int_member(args, "throttle-trigger-threshold",
				   acts ? 1 : 100);
	json_object_set_int_member(args, "cpu-throttle-initial", most);
	json_object_set_int_member(args, "cpu-throttle-increment",
				   acts ? 99 : 1);
	json_object_set_int_member(args, "max-cpu-throttle", most);
}

static void decided(struct ham_vm *vm, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

static void
decided(struct ham_vm *vm, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	ham_vm_did(vm, HAM_DID_DECIDED, text, false);
}

static double
mib(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static void
throttle(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	unsigned int wanted = c->view.throttle;
	int64_t now = ham_clock_us();
	JsonObject *args;

	/* what QEMU shows of 1 % is none of ours */
	if (c->view.verdict == HAM_CONVERGE_UNKNOWN || wanted <= 1)
		wanted = c->view.verdict == HAM_CONVERGE_UNKNOWN ? c->throttle
								 : 0;
	if (wanted > c->throttle + THROTTLE_STEP)
		wanted = c->throttle + THROTTLE_STEP;
	if (wanted == c->throttle ||
	    (c->throttled_us && now - c->throttled_us < THROTTLE_US))
		return;
	decided(vm,
		"its vCPUs are slowed down by %u %% instead of %u %%: it "
		"writes %.1f MiB/s of its memory, %.1f MiB/s can be sent",
		wanted, c->throttle, mib(c->converge.dirty_rate),
		mib(c->view.rate));
	c->throttle = wanted;
	c->throttled_us = now;
	args = json_object_new();
	ham_copy_throttle(args, wanted, true);
	ham_copy_ask(vm, "migrate-set-parameters", args, NULL);
}

/* ---- what is known ---- */

static int64_t
fixed_of(const ham_guests *guests)
{
	return guests->fixed_us && ham_clock_us() - guests->fixed_at_us <
					   FIXED_FORGET_US
		       ? guests->fixed_us
		       : FIXED_US;
}

static void
take(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	struct ham_converge_sample sample = {
		.now_us = ham_clock_us(),
		.passes = c->progress.passes,
		.remaining = c->progress.ram_remaining,
		.sent = c->pages_sent,
		.paced = c->mirror && !c->jobs_ready,
		.unlimited = c->unlimited,
		.flow = c->flow,
		.disk_left = c->jobs_ready ? 0
					   : c->progress.disk_total -
						     c->progress.disk_done,
		.disk_rate = c->disk_flow,
		.disks_ready = c->jobs_ready,
		/* 1 % is what QEMU has for none */
		.throttle = c->progress.throttle > 1 ? c->progress.throttle : 0,
	};

	if (c->converge.dirty.total == 0)
		ham_converge_begin(&c->converge, c->progress.ram_total,
				   fixed_of(vm->guests));
	ham_converge_take(&c->converge, &sample);
}

static int64_t
end_us(const struct ham_copy *c)
{
	return c->policy.max_duration_us && c->began_us
		       ? c->began_us + c->policy.max_duration_us
		       : 0;
}

/* A pause that is planned. */
static int64_t
longest(const struct ham_copy *c)
{
	return c->forced ? PAUSE_MAX_US
			 : MIN(c->policy.max_pause_us, PAUSE_MAX_US);
}

static void
look(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	struct ham_converge_limits limits = {
		.max_pause_us = longest(c),
		.end_us = end_us(c),
		.bandwidth = ham_vm_budget(vm),
		.throttle_max =
			c->policy.auto_converge && c->slowable && !c->forced
				? THROTTLE_MAX
				: 0,
	};

	ham_converge_look(&c->converge, &limits, &c->view);
}

/* Of all that is to be moved; what was said before is not taken back. */
static void
show(struct ham_copy *c)
{
	struct ham_progress *p = &c->progress;
	const struct ham_converge_view *v = &c->view;
	uint64_t moved = p->disk_done + c->pages_sent;
	uint64_t all = moved + v->left;

	for (int i = 0; i < 2; i++) {
		p->left_ms[i] = ham_us_to_ms_up(v->left_us[i]);
		p->pause_us[i] = v->then_us[i];
	}
	if (all && v->verdict != HAM_CONVERGE_UNKNOWN)
		p->done = (uint16_t)MAX(p->done, moved * 1000 / all);
	else if (all) /* as many passes again as it has been, for all we know */
		p->done = (uint16_t)MAX(p->done, moved * 900 / all);
	p->dirty_rate = c->converge.dirty_rate;
	p->verdict = (uint8_t)v->verdict;
	p->needs_rate = v->needs_rate;
	p->needs_pause_us = v->needs_pause_us;
}

/* ---- what is decided ---- */

static void
hand_over(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;

	c->gated = true;
	decided(vm,
		"it is handed over%s: %.1f MiB of its memory are left, it "
		"writes %.1f MiB/s, %.1f MiB/s can be sent; the pause will be "
		"%" G_GINT64_FORMAT " to %" G_GINT64_FORMAT " ms",
		c->forced ? " all the same" : "",
		mib(c->progress.ram_remaining), mib(c->converge.dirty_rate),
		mib(c->view.rate), ham_us_to_ms_up(c->view.pause_us[0]),
		ham_us_to_ms_up(c->view.pause_us[1]));
	ham_vm_did(vm, HAM_DID_GATE, NULL, false);
}

static char *
needs_text(const struct ham_copy *c)
{
	const struct ham_converge_view *v = &c->view;
	g_autofree char *pause =
		v->needs_pause_us
			? g_strdup_printf(
				  "a pause of %" G_GINT64_FORMAT
				  " ms (max_pause is %" G_GINT64_FORMAT " ms)",
				  ham_us_to_ms_up(v->needs_pause_us),
				  ham_us_to_ms_up(c->policy.max_pause_us))
			: g_strdup("");
	g_autofree char *rate =
		v->needs_rate ? g_strdup_printf("at least %.0f MiB/s",
						mib(v->needs_rate) + 0.5)
			      : g_strdup("");

	return g_strconcat(rate[0] || pause[0] ? ": it needs " : "", rate,
			   rate[0] && pause[0] ? " or " : "", pause, NULL);
}

static void
tell_limit(struct ham_vm *vm, bool late)
{
	struct ham_copy *c = &vm->copy;
	g_autofree char *needs = needs_text(c);
	g_autofree char *text = NULL;

	c->limit_told = true;
	if (late)
		text = g_strdup_printf(
			"it is not done within max_duration, %" G_GINT64_FORMAT
			" s%s",
			c->policy.max_duration_us / G_USEC_PER_SEC, needs);
	else if (!c->jobs_ready && c->view.needs_pause_us == 0)
		text = g_strdup_printf(
			"%.0f MiB of its disks are left at %.1f MiB/s, too "
			"slow for max_duration, %" G_GINT64_FORMAT " s%s",
			mib(c->progress.disk_total - c->progress.disk_done),
			mib(c->disk_flow),
			c->policy.max_duration_us / G_USEC_PER_SEC, needs);
	else
		text = g_strdup_printf(
			"it writes %.1f MiB/s of its memory and %.1f MiB/s can "
			"be sent%s",
			mib(c->converge.dirty_rate), mib(c->view.rate), needs);
	ham_vm_did(vm, HAM_DID_LIMIT, text, false);
}

static void
look_for_limit(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	int64_t now = ham_clock_us(), end = end_us(c);
	int64_t last_us = MIN((int64_t)LAST_US, c->policy.max_duration_us / 10);

	if (c->limit_told || c->forced)
		return;
	if (c->view.verdict != HAM_CONVERGE_NEVER)
		c->never_us = 0;
	else if (c->never_us == 0)
		c->never_us = now;
	if (c->never_us && now - c->never_us >= NEVER_US)
		tell_limit(vm, false);
	/* an abort may as well wait for the very end: the core sees to that */
	else if (end && c->policy.on_limit != HAM_LIMIT_ABORT &&
		 now >= end - last_us)
		tell_limit(vm, true);
}

void
ham_copy_judge(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;

	take(vm);
	look(vm);
	show(c);
	/* others may let it wait: its guest goes on writing meanwhile */
	if (c->gated && c->view.verdict != HAM_CONVERGE_NOW &&
	    c->view.pause_us[1] > longest(c)) {
		c->gated = false;
		ham_vm_did(vm, HAM_DID_GATE_LOST, NULL, false);
	}
	if (!c->gated && c->view.verdict == HAM_CONVERGE_NOW) {
		hand_over(vm);
	} else if (!c->gated) {
		throttle(vm);
		look_for_limit(vm);
	}
	if (ham_clock_us() >= c->next_progress_us) {
		c->next_progress_us = ham_clock_us() + PROGRESS_US;
		ham_vm_did(vm, HAM_DID_PROGRESS, NULL, false);
	}
}

void
ham_copy_policy(struct ham_vm *vm, const struct ham_policy *policy, bool forced)
{
	vm->copy.policy = *policy;
	vm->copy.forced = forced;
	if (vm->copy.watching && policy->auto_converge && !vm->copy.slowable)
		decided(vm,
			"it can't be slowed down: with accel = tcg "
			"auto_converge has to be set before it is migrated");
	/* it is judged anew */
	vm->copy.limit_told = false;
	vm->copy.never_us = 0;
}

/* ---- the pause ---- */

static gboolean
overdue(gpointer data)
{
	struct ham_vm *vm = data;

	vm->copy.overdue = 0;
	ham_vm_did(vm, HAM_DID_OVERDUE, NULL, false);
	return G_SOURCE_REMOVE;
}

void
ham_copy_pause_begins(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;

	c->stop_left = c->progress.ram_remaining;
	if (!c->forced && c->policy.max_pause_us)
		c->overdue = g_timeout_add(
			(guint)MAX(c->policy.max_pause_us / 1000, 1), overdue,
			vm);
}

void
ham_copy_pause_ends(struct ham_vm *vm)
{
	g_clear_handle_id(&vm->copy.overdue, g_source_remove);
}

void
ham_guests_stopped_for(ham_guests *guests, const char *name, int64_t us)
{
	struct ham_vm *vm = g_hash_table_lookup(guests->vms, name);
	uint64_t rate =
		vm ? MAX(vm->copy.converge.rate, vm->copy.converge.peak) : 0;
	int64_t fixed;

	/* it did not leave this node, or nobody measured it, or it was forced
	 */
	if (!vm || vm->copy.stop_us == 0 || us < 0 || vm->copy.forced)
		return;
	vm->copy.stop_us = 0;
	fixed = us -
		(rate ? (int64_t)(vm->copy.stop_left * G_USEC_PER_SEC / rate)
		      : 0);
	fixed = CLAMP(fixed, 1, FIXED_MAX_US);
	guests->fixed_us = (fixed_of(guests) + fixed) / 2;
	guests->fixed_at_us = ham_clock_us();
}
