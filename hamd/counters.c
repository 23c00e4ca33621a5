/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/counters.c - what this hamd has seen since its start, for metrics
 *
 * Only counts; what it counts is in nobody's way if it is lost with hamd.
 */
#include "hamd/daemon.h"
#include "hamd/fencing.h"

void
ham_daemon_count(ham_daemon *daemon, enum ham_note note)
{
	g_assert(note < HAM_NOTE_N);
	daemon->counters.notes[note]++;
}

JsonObject *
ham_daemon_counters(ham_daemon *daemon)
{
	JsonObject *o = json_object_new();
	JsonObject *events = json_object_new();
	struct ham_core_counters core;

	ham_core_get_counters(daemon->core, &core);
	json_object_set_object_member(
		o, "since", ham_daemon_stamp(daemon->counters.since_us));
	json_object_set_int_member(o, "failovers", (int64_t)core.failovers);
	json_object_set_int_member(o, "pauses_too_long",
				   (int64_t)daemon->counters.long_pauses);
	json_object_set_int_member(o, "messages_unread",
				   (int64_t)core.messages_dropped);
	/* corosync is joined only when all guests are found */
	json_object_set_int_member(
		o, "messages_unsent",
		daemon->cluster ? (int64_t)ham_cluster_dropped(daemon->cluster)
				: 0);
	/* with a 0 where nothing happened: that is known, too */
	for (unsigned int i = 0; i < HAM_NOTE_N; i++)
		json_object_set_int_member(events, ham_note_name(i),
					   (int64_t)daemon->counters.notes[i]);
	json_object_set_object_member(o, "events", events);
	return o;
}
