/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/fault.c - what goes wrong: as chance has it, done, and in words
 *
 * A seed turns on a random subset of faults (swarm), each with a rate of its
 * own.  The list is made before the run, from a stream of chance of its own, so
 * that leaving a fault out changes as little as possible.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum {
	FAULTS_FROM_US = 5 * SIM_S,
	FAULTS_US = 50 * SIM_S,
	/* until every fence was tried again, or every lease is over */
	QUIET_FENCES_US = 90 * SIM_S,
	QUIET_LEASES_US = 60 * SIM_S,
	/* and a hamd that rests is back */
	QUIET_US = 45 * SIM_S,
};

/* Per 10,000 chances, of which there are about 700 in a run. */
struct swarm {
	unsigned int split, data_split, power, crash, hang, sleep, corosync,
		cut, qemu, qsd, command, look, moment;
};

struct sim_plan *
sim_plan_new(void)
{
	struct sim_plan *plan = g_new0(struct sim_plan, 1);

	plan->faults = g_array_new(FALSE, TRUE, sizeof(struct sim_fault));
	plan->faults_us = FAULTS_US;
	plan->quiet_us = QUIET_US;
	plan->seed = 1;
	plan->n = 3;
	plan->n_guests = 1;
	return plan;
}

struct sim_plan *
sim_plan_copy(const struct sim_plan *plan)
{
	struct sim_plan *copy = g_memdup2(plan, sizeof(*plan));

	copy->faults = g_array_copy(plan->faults);
	return copy;
}

void
sim_plan_free(struct sim_plan *plan)
{
	if (!plan)
		return;
	g_array_unref(plan->faults);
	g_free(plan);
}

/* ---- by chance ---- */

static unsigned int
maybe(struct sim *dice, unsigned int most)
{
	return sim_chance(dice, 5000) ? (unsigned int)sim_pick(dice, most) + 1
				      : 0;
}

/* The more is turned on at once, the less is seen of each. */
static unsigned int
seldom(struct sim *dice, unsigned int most)
{
	return sim_chance(dice, 4000) ? maybe(dice, most) : 0;
}

static void
add(struct sim *dice, struct sim_plan *plan, int64_t at_us,
    enum sim_fault_kind kind, int64_t for_us)
{
	/* whole milliseconds, as stories have them */
	struct sim_fault f = {.at_us = at_us / SIM_MS * SIM_MS,
			      .kind = (uint8_t)kind,
			      .for_us = for_us / SIM_MS * SIM_MS};
	bool whole = sim_chance(dice, 5000);

	f.node = (uint8_t)sim_pick(dice, plan->n);
	f.guest = (uint8_t)sim_pick(dice, plan->n_guests);
	for (unsigned int i = 1; !whole && i < plan->n; i++)
		f.parts[i] = (uint8_t)sim_pick(dice, 2);
	g_array_append_val(plan->faults, f);
}

static void
add_command(struct sim *dice, struct sim_plan *plan, int64_t at_us)
{
	static const uint8_t commands[] = {
		HAM_CMD_START,	 HAM_CMD_START,	  HAM_CMD_MIGRATE,
		HAM_CMD_MIGRATE, HAM_CMD_MIGRATE, HAM_CMD_MIGRATE,
		HAM_CMD_CANCEL,	 HAM_CMD_STOP,	  HAM_CMD_VERIFY,
		HAM_CMD_RESIZE,	 HAM_CMD_MOVE,	  HAM_CMD_DRAIN,
		HAM_CMD_UNDRAIN, HAM_CMD_DISARM,  HAM_CMD_ARM,
		HAM_CMD_REST,	 HAM_CMD_HALT,	  HAM_CMD_UNHALT,
		HAM_CMD_FORCE,	 HAM_CMD_CLAIM,	  HAM_CMD_SET};
	struct sim_fault *f;

	add(dice, plan, at_us, SIM_F_COMMAND, 0);
	f = &g_array_index(plan->faults, struct sim_fault,
			   plan->faults->len - 1);
	f->command = commands[sim_pick(dice, G_N_ELEMENTS(commands))];
	/* where all are halted nothing happens any more */
	if (f->command == HAM_CMD_HALT && !sim_chance(dice, 1500))
		f->command = HAM_CMD_UNHALT;
	/* which lifts what holds for writes from then on */
	if (f->command == HAM_CMD_CLAIM &&
	    (plan->n != 2 || !sim_chance(dice, 1500)))
		f->command = HAM_CMD_START;
	f->target = (uint32_t)sim_pick(dice, plan->n) + 1;
	if (f->command == HAM_CMD_START && sim_chance(dice, 5000))
		f->target = 0;
}

