/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/net/port_tool.c - netmigrate's ports by one order a line (test-port.sh)
 *
 *	check|open|adopt IFNAME BRIDGE MAC MTU make|keep ADDRESS,...|- [MORE...]
 *		MORE: uplink=IFNAME, bridge_mtu=N, filter, vlan=N, trunk=N,
 *		queues=N
 *	facts BRIDGE UPLINK|- [VLAN]		ham_net_facts_get(), as text
 *	up, down, announce, delete, close	the port
 *	frames				ham_net_port_frames()
 *	also ADDRESS,...|-			ham_net_port_announce_also()
 *	stale IFNAME				ham_net_remove_stale()
 *	tidy BRIDGE				ham_net_tidy()
 *	tail IFNAME, stopping, last, untail	ham_net_tail_*(); "ok AGE", in
 *us hold, release				a second descriptor, as QEMU's
 *	header BYTES				TUNSETVNETHDRSZ, as QEMU does
 *	vhost				ham_net_vhost_open(), for each queue
 *	run PROGRAM...			with the queues from 10, their vhosts
 *						from 20
 *	listen IFNAME, frame, rest		what arrives on another link
 *
 * Answers one line each: "ok ..." or "error ...".  `frame` waits for the next
 * frame of the guest's or the tap's address; `rest` counts those that are
 * there already.  Before a frame that was
 * tagged stands vlan=N.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "netmigrate/netmigrate.h"

enum {
	FRAME_DEADLINE_MS = 10000,
	FIRST_QUEUE = 10,
	FIRST_VHOST = 20,
};

static ham_net_port *ports[8];
static unsigned int n_ports;
static int vhosts[HAM_NET_QUEUES_MAX];
static unsigned int n_vhosts;
static int held = -1;
static int listener = -1;
static uint8_t guest_mac[6];
static ham_net_tail *tail;

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
take_more(struct ham_net_port_spec *spec, const char *word)
{
	const char *value = strchr(word, '=');
	unsigned int number = value ? (unsigned int)atoi(value + 1) : 0;

	if (g_str_has_prefix(word, "uplink="))
		spec->uplink = value + 1;
	else if (g_str_has_prefix(word, "bridge_mtu="))
		spec->bridge_mtu = number;
	else if (strcmp(word, "filter") == 0)
		spec->vlan_filtering = true;
	else if (g_str_has_prefix(word, "vlan="))
		spec->vlan = number;
	else if (g_str_has_prefix(word, "trunk="))
		spec->trunk[number / 64] |= UINT64_C(1) << number % 64;
	else if (g_str_has_prefix(word, "queues="))
		spec->queues = number;
	else
		g_error("'%s'?", word);
}

static void
tell_last(void)
{
	int64_t last_us;

	if (ham_net_tail_last(tail, &last_us))
		printf("ok %" G_GINT64_FORMAT "\n", ham_clock_us() - last_us);
	else
		puts("error nothing, or too much");
}

static void
tell_facts(const char *bridge, const char *uplink, unsigned int vlan)
{
	struct ham_net_port_spec spec = {
		.bridge = bridge,
		.uplink = strcmp(uplink, "-") == 0 ? NULL : uplink,
		.vlan = vlan,
	};
	g_autoptr(GError) error = NULL;
	struct ham_net_facts facts;
	char text[HAM_NET_FACTS_MAX];

	if (!ham_net_facts_get(&spec, false, &facts, &error)) {
		answer(false, &error);
		return;
	}
	ham_net_facts_write(&facts, text);
	printf("ok %s\n", text);
}

static void
make_port(char **word)
{
	g_auto(GStrv) addresses = NULL;
	g_autoptr(GError) error = NULL;
	struct ham_net_port_spec spec = {0};
	ham_net_port *port;

	if (g_strv_length(word) < 7)
		g_error("%s takes 6 words and more", word[0]);
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
	for (char **more = word + 7; *more; more++)
		take_more(&spec, *more);
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
announce_also(const char *text)
{
	g_auto(GStrv) addresses = NULL;
	g_autoptr(GError) error = NULL;

	if (strcmp(text, "-") != 0)
		addresses = g_strsplit(text, ",", -1);
	answer(ham_net_port_announce_also(last_port(), addresses, &error),
	       &error);
}

static void
listen_on(const char *ifname)
{
	int on = 1;
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(0x0003), /* ETH_P_ALL */
		.sll_ifindex = (int)if_nametoindex(ifname),
	};

	listener = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (listener < 0 || where.sll_ifindex == 0 ||
	    setsockopt(listener, SOL_PACKET, PACKET_AUXDATA, &on, sizeof(on)) !=
		    0 ||
	    bind(listener, (struct sockaddr *)&where, sizeof(where)) != 0)
		g_error("cannot listen on %s: %m", ifname);
	puts("ok");
}

