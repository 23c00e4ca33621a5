/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf_value.c - single values: all of the text or nothing */
#include <string.h>

#include "config/value.h"
#include "tests/unit/conf_text.h"

#define KIB 1024ULL

/* clang-format off */
static const struct {
	const char *text;
	bool ok;
	uint64_t bytes;
} sizes[] = {
	{ "0", true, 0 },
	{ "512", true, 512 },
	{ "1K", true, KIB },
	{ "800M", true, 800 * KIB * KIB },
	{ "2G", true, 2 * KIB * KIB * KIB },
	{ "3T", true, 3 * KIB * KIB * KIB * KIB },
	{ "18446744073709551615", true, UINT64_MAX },
	{ "18446744073709551616", false, 0 },
	{ "99999999999999999999", false, 0 },
	{ "16777216T", false, 0 }, /* 2^64 */
	{ "16777215T", true, 16777215 * KIB * KIB * KIB * KIB },
	{ "", false, 0 },
	{ "G", false, 0 },
	{ "-1", false, 0 },
	{ "+1", false, 0 },
	{ " 1", false, 0 },
	{ "1 ", false, 0 },
	{ "1 G", false, 0 },
	{ "1g", false, 0 },
	{ "1GB", false, 0 },
	{ "1GiB", false, 0 },
	{ "1.5G", false, 0 },
	{ "0x10", false, 0 },
	{ "\xd9\xa1", false, 0 }, /* an Arabic 1 */
};
/* clang-format on */

START_TEST(size)
{
	uint64_t bytes = 77;

	ck_assert_int_eq(ham_value_size(sizes[_i].text, &bytes), sizes[_i].ok);
	ck_assert_uint_eq(bytes, sizes[_i].ok ? sizes[_i].bytes : 77);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool ok;
	int64_t us;
} durations[] = {
	{ "500ms", true, 500000 },
	{ "3s", true, 3000000 },
	{ "2m", true, 120000000 },
	{ "24h", true, 86400000000 },
	{ "0s", true, 0 },
	{ "9223372036854775ms", true, 9223372036854775000 },
	{ "9223372036854776ms", false, 0 },
	{ "18446744073709551615h", false, 0 },
	{ "3", false, 0 },
	{ "s", false, 0 },
	{ "3 s", false, 0 },
	{ "3S", false, 0 },
	{ "1.5s", false, 0 },
	{ "-3s", false, 0 },
	{ "3sec", false, 0 },
	{ "1m30s", false, 0 },
};
/* clang-format on */

START_TEST(duration)
{
	int64_t us = 77;

	ck_assert_int_eq(ham_value_duration(durations[_i].text, &us),
			 durations[_i].ok);
	ck_assert_int_eq(us, durations[_i].ok ? durations[_i].us : 77);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool ok;
	uint32_t first, last;
} uids[] = {
	{ "61000-61999", true, 61000, 61999 },
	{ "1000-1000", true, 1000, 1000 },
	{ "65536-4294967294", true, 65536, 4294967294 },
	{ "65536-4294967295", false, 0, 0 },
	{ "999-2000", false, 0, 0 },
	{ "0-10", false, 0, 0 },
	{ "2000-1999", false, 0, 0 },
	{ "65000-65533", true, 65000, 65533 },
	{ "65000-65534", false, 0, 0 },
	{ "65535-65600", false, 0, 0 },
	{ "60000-70000", false, 0, 0 },
	{ "61000", false, 0, 0 },
	{ "61000-", false, 0, 0 },
	{ "-61000", false, 0, 0 },
	{ "61000 - 61999", false, 0, 0 },
	{ "61000-61999-62000", false, 0, 0 },
};
/* clang-format on */

START_TEST(uid_range)
{
	uint32_t range[2] = {7, 8};

	ck_assert_int_eq(ham_value_uids(uids[_i].text, range), uids[_i].ok);
	ck_assert_uint_eq(range[0], uids[_i].ok ? uids[_i].first : 7);
	ck_assert_uint_eq(range[1], uids[_i].ok ? uids[_i].last : 8);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	bool ok;
	unsigned int first, last, n;
} vlans[] = {
	{ "10", true, 10, 10, 1 },
	{ "1-4094", true, 1, 4094, 4094 },
	{ "10, 20-30,4000", true, 10, 4000, 13 },
	{ "63,64", true, 63, 64, 2 },
	{ "0", false, 0, 0, 0 },
	{ "4095", false, 0, 0, 0 },
	{ "1-4095", false, 0, 0, 0 },
	{ "20,10", false, 0, 0, 0 },
	{ "10,10", false, 0, 0, 0 },
	{ "10-20,20", false, 0, 0, 0 },
	{ "20-10", false, 0, 0, 0 },
	{ "10-10", false, 0, 0, 0 },
	{ "10-", false, 0, 0, 0 },
	{ "-10", false, 0, 0, 0 },
	{ "10,", false, 0, 0, 0 },
	{ "", false, 0, 0, 0 },
	{ "18446744073709551617", false, 0, 0, 0 },
};
/* clang-format on */

