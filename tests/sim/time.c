/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/sim/time.c - virtual time, chance and the trace */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim_timer {
	int64_t at_us;
	uint64_t order; /* of equal times, the first set is the first to go */
	sim_fn fn;
	void *data;
};

/* xoroshiro128+ (Blackman and Vigna, 2018) */
uint64_t
sim_random(struct sim *sim)
{
	uint64_t a = sim->rng[0];
	uint64_t b = sim->rng[1];
	uint64_t result = a + b;

	b ^= a;
	sim->rng[0] = ((a << 24) | (a >> 40)) ^ b ^ (b << 16);
	sim->rng[1] = (b << 37) | (b >> 27);
	return result;
}

void
sim_seed(struct sim *sim, uint64_t seed)
{
	sim->rng[0] = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	sim->rng[1] = seed ^ UINT64_C(0xbf58476d1ce4e5b9);
	for (int k = 0; k < 8; k++)
		(void)sim_random(sim);
}

uint64_t
sim_pick(struct sim *sim, uint64_t n)
{
	return (sim_random(sim) >> 11) % n;
}

bool
sim_chance(struct sim *sim, unsigned int per_10000)
{
	return per_10000 > 0 && sim_pick(sim, 10000) < per_10000;
}

int64_t
sim_between(struct sim *sim, int64_t min_us, int64_t max_us)
{
	return min_us + (int64_t)sim_pick(sim, (uint64_t)(max_us - min_us + 1));
}

static bool
before(const struct sim_timer *a, const struct sim_timer *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static void
swap(struct sim_timer *a, struct sim_timer *b)
{
	struct sim_timer t = *a;

	*a = *b;
	*b = t;
}

void
sim_at(struct sim *sim, int64_t after_us, sim_fn fn, void *data)
{
	size_t k = sim->n_heap++;

	if (sim->n_heap > sim->room) {
		sim->room = MAX(256, sim->room * 2);
		sim->heap = g_renew(struct sim_timer, sim->heap, sim->room);
	}
	sim->heap[k] = (struct sim_timer){sim->now_us + after_us,
					  sim->next_timer++, fn, data};
	for (; k > 0 && before(&sim->heap[k], &sim->heap[(k - 1) / 2]);
	     k = (k - 1) / 2)
		swap(&sim->heap[k], &sim->heap[(k - 1) / 2]);
}

bool
sim_next(struct sim *sim)
{
	struct sim_timer t;
	size_t k = 0;

	if (sim->n_heap == 0)
		return false;
	t = sim->heap[0];
	sim->heap[0] = sim->heap[--sim->n_heap];
	for (;;) {
		size_t best = k;

		for (size_t c = 2 * k + 1; c <= 2 * k + 2 && c < sim->n_heap;
		     c++)
			if (before(&sim->heap[c], &sim->heap[best]))
				best = c;
		if (best == k)
			break;
		swap(&sim->heap[k], &sim->heap[best]);
		k = best;
	}
	sim->now_us = t.at_us;
	t.fn(sim, t.data);
	g_free(t.data);
	return true;
}

bool
sim_next_until(struct sim *sim, int64_t until_us)
{
	if (sim->n_heap > 0 && sim->heap[0].at_us < until_us)
		return sim_next(sim);
	sim->now_us = until_us;
	return false;
}

void
sim_time_free(struct sim *sim)
{
	for (size_t k = 0; k < sim->n_heap; k++)
		g_free(sim->heap[k].data);
	g_free(sim->heap);
}

static void
hash(struct sim *sim, const char *text)
{
	for (; *text; text++)
		sim->hash =
			(sim->hash ^ (uint8_t)*text) * UINT64_C(0x100000001b3);
}

void
sim_say(struct sim *sim, const char *format, ...)
{
	char line[1024];
	va_list ap;
	int n;

	if (!sim->trace && !sim->told)
		return;
	n = snprintf(line, sizeof(line), "%10.3f  ",
		     (double)sim->now_us / 1000);
	va_start(ap, format);
	vsnprintf(line + n, sizeof(line) - (size_t)n, format, ap);
	va_end(ap);
	hash(sim, line);
	if (sim->told)
		g_string_append_printf(sim->told, "%s\n", line);
	if (sim->trace)
		puts(line);
}

void
sim_fail(struct sim *sim, const char *format, ...)
{
	va_list ap;
	uint16_t rule =
		format[0] == 'I' ? (uint16_t)(1u << (format[1] - '0')) : 0;

	if (sim->failure[0] || (sim->tolerated & rule))
		return;
	va_start(ap, format);
	vsnprintf(sim->failure, sizeof(sim->failure), format, ap);
	va_end(ap);
	sim_say(sim, "VIOLATION %s", sim->failure);
	if (sim->plan->tolerate & rule) {
		sim->tolerated |= rule;
		sim->failure[0] = '\0';
	}
}
