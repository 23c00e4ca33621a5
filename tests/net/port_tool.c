/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/net/port_tool.c - netmigrate's ports by one order a line (test-port.sh)
 *
 *	check|open|adopt IFNAME BRIDGE MAC MTU make|keep ADDRESS,...|-
 *	up, down, announce, delete, close	the port
 *	frames				ham_net_port_frames()
 *	stale IFNAME				ham_net_remove_stale()
 *	hold, release				a second descriptor, as QEMU's
 *	header BYTES				TUNSETVNETHDRSZ, as QEMU does
 *	listen IFNAME, frame, rest		what arrives on another link
 *
 * Answers one line each: "ok ..." or "error ...".  `frame` waits for the next
 * frame of the guest's or the tap's address; `rest` counts those that are
 * there already.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netmigrate/netmigrate.h"

enum {
	FRAME_DEADLINE_MS = 10000,
};

static ham_net_port *ports[8];
static unsigned int n_ports;
static int held = -1;
static int listener = -1;
static uint8_t guest_mac[6];

static ham_net_port *
last_port(void)
{
	if (n_ports == 0)
		g_error("no port is open");
	return ports[n_ports - 1];
}

static void
answer(bool good, GError **error)
{
	if (good)
		puts("ok");
	else
		printf("error %s\n",
		       *error ? (*error)->message : "(no reason was given)");
	g_clear_error(error);
}

static void
make_port(char **word)
{
	g_auto(GStrv) addresses = NULL;
	g_autoptr(GError) error = NULL;
	struct ham_net_port_spec spec = {0};
	ham_net_port *port;

	if (g_strv_length(word) != 7)
		g_error("%s takes 6 words", word[0]);
	spec.ifname = word[1];
	spec.bridge = word[2];
	if (sscanf(word[3], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &spec.mac[0],
		   &spec.mac[1], &spec.mac[2], &spec.mac[3], &spec.mac[4],
		   &spec.mac[5]) != 6)
		g_error("bad MAC");
	memcpy(guest_mac, spec.mac, 6);
	spec.mtu = (unsigned int)atoi(word[4]);
	spec.bridge_create = strcmp(word[5], "make") == 0;
	if (strcmp(word[6], "-") != 0)
		addresses = g_strsplit(word[6], ",", -1);
	spec.addresses = addresses;
	if (strcmp(word[0], "check") == 0) {
		bool good = ham_net_check(&spec, &error);

		answer(good, &error);
		return;
	}
	port = strcmp(word[0], "open") == 0 ? ham_net_port_open(&spec, &error)
					    : ham_net_port_adopt(&spec, &error);
	if (port)
		ports[n_ports++] = port;
	answer(port != NULL, &error);
}

static void
listen_on(const char *ifname)
{
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0003), /* ETH_P_ALL */
		.sll_ifindex = (int)if_nametoindex(ifname),
	};

	listener = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (listener < 0 || where.sll_ifindex == 0 ||
	    bind(listener, (struct sockaddr *)&where, sizeof(where)) != 0)
		g_error("cannot listen on %s: %m", ifname);
	puts("ok");
}

/* The next frame that the guest or its tap sent; 0 if none is there. */
static size_t
next_frame(uint8_t *out, size_t room)
{
	for (;;) {
		struct sockaddr_ll from;
		socklen_t from_len = sizeof(from);
		ssize_t n = recvfrom(listener, out, room, 0,
				     (struct sockaddr *)&from, &from_len);

		if (n < 0)
			return 0;
		/* the tap's address is the guest's but for the first byte */
		if (from.sll_pkttype != PACKET_OUTGOING && n >= 14 &&
		    memcmp(out + 7, guest_mac + 1, 5) == 0)
			return (size_t)n;
	}
}

static void
wait_frame(void)
{
	gint64 end = g_get_monotonic_time() + FRAME_DEADLINE_MS * 1000;
	uint8_t frame[2048];

	for (;;) {
		struct pollfd p = {.fd = listener, .events = POLLIN};
		size_t len = next_frame(frame, sizeof(frame));

		if (len) {
			printf("ok ");
			for (size_t i = 0; i < len; i++)
				printf("%02x", frame[i]);
			puts("");
			return;
		}
		if (g_get_monotonic_time() > end) {
			puts("error no frame came");
			return;
		}
		poll(&p, 1, 200);
	}
}

static void
count_rest(void)
{
	uint8_t frame[2048];
	unsigned int n = 0;

	while (next_frame(frame, sizeof(frame)))
		n++;
	printf("ok %u\n", n);
}

static void
obey_port(const char *verb)
{
	g_autoptr(GError) error = NULL;
	ham_net_port *port = last_port();
	uint64_t frames;

	if (strcmp(verb, "frames") == 0) {
		if (ham_net_port_frames(port, &frames, &error))
			printf("ok %" G_GUINT64_FORMAT "\n", frames);
		else
			answer(false, &error);
	} else if (strcmp(verb, "announce") == 0) {
		unsigned int n = ham_net_port_announce(port, &error);

		printf("%s %u %s\n", error ? "error" : "ok", n,
		       error ? error->message : "");
	} else if (strcmp(verb, "close") == 0) {
		ham_net_port_free(ports[--n_ports]);
		puts("ok");
	} else if (strcmp(verb, "up") == 0) {
		answer(ham_net_port_up(port, &error), &error);
	} else if (strcmp(verb, "down") == 0) {
		answer(ham_net_port_down(port, &error), &error);
	} else if (strcmp(verb, "delete") == 0) {
		answer(ham_net_port_delete(port, &error), &error);
	} else if (strcmp(verb, "hold") == 0) {
		held = dup(ham_net_port_fd(port, 0));
		puts(held >= 0 ? "ok" : "error cannot hold");
	} else {
		g_error("unknown order %s", verb);
	}
}

static void
obey(char *line)
{
	g_auto(GStrv) word = g_strsplit(g_strstrip(line), " ", -1);
	g_autoptr(GError) error = NULL;

	if (strcmp(word[0], "check") == 0 || strcmp(word[0], "open") == 0 ||
	    strcmp(word[0], "adopt") == 0) {
		make_port(word);
	} else if (strcmp(word[0], "stale") == 0) {
		answer(ham_net_remove_stale(word[1], &error), &error);
	} else if (strcmp(word[0], "header") == 0) {
		int size = atoi(word[1]);

		puts(ioctl(held, TUNSETVNETHDRSZ, &size) == 0
			     ? "ok"
			     : "error TUNSETVNETHDRSZ");
	} else if (strcmp(word[0], "release") == 0) {
		close(held);
		puts("ok");
	} else if (strcmp(word[0], "listen") == 0) {
		listen_on(word[1]);
	} else if (strcmp(word[0], "frame") == 0) {
		wait_frame();
	} else if (strcmp(word[0], "rest") == 0) {
		count_rest();
	} else {
		obey_port(word[0]);
	}
}

int
main(void)
{
	char line[512];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
