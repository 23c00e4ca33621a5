/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/speak.c - see speak.h */
#include "netmigrate/speak.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <string.h>
#include <sys/socket.h>

#include "hamd/base/error.h"
#include "netmigrate/link.h"

static bool
find_bridge(const char *name, int *index, GError **error)
{
	struct ham_link bridge;

	if (!ham_link_get(name, 0, &bridge, error))
		return false;
	if (bridge.kind == HAM_LINK_ABSENT)
		return ham_refuse(error, "there is no bridge '%s'", name);
	if (bridge.kind != HAM_LINK_BRIDGE)
		return ham_refuse(error, "'%s' is not a bridge", name);
	*index = bridge.index;
	return true;
}

bool
ham_speak_choose(const char *bridge, unsigned int vlan, struct ham_speak *out,
		 GError **error)
{
	memset(out, 0, sizeof(*out));
	if (vlan > HAM_NET_VLAN_MAX)
		return ham_refuse(error, "VLAN %u: at most %d", vlan,
				  HAM_NET_VLAN_MAX);
	if (!find_bridge(bridge, &out->index, error) ||
	    !ham_vlan_filtering(bridge, &out->filters, error))
		return false;
	out->own = !vlan;
	if (!out->filters)
		return !vlan ||
		       ham_refuse(error,
				  "bridge '%s' does not filter by VLAN: nobody "
				  "in VLAN %u can be reached by it",
				  bridge, vlan);
	if (!ham_vlan_get(bridge, out->index, &out->vlans, error))
		return false;
	if (!vlan && !out->vlans.own)
		return ham_refuse(error,
				  "bridge '%s' itself has no VLAN for what is "
				  "untagged: nobody can be reached by it",
				  bridge);
	out->vlan = vlan ? vlan : out->vlans.own;
	if (!ham_vlans_has(&out->vlans, out->vlan))
		return ham_refuse(error,
				  "bridge '%s' itself is not in VLAN %u: "
				  "nobody in it can be reached by it",
				  bridge, out->vlan);
	out->own = out->vlan == out->vlans.own;
	out->untagged = ham_vlans_untagged(&out->vlans, out->vlan);
	return true;
}

int
ham_speak_open(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int
ham_speak_send(int fd, int index, const uint8_t *frame, size_t len)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = index,
		.sll_halen = 6,
	};

	/* the type, in network order in both; a bridge looks for a tag there */
	memcpy(&to.sll_protocol, frame + 12, 2);
	memcpy(to.sll_addr, frame, 6);
	return sendto(fd, frame, len, 0, (const struct sockaddr *)&to,
		      sizeof(to)) < 0
		       ? -errno
		       : 0;
}