/* The kernel takes a tag out of the frame and tells it beside it (packet(7),
 * PACKET_AUXDATA); 0: there was none. */
static unsigned int
vlan_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c;
	     c = CMSG_NXTHDR(message, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET ||
		    c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		return aux.tp_status & TP_STATUS_VLAN_VALID
			       ? aux.tp_vlan_tci & 0xfff
			       : 0;
	}
	return 0;
}

/* The next frame that the guest or its tap sent; 0 if none is there. */
static size_t
next_frame(uint8_t *out, size_t room, unsigned int *vlan)
{
	for (;;) {
		union {
			char bytes[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
			struct cmsghdr align;
		} control;
		struct sockaddr_ll from;
		struct iovec part = {out, room};
		struct msghdr message = {
			.msg_name = &from,
			.msg_namelen = sizeof(from),
			.msg_iov = &part,
			.msg_iovlen = 1,
			.msg_control = &control,
			.msg_controllen = sizeof(control),
		};
		ssize_t n = recvmsg(listener, &message, 0);

		if (n < 0)
			return 0;
		*vlan = vlan_of(&message);
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
		unsigned int vlan;
		size_t len = next_frame(frame, sizeof(frame), &vlan);

		if (len) {
			printf("ok ");
			if (vlan)
				printf("vlan=%u ", vlan);
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
	unsigned int n = 0, vlan;

	while (next_frame(frame, sizeof(frame), &vlan))
		n++;
	printf("ok %u\n", n);
}

static void
open_vhosts(void)
{
	g_autoptr(GError) error = NULL;

	n_vhosts = 0;
	while (!error && ham_net_port_fd(last_port(), n_vhosts) >= 0) {
		vhosts[n_vhosts] = ham_net_vhost_open(&error);
		n_vhosts++;
	}
	if (error)
		answer(false, &error);
	else
		printf("ok %u\n", n_vhosts);
}

static void
run(char **argv)
{
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	posix_spawn_file_actions_init(&actions);
	/* its answers are not ours */
	posix_spawn_file_actions_adddup2(&actions, 2, 1);
	for (unsigned int q = 0; q < n_vhosts; q++) {
		posix_spawn_file_actions_adddup2(
			&actions, ham_net_port_fd(last_port(), q),
			FIRST_QUEUE + (int)q);
		posix_spawn_file_actions_adddup2(&actions, vhosts[q],
						 FIRST_VHOST + (int)q);
	}
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		printf("error %s: %s\n", argv[0], g_strerror(err));
	else
		printf("ok %d\n", (int)pid);
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
	} else if (strcmp(word[0], "vhost") == 0) {
		open_vhosts();
	} else if (strcmp(word[0], "run") == 0) {
		run(word + 1);
	} else if (strcmp(word[0], "also") == 0) {
		announce_also(word[1]);
	} else if (strcmp(word[0], "tidy") == 0) {
		ham_net_tidy(word[1]);
		puts("ok");
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
	} else if (strcmp(word[0], "tail") == 0) {
		tail = ham_net_tail_open(word[1], &error);
		answer(tail != NULL, &error);
	} else if (strcmp(word[0], "stopping") == 0) {
		answer(ham_net_tail_stop(tail), &error);
	} else if (strcmp(word[0], "last") == 0) {
		tell_last();
	} else if (strcmp(word[0], "untail") == 0) {
		g_clear_pointer(&tail, ham_net_tail_free);
		puts("ok");
	} else if (strcmp(word[0], "facts") == 0) {
		tell_facts(word[1], word[2],
			   word[3] ? (unsigned int)atoi(word[3]) : 0);
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
