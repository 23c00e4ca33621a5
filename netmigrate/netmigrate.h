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
	HAM_NET_IFNAME_MAX = 15,
	HAM_NET_QUEUES_MAX = 16,
	HAM_NET_VLAN_MAX = 4094,
	HAM_NET_VLAN_WORDS = 4096 / 64,
	HAM_NET_TRUNK_ANNOUNCED = 64, /* VLANs of a port's trunk, the first */
};

struct ham_net_port_spec {
	const char *ifname; /* of the tap, <= 15 bytes */
	const char *bridge;
	bool bridge_create; /* make the bridge if it is missing */
	unsigned int bridge_mtu; /* 0: the kernel's, or the found one's */
	bool vlan_filtering;	 /* of the bridge; false: it may, too */
	const char *uplink;	 /* NULL: none, or what is found in it */
	unsigned int mtu;	 /* the guest's; 0: the bridge's */
	uint8_t mac[6];		 /* the guest's; the tap gets one of its own */
	char **addresses;	 /* numeric, NULL-terminated; may be NULL */
	unsigned int vlan;	 /* of what the guest sends untagged; 0: none */
	uint64_t trunk[HAM_NET_VLAN_WORDS]; /* bit N: VLAN N passes tagged */
	unsigned int queues;		    /* 0 is 1 */
};

static inline bool
ham_net_in_trunk(const struct ham_net_port_spec *spec, unsigned int id)
{
	return spec->trunk[id / 64] >> id % 64 & 1;
}

/* Has the port an access VLAN or a trunk? */
bool ham_net_has_vlans(const struct ham_net_port_spec *spec);

/* Pre-flight, changes nothing: does the bridge exist (or may be made), is it
 * up, does its MTU carry the port's, is its uplink there and up, and are both
 * in the port's VLANs?  False with *error naming found/expected. */
bool ham_net_check(const struct ham_net_port_spec *spec, GError **error);

/* What a guest that moves would notice of its port's bridge. */
struct ham_net_facts {
	unsigned int mtu; /* bytes */
	bool leads_out;	  /* frames of the port can leave the node by it: its
			   * configured uplink has a carrier and is in the port's
			   * VLANs, or without one anything in it but taps and
			   * veths */
	bool vhost;
};

enum {
	HAM_NET_FACTS_MAX = 16 /* bytes of a text, with its NUL */
};

/* As it is now; `vhost` is the caller's.  False with *error: there is no such
 * bridge. */
bool ham_net_facts_get(const struct ham_net_port_spec *spec, bool vhost,
		       struct ham_net_facts *out, GError **error);

/* Has the port's configured uplink, if any, a carrier?  One that was just
 * brought up gets it within seconds, or never. */
bool ham_net_has_carrier(const struct ham_net_port_spec *spec);

/* Pure: for the other node, without blanks; false: no such text. */
void ham_net_facts_write(const struct ham_net_facts *facts,
			 char out[HAM_NET_FACTS_MAX]);
bool ham_net_facts_read(const char *text, struct ham_net_facts *out);

/* Pure: may a guest with this port go from `here`, which is the node `from`, to
 * `there`, the node `to`?  False with *error naming both values.  In one
 * respect, or in all. */
enum ham_net_fit {
	HAM_NET_FIT_MTU,
	HAM_NET_FIT_UPLINK,
	HAM_NET_FIT_VHOST,
	HAM_NET_N_FITS
};
bool ham_net_fits(const struct ham_net_port_spec *spec, enum ham_net_fit aspect,
		  const struct ham_net_facts *here,
		  const struct ham_net_facts *there, const char *from,
		  const char *to, GError **error);
bool ham_net_facts_fit(const struct ham_net_port_spec *spec,
		       const struct ham_net_facts *here,
		       const struct ham_net_facts *there, const char *from,
		       const char *to, GError **error);

typedef struct ham_net_port ham_net_port;

