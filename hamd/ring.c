/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/ring.c - corosync's settings in force, held against the cluster file */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "hamd/base/error.h"
#include "hamd/daemon.h"

#define HAM_LOG_TAG "hamd"
#include "hamd/base/log.h"

static const char *
text(GHashTable *settings, const char *key, const char *otherwise)
{
	const char *value = g_hash_table_lookup(settings, key);

	return value ? value : otherwise;
}

static unsigned int
number(GHashTable *settings, const char *key, unsigned int otherwise)
{
	const char *value = g_hash_table_lookup(settings, key);

	return value ? (unsigned int)strtoul(value, NULL, 10) : otherwise;
}

static bool
truth(GHashTable *settings, const char *key)
{
	return number(settings, key, 0) != 0;
}

static void
read_nodes(GHashTable *settings, struct ham_conf_ring *ring)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(ring->nodes); i++) {
		g_autofree char *id =
			g_strdup_printf("nodelist.node.%u.nodeid", i);
		g_autofree char *name =
			g_strdup_printf("nodelist.node.%u.name", i);
		g_autofree char *votes =
			g_strdup_printf("nodelist.node.%u.quorum_votes", i);
		struct ham_conf_ring_node *node = &ring->nodes[ring->n_nodes];

		if (!g_hash_table_contains(settings, id))
			continue;
		node->id = number(settings, id, 0);
		node->votes = number(settings, votes, 1);
		g_strlcpy(node->name, text(settings, name, ""),
			  sizeof(node->name));
		ring->n_nodes++;
	}
}

static void
read_settings(GHashTable *settings, struct ham_conf_ring *ring)
{
	ring->source = "corosync";
	g_strlcpy(ring->transport, text(settings, "totem.transport", ""),
		  sizeof(ring->transport));
	ring->token_ms = number(settings, "runtime.config.totem.token", 0);
	ring->consensus_ms =
		number(settings, "runtime.config.totem.consensus", 0);
	g_strlcpy(ring->crypto_cipher,
		  text(settings, "totem.crypto_cipher", "none"),
		  sizeof(ring->crypto_cipher));
	g_strlcpy(ring->crypto_hash,
		  text(settings, "totem.crypto_hash", "none"),
		  sizeof(ring->crypto_hash));
	g_strlcpy(ring->provider, text(settings, "quorum.provider", ""),
		  sizeof(ring->provider));
	ring->has_device =
		g_hash_table_contains(settings, "quorum.device.model");
	ring->last_man_standing = truth(settings, "quorum.last_man_standing");
	ring->allow_downscale = truth(settings, "quorum.allow_downscale");
	ring->auto_tie_breaker = truth(settings, "quorum.auto_tie_breaker");
	ring->two_node = truth(settings, "quorum.two_node");
	/* two_node implies it (votequorum(5)) */
	ring->wait_for_all =
		ring->two_node || truth(settings, "quorum.wait_for_all");
	ring->expected_votes = number(settings, "quorum.expected_votes", 0);
	read_nodes(settings, ring);
}

static uint32_t
id_of(const struct ham_conf_ring *ring, const char *name)
{
	for (unsigned int i = 0; i < ring->n_nodes; i++)
		if (strcmp(ring->nodes[i].name, name) == 0)
			return ring->nodes[i].id;
	return 0;
}

static bool
has_name(char **names, const char *name)
{
	return names && g_strv_contains((const char *const *)names, name);
}

/* Of both, whoever of them says it.  The list is the table's. */
static const uint16_t *
relatives(const ham_conf *conf, guint of, bool apart, unsigned int *n)
{
	const struct ham_conf_guest *g = g_ptr_array_index(conf->guests, of);
	char **own = apart ? g->apart : g->with;
	g_autoptr(GArray) list = g_array_new(FALSE, FALSE, sizeof(uint16_t));

	for (guint i = 0; i < conf->guests->len; i++) {
		const struct ham_conf_guest *other =
			g_ptr_array_index(conf->guests, i);
		uint16_t index = (uint16_t)i;

		if (i != of &&
		    (has_name(own, other->name) ||
		     has_name(apart ? other->apart : other->with, g->name)))
			g_array_append_val(list, index);
	}
	*n = list->len;
	return (uint16_t *)(void *)g_array_free(g_steal_pointer(&list), FALSE);
}

static void
set_placing(const ham_conf *conf, const struct ham_core_config *config,
	    guint index, struct ham_core_guest *out)
{
	const struct ham_conf_guest *g = g_ptr_array_index(conf->guests, index);

	out->priority = g->priority;
	out->memory_mib = g->memory >> 20;
	for (char **name = g->prefer; name && *name; name++)
		for (unsigned int i = 0; i < config->n_nodes; i++)
			if (strcmp(config->nodes[i].name, *name) == 0)
				out->prefer[out->n_prefer++] =
					config->nodes[i].id;
	out->with = relatives(conf, index, false, &out->n_with);
	out->apart = relatives(conf, index, true, &out->n_apart);
}

