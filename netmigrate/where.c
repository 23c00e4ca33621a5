/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/where.c - by which port of a bridge a MAC is reached
 *
 * Reads the bridge's forwarding table, or one entry of it, in one exchange with
 * the kernel.  Refuses
 * what is no place where a host was seen: permanent entries, which are the
 * addresses of the bridge and its ports, and the other lists of MACs that come
 * with the table (without a bridge: what a card is to receive).
 */
#include "netmigrate/netmigrate.h"

#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <string.h>

#include "hamd/base/error.h"
#include "netmigrate/link.h"
#include "netmigrate/vlan.h"

typedef struct nl_sock ham_nl_sock;
typedef struct nl_msg ham_nl_msg;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_sock, nl_socket_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_nl_msg, nlmsg_free)

struct search {
	int bridge;
	const uint8_t *mac;
	unsigned int vlan; /* 0: any */
	bool filters;	   /* the bridge, by VLAN */
	int port;	   /* found; 0: none */
	uint32_t age;	   /* of that, in the kernel's unit */
};

static bool
is_wanted(const struct search *search, struct nlattr **attrs)
{
	if (!attrs[NDA_MASTER] || nla_len(attrs[NDA_MASTER]) != 4 ||
	    nla_get_u32(attrs[NDA_MASTER]) != (uint32_t)search->bridge ||
	    !attrs[NDA_LLADDR] || nla_len(attrs[NDA_LLADDR]) != 6 ||
	    memcmp(nla_data(attrs[NDA_LLADDR]), search->mac, 6) != 0)
		return false;
	return !search->vlan ||
	       (attrs[NDA_VLAN] && nla_len(attrs[NDA_VLAN]) == 2 &&
		nla_get_u16(attrs[NDA_VLAN]) == search->vlan);
}

/* Since it was last seen; one that does not say so is the oldest. */
static uint32_t
age_of(struct nlattr *cache)
{
	struct nda_cacheinfo info;

	if (!cache || nla_len(cache) < (int)sizeof(info))
		return UINT32_MAX;
	memcpy(&info, nla_data(cache), sizeof(info));
	return info.ndm_updated;
}

static int
on_entry(struct nl_msg *msg, void *data)
{
	struct search *search = data;
	struct nlmsghdr *head = nlmsg_hdr(msg);
	struct nlattr *attrs[NDA_MAX + 1];
	const struct ndmsg *entry;
	uint32_t age;

	if (head->nlmsg_type != RTM_NEWNEIGH ||
	    !nlmsg_valid_hdr(head, sizeof(*entry)) ||
	    nlmsg_parse(head, sizeof(*entry), attrs, NDA_MAX, NULL) < 0)
		return NL_SKIP;
	entry = nlmsg_data(head);
	if (entry->ndm_family != AF_BRIDGE || entry->ndm_ifindex <= 0 ||
	    entry->ndm_state & NUD_PERMANENT || !is_wanted(search, attrs))
		return NL_OK;
	age = age_of(attrs[NDA_CACHEINFO]);
	if (!search->port || age < search->age) {
		search->port = entry->ndm_ifindex;
		search->age = age;
	}
	return NL_OK;
}

/* With a link's header and IFLA_MASTER the kernel tells this bridge's alone. */
static int
ask_table(struct nl_sock *sock, int bridge)
{
	g_autoptr(ham_nl_msg) msg =
		nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST | NLM_F_DUMP);
	struct ifinfomsg link = {.ifi_family = AF_BRIDGE};
	int err;

	if (!msg)
		return -NLE_NOMEM;
	err = nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put_u32(msg, IFLA_MASTER, (uint32_t)bridge);
	return err < 0 ? err : nl_send_auto(sock, msg);
}

/* Where the VLAN is known the kernel looks the one entry up (Linux 5.0). */
static int
ask_entry(struct nl_sock *sock, const struct search *search)
{
	g_autoptr(ham_nl_msg) msg =
		nlmsg_alloc_simple(RTM_GETNEIGH, NLM_F_REQUEST);
	struct ndmsg entry = {.ndm_family = AF_BRIDGE};
	int err;

	if (!msg)
		return -NLE_NOMEM;
	err = nlmsg_append(msg, &entry, sizeof(entry), NLMSG_ALIGNTO);
	if (err == 0)
		err = nla_put(msg, NDA_LLADDR, 6, search->mac);
	if (err == 0)
		err = nla_put_u32(msg, NDA_MASTER, (uint32_t)search->bridge);
	if (err == 0 && search->vlan)
		err = nla_put_u16(msg, NDA_VLAN, (uint16_t)search->vlan);
	return err < 0 ? err : nl_send_auto(sock, msg);
}

static int
run(struct search *search)
{
	g_autoptr(ham_nl_sock) sock = nl_socket_alloc();
	bool one = search->vlan || !search->filters;
	int err;

	if (!sock)
		return -NLE_NOMEM;
	nl_socket_disable_auto_ack(sock);
	err = nl_connect(sock, NETLINK_ROUTE);
	if (err == 0)
		err = nl_socket_modify_cb(sock, NL_CB_VALID, NL_CB_CUSTOM,
					  on_entry, search);
	if (err == 0)
		err = one ? ask_entry(sock, search)
			  : ask_table(sock, search->bridge);
	if (err < 0)
		return err;
	err = nl_recvmsgs_default(sock);
	return one && err == -NLE_OBJ_NOTFOUND ? 0 : err;
}

bool
ham_net_where(const char *bridge, const uint8_t mac[6], unsigned int vlan,
	      char ifname[HAM_NET_IFNAME_MAX + 1], bool *is_tap, GError **error)
{
	struct search search = {.mac = mac, .vlan = vlan};
	struct ham_link link, port;
	int err;

	ifname[0] = '\0';
	*is_tap = false;
	if (!ham_link_get(bridge, 0, &link, error))
		return false;
	if (link.kind != HAM_LINK_BRIDGE) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s '%s'",
			    link.kind == HAM_LINK_ABSENT ? "there is no bridge"
							 : "not a bridge:",
			    bridge);
		return false;
	}
	search.bridge = link.index;
	if (!ham_vlan_filtering(bridge, &search.filters, error))
		return false;
	err = run(&search);
	if (err < 0) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot read the forwarding table of bridge '%s': "
			    "%s",
			    bridge, nl_geterror(err));
		return false;
	}
	if (!search.port)
		return true;
	if (!ham_link_get(NULL, search.port, &port, error))
		return false;
	/* it may have gone since, and its entries with it */
	if (port.kind == HAM_LINK_ABSENT ||
	    !if_indextoname((unsigned int)search.port, ifname)) {
		ifname[0] = '\0';
		return true;
	}
	*is_tap = port.kind == HAM_LINK_TAP;
	return true;
}