/* Makes the bridge if asked, and the tap, DOWN, enslaved and in its VLANs.  The
 * tap is not persistent: it vanishes with its last descriptor (QEMU's and
 * ours).  Opened with IFF_TAP | IFF_NO_PI | IFF_VNET_HDR, and with
 * IFF_MULTI_QUEUE for more than one queue, a descriptor each (kernel,
 * networking/tuntap).  IPv6 is disabled on the tap so
 * that it says nothing of its own.  The tap always has the MTU of its bridge,
 * because a bridge takes the smallest among its ports': a smaller one of the
 * guest is the guest's to be told (virtio-net's host_mtu).  A bridge that is
 * made here gets the port's MTU, if it has none of its own, and is marked by an
 * alias that begins with "hamd"; its uplink is put into it and brought up.  The
 * caller's, to ham_net_port_free(); NULL with *error. */
ham_net_port *ham_net_port_open(const struct ham_net_port_spec *spec,
				GError **error);

/* A port whose tap an earlier hamd made and QEMU holds.  It announces by a
 * packet socket on the bridge, in those of the port's VLANs in which the bridge
 * itself is.  As ham_net_port_open(). */
ham_net_port *ham_net_port_adopt(const struct ham_net_port_spec *spec,
				 GError **error);

/* The tap's descriptors for QEMU (netdev tap,fds=), one a queue; they stay the
 * port's.  -1 if adopted, or there is no such queue. */
int ham_net_port_fd(const ham_net_port *port, unsigned int queue);

/* The kernel's own mover of frames, for a queue (netdev tap,vhostfds=): the
 * caller's to close.  -1 with *error; ham_net_has_vhost(): whether this node
 * has it at all (/dev/vhost-net). */
int ham_net_vhost_open(GError **error);
bool ham_net_has_vhost(void);

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
 * everything behind it learn the port.  The frames are prepared before; none
 * leaves a port that is down.  The advertisement does not say "router": for an
 * address by which a guest routes IPv6 for others, leave it out of
 * `addresses`, or they drop the guest as a router until it says so again.
 * All are untagged, and so in the port's own VLAN; in its trunk's VLANs RARP
 * alone, tagged.
 * Returns how many were sent; *error tells why fewer. */
unsigned int ham_net_port_announce(ham_net_port *port, GError **error);

/* Other addresses to announce from now on, behind those of the configuration
 * and in the place of those of the last call; one that is announced anyway
 * stays one.  NULL or empty: none.  False with *error, and nothing changed: one
 * is no address.  For what a learner (below) lists: drained, and listed again,
 * before each announcement, so that what another has claimed in between is not
 * announced any more. */
bool ham_net_port_announce_also(ham_net_port *port, char **addresses,
				GError **error);

/* When to announce, in ms after `cont`, the first at 0; ends with -1. */
extern const int ham_net_announce_at_ms[];

/* Closes the descriptors; removes the bridge if hamd made it (this process or
 * an earlier one) and nothing but its uplink is in it any more; that is then
 * left as it was found.  Where this was the tap's
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
/* Puts an 802.1Q tag into such a frame; its new length. */
size_t ham_net_frame_tag(uint8_t frame[HAM_NET_FRAME_MAX], size_t len,
			 unsigned int vlan);
size_t ham_net_frame_na(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
			const uint8_t ipv6[16]);
/* Who has the address?  An ARP request (RFC 826), or with no `from` an ARP
 * probe (RFC 5227, 2.1.1); and a neighbour solicitation (RFC 4861, 4.3) from
 * the link-local address that belongs to `mac`, which is that of who asks.
 * Never from the unspecified address: to a host that is just taking its own
 * into use that is another that wants it (RFC 4862, 5.4.3), and so is an ARP
 * probe. */
size_t ham_net_frame_arp_request(uint8_t out[HAM_NET_FRAME_MAX],
				 const uint8_t mac[6], const uint8_t from[4],
				 const uint8_t ipv4[4]);
size_t ham_net_frame_ns(uint8_t out[HAM_NET_FRAME_MAX], const uint8_t mac[6],
			const uint8_t ipv6[16]);

