/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/store.c - see store.h
 *
 *	loop:   put --> jobs ----+          +--> source --> on_done, on_fail
 *	                         v          |
 *	worker:          one transaction --> results
 *
 * The worker alone uses the database.  Whatever waits when it comes back for
 * more goes into one transaction, so the disk's latency bounds the rate of
 * fsyncs, not of puts.
 */
#include "hamd/io/store.h"

#include "hamd/io/store_db.h"

enum {
	MAX_BATCH = 64, /* jobs in one transaction */
};

struct job {
	GPtrArray *items; /* NULL: the worker is to end */
	bool replace_all;
	uint64_t ticket;
};

struct result {
	uint64_t ticket;
	char *failure; /* NULL: done */
};

struct ham_store {
	ham_store_db *db;
	GThread *thread;
	GAsyncQueue *jobs;
	GAsyncQueue *results;
	GSource *source; /* runs in the loop when there are results */
	ham_store_done_fn on_done;
	ham_store_fail_fn on_fail;
	void *data;
	unsigned int refs; /* the loop's side only */
	bool freed;
};

struct results_source {
	GSource source;
	ham_store *store;
};

static void
job_free(struct job *job)
{
	g_clear_pointer(&job->items, g_ptr_array_unref);
	g_free(job);
}

static void
result_free(struct result *result)
{
	g_free(result->failure);
	g_free(result);
}

static void
post(ham_store *store, uint64_t ticket, const char *failure)
{
	struct result *result = g_new0(struct result, 1);

	result->ticket = ticket;
	result->failure = g_strdup(failure);
	g_async_queue_push(store->results, result);
	g_source_set_ready_time(store->source, 0);
}

static bool
write_batch(ham_store *store, const GPtrArray *batch, GError **error)
{
	if (!ham_store_db_begin(store->db, error))
		return false;
	for (guint i = 0; i < batch->len; i++) {
		const struct job *job = g_ptr_array_index(batch, i);

		if (!ham_store_db_put(store->db, job->items, job->replace_all,
				      error))
			return false;
	}
	return ham_store_db_commit(store->db, error);
}

/* Waits for work and takes all there is.  False when it is the last. */
static bool
next_batch(ham_store *store, GPtrArray *batch)
{
	struct job *job = g_async_queue_pop(store->jobs);

	while (job && job->items) {
		g_ptr_array_add(batch, job);
		job = batch->len < MAX_BATCH
			      ? g_async_queue_try_pop(store->jobs)
			      : NULL;
	}
	if (!job)
		return true;
	job_free(job);
	return false;
}

static gpointer
work(gpointer data)
{
	ham_store *store = data;
	bool failed = false;
	bool more = true;

	while (more) {
		g_autoptr(GPtrArray) batch = g_ptr_array_new_with_free_func(
			(GDestroyNotify)job_free);
		g_autoptr(GError) error = NULL;

		more = next_batch(store, batch);
		if (failed || batch->len == 0)
			continue;
		failed = !write_batch(store, batch, &error);
		for (guint i = 0; i < batch->len && !failed; i++) {
			const struct job *job = g_ptr_array_index(batch, i);

			post(store, job->ticket, NULL);
		}
		if (!failed)
			failed = !ham_store_db_tidy(store->db, &error);
		if (failed)
			post(store, 0, error->message);
	}
	return NULL;
}

static void
unref(ham_store *store)
{
	if (--store->refs > 0)
		return;
	g_async_queue_unref(store->jobs);
	g_async_queue_unref(store->results);
	g_source_unref(store->source);
	g_free(store);
}

static gboolean
results_dispatch(GSource *source, GSourceFunc callback, gpointer callback_data)
{
	ham_store *store = ((struct results_source *)source)->store;
	struct result *result;

	(void)callback;
	(void)callback_data;
	/* first: a result posted from now on wakes the loop again */
	g_source_set_ready_time(source, -1);
	store->refs++;
	while (!store->freed &&
	       (result = g_async_queue_try_pop(store->results))) {
		if (result->failure)
			store->on_fail(result->failure, store->data);
		else
			store->on_done(result->ticket, store->data);
		result_free(result);
	}
	unref(store);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs results_funcs = {
	.dispatch = results_dispatch,
};

ham_store *
ham_store_open(const char *path, GPtrArray **items, ham_store_done_fn on_done,
	       ham_store_fail_fn on_fail, void *data, GError **error)
{
	ham_store_db *db = ham_store_db_open(path, items, error);
	ham_store *store;

	if (!db)
		return NULL;
	store = g_new0(ham_store, 1);
	store->db = db;
	store->refs = 1;
	store->on_done = on_done;
	store->on_fail = on_fail;
	store->data = data;
	store->jobs = g_async_queue_new_full((GDestroyNotify)job_free);
	store->results = g_async_queue_new_full((GDestroyNotify)result_free);
	store->source =
		g_source_new(&results_funcs, sizeof(struct results_source));
	((struct results_source *)store->source)->store = store;
	g_source_attach(store->source, NULL);
	store->thread = g_thread_new("store", work, store);
	return store;
}

void
ham_store_put(ham_store *store, GPtrArray *items, bool replace_all,
	      uint64_t ticket)
{
	struct job *job = g_new0(struct job, 1);

	job->items = items;
	job->replace_all = replace_all;
	job->ticket = ticket;
	g_async_queue_push(store->jobs, job);
}

static void
item_free(struct ham_store_item *item)
{
	g_free(item->key);
	g_clear_pointer(&item->value, g_bytes_unref);
	g_free(item);
}

struct ham_store_item *
ham_store_item_new(const char *key, const void *value, size_t len)
{
	struct ham_store_item *item = g_new0(struct ham_store_item, 1);

	item->key = g_strdup(key);
	item->value = value ? g_bytes_new(value, len) : NULL;
	return item;
}

GPtrArray *
ham_store_items_new(void)
{
	return g_ptr_array_new_with_free_func((GDestroyNotify)item_free);
}

void
ham_store_free(ham_store *store)
{
	if (!store)
		return;
	g_async_queue_push(store->jobs, g_new0(struct job, 1));
	g_thread_join(store->thread);
	ham_store_db_close(store->db);
	store->freed = true;
	g_source_destroy(store->source);
	unref(store);
}
