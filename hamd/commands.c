/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/commands.c - the admin socket's commands: a table, and their answers
 *
 * Questions are answered at once from the state here; orders go to the core,
 * whose reply answers them.
 */
#include <string.h>

#include "hamd/daemon.h"
#include "hamd/fencing.h"
#include "hamd/io/json.h"

#define HAM_LOG_TAG "admin"
#include "hamd/base/log.h"

#define BLACKBOX_PATH "/var/log/hamd/blackbox"

typedef void (*command_fn)(ham_daemon *daemon,
			   const struct ham_admin_request *request);

static const char *
guest_name(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *name = ham_json_string(request->arguments, "name");

	if (name)
		return name;
	ham_admin_error(daemon->admin, request->token, "BadArgument",
			"the argument 'name' (a guest's, text) is missing");
	return NULL;
}

static void
do_status(ham_daemon *daemon, const struct ham_admin_request *request)
{
	ham_admin_return(daemon->admin, request->token,
			 ham_daemon_status(daemon));
}

static void
do_guest_list(ham_daemon *daemon, const struct ham_admin_request *request)
{
	ham_admin_return(daemon->admin, request->token,
			 ham_daemon_guest_list(daemon));
}

static void
do_guest_show(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *name = guest_name(daemon, request);
	JsonObject *result;

	if (!name)
		return;
	result = ham_daemon_guest(daemon, name, true);
	if (result) {
		ham_admin_return(daemon->admin, request->token, result);
		return;
	}
	ham_admin_error(daemon->admin, request->token, "NotFound",
			"no guest of that name is known");
}

/* False if a node was named that does not exist; the answer was given. */
static bool
node_argument(ham_daemon *daemon, const struct ham_admin_request *request,
	      bool needed, uint32_t *out)
{
	const char *name = ham_json_string(request->arguments, "node");

	*out = name ? ham_daemon_node_id(daemon, name) : 0;
	if (*out || (!name && !needed))
		return true;
	ham_admin_error(daemon->admin, request->token,
			name ? "NotFound" : "BadArgument",
			name ? "the cluster file names no such node"
			     : "the argument 'node' (a node's name) is "
			       "missing");
	return false;
}

static void
order_with(ham_daemon *daemon, const struct ham_admin_request *request,
	   struct ham_event event)
{
	const char *name = guest_name(daemon, request);
	g_autofree char *by =
		g_strdup_printf("uid %u, pid %d", request->uid, request->pid);

	event.kind = HAM_EV_COMMAND;
	event.token = request->token;
	event.guest = name;
	event.text = by;
	if (!name)
		return;
	if (!ham_name_valid(name)) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"that is not a guest's name");
		return;
	}
	ham_notice("%s %s, asked by %s", request->command, name, by);
	ham_daemon_post(daemon, &event);
}

static void
order(ham_daemon *daemon, const struct ham_admin_request *request,
      enum ham_command command, uint32_t node, bool flag)
{
	struct ham_event event = {
		.command = (uint8_t)command, .node = node, .flag = flag};

	order_with(daemon, request, event);
}

static void
do_guest_start(ham_daemon *daemon, const struct ham_admin_request *request)
{
	bool force = ham_json_true(request->arguments, "force");
	uint32_t node;

	/* whose copy is good enough is an operator's word alone */
	if (node_argument(daemon, request, force, &node))
		order(daemon, request, force ? HAM_CMD_FORCE : HAM_CMD_START,
		      node, false);
}

static void
do_disk_verify(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order(daemon, request, HAM_CMD_VERIFY, 0, false);
}

/* The number of the named disk, -1: the answer was given. */
static int
disk_argument(ham_daemon *daemon, const struct ham_admin_request *request,
	      const struct ham_conf_guest *conf)
{
	const char *name = ham_json_string(request->arguments, "disk");

	for (guint i = 0; name && conf && i < conf->disks->len; i++) {
		const struct ham_conf_disk *disk =
			g_ptr_array_index(conf->disks, i);

		if (strcmp(disk->name, name) == 0)
			return (int)i;
	}
	ham_admin_error(daemon->admin, request->token,
			name ? "NotFound" : "BadArgument",
			name ? "the cluster file names no such disk"
			     : "the argument 'disk' (a disk's name) is "
			       "missing");
	return -1;
}