/* Where only some may be under way: the same for all guests, and one that is
 * called off. */
static void
add_crowd(struct sim *dice, struct sim_plan *plan, int64_t at_us)
{
	struct sim_fault f = g_array_index(plan->faults, struct sim_fault,
					   plan->faults->len - 1);

	if (plan->at_once[0] + plan->at_once[1] == 0 ||
	    f.command != HAM_CMD_MIGRATE || !sim_chance(dice, 5000))
		return;
	for (unsigned int g = 0; g < plan->n_guests; g++) {
		f.guest = (uint8_t)g;
		g_array_append_val(plan->faults, f);
	}
	f.at_us = at_us / SIM_MS * SIM_MS + sim_between(dice, 0, 500) * SIM_MS;
	f.guest = (uint8_t)sim_pick(dice, plan->n_guests);
	f.command = HAM_CMD_CANCEL;
	g_array_append_val(plan->faults, f);
}

static void
add_look(struct sim *dice, struct sim_plan *plan, int64_t at_us)
{
	struct sim_fault *f;

	add(dice, plan, at_us, SIM_F_LOOK, 0);
	f = &g_array_index(plan->faults, struct sim_fault,
			   plan->faults->len - 1);
	f->target = (uint32_t)sim_pick(dice, plan->n) + 1;
}

/* A link that comes and goes about as fast as the token (F16). */
static void
add_flapping(struct sim *dice, struct sim_plan *plan, int64_t at_us)
{
	for (unsigned int k = 0; k < 6; k++) {
		add(dice, plan, at_us, SIM_F_SPLIT, 0);
		at_us += sim_between(dice, 300 * SIM_MS, 2 * SIM_S);
	}
}

static uint16_t
any_moment(struct sim *dice)
{
	switch (sim_pick(dice, 9)) {
	case 0:
	case 1:
	case 2:
	case 3:
		return (uint16_t)(SIM_ON_SEND + 1 +
				  sim_pick(dice, HAM_MSG_HEARTBEAT - 1));
	case 4:
	case 5:
		return (uint16_t)(SIM_ON_DID + 1 +
				  sim_pick(dice, HAM_DID_N - 1));
	case 6:
		return SIM_ON_PERSIST;
	default:
		return (uint16_t)(SIM_ON_DO + 1 + sim_pick(dice, HAM_DO_N - 1));
	}
}

/* Trouble just where it hurts, with a word or an act on its way; half the time
 * two troubles at once. */
static void
add_moment(struct sim *dice, struct sim_plan *plan, int64_t at_us)
{
	static const uint8_t kinds[] = {
		SIM_F_SPLIT, SIM_F_SPLIT, SIM_F_SPLIT,	  SIM_F_POWER_OFF,
		SIM_F_CRASH, SIM_F_SLEEP, SIM_F_COROSYNC, SIM_F_KILL_QEMU,
		SIM_F_HANG,  SIM_F_HANG,  SIM_F_BLACKOUT, SIM_F_CUT};
	uint16_t on = any_moment(dice);

	do {
		struct sim_fault *f;

		add(dice, plan, at_us,
		    kinds[sim_pick(dice, G_N_ELEMENTS(kinds))],
		    sim_between(dice, 500 * SIM_MS, 25 * SIM_S));
		f = &g_array_index(plan->faults, struct sim_fault,
				   plan->faults->len - 1);
		f->on = on;
		f->node = (uint8_t)(sim_chance(dice, 6000)
					    ? 0
					    : sim_pick(dice, plan->n));
		if (f->kind == SIM_F_SPLIT && sim_chance(dice, 5000)) {
			memset(f->parts, 0, sizeof(f->parts));
			f->parts[0] = 1; /* that node alone */
		}
	} while (sim_chance(dice, 5000));
}

