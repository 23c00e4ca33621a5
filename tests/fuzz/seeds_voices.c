/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/seeds_voices.c - seeds of one core that hears what others may say
 *
 * The other nodes are voices of the script: they say what a real node would,
 * in order and out of it, and what none would.
 */
#include "hamd/core/wire.h"
#include "tests/fuzz/course.h"
#include "tests/fuzz/say.h"

static void
say(GByteArray *s, uint8_t sender, enum ham_msg_kind kind, uint8_t text)
{
	/* guest, text, epoch, txn, standing, note, blob (of most kinds) */
	PUT(s, SCRIPT_SAY, 0, sender, (uint8_t)(kind - 1), G, text, 0, 0,
	    HAM_STANDING_HOLDS, HAM_NOTE_MIGRATION_RAN, 3);
}

static void
say_op(GByteArray *s, enum ham_msg_kind kind, enum ham_op_kind op, uint8_t node)
{
	/* guest, text, term, count; proposer, proposal, ... */
	PUT(s, SCRIPT_SAY, 0, node, (uint8_t)(kind - 1), G, SCRIPT_TEXT_WHY);
	PUT(s, 0, 1, node, 1, (uint8_t)op, 0, node, 0, 0);
}

static void
source_alone(void)
{
	static const enum ham_msg_kind heard[] = {
		HAM_MSG_PREPARED, HAM_MSG_WIRED, HAM_MSG_TAKE, HAM_MSG_NOTE};

	for (unsigned int text = 0; text < SCRIPT_TEXTS; text++) {
		GByteArray *s = course_with_guest(ONE, G, 1);

		course_command(s, HAM_CMD_MIGRATE, G, 2);
		for (unsigned int k = 0; k < G_N_ELEMENTS(heard); k++) {
			course_settle(s);
			say(s, 2, heard[k], (uint8_t)text);
		}
		if (text % 2)
			say(s, 2, HAM_MSG_ABORTED, (uint8_t)text);
		else
			say_op(s, HAM_MSG_PROPOSE, HAM_OP_OUTCOME, 2);
		course_end(s);
		course_save(s, "source-%u", text);
	}
}

static void
destination_alone(void)
{
	static const enum ham_msg_kind heard[] = {
		HAM_MSG_EXPORTED, HAM_MSG_NONE, HAM_MSG_DRAINED,
		HAM_MSG_CAPTURED, HAM_MSG_YIELD};

	for (unsigned int n = 0; n <= G_N_ELEMENTS(heard); n++) {
		GByteArray *s = course_with_guest(ONE, G, 2);

		course_command(s, HAM_CMD_MIGRATE, G, 1);
		course_settle(s);
		for (unsigned int k = 0; k < n; k++) {
			if (heard[k] != HAM_MSG_NONE)
				say(s, 2, heard[k], 0);
			else
				say_op(s, HAM_MSG_PROPOSE, HAM_OP_CUTOVER, 2);
			course_settle(s);
		}
		if (n < G_N_ELEMENTS(heard))
			say(s, 2, n < 2 ? HAM_MSG_CANCEL : HAM_MSG_ABORT,
			    SCRIPT_TEXT_WHY);
		say(s, 2, HAM_MSG_STANDING, 0);
		course_end(s);
		course_save(s, "destination-%u", n);
	}
}

/* A source in error: it stops though CUTOVER was never asked for. */
static void
captured_without_cutover(void)
{
	static const enum ham_msg_kind heard[] = {
		HAM_MSG_EXPORTED, HAM_MSG_DRAINED, HAM_MSG_CAPTURED,
		HAM_MSG_YIELD};
	GByteArray *s = course_with_guest(ONE, G, 2);

	course_command(s, HAM_CMD_MIGRATE, G, 1);
	course_settle(s);
	for (unsigned int k = 0; k < G_N_ELEMENTS(heard); k++) {
		say(s, 2, heard[k], 0);
		course_settle(s);
	}
	course_end(s);
	course_save(s, "captured-without-cutover");
}

/* From the promise to the moment at which an ADOPT may come. */
static GByteArray *
exchanged(void)
{
	GByteArray *s = g_byte_array_new();

	PUT(s, ONE, SCRIPT_VIEW, TOGETHER, SCRIPT_READY, 0);
	PUT(s, SCRIPT_PERSISTED, 0, INT8_MAX, SCRIPT_DELIVER, 0, 9);
	/* heard, and having heard all */
	for (unsigned int k = 0; k < 2; k++) {
		for (uint8_t voice = 2; voice <= 3; voice++)
			PUT(s, SCRIPT_SAY, 0, voice, HAM_MSG_EXCHANGE - 1, G, 0,
			    voice, 1, 0, SAY_HAS_STORE, 0);
		PUT(s, SCRIPT_DELIVER, 0, 9);
	}
	return s;
}

