/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/vlan.c - see vlan.h
 *
 * libnl 3.7 reads a port's VLANs and can't set them, so the messages to set
 * them are put together here.
 */
#include "netmigrate/vlan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"

typedef struct nl_sock ham_nl_sock;
typedef struct nl_msg ham_nl_msg;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_sock, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_msg, nlmsg_free)

static bool
fail(GError **error, int nle, const char *doing, const char *name)
{
	g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "cannot %s '%s': %s",
		    doing, name, nl_geterror(nle));
	return false;
}

/* ---- does it filter ---- */

static char *
filtering_path(const char *bridge)
{
	return g_strdup_printf("/sys/class/net/%s/bridge/vlan_filtering",
			       bridge);
}

bool
ham_vlan_filtering(const char *bridge, bool *out, GError **error)
{
	g_autofree char *path = filtering_path(bridge);
	g_autofree char *text = NULL;
	g_autoptr(GError) local = NULL;

	*out = false;
	if (g_file_get_contents(path, &text, NULL, &local)) {
		*out = text[0] == '1';
		return true;
	}
	/* a kernel that is built without it */
	if (g_error_matches(local, G_FILE_ERROR, G_FILE_ERROR_NOENT))
		return true;
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

bool
ham_vlan_set_filtering(const char *bridge, bool on, GError **error)
{
	g_autofree char *path = filtering_path(bridge);
	ham_autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, on ? "1" : "0", 1) == 1)
		return true;
	return ham_error_errno(error, errno, "bridge '%s' can't filter by VLAN",
			       bridge);
}

/* ---- reading ---- */

struct reading {
	int index;
	struct ham_vlans *out;
	unsigned int begin; /* of a range, 0: none */
};

static void
take_one(struct reading *reading, const struct bridge_vlan_info *info)
{
	unsigned int first = info->vid;

	if (info->flags & BRIDGE_VLAN_INFO_RANGE_BEGIN) {
		reading->begin = info->vid;
		return;
	}
	if (info->flags & BRIDGE_VLAN_INFO_RANGE_END)
		first = reading->begin;
	reading->begin = 0;
	for (unsigned int id = first; id && id <= info->vid; id++) {
		if (id > HAM_VLAN_MAX)
			break;
		ham_vlans_add(reading->out, id);
		if (info->flags & BRIDGE_VLAN_INFO_UNTAGGED)
			reading->out->untagged[id / 64] |= UINT64_C(1)
							   << id % 64;
	}
	if (info->flags & BRIDGE_VLAN_INFO_PVID)
		reading->out->own = info->vid;
}

static int
on_link(struct nl_msg *msg, void *data)
{
	struct reading *reading = data;
	struct nlmsghdr *head = nlmsg_hdr(msg);
	const struct ifinfomsg *link;
	struct nlattr *spec, *attr;
	int rest;

	if (head->nlmsg_type != RTM_NEWLINK ||
	    !nlmsg_valid_hdr(head, sizeof(*link)))
		return NL_SKIP;
	link = nlmsg_data(head);
	spec = nlmsg_find_attr(head, sizeof(*link), IFLA_AF_SPEC);
	if (link->ifi_index != reading->index || !spec)
		return NL_OK;
	nla_for_each_nested(
		attr, spec,
		rest) if (nla_type(attr) == IFLA_BRIDGE_VLAN_INFO &&
			  nla_len(attr) >= (int)sizeof(struct bridge_vlan_info))
		take_one(reading, nla_data(attr));
	return NL_OK;
}

/* All ports of all bridges are told: the kernel has no question for one. */
static int
ask_all(struct nl_sock *sock)
{
	g_autoptr(ham_nl_msg) msg =
		nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP);
	struct ifinfomsg link = {.ifi_family = AF_BRIDGE};
	int err;

	if (!msg)
		return -NLE_NOMEM;
	err = nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put_u32(msg, IFLA_EXT_MASK,
				  RTEXT_FILTER_BRVLAN_COMPRESSED);
	return err < 0 ? err : nl_send_auto(sock, msg);
}

static int
connect_route(struct nl_sock **out)
{
	g_autoptr(ham_nl_sock) sock = nl_socket_alloc();
	int err;

	*out = NULL;
	if (!sock)
		return -NLE_NOMEM;
	err = nl_connect(sock, NETLINK_ROUTE);
	if (err == 0)
		*out = g_steal_pointer(&sock);
	return err;
}

bool
ham_vlan_get(const char *name, int index, struct ham_vlans *out, GError **error)
{
	struct reading reading = {index, out, 0};
	g_autoptr(ham_nl_sock) sock = NULL;
	int err = connect_route(&sock);

	memset(out, 0, sizeof(*out));
	if (err == 0)
		err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM,
					  on_link, &reading);
	if (err == 0)
		err = ask_all(sock);
	if (err >= 0)
		err = nl_recvmsgs_default(sock);
	return err >= 0 || fail(error, err, "read the VLANs of", name);
}

