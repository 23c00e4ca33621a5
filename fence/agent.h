/* SPDX-License-Identifier: BSD-3-Clause */
/* fence/agent.h - one run of one fence agent; only fence/ includes it
 *
 * The fence-agents API (FenceAgentAPI.md of the fence-agents project): options
 * are lines `name=value` on standard input, the answer is the exit status.
 */
#ifndef HAM_FENCE_AGENT_H
#define HAM_FENCE_AGENT_H

#include <glib.h>
#include <stdbool.h>

enum ham_fence_answer {
	HAM_FENCE_DONE,	  /* 0: done; of `status`: it is on */
	HAM_FENCE_IS_OFF, /* 2: of `status` alone */
	HAM_FENCE_FAILED, /* any other, a signal, or no end in time */
};

struct ham_fence_agent_spec {
	const char *program; /* absolute path */
	const char *action;
	GHashTable *options; /* char * -> char *; may be NULL */
	int64_t limit_us;
	bool whole; /* what it writes to standard output is wanted */
};

/* `words`: why it failed, with the last line that it said; else "", or with
 * `whole` all that it wrote to standard output, up to 256 KiB: whoever writes
 * more has failed. */
typedef void (*ham_fence_agent_fn)(enum ham_fence_answer answer,
				   const char *words, void *data);

typedef struct ham_fence_agent ham_fence_agent;

/* Never NULL: what can't be started has failed, and says so from the main loop.
 * The answer comes once, and frees it. */
ham_fence_agent *ham_fence_agent_run(const struct ham_fence_agent_spec *spec,
				     ham_fence_agent_fn on_answer, void *data);

/* The lines that it gets, for the caller to wipe and free; NULL with *error: a
 * secret can't be had, or they are too many. */
GString *ham_fence_input(const struct ham_fence_agent_spec *spec,
			 GError **error);

/* The length of NAME where `key` is NAME_file and the agent gets NAME with what
 * is in that file, as it is a secret; 0: an option like others. */
size_t ham_fence_secret_len(const char *key);

/* Whether `key` says what the agent is to do, which is ours alone to say. */
bool ham_fence_is_action(const char *key);

/* Ends it and all that it has started, without an answer. */
void ham_fence_agent_cancel(ham_fence_agent *agent);

#endif
