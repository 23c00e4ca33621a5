/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/qmp_queue.c - see qmp_queue.h */
#include "hamd/io/qmp_queue.h"

#include "hamd/base/error.h"

enum {
	/* QEMU stops reading with 8 in-band commands queued, and then nothing
	 * out of band gets through (its docs/interop/qmp-spec) */
	MAX_IN_BAND = 7,
};

struct ham_qmp_command *
ham_qmp_queue_add(struct ham_qmp_queue *queue, const char *name,
		  JsonObject *arguments, bool oob, int64_t deadline_us)
{
	struct ham_qmp_command *command = g_new0(struct ham_qmp_command, 1);

	command->id = ++queue->last_id;
	command->name = g_strdup(name);
	command->arguments = arguments;
	command->oob = oob;
	command->deadline_us = deadline_us;
	g_queue_push_tail(&queue->commands, command);
	return command;
}

void
ham_qmp_queue_take(struct ham_qmp_queue *queue, struct ham_qmp_command *command)
{
	g_queue_remove(&queue->commands, command);
}

void
ham_qmp_command_fail(struct ham_qmp_command *command, int code, const char *why)
{
	command->state = HAM_QMP_FAILED;
	command->error =
		g_error_new(HAM_ERROR, code, "%s: %s", command->name, why);
}

static bool
at_server(const struct ham_qmp_command *command)
{
	return command->state == HAM_QMP_SENT ||
	       command->state == HAM_QMP_LAPSED;
}

struct ham_qmp_command *
ham_qmp_queue_sendable(struct ham_qmp_queue *queue)
{
	unsigned int in_band = 0;

	for (GList *l = queue->commands.head; l; l = l->next) {
		struct ham_qmp_command *command = l->data;

		if (!command->oob && at_server(command))
			in_band++;
		if (command->state == HAM_QMP_WAITING &&
		    (command->oob || in_band < MAX_IN_BAND))
			return command;
	}
	return NULL;
}

struct ham_qmp_command *
ham_qmp_queue_find(struct ham_qmp_queue *queue, int64_t id)
{
	for (GList *l = queue->commands.head; l; l = l->next) {
		struct ham_qmp_command *command = l->data;

		if (command->id == id && at_server(command))
			return command;
	}
	return NULL;
}

struct ham_qmp_command *
ham_qmp_queue_due(struct ham_qmp_queue *queue, int64_t now_us, int64_t last_id)
{
	for (GList *l = queue->commands.head; l; l = l->next) {
		struct ham_qmp_command *command = l->data;

		if (command->id <= last_id &&
		    (command->state == HAM_QMP_FAILED ||
		     (command->state != HAM_QMP_LAPSED &&
		      command->deadline_us <= now_us)))
			return command;
	}
	return NULL;
}

int64_t
ham_qmp_queue_due_us(const struct ham_qmp_queue *queue)
{
	int64_t due_us = INT64_MAX;

	for (GList *l = queue->commands.head; l; l = l->next) {
		const struct ham_qmp_command *command = l->data;

		if (command->state == HAM_QMP_FAILED)
			return 0;
		if (command->state != HAM_QMP_LAPSED)
			due_us = MIN(due_us, command->deadline_us);
	}
	return due_us;
}

void
ham_qmp_queue_clear(struct ham_qmp_queue *queue)
{
	g_queue_clear_full(&queue->commands,
			   (GDestroyNotify)ham_qmp_command_free);
}

void
ham_qmp_command_free(struct ham_qmp_command *command)
{
	g_clear_pointer(&command->arguments, json_object_unref);
	g_clear_error(&command->error);
	g_free(command->name);
	g_free(command);
}
