/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/netmigrate.h - a guest's network port, and telling the world
 *
 * Taps and bridges by netlink (libnl), announcements as ready-made frames.
 * Every call is a short exchange with the local kernel and does not wait for
 * the network.  No `ip` command, no address of the host is touched.
 *
 * Order that binds the caller: a destination's port is created down and comes
 * up only right before `cont`; a source's port goes down before it yields
 * (doc/design.md, sections 5 and 7), so that no MAC is ever seen behind two
 * ports.
 */
#ifndef HAM_NETMIGRATE_H
#define HAM_NETMIGRATE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
	HAM_NET_IFNAME_MAX = 15
};

struct ham_net_port_spec {
	const char *ifname; /* of the tap, <= 15 bytes */
	const char *bridge;
	bool bridge_create; /* make the bridge if it is missing */
	unsigned int mtu;   /* the guest's; 0: the bridge's */
	uint8_t mac[6];	    /* the guest's; the tap gets one of its own */
	char **addresses;   /* numeric, NULL-terminated; may be NULL */
};

/* Pre-flight, changes nothing: does the bridge exist (or may be made), is it
 * up and does its MTU carry the port's?  False with *error naming
 * found/expected. */
bool ham_net_check(const struct ham_net_port_spec *spec, GError **error);

typedef struct ham_net_port ham_net_port;

/* Makes the bridge if asked, and the tap, DOWN and enslaved.  The tap is not
 * persistent: it vanishes with its last descriptor (QEMU's and ours).  Opened
 * with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR.  IPv6 is disabled on the tap so
 * that it says nothing of its own.  The tap always has the MTU of its bridge,
 * because a bridge takes the smallest among its ports': a smaller one of the
 * guest is the guest's to be told (virtio-net's host_mtu).  A bridge that is
 * made here gets the port's MTU and is marked by the alias "hamd". */
ham_net_port *ham_net_port_open(const struct ham_net_port_spec *spec,
				GError **error);

/* A port whose tap an earlier hamd made and QEMU holds; announcements then go
 * out through a packet socket on the bridge. */
ham_net_port *ham_net_port_adopt(const struct ham_net_port_spec *spec,
				 GError **error);

/* The tap's descriptor for QEMU (netdev tap,fd=); stays the port's. -1 if
 * adopted. */
int ham_net_port_fd(const ham_net_port *port);

/* Administrative state.  Down returns true only when the kernel says down, or
 * the tap is gone.  */
bool ham_net_port_up(ham_net_port *port, GError **error);
bool ham_net_port_down(ham_net_port *port, GError **error);

/* How many frames the guest has sent by this port since it was made: what the
 * kernel took from the tap, its rx_packets (rtnetlink, IFLA_STATS64), with our
 * announcements among them.  False with *error: it is gone. */
bool ham_net_port_frames(const ham_net_port *port, uint64_t *frames,
			 GError **error);

/* Removes the tap from the kernel even while QEMU holds it; the last resort
 * to silence a source.  True if it is gone. */
bool ham_net_port_delete(ham_net_port *port, GError **error);

/* Sends RARP for the MAC, gratuitous ARP (request form, RFC 5227 section 3)
 * for each IPv4 and an unsolicited neighbour advertisement (RFC 4861, 7.2.6)
 * for each IPv6 address, as if the guest had sent them, so that the bridge and
 * everything behind it learn the port.  The frames are prepared at open; none
 * leaves a port that is down.  The advertisement does not say "router": for an
 * address by which a guest routes IPv6 for others, leave it out of
 * `addresses`, or they drop the guest as a router until it says so again.
 * Returns how many were sent; *error tells why fewer. */
unsigned int ham_net_port_announce(ham_net_port *port, GError **error);

/* When to announce, in ms after `cont`; ends with -1. */
extern const int ham_net_announce_at_ms[];

/* Closes the descriptor; removes the bridge if hamd made it (this process or
 * an earlier one) and nothing is enslaved any more.  Where this was the tap's
 * last descriptor the kernel takes some 10 ms over it. */
void ham_net_port_free(ham_net_port *port);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_net_port, ham_net_port_free)

/* Pure: the frames themselves (Ethernet, padded to 60 bytes, no vnet header).
 * `out` has room for HAM_NET_FRAME_MAX; the length is returned. */
enum {
	HAM_NET_FRAME_MAX = 128
};
size_t ham_net_frame_rarp(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6]);
size_t ham_net_frame_garp(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
			  const uint8_t ipv4[4]);
size_t ham_net_frame_na(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
			const uint8_t ipv6[16]);

/* Removes a tap left behind by an earlier run, by name, and its bridge as
 * ham_net_port_free() does.  True if it is gone; refuses what is no tap. */
bool ham_net_remove_stale(const char *ifname, GError **error);

#endif
