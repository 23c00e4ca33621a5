/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_failover.c - what the record makes of a start that failed
 * after the death of a guest's node
 *
 * Guest g of node A, with current copies on B, C and D; A dies, and B is the
 * first that gets it.
 */
#include <check.h>
#include <glib.h>
#include <string.h>

#include "hamd/core/message.h"
#include "hamd/core/record.h"
#include "tests/unit/leaf_run.h"

enum {
	A = 1,
	B = 2,
	C = 3,
	D = 4,
};

static const struct ham_guest *
guest(const struct ham_record *record)
{
	return ham_record_lookup(record, "g");
}

static const char *
say(struct ham_record *record, enum ham_op_kind kind, uint32_t node,
    uint64_t txn, const char *reason)
{
	const struct ham_guest *g = guest(record);
	struct ham_op op = {.kind = (uint8_t)kind, .node = node, .txn = txn};

	if (kind != HAM_OP_DEAD)
		g_strlcpy(op.guest, "g", sizeof(op.guest));
	op.epoch = g && kind != HAM_OP_DEAD ? g->epoch : 0;
	g_strlcpy(op.reason, reason, sizeof(op.reason));
	return ham_record_apply(record, &op);
}

static void
go(struct ham_record *record, enum ham_op_kind kind, uint32_t node,
   uint64_t txn, const char *reason)
{
	const char *why = say(record, kind, node, txn, reason);

	ck_assert_msg(!why, "%s: %s", ham_op_name(kind), why);
}

static struct ham_record *
promoted(bool common)
{
	struct ham_record *record = g_new0(struct ham_record, 1);
	struct ham_op start = {.kind = HAM_OP_START,
			       .guest = "g",
			       .node = A,
			       .txn = UINT64_C(77) << HAM_MAX_DISKS,
			       .flag = common};

	ck_assert_ptr_null(ham_record_apply(record, &start));
	for (uint32_t node = B; !common && node <= D; node++) {
		go(record, HAM_OP_SYNC, node, 0, "");
		go(record, HAM_OP_CURRENT, node,
		   ham_guest_replica(guest(record), node)->generation, "");
	}
	go(record, HAM_OP_DEAD, A, 0, "off");
	go(record, HAM_OP_PROMOTE, B, 0, "");
	return record;
}

/* The same when it is read again, and no other state is written alike. */
static void
check_encoding(const struct ham_record *record)
{
	uint8_t bytes[HAM_GUEST_WIRE_MAX], again[HAM_GUEST_WIRE_MAX];
	size_t len = ham_guest_encode(guest(record), bytes);
	struct ham_guest got;

	ck_assert_ptr_null(ham_guest_decode(bytes, len, &got));
	ck_assert_uint_eq(got.failover, guest(record)->failover);
	ck_assert_uint_eq(got.spare, guest(record)->spare);
	ck_assert_mem_eq(got.tried, guest(record)->tried, sizeof(got.tried));
	ck_assert_uint_eq(ham_guest_encode(&got, again), len);
	ck_assert_mem_eq(bytes, again, len);
}

static void
expect_current(const struct ham_record *record, const char *nodes)
{
	for (uint32_t node = A; node <= D; node++) {
		bool wanted = strchr(nodes, (char)('0' + node)) != NULL;

		ck_assert_msg(ham_guest_is_current(guest(record), node) ==
				      wanted,
			      "node %u", node);
	}
}

START_TEST(nothing_counts_but_where_it_may_run)
{
	g_autofree struct ham_record *record = promoted(false);

	expect_current(record, "2");
	ck_assert_uint_eq(guest(record)->epoch, 4);
	check_encoding(record);
}
END_TEST

START_TEST(a_start_that_failed_changes_no_copy)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STARTED);
	ck_assert(guest(record)->owner_dead);
	ck_assert(ham_guest_tried(guest(record), B));
	ck_assert(!ham_guest_tried(guest(record), C));
	expect_current(record, "1234");
	check_encoding(record);
	/* no process of it was there: its death says nothing */
	ck_assert_ptr_nonnull(say(record, HAM_OP_DEAD, B, 0, "off"));
	go(record, HAM_OP_PROMOTE, C, 0, "");
	expect_current(record, "3");
	ck_assert_uint_eq(guest(record)->epoch, 7);
	ck_assert(!guest(record)->owner_dead);
	ck_assert_str_eq(guest(record)->reason, "n2: no bridge");
	check_encoding(record);
}
END_TEST

START_TEST(it_counts_once)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	ck_assert_str_eq(
		say(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: again"),
		"that start is over");
	ck_assert_str_eq(guest(record)->reason, "n2: no bridge");
}
END_TEST

START_TEST(it_may_have_run_so_no_copy_counts)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW, "QEMU ended");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert_str_eq(guest(record)->reason, "QEMU ended");
	expect_current(record, "2");
	check_encoding(record);
}
END_TEST

