/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/guest/seen.c - looks whether a guest that left is seen where it is now
 *
 * S, when the guest runs at D: by the bridges that the guest's ports were on
 * it asks who has the guest's addresses, and looks behind which port the bridge
 * knows its MAC.  Over when each port's was answered for, or learnt where no
 * address of it is known or can be asked for; told as soon as it is, and each
 * time that it is not.  A bridge that went with the guest's port sees nothing,
 * and is not asked.
 *
 * Refuses to wait for ever: after the last question it says what it found.
 */
#include <glib-unix.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

#include "hamd/guest/vm.h"

#define HAM_LOG_TAG "guest"
#include "hamd/base/clock.h"
#include "hamd/base/log.h"

/* When to ask, in ms after S was done; behind each question stands whether the
 * owner is to announce the guest again.  Before the third the announcements of
 * `cont` and their first repetition are through. */
static const struct {
	int at_ms;
	bool tell;
} questions[] = {
	{0, false},   {50, false},  {150, false}, {400, true},
	{900, false}, {1600, true}, {3000, true}, {6000, true},
};

struct seen_port {
	struct ham_vm *vm;
	char bridge[HAM_NET_IFNAME_MAX + 1];
	uint8_t mac[6];
	unsigned int vlan;
	ham_net_prober *prober; /* NULL: no address is known */
	guint watch;
	bool asks; /* there is an address that can be asked for */
	bool seen;
	char how[160];
};

struct ham_seen {
	GPtrArray *ports; /* struct seen_port * */
	guint timer;
	unsigned int at; /* the question that is next */
	int64_t begun_us;
};

static void
port_free(void *data)
{
	struct seen_port *port = data;

	g_clear_handle_id(&port->watch, g_source_remove);
	ham_net_prober_free(port->prober);
	g_free(port);
}

void
ham_seen_stop(struct ham_vm *vm)
{
	struct ham_seen *seen = vm->seen;

	if (!seen)
		return;
	vm->seen = NULL;
	g_clear_handle_id(&seen->timer, g_source_remove);
	g_ptr_array_unref(seen->ports);
	g_free(seen);
}

static void
tell(struct ham_vm *vm, bool seen, const char *text)
{
	struct ham_event event = {
		.did = HAM_DID_SEEN, .flag = seen, .text = text};

	ham_vm_tell(vm, &event);
}

/* Behind another guest's port it is as little as behind its own old one. */
static bool
look(struct seen_port *port)
{
	char ifname[HAM_NET_IFNAME_MAX + 1];
	bool is_tap;
	g_autoptr(GError) error = NULL;
	int64_t when_us;
	const char *address = NULL;
	const char *stranger = NULL;

	if (port->seen)
		return true;
	if (port->prober && ham_net_prober_hear(port->prober, ham_clock_us()))
		address = ham_net_prober_answered(port->prober, &when_us);
	if (port->prober)
		stranger = ham_net_prober_stranger(port->prober);
	if (!ham_net_where(port->bridge, port->mac, port->vlan, ifname, &is_tap,
			   &error)) {
		g_strlcpy(port->how, error->message, sizeof(port->how));
		return false;
	}
	port->seen = ifname[0] && !is_tap && (address || !port->asks);
	if (port->seen)
		g_snprintf(port->how, sizeof(port->how), "%s by %s%s%s",
			   port->bridge, ifname, address ? ", at " : "",
			   address ? address : "");
	else if (stranger)
		g_snprintf(port->how, sizeof(port->how), "%s: %s", port->bridge,
			   stranger);
	else if (!ifname[0])
		g_snprintf(port->how, sizeof(port->how),
			   "%s does not know where it is", port->bridge);
	else if (is_tap)
		g_snprintf(port->how, sizeof(port->how),
			   "%s still looks for it at %s", port->bridge, ifname);
	else
		g_snprintf(port->how, sizeof(port->how),
			   "%s knows it by %s, and nobody answers for its "
			   "addresses",
			   port->bridge, ifname);
	return port->seen;
}

/* One line: of each port how it is seen, or of the first that is not. */
static bool
look_all(const struct ham_seen *seen, GString *text)
{
	for (guint i = 0; i < seen->ports->len; i++) {
		struct seen_port *port = g_ptr_array_index(seen->ports, i);

		if (!look(port)) {
			g_string_assign(text, port->how);
			return false;
		}
		g_string_append_printf(text, "%s%s", i ? "; " : "", port->how);
	}
	return true;
}

