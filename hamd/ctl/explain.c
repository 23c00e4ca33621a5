/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ctl/explain.c - a guest that is not as wanted, and what to do about it
 *
 * The reason and what is waited for are hamd's words; only the advice is made
 * here, from the state.  It never advises what could run a guest twice.
 */
#include <string.h>

#include "hamd/ctl/guest.h"
#include "hamd/ctl/json.h"
#include "hamd/ctl/progress.h"

static bool
is(JsonObject *object, const char *name, const char *value)
{
	return strcmp(ham_ctl_json_text(object, name), value) == 0;
}

static uint64_t
count_replicas(JsonObject *guest, const char *state)
{
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");
	uint64_t n = 0;

	for (guint i = 0; i < ham_ctl_json_length(replicas); i++)
		n += is(ham_ctl_json_element(replicas, i), "state", state);
	return n;
}

static bool
lacks_replicas(JsonObject *guest)
{
	return count_replicas(guest, "current") <
	       ham_ctl_json_count(guest, "replicas_wanted");
}

enum ham_ctl_style
ham_ctl_guest_style(JsonObject *guest)
{
	if (is(guest, "state", "failed") || is(guest, "state", "in-doubt") ||
	    is(guest, "state", "unknown") || is(guest, "state", "recovering"))
		return HAM_CTL_BAD;
	if (is(guest, "state", "stopped") && is(guest, "wanted", "running"))
		return HAM_CTL_BAD;
	if (is(guest, "state", "running") && is(guest, "wanted", "running"))
		return HAM_CTL_GOOD;
	if (is(guest, "state", "stopped") && is(guest, "wanted", "stopped"))
		return HAM_CTL_PLAIN;
	return HAM_CTL_CAUTION;
}

char *
ham_ctl_guest_replicas(JsonObject *guest)
{
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");
	uint64_t wanted = ham_ctl_json_count(guest, "replicas_wanted");
	GString *text = g_string_new(NULL);

	if (wanted > 0 || count_replicas(guest, "current") > 0)
		g_string_append_printf(
			text, "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
			count_replicas(guest, "current"), wanted);
	for (guint i = 0; i < ham_ctl_json_length(replicas); i++) {
		JsonObject *replica = ham_ctl_json_element(replicas, i);

		if (is(replica, "state", "current") ||
		    is(replica, "state", "absent"))
			continue;
		g_string_append_printf(text, "%s%s %s", text->len ? " " : "",
				       ham_ctl_json_text(replica, "node"),
				       ham_ctl_json_text(replica, "state"));
	}
	return g_string_free(text, FALSE);
}

char *
ham_ctl_guest_note(JsonObject *guest)
{
	JsonObject *migration = ham_ctl_json_object(guest, "migration");
	const char *wanted = ham_ctl_json_text(guest, "wanted");

	if (migration && is(migration, "phase", "queued"))
		return g_strdup_printf(
			"-> %s, queued behind %" G_GINT64_FORMAT,
			ham_ctl_json_text(migration, "to"),
			ham_ctl_json_int(migration, "queued_behind", 0));
	if (migration)
		return g_strdup_printf("-> %s, %s %d%%",
				       ham_ctl_json_text(migration, "to"),
				       ham_ctl_json_text(migration, "phase"),
				       ham_ctl_progress_percent(migration));
	if (wanted[0] && !is(guest, "state", wanted) &&
	    !is(guest, "state", "migrating"))
		return g_strdup_printf("wanted %s", wanted);
	return g_strdup("");
}

static bool
is_online(JsonObject *status, const char *name)
{
	JsonArray *nodes = ham_ctl_json_array(status, "nodes");

	for (guint i = 0; i < ham_ctl_json_length(nodes); i++) {
		JsonObject *node = ham_ctl_json_element(nodes, i);

		if (is(node, "name", name))
			return ham_ctl_json_bool(node, "online");
	}
	return true; /* not known as absent */
}

/* A node that is here, with a whole copy that lacks the last writes; NULL: there
 * is none. */
static const char *
old_copy(JsonObject *guest, JsonObject *status)
{
	JsonArray *replicas = ham_ctl_json_array(guest, "replicas");

	for (guint i = 0; i < ham_ctl_json_length(replicas); i++) {
		JsonObject *replica = ham_ctl_json_element(replicas, i);
		const char *node = ham_ctl_json_text(replica, "node");

		if (is(replica, "state", "outdated") && is_online(status, node))
			return node;
	}
	return NULL;
}

