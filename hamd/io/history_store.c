/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/history_store.c - see history_store.h
 *
 *	loop:   put, ask --> jobs ---+          +--> source --> callbacks
 *	                             v          |
 *	worker:         one transaction --> results
 *
 * The worker alone uses the database, and opens it.  Whatever waits when it
 * comes back for more goes into one transaction.
 */
#include "hamd/io/history_store.h"

#include <string.h>

#include "hamd/base/clock.h"

enum {
	MAX_BATCH = 64,	   /* jobs in one transaction */
	MAX_QUEUED = 4096, /* from there on steps and samples are dropped, and
			    * questions refused */
};

enum job_kind {
	JOB_END,
	JOB_PUT,
	JOB_STEP,
	JOB_SAMPLE,
	JOB_THIN,
	JOB_LIST,
	JOB_SHOW,
};

struct job {
	enum job_kind kind;
	bool flag; /* PUT: begins, SHOW: samples */
	uint64_t token;
	char id[HAM_HISTORY_ID_SIZE];
	union {
		struct ham_history_entry entry;
		struct ham_history_step step;
		struct ham_history_sample sample;
		struct ham_history_query query;
	};
};

enum result_kind {
	RESULT_ANSWER,
	RESULT_TROUBLE,
	RESULT_NOTE,
};

struct result {
	enum result_kind kind;
	uint64_t token;
	JsonObject *answer;
	const char *error_class; /* static */
	char *text;
};

struct ham_history_store {
	/* the worker's */
	ham_history_db *db; /* NULL: not open */
	char *path;
	char *boot;
	char *trouble;	   /* as it was told last; NULL: none */
	int64_t opened_us; /* tried last */
	/* the loop's */
	GThread *thread;
	GSource *source;
	struct ham_history_callbacks callbacks;
	void *data;
	unsigned int refs;
	bool freed;
	/* both's */
	GAsyncQueue *jobs;
	GAsyncQueue *results;
};

struct results_source {
	GSource source;
	ham_history_store *store;
};

static void
result_free(struct result *result)
{
	g_clear_pointer(&result->answer, json_object_unref);
	g_free(result->text);
	g_free(result);
}

/* ---- the worker ---- */

static void
post(ham_history_store *store, struct result result)
{
	g_async_queue_push(store->results, g_memdup2(&result, sizeof(result)));
	g_source_set_ready_time(store->source, 0);
}

/* Told once, until it is another one or over. */
static void
set_trouble(ham_history_store *store, const char *text)
{
	if (g_strcmp0(store->trouble, text) == 0)
		return;
	g_free(store->trouble);
	store->trouble = g_strdup(text);
	post(store,
	     (struct result){.kind = RESULT_TROUBLE, .text = g_strdup(text)});
}

/* Down to its bounds: at the start, and with each entry that has ended. */
static bool
prune(ham_history_store *store, GError **error)
{
	return ham_history_db_prune(store->db, ham_clock_wall_us(),
				    HAM_HISTORY_ENTRIES, HAM_HISTORY_PLOTS,
				    error);
}

static void
open_if_due(ham_history_store *store)
{
	g_autoptr(GError) error = NULL;
	char *note = NULL;
	int64_t now_us = ham_clock_us();

	if (store->db || (store->opened_us &&
			  now_us - store->opened_us < HAM_HISTORY_RETRY_US))
		return;
	store->opened_us = now_us;
	store->db =
		ham_history_db_open(store->path, store->boot, &note, &error);
	if (note)
		post(store, (struct result){.kind = RESULT_NOTE, .text = note});
	if (store->db && !prune(store, &error))
		g_clear_pointer(&store->db, ham_history_db_close);
	set_trouble(store, error ? error->message : NULL);
}

/* Every call would fail from now on: opening it again puts it aside. */
static void
close_if_damaged(ham_history_store *store, const char *why)
{
	if (!store->db || !ham_history_db_damaged(store->db))
		return;
	g_clear_pointer(&store->db, ham_history_db_close);
	store->opened_us = 0; /* with the next job */
	set_trouble(store, why);
}

