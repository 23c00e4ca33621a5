/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/net/probe_tool.c - netmigrate's prober by one order a line
 * (test-probe.sh, vlan_steps.sh)
 *
 *	open BRIDGE VLAN MAC|any ADDRESS,...	the prober; two at a time
 *	other				the other of the two, from now on
 *	ask				its questions once: "ok HOW-MANY"
 *	hear				what is there: "ok ADDRESS|-"
 *	await, await_stranger		asks until it is answered: "ok TEXT"
 *	free
 *	where BRIDGE VLAN MAC		"ok", "ok IFNAME" or "ok IFNAME tap"
 *	wire IFNAME HEX			a frame goes out of a link
 *	tap IFNAME BRIDGE MAC [ADDRESS,...]	a port, up and announced
 *	adopt IFNAME BRIDGE MAC [ADDRESS,...]	that of an earlier hamd
 *	announce, close			the last port
 *
 * Answers one line each: "ok ..." or "error ...".
 */
#include <errno.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "netmigrate/netmigrate.h"

enum {
	DEADLINE_US = 10 * 1000 * 1000,
	AGAIN_MS = 200, /* questions of frames that may be lost */
};

static ham_net_prober *probers[2];
static unsigned int at;
static ham_net_port *ports[4];
static unsigned int n_ports;

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
read_mac(const char *text, uint8_t mac[6])
{
	if (sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1],
		   &mac[2], &mac[3], &mac[4], &mac[5]) != 6)
		g_error("bad MAC %s", text);
}

static void
open_prober(char **word)
{
	g_auto(GStrv) addresses = g_strsplit(word[4], ",", -1);
	g_autoptr(GError) error = NULL;
	bool anyone = strcmp(word[3], "any") == 0;
	uint8_t mac[6];

	if (!anyone)
		read_mac(word[3], mac);
	probers[at] =
		ham_net_prober_open(word[1], (unsigned int)atoi(word[2]),
				    anyone ? NULL : mac, addresses, &error);
	answer(probers[at] != NULL, &error);
}

static void
ask(void)
{
	g_autoptr(GError) error = NULL;
	unsigned int n = ham_net_prober_ask(probers[at], &error);

	if (error)
		printf("error %s\n", error->message);
	else
		printf("ok %u\n", n);
}

static void
hear(void)
{
	const char *text = "-";

	if (ham_net_prober_hear(probers[at], ham_clock_us()))
		text = ham_net_prober_answered(probers[at], NULL);
	printf("ok %s\n", text);
}

static void
wait_for(const char *(*what)(const ham_net_prober *))
{
	struct pollfd p = {.fd = ham_net_prober_fd(probers[at]),
			   .events = POLLIN};
	int64_t end = ham_clock_us() + DEADLINE_US;
	const char *text;

	while (ham_clock_us() < end) {
		(void)ham_net_prober_ask(probers[at], NULL);
		poll(&p, 1, AGAIN_MS);
		(void)ham_net_prober_hear(probers[at], ham_clock_us());
		text = what(probers[at]);
		if (text) {
			printf("ok %s\n", text);
			return;
		}
	}
	puts("error nobody answers");
}

static const char *
answered(const ham_net_prober *prober)
{
	int64_t when_us = -1;
	const char *text = ham_net_prober_answered(prober, &when_us);

	if (text && (when_us < 0 || when_us > ham_clock_us()))
		g_error("it was answered at %" G_GINT64_FORMAT, when_us);
	return text;
}

static void
tell_where(char **word)
{
	g_autoptr(GError) error = NULL;
	char ifname[HAM_NET_IFNAME_MAX + 1];
	uint8_t mac[6];
	bool is_tap;

	read_mac(word[3], mac);
	if (!ham_net_where(word[1], mac, (unsigned int)atoi(word[2]), ifname,
			   &is_tap, &error))
		answer(false, &error);
	else
		printf("ok%s%s%s\n", ifname[0] ? " " : "", ifname,
		       is_tap ? " tap" : "");
}

static void
wire(const char *ifname, const char *hex)
{
	uint8_t frame[2048];
	size_t len = strlen(hex) / 2;
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	g_assert(len <= sizeof(frame));
	for (size_t i = 0; i < len; i++)
		if (sscanf(hex + 2 * i, "%2hhx", &frame[i]) != 1)
			g_error("bad hex %s", hex);
	if (sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		printf("error %s\n", g_strerror(errno));
	else
		puts("ok");
	close(fd);
}

static void
announce(void)
{
	g_autoptr(GError) error = NULL;
	unsigned int n = ham_net_port_announce(ports[n_ports - 1], &error);

	if (error)
		printf("error %s\n", error->message);
	else
		printf("ok %u\n", n);
}

static void
make_port(char **word)
{
	g_auto(GStrv) addresses = word[4] ? g_strsplit(word[4], ",", -1) : NULL;
	g_autoptr(GError) error = NULL;
	struct ham_net_port_spec spec = {
		.ifname = word[1], .bridge = word[2], .addresses = addresses};
	ham_net_port *port;

	read_mac(word[3], spec.mac);
	port = strcmp(word[0], "tap") == 0 ? ham_net_port_open(&spec, &error)
					   : ham_net_port_adopt(&spec, &error);
	if (!port || !ham_net_port_up(port, &error)) {
		answer(false, &error);
		return;
	}
	ports[n_ports++] = port;
	announce();
}

static bool
obey_prober(const char *verb)
{
	if (strcmp(verb, "ask") == 0) {
		ask();
	} else if (strcmp(verb, "hear") == 0) {
		hear();
	} else if (strcmp(verb, "await") == 0) {
		wait_for(answered);
	} else if (strcmp(verb, "await_stranger") == 0) {
		wait_for(ham_net_prober_stranger);
	} else if (strcmp(verb, "free") == 0) {
		g_clear_pointer(&probers[at], ham_net_prober_free);
		puts("ok");
	} else if (strcmp(verb, "other") == 0) {
		at = !at;
		puts("ok");
	} else {
		return false;
	}
	return true;
}

static void
obey(char *line)
{
	g_auto(GStrv) word = g_strsplit(g_strstrip(line), " ", -1);
	guint n = g_strv_length(word);

	if (n == 5 && strcmp(word[0], "open") == 0) {
		open_prober(word);
	} else if (n == 4 && strcmp(word[0], "where") == 0) {
		tell_where(word);
	} else if (n == 3 && strcmp(word[0], "wire") == 0) {
		wire(word[1], word[2]);
	} else if (n >= 4 && (strcmp(word[0], "tap") == 0 ||
			      strcmp(word[0], "adopt") == 0)) {
		make_port(word);
	} else if (strcmp(word[0], "announce") == 0) {
		announce();
	} else if (strcmp(word[0], "close") == 0) {
		ham_net_port_free(ports[--n_ports]);
		puts("ok");
	} else if (n != 1 || !obey_prober(word[0])) {
		g_error("unknown order %s", word[0]);
	}
}

int
main(void)
{
	char line[2048];

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
