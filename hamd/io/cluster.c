/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/io/cluster.c - see cluster.h
 *
 * Each library has a descriptor in the loop.  A callback may free or send, so
 * the handles are closed only outside of their own dispatch: when the last
 * reference goes, or when the connection is lost.  Closing asks corosync and
 * waits, so a thread of its own does it.
 *
 * Messages that corosync does not take now wait in order; nothing ever
 * overtakes them.  CS_ERR_TRY_AGAIN is not all: with every message libqb 2.0
 * writes a byte to the connection's socket, and turns in a circle for as long
 * as that is full, so a message is given to it only while there is room.
 */
#define HAM_LOG_TAG "io"
#include "hamd/io/cluster.h"

#include <corosync/cpg.h>
#include <corosync/quorum.h>
#include <glib-unix.h>
#include <poll.h>
#include <string.h>

#include "hamd/base/error.h"
#include "hamd/base/log.h"
#include "hamd/io/send_queue.h"

enum {
	MAX_QUEUED = 4096,
	MAX_QUEUED_BYTES = 8 << 20,
	DISPATCH_A_TURN = 64,
	SEND_A_TURN = 64,
	RETRY_MS = 5,
	RETRY_MAX_MS = 50,
};

struct handles {
	cpg_handle_t cpg;
	quorum_handle_t quorum;
	bool cpg_open;
	bool quorum_open;
};

struct ham_cluster {
	struct ham_cluster_callbacks callbacks;
	void *data;
	struct handles handles;
	int cpg_fd; /* libcpg's */
	struct cpg_name group;
	bool joined;
	bool tracking;
	uint32_t self;
	uint32_t max_message;
	struct ham_send_queue queue;
	guint cpg_source; /* 0: none; so for the others */
	guint quorum_source;
	guint retry_timer;
	guint retry_ms;
	guint lost_source; /* while `lost_why` waits for its turn */
	char *lost_why;
	bool closed; /* lost or freed: no callback comes, nothing is sent */
	unsigned int refs;
};

static void
let_go(ham_cluster *cluster)
{
	cluster->closed = true;
	g_clear_handle_id(&cluster->cpg_source, g_source_remove);
	g_clear_handle_id(&cluster->quorum_source, g_source_remove);
	g_clear_handle_id(&cluster->retry_timer, g_source_remove);
	g_clear_handle_id(&cluster->lost_source, g_source_remove);
	ham_send_queue_clear(&cluster->queue);
}

static gpointer
finalize(gpointer data)
{
	g_autofree struct handles *handles = data;

	if (handles->cpg_open)
		cpg_finalize(handles->cpg);
	if (handles->quorum_open)
		quorum_finalize(handles->quorum);
	return NULL;
}

/* Leaves the group, too; if the process ends before that, corosync sees it. */
static void
close_handles(ham_cluster *cluster)
{
	struct handles *handles =
		g_memdup2(&cluster->handles, sizeof(*handles));

	memset(&cluster->handles, 0, sizeof(cluster->handles));
	if (handles->cpg_open || handles->quorum_open)
		g_thread_unref(g_thread_new("leave", finalize, handles));
	else
		g_free(handles);
}

static void
unref(ham_cluster *cluster)
{
	if (--cluster->refs > 0)
		return;
	close_handles(cluster);
	g_free(cluster->lost_why);
	g_free(cluster);
}

static char *
describe(const char *doing, cs_error_t code)
{
	if (code == CS_ERR_LIBRARY || code == CS_ERR_BAD_HANDLE)
		return g_strdup_printf("corosync is gone (%s)", doing);
	return g_strdup_printf("%s: corosync's error %d", doing, (int)code);
}

static void
lose(ham_cluster *cluster, const char *why)
{
	if (cluster->closed)
		return;
	let_go(cluster);
	close_handles(cluster);
	cluster->callbacks.on_lost(why, cluster->data);
}

static gboolean
lost_ready(gpointer data)
{
	ham_cluster *cluster = data;

	cluster->lost_source = 0;
	cluster->refs++;
	lose(cluster, cluster->lost_why);
	unref(cluster);
	return G_SOURCE_REMOVE;
}

