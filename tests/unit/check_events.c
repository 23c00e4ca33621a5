/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_events.c - whose failure a failed write is
 *
 * events.c alone: QEMU's events go in, and what is told to the core, ordered,
 * and asked of QEMU is looked at.  A question to QEMU is answered by the test.
 */
#include <check.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/guest/vm.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

#define SECOND ((int64_t)1000000)

static int64_t now_us;
static struct ham_vm vm;
static const char *flow; /* that runs; NULL: none */
static bool copies;	 /* some slot has one */
static unsigned int told[HAM_DID_N];
static unsigned int retries, pokes, fills_stopped, kills;
static ham_qmp_reply_fn on_reply; /* to the last question */

int64_t
ham_clock_us(void)
{
	return now_us;
}

const char *
ham_flow_name(const ham_flow *of)
{
	(void)of;
	return flow;
}

void
ham_flow_poke(struct ham_vm *of)
{
	(void)of;
	pokes++;
}

void
ham_guests_do(ham_guests *of, const struct ham_effect *effect)
{
	(void)of;
	ck_assert_int_eq(effect->act, HAM_DO_RETRY);
	ck_assert_str_eq(effect->guest, "web1");
	retries++;
}

void
ham_qemu_kill(struct ham_vm *of)
{
	(void)of;
	kills++;
}

void
ham_qmp_execute(ham_qmp *qmp, const char *command, JsonObject *args,
		int64_t until_us, ham_qmp_reply_fn reply, void *data)
{
	(void)qmp;
	(void)until_us;
	ck_assert_str_eq(command, "query-status");
	ck_assert_ptr_null(args);
	ck_assert_ptr_eq(data, &vm);
	on_reply = reply;
}

bool
ham_slots_any(const struct ham_vm *of)
{
	(void)of;
	return copies;
}

bool
ham_slot_in_error(const struct ham_vm *of)
{
	return of->unclear_error;
}

void
ham_slot_failed(struct ham_vm *of, unsigned int k, bool silent)
{
	(void)silent;
	of->slot[k].error = true;
}

void
ham_vm_did(struct ham_vm *of, enum ham_did did, const char *text, bool flag)
{
	(void)of;
	(void)text;
	(void)flag;
	told[did]++;
}

void
ham_vm_mark(struct ham_vm *of, const char *format, ...)
{
	(void)of;
	(void)format;
}

unsigned int
ham_vm_n_disks(const struct ham_vm *of)
{
	(void)of;
	return 1;
}

unsigned int
ham_vm_copied(const struct ham_vm *of, unsigned int from)
{
	(void)of;
	return from;
}

bool
ham_vm_is_shared(const struct ham_vm *of, unsigned int i)
{
	(void)of;
	(void)i;
	return false;
}

struct ham_bm_disk
ham_vm_disk(const struct ham_vm *of, unsigned int i)
{
	(void)of;
	return (struct ham_bm_disk){.index = i};
}

void
ham_fill_job_stopped(struct ham_vm *of, const char *job)
{
	ck_assert_str_eq(job, "d0-s0-new");
	of->fill.broken = true;
	fills_stopped++;
}

void
ham_fill_job_ended(struct ham_vm *of, const char *job, uint64_t bytes,
		   const char *error)
{
	(void)of;
	(void)job;
	(void)bytes;
	(void)error;
}

/* ---- courses ---- */

static void
setup(void)
{
	memset(&vm, 0, sizeof(vm));
	memset(told, 0, sizeof(told));
	vm.name = (char *)"web1";
	vm.qmp = (ham_qmp *)&vm; /* never looked into */
	now_us = 100 * SECOND;
	flow = NULL;
	copies = true;
	retries = pokes = fills_stopped = kills = 0;
	on_reply = NULL;
}

static void
event(const char *name, const char *text)
{
	g_autoptr(JsonNode) node = bm_json(text);

	ham_vm_event(&vm, name, json_node_get_object(node));
}

static void
flow_runs(const char *name)
{
	flow = name;
	vm.flow = (ham_flow *)&vm;
}

/* The quorum says that the guest's own image refused a write. */
static void
own_write_failed(void)
{
	event("QUORUM_REPORT_BAD",
	      "{'node-name':'d0-r','type':'write','error':'I/O error'}");
}

static void
answer(const char *status)
{
	g_autofree char *text =
		g_strdup_printf("{'status':'%s','running':false}", status);
	g_autoptr(JsonNode) node = bm_json(text);
	ham_qmp_reply_fn reply = on_reply;

	ck_assert_ptr_nonnull(reply);
	on_reply = NULL;
	reply(NULL, node, NULL, &vm);
}

