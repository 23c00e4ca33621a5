/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/story.c - a run by hand: read, told, and written from a plan
 *
 * A story is a text, one order a line, '#' begins a comment.  First what there
 * is:	nodes 3 | guests 1 | replicas 1 | seed 7 | fence ok | fence n2 hang
 *	| lease 6000ms 5000ms | and-wait | at-once 1 8 | absent n3
 *	| rate slow 100
 *	| witness n3 | differs n3 | common g1 | tolerate I5
 * then what happens, in this order:
 *	FAULT		as fault.c writes them, or one of once.c
 *	wait TEXT	until a line of the trace has TEXT in it
 *	pass 1500ms	time goes by
 *	mend		all up, all whole, no more chance
 *	last-look	what must hold at the end of every run
 *	expect g1 runs n2 | expect g1 down | expect g1 says TEXT
 *	expect told TEXT | expect never TEXT	some line so far has it, or none
 * The invariants are looked at all the time.  A wait that is not over after
 * 200 s of the story's time is an error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

enum {
	PATIENCE_US = 200 * SIM_S
};

struct reader {
	const char *path;
	unsigned int line;
	struct sim_plan *plan;
	struct sim *sim; /* NULL: nothing has happened yet */
	int verdict;
};

static const char *const rate_names[] = {
	"act-fails", "slow", "drop",	"ghost",  "store",
	"fsync",     "late", "resumes", "limits", "overdue",
};

static unsigned int *
rate(struct sim_rates *rates, const char *name)
{
	unsigned int *const all[] = {&rates->act_fails, &rates->slow,
				     &rates->drop,	&rates->ghost,
				     &rates->store,	&rates->fsync,
				     &rates->late,	&rates->resumes,
				     &rates->limits,	&rates->overdue};

	for (unsigned int k = 0; k < G_N_ELEMENTS(rate_names); k++)
		if (strcmp(name, rate_names[k]) == 0)
			return all[k];
	return NULL;
}

static void
went_wrong(struct reader *r, int verdict, const char *what)
{
	if (r->verdict)
		return;
	fprintf(stderr, "%s:%u: %s\n", r->path, r->line, what);
	r->verdict = verdict;
}

static bool
run_on(struct reader *r, int64_t until_us)
{
	if (!r->sim->failure[0] && sim_next_until(r->sim, until_us))
		return true;
	if (r->sim->failure[0])
		went_wrong(r, 1, r->sim->failure);
	return false;
}

static void
wait_for(struct reader *r, const char *text)
{
	int64_t until = r->sim->now_us + PATIENCE_US;
	gsize from = r->sim->told->len;

	while (!strstr(r->sim->told->str + from, text))
		if (!run_on(r, until)) {
			went_wrong(r, 1, "that never happened");
			return;
		}
}

static bool
milliseconds(const char *word, int64_t *out_us)
{
	char *end = NULL;

	*out_us = word ? strtol(word, &end, 10) * SIM_MS : 0;
	return end && end != word && strcmp(end, "ms") == 0;
}

/* ---- what there is ---- */

static bool
set_fence(struct sim_plan *plan, char **w, unsigned int n)
{
	unsigned int node =
		n == 3 && w[1][0] == 'n' ? (unsigned int)atoi(w[1] + 1) : 0;
	bool found = false;

	if (n < 2 || n > 3 || (n == 3 && (node < 1 || node > plan->n)))
		return false;
	for (unsigned int k = 0; k < SIM_FENCE_N; k++) {
		if (strcmp(sim_fence_name(k), w[n - 1]) != 0)
			continue;
		found = true;
		for (unsigned int i = 0; i < plan->n; i++)
			if (node == 0 || node == i + 1)
				plan->fence[i] = (uint8_t)k;
	}
	return found;
}

static bool
set_number(const char *word, unsigned int most, unsigned int *out)
{
	*out = (unsigned int)atoi(word);
	return *out <= most;
}

/* "n3" or "I3" */
static bool
set_bit(const char *word, unsigned int first, unsigned int most, uint16_t *bits)
{
	unsigned int k = (unsigned int)atoi(word + 1);

	if (k < first || k > most)
		return false;
	*bits |= (uint16_t)(1u << (k - first));
	return true;
}

/* What only stories have. */
static bool
configure_odd(struct sim_plan *plan, char **w, unsigned int n, bool *good)
{
	if (strcmp(w[0], "witness") == 0)
		*good = n == 2 && set_bit(w[1], 1, plan->n, &plan->witness);
	else if (strcmp(w[0], "differs") == 0)
		*good = n == 2 && set_bit(w[1], 1, plan->n, &plan->differs);
	else if (strcmp(w[0], "tolerate") == 0)
		*good = n == 2 && set_bit(w[1], 0, 6, &plan->tolerate);
	else
		return false;
	return true;
}

