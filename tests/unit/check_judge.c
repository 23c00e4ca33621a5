/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_judge.c - what the source does of what is foretold
 *
 * judge.c alone, with a clock that the test moves: QEMU's figures are put into
 * the copy as steer.c would, and what is told to the core is looked at.  What is
 * sent to QEMU goes nowhere.
 */
#include <check.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

#define MIB ((uint64_t)1 << 20)
#define SECOND ((int64_t)1000000)

enum {
	LOOK_US = 40000,
	RAM_MIB = 256,
};

static int64_t now_us;
static ham_guests guests;
static struct ham_vm vm;
static unsigned int told[HAM_DID_N];
static char last_text[HAM_TEXT_MAX], decision[HAM_TEXT_MAX];
static unsigned int asked; /* of QEMU */

int64_t
ham_clock_us(void)
{
	return now_us;
}

int64_t
ham_us_to_ms_up(int64_t us)
{
	return us < 0 ? -1 : (us + 999) / 1000;
}

uint64_t
ham_vm_budget(const struct ham_vm *of)
{
	(void)of;
	return 100 * MIB;
}

void
ham_vm_did(struct ham_vm *of, enum ham_did did, const char *text, bool flag)
{
	(void)of;
	(void)flag;
	told[did]++;
	if (text && did != HAM_DID_DECIDED)
		g_strlcpy(last_text, text, sizeof(last_text));
	else if (text)
		g_strlcpy(decision, text, sizeof(decision));
}

void
ham_copy_ask(struct ham_vm *of, const char *command, JsonObject *args,
	     ham_qmp_reply_fn on_reply)
{
	(void)of;
	(void)command;
	(void)on_reply;
	asked++;
	json_object_unref(args);
}

static void
begin(void)
{
	memset(&guests, 0, sizeof(guests));
	memset(&vm, 0, sizeof(vm));
	memset(told, 0, sizeof(told));
	last_text[0] = '\0';
	asked = 0;
	now_us = 10 * SECOND;
	guests.vms = g_hash_table_new(g_str_hash, g_str_equal);
	vm.guests = &guests;
	vm.name = (char *)"web1";
	g_hash_table_insert(guests.vms, vm.name, &vm);
	vm.copy.jobs_ready = true;
	vm.copy.slowable = true;
	vm.copy.began_us = now_us;
	vm.copy.policy = (struct ham_policy){.max_pause_us = 150000,
					     .max_duration_us = 180 * SECOND};
	vm.copy.progress.ram_total = RAM_MIB * MIB;
	vm.copy.progress.ram_remaining = RAM_MIB * MIB;
	vm.copy.progress.passes = 1;
}

static void
end(void)
{
	ham_copy_pause_ends(&vm);
	g_hash_table_destroy(guests.vms);
}

/* Memory goes at 100 MiB/s, and each pass finds so much written anew. */
static void
copy_for(int64_t us, uint64_t anew)
{
	struct ham_copy *c = &vm.copy;

	for (int64_t end_us = now_us + us; now_us < end_us;) {
		uint64_t sent = MIN(100 * MIB * LOOK_US / SECOND,
				    c->progress.ram_remaining);

		now_us += LOOK_US;
		c->pages_sent += sent;
		c->progress.ram_remaining -= sent;
		if (c->progress.ram_remaining == 0) {
			c->progress.passes++;
			c->progress.ram_remaining = anew;
		}
		ham_copy_judge(&vm);
	}
}

/* The network carries no more, as was seen without a limit. */
static void
sound(void)
{
	copy_for(LOOK_US, 0); /* the first look begins it */
	vm.copy.converge.peak = 100 * MIB;
}

START_TEST(an_idle_guest_is_handed_over)
{
	begin();
	copy_for(5 * SECOND, MIB / 2);
	ck_assert_uint_eq(told[HAM_DID_GATE], 1);
	ck_assert_uint_eq(told[HAM_DID_LIMIT], 0);
	ck_assert_uint_eq(told[HAM_DID_GATE_LOST], 0);
	end();
}
END_TEST

START_TEST(what_never_fits_is_told_once_with_what_it_needs)
{
	begin();
	sound();
	copy_for(30 * SECOND, 200 * MIB);
	ck_assert_uint_eq(told[HAM_DID_GATE], 0);
	ck_assert_uint_eq(told[HAM_DID_LIMIT], 1);
	ck_assert_ptr_nonnull(strstr(last_text, "it needs at least"));
	ck_assert_ptr_nonnull(strstr(last_text, "(max_pause is 150 ms)"));
	end();
}
END_TEST

