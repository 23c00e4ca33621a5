/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_stack.c - a disk's nodes, as QEMU 10.0 takes them */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

static const struct ham_bm_disk root = {
	.index = 0, .path = "/srv/web1-root.raw", .size = 8589934592};

START_TEST(stack_in_order)
{
	static const char *const want[] = {
		"{'driver':'file','node-name':'d0-f',"
		"'filename':'/srv/web1-root.raw','cache':{'direct':true},"
		"'aio':'threads'}",
		"{'driver':'raw','node-name':'d0-r','file':'d0-f',"
		"'size':8589934592}",
		"{'driver':'blkdebug','node-name':'d0-s0-null0',"
		"'image':{'driver':'null-co','size':8589934592,"
		"'read-zeroes':true},'inject-error':[{'event':'none',"
		"'iotype':'read','immediately':true}]}",
		"{'driver':'blkdebug','node-name':'d0-s1-null0',"
		"'image':{'driver':'null-co','size':8589934592,"
		"'read-zeroes':true},'inject-error':[{'event':'none',"
		"'iotype':'read','immediately':true}]}",
		"{'driver':'blkdebug','node-name':'d0-s2-null0',"
		"'image':{'driver':'null-co','size':8589934592,"
		"'read-zeroes':true},'inject-error':[{'event':'none',"
		"'iotype':'read','immediately':true}]}",
		"{'driver':'quorum','node-name':'d0-q',"
		"'children':['d0-r','d0-s0-null0','d0-s1-null0',"
		"'d0-s2-null0'],'vote-threshold':4,"
		"'read-pattern':'fifo'}",
		"{'driver':'raw','node-name':'d0-top','file':'d0-q'}",
	};
	g_autoptr(GPtrArray) args = ham_bm_stack_args(&root);

	ck_assert_uint_eq(args->len, G_N_ELEMENTS(want));
	for (guint i = 0; i < args->len; i++)
		bm_assert_text(args->pdata[i], want[i]);
}
END_TEST

/* A block device may be larger than the disk. */
START_TEST(block_device_has_the_disks_size)
{
	struct ham_bm_disk lv = {.index = 0,
				 .path = "/dev/vg0/web1",
				 .size = 1048576,
				 .device = true};
	g_autoptr(GPtrArray) args = ham_bm_stack_args(&lv);

	bm_assert_text(args->pdata[0],
		       "{'driver':'raw','node-name':'d0-f','size':1048576,"
		       "'file':{'driver':'host_device','node-name':'d0-d',"
		       "'filename':'/dev/vg0/web1','cache':{'direct':true},"
		       "'aio':'threads'}}");
}
END_TEST

/* Nothing replicates it, and what QEMU locks is the image itself. */
START_TEST(shared_disk_is_bare)
{
	struct ham_bm_disk nfs = {
		.path = "/srv/x.raw", .size = 1048576, .shared = true};
	struct ham_bm_disk lun = {.path = "/dev/disk/by-id/x",
				  .size = 1048576,
				  .device = true,
				  .shared = true};
	g_autoptr(GPtrArray) args = ham_bm_stack_args(&nfs);
	g_autoptr(GPtrArray) of_lun = ham_bm_stack_args(&lun);

	ck_assert_uint_eq(args->len, 2);
	bm_assert_text(args->pdata[0],
		       "{'driver':'file','node-name':'d0-f',"
		       "'filename':'/srv/x.raw','cache':{'direct':true},"
		       "'aio':'threads'}");
	bm_assert_text(args->pdata[1], "{'driver':'raw','node-name':'d0-top',"
				       "'file':'d0-f'}");
	ck_assert_uint_eq(of_lun->len, 2);
	bm_assert_text(of_lun->pdata[0],
		       "{'driver':'host_device','node-name':'d0-f',"
		       "'filename':'/dev/disk/by-id/x',"
		       "'cache':{'direct':true},'aio':'threads'}");
}
END_TEST

/* A write may be acknowledged only when every child has it. */
START_TEST(threshold_is_all_children)
{
	g_autoptr(GPtrArray) args = ham_bm_stack_args(&root);
	g_autoptr(JsonNode) quorum = bm_json(args->pdata[args->len - 2]);
	JsonObject *object = json_node_get_object(quorum);
	JsonArray *children = json_object_get_array_member(object, "children");

	ck_assert_int_eq(json_object_get_int_member(object, "vote-threshold"),
			 json_array_get_length(children));
	ck_assert_uint_eq(json_array_get_length(children), HAM_BM_SLOTS + 1);
}
END_TEST