static void
do_disk_resize(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *name = guest_name(daemon, request);
	const struct ham_conf_guest *conf =
		name ? ham_conf_find_guest(daemon->conf, name) : NULL;
	int disk = name ? disk_argument(daemon, request, conf) : -1;
	struct ham_event event = {.command = HAM_CMD_RESIZE};
	int64_t size = 0;

	if (disk < 0)
		return;
	if (!ham_json_int(request->arguments, "size_bytes", &size) ||
	    size <= 0 || size % 512 != 0) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"the argument 'size_bytes' (a multiple of 512) "
				"is missing, or is none");
		return;
	}
	if ((uint64_t)size <=
	    ((struct ham_conf_disk *)g_ptr_array_index(conf->disks, disk))
		    ->size) {
		ham_admin_error(daemon->admin, request->token, "Refused",
				"a disk only grows, and the cluster file says "
				"that it is at least as large");
		return;
	}
	event.node = (uint32_t)disk;
	event.value = (uint64_t)size;
	order_with(daemon, request, event);
}

static void
do_disk_accept(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *name = guest_name(daemon, request);
	g_autoptr(GError) error = NULL;

	if (!name)
		return;
	if (!ham_conf_find_guest(daemon->conf, name)) {
		ham_admin_error(daemon->admin, request->token, "NotFound",
				"the cluster file names no such guest");
		return;
	}
	ham_notice("%s %s, asked by uid %u, pid %d", request->command, name,
		   request->uid, request->pid);
	if (ham_guests_accept(daemon->guests, name, &error))
		ham_admin_return(daemon->admin, request->token,
				 json_object_new());
	else
		ham_admin_error(daemon->admin, request->token, "Refused",
				error->message);
}

static void
do_guest_stop(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *mode = ham_json_string(request->arguments, "mode");

	if (mode && strcmp(mode, "graceful") != 0 &&
	    strcmp(mode, "kill") != 0) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"'mode' is 'graceful' or 'kill'");
		return;
	}
	order(daemon, request, HAM_CMD_STOP, 0,
	      mode && strcmp(mode, "kill") == 0);
}

static void
do_guest_migrate(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *mode = ham_json_string(request->arguments, "mode");
	uint32_t node;

	if (mode && strcmp(mode, "live") != 0 && strcmp(mode, "warm") != 0 &&
	    strcmp(mode, "cold") != 0) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"'mode' is 'live', 'warm' or 'cold'");
		return;
	}
	if (!node_argument(daemon, request, false, &node))
		return;
	order(daemon, request,
	      mode && strcmp(mode, "live") != 0 ? HAM_CMD_MOVE
						: HAM_CMD_MIGRATE,
	      node, mode && strcmp(mode, "cold") == 0);
}

static void
do_guest_trial(ham_daemon *daemon, const struct ham_admin_request *request)
{
	uint32_t node;

	if (node_argument(daemon, request, false, &node))
		order(daemon, request, HAM_CMD_TRIAL, node, false);
}

static void
do_guest_cancel(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order(daemon, request, HAM_CMD_CANCEL, 0, false);
}

static void
order_of_node(ham_daemon *daemon, const struct ham_admin_request *request,
	      enum ham_command command, bool flag)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = (uint8_t)command,
				  .token = request->token,
				  .flag = flag,
				  .guest = ""};

	if (!node_argument(daemon, request, true, &event.node))
		return;
	if (command == HAM_CMD_CONFIRM_OFF)
		ham_daemon_fence_confirmed(daemon, request, event.node);
	else
		ham_notice("%s %s, asked by uid %u, pid %d", request->command,
			   ham_core_node_name(daemon->core, event.node),
			   request->uid, request->pid);
	ham_daemon_post(daemon, &event);
}

