/* SPDX-License-Identifier: BSD-3-Clause */
/* config/conf.h - the cluster file: read, checked whole, or refused whole
 *
 * The format is GKeyFile's (hamd-cluster.conf(5)).  A scan before GKeyFile
 * turns what it swallows silently (repeated groups and keys, `; ...` after a
 * value) into errors.  All errors of a file are reported in one go; a file
 * with an error gives no configuration at all.
 *
 * (Not called config.h: that name is autoconf's by custom.)
 */
#ifndef HAM_CONF_H
#define HAM_CONF_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

enum {
	HAM_CONF_NAME_MAX = 47, /* bytes of a node, guest, disk or port name */
	HAM_CONF_MAX_NODES = 16,
	HAM_CONF_MAX_GUESTS = 1000,
	HAM_CONF_MAX_DISKS = 8,	     /* per guest */
	HAM_CONF_MAX_PORTS = 8,	     /* per guest */
	HAM_CONF_MAX_ADDRESSES = 16, /* per port */
	HAM_CONF_MAX_RELATED = 32,   /* guests that one names in a key */
	HAM_CONF_MAX_BRIDGES = 64,
	HAM_CONF_MAX_QUEUES = 16,   /* per port, */
	HAM_CONF_GUEST_QUEUES = 64, /* and of all ports of a guest */
	HAM_CONF_VLAN_MAX = 4094,   /* IEEE 802.1Q: 0 and 4095 are reserved */
	HAM_CONF_VLAN_WORDS = 4096 / 64,
};

enum ham_conf_accel {
	HAM_CONF_KVM,
	HAM_CONF_TCG
};

/* What a node is to be judged by; 0 or NULL: not looked at. */
struct ham_conf_health {
	int64_t interval_us;
	int64_t hold_us;	      /* well for so long: well again */
	unsigned int load;	      /* at most, of the last minute */
	uint64_t memory_available;    /* at least, bytes */
	unsigned int memory_pressure; /* at most, percent of the last minute */
	uint64_t disk_free;	      /* at least, bytes */
	unsigned int disk_errors; /* so many in the quarantine's window: bad */
	unsigned int temperature; /* at most, degrees Celsius */
	bool uplink;		  /* of the bridges that ports are on */
	bool cluster_link;	  /* corosync's */
	char *command;
};

enum ham_conf_vhost {
	HAM_CONF_VHOST_AUTO, /* where the node has /dev/vhost-net */
	HAM_CONF_VHOST_NO,
	HAM_CONF_VHOST_YES,
};

struct ham_conf_node {
	char *name;
	char *address_migration; /* numeric IPv4 or IPv6; NULL: a witness */
	uint64_t memory_reserve; /* bytes guests may not use */
	bool witness;		 /* role = witness: holds no guests */
	struct ham_conf_health health;
	unsigned int line;	 /* of its section, for messages */
};

struct ham_conf_disk {
	char *name;    /* "root" of [disk web1/root] */
	char *path;    /* absolute */
	uint64_t size; /* bytes, a multiple of 512 */
	bool sparse;   /* space not reserved beforehand */
	bool shared;   /* all nodes have the same disk at that path */
};

struct ham_conf_port {
	char *name;
	char *bridge;
	bool bridge_create; /* hamd makes the bridge where it is missing; if
			     * that has a section, so does that say (create) */
	uint8_t mac[6];	    /* unicast */
	unsigned int mtu;   /* 0: the bridge's */
	char **addresses;   /* numeric IPv4 and IPv6, NULL-terminated */
	unsigned int vlan; /* what the guest sends untagged is in it; 0: none */
	uint64_t trunk[HAM_CONF_VLAN_WORDS]; /* bit N: VLAN N passes tagged */
	unsigned int queues;
	enum ham_conf_vhost vhost;
};

/* A bridge that hamd makes where it is missing, if it may; where it is there it
 * must be like this. */
struct ham_conf_bridge {
	char *name;
	char *uplink;	  /* NIC or bond; NULL: none, or what was found in it */
	bool create;
	unsigned int mtu; /* 0: the kernel's, or the found one's */
	bool vlan_filtering;
	char *arp_target; /* IPv4 that must answer by the uplink; or NULL */
};

/* What is otherwise on one node. */
struct ham_conf_uplink {
	char *node;
	char *bridge;
	char *interface;
	char *arp_target; /* NULL: the bridge's */
};

