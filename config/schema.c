/* SPDX-License-Identifier: BSD-3-Clause */
/* config/schema.c - the table of keys
 *
 * A key that is not here is an error in the file.  Fence options are the one
 * exception: beyond agent and level they are the agent's own.
 */
#include "config/schema.h"

#include <glib.h>

#include "config/conf.h"
#include "config/value.h"

#define MIB (1ULL << 20)
#define GIB (1ULL << 30)
#define TIB (1ULL << 40)
#define MS 1000ULL
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)

/* uids go into two neighbouring fields */
G_STATIC_ASSERT(offsetof(ham_conf, uid_last) ==
		offsetof(ham_conf, uid_first) + sizeof(uint32_t));
G_STATIC_ASSERT(sizeof(enum ham_conf_accel) == sizeof(unsigned int));
G_STATIC_ASSERT(sizeof(enum ham_conf_vhost) == sizeof(unsigned int));

static const char *const no_yes[] = {"no", "yes", NULL};
static const char *const on_limits[] = {"abort", "force", "warm", NULL};
static const char *const roles[] = {"guests", "witness", NULL};
static const char *const kinds[] = {"local", "shared", NULL};
static const char *const accels[] = {
	[HAM_CONF_KVM] = "kvm",
	[HAM_CONF_TCG] = "tcg",
	NULL,
};

static const char *const vhosts[] = {
	[HAM_CONF_VHOST_AUTO] = "auto",
	[HAM_CONF_VHOST_NO] = "no",
	[HAM_CONF_VHOST_YES] = "yes",
	NULL,
};

static const char machine_form[] =
	"pc-q35-MAJOR.MINOR, such as pc-q35-10.0 (an alias without a version "
	"changes its meaning with QEMU's version, and other machine types "
	"have other PCI addresses)";
static const char cpu_form[] =
	"a CPU model of QEMU, such as qemu64 or EPYC-v2 (host and max differ "
	"from node to node)";

/* clang-format off */
#define IN_CLUSTER(f) .offset = offsetof(ham_conf, f)
#define IN_NODE(f) .offset = offsetof(struct ham_conf_node, f)
#define IN_GUEST(f) .offset = offsetof(struct ham_conf_guest, f)
#define IN_DISK(f) .offset = offsetof(struct ham_conf_disk, f)
#define IN_PORT(f) .offset = offsetof(struct ham_conf_port, f)
#define IN_BRIDGE(f) .offset = offsetof(struct ham_conf_bridge, f)
#define IN_UPLINK(f) .offset = offsetof(struct ham_conf_uplink, f)
#define IN_FENCE(f) .offset = offsetof(struct ham_conf_fence, f)

