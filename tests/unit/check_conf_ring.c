/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/unit/check_conf_ring.c - corosync.conf, and the cluster file with it */
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/conf_text.h"

#define TOTEM(keys)                                                            \
	"totem {\n\tversion: 2\n\tcrypto_cipher: aes256\n"                     \
	"\tcrypto_hash: sha256\n" keys "}\n"
#define QUORUM(keys) "quorum {\n\tprovider: corosync_votequorum\n" keys "}\n"
#define NODE(id, keys)                                                         \
	"\tnode {\n\t\tring0_addr: 10.0.0." id "\n\t\tnodeid: " id             \
	"\n\t\tname: n" id "\n" keys "\t}\n"
#define NODES(list) "nodelist {\n" list "}\n"
#define N2 NODES(NODE("1", "") NODE("2", ""))
#define N3 NODES(NODE("1", "") NODE("2", "") NODE("3", ""))

static void
parse(const char *text, struct ham_conf_ring *ring, GPtrArray *problems)
{
	ham_conf_ring_parse("k", text, strlen(text), ring, problems);
}

/* Timeouts in force; corosync 3.1.7 has the same numbers for such files in
 * runtime.config.totem.token and .consensus. */
/* clang-format off */
static const struct {
	const char *text;
	unsigned int token_ms, consensus_ms;
} times[] = {
	{ TOTEM("") N2, 3000, 3600 },
	{ TOTEM("") N3, 3650, 4380 },
	{ TOTEM("token: 1000\n") N3, 1650, 1980 },
	{ TOTEM("token: 1000\ntoken_coefficient: 0\n") N3, 1000, 1200 },
	{ TOTEM("token: 0\n") N2, 3000, 3600 },
	{ TOTEM("consensus: 9000\n") N3, 3650, 9000 },
	{ TOTEM("token: 1000\n"), 1000, 1200 },
};
/* clang-format on */

START_TEST(timeouts_in_force)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	struct ham_conf_ring ring;

	parse(times[_i].text, &ring, problems);
	ck_assert_uint_eq(problems->len, 0);
	ck_assert_uint_eq(ring.token_ms, times[_i].token_ms);
	ck_assert_uint_eq(ring.consensus_ms, times[_i].consensus_ms);
}
END_TEST

START_TEST(reads_all_of_a_file)
{
	static const char text[] =
		"# c\n"
		"totem: {\n  version: 2\n  cluster_name: lab\n"
		"  secauth: on\n  transport: knet\n"
		"  interface {\n    linknumber: 0\n    token: 5\n  }\n}\n"
		"quorum {\r\n\tprovider: corosync_votequorum\r\n"
		"\texpected_votes: 2\r\n\ttwo_node: 1\r\n}\r\n"
		"nodelist {\n"
		"  node {\n    ring0_addr: 10.0.0.1\n    nodeid: 17\n"
		"    name: n1\n    quorum_votes: 2\n  }\n"
		"  node {\n  ring0_addr: 10.0.0.2\n  nodeid: 4294967295\n  }\n"
		"}\n"
		"logging {\n  to_syslog: yes\n  logger_subsys {\n"
		"    subsys: QUORUM\n  }\n}\n";
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autofree char *shown = NULL;
	struct ham_conf_ring ring;

	parse(text, &ring, problems);
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, "");
	ck_assert_str_eq(ring.source, "k");
	ck_assert_str_eq(ring.crypto_cipher, "aes256");
	ck_assert_str_eq(ring.crypto_hash, "sha256");
	ck_assert_str_eq(ring.transport, "knet");
	ck_assert_uint_eq(ring.token_ms, 3000);
	ck_assert_str_eq(ring.provider, "corosync_votequorum");
	ck_assert_uint_eq(ring.expected_votes, 2);
	ck_assert(ring.two_node);
	ck_assert_msg(ring.wait_for_all, "two_node brings it");
	ck_assert(!ring.has_device);
	ck_assert_uint_eq(ring.n_nodes, 2);
	ck_assert_uint_eq(ring.nodes[0].id, 17);
	ck_assert_str_eq(ring.nodes[0].name, "n1");
	ck_assert_uint_eq(ring.nodes[0].votes, 2);
	ck_assert_uint_eq(ring.nodes[0].line, 18);
	ck_assert_uint_eq(ring.nodes[1].id, 4294967295u);
	ck_assert_str_eq(ring.nodes[1].name, "");
	ck_assert_uint_eq(ring.nodes[1].votes, 1);
	ck_assert_uint_eq(ring.lines[HAM_CONF_RING_TWO_NODE], 15);
}
END_TEST

