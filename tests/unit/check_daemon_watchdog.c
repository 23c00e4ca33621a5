/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_daemon_watchdog.c - when this node's watchdog is armed and
 * fed, and what others may count on
 *
 * hamwd and the core are none: hamwd's first word is `greeting`, and what it is
 * asked is noted.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/base/clock.h"
#include "hamd/daemon.h"
#include "hamd/fencing.h"
#include "tests/unit/leaf_run.h"

#define S INT64_C(1000000)

static ham_daemon daemon_;
static ham_conf conf = {.watchdog_us = 10 * S};
static struct ham_core_config config;
static struct ham_watchdog_state greeting;
static bool reached;
static ham_watchdog_state_fn tell_state;
static ham_watchdog_lost_fn tell_lost;
static unsigned int arms;
static int64_t deadline_us; /* ordered last; 0: none */
static unsigned int posts;
static uint64_t posted;
static bool may_run, any_qemu;
static int64_t lease_us;
static bool leaseless;
static unsigned int disarms, ends; /* asked of hamwd; told to leave.c */
static bool post_flag;
static char something[1];

static gboolean
greet(gpointer data)
{
	if (reached)
		tell_state(&greeting, data);
	else
		tell_lost("no such file", data);
	return G_SOURCE_REMOVE;
}

ham_watchdog *
ham_watchdog_new(const char *path, ham_watchdog_state_fn on_state,
		 ham_watchdog_lost_fn on_lost, void *data)
{
	(void)path;
	tell_state = on_state;
	tell_lost = on_lost;
	g_idle_add(greet, data);
	return (ham_watchdog *)something;
}

void
ham_watchdog_free(ham_watchdog *watchdog)
{
	(void)watchdog;
}

bool
ham_watchdog_arm(ham_watchdog *watchdog, int64_t timeout_us)
{
	(void)watchdog;
	ck_assert_int_eq(timeout_us, conf.watchdog_us);
	arms++;
	return true;
}

bool
ham_watchdog_disarm(ham_watchdog *watchdog)
{
	(void)watchdog;
	disarms++;
	return true;
}

void
ham_daemon_disarmed(ham_daemon *daemon, const char *why_not)
{
	(void)daemon;
	(void)why_not;
	ends++;
}

bool
ham_core_is_leaseless(const ham_core *core)
{
	(void)core;
	return leaseless;
}

bool
ham_watchdog_deadline(ham_watchdog *watchdog, int64_t boottime_us)
{
	(void)watchdog;
	deadline_us = boottime_us;
	return true;
}

void
ham_daemon_post(ham_daemon *daemon, const struct ham_event *event)
{
	(void)daemon;
	ck_assert_uint_eq(event->kind, HAM_EV_WATCHDOG);
	posts++;
	posted = event->value;
	post_flag = event->flag;
}

uint32_t
ham_daemon_node_id(const ham_daemon *daemon, const char *name)
{
	(void)daemon;
	return (uint32_t)(name[1] - '0');
}

bool
ham_daemon_is_up(const ham_daemon *daemon, const char *name)
{
	(void)daemon;
	(void)name;
	return true;
}

uint32_t
ham_core_self(const ham_core *core)
{
	(void)core;
	return 1;
}

bool
ham_core_is_armed(const ham_core *core, uint32_t id)
{
	(void)core;
	return id == 3;
}

bool
ham_core_may_run(const ham_core *core)
{
	(void)core;
	return may_run;
}

int64_t
ham_core_lease_us(const ham_core *core)
{
	(void)core;
	return lease_us;
}

bool
ham_guests_any(const ham_guests *guests)
{
	(void)guests;
	return any_qemu;
}

static void
add(const char *node, const char *agent)
{
	struct ham_fence_device d = {
		.node = node, .name = "dog", .agent = agent};

	g_array_append_val(daemon_.fence_devices, d);
}

static void
begin(void)
{
	daemon_ = (ham_daemon){.conf = &conf};
	daemon_.fence_devices =
		g_array_new(FALSE, TRUE, sizeof(struct ham_fence_device));
	config = (struct ham_core_config){.lease_until_us = INT64_MAX};
	greeting = (struct ham_watchdog_state){.identity = "x", .error = ""};
	reached = true;
	lease_us = 20 * S;
	may_run = any_qemu = leaseless = false;
	setenv("HAMD_WATCHDOG_ANYWHERE", "1", 1);
}

static void
end(void)
{
	ham_daemon_watchdog_stop(&daemon_);
	g_array_unref(daemon_.fence_devices);
}

