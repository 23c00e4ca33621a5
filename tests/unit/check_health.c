/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_health.c - what makes a node unhealthy, and what the kernel
 * says, read from a folder made for it
 */
#include <check.h>
#include <glib/gstdio.h>
#include <string.h>

#include "hamd/health_sample.h"
#include "tests/unit/leaf_run.h"

#define SECOND INT64_C(1000000)

static const struct ham_health_rules rules = {
	.hold_us = 60 * SECOND,
	.after = 3,
	.window_us = 3600 * SECOND,
	.time_us = 7200 * SECOND,
};

/* A node, looked at every 10 s, whose record always is as it was asked to. */
struct node {
	struct ham_health health;
	int64_t now_us;
	unsigned int flags;
};

static void
look(struct node *node, const char *bad)
{
	node->now_us += 10 * SECOND;
	node->flags = ham_health_judge(&node->health, &rules, bad, node->flags,
				       node->now_us);
}

static void
look_often(struct node *node, const char *bad, unsigned int times)
{
	while (times-- > 0)
		look(node, bad);
}

static void
fall_ill(struct node *node)
{
	look_often(node, "load", HAM_HEALTH_BAD_IN_A_ROW);
}

static void
get_well(struct node *node)
{
	look_often(node, NULL, 7);
}

START_TEST(one_bad_sample_is_none)
{
	struct node node = {.now_us = SECOND};

	for (int i = 0; i < 10; i++) {
		look_often(&node, "load", HAM_HEALTH_BAD_IN_A_ROW - 1);
		look(&node, NULL);
		ck_assert_uint_eq(node.flags, 0);
	}
	fall_ill(&node);
	ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
	ck_assert_str_eq(node.health.reason, "load");
}
END_TEST

START_TEST(well_only_without_a_break)
{
	struct node node = {.now_us = SECOND};

	fall_ill(&node);
	for (int i = 0; i < 4; i++) {
		look_often(&node, NULL, 5);
		look(&node, "load");
		ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
	}
	look_often(&node, NULL, 6);
	ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
	look(&node, NULL);
	ck_assert_uint_eq(node.flags, 0);
}
END_TEST

START_TEST(flapping_is_quarantined)
{
	struct node node = {.now_us = SECOND};
	int64_t since;

	for (int i = 0; i < 2; i++) {
		fall_ill(&node);
		ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
		get_well(&node);
	}
	fall_ill(&node);
	ck_assert_uint_eq(node.flags,
			  HAM_NODE_UNHEALTHY | HAM_NODE_QUARANTINED);
	ck_assert_ptr_nonnull(strstr(node.health.reason, "unhealthy 3 times"));
	since = node.now_us;
	get_well(&node);
	while (node.flags) {
		ck_assert_uint_eq(node.flags, HAM_NODE_QUARANTINED);
		look(&node, NULL);
	}
	/* counted from when the record had it, a look later */
	ck_assert_int_ge(node.now_us - since, rules.time_us);
	ck_assert_int_le(node.now_us - since, rules.time_us + 20 * SECOND);
	/* and begins anew */
	look(&node, NULL);
	fall_ill(&node);
	ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
}
END_TEST

START_TEST(old_illness_is_forgotten)
{
	struct node node = {.now_us = SECOND};

	for (int i = 0; i < 6; i++) {
		fall_ill(&node);
		ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
		get_well(&node);
		node.now_us += 1800 * SECOND;
	}
}
END_TEST

START_TEST(an_operator_lifts_it)
{
	struct node node = {.now_us = SECOND};

	for (int i = 0; i < 3; i++) {
		fall_ill(&node);
		get_well(&node);
	}
	ck_assert_uint_eq(node.flags, HAM_NODE_QUARANTINED);
	node.flags = 0; /* in the record */
	look(&node, NULL);
	ck_assert_uint_eq(node.flags, 0);
	fall_ill(&node); /* once, by now */
	ck_assert_uint_eq(node.flags, HAM_NODE_UNHEALTHY);
}
END_TEST

