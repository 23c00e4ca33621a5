/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf.c - the cluster file from text to configuration */
#include <stdlib.h>
#include <string.h>

#include "config/schema.h"
#include "tests/unit/conf_text.h"

#define MIB (1024ULL * 1024)
#define GIB (1024 * MIB)

static char *
source_file(const char *name)
{
	const char *srcdir = getenv("srcdir");

	return g_build_filename(srcdir ? srcdir : ".", name, NULL);
}

START_TEST(example_is_valid)
{
	g_autofree char *path = source_file("config/examples/three-nodes.conf");
	g_autoptr(GPtrArray) problems = NULL;
	g_autoptr(ham_conf) conf = ham_conf_load(path, &problems);
	g_autofree char *shown = conf_text_of(problems);
	const struct ham_conf_guest *web1, *db1;
	const struct ham_conf_port *lan, *inside;
	const struct ham_conf_fence *bmc;

	ck_assert_str_eq(shown, "");
	ck_assert_ptr_nonnull(conf);
	ck_assert_str_eq(conf->path, path);
	ck_assert_str_eq(conf->name, "example");
	ck_assert_uint_eq(conf->version, 1);
	ck_assert_int_eq(conf->accel, HAM_CONF_KVM);
	ck_assert_uint_eq(conf->migration_bandwidth, GIB);
	ck_assert_int_eq(conf->lease_us, 0);
	ck_assert_uint_eq(conf->uid_first, 61000);
	ck_assert_uint_eq(conf->uid_last, 61999);
	ck_assert_uint_eq(conf->nodes->len, 3);
	ck_assert_str_eq(ham_conf_find_node(conf, "n2")->address_migration,
			 "10.0.1.12");
	ck_assert_uint_eq(ham_conf_find_node(conf, "n2")->memory_reserve,
			  2 * GIB);
	ck_assert(ham_conf_find_node(conf, "n3")->witness);
	ck_assert_ptr_null(ham_conf_find_node(conf, "n4"));

	web1 = ham_conf_find_guest(conf, "web1");
	db1 = ham_conf_find_guest(conf, "db1");
	ck_assert_ptr_null(ham_conf_find_guest(conf, "web"));
	ck_assert_uint_eq(web1->memory, 2 * GIB);
	ck_assert_uint_eq(web1->cpus, 2);
	ck_assert_int_eq(web1->max_pause_us, 150000);
	ck_assert_int_eq(web1->max_duration_us, 180000000);
	ck_assert(web1->auto_converge);
	ck_assert_ptr_null(web1->kernel);
	lan = web1->ports->pdata[0];
	ck_assert_str_eq(lan->name, "lan");
	ck_assert_mem_eq(lan->mac, "\x52\x54\x00\x12\x34\x56", 6);
	ck_assert_str_eq(lan->addresses[0], "192.0.2.10");
	ck_assert_str_eq(lan->addresses[1], "2001:db8::10");
	ck_assert_ptr_null(lan->addresses[2]);

	ck_assert_str_eq(db1->kernel, "/srv/boot/vmlinuz");
	ck_assert_str_eq(db1->append, "root=/dev/vda console=ttyS0");
	ck_assert_int_eq(db1->stop_timeout_us, 300000000);
	ck_assert_uint_eq(db1->disks->len, 2);
	ck_assert(((struct ham_conf_disk *)db1->disks->pdata[1])->sparse);
	inside = db1->ports->pdata[1];
	ck_assert(inside->bridge_create);
	ck_assert_uint_eq(inside->mtu, 9000);
	ck_assert_ptr_null(inside->addresses);

	ck_assert_uint_eq(conf->fences->len, 2);
	bmc = conf->fences->pdata[0];
	ck_assert_str_eq(bmc->node, "n1");
	ck_assert_str_eq(bmc->name, "bmc");
	ck_assert_str_eq(bmc->agent, "fence_ipmilan");
	ck_assert_uint_eq(g_hash_table_size(bmc->options), 3);
	ck_assert_str_eq(g_hash_table_lookup(bmc->options, "password_file"),
			 "/etc/hamd/secrets/n1");
}
END_TEST