/* What hamwd says of one that has `timeout_us` in force. */
static struct ham_watchdog_state
armed(int64_t timeout_us)
{
	return (struct ham_watchdog_state){.armed = true,
					   .timeout_us = timeout_us,
					   .deadline_us = 77 * S,
					   .identity = "x",
					   .error = ""};
}

/* This node is n1; then hamd's start goes on, and there is a core. */
static void
start(void)
{
	ham_daemon_watchdog_start(&daemon_, "n1", &config);
	daemon_.core = (ham_core *)something;
}

static void
say(struct ham_watchdog_state state)
{
	tell_state(&state, &daemon_);
}

/* "" if status has nothing against it. */
static const char *
problem(void)
{
	static char text[HAM_TEXT_MAX];
	g_autoptr(JsonArray) list = json_array_new();

	ham_daemon_watchdog_problems(&daemon_, list);
	g_strlcpy(text,
		  json_array_get_length(list)
			  ? json_array_get_string_element(list, 0)
			  : "",
		  sizeof(text));
	return text;
}

START_TEST(armed_once_when_hamd_is_ready)
{
	add("n1", "watchdog");
	start();
	ck_assert_uint_eq(arms, 0);
	ck_assert_int_eq(config.watchdog_us, 0);
	ham_daemon_watchdog_ready(&daemon_);
	ham_daemon_watchdog_ready(&daemon_);
	ck_assert_uint_eq(arms, 1);
	ck_assert(!ham_daemon_watchdog_armed(&daemon_, "n1"));
	say(armed(12 * S));
	ck_assert(ham_daemon_watchdog_armed(&daemon_, "n1"));
	/* what is in force, not what was asked for; told once */
	ck_assert_uint_eq(posted, 12 * S);
	say(armed(12 * S));
	ck_assert_uint_eq(posts, 1);
	ck_assert_str_eq(problem(), "");
}
END_TEST

START_TEST(what_an_earlier_life_armed_is_known_from_the_start)
{
	add("n1", "watchdog");
	greeting = armed(9 * S);
	start();
	ck_assert_int_eq(config.watchdog_us, 9 * S);
	/* its lease may be over */
	ck_assert_int_eq(config.lease_until_us, 77 * S);
	ham_daemon_watchdog_ready(&daemon_);
	ck_assert_uint_eq(arms, 0);
}
END_TEST

/* The file names one of another node, and this node's power. */
START_TEST(not_armed_without_one_in_the_file)
{
	add("n2", "watchdog");
	add("n1", "fence_x");
	start();
	ham_daemon_watchdog_ready(&daemon_);
	say(greeting);
	ck_assert_uint_eq(arms, 0);
}
END_TEST

START_TEST(fed_without_one_in_the_file_and_not_counted_on)
{
	greeting = armed(9 * S);
	start();
	ck_assert_int_eq(config.watchdog_us, 0);
	ck_assert_int_eq(config.lease_until_us, 77 * S);
	ck_assert(!ham_daemon_watchdog_armed(&daemon_, "n1"));
	ham_daemon_watchdog_lease(&daemon_, 99 * S);
	ck_assert_int_eq(deadline_us, 99 * S);
	say(armed(8 * S));
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(posted, 0);
}
END_TEST

START_TEST(none_in_a_virtual_machine)
{
	g_autofree char *cpus = NULL;

	ck_assert(g_file_get_contents("/proc/cpuinfo", &cpus, NULL, NULL));
	unsetenv("HAMD_WATCHDOG_ANYWHERE");
	add("n1", "watchdog");
	start();
	ham_daemon_watchdog_ready(&daemon_);
	ck_assert_uint_eq(arms, strstr(cpus, " hypervisor") ? 0 : 1);
}
END_TEST

START_TEST(one_that_is_refused_is_named_and_asked_for_once)
{
	struct ham_watchdog_state no = greeting;

	add("n1", "watchdog");
	start();
	ham_daemon_watchdog_ready(&daemon_);
	no.error = "no such device";
	say(no);
	ck_assert_uint_eq(arms, 1);
	ck_assert(strstr(problem(), "no such device"));
}
END_TEST

/* hamwd was started anew. */
START_TEST(lost_and_armed_again)
{
	add("n1", "watchdog");
	start();
	ham_daemon_watchdog_ready(&daemon_);
	say(armed(10 * S));
	tell_lost("gone", &daemon_);
	ck_assert_uint_eq(posts, 2);
	ck_assert_uint_eq(posted, 0);
	ck_assert(strstr(problem(), "hamwd is not reached: gone"));
	ham_daemon_watchdog_lease(&daemon_, 99 * S);
	ham_daemon_watchdog_tick(&daemon_);
	ck_assert_int_eq(deadline_us, 0);
	say(greeting);
	ck_assert_uint_eq(arms, 2);
	say(armed(10 * S));
	ck_assert_uint_eq(posts, 3);
	ck_assert_uint_eq(posted, 10 * S);
}
END_TEST

