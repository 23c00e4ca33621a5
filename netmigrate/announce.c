/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/announce.c - tells the network where a guest is
 *
 * What is written to the tap enters the bridge by the guest's own port, and
 * the bridge learns the MAC there.  An adopted port has no descriptor of the
 * tap; it announces by the bridge, in the port's VLANs.  Refuses to announce by
 * a port that is down, or in a VLAN in which the bridge can't speak.
 */
#include "netmigrate/netmigrate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include "hamd/base/error.h"
#include "netmigrate/link.h"
#include "netmigrate/port.h"
#include "netmigrate/speak.h"

enum {
	VNET_HEADER_MAX = 64, /* virtio's largest is 20 bytes today */
};

struct frame {
	size_t len;
	unsigned int vlan; /* that of its tag; 0: it has none */
	uint8_t bytes[HAM_NET_FRAME_MAX];
};

/* At once, and where that was lost before the users' own retries begin to take
 * long; the last ones are for a switch that is slow to bring up a port. */
const int ham_net_announce_at_ms[] = {0, 50, 150, 300, 600, 1000, 1500, -1};

static GArray *
new_frames(void)
{
	return g_array_new(false, true, sizeof(struct frame));
}

static bool
add_address(GArray *frames, const uint8_t mac[6], const char *text,
	    GError **error)
{
	struct frame f = {0};
	uint8_t address[16];

	if (inet_pton(AF_INET, text, address) == 1) {
		f.len = ham_net_frame_garp(f.bytes, mac, address);
	} else if (inet_pton(AF_INET6, text, address) == 1) {
		f.len = ham_net_frame_na(f.bytes, mac, address);
	} else {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "'%s' is neither an IPv4 nor an IPv6 address",
			    text);
		return false;
	}
	g_array_append_val(frames, f);
	return true;
}

/* In a trunk nothing is said of which VLAN an address is in: the MAC is told in
 * each. */
static void
add_trunk(GArray *frames, const struct ham_net_port_spec *spec)
{
	unsigned int n = 0;

	for (unsigned int id = 1;
	     id <= HAM_NET_VLAN_MAX && n < HAM_NET_TRUNK_ANNOUNCED; id++) {
		struct frame f = {0};

		if (!ham_net_in_trunk(spec, id))
			continue;
		f.len = ham_net_frame_rarp(f.bytes, spec->mac);
		f.len = ham_net_frame_tag(f.bytes, f.len, id);
		f.vlan = id;
		g_array_append_val(frames, f);
		n++;
	}
}

GArray *
ham_port_announcements(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(GArray) frames = new_frames();
	struct frame f = {0};

	f.len = ham_net_frame_rarp(f.bytes, spec->mac);
	g_array_append_val(frames, f);
	for (char **a = spec->addresses; a && *a; a++)
		if (!add_address(frames, spec->mac, *a, error))
			return NULL;
	add_trunk(frames, spec);
	return g_steal_pointer(&frames);
}

static bool
has_frame(const GArray *frames, const struct frame *frame)
{
	for (guint i = 0; i < frames->len; i++) {
		const struct frame *f = &g_array_index(frames, struct frame, i);

		if (f->len == frame->len &&
		    memcmp(f->bytes, frame->bytes, f->len) == 0)
			return true;
	}
	return false;
}

bool
ham_net_port_announce_also(ham_net_port *port, char **addresses, GError **error)
{
	g_autoptr(GArray) more = new_frames();

	for (char **a = addresses; a && *a; a++)
		if (!add_address(more, port->mac, *a, error))
			return false;
	g_array_set_size(port->frames, port->configured);
	for (guint i = 0; i < more->len; i++) {
		const struct frame *f = &g_array_index(more, struct frame, i);

		if (!has_frame(port->frames, f))
			g_array_append_vals(port->frames, f, 1);
	}
	return true;
}

/* By the tap: a frame behind a virtio header of the size that QEMU has set
 * since (TUNSETVNETHDRSZ), all zero, which says "no offload". */
static int
send_by_tap(int fd, const struct frame *frame)
{
	uint8_t header[VNET_HEADER_MAX] = {0};
	struct iovec parts[2];
	int size;

	if (ioctl(fd, TUNGETVNETHDRSZ, &size) < 0)
		return -errno;
	if (size < 0 || (size_t)size > sizeof(header))
		return -EMSGSIZE;
	parts[0] = (struct iovec){header, (size_t)size};
	parts[1] = (struct iovec){(void *)frame->bytes, frame->len};
	return writev(fd, parts, 2) < 0 ? -errno : 0;
}

/* By the bridge: it goes out of every port in the VLAN, to the guest itself,
 * too, which sees its own address at its own MAC: no conflict. */
static int
send_by_bridge(int fd, const struct ham_speak *speak, const struct frame *frame)
{
	uint8_t bytes[HAM_NET_FRAME_MAX];
	size_t len = frame->len;

	if (frame->vlan && speak->filters &&
	    !ham_vlans_has(&speak->vlans, frame->vlan))
		return -EADDRNOTAVAIL;
	memcpy(bytes, frame->bytes, len);
	if (!frame->vlan && speak->vlan)
		len = ham_net_frame_tag(bytes, len, speak->vlan);
	return ham_speak_send(fd, speak->index, bytes, len);
}

/* The kernel refuses frames of a tap that is down by itself; on the bridge
 * nothing would, so there it is asked first. */
static bool
find_bridge(ham_net_port *port, struct ham_speak *speak, GError **error)
{
	struct ham_link tap;

	if (!ham_link_get(NULL, port->index, &tap, error))
		return false;
	if (!tap.up || !tap.master)
		return ham_refuse(error, "cannot announce on '%s': it is %s",
				  port->ifname,
				  tap.up ? "on no bridge" : "down");
	if (!ham_speak_choose(port->bridge, port->vlan, speak, error))
		return false;
	if (speak->index != tap.master)
		return ham_refuse(error,
				  "cannot announce on '%s': it is not on "
				  "bridge '%s'",
				  port->ifname, port->bridge);
	if (port->packet < 0)
		port->packet = ham_speak_open();
	return port->packet >= 0 || ham_error_errno(error, -port->packet,
						    "cannot open a packet "
						    "socket");
}

unsigned int
ham_net_port_announce(ham_net_port *port, GError **error)
{
	bool by_tap = port->n_fds > 0;
	struct ham_speak speak;
	unsigned int sent = 0;
	int failed = 0;

	if (!by_tap && !find_bridge(port, &speak, error))
		return 0;
	for (unsigned int i = 0; i < port->frames->len; i++) {
		const struct frame *f =
			&g_array_index(port->frames, struct frame, i);
		int err = by_tap ? send_by_tap(port->fds[0], f)
				 : send_by_bridge(port->packet, &speak, f);

		if (err == 0)
			sent++;
		else
			failed = -err;
	}
	if (failed == EADDRNOTAVAIL)
		ham_refuse(error,
			   "announced %u of %u on '%s': bridge '%s' itself is "
			   "not in the other VLANs of its trunk",
			   sent, port->frames->len, port->ifname, port->bridge);
	else if (failed == EIO && sent == 0)
		ham_refuse(error, "cannot announce on '%s': it is down",
			   port->ifname);
	else if (failed)
		ham_error_errno(error, failed, "announced %u of %u on '%s'",
				sent, port->frames->len, port->ifname);
	return sent;
}
