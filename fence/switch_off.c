/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/switch_off.c - a node's devices are asked until one level has it off
 *
 *	level 1: each device: status -> off -> status, status -> off twice: good
 *	not all of them: level 2, ...
 *
 * No word of an agent that it has done something counts, only that it sees the
 * node off twice in a row: some say `done` before the power is away, and report
 * an error for a node that is off already (doc/faults.md, F60).  A node that is
 * off already is not switched.  And only a device counts whose status said `on`
 * while the node was up: a wrong outlet and a broken agent are off as well.
 * Devices of a level are the supplies of one node: all must be off, at the same
 * time.  A device that answers neither `status` nor `off` is not asked a third
 * time: each question may take an agent 20 s, and the next level waits.
 *
 * Refuses to try again by itself: when, is the asker's.
 */
#include "fence/fence.h"

#include <string.h>

#include "fence/agent.h"

enum {
	AGAIN_MS = 250, /* while it is still on */
	TWICE_MS = 100, /* from off to off once more */
	SEEN_OFF = 2,
};

enum step {
	LOOK, /* is it off already? */
	ACT,
	WATCH,	   /* until it is */
	ONCE_MORE, /* all devices of the level, at the end */
};

struct ham_fence_job {
	char *node;
	char *agents;	  /* the folder they are in */
	GPtrArray *order; /* struct ham_fence_device *, the asker's */
	guint at;
	enum step step;
	bool silent;	       /* its last `status` was an error */
	unsigned int seen_off; /* in a row */
	int64_t action_us;
	int64_t watch_us; /* how long it may take to be off, from `off` on */
	int64_t until_us;
	ham_fence_agent *agent;
	guint timer;
	char *trouble; /* of this device: what its agent said last */
	GString *words;
	ham_fence_done_fn on_done;
	void *data;
};

static void ask(ham_fence_job *job);

static const struct ham_fence_device *
device(const ham_fence_job *job)
{
	return g_ptr_array_index(job->order, job->at);
}

static void
job_free(ham_fence_job *job)
{
	ham_fence_agent_cancel(job->agent);
	g_clear_handle_id(&job->timer, g_source_remove);
	g_ptr_array_unref(job->order);
	g_string_free(job->words, TRUE);
	g_free(job->trouble);
	g_free(job->agents);
	g_free(job->node);
	g_free(job);
}

static void
done(ham_fence_job *job, bool off)
{
	ham_fence_done_fn on_done = job->on_done;
	g_autofree char *words = g_strdup(job->words->str);
	void *data = job->data;

	job_free(job);
	on_done(off, words, data);
}

static void device_failed(ham_fence_job *job);

/* `off` of a device that never said `on` while the node was up may be anything:
 * another outlet, a broken agent. */
static void
begin_device(ham_fence_job *job)
{
	job->step = LOOK;
	job->seen_off = 0;
	g_clear_pointer(&job->trouble, g_free);
	if (device(job)->seen_on) {
		ask(job);
		return;
	}
	job->trouble = g_strdup("it was never seen on while the node was up");
	device_failed(job);
}

static bool
is_last_of_level(const ham_fence_job *job)
{
	const struct ham_fence_device *next;

	if (job->at + 1 == job->order->len)
		return true;
	next = g_ptr_array_index(job->order, job->at + 1);
	return next->level != device(job)->level;
}

static guint
first_of_level(const ham_fence_job *job)
{
	guint at = job->at;

	while (at > 0) {
		const struct ham_fence_device *before =
			g_ptr_array_index(job->order, at - 1);

		if (before->level != device(job)->level)
			break;
		at--;
	}
	return at;
}

static void
device_is_off(ham_fence_job *job)
{
	if (!is_last_of_level(job)) {
		job->at++;
		if (job->step == ONCE_MORE)
			ask(job);
		else
			begin_device(job);
		return;
	}
	/* supplies that were off one after the other need not be off together
	 */
	if (job->step != ONCE_MORE && first_of_level(job) != job->at) {
		job->at = first_of_level(job);
		job->step = ONCE_MORE;
		ask(job);
		return;
	}
	g_string_printf(job->words, "switched off and seen off twice by %s",
			device(job)->name);
	done(job, true);
}