static void
lose_soon(ham_cluster *cluster, const char *doing, cs_error_t code)
{
	if (cluster->lost_source)
		return;
	g_free(cluster->lost_why);
	cluster->lost_why = describe(doing, code);
	cluster->lost_source =
		g_idle_add_full(G_PRIORITY_DEFAULT, lost_ready, cluster, NULL);
}

static cs_error_t
multicast(ham_cluster *cluster, const void *bytes, size_t len)
{
	struct iovec part = {.iov_base = (void *)bytes, .iov_len = len};
	struct pollfd room = {.fd = cluster->cpg_fd, .events = POLLOUT};

	if (poll(&room, 1, 0) == 0)
		return CS_ERR_TRY_AGAIN;
	return cpg_mcast_joined(cluster->handles.cpg, CPG_TYPE_AGREED, &part,
				1);
}

/* Sends what corosync takes, in order.  True if it took any. */
static bool
flush(ham_cluster *cluster)
{
	const struct ham_send_message *message;
	cs_error_t code = CS_OK;
	int sent = 0;

	while (cluster->joined && !cluster->lost_source && sent < SEND_A_TURN &&
	       (message = ham_send_queue_peek(&cluster->queue))) {
		code = multicast(cluster, message->bytes, message->len);
		if (code != CS_OK)
			break;
		ham_send_queue_pop(&cluster->queue);
		sent++;
	}
	if (code != CS_OK && code != CS_ERR_TRY_AGAIN)
		lose_soon(cluster, "sending", code);
	return sent > 0;
}

/* The two steps that make us a member; each may have to be repeated. */
static bool
enter(ham_cluster *cluster)
{
	bool moved = false;
	cs_error_t code;

	if (!cluster->joined) {
		code = cpg_join(cluster->handles.cpg, &cluster->group);
		cluster->joined = moved = code == CS_OK;
		/* CS_ERR_EXIST: an earlier membership is not over yet */
		if (code != CS_OK && code != CS_ERR_TRY_AGAIN &&
		    code != CS_ERR_EXIST)
			lose_soon(cluster, "joining the group", code);
	}
	if (!cluster->tracking) {
		code = quorum_trackstart(cluster->handles.quorum,
					 CS_TRACK_CURRENT | CS_TRACK_CHANGES);
		cluster->tracking = code == CS_OK;
		moved = moved || cluster->tracking;
		if (code != CS_OK && code != CS_ERR_TRY_AGAIN)
			lose_soon(cluster, "asking for quorum", code);
	}
	return moved;
}

static void arm(ham_cluster *cluster);

static gboolean
retry(gpointer data)
{
	ham_cluster *cluster = data;
	bool moved;

	cluster->retry_timer = 0;
	moved = enter(cluster);
	moved = flush(cluster) || moved;
	cluster->retry_ms =
		moved ? RETRY_MS : MIN(cluster->retry_ms * 2, RETRY_MAX_MS);
	arm(cluster);
	return G_SOURCE_REMOVE;
}

/* Sees to it that what is left undone is tried again. */
static void
arm(ham_cluster *cluster)
{
	if (cluster->joined && cluster->tracking &&
	    !ham_send_queue_peek(&cluster->queue)) {
		g_clear_handle_id(&cluster->retry_timer, g_source_remove);
		cluster->retry_ms = RETRY_MS;
		return;
	}
	if (!cluster->retry_timer && !cluster->closed && !cluster->lost_source)
		cluster->retry_timer =
			g_timeout_add(cluster->retry_ms, retry, cluster);
}

static ham_cluster *
of_cpg(cpg_handle_t handle)
{
	void *context = NULL;

	cpg_context_get(handle, &context);
	return context;
}

static void
deliver(cpg_handle_t handle, const struct cpg_name *group, uint32_t nodeid,
	uint32_t pid, void *bytes, size_t len)
{
	ham_cluster *cluster = of_cpg(handle);

	(void)group;
	if (!cluster->closed)
		cluster->callbacks.on_message(nodeid, pid, bytes, len,
					      cluster->data);
}

