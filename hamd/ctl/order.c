/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/order.c - hamctl guest start, stop, cancel, disk verify, resize:
 * order it, see its end */
#include <stdio.h>
#include <string.h>

#include "config/value.h"
#include "hamd/base/clock.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/wait.h"

enum {
	START_MS = 60000,
	STOP_MS = 120000,
	CANCEL_MS = 30000,
	VERIFY_MS = 24 * 3600 * 1000,
	RESIZE_MS = 660000, /* hamd gives up on its image after 600 s */
};

static bool
is(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* An event of an earlier epoch than the ordered one tells of the past. */
static bool
is_stale(const struct ham_ctl_wait *wait, JsonObject *event_data)
{
	int64_t epoch = ham_ctl_json_int(event_data, "epoch", INT64_MAX);

	return epoch < ham_ctl_json_int(wait->answer, "epoch", 0);
}

/* The end as it was wished for; `where` says where the guest is. */
static int
succeed(struct ham_ctl_wait *wait, const char *text, bool where)
{
	g_autofree char *after =
		ham_ctl_duration((ham_clock_us() - wait->begin_us) / 1000);
	const char *owner;

	ham_ctl_terminal_clear(&wait->terminal);
	if (wait->options->given & HAM_CTL_JSON)
		return HAM_CTL_OK;
	if (where)
		ham_ctl_wait_refresh(wait);
	owner = where ? ham_ctl_json_text(wait->seen, "owner") : "";
	printf("%s: %s%s%s after %s\n", wait->guest, text,
	       owner[0] ? " on " : "", owner, after);
	return HAM_CTL_OK;
}

static int
fail(struct ham_ctl_wait *wait, const char *what, const char *reason)
{
	ham_ctl_terminal_clear(&wait->terminal);
	ham_ctl_complain("%s: %s%s%s", wait->guest, what, reason[0] ? ": " : "",
			 reason);
	return HAM_CTL_FAILED;
}

/* Where it is and for how long by now; the time is never cut off. */
static void
on_tick(struct ham_ctl_wait *wait)
{
	g_autofree char *seen = ham_ctl_wait_seen_text(wait);
	g_autofree char *elapsed =
		ham_ctl_duration((ham_clock_us() - wait->begin_us) / 1000);
	g_autofree char *clean = ham_ctl_clean(seen[0] ? seen : wait->guest);
	size_t columns = ham_ctl_terminal_columns();
	size_t own = strlen(elapsed) + strlen(", ");
	g_autofree char *cut =
		ham_ctl_cut(clean, columns > own ? columns - own : 0);
	g_autofree char *line = g_strdup_printf("%s, %s", cut, elapsed);

	ham_ctl_terminal_draw(&wait->terminal, line);
}

static int
run(struct ham_ctl_wait *wait, const struct ham_ctl_options *options,
    const char *guest, JsonObject *arguments)
{
	wait->options = options;
	wait->guest = guest;
	wait->arguments = arguments;
	wait->on_tick = on_tick;
	json_object_set_string_member(arguments, "name", guest);
	return ham_ctl_wait_run(wait);
}

static int
on_start_event(struct ham_ctl_wait *wait, const char *name,
	       JsonObject *event_data)
{
	if (is(name, "GUEST_RUNNING") && !is_stale(wait, event_data))
		return succeed(wait, "running", true);
	if (is(name, "GUEST_FAILED") && !is_stale(wait, event_data))
		return fail(wait, "did not start",
			    ham_ctl_json_text(event_data, "reason"));
	return HAM_CTL_GO_ON;
}

static int
on_start_look(struct ham_ctl_wait *wait, JsonObject *guest,
	      unsigned int n_looks)
{
	const char *state = ham_ctl_json_text(guest, "state");

	if (is(state, "running"))
		return succeed(wait, "running", true);
	if (n_looks < 2)
		return HAM_CTL_GO_ON;
	if (is(state, "failed"))
		return fail(wait, "did not start",
			    ham_ctl_json_text(guest, "reason"));
	if (is(ham_ctl_json_text(guest, "wanted"), "stopped"))
		return fail(wait, "did not start",
			    "it was ordered to stop meanwhile");
	return HAM_CTL_GO_ON;
}

int
ham_ctl_guest_start(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct ham_ctl_wait wait = {
		.command = "guest-start",
		.noun = "start",
		.goal = "running",
		.limit_ms = START_MS,
		.on_event = on_start_event,
		.on_look = on_start_look,
	};

	if ((options->given & HAM_CTL_FORCE) &&
	    !(options->given & HAM_CTL_NODE)) {
		ham_ctl_complain("--force needs --node NODE: the copy there is "
				 "what %s starts from",
				 args[0]);
		return HAM_CTL_USAGE;
	}
	if (options->given & HAM_CTL_NODE)
		json_object_set_string_member(arguments, "node", options->node);
	if (options->given & HAM_CTL_FORCE)
		json_object_set_boolean_member(arguments, "force", TRUE);
	return run(&wait, options, args[0], arguments);
}

static int
on_stop_event(struct ham_ctl_wait *wait, const char *name,
	      JsonObject *event_data)
{
	bool killed = wait->options->given & HAM_CTL_KILL;

	if (is(name, "GUEST_STOPPED") && !is_stale(wait, event_data)) {
		if (killed)
			return succeed(wait, "killed", false);
		return succeed(wait,
			       ham_ctl_json_bool(event_data, "clean")
				       ? "stopped"
				       : "stopped, but not cleanly,",
			       false);
	}
	if (is(name, "GUEST_FAILED") && !is_stale(wait, event_data))
		return fail(wait, "did not stop as it should",
			    ham_ctl_json_text(event_data, "reason"));
	return HAM_CTL_GO_ON;
}

static int
on_stop_look(struct ham_ctl_wait *wait, JsonObject *guest, unsigned int n_looks)
{
	const char *state = ham_ctl_json_text(guest, "state");

	if (is(state, "stopped"))
		return succeed(wait, "stopped", false);
	if (n_looks < 2)
		return HAM_CTL_GO_ON;
	if (is(state, "failed"))
		return fail(wait, "did not stop as it should",
			    ham_ctl_json_text(guest, "reason"));
	if (is(ham_ctl_json_text(guest, "wanted"), "running"))
		return fail(wait, "does not stop",
			    "it was ordered to run meanwhile");
	return HAM_CTL_GO_ON;
}

int
ham_ctl_guest_stop(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct ham_ctl_wait wait = {
		.command = "guest-stop",
		.noun = "stop",
		.goal = "stopped",
		.limit_ms = STOP_MS,
		.on_event = on_stop_event,
		.on_look = on_stop_look,
	};

	json_object_set_string_member(
		arguments, "mode",
		options->given & HAM_CTL_KILL ? "kill" : "graceful");
	return run(&wait, options, args[0], arguments);
}

static int
verified(struct ham_ctl_wait *wait)
{
	if (wait->ends_wanted == 0 || wait->ends < wait->ends_wanted)
		return HAM_CTL_GO_ON;
	return succeed(wait,
		       wait->ends == 1 ? "its copy is the same"
				       : "its copies are the same",
		       false);
}

/* The copies that count come one after the other; the first that is not the
 * same ends it. */
static int
on_verify_event(struct ham_ctl_wait *wait, const char *name,
		JsonObject *event_data)
{
	const char *text = ham_ctl_json_text(event_data, "text");

	if (is(name, "DISK_DIFFERS") || is(name, "DISK_UNVERIFIED"))
		return fail(wait, text, "");
	if (is(name, "REPLICA_OUTDATED")) /* nobody compares it any more */
		return fail(wait, "its disks were not all compared", text);
	if (!is(name, "DISK_VERIFIED"))
		return HAM_CTL_GO_ON;
	wait->ends++;
	return verified(wait);
}

static int
on_verify_look(struct ham_ctl_wait *wait, JsonObject *guest,
	       unsigned int n_looks)
{
	JsonArray *list = ham_ctl_json_array(guest, "replicas");

	if (n_looks == 1) {
		wait->ends_wanted = 0;
		for (guint i = 0; i < ham_ctl_json_length(list); i++)
			wait->ends_wanted += is(
				ham_ctl_json_text(ham_ctl_json_element(list, i),
						  "state"),
				"current");
	}
	if (n_looks >= 2 && !is(ham_ctl_json_text(guest, "state"), "running"))
		return fail(wait, "its disks were not all compared",
			    "it does not run any more");
	return verified(wait);
}

int
ham_ctl_disk_verify(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct ham_ctl_wait wait = {
		.command = "disk-verify",
		.noun = "comparison",
		.goal = "compared",
		.limit_ms = VERIFY_MS,
		.on_event = on_verify_event,
		.on_look = on_verify_look,
	};

	return run(&wait, options, args[0], arguments);
}

/* The disk `name`, NULL: there is none. */
static JsonObject *
find_disk(JsonObject *guest, const char *name)
{
	JsonArray *list = ham_ctl_json_array(guest, "disks");

	for (guint i = 0; i < ham_ctl_json_length(list); i++) {
		JsonObject *disk = ham_ctl_json_element(list, i);

		if (is(ham_ctl_json_text(disk, "name"), name))
			return disk;
	}
	return NULL;
}

static int
on_resize_event(struct ham_ctl_wait *wait, const char *name,
		JsonObject *event_data)
{
	const char *text = ham_ctl_json_text(event_data, "text");

	if (is(name, "DISK_RESIZED"))
		return succeed(wait, "the disk has its new size", false);
	if (is(name, "DISK_NOT_RESIZED"))
		return fail(wait, "its disk was not resized", text);
	return HAM_CTL_GO_ON;
}

static int
on_resize_look(struct ham_ctl_wait *wait, JsonObject *guest,
	       unsigned int n_looks)
{
	const char *name =
		json_object_get_string_member(wait->arguments, "disk");
	int64_t wanted =
		json_object_get_int_member(wait->arguments, "size_bytes");
	JsonObject *disk = find_disk(guest, name);

	if (ham_ctl_json_int(disk, "size_bytes", 0) >= wanted)
		return succeed(wait, "the disk has its new size", false);
	if (n_looks >= 2 && ham_ctl_json_int(disk, "grows_to_bytes", 0) == 0)
		return fail(wait, "its disk was not resized",
			    "hamctl events says why");
	return HAM_CTL_GO_ON;
}

int
ham_ctl_disk_resize(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct ham_ctl_wait wait = {
		.command = "disk-resize",
		.noun = "resize",
		.goal = "resized",
		.limit_ms = RESIZE_MS,
		.on_event = on_resize_event,
		.on_look = on_resize_look,
	};
	uint64_t size;

	if (!ham_value_size(args[2], &size) || size == 0 || size % 512 != 0 ||
	    size > G_MAXINT64) {
		ham_ctl_complain("'%s' is no size: a multiple of 512 bytes, "
				 "such as 20G",
				 args[2]);
		return HAM_CTL_USAGE;
	}
	json_object_set_string_member(arguments, "disk", args[1]);
	json_object_set_int_member(arguments, "size_bytes", (int64_t)size);
	return run(&wait, options, args[0], arguments);
}

static int
end_cancel(struct ham_ctl_wait *wait, JsonObject *result, bool moved)
{
	g_autofree char *seen = NULL;

	ham_ctl_terminal_clear(&wait->terminal);
	if (moved) {
		const char *to = ham_ctl_json_text(result, "to");

		ham_ctl_complain("%s: too late to cancel, it has moved%s%s",
				 wait->guest, to[0] ? " to " : "", to);
		return HAM_CTL_FAILED;
	}
	if (wait->options->given & HAM_CTL_JSON)
		return HAM_CTL_OK;
	ham_ctl_wait_refresh(wait);
	seen = ham_ctl_wait_seen_text(wait);
	printf("%s: migration cancelled%s%s\n", wait->guest,
	       seen[0] ? "; " : "", seen);
	return HAM_CTL_OK;
}

static int
on_cancel_event(struct ham_ctl_wait *wait, const char *name,
		JsonObject *event_data)
{
	if (is(name, "MIGRATION_FAILED") || is(name, "MIGRATION_DONE"))
		return end_cancel(wait, event_data, is(name, "MIGRATION_DONE"));
	return HAM_CTL_GO_ON;
}

static int
on_cancel_look(struct ham_ctl_wait *wait, JsonObject *guest,
	       unsigned int n_looks)
{
	JsonObject *result = ham_ctl_json_object(guest, "last_migration");
	g_autofree char *txn = ham_ctl_json_label(wait->answer, "txn");
	g_autofree char *last = ham_ctl_json_label(result, "txn");

	if (n_looks < 2 || ham_ctl_json_object(guest, "migration"))
		return HAM_CTL_GO_ON;
	return end_cancel(wait, result,
			  is(txn, last) && ham_ctl_json_bool(result, "ok"));
}

int
ham_ctl_guest_cancel(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct ham_ctl_wait wait = {
		.command = "guest-cancel",
		.noun = "cancellation",
		.goal = "cancelled",
		.limit_ms = CANCEL_MS,
		.on_event = on_cancel_event,
		.on_look = on_cancel_look,
	};

	return run(&wait, options, args[0], arguments);
}
