/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/send_queue.h - what waits to be sent, bounded, in order; pure
 *
 * Full, it gives up droppable messages first, oldest first; a new droppable
 * one never pushes out another.  For cluster.c.
 */
#ifndef HAM_SEND_QUEUE_H
#define HAM_SEND_QUEUE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct ham_send_message {
	bool droppable;
	size_t len;
	guint8 bytes[];
};

struct ham_send_queue {
	unsigned int max_messages; /* the owner's, as the next */
	size_t max_bytes;
	GQueue messages; /* struct ham_send_message *, oldest first */
	size_t bytes;
	unsigned int droppable; /* how many are */
	uint64_t dropped;	/* since the start */
};

/* Copies the bytes.  False if there is no room: then this one was dropped. */
bool ham_send_queue_push(struct ham_send_queue *queue, const void *bytes,
			 size_t len, bool droppable);

/* The oldest, NULL if empty; it stays the queue's. */
const struct ham_send_message *
ham_send_queue_peek(const struct ham_send_queue *queue);

/* Away with the oldest. */
void ham_send_queue_pop(struct ham_send_queue *queue);

/* All go, uncounted. */
void ham_send_queue_clear(struct ham_send_queue *queue);

#endif
