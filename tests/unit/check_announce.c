/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_announce.c - for which guests the network is told, and when
 * a standstill has cut that off
 *
 * The port is none: what is asked of it is counted.  The first announcement
 * alone is looked at; the times of the others are the lab's to watch.
 */
#include <check.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "tests/unit/leaf_run.h"

static ham_guests guests;
static struct ham_vm vm;
static unsigned int said;
static char something[1]; /* what is only asked whether it is there */

void
ham_learn_refresh(struct ham_vm *of, ham_net_port *port, guint i)
{
	ck_assert_ptr_eq(of, &vm);
	ck_assert_ptr_eq(port, something);
	ck_assert_uint_eq(i, 1);
}

unsigned int
ham_net_port_announce(ham_net_port *port, GError **error)
{
	(void)error;
	ck_assert_ptr_eq(port, something);
	return ++said;
}

const int ham_net_announce_at_ms[] = {0, 60000, -1};

static int64_t
seconds_ago(int64_t seconds)
{
	return ham_clock_us() - seconds * G_USEC_PER_SEC;
}

/* Of two ports the first could not be adopted. */
static void
begin(void)
{
	guests = (ham_guests){.leased = true};
	vm = (struct ham_vm){.guests = &guests,
			     .name = (char *)"g",
			     .qemu = (ham_child *)something,
			     .role = HAM_ROLE_OWNER,
			     .ports = g_ptr_array_new()};
	g_ptr_array_add(vm.ports, NULL);
	g_ptr_array_add(vm.ports, something);
	said = 0;
}

static void
end(void)
{
	ham_announce_stop(&vm);
	g_ptr_array_unref(vm.ports);
}

START_TEST(one_that_runs_is_announced_at_once)
{
	ham_announce(&vm, ham_clock_us());
	ck_assert_uint_eq(said, 1);
	ck_assert_uint_ne(vm.announcer, 0);
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 1);
}
END_TEST

START_TEST(one_that_stands_still_is_when_it_goes_on)
{
	guests.frozen = true;
	ham_announce(&vm, ham_clock_us());
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 0);
	guests.frozen = false;
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 1);
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 1);
}
END_TEST

/* The node may have slept, and the guest be elsewhere. */
START_TEST(a_late_one_waits_for_the_lease)
{
	ham_announce(&vm, seconds_ago(2));
	ck_assert_uint_eq(said, 0);
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 1);
}
END_TEST

START_TEST(without_leases_a_late_one_is_announced)
{
	guests.leased = false;
	ham_announce(&vm, seconds_ago(2));
	ck_assert_uint_eq(said, 1);
}
END_TEST

START_TEST(one_that_is_held_or_elsewhere_is_not)
{
	vm.held = true;
	ham_announce(&vm, ham_clock_us());
	ham_do_announce(&vm);
	vm.held = false;
	vm.role = HAM_ROLE_SOURCE;
	ham_announce(&vm, ham_clock_us());
	ham_do_announce(&vm);
	vm.role = HAM_ROLE_OWNER;
	vm.qemu = NULL;
	ham_announce(&vm, ham_clock_us());
	ham_do_announce(&vm);
	ck_assert_uint_eq(said, 0);
}
END_TEST

START_TEST(stopped_nothing_is_due_any_more)
{
	guests.frozen = true;
	ham_announce(&vm, ham_clock_us());
	ham_announce_stop(&vm);
	guests.frozen = false;
	ham_announce_due(&vm);
	ck_assert_uint_eq(said, 0);
}
END_TEST

START_TEST(asked_for_it_is_said_again)
{
	ham_announce(&vm, ham_clock_us());
	ham_do_announce(&vm);
	ck_assert_uint_eq(said, 2);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("announce");
	TCase *tc = tcase_create("announce");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, one_that_runs_is_announced_at_once);
	tcase_add_test(tc, one_that_stands_still_is_when_it_goes_on);
	tcase_add_test(tc, a_late_one_waits_for_the_lease);
	tcase_add_test(tc, without_leases_a_late_one_is_announced);
	tcase_add_test(tc, one_that_is_held_or_elsewhere_is_not);
	tcase_add_test(tc, stopped_nothing_is_due_any_more);
	tcase_add_test(tc, asked_for_it_is_said_again);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