START_TEST(not_lifted_before_the_record_has_it)
{
	struct node node = {.now_us = SECOND};

	for (int i = 0; i < 2; i++) {
		fall_ill(&node);
		get_well(&node);
	}
	for (int i = 0; i < 30; i++) { /* no quorum: the record has nothing */
		node.flags = 0;
		look(&node, "load");
		if (i >= HAM_HEALTH_BAD_IN_A_ROW)
			ck_assert(node.flags & HAM_NODE_QUARANTINED);
	}
}
END_TEST

/* Another life of hamd. */
START_TEST(what_the_record_has_goes_on)
{
	struct node ill = {.now_us = SECOND, .flags = HAM_NODE_UNHEALTHY};
	struct node held = {.now_us = SECOND, .flags = HAM_NODE_QUARANTINED};

	look(&ill, "load");
	ck_assert_uint_eq(ill.flags, HAM_NODE_UNHEALTHY);
	get_well(&ill);
	ck_assert_uint_eq(ill.flags, 0);
	for (int i = 0; i < 700; i++) {
		look(&held, NULL);
		ck_assert_uint_eq(held.flags, HAM_NODE_QUARANTINED);
	}
	look_often(&held, NULL, 30);
	ck_assert_uint_eq(held.flags, 0);
}
END_TEST

/* ---- limits that can't be measured ---- */

START_TEST(a_gap_is_told_once_and_so_is_its_end)
{
	struct ham_health_gap gap = {0};

	for (int round = 0; round < 2; round++) {
		for (int i = 1; i < HAM_HEALTH_BAD_IN_A_ROW; i++)
			ck_assert_int_eq(ham_health_mind_gap(&gap, "none"),
					 HAM_HEALTH_AS_BEFORE);
		ck_assert(!gap.told);
		ck_assert_int_eq(ham_health_mind_gap(&gap, "no sensor"),
				 HAM_HEALTH_GAP_BEGINS);
		ck_assert(gap.told);
		for (int i = 0; i < 5; i++)
			ck_assert_int_eq(ham_health_mind_gap(&gap, "no disk"),
					 HAM_HEALTH_AS_BEFORE);
		/* status says what is so now */
		ck_assert_str_eq(gap.why, "no disk");
		ck_assert_int_eq(ham_health_mind_gap(&gap, ""),
				 HAM_HEALTH_GAP_ENDS);
		ck_assert(!gap.told);
		ck_assert_int_eq(ham_health_mind_gap(&gap, ""),
				 HAM_HEALTH_AS_BEFORE);
	}
}
END_TEST

START_TEST(a_value_that_is_missed_now_and_then_is_no_gap)
{
	struct ham_health_gap gap = {0};

	for (int i = 0; i < 10; i++) {
		for (int k = 1; k < HAM_HEALTH_BAD_IN_A_ROW; k++)
			ck_assert_int_eq(ham_health_mind_gap(&gap, "busy"),
					 HAM_HEALTH_AS_BEFORE);
		ck_assert_int_eq(ham_health_mind_gap(&gap, ""),
				 HAM_HEALTH_AS_BEFORE);
	}
}
END_TEST

/* ---- limits ---- */

#define IS_BAD(limit, finding, words)                                          \
	do {                                                                   \
		struct ham_conf_health l = {.interval_us = 1};                 \
		struct ham_health_sample s;                                    \
		char out[HAM_REASON_SIZE] = "";                                \
                                                                               \
		ham_health_sample_init(&s);                                    \
		finding;                                                       \
		ck_assert_msg(!ham_health_is_bad(&l, &s, out), "%s", out);     \
		limit;                                                         \
		ck_assert(ham_health_is_bad(&l, &s, out));                     \
		ck_assert_msg(strstr(out, words), "%s", out);                  \
	} while (0)

