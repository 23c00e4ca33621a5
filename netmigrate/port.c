/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/port.c - a guest's tap, from down and silent to announced
 *
 * The tap is opened here and inherited by QEMU, so both descriptors are the
 * same open file: what is written to ours enters the bridge by the guest's own
 * port, and the bridge learns the MAC there.  Refuses to share a tap or
 * a bridge port with anybody: a name that is in use is an error.
 */
#include "netmigrate/netmigrate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "netmigrate/link.h"

G_STATIC_ASSERT(HAM_NET_IFNAME_MAX == IFNAMSIZ - 1);

enum {
	VNET_HEADER_MAX = 64, /* virtio's largest is 20 bytes today */
};

struct frame {
	size_t len;
	uint8_t bytes[HAM_NET_FRAME_MAX];
};

struct ham_net_port {
	char ifname[IFNAMSIZ];
	char bridge[IFNAMSIZ];
	int index;	/* of the tap; never used again by the kernel soon */
	int fd;		/* the tap, -1 if adopted */
	GArray *frames; /* struct frame, in the order of sending */
};

/* Close together at first: one that gets lost costs the user no more than the
 * time to the next. */
const int ham_net_announce_at_ms[] = {0,   20,	 50,   100,  200, 400,
				      700, 1000, 1500, 2000, -1};

static bool
check_name(const char *what, const char *name, GError **error)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= HAM_NET_IFNAME_MAX &&
		    strcmp(name, ".") != 0 && strcmp(name, "..") != 0;

	/* '%' is a pattern to TUNSETIFF; '/' would lead out of /proc/sys */
	for (size_t i = 0; good && i < len; i++)
		good = g_ascii_isgraph(name[i]) && !strchr("/:%", name[i]);
	if (!good)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "'%s' is no name for a %s: expected 1 to %d "
			    "visible characters without '/', ':' and '%%'",
			    name, what, HAM_NET_IFNAME_MAX);
	return good;
}

static bool
check_names(const struct ham_net_port_spec *spec, GError **error)
{
	return check_name("tap", spec->ifname, error) &&
	       check_name("bridge", spec->bridge, error);
}

/* Holds what is there against what the port needs. */
static bool
check_bridge(const struct ham_net_port_spec *spec,
	     const struct ham_link *bridge, GError **error)
{
	const char *name = spec->bridge;

	if (bridge->kind == HAM_LINK_ABSENT && spec->bridge_create)
		return true;
	if (bridge->kind == HAM_LINK_ABSENT)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "bridge '%s' does not exist here, and the "
			    "configuration does not say that hamd may make it",
			    name);
	else if (bridge->kind != HAM_LINK_BRIDGE)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "'%s' is not a bridge", name);
	else if (!bridge->up)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "bridge '%s' is down: a port on it would reach "
			    "nobody",
			    name);
	else if (spec->mtu > bridge->mtu)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "bridge '%s' has an MTU of %u, the port needs %u",
			    name, bridge->mtu, spec->mtu);
	else
		return true;
	return false;
}

static void
add_frame(GArray *frames, const struct frame *frame)
{
	g_array_append_vals(frames, frame, 1);
}

static GArray *
build_frames(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(GArray) frames =
		g_array_new(false, true, sizeof(struct frame));
	struct frame f = {0};
	uint8_t address[16];

	f.len = ham_net_frame_rarp(f.bytes, spec->mac);
	add_frame(frames, &f);
	for (char **a = spec->addresses; a && *a; a++) {
		if (inet_pton(AF_INET, *a, address) == 1) {
			f.len = ham_net_frame_garp(f.bytes, spec->mac, address);
		} else if (inet_pton(AF_INET6, *a, address) == 1) {
			f.len = ham_net_frame_na(f.bytes, spec->mac, address);
		} else {
			g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
				    "'%s' is neither an IPv4 nor an IPv6 "
				    "address",
				    *a);
			return NULL;
		}
		add_frame(frames, &f);
	}
	return g_steal_pointer(&frames);
}

