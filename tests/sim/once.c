/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/once.c - faults that strike one thing once, for stories
 *
 *	fail-act nN ACT gN	its next act of that name fails; of LAUNCH and
 *				RUN it is certain that the guest never ran
 *	slow-act nN ACT gN	its next act of that name takes 5 s
 *	lose nN KIND [3]	its next message of that kind is lost, or 3
 *	hold nN KIND 20ms	its next of that kind waits so long with its
 *				corosync, and all that it says after it
 *	miss nN KIND [3]	the next of that kind that others say reaches it
 *				5 s late, and all that follows waits for it
 *	store-fails nN		its next fsync fails
 *	slow-store nN		nothing that it stores is durable within 5 s
 *	wipe nN			its store is lost, while it has no power
 *	late-quorum nN 2000ms	quorum's news of its next ring come so late
 *	shutdown nN gN		the guest powers off by itself
 *
 * There is no chance in them, and no seed makes one: they are for the moment
 * that a story has waited for.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum {
	KIND_AT = 5 /* in a frame: doc/protocol.md, "Wire format" */
};

/* "n3" -> 2 */
static bool
number(const char *word, char letter, unsigned int bound, unsigned int *out)
{
	char *end;

	if (word[0] != letter)
		return false;
	*out = (unsigned int)strtoul(word + 1, &end, 10) - 1;
	return *end == '\0' && *out < bound;
}

static const char *
fail_act(struct sim *sim, unsigned int i, char **w, unsigned int n)
{
	static const uint8_t can_fail[] = {
		HAM_DO_LAUNCH, HAM_DO_PREPARE,	HAM_DO_COPY, HAM_DO_CAPTURE,
		HAM_DO_WIRE,   HAM_DO_TAKEOVER, HAM_DO_RUN,  HAM_DO_RESUME,
		HAM_DO_LOOK,   HAM_DO_SERVE,	HAM_DO_SLOT_FILL,
		HAM_DO_SLOT_SET};
	unsigned int g;

	if (n != 4 || !number(w[3], 'g', sim->n_guests, &g))
		return "fail-act nN ACT gN";
	for (unsigned int k = 0; k < G_N_ELEMENTS(can_fail); k++)
		if (strcmp(w[2], ham_do_name(can_fail[k])) == 0) {
			sim->node[i].once.act[g] = can_fail[k];
			sim_say(sim, "n%u %s: its next %s is to fail", i + 1,
				sim->guest[g].name, w[2]);
			return NULL;
		}
	return "no act of that name can fail";
}

static const char *
slow_act(struct sim *sim, unsigned int i, char **w, unsigned int n)
{
	unsigned int g;

	if (n != 4 || !number(w[3], 'g', sim->n_guests, &g))
		return "slow-act nN ACT gN";
	for (unsigned int k = 1; k < HAM_DO_N; k++)
		if (strcmp(w[2], ham_do_name(k)) == 0) {
			sim->node[i].once.slow[g] = (uint8_t)k;
			return NULL;
		}
	return "no act has that name";
}

static const char *
lose(uint8_t *times, char **w, unsigned int n)
{
	for (unsigned int k = 1; n > 2 && n < 5 && k < HAM_MSG_N_KINDS; k++)
		if (strcmp(w[2], ham_msg_name(k)) == 0) {
			times[k] = (uint8_t)(n == 4 ? atoi(w[3]) : 1);
			return NULL;
		}
	return "lose|miss nN KIND [TIMES], as in doc/protocol.md";
}

static const char *
store_fails(struct sim *sim, unsigned int i, unsigned int n)
{
	if (n != 2)
		return "too many words";
	sim->node[i].once.store = true;
	return NULL;
}

static const char *
slow_store(struct sim *sim, unsigned int i, unsigned int n)
{
	if (n != 2)
		return "too many words";
	sim->node[i].store_us = sim->now_us + 5 * SIM_S;
	return NULL;
}

static const char *
late(int64_t *late_us, const char *word)
{
	char *end = NULL;
	long ms = word ? strtol(word, &end, 10) : 0;

	if (ms <= 0 || strcmp(end, "ms") != 0)
		return "how late? 1500ms";
	*late_us = ms * SIM_MS;
	return NULL;
}

static const char *
hold(struct sim_once *once, char **w, unsigned int n)
{
	for (unsigned int k = 1; n == 4 && k < HAM_MSG_N_KINDS; k++)
		if (strcmp(w[2], ham_msg_name(k)) == 0) {
			once->hold = (uint8_t)k;
			return late(&once->hold_us, w[3]);
		}
	return "hold nN KIND 20ms, as in doc/protocol.md";
}

