/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_starts.c - guests of one node start so many at a time
 *
 * A cluster of one node: its core hears what it says, its writes are done at
 * once, and the guest layer answers when the test says so.
 */
#include <check.h>
#include <string.h>

#include "hamd/core/core.h"
#include "tests/unit/leaf_run.h"

enum {
	GUESTS = 4,
};

static const char *const names[GUESTS] = {"a", "b", "c", "d"};

struct world {
	ham_core *core;
	struct ham_core_guest guests[GUESTS];
	GString *acts; /* "LAUNCH:a LAUNCH:b ", since last cleared */
	int64_t now_us;
	bool frozen; /* as FREEZE said */
};

static void step(struct world *w, struct ham_event *event);

static void
carry_out(struct world *w, const struct ham_effect *fx)
{
	struct ham_event next = {.node = 1};

	switch (fx->kind) {
	case HAM_FX_PERSIST:
		next.kind = HAM_EV_PERSISTED;
		next.value = fx->value;
		break;
	case HAM_FX_SEND:
		next.kind = HAM_EV_MESSAGE;
		next.bytes = fx->bytes;
		next.len = fx->len;
		break;
	case HAM_FX_FREEZE:
		w->frozen = fx->flag;
		return;
	case HAM_FX_GUEST:
		ck_assert(fx->act != HAM_DO_LAUNCH || !w->frozen);
		g_string_append_printf(w->acts, "%s:%s ", ham_do_name(fx->act),
				       fx->guest);
		return;
	case HAM_FX_REPLY:
		ck_assert_msg(!fx->error_class, "%s", fx->text);
		return;
	default:
		return;
	}
	step(w, &next);
}

static void
step(struct world *w, struct ham_event *event)
{
	struct ham_effects effects = {0};

	event->now_us = w->now_us;
	ham_core_step(w->core, event, &effects);
	for (size_t i = 0; i < effects.n; i++)
		carry_out(w, &effects.list[i]);
	ham_effects_free(&effects);
}

static struct world *
world_with_lease(unsigned int parallel, int64_t lease_us)
{
	static const uint32_t self = 1;
	static const uint8_t kinds[] = {HAM_EV_TOTEM, HAM_EV_GROUP,
					HAM_EV_QUORUM, HAM_EV_READY};
	struct world *w = g_new0(struct world, 1);
	struct ham_core_config config = {.self = 1,
					 .n_nodes = 1,
					 .nodes = {{.id = 1, .name = "n1"}},
					 .n_guests = GUESTS,
					 .guests = w->guests,
					 .incarnation = 7,
					 .parallel_starts = parallel,
					 .lease_us = lease_us,
					 .version = "test"};

	for (unsigned int i = 0; i < GUESTS; i++)
		g_strlcpy(w->guests[i].name, names[i], HAM_NAME_SIZE);
	w->acts = g_string_new(NULL);
	w->now_us = 1000000;
	w->core = ham_core_new(&config);
	for (size_t k = 0; k < G_N_ELEMENTS(kinds); k++) {
		struct ham_event event = {.kind = kinds[k],
					  .ids = &self,
					  .n_ids = 1,
					  .ring = {1, 4},
					  .flag = true};

		step(w, &event);
	}
	return w;
}

static struct world *
world_new(unsigned int parallel)
{
	return world_with_lease(parallel, 0);
}

static void
world_free(struct world *w)
{
	ham_core_free(w->core);
	g_string_free(w->acts, TRUE);
	g_free(w);
}

static void
start(struct world *w, const char *guest)
{
	struct ham_event event = {.kind = HAM_EV_COMMAND,
				  .command = HAM_CMD_START,
				  .token = 1,
				  .guest = guest};

	step(w, &event);
}

static void
did(struct world *w, const char *guest, enum ham_did what)
{
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = (uint8_t)what,
				  .guest = guest,
				  .flag = true,
				  .epoch = 1};

	g_string_truncate(w->acts, 0);
	step(w, &event);
}

