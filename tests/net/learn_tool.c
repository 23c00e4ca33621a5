/* SPDX-License-Identifier: BSD-3-Clause */
/* tests/net/learn_tool.c - netmigrate's learner by one order a line
 * (test-learn.sh)
 *
 *	tap IFNAME BRIDGE MAC		a port, and a descriptor as QEMU's
 *	up, down, delete, close		the port
 *	adopt IFNAME BRIDGE MAC		the port of an earlier hamd
 *	open IFNAME MAC, free		the learner; two at a time
 *	other				the other of the two, from now on
 *	say HEX				the guest sends a frame by its tap
 *	storm MAC N			N ARP requests, each of a new address
 *	wire IFNAME HEX			a frame goes out of another link
 *	drain, list, export, import HEX
 *	await ADDRESS, lose ADDRESS	drains until it is listed, or is not
 *
 * Answers one line each: "ok ..." or "error ...".  drain, await and lose say
 * how many frames were looked at.  On one processor from the start, so that
 * frames arrive in the order in which they were sent.
 */
#include <errno.h>
#include <glib.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hamd/base/clock.h"
#include "netmigrate/netmigrate.h"

enum {
	DEADLINE_US = 10 * 1000 * 1000,
	POLL_US = 1000,
	VNET_HEADER = 10, /* the kernel's first size */
};

static ham_net_port *port;
static ham_net_learner *learners[2];
static unsigned int at;
static int tap = -1;

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

static size_t
read_hex(const char *text, uint8_t *out, size_t room)
{
	size_t len = strlen(text) / 2;

	g_assert(strlen(text) % 2 == 0 && len <= room);
	for (size_t i = 0; i < len; i++)
		if (sscanf(text + 2 * i, "%2hhx", &out[i]) != 1)
			g_error("bad hex %s", text);
	return len;
}

static void
make_port(char **word)
{
	g_autoptr(GError) error = NULL;
	struct ham_net_port_spec spec = {0};
	bool adopt = strcmp(word[0], "adopt") == 0;

	spec.ifname = word[1];
	spec.bridge = word[2];
	read_mac(word[3], spec.mac);
	port = adopt ? ham_net_port_adopt(&spec, &error)
		     : ham_net_port_open(&spec, &error);
	if (port && !adopt)
		tap = dup(ham_net_port_fd(port, 0));
	answer(port != NULL, &error);
}

static void
open_learner(char **word)
{
	g_autoptr(GError) error = NULL;
	uint8_t mac[6];

	read_mac(word[2], mac);
	learners[at] = ham_net_learner_open(word[1], mac, &error);
	answer(learners[at] != NULL, &error);
}

static bool
write_tap(const uint8_t *frame, size_t len)
{
	static uint8_t header[VNET_HEADER];
	struct iovec parts[2] = {{header, sizeof(header)},
				 {(void *)frame, len}};

	return writev(tap, parts, 2) == (ssize_t)(sizeof(header) + len);
}

static void
say(const char *hex)
{
	uint8_t frame[2048];
	size_t len = read_hex(hex, frame, sizeof(frame));

	if (write_tap(frame, len))
		puts("ok");
	else
		printf("error %s\n", g_strerror(errno));
}