START_TEST(other_limits_are_judged_anew)
{
	struct ham_policy policy;

	begin();
	sound();
	copy_for(30 * SECOND, 200 * MIB);
	policy = vm.copy.policy;
	policy.max_pause_us = 200000;
	ham_copy_policy(&vm, &policy, false);
	copy_for(5 * SECOND, 200 * MIB);
	ck_assert_uint_eq(told[HAM_DID_LIMIT], 2);
	ck_assert_ptr_nonnull(strstr(last_text, "(max_pause is 200 ms)"));
	policy.max_pause_us = 3 * SECOND;
	ham_copy_policy(&vm, &policy, false);
	copy_for(30 * SECOND, 200 * MIB);
	ck_assert_uint_eq(told[HAM_DID_LIMIT], 2);
	ck_assert_uint_ge(told[HAM_DID_GATE], 1);
	end();
}
END_TEST

START_TEST(forced_it_goes)
{
	begin();
	sound();
	copy_for(10 * SECOND, 200 * MIB);
	ham_copy_policy(&vm, &vm.copy.policy, true);
	copy_for(10 * SECOND, 200 * MIB);
	ck_assert_uint_ge(told[HAM_DID_GATE], 1);
	end();
}
END_TEST

/* 200 MiB at 10 MiB/s: the step that sends them ends after 10 s. */
START_TEST(no_pause_is_planned_that_a_step_does_not_allow)
{
	begin();
	vm.copy.policy.max_pause_us = 60 * SECOND;
	vm.copy.converge.dirty.total = RAM_MIB * MIB;
	for (int i = 0; i < 2; i++) {
		ham_copy_policy(&vm, &vm.copy.policy, i == 1);
		copy_for(20 * SECOND, 200 * MIB);
		vm.copy.view.pause_us[1] = 0;
		vm.copy.converge.rate = vm.copy.converge.peak = 10 * MIB;
		vm.copy.gated = false;
		told[HAM_DID_GATE] = 0;
		now_us += LOOK_US;
		vm.copy.progress.ram_remaining = 200 * MIB;
		ham_copy_judge(&vm);
		ck_assert_uint_eq(told[HAM_DID_GATE], 0);
	}
	end();
}
END_TEST

/* Others let it wait, and it writes on. */
START_TEST(a_gate_is_lost_when_it_no_longer_fits)
{
	begin();
	copy_for(5 * SECOND, MIB / 2);
	ck_assert_uint_eq(told[HAM_DID_GATE], 1);
	copy_for(5 * SECOND, 200 * MIB);
	ck_assert_uint_eq(told[HAM_DID_GATE_LOST], 1);
	copy_for(60 * SECOND, MIB / 2);
	ck_assert_uint_eq(told[HAM_DID_GATE], 2);
	end();
}
END_TEST

START_TEST(a_guest_is_not_slowed_without_leave)
{
	begin();
	copy_for(30 * SECOND, 200 * MIB);
	ck_assert_uint_eq(asked, 0);
	end();
}
END_TEST

START_TEST(with_leave_it_is_slowed_step_by_step)
{
	begin();
	vm.copy.policy.auto_converge = true;
	copy_for(4 * SECOND, 200 * MIB);
	ck_assert_uint_eq(asked, 1);
	ck_assert_uint_eq(vm.copy.throttle, 20);
	copy_for(30 * SECOND, 200 * MIB);
	ck_assert_uint_gt(vm.copy.throttle, 20);
	ck_assert_uint_le(vm.copy.throttle, 90);
	end();
}
END_TEST

START_TEST(a_leave_that_qemu_cannot_use)
{
	begin();
	vm.copy.slowable = false;
	vm.copy.policy.auto_converge = true;
	copy_for(30 * SECOND, 200 * MIB);
	ck_assert_uint_eq(asked, 0);
	ck_assert_uint_eq(vm.copy.throttle, 0);
	end();
}
END_TEST

START_TEST(a_leave_that_comes_too_late_is_told)
{
	struct ham_policy policy;

	begin();
	vm.copy.slowable = false;
	vm.copy.watching = true;
	policy = vm.copy.policy;
	ham_copy_policy(&vm, &policy, false);
	ck_assert_uint_eq(told[HAM_DID_DECIDED], 0);
	policy.auto_converge = true;
	ham_copy_policy(&vm, &policy, false);
	ck_assert_uint_eq(told[HAM_DID_DECIDED], 1);
	ck_assert_ptr_nonnull(strstr(decision, "can't be slowed down"));
	end();
}
END_TEST

START_TEST(it_is_let_go_when_that_leave_is_taken_back)
{
	struct ham_policy policy;

	begin();
	vm.copy.policy.auto_converge = true;
	copy_for(20 * SECOND, 200 * MIB);
	ck_assert_uint_gt(vm.copy.throttle, 0);
	policy = vm.copy.policy;
	policy.auto_converge = false;
	ham_copy_policy(&vm, &policy, false);
	copy_for(5 * SECOND, 200 * MIB);
	ck_assert_uint_eq(vm.copy.throttle, 0);
	end();
}
END_TEST