START_TEST(vlan_list)
{
	uint64_t bits[HAM_CONF_VLAN_WORDS] = {0};
	unsigned int n = 0, first = 0, last = 0;

	ck_assert_int_eq(ham_value_vlans(vlans[_i].text, bits), vlans[_i].ok);
	for (unsigned int id = 0; id < 64 * HAM_CONF_VLAN_WORDS; id++)
		if (bits[id / 64] >> id % 64 & 1) {
			first = n++ ? first : id;
			last = id;
		}
	ck_assert_uint_eq(n, vlans[_i].n);
	ck_assert_uint_eq(first, vlans[_i].first);
	ck_assert_uint_eq(last, vlans[_i].last);
}
END_TEST

START_TEST(mac)
{
	static const char *const bad[] = {
		"",
		"52:54:00:12:34",
		"52:54:00:12:34:5",
		"52:54:00:12:34:567",
		"52-54-00-12-34-56",
		"525400123456",
		"52:54:00:12:34:5g",
		"00:00:00:00:00:00",
		"ff:ff:ff:ff:ff:ff",
		"53:54:00:12:34:56",
		"01:00:5e:00:00:01",
		"52:54:00:12:34:56:78",
		"52:54:00:12:34 56",
	};
	uint8_t out[6] = {0};

	ck_assert(ham_value_mac("52:54:00:aB:Cd:0f", out));
	ck_assert_mem_eq(out, "\x52\x54\x00\xab\xcd\x0f", 6);
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		ck_assert_msg(!ham_value_mac(bad[i], out), "%s", bad[i]);
	ck_assert_mem_eq(out, "\x52\x54\x00\xab\xcd\x0f", 6);
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	const char *node; /* as a node's; NULL: refused */
	const char *port; /* as a guest's */
} addresses[] = {
	{ "10.0.1.11", "10.0.1.11", "10.0.1.11" },
	{ "2001:DB8:0:0::10", "2001:db8::10", "2001:db8::10" },
	{ "fe80::1", NULL, "fe80::1" },
	{ "fe80::1%eth0", NULL, NULL },
	{ "127.0.0.1", NULL, NULL },
	{ "::1", NULL, NULL },
	{ "0.0.0.0", NULL, NULL },
	{ "0.1.2.3", NULL, NULL },
	{ "::", NULL, NULL },
	{ "224.0.0.1", NULL, NULL },
	{ "255.255.255.255", NULL, NULL },
	{ "ff02::1", NULL, NULL },
	{ "::ffff:10.0.0.1", NULL, NULL },
	{ "10.0.1", NULL, NULL },
	{ "10.0.1.011", NULL, NULL },
	{ "10.0.1.256", NULL, NULL },
	{ "10.0.1.11/24", NULL, NULL },
	{ "[2001:db8::1]", NULL, NULL },
	{ "n1.example.org", NULL, NULL },
	{ "", NULL, NULL },
};
/* clang-format on */

START_TEST(address)
{
	g_autofree char *node =
		ham_value_address(addresses[_i].text, HAM_ADDRESS_NODE);
	g_autofree char *port =
		ham_value_address(addresses[_i].text, HAM_ADDRESS_PORT);

	ck_assert_pstr_eq(node, addresses[_i].node);
	ck_assert_pstr_eq(port, addresses[_i].port);
}
END_TEST

#define C47 "a1234567890123456789012345678901234567890123456"