/* What is found outside of the file still names its place in it. */
START_TEST(problem_of_a_device)
{
	g_autoptr(ham_conf) conf = conf_text_valid(
		CONF_BASE "[fence n1/b]\nagent = fence_x\nip = 10.0.0.9\n");
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	static const char *const texts[] = {
		"c:13: [fence n1/b] ip: found 10.0.0.9, expected a name",
		"c:12: [fence n1/b] agent: found nothing, expected one\\x1b[2J",
		"c:11: [fence n1/b] plug: found nothing, expected it",
	};
	const struct ham_conf_fence *fence = conf->fences->pdata[0];

	ham_conf_fence_problem(conf, fence, "ip", "10.0.0.9", "a name",
			       problems);
	ham_conf_fence_problem(conf, fence, NULL, NULL, "one\x1b[2J", problems);
	ham_conf_fence_problem(conf, fence, "plug", NULL, "it", problems);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text =
			ham_conf_problem_text(problems->pdata[i]);

		ck_assert_str_eq(text, texts[i]);
	}
}
END_TEST

START_TEST(defaults)
{
	g_autoptr(ham_conf) conf = conf_text_valid(CONF_BASE CONF_GUEST);
	const struct ham_conf_guest *g = conf->guests->pdata[0];
	const struct ham_conf_disk *disk = g->disks->pdata[0];
	const struct ham_conf_port *port = g->ports->pdata[0];
	const struct ham_conf_node *node = conf->nodes->pdata[0];

	ck_assert_str_eq(conf->name, "hamd");
	ck_assert_int_eq(conf->accel, HAM_CONF_KVM);
	ck_assert_uint_eq(conf->migration_bandwidth, 800 * MIB);
	ck_assert_int_eq(conf->lease_us, 0);
	ck_assert_uint_eq(conf->lease_line, 0);
	ck_assert_int_eq(conf->replica_timeout_us, 3000000);
	ck_assert_int_eq(conf->verify_interval_us,
			 168 * 3600 * INT64_C(1000000));
	ck_assert_uint_eq(conf->verify_bandwidth, 32 * MIB);
	ck_assert_int_eq(conf->watchdog_us, 10000000);
	ck_assert_int_eq(conf->fence_delay_us, 0);
	ck_assert_int_eq(conf->two_node_delay_us, 5000000);
	ck_assert(!conf->insecure);
	ck_assert_uint_eq(node->memory_reserve, 512 * MIB);
	ck_assert(!node->witness);
	ck_assert_uint_eq(node->line, 3);
	ck_assert_uint_eq(g->cpus, 1);
	ck_assert_uint_eq(g->replicas, 0);
	ck_assert_uint_eq(g->priority, 50);
	ck_assert(!g->prefer && !g->with && !g->apart);
	ck_assert_uint_eq(conf->parallel_starts, 2);
	ck_assert_uint_eq(conf->parallel_migrations, 2);
	ck_assert_uint_eq(conf->cluster_migrations, 8);
	ck_assert_int_eq(g->max_pause_us, 150000);
	ck_assert_int_eq(g->max_duration_us, 180000000);
	ck_assert_int_eq(g->stop_timeout_us, 60000000);
	ck_assert(!g->auto_converge);
	ck_assert_uint_eq(g->bandwidth, 0);
	ck_assert(g->serial_log);
	ck_assert(!disk->sparse);
	ck_assert(!port->bridge_create);
	ck_assert_uint_eq(port->mtu, 0);
}
END_TEST

/* RFC 4122 version and variant, from the name alone. */
START_TEST(uuid_follows_from_name)
{
	g_autoptr(ham_conf) conf = conf_text_valid(CONF_BASE CONF_GUEST);
	g_autoptr(ham_conf) other = conf_text_valid(
		"# other file\n" CONF_BASE CONF_GUEST
		"[guest h]\nmemory = 64M\nmachine = pc-q35-10.0\ncpu = qemu64\n"
		"kernel = /k\nuuid = 6F1F9D5E-7B1E-4F0C-9D3F-0A1B2C3D4E5F\n");
	const char *uuid = ham_conf_find_guest(conf, "g")->uuid;

	ck_assert_uint_eq(strlen(uuid), 36);
	ck_assert_int_eq(uuid[14], '5');
	ck_assert_ptr_nonnull(strchr("89ab", uuid[19]));
	ck_assert_str_eq(ham_conf_find_guest(other, "g")->uuid, uuid);
	ck_assert_str_eq(ham_conf_find_guest(other, "h")->uuid,
			 "6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5f");
}
END_TEST

START_TEST(digest_is_of_the_bytes)
{
	g_autoptr(ham_conf) conf = conf_text_valid(CONF_BASE);
	g_autoptr(ham_conf) same = conf_text_valid(CONF_BASE);
	g_autoptr(ham_conf) other = conf_text_valid(CONF_BASE "# c\n");
	g_autofree char *sum =
		g_compute_checksum_for_string(G_CHECKSUM_SHA256, CONF_BASE, -1);

	ck_assert_str_eq(conf->digest, sum);
	ck_assert_str_eq(same->digest, conf->digest);
	ck_assert_str_ne(other->digest, conf->digest);
}
END_TEST