static void
add_some(struct sim *dice, struct sim_plan *plan, const struct swarm *swarm,
	 int64_t at_us)
{
	if (sim_chance(dice, swarm->split))
		add(dice, plan, at_us, SIM_F_SPLIT, 0);
	if (sim_chance(dice, swarm->split / 20))
		add_flapping(dice, plan, at_us);
	if (sim_chance(dice, swarm->data_split))
		add(dice, plan, at_us, SIM_F_DATA_SPLIT, 0);
	if (sim_chance(dice, swarm->power))
		add(dice, plan, at_us,
		    sim_chance(dice, 5000) ? SIM_F_POWER_OFF : SIM_F_POWER_ON,
		    0);
	if (sim_chance(dice, swarm->power / 10))
		add(dice, plan, at_us, SIM_F_BLACKOUT,
		    sim_between(dice, SIM_S, 5 * SIM_S));
	if (sim_chance(dice, swarm->crash))
		add(dice, plan, at_us, SIM_F_CRASH, 0);
	if (sim_chance(dice, swarm->hang))
		add(dice, plan, at_us, SIM_F_HANG,
		    sim_between(dice, 100 * SIM_MS, 15 * SIM_S));
	if (sim_chance(dice, swarm->sleep))
		add(dice, plan, at_us, SIM_F_SLEEP,
		    sim_between(dice, 100 * SIM_MS, 15 * SIM_S));
	if (sim_chance(dice, swarm->corosync))
		add(dice, plan, at_us, SIM_F_COROSYNC,
		    sim_between(dice, 100 * SIM_MS, 8 * SIM_S));
	if (sim_chance(dice, swarm->cut))
		add(dice, plan, at_us, SIM_F_CUT,
		    sim_between(dice, 50 * SIM_MS, 3 * SIM_S));
	if (sim_chance(dice, swarm->qemu))
		add(dice, plan, at_us, SIM_F_KILL_QEMU, 0);
	if (sim_chance(dice, swarm->qsd))
		add(dice, plan, at_us, SIM_F_KILL_QSD, 0);
	if (sim_chance(dice, swarm->moment))
		add_moment(dice, plan, at_us);
	if (sim_chance(dice, swarm->look))
		add_look(dice, plan, at_us);
	if (sim_chance(dice, swarm->command)) {
		add_command(dice, plan, at_us);
		if (sim_chance(dice, 2000)) /* two at once */
			add_command(dice, plan, at_us);
		add_crowd(dice, plan, at_us);
	}
}

static void
choose_proofs(struct sim *dice, struct sim_plan *plan)
{
	/* which of them a proof rests on is another one each time */
	static const int64_t times[][2] = {
		{6 * SIM_S, 5 * SIM_S},
		{4 * SIM_S, 2 * SIM_S},
		{10 * SIM_S, 2 * SIM_S},
	};
	bool devices = sim_chance(dice, 7000);

	if (sim_chance(dice, 4000)) {
		const int64_t *t = times[sim_pick(dice, G_N_ELEMENTS(times))];

		plan->lease_us = t[0];
		plan->watchdog_us = t[1];
		plan->fence_and_wait = devices && sim_chance(dice, 3000);
	}
	for (unsigned int i = 0; devices && i < plan->n; i++)
		plan->fence[i] =
			(uint8_t)(sim_chance(dice, 6000)
					  ? SIM_FENCE_OK
					  : sim_pick(dice,
						     plan->fence_and_wait &&
								     plan->n > 2
							     ? SIM_FENCE_N
							     : SIM_FENCE_LIAR));
	if (devices)
		plan->quiet_us = QUIET_FENCES_US;
	else if (plan->lease_us)
		plan->quiet_us = QUIET_LEASES_US;
	if (plan->n > 2 && sim_chance(dice, 3000))
		plan->absent = (unsigned int)sim_pick(dice, plan->n) + 1;
}