static bool
write_one(ham_history_store *store, const struct job *job, GError **error)
{
	ham_history_db *db = store->db;

	switch (job->kind) {
	case JOB_PUT:
		return ham_history_db_put(db, &job->entry, job->flag, error) &&
		       (job->entry.ended.wall_us == 0 || prune(store, error));
	case JOB_STEP:
		return ham_history_db_add_step(db, job->id, &job->step, error);
	case JOB_SAMPLE:
		return ham_history_db_add_sample(db, job->id, &job->sample,
						 error);
	case JOB_THIN:
		return ham_history_db_thin(db, job->id, error);
	case JOB_END:
	case JOB_LIST:
	case JOB_SHOW:
		break;
	}
	return true;
}

static bool
is_question(const struct job *job)
{
	return job->kind == JOB_LIST || job->kind == JOB_SHOW;
}

static void
answer(ham_history_store *store, const struct job *job)
{
	g_autoptr(GError) error = NULL;
	struct result result = {.kind = RESULT_ANSWER, .token = job->token};

	if (store->db)
		result.answer =
			job->kind == JOB_LIST
				? ham_history_db_list(store->db, &job->query,
						      &error)
				: ham_history_db_show(store->db, job->id,
						      job->flag, &error);
	if (!result.answer && store->db && !error) {
		result.error_class = "NotFound";
		result.text = g_strdup("this node's history has no such entry");
	} else if (!result.answer) {
		result.error_class = "GenericError";
		result.text = g_strdup(error ? error->message : store->trouble);
		close_if_damaged(store, result.text);
	}
	post(store, result);
}

/* One transaction; its failure undoes it, and the next one is tried. */
static bool
write_batch(ham_history_store *store, const GPtrArray *batch, GError **error)
{
	bool ok = true;
	bool begun = false;

	for (guint i = 0; i < batch->len && ok; i++) {
		const struct job *job = g_ptr_array_index(batch, i);

		if (is_question(job) || job->kind == JOB_END)
			continue;
		ok = begun || ham_history_db_begin(store->db, error);
		begun = ok;
		ok = ok && write_one(store, job, error);
	}
	ok = ok && (!begun || ham_history_db_commit(store->db, error));
	if (!ok)
		ham_history_db_rollback(store->db);
	else if (begun)
		set_trouble(store, NULL);
	return ok;
}

static void
do_batch(ham_history_store *store, const GPtrArray *batch)
{
	g_autoptr(GError) error = NULL;

	open_if_due(store);
	if (store->db && !write_batch(store, batch, &error)) {
		set_trouble(store, error->message);
		close_if_damaged(store, error->message);
	}
	for (guint i = 0; i < batch->len; i++)
		if (is_question(g_ptr_array_index(batch, i)))
			answer(store, g_ptr_array_index(batch, i));
}

/* False: the last job of the batch is the end. */
static bool
next_batch(ham_history_store *store, GPtrArray *batch)
{
	struct job *job = g_async_queue_pop(store->jobs);

	while (job && job->kind != JOB_END) {
		g_ptr_array_add(batch, job);
		/* what was put before a question is in its answer, and what
		 * comes after it is not */
		job = batch->len < MAX_BATCH && !is_question(job)
			      ? g_async_queue_try_pop(store->jobs)
			      : NULL;
	}
	if (!job)
		return true;
	g_free(job);
	return false;
}

static gpointer
work(gpointer data)
{
	ham_history_store *store = data;
	bool more = true;

	open_if_due(store);
	while (more) {
		g_autoptr(GPtrArray) batch =
			g_ptr_array_new_with_free_func(g_free);

		more = next_batch(store, batch);
		do_batch(store, batch);
	}
	g_clear_pointer(&store->db, ham_history_db_close);
	return NULL;
}

/* ---- the loop ---- */

static void
unref(ham_history_store *store)
{
	if (--store->refs > 0)
		return;
	g_async_queue_unref(store->jobs);
	g_async_queue_unref(store->results);
	g_source_unref(store->source);
	g_free(store->path);
	g_free(store->boot);
	g_free(store->trouble);
	g_free(store);
}

static void
deliver(ham_history_store *store, struct result *result)
{
	if (result->kind == RESULT_ANSWER)
		store->callbacks.on_answer(
			result->token, g_steal_pointer(&result->answer),
			result->error_class, result->text, store->data);
	else
		store->callbacks.on_trouble(
			result->text, result->kind == RESULT_NOTE, store->data);
}