static ham_net_port *
new_port(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(GArray) frames = NULL;
	ham_net_port *port;

	if (!check_names(spec, error))
		return NULL;
	frames = build_frames(spec, error);
	if (!frames)
		return NULL;
	port = g_new0(ham_net_port, 1);
	g_strlcpy(port->ifname, spec->ifname, sizeof(port->ifname));
	g_strlcpy(port->bridge, spec->bridge, sizeof(port->bridge));
	port->fd = -1;
	port->frames = g_steal_pointer(&frames);
	return port;
}

bool
ham_net_check(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(GArray) frames = NULL;
	struct ham_link bridge;

	if (!check_names(spec, error))
		return false;
	frames = build_frames(spec, error);
	return frames && ham_link_get(spec->bridge, 0, &bridge, error) &&
	       check_bridge(spec, &bridge, error);
}

/* The bridge, made if it is missing and may be. */
static bool
need_bridge(const struct ham_net_port_spec *spec, struct ham_link *bridge,
	    GError **error)
{
	if (!ham_link_get(spec->bridge, 0, bridge, error) ||
	    !check_bridge(spec, bridge, error))
		return false;
	if (bridge->kind == HAM_LINK_BRIDGE)
		return true;
	return ham_link_make_bridge(spec->bridge, spec->mtu, error) &&
	       ham_link_get(spec->bridge, 0, bridge, error) &&
	       check_bridge(spec, bridge, error);
}

static int
open_tap(const char *ifname, GError **error)
{
	ham_autofd int fd = -1;
	struct ifreq request = {0};

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		ham_error_errno(error, errno, "cannot open /dev/net/tun");
		return -1;
	}
	g_strlcpy(request.ifr_name, ifname, sizeof(request.ifr_name));
	/* EXCL: never to attach to a tap that somebody else made */
	request.ifr_flags =
		(short)(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_TUN_EXCL);
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		ham_error_errno(error, errno, "cannot make tap '%s'", ifname);
		return -1;
	}
	return ham_steal_fd(&fd);
}

/* While it is still down: an interface that comes up with IPv6 speaks. */
static bool
disable_ipv6(const char *ifname, GError **error)
{
	g_autofree char *path = g_strdup_printf(
		"/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	ham_autofd int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT)
		return true; /* a kernel without IPv6 */
	if (fd < 0 || write(fd, "1\n", 2) != 2)
		return ham_error_errno(error, errno,
				       "cannot disable IPv6 on tap '%s'",
				       ifname);
	return true;
}

ham_net_port *
ham_net_port_open(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(ham_net_port) port = new_port(spec, error);
	struct ham_link bridge, tap;
	uint8_t mac[6];

	if (!port || !need_bridge(spec, &bridge, error))
		return NULL;
	port->fd = open_tap(spec->ifname, error);
	if (port->fd < 0 || !disable_ipv6(spec->ifname, error) ||
	    !ham_link_get(spec->ifname, 0, &tap, error))
		return NULL;
	port->index = tap.index;
	/* A high first byte: a bridge that has no address of its own takes the
	 * lowest of its ports', and must not change with every guest.  Not the
	 * guest's own, which the host would then take for itself. */
	memcpy(mac, spec->mac, sizeof(mac));
	mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
	if (!ham_link_enslave(spec->ifname, &tap, mac, spec->bridge, &bridge,
			      error))
		return NULL;
	return g_steal_pointer(&port);
}

ham_net_port *
ham_net_port_adopt(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(ham_net_port) port = new_port(spec, error);
	struct ham_link tap;

	if (!port || !ham_link_get(spec->ifname, 0, &tap, error))
		return NULL;
	if (tap.kind != HAM_LINK_TAP) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED, "%s '%s'",
			    tap.kind == HAM_LINK_ABSENT ? "there is no tap"
							: "not a tap:",
			    spec->ifname);
		return NULL;
	}
	port->index = tap.index;
	return g_steal_pointer(&port);
}