static int64_t
number(JsonObject *args, const char *name)
{
	return json_object_get_int_member(args, name);
}

/* QEMU acts only where more is written than that share of what was sent. */
START_TEST(what_lets_go_acts_as_easily_as_what_slows)
{
	g_autoptr(JsonObject) slow = json_object_new();
	g_autoptr(JsonObject) go = json_object_new();

	ham_copy_throttle(slow, 40, false);
	ham_copy_throttle(go, 0, true);
	ck_assert_int_eq(number(slow, "max-cpu-throttle"), 40);
	ck_assert_int_eq(number(go, "max-cpu-throttle"), 1);
	ck_assert_int_eq(number(go, "throttle-trigger-threshold"),
			 number(slow, "throttle-trigger-threshold"));
}
END_TEST

START_TEST(percent_never_falls)
{
	unsigned int before = 0;

	begin();
	for (int i = 0; i < 300; i++) {
		copy_for(LOOK_US, i % 50 == 0 ? 200 * MIB : 20 * MIB);
		ck_assert_uint_ge(vm.copy.progress.done, before);
		ck_assert_uint_le(vm.copy.progress.done, 1000);
		before = vm.copy.progress.done;
	}
	ck_assert_uint_gt(before, 0);
	end();
}
END_TEST

static void
pause_of(int64_t us)
{
	vm.copy.stop_us = now_us;
	ham_guests_stopped_for(&guests, "web1", us);
}

START_TEST(a_pause_that_took_very_long_teaches_little)
{
	begin();
	for (int i = 0; i < 20; i++)
		pause_of(5 * SECOND);
	ck_assert_int_le(guests.fixed_us, 100000);
	pause_of(20000);
	pause_of(20000);
	ck_assert_int_le(guests.fixed_us, 50000);
	end();
}
END_TEST

START_TEST(a_forced_pause_teaches_nothing)
{
	begin();
	vm.copy.forced = true;
	pause_of(90000);
	ck_assert_int_eq(guests.fixed_us, 0);
	end();
}
END_TEST

static gboolean
too_late(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

/* Until OVERDUE is told, or what may be: the loop's own time. */
static bool
comes_overdue(guint wait_ms)
{
	bool late = false;
	guint timer = g_timeout_add(wait_ms, too_late, &late);

	while (!late && told[HAM_DID_OVERDUE] == 0)
		g_main_context_iteration(NULL, TRUE);
	if (!late)
		g_source_remove(timer);
	return told[HAM_DID_OVERDUE] == 1;
}

START_TEST(max_pause_passes)
{
	begin();
	vm.copy.policy.max_pause_us = 5000;
	ham_copy_pause_begins(&vm);
	ck_assert(comes_overdue(10000));
	end();
}
END_TEST

START_TEST(a_pause_that_ended_is_not_overdue)
{
	begin();
	vm.copy.policy.max_pause_us = 1000;
	ham_copy_pause_begins(&vm);
	ham_copy_pause_ends(&vm);
	ck_assert(!comes_overdue(50));
	vm.copy.forced = true;
	ham_copy_pause_begins(&vm);
	ck_assert(!comes_overdue(50));
	end();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("judge");
	TCase *tc = tcase_create("source");

	tcase_add_test(tc, an_idle_guest_is_handed_over);
	tcase_add_test(tc, what_never_fits_is_told_once_with_what_it_needs);
	tcase_add_test(tc, other_limits_are_judged_anew);
	tcase_add_test(tc, forced_it_goes);
	tcase_add_test(tc, no_pause_is_planned_that_a_step_does_not_allow);
	tcase_add_test(tc, a_gate_is_lost_when_it_no_longer_fits);
	tcase_add_test(tc, a_guest_is_not_slowed_without_leave);
	tcase_add_test(tc, with_leave_it_is_slowed_step_by_step);
	tcase_add_test(tc, a_leave_that_qemu_cannot_use);
	tcase_add_test(tc, a_leave_that_comes_too_late_is_told);
	tcase_add_test(tc, it_is_let_go_when_that_leave_is_taken_back);
	tcase_add_test(tc, what_lets_go_acts_as_easily_as_what_slows);
	tcase_add_test(tc, percent_never_falls);
	tcase_add_test(tc, a_pause_that_took_very_long_teaches_little);
	tcase_add_test(tc, a_forced_pause_teaches_nothing);
	tcase_add_test(tc, max_pause_passes);
	tcase_add_test(tc, a_pause_that_ended_is_not_overdue);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
