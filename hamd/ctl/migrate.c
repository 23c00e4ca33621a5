/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/migrate.c - hamctl guest migrate: order it, show it, tell its end
 *
 * On a terminal one live line; elsewhere a line for each phase and each
 * second.  The last line is the result, measured by hamd, not here.
 */
#include <stdio.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/ctl/ctl.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/progress.h"
#include "hamd/ctl/report.h"
#include "hamd/ctl/table.h"
#include "hamd/ctl/trial.h"
#include "hamd/ctl/wait.h"

/* Looks without a trace of the migration before it counts as over: hamd may
 * need a moment to begin, and after a restart it may not know any more. */
enum {
	MAX_LOOKS_WITHOUT = 3
};

struct migrate {
	const char *to; /* NULL: hamd chooses, and its answer says */
	char *txn; /* of ours; "" until known */
	struct ham_ctl_progress progress;
	enum ham_ctl_phase printed; /* last phase of a plain line */
	char *last;		    /* and the line */
	bool announced;
	unsigned int n_without;
};

/* Where it goes; "?" as long as that is not known. */
static const char *
destination(const struct ham_ctl_wait *wait)
{
	const struct migrate *migrate = wait->data;
	const char *told = ham_ctl_json_text(wait->answer, "to");

	return migrate->to ? migrate->to : told[0] ? told : "?";
}

/* The transaction is told by the answer; a hamd that leaves it out there tells
 * it with the first news. */
static void
learn_txn(struct migrate *migrate, JsonObject *object)
{
	if (migrate->txn[0])
		return;
	g_free(migrate->txn);
	migrate->txn = ham_ctl_json_label(object, "txn");
}

/* News of this migration, not of one before it. */
static bool
is_ours(struct ham_ctl_wait *wait, JsonObject *object)
{
	struct migrate *migrate = wait->data;
	g_autofree char *txn = ham_ctl_json_label(object, "txn");

	learn_txn(migrate, wait->answer);
	learn_txn(migrate, object);
	return txn[0] == '\0' || strcmp(txn, migrate->txn) == 0;
}

/* The good end.  A hamd that was restarted meanwhile may know only that. */
static int
succeed(struct ham_ctl_wait *wait, JsonObject *result)
{
	g_autofree char *text = NULL;
	g_autofree char *clean = NULL;

	ham_ctl_terminal_clear(&wait->terminal);
	if (wait->options->given & HAM_CTL_JSON)
		return HAM_CTL_OK;
	if (ham_ctl_json_bool(result, "ok"))
		text = ham_ctl_progress_result(wait->guest, result);
	else
		text = g_strdup_printf("%s: moved to %s; hamd has no figures "
				       "of it",
				       wait->guest, destination(wait));
	clean = ham_ctl_clean(text);
	puts(clean);
	return HAM_CTL_OK;
}

static int
fail(struct ham_ctl_wait *wait, JsonObject *result)
{
	g_autofree char *text = ham_ctl_progress_result(wait->guest, result);
	g_autofree char *seen = NULL;

	ham_ctl_terminal_clear(&wait->terminal);
	ham_ctl_wait_refresh(wait);
	seen = ham_ctl_wait_seen_text(wait);
	ham_ctl_complain("%s%s%s", text, seen[0] ? "; " : "", seen);
	return HAM_CTL_ABORTED;
}

static void
draw(struct ham_ctl_wait *wait)
{
	struct migrate *migrate = wait->data;
	int64_t now_us = ham_clock_us();
	g_autofree char *text = NULL;

	if (wait->options->given & HAM_CTL_JSON)
		return;
	if (wait->terminal.live) {
		text = ham_ctl_progress_bar(&migrate->progress, now_us,
					    ham_ctl_terminal_columns(),
					    wait->options->color);
		ham_ctl_terminal_draw(&wait->terminal, text);
		return;
	}
	text = ham_ctl_progress_plain(&migrate->progress, wait->guest, now_us);
	migrate->printed = migrate->progress.phase;
	if (g_strcmp0(text, migrate->last) == 0)
		return;
	puts(text);
	fflush(stdout);
	g_free(migrate->last);
	migrate->last = g_steal_pointer(&text);
}

/* A live line is drawn at once; of plain lines only one for each phase, the
 * others come by the second. */
static void
draw_news(struct ham_ctl_wait *wait)
{
	struct migrate *migrate = wait->data;

	if (wait->terminal.live || migrate->progress.phase != migrate->printed)
		draw(wait);
}

static int
on_event(struct ham_ctl_wait *wait, const char *name, JsonObject *event_data)
{
	struct migrate *migrate = wait->data;

	if (!g_str_has_prefix(name, "MIGRATION_") || !is_ours(wait, event_data))
		return HAM_CTL_GO_ON;
	migrate->n_without = 0;
	if (strcmp(name, "MIGRATION_DONE") == 0)
		return succeed(wait, event_data);
	if (strcmp(name, "MIGRATION_FAILED") == 0)
		return fail(wait, event_data);
	if (strcmp(name, "MIGRATION_PROGRESS") == 0)
		ham_ctl_progress_update(&migrate->progress, event_data,
					ham_clock_us());
	else if (strcmp(name, "MIGRATION_PHASE") == 0)
		ham_ctl_progress_phase(&migrate->progress,
				       ham_ctl_json_text(event_data, "phase"));
	draw_news(wait);
	return HAM_CTL_GO_ON;
}

