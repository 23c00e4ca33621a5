/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/send_queue.c - see send_queue.h */
#include "hamd/io/send_queue.h"

#include <string.h>

static void
remove_link(struct ham_send_queue *queue, GList *link)
{
	struct ham_send_message *message = link->data;

	g_queue_delete_link(&queue->messages, link);
	queue->bytes -= message->len;
	queue->droppable -= message->droppable;
	g_free(message);
}

static bool
fits(const struct ham_send_queue *queue, size_t len)
{
	return queue->messages.length < queue->max_messages &&
	       queue->bytes + len <= queue->max_bytes;
}

static void
make_room(struct ham_send_queue *queue, size_t len)
{
	GList *next;

	for (GList *l = queue->messages.head;
	     l && queue->droppable > 0 && !fits(queue, len); l = next) {
		const struct ham_send_message *message = l->data;

		next = l->next;
		if (!message->droppable)
			continue;
		remove_link(queue, l);
		queue->dropped++;
	}
}

bool
ham_send_queue_push(struct ham_send_queue *queue, const void *bytes, size_t len,
		    bool droppable)
{
	struct ham_send_message *message;

	if (!droppable && len <= queue->max_bytes)
		make_room(queue, len);
	if (!fits(queue, len)) {
		queue->dropped++;
		return false;
	}
	message = g_malloc(sizeof(*message) + len);
	message->droppable = droppable;
	message->len = len;
	memcpy(message->bytes, bytes, len);
	g_queue_push_tail(&queue->messages, message);
	queue->bytes += len;
	queue->droppable += droppable;
	return true;
}

const struct ham_send_message *
ham_send_queue_peek(const struct ham_send_queue *queue)
{
	return queue->messages.head ? queue->messages.head->data : NULL;
}

void
ham_send_queue_pop(struct ham_send_queue *queue)
{
	remove_link(queue, queue->messages.head);
}

void
ham_send_queue_clear(struct ham_send_queue *queue)
{
	g_queue_clear_full(&queue->messages, g_free);
	queue->bytes = 0;
	queue->droppable = 0;
}
