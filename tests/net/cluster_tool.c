/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/net/cluster_tool.c - one member of a group, led by lines on stdin
 *
 * Orders: join GROUP | send TEXT | burst N BYTES | progress N BYTES |
 * setting KEY | name ID | leave | quit.  Each of hamd/io/cluster.h's
 * callbacks is one line on stdout, bursts excepted: of these a gap is told at
 * once, and `end` once all have come, with the number of messages and a digest
 * of all messages of all senders in the order in which they were delivered.
 */
#include <glib-unix.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hamd/io/cluster.h"

enum {
	MAX_IDS = 16,
	FEED_MS = 1,
	FEED_A_TURN = 256,
};

struct burst {
	char letter; /* b: must arrive, p: droppable, e: the end */
	uint32_t number;
};

static GMainLoop *loop;
static ham_cluster *cluster;
static char *group;
static uint32_t left; /* of the burst being sent */
static uint32_t next_number;
static size_t burst_bytes;
static unsigned int most_queued;
static unsigned int turns; /* of another source, while a burst was sent */
static uint32_t expected[MAX_IDS];
static uint64_t digest = 14695981039346656037u;
static uint64_t delivered;

static G_GNUC_PRINTF(1, 2) void tell(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vprintf(format, ap);
	va_end(ap);
	putchar('\n');
	fflush(stdout);
}

static void
mix(uint64_t value)
{
	for (int i = 0; i < 8; i++)
		digest = (digest ^ (value >> 8 * i & 0xff)) * 1099511628211u;
}

static void
take_burst(uint32_t sender, const struct burst *message)
{
	uint32_t *want = &expected[sender % MAX_IDS];

	if (message->letter == 'e') {
		tell("end %" PRIu32 " %" PRIu64 " %016" PRIx64, sender,
		     delivered, digest);
		return;
	}
	if (message->letter == 'b') {
		if (message->number != *want)
			tell("gap %" PRIu32 ": %" PRIu32 " instead of %" PRIu32,
			     sender, message->number, *want);
		*want = message->number + 1;
	}
	delivered++;
	mix((uint64_t)sender << 32 | message->number);
}

static void
on_message(uint32_t sender, uint32_t pid, const void *bytes, size_t len,
	   void *data)
{
	struct burst message;

	(void)pid;
	(void)data;
	if (len > 0 && *(const char *)bytes == 't') {
		tell("got %" PRIu32 " %.*s", sender, (int)len - 1,
		     (const char *)bytes + 1);
	} else if (len >= sizeof(message)) {
		memcpy(&message, bytes, sizeof(message));
		take_burst(sender, &message);
	}
}

static void
on_group(const uint32_t *ids, const uint32_t *pids, size_t n, void *data)
{
	g_autoptr(GString) text = g_string_new("group");

	(void)pids;
	(void)data;
	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, " %" PRIu32, ids[i]);
	tell("%s", text->str);
}

static void
on_totem(struct ham_cluster_ring ring, const uint32_t *ids, size_t n,
	 void *data)
{
	g_autoptr(GString) text = g_string_new(NULL);

	(void)data;
	for (size_t i = 0; i < n; i++)
		g_string_append_printf(text, " %" PRIu32, ids[i]);
	tell("totem %" PRIu32 ".%" PRIu64 "%s", ring.rep, ring.seq, text->str);
}

static void
on_quorum(struct ham_cluster_ring ring, bool quorate, void *data)
{
	(void)data;
	tell("quorum %" PRIu32 ".%" PRIu64 " %s", ring.rep, ring.seq,
	     quorate ? "yes" : "no");
}

static void
on_lost(const char *reason, void *data)
{
	(void)data;
	tell("lost %s", reason);
	tell("sent %s", ham_cluster_send(cluster, "tx", 2, false)
				? "after the end"
				: "nothing");
	/* the callback may free */
	g_clear_pointer(&cluster, ham_cluster_free);
}

static void
join(void)
{
	static const struct ham_cluster_callbacks callbacks = {
		.on_message = on_message,
		.on_group = on_group,
		.on_totem = on_totem,
		.on_quorum = on_quorum,
		.on_lost = on_lost,
	};
	g_autoptr(GError) error = NULL;

	g_clear_pointer(&cluster, ham_cluster_free);
	cluster = ham_cluster_join(group, &callbacks, NULL, &error);
	if (!cluster)
		tell("refused %s", error->message);
	else
		tell("self %" PRIu32 ", messages up to %zu bytes",
		     ham_cluster_self(cluster),
		     ham_cluster_max_message(cluster));
}