/* True if the line was of this part. */
static bool
configure(struct reader *r, char **w, unsigned int n)
{
	struct sim_plan *plan = r->plan;
	bool good = false;
	bool ours = true;

	if (strcmp(w[0], "nodes") == 0)
		good = n == 2 && set_number(w[1], SIM_NODES, &plan->n) &&
		       plan->n > 0;
	else if (strcmp(w[0], "guests") == 0)
		good = n == 2 && set_number(w[1], SIM_GUESTS, &plan->n_guests);
	else if (strcmp(w[0], "replicas") == 0)
		good = n == 2 && set_number(w[1], 3, &plan->replicas);
	else if (strcmp(w[0], "common") == 0)
		good = n == 2 &&
		       set_bit(w[1], 1, plan->n_guests, &plan->common);
	else if (strcmp(w[0], "absent") == 0)
		good = n == 2 && set_number(w[1] + 1, plan->n, &plan->absent);
	else if (strcmp(w[0], "seed") == 0)
		good = n == 2 &&
		       (plan->seed = g_ascii_strtoull(w[1], NULL, 10)) > 0;
	else if (strcmp(w[0], "fence") == 0)
		good = set_fence(plan, w, n);
	else if (strcmp(w[0], "lease") == 0)
		good = n == 3 && milliseconds(w[1], &plan->lease_us) &&
		       milliseconds(w[2], &plan->watchdog_us);
	else if (strcmp(w[0], "at-once") == 0)
		good = n == 3 && set_number(w[1], 100, &plan->at_once[0]) &&
		       set_number(w[2], 100, &plan->at_once[1]);
	else if (strcmp(w[0], "and-wait") == 0)
		good = n == 1 && (plan->fence_and_wait = true);
	else if (strcmp(w[0], "rate") == 0)
		good = n == 3 && rate(&plan->rates, w[1]) &&
		       set_number(w[2], 10000, rate(&plan->rates, w[1]));
	else
		ours = configure_odd(plan, w, n, &good);
	if (ours && r->sim)
		went_wrong(r, 2, "too late: the story has begun");
	else if (ours && !good)
		went_wrong(r, 2, "not understood");
	return ours;
}

/* ---- what is to be ---- */

/* True if the line was of these. */
static bool
expect_line(struct reader *r, char **w)
{
	bool told = strcmp(w[1], "told") == 0;
	g_autofree char *text = g_strjoinv(" ", &w[2]);

	if (!told && strcmp(w[1], "never") != 0)
		return false;
	if ((strstr(r->sim->told->str, text) != NULL) != told)
		went_wrong(r, 1, told ? "nobody has told" : "it has happened");
	return true;
}

static void
expect(struct reader *r, char **w, unsigned int n)
{
	struct sim *sim = r->sim;
	unsigned int g = n > 2 ? (unsigned int)atoi(w[1] + 1) - 1 : SIM_GUESTS;
	unsigned int runs = 0;

	if (n > 2 && expect_line(r, w))
		return;
	if (g >= sim->n_guests) {
		went_wrong(r, 2, "expect which guest?");
		return;
	}
	for (unsigned int i = 0; i < sim->n; i++)
		if (sim->node[i].vm[g].q == SIM_Q_RUNNING)
			runs = i + 1;
	if (strcmp(w[2], "runs") == 0 && n == 4) {
		if (runs != (unsigned int)atoi(w[3] + 1))
			went_wrong(r, 1, "it does not run there");
	} else if (strcmp(w[2], "down") == 0 && n == 3) {
		if (runs)
			went_wrong(r, 1, "it runs");
	} else if (strcmp(w[2], "says") == 0 && n > 3) {
		g_autofree char *text = g_strjoinv(" ", &w[3]);
		struct ham_core_guest_info info = {0};
		bool said = false;

		for (unsigned int i = 0; i < sim->n; i++) {
			const struct ham_guest *guest =
				sim->node[i].hamd
					? ham_record_lookup(
						  ham_core_record(
							  sim->node[i].core),
						  sim->guest[g].name)
					: NULL;

			if (!guest)
				continue;
			ham_core_guest_info(sim->node[i].core, guest, &info);
			said |= strstr(info.waits_for, text) ||
				strstr(info.reason, text) ||
				strstr(info.state, text);
		}
		if (!said)
			went_wrong(r, 1, "no node says that");
	} else {
		went_wrong(r, 2,
			   "expect gN runs nN | gN down | gN says TEXT | "
			   "told TEXT | never TEXT");
	}
}

