/* SPDX-License-Identifier: BSD-3-Clause */
/* config/ring.c - the cluster file against what corosync was told
 *
 * Refuses every way of corosync to be quorate without a strict majority of
 * the configured nodes: hamd's commits count on one (doc/design.md,
 * section 3).  Does not ask whether corosync is running.
 */
#include <string.h>

#include "config/conf.h"
#include "config/problem.h"
#include "config/value.h"

enum {
	MARGIN_MS = 2000
}; /* for a view change beyond token and consensus */

struct check {
	const ham_conf *conf;
	const struct ham_conf_ring *ring;
	GPtrArray *problems;
};

#define ring_problem(check, index, in, name, found, ...)                       \
	ham_conf_problem_add((check)->problems,                                \
			     &(const struct ham_conf_place){                   \
				     .file = (check)->ring->source,            \
				     .line = (check)->ring->lines[index],      \
				     .section = (in),                          \
				     .key = (name),                            \
			     },                                                \
			     found, __VA_ARGS__)

static void
check_crypto(const struct check *check)
{
	const struct ham_conf_ring *ring = check->ring;
	static const char why[] =
		"(or insecure = yes in [cluster]: whoever reaches the network "
		"then commands the cluster)";

	if (check->conf->insecure)
		return;
	if (*ring->transport && strcmp(ring->transport, "knet") != 0) {
		/* the others cannot encrypt, whatever else is set */
		ring_problem(check, HAM_CONF_RING_TRANSPORT, "totem",
			     "transport", ring->transport, "knet %s", why);
		return;
	}
	if (!*ring->crypto_cipher || strcmp(ring->crypto_cipher, "none") == 0)
		ring_problem(check, HAM_CONF_RING_CIPHER, "totem",
			     "crypto_cipher", "none", "aes256 %s", why);
	if (!*ring->crypto_hash || strcmp(ring->crypto_hash, "none") == 0)
		ring_problem(check, HAM_CONF_RING_HASH, "totem", "crypto_hash",
			     "none", "sha256 %s", why);
}

static void
check_quorum_options(const struct check *check)
{
	const struct ham_conf_ring *ring = check->ring;
	const struct {
		const char *name;
		enum ham_conf_ring_key index;
		bool set;
	} refused[] = {
		{"last_man_standing", HAM_CONF_RING_LAST_MAN_STANDING,
		 ring->last_man_standing},
		{"allow_downscale", HAM_CONF_RING_ALLOW_DOWNSCALE,
		 ring->allow_downscale},
		{"auto_tie_breaker", HAM_CONF_RING_AUTO_TIE_BREAKER,
		 ring->auto_tie_breaker},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(refused); i++)
		if (refused[i].set)
			ring_problem(check, refused[i].index, "quorum",
				     refused[i].name, "1",
				     "0 (quorum must be a majority of all "
				     "configured nodes)");
	if (ring->has_device)
		ring_problem(check, HAM_CONF_RING_DEVICE, "quorum", "device",
			     "a quorum device",
			     "none (its vote has no memory; add a small node "
			     "with role = witness)");
	if (strcmp(ring->provider, "corosync_votequorum") != 0)
		ring_problem(check, HAM_CONF_RING_PROVIDER, "quorum",
			     "provider", ring->provider, "corosync_votequorum");
}

static void
check_votes(const struct check *check)
{
	const struct ham_conf_ring *ring = check->ring;
	g_autofree char *found = g_strdup_printf("%u", ring->expected_votes);

	if (ring->expected_votes && ring->expected_votes != ring->n_nodes)
		ring_problem(check, HAM_CONF_RING_EXPECTED_VOTES, "quorum",
			     "expected_votes", found, "%u, the number of nodes",
			     ring->n_nodes);
	if (ring->n_nodes != 2) {
		if (ring->two_node)
			ring_problem(check, HAM_CONF_RING_TWO_NODE, "quorum",
				     "two_node", "1", "0 with %u nodes",
				     ring->n_nodes);
		return;
	}
	if (!ring->two_node)
		ring_problem(check, HAM_CONF_RING_TWO_NODE, "quorum",
			     "two_node", "0", "1 with two nodes");
	if (!ring->wait_for_all)
		ring_problem(check, HAM_CONF_RING_WAIT_FOR_ALL, "quorum",
			     "wait_for_all", "0", "1 with two nodes");
}