START_TEST(each_limit_counts_if_it_is_set)
{
	IS_BAD(l.load = 4, s.load = 4.1, "load: 4.1, at most 4");
	IS_BAD(l.memory_available = 2 << 20, s.memory_available = 1 << 20,
	       "memory_available: 1 MiB, at least 2 MiB");
	IS_BAD(l.memory_pressure = 10, s.memory_pressure = 10.5,
	       "memory_pressure: 10.5 %");
	IS_BAD(l.disk_free = 2 << 20,
	       (s.disk_free = 1 << 20, strcpy(s.disk_folder, "/images")),
	       "disk_free: 1 MiB in /images");
	IS_BAD(l.disk_errors = 2, s.disk_errors = 2, "disk_errors: 2");
	IS_BAD(l.temperature = 90,
	       (s.temperature = 91, strcpy(s.sensor, "hwmon0/temp1_input")),
	       "temperature: 91 C at hwmon0/temp1_input");
	IS_BAD(l.uplink = true, strcpy(s.bridge, "br0"), "bridge br0");
	IS_BAD(l.uplink = true, strcpy(s.target, "192.0.2.1 by bridge br0"),
	       "no answer from 192.0.2.1 by bridge br0");
	IS_BAD(l.cluster_link = true, strcpy(s.cluster_link, "link 1"),
	       "link 1");
	IS_BAD(l.command = (char *)"/x", strcpy(s.command, "RAID degraded"),
	       "command: RAID degraded");
}
END_TEST

START_TEST(at_the_limit_is_well)
{
	struct ham_conf_health l = {.load = 4,
				    .memory_available = 100,
				    .memory_pressure = 10,
				    .disk_free = 100,
				    .disk_errors = 2,
				    .temperature = 90};
	struct ham_health_sample s;
	char out[HAM_REASON_SIZE];

	ham_health_sample_init(&s); /* nothing could be read: no bad sign */
	for (unsigned int i = 0; i < HAM_HEALTH_N_LIMITS; i++)
		strcpy(s.unknown[i], "not there");
	ck_assert(!ham_health_is_bad(&l, &s, out));
	s.load = 4.0;
	s.memory_available = s.disk_free = 100;
	s.memory_pressure = 10.0;
	s.disk_errors = 1;
	s.temperature = 90;
	ck_assert(!ham_health_is_bad(&l, &s, out));
}
END_TEST

START_TEST(who_hangs_is_bad_whatever_the_limits)
{
	struct ham_conf_health l = {.interval_us = 1};
	struct ham_health_sample s;
	char out[HAM_REASON_SIZE];

	ham_health_sample_init(&s);
	strcpy(s.hangs, "a disk");
	ck_assert(ham_health_is_bad(&l, &s, out));
	ck_assert_str_eq(out, "a disk does not answer");
}
END_TEST

/* ---- what the kernel says ---- */

static char *root;

static void
put(const char *path, const char *text)
{
	g_autofree char *full = g_strconcat(root, path, NULL);
	g_autofree char *folder = g_path_get_dirname(full);

	ck_assert_int_eq(g_mkdir_with_parents(folder, 0700), 0);
	ck_assert(g_file_set_contents(full, text, -1, NULL));
}

static void
make_root(void)
{
	root = g_dir_make_tmp("check-health-XXXXXX", NULL);
	ck_assert_ptr_nonnull(root);
}

static void
remove_tree(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		remove_tree(child);
	}
	g_remove(path);
}

static void
remove_root(void)
{
	remove_tree(root);
	g_free(root);
}

static struct ham_health_sample
sample_of(char **bridges, char **folders)
{
	static const struct ham_conf_health all = {.load = 1,
						   .memory_available = 1,
						   .memory_pressure = 1,
						   .disk_free = 1,
						   .temperature = 1,
						   .uplink = true};
	struct ham_health_places places = {
		.root = root, .bridges = bridges, .folders = folders};
	struct ham_health_sample s;

	ham_health_sample_init(&s);
	ham_health_read(&places, &all, &s);
	return s;
}

/* All limits but these two have a value. */
static void
lacks_only(const struct ham_health_sample *s, unsigned int a, unsigned int b)
{
	for (unsigned int i = 0; i < HAM_HEALTH_N_LIMITS; i++)
		if (i != a && i != b)
			ck_assert_msg(!s->unknown[i][0], "%s: %s",
				      ham_health_limit_name(i), s->unknown[i]);
}