/* One file with `line` in a section where everything else is right. */
/* clang-format off */
static const struct {
	const char *section;
	const char *line;
	const char *problem; /* behind "[section] " */
} values[] = {
	{ "cluster", "accel = xen", "accel: found xen, expected kvm or tcg" },
	{ "cluster", "accel = KVM", "accel: found KVM, expected kvm or tcg" },
	{ "cluster", "insecure = 1", "insecure: found 1, expected no or yes" },
	{ "cluster", "name =",
	  "name: found nothing, expected a name (at most 47 letters, digits "
	  "and . _ -, the first a letter or digit)" },
	{ "cluster", "lease = 1s",
	  "lease: found 1s, expected auto or a duration from 2s to 10m (ms, s, "
	  "m, h)" },
	{ "cluster", "lease = 5",
	  "lease: found 5, expected auto or a duration from 2s to 10m (ms, s, "
	  "m, h)" },
	{ "cluster", "migration_bandwidth = 0",
	  "migration_bandwidth: found 0, expected a size from 1M to 100G (K, "
	  "M, G, T)" },
	{ "cluster", "guest_uids = 0-5",
	  "guest_uids: found 0-5, expected FIRST-LAST, uids above 999 without "
	  "65534 and 65535" },
	{ "cluster", "watchdog = 601s",
	  "watchdog: found 601s, expected a duration from 2s to 10m (ms, s, m, "
	  "h)" },
	{ "cluster", "wachdog = 10s",
	  "wachdog: found an unknown key, expected one of version, name, "
	  "accel, migration_bandwidth, lease, replica_timeout, verify_interval, "
	  "verify_bandwidth, watchdog, fence_delay, two_node_delay, "
	  "quarantine_after, quarantine_window, quarantine_time, "
	  "parallel_starts, parallel_migrations, cluster_migrations, "
	  "guest_uids, insecure" },
	{ "cluster", "verify_interval = 0",
	  "verify_interval: found 0, expected never or a duration from 1m to "
	  "8784h (ms, s, m, h)" },
	{ "node n1", "role = master",
	  "role: found master, expected guests or witness" },
	{ "node n1", "memory_reserve = 2 G",
	  "memory_reserve: found 2 G, expected a size from 0 to 16T (K, M, G, "
	  "T)" },
	{ "guest g", "cpus = 0",
	  "cpus: found 0, expected a number from 1 to 255" },
	{ "guest g", "cpus = 256",
	  "cpus: found 256, expected a number from 1 to 255" },
	{ "guest g", "cpus = 4294967297",
	  "cpus: found 4294967297, expected a number from 1 to 255" },
	{ "guest g", "replicas = 4",
	  "replicas: found 4, expected 0 to 3" },
	{ "cluster", "parallel_starts = 0",
	  "parallel_starts: found 0, expected a number from 1 to 16" },
	{ "cluster", "parallel_migrations = 17",
	  "parallel_migrations: found 17, expected a number from 1 to 16" },
	{ "cluster", "cluster_migrations = 0",
	  "cluster_migrations: found 0, expected a number from 1 to 128" },
	{ "guest g", "prefer = n1,",
	  "prefer: found n1,, expected 1 to 16 names with commas between them" },
	{ "guest g", "apart = -h",
	  "apart: found -h, expected 1 to 32 names with commas between them" },
	{ "guest g", "priority = 101",
	  "priority: found 101, expected a number from 0 to 100" },
	{ "guest g", "max_pause = 0ms",
	  "max_pause: found 0ms, expected a duration from 1ms to 1m (ms, s, m, "
	  "h)" },
	{ "guest g", "auto_converge = true",
	  "auto_converge: found true, expected no or yes" },
	{ "guest g", "uuid = 1",
	  "uuid: found 1, expected a UUID of 36 characters, not all zero" },
	{ "guest g", "kernel = k",
	  "kernel: found k, expected an absolute path without empty, . and .. "
	  "parts" },
	{ "guest g", "kernel = /a\\nb",
	  "kernel: found /a\\x0ab, expected an absolute path without empty, . "
	  "and .. parts" },
	{ "disk g/root", "sparse = maybe",
	  "sparse: found maybe, expected no or yes" },
	{ "disk g/root", "kind = qcow2",
	  "kind: found qcow2, expected local or shared" },
	{ "port g/lan", "mtu = 67",
	  "mtu: found 67, expected a number from 68 to 65535" },
	{ "port g/lan", "address = 10.0.0.5, x",
	  "address: found 10.0.0.5, x, expected 1 to 16 numeric IPv4 or IPv6 "
	  "addresses with commas between them" },
	{ "port g/lan", "address = 10.0.0.5,",
	  "address: found 10.0.0.5,, expected 1 to 16 numeric IPv4 or IPv6 "
	  "addresses with commas between them" },
	{ "port g/lan", "address =",
	  "address: found nothing, expected 1 to 16 numeric IPv4 or IPv6 "
	  "addresses with commas between them" },
	{ "fence n1/b", "level = 0",
	  "level: found 0, expected a number from 1 to 9" },
	{ "fence n1/b", "password = top",
	  "password: found a secret in this file, expected it in a file of "
	  "mode 0600 that password_file names" },
	{ "fence n1/b", "Snmp_Priv_Passwd = top",
	  "Snmp_Priv_Passwd: found a secret in this file, expected it in a "
	  "file of mode 0600 that Snmp_Priv_Passwd_file names" },
	{ "fence n1/b", "password_file = secrets/n1",
	  "password_file: found secrets/n1, expected an absolute path without "
	  "empty, . and .. parts" },
	{ "fence n1/b", "action = off",
	  "action: found off, expected no action (hamd chooses it)" },
	{ "fence n1/b", "Option = on",
	  "Option: found on, expected no action (hamd chooses it)" },
	{ "fence n1/b", "o = on",
	  "o: found on, expected no action (hamd chooses it)" },
	{ "fence n1/b", "ip =",
	  "ip: found nothing, expected 1 to 1024 bytes of text, one line" },
	{ "fence n1/b", "plug = n1\\naction=on",
	  "plug: found n1\\x0aaction=on, expected 1 to 1024 bytes of text, one "
	  "line" },
};
/* clang-format on */

