/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health.c - looks at this node's health, and tells the core
 *
 * Each interval a worker thread reads the kernel's files, and the operator's
 * command is run; what comes back is judged by health_rules.c.  A worker that
 * does not come back is a bad sign itself: a disk hangs, or a sensor does.
 * What follows from it (the record, guests that leave) is the core's.
 */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hamd/base/child.h"
#include "hamd/base/clock.h"
#include "hamd/base/fd.h"
#include "hamd/daemon.h"
#include "hamd/health_arp.h"
#include "hamd/health_rules.h"
#include "hamd/health_sample.h"

#define HAM_LOG_TAG "health"
#include "hamd/base/log.h"

enum {
	COMMAND_MS = 30000,
	HANGS_AFTER = 3, /* intervals */
};

struct ham_health_watch {
	ham_daemon *daemon;
	uint32_t self;
	struct ham_conf_health limits; /* its own: the worker may outlive us */
	struct ham_health_rules rules;
	struct ham_health health;
	struct ham_health_places places;
	guint ticker;
	/* of the worker; nothing else here is its */
	struct ham_health_sample sample;
	int64_t looking_us; /* since when it is at it; 0: it is not */
	ham_child *command;
	guint command_timer;
	int output; /* of the command, our end; -1: none */
	char command_text[HAM_REASON_SIZE];    /* of the last that has ended */
	int64_t errors[HAM_HEALTH_MAX_ONSETS]; /* of disks, newest last */
	unsigned int told;		       /* flags, for the log */
	struct ham_health_gap gaps[HAM_HEALTH_N_LIMITS];
};

/* ---- verdict ---- */

static unsigned int
recent_errors(const struct ham_health_watch *watch, int64_t now_us)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < G_N_ELEMENTS(watch->errors); i++)
		n += watch->errors[i] &&
		     now_us - watch->errors[i] < watch->rules.window_us;
	return n;
}

static void
judge(struct ham_health_watch *watch, const struct ham_health_sample *sample)
{
	const struct ham_record *record = ham_core_record(watch->daemon->core);
	int64_t now_us = ham_clock_us();
	char bad[HAM_REASON_SIZE];
	bool is_bad = ham_health_is_bad(&watch->limits, sample, bad);
	struct ham_event event = {.kind = HAM_EV_HEALTH};

	event.value = ham_health_judge(
		&watch->health, &watch->rules, is_bad ? bad : NULL,
		ham_record_node_flags(record, watch->self), now_us);
	event.text = watch->health.reason;
	if (event.value != watch->told && event.value)
		ham_warn("this node is %s: %s",
			 ham_node_flag_name((unsigned int)event.value),
			 watch->health.reason);
	else if (event.value != watch->told)
		ham_notice("this node is well again");
	watch->told = (unsigned int)event.value;
	ham_daemon_post(watch->daemon, &event);
}

/* ---- what can't be measured ---- */

static char *
gap_text(const struct ham_health_watch *watch, unsigned int limit)
{
	return g_strdup_printf("health: %s cannot be measured: %s",
			       ham_health_limit_name(limit),
			       watch->gaps[limit].why);
}

/* No bad sign: the node is not sick, but a limit is not applied that somebody
 * counts on. */
static void
mind_gaps(struct ham_health_watch *watch,
	  const struct ham_health_sample *sample)
{
	for (unsigned int i = 0; i < HAM_HEALTH_N_LIMITS; i++) {
		struct ham_effect effect = {.kind = HAM_FX_NOTE};
		g_autofree char *text = NULL;
		enum ham_health_turn turn = ham_health_mind_gap(
			&watch->gaps[i], sample->unknown[i]);

		if (turn == HAM_HEALTH_AS_BEFORE)
			continue;
		if (turn == HAM_HEALTH_GAP_BEGINS) {
			effect.note = HAM_NOTE_HEALTH_UNMEASURED;
			text = gap_text(watch, i);
		} else {
			effect.note = HAM_NOTE_HEALTH_MEASURED;
			text = g_strdup_printf("health: %s is measured again",
					       ham_health_limit_name(i));
		}
		g_strlcpy(effect.text, text, sizeof(effect.text));
		ham_daemon_note(watch->daemon, &effect);
	}
}

void
ham_daemon_health_problems(const ham_daemon *daemon, JsonArray *list)
{
	const struct ham_health_watch *watch = daemon->health;

	for (unsigned int i = 0; watch && i < HAM_HEALTH_N_LIMITS; i++) {
		g_autofree char *text = NULL;

		if (!watch->gaps[i].told)
			continue;
		text = gap_text(watch, i);
		json_array_add_string_element(list, text);
	}
}