START_TEST(explicit_cipher_goes_before_secauth)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	struct ham_conf_ring ring;

	parse("totem {\n secauth: on\n crypto_cipher: none\n}\n", &ring,
	      problems);
	ck_assert_str_eq(ring.crypto_cipher, "none");
	ck_assert_str_eq(ring.crypto_hash, "sha256");
	parse("totem {\n secauth: off\n}\n", &ring, problems);
	ck_assert_str_eq(ring.crypto_cipher, "none");
	ck_assert_str_eq(ring.crypto_hash, "none");
}
END_TEST

/* clang-format off */
static const struct {
	const char *text;
	const char *problems;
} broken[] = {
	{ "totem {\n", "k:1: [totem]: found the end of the file, expected a } "
		       "for each section\n" },
	{ "}\n", "k:1: found }, expected as many { before it\n" },
	{ "what\n", "k:1: found what, expected SECTION {, KEY: VALUE or }\n" },
	{ "{\n}\n", "k:1: found nothing, expected a section's name before "
		    "{\n" },
	{ "totem { version: 2 }\n}\n",
	  "k:1: found  version: 2 }, expected nothing behind {\n" },
	{ "totem {\n token: 1s\n}\n",
	  "k:2: [totem] token: found 1s, expected a number\n" },
	{ "totem {\n token: -1\n}\n",
	  "k:2: [totem] token: found -1, expected a number\n" },
	{ "totem {\n token: 99999999999\n}\n",
	  "k:2: [totem] token: found 99999999999, expected a number\n" },
	{ "quorum {\n two_node: yes\n}\n",
	  "k:2: [quorum] two_node: found yes, expected a number\n" },
	{ "nodelist {\nnode {\nname: a b\n}\n}\n",
	  "k:3: [nodelist.node] name: found a b, expected a name that a [node "
	  "NAME] can have (at most 47 letters, digits and . _ -)\n" },
	{ "a {\nb {\nc {\nd {\ne {\nf {\ng {\nh {\ni {\nj {\n"
	  "}\n}\n}\n}\n}\n}\n}\n}\n}\n}\n",
	  "k:9: [a.b.c.d.e.f.g.h]: found i, expected at most 8 sections "
	  "deep\n" },
	{ "x\xff\x01\n",
	  "k:1: found x\\xff\\x01, expected SECTION {, KEY: VALUE or }\n" },
};
/* clang-format on */

START_TEST(broken_file)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autofree char *shown = NULL;
	struct ham_conf_ring ring;

	parse(broken[_i].text, &ring, problems);
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, broken[_i].problems);
}
END_TEST

START_TEST(more_nodes_than_room)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	GString *text = g_string_new("nodelist {\n");
	g_autofree char *shown = NULL;
	struct ham_conf_ring ring;

	for (int i = 0; i < 100; i++)
		g_string_append(text, "node {\nname: x\n}\n");
	g_string_append(text, "}\n");
	parse(text->str, &ring, problems);
	g_string_free(text, TRUE);
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, "k:194: [nodelist.node]: found one more, "
				"expected at most 64 nodes\n");
	ck_assert_uint_eq(ring.n_nodes, 64);
}
END_TEST

