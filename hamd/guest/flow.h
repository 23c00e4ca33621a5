/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/flow.h - a named list of steps, each waiting for what it asked
 *
 * A step begins by sending commands; it is over when all of them were answered
 * and its `done` (if any) says so, which is asked again after every reply and
 * every event.  A refused command, a passed deadline or ham_flow_fail() ends
 * the flow with "step: reason".  A cancelled flow hears of nothing any more.
 */
#ifndef HAM_FLOW_H
#define HAM_FLOW_H

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "hamd/io/qmp.h"

struct ham_vm;
typedef struct ham_flow ham_flow;

struct ham_step {
	const char *name;		  /* for people: "stop the guest" */
	void (*begin)(struct ham_vm *vm); /* may be NULL */
	bool (*done)(struct ham_vm *vm);  /* may be NULL */
	unsigned int limit_ms;		  /* 0: 10 s */
};

/* error NULL: all steps are through.  The flow is gone already. */
typedef void (*ham_flow_end_fn)(struct ham_vm *vm, const GError *error);

/* A reply's value, for steps that read it. */
typedef void (*ham_flow_reply_fn)(struct ham_vm *vm, JsonNode *value);

ham_flow *ham_flow_new(struct ham_vm *vm, const char *name,
		       const struct ham_step *steps, unsigned int n,
		       ham_flow_end_fn on_end);
void ham_flow_start(ham_flow *flow);
void ham_flow_cancel(ham_flow *flow);
const char *ham_flow_name(const ham_flow *flow);

enum ham_flow_how {
	HAM_FLOW_MUST, /* a refusal fails the flow */
	HAM_FLOW_MAY,  /* a refusal is as good */
};

/* One command of the step; args may be NULL, its reference is taken. */
void ham_flow_send(struct ham_vm *vm, ham_qmp *qmp, const char *command,
		   JsonObject *args, enum ham_flow_how how,
		   ham_flow_reply_fn on_reply);
void ham_flow_send_oob(struct ham_vm *vm, ham_qmp *qmp, const char *command,
		       JsonObject *args);

/* Work of a worker counts like a command. */
void ham_flow_hold(struct ham_vm *vm);
/* `generation` from ham_flow_generation() when it was held. */
uint64_t ham_flow_generation(struct ham_vm *vm);
void ham_flow_release(struct ham_vm *vm, uint64_t generation, GError *error);

/* Why a flow failed, without the name of its first step: what a check has to
 * say needs none.  Borrowed from the error. */
const char *ham_flow_words(const GError *error);

/* QEMU goes on after it was made to stand still (ham_guests_freeze): the step
 * that is under way has all of its time again. */
void ham_flow_anew(struct ham_vm *vm);

/* Something happened: ask `done` again. */
void ham_flow_poke(struct ham_vm *vm);
void ham_flow_fail(struct ham_vm *vm, const char *format, ...)
	G_GNUC_PRINTF(2, 3);

#endif
