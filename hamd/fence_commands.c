/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fence_commands.c - an operator asks about fencing, and switches nodes
 *
 * Done by the node that is asked, with its devices of the other one.  The core
 * is told nothing: a node that was switched off is lost to the ring, and its
 * death is proven as any other.  So is a ring that changes meanwhile no reason
 * to stop: it is what is waited for.
 *
 * Refuses to cut the power of guests, or of what nobody knows, unless forced.
 */
#include "hamd/fencing.h"

#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

enum {
	AGAIN_MS = 250,
	/* what corosync may take to miss a node, with a long token */
	LEAVES_US = 30 * 1000000,
	/* another has left: all that died with it have had time to go, too */
	SETTLES_US = 3 * 1000000,
};

struct order {
	ham_daemon *daemon;
	uint32_t node;
	ham_admin_token token;
	int64_t began_us; /* wall clock */
	ham_fence_job *off;
	ham_fence_on *on;
	guint timer; /* it is off, and to leave the cluster */
	int64_t until_us;
	uint16_t online; /* who was there when it was ordered */
	bool others_left;
	char *words;
};

static const char *
name_of(const struct order *order)
{
	return ham_core_node_name(order->daemon->core, order->node);
}

static const char *
here(const ham_daemon *daemon)
{
	return ham_core_node_name(daemon->core, ham_core_self(daemon->core));
}

static void
order_free(gpointer data)
{
	struct order *order = data;

	ham_fence_job_cancel(order->off);
	ham_fence_on_cancel(order->on);
	g_clear_handle_id(&order->timer, g_source_remove);
	g_free(order->words);
	g_free(order);
}

bool
ham_daemon_fence_ordered(const ham_daemon *daemon, uint32_t node)
{
	return daemon->fence_orders &&
	       g_hash_table_contains(daemon->fence_orders,
				     GUINT_TO_POINTER(node));
}

void
ham_daemon_fence_orders_stop(ham_daemon *daemon)
{
	g_clear_pointer(&daemon->fence_orders, g_hash_table_unref);
}

/* ---- what is told ---- */

/* As an event, on this node: `value` keeps it out of the history. */
static void
tell(ham_daemon *daemon, enum ham_note note, uint32_t node, const char *text)
{
	struct ham_effect effect = {.note = (uint8_t)note, .value = node};

	g_strlcpy(effect.text, text, sizeof(effect.text));
	ham_daemon_note(daemon, &effect);
}

static void
log_order(ham_daemon *daemon, const struct ham_admin_request *request,
	  uint32_t node, const char *what)
{
	g_autofree char *who = g_strdup_printf("asked by uid %u, pid %d",
					       request->uid, request->pid);
	const char *name = ham_core_node_name(daemon->core, node);

	ham_notice("%s %s, %s", request->command, name, who);
	ham_daemon_history_add(daemon, name, what, here(daemon), who);
}

void
ham_daemon_fence_confirmed(ham_daemon *daemon,
			   const struct ham_admin_request *request,
			   uint32_t node)
{
	log_order(daemon, request, node, "operator-confirm");
}

/* ---- orders ---- */