START_TEST(value)
{
	static const char whole[] =
		CONF_BASE CONF_GUEST "[fence n1/b]\nagent = fence_x\n";
	const char *section = values[_i].section;
	g_autofree char *header = g_strdup_printf("[%s]\n", section);
	const char *at = strstr(whole, header) + strlen(header);
	g_autofree char *text = g_strdup_printf("%.*s%s\n%s", (int)(at - whole),
						whole, values[_i].line, at);
	g_autofree char *shown = conf_text_parse(text, strlen(text));
	unsigned int line = 1;
	g_autofree char *expected = NULL;

	for (const char *p = whole; p < at; p++)
		line += *p == '\n';
	expected = g_strdup_printf("c:%u: [%s] %s\n", line, section,
				   values[_i].problem);
	ck_assert_str_eq(shown, expected);
}
END_TEST

/* The least and the greatest value of each range are in it; one beyond is
 * not. */
START_TEST(ranges)
{
	const struct ham_key *key = &ham_schema[_i];
	union {
		uint64_t number;
		char room[1024];
	} field;
	struct ham_key here = *key;
	uint64_t unit = key->step ? key->step : 1;

	here.offset = 0;
	if (key->type == HAM_VALUE_DURATION)
		unit = 1000;
	else if (key->type > HAM_VALUE_SIZE)
		return;
	for (int edge = 0; edge < 4; edge++) {
		uint64_t n = edge < 2 ? key->min : key->max;
		bool beyond = edge % 2;
		g_autofree char *text = NULL;

		if (edge == 1 && key->min < unit)
			continue;
		if (beyond)
			n = edge == 1 ? n - unit : n + unit;
		text = unit == 1000 ? g_strdup_printf("%" G_GUINT64_FORMAT "ms",
						      n / 1000)
				    : g_strdup_printf("%" G_GUINT64_FORMAT, n);
		ck_assert_msg(ham_schema_set(&here, text, &field) == !beyond,
			      "%s = %s", key->name, text);
	}
}
END_TEST

START_TEST(steps)
{
	static const char text[] =
		CONF_BASE "[guest g]\nmemory = 16777217\n"
			  "machine = pc-q35-10.0\ncpu = qemu64\n"
			  "[disk g/d]\npath = /d\nsize = 1049088\n"
			  "[disk g/e]\npath = /e\nsize = 1048577\n";
	g_autofree char *shown = conf_text_parse(text, strlen(text));

	ck_assert_str_eq(shown,
			 "c:12: [guest g] memory: found 16777217, expected a "
			 "size from 16M to 16T, a multiple of 1M (K, M, G, T)\n"
			 "c:20: [disk g/e] size: found 1048577, expected a "
			 "size from 1M to 256T, a multiple of 512 (K, M, G, "
			 "T)\n");
}
END_TEST