static void
group_changed(cpg_handle_t handle, const struct cpg_name *group,
	      const struct cpg_address *members, size_t n_members,
	      const struct cpg_address *left, size_t n_left,
	      const struct cpg_address *joined, size_t n_joined)
{
	ham_cluster *cluster = of_cpg(handle);
	uint32_t ids[CPG_MEMBERS_MAX];
	uint32_t pids[CPG_MEMBERS_MAX];

	(void)group;
	(void)left;
	(void)n_left;
	(void)joined;
	(void)n_joined;
	n_members = MIN(n_members, CPG_MEMBERS_MAX);
	for (size_t i = 0; i < n_members; i++) {
		ids[i] = members[i].nodeid;
		pids[i] = members[i].pid;
	}
	if (!cluster->closed)
		cluster->callbacks.on_group(ids, pids, n_members,
					    cluster->data);
}

static void
totem_changed(cpg_handle_t handle, struct cpg_ring_id id, uint32_t n_members,
	      const uint32_t *members)
{
	ham_cluster *cluster = of_cpg(handle);
	struct ham_cluster_ring ring = {.rep = id.nodeid, .seq = id.seq};

	if (!cluster->closed)
		cluster->callbacks.on_totem(ring, members, n_members,
					    cluster->data);
}

static void
quorum_changed(quorum_handle_t handle, uint32_t quorate,
	       struct quorum_ring_id id, uint32_t n_members,
	       const uint32_t *members)
{
	struct ham_cluster_ring ring = {.rep = id.nodeid, .seq = id.seq};
	const void *context = NULL;
	ham_cluster *cluster;

	(void)n_members;
	(void)members;
	quorum_context_get(handle, &context);
	cluster = (ham_cluster *)context;
	if (!cluster->closed)
		cluster->callbacks.on_quorum(ring, quorate != 0, cluster->data);
}

/* One turn's worth of a library's news: a flood must not keep the rest of the
 * loop waiting. */
static void
dispatch(ham_cluster *cluster, bool cpg, GIOCondition condition)
{
	cs_error_t code = CS_OK;
	g_autofree char *why = NULL;
	int n;

	cluster->refs++;
	for (n = 0; n < DISPATCH_A_TURN && !cluster->closed; n++) {
		code = cpg ? cpg_dispatch(cluster->handles.cpg,
					  CS_DISPATCH_ONE_NONBLOCKING)
			   : quorum_dispatch(cluster->handles.quorum,
					     CS_DISPATCH_ONE_NONBLOCKING);
		if (code != CS_OK)
			break;
	}
	if (n == 0 && code == CS_ERR_TRY_AGAIN &&
	    (condition & (G_IO_HUP | G_IO_ERR | G_IO_NVAL)))
		code = CS_ERR_LIBRARY;
	if (code != CS_OK && code != CS_ERR_TRY_AGAIN) {
		why = describe("receiving", code);
		lose(cluster, why);
	}
	if (!cluster->closed && cpg) {
		flush(cluster);
		arm(cluster);
	}
	unref(cluster);
}

static gboolean
cpg_ready(int fd, GIOCondition condition, gpointer data)
{
	(void)fd;
	dispatch(data, true, condition);
	return G_SOURCE_CONTINUE;
}

static gboolean
quorum_ready(int fd, GIOCondition condition, gpointer data)
{
	(void)fd;
	dispatch(data, false, condition);
	return G_SOURCE_CONTINUE;
}

static bool
open_cpg(ham_cluster *cluster)
{
	cpg_model_v1_data_t model = {
		.model = CPG_MODEL_V1,
		.cpg_deliver_fn = deliver,
		.cpg_confchg_fn = group_changed,
		.cpg_totem_confchg_fn = totem_changed,
		.flags = CPG_MODEL_V1_DELIVER_INITIAL_TOTEM_CONF,
	};

	cluster->handles.cpg_open =
		cpg_model_initialize(&cluster->handles.cpg, CPG_MODEL_V1,
				     (cpg_model_data_t *)&model,
				     cluster) == CS_OK;
	return cluster->handles.cpg_open &&
	       cpg_local_get(cluster->handles.cpg, &cluster->self) == CS_OK &&
	       cpg_max_atomic_msgsize_get(cluster->handles.cpg,
					  &cluster->max_message) == CS_OK &&
	       cpg_fd_get(cluster->handles.cpg, &cluster->cpg_fd) == CS_OK;
}

