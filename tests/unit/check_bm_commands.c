/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_commands.c - what a running QEMU is told, word for word
 *
 * Each expected text is one that QEMU 10.0 has taken.
 */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

static const struct ham_bm_disk disk = {
	.index = 2, .path = "/srv/data.raw", .size = 67108864};

START_TEST(nbd_add)
{
	struct ham_bm_export export = {"2001:db8::2", 41879, "web1/root/7/b"};

	bm_assert_object(ham_bm_nbd_add("d2-s0-nbd1", &export),
			 "{'driver':'nbd','node-name':'d2-s0-nbd1',"
			 "'server':{'type':'inet','host':'2001:db8::2',"
			 "'port':'41879'},'export':'web1/root/7/b',"
			 "'open-timeout':2}");
}
END_TEST

START_TEST(null_add)
{
	bm_assert_object(ham_bm_null_add(&disk, "d2-s0-null5"),
			 "{'driver':'blkdebug','node-name':'d2-s0-null5',"
			 "'image':{'driver':'null-co','size':67108864,"
			 "'read-zeroes':true},'inject-error':[{'event':'none',"
			 "'iotype':'read','immediately':true}]}");
}
END_TEST

START_TEST(marks_add)
{
	bm_assert_object(ham_bm_marks_add(&disk, "d2-differ"),
			 "{'driver':'null-co','node-name':'d2-differ',"
			 "'size':67108864,'read-zeroes':true}");
}
END_TEST

START_TEST(node_del)
{
	bm_assert_object(ham_bm_node_del("d2-t"), "{'node-name':'d2-t'}");
}
END_TEST

START_TEST(slot_change)
{
	bm_assert_object(ham_bm_slot_add(&disk, "d2-s0-nbd1"),
			 "{'parent':'d2-q','node':'d2-s0-nbd1'}");
	bm_assert_object(ham_bm_slot_remove(&disk, "children.1"),
			 "{'parent':'d2-q','child':'children.1'}");
}
END_TEST

START_TEST(yank)
{
	bm_assert_object(ham_bm_yank("d2-t"),
			 "{'instances':[{'type':'block-node',"
			 "'node-name':'d2-t'}]}");
}
END_TEST

START_TEST(set_active)
{
	bm_assert_object(ham_bm_set_active(true), "{'active':true}");
	bm_assert_object(ham_bm_set_active(false), "{'active':false}");
}
END_TEST

START_TEST(mirror)
{
	bm_assert_object(ham_bm_mirror(&disk, 1048576),
			 "{'job-id':'d2-mirror','device':'d2-top',"
			 "'target':'d2-t','sync':'full',"
			 "'copy-mode':'write-blocking',"
			 "'on-source-error':'stop','on-target-error':'stop',"
			 "'speed':1048576}");
}
END_TEST

START_TEST(job_speed)
{
	bm_assert_object(ham_bm_job_speed(&disk, 5),
			 "{'device':'d2-mirror','speed':5}");
}
END_TEST

/* QMP's numbers are signed: a large one must not turn negative. */
START_TEST(speed_stays_positive)
{
	bm_assert_object(ham_bm_job_speed(&disk, UINT64_MAX),
			 "{'device':'d2-mirror','speed':9223372036854775807}");
}
END_TEST

START_TEST(job_cancel)
{
	bm_assert_object(ham_bm_job_cancel(&disk, false),
			 "{'device':'d2-mirror'}");
	bm_assert_object(ham_bm_job_cancel(&disk, true),
			 "{'device':'d2-mirror','force':true}");
}
END_TEST