START_TEST(files_are_read)
{
	char *folders[] = {(char *)"/proc", (char *)"/none", NULL};
	struct ham_health_sample s;

	put("/proc/loadavg", "3.25 1.00 0.50 2/345 6789\n");
	put("/proc/meminfo", "MemTotal: 900 kB\nMemFree: 1 kB\n"
			     "MemAvailable:   2048 kB\n");
	put("/proc/pressure/memory",
	    "some avg10=50.00 avg60=40.00 avg300=0.00 total=1\n"
	    "full avg10=5.00 avg60=4.50 avg300=0.00 total=1\n");
	put("/sys/class/hwmon/hwmon0/temp1_input", "45000\n");
	put("/sys/class/hwmon/hwmon1/temp2_input", "81000\n");
	put("/sys/class/hwmon/hwmon1/temp2_crit", "99000\n");
	s = sample_of(NULL, folders);
	ck_assert(s.load > 3.24 && s.load < 3.26);
	ck_assert_uint_eq(s.memory_available, 2048 * 1024);
	ck_assert(s.memory_pressure > 4.4 && s.memory_pressure < 4.6);
	ck_assert_int_eq(s.temperature, 81);
	ck_assert_str_eq(s.sensor, "hwmon1/temp2_input");
	ck_assert_str_eq(s.disk_folder, "/proc");
	ck_assert_uint_lt(s.disk_free, UINT64_MAX);
	/* but of one folder nobody knows */
	ck_assert_str_eq(s.unknown[HAM_HEALTH_DISK_FREE],
			 "/none: No such file or directory");
	lacks_only(&s, HAM_HEALTH_DISK_FREE, HAM_HEALTH_UPLINK);
}
END_TEST

START_TEST(what_is_not_there_is_well)
{
	struct ham_health_sample none;
	struct ham_health_sample s = sample_of(NULL, NULL);

	memset(s.unknown, 0, sizeof(s.unknown));
	ham_health_sample_init(&none);
	ck_assert_mem_eq(&s, &none, sizeof(s));
}
END_TEST

START_TEST(what_is_not_there_is_named)
{
	char *folders[] = {(char *)"/images", NULL};
	struct ham_health_sample s = sample_of(NULL, folders);

	ck_assert_str_eq(s.unknown[HAM_HEALTH_LOAD],
			 "cannot read /proc/loadavg: No such file or "
			 "directory");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_MEMORY_AVAILABLE],
			 "cannot read /proc/meminfo: No such file or "
			 "directory");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_MEMORY_PRESSURE],
			 "cannot read /proc/pressure/memory: No such file or "
			 "directory");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_DISK_FREE],
			 "/images: No such file or directory");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_TEMPERATURE],
			 "no sensor in /sys/class/hwmon");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_UPLINK],
			 "no bridge of a guest's port has a member here that "
			 "is no guest's");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_CLUSTER_LINK], ""); /* unset */
}
END_TEST

START_TEST(a_limit_that_is_not_set_is_not_missed)
{
	static const struct ham_conf_health none = {.interval_us = 1};
	struct ham_health_places places = {.root = root};
	struct ham_health_sample s;

	ham_health_sample_init(&s);
	ham_health_read(&places, &none, &s);
	lacks_only(&s, HAM_HEALTH_N_LIMITS, HAM_HEALTH_N_LIMITS);
}
END_TEST

START_TEST(files_without_the_value)
{
	struct ham_health_sample s;

	put("/proc/loadavg", "\n");
	put("/proc/meminfo", "MemTotal: 900 kB\nMemFree: 1 kB\n");
	put("/proc/pressure/memory", "some avg10=50.00 avg60=40.00\n");
	/* a folder, which opens and can't be read, as a sensor that is off */
	put("/sys/class/hwmon/hwmon0/temp1_input/x", "");
	s = sample_of(NULL, NULL);
	ck_assert_str_eq(s.unknown[HAM_HEALTH_LOAD],
			 "no number in /proc/loadavg");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_MEMORY_AVAILABLE],
			 "no MemAvailable in /proc/meminfo");
	ck_assert_ptr_nonnull(
		strstr(s.unknown[HAM_HEALTH_MEMORY_PRESSURE], "'full"));
	ck_assert_str_eq(s.unknown[HAM_HEALTH_TEMPERATURE],
			 "cannot read /sys/class/hwmon/hwmon0/temp1_input: Is "
			 "a directory");
	/* many chips have one that is off: another one will do */
	put("/sys/class/hwmon/hwmon1/temp1_input", "-3000\n");
	s = sample_of(NULL, NULL);
	ck_assert_str_eq(s.unknown[HAM_HEALTH_TEMPERATURE], "");
}
END_TEST