static bool
open_quorum(ham_cluster *cluster, int *fd, uint32_t *type)
{
	quorum_model_v1_data_t model = {
		.model = QUORUM_MODEL_V1,
		.quorum_notify_fn = quorum_changed,
	};

	cluster->handles.quorum_open =
		quorum_model_initialize(
			&cluster->handles.quorum, QUORUM_MODEL_V1,
			(quorum_model_data_t *)&model, type, cluster) == CS_OK;
	return cluster->handles.quorum_open &&
	       quorum_fd_get(cluster->handles.quorum, fd) == CS_OK;
}

ham_cluster *
ham_cluster_join(const char *group,
		 const struct ham_cluster_callbacks *callbacks, void *data,
		 GError **error)
{
	const GIOCondition any = G_IO_IN | G_IO_HUP | G_IO_ERR | G_IO_NVAL;
	g_autoptr(ham_cluster) cluster = g_new0(ham_cluster, 1);
	int quorum_fd = -1;
	uint32_t type = QUORUM_FREE;

	g_assert(strlen(group) < CPG_MAX_NAME_LENGTH);
	cluster->refs = 1;
	cluster->callbacks = *callbacks;
	cluster->data = data;
	cluster->retry_ms = RETRY_MS;
	cluster->queue.max_messages = MAX_QUEUED;
	cluster->queue.max_bytes = MAX_QUEUED_BYTES;
	cluster->group.length = (uint32_t)strlen(group);
	memcpy(cluster->group.value, group, strlen(group));
	if (!open_cpg(cluster) || !open_quorum(cluster, &quorum_fd, &type)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_CLOSED,
			    "cannot connect to corosync: is it running?");
		return NULL;
	}
	if (type != QUORUM_SET) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "corosync.conf has no quorum provider: hamd needs "
			    "quorum.provider corosync_votequorum");
		return NULL;
	}
	cluster->cpg_source =
		g_unix_fd_add(cluster->cpg_fd, any, cpg_ready, cluster);
	cluster->quorum_source =
		g_unix_fd_add(quorum_fd, any, quorum_ready, cluster);
	enter(cluster);
	arm(cluster);
	return g_steal_pointer(&cluster);
}

uint32_t
ham_cluster_self(const ham_cluster *cluster)
{
	return cluster->self;
}

/* The first one is told, then each power of two: a flood fills no log. */
static void
tell_dropped(uint64_t before, uint64_t after)
{
	if (after > before && g_bit_storage(after) > g_bit_storage(before))
		ham_warn("queue to corosync full: %" G_GUINT64_FORMAT
			 " messages dropped so far",
			 after);
}

bool
ham_cluster_send(ham_cluster *cluster, const void *bytes, size_t len,
		 bool droppable)
{
	uint64_t dropped = cluster->queue.dropped;
	cs_error_t code;
	bool queued;

	if (cluster->closed || len > cluster->max_message)
		return false;
	if (cluster->joined && !ham_send_queue_peek(&cluster->queue)) {
		code = multicast(cluster, bytes, len);
		if (code == CS_OK)
			return true;
		if (code != CS_ERR_TRY_AGAIN) {
			lose_soon(cluster, "sending", code);
			return false;
		}
	}
	queued = ham_send_queue_push(&cluster->queue, bytes, len, droppable);
	tell_dropped(dropped, cluster->queue.dropped);
	arm(cluster);
	return queued;
}

unsigned int
ham_cluster_queued(const ham_cluster *cluster)
{
	return cluster->queue.messages.length;
}

uint64_t
ham_cluster_dropped(const ham_cluster *cluster)
{
	return cluster->queue.dropped;
}

size_t
ham_cluster_max_message(const ham_cluster *cluster)
{
	return cluster->max_message;
}

void
ham_cluster_free(ham_cluster *cluster)
{
	if (!cluster)
		return;
	let_go(cluster);
	unref(cluster);
}
