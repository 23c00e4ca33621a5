/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/probe.h - does a storage daemon answer? */
#ifndef HAM_PROBE_H
#define HAM_PROBE_H

#include <glib.h>

typedef struct ham_probe ham_probe;

enum ham_probe_answer {
	HAM_PROBE_GREETED,
	HAM_PROBE_REFUSED, /* nobody listens, or it is no NBD server */
	HAM_PROBE_SILENT,  /* nothing was heard within the limit */
};

/* Called once, from the main loop and never from within ham_probe_new(); it may
 * free the probe. */
typedef void (*ham_probe_fn)(enum ham_probe_answer answer, void *data);

/* `host` is numeric.  The probe is the caller's. */
ham_probe *ham_probe_new(const char *host, unsigned int port,
			 unsigned int limit_ms, ham_probe_fn on_answer,
			 void *data);
/* NULL is fine; calls a probe off. */
void ham_probe_free(ham_probe *probe);

#endif