static unsigned int asked;

/* The fake network: only the second bridge's router is well. */
static bool
answers(const char *bridge, const char *target, GError **error)
{
	(void)error;
	asked++;
	ck_assert_str_eq(target, bridge[2] == '0' ? "192.0.2.1" : "192.0.2.2");
	return bridge[2] != '0';
}

static bool
cannot_ask(const char *bridge, const char *target, GError **error)
{
	(void)target;
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
		    "bridge '%s' is not for us", bridge);
	return false;
}

START_TEST(an_address_that_cannot_be_asked_is_not_silent)
{
	static const struct ham_conf_health uplink = {.uplink = true};
	char *bridges[] = {(char *)"br0", NULL};
	char *targets[] = {(char *)"192.0.2.1", NULL};
	struct ham_health_places places = {root, bridges, NULL, targets,
					   cannot_ask};
	struct ham_health_sample s;

	put("/sys/class/net/br0/brif/eth0", "");
	put("/sys/class/net/eth0/carrier", "1\n");
	ham_health_sample_init(&s);
	ham_health_read(&places, &uplink, &s);
	ck_assert_str_eq(s.target, "");
	ck_assert_str_eq(s.unknown[HAM_HEALTH_UPLINK],
			 "cannot ask for 192.0.2.1: bridge 'br0' is not for "
			 "us");
}
END_TEST

START_TEST(an_address_that_does_not_answer)
{
	static const struct ham_conf_health uplink = {.uplink = true};
	char *bridges[] = {(char *)"br1", (char *)"br0", (char *)"br2", NULL};
	char *targets[] = {(char *)"192.0.2.2", (char *)"192.0.2.1", (char *)"",
			   NULL};
	struct ham_health_places places = {root, bridges, NULL, targets,
					   answers};
	struct ham_health_sample s;

	for (char **b = bridges; *b; b++) {
		g_autofree char *port =
			g_strconcat("/sys/class/net/", *b, "/brif/eth0", NULL);

		put(port, "");
	}
	put("/sys/class/net/eth0/carrier", "1\n");
	ham_health_sample_init(&s);
	ham_health_read(&places, &uplink, &s);
	ck_assert_str_eq(s.target, "192.0.2.1 by bridge br0");
	ck_assert_str_eq(s.bridge, "");
	ck_assert_uint_eq(asked, 2);
	/* one that is cut off is not asked by */
	put("/sys/class/net/eth0/carrier", "0\n");
	asked = 0;
	ham_health_sample_init(&s);
	ham_health_read(&places, &uplink, &s);
	ck_assert_uint_eq(asked, 0);
	ck_assert_str_eq(s.bridge, "br1");
}
END_TEST

START_TEST(a_bridge_without_a_carrier)
{
	char *bridges[] = {(char *)"br0", (char *)"br1", NULL};

	put("/sys/class/net/br0/brif/eth0", "");
	put("/sys/class/net/br0/brif/eth1", "");
	put("/sys/class/net/br0/brif/tap0", "");
	put("/sys/class/net/tap0/tun_flags", "0x5002");
	put("/sys/class/net/tap0/carrier", "1\n");
	put("/sys/class/net/eth0/carrier", "0\n");
	put("/sys/class/net/eth1/carrier", "1\n");
	/* nothing but guests: nobody expects a carrier there */
	put("/sys/class/net/br1/brif/tap0", "");
	ck_assert_str_eq(sample_of(bridges, NULL).bridge, "");
	ck_assert_str_eq(sample_of(bridges, NULL).unknown[HAM_HEALTH_UPLINK],
			 "");
	put("/sys/class/net/eth1/carrier", "0\n");
	ck_assert_str_eq(sample_of(bridges, NULL).bridge, "br0");
}
END_TEST

