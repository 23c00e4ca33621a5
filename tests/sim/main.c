/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/main.c - ham-sim: many seeds, one seed, or a story
 *
 * Exits 1 with the seeds that broke a rule, 2 for what it can't understand.
 */
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/sim/sim.h"

struct options {
	gint64 seeds, first, seed;
	gint nodes, guests, tries, seconds;
	gboolean trace, shrink, stop;
	char *story;
};

static void
shrink(const struct sim_plan *plan, const char *failure, int tries)
{
	struct sim_plan *small = sim_shrink(plan, failure, (unsigned int)tries);
	struct sim *sim = sim_new(small);
	g_autofree char *story = NULL;

	sim_run(sim);
	story = sim_story_of(small);
	printf("# %s\n%s", sim->failure, story);
	fflush(stdout);
	sim_free(sim);
	sim_plan_free(small);
}

/* True if no rule was broken. */
static bool
run(uint64_t seed, const struct options *o, uint64_t *steps)
{
	struct sim_plan *plan = sim_plan_random(seed, (unsigned int)o->nodes,
						(unsigned int)o->guests);
	struct sim *sim = sim_new(plan);
	bool good;

	sim->trace = o->trace;
	good = sim_run(sim);
	if (!good) {
		printf("seed %" G_GUINT64_FORMAT ": %s\n", seed, sim->failure);
		fflush(stdout);
	}
	if (o->trace)
		printf("hash %016" G_GINT64_MODIFIER "x, %" G_GUINT64_FORMAT
		       " steps\n",
		       sim->hash, sim->steps);
	*steps += sim->steps;
	if (!good && o->shrink)
		shrink(plan, sim->failure, o->tries);
	sim_free(sim);
	sim_plan_free(plan);
	return good;
}

static int
run_seeds(const struct options *o)
{
	gint64 begin = g_get_monotonic_time();
	uint64_t steps = 0;
	gint64 broken = 0;
	gint64 done = 0;
	double took = 0;

	while (done < o->seeds && !(o->stop && broken) &&
	       (o->seconds == 0 || took < (double)o->seconds)) {
		broken += !run((uint64_t)(o->first + done), o, &steps);
		done++;
		took = (double)clock() / CLOCKS_PER_SEC;
	}
	printf("%" G_GINT64_FORMAT " seeds, %" G_GUINT64_FORMAT
	       " steps, %.1f s, %" G_GINT64_FORMAT " broken\n",
	       done, steps, (double)(g_get_monotonic_time() - begin) / 1e6,
	       broken);
	return broken > 0;
}

/* The times are left out: what is told is an order. */
static int
tell_story(const char *path, bool trace)
{
	GString *log = g_string_new("");
	int verdict = sim_story(path, trace, log);
	g_auto(GStrv) lines = g_strsplit(log->str, "\n", -1);

	for (unsigned int k = 0; !trace && lines[k] && *lines[k]; k++) {
		const char *at = lines[k];

		while (g_ascii_isspace(*at))
			at++;
		while (*at && !g_ascii_isspace(*at))
			at++;
		while (g_ascii_isspace(*at))
			at++;
		puts(at);
	}
	g_string_free(log, TRUE);
	return verdict;
}

static bool
parse(int *argc, char ***argv, struct options *o)
{
	GOptionEntry entries[] = {
		{"seeds", 'n', 0, G_OPTION_ARG_INT64, &o->seeds,
		 "run so many seeds", "N"},
		{"first", 0, 0, G_OPTION_ARG_INT64, &o->first,
		 "from this one on", "S"},
		{"seconds", 0, 0, G_OPTION_ARG_INT, &o->seconds,
		 "begin no seed after that much processor time", "N"},
		{"seed", 's', 0, G_OPTION_ARG_INT64, &o->seed,
		 "run this one only", "S"},
		{"nodes", 0, 0, G_OPTION_ARG_INT, &o->nodes,
		 "2 to 5; by the seed if not given", "N"},
		{"guests", 0, 0, G_OPTION_ARG_INT, &o->guests,
		 "1 to 20; by the seed if not given", "N"},
		{"trace", 't', 0, G_OPTION_ARG_NONE, &o->trace, "print all",
		 NULL},
		{"stop", 0, 0, G_OPTION_ARG_NONE, &o->stop,
		 "at the first that breaks a rule", NULL},
		{"shrink", 0, 0, G_OPTION_ARG_NONE, &o->shrink,
		 "of a seed that breaks a rule, print a short story", NULL},
		{"tries", 0, 0, G_OPTION_ARG_INT, &o->tries,
		 "chances a smaller story gets (20)", "N"},
		{"story", 0, 0, G_OPTION_ARG_FILENAME, &o->story,
		 "tell this story (see tests/sim/stories/README.md)", "FILE"},
		G_OPTION_ENTRY_NULL};
	g_autoptr(GOptionContext) context =
		g_option_context_new("- searches for a broken rule");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error) ||
	    o->nodes < 0 || o->nodes > SIM_NODES || o->nodes == 1 ||
	    o->guests < 0 || o->guests > SIM_GUESTS || o->tries < 1 ||
	    o->seconds < 0 || *argc > 1) {
		fprintf(stderr, "ham-sim: %s\n",
			error ? error->message : "out of range, or too much");
		return false;
	}
	return true;
}

int
main(int argc, char **argv)
{
	struct options o = {.seeds = 500, .first = 1, .seed = -1, .tries = 20};
	int verdict;

	if (!parse(&argc, &argv, &o))
		return 2;
	/* a core is megabytes of zeroes, few of them touched: fresh pages are
	 * cheaper than old ones made zero */
	mallopt(M_MMAP_THRESHOLD, 1 << 20);
	if (o.story) {
		verdict = tell_story(o.story, o.trace);
		g_free(o.story);
		return verdict;
	}
	if (o.seed >= 0) {
		o.first = o.seed;
		o.seeds = 1;
	}
	return run_seeds(&o);
}