/* Of the node that is asked. */
static void
do_cluster_claim(ham_daemon *daemon, const struct ham_admin_request *request)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_CLAIM,
				  .token = request->token,
				  .guest = "",
				  .value = (uint64_t)g_get_real_time() /
					   G_USEC_PER_SEC / 60};

	ham_notice("%s, asked by uid %u, pid %d", request->command,
		   request->uid, request->pid);
	ham_daemon_post(daemon, &event);
}

static void
do_fence_confirm_off(ham_daemon *daemon,
		     const struct ham_admin_request *request)
{
	order_of_node(daemon, request, HAM_CMD_CONFIRM_OFF, false);
}

static void
do_fence_off(ham_daemon *daemon, const struct ham_admin_request *request)
{
	uint32_t node;

	if (node_argument(daemon, request, true, &node))
		ham_daemon_fence_off(daemon, request, node);
}

static void
do_fence_on(ham_daemon *daemon, const struct ham_admin_request *request)
{
	uint32_t node;

	if (node_argument(daemon, request, true, &node))
		ham_daemon_fence_on(daemon, request, node);
}

static void
do_fence_test(ham_daemon *daemon, const struct ham_admin_request *request)
{
	ham_daemon_fence_test(daemon, request->token);
}

static void
do_node_list(ham_daemon *daemon, const struct ham_admin_request *request)
{
	ham_admin_return(daemon->admin, request->token,
			 ham_daemon_node_list(daemon));
}

static void
do_node_plan(ham_daemon *daemon, const struct ham_admin_request *request)
{
	uint32_t node;

	if (node_argument(daemon, request, true, &node))
		ham_admin_return(daemon->admin, request->token,
				 ham_daemon_node_plan(daemon, node));
}

static void
do_node_drain(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order_of_node(daemon, request, HAM_CMD_DRAIN, false);
}

static void
do_node_undrain(ham_daemon *daemon, const struct ham_admin_request *request)
{
	const char *guests = ham_json_string(request->arguments, "guests");

	if (guests && strcmp(guests, "stay") != 0 &&
	    strcmp(guests, "return") != 0) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"'guests' is 'stay' or 'return'");
		return;
	}
	order_of_node(daemon, request, HAM_CMD_UNDRAIN,
		      guests && strcmp(guests, "return") == 0);
}

static void
do_node_disarm(ham_daemon *daemon, const struct ham_admin_request *request)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_DISARM,
				  .guest = "",
				  .token = request->token};
	int64_t seconds = 0;

	if (!node_argument(daemon, request, true, &event.node))
		return;
	if (!ham_json_int(request->arguments, "seconds", &seconds) ||
	    seconds < 1 || seconds > HAM_MAX_REST_S) {
		ham_admin_error(daemon->admin, request->token, "BadArgument",
				"'seconds' is from 1 to 86400");
		return;
	}
	event.value = (uint64_t)seconds;
	ham_daemon_post(daemon, &event);
}

static void
do_node_arm(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order_of_node(daemon, request, HAM_CMD_ARM, false);
}

static void
do_node_halt(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order_of_node(daemon, request, HAM_CMD_HALT, false);
}

static void
do_node_unhalt(ham_daemon *daemon, const struct ham_admin_request *request)
{
	order_of_node(daemon, request, HAM_CMD_UNHALT, false);
}

static void
do_plan_failure(ham_daemon *daemon, const struct ham_admin_request *request)
{
	uint32_t node;

	if (node_argument(daemon, request, true, &node))
		ham_admin_return(daemon->admin, request->token,
				 ham_daemon_plan_failure(daemon, node));
}

static void
do_events_list(ham_daemon *daemon, const struct ham_admin_request *request)
{
	int64_t since = 0;
	int64_t limit = -1;

	(void)ham_json_int(request->arguments, "since", &since);
	(void)ham_json_int(request->arguments, "limit", &limit);
	ham_admin_return(daemon->admin, request->token,
			 ham_daemon_events(daemon, since, limit));
}

