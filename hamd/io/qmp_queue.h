/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/qmp_queue.h - the commands of one QMP connection, pure bookkeeping
 *
 *	add -> WAITING -> SENT -> answered, removed
 *	          |         |
 *	          |         +-> LAPSED -> late answer, removed
 *	          +-> lapsed or failed, removed
 *
 * Sends nothing and reads no clock: time comes as an argument.  For qmp.c.
 */
#ifndef HAM_QMP_QUEUE_H
#define HAM_QMP_QUEUE_H

#include "hamd/io/qmp.h"

enum ham_qmp_command_state {
	HAM_QMP_WAITING,
	HAM_QMP_SENT,
	HAM_QMP_LAPSED, /* its owner was told; its place at the server is taken
			 * until the answer comes all the same */
	HAM_QMP_FAILED, /* `error` is to be told from the loop */
};

struct ham_qmp_command {
	int64_t id; /* > 0, grows */
	char *name;
	JsonObject *arguments; /* NULL: none, or sent */
	bool oob;
	enum ham_qmp_command_state state;
	int64_t deadline_us;
	ham_qmp_reply_fn on_reply;
	void *data;
	GError *error;
};

struct ham_qmp_queue {
	GQueue commands; /* in the order given */
	int64_t last_id;
};

/* The reference to `arguments` is taken. */
struct ham_qmp_command *ham_qmp_queue_add(struct ham_qmp_queue *queue,
					  const char *name,
					  JsonObject *arguments, bool oob,
					  int64_t deadline_us);

/* Out of the queue; the command is the caller's now. */
void ham_qmp_queue_take(struct ham_qmp_queue *queue,
			struct ham_qmp_command *command);

void ham_qmp_command_fail(struct ham_qmp_command *command, int code,
			  const char *why);

/* Next to go out, NULL if none may now: in-band ones keep their order, and few
 * are at the server at a time. */
struct ham_qmp_command *ham_qmp_queue_sendable(struct ham_qmp_queue *queue);

/* The one that the server may answer by this id, or NULL. */
struct ham_qmp_command *ham_qmp_queue_find(struct ham_qmp_queue *queue,
					   int64_t id);

/* The next one whose owner has to be told of a failure, with an id up to
 * `last_id`, or NULL. */
struct ham_qmp_command *ham_qmp_queue_due(struct ham_qmp_queue *queue,
					  int64_t now_us, int64_t last_id);

/* When ham_qmp_queue_due() will find one; INT64_MAX: never. */
int64_t ham_qmp_queue_due_us(const struct ham_qmp_queue *queue);

void ham_qmp_queue_clear(struct ham_qmp_queue *queue);

void ham_qmp_command_free(struct ham_qmp_command *command);

#endif