static void
happen(struct reader *r, char **w, unsigned int n)
{
	struct sim_fault f;
	const char *refusal = NULL;
	int64_t us;

	if (strcmp(w[0], "wait") == 0 && n > 1) {
		g_autofree char *text = g_strjoinv(" ", &w[1]);

		wait_for(r, text);
	} else if (strcmp(w[0], "pass") == 0) {
		if (n != 2 || !milliseconds(w[1], &us)) {
			went_wrong(r, 2, "pass how long?");
			return;
		}
		us += r->sim->now_us;
		while (run_on(r, us))
			;
	} else if (strcmp(w[0], "mend") == 0) {
		sim_be_quiet(r->sim);
	} else if (strcmp(w[0], "last-look") == 0) {
		sim_check_end(r->sim);
	} else if (strcmp(w[0], "expect") == 0) {
		expect(r, w, n);
	} else if (sim_once(r->sim, w, n, &refusal)) {
		if (refusal)
			went_wrong(r, 2, refusal);
	} else if ((refusal = sim_fault_parse(w, n, r->plan, &f))) {
		went_wrong(r, 2, refusal);
	} else {
		sim_fault_do(r->sim, &f);
	}
	if (r->sim->failure[0])
		went_wrong(r, 1, r->sim->failure);
}

static void
read_line(struct reader *r, char *line, GString *log, bool trace)
{
	g_auto(GStrv) w = NULL;
	unsigned int n = 0;
	char *comment = strchr(line, '#');

	if (comment)
		*comment = '\0';
	g_strstrip(line);
	if (!*line)
		return;
	w = g_strsplit_set(line, " \t", -1);
	/* several blanks make empty words */
	for (unsigned int k = 0; w[k]; k++) {
		char *word = w[k];

		if (*word)
			w[n++] = word;
		else
			g_free(word);
	}
	w[n] = NULL;
	if (configure(r, w, n) || r->verdict)
		return;
	if (!r->sim) {
		r->sim = sim_new(r->plan);
		r->sim->told = log;
		r->sim->trace = trace;
	}
	happen(r, w, n);
}

int
sim_story(const char *path, bool trace, GString *log)
{
	struct reader r = {.path = path, .plan = sim_plan_new()};
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	g_auto(GStrv) lines = NULL;

	if (!g_file_get_contents(path, &text, NULL, &error)) {
		fprintf(stderr, "%s\n", error->message);
		sim_plan_free(r.plan);
		return 2;
	}
	lines = g_strsplit(text, "\n", -1);
	for (unsigned int k = 0; lines[k] && !r.verdict; k++) {
		r.line = k + 1;
		read_line(&r, lines[k], log, trace);
	}
	if (!r.sim)
		went_wrong(&r, 2, "nothing happens in it");
	else
		sim_free(r.sim);
	sim_plan_free(r.plan);
	return r.verdict;
}

/* ---- written ---- */

static void
write_head(const struct sim_plan *plan, GString *out)
{
	struct sim_rates rates = plan->rates;

	g_string_append_printf(out,
			       "nodes %u\nguests %u\nreplicas %u\n"
			       "seed %" G_GUINT64_FORMAT "\n",
			       plan->n, plan->n_guests, plan->replicas,
			       plan->seed);
	for (unsigned int g = 0; g < plan->n_guests; g++)
		if (plan->common >> g & 1)
			g_string_append_printf(out, "common g%u\n", g + 1);
	for (unsigned int i = 0; i < plan->n; i++)
		if (plan->fence[i])
			g_string_append_printf(out, "fence n%u %s\n", i + 1,
					       sim_fence_name(plan->fence[i]));
	if (plan->lease_us)
		g_string_append_printf(
			out,
			"lease %" G_GINT64_FORMAT "ms %" G_GINT64_FORMAT "ms\n",
			plan->lease_us / SIM_MS, plan->watchdog_us / SIM_MS);
	if (plan->at_once[0] || plan->at_once[1])
		g_string_append_printf(out, "at-once %u %u\n", plan->at_once[0],
				       plan->at_once[1]);
	if (plan->fence_and_wait)
		g_string_append(out, "and-wait\n");
	if (plan->absent)
		g_string_append_printf(out, "absent n%u\n", plan->absent);
	for (unsigned int k = 0; k < G_N_ELEMENTS(rate_names); k++)
		if (*rate(&rates, rate_names[k]))
			g_string_append_printf(out, "rate %s %u\n",
					       rate_names[k],
					       *rate(&rates, rate_names[k]));
}

char *
sim_story_of(const struct sim_plan *plan)
{
	GString *out = g_string_new("");
	int64_t at_us = 0;

	write_head(plan, out);
	for (guint k = 0; k < plan->faults->len; k++) {
		const struct sim_fault *f =
			&g_array_index(plan->faults, struct sim_fault, k);
		g_autofree char *text = sim_fault_text(f, plan->n);

		if (f->at_us > at_us)
			g_string_append_printf(out,
					       "pass %" G_GINT64_FORMAT "ms\n",
					       (f->at_us - at_us) / SIM_MS);
		at_us = f->at_us;
		g_string_append_printf(out, "%s\n", text);
	}
	g_string_append_printf(out,
			       "pass %" G_GINT64_FORMAT "ms\nmend\n"
			       "pass %" G_GINT64_FORMAT "ms\nlast-look\n",
			       (plan->faults_us - at_us) / SIM_MS,
			       plan->quiet_us / SIM_MS);
	return g_string_free(out, FALSE);
}