static const char *
wipe(struct sim *sim, unsigned int i, unsigned int n)
{
	if (n != 2)
		return "too many words";
	if (sim->node[i].power)
		return "it has power";
	sim_say(sim, "n%u has a new disk for its store", i + 1);
	g_hash_table_remove_all(sim->node[i].disk);
	return NULL;
}

static const char *
shut_down(struct sim *sim, unsigned int i, char **w, unsigned int n)
{
	unsigned int g;

	if (n != 3 || !number(w[2], 'g', sim->n_guests, &g))
		return "no such guest";
	if (sim->node[i].vm[g].q != SIM_Q_RUNNING)
		return "it does not run there";
	sim_vm_end_qemu(sim, i, g, true);
	return NULL;
}

static const char *const order_names[] = {
	"fail-act",    "slow-act",   "lose", "miss",
	"late-quorum", "hold",	     "wipe", "shutdown",
	"store-fails", "slow-store", NULL,
};

static const char *
order(struct sim *sim, unsigned int i, char **w, unsigned int n)
{
	struct sim_once *once = &sim->node[i].once;

	if (strcmp(w[0], "fail-act") == 0)
		return fail_act(sim, i, w, n);
	if (strcmp(w[0], "slow-act") == 0)
		return slow_act(sim, i, w, n);
	if (strcmp(w[0], "lose") == 0)
		return lose(once->lose, w, n);
	if (strcmp(w[0], "miss") == 0)
		return lose(once->miss, w, n);
	if (strcmp(w[0], "late-quorum") == 0)
		return late(&once->quorum_us, n == 3 ? w[2] : NULL);
	if (strcmp(w[0], "hold") == 0)
		return hold(once, w, n);
	if (strcmp(w[0], "wipe") == 0)
		return wipe(sim, i, n);
	if (strcmp(w[0], "shutdown") == 0)
		return shut_down(sim, i, w, n);
	if (strcmp(w[0], "slow-store") == 0)
		return slow_store(sim, i, n);
	return store_fails(sim, i, n);
}

bool
sim_once(struct sim *sim, char **w, unsigned int n, const char **refusal)
{
	unsigned int i = 0;

	if (!g_strv_contains(order_names, w[0]))
		return false;
	*refusal = n > 1 && number(w[1], 'n', sim->n, &i) ? order(sim, i, w, n)
							  : "no such node";
	return true;
}

bool
sim_once_act(struct sim *sim, unsigned int i, unsigned int g, uint8_t act)
{
	uint8_t *ordered = &sim->node[i].once.act[g];

	if (*ordered != act)
		return false;
	*ordered = HAM_DO_NONE;
	return true;
}

bool
sim_once_slow(struct sim *sim, unsigned int i, unsigned int g, uint8_t act)
{
	uint8_t *ordered = &sim->node[i].once.slow[g];

	if (*ordered != act)
		return false;
	*ordered = HAM_DO_NONE;
	return true;
}

/* The kind of that message if it is ordered, or 0. */
static unsigned int
is_ordered(uint8_t *left, const uint8_t *bytes, size_t len)
{
	unsigned int kind = len > KIND_AT ? bytes[KIND_AT] : 0;

	if (kind >= HAM_MSG_N_KINDS || left[kind] == 0)
		return 0;
	left[kind]--;
	return kind;
}

bool
sim_once_lost(struct sim *sim, unsigned int i, const uint8_t *bytes, size_t len)
{
	unsigned int kind = is_ordered(sim->node[i].once.lose, bytes, len);

	if (kind)
		sim_say(sim, "n%u corosync drops %s", i + 1,
			ham_msg_name(kind));
	return kind;
}

int64_t
sim_once_held(struct sim *sim, unsigned int i, const uint8_t *bytes, size_t len)
{
	struct sim_once *once = &sim->node[i].once;

	if (once->hold == 0 || len <= KIND_AT || bytes[KIND_AT] != once->hold)
		return 0;
	sim_say(sim, "n%u corosync holds %s", i + 1, ham_msg_name(once->hold));
	once->hold = HAM_MSG_NONE;
	return once->hold_us;
}

bool
sim_once_missed(struct sim *sim, unsigned int i, const uint8_t *bytes,
		size_t len)
{
	unsigned int kind = is_ordered(sim->node[i].once.miss, bytes, len);

	if (kind)
		sim_say(sim, "n%u corosync misses %s", i + 1,
			ham_msg_name(kind));
	return kind;
}

bool
sim_once_store(struct sim *sim, unsigned int i)
{
	bool ordered = sim->node[i].once.store;

	sim->node[i].once.store = false;
	return ordered;
}

int64_t
sim_once_quorum(struct sim *sim, unsigned int i)
{
	int64_t late_us = sim->node[i].once.quorum_us;

	sim->node[i].once.quorum_us = 0;
	return late_us;
}