/* clang-format off */
#define BASE2                                                                  \
	"[cluster]\nversion = 1\n[node n1]\naddress.migration = 10.0.0.1\n"    \
	"[node n2]\naddress.migration = 10.0.0.2\n"
#define WITH(keys)                                                             \
	"[cluster]\nversion = 1\n" keys "[node n1]\n"                          \
	"address.migration = 10.0.0.1\n[node n2]\n"                            \
	"address.migration = 10.0.0.2\n[node n3]\n"                            \
	"address.migration = 10.0.0.3\n"
#define OPEN                                                                   \
	"(or insecure = yes in [cluster]: whoever reaches the network then "   \
	"commands the cluster)"
#define MAJORITY                                                               \
	"expected 0 (quorum must be a majority of all configured nodes)\n"

static const struct {
	const char *conf;
	const char *ring;
	const char *problems;
} pairs[] = {
	{ WITH(""), TOTEM("") QUORUM("") N3, "" },
	{ WITH(""), TOTEM("") QUORUM("expected_votes: 3\nwait_for_all: 1\n")
	  N3, "" },
	/* encryption */
	{ WITH(""), "totem {\nversion: 2\n}\n" QUORUM("") N3,
	  "k: [totem] crypto_cipher: found none, expected aes256 " OPEN "\n"
	  "k: [totem] crypto_hash: found none, expected sha256 " OPEN "\n" },
	{ WITH(""),
	  "totem {\ncrypto_cipher: none\ncrypto_hash: sha256\n}\n" QUORUM("")
	  N3,
	  "k:2: [totem] crypto_cipher: found none, expected aes256 " OPEN
	  "\n" },
	{ WITH(""), TOTEM("transport: udpu\n") QUORUM("") N3,
	  "k:5: [totem] transport: found udpu, expected knet " OPEN "\n" },
	{ WITH("insecure = yes\n"), "totem {\ntransport: udpu\n}\n" QUORUM("")
	  N3, "" },
	/* ways to be quorate without a majority */
	{ WITH(""), TOTEM("") QUORUM("last_man_standing: 1\n") N3,
	  "k:8: [quorum] last_man_standing: found 1, " MAJORITY },
	{ WITH(""), TOTEM("") QUORUM("allow_downscale: 1\n") N3,
	  "k:8: [quorum] allow_downscale: found 1, " MAJORITY },
	{ WITH(""), TOTEM("") QUORUM("auto_tie_breaker: 1\n") N3,
	  "k:8: [quorum] auto_tie_breaker: found 1, " MAJORITY },
	{ WITH(""), TOTEM("") QUORUM("last_man_standing: 0\n") N3, "" },
	{ WITH(""), TOTEM("") QUORUM("device {\nmodel: net\n}\n") N3,
	  "k:8: [quorum] device: found a quorum device, expected none (its "
	  "vote has no memory; add a small node with role = witness)\n" },
	{ WITH(""), TOTEM("") N3,
	  "k: [quorum] provider: found nothing, expected "
	  "corosync_votequorum\n" },
	{ WITH(""), TOTEM("") QUORUM("expected_votes: 2\n") N3,
	  "k:8: [quorum] expected_votes: found 2, expected 3, the number of "
	  "nodes\n" },
	{ WITH(""), TOTEM("") QUORUM("two_node: 1\n") N3,
	  "k:8: [quorum] two_node: found 1, expected 0 with 3 nodes\n" },
	{ WITH(""), TOTEM("") QUORUM("")
	  NODES(NODE("1", "") NODE("2", "quorum_votes: 0\n") NODE("3", "")),
	  "k:15: [nodelist.node] quorum_votes: found 0, expected 1\n" },
	/* two nodes */
	{ BASE2, TOTEM("") QUORUM("two_node: 1\n") N2, "" },
	{ BASE2, TOTEM("") QUORUM("") N2,
	  "k: [quorum] two_node: found 0, expected 1 with two nodes\n"
	  "k: [quorum] wait_for_all: found 0, expected 1 with two nodes\n" },
	{ BASE2, TOTEM("") QUORUM("two_node: 1\nwait_for_all: 0\n") N2,
	  "k:9: [quorum] wait_for_all: found 0, expected 1 with two "
	  "nodes\n" },
	/* names */
	{ WITH(""), TOTEM("") QUORUM("") N2,
	  "k: [quorum] two_node: found 0, expected 1 with two nodes\n"
	  "k: [quorum] wait_for_all: found 0, expected 1 with two nodes\n"
	  "c:7: [node n3]: found a node that corosync does not know, expected "
	  "a name in corosync's nodelist\n" },
	{ BASE2, TOTEM("") QUORUM("") N3,
	  "k:20: [nodelist.node] name: found n3, expected a node that the "
	  "cluster file has, too\n" },
	{ WITH(""), TOTEM("") QUORUM("")
	  NODES(NODE("1", "") NODE("2", "") NODE("3", "")
		"node {\nring0_addr: x\n}\n"),
	  "k:25: [nodelist.node] nodeid: found nothing, expected a number "
	  "above 0\n"
	  "k:25: [nodelist.node] name: found nothing, expected the node's "
	  "name, as in the cluster file\n" },
	{ WITH(""), TOTEM("") QUORUM("")
	  NODES(NODE("1", "") NODE("2", "") NODE("3", "") NODE("3", "")),
	  "k:25: [nodelist.node] nodeid: found 3, expected another number for "
	  "each node\n"
	  "k:25: [nodelist.node] name: found n3, expected another name for "
	  "each node\n" },
	/* lease: 3650 + 4380 + 2000 ms */
	{ WITH("lease = 10030ms\n"), TOTEM("") QUORUM("") N3, "" },
	{ WITH("lease = 10029ms\n"), TOTEM("") QUORUM("") N3,
	  "c:3: [cluster] lease: found 10029ms, expected auto, or at least "
	  "10030ms: token (3650ms) + consensus (4380ms) + 2s\n" },
	{ WITH("lease = auto\n"), TOTEM("token: 60000\n") QUORUM("") N3, "" },
};
/* clang-format on */