int
ham_net_port_fd(const ham_net_port *port)
{
	return port->fd;
}

bool
ham_net_port_up(ham_net_port *port, GError **error)
{
	return ham_link_set_up(port->ifname, port->index, true, error);
}

bool
ham_net_port_down(ham_net_port *port, GError **error)
{
	return ham_link_set_up(port->ifname, port->index, false, error);
}

bool
ham_net_port_frames(const ham_net_port *port, uint64_t *frames, GError **error)
{
	struct ham_link tap;

	*frames = 0;
	if (!ham_link_get(NULL, port->index, &tap, error))
		return false;
	if (tap.kind != HAM_LINK_TAP) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot count frames of tap '%s': it is gone",
			    port->ifname);
		return false;
	}
	*frames = tap.frames;
	return true;
}

bool
ham_net_port_delete(ham_net_port *port, GError **error)
{
	return ham_link_delete_tap(port->ifname, port->index, error);
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

/* By the bridge: it goes out of every port, to the guest itself, too, which
 * sees its own address at its own MAC: no conflict. */
static int
send_by_packet(int fd, int bridge, const struct frame *frame)
{
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = bridge,
		.sll_halen = 6,
	};

	memcpy(to.sll_addr, frame->bytes, 6);
	return sendto(fd, frame->bytes, frame->len, 0,
		      (const struct sockaddr *)&to, sizeof(to)) < 0
		       ? -errno
		       : 0;
}

/* The kernel refuses frames of a tap that is down by itself; on the bridge
 * nothing would, so there it is asked first. */
static int
open_packet_socket(const ham_net_port *port, int *bridge, GError **error)
{
	struct ham_link tap;
	int fd;

	if (!ham_link_get(NULL, port->index, &tap, error))
		return -1;
	if (!tap.up || !tap.master) {
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot announce on '%s': it is %s", port->ifname,
			    tap.up ? "on no bridge" : "down");
		return -1;
	}
	*bridge = tap.master;
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		ham_error_errno(error, errno, "cannot open a packet socket");
	return fd;
}

unsigned int
ham_net_port_announce(ham_net_port *port, GError **error)
{
	ham_autofd int packet = -1;
	unsigned int sent = 0;
	int bridge = 0, failed = 0;

	if (port->fd < 0) {
		packet = open_packet_socket(port, &bridge, error);
		if (packet < 0)
			return 0;
	}
	for (unsigned int i = 0; i < port->frames->len; i++) {
		const struct frame *f =
			&g_array_index(port->frames, struct frame, i);
		int err = port->fd < 0 ? send_by_packet(packet, bridge, f)
				       : send_by_tap(port->fd, f);

		if (err == 0)
			sent++;
		else
			failed = -err;
	}
	if (failed == EIO && sent == 0)
		g_set_error(error, HAM_ERROR, HAM_ERROR_FAILED,
			    "cannot announce on '%s': it is down",
			    port->ifname);
	else if (failed)
		ham_error_errno(error, failed, "announced %u of %u on '%s'",
				sent, port->frames->len, port->ifname);
	return sent;
}

void
ham_net_port_free(ham_net_port *port)
{
	if (!port)
		return;
	/* the tap first: with its last descriptor it leaves the bridge */
	ham_clear_fd(&port->fd);
	ham_link_drop_bridge(port->bridge, NULL);
	g_array_unref(port->frames);
	g_free(port);
}

bool
ham_net_remove_stale(const char *ifname, GError **error)
{
	struct ham_link tap;
	char bridge[IFNAMSIZ] = "";

	if (!check_name("tap", ifname, error) ||
	    !ham_link_get(ifname, 0, &tap, error))
		return false;
	if (tap.kind == HAM_LINK_ABSENT)
		return true;
	if (tap.master && !if_indextoname((unsigned int)tap.master, bridge))
		bridge[0] = '\0';
	if (!ham_link_delete_tap(ifname, tap.index, error))
		return false;
	return !bridge[0] || ham_link_drop_bridge(bridge, error);
}