/* A leader gives this node a state with guests. */
static GByteArray *
with_state(unsigned int phase, uint8_t owner, uint8_t flags)
{
	bool moving =
		phase == HAM_GUEST_MIGRATING || phase == HAM_GUEST_IN_DOUBT;
	uint8_t other = 1 + owner % 3;
	GByteArray *s = exchanged();

	/* term, count, members, joined, flags, guests */
	PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_ADOPT - 1, G, 0, 8, 0, 7, 0, 1, 2);
	for (uint8_t guest = G; guest <= A; guest++)
		PUT(s, guest, (uint8_t)phase, owner, moving ? other : 0, 4, 2,
		    owner, HAM_REPLICA_CURRENT, other,
		    phase == HAM_GUEST_MIGRATING ? HAM_REPLICA_ABSENT
						 : HAM_REPLICA_CURRENT,
		    flags);
	course_settle(s);
	return s;
}

static void
adopted(unsigned int phase, uint8_t owner, uint8_t flags)
{
	GByteArray *s = with_state(phase, owner, flags);

	if (flags)
		say_op(s, HAM_MSG_RECORD, HAM_OP_PROMOTE, owner);
	say_op(s, HAM_MSG_RECORD, HAM_OP_OUTCOME, owner);
	course_settle(s);
	say_op(s, HAM_MSG_RECORD, HAM_OP_STOPPED, owner);
	course_end(s);
	course_save(s, "adopted-%u-%u%s", phase, owner, flags ? "-dead" : "");
}

/* In doubt between 3 and a node that has no entry for its disk. */
static void
outcome_without_destination(void)
{
	GByteArray *s = exchanged();

	PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_ADOPT - 1, G, 0, 8, 0, 7, 0, 1, 1);
	PUT(s, G, HAM_GUEST_IN_DOUBT, 3, 47, 4, 2, 3, HAM_REPLICA_CURRENT, 1,
	    HAM_REPLICA_CURRENT, 0);
	course_settle(s);
	say_op(s, HAM_MSG_RECORD, HAM_OP_OUTCOME, 3);
	course_end(s);
	course_save(s, "outcome-without-destination");
}

/* Each operation on a guest in this phase, whether it fits or not. */
static void
operations(unsigned int phase)
{
	for (uint8_t op = 0; op <= HAM_OP_N_KINDS; op++) {
		GByteArray *s = with_state(phase, 3, 0);

		for (uint8_t node = 0; node <= 3; node++)
			say_op(s, HAM_MSG_RECORD, (enum ham_op_kind)op, node);
		for (uint8_t node = 0; node <= 3; node++)
			say_op(s, HAM_MSG_PROPOSE, (enum ham_op_kind)op, node);
		course_end(s);
		course_save(s, "operation-%u-%u", phase, op);
	}
}

/* States that are not meant for this node, or promised otherwise. */
static void
other_states(void)
{
	/* members, joined; the first two names 1 not at all */
	static const uint8_t who[][2] = {{6, 0}, {6, 6}, {7, 6}, {15, 9}};
	GByteArray *s;

	for (unsigned int k = 0; k < G_N_ELEMENTS(who); k++) {
		s = exchanged();
		PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_ADOPT - 1, G, 0, 8, 0,
		    who[k][0], who[k][1], 0);
		course_pass(s, SCRIPT_3S);
		course_end(s);
		course_save(s, "other-state-%u", k);
	}
	for (uint8_t flags = 0; flags <= SAY_NO_NODES; flags++) {
		s = exchanged();
		PUT(s, SCRIPT_TIME, SCRIPT_ALL, SCRIPT_3S);
		PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_EXCHANGE - 1, G, 0, 2, 1, 9,
		    flags, UINT8_MAX);
		PUT(s, SCRIPT_TIME, SCRIPT_ALL, SCRIPT_3S);
		course_settle(s);
		/* once more, now that there is a state */
		PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_EXCHANGE - 1, G, 0, 2, 1, 9,
		    flags, 1);
		course_end(s);
		course_save(s, "promised-more-%u", flags);
	}
}

static void
small_things(void)
{
	GByteArray *s = course_with_guest(ONE, G, 1);
	static const uint8_t bytes[] = "HAMD\x02\x05";

	PUT(s, SCRIPT_TWIST, 0, 1, 0, 30, 1, SCRIPT_AGAIN, 0, 2, 3);
	PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_CHECK - 1, G, 0, 0, 0, 2);
	course_save(s, "another-sum");
	s = course_with_guest(ONE, G, 1);
	PUT(s, SCRIPT_SAY, 0, 2, HAM_MSG_STORED - 1, G, 0, 0, 0, 2);
	course_ask_all(s);
	course_save(s, "another-configuration");
	s = course_with_guest(ONE, G, 1);
	say_op(s, HAM_MSG_RECORD, HAM_OP_OUTDATED, 2);
	say_op(s, HAM_MSG_RECORD, HAM_OP_WANT_STOP, 1);
	PUT(s, SCRIPT_BYTES, 0, 2, 0, sizeof(bytes));
	g_byte_array_append(s, bytes, sizeof(bytes));
	course_save(s, "another-level");
	s = course_with_guest(ONE, G, 1);
	for (uint8_t what = HAM_DID_FOUND; what < HAM_DID_N; what++)
		course_did(s, 0, (enum ham_did)what, what % SCRIPT_TEXTS);
	course_end(s);
	course_save(s, "all-news");
	s = course_with_guest(ONE, G, 1);
	for (uint8_t kind = 1; kind < HAM_MSG_N_KINDS; kind++)
		say(s, 1 + kind % 3, (enum ham_msg_kind)kind, kind);
	course_end(s);
	course_save(s, "all-messages");
}