START_TEST(fill)
{
	g_autofree char *now = ham_bm_nbd_node(&disk, 1, 4);
	g_autofree char *old = ham_bm_fill_node(&disk, 1, 4);

	bm_assert_object(ham_bm_fill_mirror(&disk, 1, now),
			 "{'job-id':'d2-s1-new','device':'d2-top',"
			 "'target':'d2-s1-nbd4','sync':'none',"
			 "'copy-mode':'write-blocking',"
			 "'on-source-error':'stop','on-target-error':'stop'}");
	bm_assert_object(ham_bm_fill_backup(&disk, 1, old, false, 1048576),
			 "{'job-id':'d2-s1-old','device':'d2-f',"
			 "'target':'d2-s1-old4','sync':'full','bitmap':'s1',"
			 "'bitmap-mode':'always','on-target-error':'report',"
			 "'on-source-error':'report','speed':1048576}");
	bm_assert_object(ham_bm_fill_backup(&disk, 1, old, true, UINT64_MAX),
			 "{'job-id':'d2-s1-old','device':'d2-f',"
			 "'target':'d2-s1-old4','sync':'bitmap','bitmap':'s1',"
			 "'bitmap-mode':'always','on-target-error':'report',"
			 "'on-source-error':'report',"
			 "'speed':9223372036854775807}");
	bm_assert_object(ham_bm_job_end("d2-s1-new"),
			 "{'device':'d2-s1-new','force':true}");
}
END_TEST

START_TEST(what_differs)
{
	g_autofree char *node = ham_bm_differ_node(&disk);

	ck_assert_str_eq(node, "d2-differ");
	bm_assert_object(ham_bm_differ_bitmap(&disk),
			 "{'node':'d2-differ','name':'differ',"
			 "'granularity':65536}");
	bm_assert_object(ham_bm_differ_mark(&disk, 65536, 131072),
			 "{'command-line':'qemu-io d2-differ "
			 "\\'write -q -z 65536 131072\\''}");
	bm_assert_object(ham_bm_differ_merge(&disk, 1),
			 "{'node':'d2-f','target':'s1','bitmaps':"
			 "[{'node':'d2-differ','name':'differ'}]}");
}
END_TEST

START_TEST(bitmap)
{
	bm_assert_object(ham_bm_bitmap_add(&disk, 1),
			 "{'node':'d2-f','name':'s1','granularity':65536}");
	bm_assert_object(ham_bm_bitmap_remove(&disk, 1),
			 "{'node':'d2-f','name':'s1'}");
}
END_TEST

START_TEST(renew)
{
	JsonObject *first = ham_bm_renew_new();
	JsonObject *second = ham_bm_renew_new();

	ham_bm_renew_add(first, &disk, 1);
	bm_assert_object(first, "{'actions':[{'type':'block-dirty-bitmap-add',"
				"'data':{'node':'d2-f','name':'n1',"
				"'granularity':65536}}]}");
	ham_bm_renew_swap(second, &disk, 1);
	bm_assert_object(second,
			 "{'actions':[{'type':'block-dirty-bitmap-clear',"
			 "'data':{'node':'d2-f','name':'s1'}},"
			 "{'type':'block-dirty-bitmap-merge','data':"
			 "{'node':'d2-f','target':'s1','bitmaps':['n1']}},"
			 "{'type':'block-dirty-bitmap-remove',"
			 "'data':{'node':'d2-f','name':'n1'}}]}");
	bm_assert_object(ham_bm_renew_flush(&disk),
			 "{'command-line':'qemu-io d2-top flush'}");
	bm_assert_object(ham_bm_renew_remove(&disk, 1),
			 "{'node':'d2-f','name':'n1'}");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_commands");
	TCase *tc = tcase_create("commands");

	tcase_add_test(tc, nbd_add);
	tcase_add_test(tc, null_add);
	tcase_add_test(tc, marks_add);
	tcase_add_test(tc, node_del);
	tcase_add_test(tc, slot_change);
	tcase_add_test(tc, yank);
	tcase_add_test(tc, set_active);
	tcase_add_test(tc, mirror);
	tcase_add_test(tc, job_speed);
	tcase_add_test(tc, speed_stays_positive);
	tcase_add_test(tc, job_cancel);
	tcase_add_test(tc, fill);
	tcase_add_test(tc, what_differs);
	tcase_add_test(tc, bitmap);
	tcase_add_test(tc, renew);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
