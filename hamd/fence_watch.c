/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/fence_watch.c - fence devices are looked at
 *
 * Every device is looked at as long as its node is up, as one that never said
 * `on` proves nothing; and all at once when an operator wants to know.  A
 * device that is at work is left alone: many have room for one session.
 */
#include "hamd/fencing.h"

#include <string.h>

#include "hamd/base/clock.h"

#define HAM_LOG_TAG "fence"
#include "hamd/base/log.h"

enum {
	LOOK_MS = 1000,
	SOON_US = 15 * 1000000,	   /* until it was seen on */
	RARELY_US = 300 * 1000000, /* then */
};

/* A power device. */
struct watch {
	ham_daemon *daemon;
	struct ham_fence_device *device;
	ham_fence_look *look;
	bool held;   /* that look is held against it: its node was up */
	bool wanted; /* for a test */
	int64_t next_us;
	enum ham_fence_state state;
	int64_t looked_us;	/* wall clock; 0: never */
	char why[HAM_TEXT_MAX]; /* "": nothing is against it */
};

static void look_now(struct watch *watch);

static void
watch_free(gpointer data)
{
	struct watch *watch = data;

	ham_fence_look_cancel(watch->look);
	g_free(watch);
}

/* ---- a test by an operator ---- */

/* All who wait for it get the same answer. */
static void
end_test(ham_daemon *daemon)
{
	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		const struct watch *watch =
			g_ptr_array_index(daemon->fence_looks, i);

		if (watch->wanted)
			return;
	}
	for (guint i = 0; i < daemon->fence_tests->len; i++) {
		JsonObject *result = json_object_new();

		json_object_set_array_member(
			result, "devices",
			ham_daemon_fence_device_list(daemon));
		ham_admin_return(
			daemon->admin,
			g_array_index(daemon->fence_tests, ham_admin_token, i),
			result);
	}
	g_array_set_size(daemon->fence_tests, 0);
}

/* The answer that a test waits for will not come. */
static void
leave_alone(struct watch *watch)
{
	g_clear_pointer(&watch->look, ham_fence_look_cancel);
	watch->next_us = 0;
	if (!watch->wanted)
		return;
	watch->wanted = false;
	watch->state = HAM_FENCE_UNKNOWN;
	g_strlcpy(watch->why, "its node is being switched: not asked",
		  sizeof(watch->why));
	end_test(watch->daemon);
}

static bool
is_at_work(const struct watch *watch)
{
	return ham_daemon_is_fencing(
		watch->daemon,
		ham_daemon_node_id(watch->daemon, watch->device->node));
}

void
ham_daemon_fence_test(ham_daemon *daemon, ham_admin_token token)
{
	g_array_append_val(daemon->fence_tests, token);
	/* before any of them may answer */
	for (guint i = 0; i < daemon->fence_looks->len; i++)
		((struct watch *)g_ptr_array_index(daemon->fence_looks, i))
			->wanted = true;
	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		struct watch *watch = g_ptr_array_index(daemon->fence_looks, i);

		if (is_at_work(watch))
			leave_alone(watch);
		else if (!watch->look)
			look_now(watch);
	}
	end_test(daemon);
}

/* ---- looking ---- */

static void
note(struct watch *watch, const char *why)
{
	const struct ham_fence_device *device = watch->device;

	if (why && strcmp(watch->why, why) != 0)
		ham_warn("device %s of %s: %s", device->name, device->node,
			 why);
	else if (!why && watch->why[0])
		ham_notice("device %s of %s: seen %s", device->name,
			   device->node,
			   watch->state == HAM_FENCE_ON ? "on" : "off");
	g_strlcpy(watch->why, why ? why : "", sizeof(watch->why));
}

static void
on_looked(struct ham_fence_device *device, enum ham_fence_state state,
	  const char *why, void *data)
{
	struct watch *watch = data;

	watch->look = NULL;
	watch->wanted = false;
	watch->next_us = ham_clock_us() +
			 (device->seen_on && !why ? RARELY_US : SOON_US);
	watch->state = state;
	watch->looked_us = ham_clock_wall_us();
	note(watch, why);
	ham_daemon_seen_save(watch->daemon);
	end_test(watch->daemon);
}

static void
look_now(struct watch *watch)
{
	watch->held = ham_daemon_is_up(watch->daemon, watch->device->node);
	watch->look = ham_fence_look_at(watch->device, watch->held,
					ham_fence_agents(),
					HAM_FENCE_ACTION_US, on_looked, watch);
}

/* The answer of one that is held would be held against a node that is not up;
 * of one that is not, it says nothing of a node that is. */
static bool
is_stale(const struct watch *watch, bool up)
{
	return watch->look && watch->held != up;
}