static void
device_failed(ham_fence_job *job)
{
	g_string_append_printf(job->words, "%s%s: %s",
			       job->words->len ? "; " : "", device(job)->name,
			       job->trouble ? job->trouble : "it is still on");
	while (!is_last_of_level(job))
		job->at++;
	if (++job->at == job->order->len)
		done(job, false);
	else
		begin_device(job);
}

static gboolean
again(gpointer data)
{
	ham_fence_job *job = data;

	job->timer = 0;
	ask(job);
	return G_SOURCE_REMOVE;
}

static void
looked(ham_fence_job *job, enum ham_fence_answer what)
{
	job->seen_off = what == HAM_FENCE_IS_OFF ? job->seen_off + 1 : 0;
	if (job->seen_off >= SEEN_OFF ||
	    (job->step == ONCE_MORE && job->seen_off > 0)) {
		device_is_off(job);
	} else if (job->step == ONCE_MORE) {
		device_failed(job);
	} else if (job->seen_off > 0) {
		job->timer = g_timeout_add(TWICE_MS, again, job);
	} else if (job->step == LOOK) {
		job->step = ACT;
		ask(job);
	} else if (g_get_monotonic_time() >= job->until_us) {
		device_failed(job);
	} else {
		job->timer = g_timeout_add(AGAIN_MS, again, job);
	}
}

static void
answered(enum ham_fence_answer what, const char *words, void *data)
{
	ham_fence_job *job = data;

	job->agent = NULL;
	if (job->step == ACT && what == HAM_FENCE_FAILED && job->silent) {
		g_free(job->trouble);
		job->trouble = g_strdup(words);
		device_failed(job);
		return;
	}
	if (job->step != ACT)
		job->silent = what == HAM_FENCE_FAILED;
	if (what == HAM_FENCE_FAILED) {
		g_free(job->trouble);
		job->trouble = g_strdup(words);
	} else if (what == HAM_FENCE_DONE && job->step != ACT) {
		g_clear_pointer(&job->trouble, g_free); /* it is on */
	}
	if (job->step != ACT) {
		looked(job, what);
		return;
	}
	/* whatever it says of what it has done */
	job->step = WATCH;
	job->until_us = g_get_monotonic_time() + job->watch_us;
	ask(job);
}

static void
ask(ham_fence_job *job)
{
	g_autofree char *program =
		g_build_filename(job->agents, device(job)->agent, NULL);
	struct ham_fence_agent_spec spec = {
		.program = program,
		.action = job->step == ACT ? "off" : "status",
		.options = device(job)->options,
		.limit_us = job->action_us,
	};

	job->agent = ham_fence_agent_run(&spec, answered, job);
}

static gboolean
begin(gpointer data)
{
	ham_fence_job *job = data;

	job->timer = 0;
	begin_device(job);
	return G_SOURCE_REMOVE;
}

ham_fence_job *
ham_fence_switch_off(const struct ham_fence_job_spec *spec,
		     ham_fence_done_fn on_done, void *data)
{
	ham_fence_job *job = g_new0(ham_fence_job, 1);

	job->node = g_strdup(spec->node);
	job->agents = g_strdup(spec->agents);
	job->order = ham_fence_power_order(spec->node, spec->devices, spec->n);
	g_assert(job->order->len > 0);
	job->action_us = spec->action_us;
	job->watch_us = spec->watch_us;
	job->words = g_string_new(NULL);
	job->on_done = on_done;
	job->data = data;
	job->timer = g_idle_add(begin, job);
	return job;
}

void
ham_fence_job_cancel(ham_fence_job *job)
{
	if (job)
		job_free(job);
}
