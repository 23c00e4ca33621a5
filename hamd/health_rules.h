/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_rules.h - when a node is unhealthy, and when quarantined
 *
 * Pure: what was sampled comes in with the time, flags for the record go out.
 *
 *	bad BAD_IN_A_ROW times -> unhealthy -> well for `hold` -> well
 *	unhealthy `after` times within `window` -> quarantined for `time`
 *
 * A quarantine counts from when the record has it, whoever put it there, and is
 * over at once if an operator takes it out of the record.
 */
#ifndef HAM_HEALTH_RULES_H
#define HAM_HEALTH_RULES_H

#include "config/conf.h"
#include "hamd/core/record.h"

enum {
	HAM_HEALTH_BAD_IN_A_ROW = 3,
	HAM_HEALTH_MAX_ONSETS = 16, /* quarantine_after's range */
	HAM_HEALTH_WORD = 64,
};

/* Limits that are held against what the kernel or corosync says, and that may
 * not say it. */
enum ham_health_limit {
	HAM_HEALTH_UPLINK,
	HAM_HEALTH_CLUSTER_LINK,
	HAM_HEALTH_DISK_FREE,
	HAM_HEALTH_MEMORY_AVAILABLE,
	HAM_HEALTH_MEMORY_PRESSURE,
	HAM_HEALTH_LOAD,
	HAM_HEALTH_TEMPERATURE,
	HAM_HEALTH_N_LIMITS
};

/* As the cluster file has it, without "health." */
const char *ham_health_limit_name(unsigned int limit);

/* What was found; a value that could not be read is as if it were well, since a
 * kernel without it is not a sick one, and `unknown` says why there is none. */
struct ham_health_sample {
	double load;
	uint64_t memory_available; /* UINT64_MAX: not known */
	double memory_pressure;	   /* percent */
	uint64_t disk_free;	   /* the least, UINT64_MAX: not known */
	char disk_folder[HAM_HEALTH_WORD];
	unsigned int disk_errors; /* within the window */
	int temperature;	  /* the highest, degrees Celsius */
	char sensor[HAM_HEALTH_WORD];
	char bridge[HAM_HEALTH_WORD];	    /* without a carrier; "": none */
	char target[HAM_HEALTH_WORD]; /* that does not answer, and by which
					 bridge; "": none */
	char cluster_link[HAM_HEALTH_WORD]; /* that reaches nobody; "": none */
	char command[HAM_REASON_SIZE];	    /* what is wrong; "": nothing */
	char hangs[HAM_HEALTH_WORD]; /* what does not answer; "": nothing */
	/* of limits that are set; "": it was measured */
	char unknown[HAM_HEALTH_N_LIMITS][HAM_REASON_SIZE];
};

/* Nothing is known. */
void ham_health_sample_init(struct ham_health_sample *sample);

/* What is bad, as "load: 12.0, at most 4", in `out`; false: nothing is. */
bool ham_health_is_bad(const struct ham_conf_health *limits,
		       const struct ham_health_sample *sample,
		       char out[HAM_REASON_SIZE]);

/* A limit that is not applied, since it can't be measured. */
struct ham_health_gap {
	unsigned int in_a_row; /* looks without a value */
	bool told;
	char why[HAM_REASON_SIZE]; /* as told, or last found */
};

enum ham_health_turn {
	HAM_HEALTH_AS_BEFORE,
	HAM_HEALTH_GAP_BEGINS, /* BAD_IN_A_ROW looks had no value */
	HAM_HEALTH_GAP_ENDS,   /* there is one again */
};

/* One more look: `why` there is no value, or "".  What is to be told, once
 * each. */
enum ham_health_turn ham_health_mind_gap(struct ham_health_gap *gap,
					 const char *why);

struct ham_health_rules {
	int64_t hold_us;
	unsigned int after; /* 0: never */
	int64_t window_us;
	int64_t time_us;
};

struct ham_health {
	bool begun; /* judged once */
	unsigned int bad_in_a_row;
	bool unhealthy;
	int64_t well_since_us; /* while unhealthy; 0: it is bad now */
	int64_t onsets[HAM_HEALTH_MAX_ONSETS]; /* when it became so, newest
						  last; 0: none */
	uint8_t quarantine;		       /* of health_rules.c */
	int64_t until_us; /* of the quarantine that the record has */
	char reason[HAM_REASON_SIZE];
};

/* One more sample: `bad` says what is bad, or NULL.  `recorded`: the node's
 * flags in the record.  Returns those of HAM_NODE_HEALTH that it should have;
 * their reason is in health->reason. */
unsigned int ham_health_judge(struct ham_health *health,
			      const struct ham_health_rules *rules,
			      const char *bad, unsigned int recorded,
			      int64_t now_us);

#endif
