/* SPDX-License-Identifier: BSD-3-Clause */
/* config/relate.c - values that must fit together
 *
 * Only contradictions within the file.  What a node has (bridges, memory,
 * images) is asked on the node when it matters, not here.  A value that was
 * refused already takes part in nothing.
 */
#include <string.h>

#include "config/build.h"
#include "config/value.h"

/* What the checks of one section need to know of the others. */
struct whole {
	ham_doc *doc;
	const ham_conf *conf;
	GHashTable *nodes;    /* name -> its section */
	GHashTable *guests;   /* the same */
	unsigned int holders; /* nodes that may hold guests */
};

static void
relate_cluster(const struct whole *whole, const struct ham_section *section)
{
	const ham_conf *conf = whole->conf;
	const struct ham_entry *entry = ham_section_find(section, "guest_uids");
	uint64_t n = (uint64_t)conf->uid_last - conf->uid_first + 1;

	if (entry && !entry->ok)
		return;
	if (n < conf->guests->len)
		ham_section_problem(whole->doc, section, "guest_uids",
				    entry ? entry->value : "the default",
				    "at least %u uids, one for each guest",
				    conf->guests->len);
}

static void
relate_node(const struct whole *whole, const struct ham_section *section)
{
	const struct ham_conf_node *node = section->object;
	const struct ham_entry *role = ham_section_find(section, "role");

	if (role && !role->ok)
		return;
	if (node->witness && ham_section_find(section, "memory_reserve"))
		ham_section_problem(whole->doc, section, "memory_reserve",
				    "it with role = witness",
				    "no such key (a witness holds no guests)");
	if (!node->witness && !ham_section_find(section, "address.migration"))
		ham_section_problem(whole->doc, section, "address.migration",
				    NULL,
				    "a numeric IPv4 or IPv6 address that "
				    "other nodes reach");
}

static void
relate_boot(const struct whole *whole, const struct ham_section *section)
{
	static const char *const with_kernel[] = {"initrd", "append"};
	const struct ham_conf_guest *guest = section->object;

	if (ham_section_find(section, "kernel"))
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(with_kernel); i++)
		if (ham_section_find(section, with_kernel[i]))
			ham_section_problem(whole->doc, section, with_kernel[i],
					    "it without kernel",
					    "the key kernel, too");
	if (guest->disks->len == 0)
		ham_section_problem(whole->doc, section, NULL,
				    "neither a kernel nor a disk",
				    "kernel, or a section [disk %s/NAME]",
				    guest->name);
}

static void
relate_guest(const struct whole *whole, const struct ham_section *section)
{
	const struct ham_conf_guest *guest = section->object;
	uint64_t most = whole->conf->migration_bandwidth;

	relate_boot(whole, section);
	ham_conf_relate_placing(whole->doc, section, whole->nodes,
				whole->guests);
	if (guest->replicas >= MAX(whole->holders, 1))
		ham_section_problem(
			whole->doc, section, "replicas",
			ham_section_find(section, "replicas")->value,
			"fewer than there are nodes that hold "
			"guests (%u)",
			whole->holders);
	if (guest->replicas && guest->disks->len && ham_conf_is_common(guest))
		ham_section_problem(
			whole->doc, section, "replicas",
			ham_section_find(section, "replicas")->value,
			"0 (all its disks are shared, there is "
			"nothing to copy)");
	if (guest->max_duration_us && guest->max_pause_us &&
	    guest->max_pause_us >= guest->max_duration_us) {
		g_autofree char *pause =
			ham_value_show_duration(guest->max_pause_us);
		g_autofree char *all =
			ham_value_show_duration(guest->max_duration_us);

		ham_section_problem(whole->doc, section, "max_pause", pause,
				    "less than max_duration (%s)", all);
	}
	if (most && guest->bandwidth > most) {
		g_autofree char *found = ham_value_show_size(guest->bandwidth);
		g_autofree char *limit = ham_value_show_size(most);

		ham_section_problem(whole->doc, section, "bandwidth", found,
				    "at most migration_bandwidth (%s)", limit);
	}
}

/* A disk or a port. */
static void
relate_part(const struct whole *whole, const struct ham_section *section)
{
	if (!g_hash_table_contains(whole->guests, section->name))
		ham_section_problem(whole->doc, section, NULL,
				    "a guest that is not in the file",
				    "a section [guest %s]", section->name);
}

/* The name alone: what is in an image is its guest's, and no word of ours. */
static void
relate_disk(const struct whole *whole, const struct ham_section *section)
{
	const struct ham_conf_disk *disk = section->object;
	g_autofree char *stem = NULL;

	if (!disk->path || !g_str_has_suffix(disk->path, ".qcow2"))
		return;
	stem = g_strndup(disk->path, strlen(disk->path) - strlen(".qcow2"));
	ham_section_problem(whole->doc, section, "path", disk->path,
			    "a raw image, made by: qemu-img convert -f qcow2 "
			    "-O raw %s %s.raw",
			    disk->path, stem);
}