/* Else `text` is what was found instead. */
static bool
is_over(struct ham_vm *vm, GString *text)
{
	struct ham_seen *seen = vm->seen;

	if (!look_all(seen, text))
		return false;
	g_string_append_printf(text, ", after %" G_GINT64_FORMAT " ms",
			       (ham_clock_us() - seen->begun_us + 500) / 1000);
	ham_seen_stop(vm);
	tell(vm, true, text->str);
	return true;
}

static gboolean
on_answer(gint fd, GIOCondition condition, gpointer data)
{
	struct seen_port *port = data;
	g_autoptr(GString) text = g_string_new(NULL);

	(void)fd;
	(void)condition;
	if (!ham_net_prober_hear(port->prober, ham_clock_us()))
		return G_SOURCE_CONTINUE;
	/* One is enough: the table is looked at once for it, and the bridge has
	 * learnt its sender before it gave us the frame.  Freed by is_over(),
	 * or not. */
	port->watch = 0;
	(void)is_over(port->vm, text);
	return G_SOURCE_REMOVE;
}

/* A bridge that hamd had made may have gone with the guest's port. */
static void
forget_gone(struct ham_seen *seen)
{
	for (guint i = seen->ports->len; i-- > 0;) {
		const struct seen_port *port =
			g_ptr_array_index(seen->ports, i);

		if (if_nametoindex(port->bridge) == 0)
			g_ptr_array_remove_index(seen->ports, i);
	}
}

static void
ask_by(struct seen_port *port)
{
	g_autoptr(GError) error = NULL;

	if (port->prober && !port->seen)
		port->asks =
			ham_net_prober_ask(port->prober, &error) > 0 || error;
}

static gboolean
ask(gpointer data)
{
	struct ham_vm *vm = data;
	struct ham_seen *seen = vm->seen;
	g_autoptr(GString) text = g_string_new(NULL);
	int now_ms = questions[seen->at].at_ms;
	bool repeat = questions[seen->at].tell;

	seen->timer = 0;
	forget_gone(seen);
	if (seen->ports->len == 0) {
		ham_seen_stop(vm);
		return G_SOURCE_REMOVE;
	}
	if (is_over(vm, text))
		return G_SOURCE_REMOVE;
	if (++seen->at == G_N_ELEMENTS(questions)) {
		ham_seen_stop(vm);
		g_string_append(text, "; looked for 6 s");
		tell(vm, false, text->str);
		return G_SOURCE_REMOVE;
	}
	for (guint i = 0; i < seen->ports->len; i++)
		ask_by(g_ptr_array_index(seen->ports, i));
	seen->timer = g_timeout_add((guint)(questions[seen->at].at_ms - now_ms),
				    ask, vm);
	if (repeat)
		tell(vm, false, text->str);
	return G_SOURCE_REMOVE;
}

static bool
has_trunk(const struct ham_conf_port *port)
{
	for (unsigned int i = 0; i < G_N_ELEMENTS(port->trunk); i++)
		if (port->trunk[i])
			return true;
	return false;
}

static void
watch_port(struct ham_vm *vm, struct ham_seen *seen, guint i)
{
	const struct ham_conf_port *conf =
		g_ptr_array_index(vm->conf->ports, i);
	g_auto(GStrv) addresses = ham_learn_list(vm, i);
	struct seen_port *port = g_new0(struct seen_port, 1);
	g_autoptr(GError) error = NULL;

	port->vm = vm;
	port->vlan = conf->vlan;
	g_strlcpy(port->bridge, conf->bridge, sizeof(port->bridge));
	memcpy(port->mac, conf->mac, sizeof(port->mac));
	/* in which VLAN of a trunk an address is nobody knows */
	if (addresses && addresses[0] && (conf->vlan || !has_trunk(conf)))
		port->prober = ham_net_prober_open(
			conf->bridge, conf->vlan, conf->mac, addresses, &error);
	if (error)
		ham_debug("%s: %s", vm->name, error->message);
	port->asks = port->prober != NULL;
	if (port->prober)
		port->watch = g_unix_fd_add(ham_net_prober_fd(port->prober),
					    G_IO_IN, on_answer, port);
	g_ptr_array_add(seen->ports, port);
}

void
ham_seen_begin(struct ham_vm *vm)
{
	struct ham_seen *seen;

	ham_seen_stop(vm);
	if (!vm->conf || vm->conf->ports->len == 0)
		return;
	seen = g_new0(struct ham_seen, 1);
	seen->ports = g_ptr_array_new_with_free_func(port_free);
	seen->begun_us = ham_clock_us();
	for (guint i = 0; i < vm->conf->ports->len; i++)
		if (ham_port_leads_out(vm, i))
			watch_port(vm, seen, i);
	vm->seen = seen;
	seen->timer = g_timeout_add(0, ask, vm);
}
