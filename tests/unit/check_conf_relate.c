/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf_relate.c - values of one file against each other */
#include <string.h>

#include "tests/unit/conf_text.h"

/* clang-format off */
/* A guest `g` from line 11 on, without a disk. */
#define BARE                                                                   \
	"[guest g]\nmemory = 64M\nmachine = pc-q35-10.0\ncpu = qemu64\n"
/* The same with a kernel, so that it is valid by itself. */
#define OTHER(name)                                                            \
	"[guest " name "]\nmemory = 64M\nmachine = pc-q35-10.0\n"              \
	"cpu = qemu64\nkernel = /k\n"
#define CLUSTER(keys) "[cluster]\nversion = 1\n" keys
#define NODE(name, rest) "[node " name "]\n" rest
#define AT(n) "address.migration = 10.0.0." n "\n"
#define TWO CLUSTER("") NODE("n1", AT("1")) NODE("n2", AT("2"))

static const struct {
	const char *name;
	const char *text;
	const char *problems;
} cases[] = {
	{ "valid", CONF_BASE CONF_GUEST OTHER("h"), "" },
	{ "empty file", "",
	  "c: found nothing, expected a section [cluster]\n"
	  "c: found nothing, expected a section [node NAME] for each node\n" },
	{ "disk of no guest", CONF_BASE "[disk w/d]\npath = /d\nsize = 1G\n",
	  "c:11: [disk w/d]: found a guest that is not in the file, expected "
	  "a section [guest w]\n" },
	{ "port of no guest",
	  CONF_BASE "[port w/p]\nbridge = b\nmac = 52:54:00:00:00:01\n",
	  "c:11: [port w/p]: found a guest that is not in the file, expected "
	  "a section [guest w]\n" },
	{ "device of no node", CONF_BASE "[fence n9/b]\nagent = fence_x\n",
	  "c:11: [fence n9/b]: found a node that is not in the file, expected "
	  "a section [node n9]\n" },
	{ "disk before its guest",
	  CONF_BASE "[disk g/d]\npath = /d\nsize = 1G\n" BARE, "" },
	{ "same MAC", CONF_BASE CONF_GUEST OTHER("h")
	  "[port h/p]\nbridge = br1\nmac = 52:54:00:00:00:01\n",
	  "c:28: [port h/p] mac: found 52:54:00:00:00:01, expected a MAC "
	  "address that is not in [port g/lan] (line 20), too\n" },
	{ "same address, other notation", CONF_BASE CONF_GUEST
	  "address = 2001:db8::1\n" OTHER("h") "[port h/p]\nbridge = br0\n"
	  "mac = 52:54:00:00:00:02\naddress = 192.0.2.1, 2001:DB8:0::1\n",
	  "c:30: [port h/p] address: found 2001:db8::1, expected an address "
	  "that is not in [port g/lan] (line 21), too\n" },
	{ "same address twice in a key",
	  CONF_BASE CONF_GUEST "address = 192.0.2.1, 192.0.2.1\n",
	  "c:21: [port g/lan] address: found 192.0.2.1, expected an address "
	  "that is not in [port g/lan] (line 21), too\n" },
	{ "a node's address", CONF_BASE CONF_GUEST "address = 10.0.0.2\n",
	  "c:21: [port g/lan] address: found 10.0.0.2, expected an address "
	  "that is not in [node n2] (line 6), too\n" },
	{ "same address of nodes",
	  CLUSTER("") NODE("n1", AT("1")) NODE("n2", AT("1")),
	  "c:6: [node n2] address.migration: found 10.0.0.1, expected an "
	  "address that is not in [node n1] (line 4), too\n" },
	{ "same path", CONF_BASE CONF_GUEST
	  "[disk g/two]\npath = /d/g\nsize = 1G\n",
	  "c:22: [disk g/two] path: found /d/g, expected an image's path that "
	  "is not in [disk g/root] (line 16), too\n" },
	{ "kernel is a disk", CONF_BASE CONF_GUEST OTHER("h") "initrd = /d/g\n",
	  "c:26: [guest h] initrd: found /d/g, expected a file that is not "
	  "the image of [disk g/root] (line 16)\n" },
	{ "kernel of two guests", CONF_BASE OTHER("g") OTHER("h"), "" },
	{ "same UUID", CONF_BASE
	  OTHER("g") "uuid = 6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5f\n"
	  OTHER("h") "uuid = 6F1F9D5E-7B1E-4F0C-9D3F-0A1B2C3D4E5F\n",
	  "c:22: [guest h] uuid: found 6f1f9d5e-7b1e-4f0c-9d3f-0a1b2c3d4e5f, "
	  "expected a UUID that is not in [guest g] (line 16), too\n" },
	{ "neither kernel nor disk", CONF_BASE BARE,
	  "c:11: [guest g]: found neither a kernel nor a disk, expected "
	  "kernel, or a section [disk g/NAME]\n" },
	{ "initrd and append without kernel",
	  CONF_BASE BARE "initrd = /i\nappend = x\n"
	  "[disk g/d]\npath = /d\nsize = 1G\n",
	  "c:15: [guest g] initrd: found it without kernel, expected the key "
	  "kernel, too\n"
	  "c:16: [guest g] append: found it without kernel, expected the key "
	  "kernel, too\n" },
	{ "fewer uids than guests", CLUSTER("guest_uids = 61000-61001\n")
	  NODE("n1", AT("1")) OTHER("a") OTHER("b") OTHER("c"),
	  "c:3: [cluster] guest_uids: found 61000-61001, expected at least 3 "
	  "uids, one for each guest\n" },
	{ "as many uids as guests", CLUSTER("guest_uids = 61000-61001\n")
	  NODE("n1", AT("1")) OTHER("a") OTHER("b"), "" },
	{ "node without address", CLUSTER("") NODE("n1", ""),
	  "c:3: [node n1] address.migration: found nothing, expected a numeric "
	  "IPv4 or IPv6 address that other nodes reach\n" },
	{ "witness without address",
	  TWO NODE("n3", "role = witness\n"), "" },
	{ "witness with memory", TWO
	  NODE("n3", "role = witness\nmemory_reserve = 1G\n"),
	  "c:9: [node n3] memory_reserve: found it with role = witness, "
	  "expected no such key (a witness holds no guests)\n" },
	{ "only witnesses", CLUSTER("") NODE("n1", "role = witness\n")
	  OTHER("g"),
	  "c: found guests, but only witness nodes, expected a node that "
	  "holds guests\n" },
	{ "no node to keep a replica",
	  CLUSTER("") NODE("n1", AT("1")) NODE("n2", "role = witness\n")
	  OTHER("g") "replicas = 1\n",
	  "c:12: [guest g] replicas: found 1, expected fewer than there are "
	  "nodes that hold guests (1)\n" },
	{ "a node to keep a replica", TWO OTHER("g") "replicas = 1\n", "" },
	{ "an image of another format", TWO OTHER("g")
	  "[disk g/d]\npath = /d/a.qcow2\nsize = 1G\n",
	  "c:13: [disk g/d] path: found /d/a.qcow2, expected a raw image, made "
	  "by: qemu-img convert -f qcow2 -O raw /d/a.qcow2 /d/a.raw\n" },
	{ "replicas of what is shared",
	  TWO OTHER("g") "replicas = 1\n"
	  "[disk g/d]\npath = /d\nsize = 1G\nkind = shared\n",
	  "c:12: [guest g] replicas: found 1, expected 0 (all its disks are "
	  "shared, there is nothing to copy)\n" },
	{ "replicas of what is not shared",
	  TWO OTHER("g") "replicas = 1\n"
	  "[disk g/d]\npath = /d\nsize = 1G\nkind = shared\n"
	  "[disk g/e]\npath = /e\nsize = 1G\n", "" },
	{ "pause not shorter than all", CONF_BASE
	  OTHER("g") "max_pause = 2s\nmax_duration = 2s\n",
	  "c:16: [guest g] max_pause: found 2s, expected less than "
	  "max_duration (2s)\n" },
	{ "more bandwidth than the cluster",
	  CLUSTER("migration_bandwidth = 100M\n") NODE("n1", AT("1"))
	  OTHER("g") "bandwidth = 101M\n",
	  "c:11: [guest g] bandwidth: found 101M, expected at most "
	  "migration_bandwidth (100M)\n" },
	{ "placed as it can be", TWO OTHER("g")
	  "prefer = n2, n1\nwith = h\napart = i\n" OTHER("h")
	  "with = g\n" OTHER("i") "apart = g\n", "" },
	{ "prefers what is no node, and a witness", TWO
	  NODE("n3", "role = witness\n") OTHER("g") "prefer = n9, n3, n1, n1\n",
	  "c:14: [guest g] prefer: found n9, expected a node that has a "
	  "section [node NAME]\n"
	  "c:14: [guest g] prefer: found n3, expected a node that holds guests "
	  "([node n3] in line 7 is a witness)\n"
	  "c:14: [guest g] prefer: found n1, expected each name once\n" },
	{ "with and apart from what is no other guest", TWO OTHER("g")
	  "with = x\napart = g\n",
	  "c:12: [guest g] with: found x, expected a guest that has a section "
	  "[guest NAME]\n"
	  "c:13: [guest g] apart: found g, expected another guest than this "
	  "one\n" },
	{ "with and apart in one guest", TWO OTHER("g")
	  "with = h\napart = h\n" OTHER("h"),
	  "c:12: [guest g] with: found h, expected a guest that it is not "
	  "apart from ([guest g] apart in line 13)\n" },
	{ "with and apart in two guests", TWO OTHER("g") "with = h\n"
	  OTHER("h") "apart = g\n",
	  "c:12: [guest g] with: found h, expected a guest that it is not "
	  "apart from ([guest h] apart in line 18)\n" },
	{ "bridge made by one of two", CONF_BASE CONF_GUEST
	  "[port g/two]\nbridge = br0\ncreate_bridge = yes\n"
	  "mac = 52:54:00:00:00:02\n",
	  "c:23: [port g/two] create_bridge: found yes, expected no as in "
	  "[port g/lan] (line 18), which is on br0, too\n" },
	{ "a VLAN on a bridge that does not filter", CONF_BASE CONF_GUEST
	  "vlan = 30\n[bridge br0]\n",
	  "c:21: [port g/lan] vlan: found it on a bridge without VLAN "
	  "filtering, expected vlan_filtering = yes in [bridge br0]\n" },
	{ "a trunk on a bridge that does not filter", CONF_BASE CONF_GUEST
	  "trunk = 30\n[bridge br0]\n",
	  "c:21: [port g/lan] trunk: found it on a bridge without VLAN "
	  "filtering, expected vlan_filtering = yes in [bridge br0]\n" },
	{ "a VLAN on a bridge that is made without", CONF_BASE CONF_GUEST
	  "create_bridge = yes\nvlan = 30\n",
	  "c:22: [port g/lan] vlan: found it on a bridge that hamd makes "
	  "without VLAN filtering, expected a section [bridge br0] with vlan_filtering = yes\n" },
	{ "a VLAN tagged and untagged", CONF_BASE CONF_GUEST
	  "vlan = 30\ntrunk = 10,20-40\n",
	  "c:22: [port g/lan] trunk: found 30, expected VLANs other than "
	  "the port's own (vlan), which leaves untagged\n" },
	{ "who makes a bridge, said twice", CONF_BASE CONF_GUEST
	  "create_bridge = no\n[bridge br0]\n",
	  "c:21: [port g/lan] create_bridge: found no, expected the key create "
	  "in [bridge br0], for all ports on it\n" },
	{ "a port's MTU above its bridge's", CONF_BASE CONF_GUEST
	  "mtu = 9000\n[bridge br0]\nmtu = 1500\n",
	  "c:21: [port g/lan] mtu: found 9000, expected at most that of "
	  "[bridge br0] (1500)\n" },
	{ "more queues than CPUs", CONF_BASE CONF_GUEST "queues = 2\n",
	  "c:21: [port g/lan] queues: found 2, expected at most the guest's "
	  "cpus (1)\n" },
	{ "a bridge's name that is none of an interface", CONF_BASE
	  "[bridge a-name-of-16-byt]\n",
	  "c:11: [bridge a-name-of-16-byt]: found a-name-of-16-byt, expected "
	  "an interface's name (at most 15 letters, digits and . _ -)\n" },
	{ "a bridge that is its own uplink", CONF_BASE
	  "[bridge b]\nuplink = b\n",
	  "c:12: [bridge b] uplink: found b, expected another interface than "
	  "the bridge\n" },
	{ "an uplink of no node and no bridge", CONF_BASE
	  "[uplink n9/b]\ninterface = eth0\n",
	  "c:11: [uplink n9/b]: found a node that is not in the file, expected "
	  "a section [node n9]\n"
	  "c:11: [uplink n9/b]: found a bridge that is not in the file, "
	  "expected a section [bridge b]\n" },
	{ "an uplink of a witness", CONF_BASE
	  "[node n4]\nrole = witness\n[bridge b]\n[uplink n4/b]\n"
	  "interface = eth0\n",
	  "c:14: [uplink n4/b]: found a witness, expected a node that holds "
	  "guests\n" },
	{ "one card for two bridges", CONF_BASE
	  "[bridge a]\nuplink = eth0\n[bridge b]\nuplink = eth1\n"
	  "[uplink n2/b]\ninterface = eth0\n",
	  "c:16: [uplink n2/b] interface: found eth0, expected another "
	  "interface: on n2 it is the uplink of a already\n" },
	{ "an agent that cuts no power", CONF_BASE
	  "[fence n1/s]\nagent = fence_scsi\n",
	  "c:12: [fence n1/s] agent: found fence_scsi, expected an agent that "
	  "switches the node's power (this one leaves it running, or sees no "
	  "power)\n" },
	{ "an agent that switches nothing", CONF_BASE
	  "[fence n1/s]\nagent = fence_dummy\n",
	  "c:12: [fence n1/s] agent: found fence_dummy, expected an agent that "
	  "switches the node's power (this one leaves it running, or sees no "
	  "power)\n" },
	{ "a person as an agent", CONF_BASE
	  "[fence n1/s]\nagent = fence_ack_manual\n",
	  "c:12: [fence n1/s] agent: found fence_ack_manual, expected an agent "
	  "that switches the node's power (a person who has seen the node off "
	  "says so with: hamctl fence confirm-off n1)\n" },
	{ "watchdog with options", CONF_BASE
	  "[fence n1/w]\nagent = watchdog\nip = 10.0.0.9\n",
	  "c:11: [fence n1/w]: found options with agent = watchdog, expected "
	  "none beside agent and level\n" },
	{ "watchdog with three nodes", CONF_BASE
	  "[fence n1/w]\nagent = watchdog\nlevel = 2\n", "" },
	{ "watchdog with two nodes (F29)", TWO
	  "[fence n1/w]\nagent = watchdog\n",
	  "c:8: [fence n1/w] agent: found watchdog, expected a power device "
	  "(two nodes alone cannot wait for a watchdog: neither knows who is "
	  "the majority), or a witness node\n" },
	{ "a repeated guest is not held against its disks",
	  CONF_BASE CONF_GUEST BARE,
	  "c:21: [guest g]: found this section again, expected it once (it is "
	  "on line 11)\n" },
	{ "a repeated section is not its own duplicate",
	  CONF_BASE CONF_GUEST "[disk g/root]\npath = /d/g\nsize = 1G\n",
	  "c:21: [disk g/root]: found this section again, expected it once "
	  "(it is on line 15)\n" },
};
/* clang-format on */

