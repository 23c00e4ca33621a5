/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_core.c - the core: what a cluster decides, and a restart
 *
 * Views, starts and stops, restarts of hamd, nodes and the cluster.
 * Each test is one course on the bus of bus.h: its start, one disturbance, its
 * end.  The bus asserts after every step that the guest's vCPUs run on one node
 * at most.
 */
#include <string.h>

#include "tests/unit/courses.h"
#include "tests/unit/leaf_run.h"

START_TEST(first_start_needs_all)
{
	struct bus *bus = bus_new(3, 0);
	struct ham_core_view view;

	bus_up(bus, 0);
	bus_up(bus, 1);
	bus_run(bus);
	ck_assert(!bus_active(bus, 0));
	ham_core_get_view(bus->node[0].core, &view);
	ck_assert_ptr_nonnull(strstr(view.waiting_for, "n3"));
	bus_up(bus, 2);
	bus_run(bus);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(bus_active(bus, i));
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

START_TEST(start_stop)
{
	struct bus *bus = course_three_with_guest(0);

	ck_assert_uint_eq(bus_guest(bus, 2)->epoch, 1);
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_str_eq(bus->node[1].last_error, "");
	ck_assert_int_eq(bus_guest(bus, 2)->phase, HAM_GUEST_STOPPED);
	ck_assert(!bus_guest(bus, 2)->wanted);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(start_refused_without_current_copy)
{
	struct bus *bus = course_three_with_guest(0);

	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	bus_command(bus, 1, HAM_CMD_START, 2);
	bus_run(bus);
	ck_assert_ptr_nonnull(
		strstr(bus->node[1].last_error, "no current copy"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(no_start_without_quorum)
{
	struct bus *bus = course_three(0);

	bus_split(bus, "123");
	bus_run(bus);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[0].last_error, "no decisions"));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

/* A start at n1 while the disks of `held` (bit i: node i) take nothing: it runs
 * when that of node `next` goes on, and not before. */
static void
starts_with_disk(unsigned int held, unsigned int next)
{
	struct bus *bus = course_three(0);

	for (unsigned int i = 0; i < bus->n; i++)
		bus->node[i].store_held = held & (1u << i);
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STARTED);
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_store_go(bus, next);
	bus_run(bus);
	ck_assert(bus->node[0].vcpus);
	bus_free(bus);
}

/* PROMOTE before QEMU starts: nothing runs while only one disk has it. */
START_TEST(start_waits_for_commit)
{
	starts_with_disk(1u << 1 | 1u << 2, 2);
}
END_TEST

/* A majority has it, but its node would not know, were it to restart now, that
 * it ever ran there. */
START_TEST(start_waits_for_its_own_disk)
{
	starts_with_disk(1u << 0, 0);
}
END_TEST

/* A guest that does not heed its power button can still be ended. */
START_TEST(kill_after_stop)
{
	struct bus *bus = course_three_with_guest(0);

	bus->node[0].silent = BUS_ACT(SHUTDOWN);
	bus_command(bus, 1, HAM_CMD_STOP, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STARTED);
	{
		struct ham_event event = {.kind = HAM_EV_COMMAND,
					  .command = HAM_CMD_STOP,
					  .guest = "g",
					  .flag = true,
					  .token = 999};
		bus_event(bus, 1, &event);
	}
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	bus_free(bus);
}
END_TEST

START_TEST(restart_with_guest_running)
{
	struct bus *bus = course_three_with_guest(0);

	bus_down(bus, 0);
	bus_run(bus);
	bus_up(bus, 0);
	bus_found(bus, 0, HAM_FOUND_RUNNING, 1, 0);
	bus_run(bus);
	ck_assert(bus_active(bus, 0));
	course_expect_owner(bus, 0, 1);
	ck_assert_ptr_null(strstr(bus->node[0].acts->str, "KILL"));
	bus_free(bus);
}
END_TEST

/* Which disk it was only QEMU can tell, by trying again; no copy is given up
 * on a guess. */
START_TEST(found_stopped_by_an_error)
{
	static const uint32_t replica = 1;
	struct bus *bus = course_three_with_guest(1);
	struct ham_event event = {.kind = HAM_EV_DID,
				  .did = HAM_DID_FOUND,
				  .found = HAM_FOUND_RUNNING,
				  .flag = true,
				  .guest = "g",
				  .epoch = 2,
				  .ids = &replica,
				  .n_ids = 1};

	bus_command(bus, 0, HAM_CMD_MIGRATE, 2);
	bus_run(bus);
	bus_time(bus, COURSE_SETTLED_US);
	bus_down(bus, 1);
	bus_run(bus);
	bus_up(bus, 1);
	bus_event(bus, 1, &event);
	bus_run(bus);
	ck_assert_ptr_nonnull(strstr(bus->node[1].acts->str, "RETRY"));
	ck_assert(ham_guest_is_current(bus_guest(bus, 2), 1));
	course_expect_owner(bus, 1, 2);
	bus_free(bus);
}
END_TEST

/* F67: a QEMU of an old epoch is ended before its node counts again. */
START_TEST(stale_qemu_killed_before_stored)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_core_view view;

	bus_down(bus, 0);
	bus_run(bus);
	bus->node[0].silent = BUS_ACT(KILL);
	bus_up(bus, 0);
	bus->node[0].vcpus = false;
	bus_found(bus, 0, HAM_FOUND_RUNNING, 99, 0);
	bus_run(bus);
	ham_core_get_view(bus->node[1].core, &view);
	ck_assert_uint_eq(view.counted & 1, 0);
	bus_did(bus, 0, HAM_DID_GONE, "killed", false);
	bus_run(bus);
	ham_core_get_view(bus->node[1].core, &view);
	ck_assert_uint_eq(view.counted & 1, 1);
	bus_free(bus);
}
END_TEST

START_TEST(owner_gone_waits_for_proof)
{
	struct bus *bus = course_three_with_guest(0);
	struct ham_core_guest_info info;

	bus_split(bus, "211");
	bus_run(bus);
	bus_time(bus, 60000000);
	ck_assert_uint_eq(bus_runners(bus), 1);
	ham_core_guest_info(bus->node[1].core, bus_guest(bus, 1), &info);
	ck_assert_str_eq(info.state, "unknown");
	ck_assert_uint_eq(info.waits_for_node, 1);
	bus_free(bus);
}
END_TEST

/* What a minority delivered last is dropped when it returns. */
START_TEST(tentative_tail_dropped)
{
	struct bus *bus = course_three(0);

	bus->node[1].store_held = bus->node[2].store_held = true;
	bus_command(bus, 0, HAM_CMD_START, 1);
	bus_run(bus);
	ck_assert_ptr_nonnull(bus_guest(bus, 0));
	bus_down(bus, 1);
	bus_down(bus, 2);
	bus_split(bus, "122");
	bus_up(bus, 1);
	bus_up(bus, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 1));
	ck_assert_ptr_null(bus_guest(bus, 1));
	bus_split(bus, "111");
	bus_run(bus);
	ck_assert_ptr_null(bus_guest(bus, 0));
	ck_assert(bus_equal(bus, 0));
	ck_assert_uint_eq(bus_runners(bus), 0);
	bus_free(bus);
}
END_TEST

START_TEST(whole_cluster_restarts)
{
	struct bus *bus = course_three_with_guest(0);

	for (unsigned int i = 0; i < 3; i++) {
		bus_down(bus, i);
		bus->node[i].vcpus = false;
	}
	bus_run(bus);
	bus_split(bus, "111");
	bus_up(bus, 1);
	bus_up(bus, 2);
	bus_run(bus);
	ck_assert(bus_active(bus, 1));
	ck_assert_uint_eq(bus_guest(bus, 1)->epoch, 1);
	bus_up(bus, 0);
	bus_run(bus);
	ck_assert_int_eq(bus_guest(bus, 0)->phase, HAM_GUEST_STOPPED);
	ck_assert(bus_equal(bus, 0));
	bus_free(bus);
}
END_TEST

/* A promise that is on its way to the disk when the ring changes is not
 * overwritten there by a lower one that is asked for afterwards. */
static struct ham_effects
lone_step(ham_core *core, struct ham_event *event)
{
	struct ham_effects fx = {0};

	ham_core_step(core, event, &fx);
	return fx;
}

static void
lone_ring(ham_core *core, uint64_t seq, uint32_t other, uint64_t *ticket,
	  uint64_t *on_disk)
{
	uint32_t ids[2] = {1, other};
	struct ham_event e[3] = {
		{.kind = HAM_EV_TOTEM,
		 .ring = {1, seq},
		 .ids = ids,
		 .n_ids = 2},
		{.kind = HAM_EV_QUORUM, .ring = {1, seq}, .flag = true},
		{.kind = HAM_EV_GROUP, .ids = ids, .n_ids = 2}};

	for (int k = 0; k < 3; k++) {
		struct ham_effects fx = lone_step(core, &e[k]);

		for (size_t i = 0; i < fx.n; i++)
			if (fx.list[i].kind == HAM_FX_PERSIST) {
				*ticket = fx.list[i].value;
				*on_disk = GUINT64_FROM_BE(
					*(uint64_t *)(void *)fx.list[i]
						 .items[0]
						 .value);
			}
		ham_effects_free(&fx);
	}
}

START_TEST(a_promise_is_never_lowered)
{
	struct ham_core_config config = {
		.self = 1, .n_nodes = 3, .incarnation = 1, .version = "t"};
	struct ham_event ready = {.kind = HAM_EV_READY};
	struct ham_event done = {.kind = HAM_EV_PERSISTED};
	struct ham_msg hers = {.kind = HAM_MSG_EXCHANGE,
			       .incarnation = 7,
			       .ring = {1, 4},
			       .promise = 1000,
			       .version = "t"};
	struct ham_event msg = {.kind = HAM_EV_MESSAGE, .node = 2};
	struct ham_effects fx;
	uint64_t ticket = 0;
	uint64_t on_disk = 0;
	uint64_t said = 0;
	ham_core *core;

	for (unsigned int k = 0; k < 3; k++) {
		config.nodes[k].id = k + 1;
		g_snprintf(config.nodes[k].name, HAM_NAME_SIZE, "n%u", k + 1);
	}
	core = ham_core_new(&config);
	fx = lone_step(core, &ready);
	ham_effects_free(&fx);
	lone_ring(core, 4, 2, &ticket, &on_disk);
	done.value = ticket;
	fx = lone_step(core, &done);
	ham_effects_free(&fx);
	/* n2 has promised far more; so does n1, and its disk is slow */
	msg.bytes = ham_msg_encode(&hers, NULL, &msg.len);
	fx = lone_step(core, &msg);
	ham_effects_free(&fx);
	g_free((void *)msg.bytes);
	lone_ring(core, 8, 3, &ticket, &on_disk);
	done.value = ticket; /* both */
	fx = lone_step(core, &done);
	for (size_t i = 0; i < fx.n; i++)
		if (fx.list[i].kind == HAM_FX_SEND) {
			struct ham_msg out;

			ck_assert_ptr_null(ham_msg_decode(
				fx.list[i].bytes, fx.list[i].len, &out));
			if (out.kind == HAM_MSG_EXCHANGE)
				said = out.promise;
		}
	ham_effects_free(&fx);
	ham_core_free(core);
	ck_assert_uint_gt(said, 0);
	ck_assert_uint_le(said, on_disk);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("core");
	TCase *tc = tcase_create("courses");

	tcase_add_test(tc, a_promise_is_never_lowered);
	tcase_add_test(tc, first_start_needs_all);
	tcase_add_test(tc, start_stop);
	tcase_add_test(tc, start_refused_without_current_copy);
	tcase_add_test(tc, no_start_without_quorum);
	tcase_add_test(tc, start_waits_for_commit);
	tcase_add_test(tc, start_waits_for_its_own_disk);
	tcase_add_test(tc, kill_after_stop);
	tcase_add_test(tc, restart_with_guest_running);
	tcase_add_test(tc, found_stopped_by_an_error);
	tcase_add_test(tc, stale_qemu_killed_before_stored);
	tcase_add_test(tc, owner_gone_waits_for_proof);
	tcase_add_test(tc, tentative_tail_dropped);
	tcase_add_test(tc, whole_cluster_restarts);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