/* clang-format off */
static const struct {
	bool (*is)(const char *text);
	const char *text;
	bool ok;
} words[] = {
	{ ham_value_is_name, "web1", true },
	{ ham_value_is_name, "1-a_b.c", true },
	{ ham_value_is_name, C47, true },
	{ ham_value_is_name, C47 "7", false },
	{ ham_value_is_name, "", false },
	{ ham_value_is_name, ".", false },
	{ ham_value_is_name, "..", false },
	{ ham_value_is_name, "-a", false },
	{ ham_value_is_name, "a/b", false },
	{ ham_value_is_name, "a b", false },
	{ ham_value_is_name, "a,b", false },
	{ ham_value_is_name, "w\xc3\xa9", false },
	{ ham_value_is_ifname, "br0", true },
	{ ham_value_is_ifname, "abcdefghijklmno", true },
	{ ham_value_is_ifname, "abcdefghijklmnop", false },
	{ ham_value_is_ifname, "a:b", false },
	{ ham_value_is_ifname, "..", false },
	{ ham_value_is_path, "/dev/vg0/web1-root", true },
	{ ham_value_is_path, "/a b/c,d=e", true },
	{ ham_value_is_path, "/a/..b/...", true },
	{ ham_value_is_path, "/", false },
	{ ham_value_is_path, "", false },
	{ ham_value_is_path, "a/b", false },
	{ ham_value_is_path, "/a/", false },
	{ ham_value_is_path, "//a", false },
	{ ham_value_is_path, "/a//b", false },
	{ ham_value_is_path, "/a/./b", false },
	{ ham_value_is_path, "/a/../b", false },
	{ ham_value_is_path, "/..", false },
	{ ham_value_is_machine, "pc-q35-10.0", true },
	{ ham_value_is_machine, "pc-q35-4.0.1", true },
	{ ham_value_is_machine, "q35", false },
	{ ham_value_is_machine, "pc", false },
	{ ham_value_is_machine, "pc-q35", false },
	{ ham_value_is_machine, "pc-q35-", false },
	{ ham_value_is_machine, "pc-q35-10", false },
	{ ham_value_is_machine, "pc-q35-10.", false },
	{ ham_value_is_machine, "pc-q35-10.0,x=y", false },
	{ ham_value_is_machine, "pc-q35-10.0.0.0", false },
	{ ham_value_is_machine, "pc-i440fx-10.0", false },
	{ ham_value_is_machine, "microvm", false },
	{ ham_value_is_cpu, "qemu64", true },
	{ ham_value_is_cpu, "EPYC-v2,+avx2,-x,pmu=on", true },
	{ ham_value_is_cpu, "host", false },
	{ ham_value_is_cpu, "max", false },
	{ ham_value_is_cpu, "host,+avx", false },
	{ ham_value_is_cpu, "hosting", true },
	{ ham_value_is_cpu, "qemu64,", false },
	{ ham_value_is_cpu, "qemu64,,+x", false },
	{ ham_value_is_cpu, "-cpu", false },
	{ ham_value_is_cpu, "a b", false },
	{ ham_value_is_cpu, "", false },
	{ ham_value_is_agent, "fence_ipmilan", true },
	{ ham_value_is_agent, "watchdog", true },
	{ ham_value_is_agent, "fence_", false },
	{ ham_value_is_agent, "ipmilan", false },
	{ ham_value_is_agent, "fence_/bin/sh", false },
	{ ham_value_is_agent, "/usr/sbin/fence_x", false },
};
/* clang-format on */

START_TEST(word)
{
	ck_assert_msg(words[_i].is(words[_i].text) == words[_i].ok, "%s",
		      words[_i].text);
}
END_TEST

START_TEST(uuid)
{
	static const char *const bad[] = {
		"",
		"6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5",
		"6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5ff",
		"6f1f9d5e+7b1e-4f0c-9d3f-0a1b2c3d4e5f",
		"6f1f9d5eb7b1e-4f0c-9d3f-0a1b2c3d4e5f",
		"6f1f9d5g-7b1e-4f0c-9d3f-0a1b2c3d4e5f",
		"00000000-0000-0000-0000-000000000000",
	};
	char out[37] = "";

	ck_assert(ham_value_uuid("6F1F9D5E-7b1e-4f0c-9d3f-0a1b2c3d4e5f", out));
	ck_assert_str_eq(out, "6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5f");
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		ck_assert_msg(!ham_value_uuid(bad[i], out), "%s", bad[i]);
}
END_TEST

/* What is shown can be written into the file again. */
START_TEST(shows_what_it_reads)
{
	static const uint64_t bytes[] = {
		0, 1, 1023, KIB, 1536, KIB * KIB, 5ULL << 40, UINT64_MAX};
	static const int64_t us[] = {0,	      1000,	 150000,
				     1500000, 180000000, 3600000000};
	uint64_t size_again;
	int64_t us_again;

	for (size_t i = 0; i < G_N_ELEMENTS(bytes); i++) {
		g_autofree char *text = ham_value_show_size(bytes[i]);

		ck_assert(ham_value_size(text, &size_again));
		ck_assert_uint_eq(size_again, bytes[i]);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(us); i++) {
		g_autofree char *text = ham_value_show_duration(us[i]);

		ck_assert(ham_value_duration(text, &us_again));
		ck_assert_int_eq(us_again, us[i]);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_value");
	TCase *tc = tcase_create("value");

	tcase_add_loop_test(tc, size, 0, (int)G_N_ELEMENTS(sizes));
	tcase_add_loop_test(tc, duration, 0, (int)G_N_ELEMENTS(durations));
	tcase_add_loop_test(tc, vlan_list, 0, (int)G_N_ELEMENTS(vlans));
	tcase_add_loop_test(tc, uid_range, 0, (int)G_N_ELEMENTS(uids));
	tcase_add_loop_test(tc, address, 0, (int)G_N_ELEMENTS(addresses));
	tcase_add_loop_test(tc, word, 0, (int)G_N_ELEMENTS(words));
	tcase_add_test(tc, mac);
	tcase_add_test(tc, uuid);
	tcase_add_test(tc, shows_what_it_reads);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