/* ---- the command ---- */

static void
close_output(struct ham_health_watch *watch)
{
	if (watch->output >= 0)
		close(watch->output);
	watch->output = -1;
}

/* Its first line, as text that goes anywhere. */
static void
take_output(struct ham_health_watch *watch, char out[HAM_REASON_SIZE])
{
	ssize_t n = read(watch->output, out, HAM_REASON_SIZE - 1);

	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	for (char *c = out; *c; c++)
		if (*c < ' ' || *c > '~')
			*c = '?';
}

static void
on_command_exit(ham_child *child, int code, int status, void *data)
{
	struct ham_health_watch *watch = data;
	bool in_time = watch->command_timer != 0;
	char *text = watch->command_text;

	(void)child;
	g_clear_handle_id(&watch->command_timer, g_source_remove);
	take_output(watch, text);
	if (code == CLD_EXITED && status == 0)
		text[0] = '\0';
	else if (!in_time)
		g_snprintf(text, HAM_REASON_SIZE, "it did not end within %d s",
			   COMMAND_MS / 1000);
	else if (!text[0])
		g_snprintf(text, HAM_REASON_SIZE,
			   code == CLD_EXITED ? "it ended with %d"
					      : "signal %d ended it",
			   status);
	close_output(watch);
	g_clear_pointer(&watch->command, ham_child_free);
}

static gboolean
on_command_late(gpointer data)
{
	struct ham_health_watch *watch = data;

	watch->command_timer = 0;
	ham_child_signal(watch->command, SIGKILL);
	return G_SOURCE_REMOVE;
}

static void
run_command(struct ham_health_watch *watch)
{
	const char *argv[] = {watch->limits.command, NULL};
	struct ham_child_spec spec = {.program = watch->limits.command,
				      .argv = argv,
				      .ends_with_us = true};
	struct ham_child_fd out = {.child_fd = STDOUT_FILENO};
	g_autoptr(GError) error = NULL;
	int ends[2];

	if (!watch->limits.command || watch->command)
		return;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		g_snprintf(watch->command_text, sizeof(watch->command_text),
			   "no pipe for it: %s", g_strerror(errno));
		return;
	}
	out.parent_fd = ends[1];
	spec.fds = &out;
	spec.n_fds = 1;
	watch->output = ends[0];
	watch->command = ham_child_spawn(&spec, on_command_exit, watch, &error);
	close(ends[1]);
	if (watch->command) {
		watch->command_timer =
			g_timeout_add(COMMAND_MS, on_command_late, watch);
		return;
	}
	g_strlcpy(watch->command_text, error->message,
		  sizeof(watch->command_text));
	close_output(watch);
}

/* ---- the worker ---- */

static void
read_links(struct ham_health_watch *watch, struct ham_health_sample *sample)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) stats = ham_cluster_link_stats(&error);

	ham_health_read_links(stats, error ? error->message : "", watch->self,
			      sample);
}

static void
look(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
	struct ham_health_watch *watch = data;

	(void)source;
	(void)cancellable;
	ham_health_sample_init(&watch->sample);
	ham_health_read(&watch->places, &watch->limits, &watch->sample);
	if (watch->limits.cluster_link)
		read_links(watch, &watch->sample);
	g_task_return_boolean(task, TRUE);
}

static void
looked(GObject *source, GAsyncResult *result, gpointer data)
{
	struct ham_health_watch *watch = data;

	(void)source;
	(void)result;
	watch->looking_us = 0;
	watch->sample.disk_errors = recent_errors(watch, ham_clock_us());
	g_strlcpy(watch->sample.command, watch->command_text,
		  sizeof(watch->sample.command));
	mind_gaps(watch, &watch->sample);
	judge(watch, &watch->sample);
}

static void
judge_silence(struct ham_health_watch *watch)
{
	struct ham_health_sample sample;

	ham_health_sample_init(&sample);
	g_strlcpy(sample.hangs, "a disk, a sensor or corosync",
		  sizeof(sample.hangs));
	judge(watch, &sample);
}

static gboolean
tick(gpointer data)
{
	struct ham_health_watch *watch = data;
	int64_t now_us = ham_clock_us();
	GTask *task;

	run_command(watch);
	if (watch->looking_us) {
		if (now_us - watch->looking_us >
		    HANGS_AFTER * watch->limits.interval_us)
			judge_silence(watch);
		return G_SOURCE_CONTINUE;
	}
	watch->looking_us = now_us;
	task = g_task_new(NULL, NULL, looked, watch);
	g_task_set_task_data(task, watch, NULL);
	g_task_run_in_thread(task, look);
	g_object_unref(task);
	return G_SOURCE_CONTINUE;
}