static void
link_is(GHashTable *stats, unsigned int node, unsigned int link, bool up)
{
	g_hash_table_replace(
		stats,
		g_strdup_printf("stats.knet.node%u.link%u.connected", node,
				link),
		g_strdup(up ? "1" : "0"));
}

#define LINK_LOST(stats, name)                                                 \
	do {                                                                   \
		struct ham_health_sample s;                                    \
                                                                               \
		ham_health_sample_init(&s);                                    \
		ham_health_read_links(stats, "", 1, &s);                       \
		ck_assert_str_eq(s.cluster_link, name);                        \
		ck_assert_str_eq(s.unknown[HAM_HEALTH_CLUSTER_LINK], "");      \
	} while (0)

START_TEST(links_without_figures)
{
	g_autoptr(GHashTable) stats =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	struct ham_health_sample s;

	ham_health_sample_init(&s);
	ham_health_read_links(NULL, "is corosync running?", 1, &s);
	ck_assert_str_eq(s.unknown[HAM_HEALTH_CLUSTER_LINK],
			 "is corosync running?");
	/* another transport, or none but our own to ourselves */
	link_is(stats, 1, 0, true);
	ham_health_sample_init(&s);
	ham_health_read_links(stats, "", 1, &s);
	ck_assert_str_eq(s.cluster_link, "");
	ck_assert_ptr_nonnull(strstr(s.unknown[HAM_HEALTH_CLUSTER_LINK],
				     "no figures of links"));
}
END_TEST

START_TEST(a_link_that_reaches_nobody)
{
	g_autoptr(GHashTable) stats =
		g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);

	for (unsigned int node = 1; node <= 3; node++)
		for (unsigned int link = 0; link < 2; link++)
			link_is(stats, node, link, true);
	g_hash_table_replace(stats, g_strdup("stats.knet.node2.link0.mtu"),
			     g_strdup("0"));
	LINK_LOST(stats, "");
	/* that is the other's link */
	link_is(stats, 2, 1, false);
	LINK_LOST(stats, "");
	link_is(stats, 3, 1, false);
	LINK_LOST(stats, "link 1");
	/* all are gone: that is quorum's matter */
	link_is(stats, 2, 0, false);
	link_is(stats, 3, 0, false);
	LINK_LOST(stats, "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("health");
	TCase *tc = tcase_create("rules");
	TCase *files = tcase_create("files");

	tcase_add_test(tc, one_bad_sample_is_none);
	tcase_add_test(tc, well_only_without_a_break);
	tcase_add_test(tc, flapping_is_quarantined);
	tcase_add_test(tc, old_illness_is_forgotten);
	tcase_add_test(tc, an_operator_lifts_it);
	tcase_add_test(tc, not_lifted_before_the_record_has_it);
	tcase_add_test(tc, what_the_record_has_goes_on);
	tcase_add_test(tc, a_gap_is_told_once_and_so_is_its_end);
	tcase_add_test(tc, a_value_that_is_missed_now_and_then_is_no_gap);
	tcase_add_test(tc, each_limit_counts_if_it_is_set);
	tcase_add_test(tc, at_the_limit_is_well);
	tcase_add_test(tc, who_hangs_is_bad_whatever_the_limits);
	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(files, make_root, remove_root);
	tcase_add_test(files, files_are_read);
	tcase_add_test(files, what_is_not_there_is_well);
	tcase_add_test(files, what_is_not_there_is_named);
	tcase_add_test(files, a_limit_that_is_not_set_is_not_missed);
	tcase_add_test(files, files_without_the_value);
	tcase_add_test(files, links_without_figures);
	tcase_add_test(files, a_bridge_without_a_carrier);
	tcase_add_test(files, an_address_that_does_not_answer);
	tcase_add_test(files, an_address_that_cannot_be_asked_is_not_silent);
	tcase_add_test(files, a_link_that_reaches_nobody);
	suite_add_tcase(suite, files);
	return leaf_run(suite);
}
