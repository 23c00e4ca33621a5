/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/sample.c - source: how much the guest writes, as its copy begins
 *
 * Passes tell of it only when there are some, and with disks that is late.  So
 * QEMU is asked to look at some pages twice, a tenth of a second and then a
 * second apart (calc-dirty-rate, qapi/migration.json; by hashing, so that the
 * copy's own bitmap is not touched).  Two lengths, as they bound what lies between
 * (core/dirty.h).
 *
 * Refuses nothing: without an answer forecasts only come later.
 */
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "hamd/io/json.h"

enum {
	SHORT_MS = 100,
	LONG_MS = 1000,
	PAGES = 4096, /* per GiB of memory, of at most 16384 */
	SLACK_MS = 40,
	PATIENCE_MS = 10000,
};

static void
begin(struct ham_vm *vm, unsigned int ms)
{
	JsonObject *args = json_object_new();

	vm->copy.sample_ms = ms;
	vm->copy.sample_us = ham_clock_us();
	json_object_set_int_member(args, "calc-time", ms);
	json_object_set_string_member(args, "calc-time-unit", "millisecond");
	json_object_set_int_member(args, "sample-pages", PAGES);
	ham_copy_ask(vm, "calc-dirty-rate", args, NULL);
}

static void
answered(ham_qmp *qmp, JsonNode *reply, const GError *error, void *data)
{
	struct ham_vm *vm = data;
	struct ham_copy *c = &vm->copy;
	JsonObject *object;
	const char *status;
	int64_t rate = 0, over_ms = 0;
	unsigned int ms = c->sample_ms;

	(void)qmp;
	if (error || !c->watching || !JSON_NODE_HOLDS_OBJECT(reply))
		return;
	object = json_node_get_object(reply);
	status = ham_json_string(object, "status");
	if (!status || strcmp(status, "measured") != 0 ||
	    !ham_json_int(object, "dirty-rate", &rate) || rate < 0)
		return;
	/* somebody else's, of before */
	if (!ham_json_int(object, "calc-time", &over_ms) || over_ms != ms)
		return;
	if (c->converge.dirty.total)
		ham_converge_hint(&c->converge, (int64_t)ms * 1000,
				  (uint64_t)rate * (1 << 20) / 1000 * ms,
				  ham_clock_us());
	if (ms == SHORT_MS)
		begin(vm, LONG_MS);
	else
		c->sample_ms = 0;
}

void
ham_copy_sample(struct ham_vm *vm)
{
	struct ham_copy *c = &vm->copy;
	int64_t waited_ms;
	JsonObject *args;

	if (c->sample_us == 0) {
		begin(vm, SHORT_MS);
		return;
	}
	waited_ms = (ham_clock_us() - c->sample_us) / 1000;
	if (waited_ms > PATIENCE_MS)
		c->sample_ms = 0;
	if (c->sample_ms == 0 || waited_ms < c->sample_ms + SLACK_MS)
		return;
	args = json_object_new();
	json_object_set_string_member(args, "calc-time-unit", "millisecond");
	ham_copy_ask(vm, "query-dirty-rate", args, answered);
}
