/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_bm_read.c - QEMU's answers, and answers that are none */
#include <check.h>

#include "blockmirror/blockmirror.h"
#include "hamd/base/error.h"
#include "tests/unit/bm_json.h"
#include "tests/unit/leaf_run.h"

static const struct ham_bm_disk disk = {
	.index = 0, .path = "/x", .size = 67108864};

/* QEMU 10.0.2 in the middle of a swap: the replica is in, the null not out. */
#define NODES                                                                  \
	"'nodes':[{'name':'d0-s0-nbd1','type':'block-driver','id':7},"         \
	"{'name':'d0-top','type':'block-driver','id':2},"                      \
	"{'name':'d0-q','type':'block-driver','id':6},"                        \
	"{'name':'d0-s0-null0','type':'block-driver','id':5},"                 \
	"{'name':'d0-r','type':'block-driver','id':4},"                        \
	"{'name':'/machine/peripheral/d0/virtio-backend',"                     \
	"'type':'block-backend','id':1}]"
#define EDGE(child, parent, name)                                              \
	"{'name':'" name "','parent':" #parent ",'child':" #child              \
	",'shared-perm':['consistent-read'],'perm':['write']}"
#define OTHERS EDGE(6, 2, "file") "," EDGE(4, 6, "children.0")

static bool
read_slot(const char *text, struct ham_bm_slot *slot, GError **error)
{
	g_autoptr(JsonNode) graph = bm_json(text);

	return ham_bm_read_slot(graph, &disk, 0, slot, error);
}

START_TEST(slot_with_null)
{
	struct ham_bm_slot slot;

	ck_assert(read_slot("{" NODES ",'edges':[" OTHERS
			    "," EDGE(5, 6, "children.1") "]}",
			    &slot, NULL));
	ck_assert_str_eq(slot.child, "children.1");
	ck_assert_str_eq(slot.node, "d0-s0-null0");
	ck_assert(!slot.replica);
	ck_assert_uint_eq(slot.serial, 0);
	ck_assert_str_eq(slot.older, "");
}
END_TEST

START_TEST(slot_with_replica)
{
	struct ham_bm_slot slot;

	ck_assert(read_slot("{" NODES ",'edges':[" OTHERS
			    "," EDGE(7, 6, "children.2") "]}",
			    &slot, NULL));
	ck_assert_str_eq(slot.child, "children.2");
	ck_assert_str_eq(slot.node, "d0-s0-nbd1");
	ck_assert(slot.replica);
	ck_assert_uint_eq(slot.serial, 1);
	ck_assert_str_eq(slot.older, "");
}
END_TEST

/* In either order of the edges. */
START_TEST(slot_in_a_swap)
{
	static const char *const texts[] = {
		"{" NODES ",'edges':[" OTHERS
		"," EDGE(5, 6, "children.1") "," EDGE(7, 6, "children.2") "]}",
		"{" NODES ",'edges':[" EDGE(7, 6, "children.2") "," EDGE(
			5, 6, "children.1") "," OTHERS "]}",
	};
	struct ham_bm_slot slot;

	ck_assert(read_slot(texts[_i], &slot, NULL));
	ck_assert_str_eq(slot.node, "d0-s0-nbd1");
	ck_assert_str_eq(slot.child, "children.2");
	ck_assert_str_eq(slot.older, "children.1");
	ck_assert_str_eq(slot.older_node, "d0-s0-null0");
}
END_TEST

/* A node that exists but hangs elsewhere is in no slot. */
START_TEST(slot_empty)
{
	g_autoptr(GError) error = NULL;
	struct ham_bm_slot slot;

	ck_assert(!read_slot("{" NODES ",'edges':[" OTHERS
			     "," EDGE(5, 2, "children.1") "]}",
			     &slot, &error));
	ck_assert_str_eq(error->message, "nothing is in slot 0 of 'd0-q'");
}
END_TEST

static const char *const garbage[] = {
	"[]",
	"7",
	"null",
	"{}",
	"{'nodes':[],'edges':[]}",
	"{'nodes':{},'edges':7}",
	"{'nodes':[1,null,[],'d0-q'],'edges':[{}]}",
	"{'nodes':[{'name':'d0-q'}],'edges':[]}",
	"{'nodes':[{'name':'d0-q','id':'6'}],'edges':[]}",
	"{'nodes':[{'name':'d0-q','id':-6}],'edges':[]}",
	"{'nodes':[{'name':7,'id':6}],'edges':[]}",
	"{" NODES ",'edges':[1,null,[],{}]}",
	"{" NODES ",'edges':[{'name':1,'parent':6,'child':5}]}",
	"{" NODES ",'edges':[{'name':'c','parent':'6','child':5}]}",
	"{" NODES ",'edges':[{'name':'c','parent':6,'child':99}]}",
	"{'nodes':[{'name':'d0-q','id':6},{'name':'d0-s0-nbd','id':5}],"
	"'edges':[{'name':'c','parent':6,'child':5}]}",
	"{'nodes':[{'name':'d0-q','id':6},{'name':'d0-s0-nbd1x','id':5}],"
	"'edges':[{'name':'c','parent':6,'child':5}]}",
	"{'nodes':[{'name':'d0-q','id':6},"
	"{'name':'d0-s0-null99999999999999999999','id':5}],"
	"'edges':[{'name':'c','parent':6,'child':5}]}",
};

