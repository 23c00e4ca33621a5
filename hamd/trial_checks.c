/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/trial_checks.c - does a destination fit?  What both sides say of it
 *
 * Every judgement is made by the function that the real migration asks; here
 * only values and words are put together.  A row that is fit and says something
 * all the same is a caution.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hamd/trial.h"

struct checks {
	ham_daemon *daemon;
	const struct ham_guest *guest;
	const struct ham_conf_guest *conf;
	const struct ham_trial_side *src;
	const struct ham_trial_side *dst;
	JsonArray *list;
	GString *why;
	bool fits;
};

const char *
ham_trial_line(const struct ham_trial_side *side, const char *key)
{
	size_t len = strlen(key);

	for (char **line = side->lines; line && *line; line++)
		if (strncmp(*line, key, len) == 0 &&
		    ((*line)[len] == ' ' || (*line)[len] == '\0'))
			return *line + len + ((*line)[len] == ' ');
	return NULL;
}

const char *
ham_trial_line_of(const struct ham_trial_side *side, const char *key,
		  unsigned int i)
{
	g_autofree char *full = g_strdup_printf("%s %u", key, i);

	return ham_trial_line(side, full);
}

uint64_t
ham_trial_number(const struct ham_trial_side *side, const char *key)
{
	const char *text = ham_trial_line(side, key);

	return text ? g_ascii_strtoull(text, NULL, 10) : 0;
}

/* `why` NULL or "": nothing is to be said. */
static void
row(struct checks *c, const char *check, const char *src, const char *dst,
    bool ok, const char *why)
{
	JsonObject *o = json_object_new();

	json_object_set_string_member(o, "check", check);
	json_object_set_string_member(o, "source", src ? src : "");
	json_object_set_string_member(o, "destination", dst ? dst : "");
	json_object_set_boolean_member(o, "ok", ok);
	json_object_set_string_member(o, "why", why ? why : "");
	json_array_add_object_element(c->list, o);
	if (ok)
		return;
	c->fits = false;
	g_string_append_printf(c->why, "%s%s", c->why->len ? "; " : "",
			       why ? why : check);
}

static char *
mib(uint64_t bytes)
{
	return g_strdup_printf("%" PRIu64 " MiB", bytes >> 20);
}

/* ---- the cluster's rules, and versions ---- */

static void
check_rules(struct checks *c)
{
	char why[HAM_TEXT_MAX];
	bool ok = ham_core_may_migrate(c->daemon->core, c->guest->name,
				       c->dst->node, why, sizeof(why));

	row(c, "rules", c->src->name, c->dst->name, ok, why);
}

/* "10.0.2": by its numbers. */
static int
compare_versions(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++) {
		char *a_end, *b_end;
		guint64 x = g_ascii_strtoull(a, &a_end, 10);
		guint64 y = g_ascii_strtoull(b, &b_end, 10);

		if (x != y)
			return x < y ? -1 : 1;
		a = *a_end == '.' ? a_end + 1 : a_end;
		b = *b_end == '.' ? b_end + 1 : b_end;
	}
	return 0;
}

static void
check_versions(struct checks *c)
{
	const char *runs = ham_trial_line(c->src, "qemu");
	const char *src = runs ? runs : ham_trial_line(c->src, "installed");
	const char *dst = ham_trial_line(c->dst, "installed");
	bool older = runs && dst && compare_versions(dst, runs) < 0;

	row(c, "hamd", ham_core_node_version(c->daemon->core, c->src->node),
	    ham_core_node_version(c->daemon->core, c->dst->node), true, NULL);
	row(c, "QEMU", src, dst, true,
	    older ? "older than the one that it runs in: QEMU promises only "
		    "the way to newer ones"
		  : NULL);
}

/* ---- what QEMU is to be ---- */

static bool
tells(const struct ham_trial_side *side, const char *key, const char *value)
{
	const char *text = ham_trial_line(side, key);

	return text && strcmp(text, value) == 0;
}