/* Every required key of every kind of section is missed. */
START_TEST(required)
{
	static const char text[] = "[cluster]\n[node n1]\n[guest g]\n"
				   "[disk g/d]\n[port g/p]\n[fence n1/b]\n"
				   "[uplink n1/b]\n";
	g_autofree char *shown = conf_text_parse(text, strlen(text));

	for (unsigned int i = 0; i < ham_schema_len; i++) {
		const struct ham_key *key = &ham_schema[i];
		g_autofree char *place =
			g_strdup_printf("] %s: found nothing", key->name);

		if (key->required)
			ck_assert_msg(strstr(shown, place), "%s", key->name);
	}
}
END_TEST

/* A key whose value was refused is not missing as well. */
START_TEST(refused_is_not_missing)
{
	static const char text[] = "[cluster]\nversion = 1 # x\n[node n1]\n"
				   "address.migration = \xff\n";
	g_autofree char *shown = conf_text_parse(text, strlen(text));
	g_auto(GStrv) lines = g_strsplit(shown, "\n", -1);

	ck_assert_msg(g_strv_length(lines) == 3, "%s", shown);
}
END_TEST

START_TEST(all_in_one_go_by_line)
{
	static const char text[] = "[cluster]\n"
				   "version = x\n"
				   "acel = kvm\n"
				   "[node n1]\n"
				   "address.migration = 10.0.0.1\n"
				   "address.migration = y\n"
				   "[disk web/root]\n"
				   "path = /d\n"
				   "size = 1G ; big\n"
				   "[port web/lan]\n"
				   "bridge = br0\n"
				   "mac = 1\n";
	static const unsigned int lines[] = {2, 3, 6, 6, 7, 9, 10, 12};
	g_autoptr(GPtrArray) problems = NULL;

	ck_assert_ptr_null(ham_conf_parse("c", text, strlen(text), &problems));
	ck_assert_uint_eq(problems->len, G_N_ELEMENTS(lines));
	for (unsigned int i = 0; i < problems->len; i++) {
		const struct ham_conf_problem *p = problems->pdata[i];

		ck_assert_uint_eq(p->line, lines[i]);
	}
}
END_TEST

START_TEST(problem_text_is_printable)
{
	static const char text[] = "[cluster]\nversion = \x1b[31m\xff\n"
				   "name = \xc2\x9b\xe2\x80\xae!\n";
	g_autofree char *shown = conf_text_parse(text, strlen(text));

	for (const char *p = shown; *p; p++)
		ck_assert(*p == '\n' || (*p >= ' ' && *p < 0x7f));
	ck_assert_ptr_nonnull(strstr(shown, "\\x1b[31m\\xff"));
	ck_assert_ptr_nonnull(strstr(shown, "\\xc2\\x9b\\xe2\\x80\\xae!"));
}
END_TEST

START_TEST(unreadable_file)
{
	g_autoptr(GPtrArray) missing = NULL, folder = NULL;
	g_autofree char *first = NULL, *second = NULL;

	ck_assert_ptr_null(ham_conf_load("/nowhere/c", &missing));
	first = conf_text_of(missing);
	ck_assert_str_eq(first, "/nowhere/c: found No such file or directory, "
				"expected a file that can be read\n");
	ck_assert_ptr_null(ham_conf_load("/", &folder));
	second = conf_text_of(folder);
	ck_assert_str_eq(second, "/: found Is a directory, expected a file "
				 "that can be read\n");
}
END_TEST

START_TEST(endless_file)
{
	g_autoptr(GPtrArray) problems = NULL;
	g_autofree char *shown = NULL;

	ck_assert_ptr_null(ham_conf_load("/dev/zero", &problems));
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, "/dev/zero: found a longer file, expected at "
				"most 4194304 bytes\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf");
	TCase *tc = tcase_create("conf");

	tcase_add_test(tc, example_is_valid);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, problem_of_a_device);
	tcase_add_test(tc, uuid_follows_from_name);
	tcase_add_test(tc, digest_is_of_the_bytes);
	tcase_add_loop_test(tc, value, 0, (int)G_N_ELEMENTS(values));
	tcase_add_loop_test(tc, ranges, 0, (int)ham_schema_len);
	tcase_add_test(tc, steps);
	tcase_add_test(tc, required);
	tcase_add_test(tc, refused_is_not_missing);
	tcase_add_test(tc, all_in_one_go_by_line);
	tcase_add_test(tc, problem_text_is_printable);
	tcase_add_test(tc, unreadable_file);
	tcase_add_test(tc, endless_file);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
