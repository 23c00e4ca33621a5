/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/converge_model.h - a guest that writes memory, and QEMU that sends it
 *
 * The guest is a few working sets, each written at random places at a rate of its
 * own.  QEMU sends what it knows to be written, page by page; when that is sent
 * it looks up what was written meanwhile: a pass.  A throttle slows all writing
 * down.  Steps of a millisecond, no chance: the expected amounts.
 */
#ifndef CONVERGE_MODEL_H
#define CONVERGE_MODEL_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#include "hamd/core/converge.h"

#define MIB ((uint64_t)1 << 20)
#define SECOND ((int64_t)1000000)

enum {
	MODEL_SETS = 3,
};

struct model_set {
	double size;	/* bytes */
	double rate;	/* bytes/s that are written there */
	double known;	/* of them to be sent, as QEMU knows */
	double unknown; /* written since it looked */
};

struct model {
	struct model_set set[MODEL_SETS];
	double clean; /* to be sent once: memory that nobody writes */
	double link;  /* bytes/s */
	double sent;
	int64_t now_us;
	uint64_t passes;
	unsigned int throttle; /* percent */
	bool disks_lag;
	double disk; /* bytes that are to be copied yet; memory is paced */
};

static inline double
model_known(const struct model *m)
{
	double sum = m->clean;

	for (int i = 0; i < MODEL_SETS; i++)
		sum += m->set[i].known;
	return sum;
}

static inline double
model_all(const struct model *m)
{
	double sum = model_known(m);

	for (int i = 0; i < MODEL_SETS; i++)
		sum += m->set[i].unknown;
	return sum;
}

/* Bytes that are written in so many seconds. */
static inline double
model_dirty(const struct model *m, double seconds)
{
	double sum = 0;

	for (int i = 0; i < MODEL_SETS; i++)
		if (m->set[i].size > 0)
			sum += m->set[i].size *
			       (1 - exp(-m->set[i].rate * seconds /
					m->set[i].size));
	return sum;
}

static inline void
model_look(struct model *m)
{
	for (int i = 0; i < MODEL_SETS; i++) {
		struct model_set *s = &m->set[i];

		s->known = fmin(s->known + s->unknown, s->size);
		s->unknown = 0;
	}
	m->passes++;
}

static inline void
model_step(struct model *m)
{
	double dt = 0.001, known = model_known(m);
	/* to arrive with the disks, and then held back until they are there */
	double share = m->disk <= 0    ? 1
		       : m->passes < 2 ? known / (known + m->disk)
				       : 0;
	double part = known > 0 ? fmin(m->link * share * dt / known, 1) : 0;

	for (int i = 0; i < MODEL_SETS; i++) {
		struct model_set *s = &m->set[i];
		double rate = s->rate * (100 - m->throttle) / 100;

		s->known -= s->known * part;
		if (s->size > 0)
			s->unknown += (s->size - s->unknown) *
				      (1 - exp(-rate * dt / s->size));
	}
	m->disk = fmax(m->disk - m->link * (1 - share) * dt, 0);
	m->clean -= m->clean * part;
	m->sent += known * part;
	m->now_us += 1000;
	/* what is left of a page is not sent for ever */
	if (model_known(m) < 4096)
		model_look(m);
}

static inline void
model_begin(struct model *m, double ram, double link)
{
	m->now_us = SECOND;
	m->link = link;
	m->clean = ram;
	for (int i = 0; i < MODEL_SETS; i++) {
		m->set[i].known = m->set[i].size;
		m->clean -= m->set[i].size;
	}
	m->passes = 1;
}

static inline struct ham_converge_sample
model_sample(const struct model *m)
{
	return (struct ham_converge_sample){
		.now_us = m->now_us,
		.passes = m->passes,
		.remaining = (uint64_t)model_known(m),
		.sent = (uint64_t)m->sent,
		.paced = m->disk > 0,
		.flow = m->disk > 0 ? (uint64_t)m->link : 0,
		.disk_left = (uint64_t)m->disk,
		.disk_rate = (uint64_t)m->link,
		.disks_ready = !m->disks_lag && m->disk <= 0,
		.throttle = m->throttle,
	};
}

#endif
