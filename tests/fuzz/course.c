/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/course.c - see course.h */
#include "tests/fuzz/course.h"

#include <stdio.h>
#include <stdlib.h>

const char *corpus_folder;

void
corpus_save(const char *folder, const char *name, const void *bytes, gsize len)
{
	g_autofree char *path =
		g_build_filename(corpus_folder, folder, name, NULL);
	g_autoptr(GError) error = NULL;

	if (g_file_set_contents(path, bytes, (gssize)len, &error))
		return;
	fprintf(stderr, "seeds: %s\n", error->message);
	exit(1);
}

void
course_save(GByteArray *s, const char *format, ...)
{
	g_autofree char *name = NULL;
	va_list ap;

	va_start(ap, format);
	name = g_strdup_vprintf(format, ap);
	va_end(ap);
	corpus_save("step", name, s->data, s->len);
	g_byte_array_unref(s);
}

/* Each says its time, then whose it has heard. */
static void
course_beats(GByteArray *s)
{
	course_pass(s, SCRIPT_1MS);
	course_pass(s, SCRIPT_1MS);
}

GByteArray *
course_cores(uint8_t world)
{
	GByteArray *s = g_byte_array_new();

	PUT(s, world);
	PUT(s, SCRIPT_VIEW, TOGETHER);
	for (uint8_t i = 0; i < (world & WORLD_THREE ? 3 : 1); i++)
		PUT(s, SCRIPT_READY, i);
	course_settle(s);
	course_beats(s);
	return s;
}

void
course_settle(GByteArray *s)
{
	PUT(s, SCRIPT_SETTLE, SCRIPT_SETTLE_VOICES);
}

void
course_command(GByteArray *s, enum ham_command what, uint8_t guest,
	       uint8_t node)
{
	PUT(s, SCRIPT_COMMAND, 0, (uint8_t)what, guest, node, 0);
}

GByteArray *
course_with_guest(uint8_t world, uint8_t guest, uint8_t node)
{
	GByteArray *s = course_cores(world);

	course_command(s, HAM_CMD_START, guest, node);
	course_settle(s);
	return s;
}

void
course_pass(GByteArray *s, enum script_time time)
{
	PUT(s, SCRIPT_TIME, SCRIPT_ALL, (uint8_t)time);
	course_settle(s);
}

void
course_view(GByteArray *s, uint8_t parts)
{
	PUT(s, SCRIPT_VIEW, parts);
	course_settle(s);
	course_beats(s);
}

void
course_wait(GByteArray *s, unsigned int times)
{
	for (unsigned int k = 0; k < times; k++)
		course_pass(s, SCRIPT_3S);
}

GByteArray *
course_with_replica(uint8_t world)
{
	GByteArray *s = course_with_guest(world, G, 1);

	course_command(s, HAM_CMD_MIGRATE, G, 2);
	course_settle(s);
	course_pass(s, SCRIPT_300MS);
	return s;
}

void
course_fenced(GByteArray *s, uint8_t core, uint8_t flags)
{
	PUT(s, SCRIPT_FENCED, core, 0, flags, SCRIPT_TEXT_WHY);
	course_settle(s);
}

void
course_talk_without_disk(GByteArray *s, uint8_t slow)
{
	for (unsigned int k = 0; k < 4; k++)
		for (uint8_t i = 0; i < 3; i++) {
			PUT(s, SCRIPT_DELIVER, i, 9);
			if (i != slow)
				PUT(s, SCRIPT_PERSISTED, i, INT8_MAX);
		}
}

void
course_talk(GByteArray *s)
{
	course_talk_without_disk(s, SCRIPT_ALL);
}

const uint8_t course_asked[COURSE_ACTS] = {
	1 /* PREPARE */, 0 /* COPY */,	  1 /* WIRE */,
	0 /* CAPTURE */, 1 /* RELEASE */, 1 /* TAKEOVER */,
	0 /* SILENCE */, 1 /* RUN */,	  0 /* FINISH */,
};

GByteArray *
course_migration(unsigned int n)
{
	return course_migration_in(THREE, n);
}

GByteArray *
course_migration_in(uint8_t world, unsigned int n)
{
	GByteArray *s = course_with_guest(world, G, 1);

	course_command(s, HAM_CMD_MIGRATE, G, 2);
	course_talk(s);
	for (unsigned int k = 0; k < n; k++) {
		if (k == COURSE_ACTS - 1)
			PUT(s, SCRIPT_TIME, SCRIPT_ALL, SCRIPT_300MS);
		PUT(s, SCRIPT_ANSWER, course_asked[k],
		    SCRIPT_ANSWER_WELL | SCRIPT_ANSWER_FLAG);
		course_talk(s);
	}
	return s;
}

void
course_end(GByteArray *s)
{
	course_settle(s);
	course_pass(s, SCRIPT_3S);
	course_pass(s, SCRIPT_31S);
	course_pass(s, SCRIPT_3S);
}

void
course_did(GByteArray *s, uint8_t core, enum ham_did what, uint8_t text)
{
	PUT(s, SCRIPT_DID, core, (uint8_t)what, G, 1, 0, 0, 0, 2, text, 1);
}

void
course_found(GByteArray *s, uint8_t core, enum ham_found what, uint8_t epoch)
{
	PUT(s, SCRIPT_DID, core, HAM_DID_FOUND, G, 0, (uint8_t)what, epoch, 0,
	    0, 0, 0);
}

void
course_restart(GByteArray *s, uint8_t core, enum ham_found what, uint8_t epoch,
	       uint8_t slow)
{
	uint8_t others = (uint8_t)(ALL_NODES & ~(1 << core));

	for (uint8_t i = 0; i < 3; i++)
		if (i != core)
			PUT(s, SCRIPT_GROUP, i, others);
	course_talk_without_disk(s, slow);
	PUT(s, SCRIPT_RESTART, core);
	course_found(s, core, what, epoch);
	PUT(s, SCRIPT_TOTEM, core, ALL_NODES, 0);
	for (uint8_t i = 0; i < 3; i++)
		PUT(s, SCRIPT_GROUP, i, ALL_NODES);
	PUT(s, SCRIPT_QUORUM, core, 1, 0, SCRIPT_READY, core);
}

void
course_ask_all(GByteArray *s)
{
	static const uint8_t nodes[] = {0, 1, 2, 9};

	for (uint8_t what = HAM_CMD_START; what <= HAM_CMD_CONFIRM_OFF; what++)
		for (uint8_t guest = G; guest <= STRAY; guest++)
			PUT(s, SCRIPT_COMMAND, guest % 3, what, guest,
			    nodes[(guest + what) % G_N_ELEMENTS(nodes)], 0);
}
