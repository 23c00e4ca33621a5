/* SPDX-License-Identifier: BSD-3-Clause */
/* netmigrate/port.c - a guest's tap, from down and silent to up
 *
 * The tap is opened here and inherited by QEMU, so both descriptors are the
 * same open file.  Refuses to share a tap or a bridge port with anybody: a name
 * that is in use is an error.
 */
#include "netmigrate/netmigrate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "hamd/base/error.h"
#include "hamd/base/fd.h"
#include "netmigrate/bridge.h"
#include "netmigrate/link.h"
#include "netmigrate/port.h"

G_STATIC_ASSERT(HAM_NET_IFNAME_MAX == IFNAMSIZ - 1);

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

bool
ham_net_has_vlans(const struct ham_net_port_spec *spec)
{
	for (unsigned int i = 0; i < HAM_NET_VLAN_WORDS; i++)
		if (spec->trunk[i])
			return true;
	return spec->vlan != 0;
}

static bool
check_names(const struct ham_net_port_spec *spec, GError **error)
{
	if (spec->vlan > HAM_NET_VLAN_MAX)
		return ham_refuse(error, "tap '%s' in VLAN %u: at most %d",
				  spec->ifname, spec->vlan, HAM_NET_VLAN_MAX);
	if (spec->queues > HAM_NET_QUEUES_MAX)
		return ham_refuse(error, "tap '%s' with %u queues: at most %d",
				  spec->ifname, spec->queues,
				  HAM_NET_QUEUES_MAX);
	return check_name("tap", spec->ifname, error) &&
	       check_name("bridge", spec->bridge, error) &&
	       (!spec->uplink || check_name("uplink", spec->uplink, error));
}

static ham_net_port *
new_port(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(GArray) frames = NULL;
	ham_net_port *port;

	if (!check_names(spec, error))
		return NULL;
	frames = ham_port_announcements(spec, error);
	if (!frames)
		return NULL;
	port = g_new0(ham_net_port, 1);
	g_strlcpy(port->ifname, spec->ifname, sizeof(port->ifname));
	g_strlcpy(port->bridge, spec->bridge, sizeof(port->bridge));
	memcpy(port->mac, spec->mac, sizeof(port->mac));
	port->vlan = spec->vlan;
	port->packet = -1;
	port->configured = frames->len;
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
	frames = ham_port_announcements(spec, error);
	return frames && ham_bridge_check(spec, &bridge, error);
}

/* `more`: one more queue of a tap that we made. */
static int
open_tap(const char *ifname, bool several, bool more, GError **error)
{
	ham_autofd int fd = -1;
	struct ifreq request = {0};
	int flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;

	fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		ham_error_errno(error, errno, "cannot open /dev/net/tun");
		return -1;
	}
	g_strlcpy(request.ifr_name, ifname, sizeof(request.ifr_name));
	if (several)
		flags |= IFF_MULTI_QUEUE;
	if (!more) /* never to attach to a tap that somebody else made */
		flags |= IFF_TUN_EXCL;
	request.ifr_flags = (short)flags;
	if (ioctl(fd, TUNSETIFF, &request) < 0) {
		ham_error_errno(error, errno, "cannot make tap '%s'%s", ifname,
				more ? " with more than one queue" : "");
		return -1;
	}
	return ham_steal_fd(&fd);
}

static bool
open_queues(ham_net_port *port, unsigned int n, GError **error)
{
	for (unsigned int i = 0; i < MAX(n, 1); i++) {
		port->fds[i] = open_tap(port->ifname, n > 1, i > 0, error);
		if (port->fds[i] < 0)
			return false;
		port->n_fds++;
	}
	return true;
}

ham_net_port *
ham_net_port_open(const struct ham_net_port_spec *spec, GError **error)
{
	g_autoptr(ham_net_port) port = new_port(spec, error);
	struct ham_link bridge, tap;
	uint8_t mac[6];

	if (!port || !ham_bridge_need(spec, &bridge, error))
		return NULL;
	if (!open_queues(port, spec->queues, error) ||
	    !ham_link_disable_ipv6(spec->ifname, error) ||
	    !ham_link_get(spec->ifname, 0, &tap, error))
		return NULL;
	port->index = tap.index;
	/* A high first byte: a bridge that has no address of its own takes the
	 * lowest of its ports', and must not change with every guest.  Not the
	 * guest's own, which the host would then take for itself. */
	memcpy(mac, spec->mac, sizeof(mac));
	mac[0] = mac[0] == 0xfe ? 0xfa : 0xfe;
	if (!ham_link_enslave(spec->ifname, &tap, mac, spec->bridge, &bridge,
			      error) ||
	    !ham_bridge_set_vlans(spec, &bridge, tap.index, error))
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
ham_net_port_fd(const ham_net_port *port, unsigned int queue)
{
	return queue < port->n_fds ? port->fds[queue] : -1;
}

static const char vhost_path[] = "/dev/vhost-net";

bool
ham_net_has_vhost(void)
{
	return access(vhost_path, R_OK | W_OK) == 0;
}

int
ham_net_vhost_open(GError **error)
{
	int fd = open(vhost_path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		ham_error_errno(error, errno, "cannot open %s", vhost_path);
	return fd;
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

void
ham_net_port_free(ham_net_port *port)
{
	if (!port)
		return;
	/* the tap first: with its last descriptor it leaves the bridge */
	for (unsigned int i = 0; i < port->n_fds; i++)
		ham_clear_fd(&port->fds[i]);
	ham_clear_fd_aside(&port->packet);
	ham_bridge_drop(port->bridge, NULL);
	g_array_unref(port->frames);
	g_free(port);
}

void
ham_net_tidy(const char *bridge)
{
	(void)ham_bridge_drop(bridge, NULL);
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
	return !bridge[0] || ham_bridge_drop(bridge, error);
}
