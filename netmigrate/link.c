/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/link.c - see link.h */
#include "netmigrate/link.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netlink/cache.h>
#include <netlink/netlink.h>
#include <netlink/route/link.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

/* Kept by the kernel, so that a later hamd knows it too. */
#define BRIDGE_MARK "hamd"

typedef struct nl_sock ham_nl_sock;
typedef struct nl_cache ham_nl_cache;
typedef struct rtnl_link ham_rtnl_link;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_sock, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_cache, nl_cache_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_rtnl_link, rtnl_link_put)

static bool fail(GError **error, int nle, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static bool
fail(GError **error, int nle, const char *format, ...)
{
	g_autofree char *context = NULL;
	va_list ap;

	va_start(ap, format);
	context = g_strdup_vprintf(format, ap);
	va_end(ap);
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s: %s", context,
		    nl_geterror(nle));
	return false;
}

static bool
is_absent(int nle)
{
	return nle == -NLE_NODEV || nle == -NLE_OBJ_NOTFOUND;
}

static ham_nl_sock *
connect_route(GError **error)
{
	g_autoptr(ham_nl_sock) sock = nl_socket_alloc();
	int err;

	if (!sock) {
		fail(error, -NLE_NOMEM, "cannot open a netlink socket");
		return NULL;
	}
	err = nl_connect(sock, NETLINK_ROUTE);
	if (err < 0) {
		fail(error, err, "cannot open a netlink socket");
		return NULL;
	}
	return g_steal_pointer(&sock);
}

static ham_rtnl_link *
new_link(void)
{
	struct rtnl_link *link = rtnl_link_alloc();

	/* libnl answers NULL for want of memory; GLib's rule is to abort */
	if (!link)
		g_error("out of memory");
	return link;
}

static enum ham_link_kind
kind_of(struct rtnl_link *link)
{
	const char *type = rtnl_link_get_type(link);

	if (g_strcmp0(type, "tun") == 0)
		return HAM_LINK_TAP;
	if (g_strcmp0(type, "bridge") == 0)
		return HAM_LINK_BRIDGE;
	return HAM_LINK_OTHER;
}

/* libnl calls an answer a success that holds no link. */
static int
ask_link(struct nl_sock *sock, const char *name, int index,
	 struct rtnl_link **out)
{
	int err = rtnl_link_get_kernel(sock, index, name, out);

	return err == 0 && !*out ? -NLE_PARSE_ERR : err;
}

static bool
is_mark(const char *alias)
{
	g_auto(GStrv) words = g_strsplit(alias ? alias : "", " ", -1);
	guint n = g_strv_length(words);

	return n > 0 && strcmp(words[0], BRIDGE_MARK) == 0 &&
	       (n == 1 || (n == 3 && words[1][0] &&
			   (strcmp(words[2], "up") == 0 ||
			    strcmp(words[2], "down") == 0)));
}

static void
take_link(struct rtnl_link *link, struct ham_link *out)
{
	out->kind = kind_of(link);
	out->veth = g_strcmp0(rtnl_link_get_type(link), "veth") == 0;
	out->index = rtnl_link_get_ifindex(link);
	out->master = rtnl_link_get_master(link);
	out->mtu = rtnl_link_get_mtu(link);
	out->frames = rtnl_link_get_stat(link, RTNL_LINK_RX_PACKETS);
	out->up = rtnl_link_get_flags(link) & IFF_UP;
	out->carrier = out->up && rtnl_link_get_carrier(link);
	out->ours = out->kind == HAM_LINK_BRIDGE &&
		    is_mark(rtnl_link_get_ifalias(link));
	if (out->ours)
		g_strlcpy(out->mark, rtnl_link_get_ifalias(link),
			  sizeof(out->mark));
}

static int
read_link(struct nl_sock *sock, const char *name, int index,
	  struct ham_link *out)
{
	g_autoptr(ham_rtnl_link) link = NULL;
	int err;

	memset(out, 0, sizeof(*out));
	err = ask_link(sock, name, index, &link);
	if (err < 0)
		return is_absent(err) ? 0 : err;
	take_link(link, out);
	return 0;
}

/* Applies `wanted` to the link with this index; all else stays as it is. */
static int
change(struct nl_sock *sock, int index, struct rtnl_link *wanted)
{
	g_autoptr(ham_rtnl_link) which = new_link();

	rtnl_link_set_ifindex(which, index);
	return rtnl_link_change(sock, which, wanted, 0);
}

bool
ham_link_get(const char *name, int index, struct ham_link *out, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	int err;

	if (!sock)
		return false;
	err = read_link(sock, name, name ? 0 : index, out);
	if (err < 0 && name)
		return fail(error, err, "cannot look up link '%s'", name);
	if (err < 0)
		return fail(error, err, "cannot look up link %d", index);
	return true;
}

bool
ham_link_disable_ipv6(const char *ifname, GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	ham_autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return true; /* a kernel without IPv6 */
	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return ham_error_errno(error, errno,
				       "cannot disable IPv6 on '%s'", ifname);
	return true;
}