static void
stored(void)
{
	g_autofree struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_guest *g = &record->guests[0];
	uint8_t bytes[HAM_GUEST_WIRE_MAX];
	struct ham_writer head = {bytes, 0, sizeof(bytes)};
	GByteArray *s = g_byte_array_new();
	size_t len;

	record->n_guests = 1;
	g_strlcpy(g->name, "g", sizeof(g->name));
	g->phase = HAM_GUEST_STARTED;
	g->owner = 1;
	g->epoch = 3;
	g->replica[0] = (struct ham_replica){
		.node = 1, .state = HAM_REPLICA_CURRENT, .generation = 3};
	PUT(s, ONE, SCRIPT_LOAD, 0, 3);
	ham_put_u64(&head, 8);
	ham_put_u64(&head, 2);
	ham_put_u64(&head, ham_record_checksum(record));
	PUT(s, 0, 0, (uint8_t)head.len);
	g_byte_array_append(s, bytes, (guint)head.len);
	PUT(s, 1, 0, 8, 0, 0, 0, 0, 0, 0, 0, 8);
	len = ham_guest_encode(g, bytes);
	PUT(s, 6, 0, (uint8_t)len);
	g_byte_array_append(s, bytes, (guint)len);
	course_found(s, 0, HAM_FOUND_RUNNING, 0);
	PUT(s, SCRIPT_VIEW, TOGETHER, SCRIPT_READY, 0);
	course_end(s);
	course_save(s, "stored");
}

static void
say_beat(GByteArray *s, uint8_t sender, uint8_t time, uint8_t seen,
	 uint8_t flags)
{
	/* guest, text; then lease and watchdog of some seconds */
	PUT(s, SCRIPT_SAY, 0, sender, HAM_MSG_HEARTBEAT - 1, G, 0);
	PUT(s, time, seen, 80, 50, flags);
}

/* Heartbeats that no clock has said, or that tell of nobody. */
static void
heartbeats(void)
{
	static const int8_t times[] = {0, -1, 1, INT8_MAX, INT8_MIN};
	static const uint8_t flags[] = {0, SAY_OTHER, SAY_NO_NODES};

	for (unsigned int k = 0; k < G_N_ELEMENTS(times); k++)
		for (unsigned int f = 0; f < G_N_ELEMENTS(flags); f++) {
			GByteArray *s = course_with_guest(WORLD_LEASES, G, 1);

			for (uint8_t voice = 1; voice <= 3; voice++)
				say_beat(s, voice, (uint8_t)times[k],
					 (uint8_t)times[k], flags[f]);
			course_pass(s, SCRIPT_11S);
			course_save(s, "heartbeats-%u-%u", k, flags[f]);
		}
}

/* One core and two voices: 3 is gone, and what the others may say of it. */
static void
deaths_told(void)
{
	GByteArray *s = course_with_guest(WORLD_FENCES, G, 1);

	say_op(s, HAM_MSG_RECORD, HAM_OP_DEAD, 3);
	say_op(s, HAM_MSG_RECORD, HAM_OP_PROMOTE, 1);
	say_op(s, HAM_MSG_PROPOSE, HAM_OP_DEAD, 1);
	say_op(s, HAM_MSG_PROPOSE, HAM_OP_PROMOTE, 2);
	course_settle(s);
	say_op(s, HAM_MSG_RECORD, HAM_OP_DEAD, 1);
	course_settle(s);
	say_op(s, HAM_MSG_RECORD, HAM_OP_PROMOTE, 1);
	course_end(s);
	course_save(s, "declared-dead");
	s = course_with_guest(WORLD_FENCES, G, 3);
	PUT(s, SCRIPT_VIEW, THIRD_ALONE);
	course_settle(s);
	course_pass(s, SCRIPT_3S);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_STOP, G, 0, 0);
	course_settle(s);
	say_op(s, HAM_MSG_PROPOSE, HAM_OP_DEAD, 3);
	course_settle(s);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, G, 1, 0);
	course_end(s);
	course_save(s, "told-of-a-death");
}

void
seeds_voices(void)
{
	heartbeats();
	deaths_told();
	source_alone();
	destination_alone();
	captured_without_cutover();
	outcome_without_destination();
	for (unsigned int phase = 0; phase < HAM_GUEST_N_PHASES; phase++) {
		operations(phase);
		for (uint8_t owner = 1; owner <= 3; owner++) {
			adopted(phase, owner, 0);
			if (phase != HAM_GUEST_STOPPED)
				adopted(phase, owner, SAY_OWNER_DEAD);
		}
	}
	other_states();
	small_things();
	stored();
}