static struct ham_core_guest *
guest_table(const ham_conf *conf, const struct ham_core_config *config)
{
	struct ham_core_guest *table =
		g_new0(struct ham_core_guest, MAX(conf->guests->len, 1u));

	for (guint i = 0; i < conf->guests->len; i++) {
		const struct ham_conf_guest *g =
			g_ptr_array_index(conf->guests, i);

		g_strlcpy(table[i].name, g->name, sizeof(table[i].name));
		table[i].replicas = g->replicas;
		table[i].policy = (struct ham_policy){
			.max_pause_us = g->max_pause_us,
			.max_duration_us = g->max_duration_us,
			.bandwidth = g->bandwidth,
			.priority = (uint8_t)g->priority,
			.auto_converge = g->auto_converge,
			.on_limit = g->on_limit,
		};
		table[i].replica_timeout_us = conf->replica_timeout_us;
		table[i].verify_interval_us = conf->verify_interval_us;
		table[i].shared = ham_conf_shared_disks(g);
		table[i].common = ham_conf_is_common(g);
		set_placing(conf, config, i, &table[i]);
	}
	return table;
}

/* A number for this boot of the machine, 0: nobody knows. */
static uint64_t
boot(void)
{
	g_autofree char *text = NULL;
	g_autofree char *sum = NULL;
	gsize len;

	if (!g_file_get_contents("/proc/sys/kernel/random/boot_id", &text, &len,
				 NULL))
		return 0;
	sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256,
					  (const guchar *)text, len);
	sum[15] = '\0'; /* 60 bits */
	return g_ascii_strtoull(sum, NULL, 16);
}

void
ham_daemon_free_guests(ham_daemon *daemon)
{
	for (guint i = 0; daemon->core_guests && i < daemon->conf->guests->len;
	     i++) {
		g_free((gpointer)daemon->core_guests[i].with);
		g_free((gpointer)daemon->core_guests[i].apart);
	}
	g_clear_pointer(&daemon->core_guests, g_free);
}

/* What the kernel has to give, as sysconf(3) says; 0: it does not. */
static uint32_t
memory_mib(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);
	long page = sysconf(_SC_PAGESIZE);
	uint64_t mib;

	if (pages <= 0 || page <= 0)
		return 0;
	mib = (uint64_t)pages * (uint64_t)page >> 20;
	return (uint32_t)MIN(mib, UINT32_MAX);
}

static void
fill(const ham_daemon *daemon, const struct ham_conf_ring *ring,
     struct ham_core_config *config)
{
	const ham_conf *conf = daemon->conf;
	char digest[17];

	config->n_nodes = conf->nodes->len;
	for (guint i = 0; i < conf->nodes->len; i++) {
		const struct ham_conf_node *node =
			g_ptr_array_index(conf->nodes, i);

		config->nodes[i].id = id_of(ring, node->name);
		config->nodes[i].witness = node->witness;
		config->nodes[i].reserve_mib = node->memory_reserve >> 20;
		config->nodes[i].fenced =
			ham_daemon_can_fence(daemon, node->name);
		g_strlcpy(config->nodes[i].name, node->name,
			  sizeof(config->nodes[i].name));
	}
	/* of two, neither has a majority to renew it with, and a silence proves
	 * nothing (hamd/core/two.c) */
	if (conf->nodes->len > 2)
		config->lease_us = ham_conf_lease_us(conf, ring->token_ms,
						     ring->consensus_ms);
	/* what an earlier life had left of it nobody knows, and without a
	 * watchdog nothing is concluded from its end */
	config->lease_until_us = ham_clock_us() + config->lease_us;
	config->fence_delay_us = conf->fence_delay_us;
	config->two_node_delay_us = conf->two_node_delay_us;
	config->boot = boot();
	config->n_guests = conf->guests->len;
	config->quarantine_after = conf->quarantine_after;
	config->quarantine_window_us = conf->quarantine_window_us;
	config->parallel_starts = conf->parallel_starts;
	config->parallel_migrations = conf->parallel_migrations;
	config->cluster_migrations = conf->cluster_migrations;
	config->memory_mib = memory_mib();
	g_strlcpy(digest, conf->digest, sizeof(digest));
	config->config_digest = g_ascii_strtoull(digest, NULL, 16);
	g_strlcpy(config->version, PACKAGE_VERSION, sizeof(config->version));
	do
		config->incarnation =
			(uint64_t)g_random_int() << 32 | g_random_int();
	while (config->incarnation == 0);
}

bool
ham_daemon_read_ring(ham_daemon *daemon, uint32_t self,
		     struct ham_core_config *config, GError **error)
{
	g_autoptr(GHashTable) settings = ham_cluster_settings(error);
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	struct ham_conf_ring ring = {0};
	const char *name;

	if (!settings)
		return false;
	read_settings(settings, &ring);
	if (!ham_conf_check_ring(daemon->conf, &ring, problems)) {
		for (guint i = 0; i < problems->len; i++) {
			g_autofree char *line = ham_conf_problem_text(
				g_ptr_array_index(problems, i));

			ham_err("%s", line);
		}
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "%s and corosync's configuration do not go "
			    "together: %u errors, see above",
			    daemon->config_path, problems->len);
		return false;
	}
	name = ham_cluster_node_name(settings, self);
	if (!name || !ham_conf_find_node(daemon->conf, name)) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "this is corosync's node %u (%s), which %s does "
			    "not name",
			    self, name ? name : "no name", daemon->config_path);
		return false;
	}
	fill(daemon, &ring, config);
	daemon->core_guests = guest_table(daemon->conf, config);
	config->guests = daemon->core_guests;
	config->self = self;
	return true;
}