static gboolean
tick(gpointer data)
{
	ham_daemon *daemon = data;

	/* it ticks while hamd still starts */
	for (guint i = 0; daemon->core && i < daemon->fence_looks->len; i++) {
		struct watch *watch = g_ptr_array_index(daemon->fence_looks, i);
		bool up = ham_daemon_is_up(daemon, watch->device->node);

		if (is_at_work(watch)) {
			leave_alone(watch);
			continue;
		}
		if (is_stale(watch, up))
			g_clear_pointer(&watch->look, ham_fence_look_cancel);
		if (!up)
			watch->next_us = 0;
		if (!watch->look &&
		    (watch->wanted || (up && ham_clock_us() >= watch->next_us)))
			look_now(watch);
	}
	return G_SOURCE_CONTINUE;
}

void
ham_daemon_watch_start(ham_daemon *daemon)
{
	daemon->fence_looks = g_ptr_array_new_with_free_func(watch_free);
	daemon->fence_tests =
		g_array_new(FALSE, FALSE, sizeof(ham_admin_token));
	for (guint i = 0; i < daemon->fence_devices->len; i++) {
		struct ham_fence_device *d = &g_array_index(
			daemon->fence_devices, struct ham_fence_device, i);
		struct watch *watch;

		if (!ham_fence_is_power(d))
			continue;
		watch = g_new0(struct watch, 1);
		watch->daemon = daemon;
		watch->device = d;
		g_strlcpy(watch->why, "not looked at yet", sizeof(watch->why));
		g_ptr_array_add(daemon->fence_looks, watch);
	}
	daemon->fence_ticker = g_timeout_add(LOOK_MS, tick, daemon);
}

void
ham_daemon_watch_stop(ham_daemon *daemon)
{
	g_clear_handle_id(&daemon->fence_ticker, g_source_remove);
	g_clear_pointer(&daemon->fence_looks, g_ptr_array_unref);
	g_clear_pointer(&daemon->fence_tests, g_array_unref);
}

/* ---- what was seen ---- */

void
ham_daemon_fence_doubt(ham_daemon *daemon, uint32_t node)
{
	for (guint i = 0; daemon->fence_looks && i < daemon->fence_looks->len;
	     i++) {
		struct watch *watch = g_ptr_array_index(daemon->fence_looks, i);

		if (ham_daemon_node_id(daemon, watch->device->node) != node)
			continue;
		/* one that is at it asks an outlet of before */
		g_clear_pointer(&watch->look, ham_fence_look_cancel);
		watch->device->seen_on = false;
		watch->next_us = 0;
		g_strlcpy(watch->why, "not looked at since the node was back",
			  sizeof(watch->why));
	}
	ham_daemon_seen_save(daemon);
}

static const struct watch *
watch_of(const ham_daemon *daemon, const struct ham_fence_device *device)
{
	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		const struct watch *watch =
			g_ptr_array_index(daemon->fence_looks, i);

		if (watch->device == device)
			return watch;
	}
	return NULL;
}

static JsonObject *
device_object(ham_daemon *daemon, const struct ham_fence_device *device)
{
	static const char *const states[] = {
		[HAM_FENCE_UNKNOWN] = "unknown",
		[HAM_FENCE_ON] = "on",
		[HAM_FENCE_OFF] = "off",
	};
	const struct watch *watch = watch_of(daemon, device);
	bool armed = !watch && ham_daemon_watchdog_armed(daemon, device->node);
	JsonObject *o = json_object_new();

	json_object_set_string_member(o, "node", device->node);
	json_object_set_string_member(o, "device", device->name);
	json_object_set_string_member(o, "agent", device->agent);
	json_object_set_int_member(o, "level", device->level);
	json_object_set_boolean_member(o, "up",
				       ham_daemon_is_up(daemon, device->node));
	json_object_set_boolean_member(o, "seen_on",
				       watch ? device->seen_on : armed);
	json_object_set_string_member(o, "state",
				      watch   ? states[watch->state]
				      : armed ? "armed"
					      : "unarmed");
	json_object_set_string_member(
		o, "why", watch ? watch->why : "it is waited for, not asked");
	if (watch && watch->looked_us)
		json_object_set_object_member(
			o, "tested", ham_daemon_stamp(watch->looked_us));
	else
		json_object_set_null_member(o, "tested");
	return o;
}

JsonArray *
ham_daemon_fence_device_list(ham_daemon *daemon)
{
	JsonArray *list = json_array_new();

	for (guint i = 0; i < daemon->fence_devices->len; i++)
		json_array_add_object_element(
			list,
			device_object(daemon,
				      &g_array_index(daemon->fence_devices,
						     struct ham_fence_device,
						     i)));
	return list;
}

void
ham_daemon_fence_problems(ham_daemon *daemon, JsonArray *list)
{
	for (guint i = 0; i < daemon->fence_looks->len; i++) {
		const struct watch *watch =
			g_ptr_array_index(daemon->fence_looks, i);
		g_autofree char *text = g_strdup_printf(
			"device %s of %s%s: %s", watch->device->name,
			watch->device->node,
			watch->device->seen_on ? "" : " proves nothing",
			watch->why);

		if (watch->why[0] &&
		    ham_daemon_is_up(daemon, watch->device->node))
			json_array_add_string_element(list, text);
	}
	ham_daemon_watchdog_problems(daemon, list);
}