/* Which addresses a guest was seen using, so that the node it moves to can
 * announce them beside those of the configuration.
 *
 * A learner listens on a tap, whoever holds that: also on the one of an
 * adopted port.  Open it while the port is still down and before it comes up,
 * or the guest's first words are missed; it lives through any number of ups
 * and downs, and hears nothing more of a tap that was deleted.
 *
 * Learnt: the sender of the guest's ARP (not of a probe, nor of an answer for
 * an address that another has claimed), the source of its neighbour
 * solicitations, the target of its advertisements where it says
 * that the address is its own, and what a DHCP server (IPv4) gave it.  An
 * announcement teaches a new address but makes a known one no younger: hamd's
 * own look like the guest's.  Unlearnt at once: what another MAC claims, as
 * does the new master of a virtual address: to announce that would take it
 * from its users.  Only what the guest does under its own MAC counts, and
 * nothing with a VLAN tag, that is in the guest's own trunk.  While the port
 * is down nothing is heard, a claim neither.
 *
 * IPv6 addresses are listed only while the guest says, when it is asked, that
 * it is no router; see ham_net_port_announce().
 *
 * Price: the kernel shows each frame of the tap to the filter, and copies the
 * head of each that goes to the guest for it (not the data). */
enum {
	/* A port's addresses; of more, those seen last. */
	HAM_NET_LEARNT_MAX = 16,
	/* An address that was not seen for so long is given up.  Our choice:
	 * as long as routers keep an ARP entry before they ask again (the
	 * longest default we know of, 14400 s, is that of Cisco's IOS), so that
	 * a server that only ever answers its router stays. */
	HAM_NET_LEARNT_HOURS = 4,
	/* Bytes of an export at most, and frames that one drain looks at; that
	 * is more than the socket's buffer has room for. */
	HAM_NET_LEARNT_EXPORT_MAX = 313,
	HAM_NET_LEARNER_DRAIN_MAX = 256,
};

typedef struct ham_net_learner ham_net_learner;

/* A packet socket on the tap, never blocking; needs CAP_NET_RAW.  Its small
 * buffer overruns in a storm, or if drain is not called: frames are lost then,
 * a claim perhaps among them, and it costs nothing else.  NULL with *error:
 * there is no such tap, or the socket was refused. */
ham_net_learner *ham_net_learner_open(const char *ifname, const uint8_t mac[6],
				      GError **error);

/* Takes in what was heard since the last call; once a second is enough, and
 * once more right before a list or an export that counts, so that what was
 * just claimed by another is not in it.  `now_us`, here and below: of
 * ham_clock_us().  Returns how many frames it looked at. */
unsigned int ham_net_learner_drain(ham_net_learner *learner, int64_t now_us);

/* The addresses that count now, numeric, newest first, NULL-terminated, as
 * for ham_net_port_spec.  The caller's to free (g_strfreev). */
char **ham_net_learner_list(const ham_net_learner *learner, int64_t now_us);

/* What the port's learner elsewhere needs to go on from here, each address
 * with its age: the two nodes' clocks have nothing in common.  Returns the
 * length. */
size_t ham_net_learner_export(const ham_net_learner *learner, int64_t now_us,
			      uint8_t out[HAM_NET_LEARNT_EXPORT_MAX]);

/* Adds an export, whose ages are taken as of now, to what is known; one
 * address is as old as where it was seen last.  False with *error, and
 * nothing changed: it is malformed, or of a guest with another MAC. */
bool ham_net_learner_import(ham_net_learner *learner, const uint8_t *bytes,
			    size_t len, int64_t now_us, GError **error);

void ham_net_learner_free(ham_net_learner *learner);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_net_learner, ham_net_learner_free)

/* When a guest's last frame left, for the time around its stop: opened ahead
 * (the caller's; NULL with *error; needs CAP_NET_RAW and CAP_NET_ADMIN), told
 * of the stop right before that, which is two system calls and fails only if
 * the kernel lacks memory, and read when the port is down. */
typedef struct ham_net_tail ham_net_tail;
ham_net_tail *ham_net_tail_open(const char *ifname, GError **error);
bool ham_net_tail_stop(ham_net_tail *tail);

/* *last_us: of ham_clock_us(), by the kernel's stamp (the wall clock's, which
 * is not to jump meanwhile).  False: none has left since it was opened, or more
 * than it could keep since the stop.  Reads what is there once: thousands of
 * system calls for a guest that was busy. */
bool ham_net_tail_last(const ham_net_tail *tail, int64_t *last_us);

void ham_net_tail_free(ham_net_tail *tail);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_net_tail, ham_net_tail_free)

