/* SPDX-License-Identifier: BSD-3-Clause */
/* config/conf.c - the doors of this folder: load, parse, look up, free
 *
 * A file with any problem gives no configuration.
 */
#include "config/conf.h"

#include <string.h>
#include <sys/stat.h>

#include "config/build.h"
#include "config/problem.h"

enum {
	FILE_MAX_BYTES = 4 << 20
}; /* 1000 guests take about 1 MiB */

static void
free_node(void *data)
{
	struct ham_conf_node *node = data;

	g_free(node->name);
	g_free(node->address_migration);
	g_free(node->health.command);
	g_free(node);
}

static void
free_disk(void *data)
{
	struct ham_conf_disk *disk = data;

	g_free(disk->name);
	g_free(disk->path);
	g_free(disk);
}

static void
free_port(void *data)
{
	struct ham_conf_port *port = data;

	g_free(port->name);
	g_free(port->bridge);
	g_strfreev(port->addresses);
	g_free(port);
}

static void
free_bridge(void *data)
{
	struct ham_conf_bridge *bridge = data;

	g_free(bridge->name);
	g_free(bridge->uplink);
	g_free(bridge->arp_target);
	g_free(bridge);
}

static void
free_uplink(void *data)
{
	struct ham_conf_uplink *uplink = data;

	g_free(uplink->node);
	g_free(uplink->bridge);
	g_free(uplink->interface);
	g_free(uplink->arp_target);
	g_free(uplink);
}

static void
free_guest(void *data)
{
	struct ham_conf_guest *guest = data;

	g_free(guest->name);
	g_free(guest->uuid);
	g_strfreev(guest->prefer);
	g_strfreev(guest->with);
	g_strfreev(guest->apart);
	g_free(guest->machine);
	g_free(guest->cpu);
	g_free(guest->kernel);
	g_free(guest->initrd);
	g_free(guest->append);
	g_ptr_array_unref(guest->disks);
	g_ptr_array_unref(guest->ports);
	g_free(guest);
}

static void
free_fence(void *data)
{
	struct ham_conf_fence *fence = data;

	g_free(fence->node);
	g_free(fence->name);
	g_free(fence->agent);
	g_hash_table_unref(fence->options);
	g_hash_table_unref(fence->lines);
	g_free(fence);
}

GDestroyNotify
ham_conf_free_fn(enum ham_section_kind kind)
{
	static const GDestroyNotify fns[HAM_SECTION_N_KINDS] = {
		[HAM_SECTION_NODE] = free_node,
		[HAM_SECTION_GUEST] = free_guest,
		[HAM_SECTION_DISK] = free_disk,
		[HAM_SECTION_PORT] = free_port,
		[HAM_SECTION_FENCE] = free_fence,
		[HAM_SECTION_BRIDGE] = free_bridge,
		[HAM_SECTION_UPLINK] = free_uplink,
	};

	g_assert(kind < HAM_SECTION_N_KINDS);
	return fns[kind];
}

void
ham_conf_free(ham_conf *conf)
{
	if (!conf)
		return;
	g_free(conf->path);
	g_free(conf->name);
	g_ptr_array_unref(conf->nodes);
	g_ptr_array_unref(conf->guests);
	g_ptr_array_unref(conf->fences);
	g_ptr_array_unref(conf->bridges);
	g_ptr_array_unref(conf->uplinks);
	g_free(conf);
}

ham_conf *
ham_conf_understand(const char *path, const char *text, size_t len,
		    GPtrArray *problems)
{
	ham_conf *conf = g_new0(ham_conf, 1);
	g_autofree char *digest = g_compute_checksum_for_data(
		G_CHECKSUM_SHA256, (const guchar *)text, len);
	g_autoptr(ham_doc) doc = NULL;
	unsigned int before = problems->len;

	conf->path = g_strdup(path);
	conf->nodes = g_ptr_array_new_with_free_func(free_node);
	conf->guests = g_ptr_array_new_with_free_func(free_guest);
	conf->fences = g_ptr_array_new_with_free_func(free_fence);
	conf->bridges = g_ptr_array_new_with_free_func(free_bridge);
	conf->uplinks = g_ptr_array_new_with_free_func(free_uplink);
	g_strlcpy(conf->digest, digest, sizeof(conf->digest));
	doc = ham_scan(path, text, len, problems);
	ham_conf_build(doc, conf);
	ham_conf_relate(doc, conf);
	ham_conf_unique(doc);
	ham_conf_problems_sort(problems, before, path);
	return conf;
}

ham_conf *
ham_conf_parse(const char *path, const char *text, size_t len,
	       GPtrArray **problems)
{
	g_autoptr(ham_conf) conf = NULL;

	*problems = ham_conf_problems_new();
	conf = ham_conf_understand(path, text, len, *problems);
	return (*problems)->len ? NULL : g_steal_pointer(&conf);
}

ham_conf *
ham_conf_load(const char *path, GPtrArray **problems)
{
	g_autoptr(GPtrArray) found = ham_conf_problems_new();
	g_autofree char *text = NULL;
	size_t len;

	text = ham_conf_read(path, FILE_MAX_BYTES, &len, found);
	if (text)
		return ham_conf_parse(path, text, len, problems);
	*problems = g_steal_pointer(&found);
	return NULL;
}

bool
ham_conf_check_file(const char *path, const char *corosync_path,
		    GPtrArray *problems)
{
	unsigned int before = problems->len;
	g_autoptr(ham_conf) conf = NULL;
	g_autofree struct ham_conf_ring *ring = g_new0(struct ham_conf_ring, 1);
	g_autofree char *text = NULL;
	struct stat there;
	size_t len;

	text = ham_conf_read(path, FILE_MAX_BYTES, &len, problems);
	if (text)
		conf = ham_conf_understand(path, text, len, problems);
	if (!corosync_path && stat(HAM_CONF_COROSYNC, &there) == 0)
		corosync_path = HAM_CONF_COROSYNC;
	/* also with a faulty cluster file: all errors in one go */
	if (corosync_path &&
	    ham_conf_ring_load(corosync_path, ring, problems) && conf)
		ham_conf_check_ring(conf, ring, problems);
	ham_conf_problems_sort(problems, before, path);
	return problems->len == before;
}

const struct ham_conf_node *
ham_conf_find_node(const ham_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->nodes->len; i++) {
		const struct ham_conf_node *node = conf->nodes->pdata[i];

		if (strcmp(node->name, name) == 0)
			return node;
	}
	return NULL;
}

const struct ham_conf_guest *
ham_conf_find_guest(const ham_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->guests->len; i++) {
		const struct ham_conf_guest *guest = conf->guests->pdata[i];

		if (strcmp(guest->name, name) == 0)
			return guest;
	}
	return NULL;
}

uint8_t
ham_conf_shared_disks(const struct ham_conf_guest *guest)
{
	uint8_t bits = 0;

	for (guint i = 0; i < guest->disks->len; i++) {
		const struct ham_conf_disk *disk = guest->disks->pdata[i];

		bits |= (uint8_t)(disk->shared << i);
	}
	return bits;
}

bool
ham_conf_is_common(const struct ham_conf_guest *guest)
{
	return ham_conf_shared_disks(guest) == (1u << guest->disks->len) - 1;
}