START_TEST(contradiction)
{
	const char *text = cases[_i].text;
	g_autofree char *shown = conf_text_parse(text, strlen(text));

	ck_assert_msg(strcmp(shown, cases[_i].problems) == 0,
		      "%s: got\n%s\nexpected\n%s", cases[_i].name, shown,
		      cases[_i].problems);
}
END_TEST

/* n sections more than a valid file has; `format` takes a number twice. */
static char *
with_many(const char *head, int n, const char *format)
{
	GString *text = g_string_new(head);
	g_autofree char *shown = NULL;

	for (int i = 0; i < n; i++) {
		g_auto(GStrv) parts = g_strsplit(format, "%", -1);
		g_autofree char *number = g_strdup_printf("%02x", i);
		g_autofree char *one = g_strjoinv(number, parts);

		g_string_append(text, one);
	}
	shown = conf_text_parse(text->str, text->len);
	g_string_free(text, TRUE);
	return g_steal_pointer(&shown);
}

START_TEST(too_many_nodes)
{
	static const char node[] =
		"[node x%]\naddress.migration = 2001:db8::%\n";
	g_autofree char *most = with_many(CLUSTER(""), 16, node);
	g_autofree char *more = with_many(CLUSTER(""), 17, node);

	ck_assert_str_eq(most, "");
	ck_assert_str_eq(more, "c:35: [node x10]: found one more, expected at "
			       "most 16 nodes\n");
}
END_TEST