START_TEST(a_start_without_hamwd)
{
	reached = false;
	add("n1", "watchdog");
	start();
	ck_assert_int_eq(config.watchdog_us, 0);
	ck_assert_int_eq(config.lease_until_us, INT64_MAX);
	ck_assert(strstr(problem(), "hamwd is not reached: no such file"));
}
END_TEST

/* Without a lease it is let run out, as soon as something runs or may. */
START_TEST(fed_by_the_lease_alone_unless_idle)
{
	int64_t before = ham_clock_us();

	add("n1", "watchdog");
	greeting = armed(9 * S);
	start();
	ham_daemon_watchdog_tick(&daemon_);
	ck_assert_int_ge(deadline_us, before + 9 * S);
	ck_assert_int_le(deadline_us, ham_clock_us() + 9 * S);
	deadline_us = 0;
	may_run = true;
	ham_daemon_watchdog_tick(&daemon_);
	ck_assert_int_eq(deadline_us, 0);
	may_run = false;
	any_qemu = true;
	ham_daemon_watchdog_tick(&daemon_);
	ck_assert_int_eq(deadline_us, 0);
	/* nobody counts on anything */
	lease_us = 0;
	ham_daemon_watchdog_tick(&daemon_);
	ck_assert_int_ne(deadline_us, 0);
}
END_TEST

START_TEST(a_timer_of_the_kernel_is_named)
{
	add("n1", "watchdog");
	greeting = armed(9 * S);
	greeting.softdog = true;
	start();
	ck_assert(strstr(problem(), "is a timer of its kernel"));
}
END_TEST

START_TEST(of_another_node_its_word_counts)
{
	add("n2", "watchdog");
	start();
	ck_assert(!ham_daemon_watchdog_armed(&daemon_, "n2"));
	ck_assert(ham_daemon_watchdog_armed(&daemon_, "n3"));
	ck_assert(strstr(problem(), "the watchdog of n2 is not armed"));
}
END_TEST

static void
start_armed(void)
{
	add("n1", "watchdog");
	greeting = armed(9 * S);
	start();
	ham_daemon_watchdog_ready(&daemon_);
}

/* The core hears of it when hamwd has said so, and not of other answers. */
START_TEST(closed_and_opened_by_order)
{
	struct ham_watchdog_state off = greeting;

	start_armed();
	ham_daemon_watchdog_disarm(&daemon_, true);
	ck_assert_uint_eq(disarms, 1);
	say(armed(9 * S)); /* an answer to a deadline */
	ck_assert_uint_eq(posts, 0);
	say(off);
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(posted, 0);
	ck_assert(!post_flag);
	ck_assert_uint_eq(ends, 1);
	ck_assert(strstr(problem(), "this node is disarmed"));
	/* not by itself, nor when hamwd was started anew */
	tell_lost("gone", &daemon_);
	say(off);
	ck_assert_uint_eq(arms, 0);
	ham_daemon_watchdog_disarm(&daemon_, false);
	ck_assert_uint_eq(arms, 1);
	ck_assert_uint_eq(posts, 1);
	say(armed(9 * S));
	ck_assert_uint_eq(posts, 2);
	ck_assert_uint_eq(posted, 9 * S);
}
END_TEST

/* It can't be armed while it is being closed: what was heard of it before that
 * is no answer. */
START_TEST(opened_while_it_is_being_closed)
{
	struct ham_watchdog_state off = greeting;

	start_armed();
	ham_daemon_watchdog_disarm(&daemon_, true);
	ham_daemon_watchdog_disarm(&daemon_, false);
	ck_assert_uint_eq(posts, 0);
	ck_assert_uint_eq(arms, 0);
	say(off);
	ck_assert_uint_eq(posts, 0);
	ck_assert_uint_eq(ends, 0);
	ck_assert_uint_eq(arms, 1);
	say(armed(9 * S));
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(posted, 9 * S);
	/* and closed again, by a later order */
	ham_daemon_watchdog_disarm(&daemon_, true);
	ck_assert_uint_eq(disarms, 2);
	say(off);
	ck_assert_uint_eq(posts, 2);
	ck_assert_uint_eq(posted, 0);
	ck_assert_uint_eq(arms, 1);
}
END_TEST