struct sim_plan *
sim_plan_random(uint64_t seed, unsigned int nodes, unsigned int guests)
{
	struct sim *dice = g_new0(struct sim, 1);
	struct sim_plan *plan = sim_plan_new();
	struct swarm swarm;
	int64_t at_us = FAULTS_FROM_US;

	sim_seed(dice, ~seed);
	plan->seed = seed;
	plan->n = nodes ? nodes : 3 + 2 * (unsigned int)sim_pick(dice, 2);
	plan->n_guests = guests ? guests : 1 + (unsigned int)sim_pick(dice, 3);
	plan->replicas = (unsigned int)sim_pick(dice, 3);
	plan->common = plan->seed % 5 == 4;
	plan->verify_us = plan->seed % 4 == 3 ? 7 * SIM_S : 0;
	plan->at_once[0] = plan->seed / 2 % 3;
	plan->at_once[1] = plan->seed / 6 % 3;
	if (plan->at_once[0] == 1 && guests == 0)
		plan->n_guests += 3; /* so that some have to wait */
	choose_proofs(dice, plan);
	swarm.split = maybe(dice, 150);
	swarm.data_split = maybe(dice, 100);
	swarm.power = maybe(dice, 150);
	swarm.crash = maybe(dice, 150);
	swarm.hang = maybe(dice, 80);
	swarm.sleep = maybe(dice, 80);
	swarm.corosync = maybe(dice, 80);
	swarm.cut = seldom(dice, 80);
	swarm.qemu = maybe(dice, 100);
	swarm.qsd = maybe(dice, 200);
	swarm.moment = maybe(dice, 600);
	swarm.look = seldom(dice, 300);
	swarm.command = 200 + (unsigned int)sim_pick(dice, 1500);
	plan->rates.act_fails = maybe(dice, 800);
	plan->rates.slow = maybe(dice, 500);
	plan->rates.drop = maybe(dice, 60);
	plan->rates.ghost = maybe(dice, 2000);
	plan->rates.store = maybe(dice, 50);
	plan->rates.fsync = seldom(dice, 2000);
	plan->rates.late = seldom(dice, 500);
	plan->rates.resumes = maybe(dice, 1000);
	plan->rates.limits = maybe(dice, 1500);
	plan->rates.overdue = maybe(dice, 1500);
	while (at_us < plan->faults_us) {
		add_some(dice, plan, &swarm, at_us);
		at_us += sim_between(dice, SIM_MS, 100 * SIM_MS);
	}
	g_free(dice);
	return plan;
}

/* ---- done ---- */

static void
split(struct sim *sim, const struct sim_fault *f)
{
	bool data = f->kind == SIM_F_DATA_SPLIT;
	GString *text = g_string_new("");

	for (unsigned int i = 0; i < sim->n; i++) {
		if (data)
			sim->node[i].data_part = f->parts[i];
		else
			sim->node[i].part = f->parts[i];
		g_string_append_printf(text, "%u", f->parts[i]);
	}
	sim_say(sim, "the %s network is %s", data ? "migration" : "cluster",
		text->str);
	g_string_free(text, TRUE);
	if (!data)
		sim_ring_changed(sim);
}

/* Whatever was committed without that node may be void; with corosync's own
 * waiting ended before, as hamctl(8) has it. */
static void
claimed(struct sim *sim, unsigned int node)
{
	if (sim->n == 2)
		sim_ring_go_alone(sim, node);
	for (unsigned int g = 0; g < sim->n_guests; g++) {
		sim->guest[g].forced = true;
		for (unsigned int i = 0; i < sim->n; i++)
			sim->node[i].last_epoch[g] = 0;
	}
}

void
sim_fault_do(struct sim *sim, const struct sim_fault *f)
{
	if (f->on) {
		g_array_append_vals(sim->armed, f, 1);
		return;
	}
	switch ((enum sim_fault_kind)f->kind) {
	case SIM_F_SPLIT:
	case SIM_F_DATA_SPLIT:
		split(sim, f);
		break;
	case SIM_F_POWER_OFF:
	case SIM_F_POWER_ON:
		sim_host_power(sim, f->node, f->kind == SIM_F_POWER_ON);
		break;
	case SIM_F_CRASH:
		sim_hamd_end(sim, f->node, "it crashes");
		break;
	case SIM_F_HANG:
		sim_hamd_hang(sim, f->node, f->for_us);
		break;
	case SIM_F_SLEEP:
		sim_host_sleep(sim, f->node, f->for_us);
		break;
	case SIM_F_COROSYNC:
		sim_ring_die(sim, f->node, f->for_us);
		break;
	case SIM_F_KILL_QEMU:
		sim_vm_kill_qemu(sim, f->node, f->guest);
		break;
	case SIM_F_KILL_QSD:
		sim_vm_kill_qsd(sim, f->node, f->guest);
		break;
	case SIM_F_CUT:
		sim_ring_cut(sim, f->node, f->for_us);
		break;
	case SIM_F_LOOK:
		if (!sim->node[f->target - 1].power)
			sim_command(sim, f->node, HAM_CMD_CONFIRM_OFF, f->guest,
				    f->target);
		break;
	case SIM_F_COMMAND:
		if (f->command == HAM_CMD_FORCE)
			sim->guest[f->guest].forced = true;
		if (f->command == HAM_CMD_CLAIM)
			claimed(sim, f->node);
		sim_command(sim, f->node, (enum ham_command)f->command,
			    f->guest, f->target);
		break;
	case SIM_F_BLACKOUT:
		for (unsigned int i = 0; i < sim->n; i++) {
			sim_host_power(sim, i, false);
			sim_host_boot_later(
				sim, i,
				f->for_us + sim_between(sim, 0, 3 * SIM_S));
		}
		break;
	case SIM_F_N:
		break;
	}
}