/* They cut storage or network, take a silence for a death, or ask a person: a
 * guest on local disks runs on. */
static const char *const no_power[] = {
	"fence_scsi",
	"fence_mpath",
	"fence_brocade",
	"fence_cisco_mds",
	"fence_sanbox2",
	"fence_ifmib",
	"fence_compute",
	"fence_evacuate",
	"fence_crosslink",
	"fence_aws_vpc_net",
	"fence_sbd",
	"fence_kdump",
	"fence_heuristics_ping",
	"fence_dummy",
};

static void
relate_fence(const struct whole *whole, const struct ham_section *section)
{
	const struct ham_conf_fence *fence = section->object;

	if (!g_hash_table_contains(whole->nodes, section->name))
		ham_section_problem(whole->doc, section, NULL,
				    "a node that is not in the file",
				    "a section [node %s]", section->name);
	for (size_t i = 0; i < G_N_ELEMENTS(no_power); i++)
		if (g_strcmp0(fence->agent, no_power[i]) == 0)
			ham_section_problem(
				whole->doc, section, "agent", fence->agent,
				"an agent that switches the node's power (this "
				"one leaves it running, or sees no power)");
	if (g_strcmp0(fence->agent, "fence_ack_manual") == 0)
		ham_section_problem(
			whole->doc, section, "agent", fence->agent,
			"an agent that switches the node's power (a person who "
			"has seen the node off says so with: hamctl fence "
			"confirm-off %s)",
			fence->node);
	if (g_strcmp0(fence->agent, "watchdog") != 0)
		return;
	if (g_hash_table_size(fence->options))
		ham_section_problem(whole->doc, section, NULL,
				    "options with agent = watchdog",
				    "none beside agent and level");
	/* F29: nobody has a majority there once a node is silent */
	if (whole->conf->nodes->len == 2)
		ham_section_problem(whole->doc, section, "agent", "watchdog",
				    "a power device (two nodes alone cannot "
				    "wait for a watchdog: neither knows who "
				    "is the majority), or a witness node");
}

static void
relate_whole(const struct whole *whole, bool has_cluster)
{
	const struct ham_conf_place nowhere = {.file = whole->doc->path};
	GPtrArray *problems = whole->doc->problems;

	if (!has_cluster)
		ham_conf_problem_add(problems, &nowhere, NULL,
				     "a section [cluster]");
	if (!g_hash_table_size(whole->nodes))
		ham_conf_problem_add(problems, &nowhere, NULL,
				     "a section [node NAME] for each node");
	else if (whole->conf->guests->len && !whole->holders)
		ham_conf_problem_add(problems, &nowhere,
				     "guests, but only witness nodes",
				     "a node that holds guests");
	ham_conf_relate_network(whole->doc, whole->conf, whole->nodes);
}

static void
relate_section(const struct whole *whole, const struct ham_section *section)
{
	switch (section->kind) {
	case HAM_SECTION_CLUSTER:
		relate_cluster(whole, section);
		break;
	case HAM_SECTION_NODE:
		relate_node(whole, section);
		break;
	case HAM_SECTION_GUEST:
		relate_guest(whole, section);
		break;
	case HAM_SECTION_DISK:
		relate_disk(whole, section);
		relate_part(whole, section);
		break;
	case HAM_SECTION_PORT:
		relate_part(whole, section);
		break;
	case HAM_SECTION_FENCE:
		relate_fence(whole, section);
		break;
	case HAM_SECTION_BRIDGE: /* network.c */
	case HAM_SECTION_UPLINK:
	case HAM_SECTION_N_KINDS:
		break;
	}
}

void
ham_conf_relate(ham_doc *doc, const ham_conf *conf)
{
	struct whole whole = {
		.doc = doc,
		.conf = conf,
		.nodes = g_hash_table_new(g_str_hash, g_str_equal),
		.guests = g_hash_table_new(g_str_hash, g_str_equal),
	};
	bool has_cluster = false;

	for (unsigned int i = 0; i < doc->sections->len; i++) {
		struct ham_section *section = doc->sections->pdata[i];

		if (section->kind == HAM_SECTION_NODE)
			g_hash_table_insert(whole.nodes, section->name,
					    section);
		if (section->kind == HAM_SECTION_GUEST)
			g_hash_table_insert(whole.guests, section->name,
					    section);
		if (section->kind == HAM_SECTION_CLUSTER)
			has_cluster = true;
	}
	for (unsigned int i = 0; i < conf->nodes->len; i++) {
		const struct ham_conf_node *node = conf->nodes->pdata[i];

		if (!node->witness)
			whole.holders++;
	}
	relate_whole(&whole, has_cluster);
	for (unsigned int i = 0; i < doc->sections->len; i++) {
		const struct ham_section *section = doc->sections->pdata[i];

		if (!section->repeated)
			relate_section(&whole, section);
	}
	g_hash_table_unref(whole.nodes);
	g_hash_table_unref(whole.guests);
}
