/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_qsd.c - how the storage daemon is started and told */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

static const struct ham_bm_disk disk = {
	.index = 2, .path = "/srv/data.raw", .size = 67108864};

START_TEST(argv)
{
	g_auto(GStrv) args =
		ham_bm_qsd_argv("/usr/bin/qemu-storage-daemon", 3, 4);
	g_autofree char *line = g_strjoinv(" ", args);

	ck_assert_str_eq(line,
			 "/usr/bin/qemu-storage-daemon "
			 "--chardev socket,id=qmp,fd=3,server=on,wait=on "
			 "--monitor chardev=qmp,mode=control "
			 "--nbd-server addr.type=fd,addr.str=4,"
			 "max-connections=0");
}
END_TEST

START_TEST(open_image)
{
	bm_assert_object(ham_bm_qsd_open(&disk, false),
			 "{'driver':'file','node-name':'d2-f',"
			 "'filename':'/srv/data.raw','cache':{'direct':true},"
			 "'aio':'threads','active':false}");
	bm_assert_object(ham_bm_qsd_open(&disk, true),
			 "{'driver':'file','node-name':'d2-f',"
			 "'filename':'/srv/data.raw','cache':{'direct':true},"
			 "'aio':'threads','active':true}");
}
END_TEST

START_TEST(export)
{
	bm_assert_object(ham_bm_qsd_export(&disk, 7, "web1/data/7.3/b"),
			 "{'type':'nbd','id':'d2-e7','node-name':'d2-f',"
			 "'name':'web1/data/7.3/b','writable':true,"
			 "'allow-inactive':true}");
}
END_TEST

/* Whatever its size, the disk is what is served. */
START_TEST(block_device)
{
	struct ham_bm_disk lv = {.index = 2,
				 .path = "/dev/vg0/data",
				 .size = 1048576,
				 .device = true};

	bm_assert_object(ham_bm_qsd_open(&lv, false),
			 "{'driver':'raw','node-name':'d2-f','size':1048576,"
			 "'file':{'driver':'host_device',"
			 "'node-name':'d2-d','filename':'/dev/vg0/data',"
			 "'cache':{'direct':true},'aio':'threads',"
			 "'active':false},'active':false}");
}
END_TEST

START_TEST(set_active)
{
	bm_assert_object(ham_bm_qsd_set_active(&disk, true),
			 "{'node-name':'d2-f','active':true}");
	bm_assert_object(ham_bm_qsd_set_active(&disk, false),
			 "{'node-name':'d2-f','active':false}");
}
END_TEST

START_TEST(close_export)
{
	g_autofree char *id = ham_bm_qsd_export_id(&disk, 7);

	bm_assert_object(ham_bm_qsd_export_del(&disk, 7),
			 "{'id':'d2-e7','mode':'hard'}");
	ck_assert_str_eq(id, "d2-e7");
}
END_TEST

/* Another epoch's, and what can't be understood, which nobody may overlook. */
START_TEST(exports_of_other_epochs)
{
	static const char *const texts[] = {
		"[]",
		"[{'id':'d0-e7'},{'id':'d1-e7'}]",
		"[{'id':'d0-e7'},{'id':'d0-e6'},{'id':'d1-e6'}]",
		"[{'id':'d0-e17'},{'name':'x'},5]",
	};
	static const unsigned int others[] = {0, 0, 2, 3};

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(JsonNode) node = bm_json(texts[i]);

		ck_assert_uint_eq(ham_bm_qsd_count_exports(node, 7), others[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_qsd");
	TCase *tc = tcase_create("qsd");

	tcase_add_test(tc, argv);
	tcase_add_test(tc, open_image);
	tcase_add_test(tc, export);
	tcase_add_test(tc, block_device);
	tcase_add_test(tc, set_active);
	tcase_add_test(tc, close_export);
	tcase_add_test(tc, exports_of_other_epochs);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
