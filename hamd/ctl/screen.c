/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/screen.c - what is known, see screen.h; screen_lines.c shows it */
#include "hamd/ctl/screen.h"

#include <string.h>

#include "hamd/ctl/json.h"
#include "hamd/ctl/table.h"

enum {
	KEPT_EVENTS = 200
};

static void
free_bar(gpointer data)
{
	struct ham_ctl_bar *bar = data;

	g_free(bar->label);
	g_free(bar->id);
	g_free(bar);
}

void
ham_ctl_screen_open(struct ham_ctl_screen *screen)
{
	memset(screen, 0, sizeof(*screen));
	screen->bars = g_ptr_array_new_with_free_func(free_bar);
	g_queue_init(&screen->events);
}

void
ham_ctl_screen_clear(struct ham_ctl_screen *screen)
{
	g_clear_pointer(&screen->status, json_object_unref);
	g_clear_pointer(&screen->bars, g_ptr_array_unref);
	g_queue_clear_full(&screen->events, g_free);
	g_clear_pointer(&screen->trouble, g_free);
}

/* Takes over what was known of the same one. */
static struct ham_ctl_bar *
add_bar(const struct ham_ctl_screen *screen, GPtrArray *bars, char *label,
	char *id, bool copy, int64_t now_us)
{
	struct ham_ctl_bar *bar = g_new0(struct ham_ctl_bar, 1);

	bar->label = ham_ctl_clean(label);
	bar->id = id;
	bar->copy = copy;
	g_free(label);
	ham_ctl_progress_start(&bar->progress, now_us);
	for (guint i = 0; i < screen->bars->len; i++) {
		const struct ham_ctl_bar *old =
			g_ptr_array_index(screen->bars, i);

		if (strcmp(old->label, bar->label) == 0 &&
		    strcmp(old->id, id) == 0)
			bar->progress = old->progress;
	}
	g_ptr_array_add(bars, bar);
	return bar;
}

static void
add_migration(const struct ham_ctl_screen *screen, GPtrArray *bars,
	      JsonObject *guest, int64_t now_us)
{
	JsonObject *migration = ham_ctl_json_object(guest, "migration");
	struct ham_ctl_bar *bar;

	if (migration == NULL)
		return;
	bar = add_bar(screen, bars,
		      g_strdup_printf("%s %s -> %s",
				      ham_ctl_json_text(guest, "name"),
				      ham_ctl_json_text(migration, "from"),
				      ham_ctl_json_text(migration, "to")),
		      ham_ctl_json_label(migration, "txn"), false, now_us);
	ham_ctl_progress_update(&bar->progress, migration, now_us);
}

static void
add_copies(const struct ham_ctl_screen *screen, GPtrArray *bars,
	   JsonObject *guest, int64_t now_us)
{
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");

	for (guint i = 0; i < ham_ctl_json_length(replicas); i++) {
		JsonObject *replica = ham_ctl_json_element(replicas, i);
		struct ham_ctl_bar *bar;

		if (strcmp(ham_ctl_json_text(replica, "state"), "syncing") != 0)
			continue;
		bar = add_bar(
			screen, bars,
			g_strdup_printf("%s replica on %s",
					ham_ctl_json_text(guest, "name"),
					ham_ctl_json_text(replica, "node")),
			ham_ctl_json_label(replica, "generation"), true,
			now_us);
		ham_ctl_progress_copy(&bar->progress, replica, now_us);
	}
}

void
ham_ctl_screen_status(struct ham_ctl_screen *screen, JsonObject *status,
		      int64_t now_us)
{
	JsonArray *guests = ham_ctl_json_array(status, "guests");
	GPtrArray *bars = g_ptr_array_new_with_free_func(free_bar);

	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		add_migration(screen, bars, ham_ctl_json_element(guests, i),
			      now_us);
	for (guint i = 0; i < ham_ctl_json_length(guests); i++)
		add_copies(screen, bars, ham_ctl_json_element(guests, i),
			   now_us);
	g_ptr_array_unref(screen->bars);
	screen->bars = bars;
	json_object_ref(status);
	g_clear_pointer(&screen->status, json_object_unref);
	screen->status = status;
}

/* The bar that an event's figures are of, or NULL. */
static struct ham_ctl_bar *
find_bar(const struct ham_ctl_screen *screen, JsonObject *event_data)
{
	g_autofree char *txn = ham_ctl_json_label(event_data, "txn");
	g_autofree char *guest =
		ham_ctl_clean(ham_ctl_json_text(event_data, "guest"));
	size_t len = strlen(guest);

	for (guint i = 0; i < screen->bars->len; i++) {
		struct ham_ctl_bar *bar = g_ptr_array_index(screen->bars, i);

		if (!bar->copy && strcmp(bar->id, txn) == 0 &&
		    strncmp(bar->label, guest, len) == 0 &&
		    bar->label[len] == ' ')
			return bar;
	}
	return NULL;
}

const char *
ham_ctl_screen_event(struct ham_ctl_screen *screen, JsonObject *event,
		     int64_t now_us)
{
	JsonObject *event_data = ham_ctl_json_object(event, "data");
	const char *name = ham_ctl_json_text(event, "event");
	const char *guest = ham_ctl_json_text(event_data, "guest");
	struct ham_ctl_bar *bar = find_bar(screen, event_data);
	g_autofree char *time = NULL;
	g_autofree char *line = NULL;

	if (strcmp(name, "MIGRATION_PROGRESS") == 0) {
		if (bar)
			ham_ctl_progress_update(&bar->progress, event_data,
						now_us);
		return NULL;
	}
	if (bar && strcmp(name, "MIGRATION_PHASE") == 0)
		ham_ctl_progress_phase(&bar->progress,
				       ham_ctl_json_text(event_data, "phase"));
	time = ham_ctl_json_time(event, "timestamp");
	line = g_strdup_printf("%s  %s  %s%s%s  %s",
			       /* of the time its date is left out */
			       strlen(time) > 19 ? time + 11 : time,
			       ham_ctl_json_text(event_data, "node"), name,
			       guest[0] ? "  " : "", guest,
			       ham_ctl_json_text(event_data, "text"));
	g_queue_push_tail(&screen->events, ham_ctl_clean(line));
	if (g_queue_get_length(&screen->events) > KEPT_EVENTS)
		g_free(g_queue_pop_head(&screen->events));
	return g_queue_peek_tail(&screen->events);
}