bool
ham_link_make_bridge(const char *name, unsigned int mtu, const char *mark,
		     GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) link = NULL, made = NULL, wanted = NULL;
	struct nl_addr *address;
	int err;

	if (!sock)
		return false;
	link = new_link();
	rtnl_link_set_name(link, name);
	rtnl_link_set_type(link, "bridge");
	err = rtnl_link_add(sock, link, NLM_F_CREATE | NLM_F_EXCL);
	if (err == 0)
		err = ask_link(sock, name, 0, &made);
	if (err < 0)
		return fail(error, err, "cannot make bridge '%s'", name);

	if (!ham_link_disable_ipv6(name, error)) {
		rtnl_link_delete(sock, made);
		return false;
	}
	wanted = new_link();
	rtnl_link_set_ifalias(wanted, mark);
	address = rtnl_link_get_addr(made);
	/* set, if to what it is, so that it does not follow the lowest port
	 * address as guests come and go */
	if (address)
		rtnl_link_set_addr(wanted, address);
	if (mtu)
		rtnl_link_set_mtu(wanted, mtu);
	rtnl_link_set_flags(wanted, IFF_UP);
	err = address ? change(sock, rtnl_link_get_ifindex(made), wanted)
		      : -NLE_PARSE_ERR;
	if (err < 0) {
		rtnl_link_delete(sock, made);
		return fail(error, err, "cannot set up bridge '%s'", name);
	}
	return true;
}

bool
ham_link_mark_bridge(const char *name, int index, const char *mark,
		     GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) wanted = NULL;
	int err;

	if (!sock)
		return false;
	wanted = new_link();
	rtnl_link_set_ifalias(wanted, mark);
	err = change(sock, index, wanted);
	return err == 0 || fail(error, err, "cannot mark bridge '%s'", name);
}

bool
ham_link_enslave(const char *name, const struct ham_link *tap,
		 const uint8_t mac[6], const char *bridge_name,
		 const struct ham_link *bridge, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) wanted = NULL, slave = NULL;
	struct nl_addr *address;
	int err;

	if (!sock)
		return false;
	/* first, because a bridge takes over the smallest MTU and the lowest
	 * address among its ports the moment they join */
	wanted = new_link();
	address = nl_addr_build(AF_LLC, mac, 6);
	rtnl_link_set_addr(wanted, address);
	nl_addr_put(address);
	rtnl_link_set_mtu(wanted, bridge->mtu);
	err = change(sock, tap->index, wanted);
	if (err < 0)
		return fail(error, err,
			    "cannot set address and MTU %u of tap "
			    "'%s'",
			    bridge->mtu, name);
	slave = new_link();
	rtnl_link_set_master(slave, bridge->index);
	err = change(sock, tap->index, slave);
	if (err < 0)
		return fail(error, err, "cannot enslave tap '%s' to '%s'", name,
			    bridge_name);
	return true;
}

bool
ham_link_set_up(const char *name, int index, bool up, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) wanted = NULL;
	const char *word = up ? "up" : "down";
	struct ham_link now;
	int err;

	if (!sock)
		return false;
	wanted = new_link();
	if (up)
		rtnl_link_set_flags(wanted, IFF_UP);
	else
		rtnl_link_unset_flags(wanted, IFF_UP);
	err = change(sock, index, wanted);
	if (err < 0 && is_absent(err) && !up)
		return true;
	if (err == 0)
		err = read_link(sock, NULL, index, &now);
	if (err < 0)
		return fail(error, err, "cannot take interface '%s' %s", name,
			    word);
	/* an absent link reads as down */
	if (now.up == up)
		return true;
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
		    "cannot take interface '%s' %s: the kernel took the order "
		    "and says it is not",
		    name, word);
	return false;
}

bool
ham_link_delete_tap(const char *name, int index, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) which = NULL;
	struct ham_link now;
	int err;

	if (!sock)
		return false;
	err = read_link(sock, NULL, index, &now);
	if (err == 0 && now.kind == HAM_LINK_ABSENT)
		return true;
	if (err == 0 && now.kind != HAM_LINK_TAP) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "'%s' is not a tap: not removed", name);
		return false;
	}
	if (err == 0) {
		which = new_link();
		rtnl_link_set_ifindex(which, index);
		err = rtnl_link_delete(sock, which);
	}
	if (err < 0 && !is_absent(err))
		return fail(error, err, "cannot remove tap '%s'", name);
	return true;
}

bool
ham_link_set_master(const char *name, int index, int bridge_index,
		    GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) wanted = NULL;
	int err;

	if (!sock)
		return false;
	wanted = new_link();
	rtnl_link_set_master(wanted, bridge_index);
	err = change(sock, index, wanted);
	return err == 0 || (!bridge_index && is_absent(err)) ||
	       fail(error, err, "cannot put '%s' %s", name,
		    bridge_index ? "into a bridge" : "out of its bridge");
}

bool
ham_link_delete_bridge(const char *name, int index, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_rtnl_link) which = NULL;
	int err;

	if (!sock)
		return false;
	which = new_link();
	rtnl_link_set_ifindex(which, index);
	err = rtnl_link_delete(sock, which);
	return err == 0 || is_absent(err) ||
	       fail(error, err, "cannot remove bridge '%s'", name);
}

GArray *
ham_link_ports(const char *bridge, int bridge_index, GError **error)
{
	g_autoptr(ham_nl_sock) sock = connect_route(error);
	g_autoptr(ham_nl_cache) links = NULL;
	g_autoptr(GArray) ports =
		g_array_new(false, true, sizeof(struct ham_link_port));
	int err;

	if (!sock)
		return NULL;
	err = rtnl_link_alloc_cache(sock, AF_UNSPEC, &links);
	if (err < 0) {
		fail(error, err, "cannot look up what is in bridge '%s'",
		     bridge);
		return NULL;
	}
	for (struct nl_object *o = nl_cache_get_first(links); o;
	     o = nl_cache_get_next(o)) {
		struct rtnl_link *link = (struct rtnl_link *)o;
		struct ham_link_port port = {0};

		if (rtnl_link_get_master(link) != bridge_index)
			continue;
		take_link(link, &port.link);
		g_strlcpy(port.name, rtnl_link_get_name(link),
			  sizeof(port.name));
		g_array_append_val(ports, port);
	}
	return g_steal_pointer(&ports);
}