/* From 198.18.0.0 on. */
static void
storm(const char *mac_text, unsigned int n)
{
	uint8_t f[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

	read_mac(mac_text, f + 6);
	memcpy(f + 12, (const uint8_t[]){8, 6, 0, 1, 8, 0, 6, 4, 0, 1}, 10);
	memcpy(f + 22, f + 6, 6);
	memcpy(f + 28, (const uint8_t[]){198, 18}, 2);
	for (unsigned int i = 0; i < n; i++) {
		f[30] = (uint8_t)(i >> 8);
		f[31] = (uint8_t)i;
		if (!write_tap(f, sizeof(f)))
			g_error("the tap takes no frame: %m");
	}
	puts("ok");
}

static void
wire(const char *ifname, const char *hex)
{
	uint8_t frame[2048];
	size_t len = read_hex(hex, frame, sizeof(frame));
	struct sockaddr_ll to = {
		.sll_family = AF_PACKET,
		.sll_ifindex = (int)if_nametoindex(ifname),
	};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	if (sendto(fd, frame, len, 0, (struct sockaddr *)&to, sizeof(to)) < 0)
		printf("error %s\n", g_strerror(errno));
	else
		puts("ok");
	close(fd);
}

static bool
is_listed(const char *address)
{
	g_auto(GStrv) list = ham_net_learner_list(learners[at], ham_clock_us());

	return g_strv_contains((const char *const *)list, address);
}

static void
wait_for(const char *address, bool listed)
{
	int64_t end = ham_clock_us() + DEADLINE_US;
	unsigned int n = 0;

	for (;;) {
		n += ham_net_learner_drain(learners[at], ham_clock_us());
		if (is_listed(address) == listed) {
			printf("ok %u\n", n);
			return;
		}
		if (ham_clock_us() > end) {
			printf("error %s is %s, after %u frames\n", address,
			       listed ? "not listed" : "still listed", n);
			return;
		}
		g_usleep(POLL_US);
	}
}

static void
export_all(void)
{
	uint8_t bytes[HAM_NET_LEARNT_EXPORT_MAX];
	size_t len =
		ham_net_learner_export(learners[at], ham_clock_us(), bytes);

	printf("ok ");
	for (size_t i = 0; i < len; i++)
		printf("%02x", bytes[i]);
	puts("");
}

static void
import_all(const char *hex)
{
	g_autoptr(GError) error = NULL;
	uint8_t bytes[2048];
	size_t len = read_hex(hex, bytes, sizeof(bytes));
	bool good = ham_net_learner_import(learners[at], bytes, len,
					   ham_clock_us(), &error);

	answer(good, &error);
}

static void
list_all(void)
{
	g_auto(GStrv) list = ham_net_learner_list(learners[at], ham_clock_us());
	g_autofree char *text = g_strjoinv(" ", list);

	printf("ok %s\n", text);
}

static void
obey_port(const char *verb)
{
	g_autoptr(GError) error = NULL;

	if (strcmp(verb, "up") == 0) {
		answer(ham_net_port_up(port, &error), &error);
	} else if (strcmp(verb, "down") == 0) {
		answer(ham_net_port_down(port, &error), &error);
	} else if (strcmp(verb, "delete") == 0) {
		answer(ham_net_port_delete(port, &error), &error);
	} else if (strcmp(verb, "close") == 0) {
		ham_net_port_free(port);
		puts("ok");
	} else {
		g_error("unknown order %s", verb);
	}
}

static bool
obey_learner(char **word)
{
	if (strcmp(word[0], "drain") == 0) {
		printf("ok %u\n",
		       ham_net_learner_drain(learners[at], ham_clock_us()));
	} else if (strcmp(word[0], "list") == 0) {
		list_all();
	} else if (strcmp(word[0], "await") == 0) {
		wait_for(word[1], true);
	} else if (strcmp(word[0], "lose") == 0) {
		wait_for(word[1], false);
	} else if (strcmp(word[0], "export") == 0) {
		export_all();
	} else if (strcmp(word[0], "import") == 0) {
		import_all(word[1]);
	} else if (strcmp(word[0], "free") == 0) {
		g_clear_pointer(&learners[at], ham_net_learner_free);
		puts("ok");
	} else if (strcmp(word[0], "other") == 0) {
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

	if (n == 4 &&
	    (strcmp(word[0], "tap") == 0 || strcmp(word[0], "adopt") == 0))
		make_port(word);
	else if (n == 3 && strcmp(word[0], "open") == 0)
		open_learner(word);
	else if (n == 2 && strcmp(word[0], "say") == 0)
		say(word[1]);
	else if (n == 3 && strcmp(word[0], "storm") == 0)
		storm(word[1], (unsigned int)atoi(word[2]));
	else if (n == 3 && strcmp(word[0], "wire") == 0)
		wire(word[1], word[2]);
	else if (!obey_learner(word))
		obey_port(word[0]);
}

int
main(void)
{
	cpu_set_t one;
	char line[8192];

	CPU_ZERO(&one);
	CPU_SET((size_t)MAX(sched_getcpu(), 0), &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		g_error("cannot stay on one processor: %m");
	setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof(line), stdin))
		obey(line);
	return 0;
}