static char *
advise_newest_is_away(JsonObject *guest, JsonObject *status)
{
	const char *node = old_copy(guest, status);

	if (!node)
		return g_strdup("bring that node back");
	return g_strdup_printf("bring that node back; only if it is lost for "
			       "good, and the last writes with it: hamctl guest "
			       "start %s --node %s --force",
			       ham_ctl_json_text(guest, "name"), node);
}

/* What the operator can do; NULL: nothing but to wait. */
static char *
advise(JsonObject *guest, JsonObject *status)
{
	JsonObject *quorum = ham_ctl_json_object(status, "quorum");
	const char *name = ham_ctl_json_text(guest, "name");
	const char *owner = ham_ctl_json_text(guest, "owner");

	if (is(guest, "state", "frozen"))
		return g_strdup("bring the absent nodes back: it stands still, "
				"and ends when this node's lease is over");
	if (!ham_ctl_json_bool(quorum, "quorate"))
		return g_strdup("bring the absent nodes back: without quorum "
				"nothing is decided");
	if (g_str_has_prefix(ham_ctl_json_text(guest, "waits_for"),
			     "a node with a current copy of its disks"))
		return advise_newest_is_away(guest, status);
	if (owner[0] && !is_online(status, owner) &&
	    !is(guest, "state", "in-doubt"))
		return g_strdup_printf("bring %s back", owner);
	if (is(guest, "state", "in-doubt"))
		return g_strdup("bring the absent nodes back; do not start it "
				"by other means");
	if (is(guest, "state", "failed"))
		return g_strdup_printf(
			"read /var/log/hamd/%s.log%s%s, then: hamctl guest "
			"start %s",
			name, owner[0] ? " on " : "", owner, name);
	if (is(guest, "state", "stopped") && is(guest, "wanted", "running") &&
	    ham_ctl_json_text(guest, "waits_for")[0] == '\0')
		return g_strdup_printf("hamctl guest start %s", name);
	if (g_str_has_prefix(ham_ctl_json_text(guest, "waits_for"),
			     "its own disk"))
		return g_strdup_printf("mend it, then: hamctl guest stop %s "
				       "--kill; hamctl guest start %s, here or "
				       "where it has a current copy",
				       name, name);
	if ((is(guest, "state", "running") || is(guest, "state", "stopping")) &&
	    is(guest, "wanted", "stopped"))
		return g_strdup_printf("if it does not end by itself: hamctl "
				       "guest stop %s --kill",
				       name);
	return NULL;
}

/* On its way, with nothing to complain of. */
static bool
is_moving_on(JsonObject *guest)
{
	return is(guest, "state", "starting") ||
	       is(guest, "state", "stopping") ||
	       is(guest, "state", "moving") || is(guest, "state", "migrating");
}

char *
ham_ctl_guest_explain(JsonObject *guest, JsonObject *status)
{
	const char *wanted = ham_ctl_json_text(guest, "wanted");
	const char *reason = ham_ctl_json_text(guest, "reason");
	const char *waits_for = ham_ctl_json_text(guest, "waits_for");
	bool as_wanted = is(guest, "state", wanted) || is_moving_on(guest);
	g_autofree char *advice = NULL;
	GString *text;

	/* a reason alone is that of a migration that failed, or of a guest that
	 * was never started: guest show has it */
	if (as_wanted && !waits_for[0] && !lacks_replicas(guest))
		return NULL;
	text = g_string_new(NULL);
	g_string_append_printf(text, "%s is %s",
			       ham_ctl_json_text(guest, "name"),
			       ham_ctl_json_text(guest, "state"));
	if (!as_wanted)
		g_string_append_printf(text, ", wanted %s", wanted);
	else if (!reason[0] && lacks_replicas(guest))
		g_string_append(text, " with fewer current replicas than "
				      "wanted");
	if (reason[0])
		g_string_append_printf(text, ": %s", reason);
	if (waits_for[0])
		g_string_append_printf(text, "; waits for %s", waits_for);
	advice = advise(guest, status);
	if (advice)
		g_string_append_printf(text, "; to do: %s", advice);
	return g_string_free(text, FALSE);
}