static void
now(struct sim *sim, void *data)
{
	if (sim->quiet)
		return;
	sim_fault_do(sim, data);
	sim_check(sim);
}

void
sim_moment(struct sim *sim, unsigned int i, unsigned int moment)
{
	for (guint k = 0; k < sim->armed->len; k++) {
		struct sim_fault f =
			g_array_index(sim->armed, struct sim_fault, k);
		struct sim_fault here = f;

		if (f.on != moment)
			continue;
		g_array_remove_index(sim->armed, k--);
		here.on = 0;
		here.node = (uint8_t)((i + f.node) % sim->n);
		for (unsigned int m = 0; m < sim->n; m++)
			here.parts[(i + m) % sim->n] = f.parts[m];
		/* before, while and after it has effect elsewhere */
		sim_at(sim, sim_between(sim, 0, 3 * SIM_MS), now,
		       g_memdup2(&here, sizeof(here)));
	}
}

/* ---- in words ---- */

static const char *const words[SIM_F_N] = {
	"split",    "data-split", "power-off", "power-on",  "crash",
	"hang",	    "sleep",	  "corosync",  "kill-qemu", "kill-qsd",
	"operator", "blackout",	  "cut",       "look",
};

const char *const sim_command_names[SIM_COMMANDS] = {
	"start",  "stop",   "migrate", "cancel",  "confirm-off", "verify",
	"resize", "move",   "drain",   "undrain", "disarm",	 "arm",
	"halt",	  "unhalt", "rest",    "force",	  "claim",	 "set",
};

static const char *
number_name(unsigned int moment)
{
	unsigned int k = moment & 0xff;

	switch (moment & 0xff00) {
	case SIM_ON_SEND:
		return ham_msg_name(k);
	case SIM_ON_DO:
		return ham_do_name(k);
	case SIM_ON_DID:
		return ham_did_name(k);
	default:
		return "any";
	}
}

static const char *const moments[] = {"", "send", "do", "did", "persist"};

char *
sim_fault_text(const struct sim_fault *f, unsigned int n)
{
	GString *text = g_string_new("");

	if (f->on)
		g_string_append_printf(text, "on %s %s ", moments[f->on >> 8],
				       number_name(f->on));
	g_string_append(text, words[f->kind]);

	switch ((enum sim_fault_kind)f->kind) {
	case SIM_F_SPLIT:
	case SIM_F_DATA_SPLIT:
		g_string_append_c(text, ' ');
		for (unsigned int i = 0; i < n; i++)
			g_string_append_printf(text, "%u", f->parts[i]);
		break;
	case SIM_F_BLACKOUT:
	case SIM_F_HANG:
	case SIM_F_SLEEP:
	case SIM_F_COROSYNC:
	case SIM_F_CUT:
		g_string_append_printf(text, " n%u %" G_GINT64_FORMAT "ms",
				       f->node + 1, f->for_us / SIM_MS);
		break;
	case SIM_F_KILL_QEMU:
	case SIM_F_KILL_QSD:
		g_string_append_printf(text, " n%u g%u", f->node + 1,
				       f->guest + 1);
		break;
	case SIM_F_LOOK:
		g_string_append_printf(text, " n%u n%u", f->node + 1,
				       f->target);
		break;
	case SIM_F_COMMAND:
		g_string_append_printf(text, " n%u %s g%u", f->node + 1,
				       sim_command_names[f->command], f->guest + 1);
		if (f->target)
			g_string_append_printf(text, " n%u", f->target);
		break;
	default:
		g_string_append_printf(text, " n%u", f->node + 1);
	}
	return g_string_free(text, FALSE);
}

