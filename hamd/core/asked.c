/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/core/asked.c - who wants a migration, told to all nodes
 *
 * An operator's order is told by the node that took it, once it has its place
 * in the order of records; a drain's, or that of a node's health, by each node
 * for itself from what the record says.  Whoever orders without a name is not
 * told of.  Nothing is decided by it.
 */
#include <string.h>

#include "hamd/core/state.h"

/* ---- by an operator ---- */

static void append(char *out, size_t size, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void
append(char *out, size_t size, const char *format, ...)
{
	size_t len = strlen(out);
	va_list ap;

	va_start(ap, format);
	g_vsnprintf(out + len, size - len, format, ap);
	va_end(ap);
}

/* "max_pause 300 ms, on_limit force" */
static void
policy_text(const struct ham_policy *policy, unsigned int sets, char *out,
	    size_t size)
{
	static const char *const limits[HAM_LIMIT_N] = {"abort", "force",
							"warm"};

	out[0] = '\0';
	if (sets & HAM_SET_MAX_PAUSE)
		append(out, size, ", max_pause %" G_GINT64_FORMAT " ms",
		       policy->max_pause_us / 1000);
	if (sets & HAM_SET_MAX_DURATION)
		append(out, size, ", max_duration %" G_GINT64_FORMAT " s",
		       policy->max_duration_us / 1000000);
	if (sets & HAM_SET_BANDWIDTH)
		append(out, size, ", bandwidth %" G_GUINT64_FORMAT " bytes/s",
		       policy->bandwidth);
	if (sets & HAM_SET_PRIORITY)
		append(out, size, ", priority %u", policy->priority);
	if (sets & HAM_SET_AUTO_CONVERGE)
		append(out, size, ", auto_converge %s",
		       policy->auto_converge ? "yes" : "no");
	if (sets & HAM_SET_ON_LIMIT)
		append(out, size, ", on_limit %s",
		       policy->on_limit < HAM_LIMIT_N ? limits[policy->on_limit]
						      : "?");
	if (out[0])
		memmove(out, out + 2, strlen(out + 2) + 1);
}

/* False: that order is none to tell of. */
static bool
order_text(const ham_core *core, const struct ham_event *event, char *out,
	   size_t size)
{
	const char *node = ham_core_node_name(core, event->node);
	char policy[HAM_REASON_SIZE];

	if (event->command == HAM_CMD_MIGRATE) {
		g_snprintf(out, size, "migrate to %s",
			   event->node ? node : "the best place");
	} else if (event->command == HAM_CMD_MOVE) {
		g_snprintf(out, size, "move to %s, %s", node,
			   event->flag ? "stopped as it is (cold)"
				       : "by a stop and a start (warm)");
	} else if (event->command == HAM_CMD_CANCEL) {
		g_strlcpy(out, "cancel", size);
	} else if (event->command == HAM_CMD_SET && event->policy) {
		policy_text(event->policy, (unsigned int)event->value, policy,
			    sizeof(policy));
		g_snprintf(out, size, "set %s", policy);
	} else {
		return false;
	}
	return true;
}

void
ham_asked_text(const ham_core *core, const struct ham_event *event, char *out,
	       size_t size)
{
	char what[HAM_REASON_SIZE];

	out[0] = '\0';
	if (event->text && order_text(core, event, what, sizeof(what)))
		g_snprintf(out, size, "%s on %s: %s", event->text,
			   ham_core_node_name(core, core->config.self), what);
}

void
ham_asked_tell(ham_core *core, const struct ham_guest *guest, const char *text)
{
	struct ham_msg msg = {.kind = HAM_MSG_NOTE,
			      .note = HAM_NOTE_MIGRATION_ASKED,
			      .epoch = guest->epoch,
			      .txn = guest->txn};

	if (text[0] == '\0')
		return;
	g_strlcpy(msg.guest, guest->name, sizeof(msg.guest));
	g_strlcpy(msg.text, text, sizeof(msg.text));
	ham_fx_send(core, &msg, false);
}

/* ---- by nobody: a node is to be empty, or takes its guests back ---- */

void
ham_asked_by_drain(ham_core *core, const struct ham_guest *guest)
{
	const struct ham_node_state *state =
		ham_record_node(&core->record, guest->owner);
	unsigned int flags = state ? state->flags & HAM_NODE_CLOSED : 0;
	const char *from = ham_core_node_name(core, guest->owner);

	if (guest->home == guest->dst)
		ham_fx_note(core, HAM_NOTE_MIGRATION_ASKED, guest->name,
			    "return to %s, which it was moved away from",
			    ham_core_node_name(core, guest->dst));
	else if (flags & HAM_NODE_DRAINED || !flags)
		ham_fx_note(core, HAM_NOTE_MIGRATION_ASKED, guest->name,
			    "drain of %s", from);
	else
		ham_fx_note(core, HAM_NOTE_MIGRATION_ASKED, guest->name,
			    "%s is %s%s%s", from, ham_node_flag_name(flags),
			    state->reason[0] ? ": " : "", state->reason);
}