/* Whether it ran nobody can say. */
START_TEST(its_next_node_died_so_no_copy_counts)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_DEAD, B, 0, "off");
	expect_current(record, "2");
	ck_assert(!guest(record)->failover);
	check_encoding(record);
	ck_assert_ptr_nonnull(say(record, HAM_OP_PROMOTE, C, 0, ""));
	/* what is heard of it still ends it, and brings nothing back */
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	expect_current(record, "2");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
}
END_TEST

/* It runs, or its disks there are written to. */
START_TEST(what_follows_a_start_ends_it)
{
	static const enum ham_op_kind kinds[] = {HAM_OP_MIGRATE, HAM_OP_SYNC,
						 HAM_OP_RESIZE, HAM_OP_MOVE};
	static const uint64_t txns[] = {0, 0, 1 << 20, 0};
	g_autofree struct ham_record *record = promoted(false);

	go(record, kinds[_i], kinds[_i] == HAM_OP_RESIZE ? 0 : C, txns[_i],
	   "");
	ck_assert(!guest(record)->failover);
	ck_assert_uint_eq(guest(record)->spare, 0);
	check_encoding(record);
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert(!ham_guest_is_current(guest(record), C));
	ck_assert(!ham_guest_is_current(guest(record), D));
}
END_TEST

START_TEST(three_nodes_then_no_more)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	go(record, HAM_OP_PROMOTE, C, 0, "");
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n3: no kernel");
	check_encoding(record);
	go(record, HAM_OP_PROMOTE, D, 0, "");
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n4: no memory");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert(guest(record)->wanted);
	ck_assert_str_eq(guest(record)->reason,
			 "n2: no bridge; n3: no kernel; n4: no memory");
	expect_current(record, "1234");
	check_encoding(record);
	go(record, HAM_OP_START, C, 0, "");
	ck_assert_str_eq(guest(record)->reason, "");
}
END_TEST

START_TEST(nobody_wants_it_any_more)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_WANT_STOP, 0, 0, "");
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	expect_current(record, "1234");
}
END_TEST

START_TEST(a_next_death_begins_anew)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	go(record, HAM_OP_PROMOTE, C, 0, "");
	go(record, HAM_OP_DEAD, C, 0, "off");
	ck_assert(!ham_guest_tried(guest(record), B));
	go(record, HAM_OP_PROMOTE, C, 0, "");
	ck_assert_str_eq(guest(record)->reason, "");
}
END_TEST

START_TEST(shared_disks_are_everywhere)
{
	g_autofree struct ham_record *record = promoted(true);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "n2: no bridge");
	ck_assert(guest(record)->owner_dead);
	check_encoding(record);
	go(record, HAM_OP_PROMOTE, D, 0, "");
	ck_assert_uint_eq(guest(record)->owner, D);
	expect_current(record, "4");
	check_encoding(record);
}
END_TEST

START_TEST(only_after_a_death)
{
	g_autofree struct ham_record *record = promoted(false);

	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_ANYHOW, "");
	go(record, HAM_OP_START, B, 0, "");
	go(record, HAM_OP_STOPPED, 0, HAM_ENDED_UNRUN, "no bridge");
	ck_assert_uint_eq(guest(record)->phase, HAM_GUEST_STOPPED);
	ck_assert_str_eq(guest(record)->reason, "no bridge");
}
END_TEST

/* What no record ever holds is no entry. */
START_TEST(entries_are_checked)
{
	g_autofree struct ham_record *record = promoted(false);
	struct ham_guest got, bad[6];
	uint8_t bytes[HAM_GUEST_WIRE_MAX];

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		bad[i] = *guest(record);
	bad[0].spare = 1 << HAM_MAX_REPLICAS;
	bad[1].spare = 1 << 1; /* the owner's own, which is current */
	bad[2].tried[1] = C;   /* without a first */
	bad[3].tried[0] = bad[3].tried[1] = C;
	bad[4].phase = HAM_GUEST_STOPPED;
	bad[5].replica[2].node = 0;
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		size_t len = ham_guest_encode(&bad[i], bytes);

		ck_assert_msg(ham_guest_decode(bytes, len, &got) != NULL,
			      "entry %zu", i);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("failover");
	TCase *tc = tcase_create("record");

	tcase_add_test(tc, nothing_counts_but_where_it_may_run);
	tcase_add_test(tc, a_start_that_failed_changes_no_copy);
	tcase_add_test(tc, it_counts_once);
	tcase_add_test(tc, it_may_have_run_so_no_copy_counts);
	tcase_add_test(tc, its_next_node_died_so_no_copy_counts);
	tcase_add_loop_test(tc, what_follows_a_start_ends_it, 0, 4);
	tcase_add_test(tc, three_nodes_then_no_more);
	tcase_add_test(tc, nobody_wants_it_any_more);
	tcase_add_test(tc, a_next_death_begins_anew);
	tcase_add_test(tc, shared_disks_are_everywhere);
	tcase_add_test(tc, only_after_a_death);
	tcase_add_test(tc, entries_are_checked);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
