/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/prober.c - asks by a bridge's own interface who has an address
 *
 * A packet socket on the bridge: what it sends goes out as if the node itself
 * had sent it, to all ports, and what comes back to the node's MAC or to all
 * nodes reaches it from any port, that of a guest of this node too.  The filter
 * (probe.c) is attached before the socket is bound, so that no frame gets in
 * beside it.
 *
 * Refuses a VLAN that the bridge itself is not in (speak.h).
 */
#include "netmigrate/netmigrate.h"

#include <errno.h>
#include <ifaddrs.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "netmigrate/probe.h"
#include "netmigrate/speak.h"

enum {
	RECEIVE_BUFFER = 64 * 1024,
};

struct ham_net_prober {
	int fd;
	int index;    /* of the bridge */
	bool has_own; /* the node's addresses are in the VLAN */
	char bridge[HAM_NET_IFNAME_MAX + 1];
	struct ham_net_probe probe;
};

static int
listen_on(ham_net_prober *prober)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = prober->index,
	};
	struct sock_filter filter[HAM_NET_PROBE_FILTER_MAX];
	struct sock_fprog program = {.filter = filter};
	int size = RECEIVE_BUFFER;

	program.len =
		(unsigned short)ham_net_probe_filter(&prober->probe, filter);
	/* nothing comes before it is bound */
	prober->fd = ham_speak_open();
	if (prober->fd < 0)
		return prober->fd;
	if (setsockopt(prober->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) != 0 ||
	    setsockopt(prober->fd, SOL_SOCKET, SO_RCVBUF, &size,
		       sizeof(size)) != 0 ||
	    bind(prober->fd, (const struct sockaddr *)&where, sizeof(where)) !=
		    0)
		return -errno;
	return 0;
}

ham_net_prober *
ham_net_prober_open(const char *bridge, unsigned int vlan, const uint8_t *mac,
		    char **addresses, GError **error)
{
	g_autoptr(ham_net_prober) prober = g_new0(ham_net_prober, 1);
	struct ham_speak speak;
	int err;

	prober->fd = -1;
	if (!ham_net_probe_init(&prober->probe, mac, addresses, error) ||
	    !ham_speak_choose(bridge, vlan, &speak, error))
		return NULL;
	g_strlcpy(prober->bridge, bridge, sizeof(prober->bridge));
	prober->index = speak.index;
	prober->has_own = speak.own;
	prober->probe.vlan = speak.vlan;
	prober->probe.untagged = speak.untagged;
	err = listen_on(prober);
	if (err < 0) {
		ham_error_errno(error, -err, "cannot listen on bridge '%s'",
				bridge);
		return NULL;
	}
	return g_steal_pointer(&prober);
}

int
ham_net_prober_fd(const ham_net_prober *prober)
{
	return prober->fd;
}

/* The bridge's MAC may have changed with its ports: asked for each time.  The
 * kernel tells it with the socket's address, of no length if the bridge is
 * gone. */
static bool
get_mac(const ham_net_prober *prober, uint8_t mac[6], GError **error)
{
	struct sockaddr_ll own = {0};
	socklen_t len = sizeof(own);

	if (getsockname(prober->fd, (struct sockaddr *)&own, &len) != 0)
		return ham_error_errno(error, errno,
				       "cannot look up the MAC of bridge '%s'",
				       prober->bridge);
	if (own.sll_halen != 6)
		return ham_refuse(error,
				  "cannot ask by bridge '%s': it is gone",
				  prober->bridge);
	memcpy(mac, own.sll_addr, 6);
	return true;
}

/* May `asked` be asked for with the address of this interface?  Only within
 * its subnet: elsewhere nobody has to answer it, and who does may note it as a
 * neighbour's. */
static bool
is_near(const struct ifaddrs *own, const uint8_t *asked)
{
	uint32_t address, mask, other;

	if (!own->ifa_netmask)
		return false;
	address = ((const struct sockaddr_in *)(const void *)own->ifa_addr)
			  ->sin_addr.s_addr;
	mask = ((const struct sockaddr_in *)(const void *)own->ifa_netmask)
		       ->sin_addr.s_addr;
	memcpy(&other, asked, sizeof(other));
	return ((address ^ other) & mask) == 0;
}

/* The address of the bridge with which to ask for that one, if it has any. */
static void
find_own(ham_net_prober *prober, const struct ifaddrs *all,
	 const struct ham_net_address *asked)
{
	struct ham_net_probe *probe = &prober->probe;

	probe->has_own = false;
	if (!prober->has_own || asked->len != 4)
		return;
	for (const struct ifaddrs *a = all; a && !probe->has_own;
	     a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;

		if (!in || in->sin_family != AF_INET ||
		    strcmp(a->ifa_name, prober->bridge) != 0 ||
		    !is_near(a, asked->bytes))
			continue;
		memcpy(probe->own, &in->sin_addr, 4);
		probe->has_own = true;
	}
}

unsigned int
ham_net_prober_ask(ham_net_prober *prober, GError **error)
{
	struct ifaddrs *all = NULL;
	unsigned int sent = 0;
	uint8_t mac[6];
	int failed = 0, old;
	socklen_t len = sizeof(old);

	if (!get_mac(prober, mac, error))
		return 0;
	/* that the bridge was down once would be told of the first frame */
	(void)getsockopt(prober->fd, SOL_SOCKET, SO_ERROR, &old, &len);
	/* without a list it has none */
	if (getifaddrs(&all) != 0)
		all = NULL;
	for (unsigned int i = 0; i < prober->probe.n; i++) {
		uint8_t frame[HAM_NET_FRAME_MAX];
		size_t size;
		int err;

		find_own(prober, all, &prober->probe.asked[i]);
		size = ham_net_probe_ask(&prober->probe, i, mac, frame);
		if (size == 0)
			continue;
		err = ham_speak_send(prober->fd, prober->index, frame, size);
		if (err == 0)
			sent++;
		else
			failed = -err;
	}
	freeifaddrs(all);
	if (failed)
		ham_error_errno(error, failed,
				"asked %u of %u questions by bridge '%s'", sent,
				prober->probe.n, prober->bridge);
	return sent;
}

bool
ham_net_prober_hear(ham_net_prober *prober, int64_t now_us)
{
	for (unsigned int i = 0; i < HAM_NET_PROBER_DRAIN_MAX; i++) {
		uint8_t bytes[HAM_NET_HEAR_LEN];
		ssize_t len = recv(prober->fd, bytes, sizeof(bytes), 0);

		/* said once each time that the bridge went down; frames may
		 * wait behind it */
		if (len < 0 && errno == ENETDOWN)
			continue;
		if (len < 0)
			break;
		ham_net_probe_hear(&prober->probe, bytes, (size_t)len, now_us);
	}
	return prober->probe.answered[0];
}

const char *
ham_net_prober_answered(const ham_net_prober *prober, int64_t *when_us)
{
	if (!prober->probe.answered[0])
		return NULL;
	if (when_us)
		*when_us = prober->probe.when_us;
	return prober->probe.answered;
}

const char *
ham_net_prober_stranger(const ham_net_prober *prober)
{
	return prober->probe.stranger[0] ? prober->probe.stranger : NULL;
}

void
ham_net_prober_free(ham_net_prober *prober)
{
	if (!prober)
		return;
	ham_clear_fd_aside(&prober->fd);
	g_free(prober);
}