/* "n3" -> 2, below `bound` */
static bool
number(const char *word, char letter, unsigned int bound, unsigned int *out)
{
	char *end;
	unsigned long n;

	if (!word || word[0] != letter)
		return false;
	n = strtoul(word + 1, &end, 10);
	if (*end || n < 1 || n > bound)
		return false;
	*out = (unsigned int)n - 1;
	return true;
}

static const char *
parse_parts(const char *word, const struct sim_plan *plan,
	    struct sim_fault *out)
{
	if (!word || strlen(word) != plan->n)
		return "one digit for each node is wanted";
	for (unsigned int i = 0; i < plan->n; i++) {
		if (word[i] < '0' || word[i] > '9')
			return "one digit for each node is wanted";
		out->parts[i] = (uint8_t)(word[i] - '0');
	}
	return NULL;
}

static const char *
parse_command(char **w, unsigned int n, const struct sim_plan *plan,
	      struct sim_fault *out)
{
	unsigned int k = 0;
	unsigned int node;
	unsigned int guest;

	while (n > 2 && k < SIM_COMMANDS &&
	       strcmp(w[2], sim_command_names[k]) != 0)
		k++;
	if (n < 4 || k == SIM_COMMANDS)
		return "operator nN "
		       "start|stop|migrate|cancel|confirm-off|verify|"
		       "drain|undrain|disarm|arm|rest|halt|unhalt|force|"
		       "claim gN [nN]";
	out->command = (uint8_t)k;
	if (!number(w[3], 'g', plan->n_guests, &guest))
		return "no such guest";
	out->guest = (uint8_t)guest;
	if (n > 4) {
		if (!number(w[4], 'n', plan->n, &node))
			return "no such node";
		out->target = node + 1;
	}
	return NULL;
}

static uint16_t
parse_moment(const char *which, const char *name)
{
	for (unsigned int m = 1; m < G_N_ELEMENTS(moments); m++)
		for (unsigned int k = 0; k < 0x40; k++)
			if (strcmp(which, moments[m]) == 0 &&
			    strcmp(name, number_name(m << 8 | k)) == 0)
				return (uint16_t)(m << 8 | k);
	return 0;
}

const char *
sim_fault_parse(char **w, unsigned int n, const struct sim_plan *plan,
		struct sim_fault *out)
{
	unsigned int kind = 0;
	unsigned int node;
	unsigned int guest;

	memset(out, 0, sizeof(*out));
	if (n > 3 && strcmp(w[0], "on") == 0) {
		uint16_t on = parse_moment(w[1], w[2]);
		const char *wrong = sim_fault_parse(w + 3, n - 3, plan, out);

		out->on = on;
		return on ? wrong
			  : "on send|do|did|persist NAME: no such moment";
	}
	while (kind < SIM_F_N && strcmp(w[0], words[kind]) != 0)
		kind++;
	if (kind == SIM_F_N)
		return "no such fault";
	out->kind = (uint8_t)kind;
	if (kind == SIM_F_SPLIT || kind == SIM_F_DATA_SPLIT)
		return parse_parts(n == 2 ? w[1] : NULL, plan, out);
	if (n < 2 || !number(w[1], 'n', plan->n, &node))
		return "no such node";
	out->node = (uint8_t)node;
	if (kind == SIM_F_COMMAND)
		return parse_command(w, n, plan, out);
	if (kind == SIM_F_LOOK) {
		if (n != 3 || !number(w[2], 'n', plan->n, &node))
			return "look nN at which node?";
		out->target = node + 1;
	} else if (kind == SIM_F_KILL_QEMU || kind == SIM_F_KILL_QSD) {
		if (n != 3 || !number(w[2], 'g', plan->n_guests, &guest))
			return "no such guest";
		out->guest = (uint8_t)guest;
	} else if (kind == SIM_F_HANG || kind == SIM_F_SLEEP ||
		   kind == SIM_F_COROSYNC || kind == SIM_F_BLACKOUT ||
		   kind == SIM_F_CUT) {
		char *end = NULL;

		out->for_us = n == 3 ? strtol(w[2], &end, 10) * SIM_MS : 0;
		if (!end || strcmp(end, "ms") != 0 || out->for_us <= 0)
			return "how long? 1500ms";
	} else if (n != 2) {
		return "too many words";
	}
	return NULL;
}
