/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_flow.c - the time limit of a flow's step, and a QEMU that is
 * made to stand still meanwhile (hamd/guest/flow.h)
 */
#include <check.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

enum {
	LIMIT_MS = 400,
	THAW_MS = 300, /* not at the end of any LIMIT_MS */
};

static struct ham_guests guests;
static struct ham_vm vm;
static GMainLoop *loop;
static int64_t thawed_us;

static bool
never(struct ham_vm *of)
{
	(void)of;
	return false;
}

static const struct ham_step steps[] = {
	{"wait", NULL, never, LIMIT_MS},
};

static void
ended(struct ham_vm *of, const GError *error)
{
	(void)of;
	ck_assert_ptr_nonnull(error);
	g_main_loop_quit(loop);
}

static gboolean
thaw(gpointer data)
{
	(void)data;
	ck_assert_ptr_nonnull(vm.flow);
	guests.frozen = false;
	thawed_us = ham_clock_us();
	ham_flow_anew(&vm);
	return G_SOURCE_REMOVE;
}

static void
run(void)
{
	loop = g_main_loop_new(NULL, FALSE);
	vm.guests = &guests;
	vm.waiting = g_queue_new();
	vm.flow = ham_flow_new(&vm, "test", steps, G_N_ELEMENTS(steps), ended);
	ham_flow_start(vm.flow);
	g_main_loop_run(loop);
	g_queue_free(vm.waiting);
	g_main_loop_unref(loop);
}

START_TEST(a_step_has_a_limit)
{
	int64_t begun_us = ham_clock_us();

	run();
	ck_assert_int_ge(ham_clock_us() - begun_us, LIMIT_MS * 1000);
}
END_TEST

/* What is left of its time when QEMU goes on may be nothing. */
START_TEST(all_of_the_time_anew_when_qemu_goes_on)
{
	guests.frozen = true;
	g_timeout_add(LIMIT_MS + THAW_MS, thaw, NULL);
	run();
	ck_assert_int_ne(thawed_us, 0);
	ck_assert_int_ge(ham_clock_us() - thawed_us, LIMIT_MS * 1000);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("flow");
	TCase *tc = tcase_create("limit");

	tcase_add_test(tc, a_step_has_a_limit);
	tcase_add_test(tc, all_of_the_time_anew_when_qemu_goes_on);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
