/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_freeze.c - which QEMUs stand still, and when one goes on
 *
 * Control groups and QMP are none: what is asked of them is noted.
 */
#include <check.h>
#include <string.h>

#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

static ham_guests guests;
static struct ham_vm vm = {.guests = &guests, .name = (char *)"g"};
static char acts[200];
static char something[1]; /* what is only asked whether it is there */

static void
act(const char *text)
{
	g_strlcat(acts, text, sizeof(acts));
}

bool
ham_cgroups_freeze(ham_cgroups *cgroups, const char *guest, bool freeze,
		   GError **error)
{
	(void)cgroups;
	(void)error;
	ck_assert_str_eq(guest, "g");
	act(freeze ? "freeze," : "thaw,");
	return true;
}

void
ham_qmp_hold(ham_qmp *qmp, bool hold)
{
	(void)qmp;
	act(hold ? "hold," : "go on,");
}

int
ham_cgroups_open(ham_cgroups *cgroups, const char *guest, GError **error)
{
	(void)cgroups;
	(void)guest;
	(void)error;
	return 7;
}

bool
ham_cgroups_adopt(ham_cgroups *cgroups, const char *guest, pid_t pid,
		  GError **error)
{
	(void)cgroups;
	(void)guest;
	(void)error;
	ck_assert_int_eq(pid, 42);
	act("adopt,");
	return true;
}

void
ham_cgroups_remove(ham_cgroups *cgroups, const char *guest)
{
	(void)cgroups;
	(void)guest;
	act("remove,");
}

pid_t
ham_child_pid(const ham_child *child)
{
	(void)child;
	return 42;
}

/* Frames are counted when it stands still, and from the mark on. */
void
ham_ports_count(struct ham_vm *counted)
{
	ck_assert_ptr_eq(counted, &vm);
	act("count,");
}

void
ham_ports_mark(struct ham_vm *marked)
{
	ck_assert_ptr_eq(marked, &vm);
	act("mark,");
}

void
ham_announce_due(struct ham_vm *gone_on)
{
	ck_assert_ptr_eq(gone_on, &vm);
	act("due,");
}

void
ham_flow_anew(struct ham_vm *gone_on)
{
	ck_assert_ptr_eq(gone_on, &vm);
	act("anew,");
}

static void
begin(void)
{
	guests = (ham_guests){.cgroups = (ham_cgroups *)something};
	guests.vms = g_hash_table_new(g_str_hash, g_str_equal);
	g_hash_table_insert(guests.vms, vm.name, &vm);
	vm.qemu = (ham_child *)something;
	vm.qmp = NULL;
	acts[0] = '\0';
}

static void
end(void)
{
	g_hash_table_unref(guests.vms);
}

static void
expect(const char *wanted)
{
	ck_assert_str_eq(acts, wanted);
	acts[0] = '\0';
}

START_TEST(all_stand_still_and_go_on)
{
	vm.qmp = (ham_qmp *)something;
	ham_guests_freeze(&guests, true);
	expect("hold,freeze,count,");
	ham_guests_freeze(&guests, false);
	expect("go on,thaw,anew,due,");
}
END_TEST

START_TEST(with_a_lease_frames_count_anew_and_what_is_due_is_said)
{
	ham_guests_mark(&guests);
	expect("mark,due,");
	ck_assert(guests.leased);
	vm.qemu = NULL;
	ham_guests_mark(&guests);
	expect("");
}
END_TEST

/* Launched out of quorum: it may not move before that is over. */
START_TEST(a_new_one_stands_still_as_all_do)
{
	ham_freeze_new(&vm);
	expect("");
	ham_guests_freeze(&guests, true);
	expect("freeze,count,");
	ham_freeze_new(&vm);
	expect("freeze,count,");
	ham_guests_freeze(&guests, false);
	expect("thaw,anew,due,");
	ham_freeze_new(&vm);
	expect("");
}
END_TEST

/* A signal that it stands still for is not acted on. */
START_TEST(what_is_to_die_goes_on)
{
	ham_freeze_let_die(&vm);
	expect("");
	ham_guests_freeze(&guests, true);
	expect("freeze,count,");
	ham_freeze_let_die(&vm);
	expect("thaw,");
	vm.qemu = NULL;
	ham_freeze_let_die(&vm);
	expect("");
}
END_TEST

/* It has to say what it is. */
START_TEST(what_an_earlier_life_froze_goes_on)
{
	ham_freeze_adopt(&vm);
	expect("adopt,thaw,");
}
END_TEST

START_TEST(without_a_qemu_or_groups_nothing_is_done)
{
	vm.qemu = NULL;
	ham_guests_freeze(&guests, true);
	ham_freeze_new(&vm);
	ham_freeze_adopt(&vm);
	expect("");
	vm.qemu = (ham_child *)something;
	guests.cgroups = NULL;
	guests.frozen = false;
	ham_guests_freeze(&guests, true);
	ck_assert(!guests.frozen);
	ham_freeze_new(&vm);
	ham_freeze_forget(&vm);
	ck_assert_int_eq(ham_freeze_group(&vm, NULL), -1);
	expect("");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("freeze");
	TCase *tc = tcase_create("groups");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, all_stand_still_and_go_on);
	tcase_add_test(tc,
		       with_a_lease_frames_count_anew_and_what_is_due_is_said);
	tcase_add_test(tc, a_new_one_stands_still_as_all_do);
	tcase_add_test(tc, what_is_to_die_goes_on);
	tcase_add_test(tc, what_an_earlier_life_froze_goes_on);
	tcase_add_test(tc, without_a_qemu_or_groups_nothing_is_done);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
