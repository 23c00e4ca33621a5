/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_fencing.c - the core's orders to fence become jobs, one a
 * node, and their answers events
 *
 * The jobs are none: what is begun and called off is noted.
 */
#include <check.h>
#include <string.h>

#include "hamd/fencing.h"
#include "tests/unit/leaf_run.h"

struct ham_fence_job {
	ham_fence_done_fn on_done;
	void *data;
};

static ham_daemon daemon_;
static GString *acts;
static struct ham_event posted;
static unsigned int n_posted;
static ham_fence_job job;

ham_fence_job *
ham_fence_switch_off(const struct ham_fence_job_spec *spec,
		     ham_fence_done_fn on_done, void *data)
{
	g_string_append_printf(acts, "off %s,", spec->node);
	job = (ham_fence_job){on_done, data};
	return &job;
}

void
ham_fence_job_cancel(ham_fence_job *old)
{
	if (old)
		g_string_append(acts, "cancel,");
}

const char *
ham_fence_agents(void)
{
	return "/nowhere";
}

bool
ham_fence_is_power(const struct ham_fence_device *device)
{
	return strcmp(device->agent, "watchdog") != 0;
}

void
ham_daemon_post(ham_daemon *daemon, const struct ham_event *event)
{
	ck_assert_ptr_eq(daemon, &daemon_);
	posted = *event;
	n_posted++;
}

bool
ham_daemon_fence_ordered(const ham_daemon *daemon, uint32_t node)
{
	(void)daemon;
	(void)node;
	return false;
}

void
ham_daemon_history_add(ham_daemon *daemon, const char *node, const char *what,
		       const char *by, const char *text)
{
	(void)daemon;
	(void)text;
	g_string_append_printf(acts, "%s %s by %s,", node, what, by);
}

/* What begins and ends with hamd itself. */
#define NOTHING(function)                                                      \
	void function(ham_daemon *daemon)                                      \
	{                                                                      \
		(void)daemon;                                                  \
	}
NOTHING(ham_daemon_watch_start)
NOTHING(ham_daemon_watch_stop)
NOTHING(ham_daemon_fence_orders_stop)
NOTHING(ham_daemon_history_open)
NOTHING(ham_daemon_history_close)
NOTHING(ham_daemon_seen_open)
NOTHING(ham_daemon_seen_close)

static void
begin(void)
{
	struct ham_core_config config = {.self = 1,
					 .incarnation = 1,
					 .n_nodes = 3,
					 .nodes = {{.id = 1, .name = "n1"},
						   {.id = 2, .name = "n2"},
						   {.id = 3, .name = "n3"}}};
	static ham_conf conf;

	conf.fences = g_ptr_array_new();
	daemon_.conf = &conf;
	daemon_.core = ham_core_new(&config);
	acts = g_string_new("");
	n_posted = 0;
	ham_daemon_fence_devices(&daemon_);
}

static void
end(void)
{
	ham_daemon_fence_stop(&daemon_);
	ham_core_free(daemon_.core);
	g_ptr_array_unref(daemon_.conf->fences);
	g_string_free(acts, TRUE);
}

static void
order(uint32_t node, uint64_t attempt)
{
	const struct ham_effect effect = {
		.kind = HAM_FX_FENCE, .node = node, .value = attempt};

	ham_daemon_fence(&daemon_, &effect);
}

START_TEST(its_answer_is_of_the_order)
{
	order(2, 5);
	ck_assert(ham_daemon_is_fencing(&daemon_, 2));
	ck_assert(!ham_daemon_is_fencing(&daemon_, 3));
	job.on_done(true, "seen off", job.data);
	ck_assert_str_eq(acts->str, "off n2,n2 off by n1,");
	ck_assert_uint_eq(n_posted, 1);
	ck_assert_uint_eq(posted.kind, HAM_EV_FENCED);
	ck_assert_uint_eq(posted.node, 2);
	ck_assert_uint_eq(posted.value, 5);
	ck_assert(posted.flag);
	ck_assert(!ham_daemon_is_fencing(&daemon_, 2));
}
END_TEST

START_TEST(a_failure_is_no_history)
{
	order(2, 5);
	job.on_done(false, "no route", job.data);
	ck_assert_str_eq(acts->str, "off n2,");
	ck_assert_uint_eq(n_posted, 1);
	ck_assert(!posted.flag);
}
END_TEST

START_TEST(called_off_and_nothing_is_begun_or_answered)
{
	order(2, 5);
	order(2, 0);
	ck_assert_str_eq(acts->str, "off n2,cancel,");
	ck_assert(!ham_daemon_is_fencing(&daemon_, 2));
	ck_assert_uint_eq(n_posted, 0);
	order(3, 0);
	ck_assert_str_eq(acts->str, "off n2,cancel,");
}
END_TEST

START_TEST(a_new_order_ends_the_older_one)
{
	order(2, 5);
	order(2, 6);
	ck_assert_str_eq(acts->str, "off n2,cancel,off n2,");
	job.on_done(true, "seen off", job.data);
	ck_assert_uint_eq(n_posted, 1);
	ck_assert_uint_eq(posted.value, 6);
}
END_TEST

START_TEST(one_node_is_not_in_the_others_way)
{
	order(2, 5);
	order(3, 6);
	ck_assert_str_eq(acts->str, "off n2,off n3,");
	ck_assert(ham_daemon_is_fencing(&daemon_, 2));
	ck_assert(ham_daemon_is_fencing(&daemon_, 3));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("fencing");
	TCase *tc = tcase_create("orders");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, its_answer_is_of_the_order);
	tcase_add_test(tc, a_failure_is_no_history);
	tcase_add_test(tc, called_off_and_nothing_is_begun_or_answered);
	tcase_add_test(tc, a_new_order_ends_the_older_one);
	tcase_add_test(tc, one_node_is_not_in_the_others_way);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