/* ---- start and end ---- */

static char **
names_of(GHashTable *set)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, set);
	while (g_hash_table_iter_next(&iter, &key, NULL))
		g_ptr_array_add(list, g_strdup(key));
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

static char **
targets_of(const struct ham_health_watch *watch, char **bridges)
{
	const char *self = ham_core_node_name(watch->daemon->core, watch->self);
	GPtrArray *list = g_ptr_array_new();

	for (char **bridge = bridges; *bridge; bridge++) {
		const char *target = ham_conf_arp_target_of(watch->daemon->conf,
							    self, *bridge);

		g_ptr_array_add(list, g_strdup(target ? target : ""));
	}
	g_ptr_array_add(list, NULL);
	return (char **)g_ptr_array_free(list, FALSE);
}

/* Of all guests: each may be here some time. */
static void
find_places(struct ham_health_watch *watch)
{
	const ham_conf *conf = watch->daemon->conf;
	g_autoptr(GHashTable) bridges =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GHashTable) folders =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	g_hash_table_add(folders, g_strdup("/var/lib/hamd"));
	for (guint i = 0; i < conf->guests->len; i++) {
		const struct ham_conf_guest *g =
			g_ptr_array_index(conf->guests, i);

		for (guint k = 0; k < g->ports->len; k++) {
			const struct ham_conf_port *p =
				g_ptr_array_index(g->ports, k);

			g_hash_table_add(bridges, g_strdup(p->bridge));
		}
		for (guint k = 0; k < g->disks->len; k++) {
			const struct ham_conf_disk *d =
				g_ptr_array_index(g->disks, k);

			if (!d->shared && !g_str_has_prefix(d->path, "/dev/"))
				g_hash_table_add(folders,
						 g_path_get_dirname(d->path));
		}
	}
	watch->places.root = "";
	watch->places.bridges = names_of(bridges);
	watch->places.targets = targets_of(watch, watch->places.bridges);
	watch->places.answers = ham_health_answers;
	watch->places.folders = names_of(folders);
}

void
ham_daemon_health_start(ham_daemon *daemon)
{
	const ham_conf *conf = daemon->conf;
	uint32_t self = ham_core_self(daemon->core);
	const struct ham_conf_node *node = ham_conf_find_node(
		conf, ham_core_node_name(daemon->core, self));
	struct ham_health_watch *watch;

	if (!node || node->witness)
		return;
	watch = g_new0(struct ham_health_watch, 1);
	watch->daemon = daemon;
	watch->self = self;
	watch->output = -1;
	watch->limits = node->health;
	watch->rules.hold_us = node->health.hold_us;
	watch->rules.after = conf->quarantine_after;
	watch->rules.window_us = conf->quarantine_window_us;
	watch->rules.time_us = conf->quarantine_time_us;
	watch->told =
		ham_record_node_flags(ham_core_record(daemon->core), self) &
		HAM_NODE_HEALTH;
	find_places(watch);
	watch->ticker = g_timeout_add((guint)(node->health.interval_us / 1000),
				      tick, watch);
	daemon->health = watch;
}

void
ham_daemon_health_hear(ham_daemon *daemon, const struct ham_event *event)
{
	struct ham_health_watch *watch = daemon->health;
	enum {
		N = HAM_HEALTH_MAX_ONSETS
	};

	if (!watch || event->kind != HAM_EV_DID ||
	    event->did != HAM_DID_DISK_ERROR)
		return;
	memmove(&watch->errors[0], &watch->errors[1],
		(N - 1) * sizeof(watch->errors[0]));
	watch->errors[N - 1] = ham_clock_us();
}

void
ham_daemon_health_stop(ham_daemon *daemon)
{
	struct ham_health_watch *watch = g_steal_pointer(&daemon->health);

	if (!watch)
		return;
	g_clear_handle_id(&watch->ticker, g_source_remove);
	g_clear_handle_id(&watch->command_timer, g_source_remove);
	if (watch->command) {
		ham_child_signal(watch->command, SIGKILL);
		ham_child_free(watch->command);
	}
	close_output(watch);
	if (watch->looking_us)
		return; /* the worker's, which ends with the process */
	g_strfreev(watch->places.bridges);
	g_strfreev(watch->places.targets);
	g_strfreev(watch->places.folders);
	g_free(watch);
}