static void
do_events_follow(ham_daemon *daemon, const struct ham_admin_request *request)
{
	JsonObject *result = json_object_new();
	int64_t since = -1;

	ham_admin_follow(daemon->admin, request->token);
	if (ham_json_int(request->arguments, "since", &since)) {
		g_autoptr(JsonObject) missed =
			ham_daemon_events(daemon, since, -1);
		JsonArray *list = ham_json_array(missed, "events");

		for (guint i = 0; i < json_array_get_length(list); i++) {
			JsonObject *e = json_array_get_object_element(list, i);

			ham_admin_event_to(
				daemon->admin, request->token,
				ham_json_string(e, "event"),
				json_object_ref(ham_json_object(e, "data")));
		}
	}
	json_object_set_int_member(result, "next",
				   (int64_t)daemon->note_seq + 1);
	ham_admin_return(daemon->admin, request->token, result);
}

static void
do_blackbox(ham_daemon *daemon, const struct ham_admin_request *request)
{
	JsonObject *result;

	if (ham_log_dump(BLACKBOX_PATH) < 0) {
		ham_admin_error(
			daemon->admin, request->token, "GenericError",
			"the blackbox could not be written to " BLACKBOX_PATH);
		return;
	}
	result = json_object_new();
	json_object_set_string_member(result, "path", BLACKBOX_PATH);
	ham_admin_return(daemon->admin, request->token, result);
}

static const struct {
	const char *name;
	bool writes;
	command_fn run;
} commands[] = {
	{"status", false, do_status},
	{"guest-list", false, do_guest_list},
	{"guest-show", false, do_guest_show},
	{"guest-start", true, do_guest_start},
	{"guest-stop", true, do_guest_stop},
	{"guest-migrate", true, do_guest_migrate},
	{"guest-trial", true, do_guest_trial},
	{"guest-cancel", true, do_guest_cancel},
	{"guest-set", true, ham_daemon_guest_set},
	{"disk-accept", true, do_disk_accept},
	{"disk-resize", true, do_disk_resize},
	{"disk-verify", true, do_disk_verify},
	{"cluster-claim", true, do_cluster_claim},
	{"fence-confirm-off", true, do_fence_confirm_off},
	{"fence-off", true, do_fence_off},
	{"fence-on", true, do_fence_on},
	{"fence-status", false, ham_daemon_fence_status},
	{"fence-test", true, do_fence_test},
	{"node-list", false, do_node_list},
	{"node-plan", false, do_node_plan},
	{"node-drain", true, do_node_drain},
	{"node-undrain", true, do_node_undrain},
	{"node-disarm", true, do_node_disarm},
	{"node-arm", true, do_node_arm},
	{"node-halt", true, do_node_halt},
	{"node-unhalt", true, do_node_unhalt},
	{"plan-failure", false, do_plan_failure},
	{"events-list", false, do_events_list},
	{"events-follow", false, do_events_follow},
	{"history-list", false, ham_daemon_past_list},
	{"history-show", false, ham_daemon_past_show},
	{"blackbox-dump", true, do_blackbox},
};

void
ham_daemon_request(const struct ham_admin_request *request, void *data)
{
	ham_daemon *daemon = data;

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(commands[i].name, request->command) != 0)
			continue;
		if (commands[i].writes && !request->may_write) {
			ham_admin_error(daemon->admin, request->token,
					"NotPermitted",
					"you may ask, but not change anything");
			return;
		}
		commands[i].run(daemon, request);
		return;
	}
	ham_admin_error(daemon->admin, request->token, "CommandNotFound",
			"this version of hamd has no such command");
}

void
ham_daemon_reply(ham_daemon *daemon, const struct ham_effect *effect)
{
	JsonObject *result;
	g_autofree char *txn = NULL;

	if (effect->error_class) {
		ham_admin_error(daemon->admin, effect->value,
				effect->error_class, effect->text);
		return;
	}
	result = json_object_new();
	txn = g_strdup_printf("%" G_GUINT64_FORMAT, effect->txn);
	json_object_set_string_member(result, "txn", txn);
	json_object_set_int_member(result, "epoch", (int64_t)effect->epoch);
	if (effect->node)
		json_object_set_string_member(
			result, "to",
			ham_core_node_name(daemon->core, effect->node));
	ham_admin_return(daemon->admin, effect->value, result);
}
