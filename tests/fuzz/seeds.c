/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/fuzz/seeds.c - writes the corpora of fuzz_step and fuzz_message
 *
 *	seeds SOURCE/tests/fuzz/corpus
 *
 * Step: scripts (script.h) of whole courses, each cut, failed and repeated at
 * every place, since chance would not find its way into a hand-over.
 * Message: one of each kind, and guests as they are stored
 * (tests/versions/samples.h).  Run again when the meaning of a script's bytes
 * changed.
 */
#include <stdio.h>

#include "tests/fuzz/course.h"
#include "tests/versions/samples.h"

enum {
	MESSAGE_MAX = 1100, /* of one that is worth a seed */
};

static void
plain_courses(void)
{
	GByteArray *s = course_cores(THREE);

	course_save(s, "view");
	s = course_cores(THREE);
	course_ask_all(s);
	course_settle(s);
	course_ask_all(s);
	course_end(s);
	course_save(s, "commands");
	for (uint8_t guest = G; guest <= DB; guest++) {
		s = course_with_guest(THREE, guest, 1);
		course_command(s, HAM_CMD_MIGRATE, guest, 2);
		course_settle(s);
		course_pass(s, SCRIPT_1S);
		course_pass(s, SCRIPT_3S);
		course_command(s, HAM_CMD_MIGRATE, guest, 1);
		course_end(s);
		course_command(s, HAM_CMD_STOP, guest, 0);
		course_settle(s);
		PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, guest, 3, 0);
		course_settle(s);
		PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, guest, 0, 0);
		course_settle(s);
		PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_STOP, guest, 0, 1);
		course_settle(s);
		course_save(s, "there-and-back-%u", guest);
	}
	s = course_migration(1);
	PUT(s, SCRIPT_COMMAND, 1, HAM_CMD_CANCEL, G, 0, 0);
	course_end(s);
	course_save(s, "cancel");
	s = course_migration(1);
	course_pass(s, SCRIPT_200S);
	course_pass(s, SCRIPT_11S);
	course_save(s, "too-long");
	s = course_with_guest(THREE, G, 1);
	course_did(s, 0, HAM_DID_GONE, SCRIPT_TEXT_WHY);
	course_end(s);
	course_save(s, "guest-died");
	/* each node asks; a member that waits for the state */
	s = course_with_guest(THREE, G, 1);
	course_restart(s, 2, HAM_FOUND_REPLICA, 0, SCRIPT_ALL);
	for (uint8_t i = 0; i < 3; i++)
		PUT(s, SCRIPT_COMMAND, i, HAM_CMD_START, A, 2, 0);
	course_end(s);
	course_save(s, "newcomer");
	for (uint8_t i = 0; i < 2; i++) {
		/* what is said while a disk is behind */
		s = course_with_guest(THREE, G, 1);
		course_command(s, HAM_CMD_START, A, 2);
		course_restart(s, 2, HAM_FOUND_REPLICA, 0, i);
		course_talk_without_disk(s, i);
		PUT(s, SCRIPT_TIME, SCRIPT_ALL, SCRIPT_3S);
		course_talk_without_disk(s, i);
		PUT(s, SCRIPT_PERSISTED, i, 0, SCRIPT_DELIVER, i, 1);
		course_end(s);
		course_save(s, "slow-disk-%u", i + 1);
	}
	s = course_with_guest(THREE, G, 1);
	PUT(s, SCRIPT_VIEW, SECOND_ALONE | THIRD_ALONE << 1);
	course_settle(s);
	PUT(s, SCRIPT_COMMAND, 0, HAM_CMD_START, A, 1, 0);
	PUT(s, SCRIPT_LOST, 1, SCRIPT_LOST, 2);
	PUT(s, SCRIPT_VIEW, TOGETHER);
	course_end(s);
	course_save(s, "no-quorum");
}

/* The same migration, disturbed after each of its acts. */
static void
disturbed_courses(unsigned int n)
{
	static const uint8_t alone[] = {FIRST_ALONE, SECOND_ALONE, THIRD_ALONE};
	GByteArray *s;

	for (unsigned int k = 0; k < G_N_ELEMENTS(alone); k++) {
		s = course_migration(n);
		PUT(s, SCRIPT_VIEW, alone[k]);
		course_end(s);
		PUT(s, SCRIPT_VIEW, TOGETHER);
		course_end(s);
		course_save(s, "cut-%u-%u", n, k + 1);
	}
	if (n < COURSE_ACTS) {
		s = course_migration(n);
		PUT(s, SCRIPT_ANSWER, course_asked[n], SCRIPT_ANSWER_FLAG);
		course_end(s);
		course_save(s, "fail-%u", n);
	}
	s = course_migration(n);
	course_restart(s, 0, n < 4 ? HAM_FOUND_RUNNING : HAM_FOUND_PAUSED, 0,
		       SCRIPT_ALL);
	course_end(s);
	course_save(s, "restart-source-%u", n);
	s = course_migration(n);
	course_restart(s, 1, n < 6 ? HAM_FOUND_INCOMING : HAM_FOUND_HELD, 1,
		       SCRIPT_ALL);
	course_end(s);
	course_save(s, "restart-destination-%u", n);
	for (uint8_t i = 0; i < 2; i++) {
		s = course_migration(n);
		course_did(s, i, HAM_DID_GONE, SCRIPT_TEXT_NULL);
		course_end(s);
		course_save(s, "gone-%u-%u", n, i + 1);
		s = course_migration(n);
		for (uint8_t what = HAM_DID_PREPARED; what < HAM_DID_N; what++)
			course_did(s, i, (enum ham_did)what, SCRIPT_TEXT_NULL);
		course_end(s);
		course_save(s, "all-news-%u-%u", n, i + 1);
	}
	s = course_migration(n);
	course_did(s, 0, HAM_DID_REPLICA_ERROR, SCRIPT_TEXT_WHY);
	course_end(s);
	course_save(s, "replica-error-%u", n);
	s = course_migration(n);
	course_pass(s, SCRIPT_31S);
	course_end(s);
	course_save(s, "slow-%u", n);
	s = course_migration(n);
	course_ask_all(s);
	PUT(s, SCRIPT_VIEW, THIRD_ALONE);
	course_ask_all(s);
	course_settle(s);
	course_ask_all(s);
	course_end(s);
	course_save(s, "commands-%u", n);
}

static void
write_messages(void)
{
	g_autoptr(GPtrArray) samples = samples_messages();
	g_autoptr(GPtrArray) items = samples_items();

	for (guint i = 0; i < samples->len; i++) {
		const struct sample *sample = samples->pdata[i];
		gsize len;
		const void *bytes = g_bytes_get_data(sample->bytes, &len);

		if (len <= MESSAGE_MAX)
			corpus_save("message", sample->name, bytes, len);
	}
	for (guint i = 0; i < items->len; i++) {
		const struct sample *item = items->pdata[i];
		g_autofree char *name =
			g_strdelimit(g_strdup(item->name), "/", '-');
		gsize len;
		const void *bytes = g_bytes_get_data(item->bytes, &len);

		if (g_str_has_prefix(name, "guest-"))
			corpus_save("message", name, bytes, len);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: seeds FOLDER\n", stderr);
		return 2;
	}
	corpus_folder = argv[1];
	plain_courses();
	for (unsigned int n = 0; n <= COURSE_ACTS; n++)
		disturbed_courses(n);
	seeds_death();
	seeds_voices();
	write_messages();
	return 0;
}