/* The last order counts. */
START_TEST(closed_all_the_same)
{
	struct ham_watchdog_state off = greeting;

	start_armed();
	ham_daemon_watchdog_disarm(&daemon_, true);
	ham_daemon_watchdog_disarm(&daemon_, false);
	ham_daemon_watchdog_disarm(&daemon_, true);
	say(off);
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(ends, 1);
	ck_assert_uint_eq(arms, 0);
}
END_TEST

/* One that the file does not want, and that can't be closed. */
START_TEST(what_is_only_fed_counts_for_nothing_refused)
{
	struct ham_watchdog_state no = armed(9 * S);

	greeting = armed(9 * S);
	start();
	no.error = "nowayout";
	ham_daemon_watchdog_disarm(&daemon_, true);
	say(no);
	ck_assert(post_flag);
	ck_assert_uint_eq(posted, 0);
}
END_TEST

START_TEST(what_cannot_be_closed_is_told)
{
	struct ham_watchdog_state no = armed(9 * S);

	start_armed();
	no.error = "nowayout";
	ham_daemon_watchdog_disarm(&daemon_, true);
	say(no);
	ck_assert(post_flag);
	ck_assert_uint_eq(posted, 9 * S);
	ck_assert_uint_eq(ends, 1);
	ck_assert(ham_daemon_watchdog_armed(&daemon_, "n1"));
}
END_TEST

/* It may hold a deadline, and kills when that is over. */
START_TEST(who_is_not_reached_may_be_armed)
{
	start_armed();
	tell_lost("gone", &daemon_);
	posts = 0;
	ham_daemon_watchdog_disarm(&daemon_, true);
	ck_assert_uint_eq(posts, 1);
	ck_assert(post_flag);
	ck_assert_uint_eq(ends, 1);
}
END_TEST

START_TEST(without_one_the_core_is_answered_at_once)
{
	start();
	ham_daemon_watchdog_disarm(&daemon_, true);
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(ends, 1);
	ham_daemon_watchdog_disarm(&daemon_, false);
	ck_assert_uint_eq(posts, 2);
	ck_assert_uint_eq(arms + disarms, 0);
}
END_TEST

/* The core orders that when it has a lease. */
START_TEST(not_armed_by_the_start_of_a_node_without_a_lease)
{
	add("n1", "watchdog");
	leaseless = true;
	start();
	ham_daemon_watchdog_ready(&daemon_);
	say(greeting);
	ck_assert_uint_eq(arms, 0);
}
END_TEST

START_TEST(what_cannot_be_armed_is_told)
{
	struct ham_watchdog_state no = greeting;

	add("n1", "watchdog");
	leaseless = true;
	start();
	ham_daemon_watchdog_ready(&daemon_);
	ham_daemon_watchdog_disarm(&daemon_, false);
	ck_assert_uint_eq(arms, 1);
	ck_assert_uint_eq(posts, 0);
	no.error = "no such device";
	say(no);
	ck_assert_uint_eq(posts, 1);
	ck_assert_uint_eq(posted, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("daemon_watchdog");
	TCase *tc = tcase_create("hamwd");

	tcase_add_checked_fixture(tc, begin, end);
	tcase_add_test(tc, armed_once_when_hamd_is_ready);
	tcase_add_test(tc, what_an_earlier_life_armed_is_known_from_the_start);
	tcase_add_test(tc, not_armed_without_one_in_the_file);
	tcase_add_test(tc, fed_without_one_in_the_file_and_not_counted_on);
	tcase_add_test(tc, none_in_a_virtual_machine);
	tcase_add_test(tc, one_that_is_refused_is_named_and_asked_for_once);
	tcase_add_test(tc, lost_and_armed_again);
	tcase_add_test(tc, a_start_without_hamwd);
	tcase_add_test(tc, fed_by_the_lease_alone_unless_idle);
	tcase_add_test(tc, a_timer_of_the_kernel_is_named);
	tcase_add_test(tc, of_another_node_its_word_counts);
	tcase_add_test(tc, closed_and_opened_by_order);
	tcase_add_test(tc, opened_while_it_is_being_closed);
	tcase_add_test(tc, closed_all_the_same);
	tcase_add_test(tc, what_is_only_fed_counts_for_nothing_refused);
	tcase_add_test(tc, what_cannot_be_closed_is_told);
	tcase_add_test(tc, who_is_not_reached_may_be_armed);
	tcase_add_test(tc, without_one_the_core_is_answered_at_once);
	tcase_add_test(tc, not_armed_by_the_start_of_a_node_without_a_lease);
	tcase_add_test(tc, what_cannot_be_armed_is_told);
	suite_add_tcase(suite, tc);
	return leaf_run(suite);
}