START_TEST(two_at_a_time)
{
	struct world *w = world_new(2);
	struct ham_core_guest_info info;

	for (unsigned int i = 0; i < GUESTS; i++)
		start(w, names[i]);
	ck_assert_str_eq(w->acts->str, "LAUNCH:a LAUNCH:b ");
	ham_core_guest_info(w->core,
			    ham_record_lookup(ham_core_record(w->core), "c"),
			    &info);
	ck_assert_str_eq(info.waits_for, "its turn: n1 starts 2 at a time, "
					 "those of the highest priority first");
	did(w, "b", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:c ");
	did(w, "a", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:d ");
	did(w, "c", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "");
	world_free(w);
}
END_TEST

START_TEST(a_failed_start_makes_room)
{
	struct world *w = world_new(1);

	start(w, "a");
	start(w, "b");
	ck_assert_str_eq(w->acts->str, "LAUNCH:a ");
	did(w, "a", HAM_DID_LAUNCH_FAILED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:b ");
	world_free(w);
}
END_TEST

START_TEST(highest_priority_first)
{
	struct world *w = world_new(1);

	w->guests[1].priority = 10;
	w->guests[2].priority = 90;
	w->guests[3].priority = 90;
	for (unsigned int i = 0; i < GUESTS; i++)
		start(w, names[i]);
	ck_assert_str_eq(w->acts->str, "LAUNCH:a ");
	did(w, "a", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:c ");
	did(w, "c", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:d ");
	did(w, "d", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:b ");
	world_free(w);
}
END_TEST

START_TEST(any_number_without_a_bound)
{
	struct world *w = world_new(0);

	for (unsigned int i = 0; i < GUESTS; i++)
		start(w, names[i]);
	ck_assert_str_eq(w->acts->str, "LAUNCH:a LAUNCH:b LAUNCH:c LAUNCH:d ");
	world_free(w);
}
END_TEST

START_TEST(who_is_stopped_leaves_the_queue)
{
	struct world *w = world_new(1);
	struct ham_event stop = {.kind = HAM_EV_COMMAND,
				 .command = HAM_CMD_STOP,
				 .token = 2,
				 .guest = "b"};

	start(w, "a");
	start(w, "b");
	start(w, "c");
	step(w, &stop);
	ck_assert_str_eq(w->acts->str, "LAUNCH:a ");
	ck_assert_uint_eq(
		ham_record_lookup(ham_core_record(w->core), "b")->phase,
		HAM_GUEST_STOPPED);
	did(w, "a", HAM_DID_LAUNCHED);
	ck_assert_str_eq(w->acts->str, "LAUNCH:c ");
	world_free(w);
}
END_TEST

/* carry_out() looks that nothing is launched while all is to stand still. */
START_TEST(after_a_standstill_nothing_before_it_may_run_again)
{
	struct world *w = world_with_lease(1, 20000000);
	struct ham_event tick = {.kind = HAM_EV_TICK};

	start(w, "a");
	start(w, "b");
	step(w, &tick);
	ck_assert_str_eq(w->acts->str, "LAUNCH:a ");
	w->now_us += 5000000;
	did(w, "a", HAM_DID_LAUNCHED);
	w->now_us += 250000;
	step(w, &tick);
	ck_assert(!w->frozen);
	ck_assert_str_eq(w->acts->str, "LAUNCH:b ");
	world_free(w);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("starts");
	TCase *tc = tcase_create("queue");

	tcase_add_test(tc, two_at_a_time);
	tcase_add_test(tc, a_failed_start_makes_room);
	tcase_add_test(tc, highest_priority_first);
	tcase_add_test(tc, any_number_without_a_bound);
	tcase_add_test(tc, who_is_stopped_leaves_the_queue);
	tcase_add_test(tc, after_a_standstill_nothing_before_it_may_run_again);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