START_TEST(pair)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(ham_conf) conf = conf_text_valid(pairs[_i].conf);
	g_autofree char *shown = NULL, *before = NULL;
	struct ham_conf_ring ring;
	bool ok;

	parse(pairs[_i].ring, &ring, problems);
	before = conf_text_of(problems);
	ck_assert_str_eq(before, "");
	ok = ham_conf_check_ring(conf, &ring, problems);
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, pairs[_i].problems);
	ck_assert_int_eq(ok, problems->len == 0);
}
END_TEST

START_TEST(more_than_16_nodes)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(ham_conf) conf = conf_text_valid(CONF_BASE);
	g_autofree char *shown = NULL;
	struct ham_conf_ring ring;

	parse(TOTEM("") QUORUM("") N3, &ring, problems);
	ring.n_nodes = 17;
	for (unsigned int i = 3; i < ring.n_nodes; i++) {
		ring.nodes[i].id = i + 1;
		ring.nodes[i].votes = 1;
	}
	ham_conf_check_ring(conf, &ring, problems);
	shown = conf_text_of(problems);
	ck_assert_ptr_nonnull(strstr(shown, "k: [nodelist.node]: found 17 "
					    "nodes, expected at most 16\n"));
}
END_TEST

/* What a reader of cmap fills in: no lines, no transport. */
START_TEST(ring_without_lines)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autoptr(ham_conf) conf = conf_text_valid(BASE2);
	g_autofree char *shown = NULL;
	struct ham_conf_ring ring = {
		.source = "cmap",
		.token_ms = 1000,
		.consensus_ms = 1200,
		.crypto_cipher = "aes256",
		.crypto_hash = "none",
		.two_node = true,
		.wait_for_all = true,
		.provider = "corosync_votequorum",
		.n_nodes = 2,
		.nodes = {{.id = 1, .name = "n1", .votes = 1},
			  {.id = 2, .name = "n2", .votes = 1}},
	};

	ham_conf_check_ring(conf, &ring, problems);
	shown = conf_text_of(problems);
	ck_assert_str_eq(shown, "cmap: [totem] crypto_hash: found none, "
				"expected sha256 " OPEN "\n");
}
END_TEST