static gboolean
results_dispatch(GSource *source, GSourceFunc callback, gpointer callback_data)
{
	ham_history_store *store = ((struct results_source *)source)->store;
	struct result *result;

	(void)callback;
	(void)callback_data;
	/* first: a result posted from now on wakes the loop again */
	g_source_set_ready_time(source, -1);
	store->refs++;
	while (!store->freed &&
	       (result = g_async_queue_try_pop(store->results))) {
		deliver(store, result);
		result_free(result);
	}
	unref(store);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs results_funcs = {
	.dispatch = results_dispatch,
};

ham_history_store *
ham_history_store_open(const char *path, const char *boot,
		       const struct ham_history_callbacks *callbacks,
		       void *data)
{
	ham_history_store *store = g_new0(ham_history_store, 1);

	store->path = g_strdup(path);
	store->boot = g_strdup(boot);
	store->refs = 1;
	store->callbacks = *callbacks;
	store->data = data;
	store->jobs = g_async_queue_new_full(g_free);
	store->results = g_async_queue_new_full((GDestroyNotify)result_free);
	store->source =
		g_source_new(&results_funcs, sizeof(struct results_source));
	((struct results_source *)store->source)->store = store;
	g_source_attach(store->source, NULL);
	store->thread = g_thread_new("history", work, store);
	return store;
}

static struct job *
job_new(enum job_kind kind, const char *id)
{
	struct job *job = g_new0(struct job, 1);

	job->kind = kind;
	if (id)
		g_strlcpy(job->id, id, sizeof(job->id));
	return job;
}

/* A disk that hangs must not eat the memory. */
static bool
is_full(ham_history_store *store)
{
	return g_async_queue_length(store->jobs) > MAX_QUEUED;
}

void
ham_history_store_put(ham_history_store *store,
		      const struct ham_history_entry *entry, bool begins)
{
	struct job *job = job_new(JOB_PUT, entry->id);

	job->entry = *entry;
	job->flag = begins;
	g_async_queue_push(store->jobs, job);
}

void
ham_history_store_step(ham_history_store *store, const char *id,
		       const struct ham_history_step *step)
{
	struct job *job;

	if (is_full(store))
		return;
	job = job_new(JOB_STEP, id);
	job->step = *step;
	g_async_queue_push(store->jobs, job);
}

void
ham_history_store_sample(ham_history_store *store, const char *id,
			 const struct ham_history_sample *sample)
{
	struct job *job;

	if (is_full(store))
		return;
	job = job_new(JOB_SAMPLE, id);
	job->sample = *sample;
	g_async_queue_push(store->jobs, job);
}

void
ham_history_store_thin(ham_history_store *store, const char *id)
{
	g_async_queue_push(store->jobs, job_new(JOB_THIN, id));
}

/* A question that nobody will come to for long. */
static bool
refused(ham_history_store *store, uint64_t token)
{
	if (!is_full(store))
		return false;
	post(store,
	     (struct result){.kind = RESULT_ANSWER,
			     .token = token,
			     .error_class = "Busy",
			     .text = g_strdup("the disk of the history does "
					      "not keep up: ask again later")});
	return true;
}

void
ham_history_store_list(ham_history_store *store, uint64_t token,
		       const struct ham_history_query *query)
{
	struct job *job;

	if (refused(store, token))
		return;
	job = job_new(JOB_LIST, NULL);
	job->token = token;
	job->query = *query;
	g_async_queue_push(store->jobs, job);
}

void
ham_history_store_show(ham_history_store *store, uint64_t token, const char *id,
		       bool samples)
{
	struct job *job;

	if (refused(store, token))
		return;
	job = job_new(JOB_SHOW, id);
	job->token = token;
	job->flag = samples;
	g_async_queue_push(store->jobs, job);
}

void
ham_history_store_free(ham_history_store *store)
{
	if (!store)
		return;
	g_async_queue_push(store->jobs, job_new(JOB_END, NULL));
	g_thread_join(store->thread);
	store->freed = true;
	g_source_destroy(store->source);
	unref(store);
}
