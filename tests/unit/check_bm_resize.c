/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_resize.c - a disk's new size, as QEMU 10.0 takes it */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

static const struct ham_bm_disk disk = {
	.index = 1, .path = "/srv/data.raw", .size = 1048576};

/* dN-f has the lock. */
START_TEST(bypass_takes_no_lock)
{
	bm_assert_object(ham_bm_bypass_add(&disk),
			 "{'driver':'file','node-name':'d1-g',"
			 "'filename':'/srv/data.raw','cache':{'direct':true},"
			 "'aio':'threads','locking':'off'}");
}
END_TEST

/* Whatever its size is: it must be the disk's. */
START_TEST(bypass_of_a_device_has_no_size)
{
	struct ham_bm_disk lv = {.index = 1,
				 .path = "/dev/vg0/data",
				 .size = 1048576,
				 .device = true};

	bm_assert_object(ham_bm_bypass_add(&lv),
			 "{'driver':'host_device','node-name':'d1-g',"
			 "'filename':'/dev/vg0/data','cache':{'direct':true},"
			 "'aio':'threads','locking':'off'}");
}
END_TEST

START_TEST(there_and_back)
{
	bm_assert_object(ham_bm_top_reopen(&disk, true),
			 "{'options':[{'driver':'raw','node-name':'d1-top',"
			 "'file':'d1-g'}]}");
	bm_assert_object(ham_bm_top_reopen(&disk, false),
			 "{'options':[{'driver':'raw','node-name':'d1-top',"
			 "'file':'d1-q'}]}");
}
END_TEST

START_TEST(sizes)
{
	bm_assert_object(ham_bm_top_resize(&disk),
			 "{'node-name':'d1-top','size':1048576}");
	bm_assert_object(ham_bm_image_resize(&disk),
			 "{'node-name':'d1-f','size':1048576}");
}
END_TEST

START_TEST(what_was_written_is_kept)
{
	bm_assert_object(ham_bm_bypass_bitmap(&disk),
			 "{'node':'d1-g','name':'grown','granularity':65536}");
	bm_assert_object(ham_bm_bypass_merge(&disk, 2),
			 "{'node':'d1-f','target':'s2','bitmaps':"
			 "[{'node':'d1-g','name':'grown'}]}");
}
END_TEST

/* Of that disk alone, and not what is a copy's. */
START_TEST(nulls_of_a_disk)
{
	g_autoptr(JsonNode) nodes = bm_json(
		"[{'node-name':'d1-s0-null0'},{'node-name':'d1-q'},7,"
		"{'node-name':'d0-s0-null0'},{'node-name':'d1-s2-null4'},"
		"{'node-name':'d1-s1-nbd1'},{}]");
	g_autoptr(GPtrArray) names = ham_bm_nulls(nodes, &disk);

	ck_assert_uint_eq(names->len, 2);
	ck_assert_str_eq(names->pdata[0], "d1-s0-null0");
	ck_assert_str_eq(names->pdata[1], "d1-s2-null4");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("resize");
	TCase *tc = tcase_create("commands");

	tcase_add_test(tc, bypass_takes_no_lock);
	tcase_add_test(tc, bypass_of_a_device_has_no_size);
	tcase_add_test(tc, there_and_back);
	tcase_add_test(tc, sizes);
	tcase_add_test(tc, what_was_written_is_kept);
	tcase_add_test(tc, nulls_of_a_disk);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