START_TEST(too_many_disks)
{
	static const char disk[] = "[disk g/x%]\npath = /x%\nsize = 1G\n";
	g_autofree char *most = with_many(CONF_BASE BARE, 8, disk);
	g_autofree char *more = with_many(CONF_BASE BARE, 9, disk);

	ck_assert_str_eq(most, "");
	ck_assert_str_eq(more, "c:39: [disk g/x08]: found one more, expected "
			       "at most 8 disks of a guest\n");
}
END_TEST

START_TEST(too_many_ports)
{
	static const char port[] =
		"[port g/x%]\nbridge = br0\nmac = 52:54:00:00:00:%\n";
	g_autofree char *most = with_many(CONF_BASE OTHER("g"), 8, port);
	g_autofree char *more = with_many(CONF_BASE OTHER("g"), 9, port);

	ck_assert_str_eq(most, "");
	ck_assert_str_eq(more, "c:40: [port g/x08]: found one more, expected "
			       "at most 8 ports of a guest\n");
}
END_TEST

START_TEST(too_many_guests)
{
	static const char guest[] = OTHER("x%");
	static const char head[] =
		CLUSTER("guest_uids = 61000-62999\n") NODE("n1", AT("1"));
	g_autofree char *most = with_many(head, 1000, guest);
	g_autofree char *more = with_many(head, 1001, guest);

	ck_assert_str_eq(most, "");
	ck_assert_str_eq(more, "c:5006: [guest x3e8]: found one more, "
			       "expected at most 1000 guests\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_relate");
	TCase *tc = tcase_create("relate");

	tcase_add_loop_test(tc, contradiction, 0, (int)G_N_ELEMENTS(cases));
	tcase_add_test(tc, too_many_nodes);
	tcase_add_test(tc, too_many_disks);
	tcase_add_test(tc, too_many_ports);
	tcase_add_test(tc, too_many_guests);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