const struct ham_key ham_schema[] = {
	{ HAM_SECTION_CLUSTER, "version",
	  "the number of this file, higher with each change",
	  HAM_VALUE_NUMBER, IN_CLUSTER(version), .required = true,
	  .min = 1, .max = 1000000000 },
	{ HAM_SECTION_CLUSTER, "name",
	  "the cluster's name, for people",
	  HAM_VALUE_NAME, IN_CLUSTER(name), .fallback = "hamd" },
	{ HAM_SECTION_CLUSTER, "accel",
	  "how guests' CPUs are run",
	  HAM_VALUE_CHOICE, IN_CLUSTER(accel), .words = accels,
	  .fallback = "kvm" },
	{ HAM_SECTION_CLUSTER, "migration_bandwidth",
	  "bytes a second for all copies of a node",
	  HAM_VALUE_SIZE, IN_CLUSTER(migration_bandwidth),
	  .fallback = "800M", .min = MIB, .max = 100 * GIB },
	{ HAM_SECTION_CLUSTER, "lease",
	  "how long a node runs guests without a majority",
	  HAM_VALUE_DURATION, IN_CLUSTER(lease_us), .fallback = "auto",
	  .zero = "auto",
	  .min = 2 * SECOND, .max = 10 * MINUTE },
	{ HAM_SECTION_CLUSTER, "replica_timeout",
	  "how long a silent replica is waited for",
	  HAM_VALUE_DURATION, IN_CLUSTER(replica_timeout_us),
	  .fallback = "3s", .min = 500 * MS, .max = MINUTE },
	{ HAM_SECTION_CLUSTER, "verify_interval",
	  "after how long a guest's copies are compared",
	  HAM_VALUE_DURATION, IN_CLUSTER(verify_interval_us),
	  .fallback = "168h", .zero = "never", .min = MINUTE,
	  .max = 8784 * 60 * MINUTE },
	{ HAM_SECTION_CLUSTER, "verify_bandwidth",
	  "bytes a second that this reads of each copy",
	  HAM_VALUE_SIZE, IN_CLUSTER(verify_bandwidth),
	  .fallback = "32M", .min = MIB, .max = 100 * GIB },
	{ HAM_SECTION_CLUSTER, "watchdog",
	  "the watchdog's timeout",
	  HAM_VALUE_DURATION, IN_CLUSTER(watchdog_us), .fallback = "10s",
	  .min = 2 * SECOND, .max = 10 * MINUTE },
	{ HAM_SECTION_CLUSTER, "fence_delay",
	  "from a node's leaving the ring to its fencing",
	  HAM_VALUE_DURATION, IN_CLUSTER(fence_delay_us),
	  .fallback = "none", .zero = "none", .min = 100 * MS,
	  .max = MINUTE },
	{ HAM_SECTION_CLUSTER, "two_node_delay",
	  "how much later the node with fewer guests fences the other",
	  HAM_VALUE_DURATION, IN_CLUSTER(two_node_delay_us),
	  .fallback = "5s", .min = 500 * MS, .max = MINUTE },
	{ HAM_SECTION_CLUSTER, "quarantine_after",
	  "how often a node may be unhealthy before it is quarantined",
	  HAM_VALUE_COUNT, IN_CLUSTER(quarantine_after), .fallback = "3",
	  .max = 16, .expected = "0 to 16 (0: never)" },
	{ HAM_SECTION_CLUSTER, "quarantine_window",
	  "within which time",
	  HAM_VALUE_DURATION, IN_CLUSTER(quarantine_window_us),
	  .fallback = "1h", .min = MINUTE, .max = 168 * HOUR },
	{ HAM_SECTION_CLUSTER, "quarantine_time",
	  "how long it gets no guests then",
	  HAM_VALUE_DURATION, IN_CLUSTER(quarantine_time_us),
	  .fallback = "2h", .min = SECOND, .max = 8784 * HOUR },
	{ HAM_SECTION_CLUSTER, "parallel_starts",
	  "how many guests a node starts at the same time",
	  HAM_VALUE_COUNT, IN_CLUSTER(parallel_starts), .fallback = "2",
	  .min = 1, .max = 16 },
	{ HAM_SECTION_CLUSTER, "parallel_migrations",
	  "how many live migrations a node has part in at the same time",
	  HAM_VALUE_COUNT, IN_CLUSTER(parallel_migrations), .fallback = "2",
	  .min = 1, .max = 16 },
	{ HAM_SECTION_CLUSTER, "cluster_migrations",
	  "how many there are in the cluster",
	  HAM_VALUE_COUNT, IN_CLUSTER(cluster_migrations), .fallback = "8",
	  .min = 1, .max = 128 },
	{ HAM_SECTION_CLUSTER, "guest_uids",
	  "the uids that guests' processes run as, one a guest",
	  HAM_VALUE_UIDS, IN_CLUSTER(uid_first), .fallback = "61000-61999" },
	{ HAM_SECTION_CLUSTER, "insecure",
	  "whether corosync may run without encryption",
	  HAM_VALUE_BOOL, IN_CLUSTER(insecure), .words = no_yes,
	  .fallback = "no" },

	{ HAM_SECTION_NODE, "address.migration",
	  "the address other nodes send guests to",
	  HAM_VALUE_ADDRESS, IN_NODE(address_migration) },
	{ HAM_SECTION_NODE, "memory_reserve",
	  "memory that guests may not use",
	  HAM_VALUE_SIZE, IN_NODE(memory_reserve), .fallback = "512M",
	  .max = 16 * TIB },
	{ HAM_SECTION_NODE, "role",
	  "whether the node holds guests or only a vote",
	  HAM_VALUE_BOOL, IN_NODE(witness), .words = roles,
	  .fallback = "guests" },
	{ HAM_SECTION_NODE, "health.interval",
	  "how often the node's health is looked at",
	  HAM_VALUE_DURATION, IN_NODE(health.interval_us),
	  .fallback = "10s", .min = SECOND, .max = HOUR },
	{ HAM_SECTION_NODE, "health.hold",
	  "how long all must be well before the node is well again",
	  HAM_VALUE_DURATION, IN_NODE(health.hold_us),
	  .fallback = "60s", .min = SECOND, .max = 24 * HOUR },
	{ HAM_SECTION_NODE, "health.load",
	  "the highest load, of the last minute",
	  HAM_VALUE_COUNT, IN_NODE(health.load), .min = 1, .max = 100000 },
	{ HAM_SECTION_NODE, "health.memory_available",
	  "the least memory that is available",
	  HAM_VALUE_SIZE, IN_NODE(health.memory_available),
	  .min = MIB, .max = 16 * TIB },
	{ HAM_SECTION_NODE, "health.memory_pressure",
	  "the highest share of time, in percent, that waits for memory",
	  HAM_VALUE_COUNT, IN_NODE(health.memory_pressure),
	  .min = 1, .max = 99 },
	{ HAM_SECTION_NODE, "health.disk_free",
	  "the least space that is free where images are",
	  HAM_VALUE_SIZE, IN_NODE(health.disk_free),
	  .min = MIB, .max = 256 * TIB },
	{ HAM_SECTION_NODE, "health.disk_errors",
	  "how many errors of guests' disks are too many",
	  HAM_VALUE_COUNT, IN_NODE(health.disk_errors),
	  .min = 1, .max = 16 },
	{ HAM_SECTION_NODE, "health.temperature",
	  "the highest temperature of any sensor, in degrees Celsius",
	  HAM_VALUE_COUNT, IN_NODE(health.temperature),
	  .min = 1, .max = 200 },
	{ HAM_SECTION_NODE, "health.uplink",
	  "whether a bridge of guests without a carrier is bad",
	  HAM_VALUE_BOOL, IN_NODE(health.uplink), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_NODE, "health.cluster_link",
	  "whether a link of corosync that reaches no node is bad",
	  HAM_VALUE_BOOL, IN_NODE(health.cluster_link), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_NODE, "health.command",
	  "a program that ends with 0 if all is well",
	  HAM_VALUE_PATH, IN_NODE(health.command) },

	{ HAM_SECTION_GUEST, "uuid",
	  "the machine's UUID",
	  HAM_VALUE_UUID, IN_GUEST(uuid) },
	{ HAM_SECTION_GUEST, "memory",
	  "the guest's memory",
	  HAM_VALUE_SIZE, IN_GUEST(memory), .required = true,
	  .min = 16 * MIB, .max = 16 * TIB, .step = MIB },
	{ HAM_SECTION_GUEST, "cpus",
	  "the number of virtual CPUs",
	  HAM_VALUE_COUNT, IN_GUEST(cpus), .fallback = "1",
	  .min = 1, .max = 255 },
	{ HAM_SECTION_GUEST, "replicas",
	  "how many other nodes keep a copy of its disks",
	  HAM_VALUE_COUNT, IN_GUEST(replicas), .fallback = "0", .max = 3,
	  .expected = "0 to 3" },
	{ HAM_SECTION_GUEST, "priority",
	  "who is started first; higher is earlier",
	  HAM_VALUE_COUNT, IN_GUEST(priority), .fallback = "50",
	  .max = 100 },
	{ HAM_SECTION_GUEST, "prefer",
	  "the nodes it is started on first, the best one first",
	  HAM_VALUE_NAMES, IN_GUEST(prefer), .max = HAM_CONF_MAX_NODES },
	{ HAM_SECTION_GUEST, "with",
	  "guests whose node is the best one for it",
	  HAM_VALUE_NAMES, IN_GUEST(with), .max = HAM_CONF_MAX_RELATED },
	{ HAM_SECTION_GUEST, "apart",
	  "guests that it never shares a node with",
	  HAM_VALUE_NAMES, IN_GUEST(apart), .max = HAM_CONF_MAX_RELATED },
	{ HAM_SECTION_GUEST, "max_pause",
	  "the longest pause a live migration may cost",
	  HAM_VALUE_DURATION, IN_GUEST(max_pause_us), .fallback = "150ms",
	  .min = MS, .max = MINUTE },
	{ HAM_SECTION_GUEST, "max_duration",
	  "how long a live migration may take",
	  HAM_VALUE_DURATION, IN_GUEST(max_duration_us),
	  .fallback = "180s", .min = SECOND, .max = 24 * HOUR },
	{ HAM_SECTION_GUEST, "stop_timeout",
	  "how long the guest may take to shut down",
	  HAM_VALUE_DURATION, IN_GUEST(stop_timeout_us), .fallback = "60s",
	  .min = SECOND, .max = HOUR },
	{ HAM_SECTION_GUEST, "auto_converge",
	  "whether QEMU may slow the guest down so that a migration ends",
	  HAM_VALUE_BOOL, IN_GUEST(auto_converge), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_GUEST, "on_limit",
	  "what a live migration does that can't keep its limits",
	  HAM_VALUE_CHOICE, IN_GUEST(on_limit), .words = on_limits,
	  .fallback = "abort" },
	{ HAM_SECTION_GUEST, "bandwidth",
	  "bytes a second for this guest's migration",
	  HAM_VALUE_SIZE, IN_GUEST(bandwidth), .min = MIB,
	  .max = 100 * GIB },
	{ HAM_SECTION_GUEST, "machine",
	  "QEMU's machine type",
	  HAM_VALUE_MACHINE, IN_GUEST(machine), .required = true,
	  .expected = machine_form },
	{ HAM_SECTION_GUEST, "cpu",
	  "the virtual CPU's model",
	  HAM_VALUE_CPU, IN_GUEST(cpu), .required = true,
	  .expected = cpu_form },
	{ HAM_SECTION_GUEST, "kernel",
	  "the kernel that is booted directly",
	  HAM_VALUE_PATH, IN_GUEST(kernel) },
	{ HAM_SECTION_GUEST, "initrd",
	  "the kernel's initial file system",
	  HAM_VALUE_PATH, IN_GUEST(initrd) },
	{ HAM_SECTION_GUEST, "append",
	  "the kernel's command line",
	  HAM_VALUE_TEXT, IN_GUEST(append), .max = 2000 },
	{ HAM_SECTION_GUEST, "serial_log",
	  "whether the serial console is written to a file",
	  HAM_VALUE_BOOL, IN_GUEST(serial_log), .words = no_yes,
	  .fallback = "yes" },

	{ HAM_SECTION_BRIDGE, "uplink",
	  "the interface that leads from the bridge out of the node",
	  HAM_VALUE_IFNAME, IN_BRIDGE(uplink) },
	{ HAM_SECTION_BRIDGE, "create",
	  "whether it is made where it is missing",
	  HAM_VALUE_BOOL, IN_BRIDGE(create), .words = no_yes,
	  .fallback = "yes" },
	{ HAM_SECTION_BRIDGE, "mtu",
	  "the bridge's MTU",
	  HAM_VALUE_COUNT, IN_BRIDGE(mtu), .min = 68, .max = 65535 },
	{ HAM_SECTION_BRIDGE, "vlan_filtering",
	  "whether the bridge filters by VLAN (802.1Q)",
	  HAM_VALUE_BOOL, IN_BRIDGE(vlan_filtering), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_BRIDGE, "arp_target",
	  "an address that must answer by the uplink",
	  HAM_VALUE_IPV4, IN_BRIDGE(arp_target) },

	{ HAM_SECTION_DISK, "path",
	  "the image's path, the same on each node",
	  HAM_VALUE_PATH, IN_DISK(path), .required = true },
	{ HAM_SECTION_DISK, "size",
	  "the disk's size",
	  HAM_VALUE_SIZE, IN_DISK(size), .required = true, .min = MIB,
	  .max = 256 * TIB, .step = 512 },
	{ HAM_SECTION_DISK, "sparse",
	  "whether the image may be left unreserved",
	  HAM_VALUE_BOOL, IN_DISK(sparse), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_DISK, "kind",
	  "whether each node has an image of its own or all have the same",
	  HAM_VALUE_BOOL, IN_DISK(shared), .words = kinds,
	  .fallback = "local" },

	{ HAM_SECTION_PORT, "bridge",
	  "the bridge the port is on",
	  HAM_VALUE_IFNAME, IN_PORT(bridge), .required = true },
	{ HAM_SECTION_PORT, "create_bridge",
	  "whether a missing bridge is made",
	  HAM_VALUE_BOOL, IN_PORT(bridge_create), .words = no_yes,
	  .fallback = "no" },
	{ HAM_SECTION_PORT, "mac",
	  "the port's MAC address",
	  HAM_VALUE_MAC, IN_PORT(mac), .required = true },
	{ HAM_SECTION_PORT, "mtu",
	  "the port's MTU",
	  HAM_VALUE_COUNT, IN_PORT(mtu), .min = 68, .max = 65535 },
	{ HAM_SECTION_PORT, "address",
	  "the guest's addresses on this port",
	  HAM_VALUE_ADDRESSES, IN_PORT(addresses) },
	{ HAM_SECTION_PORT, "vlan",
	  "the VLAN of what the guest sends untagged",
	  HAM_VALUE_COUNT, IN_PORT(vlan), .min = 1,
	  .max = HAM_CONF_VLAN_MAX },
	{ HAM_SECTION_PORT, "trunk",
	  "the VLANs that pass tagged",
	  HAM_VALUE_VLANS, IN_PORT(trunk) },
	{ HAM_SECTION_PORT, "queues",
	  "queue pairs of the guest's network card",
	  HAM_VALUE_COUNT, IN_PORT(queues), .fallback = "1", .min = 1,
	  .max = HAM_CONF_MAX_QUEUES },
	{ HAM_SECTION_PORT, "vhost",
	  "whether the kernel moves the frames (vhost-net), not QEMU",
	  HAM_VALUE_CHOICE, IN_PORT(vhost), .words = vhosts,
	  .fallback = "auto" },

	{ HAM_SECTION_FENCE, "agent",
	  "the fence agent",
	  HAM_VALUE_AGENT, IN_FENCE(agent), .required = true },
	{ HAM_SECTION_FENCE, "level",
	  "the order in which a node's devices are tried",
	  HAM_VALUE_COUNT, IN_FENCE(level), .fallback = "1", .min = 1,
	  .max = 9 },

	{ HAM_SECTION_UPLINK, "interface",
	  "the node's interface for that bridge",
	  HAM_VALUE_IFNAME, IN_UPLINK(interface), .required = true },
	{ HAM_SECTION_UPLINK, "arp_target",
	  "an address that must answer by it",
	  HAM_VALUE_IPV4, IN_UPLINK(arp_target) },
};
/* clang-format on */

const unsigned int ham_schema_len = G_N_ELEMENTS(ham_schema);

const struct ham_key *
ham_schema_find(enum ham_section_kind kind, const char *name)
{
	for (unsigned int i = 0; i < ham_schema_len; i++)
		if (ham_schema[i].kind == kind &&
		    g_strcmp0(ham_schema[i].name, name) == 0)
			return &ham_schema[i];
	return NULL;
}

char *
ham_schema_names(enum ham_section_kind kind)
{
	GString *out = g_string_new(NULL);

	for (unsigned int i = 0; i < ham_schema_len; i++)
		if (ham_schema[i].kind == kind)
			g_string_append_printf(out, "%s%s",
					       out->len ? ", " : "",
					       ham_schema[i].name);
	return g_string_free(out, FALSE);
}