/* Text of the configuration must not reach QEMU's own key=value syntax. */
START_TEST(path_is_quoted)
{
	struct ham_bm_disk disk = {
		.index = 1, .path = "/srv/a,b \"c\"\\.raw", .size = 512};
	g_autoptr(GPtrArray) args = ham_bm_stack_args(&disk);
	g_autoptr(JsonNode) file = json_from_string(args->pdata[0], NULL);

	ck_assert_ptr_nonnull(file);
	ck_assert_str_eq(json_object_get_string_member(
				 json_node_get_object(file), "filename"),
			 disk.path);
}
END_TEST

START_TEST(device)
{
	struct ham_bm_disk seventh = {.index = 7, .path = "/x", .size = 512};
	g_autofree char *first = ham_bm_device_arg(&root);
	g_autofree char *last = ham_bm_device_arg(&seventh);

	ck_assert_str_eq(first, "virtio-blk-pci,drive=d0-top,id=d0,"
				"werror=stop,rerror=stop,bus=pcie.0,addr=0x10");
	ck_assert_str_eq(last, "virtio-blk-pci,drive=d7-top,id=d7,"
			       "werror=stop,rerror=stop,bus=pcie.0,addr=0x17");
}
END_TEST

START_TEST(names)
{
	struct ham_bm_disk second = {.index = 1, .path = "/x", .size = 512};
	g_autofree char *job = ham_bm_job_id(&second);
	g_autofree char *target = ham_bm_target_node(&second);
	g_autofree char *nbd = ham_bm_nbd_node(&second, 0, 3);
	g_autofree char *null = ham_bm_null_node(&second, 0, 4);

	ck_assert_str_eq(job, "d1-mirror");
	ck_assert_str_eq(target, "d1-t");
	ck_assert_str_eq(nbd, "d1-s0-nbd3");
	ck_assert_str_eq(null, "d1-s0-null4");
}
END_TEST

/* QEMU refuses a node name of 32 bytes or more. */
START_TEST(longest_name_fits)
{
	struct ham_bm_disk disk = {.index = 99, .path = "/x", .size = 512};
	g_autofree char *null =
		ham_bm_null_node(&disk, HAM_BM_SLOTS, G_MAXUINT);

	ck_assert_uint_le(strlen(null), HAM_BM_NODE_MAX);
}
END_TEST

START_TEST(disk_of_node)
{
	ck_assert_int_eq(ham_bm_disk_of_node("d0-s0-nbd1"), 0);
	ck_assert_int_eq(ham_bm_disk_of_node("d12-top"), 12);
	ck_assert_int_eq(ham_bm_disk_of_node("d1-t"), 1);
	ck_assert_int_eq(ham_bm_disk_of_node(""), -1);
	ck_assert_int_eq(ham_bm_disk_of_node("d"), -1);
	ck_assert_int_eq(ham_bm_disk_of_node("d1"), -1);
	ck_assert_int_eq(ham_bm_disk_of_node("d-1-top"), -1);
	ck_assert_int_eq(ham_bm_disk_of_node("#block123"), -1);
	ck_assert_int_eq(ham_bm_disk_of_node("d99999999999-top"), -1);
	ck_assert_int_eq(
		ham_bm_disk_of_node("d99999999999999999999999999999-t"), -1);
}
END_TEST

START_TEST(slot_of_node)
{
	ck_assert_int_eq(ham_bm_slot_of_node("d0-s0-nbd1"), 0);
	ck_assert_int_eq(ham_bm_slot_of_node("d7-s2-nbd4294967295"), 2);
	ck_assert_int_eq(ham_bm_slot_of_node("d0-s0-null1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node("d0-s0-old1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node("d0-s3-nbd1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node("d0-s-nbd1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node("s0-nbd1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node("#block-s0-nbd1"), -1);
	ck_assert_int_eq(ham_bm_slot_of_node(""), -1);
}
END_TEST

START_TEST(export_name)
{
	g_autofree char *name =
		ham_bm_export_name("web1", "root", 18446744073709551615u, 9,
				   "1c8d3f0e-3f5b-4c6e-9b43-6b1d8d2b7a10");

	ck_assert_str_eq(name, "web1/root/18446744073709551615.9/"
			       "1c8d3f0e-3f5b-4c6e-9b43-6b1d8d2b7a10");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_stack");
	TCase *tc = tcase_create("stack");

	tcase_add_test(tc, stack_in_order);
	tcase_add_test(tc, block_device_has_the_disks_size);
	tcase_add_test(tc, shared_disk_is_bare);
	tcase_add_test(tc, threshold_is_all_children);
	tcase_add_test(tc, path_is_quoted);
	tcase_add_test(tc, device);
	tcase_add_test(tc, names);
	tcase_add_test(tc, longest_name_fits);
	tcase_add_test(tc, disk_of_node);
	tcase_add_test(tc, slot_of_node);
	tcase_add_test(tc, export_name);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