static void
check_machine(struct checks *c)
{
	const char *runs = ham_trial_line(c->src, "machine");
	const char *wanted = c->conf->machine;
	const char *unknown = ham_trial_line(c->dst, "unknown");
	g_autofree char *why = NULL;
	bool ok = !tells(c->dst, "has-machine", "0");

	if (!ok)
		why = g_strdup_printf("QEMU on %s has no machine type %s",
				      c->dst->name, wanted);
	else if (runs && strcmp(runs, wanted) != 0)
		why = g_strdup_printf(
			"it runs as %s, and the cluster file says "
			"%s by now: start it anew first",
			runs, wanted);
	ok = ok && !why;
	row(c, "machine type", runs ? runs : wanted,
	    tells(c->dst, "has-machine", "0") ? "unknown there" : wanted, ok,
	    why ? why : unknown);
}

/* Features that the destination lacks and the source has. */
static char *
missing(const struct checks *c)
{
	const char *there = ham_trial_line(c->dst, "lacks");
	const char *here = ham_trial_line(c->src, "lacks");
	g_auto(GStrv) lacks = g_strsplit(there ? there : "", ",", -1);
	g_auto(GStrv) also = g_strsplit(here ? here : "", ",", -1);
	GString *out = g_string_new(NULL);

	for (char **f = lacks; *f; f++)
		if (**f && !g_strv_contains((const char *const *)also, *f))
			g_string_append_printf(out, "%s%s",
					       out->len ? ", " : "", *f);
	return g_string_free(out, FALSE);
}

static void
check_cpu(struct checks *c)
{
	const char *runs = ham_trial_line(c->src, "cpu");
	const char *type = ham_trial_line(c->dst, "cpu-type");
	const char *unknown = ham_trial_line(c->dst, "unknown");
	bool known = !tells(c->dst, "has-cpu", "0");
	g_autofree char *lacks = missing(c);
	g_autofree char *why = NULL;
	bool ok = known;

	if (!known) {
		why = g_strdup_printf("QEMU on %s has no CPU model %s",
				      c->dst->name, c->conf->cpu);
	} else if (runs && type && strcmp(runs, type) != 0) {
		ok = false;
		why = g_strdup_printf(
			"its CPU is a %s, and would be a %s there: "
			"was the cluster file changed?  Start it "
			"anew first",
			runs, type);
	} else if (lacks[0]) {
		why = g_strdup_printf("of what that model has, %s lacks %s",
				      c->dst->name, lacks);
	}
	row(c, "CPU model", c->conf->cpu,
	    known ? c->conf->cpu : "unknown there", ok, why ? why : unknown);
}

/* ---- room ---- */

static void
check_memory(struct checks *c)
{
	const struct ham_conf_node *node =
		ham_conf_find_node(c->daemon->conf, c->dst->name);
	uint64_t available = ham_trial_number(c->dst, "memory");
	g_autofree char *src = mib(c->conf->memory);
	g_autofree char *left = mib(available);
	g_autofree char *reserve = mib(node->memory_reserve);
	g_autofree char *dst =
		g_strdup_printf("%s left, %s reserved", left, reserve);
	g_autoptr(GError) error = NULL;
	bool ok = ham_guests_memory_fits(c->conf, node, available, &error);

	row(c, "memory", src, dst, ok, ok ? NULL : error->message);
}

/* "NEED FREE FOLDER" */
static char *
room_text(const struct ham_trial_side *side)
{
	const char *text = ham_trial_line(side, "room");
	uint64_t need, left;
	char *at;

	if (!text)
		return g_strdup("nothing to reserve");
	need = g_ascii_strtoull(text, &at, 10);
	left = g_ascii_strtoull(at, &at, 10);
	return g_strdup_printf("%" PRIu64 " of %" PRIu64 " MiB left in%s",
			       need >> 20, left >> 20, at);
}

static void
check_images(struct checks *c)
{
	const char *wrong = ham_trial_line(c->dst, "images");
	g_autofree char *dst = room_text(c->dst);
	uint64_t held = 0;
	g_autofree char *src = NULL;

	for (unsigned int i = 0; i < c->conf->disks->len; i++) {
		const char *line = ham_trial_line_of(c->src, "disk", i);

		held += line ? g_ascii_strtoull(line, NULL, 10) : 0;
	}
	src = mib(held);
	row(c, "disks", src, dst, wrong && !wrong[0],
	    wrong ? wrong : "nobody has looked at them");
}