START_TEST(it_stands_and_that_is_told)
{
	own_write_failed();
	answer("io-error");
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 1);
	ck_assert_uint_eq(retries, 0);
	own_write_failed();
	ck_assert_ptr_null(on_reply);
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 1);
}
END_TEST

/* The report comes before the other children have answered, so before it
 * stands; the error that follows is about the same write. */
START_TEST(told_although_it_was_asked_too_early)
{
	own_write_failed();
	answer("running");
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 0);
	event("BLOCK_IO_ERROR", "{'node-name':'d0-top','operation':'write',"
				"'reason':'I/O error'}");
	answer("io-error");
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 1);
	ck_assert(!vm.unclear_error);
}
END_TEST

START_TEST(a_write_that_no_report_explains_is_unclear)
{
	event("BLOCK_IO_ERROR", "{'node-name':'d0-top','operation':'write',"
				"'reason':'I/O error'}");
	ck_assert(vm.unclear_error);
	ck_assert_ptr_null(on_reply);
}
END_TEST

/* That it ran again ends what was reported before. */
START_TEST(a_report_of_before_explains_nothing)
{
	own_write_failed();
	answer("running");
	event("RESUME", "{}");
	event("BLOCK_IO_ERROR", "{'node-name':'d0-top','operation':'write',"
				"'reason':'I/O error'}");
	ck_assert(vm.unclear_error);
	ck_assert_ptr_null(on_reply);
}
END_TEST

START_TEST(in_a_copy_it_calls_that_off)
{
	vm.fill.active = true;
	own_write_failed();
	ck_assert(vm.fill.broken);
	ck_assert_ptr_null(on_reply);
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 0);
}
END_TEST

/* No backup is there yet with which a write could fail. */
START_TEST(while_disks_are_compared_it_is_told)
{
	vm.fill.active = vm.fill.comparing = true;
	own_write_failed();
	answer("io-error");
	ck_assert(!vm.fill.broken);
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 1);
}
END_TEST

START_TEST(with_a_copy_called_off_as_it_is_found)
{
	vm.called_off_us = now_us;
	flow_runs(HAM_FLOW_FIND);
	own_write_failed();
	ck_assert(vm.failed_with_it);
	ck_assert_uint_eq(retries, 0);
	ck_assert_ptr_null(on_reply);
}
END_TEST

START_TEST(with_it_and_told_late)
{
	vm.called_off_us = now_us - 2 * SECOND;
	own_write_failed();
	ck_assert_uint_eq(retries, 1);
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 0);
}
END_TEST

START_TEST(long_after_it_is_the_disk)
{
	vm.called_off_us = now_us - 4 * SECOND;
	own_write_failed();
	answer("io-error");
	ck_assert_uint_eq(retries, 0);
	ck_assert_uint_eq(told[HAM_DID_DISK_ERROR], 1);
}
END_TEST

/* One comes for each write of the guest. */
START_TEST(a_mirror_that_an_error_stopped_is_told_once)
{
	for (int i = 0; i < 3; i++)
		event("BLOCK_JOB_ERROR", "{'device':'d0-mirror',"
					 "'operation':'write',"
					 "'action':'stop'}");
	ck_assert_ptr_nonnull(vm.job[0].error);
	ck_assert(!vm.job[0].ended);
	ck_assert_uint_eq(pokes, 1);
	g_clear_pointer(&vm.job[0].error, g_free);
}
END_TEST

START_TEST(so_is_that_of_a_copy)
{
	for (int i = 0; i < 3; i++)
		event("BLOCK_JOB_ERROR", "{'device':'d0-s0-new',"
					 "'operation':'write',"
					 "'action':'stop'}");
	ck_assert_uint_eq(fills_stopped, 1);
	ck_assert_uint_eq(pokes, 1);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("events");
	TCase *tc = tcase_create("writes");

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, it_stands_and_that_is_told);
	tcase_add_test(tc, told_although_it_was_asked_too_early);
	tcase_add_test(tc, a_write_that_no_report_explains_is_unclear);
	tcase_add_test(tc, a_report_of_before_explains_nothing);
	tcase_add_test(tc, in_a_copy_it_calls_that_off);
	tcase_add_test(tc, while_disks_are_compared_it_is_told);
	tcase_add_test(tc, with_a_copy_called_off_as_it_is_found);
	tcase_add_test(tc, with_it_and_told_late);
	tcase_add_test(tc, long_after_it_is_the_disk);
	tcase_add_test(tc, a_mirror_that_an_error_stopped_is_told_once);
	tcase_add_test(tc, so_is_that_of_a_copy);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