static void
node_problem(const struct check *check, unsigned int line, const char *key,
	     const char *found, const char *expected)
{
	const struct ham_conf_place place = {
		.file = check->ring->source,
		.line = line,
		.section = "nodelist.node",
		.key = key,
	};

	ham_conf_problem_add(check->problems, &place, found, "%s", expected);
}

static void
check_node(const struct check *check, unsigned int i)
{
	const struct ham_conf_ring_node *node = &check->ring->nodes[i];
	g_autofree char *votes = g_strdup_printf("%u", node->votes);
	g_autofree char *id = g_strdup_printf("%u", node->id);

	if (node->votes != 1)
		node_problem(check, node->line, "quorum_votes", votes, "1");
	if (!node->id)
		node_problem(check, node->line, "nodeid", NULL,
			     "a number above 0");
	if (!*node->name)
		node_problem(check, node->line, "name", NULL,
			     "the node's name, as in the cluster file");
	else if (!ham_conf_find_node(check->conf, node->name))
		node_problem(check, node->line, "name", node->name,
			     "a node that the cluster file has, too");
	for (unsigned int j = 0; j < i; j++) {
		const struct ham_conf_ring_node *other = &check->ring->nodes[j];

		if (node->id && node->id == other->id)
			node_problem(check, node->line, "nodeid", id,
				     "another number for each node");
		if (*node->name && strcmp(node->name, other->name) == 0)
			node_problem(check, node->line, "name", node->name,
				     "another name for each node");
	}
}

static void
check_nodes(const struct check *check)
{
	const struct ham_conf_ring *ring = check->ring;
	g_autofree char *n = g_strdup_printf("%u nodes", ring->n_nodes);

	if (ring->n_nodes > HAM_CONF_MAX_NODES)
		node_problem(check, 0, NULL, n, "at most 16");
	for (unsigned int i = 0; i < ring->n_nodes; i++)
		check_node(check, i);
	for (unsigned int i = 0; i < check->conf->nodes->len; i++) {
		const struct ham_conf_node *node = check->conf->nodes->pdata[i];
		g_autofree char *section =
			g_strdup_printf("node %s", node->name);
		const struct ham_conf_place place = {
			.file = check->conf->path,
			.line = node->line,
			.section = section,
		};
		bool there = false;

		for (unsigned int j = 0; j < ring->n_nodes; j++)
			if (strcmp(ring->nodes[j].name, node->name) == 0)
				there = true;
		if (!there)
			ham_conf_problem_add(check->problems, &place,
					     "a node that corosync does not "
					     "know",
					     "a name in corosync's nodelist");
	}
}

static void
check_lease(const struct check *check)
{
	const struct ham_conf_ring *ring = check->ring;
	const ham_conf *conf = check->conf;
	int64_t least_ms =
		(int64_t)ring->token_ms + ring->consensus_ms + MARGIN_MS;
	const struct ham_conf_place place = {
		.file = conf->path,
		.line = conf->lease_line,
		.section = "cluster",
		.key = "lease",
	};
	g_autofree char *found = ham_value_show_duration(conf->lease_us);

	if (!conf->lease_us || conf->lease_us >= least_ms * 1000)
		return;
	ham_conf_problem_add(check->problems, &place, found,
			     "auto, or at least %" G_GINT64_FORMAT
			     "ms: token (%ums) + consensus (%ums) + 2s",
			     least_ms, ring->token_ms, ring->consensus_ms);
}

bool
ham_conf_check_ring(const ham_conf *conf, const struct ham_conf_ring *ring,
		    GPtrArray *problems)
{
	const struct check check = {
		.conf = conf,
		.ring = ring,
		.problems = problems,
	};
	unsigned int before = problems->len;

	check_lease(&check);
	check_crypto(&check);
	check_quorum_options(&check);
	check_votes(&check);
	check_nodes(&check);
	return problems->len == before;
}

int64_t
ham_conf_lease_us(const ham_conf *conf, unsigned int token_ms,
		  unsigned int consensus_ms)
{
	int64_t sum_ms = (int64_t)token_ms + consensus_ms + MARGIN_MS;

	return conf->lease_us ? conf->lease_us : sum_ms * 1500;
}