START_TEST(slot_garbage)
{
	g_autoptr(GError) error = NULL;
	struct ham_bm_slot slot;

	ck_assert(!read_slot(garbage[_i], &slot, &error));
	ck_assert(g_error_matches(error, HAM_ERROR, HAM_ERROR_PROTOCOL));
}
END_TEST

static struct ham_bm_progress
read_progress(const char *text)
{
	g_autoptr(JsonNode) jobs = bm_json(text);
	struct ham_bm_progress progress;

	memset(&progress, 0xff, sizeof(progress));
	ham_bm_read_progress(jobs, &disk, &progress);
	return progress;
}

START_TEST(progress)
{
	struct ham_bm_progress p = read_progress(
		"[{'device':'d1-mirror','len':1,'offset':1,'ready':true},"
		"{'auto-finalize':true,'io-status':'ok','device':'d0-mirror',"
		"'auto-dismiss':true,'busy':false,'len':67108864,"
		"'offset':1048576,'status':'running','paused':false,"
		"'speed':33554432,'ready':false,'type':'mirror',"
		"'actively-synced':false}]");

	ck_assert(p.present);
	ck_assert(!p.ready);
	ck_assert(!p.actively_synced);
	ck_assert_uint_eq(p.offset, 1048576);
	ck_assert_uint_eq(p.len, 67108864);
	ck_assert_ptr_null(p.trouble);
}
END_TEST

START_TEST(progress_of_a_job_that_an_error_stopped)
{
	struct ham_bm_progress p = read_progress(
		"[{'device':'d0-mirror','len':9,'offset':5,'ready':false,"
		"'io-status':'nospace','status':'paused'}]");

	ck_assert(p.present);
	ck_assert_str_eq(p.trouble, "No space left on device");
	p = read_progress("[{'device':'d0-mirror','len':9,'offset':5,"
			  "'ready':false,'io-status':'failed'}]");
	ck_assert_str_eq(p.trouble, "Input/output error");
}
END_TEST

START_TEST(progress_ready)
{
	struct ham_bm_progress p = read_progress(
		"[{'device':'d0-mirror','len':9,'offset':9,'ready':true,"
		"'actively-synced':true}]");

	ck_assert(p.ready);
	ck_assert(p.actively_synced);
}
END_TEST

static const char *const no_job[] = {
	"[]",
	"{}",
	"null",
	"[1,null,{}]",
	"[{'device':'d1-mirror','len':9,'offset':9,'ready':true}]",
	"[{'device':'d0-mirror','len':'9','offset':9,'ready':true}]",
	"[{'device':'d0-mirror','len':9,'offset':-9,'ready':true}]",
	"[{'device':'d0-mirror','len':9,'ready':true}]",
};

START_TEST(progress_absent)
{
	struct ham_bm_progress p = read_progress(no_job[_i]);

	ck_assert(!p.present);
	ck_assert(!p.ready);
	ck_assert_uint_eq(p.offset, 0);
	ck_assert_uint_eq(p.len, 0);
}
END_TEST

static bool
completed_well(const char *text, GError **error)
{
	g_autoptr(JsonNode) data = bm_json(text);

	return ham_bm_job_completed_well(json_node_get_object(data), error);
}

START_TEST(completed)
{
	ck_assert(completed_well("{'device':'d0-mirror','len':67108864,"
				 "'offset':67108864,'speed':33554432,"
				 "'type':'mirror'}",
				 NULL));
}
END_TEST

static const struct {
	const char *text, *message;
} not_well[] = {
	{"{'device':'d0-mirror','len':9,'offset':9,"
	 "'error':'Input/output error'}",
	 "block job 'd0-mirror' ended with an error: Input/output error"},
	{"{'device':'d0-mirror','len':9,'offset':9,'error':null}",
	 "block job 'd0-mirror' ended with an error: (none given)"},
	{"{'device':'d0-mirror','len':9,'offset':8}",
	 "block job 'd0-mirror' ended at 8 of 9 bytes"},
	{"{'device':'d0-mirror','len':9,'offset':10}",
	 "block job 'd0-mirror' ended at 10 of 9 bytes"},
	{"{'device':'d0-mirror','offset':9}",
	 "block job 'd0-mirror' ended and did not say how far it got"},
	{"{}", "block job '(unnamed)' ended and did not say how far it got"},
};

