/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/flow.c - see flow.h */
#include "hamd/guest/flow.h"

#include <stdarg.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/guest/vm.h"

enum {
	DEFAULT_LIMIT_MS = 10000,
};

struct ham_flow {
	struct ham_vm *vm;
	const char *name;
	const struct ham_step *steps;
	unsigned int n;
	unsigned int at;
	unsigned int pending;
	bool started;
	bool advancing;
	bool awaiting; /* the trace says that an event is awaited */
	GError *error;
	guint deadline;
	uint64_t generation;
	ham_flow_end_fn on_end;
};

struct reply {
	struct ham_vm *vm;
	uint64_t generation;
	const char *command; /* static text of the caller */
	enum ham_flow_how how;
	ham_flow_reply_fn on_reply;
};

static void advance(ham_flow *flow);

static void
flow_free(ham_flow *flow)
{
	if (flow->deadline)
		g_source_remove(flow->deadline);
	g_clear_error(&flow->error);
	g_free(flow);
}

static void
finish(ham_flow *flow)
{
	struct ham_vm *vm = flow->vm;
	ham_flow_end_fn on_end = flow->on_end;
	GError *error = g_steal_pointer(&flow->error);

	g_assert(vm->flow == flow);
	vm->flow = NULL;
	flow_free(flow);
	ham_slot_unwatch(vm);
	on_end(vm, error);
	g_clear_error(&error);
	ham_vm_next(vm);
}

static gboolean
limit_passed(gpointer data)
{
	ham_flow *flow = data;

	/* QEMU stands still: ham_flow_anew() comes */
	if (flow->vm->guests->frozen)
		return G_SOURCE_CONTINUE;
	flow->deadline = 0;
	ham_flow_fail(flow->vm, "no end within its limit");
	return G_SOURCE_REMOVE;
}

static void
set_limit(ham_flow *flow)
{
	unsigned int limit = flow->steps[flow->at].limit_ms;

	if (flow->deadline)
		g_source_remove(flow->deadline);
	flow->deadline = g_timeout_add(limit ? limit : DEFAULT_LIMIT_MS,
				       limit_passed, flow);
}

static void
begin_step(ham_flow *flow)
{
	const struct ham_step *step = &flow->steps[flow->at];

	set_limit(flow);
	if (step->begin)
		step->begin(flow->vm);
}

static bool
step_over(ham_flow *flow)
{
	const struct ham_step *step = &flow->steps[flow->at];

	if (flow->pending > 0)
		return false;
	if (step->done && !step->done(flow->vm)) {
		if (!flow->awaiting && !flow->error)
			ham_vm_mark(flow->vm, "wait+ %s", step->name);
		flow->awaiting = true;
		return false;
	}
	if (flow->awaiting)
		ham_vm_mark(flow->vm, "wait- %s", step->name);
	flow->awaiting = false;
	return true;
}

static void
advance(ham_flow *flow)
{
	if (flow->advancing || !flow->started)
		return;
	flow->advancing = true;
	while (!flow->error && flow->at < flow->n) {
		if (!step_over(flow))
			break;
		if (flow->error || ++flow->at == flow->n)
			break;
		begin_step(flow);
	}
	flow->advancing = false;
	if (flow->error || flow->at == flow->n)
		finish(flow);
}

ham_flow *
ham_flow_new(struct ham_vm *vm, const char *name, const struct ham_step *steps,
	     unsigned int n, ham_flow_end_fn on_end)
{
	static uint64_t generations;
	ham_flow *flow = g_new0(ham_flow, 1);

	flow->vm = vm;
	flow->name = name;
	flow->steps = steps;
	flow->n = n;
	flow->on_end = on_end;
	flow->generation = ++generations;
	return flow;
}

void
ham_flow_start(ham_flow *flow)
{
	g_assert(flow->n > 0);
	flow->advancing = true;
	begin_step(flow);
	flow->advancing = false;
	flow->started = true;
	advance(flow);
}

void
ham_flow_cancel(ham_flow *flow)
{
	if (!flow)
		return;
	flow->vm->flow = NULL;
	flow_free(flow);
}