static bool
send_one(char letter, uint32_t number, bool droppable)
{
	g_autofree char *bytes = g_malloc0(burst_bytes);
	struct burst message = {.letter = letter, .number = number};
	bool taken;

	memcpy(bytes, &message, sizeof(message));
	taken = ham_cluster_send(cluster, bytes, burst_bytes, droppable);
	most_queued = MAX(most_queued, ham_cluster_queued(cluster));
	return taken;
}

/* Sends a part, or until the queue is full, then waits for the next turn. */
static gboolean
feed(gpointer data)
{
	(void)data;
	for (int i = 0; i < FEED_A_TURN && left > 0 && cluster; i++) {
		if (!send_one('b', next_number, false))
			break;
		left--;
		next_number++;
	}
	if (!cluster || left > 0 || !send_one('e', 0, false))
		return cluster ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
	tell("fed queued %u turns %u", most_queued, turns);
	return G_SOURCE_REMOVE;
}

static gboolean
count_turn(gpointer data)
{
	(void)data;
	turns++;
	return G_SOURCE_CONTINUE;
}

static void
start_burst(uint32_t n, size_t bytes)
{
	left = n;
	burst_bytes = MAX(bytes, sizeof(struct burst));
	most_queued = turns = 0;
	g_timeout_add(FEED_MS, feed, NULL);
}

/* As many droppable messages as are asked for, at once. */
static void
send_progress(uint32_t n, size_t bytes)
{
	uint32_t taken = 0;

	burst_bytes = MAX(bytes, sizeof(struct burst));
	for (uint32_t i = 0; i < n; i++)
		taken += send_one('p', i, true);
	tell("progress %" PRIu32 " of %" PRIu32 ", dropped %" PRIu64, taken, n,
	     ham_cluster_dropped(cluster));
}

static void
tell_setting(const char *key)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) settings = ham_cluster_settings(&error);
	const char *value =
		settings ? g_hash_table_lookup(settings, key) : NULL;

	tell("setting %s", error ? error->message : value ? value : "(none)");
}

static void
tell_name(const char *id)
{
	g_autoptr(GHashTable) settings = ham_cluster_settings(NULL);
	const char *name =
		settings ? ham_cluster_node_name(settings, (uint32_t)atoi(id))
			 : NULL;

	tell("name %s", name ? name : "(none)");
}

static void
obey_member(char **words, unsigned int n)
{
	g_autofree char *text = NULL;

	if (g_str_equal(words[0], "send") && n == 2) {
		text = g_strconcat("t", words[1], NULL);
		if (!ham_cluster_send(cluster, text, strlen(text), false))
			tell("not sent");
	} else if (g_str_equal(words[0], "burst") && n == 3) {
		start_burst((uint32_t)atoi(words[1]), (size_t)atoi(words[2]));
	} else if (g_str_equal(words[0], "progress") && n == 3) {
		send_progress((uint32_t)atoi(words[1]), (size_t)atoi(words[2]));
	} else if (g_str_equal(words[0], "leave")) {
		g_clear_pointer(&cluster, ham_cluster_free);
		tell("left");
	} else {
		tell("what?");
	}
}

static void
obey(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	unsigned int n = g_strv_length(words);

	if (n == 0)
		return;
	if (g_str_equal(words[0], "join") && n == 2) {
		g_free(group);
		group = g_strdup(words[1]);
		join();
	} else if (g_str_equal(words[0], "setting") && n == 2) {
		tell_setting(words[1]);
	} else if (g_str_equal(words[0], "name") && n == 2) {
		tell_name(words[1]);
	} else if (g_str_equal(words[0], "quit")) {
		g_main_loop_quit(loop);
	} else if (cluster) {
		obey_member(words, n);
	} else {
		tell("no member");
	}
}

static gboolean
order_ready(int fd, GIOCondition condition, gpointer data)
{
	GString *pending = data;
	char buffer[512];
	ssize_t got = read(fd, buffer, sizeof(buffer));
	char *newline;

	(void)condition;
	if (got <= 0) {
		g_main_loop_quit(loop);
		return G_SOURCE_REMOVE;
	}
	g_string_append_len(pending, buffer, got);
	while ((newline = strchr(pending->str, '\n'))) {
		*newline = '\0';
		obey(pending->str);
		g_string_erase(pending, 0, newline - pending->str + 1);
	}
	return G_SOURCE_CONTINUE;
}

int
main(void)
{
	g_autoptr(GString) pending = g_string_new(NULL);

	loop = g_main_loop_new(NULL, FALSE);
	g_unix_fd_add(0, G_IO_IN | G_IO_HUP, order_ready, pending);
	g_timeout_add(10, count_turn, NULL);
	g_main_loop_run(loop);
	ham_cluster_free(cluster);
	g_main_loop_unref(loop);
	g_free(group);
	return 0;
}