/* Neither under way nor a result of ours: hamd has not begun, or has
 * forgotten it in a restart and then only the owner tells. */
static int
judge_without(struct ham_ctl_wait *wait, JsonObject *guest)
{
	struct migrate *migrate = wait->data;
	const char *owner = ham_ctl_json_text(guest, "owner");
	const char *state = ham_ctl_json_text(guest, "state");
	g_autofree char *seen = ham_ctl_wait_seen_text(wait);

	if (++migrate->n_without < MAX_LOOKS_WITHOUT)
		return HAM_CTL_GO_ON;
	if (strcmp(owner, destination(wait)) == 0 &&
	    strcmp(state, "running") == 0)
		return succeed(wait, NULL);
	ham_ctl_terminal_clear(&wait->terminal);
	ham_ctl_complain("%s: the migration to %s is over without a result; %s",
			 wait->guest, destination(wait), seen);
	return HAM_CTL_ABORTED;
}

/* Elsewhere than on a terminal only what was not ordered. */
static void
announce(struct ham_ctl_wait *wait, JsonObject *guest)
{
	struct migrate *migrate = wait->data;
	const char *owner = ham_ctl_json_text(guest, "owner");
	const char *to = destination(wait);

	if (migrate->announced || (wait->options->given & HAM_CTL_JSON) ||
	    owner[0] == '\0' || strcmp(owner, to) == 0 ||
	    (!wait->terminal.live && migrate->to))
		return;
	ham_ctl_terminal_clear(&wait->terminal);
	printf("%s: moving %s -> %s%s%s\n", wait->guest, owner, to,
	       migrate->to ? "" : ", the best place for it",
	       wait->terminal.live ? " (Ctrl-C does not stop it)" : "");
	fflush(stdout);
	migrate->announced = true;
}

static int
on_look(struct ham_ctl_wait *wait, JsonObject *guest, unsigned int n_looks)
{
	struct migrate *migrate = wait->data;
	JsonObject *under_way = ham_ctl_json_object(guest, "migration");
	JsonObject *last = ham_ctl_json_object(guest, "last_migration");
	g_autofree char *txn = ham_ctl_json_label(last, "txn");

	(void)n_looks;
	learn_txn(migrate, wait->answer);
	announce(wait, guest);
	if (under_way && is_ours(wait, under_way)) {
		migrate->n_without = 0;
		ham_ctl_progress_update(&migrate->progress, under_way,
					ham_clock_us());
		draw_news(wait);
		return HAM_CTL_GO_ON;
	}
	if (txn[0] && strcmp(txn, migrate->txn) == 0)
		return ham_ctl_json_bool(last, "ok") ? succeed(wait, last)
						     : fail(wait, last);
	return judge_without(wait, guest);
}

static void
on_tick(struct ham_ctl_wait *wait)
{
	struct migrate *migrate = wait->data;

	if (wait->terminal.live || migrate->progress.phase != HAM_CTL_UNKNOWN)
		draw(wait);
}

/* It says itself which mode is the best, and waits for nothing. */
static int
dry_run(const struct ham_ctl_options *options, char **args)
{
	const char *stranger = ham_ctl_options_stranger(
		options, (unsigned int)~(HAM_CTL_MODE | HAM_CTL_NO_WAIT));

	if (!stranger)
		return ham_ctl_guest_trial(options, args);
	fprintf(stderr, "hamctl: --%s and --dry-run exclude each other\n",
		stranger);
	return HAM_CTL_USAGE;
}

int
ham_ctl_guest_migrate(const struct ham_ctl_options *options, char **args)
{
	g_autoptr(JsonObject) arguments = json_object_new();
	struct migrate migrate = {.to = args[1]};
	struct ham_ctl_wait wait = {
		.options = options,
		.guest = args[0],
		.command = "guest-migrate",
		.arguments = arguments,
		.noun = "migration",
		.goal = "moved",
		.undo = "guest cancel",
		.on_event = on_event,
		.on_look = on_look,
		.on_tick = on_tick,
		.data = &migrate,
	};
	int code;

	if (options->given & HAM_CTL_DRY_RUN)
		return dry_run(options, args);
	json_object_set_string_member(arguments, "name", args[0]);
	if (args[1])
		json_object_set_string_member(arguments, "node", args[1]);
	if (options->given & HAM_CTL_MODE)
		json_object_set_string_member(arguments, "mode", options->mode);
	migrate.txn = g_strdup("");
	ham_ctl_progress_start(&migrate.progress, ham_clock_us());
	code = ham_ctl_wait_run(&wait);
	g_free(migrate.txn);
	g_free(migrate.last);
	return code;
}