struct ham_conf_guest {
	char *name;
	char *uuid;	 /* 36 lower-case characters; UUID v5 of the name if not
			  * given */
	uint64_t memory; /* bytes, a multiple of 1 MiB */
	unsigned int cpus;
	unsigned int replicas; /* 0 to 3 */
	unsigned int priority;
	/* each NULL-terminated, or NULL; what one guest says of another holds
	 * for both */
	char **prefer; /* nodes, the best one first */
	char **with;   /* guests: on their node, if that can be */
	char **apart;  /* guests: never on their node */
	int64_t max_pause_us;
	int64_t max_duration_us;
	int64_t stop_timeout_us; /* graceful stop, then it is an error */
	bool auto_converge;
	unsigned int on_limit; /* 0 abort, 1 force, 2 warm */
	uint64_t bandwidth; /* bytes/s, 0: the cluster's */
	char *machine;	    /* versioned, e.g. pc-q35-10.0 */
	char *cpu;
	char *kernel;	  /* NULL: boots from its disk */
	char *initrd;	  /* only with kernel */
	char *append;	  /* only with kernel */
	bool serial_log;  /* console written to /var/log/hamd/NAME.console */
	GPtrArray *disks; /* struct ham_conf_disk *, in the file's order */
	GPtrArray *ports; /* struct ham_conf_port * */
};

struct ham_conf_fence {
	char *node;
	char *name;
	char *agent; /* fence_ipmilan, ... or "watchdog" (no options then) */
	unsigned int level;  /* 1 is tried first */
	GHashTable *options; /* char * -> char *, passed to the agent; no
			      * secret is among them, only the names of files
			      * (password_file) that hold one */
	unsigned int line;   /* of its section, for messages */
	GHashTable *lines;   /* char * -> GUINT_TO_POINTER: of its keys */
};

typedef struct ham_conf {
	char *path; /* as given, for messages */
	uint64_t version;
	char *name; /* of the cluster, for people */
	enum ham_conf_accel accel;
	uint64_t migration_bandwidth; /* bytes/s for all copies of a node */
	int64_t lease_us;	 /* 0: auto; in force: ham_conf_lease_us() */
	unsigned int lease_line; /* for messages; 0: not in the file */
	bool insecure;		 /* corosync without encryption is accepted */
	int64_t replica_timeout_us;
	int64_t verify_interval_us; /* 0: never by itself */
	uint64_t verify_bandwidth;  /* bytes/s, of comparisons by themselves */
	int64_t watchdog_us;
	int64_t fence_delay_us;	   /* 0: none */
	int64_t two_node_delay_us; /* beyond that; of two nodes alone */
	/* unhealthy, or dead, so many times within the window: closed for that
	 * time; 0: never */
	unsigned int quarantine_after;
	int64_t quarantine_window_us;
	int64_t quarantine_time_us;
	unsigned int parallel_starts; /* of a node, at the same time */
	/* live migrations at the same time, of each node and of all */
	unsigned int parallel_migrations;
	unsigned int cluster_migrations;
	uint32_t uid_first; /* guest_uids */
	uint32_t uid_last;
	GPtrArray *nodes;  /* struct ham_conf_node *, in the file's order */
	GPtrArray *guests; /* struct ham_conf_guest * */
	GPtrArray *fences; /* struct ham_conf_fence * */
	GPtrArray *bridges; /* struct ham_conf_bridge * */
	GPtrArray *uplinks; /* struct ham_conf_uplink * */
	char digest[65];   /* SHA-256 of the file, hex: equal on equal files */
} ham_conf;

/* One thing wrong.  All strings are owned by it, are UTF-8 and printable
 * (other bytes stand as \xNN); `section` and `key` may be NULL.  `line` counts
 * from 1, 0 where no line is to blame. */
struct ham_conf_problem {
	char *file;
	unsigned int line;
	char *section;
	char *key;
	char *found;
	char *expected;
};

/* Reads and checks the file.  NULL if anything is wrong; then *problems (out,
 * element type struct ham_conf_problem *, the caller's, freed with
 * g_ptr_array_unref) has every fault found, in the order of lines. */
ham_conf *ham_conf_load(const char *path, GPtrArray **problems);

/* The same from memory; `path` is for messages only.  Takes any bytes. */
ham_conf *ham_conf_parse(const char *path, const char *text, size_t len,
			 GPtrArray **problems);

/* What corosync was told, read by the caller from cmap or from a file. */
struct ham_conf_ring_node {
	uint32_t id;
	char name[HAM_CONF_NAME_MAX + 1]; /* "" if corosync has none */
	unsigned int votes;
	unsigned int line; /* of its section; 0: not from a file */
};

