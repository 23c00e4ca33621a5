/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_qemu_end.c - what is told of a QEMU that ended, by what it
 * may have done before
 *
 * There is no QEMU: its end is told, in the flow that it would have ended in.
 */
#include <check.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

#define WORDS "QEMU was ended by signal 11 (Segmentation fault)"

static char *folder;
static ham_guests guests;
static struct ham_vm *vm;
static unsigned int gone; /* told to the core */
static struct ham_event told;
static char flow_said[HAM_TEXT_MAX];

static void
on_event(const struct ham_event *event, void *data)
{
	(void)data;
	if (event->did == HAM_DID_FRAMES) /* hamd/core/stale.c */
		return;
	ck_assert_uint_eq(event->did, HAM_DID_GONE);
	ck_assert_str_eq(event->text, WORDS);
	told = *event;
	gone++;
}

static void
flow_ended(struct ham_vm *of, const GError *error)
{
	ck_assert_ptr_eq(of, vm);
	g_strlcpy(flow_said, error ? error->message : "no error",
		  sizeof(flow_said));
}

static bool
never(struct ham_vm *of)
{
	(void)of;
	return false;
}

static void
begin(void)
{
	folder = g_dir_make_tmp("check-end-XXXXXX", NULL);
	ck_assert_ptr_nonnull(folder);
	guests = (ham_guests){.spec = {.run_dir = folder,
				       .log_dir = folder,
				       .state_dir = folder,
				       .on_event = on_event}};
	vm = g_new0(struct ham_vm, 1);
	vm->guests = &guests;
	vm->name = g_strdup("g");
	vm->dir = g_strdup(folder);
	vm->ports = g_ptr_array_new();
	vm->waiting = g_queue_new();
	vm->timeline = g_array_new(FALSE, FALSE, 1);
	vm->role = HAM_ROLE_OWNER;
	gone = 0;
	flow_said[0] = '\0';
}

static void
end(void)
{
	ham_flow_cancel(vm->flow);
	g_ptr_array_free(vm->ports, TRUE);
	g_queue_free(vm->waiting);
	g_array_free(vm->timeline, TRUE);
	g_free(vm->dir);
	g_free(vm->name);
	g_free(vm);
	g_rmdir(folder);
	g_free(folder);
}

static void
ends_in(const char *flow)
{
	static const struct ham_step waits[] = {
		{.name = "wait", .done = never},
	};

	if (flow)
		ham_vm_begin(vm, flow, waits, 1, flow_ended);
	ham_qemu_exited(NULL, CLD_KILLED, SIGSEGV, vm);
}

/* Nothing was written, and another node may try it: the launch has failed. */
START_TEST(before_cont_the_launch_has_failed)
{
	ends_in(HAM_FLOW_LAUNCH);
	ck_assert_str_eq(flow_said, "wait: " WORDS);
	ck_assert_uint_eq(gone, 0);
}
END_TEST

/* It may have run: no launch that failed is told of, but its end. */
START_TEST(after_cont_it_may_have_run)
{
	vm->cont_asked = true;
	ends_in(HAM_FLOW_LAUNCH);
	ck_assert_str_eq(flow_said, "");
	ck_assert_uint_eq(gone, 1);
	ck_assert(!told.flag);
	ck_assert_uint_eq(told.value, HAM_ENDED_ANYHOW);
	ck_assert_int_eq(vm->role, HAM_ROLE_NONE);
}
END_TEST

START_TEST(without_a_flow_its_end_is_told)
{
	ends_in(NULL);
	ck_assert_uint_eq(gone, 1);
	ck_assert_int_eq(vm->role, HAM_ROLE_NONE);
}
END_TEST

/* Who ended it waits for that. */
START_TEST(an_end_on_purpose_is_not_told)
{
	vm->ending = true;
	ends_in("kill");
	ck_assert_uint_eq(gone, 0);
	ck_assert_str_eq(flow_said, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("qemu_end");
	TCase *tc = tcase_create("ends");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, before_cont_the_launch_has_failed);
	tcase_add_test(tc, after_cont_it_may_have_run);
	tcase_add_test(tc, without_a_flow_its_end_is_told);
	tcase_add_test(tc, an_end_on_purpose_is_not_told);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
