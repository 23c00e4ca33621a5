/* SPDX-License-Identifier: BSD-3-Clause */
/* hamd/health_arp.c - see health_arp.h */
#include "hamd/health_arp.h"

#include <poll.h>

#include "hamd/base/clock.h"
#include "netmigrate/netmigrate.h"

enum {
	QUESTIONS = 3,
	WAIT_MS = 330, /* for the answer to each */
};

static bool
hears(ham_net_prober *prober, int64_t until_us)
{
	struct pollfd p = {.fd = ham_net_prober_fd(prober), .events = POLLIN};
	int64_t now_us;

	while ((now_us = ham_clock_us()) < until_us) {
		(void)poll(&p, 1, (int)((until_us - now_us) / 1000 + 1));
		if (ham_net_prober_hear(prober, ham_clock_us()))
			return true;
	}
	return false;
}

/* No word to the log: it is not for threads. */
bool
ham_health_answers(const char *bridge, const char *target, GError **error)
{
	char *addresses[] = {(char *)target, NULL};
	g_autoptr(ham_net_prober) prober =
		ham_net_prober_open(bridge, 0, NULL, addresses, error);

	for (int i = 0; prober && i < QUESTIONS; i++) {
		if (!ham_net_prober_ask(prober, error))
			return false;
		if (hears(prober, ham_clock_us() + WAIT_MS * 1000))
			return true;
	}
	return false;
}