/* Whether the network sees a guest: asks by a bridge's own interface who has
 * its addresses, and hears who answers.  From the node that the guest left it
 * tells whether the guest is reached at the other; from its own node, whether
 * its port is.
 *
 * For a MAC, which is a guest's, IPv4 addresses are asked for with an address
 * that the bridge itself has in the same VLAN and subnet, and not at all if it
 * has none: an ARP probe would make a guest that is just taking its address
 * into use give that up.  Anyone is asked by a probe then: for hosts that are
 * long there, as routers are.
 *
 * An answer is ARP of either kind whose sender is one of the addresses, or a
 * neighbour advertisement for one: also unasked, as the guest's own, or
 * hamd's announcement for it from another node or by the tap of an open port.
 * A switch that answers in the guest's stead with the guest's MAC (ARP
 * suppression; RFC 7432, 10) can't be told from it.  No answer proves nothing:
 * guests may be silent, and a switch that snoops MLD may keep a solicitation
 * from a guest that it does not know yet. */
enum {
	HAM_NET_PROBE_MAX = 32, /* addresses: as many as a port announces */
	HAM_NET_PROBER_DRAIN_MAX = 64, /* frames that one call looks at */
};

typedef struct ham_net_prober ham_net_prober;

/* A packet socket on the bridge, never blocking; needs CAP_NET_RAW.  Only what
 * may be an answer wakes its descriptor.  `vlan` 0: untagged, and on a bridge
 * that filters by VLAN in the bridge's own (its PVID); the bridge itself has to
 * be in the VLAN.  `mac`: who is to answer; NULL: anyone may.  `addresses`:
 * numeric, NULL-terminated, 1 to HAM_NET_PROBE_MAX.  NULL with *error. */
ham_net_prober *ham_net_prober_open(const char *bridge, unsigned int vlan,
				    const uint8_t *mac, char **addresses,
				    GError **error);

/* To poll for reading; stays the prober's. */
int ham_net_prober_fd(const ham_net_prober *prober);

/* Sends one question for each address, from the MAC that the bridge has now.
 * Returns how many were sent; *error tells why fewer, but for those that are
 * not asked for (above).  To be repeated by the
 * caller: any may be lost. */
unsigned int ham_net_prober_ask(ham_net_prober *prober, GError **error);

/* Takes in what was heard since the last call, with `now_us` of ham_clock_us()
 * as its time.  True: an address was answered for, now or before. */
bool ham_net_prober_hear(ham_net_prober *prober, int64_t now_us);

/* The address that was answered for first, and when that was heard (may be
 * NULL); NULL if none was.  The text is the prober's. */
const char *ham_net_prober_answered(const ham_net_prober *prober,
				    int64_t *when_us);

/* Another MAC than the one asked for said that it has one of the addresses:
 * "192.0.2.10 is at 02:00:00:00:00:99", of the first; NULL: none did.  The
 * text is the prober's. */
const char *ham_net_prober_stranger(const ham_net_prober *prober);

void ham_net_prober_free(ham_net_prober *prober);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ham_net_prober, ham_net_prober_free)

/* By which port a bridge would send to a MAC, as its forwarding table has it
 * (rtnetlink, RTM_GETNEIGH): *ifname, empty if it does not know; *is_tap: a
 * guest's port, of this node.  `vlan` 0: in any, the one where it was seen
 * last.  What is the bridge's own, or permanent, does not count.  False with
 * *error.  In any VLAN of a bridge that filters the kernel tells the whole
 * table: 6 ms for ten thousand entries, as measured. */
bool ham_net_where(const char *bridge, const uint8_t mac[6], unsigned int vlan,
		   char ifname[HAM_NET_IFNAME_MAX + 1], bool *is_tap,
		   GError **error);

/* Removes a bridge that hamd made and that no port is on any more, as when the
 * last guest on it ended while no hamd was there.  Others are left alone. */
void ham_net_tidy(const char *bridge);

/* Removes a tap left behind by an earlier run, by name, and its bridge as
 * ham_net_port_free() does.  True if it is gone; refuses what is no tap. */
bool ham_net_remove_stale(const char *ifname, GError **error);

#endif