START_TEST(completed_badly)
{
	g_autoptr(GError) error = NULL;

	ck_assert(!completed_well(not_well[_i].text, &error));
	ck_assert_str_eq(error->message, not_well[_i].message);
}
END_TEST

#define MARKED(count)                                                          \
	"[{'node-name':'d1-differ'},{'node-name':'d0-differ',"                 \
	"'dirty-bitmaps':[{'name':'differ','count':" count "}]}]"

START_TEST(marked)
{
	g_autoptr(JsonNode) nodes = bm_json(MARKED("196608"));
	uint64_t bytes = 1;

	ck_assert(ham_bm_read_marked(nodes, &disk, &bytes));
	ck_assert_uint_eq(bytes, 196608);
}
END_TEST

START_TEST(nothing_marked)
{
	g_autoptr(JsonNode) nodes = bm_json("[{'node-name':'d0-differ'}]");
	uint64_t bytes = 1;

	ck_assert(ham_bm_read_marked(nodes, &disk, &bytes));
	ck_assert_uint_eq(bytes, 0);
}
END_TEST

START_TEST(noted)
{
	g_autoptr(JsonNode) nodes =
		bm_json("[{'node-name':'d0-f','dirty-bitmaps':["
			"{'name':'n1','count':65536},"
			"{'name':'s1','count':131072}]}]");
	uint64_t bytes = 1;

	ck_assert(ham_bm_read_noted(nodes, &disk, 1, &bytes));
	ck_assert_uint_eq(bytes, 131072);
	ck_assert(ham_bm_read_noted(nodes, &disk, 0, &bytes));
	ck_assert_uint_eq(bytes, 0);
}
END_TEST

static const char *const not_marked[] = {
	"[]", "{}", "[3]", MARKED("-1"), MARKED("'x'"),
};

#define STATS(ops)                                                             \
	"{'device':'','qdev':'/machine/peripheral/d0/virtio-backend',"         \
	"'stats':{'rd_operations':" #ops ",'rd_total_time_ns':1000,"           \
	"'wr_operations':2,'wr_total_time_ns':200,'flush_operations':1,"       \
	"'flush_total_time_ns':30}}"

START_TEST(io_of_all_disks)
{
	g_autoptr(JsonNode) two = bm_json("[" STATS(10) "," STATS(20) "]");
	g_autoptr(JsonNode) none = bm_json("[]");
	struct ham_bm_io io;

	ck_assert(ham_bm_read_io(two, &io));
	ck_assert_uint_eq(io.ops, 36);
	ck_assert_uint_eq(io.waited_ns, 2460);
	ck_assert(ham_bm_read_io(none, &io));
	ck_assert_uint_eq(io.ops, 0);
}
END_TEST

START_TEST(io_unclear)
{
	static const char *const odd[] = {
		"{}",
		"[1]",
		"[{}]",
		"[{'stats':[]}]",
		"[{'stats':{}}]",
		"[" STATS(-1) "]",
		"[" STATS('x') "]",
	};
	struct ham_bm_io io;

	for (size_t i = 0; i < G_N_ELEMENTS(odd); i++) {
		g_autoptr(JsonNode) node = bm_json(odd[i]);

		ck_assert_msg(!ham_bm_read_io(node, &io), "%s", odd[i]);
	}
}
END_TEST

START_TEST(marked_unclear)
{
	g_autoptr(JsonNode) nodes = bm_json(not_marked[_i]);
	uint64_t bytes = 1;

	ck_assert(!ham_bm_read_marked(nodes, &disk, &bytes));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("bm_read");
	TCase *tc = tcase_create("read");

	tcase_add_test(tc, slot_with_null);
	tcase_add_test(tc, slot_with_replica);
	tcase_add_loop_test(tc, slot_in_a_swap, 0, 2);
	tcase_add_test(tc, slot_empty);
	tcase_add_loop_test(tc, slot_garbage, 0, (int)G_N_ELEMENTS(garbage));
	tcase_add_test(tc, progress);
	tcase_add_test(tc, progress_of_a_job_that_an_error_stopped);
	tcase_add_test(tc, progress_ready);
	tcase_add_loop_test(tc, progress_absent, 0, (int)G_N_ELEMENTS(no_job));
	tcase_add_test(tc, completed);
	tcase_add_loop_test(tc, completed_badly, 0,
			    (int)G_N_ELEMENTS(not_well));
	tcase_add_test(tc, marked);
	tcase_add_test(tc, nothing_marked);
	tcase_add_test(tc, noted);
	tcase_add_loop_test(tc, marked_unclear, 0,
			    (int)G_N_ELEMENTS(not_marked));
	tcase_add_test(tc, io_of_all_disks);
	tcase_add_test(tc, io_unclear);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