static void refuse(ham_daemon *daemon, const struct ham_admin_request *request,
		   const char *error_class, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

static void
refuse(ham_daemon *daemon, const struct ham_admin_request *request,
       const char *error_class, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list ap;

	va_start(ap, format);
	text = g_strdup_vprintf(format, ap);
	va_end(ap);
	ham_admin_error(daemon->admin, request->token, error_class, text);
}

/* "web1, db1": what runs there, or may begin to; "" if nothing does. */
static char *
guests_on(const ham_daemon *daemon, uint32_t node)
{
	const struct ham_record *record = ham_core_record(daemon->core);
	GString *names = g_string_new(NULL);

	for (unsigned int i = 0; i < record->n_guests; i++) {
		const struct ham_guest *g = &record->guests[i];

		if ((g->owner == node && g->phase != HAM_GUEST_STOPPED) ||
		    g->dst == node)
			g_string_append_printf(names, "%s%s",
					       names->len ? ", " : "", g->name);
	}
	return g_string_free(names, FALSE);
}

/* Whether its devices are here, and free. */
static bool
may_switch(ham_daemon *daemon, const struct ham_admin_request *request,
	   uint32_t node)
{
	const char *name = ham_core_node_name(daemon->core, node);

	if (!ham_daemon_can_fence(daemon, name))
		refuse(daemon, request, "Refused",
		       "the cluster file has no device that switches %s", name);
	else if (ham_daemon_is_fencing(daemon, node))
		refuse(daemon, request, "Busy",
		       "%s is being switched by its devices now", name);
	else
		return true;
	return false;
}

/* Whether it is known that nothing runs there, and where its outlet is. */
static bool
may_cut(ham_daemon *daemon, const struct ham_admin_request *request,
	uint32_t node)
{
	const char *name = ham_core_node_name(daemon->core, node);
	g_autofree char *guests = NULL;
	struct ham_core_view view;

	ham_core_get_view(daemon->core, &view);
	if (!view.active) {
		refuse(daemon, request, "NoQuorum",
		       "what runs on %s is not known without a quorum (waiting "
		       "for %s); --force cuts its power all the same",
		       name, view.waiting_for);
		return false;
	}
	if (view.differs & view.joined) {
		refuse(daemon, request, "Refused",
		       "the cluster files of the nodes differ, so which outlet "
		       "is that of %s is not sure; --force believes the one "
		       "here",
		       name);
		return false;
	}
	/* in the cluster or not: guests go on without a hamd */
	guests = guests_on(daemon, node);
	if (!guests[0])
		return true;
	refuse(daemon, request, "Refused",
	       "%s runs %s, as far as is known: move or stop them first; "
	       "--force cuts its power all the same",
	       name, guests);
	return false;
}

static struct order *
order_new(ham_daemon *daemon, const struct ham_admin_request *request,
	  uint32_t node)
{
	struct order *order = g_new0(struct order, 1);
	struct ham_core_view view;

	ham_core_get_view(daemon->core, &view);
	order->online = view.online;
	order->daemon = daemon;
	order->node = node;
	order->token = request->token;
	order->began_us = ham_clock_wall_us();
	if (!daemon->fence_orders)
		daemon->fence_orders = g_hash_table_new_full(
			g_direct_hash, g_direct_equal, NULL, order_free);
	g_hash_table_insert(daemon->fence_orders, GUINT_TO_POINTER(node),
			    order);
	return order;
}

/* Frees the order. */
static void
end(struct order *order, bool well, const char *wanted, const char *words)
{
	ham_daemon *daemon = order->daemon;
	const char *name = name_of(order);
	g_autofree char *text =
		well ? g_strdup_printf("%s: %s", name, words)
		     : g_strdup_printf("%s could not be switched %s: %s", name,
				       wanted, words);
	JsonObject *result;

	ham_daemon_history_add(daemon, name, well ? wanted : "failed",
			       here(daemon), text);
	tell(daemon, well ? HAM_NOTE_FENCING : HAM_NOTE_ALARM, order->node,
	     text);
	if (well) {
		result = json_object_new();
		json_object_set_string_member(result, "node", name);
		json_object_set_string_member(result, "text", words);
		ham_admin_return(daemon->admin, order->token, result);
	} else {
		ham_admin_error(daemon->admin, order->token, "GenericError",
				text);
	}
	g_hash_table_remove(daemon->fence_orders,
			    GUINT_TO_POINTER(order->node));
}

/* "n3, n4": which others have left since the order.  Not asked of the view:
 * with them it may have lost its quorum. */
static char *
who_left(const struct order *order, bool *stays)
{
	GString *names = g_string_new(NULL);
	struct ham_core_view view;
	unsigned int n;
	const struct ham_core_node *nodes =
		ham_core_nodes(order->daemon->core, &n);

	ham_core_get_view(order->daemon->core, &view);
	*stays = false;
	for (unsigned int i = 0; i < n; i++)
		if (nodes[i].id == order->node)
			*stays = view.online & (1u << i);
		else if (order->online & ~view.online & (1u << i))
			g_string_append_printf(names, "%s%s",
					       names->len ? ", " : "",
					       nodes[i].name);
	return g_string_free(names, FALSE);
}

/* Where its devices are another one's, that one has no power now (F62). */
static gboolean
is_it_gone(gpointer data)
{
	struct order *order = data;
	bool stays;
	g_autofree char *others = who_left(order, &stays);
	g_autofree char *words = NULL;

	if (!stays) {
		order->timer = 0;
		end(order, true, "off", order->words);
		return G_SOURCE_REMOVE;
	}
	if (others[0] && !order->others_left) {
		order->others_left = true;
		order->until_us =
			MIN(order->until_us, ham_clock_us() + SETTLES_US);
	}
	if (ham_clock_us() < order->until_us)
		return G_SOURCE_CONTINUE;
	words = g_strdup_printf("its devices say that it is off, and it is "
				"still in the cluster%s%s: they switch another "
				"node's power",
				others[0] ? ", but without " : "", others);
	order->timer = 0;
	end(order, false, "off", words);
	return G_SOURCE_REMOVE;
}

static void
on_off(bool off, const char *words, void *data)
{
	struct order *order = data;

	order->off = NULL;
	if (!off) {
		end(order, false, "off", words);
		return;
	}
	order->words = g_strdup(words);
	order->until_us = ham_clock_us() + LEAVES_US;
	order->timer = g_timeout_add(AGAIN_MS, is_it_gone, order);
}

static void
on_on(bool on, const char *words, void *data)
{
	struct order *order = data;

	order->on = NULL;
	end(order, on, "on", words);
}

void
ham_daemon_fence_off(ham_daemon *daemon,
		     const struct ham_admin_request *request, uint32_t node)
{
	const char *name = ham_core_node_name(daemon->core, node);
	struct ham_fence_job_spec spec = ham_daemon_fence_spec(daemon, name);
	g_autofree char *text = NULL;
	struct order *order;

	if (node == ham_core_self(daemon->core)) {
		refuse(daemon, request, "Refused",
		       "%s would cut its own power, and could not say so: ask "
		       "on another node",
		       name);
		return;
	}
	if (!may_switch(daemon, request, node) ||
	    (!ham_json_true(request->arguments, "force") &&
	     !may_cut(daemon, request, node)))
		return;
	log_order(daemon, request, node, "operator-off");
	text = g_strdup_printf("%s is switched off, as uid %u has asked", name,
			       request->uid);
	tell(daemon, HAM_NOTE_FENCING, node, text);
	order = order_new(daemon, request, node);
	order->off = ham_fence_switch_off(&spec, on_off, order);
}

void
ham_daemon_fence_on(ham_daemon *daemon, const struct ham_admin_request *request,
		    uint32_t node)
{
	const char *name = ham_core_node_name(daemon->core, node);
	struct ham_fence_job_spec spec = ham_daemon_fence_spec(daemon, name);
	g_autofree char *text = NULL;
	struct order *order;

	if (!may_switch(daemon, request, node))
		return;
	log_order(daemon, request, node, "operator-on");
	text = g_strdup_printf("%s is switched on, as uid %u has asked", name,
			       request->uid);
	tell(daemon, HAM_NOTE_FENCING, node, text);
	order = order_new(daemon, request, node);
	order->on = ham_fence_switch_on(&spec, on_on, order);
}

/* ---- questions ---- */

static void
add_orders(ham_daemon *daemon, JsonArray *list)
{
	GHashTableIter iter;
	gpointer value;

	if (!daemon->fence_orders)
		return;
	g_hash_table_iter_init(&iter, daemon->fence_orders);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct order *order = value;
		JsonObject *o = json_object_new();

		json_object_set_string_member(o, "node", name_of(order));
		json_object_set_string_member(
			o, "what", order->on ? "operator-on" : "operator-off");
		json_object_set_object_member(
			o, "since", ham_daemon_stamp(order->began_us));
		json_array_add_object_element(list, o);
	}
}

void
ham_daemon_fence_status(ham_daemon *daemon,
			const struct ham_admin_request *request)
{
	JsonObject *result = json_object_new();
	JsonArray *under_way = json_array_new();
	int64_t limit = -1;

	(void)ham_json_int(request->arguments, "limit", &limit);
	ham_daemon_fence_jobs(daemon, under_way);
	add_orders(daemon, under_way);
	json_object_set_array_member(result, "devices",
				     ham_daemon_fence_device_list(daemon));
	json_object_set_array_member(result, "under_way", under_way);
	json_object_set_array_member(result, "history",
				     ham_daemon_history(daemon, limit));
	ham_admin_return(daemon->admin, request->token, result);
}
