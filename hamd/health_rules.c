/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_rules.c - see health_rules.h */
#include "hamd/health_rules.h"

#include <stdio.h>
#include <string.h>

enum {
	NO_QUARANTINE,
	WANTED, /* the record is to have it */
	HELD,	/* it has it */
	OVER,	/* it is to lose it */
};

void
ham_health_sample_init(struct ham_health_sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample->memory_available = sample->disk_free = UINT64_MAX;
}

static const char *const limit_names[] = {
	[HAM_HEALTH_UPLINK] = "uplink",
	[HAM_HEALTH_CLUSTER_LINK] = "cluster_link",
	[HAM_HEALTH_DISK_FREE] = "disk_free",
	[HAM_HEALTH_MEMORY_AVAILABLE] = "memory_available",
	[HAM_HEALTH_MEMORY_PRESSURE] = "memory_pressure",
	[HAM_HEALTH_LOAD] = "load",
	[HAM_HEALTH_TEMPERATURE] = "temperature",
};
G_STATIC_ASSERT(G_N_ELEMENTS(limit_names) == HAM_HEALTH_N_LIMITS);

const char *
ham_health_limit_name(unsigned int limit)
{
	return limit < HAM_HEALTH_N_LIMITS ? limit_names[limit] : "?";
}

enum ham_health_turn
ham_health_mind_gap(struct ham_health_gap *gap, const char *why)
{
	bool was = gap->told;

	gap->in_a_row = why[0] ? gap->in_a_row + 1 : 0;
	gap->told = why[0] && (was || gap->in_a_row >= HAM_HEALTH_BAD_IN_A_ROW);
	if (why[0])
		g_strlcpy(gap->why, why, sizeof(gap->why));
	if (gap->told == was)
		return HAM_HEALTH_AS_BEFORE;
	return was ? HAM_HEALTH_GAP_ENDS : HAM_HEALTH_GAP_BEGINS;
}

static unsigned int
mib(uint64_t bytes)
{
	return (unsigned int)MIN(bytes >> 20, UINT32_MAX);
}

bool
ham_health_is_bad(const struct ham_conf_health *limits,
		  const struct ham_health_sample *s, char out[HAM_REASON_SIZE])
{
	enum {
		SIZE = HAM_REASON_SIZE
	};

	if (s->hangs[0])
		g_snprintf(out, SIZE, "%s does not answer", s->hangs);
	else if (limits->uplink && s->bridge[0])
		g_snprintf(out, SIZE, "uplink: bridge %s has no carrier",
			   s->bridge);
	else if (limits->uplink && s->target[0])
		g_snprintf(out, SIZE, "uplink: no answer from %s", s->target);
	else if (limits->cluster_link && s->cluster_link[0])
		g_snprintf(out, SIZE,
			   "cluster_link: corosync's %s reaches "
			   "nobody",
			   s->cluster_link);
	else if (limits->disk_errors && s->disk_errors >= limits->disk_errors)
		g_snprintf(out, SIZE, "disk_errors: %u", s->disk_errors);
	else if (s->disk_free < limits->disk_free)
		g_snprintf(out, SIZE,
			   "disk_free: %u MiB in %s, at least %u MiB",
			   mib(s->disk_free), s->disk_folder,
			   mib(limits->disk_free));
	else if (s->memory_available < limits->memory_available)
		g_snprintf(out, SIZE,
			   "memory_available: %u MiB, at least %u MiB",
			   mib(s->memory_available),
			   mib(limits->memory_available));
	else if (limits->memory_pressure &&
		 s->memory_pressure > limits->memory_pressure)
		g_snprintf(out, SIZE, "memory_pressure: %.1f %%, at most %u %%",
			   s->memory_pressure, limits->memory_pressure);
	else if (limits->load && s->load > limits->load)
		g_snprintf(out, SIZE, "load: %.1f, at most %u", s->load,
			   limits->load);
	else if (limits->temperature &&
		 s->temperature > (int)limits->temperature)
		g_snprintf(out, SIZE, "temperature: %d C at %s, at most %u C",
			   s->temperature, s->sensor, limits->temperature);
	else if (limits->command && s->command[0])
		g_snprintf(out, SIZE, "command: %s", s->command);
	else
		return false;
	return true;
}

/* How often within the window, this time included. */
static unsigned int
count_onset(struct ham_health *health, int64_t window_us, int64_t now_us)
{
	enum {
		N = HAM_HEALTH_MAX_ONSETS
	};
	unsigned int n = 0;

	memmove(&health->onsets[0], &health->onsets[1],
		(N - 1) * sizeof(health->onsets[0]));
	health->onsets[N - 1] = now_us;
	for (unsigned int i = 0; i < N; i++)
		n += health->onsets[i] &&
		     now_us - health->onsets[i] < window_us;
	return n;
}

static void
fall_ill(struct ham_health *health, const struct ham_health_rules *rules,
	 const char *bad, int64_t now_us)
{
	unsigned int n = count_onset(health, rules->window_us, now_us);

	health->unhealthy = true;
	health->well_since_us = 0;
	g_strlcpy(health->reason, bad, sizeof(health->reason));
	if (rules->after == 0 || n < rules->after ||
	    health->quarantine != NO_QUARANTINE)
		return;
	health->quarantine = WANTED;
	g_snprintf(health->reason, sizeof(health->reason),
		   "unhealthy %u times within %u min, last: %s", n,
		   (unsigned int)(rules->window_us / 60000000), bad);
}

static void
judge_health(struct ham_health *health, const struct ham_health_rules *rules,
	     const char *bad, int64_t now_us)
{
	health->bad_in_a_row = bad ? health->bad_in_a_row + 1 : 0;
	if (health->unhealthy && bad) {
		health->well_since_us = 0;
	} else if (health->unhealthy) {
		if (health->well_since_us == 0)
			health->well_since_us = now_us;
		if (now_us - health->well_since_us >= rules->hold_us)
			health->unhealthy = false;
	} else if (health->bad_in_a_row >= HAM_HEALTH_BAD_IN_A_ROW) {
		fall_ill(health, rules, bad, now_us);
	}
}

static void
judge_quarantine(struct ham_health *health,
		 const struct ham_health_rules *rules, bool recorded,
		 int64_t now_us)
{
	bool counts = health->quarantine == HELD || health->quarantine == OVER;

	if (recorded && !counts) {
		health->quarantine = HELD;
		health->until_us = now_us + rules->time_us;
	} else if (!recorded && counts) {
		/* what led to it is forgiven */
		health->quarantine = NO_QUARANTINE;
		memset(health->onsets, 0, sizeof(health->onsets));
	} else if (health->quarantine == HELD && now_us >= health->until_us) {
		health->quarantine = OVER;
	}
}

unsigned int
ham_health_judge(struct ham_health *health,
		 const struct ham_health_rules *rules, const char *bad,
		 unsigned int recorded, int64_t now_us)
{
	/* what an earlier life has found is looked at until it is well */
	if (!health->begun)
		health->unhealthy = recorded & HAM_NODE_UNHEALTHY;
	health->begun = true;
	judge_quarantine(health, rules, recorded & HAM_NODE_QUARANTINED,
			 now_us);
	judge_health(health, rules, bad, now_us);
	return (health->unhealthy ? HAM_NODE_UNHEALTHY : 0u) |
	       (health->quarantine == WANTED || health->quarantine == HELD
			? HAM_NODE_QUARANTINED
			: 0u);
}