const char *
ham_flow_name(const ham_flow *flow)
{
	return flow ? flow->name : "none";
}

uint64_t
ham_flow_generation(struct ham_vm *vm)
{
	return vm->flow ? vm->flow->generation : 0;
}

void
ham_flow_hold(struct ham_vm *vm)
{
	g_assert(vm->flow);
	vm->flow->pending++;
}

void
ham_flow_release(struct ham_vm *vm, uint64_t generation, GError *error)
{
	ham_flow *flow = vm->flow;

	if (!flow || flow->generation != generation) {
		g_clear_error(&error);
		return;
	}
	g_assert(flow->pending > 0);
	flow->pending--;
	if (error && !flow->error)
		flow->error = error;
	else
		g_clear_error(&error);
	advance(flow);
}

void
ham_flow_anew(struct ham_vm *vm)
{
	if (vm->flow)
		set_limit(vm->flow);
}

void
ham_flow_poke(struct ham_vm *vm)
{
	if (vm->flow)
		advance(vm->flow);
}

void
ham_flow_fail(struct ham_vm *vm, const char *format, ...)
{
	ham_flow *flow = vm->flow;
	g_autofree char *text = NULL;
	va_list ap;

	if (!flow || flow->error)
		return;
	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_set_error(&flow->error, HAM_ERROR, HAM_ERROR_FAILED, "%s: %s",
		    flow->steps[MIN(flow->at, flow->n - 1)].name, text);
	advance(flow);
}

const char *
ham_flow_words(const GError *error)
{
	static const char first[] = "check: ";

	return g_str_has_prefix(error->message, first)
		       ? error->message + strlen(first)
		       : error->message;
}

static void
replied(ham_qmp *qmp, JsonNode *value, const GError *error, void *data)
{
	struct reply *reply = data;
	struct ham_vm *vm = reply->vm;
	ham_flow *flow = vm->flow;

	(void)qmp;
	ham_vm_mark(vm, "wait- %s", reply->command);
	if (!flow || flow->generation != reply->generation) {
		g_free(reply);
		return;
	}
	flow->pending--;
	/* it may fail the flow, which must not be gone before we are */
	flow->advancing = true;
	if (!error && reply->on_reply)
		reply->on_reply(vm, value);
	else if (error && reply->how == HAM_FLOW_MUST && !flow->error)
		g_set_error(&flow->error, HAM_ERROR, error->code, "%s: %s: %s",
			    flow->steps[MIN(flow->at, flow->n - 1)].name,
			    reply->command, error->message);
	g_free(reply);
	flow->advancing = false;
	advance(flow);
}

static void
send(struct ham_vm *vm, ham_qmp *qmp, const char *command, JsonObject *args,
     enum ham_flow_how how, ham_flow_reply_fn on_reply, bool oob)
{
	ham_flow *flow = vm->flow;
	int64_t deadline = ham_clock_us() + DEFAULT_LIMIT_MS * 1000;
	struct reply *reply;

	if (!flow || !qmp) {
		if (args)
			json_object_unref(args);
		if (flow && how == HAM_FLOW_MUST)
			ham_flow_fail(vm, "%s: no connection", command);
		return;
	}
	reply = g_new0(struct reply, 1);
	reply->vm = vm;
	reply->generation = flow->generation;
	reply->command = command;
	reply->how = how;
	reply->on_reply = on_reply;
	flow->pending++;
	ham_vm_mark(vm, "wait+ %s", command);
	if (oob)
		ham_qmp_execute_oob(qmp, command, args, deadline, replied,
				    reply);
	else
		ham_qmp_execute(qmp, command, args, deadline, replied, reply);
}

void
ham_flow_send(struct ham_vm *vm, ham_qmp *qmp, const char *command,
	      JsonObject *args, enum ham_flow_how how,
	      ham_flow_reply_fn on_reply)
{
	send(vm, qmp, command, args, how, on_reply, false);
}

void
ham_flow_send_oob(struct ham_vm *vm, ham_qmp *qmp, const char *command,
		  JsonObject *args)
{
	send(vm, qmp, command, args, HAM_FLOW_MAY, NULL, true);
}