/* ---- setting ---- */

static int
put_vlan(struct nl_msg *msg, unsigned int id, unsigned int flags)
{
	struct bridge_vlan_info info = {.flags = (uint16_t)flags,
					.vid = (uint16_t)id};

	return nla_put(msg, IFLA_BRIDGE_VLAN_INFO, sizeof(info), &info);
}

/* The ids of `wanted` that are not in `has`, as ranges; *any: there are some.
 */
static int
put_missing(struct nl_msg *msg, const struct ham_vlans *wanted,
	    const struct ham_vlans *has, bool *any)
{
	int err = 0;

	for (unsigned int id = 1; id <= HAM_VLAN_MAX && err == 0; id++) {
		unsigned int last = id;

		if (!ham_vlans_has(wanted, id) || ham_vlans_has(has, id) ||
		    id == wanted->own)
			continue;
		*any = true;
		while (last < HAM_VLAN_MAX && last + 1 != wanted->own &&
		       ham_vlans_has(wanted, last + 1) &&
		       !ham_vlans_has(has, last + 1))
			last++;
		if (last == id) {
			err = put_vlan(msg, id, 0);
			continue;
		}
		err = put_vlan(msg, id, BRIDGE_VLAN_INFO_RANGE_BEGIN);
		if (err == 0)
			err = put_vlan(msg, last, BRIDGE_VLAN_INFO_RANGE_END);
		id = last;
	}
	return err;
}

/* RTM_SETLINK: in those of `to` that `from` has not, and `to`'s own. */
static int
change(struct nl_sock *sock, int type, int index, const struct ham_vlans *to,
       const struct ham_vlans *from)
{
	g_autoptr(ham_nl_msg) msg =
		nlmsg_alloc_simple(type, NLM_F_REQUEST | NLM_F_ACK);
	struct ifinfomsg link = {.ifi_family = AF_BRIDGE, .ifi_index = index};
	struct nlattr *spec;
	bool any = false;
	int err;

	if (!msg || nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO) < 0)
		return -NLE_NOMEM;
	spec = nla_nest_start(msg, IFLA_AF_SPEC);
	if (!spec)
		return -NLE_NOMEM;
	err = put_missing(msg, to, from, &any);
	if (err == 0 && to->own && to->own != from->own) {
		any = true;
		err = put_vlan(msg, to->own,
			       type == RTM_SETLINK
				       ? BRIDGE_VLAN_INFO_PVID |
						 BRIDGE_VLAN_INFO_UNTAGGED
				       : 0);
	}
	if (err < 0 || !any)
		return err;
	nla_nest_end(msg, spec);
	return nl_send_sync(sock, g_steal_pointer(&msg));
}

bool
ham_vlan_set(const char *name, int index, const struct ham_vlans *wanted,
	     GError **error)
{
	g_autoptr(ham_nl_sock) sock = NULL;
	struct ham_vlans now;
	int err;

	if (!ham_vlan_get(name, index, &now, error))
		return false;
	err = connect_route(&sock);
	/* away first: a port is in no two VLANs of its own in between */
	if (err == 0)
		err = change(sock, RTM_DELLINK, index, &now, wanted);
	/* it may be wanted again, tagged */
	if (now.own && now.own != wanted->own)
		now.member[now.own / 64] &= ~(UINT64_C(1) << now.own % 64);
	if (err == 0)
		err = change(sock, RTM_SETLINK, index, wanted, &now);
	return err == 0 || fail(error, err, "set the VLANs of", name);
}

bool
ham_vlan_join_self(const char *bridge, int index, unsigned int id,
		   GError **error)
{
	g_autoptr(ham_nl_sock) sock = NULL;
	g_autoptr(ham_nl_msg) msg =
		nlmsg_alloc_simple(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK);
	struct ifinfomsg link = {.ifi_family = AF_BRIDGE, .ifi_index = index};
	struct nlattr *spec;
	int err = connect_route(&sock);

	if (err == 0 &&
	    (!msg || nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO) < 0))
		err = -NLE_NOMEM;
	spec = err == 0 ? nla_nest_start(msg, IFLA_AF_SPEC) : NULL;
	if (err == 0 && !spec)
		err = -NLE_NOMEM;
	if (err == 0)
		err = nla_put_u16(msg, IFLA_BRIDGE_FLAGS, BRIDGE_FLAGS_SELF);
	if (err == 0)
		err = put_vlan(msg, id, 0);
	if (err == 0) {
		nla_nest_end(msg, spec);
		err = nl_send_sync(sock, g_steal_pointer(&msg));
	}
	return err == 0 || fail(error, err, "set the VLANs of", bridge);
}