enum ham_conf_ring_key {
	HAM_CONF_RING_TRANSPORT,
	HAM_CONF_RING_CIPHER,
	HAM_CONF_RING_HASH,
	HAM_CONF_RING_PROVIDER,
	HAM_CONF_RING_EXPECTED_VOTES,
	HAM_CONF_RING_DEVICE,
	HAM_CONF_RING_LAST_MAN_STANDING,
	HAM_CONF_RING_ALLOW_DOWNSCALE,
	HAM_CONF_RING_AUTO_TIE_BREAKER,
	HAM_CONF_RING_TWO_NODE,
	HAM_CONF_RING_WAIT_FOR_ALL,
	HAM_CONF_RING_N_KEYS
};

struct ham_conf_ring {
	const char *source; /* for messages: a path or "cmap"; the caller's */
	char transport[16]; /* "" is corosync's default, knet */
	unsigned int token_ms;	   /* in force */
	unsigned int consensus_ms; /* in force */
	char crypto_cipher[32];	   /* "none" if not set */
	char crypto_hash[32];
	bool has_device; /* a quorum device */
	bool last_man_standing;
	bool allow_downscale;
	bool auto_tie_breaker;
	bool two_node;
	bool wait_for_all;
	unsigned int expected_votes; /* 0: from the nodelist */
	char provider[32];	     /* of quorum */
	unsigned int n_nodes;
	struct ham_conf_ring_node nodes[64];
	unsigned int lines[HAM_CONF_RING_N_KEYS]; /* 0: not from a file */
};

/* Reads a corosync.conf(5).  False if it cannot be read or parsed; problems
 * are appended.  `path` must live as long as *ring. */
bool ham_conf_ring_load(const char *path, struct ham_conf_ring *ring,
			GPtrArray *problems);

/* The same from memory.  Takes any bytes. */
bool ham_conf_ring_parse(const char *path, const char *text, size_t len,
			 struct ham_conf_ring *ring, GPtrArray *problems);

/* Holds the cluster file against corosync: node names and count, token and
 * lease, crypto, options that make quorum unsafe (doc/design.md, section 3).
 * Appends to problems; true if it appended none. */
bool ham_conf_check_ring(const ham_conf *conf, const struct ham_conf_ring *ring,
			 GPtrArray *problems);

/* The lease in force: the file's, or for `auto` 1.5 x (token + consensus +
 * 2 s). */
int64_t ham_conf_lease_us(const ham_conf *conf, unsigned int token_ms,
			  unsigned int consensus_ms);

/* `hamctl config check`: the file, and corosync's against it.  Without a path
 * for corosync's file, HAM_CONF_COROSYNC is held against it where it exists.
 * Appends to problems; true if it appended none. */
#define HAM_CONF_COROSYNC "/etc/corosync/corosync.conf"
bool ham_conf_check_file(const char *path, const char *corosync_path,
			 GPtrArray *problems);

/* Appends a problem with a key of a device (NULL: with its agent) that shows
 * only outside of the file.  Any bytes are taken. */
void ham_conf_fence_problem(const ham_conf *conf,
			    const struct ham_conf_fence *fence, const char *key,
			    const char *found, const char *expected,
			    GPtrArray *problems);

/* "file:line: [section] key: found X, expected Y", one line, printable as it
 * is whatever the file held.  The caller frees it. */
char *ham_conf_problem_text(const struct ham_conf_problem *problem);

/* A new empty array that owns its problems. */
GPtrArray *ham_conf_problems_new(void);

const struct ham_conf_node *ham_conf_find_node(const ham_conf *conf,
					       const char *name);
const struct ham_conf_guest *ham_conf_find_guest(const ham_conf *conf,
						 const char *name);

/* NULL: the file has no section of that bridge. */
const struct ham_conf_bridge *ham_conf_find_bridge(const ham_conf *conf,
						   const char *name);

/* The interface that leads from that bridge out of the node, and the address
 * that must answer there; each NULL if the file names none. */
const char *ham_conf_uplink_of(const ham_conf *conf, const char *node,
			       const char *bridge);
const char *ham_conf_arp_target_of(const ham_conf *conf, const char *node,
				   const char *bridge);

/* Bit i: its disk i is shared; and whether no disk is one node's alone. */
uint8_t ham_conf_shared_disks(const struct ham_conf_guest *guest);
bool ham_conf_is_common(const struct ham_conf_guest *guest);

void ham_conf_free(ham_conf *conf);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_conf, ham_conf_free)

#endif