/* ---- the network ---- */

static void
fit_row(struct checks *c, guint i, const char *name, enum ham_net_fit aspect,
	const struct ham_net_facts *here, const struct ham_net_facts *there,
	const char *src, const char *dst)
{
	const struct ham_conf_port *port = g_ptr_array_index(c->conf->ports, i);
	g_autofree char *label = g_strdup_printf("%s: %s", port->name, name);
	g_autofree char *why =
		ham_guests_port_fits(c->daemon->guests, c->guest->name, i, here,
				     there, c->src->name, c->dst->name, aspect);

	row(c, label, src, dst, why == NULL, why);
}

static char *
vlans_text(const struct ham_conf_port *port)
{
	unsigned int trunk = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(port->trunk); i++)
		trunk += (unsigned int)__builtin_popcountll(port->trunk[i]);
	if (port->vlan && trunk)
		return g_strdup_printf("%u, and %u tagged", port->vlan, trunk);
	if (trunk)
		return g_strdup_printf("%u tagged", trunk);
	return port->vlan ? g_strdup_printf("%u", port->vlan) : NULL;
}

/* What the destination can judge alone comes first: bridge, its MTU against the
 * guest's, uplink, VLANs. */
static void
check_port(struct checks *c, guint i)
{
	const struct ham_conf_port *port = g_ptr_array_index(c->conf->ports, i);
	const char *wrong = ham_trial_line_of(c->dst, "port-error", i);
	const char *there_text = ham_trial_line_of(c->dst, "port", i);
	const char *here_text = ham_trial_line_of(c->src, "port", i);
	g_autofree char *bridge = g_strdup_printf("%s: bridge", port->name);
	g_autofree char *vlans = vlans_text(port);
	g_autofree char *label = g_strdup_printf("%s: VLAN", port->name);
	struct ham_net_facts here, there;
	char mtu[2][16];

	row(c, bridge, port->bridge, wrong ? "" : port->bridge,
	    !wrong && there_text,
	    wrong	  ? wrong
	    : !there_text ? "nobody has looked at it"
			  : NULL);
	if (vlans)
		row(c, label, vlans, wrong ? "" : vlans, true, NULL);
	if (!there_text || !here_text ||
	    !ham_net_facts_read(there_text, &there) ||
	    !ham_net_facts_read(here_text, &here))
		return;
	g_snprintf(mtu[0], sizeof(mtu[0]), "%u", here.mtu);
	g_snprintf(mtu[1], sizeof(mtu[1]), "%u", there.mtu);
	fit_row(c, i, "MTU", HAM_NET_FIT_MTU, &here, &there, mtu[0], mtu[1]);
	fit_row(c, i, "uplink", HAM_NET_FIT_UPLINK, &here, &there,
		here.leads_out ? "yes" : "none",
		there.leads_out ? "yes" : "none");
	fit_row(c, i, "vhost", HAM_NET_FIT_VHOST, &here, &there,
		here.vhost ? "yes" : "no", there.vhost ? "yes" : "no");
}

bool
ham_trial_checks(ham_daemon *daemon, const struct ham_guest *guest,
		 const struct ham_trial_side *src,
		 const struct ham_trial_side *dst, JsonArray *list,
		 GString *why)
{
	struct checks c = {
		.daemon = daemon,
		.guest = guest,
		.conf = ham_conf_find_guest(daemon->conf, guest->name),
		.src = src,
		.dst = dst,
		.list = list,
		.why = why,
		.fits = true};

	check_rules(&c);
	check_versions(&c);
	if (!c.conf) {
		row(&c, "cluster file", "", "", false,
		    "the cluster file does not name it");
		return false;
	}
	check_machine(&c);
	check_cpu(&c);
	check_memory(&c);
	check_images(&c);
	for (guint i = 0; i < c.conf->ports->len; i++)
		check_port(&c, i);
	return c.fits;
}