START_TEST(lease_in_force)
{
	g_autoptr(ham_conf) automatic = conf_text_valid(CONF_BASE);
	g_autoptr(ham_conf) fixed = conf_text_valid(WITH("lease = 12s\n"));

	ck_assert_int_eq(ham_conf_lease_us(automatic, 1000, 1200), 6300000);
	ck_assert_int_eq(ham_conf_lease_us(fixed, 1000, 1200), 12000000);
}
END_TEST

static char *
write_text(const char *folder, const char *name, const char *text)
{
	char *path = g_build_filename(folder, name, NULL);

	ck_assert(g_file_set_contents(path, text, -1, NULL));
	return path;
}

/* Both files' problems at once, the cluster file's first. */
START_TEST(check_file_takes_both)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autofree char *folder =
		g_dir_make_tmp("check_conf_ring_XXXXXX", NULL);
	g_autofree char *conf = write_text(folder, "cluster.conf",
					   WITH("lease = 3s\naccel = x\n"));
	g_autofree char *ring =
		write_text(folder, "corosync.conf",
			   TOTEM("") QUORUM("last_man_standing: 1\n") N2);
	bool ok = ham_conf_check_file(conf, ring, problems);
	static const unsigned int lines[] = {3, 4, 9, 0, 0, 8};

	g_unlink(conf);
	g_unlink(ring);
	g_rmdir(folder);
	ck_assert(!ok);
	ck_assert_uint_eq(problems->len, G_N_ELEMENTS(lines));
	for (unsigned int i = 0; i < problems->len; i++) {
		const struct ham_conf_problem *p = problems->pdata[i];

		ck_assert_uint_eq(p->line, lines[i]);
		ck_assert_str_eq(p->file, i < 3 ? conf : ring);
	}
}
END_TEST

START_TEST(named_corosync_file_must_exist)
{
	g_autoptr(GPtrArray) problems = ham_conf_problems_new();
	g_autofree char *folder =
		g_dir_make_tmp("check_conf_ring_XXXXXX", NULL);
	g_autofree char *conf = write_text(folder, "cluster.conf", CONF_BASE);
	bool ok = ham_conf_check_file(conf, "/nowhere/k", problems);
	g_autofree char *shown = conf_text_of(problems);

	g_unlink(conf);
	g_rmdir(folder);
	ck_assert(!ok);
	ck_assert_str_eq(shown, "/nowhere/k: found No such file or directory, "
				"expected a file that can be read\n");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("conf_ring");
	TCase *tc = tcase_create("ring");

	tcase_add_loop_test(tc, timeouts_in_force, 0, (int)G_N_ELEMENTS(times));
	tcase_add_test(tc, reads_all_of_a_file);
	tcase_add_test(tc, explicit_cipher_goes_before_secauth);
	tcase_add_loop_test(tc, broken_file, 0, (int)G_N_ELEMENTS(broken));
	tcase_add_test(tc, more_nodes_than_room);
	tcase_add_loop_test(tc, pair, 0, (int)G_N_ELEMENTS(pairs));
	tcase_add_test(tc, more_than_16_nodes);
	tcase_add_test(tc, ring_without_lines);
	tcase_add_test(tc, lease_in_force);
	tcase_add_test(tc, check_file_takes_both);
	tcase_add_test(tc, named_corosync_file_must_exist);
	suite_add_tcase(suite, tc);
	return conf_text_run(suite);
}
